# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Register the wires of all types of objects, and write the requests of an operation."""

from __future__ import annotations

from dataclasses import replace

from ...state.entries import in_steps
from ...state.model import Operation
from ..netlink.message import Known, Message
from .address_wire import ADDRESS
from .fdb_wire import FDB
from .link_wire import ALTNAMES, LINK, PORT, TOKEN
from .mdb_wire import MDB
from .neighbor_wire import NEIGHBOR
from .nexthop_wire import NEXTHOP
from .route_wire import ROUTE
from .rule_wire import RULE
from .vlan_wire import GLOBAL, OF_VLANS, TREES, VLANS
from .vni_wire import VNIS
from .wire import LinkTable, Part, Wire

#: By the name of the type, in the order in which they are dumped.
WIRES: dict[str, Wire] = {
    "link": LINK,
    "address": ADDRESS,
    "neighbor": NEIGHBOR,
    "nexthop": NEXTHOP,
    "fdb": FDB,
    "mdb": MDB,
    "route": ROUTE,
    "rule": RULE,
    "port": PORT,
}

#: The types that have a dump of their own. Links are dumped always, and ports come with them.
DUMPED: tuple[str, ...] = tuple(name for name, wire in WIRES.items() if wire.dumps)

#: Tables of links by the name of their option. They are dumped where that option is asked for.
TABLES: dict[str, LinkTable] = {
    "vlans": VLANS,
    "vnis": VNIS,
    "vlan_options": OF_VLANS,
    "vlan_global": GLOBAL,
    "mst": TREES,
}

#: The options with requests of their own, in the order in which they are sent.
PARTS: dict[str, Part] = {"altnames": ALTNAMES, "token": TOKEN, **TABLES}


def requests(known: Known, operation: Operation) -> list[Message]:
    """Return the requests that carry out an operation, in their order."""
    if operation.verb != "set":
        return [WIRES[operation.entry.type].write(known, operation)]
    options = operation.entry.options
    parts = [part for name, part in PARTS.items() if name in options]
    if not parts:
        return _in_steps(known, operation)
    first = [message for part in parts for message in part.removals(known, operation)]
    between = _in_steps(known, operation) if options.keys() - PARTS.keys() else []
    return [*first, *between, *(message for part in parts for message in part.additions(known, operation))]


def _in_steps(known: Known, operation: Operation) -> list[Message]:
    write, steps = WIRES[operation.entry.type].write, in_steps(operation.entry)
    if len(steps) == 1:
        return [write(known, operation)]
    return [write(known, replace(operation, entry=step)) for step in steps]


__all__ = ["DUMPED", "TABLES", "WIRES", "Wire", "requests"]
