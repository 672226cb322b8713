# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""VXLAN (RFC 7348); attributes and rules: drivers/net/vxlan/vxlan_core.c, uapi/linux/if_link.h (IFLA_VXLAN_*)."""

from __future__ import annotations

from .addresses import Ip
from .packed import PortRange
from .ranges import Vnis
from .table import Kind, Option
from .types import Bool, Flag, Int, IntOr, LinkName, Ttl, Word

VNI = Int(high=2**24 - 1, rule="24 bits, RFC 7348 section 5")
PORT = Int(wire="be16", low=1, high=65535, rule="a UDP port")

VXLAN = Kind(
    name="vxlan",
    options=(
        Option("vni", 1, VNI, in_place=False, word="id"),
        Option("remote", (2, 16), Ip(multicast=False)),
        Option("multicast_group", (2, 16), Ip(multicast=True), word="group"),
        Option("local", (4, 17), Ip(multicast=False)),
        Option("dev", 3, LinkName()),
        # vxlan_nl2conf() refuses to change TTL_INHERIT: its attribute is a flag, which cannot say "off".
        Option("ttl", (5, 28), Ttl(inherit_wire="flag"), default="auto", fixed=("inherit",)),
        Option("tos", 6, IntOr(wire="u8", table={"inherit": 1}, base=16), default=0),
        Option("df", 29, Word(table={"unset": 0, "set": 1, "inherit": 2}), default="unset"),
        Option("flowlabel", 26, Int(wire="be32", high=0xFFFFF, rule="20 bits, RFC 8200 section 3"), default=0),
        Option("dstport", 15, PORT, in_place=False),
        Option("srcport", 10, PortRange(), in_place=False, default="0-0"),
        Option("learning", 7, Bool(style="no"), default=True),
        Option("proxy", 11, Bool(style="no"), in_place=False, default=False),
        Option("rsc", 12, Bool(style="no"), in_place=False, default=False),
        Option("l2miss", 13, Bool(style="no"), in_place=False, default=False),
        Option("l3miss", 14, Bool(style="no"), in_place=False, default=False),
        Option("udpcsum", 18, Bool(style="no"), in_place=False, default=True),
        Option("udp6zerocsumtx", 19, Bool(style="no"), in_place=False, default=False),
        Option("udp6zerocsumrx", 20, Bool(style="no"), in_place=False, default=False),
        Option("remcsumtx", 21, Bool(style="no"), in_place=False, default=False),
        Option("remcsumrx", 22, Bool(style="no"), in_place=False, default=False),
        Option("ageing", 8, Int(rule="seconds"), default=300),
        Option("maxaddress", 9, Int(), in_place=False, default=0),
        Option("external", 25, Bool(style="no"), in_place=False, default=False),
        Option("vnifilter", 30, Bool(style="no", false_when_absent=True), in_place=False, since="5.18", default=False),
        Option("gbp", 23, Flag(), in_place=False, default=False),
        Option("gpe", 27, Flag(), in_place=False, default=False),
        Option("localbypass", 31, Bool(style="no"), since="6.5", default=True),
        Option("vnis", None, Vnis(), at_create=False, since="5.18", dump="vnis"),
    ),
    unique=("vni", "dstport"),
    unique_defaults={"dstport": 8472},
    one_family=("local", "remote", "multicast_group"),
    needs_one_of=("vni", "external"),
    follows_socket=True,
    goes_with_lower=True,
)
