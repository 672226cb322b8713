# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bridge ports: options of a link that hold while it has a bridge as its master.

Attributes from net/bridge/br_netlink.c and uapi/linux/if_link.h (IFLA_BRPORT_*).

Not here: ``fdb_flush``, a deed and no state; ``hwmode``, of network cards that switch by themselves; the limit of hosts
of explicit tracking (IFLA_BRPORT_MCAST_EHT_HOSTS_LIMIT), for which iproute2 has no word.
"""

from __future__ import annotations

from ..failure import Fault
from ..links.bridge_vlan import OF_PORT, ROUTER, STATE, OfVlans
from ..table import Option
from ..types.ranges import Vlans
from ..types.simple import Bool, Int, LinkName, NamedInt
from .object_type import Key, ObjectType, Options

_SWITCH = Bool()

#: States in the spanning trees that VLANs belong to. Tree 0 is that of all others, and its state is the port's own.
TREES = OfVlans(
    number="msti",
    rule="a spanning tree, IEEE 802.1Q",
    rows=(Option(name="state", attr=2, type=STATE),),
    command=("mst",),
    spans=False,
)

#: Words that ``ip link set ... type bridge_slave`` knows, and ``bridge link set`` does not (iproute2 6.1 to 6.17).
OF_IP = ("proxy_arp", "proxy_arp_wifi", "group_fwd_mask")


class _State(Option):
    when_up = True


class Port(ObjectType):
    """Hooks and traits of Bridge ports."""

    lasting = True
    with_master = True
    piecewise = True

    def quiet_defaults(self) -> Options:
        return {}

    def is_of_port(self, key: Key) -> bool:
        return True

    def fault(self, desired: Options, current: Options) -> Fault | None:
        """Return the fault that br_afspec() (net/bridge/br_netlink.c) refuses: tunnel ids on a port that maps none."""
        mapped = any(item.tunnel is not None for item in desired.get("vlans", ()))
        lacking = mapped and not desired.get("vlan_tunnel", current.get("vlan_tunnel"))
        return Fault("vlans", "tunnel ids need vlan_tunnel: true", "Set vlan_tunnel: true") if lacking else None


PORT = Port(
    name="port",
    plural="ports",
    label="{1}: port",
    nested="port",
    keys=(Option(name="dev", type=LinkName()),),
    options=(
        # A port that is disabled before its bridge heard of its carrier is enabled again (br_port_carrier_check()).
        _State(name="state", attr=1, type=STATE, after_carrier=("disabled",)),
        Option(name="priority", attr=2, type=Int(wire="u16", high=63, rule="6 bits, IEEE 802.1D"), default=32),
        Option(name="cost", attr=3, type=Int(low=1, high=65535)),
        Option(name="hairpin", attr=4, type=_SWITCH, default=False),
        Option(name="guard", attr=5, type=_SWITCH, default=False),
        Option(name="root_block", attr=6, type=_SWITCH, default=False),
        Option(name="fastleave", attr=7, type=_SWITCH, default=False, aliases=("mcast_fast_leave",)),
        Option(name="learning", attr=8, type=_SWITCH, default=True),
        Option(name="flood", attr=9, type=_SWITCH, default=True),
        Option(name="proxy_arp", attr=10, type=_SWITCH, default=False),
        Option(name="proxy_arp_wifi", attr=12, type=_SWITCH, default=False),
        Option(
            name="mcast_router",
            attr=25,
            type=NamedInt(wire="u8", high=3, table={**ROUTER, "temporary": 3}),
            default=1,
            aliases=("multicast_router",),
        ),
        Option(name="mcast_flood", attr=27, type=_SWITCH, default=True),
        Option(name="mcast_to_unicast", attr=28, type=_SWITCH, default=False),
        Option(name="vlan_tunnel", attr=29, type=_SWITCH, default=False),
        Option(name="bcast_flood", attr=30, type=_SWITCH, default=True),
        Option(
            name="group_fwd_mask", attr=31, type=Int(wire="u16", high=65535, barred=0x2, rule="pause frames"), default=0
        ),
        Option(name="neigh_suppress", attr=32, type=_SWITCH, default=False),
        Option(name="isolated", attr=33, type=_SWITCH, default=False),
        Option(name="backup_port", attr=34, type=LinkName(negated=True)),
        Option(name="locked", attr=39, type=_SWITCH, since="5.18", default=False),
        Option(name="mab", attr=40, type=_SWITCH, since="6.2", default=False),
        Option(name="mcast_max_groups", attr=42, type=Int(), since="6.3", default=0),
        Option(name="neigh_vlan_suppress", attr=43, type=_SWITCH, since="6.4", default=False),
        Option(name="backup_nhid", attr=44, type=Int(if_absent=0), since="6.6", default=0),
        Option(name="vlans", type=Vlans(), dump="vlans"),
        Option(name="vlan_options", type=OfVlans(rows=OF_PORT), since="5.6", dump="vlan_options"),
        # The bridge's VLANs have their spanning tree first (its option vlan_global).
        Option(name="mst", type=TREES, last=True, since="5.18", dump="mst"),
    ),
)
