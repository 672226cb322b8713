# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Say what a value of an option looks like: as a user writes it, as the kernel holds it, as iproute2 prints it.

A type turns what a user wrote into one canonical form (``parse``), that form into netlink attributes (``encode``),
attributes back into it (``decode``), and into iproute2's words (``words``). Two values are the same exactly when their
canonical forms are equal, so that a second run finds nothing to do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .wire import NONE, UNSET, WIRE, Attr, Leaf, Names, Type, unpack

__all__ = [
    "IFNAME_LENGTH",
    "NONE",
    "UNSET",
    "WIRE",
    "Attr",
    "Bool",
    "Centiseconds",
    "Flag",
    "Int",
    "IntOr",
    "Leaf",
    "LinkName",
    "Names",
    "NetnsOf",
    "Text",
    "Ttl",
    "Type",
    "Word",
    "ifname",
    "truth",
    "unpack",
    "whole_number",
]


def whole_number(value: Any) -> int:
    """Read an integer as YAML or the command line gives it (also ``0x..``); raise ValueError for anything else."""
    if isinstance(value, bool):
        raise ValueError(f"{value!r} is not a whole number")
    if isinstance(value, int):
        return value
    try:
        return int(str(value).strip(), 0)
    except ValueError:
        raise ValueError(f"{value!r} is not a whole number") from None


@dataclass(frozen=True)
class Int(Type):
    """A whole number between two bounds (both included), with a reason for the bounds."""

    low: int = 0
    high: int = 2**32 - 1
    rule: str = ""
    ansible: str = "int"
    if_absent: int | None = None  # what the kernel's silence means
    barred: int = 0  # bits that the kernel refuses

    def parse(self, value: Any) -> int:
        number = whole_number(value)
        if number >= 0 and number & self.barred:
            reason = f" ({self.rule})" if self.rule else ""
            raise ValueError(f"{number:#x} has bits of {self.barred:#x}, which the kernel refuses{reason}")
        if not self.low <= number <= self.high:
            reason = f" ({self.rule})" if self.rule else ""
            raise ValueError(f"{number} is not within {self.low}..{self.high}{reason}")
        return number

    def absent(self) -> Any:
        return UNSET if self.if_absent is None else self.if_absent


@dataclass(frozen=True)
class Centiseconds(Int):
    """A time in units of 1/100 s (USER_HZ), which the kernel keeps in ticks of its timer (CONFIG_HZ)."""

    rule: str = "centiseconds"

    def kept(self, value: Any, hz: int) -> int:
        """Return the time after its way into ticks and back (kernel/time/time.c: clock_t_to_jiffies, and back)."""
        tick = (10**9 + hz // 2) // hz  # nanoseconds, include/vdso/jiffies.h: TICK_NSEC
        number: int = value
        return number * hz // 100 * tick // 10**7


def truth(value: Any) -> bool:
    """Read a boolean as YAML and iproute2 write it; raise ValueError for anything else."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in ("1", "true", "yes", "on"):
        return True
    if word in ("0", "false", "no", "off"):
        return False
    raise ValueError(f"{value!r} is not a boolean")


@dataclass(frozen=True)
class Bool(Type):
    """A boolean in a number; printed ``word on``/``word off``, or ``word``/``noword`` where iproute2 does so."""

    wire: str = "u8"
    ansible: str = "bool"
    style: str = "onoff"
    inverted: bool = False  # the attribute says the opposite of the option
    false_when_absent: bool = False

    def parse(self, value: Any) -> bool:
        return truth(value)

    def to_leaf(self, value: Any, names: Names) -> Leaf:
        return int(bool(value) != self.inverted)

    def from_leaf(self, leaf: Leaf, names: Names) -> bool:
        return bool(leaf) != self.inverted

    def absent(self) -> Any:
        return False if self.false_when_absent else UNSET

    def words(self, word: str, value: Any) -> list[str]:
        if self.style == "flag":
            return [word] if value else []
        if self.style == "no":
            return [word if value else f"no{word}"]
        if self.style == "number":
            return [word, str(int(value))]
        return [word, "on" if value else "off"]


@dataclass(frozen=True)
class Flag(Type):
    """A boolean whose attribute is empty: there or not. A false one cannot be sent, only left out."""

    wire: str = "flag"
    ansible: str = "bool"

    def parse(self, value: Any) -> bool:
        return truth(value)

    def encode(self, attrs: Sequence[int], value: Any, names: Names) -> list[Attr]:
        return [(attrs[0], "flag", b"")] if value else []

    def decode(self, attrs: Sequence[int], found: Mapping[int, bytes], names: Names) -> Any:
        return attrs[0] in found

    def words(self, word: str, value: Any) -> list[str]:
        return [word] if value else []


@dataclass(frozen=True)
class Word(Type):
    """One word of a list, held by the kernel as a number."""

    table: Mapping[str, int] = field(default_factory=dict)
    wire: str = "u8"
    aliases: Mapping[str, str] = field(default_factory=dict)
    bare: bool = False  # iproute2 writes the word alone, not behind the option's name

    @property
    def choices(self) -> list[str]:
        return list(self.table)

    def parse(self, value: Any) -> str:
        # YAML reads a bare on/off/no as a boolean: give such words back their meaning.
        word = {True: "on", False: "off"}.get(value, str(value)) if isinstance(value, bool) else str(value)
        word = self.aliases.get(word, word)
        if word not in self.table:
            raise ValueError(f"{value!r} is not one of {', '.join(self.table)}")
        return word

    def to_leaf(self, value: Any, names: Names) -> Leaf:
        return self.table[value]

    def from_leaf(self, leaf: Leaf, names: Names) -> Any:
        for word, number in self.table.items():
            if number == leaf:
                return word
        return str(leaf)

    def words(self, word: str, value: Any) -> list[str]:
        return [value] if self.bare and word == "flag" else [word, value]


@dataclass(frozen=True)
class IntOr(Type):
    """A number, or one of some words that stand for special numbers (``tos inherit`` is 1)."""

    table: Mapping[str, int] = field(default_factory=dict)
    low: int = 0
    high: int = 255
    base: int = 10
    zero_when_absent: bool = False

    def parse(self, value: Any) -> str | int:
        if str(value) in self.table:
            return str(value)
        try:
            number = whole_number(value)
        except ValueError:
            raise ValueError(f"{value!r} is neither a number nor {' nor '.join(self.table)}") from None
        if not self.low <= number <= self.high:
            raise ValueError(f"{number} is not within {self.low}..{self.high}")
        for word, special in self.table.items():
            if special == number:
                return word
        return number

    def to_leaf(self, value: Any, names: Names) -> Leaf:
        leaf: Leaf = self.table.get(value, value)
        return leaf

    def from_leaf(self, leaf: Leaf, names: Names) -> Any:
        return self.parse(leaf)

    def absent(self) -> Any:
        return self.parse(0) if self.zero_when_absent else UNSET

    def words(self, word: str, value: Any) -> list[str]:
        return [word, hex(value) if self.base == 16 and isinstance(value, int) else str(value)]


@dataclass(frozen=True)
class Ttl(Type):
    """A TTL: a number, ``auto`` (0: the route decides) or ``inherit`` (an attribute of its own)."""

    inherit_wire: str = "u8"
    wire: str = "u8"

    @property
    def wires(self) -> tuple[str, ...]:
        return (self.wire, self.inherit_wire)

    def parse(self, value: Any) -> str | int:
        if str(value) in ("auto", "inherit"):
            return str(value)
        try:
            number = whole_number(value)
        except ValueError:
            raise ValueError(f"{value!r} is neither a number nor auto nor inherit") from None
        if not 0 <= number <= 255:
            raise ValueError(f"{number} is not within 0..255 (8 bits)")
        return number or "auto"

    def encode(self, attrs: Sequence[int], value: Any, names: Names) -> list[Attr]:
        if value == "inherit":
            return [(attrs[1], self.inherit_wire, b"" if self.inherit_wire == "flag" else 1)]
        # Never both: geneve_nl2info() ignores the number as soon as the other attribute is there, whatever it says.
        return [(attrs[0], self.wire, 0 if value == "auto" else value)]

    def decode(self, attrs: Sequence[int], found: Mapping[int, bytes], names: Names) -> Any:
        flag = found.get(attrs[1])
        # vxlan takes an empty flag but reports a byte (vxlan_fill_info()).
        if flag is not None and (not flag or flag[0]):
            return "inherit"
        payload = found.get(attrs[0])
        return UNSET if payload is None else payload[0] or "auto"


@dataclass(frozen=True)
class Text(Type):
    """A string of at most so many bytes; the empty string takes it away."""

    wire: str = "str"
    most: int = 255

    @property
    def nothing(self) -> str:
        return ""

    def parse(self, value: Any) -> str:
        text = str(value)
        if len(text.encode()) > self.most:
            raise ValueError(f"{text!r} is longer than {self.most} bytes")
        if "\0" in text:
            raise ValueError("holds a NUL byte")
        return text

    def absent(self) -> Any:
        return ""

    def words(self, word: str, value: Any) -> list[str]:
        return [word, f'"{value}"' if not value or re.search(r"\s", value) else value]


IFNAME_LENGTH = 15  # linux/if.h: IFNAMSIZ 16 with the closing NUL


def ifname(value: Any) -> str:
    """Check a link name as the kernel's dev_valid_name() does; raise ValueError."""
    name = str(value)
    if not name or len(name.encode()) > IFNAME_LENGTH:
        raise ValueError(f"{name!r} is not 1 to {IFNAME_LENGTH} bytes long")
    if name in (".", "..") or re.search(r"[\s/:]", name) or not name.isprintable():
        raise ValueError(f"{name!r} holds a space, a slash or a colon, or is . or ..")
    return name


@dataclass(frozen=True)
class NetnsOf(Text):
    """The namespace of something; the empty text is the module's own and says as much as any other."""

    @property
    def nothing(self) -> Any:
        return None


@dataclass(frozen=True)
class LinkName(Type):
    """The name of another link in the same namespace; ``none`` stands for no link."""

    wire: str = "u32"
    negated: bool = False  # iproute2's word for no link is the option's with "no" before it

    @property
    def nothing(self) -> str:
        return NONE

    def words(self, word: str, value: Any) -> list[str]:
        return [f"no{word}"] if self.negated and value == NONE else [word, value]

    def parse(self, value: Any) -> str:
        return NONE if value in ("", NONE) else ifname(value)

    def to_leaf(self, value: Any, names: Names) -> Leaf:
        return 0 if value == NONE else names.index(value)

    def from_leaf(self, leaf: Leaf, names: Names) -> Any:
        return names.name(int(leaf)) if leaf else NONE

    def absent(self) -> Any:
        return NONE

    def links(self, value: Any) -> tuple[str, ...]:
        return () if value == NONE else (value,)
