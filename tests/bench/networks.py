# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Time the network's task of one host for 5 and for 200 VXLAN networks: first run, second, third, removal.

Call it as root: ``.venv/bin/python tests/bench/networks.py [NETWORKS ...]``. It works in a network namespace and a
mount namespace of its own, resolves a fabric of 4 hosts with that many networks, and runs ``ansible-playbook`` for the
first host. A figure is from the task's start to its result, as Ansible's callbacks see it: transfer of the module,
Python's start and the import of pyroute2 included.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
BIN = CHECKOUT / ".venv" / "bin"

CALLBACK = """
import json, os, time
from ansible.plugins.callback import CallbackBase
class CallbackModule(CallbackBase):
    CALLBACK_VERSION, CALLBACK_TYPE, CALLBACK_NAME, CALLBACK_NEEDS_ENABLED = 2.0, "aggregate", "seconds", False
    def v2_playbook_on_task_start(self, task, is_conditional):
        self.started = time.time()
    def v2_runner_on_ok(self, result):
        with open(os.environ["BENCH_OUT"], "a") as file:
            row = {"changed": result._result.get("changed", False), "seconds": time.time() - self.started}
            file.write(json.dumps(row) + "\\n")
"""
PLAY = """
- hosts: node1
  gather_facts: false
  tasks:
    - netloom.overlay.network_state: {state: overridden, config: "{{ netloom_overlay.config }}"}
    - netloom.overlay.network_state: {state: overridden, config: "{{ netloom_overlay.config }}"}
    - netloom.overlay.network_state: {state: overridden, config: "{{ netloom_overlay.config }}"}
    - netloom.overlay.network_state: {state: overridden, config: {}}
"""


def inventory(folder: Path, networks: int) -> None:
    """Write an inventory of four hosts with so many networks."""
    hosts = "".join(f"    node{n}: {{ansible_host: 10.0.0.{n}}}\n" for n in range(1, 5))
    local = "    ansible_connection: local\n    ansible_python_interpreter: '{{ ansible_playbook_python }}'\n"
    (folder / "10-hosts.yml").write_text(f"all:\n  hosts:\n{hosts}  vars:\n{local}", encoding="utf-8")
    rows = "".join(
        f"  net{n}: {{encap: vxlan, topology: mesh, replication: static, hosts: all, vni: {10000 + n}, "
        f"subnet: 10.{100 + n // 250}.{n % 250}.0/24}}\n"
        for n in range(networks)
    )
    (folder / "90-fabric.yml").write_text(
        "plugin: netloom.overlay.fabric\nledger: ledger.yml\nvni_range: [10000, 19999]\n"
        f"underlay: {{address: ansible_host, device: under0}}\nnetworks:\n{rows}",
        encoding="utf-8",
    )


def measure(networks: int) -> None:
    """Run the play and print one line."""
    with tempfile.TemporaryDirectory(dir=CHECKOUT / ".lab") as name:
        folder = Path(name)
        (folder / "inventory").mkdir()
        (folder / "callback").mkdir()
        inventory(folder / "inventory", networks)
        (folder / "callback" / "seconds.py").write_text(CALLBACK, encoding="utf-8")
        (folder / "play.yml").write_text(PLAY, encoding="utf-8")
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".collections"),
            "ANSIBLE_CALLBACK_PLUGINS": str(folder / "callback"),
            "ANSIBLE_PIPELINING": "1",
            "BENCH_OUT": str(folder / "out"),
        }
        setup = (
            "mount -t tmpfs none /run && mkdir -p /run/lock /run/netns && ip link set lo up && "
            "ip link add under0 type bridge && ip addr add 10.0.0.1/24 dev under0 && ip link set under0 up && "
            f"exec {BIN}/ansible-playbook -i inventory play.yml"
        )
        done = subprocess.run(
            ["unshare", "-n", "-m", "sh", "-c", setup],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            sys.exit(done.stdout + done.stderr)
        rows = [json.loads(line) for line in (folder / "out").read_text(encoding="utf-8").splitlines()]
    names = ("first run", "second run", "third run", "removal")
    told = ", ".join(f"{name} {row['seconds']:.2f} s changed={row['changed']}" for name, row in zip(names, rows))
    print(f"{networks} networks: {told}")


if __name__ == "__main__":
    (CHECKOUT / ".lab").mkdir(exist_ok=True)
    for count in map(int, sys.argv[1:] or ["5", "200"]):
        measure(count)
