# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Geneve (RFC 8926); attributes and rules from drivers/net/geneve.c and uapi/linux/if_link.h (IFLA_GENEVE_*)."""

from __future__ import annotations

from .addresses import Ip
from .header import ON_OFF, Tos, Ttl
from .packed import PortRange
from .table import Kind, Option, queues
from .types import NONE, Bool, Flag, Int, Word

VNI = Int(high=2**24 - 1, rule="24 bits, RFC 8926 section 3.4")
PORT = Int(wire="be16", low=1, high=65535, rule="a UDP port")

# geneve_changelink() refuses every attribute that has a "changelink" test in geneve_nl2info(), even an unchanged one.
GENEVE = Kind(
    name="geneve",
    options=(
        Option("vni", 1, VNI, in_place=False, word="id", aliases=("id",)),
        Option("remote", (2, 7), Ip(multicast=False)),
        Option("ttl", (3, 12), Ttl(), default="auto", aliases=("hoplimit",)),
        Option("tos", 4, Tos(), default=0, aliases=("dsfield",)),
        Option("df", 13, Word(table={"unset": 0, "set": 1, "inherit": 2}, aliases=ON_OFF), default="unset"),
        Option(
            "flowlabel",
            11,
            Int(wire="be32", high=0xFFFFF, rule="20 bits, RFC 8200 section 3"),
            default=0,
            aliases=("label",),
        ),
        Option("dstport", 5, PORT, in_place=False),
        Option("srcport", 15, PortRange(), in_place=False, since="6.15", default="1-65535"),
        Option("external", 6, Flag(), in_place=False, default=False),
        # geneve_nl2info(): one flag in the kernel, told by the attribute of the remote's family.
        Option("udpcsum", 8, Bool(style="no"), in_place=False, family=4),
        Option("udp6zerocsumtx", 9, Bool(style="no"), in_place=False, family=6),
        Option("udp6zerocsumrx", 10, Bool(style="no"), in_place=False),
        *queues(),
        Option("innerprotoinherit", 14, Flag(), in_place=False, since="5.18", default=False),
    ),
    unique=("vni", "remote", "dstport"),
    one_family=("remote",),
    unique_defaults={"dstport": lambda _options: 6081, "remote": lambda _options: NONE},
    family_of="remote",
    # Without a remote the kernel makes a link that sends to 0.0.0.0 (ip/iplink_geneve.c: geneve_parse_opt() refuses).
    needs_one_of=(("vni", "external"), ("remote", "external")),
    said_again=("vni",),  # the same function; the kernel takes it where it is the same
    follows_socket=True,
    # Up to Linux 6.18 geneve_link_ops has no get_link_net: where the socket is cannot be read back.
    tells_netns=False,
)
