# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each folder of golden/fabric is a case: intent.yml, and what each host must get from it in hosts/.

NETLOOM_GOLDEN=write writes hosts/ anew; read the difference before you commit it.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.netloom.overlay.plugins.module_utils._fleet.ledger import parse
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.config import Reader

_SPEC = importlib.util.spec_from_file_location("fabric_cases", Path(__file__).with_name("fabric_cases.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
cases = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(cases)

GOLDEN = Path(__file__).parent / "golden" / "fabric"
FOLDERS = sorted(path for path in GOLDEN.iterdir() if path.is_dir())


def resolved(folder: Path) -> dict[str, Any]:
    """Resolve a case; the result holds the hosts and the proposal."""
    case = yaml.safe_load((folder / "intent.yml").read_text())
    resolution = cases.solve(
        case["source"], case["hosts"], parse({"networks": case.get("ledger", {})}), case.get("groups")
    )
    return {**resolution.hosts, "proposed": resolution.proposed_data()}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_hosts_get_what_the_case_says(folder: Path) -> None:
    found = resolved(folder)
    if os.environ.get("NETLOOM_GOLDEN") == "write":
        (folder / "hosts").mkdir(exist_ok=True)
        for name, value in found.items():
            text = "---\n" + yaml.safe_dump(value, sort_keys=False, width=150)
            (folder / "hosts" / f"{name}.yml").write_text(text)
    expected = {path.stem: yaml.safe_load(path.read_text()) for path in (folder / "hosts").glob("*.yml")}
    assert found == expected


def test_there_are_cases() -> None:
    assert len(FOLDERS) >= 7


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_network_state_accepts_the_config(folder: Path) -> None:
    """The tables of network_state know every key and value that the fabric writes."""
    found = resolved(folder)
    found.pop("proposed")
    for value in found.values():
        config = value["config"]
        state = Reader(lambda name: name).read(config)
        assert len(state) >= len(config["links"])
