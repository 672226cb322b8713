# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hold the rule of docs/architecture.md: at least three rows, kinds or types of objects use a column of their table."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.links.any_link import ALL
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.objects.object_type import ObjectType
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.registry import KINDS, OBJECT_TYPES
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.table import Kind, Option

LEAST_USERS = 3
TABLES = (*KINDS.values(), *OBJECT_TYPES.values())
ROWS = [*ALL, *(row for table in TABLES for row in table.options), *(k for o in OBJECT_TYPES.values() for k in o.keys)]


def default_of(column: dataclasses.Field[Any]) -> Any:
    """Return the default of a column; MISSING for a column that each user must give."""
    return column.default_factory() if callable(column.default_factory) else column.default


def seldom_used(table: type, users: Iterable[Any]) -> dict[str, int]:
    """Return the columns that too few users give a value of their own, with the number of these."""
    columns = {column.name: default_of(column) for column in dataclasses.fields(table)}
    found = {
        name: sum(getattr(user, name) != default for user in users)
        for name, default in columns.items()
        if default is not dataclasses.MISSING
    }
    return {name: number for name, number in found.items() if number < LEAST_USERS}


@pytest.mark.parametrize(
    ("table", "users"),
    [(Option, ROWS), (Kind, list(KINDS.values())), (ObjectType, list(OBJECT_TYPES.values()))],
)
def test_columns_have_users(table: type, users: list[Any]) -> None:
    assert seldom_used(table, users) == {}


@pytest.mark.parametrize("table", [Option, Kind, ObjectType])
def test_positional_arguments_are_refused(table: type) -> None:
    with pytest.raises(TypeError, match="must be given by keyword"):
        table("name")
