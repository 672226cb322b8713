# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Call namespaces by container and by process. Runtimes are stood in for: commands that print what the real ones do.

What docker 24, podman 4.3, nerdctl 1.7, crictl 1.26, lxc-info 5.0 and machinectl 252 print was taken from podman itself
and from the sources of the others.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.kernel.host import containers
from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

# $1 and on as the real command takes them; the last word is the container. State: a file per container with its PID.
STAND_INS = {
    "docker": r"""
[ "$1 $2 $3 $4" = "container inspect --format {{.State.Pid}}" ] || exit 64
if [ -f "$STATE/docker/$5" ]; then cat "$STATE/docker/$5"; exit 0; fi
echo; echo "Error response from daemon: No such container: $5" >&2; exit 1
""",
    "podman": r"""
[ "$1 $2 $3 $4" = "container inspect --format {{.State.Pid}}" ] || exit 64
if [ -f "$STATE/podman/$5" ]; then cat "$STATE/podman/$5"; exit 0; fi
echo; echo "Error: inspecting object: no such container $5" >&2; exit 125
""",
    "nerdctl": r"""
[ "$1 $2 $3 $4" = "container inspect --format {{.State.Pid}}" ] || exit 64
if [ -f "$STATE/nerdctl/$5" ]; then cat "$STATE/nerdctl/$5"; exit 0; fi
echo "time=\"2024-01-01T00:00:00Z\" level=fatal msg=\"1 errors: [no such object $5]\"" >&2; exit 1
""",
    "crictl": r"""
[ "$1 $2 $3 $4 $5" = "inspect --output go-template --template {{.info.pid}}" ] || exit 64
if [ -f "$STATE/crictl/$6" ]; then cat "$STATE/crictl/$6"; exit 0; fi
echo "FATA[0000] getting the status of the container \"$6\": rpc error: code = NotFound desc = not found" >&2; exit 1
""",
    "lxc-info": r"""
[ "$1 $2 $3" = "-p -H -n" ] || exit 64
if [ -f "$STATE/lxc/$4" ]; then cat "$STATE/lxc/$4"; exit 0; fi
echo "$4 doesn't exist" >&2; exit 1
""",
    "machinectl": r"""
[ "$1 $2 $3 $4" = "show -p Leader --value" ] || exit 64
if [ -f "$STATE/machine/$5" ]; then cat "$STATE/machine/$5"; exit 0; fi
echo "Could not get path to machine: No machine '$5' known" >&2; exit 1
""",
}
#: What a runtime prints of a container that it knows and that does not run. machinectl knows running ones alone.
STOPPED = {"docker": "0\n", "podman": "0\n", "nerdctl": "0\n", "crictl": "<no value>\n", "lxc": ""}
COMMANDS = {"lxc": "lxc-info", "machine": "machinectl"}
RUNTIMES = ("docker", "podman", "nerdctl", "crictl", "lxc", "machine")


class Runtimes:
    """Stand-ins for container runtimes, and processes that stand for their containers."""

    def __init__(self, folder: Path) -> None:
        self.bin, self.state = folder / "bin", folder / "state"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.bin.mkdir(parents=True)
        self.state.mkdir()

    def install(self, *names: str) -> None:
        """Put the commands of runtimes on the path."""
        for name in names:
            command = COMMANDS.get(name, name)
            (self.state / name).mkdir(exist_ok=True)
            (self.bin / command).write_text(f"#!/bin/sh\nSTATE={self.state}\n{STAND_INS[command].lstrip()}")
            (self.bin / command).chmod(0o755)

    def process(self, own: bool = True) -> int:
        """Start a process in a network namespace of its own, or in the caller's; return its number."""
        unshare = ["unshare", "--net"] if own else []
        process = subprocess.Popen([*unshare, "sh", "-c", "echo; exec sleep 300"], stdout=subprocess.PIPE)
        assert process.stdout is not None
        with process.stdout:
            process.stdout.readline()  # it is in its namespace now
        self.processes.append(process)
        return process.pid

    def run(self, runtime: str, name: str, own: bool = True) -> int:
        """Start a container."""
        pid = self.process(own)
        (self.state / runtime / name).write_text(f"{pid}\n")
        return pid

    def end(self) -> None:
        """End all processes."""
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def runtimes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtimes]:
    """Give stand-ins; no other command of that name can be found."""
    found = Runtimes(tmp_path / "runtimes")
    folders = [folder for folder in os.environ["PATH"].split(":") if folder]
    tools = tmp_path / "tools"
    tools.mkdir()
    real = {COMMANDS.get(name, name) for name in RUNTIMES}
    for folder in reversed(folders):
        for tool in os.scandir(folder) if os.path.isdir(folder) else ():
            link = tools / tool.name
            if tool.name not in real:
                link.unlink(missing_ok=True)
                link.symlink_to(tool.path)
    monkeypatch.setenv("PATH", f"{found.bin}:{tools}")
    yield found
    found.end()


def inside(pid: int, *words: str) -> str:
    """Return what a command prints in the namespace of a process."""
    words = ("nsenter", "-t", str(pid), "-n", *words)
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=30).stdout


Apply = Callable[..., Any]


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("word", ["container", "its own"])
def test_link_in_a_container(apply: Apply, runtimes: Runtimes, runtime: str, word: str) -> None:
    runtimes.install(runtime)
    pid = runtimes.run(runtime, "web")
    called = f"{runtime if word == 'its own' else 'container'}:web"
    config = f"links: [{{name: w0, kind: veth, peer: {{name: eth0, netns: '{called}', addresses: [10.0.0.2/24]}}}}]"
    report = apply(config)
    assert "inet 10.0.0.2/24" in inside(pid, "ip", "addr", "show", "dev", "eth0")
    assert any("web)" in command for command in report.commands)
    assert apply(config).commands == []
    bridge = f"links: [{{name: br0, kind: bridge, netns: '{called}'}}]"
    apply(bridge)
    assert "br0" in inside(pid, "ip", "-br", "link")
    apply(bridge.replace("kind: bridge", "state: absent"))
    assert "br0" not in inside(pid, "ip", "-br", "link")


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_every_way_to_name_a_namespace_takes_a_container(apply: Apply, runtimes: Runtimes, runtime: str) -> None:
    runtimes.install(runtime)
    pid = runtimes.run(runtime, "web")
    called = f"{runtime}:web"
    config = {
        "links": [{"name": "w0", "kind": "veth", "netns": called, "peer": {"name": "w1", "netns": "host"}}],
        "addresses": [{"address": "10.0.0.2/24", "dev": "w0", "netns": called}],
        "routes": [{"dst": "10.1.0.0/24", "via": "10.0.0.1", "netns": called}],
        "neighbors": [{"dst": "10.0.0.1", "dev": "w0", "mac": "02:00:00:00:00:01", "netns": called}],
        "sysctls": [{"dev": "w0", "name": "ipv4.proxy_arp", "value": 1, "netns": called}],
    }
    apply(config)
    assert "10.0.0.2/24" in inside(pid, "ip", "addr")
    assert "10.1.0.0/24 via 10.0.0.1" in inside(pid, "ip", "route")
    assert "02:00:00:00:00:01" in inside(pid, "ip", "neigh")
    assert inside(pid, "cat", "/proc/sys/net/ipv4/conf/w0/proxy_arp") == "1\n"
    assert apply(config).commands == []


@pytest.mark.needs_kind("vxlan")
def test_tunnel_whose_socket_stays_in_a_container(apply: Apply, runtimes: Runtimes) -> None:
    runtimes.install("docker")
    pid = runtimes.run("docker", "gw")
    config = "links: [{name: red, kind: vxlan, vni: 5, dstport: 4789, local: 127.0.0.1, link_netns: 'container:gw'}]"
    apply(config)
    assert ":4789" in inside(pid, "ss", "-Huln")
    assert ":4789" not in subprocess.run(["ss", "-Huln"], capture_output=True, text=True, check=True).stdout
    assert apply(config).commands == []


def test_two_names_of_one_namespace_are_one(apply: Apply, runtimes: Runtimes) -> None:
    runtimes.install("docker")
    pid = runtimes.run("docker", "web")
    apply("links: [{name: br0, kind: bridge, netns: 'container:web'}]")
    assert apply(f"links: [{{name: br0, kind: bridge, netns: 'pid:{pid}'}}]").commands == []
    with pytest.raises(Refused, match="br0 in netns docker:web: is in the desired state twice"):
        apply(
            "links: [{name: br0, kind: bridge, netns: 'container:web'}, "
            f"{{name: br0, kind: bridge, netns: 'pid:{pid}'}}]"
        )


def test_gathered_of_a_container_is_told_by_its_name(runtimes: Runtimes, apply: Apply) -> None:
    from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Engine

    runtimes.install("docker", "podman")
    pid = runtimes.run("podman", "web")
    inside(pid, "ip", "link", "add", "br9", "type", "bridge")
    config = Engine().gather(["container:web"])
    assert [(link["name"], link["netns"]) for link in config["links"]] == [("br9", "podman:web"), ("lo", "podman:web")]
    assert apply(config).commands == []


def test_first_runtime_that_knows_the_name_has_it(runtimes: Runtimes) -> None:
    runtimes.install("docker", "podman")
    second, first = runtimes.run("podman", "web"), runtimes.run("docker", "web")
    assert containers.find("container:web") == ("docker:web", first)
    assert containers.find("podman:web") == ("podman:web", second)
    (runtimes.state / "docker" / "web").unlink()
    assert containers.find("container:web") == ("podman:web", second)


@pytest.mark.parametrize("runtime", sorted(STOPPED))
def test_container_that_does_not_run_is_refused(apply: Apply, runtimes: Runtimes, runtime: str) -> None:
    runtimes.install(runtime)
    (runtimes.state / runtime / "web").write_text(STOPPED[runtime])
    command = COMMANDS.get(runtime, runtime)
    sentence = rf"br0: netns: container:web: the container is not running \({command} knows it\)"
    with pytest.raises(Refused, match=sentence):
        apply("links: [{name: br0, kind: bridge, netns: 'container:web'}]")


def test_container_that_no_runtime_knows_is_refused_with_their_words(apply: Apply, runtimes: Runtimes) -> None:
    runtimes.install(*RUNTIMES)
    with pytest.raises(Refused) as refused:
        apply("links: [{name: br0, kind: bridge, netns: 'container:web'}]")
    for words in (
        "br0: netns: container:web: there is no such container (",
        "docker: Error response from daemon: No such container: web",
        "podman: Error: inspecting object: no such container web",
        "lxc-info: web doesn't exist",
        "machinectl: Could not get path to machine: No machine 'web' known",
    ):
        assert words in str(refused.value)


def test_no_runtime_to_ask(apply: Apply, runtimes: Runtimes) -> None:
    with pytest.raises(Refused, match=r"container:web: no container runtime is there to ask \(looked for docker, pod"):
        apply("links: [{name: br0, kind: bridge, netns: 'container:web'}]")
    with pytest.raises(Refused, match=r"podman:web: no container runtime is there to ask \(looked for podman\)"):
        apply("links: [{name: br0, kind: bridge, netns: 'podman:web'}]")


def test_runtime_that_cannot_answer_is_passed_over(runtimes: Runtimes) -> None:
    runtimes.install("docker", "podman")
    down = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
    (runtimes.bin / "docker").write_text(f"#!/bin/sh\necho '{down}' >&2\nexit 1\n")
    pid = runtimes.run("podman", "web")
    assert containers.find("container:web") == ("podman:web", pid)
    with pytest.raises(ValueError, match=r"docker:web: there is no such .*docker: Cannot connect to the Docker"):
        containers.find("docker:web")


def test_runtime_that_does_not_answer(runtimes: Runtimes, monkeypatch: pytest.MonkeyPatch) -> None:
    runtimes.install("docker")
    (runtimes.bin / "docker").write_text("#!/bin/sh\nexec sleep 30\n")
    monkeypatch.setattr(containers, "PATIENCE", 0.2)
    with pytest.raises(ValueError, match=r"no answer within 0\.2 s"):
        containers.find("docker:web")


def test_container_on_the_host_network_is_refused(apply: Apply, runtimes: Runtimes) -> None:
    runtimes.install("docker")
    runtimes.run("docker", "web", own=False)
    with pytest.raises(Refused, match="the container has no network namespace of its own, it shares the host's"):
        apply("links: [{name: br0, kind: bridge, netns: 'container:web'}]")


@pytest.mark.parametrize(
    ("called", "reason"),
    [
        ("container:", "'' cannot name a container"),
        ("container:-f", "'-f' cannot name a container"),
        ("docker:a b", "'a b' cannot name a container"),
        ("lxc:a;b", "'a;b' cannot name a container"),
        ("pid:x", "'x' is not a process number"),
        ("pid:0", "'0' is not a process number"),
        ("pidfile:run/x.pid", "the path of the file must begin with /"),
        ("pidfile:/nowhere.pid", "pidfile /nowhere.pid: No such file or directory"),
    ],
)
def test_words_that_call_nothing(apply: Apply, runtimes: Runtimes, called: str, reason: str) -> None:
    runtimes.install(*RUNTIMES)
    with pytest.raises(Refused) as refused:
        apply({"links": [{"name": "br0", "kind": "bridge", "netns": called}]})
    assert str(refused.value).startswith("br0: netns: ")
    assert str(refused.value).endswith(reason)


def test_number_that_came_to_be_another_process_leads_nowhere(runtimes: Runtimes) -> None:
    """The container ends after it was asked for, and another process has its number: the second answer tells."""
    runtimes.install("docker")
    pid, other = runtimes.run("docker", "web"), runtimes.process()
    # The first answer is that of the time before: the number of what is another process by now. Then the truth.
    (runtimes.bin / "docker").write_text(
        f"#!/bin/sh\nif [ ! -e {runtimes.state}/asked ]; then touch {runtimes.state}/asked; echo {other}; exit; fi\n"
        f"echo {pid}\n"
    )
    name, fd = containers.open_netns("container:web")
    try:
        assert name == "docker:web"
        assert os.fstat(fd).st_ino == os.stat(f"/proc/{pid}/ns/net").st_ino
        assert os.fstat(fd).st_ino != os.stat(f"/proc/{other}/ns/net").st_ino, "the positive control"
    finally:
        os.close(fd)


def test_container_that_is_started_again_and_again_is_given_up(runtimes: Runtimes) -> None:
    runtimes.install("docker")
    first, second = runtimes.process(), runtimes.process()
    count = f"n=$(cat {runtimes.state}/n 2>/dev/null || echo 0); echo $((n + 1)) >{runtimes.state}/n"
    (runtimes.bin / "docker").write_text(
        f"#!/bin/sh\n{count}\nif [ $((n % 2)) = 0 ]; then echo {first}; else echo {second}; fi\n"
    )
    with pytest.raises(ValueError, match="its process ended while its namespace was opened, 3 times"):
        containers.open_netns("container:web")


def test_process_that_ended_but_was_not_waited_for_has_no_namespace(runtimes: Runtimes) -> None:
    process = subprocess.Popen(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    with pytest.raises(ValueError, match=f"pid:{process.pid}: "):
        containers.open_netns(f"pid:{process.pid}")
    process.wait()


def test_open_namespaces_do_not_leak(runtimes: Runtimes, apply: Apply) -> None:
    runtimes.install("docker")
    runtimes.run("docker", "web")
    apply("links: [{name: br0, kind: bridge, netns: 'container:web'}]")
    before = len(os.listdir("/proc/self/fd"))
    for _again in range(5):
        apply("links: [{name: br0, kind: bridge, netns: 'container:web'}]")
        with pytest.raises(Refused):
            apply("links: [{name: br0, kind: bridge, netns: 'container:nope'}]")
    assert len(os.listdir("/proc/self/fd")) == before


def test_command_names_the_runtime_that_knows_the_container(apply: Apply, runtimes: Runtimes) -> None:
    runtimes.install("docker", "lxc")
    runtimes.run("lxc", "web")
    config = "netns: [{name: web, attach: 'container:web'}]"
    assert apply(config).commands == ["ip netns attach web $(lxc-info -p -H -n web)"]
    assert apply(config).commands == []
    file = runtimes.state / "web.pid"
    file.write_text(f"{runtimes.process()}\n")
    report = apply(f"netns: [{{name: web2, attach: 'pidfile:{file}'}}]")
    assert report.commands == [f"ip netns attach web2 {file.read_text().strip()}"]


def test_attached_name_follows_a_container_that_is_started_again(apply: Apply, runtimes: Runtimes) -> None:
    runtimes.install("docker")
    first = runtimes.run("docker", "web")
    config = {
        "netns": [{"name": "web", "attach": "container:web"}],
        "links": [{"name": "w0", "kind": "veth", "peer": {"name": "eth0", "netns": "web"}}],
    }
    report = apply(config)
    assert report.commands[0] == ("ip netns attach web $(docker container inspect --format '{{.State.Pid}}' web)")
    assert "eth0" in inside(first, "ip", "-br", "link")
    assert apply(config).commands == []
    second = runtimes.run("docker", "web")
    with pytest.raises(Refused, match=r"netns web: attach: the name stands for another namespace \(net:\[\d+\] -> doc"):
        apply(config)
    assert os.stat("/run/netns/web").st_ino == os.stat(f"/proc/{first}/ns/net").st_ino
    subprocess.run(["ip", "link", "del", "w0"], check=True)
    config["netns"][0]["recreate"] = True
    apply(config)
    assert os.stat("/run/netns/web").st_ino == os.stat(f"/proc/{second}/ns/net").st_ino
    assert "eth0" in inside(second, "ip", "-br", "link")
    assert apply(config).commands == []


def test_name_stands_for_its_old_namespace_when_runs_fail(apply: Apply, runtimes: Runtimes) -> None:
    """The kernel gives ids once: a run that failed leaves the new namespace with one, and that is none of the old."""
    runtimes.install("docker")
    first = runtimes.run("docker", "web")
    config: dict[str, Any] = {"netns": [{"name": "web", "attach": "container:web", "nsid": "auto", "loopback": True}]}
    apply(config)
    second = runtimes.run("docker", "web")
    config["netns"][0]["recreate"] = True
    fails = {**config, "routes": [{"dst": "10.9.0.0/16", "via": "10.99.99.99"}]}
    for _time in range(3):
        with pytest.raises(Failed, match=r"invalid gateway.*Nothing was changed: what was done before was rolled back"):
            apply(fails)
        assert os.stat("/run/netns/web").st_ino == os.stat(f"/proc/{first}/ns/net").st_ino
    apply(config)
    assert os.stat("/run/netns/web").st_ino == os.stat(f"/proc/{second}/ns/net").st_ino
    assert "UP" in inside(second, "ip", "link", "show", "lo")
    assert apply(config).commands == []


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/dev/zero", "is not a regular file"),
        ("{folder}/fifo", "is not a regular file"),
        ("{folder}", "is not a regular file"),
        ("{folder}/endless", "there is no process 7777777"),
        ("{folder}/empty", "does not begin with a process number"),
        ("{folder}/nowhere", "No such file or directory"),
    ],
)
def test_pidfile_that_holds_no_number(apply: Apply, tmp_path: Path, path: str, reason: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "endless").write_bytes(b"7" * 10_000_000)
    (tmp_path / "empty").touch()
    path = path.replace("{folder}", str(tmp_path))
    with pytest.raises(Refused) as refused:
        apply({"links": [{"name": "br0", "kind": "bridge", "netns": f"pidfile:{path}"}]})
    assert reason in str(refused.value)
    assert path in str(refused.value)
