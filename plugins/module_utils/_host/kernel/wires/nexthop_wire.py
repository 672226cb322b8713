# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read and write struct nhmsg: nexthop objects and their groups (net/ipv4/nexthop.c)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from ...state.model import Entry, Operation
from ...tables.objects.nexthop import FAMILIES, GROUP_TYPES
from ...tables.types.addresses import ip_text, packed_ip
from ...tables.types.simple import NONE
from ..netlink import constants as c
from ..netlink.message import Known, Message, View, flags_for, mark_of
from ..netlink.walk import attributes
from .encap_wire import read_encap, write_encap
from .wire import Wire, number

if TYPE_CHECKING:
    from ..observe import Links


_NHMSG = struct.Struct("=BBBxI")
_MEMBER = struct.Struct("=IBBH")  # struct nexthop_grp; the byte after the weight is its high half since 6.12
_FAMILY_NAMES = {number: name for name, number in FAMILIES.items()}
_TYPE_NAMES = {number: name for name, number in GROUP_TYPES.items()}
#: NHA_RES_GROUP_*: the wire types of its attributes.
_RESILIENT = {
    "buckets": (c.NHA_RES_GROUP_BUCKETS, "u16"),
    "idle_timer": (c.NHA_RES_GROUP_IDLE_TIMER, "u32"),
    "unbalanced_timer": (c.NHA_RES_GROUP_UNBALANCED_TIMER, "u32"),
}


def decode(netns: str, body: bytes, view: View, _links: Links) -> Entry | None:
    """Decode a nexthop or a group."""
    family, _scope, protocol, flags = _NHMSG.unpack_from(body)
    found = attributes(body, 8)
    options: dict[str, Any] = {"fdb": c.NHA_FDB in found, "group": (), "blackhole": c.NHA_BLACKHOLE in found}
    if c.NHA_GROUP in found:
        members = (_MEMBER.unpack_from(found[c.NHA_GROUP], at) for at in range(0, len(found[c.NHA_GROUP]), 8))
        options["group"] = tuple((one, (high << 8 | weight) + 1) for one, weight, high, _pad in members)
        kind = struct.unpack("=H", found[c.NHA_GROUP_TYPE])[0] if c.NHA_GROUP_TYPE in found else 0
        options["type"] = _TYPE_NAMES.get(kind, str(kind))
        resilient = attributes(found.get(c.NHA_RES_GROUP, b""))
        for name, (attr, wire) in _RESILIENT.items():
            if attr in resilient:
                options[name] = struct.unpack("=H" if wire == "u16" else "=I", resilient[attr])[0]
    else:
        options["family"] = _FAMILY_NAMES.get(family, str(family))
        options["onlink"] = bool(flags & c.RTNH_F_ONLINK)
        options["encap"] = read_encap(found, c.NHA_ENCAP_TYPE, c.NHA_ENCAP)
        if c.NHA_GATEWAY in found:
            options["via"] = ip_text(found[c.NHA_GATEWAY])
        if c.NHA_OIF in found:
            options["dev"] = view.name(number(found[c.NHA_OIF]))
    key = (netns, str(number(found[c.NHA_ID])))
    return Entry("nexthop", key, options, owned=protocol == c.MARK, maker=protocol)


def write(known: Known, operation: Operation) -> Message:
    """Return the request that adds, replaces or removes a nexthop."""
    entry, options = operation.entry, operation.entry.options
    tree: list[Any] = [(c.NHA_ID, "u32", int(entry.key[1]))]
    header = {"family": 0, "scope": 0, "protocol": 0, "flags": 0}
    if operation.verb == "del":
        return Message(entry.netns, "nexthop", c.RTM_DELNEXTHOP, 0, header, tree)
    header["protocol"] = mark_of(entry)
    if options.get("group"):
        members = b"".join(
            _MEMBER.pack(number, weight - 1 & 0xFF, weight - 1 >> 8, 0) for number, weight in options["group"]
        )
        tree += [(c.NHA_GROUP, "raw", members), *_group_type(options)]
    else:
        header["family"] = FAMILIES[options.get("family", "ipv4")]
        header["flags"] = c.RTNH_F_ONLINK if options.get("onlink") else 0
        tree += write_encap(options.get("encap") or (), c.NHA_ENCAP_TYPE, c.NHA_ENCAP)
        if options.get("blackhole"):
            tree.append((c.NHA_BLACKHOLE, "flag", b""))
        if "via" in options:
            tree.append((c.NHA_GATEWAY, "raw", packed_ip(options["via"])))
        if options.get("dev", NONE) != NONE:
            tree.append((c.NHA_OIF, "u32", known.view(entry.netns).index(options["dev"])))
    if options.get("fdb"):
        tree.append((c.NHA_FDB, "flag", b""))
    return Message(entry.netns, "nexthop", c.RTM_NEWNEXTHOP, flags_for(operation.verb), header, tree)


def _group_type(options: Any) -> list[Any]:
    kind = options.get("type", "mpath")
    if kind == "mpath":
        return []
    nest = [(attr, wire, options[name]) for name, (attr, wire) in _RESILIENT.items() if name in options]
    more = [(c.NHA_RES_GROUP, "nested", nest)] if nest else []
    return [(c.NHA_GROUP_TYPE, "u16", GROUP_TYPES[kind]), *more]


# net/ipv4/nexthop.c: rtm_to_nh_config()
NEXTHOP = Wire(
    write=write, dumps=((c.RTM_GETNEXTHOP, _NHMSG.pack(0, 0, 0, 0)),), decode=decode, may_lack=True, awaits_carrier=True
)
