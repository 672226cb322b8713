# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Test the frames of the overlays on the underlay, with captures."""

from __future__ import annotations

import json
import sys

import pytest

IPV4, ARP, PLAIN = 0x0800, 0x0806, 0x88B5
OVERHEAD = 50
#: An ICMP echo with 56 bytes of data: Ethernet 14, IPv4 20, ICMP 8.
ECHO_FRAME = 98

SEND_ONE = (
    "import socket, sys; s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind((sys.argv[1], 0));"
    "s.send(b'\\xff' * 6 + bytes.fromhex(sys.argv[2].replace(':', '')) + b'\\x88\\xb5' + b'netloom'.ljust(46))"
)


def echo(host, target):
    host.out("ping", "-c", "1", "-W", "2", "-s", "56", target)


@pytest.mark.parametrize(
    ("target", "vni", "dstport"), [("10.20.1.2", 0x3E8, 6082), ("10.20.3.2", 0x7D0, 6081)], ids=["blue", "green"]
)
def test_geneve_header_and_overhead(nodes, target, vni, dstport):
    with nodes["node2"].capture("eth0", "udp") as seen:
        echo(nodes["node1"], target)
    frames = [one for one in seen.tunnelled(dstport) if one.inner_type == IPV4 and len(one.inner) == ECHO_FRAME]
    assert len(frames) == 2  # request and reply
    for frame in frames:
        assert frame.tunnel[0] >> 6 == 0, "version"
        assert frame.tunnel[0] & 0x3F == 0, "length of options"
        assert frame.tunnel[1] == 0, "flags"
        assert frame.tunnel[2:4] == b"\x65\x58", "protocol: Ethernet"
        assert frame.vni == vni
        assert len(frame.raw) == ECHO_FRAME + OVERHEAD
        assert frame.outer_total_length == ECHO_FRAME + OVERHEAD - 14


def test_vxlan_header_and_overhead(nodes):
    with nodes["node2"].capture("eth0", "udp") as seen:
        echo(nodes["node1"], "10.20.2.2")
    frames = [one for one in seen.tunnelled(4789) if len(one.inner) == ECHO_FRAME]
    assert len(frames) == 2
    for frame in frames:
        assert frame.tunnel[:4] == b"\x08\x00\x00\x00"
        assert frame.vni == 10000
        assert len(frame.raw) == ECHO_FRAME + OVERHEAD


@pytest.mark.parametrize(
    ("target", "dstport", "decoded"),
    [
        ("10.20.3.2", 6081, "Geneve, Flags [none], vni 0x7d0, proto TEB (0x6558)"),
        ("10.20.2.2", 4789, "VXLAN, flags [I] (0x08), vni 10000"),
    ],
    ids=["green", "red"],
)
def test_tcpdump_decodes_the_same(nodes, target, dstport, decoded):
    """Let tcpdump's own decoder, which knows the default ports only, tell what the bytes are."""
    tcpdump = "timeout 4 tcpdump -i eth0 -n -e -v --immediate-mode"
    script = f"{tcpdump} udp port {dstport} 2>/dev/null & sleep 1; ping -c 2 -W 1 {target} >/dev/null; wait"
    assert decoded in nodes["node1"].out("sh", "-c", script)


def test_no_arp_of_red_crosses_the_underlay(nodes):
    targets = ["10.20.2.2", "10.20.2.3", "10.20.2.4"]
    with nodes["node1"].capture("eth0", "udp", "port", "4789") as seen:
        for target in targets:
            echo(nodes["node1"], target)
    types = [one.inner_type for one in seen.tunnelled(4789)]
    assert types.count(IPV4) == 2 * len(targets)
    assert types.count(ARP) == 0


def test_arp_of_red_is_seen_where_it_is_asked(nodes):
    """Nobody has this address, so no table answers: the capture above would have seen ARP."""
    with nodes["node1"].capture("eth0", "udp", "port", "4789") as seen:
        nodes["node1"].run("ping", "-c", "1", "-W", "1", "10.20.2.99")
    assert ARP in [one.inner_type for one in seen.tunnelled(4789)]


def copies_of_one_broadcast(nodes):
    """Send one broadcast frame into blue on node1; tell how many copies each other host's bridge sees."""
    mac = json.loads(nodes["node1"].out("ip", "-j", "link", "show", "dev", "blue"))[0]["address"]
    words = ("-Q", "in", "ether", "proto", hex(PLAIN))
    with (
        nodes["node2"].capture("blue", *words) as second,
        nodes["node3"].capture("blue", *words) as third,
        nodes["node4"].netns("client").capture("eth0", *words) as fourth,
    ):
        nodes["node1"].out(sys.executable, "-c", SEND_ONE, "blue", mac)
    return [len(seen.frames) for seen in (second, third, fourth)]


def test_one_broadcast_reaches_each_host_once(nodes):
    assert copies_of_one_broadcast(nodes) == [1, 1, 1]


def test_a_port_that_is_not_isolated_makes_duplicates(nodes):
    """The control of the test above: node2 passes on what comes from a tunnel, so the others get it twice."""
    links = json.loads(nodes["node2"].out("ip", "-j", "link", "show", "master", "blue", "type", "geneve"))
    names = [link["ifname"] for link in links]
    assert len(names) == 3
    try:
        for name in names:
            nodes["node2"].out("bridge", "link", "set", "dev", name, "isolated", "off")
        assert copies_of_one_broadcast(nodes) == [1, 2, 2]
    finally:
        for name in names:
            nodes["node2"].out("bridge", "link", "set", "dev", name, "isolated", "on")
