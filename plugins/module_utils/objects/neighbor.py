# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Neighbor entries: ARP and neighbor discovery tables (uapi/linux/neighbour.h, NDA_* and NUD_*)."""

from __future__ import annotations

from ..kinds.table import Option
from ..kinds.types import Bool, LinkName, Mac, Word
from .sort import Address, Sort

STATES = {"permanent": 0x80, "noarp": 0x40, "reachable": 0x02, "stale": 0x04, "delay": 0x08, "probe": 0x10}

NEIGHBOR = Sort(
    name="neighbor",
    plural="neighbors",
    keys=(Option("dev", None, LinkName()), Option("dst", None, Address())),
    options=(
        Option("mac", None, Mac(), word="lladdr"),
        Option("state", None, Word(table=STATES), word="nud"),
        Option("router", None, Bool(style="flag")),
        Option("extern_learn", None, Bool(style="flag")),
    ),
)
