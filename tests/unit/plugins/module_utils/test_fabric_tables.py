# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Topologies and attachments are rows: other code asks for traits and hooks, and the page names every row."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._fleet.attaches.attach_rows import ATTACHMENTS
from ansible_collections.netloom.overlay.plugins.module_utils._fleet.topologies.rows import TOPOLOGIES

CHECKOUT = Path(__file__).resolve().parents[4]
NAMES = {*TOPOLOGIES, *ATTACHMENTS}
ROWS = ("_fleet/topologies/", "_fleet/attaches/")


def compared_names(source: str) -> list[str]:
    """Return the comparisons of a topology or attachment with the name of a row."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            words = {one.value for one in ast.walk(node) if isinstance(one, ast.Constant)}
            if NAMES & words and re.search(r"topology|attach", ast.unparse(node)):
                found.append(ast.unparse(node))
    return found


SOURCES = [
    path for path in sorted(CHECKOUT.glob("plugins/**/*.py")) if not any(part in path.as_posix() for part in ROWS)
]


def test_no_other_file_compares_a_name() -> None:
    found = {path.as_posix(): names for path in SOURCES if (names := compared_names(path.read_text()))}
    assert len(SOURCES) > 100
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        'if network.topology == "mesh": pass',
        'joins = network.topology in ("mesh", "hub")',
        'wrong = row.get("topology") != "routed"',
        'ends = workload.attach not in ("direct", "routed")',
        'if "veth" == workload.attach.name: pass',
    ],
)
def test_a_comparison_is_found(source: str) -> None:
    assert len(compared_names(source)) == 1


@pytest.mark.parametrize("source", ['kind == "vlan"', "network.topology.joins(network)", 'topology == "other"'])
def test_no_other_expression_is_found(source: str) -> None:
    assert compared_names(source) == []


def words_of_key(key: str) -> list[str]:
    """Return the words that docs/inventory.md lists as values of a key."""
    page = (CHECKOUT / "docs" / "inventory.md").read_text()
    lines = [line for line in page.splitlines() if line.startswith(f"| `{key}` |")]
    assert len(lines) == 1
    return re.findall(r"`([^`]+)`", lines[0].split("|")[2])


@pytest.mark.parametrize(("key", "table"), [("topology", TOPOLOGIES), ("attach", ATTACHMENTS)])
def test_the_page_lists_each_row(key: str, table: dict[str, object]) -> None:
    assert words_of_key(key) == list(table)
