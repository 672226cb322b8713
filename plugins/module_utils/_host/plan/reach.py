# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Say how far changes reach, and so what must be known before they are planned. Pure: no kernel, no Ansible."""

from __future__ import annotations

from collections.abc import Iterable

from ..state.model import Change, Entry, State
from ..tables.links import KINDS
from ..tables.objects import SORTS
from .dependents import Dependents
from .lost import is_ipv4
from .restore import ends_bearing, leaves_master, one_way
from .sysctl_effects import DISABLE

#: Of more links that are to go their sysctls are not read (1.5 ms each), and not there again when the run fails.
MANY_LINKS = 100


def going(changes: Iterable[Change], observed: State) -> list[Entry]:
    """Return the links that are to go, for good or to be made anew (or may have to), with those that go with them."""
    removed = [
        change
        for change in changes
        if change.entry.sort == "link" and (change.verb in ("delete", "recreate") or one_way(change))
    ]
    if len(removed) > MANY_LINKS:
        removed = [change for change in removed if change.verb == "recreate"]
    dependents = Dependents(observed if removed else {})
    found = {entry.ident: entry for change in removed for entry in (change.there, *dependents.of(change.there))}
    return [entry for entry in found.values() if entry.sort == "link"]


def reaches_far(change: Change) -> bool:
    """Tell whether more must be known: what hangs on a link that goes or may, and links that change with another."""
    if change.entry.sort == "sysctl":
        return change.entry.key[2] == DISABLE
    if change.entry.sort != "link":
        # With an IPv4 address goes what leads through it.
        removed = change.verb in ("delete", "recreate") and is_ipv4(change.entry)
        return ends_bearing(change) or (removed and SORTS[change.entry.sort].primary)
    gone = change.verb in ("delete", "recreate", "move")
    return gone or one_way(change) or shares(change) or leaves_master(change)


def shares(change: Change) -> bool:
    """Tell whether other links may change with a link: those on the same one, wherever they are."""
    kind = KINDS.get(change.entry.kind) if change.entry.sort == "link" and change.verb != "delete" else None
    return kind is not None and bool(kind.shared)
