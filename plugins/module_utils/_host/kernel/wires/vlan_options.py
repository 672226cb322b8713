# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read and write options of single VLANs (struct br_vlan_msg; net/bridge/br_vlan.c, br_vlan_options.c, br_mst.c)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, cast

from ...state.model import Entry, Operation, table_of
from ...tables.links.bridge_vlan import OfVlans, VlanSettings
from ...tables.option import Option
from ...tables.types.ranges import joined
from ...tables.types.simple import UNSET
from ..netlink import constants as c
from ..netlink.message import Known, Message
from ..netlink.view import View
from ..netlink.walk import attributes, listed
from .vlan_wire import with_vlans
from .wire import Table

_MSG = struct.Struct("=BBHI")
_IFINFO = struct.Struct("=BxHiII")
_VLAN_INFO = struct.Struct("=HH")
# Without statistics VLANs are told in ranges that are alike in state and multicast router alone: what the first one has
# of the other options stands for all (br_vlan_opts_eq_range(), seen on 6.12).
_HEAD = _MSG.pack(c.AF_BRIDGE, 0, 0, 0)
_DUMP = _HEAD + struct.pack("=HHI", 8, c.BRIDGE_VLANDB_DUMP_FLAGS, c.BRIDGE_VLANDB_DUMPF_STATS)
_DUMP_GLOBAL = _HEAD + struct.pack("=HHI", 8, c.BRIDGE_VLANDB_DUMP_FLAGS, c.BRIDGE_VLANDB_DUMPF_GLOBAL)
_DUMP_TREES = _IFINFO.pack(c.AF_BRIDGE, 0, 0, 0, 0) + struct.pack("=HHI", 8, c.IFLA_EXT_MASK, c.RTEXT_FILTER_MST)

Told = Iterator[tuple[int, int, int, Mapping[int, bytes]]]  # index of the link, first and last number, attributes


def _u16(payload: bytes) -> int:
    number: int = struct.unpack("=H", payload)[0]
    return number


def _told(bodies: Iterable[bytes]) -> Told:
    for body in bodies:
        for attr, payload in listed(body, _MSG.size):
            if attr == c.BRIDGE_VLANDB_ENTRY:
                found = attributes(payload)
                first = _VLAN_INFO.unpack(found[c.BRIDGE_VLANDB_ENTRY_INFO])[1]
                last = _u16(found[c.BRIDGE_VLANDB_ENTRY_RANGE]) if c.BRIDGE_VLANDB_ENTRY_RANGE in found else first
                yield _MSG.unpack_from(body)[3], first, last, found


def _told_global(bodies: Iterable[bytes]) -> Told:
    for body in bodies:
        for attr, payload in listed(body, _MSG.size):
            if attr == c.BRIDGE_VLANDB_GLOBAL_OPTIONS:
                found = attributes(payload)
                first = _u16(found[c.BRIDGE_VLANDB_GOPTS_ID])
                last = _u16(found[c.BRIDGE_VLANDB_GOPTS_RANGE]) if c.BRIDGE_VLANDB_GOPTS_RANGE in found else first
                yield _MSG.unpack_from(body)[3], first, last, found


def _told_trees(bodies: Iterable[bytes]) -> Told:
    for body in bodies:
        nest = attributes(attributes(body, _IFINFO.size).get(c.IFLA_AF_SPEC, b"")).get(c.IFLA_BRIDGE_MST, b"")
        for _attr, payload in listed(nest):
            found = attributes(payload)
            number = _u16(found[c.IFLA_BRIDGE_MST_ENTRY_MSTI])
            yield _IFINFO.unpack_from(body)[2], number, number, found


def _fill(
    name: str, told: Callable[[Iterable[bytes]], Told], bodies: Iterable[bytes], view: View, entries: Sequence[Entry]
) -> Iterator[Entry]:
    """Yield the bridges and ports that have such a table again, with it."""
    tables: dict[str, list[tuple[int, int, Mapping[int, bytes]]]] = {}
    for index, first, last, found in told(bodies):
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


def _message(known: Known, entry: Entry, tree: list[Any]) -> list[Message]:
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
    return _message(known, operation.entry, tree)


def _set_global(known: Known, operation: Operation) -> list[Message]:
    """Return the request that sets options of VLANs on a whole bridge."""
    rows, items = _changed("vlan_global", operation)
    tree: list[Any] = []
    for item in items:
        nest: list[Any] = [(c.BRIDGE_VLANDB_GOPTS_ID, "u16", item.first)]
        nest += [(c.BRIDGE_VLANDB_GOPTS_RANGE, "u16", item.last)] if item.last != item.first else []
        tree.append((c.BRIDGE_VLANDB_GLOBAL_OPTIONS, "nested", nest + _encoded(known, operation.entry, rows, item)))
    return _message(known, operation.entry, tree)


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


OF_VLANS = Table(_nothing, _set, (c.RTM_GETVLAN, _DUMP), partial(_fill, "vlan_options", _told))
GLOBAL = Table(_nothing, _set_global, (c.RTM_GETVLAN, _DUMP_GLOBAL), partial(_fill, "vlan_global", _told_global))
TREES = Table(_nothing, _set_trees, (c.RTM_GETLINK, _DUMP_TREES), partial(_fill, "mst", _told_trees))
