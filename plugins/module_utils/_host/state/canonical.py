# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write the desired state as the kernel would report it, by the links of the host. Pure.

A link is found by an alternative name wherever iproute2 would find it, and is reported by its real name. A lower device
is looked up in the namespace of the socket or lower device of the link, or where the link comes from. An FDB entry with
the port or VNI of its own link is reported without the port or VNI.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Callable

from ..tables.links.any_link import ALTNAMES, LINK_NETNS
from ..tables.registry import KINDS, OBJECT_TYPES
from .claims import check
from .entries import given, made_in, names_links, names_others, netns_named
from .model import NAMELESS, Entry, Key, Refused, State


def resolved(desired: State, observed: State) -> State:
    """Return the desired state in canonical form; the same object where nothing changes. Raise Refused."""
    found = _in_kernels_words(_by_own_names(_from_their_places(desired, observed), observed), observed)
    if found is not desired:
        check(found)
    return found


def _from_their_places(desired: State, observed: State) -> State:
    """Add to links the namespace of their socket or lower device, where it is unmanaged and not their own.

    An existing link keeps its namespace. A link that comes from another namespace, and exists in neither of them, is
    created from there, as if it had been created there and moved.
    """
    changed = {}
    for ident, entry in desired.items():
        kind = KINDS.get(entry.kind) if entry.type == "link" and entry.present else None
        if kind is None or not kind.made_from_elsewhere or LINK_NETNS.name in entry.options:
            continue
        source = _source(entry, observed)
        if source != entry.netns:
            changed[ident] = entry.having({**entry.options, LINK_NETNS.name: source})
    return {**desired, **changed} if changed else desired


def _source(link: Entry, observed: State) -> str:
    """Return the current or future namespace of a link's socket or lower device."""
    came_from = link.netns if link.from_netns is None else link.from_netns
    here = observed.get(link.ident)
    there = here or observed.get(("link", (came_from, link.name)))
    if there is not None and there.kind == link.kind and KINDS[link.kind].tells_netns:
        source = made_in(there)
        return link.netns if source.startswith(NAMELESS) else source
    # For an existing link the namespace counts only if the link is recreated. The namespace may be gone by now.
    return link.netns if here is not None and not link.recreate else came_from


def _by_own_names(desired: State, observed: State) -> State:
    """Replace alternative names by the links' real names.

    An alternative name that another link gets in this run means that link.
    """
    unknown = {key for key in _named(desired, observed) if ("link", key) not in observed}
    own = _own_names(unknown, desired, observed) if unknown else {}
    if not own:
        return desired
    state: State = {}
    for entry in desired.values():
        other = _renamed(entry, own, observed) if any(key in own for key in _links_of(entry, observed)) else entry
        if other.ident in state:
            raise Refused(object=other, reason="is in the desired state twice", advice="Remove one of the two")
        state[other.ident] = other
    return state


def _named(desired: State, observed: State) -> set[Key]:
    """Return the links that the desired state has or names."""
    found: set[Key] = set()
    for entry in desired.values():
        if entry.from_netns is not None or names_others(entry):
            found.update(_links_of(entry, observed))
        elif entry.type == "link" or OBJECT_TYPES[entry.type].on_link:
            found.add(entry.key[:2])
    return found


def _own_names(unknown: set[Key], desired: State, observed: State) -> Mapping[Key, str]:
    """Return the real names of links by the alternative names in the desired state."""
    found: dict[Key, str] = {}
    netnses = {key[0] for key in unknown}
    for state in (observed, desired):
        for entry in state.values():
            if entry.type != "link" or entry.netns not in netnses or not entry.present:
                continue
            wished = desired.get(entry.ident, entry)
            names = (wished if ALTNAMES.name in wished.options else entry).options.get(ALTNAMES.name, ())
            found.update({(entry.netns, name): entry.name for name in names if (entry.netns, name) in unknown})
    return found


def _places_of(link: Entry, observed: State) -> tuple[str, ...]:
    """Return the namespaces in which a link is looked up by any of its names, in order."""
    if link.from_netns is None:
        return (link.netns,)
    # A link with this real name is moved, whichever link has the name at the target.
    ready = ("link", (link.from_netns, link.name)) in observed
    return (link.from_netns,) if ready else (link.netns, link.from_netns)


def _links_of(entry: Entry, observed: State) -> Iterator[Key]:
    """Yield namespace and name of each link that an object is, is on, or names."""
    if entry.type == "link":
        yield from ((netns, entry.name) for netns in _places_of(entry, observed))
    elif OBJECT_TYPES[entry.type].is_on_link(entry.key):
        yield entry.key[:2]
    for _option, netns, name in names_links(entry, other_end=True):
        yield (netns, name)


def _renamed(entry: Entry, own: Mapping[Key, str], observed: State) -> Entry:
    def names_in(netns: str) -> Callable[[str], str]:
        return lambda name: own.get((netns, name), name)

    name_here, options = names_in(entry.netns), dict(entry.options)
    for row in given(entry).naming_links:
        options[row.name] = row.type.renamed(options[row.name], names_in(netns_named(entry, row.name)))
    key = entry.key
    if entry.type == "link":
        names = (names_in(netns)(entry.name) for netns in _places_of(entry, observed))
        key = (entry.netns, next((name for name in names if name != entry.name), entry.name))
    elif OBJECT_TYPES[entry.type].on_link:
        linking = (0, 1, *OBJECT_TYPES[entry.type].linking_keys)
        key = (entry.netns, *(name_here(one) if at in linking else one for at, one in enumerate(entry.key) if at))
        key = OBJECT_TYPES[entry.type].renamed(key, name_here)
    made_with = entry.made_with and (entry.made_with[0], names_in(entry.made_with[0])(entry.made_with[1]))
    return replace(entry, key=key, options=options, made_with=made_with)


def _in_kernels_words(desired: State, observed: State) -> State:
    """Give objects the keys by which the kernel reports them on their links."""
    changed = {
        entry.ident: replace(entry, key=key)
        for entry in desired.values()
        if entry.type in _KEYED_BY_LINK
        if entry.key[-1]
        for key in [
            _KEYED_BY_LINK[entry.type].key_on_link(entry.key, partial(_options_of_link, entry, desired, observed))
        ]
        if key != entry.key
    }
    if not changed:
        return desired
    state: State = {}
    for entry in desired.values():
        other = changed.get(entry.ident, entry)
        if other.ident in state:
            raise Refused(object=other, reason="is in the desired state twice", advice="Remove one of the two")
        state[other.ident] = other
    return state


_KEYED_BY_LINK = {name: found for name, found in OBJECT_TYPES.items() if "key_on_link" in found.hooks}


def _options_of_link(entry: Entry, desired: State, observed: State) -> Mapping[str, Any]:
    """Return the options of an object's link, with the kernel's defaults for options that are left out."""
    ident = ("link", entry.key[:2])
    link = observed.get(ident) or desired.get(ident)
    told = {**(link.options if link is not None else {}), **(desired[ident].options if ident in desired else {})}
    kind = KINDS.get(link.kind) if link is not None else None
    return {**kind.assumed(told), **told} if kind is not None else told
