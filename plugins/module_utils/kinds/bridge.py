# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bridge; attributes from net/bridge/br_netlink.c and uapi/linux/if_link.h (IFLA_BR_*).

Times are centiseconds (1/100 s, USER_HZ), as ``ip link`` takes and shows them.
"""

from __future__ import annotations

from .table import Kind, Option
from .types import Bool, Int, Mac, Word

_CENTISECONDS = Int(rule="centiseconds")
_CENTISECONDS64 = Int(wire="u64", high=2**63 - 1, rule="centiseconds")
_SWITCH = Bool(style="number")

BRIDGE = Kind(
    name="bridge",
    # net/bridge/br_device.c: an MTU given at creation is lost to the first port; one that is set stays.
    late=("mtu",),
    options=(
        Option("forward_delay", 1, _CENTISECONDS),
        Option("hello_time", 2, _CENTISECONDS),
        Option("max_age", 3, _CENTISECONDS),
        Option("ageing_time", 4, _CENTISECONDS),
        Option("stp_state", 5, Bool(wire="u32", style="number")),
        Option("priority", 6, Int(wire="u16", high=65535)),
        Option("vlan_filtering", 7, _SWITCH),
        Option("vlan_protocol", 8, Word(wire="be16", table={"802.1Q": 0x8100, "802.1ad": 0x88A8})),
        Option("group_fwd_mask", 9, Int(wire="u16", high=65535)),
        Option("group_address", 20, Mac()),
        Option("mcast_router", 22, Int(wire="u8", high=2)),
        Option("mcast_snooping", 23, _SWITCH),
        Option("mcast_query_use_ifaddr", 24, _SWITCH),
        Option("mcast_querier", 25, _SWITCH),
        Option("mcast_hash_elasticity", 26, Int()),
        Option("mcast_hash_max", 27, Int()),
        Option("mcast_last_member_count", 28, Int()),
        Option("mcast_startup_query_count", 29, Int()),
        Option("mcast_last_member_interval", 30, _CENTISECONDS64),
        Option("mcast_membership_interval", 31, _CENTISECONDS64),
        Option("mcast_querier_interval", 32, _CENTISECONDS64),
        Option("mcast_query_interval", 33, _CENTISECONDS64),
        Option("mcast_query_response_interval", 34, _CENTISECONDS64),
        Option("mcast_startup_query_interval", 35, _CENTISECONDS64),
        Option("nf_call_iptables", 36, _SWITCH),
        Option("nf_call_ip6tables", 37, _SWITCH),
        Option("nf_call_arptables", 38, _SWITCH),
        Option("vlan_default_pvid", 39, Int(wire="u16", high=4094, rule="a VLAN id, 0 for none")),
        Option("vlan_stats_enabled", 41, _SWITCH),
        Option("mcast_stats_enabled", 42, _SWITCH),
        Option("mcast_igmp_version", 43, Int(wire="u8", low=2, high=3)),
        Option("mcast_mld_version", 44, Int(wire="u8", low=1, high=2)),
        Option("vlan_stats_per_port", 45, _SWITCH),
        Option("fdb_max_learned", 49, Int(), since="6.7"),
    ),
)
