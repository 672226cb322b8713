# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Give the intents of the golden lab."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from .verify_cases import LAB, NODES


@pytest.fixture
def intents() -> dict[str, Any]:
    """Give what each host of the lab gets from the inventory."""
    return {name: yaml.safe_load((LAB / f"{name}.yml").read_text()) for name in NODES}
