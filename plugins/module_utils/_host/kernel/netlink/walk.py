# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Walk netlink attributes by hand (include/net/netlink.h: 4 bytes of header, padded to 4).

The kernel tells a thousand links in a few forms: the same attributes, each as long as in the link before. A form that
was walked once is known again by all its headers at a time: 0.7 us for the 40 attributes of a link, and 4 us to walk.
"""

from __future__ import annotations

import struct
from collections.abc import ItemsView, Iterator, KeysView, Mapping
from typing import Any, Callable

from ...tables.types.simple import UNSET

_header = struct.Struct("=HH").unpack_from
_TYPE = 0x3FFF  # without NLA_F_NESTED and NLA_F_NET_BYTEORDER
#: Forms kept of one length. More are walked each time.
KEPT = 8


class _Form:
    """The places of the attributes in a payload, and the headers that such a payload has."""

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


class LazyOptions(Mapping[str, Any]):
    """Options by name. ``decode`` returns the value of a name, or UNSET where the kernel does not report it."""

    __slots__ = ("_decode", "_names", "_values")

    def __init__(self, names: Mapping[str, Any], decode: Callable[[str], Any], values: dict[str, Any]) -> None:
        self._names = names  # in the order in which they are reported
        self._decode = decode
        self._values = values  # decoded already

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, or the default where the kernel does not report it."""
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
