# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Register the sorts of objects besides links."""

from __future__ import annotations

from .address import ADDRESS
from .fdb import FDB
from .mdb import MDB
from .neighbor import NEIGHBOR
from .netns import NETNS
from .nexthop import NEXTHOP
from .object_type import Sort
from .port import PORT
from .route import ROUTE
from .rule import RULE
from .sysctl import SYSCTL

SORTS: dict[str, Sort] = {
    sort.name: sort for sort in (NETNS, PORT, ADDRESS, NEIGHBOR, NEXTHOP, FDB, MDB, ROUTE, RULE, SYSCTL)
}
