# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Encode rtnetlink messages with pyroute2's message classes, and patch copies of their bytes.

The classes are pyroute2's; their attribute maps are not. Seen on 0.7.2 to 0.9.7: its maps differ from release to
release (geneve's df 16 bits wide, ipvlan without flags, vxlan's label with its bytes swapped, bridge options missing),
and an attribute that a map does not know is dropped silently. The kinds' tables know number and type of every
attribute, so each class gets a map here that has all numbers with all wire types, and nothing can be dropped.

pyroute2 takes 75 to 95 us to encode a message; a patched copy takes 5 us (Form). Messages of one form have the same
struct, type and flags, and the same attributes in the same order with payloads of the same lengths: names of
one length, addresses of one family. A host's messages are of some dozen forms.

``import pyroute2`` loads NDB, asyncio, SSL and some thirty netlink families: 0.07 to 0.17 s. preload() imports its
message classes alone, which takes a quarter of that.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
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
    """Return the common parts of the messages of one form, and the values in which they differ."""
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


def preload(package: str, parts: Sequence[str]) -> bool:
    """Import parts of a package without its ``__init__``; tell whether that went well.

    Python finds them loaded when an import statement names them, and does not look at the package then. Where it did
    not go well (no such package, or a part that needs the whole) the statement imports the package as ever. So does
    whoever imports the package itself later.
    """
    if package in sys.modules:
        return False
    spec = PathFinder.find_spec(package)
    if spec is None:
        return False
    before = set(sys.modules)
    sys.modules[package] = module_from_spec(spec)  # with its path, and nothing executed
    try:
        for part in parts:
            import_module(f"{package}.{part}")
    except (ImportError, AttributeError):
        for name in [name for name in sys.modules if name not in before and name.startswith(f"{package}.")]:
            del sys.modules[name]
        return False
    finally:
        del sys.modules[package]
    return True


preload("pyroute2", [f"netlink.rtnl.{name}" for name in ("ifaddrmsg", "ifinfmsg", "ndmsg", "rtmsg")])
try:
    from pyroute2.netlink import NLA_F_NESTED, nla, nlmsg
    from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
    from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
    from pyroute2.netlink.rtnl.ndmsg import ndmsg
    from pyroute2.netlink.rtnl.rtmsg import rtmsg
except ImportError:
    # module.py has refused the run by then, and says what to install. Here it is for tools that import every file.
    NLA_F_NESTED, nla, nlmsg, ifaddrmsg, ifinfmsg, ndmsg, rtmsg = 0, object, object, object, object, object, object

HIGHEST = 71  # the highest attribute number that any table here uses is below this


def _map(nested: str) -> tuple[tuple[int, str, str, int], ...]:
    rows: list[tuple[int, str, str, int]] = []
    for number in range(HIGHEST):
        rows += [(number, f"{number}:{wire}", fmt.pyroute2, 0) for wire, fmt in WIRE.items()]
        rows.append((number, f"{number}:nest", nested, 0))
        rows.append((number, f"{number}:nested", nested, NLA_F_NESTED))
        rows.append((number, f"{number}:packed", WIRE["raw"].pyroute2, NLA_F_NESTED))  # a nest as its bytes
        rows.append((number, f"{number}:message", "link_in_attribute", 0))
    return tuple(rows)


class attributes(nla):
    """A nest of attributes, known by number and wire type."""

    nla_map = _map("recursive")


class link_in_attribute(nla):
    """A link message within an attribute: the other end of a veth pair (VETH_INFO_PEER)."""

    fields = getattr(ifinfmsg, "fields", ())
    nla_map = _map("attributes")
    attributes = attributes


class _Mapped:
    nla_map = _map("attributes")
    attributes = attributes
    link_in_attribute = link_in_attribute


for _nest in (attributes, link_in_attribute):
    _nest.link_in_attribute = link_in_attribute


class link_message(_Mapped, ifinfmsg):
    """struct ifinfomsg."""


class address_message(_Mapped, ifaddrmsg):
    """struct ifaddrmsg."""


class neighbor_message(_Mapped, ndmsg):
    """struct ndmsg."""


class route_message(_Mapped, rtmsg):
    """struct rtmsg."""


class tunnel_message(_Mapped, nlmsg):
    """struct tunnel_msg (uapi/linux/if_link.h), which no release of pyroute2 has."""

    fields = (("family", "B"), ("flags", "B"), ("reserved2", "H"), ("ifindex", "I"))


class vlan_message(_Mapped, nlmsg):
    """struct br_vlan_msg (uapi/linux/if_bridge.h), which no release of pyroute2 has as such."""

    fields = (("family", "B"), ("reserved1", "B"), ("reserved2", "H"), ("ifindex", "I"))


class mdb_message(_Mapped, nlmsg):
    """struct br_port_msg (uapi/linux/if_bridge.h) with its padding."""

    fields = (("family", "B"), ("pad1", "B"), ("pad2", "H"), ("ifindex", "I"))


class nexthop_message(_Mapped, nlmsg):
    """struct nhmsg, for which pyroute2 has no class (0.9.7)."""

    fields = (("family", "B"), ("scope", "B"), ("protocol", "B"), ("resvd", "B"), ("flags", "I"))


class rule_message(_Mapped, nlmsg):
    """struct fib_rule_hdr; pyroute2's own class has it too, with 32 bits where some attributes have other types."""

    fields = (
        *((name, "B") for name in ("family", "dst_len", "src_len", "tos", "table", "res1", "res2", "action")),
        ("flags", "I"),
    )


HOPS = "hops"  # the wire type of RTA_MULTIPATH

MESSAGES = {
    "link": link_message,
    "address": address_message,
    "neighbor": neighbor_message,
    "route": route_message,
    "nexthop": nexthop_message,
    "rule": rule_message,
    "tunnel": tunnel_message,
    "vlan": vlan_message,
    "mdb": mdb_message,
}


def _hop(header: tuple[int, int, int], tree: Tree) -> bytes:
    """Return a struct rtnexthop with its attributes: a part of RTA_MULTIPATH that is no attribute itself."""
    inner: Any = attributes()
    inner["attrs"] = _values(tree)
    inner.encode()
    body = bytes(inner.data)[4:]  # without the header of the nest
    return struct.pack("=HBBi", 8 + len(body), *header) + body


def _packed(message: Message) -> Message:
    """Return a message whose next hops are bytes."""
    tree = [
        (number, "raw", b"".join(_hop(*one) for one in value)) if wire == HOPS else (number, wire, value)
        for number, wire, value in message.tree
    ]
    return message._replace(tree=tree)


def _values(tree: Tree) -> list[tuple[str, Any]]:
    named: list[tuple[str, Any]] = []
    for number, wire, value in tree:
        if wire in NESTS:
            named.append((f"{number}:{wire}", {"attrs": _values(value)}))
        elif wire == MESSAGE:
            header, inner = value
            named.append((f"{number}:{wire}", {**header, "attrs": _values(inner)}))
        else:
            named.append((f"{number}:{wire}", value))
    return named


def fields_of(shape: str) -> Fields:
    """Return names and formats of a struct's fields."""
    fields: Fields = getattr(MESSAGES[shape], "fields", ())
    return fields


#: The forms seen so far, by the result of parts() for their messages.
_forms: dict[Any, Form] = {}


def encode(message: Message) -> bytearray:
    """Return the bytes of a request; raise ValueError where a value does not fit its attribute."""
    if message.shape == "route" and any(wire == HOPS for _number, wire, _value in message.tree):
        message = _packed(message)
    key, values = parts(message)
    form = _forms.get(key)
    try:
        if form is None:
            form = _forms[key] = Form(bytes(encode_anew(message)), message, fields_of(message.shape))
        return form.fill(values)
    except struct.error as why:
        raise ValueError(f"{why}: {message}") from None


def encode_anew(message: Message) -> bytearray:
    """Return the bytes of a request as pyroute2 encodes them."""
    packed: Any = MESSAGES[message.shape]()
    for name, value in message.header.items():
        packed[name] = value
    packed["attrs"] = _values(message.tree)
    packed["header"]["type"] = message.kind
    packed["header"]["flags"] = message.flags
    packed.encode()
    return bytearray(packed.data)
