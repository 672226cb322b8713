# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Refuse desired states that no kernel can have, and find the claims of a link. Pure: the rules are in the tables."""

from __future__ import annotations

from typing import Any

from ..tables.failure import Refused
from ..tables.registry import KINDS, OBJECT_TYPES
from ..tables.table import Kind
from ..tables.types.simple import NONE
from .entries import PLACED, SHARING, lower_key, made_in, one_of, place_of
from .model import Entry, Ident, State


def check(state: State) -> None:
    """Raise Refused for a desired state that no kernel can have. The rules come from the kinds' tables."""
    agreed: dict[tuple[Any, ...], Entry] = {}
    places: dict[Ident, Entry] = {}
    for entry in state.values():
        place = place_of(entry) if entry.present and entry.type in PLACED else None
        if place is not None and places.setdefault(place, entry) is not entry:
            raise Refused(
                object=entry,
                reason=f"{places[place]} is in the desired state too, and a link has an IPv6 address once",
                advice="Remove one of the two",
            )
        if entry.type in SHARING and not SHARING[entry.type].isdisjoint(entry.options):
            _check_one(entry, agreed)
        kind = KINDS.get(entry.kind)
        if kind is None or not entry.present:
            continue
        _check_families(entry, kind)
        _check_link_netns(entry, kind)
        _check_shared(entry, kind, agreed)


def _check_one(entry: Entry, agreed: dict[tuple[Any, ...], Entry]) -> None:
    """Refuse two objects with different values of an option that the kernel stores once for both."""
    one = one_of(entry)
    for name in OBJECT_TYPES[entry.type].shared if one is not None and entry.present else ():
        if name not in entry.options:
            continue
        other = agreed.setdefault((one, name), entry)
        if other.options[name] != entry.options[name]:
            raise Refused(
                object=entry,
                option=name,
                reason=f"{entry.options[name]} here and {other.options[name]} for {other}, "
                "but the kernel stores both as one entry",
                advice="Give both the same value",
            )


def _check_shared(entry: Entry, kind: Kind, agreed: dict[tuple[Any, ...], Entry]) -> None:
    """Refuse two links with different values of an option that the kernel stores once for their lower device."""
    lower = lower_key(entry)
    for name in kind.shared:
        if lower is None or name not in entry.options:
            continue
        other = agreed.setdefault((lower, name), entry)
        if other.options[name] != entry.options[name]:
            raise Refused(
                object=entry,
                option=name,
                reason=f"{entry.options[name]} here and {other.options[name]} for {other}, "
                f"but all links on {lower[1]} share one",
                advice="Give both the same value",
            )


def unique_claim(entry: Entry) -> tuple[str, str, tuple[Any, ...], str] | None:
    """Return the claim of a link: the namespace of its socket, its kind, and the kind's unique options."""
    kind = KINDS.get(entry.kind)
    if kind is None or not kind.unique:
        return None
    options = entry.options
    lacking = [name for name in kind.unique if name not in options]
    assumed = kind.assumed(options) if lacking else {}
    if not assumed.keys() >= set(lacking):
        return None
    told_apart = kind.told_apart(options)
    if told_apart is None:
        return None
    values = tuple(assumed[name] if name in lacking else options[name] for name in kind.unique)
    return made_in(entry), entry.kind, values, told_apart


def _check_link_netns(entry: Entry, kind: Kind) -> None:
    """Refuse link_netns for links without a socket or lower device there, or where the kernel does not report it."""
    if made_in(entry) == entry.netns:
        return
    if not (kind.follows_socket or kind.lower):
        raise Refused(
            object=entry,
            option="link_netns",
            reason=f"{kind.name} links do not support link_netns",
            advice="Leave the option out",
        )
    if kind.lower and not kind.follows_socket and not kind.tells_netns:
        raise Refused(
            object=entry,
            option="link_netns",
            reason=f"the kernel does not tell in which namespace the link beneath this kind of link is ({kind.name})",
            advice="Put the lower device into the namespace of the link, and leave the option out",
        )


def _check_families(entry: Entry, kind: Kind) -> None:
    given = {name: entry.options[name] for name in kind.one_family if entry.options.get(name, NONE) != NONE}
    if len({":" in address for address in given.values()}) > 1:
        listed = " and ".join(f"{name} {address}" for name, address in given.items())
        raise Refused(
            object=entry, reason=f"{listed} are not of one address family", advice="Give addresses of one family"
        )


def needed(entry: Entry) -> None:
    """Raise Refused for a new link without an option that its kind needs."""
    kind = KINDS[entry.kind]
    for name in kind.needs:
        if name not in entry.options:
            what = "peer" if name in kind.peer else name
            raise Refused(object=entry, option=what, reason=f"a new {kind.name} link needs it", advice=f"Set {what}")
    # VNI 0 is a VNI, so only a missing option or false does not count.
    for names in kind.needs_one_of:
        if all(entry.options.get(name, NONE) is False or entry.options.get(name, NONE) == NONE for name in names):
            raise Refused(
                object=entry,
                option=names[0],
                reason=f"a new {kind.name} link needs {' or '.join(names)}",
                advice="Set one of them",
            )
