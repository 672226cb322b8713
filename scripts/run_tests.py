# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run the levels of tests, each test on a kernel that has what it needs, and count.

Two streams run side by side, on one CPU each: the tests on the machine's own kernel, and those in lab kernels. Each
step writes its output to tests/output/; the output of what failed is shown. The run fails when a test failed, when one
was skipped, and when a level has no test at all.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from counts import COUNTERS, Result, report, show
from levels import ALL_LEVELS, CHECKOUT, LEVELS, NATIVE, ON_KERNELS, OUTPUT, Step, environment
from placement import PROGRAM, Kernels, Unplaced, as_root, preferred

STEP_SECONDS = 3600
#: These levels need no kernel, so they run behind the lab kernels, whose stream is the shorter one.
AFTER_LAB_KERNELS = ("sanity", "lint")
#: In QEMU the tests in tests/kernel were seen to take 1240 s, and take longer where others use the processors too.
QEMU_SECONDS = 5400
SHOWN_LINES = 150

running: set[subprocess.Popen[bytes]] = set()
stopping = threading.Event()


def variables_of(step: Step, kernels: Kernels) -> dict[str, str]:
    """Return the variables of a step: those of all steps, and the plan of its tests, which is written for it."""
    variables = environment()
    if step.count in ("junit", "both"):
        variables["PYTEST_ADDOPTS"] = f"{os.environ.get('PYTEST_ADDOPTS', '')} --junitxml={step.junit}".strip()
    if step.tests or step.nowhere:
        plan = OUTPUT / f"{step.slug}.plan"
        plan.write_text(json.dumps({"here": step.tests, "nowhere": step.nowhere}), encoding="utf-8")
        variables["NETLOOM_TEST_PLAN"] = str(plan)
    if step.where in kernels.facts:
        variables["NETLOOM_TEST_FACTS"] = kernels.facts[step.where].to_json()
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
    prefix = as_root() if step.needs_root or step.where != NATIVE else []
    if step.where != NATIVE:
        prefix = [*prefix, str(PROGRAM), f"--{step.where}"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*prefix, *step.command], cwd=CHECKOUT, env=variables_of(step, kernels), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
        running.add(process)
        seconds = QEMU_SECONDS if step.where.startswith("qemu") else STEP_SECONDS
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
    """Run two streams side by side; return the results in the order of the steps."""
    beside = [step for step in steps if step.where != NATIVE] + [
        step for step in steps if step.level in AFTER_LAB_KERNELS
    ]
    streams = [[step for step in steps if step not in beside], beside]
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
    started = time.monotonic()
    try:
        kernels = Kernels(preferred())
        steps = [
            step for name in ALL_LEVELS if name in chosen for step in ALL_LEVELS[name](kernels, arguments[cut + 1 :])
        ]
    except Unplaced as error:
        show(f"failed: {error}")
        return 1
    # The quick levels need no kernel, so they do not ask for root either.
    if ON_KERNELS & set(chosen):
        show_kernels(kernels, steps)
    return 0 if report(run_all(steps, kernels), time.monotonic() - started) else 1


def show_kernels(kernels: Kernels, steps: list[Step]) -> None:
    """Print what each kernel of the run is, and how many tests it has been given."""
    for name, facts in kernels.facts.items():
        count = sum(len(step.tests) for step in steps if step.where == name)
        show(f"kernel {name}: Linux {facts.release} with iproute2 {facts.iproute2}, {count} tests that need a kernel")
    for name, reason in kernels.refused.items():
        show(f"kernel {name}: not used: {reason}")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
