# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Turn dumped messages into entries: addresses, neighbors, FDB entries and routes."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, Callable, Optional

from ..kinds.addresses import ip_text
from ..kinds.types import NONE, UNSET
from ..model import Entry
from ..objects.address import FLAGS as ADDRESS_FLAGS
from ..objects.address import SCOPES
from ..objects.fdb import FDB, is_listed
from ..objects.fdb import STATES as FDB_STATES
from ..objects.neighbor import STATES as NEIGHBOR_STATES
from ..objects.route import ENCAP_FIELDS, ENCAP_TYPES, TABLES, TYPES
from . import constants as c
from .view import View
from .walk import attributes

Links = Mapping[str, Entry]
_IFADDR = struct.Struct("=BBBBI")
_NDMSG = struct.Struct("=BxHiHBB")
_RTMSG = struct.Struct("=BBBBBBBBI")
_U32 = struct.Struct("=I")

_SCOPE_NAMES = {number: name for name, number in SCOPES.items()}
_TABLE_NAMES = {number: name for name, number in TABLES.items()}
_TYPE_NAMES = {number: name for name, number in TYPES.items()}
_ENCAP_NAMES = {number: name for name, number in ENCAP_TYPES.items()}
_NEIGHBOR_NAMES = {number: name for name, number in NEIGHBOR_STATES.items()}
_FDB_NAMES = {number: name for name, number in FDB_STATES.items()}


def _number(payload: bytes) -> int:
    number: int = _U32.unpack(payload)[0]
    return number


def address(netns: str, body: bytes, view: View, links: Links) -> Entry | None:
    """Decode struct ifaddrmsg; what the kernel makes by itself is left out."""
    family, length, low_flags, scope, index = _IFADDR.unpack_from(body)
    found = attributes(body, 8)
    protocol = found.get(c.IFA_PROTO, b"\0")[0]
    if protocol in c.IFAPROT_OF_KERNEL or family not in (c.AF_INET, c.AF_INET6):
        return None
    local = found.get(c.IFA_LOCAL) or found[c.IFA_ADDRESS]
    other = found.get(c.IFA_ADDRESS, local)
    dev = view.name(index)
    flags = _number(found[c.IFA_FLAGS]) if c.IFA_FLAGS in found else low_flags
    options: dict[str, Any] = {"scope": _SCOPE_NAMES.get(scope, str(scope))}
    if other != local:
        options["peer"] = ip_text(other)
    label = found.get(c.IFA_LABEL, b"").rstrip(b"\0").decode()
    options["label"] = label if label != dev else ""
    if c.IFA_RT_PRIORITY in found:
        options["metric"] = _number(found[c.IFA_RT_PRIORITY])
    options.update({name: bool(flags & bit) for name, bit in ADDRESS_FLAGS.items()})
    key = (netns, dev, f"{ip_text(local)}/{length}")
    return Entry("address", key, options, owned=protocol == c.MARK)


def neighbor(netns: str, body: bytes, view: View, links: Links) -> Entry | None:
    """Decode struct ndmsg of the ARP and neighbor discovery tables; only what was put there is told."""
    family, _pad, index, state, flags, _type = _NDMSG.unpack_from(body)
    if family not in (c.AF_INET, c.AF_INET6) or state not in _NEIGHBOR_NAMES:
        return None
    found = attributes(body, 12)
    if c.NDA_DST not in found or (state == c.NUD_NOARP and c.NDA_PROTOCOL not in found):
        # The kernel makes noarp entries by itself (loopback, multicast), but without a protocol.
        return None
    options: dict[str, Any] = {"nud": _NEIGHBOR_NAMES[state]}
    if c.NDA_LLADDR in found:
        options["mac"] = found[c.NDA_LLADDR].hex(":")
    options["router"] = bool(flags & c.NTF_ROUTER)
    options["extern_learn"] = bool(flags & c.NTF_EXT_LEARNED)
    owned = found.get(c.NDA_PROTOCOL, b"\0")[0] == c.MARK
    return Entry("neighbor", (netns, view.name(index), ip_text(found[c.NDA_DST])), options, owned=owned)


def fdb(netns: str, body: bytes, view: View, links: Links) -> Entry | None:
    """Decode struct ndmsg of a forwarding database; what was learned is left out.

    ``by_kernel`` are those of the links' own addresses and group memberships (net/core/rtnetlink.c: ndo_dflt_fdb_dump).
    Entries cannot be marked: those that somebody put on a link of ours are ours, unless a control plane marked them
    (NTF_EXT_LEARNED).
    """
    _family, _pad, index, state, flags, _type = _NDMSG.unpack_from(body)
    found = attributes(body, 12)
    nud = _FDB_NAMES[c.NUD_PERMANENT] if state & c.NUD_PERMANENT else "static" if state & c.NUD_NOARP else ""
    if not nud or c.NDA_LLADDR not in found:
        return None
    dev = view.name(index)
    link = links.get(dev)
    mac = found[c.NDA_LLADDR].hex(":")
    # A bridge's own entries are asked for with "self" and told without it (net/bridge/br_fdb.c: fdb_fill_info).
    target = "self" if flags & c.NTF_SELF or (link is not None and link.kind == "bridge") else "master"
    tunnel = link is not None and link.kind == "vxlan" and target == "self"
    by_kernel = not tunnel and (nud == "permanent" or target == "self")
    dst = ip_text(found[c.NDA_DST]) if c.NDA_DST in found else ""
    if link is not None and dst and dst in (link.options.get("remote"), link.options.get("multicast_group")):
        if mac == "00:00:00:00:00:00":
            return None  # the default entry that the link's own remote stands for
    options: dict[str, Any] = {"nud": nud, "extern_learn": bool(flags & c.NTF_EXT_LEARNED)}
    for row in FDB.options:
        if row.attrs:
            value = row.decode(found, view)
            if value is not UNSET and value != NONE:
                options[row.name] = value
    if dst and not is_listed(mac):
        options["dst"] = dst
    vlan = str(struct.unpack("=H", found[c.NDA_VLAN])[0]) if c.NDA_VLAN in found else "0"
    owned = link is not None and link.owned and not options["extern_learn"] and not by_kernel
    key = (netns, dev, mac, vlan, target, dst if is_listed(mac) else "")
    return Entry("fdb", key, options, owned=owned, by_kernel=by_kernel)


def route(netns: str, body: bytes, view: View, links: Links) -> Entry | None:
    """Decode struct rtmsg; what the kernel makes by itself is left out."""
    family, length, _source, _tos, table, protocol, scope, kind, flags = _RTMSG.unpack_from(body)
    if protocol in (c.RTPROT_KERNEL, c.RTPROT_REDIRECT) or flags & c.RTM_F_CLONED:
        return None
    found = attributes(body, 12)
    if c.RTA_TABLE in found:
        table = _number(found[c.RTA_TABLE])
    dst = f"{ip_text(found[c.RTA_DST])}/{length}" if c.RTA_DST in found else "default"
    if dst == "default" and family == c.AF_INET6:
        dst = "::/0"
    metric = _number(found[c.RTA_PRIORITY]) if c.RTA_PRIORITY in found else 0
    options: dict[str, Any] = {
        "type": _TYPE_NAMES.get(kind, str(kind)),
        "scope": _SCOPE_NAMES.get(scope, str(scope)),
        "onlink": bool(flags & c.RTNH_F_ONLINK),
        "encap": _encap(found),
    }
    if c.RTA_OIF in found:
        options["dev"] = view.name(_number(found[c.RTA_OIF]))
    for name, attr in (("via", c.RTA_GATEWAY), ("src", c.RTA_PREFSRC)):
        if attr in found:
            options[name] = ip_text(found[attr])
    metrics = attributes(found.get(c.RTA_METRICS, b""))
    options.update({name: _number(metrics[attr]) for name, attr in c.RTAX.items() if attr in metrics})
    key = (netns, dst, str(_TABLE_NAMES.get(table, table)), str(metric))
    return Entry("route", key, options, owned=protocol == c.MARK)


def _encap(found: Mapping[int, bytes]) -> tuple[tuple[str, Any], ...]:
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


DECODERS: dict[str, Callable[[str, bytes, View, Links], Optional[Entry]]] = {
    "address": address,
    "neighbor": neighbor,
    "fdb": fdb,
    "route": route,
}
