# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""802.1Q and 802.1ad links; net/8021q/vlan_netlink.c and uapi/linux/if_link.h (IFLA_VLAN_*)."""

from __future__ import annotations

from ..table import Kind, Option, parent, queues
from ..types.packed import Bits, QosMap
from ..types.simple import Choice, Int

#: IEEE's word, and as systemd, NetworkManager and nmstate write it.
PROTOCOL = Choice(wire="be16", table={"802.1Q": 0x8100, "802.1ad": 0x88A8}, aliases={"802.1q": "802.1Q"})


class Vlan(Kind):
    """Hooks and traits of VLAN links."""

    module = "8021q"
    trial = ("id", "2")


VLAN = Vlan(
    name="vlan",
    options=(
        parent("link"),
        Option(
            name="protocol",
            attr=5,
            type=PROTOCOL,
            in_place=False,
            default="802.1Q",
            aliases=("proto",),
        ),
        Option(
            name="id", attr=1, type=Int(wire="u16", high=4094, rule="a VLAN id, 12 bits without 4095"), in_place=False
        ),
        *queues(),
        Option(name="reorder_hdr", attr=2, type=Bits(bit=0x1), default=True),
        Option(name="gvrp", attr=2, type=Bits(bit=0x2), default=False),
        Option(name="loose_binding", attr=2, type=Bits(bit=0x4), default=False),
        Option(name="mvrp", attr=2, type=Bits(bit=0x8), default=False),
        Option(name="bridge_binding", attr=2, type=Bits(bit=0x10), default=False),
        # An ingress key is the priority in the tag, 3 bits; an egress key is a packet's priority, 32 bits.
        Option(
            name="ingress_qos_map",
            attr=4,
            type=QosMap(keys=7, values=2**32 - 1),
            word="ingress-qos-map",
            aliases=("ingress-qos-map",),
        ),
        Option(
            name="egress_qos_map",
            attr=3,
            type=QosMap(keys=2**32 - 1, values=7),
            word="egress-qos-map",
            aliases=("egress-qos-map",),
        ),
    ),
    needs=("link", "id"),
    lower="link",
)
