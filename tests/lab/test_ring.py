# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A ring of four lab hosts: spanning tree blocks one port, and takes it when a tunnel is lost."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from .conftest import BIN, CHECKOUT, run
from .test_firewall import play

# Five playbooks on four hosts: 316 s were measured on a loaded machine with two cores.
pytestmark = [pytest.mark.needs_kind("geneve", "bridge"), pytest.mark.timeout(900)]

FABRIC = """
plugin: netloom.overlay.fabric
ledger: {folder}/ledger.yml
underlay: {{address: ansible_host, device: auto, mtu: 1500}}
networks:
  loop: {{encap: geneve, topology: ring, hosts: all, vni: 50, subnet: 10.20.11.0/24}}
"""
ADDRESSES = [f"10.20.11.{number}" for number in (1, 2, 3, 4)]


@pytest.fixture
def ring(lab: Any, tmp_path: Path) -> Path:
    """Bring up the ring; give the inventory's folder."""
    lab.hosts["node4"] = "10.0.0.4"
    folder = tmp_path / "inventory"
    folder.mkdir()
    hosts = "".join(f"    {name}: {{ansible_host: {address}}}\n" for name, address in lab.hosts.items())
    variables = f"ansible_connection: netloom.overlay.lab, ansible_lab_name: {lab.name}"
    python = "ansible_python_interpreter: '{{ ansible_playbook_python }}'"
    (folder / "10-hosts.yml").write_text(f"all:\n  vars: {{{variables}, {python}}}\n  hosts:\n{hosts}")
    (folder / "90-fabric.yml").write_text(FABRIC.format(folder=tmp_path))
    run(BIN / "ansible-playbook", "-i", folder, CHECKOUT / "playbooks" / "lab.yml", env=lab.environment)
    play(lab, folder, "site.yml")
    return folder


def ports(lab: Any) -> dict[tuple[str, str], str]:
    """Give the state of each port of the ring's bridges, by host and link."""
    return {
        (host, row["ifname"]): row["state"]
        for host in lab.hosts
        for row in json.loads(lab.enter(host, "bridge", "-j", "link", "show"))
        if row.get("master") == "loop"
    }


def unreached(lab: Any) -> list[str]:
    """Give the pairs without an answer, by fping from each host to all addresses."""
    found = []
    for host in lab.hosts:
        answers = lab.enter(host, "fping", "-t", "500", "-r", "1", *ADDRESSES, ok=False)
        found += [f"{host}: {one}" for one in ADDRESSES if f"{one} is alive" not in answers]
    return found


def test_a_ring_outlives_a_lost_tunnel(lab: Any, ring: Path) -> None:
    play(lab, ring, "verify.yml")  # at once: verify waits for the spanning tree
    assert unreached(lab) == []
    states = ports(lab)
    assert len(states) == 8
    assert sorted(states.values()) == ["blocking"] + ["forwarding"] * 7

    again = play(lab, ring, "site.yml")
    assert set(re.findall(r"changed=(\d+)", again)) == {"0"}

    tunnel = next(name for (host, name), state in states.items() if host == "node1" and state == "forwarding")
    lab.enter("node1", "ip", "link", "set", tunnel, "down")
    lost = unreached(lab)
    deadline = time.monotonic() + 30
    while (left := unreached(lab)) and time.monotonic() < deadline:
        time.sleep(1)
    assert lost != []
    assert left == []
    assert list(ports(lab).values()).count("blocking") == 0
