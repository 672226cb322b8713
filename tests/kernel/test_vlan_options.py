# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of single VLANs, on ports, bridges and in spanning trees. iproute2 says what the kernel holds.

The native kernel has no VLAN filtering of bridges (CONFIG_BRIDGE_VLAN_FILTERING), so these run in the lab kernel.
"""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
import yaml

from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.links.bridge_vlan import GLOBAL

from .look import run
from .raw import heard

pytestmark = pytest.mark.needs_vlan_filtering

NETWORK = """
links:
  - {name: t0, kind: veth, peer: {name: t1}, master: br0,
     port: {vlans: [{vid: 10, pvid: true, untagged: true}, {vid: 100-199}],
            vlan_options: [{vid: 100-150, state: blocking, mcast_router: 0}, {vid: 10, mcast_router: 2}]}}
  - {name: t2, kind: veth, peer: {name: t3}, master: br0, port: {vlans: [{vid: 100-199}]}}
  - {name: br0, kind: bridge, vlan_filtering: true, mcast_vlan_snooping: true, mac: "02:00:00:00:00:01",
     vlans: [{vid: 1, pvid: true, untagged: true}, {vid: 10}], vlan_options: [{vid: 10, mcast_router: 2}],
     vlan_global: [{vid: 10, mcast_querier: true, mcast_igmp_version: 3}, {vid: 100-149, mcast_snooping: false}]}
"""
NAMES = ("br0", "t0", "t2")


def options(tell: Any, name: str) -> dict[int, tuple[str, int]]:
    """Return VLAN -> state and multicast router, as ``bridge -d vlan`` says."""
    found: dict[int, tuple[str, int]] = {}
    for link in tell(f"bridge -j -d vlan show dev {name}"):
        for item in link["vlans"]:
            for vid in range(item["vlan"], item.get("vlanEnd", item["vlan"]) + 1):
                found[vid] = (item["state"], item["mcast_router"])
    return found


def of_all(tell: Any, name: str = "br0") -> dict[int, dict[str, Any]]:
    """Return VLAN -> options on the whole bridge, as ``bridge vlan global`` says."""
    found: dict[int, dict[str, Any]] = {}
    for link in tell(f"bridge -j vlan global show dev {name}"):
        for item in link["vlans"]:
            said = {key: value for key, value in item.items() if key not in ("vlan", "vlanEnd", "router_ports")}
            found.update(dict.fromkeys(range(item["vlan"], item.get("vlanEnd", item["vlan"]) + 1), said))
    return found


USUAL = ("forwarding", 1)


def test_options_of_vlans_are_what_iproute2_sees_and_the_second_run_sends_nothing(apply: Any, tell: Any) -> None:
    with heard() as first:
        assert apply(NETWORK).changed
    assert first, "the positive control: a change is heard"
    expected = {10: ("forwarding", 2), **dict.fromkeys(range(100, 200), USUAL)}
    assert options(tell, "t0") == {**expected, **dict.fromkeys(range(100, 151), ("blocking", 0))}
    assert options(tell, "t2") == dict.fromkeys(range(100, 200), USUAL), "left out is not managed"
    assert options(tell, "br0") == {1: USUAL, 10: ("forwarding", 2)}
    whole = of_all(tell)
    assert (whole[10]["mcast_querier"], whole[10]["mcast_igmp_version"], whole[10]["mcast_snooping"]) == (1, 3, 1)
    assert {vid for vid, said in whole.items() if said["mcast_snooping"] == 0} == set(range(100, 150))
    one_by_one = NETWORK.replace("{vid: 100-149,", "{vid: 149, mcast_snooping: 0}, {vid: 100-148,")
    for wish in (NETWORK, one_by_one):
        with heard() as announced:
            assert apply(wish).commands == []
        assert announced == []


def test_options_change_in_place_and_what_is_not_named_stays(apply: Any, tell: Any) -> None:
    apply(NETWORK)
    wish = """
links:
  - {name: t0, port: {vlan_options: [{vid: 120-160, state: "2"}, {vid: 10, state: forwarding}]}}
  - {name: br0, kind: bridge, vlan_global: [{vid: 100-120, mcast_snooping: on}, {vid: 10, mcast_igmp_version: 2}]}
"""
    foretold = apply(wish, check=True)
    report = apply(wish)
    assert report.commands == foretold.commands
    assert report.commands == [
        "bridge vlan set vid 120-160 dev t0 state learning",
        "bridge vlan global set vid 10 dev br0 mcast_igmp_version 2",
        "bridge vlan global set vid 100-120 dev br0 mcast_snooping 1",
    ]
    said = options(tell, "t0")
    assert said[10] == ("forwarding", 2)
    assert {said[vid] for vid in range(100, 120)} == {("blocking", 0)}
    assert {said[vid] for vid in range(120, 151)} == {("learning", 0)}
    assert {said[vid] for vid in range(151, 161)} == {("learning", 1)}
    assert {said[vid] for vid in range(161, 200)} == {USUAL}
    whole = of_all(tell)
    assert {vid for vid, item in whole.items() if item["mcast_snooping"] == 0} == set(range(121, 150))
    assert (whole[10]["mcast_querier"], whole[10]["mcast_igmp_version"]) == (1, 2)
    assert not apply(wish).changed


#: Two values of each option on the whole bridge.
VALUES = {
    "mcast_snooping": (False, True),
    "mcast_querier": (True, False),
    "mcast_igmp_version": (3, 2),
    "mcast_mld_version": (2, 1),
    "mcast_last_member_count": (0, 2**32 - 1),
    "mcast_startup_query_count": (0, 2**32 - 1),
    "mcast_last_member_interval": (0, 2**64 // 10**7),
    "mcast_membership_interval": (0, 2**64 // 10**7),
    "mcast_querier_interval": (0, 2**64 // 10**7),
    "mcast_query_interval": (100, 8640000),
    "mcast_query_response_interval": (0, 2**64 // 10**7),
    "mcast_startup_query_interval": (100, 8640000),
}


@pytest.mark.parametrize("name", [row.name for row in GLOBAL if row.name != "msti"])
def test_option_on_the_whole_bridge(name: str, apply: Any, tell: Any) -> None:
    """Both ends, set and read back; the lines for it say the same to iproute2."""
    bridge = {"name": "br0", "kind": "bridge", "vlan_filtering": True, "vlans": [{"vid": 5}]}
    apply({"links": [bridge]})
    for value in VALUES[name]:
        wish = {"links": [{**bridge, "vlan_global": [{"vid": 5, name: value}]}]}
        (line,) = apply(wish, check=True).commands
        assert apply(wish).changed
        assert of_all(tell)[5][name] == int(value)
        assert not apply(wish).changed
        run("ip link del dev br0")
        apply({"links": [bridge]})
        before = of_all(tell)[5][name]
        run(line)
        assert of_all(tell)[5][name] == int(value) or before == int(value)


def test_lines_for_ports_are_iproute2s(apply: Any, tell: Any) -> None:
    for line in apply(NETWORK, check=True).commands:
        subprocess.run(["sh", "-c", line], check=True, timeout=20)
    said = {name: options(tell, name) for name in NAMES}
    whole = of_all(tell)
    assert not apply(NETWORK).changed
    assert said["t0"][100] == ("blocking", 0)
    assert whole[10]["mcast_querier"] == 1


def test_options_are_back_on_a_recreated_link_and_after_a_failure(apply: Any, tell: Any) -> None:
    apply(NETWORK)
    run("bridge vlan set vid 150 dev t2 state listening")  # by somebody else, and not wished for
    before = {name: options(tell, name) for name in NAMES}, of_all(tell)
    index = tell("ip -j link show dev t2")[0]["ifindex"]
    apply("links: [{name: t2, kind: veth, peer: {name: t3}, numtxqueues: 3, recreate: true}]")
    assert tell("ip -j link show dev t2")[0]["ifindex"] != index
    assert ({name: options(tell, name) for name in NAMES}, of_all(tell)) == before
    wish = NETWORK.replace("100-150, state: blocking", "100-170, state: listening").replace(
        "vid: 10, mcast_q", "vid: 10, mcast_snooping: 0, mcast_q"
    )
    with pytest.raises(Failed, match="invalid gateway"):
        apply(wish + "routes: [{dst: 10.77.0.0/16, via: 203.0.113.1, dev: br0}]")
    assert ({name: options(tell, name) for name in NAMES}, of_all(tell)) == before
    apply(wish)
    assert ({name: options(tell, name) for name in NAMES}, of_all(tell)) != before, "the positive control"


def test_bridge_that_is_put_back_has_the_options_of_its_vlans(apply: Any, tell: Any) -> None:
    apply(NETWORK)
    before = {name: options(tell, name) for name in NAMES}, of_all(tell)
    with pytest.raises(Failed):
        apply("links: [{name: br0, kind: vxlan, vni: 5, dstport: 4799, recreate: true}]")
    assert ({name: options(tell, name) for name in NAMES}, of_all(tell)) == before


def test_gathered_options_build_the_same_elsewhere(apply: Any, gather: Any, tell: Any) -> None:
    apply(NETWORK)
    config = yaml.safe_load(yaml.safe_dump(gather()))
    links = {link["name"]: link for link in config["links"]}
    assert links["t0"]["port"]["vlan_options"] == [
        {"vid": 10, "mcast_router": 2},
        {"vid": "100-150", "state": "blocking", "mcast_router": 0},
    ]
    assert "vlan_options" not in links["t2"]["port"]
    assert links["br0"]["vlan_global"] == [
        {"vid": 10, "mcast_querier": True, "mcast_igmp_version": 3},
        {"vid": "100-149", "mcast_snooping": False},
    ]
    assert not apply(config).changed
    before = {name: options(tell, name) for name in NAMES}, of_all(tell)
    apply({}, overridden=True)
    apply({"links": [link for link in config["links"] if link["name"] != "lo"]})
    assert ({name: options(tell, name) for name in NAMES}, of_all(tell)) == before


TREES = """
links:
  - {name: t0, kind: veth, peer: {name: t1}, master: br0,
     port: {vlans: [{vid: 10}, {vid: 20-21}, {vid: 30}], mst: [{msti: 2, state: blocking}, {msti: 3, state: learning}]}}
  - {name: br0, kind: bridge, vlan_filtering: true, vlan_default_pvid: 0, mst_enabled: true,
     vlan_global: [{vid: 20-21, msti: 2}, {vid: 30, msti: 3}]}
"""


def test_states_in_spanning_trees(apply: Any, gather: Any, tell: Any) -> None:
    """A VLAN has the state of its tree: iproute2 6.1 tells no trees, but that."""
    assert apply(TREES).changed
    states = {vid: state for vid, (state, _router) in options(tell, "t0").items()}
    assert {vid: states[vid] for vid in (20, 21, 30)} == {20: "blocking", 21: "blocking", 30: "learning"}
    assert not apply(TREES).changed
    second = TREES.replace("state: blocking", "state: forwarding").replace("vid: 20-21, msti: 2", "vid: 20, msti: 2")
    report = apply(second)
    assert report.commands == ["bridge mst set msti 2 dev t0 state forwarding"]
    assert {vid: state for vid, (state, _router) in options(tell, "t0").items()}[21] == "forwarding"
    config = gather()
    assert not apply(config).changed
    (port,) = [link["port"] for link in config["links"] if link["name"] == "t0"]
    assert port["mst"] == [{"msti": 2, "state": "forwarding"}, {"msti": 3, "state": "learning"}]
    apply({}, overridden=True)
    apply({"links": [link for link in config["links"] if link["name"] != "lo"]})
    assert not apply(second).changed
    assert options(tell, "t0")[30][0] == "learning"
    with pytest.raises(Failed, match="when MST is enabled"):
        apply("links: [{name: t0, port: {vlan_options: [{vid: 10, state: blocking}]}}]")
    assert apply("links: [{name: t0, port: {vlan_options: [{vid: 10, mcast_router: 0}]}}]").changed


BAD = {
    "no option": ("[{vid: 10}]", "vid 10 has no option"),
    "word": ("[{vid: 10, state: open}]", "vid 10: state: 'open' is not one of disabled, listening"),
    "number": ("[{vid: 10-11, mcast_router: 3}]", "vid 10-11: mcast_router: 3 is not within 0..2"),
    "vid": ("[{vid: 4095, state: blocking}]", "4095 is not within 1..4094"),
    "twice": ("[{vid: 10-12, state: blocking}, {vid: 11, state: learning}]", "vid 11 is told twice"),
    "key": ("[{vid: 10, stat: blocking}]", "unknown key 'stat', did you mean state?"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_options_are_refused_in_a_sentence(case: str, apply: Any, tell: Any) -> None:
    value, sentence = BAD[case]
    with pytest.raises(Refused) as refusal:
        apply(f"links: [{{name: t0, kind: veth, peer: {{name: t1}}, port: {{vlan_options: {value}}}}}]")
    assert f"t0: vlan_options: {sentence}" in str(refusal.value)
    assert [link["ifname"] for link in tell("ip -j link")] == ["lo"]


def test_vlan_that_is_not_there_is_the_kernels_to_refuse(apply: Any, tell: Any) -> None:
    apply(NETWORK)
    before = {name: options(tell, name) for name in NAMES}, of_all(tell)
    with pytest.raises(Failed, match=r"t0: .*doesn't exist"):
        apply("links: [{name: t0, port: {vlan_options: [{vid: 10, mcast_router: 0}, {vid: 555, mcast_router: 0}]}}]")
    with pytest.raises(Failed, match=r"br0: .*doesn't exist"):
        apply("links: [{name: br0, kind: bridge, vlan_global: [{vid: 10, mcast_querier: 0}, {vid: 555, msti: 0}]}]")
    assert ({name: options(tell, name) for name in NAMES}, of_all(tell)) == before
