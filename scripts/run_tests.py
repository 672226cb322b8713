# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run the levels of tests, what the native kernel can do natively and the rest in the lab kernel, and count.

Two streams run side by side: what needs the lab kernel (one CPU each), and everything else. Each step writes its
output to tests/output/; what failed is shown. The run fails when a test failed, when one was skipped, and when a level
has no test at all.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from counts import COUNTERS, Result, report, show
from levels import ALL_LEVELS, BIN, CHECKOUT, KERNELS, LAB, LEVELS, NATIVE, NEWER, NEWEST, OUTPUT, Kernels, Step

STEP_SECONDS = 1500
#: In QEMU the tests in tests/kernel were seen to take 1240 s, and take longer where others use the processors too.
QEMU_SECONDS = 3600
SHOWN_LINES = 150

running: set[subprocess.Popen[bytes]] = set()
stopping = threading.Event()


def as_root() -> list[str]:
    """Give the words in front of a command that needs root."""
    return [] if os.getuid() == 0 else ["sudo", "--preserve-env", "env", f"PATH={os.environ['PATH']}"]


def find_kernels() -> Kernels:
    """Ask the two scripts that try the native kernel."""

    def ask(*script: str) -> str:
        return subprocess.run([*as_root(), *script], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    lab_kernel = ask(KERNELS[LAB][0], "--which")
    return Kernels(ask(str(CHECKOUT / "scripts" / "missing-kinds")), NATIVE if lab_kernel == "native" else LAB)


def environment(step: Step, kernels: Kernels) -> dict[str, str]:
    """Give the variables a step needs; scripts/lab-kernel hands on those of ANSIBLE, PYTEST, NETLOOM, MOLECULE."""
    variables = {
        **os.environ,
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".collections"),
        "MOLECULE_GLOB": str(CHECKOUT / "molecule" / "*" / "molecule.yml"),
        "NETLOOM_MISSING_KINDS": "" if step.where in (NEWER, NEWEST) else kernels.missing_kinds,
        "NETLOOM_TEST_KERNEL": step.where,
    }
    if step.count in ("junit", "both"):
        variables["PYTEST_ADDOPTS"] = f"{os.environ.get('PYTEST_ADDOPTS', '')} --junitxml={step.junit}".strip()
    return variables


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a step's process with all it started: TERM, and KILL 10 seconds later."""
    for signum in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signum)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
            return


def call(step: Step, kernels: Kernels, log: Path) -> int | str:
    """Run a step's command with its output in a file; give the exit status, or why there is none."""
    prefix = as_root() if step.needs_root or step.where in KERNELS else []
    prefix = [*prefix, *KERNELS.get(step.where, ())]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*prefix, *step.command], cwd=CHECKOUT, env=environment(step, kernels), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
        running.add(process)
        seconds = QEMU_SECONDS if step.where in (NEWER, NEWEST) else STEP_SECONDS
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            stop(process)
            return f"no end after {seconds} seconds"
        finally:
            running.discard(process)


def run_step(step: Step, kernels: Kernels) -> Result:
    """Run a step, count, and show its output when something is wrong."""
    result = Result(step)
    if stopping.is_set():
        result.fail("not run: interrupted")
        return result
    if step.needs_path and not (CHECKOUT / step.needs_path).exists():
        result.fail(f"{step.needs_path} does not exist")
        return result
    step.junit.unlink(missing_ok=True)
    log = OUTPUT / f"{step.slug}.log"
    started = time.monotonic()
    status = call(step, kernels, log)
    result.seconds = time.monotonic() - started
    text = log.read_text(errors="replace")
    COUNTERS[step.count](result, status, text)
    wrong = result.failed or result.skipped
    if wrong:
        show("\n".join([f"--- {step.slug}: {log}", *text.splitlines()[-SHOWN_LINES:], "---"]))
    show(
        f"{'FAILED' if wrong else 'ok    '} {step.level}: {step.name} ({step.where}): {result.passed} passed, "
        f"{result.failed} failed, {result.skipped} skipped, {result.seconds:.0f} s"
    )
    return result


def run_stream(steps: list[Step], kernels: Kernels) -> list[Result]:
    """Run steps one after the other."""
    return [run_step(step, kernels) for step in steps]


def run_all(steps: list[Step], kernels: Kernels) -> list[Result]:
    """Run the native stream and the lab kernel's side by side; give the results in the order of the steps."""
    streams = [[step for step in steps if step.where in where] for where in ((NATIVE,), (LAB,), (NEWER, NEWEST))]
    with ThreadPoolExecutor(max_workers=len(streams)) as pool:
        futures = [pool.submit(run_stream, stream, kernels) for stream in streams]
        try:
            results = {result.step: result for future in futures for result in future.result()}
        except KeyboardInterrupt:
            stopping.set()
            for process in list(running):
                stop(process)
            results = {result.step: result for future in futures for result in future.result()}
    return [results[step] for step in steps]


def main(arguments: list[str]) -> int:
    """Run the levels that are named, or all; give the exit status."""
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    levels = "\n".join(f"  {name:<12} {(level.__doc__ or '').splitlines()[0]}" for name, level in ALL_LEVELS.items())
    parser = argparse.ArgumentParser(
        prog="scripts/test",
        usage="scripts/test [LEVEL...] [-- PYTEST-OPTION...]",
        description=f"Run the tests.\n\nlevels, in this order:\n{levels}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "levels", nargs="*", choices=[[], *ALL_LEVELS], metavar="LEVEL", help="left out: all but newer_kernel"
    )
    chosen = parser.parse_args(arguments[:cut]).levels or list(LEVELS)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    # The quick levels need no kernel, so they do not ask for root either.
    kernels = find_kernels() if {"kernel", "integration", "lab", "molecule"} & set(chosen) else Kernels("", NATIVE)
    if kernels.missing_kinds:
        show(f"The native kernel lacks: {kernels.missing_kinds}. What needs them runs in the lab kernel.")
    steps = [step for name in ALL_LEVELS if name in chosen for step in ALL_LEVELS[name](kernels, arguments[cut + 1 :])]
    started = time.monotonic()
    return 0 if report(run_all(steps, kernels), time.monotonic() - started) else 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
