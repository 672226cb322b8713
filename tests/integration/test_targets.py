# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run each folder below targets/ as a role, in a network namespace of its own.

A target is named after the module it tries. Its file ``needs_kind``, where it has one, lists the link kinds that it
needs, so that it runs on a kernel that has them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

HERE = Path(__file__).resolve().parent
TARGETS = HERE / "targets"
MODULES = HERE.parent.parent / "plugins" / "modules"
# Modules that work on the machine as a whole are tried in a lab.
TRIED_ELSEWHERE = {"lab_hosts": HERE.parent / "lab"}

# Run a command in fresh network and mount namespaces, with folders of its own for what modules write, and a /sys that
# shows the new namespace.
ISOLATED = (
    "unshare",
    "--net",
    "--mount",
    "--propagation=private",
    "sh",
    "-euc",
    "for d in /run /etc/netns /etc/sysctl.d; do mkdir -p $d; mount -t tmpfs -o mode=755 tmpfs $d; done; "
    'mount -t sysfs sysfs /sys; ip link set lo up; exec "$@"',
    "isolated",
)

PLAY = """\
---
- name: Target {name}
  hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{python}"
  roles:
    - role: {name}
"""


def run_target(target: Path, scratch: Path) -> subprocess.CompletedProcess[str]:
    """Run one target with ansible-playbook; scratch holds its playbook and Ansible's own files."""
    playbook = scratch / "play.yml"
    playbook.write_text(PLAY.format(name=target.name, python=sys.executable))
    environment = {
        **os.environ,
        "ANSIBLE_ROLES_PATH": str(target.parent),
        "ANSIBLE_HOME": str(scratch / "ansible"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_PIPELINING": "true",
        "ANSIBLE_NOCOLOR": "true",
    }
    command = [*ISOLATED, str(Path(sys.executable).with_name("ansible-playbook")), str(playbook)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def found_targets() -> list[object]:
    """Give a test parameter for each target, with the kinds that it needs."""
    parameters: list[object] = []
    for tasks in sorted(TARGETS.glob("*/tasks/main.yml")):
        target = tasks.parent.parent
        needs = target / "needs_kind"
        kinds = needs.read_text().split() if needs.exists() else []
        marks = [pytest.mark.needs_kind(*kinds)] if kinds else []
        parameters.append(pytest.param(target, id=target.name, marks=marks))
    return parameters


@pytest.mark.parametrize("target", found_targets())
def test_target(target: Path, tmp_path: Path) -> None:
    """Run the target; its tasks assert what they found."""
    done = run_target(target, tmp_path)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("module", sorted(path.stem for path in MODULES.glob("[!_]*.py")))
def test_module_has_target(module: str) -> None:
    """Find a target for each module, or the folder where it is tried instead."""
    if module in TRIED_ELSEWHERE:
        assert any(module in path.read_text() for path in TRIED_ELSEWHERE[module].rglob("*.py"))
    else:
        assert (TARGETS / module / "tasks" / "main.yml").is_file()


# Modules that change nothing, or whose work is tried in another way.
NO_STEPS = {"capabilities", "ledger", "network_info", "verify_probe", "verify_report", *TRIED_ELSEWHERE}
# What they set comes and goes with something else, or is a whole state: there is no removal.
NO_REMOVAL = {"bridge_port", "network_state", "sysctl_iface"}


def calls(tasks: list[Any], module: str) -> Iterator[tuple[Any, bool]]:
    """Yield the parameters of each call of a module, and whether it is made in check mode."""
    for task in tasks:
        for block in ("block", "rescue", "always"):
            yield from calls(task.get(block, []), module)
        if f"netloom.overlay.{module}" in task:
            yield task[f"netloom.overlay.{module}"], bool(task.get("check_mode"))


def rounds(module: str) -> list[Any]:
    """Give the parameters that a target tries in the four steps: check, real, check again, real again."""
    tasks = yaml.safe_load((TARGETS / module / "tasks" / "main.yml").read_text())
    made = list(calls(tasks, module))
    fours = [made[start : start + 4] for start in range(len(made) - 3)]
    return [
        four[0][0]
        for four in fours
        if [check for _params, check in four] == [True, False, True, False]
        and all(params == four[0][0] for params, _check in four)
    ]


@pytest.mark.parametrize("module", sorted({path.stem for path in MODULES.glob("[!_]*.py")} - NO_STEPS))
def test_target_has_twelve_steps(module: str) -> None:
    """Find check, real, check again, real again for a creation, a change and a removal."""
    found = rounds(module)
    assert len(found) >= 3
    if module not in NO_REMOVAL:
        assert any(params.get("state") == "absent" for params in found)


def write_target(folder: Path, tasks: str) -> Path:
    """Write a target for a test of the runner itself."""
    target = folder / "targets" / "sample"
    (target / "tasks").mkdir(parents=True)
    (target / "tasks" / "main.yml").write_text(tasks)
    return target


def test_failing_target_fails(tmp_path: Path) -> None:
    """Show that a target whose assertion does not hold makes the run fail."""
    target = write_target(tmp_path, "- ansible.builtin.assert: {that: 1 == 2}\n")
    done = run_target(target, tmp_path)
    assert done.returncode == 2
    assert "Assertion failed" in done.stdout


def test_target_is_alone(tmp_path: Path) -> None:
    """Show that a target sees an empty network and no named namespace, and that what it makes ends with it."""
    tasks = """\
- ansible.builtin.command: {cmd: ip netns list}
  register: names
- ansible.builtin.command: {cmd: ls /sys/class/net}
  register: links
- ansible.builtin.assert: {that: [names.stdout == '', "'lo' in links.stdout_lines", "'netloom0' not in links.stdout"]}
- ansible.builtin.command: {cmd: ip link add netloom0 type bridge}
- ansible.builtin.command: {cmd: ip netns add netloom-alone}
- ansible.builtin.command: {cmd: ip link show netloom0}
"""
    target = write_target(tmp_path, tasks)
    for _run in range(2):  # the second finds nothing of the first
        done = run_target(target, tmp_path)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert not Path("/run/netns/netloom-alone").exists()
