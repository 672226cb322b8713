# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules that choose the routing table (uapi/linux/fib_rules.h, FRA_*; man ip-rule).

A rule is known by its priority, its family and what it selects: the kernel takes any number of rules with one
priority. What becomes of a packet that it selects are its options, and the kernel changes none of them in place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..failure import Fault
from ..links.any_link import GROUP
from ..table import Option
from ..types.addresses import Selected, of_all
from ..types.named_numbers import DSFIELDS, Dsfield, HostInt, Realms, RoutingTable
from ..types.simple import NONE, Bool, Choice, Int, Look, Type, ifname, truth, whole_number
from .object_type import Key, ObjectType

FAMILIES = {"ipv4": 2, "ipv6": 10}
INET = {"inet": "ipv4", "inet6": "ipv6"}  # iproute2's words
ACTIONS = {"lookup": 1, "goto": 2, "nop": 3, "blackhole": 6, "unreachable": 7, "prohibit": 8}  # FR_ACT_*
PROTOCOLS = {
    "icmp": 1,
    "igmp": 2,
    "tcp": 6,
    "udp": 17,
    "dccp": 33,
    "gre": 47,
    "esp": 50,
    "ah": 51,
    "ipv6-icmp": 58,
    "ospf": 89,
    "sctp": 132,
    "udplite": 136,
}


@dataclass(frozen=True)
class Ifname(Type):
    """The name of a link that need not exist. The kernel finds the link when it is created."""

    takes = "The name of a link, which need not exist"

    def parse(self, value: Any) -> str:
        return "" if value in ("", "none") else ifname(value)


@dataclass(frozen=True)
class Marked(Type):
    """A firewall mark with its mask, ``0x10/0xff``; without one the mask is all bits."""

    takes = "A firewall mark, or mark and mask such as `0x10/0xff`"

    def parse(self, value: Any) -> str:
        mark, _slash, mask = str(value).strip().partition("/")
        numbers = [whole_number(mark), whole_number(mask) if mask else 2**32 - 1]
        if isinstance(value, bool) or not all(0 <= number < 2**32 for number in numbers):
            raise ValueError(f"{value!r} is not a mark or mark/mask of 32 bits")
        return marked(*numbers)


def marked(mark: int, mask: int) -> str:
    """Return a firewall mark and its mask in their canonical form.

    A mark of 0 has its mask told: without one the kernel takes none (fib_nl2rule()), and all packets are selected.
    """
    return f"{mark:#x}" if mark and mask == 2**32 - 1 else f"{mark:#x}/{mask:#x}"


@dataclass(frozen=True)
class Protocol(Type):
    """An IP protocol by name or number."""

    takes = "1 to 255 or a name in the host's `protocols`"

    def numbered(self, value: Any, look: Look) -> Any:
        if not isinstance(value, str) or value in PROTOCOLS or value[:1].isdigit():
            return value
        number = look("protocols", value)
        return value if number is None else number

    def parse(self, value: Any) -> str:
        if str(value) in PROTOCOLS:
            return str(value)
        try:
            number = whole_number(value)
        except ValueError:
            raise ValueError(
                f"{value!r} is neither a number nor one of {', '.join(PROTOCOLS)}, nor in this host's protocols"
            ) from None
        if not 1 <= number <= 255:
            raise ValueError(f"{number} is not within 1..255")
        return {number: word for word, number in PROTOCOLS.items()}.get(number, str(number))


@dataclass(frozen=True)
class Range(Type):
    """A number or a range of numbers ``low-high``."""

    low: int = 0
    high: int = 2**32 - 1
    single: bool = True  # a range of one number is written as the number
    database: str = ""  # the host's names for single numbers

    @property
    def takes(self) -> str:
        names = f", or a name in the host's `{self.database}`" if self.database else ""
        return f"A number or a range `low-high`, {self.low} to {self.high}{names}"

    def numbered(self, value: Any, look: Look) -> Any:
        if not self.database or not isinstance(value, str) or value[:1].isdigit():
            return value
        number = look(self.database, value)
        return value if number is None else number

    def parse(self, value: Any) -> str:
        found = re.fullmatch(r"([0-9]+)(?:\s*-\s*([0-9]+))?", str(value).strip())
        if found is None or isinstance(value, bool):
            raise ValueError(f"{value!r} is neither a number nor a range low-high")
        low, high = int(found[1]), int(found[2] or found[1])
        if not self.low <= low <= high <= self.high:
            raise ValueError(f"{value} is not a range low-high within {self.low}..{self.high}")
        return str(low) if low == high and self.single else f"{low}-{high}"


@dataclass(frozen=True)
class Masked(Type):
    """A number, or ``number/mask`` for some of its bits; 0 is a number like any other."""

    high: int = 255
    database: str = ""
    table: Mapping[str, int] = field(default_factory=dict)
    since: tuple[int, int] = (0, 0)  # the first release with masks
    shift: int = 0  # the database has the number with so many bits behind it

    @property
    def takes(self) -> str:
        names = f" or a name in the host's `{self.database}`" if self.database else ""
        return f"0 to {self.high}{names}, also with a mask, `number/mask`"

    def numbered(self, value: Any, look: Look) -> Any:
        if not self.database or not isinstance(value, str) or value[:1].isdigit():
            return value
        name, slash, mask = value.partition("/")
        number = look(self.database, name) if name not in self.table else None
        return value if number is None else f"{number >> self.shift}{slash}{mask}"

    def parse(self, value: Any) -> str:
        text, slash, mask_text = str(value).strip().partition("/")
        number = self.table[text] >> self.shift if text in self.table else whole_number(text if slash else value)
        mask = whole_number(mask_text) if slash else self.high
        if not (0 <= number <= self.high and 0 <= mask <= self.high):
            raise ValueError(f"{value!r} is not a number or number/mask within 0..{self.high}")
        if not mask:
            raise ValueError(f"{value!r} has a mask of 0, which would select all")
        if number & ~mask:
            raise ValueError(f"{value!r} has bits that are not in its mask")
        return masked(number, mask, self.high)

    def objection(self, value: Any, kernel: tuple[int, int], daring: bool) -> str:
        if "/" not in value or kernel >= self.since:
            return ""
        return f"a mask needs Linux {'.'.join(map(str, self.since))}"


def masked(number: int, mask: int, full: int) -> str:
    """Return a number and its mask in their canonical form."""
    return str(number) if mask == full else f"{number}/{mask:#x}"


@dataclass(frozen=True)
class Ports(Range):
    """A port, a range ``low-high`` of them, or ``port/mask`` for some bits of a port."""

    low: int = 1
    high: int = 65534
    mask: Masked = field(default_factory=lambda: Masked(high=65535, since=(6, 15)))

    @property
    def takes(self) -> str:
        return f"{super().takes}, or `port/mask`"

    def parse(self, value: Any) -> str:
        if "/" not in str(value):
            return super().parse(value)
        if "-" in str(value):
            raise ValueError(f"{value!r} is a range, and only a single port has a mask")
        parsed = self.mask.parse(value)
        super().parse(parsed.partition("/")[0])
        return parsed

    def objection(self, value: Any, kernel: tuple[int, int], daring: bool) -> str:
        return self.mask.objection(value, kernel, daring)


@dataclass(frozen=True)
class Chosen(Int):
    """A number that a rule selects packets by; 0 means no condition."""


@dataclass(frozen=True)
class Inverted(Bool):
    """The option ``not``, which inverts the selection."""

    def parse(self, value: Any) -> bool:
        return truth(value)


#: 65535 is none to fib_rule_port_range_valid() (net/fib_rules.h).
_PORTS = Ports()
_DSCP = Masked(high=63, since=(6, 15), database="rt_dsfield", table=DSFIELDS, shift=2)

#: A link group or none, as links have it (links/any_link.py).
_SUPPRESSED = HostInt(low=-1, high=GROUP.high, table=GROUP.table, database=GROUP.database)

#: IPTOS_TOS_MASK without ECN's bit (net/ipv4/fib_rules.c: fib4_rule_configure()): "IPv4 currently doesn't handle high
#: order DSCP bits correctly".
TOS_BITS = 0x1C

#: What a rule selects packets by, in the order of iproute2's words.
SELECTORS: tuple[Option, ...] = (
    Option(name="not", type=Inverted()),
    # The kernel keeps bits beyond the prefix, and looks at those within it alone (fib4_rule_match()).
    Option(name="from", attr=2, type=Selected(host_bits=True)),
    Option(name="to", attr=1, type=Selected(host_bits=True)),
    Option(name="tos", type=Dsfield(), aliases=("dsfield",)),
    Option(name="fwmark", attr=10, type=Marked()),
    Option(name="iif", attr=3, type=Ifname(), aliases=("dev",)),
    Option(name="oif", attr=17, type=Ifname()),
    Option(
        name="uidrange", attr=20, type=Range(single=False, high=2**32 - 2, database="passwd")
    ),  # the last is no user: INVALID_UID
    Option(name="ipproto", attr=22, type=Protocol()),
    Option(name="sport", attr=23, type=_PORTS),
    Option(name="dport", attr=24, type=_PORTS),
    Option(name="tun_id", attr=12, type=Chosen(high=2**64 - 1)),
    Option(name="dscp", attr=25, type=_DSCP, since="6.13"),
    Option(name="flowlabel", attr=26, type=Masked(high=0xFFFFF, since=(6, 14)), since="6.14"),
)


def selector(values: Mapping[str, Any]) -> str:
    """Return the selectors of a rule in iproute2's words, empty for all packets."""
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
    """Return the values that selector() made its text of: canonical ones, not to be checked again.

    What others made may be beyond what can be asked for.
    """
    values: dict[str, Any] = {}
    words = iter(text.split())
    for word in words:
        values[word] = True if word == "not" else next(words)
    return {name: int(value, 0) if name in ("tos", "tun_id") else value for name, value in values.items()}


def _check_action(where: str, parts: Mapping[str, Any], options: dict[str, Any]) -> None:
    """Take the action from the given options; raise Refused for options of another action."""
    for name, action in {"goto": "goto", "table": "lookup"}.items():
        if options.get(name) and options.setdefault("action", action) != action:
            raise Fault(name, f"is for the action {action}, not for {options['action']}", "Leave the option out").of(
                where
            )
    if options.get("l3mdev"):
        # It selects the packets of VRFs (l3mdev_fib_rule_match()). Where they are looked up their table is the VRF's;
        # other actions are as good: "ip rule add l3mdev unreachable" behind it keeps them from other tables.
        options.setdefault("action", "lookup")
    if options.get("table") and options.get("l3mdev"):
        raise Fault(
            "l3mdev", "takes the table from the packet's VRF: table and l3mdev exclude each other", "Give one of them"
        ).of(where)
    if options.get("action") == "goto" and "goto" in options and options["goto"] <= parts["priority"]:
        raise Fault("goto", f"{options['goto']} is not behind this rule", "Give a higher priority").of(where)


def _check_family(where: str, parts: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    """Raise Refused for options of the other family, and for two options of one meaning."""
    six = parts["family"] == "ipv6"
    if parts["tos"] and not six and parts["tos"] & ~TOS_BITS:
        beyond = f"{parts['tos']:#x} has bits beyond {TOS_BITS:#x}"
        raise Fault(
            "tos", f"{beyond}, which the kernel refuses in IPv4 rules", "Use dscp, which takes all values (Linux 6.13)"
        ).of(where)
    if parts["flowlabel"] is not None and not six:
        raise Fault("flowlabel", "is for rules of the family ipv6 only", "Leave the option out").of(where)
    if six and options.get("realms", NONE) != NONE:
        raise Fault("realms", "are for rules of the family ipv4 only", "Leave the option out").of(where)
    if parts["tos"] and parts["dscp"] is not None:
        raise Fault("dscp", "tos and dscp exclude each other", "Give one of them").of(where)


class Rule(ObjectType):
    """Hooks and traits of Rules."""

    beside = True

    def chosen(self, key: Key) -> Mapping[str, Any]:
        return selected(key[-1])

    def finds(self, one: tuple[Key, Mapping[str, Any]], other: tuple[Key, Mapping[str, Any]]) -> bool:
        """Tell whether the kernel takes another rule for one that is to be removed (net/core/fib_rules.c: rule_find()).

        It takes the first in its list that has all that is said of the one, and does not look at ``not``.
        """
        (key, options), (other_key, others) = one, other
        chosen, there = selected(key[-1]), selected(other_key[-1])
        said = {name: value for name, value in chosen.items() if name != "not"}
        same = all(there.get(name) == value for name, value in said.items())
        same = same and all(options.get(name) == others.get(name) for name in ("action", "table", "l3mdev"))
        besides = [name for name in ("suppress_prefixlength", "suppress_ifgroup") if options.get(name, -1) >= 0]
        besides += ["realms"] if options.get("realms", NONE) != NONE else []
        return same and key[:-1] == other_key[:-1] and all(options[name] == others.get(name) for name in besides)

    def settle(self, parts: dict[str, Any], options: dict[str, Any]) -> Key:
        """Write the key, and take the action from the given options; raise Refused."""
        where = f"rule {parts['priority']}"
        prefixes = {name: parts[name] for name in ("from", "to") if parts[name]}
        for name, prefix in prefixes.items():
            if parts["family"] is None:
                parts["family"] = "ipv6" if ":" in prefix else "ipv4"
            if (":" in prefix) != (parts["family"] == "ipv6"):
                raise Fault(
                    name, f"{prefix} is not of the family {parts['family']}", "Give a prefix of that family"
                ).of(where)
            if of_all(prefix):
                parts[name] = ""
        if parts["family"] is None and parts["flowlabel"] is not None:
            parts["family"] = "ipv6"
        _check_action(where, parts, options)
        _check_family(where, parts, options)
        return (str(parts["priority"]), parts["family"] or "ipv4", selector(parts))

    def correct_item(self, key: Key, item: dict[str, Any]) -> None:
        for row in SELECTORS:
            item.pop(row.name, None)
        item.update(selected(key[-1]))

    def merge(self, current: Mapping[str, Any], desired: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options of a changed rule: another action drops the options of the old action."""
        turned = "action" in desired and desired["action"] != current.get("action")
        to_table = bool(desired.get("table")) != bool(current.get("table")) or bool(desired.get("l3mdev"))
        # Another action is for the packets of VRFs too where the old one was: nobody asked for those of all others.
        gone = {"table", "goto"} if turned else set()
        gone |= {"table", "goto", "l3mdev"} if to_table and ({"table", "l3mdev"} & desired.keys()) else set()
        return {**{name: value for name, value in current.items() if name not in gone}, **desired}


RULE = Rule(
    name="rule",
    plural="rules",
    label="rule {1}",
    label_of_last="rule {1} {3}",
    may_lack=("family", *(row.name for row in SELECTORS)),
    keys=(
        Option(name="priority", type=Int(), aliases=("preference", "order", "pref")),
        Option(name="family", type=Choice(table=FAMILIES, aliases=INET)),
        *SELECTORS,
    ),
    options=(
        Option(name="action", type=Choice(table=ACTIONS), default="lookup", in_place=False),
        Option(name="table", type=RoutingTable(), in_place=False, word="lookup", aliases=("lookup",)),
        Option(name="goto", type=Int(low=1), in_place=False),
        Option(
            name="l3mdev",
            type=Bool(style="flag", false_when_absent=True),
            default=False,
            in_place=False,
            since="4.8",
        ),
        Option(name="realms", attr=11, type=Realms(), default=NONE, in_place=False),
        Option(
            name="suppress_prefixlength",
            type=Int(low=-1, high=128),
            default=-1,
            in_place=False,
            aliases=("sup_pl",),
        ),
        Option(name="suppress_ifgroup", type=_SUPPRESSED, default=-1, in_place=False, aliases=("sup_group",)),
    ),
)
