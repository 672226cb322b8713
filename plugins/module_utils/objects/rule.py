# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules that choose the routing table (uapi/linux/fib_rules.h, FRA_*; man ip-rule).

A rule is known by its priority, its family and what it selects: the kernel takes any number of rules with one
priority. What becomes of a packet that it selects are its options, and the kernel changes none of them in place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..kinds.table import Option, Refused
from ..kinds.types import Bool, Int, Type, Word, ifname, truth, whole_number
from .route import Dsfield, Table
from .sort import Key, Prefix, Sort

FAMILIES = {"ipv4": 2, "ipv6": 10}
ACTIONS = {"lookup": 1, "goto": 2, "nop": 3, "blackhole": 6, "unreachable": 7, "prohibit": 8}  # FR_ACT_*
PROTOCOLS = {
    "icmp": 1,
    "igmp": 2,
    "tcp": 6,
    "udp": 17,
    "gre": 47,
    "esp": 50,
    "ah": 51,
    "ipv6-icmp": 58,
    "ospf": 89,
    "sctp": 132,
    "udplite": 136,
}


@dataclass(frozen=True)
class Selected(Prefix):
    """A prefix or an address to select packets by; ``all`` selects none."""

    def parse(self, value: Any) -> str:
        if str(value).strip() in ("all", "any", "default", "", "0.0.0.0/0", "::/0"):
            return ""
        return super().parse(value)


@dataclass(frozen=True)
class Ifname(Type):
    """The name of a link that need not be there: the kernel finds it when it comes."""

    def parse(self, value: Any) -> str:
        return "" if value in ("", "none") else ifname(value)


@dataclass(frozen=True)
class Marked(Type):
    """A firewall mark with its mask, ``0x10/0xff``; without one the mask is all bits."""

    def parse(self, value: Any) -> str:
        mark, _slash, mask = str(value).strip().partition("/")
        numbers = [whole_number(mark), whole_number(mask) if mask else 2**32 - 1]
        if isinstance(value, bool) or not all(0 <= number < 2**32 for number in numbers):
            raise ValueError(f"{value!r} is not a mark or mark/mask of 32 bits")
        return f"{numbers[0]:#x}" + (f"/{numbers[1]:#x}" if numbers[1] != 2**32 - 1 else "")


@dataclass(frozen=True)
class Protocol(Type):
    """An IP protocol by name or number."""

    def parse(self, value: Any) -> str:
        if str(value) in PROTOCOLS:
            return str(value)
        try:
            number = whole_number(value)
        except ValueError:
            raise ValueError(f"{value!r} is neither a number nor one of {', '.join(PROTOCOLS)}") from None
        if not 1 <= number <= 255:
            raise ValueError(f"{number} is not within 1..255")
        return {number: word for word, number in PROTOCOLS.items()}.get(number, str(number))


@dataclass(frozen=True)
class Range(Type):
    """A number or a range of numbers ``low-high``."""

    low: int = 0
    high: int = 2**32 - 1
    single: bool = True  # a range of one number is written as the number

    def parse(self, value: Any) -> str:
        found = re.fullmatch(r"([0-9]+)(?:\s*-\s*([0-9]+))?", str(value).strip())
        if found is None or isinstance(value, bool):
            raise ValueError(f"{value!r} is neither a number nor a range low-high")
        low, high = int(found[1]), int(found[2] or found[1])
        if not self.low <= low <= high <= self.high:
            raise ValueError(f"{value} is not a range low-high within {self.low}..{self.high}")
        return str(low) if low == high and self.single else f"{low}-{high}"


@dataclass(frozen=True)
class Chosen(Int):
    """A number that is part of what a rule selects; 0 selects nothing."""


@dataclass(frozen=True)
class Inverted(Bool):
    """``not``: what the rule does not select."""

    def parse(self, value: Any) -> bool:
        return truth(value)


#: 65535 is none to fib_rule_port_range_valid() (net/fib_rules.h).
_PORTS = Range(low=1, high=65534)

#: What a rule selects packets by, in the order of iproute2's words.
SELECTORS: tuple[Option, ...] = (
    Option("not", None, Inverted()),
    Option("from", 2, Selected()),
    Option("to", 1, Selected()),
    Option("tos", None, Dsfield()),
    Option("fwmark", 10, Marked()),
    Option("iif", 3, Ifname()),
    Option("oif", 17, Ifname()),
    Option("uidrange", 20, Range(single=False)),
    Option("ipproto", 22, Protocol()),
    Option("sport", 23, _PORTS),
    Option("dport", 24, _PORTS),
    Option("tun_id", 12, Chosen(high=2**64 - 1)),
)


def selector(values: Mapping[str, Any]) -> str:
    """Return what a rule selects in iproute2's words, empty for all packets."""
    words = []
    for row in SELECTORS:
        value = values.get(row.name)
        if value in (None, "", 0, False):
            continue
        # iproute2 reads a TOS in base 16, whatever it looks like.
        text = f"{value:#x}" if row.name == "tos" else str(value)
        words += ["not"] if row.name == "not" else [row.name, text]
    return " ".join(words)


def selected(text: str) -> dict[str, Any]:
    """Return the values that selector() made its text of."""
    rows = {row.name: row for row in SELECTORS}
    values: dict[str, Any] = {}
    words = iter(text.split())
    for word in words:
        values[word] = True if word == "not" else rows[word].parse(next(words))
    return values


def finds(one: tuple[Key, Mapping[str, Any]], other: tuple[Key, Mapping[str, Any]]) -> bool:
    """Tell whether the kernel takes another rule for one that is to be removed (net/core/fib_rules.c: rule_find()).

    It takes the first in its list that has all that is said of the one, and does not look at ``not``.
    """
    (key, options), (other_key, others) = one, other
    chosen, there = selected(key[-1]), selected(other_key[-1])
    said = {name: value for name, value in chosen.items() if name != "not"}
    same = all(there.get(name) == value for name, value in said.items())
    same = same and all(options.get(name) == others.get(name) for name in ("action", "table", "l3mdev"))
    suppressed = [name for name in ("suppress_prefixlength", "suppress_ifgroup") if options.get(name, -1) >= 0]
    return same and key[:-1] == other_key[:-1] and all(options[name] == others.get(name) for name in suppressed)


def _settle(parts: dict[str, Any], options: dict[str, Any]) -> Key:
    """Make the key, and take the action from what is given for it; raise Refused."""
    where = f"rule {parts['priority']}"
    prefixes = {name: parts[name] for name in ("from", "to") if parts[name]}
    for name, prefix in prefixes.items():
        if parts["family"] is None:
            parts["family"] = "ipv6" if ":" in prefix else "ipv4"
        if (":" in prefix) != (parts["family"] == "ipv6"):
            raise Refused(f"{where}: {name}: {prefix} is not of the family {parts['family']}")
    implied = {"goto": "goto", "table": "lookup", "l3mdev": "lookup"}
    for name, action in implied.items():
        if options.get(name) and options.setdefault("action", action) != action:
            raise Refused(f"{where}: {name}: is for the action {action}, not for {options['action']}")
    if options.get("table") and options.get("l3mdev"):
        raise Refused(f"{where}: l3mdev: takes the table from the packet's VRF: table and l3mdev exclude each other")
    if options.get("action") == "goto" and "goto" in options and options["goto"] <= parts["priority"]:
        raise Refused(f"{where}: goto: {options['goto']} is not behind this rule")
    return (str(parts["priority"]), parts["family"] or "ipv4", selector(parts))


def _tell(key: Key, item: dict[str, Any]) -> None:
    for row in SELECTORS:
        item.pop(row.name, None)
    item.update(selected(key[-1]))


def _merge(there: Mapping[str, Any], wished: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a changed rule has: another action leaves nothing of the old one behind."""
    turned = "action" in wished and wished["action"] != there.get("action")
    to_table = bool(wished.get("table")) != bool(there.get("table")) or bool(wished.get("l3mdev"))
    gone = {"table", "goto", "l3mdev"} if turned or (to_table and ({"table", "l3mdev"} & wished.keys())) else set()
    return {**{name: value for name, value in there.items() if name not in gone}, **wished}


RULE = Sort(
    name="rule",
    plural="rules",
    label="rule {1}",
    label_of_last="rule {1} {3}",
    settle=_settle,
    tell=_tell,
    merge=_merge,
    may_lack=("family", *(row.name for row in SELECTORS)),
    beside=True,
    keys=(Option("priority", None, Int()), Option("family", None, Word(table=FAMILIES)), *SELECTORS),
    options=(
        Option("action", None, Word(table=ACTIONS), default="lookup", in_place=False),
        Option("table", None, Table(), in_place=False, word="lookup"),
        Option("goto", None, Int(low=1), in_place=False),
        Option("l3mdev", None, Bool(style="flag", false_when_absent=True), default=False, in_place=False, since="4.8"),
        Option("suppress_prefixlength", None, Int(low=-1, high=128), default=-1, in_place=False),
        Option("suppress_ifgroup", None, Int(low=-1, high=2**31 - 1), default=-1, in_place=False),
    ),
)
