# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hold the wire types of netlink attributes, and the base of all types of values."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable, NamedTuple, Optional, Protocol, Union

Leaf = Union[int, str, bytes]
#: Returns the number of a name in a database of the host, such as rt_tables; None for an unknown name.
Look = Callable[[str, str], Optional[int]]
Attr = tuple[int, str, Leaf]  # netlink attribute number, wire type, what the codec packs

#: Command lines, by their words: those before the line of the object itself, and those behind it. The first word is the
#: tool.
Lines = tuple[list[list[str]], list[list[str]]]

#: The canonical value of an address, link or list of words that says "none".
NONE = "none"


class _Unset:
    """Stand for "the kernel did not report it", which is never the same as 0, false or none."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET = _Unset()


class Names(Protocol):
    """Translate link names to interface indexes and back, in one network namespace."""

    def index(self, name: str) -> int: ...

    def name(self, index: int) -> str: ...


class Format(NamedTuple):
    """One wire type: pyroute2's name for it and the struct format that unpacks it (None: bytes as they are)."""

    pyroute2: str
    struct: str | None


#: Wire types of leaf attributes. Byte order of be16/be32 is the network's (RFC 1700), of the others the host's.
WIRE: dict[str, Format] = {
    "u8": Format("uint8", "=B"),
    "u16": Format("uint16", "=H"),
    "u32": Format("uint32", "=I"),
    "s32": Format("int32", "=i"),
    "u64": Format("uint64", "=Q"),
    "be16": Format("be16", ">H"),
    "be32": Format("be32", ">I"),
    "str": Format("asciiz", None),
    "flag": Format("flag", None),
    "raw": Format("cdata", None),
}
_UNPACKERS: dict[str, Callable[[bytes], tuple[Any, ...]]] = {
    name: struct.Struct(fmt.struct).unpack_from for name, fmt in WIRE.items() if fmt.struct
}


def unpack(wire: str, payload: bytes) -> Leaf:
    """Return the value of one leaf attribute."""
    if wire == "str":
        return bytes(payload).split(b"\0", 1)[0].decode("utf-8", "replace")
    unpacker = _UNPACKERS.get(wire)
    if unpacker is None:
        return bytes(payload)
    number: int = unpacker(payload)[0]
    return number


class KeywordsOnly(type):
    """Let a class be called with keyword arguments only. Python 3.9 has no ``dataclass(kw_only=True)``."""

    def __call__(cls, *args: Any, **columns: Any) -> Any:
        """Return an instance; raise TypeError for positional arguments."""
        if args:
            raise TypeError(f"{cls.__name__}: {args[0]!r} must be given by keyword")
        return super().__call__(**columns)


def quoted(words: Iterable[str]) -> str:
    """Return words as Markdown code with commas between them."""
    return ", ".join(f"`{word}`" for word in words)


@dataclass(frozen=True)
class Type(metaclass=KeywordsOnly):
    """The base of all types: one attribute, one leaf."""

    wire: str = "u32"
    ansible: str = "str"

    @property
    def choices(self) -> list[str] | None:
        """Give the words an option accepts, where it accepts nothing else."""
        return None

    @property
    def wires(self) -> tuple[str, ...]:
        """Give the wire type of each attribute that an option of this type uses."""
        return (self.wire,)

    @property
    def nothing(self) -> Any:
        """Give the canonical value that says that nothing is there, where an option can say so."""
        return None

    def numbered(self, value: Any, look: Look) -> Any:
        """Return the user's value with names that only the host knows replaced by their numbers."""
        return value

    def parse(self, value: Any) -> Any:
        """Return the canonical form; raise ValueError with a reason."""
        return value

    def to_leaf(self, value: Any, names: Names) -> Leaf:
        """Return the number, text or bytes that the codec packs."""
        leaf: Leaf = value
        return leaf

    def from_leaf(self, leaf: Leaf, names: Names) -> Any:
        """Return the canonical form of an unpacked leaf."""
        return leaf

    def encode(self, attrs: Sequence[int], value: Any, names: Names) -> list[Attr]:
        """Return the attributes that ask the kernel for a value."""
        return [(attrs[0], self.wire, self.to_leaf(value, names))]

    def change(self, old: Any, new: Any) -> Any:
        """Return the value whose words change one value into another."""
        return new

    def encode_change(self, attrs: Sequence[int], old: Any, new: Any, names: Names) -> list[Attr]:
        """Return the attributes that turn an old value into a new one."""
        return self.encode(attrs, new, names)

    def decode(self, attrs: Sequence[int], found: Mapping[int, bytes], names: Names) -> Any:
        """Return the canonical value among the attributes found, or UNSET."""
        payload = found.get(attrs[0])
        if payload is None:
            return self.absent()
        return self.from_leaf(unpack(self.wire, payload), names)

    def absent(self) -> Any:
        """Return the value that the kernel means when it does not report the option."""
        return UNSET

    def same(self, wanted: Any, found: Any) -> bool:
        """Tell whether the current value meets the desired one, both in canonical form."""
        return bool(wanted == found)

    def touched(self, wanted: Any, found: Any) -> Any:
        """Return the part of the current value that a desired value changes: all, unless a type overrides this."""
        return found

    def words(self, word: str, value: Any) -> list[str]:
        """Return the value in iproute2's words."""
        return [word, str(value)]

    def lines(self, dev: str, old: Any, new: Any) -> Lines:
        """Return the command lines that change an option with commands of its own; ``old`` is None for a new link."""
        return [], []

    def kept(self, value: Any, hz: int) -> Any:
        """Return the value that a kernel with this timer frequency (CONFIG_HZ) keeps of a canonical value."""
        return value

    def by_itself(self, value: Any, options: Mapping[str, Any]) -> bool:
        """Tell whether the kernel chooses the canonical value by itself where an object has these other options."""
        return False

    def usual(self, value: Any, bridge: Mapping[str, Any]) -> bool:
        """Tell whether a bridge with these options gives itself and its ports the canonical value."""
        return False

    def plain(self, value: Any) -> Any:
        """Return a canonical value as YAML would write it."""
        return value

    def links(self, value: Any) -> tuple[str, ...]:
        """Return the names of the links that a value refers to."""
        return ()

    def renamed(self, value: Any, own: Callable[[str], str]) -> Any:
        """Return a value with alternative names of links replaced by real names, which ``own`` returns."""
        return value

    def nexthops(self, value: Any) -> tuple[str, ...]:
        """Return the ids of the nexthops that a value refers to."""
        return ()

    def objection(self, value: Any, kernel: tuple[int, int], daring: bool) -> str:
        """Return the reason not to send a value to a kernel of this release; ``daring`` accepts hazards."""
        return ""

    @property
    def takes(self) -> str:
        """Return what an option of this type takes: one line of Markdown, for docs/options.md."""
        raise NotImplementedError
