# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Say what an rtnetlink request is before it is bytes: the writers give these, codec.py encodes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from ...state.model import Entry
from . import constants as c
from .view import View

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
    """Return what a request that adds, sets or removes an object tells the kernel of one that is there already."""
    return {"add": NEW, "set": PUT, "del": 0}[verb]


def mark_of(entry: Entry) -> int:
    """Return the protocol that an object is to carry: the collection's, or that of the one whose object is put back."""
    return c.MARK if entry.maker is None else entry.maker


def family_of(address: str) -> int:
    """Return an address's family."""
    return c.AF_INET6 if ":" in address else c.AF_INET
