# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read what a host can do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._verify import capabilities, probe
from ansible_collections.netloom.overlay.plugins.module_utils._verify.snapshot import compact_link


def test_links_are_read_from_iproute2() -> None:
    row = {
        "ifname": "g1",
        "flags": ["BROADCAST", "UP"],
        "mtu": 1450,
        "address": "02:00:00:00:00:01",
        "master": "blue",
        "addr_info": [{"local": "10.1.1.1", "prefixlen": 32}],
        "linkinfo": {
            "info_kind": "geneve",
            "info_data": {"id": 1000, "remote": "10.0.0.2", "port": 6082},
            "info_slave_data": {"isolated": True},
        },
    }
    assert compact_link(row) == {
        "name": "g1",
        "kind": "geneve",
        "up": True,
        "carrier": False,
        "mtu": 1450,
        "mac": "02:00:00:00:00:01",
        "master": "blue",
        "addresses": ["10.1.1.1/32"],
        "vni": 1000,
        "dstport": 6082,
        "remote": "10.0.0.2",
        "isolated": True,
    }


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ({"mtu": 1500}, ""),
        ({"mtu": 1500, "device": "eth0"}, ""),
        ({"mtu": 9000}, "the underlay link eth0 has MTU 1500, the inventory counts on 9000 (underlay.mtu)"),
        ({"mtu": 1500, "device": "eth1"}, "the underlay address 10.0.0.1 is on eth0, not on eth1"),
    ],
)
def test_the_underlay_is_compared(wish: dict[str, Any], sentence: str) -> None:
    found = capabilities.judge_underlay({"address": "10.0.0.1", **wish}, {"ifname": "eth0", "mtu": 1500})
    assert found == sentence


def test_module_names_are_read_from_modules_dep() -> None:
    assert capabilities.module_name("kernel/drivers/net/geneve.ko.xz: kernel/net/ipv4/udp_tunnel.ko.xz") == "geneve"
    assert capabilities.module_name("kernel/net/bridge/br-netfilter.ko:") == "br_netfilter"


def test_no_modules_no_boot_file() -> None:
    assert capabilities.boot_content(["geneve"], "0.0.0-none") == ""


def test_both_know_the_same_oldest_pyroute2() -> None:
    module = (Path(capabilities.__file__).parents[1] / "_ansible" / "module.py").read_text()
    assert f"PYROUTE2 = {capabilities.PYROUTE2}" in module


def test_a_containers_namespace_is_looked_at_through_its_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = tmp_path / "docker"
    docker.write_text(
        '#!/bin/sh\n[ "$1 $2 $3 $4" = "container inspect --format {{.State.Pid}}" ] || exit 64\n'
        f'case $5 in web) echo {os.getpid()} ;; old) echo 0 ;; *) echo "No such container: $5" >&2; exit 1 ;; esac\n'
    )
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    namespace = f"/proc/{os.getpid()}/ns/net"
    assert probe.inside("docker:web", ["true"]) == ["nsenter", f"--net={namespace}", "--", "true"]
    assert probe.namespace_path("container:web") == probe.namespace_path(f"pid:{os.getpid()}") == namespace
    assert probe.namespace_path("host") == ""
    with pytest.raises(probe.NoNamespace, match="docker:old: the container is not running"):
        probe.namespace_path("docker:old")
    with pytest.raises(probe.NoNamespace, match="No such container: nope"):
        probe.namespace_path("docker:nope")
    with pytest.raises(probe.NoNamespace, match="there is no namespace gone"):
        probe.namespace_path("gone")
    silent = probe.make_calls([probe.Call("docker:old", ("192.0.2.1",))], 1, 100)
    assert [answer.received for answers in silent.values() for answer in answers.values()] == [0]


def test_a_kind_of_a_device_file_is_there_when_the_file_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "tun"
    monkeypatch.setitem(capabilities.DEVICES, "tun", str(file))
    assert capabilities.lacking_kinds(["tun"]) == ["tun"]
    file.touch()
    assert capabilities.lacking_kinds(["tun"]) == []
