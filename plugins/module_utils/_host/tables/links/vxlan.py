# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""VXLAN (RFC 7348); attributes and rules: drivers/net/vxlan/vxlan_core.c, uapi/linux/if_link.h (IFLA_VXLAN_*).

Not here: ``mc_route`` (Linux 6.17), which the kernel takes and never tells (vxlan_fill_info(), up to 6.18).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Callable, Optional

from ..table import Kind, Moot, Option, queues
from ..types.addresses import Ip, no_address
from ..types.named_numbers import ON_OFF, Tos, Ttl
from ..types.packed import FlowLabel, PortRange
from ..types.ranges import Vnis
from ..types.simple import NONE, Bool, Choice, Flag, Int, Leaf, LinkName, Look, NamedInt, Names, Type, whole_number

VNI = Int(high=2**24 - 1, rule="24 bits, RFC 7348 section 5")
PORT = Int(wire="be16", high=65535, rule="a UDP port; 0 is the kernel's default")

#: vxlan_config_apply() takes these where it is given no port, or 0: the module's parameter udp_port, or IANA's for GPE.
#: What it then tells is the port.
DEFAULT_PORT, GPE_PORT = 8472, 4790

_USED = 0x08000000FFFFFF00  # include/net/vxlan.h: VXLAN_HF_VNI and VXLAN_VNI_MASK
_USED_BY = {"remcsumrx": 0x00200000000000FF, "gbp": 0x80FFFFFF00000000, "gpe": 0x350000FF00000000}


@dataclass(frozen=True)
class Ageing(NamedInt):
    """Seconds, of which the kernel takes none (0) for its default."""

    def parse(self, value: Any) -> int:
        return super().parse("none" if value == 0 and value is not False else value)


@dataclass(frozen=True)
class ReservedBits(Type):
    """The header's bits that must be zero, as a number of 64 bits: ``0x`` and 16 hexadecimal digits."""

    wire: str = "raw"
    takes = "The reserved bits of the header as a number of 64 bits"

    def parse(self, value: Any) -> str:
        number = whole_number(value)
        if not 0 <= number < 2**64:
            raise ValueError(f"{value!r} is not a number of 64 bits")
        return f"{number:#018x}"

    def to_leaf(self, value: Any, names: Names) -> Leaf:
        return int(value, 16).to_bytes(8, "big")

    def from_leaf(self, leaf: Leaf, names: Names) -> Any:
        return f"0x{leaf.hex()}" if isinstance(leaf, bytes) else str(leaf)

    def by_itself(self, value: Any, options: Mapping[str, Any]) -> bool:
        """Tell whether these are the bits that no feature uses: what vxlan_nl2conf() takes when it is not asked.

        An attribute of remcsumrx counts as that feature even when it says no.
        """
        used = _USED
        for feature, bits in _USED_BY.items():
            used |= bits if options.get(feature) else 0
        return int(value, 16) in (~used & (2**64 - 1), ~(used | _USED_BY["remcsumrx"]) & (2**64 - 1))


def default_port(options: Mapping[str, Any]) -> int:
    """Return the port of a link that is given none."""
    return GPE_PORT if options.get("gpe") else DEFAULT_PORT


_ADDRESSES = ("local", "remote", "multicast_group")
_REMOTES = ("remote", "multicast_group")


#: How a link takes packets in (include/net/vxlan.h: VXLAN_F_RCV_FLAGS).
_RECEIVING = ("external", "gbp", "gpe", "remcsumrx", "udp6zerocsumrx", "vnifilter")
_ANY_RECEIVING = frozenset(_RECEIVING)


def _receives(options: Mapping[str, Any]) -> str:
    # Nearly no link says anything of it.
    if _ANY_RECEIVING.isdisjoint(options):
        return ""
    return " ".join(name for name in _RECEIVING if options.get(name))


class Vxlan(Kind):
    """Hooks and traits of VXLAN."""

    unique = ("vni", "dstport")
    one_family = _ADDRESSES
    needs_one_of = (("vni", "external"),)
    always_sent = ("learning",)
    trial = ("id", "1", "remote", "192.0.2.1", "dstport", "4789")
    follows_socket = True
    goes_with_lower = True

    def settle(self, options: dict[str, Any], there: Callable[[], Mapping[str, Any]], look: Look) -> None:
        """Put the port that 0 stands for in its place."""
        if options.get("dstport") != 0:
            return
        of_the_link = options if "gpe" in options else there()
        port = default_port(of_the_link)
        options["dstport"] = port if port == GPE_PORT else look("parameters of vxlan", "udp_port") or port

    def assumed(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"vni": 0, "dstport": default_port(options)}  # a VNI is left out with external alone

    def case(self, options: Mapping[str, Any]) -> str:
        """Return the family that a link sends by: without an address it is IPv4 (vxlan_nl2conf())."""
        return "ipv6" if any(":" in options.get(name, "") for name in _ADDRESSES) else "ipv4"

    def told_apart(self, options: Mapping[str, Any]) -> Optional[str]:
        """Return the properties of the socket, of which each has VNIs of its own; None for a link that filters.

        vxlan_vni_in_use() asks a link that filters by its table of VNIs, and not by its own. A link with a link-local
        address shares no VNI with links on other lower devices.
        """
        if options.get("vnifilter"):
            return None
        family = self.case(options)
        scoped = family == "ipv6" and options.get("local", "").startswith("fe80:")
        return f"{family} {_receives(options)} {options.get('dev', NONE) if scoped else ''}"

    def listens(self, options: Mapping[str, Any]) -> Optional[tuple[list[tuple[str, int, str]], str]]:
        """Return the sockets of a link that is up, and its receive options (vxlan_sock_add(), vxlan_find_sock())."""
        port = options.get("dstport") or default_port(options)
        families = ("ipv6", "ipv4") if options.get("external") else (self.case(options),)
        return [(family, port, options.get("dev", NONE)) for family in families], _receives(options)

    def defaults_of_new(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        # ip/iplink_vxlan.c: vxlan_parse_opt(). A link that sends by a route's header has no use for learned addresses.
        return {"learning": False} if options.get("external") is True else {}

    def steps(self, options: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Give up the remote before another lower device is set.

        vxlan_changelink() puts that into the default FDB entry only where it makes the entry anew.
        """
        old = [options[name] for name in _REMOTES if options.get(name, NONE) != NONE] if "dev" in options else []
        return [{_REMOTES[0]: no_address(old[-1])}, options] if old else [options]

    def sent_with(self, names: Collection[str]) -> tuple[str, ...]:
        return _REMOTES if "dev" in names else ()


class _FlowLabel(Option):
    newer = (("inherit", "6.8"),)


VXLAN = Vxlan(
    name="vxlan",
    options=(
        Option(name="vni", attr=1, type=VNI, in_place=False, word="id", aliases=("id",)),
        Option(name="remote", attr=(2, 16), type=Ip(multicast=False)),
        Option(name="multicast_group", attr=(2, 16), type=Ip(multicast=True, none_word="remote"), word="group"),
        Option(name="local", attr=(4, 17), type=Ip(multicast=False)),
        # vxlan_changelink() takes another link, and passes over none.
        Option(name="dev", attr=3, type=LinkName(), only_new=(NONE,)),
        # vxlan_nl2conf() refuses to change TTL_INHERIT: its attribute is a flag, which cannot say "off".
        Option(
            name="ttl",
            attr=(5, 28),
            type=Ttl(inherit_wire="flag"),
            default="auto",
            fixed=("inherit",),
            aliases=("hoplimit",),
        ),
        Option(name="tos", attr=6, type=Tos(), default=0, aliases=("dsfield",)),
        Option(
            name="df", attr=29, type=Choice(table={"unset": 0, "set": 1, "inherit": 2}, aliases=ON_OFF), default="unset"
        ),
        _FlowLabel(
            name="flowlabel",
            attr=(26, 32),
            type=FlowLabel(),
            default=0,
            aliases=("label",),
            # vxlan_config_validate() refuses all else.
            moot={"ipv4": Moot(why="is for IPv6, and neither remote, group nor local is", taken=(0,))},
        ),
        Option(name="dstport", attr=15, type=PORT, in_place=False),
        Option(name="srcport", attr=10, type=PortRange(), in_place=False, default="0-0"),
        Option(name="proxy", attr=11, type=Bool(style="no"), in_place=False, default=False),
        Option(name="rsc", attr=12, type=Bool(style="no"), in_place=False, default=False),
        Option(name="l2miss", attr=13, type=Bool(style="no"), in_place=False, default=False),
        Option(name="l3miss", attr=14, type=Bool(style="no"), in_place=False, default=False),
        Option(name="udpcsum", attr=18, type=Bool(style="no"), in_place=False, default=True),
        Option(name="udp6zerocsumtx", attr=19, type=Bool(style="no"), in_place=False, default=False),
        Option(name="udp6zerocsumrx", attr=20, type=Bool(style="no"), in_place=False, default=False),
        Option(name="remcsumtx", attr=21, type=Bool(style="no"), in_place=False, default=False),
        Option(name="remcsumrx", attr=22, type=Bool(style="no"), in_place=False, default=False),
        # vxlan_dev_configure() takes 0 for the default, so that is what it says here: there is no never.
        Option(name="ageing", attr=8, type=Ageing(low=1, rule="seconds", table={"0": 300, "none": 300}), default=300),
        Option(name="maxaddress", attr=9, type=NamedInt(table={"unlimited": 0}), in_place=False, default=0),
        Option(name="external", attr=25, type=Bool(style="no"), in_place=False, default=False),
        # Behind external, which says nolearning to iproute2: the last word counts.
        Option(name="learning", attr=7, type=Bool(style="no"), default=True),
        Option(
            name="vnifilter",
            attr=30,
            type=Bool(style="no", false_when_absent=True),
            in_place=False,
            since="5.18",
            default=False,
        ),
        Option(name="gbp", attr=23, type=Flag(), in_place=False, default=False),
        Option(name="gpe", attr=27, type=Flag(), in_place=False, default=False),
        Option(name="localbypass", attr=31, type=Bool(style="no"), since="6.5", default=True),
        *queues(),
        Option(name="vnis", type=Vnis(), at_create=False, since="5.18", dump="vnis"),
        Option(name="reserved_bits", attr=33, type=ReservedBits(), in_place=False, since="6.14"),
    ),
    # ip/iplink_vxlan.c: vxlan_parse_opt() refuses both, and the kernel tells VNI 0 of an external link.
    # vxlan_nl2conf() and vxlan_vnifilter_process() have no sentence for the others.
    only_with={"vni": ("external", False), "vnifilter": ("external", True), "vnis": ("vnifilter", True)},
)
