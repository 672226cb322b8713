# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of single VLANs of a bridge: those of a port's VLAN, and those that hold for a VLAN on the whole bridge.

Attributes from net/bridge/br_vlan_options.c and uapi/linux/if_bridge.h (BRIDGE_VLANDB_*). Times are centiseconds.

Unlike the VLANs themselves these are no whole wish: a VLAN or an option that is not named is not managed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Optional

from ..table import Option
from ..types.ranges import RangeTable, joined, pieces, plain_span, span
from ..types.simple import Bool, Centiseconds, Choice, Int, Lines, NamedInt

_STATES = ("disabled", "listening", "learning", "forwarding", "blocking")
#: BR_STATE_* (uapi/linux/if_bridge.h); iproute2 takes the numbers too.
STATE = Choice(
    table={word: number for number, word in enumerate(_STATES)},
    aliases={str(number): word for number, word in enumerate(_STATES)},
)
# jiffies_64_to_clock_t() counts nanoseconds in 64 bits: what is longer is told as something else.
TIME64 = Centiseconds(wire="u64", high=2**64 // 10**7, rule="centiseconds: 64 bits of nanoseconds")
# br_multicast.c: BR_MULTICAST_QUERY_INTVL_MIN and _MAX, 1 s and a day. Beyond them the kernel takes the bound itself.
QUERY = Centiseconds(wire="u64", low=100, high=8640000, rule="centiseconds: a second to a day")
SWITCH = Bool(style="number")
#: MDB_RTR_TYPE_* (uapi/linux/if_bridge.h), by the words of NetworkManager and nmstate, and those of systemd.
ROUTER = {"disabled": 0, "auto": 1, "enabled": 2, "query": 1, "permanent": 2}

#: BRIDGE_VLANDB_ENTRY_*, of a VLAN of a port, or of the bridge itself as far as OF_BRIDGE goes.
OF_BRIDGE: tuple[Option, ...] = (
    Option(name="state", attr=3, type=STATE, default="forwarding"),
    Option(name="mcast_router", attr=6, type=NamedInt(wire="u8", high=2, table=ROUTER), since="5.15", default=1),
)
OF_PORT: tuple[Option, ...] = (
    *OF_BRIDGE,
    Option(name="mcast_max_groups", attr=8, type=Int(), since="6.3", default=0),
    Option(name="neigh_suppress", attr=9, type=Bool(), since="6.4", default=False),
)
#: BRIDGE_VLANDB_GOPTS_*, of a VLAN on the whole bridge.
GLOBAL: tuple[Option, ...] = (
    Option(name="mcast_snooping", attr=3, type=SWITCH, default=True),
    Option(name="mcast_querier", attr=15, type=SWITCH, default=False),
    Option(name="mcast_igmp_version", attr=4, type=Int(wire="u8", low=2, high=3), default=2),
    Option(name="mcast_mld_version", attr=5, type=Int(wire="u8", low=1, high=2), default=1),
    Option(name="mcast_last_member_count", attr=6, type=Int(), default=2),
    Option(name="mcast_startup_query_count", attr=7, type=Int(), default=2),
    Option(name="mcast_last_member_interval", attr=8, type=TIME64, default=100),
    Option(name="mcast_membership_interval", attr=10, type=TIME64, default=26000),
    Option(name="mcast_querier_interval", attr=11, type=TIME64, default=25500),
    Option(name="mcast_query_interval", attr=12, type=QUERY, default=12500),
    Option(name="mcast_query_response_interval", attr=13, type=TIME64, default=1000),
    # A quarter of the query interval, rounded by the timer: 3124 or 3125.
    Option(name="mcast_startup_query_interval", attr=14, type=QUERY, default=3125),
    Option(
        name="msti",
        attr=18,
        type=Int(wire="u16", high=4094, rule="a spanning tree, IEEE 802.1Q"),
        since="5.18",
        default=0,
    ),
)


class VlanSettings(NamedTuple):
    """VLANs that are next to each other, and what is said of each."""

    first: int
    last: int
    options: tuple[tuple[str, Any], ...]  # in the order of the rows

    def __repr__(self) -> str:
        return " ".join([span(self.first, self.last), *(f"{name} {value}" for name, value in self.options)])

    def cut(self, first: int, last: int) -> VlanSettings:
        """Return a part of it."""
        return self._replace(first=first, last=last)

    def joins(self, after: VlanSettings) -> bool:
        """Tell whether another range continues this one."""
        return after.first == self.last + 1 and after.options == self.options

    def only(self, names: Sequence[str]) -> VlanSettings:
        """Return it with these options alone."""
        return self._replace(options=tuple(pair for pair in self.options if pair[0] in names))


VlanTable = tuple[VlanSettings, ...]


@dataclass(frozen=True)
class OfVlans(RangeTable):
    """Options of single VLANs: ``[{vid: 10, state: blocking}, {vid: 20-29, state: learning}]``."""

    number: str = "vid"
    low: int = 1
    high: int = 4094
    rule: str = "a VLAN id, IEEE 802.1Q"
    rows: tuple[Option, ...] = ()
    command: tuple[str, ...] = ("vlan",)  # of the tool "bridge", before "set"
    spans: bool = True  # that command takes ranges

    @property
    def nothing(self) -> Any:
        return ()

    @property
    def keys(self) -> Mapping[str, str]:
        return {self.number: "str", **{row.name: row.type.ansible for row in self.rows}}

    @property
    def options(self) -> dict[str, Any]:
        return {self.number: {"type": "str", "required": True}, **{row.name: row.spec() for row in self.rows}}

    def made(self, first: int, last: int, given: Mapping[str, Any]) -> VlanSettings:
        found = []
        for row in self.rows:
            if row.name in given:
                try:
                    found.append((row.name, row.parse(given[row.name])))
                except ValueError as why:
                    raise ValueError(f"{self.number} {span(first, last)}: {row.name}: {why}") from None
        if not found:
            raise ValueError(f"{self.number} {span(first, last)} has no option")
        return VlanSettings(first, last, tuple(found))

    def same(self, wanted: VlanTable, found: VlanTable) -> bool:
        return not self.change(found, wanted)

    def kept(self, value: VlanTable, hz: int) -> VlanTable:
        types = {row.name: row.type for row in self.rows}
        return joined(
            item._replace(options=tuple((name, types[name].kept(one, hz)) for name, one in item.options))
            for item in value
        )

    def touched(self, wanted: VlanTable, found: VlanTable) -> VlanTable:
        """Return what is found of the VLANs and options that are wished for: what the way back is about."""
        both = (pair for pair in pieces(found, wanted) if None not in pair)
        return joined(there.only([name for name, _value in wish.options]) for there, wish in both)

    def by_itself(self, value: VlanTable, options: Mapping[str, Any]) -> bool:
        return not self._but(value, rounded=True)

    def plain(self, value: VlanTable) -> list[dict[str, Any]]:
        items = self._but(value, rounded=True)
        return [{self.number: plain_span(item.first, item.last), **dict(item.options)} for item in items]

    def _but(self, value: VlanTable, rounded: bool = False) -> VlanTable:
        """Return what is not as in a new VLAN, whose times a timer may have rounded down."""
        usual = {
            row.name: (row.default, row.default - 1)
            if rounded and isinstance(row.type, Centiseconds)
            else (row.default,)
            for row in self.rows
        }
        named = (item.only([name for name, one in item.options if one not in usual[name]]) for item in value)
        return joined(item for item in named if item.options)

    def change(self, old: Optional[VlanTable], new: VlanTable) -> VlanTable:
        """Return what is to be said to turn one table into another. A new link or port (None) has the defaults."""
        if old is None:
            return self._but(new)
        return joined(item for item in self._differing(old, new) if item.options)

    def _differing(self, old: VlanTable, new: VlanTable) -> Iterator[VlanSettings]:
        for there, wish in pieces(old, new):
            if wish is not None:
                is_there = dict(there.options) if there is not None else {}
                yield wish.only([name for name, value in wish.options if is_there.get(name) != value])

    def lines(self, dev: str, old: Optional[VlanTable], new: VlanTable) -> Lines:
        rows = {row.name: row for row in self.rows}
        lines = []
        for item in self.change(old, new):
            numbers = [span(item.first, item.last)]
            if not self.spans:
                numbers = [str(number) for number in range(item.first, item.last + 1)]
            words = [word for name, value in item.options for word in rows[name].words(value)]
            lines += [["bridge", *self.command, "set", self.number, number, "dev", dev, *words] for number in numbers]
        return [], lines

    def objection(self, value: VlanTable, kernel: tuple[int, int], daring: bool) -> str:
        used = {name for item in value for name, _value in item.options}
        for row in self.rows:
            if row.name in used and row.since and kernel < tuple(map(int, row.since.split("."))):
                return f"{row.name} of a VLAN needs Linux {row.since}"
        return ""
