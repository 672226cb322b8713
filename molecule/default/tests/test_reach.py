# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Test that all members reach each other, with packets up to the overlay's MTU and no larger."""

from __future__ import annotations

import json

import pytest

NUMBERS = (1, 2, 3, 4)
BLUE = [f"10.20.1.{number}" for number in NUMBERS] + [f"10.20.1.1{number}" for number in NUMBERS]
RED = [f"10.20.2.{number}" for number in NUMBERS]
#: Overlay MTU 1450 less 20 bytes of IPv4 and 8 of ICMP.
FULL = 1422


@pytest.mark.parametrize("number", NUMBERS)
def test_blue_reaches_all_from_hosts_and_clients(nodes, number):
    host = nodes[f"node{number}"]
    assert host.silent(*BLUE) == []
    assert host.netns("client").silent(*BLUE) == []


@pytest.mark.parametrize("number", NUMBERS)
def test_red_reaches_all(nodes, number):
    assert nodes[f"node{number}"].silent(*RED) == []


def test_an_address_that_nobody_has_is_silent(nodes):
    assert nodes["node1"].silent("10.20.1.99", "10.20.2.99") == ["10.20.1.99", "10.20.2.99"]


def test_green_reaches_both_ways_over_host_routes(nodes):
    assert nodes["node1"].silent("10.20.3.2") == []
    assert nodes["node2"].silent("10.20.3.1") == []
    route = json.loads(nodes["node1"].out("ip", "-j", "route", "get", "10.20.3.2"))[0]
    assert route["dev"].startswith("g0007d0-")
    addresses = json.loads(nodes["node1"].out("ip", "-j", "addr", "show", "dev", route["dev"]))[0]["addr_info"]
    assert [(one["local"], one["prefixlen"]) for one in addresses if one["family"] == "inet"] == [("10.20.3.1", 32)]


@pytest.mark.parametrize(
    ("near", "box", "far", "bridge"), [("node1", "box1", "node2", "amber"), ("node3", "box3", "node4", "opal")]
)
def test_a_process_reaches_the_far_bridge_while_its_socket_stays_on_the_host(nodes, near, box, far, bridge):
    inside = nodes[near].box(box)
    assert inside.silent("12.200.1.2") == []
    assert nodes[far].silent("169.254.67.1") == []
    assert ":6081 " in nodes[near].out("ss", "-Huln")
    assert ":6081 " not in inside.out("ss", "-Huln")
    assert "geneve" in inside.out("ip", "-d", "link")
    assert json.loads(nodes[far].out("ip", "-j", "route", "get", "169.254.67.1"))[0]["dev"] == bridge


def test_without_the_return_route_the_process_gets_no_answer(nodes):
    inside, far = nodes["node1"].box("box1"), nodes["node2"]
    far.out("ip", "route", "del", "169.254.67.1/32", "dev", "amber")
    try:
        assert inside.silent("12.200.1.2") == ["12.200.1.2"]
    finally:
        far.out("ip", "route", "add", "169.254.67.1/32", "dev", "amber", "proto", "110", "scope", "link")
    assert inside.silent("12.200.1.2") == []


@pytest.mark.parametrize(
    ("source", "netns", "target"),
    [
        ("node1", "", "10.20.1.2"),
        ("node1", "client", "10.20.1.12"),
        ("node1", "", "10.20.2.2"),
        ("node1", "", "10.20.3.2"),
    ],
    ids=["blue", "blue clients", "red", "green"],
)
def test_the_full_mtu_passes_with_df_and_one_byte_more_does_not(nodes, source, netns, target):
    host = nodes[source].netns(netns) if netns else nodes[source]
    ping = ["ping", "-c", "1", "-W", "2", "-M", "do", "-s"]
    assert host.run(*ping, str(FULL), target).rc == 0
    over = host.run(*ping, str(FULL + 1), target)
    assert over.rc != 0
    assert "message too long, mtu=1450" in over.stdout + over.stderr
