# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Walk netlink attributes by hand (include/net/netlink.h: 4 bytes of header, padded to 4)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_header = struct.Struct("=HH").unpack_from
_TYPE = 0x3FFF  # without NLA_F_NESTED and NLA_F_NET_BYTEORDER


def attributes(payload: bytes, offset: int = 0) -> dict[int, bytes]:
    """Return the attributes from offset on, by number. Where one comes twice the last counts."""
    found: dict[int, bytes] = {}
    end = len(payload) - 3
    while offset < end:
        length, kind = _header(payload, offset)
        if length < 4:
            break
        found[kind & _TYPE] = payload[offset + 4 : offset + length]
        offset += (length + 3) & ~3
    return found


def listed(payload: bytes, offset: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield number and payload of the attributes from offset on, each as often as it comes."""
    while offset + 4 <= len(payload):
        length, kind = _header(payload, offset)
        if length < 4:
            return
        yield kind & _TYPE, payload[offset + 4 : offset + length]
        offset += (length + 3) & ~3
