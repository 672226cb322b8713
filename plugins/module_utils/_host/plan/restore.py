# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Say what an object keeps when it is made anew or taken back. Pure: no kernel, no Ansible."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..state.model import Change, Entry, Operation, ousted_by, table_of, telling
from ..tables.links import KINDS
from ..tables.links.any_link import ALL as LINK_OPTIONS
from ..tables.links.any_link import MASTER
from ..tables.objects import SORTS
from ..tables.types.simple import NONE
from .phases import PHASES, REMOVE_OBJECTS


def one_way(change: Change) -> bool:
    """Tell whether a link's change in place cannot be taken back in place."""
    if change.entry.sort != "link" or change.verb != "modify":
        return False
    rows = table_of(change.entry).named
    return any(old in rows[name].only_new for name, (old, _new) in change.fields.items())


def over(entry: Entry, there: Mapping[str, Any]) -> Entry:
    """Return a wish with what it keeps of what is there."""
    ousted = ousted_by(entry)
    there = {name: value for name, value in there.items() if name not in ousted}
    merge = SORTS[entry.sort].merge if entry.sort in SORTS else None
    return entry.having(merge(there, entry.options) if merge else {**there, **entry.options})


def leaves_master(change: Change) -> bool:
    """Tell whether a link is to leave its master: what it has as a port goes."""
    old, new = change.fields.get(MASTER.name, (NONE, NONE))
    return change.verb == "modify" and change.entry.sort == "link" and old not in (None, NONE, new)


def ends_bearing(change: Change) -> bool:
    """Tell whether what others lead to goes, for good or to be made anew."""
    bears = change.entry.sort in SORTS and SORTS[change.entry.sort].bears
    return bears and change.verb in ("delete", "recreate")


#: What a link keeps when it is made anew as another kind.
OF_ANY_KIND = {row.name for row in LINK_OPTIONS if row.kept}


def kept_anew(there: Entry) -> Mapping[str, Any]:
    """Return the options that an object made anew keeps. A name that goes to another namespace keeps its own alone.

    What the kernel made by itself (for as long as a router says) is no wish.
    """
    if there.by_kernel:
        return {}
    names = SORTS[there.sort].kept_anew
    if names is None:
        return there.options
    return {name: value for name, value in telling(there).items() if name in names}


def settable(entry: Entry) -> dict[str, Any]:
    """Return the options of an observed object that a new one of the same kind can be asked for."""
    rows = table_of(entry).named
    return {
        name: value
        for name, value in telling(entry).items()
        if not rows[name].when_up
        and (rows[name].default is None or rows[name].default != value)
        and not rows[name].type.by_itself(value, entry.options)
    }


def fitting(entry: Entry, asked: Mapping[str, Any]) -> Entry:
    """Return a link without what it would keep of an old one, but cannot have as it is going to be."""
    kind = KINDS.get(entry.kind)
    case = kind.case(entry.options) if kind is not None and kind.at_times_moot else ""
    rows = [row for row in kind.at_times_moot if case in row.moot] if kind is not None and case else []
    gone = {row.name for row in rows if entry.options.get(row.name) not in row.moot[case].taken} - asked.keys()
    return entry.having({name: value for name, value in entry.options.items() if name not in gone}) if gone else entry


def undo(done: Iterable[Operation]) -> list[Operation]:
    """Return the operations that take back what was done, last first.

    Addresses come back in the order in which they were there, since the first of a link is the source of what it sends;
    and what needs addresses behind them.
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
    sort = SORTS.get(operation.entry.sort)
    alone = operation.verb == "del" and operation.phase == REMOVE_OBJECTS  # and not with its link
    return alone and sort is not None and sort.primary


def _needs_addresses(operation: Operation) -> int:
    """Return the phase of what leads through addresses or has one as its source, 0 for all else."""
    sort = SORTS.get(operation.entry.sort)
    needs = sort is not None and (sort.ways or (bool(sort.ip) and not sort.primary))
    return PHASES[operation.entry.sort] if needs and operation.verb != "del" else 0
