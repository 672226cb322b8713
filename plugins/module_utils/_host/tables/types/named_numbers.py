# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Numbers that have names: some here, others in the files of a host (iproute2's rt_tables, rt_dsfield and the like).

``numbered`` puts the number in the place of a host's name, before a value is parsed. So values are numbers, or the
names of ours for them, on every host.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .header import DSFIELD
from .simple import NONE, Look, Type, whole_number

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


@dataclass(frozen=True)
class Scope(Named):
    """A scope by name, or by number."""

    table: Mapping[str, int] = field(default_factory=lambda: SCOPES)
    database: str = "rt_scopes"


@dataclass(frozen=True)
class Table(Named):
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
