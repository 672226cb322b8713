# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tunnel headers that a route or a nexthop puts on (uapi/linux/lwtunnel.h, LWTUNNEL_IP_*; man ip-route, "encap ip")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..table import nearest
from ..types.addresses import ip
from ..types.base import KeywordsOnly
from ..types.named_numbers import DSFIELDS, named_dsfield
from ..types.simple import Bool, Look, Type, truth, whole_number

ENCAP_TYPES = {"ip": 2, "ip6": 4}  # enum lwtunnel_encap_types
#: Those that cannot be asked for. What somebody else's header says is kept as its bytes, to be put back as it was.
OTHER_TYPES = {"mpls": 1, "ila": 3, "seg6": 5, "bpf": 6, "seg6local": 7, "rpl": 8, "ioam6": 9, "xfrm": 10}
RAW = "raw"


@dataclass(frozen=True)
class EncapField(metaclass=KeywordsOnly):
    """One attribute of an ``encap ip`` or ``encap ip6`` nest; ``ip6`` is the word that iproute2 has for it there."""

    name: str
    attr: int
    wire: str
    high: int = 0
    ip6: str = ""


ENCAP_FIELDS: tuple[EncapField, ...] = (
    EncapField(name="id", attr=1, wire="be64", high=2**64 - 1),
    EncapField(name="dst", attr=2, wire="ip"),
    EncapField(name="src", attr=3, wire="ip"),
    EncapField(name="ttl", attr=4, wire="u8", high=255, ip6="hoplimit"),
    EncapField(name="tos", attr=5, wire="u8", high=255, ip6="tc"),
)
#: Bits of LWTUNNEL_IP_FLAGS (uapi/linux/if_tunnel.h, TUNNEL_*), 16 bits in the network's byte order. The kernel tells
#: bits of its own beside them, one for each sort of options.
ENCAP_FLAGS = {"key": 0x04, "csum": 0x01, "seq": 0x08}
FLAGS_ATTR, OPTS_ATTR = 6, 8
#: TUNNEL_CRIT_OPT: the kernel does not look for the critical bit of Geneve options that a route has (geneve.c:
#: geneve_build_header() asks this flag), so the header's C flag (RFC 8926 section 3.4) is ours to set. iproute2 6.1 has
#: no word for it.
CRITICAL_FLAG, CRITICAL_TYPE = 0x0400, 0x80

#: struct geneve_opt has 5 bits for the length of the data in words of 4 bytes (RFC 8926 section 3.5).
GENEVE_DATA = 31 * 4
#: IP_TUNNEL_OPTS_MAX is 255 (net/ip_tunnels.h, options_len is a byte), and options are words of 4 bytes.
GENEVE_TOTAL = 252
GENEVE_HEADER = 4
#: VXLAN_GBP_MASK (net/vxlan.h): the policy's 16 bits, policy applied, don't learn. The kernel drops all others.
GBP_MASK = 0x48FFFF

#: Releases whose kernel may die of tunnel options on a route (from the first on, but without the second). 6.15 gave
#: struct ip_tunnel_info its ``options[] __counted_by(options_len)`` (commit bb5e62f2d547). ip_tun_parse_opts_*() in
#: net/ipv4/ip_tunnel_core.c writes there before ip_tun_build_state() sets options_len, so FORTIFY_SOURCE sees a write
#: into a buffer of size 0 and BUGs, with the rtnl lock held: seen on 6.18 (gcc 15.3), after which nothing that uses
#: rtnetlink works until the machine is started again. Before gcc 15 and clang 19.1.3 __counted_by says nothing to the
#: compiler, and Debian's kernels up to 7.2 were seen to survive such a route in QEMU. /proc/version names the compiler,
#: but not whether FORTIFY_SOURCE is there, nor what was mended since; a wrong guess costs the machine. So the release
#: alone decides, and who knows the kernel says so (allow_kernel_hazard). 6.1 works.
HAZARDOUS: tuple[tuple[tuple[int, int], tuple[int, int]], ...] = (((6, 15), (999, 0)),)
HAZARD = (
    "tunnel options on a route can kill rtnetlink until the next boot, from Linux 6.15 on "
    "(ip_tun_parse_opts, a fortified memcpy; seen on 6.18, compiled with gcc 15); "
    "allow_kernel_hazard: true tries it all the same"
)


def is_hazardous(kernel: tuple[int, int]) -> bool:
    """Tell whether a kernel of a release is known to die of tunnel options."""
    return any(first <= kernel < fixed for first, fixed in HAZARDOUS)


@dataclass(frozen=True)
class Consent(Bool):
    """An option for the engine and not for the kernel, so it never differs from the current state."""

    style: str = "flag"

    def same(self, wanted: Any, found: Any) -> bool:
        return True

    def words(self, word: str, value: Any) -> list[str]:
        return []


def _bounded(name: str, value: Any, high: int, low: int = 0) -> int:
    number = whole_number(value)
    if not low <= number <= high:
        raise ValueError(f"{name} {number} is not within {low}..{high}")
    return number


def _dict(name: str, value: Any, keys: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{name}: {value!r} is not a dict with the keys {', '.join(keys)}")
    for key in value:
        if key not in keys:
            raise ValueError(f"{name}: unknown key {key!r}, {nearest(str(key), keys)}")
    return value


def _geneve(value: Any) -> tuple[tuple[int, int, str], ...]:
    """Return Geneve options as (class, type, data in hex), in their order."""
    if isinstance(value, Mapping) or not isinstance(value, (list, tuple)):
        raise ValueError(f"geneve_opts: {value!r} is not a list of dicts with the keys class, type, data")
    options = []
    total = 0
    for item in value:
        one = _dict("geneve_opts", item, ("class", "type", "data"))
        for key in ("class", "type"):
            if one.get(key) is None:
                raise ValueError(f"geneve_opts: an option needs {key}")
        data = re.sub(r"[\s:]", "", str("" if one.get("data") is None else one["data"])).lower()
        if not re.fullmatch(r"([0-9a-f]{2})*", data):
            raise ValueError(f"geneve_opts: data {one['data']!r} is not bytes in hexadecimal, quoted in YAML")
        length = len(data) // 2
        if length % 4 or length > GENEVE_DATA:
            raise ValueError(
                f"geneve_opts: data of {length} bytes is not a multiple of 4 up to {GENEVE_DATA} (RFC 8926, 3.5)"
            )
        total += GENEVE_HEADER + length
        kind = _bounded("geneve_opts: type", one["type"], 255)
        options.append((_bounded("geneve_opts: class", one["class"], 65535), kind, data))
    if total > GENEVE_TOTAL:
        raise ValueError(f"geneve_opts: {total} bytes with their headers, and the kernel takes at most {GENEVE_TOTAL}")
    return tuple(options)


def _vxlan(value: Any) -> tuple[tuple[str, int], ...]:
    one = _dict("vxlan_opts", value, ("gbp",))
    if not one:
        return ()
    gbp = _bounded("vxlan_opts: gbp", one["gbp"], 2**32 - 1)
    if gbp & ~GBP_MASK:
        raise ValueError(f"vxlan_opts: gbp {gbp:#x} has bits beyond {GBP_MASK:#x}, which the kernel drops")
    return (("gbp", gbp),)


def _erspan(value: Any) -> tuple[tuple[str, int], ...]:
    one = _dict("erspan_opts", value, ("version", "index", "dir", "hwid"))
    if not one:
        return ()
    version = _bounded("erspan_opts: version", one.get("version", 0), 2, 1)
    fields = {1: {"index": 2**20 - 1}, 2: {"dir": 1, "hwid": 63}}[version]
    for name in one:
        if name != "version" and name not in fields:
            raise ValueError(f"erspan_opts: {name} is not of version {version}")
    for name in fields:
        if one.get(name) is None:
            raise ValueError(f"erspan_opts: version {version} needs {' and '.join(fields)}")
    return (
        ("version", version),
        *((name, _bounded(f"erspan_opts: {name}", one[name], high)) for name, high in fields.items()),
    )


#: The names that the byte has which was TOS: see ENCAP_FIELDS.
_OF_DSFIELD = ("tos", "tc")

#: The sorts of tunnel options: by the word, how each is read. A header has one sort at most.
ENCAP_OPTS = {"geneve_opts": _geneve, "vxlan_opts": _vxlan, "erspan_opts": _erspan}

Header = tuple[tuple[str, Any], ...]  # the canonical form of a tunnel header: names with their values, in a fixed order


@dataclass(frozen=True)
class Encap(Type):
    """A tunnel header put on by the route itself: ``{type: ip, id: 42, dst: 192.0.2.2}``."""

    wire: str = ""
    ansible: str = "dict"
    takes = "A tunnel header such as `{type: ip, id: 42, dst: 192.0.2.2}`, or `none`"

    @property
    def nothing(self) -> Any:
        return ()

    def absent(self) -> Any:
        return ()

    def numbered(self, value: Any, look: Look) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {
            name: named_dsfield(item, look) if name in _OF_DSFIELD and item not in DSFIELDS else item
            for name, item in value.items()
        }

    def parse(self, value: Any) -> Header:
        if value in ("none", "", None, {}):
            return ()
        if not isinstance(value, Mapping):
            raise ValueError(f"{value!r} is not a dict such as {{type: ip, id: 42, dst: 192.0.2.2}}")
        kind = str(value.get("type", "ip"))
        if kind not in ENCAP_TYPES:
            raise ValueError(f"type {kind!r} is not one of {', '.join(ENCAP_TYPES)}")
        parsed: dict[str, Any] = {"type": kind}
        fields = {row.name: row for row in ENCAP_FIELDS}
        fields.update({row.ip6: row for row in ENCAP_FIELDS if row.ip6 and kind == "ip6"})
        for name, item in value.items():
            if name == "type" or item is None:
                continue
            if name in fields:
                parsed[fields[name].name] = self._field(fields[name], item, kind)
            elif name in ENCAP_FLAGS:
                parsed[name] = truth(item)
            elif name in ENCAP_OPTS:
                parsed[name] = ENCAP_OPTS[name](item)
            else:
                known = [*fields, *ENCAP_FLAGS, *ENCAP_OPTS, "type"]
                raise ValueError(f"unknown key {name!r}, {nearest(str(name), known)}")
        given = [name for name in ENCAP_OPTS if parsed.get(name)]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} exclude each other")
        return canonical(parsed)

    @staticmethod
    def _field(row: EncapField, item: Any, kind: str) -> Any:
        if row.wire == "ip":
            address = ip(item)
            if (":" in address) != (kind == "ip6"):
                raise ValueError(f"{row.name} {address} is not of the family of encap {kind}")
            return address
        if row.name == "tos" and isinstance(item, str):
            item = DSFIELDS.get(item if item in DSFIELDS else item.strip().upper(), item)
            if isinstance(item, str) and item[:1].isalpha():
                raise ValueError(f"{row.name} {item!r} is no code point such as AF41, nor in this host's rt_dsfield")
        return _bounded(row.name, item, row.high)

    def plain(self, value: Any) -> Any:
        return {name: _plain(name, item) for name, item in value}

    def words(self, word: str, value: Any) -> list[str]:
        fields = dict(value)
        if not fields:
            return []
        kind = fields.pop("type")
        if RAW in fields:
            return ["encap", kind, "..."]
        ip6: dict[str, str] = {row.name: row.ip6 for row in ENCAP_FIELDS if row.ip6 and kind == "ip6"}
        flat: list[str] = []
        for name, item in fields.items():
            label: str = ip6.get(str(name), str(name))
            flat += [label] if name in ENCAP_FLAGS else [label, _word(name, item)]
        return ["encap", kind, *flat]

    def objection(self, value: Any, kernel: tuple[int, int], daring: bool) -> str:
        options = any(name in ENCAP_OPTS for name, _item in value)
        return HAZARD if options and not daring and is_hazardous(kernel) else ""


def is_other(header: Header) -> bool:
    """Tell whether a header is one that cannot be asked for."""
    return any(name == RAW for name, _value in header)


def canonical(parsed: Mapping[str, Any]) -> Header:
    """Return a header's fields in a fixed order, without fields that the kernel reports as zero."""
    order = ("type", RAW, *(row.name for row in ENCAP_FIELDS), *ENCAP_FLAGS, *ENCAP_OPTS)
    return tuple((name, parsed[name]) for name in order if name in parsed and not _is_nothing(parsed[name]))


def _is_nothing(value: Any) -> bool:
    """Tell whether a field has no effect: 0, false, no options, the unspecified address."""
    return not (set(value) - set("0.:") if isinstance(value, str) else value)


def _plain(name: str, item: Any) -> Any:
    if name == "geneve_opts":
        return [{"class": number, "type": kind, "data": data} for number, kind, data in item]
    return dict(item) if name in ENCAP_OPTS else item


def _word(name: str, item: Any) -> str:
    """Return the value of a field as iproute2 takes it (ip/iproute_lwtunnel.c); 0x tells it the base."""
    if name == "geneve_opts":
        return ",".join(f"{number:#x}:{kind:#x}:{data}" for number, kind, data in item)
    if name == "vxlan_opts":
        return str(dict(item)["gbp"])
    if name == "erspan_opts":
        fields = dict(item)
        return ":".join(f"{fields.get(part, 0):#x}" for part in ("version", "index", "dir", "hwid"))
    # rtnl_dsfield_a2n() reads base 16, whatever the number looks like.
    return f"{item:#x}" if name == "tos" else str(item)
