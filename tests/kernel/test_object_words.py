# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What iproute2 lets one say of objects in several ways: names of numbers, other words, defaults; and newer kernels."""

from __future__ import annotations

import os
import re
import socket
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils.kernel import names
from ansible_collections.netloom.overlay.plugins.module_utils.model import Refused
from ansible_collections.netloom.overlay.plugins.module_utils.refusals import release

from . import raw
from .test_engine import everything
from .test_route_rows import LINKS

FRA_DSCP, FRA_FLOWLABEL, FRA_FLOWLABEL_MASK, FRA_SPORT_MASK, FRA_DPORT_MASK, FRA_DSCP_MASK = 25, 26, 27, 28, 29, 30
FRA_PRIORITY = 6


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the place of iproute2's files; ip reads its own, so the numbers are what it is asked for."""
    monkeypatch.setattr(names, "FOLDERS", (str(tmp_path / "etc"), str(tmp_path / "usr")))
    (tmp_path / "etc" / "rt_tables.d").mkdir(parents=True)
    (tmp_path / "usr" / "rt_tables.d").mkdir(parents=True)
    (tmp_path / "etc" / "rt_tables").write_text("255\tlocal\n254\tmain\n# 99 no\n100\tblue # a remark\n0x65 red\nx y\n")
    (tmp_path / "usr" / "rt_tables").write_text("1\thidden\n100 other\n")
    (tmp_path / "etc" / "rt_tables.d" / "a.conf").write_text("102 green\n")
    (tmp_path / "usr" / "rt_tables.d" / "a.conf").write_text("103 black\n")
    (tmp_path / "usr" / "rt_tables.d" / "b.conf").write_text("104 white\n")
    (tmp_path / "usr" / "rt_tables.d" / "c.txt").write_text("105 gray\n")
    (tmp_path / "usr" / "rt_realms").write_text("7 seven\n8 eight\n")
    (tmp_path / "usr" / "rt_scopes").write_text("77 near\n")
    (tmp_path / "usr" / "rt_dsfield").write_text("0x10 lowdelay\n0xfd odd\n")
    return tmp_path


def run(command: str) -> str:
    """Run a command of iproute2 and return what it says."""
    return subprocess.run(command.split(), check=True, capture_output=True, text=True, timeout=30).stdout


def routes(tell: Any, *words: str) -> list[dict[str, Any]]:
    """Return our routes as iproute2 tells them."""
    return tell(f"ip -j -d {' '.join(words)} route show table all proto 110".replace("  ", " "))


@pytest.mark.parametrize(("name", "number"), [("blue", 100), ("red", 101), ("green", 102), ("white", 104)])
def test_a_table_by_its_name(name: str, number: int, files: Path, apply: Any, tell: Any) -> None:
    """A name of the host's files is the number; what is told is the number, and the second run sends nothing."""
    apply(LINKS)
    wish = {
        "routes": [{"dst": "10.9.0.0/16", "dev": "v0", "table": name}],
        "rules": [{"priority": 5, "from": "10.0.0.0/8", "table": name}],
    }
    assert apply(wish).changed
    assert [one["table"] for one in routes(tell)] == [str(number)]
    assert [one["table"] for one in tell("ip -j rule show pref 5")] == [str(number)]
    assert apply(wish).commands == []
    number_wish = {"routes": [{"dst": "10.9.0.0/16", "dev": "v0", "table": number}]}
    assert apply(number_wish).commands == []
    assert apply({"routes": [{"dst": "10.9.0.0/16", "table": name, "state": "absent"}]}).changed
    assert routes(tell) == []


@pytest.mark.parametrize("name", ["hidden", "other", "black", "gray", "no", "y", "Blue", "blue "])
def test_a_name_that_no_file_has_is_refused(name: str, files: Path, apply: Any) -> None:
    apply(LINKS)
    before = everything()
    with pytest.raises(Refused, match=r"route 10\.9\.0\.0/16: table: .* is neither a number nor one of .*rt_tables"):
        apply({"routes": [{"dst": "10.9.0.0/16", "dev": "v0", "table": name}]})
    assert everything() == before


def test_names_of_realms_scopes_dsfields_and_protocols(files: Path, apply: Any, gather: Any, tell: Any) -> None:
    apply(LINKS)
    wish = {
        "routes": [
            {"dst": "10.9.0.0/16", "via": "10.0.0.2", "realms": "seven/eight", "scope": "near", "tos": "lowdelay"},
            {"dst": "10.8.0.0/16", "nexthops": [{"via": "10.0.0.2", "realms": "eight"}, {"via": "10.0.0.3"}]},
            {"dst": "10.7.0.0/16", "dev": "v0", "tos": "EF"},
        ],
        "rules": [{"priority": 5, "tos": "lowdelay", "ipproto": "ospf", "realms": "seven", "table": 9}],
        "addresses": [{"dev": "v1", "address": "10.77.0.1/24", "scope": "near"}],
    }
    assert apply(wish).changed
    told = {one["dst"]: one for one in routes(tell)}
    assert told["10.9.0.0/16"]["flow"] == {"from": "7", "to": "8"}
    assert (told["10.9.0.0/16"]["scope"], told["10.9.0.0/16"]["tos"]) == ("77", "0x10")
    assert [hop.get("flow") for hop in told["10.8.0.0/16"]["nexthops"]] == [{"to": "8"}, None]
    assert told["10.7.0.0/16"]["tos"] in ("EF", "0xb8")
    (rule,) = tell("ip -j rule show pref 5")
    assert (rule["tos"], rule["ipproto"], rule["flow_to"]) == ("0x10", "ospf", "7")
    infos = [info for link in tell("ip -j addr show dev v1") for info in link["addr_info"]]
    assert [info["scope"] for info in infos if info["local"] == "10.77.0.1"] == ["77"]
    assert apply(wish).commands == []
    assert apply(gather()).commands == []


def test_code_points_by_the_names_of_the_host(files: Path, apply: Any, gather: Any, tell: Any) -> None:
    """The host's rt_dsfield counts wherever such a byte is asked for: in a tunnel header of a route too."""
    apply(LINKS)
    header = {"type": "ip", "id": 42, "dst": "192.0.2.2"}
    wish = {
        "links": [{"name": "vx", "kind": "vxlan", "vni": 5, "dstport": 4789, "tos": "odd", "local": "10.0.0.1"}],
        "routes": [
            {"dst": "10.9.0.0/16", "dev": "vx", "encap": {**header, "tos": "odd"}},
            {"dst": "10.8.0.0/16", "dev": "vx", "encap": {**header, "tos": "af41"}},
            {
                "dst": "10.7.0.0/16",
                "nexthops": [
                    {"via": "10.0.0.2", "dev": "v0", "encap": {**header, "tos": "lowdelay"}},
                    {"via": "10.0.0.3", "dev": "v0"},
                ],
            },
            {
                "dst": "2001:db8:9::/48",
                "dev": "vx",
                "encap": {"type": "ip6", "id": 42, "dst": "2001:db8::2", "tc": "lowdelay"},
            },
        ],
        "nexthops": [{"id": 7, "via": "10.0.0.2", "dev": "v0", "encap": {**header, "tos": "odd"}}],
    }
    assert apply(wish).changed
    assert tell("ip -j -d link show dev vx")[0]["linkinfo"]["info_data"]["tos"] == "0xfd"
    # As JSON a route's destination and its header's are two keys of one name.
    told = "\n".join(run(f"ip -d {family} route show table all proto 110") for family in ("-4", "-6"))
    for route, byte in (("10.9.0.0/16", "tos 253"), ("10.8.0.0/16", "tos 136"), ("2001:db8:9::/48", "tc 16")):
        assert re.search(rf"^(unicast )?{route} +encap .* {byte} ", told, re.MULTILINE), told
    assert len(re.findall(r"nexthop +encap ip id 42 .* tos 16 ", told)) == 1
    assert " tos 253 " in run("ip nexthop show id 7")
    assert apply(wish).commands == []
    assert apply(gather()).commands == []


@pytest.mark.parametrize(
    "wish",
    [
        {"links": [{"name": "vx", "kind": "vxlan", "vni": 5, "tos": "hidden"}]},
        {"routes": [{"dst": "10.9.0.0/16", "dev": "v0", "encap": {"id": 4, "dst": "192.0.2.2", "tos": "hidden"}}]},
        {"routes": [{"dst": "10.9.0.0/16", "dev": "v0", "tos": "hidden"}]},
        {"rules": [{"priority": 7, "tos": "hidden", "table": 9}]},
    ],
)
def test_a_code_point_that_has_no_name_here_is_refused(wish: Any, files: Path, apply: Any) -> None:
    apply(LINKS)
    before = everything()
    with pytest.raises(Refused, match=r"tos:? .*'hidden' is .* nor in this host's rt_dsfield"):
        apply(wish)
    assert everything() == before


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


MASKS: list[tuple[dict[str, Any], dict[int, bytes]]] = [
    ({"dscp": "EF"}, {FRA_DSCP: b"\x2e", FRA_DSCP_MASK: b"\x3f"}),
    ({"dscp": 0}, {FRA_DSCP: b"\x00", FRA_DSCP_MASK: b"\x3f"}),
    ({"dscp": "8/0x38"}, {FRA_DSCP: b"\x08", FRA_DSCP_MASK: b"\x38"}),
    ({"sport": "1000/0xfff8"}, {FRA_SPORT_MASK: struct.pack("=H", 0xFFF8)}),
    ({"dport": "1/1", "ipproto": "udp"}, {FRA_DPORT_MASK: struct.pack("=H", 1)}),
    ({"family": "ipv6", "flowlabel": 0xFFFFF},
     {FRA_FLOWLABEL: b"\x00\x0f\xff\xff", FRA_FLOWLABEL_MASK: b"\x00\x0f\xff\xff"}),
    ({"family": "ipv6", "flowlabel": "0x345/0xfff", "dscp": 63},
     {FRA_FLOWLABEL: b"\0\0\x03\x45", FRA_FLOWLABEL_MASK: b"\0\0\x0f\xff", FRA_DSCP: b"\x3f"}),
]  # fmt: skip


@pytest.mark.needs_linux("6.15")
@pytest.mark.parametrize(("chosen", "told"), MASKS)
def test_masks_of_rules(chosen: dict[str, Any], told: dict[int, bytes], apply: Any, gather: Any) -> None:
    """Read the kernel's own bytes of what iproute2 6.1 has no words for; without it, it is another rule."""
    family = socket.AF_INET6 if "family" in chosen else socket.AF_INET
    wish = {"rules": [{"priority": 7, "table": 5, **chosen}]}
    assert apply(wish).changed

    def ours() -> list[dict[int, bytes]]:
        return [one for one in raw.rules(family) if one.get(FRA_PRIORITY) == struct.pack("=I", 7)]

    (rule,) = ours()
    assert {number: rule.get(number) for number in told} == told
    assert apply(wish).commands == []
    assert apply(gather()).commands == []
    assert apply({"rules": [{"priority": 7, "table": 5, "family": chosen.get("family", "ipv4")}]}).changed
    assert len(ours()) == 2
    assert apply({"rules": [{"priority": 7, **chosen, "state": "absent"}]}).changed
    assert [number for rule in ours() for number in told if number in rule] == []
    assert len(ours()) == 1


@pytest.mark.needs_linux("6.15", iproute2="6.15")
@pytest.mark.parametrize("chosen", [chosen for chosen, _told in MASKS])
def test_masks_of_rules_as_iproute2_has_them(chosen: dict[str, Any], apply: Any, tell: Any) -> None:
    """Run the command line that is told in another namespace: iproute2 says the same of both."""
    show = ("-6 " if "family" in chosen else "") + "rule show pref 7"
    report = apply({"rules": [{"priority": 7, "table": 5, **chosen}]})
    (line,) = report.commands
    subprocess.run(["ip", "netns", "add", "replayed"], check=True, timeout=10)
    subprocess.run(["ip", "netns", "exec", "replayed", *line.split()], check=True, timeout=10)
    (here,), (there,) = tell(f"ip -j {show}"), tell(f"ip -n replayed -j {show}")
    assert {**here, "protocol": ""} == {**there, "protocol": ""}
    assert {"dscp", "flowlabel", "sport", "sport_start", "dport", "dport_start"} & here.keys()


NDA_FLAGS_EXT = 15


@pytest.mark.needs_linux("6.17")
@pytest.mark.parametrize("dst", ["10.0.0.9", "2001:db8::9"])
def test_a_neighbor_that_a_control_plane_validates(dst: str, apply: Any, gather: Any, tell: Any) -> None:
    """Read the flag from the kernel's bytes; in any state, set and taken away in place."""
    apply(LINKS)
    packed = socket.inet_pton(socket.AF_INET6 if ":" in dst else socket.AF_INET, dst)
    base = {"dev": "v0", "dst": dst, "mac": "02:00:00:00:00:09"}
    for wish, told in (
        ({"nud": "stale", "extern_valid": True}, b"\4\0\0\0"),
        ({"nud": "permanent"}, b"\4\0\0\0"),
        ({"nud": "permanent", "extern_valid": False}, None),
        ({"nud": "stale", "extern_valid": True, "extern_learn": True}, b"\4\0\0\0"),
    ):
        config = {"neighbors": [{**base, **wish}]}
        assert apply(config).changed
        assert raw.neighbor(packed).get(NDA_FLAGS_EXT) == told
        assert apply(config).commands == []
        assert apply(gather()).commands == []
    (shown,) = tell(f"ip -j neigh show {dst}")
    assert (shown["lladdr"], shown["state"]) == (base["mac"], ["STALE"])
    for word in ("managed", "proxy"):
        with pytest.raises(Refused, match=f"neighbor 10.0.0.8 on v0: {word}: excludes extern_valid"):
            apply({"neighbors": [{"dev": "v0", "dst": "10.0.0.8", word: True, "extern_valid": True}]})


@pytest.mark.needs_linux("6.12")
def test_weights_of_16_bits(apply: Any, gather: Any) -> None:
    apply(LINKS)
    for weights in ((65535, 256), (255, 257), (1, 512)):
        wish = {"nexthops": [{"id": 9, "group": [{"id": 1, "weight": weights[0]}, {"id": 2, "weight": weights[1]}]}]}
        assert apply(wish).changed
        assert raw.nexthop_group(9) == [(1, weights[0]), (2, weights[1])]
        assert apply(wish).commands == []
        assert apply(gather()).commands == []


@pytest.mark.needs_kind("geneve")  # in the lab kernel too, which refuses them all; Linux 6.12 grants one of them
@pytest.mark.parametrize(
    ("wish", "what", "since"),
    [
        ({"rules": [{"priority": 7, "dscp": 8, "table": 5}]}, "rule 7 dscp 8: dscp:", "6.13"),
        ({"rules": [{"priority": 7, "family": "ipv6", "flowlabel": 8, "table": 5}]}, "flowlabel:", "6.14"),
        ({"rules": [{"priority": 7, "sport": "8/8", "table": 5}]}, "sport: a mask", "6.15"),
        ({"nexthops": [{"id": 9, "group": [{"id": 1, "weight": 256}]}]}, "group: weight 256", "6.12"),
    ],
)
def test_refused_on_an_older_kernel(wish: dict[str, Any], what: str, since: str, apply: Any) -> None:
    """What this kernel is too old for changes nothing; the same without it is made. A newer one makes it."""
    apply(LINKS)
    before = everything()
    if release(os.uname().release) >= release(since):
        assert apply(wish).changed
        assert everything() != before
        return
    with pytest.raises(Refused, match=f"{what} needs Linux {since}"):
        apply(wish)
    assert everything() == before
    assert apply({"rules": [{"priority": 7, "sport": "8"}]}).changed
