# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bridge; attributes from net/bridge/br_netlink.c and uapi/linux/if_link.h (IFLA_BR_*).

Times are centiseconds (1/100 s, USER_HZ), as ``ip link`` takes and shows them.

Not here: ``fdb_flush``, a deed and no state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..option import Kind, Option, queues
from ..types.addresses import Mac
from ..types.packed import Bits
from ..types.ranges import Vlans
from ..types.simple import Bool, Centiseconds, Int, NamedInt
from .bridge_vlan import GLOBAL, OF_BRIDGE, QUERY, ROUTER, SWITCH, TIME64, OfVlans
from .vlan import PROTOCOL

_TIME = Centiseconds()
# br_changelink(): link-local addresses but those of pause frames, slow protocols and port authentication.
_GROUP = Mac(among=tuple(f"01:80:c2:00:00:0{last:x}" for last in range(16) if last not in (1, 2, 3)))


@dataclass(frozen=True)
class LocalVlan0(Bits):
    """One entry for each local address instead of one in each VLAN."""

    def objection(self, value: Any, kernel: tuple[int, int], daring: bool) -> str:
        """Return what is wrong with kernels before the fix (Linux commit 1979645e1842, of April 2026).

        Those without CONFIG_BRIDGE_VLAN_FILTERING follow a null pointer while they hold the rtnl lock, and before there
        is a bridge nothing tells which they are.
        """
        if value and kernel < LOCAL_VLAN_0_FIXED:
            fixed = ".".join(map(str, LOCAL_VLAN_0_FIXED))
            return f"before Linux {fixed} a kernel may die of it (without CONFIG_BRIDGE_VLAN_FILTERING)"
        return ""


#: The first release that has the fix from its beginning.
LOCAL_VLAN_0_FIXED = (7, 1)


def _boolopt(name: str, number: int, since: str = "") -> Option:
    """Return the row of one bit of IFLA_BR_MULTI_BOOLOPT (uapi/linux/if_bridge.h: enum br_boolopt_id)."""
    return Option(name, 46, Bits(bit=1 << number, style="number"), since=since, default=False)


BRIDGE = Kind(
    name="bridge",
    switches=True,
    bound=True,
    # br_set_forward_delay(); br_stp_start() takes the nearest of them by itself.
    within={"forward_delay": ("stp_state", True, 200, 3000, "2 to 30 s while STP is on")},
    # br_changelink() sets the delay first, and refuses one that is for a bridge without STP.
    ahead={"stp_state": False},
    # net/bridge/br_device.c: an MTU given at creation is lost to the first port; one that is set stays.
    late=("mtu",),
    options=(
        Option("forward_delay", 1, _TIME, default=1500),
        Option("hello_time", 2, Centiseconds(low=100, high=1000, rule="centiseconds: 1 to 10 s"), default=200),
        Option("max_age", 3, Centiseconds(low=600, high=4000, rule="centiseconds: 6 to 40 s"), default=2000),
        Option("ageing_time", 4, _TIME, default=30000),
        Option("stp_state", 5, Bool(wire="u32", style="number"), default=False),
        Option("priority", 6, Int(wire="u16", high=65535), default=32768),
        Option("vlan_filtering", 7, SWITCH, default=False),
        Option("vlan_protocol", 8, PROTOCOL, default="802.1Q"),
        Option(
            "group_fwd_mask",
            9,
            Int(wire="u16", high=65535, barred=0x7, rule="STP, pause frames and LACP"),
            default=0,
        ),
        Option("group_address", 20, _GROUP, default="01:80:c2:00:00:00", aliases=("group_addr",)),
        Option("mcast_router", 22, NamedInt(wire="u8", high=2, table=ROUTER), default=1),
        Option("mcast_snooping", 23, SWITCH, default=True),
        Option("mcast_query_use_ifaddr", 24, SWITCH, default=False),
        Option("mcast_querier", 25, SWITCH, default=False),
        Option("mcast_hash_elasticity", 26, Int(low=16, high=16, rule="the kernel's own since Linux 5.0"), default=16),
        Option("mcast_hash_max", 27, Int(), default=4096),
        Option("mcast_last_member_count", 28, Int(), default=2),
        Option("mcast_startup_query_count", 29, Int(), default=2),
        Option("mcast_last_member_interval", 30, TIME64, default=100),
        Option("mcast_membership_interval", 31, TIME64, default=26000),
        Option("mcast_querier_interval", 32, TIME64, default=25500),
        Option("mcast_query_interval", 33, QUERY, default=12500),
        Option("mcast_query_response_interval", 34, TIME64, default=1000),
        Option("mcast_startup_query_interval", 35, QUERY),
        Option("nf_call_iptables", 36, SWITCH, default=False),
        Option("nf_call_ip6tables", 37, SWITCH, default=False),
        Option("nf_call_arptables", 38, SWITCH, default=False),
        Option(
            "vlan_default_pvid", 39, NamedInt(wire="u16", high=4094, rule="a VLAN id", table={"none": 0}), default=1
        ),
        Option("vlan_stats_enabled", 41, SWITCH, default=False),
        Option("mcast_stats_enabled", 42, SWITCH, default=False),
        Option("mcast_igmp_version", 43, Int(wire="u8", low=2, high=3), default=2),
        Option("mcast_mld_version", 44, Int(wire="u8", low=1, high=2), default=1),
        Option("vlan_stats_per_port", 45, SWITCH, default=False),
        _boolopt("no_linklocal_learn", 0),
        _boolopt("mcast_vlan_snooping", 1, "5.15"),
        _boolopt("mst_enabled", 2, "5.18"),
        _boolopt("mdb_offload_fail_notification", 3, "6.16"),
        Option("fdb_local_vlan_0", 46, LocalVlan0(bit=1 << 4, style="number"), since="6.18", default=False),
        Option("fdb_max_learned", 49, Int(), since="6.7", default=0),
        *queues(),
        # The VLANs of the bridge itself: "bridge vlan add dev br0 vid 10 self".
        Option("vlans", None, Vlans(tunnels=False), at_create=False, dump="vlans"),
        # "bridge vlan set" for VLANs of the bridge itself, "bridge vlan global set" for what holds on its ports too.
        Option("vlan_options", None, OfVlans(rows=OF_BRIDGE), at_create=False, since="5.6", dump="vlan_options"),
        Option(
            "vlan_global",
            None,
            OfVlans(rows=GLOBAL, command=("vlan", "global")),
            at_create=False,
            last=True,
            since="5.15",
            dump="vlan_global",
        ),
    ),
)
