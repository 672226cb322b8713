# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read and write the tunnel headers of routes and nexthops (net/ipv4/ip_tunnel_core.c: ip_tun_policy and below)."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, Callable

from ...tables.objects.encap import (
    CRITICAL_FLAG,
    CRITICAL_TYPE,
    ENCAP_FIELDS,
    ENCAP_FLAGS,
    ENCAP_TYPES,
    FLAGS_ATTR,
    OPTS_ATTR,
    OTHER_TYPES,
    RAW,
    Header,
    canonical,
)
from ...tables.types.addresses import ip_text, packed_ip
from ..netlink.walk import attributes, listed

_NAMES = {number: name for name, number in ENCAP_TYPES.items()}
_OTHERS = {number: name for name, number in OTHER_TYPES.items()}
Tree = list[Any]

#: LWTUNNEL_IP_OPTS_*: by the word, the number of the nest and of its attributes with their wire types.
_OPTS: dict[str, tuple[int, dict[str, tuple[int, str]]]] = {
    "geneve_opts": (1, {"class": (1, "be16"), "type": (2, "u8"), "data": (3, "raw")}),
    "vxlan_opts": (2, {"gbp": (1, "u32")}),
    "erspan_opts": (3, {"version": (1, "u8"), "index": (2, "be32"), "dir": (3, "u8"), "hwid": (4, "u8")}),
}
_UNPACK: dict[str, Callable[[bytes], Any]] = {
    "be16": lambda payload: int.from_bytes(payload, "big"),
    "be32": lambda payload: int.from_bytes(payload, "big"),
    "u8": lambda payload: payload[0],
    "u32": lambda payload: struct.unpack("=I", payload)[0],
    "raw": lambda payload: payload.hex(),
}


def write_encap(header: Header, type_attr: int, nest_attr: int) -> Tree:
    """Return the attributes of a tunnel header. Its type goes first: the kernel reads it before the nest."""
    fields = dict(header)
    if not fields:
        return []
    if RAW in fields:
        return [
            (type_attr, "u16", OTHER_TYPES.get(fields["type"]) or int(fields["type"])),
            (nest_attr, "packed", bytes.fromhex(fields[RAW])),
        ]
    return [(type_attr, "u16", ENCAP_TYPES[fields["type"]]), (nest_attr, "nested", _write_fields(fields))]


def _write_fields(fields: Mapping[str, Any]) -> Tree:
    nest: Tree = []
    for row in ENCAP_FIELDS:
        if row.name in fields:
            value = fields[row.name]
            if row.wire == "ip":
                nest.append((row.attr, "raw", packed_ip(value)))
            elif row.wire == "be64":
                nest.append((row.attr, "raw", int(value).to_bytes(8, "big")))
            else:
                nest.append((row.attr, row.wire, value))
    bits = sum(bit for name, bit in ENCAP_FLAGS.items() if fields.get(name))
    if any(kind & CRITICAL_TYPE for _class, kind, _data in fields.get("geneve_opts", ())):
        bits |= CRITICAL_FLAG
    if bits:
        nest.append((FLAGS_ATTR, "be16", bits))
    for word in _OPTS:
        if fields.get(word):
            nest.append((OPTS_ATTR, "nested", _write_opts(word, fields[word])))
    return nest


def _write_opts(word: str, value: Any) -> Tree:
    """Return one nest for each option (the kernel parses them strictly: NLA_F_NESTED must be there)."""
    number, fields = _OPTS[word]
    each = [dict(zip(fields, item)) for item in value] if word == "geneve_opts" else [dict(value)]
    nests: Tree = []
    for one in each:
        inner: Tree = []
        for name, (attr, wire) in fields.items():
            if name in one:
                inner.append((attr, wire, bytes.fromhex(one[name]) if wire == "raw" else one[name]))
        nests.append((number, "nested", inner))
    return nests


def read_encap(found: Mapping[int, bytes], type_attr: int, nest_attr: int) -> Header:
    """Decode a tunnel header; fields that are zero say nothing."""
    if type_attr not in found:
        return ()
    kind = struct.unpack("=H", found[type_attr])[0]
    if kind not in _NAMES:
        return (("type", _OTHERS.get(kind, str(kind))), (RAW, found.get(nest_attr, b"").hex()))
    nest = attributes(found.get(nest_attr, b""))
    fields: dict[str, Any] = {"type": _NAMES[kind]}
    for row in ENCAP_FIELDS:
        payload = nest.get(row.attr, b"")
        if any(payload):
            fields[row.name] = ip_text(payload) if row.wire == "ip" else int.from_bytes(payload, "big")
    bits = int.from_bytes(nest.get(FLAGS_ATTR, b""), "big")
    fields.update({name: True for name, bit in ENCAP_FLAGS.items() if bits & bit})
    for number, payload in listed(nest.get(OPTS_ATTR, b"")):
        _read_opts(fields, number, payload)
    return canonical(fields)


def _read_opts(fields: dict[str, Any], number: int, payload: bytes) -> None:
    for word, (nest, rows) in _OPTS.items():
        if nest != number:
            continue
        if word == "geneve_opts":
            # One nest for each option, or all of them in one after another: class begins each.
            for attr, value in listed(payload):
                if attr == rows["class"][0]:
                    fields[word] = (*fields.get(word, ()), (0, 0, ""))
                done = dict(zip(rows, fields[word][-1]))
                name = next((name for name, row in rows.items() if row[0] == attr), "")
                done[name] = _UNPACK[rows[name][1]](value) if name else None
                fields[word] = (*fields[word][:-1], tuple(done[name] for name in rows))
            continue
        inner = attributes(payload)
        told = {name: _UNPACK[wire](inner[attr]) for name, (attr, wire) in rows.items() if attr in inner}
        if word == "erspan_opts":
            # The kernel tells direction and hardware id of version 1 too, and an index of version 2, all zero.
            mine = ("version", "index") if told.get("version") == 1 else ("version", "dir", "hwid")
            told = {name: told[name] for name in mine if name in told}
        fields[word] = tuple(told.items())
