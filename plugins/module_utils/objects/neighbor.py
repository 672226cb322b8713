# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Neighbor entries: ARP and neighbor discovery tables (uapi/linux/neighbour.h, NDA_* and NUD_*)."""

from __future__ import annotations

from ..kinds.addresses import Mac
from ..kinds.table import Option
from ..kinds.types import Bool, LinkName, Word
from .sort import Address, Sort

#: The states that last. The others are steps that the kernel takes by itself.
STATES = {"permanent": 0x80, "noarp": 0x40}

NEIGHBOR = Sort(
    name="neighbor",
    plural="neighbors",
    label="neighbor {2} on {1}",
    keys=(Option("dev", None, LinkName()), Option("dst", None, Address())),
    options=(
        Option("mac", None, Mac(), word="lladdr"),
        Option("nud", None, Word(table=STATES), default="permanent"),
        Option("router", None, Bool(style="flag"), default=False),
        Option("extern_learn", None, Bool(style="flag"), default=False),
    ),
    # Without it the kernel refuses ("No link layer address given"), but leaves an empty entry behind.
    new_needs=("mac",),
)
