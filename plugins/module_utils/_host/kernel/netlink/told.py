# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hold what a dump tells of a link, decoded when it is asked for.

The kernel tells some eighty options of each link and port, and a run compares those few that are wished for.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping
from typing import Any, Callable

from ...tables.types.simple import UNSET
from .walk import attributes

_NOT_YET = object()


class Nest:
    """The attributes within an attribute, walked when they are first asked for."""

    __slots__ = ("_found", "_payload")

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._found: Mapping[int, bytes] | None = None

    @property
    def found(self) -> Mapping[int, bytes]:
        """Give the attributes by number."""
        if self._found is None:
            self._found = attributes(self._payload)
        return self._found


class Told(Mapping[str, Any]):
    """Options by name. ``decode`` gives the value for a name, or UNSET where the kernel says nothing of it."""

    __slots__ = ("_decode", "_names", "_values")

    def __init__(self, names: Mapping[str, Any], decode: Callable[[str], Any], values: dict[str, Any]) -> None:
        self._names = names  # in the order in which they are told
        self._decode = decode
        self._values = values  # decoded already

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, or the default where the kernel says nothing."""
        value = self._values.get(key, _NOT_YET)
        if value is _NOT_YET:
            value = self._values[key] = self._decode(key) if key in self._names else UNSET
        return default if value is UNSET else value

    def __getitem__(self, name: str) -> Any:
        value = self.get(name, UNSET)
        if value is UNSET:
            raise KeyError(name)
        return value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name, UNSET) is not UNSET

    def items(self) -> ItemsView[str, Any]:
        """Return names and values, all decoded."""
        found = ((name, self.get(name, UNSET)) for name in self._names)
        return {name: value for name, value in found if value is not UNSET}.items()

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._names if name in self)

    def __len__(self) -> int:
        return sum(1 for _name in self)

    def __repr__(self) -> str:
        return repr(dict(self))
