# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""List the options that every link has, whatever its kind (uapi/linux/if_link.h, IFLA_*).

Not here: ``state`` (IFLA_OPERSTATE), which the kernel changes with the carrier, so that what was asked for does not
last; ``xdp``, a program and no number; ``vf``, of which none of these kinds has any.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..table import Meaning, Option
from ..types.addresses import Mac, Token
from ..types.named_numbers import HostInt
from ..types.packed import AltNames
from ..types.simple import NONE, Bool, Choice, Int, Leaf, LinkName, Names, NetnsOf, Text


@dataclass(frozen=True)
class Index(Int):
    """A link's number in its namespace, which has no meaning on other hosts."""

    def by_itself(self, value: Any, options: Mapping[str, Any]) -> bool:
        return True


@dataclass(frozen=True)
class Alias(Text):
    """A string of at most so many bytes; the empty string takes it away."""

    wire: str = "raw"

    def to_leaf(self, value: Any, names: Names) -> Leaf:
        """Return the text, closed by a NUL byte where there is room for it (dev_set_alias())."""
        return str(value).encode().ljust(min(len(str(value).encode()) + 1, self.most), b"\0")

    def from_leaf(self, leaf: Leaf, names: Names) -> Any:
        return leaf.rstrip(b"\0").decode("utf-8", "replace") if isinstance(leaf, bytes) else str(leaf)


#: The link group that marks owned links: "nl" in ASCII.
MARK_GROUP = 0x6E6C

#: A link group, also by the host's names (/etc/iproute2/group), of which each host has this one.
GROUP = HostInt(high=2**31 - 1, table={"default": 0}, database="group")

#: netdevice.h: GSO_MAX_SIZE and GRO_MAX_SIZE, 8 * 65535; more than 65536 (BIG TCP) since Linux 5.19.
_BIG = Int(high=524280, rule="8 * 65535, the kernel's limit")

#: The link that a link is a port of.
MASTER = Option(
    name="master",
    attr=10,
    type=LinkName(negated=True),
    kept=True,
    aliases=("vrf",),
    means=(
        Meaning(errno=errno.EBUSY, sentence="", reason="{name} has links on it that take its frames: macvlan, ipvlan"),
    ),
)


class _AltNames(Option):
    apart = True


#: Alternative names of a link, by which it is found too.
ALTNAMES = _AltNames(
    name="altnames",
    attr=52,
    type=AltNames(),
    at_create=False,
    since="5.5",
    word="altname",
    aliases=("altname",),
    kept=True,
)


class _Mtu(Option):
    capped = True  # vlan_newlink(), macvlan_common_newlink(), macvlan_change_mtu()


#: Options in the link message itself. addrgenmode and the flags have a place of their own in that message; see FLAGS.
COMMON: tuple[Option, ...] = (
    _Mtu(
        name="mtu",
        attr=4,
        type=Int(low=0, high=2**31 - 1, rule="the kernel takes 0 for the kind's own limit"),
        kept=True,
    ),
    Option(name="mac", attr=1, type=Mac(unicast=True), word="address", aliases=("address", "lladdr"), kept=True),
    Option(name="broadcast", attr=2, type=Mac(), aliases=("brd",)),
    Option(name="alias", attr=20, type=Alias(most=255), at_create=False, kept=True),
    ALTNAMES,
    Option(name="txqueuelen", attr=13, type=Int(), aliases=("qlen", "txqlen"), kept=True),
    MASTER,
    Option(name="group", attr=27, type=GROUP, kept=True),
    # The operational state of a link with a carrier (Documentation/networking/operstates.rst).
    Option(
        name="linkmode",
        attr=17,
        type=Choice(table={"default": 0, "dormant": 1}),
        default="default",
        word="mode",
        kept=True,
    ),
    Option(name="gso_max_size", attr=41, type=_BIG, default=65536),
    Option(name="gso_max_segs", attr=40, type=Int(high=65535), default=65535),
    Option(name="gro_max_size", attr=58, type=_BIG, since="5.17", default=65536),
    Option(name="gso_ipv4_max_size", attr=63, type=_BIG, since="6.3", default=65536),
    Option(name="gro_ipv4_max_size", attr=64, type=_BIG, since="6.3", default=65536),
    # rtnl_create_link() does not read it.
    Option(name="protodown", attr=39, type=Bool(), at_create=False, default=False),
)

#: Options that are bits of ifi_flags (uapi/linux/if.h): name -> (bit, True where the bit means the opposite).
FLAGS: dict[str, tuple[int, bool]] = {
    "up": (0x1, False),
    "promiscuity": (0x100, False),
    "allmulticast": (0x200, False),
    "arp": (0x80, True),
    "multicast": (0x1000, False),
}
_FLAG_DEFAULTS = {"promiscuity": False, "allmulticast": False}
#: net/core/dev.c: __dev_change_net_namespace() sets a link down.
_FLAGS_MOVED = {"up": False}
FLAG_WORDS = {"promiscuity": "promisc"}
FLAG_OPTIONS: tuple[Option, ...] = tuple(
    Option(
        name=name,
        type=Bool(style="onoff"),
        default=_FLAG_DEFAULTS.get(name),
        word=FLAG_WORDS.get(name, name),
        aliases=(FLAG_WORDS[name],) if name in FLAG_WORDS else (),
        kept=name in ("up", "promiscuity", "allmulticast"),
        moved=_FLAGS_MOVED.get(name),
    )
    for name in FLAGS
)


class _AddrGenMode(Option):
    of_ipv6 = True

    def unexplained(self, value: Any) -> str:
        """Return the reason of net/ipv6/addrconf.c: check_stable_privacy()."""
        return "stable_secret needs the link's sysctl ipv6.stable_secret" if value == "stable_secret" else ""


class _Token(Option):
    apart = True
    of_ipv6 = True

    def unexplained(self, value: Any) -> str:
        """Return the reason of net/ipv6/addrconf.c: inet6_set_iftoken()."""
        return "it needs arp, and sysctls ipv6.accept_ra (2 where it forwards) and ipv6.router_solicitations not 0"


#: IFLA_AF_SPEC / AF_INET6 / IFLA_INET6_ADDR_GEN_MODE
ADDRGENMODE = _AddrGenMode(
    name="addrgenmode",
    attr=8,
    # systemd, NetworkManager and nmstate call the third so.
    type=Choice(
        table={"eui64": 0, "none": 1, "stable_secret": 2, "random": 3}, aliases={"stable-privacy": "stable_secret"}
    ),
    at_create=False,
    kept=True,
    moved="eui64",
)

#: IFLA_INET6_TOKEN beside it. Linux takes none while the link does not ask for routers (inet6_set_iftoken()), which
#: sysctls decide; before 5.13 it does not say so.
TOKEN = _Token(
    name="token",
    attr=7,
    type=Token(),
    at_create=False,
    last=True,
    kept=True,
    moved=NONE,
)

#: Both of them.
INET6: dict[str, Option] = {row.name: row for row in (ADDRGENMODE, TOKEN)}

#: The namespace that a tunnel's socket stays in, or where a lower link is: only a new link has it.
LINK_NETNS = Option(name="link_netns", type=NetnsOf(), in_place=False, word="link-netns", aliases=("link-netns",))

#: The kernel's number of the link. If it is left out, the collection takes a free one.
INDEX = Option(name="index", type=Index(low=2, high=2**31 - 1, rule="1 is lo"), in_place=False)

ALL: tuple[Option, ...] = (*COMMON, *FLAG_OPTIONS, *INET6.values(), LINK_NETNS, INDEX)

#: Defaults of a new link for options that the user leaves out. Existing links keep their values.
ON_CREATE: Mapping[str, Any] = {"up": True, "group": MARK_GROUP}

#: What is said of a new link alone, besides its attributes. The other end of a new pair has none of it.
ONCE = (LINK_NETNS.name, INDEX.name)
