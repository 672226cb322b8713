# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hold how many files a reader must open to follow the creation of one VXLAN link (tests/bench/entered.py)."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "bench" / "entered.py"
MOST_FILES = 30


@pytest.mark.needs_kind("vxlan")
def test_files_entered_for_one_vxlan_link() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True, timeout=120, check=True)
    figures = re.search(r"files (\d+), functions (\d+)", done.stdout)
    assert figures is not None, done.stderr
    assert int(figures[1]) <= MOST_FILES, done.stdout
