# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Say what iproute2 lets one say of objects in several ways: other words, defaults."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

from .look import everything, routes
from .route_cases import LINKS


@pytest.mark.needs_kind("vrf")
def test_a_route_in_the_table_of_a_vrf(apply: Any, gather: Any, tell: Any) -> None:
    """The table is that of the VRF, of this config or of the host, in the route's namespace."""
    config = {
        "netns": [{"name": "side"}],
        "links": [
            {"name": "red", "kind": "vrf", "table": 10},
            {"name": "red", "kind": "vrf", "table": 20, "netns": "side"},
            {"name": "d0", "kind": "dummy", "addresses": ["10.0.0.1/24"]},
        ],
        "routes": [
            {"dst": "10.9.0.0/16", "type": "blackhole", "vrf": "red"},
            {"dst": "10.9.0.0/16", "type": "blackhole", "vrf": "red", "netns": "side"},
        ],
    }
    assert apply(config).changed
    assert [one["table"] for one in routes(tell)] == ["10"]
    assert [one["table"] for one in tell("ip -j -n side route show table all proto 110")] == ["20"]
    assert apply(config).commands == []
    assert apply({"routes": config["routes"]}).commands == []
    for wish, reason in (
        ({"vrf": "blue"}, "vrf: there is no vrf blue"),
        ({"vrf": "d0"}, "vrf: there is no vrf d0"),
        ({"vrf": "red", "table": 10}, "vrf: vrf and table exclude each other"),
    ):
        with pytest.raises(Refused, match=f"route 10.8.0.0/16: {reason}"):
            apply({"routes": [{"dst": "10.8.0.0/16", "type": "blackhole", **wish}]})
    assert apply({"routes": [{"dst": "10.9.0.0/16", "vrf": "red", "state": "absent"}]}).changed
    assert routes(tell) == []


@pytest.mark.parametrize(
    ("section", "words", "same"),
    [
        ("routes", {"dst": "10/8", "dev": "v0", "priority": 7}, {"dst": "10.0.0.0/8", "dev": "v0", "metric": "7"}),
        ("routes", {"dst": "10.9/16", "dev": "v0", "preference": 7}, {"dst": "10.9.0.0/16", "dev": "v0", "metric": 7}),
        ("routes", {"dst": "10.9.0.0/255.255.0.0", "dev": "v0", "dsfield": "0x10"},
         {"dst": "10.9.0.0/16", "dev": "v0", "tos": 16}),
        ("routes", {"dst": "2001:DB8:9:0::/64", "dev": "v0", "rtt": "1S"},
         {"dst": "2001:db8:9::/64", "dev": "v0", "rtt": 1000}),
        ("routes", {"dst": "10.9.0.0/16", "dev": "v0", "encap": {"id": "0x2a", "dst": "10.0.0.9", "tos": "EF"}},
         {"dst": "10.9.0.0/16", "dev": "v0", "encap": {"type": "ip", "id": 42, "dst": "10.0.0.9", "tos": "0xb8"}}),
        ("routes", {"dst": "any", "dev": "v0"}, {"dst": "default", "dev": "v0"}),
        ("routes", {"dst": "0.0.0.0/0", "dev": "v0"}, {"dst": "default", "dev": "v0"}),
        ("rules", {"pref": 7, "uidrange": "daemon"}, {"priority": 7, "uidrange": "1-1"}),
        ("rules", {"pref": 7, "from": "0/0", "to": "0.0.0.0/0", "ipproto": "tcp"}, {"priority": 7, "ipproto": "tcp"}),
        ("rules", {"pref": 7, "from": "::/0", "ipproto": "tcp"}, {"priority": 7, "family": "ipv6", "ipproto": 6}),
        ("rules", {"pref": 7, "to": "::/0", "ipproto": "tcp"}, {"priority": 7, "family": "ipv6", "ipproto": "6"}),
        ("routes", {"dst": "0/0", "dev": "v0"}, {"dst": "default", "dev": "v0"}),
        ("routes", {"dst": "default", "from": "::/0", "dev": "v0"}, {"dst": "::/0", "dev": "v0"}),
        ("addresses", {"dev": "v0", "local": "10.5.0.1", "peer": "10.6.0.1/24"},
         {"dev": "v0", "address": "10.5.0.1/24", "peer": "10.6.0.1"}),
        ("addresses", {"dev": "v0", "local": "2001:db8:7::1", "peer": "2001:DB8:8::1/64"},
         {"dev": "v0", "address": "2001:db8:7::1/64", "peer": "2001:db8:8::1/64"}),
        ("rules", {"pref": 7, "dev": "v0", "lookup": 9}, {"priority": 7, "iif": "v0", "table": 9}),
        ("rules", {"order": 7, "from": "any", "dsfield": "0x1c", "sup_pl": 0}, {"priority": 7, "tos": 28,
         "suppress_prefixlength": 0}),
        ("rules", {"preference": "0x7", "fwmark": 255, "sup_group": 3}, {"priority": 7, "fwmark": "0xff/0xffffffff",
         "suppress_ifgroup": "3"}),
        ("rules", {"pref": 7, "ipproto": 17, "sport": "5-5"}, {"priority": 7, "ipproto": "udp", "sport": 5}),
        ("addresses", {"dev": "v0", "local": "10.5.0.1/24", "brd": "+", "priority": 5},
         {"dev": "v0", "address": "10.5.0.1/24", "broadcast": "10.5.0.255", "metric": 5}),
        ("neighbors", {"dev": "v0", "dst": "10.0.0.9", "lladdr": "02-00-00-00-00-0A"},
         {"dev": "v0", "dst": "10.0.0.9", "mac": "02:00:00:00:00:0a"}),
    ],
)  # fmt: skip
def test_two_ways_to_say_the_same(section: str, words: dict[str, Any], same: dict[str, Any], apply: Any) -> None:
    apply(LINKS)
    assert apply({section: [words]}).changed
    assert apply({section: [same]}).commands == []
    assert apply({section: [words]}).commands == []
    key = {name: value for name, value in (same if section == "addresses" else words).items() if name in _KEYS}
    assert apply({section: [{**key, "state": "absent"}]}).changed


_KEYS = {
    "uidrange",
    "to",
    "address",
    "dst",
    "priority",
    "preference",
    "pref",
    "order",
    "dev",
    "from",
    "dsfield",
    "local",
    "fwmark",
    "ipproto",
    "sport",
}


@pytest.mark.parametrize(("kind", "table"), [("local", "local"), ("broadcast", "local"), ("unicast", "main")])
def test_the_table_of_a_type(kind: str, table: str, apply: Any, gather: Any, tell: Any) -> None:
    """Where no table is named, it is the one that ``ip route add`` takes."""
    apply(LINKS)
    wish = {"dst": "10.9.0.1", "type": kind, "dev": "v0"}
    assert apply({"routes": [wish]}).changed
    subprocess.run(["ip", "route", "add", kind, "10.9.0.2", "dev", "v0", "proto", "99"], check=True, timeout=10)
    ours, theirs = (tell(f"ip -j -d route show table all proto {number}") for number in (110, 99))
    assert [one.get("table") for one in ours] == [one.get("table") for one in theirs]
    assert {one.get("table", "main") for one in ours} == {table}
    assert apply({"routes": [wish]}).commands == []
    assert apply(gather()).commands == []
    assert apply({"routes": [{**wish, "state": "absent"}]}).changed
    assert routes(tell) == []


def test_routes_by_source(apply: Any, gather: Any, tell: Any) -> None:
    """IPv6 routes of one destination are told apart by the source they are for, and each is removed alone."""
    apply(LINKS)
    base = {"dst": "2001:db8:9::/64", "via": "2001:db8::2"}
    sources = ["2001:db8:1::/64", "2001:db8:2::/48", "2001:db8:3::1"]
    wish = {"routes": [base, *({**base, "from": source} for source in sources)]}
    wish["routes"].append({"dst": "default", "via": "2001:db8::2", "from": "2001:db8:1::/64"})
    assert apply(wish).changed
    found = sorted((one["dst"], one.get("from", "")) for one in routes(tell, "-6"))
    assert found == [
        ("2001:db8:9::/64", ""),
        ("2001:db8:9::/64", "2001:db8:1::/64"),
        ("2001:db8:9::/64", "2001:db8:2::/48"),
        ("2001:db8:9::/64", "2001:db8:3::1"),
        ("default", "2001:db8:1::/64"),
    ]
    assert apply(wish).commands == []
    assert apply(gather()).commands == []
    assert apply({"routes": [{**base, "from": sources[0], "via": "2001:db8::3"}]}).changed
    assert {one.get("from"): one["gateway"] for one in routes(tell, "-6") if one["dst"] != "default"} == {
        None: "2001:db8::2", sources[0]: "2001:db8::3", sources[1]: "2001:db8::2", sources[2]: "2001:db8::2",
    }  # fmt: skip
    apply({"routes": [{"dst": base["dst"], "state": "absent"}]})
    apply({"routes": [{"dst": base["dst"], "from": sources[1], "state": "absent"}]})
    left = [one.get("from") for one in routes(tell, "-6") if one["dst"] != "default"]
    assert left == [sources[0], sources[2]]


@pytest.mark.parametrize(
    "address", ["2001:db8::5/64", "fe80::5/64", "fec0::5/64", "ff02::5/128", "ff05::5/128", "ff0e::5/128", "::5/128"]
)
def test_the_scope_of_an_ipv6_address(address: str, apply: Any, tell: Any) -> None:
    """The scope that iproute2 tells is the only one that can be asked for."""
    apply(LINKS)
    more = {"autojoin": True} if address.startswith("ff") else {"nodad": True}
    assert apply({"addresses": [{"dev": "v0", "address": address, **more}]}).changed
    told = {info["local"]: info["scope"] for link in tell("ip -j addr show dev v0") for info in link["addr_info"]}
    scope = told[address.partition("/")[0]]
    assert apply({"addresses": [{"dev": "v0", "address": address, "scope": scope}]}).commands == []
    other = "site" if scope != "site" else "global"
    with pytest.raises(Refused, match=f"scope: the kernel gives this address the scope {scope}"):
        apply({"addresses": [{"dev": "v0", "address": address, "scope": other}]})


def test_what_routers_announce_is_not_gathered(apply: Any, gather: Any, tell: Any) -> None:
    """Such a route passes with what is announced; where somebody wishes for it, it is a route like any other."""
    apply(LINKS)
    route = ["ip", "-6", "route", "add", "2001:db8:9::/64", "via", "2001:db8::2", "dev", "v0"]
    subprocess.run([*route, "proto", "ra", "expires", "1000"], check=True, timeout=10)
    assert gather().get("routes", []) == []
    subprocess.run([*route, "metric", "7", "proto", "static"], check=True, timeout=10)
    assert [one["metric"] for one in gather()["routes"]] == [7], "the control: another's is told"
    wish = {"routes": [{"dst": "2001:db8:9::/64", "via": "2001:db8::2"}]}
    assert apply(wish).commands == []
    assert apply({"routes": [{**wish["routes"][0], "expires": "forever"}]}).changed
    assert [one.get("expires") for one in tell("ip -j -6 route show 2001:db8:9::/64")] == [None, None]
    assert len(gather()["routes"]) == 2


def test_an_optimistic_address(apply: Any, gather: Any, tell: Any) -> None:
    """The flag is for the time of duplicate address detection: a later run finds it gone and is content."""
    apply(LINKS)
    wish = {
        "addresses": [
            {"dev": "v0", "address": "2001:db8::77/64", "optimistic": True},
            {"dev": "v0", "address": "2001:db8::78/64"},
        ],
        "sysctls": [{"dev": "v0", "name": "ipv6.optimistic_dad", "value": 1}],
    }
    assert apply({"sysctls": wish["sysctls"]}).changed
    assert apply(wish).changed
    told = {info["local"]: info for link in tell("ip -j addr show dev v0") for info in link["addr_info"]}
    assert [told[f"2001:db8::{end}"].get("optimistic") for end in (77, 78)] == [True, None]
    assert apply(wish).commands == []
    assert apply({"addresses": [{"dev": "v0", "address": "2001:db8::77/64", "optimistic": False}]}).commands == []
    assert apply(gather()).commands == []


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ({"routes": [{"dst": "10.9.0.0/16", "dev": "v0", "from": "10.1.0.0/16"}]}, "from: is for IPv6 routes only"),
        ({"routes": [{"dst": "10.9.0.0/16", "dev": "v0", "expires": 9}]}, "expires: is for IPv6 routes only"),
        ({"routes": [{"dst": "2001:db8:9::/64", "dev": "v0", "expires": 0}]},
         r"expires: 0 is not within 1\.\.21474836"),
        ({"routes": [{"dst": "2001:db8:9::/64", "dev": "v0", "expires": 21474837}]},
         r"expires: 21474837 is not within"),
        ({"routes": [{"dst": "2001:db8:9::/64", "dev": "v0", "realms": 9}]}, "realms: are for IPv4 routes only"),
        ({"routes": [{"dst": "10.9.0.0/16", "dev": "v0", "realms": "1/65536"}]}, r"realms: .* within 0\.\.65535"),
        ({"routes": [{"dst": "10.9.0.0/16", "dev": "v0", "realms": "1/2/3"}]}, "realms: '1/2/3' is neither REALM nor"),
        ({"routes": [{"dst": "10.9.0.0/16", "dev": "v0", "realms": True}]}, "realms: True is not a realm"),
        ({"routes": [{"dst": "10.9.0.0/16", "nhid": 1, "realms": 3}]}, "realms: belong to the next hops"),
        ({"routes": [{"dst": "2001:db8:9::/64", "dev": "v0", "scope": "link"}]}, "scope: is for IPv4 routes only"),
        ({"routes": [{"dst": "10.9.0.0/16", "dev": "v0", "scope": 256}]}, r"scope: 256 is not within 0\.\.255"),
        ({"routes": [{"dst": "10.9.0.0/16", "dev": "v0", "table": 0}]}, r"table: 0 is not within 1\.\.4294967295"),
        ({"routes": [{"dst": "10.9.0.0/16", "dev": "v0", "tos": 257}]}, r"tos: 257 is not within 0\.\.255"),
        ({"routes": [{"dst": "10.9.0.0/16", "dev": "v0", "tos": 3}]}, "tos: 3 has one of the two lowest bits set"),
        ({"routes": [{"dst": "10.9.1.0/16", "dev": "v0"}]}, "dst: .* has host bits set"),
        ({"routes": [{"dst": "fe80::%v0/64", "dev": "v0"}]}, "dst: 'fe80::%v0/64' has a link in it"),
        ({"routes": [{"dst": "2001:db8:9::/64", "dev": "v0", "via": "fe80::1%v0"}]},
         "via: 'fe80::1%v0' has a link in it"),
        ({"rules": [{"priority": 5, "uidrange": "nobody-at-all"}]}, "uidrange: .* is neither a number nor a range"),
        ({"rules": [{"priority": 5, "ipproto": "nosuch"}]}, "ipproto: 'nosuch' is neither .* this host's protocols"),
        ({"rules": [{"priority": 5, "ipproto": "a\0b", "iif": "v0"}]}, "ipproto: .* is neither a number nor"),
        ({"rules": [{"priority": 5, "dscp": "nosuch"}]}, "dscp: 'nosuch' is not a whole number"),
        ({"rules": [{"priority": 5, "dscp": 64}]}, r"dscp: 64 is not a number or number/mask within 0\.\.63"),
        ({"rules": [{"priority": 5, "dscp": "8/0"}]}, "dscp: '8/0' has a mask of 0"),
        ({"rules": [{"priority": 5, "dscp": "9/8"}]}, "dscp: '9/8' has bits that are not in its mask"),
        ({"rules": [{"priority": 5, "dscp": 9, "tos": 16}]}, "dscp: tos and dscp exclude each other"),
        ({"rules": [{"priority": 5, "tos": "AF11"}]}, "tos: 0x28 has bits beyond 0x1c, .* dscp"),
        ({"rules": [{"priority": 5, "family": "ipv4", "flowlabel": 9}]}, "flowlabel: is for rules of the family ipv6"),
        ({"rules": [{"priority": 5, "family": "ipv6", "flowlabel": 2**20}]}, "flowlabel: 1048576 is not a number"),
        ({"rules": [{"priority": 5, "family": "ipv6", "realms": 9}]}, "realms: are for rules of the family ipv4 only"),
        ({"rules": [{"priority": 5, "sport": "1-2/0xff"}]}, "sport: '1-2/0xff' is a range"),
        ({"rules": [{"priority": 5, "sport": "65535/0xffff"}]}, "sport: .* within 1..65534"),
        ({"rules": [{"priority": 5, "pref": 6}]}, "pref: is another name of priority, and both are given"),
        ({"nexthops": [{"id": 9, "group": [{"id": 1, "weight": 65536}]}]}, r"weight 65536 is not within 1\.\.65535"),
        ({"addresses": [{"dev": "v0", "address": "2001:db8::5/64", "scope": "link"}]}, "scope: .* the scope global"),
        ({"addresses": [{"dev": "v0", "address": "10.5.0.1/24", "peer": "10.6.0.1/16"}]}, "peer: .* another prefix"),
        ({"rules": [{"priority": 5, "from": "0.0.0.0/0", "to": "2001:db8::/32"}]}, "to: 2001:db8::/32 is not of"),
        ({"addresses": [{"dev": "v0", "address": "0.0.0.0/8"}]}, "address: 0.0.0.0 is no address that a link can have"),
        ({"addresses": [{"dev": "v0", "address": "::/64"}]}, "address: :: is no address that a link can have"),
        ({"addresses": [{"dev": "v0", "address": "10.5.0.1/24", "optimistic": True}]}, "optimistic: is for IPv6"),
        *(
            ({"addresses": [{"dev": "v0", "address": "10.5.0.1/24", flag: True}]}, f"{flag}: is for IPv6 addresses")
            for flag in ("nodad", "home", "mngtmpaddr")
        ),
        ({"addresses": [{"dev": "v0", "address": "2001:db8::5/64", "optimistic": True, "nodad": True}]},
         "optimistic: excludes nodad"),
    ],
)  # fmt: skip
def test_refused_with_a_reason(wish: dict[str, Any], reason: str, apply: Any) -> None:
    apply(LINKS)
    before = everything()
    with pytest.raises(Refused, match=reason):
        apply(wish)
    assert everything() == before
