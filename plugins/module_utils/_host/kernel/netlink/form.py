# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Patch values into the bytes of a message that was encoded before.

pyroute2 takes 75 to 95 us to encode a message; a patched copy takes 5 us. Messages are of one form when they have the
same struct, type and flags, and the same attributes in the same order with payloads of the same lengths: names of one
length, addresses of one family. A host's messages are of some dozen forms, however many there are.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

from ...tables.types.simple import WIRE
from .message import Message, Tree

#: Wire types of attributes that hold others (see codec.py); a message's has a struct of its own in front.
NESTS = ("nest", "nested")
MESSAGE = "message"

_NLMSGHDR = 16  # bytes of struct nlmsghdr
_NLATTR = struct.Struct("=HH")
_TYPE = 0x3FFF  # without NLA_F_NESTED and NLA_F_NET_BYTEORDER
_END = object()  # closes a nest in a key: what follows stands beside it and not in it

_NUMBERS = {wire: struct.Struct(fmt.struct) for wire, fmt in WIRE.items() if fmt.struct}

Key = tuple[Any, ...]
Place = tuple[struct.Struct, int]  # how a value is packed, and where
Fields = Sequence[tuple[str, str]]  # a struct's names and formats, as pyroute2 has them


def parts(message: Message) -> tuple[Key, list[Any]]:
    """Return what messages of one form have in common, and the values in which they differ."""
    key: list[Any] = [message.shape, message.kind, message.flags, *message.header]
    values: list[Any] = list(message.header.values())
    _collect(message.tree, key, values)
    return tuple(key), values


def _collect(tree: Tree, key: list[Any], values: list[Any]) -> None:
    for number, wire, value in tree:
        key.append(number)
        key.append(wire)
        if wire in _NUMBERS:
            values.append(value)
        elif wire in NESTS:
            _collect(value, key, values)
            key.append(_END)
        elif wire == MESSAGE:
            header, inner = value
            key += header
            values += header.values()
            key.append(_END)
            _collect(inner, key, values)
            key.append(_END)
        else:
            payload = value.encode() + b"\0" if wire == "str" else value
            key.append(len(payload))
            values.append(payload)


class Form:
    """The bytes of one form, with the places of the values."""

    def __init__(self, encoded: bytes, message: Message, fields: Fields) -> None:
        """Find the places in an encoded message; raise ValueError where patching does not give the same bytes.

        ``fields`` are those of the message's own struct.
        """
        self._fields = fields
        self._places = self._in_struct(message.header, _NLMSGHDR, fields)
        self._in_tree(message.tree, encoded, _aligned(_NLMSGHDR + _size(fields)))
        blank = bytearray(encoded)
        for packer, offset in self._places:
            blank[offset : offset + packer.size] = bytes(packer.size)
        self._blank = bytes(blank)
        if self.fill(parts(message)[1]) != encoded:
            raise ValueError(f"a patched message is not what pyroute2 encodes: {message}")

    def fill(self, values: Sequence[Any]) -> bytearray:
        """Return the bytes of the message of this form that has these values (see parts())."""
        data = bytearray(self._blank)
        for (packer, offset), value in zip(self._places, values):
            packer.pack_into(data, offset, value)
        return data

    def _in_struct(self, header: Mapping[str, Any], start: int, fields: Fields) -> list[Place]:
        offsets: dict[str, Place] = {}
        for name, fmt in fields:
            offsets[name] = (struct.Struct("=" + fmt), start)
            start += struct.calcsize("=" + fmt)
        return [offsets[name] for name in header]

    def _in_tree(self, tree: Tree, data: bytes, at: int) -> None:
        for number, wire, value in tree:
            length, found = _NLATTR.unpack_from(data, at)
            if found & _TYPE != number:
                raise ValueError(f"pyroute2 wrote attribute {found & _TYPE} where {number} was to be")
            payload = at + _NLATTR.size
            if wire in _NUMBERS:
                self._places.append((_NUMBERS[wire], payload))
            elif wire in NESTS:
                self._in_tree(value, data, payload)
            elif wire == MESSAGE:
                header, inner = value
                self._places += self._in_struct(header, payload, LINK_FIELDS)
                self._in_tree(inner, data, _aligned(payload + _size(LINK_FIELDS)))
            else:
                self._places.append((struct.Struct(f"{at + length - payload}s"), payload))
            at += _aligned(length)


#: struct ifinfomsg (uapi/linux/rtnetlink.h): the one struct that stands within an attribute (VETH_INFO_PEER).
LINK_FIELDS: Fields = (
    ("family", "B"),
    ("pad", "x"),
    ("ifi_type", "H"),
    ("index", "i"),
    ("flags", "I"),
    ("change", "I"),
)


def _size(fields: Fields) -> int:
    return sum(struct.calcsize("=" + fmt) for _name, fmt in fields)


def _aligned(size: int) -> int:
    return (size + 3) & ~3
