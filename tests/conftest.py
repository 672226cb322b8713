# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make the checkout importable as ``ansible_collections.netloom.overlay``; run each test on a kernel that suits it.

Marks say what a test needs of the kernel (:func:`needs_of`). ``scripts/test`` collects the tests, finds a kernel for
each (scripts/placement.py), and runs pytest once on each kernel with the plan; the tests of other kernels are left out.
Called by hand, pytest skips what this kernel cannot run. The reason of each test that is left begins with ``left:``.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
COLLECTIONS = CHECKOUT / ".collections"


def link_checkout(collections: Path, checkout: Path) -> None:
    """Make ``collections/ansible_collections/netloom/overlay`` lead to the checkout, as scripts/setup does."""
    link = collections / "ansible_collections" / "netloom" / "overlay"
    if link.exists() and link.samefile(checkout):
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    made = link.with_name(f".overlay.{os.getpid()}")
    made.symlink_to(os.path.relpath(checkout, link.parent))
    made.replace(link)  # atomic: the workers of pytest-xdist come here at the same time


link_checkout(COLLECTIONS, CHECKOUT)
sys.path.insert(0, str(COLLECTIONS))
sys.path.append(str(CHECKOUT / "scripts"))
os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(COLLECTIONS)

from kernels.facts import Facts, Needs  # noqa: E402 - the path stands above

#: Marks without arguments, and the feature of a kernel that each stands for (scripts/kernels/facts.py).
FEATURE_MARKS = {
    "needs_vlan_filtering": "vlan_filtering",
    "needs_netfilter": "netfilter",
    "needs_lab_kernel": "disposable",
    "native": "native",
}


@functools.cache
def facts() -> Facts:
    """Return what this kernel has: as scripts/test found it, or tried now."""
    if "NETLOOM_TEST_FACTS" not in os.environ:
        tried = subprocess.run(
            [str(CHECKOUT / "scripts" / "lab-kernel"), "--facts", "native"], check=True, capture_output=True, text=True
        )
        os.environ["NETLOOM_TEST_FACTS"] = tried.stdout
    return Facts.from_json(os.environ["NETLOOM_TEST_FACTS"])


def needs_of(item: pytest.Item) -> Needs:
    """Return what a test's marks say.

    ``needs_kind("geneve", ...)``: these link kinds. ``needs_linux("6.5", before="6.9", iproute2="6.15")``: a kernel of
    at least the first release and before the second, with that iproute2 as witness. The marks of FEATURE_MARKS: a
    feature. A mark without a release asks for nothing.
    """
    kinds = {kind for mark in item.iter_markers("needs_kind") for kind in mark.args}
    features = [feature for mark, feature in FEATURE_MARKS.items() if item.get_closest_marker(mark)]
    linux = before = iproute2 = ""
    for mark in item.iter_markers("needs_linux"):
        linux = max((linux, *mark.args), key=_release)
        iproute2 = max((iproute2, mark.kwargs.get("iproute2", "")), key=_release)
        before = min((before or "999", mark.kwargs.get("before", "999")), key=_release)
    return Needs(
        tuple(sorted(kinds)), tuple(features), linux=linux, before="" if before == "999" else before, iproute2=iproute2
    )


def _release(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2]) if text else (0,)


@pytest.hookimpl(trylast=True)  # after -k and -m are applied
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what this kernel is not to run; with NETLOOM_TEST_NEEDS, write what each test needs into that file."""
    needs = {item: needs_of(item) for item in items}
    if file := os.environ.get("NETLOOM_TEST_NEEDS"):
        told = {item.nodeid: asdict(found) for item, found in needs.items()}
        Path(file).write_text(json.dumps(told), encoding="utf-8")
        return
    if file := os.environ.get("NETLOOM_TEST_PLAN"):
        plan = json.loads(Path(file).read_text(encoding="utf-8"))
        mine, nowhere = set(plan["here"]), plan["nowhere"]
        for item in items:
            if item.nodeid in nowhere:
                item.add_marker(pytest.mark.skip(reason=f"left: {nowhere[item.nodeid]}"))
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in mine | nowhere.keys()])
        items[:] = [item for item in items if item.nodeid in mine | nowhere.keys()]
        return
    for item, found in needs.items():
        if found != Needs() and (lacking := facts().lacks(found)):
            advice = f"scripts/lab-kernel --uml .venv/bin/pytest {item.nodeid}"
            reason = f"left: this kernel lacks {', '.join(lacking)}. Try: {advice}"
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def checkout() -> Path:
    """Give the folder of the checkout."""
    return CHECKOUT


@pytest.fixture(scope="session")
def kernel_facts() -> Facts:
    """Give what this kernel has."""
    return facts()
