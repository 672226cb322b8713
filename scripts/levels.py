# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Say what the levels of tests are made of: the steps, and the kernel that each needs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from kernels.facts import LAB, Needs
from placement import CHECKOUT, NATIVE, NOWHERE, ORDER, Kernels, Unplaced, collect

OUTPUT = CHECKOUT / "tests" / "output"
BIN = CHECKOUT / ".venv" / "bin"
#: What level newer_kernel tests on: no kernel older than this. User-mode Linux is faster, QEMU has all features.
NEWER = "6.12"
NEWER_ORDER = ("uml", "qemu")


@dataclass(frozen=True)
class Step:
    """One command of a level, and the kernel on which it runs (placement.ORDER).

    ``count`` says what is counted: "command" (the command itself is the test), "junit" (the tests in the JUnit file
    that pytest writes), "both", or "sanity" (the tests that ansible-test names in its output). ``tests`` are those that
    pytest is to run there, of all that the command finds; ``nowhere`` has the reason for each that no kernel can run.
    """

    level: str
    name: str
    command: tuple[str, ...]
    count: str = "command"
    where: str = NATIVE
    needs_root: bool = False
    needs_path: str = ""
    tests: tuple[str, ...] = field(default=(), compare=False)
    nowhere: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def slug(self) -> str:
        """Give the name of the step's files in tests/output."""
        return re.sub(r"[^a-z0-9]+", "-", f"{self.level} {self.name} {self.where}".lower()).strip("-")

    @property
    def junit(self) -> Path:
        """Give the place of the step's JUnit file."""
        return OUTPUT / f"{self.slug}.xml"


def environment() -> dict[str, str]:
    """Return the variables that a step needs; scripts/lab-kernel hands them on (PREFIXES in kernels/boot.py)."""
    return {
        **os.environ,
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".collections"),
        "MOLECULE_GLOB": str(CHECKOUT / "molecule" / "*" / "molecule.yml"),
    }


def pytest_steps(
    level: str, path: str, kernels: Kernels, options: list[str], *, order: Iterable[str] = (), linux: str = ""
) -> list[Step]:
    """Split a level's tests into a step for each kernel that runs some of them.

    :param order: the kernels to choose from; left out: all.
    :param linux: what every test needs, such as "6.12".
    """
    step = pytest_step(level, path, NATIVE, options)
    if not (CHECKOUT / path).exists():
        return [step]
    tests = collect(step.command, environment())
    if linux:
        tests = {name: replace(needs, linux=needs.linux or linux) for name, needs in tests.items()}
    plan = kernels.place(tests, order)
    nowhere = {name: why_nowhere(kernels, name, tests) for name in plan.pop(NOWHERE, [])}
    names = sorted(plan, key=ORDER.index) or [NATIVE]
    steps = [replace(step, where=name, tests=tuple(plan.get(name, ()))) for name in names]
    return [replace(steps[0], nowhere=nowhere), *steps[1:]]


def why_nowhere(kernels: Kernels, test: str, tests: dict[str, Needs]) -> str:
    """Say for each kernel why it cannot run a test."""
    lacking = {name: ", ".join(facts.lacks(tests[test])) for name, facts in kernels.facts.items()}
    return "; ".join(f"{name}: {why}" for name, why in {**lacking, **kernels.refused}.items())


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


def lab(kernels: Kernels, options: list[str]) -> list[Step]:
    """Try lab hosts, their connection plugin and the playbooks."""
    return pytest_steps("lab", "tests/lab", kernels, options)


def molecule(kernels: Kernels, _options: list[str]) -> list[Step]:
    """Run the scenarios on multi-host labs, verified with testinfra."""
    scenarios = sorted(path.parent.name for path in CHECKOUT.glob("molecule/*/molecule.yml")) or ["default"]
    where = kernels.lab()
    if where == NOWHERE:
        reasons = {**{name: ", ".join(facts.lacks(LAB)) for name, facts in kernels.facts.items()}, **kernels.refused}
        raise Unplaced(f"no kernel for the lab: {'; '.join(f'{name}: {why}' for name, why in reasons.items())}")
    return [
        Step(
            "molecule", name, (str(BIN / "molecule"), "test", "--scenario-name", name), "both", where,
            needs_root=True, needs_path=f"molecule/{name}/molecule.yml",
        )
        for name in scenarios
    ]  # fmt: skip


def newer_kernel(kernels: Kernels, options: list[str]) -> list[Step]:
    """Run level kernel on Linux 6.12 or later: in User-mode Linux, and in QEMU what that lacks; not by default."""
    # This file draws words for modules, which no kernel sees differently, and takes 7 minutes in QEMU.
    without = "--ignore=tests/kernel/test_any_module.py"
    return pytest_steps("newer_kernel", "tests/kernel", kernels, [without, *options], order=NEWER_ORDER, linux=NEWER)


LEVELS = {level.__name__: level for level in (check, unit, sanity, lint, kernel, integration, lab, molecule)}
OPTIONAL = {newer_kernel.__name__: newer_kernel}
ALL_LEVELS = {**LEVELS, **OPTIONAL}
#: The levels whose steps depend on what kernels there are.
ON_KERNELS = {"kernel", "integration", "lab", "molecule", *OPTIONAL}
