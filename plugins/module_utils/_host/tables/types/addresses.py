# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Types of addresses: Ethernet, IPv4 and IPv6."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .base import quoted
from .simple import NONE, UNSET, Attr, Leaf, Lines, Names, Type

#: Addresses remembered. The VTEPs of a fabric come again with each FDB entry and route.
CACHED = 4096

#: As iproute2 reads it (lib/ll_addr.c): a byte may be one digit.
_MAC = re.compile(r"[0-9a-f]{1,2}([:-])[0-9a-f]{1,2}(\1[0-9a-f]{1,2}){4}")
#: As switches write it, and systemd reads it too (systemd.netdev(5), MACAddress=).
_DOTTED = re.compile(r"[0-9a-f]{4}(\.[0-9a-f]{4}){2}")


def mac(value: Any) -> str:
    """Return an Ethernet address in lower case with colons; raise ValueError."""
    text = str(value).strip().lower()
    if _MAC.fullmatch(text):
        return text.replace("-", ":") if len(text) == 17 else ":".join(part.zfill(2) for part in re.split("[:-]", text))
    if _DOTTED.fullmatch(text):
        return bytes.fromhex(text.replace(".", "")).hex(":")
    raise ValueError(f"{value!r} is not an Ethernet address (six pairs of hexadecimal digits, quoted in YAML)")


@dataclass(frozen=True)
class Mac(Type):
    """An Ethernet address; ``unicast`` refuses group and all-zero addresses."""

    wire: str = "raw"
    unicast: bool = False
    among: tuple[str, ...] = ()  # the only ones that the kernel takes

    @property
    def nothing(self) -> str:
        return NONE

    def parse(self, value: Any) -> str:
        address = mac(value)
        if self.unicast and (int(address[:2], 16) & 1 or address == "00:00:00:00:00:00"):
            raise ValueError(f"{address} is not a unicast address (IEEE 802: lowest bit of the first byte must be 0)")
        if self.among and address not in self.among:
            raise ValueError(f"{address} is not one of {', '.join(self.among)}")
        return address

    def to_leaf(self, value: Any, names: Names) -> Leaf:
        return bytes.fromhex(value.replace(":", ""))

    def from_leaf(self, leaf: Leaf, names: Names) -> Any:
        if not isinstance(leaf, bytes) or (self.unicast and not any(leaf)):
            return NONE
        return leaf.hex(":")

    @property
    def takes(self) -> str:
        return f"One of {quoted(self.among)}" if self.among else f"A {'unicast ' if self.unicast else ''}MAC address"


@dataclass(frozen=True)
class Token(Type):
    """The last 64 bits of addresses that a link gives itself, such as ``::5``; ``none`` leaves them to the kernel."""

    wire: str = "raw"
    takes = "The last 64 bits of the link's own IPv6 addresses, such as `::5`, or `none`"

    @property
    def nothing(self) -> str:
        return NONE

    def parse(self, value: Any) -> str:
        if value in ("", NONE):
            return NONE
        try:
            address = ipaddress.IPv6Address(str(value).strip())
        except ValueError:
            raise ValueError(f"{value!r} is not an IPv6 address such as ::5, which a token is") from None
        if int(address) >> 64:
            raise ValueError(f"{address} has more than the last 64 bits, and the first are a router's to give")
        return str(address) if int(address) else NONE

    def encode(self, attrs: Sequence[int], value: Any, names: Names) -> list[Attr]:
        return []  # within IFLA_AF_SPEC: see wires/link_wire.py

    def from_leaf(self, leaf: Leaf, names: Names) -> Any:
        return str(ipaddress.IPv6Address(leaf)) if isinstance(leaf, bytes) and any(leaf) else NONE

    def words(self, word: str, value: Any) -> list[str]:
        return []

    def lines(self, dev: str, old: Any, new: Any) -> Lines:
        return [], [["ip", "token", "set", "::" if new == NONE else new, "dev", dev]]


def ip(value: Any) -> str:
    """Return an IPv4 or IPv6 address in its canonical text form (RFC 5952); raise ValueError."""
    text = str(value).strip()
    if "%" in text:
        raise ValueError(f"{text!r} has a link in it: its name stands in an option of its own")
    try:
        return _canonical(text)
    except ValueError:
        raise ValueError(f"{value!r} is not an IPv4 or IPv6 address") from None


@lru_cache(maxsize=CACHED)
def _canonical(text: str) -> str:
    return str(_address(text))


@lru_cache(maxsize=CACHED)
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(text)


def is_unspecified(value: str) -> bool:
    """Tell whether a canonical address is the unspecified one of its family."""
    return _address(value).is_unspecified


def is_group(value: str) -> bool:
    """Tell whether a canonical address is a multicast one."""
    return _address(value).is_multicast


def packed_ip(value: str) -> bytes:
    """Return the 4 or 16 bytes of a canonical address."""
    return _address(value).packed


@lru_cache(maxsize=CACHED)
def ip_text(payload: bytes) -> str:
    """Return the canonical text of 4 or 16 bytes."""
    return str(ipaddress.ip_address(payload))


_NO_IPV4 = str(ipaddress.IPv4Address(0))


def no_address(instead_of: str) -> str:
    """Return the unspecified address of the family of another address."""
    return "::" if ":" in instead_of else _NO_IPV4


@dataclass(frozen=True)
class Ip(Type):
    """An address whose families have an attribute each (IPv4 first), or share one; ``none`` where allowed."""

    wire: str = "raw"
    none: bool = True
    multicast: bool | None = None
    none_word: str = ""  # iproute2's word to remove the address with, where its own word cannot

    @property
    def nothing(self) -> str:
        return NONE

    @property
    def wires(self) -> tuple[str, ...]:
        return ("raw", "raw")

    def parse(self, value: Any) -> str:
        if self.none and value in ("", NONE, "any"):
            return NONE
        address = ip(value)
        parsed = _address(address)
        if self.none and parsed.is_unspecified:
            return NONE
        if self.multicast is not None and parsed.is_multicast != self.multicast:
            raise ValueError(f"{address} is {'not ' if self.multicast else ''}a multicast address")
        return address

    def encode(self, attrs: Sequence[int], value: Any, names: Names) -> list[Attr]:
        if value == NONE:
            return [(attrs[0], "raw", bytes(4))]
        return [(attrs[-1] if ":" in value else attrs[0], "raw", packed_ip(value))]

    def encode_change(self, attrs: Sequence[int], old: Any, new: Any, names: Names) -> list[Attr]:
        """None is that of the family that there is: vxlan_nl2conf() takes no other."""
        none_of_six = new == NONE and ":" in str(old)
        return [(attrs[-1], "raw", bytes(16))] if none_of_six else self.encode(attrs, new, names)

    def decode(self, attrs: Sequence[int], found: Mapping[int, bytes], names: Names) -> Any:
        for attr in attrs:
            payload = found.get(attr)
            if payload is None or (self.none and not any(payload)):
                continue
            text = ip_text(payload)
            # A unicast and a multicast option may share one attribute: each sees only its own.
            if self.multicast is None or _address(text).is_multicast == self.multicast:
                return text
        return NONE if self.none else UNSET

    def words(self, word: str, value: Any) -> list[str]:
        # A socket of IPv6 does not lose its address in place, so none is one of IPv4 (ip/iplink_vxlan.c refuses "any").
        return [self.none_word or word, _NO_IPV4] if value == NONE else [word, value]

    @property
    def takes(self) -> str:
        sort = {True: "A multicast", False: "A unicast", None: "An"}[self.multicast]
        return f"{sort} IPv4 or IPv6 address{', or `none`' if self.none else ''}"


@dataclass(frozen=True)
class Prefix(Type):
    """An address with its prefix length; ``host_bits`` keeps bits beyond the prefix.

    Elsewhere the kernel refuses them in IPv4 routes (fib_valid_key_len()), and takes them off IPv6 ones
    (ip6_route_info_create()).
    """

    wire: str = "raw"
    host_bits: bool = False

    def parse(self, value: Any) -> str:
        text = _whole(str(value).strip())
        try:
            if self.host_bits:
                return str(ipaddress.ip_interface(text))
            return str(ipaddress.ip_network(text, strict=":" not in text))
        except ValueError as why:
            raise ValueError(f"{value!r} is not an address with a prefix length: {why}") from None

    @property
    def takes(self) -> str:
        return f"An address with its prefix length, such as `192.0.2.{1 if self.host_bits else 0}/24`"


_SHORT = re.compile(r"^[0-9]+(\.[0-9]+){0,2}(?=/)")


def _whole(text: str) -> str:
    """Return a prefix with the bytes that were left out as iproute2 takes it: ``10/8`` is 10.0.0.0/8; no IPv6 zone."""
    if "%" in text:
        raise ValueError(f"{text!r} has a link in it: its name stands in dev")
    return _SHORT.sub(lambda short: short[0] + ".0" * (3 - short[0].count(".")), text)


@dataclass(frozen=True)
class Selected(Prefix):
    """A prefix or an address to select packets by; ``all`` selects none."""

    takes = "A prefix or an address, or `all` for no condition"

    def parse(self, value: Any) -> str:
        return "" if str(value).strip() in ("all", "any", "default", "") else super().parse(value)


def of_all(prefix: str) -> bool:
    """Tell whether a prefix selects all addresses of its family."""
    return prefix.endswith("/0")


@dataclass(frozen=True)
class Destination(Prefix):
    """A route's destination: a prefix, an address, or ``default`` (of the family that the rest of the route has)."""

    takes = "A prefix, an address or `default`"

    def parse(self, value: Any) -> str:
        if str(value).strip() in ("default", "any", "all"):
            return "default"
        parsed = super().parse(value)
        return "default" if parsed in ("0.0.0.0/0", "::/0") and ":" not in parsed else parsed


@dataclass(frozen=True)
class Address(Type):
    """One IPv4 or IPv6 address, or ``none`` where that is allowed."""

    wire: str = "raw"
    none: bool = False

    @property
    def nothing(self) -> Any:
        return NONE if self.none else None

    def absent(self) -> Any:
        return NONE if self.none else UNSET

    def parse(self, value: Any) -> str:
        if self.none and value in (NONE, ""):
            return NONE
        address = ip(value)
        return NONE if self.none and is_unspecified(address) else address

    def words(self, word: str, value: Any) -> list[str]:
        return [] if value == NONE else [word, value]

    @property
    def takes(self) -> str:
        return f"An IPv4 or IPv6 address{', or `none`' if self.none else ''}"
