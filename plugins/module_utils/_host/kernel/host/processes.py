# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find links in the namespaces of processes (containers) that belong to this host: nobody names these namespaces."""

from __future__ import annotations

from collections.abc import Container

from ...state.claims import lower_key
from ...state.model import HOST, State, rows
from ...tables.links import KINDS
from ..observe import Observer
from .namespaces import Namespaces

#: Options that say where else a link is than in its own namespace.
OTHER_NETNS = sorted({name for kind in KINDS for name in rows("link", kind).naming_netns})


def marked(namespaces: Namespaces, observer: Observer, seen: Container[str]) -> State:
    """Return marked links that live in a process's namespace while their socket or peer is on this host.

    Where the kernel does not tell (geneve), a namespace that this host shares a link with counts. Containers that
    run this collection for themselves are left alone that way.
    """
    found: State = {}
    for netns in list(namespaces.of_processes()):
        if netns in seen or observer.nsid(HOST, netns) < 0:
            continue
        for entry in observer.links(netns):
            other = next((entry.options[name] for name in OTHER_NETNS if name in entry.options), HOST)
            if entry.owned and other == HOST:
                found[entry.ident] = entry
    return found


def siblings(namespaces: Namespaces, observer: Observer, overridden: bool) -> State:
    """Return links in processes' namespaces that change with others on the same link of this host.

    ``overridden``: those of ours are there already where they are to be removed, and the others are to stay.
    """
    found: State = {}
    for netns in list(namespaces.of_processes()):
        if observer.nsid(netns, HOST) < 0:
            continue
        for entry in observer.links(netns):
            kind, lower = KINDS.get(entry.kind), lower_key(entry)
            on_ours = lower is not None and lower[0] != netns and namespaces.has(lower[0])
            if kind is not None and kind.shared and on_ours and not (overridden and entry.owned):
                found[entry.ident] = entry
    return found
