# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Forwarding database entries of bridges and VXLAN links (uapi/linux/neighbour.h; man bridge, "bridge fdb").

A unicast MAC has one entry; the all-zero MAC (VXLAN's default entry) and group MACs have one for each destination.
"""

from __future__ import annotations

from typing import Any

from ..kinds.addresses import Mac
from ..kinds.table import Option
from ..kinds.types import Bool, Int, LinkName, Word
from .sort import Address, Key, Sort

#: iproute2's words: permanent is NUD_PERMANENT ("local" on a bridge), static is NUD_NOARP (with NUD_REACHABLE, without
#: which vxlan_fdb_add() refuses it). What is dynamic ages, as what was learned does, and nothing tells the two
#: apart: it is no state to keep.
STATES = {"permanent": 0x80, "static": 0x42}


def is_listed(mac: str) -> bool:
    """Tell whether the kernel keeps several destinations for a MAC (vxlan_fdb_update(): zero or multicast)."""
    return mac == "00:00:00:00:00:00" or bool(int(mac[:2], 16) & 1)


def _settle(parts: dict[str, Any], options: dict[str, Any]) -> Key:
    """Add the destination to the key of a MAC that has several."""
    listed = options.pop("dst", "") if is_listed(parts["mac"]) else ""
    return (*(str(part) for part in parts.values()), listed)


def _tell(key: Key, item: dict[str, Any]) -> None:
    if key[-1]:
        item["dst"] = key[-1]


FDB = Sort(
    name="fdb",
    plural="fdb",
    label="FDB entry {2} on {1}",
    label_of_last="FDB entry {2} dst {5} on {1}",
    settle=_settle,
    tell=_tell,
    nested="fdb",
    keys=(
        Option("dev", None, LinkName()),
        Option("mac", None, Mac()),
        Option("vlan", 5, Int(wire="u16", high=4094, rule="a VLAN id"), default=0),
        Option("target", None, Word(table={"self": 0x02, "master": 0x04}), default="self"),
    ),
    options=(
        Option("dst", None, Address()),
        Option("nud", None, Word(table=STATES), default="permanent"),
        Option("vni", 7, Int(high=2**24 - 1, rule="24 bits")),
        Option("src_vni", 11, Int(high=2**24 - 1, rule="24 bits")),
        Option("port", 6, Int(wire="be16", high=65535)),
        Option("via", 8, LinkName()),
        Option("extern_learn", None, Bool(style="flag"), default=False),
    ),
)
