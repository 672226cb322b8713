# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Addresses of links (uapi/linux/if_addr.h, IFA_*)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

from ..failure import Refused
from ..table import Option
from ..types.addresses import Address, Prefix, ip
from ..types.named_numbers import Scope
from ..types.simple import NONE, Bool, Int, LinkName, Text, Type, whole_number
from .object_type import Key, ObjectType, Options

#: Options that are bits of IFA_FLAGS. An IPv4 address keeps those it was made with (devinet.c: inet_rtm_newaddr).
FLAGS = {"noprefixroute": 0x200, "nodad": 0x02, "home": 0x10, "mngtmpaddr": 0x100, "autojoin": 0x400}

#: IFA_F_OPTIMISTIC, a flag that the kernel takes away when duplicate address detection is done (RFC 4429).
OPTIMISTIC, OPTIMISTIC_FLAG = "optimistic", 0x04

#: Flags of IPv6. An IPv4 address loses them in newer kernels (seen on 6.18), and has no use for them in older ones.
OF_IPV6 = ("nodad", "home", "mngtmpaddr", OPTIMISTIC)

#: What the kernel gives lo when that is set up, in a new namespace while ours is on its way: adding is replacing.
OF_LO = (("lo", "127.0.0.1/8"), ("lo", "::1/128"))

FOREVER = "forever"
#: The others are systemd's and nmstate's words.
FOREVER_WORDS = (FOREVER, "infinity", "infinite")
#: The kernel's number for it (include/net/addrconf.h: INFINITY_LIFE_TIME).
INFINITY = 2**32 - 1


@dataclass(frozen=True)
class Lifetime(Type):
    """Seconds that are left of an address when it is set (``30``, ``30sec``), or ``forever``.

    They count down. A current value of at least half the desired one counts as equal; a lower one is set again.
    ``forever`` and 0 do not count down.
    """

    wire: str = ""
    low: int = 0
    high: int = INFINITY - 1

    @property
    def takes(self) -> str:
        return f"`forever` or {self.low} to {self.high} (seconds)"

    def parse(self, value: Any) -> str | int:
        if str(value) in FOREVER_WORDS or value == INFINITY:
            return FOREVER
        try:
            # ip address and nmstate write them with the unit.
            number = whole_number(re.sub(r"(?<=[0-9])\s*(s|secs?)$", "", value) if isinstance(value, str) else value)
        except ValueError:
            raise ValueError(f"{value!r} is neither a number of seconds nor {FOREVER}") from None
        if not self.low <= number <= self.high:
            raise ValueError(f"{number} is not within {self.low}..{self.high} (seconds)")
        return number

    def same(self, wanted: Any, found: Any) -> bool:
        if FOREVER in (wanted, found) or wanted == 0:
            return bool(wanted == found)
        return bool(wanted <= 2 * found and found <= wanted)


@dataclass(frozen=True)
class Peer(Address):
    """The address of the other end, with or without the prefix length that both have."""

    takes = "An address, with or without the prefix length"

    def parse(self, value: Any) -> str:
        return str(Prefix(host_bits=True).parse(value)) if "/" in str(value) else super().parse(value)


@dataclass(frozen=True)
class AtFirst(Bool):
    """An option that only a new object gets and later loses, so it never differs from the current state."""

    style: str = "flag"

    def same(self, wanted: Any, found: Any) -> bool:
        return True


@dataclass(frozen=True)
class Broadcast(Type):
    """An IPv4 broadcast address, ``+`` or ``-`` for all host bits one or zero, or ``none``."""

    wire: str = "raw"
    takes = "An IPv4 address, `+` (all host bits one), `-` (all host bits zero) or `none`"

    @property
    def nothing(self) -> str:
        return NONE

    def parse(self, value: Any) -> str:
        if str(value) in ("+", "-"):
            return str(value)
        if value in ("", NONE):
            return NONE
        address = ip(value)
        if ":" in address:
            raise ValueError(f"{address} is no IPv4 address")
        return address

    def absent(self) -> Any:
        return NONE

    def words(self, word: str, value: Any) -> list[str]:
        return [] if value == NONE else [word, value]


def _check_family(where: str, interface: Any, options: dict[str, Any]) -> None:
    """Raise Refused for options of the other family, and for options that exclude each other."""
    if interface.version == 6 and options.get("scope", scope := _scope_of(interface.ip)) != scope:
        raise Refused(
            object=where,
            option="scope",
            reason=f"the kernel gives this address the scope {scope}, and an IPv6 one no other",
            advice="Leave scope out",
        )
    if interface.ip.is_unspecified:
        raise Refused(
            object=where,
            option="address",
            reason=f"{interface.ip} is no address that a link can have",
            advice="Give a unicast address",
        )
    for name in OF_IPV6 if interface.version == 4 else ():
        if options.get(name):
            raise Refused(object=where, option=name, reason="is for IPv6 addresses only", advice="Leave the option out")
    if options.get(OPTIMISTIC) and options.get("nodad"):
        raise Refused(object=where, option=OPTIMISTIC, reason="excludes nodad", advice="Give one of them")


def _is_loopback(key: Key) -> bool:
    return key[2].startswith("127.")


def _with_peer(where: str, address: str, peer: str) -> tuple[str, str]:
    """Return an address with the prefix length that stands at its peer, where iproute2 has it; raise Refused."""
    local, _slash, length = address.partition("/")
    other, _slash, peers = peer.partition("/")
    if length not in (peers, "128" if ":" in local else "32"):
        raise Refused(
            object=where,
            option="peer",
            reason=f"{peer} has another prefix length than the address, and they have one together",
            advice="Give both the same prefix length",
        )
    return f"{local}/{peers}", other


def _scope_of(address: Any) -> str:
    """Return the scope of an IPv6 address (net/ipv6/addrconf_core.c: __ipv6_addr_type(), addrconf.c: rt_scope())."""
    if address.is_loopback:
        return "host"
    if address.is_multicast:
        return {1: "host", 2: "link", 5: "site"}.get(address.packed[1] & 15, "global")
    return "link" if address.is_link_local else "site" if address.is_site_local else "global"


def _broadcast(word: str, network: Any) -> str:
    """Return the address that a word stands for; a prefix of one or two addresses has none, as in ``ip address``."""
    if word not in ("+", "-"):
        return word
    if network.prefixlen > 30:
        return NONE
    return str(network.broadcast_address if word == "+" else network.network_address)


class Addresses(ObjectType):
    """Hooks and traits of Addresses."""

    primary = True

    def expanded(self, item: Any) -> Any:
        return item if isinstance(item, Mapping) else {"address": item}

    def shortened(self, item: dict[str, Any]) -> Any:
        return item["address"] if len(item) == 1 else item

    def defaults_of_new(self, key: Key, options: Options) -> Options:
        """Return the scope that iproute2 gives a new address (ip/ipaddress.c: default_scope())."""
        return {"scope": "host"} if _is_loopback(key) else {}

    def settle(self, parts: dict[str, Any], options: dict[str, Any]) -> Key:
        """Settle what ``+`` and ``-`` stand for, and refuse what no address has; raise Refused."""
        where = f"address {parts['address']} on {parts['dev']}"
        if "/" in options.get("peer", ""):
            parts["address"], options["peer"] = _with_peer(where, parts["address"], options["peer"])
        interface = ipaddress.ip_interface(parts["address"])
        if "peer" in options and (":" in options["peer"]) != (interface.version == 6):
            raise Refused(
                object=where,
                option="peer",
                reason=f"{options['peer']} is not of the address family of the address",
                advice="Give addresses of one family",
            )
        if "broadcast" in options:
            if interface.version == 6:
                raise Refused(object=where, option="broadcast", reason="IPv6 has none", advice="Leave the option out")
            options["broadcast"] = _broadcast(options["broadcast"], interface.network)
        _check_family(where, interface, options)
        valid, preferred = (options.get(name, FOREVER) for name in ("valid_lft", "preferred_lft"))
        if options.get("label") == parts["dev"]:
            options["label"] = ""  # the kernel's own label of an address
        if interface.version == 4 and valid == FOREVER and preferred not in (FOREVER, 0):
            # devinet.c: check_lifetime() ignores addresses that are valid for ever.
            raise Refused(
                object=where,
                option="preferred_lft",
                reason=f"{preferred} seconds need a valid_lft, an IPv4 address has none by itself",
                advice="Set valid_lft",
            )
        if "preferred_lft" in options and valid != FOREVER and (preferred == FOREVER or preferred > valid):
            raise Refused(
                object=where,
                option="preferred_lft",
                reason=f"{preferred} is longer than valid_lft {valid}",
                advice="Give a preferred_lft of at most valid_lft",
            )
        return tuple(str(part) for part in parts.values())

    def correct_item(self, key: Key, item: dict[str, Any]) -> None:
        """Tell the scope of an address that would get another one."""
        if _is_loopback(key):
            item.setdefault("scope", "global")

    def place(self, key: Key) -> Optional[Key]:
        """Return an IPv6 address without its length: a link has it once (net/ipv6/addrconf.c: ipv6_add_addr())."""
        return (*key[:2], key[2].partition("/")[0]) if ":" in key[2] else None


ADDRESS = Addresses(
    name="address",
    plural="addresses",
    label="address {2} on {1}",
    nested="addresses",
    ip=2,
    keys=(
        Option(name="dev", type=LinkName()),
        Option(name="address", type=Prefix(host_bits=True), aliases=("local",)),
    ),
    options=(
        Option(name="peer", type=Peer(), in_place=False),
        Option(name="scope", type=Scope(), default="global", in_place=False),
        Option(name="label", attr=3, type=Text(most=15), in_place=False),
        # IPv6 takes 0 as "do not change" (net/ipv6/addrconf.c: inet6_addr_modify()).
        Option(
            name="metric", attr=9, type=Int(if_absent=0), default=0, only_new=(0,), aliases=("priority", "preference")
        ),
        Option(name="broadcast", attr=4, type=Broadcast(), in_place=False, word="brd", aliases=("brd",)),
        Option(name="valid_lft", type=Lifetime(low=1), default=FOREVER),
        Option(name="preferred_lft", type=Lifetime(), default=FOREVER),
        *(Option(name=name, type=Bool(style="flag"), default=False, in_place=False) for name in FLAGS),
        Option(name=OPTIMISTIC, type=AtFirst(), default=False, gathered=False),
    ),
)
