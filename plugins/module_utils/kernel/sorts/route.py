# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read and write struct rtmsg: routes and the tunnel headers that they put on."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Mapping
from typing import Any

from ...kinds.addresses import ip_text, packed_ip
from ...kinds.types import NONE
from ...model import Entry, Operation
from ...objects.address import SCOPES
from ...objects.route import ENCAP_FIELDS, ENCAP_TYPES, TABLES, TYPES
from .. import constants as c
from ..message import Known, Message, flags_for, mark_of
from ..view import View
from ..walk import attributes
from .wire import Links, Wire, number

_RTMSG = struct.Struct("=BBBBBBBBI")
_SCOPE_NAMES = {number: name for name, number in SCOPES.items()}
_TABLE_NAMES = {number: name for name, number in TABLES.items()}
_TYPE_NAMES = {number: name for name, number in TYPES.items()}
_ENCAP_NAMES = {number: name for name, number in ENCAP_TYPES.items()}


def decode(netns: str, body: bytes, view: View, _links: Links) -> Entry | None:
    """Decode a route; what the kernel makes by itself is left out."""
    family, length, _source, _tos, table, protocol, scope, kind, flags = _RTMSG.unpack_from(body)
    if protocol in (c.RTPROT_KERNEL, c.RTPROT_REDIRECT) or flags & c.RTM_F_CLONED:
        return None
    found = attributes(body, 12)
    if c.RTA_TABLE in found:
        table = number(found[c.RTA_TABLE])
    dst = f"{ip_text(found[c.RTA_DST])}/{length}" if c.RTA_DST in found else "default"
    if dst == "default" and family == c.AF_INET6:
        dst = "::/0"
    metric = number(found[c.RTA_PRIORITY]) if c.RTA_PRIORITY in found else 0
    options: dict[str, Any] = {
        "type": _TYPE_NAMES.get(kind, str(kind)),
        "scope": _SCOPE_NAMES.get(scope, str(scope)),
        "onlink": bool(flags & c.RTNH_F_ONLINK),
        "encap": _read_encap(found),
    }
    if c.RTA_OIF in found:
        options["dev"] = view.name(number(found[c.RTA_OIF]))
    for name, attr in (("via", c.RTA_GATEWAY), ("src", c.RTA_PREFSRC)):
        if attr in found:
            options[name] = ip_text(found[attr])
    metrics = attributes(found.get(c.RTA_METRICS, b""))
    options.update({name: number(metrics[attr]) for name, attr in c.RTAX.items() if attr in metrics})
    key = (netns, dst, str(_TABLE_NAMES.get(table, table)), str(metric))
    return Entry("route", key, options, owned=protocol == c.MARK, maker=protocol)


def _read_encap(found: Mapping[int, bytes]) -> tuple[tuple[str, Any], ...]:
    """Decode an ``encap ip`` nest; fields that are zero say nothing."""
    if c.RTA_ENCAP_TYPE not in found:
        return ()
    kind = struct.unpack("=H", found[c.RTA_ENCAP_TYPE])[0]
    if kind not in _ENCAP_NAMES:
        return (("type", str(kind)),)
    nest = attributes(found.get(c.RTA_ENCAP, b""))
    fields: list[tuple[str, Any]] = [("type", _ENCAP_NAMES[kind])]
    for row in ENCAP_FIELDS:
        payload = nest.get(row.attr, b"")
        if any(payload):
            fields.append((row.name, ip_text(payload) if row.wire == "ip" else int.from_bytes(payload, "big")))
    return tuple(fields)


def write(known: Known, operation: Operation) -> Message:
    """Return the request that adds, replaces or removes a route."""
    entry = operation.entry
    _netns, dst, table, metric = entry.key
    options = entry.options
    view = known.view(entry.netns)
    network = _network(dst)
    table_number = TABLES.get(table) or int(table)
    tree: list[Any] = [(c.RTA_TABLE, "u32", table_number)]
    if network.prefixlen:
        tree.append((c.RTA_DST, "raw", network.network_address.packed))
    if metric != "0":
        tree.append((c.RTA_PRIORITY, "u32", int(metric)))
    tree += _write_encap(dict(options.get("encap") or ()))
    if "via" in options:
        tree.append((c.RTA_GATEWAY, "raw", packed_ip(options["via"])))
    if "src" in options:
        tree.append((c.RTA_PREFSRC, "raw", packed_ip(options["src"])))
    if options.get("dev", NONE) != NONE:
        tree.append((c.RTA_OIF, "u32", view.index(options["dev"])))
    metrics = [(attr, "u32", options[name]) for name, attr in c.RTAX.items() if name in options]
    if metrics:
        tree.append((c.RTA_METRICS, "nested", metrics))
    header = {
        "family": c.AF_INET if network.version == 4 else c.AF_INET6,
        "dst_len": network.prefixlen,
        "table": table_number if table_number < 256 else 252,
        "proto": mark_of(entry),
        "scope": _scope(network.version, options),
        "type": TYPES[options.get("type", "unicast")],
        "flags": c.RTNH_F_ONLINK if options.get("onlink") else 0,
    }
    if operation.verb == "del":
        # iproute.c: a delete that names neither protocol nor scope finds the route whatever they are.
        header.update(proto=0, scope=255)
    kind = c.RTM_DELROUTE if operation.verb == "del" else c.RTM_NEWROUTE
    return Message(entry.netns, "route", kind, flags_for(operation.verb), header, tree)


def _network(dst: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network("0.0.0.0/0" if dst == "default" else dst)


def _scope(version: int, options: Any) -> int:
    """Return the scope as ``ip route`` chooses it: link for an IPv4 route without a gateway."""
    if "scope" in options:
        return SCOPES[options["scope"]]
    if version == 6 or "via" in options or options.get("type", "unicast") != "unicast":
        return SCOPES["global"]
    return SCOPES["link"]


def _write_encap(encap: dict[str, Any]) -> list[Any]:
    """Write an encapsulation. RTA_ENCAP_TYPE goes first: the kernel reads it before the nest."""
    if not encap:
        return []
    nest: list[Any] = []
    for row in ENCAP_FIELDS:
        if row.name in encap:
            value = encap[row.name]
            if row.wire == "ip":
                nest.append((row.attr, "raw", packed_ip(value)))
            elif row.wire == "be64":
                nest.append((row.attr, "raw", int(value).to_bytes(8, "big")))
            else:
                nest.append((row.attr, row.wire, value))
    return [(c.RTA_ENCAP_TYPE, "u16", ENCAP_TYPES[encap["type"]]), (c.RTA_ENCAP, "nested", nest)]


_DUMPS = tuple((c.RTM_GETROUTE, _RTMSG.pack(family, 0, 0, 0, 0, 0, 0, 0, 0)) for family in (c.AF_INET, c.AF_INET6))
ROUTE = Wire(write, _DUMPS, decode)
