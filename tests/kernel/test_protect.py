# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run never cuts the connection that it came by."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import yaml

from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Engine
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

HOST = """
links:
  - {name: uplink, kind: bridge, addresses: [192.0.2.10/24, 192.0.2.11/24]}
  - {name: other, kind: bridge, addresses: [198.51.100.1/24]}
  - {name: eth0, kind: veth, master: uplink, group: 0, peer: {name: cable}}
routes: [{dst: 203.0.113.0/24, via: 192.0.2.1, dev: uplink}, {dst: 203.0.114.0/24, via: 192.0.2.1, dev: uplink}]
"""
CUTS = {
    "links: [{name: uplink, kind: bridge, state: absent}]": "uplink: its removal would cut the connection from 203",
    "links: [{name: uplink, up: false}]": "uplink: setting it down would cut",
    "links: [{name: eth0, master: none}]": "eth0: another master would cut",
    "links: [{name: eth0, kind: veth, state: absent}]": "eth0: its removal would cut",
    "addresses: [{dev: uplink, address: 192.0.2.10/24, state: absent}]": "address 192.0.2.10/24 on uplink: its removal",
    "routes: [{dst: 203.0.113.0/24, state: absent}]": "route 203.0.113.0/24: its removal would cut",
    "{}": "overridden",
}
HARMLESS = (
    "links: [{name: other, kind: bridge, state: absent}]",
    "links: [{name: other, up: false}]",
    "addresses: [{dev: uplink, address: 192.0.2.11/24, state: absent}]",
    "routes: [{dst: 203.0.114.0/24, state: absent}]",
    "links: [{name: uplink, mtu: 1400}]",
)


def run(config: str, *, protect: bool = True) -> bool:
    """Run as over SSH; an empty config overrides everything."""
    return Engine(protect_connection=protect).run(yaml.safe_load(config), overridden=config == "{}").changed


@pytest.fixture(autouse=True)
def _over_ssh(apply: Any, monkeypatch: Any) -> None:
    apply(HOST)
    monkeypatch.setenv("SSH_CONNECTION", "203.0.113.7 50000 192.0.2.10 22")


@pytest.mark.parametrize("config", CUTS)
def test_what_would_cut_is_refused(config: str) -> None:
    before = subprocess.run(["ip", "-o", "-4", "addr"], capture_output=True, check=True).stdout
    with pytest.raises(Refused, match=CUTS[config].replace("overridden", "would cut the connection")):
        run(config)
    assert subprocess.run(["ip", "-o", "-4", "addr"], capture_output=True, check=True).stdout == before
    assert run(config, protect=False), "the positive control: without the protection it is done"


@pytest.mark.parametrize("config", HARMLESS)
def test_what_does_no_harm_is_done(config: str) -> None:
    assert run(config)


def test_connection_is_found_in_a_process_above(monkeypatch: Any) -> None:
    """Sudo takes the variable from its child, not from the process above."""
    monkeypatch.delenv("SSH_CONNECTION")
    assert run("links: [{name: other, up: false}]")
    code = (
        "import sys, yaml; sys.path.insert(0, sys.argv[1]);"
        "from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Engine;"
        "Engine().run({'links': [{'name': 'uplink', 'up': False}]})"
    )
    above = 'env -u SSH_CONNECTION "$@"; exit $?'
    command = f"sh -c '{above}' x {sys.executable} -c \"{code}\" .collections"
    script = f'SSH_CONNECTION="203.0.113.7 1 192.0.2.10 22" {command}'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False, timeout=30)
    assert "uplink: setting it down would cut the connection from 203.0.113.7" in done.stderr
