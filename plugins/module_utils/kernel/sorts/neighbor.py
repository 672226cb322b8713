# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read and write struct ndmsg of the ARP and neighbor discovery tables."""

from __future__ import annotations

import struct
from typing import Any

from ...kinds.addresses import ip_text, packed_ip
from ...model import Entry, Operation
from ...objects.neighbor import STATES
from .. import constants as c
from ..message import PUT, Known, Message, family_of, mark_of
from ..view import View
from ..walk import attributes
from .wire import Links, Wire

_NDMSG = struct.Struct("=BxHiHBB")
_NAMES = {number: name for name, number in STATES.items()}


def decode(netns: str, body: bytes, view: View, _links: Links) -> Entry | None:
    """Decode a neighbor entry; only what was put there is told."""
    family, _pad, index, state, flags, _type = _NDMSG.unpack_from(body)
    if family not in (c.AF_INET, c.AF_INET6) or state not in _NAMES:
        return None
    found = attributes(body, 12)
    if c.NDA_DST not in found or (state == c.NUD_NOARP and c.NDA_PROTOCOL not in found):
        # The kernel makes noarp entries by itself (loopback, multicast), but without a protocol.
        return None
    options: dict[str, Any] = {"nud": _NAMES[state]}
    if c.NDA_LLADDR in found:
        options["mac"] = found[c.NDA_LLADDR].hex(":")
    options["router"] = bool(flags & c.NTF_ROUTER)
    options["extern_learn"] = bool(flags & c.NTF_EXT_LEARNED)
    protocol = found.get(c.NDA_PROTOCOL, b"\0")[0]
    key = (netns, view.name(index), ip_text(found[c.NDA_DST]))
    return Entry("neighbor", key, options, owned=protocol == c.MARK, maker=protocol)


def write(known: Known, operation: Operation) -> Message:
    """Return the request that adds, replaces or removes a neighbor entry."""
    entry = operation.entry
    dst = entry.key[2]
    flags = (c.NTF_ROUTER if entry.options.get("router") else 0) | (
        c.NTF_EXT_LEARNED if entry.options.get("extern_learn") else 0
    )
    header = {
        "family": family_of(dst),
        "ifindex": known.view(entry.netns).index(entry.name),
        "state": STATES[entry.options.get("nud", "permanent")],
        "flags": flags,
    }
    tree: list[Any] = [(c.NDA_DST, "raw", packed_ip(dst))]
    if operation.verb == "del":
        return Message(entry.netns, "neighbor", c.RTM_DELNEIGH, 0, header, tree)
    tree.append((c.NDA_PROTOCOL, "u8", mark_of(entry)))
    if "mac" in entry.options:
        tree.append((c.NDA_LLADDR, "raw", bytes.fromhex(entry.options["mac"].replace(":", ""))))
    # What was learned for this address may be there: the wish replaces it, when it is new too.
    return Message(entry.netns, "neighbor", c.RTM_NEWNEIGH, PUT, header, tree)


NEIGHBOR = Wire(write, ((c.RTM_GETNEIGH, _NDMSG.pack(0, 0, 0, 0, 0, 0)),), decode)
