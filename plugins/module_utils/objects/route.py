# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Routes (uapi/linux/rtnetlink.h, RTA_*; man ip-route)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..kinds.table import Option, Refused
from ..kinds.types import NONE, Bool, Int, LinkName, Type, Word, whole_number
from .address import SCOPES
from .encap import Consent, Encap
from .metrics import LOCK, METRICS
from .multipath import OTHER_FAMILY, Hops, Via, via_for
from .sort import Address, Destination, Key, Sort

TYPES = {
    "unicast": 1,
    "local": 2,
    "broadcast": 3,
    "anycast": 4,
    "multicast": 5,
    "blackhole": 6,
    "unreachable": 7,
    "prohibit": 8,
    "throw": 9,
}
#: Types that lead nowhere: no gateway, no link (net/ipv4/fib_semantics.c: fib_props[].error).
NOWHERE = ("blackhole", "unreachable", "prohibit", "throw")
TABLES = {"default": 253, "main": 254, "local": 255}
PREFERENCES = {"medium": 0, "high": 1, "low": 3}  # RFC 4191; uapi/linux/icmpv6.h, ICMPV6_ROUTER_PREF_*

#: The options that say which way a route goes. Each row excludes the others.
ONE_HOP = ("via", "dev", "onlink", "encap")
WAYS = (ONE_HOP, ("nexthops",), ("nhid",))


@dataclass(frozen=True)
class Table(Type):
    """A routing table by number, or by one of the kernel's three names."""

    wire: str = "u32"

    def parse(self, value: Any) -> str | int:
        if str(value) in TABLES:
            return str(value)
        number = whole_number(value)
        if not 1 <= number < 2**32:
            raise ValueError(f"{number} is not within 1..{2**32 - 1}")
        return {n: word for word, n in TABLES.items()}.get(number, number)


@dataclass(frozen=True)
class Dsfield(Int):
    """The byte of an IP header that was TOS; its two lowest bits are ECN's, which no route and no rule is found by."""

    high: int = 255

    def parse(self, value: Any) -> int:
        number = super().parse(value)
        if number & 3:
            raise ValueError(f"{number} has one of the two lowest bits set, and these are not DSCP's but ECN's")
        return number


def default_metric(dst: str) -> int:
    """Return the metric of a route without one: IP6_RT_PRIO_USER (net/ipv6/route.c), 0 for IPv4."""
    return 1024 if ":" in dst else 0


def _settle(parts: dict[str, Any], options: dict[str, Any]) -> Key:
    """Settle what ``default`` means, and check what excludes what; raise Refused."""
    where = f"route {parts['dst']}"
    if len(options.get("nexthops") or ()) == 1:
        # The kernel tells a single next hop as a route without RTA_MULTIPATH.
        (only,) = options.pop("nexthops")
        options.update({name: value for name, value in only if name != "weight"})
    hops = options.get("nexthops") or ()
    vias = [options["via"]] if options.get("via", NONE) != NONE else []
    vias += [dict(one)["via"] for one in hops if "via" in dict(one)]
    six = _is_six(parts["dst"], options, vias)
    if six and parts["dst"] == "default":
        parts["dst"] = "::/0"
    if options.get("src", NONE) != NONE and (":" in options["src"]) != six:
        raise Refused(f"{where}: src: {options['src']} is not of the address family of the destination")
    try:
        if "via" in options:
            options["via"] = via_for(options["via"], six)
        if hops:
            options["nexthops"] = tuple(
                tuple((name, via_for(value, six) if name == "via" else value) for name, value in one) for one in hops
            )
    except ValueError as why:
        raise Refused(f"{where}: via: {why}") from None
    if six and parts["tos"]:
        raise Refused(f"{where}: tos: is for IPv4 routes only")
    if "pref" in options and not six:
        raise Refused(f"{where}: pref: is for IPv6 routes only (RFC 4191)")
    _check_ways(where, options)
    # fib6_config.fc_metric 0 stands for the default.
    parts["metric"] = parts["metric"] or default_metric(parts["dst"])
    return tuple(str(part) for part in parts.values())


def _is_six(dst: str, options: Mapping[str, Any], vias: list[str]) -> bool:
    """Tell whether a route is an IPv6 one: by its destination, else by its source, else by its gateways."""
    if dst != "default":
        return ":" in dst
    if options.get("src", NONE) != NONE:
        return ":" in options["src"]
    return bool(vias) and all(":" in via and not via.startswith(OTHER_FAMILY) for via in vias)


def ways_of(options: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return the rows of WAYS that an object's options speak of."""
    return [row for row in WAYS if any(options.get(name) not in (None, (), False, NONE) for name in row)]


def _check_ways(where: str, options: Mapping[str, Any]) -> None:
    given = [next(name for name in row if options.get(name) not in (None, (), False, NONE)) for row in ways_of(options)]
    if len(given) > 1:
        raise Refused(f"{where}: {given[1]}: {given[0]} and {given[1]} exclude each other")
    if given and options.get("type") in NOWHERE:
        raise Refused(f"{where}: {given[0]}: a {options['type']} route leads nowhere")


def _merge(there: Mapping[str, Any], wished: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a changed route has: another way leaves nothing of the old one behind."""
    kept = dict(there)
    given = ways_of(wished)
    for row in WAYS:
        if wished.get("type") in NOWHERE or (given and row not in given):
            kept = {name: value for name, value in kept.items() if name not in row}
    changed = "type" in wished and wished["type"] != there.get("type", "unicast")
    turned = "via" in wished and wished["via"] != there.get("via", NONE)
    elsewhere = bool(given) and given != ways_of(there)
    if turned and wished["via"] != NONE:
        kept.pop("dev", None)
    if changed or turned or elsewhere:
        kept.pop("scope", None)  # each way has its own
    if given and there.get("type") in NOWHERE and "type" not in wished:
        kept.pop("type")
    return {**kept, **wished}


def _tell(_key: Key, item: dict[str, Any]) -> None:
    item["table"] = Table().parse(item["table"])
    if item["metric"] == default_metric(item["dst"]):
        del item["metric"]


ROUTE = Sort(
    name="route",
    plural="routes",
    label="route {1}",
    settle=_settle,
    tell=_tell,
    merge=_merge,
    may_lack=("metric",),
    keys=(
        Option("dst", None, Destination()),
        Option("table", None, Table(), default="main"),
        Option("metric", None, Int()),
        Option("tos", None, Dsfield(), default=0),
    ),
    options=(
        Option("type", None, Word(table=TYPES), default="unicast"),
        Option("nhid", 30, Int(low=1), since="5.3"),
        Option("encap", None, Encap()),
        Option("via", None, Via()),
        Option("dev", None, LinkName()),
        Option("src", None, Address(none=True)),
        Option("scope", None, Word(table=SCOPES), default="global"),
        Option("onlink", None, Bool(style="flag"), default=False),
        Option("pref", None, Word(table=PREFERENCES), default="medium"),
        *METRICS,
        LOCK,
        Option("nexthops", None, Hops()),
        Option("allow_kernel_hazard", None, Consent()),
    ),
)
