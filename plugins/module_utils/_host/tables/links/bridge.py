# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bridge; attributes from net/bridge/br_netlink.c and uapi/linux/if_link.h (IFLA_BR_*).

Times are centiseconds (1/100 s, USER_HZ), as ``ip link`` takes and shows them.

Not here: ``fdb_flush``, a deed and no state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable

from ..failure import Fault
from ..table import Kind, Option, queues
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
    return Option(name=name, attr=46, type=Bits(bit=1 << number, style="number"), since=since, default=False)


class Bridge(Kind):
    """Hooks and traits of Bridges."""

    switches = True
    bound = True
    # net/bridge/br_device.c: an MTU given at creation is lost to the first port; one that is set stays.
    late = ("mtu",)

    def fault(self, desired: Mapping[str, Any], has: Callable[[str], Any]) -> Fault | None:
        """Return the fault that br_set_forward_delay() refuses; br_stp_start() takes the nearest delay by itself."""
        delay = desired.get("forward_delay", 200)
        if not 200 <= delay <= 3000 and has("stp_state") is True:
            return Fault(
                "forward_delay",
                f"{delay} is not within 200..3000 (2 to 30 s while STP is on)",
                "Give a value in this range",
            )
        return super().fault(desired, has)

    def steps(self, options: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Switch STP off first: br_changelink() sets the delay before it, and refuses one for a bridge without STP."""
        rest = {name: value for name, value in options.items() if name != "stp_state"}
        return [{"stp_state": False}, rest] if options.get("stp_state") is False and rest else [options]


BRIDGE = Bridge(
    name="bridge",
    options=(
        Option(name="forward_delay", attr=1, type=_TIME, default=1500),
        Option(
            name="hello_time",
            attr=2,
            type=Centiseconds(low=100, high=1000, rule="centiseconds: 1 to 10 s"),
            default=200,
        ),
        Option(
            name="max_age", attr=3, type=Centiseconds(low=600, high=4000, rule="centiseconds: 6 to 40 s"), default=2000
        ),
        Option(name="ageing_time", attr=4, type=_TIME, default=30000),
        Option(name="stp_state", attr=5, type=Bool(wire="u32", style="number"), default=False),
        Option(name="priority", attr=6, type=Int(wire="u16", high=65535), default=32768),
        Option(name="vlan_filtering", attr=7, type=SWITCH, default=False),
        Option(name="vlan_protocol", attr=8, type=PROTOCOL, default="802.1Q"),
        Option(
            name="group_fwd_mask",
            attr=9,
            type=Int(wire="u16", high=65535, barred=0x7, rule="STP, pause frames and LACP"),
            default=0,
        ),
        Option(name="group_address", attr=20, type=_GROUP, default="01:80:c2:00:00:00", aliases=("group_addr",)),
        Option(name="mcast_router", attr=22, type=NamedInt(wire="u8", high=2, table=ROUTER), default=1),
        Option(name="mcast_snooping", attr=23, type=SWITCH, default=True),
        Option(name="mcast_query_use_ifaddr", attr=24, type=SWITCH, default=False),
        Option(name="mcast_querier", attr=25, type=SWITCH, default=False),
        Option(name="mcast_hash_max", attr=27, type=Int(), default=4096),
        Option(name="mcast_last_member_count", attr=28, type=Int(), default=2),
        Option(name="mcast_startup_query_count", attr=29, type=Int(), default=2),
        Option(name="mcast_last_member_interval", attr=30, type=TIME64, default=100),
        Option(name="mcast_membership_interval", attr=31, type=TIME64, default=26000),
        Option(name="mcast_querier_interval", attr=32, type=TIME64, default=25500),
        Option(name="mcast_query_interval", attr=33, type=QUERY, default=12500),
        Option(name="mcast_query_response_interval", attr=34, type=TIME64, default=1000),
        Option(name="mcast_startup_query_interval", attr=35, type=QUERY),
        Option(name="nf_call_iptables", attr=36, type=SWITCH, default=False),
        Option(name="nf_call_ip6tables", attr=37, type=SWITCH, default=False),
        Option(name="nf_call_arptables", attr=38, type=SWITCH, default=False),
        Option(
            name="vlan_default_pvid",
            attr=39,
            type=NamedInt(wire="u16", high=4094, rule="a VLAN id", table={"none": 0}),
            default=1,
        ),
        Option(name="vlan_stats_enabled", attr=41, type=SWITCH, default=False),
        Option(name="mcast_stats_enabled", attr=42, type=SWITCH, default=False),
        Option(name="mcast_igmp_version", attr=43, type=Int(wire="u8", low=2, high=3), default=2),
        Option(name="mcast_mld_version", attr=44, type=Int(wire="u8", low=1, high=2), default=1),
        Option(name="vlan_stats_per_port", attr=45, type=SWITCH, default=False),
        _boolopt("no_linklocal_learn", 0),
        _boolopt("mcast_vlan_snooping", 1, "5.15"),
        _boolopt("mst_enabled", 2, "5.18"),
        _boolopt("mdb_offload_fail_notification", 3, "6.16"),
        Option(
            name="fdb_local_vlan_0", attr=46, type=LocalVlan0(bit=1 << 4, style="number"), since="6.18", default=False
        ),
        Option(name="fdb_max_learned", attr=49, type=Int(), since="6.7", default=0),
        *queues(),
        # The VLANs of the bridge itself: "bridge vlan add dev br0 vid 10 self".
        Option(name="vlans", type=Vlans(tunnels=False), at_create=False, dump="vlans"),
        # "bridge vlan set" for VLANs of the bridge itself, "bridge vlan global set" for what holds on its ports too.
        Option(
            name="vlan_options",
            type=OfVlans(rows=OF_BRIDGE),
            at_create=False,
            since="5.6",
            dump="vlan_options",
        ),
        Option(
            name="vlan_global",
            type=OfVlans(rows=GLOBAL, command=("vlan", "global")),
            at_create=False,
            last=True,
            since="5.15",
            dump="vlan_global",
        ),
    ),
)
