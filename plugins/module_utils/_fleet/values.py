# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Parse the values of the intent: one pure parser for each type of value, and the error of the fleet."""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Iterable
from typing import Any, Callable, Union

from .._host.tables.objects import netns_reference


class FabricError(ValueError):
    """Say which key of the intent cannot work, and why.

    ``where`` is a path like ``networks.blue.members.node1.address``.
    """

    def __init__(self, where: str, reason: str) -> None:
        super().__init__("%s: %s" % (where, reason))
        self.where = where
        self.reason = reason


def nearest(word: str, valid: Iterable[str]) -> str:
    """Return a sentence with the valid word nearest to ``word``, or all of them when none is near."""
    words = sorted(valid)
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    if close:
        return "did you mean %s?" % close[0]
    if not words:
        return "nothing is valid here"
    return "valid are %s" % ", ".join(words)


Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
Interface = Union[ipaddress.IPv4Interface, ipaddress.IPv6Interface]
Subnet = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

#: 24 bits, RFC 7348 section 5 and RFC 8926 section 3.4.
VNI_MAX = (1 << 24) - 1
#: IFNAMSIZ is 16 with the closing NUL (include/uapi/linux/if.h).
IFNAME_MAX = 15

_NETNS_WORD = re.compile(r"^(?!\.{1,2}$)[A-Za-z0-9_.+@-]{1,255}$")
_MAC = re.compile(r"^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$")
_VARIABLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")


def natural(name: str) -> tuple[Any, ...]:
    """Return a sort key in which node2 comes before node10; the name itself tells node1 from node01."""
    parts = re.split(r"([0-9]+)", name)
    return ([(int(part), "") if part.isdecimal() else (-1, part) for part in parts], name)


def type_word(value: Any) -> str:
    """Name the type of a value as a YAML author would."""
    if value is None:
        return "nothing"
    for kind, word in (
        (bool, "a boolean"),
        (int, "a number"),
        (float, "a number"),
        (str, "a string"),
        (dict, "a mapping"),
        (list, "a list"),
    ):
        if isinstance(value, kind):
            return word
    return type(value).__name__


def _wrong(where: str, wanted: str, value: Any) -> FabricError:
    return FabricError(where, "must be %s, not %s (%r)" % (wanted, type_word(value), value))


def parse_str(where: str, value: Any) -> str:
    """Take a non-empty string."""
    if not isinstance(value, str) or not value:
        raise _wrong(where, "a string", value)
    return str(value)


def parse_bool(where: str, value: Any) -> bool:
    """Take true or false, nothing that only looks like it."""
    if not isinstance(value, bool):
        raise _wrong(where, "true or false", value)
    return bool(value)


def parse_int(where: str, value: Any) -> int:
    """Take a whole number; a boolean or a string is none."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(where, "a whole number", value)
    return int(value)


def _between(low: int, high: int, what: str) -> Callable[[str, Any], int]:
    def parse(where: str, value: Any) -> int:
        number = parse_int(where, value)
        if not low <= number <= high:
            raise FabricError(where, "%d is outside %d-%d (%s)" % (number, low, high, what))
        return number

    return parse


parse_vni = _between(0, VNI_MAX, "a VNI has 24 bits")
parse_port = _between(1, 65535, "a UDP port has 16 bits")
parse_vlan_id = _between(1, 4094, "IEEE 802.1Q")
parse_prefix = _between(1, 127, "a prefix length")
parse_mtu = _between(68, 65535, "RFC 791 asks for 68 at least")


def parse_geneve_options(where: str, value: Any) -> int:
    """Take the bytes of Geneve options in each packet (RFC 8926 section 3.4: 4-byte units, 252 at most)."""
    number = _between(0, 252, "the header's length field has 6 bits of 4-byte units")(where, value)
    if number % 4:
        raise FabricError(where, "%d is no multiple of 4 (Geneve options come in 4-byte units)" % number)
    return number


def parse_ttl(where: str, value: Any) -> Union[int, str]:
    """Take a TTL, ``auto`` or ``inherit``."""
    if isinstance(value, str):
        if value in ("auto", "inherit"):
            return str(value)
        raise FabricError(where, "must be 1-255, auto or inherit, not %r" % value)
    return _between(1, 255, "a TTL has 8 bits, 0 is written auto")(where, value)


def parse_address(where: str, value: Any) -> Address:
    """Take an IP address without a prefix length."""
    text = parse_str(where, value)
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise FabricError(where, "%r is no IP address" % text) from None


def parse_interface(where: str, value: Any) -> Interface:
    """Take ADDRESS/LENGTH; the length must be said, as leaving it out is nearly always a mistake."""
    text = parse_str(where, value)
    try:
        if "/" not in text:
            raise ValueError
        return ipaddress.ip_interface(text)
    except ValueError:
        raise FabricError(where, "%r is no address with a prefix length, like 10.20.1.1/24" % text) from None


def parse_subnet(where: str, value: Any) -> Subnet:
    """Take NETWORK/LENGTH with no host bits set."""
    text = parse_str(where, value)
    try:
        if "/" not in text:
            raise ValueError("no prefix length")
        return ipaddress.ip_network(text)
    except ValueError as reason:
        raise FabricError(where, "%r is no subnet, like 10.20.1.0/24 (%s)" % (text, reason)) from None


def parse_destination(where: str, value: Any) -> str:
    """Take a route's destination: ``default`` or a prefix; an address alone gets its full length."""
    text = parse_str(where, value)
    if text == "default":
        return text
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as reason:
        raise FabricError(where, "%r is no destination, like default or 10.1.0.0/16 (%s)" % (text, reason)) from None


def parse_mac(where: str, value: Any) -> str:
    """Take the MAC of one station and return it in lower case."""
    text = parse_str(where, value)
    if not _MAC.match(text):
        raise FabricError(where, "%r is no MAC, like 02:00:00:00:00:01" % text)
    if int(text[:2], 16) & 1:
        raise FabricError(where, "%s is a group address, a station needs its own" % text)
    if set(text) <= set("0:"):
        raise FabricError(where, "00:00:00:00:00:00 is no station")
    return text.lower()


def ifname_fault(name: str) -> str:
    """Say why the kernel would not take a link name, or return an empty string (dev_valid_name, net/core/dev.c)."""
    if len(name.encode()) > IFNAME_MAX:
        return "%s has %d bytes, a link name 15 at most" % (name, len(name.encode()))
    if name in (".", "..") or not name or re.search(r"[\s/:%]", name):
        return "%r is no link name" % name
    return ""


def parse_ifname(where: str, value: Any) -> str:
    """Take a link name that the kernel takes."""
    name = parse_str(where, value)
    fault = ifname_fault(name)
    if fault:
        raise FabricError(where, fault)
    return name


def parse_netns(where: str, value: Any) -> str:
    """Take a namespace: a name, pid:N, pidfile:/path or container:NAME (objects/netns_reference.py)."""
    text = parse_str(where, value)
    if ":" not in text:
        if text == "host":
            raise FabricError(where, "host means the host's own namespace; a workload needs another")
        if not _NETNS_WORD.match(text):
            raise FabricError(where, "%r is no namespace name" % text)
        return text
    try:
        called = netns_reference.parse(text)
    except ValueError as why:
        raise FabricError(where, str(why)) from None
    if called is None:
        raise FabricError(where, "%r is no namespace: write a name, pid:N, pidfile:/path or container:NAME" % text)
    return text


def netns_is_name(netns: str) -> bool:
    """Tell a namespace that we name, and so create, from one that belongs to a process."""
    return ":" not in netns


def parse_source_address(where: str, value: Any) -> str:
    """Take an address, the name of a host variable, or a template (both are resolved by the inventory plugin)."""
    text = parse_str(where, value)
    if "{{" in text or _VARIABLE.match(text):
        return text
    return str(parse_address(where, text))
