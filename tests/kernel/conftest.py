# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Give each test a network namespace of its own, and iproute2 as the witness of what is in it."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from typing import Any, Callable
from unittest import mock

import pytest
import yaml

from ansible_collections.netloom.overlay.plugins.module_utils._host.kernel.wires import encap_wire as encap
from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Engine, Report

_CLONE_NEWNS, _CLONE_NEWNET = 0x20000, 0x40000000
_MS_REC, _MS_PRIVATE = 0x4000, 1 << 18
_libc = ctypes.CDLL(None, use_errno=True)


def _call(function: str, *arguments: object) -> None:
    if getattr(_libc, function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")


@pytest.fixture(scope="session", autouse=True)
def _private_mounts() -> None:
    """Leave the machine's mounts for ones of our own: names of namespaces must not be seen outside."""
    if os.geteuid() != 0:
        pytest.fail("the tests of the kernel need root")
    _call("unshare", _CLONE_NEWNS)
    _call("mount", b"none", b"/", None, _MS_REC | _MS_PRIVATE, None)
    os.makedirs("/etc/netns", exist_ok=True)
    # What the engine writes besides: names of namespaces and the lock, resolver files, persistent sysctls.
    for folder in (b"/run", b"/etc/netns", b"/etc/sysctl.d"):
        _call("mount", b"tmpfs", folder, b"tmpfs", 0, b"mode=755")


def enter_new_network() -> None:
    """Leave the network namespace for a new one."""
    _call("unshare", _CLONE_NEWNET)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


@pytest.fixture(autouse=True)
def _private_network() -> Iterator[None]:
    """Enter a new network namespace; names that a test left are taken away."""
    enter_new_network()
    yield
    for name in os.listdir("/run/netns") if os.path.isdir("/run/netns") else ():
        subprocess.run(["ip", "netns", "del", name], check=False, timeout=20)
    for name in os.listdir("/etc/netns"):
        shutil.rmtree(os.path.join("/etc/netns", name))


def in_lab_kernel() -> bool:
    """Tell whether scripts/lab-kernel started this kernel: by its command line, not by a variable that anybody sets."""
    with open("/proc/cmdline", encoding="ascii") as file:
        return "netloom.lab_kernel" in file.read().split()


@pytest.fixture(autouse=True)
def _no_tunnel_options() -> Iterator[None]:
    """Let no test write tunnel options of a route on any kernel but the lab's: 6.18 does not survive them."""
    if in_lab_kernel():
        yield
        return

    def refuse(word: str, _value: Any) -> Any:
        raise AssertionError(f"a test was about to send {word} to a kernel that may die of it")

    with mock.patch.object(encap, "_write_opts", refuse):
        yield


Apply = Callable[..., Report]


@pytest.fixture
def apply() -> Apply:
    """Give a function that brings this namespace to a config (YAML text or dict)."""

    def run(config: Any, **options: bool) -> Report:
        return Engine().run(yaml.safe_load(config) if isinstance(config, str) else config, **options)

    return run


@pytest.fixture
def gather() -> Callable[[], dict[str, Any]]:
    """Give a function that returns what is there, as a config."""

    def run() -> dict[str, Any]:
        return Engine().gather()

    return run


@pytest.fixture
def tell() -> Callable[..., Any]:
    """Give a function that runs an iproute2 command and returns its JSON."""

    def run(command: str) -> Any:
        done = subprocess.run(command.split(), capture_output=True, text=True, check=True, timeout=30)
        return json.loads(done.stdout or "[]")

    return run


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """Give a process that owns a network namespace, as a container does."""
    with subprocess.Popen(["unshare", "-n", "sleep", "300"]) as owner:
        own = os.stat("/proc/thread-self/ns/net").st_ino
        for _try in range(100):
            if os.stat(f"/proc/{owner.pid}/ns/net").st_ino != own:
                break
            time.sleep(0.02)
        yield owner
        owner.kill()


def _commands(*lines: str) -> None:
    for line in lines:
        subprocess.run(line.split(), check=True, timeout=30)


@pytest.fixture
def x() -> str:
    """Make a namespace of that name."""
    _commands("ip netns add x", "ip -n x link set lo up")
    return "x"


@pytest.fixture
def _pair() -> None:
    """Make a pair whose one end has a dot in its name, with an address and a route that are lost without IPv6."""
    _commands(
        "ip link add v.0 type veth peer name v1",
        "ip link set v.0 up",
        "ip link set v1 up",
        "ip addr add 2001:db8:1::1/64 dev v.0 nodad",
        "ip route add 2001:db8:2::/64 via 2001:db8:1::9 dev v.0 proto 110",
    )
