# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Know the links of one namespace by name and by index, those about to be made included."""

from __future__ import annotations


class View:
    """Translate between names and indexes. New links get an unused index, so that one batch can make and use them."""

    def __init__(self) -> None:
        self._indexes: dict[str, int] = {"lo": 1}
        self._names: dict[int, str] = {1: "lo"}
        self.highest = 1

    def add(self, name: str, index: int) -> None:
        """Note a link."""
        self._indexes[name] = index
        self._names[index] = name
        self.highest = max(self.highest, index)

    def reserve(self, name: str, above: int = 0) -> int:
        """Give a new link an index that no link of the namespace has, and that is above a given one."""
        self.add(name, max(self.highest, above) + 1)
        return self.highest

    def forget(self, name: str) -> None:
        """Note that a link is gone. Its index is not given again: whoever told of it before still finds its name."""
        self._indexes.pop(name, None)

    def index(self, name: str) -> int:
        """Return a link's index; raise KeyError."""
        return self._indexes[name]

    def name(self, index: int) -> str:
        """Return a link's name, or ``if`` with its index where it is in another namespace."""
        return self._names.get(index) or f"if{index}"
