# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Choose whom to ping, and read what fping says."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._verify import probe
from ansible_collections.netloom.overlay.plugins.module_utils._verify.targets import (
    own_stations,
    pairs,
    payload,
    underlay,
)

from .verify_cases import NODES


def test_stations_are_the_host_and_its_workloads(intents: dict[str, Any]) -> None:
    found = {(one.network, one.name, one.netns, one.device) for one in own_stations("node1", intents["node1"])}
    amber = intents["node1"]["networks"]["amber"]["device"]
    green = intents["node1"]["networks"]["green"]["device"]
    assert found == {
        ("amber", "box1", "pidfile:/run/box1.pid", amber),
        ("blue", "node1", "", "blue"),
        ("blue", "client1", "client", "eth0"),
        ("green", "node1", "", green),
        ("red", "node1", "", "red"),
    }


def test_pairs_are_all_others_of_each_network(intents: dict[str, Any]) -> None:
    counts: dict[str, int] = {}
    for name in NODES:
        for pair in pairs(name, intents[name]):
            assert pair.source != pair.target
            counts[pair.network] = counts.get(pair.network, 0) + 1
    assert counts == {"amber": 2, "blue": 8 * 7, "green": 2, "opal": 2, "red": 4 * 3}


def test_families_do_not_mix() -> None:
    member = {"addresses": ["10.1.1.2/24", "fd00::2/64"], "vtep": "10.0.0.2"}
    network = {"addresses": ["10.1.1.1/24"], "device": "n", "mtu": 1450, "members": {"node2": member}, "endpoints": {}}
    assert [one.address for one in pairs("node1", {"networks": {"n": network}})] == ["10.1.1.2"]
    network["addresses"] = ["10.1.1.1/24", "fd00::1/64"]
    assert [one.address for one in pairs("node1", {"networks": {"n": network}})] == ["10.1.1.2", "fd00::2"]


def test_a_macvlan_workload_is_not_asked_to_reach_its_own_host() -> None:
    network = {"addresses": ["10.1.1.1/24"], "device": "n", "mtu": 1450, "members": {}, "endpoints": {}}
    network["endpoints"]["box"] = {"host": "node1", "addresses": ["10.1.1.9/24"]}
    workload = {"network": "n", "attach": "macvlan", "netns": "box", "interface": "eth0", "addresses": ["10.1.1.9/24"]}
    intent = {"networks": {"n": network}, "workloads": {"box": workload}}
    assert pairs("node1", intent) == []
    workload["attach"] = "veth"
    assert {(one.source, one.target) for one in pairs("node1", intent)} == {("node1", "box"), ("box", "node1")}


def test_underlay_is_every_peers_vtep(intents: dict[str, Any]) -> None:
    assert underlay(intents["node1"]) == {"node2": "10.0.0.2", "node3": "10.0.0.3", "node4": "10.0.0.4"}


@pytest.mark.parametrize(("address", "data"), [("10.0.0.1", 1422), ("fd00::1", 1402)])
def test_payload_leaves_room_for_the_headers(address: str, data: int) -> None:
    assert payload(1450, address) == data


def test_fping_answers_are_read() -> None:
    text = (
        "ICMP Host Unreachable from 10.0.0.1 for ICMP Echo sent to 10.0.0.9\n"
        "10.0.0.2  : 0.51 - 0.042\n"
        "10.0.0.9  : - - -\n"
        "fd00::1   : 1.5 12 3.25\n"
    )
    found = probe.read_fping(text, ["10.0.0.2", "10.0.0.9", "fd00::1", "10.0.0.7"])
    assert found == {
        "10.0.0.2": probe.Answer(3, 2, 0.042),
        "10.0.0.9": probe.Answer(3, 0, None),
        "fd00::1": probe.Answer(3, 3, 1.5),
        "10.0.0.7": probe.Answer(0, 0, None),
    }


def test_sized_pings_carry_df() -> None:
    assert "-M" not in probe.fping_command(3, 1000)
    words = probe.fping_command(2, 1000, 1422)
    assert words[words.index("-b") + 1] == "1422"
    assert "-M" in words
