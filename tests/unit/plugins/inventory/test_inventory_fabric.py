# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The inventory plugin and the ledger action, through ansible-inventory and ansible-playbook as a user calls them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

BIN = Path(sys.executable).parent

HOSTS = """\
all:
  children:
    tenant:
      hosts:
        node1: {ansible_host: 10.0.0.1}
        node2: {ansible_host: 10.0.0.2}
        node10: {ansible_host: 10.0.0.10}
  hosts:
    lonely: {}
  vars:
    ansible_connection: local
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
"""
FABRIC = """\
plugin: netloom.overlay.fabric
networks:
  red: {encap: vxlan, hosts: tenant, subnet: 10.20.2.0/24}
"""
PLAY = """\
- hosts: all
  gather_facts: false
  tasks:
    - netloom.overlay.ledger: {}
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Make an inventory directory and a play."""
    inventory = tmp_path / "inventory"
    inventory.mkdir()
    (inventory / "10-hosts.yml").write_text(HOSTS)
    (inventory / "90-fabric.yml").write_text(FABRIC)
    (tmp_path / "play.yml").write_text(PLAY)
    return tmp_path


def run(site: Path, program: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run an Ansible program in the site."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    clean.update(
        ANSIBLE_COLLECTIONS_PATH=os.environ["ANSIBLE_COLLECTIONS_PATH"],
        ANSIBLE_NOCOLOR="1",
        ANSIBLE_LOCAL_TEMP=str(site / "tmp"),
        ANSIBLE_HOME=str(site / "home"),
        PYTHONWARNINGS="ignore",
        COLUMNS="10000",
        **environment,
    )
    command = [str(BIN / program), *arguments]
    return subprocess.run(command, cwd=site, env=clean, capture_output=True, text=True, timeout=120, check=False)


def listed(site: Path, *arguments: str) -> dict[str, Any]:
    """Return the variables of all hosts."""
    done = run(site, "ansible-inventory", "-i", "inventory", "--list", *arguments)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["_meta"]["hostvars"]
    return found


def refused(site: Path) -> str:
    """Expect the source to be refused; return the reason that hosts are left with."""
    done = run(site, "ansible-inventory", "-i", "inventory", "--list")
    found = json.loads(done.stdout)["_meta"]["hostvars"]
    assert all("netloom_overlay" not in variables for variables in found.values())
    reasons = {variables.get("netloom_overlay_error") for variables in found.values()}
    if not found:  # no host was there yet
        return done.stderr
    (reason,) = reasons
    assert str(reason) in " ".join(done.stderr.split())
    return str(reason)


def test_each_host_gets_its_own_configuration(site: Path) -> None:
    found = listed(site)
    vxlan = next(link for link in found["node1"]["netloom_overlay"]["config"]["links"] if link["kind"] == "vxlan")
    assert vxlan["local"] == "10.0.0.1"
    assert [row["dst"] for row in vxlan["fdb"][:2]] == ["10.0.0.2", "10.0.0.10"]
    assert found["lonely"]["netloom_overlay"]["config"] == {}
    one = run(site, "ansible-inventory", "-i", "inventory", "--host", "node1")
    assert json.loads(one.stdout)["netloom_overlay"] == found["node1"]["netloom_overlay"]


def test_reading_writes_nothing_and_shows_the_proposal(site: Path) -> None:
    ledger = listed(site)["node1"]["netloom_overlay_ledger"]
    assert ledger["path"] == str(site / "inventory" / "ledger.yml")
    assert ledger["proposed"]["red"]["vni"] == 10000
    assert sorted(path.name for path in (site / "inventory").iterdir()) == ["10-hosts.yml", "90-fabric.yml"]
    graph = run(site, "ansible-inventory", "-i", "inventory", "--graph")
    assert "node10" in graph.stdout
    assert "networks" not in graph.stdout


def test_limit_changes_nothing_of_what_a_host_gets(site: Path) -> None:
    whole, limited = listed(site), listed(site, "--limit", "node1")
    assert list(limited) == ["node1"]
    assert limited["node1"]["netloom_overlay"] == whole["node1"]["netloom_overlay"]


def test_variable_files_and_templates_are_honoured(site: Path) -> None:
    inventory = site / "inventory"
    (inventory / "group_vars").mkdir()
    (inventory / "host_vars").mkdir()
    (inventory / "group_vars" / "all.yml").write_text("net: 172.16.0\nansible_host: '{{ net }}.99'\n")
    (inventory / "group_vars" / "tenant.yml").write_text("netloom_overlay_host: {underlay: {mtu: 9000}}\n")
    (inventory / "host_vars" / "node1.yml").write_text("vtep: '{{ net }}.1'\n")
    (inventory / "host_vars" / "node2.yml").write_text("vtep: '{{ net }}.2'\n")
    (inventory / "host_vars" / "node10.yml").write_text(
        "vtep: '{{ net }}.10'\nnetloom_overlay_host:\n  underlay: {mtu: 4000, device: ens1}\n"
        "  networks: {red: {addresses: [10.20.2.200/24]}}\n"
    )
    (inventory / "90-fabric.yml").write_text(FABRIC + "underlay: {address: vtep}\n")
    found = listed(site)
    assert found["node1"]["netloom_overlay"]["underlay"] == {"address": "172.16.0.1", "device": "auto", "mtu": 9000}
    assert found["node10"]["netloom_overlay"]["underlay"] == {"address": "172.16.0.10", "device": "ens1", "mtu": 4000}
    red = found["node1"]["netloom_overlay"]["networks"]["red"]
    assert red["mtu"] == 3950
    assert red["members"]["node10"] == {
        "addresses": ["10.20.2.200/24"],
        "address": "10.20.2.200",
        "vtep": "172.16.0.10",
    }
    (inventory / "90-fabric.yml").write_text(FABRIC + "underlay: {address: \"{{ net | replace('16', '17') }}.7\"}\n")
    assert "172.17.0.7 is held by node1 and by node2" in refused(site)


@pytest.mark.parametrize(
    ("pattern", "members"),
    [
        ("tenant:!node2", ["node1", "node10"]),
        ("node?", ["node1", "node2"]),
        ("tenant[0:1]", ["node1", "node2"]),
        ("~node(1|10)$", ["node1", "node10"]),
        ("[node10, node1]", ["node1", "node10"]),
    ],
)
def test_hosts_takes_ansible_s_own_patterns(site: Path, pattern: str, members: list[str]) -> None:
    text = pattern if pattern.startswith("[node") else json.dumps(pattern)
    (site / "inventory" / "90-fabric.yml").write_text(FABRIC.replace("hosts: tenant", f"hosts: {text}"))
    found = listed(site)
    assert [name for name in ("node1", "node2", "node10") if found[name]["netloom_overlay"]["networks"]] == members


def test_a_source_read_before_the_hosts_is_refused_with_the_reason(site: Path) -> None:
    (site / "inventory" / "90-fabric.yml").rename(site / "inventory" / "00-fabric.yml")
    reason = refused(site)
    assert "00-fabric.yml: there are no hosts yet" in reason
    assert "sorts after them" in reason


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            ("encap: vxlan", "encap: vxlam"),
            "90-fabric.yml: networks.red.encap: 'vxlam' is not known; did you mean vxlan?",
        ),
        (("networks:", "netwroks:"), "90-fabric.yml: netwroks: unknown key; did you mean networks?"),
        (("hosts: tenant", "hosts: tenants"), "90-fabric.yml: networks.red.hosts: tenants matches no host"),
        (("hosts: tenant", "hosts: all"), "underlay.address: lonely: 'lonely' is no IP address"),
        (("10.20.2.0/24", "10.0.0.0/24"), "holds the underlay address 10.0.0.1 of node1"),
    ],
)
def test_what_cannot_work_is_refused_where_roles_see_it(site: Path, change: tuple[str, str], says: str) -> None:
    listed(site)
    (site / "inventory" / "90-fabric.yml").write_text(FABRIC.replace(*change))
    assert says in refused(site)
    strict = run(site, "ansible-inventory", "-i", "inventory", "--list", ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="1")
    assert strict.returncode != 0
    play = run(site, "ansible-playbook", "-i", "inventory", "play.yml")
    assert play.returncode != 0
    assert "the inventory was refused: 90-fabric.yml: " in play.stdout + play.stderr


def test_a_second_source_is_refused(site: Path) -> None:
    (site / "inventory" / "95-fabric.yml").write_text(FABRIC)
    done = run(site, "ansible-inventory", "-i", "inventory", "--list")
    assert "an inventory has one source of this plugin" in done.stderr.replace("\n", " ")


def test_a_ledger_that_disagrees_with_itself_is_refused(site: Path) -> None:
    ledger = site / "inventory" / "ledger.yml"
    ledger.write_text("plugin: netloom.overlay.ledger\nnetworks: {red: {vni: 10000}, old: {vni: 10000}}\n")
    reason = refused(site)
    assert "ledger.yml: networks.old.vni: 10000 is networks.red.vni already" in reason


def play(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the play."""
    return run(site, "ansible-playbook", "-i", "inventory", "play.yml", *arguments)


def test_recording_checking_repeating_and_releasing(site: Path) -> None:
    ledger = site / "inventory" / "ledger.yml"
    checked = play(site, "--check", "--diff")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "+    vni: 10000" in checked.stdout
    assert "changed=1" in checked.stdout
    assert sorted(path.name for path in ledger.parent.iterdir()) == ["10-hosts.yml", "90-fabric.yml"]

    assert play(site).returncode == 0
    content = yaml.safe_load(ledger.read_text())
    assert content["networks"]["red"] == {
        "vni": 10000,
        "hosts": {"node1": "10.20.2.1", "node2": "10.20.2.2", "node10": "10.20.2.3"},
    }
    before = listed(site)
    assert before["node1"]["netloom_overlay_ledger"]["proposed"] == {}
    again = play(site)
    assert "changed=1" not in again.stdout
    assert again.stderr == ""  # the ledger beside the sources is no source that fails

    # A network whose name sorts first takes nothing away from the recorded one.
    (site / "inventory" / "90-fabric.yml").write_text(
        FABRIC + "  amber: {encap: vxlan, hosts: tenant, subnet: 10.20.9.0/24}\n"
    )
    after = listed(site)
    assert after["node1"]["netloom_overlay"]["networks"]["red"] == before["node1"]["netloom_overlay"]["networks"]["red"]
    assert after["node1"]["netloom_overlay_ledger"]["proposed"]["amber"]["vni"] == 10001

    (site / "play.yml").write_text(PLAY.replace("{}", "{state: released, network: red}"))
    assert play(site).returncode == 0
    assert yaml.safe_load(ledger.read_text())["networks"] == {}
    assert "changed=1" not in play(site).stdout


def test_a_ledger_that_moved_on_since_the_inventory_was_read_fails_and_is_left(site: Path) -> None:
    """Another controller records between our reading and our recording: the play's first task plays its part."""
    other = "plugin: netloom.overlay.ledger\nversion: 1\nnetworks:\n  yellow:\n    vni: 10000\n"
    ledger = site / "inventory" / "ledger.yml"
    (site / "other.yml").write_text(other)
    copy = "{src: other.yml, dest: '{{ netloom_overlay_ledger.path }}', mode: '0644'}"
    first = f"  tasks:\n    - ansible.builtin.copy: {copy}\n      run_once: true\n"
    (site / "play.yml").write_text(PLAY.replace("  tasks:\n", first))
    done = play(site)
    assert done.returncode != 0
    assert (
        "The ledger was changed after the inventory was read, and nothing was recorded now" in done.stdout + done.stderr
    )
    assert ledger.read_text() == other
    (site / "play.yml").write_text(PLAY)
    assert play(site).returncode == 0
    assert yaml.safe_load(ledger.read_text())["networks"]["red"]["vni"] == 10001


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("{state: released}", "say network, host or workload"),
        ("{network: red}", "go with state released only"),
        ("{state: gone}", "value of state must be one of"),
        ("{proposed: {red: {vni: no}}}", "proposed: networks.red.vni: False is no VNI"),
        ("{netwrk: red}", "netwrk"),
    ],
)
def test_a_wrong_task_is_refused(site: Path, arguments: str, says: str) -> None:
    (site / "play.yml").write_text(PLAY.replace("{}", arguments))
    done = play(site)
    assert done.returncode != 0
    assert says in done.stdout + done.stderr
    assert not (site / "inventory" / "ledger.yml").exists()


def test_the_lab_s_own_inventory_leaves_the_checkout_clean(checkout: Path, site: Path) -> None:
    lab = checkout / "playbooks" / "lab" / "inventory"
    done = run(site, "ansible-inventory", "-i", str(lab), "--host", "node1")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["netloom_overlay_ledger"]["proposed"] == {}, "the committed ledger is complete"
    assert set(found["netloom_overlay"]["networks"]) == {"amber", "blue", "green", "red"}
    assert done.stderr == ""
