# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read and write struct ndmsg of the forwarding databases of bridges and VXLAN links."""

from __future__ import annotations

import struct
from typing import Any

from ...kinds.addresses import ip_text, packed_ip
from ...kinds.types import NONE, UNSET
from ...model import Entry, Operation
from ...objects.fdb import FDB as SORT
from ...objects.fdb import STATES, is_listed
from .. import constants as c
from ..message import Known, Message
from ..view import View
from ..walk import attributes
from .wire import Links, Wire, number

_NDMSG = struct.Struct("=BxHiHBB")
_TOLD = tuple(row for row in SORT.options if row.attrs)
_NAMES = {number: name for name, number in STATES.items()}


def decode(netns: str, body: bytes, view: View, links: Links) -> Entry | None:
    """Decode an FDB entry; what was learned is left out.

    ``by_kernel`` are those of the links' own addresses and group memberships (net/core/rtnetlink.c: ndo_dflt_fdb_dump).
    Entries cannot be marked: those that somebody put on a link of ours are ours, unless a control plane marked them
    (NTF_EXT_LEARNED).
    """
    _family, _pad, index, state, flags, _type = _NDMSG.unpack_from(body)
    found = attributes(body, 12)
    nud = _NAMES[c.NUD_PERMANENT] if state & c.NUD_PERMANENT else "static" if state & c.NUD_NOARP else ""
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
    if link is not None and dst and mac == "00:00:00:00:00:00" and _is_default(link, dst, found):
        return None
    options: dict[str, Any] = {"nud": nud, "extern_learn": bool(flags & c.NTF_EXT_LEARNED)}
    for row in _TOLD:
        if row.attrs[0] in found:
            value = row.decode(found, view)
            if value is not UNSET and value != NONE:
                options[row.name] = value
    if dst and not is_listed(mac):
        options["dst"] = dst
    vlan = str(struct.unpack("=H", found[c.NDA_VLAN])[0]) if c.NDA_VLAN in found else "0"
    owned = link is not None and link.owned and not options["extern_learn"] and not by_kernel
    key = (netns, dev, mac, vlan, target, dst if is_listed(mac) else "")
    return Entry("fdb", key, options, owned=owned, by_kernel=by_kernel)


def _is_default(link: Entry, dst: str, found: dict[int, bytes]) -> bool:
    """Tell whether an entry is the default one that the link's own remote, or that of one of its VNIs, stands for."""
    if dst in (link.options.get("remote"), link.options.get("multicast_group")):
        return True
    vni = number(found[c.NDA_SRC_VNI]) if c.NDA_SRC_VNI in found else 0
    return any(item.first <= vni <= item.last and item.remote == dst for item in link.options.get("vnis", ()))


def write(known: Known, operation: Operation) -> Message:
    """Return the request that adds, appends, replaces or removes an FDB entry."""
    entry = operation.entry
    _netns, dev, mac, vlan, target, listed = entry.key
    view = known.view(entry.netns)
    dst = listed or entry.options.get("dst", "")
    tree: list[Any] = [(c.NDA_LLADDR, "raw", bytes.fromhex(mac.replace(":", "")))]
    if dst:
        tree.append((c.NDA_DST, "raw", packed_ip(dst)))
    if vlan != "0":
        tree.append((c.NDA_VLAN, "u16", int(vlan)))
    for row in SORT.options:
        if row.attrs and row.name in entry.options:
            tree += row.encode(entry.options[row.name], view)
    extern = c.NTF_EXT_LEARNED if entry.options.get("extern_learn") else 0
    header = {
        "family": c.AF_BRIDGE,
        "ifindex": view.index(dev),
        "state": STATES[entry.options.get("nud", "permanent")],
        "flags": (c.NTF_SELF if target == "self" else c.NTF_MASTER) | extern,
    }
    if operation.verb == "del":
        return Message(entry.netns, "neighbor", c.RTM_DELNEIGH, 0, header, tree)
    # A MAC with several destinations gets one more; any other has one, and what was learned gives way.
    flags = c.NLM_F_CREATE | (c.NLM_F_APPEND if listed else c.NLM_F_REPLACE)
    return Message(entry.netns, "neighbor", c.RTM_NEWNEIGH, flags, header, tree)


FDB = Wire(write, ((c.RTM_GETNEIGH, _NDMSG.pack(c.AF_BRIDGE, 0, 0, 0, 0, 0)),), decode)
