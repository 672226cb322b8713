# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run tasks in a lab host."""

from __future__ import annotations

DOCUMENTATION = r"""
name: lab
short_description: Run tasks in a lab host on this machine
version_added: 0.1.0
description:
  - Enters the namespaces of a lab host that M(netloom.overlay.lab_hosts) made on the controller.
  - Tasks run as root. A lab host sees the controller's files, including the controller's Python interpreter.
author:
  - The netloom.overlay contributors (@netloom)
options:
  lab_host:
    description: Name of the lab host.
    type: str
    default: inventory_hostname
    vars:
      - name: inventory_hostname
      - name: ansible_lab_host
  lab_name:
    description: Name of the lab.
    type: str
    default: default
    vars:
      - name: ansible_lab_name
    env:
      - name: NETLOOM_LAB_NAME
  lab_path:
    description: Folder of the lab's state. The default is C(/run/netloom-lab/) and O(lab_name).
    type: path
    vars:
      - name: ansible_lab_path
    env:
      - name: NETLOOM_LAB_PATH
  remote_user:
    description: The user of tasks. Only V(root) is supported.
    type: str
    default: root
"""

import os
import subprocess

from ansible.errors import AnsibleConnectionFailure, AnsibleFileNotFound
from ansible.module_utils.common.text.converters import to_bytes, to_text
from ansible.plugins.connection import ConnectionBase
from ansible.utils.display import Display

from ..module_utils._lab.lifecycle import lookup
from ..module_utils._lab.spec import LabError

display = Display()

# What a login would give; the controller's own environment stays outside.
PASSED = ("PATH", "HOME", "LANG", "LC_ALL", "TERM", "NETLOOM_LAB_KERNEL")


class Connection(ConnectionBase):
    """Enter a lab host with nsenter(1)."""

    transport = "netloom.overlay.lab"
    has_pipelining = True
    has_tty = False

    def _connect(self):
        """Check that the lab host is up."""
        if not self._connected:
            display.vvv(f"enter lab host {self._host()}: PID {self._pid()}", host=self._host())
            self._connected = True
        return self

    def _host(self):
        return self.get_option("lab_host")

    def _pid(self):
        """Return the PID of the lab host's first process, looked up anew: the host may have been made again."""
        path = self.get_option("lab_path") or f"/run/netloom-lab/{self.get_option('lab_name')}"
        if os.geteuid():
            raise AnsibleConnectionFailure(
                "lab hosts are entered by root only: run ansible-playbook as root or with sudo"
            )
        try:
            return lookup(path, self._host())
        except LabError as error:
            raise AnsibleConnectionFailure(f"{error}: run scripts/lab up, or playbooks/lab.yml") from error

    def _enter(self, *command):
        """Return the command line that runs a command in the lab host, and its environment."""
        words = ["nsenter", "-t", str(self._pid()), "-m", "-u", "-i", "-n", "-p", "--", *command]
        return words, {name: os.environ[name] for name in PASSED if name in os.environ}

    def exec_command(self, cmd, in_data=None, sudoable=True):
        """Run a command line in the lab host; return its exit status, output and errors."""
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        shell = getattr(self._shell, "executable", None) or "/bin/sh"
        words, environment = self._enter(shell, "-c", to_text(cmd))
        display.vvv(f"EXEC {words}", host=self._host())
        done = self._run(words, environment, input=in_data if in_data is not None else b"")
        return done.returncode, done.stdout, done.stderr

    def put_file(self, in_path, out_path):
        """Copy a file of the controller into the lab host."""
        super().put_file(in_path, out_path)
        if not os.path.exists(to_bytes(in_path)):
            raise AnsibleFileNotFound(f"file or module does not exist: {in_path}")
        # Written from inside: from outside, an absolute symbolic link of the host leads to the controller's own files.
        words, environment = self._enter("/bin/sh", "-c", 'exec cat >"$1"', "put", out_path)
        with open(to_bytes(in_path), "rb") as source:
            done = self._run(words, environment, stdin=source)
        if done.returncode:
            raise AnsibleConnectionFailure(
                f"cannot write {out_path} in lab host {self._host()}: {to_text(done.stderr).strip()}"
            )

    def fetch_file(self, in_path, out_path):
        """Copy a file of the lab host to the controller."""
        super().fetch_file(in_path, out_path)
        words, environment = self._enter("/bin/cat", "--", in_path)
        done = self._run(words, environment, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise AnsibleConnectionFailure(
                f"cannot read {in_path} in lab host {self._host()}: {to_text(done.stderr).strip()}"
            )
        with open(to_bytes(out_path), "wb") as target:
            target.write(done.stdout)

    def _run(self, words, environment, **stdin):
        try:
            return subprocess.run(words, env=environment, capture_output=True, check=False, **stdin)
        except FileNotFoundError as error:
            raise AnsibleConnectionFailure(
                f"{words[0]} is missing on the controller: apt-get install util-linux"
            ) from error

    def reset(self):
        """Forget nothing: each command enters anew."""

    def close(self):
        """End the connection."""
        self._connected = False
