# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Routes (uapi/linux/rtnetlink.h, RTA_*; man ip-route)."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import Any, ClassVar

from ..failure import Refused
from ..table import Meaning, Option
from ..types.addresses import Address, Destination, Selected, of_all
from ..types.named_numbers import Dsfield, NexthopId, Realms, RoutingTable, Scope
from ..types.simple import NONE, Bool, Choice, Int, LinkName
from .address import FOREVER, Lifetime
from .encap import Consent, Encap, is_other
from .metrics import LOCK, METRICS
from .multipath import OF_GATEWAYS, OF_LINKS, OTHER_FAMILY, Hops, Via, via_for
from .object_type import Key, ObjectType

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
#: Types that are in table local where nothing else is said (ip/iproute.c: iproute_modify()).
OF_LOCAL = ("local", "broadcast", "anycast")
PREFERENCES = {"medium": 0, "high": 1, "low": 3}  # RFC 4191; uapi/linux/icmpv6.h, ICMPV6_ROUTER_PREF_*

_OF_SOURCES = (
    Meaning(errno=errno.EINVAL, sentence="Invalid prefsrc address", reason="{value} is no address of this namespace"),
    Meaning(errno=errno.EINVAL, sentence="Invalid source address", reason="{value} is no address {on}"),
)
_OF_HOPS = (
    Meaning(errno=errno.ENETUNREACH, sentence="invalid gateway", reason="a gateway is in no subnet of its link"),
    Meaning(errno=errno.EHOSTUNREACH, sentence="", reason="a gateway is in no subnet of its link"),
    Meaning(errno=errno.ENETDOWN, sentence="not up", reason="a link of it is down"),
)

#: The options that decide where a route leads. Each row excludes the others.
ONE_HOP = ("via", "dev", "onlink", "encap")
WAYS = (ONE_HOP, ("nexthops",), ("nhid",))


def default_table(kind: str) -> str:
    """Return the table of a route for which none is named, by its type."""
    return "local" if kind in OF_LOCAL else "main"


def default_metric(dst: str) -> int:
    """Return the metric of a route without one: IP6_RT_PRIO_USER (net/ipv6/route.c), 0 for IPv4."""
    return 1024 if ":" in dst else 0


def _check_family(where: str, parts: Mapping[str, Any], options: Mapping[str, Any], six: bool) -> None:
    """Raise Refused for options of the other family."""
    realms = [dict(one)["realms"] for one in options.get("nexthops") or ()]
    if six and parts["tos"]:
        raise Refused(object=where, option="tos", reason="is for IPv4 routes only", advice="Leave the option out")
    if six and any(one != NONE for one in (options.get("realms", NONE), *realms)):
        raise Refused(object=where, option="realms", reason="are for IPv4 routes only", advice="Leave the option out")
    if six and options.get("scope", "global") != "global":
        raise Refused(
            object=where,
            option="scope",
            reason="is for IPv4 routes only, IPv6 ones are global",
            advice="Leave the option out",
        )
    if parts["from"] and not six:
        raise Refused(
            object=where,
            option="from",
            reason="is for IPv6 routes only",
            advice="For IPv4, select the source with a rule",
        )
    if "pref" in options and not six:
        raise Refused(
            object=where, option="pref", reason="is for IPv6 routes only (RFC 4191)", advice="Leave the option out"
        )
    if options.get("expires", FOREVER) != FOREVER and not six:
        raise Refused(object=where, option="expires", reason="is for IPv6 routes only", advice="Leave the option out")
    for name in ("nexthops", "nhid"):
        if options.get(name) and options.get("realms", NONE) != NONE:
            raise Refused(
                object=where,
                option="realms",
                reason=f"belong to the next hops where there is {name}",
                advice=f"Write realms within {name}",
            )


def _is_six(dst: str, options: Mapping[str, Any], vias: list[str], source: str) -> bool:
    """Tell whether a route is an IPv6 one: by its destination, else by its source, else by its gateways."""
    if dst != "default" or source:
        return ":" in dst + source
    if options.get("src", NONE) != NONE:
        return ":" in options["src"]
    return bool(vias) and all(":" in via and not via.startswith(OTHER_FAMILY) for via in vias)


def ways_of(options: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return the rows of WAYS that an object's options speak of."""
    return [row for row in WAYS if any(options.get(name) not in (None, (), False, NONE) for name in row)]


def _check_ways(where: str, options: Mapping[str, Any]) -> None:
    given = [next(name for name in row if options.get(name) not in (None, (), False, NONE)) for row in ways_of(options)]
    if len(given) > 1:
        raise Refused(
            object=where,
            option=given[1],
            reason=f"{given[0]} and {given[1]} exclude each other",
            advice="Give one of them",
        )
    if given and options.get("type") in NOWHERE:
        raise Refused(
            object=where,
            option=given[0],
            reason=f"a {options['type']} route leads nowhere",
            advice="Leave the option out",
        )


class Route(ObjectType):
    """Hooks and traits of Routes."""

    leads = True
    link_options: ClassVar[Mapping[str, tuple[str, str, str]]] = {"vrf": ("table", "vrf", "table")}

    def settle(self, parts: dict[str, Any], options: dict[str, Any]) -> Key:
        """Resolve ``default``; raise Refused for options that exclude each other."""
        where = f"route {parts['dst']}"
        if len(options.get("nexthops") or ()) == 1:
            # The kernel reports a single next hop as a route without RTA_MULTIPATH.
            (only,) = options.pop("nexthops")
            options.update({name: value for name, value in only if name != "weight"})
        hops = options.get("nexthops") or ()
        vias = [options["via"]] if options.get("via", NONE) != NONE else []
        vias += [dict(one)["via"] for one in hops if "via" in dict(one)]
        six = _is_six(parts["dst"], options, vias, parts["from"])
        if six and parts["dst"] == "default":
            parts["dst"] = "::/0"
        if parts["table"] is None:
            parts["table"] = default_table(options.get("type", "unicast"))
        if options.get("src", NONE) != NONE and (":" in options["src"]) != six:
            raise Refused(
                object=where,
                option="src",
                reason=f"{options['src']} is not of the address family of the destination",
                advice="Give an address of that family",
            )
        try:
            if "via" in options:
                options["via"] = via_for(options["via"], six)
            if hops:
                options["nexthops"] = tuple(
                    tuple((name, via_for(value, six) if name == "via" else value) for name, value in one)
                    for one in hops
                )
        except ValueError as why:
            raise Refused(object=where, option="via", reason=why) from None
        _check_family(where, parts, options, six)
        _check_ways(where, options)
        if of_all(parts["from"]):
            parts["from"] = ""
        # fib6_config.fc_metric 0 means the default.
        parts["metric"] = parts["metric"] or default_metric(parts["dst"])
        return tuple(str(part) for part in parts.values())

    def merge(self, current: Mapping[str, Any], desired: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options of a changed route: another next hop drops the options of the old one."""
        kept = dict(current)
        given = ways_of(desired)
        for row in WAYS:
            if desired.get("type") in NOWHERE or (given and row not in given):
                kept = {name: value for name, value in kept.items() if name not in row}
        changed = "type" in desired and desired["type"] != current.get("type", "unicast")
        turned = "via" in desired and desired["via"] != current.get("via", NONE)
        elsewhere = bool(given) and given != ways_of(current)
        if turned and desired["via"] != NONE:
            kept.pop("dev", None)
        if changed or turned or elsewhere:
            kept.pop("scope", None)  # each way has its own
        if given and current.get("type") in NOWHERE and "type" not in desired:
            kept.pop("type")
        if given and ONE_HOP not in given:
            kept.pop("realms", None)  # each next hop has its own
        return {**kept, **desired}

    def correct_item(self, key: Key, item: dict[str, Any]) -> None:
        item["table"] = RoutingTable().parse(item["table"])
        item["tos"] = int(item["tos"])
        if item["table"] == default_table(item.get("type", "unicast")):
            del item["table"]
        if item["metric"] == default_metric(item["dst"]):
            del item["metric"]

    def can_be_requested(self, options: Mapping[str, Any]) -> bool:
        headers = [options.get("encap") or (), *(dict(one).get("encap", ()) for one in options.get("nexthops") or ())]
        return not any(is_other(header) for header in headers)


ROUTE = Route(
    name="route",
    plural="routes",
    label="route {1}",
    may_lack=("table", "metric"),
    ip=1,
    keys=(
        Option(name="dst", type=Destination()),
        Option(name="table", type=RoutingTable()),
        Option(name="metric", type=Int(), aliases=("priority", "preference")),
        Option(name="tos", type=Dsfield(), default=0, aliases=("dsfield",)),
        Option(name="from", type=Selected(), default=""),
    ),
    options=(
        Option(name="type", type=Choice(table=TYPES), default="unicast"),
        Option(name="nhid", attr=30, type=NexthopId(), since="5.3", several=True),
        Option(name="encap", type=Encap()),
        Option(name="via", type=Via(), means=OF_GATEWAYS),
        Option(name="dev", type=LinkName(), means=OF_LINKS),
        Option(name="src", type=Address(none=True), means=_OF_SOURCES),
        Option(name="scope", type=Scope(), default="global"),
        Option(name="onlink", type=Bool(style="flag"), default=False),
        Option(name="pref", type=Choice(table=PREFERENCES), default="medium"),
        Option(name="realms", type=Realms(), default=NONE),
        # The kernel reports the time that is left in 1/100 s, in 31 bits (net/core/rtnetlink.c: rtnl_put_cacheinfo()).
        Option(name="expires", type=Lifetime(low=1, high=21474836), default=FOREVER),
        *METRICS,
        LOCK,
        Option(name="nexthops", type=Hops(), several=True, means=_OF_HOPS),
        Option(name="allow_kernel_hazard", type=Consent()),
    ),
)
