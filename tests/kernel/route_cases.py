# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values for each row of routes, nexthops and rules, and what iproute2 says of them."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from typing import Any, Callable

LINKS = """
links:
  - name: v0
    kind: veth
    addresses: [10.0.0.1/24, {address: "2001:db8::1/64", nodad: true}]
    peer: {name: v1, addresses: [10.0.1.1/24, {address: "2001:db8:1::1/64", nodad: true}]}
nexthops: [{id: 1, via: 10.0.0.2, dev: v0}, {id: 2, via: 10.0.0.3, dev: v0}, {id: 3, via: 10.0.0.4, fdb: true}]
"""
V4 = {"dst": "10.9.0.0/16", "dev": "v0"}
V6 = {"dst": "2001:db8:9::/64", "dev": "v0"}
MULTI = [
    {"via": "10.0.0.2", "dev": "v0", "weight": 3},
    {"via": "10.0.1.2", "onlink": True, "dev": "v1"},
    {"via": "10.0.0.3", "encap": {"id": 5, "dst": "10.0.0.9"}},
]
MULTI6 = [{"via": "2001:db8::2", "weight": 2}, {"via": "2001:db8:1::2", "dev": "v1"}]
Pick = Callable[[dict[str, Any]], Any]


def metric(name: str) -> Pick:
    """Look for a metric of a route."""
    return lambda route: route.get("metrics", [{}])[0].get(name)


def expiry(route: dict[str, Any]) -> str | None:
    """Tell how long a route stays: the seconds count down while the test looks."""
    left = route.get("expires")
    return None if left is None else "soon" if 990 < left <= 1000 else "long" if left > 21474800 else "wrong"


def header_of(told: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a tunnel header; none where there is no header.

    iproute2 tells them apart, under ``encap``, since its fix of April 2023 (iproute_lwtunnel: fix JSON output). 6.1 has
    them among the route's own with their type as ``encap``; both destinations have one key, the header's comes last.
    """
    found = told.get("encap", {})
    if isinstance(found, str):
        return {**told, "encap": found}
    return {**found, "encap": found["encap_type"]} if found else {}


def header(*names: str) -> Pick:
    """Look for the fields of a tunnel header."""
    return lambda told: tuple(header_of(told).get(name) for name in names)


def hops(route: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return the next hops, in an order of their own."""
    found = [
        (hop.get("gateway"), hop["dev"], hop["weight"], "onlink" in hop["flags"], header_of(hop).get("id"))
        for hop in route.get("nexthops", ())
    ]
    return sorted(found, key=str)


def word(name: str) -> Pick:
    """Tell whether a word without a value is there."""
    return lambda told: name in told


@dataclass(frozen=True)
class Case:
    """One option: two values, and what iproute2 says for each under a key, or what a function finds."""

    type: str
    option: str
    values: tuple[Any, Any]
    key: str | Pick
    told: tuple[Any, Any]
    base: dict[str, Any] = field(default_factory=dict)
    in_place: bool = True

    def __str__(self) -> str:
        return f"{self.type}-{self.option}-{'v6' if ':' in str(self.base.get('dst', '')) else 'v4'}"

    def item(self, value: Any, **more: Any) -> dict[str, Any]:
        """Give an object with the case's option."""
        return {**self.base, self.option: value, **more}

    def find(self, told: list[dict[str, Any]]) -> Any:
        """Return what iproute2 says."""
        (one,) = told
        return one.get(self.key) if isinstance(self.key, str) else self.key(one)


def _metric(option: str, values: tuple[Any, Any], told: tuple[Any, Any], name: str = "") -> list[Case]:
    return [Case("route", option, values, metric(name or option), told, base) for base in (V4, V6)]


BARE = {"dst": "10.9.0.0/16"}
BARE6 = {"dst": "2001:db8:9::/64"}
ROUTES = [
    *(
        Case("route", "type", pair, "type", pair, base)
        for base in (BARE, BARE6)
        for pair in (("blackhole", "unreachable"), ("prohibit", "throw"))
    ),
    Case("route", "type", ("local", "broadcast"), "type", ("local", "broadcast"), V4 | {"table": "main"}),
    Case("route", "type", ("local", "anycast"), "type", ("local", "anycast"), V6 | {"table": 7}),
    Case("route", "type", ("multicast", "unicast"), "type", ("multicast", "unicast"), V4),
    Case("route", "nhid", (1, 2), "nhid", (1, 2), BARE),
    Case("route", "via", ("10.0.0.2", "10.0.0.3"), "gateway", ("10.0.0.2", "10.0.0.3"), V4),
    Case("route", "via", ("2001:DB8::2", "2001:db8::3"), "gateway", ("2001:db8::2", "2001:db8::3"), V6),
    Case(
        "route",
        "via",
        ("2001:db8::2", "inet6 2001:db8::3"),
        lambda route: (route["via"]["family"], route["via"]["host"]),
        (("inet6", "2001:db8::2"), ("inet6", "2001:db8::3")),
        V4,
    ),
    *(Case("route", "dev", ("v0", "v1"), "dev", ("v0", "v1"), base) for base in (BARE, BARE6)),
    Case("route", "src", ("10.0.0.1", "10.0.1.1"), "prefsrc", ("10.0.0.1", "10.0.1.1"), V4),
    Case("route", "src", ("2001:db8::1", "2001:db8:1::1"), "prefsrc", ("2001:db8::1", "2001:db8:1::1"), V6),
    Case("route", "scope", ("host", "site"), "scope", ("host", "site"), V4),
    Case("route", "scope", (99, "100"), "scope", ("99", "100"), V4),
    Case(
        "route",
        "realms",
        ("65535/1", 7),
        "flow",
        ({"from": "65535", "to": "1"}, {"to": "7"}),
        V4,
    ),
    Case("route", "realms", ("7", "none"), "flow", ({"to": "7"}, None), BARE | {"type": "prohibit"}),
    Case("route", "expires", (21474836, "forever"), expiry, ("long", None), V6),
    Case("route", "expires", ("forever", 1000), expiry, (None, "soon"), V6 | {"from": "2001:db8:7::/64"}),
    Case("route", "onlink", (True, False), lambda r: "onlink" in r["flags"], (True, False), V4 | {"via": "10.0.0.7"}),
    Case(
        "route", "onlink", (True, False), lambda r: "onlink" in r["flags"], (True, False), V6 | {"via": "2001:db8::7"}
    ),
    Case("route", "pref", ("high", "low"), "pref", ("high", "low"), V6),
    Case(
        "route",
        "encap",
        (
            {
                "id": 42,
                "dst": "10.0.0.9",
                "src": "10.0.0.1",
                "ttl": 9,
                "tos": 4,
                "key": True,
                "csum": True,
                "seq": True,
            },
            {"id": 2**64 - 1, "dst": "10.0.0.8"},
        ),
        header("encap", "id", "dst", "src", "ttl", "tos", "key", "csum", "seq"),
        (
            ("ip", 42, "10.0.0.9", "10.0.0.1", 9, 4, True, True, True),
            # What iproute2 says of no address.
            ("ip", 2**64 - 1, "10.0.0.8", "0.0.0.0", 0, 0, None, None, None),  # noqa: S104
        ),
        V4,
    ),
    Case(
        "route",
        "encap",
        ({"type": "ip6", "id": 42, "dst": "2001:db8::9", "hoplimit": 9, "tc": 4, "key": True}, {}),
        header("encap", "id", "dst", "src", "hoplimit", "tc", "key"),
        (("ip6", 42, "2001:db8::9", "::", 9, 4, True), (None,) * 7),
        V6,
    ),
    Case(
        "route",
        "nexthops",
        (MULTI, MULTI[:2]),
        hops,
        (
            [("10.0.0.2", "v0", 3, False, None), ("10.0.0.3", "v0", 1, False, 5), ("10.0.1.2", "v1", 1, True, None)],
            [("10.0.0.2", "v0", 3, False, None), ("10.0.1.2", "v1", 1, True, None)],
        ),
        BARE,
    ),
    Case(
        "route",
        "nexthops",
        (MULTI6, [*MULTI6[1:], {"via": "2001:db8::3"}]),
        hops,
        (
            [("2001:db8:1::2", "v1", 1, False, None), ("2001:db8::2", "v0", 2, False, None)],
            [("2001:db8:1::2", "v1", 1, False, None), ("2001:db8::3", "v0", 1, False, None)],
        ),
        BARE6,
    ),
    *_metric("mtu", (1400, 0), (1400, None)),
    *_metric("window", (5, 6), (5, 6)),
    *_metric("rtt", ("100ms", 250), (100, 250)),
    *_metric("rttvar", ("5s", 0), (5000, None)),
    *_metric("ssthresh", (3, 4), (3, 4)),
    *_metric("cwnd", (4, 5), (4, 5)),
    *_metric("advmss", (1300, 1200), (1300, 1200)),
    *_metric("reordering", (5, 6), (5, 6)),
    *_metric("hoplimit", (7, 255), (7, 255)),
    *_metric("initcwnd", (5, 6), (5, 6)),
    *_metric("rto_min", (200, "1s"), (200, 1000)),
    *_metric("initrwnd", (6, 7), (6, 7)),
    *_metric("quickack", (True, False), (1, None)),
    *_metric("congctl", ("reno", "cubic"), ("reno", "cubic"), "congestion"),
    *_metric("fastopen_no_cookie", (True, False), (1, None)),
    *(
        Case("route", "features", (["ecn"], []), lambda r: "ecn" in r.get("metrics", [{}])[0], (True, False), base)
        for base in (V4, V6)
    ),
]
NH = {"id": 9, "via": "10.0.0.7", "dev": "v0"}
NEXTHOPS = [
    Case("nexthop", "via", ("10.0.0.8", "10.0.0.9"), "gateway", ("10.0.0.8", "10.0.0.9"), NH),
    Case("nexthop", "via", ("2001:db8::8", "2001:db8::9"), "gateway", ("2001:db8::8", "2001:db8::9"), NH),
    Case("nexthop", "dev", ("v0", "v1"), "dev", ("v0", "v1"), {"id": 9}),
    Case("nexthop", "blackhole", (True, True), word("blackhole"), (True, True), {"id": 9}),
    Case("nexthop", "onlink", (True, False), lambda n: "onlink" in n["flags"], (True, False), NH),
    Case(
        "nexthop",
        "encap",
        ({"id": 42, "dst": "10.0.0.9", "key": True}, {}),
        header("encap", "id", "dst", "key"),
        (("ip", 42, "10.0.0.9", True), (None,) * 4),
        NH,
    ),
    Case("nexthop", "fdb", (True, True), word("fdb"), (True, True), {"id": 9, "via": "10.0.0.7"}),
    Case(
        "nexthop",
        "group",
        ([{"id": 1, "weight": 255}, {"id": 2}], [{"id": 2}]),
        "group",
        ([{"id": 1, "weight": 255}, {"id": 2}], [{"id": 2}]),
        {"id": 9},
    ),
    Case("nexthop", "group", ([{"id": 3}], [{"id": 3}]), word("fdb"), (True, True), {"id": 9, "fdb": True}),
    *(
        Case(
            "nexthop",
            option,
            values,
            lambda n, told=told: n["resilient_args"][told],
            shown,
            {"id": 9, "group": [{"id": 1}], "type": "resilient"} | ({} if option == "buckets" else {"buckets": 8}),
            in_place=option != "buckets",
        )
        for option, values, told, shown in (
            ("buckets", (8, 16), "buckets", (8, 16)),
            ("idle_timer", (10, "2s"), "idle_timer", (10, 2)),
            ("unbalanced_timer", (20, 0), "unbalanced_timer", (20, 0)),
        )
    ),
]
RULE = {"priority": 100, "from": "10.0.0.0/8"}
RULES = [
    Case("rule", "table", (100, 2**32 - 1), "table", ("100", str(2**32 - 1)), RULE, False),
    Case("rule", "table", ("main", "default"), "table", ("main", "default"), {"priority": 1, "family": "ipv6"}, False),
    Case("rule", "action", ("blackhole", "prohibit"), "action", ("blackhole", "prohibit"), RULE, False),
    Case("rule", "action", ("nop", "unreachable"), "action", (None, "unreachable"), RULE, False),
    Case("rule", "goto", (200, 300), "goto", (200, 300), RULE, False),
    Case("rule", "l3mdev", (True, False), word("l3mdev"), (True, False), RULE, False),
    Case(
        "rule",
        "realms",
        ("3/4", "none"),
        lambda r: (r.get("flow_from"), r.get("flow_to")),
        (("3", "4"), (None, None)),
        RULE,
        False,
    ),
    Case("rule", "suppress_prefixlength", (0, -1), "suppress_prefixlen", (0, None), RULE, False),
    Case("rule", "suppress_ifgroup", (3, -1), "suppress_ifgroup", ("3", None), RULE, False),
]
#: What a rule selects: a value and what iproute2 says of it. Another value is another rule.
SELECTED = {
    "from": ("2001:db8::/32", {"src": "2001:db8::", "srclen": 32}),
    "to": ("10.2.3.4", {"dst": "10.2.3.4"}),
    "not": (True, {"not": None}),
    "tos": (16, {"tos": "0x10"}),
    "fwmark": ("16/255", {"fwmark": "0x10", "fwmask": "0xff"}),
    "iif": ("v0", {"iif": "v0"}),
    "oif": ("nothere", {"oif": "nothere", "oif_detached": None}),
    "uidrange": ("5", {"uid_start": 5, "uid_end": 5}),
    "ipproto": ("tcp", {"ipproto": "tcp"}),
    "sport": ("10-20", {"sport_start": 10, "sport_end": 20}),
    "dport": (65534, {"dport": 65534}),
    "tun_id": (2**64 - 1, {"tun_id": 2**64 - 1}),
}
#: What newer kernels can select by: tests/kernel/test_object_words.py.
NEWER = ("dscp", "flowlabel")
#: Rows that no case here can show, each with its reason.
NOT_TOLD = {
    ("route", "lock"): "a case of its own: iproute2's JSON leaves the word out",
    ("route", "allow_kernel_hazard"): "no option of the kernel: tests/kernel/test_tunnel_options.py",
    ("nexthop", "allow_kernel_hazard"): "likewise",
    ("nexthop", "type"): "a case of its own: each type has options that the other has not",
    ("nexthop", "family"): "iproute2 does not tell it: a case of its own",
}
#: What ``ip`` is asked: all tables, all types.
ASK = {
    "route": ("ip -j -d route show table all proto 110", "ip -j -d -6 route show table all proto 110"),
    "nexthop": ("ip -j -d nexthop show id 9",),
    "rule": ("ip -j -d rule show", "ip -j -d -6 rule show"),
}


def ask(sort: str, tell: Any) -> list[dict[str, Any]]:
    """Return what iproute2 says of our objects of a sort."""
    if sort == "nexthop":
        done = subprocess.run(ASK[sort][0].split(), capture_output=True, text=True, check=False, timeout=30)
        return tell(ASK[sort][0]) if done.returncode == 0 else []
    found = [one for command in ASK[sort] for one in tell(command)]
    if sort == "rule":
        return [one for one in found if one["protocol"] == "110"]
    # Both commands tell IPv6 routes with table all, and the seconds that are left may differ.
    return list({str({**one, "expires": 0}): one for one in found}.values())


ALL = (
    LINKS.replace("{id: 3,", "{id: 4, blackhole: true}, {id: 5, dev: v0, family: ipv6}, {id: 3,")
    + """
routes:
  - {dst: 10.20.0.0/16, nhid: 1, metric: 5}
  - {dst: "2001:db8:20::/64", nhid: 5}
  - {dst: 10.21.0.0/16, via: 10.0.0.2, mtu: 1400, lock: [mtu], rtt: 1s, features: [ecn], quickack: true, table: 7}
  - {dst: 10.22.0.0/16, via: "2001:db8::2", dev: v0, congctl: reno, tos: 16}
  - {dst: 10.23.0.0/16, nexthops: [{via: 10.0.0.2, weight: 3}, {via: 10.0.1.2, dev: v1, encap: {id: 5, dst: 10.0.0.9}}]}
  - {dst: "2001:db8:23::/64", nexthops: [{via: "2001:db8::2"}, {via: "2001:db8:1::2"}], pref: high}
  - {dst: 10.24.0.0/16, type: throw}
  - {dst: 10.25.0.0/16, via: 10.0.0.2, realms: 3/4, scope: 50, tos: AF11}
  - {dst: 10.26.0.0/16, nexthops: [{via: 10.0.0.2, realms: 3}, {via: 10.0.0.3, realms: 5/6, onlink: true, dev: v1}]}
  - {dst: 10.27.0.1, type: local, dev: v0}
  - {dst: 10.27.0.2, type: local, dev: v0, table: main}
  - {dst: "2001:db8:25::/64", from: "2001:db8:26::/64", via: "2001:db8::2"}
  - {dst: "2001:db8:24::/64", dev: v0, encap: {type: ip6, id: 7, dst: "2001:db8::9", ttl: 4, tos: 8, seq: true}}
rules:
  - {priority: 100, from: 10.0.0.0/8, table: 7}
  - {priority: 100, to: 10.0.0.0/8, action: blackhole}
  - {priority: 101, iif: v0, fwmark: 0x10/0xff, tos: 16, ipproto: tcp, dport: 80, uidrange: 0-100, table: main,
     suppress_prefixlength: 0, suppress_ifgroup: 3}
  - {priority: 102, from: 10/8, table: 9, realms: 1/2}
  - {priority: 104, family: ipv6, not: true, from: 2001:db8::/32, goto: 200}
"""
)
