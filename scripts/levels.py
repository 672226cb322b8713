# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Say what the levels of tests are made of: the steps, and the kernel that each needs."""

from __future__ import annotations

import re
from dataclasses import dataclass
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
