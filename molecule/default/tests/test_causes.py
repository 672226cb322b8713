# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Test that verify.yml names planted faults. The step side_effect has run verify.yml without faults."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
RETURN = "169.254.67.1/32"


def verify(tmp_path):
    """Run verify.yml; give its exit status and its report."""
    report = tmp_path / "report.txt"
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(CHECKOUT / "playbooks" / "lab" / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".collections"),
        "NETLOOM_LAB_NAME": os.environ.get("NETLOOM_LAB_NAME", "molecule"),
    }
    command = [Path(sys.executable).parent / "ansible-playbook", "-i", CHECKOUT / "playbooks" / "lab" / "inventory"]
    done = subprocess.run(
        [*command, CHECKOUT / "playbooks" / "verify.yml", "-e", f"verify_report={report}"],
        env=environment, capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert report.exists(), done.stdout + done.stderr
    return done.returncode, report.read_text()


def geneve_port(host, bridge, remote):
    """Give the name of the Geneve port of a bridge that leads to a remote."""
    for link in json.loads(host.out("ip", "-j", "-d", "link", "show", "master", bridge, "type", "geneve")):
        if link["linkinfo"]["info_data"]["remote"] == remote:
            return link["ifname"]
    raise AssertionError(f"no Geneve port to {remote}")


@pytest.fixture
def broken(nodes):
    """Break three things on three hosts, and mend them afterwards whatever happens in between."""
    port = geneve_port(nodes["node2"], "amber", "10.0.0.1")
    tunnel = geneve_port(nodes["node3"], "blue", "10.0.0.1")
    route = ("ip", "route", "replace", RETURN, "proto", "110", "scope", "link", "dev")
    geneve = ("ip", "link", "set", tunnel, "type", "geneve", "id", "1000", "remote")
    harms = [
        ("node2", (*route, port), (*route, "amber")),
        ("node4", ("ip", "route", "del", RETURN), (*route, "opal")),
        ("node3", (*geneve, "10.0.0.9"), (*geneve, "10.0.0.1")),
    ]
    with contextlib.ExitStack() as mended:
        for name, harm, mend in harms:
            mended.callback(nodes[name].out, *mend)
            nodes[name].out(*harm)
        yield {"port": port, "tunnel": tunnel}
    assert nodes["node1"].box("box1").silent("12.200.1.2") == []
    assert nodes["node3"].box("box3").silent("12.200.1.2") == []
    assert nodes["node1"].silent("10.20.1.3", "10.20.1.12") == []


def test_each_cause_is_named_with_its_pairs(broken, tmp_path):
    status, report = verify(tmp_path)
    assert status != 0
    lines = report.splitlines()
    breaks = {line[2:]: lines[number + 1] for number, line in enumerate(lines) if line.startswith("* ")}

    def pairs_of(start):
        return next((pairs for cause, pairs in breaks.items() if cause.startswith(start)), f"not told: {report}")

    through_port = f"node2: the route to 169.254.67.1 (box1) goes through {broken['port']}, a port of the bridge amber"
    assert "amber: box1 -> node2, node2 -> box1" in pairs_of(through_port)
    assert "opal: box3 -> node4, node4 -> box3" in pairs_of("node4: there is no route to 169.254.67.1 (box3)")
    other_remote = f"node3: link {broken['tunnel']} (blue to node1) has remote 10.0.0.9, not 10.0.0.1"
    assert "node1 -> node3" in pairs_of(other_remote)
    assert "red" not in "".join(breaks.values())
    assert "red: " not in report.split("Likely causes")[1]
