# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Define entries, the state of a host, changes and operations. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ..tables.failure import Refused
from ..tables.registry import OBJECT_TYPES

__all__ = ["HOST", "NAMELESS", "Change", "Connection", "Entry", "Ident", "Key", "Operation", "Refused", "State"]

Key = tuple[str, ...]
Ident = tuple[str, Key]

#: The canonical name of the namespace that the module runs in.
HOST = ""
#: The name of a namespace that is known only by its id in another one, such as a container's.
NAMELESS = "nsid:"

_NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, init=False)
class Entry:
    """One object of a host: its type, its key (first its namespace), and its options."""

    type: str
    key: Key
    options: Mapping[str, Any]
    present: bool
    recreate: bool  # a new one may take its place
    owned: bool  # carries the collection's mark
    kind: str  # links only
    by_kernel: bool  # looks like an object that the kernel creates by itself: reported only where it is desired
    made_with: Key | None  # the link whose creation creates this one: the peer of a veth pair
    from_netns: str | None = None  # links only: the namespace to move it from
    maker: int | None = None  # the protocol of a foreign object, which a restored one keeps
    ident: Ident = field(init=False, compare=False, repr=False)  # what tells this object from every other

    def __init__(
        self,
        type: str,  # noqa: A002 - the name of the field, which dataclasses.replace() passes
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
        # A host has ten thousands of entries. The generated constructor of a frozen dataclass takes twice as long.
        self.__dict__.update(
            type=type,
            key=key,
            options=options,
            present=present,
            recreate=recreate,
            owned=owned,
            kind=kind,
            by_kernel=by_kernel,
            made_with=made_with,
            ident=(type, key),
        )
        # Rare fields keep the default of the class.
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
        words = self.name if self.type == "link" else OBJECT_TYPES[self.type].called(self.key)
        return f"{words} in netns {self.netns}" if self.netns else words


State = dict[Ident, Entry]


@dataclass(frozen=True, init=False)
class Change:
    """The change of one object: create, modify, recreate, move or delete."""

    verb: str  # create, modify, recreate, delete
    entry: Entry  # as desired (delete: as observed)
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
        """Return the current object that is changed or removed; raise LookupError for an object to create."""
        if self.observed is None:
            raise LookupError(f"{self.entry}: nothing is there to {self.verb}")
        return self.observed


@dataclass(frozen=True, init=False)
class Operation:
    """One step: add, set or del an object. ``before`` has the replaced values, for the rollback."""

    verb: str
    entry: Entry
    before: Entry | None
    phase: int
    undoable: bool  # False: the rollback of another operation covers this one
    restore: tuple[Operation, ...]  # removed links: the operations that restore the link and its dependents

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
        """Return the operation that rolls this one back."""
        if self.verb == "add":
            return Operation("del", self.entry)
        if self.verb == "set":
            return Operation("set", self.before or self.entry.having({}), self.entry)
        return Operation("add", self.before or self.entry)


@dataclass(frozen=True)
class Connection:
    """A connection: the client's address, the server's address, and the link that replies leave by."""

    client: str
    server: str
    device: str
