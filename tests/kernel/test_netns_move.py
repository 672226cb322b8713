# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Move links between namespaces (from_netns). iproute2 tells what the kernel made of it."""

from __future__ import annotations

import os
import subprocess
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

from .moving import Apply, links, sh, told


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        ("ip link add m0 type veth peer name v1", "veth"),
        ("ip link add link v0 name m0 type macvlan mode bridge", "macvlan"),
        pytest.param(
            "ip link add m0 type vxlan id 5 dstport 4789 local 127.0.0.1",
            "vxlan",
            marks=pytest.mark.needs_kind("vxlan"),
        ),
        ("ip tuntap add m0 mode tap", ""),
        pytest.param(
            "ip link add link v0 name m0 type ipvlan mode l2", "ipvlan", marks=pytest.mark.needs_kind("ipvlan")
        ),
        pytest.param("ip link add link v0 name m0 type vlan id 7", "vlan", marks=pytest.mark.needs_kind("vlan")),
        pytest.param("ip link add m0 type dummy", "dummy", marks=pytest.mark.needs_kind("dummy")),
        pytest.param(
            "ip link add m0 type geneve id 5 remote 192.0.2.1 dstport 6082",
            "geneve",
            marks=pytest.mark.needs_kind("geneve"),
        ),
    ],
)
def test_link_moves_there_and_back(apply: Apply, x: str, make: str, kind: str) -> None:
    sh("ip link add v0 type veth peer name v9", "ip link set v0 up", make)
    sh("ip link set m0 mtu 1300 alias hello group 77 up")
    before = links()["m0"]
    item = {"name": "m0", "netns": x, "from_netns": "host", "mtu": 1400, "addresses": ["10.0.0.1/24"]}
    item |= {"kind": kind} if kind else {}
    foretold = apply({"links": [item]}, check=True)
    assert foretold.commands[0] == "ip link set dev m0 netns x"
    assert "m0" in links()
    assert apply({"links": [item]}).commands == foretold.commands
    assert "m0" not in links()
    there = links(x)["m0"]
    assert (there["mtu"], there["ifalias"], there["group"], "UP" in there["flags"]) == (1400, "hello", "77", True)
    assert there["address"] == before["address"]
    assert there.get("linkinfo", {}).get("info_data") == before.get("linkinfo", {}).get("info_data")
    assert told(f"ip -n {x} -j addr show dev m0")[0]["addr_info"][0]["local"] == "10.0.0.1"
    again = apply({"links": [item]})
    assert again.commands == []
    # Without the word for it, a link that is elsewhere is left there.
    home = {"name": "m0", "from_netns": x} | ({"kind": kind} if kind else {})
    assert apply({"links": [home]}).commands[0] == "ip -n x link set dev m0 netns 1"
    assert "m0" not in links(x)
    assert ("UP" in links()["m0"]["flags"], links()["m0"]["mtu"]) == (True, 1400)
    assert apply({"links": [home]}).commands == []


def test_link_that_was_down_stays_down_unless_said(apply: Apply, x: str) -> None:
    sh("ip link add m0 type veth peer name m1", "ip link add n0 type veth peer name n1")
    apply(f"links: [{{name: m0, netns: {x}, from_netns: host}}, {{name: n0, netns: {x}, from_netns: host, up: true}}]")
    assert {name: "UP" in row["flags"] for name, row in links(x).items() if name != "lo"} == {"m0": False, "n0": True}
    sh("ip link set m1 up")
    apply("links: [{name: n0, from_netns: x, up: false}]")
    assert "UP" not in links()["n0"]["flags"]


def test_addrgenmode_is_kept(apply: Apply, x: str) -> None:
    sh("ip link add m0 type veth peer name m1", "ip link set m0 addrgenmode none up", "ip link set m1 up")
    apply(f"links: [{{name: m0, netns: {x}, from_netns: host}}]")
    assert links(x)["m0"]["inet6_addr_gen_mode"] == "none"


def test_without_from_netns_nothing_moves(apply: Apply, x: str) -> None:
    sh("ip link add m0 type veth peer name m1")
    with pytest.raises(Refused, match="m0 in netns x: there is no such link, and without kind none can be made"):
        apply(f"links: [{{name: m0, netns: {x}}}]")
    apply(f"links: [{{name: m0, netns: {x}, kind: veth, peer: {{name: m2}}}}]")
    assert "m0" in links()
    assert "m0" in links(x)


def test_rule_whose_number_is_the_name_of_the_link_is_left_alone(apply: Apply, x: str) -> None:
    rule = {"priority": 100, "from": "10.0.0.0/8", "table": 100}
    sh("ip link add 100 type veth peer name m1")
    assert apply({"rules": [rule]}).changed, "the positive control: the rule is made"
    report = apply({"links": [{"name": "100", "netns": x, "from_netns": "host"}], "rules": [rule]})
    assert "100" in links(x)
    assert [line for line in report.commands if "rule" in line] == []
    assert [one["src"] for one in told("ip -j rule") if one["priority"] == 100] == ["10.0.0.0"]


def test_link_that_is_nowhere_is_made(apply: Apply, x: str) -> None:
    config = f"links: [{{name: m0, kind: veth, netns: {x}, from_netns: host, peer: {{name: m1, netns: host}}}}]"
    apply(config)
    assert "m0" in links(x)
    assert apply(config).commands == []
    with pytest.raises(Refused, match="n0 in netns x: there is no such link, and without kind none can be made"):
        apply(f"links: [{{name: n0, netns: {x}, from_netns: host}}]")


def test_namespace_to_take_it_from_may_be_gone(apply: Apply) -> None:
    sh("ip link add m0 type veth peer name m1")
    assert apply("links: [{name: m0, from_netns: gone, mtu: 1400}]").commands == ["ip link set dev m0 mtu 1400"]


def test_other_end_of_a_pair_moves(apply: Apply, x: str) -> None:
    apply("links: [{name: w0, kind: veth, peer: {name: eth0}}]")
    index = links()["w0"]["ifindex"]
    config = f"links: [{{name: w0, kind: veth, peer: {{name: eth0, netns: {x}, addresses: [10.0.0.2/24]}}}}]"
    with pytest.raises(Refused, match="w0: peer: netns: the kernel cannot change it on a living link"):
        apply(config)
    moved = config.replace("netns: x", "netns: x, from_netns: host")
    report = apply(moved)
    assert report.commands[0] == "ip link set dev eth0 netns x"
    assert links()["w0"]["ifindex"] == index
    assert links()["w0"]["link_netnsid"] == 0 or links()["w0"]["link_netns"] == "x"
    assert "eth0" in links(x)
    assert apply(moved).commands == []
    assert apply(config).commands == [], "what it came from need not be said again"


def test_physical_link_moves_both_ways(apply: Apply, x: str, process: Any) -> None:
    """A tap of another program has no row in the tables; what counts is that kind is not given."""
    sh("ip tuntap add eth9 mode tap")
    apply({"links": [{"name": "eth9", "netns": f"pid:{process.pid}", "from_netns": "host"}]})
    assert "eth9" not in links()
    seen = subprocess.run(
        ["nsenter", "-t", str(process.pid), "-n", "ip", "link"], capture_output=True, text=True, check=True
    )
    assert "eth9" in seen.stdout
    apply({"links": [{"name": "eth9", "netns": x, "from_netns": f"pid:{process.pid}"}]})
    assert "eth9" in links(x)


@pytest.mark.needs_kind("vxlan")
def test_socket_and_fdb_of_a_tunnel_stay(apply: Apply, x: str) -> None:
    red = """
        links:
          - name: red
            kind: vxlan
            vni: 5
            dstport: 4789
            local: 127.0.0.1
            fdb: [{mac: "00:00:00:00:00:00", dst: 192.0.2.2}, {mac: "02:00:00:00:00:05", dst: 192.0.2.3}]
    """
    apply(red)
    here = red.replace("kind: vxlan", "kind: vxlan\n            netns: x\n            from_netns: host")
    report = apply(here)
    assert report.commands == ["ip link set dev red netns x", "ip -n x link set dev red up"]
    listening = subprocess.run(["ss", "-Huln"], capture_output=True, text=True, check=True).stdout
    assert ":4789" in listening
    assert {(row["mac"], row["dst"]) for row in told("bridge -n x -j fdb show dev red") if "dst" in row} == {
        ("00:00:00:00:00:00", "192.0.2.2"),
        ("02:00:00:00:00:05", "192.0.2.3"),
    }
    assert apply(here).commands == []
    apply(here.replace("from_netns: host", "link_netns: host"))
    with pytest.raises(Refused, match="link_netns: the kernel cannot change it on a living link"):
        apply(here.replace("from_netns: host", "link_netns: x"))


def test_link_above_stays_and_is_found(apply: Apply, x: str) -> None:
    sh("ip link add v0 type veth peer name v1", "ip link set v0 up")
    mv = "{name: mv0, kind: macvlan, link: v0, mode: bridge, addresses: [10.0.0.1/24]}"
    apply(f"links: [{mv}]")
    apply(f"links: [{{name: v0, netns: {x}, from_netns: host}}]")
    assert "mv0" in links()
    assert apply(f"links: [{mv.replace('link: v0', 'link: v0, link_netns: x')}]").commands == []


def test_moved_link_keeps_its_mark(apply: Apply, x: str) -> None:
    apply("links: [{name: w0, kind: veth, peer: {name: w1}}]")
    sh("ip link add m0 type veth peer name m1")
    both = [{"name": name, "netns": x, "from_netns": "host"} for name in ("w1", "m1")]
    apply({"links": both})
    apply({}, overridden=True)
    assert "w1" not in links(x), "ours"
    assert "m1" in links(x), "not ours, and so left where it is"


def test_new_namespace_new_link_on_the_moved_one(apply: Apply) -> None:
    sh("ip link add m0 type veth peer name m1")
    apply(
        """
        netns: [{name: z}]
        links:
          - {name: mv0, kind: macvlan, netns: z, link: m0, mode: bridge, addresses: [10.0.0.2/24]}
          - {name: m0, netns: z, from_netns: host, up: true}
        """
    )
    assert links("z")["mv0"]["link"] == "m0"
    assert os.listdir("/run/netns") == ["z"]


@pytest.mark.parametrize("netns", ["host", "x"])
def test_pair_made_anew_with_another_other_end(apply: Apply, x: str, netns: str) -> None:
    apply("links: [{name: w0, kind: veth, addresses: [10.0.0.1/24], peer: {name: w1, addresses: [10.0.0.2/24]}}]")
    config = f"""
        links:
          - name: w0
            kind: veth
            recreate: true
            peer: {{name: other, netns: {netns}, addresses: [10.0.0.3/24]}}
    """
    apply(config)
    where = "" if netns == "host" else f"-n {netns} "
    assert told(f"ip {where}-j addr show dev other")[0]["addr_info"][0]["local"] == "10.0.0.3"
    assert told("ip -j addr show dev w0")[0]["addr_info"][0]["local"] == "10.0.0.1"
    assert "w1" not in links()
    assert apply(config).commands == []


def test_what_is_others_is_still_theirs_after_a_recreation(apply: Apply) -> None:
    apply("links: [{name: w0, kind: veth, peer: {name: w1}}]")
    sh(
        "ip addr add 10.0.0.1/24 dev w0",
        "ip route add 10.9.0.0/16 via 10.0.0.9 proto 99",
        "ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev w0 nud permanent",
    )
    apply("addresses: [{address: 10.7.0.1/24, dev: w0}]")
    apply("links: [{name: w0, kind: veth, recreate: true, peer: {name: w2}}]")
    assert told("ip -j route show 10.9.0.0/16")[0]["protocol"] in ("99", "openr")
    # What is ours goes, what is theirs stays: the link is kept by wishing for it.
    apply("links: [{name: w0, kind: veth, peer: {name: w2}}]", overridden=True)
    assert [row["local"] for row in told("ip -4 -j addr show dev w0")[0]["addr_info"]] == ["10.0.0.1"]
    assert told("ip -j route show 10.9.0.0/16")
    assert told("ip -j neigh show 10.0.0.9")
