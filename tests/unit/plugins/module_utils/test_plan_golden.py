# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hold diff and plan to golden folders: ``desired.yml`` and ``observed.yml`` give ``plan.txt`` or a refusal.

A folder holds ``desired.yml`` (a config, ``overridden: true`` beside it where wanted), ``observed.yml`` (a config; what
is listed under ``foreign`` does not carry the mark), and either ``plan.txt`` with ``undo.txt`` (command lines) or
``refused.txt`` (the sentence). ``NETLOOM_GOLDEN=write pytest`` writes the last three anew: read what git says of them
then.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.netloom.overlay.plugins.module_utils._host.plan.commands import _WRITERS, commands
from ansible_collections.netloom.overlay.plugins.module_utils._host.plan.diff import diff
from ansible_collections.netloom.overlay.plugins.module_utils._host.plan.operations import PHASES, undo
from ansible_collections.netloom.overlay.plugins.module_utils._host.plan.planner import plan
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.config import Reader
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused, State
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.registry import OBJECT_TYPES

FOLDERS = sorted(path for path in (Path(__file__).parent / "golden" / "plan").iterdir() if path.is_dir())


def test_every_sort_has_a_phase_and_a_command_line() -> None:
    assert set(PHASES) == set(_WRITERS) == {"link", *OBJECT_TYPES}


def read(path: Path) -> dict[str, Any]:
    """Read a YAML file, an empty one as no keys."""
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {}


def observed_state(path: Path) -> State:
    """Read what is there; all of it is ours, but for the names under ``foreign``."""
    config = read(path)
    foreign = set(config.pop("foreign", []))
    state = Reader(lambda name: name).read(config)
    return {ident: replace(entry, owned=entry.name not in foreign) for ident, entry in state.items()}


def outcome(folder: Path) -> dict[str, str]:
    """Return what diff and plan make of a folder, by file name."""
    config = read(folder / "desired.yml")
    overridden = bool(config.pop("overridden", False))
    try:
        desired, observed = Reader(lambda name: name).read(config), observed_state(folder / "observed.yml")
        operations = plan(diff(desired, observed, overridden, "6.1.0"), desired, observed)
    except Refused as why:
        return {"refused.txt": f"{why}\n"}
    texts = {"plan.txt": commands(operations), "undo.txt": commands(undo(operations))}
    return {name: "".join(f"{line}\n" for line in text) for name, text in texts.items()}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_golden(folder: Path) -> None:
    """Compare with the files of a folder."""
    got = outcome(folder)
    if os.environ.get("NETLOOM_GOLDEN") == "write":
        for name in ("plan.txt", "undo.txt", "refused.txt"):
            (folder / name).unlink(missing_ok=True)
        for name, text in got.items():
            (folder / name).write_text(text, encoding="utf-8")
    kept = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.txt")}
    assert got == kept
