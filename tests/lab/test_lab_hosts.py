# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lab hosts: up, private, kept, made anew, gone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

from .conftest import BIN, CHECKOUT, machine, run


def gone(pid: int) -> bool:
    """Tell whether a process is gone, zombies counted as gone."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def test_up_reach_and_down(lab: Any) -> None:
    before = machine()
    assert lab.processes() == []
    result = lab.up()
    assert result["changed"]
    assert result["made"] == ["node1", "node2", "node3"]
    assert machine() == before, "the machine's own namespaces changed"
    for host in lab.hosts:
        assert lab.enter(host, "hostname").strip() == host
        reached = lab.enter(host, "fping", "-c1", *lab.hosts.values())
        assert reached.count("64 bytes") == 3
    assert len(lab.processes()) == 5  # three hosts, underlay, box1
    result = lab.down()
    assert result["ended"] == ["node1", "node2", "node3", "underlay"]
    assert lab.processes() == []
    assert not lab.path.exists()
    assert machine() == before


def test_second_run_changes_nothing_and_check_mode_tells(lab: Any) -> None:
    assert lab.up(check=True)["made"] == ["node1", "node2", "node3"]
    assert lab.processes() == []
    lab.up()
    pids = sorted(lab.processes())
    assert lab.up()["changed"] is False
    assert lab.up(check=True)["changed"] is False
    assert sorted(lab.processes()) == pids
    assert lab.module(name=lab.name, state="absent", check=True)["changed"] is True
    assert sorted(lab.processes()) == pids
    assert lab.down()["changed"] is True
    assert lab.down()["changed"] is False


def test_what_a_host_writes_stays_in_it(lab: Any, tmp_path: Any) -> None:
    lab.up()
    names = ["/etc/netloom-private", f"{CHECKOUT}/netloom-private", "/tmp/netloom-private", "/run/netloom-private"]  # noqa: S108
    for name in names:
        lab.enter("node1", "sh", "-c", f"echo node1 >{name}")
        assert lab.enter("node1", "cat", name) == "node1\n"
        assert not os.path.exists(name)
        assert lab.enter("node2", "sh", "-c", f"test -e {name} || echo absent") == "absent\n"
    lab.enter("node1", "rm", "/dev/null")
    assert os.path.exists("/dev/null")
    assert lab.enter("node1", "ls", "/sys/class/net").split() == ["eth0", "lo"]
    assert lab.enter("node1", "cat", "/etc/hostname") == "node1\n"
    assert lab.enter("node2", "getent", "hosts", "node3").split() == ["10.0.0.3", "node3"]


def test_an_orphan_in_a_host_is_reaped(lab: Any) -> None:
    lab.up()
    lab.enter("node1", "sh", "-c", "(sleep 0.1; exit 3) >/dev/null 2>&1 &")
    time.sleep(0.5)
    states = lab.enter("node1", "ps", "-e", "-o", "stat=,args=").splitlines()
    assert not [line for line in states if line.startswith("Z")], states


def test_process_owns_a_namespace_and_is_started_again(lab: Any) -> None:
    lab.up()

    def look() -> tuple[str, str]:
        pid = lab.enter("node1", "cat", "/run/box1.pid").strip()
        links = lab.enter("node1", "nsenter", "-t", pid, "-n", "ip", "-br", "link")
        assert lab.enter("node1", "readlink", f"/proc/{pid}/ns/net") != lab.enter("node1", "readlink", "/proc/1/ns/net")
        return pid, links

    pid, links = look()
    assert [line.split()[0] for line in links.splitlines()] == ["lo"]
    assert "LOOPBACK,UP" in links
    host_pid = lab.pid("node1")
    lab.enter("node1", "kill", "-9", pid)
    time.sleep(0.2)
    result = lab.up()
    assert result["started"] == ["node1/box1"]
    assert result["made"] == []
    assert lab.pid("node1") == host_pid
    assert look()[0] != pid
    lab.boxes = {"node2": ["box2"]}
    assert lab.up()["started"] == ["node2/box2"]
    assert len(lab.processes()) == 5
    assert lab.up()["changed"] is False


def test_a_host_that_died_is_made_again(lab: Any) -> None:
    lab.up()
    kept = lab.pid("node2")
    died = lab.pid("node1")
    os.kill(died, signal.SIGKILL)
    while not gone(died):
        time.sleep(0.01)
    failed = lab.ansible("-m", "ansible.builtin.command", "-a", "hostname", ok=False)
    assert failed.returncode != 0
    assert "lab host node1 is not running" in failed.stdout + failed.stderr
    assert "scripts/lab up" in failed.stdout + failed.stderr
    result = lab.up()
    assert result["made"] == ["node1"]
    assert lab.pid("node2") == kept
    assert lab.enter("node2", "fping", "-c1", "10.0.0.1").count("64 bytes") == 1


def test_changed_hosts_are_made_anew_and_others_ended(lab: Any) -> None:
    lab.up()
    kept = lab.pid("node2")
    lab.hosts = {"node1": "10.0.0.11", "node2": "10.0.0.2"}
    result = lab.up()
    assert (result["made"], result["ended"]) == (["node1"], ["node1", "node3"])
    assert lab.pid("node2") == kept
    assert "10.0.0.11/24" in lab.enter("node1", "ip", "-o", "address", "show", "eth0")
    assert lab.enter("node2", "getent", "hosts", "node1").split() == ["10.0.0.11", "node1"]
    lab.mtu = 9000
    assert lab.up()["made"] == ["node1", "node2"]
    assert "mtu 9000" in lab.enter("node1", "ip", "-o", "link", "show", "eth0")


def test_down_after_a_crash(lab: Any) -> None:
    lab.up()
    (lab.path / "hosts" / "node1").write_text("12")  # half written
    (lab.path / "hosts" / "node2").unlink()
    os.kill(lab.pid("node3"), signal.SIGKILL)
    lab.down()
    assert lab.processes() == []
    assert not lab.path.exists()


def test_a_reused_pid_is_left_alone(lab: Any) -> None:
    lab.up()
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        (lab.path / "hosts" / "node1").write_text(f"{stranger.pid} 1\n")
        answer = lab.ansible("-m", "ansible.builtin.command", "-a", "hostname").stdout
        assert sorted(line for line in answer.splitlines() if "|" not in line) == list(lab.hosts)
        lab.down()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_killed_half_way_leaves_nothing_that_down_does_not_find(lab: Any, tmp_path: Any) -> None:
    """Kill the building process at many moments; whatever it left, the next run makes the lab and down ends it."""
    driver = tmp_path / "driver.py"
    driver.write_text(
        "import sys, json\n"
        f"sys.path.insert(0, {str(CHECKOUT / '.collections')!r})\n"
        "from ansible_collections.netloom.overlay.plugins.module_utils._lab import lifecycle as state, spec as model\n"
        "options = json.load(sys.stdin)\n"
        "state.present(model.parse(options))\n"
    )
    options = json.dumps({**lab.options(), "path": str(lab.path)})
    before = machine()
    began = time.monotonic()
    subprocess.run([sys.executable, driver], input=options, text=True, check=True, timeout=60)
    full = time.monotonic() - began
    lab.down()
    for part in range(1, 9):
        building = subprocess.Popen([sys.executable, driver], stdin=subprocess.PIPE, text=True)
        assert building.stdin
        building.stdin.write(options)
        building.stdin.close()
        time.sleep(full * part / 8)
        building.kill()
        building.wait()
        # Children that wait for the word to go on end by themselves.
        deadline = time.monotonic() + 5
        while run("pgrep", "-f", str(driver), ok=False).stdout and time.monotonic() < deadline:
            time.sleep(0.05)
        assert run("pgrep", "-f", str(driver), ok=False).stdout == ""
        if part % 4 == 0:
            lab.up()
            assert lab.enter("node1", "fping", "-c1", *lab.hosts.values()).count("64 bytes") == 3
        lab.down()
        assert lab.processes() == []
        assert machine() == before


def test_an_error_while_building_ends_what_was_begun(lab: Any) -> None:
    result = lab.module(ok=False, **{**lab.options(), "size": "nonsense"})
    assert "node" in result["msg"]
    assert "mount tmpfs" in result["msg"]
    assert lab.processes() == []
    assert lab.up()["changed"]


def test_bad_options_name_the_host(lab: Any) -> None:
    def refused(**more: Any) -> str:
        return str(lab.module(ok=False, **{**lab.options(), **more})["msg"])

    node = {"name": "node1", "address": "10.0.0.1"}
    assert "host node1: address 10.9.0.1 is not in underlay.subnet" in refused(hosts=[{**node, "address": "10.9.0.1"}])
    assert "'node1' is there twice" in refused(hosts=[node, {**node, "address": "10.0.0.2"}])
    assert "host node2: address 10.0.0.1 is also that of node1" in refused(hosts=[node, {**node, "name": "node2"}])
    assert "neither address nor address6" in refused(hosts=[{"name": "node1"}])
    assert "underlay.mtu: 20 is not between" in refused(underlay={"subnet": "10.0.0.0/24", "mtu": 20})
    assert "'../x': not a name" in refused(hosts=[{**node, "name": "../x"}])
    assert "none is listed" in refused(hosts=[])
    assert lab.processes() == []


def test_connection_plugin_runs_tasks_and_copies_files(lab: Any, tmp_path: Any) -> None:
    lab.up()
    answer = lab.ansible("-m", "ansible.builtin.command", "-a", "hostname").stdout
    assert sorted(line for line in answer.splitlines() if line.startswith("node") and "|" not in line) == list(
        lab.hosts
    )
    assert answer.count("rc=0") == 3
    source = tmp_path / "source"
    source.write_bytes(bytes(range(256)) * 1000)
    # /var/run is an absolute symbolic link on Debian: the file must land in the host's /run, not in the machine's.
    lab.ansible("-m", "ansible.builtin.copy", "-a", f"src={source} dest=/var/run/netloom-copied mode=0600")
    assert not os.path.exists("/run/netloom-copied")
    fetched = tmp_path / "fetched"
    lab.ansible("-m", "ansible.builtin.fetch", "-a", f"src=/var/run/netloom-copied dest={fetched}")
    for host in lab.hosts:
        assert (fetched / host / "var" / "run" / "netloom-copied").read_bytes() == source.read_bytes()
    become = lab.ansible("-b", "-m", "ansible.builtin.command", "-a", "id -u").stdout
    assert become.count("\n0\n") == 3
    wrong = lab.ansible("-m", "ansible.builtin.command", "-a", "false", ok=False)
    assert wrong.stdout.count("rc=1") == 3


def test_the_controllers_environment_stays_outside(lab: Any) -> None:
    lab.up()
    lab.environment["NETLOOM_OUTSIDE"] = "x"
    assert "NETLOOM_OUTSIDE" not in lab.ansible("-m", "ansible.builtin.command", "-a", "env").stdout


def test_a_hundred_hosts(lab: Any) -> None:
    """All of them up in one call; the time limit is far above what was seen (1.7 s) and far below one by one."""
    lab.hosts = {f"node{number}": f"10.0.0.{number}" for number in range(1, 101)}
    lab.boxes = {}
    began = time.monotonic()
    assert len(lab.up()["made"]) == 100
    assert time.monotonic() - began < 30
    assert lab.enter("node1", "fping", "-c1", *lab.hosts.values()).count("64 bytes") == 100
    began = time.monotonic()
    lab.down()
    assert time.monotonic() - began < 30
    assert lab.processes() == []


def test_playbook_makes_the_labs_inventory(lab: Any, tmp_path: Any) -> None:
    """playbooks/lab.yml takes hosts, addresses and processes from the inventory."""
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(
        "all:\n"
        f"  vars: {{ansible_connection: netloom.overlay.lab, ansible_lab_name: {lab.name}, lab_mtu: 1400}}\n"
        "  hosts:\n"
        "    node1: {ansible_host: 10.0.0.1, lab_processes: [{name: box1}]}\n"
        "    node2: {ansible_host: 10.0.0.2, lab_address6: 'fd00::2'}\n"
        "    elsewhere: {ansible_connection: ssh, ansible_host: 10.0.0.9}\n"
        "  children: {six: {vars: {lab_subnet6: 'fd00::/64'}, hosts: {node1: , node2: }}}\n"
    )
    words = [BIN / "ansible-playbook", "-i", inventory, CHECKOUT / "playbooks" / "lab.yml"]
    run(*words, env=lab.environment)
    assert sorted(os.listdir(lab.path / "hosts")) == ["node1", "node2"]
    shown = lab.enter("node2", "ip", "-o", "address", "show", "eth0")
    assert "10.0.0.2/24" in shown
    assert "fd00::2/64" in shown
    assert "tentative" not in shown
    assert "mtu 1400" in lab.enter("node1", "ip", "-o", "link", "show", "eth0")
    assert lab.enter("node1", "cat", "/run/box1.pid").strip().isdigit()
    assert "changed=0" in run(*words, env=lab.environment).stdout
    run(*words, "-e", "lab_state=absent", env=lab.environment)
    assert lab.processes() == []
