# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Forwarding database entries: each option, created, repeated, changed, removed; ``bridge -j fdb`` is the witness."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

from . import raw
from .look import run
from .raw import heard

BASE = """
links:
  - {name: br0, kind: bridge, addrgenmode: none, mac: "02:00:00:00:00:01"}
  - {name: t0, kind: veth, addrgenmode: none, mac: "02:00:00:00:00:02", master: br0,
     peer: {name: t1, addrgenmode: none, mac: "02:00:00:00:00:03"}}
  - {name: vx, kind: vxlan, vni: 5, dstport: 4789, learning: false, dev: t1}
  - {name: ex, kind: vxlan, dstport: 4790, external: true, learning: false}
  - {name: v6, kind: vxlan, vni: 6, dstport: 4791, local: "2001:db8::1", learning: false}
"""
MAC = "02:00:00:00:00:99"
pytestmark = pytest.mark.needs_kind("vxlan")


@pytest.fixture
def base(apply: Any) -> None:
    """Make links with databases, and nexthops for groups."""
    apply(BASE)
    run("ip nexthop add id 1 via 192.0.2.1 fdb")
    run("ip nexthop add id 2 via 192.0.2.2 fdb")
    run("ip nexthop add id 10 group 1/2 fdb")
    run("ip nexthop add id 11 group 2 fdb")


def entries(tell: Any, dev: str, mac: str = MAC) -> list[dict[str, Any]]:
    """Return what bridge says of a MAC on a link, its flags sorted."""
    found = [entry for entry in tell("bridge -j -d fdb show") if (entry["ifname"], entry["mac"]) == (dev, mac)]
    # A kernel that knows VLANs of bridges makes one for each VLAN beside one without.
    alone = [entry for entry in found if "vlan" not in entry]
    found = alone or found
    return [{**entry, "flags": sorted(entry["flags"])} for entry in found]


def steady(found: Iterable[dict[str, Any]]) -> list[str]:
    """Return entries in an order of their own."""
    return sorted(json.dumps(entry, sort_keys=True) for entry in found)


def told(dev: str, state: str = "permanent", flags: tuple[str, ...] = ("self",), **more: Any) -> dict[str, Any]:
    return {"mac": MAC, "ifname": dev, "flags": sorted(flags), "state": state, **more}


def wish(dev: str, **options: Any) -> dict[str, Any]:
    return {"fdb": [{"mac": MAC, "dev": dev, **options}]}


ROUNDS: dict[str, list[tuple[dict[str, Any], list[dict[str, Any]]]]] = {
    "dst": [
        (wish("vx", dst="192.0.2.1"), [told("vx", dst="192.0.2.1")]),
        (wish("vx", dst="192.0.2.2"), [told("vx", dst="192.0.2.2")]),
    ],
    "IPv6 dst": [
        (wish("v6", dst="2001:DB8::2"), [told("v6", dst="2001:db8::2")]),
        (wish("v6", dst="2001:db8::3"), [told("v6", dst="2001:db8::3")]),
    ],
    "port, vni and via of their own, and the link's": [
        (wish("vx", dst="192.0.2.1", port=4000, vni=7, via="br0"),
         [told("vx", dst="192.0.2.1", port=4000, vni=7, viaIf="br0")]),
        (wish("vx", dst="192.0.2.1", port=4789, vni=5, via="t1"), [told("vx", dst="192.0.2.1", viaIf="t1")]),
        (wish("vx", port=4001, vni=8), [told("vx", dst="192.0.2.1", viaIf="t1", port=4001, vni=8)]),
    ],
    "src_vni": [
        (wish("ex", dst="192.0.2.1", src_vni=10, vni=11), [told("ex", dst="192.0.2.1", src_vni=10, vni=11)]),
        (wish("ex", dst="192.0.2.2", src_vni=10, vni=12), [told("ex", dst="192.0.2.2", src_vni=10, vni=12)]),
    ],
    "one MAC in two VNIs": [
        ({"fdb": [{"mac": MAC, "dev": "ex", "src_vni": vni, "dst": f"192.0.2.{vni}"} for vni in (1, 2)]},
         [told("ex", dst="192.0.2.2", src_vni=2), told("ex", dst="192.0.2.1", src_vni=1)]),
        ({"fdb": [{"mac": MAC, "dev": "ex", "src_vni": 1, "state": "absent"}]},
         [told("ex", dst="192.0.2.2", src_vni=2)]),
    ],
    "nexthop group": [
        (wish("vx", nhid=10), [told("vx", nhid=10)]),
        (wish("vx", nhid=11), [told("vx", nhid=11)]),
    ],
    "from a destination to a group": [
        (wish("vx", dst="192.0.2.1", port=4000), [told("vx", dst="192.0.2.1", port=4000)]),
        (wish("vx", nhid=11), [told("vx", nhid=11)]),
    ],
    "from a group to a destination": [
        (wish("vx", nhid=10), [told("vx", nhid=10)]),
        (wish("vx", dst="192.0.2.1"), [told("vx", dst="192.0.2.1")]),
    ],
    "router": [
        (wish("vx", dst="192.0.2.1", router=True), [told("vx", flags=("self", "router"), dst="192.0.2.1")]),
        (wish("vx", dst="192.0.2.1", router=False), [told("vx", dst="192.0.2.1")]),
    ],
    "extern_learn in a VXLAN link": [
        (wish("vx", dst="192.0.2.1", extern_learn=True), [told("vx", flags=("self", "extern_learn"), dst="192.0.2.1")]),
        (wish("vx", dst="192.0.2.2", extern_learn=True), [told("vx", flags=("self", "extern_learn"), dst="192.0.2.2")]),
    ],
    "extern_learn in a bridge": [
        (wish("t0", target="master", nud="static", extern_learn=True),
         [told("t0", "", ("extern_learn",), master="br0")]),
        (wish("t0", target="master", state="absent"), []),
    ],
    "static, sticky": [
        (wish("t0", target="master", nud="static"), [told("t0", "static", (), master="br0")]),
        (wish("t0", target="master", nud="static", sticky=True), [told("t0", "static", ("sticky",), master="br0")]),
    ],
    "static, permanent": [
        (wish("t0", target="master", nud="static"), [told("t0", "static", (), master="br0")]),
        (wish("t0", target="master", nud="permanent"), [told("t0", "permanent", (), master="br0")]),
    ],
    "static and dynamic in a VXLAN link": [
        (wish("vx", dst="192.0.2.1", nud="static"), [told("vx", "static", dst="192.0.2.1")]),
        (wish("vx", dst="192.0.2.1", nud="dynamic"), [told("vx", "", dst="192.0.2.1")]),
    ],
    "dynamic, and then for good": [
        (wish("vx", dst="192.0.2.1", nud="dynamic"), [told("vx", "", dst="192.0.2.1")]),
        (wish("vx", dst="192.0.2.1", nud="permanent"), [told("vx", "permanent", dst="192.0.2.1")]),
    ],
    "dynamic in a bridge, removed": [
        (wish("t0", target="master", nud="dynamic"), [told("t0", "", (), master="br0")]),
        (wish("t0", target="master", nud="dynamic", state="absent"), []),
    ],
    "the bridge's own": [
        (wish("br0"), [told("br0", flags=(), master="br0")]),
        (wish("br0", state="absent"), []),
    ],
    "an address filter": [
        (wish("t1"), [told("t1")]),
        (wish("t1", state="absent"), []),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", ROUNDS)
def test_entry_is_what_bridge_says_and_the_second_run_sends_nothing(
    name: str, base: None, apply: Any, tell: Any
) -> None:
    for config, expected in ROUNDS[name]:
        dev = config["fdb"][0]["dev"]
        foretold = apply(config, check=True)
        with heard() as announced:
            report = apply(config)
        assert (report.changed, report.commands) == (True, foretold.commands)
        assert announced, "the positive control: a change is heard"
        assert steady(entries(tell, dev)) == steady(expected)
        with heard() as announced:
            assert apply(config).commands == []
        assert announced == []


def test_several_remotes_for_the_default_entry_and_a_group(base: None, apply: Any, tell: Any) -> None:
    for mac in ("00:00:00:00:00:00", "01:00:5e:01:01:01"):
        listed = [{"dev": "vx", "mac": mac, "dst": f"192.0.2.{number}"} for number in (1, 2, 3)]
        assert apply({"fdb": listed}).changed
        assert {entry["dst"] for entry in entries(tell, "vx", mac)} == {"192.0.2.1", "192.0.2.2", "192.0.2.3"}
        assert not apply({"fdb": listed}).changed
        apply({"fdb": [{**listed[1], "state": "absent"}]})
        assert {entry["dst"] for entry in entries(tell, "vx", mac)} == {"192.0.2.1", "192.0.2.3"}


def test_unicast_mac_has_one_remote_in_the_kernel(base: None, apply: Any, tell: Any) -> None:
    """The positive control is iproute2: what it appends is dropped without a word. A group gives it several."""
    run(f"bridge fdb append {MAC} dev vx dst 192.0.2.1")
    run(f"bridge fdb append {MAC} dev vx dst 192.0.2.2")
    assert [entry["dst"] for entry in entries(tell, "vx")] == ["192.0.2.1"]
    twice = [{"dev": "vx", "mac": MAC, "dst": f"192.0.2.{number}"} for number in (1, 2)]
    with pytest.raises(Refused, match=f"FDB entry {MAC} on vx: is in the desired state twice"):
        apply({"fdb": twice})


def test_default_entry_may_be_a_nexthop_group(base: None, apply: Any, tell: Any) -> None:
    for nhid in (10, 11):
        config = {"fdb": [{"dev": "vx", "mac": "00:00:00:00:00:00", "nhid": nhid}]}
        assert apply(config).changed
        assert [entry["nhid"] for entry in entries(tell, "vx", "00:00:00:00:00:00")] == [nhid]
        assert not apply(config).changed


def test_dynamic_entry_that_aged_is_made_again(base: None, apply: Any, tell: Any) -> None:
    apply("links: [{name: vx, kind: vxlan, ageing: 1}]")
    config = wish("vx", dst="192.0.2.1", nud="dynamic")
    apply(config)
    until = time.monotonic() + 20
    while entries(tell, "vx") and time.monotonic() < until:
        time.sleep(0.2)
    assert entries(tell, "vx") == [], "the positive control: it ages"
    assert apply(config).changed
    assert entries(tell, "vx") == [told("vx", "", dst="192.0.2.1")]


OBJECTS = """
fdb:
  - {dev: vx, mac: "02:00:00:00:00:11", dst: 192.0.2.1, port: 4000, vni: 7}
  - {dev: vx, mac: "02:00:00:00:00:12", nhid: 10}
  - {dev: vx, mac: "02:00:00:00:00:13", dst: 192.0.2.1, nud: dynamic}
  - {dev: vx, mac: "00:00:00:00:00:00", dst: 192.0.2.1}
  - {dev: vx, mac: "00:00:00:00:00:00", dst: 192.0.2.2}
"""


def test_entries_are_back_after_a_recreation_and_gathered(base: None, apply: Any, gather: Any, tell: Any) -> None:
    apply(OBJECTS)
    before = tell("bridge -j fdb show dev vx")
    apply(OBJECTS + "links: [{name: vx, kind: vxlan, dstport: 4799, recreate: true}]")
    assert tell("ip -j -d link show dev vx")[0]["linkinfo"]["info_data"]["port"] == 4799
    assert steady(tell("bridge -j fdb show dev vx")) == steady(before)
    config = yaml.safe_load(yaml.safe_dump(gather()))
    (link,) = [link for link in config["links"] if link["name"] == "vx"]
    macs = [entry["mac"] for entry in link["fdb"]]
    assert "02:00:00:00:00:12" in macs
    assert "02:00:00:00:00:13" not in macs, "what ages is no state to keep"
    assert apply(config).commands == []


@pytest.mark.needs_kind("macvlan")
def test_entries_that_others_put_on_links_are_back_after_a_recreation(base: None, apply: Any, tell: Any) -> None:
    """Entries of bridges and address filters: what is the kernel's own is told from what somebody put there."""
    links = """
links:
  - {name: w0, kind: veth, addrgenmode: none, peer: {name: w1, addrgenmode: none}}
  - {name: port, kind: macvlan, addrgenmode: none, link: %s, master: br0, recreate: true}
  - {name: x0, kind: veth, addrgenmode: none, peer: {name: x1, addrgenmode: none}}
  - {name: free, kind: macvlan, mode: passthru, addrgenmode: none, link: %s, recreate: true}
"""
    apply(links % ("w0", "x0"))
    macs = [MAC, "02:00:00:00:00:88", "02:00:00:00:00:77"]
    there = [(dev, mac) for dev in ("port", "free") for mac in macs]
    for command in ("%s dev port master permanent", "%s dev port master static", "%s dev free self permanent"):
        run("bridge fdb add " + command % macs.pop(0))
    before = [entries(tell, dev, mac) for dev, mac in there]
    assert sum(len(found) for found in before) >= 3
    index = tell("ip -j link show dev free")[0]["ifindex"]
    apply(links % ("w1", "x1"))
    assert tell("ip -j link show dev free")[0]["ifindex"] != index
    assert [entries(tell, dev, mac) for dev, mac in there] == before


def test_what_the_kernel_makes_by_itself_is_not_gathered(base: None, apply: Any, gather: Any, tell: Any) -> None:
    run("ip link add mv link t1 type macvlan mode bridge")
    run("ip link set mv up")
    run("ip link set t1 up")
    run("bridge fdb add 02:00:00:00:00:77 dev t0 master permanent")
    config = gather()
    found = {(link["name"], entry["mac"]) for link in config["links"] for entry in link.get("fdb", ())}
    assert found == {("t0", "02:00:00:00:00:77")}
    own = tell("ip -j link show dev mv")[0]["address"]
    assert entries(tell, "t1", own), "the positive control: the kernel has the macvlan's address in t1's filter"


def test_overridden_leaves_what_comes_with_a_wished_entry(base: None, apply: Any, tell: Any) -> None:
    wished = (
        BASE
        + f"""
fdb:
  - {{dev: t0, mac: "{MAC}", target: master, nud: static}}
  - {{dev: br0, mac: "02:00:00:00:00:88"}}
"""
    )
    apply(wished)
    before = steady(entry for entry in tell("bridge -j fdb show") if entry["mac"].endswith(("99", "88")))
    assert len(before) >= 2
    assert apply(wished, overridden=True).commands == []
    assert apply(BASE, overridden=True).changed
    assert [entry for entry in tell("bridge -j fdb show") if entry["mac"].endswith(("99", "88"))] == []


def test_failed_run_is_taken_back(base: None, apply: Any, tell: Any) -> None:
    apply(OBJECTS)
    before = sorted(tell("bridge -j fdb show dev vx"), key=str)
    changed = OBJECTS.replace("nhid: 10", "dst: 192.0.2.9").replace("dst: 192.0.2.1, port: 4000, vni: 7", "nhid: 11")
    with pytest.raises(Failed, match="invalid gateway"):
        apply(changed + "routes: [{dst: 10.77.0.0/16, via: 203.0.113.1, dev: lo}]")
    assert sorted(tell("bridge -j fdb show dev vx"), key=str) == before
    apply(changed)
    assert sorted(tell("bridge -j fdb show dev vx"), key=str) != before, "the positive control"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"nhid": 10, "dst": "192.0.2.1"}, f"FDB entry {MAC} on vx: nhid: excludes dst"),
        ({"nhid": 10, "port": 7}, f"FDB entry {MAC} on vx: nhid: excludes port"),
        ({"nhid": 0}, f"fdb {MAC}: nhid: 0 is not within 1.."),
        ({"src_vni": 2**24}, f"fdb {MAC}: src_vni: 16777216 is not within"),
        ({"nud": "reachable"}, f"fdb {MAC}: nud: 'reachable' is not one of permanent, static, dynamic"),
    ],
)
def test_bad_entry_is_refused(options: dict[str, Any], sentence: str, base: None, apply: Any, tell: Any) -> None:
    with pytest.raises(Refused) as refusal:
        apply(wish("vx", **options))
    assert str(refusal.value).startswith(sentence)
    assert entries(tell, "vx") == []


def ext_attrs(dev: str) -> bytes | None:
    """Return the bytes of NDA_FDB_EXT_ATTRS of the MAC on a link: iproute2 6.1 does not tell them."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as sock:
        # RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP; struct ndmsg with AF_BRIDGE.
        sock.send(struct.pack("=IHHIIBxHiHBB", 28, 30, 0x301, 1, 0, 7, 0, 0, 0, 0, 0))
        answer, found = b"", None
        while answer[4:6] != b"\3\0":
            answer = sock.recv(65536)
            while len(answer) >= 16 and answer[4:6] != b"\3\0":
                length = struct.unpack_from("=I", answer)[0]
                attrs = raw.attributes(answer[28:length])
                if (
                    struct.unpack_from("=i", answer, 20)[0] == socket.if_nametoindex(dev)
                    and attrs.get(2, b"").hex(":") == MAC
                ):
                    found = attrs.get(14)
                answer = answer[(length + 3) & ~3 :]
        return found


def test_activity_of_an_entry_is_told_to_those_who_listen(apply: Any, base: None, gather: Any) -> None:
    """The bit is set and cleared in place; what gathered tells makes it again."""
    entry = {"target": "master", "nud": "static"}
    assert apply(wish("t0", **entry)).changed
    assert ext_attrs("t0") is None, "the positive control"
    for value, told_bits in ((True, 1), (False, 0), (True, 1)):
        assert apply(wish("t0", **entry, activity_notify=value)).changed
        nest = ext_attrs("t0")
        assert (nest[4] & 1 if nest else 0) == told_bits
        with heard() as announced:
            assert apply(wish("t0", **entry, activity_notify=value)).commands == []
        assert announced == []
    assert not apply(gather()).changed
    apply({"fdb": [{"mac": MAC, "dev": "t0", "target": "master", "state": "absent"}]})
    assert apply(wish("t0", **entry, activity_notify="on")).changed
    assert ext_attrs("t0") is not None


@pytest.mark.parametrize(("word", "state"), [("local", "permanent"), ("temp", "static")])
def test_other_words_of_iproute2(word: str, state: str, apply: Any, base: None, tell: Any) -> None:
    assert apply(wish("t0", nud=word, target="master")).changed
    assert [entry["state"] for entry in entries(tell, "t0")] == [state]
    assert not apply(wish("t0", nud=state, target="master")).changed


def test_an_entry_that_was_silent_from_the_start(apply: Any, base: None) -> None:
    """The bridge takes the bit away with the first frame, so it never differs; with it goes activity_notify."""
    entry = {"target": "master", "nud": "static", "inactive": True}
    assert apply(wish("t0", **entry)).changed
    nest = ext_attrs("t0")
    assert nest is not None
    assert nest[4] == 3
    assert apply(wish("t0", **entry)).commands == []
    apply("links: [{name: t1, up: true}]")
    until = time.monotonic() + 20
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind(("t1", 0))
        while ext_attrs("t0")[4] != 1 and time.monotonic() < until:  # type: ignore[index]
            sock.send(b"\xff" * 6 + bytes.fromhex(MAC.replace(":", "")) + b"\x88\xb5" + bytes(46))
            time.sleep(0.1)
    assert ext_attrs("t0")[4] == 1, "the positive control: a frame has come"  # type: ignore[index]
    assert apply(wish("t0", **entry)).commands == []
    with pytest.raises(Refused, match=f"FDB entry {MAC} on t0: inactive: needs activity_notify: true"):
        apply(wish("t0", **entry, activity_notify=False))


def test_a_change_that_does_not_make_an_entry_younger(apply: Any, base: None, tell: Any) -> None:
    def age() -> int:
        return int(next(one["updated"] for one in tell("bridge -j -s fdb show") if one["mac"] == MAC))

    entry = {"target": "master", "nud": "static"}
    apply(wish("t0", **entry))
    time.sleep(2.1)
    assert apply(wish("t0", **entry, sticky=True, norefresh=True)).changed
    assert [one["flags"] for one in entries(tell, "t0")] == [["sticky"]]
    assert age() >= 2
    assert apply(wish("t0", **entry, sticky=True, norefresh=True)).commands == []
    assert apply(wish("t0", **entry, sticky=False, norefresh=False)).changed
    assert age() < 2, "the positive control"


def test_a_port_by_the_name_of_its_service(apply: Any, base: None, tell: Any) -> None:
    lines = [line.split("#")[0] for line in Path("/etc/services").read_text(encoding="utf-8").splitlines()]
    name, number = next((line.split()[0], int(line.split()[1].split("/")[0])) for line in lines if "/udp" in line)
    assert apply(wish("vx", dst="192.0.2.1", port=name)).changed
    assert entries(tell, "vx") == [told("vx", dst="192.0.2.1", port=number)]
    assert apply(wish("vx", dst="192.0.2.1", port=name)).commands == []
    with pytest.raises(Refused, match="port: 'no such' is not a whole number, nor a name in this host's services"):
        apply(wish("vx", dst="192.0.2.1", port="no such"))
