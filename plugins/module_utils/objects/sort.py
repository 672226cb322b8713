# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Say what sorts of objects a host has besides links, and by what each is known."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any

from ..kinds.addresses import ip
from ..kinds.table import Option
from ..kinds.types import Type


@dataclass(frozen=True)
class Sort:
    """One sort of object: the options that tell one from another (``keys``) and those that describe it."""

    name: str
    plural: str
    keys: tuple[Option, ...]
    options: tuple[Option, ...]
    lasting: bool = False  # comes and goes with something else: it can be set, but neither made nor removed
    needs: tuple[str, ...] = ()  # options without which the object says nothing
    new_needs: tuple[str, ...] = ()  # options without which none is made

    def row(self, name: str) -> Option | None:
        """Find a row by name."""
        for option in (*self.keys, *self.options):
            if option.name == name:
                return option
        return None


@dataclass(frozen=True)
class Prefix(Type):
    """An address with its prefix length; ``host_bits`` allows bits beyond the prefix."""

    wire: str = "raw"
    host_bits: bool = False

    def parse(self, value: Any) -> str:
        text = str(value).strip()
        try:
            if self.host_bits:
                return str(ipaddress.ip_interface(text))
            return str(ipaddress.ip_network(text, strict=True))
        except ValueError as why:
            raise ValueError(f"{value!r} is not an address with a prefix length: {why}") from None


@dataclass(frozen=True)
class Destination(Prefix):
    """A route's destination: a prefix, an address, or ``default`` (of the family that the rest of the route has)."""

    def parse(self, value: Any) -> str:
        if str(value).strip() in ("default", "any", "all"):
            return "default"
        parsed = super().parse(value)
        return "default" if parsed in ("0.0.0.0/0", "::/0") and ":" not in parsed else parsed


@dataclass(frozen=True)
class Address(Type):
    """One IPv4 or IPv6 address."""

    wire: str = "raw"

    def parse(self, value: Any) -> str:
        return ip(value)
