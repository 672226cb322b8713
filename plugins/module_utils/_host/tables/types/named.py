# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Numbers of links that a host may have names for, as iproute2 takes them (its rt_tables, group and the like)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .packed import Reasons
from .simple import Look, NamedInt


def number_for(value: Any, database: str, look: Look) -> Any:
    """Return the number that a host has for a name, and anything else as it is."""
    if not isinstance(value, str) or value[:1].isdigit():
        return value  # also what is no number and no name: it is refused when it is parsed
    number = look(database, value)
    return value if number is None else number


@dataclass(frozen=True)
class HostInt(NamedInt):
    """A whole number that the host may have a name for; what is told is the number."""

    database: str = ""

    def numbered(self, value: Any, look: Look) -> Any:
        known = isinstance(value, str) and value in self.table
        return value if known else number_for(value, self.database, look)


@dataclass(frozen=True)
class HostReasons(Reasons):
    """The reasons to hold a link down, numbers 0 to 31 or the host's names for them. The list is the whole wish."""

    elements: str = "str"
    database: str = "protodown_reasons"

    def numbered(self, value: Any, look: Look) -> Any:
        return [number_for(item, self.database, look) for item in value] if isinstance(value, (list, tuple)) else value
