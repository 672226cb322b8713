# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Give the tests a lab of three hosts. What is up is read with ip, nsenter and /proc, not with our own reader."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


def run(*words: object, ok: bool = True, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run a command with a time limit; with ok, its exit status must be 0."""
    more.setdefault("timeout", 120)
    done = subprocess.run([str(word) for word in words], text=True, capture_output=True, check=False, **more)
    if ok:
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


class Lab:
    """A lab of a test, made by Ansible as a user makes it."""

    def __init__(self, folder: Path) -> None:
        self.name = f"test-{os.getpid()}"
        self.path = Path("/run/netloom-lab") / self.name
        self.hosts = {f"node{number}": f"10.0.0.{number}" for number in (1, 2, 3)}
        self.boxes = {"node1": ["box1"]}
        self.mtu = 1500
        self.inventory = folder / "hosts.json"
        self.environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".collections"),
            "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
        }

    def options(self) -> dict[str, Any]:
        """Give the options of lab_hosts."""
        hosts = [
            {"name": name, "address": address, "processes": [{"name": box} for box in self.boxes.get(name, [])]}
            for name, address in self.hosts.items()
        ]
        return {
            "name": self.name,
            "hosts": hosts,
            "underlay": {"subnet": "10.0.0.0/24", "mtu": self.mtu},
            "share": [str(CHECKOUT), str(BIN.parent)],
        }

    def module(self, ok: bool = True, check: bool = False, **options: Any) -> dict[str, Any]:
        """Run lab_hosts through Ansible and return its result."""
        done = run(
            BIN / "ansible",
            *("-i", "localhost,", "-c", "local", "localhost", "-m", "netloom.overlay.lab_hosts"),
            *("-e", f"ansible_python_interpreter={sys.executable}", "-a", json.dumps(options)),
            *(["--check"] if check else []),
            ok=ok,
            env=self.environment,
        )
        result: dict[str, Any] = json.loads(done.stdout.partition("=>")[2])
        return result

    def up(self, **more: Any) -> dict[str, Any]:
        """Make the lab."""
        return self.module(**{**self.options(), **more})

    def down(self) -> dict[str, Any]:
        """End the lab."""
        return self.module(name=self.name, state="absent")

    def ansible(self, *words: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
        """Run ansible on all lab hosts through the connection plugin."""
        variables = {
            "ansible_connection": "netloom.overlay.lab",
            "ansible_lab_name": self.name,
            "ansible_python_interpreter": sys.executable,
        }
        self.inventory.write_text(json.dumps({"all": {"vars": variables, "hosts": {name: {} for name in self.hosts}}}))
        return run(BIN / "ansible", "-i", self.inventory, "all", *words, ok=ok, env=self.environment)

    def pid(self, host: str) -> int:
        """Give the PID of a host's first process."""
        return int((self.path / "hosts" / host).read_text().split()[0])

    def enter(self, host: str, *words: str, ok: bool = True) -> str:
        """Run a command in a host and return what it printed."""
        return run("nsenter", "-t", self.pid(host), "-m", "-u", "-n", "-p", *words, ok=ok).stdout

    def processes(self) -> list[int]:
        """Give the processes whose environment names this lab, whatever they are."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and f'"{self.path}"'.encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
        return found


def machine() -> dict[str, str]:
    """Give what the machine's own namespaces hold: links, mounts, addresses, routes, named namespaces."""
    commands = {
        "links": "ip -o link | sed 's/ qlen.*//'",
        "addresses": "ip -o address | sed 's/valid_lft.*//'",
        "routes": "ip route show table all",
        "mounts": "cut -d' ' -f5- /proc/self/mountinfo",
        "named": "ls /run/netns 2>/dev/null || true",
    }
    return {name: run("sh", "-c", command).stdout for name, command in commands.items()}


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """Give a lab that is not up yet, and end what is left of it."""
    made = Lab(tmp_path)
    yield made
    made.down()
    shutil.rmtree(made.path, ignore_errors=True)
