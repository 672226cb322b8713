# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""scripts/lab-kernel with stand-ins for linux.uml: kernels that hang, panic, burn a processor, end at once, or work.

A stand-in of release 6.13 or later on PATH is the candidate ``uml``. An earlier one in the cache is ``uml-old``. Each
stand-in answers --version and --help, notes each start, and then runs a few lines of bash as its "kernel".
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import CHECKOUT, run

SCRIPT = CHECKOUT / "scripts" / "lab-kernel"
NEW, OLD = "6.99.1", "6.1.99"
#: Facts with which a kernel can run the lab; guest/facts itself would describe this machine's kernel.
FACTS = ("kind geneve", "kind ipvlan", "kind vlan", "kind dummy", "kind vrf", "feature overlay", "end")

#: Before the lines of each stand-in. The kernel's words name the run folder, and the pipes for output and console.
START = """
case $1 in
    --version) echo "$release"; exit ;;
    --help) echo "$help"; exit ;;
esac
echo "$*" >>"$starts"
for word; do
    case $word in
        init=*) run=${word#init=} run=${run%/init} ;;
        con0=*) console=${word##*:} ;;
        ssl1=*) out=${word##*:} ;;
        ssl2=*) err=${word##*:} ;;
    esac
done
say() { echo "$*" >&"$console"; }
trial() { grep -q guest/facts "$run/command"; }
report() { echo up >"$run/report"; }
facts() {
    report
    printf '%s\\n' "release $release" "iproute2 6.1.0" "${facts[@]}" >&"$out"
    echo 0 >"$run/rc"
}
command() {
    source <(grep -v ^source "$run/init")
    source "$run/environment"
    cd "$work" || exit
    report
    bash "$run/command" </dev/null >&"$out" 2>&"$err"
    echo $? >"$run/rc"
}
child() { setsid bash -c 'while :; do sleep 1; done' child "$run" & }
"""
# A first process ignores the signals that it does not handle, as a kernel that loops does.
SILENT = "child; sleep infinity"
SPEAKS = 'say "the last line of the stand-in"; child; sleep infinity'
PANICS = 'say "Kernel panic - not syncing: stand-in"; child; while :; do :; done'
BURNS = "(while :; do :; done) & while :; do :; done"
ENDS = 'say "the last line of the stand-in"; exit 3'
WORKS = "if trial; then facts; else command; fi"


def after_its_trial(lines: str) -> str:
    """Return the lines of a stand-in that passes its trial, and runs other lines when it is started for a command."""
    return f"if trial; then facts; else {lines}; fi"


class Bench:
    """A machine of a test: a PATH with stand-ins, a cache of its own, a folder to work in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work = folder / "work"
        self.bin = folder / "usr" / "bin"
        self.cache = folder / "cache"
        for made in (self.work, self.bin, self.cache):
            made.mkdir(parents=True)
        (self.cache / "iproute2.none").write_text("a stand-in needs none\n")  # nothing is fetched
        # The machine's own kernel must not be taken, whatever it has.
        self._program(self.bin / "ip", f'case "$*" in *geneve*) exit 2 ;; esac\nexec {shutil.which("ip")} "$@"\n')
        path = f"{self.bin}:{os.environ['PATH']}"
        left_out = ("NETLOOM_KERNEL", "NETLOOM_LAB_DIR", "NETLOOM_LAB_KERNEL")
        self.environment = {name: value for name, value in os.environ.items() if name not in left_out}
        self.environment |= {"PATH": path, "NETLOOM_KERNEL_CACHE": str(self.cache)}

    @staticmethod
    def _program(file: Path, text: str) -> None:
        file.write_text(f"#!/bin/bash\n{text}")
        file.chmod(0o755)

    def _stand_in(self, usr: Path, release: str, lines: str, *, seccomp: bool) -> None:
        (usr / "lib" / "uml" / "modules" / release).mkdir(parents=True, exist_ok=True)
        (usr / "bin").mkdir(exist_ok=True)
        settings = {
            "release": release,
            "help": "seccomp=<on/auto/off(default)>" if seccomp else "mem=<Amount of desired ram>",
            "starts": str(self.folder / f"starts.{release}"),
        }
        text = "".join(f"{name}='{value}'\n" for name, value in settings.items())
        listed = " ".join(f"'{fact}'" for fact in FACTS)
        self._program(usr / "bin" / "linux.uml", f"{text}facts=({listed})\n{START}\n{lines}\n")

    def new(self, lines: str, *, seccomp: bool = True) -> None:
        """Make the stand-in that is the candidate uml."""
        self._stand_in(self.folder / "usr", NEW, lines, seccomp=seccomp)

    def old(self, lines: str, *, seccomp: bool = False) -> None:
        """Make the stand-in that is the candidate uml-old."""
        slot = self.cache / "uml-old"
        (slot / "usr").mkdir(parents=True, exist_ok=True)
        self._stand_in(slot / "usr", OLD, lines, seccomp=seccomp)
        (slot / "package").write_text("a stand-in\n")

    def starts(self, release: str) -> list[str]:
        """Return the words of each start of a stand-in."""
        noted = self.folder / f"starts.{release}"
        return noted.read_text().splitlines() if noted.exists() else []

    def call(self, *words: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """Run scripts/lab-kernel in the folder."""
        return run(SCRIPT, *words, cwd=self.work, ok=False, env=self.environment, **more)

    def which(self, *words: str) -> dict[str, str]:
        """Return what --which prints for each candidate."""
        lines = self.call("--which", *words).stdout.splitlines()
        return {name: text.strip() for name, _space, text in (line.partition(" ") for line in lines)}

    def processes(self) -> list[str]:
        """Return the processes that belong to kernels of this folder."""
        return run("pgrep", "-a", "-f", str(self.work / ".lab"), ok=False).stdout.splitlines()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Give a bench; afterwards no process and no run folder of its kernels may be left."""
    made = Bench(tmp_path)
    yield made
    deadline = time.monotonic() + 2
    while made.processes() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert made.processes() == []
    assert list((made.work / ".lab" / "kernel").glob("run.*")) == [], "a run folder was left"


#: Stand-ins that never report: their lines, the reason that is said, their last words, seconds until their end.
BAD = {
    "hangs": (SPEAKS, "the kernel's first process did not report within 2 s", "the last line of the stand-in", (2, 12)),
    "panics": (PANICS, "the kernel panicked", "Kernel panic - not syncing: stand-in", (0, 10)),
    "ends": (ENDS, "the kernel ended before its first process ran", "the last line of the stand-in", (0, 10)),
}
bad = pytest.mark.parametrize("kind", BAD)


def limit(kind: str) -> list[str]:
    """Return the option for the time of the start; the default of 60 s must not matter to a panic or an end."""
    return ["--report-within", "2"] if BAD[kind][3][0] else []


@bad
def test_a_forced_kernel_that_does_not_report_is_killed(bench: Bench, kind: str) -> None:
    lines, reason, words, (least, most) = BAD[kind]
    bench.new(lines)
    bench.old(WORKS)
    began = time.monotonic()
    done = bench.call("--uml", *limit(kind), "touch", "ran")
    took = time.monotonic() - began
    assert done.returncode == 125
    assert f"uml: {reason}" in done.stderr
    assert words in done.stderr
    assert least <= took <= most
    assert len(bench.starts(NEW)) == 1
    assert bench.starts(OLD) == [], "--uml forces one candidate"
    assert not (bench.work / "ran").exists()


@bad
def test_the_next_kernel_is_tried_after_one_that_does_not_report(bench: Bench, kind: str) -> None:
    lines, reason, words, _seconds = BAD[kind]
    bench.new(lines)
    bench.old(WORKS)
    done = bench.call(*limit(kind), "sh", "-c", "echo once >>ran; echo out; echo err >&2; exit 9")
    assert (done.returncode, done.stdout) == (9, "out\n")
    assert (bench.work / "ran").read_text() == "once\n"
    assert "err" in done.stderr.splitlines()
    assert words in done.stderr
    assert (len(bench.starts(NEW)), len(bench.starts(OLD))) == (1, 2), "the good one is tried, and runs the command"
    told = bench.which()
    assert list(told) == ["native", "uml", "uml-old", "qemu"]
    assert told["native"].startswith("not taken: it lacks geneve")
    assert told["uml"] == f"not taken: {reason} (at an earlier trial; --again tries it anew)"
    assert told["uml-old"] == f"taken: User-mode Linux kernel {OLD} (a stand-in)"
    assert told["qemu"] == "not needed"


def test_a_kernel_that_only_burns_a_processor_is_killed(bench: Bench) -> None:
    bench.new(BURNS)
    began = time.monotonic()
    done = bench.call("--uml", "--report-within", "250", "touch", "ran", timeout=280)
    assert done.returncode == 125
    assert "uml: the kernel used a processor for 2" in done.stderr
    assert "and did not report" in done.stderr
    assert 10 < time.monotonic() - began < 240
    assert not (bench.work / "ran").exists()


@pytest.mark.parametrize("seccomp", [True, False])
def test_a_kernel_that_reports_passes_on_output_and_status(bench: Bench, seccomp: bool) -> None:
    bench.new(WORKS, seccomp=seccomp)
    command = "seq 3; echo $NETLOOM_LAB_KERNEL $NETLOOM_LAB_KERNEL_RELEASE; pwd; echo err >&2; exit 7"
    done = bench.call("--uml", "sh", "-c", command)
    assert done.returncode == 7
    assert done.stdout.splitlines() == ["1", "2", "3", f"uml {NEW}", str(bench.work)]
    assert done.stderr.splitlines() == [
        f"lab-kernel: trying the User-mode Linux kernel {NEW} (installed)",
        f"lab-kernel: User-mode Linux kernel {NEW} (installed) (asked for)",
        "err",
    ]
    assert ["seccomp=on" in words.split() for words in bench.starts(NEW)] == [seccomp] * 2


def test_the_release_decides_which_candidate_the_installed_program_is(bench: Bench) -> None:
    bench.new(WORKS)
    bench.old(WORKS)
    assert bench.which("--uml") == {"uml": f"taken: User-mode Linux kernel {NEW} (installed)"}
    shutil.copy(bench.cache / "uml-old/usr/bin/linux.uml", bench.bin / "linux.uml")
    (bench.folder / "usr/lib/uml/modules" / OLD).mkdir()
    assert bench.which("--uml-old") == {"uml-old": f"taken: User-mode Linux kernel {OLD} (installed)"}


def test_trials_are_remembered(bench: Bench) -> None:
    bench.new(ENDS)
    bench.old(WORKS)
    told = bench.which()
    assert told["uml"] == "not taken: the kernel ended before its first process ran"
    assert told["uml-old"].startswith("taken: ")
    assert (len(bench.starts(NEW)), len(bench.starts(OLD))) == (1, 1)
    assert bench.which()["uml"].endswith("(at an earlier trial; --again tries it anew)")
    assert (len(bench.starts(NEW)), len(bench.starts(OLD))) == (1, 1)
    assert bench.which("--again")["uml"] == told["uml"]
    assert (len(bench.starts(NEW)), len(bench.starts(OLD))) == (2, 1), "--again tries only what failed"
    bench.new(WORKS)
    assert bench.which()["uml"] == f"taken: User-mode Linux kernel {NEW} (installed)"
    assert len(bench.starts(NEW)) == 3, "a changed program is tried anew"


@pytest.mark.parametrize("lines", [SILENT, PANICS], ids=["silent", "panics"])
def test_a_kernel_that_passed_its_trial_and_then_does_not_report_is_distrusted(bench: Bench, lines: str) -> None:
    bench.new(after_its_trial(lines))
    bench.old(WORKS)
    assert bench.which()["uml"].startswith("taken: ")
    words = ("--report-within", "2", "sh", "-c", "echo once >>ran; exit 4")
    assert bench.call(*words).returncode == 4
    assert (bench.work / "ran").read_text() == "once\n"
    assert len(bench.starts(NEW)) == 2
    assert bench.which()["uml"].startswith("not taken: ")
    assert bench.call(*words).returncode == 4
    assert len(bench.starts(NEW)) == 2, "a kernel that failed is not started again"


def test_a_kernel_that_ends_with_less_memory_is_not_distrusted(bench: Bench) -> None:
    bench.new(after_its_trial(ENDS))
    bench.old(WORKS)
    assert bench.call("--mem", "8M", "sh", "-c", "exit 4").returncode == 4
    assert bench.which()["uml"].startswith("taken: ")


def test_a_folder_that_no_kernel_can_use_says_nothing_about_the_kernels(bench: Bench) -> None:
    bench.new(WORKS)
    bench.old(WORKS)
    unusual = bench.work / "a b"
    unusual.mkdir()
    done = run(SCRIPT, "--uml", "true", cwd=unusual, ok=False, env=bench.environment)
    assert done.returncode == 125
    assert f"the path {unusual}" in done.stderr
    assert bench.starts(NEW) == []
    assert bench.which()["uml"].startswith("taken: "), "this must not be remembered as the kernel's failure"


LOST = {
    "ends": ("report; say last; exit 3", "the kernel ended before the command did"),
    "panics": (f"report; sleep 0.5; {PANICS}", "the kernel panicked"),
}


@pytest.mark.parametrize("kind", LOST)
def test_no_other_kernel_runs_a_command_that_began(bench: Bench, kind: str) -> None:
    lines, reason = LOST[kind]
    bench.new(after_its_trial(lines))
    bench.old(WORKS)
    began = time.monotonic()
    done = bench.call("touch", "ran")
    assert done.returncode == 125
    assert f"{reason}. Its last words:\n" in done.stderr
    assert time.monotonic() - began < 10
    assert bench.starts(OLD) == []
    assert not (bench.work / "ran").exists()


def test_a_trial_that_does_not_list_all_facts_fails(bench: Bench) -> None:
    bench.new('report; echo "kind geneve" >&"$out"; echo 0 >"$run/rc"')
    told = bench.which("--uml")["uml"]
    assert told == "not taken: the kernel started, and then: the list of what the kernel has is not whole"


def test_a_command_has_no_time_limit_but_its_own(bench: Bench) -> None:
    bench.new(WORKS)
    done = bench.call("--uml", "--report-within", "1", "sh", "-c", "sleep 2; echo end")
    assert (done.returncode, done.stdout) == (0, "end\n"), "the limit of the start is not one of the command"
    done = bench.call("--uml", "--timeout", "1", "sh", "-c", "echo up; sleep 30; echo end")
    assert (done.returncode, done.stdout) == (124, "up\n")
    assert "the command did not end within 1 s" in done.stderr
