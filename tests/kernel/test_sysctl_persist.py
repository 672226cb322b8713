# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keep sysctls for the next boot."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed, Refused

from .sysctl_files import held, sh, wish

PERSIST = "/etc/sysctl.d/90-netloom-overlay.conf"


@pytest.fixture
def _own_sysctl_d() -> Any:
    subprocess.run(["mount", "-t", "tmpfs", "none", "/etc/sysctl.d"], check=True, timeout=20)
    yield
    subprocess.run(["umount", "/etc/sysctl.d"], check=True, timeout=20)


@pytest.mark.usefixtures("_pair", "_own_sysctl_d")
def test_persistence(apply: Any) -> None:
    first = wish("ipv4.rp_filter", 2, persist=True)
    tried = apply(first, check=True)
    assert not os.path.exists(PERSIST)
    assert apply(first).commands == tried.commands == [
        f"sysctl -w net/ipv4/conf/v.0/rp_filter=2 && write {PERSIST}: net/ipv4/conf/v.0/rp_filter = 2"]  # fmt: skip
    assert not apply(first).changed
    assert not apply(wish("ipv4.rp_filter", 2)).changed  # left out: not managed
    second = {"sysctls": [{"name": "ipv4.forwarding", "value": 1, "persist": True},
                          {"name": "bridge.bridge-nf-call-iptables", "value": 1, "persist": True}]}  # fmt: skip
    apply(second)
    text = Path(PERSIST).read_text()
    assert text.startswith("#")
    assert text.splitlines()[1:] == [
        "net/ipv4/conf/all/forwarding = 1", "net/ipv4/conf/v.0/rp_filter = 2",
        "net/bridge/bridge-nf-call-iptables = 1"]  # fmt: skip
    assert os.stat(PERSIST).st_mode & 0o777 == 0o644
    # Witness: procps and systemd read the file, each in its own way.
    for command in (f"sysctl -q -p {PERSIST}", "/usr/lib/systemd/systemd-sysctl --prefix=/net/ipv4/conf/v.0"):
        if not os.path.exists(command.split()[0]) and "/" in command.split()[0]:
            continue
        sh("sysctl -qw net/ipv4/conf/v.0/rp_filter=0")
        sh(command)
        assert held("v.0", "ipv4.conf.rp_filter") == "2", command
    # A failed run leaves the file as it was.
    with pytest.raises(Failed, match="Nothing was changed"):
        apply({"sysctls": [*wish("ipv4.rp_filter", 1, persist=True)["sysctls"],
                           *wish("ipv6.accept_ra", 2, persist=True)["sysctls"],
                           {"dev": "v.0", "name": "ipv4.tag", "value": "often", "persist": True}]})  # fmt: skip
    assert Path(PERSIST).read_text() == text
    # Another value than the one kept is a change, also where the kernel has it already.
    sh("sysctl -qw net/ipv4/conf/v.0/rp_filter=1")
    other = apply(wish("ipv4.rp_filter", 1, persist=True))
    assert other.commands == [f"write {PERSIST}: net/ipv4/conf/v.0/rp_filter = 1"]
    assert "net/ipv4/conf/v.0/rp_filter = 1\n" in Path(PERSIST).read_text()
    gone = apply(wish("ipv4.rp_filter", 1, persist=False))
    assert gone.commands == [f"write {PERSIST}: no net/ipv4/conf/v.0/rp_filter"]
    assert "rp_filter" not in Path(PERSIST).read_text()
    assert not apply(wish("ipv4.rp_filter", 1, persist=False)).changed
    for item in second["sysctls"]:
        item["persist"] = False
    apply(second)
    assert os.listdir("/etc/sysctl.d") == []


@pytest.mark.usefixtures("_pair", "_own_sysctl_d")
def test_persistence_of_a_link_to_come_and_of_a_secret(apply: Any) -> None:
    config = {
        "links": [{"name": "b.1", "kind": "bridge"}],
        **wish("ipv6.stable_secret", "2001:db8::7", "b.1", persist=True),
    }
    bad = {"dev": "b.1", "name": "ipv4.tag", "value": "often"}
    with pytest.raises(Failed, match="Nothing was changed"):
        apply({**config, "sysctls": [*config["sysctls"], bad]})
    assert os.listdir("/etc/sysctl.d") == []
    apply(config)
    assert os.stat(PERSIST).st_mode & 0o777 == 0o600
    assert not apply(config).changed


def test_persistence_in_a_namespace_is_refused(apply: Any) -> None:
    sh("ip netns add c1")
    with pytest.raises(Refused, match="persist: nothing sets sysctls of a network namespace at boot"):
        apply({"sysctls": [{"name": "ipv4.forwarding", "value": 1, "netns": "c1", "persist": True}]})
