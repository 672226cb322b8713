# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hold the words of the engine: entries, the state of a host, changes and operations. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .kinds import KINDS
from .kinds.link import ALL as LINK_OPTIONS
from .kinds.link import MARK_GROUP
from .kinds.table import Kind, Option, Refused
from .kinds.types import UNSET
from .objects import SORTS

__all__ = [
    "HOST",
    "Change",
    "Entry",
    "Ident",
    "Key",
    "Operation",
    "Refused",
    "State",
    "link_option",
    "rows_of",
    "telling",
]

Key = tuple[str, ...]
Ident = tuple[str, Key]

#: The canonical name of the namespace that the module runs in.
HOST = ""

#: What a new object gets where the user says nothing. It is not asked of an object that is there already.
ON_CREATE: dict[str, dict[str, Any]] = {
    "link": {"up": True, "group": MARK_GROUP},
    "netns": {"loopback": True},
    "fdb": {"nud": "permanent"},
    "neighbor": {"nud": "permanent"},
}


@dataclass(frozen=True)
class Entry:
    """One object of a host: its sort, what it is known by (first its namespace), and its options."""

    sort: str
    key: Key
    options: Mapping[str, Any] = field(default_factory=dict)
    present: bool = True
    recreate: bool = False  # a new one may take its place
    owned: bool = False  # carries the collection's mark
    kind: str = ""  # links only
    by_kernel: bool = False  # looks like what the kernel makes by itself: told only where somebody wishes for it
    made_with: Key | None = None  # the link that brings this one with it: the other end of a veth pair

    @property
    def ident(self) -> Ident:
        """Return what tells this object from every other."""
        return (self.sort, self.key)

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
        return replace(self, options=dict(options))

    def __str__(self) -> str:
        words = self.name if self.sort == "link" else SORTS[self.sort].called(self.key)
        return f"{words} in netns {self.netns}" if self.netns else words


State = dict[Ident, Entry]


@dataclass(frozen=True)
class Change:
    """What is to become of one object: made, changed, made anew or removed."""

    verb: str  # create, modify, recreate, delete
    entry: Entry  # as wished (delete: as observed)
    observed: Entry | None = None
    fields: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)  # option -> old, new

    @property
    def there(self) -> Entry:
        """Return the object that is changed or removed; raise LookupError for one that is only to be made."""
        if self.observed is None:
            raise LookupError(f"{self.entry}: nothing is there to {self.verb}")
        return self.observed


@dataclass(frozen=True)
class Operation:
    """One step: add, set or del an object. ``before`` is what set and del replace, for the way back."""

    verb: str
    entry: Entry
    before: Entry | None = None
    phase: int = 0
    undoable: bool = True  # False: the undo of another operation takes this one back too
    restore: tuple[Operation, ...] = ()  # removed links: what brings the link and all that hung on it back

    def inverse(self) -> Operation:
        """Return the operation that takes this one back."""
        if self.verb == "add":
            return Operation("del", self.entry)
        if self.verb == "set":
            return Operation("set", self.before or self.entry.having({}), self.entry)
        return Operation("add", self.before or self.entry)


def rows_of(entry: Entry) -> tuple[Option, ...]:
    """Return the rows that an object's options come from."""
    if entry.sort != "link":
        return SORTS[entry.sort].options
    kind = KINDS.get(entry.kind)
    return (*LINK_OPTIONS, *kind.options) if kind else LINK_OPTIONS


def link_option(kind: Kind | None, name: str) -> Option | None:
    """Find an option of a link among its kind's and the common ones."""
    row = kind.option(name) if kind else None
    if row is not None:
        return row
    for row in LINK_OPTIONS:
        if row.name == name:
            return row
    return None


def telling(entry: Entry) -> dict[str, Any]:
    """Return the options of an object that say something: not those that say that nothing is there."""
    rows = {row.name: row for row in rows_of(entry)}
    return {
        name: value
        for name, value in entry.options.items()
        if name in rows and value is not UNSET and value != rows[name].type.nothing
    }
