# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""verify.yml names a firewall that drops bridged packets, on a VXLAN network over three lab hosts."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from .conftest import BIN, CHECKOUT, run

pytestmark = [pytest.mark.needs_kind("vxlan", "bridge", "veth"), pytest.mark.needs_netfilter]

FABRIC = """
plugin: netloom.overlay.fabric
ledger: {folder}/ledger.yml
vni_range: [10000, 19999]
underlay: {{address: ansible_host, device: auto, mtu: 1500}}
networks:
  red: {{encap: vxlan, topology: mesh, replication: static, hosts: all, vni: 10000, subnet: 10.20.2.0/24}}
workloads:
  client1: {{host: node1, network: red, attach: veth, netns: client, addresses: [10.20.2.101/24]}}
  client2: {{host: node2, network: red, attach: veth, netns: client, addresses: [10.20.2.102/24]}}
"""


@pytest.fixture
def fleet(lab: Any, tmp_path: Path) -> Path:
    """Bring up a network with two workloads on the lab hosts; give the inventory's folder."""
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


def play(lab: Any, folder: Path, name: str, *words: str, ok: bool = True) -> str:
    """Run a playbook of the collection on the lab; give what it printed."""
    done = run(
        BIN / "ansible-playbook",
        "-i",
        folder,
        CHECKOUT / "playbooks" / name,
        *words,
        env=lab.environment,
        ok=ok,
        timeout=250,
    )
    return str(done.stdout)


def programs() -> list[str]:
    """Give the iptables programs that work on this kernel: for nftables, and for the older tables."""
    found = [name for name in ("iptables-nft", "iptables-legacy") if shutil.which(name)]
    return [
        name
        for name in found
        if run("unshare", "-n", name, "-w", "2", "-P", "FORWARD", "ACCEPT", ok=False).returncode == 0
    ]


def crosses(lab: Any) -> bool:
    """Tell whether a packet of client1 reaches client2."""
    sent = ("ip", "netns", "exec", "client", "fping", "-c2", "-t300", "10.20.2.102")
    return "64 bytes" in str(lab.enter("node1", "sh", "-c", f"{' '.join(sent)} 2>&1 || true"))


def test_the_policy_of_the_forward_chain_is_named(lab: Any, fleet: Path, tmp_path: Path) -> None:
    found = programs()
    assert found, "no iptables program works on this kernel"
    report = tmp_path / "report.txt"
    told = ("-e", f"verify_report={report}")
    lab.enter("node2", "sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=1")
    play(lab, fleet, "verify.yml", *told)
    assert crosses(lab), "the control: nothing is dropped yet"
    for program in found:
        lab.enter("node2", program, "-P", "FORWARD", "DROP")
        assert not crosses(lab), f"{program} drops nothing"
        play(lab, fleet, "verify.yml", *told, ok=False)
        cause = "node2: the policy of the chain FORWARD is DROP, and net.bridge.bridge-nf-call-iptables is 1"
        lines = report.read_text().splitlines()
        pairs = next((lines[number + 1] for number, line in enumerate(lines) if cause in line), f"not named: {lines}")
        assert "client2" in pairs
        lab.enter("node2", program, "-P", "FORWARD", "ACCEPT")
        assert crosses(lab)
