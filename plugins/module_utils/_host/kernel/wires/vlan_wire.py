# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read and write the VLANs of bridges and ports, and the options of single VLANs.

net/bridge/br_netlink.c, br_netlink_tunnel.c, br_vlan.c, br_vlan_options.c and br_mst.c; struct br_vlan_msg.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, cast

from ...state.entries import table_of
from ...state.model import Entry, Operation
from ...tables.links.bridge_vlan import OfVlans, VlanSettings
from ...tables.table import Option
from ...tables.types.ranges import VlanRange, joined, pieces, vlan_change
from ...tables.types.simple import NONE, UNSET
from ..netlink import constants as c
from ..netlink.message import Known, Message, View
from ..netlink.walk import attributes, listed
from .wire import LinkTable, number

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
    links = {entry.name: entry for entry in entries if entry.type == "link"}
    for entry in entries:
        if entry.type not in ("link", "port") or (entry.type == "link" and entry.kind != "bridge"):
            continue
        bridge = entry if entry.type == "link" else links.get(links[entry.name].options.get("master", NONE))
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
    """Return the request that removes VLANs and tunnel ids, if there are any to remove."""
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
    if entry.type == "link":
        # The flag means the bridge itself; without it the request is about the master of the link.
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


VLANS = LinkTable(removals=removals, additions=additions, dump=(c.RTM_GETLINK, _DUMP), fill=fill)


_MSG = struct.Struct("=BBHI")
# Without statistics VLANs are told in ranges that are alike in state and multicast router alone: what the first one has
# of the other options stands for all (br_vlan_opts_eq_range(), seen on 6.12).
_HEAD = _MSG.pack(c.AF_BRIDGE, 0, 0, 0)
_OPTIONS_DUMP = _HEAD + struct.pack("=HHI", 8, c.BRIDGE_VLANDB_DUMP_FLAGS, c.BRIDGE_VLANDB_DUMPF_STATS)
_DUMP_GLOBAL = _HEAD + struct.pack("=HHI", 8, c.BRIDGE_VLANDB_DUMP_FLAGS, c.BRIDGE_VLANDB_DUMPF_GLOBAL)
_DUMP_TREES = _IFINFO.pack(c.AF_BRIDGE, 0, 0, 0, 0) + struct.pack("=HHI", 8, c.IFLA_EXT_MASK, c.RTEXT_FILTER_MST)

Dumped = Iterator[tuple[int, int, int, Mapping[int, bytes]]]  # index of the link, first and last number, attributes


def _u16(payload: bytes) -> int:
    number: int = struct.unpack("=H", payload)[0]
    return number


def _read_vlans(bodies: Iterable[bytes]) -> Dumped:
    for body in bodies:
        for attr, payload in listed(body, _MSG.size):
            if attr == c.BRIDGE_VLANDB_ENTRY:
                found = attributes(payload)
                first = _VLAN_INFO.unpack(found[c.BRIDGE_VLANDB_ENTRY_INFO])[1]
                last = _u16(found[c.BRIDGE_VLANDB_ENTRY_RANGE]) if c.BRIDGE_VLANDB_ENTRY_RANGE in found else first
                yield _MSG.unpack_from(body)[3], first, last, found


def _read_global(bodies: Iterable[bytes]) -> Dumped:
    for body in bodies:
        for attr, payload in listed(body, _MSG.size):
            if attr == c.BRIDGE_VLANDB_GLOBAL_OPTIONS:
                found = attributes(payload)
                first = _u16(found[c.BRIDGE_VLANDB_GOPTS_ID])
                last = _u16(found[c.BRIDGE_VLANDB_GOPTS_RANGE]) if c.BRIDGE_VLANDB_GOPTS_RANGE in found else first
                yield _MSG.unpack_from(body)[3], first, last, found


def _read_trees(bodies: Iterable[bytes]) -> Dumped:
    for body in bodies:
        nest = attributes(attributes(body, _IFINFO.size).get(c.IFLA_AF_SPEC, b"")).get(c.IFLA_BRIDGE_MST, b"")
        for _attr, payload in listed(nest):
            found = attributes(payload)
            number = _u16(found[c.IFLA_BRIDGE_MST_ENTRY_MSTI])
            yield _IFINFO.unpack_from(body)[2], number, number, found


def _fill(
    name: str, read: Callable[[Iterable[bytes]], Dumped], bodies: Iterable[bytes], view: View, entries: Sequence[Entry]
) -> Iterator[Entry]:
    """Yield the bridges and ports that have such a table, with the table as an option."""
    tables: dict[str, list[tuple[int, int, Mapping[int, bytes]]]] = {}
    for index, first, last, found in read(bodies):
        tables.setdefault(view.name(index), []).append((first, last, found))
    for entry, bridge in with_vlans(entries):
        row = table_of(entry).named.get(name)
        if row is not None and isinstance(row.type, OfVlans):
            # With spanning trees the state of a VLAN is that of its tree, and cannot be asked for (br_vlan_options.c).
            untold = {"state"} if name == "vlan_options" and bridge.options.get("mst_enabled") else set()
            rows = [one for one in row.type.rows if one.name not in untold]
            # Tree 0 is all that belongs to no other: its state is the port's own.
            ranges = (item for item in tables.get(entry.name, ()) if item[0] >= row.type.low)
            items = (VlanSettings(first, last, _options(rows, found, view)) for first, last, found in ranges)
            yield entry.having({**entry.options, name: joined(items)})


def _options(rows: Sequence[Option], found: Mapping[int, bytes], view: View) -> tuple[tuple[str, Any], ...]:
    values = ((row.name, row.decode(found, view)) for row in rows)
    return tuple((name, value) for name, value in values if value is not UNSET)


def _nothing(_known: Known, _operation: Operation) -> list[Message]:
    return []


def _changed(name: str, operation: Operation) -> tuple[tuple[Option, ...], Sequence[VlanSettings]]:
    of = cast(OfVlans, table_of(operation.entry).named[name].type)
    before = operation.before.options.get(name) if operation.before is not None else None
    return of.rows, of.change(before, operation.entry.options[name])


def _encoded(known: Known, entry: Entry, rows: Sequence[Option], item: VlanSettings) -> list[Any]:
    values, view = dict(item.options), known.view(entry.netns)
    return [attr for row in rows if row.name in values for attr in row.encode(values[row.name], view)]


def _options_message(known: Known, entry: Entry, tree: list[Any]) -> list[Message]:
    header = {"family": c.AF_BRIDGE, "ifindex": known.view(entry.netns).index(entry.name)}
    return [Message(entry.netns, "vlan", c.RTM_NEWVLAN, 0, header, tree)] if tree else []


def _set(known: Known, operation: Operation) -> list[Message]:
    """Return the request that sets options of a port's VLANs, or of a bridge's own."""
    rows, items = _changed("vlan_options", operation)
    tree: list[Any] = []
    for item in items:
        info = _VLAN_INFO.pack(c.BRIDGE_VLAN_INFO_ONLY_OPTS, item.first)
        nest: list[Any] = [(c.BRIDGE_VLANDB_ENTRY_INFO, "raw", info)]
        nest += [(c.BRIDGE_VLANDB_ENTRY_RANGE, "u16", item.last)] if item.last != item.first else []
        tree.append((c.BRIDGE_VLANDB_ENTRY, "nested", nest + _encoded(known, operation.entry, rows, item)))
    return _options_message(known, operation.entry, tree)


def _set_global(known: Known, operation: Operation) -> list[Message]:
    """Return the request that sets options of VLANs on a whole bridge."""
    rows, items = _changed("vlan_global", operation)
    tree: list[Any] = []
    for item in items:
        nest: list[Any] = [(c.BRIDGE_VLANDB_GOPTS_ID, "u16", item.first)]
        nest += [(c.BRIDGE_VLANDB_GOPTS_RANGE, "u16", item.last)] if item.last != item.first else []
        tree.append((c.BRIDGE_VLANDB_GLOBAL_OPTIONS, "nested", nest + _encoded(known, operation.entry, rows, item)))
    return _options_message(known, operation.entry, tree)


def _set_trees(known: Known, operation: Operation) -> list[Message]:
    """Return the request that sets a port's states in spanning trees."""
    entry = operation.entry
    rows, items = _changed("mst", operation)
    tree = [
        (
            c.IFLA_BRIDGE_MST_ENTRY,
            "nested",
            [(c.IFLA_BRIDGE_MST_ENTRY_MSTI, "u16", number), *_encoded(known, entry, rows, item)],
        )
        for item in items
        for number in range(item.first, item.last + 1)
    ]
    header = {"family": c.AF_BRIDGE, "index": known.view(entry.netns).index(entry.name)}
    spec = [(c.IFLA_AF_SPEC, "nested", [(c.IFLA_BRIDGE_MST, "nested", tree)])]
    return [Message(entry.netns, "link", c.RTM_SETLINK, 0, header, spec)] if tree else []


OF_VLANS = LinkTable(
    removals=_nothing,
    additions=_set,
    dump=(c.RTM_GETVLAN, _OPTIONS_DUMP),
    fill=partial(_fill, "vlan_options", _read_vlans),
)
GLOBAL = LinkTable(
    removals=_nothing,
    additions=_set_global,
    dump=(c.RTM_GETVLAN, _DUMP_GLOBAL),
    fill=partial(_fill, "vlan_global", _read_global),
)
TREES = LinkTable(
    removals=_nothing, additions=_set_trees, dump=(c.RTM_GETLINK, _DUMP_TREES), fill=partial(_fill, "mst", _read_trees)
)
