# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Give the intents of the golden lab's hosts. Their state is made from them, as if all went well, and then harmed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

LAB = Path(__file__).parent / "golden" / "fabric" / "lab" / "hosts"
NODES = ("node1", "node2", "node3", "node4")
State = dict[str, Any]
