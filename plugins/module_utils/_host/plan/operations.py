# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Order operations by phases; create, keep and roll back objects with them. Pure: no kernel, no Ansible."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..state.entries import made_in, names_links, ousted_by, table_of, telling
from ..state.model import Change, Entry, Ident, Operation, State
from ..tables.links.any_link import ALL as LINK_OPTIONS
from ..tables.links.any_link import MASTER
from ..tables.objects.sysctl import SECRET, order
from ..tables.registry import KINDS, OBJECT_TYPES
from ..tables.types.simple import NONE

#: Order of the phases. Ports are set before links go up: an isolated tunnel port must never forward a frame first.
#: Alternative names are removed before another link gets them.
ADD_NETNS, MOVE_LINKS, REMOVE_OBJECTS, REMOVE_LINKS, FREE_NAMES, ADD_LINKS, SET_LINKS, SET_PORTS, SET_SYSCTLS = range(9)


#: The kernel accepts MDB entries only while the bridge is up.
LINKS_UP, PORTS_UP, ADDRESSES, NEIGHBORS, NEXTHOPS, FDB, MDB, ROUTES, RULES = range(9, 18)


#: Old rules are removed after the new ones are added. The kernel finds an old rule first (see finds()).
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
#: Types of objects that are removed in a phase of their own.
REMOVED_IN = {"netns": REMOVE_NETNS, "nexthop": REMOVE_NEXTHOPS, "rule": REMOVE_RULES}


#: Phases whose objects do not depend on each other. There may be thousands.
_ALIKE = (ADDRESSES, NEIGHBORS, FDB, MDB)


def ordered(operations: Iterable[Operation]) -> list[Operation]:
    """Sort by phase. Put new links behind the links they name, and routes with a gateway behind routes without."""
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
    """Return the phase in which an object is set. A secret comes before the link's addrgenmode, which may need it."""
    return SET_LINKS if entry.type == "sysctl" and entry.key[2] == SECRET else PHASES[entry.type]


def _place(op: Operation) -> int:
    """Return the place of an operation within its phase, where objects of one type depend on each other."""
    options = op.entry.options
    if op.entry.type == "sysctl":
        return order(op.entry.key)
    if op.phase == PORTS_UP:
        return int(op.entry.type == "port")  # behind the VLAN options of the bridge
    if op.phase == ROUTES:
        return int(options.get("via", NONE) != NONE or bool(options.get("nexthops")))
    if op.phase == NEXTHOPS:
        return -1 if op.verb == "del" else int(bool(options.get("group")))
    if op.phase == REMOVE_NEXTHOPS:
        return int(not options.get("group"))
    # A rule with more selectors is removed first (see finds()).
    return -len(op.entry.key[3].split()) if op.phase == REMOVE_RULES else 0


__all__ = ["new_link", "stands_alone"]


def new_link(entry: Entry, up_at_once: bool = False) -> list[Operation]:
    """Return the operations that create a link. Options that the kernel ignores at creation follow, and up is last.

    ``up_at_once``: nothing has to be set before (see stands_alone()).
    """
    table = table_of(entry)
    # Empty values are left out: macvlan refuses even an empty list of source MACs outside source mode.
    named = table.named
    said = KINDS[entry.kind].always_sent
    options = {
        n: v for n, v in telling(entry).items() if named[n].default is None or named[n].default != v or n in said
    }
    up = {"up": options.pop("up")} if "up" in options else {}
    operations: list[Operation] = []
    if entry.made_with is None:
        kind = KINDS[entry.kind]
        early = {name: options.pop(name) for name in kind.late if name in options}
        late = {name: options.pop(name) for name in list(options) if name in table.after_creation}
        if up_at_once and not late:
            (early or options).update(up)
            up = {}
        operations.append(Operation("add", entry.having(options), None, ADD_LINKS))
        if early:
            # Before a port joins: a value that the port brought already is no change to the kernel, and is lost.
            operations.append(Operation("set", entry.having(early), entry.having({}), ADD_LINKS, undoable=False))
    else:
        late = {name: value for name, value in options.items() if name not in KINDS[entry.kind].peer}
    last = {name: late.pop(name) for name in list(late) if name in table.late}
    up = up if up.get("up") else {}
    for given, phase in ((late, SET_LINKS), (last, PORTS_UP), (up, LINKS_UP)):
        if given:
            operations.append(Operation("set", entry.having(given), entry.having({}), phase, undoable=False))
    return operations


def stands_alone(entry: Entry, desired: State, waiting: set[str]) -> bool:
    """Tell whether a new link can be up at once: nothing must be set before, on the link or its lower device.

    A port must not forward before its options are set, and sysctls hold from the first moment that a link is up
    (``waiting``: the namespaces with desired sysctls, or with links that must be set down first).
    """
    kind = KINDS[entry.kind]
    beneath = kind.peered or bool(kind.device) or not kind.outer.isdisjoint(entry.options)
    elsewhere = made_in(entry) != entry.netns
    return not (beneath or elsewhere or ("port", entry.key) in desired or entry.netns in waiting)


def one_way(change: Change) -> bool:
    """Tell whether a link's change in place cannot be rolled back in place."""
    if change.entry.type != "link" or change.verb != "modify":
        return False
    rows = table_of(change.entry).named
    return any(old in rows[name].only_new for name, (old, _new) in change.fields.items())


def over(entry: Entry, there: Mapping[str, Any]) -> Entry:
    """Return a desired object with the current values of its unmanaged options."""
    ousted = ousted_by(entry)
    there = {name: value for name, value in there.items() if name not in ousted}
    merge = OBJECT_TYPES[entry.type].merge if entry.type in OBJECT_TYPES else None
    return entry.having(merge(there, entry.options) if merge else {**there, **entry.options})


def leaves_master(change: Change) -> bool:
    """Tell whether a link leaves its master. The link then loses its options as a port."""
    old, new = change.fields.get(MASTER.name, (NONE, NONE))
    return change.verb == "modify" and change.entry.type == "link" and old not in (None, NONE, new)


def ends_bearing(change: Change) -> bool:
    """Tell whether an object that others lead to (a nexthop) is removed or recreated."""
    bears = change.entry.type in OBJECT_TYPES and OBJECT_TYPES[change.entry.type].bears
    return bears and change.verb in ("delete", "recreate")


#: Options that a link keeps when it is recreated as another kind.
OF_ANY_KIND = {row.name for row in LINK_OPTIONS if row.kept}


def kept_anew(there: Entry) -> Mapping[str, Any]:
    """Return the options that a recreated object keeps. A namespace keeps only the options of its name.

    An object that the kernel created by itself, such as an address from a router, keeps none.
    """
    if there.by_kernel:
        return {}
    return OBJECT_TYPES[there.type].kept_anew(there.options)


def settable(entry: Entry) -> dict[str, Any]:
    """Return the options of a current object that a new object of the same kind can get."""
    rows = table_of(entry).named
    return {
        name: value
        for name, value in telling(entry).items()
        if not rows[name].when_up
        and (rows[name].default is None or rows[name].default != value)
        and not rows[name].type.by_itself(value, entry.options)
    }


def fitting(entry: Entry, asked: Mapping[str, Any]) -> Entry:
    """Return a link without the kept options of an old link that do not apply to the new one."""
    kind = KINDS.get(entry.kind)
    case = kind.case(entry.options) if kind is not None and kind.at_times_moot else ""
    rows = [row for row in kind.at_times_moot if case in row.moot] if kind is not None and case else []
    gone = {row.name for row in rows if entry.options.get(row.name) not in row.moot[case].taken} - asked.keys()
    return entry.having({name: value for name, value in entry.options.items() if name not in gone}) if gone else entry


def undo(done: Iterable[Operation]) -> list[Operation]:
    """Return the operations that roll back others, last first.

    Addresses are restored in their old order, since the first address of a link is the source of its packets. Objects
    that need addresses are restored behind them.
    """
    back: list[Operation] = []
    addresses: list[Operation] = []
    for operation in reversed(list(done)):
        if operation.undoable:
            (addresses if _ends_address(operation) else back).extend(operation.restore or [operation.inverse()])
    late = [operation for operation in back if _needs_addresses(operation)]
    early = [operation for operation in back if not _needs_addresses(operation)]
    return [*early, *reversed(addresses), *sorted(late, key=_needs_addresses)]


def _ends_address(operation: Operation) -> bool:
    object_type = OBJECT_TYPES.get(operation.entry.type)
    alone = operation.verb == "del" and operation.phase == REMOVE_OBJECTS  # the address alone, not its link
    return alone and object_type is not None and object_type.primary


def _needs_addresses(operation: Operation) -> int:
    """Return the phase of an object that leads through an address or has one as its source; 0 for all others."""
    object_type = OBJECT_TYPES.get(operation.entry.type)
    needs = object_type is not None and (object_type.leads or (bool(object_type.ip) and not object_type.primary))
    return PHASES[operation.entry.type] if needs and operation.verb != "del" else 0
