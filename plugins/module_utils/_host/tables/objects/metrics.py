# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Metrics of routes (uapi/linux/rtnetlink.h, RTAX_*; bounds from net/ipv4/metrics.c, ip_metrics_convert())."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from ..table import Option
from ..types.base import quoted
from ..types.simple import Bool, Int, Text, Type

_UNITS = {"": 1, "ms": 1, "msec": 1, "msecs": 1, "s": 1000, "sec": 1000, "secs": 1000}


@dataclass(frozen=True)
class Time(Type):
    """A time in milliseconds (``200``, ``200ms``, ``1.5s``), which the kernel counts in a unit of its own.

    ``parts`` is how many of the kernel's units a millisecond has. 0 is no metric.
    """

    parts: Fraction = Fraction(1)
    shown: int = 1  # how many milliseconds the number has that a user writes without a unit, and iproute2 after it
    unit: str = "ms"

    def parse(self, value: Any) -> int:
        found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)", str(value).strip().lower())
        if isinstance(value, bool) or found is None or found[2] not in _UNITS:
            raise ValueError(f"{value!r} is not a time such as 200ms or 1.5s")
        milliseconds = Fraction(found[1]) * (_UNITS[found[2]] if found[2] else self.shown)
        number = milliseconds * self.parts
        if number.denominator != 1 or number >= 2**32:
            raise ValueError(f"{value} is not a whole number of {float(1 / self.parts):g} ms within 32 bits")
        return number.numerator

    def absent(self) -> Any:
        return 0

    def plain(self, value: Any) -> Any:
        time = Fraction(value) / self.parts / self.shown
        return time.numerator if time.denominator == 1 else float(time)

    def words(self, word: str, value: Any) -> list[str]:
        return [word, f"{self.plain(value)}{self.unit}"] if value else []

    @property
    def takes(self) -> str:
        unit = "milliseconds" if self.shown == 1 else "seconds"
        return f"A time such as `200ms` or `1.5s`; a number alone counts {unit}"


@dataclass(frozen=True)
class Choices(Type):
    """Some of a set of words, held by the kernel as bits; ``since`` has those that an old kernel does not know."""

    ansible: str = "list"
    elements: str = "str"
    table: Mapping[str, int] = field(default_factory=dict)
    since: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def nothing(self) -> Any:
        return ()

    def absent(self) -> Any:
        return ()

    def parse(self, value: Any) -> tuple[str, ...]:
        given = [value] if isinstance(value, str) and value else value or []
        if not isinstance(given, (list, tuple)):
            raise ValueError(f"{value!r} is not a list of {', '.join(self.table)}")
        for word in given:
            if not isinstance(word, str) or word not in self.table:
                raise ValueError(f"{word!r} is not one of {', '.join(self.table)}")
        return tuple(word for word in self.table if word in given)

    def plain(self, value: Any) -> Any:
        return list(value)

    def bits(self, value: tuple[str, ...]) -> int:
        """Return the number for a list of words."""
        return sum(self.table[word] for word in value)

    def of_bits(self, number: int) -> tuple[str, ...]:
        """Return the words for a number."""
        return tuple(word for word, bit in self.table.items() if number & bit)

    def words(self, word: str, value: Any) -> list[str]:
        return [part for name in value for part in (word, name)]

    def objection(self, value: Any, kernel: tuple[int, int], daring: bool) -> str:
        late = [word for word in value if self.since.get(word, kernel) > kernel]
        return f"{late[0]} needs Linux {'.'.join(map(str, self.since[late[0]]))}" if late else ""

    @property
    def takes(self) -> str:
        return f"A list of {quoted(self.table)}"


@dataclass(frozen=True)
class Number(Int):
    """A metric that is a number; 0 is no metric."""

    def absent(self) -> Any:
        return 0


def _number(name: str, attr: int, high: int = 2**32 - 1, rule: str = "") -> Option:
    return Option(name=name, attr=attr, type=Number(high=high, rule=rule))


_CLAMPED = "the kernel makes more than that this number"

#: RTAX_FEATURE_*.
FEATURES = Choices(table={"ecn": 1, "tcp_usec_ts": 16}, since={"tcp_usec_ts": (6, 7)})

#: The metrics, each with its number in RTA_METRICS. 0 means none, as in the kernel.
METRICS: tuple[Option, ...] = (
    _number("mtu", 2, 65520, _CLAMPED),
    _number("window", 3),
    Option(name="rtt", attr=4, type=Time(parts=Fraction(8))),
    Option(name="rttvar", attr=5, type=Time(parts=Fraction(4))),
    _number("ssthresh", 6),
    _number("cwnd", 7),
    _number("advmss", 8, 65495, _CLAMPED),
    _number("reordering", 9),
    _number("hoplimit", 10, 255),
    _number("initcwnd", 11),
    Option(name="features", attr=12, type=FEATURES),
    Option(name="rto_min", attr=13, type=Time()),
    _number("initrwnd", 14),
    Option(name="quickack", attr=15, type=Bool(wire="u32", style="number", false_when_absent=True)),
    Option(name="congctl", attr=16, type=Text(most=15)),  # TCP_CA_NAME_MAX is 16 with the closing NUL
    Option(
        name="fastopen_no_cookie", attr=17, type=Bool(wire="u32", style="number", false_when_absent=True), since="4.15"
    ),
)

#: RTAX_LOCK: metrics that path MTU discovery and TCP are not to change, a bit each. iproute2 writes "lock" before the
#: value, and only where it has a time, size or number to write it before.
LOCK = Option(
    name="lock", attr=1, type=Choices(table={row.name: 1 << row.attrs[0] for row in METRICS if row.name != "features"})
)
