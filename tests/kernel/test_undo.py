# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make links anew with all that hung on them, and take back what a failed run did."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

from .look import everything, lines, run, told
from .network import NETWORK


def test_recreated_link_has_what_hung_on_it(apply: Any, tell: Any) -> None:
    apply(NETWORK)
    fdb, routes = lines("bridge fdb show dev red"), lines("ip route show table all proto 110")
    index = tell("ip -j link show dev red")[0]["ifindex"]
    anew = NETWORK.replace("vni: 10001", "vni: 10002\n    recreate: true")
    with pytest.raises(Refused, match=r"red: vni: .*10001 -> 10002.*recreate: true"):
        apply(NETWORK.replace("vni: 10001", "vni: 10002"))
    assert tell("ip -j link show dev red")[0]["ifindex"] == index
    apply(anew)
    link = tell("ip -j -d link show dev red")[0]
    assert link["ifindex"] != index
    assert (link["linkinfo"]["info_data"]["id"], link["master"], link["ifalias"]) == (10002, "br-red", "red to all")
    assert link["linkinfo"]["info_slave_data"]["isolated"] is True
    assert [line for line in lines("bridge fdb show dev red") if "dst" in line] == [
        line for line in fdb if "dst" in line
    ]
    assert lines("ip route show table all proto 110") == routes
    assert not apply(anew).changed


def test_recreated_bridge_gets_addresses_routes_neighbors_and_ports_back(apply: Any, tell: Any) -> None:
    apply(NETWORK)
    before = everything()
    wish = {"links": [{"name": "br-red", "kind": "vxlan", "vni": 5, "dstport": 4790, "recreate": True}]}
    with pytest.raises(Refused, match="br-red: kind: is bridge, not vxlan"):
        apply({"links": [{**wish["links"][0], "recreate": False}]})
    with pytest.raises(Failed, match="red"):
        # A VXLAN link takes no ports: putting them back fails, and all of it is taken back.
        apply(wish)
    assert everything() == before


def test_failed_run_is_taken_back(apply: Any) -> None:
    apply(NETWORK)
    before = everything()
    wish = NETWORK.replace("mtu: 1450, addresses", "mtu: 1400, stp_state: true, addresses")
    wish = wish.replace("routes:", "routes:\n  - {dst: 10.77.0.0/16, via: 203.0.113.1, dev: br-red}")
    with pytest.raises(Failed, match=r"route 10.77.0.0/16: .*Nexthop has invalid gateway") as failure:
        apply(wish)
    assert "rolled back" in str(failure.value)
    assert everything() == before
    apply(NETWORK.replace("mtu: 1450, addresses", "mtu: 1400, addresses"))
    assert everything() != before, "the positive control: the change without the bad route is made"


def test_removal_that_fails_later_brings_links_back(apply: Any) -> None:
    apply(NETWORK)
    before = everything()
    with pytest.raises(Failed, match="invalid gateway"):
        apply({"routes": [{"dst": "10.77.0.0/16", "via": "203.0.113.1", "dev": "lo"}]}, overridden=True)
    assert everything() == before


def test_what_stays_does_not_go_with_an_address(apply: Any, tell: Any) -> None:
    """The kernel takes secondaries with their primary address, and routes with a link's last address."""
    base = "links: [{name: b, kind: bridge, addresses: %s}]\nroutes: [{dst: 10.77.0.0/16, dev: b}]"
    apply(base % "[10.1.0.1/24, 10.1.0.2/24]")
    assert "secondary" in " ".join(lines("ip -o addr show dev b")), "the positive control: there is a secondary"
    apply(base % "[10.1.0.2/24]", overridden=True)
    assert [address["local"] for address in tell("ip -j -4 addr show dev b")[0]["addr_info"]] == ["10.1.0.2"]
    apply(base % "[]", overridden=True)
    assert lines("ip -o -4 addr show dev b") == []
    assert [route["dst"] for route in tell("ip -j route show proto 110")] == ["10.77.0.0/16"]
    assert not apply(base % "[]", overridden=True).changed


STACKED = """
links:
  - {name: t0, kind: veth, addrgenmode: none, peer: {name: t1, addrgenmode: none}}
  - {name: mv, kind: macvlan, link: t0, addrgenmode: none, mac: "02:00:00:00:00:05", addresses: [10.5.0.1/24]}
neighbors: [{dev: mv, dst: 10.5.0.7, mac: "02:00:00:00:00:07"}]
"""


@pytest.mark.needs_kind("macvlan")
def test_links_on_each_other_that_are_removed_in_one_run_are_all_back(apply: Any) -> None:
    """The one above goes first, and is put back once, behind the one beneath."""
    apply(STACKED)
    before = everything()
    absent = [{"name": name, "state": "absent"} for name in ("t0", "mv")]
    with pytest.raises(Failed, match=r"invalid gateway.* Nothing was changed"):
        apply({"links": absent, "routes": [{"dst": "10.77.0.0/16", "via": "203.0.113.1", "dev": "lo"}]})
    assert everything() == before
    apply({"links": absent})
    assert everything() == []


@pytest.mark.needs_kind("macvlan")
def test_links_on_each_other_are_made_anew_in_one_run(apply: Any) -> None:
    """Each once, with what hangs on it; a run that fails makes them as they were."""
    apply(STACKED)
    before = everything()
    anew = [{"name": "t0", "kind": "veth", "numtxqueues": 3, "recreate": True},
            {"name": "mv", "kind": "macvlan", "numtxqueues": 3, "recreate": True}]  # fmt: skip
    with pytest.raises(Failed, match=r"invalid gateway.* Nothing was changed"):
        apply({"links": anew, "routes": [{"dst": "10.77.0.0/16", "via": "203.0.113.1", "dev": "lo"}]})
    assert everything() == before
    lines = apply({"links": anew}).commands
    assert len([line for line in lines if line.startswith("ip link add")]) == 2
    assert [line for line in everything() if "10.5.0" in line] == [line for line in before if "10.5.0" in line]
    assert apply({"links": anew}).commands == []


@pytest.mark.needs_kind("macvlan")
def test_a_link_that_goes_is_not_put_back_on_one_that_is_made_anew(apply: Any) -> None:
    apply(STACKED)
    anew = {"name": "t0", "kind": "veth", "numtxqueues": 3, "recreate": True, "peer": {"name": "t1"}}
    apply({"links": [anew]}, overridden=True)
    assert [line for line in everything() if line.startswith("mv ")] == []


PORT = """
links:
  - {name: br0, kind: bridge, addrgenmode: none, mac: "02:00:00:00:00:01"}
  - {name: br1, kind: bridge, addrgenmode: none, mac: "02:00:00:00:00:02"}
  - {name: t0, kind: veth, addrgenmode: none, mac: "02:00:00:00:00:03", master: br0, port: {isolated: true, cost: 77},
     peer: {name: t1, addrgenmode: none}}
fdb: [{dev: t0, mac: "02:00:00:00:00:77", target: master, nud: static}]
mdb: [{dev: br0, port: t0, grp: 239.1.1.1}]
"""
FAILS = [{"dst": "10.77.0.0/16", "via": "203.0.113.1", "dev": "lo"}]


#: A bridge that filters by VLAN is one of the lab's kernel, where the machine's lacks that.
FILTERING = pytest.mark.parametrize("filtering", [False, pytest.param(True, marks=pytest.mark.needs_kind("vlan"))])


def with_port(filtering: bool) -> dict[str, Any]:
    """Return PORT, with VLANs of the port in a bridge that filters by them."""
    config: dict[str, Any] = yaml.safe_load(PORT)
    if filtering:
        config["links"][0]["vlan_filtering"] = True
        config["links"][2]["port"]["vlans"] = [{"vid": 1, "pvid": True, "untagged": True}, {"vid": "10-12"}]
        config["mdb"][0]["vid"] = 10
    return config


def of_port() -> list[str]:
    """Return what t0 has as a port, without the state that it is in."""
    (port,) = told("bridge -j -d link show dev t0")
    fdb = [
        line for line in lines("bridge fdb show dev t0") if "02:00:00:00:00:77" in line or "02:00:00:00:00:78" in line
    ]
    return [
        str({name: port[name] for name in ("master", "isolated", "cost")}),
        *fdb,
        *(line for line in lines("bridge mdb show") if "permanent" in line),
        *lines("bridge vlan show dev t0"),
    ]


@FILTERING
@pytest.mark.parametrize("master", ["br1", "none"])
def test_a_port_that_leaves_its_bridge_is_back_with_all_it_had(master: str, filtering: bool, apply: Any) -> None:
    """Options of a port, FDB and MDB entries go with the leave, those of others too; a failed run puts them back."""
    apply(with_port(filtering))
    run("bridge fdb add 02:00:00:00:00:78 dev t0 master static")
    before = of_port()
    assert len(before) >= 4, "with an FDB entry for each VLAN where the kernel knows VLANs"
    with pytest.raises(Failed, match=r"invalid gateway.* Nothing was changed"):
        apply({"links": [{"name": "t0", "master": master}], "routes": FAILS})
    assert of_port() == before
    apply({"links": [{"name": "t0", "master": master}]})
    assert not any("permanent" in line for line in lines("bridge mdb show")), "the positive control"


def test_a_port_whose_bridge_goes_is_back_in_it(apply: Any) -> None:
    apply(PORT)
    before = of_port()
    wish: dict[str, Any] = {"links": [{"name": "t0", "master": "br1"}, {"name": "br0", "state": "absent"}]}
    with pytest.raises(Failed, match=r"invalid gateway.* Nothing was changed"):
        apply({**wish, "routes": FAILS})
    assert of_port() == before
    apply(wish)
    assert told("ip -j link show dev t0")[0]["master"] == "br1"


@FILTERING
def test_a_bridge_made_anew_has_what_its_ports_had(filtering: bool, apply: Any) -> None:
    """FDB entries of ports are the bridge's: those of others are back too, and a wish is met at once."""
    apply(with_port(filtering))
    run("bridge fdb add 02:00:00:00:00:78 dev t0 master static")
    before = of_port()
    anew = [{"name": "br0", "kind": "bridge", "numtxqueues": 3, "recreate": True}]
    with pytest.raises(Failed, match=r"invalid gateway.* Nothing was changed"):
        apply({"links": anew, "routes": FAILS})
    assert of_port() == before
    assert apply({"links": anew}).changed
    assert of_port() == before
    other = [{"name": "br0", "kind": "bridge", "numtxqueues": 4, "recreate": True}]
    entries = [
        {"dev": "t0", "mac": "02:00:00:00:00:77", "target": "master", "state": "absent"},
        {"dev": "t0", "mac": "02:00:00:00:00:78", "target": "master", "nud": "static", "sticky": True},
    ]
    apply({"links": other, "fdb": entries})
    found = [line for line in of_port() if line.startswith("02:")]
    assert [line for line in found if "vlan" not in line] == ["02:00:00:00:00:78 sticky master br0 static"]
    assert not any("00:77" in line for line in found), "nor is what it brings for each VLAN"
