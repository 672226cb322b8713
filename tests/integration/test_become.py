# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tasks in a namespace by the become plugin, beside the same tasks on the host and what `ip netns exec` prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

# Fresh network and mount namespaces with their own /run/netns, /etc/netns and /sys; nothing reaches the machine's.
ISOLATED = (
    "unshare",
    "--net",
    "--mount",
    "--propagation=private",
    "sh",
    "-euc",
    "mkdir -p /run/netns /etc/netns; mount -t tmpfs tmpfs /run/netns; mount -t tmpfs tmpfs /etc/netns;"
    ' mount -t sysfs sysfs /sys; ip link set lo up; ip link add onhost0 type bridge; exec "$@"',
    "isolated",
)
PREPARE: list[dict[str, Any]] = [
    {
        "netloom.overlay.netns": {
            "name": "client1",
            "resolver": {"nameservers": ["10.3.3.3"], "search": ["lab.example"]},
        }
    },
    {"ansible.builtin.command": "ip -n client1 link add inside0 type bridge"},
    {"ansible.builtin.command": "ip -n client1 address add 10.20.1.11/24 dev inside0"},
    {
        "ansible.builtin.shell": "nsenter --net=/run/netns/client1 sleep 200 >/dev/null 2>&1 </dev/null &"
        " printf '%s\\n' $! >/run/netns/box.pid; sleep 0.3"
    },
    {"ansible.builtin.command": "cat /run/netns/box.pid", "register": "box"},
]
# A stand-in for docker, which prints what docker prints. The container box is the process of PREPARE, shared has the
# host's namespace, and restarting has another process at each second look.
DOCKER = r"""#!/bin/sh
[ "$1 $2 $3 $4" = "container inspect --format {{.State.Pid}}" ] || exit 64
case $5 in
    box) cat /run/netns/box.pid ;;
    stopped) echo 0 ;;
    restarting) if rmdir "$0.again"; then cat /run/netns/box.pid; else mkdir "$0.again"; echo $PPID; fi ;;
    shared) echo $PPID ;;
    *) echo; echo "Error response from daemon: No such container: $5" >&2; exit 1 ;;
esac
"""
END = [{"ansible.builtin.command": "kill {{ box.stdout }}"}]


def play(folder: Path, tasks: list[dict[str, Any]], pipelining: bool = True) -> dict[str, dict[str, Any]]:
    """Run tasks after those of PREPARE; give the result of each that has a name."""
    playbook = folder / "play.yml"
    variables = {"ansible_python_interpreter": sys.executable}
    block = {"block": [*PREPARE, *tasks], "always": END}
    source = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": variables, "tasks": [block]}
    playbook.write_text(yaml.safe_dump([source], sort_keys=False))
    environment = {
        **os.environ,
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_PIPELINING": str(pipelining),
        "ANSIBLE_NOCOLOR": "true",
    }
    dump = folder / "results.json"
    environment["ANSIBLE_STDOUT_CALLBACK"] = "results"
    environment["ANSIBLE_CALLBACK_PLUGINS"] = str(folder)
    environment["RESULTS"] = str(dump)
    docker = folder / "bin" / "docker"
    docker.parent.mkdir(exist_ok=True)
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    environment["PATH"] = f"{docker.parent}:{environment['PATH']}"
    (folder / "results.py").write_text(CALLBACK)
    command = [*ISOLATED, str(Path(sys.executable).with_name("ansible-playbook")), str(playbook)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{dump.read_text() if dump.exists() else ''}"
    lines = [json.loads(line) for line in dump.read_text().splitlines()]
    return {name: result for name, result in lines if name}


CALLBACK = '''
import json, os
from ansible.plugins.callback import CallbackBase

class CallbackModule(CallbackBase):
    """Write the result of each task to a file."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "results"

    def write(self, result, **more):
        with open(os.environ["RESULTS"], "a", encoding="utf-8") as out:
            out.write(json.dumps([result._task.name, result._result], default=str) + "\\n")

    v2_runner_on_ok = v2_runner_on_failed = v2_runner_on_unreachable = write
'''


def task(name: str, command: str, netns: str = "", **more: Any) -> dict[str, Any]:
    """Give a task that runs a shell command, on the host or in a namespace."""
    made = {"name": name, "ansible.builtin.shell": command, **more}
    if netns:
        made |= {"become": True, "become_method": "netloom.overlay.netns", "vars": {"ansible_netns": netns}}
    return made


NAMESPACES = {
    "name": "client1",
    "pid": "pid:{{ box.stdout }}",
    "pidfile": "pidfile:/run/netns/box.pid",
    "container": "container:box",
    "docker": "docker:box",
}


@pytest.mark.parametrize("pipelining", [True, False])
def test_tasks_see_the_namespace_and_the_host_does_not(tmp_path: Path, pipelining: bool) -> None:
    look = {"resolver": "cat /etc/resolv.conf", "addresses": "ip -j address", "links": "ls /sys/class/net"}
    places = {"host": "", **NAMESPACES}
    tasks = [task(f"{place} {name}", look[name], netns) for place, netns in places.items() for name in look]
    tasks += [task(f"exec {name}", f"ip netns exec client1 {command}") for name, command in look.items()]
    found = play(tmp_path, tasks, pipelining)

    def told(place: str, name: str) -> str:
        return str(found[f"{place} {name}"]["stdout"])

    # Scenario I8, and that it is what `ip netns exec` gives.
    assert told("name", "resolver") == "nameserver 10.3.3.3\nsearch lab.example" == told("exec", "resolver")
    assert "10.3.3.3" not in told("host", "resolver")
    assert told("host", "resolver") == Path("/etc/resolv.conf").read_text().rstrip("\n")
    # /etc/netns belongs to names.
    assert {told(place, "resolver") for place in NAMESPACES if place != "name"} == {told("host", "resolver")}
    for place in NAMESPACES:
        assert "10.20.1.11" in told(place, "addresses")
        assert {row["ifname"] for row in json.loads(told(place, "addresses"))} == set(told(place, "links").split())
        assert told(place, "links") == told("exec", "links")
        assert "inside0" in told(place, "links")
        assert "onhost0" not in told(place, "links")
    assert "onhost0" in told("host", "links")
    assert "inside0" not in told("host", "links") + told("host", "addresses")


def test_a_module_and_files_and_words(tmp_path: Path) -> None:
    """A module of ours works on the namespace's links; a file, standard input and quotes arrive; async and raw too."""
    into = {"become": True, "become_method": "netloom.overlay.netns", "vars": {"ansible_netns": "client1"}}
    text = """it's "quoted" $HOME `x` | ; * \\n"""
    link = {"name": "made0", "mtu": 1400}
    copied = {"content": text, "dest": str(tmp_path / "copied"), "mode": "0600"}
    words = {"argv": ["printf", "%s", text], "expand_argument_vars": False}
    found = play(
        tmp_path,
        [
            {"name": "made", "netloom.overlay.bridge_link": link, **into},
            {"name": "again", "netloom.overlay.bridge_link": link, **into},
            task("inside", "ip -j -n client1 link show made0"),
            task("host", "ip -j link show made0", failed_when=False),
            {"name": "copy", "ansible.builtin.copy": copied, **into},
            {"name": "words", "ansible.builtin.command": words, **into},
            task("stdin", "cat", "client1", args={"stdin": text, "stdin_add_newline": False}),
            task("late", "ls /sys/class/net", "client1", **{"async": 20, "poll": 1}),
            {"name": "raw", "ansible.builtin.raw": "ls /sys/class/net", **into},
            task("status", "exit 7", "client1", failed_when=False),
        ],
    )
    assert (found["made"]["changed"], found["again"]["changed"]) == (True, False)
    assert json.loads(found["inside"]["stdout"])[0]["mtu"] == 1400
    assert found["host"]["rc"] == 1
    assert (tmp_path / "copied").read_text() == text
    assert found["words"]["stdout"] == found["stdin"]["stdout"] == text
    assert "made0" in found["late"]["stdout"].split()
    assert "made0" in found["raw"]["stdout"].split()
    assert found["status"]["rc"] == 7


@pytest.mark.parametrize("pipelining", [True, False])
def test_what_cannot_be_entered_is_told_in_one_sentence(tmp_path: Path, pipelining: bool) -> None:
    more = {"ignore_errors": True}
    wrong = {
        "gone": ("gone", 'netns gone: Cannot open network namespace "gone": No such file or directory'),
        "pid": ("pid:99999999", "netns pid:99999999: nsenter: cannot open /proc/99999999/ns/net"),
        "file": ("pidfile:/run/none.pid", "netns pidfile:/run/none.pid: cat: /run/none.pid: No such file or directory"),
        "slash": ("a/b", "netns a/b: 'a/b' cannot name a namespace"),
        "none": (
            "container:nope",
            "netns container:nope: there is no such container (docker: Error response from daemon: No such container: "
            "nope)",
        ),
        "stopped": ("docker:stopped", "netns docker:stopped: the container is not running (docker knows it)"),
        "runtime": ("lxc:box", "netns lxc:box: no container runtime is there to ask"),
        "shared": ("container:shared", "netns container:shared: the container has no network namespace of its own"),
        "race": (
            "docker:restarting",
            "netns docker:restarting: its process ended while its namespace was opened",
        ),
        "word": ("docker:-x", "netns docker:-x: '-x' cannot name a container"),
    }
    ran = tmp_path / "ran"
    tasks = [task(name, f"touch {ran}-{name}", netns, **more) for name, (netns, _reason) in wrong.items()]
    tasks.append({**task("user", f"touch {ran}-user", "client1", **more), "become_user": "daemon"})
    tasks.append({**task("unnamed", f"touch {ran}-unnamed", "client1", **more), "vars": {}})
    for number, row in enumerate(tasks):
        row["register"] = f"result{number}"
    failed = [f"result{number} is failed" for number in range(len(tasks))]
    tasks.append({**task("control", f"touch {ran}-control", "client1"), "become_user": "root"})
    tasks.append({"ansible.builtin.assert": {"that": failed}})
    found = play(tmp_path, tasks, pipelining)
    for name, (_netns, reason) in wrong.items():
        assert reason in found[name]["msg"]
        assert "\n" not in found[name]["msg"]
        assert "deserialization" not in json.dumps(found[name])
    assert "become_user is daemon, but tasks in a namespace run as root" in found["user"]["msg"]
    assert "set the variable ansible_netns" in found["unnamed"]["msg"]
    assert [path.name for path in tmp_path.glob("ran-*")] == ["ran-control"]


def test_root_as_connection_user_and_become_user_still_enters(tmp_path: Path) -> None:
    """Ansible leaves other become plugins out when both users are the same one."""
    entered = task("entered", "ls /sys/class/net", "client1")
    entered["vars"] |= {"ansible_user": "root", "ansible_become_user": "root"}
    found = play(tmp_path, [{**entered, "remote_user": "root", "become_user": "root"}])
    assert "inside0" in found["entered"]["stdout"].split()
