# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Geneve (RFC 8926); attributes and rules from drivers/net/geneve.c and uapi/linux/if_link.h (IFLA_GENEVE_*)."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import Any, Callable

from ..table import Kind, Meaning, Moot, Option, queues
from ..types.addresses import Ip
from ..types.named_numbers import ON_OFF, Tos, Ttl
from ..types.packed import PortRange
from ..types.simple import NONE, Bool, Choice, Flag, Int, Look

VNI = Int(high=2**24 - 1, rule="24 bits, RFC 8926 section 3.4")
PORT = Int(wire="be16", low=1, high=65535, rule="a UDP port")

#: geneve_configure(). Where the socket of a link in another namespace is, the kernel does not tell.
_TAKEN = (
    Meaning(
        errno=errno.EBUSY,
        sentence="",
        reason="a geneve link, perhaps in another namespace, has this vni, remote and dstport",
    ),
)

#: What geneve_configure() refuses with ``external`` (is_tnl_info_zero()), or takes and keeps nothing of.
_OF_EACH_PACKET = "an external link has none: the header of each packet says it"


class Geneve(Kind):
    """Hooks and traits of Geneve."""

    unique = ("vni", "remote", "dstport")
    one_family = ("remote",)
    trial = ("id", "1", "remote", "192.0.2.1")
    # Without a remote the kernel makes a link that sends to 0.0.0.0 (ip/iplink_geneve.c: geneve_parse_opt() refuses).
    needs_one_of = (("vni", "external"), ("remote", "external"))
    repeated = ("vni",)  # the same function; the kernel takes it where it is the same
    follows_socket = True
    # Up to Linux 6.18 geneve_link_ops has no get_link_net: where the socket is cannot be read back.
    tells_netns = False

    def settle(self, options: dict[str, Any], there: Callable[[], Mapping[str, Any]], look: Look) -> None:
        """Remove values that say nothing because their option does not apply to this link."""
        rows = [row for row in self.at_times_moot if row.name in options and row.idle(options[row.name])]
        if not rows:
            return
        # To look for the link takes a walk over all of the host's.
        case = self.case(options if "remote" in options or options.get("external") else {**there(), **options})
        for row in rows:
            if case in row.moot and options[row.name] in row.moot[case].idle:
                del options[row.name]

    def case(self, options: Mapping[str, Any]) -> str:
        """Return the family that a link sends by, or ``external`` where the header of each packet decides."""
        if options.get("external"):
            return "external"
        remote = options.get("remote", NONE)
        return "" if remote == NONE else "ipv6" if ":" in remote else "ipv4"

    def assumed(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        # VNI and remote are left out with external alone.
        return {"vni": 0, "dstport": 6081, "remote": NONE}


# geneve_changelink() refuses every attribute that has a "changelink" test in geneve_nl2info(), even an unchanged one.
GENEVE = Geneve(
    name="geneve",
    options=(
        Option(
            name="vni",
            attr=1,
            type=VNI,
            in_place=False,
            word="id",
            aliases=("id",),
            moot={"external": Moot(why=_OF_EACH_PACKET, taken=(0,))},
            means=_TAKEN,
        ),
        Option(
            name="remote",
            attr=(2, 7),
            type=Ip(multicast=False),
            moot={"external": Moot(why=_OF_EACH_PACKET, taken=(NONE,))},
        ),
        Option(
            name="ttl",
            attr=(3, 12),
            type=Ttl(),
            default="auto",
            aliases=("hoplimit",),
            moot={"external": Moot(why=_OF_EACH_PACKET, taken=("auto", "inherit"))},
        ),
        Option(
            name="tos",
            attr=4,
            type=Tos(),
            default=0,
            aliases=("dsfield",),
            moot={"external": Moot(why=_OF_EACH_PACKET, taken=(0,))},
        ),
        Option(
            name="df", attr=13, type=Choice(table={"unset": 0, "set": 1, "inherit": 2}, aliases=ON_OFF), default="unset"
        ),
        Option(
            name="flowlabel",
            attr=11,
            type=Int(wire="be32", high=0xFFFFF, rule="20 bits, RFC 8200 section 3"),
            default=0,
            aliases=("label",),
            moot={
                "ipv4": Moot(why="is for an IPv6 remote, and {remote} is not one", taken=(0,)),
                "external": Moot(why=_OF_EACH_PACKET, taken=(0,)),
            },
        ),
        Option(name="dstport", attr=5, type=PORT, in_place=False),
        Option(name="srcport", attr=15, type=PortRange(), in_place=False, since="6.15", default="1-65535"),
        Option(name="external", attr=6, type=Flag(), in_place=False, default=False),
        # geneve_nl2info(): one flag in the kernel, told by the attribute of the remote's family (geneve_fill_info()).
        Option(
            name="udpcsum",
            attr=8,
            type=Bool(style="no"),
            in_place=False,
            moot={
                "ipv6": Moot(why="is for an IPv4 remote, and {remote} is not one", idle=(False,)),
                "external": Moot(why=_OF_EACH_PACKET, idle=(False,)),
            },
        ),
        Option(
            name="udp6zerocsumtx",
            attr=9,
            type=Bool(style="no"),
            in_place=False,
            moot={
                "ipv4": Moot(why="is for an IPv6 remote, and {remote} is not one", idle=(False,)),
                "external": Moot(why=_OF_EACH_PACKET, idle=(False,)),
            },
        ),
        # A flag of its own, true but for an IPv6 remote. By IPv4 no such packet comes; an external link listens on
        # both, and takes them (geneve_create_sock()).
        Option(
            name="udp6zerocsumrx",
            attr=10,
            type=Bool(style="no"),
            in_place=False,
            moot={
                "ipv4": Moot(why="is for an IPv6 remote, and {remote} is not one", taken=(True,), idle=(False,)),
                "external": Moot(why="an external link takes packets without a checksum always", taken=(True,)),
            },
        ),
        *queues(),
        Option(name="innerprotoinherit", attr=14, type=Flag(), in_place=False, since="5.18", default=False),
    ),
)
