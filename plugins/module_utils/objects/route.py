# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Routes (uapi/linux/rtnetlink.h, RTA_*; lightweight tunnel encapsulation from uapi/linux/lwtunnel.h)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..kinds.addresses import ip
from ..kinds.table import Option, Refused, nearest
from ..kinds.types import Bool, Int, LinkName, Type, Word, whole_number
from .address import SCOPES
from .sort import Address, Destination, Key, Sort

TYPES = {"unicast": 1, "local": 2, "broadcast": 3, "multicast": 5, "blackhole": 6, "unreachable": 7, "prohibit": 8}
TABLES = {"default": 253, "main": 254, "local": 255}

#: What rtnetlink calls the protocol of a route that the collection made: the ASCII code of "n".
MARK_PROTOCOL = 110


@dataclass(frozen=True)
class Table(Type):
    """A routing table by number, or by one of the kernel's three names."""

    wire: str = "u32"

    def parse(self, value: Any) -> str | int:
        if str(value) in TABLES:
            return str(value)
        number = whole_number(value)
        if not 1 <= number < 2**32:
            raise ValueError(f"{number} is not within 1..{2**32 - 1}")
        return {n: word for word, n in TABLES.items()}.get(number, number)


@dataclass(frozen=True)
class EncapField:
    """One attribute of an ``encap ip`` or ``encap ip6`` nest (LWTUNNEL_IP_*; the same numbers for LWTUNNEL_IP6_*)."""

    name: str
    attr: int
    wire: str
    high: int = 0


ENCAP_FIELDS: tuple[EncapField, ...] = (
    EncapField("id", 1, "be64", 2**64 - 1),
    EncapField("dst", 2, "ip"),
    EncapField("src", 3, "ip"),
    EncapField("ttl", 4, "u8", 255),
    EncapField("tos", 5, "u8", 255),
)
ENCAP_TYPES = {"ip": 2, "ip6": 4}


@dataclass(frozen=True)
class Encap(Type):
    """A tunnel header put on by the route itself: ``{type: ip, id: 42, dst: 192.0.2.2}``."""

    wire: str = ""
    ansible: str = "dict"

    @property
    def nothing(self) -> Any:
        return ()

    def parse(self, value: Any) -> tuple[tuple[str, Any], ...]:
        if value in ("none", "", None, {}):
            return ()
        if not isinstance(value, Mapping):
            raise ValueError(f"{value!r} is not a dict such as {{type: ip, id: 42, dst: 192.0.2.2}}")
        kind = str(value.get("type", "ip"))
        if kind not in ENCAP_TYPES:
            raise ValueError(f"type {kind!r} is not one of {', '.join(ENCAP_TYPES)}")
        parsed: dict[str, Any] = {"type": kind}
        fields = {row.name: row for row in ENCAP_FIELDS}
        for name, item in value.items():
            if name == "type" or item is None:
                continue
            if name not in fields:
                raise ValueError(f"unknown key {name!r}, {nearest(str(name), [*fields, 'type'])}")
            parsed[name] = self._field(fields[name], item, kind)
        return tuple((name, parsed[name]) for name in ("type", *fields) if name in parsed)

    @staticmethod
    def _field(row: EncapField, item: Any, kind: str) -> Any:
        if row.wire == "ip":
            address = ip(item)
            if (":" in address) != (kind == "ip6"):
                raise ValueError(f"{row.name} {address} is not of the family of encap {kind}")
            return address
        number = whole_number(item)
        if not 0 <= number <= row.high:
            raise ValueError(f"{row.name} {number} is not within 0..{row.high}")
        return number

    def plain(self, value: Any) -> Any:
        return dict(value)

    def words(self, word: str, value: Any) -> list[str]:
        fields = dict(value)
        flat = [str(part) for name, item in fields.items() if name != "type" for part in (name, item)]
        return ["encap", fields["type"], *flat] if fields else []


def default_metric(dst: str) -> int:
    """Return the metric of a route without one: IP6_RT_PRIO_USER (net/ipv6/route.c), 0 for IPv4."""
    return 1024 if ":" in dst else 0


def _settle(parts: dict[str, Any], options: dict[str, Any]) -> Key:
    """Settle what ``default`` means and check that the families agree; raise Refused."""
    families = {":" in options[name] for name in ("via", "src") if name in options}
    if parts["dst"] != "default":
        families.add(":" in parts["dst"])
    if len(families) > 1:
        raise Refused(f"route {parts['dst']}: dst, via and src are not of one address family")
    if parts["dst"] == "default" and True in families:
        parts["dst"] = "::/0"
    if parts["metric"] is None:
        parts["metric"] = default_metric(parts["dst"])
    return tuple(str(part) for part in parts.values())


def _tell(_key: Key, item: dict[str, Any]) -> None:
    if item["metric"] == default_metric(item["dst"]):
        del item["metric"]


ROUTE = Sort(
    name="route",
    plural="routes",
    label="route {1}",
    settle=_settle,
    tell=_tell,
    may_lack=("metric",),
    keys=(
        Option("dst", None, Destination()),
        Option("table", None, Table(), default="main"),
        Option("metric", None, Int()),
    ),
    options=(
        Option("type", None, Word(table=TYPES), default="unicast"),
        Option("encap", None, Encap()),
        Option("via", None, Address()),
        Option("dev", None, LinkName()),
        Option("src", None, Address()),
        Option("scope", None, Word(table=SCOPES), default="global"),
        Option("onlink", None, Bool(style="flag"), default=False),
        Option("mtu", None, Int(high=2**31 - 1)),
        Option("advmss", None, Int(high=65535)),
    ),
)
