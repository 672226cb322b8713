# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make the checkout importable as ``ansible_collections.netloom.overlay`` for every test."""

from __future__ import annotations

import os
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


@pytest.fixture(scope="session")
def checkout() -> Path:
    """Give the folder of the checkout."""
    return CHECKOUT
