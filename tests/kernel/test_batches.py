# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Batches larger than one send: made while the kernel works on those before, each refusal told of the right object."""

from __future__ import annotations

import sys
from typing import Any
from unittest import mock

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.kernel.netlink import channel
from ansible_collections.netloom.overlay.plugins.module_utils._host.kernel.wires import fdb_wire as fdb
from ansible_collections.netloom.overlay.plugins.module_utils._host.kernel.wires import requests as wires
from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed

from .look import told

LINK = {"name": "vx", "kind": "vxlan", "vni": 5, "dstport": 4789, "local": "127.0.0.1", "learning": False}
MANY = 400


@pytest.fixture(autouse=True)
def small() -> Any:
    """Make sends small, so that a batch takes many of them."""
    with mock.patch.object(channel, "BATCH", 1024):
        yield


def config(**odd: str) -> dict[str, Any]:
    """Return a config of a link with many FDB entries, one of them with another destination."""
    entries = [{"dev": "vx", "mac": f"02:00:00:00:{n >> 8:02x}:{n & 255:02x}", "dst": "192.0.2.1"} for n in range(MANY)]
    entries[MANY // 2].update(odd)
    return {"links": [LINK], "fdb": entries}


def macs() -> set[str]:
    return {entry["mac"] for entry in told("bridge -j fdb show dev vx") if "dst" in entry}


def test_many_sends_are_one_batch(apply: Any) -> None:
    interval = sys.getswitchinterval()
    report = apply(config())
    assert len(report.commands) == MANY + 1
    assert macs() == {entry["mac"] for entry in config()["fdb"]}
    assert sys.getswitchinterval() == interval
    assert apply(config()).commands == []


def test_a_refusal_in_the_middle_is_told_of_its_object(apply: Any) -> None:
    """The kernel refuses IPv6 destinations of a link whose own address is IPv4 (vxlan_fdb_parse())."""
    with pytest.raises(Failed, match=r"FDB entry 02:00:00:00:00:c8 on vx: .*Nothing was changed"):
        apply(config(dst="2001:db8::1"))
    assert "vx" not in {link["ifname"] for link in told("ip -j link")}


def test_a_request_that_cannot_be_made_is_told_of_its_object(apply: Any) -> None:
    """What was sent before is taken back."""
    apply({"links": [LINK]})
    written = fdb.write

    def write(known: Any, operation: Any) -> Any:
        if operation.verb == "add" and operation.entry.options.get("dst") == "192.0.2.9":
            raise ValueError("too odd")
        return written(known, operation)

    changed = dict(
        wires.WIRES,
        fdb=fdb.Wire(write=write, dumps=fdb.FDB.dumps, decode=fdb.FDB.decode, decode_passing=fdb.FDB.decode_passing),
    )
    sentence = r"FDB entry 02:00:00:00:00:c8 on vx: too odd. Nothing was changed"
    with mock.patch.dict(wires.WIRES, changed), pytest.raises(Failed, match=sentence):
        apply(config(dst="192.0.2.9"))
    assert macs() == set()
    apply(config())
    assert len(macs()) == MANY


def test_a_new_link_with_options_of_a_port_comes_up_behind_them(apply: Any) -> None:
    """It must not forward a frame before it is isolated; one without such options is up at once."""
    bridge = {"name": "br0", "kind": "bridge"}
    report = apply({"links": [bridge, {**LINK, "master": "br0", "port": {"isolated": True}}]})
    at = {line: place for place, line in enumerate(report.commands)}
    assert at["bridge link set dev vx isolated on"] < at["ip link set dev vx up"]
    assert "ip link add br0 group 28268 up type bridge" in at
    assert {link["ifname"] for link in told("ip -j link show up")} >= {"br0", "vx"}


def test_a_sysctl_holds_before_a_new_link_is_up(apply: Any) -> None:
    wished = {
        "links": [{"name": "br0", "kind": "bridge"}],
        "sysctls": [{"dev": "br0", "name": "ipv6.conf.addr_gen_mode"}],
    }
    wished["sysctls"][0]["value"] = "1"
    at = {line: place for place, line in enumerate(apply(wished).commands)}
    assert at["ip link set dev br0 up"] == max(at.values())
