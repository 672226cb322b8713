# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bridge ports: options of a link that hold while it has a bridge as its master.

Attributes from net/bridge/br_netlink.c and uapi/linux/if_link.h (IFLA_BRPORT_*).
"""

from __future__ import annotations

from ..kinds.ranges import Vlans
from ..kinds.table import Option
from ..kinds.types import Bool, Int, LinkName, Word
from .sort import Sort

_SWITCH = Bool()

PORT = Sort(
    name="port",
    plural="ports",
    label="{1}: port",
    nested="port",
    tells_defaults=True,
    keys=(Option("dev", None, LinkName()),),
    options=(
        Option(
            "state",
            1,
            Word(table={"disabled": 0, "listening": 1, "learning": 2, "forwarding": 3, "blocking": 4}),
            when_up=True,
        ),
        Option("priority", 2, Int(wire="u16", high=63, rule="6 bits, IEEE 802.1D"), default=32),
        Option("cost", 3, Int(low=1, high=65535)),
        Option("hairpin", 4, _SWITCH, default=False),
        Option("guard", 5, _SWITCH, default=False),
        Option("root_block", 6, _SWITCH, default=False),
        Option("fastleave", 7, _SWITCH, default=False),
        Option("learning", 8, _SWITCH, default=True),
        Option("flood", 9, _SWITCH, default=True),
        Option("proxy_arp", 10, _SWITCH, default=False),
        Option("learning_sync", 11, _SWITCH),
        Option("proxy_arp_wifi", 12, _SWITCH, default=False),
        Option("mcast_router", 25, Int(wire="u8", high=3), default=1),
        Option("mcast_flood", 27, _SWITCH, default=True),
        Option("mcast_to_unicast", 28, _SWITCH, default=False),
        Option("vlan_tunnel", 29, _SWITCH, default=False),
        Option("bcast_flood", 30, _SWITCH, default=True),
        Option("group_fwd_mask", 31, Int(wire="u16", high=65535), default=0),
        Option("neigh_suppress", 32, _SWITCH, default=False),
        Option("isolated", 33, _SWITCH, default=False),
        Option("backup_port", 34, LinkName()),
        Option("locked", 39, _SWITCH, since="5.18", default=False),
        Option("mab", 40, _SWITCH, since="6.2", default=False),
        Option("mcast_max_groups", 42, Int(), since="6.2", default=0),
        Option("neigh_vlan_suppress", 43, _SWITCH, since="6.4", default=False),
        Option("backup_nhid", 44, Int(), since="6.5"),
        Option("vlans", None, Vlans(), dump="vlans"),
    ),
    lasting=True,
)
