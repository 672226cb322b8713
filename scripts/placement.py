# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find a kernel for each test: the first one, in a given order, that has what the test needs (tests/conftest.py)."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from kernels.facts import LAB, Facts, Needs

CHECKOUT = Path(__file__).resolve().parent.parent
PROGRAM = CHECKOUT / "scripts" / "lab-kernel"
NATIVE = "native"
#: The kernels that a run of the tests may use, in this order. Each is asked for what it has only when a test is left.
ORDER = (NATIVE, "uml", "uml-old", "qemu", "qemu-old")
#: The key of a plan under which the tests stand for which there is no kernel.
NOWHERE = ""
#: Seconds for the list of what a kernel has, with fetching the packages of a kernel that is not here yet.
FACTS_SECONDS = 1800
COLLECT_SECONDS = 300


class Unplaced(Exception):
    """The tests cannot be placed; the text says why."""


def as_root() -> list[str]:
    """Return the words in front of a command that needs root."""
    return [] if os.getuid() == 0 else ["sudo", "--preserve-env", "env", f"PATH={os.environ['PATH']}"]


def ask(name: str) -> Facts | str:
    """Return what a kernel has, or the reason why it cannot be used here."""
    done = subprocess.run(
        [*as_root(), PROGRAM, "--facts", name], capture_output=True, text=True, check=False, timeout=FACTS_SECONDS
    )
    if done.returncode == 0:
        return Facts.from_json(done.stdout)
    lines = done.stderr.strip().splitlines()
    return lines[-1].removeprefix("lab-kernel: ") if lines else f"exit status {done.returncode}"


def preferred() -> tuple[str, ...]:
    """Return the kernels in order; the one that NETLOOM_KERNEL names stands right behind the machine's own."""
    wanted = os.environ.get("NETLOOM_KERNEL", NATIVE)
    if wanted not in ORDER:
        raise Unplaced(f"NETLOOM_KERNEL={wanted}: not one of {', '.join(ORDER)}")
    return tuple(dict.fromkeys((NATIVE, wanted, *ORDER)))


@dataclass
class Kernels:
    """The kernels of a run, and what each has.

    ``facts`` and ``refused`` fill as kernels are asked; ``refused`` holds the reasons of those that cannot be used.
    """

    order: tuple[str, ...] = ORDER
    ask: Callable[[str], Facts | str] = ask
    facts: dict[str, Facts] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def has(self, name: str) -> Facts | None:
        """Return what a kernel has; None where it cannot be used."""
        if name not in self.facts and name not in self.refused:
            answer = self.ask(name)
            if isinstance(answer, Facts):
                self.facts[name] = answer
            else:
                self.refused[name] = answer
        return self.facts.get(name)

    def first(self, needs: Needs, order: Iterable[str] = ()) -> str:
        """Return the first kernel that meets the needs; NOWHERE where none does."""
        for name in order or self.order:
            facts = self.has(name)
            if facts is not None and not facts.lacks(needs):
                return name
        return NOWHERE

    def lab(self) -> str:
        """Return the kernel that the lab's networks run on; NOWHERE where there is none."""
        return self.first(LAB)

    def place(self, tests: dict[str, Needs], order: Iterable[str] = ()) -> dict[str, list[str]]:
        """Return the names of the tests by kernel; under NOWHERE those that no kernel can run."""
        plan: dict[str, list[str]] = {}
        found: dict[Needs, str] = {}
        for test, needs in tests.items():
            if needs not in found:
                found[needs] = self.first(needs, order)
            plan.setdefault(found[needs], []).append(test)
        return plan


def collect(command: tuple[str, ...], environment: dict[str, str]) -> dict[str, Needs]:
    """Return the tests that a pytest command would run, with what each needs. Raise Unplaced where pytest fails."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        done = subprocess.run(
            [*command, "--collect-only", "-q", "-q"], cwd=CHECKOUT,
            env={**environment, "NETLOOM_TEST_NEEDS": file.name}, capture_output=True, text=True, check=False,
            timeout=COLLECT_SECONDS,
        )  # fmt: skip
        text = Path(file.name).read_text(encoding="utf-8")
    if done.returncode not in (0, 5) or not text:
        raise Unplaced(f"pytest cannot collect: {' '.join(command)}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return {test: Needs.from_dict(needs) for test, needs in json.loads(text).items()}
