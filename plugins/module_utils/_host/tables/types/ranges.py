# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Types of whole tables that a link has: the VLANs of a bridge or port, the VNIs of a VXLAN link.

A table is kept as ranges, as few as there can be, so that ``10-11`` and ``10``, ``11`` are the same. What stands in it
is the whole wish: what is left out of it is removed.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Optional, Union

from ..table import nearest
from .addresses import ip
from .base import quoted
from .simple import NONE, Lines, Type, truth, whole_number


class VlanRange(NamedTuple):
    """VLANs that are next to each other and alike; ``tunnel`` is the first one's tunnel id, None for none."""

    first: int
    last: int
    pvid: bool = False
    untagged: bool = False
    tunnel: Optional[int] = None

    def __repr__(self) -> str:
        return " ".join([*self.words(), *self.tunnel_words()])

    def words(self) -> list[str]:
        """Return it as ``bridge vlan`` takes it, without tunnel ids."""
        return [span(self.first, self.last), *(name for name in ("pvid", "untagged") if getattr(self, name))]

    def tunnel_words(self) -> list[str]:
        """Return the tunnel ids as ``bridge vlan`` takes them."""
        return [] if self.tunnel is None else ["tunnel_info", "id", span(self.tunnel, self.tunnel_last)]

    @property
    def tunnel_last(self) -> int:
        """Give the last one's tunnel id."""
        return (self.tunnel or 0) + self.last - self.first

    def cut(self, first: int, last: int) -> VlanRange:
        """Return a part of it."""
        tunnel = None if self.tunnel is None else self.tunnel + first - self.first
        return self._replace(first=first, last=last, tunnel=tunnel)

    def joins(self, after: VlanRange) -> bool:
        """Tell whether another range continues this one."""
        return not self.pvid and after == self._replace(
            first=self.last + 1, last=after.last, tunnel=None if self.tunnel is None else self.tunnel_last + 1
        )

    def plain(self) -> dict[str, Any]:
        """Return it as a config has it."""
        item: dict[str, Any] = {"vid": plain_span(self.first, self.last)}
        item.update({name: True for name in ("pvid", "untagged") if getattr(self, name)})
        if self.tunnel is not None:
            item["tunnel_id"] = plain_span(self.tunnel, self.tunnel_last)
        return item


class VniRange(NamedTuple):
    """VNIs that are next to each other and have the same group or remote, ``none`` for neither."""

    first: int
    last: int
    remote: str = NONE

    def __repr__(self) -> str:
        return " ".join(self.words())

    @property
    def _word(self) -> str:
        return "group" if ipaddress.ip_address(self.remote).is_multicast else "remote"

    def words(self) -> list[str]:
        """Return it as ``bridge vni`` takes it."""
        return [span(self.first, self.last), *([] if self.remote == NONE else [self._word, self.remote])]

    def cut(self, first: int, last: int) -> VniRange:
        """Return a part of it."""
        return self._replace(first=first, last=last)

    def joins(self, after: VniRange) -> bool:
        """Tell whether another range continues this one."""
        return after == self._replace(first=self.last + 1, last=after.last)

    def plain(self) -> dict[str, Any]:
        """Return it as a config has it."""
        remote = {} if self.remote == NONE else {self._word: self.remote}
        return {"vni": plain_span(self.first, self.last), **remote}


Range = Union[VlanRange, VniRange]


def span(first: int, last: int) -> str:
    """Write a range as iproute2 does."""
    return str(first) if first == last else f"{first}-{last}"


def plain_span(first: int, last: int) -> int | str:
    """Write a range as YAML would: one number is a number."""
    return first if first == last else span(first, last)


def read_span(value: Any, low: int, high: int, rule: str) -> tuple[int, int]:
    """Read a number or a range ``low-high``; raise ValueError."""
    first, dash, last = (value, "", "") if isinstance(value, (bool, int)) else str(value).strip().partition("-")
    bounds = (whole_number(first), whole_number(last) if dash else whole_number(first))
    if not low <= bounds[0] <= bounds[1] <= high:
        raise ValueError(f"{value} is not within {low}..{high} ({rule})")
    return bounds


def joined(ranges: Iterable[Any]) -> tuple[Any, ...]:
    """Return ranges in their order, as few as there can be."""
    found: list[Any] = []
    for item in sorted(ranges, key=lambda item: item.first):
        if found and found[-1].joins(item):
            found[-1] = found[-1]._replace(last=item.last)
        else:
            found.append(item)
    return tuple(found)


def pieces(old: Sequence[Any], new: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Yield two tables side by side, cut to the same borders; None where one of them has nothing."""
    borders = sorted({border for item in (*old, *new) for border in (item.first, item.last + 1)})
    tables = [iter(old), iter(new)]
    now = [next(table, None) for table in tables]
    for first, after in zip(borders, borders[1:]):
        parts = []
        for number, table in enumerate(tables):
            item = now[number]
            if item is not None and item.last < first:
                item = now[number] = next(table, None)
            parts.append(item.cut(first, after - 1) if item is not None and item.first <= first else None)
        if parts != [None, None]:
            yield parts[0], parts[1]


@dataclass(frozen=True)
class RangeTable(Type):
    """A list of dicts, each with a number or range and its properties."""

    wire: str = ""
    ansible: str = "list"
    elements: str = "dict"
    number: str = ""  # the key of the number or range
    low: int = 0
    high: int = 2**32 - 1
    rule: str = ""

    @property
    def keys(self) -> Mapping[str, str]:
        """Give the keys of an item with their types in an Ansible argument specification."""
        raise NotImplementedError

    def made(self, first: int, last: int, given: Mapping[str, Any]) -> Any:
        """Return a range from the user's value; raise ValueError."""
        raise NotImplementedError

    def check(self, ranges: Sequence[Any]) -> None:
        """Raise ValueError for a list that no table can hold."""

    @property
    def options(self) -> dict[str, Any]:
        """Give the specification of an item's keys."""
        return {name: {"type": kind, **_needed(name == self.number)} for name, kind in self.keys.items()}

    @property
    def wires(self) -> tuple[str, ...]:
        return ()

    def absent(self) -> Any:
        return ()

    def parse(self, value: Any) -> tuple[Any, ...]:
        """Return the table in its canonical form; raise ValueError."""
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"{value!r} is not a list such as [{{{self.number}: 10}}, {{{self.number}: 20-29}}]")
        ranges = joined(self._item(item) for item in value)
        for item, after in zip(ranges, ranges[1:]):
            if after.first <= item.last:
                raise ValueError(f"{self.number} {after.first} is told twice")
        self.check(ranges)
        return ranges

    def _item(self, item: Any) -> Any:
        given = {name: value for name, value in item.items() if value is not None} if isinstance(item, Mapping) else {}
        if not isinstance(item, Mapping):
            given = {self.number: item}
        for name in given:
            if name not in self.keys:
                raise ValueError(f"unknown key {name!r}, {nearest(str(name), self.keys)}")
        if self.number not in given:
            raise ValueError(f"{dict(item)!r} has no {self.number}")
        return self.made(*read_span(given[self.number], self.low, self.high, self.rule), given)

    def words(self, word: str, value: Any) -> list[str]:
        return []  # it has commands of its own: see lines()

    def plain(self, value: Any) -> Any:
        return [item.plain() for item in value]

    @property
    def takes(self) -> str:
        keys = quoted(self.keys)
        return f"A list of dicts with the keys {keys}; `{self.number}` is a number or a range such as `20-29`"


def _needed(needed: bool) -> dict[str, Any]:
    return {"required": True} if needed else {}


@dataclass(frozen=True)
class Vlans(RangeTable):
    """The VLANs of a bridge or port: ``[{vid: 10, pvid: true}, {vid: 300-309, tunnel_id: 1300-1309}]``."""

    number: str = "vid"
    low: int = 1
    high: int = 4094
    rule: str = "a VLAN id, IEEE 802.1Q"
    tunnels: bool = True  # a port maps VLANs to tunnel ids; a bridge does not

    @property
    def keys(self) -> Mapping[str, str]:
        keys = {"vid": "str", "pvid": "bool", "untagged": "bool"}
        return {**keys, "tunnel_id": "str"} if self.tunnels else keys

    def _item(self, item: Any) -> Any:
        """Read an item, also as NetworkManager and the tool ``bridge`` write it: ``10 pvid untagged``."""
        text = item.get(self.number) if isinstance(item, Mapping) else item
        words = text.split() if isinstance(text, str) else []
        flags = [word for word in words if word in ("pvid", "untagged")]
        if not flags:
            return super()._item(item)
        vid = words[: -len(flags)]
        if sorted(set(flags)) != sorted(words[len(vid) :]):
            raise ValueError(f"{text!r} is not VLANs with pvid and untagged behind them")
        given = item if isinstance(item, Mapping) else {}
        return super()._item({**given, self.number: " ".join(vid), **dict.fromkeys(flags, True)})

    def made(self, first: int, last: int, given: Mapping[str, Any]) -> VlanRange:
        pvid, untagged = (truth(given.get(name, False)) for name in ("pvid", "untagged"))
        if pvid and first != last:
            raise ValueError(f"pvid is for one VLAN, not for {span(first, last)}")
        if given.get("tunnel_id", NONE) in (NONE, ""):
            return VlanRange(first, last, pvid, untagged)
        tunnel, end = read_span(given["tunnel_id"], 0, 2**24 - 1, "24 bits")
        if end - tunnel != last - first:
            raise ValueError(f"vid {span(first, last)} and tunnel_id {span(tunnel, end)} differ in length")
        return VlanRange(first, last, pvid, untagged, tunnel)

    def check(self, ranges: Sequence[Any]) -> None:
        pvids = [item.first for item in ranges if item.pvid]
        if len(pvids) > 1:
            raise ValueError(f"VLANs {pvids[0]} and {pvids[1]} cannot both be the pvid")
        mapped = sorted((item for item in ranges if item.tunnel is not None), key=lambda item: item.tunnel)
        for item, after in zip(mapped, mapped[1:]):
            if after.tunnel <= item.tunnel_last:
                raise ValueError(f"tunnel_id {after.tunnel} is told twice")

    def usual(self, value: Any, bridge: Mapping[str, Any]) -> bool:
        """Tell whether these are the usual VLANs of a bridge that does not filter."""
        pvid = bridge["vlan_default_pvid"]
        usual = (VlanRange(pvid, pvid, pvid=True, untagged=True),) if pvid else ()
        return not bridge["vlan_filtering"] and value == usual

    def lines(self, dev: str, old: Any, new: Any) -> Lines:
        gone, moved, added = vlan_change(old, new)
        itself = [] if self.tunnels else ["self"]
        lines = [_vlan_line("del", dev, span(item.first, item.last), *item.tunnel_words()) for item in moved]
        lines += [_vlan_line("del", dev, span(item.first, item.last), *itself) for item in gone]
        for item in added:
            lines.append(_vlan_line("add", dev, *item.words(), *itself))
            if item.tunnel is not None:
                lines.append(_vlan_line("add", dev, span(item.first, item.last), *item.tunnel_words()))
        return [], lines


def _vlan_line(verb: str, dev: str, *words: str) -> list[str]:
    return ["bridge", "vlan", verb, "dev", dev, "vid", *words]


@dataclass(frozen=True)
class Vnis(RangeTable):
    """The VNIs that a VXLAN link with ``vnifilter`` takes: ``[{vni: 100-199}, {vni: 300, group: 239.1.1.1}]``."""

    number: str = "vni"
    low: int = 1  # vxlan_process_vni_filter() takes 0 for nothing said
    high: int = 2**24 - 1
    rule: str = "24 bits, RFC 7348 section 5; the kernel filters by no VNI 0"

    @property
    def keys(self) -> Mapping[str, str]:
        return {"vni": "str", "group": "str", "remote": "str"}

    def made(self, first: int, last: int, given: Mapping[str, Any]) -> VniRange:
        told = {name: ip(given[name]) for name in ("group", "remote") if given.get(name, NONE) not in (NONE, "", "any")}
        if len(told) > 1:
            raise ValueError(f"vni {span(first, last)} has both group and remote")
        for name, address in told.items():
            multicast = ipaddress.ip_address(address).is_multicast
            if multicast != (name == "group"):
                raise ValueError(f"{name} {address} is {'' if multicast else 'not '}a multicast address")
        return VniRange(first, last, *told.values())

    def lines(self, dev: str, old: Any, new: Any) -> Lines:
        gone, added = vni_change(old or (), new)
        # The word in full: iproute2 6.1 has no "del" here.
        lines = [["bridge", "vni", "delete", "dev", dev, "vni", span(item.first, item.last)] for item in gone]
        return [], lines + [["bridge", "vni", "add", "dev", dev, "vni", *item.words()] for item in added]


def vlan_change(
    old: Sequence[VlanRange] | None, new: Sequence[VlanRange]
) -> tuple[tuple[VlanRange, ...], tuple[VlanRange, ...], tuple[VlanRange, ...]]:
    """Return what turns one table into another: VLANs to remove, tunnel ids to take off, and what to add.

    A bridge or port that is new (``old`` None) has VLANs from its bridge (``vlan_default_pvid``), and loses all: the
    kernel takes the removal of a VLAN that is not there for done (net/bridge/br_netlink.c: br_vlan_info()). Flags are
    changed in place; a tunnel id is not (net/bridge/br_vlan_tunnel.c: __vlan_tunnel_info_add() says EEXIST).
    """
    if old is None:
        return (VlanRange(1, 4094),), (), tuple(new)
    gone, moved, added = [], [], []
    for before, after in pieces(old, new):
        if after is None:
            gone.append(VlanRange(before.first, before.last))
        elif before != after:
            added.append(after)
            if before is not None and before.tunnel not in (None, after.tunnel):
                moved.append(before)
    return joined(gone), joined(moved), joined(added)


def vni_change(old: Sequence[VniRange], new: Sequence[VniRange]) -> tuple[tuple[VniRange, ...], tuple[VniRange, ...]]:
    """Return the VNIs to remove and to add.

    One that gets another remote is made anew: vxlan_vni_update_group() leaves the old one's default FDB entry behind.
    """
    different = [pair for pair in pieces(old, new) if pair[0] != pair[1]]
    gone = [before for before, _after in different if before is not None]
    return joined(gone), joined(after for _before, after in different if after is not None)
