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
import re
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
OUTPUT = CHECKOUT / "tests" / "output"
BIN = CHECKOUT / ".venv" / "bin"
NATIVE = "native"
LAB = "lab kernel"
NEWER = "newer kernel"  # Linux 6.12 or later; see scripts/newer-kernel
NEWEST = "newest kernel"
KERNELS = {
    LAB: (str(CHECKOUT / "scripts" / "lab-kernel"), "--uml"),
    NEWER: (str(CHECKOUT / "scripts" / "newer-kernel"), "--qemu"),
    NEWEST: (str(CHECKOUT / "scripts" / "newer-kernel"), "--suite", "stable-backports"),
}
#: What the reason of a test that is left out begins with (tests/conftest.py), and the last kernel to leave it to.
LEFT = {NEWER: NEWEST, LAB: LAB}
STEP_SECONDS = 1500
#: In QEMU the tests in tests/kernel were seen to take 1240 s, and take longer where others use the processors too.
QEMU_SECONDS = 3600
SHOWN_LINES = 150
# pytest's exit status when it found no test, or when -m left none of them.
NO_TESTS_COLLECTED = 5


@dataclass(frozen=True)
class Step:
    """One command of a level.

    ``count`` says what is counted: "command" (the command itself is the test), "junit" (the tests in the JUnit file
    that pytest writes), "both", or "sanity" (the tests that ansible-test names in its output).
    """

    level: str
    name: str
    command: tuple[str, ...]
    count: str = "command"
    where: str = NATIVE
    needs_root: bool = False
    needs_path: str = ""

    @property
    def slug(self) -> str:
        """Give the name of the step's files in tests/output."""
        return re.sub(r"[^a-z0-9]+", "-", f"{self.level} {self.name} {self.where}".lower()).strip("-")

    @property
    def junit(self) -> Path:
        """Give the place of the step's JUnit file."""
        return OUTPUT / f"{self.slug}.xml"


@dataclass
class Result:
    """Counts of one step, and one line for each thing that a reader must know."""

    step: Step
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    left: list[str] = field(default_factory=list)  # the kernel (LEFT) to which each test that was left out belongs
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)

    def fail(self, note: str) -> None:
        """Count one failure with its reason."""
        self.failed += 1
        self.notes.append(f"failed: {note}")


# --- the levels --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kernels:
    """What the native kernel lacks, and where a lab of hosts runs."""

    missing_kinds: str
    lab: str


def pytest_steps(level: str, path: str, kernels: Kernels, options: list[str]) -> list[Step]:
    """Split a level's tests: what the native kernel can do, and what it cannot do because a link kind is missing."""
    if not kernels.missing_kinds:
        return [pytest_step(level, path, NATIVE, options)]
    return [
        pytest_step(level, path, NATIVE, ["-m", "not lab_kernel", *options]),
        pytest_step(level, path, LAB, ["-m", "lab_kernel", *options]),
    ]


def pytest_step(level: str, path: str, where: str, options: list[str]) -> Step:
    """Make a step that runs the tests below a path with pytest."""
    command = (str(BIN / "python"), "-m", "pytest", "-q", path, *options)
    return Step(level, path, command, "junit", where, needs_root=level != "unit", needs_path=path)


def tool(level: str, *command: str) -> Step:
    """Make a step that runs a tool of the environment, which counts as one test."""
    return Step(level, " ".join(command[:2]), (str(BIN / command[0]), *command[1:]))


def check(_kernels: Kernels, _options: list[str]) -> list[Step]:
    """Run ruff, ruff format and mypy."""
    return [tool("check", "ruff", "check", "."), tool("check", "ruff", "format", "--check", "."), tool("check", "mypy")]


def unit(_kernels: Kernels, options: list[str]) -> list[Step]:
    """Run the tests that need no kernel."""
    return [pytest_step("unit", "tests/unit", NATIVE, ["-n", "2", "--timeout", "60", *options])]


def sanity(_kernels: Kernels, _options: list[str]) -> list[Step]:
    """Run ansible-test sanity, without ignore files."""
    return [Step("sanity", "ansible-test", (str(CHECKOUT / "scripts" / "sanity"),), "sanity")]


def lint(_kernels: Kernels, _options: list[str]) -> list[Step]:
    """Run ansible-lint, antsibull-docs, antsibull-changelog, yamllint, the tarball's build; compare docs/options.md."""
    return [
        tool("lint", "yamllint", "--strict", "."),
        tool("lint", "antsibull-changelog", "lint"),
        tool(
            "lint", "antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs", "self", "."
        ),
        tool("lint", "ansible-galaxy", "collection", "build", "--force", "--output-path", str(OUTPUT)),
        tool("lint", "ansible-lint", "--offline", "--strict", "--nocolor"),
        tool("lint", "python", "scripts/write_options_page.py", "--check"),
    ]


def kernel(kernels: Kernels, options: list[str]) -> list[Step]:
    """Try each kind and object on a real kernel, read back by iproute2."""
    return pytest_steps("kernel", "tests/kernel", kernels, options)


def integration(kernels: Kernels, options: list[str]) -> list[Step]:
    """Run each module through ansible-playbook, in a network namespace."""
    return pytest_steps("integration", "tests/integration", kernels, options)


def lab(_kernels: Kernels, options: list[str]) -> list[Step]:
    """Try lab hosts, their connection plugin and the playbooks."""
    return [pytest_step("lab", "tests/lab", NATIVE, options)]


def molecule(kernels: Kernels, _options: list[str]) -> list[Step]:
    """Run the scenarios on multi-host labs, verified with testinfra."""
    scenarios = sorted(path.parent.name for path in CHECKOUT.glob("molecule/*/molecule.yml")) or ["default"]
    return [
        Step(
            "molecule",
            name,
            (str(BIN / "molecule"), "test", "--scenario-name", name),
            "both",
            kernels.lab,
            needs_root=True,
            needs_path=f"molecule/{name}/molecule.yml",
        )
        for name in scenarios
    ]


def newer_kernel(_kernels: Kernels, options: list[str]) -> list[Step]:
    """Run level kernel on Linux 6.12 or later, and its tests for newer kernels on the newest; not by default."""
    # What it draws are words for modules, which no kernel sees differently, and it takes 7 minutes there.
    without = "--ignore=tests/kernel/test_any_module.py"
    return [
        pytest_step("newer_kernel", "tests/kernel", NEWER, [without, *options]),
        pytest_step("newer_kernel", "tests/kernel", NEWEST, ["-m", "needs_linux", *options]),
    ]


LEVELS = {level.__name__: level for level in (check, unit, sanity, lint, kernel, integration, lab, molecule)}
OPTIONAL = {newer_kernel.__name__: newer_kernel}
ALL_LEVELS = {**LEVELS, **OPTIONAL}


# --- running -----------------------------------------------------------------------------------------------------

running: set[subprocess.Popen[bytes]] = set()
stopping = threading.Event()
screen = threading.Lock()


def show(text: str) -> None:
    """Print a whole text at once, as two streams write to one screen."""
    with screen:
        print(text, flush=True)


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


# --- counting ----------------------------------------------------------------------------------------------------


def count_command(result: Result, status: int | str, _text: str) -> None:
    """Count the command itself as one test."""
    if status == 0:
        result.passed += 1
    else:
        result.fail(f"{result.step.name}: {status if isinstance(status, str) else f'exit status {status}'}")


def count_junit(result: Result, status: int | str, _text: str) -> None:
    """Count the tests that pytest reports; what stops pytest itself is a failure too."""
    if result.step.junit.exists():
        for case in ET.parse(result.step.junit).iter("testcase"):
            name = f"{case.get('classname')}::{case.get('name')}"
            outcomes = {child.tag: child.get("message") or "" for child in case}
            if {"failure", "error"} & outcomes.keys():
                result.fail(name)
            elif (to := outcomes.get("skipped", "").split(": ")[0]) in LEFT and result.step.where != LEFT[to]:
                result.left.append(to)
                result.notes.append(f"left: {name}: {outcomes['skipped']}")
            elif "skipped" in outcomes:
                result.skipped += 1
                result.notes.append(f"skipped: {name}: {outcomes['skipped']}")
            else:
                result.passed += 1
    elif status == 0:
        result.fail(f"{result.step.name}: no tests were reported")
    if status not in (0, NO_TESTS_COLLECTED) and not result.failed:
        result.fail(f"{result.step.name}: {status if isinstance(status, str) else f'exit status {status}'}")


def count_both(result: Result, status: int | str, text: str) -> None:
    """Count the command as one test and add what pytest reports from within it."""
    count_command(result, status, text)
    if result.step.junit.exists():
        count_junit(result, 0, text)
    elif status == 0:
        result.fail(f"{result.step.name}: no test of testinfra was reported")


def count_sanity(result: Result, status: int | str, text: str) -> None:
    """Count the tests that ansible-test says it ran; it lists those that failed at its end."""
    ran = re.findall(r'^Running sanity test "([^"]+)"', text, re.MULTILINE)
    listed = re.search(r"sanity test\(s\) listed below \(out of \d+\) failed.*?\n(.*?)(?=^FATAL|\Z)", text, re.S | re.M)
    for name in listed.group(1).split("\n") if listed else []:
        if name.strip():
            result.fail(name.strip())
    result.passed = max(len(ran) - result.failed, 0)
    if (status != 0 or not ran) and not result.failed:
        result.fail(f"ansible-test: {status if isinstance(status, str) else f'exit status {status}'}")
    absent = dict.fromkeys(re.findall(r"Skipping sanity test .* on Python (\S+) because it could not be found", text))
    if absent:
        result.notes.append(f"ansible-test looked for these Pythons too, which this machine lacks: {', '.join(absent)}")


COUNTERS = {"command": count_command, "junit": count_junit, "both": count_both, "sanity": count_sanity}


# --- the whole run -----------------------------------------------------------------------------------------------


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


def empty_levels(results: list[Result]) -> Iterator[str]:
    """Name the levels in which no test ran at all, natively and in the lab kernel together."""
    counts: dict[str, int] = {}
    for result in results:
        level = result.step.level
        counts[level] = counts.get(level, 0) + result.passed + result.failed + result.skipped
    return (level for level, count in counts.items() if not count)


def report(results: list[Result], seconds: float) -> bool:
    """Print notes, table and the closing line; tell whether all is well."""
    for result in results:
        for note in result.notes:
            show(f"{result.step.level} ({result.step.where}): {note}")
    empty = list(empty_levels(results))
    for level in empty:
        show(f"{level}: failed: the level has no test")
    show(f"\n{'level':<12} {'step':<34} {'where':<13} {'passed':>7} {'failed':>7} {'skipped':>7} {'seconds':>8}")
    for result in results:
        step = result.step
        show(
            f"{step.level:<12} {step.name:<34} {step.where:<13} {result.passed:>7} {result.failed:>7} "
            f"{result.skipped:>7} {result.seconds:>8.1f}"
        )
    passed, skipped = sum(result.passed for result in results), sum(result.skipped for result in results)
    failed = sum(result.failed for result in results) + len(empty)
    for to, call_ in ((NEWER, "make test-newer-kernel"), (LAB, "scripts/lab-kernel --uml")):
        if left := sum(result.left.count(to) for result in results if result.step.where != NEWER):
            show(f"\n{left} left to the {to}: {call_}")
    show(f"\n{seconds:.0f} seconds\n{passed} passed, {failed} failed, {skipped} skipped")
    return not failed and not skipped


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
