# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""scripts/lab-kernel on the kernels of this machine: output, exit status, end, and its messages."""

from __future__ import annotations

import functools
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import CHECKOUT, run

SCRIPT = CHECKOUT / "scripts" / "lab-kernel"
LAB_KERNELS = ("uml", "uml-old", "qemu")

pytestmark = pytest.mark.native  # the lab kernel has no lab kernel inside


@functools.cache
def works(name: str) -> bool:
    """Tell whether this machine can start a kernel. Where that must be fetched or tried first, it takes minutes."""
    return run(SCRIPT, "--which", f"--{name}", ok=False, timeout=280).returncode == 0


def option(wanted: str) -> str:
    """Return the option for a kernel, or for the first other lab kernel where this machine cannot start that one."""
    found = next((name for name in (wanted, *LAB_KERNELS) if works(name)), "")
    assert found, f"no lab kernel starts on this machine: {SCRIPT} --which"
    return f"--{found}"


@pytest.fixture
def kernel() -> str:
    """Give the option for the newest lab kernel."""
    return option("uml")


@pytest.fixture(params=["uml", "uml-old"])
def each_kernel(request: pytest.FixtureRequest) -> str:
    """Give the option for the newest lab kernel, and for an old one."""
    return option(request.param)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a folder for the script to run in. It lies under /tmp, which the lab kernel has of its own."""
    assert str(tmp_path).startswith("/tmp/")  # noqa: S108
    for name in ("NETLOOM_KERNEL", "NETLOOM_LAB_DIR"):
        monkeypatch.delenv(name, raising=False)
    yield tmp_path
    assert not list((tmp_path / ".lab" / "kernel").glob("run.*")), "a run folder was left"


def call(work: Path, *words: str, ok: bool = True, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run the script in the folder."""
    return run(SCRIPT, *words, cwd=work, ok=ok, **more)


def kernels(work: Path) -> list[int]:
    """Give the PIDs of processes that belong to lab kernels of this folder."""
    found = run("pgrep", "-f", str(work / ".lab" / "kernel"), ok=False).stdout.split()
    return [int(pid) for pid in found]


def gone(work: Path) -> bool:
    """Tell whether no lab kernel of this folder is left after 5 s."""
    deadline = time.monotonic() + 5
    while kernels(work) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not kernels(work)


def test_output_status_and_kinds(work: Path, each_kernel: str) -> None:
    command = (
        "uname -r; echo to-stderr >&2; for kind in 'geneve id 1 remote 192.0.2.1' 'vrf table 9' dummy; do "
        "ip link add l0 type $kind && ip -d link show l0 | grep -o -w -m1 -e geneve -e vrf -e dummy && ip link del l0; "
        "done; ip link add d0 type dummy; ip link add link d0 i0 type ipvlan && echo ipvlan; "
        "ip link add link d0 v0 type vlan id 5 && echo vlan; echo $NETLOOM_LAB_KERNEL; pwd; echo here >made; exit 7"
    )
    done = call(work, each_kernel, "bash", "-c", command, ok=False)
    assert done.returncode == 7
    release, *lines = done.stdout.splitlines()
    assert release != os.uname().release
    assert "to-stderr" in done.stderr.splitlines()
    assert f" kernel {release} " in done.stderr
    if each_kernel == "--qemu":  # of the machine's files it has only the checkout to write to
        assert lines == ["geneve", "vrf", "dummy", "ipvlan", "vlan", "qemu", str(CHECKOUT)]
    else:
        assert lines == ["geneve", "vrf", "dummy", "ipvlan", "vlan", "uml", str(work)]
        assert (work / "made").read_text() == "here\n", "what is written in the checkout is on the machine"


def test_native_says_so_and_why(work: Path) -> None:
    done = call(work, "--native", "sh", "-c", "uname -r; echo $NETLOOM_LAB_KERNEL; exit 3", ok=False)
    assert done.returncode == 3
    assert done.stdout.splitlines() == [os.uname().release, "native"]
    assert f"machine's kernel {os.uname().release} (" in done.stderr


def test_output_comes_as_it_is_made_and_whole(work: Path, kernel: str) -> None:
    words = [SCRIPT, kernel, "bash", "-c", "echo first; sleep 3; seq 50000; head -c 70000 /dev/zero"]
    with subprocess.Popen(words, cwd=work, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as running:
        assert running.stdout
        assert running.stdout.readline() == b"first\n"
        assert running.poll() is None
        began = time.monotonic()
        rest = running.stdout.read()
        assert time.monotonic() - began > 1.5, "the first line came only with the rest"
    assert rest == b"".join(b"%d\n" % number for number in range(1, 50001)) + bytes(70000)


def test_environment(work: Path, kernel: str) -> None:
    environment = {**os.environ, "ANSIBLE_TRY": "a b'c\"d", "WANTED": "1", "UNWANTED": "1", "mem": "x"}
    shown = call(work, kernel, "--env", "WANTED", "env", env=environment).stdout.splitlines()
    assert "ANSIBLE_TRY=a b'c\"d" in shown
    assert "WANTED=1" in shown
    # A fetched iproute2 may stand in front.
    assert [line for line in shown if line.startswith("PATH=") and line.endswith(os.environ["PATH"])]
    assert not [line for line in shown if line.startswith(("UNWANTED=", "mem=", "uml_dir="))]


def test_shell_reads_standard_input_without_a_terminal(work: Path, kernel: str) -> None:
    done = call(work, kernel, "--shell", "bash", input="echo $((6 * 7))\nexit 4\n", ok=False)
    assert (done.returncode, done.stdout) == (4, "42\n")


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_kernel(work: Path, each_kernel: str, sent: signal.Signals, status: int) -> None:
    with subprocess.Popen(
        # A shell starts what it puts into the background with SIGINT ignored, and no script can trap that again.
        ["env", "--default-signal=INT,TERM", SCRIPT, each_kernel, "sh", "-c", "echo up; sleep 100"],
        cwd=work,
        stdout=subprocess.PIPE,
    ) as running:
        assert running.stdout
        assert running.stdout.readline() == b"up\n"
        assert kernels(work)
        running.send_signal(sent)
        assert running.wait(timeout=30) == status
    assert gone(work)


def test_a_killed_script_takes_its_kernel_along_and_the_next_one_cleans_up(work: Path, kernel: str) -> None:
    with subprocess.Popen(
        [SCRIPT, kernel, "sh", "-c", "echo up; sleep 100"], cwd=work, stdout=subprocess.PIPE
    ) as running:
        assert running.stdout
        assert running.stdout.readline() == b"up\n"
        running.kill()
    assert gone(work)
    assert list((work / ".lab" / "kernel").glob("run.*"))
    call(work, kernel, "true")


def test_two_side_by_side(work: Path, kernel: str) -> None:
    words = [str(SCRIPT), kernel, "sh", "-c", "ip link add mine type dummy && sleep 2 && ip -br link | grep -c mine"]
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


def test_a_missing_package_is_named(work: Path, kernel: str) -> None:
    done = call(work, kernel, "true", ok=False, env=without(work, "modprobe"))
    assert done.returncode == 125
    assert "apt-get install --no-install-recommends kmod" in done.stderr
    call(work, kernel, "true", env={**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})  # the control


def test_wrong_calls(work: Path) -> None:
    for words, said in {
        (): "usage: scripts/lab-kernel",
        ("--nothing",): "unrecognized arguments: --nothing",
        ("--mem", "lots", "true"): "not a size",
        ("--timeout", "0", "true"): "not a number of seconds",
    }.items():
        done = call(work, *words, ok=False)
        assert done.returncode == 2
        assert said in done.stderr
    done = call(work, "true", ok=False, env={**os.environ, "NETLOOM_KERNEL": "none-such"})
    assert (done.returncode, "NETLOOM_KERNEL=none-such" in done.stderr) == (2, True)


def test_which_has_a_line_for_each_kernel_and_takes_one(work: Path, kernel: str) -> None:
    lines = call(work, "--which").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["native", *LAB_KERNELS]
    taken = [number for number, line in enumerate(lines) if line.split()[1] == "taken:"]
    assert len(taken) == 1
    assert all(line.partition(" not taken: ")[2] for line in lines[: taken[0]]), "each one before has its reason"
    assert all(line.split()[1:] == ["not", "needed"] for line in lines[taken[0] + 1 :])
    assert call(work, "--which", kernel).stdout.startswith(kernel.removeprefix("--"))


def test_a_kernel_that_cannot_start_shows_its_last_words(work: Path, kernel: str) -> None:
    done = call(work, kernel, "--mem", "8M", "true", ok=False)
    assert done.returncode == 125
    assert "the kernel ended before its first process ran. Its last words:\n" in done.stderr
    call(work, "--which", kernel)  # it is not distrusted for that


def test_a_command_that_takes_too_long_is_ended(work: Path, each_kernel: str) -> None:
    began = time.monotonic()
    done = call(work, each_kernel, "--timeout", "1", "sh", "-c", "echo up; sleep 100; echo end", ok=False)
    assert (done.returncode, done.stdout) == (124, "up\n")
    assert "the command did not end within 1 s" in done.stderr
    assert time.monotonic() - began < 60
    assert gone(work)


def test_a_kernel_that_panics_ends_at_once_and_shows_its_last_words(work: Path, each_kernel: str) -> None:
    # The machine's own kernel would obey as well: the command looks where it is.
    command = "grep -qw netloom.lab_kernel /proc/cmdline && echo c >/proc/sysrq-trigger; sleep 100"
    began = time.monotonic()
    done = call(work, each_kernel, "sh", "-c", command, ok=False)
    assert done.returncode == 125
    assert "the kernel panicked. Its last words:\n" in done.stderr
    assert "Kernel panic - not syncing: sysrq triggered crash" in done.stderr
    assert time.monotonic() - began < 60
    assert gone(work)


def test_a_closed_output_ends_the_kernel(work: Path, kernel: str) -> None:
    words = shlex.join([str(SCRIPT), kernel, "sh", "-c", "seq 100000; sleep 100"])
    done = run("bash", "-c", f"{words} | head -1; exit ${{PIPESTATUS[0]}}", cwd=work, ok=False, timeout=60)
    assert (done.returncode, done.stdout) == (141, "1\n")
    assert "Traceback" not in done.stderr
    assert gone(work)
