# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Say what a user or a group looks like that a link belongs to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .simple import NONE, Type

#: The largest number of a user or group; the one above it stands for nobody (linux/uidgid.h: INVALID_UID).
LARGEST = 2**32 - 2


@dataclass(frozen=True)
class Account(Type):
    """A user or group: its number, its name, or ``none``.

    The canonical form is the number. Which number a name has only the managed host knows: a name stays a name here, and
    host/accounts.py looks it up before anything is compared.
    """

    database: str = "user"  # user or group

    @property
    def nothing(self) -> str:
        return NONE

    def parse(self, value: Any) -> str | int:
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise ValueError(f"{value!r} is neither a number nor the name of a {self.database}")
        text = str(value).strip()
        # As in ip tuntap, what can be read as a number is one, whatever names there are.
        if re.fullmatch(r"[+-]?[0-9]+", text):
            number = int(text)
            if not 0 <= number <= LARGEST:
                raise ValueError(f"{number} is not within 0..{LARGEST}")
            return number
        if not text or not text.isprintable() or ":" in text:
            raise ValueError(f"{value!r} is neither a number nor the name of a {self.database}")
        return text

    def from_leaf(self, leaf: Any, names: Any) -> Any:
        # The attribute is left out where there is none; from_kuid_munged() gives a number in any case.
        return int(leaf)

    def absent(self) -> str:
        return NONE

    def words(self, word: str, value: Any) -> list[str]:
        return [] if value == NONE else [word, str(value)]
