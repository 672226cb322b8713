# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Register how each sort of object is read from dumps and written as requests."""

from __future__ import annotations

from .address import ADDRESS
from .fdb import FDB
from .link import LINK
from .neighbor import NEIGHBOR
from .port import PORT
from .route import ROUTE
from .wire import Wire

#: By the name of the sort, in the order in which they are dumped.
WIRES: dict[str, Wire] = {
    "link": LINK,
    "address": ADDRESS,
    "neighbor": NEIGHBOR,
    "fdb": FDB,
    "route": ROUTE,
    "port": PORT,
}

#: The sorts that have a dump of their own. Links are dumped always, and ports come with them.
DUMPED: tuple[str, ...] = tuple(name for name, wire in WIRES.items() if wire.dumps)

__all__ = ["DUMPED", "WIRES", "Wire"]
