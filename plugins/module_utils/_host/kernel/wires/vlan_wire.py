# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read and write the VLANs of bridges and their ports (net/bridge/br_netlink.c, br_netlink_tunnel.c)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ...state.model import Entry, Operation
from ...tables.types.ranges import VlanRange, joined, pieces, vlan_change
from ...tables.types.simple import NONE
from ..netlink import constants as c
from ..netlink.message import Known, Message
from ..netlink.view import View
from ..netlink.walk import attributes, listed
from .wire import Table, number

_IFINFO = struct.Struct("=BxHiII")
_VLAN_INFO = struct.Struct("=HH")

#: Ranges come as two attributes, not as one for each VLAN.
_DUMP = _IFINFO.pack(c.AF_BRIDGE, 0, 0, 0, 0) + struct.pack(
    "=HHI", 8, c.IFLA_EXT_MASK, c.RTEXT_FILTER_BRVLAN_COMPRESSED
)


def fill(bodies: Iterable[bytes], view: View, entries: Sequence[Entry]) -> Iterator[Entry]:
    """Yield bridges and ports again, with their VLANs.

    Where a bridge has none the dump says nothing of it, as where the kernel knows no VLANs of bridges: there the
    bridge has no ``vlan_default_pvid`` either (CONFIG_BRIDGE_VLAN_FILTERING).
    """
    tables: dict[str, tuple[VlanRange, ...]] = {}
    for body in bodies:
        index = _IFINFO.unpack_from(body)[2]
        tables[view.name(index)] = _read(attributes(body, 16).get(c.IFLA_AF_SPEC, b""))
    for entry, _bridge in with_vlans(entries):
        yield entry.having({**entry.options, "vlans": tables.get(entry.name, ())})


def with_vlans(entries: Sequence[Entry]) -> Iterator[tuple[Entry, Entry]]:
    """Yield the bridges and ports that have VLANs, each with the bridge."""
    links = {entry.name: entry for entry in entries if entry.sort == "link"}
    for entry in entries:
        if entry.sort not in ("link", "port") or (entry.sort == "link" and entry.kind != "bridge"):
            continue
        bridge = entry if entry.sort == "link" else links.get(links[entry.name].options.get("master", NONE))
        if bridge is not None and "vlan_default_pvid" in bridge.options:
            yield entry, bridge


def _read(nest: bytes) -> tuple[VlanRange, ...]:
    vlans: list[VlanRange] = []
    tunnels: list[VlanRange] = []
    begin = begin_id = 0
    for attr, payload in listed(nest):
        if attr == c.IFLA_BRIDGE_VLAN_INFO:
            flags, vid = _VLAN_INFO.unpack_from(payload)
            if flags & c.BRIDGE_VLAN_INFO_RANGE_BEGIN:
                begin = vid
                continue
            first = begin if flags & c.BRIDGE_VLAN_INFO_RANGE_END else vid
            untagged = bool(flags & c.BRIDGE_VLAN_INFO_UNTAGGED)
            vlans.append(VlanRange(first, vid, bool(flags & c.BRIDGE_VLAN_INFO_PVID), untagged))
        elif attr == c.IFLA_BRIDGE_VLAN_TUNNEL_INFO:
            found = attributes(payload)
            vid = struct.unpack("=H", found[c.IFLA_BRIDGE_VLAN_TUNNEL_VID])[0]
            flags = struct.unpack("=H", found.get(c.IFLA_BRIDGE_VLAN_TUNNEL_FLAGS, b"\0\0"))[0]
            tunnel = number(found[c.IFLA_BRIDGE_VLAN_TUNNEL_ID])
            if flags & c.BRIDGE_VLAN_INFO_RANGE_BEGIN:
                begin, begin_id = vid, tunnel
                continue
            ranged = flags & c.BRIDGE_VLAN_INFO_RANGE_END
            tunnels.append(VlanRange(begin if ranged else vid, vid, tunnel=begin_id if ranged else tunnel))
    mapped = pieces(joined(vlans), joined(tunnels))
    return joined(vlan._replace(tunnel=with_id.tunnel if with_id else None) for vlan, with_id in mapped if vlan)


def removals(known: Known, operation: Operation) -> list[Message]:
    """Return the request that takes VLANs and tunnel ids away; none where there is nothing to take."""
    gone, moved, _added = _change(operation)
    tree = [attr for item in moved for attr in _tunnel(item)] + [attr for item in gone for attr in _vlan(item)]
    return [_message(known, operation.entry, c.RTM_DELLINK, tree)] if tree else []


def additions(known: Known, operation: Operation) -> list[Message]:
    """Return the request that adds VLANs and changes their flags, and then their tunnel ids."""
    added = _change(operation)[2]
    tree = [attr for item in added for attr in _vlan(item)]
    tree += [attr for item in added if item.tunnel is not None for attr in _tunnel(item)]
    return [_message(known, operation.entry, c.RTM_SETLINK, tree)] if tree else []


def _change(operation: Operation) -> Any:
    before = operation.before.options.get("vlans") if operation.before is not None else None
    return vlan_change(before, operation.entry.options["vlans"])


def _message(known: Known, entry: Entry, kind: int, tree: list[Any]) -> Message:
    if entry.sort == "link":
        # To the bridge itself; without the flag it is for the bridge that the link is a port of.
        tree = [(c.IFLA_BRIDGE_FLAGS, "u16", c.BRIDGE_FLAGS_SELF), *tree]
    header = {"family": c.AF_BRIDGE, "index": known.view(entry.netns).index(entry.name)}
    return Message(entry.netns, "link", kind, 0, header, [(c.IFLA_AF_SPEC, "nested", tree)])


def _bounds(first: Any, last: Any) -> list[tuple[Any, int]]:
    if first == last:
        return [(first, 0)]
    return [(first, c.BRIDGE_VLAN_INFO_RANGE_BEGIN), (last, c.BRIDGE_VLAN_INFO_RANGE_END)]


def _vlan(item: VlanRange) -> list[Any]:
    flags = c.BRIDGE_VLAN_INFO_PVID if item.pvid else 0
    flags |= c.BRIDGE_VLAN_INFO_UNTAGGED if item.untagged else 0
    return [
        (c.IFLA_BRIDGE_VLAN_INFO, "raw", _VLAN_INFO.pack(flags | bound, vid))
        for vid, bound in _bounds(item.first, item.last)
    ]


def _tunnel(item: VlanRange) -> list[Any]:
    return [
        (
            c.IFLA_BRIDGE_VLAN_TUNNEL_INFO,
            "nested",
            [
                (c.IFLA_BRIDGE_VLAN_TUNNEL_ID, "u32", tunnel),
                (c.IFLA_BRIDGE_VLAN_TUNNEL_VID, "u16", vid),
                (c.IFLA_BRIDGE_VLAN_TUNNEL_FLAGS, "u16", bound),
            ],
        )
        for (vid, tunnel), bound in _bounds((item.first, item.tunnel), (item.last, item.tunnel_last))
    ]


VLANS = Table(removals, additions, (c.RTM_GETLINK, _DUMP), fill)
