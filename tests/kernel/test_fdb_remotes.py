# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Several remotes of one group MAC in a VXLAN link, told apart by destination, port, VNI and link."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

from .test_fdb import base, entries, steady, told
from .test_tables import heard, run

pytestmark = pytest.mark.needs_kind("vxlan")
__all__ = ["base"]  # a fixture
DST = "192.0.2.1"
REMOTES: dict[str, tuple[str, list[dict[str, Any]], list[dict[str, Any]]]] = {
    "ports": ("vx", [{}, {"port": 4000}, {"port": 4001}], [{}, {"port": 4000}, {"port": 4001}]),
    "VNIs": ("vx", [{}, {"vni": 7}, {"vni": 8}], [{}, {"vni": 7}, {"vni": 8}]),
    "the link's own, told": (
        "vx", [{"port": 4789, "vni": 5}, {"port": "4000", "vni": "5"}, {"port": 4789, "vni": 8}],
        [{}, {"port": 4000}, {"vni": 8}],
    ),
    "links": ("vx", [{}, {"via": "br0"}, {"via": "t1"}], [{}, {"viaIf": "br0"}, {"viaIf": "t1"}]),
    "all of them": (
        "v6", [{"port": 4000, "vni": 7, "via": "br0"}, {"port": 4000, "vni": 8, "via": "br0"}, {"vni": 7}],
        [{"port": 4000, "vni": 7, "viaIf": "br0"}, {"port": 4000, "vni": 8, "viaIf": "br0"}, {"vni": 7}],
    ),
    "VNIs of a link in external mode": (
        "ex", [{"src_vni": 10, "vni": 20}, {"src_vni": 10, "vni": 21}, {"src_vni": 11, "vni": 20}],
        [{"src_vni": 10, "vni": 20}, {"src_vni": 10, "vni": 21}, {"src_vni": 11, "vni": 20}],
    ),
    "and the VNI 0 of such a link": (
        "ex", [{"src_vni": 10, "vni": 0}, {"src_vni": 10, "vni": 21}, {"src_vni": 10, "port": 4790, "vni": 22}],
        [{"src_vni": 10}, {"src_vni": 10, "vni": 21}, {"src_vni": 10, "vni": 22}],
    ),
}  # fmt: skip


@pytest.mark.parametrize("mac", ["00:00:00:00:00:00", "33:33:00:00:00:01"])
@pytest.mark.parametrize("name", REMOTES)
def test_remotes_of_a_group_are_told_apart_by_all_that_the_kernel_has(
    name: str, mac: str, base: None, apply: Any, gather: Any, tell: Any
) -> None:
    """One destination with several ports, VNIs or links: each is an entry of its own, removed alone."""
    dev, wished, expected = REMOTES[name]
    dst = "2001:db8::9" if dev == "v6" else DST
    listed = [{"dev": dev, "mac": mac, "dst": dst, **one} for one in wished]
    there = [told(dev, dst=dst, **one, mac=mac) for one in expected]
    foretold = apply({"fdb": listed}, check=True)
    with heard() as announced:
        report = apply({"fdb": listed})
    assert (report.commands, len(report.commands)) == (foretold.commands, 3)
    assert announced, "the positive control: a change is heard"
    assert steady(entries(tell, dev, mac)) == steady(there)
    with heard() as announced:
        assert apply({"fdb": listed}).commands == []
    assert announced == []
    assert apply(gather()).commands == []
    for number in (1, 0):
        assert len(apply({"fdb": [{**listed[number], "state": "absent"}]}).commands) == 1
        del there[number], listed[number]
        assert steady(entries(tell, dev, mac)) == steady(there)
    assert apply({"fdb": listed}).commands == []


def test_command_lines_of_remotes_do_what_they_say(base: None, apply: Any, tell: Any) -> None:
    """What the engine did is taken away, and its lines are run in its place."""
    mac = "00:00:00:00:00:00"
    listed = [{"dev": "vx", "mac": mac, "dst": DST, **one} for one in ({"port": 4000, "via": "br0"}, {"vni": 7})]
    lines = apply({"fdb": listed}).commands
    before = entries(tell, "vx", mac)
    gone = apply({"fdb": [{**one, "state": "absent"} for one in listed]}).commands
    assert entries(tell, "vx", mac) == []
    for line in lines:
        run(line)
    assert steady(entries(tell, "vx", mac)) == steady(before)
    for line in gone:
        run(line)
    assert entries(tell, "vx", mac) == []


def test_the_default_entry_that_a_links_own_remote_stands_for(base: None, apply: Any, gather: Any, tell: Any) -> None:
    """It is there by itself: asking for it changes nothing, one with another VNI is another, and it can be removed."""
    mac = "00:00:00:00:00:00"
    apply("links: [{name: pp, kind: vxlan, vni: 9, dstport: 4795, remote: 192.0.2.1, learning: false}]")
    own = {"dev": "pp", "mac": mac, "dst": DST}
    assert [one["dst"] for one in entries(tell, "pp", mac)] == [DST], "the positive control"
    assert apply({"fdb": [own]}).commands == []
    config = gather()
    assert [link for link in config["links"] if link["name"] == "pp" and "fdb" in link] == []
    other = {**own, "vni": 10}
    assert apply({"fdb": [own, other]}).changed
    assert [one.get("vni") for one in entries(tell, "pp", mac)] == [None, 10]
    assert apply({"fdb": [own, other]}).commands == []
    config = gather()
    assert [link["fdb"] for link in config["links"] if link["name"] == "pp"] == [[{"mac": mac, "dst": DST, "vni": 10}]]
    assert apply({"fdb": [{**own, "state": "absent"}]}).changed
    assert [one.get("vni") for one in entries(tell, "pp", mac)] == [10]


def test_remotes_of_a_group_are_back_after_a_recreation(base: None, apply: Any, tell: Any) -> None:
    mac = "00:00:00:00:00:00"
    listed = [{"dev": "vx", "mac": mac, "dst": DST, **one} for one in ({}, {"vni": 7}, {"port": 4000}, {"via": "br0"})]
    apply({"fdb": listed})
    before = entries(tell, "vx", mac)
    assert len(before) == 4
    index = tell("ip -j link show dev vx")[0]["ifindex"]
    renewed = {"links": [{"name": "vx", "kind": "vxlan", "l2miss": True, "recreate": True}]}
    assert apply(renewed).changed
    assert tell("ip -j link show dev vx")[0]["ifindex"] != index
    assert steady(entries(tell, "vx", mac)) == steady(before)


def test_a_remote_by_a_link_that_is_not_there_is_refused(base: None, apply: Any, tell: Any) -> None:
    mac = "00:00:00:00:00:00"
    with pytest.raises(Refused, match=r"FDB entry .* dst 192\.0\.2\.1 via gone on vx: via: there is no link gone"):
        apply({"fdb": [{"dev": "vx", "mac": mac, "dst": DST, "via": "gone"}]})
    assert entries(tell, "vx", mac) == []
