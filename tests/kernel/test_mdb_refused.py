# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Multicast database entries that are refused: one sentence before anything is sent, and a positive control."""

from __future__ import annotations

import os
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

from .look import told
from .multicast import BASE, GROUP, MODE, database, quiet, wish


@pytest.fixture(autouse=True)
def _quiet() -> None:
    quiet()


@pytest.fixture
def base(apply: Any) -> None:
    """Make a bridge with two ports."""
    apply(BASE)


#: A wish, what the sentence says, and what else must be so for the kernel to take it.
REFUSED = [
    ({"port": "u1", "grp": GROUP}, f"MDB entry {GROUP} port u1 on br0: port: u1 is no port of br0"),
    ({"port": "nope", "grp": GROUP}, f"MDB entry {GROUP} port nope on br0: port: there is no link nope"),
    ({"dev": "nope", "grp": GROUP}, f"MDB entry {GROUP} port nope on nope: dev: there is no link nope"),
    ({"dev": "t1", "port": "t1", "grp": GROUP}, f"MDB entry {GROUP} port t1 on t1: dev: t1 is neither a bridge nor"),
    ({"port": "t0", "grp": "10.0.0.1"}, "mdb 10.0.0.1: grp: 10.0.0.1 is not a multicast address"),
    ({"port": "t0", "grp": "224.0.0.5"}, "mdb 224.0.0.5: grp: 224.0.0.5 is of the link itself"),
    ({"port": "t0", "grp": "ff02::1"}, "mdb ff02::1: grp: ff02::1 is of the link itself"),
    ({"port": "t0", "grp": "02:00:00:00:00:01"}, "mdb 02:00:00:00:00:01: grp: 02:00:00:00:00:01 is not a multicast"),
    ({"port": "t0", "grp": "nope"}, "mdb nope: grp: 'nope' is neither an IP address nor an Ethernet one"),
    ({"port": "t0", "grp": "::"}, "MDB entry :: on br0: grp: :: stands for all groups"),
    ({"port": "t0"}, "mdb br0: grp: is needed"),
    ({**MODE, "src": "239.1.1.2"}, f"mdb {GROUP}: src: 239.1.1.2 is not the address of a sender"),
    ({**MODE, "src": "2001:db8::1"}, f"MDB entry {GROUP} on br0: src: 2001:db8::1 is not of the address family"),
    ({**MODE, "vid": 4095}, f"mdb {GROUP}: vid: 4095 is not within 0..4094"),
    ({**MODE, "dst": "192.0.2.1", "port": "br0"}, f"MDB entry {GROUP} dst 192.0.2.1 on br0: dst: "),
    ({**MODE, "vni": 5}, f"MDB entry {GROUP} on br0: vni: is for an entry of a VXLAN link"),
    ({**MODE, "src_vni": 5}, f"MDB entry {GROUP} on br0: src_vni: is for an entry of a VXLAN link"),
    ({"port": "t0", "grp": "01:02:03:04:05:06", "permanent": False}, "MDB entry 01:02:03:04:05:06 on br0: permanent: "),
    ({"port": "t0", "grp": "01:02:03:04:05:06", "src": "10.0.0.1"}, "MDB entry 01:02:03:04:05:06 on br0: src: "),
    ({"grp": GROUP, "permanent": True}, f"MDB entry {GROUP} on br0: permanent: br0 itself is in a group for a time"),
    ({"grp": GROUP, "src": "10.0.0.1"}, f"MDB entry {GROUP} on br0: src: is for a port"),
    ({"grp": GROUP, "proto": "zebra"}, f"MDB entry {GROUP} on br0: proto: is for a port"),
    ({**MODE, "src": "10.0.0.1", "filter_mode": "include"}, f"MDB entry {GROUP} on br0: filter_mode: is for entries"),
    ({**MODE, "filter_mode": "include"}, f"MDB entry {GROUP} port t0 on br0: filter_mode: include needs a source_list"),
    ({**MODE, "source_list": ["2001:db8::1"]}, f"MDB entry {GROUP} on br0: source_list: 2001:db8::1 is not of the"),
    ({**MODE, "source_list": {"a": 1}}, f"mdb {GROUP}: source_list: {{'a': 1}} is not a list of addresses"),
    ({**MODE, "proto": 3}, f"mdb {GROUP}: proto: 3 is not within 4..255"),
    ({**MODE, "groups": 3}, f"mdb {GROUP}: unknown option 'groups', did you mean grp?"),
]


@pytest.mark.parametrize(("item", "sentence"), REFUSED, ids=[str(number) for number in range(len(REFUSED))])
def test_bad_entry_is_refused(item: dict[str, Any], sentence: str, base: None, apply: Any) -> None:
    with pytest.raises(Refused) as refusal:
        apply(wish(item))
    assert str(refusal.value).startswith(sentence)
    assert "\n" not in str(refusal.value)
    assert database() == []
    assert apply(wish(MODE)).changed, "the positive control"


@pytest.mark.parametrize(
    ("bridge", "sentence"),
    [
        (
            {"mcast_snooping": False},
            "dev: br0 has no multicast database while mcast_snooping is off. Set mcast_snooping: true",
        ),
        ({"up": False}, "dev: br0 is down, and the kernel changes the multicast database of a running bridge only"),
    ],
)
def test_a_bridge_that_takes_no_entries(bridge: dict[str, Any], sentence: str, base: None, apply: Any) -> None:
    """The sentence comes before anything is sent. With the option as it must be, in the same run, all is well."""
    link = {"name": "br0", "kind": "bridge"}
    apply({"links": [{**link, **bridge}]})
    mine = [{**link, "alias": "changed"}]
    for more in ({}, {"links": mine}):
        with pytest.raises(Refused, match=f"MDB entry {GROUP} port t0 on br0: {sentence}"):
            apply(wish(MODE, **more))
    assert "ifalias" not in told("ip -j link show br0")[0]
    assert apply(wish(MODE, links=[{**link, **dict.fromkeys(bridge, True)}])).changed
    assert database() == [f"br0 t0 {GROUP} permanent static"]
    with pytest.raises(Refused, match=sentence):
        apply(wish({"port": "t0", "grp": "239.1.1.2"}, links=[{**link, **bridge}]))


@pytest.mark.needs_linux("6.3")
def test_sources_need_a_bridge_that_heeds_them(base: None, apply: Any) -> None:
    """It would neither take them for anything nor tell them: a second run would never be content."""
    for grp, source, option, version in (
        (GROUP, "10.0.0.1", "mcast_igmp_version", 3),
        ("ff0e::1", "2001:db8::1", "mcast_mld_version", 2),
    ):
        item = {"port": "t0", "grp": grp, "filter_mode": "include", "source_list": [source]}
        with pytest.raises(
            Refused, match=rf"{grp} port t0 on br0: \S+: the bridge heeds sources with {option} {version}"
        ):
            apply(wish(item))
        assert apply(wish(item, links=[{"name": "br0", "kind": "bridge", option: version}])).changed
        assert apply(wish(item)).commands == []


@pytest.mark.needs_linux(before="6.3")  # newer ones take them (test_mdb_vxlan.py, test_mdb.py)
@pytest.mark.parametrize(
    ("item", "option"),
    [
        ({**MODE, "filter_mode": "exclude"}, "filter_mode: needs Linux 6.3"),
        ({**MODE, "source_list": ["10.0.0.1"]}, "source_list: needs Linux 6.3"),
        ({**MODE, "proto": "zebra"}, "proto: needs Linux 6.3"),
        ({"dev": "vx", "grp": GROUP, "dst": "192.0.2.1"}, "dst: needs Linux 6.4"),
    ],
)
def test_what_a_kernel_is_too_old_for(item: dict[str, Any], option: str, base: None, apply: Any) -> None:
    apply({"links": [{"name": "vx", "kind": "vxlan", "vni": 5, "dstport": 4789}]})
    with pytest.raises(Refused, match=rf"^MDB entry {GROUP} .*: {option}, this kernel is {os.uname().release}"):
        apply({**wish(item), "links": [{"name": "br0", "kind": "bridge", "alias": "changed"}]})
    assert "ifalias" not in told("ip -j link show br0")[0]
    assert apply(wish(MODE)).changed, "the positive control"
