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
#: What a namespace is called of which nothing is known but its id in another one: a container's, say.
NAMELESS = "nsid:"

_NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, init=False)
class Entry:
    """One object of a host: its type, what it is known by (first its namespace), and its options."""

    type: str
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
        # A host has ten thousands of entries, and what a frozen dataclass does by itself takes twice as long.
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
        words = self.name if self.type == "link" else OBJECT_TYPES[self.type].called(self.key)
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
class Connection:
    """Where the connection comes from, the address that it came to, and the link that answers go out by."""

    client: str
    server: str
    device: str
