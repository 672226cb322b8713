# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Describe rtnetlink requests before they are bytes, and the links' names and indexes that they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from . import constants as c

if TYPE_CHECKING:
    from ...state.model import Entry


#: The largest index that the kernel gives and takes (net/core/dev.c: dev_index_reserve()).
LARGEST = 2**31 - 1


class View:
    """Translate between names and indexes. New links get an unused index, so that one batch can make and use them."""

    def __init__(self) -> None:
        self._indexes: dict[str, int] = {"lo": 1}
        self._names: dict[int, str] = {1: "lo"}
        self.highest = 1
        self._held: set[int] = set()

    def add(self, name: str, index: int) -> None:
        """Note a link."""
        self._indexes[name] = index
        self._names[index] = name
        self.highest = max(self.highest, index)

    def hold(self, index: int) -> None:
        """Give an index to none but the one who asks for it."""
        self._held.add(index)

    def reserve(self, name: str, above: int = 0, wished: int | None = None) -> int:
        """Return the index for a new link: the desired one, or one that no link of the namespace has.

        The latter is above a given index; where a link has the largest, it is any free one.
        """
        number = wished or max(self.highest, above) + 1
        while wished is None and (number > LARGEST or number in self._names or number in self._held):
            number = number + 1 if number < LARGEST else 2
        self.add(name, number)
        return number

    def forget(self, name: str) -> None:
        """Note that a link is gone. Its index is not given again: whoever told of it before still finds its name."""
        self._indexes.pop(name, None)

    def index(self, name: str) -> int:
        """Return a link's index; raise KeyError."""
        return self._indexes[name]

    def name(self, index: int) -> str:
        """Return a link's name, or ``if`` with its index for a link of another namespace."""
        return self._names.get(index) or f"if{index}"


#: Attributes as (number, wire type, value), with a list for a nest.
Tree = Sequence[tuple[int, str, Any]]

NEW = c.NLM_F_CREATE | c.NLM_F_EXCL
PUT = c.NLM_F_CREATE | c.NLM_F_REPLACE


class Message(NamedTuple):
    """One request: ``shape`` names the struct behind the header (see codec.py), whose fields ``header`` fills."""

    netns: str  # whose socket sends it
    shape: str
    kind: int  # RTM_*
    flags: int  # NLM_F_* besides request and acknowledgement
    header: Mapping[str, int]
    tree: Tree


class Opened(Protocol):
    """Give the open file of each namespace."""

    def fd(self, name: str) -> int: ...


class Known(Protocol):
    """What a writer must know of a host: names and indexes of links, and namespaces."""

    @property
    def namespaces(self) -> Opened: ...

    def view(self, netns: str) -> View: ...

    def relate(self, netns: str, other: str) -> None: ...


def flags_for(verb: str) -> int:
    """Return the netlink flags of a request that adds, sets or removes an object (NLM_F_CREATE and the like)."""
    return {"add": NEW, "set": PUT, "del": 0}[verb]


def mark_of(entry: Entry) -> int:
    """Return the protocol of an object: the collection's, or the old one of a restored foreign object."""
    return c.MARK if entry.maker is None else entry.maker


def family_of(address: str) -> int:
    """Return an address's family."""
    return c.AF_INET6 if ":" in address else c.AF_INET
