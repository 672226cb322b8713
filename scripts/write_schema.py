# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write docs/schema/90-fabric.json, the JSON Schema of the inventory source, from the tables of keys.

``make docs`` calls this script. tests/unit/scripts/test_schema.py compares the file with the tables.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
FILE = CHECKOUT / "docs" / "schema" / "90-fabric.json"
sys.path.insert(0, str(CHECKOUT / ".collections"))

from ansible_collections.netloom.overlay.plugins.module_utils._fleet.schema import schema  # noqa: E402


def main() -> int:
    """Write the schema; return the exit status."""
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(schema(), indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
