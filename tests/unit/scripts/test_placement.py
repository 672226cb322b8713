# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A kernel for each test: the order of the kernels, what each lacks, and the tests that no kernel can run."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]


@pytest.fixture
def placement(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give scripts/placement.py."""
    monkeypatch.syspath_prepend(str(CHECKOUT / "scripts"))
    monkeypatch.delitem(sys.modules, "placement", raising=False)
    yield importlib.import_module("placement")
    sys.modules.pop("placement", None)


@pytest.fixture
def kernels(placement: Any) -> Any:
    """Give three kernels as on a machine without AMX, and one that cannot be had; ``asked`` lists who was asked."""
    has = {
        "native": placement.Facts(
            "6.18.1", "6.1.0", frozenset({"vxlan"}), frozenset({"native", "netfilter", "overlay"})
        ),
        "uml": placement.Facts("7.2.7", "6.15.0", frozenset({"vxlan", *placement.LAB.kinds}), frozenset({"overlay"})),
        "uml-old": placement.Facts(
            "6.1.176", "6.1.0", frozenset({"vxlan", *placement.LAB.kinds}), frozenset({"overlay"})
        ),
    }
    asked: list[str] = []

    def ask(name: str) -> Any:
        asked.append(name)
        return has.get(name, f"{name} cannot be fetched")

    made = placement.Kernels(ask=ask)
    made.asked = asked
    return made


def test_each_test_goes_to_the_first_kernel_that_will_do(placement: Any, kernels: Any) -> None:
    needs = placement.Needs
    plan = kernels.place(
        {
            "any": needs(),
            "vxlan": needs(kinds=("vxlan",)),
            "filter": needs(features=("netfilter",)),
            "geneve": needs(kinds=("geneve",)),
            "words": needs(linux="6.5", iproute2="6.15"),
            "old": needs(before="6.3"),
        }
    )
    assert plan == {"native": ["any", "vxlan", "filter"], "uml": ["geneve", "words"], "uml-old": ["old"]}
    assert kernels.asked == ["native", "uml", "uml-old"], "QEMU is not asked: no test is left for it"
    assert kernels.lab() == "uml"


def test_a_test_for_which_there_is_no_kernel_is_kept_apart(placement: Any, kernels: Any) -> None:
    both = placement.Needs(kinds=("geneve",), features=("netfilter",))
    assert kernels.place({"both": both}) == {placement.NOWHERE: ["both"]}
    assert kernels.refused == {"qemu": "qemu cannot be fetched", "qemu-old": "qemu-old cannot be fetched"}
    assert kernels.place({"geneve": placement.Needs(kinds=("geneve",))}, ("native", "uml-old")) == {
        "uml-old": ["geneve"]
    }


def test_the_kernel_that_is_asked_for_comes_first(placement: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NETLOOM_KERNEL", raising=False)
    assert placement.preferred() == placement.ORDER
    monkeypatch.setenv("NETLOOM_KERNEL", "uml-old")
    assert placement.preferred() == ("native", "uml-old", "uml", "qemu", "qemu-old")
    monkeypatch.setenv("NETLOOM_KERNEL", "umll")
    with pytest.raises(placement.Unplaced, match="umll: not one of native, uml"):
        placement.preferred()


MARKED = """
import pytest

@pytest.mark.needs_kind("geneve")
@pytest.mark.needs_linux("6.5", iproute2="6.15")
@pytest.mark.needs_linux("6.15")
def test_marked(): ...

@pytest.mark.needs_linux(before="6.3")
@pytest.mark.needs_vlan_filtering
def test_old(): ...

def test_plain(): ...
"""


def pytest_in(folder: Path, *words: str, **variables: str) -> str:
    """Run pytest on the marked tests with the checkout's conftest.py."""
    environment = {**os.environ, "NETLOOM_TEST_FACTS": "", **variables}
    environment.pop("PYTEST_ADDOPTS", None)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-c",
        os.devnull,
        "-p",
        "no:cacheprovider",
        "-rs",
        "-v",
        str(folder),
        *words,
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=50)
    return done.stdout + done.stderr


@pytest.fixture
def marked(tmp_path: Path) -> Path:
    """Give a folder with tests that have marks, and the checkout's conftest.py."""
    source = (CHECKOUT / "tests" / "conftest.py").read_text(encoding="utf-8")
    here = f"CHECKOUT = Path({str(CHECKOUT)!r})"
    (tmp_path / "conftest.py").write_text(source.replace("CHECKOUT = Path(__file__).resolve().parent.parent", here))
    (tmp_path / "test_it.py").write_text(MARKED)
    return tmp_path


def test_marks_become_needs(placement: Any, marked: Path) -> None:
    file = marked / "needs.json"
    pytest_in(marked, "--collect-only", NETLOOM_TEST_NEEDS=str(file))
    found = {
        name.split("::")[1]: placement.Needs.from_dict(needs) for name, needs in json.loads(file.read_text()).items()
    }
    assert found == {
        "test_marked": placement.Needs(kinds=("geneve",), linux="6.15", iproute2="6.15"),
        "test_old": placement.Needs(features=("vlan_filtering",), before="6.3"),
        "test_plain": placement.Needs(),
    }


def test_a_plan_runs_its_own_tests_and_names_those_that_are_left(marked: Path) -> None:
    plan = marked / "plan.json"
    plan.write_text(
        json.dumps({"here": ["test_it.py::test_plain"], "nowhere": {"test_it.py::test_old": "native: 6.18"}})
    )
    shown = pytest_in(marked, "--rootdir", str(marked), NETLOOM_TEST_PLAN=str(plan))
    assert "1 passed, 1 skipped, 1 deselected" in shown, shown
    assert "left: native: 6.18" in shown


def test_by_hand_a_test_is_left_with_what_the_kernel_lacks(placement: Any, marked: Path) -> None:
    facts = placement.Facts("6.18.1", "6.15.0", frozenset(), frozenset())
    shown = pytest_in(marked, NETLOOM_TEST_FACTS=facts.to_json())
    assert "1 passed, 2 skipped" in shown, shown
    assert "left: this kernel lacks geneve. Try: scripts/lab-kernel --uml .venv/bin/pytest" in shown
    assert "left: this kernel lacks VLAN filtering of bridges, a Linux before 6.3" in shown
