# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Walk netlink attributes by hand (include/net/netlink.h: 4 bytes of header, padded to 4).

The kernel tells a thousand links in a few forms: the same attributes, each as long as in the link before. A form that
was walked once is known again by all its headers at a time: 0.7 us for the 40 attributes of a link, and 4 us to walk.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, KeysView, Mapping

_header = struct.Struct("=HH").unpack_from
_TYPE = 0x3FFF  # without NLA_F_NESTED and NLA_F_NET_BYTEORDER
#: Forms kept of one length. More are walked each time.
KEPT = 8


class _Form:
    """Where the attributes of a payload stand, and what headers it must have for that."""

    __slots__ = ("headers", "places", "unpack")

    def __init__(self, payload: bytes, found: list[tuple[int, int, int]]) -> None:
        at, words = 0, ["="]
        for start, _number, _length in found:
            words.append(f"{start - at}xHH")
            at = start + 4
        self.unpack = struct.Struct("".join(words)).unpack_from
        self.headers = self.unpack(payload)
        self.places = {number: slice(start + 4, start + length) for start, number, length in found if length >= 4}


class _Found(Mapping[int, bytes]):
    """The attributes of a payload of a known form."""

    __slots__ = ("_payload", "_places")

    def __init__(self, payload: bytes, places: Mapping[int, slice]) -> None:
        self._payload = payload
        self._places = places

    def __getitem__(self, number: int) -> bytes:
        return self._payload[self._places[number]]

    def get(self, key: int, default: bytes | None = None) -> bytes | None:  # type: ignore[override]
        """Return an attribute's payload."""
        place = self._places.get(key)
        return default if place is None else self._payload[place]

    def __contains__(self, number: object) -> bool:
        return number in self._places

    def keys(self) -> KeysView[int]:
        """Give the numbers."""
        return self._places.keys()

    def __iter__(self) -> Iterator[int]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


_forms: dict[tuple[int, int], list[_Form]] = {}


def attributes(payload: bytes, offset: int = 0) -> Mapping[int, bytes]:
    """Return the attributes from offset on, by number. Where one comes twice the last counts."""
    forms = _forms.get((len(payload), offset))
    if forms is None:
        forms = _forms[len(payload), offset] = []
    for form in forms:
        if form.unpack(payload) == form.headers:
            return _Found(payload, form.places)
    found = list(_walk(payload, offset))
    if len(forms) < KEPT:
        forms.append(_Form(payload, found))
    return {number: payload[start + 4 : start + length] for start, number, length in found if length >= 4}


def _walk(payload: bytes, offset: int) -> Iterator[tuple[int, int, int]]:
    """Yield start, number and length of each attribute, header included."""
    end = len(payload) - 3
    while offset < end:
        length, kind = _header(payload, offset)
        yield offset, kind & _TYPE, length
        if length < 4:
            break
        offset += (length + 3) & ~3


def listed(payload: bytes, offset: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield number and payload of the attributes from offset on, each as often as it comes."""
    while offset + 4 <= len(payload):
        length, kind = _header(payload, offset)
        if length < 4:
            return
        yield kind & _TYPE, payload[offset + 4 : offset + length]
        offset += (length + 3) & ~3
