# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Answer from the tables what is asked of an entry: its rows, and the links, namespaces and nexthops that it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from ..tables.links.any_link import ALL as LINK_OPTIONS
from ..tables.links.any_link import LINK_NETNS, MASTER
from ..tables.option import Kind, Option
from ..tables.registry import KINDS, OBJECT_TYPES
from ..tables.types.base import NONE, UNSET, Type
from ..tables.types.named_numbers import Account
from ..tables.types.packed import Bits
from ..tables.types.simple import LinkName, NetnsOf

if TYPE_CHECKING:
    from .model import Entry, Ident, Key


@dataclass(frozen=True)
class Rows:
    """The rows that the options of one kind of link or type of object come from, and those of them with a trait."""

    all: tuple[Option, ...]
    named: Mapping[str, Option]
    order: Mapping[str, int]  # by name, the place among all
    naming_links: tuple[Option, ...]  # whose value is another link
    linking: frozenset[str]  # names of those
    naming_netns: tuple[str, ...]  # names of those whose value is a namespace
    naming_nexthops: tuple[Option, ...]  # whose value is a nexthop or several
    of_a_release: tuple[Option, ...]  # that not every kernel knows
    at_times_moot: tuple[Option, ...]  # that do not apply to every link of the kind
    of_an_objection: tuple[Option, ...]  # whose values some kernels are not to be asked for
    of_a_dump: tuple[Option, ...]  # that another dump tells than that of the object
    apart: frozenset[str]  # names of those that requests of their own carry
    of_a_refusal: tuple[Option, ...]  # with values that may be there, but not be asked for
    ousting: tuple[Option, ...]  # beside which others cannot be
    forgetful: tuple[Option, ...]  # that a new link gives up others with
    of_accounts: tuple[Option, ...]  # whose value is a user or a group
    after_creation: frozenset[str]  # names of those that the kernel does not read in the message that makes a link
    late: frozenset[str]  # names of those that are set when all else of the link is
    aliases: Mapping[str, str]  # other names to ask for an option by
    by_names: frozenset[str]  # names of those whose numbers may be called by names that the host has for them
    of_bits: tuple[Option, ...]  # that share a plain number, of which the kernel takes all bits or none


@cache
def rows(type_name: str, kind: str = "") -> Rows:
    """Return the rows of a type of object, or of a kind of link: made once for each, and asked for by every object."""
    found: tuple[Option, ...] = LINK_OPTIONS if type_name == "link" else OBJECT_TYPES[type_name].options
    if type_name == "link" and kind in KINDS:
        found = (*LINK_OPTIONS, *KINDS[kind].options)
    return _sorted_out(found, () if type_name == "link" else OBJECT_TYPES[type_name].keys)


@lru_cache(maxsize=1024)
def _given(type_name: str, kind: str, names: tuple[str, ...]) -> Rows:
    table = rows(type_name, kind)
    return _sorted_out(
        tuple(table.all[place] for place in sorted(table.order[name] for name in names if name in table.order))
    )


def _sorted_out(found: tuple[Option, ...], keys: tuple[Option, ...] = ()) -> Rows:
    return Rows(
        found,
        {row.name: row for row in found},
        {row.name: place for place, row in enumerate(found)},
        tuple(row for row in found if type(row.type).links is not Type.links),
        frozenset(row.name for row in found if type(row.type).links is not Type.links),
        tuple(row.name for row in found if isinstance(row.type, NetnsOf)),
        tuple(row for row in found if type(row.type).nexthops is not Type.nexthops),
        tuple(row for row in found if row.since or row.newer),
        tuple(row for row in found if row.moot),
        tuple(row for row in found if type(row.type).objection is not Type.objection),
        tuple(row for row in found if row.dump),
        frozenset(row.name for row in found if row.dump or row.apart),
        tuple(row for row in found if row.refused),
        tuple(row for row in found if row.ousts),
        tuple(row for row in found if row.forgets),
        tuple(row for row in found if isinstance(row.type, Account)),
        frozenset(row.name for row in found if not row.at_create),
        frozenset(row.name for row in found if row.when_up or row.last),
        {alias: row.name for row in (*keys, *found) for alias in row.aliases},
        frozenset(row.name for row in found if type(row.type).numbered is not Type.numbered),
        tuple(row for row in found if isinstance(row.type, Bits) and not row.type.alone),
    )


def table_of(entry: Entry) -> Rows:
    """Return the rows that an object's options come from, with what is asked of them."""
    return rows(entry.type, entry.kind)


def rows_of(entry: Entry) -> tuple[Option, ...]:
    """Return the rows that an object's options come from."""
    return table_of(entry).all


def given(entry: Entry) -> Rows:
    """Return the rows of those options that an object has. Thousands of objects have the same few."""
    return _given(entry.type, entry.kind, tuple(entry.options))


def rows_given(entry: Entry) -> tuple[Option, ...]:
    """Return the rows of those options that an object has, in the order of its rows."""
    return given(entry).all


def link_option(kind: Kind | None, name: str) -> Option | None:
    """Find an option of a link among its kind's and the common ones."""
    return rows("link", kind.name if kind else "").named.get(name)


def ousted_by(entry: Entry) -> set[str]:
    """Return the options that cannot be beside those of an object. What is false ousts nothing."""
    options = entry.options
    return {other for row in given(entry).ousting if options.get(row.name, False) is not False for other in row.ousts}


def in_steps(entry: Entry) -> list[Entry]:
    """Return what is set of a living link, one step after another, where the kernel does not take all at once."""
    kind = KINDS.get(entry.kind) if entry.type == "link" else None
    if kind is None or entry.options.keys().isdisjoint((*kind.ahead, *kind.anew_with)):
        return [entry]
    first = {name: value for name, value in kind.ahead.items() if entry.options.get(name) == value}
    rest = {name: value for name, value in entry.options.items() if name not in first}
    for others, none in (kind.anew_with[name] for name in kind.anew_with if name in entry.options):
        values = [entry.options[other] for other in others if entry.options.get(other, NONE) != NONE]
        first.update((others[0], none(value)) for value in values)
    return [entry.having(first), entry.having(rest)] if first and rest else [entry]


def links_named(entry: Entry) -> tuple[str, ...]:
    """Return the links of its namespace that an object's options name."""
    return tuple(name for row in given(entry).naming_links for name in row.type.links(entry.options[row.name]))


def made_in(entry: Entry) -> str:
    """Return the namespace that a link is made from: that of its socket, or of the link beneath."""
    found: str = entry.options.get(LINK_NETNS.name, entry.netns)
    return found


def peer_key(entry: Entry) -> Key | None:
    """Return the other end of a pair, as the key of a link."""
    kind = KINDS.get(entry.kind)
    if kind is None or not kind.peer or kind.peer[0] not in entry.options:
        return None
    name, netns = kind.peer
    return entry.options.get(netns, entry.netns), entry.options[name]


def link_of(entry: Entry) -> Key | None:
    """Return the link that an object is on, as the key of a link."""
    object_type = OBJECT_TYPES.get(entry.type)
    return entry.key[:2] if object_type is not None and object_type.is_on_link(entry.key) else None


def netns_named(entry: Entry, option: str) -> str:
    """Return the namespace of the link that an option names."""
    kind = KINDS.get(entry.kind)
    if kind is not None and option in kind.peer:
        return str(entry.options.get(kind.peer[1], entry.netns))
    return made_in(entry) if entry.type == "link" and option != MASTER.name else entry.netns


#: Sorts whose keys may name links besides the one that an object is on, in their last part.
_NAMING_IN_KEY = frozenset(name for name, object_type in OBJECT_TYPES.items() if "renamed" in object_type.hooks)


#: Sorts with keys that are links, besides the one that an object is on.
_LINKING_KEYS = frozenset(name for name, object_type in OBJECT_TYPES.items() if object_type.linking_keys)


def names_others(entry: Entry) -> bool:
    """Tell whether an object may name links besides the one that it is on. Most of the thousands on a host do not."""
    in_key = entry.type in _NAMING_IN_KEY and bool(entry.key[-1])
    return in_key or entry.type in _LINKING_KEYS or not table_of(entry).linking.isdisjoint(entry.options)


def names_links(entry: Entry, other_end: bool = False) -> Iterator[tuple[str, str, str]]:
    """Yield option, namespace and name of each link that an object names; ``other_end``: that of a pair too."""
    kind = KINDS.get(entry.kind)
    for row in given(entry).naming_links if not table_of(entry).linking.isdisjoint(entry.options) else ():
        if other_end or kind is None or row.name not in kind.peer:
            for name in row.type.links(entry.options[row.name]):
                yield row.name, netns_named(entry, row.name), name
    object_type = OBJECT_TYPES.get(entry.type)
    if object_type is None:
        return
    for at in object_type.linking_keys:
        if entry.key[at] != entry.name:
            yield object_type.keys[at - 1].name, entry.netns, entry.key[at]
    chosen = object_type.chosen(entry.key)
    for option, value in chosen.items():
        found = table_of(entry).named.get(option)
        for name in found.type.links(value) if found is not None else ():
            yield option, entry.netns, name


def nexthops_named(entry: Entry) -> list[tuple[str, str]]:
    """Return the nexthops that an object leads to, each with the option that says so."""
    naming = table_of(entry).naming_nexthops
    return [
        (row.name, number)
        for row in naming
        if row.name in entry.options
        for number in row.type.nexthops(entry.options[row.name])
    ]


def telling(entry: Entry) -> dict[str, Any]:
    """Return the options of an object that say something: not those that say that nothing is there."""
    rows = table_of(entry).named
    return {
        name: value
        for name, value in entry.options.items()
        if name in rows and value is not UNSET and value != rows[name].nothing
    }


#: Sorts of which an object has something for itself alone.
PLACED = frozenset(name for name, object_type in OBJECT_TYPES.items() if "place" in object_type.hooks)


#: Sorts of which several objects may be one to the kernel in some options, with those options.
SHARING = {name: frozenset(object_type.shared) for name, object_type in OBJECT_TYPES.items() if object_type.shared}


def one_of(entry: Entry) -> Ident | None:
    """Return what several objects are to the kernel in the options that they share, None for most."""
    key = OBJECT_TYPES[entry.type].one_of(entry.key) if entry.type in SHARING else None
    return None if key is None else (entry.type, key)


def place_of(entry: Entry) -> Ident | None:
    """Return what an object that is on a link has for itself alone, None for most."""
    place = OBJECT_TYPES[entry.type].place(entry.key) if entry.type in OBJECT_TYPES else None
    return None if place is None else (entry.type, place)


def lower_key(entry: Entry) -> Key | None:
    """Return the link beneath a link, as the key of a link."""
    kind = KINDS.get(entry.kind)
    name = entry.options.get(kind.lower, NONE) if kind and kind.lower else NONE
    return None if name == NONE else (made_in(entry), name)


def goes_with(entry: Entry) -> set[Key]:
    """Return the links, beside the one that it lies on, that a link does not outlive where they are."""
    kind = KINDS.get(entry.kind)
    if kind is None or not kind.goes_with_lower:
        return set()
    named = (entry.options.get(name, NONE) for name in _naming_links(kind.name))
    return {(made_in(entry), name) for name in named if name != NONE}


@cache
def _naming_links(kind: str) -> tuple[str, ...]:
    return tuple(row.name for row in KINDS[kind].options if isinstance(row.type, LinkName))
