# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Define types of values: as a user writes them, as the kernel stores them, as iproute2 prints them.

A type turns what a user wrote into one canonical form (``parse``), that form into netlink attributes (``encode``),
attributes back into it (``decode``), and into iproute2's words (``words``). Two values are the same exactly when their
canonical forms are equal, so that a second run finds nothing to do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Callable

from .base import NONE, UNSET, WIRE, Attr, Leaf, Lines, Look, Names, Type, quoted, unpack

__all__ = [
    "IFNAME_LENGTH",
    "NONE",
    "UNSET",
    "WIRE",
    "Attr",
    "Bool",
    "Centiseconds",
    "Choice",
    "Flag",
    "Int",
    "Leaf",
    "Lines",
    "LinkName",
    "Look",
    "NamedInt",
    "Names",
    "NetnsOf",
    "Text",
    "Type",
    "altname",
    "any_name",
    "ifname",
    "own_ifname",
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
    if_absent: int | None = None  # the value when the kernel reports none
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

    @property
    def takes(self) -> str:
        return f"{self.low} to {self.high}{f' ({self.rule})' if self.rule else ''}"


@dataclass(frozen=True)
class NamedInt(Int):
    """A whole number that has words for some values; the number is reported."""

    ansible: str = "str"
    table: Mapping[str, int] = field(default_factory=dict)

    def parse(self, value: Any) -> int:
        if isinstance(value, str) and value.strip() in self.table:
            return self.table[value.strip()]
        try:
            return super().parse(value)
        except ValueError as why:
            raise ValueError(f"{why}, nor is it {' or '.join(self.table)}" if "whole" in str(why) else why) from None

    @property
    def takes(self) -> str:
        return f"{quoted(self.table)} or {super().takes}"


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
    if word in ("1", "true", "t", "yes", "y", "on"):
        return True
    if word in ("0", "false", "f", "no", "n", "off"):
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
    takes = "`true`, `false`"

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
    takes = "`true`, `false`"

    def parse(self, value: Any) -> bool:
        return truth(value)

    def encode(self, attrs: Sequence[int], value: Any, names: Names) -> list[Attr]:
        return [(attrs[0], "flag", b"")] if value else []

    def decode(self, attrs: Sequence[int], found: Mapping[int, bytes], names: Names) -> Any:
        return attrs[0] in found

    def words(self, word: str, value: Any) -> list[str]:
        return [word] if value else []


@dataclass(frozen=True)
class Choice(Type):
    """One word of a list, held by the kernel as a number."""

    table: Mapping[str, int] = field(default_factory=dict)
    wire: str = "u8"
    aliases: Mapping[str, str] = field(default_factory=dict)
    bare: bool = False  # iproute2 writes the word alone, not behind the option's name

    @property
    def choices(self) -> list[str]:
        return [*self.table, *self.aliases]

    def parse(self, value: Any) -> str:
        # YAML reads a bare on/off/no as a boolean: give such words back their meaning.
        word = {True: "on", False: "off"}.get(value, str(value)) if isinstance(value, bool) else str(value)
        word = self.aliases.get(word, word)
        if word not in self.table:
            # Other tools write some in capitals: L3S, 802.1AD.
            word = next((known for known in self.table if known.lower() == word.lower()), word)
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

    @property
    def takes(self) -> str:
        return quoted(self.choices)


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

    @property
    def takes(self) -> str:
        return f"Text of at most {self.most} bytes; the empty text removes it"


IFNAME_LENGTH = 15  # linux/if.h: IFNAMSIZ 16 with the closing NUL


def ifname(value: Any) -> str:
    """Check a link name as the kernel's dev_valid_name() does; raise ValueError."""
    return _ifname(str(value))


@lru_cache(maxsize=4096)
def _ifname(name: str) -> str:
    if not name or len(name.encode()) > IFNAME_LENGTH:
        raise ValueError(f"{name!r} is not 1 to {IFNAME_LENGTH} bytes long")
    if name in (".", "..") or re.search(r"[\s/:]", name) or not name.isprintable():
        raise ValueError(f"{name!r} holds a space, a slash or a colon, or is . or ..")
    if "%" in name:
        raise ValueError(f"{name!r} holds a percent sign, in whose place the kernel puts a number of its own")
    return name


def own_ifname(value: Any) -> str:
    """Return the name of a new link; raise ValueError also for `all` and `default`, which are sysctl folders."""
    name = ifname(value)
    if name in ("all", "default"):  # net/ipv4/devinet.c: sysctl_dev_name_is_allowed()
        raise ValueError(f"{name!r} is what stands for all links, or new ones, in the kernel's sysctls")
    return name


ALTNAME_LENGTH = 127  # linux/if.h: ALTIFNAMSIZ 128 with the closing NUL


def altname(value: Any) -> str:
    """Check an alternative name as iproute2 does (lib/utils.c: check_altifname()), and for files; raise ValueError."""
    name = str(value)
    if not name or len(name.encode()) > ALTNAME_LENGTH:
        raise ValueError(f"{name!r} is not 1 to {ALTNAME_LENGTH} bytes long")
    if name in (".", "..") or re.search(r"[\s/]", name) or not name.isprintable():
        raise ValueError(f"{name!r} holds a space or a slash, or is . or ..")
    return name


def any_name(value: Any) -> str:
    """Check a name that a link may be asked for by: its own, or an alternative one; raise ValueError."""
    try:
        return ifname(value)
    except ValueError as why:
        try:
            return altname(value)
        except ValueError:
            raise why from None


@dataclass(frozen=True)
class NetnsOf(Text):
    """The namespace of a socket, lower device or peer; the empty text is the module's own."""

    takes = "A namespace (see [namespaces](namespaces.md))"

    @property
    def nothing(self) -> Any:
        return None


@dataclass(frozen=True)
class LinkName(Type):
    """The name of another link in the same namespace; ``none`` means no link."""

    wire: str = "u32"
    negated: bool = False  # iproute2's word for no link is the option's with "no" before it
    takes = "The name of a link; `none` stands for no link"

    @property
    def nothing(self) -> str:
        return NONE

    def words(self, word: str, value: Any) -> list[str]:
        return [f"no{word}"] if self.negated and value == NONE else [word, value]

    def parse(self, value: Any) -> str:
        return NONE if value in ("", NONE) else any_name(value)

    def to_leaf(self, value: Any, names: Names) -> Leaf:
        return 0 if value == NONE else names.index(value)

    def from_leaf(self, leaf: Leaf, names: Names) -> Any:
        return names.name(int(leaf)) if leaf else NONE

    def absent(self) -> Any:
        return NONE

    def links(self, value: Any) -> tuple[str, ...]:
        return () if value == NONE else (value,)

    def renamed(self, value: Any, own: Callable[[str], str]) -> Any:
        return value if value == NONE else own(value)
