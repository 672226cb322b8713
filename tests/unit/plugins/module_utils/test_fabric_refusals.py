# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the fabric refuses, each beside a source that it accepts: a refusal is due to the one thing that differs."""

from __future__ import annotations

import copy
import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._fleet.ledger import parse
from ansible_collections.netloom.overlay.plugins.module_utils._fleet.values import FabricError

_SPEC = importlib.util.spec_from_file_location("fabric_cases", Path(__file__).with_name("fabric_cases.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
cases = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(cases)

BASE: dict[str, Any] = {
    "underlay": {"mtu": 1500},
    "networks": {
        "blue": {"encap": "geneve", "hosts": "all", "vni": 1000, "subnet": "10.20.1.0/24"},
        "red": {"encap": "vxlan", "hosts": "all", "vni": 1001, "subnet": "10.20.2.0/24", "members": {"node1": {}}},
        "pair": {"encap": "geneve", "topology": "p2p", "hosts": "node1,node2", "vni": 7, "subnet": "10.20.3.0/24"},
        "star": {
            "encap": "geneve",
            "topology": "hub",
            "hosts": "all",
            "hubs": "node1",
            "vni": 8,
            "subnet": "10.20.4.0/24",
        },
        "loop": {"encap": "geneve", "topology": "ring", "hosts": "all", "vni": 11, "subnet": "10.20.6.0/24"},
        "cast": {
            "encap": "vxlan",
            "topology": "multicast",
            "hosts": "all",
            "vni": 9,
            "group": "239.1.1.1",
            "subnet": "10.20.5.0/24",
        },
        "flat": {
            "encap": "vxlan",
            "topology": "routed",
            "hosts": "all",
            "vni": 10,
            "dstport": 4790,
            "subnet": "10.21.0.0/16",
            "host_prefix": 24,
        },
    },
    "workloads": {
        "web": {"host": "node1", "network": "blue", "addresses": ["10.20.1.100/24"], "gateway": "10.20.1.1"},
        "box": {
            "host": "node1",
            "network": "pair",
            "attach": "direct",
            "container": "box",
            "addresses": ["10.20.3.9/32"],
        },
        "tap": {"host": "node2", "attach": "ipvlan", "device": "eth1", "mode": "l3", "addresses": ["10.30.0.1/24"]},
    },
}
HOSTS = {f"node{n}": {"underlay": {"address": f"192.0.2.{n}", "device": "eth0"}} for n in (1, 2, 3)}


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the base with one key set (``a.b.c``), or taken away where the value is Ellipsis."""
    source = copy.deepcopy(BASE)
    *above, last = path.split(".")
    place = source
    for name in above:
        place = place.setdefault(name, {})
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return source


def test_the_base_is_accepted() -> None:
    resolution = cases.solve(BASE, HOSTS)
    assert set(resolution.hosts) == {"node1", "node2", "node3"}
    assert all(value["config"]["links"] for value in resolution.hosts.values())


#: key, value, what the message must say: the key's path, and the reason with host or nearest word.
REFUSED = [
    ("netwrks", {}, r"^netwrks: unknown key; did you mean networks\?"),
    ("networks.blue.topolgy", "mesh", r"^networks\.blue\.topolgy: unknown key; did you mean topology\?"),
    ("networks.blue.members", {"node1": {"adresses": []}}, r"members\.node1\.adresses: .* did you mean addresses\?"),
    ("workloads.web.netwrk", "blue", r"^workloads\.web\.netwrk: .*did you mean network\?"),
    ("underlay.adress", "x", r"^underlay\.adress: .*did you mean address\?"),
    ("networks", ["blue"], r"^networks: must be a mapping, not a list"),
    ("networks.blue", "geneve", r"^networks\.blue: must be a mapping, not a string"),
    ("networks.blue.vni", "1000", r"^networks\.blue\.vni: must be a whole number, not a string"),
    ("networks.blue.vni", True, r"^networks\.blue\.vni: must be a whole number, not a boolean"),
    ("networks.blue.vni", 1 << 24, r"^networks\.blue\.vni: 16777216 is outside 0-16777215 \(a VNI has 24 bits\)"),
    ("networks.blue.vni", -1, r"^networks\.blue\.vni: -1 is outside"),
    ("networks.blue.dstport", 0, r"^networks\.blue\.dstport: 0 is outside 1-65535"),
    ("networks.blue.encap", "genev", r"^networks\.blue\.encap: 'genev' is not known; did you mean geneve\?"),
    ("networks.blue.encap", ..., r"^networks\.blue\.encap: must be given"),
    ("networks.blue.hosts", ..., r"^networks\.blue\.hosts: must be given"),
    ("networks.blue.hosts", [], r"^networks\.blue\.hosts: must be a host pattern"),
    ("networks.blue.hosts", "nobody", r"^networks\.blue\.hosts: nobody matches no host"),
    ("networks.blue.subnet", "10.20.1.1/24", r"^networks\.blue\.subnet: .*host bits"),
    ("networks.blue.subnet", "10.20.1.0", r"^networks\.blue\.subnet: .*no prefix length"),
    ("networks.blue.subnet", "10.20.1.0/30", r"^networks\.blue\.subnet: 10\.20\.1\.0/30 is exhausted: .*node\d"),
    ("networks.blue.subnet", "192.0.2.0/24", r"^networks\.blue\.members\.node1.*192\.0\.2\.1 .*(underlay|node1)"),
    (
        "networks.red.subnet",
        "10.20.0.0/16",
        r"^networks\.red\.members\.node\d\.addresses: .* overlaps .*networks\.blue",
    ),
    ("networks.pair.hosts", "all", r"^networks\.pair\.hosts: p2p joins exactly two hosts, .* matches 3 \(node1, node2"),
    ("networks.pair.hosts", "node1", r"^networks\.pair\.hosts: p2p joins exactly two hosts"),
    ("networks.star.hubs", "node9", r"^networks\.star\.hubs: node9 matches no host"),
    ("networks.star.hubs", ..., r"^networks\.star\.hubs: must be given with topology hub"),
    ("networks.star.hosts", "node2,node3", r"^networks\.star\.hubs: node1 is not a member of star"),
    ("networks.star.encap", "vxlan", r"^networks\.star\.encap: hub needs geneve"),
    ("networks.loop.encap", "vxlan", r"^networks\.loop\.encap: ring needs geneve"),
    ("networks.loop.hosts", "node1,node2", r"^networks\.loop\.hosts: ring joins at least three hosts, .* matches 2 \("),
    ("networks.loop.bridge", False, r"^networks\.loop\.bridge: a Geneve ring needs its bridge"),
    ("networks.blue.replication", "static", r"^networks\.blue\.replication: goes with encap vxlan"),
    ("networks.blue.topology", "multicast", r"^networks\.blue\.topology: multicast needs encap vxlan"),
    ("networks.cast.group", ..., r"^networks\.cast\.group: must be given with multicast"),
    ("networks.cast.group", "10.1.1.1", r"^networks\.cast\.group: 10\.1\.1\.1 is no multicast address"),
    ("networks.cast.group", "ff05::1", r"^networks\.cast\.group: ff05::1 is not of the underlay's family"),
    ("networks.red.group", "239.1.1.1", r"^networks\.red\.group: goes with multicast only"),
    ("networks.flat.host_prefix", ..., r"^networks\.flat\.host_prefix: must be given"),
    ("networks.flat.host_prefix", 16, r"^networks\.flat\.host_prefix: 16 does not divide"),
    ("networks.flat.subnet", "10.21.0.0/23", r"^networks\.flat\.subnet: .* is exhausted: no /24 is left for node3"),
    (
        "networks.flat.dstport",
        4789,
        r"\.dstport: on node1 port 4789 is that of networks\.\w+; routed networks need a port",
    ),
    ("networks.red.dstport", 6081, r"\.dstport: on node1 port 6081 is that of networks\.\w+, which is"),
    ("networks.red.vni", 9, r"^networks\.cast\.vni: 9 on vxlan port 4789 is that of networks\.red already"),
    ("networks.blue.mtu", 1451, r"^networks\.blue\.mtu: 1451 does not fit: the underlay of node1 leaves 1450"),
    ("networks.blue.geneve_options", 6, r"^networks\.blue\.geneve_options: 6 is no multiple of 4"),
    ("networks.blue.geneve_options", 256, r"^networks\.blue\.geneve_options: 256 is outside 0-252"),
    ("underlay.mtu", 110, r"^networks\.\w+\.mtu: \d+ is left by the underlay of node1, too little"),
    ("networks.blue.members", {"node7": {}}, r"^networks\.blue\.members\.node7: is not a member.*did you mean node3\?"),
    ("networks.blue.members", {"node1": {"bridge": False}}, r"^networks\.blue\.members\.node1\.bridge: a mesh needs"),
    (
        "networks.blue.members",
        {"node1": {"addresses": ["10.20.1.100/24"]}},
        r"^workloads\.web\.addresses: 10\.20\.1\.100 is held by networks\.blue\.members\.node1",
    ),
    ("networks.red.members", {"node1": {"mac": "03:00:00:00:00:01"}}, r"members\.node1\.mac: .*group address"),
    (
        "networks.red.members",
        {"node1": {"mac": "02:00:00:00:00:01"}, "node2": {"mac": "02:00:00:00:00:01"}},
        r"^networks\.red\.members\.node2\.mac: 02:.* is that of networks\.red\.members\.node1 already",
    ),
    ("vni_range", [20, 10], r"^vni_range: must be \[first, last\]"),
    ("workloads.web.host", "node7", r"^workloads\.web\.host: node7 is not a host of this fabric; did you mean node3\?"),
    ("workloads.web.network", "blu", r"^workloads\.web\.network: blu is not a network; did you mean blue\?"),
    ("workloads.web.network", ..., r"^workloads\.web\.network: must be given with attach veth"),
    ("workloads.box.host", "node3", r"^workloads\.box\.host: node3 is not a member of pair"),
    ("workloads.web.attach", "direct", r"^workloads\.web\.attach: direct needs exactly one tunnel link; blue has 2"),
    ("workloads.web.attach", "bridge", r"^workloads\.web\.attach: 'bridge' is not known; (did you mean|valid are)"),
    ("workloads.web.gateway", "10.99.0.1", r"^workloads\.web\.gateway: 10\.99\.0\.1 is not on-link"),
    ("workloads.web.mtu", 1451, r"^workloads\.web\.mtu: 1451 does not fit: blue carries 1450"),
    ("workloads.web.addresses", ["10.20.1.100"], r"^workloads\.web\.addresses\[0\]: .*prefix length"),
    ("workloads.web.netns", "host", r"^workloads\.web\.netns: host means the host's own namespace"),
    (
        "workloads.web.netns",
        "pidfile:run/x",
        r"^workloads\.web\.netns: pidfile:run/x: the path of the file must begin with /",
    ),
    ("workloads.web.vlan", 5, r"^workloads\.web\.vlan: goes with attach vlan only"),
    ("workloads.box.netns", "box", r"^workloads\.box\.container: give container or netns, not both"),
    ("workloads.box.resolver", {"search": ["x"]}, r"^workloads\.box\.resolver: container:box is not made by us"),
    ("workloads.tap.device", ..., r"^workloads\.tap\.device: attach ipvlan needs either a device"),
    ("workloads.tap.mode", "l4", r"^workloads\.tap\.mode: 'l4' is not known"),
    ("workloads.tap.mac", "02:00:00:00:00:09", r"^workloads\.tap\.mac: an ipvlan link has the MAC of its device"),
    (
        "workloads.two",
        {"host": "node1", "network": "pair", "attach": "direct", "container": "two"},
        r"^workloads\.two\.attach: on node1 the link of pair is that of box already",
    ),
    (
        "workloads.two",
        {"host": "node1", "network": "blue", "netns": "web", "addresses": ["10.20.1.101/24"]},
        r"^workloads\.web: on node1 the link eth0 in the namespace web is that of workloads\.two already",
    ),
    (
        "workloads.two",
        {"host": "node1", "network": "red", "netns": "web", "interface": "e1", "addresses": ["10.20.1.7/25"]},
        r"^workloads\.\w+\.addresses: .* overlaps .* in namespace web of node1",
    ),
]


@pytest.mark.parametrize(("path", "value", "says"), REFUSED)
def test_what_cannot_work_is_refused_by_key(path: str, value: Any, says: str) -> None:
    with pytest.raises(FabricError) as caught:
        cases.solve(changed(path, value), HOSTS)
    assert re.search(says, str(caught.value)), str(caught.value)


def test_a_vtep_address_held_twice_names_both_hosts() -> None:
    hosts = {**HOSTS, "node3": {"underlay": {"address": "192.0.2.1", "device": "eth0"}}}
    with pytest.raises(FabricError, match=r"192\.0\.2\.1 is held by node1 and by node3"):
        cases.solve(BASE, hosts)


def test_mixed_underlay_families_name_both_hosts() -> None:
    hosts = {**HOSTS, "node3": {"underlay": {"address": "fd00::3", "device": "eth0"}}}
    with pytest.raises(FabricError, match=r"mixed address families: node1 .*192\.0\.2\.1, node3 has fd00::3"):
        cases.solve(BASE, hosts)


@pytest.mark.parametrize("address", ["node3.example", "127.0.0.1", "0.0.0.0"])  # noqa: S104 (refused, not bound)
def test_an_underlay_address_that_is_none_is_refused(address: str) -> None:
    hosts = {**HOSTS, "node3": {"underlay": {"address": address, "device": "eth0"}}}
    with pytest.raises(FabricError, match=r"^underlay\.address: node3: .*" + re.escape(address)):
        cases.solve(BASE, hosts)


def test_a_multicast_group_needs_a_named_device() -> None:
    hosts = {**HOSTS, "node2": {"underlay": {"address": "192.0.2.2"}}}
    with pytest.raises(FabricError, match=r"^underlay\.device: node2 needs it for the group of networks\.cast"):
        cases.solve(BASE, hosts)


def test_the_tightest_host_decides_the_mtu() -> None:
    hosts = {**HOSTS, "node2": {"underlay": {"address": "192.0.2.2", "device": "eth0", "mtu": 1400}}}
    assert cases.solve(BASE, hosts).hosts["node1"]["networks"]["blue"]["mtu"] == 1350


def test_an_address_of_an_ipv6_network_needs_1280_bytes() -> None:
    source = {
        "underlay": {"mtu": 1320},
        "networks": {"six": {"encap": "geneve", "hosts": "all", "vni": 1, "subnet": "fd06::/64"}},
    }
    with pytest.raises(FabricError, match=r"^networks\.six\.mtu: 1270 is left .*1280"):
        cases.solve(source, HOSTS)
    source["underlay"]["mtu"] = 1330
    assert cases.solve(source, HOSTS).hosts["node1"]["networks"]["six"]["mtu"] == 1280


@pytest.mark.parametrize(
    ("ledger", "says"),
    [
        ({"blue": {"vni": 5}}, r"^networks\.blue\.vni: 1000 is not what the ledger holds \(5\)"),
        ({"blue": {"hosts": {"node1": "10.99.0.1"}}}, r"node1\.addresses: the ledger holds 10\.99\.0\.1, outside"),
        ({"web": {}}, None),
        ({"blue": {"workloads": {"web": "10.20.1.7"}}}, None),
        ({"flat": {"subnets": {"node1": "10.99.0.0/24"}}}, r"node1\.subnet: the ledger holds 10\.99\.0\.0/24, outside"),
    ],
)
def test_a_ledger_that_contradicts_the_source_is_refused(ledger: dict[str, Any], says: str | None) -> None:
    if says is None:
        cases.solve(BASE, HOSTS, parse({"networks": ledger}))
        return
    with pytest.raises(FabricError) as caught:
        cases.solve(BASE, HOSTS, parse({"networks": ledger}))
    assert re.search(says, str(caught.value)), str(caught.value)


def test_a_recorded_vni_outside_the_range_is_refused() -> None:
    source = changed("networks.red.vni", ...)
    held = parse({"networks": {"red": {"vni": 30000}}})
    with pytest.raises(FabricError, match=r"^networks\.red\.vni: the ledger holds 30000, outside vni_range"):
        cases.solve(source, HOSTS, held)
    assert cases.solve({**source, "vni_range": [10000, 30000]}, HOSTS, held)


def test_an_exhausted_vni_range_is_refused() -> None:
    source = changed("networks.red.vni", ...)
    source["vni_range"] = [9, 10]
    with pytest.raises(FabricError, match=r"^networks\.red\.vni: vni_range 9-10 is exhausted"):
        cases.solve(source, HOSTS)


def test_what_a_host_says_of_itself_is_read_and_checked() -> None:
    said = {"node1": {**HOSTS["node1"], "networks": {"blue": {"addresses": ["10.20.1.200/24"]}}}}
    found = cases.solve(BASE, {**HOSTS, **said}).hosts
    assert found["node1"]["networks"]["blue"]["addresses"] == ["10.20.1.200/24"]
    assert found["node2"]["networks"]["blue"]["members"]["node1"]["address"] == "10.20.1.200"
    for networks, says in (
        ({"blu": {}}, r"netloom_overlay_host of node1\.networks\.blu: is not a network; did you mean blue"),
        ({"blue": {"mtu": 3}}, r"netloom_overlay_host of node1\.networks\.blue\.mtu: unknown key"),
    ):
        with pytest.raises(FabricError, match=says):
            cases.solve(BASE, {**HOSTS, "node1": {**HOSTS["node1"], "networks": networks}})


def test_a_member_key_given_twice_is_refused() -> None:
    source = changed("networks.blue.members", {"node1": {"addresses": ["10.20.1.200/24"]}})
    said = {"node1": {**HOSTS["node1"], "networks": {"blue": {"addresses": ["10.20.1.201/24"]}}}}
    with pytest.raises(FabricError, match=r"addresses: is given in networks\.blue\.members\.node1 too"):
        cases.solve(source, {**HOSTS, **said})
