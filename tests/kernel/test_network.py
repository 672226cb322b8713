# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make a whole network, find it as iproute2 does, and nothing to do in a second run."""

from __future__ import annotations

import subprocess
import time
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

from .look import everything, lines
from .network import NETWORK


@pytest.mark.needs_kind("vxlan")
def test_network_is_what_iproute2_sees_and_the_second_run_is_empty(apply: Any, tell: Any) -> None:
    report = apply(NETWORK)
    assert report.changed
    link = tell("ip -j -d link show dev red")[0]
    assert (link["linkinfo"]["info_data"]["id"], link["master"], link["mtu"]) == (10001, "br-red", 1450)
    assert link["ifalias"] == "red to all"
    assert link["linkinfo"]["info_slave_data"]["isolated"] is True
    entries = tell("bridge -j fdb show dev red")
    assert {(e["mac"], e["dst"]) for e in entries if "dst" in e} == {
        ("00:00:00:00:00:00", "192.0.2.2"),
        ("00:00:00:00:00:00", "192.0.2.3"),
        ("02:00:00:00:00:05", "192.0.2.2"),
    }
    assert tell("ip -j neigh show dev br-red")[0]["lladdr"] == "02:00:00:00:00:07"
    assert tell("ip -n client -j route show default")[0]["gateway"] == "10.30.0.1"
    assert tell("ip -j route show 10.99.0.0/16")[0]["metric"] == 50
    assert lines("ip netns exec client cat /etc/resolv.conf") == ["nameserver 192.0.2.53", "search lab.example"]
    assert lines("ip netns exec client cat /proc/sys/net/ipv4/conf/eth0/rp_filter") == ["0"]
    assert lines("cat /proc/sys/net/ipv4/conf/w-client/proxy_arp") == ["1"]
    subprocess.run(["ip", "netns", "exec", "client", "ping", "-c1", "-W2", "10.30.0.1"], check=True, timeout=10)
    before = everything()
    again = apply(NETWORK)
    assert (again.changed, again.commands, everything()) == (False, [], before)


def test_check_mode_tells_what_the_run_does_and_does_nothing(apply: Any) -> None:
    before = everything()
    foretold = apply(NETWORK, check=True)
    assert foretold.changed
    assert everything() == before
    done = apply(NETWORK)
    assert done.commands == foretold.commands
    assert everything() != before, "the positive control: a real run is seen"


def test_gathered_state_applied_again_changes_nothing(apply: Any, gather: Any) -> None:
    apply(NETWORK)
    config = gather()
    assert {link["name"] for link in config["links"]} >= {"br-red", "red", "w-client", "eth0"}
    report = apply(config)
    assert report.commands == []


def test_gathered_state_builds_the_same_elsewhere(apply: Any, gather: Any) -> None:
    apply(NETWORK)
    config, before = gather(), everything()
    apply({}, overridden=True)
    assert everything() == []
    config["links"] = [link for link in config["links"] if link["name"] != "lo"]
    apply(config)
    assert everything() == before


@pytest.mark.needs_kind("geneve")
def test_geneve_external_excludes_vni_and_is_no_change(apply: Any, tell: Any) -> None:
    apply("links: [{name: t0, kind: geneve, external: true, dstport: 6099}]")
    assert tell("ip -j -d link show dev t0")[0]["linkinfo"]["info_data"]["external"] is True
    with pytest.raises(Refused, match=r"t0: external: .*recreate: true"):
        apply("links: [{name: t0, kind: geneve, external: false}]")
    apply("links: [{name: t0, kind: geneve, external: true, dstport: 6099, alias: x}]")
    assert tell("ip -j -d link show dev t0")[0]["ifalias"] == "x"


@pytest.mark.needs_kind("geneve")
def test_geneve_ttl_inherit_and_back(apply: Any) -> None:
    base = "links: [{name: t0, kind: geneve, vni: 5, remote: 192.0.2.2, ttl: %s}]"
    for value, told in ((64, "ttl 64"), ("inherit", "ttl inherit"), (7, "ttl 7"), ("auto", "ttl auto")):
        apply(base % value)
        assert told in lines("ip -o -d link show dev t0")[0]
        assert not apply(base % value).changed


def test_port_state(apply: Any, tell: Any) -> None:
    wish = "links: [{name: b, kind: bridge}, {name: t0, kind: veth, master: b, peer: {name: t1}%s}]"
    apply(wish % "")
    time.sleep(0.5)  # the carrier comes, and the bridge sets the port forwarding
    apply(wish % ", port: {state: disabled}")
    assert tell("bridge -j -d link show dev t0")[0]["state"] == "disabled"
    apply(wish % ", port: {state: forwarding}")
    assert tell("bridge -j -d link show dev t0")[0]["state"] == "forwarding"


def test_sysctl_of_a_link_whose_name_has_a_dot(apply: Any) -> None:
    wish = {
        "links": [{"name": "a.b", "kind": "bridge"}],
        "sysctls": [{"dev": "a.b", "name": "ipv4.proxy_arp", "value": True}],
    }
    apply(wish)
    assert lines("cat /proc/sys/net/ipv4/conf/a.b/proxy_arp") == ["1"]
    assert not apply(wish).changed
