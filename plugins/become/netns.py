# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run tasks inside a network namespace."""

from __future__ import annotations

DOCUMENTATION = r"""
name: netns
short_description: Run tasks inside a network namespace
version_added: 0.1.0
description:
  - Runs any task of any module inside a network namespace of the host, over any connection.
  - In a named namespace the task sees the files of C(/etc/netns/NAME), such as its resolver, and a C(/sys) with the
    namespace's links, as with C(ip netns exec).
  - In the namespace of a process or container the task sees such a C(/sys) too. The resolver is the host's, because
    C(/etc/netns) is only for named namespaces. The file system is always the host's, not that of a container.
  - Tasks run as root. If the connection's user is not root, the plugin prepends C(sudo). C(sudo) must not ask for a
    password.
  - If the plugin cannot enter the namespace, the task fails with the reason, and its module does not start.
author:
  - The netloom.overlay contributors (@netloom)
notes:
  - Mounts of a task end with the task, because they are in its own mount namespace.
  - The host needs C(ip) for named namespaces, and C(nsenter), C(unshare) and C(mount) for processes and containers.
options:
  netns:
    description:
      - The network namespace. The namespace must exist.
      - A name (below C(/run/netns), as made by C(ip netns)), V(pid:N) for the namespace of process N, V(pidfile:PATH)
        for the process whose number is in a file of the host, or V(container:NAME) for a container. A path below
        C(/run/netns) is the same as the name. A name that reads as another form needs its path
        (V(/run/netns/container:z)).
      - The plugin asks the host's C(docker), C(podman), C(nerdctl), C(crictl), C(lxc-info) and C(machinectl) for a
        container, in this order. V(docker:NAME), V(podman:NAME), V(nerdctl:NAME), V(crictl:ID), V(lxc:NAME) and
        V(machine:NAME) ask only one runtime.
    type: str
    ini:
      - section: netns_become_plugin
        key: netns
    vars:
      - name: ansible_netns
    env:
      - name: ANSIBLE_NETNS
  root:
    description: Whether to prepend O(become_exe) to become root.
    type: str
    default: auto
    choices:
      auto: Prepend it if the connection's user is not root, as detected on the host.
      always: Always prepend it.
      never: Never prepend it.
    ini:
      - section: netns_become_plugin
        key: root
    vars:
      - name: ansible_netns_root
    env:
      - name: ANSIBLE_NETNS_ROOT
  become_exe:
    description: The command that runs another command as root.
    type: str
    default: sudo
    ini:
      - section: privilege_escalation
        key: become_exe
      - section: netns_become_plugin
        key: executable
    vars:
      - name: ansible_become_exe
      - name: ansible_netns_exe
    env:
      - name: ANSIBLE_BECOME_EXE
      - name: ANSIBLE_NETNS_EXE
    keyword:
      - name: become_exe
  become_flags:
    description: Options of O(become_exe), separated by spaces.
    type: str
    default: -H -n
    ini:
      - section: privilege_escalation
        key: become_flags
      - section: netns_become_plugin
        key: flags
    vars:
      - name: ansible_become_flags
      - name: ansible_netns_flags
    env:
      - name: ANSIBLE_BECOME_FLAGS
      - name: ANSIBLE_NETNS_FLAGS
    keyword:
      - name: become_flags
  run_as:
    description: The user of tasks. Only V(root) is accepted.
    type: str
    default: root
    vars:
      - name: ansible_become_user
    keyword:
      - name: become_user
"""

EXAMPLES = r"""
- name: Run tasks in namespaces
  hosts: node1
  tasks:
    - name: Read the resolver that programs in client1 see
      ansible.builtin.command:
        cmd: cat /etc/resolv.conf
      changed_when: false
      become: true
      become_method: netloom.overlay.netns
      vars:
        ansible_netns: client1

    - name: Wait for a service, as a container's process would
      ansible.builtin.wait_for:
        host: 10.20.1.1
        port: 80
      become: true
      become_method: netloom.overlay.netns
      vars:
        ansible_netns: pidfile:/run/box1.pid
"""

import shlex
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.become import BecomeBase

from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.objects import netns_reference as containers
from ansible_collections.netloom.overlay.plugins.plugin_utils.text import one_line

# Runs on the host: sh -c ENTER netns MARK ROOT COMMAND KIND TARGET NETNS WORD...
# The namespace is tried first with `true`, as only then is there a reason to tell. Ansible takes what a module prints
# for its result, so the reason is printed as one. The mark comes first: without it connections (local, of ansible-core
# 2.19) wrap the reason in a complaint of their own. A module comes by standard input, which `true` must not eat.
# For a process, /sys is mounted as netns_switch() of iproute2 (lib/namespace.c, 6.1) does it for a name.
# A container's namespace is found by FIND, as root: not everybody may ask a runtime.
ENTER = r"""
set -f
mark=$1 root=$2 become=$3 kind=$4 target=$5 netns=$6 find=$7
shift 7
within="umount -l /sys 2>/dev/null; mount -t sysfs sysfs /sys && exec \"\$@\" 8<&- 9<&-"
fail() {
    reason=$(printf "%s" "netns $netns: $1" | tr "\n\t\r" "   ")
    printf "%s\n" "$reason" >&2
    printf "%s\n" "$mark"
    printf "{\"failed\": true, \"msg\": \"%s\"}\n" "$(printf "%s" "$reason" | sed "s/[\\\\\"]/\\\\&/g")"
    exit 1
}
case $root in
    auto) if [ "$(id -u)" = 0 ]; then become=; fi ;;
    never) become= ;;
esac
enter() {
    if [ "$kind" = name ]; then
        $become ip netns exec "$target" "$@"
    elif [ "$kind" = container ]; then
        $become /bin/sh -c "$find" netns "$target" "$within" "$@"
    else
        $become nsenter -t "$target" -n -- unshare -m --propagation slave -- /bin/sh -c "$within" netns "$@"
    fi
}
if [ "$kind" = pidfile ]; then
    target=$($become cat -- "$target" 2>&1 </dev/null) || fail "$target"
    target=${target%%[!0-9]*}
    [ -n "$target" ] || fail "no process number stands in the file"
fi
why=$(enter true 2>&1 </dev/null) || fail "$why"
enter "$@"
"""

# Runs on the host as root: sh -c FIND netns CONTAINER WITHIN WORD... As host/containers.py, it opens the folder
# of the process and through it the namespace, and then asks again, so that a process number that is used again leads
# nowhere.
FIND = r"""
name=$1 within=$2
shift 2
no() { printf "%s\n" "$1" >&2; exit 1; }
try() {
    command -v "$1" >/dev/null 2>&1 || return 1
    if pid=$("$@" 2>/dev/null </dev/null); then
        case $pid in
            ""|0|"<no value>") no "the container is not running ($1 knows it)" ;;
            *[!0-9]*) ;;
            *) return 0 ;;
        esac
    fi
    said="$said${said:+; }$1: $("$@" 2>&1 >/dev/null </dev/null)"
    return 1
}
ask() {
    said=
    RUNTIMES
    [ -n "$said" ] || no "no container runtime is there to ask"
    no "there is no such container ($said)"
}
ask
first=$pid
exec 8<"/proc/$pid" 9</proc/self/fd/8/ns/net
ask
[ "$pid" = "$first" ] && read -r _stat </proc/self/fd/8/stat || no "its process ended while its namespace was opened"
[ "$(readlink /proc/self/fd/9)" != "$(readlink /proc/self/ns/net)" ] ||
    no "the container has no network namespace of its own, it shares the host"
exec nsenter --net=/proc/self/fd/9 -- unshare -m --propagation slave -- /bin/sh -c "$within" netns "$@"
"""


def find(netns: str) -> str:
    """Give the script that finds a container's namespace, with the runtimes to ask; nothing where none is meant."""
    called = containers.parse(netns)
    if called is None or not called.runtimes:
        return ""
    lines = [f'try {shlex.join(runtime.words)} "$name" && return' for runtime in called.runtimes]
    return FIND.replace("RUNTIMES", "\n    ".join(lines))


def parse(netns: str) -> tuple[str, str]:
    """Give the kind (name, pid, pidfile or container) and the target of a namespace.

    Raise AnsibleError for what names none.
    """
    try:
        called = containers.parse(netns)
    except ValueError as why:
        raise AnsibleError(one_line(f"netns {why}")) from None
    if called is not None:
        return "container" if called.runtimes else called.word, called.target
    try:
        file = containers.file_of(netns)
    except ValueError as why:
        raise AnsibleError(one_line(f"netns {netns}: {why}")) from None
    if file is not None:
        return "name", file
    if netns == "host" or netns in {".", ".."} or "/" in netns or netns.startswith("-"):
        raise AnsibleError(one_line(f"netns {netns}: {netns!r} cannot name a namespace"))
    return "name", netns


class BecomeModule(BecomeBase):
    """Enter a network namespace, as root.

    There is no option ``become_user``: where it is the connection's user, Ansible leaves the become plugin out
    (``ActionBase._low_level_execute_command``), and the task would run on the host. What the user asks for is
    ``run_as``.
    """

    name = "netloom.overlay.netns"

    def build_become_command(self, cmd: str, shell: Any) -> str:
        """Give the command that runs another one in the namespace; raise AnsibleError for a wrong option."""
        super().build_become_command(cmd, shell)
        if not cmd:
            return cmd
        netns = str(self.get_option("netns") or "")
        if not netns:
            raise AnsibleError("no network namespace is named to run the task in: set the variable ansible_netns")
        kind, target = parse(netns)
        user = self.get_option("run_as")
        if user not in {None, "", "root"}:
            raise AnsibleError(one_line(f"netns {netns}: become_user is {user}, but tasks in a namespace run as root"))
        become = f"{self.get_option('become_exe') or 'sudo'} {self.get_option('become_flags') or ''}".strip()
        words = ["/bin/sh", "-c", ENTER, "netns", self.success, self.get_option("root"), become]
        words += [kind, target, netns, find(netns)]
        inner = self._build_success_command(cmd, shell)
        if not getattr(shell, "executable", None):
            inner = f"/bin/sh -c {inner}"
        return f"{shlex.join(words)} {inner}"
