# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read and write struct rtmsg: routes with their metrics and next hops."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...state.model import Entry, Operation
from ...tables.objects.address import FOREVER
from ...tables.objects.metrics import FEATURES, LOCK, METRICS
from ...tables.objects.multipath import OTHER_FAMILY, Hop, hop
from ...tables.objects.route import NOWHERE, PREFERENCES, TYPES
from ...tables.types.addresses import ip_text, packed_ip
from ...tables.types.base import unpack
from ...tables.types.named_numbers import SCOPES, TABLES, flow_of, number_of, realms_of
from ...tables.types.simple import NONE, UNSET
from ..netlink import constants as c
from ..netlink.message import Known, Message, View, flags_for, mark_of
from ..netlink.walk import attributes
from .encap_wire import read_encap, write_encap
from .wire import Wire, number

if TYPE_CHECKING:
    from ..observe import Links


_RTMSG = struct.Struct("=BBBBBBBBI")
_RTNEXTHOP = struct.Struct("=HBBi")
_CACHEINFO = struct.Struct("=IIiI")  # the first four of struct rta_cacheinfo
_USER_HZ = 100  # clock_t, in which it has its times
_SCOPE_NAMES = {number: name for name, number in SCOPES.items()}
_TABLE_NAMES = {number: name for name, number in TABLES.items()}
_TYPE_NAMES = {number: name for name, number in TYPES.items()}
_PREFERENCE_NAMES = {number: name for name, number in PREFERENCES.items()}


def decode(netns: str, body: bytes, view: View, _links: Links) -> Entry | None:
    """Decode a route. Routes that the kernel creates by itself are left out."""
    family, length, source_length, tos, table, protocol, scope, kind, flags = _RTMSG.unpack_from(body)
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
        "scope": _SCOPE_NAMES.get(scope, scope),
        "expires": _left(found),
        **_read_way(found, view, flags, options_of=_TYPE_NAMES.get(kind, "")),
        **_read_metrics(attributes(found.get(c.RTA_METRICS, b""))),
    }
    if c.RTA_PREFSRC in found:
        options["src"] = ip_text(found[c.RTA_PREFSRC])
    if c.RTA_PREF in found:
        options["pref"] = _PREFERENCE_NAMES.get(found[c.RTA_PREF][0], str(found[c.RTA_PREF][0]))
    source = f"{ip_text(found[c.RTA_SRC])}/{source_length}" if c.RTA_SRC in found else ""
    key = (netns, dst, str(_TABLE_NAMES.get(table, table)), str(metric), str(tos), source)
    # Routes from router advertisements belong to the advertising router, whether the kernel or a daemon adds them.
    announced = protocol == c.RTPROT_RA
    return Entry("route", key, options, owned=protocol == c.MARK, maker=protocol, by_kernel=announced)


def _left(found: Mapping[int, bytes]) -> str | int:
    """Return the seconds after which the route expires."""
    expires = _CACHEINFO.unpack_from(found[c.RTA_CACHEINFO])[2] if c.RTA_CACHEINFO in found else 0
    return -(-expires // _USER_HZ) if expires > 0 else FOREVER


def _read_way(found: Mapping[int, bytes], view: View, flags: int, options_of: str) -> dict[str, Any]:
    """Decode where a route leads: to a nexthop object, to several next hops, or to one."""
    if c.RTA_NH_ID in found:
        # Beside the id the kernel tells what the nexthop object says (nexthop_compat_mode), and blackhole for a type
        # where that is one: the route itself is none, and is not found as such (fib_dump_info()).
        way: dict[str, Any] = {"nhid": number(found[c.RTA_NH_ID])}
        return {**way, "type": "unicast"} if options_of in NOWHERE else way
    realms = {"realms": realms_of(number(found[c.RTA_FLOW])) if c.RTA_FLOW in found else NONE}
    if options_of in NOWHERE:
        return realms  # IPv6 reports lo as the link of such a route
    if c.RTA_MULTIPATH in found:
        return {"nexthops": tuple(_read_hops(found[c.RTA_MULTIPATH], view))}
    one = {**realms, **_read_gateway(found), "encap": read_encap(found, c.RTA_ENCAP_TYPE, c.RTA_ENCAP)}
    if c.RTA_OIF in found:
        one["dev"] = view.name(number(found[c.RTA_OIF]))
    return {**one, "onlink": bool(flags & c.RTNH_F_ONLINK)}


def _read_gateway(found: Mapping[int, bytes]) -> dict[str, Any]:
    if c.RTA_VIA in found:
        return {"via": OTHER_FAMILY + ip_text(found[c.RTA_VIA][2:])}
    return {"via": ip_text(found[c.RTA_GATEWAY])} if c.RTA_GATEWAY in found else {}


def _read_hops(payload: bytes, view: View) -> list[Hop]:
    hops, offset = [], 0
    while offset + _RTNEXTHOP.size <= len(payload):
        length, flags, weight, index = _RTNEXTHOP.unpack_from(payload, offset)
        if length < _RTNEXTHOP.size:
            break
        found = attributes(payload[offset + _RTNEXTHOP.size : offset + length])
        fields: dict[str, Any] = {**_read_gateway(found), "weight": weight + 1}
        if index:
            fields["dev"] = view.name(index)
        fields["onlink"] = bool(flags & c.RTNH_F_ONLINK)
        fields["encap"] = read_encap(found, c.RTA_ENCAP_TYPE, c.RTA_ENCAP)
        if c.RTA_FLOW in found:
            fields["realms"] = realms_of(number(found[c.RTA_FLOW]))
        hops.append(hop(fields))
        offset += (length + 3) & ~3
    return hops


def _read_metrics(found: Mapping[int, bytes]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for row in (*METRICS, LOCK):
        payload = found.get(row.attrs[0])
        if payload is None:
            continue
        words = getattr(row.type, "of_bits", None)
        value = words(number(payload)) if words else row.type.from_leaf(unpack(row.type.wire, payload), _NO_NAMES)
        if value is not UNSET:
            options[row.name] = value
    return options


_NO_NAMES: Any = None  # metrics name no links


def write(known: Known, operation: Operation) -> Message:
    """Return the request that adds, replaces or removes a route."""
    entry = operation.entry
    _netns, dst, table, metric, tos, source = entry.key
    options = entry.options
    view = known.view(entry.netns)
    network = _network(dst)
    table_number = TABLES.get(table) or int(table)
    tree: list[Any] = [(c.RTA_TABLE, "u32", table_number)]
    if network.prefixlen:
        tree.append((c.RTA_DST, "raw", network.network_address.packed))
    if source:
        tree.append((c.RTA_SRC, "raw", _network(source).network_address.packed))
    if metric != "0":
        tree.append((c.RTA_PRIORITY, "u32", int(metric)))
    header = {
        "family": c.AF_INET if network.version == 4 else c.AF_INET6,
        "dst_len": network.prefixlen,
        "src_len": _network(source).prefixlen if source else 0,
        "tos": int(tos),
        "table": table_number if table_number < 256 else 252,
        "proto": mark_of(entry),
        "scope": _scope(network.version, options),
        "type": TYPES[options.get("type", "unicast")],
        "flags": c.RTNH_F_ONLINK if options.get("onlink") and "nexthops" not in options else 0,
    }
    if operation.verb == "del":
        tree += _named(options, view)
        # iproute.c: a delete that names neither protocol nor scope finds the route whatever they are. What is ours is
        # named as ours: another's may have the same key.
        header.update(proto=c.MARK if entry.owned else 0, scope=SCOPES["nowhere"], flags=0)
        return Message(entry.netns, "route", c.RTM_DELROUTE, 0, header, tree)
    tree += _way(options, view) + _metrics(options)
    if options.get("src", NONE) != NONE:
        tree.append((c.RTA_PREFSRC, "raw", packed_ip(options["src"])))
    if options.get("expires", FOREVER) != FOREVER:
        tree.append((c.RTA_EXPIRES, "u32", options["expires"]))
    if "pref" in options:
        tree.append((c.RTA_PREF, "u8", PREFERENCES[options["pref"]]))
    return Message(entry.netns, "route", c.RTM_NEWROUTE, flags_for(operation.verb), header, tree)


def _named(options: Mapping[str, Any], view: View) -> list[Any]:
    """Return the options that distinguish a route to remove from others of its key: not tunnel header and metrics.

    With RTA_MULTIPATH, or a gateway of a route that has several, IPv6 removes those next hops only.
    """
    if "nhid" in options:
        return [(c.RTA_NH_ID, "u32", options["nhid"])]
    if options.get("nexthops"):
        return []
    return _gateway(options) + _device(options, view)


def _way(options: Mapping[str, Any], view: View) -> list[Any]:
    if "nhid" in options:
        return [(c.RTA_NH_ID, "u32", options["nhid"])]
    if options.get("nexthops"):
        hops = []
        for one in (dict(one) for one in options["nexthops"]):
            index = view.index(one["dev"]) if "dev" in one else 0
            flags = c.RTNH_F_ONLINK if one["onlink"] else 0
            tree = write_encap(one["encap"], c.RTA_ENCAP_TYPE, c.RTA_ENCAP) + _gateway(one) + _flow(one)
            hops.append(((flags, one["weight"] - 1, index), tree))
        return [(c.RTA_MULTIPATH, "hops", hops)]
    encap = write_encap(options.get("encap") or (), c.RTA_ENCAP_TYPE, c.RTA_ENCAP)
    return encap + _gateway(options) + _device(options, view) + _flow(options)


def _flow(options: Mapping[str, Any]) -> list[Any]:
    flow = flow_of(options.get("realms", NONE))
    return [(c.RTA_FLOW, "u32", flow)] if flow else []


def _gateway(options: Mapping[str, Any]) -> list[Any]:
    via = options.get("via", NONE)
    if via.startswith(OTHER_FAMILY):
        packed = packed_ip(via[len(OTHER_FAMILY) :])
        return [(c.RTA_VIA, "raw", struct.pack("=H", c.AF_INET6) + packed)]  # struct rtvia
    return [(c.RTA_GATEWAY, "raw", packed_ip(via))] if via != NONE else []


def _device(options: Mapping[str, Any], view: View) -> list[Any]:
    dev = options.get("dev", NONE)
    return [] if dev == NONE else [(c.RTA_OIF, "u32", view.index(dev))]


def _metrics(options: Mapping[str, Any]) -> list[Any]:
    """Return RTA_METRICS without metrics that are 0 or empty. A replaced route loses a metric that is left out."""
    nest: list[Any] = []
    for row in (LOCK, *METRICS):
        value = options.get(row.name)
        if not value:
            continue
        leaf = FEATURES.bits(value) if row.name == "features" else value
        if row is LOCK:
            leaf = sum(LOCK.type.table[word] for word in value)  # type: ignore[attr-defined]
        nest.append((row.attrs[0], row.type.wire, int(leaf) if row.type.wire != "str" else leaf))
    return [(c.RTA_METRICS, "nested", nest)] if nest else []


def _network(dst: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network("0.0.0.0/0" if dst == "default" else dst)


def _scope(version: int, options: Mapping[str, Any]) -> int:
    """Return the scope as ``ip route`` chooses it (iproute.c: iproute_modify())."""
    if "scope" in options:
        return number_of(SCOPES, options["scope"])
    kind = options.get("type", "unicast")
    if version == 6:
        return SCOPES["global"]
    if kind == "local":
        return SCOPES["host"]
    if kind in ("broadcast", "multicast", "anycast"):
        return SCOPES["link"]
    led = options.get("via", NONE) != NONE or "nhid" in options or options.get("nexthops")
    return SCOPES["link"] if kind == "unicast" and not led else SCOPES["global"]


_DUMPS = tuple((c.RTM_GETROUTE, _RTMSG.pack(family, 0, 0, 0, 0, 0, 0, 0, 0)) for family in (c.AF_INET, c.AF_INET6))
ROUTE = Wire(write=write, dumps=_DUMPS, decode=decode)
