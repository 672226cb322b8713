# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Set the rows of newer kernels, told by a newer iproute2 or by what the kernel does; refuse them on older ones.

Where kernel or iproute2 is older, these tests are left to ``make test-newer-kernel``.
"""

from __future__ import annotations

import json
import os
import re
import socket
import struct
import subprocess
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.links.any_link import ALL
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.objects.port import PORT
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.registry import KINDS

#: The iproute2 of Debian 12's backports, the oldest with which these cases were run.
IPROUTE2 = "6.15"


@dataclass(frozen=True)
class Case:
    """An option, values to set one after the other, and what iproute2 says under its name for each."""

    place: str  # "port", "veth" or a kind
    option: str
    values: tuple[Any, ...]
    told: tuple[Any, ...]
    since: str
    base: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.place}-{self.option}"


ON_OFF = ((True, False, True), (True, False, True))
NUMBERS = ((4096, 65536, 5000), (4096, 65536, 5000))
CASES = [
    Case("port", "mab", *ON_OFF, "6.2", {"locked": True}),
    Case("port", "mcast_max_groups", (5, 0, 4294967295), (5, 0, 4294967295), "6.2"),
    Case("port", "neigh_vlan_suppress", *ON_OFF, "6.4"),
    Case("port", "backup_nhid", (7, 8, 7), (7, 8, 7), "6.5"),
    Case("veth", "gso_ipv4_max_size", *NUMBERS, "6.3"),
    Case("veth", "gro_ipv4_max_size", *NUMBERS, "6.3"),
    Case("bridge", "fdb_max_learned", (10, 0, 4294967295), (10, 0, 4294967295), "6.7"),
    Case("vxlan", "localbypass", (False, True, False), (False, True, False), "6.5", {"vni": 5, "dstport": 4789}),
]


def config(case: Case, value: Any) -> dict[str, Any]:
    """Give a config in which t0 has the case's option."""
    wish = {**case.base, case.option: value}
    pair = {"name": "t0", "kind": "veth", "peer": {"name": "t1"}}
    if case.place == "port":
        return {"links": [{"name": "switch", "kind": "bridge"}, {**pair, "master": "switch", "port": wish}]}
    return {"links": [{**pair, **wish} if case.place == "veth" else {"name": "t0", "kind": case.place, **wish}]}


def shown(case: Case, tell: Any) -> Any:
    """Return what iproute2 says under the option's name."""
    if case.place == "port":
        return tell("bridge -j -d link show dev t0")[0].get(case.option)
    link = tell("ip -j -d link show dev t0")[0]
    return {**link, **link.get("linkinfo", {}).get("info_data", {})}.get(case.option)


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=str(case), marks=pytest.mark.needs_linux(case.since, iproute2=IPROUTE2)) for case in CASES],
)
def test_row_of_a_newer_kernel(case: Case, apply: Any, gather: Any, tell: Any) -> None:
    """Create, repeat, change in place, repeat, and apply what was gathered: iproute2 says the value each time."""
    index = None
    for value, told in zip(case.values, case.told):
        assert apply(config(case, value)).changed
        assert shown(case, tell) == told
        assert index in (None, tell("ip -j link show dev t0")[0]["ifindex"]), "changed in place, yet a new link"
        index = tell("ip -j link show dev t0")[0]["ifindex"]
        assert not apply(config(case, value)).changed
        assert not apply(gather(), overridden=True).changed


@pytest.mark.needs_linux("6.2", iproute2=IPROUTE2)
def test_mab_without_locked_is_the_kernels_to_refuse(apply: Any, tell: Any) -> None:
    """MAC authentication bypass needs a locked port (net/bridge/br_netlink.c, br_setport)."""
    case = Case("port", "mab", (True,), (True,), "6.2")
    before = tell("ip -j -d link")
    with pytest.raises(Exception, match=r"t0: port: .*MAB"):
        apply(config(case, True))
    assert tell("ip -j -d link") == before
    assert apply(config(Case("port", "mab", (True,), (True,), "6.2", {"locked": True}), True)).changed


def learned() -> int:
    """Return how many addresses the bridge learned, as bridge fdb shows them."""
    command = ["bridge", "-j", "fdb", "show", "br", "switch"]
    entries = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return sum(entry.get("state") != "permanent" and entry.get("mac", "").startswith("02:aa") for entry in entries)


def send_from(first: int, count: int) -> None:
    """Send a broadcast frame from each of ``count`` source addresses into the port t0, and wait until all have come.

    The bridge learns from a frame, or does not, before it hands it up as its own (br_handle_frame_finish()). Frames
    that are still on their way would be learned from under the next limit.
    """
    ethertype = 0x88B5  # IEEE 802: for experiments
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ethertype)) as bridge:
        bridge.bind(("switch", ethertype))
        bridge.settimeout(20)
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as port:
            port.bind(("t1", 0))
            for number in range(first, first + count):
                port.send(b"\xff" * 6 + bytes((2, 0xAA, 0, 0, 0, number)) + struct.pack("!H", ethertype) + bytes(46))
        come = {bridge.recv(2048)[11] for _number in range(count)}
    assert come == set(range(first, first + count))


@pytest.mark.needs_linux("6.7")
def test_bridge_learns_no_more_than_fdb_max_learned(apply: Any, tell: Any) -> None:
    """The limit holds when frames come, and 0 takes it away."""
    wish = {
        "links": [
            {"name": "switch", "kind": "bridge", "up": True, "mcast_snooping": False, "fdb_max_learned": 10},
            {
                "name": "t0",
                "kind": "veth",
                "master": "switch",
                "up": True,
                "peer": {"name": "t1", "up": True, "addrgenmode": "none"},
            },
        ]
    }
    apply(wish)
    until = time.monotonic() + 5
    while tell("bridge -j link show dev t0")[0]["state"] != "forwarding" and time.monotonic() < until:
        time.sleep(0.02)
    send_from(0, 20)
    assert learned() == 10
    wish["links"][0]["fdb_max_learned"] = 0
    assert apply(wish).changed
    send_from(100, 20)
    assert learned() == 30


def geneve_ports(count: int) -> set[int]:
    """Send packets of several flows through t0 to this host; return the outer source ports that a raw socket sees."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as raw:
        raw.settimeout(5)
        for number in range(count):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                udp.bind(("198.51.100.1", 20000 + number))
                udp.sendto(b"flow", ("198.51.100.2", 9))
        seen = set()
        while len(seen) < 1 or count:
            packet = raw.recv(2048)
            header = packet[(packet[0] & 15) * 4 :]
            if int.from_bytes(header[2:4], "big") == 6081:
                seen.add(int.from_bytes(header[:2], "big"))
                count -= 1
    return seen


@pytest.mark.needs_kind("geneve")
@pytest.mark.needs_linux("6.15")
def test_geneve_takes_its_source_ports_from_srcport(apply: Any, gather: Any) -> None:
    """The outer source ports lie in the range that is wished; without one they spread over the local ports."""
    link = {
        "name": "t0", "kind": "geneve", "vni": 1, "remote": "127.0.0.1", "up": True, "addresses": ["198.51.100.1/24"],
    }  # fmt: skip
    near = {"dst": "198.51.100.2", "mac": "02:00:00:00:00:02", "dev": "t0"}
    apply({"links": [link], "neighbors": [near]})
    assert not geneve_ports(40) <= {40000, 40001, 40002, 40003}, "the positive control: other ports without the option"
    with pytest.raises(Refused, match=r"t0: srcport: .*recreate: true"):
        apply({"links": [{**link, "srcport": "40000-40003"}]})
    wish = {"links": [{**link, "srcport": "40000-40003", "recreate": True}], "neighbors": [near]}
    assert apply(wish).changed
    seen = geneve_ports(40)
    assert seen <= {40000, 40001, 40002, 40003}
    assert len(seen) > 1, "flows share one port"
    assert not apply(wish).changed
    assert not apply(gather(), overridden=True).changed


VLANS = {
    "links": [
        {"name": "switch", "kind": "bridge", "vlan_filtering": True, "mcast_vlan_snooping": True},
        {
            "name": "t0",
            "kind": "veth",
            "peer": {"name": "t1"},
            "master": "switch",
            "port": {"neigh_vlan_suppress": True, "vlans": [{"vid": "10-12"}]},
        },
    ]
}


def of_vlans(tell: Any) -> dict[int, tuple[bool, int]]:
    """Return VLAN -> neigh_suppress and mcast_max_groups of t0."""
    found: dict[int, tuple[bool, int]] = {}
    # With statistics each VLAN by itself: the kernel's ranges do not tell these two options apart.
    for item in tell("bridge -j -d -s vlan show dev t0")[0]["vlans"]:
        for vid in range(item["vlan"], item.get("vlanEnd", item["vlan"]) + 1):
            found[vid] = (item["neigh_suppress"], item["mcast_max_groups"])
    return found


@pytest.mark.needs_kind("geneve")
@pytest.mark.needs_linux("6.4", iproute2=IPROUTE2)
def test_options_of_vlans_of_a_newer_kernel(apply: Any, gather: Any, tell: Any) -> None:
    """Neighbor suppression and most groups of single VLANs; the others keep theirs."""
    port = VLANS["links"][1]["port"]
    apply(VLANS)
    for value, groups in ((True, 5), (False, 2**32 - 1), (True, 0)):
        port["vlan_options"] = [{"vid": "10-11", "neigh_suppress": value, "mcast_max_groups": groups}]
        assert apply(VLANS).changed
        assert of_vlans(tell) == {10: (value, groups), 11: (value, groups), 12: (False, 0)}
        assert not apply(VLANS).changed
        assert not apply(gather(), overridden=True).changed
    port["vlan_options"] = [{"vid": "10-12", "neigh_suppress": True}]
    assert apply(VLANS).commands == ["bridge vlan set vid 12 dev t0 neigh_suppress on"]
    assert of_vlans(tell)[12] == (True, 0)
    port["vlan_options"] = [{"vid": 12, "neigh_suppress": False}]
    assert apply(VLANS).changed
    del port["vlan_options"]
    apply({"links": [{"name": "t0", "kind": "veth", "numtxqueues": 3, "recreate": True}]})
    assert of_vlans(tell)[10] == (True, 0), "it is back on a link that was made anew"


@pytest.mark.needs_kind("geneve")
@pytest.mark.needs_linux("6.4", iproute2=IPROUTE2)
def test_spanning_trees_as_iproute2_tells_them(apply: Any, tell: Any) -> None:
    """A port's states, and the trees that VLANs belong to."""
    wish: dict[str, Any] = {
        "links": [
            {
                "name": "switch",
                "kind": "bridge",
                "vlan_filtering": True,
                "vlan_default_pvid": 0,
                "mst_enabled": True,
                "vlan_global": [{"vid": "20-21", "msti": 2}, {"vid": 30, "msti": 4094}],
            },
            {
                "name": "t0",
                "kind": "veth",
                "peer": {"name": "t1"},
                "master": "switch",
                "port": {
                    "vlans": [{"vid": "20-21"}, {"vid": 30}],
                    "mst": [{"msti": 2, "state": "blocking"}, {"msti": 4094, "state": "learning"}],
                },
            },
        ]
    }
    assert apply(wish).changed
    told = {item["msti"]: item["state"] for item in tell("bridge -j mst show")[0]["mst"] if item["msti"]}
    assert told == {2: "blocking", 4094: "learning"}
    vlans = tell("bridge -j vlan global show dev switch")[0]["vlans"]
    assert {item["vlan"]: item["msti"] for item in vlans} == {20: 2, 30: 4094}
    assert not apply(wish).changed


#: A value for each row that this file is about; the tables say since when it is there.
WISHES: dict[tuple[str, str], Any] = {
    **{(case.place if case.place != "veth" else "link", case.option): case.values[0] for case in CASES},
    ("geneve", "srcport"): "40000-40003",
}
BASES: dict[str, dict[str, Any]] = {"geneve": {"vni": 1, "remote": "192.0.2.2"}, "vxlan": {"vni": 5, "dstport": 4789}}


def newer_rows() -> list[tuple[str, str, str]]:
    """Return place, name and release of each row above that is newer than this kernel."""
    here = tuple(int(part) for part in os.uname().release.split(".")[:2])
    rows = [(kind.name, row) for kind in KINDS.values() for row in kind.options]
    rows += [("port", row) for row in PORT.options] + [("link", row) for row in ALL]
    return [
        (place, row.name, row.since)
        for place, row in rows
        if (place, row.name) in WISHES and row.since and tuple(int(part) for part in row.since.split(".")) > here
    ]


@pytest.mark.needs_kind("geneve")
def test_rows_newer_than_the_kernel_are_refused_by_name(apply: Any, tell: Any) -> None:
    """Linux 6.1 lacks all of them, 6.12 geneve's srcport. What is refused changes nothing; without it all is made."""
    release = re.escape(os.uname().release)
    for place, name, since in newer_rows():
        case = Case("veth" if place == "link" else place, name, (), (), since, BASES.get(place, {}))
        before = tell("ip -j -d link")
        with pytest.raises(Refused, match=rf"{name}: needs Linux {since}, this kernel is {release}"):
            apply(config(case, WISHES[place, name]))
        assert tell("ip -j -d link") == before
        wish = config(case, None)
        for link in wish["links"]:
            link.get("port", link).pop(name, None)
        assert apply(wish).changed, "the positive control: the same without the option"
        apply({"links": []}, overridden=True)
