# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read and write struct ndmsg of the forwarding databases of bridges and VXLAN links."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from ...state.entries import rows_given
from ...state.model import Entry, Operation
from ...tables.objects.fdb import FDB as SORT
from ...tables.objects.fdb import FLAGS, STATES, is_listed, remote_of, remote_text
from ...tables.table import Option
from ...tables.types.addresses import ip_text, packed_ip
from ...tables.types.packed import merged
from ...tables.types.simple import NONE, UNSET, Names
from ..netlink import constants as c
from ..netlink.message import Known, Message, View
from ..netlink.walk import attributes
from .wire import Wire, number

if TYPE_CHECKING:
    from ..observe import Links


_NDMSG = struct.Struct("=BxHiHBB")
_MAC_FIRST = struct.pack("=HH", 4 + 6, c.NDA_LLADDR)
_TOLD: dict[int, list[Option]] = {}
for _row in SORT.options:
    for _attr in _row.attrs:
        _TOLD.setdefault(_attr, []).append(_row)
#: Flags that are false when the kernel does not report them.
_SILENT = {row.name: False for rows in _TOLD.values() for row in rows if row.type.absent() is False}
#: The attributes of a remote besides its address.
_BESIDE_DST = (c.NDA_PORT, c.NDA_VNI, c.NDA_IFINDEX)


@cache
def _bits(flags: int) -> Mapping[str, bool]:
    return {**_SILENT, **{name: bool(flags & bit) for name, bit in FLAGS.items()}}


def decode(netns: str, body: bytes, view: View, links: Links) -> Entry | None:
    """Decode an FDB entry. Learned entries are left out."""
    state, flags = _NDMSG.unpack_from(body)[3:5]
    # A bridge reports no state for entries of a control plane, although they do not age.
    if not state & (c.NUD_PERMANENT | c.NUD_NOARP) and not flags & c.NTF_EXT_LEARNED:
        return None
    return decode_passing(netns, body, view, links)


def decode_passing(netns: str, body: bytes, view: View, links: Links) -> Entry | None:
    """Decode an FDB entry, learned or not.

    Entries cannot be marked: those that somebody put on a link of ours are ours, unless a control plane marked them
    (NTF_EXT_LEARNED).
    """
    # In every kernel so far the MAC comes first. Most entries of a host are not desired, and are skipped by the MAC.
    if links.sought is not None and body[12:16] == _MAC_FIRST and body[16:22] not in links.sought_macs:
        return None
    _family, _pad, index, state, flags, _type = _NDMSG.unpack_from(body)
    found = attributes(body, 12)
    if c.NDA_LLADDR not in found:
        return None
    dev = view.name(index)
    link = links.get(dev)
    mac = found[c.NDA_LLADDR].hex(":")
    # A bridge's own entries are asked for with "self" and told without it (net/bridge/br_fdb.c: fdb_fill_info).
    target = "self" if flags & c.NTF_SELF or (link is not None and link.kind == "bridge") else "master"
    dst = ip_text(found[c.NDA_DST]) if c.NDA_DST in found else ""
    vlan = struct.unpack("=H", found[c.NDA_VLAN])[0] if c.NDA_VLAN in found else 0
    vni = number(found[c.NDA_SRC_VNI]) if c.NDA_SRC_VNI in found else 0
    listed = dst and is_listed(mac)
    names = links.names_beneath(link, view) if c.NDA_IFINDEX in found else view
    key = (netns, dev, mac, str(vlan), target, str(vni), _remote(dst, found, names) if listed else "")
    if links.sought is not None and ("fdb", key) not in links.sought:
        # What is asked for of one remote holds for all of its MAC.
        if not listed or ("fdb", key[:-1]) not in links.sought_as_one:
            return None
    options: dict[str, Any] = {"nud": _nud(state, flags, target), **_bits(flags)}
    for attr in found:
        for row in _TOLD.get(attr, ()) if not listed or attr not in _BESIDE_DST else ():
            value = row.decode(found, names)
            if value is not UNSET and value != NONE:
                options[row.name] = value
    if dst and not listed:
        options["dst"] = dst
    if options["nud"] == "dynamic":
        return Entry("fdb", key, options, by_kernel=True)
    tunnel = link is not None and link.kind == "vxlan" and target == "self"
    by_default = link is not None and dst and mac == "00:00:00:00:00:00" and _is_default(link, dst, found, names)
    by_kernel = bool(by_default) or (not tunnel and _by_kernel(mac, options["nud"], link, target, links))
    # An address filter's entry may be that of a link in another namespace: it is put back, and never purged.
    filters = flags & c.NTF_SELF and not tunnel
    owned = link is not None and link.owned and not options["extern_learn"] and not by_kernel and not filters
    return Entry("fdb", key, options, owned=owned, by_kernel=by_kernel)


def _nud(state: int, flags: int, target: str) -> str:
    if state & c.NUD_PERMANENT:
        return "permanent"
    learned = flags & c.NTF_EXT_LEARNED and target == "master"
    return "static" if state & c.NUD_NOARP or learned else "dynamic"


def _by_kernel(mac: str, nud: str, link: Entry | None, target: str, links: Links) -> bool:
    """Tell whether an entry of another link than VXLAN looks like one that the kernel creates by itself.

    Those are the bridge's and the port's own address in a bridge (net/bridge/br_fdb.c: br_fdb_changeaddr() and its
    like), and in a link's address filter the groups that it is in, and addresses of links above it
    (net/core/rtnetlink.c: ndo_dflt_fdb_dump()). A port has its bridge's entries in its filter (br_fdb_sync_static()).
    """
    if link is None or is_listed(mac):
        return True
    master = links.get(link.options.get("master", NONE))
    if target == "master" or link.kind == "bridge":
        own = {entry.options.get("mac") for entry in (link, master) if entry is not None}
        return nud == "permanent" and mac in own
    return master is not None or link.name in links.beneath


def _remote(dst: str, found: Mapping[int, bytes], names: Names) -> str:
    """Return the part of the key that distinguishes the remotes of one MAC."""
    if not any(attr in found for attr in _BESIDE_DST):
        return dst
    rows = (row for attr in _BESIDE_DST if attr in found for row in _TOLD[attr])
    return remote_text({"dst": dst, **{row.name: row.decode(found, names) for row in rows}})


def _is_default(link: Entry, dst: str, found: Mapping[int, bytes], names: Names) -> bool:
    """Tell whether an entry is the default one that the link's own remote, or that of one of its VNIs, stands for.

    It has the link's port, its VNI or the one that it is for, and leads to the link beneath (vxlan_config_apply(),
    vxlan_vni_update_group()).
    """
    vni = number(found[c.NDA_SRC_VNI]) if c.NDA_SRC_VNI in found else 0
    beneath = names.name(number(found[c.NDA_IFINDEX])) if c.NDA_IFINDEX in found else NONE
    if c.NDA_PORT in found or beneath != link.options.get("dev", NONE):
        return False
    if c.NDA_VNI in found and number(found[c.NDA_VNI]) != vni:
        return False
    if dst in (link.options.get("remote"), link.options.get("multicast_group")):
        return True
    return any(item.first <= vni <= item.last and item.remote == dst for item in link.options.get("vnis", ()))


def write(known: Known, operation: Operation) -> Message:
    """Return the request that adds, appends, replaces or removes an FDB entry."""
    entry = operation.entry
    _netns, dev, mac, vlan, target, src_vni, listed = entry.key
    view = known.view(entry.netns)
    given = entry.having({**entry.options, **remote_of(listed)}) if listed else entry
    options = given.options
    dst = options.get("dst", "")
    tree: list[Any] = [(c.NDA_LLADDR, "raw", bytes.fromhex(mac.replace(":", "")))]
    if dst:
        tree.append((c.NDA_DST, "raw", packed_ip(dst)))
    if vlan != "0":
        tree.append((c.NDA_VLAN, "u16", int(vlan)))
    if src_vni != "0":
        tree.append((c.NDA_SRC_VNI, "u32", int(src_vni)))
    for row in rows_given(given):
        if row.attrs:
            tree += row.encode(options[row.name], view)
    bits = sum(bit for name, bit in FLAGS.items() if entry.options.get(name))
    header = {
        "family": c.AF_BRIDGE,
        "ifindex": view.index(dev),
        "state": STATES[entry.options.get("nud", "permanent")],
        "flags": (c.NTF_SELF if target == "self" else c.NTF_MASTER) | bits,
    }
    if operation.verb == "del":
        return Message(entry.netns, "neighbor", c.RTM_DELNEIGH, 0, header, tree)
    tree = _one_nest(tree)
    # A MAC with several destinations gets one more; any other has one, and what was learned gives way. Only VXLAN links
    # have destinations; macvlan_fdb_add() refuses to replace.
    more = c.NLM_F_APPEND if is_listed(mac) else c.NLM_F_REPLACE if dst or "nhid" in entry.options else 0
    flags = c.NLM_F_CREATE | more
    return Message(entry.netns, "neighbor", c.RTM_NEWNEIGH, flags, header, tree)


def _one_nest(tree: list[Any]) -> list[Any]:
    """Merge the nests of options that share the nest of extended attributes."""
    nests = [attr for attr in tree if attr[0] == c.NDA_FDB_EXT_ATTRS]
    if len(nests) < 2:
        return tree
    inner = merged([attr for nest in nests for attr in nest[2]])
    return [*(attr for attr in tree if attr[0] != c.NDA_FDB_EXT_ATTRS), (c.NDA_FDB_EXT_ATTRS, "nested", inner)]


FDB = Wire(
    write=write,
    dumps=((c.RTM_GETNEIGH, _NDMSG.pack(c.AF_BRIDGE, 0, 0, 0, 0, 0)),),
    decode=decode,
    decode_passing=decode_passing,
    needs=("vnis", "vnifilter"),
)
