# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command of the become plugin, run by a shell with stand-ins for ip, nsenter, unshare, mount, sudo and id."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.plugins.loader import shell_loader

# Each stand-in writes its name and words on a line of the log, and runs the words after those that are its own.
STAND_INS = {
    "ip": '[ "$3" != gone ] || { echo "Cannot open network namespace \\"gone\\": No such" >&2; exit 255; }; shift 3',
    "nsenter": "shift 4",
    "unshare": "shift 4",
    "umount": "exit 0",
    "mount": "exit 0",
    "sudo": "shift 2",
    "id": "echo ${UID_TOLD:-0}; exit 0",
}


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """Give a folder with the stand-ins."""
    for name, code in STAND_INS.items():
        path = tmp_path / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" | head -1 >>"$LOG"\n{code}\nexec "$@"\n')
        path.chmod(0o755)
    return tmp_path


def build(loader: Any, cmd: str, executable: str | None = "/bin/sh", **options: object) -> str:
    """Give what the plugin makes of a command."""
    plugin = loader.get("netloom.overlay.netns")
    plugin.set_options(direct=options)
    shell = shell_loader.get("sh")
    shell.executable = executable
    return str(plugin.build_become_command(cmd, shell))


def play(host: Path, command: str, stdin: str = "", uid: int = 0) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run a command as Ansible does; give what came of it and the log of the stand-ins, without id."""
    log = host / "log"
    log.write_text("")
    environment = {**os.environ, "PATH": f"{host}:{os.environ['PATH']}", "LOG": str(log), "UID_TOLD": str(uid)}
    done = subprocess.run(
        ["sh", "-c", command], input=stdin, text=True, capture_output=True, check=False, timeout=20, env=environment
    )
    return done, [line for line in log.read_text().splitlines() if not line.startswith("id")]


@pytest.mark.parametrize("executable", ["/bin/sh", None])
def test_words_and_standard_input_arrive_unchanged(loader: Any, host: Path, executable: str | None) -> None:
    text = """it's "so" $HOME `x` \\n * ; | é"""
    quoted = "'" + text.replace("'", "'\"'\"'") + "'"
    command = build(loader, f"printf '%s\\n' {quoted}; cat", executable, netns="client1")
    done, log = play(host, command, "the module\n")
    assert done.returncode == 0, done.stderr
    mark, *rest = done.stdout.splitlines()
    assert mark.startswith("BECOME-SUCCESS-")
    assert rest == [text, "the module"]
    assert log[0] == "ip netns exec client1 true"
    assert log[1].startswith("ip netns exec client1 /bin/sh -c echo BECOME-SUCCESS-")
    assert len(log) == 2


def test_exit_status_arrives(loader: Any, host: Path) -> None:
    assert play(host, build(loader, "exit 7", netns="client1"))[0].returncode == 7


@pytest.mark.parametrize("name", ["client1", "container:z", "host"])
def test_path_of_a_name(loader: Any, host: Path, name: str) -> None:
    """The only way to call one whose name says another namespace."""
    done, log = play(host, build(loader, "echo done", netns=f"/run/netns/{name}"))
    assert done.stdout.endswith("\ndone\n"), done.stderr
    assert log[0] == f"ip netns exec {name} true"
    assert log[1].startswith(f"ip netns exec {name} /bin/sh -c ")


@pytest.mark.parametrize("netns", ["pid:4711", "pidfile"])
def test_process(loader: Any, host: Path, netns: str) -> None:
    file = host / "box one.pid"
    file.write_text("4711\n")
    done, log = play(host, build(loader, "echo done", netns=netns if ":" in netns else f"pidfile:{file}"))
    assert done.stdout.endswith("\ndone\n"), done.stderr
    assert log[4].startswith("nsenter -t 4711 -n -- unshare -m --propagation slave -- /bin/sh -c ")
    assert log[5].startswith("unshare -m --propagation slave -- /bin/sh -c ")
    assert log[6:] == ["umount -l /sys", "mount -t sysfs sysfs /sys"]


@pytest.mark.parametrize(
    ("root", "uid", "sudo"),
    [("auto", 0, False), ("auto", 1000, True), ("always", 0, True), ("never", 1000, False)],
)
def test_root(loader: Any, host: Path, root: str, uid: int, sudo: bool) -> None:
    done, log = play(host, build(loader, "echo done", netns="client1", root=root), uid=uid)
    assert done.stdout.endswith("\ndone\n"), done.stderr
    assert (log[0] == "sudo -H -n ip netns exec client1 true") is sudo
    assert (log[0] == "ip netns exec client1 true") is not sudo


def test_become_exe_and_flags(loader: Any, host: Path) -> None:
    (host / "doas").write_text((host / "sudo").read_text().replace("sudo", "doas").replace("shift 2", "shift"))
    (host / "doas").chmod(0o755)
    options = {"netns": "client1", "root": "always", "become_exe": "doas", "become_flags": "-n"}
    done, log = play(host, build(loader, "echo done", **options))
    assert done.stdout.endswith("\ndone\n"), done.stderr
    assert log[0] == "doas -n ip netns exec client1 true"


def test_reason_is_a_modules_result(loader: Any, host: Path) -> None:
    done, log = play(host, build(loader, "echo done", netns="gone"))
    assert done.returncode == 1
    message = 'netns gone: Cannot open network namespace "gone": No such'
    mark, result = done.stdout.splitlines()
    assert mark.startswith("BECOME-SUCCESS-")  # or connections take it for a wrong password
    assert json.loads(result) == {"failed": True, "msg": message}
    assert done.stderr == message + "\n"
    assert log == ["ip netns exec gone true"]


@pytest.mark.parametrize(("text", "reason"), [(None, "No such file or directory"), ("none\n", "no process number")])
def test_pidfile_without_a_process(loader: Any, host: Path, text: str | None, reason: str) -> None:
    file = host / "box.pid"
    if text:
        file.write_text(text)
    done, log = play(host, build(loader, "echo done", netns=f"pidfile:{file}"))
    assert done.returncode == 1
    message = json.loads(done.stdout.splitlines()[1])["msg"]
    assert message.startswith(f"netns pidfile:{file}: ")
    assert reason in message
    assert log == []


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "set the variable ansible_netns"),
        ({"netns": "a/b"}, "'a/b' cannot name a namespace"),
        ({"netns": "-all"}, "'-all' cannot name a namespace"),
        ({"netns": "host"}, "'host' cannot name a namespace"),
        ({"netns": "pid:0"}, "'0' is not a process number"),
        ({"netns": "pid:self"}, "'self' is not a process number"),
        ({"netns": "pidfile:box.pid"}, "must begin with /"),
        ({"netns": "container:"}, "'' cannot name a container"),
        ({"netns": "docker:a;b"}, "'a;b' cannot name a container"),
        ({"netns": "client1", "run_as": "daemon"}, "become_user is daemon, but tasks in a namespace run as root"),
    ],
)
def test_refused(loader: Any, options: dict[str, object], reason: str) -> None:
    assert build(loader, "true", netns="client1", run_as="root")  # the control
    with pytest.raises(AnsibleError, match=reason):
        build(loader, "true", **options)


def test_never_left_out_for_the_same_user(loader: Any) -> None:
    """Ansible leaves a plugin out whose become_user is the connection's user."""
    plugin = loader.get("netloom.overlay.netns")
    plugin.set_options(task_keys={"become_user": "root"})
    assert plugin.get_option("become_user") is None
    assert plugin.get_option("run_as") == "root"
