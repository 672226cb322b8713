# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Say in which order operations are sent. Pure: no kernel, no Ansible."""

from __future__ import annotations

from collections.abc import Iterable

from ..state.model import Entry, Ident, Operation, names_links
from ..tables.types.simple import NONE
from .sysctl_effects import SECRET, order

#: Order of the phases. Ports are set before links go up: an isolated tunnel port must never forward a frame first.
#: Names are given up before somebody else gets them.
ADD_NETNS, MOVE_LINKS, REMOVE_OBJECTS, REMOVE_LINKS, FREE_NAMES, ADD_LINKS, SET_LINKS, SET_PORTS, SET_SYSCTLS = range(9)


#: The kernel takes entries of a multicast database of a running bridge only.
LINKS_UP, PORTS_UP, ADDRESSES, NEIGHBORS, NEXTHOPS, FDB, MDB, ROUTES, RULES = range(9, 18)


#: Rules go behind the new ones: an old one stands before those, and is what the kernel finds (see finds()).
REMOVE_RULES, REMOVE_NEXTHOPS, REMOVE_NETNS = range(18, 21)


PHASES = {
    "netns": ADD_NETNS,
    "link": SET_LINKS,
    "port": SET_PORTS,
    "sysctl": SET_SYSCTLS,
    "address": ADDRESSES,
    "neighbor": NEIGHBORS,
    "fdb": FDB,
    "mdb": MDB,
    "nexthop": NEXTHOPS,
    "route": ROUTES,
    "rule": RULES,
}
#: What is removed in a phase of its own.
REMOVED_IN = {"netns": REMOVE_NETNS, "nexthop": REMOVE_NEXTHOPS, "rule": REMOVE_RULES}


#: Phases whose objects do not depend on each other. There may be thousands.
_ALIKE = (ADDRESSES, NEIGHBORS, FDB, MDB)


def ordered(operations: Iterable[Operation]) -> list[Operation]:
    """Sort by phase; put new links behind those they name, and routes with a gateway behind those without."""
    adds = {op.entry.ident: op for op in operations if op.phase == ADD_LINKS and op.verb == "add"}
    ordered: dict[Ident, Operation] = {}

    visiting: set[Ident] = set()

    def visit(op: Operation) -> None:
        if op.entry.ident in ordered:
            return
        visiting.add(op.entry.ident)
        for _option, netns, name in names_links(op.entry):
            ident = ("link", (netns, name))
            if ident in adds and ident not in visiting:
                visit(adds[ident])
        ordered[op.entry.ident] = op

    for op in adds.values():
        visit(op)
    rank = {ident: number for number, ident in enumerate(ordered)}
    phases: dict[int, list[Operation]] = {}
    for op in operations:
        phases.setdefault(op.phase, []).append(op)
    for phase, found in phases.items():
        if phase == ADD_LINKS:
            found.sort(key=lambda op: rank[op.entry.ident])
        elif phase not in _ALIKE:
            found.sort(key=_place)
    return [op for phase in sorted(phases) for op in phases[phase]]


def phase_of(entry: Entry) -> int:
    """Return when an object is set. A secret comes before the link's addrgenmode, which may need it."""
    return SET_LINKS if entry.sort == "sysctl" and entry.key[2] == SECRET else PHASES[entry.sort]


def _place(op: Operation) -> int:
    """Return the place of an operation within its phase, where objects of one sort depend on each other."""
    options = op.entry.options
    if op.entry.sort == "sysctl":
        return order(op.entry)
    if op.phase == PORTS_UP:
        return int(op.entry.sort == "port")  # behind what the bridge says of its VLANs
    if op.phase == ROUTES:
        return int(options.get("via", NONE) != NONE or bool(options.get("nexthops")))
    if op.phase == NEXTHOPS:
        return -1 if op.verb == "del" else int(bool(options.get("group")))
    if op.phase == REMOVE_NEXTHOPS:
        return int(not options.get("group"))
    # One that selects less is told by more words, and goes first (see finds()).
    return -len(op.entry.key[3].split()) if op.phase == REMOVE_RULES else 0
