# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read and write struct br_port_msg: the multicast databases of bridges and VXLAN links (net/bridge/br_mdb.c)."""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...state.model import Entry, Key, Operation
from ...tables.objects.mdb import MDB as SORT
from ...tables.objects.mdb import PROTOCOLS, SOURCES, for_all_sources, is_ethernet, said
from ...tables.types.addresses import ip_text, packed_ip
from ...tables.types.simple import NONE, UNSET
from ..netlink import constants as c
from ..netlink.message import PUT, Known, Message, View
from ..netlink.walk import attributes, listed
from .wire import Wire, number

if TYPE_CHECKING:
    from ..observe import Links


_PORT_MSG = struct.Struct("=BxxxI")
#: struct br_mdb_entry: link, state, flags, VLAN, a group of 16 bytes and its protocol.
_ENTRY = struct.Struct("=IBBH16s2s2x")
_IPV4, _IPV6, _ETHERNET = b"\x08\x00", b"\x86\xdd", b"\0\0"
#: The attribute numbers of the kernel's dumps, by those of its requests.
_TOLD = {
    row.attr: row.attr if row.attr == c.MDBA_MDB_EATTR_GROUP_MODE else row.attr + 1
    for row in SORT.options
    if isinstance(row.attr, int) and row.name != SOURCES
}
_ROWS = [row for row in SORT.options if row.attr in _TOLD]
_KEYS = {row.name: row for row in SORT.keys}


def decode_all(netns: str, bodies: Sequence[bytes], view: View, links: Links) -> Iterator[Entry]:
    """Decode entries, learned or not. Entries that age, or that another entry creates, belong to the kernel."""
    found: dict[Key, tuple[int, dict[str, Any]]] = {}
    for body in bodies:
        index = _PORT_MSG.unpack_from(body)[1]
        for info in _entries(body):
            key, flags, options = _decode(netns, view.name(index), info, view)
            found[key] = flags, options
    for key, (flags, options) in found.items():
        if links.sought is not None and (SORT.name, key) not in links.sought:
            continue
        star = found.get((*key[:4], "", *key[5:])) if key[4] else None
        brought = star is not None and key[4] in star[1].get(SOURCES, ())
        link = links.get(key[1])
        # The kernel changes no entries of a bridge that is down, so such an entry could not be restored.
        at_rest = link is not None and link.kind == "bridge" and not link.options.get("up")
        by_kernel = brought or at_rest or bool(flags) or not options["permanent"]
        owned = link is not None and link.owned and not by_kernel and options.get("proto", "static") == "static"
        yield Entry(SORT.name, key, options, owned=owned, by_kernel=by_kernel)


def _entries(body: bytes) -> Iterator[bytes]:
    """Yield the entries of one link, each as struct br_mdb_entry with its attributes."""
    for kind, table in listed(body, _PORT_MSG.size):
        for _number, group in listed(table) if kind == c.MDBA_MDB else ():
            for _one, info in listed(group):
                yield info


def _decode(netns: str, dev: str, info: bytes, view: View) -> tuple[Key, int, dict[str, Any]]:
    """Return an entry's key, the flags that show its origin, and its options."""
    index, state, flags, vid, packed, protocol = _ENTRY.unpack_from(info)
    found = attributes(info, _ENTRY.size)
    group = packed[:6].hex(":") if protocol == _ETHERNET else ip_text(packed[: 4 if protocol == _IPV4 else 16])
    source, dst = (
        ip_text(found[attr]) if attr in found else "" for attr in (c.MDBA_MDB_EATTR_SOURCE, c.MDBA_MDB_EATTR_DST)
    )
    src_vni = number(found[c.MDBA_MDB_EATTR_SRC_VNI]) if c.MDBA_MDB_EATTR_SRC_VNI in found else 0
    key: Key = (netns, dev, view.name(index), group, source, str(vid), str(src_vni), dst)
    options: dict[str, Any] = {"permanent": bool(state & c.MDB_PERMANENT)}
    settable = {attr: found[told] for attr, told in _TOLD.items() if told in found}
    for row in _ROWS:
        value = row.decode(settable, view)
        if value is not UNSET and value != NONE:
            options[row.name] = value
    if not for_all_sources(key):
        options.pop("filter_mode", None)
    else:
        options[SOURCES] = _sources(found)
    # RTPROT_KERNEL cannot be requested.
    if isinstance(options.get("proto"), int) and options["proto"] < PROTOCOLS["static"]:
        del options["proto"]
    return key, flags & (c.MDB_FLAGS_STAR_EXCL | c.MDB_FLAGS_BLOCKED), options


def _sources(found: Mapping[int, bytes]) -> tuple[str, ...]:
    each = (attributes(one) for _number, one in listed(found.get(c.MDBA_MDB_EATTR_SRC_LIST, b"")))
    return tuple(sorted(ip_text(one[c.MDBA_MDB_SRCATTR_ADDRESS]) for one in each))


def _packed(group: str) -> tuple[bytes, bytes]:
    """Return a group's bytes and its protocol."""
    if is_ethernet(group):
        return bytes.fromhex(group.replace(":", "")), _ETHERNET
    return packed_ip(group), _IPV6 if ":" in group else _IPV4


def write(known: Known, operation: Operation) -> Message:
    """Return the request that adds, replaces or removes an entry."""
    entry = operation.entry
    _netns, dev, port, grp, src, vid, src_vni, dst = entry.key
    view = known.view(entry.netns)
    options = said(entry.options)
    body = _ENTRY.pack(view.index(port), int(options["permanent"]), 0, int(vid), *_packed(grp))
    nest: list[Any] = []
    for name, value in (("src", src), ("dst", dst)):
        if value:
            nest.append((_KEYS[name].attr, "raw", packed_ip(value)))
    if src_vni != "0":
        nest.append((_KEYS["src_vni"].attr, "u32", int(src_vni)))
    for row in SORT.options if operation.verb != "del" else ():
        if row.attrs and row.name in options:
            nest += row.encode(options[row.name], view)
    tree: list[Any] = [(c.MDBA_SET_ENTRY, "raw", body)]
    if nest:
        tree.append((c.MDBA_SET_ENTRY_ATTRS, "nested", nest))
    header = {"family": c.AF_BRIDGE, "ifindex": view.index(dev)}
    if operation.verb == "del":
        return Message(entry.netns, SORT.name, c.RTM_DELMDB, 0, header, tree)
    # What was learned for the group gives way, where the kernel is new enough to replace it.
    return Message(entry.netns, SORT.name, c.RTM_NEWMDB, PUT, header, tree)


MDB = Wire(
    write=write,
    dumps=((c.RTM_GETMDB, _PORT_MSG.pack(c.AF_BRIDGE, 0)),),
    decode_all=decode_all,
    gone=(errno.EINVAL,),
    may_lack=True,
)
