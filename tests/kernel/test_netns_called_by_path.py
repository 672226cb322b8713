# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Namespaces called by paths: those whose names say something else, and those that stand elsewhere."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

pytestmark = pytest.mark.needs_kind("veth")
#: Names that ``ip netns add`` takes, though they say another namespace here.
AMBIGUOUS = ["container:z", "pid:1", "docker:web", "pidfile:x", "host"]
CONFIG: dict[str, Any] = {
    "links": [{"name": "v0", "kind": "veth", "peer": {"name": "eth0", "addresses": ["10.9.0.2/24"]}}],
    "routes": [{"dst": "10.99.0.0/16", "via": "10.9.0.1", "dev": "eth0"}],
    "sysctls": [{"dev": "eth0", "name": "ipv4.proxy_arp", "value": 1}],
}


def config(netns: str) -> dict[str, Any]:
    """Give a network of which one end is in a namespace."""
    (link,), (route,), (sysctl,) = CONFIG["links"], CONFIG["routes"], CONFIG["sysctls"]
    return {
        "links": [{**link, "peer": {**link["peer"], "netns": netns}}],
        "routes": [{**route, "netns": netns}],
        "sysctls": [{**sysctl, "netns": netns}],
    }


def within(netns: str, command: str) -> str:
    """Return what a command says in a namespace, which is entered by its file."""
    done = subprocess.run(
        ["nsenter", f"--net={netns}", *command.split()], capture_output=True, text=True, check=True, timeout=20
    )
    return done.stdout


def see(path: str) -> list[Any]:
    """Return what iproute2 and the kernel say of the network's end there."""
    (link,) = json.loads(within(path, "ip -j addr show dev eth0"))
    return [
        [f"{one['local']}/{one['prefixlen']}" for one in link["addr_info"] if one["family"] == "inet"],
        json.loads(within(path, "ip -j route show 10.99.0.0/16"))[0]["dst"],
        within(path, "cat /proc/sys/net/ipv4/conf/eth0/proxy_arp").strip(),
    ]


THERE = [["10.9.0.2/24"], "10.99.0.0/16", "1"]


def add(name: str) -> str:
    subprocess.run(["ip", "netns", "add", name], check=True, timeout=20)
    return f"/run/netns/{name}"


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_a_name_that_says_something_else_is_called_by_its_path(name: str, apply: Any, gather: Any) -> None:
    path = add(name)
    assert apply(config(path)).changed
    assert see(path) == THERE
    assert not apply(config(path)).changed
    assert not apply(config(f"/var{path}")).changed
    gathered = gather()
    assert {one["netns"] for section in ("routes",) for one in gathered[section]} == {path}
    assert {link["netns"] for link in gathered["links"] if link["name"] == "eth0"} == {path}
    assert path in [one["name"] for one in gathered["netns"]]
    assert not apply(gathered, overridden=True).changed


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_commands_say_what_iproute2_takes(name: str, apply: Any) -> None:
    path = add(name)
    lines = apply({"netns": [{"name": path, "loopback": True}], **config(path)}).commands
    assert any(f"ip -n {name} " in line for line in lines)
    subprocess.run(["ip", "link", "del", "v0"], check=True, timeout=20)
    subprocess.run(["ip", "-n", name, "link", "set", "lo", "down"], check=True, timeout=20)
    for line in lines:
        subprocess.run(["sh", "-c", line], check=True, timeout=20)
    assert see(path) == THERE


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_such_a_namespace_is_made_set_and_removed(name: str, apply: Any, gather: Any) -> None:
    path = f"/run/netns/{name}"
    wish = {"netns": [{"name": path, "nsid": "auto", "resolver": {"nameservers": ["192.0.2.53"]}}]}
    report = apply(wish)
    assert report.changed
    assert f"ip netns add {name} " in f"{report.commands[0]} "
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True, timeout=20).stdout
    assert [line.split()[0] for line in listed.splitlines()] == [name]
    assert Path(f"/etc/netns/{name}/resolv.conf").read_text(encoding="utf-8") == "nameserver 192.0.2.53\n"
    assert not apply(wish).changed
    assert [one["resolver"] for one in gather()["netns"]] == [{"nameservers": ["192.0.2.53"]}]
    assert apply({"netns": [{"name": path, "state": "absent"}]}).changed
    assert os.listdir("/run/netns") == []
    assert not os.path.exists(f"/etc/netns/{name}")


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_the_name_alone_is_refused_and_says_the_path(name: str, apply: Any) -> None:
    with pytest.raises(Refused, match=f"says another namespace; the one of that name is /run/netns/{name}$"):
        apply({"netns": [{"name": name}]})
    assert not os.path.isdir("/run/netns") or os.listdir("/run/netns") == []


def test_the_host_is_not_taken_for_a_namespace_of_that_name(apply: Any) -> None:
    path = add("host")
    assert apply({"links": [{"name": "br0", "kind": "bridge", "netns": "host"}]}).changed
    subprocess.run(["ip", "link", "show", "dev", "br0"], check=True, capture_output=True, timeout=20)
    assert "br0" not in within(path, "ip -br link")
    assert apply({"links": [{"name": "br1", "kind": "bridge", "netns": path}]}).changed
    assert "br1" in within(path, "ip -br link")


def test_a_plain_name_and_its_path_are_one(apply: Any, gather: Any) -> None:
    path = add("blue")
    assert apply(config(path)).changed
    assert not apply(config("blue")).changed
    assert {one["netns"] for one in gather()["routes"]} == {"blue"}
    assert not apply({"netns": [{"name": path}, {"name": "/var/run/netns/red", "state": "absent"}]}).changed
    with pytest.raises(Refused, match="twice"):
        apply({"netns": [{"name": path}, {"name": "blue"}]})


def test_a_namespace_that_stands_elsewhere(apply: Any, process: subprocess.Popen[bytes], tmp_path: Path) -> None:
    """As ``docker`` and ``nsenter --net`` know it: bound to a file of any folder, or by the files of a process."""
    path = tmp_path / "ns"
    path.touch()
    of_process = f"/proc/{process.pid}/ns/net"
    subprocess.run(["mount", "--bind", of_process, str(path)], check=True, timeout=20)
    try:
        lines = apply(config(str(path))).commands
        assert see(str(path)) == THERE
        assert not apply(config(of_process)).changed
        assert not apply(config(f"pid:{process.pid}")).changed
        subprocess.run(["ip", "link", "del", "v0"], check=True, timeout=20)
        for line in lines:
            subprocess.run(["sh", "-c", line], check=True, timeout=20)
        assert see(str(path)) == THERE
    finally:
        subprocess.run(["umount", str(path)], check=True, timeout=20)


@pytest.mark.parametrize(
    ("netns", "reason"),
    [
        ("/run/netns/nowhere", "there is no namespace nowhere"),
        ("/run/netns/pid:7", "there is no namespace /run/netns/pid:7"),
        ("/run/netns/a/b", "'/run/netns/a/b' is no file below /run/netns"),
        ("/run/netns/", "'/run/netns/' is no file below /run/netns"),
        ("/run/netns/..", "'/run/netns/..' is no file below /run/netns"),
        ("/no/such/file", "/no/such/file: No such file or directory"),
        ("/etc/passwd", "/etc/passwd: is no network namespace"),
        ("/proc/self/ns/mnt", "/proc/self/ns/mnt: is no network namespace"),
    ],
)
def test_a_path_that_leads_to_no_namespace(netns: str, reason: str, apply: Any) -> None:
    with pytest.raises(Refused) as refusal:
        apply({"links": [{"name": "br0", "kind": "bridge", "netns": netns}]})
    assert f"netns: {reason}" in str(refusal.value)
