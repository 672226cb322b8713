# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read and write struct tunnel_msg: VNIs that a VXLAN link filters by (drivers/net/vxlan/vxlan_vnifilter.c)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...state.model import Entry, Operation
from ...tables.types.addresses import ip_text, packed_ip
from ...tables.types.ranges import VniRange, joined, vni_change
from ...tables.types.simple import NONE
from ..netlink import constants as c
from ..netlink.message import Known, Message, View
from ..netlink.walk import attributes, listed
from .wire import LinkTable, number

_TUNNEL_MSG = struct.Struct("=BBHI")


def fill(bodies: Iterable[bytes], view: View, entries: Sequence[Entry]) -> Iterator[Entry]:
    """Yield the links that have a table of VNIs again, with it."""
    tables: dict[str, list[VniRange]] = {}
    for body in bodies:
        found = tables.setdefault(view.name(_TUNNEL_MSG.unpack_from(body)[3]), [])
        found += [_read(attributes(payload)) for attr, payload in listed(body, 8) if attr == c.VXLAN_VNIFILTER_ENTRY]
    for entry in entries:
        if entry.type == "link" and entry.options.get("vnifilter"):
            yield entry.having({**entry.options, "vnis": joined(tables.get(entry.name, ()))})


def _read(found: Mapping[int, bytes]) -> VniRange:
    first = number(found[c.VXLAN_VNIFILTER_ENTRY_START])
    last = number(found[c.VXLAN_VNIFILTER_ENTRY_END]) if c.VXLAN_VNIFILTER_ENTRY_END in found else first
    remote = found.get(c.VXLAN_VNIFILTER_ENTRY_GROUP) or found.get(c.VXLAN_VNIFILTER_ENTRY_GROUP6)
    return VniRange(first, last, ip_text(remote) if remote else NONE)


def removals(known: Known, operation: Operation) -> list[Message]:
    """Return the request that removes VNIs, if there are any to remove."""
    return _message(known, operation.entry, c.RTM_DELTUNNEL, _change(operation)[0])


def additions(known: Known, operation: Operation) -> list[Message]:
    """Return the request that adds VNIs."""
    return _message(known, operation.entry, c.RTM_NEWTUNNEL, _change(operation)[1])


def _change(operation: Operation) -> Any:
    # A new link has none.
    before = operation.before.options.get("vnis", ()) if operation.before is not None else ()
    return vni_change(before, operation.entry.options["vnis"])


def _message(known: Known, entry: Entry, kind: int, items: Sequence[VniRange]) -> list[Message]:
    tree: list[Any] = []
    for item in items:
        rows: list[Any] = [(c.VXLAN_VNIFILTER_ENTRY_START, "u32", item.first)]
        if item.last != item.first:
            rows.append((c.VXLAN_VNIFILTER_ENTRY_END, "u32", item.last))
        if item.remote != NONE and kind == c.RTM_NEWTUNNEL:
            attr = c.VXLAN_VNIFILTER_ENTRY_GROUP6 if ":" in item.remote else c.VXLAN_VNIFILTER_ENTRY_GROUP
            rows.append((attr, "raw", packed_ip(item.remote)))
        tree.append((c.VXLAN_VNIFILTER_ENTRY, "nested", rows))
    header = {"family": c.AF_BRIDGE, "ifindex": known.view(entry.netns).index(entry.name)}
    return [Message(entry.netns, "tunnel", kind, 0, header, tree)] if tree else []


VNIS = LinkTable(
    removals=removals, additions=additions, dump=(c.RTM_GETTUNNEL, _TUNNEL_MSG.pack(c.AF_BRIDGE, 0, 0, 0)), fill=fill
)
