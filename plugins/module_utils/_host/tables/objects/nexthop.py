# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nexthop objects and groups of them (uapi/linux/nexthop.h, NHA_*; man ip-nexthop)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ..failure import Fault, Refused
from ..table import Option, nearest
from ..types.addresses import Address
from ..types.base import quoted
from ..types.simple import Bool, Choice, Int, LinkName, Type, whole_number
from .encap import Consent, Encap, is_other
from .metrics import Time
from .multipath import OF_GATEWAYS, OF_LINKS
from .object_type import Key, ObjectType, Options

FAMILIES = {"ipv4": 2, "ipv6": 10}
INET = {"inet": "ipv4", "inet6": "ipv6"}  # iproute2's words
GROUP_TYPES = {"mpath": 0, "resilient": 1}  # NEXTHOP_GRP_TYPE_*


class Timer(Time):
    """A time of a resilient group, of which 0 is one too."""

    def words(self, word: str, value: Any) -> list[str]:
        return [word, str(self.plain(value))]


#: Timers of resilient groups are in clock_t, USER_HZ (100) a second; a number without a unit is seconds.
_TIMER = Timer(parts=Fraction(1, 10), shown=1000, unit="")


_MEMBER = ("id", "weight")


@dataclass(frozen=True)
class Members(Type):
    """The members of a group, each a dict of id and weight, or an id. Any order is as good as any other.

    iproute2 has them in one text, ``1,10/2,20``; systemd writes ``1:10``.
    """

    ansible: str = "list"
    elements: str = "dict"

    @property
    def options(self) -> dict[str, Any]:
        """Give the entries of each dict in an Ansible argument specification."""
        return {"id": {"type": "int", "required": True}, "weight": {"type": "int"}}

    @property
    def nothing(self) -> Any:
        return ()

    def absent(self) -> Any:
        return ()

    def parse(self, value: Any) -> tuple[tuple[int, int], ...]:
        items = value.split("/") if isinstance(value, str) and value else value
        if isinstance(items, Mapping) or not isinstance(items, (list, tuple)):
            raise ValueError(f"{value!r} is not a list of dicts with the keys id, weight")
        members: dict[int, int] = {}
        for item in items:
            parts = item if isinstance(item, Mapping) else zip(_MEMBER, re.split("[,:]", str(item), maxsplit=1))
            one = dict(parts)
            for name in one:
                if name not in _MEMBER:
                    raise ValueError(f"unknown key {name!r}, {nearest(str(name), _MEMBER)}")
            number = whole_number(one.get("id"))
            weight = 1 if one.get("weight") is None else whole_number(one["weight"])
            if not 1 <= number < 2**32:
                raise ValueError(f"id {number} is not within 1..{2**32 - 1}")
            if not 1 <= weight <= 65535:
                raise ValueError(f"weight {weight} is not within 1..65535 (nh_check_attr_group())")
            if number in members:
                raise ValueError(f"id {number} is in it twice")
            members[number] = weight
        return tuple(members.items())

    def same(self, wanted: Any, found: Any) -> bool:
        return isinstance(found, tuple) and sorted(wanted) == sorted(found)

    def objection(self, value: Any, kernel: tuple[int, int], daring: bool) -> str:
        heavy = next((weight for _number, weight in value if weight > 255), 0)
        return f"weight {heavy} needs Linux 6.12, before it 255 is the largest" if heavy and kernel < (6, 12) else ""

    def nexthops(self, value: Any) -> tuple[str, ...]:
        return tuple(str(number) for number, _weight in value)

    def plain(self, value: Any) -> Any:
        return [{"id": number, "weight": weight} if weight != 1 else {"id": number} for number, weight in value]

    def words(self, word: str, value: Any) -> list[str]:
        members = [f"{number},{weight}" if weight != 1 else str(number) for number, weight in value]
        return [word, "/".join(members)] if members else []

    @property
    def takes(self) -> str:
        return f"A list of dicts with the keys {quoted(_MEMBER)}, or of ids"


#: What a nexthop is. Each row excludes the others.
ONE_HOP = ("via", "dev", "onlink", "encap")
GROUP = ("group", "type", "buckets", "idle_timer", "unbalanced_timer")
_SORTS_OF_NEXTHOP = (ONE_HOP, GROUP, ("blackhole",))


def _speaks(options: Mapping[str, Any], row: tuple[str, ...]) -> str:
    """Return the first option of a row that is set, empty where none is."""
    return next((name for name in row if options.get(name) not in (None, (), False, "none")), "")


#: What a new nexthop needs one of.
_ONE_OF = ("via", "dev", "blackhole", "group")


class Nexthop(ObjectType):
    """Hooks and traits of Nexthops."""

    leads = True
    bears = True

    def can_be_requested(self, options: Options) -> bool:
        return not is_other(options.get("encap") or ())

    def missing_in_new(self, key: Key, options: Options, ousted: set[str]) -> Fault | None:
        if any(options.get(name) for name in _ONE_OF):
            return None
        return Fault(_ONE_OF[0], f"a new {self.name} needs {' or '.join(_ONE_OF)}", "Set one of them")

    def settle(self, parts: dict[str, Any], options: dict[str, Any]) -> Key:
        """Take the family from the gateway; raise Refused for options that exclude each other."""
        where = f"nexthop {parts['id']}"
        via = options.get("via")
        if via is not None:
            family = "ipv6" if ":" in via else "ipv4"
            if options.setdefault("family", family) != family:
                raise Refused(
                    object=where,
                    option="via",
                    reason=f"{via} is not of the family {options['family']}",
                    advice="Give a gateway of that family",
                )
        given = [name for row in _SORTS_OF_NEXTHOP for name in (_speaks(options, row),) if name]
        if given[1:]:
            raise Refused(
                object=where,
                option=given[1],
                reason=f"{given[0]} and {given[1]} exclude each other",
                advice="Give one of them",
            )
        if given and given[0] not in GROUP:
            options["group"] = ()
        if options.get("type", "mpath") == "mpath" and "type" in options:
            for name in ("buckets", "idle_timer", "unbalanced_timer"):
                if name in options:
                    raise Refused(
                        object=where,
                        option=name,
                        reason="is for groups of type resilient only",
                        advice="Leave the option out",
                    )
        return tuple(str(part) for part in parts.values())

    def merge(self, current: Mapping[str, Any], desired: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options of a changed nexthop: a group, gateway or blackhole drops the options of the others."""
        kept = dict(current)
        given = [row for row in _SORTS_OF_NEXTHOP if _speaks(desired, row)]
        for row in _SORTS_OF_NEXTHOP:
            if given and row not in given:
                kept = {name: value for name, value in kept.items() if name not in row}
        if desired.get("group"):
            kept.pop("family", None)
        if desired.get("type") == "mpath":
            kept = {name: value for name, value in kept.items() if name not in GROUP[2:]}
        return {**kept, **desired}


NEXTHOP = Nexthop(
    name="nexthop",
    plural="nexthops",
    label="nexthop {1}",
    keys=(Option(name="id", type=Int(low=1)),),
    options=(
        Option(name="encap", type=Encap()),
        Option(name="via", attr=6, type=Address(), means=OF_GATEWAYS),
        Option(name="dev", attr=5, type=LinkName(), means=OF_LINKS),
        Option(name="family", type=Choice(table=FAMILIES, aliases=INET), default="ipv4"),
        Option(name="blackhole", attr=4, type=Bool(style="flag"), default=False),
        Option(name="onlink", type=Bool(style="flag"), default=False),
        Option(name="fdb", attr=11, type=Bool(style="flag"), default=False, in_place=False, since="5.8"),
        # A group becomes no nexthop and the other way round (net/ipv4/nexthop.c: replace_nexthop()).
        Option(name="group", attr=2, type=Members(), fixed=((), None), several=True),
        Option(name="type", attr=3, type=Choice(table=GROUP_TYPES), default="mpath", in_place=False, since="5.13"),
        Option(name="buckets", attr=12, type=Int(low=1, high=65535), in_place=False, since="5.13"),
        Option(name="idle_timer", attr=12, type=_TIMER, since="5.13"),
        Option(name="unbalanced_timer", attr=12, type=_TIMER, since="5.13"),
        Option(name="allow_kernel_hazard", type=Consent()),
    ),
)
