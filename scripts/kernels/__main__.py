# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run scripts/lab-kernel: `python scripts/kernels` instead of `python -m kernels`, which needs a search path."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from kernels.cli import main  # noqa: E402 - the path stands above

sys.exit(main(sys.argv[1:]))
