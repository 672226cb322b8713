# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ask as other projects do, and for what the kernel refuses without a sentence of its own.

Where the values are from: systemd.netdev(5) (MAC addresses with dots), NetworkManager and nmstate (words for the
multicast router), ifstate (port 0 of an FDB entry), ifupdown2 (a forward delay of 0 to 255 s).
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

from .look import run

LOWER = {"name": "lower", "kind": "bridge"}
PAIR = {"name": "t0", "kind": "veth", "peer": {"name": "t1"}}


def on_lower(**options: Any) -> dict[str, Any]:
    return {"links": [{**LOWER, "mtu": 1500}, {"name": "t0", "kind": "macvlan", "link": "lower", **options}]}


def bridge(**options: Any) -> dict[str, Any]:
    return {"links": [{"name": "t0", "kind": "bridge", **options}]}


def test_mac_with_dots(apply: Any, tell: Any) -> None:
    apply(bridge(mac="0200.0000.00AB"))
    assert tell("ip -j link show t0")[0]["address"] == "02:00:00:00:00:ab"
    assert apply(bridge(mac="02:00:00:00:00:ab")).commands == []


@pytest.mark.parametrize(("word", "number"), [("disabled", 0), ("auto", 1), ("enabled", 2)])
def test_multicast_router_of_a_bridge_by_word(word: str, number: int, apply: Any, tell: Any) -> None:
    apply(bridge(mcast_router=2 - number))
    apply(bridge(mcast_router=word))
    assert tell("ip -j -d link show t0")[0]["linkinfo"]["info_data"]["mcast_router"] == number
    assert apply(bridge(mcast_router=str(number))).commands == []


@pytest.mark.parametrize(("word", "number"), [("disabled", 0), ("auto", 1), ("enabled", 2), ("temporary", 3)])
def test_multicast_router_of_a_port_by_word(word: str, number: int, apply: Any, tell: Any) -> None:
    def port(value: Any) -> dict[str, Any]:
        return {"links": [LOWER, {**PAIR, "master": "lower", "port": {"mcast_router": value}}]}

    apply(port(word))
    assert tell("ip -j -d link show t0")[0]["linkinfo"]["info_slave_data"]["multicast_router"] == number
    assert apply(port(number)).commands == []


def test_port_0_of_an_fdb_entry_is_the_port_of_its_link(apply: Any, tell: Any) -> None:
    link = {"name": "t0", "kind": "vxlan", "vni": 5, "dstport": 4789}

    def entry(port: int) -> dict[str, Any]:
        return {"links": [link], "fdb": [{"dev": "t0", "mac": "02:00:00:00:00:09", "dst": "192.0.2.2", "port": port}]}

    def told() -> Any:
        found = [one for one in tell("bridge -j fdb show dev t0") if one["mac"] == "02:00:00:00:00:09"]
        assert len(found) == 1
        return found[0].get("port")

    for port, there in ((0, None), (1234, 1234), (0, None), (4789, None), (0, None)):
        apply(entry(port))
        assert told() == there
        assert apply(entry(port)).commands == []


REFUSED: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "veth mtu 67": (
        {"links": [{**PAIR, "mtu": 67}]},
        "t0: mtu: 67 is not within 68..65535",
        {"links": [{**PAIR, "mtu": 68}]},
    ),
    "veth mtu 65536": (
        {"links": [{**PAIR, "mtu": 65536}]},
        "t0: mtu: 65536 is not within 68..65535",
        {"links": [{**PAIR, "mtu": 65535}]},
    ),
    "peer mtu 65536": (
        {"links": [{**PAIR, "peer": {"name": "t1", "mtu": 65536}}]},
        "t1: mtu: 65536 is not within 68..65535",
        {"links": [{**PAIR, "peer": {"name": "t1", "mtu": 65535}}]},
    ),
    "source MACs in mode bridge": (
        on_lower(mode="bridge", macaddrs=["02:00:00:00:00:09"]),
        "t0: macaddrs: needs mode source, and that is bridge",
        on_lower(mode="source", macaddrs=["02:00:00:00:00:09"]),
    ),
    "source MACs in the mode of a new link": (
        on_lower(macaddrs=["02:00:00:00:00:09"]),
        "t0: macaddrs: needs mode source, and that is vepa",
        on_lower(macaddrs=[]),
    ),
    "forward delay below": (
        bridge(stp_state=True, forward_delay=199),
        "t0: forward_delay: 199 is not within 200..3000 (2 to 30 s while STP is on)",
        bridge(stp_state=True, forward_delay=200),
    ),
    "forward delay above": (
        bridge(stp_state=True, forward_delay=25500),
        "t0: forward_delay: 25500 is not within 200..3000 (2 to 30 s while STP is on)",
        bridge(stp_state=True, forward_delay=3000),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_kernel_refuses_without_a_word(case: str, apply: Any, tell: Any) -> None:
    asked, sentence, control = REFUSED[case]
    before = [link["ifname"] for link in tell("ip -j link")]
    with pytest.raises(Refused) as refusal:
        apply(asked)
    assert sentence in str(refusal.value)
    assert [link["ifname"] for link in tell("ip -j link")] == before
    apply(control)
    assert apply(control).commands == []
    with pytest.raises(Refused) as refusal:  # of a link that is there
        apply(asked)
    assert sentence in str(refusal.value)


def test_a_forward_delay_of_any_length_without_stp(apply: Any, tell: Any) -> None:
    apply(bridge(stp_state=False, forward_delay=0))
    with pytest.raises(Refused, match="forward_delay: 0 is not within"):
        apply(bridge(stp_state=True, forward_delay=0))
    with pytest.raises(Refused, match="forward_delay: 25500 is not within"):
        apply(bridge(stp_state=True, forward_delay=25500))
    apply(bridge(forward_delay=25500))
    apply(bridge(stp_state=True, forward_delay=400))
    with pytest.raises(Refused, match="forward_delay: 100 is not within"):
        apply(bridge(forward_delay=100))
    asked = bridge(stp_state=False, forward_delay=100)
    off = "ip link set dev t0 type bridge stp_state 0"
    assert apply(asked).commands == [f"{off} && ip link set dev t0 type bridge forward_delay 100"]
    assert apply(asked).commands == []
    assert tell("ip -j -d link show t0")[0]["linkinfo"]["info_data"]["forward_delay"] == 100


def test_mtu_above_that_of_the_link_beneath(apply: Any, tell: Any) -> None:
    sentence = "mtu: Invalid argument: 1501 is more than the 1500 of lower, the link beneath"
    with pytest.raises(Failed, match=sentence):
        apply(on_lower(mtu=1501))
    assert [link["ifname"] for link in tell("ip -j link")] == ["lo"]
    apply(on_lower(mtu=1500))
    with pytest.raises(Failed, match=sentence):
        apply(on_lower(mtu=1501))
    assert tell("ip -j link show t0")[0]["mtu"] == 1500


@pytest.mark.needs_kind("vlan")
def test_mtu_of_a_vlan_link_above_that_of_the_link_beneath(apply: Any, tell: Any) -> None:
    def links(mtu: int) -> dict[str, Any]:
        return {"links": [{**LOWER, "mtu": 1500}, {"name": "t0", "kind": "vlan", "link": "lower", "id": 5, "mtu": mtu}]}

    sentence = "1501 is more than the 1500 of lower, the link beneath"
    with pytest.raises(Failed, match=sentence):
        apply(links(1501))
    apply(links(1500))
    with pytest.raises(Failed, match=sentence):
        apply(links(1501))
    assert tell("ip -j link show t0")[0]["mtu"] == 1500


@pytest.mark.parametrize("name", ["all", "default", "t%d", "t%"])
def test_names_that_the_kernel_takes_for_something_else(name: str, apply: Any, tell: Any) -> None:
    with pytest.raises(Refused, match=f"name: '{name}' "):
        apply({"links": [{"name": name, "kind": "bridge"}]})
    with pytest.raises(Refused, match=f"t0: peer: name: '{name}' "):
        apply({"links": [{**PAIR, "peer": {"name": name}}]})
    assert [link["ifname"] for link in tell("ip -j link")] == ["lo"]
    apply({"links": [{"name": f"{name.replace('%', '')}0", "kind": "bridge"}]})


@pytest.mark.parametrize("alias", ["x" * 255, "x" * 254, "\u00fc" * 127 + "x"])
def test_alias_of_full_length(alias: str, apply: Any, tell: Any) -> None:
    apply(bridge(alias="blue"))
    apply(bridge(alias=alias))
    assert tell("ip -j link show t0")[0]["ifalias"] == alias
    assert apply(bridge(alias=alias)).commands == []
    with pytest.raises(Refused, match="is longer than 255 bytes"):
        apply(bridge(alias=alias + "xx"))
    apply(bridge(alias=""))
    assert "ifalias" not in tell("ip -j link show t0")[0]


def test_a_disabled_port_stays_disabled_when_its_carrier_comes(apply: Any, tell: Any) -> None:
    def ports(state: str) -> dict[str, Any]:
        port = {"kind": "veth", "master": "lower", "port": {"state": state}}
        pairs = [{"name": f"t{number}", "peer": {"name": f"u{number}"}, **port} for number in range(12)]
        return {"links": [LOWER, *pairs]}

    apply(ports("disabled"))
    time.sleep(1.2)  # the kernel looks at carriers once a second
    assert {port["state"] for port in tell("bridge -j link") if port["ifname"].startswith("t")} == {"disabled"}
    assert apply(ports("disabled")).commands == []
    apply(ports("forwarding"))
    assert {port["state"] for port in tell("bridge -j link") if port["ifname"].startswith("t")} == {"forwarding"}


def test_what_a_vlan_or_an_address_mode_lacks(apply: Any, tell: Any) -> None:
    links = {"links": [LOWER, {**PAIR, "master": "lower"}]}
    apply(links)
    entry = {"dev": "t0", "mac": "02:00:00:00:00:09", "target": "master"}
    with pytest.raises(Failed, match="vlan: Invalid argument: t0 has no VLAN 4094"):
        apply({"fdb": [{**entry, "vlan": 4094}]})
    apply({"fdb": [entry]})
    with pytest.raises(Failed, match="addrgenmode: Invalid argument: stable_secret needs the link's sysctl"):
        apply({"links": [{"name": "t0", "addrgenmode": "stable_secret"}]})
    secret = {"dev": "t0", "name": "ipv6.stable_secret", "value": "2001:db8::1"}
    apply({"sysctls": [secret]})
    apply({"links": [{"name": "t0", "addrgenmode": "stable_secret"}]})
    assert tell("ip -j -d link show t0")[0]["inet6_addr_gen_mode"] == "stable_secret"


@pytest.mark.needs_kind("vxlan")
def test_the_port_0_of_a_vxlan_link_is_the_kernels_default(apply: Any, gather: Any, tell: Any) -> None:
    """As in ``ip link add ... dstport 0``, which is the witness: 8472, and 4790 with gpe."""

    def port(name: str) -> int:
        return int(tell(f"ip -j -d link show dev {name}")[0]["linkinfo"]["info_data"]["port"])

    run("ip link add other type vxlan id 6 dstport 0")
    run("ip link add og type vxlan external gpe dstport 0")
    defaults = (port("other"), port("og"))
    run("ip link del og")
    gpe = {"name": "vg", "kind": "vxlan", "external": True, "gpe": True, "learning": False, "dstport": 0}
    config = {"links": [{"name": "vx", "kind": "vxlan", "vni": 5, "dstport": 0}, gpe]}
    assert apply(config).changed
    assert (port("vx"), port("vg")) == defaults == (8472, 4790)
    assert apply(config).commands == []
    assert apply({"links": [{"name": "vg", "dstport": 0, "kind": "vxlan"}]}).commands == []
    assert apply(gather()).commands == []
    apply({"links": [{"name": "v7", "kind": "vxlan", "vni": 7, "dstport": 4789}]})
    with pytest.raises(Refused, match=r"v7: dstport: the kernel cannot change it on a living link \(4789 -> 8472\)"):
        apply({"links": [{"name": "v7", "kind": "vxlan", "dstport": 0}]})
    assert apply({"links": [{"name": "v7", "kind": "vxlan", "dstport": 0, "recreate": True}]}).changed
    assert port("v7") == 8472


@pytest.mark.needs_kind("geneve")  # the native kernel has no VLANs in bridges either
def test_vlans_of_a_port_as_one_text_each(apply: Any, tell: Any) -> None:
    def port(*vlans: Any) -> dict[str, Any]:
        filtering = {**LOWER, "vlan_filtering": True}
        return {"links": [filtering, {**PAIR, "master": "lower", "port": {"vlans": list(vlans)}}]}

    apply(port("10 pvid untagged", "20-21", "30-31 untagged"))
    found = next(item["vlans"] for item in tell("bridge -j vlan show dev t0"))
    told = {one["vlan"]: one.get("flags", []) for one in found}
    assert told == {10: ["PVID", "Egress Untagged"], 20: [], 21: [], 30: ["Egress Untagged"], 31: ["Egress Untagged"]}
    dicts = ({"vid": 10, "pvid": True, "untagged": True}, {"vid": "20-21"}, {"vid": "30-31", "untagged": True})
    assert apply(port(*dicts)).commands == []
    for wrong in ("10 tagged", "10 pvid pvid", "20-29 pvid", ""):
        with pytest.raises(Refused, match="port t0: vlans: "):
            apply(port(wrong))
