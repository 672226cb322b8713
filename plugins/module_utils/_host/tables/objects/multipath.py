# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ways of a route: a gateway, or several next hops (uapi/linux/rtnetlink.h, RTA_VIA and RTA_MULTIPATH)."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable

from ..table import Meaning, nearest
from ..types.addresses import ip, is_unspecified
from ..types.base import quoted
from ..types.named_numbers import Realms
from ..types.simple import NONE, LinkName, Look, Type, truth, whole_number
from .encap import Encap

#: net/ipv4/fib_semantics.c: fib_check_nh(), fib_valid_prefsrc(); net/ipv6/route.c: fib6_nh_init() and what it calls.
OF_GATEWAYS = (
    Meaning(errno=errno.ENETUNREACH, sentence="invalid gateway", reason="{value} is in no subnet {on}"),
    Meaning(errno=errno.EHOSTUNREACH, sentence="", reason="{value} is in no subnet {on}"),
    Meaning(errno=errno.EINVAL, sentence="invalid gateway"),
    Meaning(errno=errno.EINVAL, sentence="Gateway can not be a local address", reason="{value} is this host's own"),
    Meaning(errno=errno.EINVAL, sentence="Egress device not specified", reason="the gateway {value} needs dev"),
)


OF_LINKS = (
    Meaning(errno=errno.ENETDOWN, sentence="not up", reason="{value} is down"),
    Meaning(errno=errno.ENETDOWN, sentence="", reason="{value} is down"),
)


#: What an IPv4 route says before a gateway that has an IPv6 address, in iproute2's words.
OTHER_FAMILY = "inet6 "

_ENCAP, _DEV, _REALMS = Encap(), LinkName(), Realms()


@dataclass(frozen=True)
class Via(Type):
    """A gateway's address. ``inet6 ADDRESS`` is the IPv6 gateway of an IPv4 route, ``none`` is no gateway.

    The unspecified address is none either (net/ipv4/fib_frontend.c: rtm_to_fib_config()).
    """

    wire: str = "raw"
    takes = "A gateway's address, `inet6 ADDRESS` for the IPv6 gateway of an IPv4 route, or `none`"

    @property
    def nothing(self) -> Any:
        return NONE

    def absent(self) -> Any:
        return NONE

    def words(self, word: str, value: Any) -> list[str]:
        return [] if value == NONE else [word, value]

    def parse(self, value: Any) -> str:
        text = str(value).strip()
        if text in (NONE, ""):
            return NONE
        if text.startswith(OTHER_FAMILY):
            address = ip(text[len(OTHER_FAMILY) :])
            if ":" not in address:
                raise ValueError(f"{address} is not an IPv6 address")
            return OTHER_FAMILY + address
        address = ip(text[5:] if text.startswith("inet ") else text)
        return NONE if is_unspecified(address) else address


def via_for(via: str, six: bool) -> str:
    """Return a gateway in the form that it has in a route of a family; raise ValueError where none can have it."""
    if via == NONE:
        return via
    bare = via[len(OTHER_FAMILY) :] if via.startswith(OTHER_FAMILY) else via
    if six and ":" not in bare:
        raise ValueError(f"{bare} is no gateway for an IPv6 route")
    return bare if six or ":" not in bare else OTHER_FAMILY + bare


Hop = tuple[tuple[str, Any], ...]

_DEFAULTS = {"weight": 1, "onlink": False, "encap": (), "realms": NONE}
_ORDER = ("via", "dev", "weight", "onlink", "encap", "realms")


def hop(fields: Mapping[str, Any]) -> Hop:
    """Return a next hop in its canonical form."""
    whole = {**_DEFAULTS, **fields}
    return tuple((name, whole[name]) for name in _ORDER if name in whole)


_PARSERS: dict[str, Callable[[Any], Any]] = {
    "via": Via().parse,
    "dev": _DEV.parse,
    "onlink": truth,
    "encap": _ENCAP.parse,
    "realms": _REALMS.parse,
}


_NUMBERED: dict[str, Callable[[Any, Look], Any]] = {"encap": _ENCAP.numbered, "realms": _REALMS.numbered}


@dataclass(frozen=True)
class Hops(Type):
    """Several next hops, each a dict of via, dev, weight, onlink, encap and realms.

    A new route has them in the order in which they are asked for. Any other is as good: IPv6 has one of its own.
    """

    ansible: str = "list"
    elements: str = "dict"

    @property
    def options(self) -> dict[str, Any]:
        """Give the entries of each dict in an Ansible argument specification."""
        kinds = {
            "via": "str",
            "dev": "str",
            "weight": "int",
            "onlink": "bool",
            "encap": "dict",
            "realms": "str",
        }
        return {name: {"type": kinds[name]} for name in _ORDER}

    @property
    def nothing(self) -> Any:
        return ()

    def absent(self) -> Any:
        return ()

    def numbered(self, value: Any, look: Look) -> Any:
        if not isinstance(value, (list, tuple)):
            return value
        return [
            {name: _NUMBERED[name](item, look) if name in _NUMBERED else item for name, item in one.items()}
            if isinstance(one, Mapping)
            else one
            for one in value
        ]

    def parse(self, value: Any) -> tuple[Hop, ...]:
        if isinstance(value, Mapping) or not isinstance(value, (list, tuple)):
            raise ValueError(f"{value!r} is not a list of dicts with the keys {', '.join(_ORDER)}")
        return tuple(self._one(item) for item in value)

    @staticmethod
    def _one(item: Any) -> Hop:
        if not isinstance(item, Mapping):
            raise ValueError(f"{item!r} is not a dict with the keys {', '.join(_ORDER)}")
        fields: dict[str, Any] = {}
        for name, value in item.items():
            if name not in _ORDER:
                raise ValueError(f"unknown key {name!r}, {nearest(str(name), _ORDER)}")
            if value is None:
                continue
            if name == "weight":
                fields[name] = whole_number(value)
                if not 1 <= fields[name] <= 256:
                    raise ValueError(f"weight {fields[name]} is not within 1..256 (rtnh_hops is a byte, and 0 is 1)")
            else:
                fields[name] = _PARSERS[name](value)
        fields = {name: value for name, value in fields.items() if value != NONE}
        if not fields.get("via") and not fields.get("dev"):
            raise ValueError("a next hop needs via or dev")
        return hop(fields)

    def same(self, wanted: Any, found: Any) -> bool:
        """Compare regardless of order. A device that is not asked for is the kernel's to choose."""
        left = [dict(one) for one in found] if isinstance(found, tuple) else []
        for one in sorted(wanted, key=lambda one: "dev" not in dict(one)):
            match = next((other for other in left if {**other, **dict(one)} == other), None)
            if match is None:
                return False
            left.remove(match)
        return not left

    def links(self, value: Any) -> tuple[str, ...]:
        return tuple(dict(one)["dev"] for one in value if "dev" in dict(one))

    def renamed(self, value: Any, own: Callable[[str], str]) -> Any:
        return tuple(tuple((name, own(item) if name == "dev" else item) for name, item in one) for one in value)

    def plain(self, value: Any) -> Any:
        return [
            {name: _ENCAP.plain(item) if name == "encap" else item for name, item in one if item != _DEFAULTS.get(name)}
            for one in value
        ]

    def words(self, word: str, value: Any) -> list[str]:
        words: list[str] = []
        for one in value:
            fields = dict(one)
            words += ["nexthop", *_ENCAP.words("encap", fields["encap"])]
            words += [str(part) for name in ("via", "dev") if name in fields for part in (name, fields[name])]
            words += ["weight", str(fields["weight"])] if fields["weight"] != 1 else []
            words += ["onlink"] if fields["onlink"] else []
            words += _REALMS.words("realms", fields["realms"])
        return words

    def objection(self, value: Any, kernel: tuple[int, int], daring: bool) -> str:
        found = (_ENCAP.objection(dict(one)["encap"], kernel, daring) for one in value)
        return next((reason for reason in found if reason), "")

    @property
    def takes(self) -> str:
        return f"A list of dicts with the keys {quoted(self.options)}"
