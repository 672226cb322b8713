# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Look an entry up in the tables: its rows, and the links, namespaces and nexthops that the entry names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from ..tables.links.any_link import ALL as LINK_OPTIONS
from ..tables.links.any_link import LINK_NETNS, MASTER
from ..tables.registry import KINDS, OBJECT_TYPES
from ..tables.table import Kind, Option
from ..tables.types.base import NONE, UNSET, Type
from ..tables.types.named_numbers import Account
from ..tables.types.packed import Bits
from ..tables.types.simple import LinkName, NetnsOf

if TYPE_CHECKING:
    from .model import Entry, Ident, Key


class Rows:
    """The rows that options of one kind of link or type of object come from, and the rows that have a property."""

    def __init__(self, *, found: tuple[Option, ...], keys: tuple[Option, ...] = ()) -> None:
        self.all = found
        self.named: Mapping[str, Option] = {row.name: row for row in found}
        self.order: Mapping[str, int] = {row.name: place for place, row in enumerate(found)}
        self._keys = keys

    @cached_property
    def naming_links(self) -> tuple[Option, ...]:
        """Return the rows whose value names links."""
        return tuple(row for row in self.all if type(row.type).links is not Type.links)

    @cached_property
    def linking(self) -> frozenset[str]:
        """Return the names of the rows whose value names links."""
        return frozenset(row.name for row in self.naming_links)

    @cached_property
    def naming_netns(self) -> tuple[str, ...]:
        """Return the names of the rows whose value is a namespace."""
        return tuple(row.name for row in self.all if isinstance(row.type, NetnsOf))

    @cached_property
    def naming_nexthops(self) -> tuple[Option, ...]:
        """Return the rows whose value names nexthops."""
        return tuple(row for row in self.all if type(row.type).nexthops is not Type.nexthops)

    @cached_property
    def of_a_release(self) -> tuple[Option, ...]:
        """Return the rows that not every supported kernel knows."""
        return tuple(row for row in self.all if row.since or row.newer)

    @cached_property
    def at_times_moot(self) -> tuple[Option, ...]:
        """Return the rows that do not apply to every link of the kind."""
        return tuple(row for row in self.all if row.moot)

    @cached_property
    def of_an_objection(self) -> tuple[Option, ...]:
        """Return the rows with values that some kernels must not get."""
        return tuple(row for row in self.all if type(row.type).objection is not Type.objection)

    @cached_property
    def of_a_dump(self) -> tuple[Option, ...]:
        """Return the rows that have a dump of their own."""
        return tuple(row for row in self.all if row.dump)

    @cached_property
    def apart(self) -> frozenset[str]:
        """Return the names of the rows that requests of their own carry."""
        return frozenset(row.name for row in self.all if row.dump or row.apart)

    @cached_property
    def of_a_refusal(self) -> tuple[Option, ...]:
        """Return the rows with values that an object may have, but that cannot be requested."""
        return tuple(row for row in self.all if row.refused)

    @cached_property
    def ousting(self) -> tuple[Option, ...]:
        """Return the rows that exclude others."""
        return tuple(row for row in self.all if row.ousts)

    @cached_property
    def forgetful(self) -> tuple[Option, ...]:
        """Return the rows whose new value makes a recreated link lose other options."""
        return tuple(row for row in self.all if row.forgets)

    @cached_property
    def of_accounts(self) -> tuple[Option, ...]:
        """Return the rows whose value is a user or a group."""
        return tuple(row for row in self.all if isinstance(row.type, Account))

    @cached_property
    def after_creation(self) -> frozenset[str]:
        """Return the names of the rows that the kernel does not read in the message that creates a link."""
        return frozenset(row.name for row in self.all if not row.at_create)

    @cached_property
    def late(self) -> frozenset[str]:
        """Return the names of the rows that are set after all other options of the link."""
        return frozenset(row.name for row in self.all if row.when_up or row.last)

    @cached_property
    def aliases(self) -> Mapping[str, str]:
        """Return the real names of options by their other names."""
        return {alias: row.name for row in (*self._keys, *self.all) for alias in row.aliases}

    @cached_property
    def by_names(self) -> frozenset[str]:
        """Return the names of the rows whose numbers may have names on the host."""
        return frozenset(row.name for row in self.all if type(row.type).numbered is not Type.numbered)

    @cached_property
    def of_bits(self) -> tuple[Option, ...]:
        """Return the rows that are bits of one number, which the kernel sets all at once."""
        return tuple(row for row in self.all if isinstance(row.type, Bits) and not row.type.alone)


@cache
def rows(type_name: str, kind: str = "") -> Rows:
    """Return the rows of a type of object, or of a kind of link. They are created once for each."""
    found: tuple[Option, ...] = LINK_OPTIONS if type_name == "link" else OBJECT_TYPES[type_name].options
    if type_name == "link" and kind in KINDS:
        found = (*LINK_OPTIONS, *KINDS[kind].options)
    return Rows(found=found, keys=() if type_name == "link" else OBJECT_TYPES[type_name].keys)


@lru_cache(maxsize=1024)
def _given(type_name: str, kind: str, names: tuple[str, ...]) -> Rows:
    table = rows(type_name, kind)
    places = sorted(table.order[name] for name in names if name in table.order)
    return Rows(found=tuple(table.all[place] for place in places))


def table_of(entry: Entry) -> Rows:
    """Return the rows of an object's type or kind, with their properties."""
    return rows(entry.type, entry.kind)


def rows_of(entry: Entry) -> tuple[Option, ...]:
    """Return the rows of an object's type or kind."""
    return table_of(entry).all


def given(entry: Entry) -> Rows:
    """Return the rows of an object's options, with their properties. Thousands of objects have the same options."""
    return _given(entry.type, entry.kind, tuple(entry.options))


def rows_given(entry: Entry) -> tuple[Option, ...]:
    """Return the rows of an object's options, in the order of the table."""
    return given(entry).all


def link_option(kind: Kind | None, name: str) -> Option | None:
    """Find an option of a link among its kind's and the common ones."""
    return rows("link", kind.name if kind else "").named.get(name)


def ousted_by(entry: Entry) -> set[str]:
    """Return the options that an object's options exclude. An option that is false excludes none."""
    options = entry.options
    return {other for row in given(entry).ousting if options.get(row.name, False) is not False for other in row.ousts}


def in_steps(entry: Entry) -> list[Entry]:
    """Return the steps that change an existing link, where the kernel does not accept all options at once."""
    kind = KINDS.get(entry.kind) if entry.type == "link" else None
    steps = kind.steps(entry.options) if kind is not None else []
    return [entry.having(step) for step in steps] if len(steps) > 1 else [entry]


def links_named(entry: Entry) -> tuple[str, ...]:
    """Return the links of its namespace that an object's options name."""
    return tuple(name for row in given(entry).naming_links for name in row.type.links(entry.options[row.name]))


def made_in(entry: Entry) -> str:
    """Return the namespace that a link is created from: the namespace of its socket or lower device."""
    found: str = entry.options.get(LINK_NETNS.name, entry.netns)
    return found


def peer_key(entry: Entry) -> Key | None:
    """Return the key of the peer of a pair."""
    kind = KINDS.get(entry.kind)
    if kind is None or not kind.peer or kind.peer[0] not in entry.options:
        return None
    name, netns = kind.peer
    return entry.options.get(netns, entry.netns), entry.options[name]


def link_of(entry: Entry) -> Key | None:
    """Return the key of the link that an object is on."""
    object_type = OBJECT_TYPES.get(entry.type)
    return entry.key[:2] if object_type is not None and object_type.is_on_link(entry.key) else None


def netns_named(entry: Entry, option: str) -> str:
    """Return the namespace of the link that an option names."""
    kind = KINDS.get(entry.kind)
    if kind is not None and option in kind.peer:
        return str(entry.options.get(kind.peer[1], entry.netns))
    return made_in(entry) if entry.type == "link" and option != MASTER.name else entry.netns


#: Types whose keys may name other links than the object's own, in their last part.
_NAMING_IN_KEY = frozenset(name for name, object_type in OBJECT_TYPES.items() if "renamed" in object_type.hooks)


#: Types with keys that are other links than the object's own.
_LINKING_KEYS = frozenset(name for name, object_type in OBJECT_TYPES.items() if object_type.linking_keys)


def names_others(entry: Entry) -> bool:
    """Tell whether an object may name other links than its own. Most of the thousands on a host do not."""
    in_key = entry.type in _NAMING_IN_KEY and bool(entry.key[-1])
    return in_key or entry.type in _LINKING_KEYS or not table_of(entry).linking.isdisjoint(entry.options)


def names_links(entry: Entry, other_end: bool = False) -> Iterator[tuple[str, str, str]]:
    """Yield option, namespace and name of each link that an object names; with ``other_end`` also its peer."""
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
    """Return option and id of each nexthop that an object leads to."""
    naming = table_of(entry).naming_nexthops
    return [
        (row.name, number)
        for row in naming
        if row.name in entry.options
        for number in row.type.nexthops(entry.options[row.name])
    ]


def telling(entry: Entry) -> dict[str, Any]:
    """Return the options of an object without those whose value says "none"."""
    rows = table_of(entry).named
    return {
        name: value
        for name, value in entry.options.items()
        if name in rows and value is not UNSET and value != rows[name].nothing
    }


#: Types whose objects claim a place of which one at most exists (ObjectType.place).
PLACED = frozenset(name for name, object_type in OBJECT_TYPES.items() if "place" in object_type.hooks)


#: Types of which the kernel may store several objects as one entry, with the shared options.
SHARING = {name: frozenset(object_type.shared) for name, object_type in OBJECT_TYPES.items() if object_type.shared}


def one_of(entry: Entry) -> Ident | None:
    """Return the kernel's one entry behind several objects with shared options, None for most objects."""
    key = OBJECT_TYPES[entry.type].one_of(entry.key) if entry.type in SHARING else None
    return None if key is None else (entry.type, key)


def place_of(entry: Entry) -> Ident | None:
    """Return the claim of an object on a link, of which one at most exists, None for most objects."""
    place = OBJECT_TYPES[entry.type].place(entry.key) if entry.type in OBJECT_TYPES else None
    return None if place is None else (entry.type, place)


def lower_key(entry: Entry) -> Key | None:
    """Return the key of the lower device of a link."""
    kind = KINDS.get(entry.kind)
    name = entry.options.get(kind.lower, NONE) if kind and kind.lower else NONE
    return None if name == NONE else (made_in(entry), name)


def goes_with(entry: Entry) -> set[Key]:
    """Return the keys of the links, besides its lower device, whose move to another namespace removes a link."""
    kind = KINDS.get(entry.kind)
    if kind is None or not kind.goes_with_lower:
        return set()
    named = (entry.options.get(name, NONE) for name in _naming_links(kind.name))
    return {(made_in(entry), name) for name in named if name != NONE}


@cache
def _naming_links(kind: str) -> tuple[str, ...]:
    return tuple(row.name for row in KINDS[kind].options if isinstance(row.type, LinkName))
