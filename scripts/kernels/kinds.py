# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""List the link kinds of the registry: how a kernel is tried for each, and their kernel modules."""

from __future__ import annotations

import sys
from pathlib import Path

COLLECTIONS = Path(__file__).resolve().parents[2] / ".collections"
sys.path.insert(0, str(COLLECTIONS))

from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.registry import KINDS  # noqa: E402

#: The names that guest/facts uses in its network namespace: the link that is tried, and the lower device.
LINK, LOWER = "t0", "p0"
#: The arguments of guest/facts.
TRIALS = tuple(f"{name}={' '.join(kind.trial_words(LINK, LOWER))}" for name, kind in KINDS.items())
#: The kernel modules of all kinds, loaded when a lab kernel starts. A module that a kernel lacks is left out.
MODULES = " ".join(kind.module or name for name, kind in KINDS.items())
