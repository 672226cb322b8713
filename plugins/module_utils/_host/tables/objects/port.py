# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bridge ports: options of a link that hold while it has a bridge as its master.

Attributes from net/bridge/br_netlink.c and uapi/linux/if_link.h (IFLA_BRPORT_*).

Not here: ``fdb_flush``, a deed and no state; ``hwmode``, of network cards that switch by themselves; the limit of hosts
of explicit tracking (IFLA_BRPORT_MCAST_EHT_HOSTS_LIMIT), for which iproute2 has no word.
"""

from __future__ import annotations

from ..links.bridge_vlan import OF_PORT, ROUTER, STATE, OfVlans
from ..option import Option
from ..types.ranges import Vlans
from ..types.simple import Bool, Int, LinkName, NamedInt
from .object_type import Key, ObjectType, Options

_SWITCH = Bool()

#: States in the spanning trees that VLANs belong to. Tree 0 is that of all others, and its state is the port's own.
TREES = OfVlans(
    number="msti",
    rule="a spanning tree, IEEE 802.1Q",
    rows=(Option("state", 2, STATE),),
    command=("mst",),
    spans=False,
)

#: Words that ``ip link set ... type bridge_slave`` knows, and ``bridge link set`` does not (iproute2 6.1 to 6.17).
OF_IP = ("proxy_arp", "proxy_arp_wifi", "group_fwd_mask")


class Port(ObjectType):
    """Bridge ports: what is unlike other objects."""

    lasting = True
    with_master = True
    piecewise = True

    def quiet_defaults(self) -> Options:
        return {}

    def is_of_port(self, key: Key) -> bool:
        return True

    def fault(self, wished: Options, there: Options) -> str:
        """Say what br_afspec() (net/bridge/br_netlink.c) refuses: tunnel ids of VLANs on a port that maps none."""
        mapped = any(item.tunnel is not None for item in wished.get("vlans", ()))
        lacking = mapped and not wished.get("vlan_tunnel", there.get("vlan_tunnel"))
        return "vlans: tunnel ids need vlan_tunnel: true" if lacking else ""


PORT = Port(
    name="port",
    plural="ports",
    label="{1}: port",
    nested="port",
    keys=(Option("dev", None, LinkName()),),
    options=(
        # A port that is disabled before its bridge heard of its carrier is enabled again (br_port_carrier_check()).
        Option("state", 1, STATE, when_up=True, after_carrier=("disabled",)),
        Option("priority", 2, Int(wire="u16", high=63, rule="6 bits, IEEE 802.1D"), default=32),
        Option("cost", 3, Int(low=1, high=65535)),
        Option("hairpin", 4, _SWITCH, default=False),
        Option("guard", 5, _SWITCH, default=False),
        Option("root_block", 6, _SWITCH, default=False),
        Option("fastleave", 7, _SWITCH, default=False, aliases=("mcast_fast_leave",)),
        Option("learning", 8, _SWITCH, default=True),
        Option("flood", 9, _SWITCH, default=True),
        Option("proxy_arp", 10, _SWITCH, default=False),
        Option("proxy_arp_wifi", 12, _SWITCH, default=False),
        Option(
            "mcast_router",
            25,
            NamedInt(wire="u8", high=3, table={**ROUTER, "temporary": 3}),
            default=1,
            aliases=("multicast_router",),
        ),
        Option("mcast_flood", 27, _SWITCH, default=True),
        Option("mcast_to_unicast", 28, _SWITCH, default=False),
        Option("vlan_tunnel", 29, _SWITCH, default=False),
        Option("bcast_flood", 30, _SWITCH, default=True),
        Option("group_fwd_mask", 31, Int(wire="u16", high=65535, barred=0x2, rule="pause frames"), default=0),
        Option("neigh_suppress", 32, _SWITCH, default=False),
        Option("isolated", 33, _SWITCH, default=False),
        Option("backup_port", 34, LinkName(negated=True)),
        Option("locked", 39, _SWITCH, since="5.18", default=False),
        Option("mab", 40, _SWITCH, since="6.2", default=False),
        Option("mcast_max_groups", 42, Int(), since="6.3", default=0),
        Option("neigh_vlan_suppress", 43, _SWITCH, since="6.4", default=False),
        Option("backup_nhid", 44, Int(if_absent=0), since="6.6", default=0),
        Option("vlans", None, Vlans(), dump="vlans"),
        Option("vlan_options", None, OfVlans(rows=OF_PORT), since="5.6", dump="vlan_options"),
        # The bridge's VLANs have their spanning tree first (its option vlan_global).
        Option("mst", None, TREES, last=True, since="5.18", dump="mst"),
    ),
)
