# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Forwarding database entries of bridges and VXLAN links (uapi/linux/neighbour.h; man bridge, "bridge fdb").

A unicast MAC has one entry, and in a VXLAN link one destination (vxlan_fdb_update_existing(): what is appended to it is
dropped without a word) or one nexthop group; the all-zero MAC (VXLAN's default entry) and group MACs have one entry for
each destination. In external mode all this holds for each VNI (``src_vni``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..kinds.addresses import Mac
from ..kinds.table import Option, Refused
from ..kinds.types import Bool, Int, LinkName, Names, Word
from .sort import Address, Key, NexthopId, Sort

#: iproute2's words: permanent is NUD_PERMANENT ("local" on a bridge), static is NUD_NOARP (with NUD_REACHABLE, without
#: which vxlan_fdb_add() refuses it), dynamic is NUD_REACHABLE: it ages as what was learned does, and nothing tells the
#: two apart.
STATES = {"permanent": 0x80, "static": 0x42, "dynamic": 0x02}

#: Options that are bits of ndm_flags (NTF_*).
FLAGS = {"extern_learn": 0x10, "sticky": 0x40, "router": 0x80}

#: What a nexthop group says in their stead.
_OF_ONE_REMOTE = ("dst", "port", "vni", "via")


@dataclass(frozen=True)
class Notify(Bool):
    """A bit of the extended attributes of a bridge's entry (NDA_FDB_EXT_ATTRS, NFEA_ACTIVITY_NOTIFY)."""

    style: str = "flag"
    false_when_absent: bool = True

    @property
    def wires(self) -> tuple[str, ...]:
        return ("raw",)

    def encode(self, attrs: Sequence[int], value: Any, names: Names) -> list[Any]:
        return [(attrs[0], "nested", [(1, "u8", int(value))])]

    def decode(self, attrs: Sequence[int], found: Mapping[int, bytes], names: Names) -> Any:
        # The one attribute in the nest: behind its header of 4 bytes. Bit 2 tells that there was none lately.
        nest = found.get(attrs[0], b"")
        return len(nest) > 4 and bool(nest[4] & 1)


def is_listed(mac: str) -> bool:
    """Tell whether the kernel keeps several destinations for a MAC (vxlan_fdb_update(): zero or multicast)."""
    return mac == "00:00:00:00:00:00" or mac[1] in "13579bdf"


def _settle(parts: dict[str, Any], options: dict[str, Any]) -> Key:
    """Add the destination to the key of a MAC that has several; raise Refused."""
    for name in _OF_ONE_REMOTE if "nhid" in options else ():
        if name in options:
            raise Refused(f"FDB entry {parts['mac']} on {parts['dev']}: nhid: excludes {name}")
    listed = options.pop("dst", "") if is_listed(parts["mac"]) else ""
    return (*map(str, parts.values()), listed)


def _remade(key: Key, option: str) -> bool:
    """Tell what no entry of its kind is changed in: vxlan_fdb_update_existing() replaces unicast entries alone."""
    return option == "nhid" and is_listed(key[2])


def _unsaid(key: Key) -> tuple[str, str]:
    """Say what __br_fdb_add() refuses an entry of a port for."""
    _netns, dev, _mac, vlan, target, *_rest = key
    return ("vlan", f"{dev} has no VLAN {vlan}") if vlan != "0" and target == "master" else ("", "")


def _of_link(key: Key) -> bool:
    """Tell whether an entry is the link's own, and not its bridge's."""
    return key[4] == "self"


def _brought_by(key: Key) -> Key | None:
    """Return the entry without a VLAN that brings one for each VLAN of its port with it, VLAN 1 where there is none.

    net/bridge/br_fdb.c: br_fdb_add() and br_fdb_delete().
    """
    return (*key[:3], "0", *key[4:]) if key[3] != "0" else None


def _tell(key: Key, item: dict[str, Any]) -> None:
    if key[-1]:
        item["dst"] = key[-1]


FDB = Sort(
    name="fdb",
    plural="fdb",
    label="FDB entry {2} on {1}",
    label_of_last="FDB entry {2} dst {6} on {1}",
    settle=_settle,
    tell=_tell,
    remade=_remade,
    unsaid=_unsaid,
    implied={"port": "dstport", "vni": "vni", "via": "dev"},
    # vxlan_xmit_one() takes the link's own for it.
    as_of_link={"port": 0},
    passing={"nud": ("dynamic",)},
    on_create={"nud": "permanent"},
    moves_with=_of_link,
    brought_by=_brought_by,
    nested="fdb",
    keys=(
        Option("dev", None, LinkName()),
        Option("mac", None, Mac()),
        Option("vlan", 5, Int(wire="u16", high=4094, rule="a VLAN id"), default=0),
        Option("target", None, Word(table={"self": 0x02, "master": 0x04}), default="self"),
        # The kernel tells no entry of VNI 0 from one without a VNI (vxlan_fdb_info()).
        Option("src_vni", 11, Int(high=2**24 - 1, rule="24 bits"), default=0),
    ),
    options=(
        Option("dst", None, Address(), ousts=("nhid",)),
        Option("nud", None, Word(table=STATES, aliases={"local": "permanent", "temp": "static"}), default="permanent"),
        Option("vni", 7, Int(high=2**24 - 1, rule="24 bits"), ousts=("nhid",)),
        Option("port", 6, Int(wire="be16", high=65535), ousts=("nhid",)),
        Option("via", 8, LinkName(), ousts=("nhid",)),
        Option("nhid", 13, NexthopId(), since="5.8", ousts=_OF_ONE_REMOTE, several=True),
        Option("extern_learn", None, Bool(style="flag"), default=False),
        Option("sticky", None, Bool(style="flag"), default=False),
        Option("router", None, Bool(style="flag"), default=False),
        Option("activity_notify", 14, Notify(), since="5.9", default=False),
    ),
)
