# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nexthops, and routes and rules beside them: what goes and comes back with what, whose they are, and the way back."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

from .look import everything
from .route_cases import ALL, LINKS
from .test_protect import HOST, run

GROUP = (
    LINKS
    + """
routes: [{dst: 10.30.0.0/16, nhid: 20}, {dst: 10.31.0.0/16, nhid: 1}, {dst: 10.32.0.0/16, via: 10.0.0.2}]
"""
).replace("{id: 3, via", "{id: 20, group: [{id: 1}, {id: 2, weight: 2}]}, {id: 3, via")


def ip(command: str) -> None:
    """Run ip as somebody else would."""
    subprocess.run(["ip", *command.split()], check=True, timeout=10)


def ids(tell: Any) -> list[int]:
    """Return the nexthops that iproute2 tells."""
    return [one["id"] for one in tell("ip -j nexthop")]


def ways(tell: Any) -> dict[str, Any]:
    """Return where our routes lead."""
    return {one["dst"]: one.get("nhid", one.get("gateway")) for one in tell("ip -j route show proto 110")}


def test_members_come_before_groups_and_go_after_them(apply: Any, tell: Any) -> None:
    report = apply(GROUP)
    order = [line for line in report.commands if "nexthop" in line or "route" in line]
    assert order.index("ip nexthop add id 20 group 1/2,2") > order.index("ip nexthop add id 2 via 10.0.0.3 dev v0")
    assert order.index("ip route add 10.30.0.0/16 nhid 20") > order.index("ip nexthop add id 20 group 1/2,2")
    before = everything()
    gone = apply({"nexthops": [{"id": number, "state": "absent"} for number in (1, 2, 20)]})
    assert [line.split()[4] for line in gone.commands] == ["20", "1", "2"]
    assert ids(tell) == [3]
    assert ways(tell) == {"10.32.0.0/16": "10.0.0.2"}, "the routes that led to them went along"
    assert apply(GROUP).changed
    assert everything() == before


def test_a_route_to_a_blackhole_is_removed_alone(apply: Any, gather: Any, tell: Any) -> None:
    """The kernel tells such a route as a blackhole, and does not find it as one."""
    for dst in ("10.30.0.0/16", "2001:db8:30::/64"):
        family = "ipv6" if ":" in dst else "ipv4"
        apply({"nexthops": [{"id": 4, "blackhole": True, "family": family}], "routes": [{"dst": dst, "nhid": 4}]})
        assert apply(gather()).commands == []
        assert apply({"routes": [{"dst": dst, "nhid": 4, "type": "unicast"}]}).commands == []
        assert apply({"routes": [{"dst": dst, "state": "absent"}]}).changed
        assert tell(f"ip -j {'-6' if ':' in dst else '-4'} route show {dst}") == []
        assert ids(tell) == [4]
        assert apply({"nexthops": [{"id": 4, "state": "absent"}]}).changed


def test_a_route_leaves_a_nexthop_before_that_goes(apply: Any, tell: Any) -> None:
    """In one run the route gets another way and its nexthop is removed: the route is never missing."""
    apply(GROUP)
    report = apply("{nexthops: [{id: 1, state: absent}], routes: [{dst: 10.31.0.0/16, nhid: 2}]}")
    assert report.commands == ["ip route replace 10.31.0.0/16 nhid 2 scope global", "ip nexthop del id 1"]
    assert ways(tell)["10.31.0.0/16"] == 2
    assert [one["id"] for one in tell("ip -j nexthop show id 20")[0]["group"]] == [2], (
        "the kernel takes it from the group"
    )


@pytest.mark.parametrize(
    ("wish", "id_"),
    [
        ({"id": 1, "group": [{"id": 2}]}, 1),
        ({"id": 20, "via": "10.0.0.9", "dev": "v0"}, 20),
        ({"id": 20, "blackhole": True}, 20),
        ({"id": 20, "group": [{"id": 1}], "type": "resilient", "buckets": 8}, 20),
    ],
)
def test_made_anew_with_its_routes_back(wish: dict[str, Any], id_: int, apply: Any, tell: Any) -> None:
    config = GROUP.replace("{id: 20, group: [{id: 1}, {id: 2, weight: 2}]}", "{id: 20, group: [{id: 2}]}")
    apply(config if id_ == 1 else GROUP)
    before = ways(tell)
    report = apply({"nexthops": [wish]})
    assert any(line == f"ip nexthop del id {id_}" for line in report.commands)
    assert ways(tell) == before
    (held,) = tell(f"ip -j nexthop show id {id_}")
    assert ("group" in held, "blackhole" in held, "gateway" in held) == (
        "group" in wish, "blackhole" in wish, "via" in wish,
    )  # fmt: skip
    assert apply({"nexthops": [wish]}).commands == []


def test_a_run_that_fails_is_taken_back(apply: Any) -> None:
    """Fail at the last route, after nexthops were changed, made anew and rules turned; nothing of it is left."""
    apply(ALL.replace("to: 10.0.0.0/8, action", "to: 10.99.0.0/16, action"))  # it would be in the way of gateways
    apply("{nexthops: [{id: 20, group: [{id: 1}, {id: 2}]}], routes: [{dst: 10.30.0.0/16, nhid: 20}]}")
    before = everything()
    wish = """
    nexthops: [{id: 20, via: 10.0.0.9, dev: v0}, {id: 1, via: 10.0.0.8}, {id: 30, via: 10.0.0.7, dev: v0}]
    routes:
      - {dst: 10.20.0.0/16, metric: 5, nhid: 30}
      - {dst: 10.21.0.0/16, table: 7, nexthops: [{via: 10.0.0.5}, {via: 10.0.1.5}]}
      - {dst: 10.24.0.0/16, state: absent}
      - {dst: 10.66.0.0/16, via: 172.31.0.1}
    rules: [{priority: 100, from: 10.0.0.0/8, table: 8}]
    """
    with pytest.raises(Failed, match=r"route 10\.66\.0\.0/16: .*Nexthop has invalid gateway.*Nothing was changed"):
        apply(wish)
    assert everything() == before
    assert apply(wish.replace("172.31.0.1", "10.0.0.2")).changed, "the positive control: with a gateway it works"
    assert everything() != before


def test_a_link_made_anew_has_its_nexthops_back(apply: Any, tell: Any) -> None:
    config = """
    links: [{name: vx, kind: vxlan, vni: 5, dstport: 4789, addresses: [10.5.0.1/24]},
            {name: vy, kind: vxlan, vni: 7, dstport: 4790, addresses: [10.7.0.1/24]}]
    nexthops: [{id: 1, via: 10.5.0.2, dev: vx}, {id: 2, via: 10.7.0.2, dev: vy}, {id: 9, group: [{id: 1}, {id: 2}]}]
    routes: [{dst: 10.30.0.0/16, nhid: 9}, {dst: 10.31.0.0/16, nexthops: [{via: 10.5.0.3}, {via: 10.7.0.3}]}]
    """
    apply(config)
    before = everything()
    assert apply(config.replace("vni: 5,", "vni: 6, recreate: true,")).changed
    assert sorted(line.replace('"id": 6', '"id": 5') for line in everything()) == sorted(before)
    gone = apply("links: [{name: vy, state: absent}]")
    assert gone.commands == ["ip link del vy"]
    assert [one["id"] for one in tell("ip -j nexthop show id 9")[0]["group"]] == [1]


def test_anothers_objects_are_left_alone(apply: Any, tell: Any) -> None:
    apply(LINKS)
    ip("nexthop add id 50 via 10.0.0.50 dev v0 proto static")
    ip("rule add priority 100 from 10.0.0.0/8 lookup 5")
    ip("rule add priority 200 lookup 5 proto static")
    apply("{nexthops: [{id: 60, blackhole: true}], rules: [{priority: 100, from: 10.0.0.0/8, table: 6}]}")
    rules = [(one["priority"], one["table"], one["protocol"]) for one in tell("ip -j -d rule") if one["priority"] < 300]
    assert rules[1:] == [(100, "5", "unspec"), (100, "6", "110"), (200, "5", "static")]
    again = "{nexthops: [{id: 60, blackhole: true}], rules: [{priority: 100, from: 10.0.0.0/8, table: 6}]}"
    assert apply(again).commands == []
    apply("{rules: [{priority: 100, from: 10.0.0.0/8, state: absent}]}")
    assert [one["table"] for one in tell("ip -j rule") if one["priority"] == 100] == ["5"], "ours goes first"
    apply(LINKS, overridden=True)
    assert ids(tell) == [1, 2, 3, 50]
    left = {(one["priority"], one["protocol"]) for one in tell("ip -j -d rule")}
    assert left == {(0, "kernel"), (100, "unspec"), (200, "static"), (32766, "kernel"), (32767, "kernel")}


def test_a_rule_that_selects_less_is_told_from_one_that_selects_more(apply: Any, tell: Any) -> None:
    """The kernel would take the second for the first, and remove that: it has all that is said of the first."""
    rules = [
        {"priority": 7, "from": "10.0.0.0/8", "iif": "lo", "table": 5},
        {"priority": 7, "from": "10.0.0.0/8", "table": 5},
        {"priority": 7, "from": "10.0.0.0/8", "not": True, "table": 5},
        {"priority": 7, "table": 5},
    ]
    for order in (rules, rules[::-1]):
        for number, rule in enumerate(order):
            apply({"rules": order})
            apply({"rules": [{**rule, "state": "absent"}]})
            left = [(one["src"], one.get("iif"), "not" in one) for one in tell("ip -j -d rule") if one["priority"] == 7]
            expected = [
                ("10.0.0.0" if "from" in one else "all", one.get("iif"), "not" in one)
                for other, one in enumerate(order)
                if other != number
            ]
            assert sorted(left, key=str) == sorted(expected, key=str)
            apply({}, overridden=True)
            assert [one for one in tell("ip -j -d rule") if one["priority"] == 7] == []


CUTS = {
    "nexthops: [{id: 5, state: absent}]": "nexthop 5: its removal would cut",
    "nexthops: [{id: 6, state: absent}]": "nexthop 6: its removal would cut",
    "routes: [{dst: 203.0.113.0/24, state: absent}]": "route 203.0.113.0/24: its removal would cut",
    "routes: [{dst: 203.0.113.0/24, type: blackhole}]": "route 203.0.113.0/24: another way would cut",
    "routes: [{dst: 203.0.113.0/24, via: 198.51.100.2, dev: other}]": "route 203.0.113.0/24: another way would cut",
    "rules: [{priority: 5, to: 203.0.113.0/24, action: blackhole}]": "rule 5 to 203.0.113.0/24: it would cut",
    "rules: [{priority: 5, action: prohibit}]": "rule 5: it would cut",
}
HARMLESS = (
    "nexthops: [{id: 7, state: absent}]",
    "nexthops: [{id: 5, via: 192.0.2.2, dev: uplink}]",
    "routes: [{dst: 203.0.113.0/24, mtu: 1400}]",
    "rules: [{priority: 5, to: 203.0.114.0/24, action: blackhole}]",
    "rules: [{priority: 5, family: ipv6, action: blackhole}]",
    "rules: [{priority: 5, from: 192.0.2.10, table: 7}]",
)


@pytest.fixture
def _over_ssh(apply: Any, monkeypatch: Any) -> None:
    apply(HOST)
    apply("""
    nexthops: [{id: 5, via: 192.0.2.1, dev: uplink}, {id: 6, group: [{id: 5}]}, {id: 7, via: 192.0.2.3, dev: uplink}]
    routes: [{dst: 203.0.113.0/24, nhid: 6}]
    """)
    monkeypatch.setenv("SSH_CONNECTION", "203.0.113.7 50000 192.0.2.10 22")


@pytest.mark.usefixtures("_over_ssh")
@pytest.mark.parametrize("config", CUTS)
def test_what_would_cut_is_refused(config: str) -> None:
    before = everything()
    with pytest.raises(Refused, match=CUTS[config]):
        run(config)
    assert everything() == before
    assert run(config, protect=False), "the positive control: without the protection it is done"


@pytest.mark.usefixtures("_over_ssh")
@pytest.mark.parametrize("config", HARMLESS)
def test_what_does_no_harm_is_done(config: str) -> None:
    assert run(config)


UNDER_WAY = """
links:
  - {name: br0, kind: bridge, addresses: [10.0.0.1/24]}
  - {name: p0, kind: veth, master: br0, peer: {name: p1}}
nexthops: [{id: 1, via: 10.0.0.2, dev: br0}, {id: 20, group: [{id: 1}]}]
routes: [{dst: 10.30.0.0/16, nhid: 20}]
"""


def test_nexthop_on_a_link_whose_carrier_is_under_way(apply: Any, tell: Any) -> None:
    """The kernel refuses it until the bridge has noticed the carrier of its port."""
    for _round in range(3):
        apply(UNDER_WAY)
        assert ids(tell) == [1, 20]
        assert apply(UNDER_WAY).commands == []
        apply({}, overridden=True)
        assert ids(tell) == []


def test_nexthop_on_a_link_without_carrier_is_refused_in_the_end(apply: Any, tell: Any) -> None:
    pair = "links: [{name: p0, kind: veth, addresses: [10.0.0.1/24], peer: {name: p1, up: UP}}]\n"
    wish = pair + "nexthops: [{id: 1, via: 10.0.0.2, dev: p0}]"
    with pytest.raises(Failed, match=r"^nexthop 1: Network is down - kernel: Carrier for nexthop device is down\. Not"):
        apply(wish.replace("UP", "false"))
    assert tell("ip -j link show type veth") == []
    apply(wish.replace("UP", "true"))
    assert ids(tell) == [1], "the positive control"
