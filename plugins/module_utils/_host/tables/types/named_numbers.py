# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Numbers that have names: some here, others in the files of a host (iproute2's rt_tables, rt_dsfield and the like).

``numbered`` puts the number in the place of a host's name, before a value is parsed. So values are numbers, or the
names of ours for them, on every host.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .base import UNSET, Attr, Leaf, Look, Names, Type, quoted
from .simple import NONE, Int, NamedInt, whole_number

#: The words of netplan and systemd for iproute2's ``set`` and ``unset``.
ON_OFF = {"on": "set", "off": "unset"}

#: Code points by their names, with the two ECN bits beneath them (RFC 2474, 2597, 3246, 5865, 8622), as in iproute2's
#: rt_dsfield.
DSFIELD = {
    "LE": 0x04,
    **{f"CS{number}": number << 5 for number in range(1, 8)},
    **{f"AF{major}{minor}": major << 5 | minor << 3 for major in range(1, 5) for minor in range(1, 4)},
    "VOICE-ADMIT": 0xB0,
    "EF": 0xB8,
}


def named_dsfield(value: Any, look: Look) -> Any:
    """Return the number of a code point that only the host has a name for, else the value."""
    if not isinstance(value, str) or not value or value.strip().upper() in DSFIELD or value[:1].isdigit():
        return value
    number = look("rt_dsfield", value.strip())
    return value if number is None else number


@dataclass(frozen=True)
class Tos(Type):
    """A type of service: ``inherit`` (1), a number to 255, or a code point's name such as ``AF41`` or ``EF``."""

    wire: str = "u8"
    takes = "`inherit`, 0 to 255, a code point such as `AF41` or `EF`, or a name in the host's `rt_dsfield`"

    def numbered(self, value: Any, look: Look) -> Any:
        return value if value in ("inherit", "default") else named_dsfield(value, look)

    def parse(self, value: Any) -> str | int:
        word = str(value).strip()
        if word == "inherit":
            return word
        if word.upper() in DSFIELD:
            return DSFIELD[word.upper()]
        try:
            number = 0 if word == "default" else whole_number(value)
        except ValueError:
            raise ValueError(
                f"{value!r} is neither a number nor inherit nor a code point such as AF41, "
                f"nor in this host's rt_dsfield"
            ) from None
        if not 0 <= number <= 255:
            raise ValueError(f"{number} is not within 0..255")
        return "inherit" if number == 1 else number

    def to_leaf(self, value: Any, names: Names) -> Leaf:
        return 1 if value == "inherit" else int(value)

    def from_leaf(self, leaf: Leaf, names: Names) -> Any:
        return self.parse(leaf)

    def words(self, word: str, value: Any) -> list[str]:
        # iproute2 reads a bare number as hexadecimal (lib/rt_names.c: rtnl_dsfield_a2n()).
        return [word, value if value == "inherit" else hex(value)]


@dataclass(frozen=True)
class Ttl(Type):
    """A TTL: a number, ``auto`` (0: the route decides) or ``inherit`` (an attribute of its own)."""

    inherit_wire: str = "u8"
    wire: str = "u8"
    takes = "`inherit`, `auto` or 0 (the route decides), or 1 to 255"

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


def number_for(value: Any, database: str, look: Look) -> Any:
    """Return the number that a host has for a name, and anything else as it is."""
    if not isinstance(value, str) or value[:1].isdigit():
        return value  # also what is no number and no name: it is refused when it is parsed
    number = look(database, value)
    return value if number is None else number


@dataclass(frozen=True)
class HostInt(NamedInt):
    """A whole number that the host may have a name for; the number is reported."""

    database: str = ""

    def numbered(self, value: Any, look: Look) -> Any:
        known = isinstance(value, str) and value in self.table
        return value if known else number_for(value, self.database, look)

    @property
    def takes(self) -> str:
        return f"{super().takes}, or a name in the host's `{self.database}`"


TABLES = {"default": 253, "main": 254, "local": 255}
SCOPES = {"global": 0, "site": 200, "link": 253, "host": 254, "nowhere": 255}
DSFIELDS = {"default": 0x00, **DSFIELD}


def number_of(table: Mapping[str, int], value: Any) -> int:
    """Return the number of a canonical value: a name of the table, or a number."""
    return table[value] if value in table else int(value)


@dataclass(frozen=True)
class Named(Type):
    """A number, or a name for one: ``database`` is the file that has more of them on a host."""

    table: Mapping[str, int] = field(default_factory=dict)
    low: int = 0
    high: int = 255
    database: str = ""
    keeps: bool = True  # the canonical form of a number with a name is the name

    def numbered(self, value: Any, look: Look) -> Any:
        if not isinstance(value, str) or value in self.table or value[:1].isdigit():
            return value
        number = look(self.database, value)
        return value if number is None else number

    def parse(self, value: Any) -> str | int:
        text = str(value).strip()
        if text in self.table:
            return text if self.keeps else self.table[text]
        try:
            number = whole_number(value)
        except ValueError:
            known = ", ".join(self.table)
            raise ValueError(
                f"{value!r} is neither a number nor one of {known}, nor in this host's {self.database}"
            ) from None
        if not self.low <= number <= self.high:
            raise ValueError(f"{number} is not within {self.low}..{self.high}")
        return {n: word for word, n in self.table.items()}.get(number, number) if self.keeps else number

    @property
    def takes(self) -> str:
        return f"{quoted(self.table)}, {self.low} to {self.high} or a name in the host's `{self.database}`"


@dataclass(frozen=True)
class Scope(Named):
    """A scope by name, or by number."""

    table: Mapping[str, int] = field(default_factory=lambda: SCOPES)
    database: str = "rt_scopes"


@dataclass(frozen=True)
class RoutingTable(Named):
    """A routing table by number, by one of the kernel's three names, or by a name in the host's rt_tables."""

    table: Mapping[str, int] = field(default_factory=lambda: TABLES)
    low: int = 1
    high: int = 2**32 - 1
    database: str = "rt_tables"


@dataclass(frozen=True)
class Dsfield(Named):
    """The byte of an IP header that was TOS, by number or name; its two lowest bits are ECN's and must be 0."""

    table: Mapping[str, int] = field(default_factory=lambda: DSFIELDS)
    database: str = "rt_dsfield"
    keeps: bool = False

    def parse(self, value: Any) -> int:
        number = int(super().parse(value))
        if number & 3:
            raise ValueError(f"{number} has one of the two lowest bits set, and these are not DSCP's but ECN's")
        return number


@dataclass(frozen=True)
class Realms(Type):
    """Realms that packets are accounted to: that of the destination, or ``SOURCE/DESTINATION``, or ``none``."""

    high = 65535

    @property
    def nothing(self) -> Any:
        return NONE

    def absent(self) -> Any:
        return NONE

    def numbered(self, value: Any, look: Look) -> Any:
        if not isinstance(value, str) or value in (NONE, ""):
            return value
        found = [part if part[:1].isdigit() else look("rt_realms", part) for part in value.split("/")]
        return value if None in found else "/".join(map(str, found))

    def parse(self, value: Any) -> str:
        text = str(value).strip()
        if text in (NONE, "") or isinstance(value, bool):
            if isinstance(value, bool):
                raise ValueError(f"{value!r} is not a realm")
            return NONE
        try:
            parts = [whole_number(part) for part in text.split("/")]
        except ValueError:
            raise ValueError(
                f"{value!r} is neither REALM nor SOURCE/DESTINATION, with numbers or names of rt_realms"
            ) from None
        if len(parts) > 2 or not all(0 <= part <= self.high for part in parts):
            raise ValueError(f"{value!r} is neither REALM nor SOURCE/DESTINATION, each within 0..{self.high}")
        return realms_of((parts[0] << 16 | parts[1]) if len(parts) == 2 else parts[0])

    def words(self, word: str, value: Any) -> list[str]:
        return [] if value == NONE else [word, value]

    @property
    def takes(self) -> str:
        return f"`REALM` or `SOURCE/DESTINATION`, each 0 to {self.high} or a name in the host's `rt_realms`, or `none`"


def realms_of(number: int) -> str:
    """Return realms in their canonical form; the kernel has the source's in the high half."""
    if not number:
        return NONE
    source, destination = number >> 16, number & 0xFFFF
    return f"{source}/{destination}" if source else str(destination)


def flow_of(realms: str) -> int:
    """Return the kernel's number for realms."""
    if realms == NONE:
        return 0
    source, _slash, destination = realms.rpartition("/")
    return int(source or 0) << 16 | int(destination)


#: The largest number of a user or group; the one above it stands for nobody (linux/uidgid.h: INVALID_UID).
LARGEST = 2**32 - 2


@dataclass(frozen=True)
class Account(Type):
    """A user or group: its number, its name, or ``none``.

    The canonical form is the number. Only the managed host knows the number of a name. The configuration's reader
    refuses a name that the host does not know.
    """

    database: str = "user"  # user or group

    def numbered(self, value: Any, look: Look) -> Any:
        if not isinstance(value, str) or re.fullmatch(r"\s*[+-]?[0-9]+\s*", value):
            return value
        number = look("passwd" if self.database == "user" else "etc/group", value.strip())
        return value if number is None else number

    @property
    def nothing(self) -> str:
        return NONE

    def parse(self, value: Any) -> str | int:
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise ValueError(f"{value!r} is neither a number nor the name of a {self.database}")
        text = str(value).strip()
        # As in ip tuntap, what can be read as a number is one, whatever names there are.
        if re.fullmatch(r"[+-]?[0-9]+", text):
            number = int(text)
            if not 0 <= number <= LARGEST:
                raise ValueError(f"{number} is not within 0..{LARGEST}")
            return number
        if not text or not text.isprintable() or ":" in text:
            raise ValueError(f"{value!r} is neither a number nor the name of a {self.database}")
        return text

    def from_leaf(self, leaf: Any, names: Any) -> Any:
        # The attribute is left out where there is none; from_kuid_munged() gives a number in any case.
        return int(leaf)

    def absent(self) -> str:
        return NONE

    def words(self, word: str, value: Any) -> list[str]:
        return [] if value == NONE else [word, str(value)]

    @property
    def takes(self) -> str:
        return f"The number or name of a {self.database}, or `none`"


@dataclass(frozen=True)
class NexthopId(Int):
    """The id of a nexthop object."""

    low: int = 1

    def nexthops(self, value: Any) -> tuple[str, ...]:
        return (str(value),) if value else ()
