# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run tests/kernel and the golden bytes of the codec with each release of pyroute2, and on the oldest Python.

Each release is installed into a folder of its own below ``.cache/pyroute2`` and stands before the one in ``.venv`` on
PYTHONPATH. The oldest Python is the first of 3.9, 3.10, ... that is found on PATH or among the versions of pyenv; it
gets a virtual environment with the oldest pyroute2 in ``.cache/py3X``. Where there is none, that row says so and does
not count. Prints a table; the exit status is 0 when every row that was run passed. JUnit files and output are in
``tests/output/matrix``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
CACHE = CHECKOUT / ".cache"
OUTPUT = CHECKOUT / "tests" / "output" / "matrix"
PYTHON = CHECKOUT / ".venv" / "bin" / "python"
VERSIONS = ("0.7.2", "0.7.12", "0.8.1", "0.9.7")
#: What the tests need; pip takes the newest that still runs on that Python.
PACKAGES = ("pytest", "pytest-timeout", "hypothesis", "pyyaml", f"pyroute2=={VERSIONS[0]}")
TESTS = (
    "tests/kernel",
    "tests/unit/plugins/module_utils/test_codec_golden.py",
    "tests/unit/plugins/module_utils/test_codec_forms.py",
)
#: pyproject.toml asks for a newer pytest than the oldest Python has, so its options are given here.
OPTIONS = (
    "-c",
    os.devnull,
    f"--rootdir={CHECKOUT}",
    "--import-mode=importlib",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:pytest-ansible",
    "-o",
    "timeout=300",
    "-o",
    "xfail_strict=true",
    "-W",
    "ignore::pytest.PytestUnknownMarkWarning",
    "-q",
)
#: The oldest Python is one of hosts: ansible-core, in whose process the modules are called, does not run on it.
WITHOUT_ANSIBLE = ("--ignore=tests/kernel/test_any_module.py",)
SECONDS = 900


@dataclass(frozen=True)
class Row:
    """One row of the table: what was run, and how it came out."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    note: str = ""
    ran: bool = True

    @property
    def good(self) -> bool:
        """Tell whether the row passed: at least one test, none failed, none skipped."""
        return bool(self.passed) and not self.failed and not self.skipped and not self.note


def installed(version: str) -> Path:
    """Return the folder that holds one release of pyroute2, filled by pip where it is new."""
    folder = CACHE / "pyroute2" / version
    if not (folder / "pyroute2").is_dir():
        options = ("-qq", "--no-deps", "--disable-pip-version-check", "--target", str(folder))
        subprocess.run([PYTHON, "-m", "pip", "install", *options, f"pyroute2=={version}"], check=True, timeout=300)
    return folder


def oldest_python() -> Path | None:
    """Find the oldest Python from 3.9 up to the one that runs this which starts: on PATH, or a version of pyenv."""
    for minor in range(9, sys.version_info.minor):
        on_path = shutil.which(f"python3.{minor}")
        pyenv = sorted(Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python3.{minor}"))
        for candidate in ([Path(on_path)] if on_path else []) + pyenv:
            # A shim of pyenv stands on PATH for versions that are not chosen, and does not run.
            if subprocess.run([candidate, "-c", ""], capture_output=True, check=False, timeout=30).returncode == 0:
                return candidate
    return None


def environment_of(python: Path) -> Path:
    """Return the Python of a virtual environment with what the tests need; made where it is not complete."""
    folder = CACHE / f"py{python.name.removeprefix('python').replace('.', '')}"
    inside = folder / "bin" / "python"
    needs = "import hypothesis, pyroute2, pytest, pytest_timeout, yaml"
    if inside.exists() and subprocess.run([inside, "-c", needs], capture_output=True, check=False).returncode == 0:
        return inside
    subprocess.run([python, "-m", "venv", "--clear", folder], check=True, timeout=120)
    options = ("-qq", "--disable-pip-version-check")
    subprocess.run([inside, "-m", "pip", "install", *options, *PACKAGES], check=True, timeout=300)
    return inside


def run(name: str, python: Path, version: str, folder: Path | None, options: list[str]) -> Row:
    """Run the tests on a Python with a pyroute2 and count them; ``folder`` goes before the Python's own packages."""
    slug = name.replace(" ", "-")
    junit, log = OUTPUT / f"{slug}.xml", OUTPUT / f"{slug}.log"
    junit.unlink(missing_ok=True)
    variables = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTEST_ADDOPTS")}
    if folder is not None:
        variables["PYTHONPATH"] = str(folder)
    # The row's name must be the truth: ask the Python what it imports.
    asked = "import importlib.metadata as m, pyroute2; print(m.version('pyroute2'), pyroute2.__file__)"
    found = subprocess.run([python, "-c", asked], env=variables, capture_output=True, text=True, check=False)
    release, _space, where = found.stdout.strip().partition(" ")
    if release != version or (folder is not None and not where.startswith(str(folder))):
        return Row(name, note=f"imports pyroute2 {found.stdout.strip() or found.stderr.strip()[-200:]}")
    command = [python, "-m", "pytest", *TESTS, *OPTIONS, f"--junitxml={junit}", *options]
    sudo = [] if os.getuid() == 0 else ["sudo", "--preserve-env=PYTHONPATH"]
    try:
        with log.open("wb") as file:
            done = subprocess.run(
                [*sudo, *command], cwd=CHECKOUT, env=variables, stdout=file, stderr=file, timeout=SECONDS, check=False
            )
    except subprocess.TimeoutExpired:
        return Row(name, note=f"did not end within {SECONDS} s: {log.relative_to(CHECKOUT)}")
    return counted(name, junit, done.returncode, log)


def counted(name: str, junit: Path, status: int, log: Path) -> Row:
    """Count a JUnit file's tests."""
    tally = {"passed": 0, "failed": 0, "skipped": 0}
    for case in ET.parse(junit).iter("testcase") if junit.exists() else ():
        marks = {child.tag for child in case}
        # The machine's own kernel or iproute2 cannot show these; make test runs them on other kernels.
        if any(child.get("message", "").startswith("left: ") for child in case if child.tag == "skipped"):
            continue
        tally["failed" if marks & {"failure", "error"} else "skipped" if "skipped" in marks else "passed"] += 1
    note = "" if status == 0 else f"exit status {status}: see {log.relative_to(CHECKOUT)}"
    return Row(name, note=note, **tally)


def oldest(options: list[str]) -> Row:
    """Run the row of the oldest Python."""
    python = oldest_python()
    if python is None:
        newest = sys.version_info.minor
        return Row(
            "oldest Python", ran=False, note=f"not run: none of python3.9 to python3.{newest - 1} is here or starts"
        )
    name = f"{python.name} pyroute2 {VERSIONS[0]}"
    return run(name, environment_of(python), VERSIONS[0], None, [*WITHOUT_ANSIBLE, *options])


def main(arguments: list[str]) -> int:
    """Run all rows, or those of the versions named, and print the table."""
    named, options = arguments, []
    if "--" in arguments:
        at = arguments.index("--")
        named, options = arguments[:at], arguments[at + 1 :]
    OUTPUT.mkdir(parents=True, exist_ok=True)
    print(f"{'version':<28} {'passed':>7} {'failed':>7} {'skipped':>8}", flush=True)
    rows: list[Row] = []

    def show(row: Row) -> None:
        counts = (row.passed, row.failed, row.skipped) if row.ran else ("-", "-", "-")
        print("{:<28} {:>7} {:>7} {:>8}  {}".format(row.name, *counts, row.note).rstrip(), flush=True)
        rows.append(row)

    for version in named or VERSIONS:
        show(run(f"pyroute2 {version}", PYTHON, version, installed(version), options))
    if not named:
        show(oldest(options))
    return 0 if all(row.good for row in rows if row.ran) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
