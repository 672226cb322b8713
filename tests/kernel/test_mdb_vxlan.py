# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Multicast database entries of VXLAN links (Linux 6.4): made, changed in place, removed, restored.

iproute2 6.1 tells of them no more than their groups, and makes none. So their attributes are read as bytes here;
test_newer_mdb.py has a newer one.
"""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

from .look import run, told
from .multicast import announced, entries

BASE = """
links:
  - {name: under, kind: bridge}
  - {name: vx, kind: vxlan, vni: 5, dstport: 4789}
  - {name: ex, kind: vxlan, dstport: 4790, external: true}
  - {name: v6, kind: vxlan, vni: 6, dstport: 4791, local: "2001:db8::1"}
"""
GROUP, DST = "239.1.1.1", "192.0.2.1"
EVERY = "0.0.0.0"  # noqa: S104 - a group, and no address to listen on
pytestmark = [pytest.mark.needs_kind("vxlan"), pytest.mark.needs_linux("6.4")]
EXCLUDE, INCLUDE, STATIC, BLOCKED = 0, 1, 4, 8


@pytest.fixture
def base(apply: Any) -> None:
    """Make links with databases."""
    apply(BASE)


def wish(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"mdb": [{"dev": "vx", "grp": GROUP, "dst": DST, **item} for item in items], **more}


def tells(**more: Any) -> dict[str, Any]:
    """Return what the kernel is to tell of an entry."""
    usual = {"grp": GROUP, "dst": DST, "permanent": True, "flags": 0, "filter_mode": EXCLUDE, "proto": STATIC}
    return {**usual, **more}


SG = {"filter_mode": INCLUDE}
ROUNDS: dict[str, tuple[str, list[tuple[dict[str, Any], list[dict[str, Any]]]]]] = {
    "port, VNI and link of its own, then the link's": ("vx", [
        (wish({}), [tells()]),
        (wish({"dst_port": 4000, "vni": 7, "via": "under"}), [tells(dst_port=4000, vni=7, via="under")]),
        (wish({"vni": 8}), [tells(dst_port=4000, vni=8, via="under")]),
        (wish({"dst_port": 4789, "vni": 5}), [tells(via="under")]),
        (wish({"dst_port": 0, "vni": 5}), [tells(via="under")]),
        (wish({"state": "absent"}), []),
    ]),
    "several endpoints": ("vx", [
        (wish({}, {"dst": "192.0.2.2", "vni": 9}), [tells(), tells(dst="192.0.2.2", vni=9)]),
        (wish({"state": "absent"}), [tells(dst="192.0.2.2", vni=9)]),
    ]),
    "senders": ("vx", [
        (wish({"src": "10.0.0.1"}, {"src": "10.0.0.2", "proto": 186}),
         [tells(src="10.0.0.1", **SG), tells(src="10.0.0.2", proto=186, **SG)]),
        (wish({"src": "10.0.0.2", "proto": "static", "vni": 7}),
         [tells(src="10.0.0.1", **SG), tells(src="10.0.0.2", vni=7, **SG)]),
    ]),
    "lists of senders": ("vx", [
        (wish({"filter_mode": "include", "source_list": ["10.0.0.2", "10.0.0.1"]}),
         [tells(source_list=["10.0.0.1", "10.0.0.2"], **SG), tells(src="10.0.0.1", **SG), tells(src="10.0.0.2", **SG)]),
        (wish({"filter_mode": "exclude", "source_list": "10.0.0.2"}),
         [tells(source_list=["10.0.0.2"]), tells(src="10.0.0.2", flags=BLOCKED, **SG)]),
        (wish({"source_list": []}), [tells()]),
    ]),
    "all groups": ("v6", [
        (wish({"dev": "v6", "grp": "::", "dst": "2001:db8::9"}, {"dev": "v6", "grp": EVERY, "dst": "2001:db8::9"}),
         [tells(grp=grp, dst="2001:db8::9") for grp in (EVERY, "::")]),
        (wish({"dev": "v6", "grp": "::", "dst": "2001:db8::9", "state": "absent"}),
         [tells(grp=EVERY, dst="2001:db8::9")]),
    ]),
    "source VNIs": ("ex", [
        (wish({"dev": "ex", "src_vni": 10, "vni": 11}, {"dev": "ex", "src_vni": 12}, {"dev": "ex"}),
         [tells(), tells(src_vni=10, vni=11), tells(src_vni=12)]),
        (wish({"dev": "ex", "src_vni": 12, "state": "absent"}), [tells(), tells(src_vni=10, vni=11)]),
    ]),
    "the link's own source VNI": ("vx", [(wish({"src_vni": 5, "port": "vx"}), [tells()]), (wish({}), [tells()])]),
}  # fmt: skip


def in_order(found: list[dict[str, Any]]) -> list[str]:
    return sorted(str(sorted(one.items(), key=str)) for one in found)


@pytest.mark.parametrize("name", ROUNDS)
def test_entry(name: str, base: None, apply: Any, gather: Any) -> None:
    """Check mode foretells, a run does it, a second one sends nothing, what is gathered changes nothing."""
    dev, rounds = ROUNDS[name]
    for config, expected in rounds:
        before = entries(dev)
        foretold = apply(config, check=True)
        assert entries(dev) == before
        with announced() as heard:
            assert apply(config).commands == foretold.commands
        assert in_order(entries(dev)) == in_order(expected)
        assert bool(heard) == (before != entries(dev)), "the positive control"
        with announced() as heard:
            assert apply(config).commands == []
        assert heard == []
        assert apply(gather()).commands == []
        assert apply(gather(), overridden=True).commands == []
        assert in_order(entries(dev)) == in_order(expected)


MANY = wish(
    {"vni": 7, "via": "under"},
    {"dst": "192.0.2.2", "dst_port": 4000, "src": "10.0.0.1"},
    {"grp": "ff0e::1", "filter_mode": "include", "source_list": ["2001:db8::1"], "proto": 186},
    {"grp": "239.9.9.9", "filter_mode": "exclude", "source_list": ["10.0.0.3"]},
)


def test_a_link_made_anew_has_its_entries(base: None, apply: Any) -> None:
    apply(MANY)
    before, index = entries("vx"), told("ip -j link show vx")[0]["ifindex"]
    assert len(before) == 6
    assert apply({"links": [{"name": "vx", "kind": "vxlan", "dstport": 4795, "recreate": True}]}).changed
    assert told("ip -j link show vx")[0]["ifindex"] != index, "the positive control"
    assert in_order(entries("vx")) == in_order(before)
    assert apply(MANY).commands == []
    with pytest.raises(Failed, match="invalid gateway"):
        apply(
            {
                "links": [{"name": "vx", "state": "absent"}],
                "routes": [{"dst": "10.77.0.0/16", "via": "203.0.113.1", "dev": "lo"}],
            }
        )
    assert in_order(entries("vx")) == in_order(before), "a failed run puts them back"


def test_failed_change_is_taken_back(base: None, apply: Any) -> None:
    apply(MANY)
    before = entries("vx")
    changed = wish(
        {"vni": 8, "dst_port": 4001},
        {"dst": "192.0.2.2", "src": "10.0.0.1", "state": "absent"},
        {"grp": "ff0e::1", "filter_mode": "exclude", "source_list": [], "proto": "static"},
    )
    with pytest.raises(Failed, match="invalid gateway"):
        apply({**changed, "routes": [{"dst": "10.77.0.0/16", "via": "203.0.113.1", "dev": "lo"}]})
    assert in_order(entries("vx")) == in_order(before)
    apply(changed)
    assert in_order(entries("vx")) != in_order(before), "the positive control"


def test_entries_move_with_their_link(base: None, apply: Any, tell: Any) -> None:
    """The kernel keeps them (Linux 6.18): nothing is sent for them."""
    apply(wish({}, {"dst": "192.0.2.2", "vni": 9}))
    before = entries("vx")
    run("ip netns add client")
    moved = {
        "links": [{"name": "vx", "kind": "vxlan", "netns": "client", "from_netns": "host", "mac": "02:00:00:00:00:09"}]
    }
    there = [{"dev": "vx", "grp": GROUP, "dst": DST, "netns": "client"},
             {"dev": "vx", "grp": GROUP, "dst": "192.0.2.2", "vni": 9, "netns": "client"}]  # fmt: skip
    lines = apply({**moved, "mdb": there}).commands
    assert not any("mdb" in line for line in lines)
    assert len(tell("ip netns exec client bridge -j mdb show")[0]["mdb"]) == len(before)
    assert apply({**moved, "mdb": there}).commands == []


def test_purge_takes_what_is_the_collections(base: None, apply: Any) -> None:
    apply(
        wish(
            {},
            {"dst": "192.0.2.2", "proto": 186},
            {"filter_mode": "include", "source_list": ["10.0.0.1"], "dst": "192.0.2.3"},
        )
    )
    assert len(entries("vx")) == 4
    lines = apply(BASE, overridden=True).commands
    assert sorted(lines) == [f"bridge mdb del dev vx port vx grp {GROUP} dst {dst}" for dst in (DST, "192.0.2.3")]
    assert entries("vx") == [tells(dst="192.0.2.2", proto=186)]


REFUSED = [
    ({"dst": None}, f"MDB entry {GROUP} port vx on vx: dst: an entry of a VXLAN link needs it"),
    ({"port": "under"}, f"MDB entry {GROUP} on vx: port: is vx itself where dst is given"),
    ({"src_vni": 9}, f"MDB entry {GROUP} dst {DST} on vx: src_vni: vx has one VNI, 5"),
    ({"vid": 9}, f"MDB entry {GROUP} on vx: vid: a VXLAN link has no VLANs"),
    ({"permanent": False}, f"MDB entry {GROUP} on vx: permanent: a VXLAN link has permanent entries only"),
    (
        {"grp": "01:02:03:04:05:06"},
        "MDB entry 01:02:03:04:05:06 on vx: grp: a VXLAN link has entries of IP groups only",
    ),
    ({"grp": "::", "src": "10.0.0.1"}, "MDB entry :: on vx: src: :: stands for all groups"),
    ({"via": "nope"}, f"MDB entry {GROUP} dst {DST} on vx: via: there is no link nope"),
    ({"vni": 2**24}, f"mdb {GROUP}: vni: 16777216 is not within"),
    ({"dst_port": "no such"}, f"mdb {GROUP}: dst_port: 'no such' is not a whole number"),
    ({"filter_mode": "include"}, f"MDB entry {GROUP} dst {DST} on vx: filter_mode: include needs a source_list"),
    ({"dev": "under", "port": "under"}, f"MDB entry {GROUP} dst {DST} on under: dst: is for a VXLAN link"),
]


@pytest.mark.parametrize(("item", "sentence"), REFUSED, ids=[str(number) for number in range(len(REFUSED))])
def test_bad_entry_is_refused(item: dict[str, Any], sentence: str, base: None, apply: Any) -> None:
    with pytest.raises(Refused) as refusal:
        apply(wish(item))
    assert str(refusal.value).startswith(sentence)
    assert "\n" not in str(refusal.value)
    assert entries("vx") == []
    assert apply(wish({})).changed, "the positive control"
