# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read and write struct ndmsg of the ARP and neighbor discovery tables."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from ...state.model import Entry, Operation
from ...tables.objects.neighbor import LASTING, PROXY, STATES, is_proxy
from ...tables.types.addresses import ip_text, packed_ip
from ..netlink import constants as c
from ..netlink.message import PUT, Known, Message, View, family_of, mark_of
from ..netlink.walk import attributes
from .wire import Wire, number

if TYPE_CHECKING:
    from ..observe import Links


_NDMSG = struct.Struct("=BxHiHBB")
_NAMES = {number: name for name, number in STATES.items()}
_LASTING = tuple(STATES[name] for name in LASTING)
_FLAGS_EXT = {"managed": c.NTF_EXT_MANAGED, "extern_valid": c.NTF_EXT_EXT_VALIDATED}
_FLAGS = {"router": c.NTF_ROUTER, "extern_learn": c.NTF_EXT_LEARNED}


def decode(netns: str, body: bytes, view: View, links: Links) -> Entry | None:
    """Decode a neighbor entry. Learned entries are left out."""
    entry = decode_passing(netns, body, view, links)
    return None if entry is None or entry.by_kernel else entry


def decode_passing(netns: str, body: bytes, view: View, _links: Links) -> Entry | None:
    """Decode a neighbor entry, learned or not."""
    family, _pad, index, state, flags, _type = _NDMSG.unpack_from(body)
    proxy, found = flags & c.NTF_PROXY, attributes(body, 12)
    more = number(found[c.NDA_FLAGS_EXT]) if c.NDA_FLAGS_EXT in found else 0
    managed = bool(more & c.NTF_EXT_MANAGED)
    known = proxy or managed or state in _NAMES
    if family not in (c.AF_INET, c.AF_INET6) or not known or c.NDA_DST not in found:
        return None
    protocol = found.get(c.NDA_PROTOCOL, b"\0")[0]
    owned = protocol == c.MARK
    options: dict[str, Any] = {name: bool(flags & bit) for name, bit in _FLAGS.items()}
    # The kernel creates noarp entries by itself (loopback, multicast), but without a protocol.
    by_kernel = False
    if not proxy:
        options.update({name: bool(more & bit) for name, bit in _FLAGS_EXT.items()})
        by_kernel = state not in _LASTING or (state == c.NUD_NOARP and c.NDA_PROTOCOL not in found)
    if not proxy and not managed:
        options["nud"] = _NAMES[state]
        if c.NDA_LLADDR in found:
            options["mac"] = found[c.NDA_LLADDR].hex(":")
    key = (netns, view.name(index), ip_text(found[c.NDA_DST]), PROXY if proxy else "")
    by_kernel = by_kernel and not options.get("managed") and not options.get("extern_valid") and not owned
    return Entry("neighbor", key, options, owned=owned, by_kernel=by_kernel, maker=protocol)


def write(known: Known, operation: Operation) -> Message:
    """Return the request that adds, replaces or removes a neighbor entry."""
    entry = operation.entry
    dst = entry.key[2]
    managed = bool(entry.options.get("managed"))
    # A proxy that is not permanent is removed when the link loses its carrier (net/core/neighbour.c: pneigh_ifdown()).
    state = 0 if managed else STATES[entry.options.get("nud", "permanent")]
    header = {
        "family": family_of(dst),
        "ifindex": known.view(entry.netns).index(entry.name),
        "state": state,
        "flags": sum(bit for name, bit in _FLAGS.items() if entry.options.get(name))
        | (c.NTF_PROXY if is_proxy(entry.key) else 0),
    }
    tree: list[Any] = [(c.NDA_DST, "raw", packed_ip(dst))]
    if operation.verb == "del":
        return Message(entry.netns, "neighbor", c.RTM_DELNEIGH, 0, header, tree)
    tree.append((c.NDA_PROTOCOL, "u8", mark_of(entry)))
    more = sum(bit for name, bit in _FLAGS_EXT.items() if entry.options.get(name))
    if more:
        tree.append((c.NDA_FLAGS_EXT, "u32", more))
    if "mac" in entry.options:
        tree.append((c.NDA_LLADDR, "raw", bytes.fromhex(entry.options["mac"].replace(":", ""))))
    # A learned entry of this address may exist. A new entry replaces it, too.
    return Message(entry.netns, "neighbor", c.RTM_NEWNEIGH, PUT, header, tree)


#: Proxies are dumped only where the header asks for them, and then alone.
_DUMPS = tuple((c.RTM_GETNEIGH, _NDMSG.pack(0, 0, 0, 0, flags, 0)) for flags in (0, c.NTF_PROXY))
NEIGHBOR = Wire(write=write, dumps=_DUMPS, decode=decode, decode_passing=decode_passing)
