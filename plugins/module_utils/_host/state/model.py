# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hold the words of the engine: entries, the state of a host, changes and operations. Pure data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any

from ..tables.links.any_link import ALL as LINK_OPTIONS
from ..tables.links.any_link import LINK_NETNS, MASTER
from ..tables.option import Kind, Option, Refused
from ..tables.registry import KINDS, SORTS
from ..tables.types.base import Type
from ..tables.types.named_numbers import Account
from ..tables.types.packed import Bits
from ..tables.types.simple import NONE, UNSET, NetnsOf

__all__ = [
    "HOST",
    "NAMELESS",
    "Change",
    "Entry",
    "Ident",
    "Key",
    "Operation",
    "Refused",
    "Rows",
    "State",
    "given",
    "link_of",
    "link_option",
    "links_named",
    "made_in",
    "names_links",
    "netns_named",
    "nexthops_named",
    "ousted_by",
    "peer_key",
    "rows",
    "rows_given",
    "rows_of",
    "table_of",
    "telling",
]

Key = tuple[str, ...]
Ident = tuple[str, Key]

#: The canonical name of the namespace that the module runs in.
HOST = ""
#: What a namespace is called of which nothing is known but its id in another one: a container's, say.
NAMELESS = "nsid:"

_NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, init=False)
class Entry:
    """One object of a host: its sort, what it is known by (first its namespace), and its options."""

    sort: str
    key: Key
    options: Mapping[str, Any]
    present: bool
    recreate: bool  # a new one may take its place
    owned: bool  # carries the collection's mark
    kind: str  # links only
    by_kernel: bool  # looks like what the kernel makes by itself: told only where somebody wishes for it
    made_with: Key | None  # the link that brings this one with it: the other end of a veth pair
    from_netns: str | None = None  # links only: where to take it from when it is not there
    maker: int | None = None  # the protocol that it carries where that is not our mark: put back, it is not ours either
    ident: Ident = field(init=False, compare=False, repr=False)  # what tells this object from every other

    def __init__(
        self,
        sort: str,
        key: Key,
        options: Mapping[str, Any] = _NO_OPTIONS,
        present: bool = True,
        recreate: bool = False,
        owned: bool = False,
        kind: str = "",
        by_kernel: bool = False,
        made_with: Key | None = None,
        from_netns: str | None = None,
        maker: int | None = None,
    ) -> None:
        # A host has ten thousands of entries, and what a frozen dataclass does by itself takes twice as long.
        self.__dict__.update(
            sort=sort,
            key=key,
            options=options,
            present=present,
            recreate=recreate,
            owned=owned,
            kind=kind,
            by_kernel=by_kernel,
            made_with=made_with,
            ident=(sort, key),
        )
        # What few have is the class's otherwise.
        if from_netns is not None:
            self.__dict__["from_netns"] = from_netns
        if maker is not None:
            self.__dict__["maker"] = maker

    @property
    def netns(self) -> str:
        """Return the namespace, HOST for the module's own."""
        return self.key[0]

    @property
    def name(self) -> str:
        """Return the name of the link that this object is or is on."""
        return self.key[1] if len(self.key) > 1 else ""

    def having(self, options: Mapping[str, Any]) -> Entry:
        """Return the same object with other options."""
        entry = Entry.__new__(Entry)
        entry.__dict__.update(self.__dict__, options=dict(options))
        return entry

    def __str__(self) -> str:
        words = self.name if self.sort == "link" else SORTS[self.sort].called(self.key)
        return f"{words} in netns {self.netns}" if self.netns else words


State = dict[Ident, Entry]


@dataclass(frozen=True, init=False)
class Change:
    """What is to become of one object: made, changed, made anew or removed."""

    verb: str  # create, modify, recreate, delete
    entry: Entry  # as wished (delete: as observed)
    observed: Entry | None
    fields: Mapping[str, tuple[Any, Any]]  # option -> old, new

    def __init__(
        self,
        verb: str,
        entry: Entry,
        observed: Entry | None = None,
        fields: Mapping[str, tuple[Any, Any]] = _NO_OPTIONS,
    ) -> None:
        self.__dict__.update(verb=verb, entry=entry, observed=observed, fields=fields)  # as in Entry

    @property
    def there(self) -> Entry:
        """Return the object that is changed or removed; raise LookupError for one that is only to be made."""
        if self.observed is None:
            raise LookupError(f"{self.entry}: nothing is there to {self.verb}")
        return self.observed


@dataclass(frozen=True, init=False)
class Operation:
    """One step: add, set or del an object. ``before`` is what set and del replace, for the way back."""

    verb: str
    entry: Entry
    before: Entry | None
    phase: int
    undoable: bool  # False: the undo of another operation takes this one back too
    restore: tuple[Operation, ...]  # removed links: what brings the link and all that hung on it back

    def __init__(
        self,
        verb: str,
        entry: Entry,
        before: Entry | None = None,
        phase: int = 0,
        undoable: bool = True,
        restore: tuple[Operation, ...] = (),
    ) -> None:
        self.__dict__.update(verb=verb, entry=entry, before=before, phase=phase, undoable=undoable, restore=restore)

    def inverse(self) -> Operation:
        """Return the operation that takes this one back."""
        if self.verb == "add":
            return Operation("del", self.entry)
        if self.verb == "set":
            return Operation("set", self.before or self.entry.having({}), self.entry)
        return Operation("add", self.before or self.entry)


@dataclass(frozen=True)
class Rows:
    """The rows that the options of one kind of link or sort of object come from, and those of them with a trait."""

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
def rows(sort: str, kind: str = "") -> Rows:
    """Return the rows of a sort of object, or of a kind of link: made once for each, and asked for by every object."""
    found: tuple[Option, ...] = LINK_OPTIONS if sort == "link" else SORTS[sort].options
    if sort == "link" and kind in KINDS:
        found = (*LINK_OPTIONS, *KINDS[kind].options)
    return _sorted_out(found, () if sort == "link" else SORTS[sort].keys)


@lru_cache(maxsize=1024)
def _given(sort: str, kind: str, names: tuple[str, ...]) -> Rows:
    table = rows(sort, kind)
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
    return rows(entry.sort, entry.kind)


def rows_of(entry: Entry) -> tuple[Option, ...]:
    """Return the rows that an object's options come from."""
    return table_of(entry).all


def given(entry: Entry) -> Rows:
    """Return the rows of those options that an object has. Thousands of objects have the same few."""
    return _given(entry.sort, entry.kind, tuple(entry.options))


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
    kind = KINDS.get(entry.kind) if entry.sort == "link" else None
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
    sort = SORTS.get(entry.sort)
    return entry.key[:2] if sort is not None and sort.on_link and entry.key[1] not in sort.of_no_link else None


def netns_named(entry: Entry, option: str) -> str:
    """Return the namespace of the link that an option names."""
    kind = KINDS.get(entry.kind)
    if kind is not None and option in kind.peer:
        return str(entry.options.get(kind.peer[1], entry.netns))
    return made_in(entry) if entry.sort == "link" and option != MASTER.name else entry.netns


#: Sorts whose keys may name links besides the one that an object is on, in their last part.
_NAMING_IN_KEY = frozenset(name for name, sort in SORTS.items() if sort.renamed is not None)


#: Sorts with keys that are links, besides the one that an object is on.
_LINKING_KEYS = frozenset(name for name, sort in SORTS.items() if sort.linking_keys)


def names_others(entry: Entry) -> bool:
    """Tell whether an object may name links besides the one that it is on. Most of the thousands on a host do not."""
    in_key = entry.sort in _NAMING_IN_KEY and bool(entry.key[-1])
    return in_key or entry.sort in _LINKING_KEYS or not table_of(entry).linking.isdisjoint(entry.options)


def names_links(entry: Entry, other_end: bool = False) -> Iterator[tuple[str, str, str]]:
    """Yield option, namespace and name of each link that an object names; ``other_end``: that of a pair too."""
    kind = KINDS.get(entry.kind)
    for row in given(entry).naming_links if not table_of(entry).linking.isdisjoint(entry.options) else ():
        if other_end or kind is None or row.name not in kind.peer:
            for name in row.type.links(entry.options[row.name]):
                yield row.name, netns_named(entry, row.name), name
    sort = SORTS.get(entry.sort)
    if sort is None:
        return
    for at in sort.linking_keys:
        if entry.key[at] != entry.name:
            yield sort.keys[at - 1].name, entry.netns, entry.key[at]
    chosen = sort.chosen(entry.key)
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
