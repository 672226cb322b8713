# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run of tests counts, and when it fails: a test that failed, one that was skipped, a level without tests."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give the files of scripts/run_tests.py as it imports them; what they write is in a folder of the test."""
    names = ("placement", "levels", "counts", "run_tests")
    monkeypatch.syspath_prepend(str(SCRIPTS))
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)
    found = {name: importlib.import_module(name) for name in names}
    monkeypatch.setattr(found["levels"], "OUTPUT", tmp_path)
    monkeypatch.setattr(found["run_tests"], "OUTPUT", tmp_path)
    yield type("Parts", (), found)
    for name in names:
        sys.modules.pop(name, None)


def able(parts: Any) -> Any:
    """Give kernels of which the machine's own has all that the lab needs."""
    lab = parts.placement.LAB
    facts = parts.placement.Facts("6.18.0", "6.15.0", frozenset(lab.kinds), frozenset(lab.features))
    return parts.placement.Kernels(ask=lambda _name: facts)


def junit(step: Any, *cases: str) -> None:
    """Write what pytest would of its tests."""
    listed = "".join(f'<testcase classname="c" name="t{number}">{case}</testcase>' for number, case in enumerate(cases))
    step.junit.write_text(f"<testsuites><testsuite>{listed}</testsuite></testsuites>", encoding="utf-8")


def counted(result: Any) -> tuple[int, int, int, int]:
    return result.passed, result.failed, result.skipped, result.left


@pytest.mark.parametrize(
    ("where", "cases", "status", "expected"),
    [
        ("native", ["", ""], 0, (2, 0, 0, 0)),
        ("native", ["", '<failure message="no"/>'], 1, (1, 1, 0, 0)),
        ("native", ['<error message="no"/>'], 1, (0, 1, 0, 0)),
        ("native", ['<skipped message="no tool"/>'], 0, (0, 0, 1, 0)),
        ("native", ['<skipped message="left: native: vrf; uml: not here"/>', ""], 0, (1, 0, 0, 1)),
        ("uml", ['<skipped message="no tool, left: none"/>'], 0, (0, 0, 1, 0)),
        ("native", [""], 2, (1, 1, 0, 0)),
        ("native", [""], "no end after 5 seconds", (1, 1, 0, 0)),
        ("native", [], 5, (0, 0, 0, 0)),
    ],
)
def test_what_pytest_reports(
    parts: Any, where: str, cases: list[str], status: Any, expected: tuple[int, int, int, int]
) -> None:
    step = parts.levels.pytest_step("kernel", "tests/kernel", where, [])
    junit(step, *cases)
    result = parts.counts.Result(step)
    parts.counts.count_junit(result, status, "")
    assert counted(result) == expected


def test_no_report_is_a_failure(parts: Any) -> None:
    result = parts.counts.Result(parts.levels.pytest_step("unit", "tests/unit", "native", []))
    parts.counts.count_junit(result, 0, "")
    assert counted(result) == (0, 1, 0, 0)


def test_a_command_is_one_test(parts: Any) -> None:
    for status, expected in ((0, (1, 0, 0, 0)), (1, (0, 1, 0, 0)), ("no end after 5 seconds", (0, 1, 0, 0))):
        result = parts.counts.Result(parts.levels.tool("check", "ruff"))
        parts.counts.count_command(result, status, "")
        assert counted(result) == expected


def test_a_scenario_counts_itself_and_its_tests(parts: Any) -> None:
    (step,) = parts.levels.molecule(able(parts), [])
    result = parts.counts.Result(step)
    junit(step, "", '<failure message="no"/>')
    parts.counts.count_both(result, 0, "")
    assert counted(result) == (2, 1, 0, 0)
    step.junit.unlink()
    result = parts.counts.Result(step)
    parts.counts.count_both(result, 0, "")
    assert counted(result) == (1, 1, 0, 0), "a scenario without a test of testinfra"


def test_sanity_counts_its_tests(parts: Any) -> None:
    (step,) = parts.levels.sanity(able(parts), [])
    ran = 'Running sanity test "pep8"\nRunning sanity test "import"\n'
    for text, status, expected in (
        (ran, 0, (2, 0, 0, 0)),
        (
            f"{ran}The 1 sanity test(s) listed below (out of 2) failed. See error output above.\nimport\n",
            1,
            (1, 1, 0, 0),
        ),
        ("", 0, (0, 1, 0, 0)),
        (ran, 2, (2, 1, 0, 0)),
    ):
        result = parts.counts.Result(step)
        parts.counts.count_sanity(result, status, text)
        assert counted(result) == expected


@pytest.mark.parametrize(
    ("passed", "failed", "skipped", "well"), [(1, 0, 0, True), (1, 1, 0, False), (1, 0, 1, False), (0, 0, 0, False)]
)
def test_when_all_is_well(
    parts: Any, capsys: pytest.CaptureFixture[str], passed: int, failed: int, skipped: int, well: bool
) -> None:
    step = parts.levels.pytest_step("unit", "tests/unit", "native", [])
    result = parts.counts.Result(step, passed=passed, failed=failed, skipped=skipped)
    assert parts.counts.report([result], 3.0) is well
    counted_empty = failed + (0 if passed else 1)
    assert f"{passed} passed, {counted_empty} failed, {skipped} skipped" in capsys.readouterr().out


def test_a_step_is_run_and_counted(parts: Any, capsys: pytest.CaptureFixture[str]) -> None:
    kernels = able(parts)
    good, bad = (parts.levels.Step("check", name, ("sh", "-c", f"echo said; exit {name}")) for name in ("0", "3"))
    results = parts.run_tests.run_all([good, bad], kernels)
    assert [counted(result) for result in results] == [(1, 0, 0, 0), (0, 1, 0, 0)]
    assert results[1].notes == ["failed: 3: exit status 3"]
    assert "said" in capsys.readouterr().out, "the output of what failed is shown"
    missing = parts.levels.pytest_step("unit", "tests/no-such-folder", "native", [])
    assert parts.run_tests.run_step(missing, kernels).notes == ["failed: tests/no-such-folder does not exist"]
