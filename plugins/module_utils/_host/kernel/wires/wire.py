# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Define the kernel's side of a type of object: dumps, decoding, requests."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable, Optional

from ...tables.types.base import KeywordsOnly
from ..netlink.message import Known, Message, View

if TYPE_CHECKING:
    from ...state.model import Entry, Operation
    from ..observe import Links


Decode = Callable[[str, bytes, View, "Links"], Optional["Entry"]]
Write = Callable[[Known, "Operation"], Message]
#: Writes requests that remove many at once, the last of which does it: of a namespace, names, and a group for them.
Removal = Callable[[Known, str, list[str], int], list[Message]]

_U32 = struct.Struct("=I")


@dataclass(frozen=True)
class Wire(metaclass=KeywordsOnly):
    """Describe how one type of object is dumped (RTM_GET*, payload), read from a dumped body, and written.

    ``decode`` gets the namespace, the body behind the netlink header, the namespace's names and its links; it returns
    None for what the kernel makes by itself or learns. ``decode_passing`` tells what is learned too: it is taken where
    somebody wishes for an entry that passes as such do (ObjectType.passing).
    """

    write: Write
    dumps: tuple[tuple[int, bytes], ...] = ()
    decode: Decode | None = None
    decode_passing: Decode | None = None
    #: The same for all bodies at once, where a body has several objects, or one object explains another.
    decode_all: Callable[[str, Sequence[bytes], View, Links], Iterable[Entry]] | None = None
    gone: tuple[int, ...] = ()  # errors without a message that mean that the object to remove is absent
    may_lack: bool = False  # a kernel that does not know it has none
    #: A table that shows which objects of this type the kernel creates, and the option of links with that table.
    needs: tuple[str, str] = ("", "")
    #: Refused (ENETDOWN) until the kernel has reported the link's carrier, so the request is sent again.
    awaits_carrier: bool = False
    removal: Removal | None = None


@dataclass(frozen=True)
class Part(metaclass=KeywordsOnly):
    """An option that requests of its own carry.

    ``removals`` and ``additions`` write a change of it; what an operation says besides stands between the two.
    """

    removals: Callable[[Known, Operation], list[Message]]
    additions: Callable[[Known, Operation], list[Message]]


@dataclass(frozen=True)
class LinkTable(Part):
    """A table that links have beside their own attributes: the request that dumps those of all links, and who reads it.

    ``fill`` gets the dumped bodies, the namespace's names and its links and ports, and yields those that have such a
    table, as an option of the table's name.
    """

    dump: tuple[int, bytes]
    fill: Callable[[Iterable[bytes], View, Sequence[Entry]], Iterator[Entry]]


def number(payload: bytes) -> int:
    """Unpack an attribute of 32 bits in the host's byte order."""
    found: int = _U32.unpack(payload)[0]
    return found
