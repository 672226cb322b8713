# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Test that the texts of docs/options.md are descriptions that the types carry."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.links.any_link import ALL
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.registry import KINDS, OBJECT_TYPES
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.table import Option
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.types.base import Type

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"


def types(base: type[Type] = Type) -> Iterator[type[Type]]:
    """Yield all types of values."""
    for one in base.__subclasses__():
        yield one
        yield from types(one)


def rows() -> list[Option]:
    """Return the rows of all tables."""
    of_kinds = [row for kind in KINDS.values() for row in kind.options]
    of_objects = [row for of in OBJECT_TYPES.values() for row in (*of.keys, *of.options)]
    return [*ALL, *of_kinds, *of_objects]


def test_each_type_has_a_text() -> None:
    """Require a description of each type, or of a type that it specializes; the base of all types has none."""
    without = {one.__name__ for one in types() if next(part for part in one.__mro__ if "takes" in vars(part)) is Type}
    assert not without


def test_each_cell_has_the_text_of_its_type(monkeypatch: pytest.MonkeyPatch) -> None:
    """Require the type's description in each cell, on one line."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    page = importlib.import_module("write_options_page")
    for row in rows():
        assert row.type.takes, row.name
        assert not [part for part in ("\n", "|", "``") if part in row.type.takes], row.name
        assert page.table([row])[2].split(" | ")[2] == row.type.takes


def test_no_cell_has_a_docstring() -> None:
    """Refuse the first line of a type's docstring as its description."""
    for row in rows():
        docstrings = {(part.__doc__ or "").split("\n")[0].rstrip(".") for part in type(row.type).__mro__}
        assert row.type.takes.replace("`", "``") not in docstrings, row.name
        assert row.type.takes not in docstrings, row.name
