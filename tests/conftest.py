# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make the checkout importable as ``ansible_collections.netloom.overlay``, and send tests to the kernel that they need.

``@pytest.mark.needs_kind("geneve")`` says which link kinds a test needs. Where the native kernel lacks one, the test
gets the mark ``lab_kernel``: ``scripts/test`` runs ``-m "not lab_kernel"`` natively and ``-m lab_kernel`` in the lab
kernel, so each test runs in exactly one of them. Called by hand on a kernel that cannot run it, a test is skipped with
a reason that begins with ``lab kernel:``. A test that no other kernel may run has the mark ``lab_kernel`` itself.

``@pytest.mark.needs_linux("6.5", iproute2="6.15")`` says that a test needs that kernel, with that iproute2 as witness.
Where one is older, the test is skipped with a reason that begins with ``newer kernel:``. ``scripts/test`` counts those
apart, and ``make test-newer-kernel`` runs them.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
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
os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(COLLECTIONS)


def missing_kinds() -> set[str]:
    """Give the link kinds that the native kernel lacks: as scripts/test found them, or tried here."""
    if "NETLOOM_MISSING_KINDS" not in os.environ:
        tried = subprocess.run(
            [str(CHECKOUT / "scripts" / "missing-kinds")], check=True, capture_output=True, text=True
        )
        os.environ["NETLOOM_MISSING_KINDS"] = tried.stdout.strip()
    return set(os.environ["NETLOOM_MISSING_KINDS"].split())


def in_lab_kernel() -> bool:
    """Tell whether this is the lab kernel; scripts/lab-kernel says so."""
    return os.environ.get("NETLOOM_LAB_KERNEL") == "uml"


def numbers(release: str) -> tuple[int, ...]:
    """Give the first two numbers of a release, to be compared."""
    return tuple(int(number) for number in re.findall(r"\d+", release)[:2])


@functools.cache
def iproute2_release() -> str:
    """Give the release of iproute2 on PATH, such as 6.1.0."""
    told = subprocess.run(["ip", "-V"], check=True, capture_output=True, text=True).stdout
    return told.split("iproute2-")[1].split(",")[0]


def too_old(linux: str, iproute2: str = "0.0") -> str:
    """Say what is too old here for a test, or nothing."""
    there = {"Linux": (linux, os.uname().release), "iproute2": (iproute2, iproute2_release())}
    old = [f"{name} {wanted} (here: {has})" for name, (wanted, has) in there.items() if numbers(has) < numbers(wanted)]
    return " and ".join(old)


@pytest.hookimpl(tryfirst=True)  # before -m is applied
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what the native kernel cannot run; raise UsageError for a test that no kernel would run."""
    for item in items:
        kinds = {kind for mark in item.iter_markers("needs_kind") for kind in mark.args}
        lacking = sorted(kinds & missing_kinds()) if kinds else []
        if lacking:
            item.add_marker("lab_kernel")
        native, lab = item.get_closest_marker("native"), item.get_closest_marker("lab_kernel")
        if native and lab:
            raise pytest.UsageError(f"{item.nodeid}: marked native, and needs the lab kernel for {lacking}")
        if lab and not in_lab_kernel():
            why = f"this kernel lacks {', '.join(lacking)}" if lacking else "no other kernel runs this"
            reason = f"lab kernel: {why}: call scripts/lab-kernel --uml .venv/bin/pytest {item.nodeid}"
            item.add_marker(pytest.mark.skip(reason=reason))
        for mark in item.iter_markers("needs_linux"):
            if old := too_old(*mark.args, **mark.kwargs):
                item.add_marker(pytest.mark.skip(reason=f"newer kernel: needs {old}: make test-newer-kernel"))
        if native and in_lab_kernel():
            item.add_marker(pytest.mark.skip(reason="marked native: needs something newer than the lab kernel"))


@pytest.fixture(scope="session")
def checkout() -> Path:
    """Give the folder of the checkout."""
    return CHECKOUT
