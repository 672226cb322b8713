# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Move links from one namespace to another: find them, know the state afterwards, and roll back. Pure.

What the kernel does with a link that moves (net/core/dev.c: __dev_change_net_namespace()): it is set down and leaves
its master; addresses, routes, neighbors and port options go; addrgenmode and sysctls are those of a new link. MTU, MAC,
alias, group and the kind's own options stay, and so do the permanent FDB entries of a VXLAN link, whose socket stays
behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Optional

from ..state.entries import goes_with, lower_key, peer_key
from ..state.model import Change, Entry, Key, Refused, State
from ..tables.links.any_link import ALL as LINK_OPTIONS
from ..tables.links.any_link import LINK_NETNS
from ..tables.registry import KINDS, OBJECT_TYPES
from ..tables.types.simple import NONE
from .dependents import stands_on

#: Values of these options after a move. The run restores the old values where no others are desired.
FRESH: dict[str, Any] = {row.name: row.moved for row in LINK_OPTIONS if row.moved is not None}


def moves(desired: State, observed: State) -> list[Change]:
    """Return the links to move: absent where they are desired, and present in their from_netns.

    Raise Refused for one that cannot be.
    """
    found: dict[Key, Change] = {}
    for entry in desired.values():
        if entry.type != "link" or entry.from_netns is None or not entry.present or entry.ident in observed:
            continue
        there = observed.get(("link", (entry.from_netns, entry.name)))
        if there is None:
            continue
        _check(entry, there, observed)
        other = found.setdefault(there.key, Change("move", entry.having({}), there))
        if other.entry.ident != entry.ident:
            raise Refused(
                object=entry,
                option="from_netns",
                reason=f"{there} is the desired {other.entry} too",
                advice="Remove one of the two",
            )
    return list(found.values())


def _check(entry: Entry, there: Entry, observed: State) -> None:
    kind = KINDS.get(there.kind)
    if entry.kind and entry.kind != there.kind:
        raise Refused(
            object=entry,
            option="from_netns",
            reason=f"{there} is {there.kind or 'a link of another kind'}, not {entry.kind}",
            advice="Correct kind or name",
        )
    if kind is not None and kind.bound:
        raise Refused(
            object=entry,
            option="from_netns",
            reason=f"the kernel keeps {kind.name} links in their namespace",
            advice="Remove the link there, and leave from_netns out",
        )
    for other in observed.values():
        if other.type == "link" and there.key in goes_with(other):
            raise Refused(
                object=entry,
                option="from_netns",
                reason=f"the kernel would remove {other}, which depends on it",
                advice=f"Remove {other} first",
            )


def after(observed: State, moved: Iterable[Change]) -> State:
    """Return the current state after the moves alone."""
    places = {change.there.key: change.entry.netns for change in moved}
    if not places:
        return observed
    state: State = {}
    for entry in observed.values():
        left = _after(entry, places)
        if left is not None:
            state[left.ident] = left
    return state


def _after(entry: Entry, places: Mapping[Key, str]) -> Optional[Entry]:
    if entry.type == "link":
        return _link_after(entry, places)
    object_type = OBJECT_TYPES[entry.type]
    on = (("link", entry.key[:2]),) if object_type.on_link else ()
    if not any(ident[0] == "link" and ident[1] in places for ident in (*on, *stands_on(entry))):
        return entry
    return (
        replace(entry, key=(places[entry.key[:2]], *entry.key[1:])) if object_type.moves_with_link(entry.key) else None
    )


def _link_after(entry: Entry, places: Mapping[Key, str]) -> Entry:
    options = dict(entry.options)
    lower = lower_key(entry)
    if lower is not None and lower in places:
        options[LINK_NETNS.name] = places[lower]
    peer = peer_key(entry)
    if peer is not None and peer in places:
        options[KINDS[entry.kind].peer[1]] = places[peer]
    if entry.key not in places:
        return entry.having(options)
    options.pop("master", None)
    options.update({name: value for name, value in FRESH.items() if name in options})
    return replace(entry, key=(places[entry.key], entry.name), options=options)


def with_kept(desired: State, moved: list[Change]) -> State:
    """Return the desired state in which moved links are up where they were up, unless `up` is given."""
    if not moved:
        return desired
    state = dict(desired)
    for change in moved:
        entry = state[change.entry.ident]
        kept = {name: change.there.options[name] for name in FRESH if name in change.there.options}
        state[entry.ident] = entry.having({**kept, **entry.options})
    return state


def losses(there: Entry) -> dict[str, Any]:
    """Return the options that a link must get again when it is moved back."""
    without = {"master": NONE, **FRESH}
    return {name: there.options[name] for name, value in without.items() if there.options.get(name, value) != value}


def lost_with(there: Entry, hanging: Iterable[Entry]) -> Iterator[Entry]:
    """Yield the dependents of a link that must be restored when it is moved back.

    A link above it stays, but may be set down and lose its routes (net/8021q/vlan.c: vlan_device_event()), and the
    moved one forgets that it is to take in frames for it (dev_uc_flush()) until it is set down and up.
    """
    for entry in hanging:
        if entry.type == "link":
            if lower_key(entry) is not None and entry.options.get("up"):
                yield entry
        elif not (entry.key[:2] == there.key and OBJECT_TYPES[entry.type].moves_with_link(entry.key)):
            yield entry
