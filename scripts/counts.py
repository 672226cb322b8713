# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Count what the steps of a run passed and failed, and say it in a table."""

from __future__ import annotations

import re
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field

from levels import Step

#: The begin of the reason of a test that no kernel of the run can run (tests/conftest.py).
LEFT = "left: "
# pytest's exit status when it found no test, or when -m left none of them.
NO_TESTS_COLLECTED = 5

screen = threading.Lock()


@dataclass
class Result:
    """Counts of one step, and one line for each thing that a reader must know."""

    step: Step
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    left: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)

    def fail(self, note: str) -> None:
        """Count one failure with its reason."""
        self.failed += 1
        self.notes.append(f"failed: {note}")


def show(text: str) -> None:
    """Print a whole text at once, as two streams write to one screen."""
    with screen:
        print(text, flush=True)


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
            elif outcomes.get("skipped", "").startswith(LEFT):
                result.left += 1
                result.notes.append(f"{LEFT}{name}: {outcomes['skipped'].removeprefix(LEFT)}")
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
    if left := sum(result.left for result in results):
        show(f"\n{left} left: no kernel of this run has what they need (named above)")
    show(f"\n{seconds:.0f} seconds\n{passed} passed, {failed} failed, {skipped} skipped")
    return not failed and not skipped
