# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tables of links: VLANs of bridges and ports, VNIs of VXLAN links. iproute2 says what the kernel holds.

The native kernel has no VLAN filtering of bridges (CONFIG_BRIDGE_VLAN_FILTERING), so those run in the lab kernel.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

from .look import run
from .raw import heard

vlan_filtering = pytest.mark.needs_vlan_filtering


def vlans(tell: Any, name: str) -> dict[int, tuple[Any, ...]]:
    """Return VLAN -> flags and tunnel id, as ``bridge vlan`` says."""
    tunnels: dict[int, int] = {}
    for link in tell("bridge -j vlan tunnelshow"):
        for item in link["tunnels"] if link["ifname"] == name else ():
            for step in range(item.get("vlanEnd", item["vlan"]) - item["vlan"] + 1):
                tunnels[item["vlan"] + step] = item["tunid"] + step
    found = [link["vlans"] for link in tell("bridge -j vlan show") if link["ifname"] == name]
    return {
        item["vlan"]: (*item.get("flags", ()), *((tunnels[item["vlan"]],) if item["vlan"] in tunnels else ()))
        for item in (found[0] if found else ())
    }


def vnis(tell: Any, name: str = "vx") -> set[tuple[Any, ...]]:
    """Return first, last and remote of the VNIs of a link, as ``bridge vni`` says."""
    return {
        (item["vni"], item.get("vniEnd", item["vni"]), item.get("group") or item.get("remote"))
        for link in tell("bridge -j vni")
        for item in link["vnis"]
        if link["ifname"] == name
    }


NETWORK = """
links:
  - {name: br0, kind: bridge, vlan_filtering: true, mac: "02:00:00:00:00:01",
     vlans: [{vid: 1, pvid: true, untagged: true}, {vid: 10}]}
  - {name: t0, kind: veth, peer: {name: t1}, master: br0,
     port: {vlans: [{vid: 10, pvid: true, untagged: true}, {vid: 100-199}]}}
  - {name: t2, kind: veth, peer: {name: t3}, master: br0}
  - {name: vx, kind: vxlan, dstport: 4789, external: true, learning: false, master: br0, port: {vlan_tunnel: true,
     vlans: [{vid: 200, tunnel_id: 10200}, {vid: 300-309, tunnel_id: 1300-1309}]}}
"""
PVID = ("PVID", "Egress Untagged")


@vlan_filtering
def test_vlans_are_what_iproute2_sees_and_the_second_run_sends_nothing(apply: Any, tell: Any) -> None:
    with heard() as first:
        assert apply(NETWORK).changed
    assert first, "the positive control: a change is heard"
    assert vlans(tell, "br0") == {1: PVID, 10: ()}
    assert vlans(tell, "t0") == {10: PVID, **dict.fromkeys(range(100, 200), ())}
    assert vlans(tell, "t2") == {1: PVID}, "left out is not managed: what a new port has"
    assert vlans(tell, "vx") == {200: (10200,), **{number: (number + 1000,) for number in range(300, 310)}}
    one_by_one = NETWORK.replace("{vid: 100-199}", ", ".join(f"{{vid: {number}}}" for number in range(199, 99, -1)))
    for wish in (NETWORK, one_by_one):
        with heard() as announced:
            assert apply(wish).commands == []
        assert announced == []


@vlan_filtering
def test_vlans_change_in_place_and_only_what_differs_is_touched(apply: Any, tell: Any) -> None:
    apply(NETWORK)
    index = tell("ip -j link show dev vx")[0]["ifindex"]
    second = (
        NETWORK.replace("vid: 10, pvid: true, untagged: true", "vid: 10, untagged: true")
        .replace("{vid: 100-199}", "{vid: 150-199}, {vid: 4094, pvid: true}")
        .replace("vid: 200, tunnel_id: 10200", "vid: 201, tunnel_id: 10200")
        .replace("tunnel_id: 1300-1309", "tunnel_id: 1301-1310")
        .replace("{vid: 10}", "{vid: 20}")
    )
    foretold = apply(second, check=True)
    report = apply(second)
    assert report.commands == foretold.commands
    assert "bridge vlan del dev t0 vid 100-149" in report.commands
    assert not [line for line in report.commands if "150" in line], "a VLAN that stays is left alone"
    assert vlans(tell, "br0") == {1: PVID, 20: ()}
    assert vlans(tell, "t0") == {10: PVID[1:], 4094: PVID[:1], **dict.fromkeys(range(150, 200), ())}
    assert vlans(tell, "vx") == {201: (10200,), **{number: (number + 1001,) for number in range(300, 310)}}
    assert tell("ip -j link show dev vx")[0]["ifindex"] == index
    assert not apply(second).changed
    apply(NETWORK.replace("tunnel_id: 1300-1309", "tunnel_id: 1300-1309").replace("vlan_tunnel: true", "cost: 5"))
    assert vlans(tell, "vx") == {200: (10200,), **{number: (number + 1000,) for number in range(300, 310)}}


@vlan_filtering
def test_empty_list_removes_all_and_a_list_left_out_nothing(apply: Any, tell: Any) -> None:
    apply(NETWORK)
    apply("links: [{name: t0, port: {cost: 7}}]")
    assert 100 in vlans(tell, "t0")
    wish = "links: [{name: t0, port: {vlans: []}}, {name: br0, kind: bridge, vlans: []}]"
    assert apply(wish).changed
    assert (vlans(tell, "t0"), vlans(tell, "br0")) == ({}, {})
    assert vlans(tell, "t2") == {1: PVID}
    assert not apply(wish).changed
    new = """
links:
  - {name: br9, kind: bridge, vlans: []}
  - {name: n0, kind: veth, peer: {name: n1}, master: br9, port: {vlans: []}}
"""
    assert apply(new).changed
    assert (vlans(tell, "br9"), vlans(tell, "n0")) == ({}, {})
    assert not apply(new).changed


@vlan_filtering
def test_vlans_are_back_on_a_recreated_link_and_a_recreated_bridge(apply: Any, tell: Any) -> None:
    apply(NETWORK)
    run("bridge vlan add dev t2 vid 77")  # by somebody else, and not wished for
    names = ("br0", "t0", "t2", "vx")
    before = {name: vlans(tell, name) for name in names}
    apply(NETWORK.replace("dstport: 4789", "dstport: 4790, recreate: true"))
    assert {name: vlans(tell, name) for name in names} == before
    index = tell("ip -j link show dev t0")[0]["ifindex"]
    run("ip link del t0")
    assert apply(NETWORK.replace("dstport: 4789", "dstport: 4790")).changed
    assert tell("ip -j link show dev t0")[0]["ifindex"] != index
    assert {name: vlans(tell, name) for name in names} == before
    # A bridge is never made anew by itself; another kind in its place fails, and all of it is taken back.
    with pytest.raises(Failed):
        apply("links: [{name: br0, kind: vxlan, vni: 5, dstport: 4799, recreate: true}]")
    assert {name: vlans(tell, name) for name in names} == before


@vlan_filtering
def test_port_with_another_master_gets_its_vlans_there(apply: Any, tell: Any) -> None:
    apply(NETWORK)
    moved = NETWORK.replace("peer: {name: t1}, master: br0", "peer: {name: t1}, master: br1")
    moved += "  - {name: br1, kind: bridge, vlan_default_pvid: 9}\n"
    apply(moved)
    assert tell("ip -j link show dev t0")[0]["master"] == "br1"
    assert vlans(tell, "t0") == {10: PVID, **dict.fromkeys(range(100, 200), ())}
    assert not apply(moved).changed


@vlan_filtering
def test_default_pvid_that_changes_in_the_same_run(apply: Any, tell: Any) -> None:
    apply(NETWORK)
    wish = NETWORK.replace("kind: bridge,", "kind: bridge, vlan_default_pvid: 5,")
    assert apply(wish).changed
    assert vlans(tell, "br0") == {1: PVID, 10: ()}
    assert vlans(tell, "t2") == {5: PVID}, "what is not managed follows the bridge"
    assert not apply(wish).changed


@vlan_filtering
def test_gathered_vlans_build_the_same_elsewhere(apply: Any, gather: Any, tell: Any) -> None:
    apply(NETWORK + "  - {name: plain, kind: bridge}\n  - {name: p0, kind: veth, peer: {name: p1}, master: plain}\n")
    config = yaml.safe_load(yaml.safe_dump(gather()))
    links = {link["name"]: link for link in config["links"]}
    assert links["vx"]["port"]["vlans"] == [
        {"vid": 200, "tunnel_id": 10200},
        {"vid": "300-309", "tunnel_id": "1300-1309"},
    ]
    assert links["br0"]["vlans"] == [{"vid": 1, "pvid": True, "untagged": True}, {"vid": 10}]
    assert "vlans" not in links["plain"], "what a bridge that does not filter has by itself says nothing"
    assert "vlans" not in links["p0"]["port"]
    assert not apply(config).changed
    before = {name: vlans(tell, name) for name in links}
    apply({}, overridden=True)
    assert tell("bridge -j vlan show") == []
    apply({"links": [link for link in config["links"] if link["name"] != "lo"]})
    assert {name: vlans(tell, name) for name in links} == before


@vlan_filtering
def test_failed_change_of_vlans_is_taken_back(apply: Any, tell: Any) -> None:
    apply(NETWORK)
    names = ("br0", "t0", "t2", "vx")
    before = {name: vlans(tell, name) for name in names}
    wish = NETWORK.replace("vid: 100-199", "vid: 120-250").replace("vid: 200, tunnel_id: 10200", "vid: 5")
    with pytest.raises(Failed, match="invalid gateway"):
        apply(wish + "routes: [{dst: 10.77.0.0/16, via: 203.0.113.1, dev: br0}]")
    assert {name: vlans(tell, name) for name in names} == before
    apply(wish)
    assert {name: vlans(tell, name) for name in names} != before, "the positive control"


@vlan_filtering
def test_tunnel_ids_need_vlan_tunnel(apply: Any, tell: Any) -> None:
    apply(NETWORK)
    with pytest.raises((Failed, Refused), match=r"t2: port: vlans: tunnel ids need vlan_tunnel: true"):
        apply("links: [{name: t2, port: {vlans: [{vid: 5, tunnel_id: 5}]}}]")
    assert vlans(tell, "t2") == {1: PVID}


VNIS = """
links:
  - {name: lower, kind: bridge}
  - {name: vx, kind: vxlan, dstport: 4789, dev: lower, external: true, vnifilter: true, mac: "02:00:00:00:00:07",
     vnis: [{vni: 10}, {vni: 100-199}, {vni: 300, group: 239.1.1.1}, {vni: 301, remote: 192.0.2.9}]}
"""
TOLD = {(10, 10, None), (100, 199, None), (300, 300, "239.1.1.1"), (301, 301, "192.0.2.9")}


@pytest.mark.needs_kind("vxlan")
def test_vnis_are_what_iproute2_sees_and_the_second_run_sends_nothing(apply: Any, tell: Any) -> None:
    with heard() as first:
        assert apply(VNIS).changed
    assert first
    assert vnis(tell) == TOLD
    split = VNIS.replace("{vni: 100-199}", "{vni: 150-199}, {vni: 100}, {vni: 101-149}")
    for wish in (VNIS, split):
        with heard() as announced:
            assert apply(wish).commands == []
        assert announced == []


@pytest.mark.needs_kind("vxlan")
def test_vnis_change_in_place(apply: Any, tell: Any) -> None:
    apply(VNIS)
    index = tell("ip -j link show dev vx")[0]["ifindex"]
    second = (
        VNIS.replace("vni: 100-199", "vni: 150-250")
        .replace("239.1.1.1", "239.1.1.2")
        .replace(", remote: 192.0.2.9", "")
    )
    report = apply(second)
    assert "bridge vni delete dev vx vni 100-149" in report.commands
    assert not [line for line in report.commands if "150" in line]
    assert vnis(tell) == {(10, 10, None), (150, 250, None), (300, 300, "239.1.1.2"), (301, 301, None)}
    defaults = {(entry["src_vni"], entry["dst"]) for entry in tell("bridge -j fdb show dev vx") if "src_vni" in entry}
    assert defaults == {(300, "239.1.1.2")}, "the entry of the old group is gone with it"
    assert tell("ip -j link show dev vx")[0]["ifindex"] == index
    assert not apply(second).changed
    empty = "links: [{name: vx, kind: vxlan, vnis: []}]"
    apply("links: [{name: vx, kind: vxlan, alias: left out is not managed}]")
    assert len(vnis(tell)) == 4
    assert apply(empty).changed
    assert vnis(tell) == set()
    assert not apply(empty).changed


@pytest.mark.needs_kind("vxlan")
def test_vnis_are_back_after_a_recreation_and_gathered(apply: Any, gather: Any, tell: Any) -> None:
    apply(VNIS)
    config = yaml.safe_load(yaml.safe_dump(gather()))
    (link,) = [link for link in config["links"] if link["name"] == "vx"]
    assert link["vnis"] == [
        {"vni": 10},
        {"vni": "100-199"},
        {"vni": 300, "group": "239.1.1.1"},
        {"vni": 301, "remote": "192.0.2.9"},
    ]
    assert "fdb" not in link, "the default entries of VNIs come with them"
    assert not apply(config).changed
    apply("links: [{name: vx, kind: vxlan, dstport: 4790, recreate: true}]")
    assert tell("ip -j -d link show dev vx")[0]["linkinfo"]["info_data"]["port"] == 4790
    assert vnis(tell) == TOLD


@pytest.mark.needs_kind("vxlan")
def test_failed_change_of_vnis_is_taken_back(apply: Any, tell: Any) -> None:
    apply(VNIS)
    run("ip link add other type vxlan dstport 4789 external vnifilter")
    run("bridge vni add dev other vni 400")
    wish = VNIS.replace("vni: 100-199", "vni: 120-180").replace("vni: 10}", "vni: 400}")
    with pytest.raises(Failed, match=r"^vx: vnis: .*Nothing was changed"):
        apply(wish)
    assert vnis(tell) == TOLD
    run("ip link del other")
    assert apply(wish).changed, "the positive control"


BAD = {
    "vid too large": ("[{vid: 4095}]", "t0: vlans: 4095 is not within 1..4094 (a VLAN id, IEEE 802.1Q)"),
    "vid 0": ("[{vid: 0}]", "t0: vlans: 0 is not within 1..4094"),
    "backwards": ("[{vid: 20-10}]", "t0: vlans: 20-10 is not within 1..4094"),
    "no vid": ("[{pvid: true}]", "t0: vlans: {'pvid': True} has no vid"),
    "twice": ("[{vid: 10}, {vid: 5-15}]", "t0: vlans: vid 10 is told twice"),
    "two pvids": (
        "[{vid: 10, pvid: true}, {vid: 11, pvid: true}]",
        "t0: vlans: VLANs 10 and 11 cannot both be the pvid",
    ),
    "range as pvid": ("[{vid: 10-11, pvid: true}]", "t0: vlans: pvid is for one VLAN, not for 10-11"),
    "ids of another length": ("[{vid: 10-11, tunnel_id: 5}]", "t0: vlans: vid 10-11 and tunnel_id 5 differ in length"),
    "id twice": ("[{vid: 10, tunnel_id: 5}, {vid: 12, tunnel_id: 5}]", "t0: vlans: tunnel_id 5 is told twice"),
    "unknown key": ("[{vid: 10, untaged: true}]", "t0: vlans: unknown key 'untaged', did you mean untagged?"),
    "no list": ("{vid: 10}", "t0: vlans: {'vid': 10} is not a list"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_vlans_are_refused_in_a_sentence(case: str, apply: Any, tell: Any) -> None:
    value, sentence = BAD[case]
    with pytest.raises(Refused) as refusal:
        apply(f"links: [{{name: t0, kind: veth, peer: {{name: t1}}, port: {{vlans: {value}}}}}]")
    assert sentence in str(refusal.value)
    assert [link["ifname"] for link in tell("ip -j link")] == ["lo"]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("[{vni: 16777216}]", "vx: vnis: 16777216 is not within 1..16777215"),
        (
            "[{vni: 0}]",
            "vx: vnis: 0 is not within 1..16777215 (24 bits, RFC 7348 section 5; the kernel filters by no VNI",
        ),
        ("[{vni: 5, group: 192.0.2.1}]", "vx: vnis: group 192.0.2.1 is not a multicast address"),
        ("[{vni: 5, remote: 239.1.1.1}]", "vx: vnis: remote 239.1.1.1 is a multicast address"),
        ("[{vni: 5, group: 239.1.1.1, remote: 192.0.2.1}]", "vx: vnis: vni 5 has both group and remote"),
    ],
)
def test_bad_vnis_are_refused_in_a_sentence(value: str, sentence: str, apply: Any) -> None:
    with pytest.raises(Refused) as refusal:
        apply(f"links: [{{name: vx, kind: vxlan, external: true, vnifilter: true, vnis: {value}}}]")
    assert sentence in str(refusal.value)


def test_the_vnis_of_a_link_beside_its_other_options(apply: Any, gather: Any, tell: Any) -> None:
    """What has a dump of its own is changed together with what the link's own request carries."""
    base = {"name": "vx", "kind": "vxlan", "external": True, "vnifilter": True, "dstport": 4789}
    for more, vnis in (({"vnis": [5]}, [5]), ({"vnis": [5, 7], "ageing": 77, "mtu": 1400}, [5, 7])):
        assert apply({"links": [{**base, **more}]}).changed
        assert [one["vni"] for one in tell("bridge -j vni show dev vx")[0]["vnis"]] == vnis
        assert apply({"links": [{**base, **more}]}).commands == []
    (link,) = tell("ip -j -d link show vx")
    assert (link["mtu"], link["linkinfo"]["info_data"]["ageing"]) == (1400, 77)
    assert apply(gather()).commands == []


@pytest.mark.needs_kind("geneve")  # the native kernel has no VLANs in bridges either
def test_the_vlans_of_a_bridge_beside_its_other_options(apply: Any, gather: Any, tell: Any) -> None:
    apply({"links": [{"name": "br", "kind": "bridge", "vlan_filtering": True}]})
    state = {"blocking": "learning", "learning": "blocking"}
    now = "blocking"
    for number, vids in ((1, [10]), (2, [10, 20])):
        now = state[now]
        wish = {"vlans": vids, "priority": 4096 * number, "mtu": 1400 + number, "altnames": [f"x{number}"]}
        wish["vlan_options"] = [{"vid": 10, "state": now}]
        wish["vlan_global"] = [{"vid": 10, "mcast_querier": number == 1}]
        config = {"links": [{"name": "br", "kind": "bridge", **wish}]}
        assert apply(config).changed
        (link,) = tell("ip -j -d link show br")
        assert (link["mtu"], link["altnames"]) == (1400 + number, [f"x{number}"])
        assert link["linkinfo"]["info_data"]["priority"] == 4096 * number
        (told,) = tell("bridge -j -d vlan show dev br")
        assert [one["vlan"] for one in told["vlans"]] == vids
        assert apply(config).commands == []
        assert apply(gather()).commands == []
