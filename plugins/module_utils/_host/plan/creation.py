# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Say by which operations a link comes to be. Pure: no kernel, no Ansible."""

from __future__ import annotations

from ..state.model import Entry, Operation, State, made_in, table_of, telling
from ..tables.links import KINDS
from .phases import ADD_LINKS, LINKS_UP, PORTS_UP, SET_LINKS

__all__ = ["new_link", "stands_alone"]


def new_link(entry: Entry, up_at_once: bool = False) -> list[Operation]:
    """Return what adds a link: what the kernel does not read at creation follows, and up comes last.

    ``up_at_once``: nothing has to be set before (see stands_alone()).
    """
    table = table_of(entry)
    # Nothing is asked for by not asking: macvlan refuses even an empty list of source MACs outside source mode.
    named = table.named
    said = KINDS[entry.kind].unasked  # where iproute2 would say something else, the default is said too
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
            # Before a port joins: to set what a port has brought already is no change to the kernel, and is lost.
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
    """Tell whether a new link can be up at once: nothing is to be set before, here or on what it lies on.

    A port must not forward before its options are set, and sysctls hold from the first moment that a link is up
    (``waiting``: the namespaces in which some are wished for, or links are to be set down first).
    """
    kind = KINDS[entry.kind]
    beneath = kind.peered or bool(kind.device) or not kind.outer.isdisjoint(entry.options)
    elsewhere = made_in(entry) != entry.netns
    return not (beneath or elsewhere or ("port", entry.key) in desired or entry.netns in waiting)
