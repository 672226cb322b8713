# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Types of what stands in an IP header: type of service, TTL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .base import UNSET, Attr, Leaf, Look, Names, Type
from .simple import whole_number

#: How netplan and systemd say whether to set a bit that iproute2 has ``set`` and ``unset`` for.
ON_OFF = {"on": "set", "off": "unset"}

#: Code points by their names, with the two ECN bits beneath them (RFC 2474, 2597, 3246, 5865, 8622), as in iproute2's
#: rt_dsfield.
DSFIELD = {
    "LE": 0x04,
    **{f"CS{number}": number << 5 for number in range(1, 8)},
    **{f"AF{major}{minor}": major << 5 | minor << 3 for major in range(1, 5) for minor in range(1, 4)},
    "VOICE-ADMIT": 0xB0,
    "EF": 0xB8,
}


def named_dsfield(value: Any, look: Look) -> Any:
    """Return the number of a code point that only the host has a name for, else the value."""
    if not isinstance(value, str) or not value or value.strip().upper() in DSFIELD or value[:1].isdigit():
        return value
    number = look("rt_dsfield", value.strip())
    return value if number is None else number


@dataclass(frozen=True)
class Tos(Type):
    """A type of service: ``inherit`` (1), a number to 255, or a code point's name such as ``AF41`` or ``EF``."""

    wire: str = "u8"

    def numbered(self, value: Any, look: Look) -> Any:
        return value if value in ("inherit", "default") else named_dsfield(value, look)

    def parse(self, value: Any) -> str | int:
        word = str(value).strip()
        if word == "inherit":
            return word
        if word.upper() in DSFIELD:
            return DSFIELD[word.upper()]
        try:
            number = 0 if word == "default" else whole_number(value)
        except ValueError:
            raise ValueError(
                f"{value!r} is neither a number nor inherit nor a code point such as AF41, "
                f"nor in this host's rt_dsfield"
            ) from None
        if not 0 <= number <= 255:
            raise ValueError(f"{number} is not within 0..255")
        return "inherit" if number == 1 else number

    def to_leaf(self, value: Any, names: Names) -> Leaf:
        return 1 if value == "inherit" else int(value)

    def from_leaf(self, leaf: Leaf, names: Names) -> Any:
        return self.parse(leaf)

    def words(self, word: str, value: Any) -> list[str]:
        # iproute2 reads a bare number as hexadecimal (lib/rt_names.c: rtnl_dsfield_a2n()).
        return [word, value if value == "inherit" else hex(value)]


@dataclass(frozen=True)
class Ttl(Type):
    """A TTL: a number, ``auto`` (0: the route decides) or ``inherit`` (an attribute of its own)."""

    inherit_wire: str = "u8"
    wire: str = "u8"

    @property
    def wires(self) -> tuple[str, ...]:
        return (self.wire, self.inherit_wire)

    def parse(self, value: Any) -> str | int:
        if str(value) in ("auto", "inherit"):
            return str(value)
        try:
            number = whole_number(value)
        except ValueError:
            raise ValueError(f"{value!r} is neither a number nor auto nor inherit") from None
        if not 0 <= number <= 255:
            raise ValueError(f"{number} is not within 0..255 (8 bits)")
        return number or "auto"

    def encode(self, attrs: Sequence[int], value: Any, names: Names) -> list[Attr]:
        if value == "inherit":
            return [(attrs[1], self.inherit_wire, b"" if self.inherit_wire == "flag" else 1)]
        # Never both: geneve_nl2info() ignores the number as soon as the other attribute is there, whatever it says.
        return [(attrs[0], self.wire, 0 if value == "auto" else value)]

    def decode(self, attrs: Sequence[int], found: Mapping[int, bytes], names: Names) -> Any:
        flag = found.get(attrs[1])
        # vxlan takes an empty flag but reports a byte (vxlan_fill_info()).
        if flag is not None and (not flag or flag[0]):
            return "inherit"
        payload = found.get(attrs[0])
        return UNSET if payload is None else payload[0] or "auto"
