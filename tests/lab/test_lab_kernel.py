# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""scripts/lab-kernel: output, exit status, end, and what it says when it cannot."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import CHECKOUT, run

SCRIPT = CHECKOUT / "scripts" / "lab-kernel"

pytestmark = pytest.mark.native  # the lab kernel has no lab kernel inside


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Path]:
    """Give a folder for the script to run in. It lies under /tmp, which the lab kernel has of its own."""
    assert str(tmp_path).startswith("/tmp/")  # noqa: S108
    yield tmp_path
    assert not list((tmp_path / ".lab" / "kernel").glob("run.*")), "a run folder was left"


def call(work: Path, *words: str, ok: bool = True, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run the script in the folder."""
    return run(SCRIPT, *words, cwd=work, ok=ok, **more)


def kernels(work: Path) -> list[int]:
    """Give the PIDs of processes that belong to lab kernels of this folder."""
    found = run("pgrep", "-f", str(work / ".lab" / "kernel"), ok=False).stdout.split()
    return [int(pid) for pid in found]


def test_output_status_and_kinds(work: Path) -> None:
    command = (
        "uname -r; echo to-stderr >&2; for kind in 'geneve id 1 remote 192.0.2.1' 'vrf table 9' dummy; do "
        "ip link add l0 type $kind && ip -d link show l0 | grep -o -w -m1 -e geneve -e vrf -e dummy && ip link del l0; "
        "done; ip link add d0 type dummy; ip link add link d0 i0 type ipvlan && echo ipvlan; "
        "ip link add link d0 v0 type vlan id 5 && echo vlan; echo $NETLOOM_LAB_KERNEL; pwd; echo here >made; exit 7"
    )
    done = call(work, "--uml", "bash", "-c", command, ok=False)
    assert done.returncode == 7
    release, *lines = done.stdout.splitlines()
    assert release != os.uname().release
    assert lines == ["geneve", "vrf", "dummy", "ipvlan", "vlan", "uml", str(work)]
    assert "to-stderr" in done.stderr.splitlines()
    assert f"User-mode Linux kernel {release}" in done.stderr
    assert (work / "made").read_text() == "here\n", "what is written in the checkout is on the machine"


def test_native_says_so_and_why(work: Path) -> None:
    done = call(work, "--native", "sh", "-c", "uname -r; echo $NETLOOM_LAB_KERNEL; exit 3", ok=False)
    assert done.returncode == 3
    assert done.stdout.splitlines() == [os.uname().release, "native"]
    assert f"machine's kernel {os.uname().release} (" in done.stderr


def test_output_comes_as_it_is_made_and_whole(work: Path) -> None:
    words = [SCRIPT, "--uml", "bash", "-c", "echo first; sleep 3; seq 50000; head -c 70000 /dev/zero"]
    with subprocess.Popen(words, cwd=work, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as running:
        assert running.stdout
        assert running.stdout.readline() == b"first\n"
        assert running.poll() is None
        began = time.monotonic()
        rest = running.stdout.read()
        assert time.monotonic() - began > 1.5, "the first line came only with the rest"
    assert rest == b"".join(b"%d\n" % number for number in range(1, 50001)) + bytes(70000)


def test_environment(work: Path) -> None:
    environment = {**os.environ, "ANSIBLE_TRY": "a b'c\"d", "WANTED": "1", "UNWANTED": "1", "mem": "x"}
    shown = call(work, "--uml", "--env", "WANTED", "env", env=environment).stdout.splitlines()
    assert "ANSIBLE_TRY=a b'c\"d" in shown
    assert "WANTED=1" in shown
    assert f"PATH={os.environ['PATH']}" in shown
    assert not [line for line in shown if line.startswith(("UNWANTED=", "mem=", "uml_dir="))]


def test_shell_reads_standard_input_without_a_terminal(work: Path) -> None:
    done = call(work, "--uml", "--shell", "bash", input="echo $((6 * 7))\nexit 4\n", ok=False)
    assert (done.returncode, done.stdout) == (4, "42\n")


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_kernel(work: Path, sent: signal.Signals, status: int) -> None:
    with subprocess.Popen(
        # A shell starts what it puts into the background with SIGINT ignored, and no script can trap that again.
        ["env", "--default-signal=INT,TERM", SCRIPT, "--uml", "sh", "-c", "echo up; sleep 100"],
        cwd=work,
        stdout=subprocess.PIPE,
    ) as running:
        assert running.stdout
        assert running.stdout.readline() == b"up\n"
        assert kernels(work)
        running.send_signal(sent)
        assert running.wait(timeout=30) == status
    assert kernels(work) == []


def test_a_killed_script_takes_its_kernel_along_and_the_next_one_cleans_up(work: Path) -> None:
    with subprocess.Popen(
        [SCRIPT, "--uml", "sh", "-c", "echo up; sleep 100"], cwd=work, stdout=subprocess.PIPE
    ) as running:
        assert running.stdout
        assert running.stdout.readline() == b"up\n"
        running.kill()
    deadline = time.monotonic() + 5
    while kernels(work) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert kernels(work) == []
    assert list((work / ".lab" / "kernel").glob("run.*"))
    call(work, "--uml", "true")


def test_two_side_by_side(work: Path) -> None:
    words = [str(SCRIPT), "--uml", "sh", "-c", "ip link add mine type dummy && sleep 2 && ip -br link | grep -c mine"]
    both = [subprocess.Popen(words, cwd=work, stdout=subprocess.PIPE, text=True) for number in range(2)]
    assert [running.communicate(timeout=60)[0] for running in both] == ["1\n", "1\n"]


def without(work: Path, name: str) -> dict[str, str]:
    """Give an environment whose PATH has every command but one."""
    folder = work / "bin"
    folder.mkdir()
    for source in ("/usr/sbin", "/usr/bin", "/sbin", "/bin"):
        for command in os.listdir(source):
            if command != name and not (folder / command).is_symlink():
                (folder / command).symlink_to(f"{source}/{command}")
    return {**os.environ, "PATH": str(folder)}


@pytest.mark.parametrize(("command", "package"), [("linux.uml", "user-mode-linux"), ("modprobe", "kmod")])
def test_a_missing_package_is_named(work: Path, command: str, package: str) -> None:
    done = call(work, "--uml", "true", ok=False, env=without(work, command))
    assert done.returncode == 125
    assert f"apt-get install --no-install-recommends {package}" in done.stderr
    call(work, "--uml", "true", env={**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})  # the control


def test_wrong_calls(work: Path) -> None:
    assert call(work, ok=False).returncode == 2
    assert "unknown option --nothing" in call(work, "--nothing", ok=False).stderr
    assert "not a size" in call(work, "--mem", "lots", "true", ok=False).stderr
    assert call(work, "--which").stdout.strip() in {"native", "uml"}


def test_a_kernel_that_cannot_start_says_its_last_words(work: Path) -> None:
    done = call(work, "--uml", "--mem", "8M", "true", ok=False)
    assert done.returncode == 125
    assert "ended before the command did" in done.stderr
