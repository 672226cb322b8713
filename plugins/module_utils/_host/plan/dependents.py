# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find the dependents of a link or nexthop, and the ports that stay but lose their master. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ..state.entries import goes_with, links_named, lower_key, nexthops_named, peer_key
from ..state.model import Entry, Ident, Key, State
from ..tables.registry import OBJECT_TYPES
from ..tables.types.simple import NONE


class Dependents:
    """An index over a state: one pass to build, one look-up for each question."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._on: dict[Ident, list[Entry]] = {}
        self._ports: dict[Key, list[Entry]] = {}
        for entry in state.values():
            for ident in stands_on(entry):
                self._on.setdefault(ident, []).append(entry)
            master = entry.options.get("master", NONE)
            if entry.type == "link" and master != NONE:
                self._ports.setdefault((entry.netns, master), []).append(entry)

    def of(self, gone: Entry, beside: Entry | None = None, partly: bool = False) -> Iterator[Entry]:
        """Yield the dependents of a link or nexthop: objects on it, links above it with their dependents, the peer.

        :param beside: an object to leave out, with its own dependents.
        :param partly: yield multipath objects that lose one next hop, too.
        """
        seen = {gone.ident, *((beside.ident,) if beside is not None else ())}
        queue = [gone.ident]
        while queue:
            for entry in self._on.get(queue.pop(0), ()):
                if entry.ident in seen:
                    continue
                # A multipath object is removed with its last next hop. IPv6 routes and groups lose next hops before.
                if not partly and _has_ways(entry) and not seen.issuperset(stands_on(entry)):
                    continue
                seen.add(entry.ident)
                yield entry
                queue.append(entry.ident)

    def ports(self, link: Entry) -> list[Entry]:
        """Return the links whose master a link is."""
        return self._ports.get(link.key, [])

    def of_port(self, port: Entry) -> list[Entry]:
        """Return the objects that a link has as a port, and loses when it leaves its master."""
        on = self._on.get(port.ident, ())
        return [entry for entry in on if entry.type in OBJECT_TYPES and OBJECT_TYPES[entry.type].is_of_port(entry.key)]

    def depth(self, link: Entry) -> int:
        """Return the number of lower devices and masters of a link. The link with the largest is removed first."""
        lower = lower_key(link)
        below = [] if lower is None else [lower]
        master = link.options.get("master", NONE)
        if master != NONE:
            below.append((link.netns, master))
        found = [self._state.get(("link", key)) for key in below]
        return max((1 + self.depth(entry) for entry in found if entry is not None), default=0)


def _has_ways(entry: Entry) -> bool:
    return entry.type in OBJECT_TYPES and OBJECT_TYPES[entry.type].leads


def stands_on(entry: Entry) -> Iterator[Ident]:
    """Yield the links and nexthops that an object depends on."""
    if entry.type == "link":
        lower = lower_key(entry)
        if lower is not None:
            yield ("link", lower)
        peer = peer_key(entry)
        if peer is not None:
            yield ("link", peer)
        for key in goes_with(entry):
            yield ("link", key)
        return
    if _has_ways(entry):
        for name in links_named(entry):
            yield ("link", (entry.netns, name))
    elif OBJECT_TYPES[entry.type].on_link and not entry.by_kernel:
        yield ("link", (entry.netns, entry.name))
        for name in OBJECT_TYPES[entry.type].links_in(entry.key):
            yield ("link", (entry.netns, name))
    for _option, number in nexthops_named(entry):
        yield ("nexthop", (entry.netns, number))


def bringer(entry: Entry) -> Ident | None:
    """Return the object that creates and removes this one, None for most."""
    key = OBJECT_TYPES[entry.type].brought_by(entry.key) if entry.type in OBJECT_TYPES else None
    return None if key is None else (entry.type, key)
