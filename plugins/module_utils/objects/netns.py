# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Network namespaces with a name (man ip-netns), their loopback link and their resolver file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..kinds.addresses import ip
from ..kinds.table import Option, nearest
from ..kinds.types import Bool, Text, Type
from .sort import Sort

_LISTS = ("nameservers", "search", "options")


@dataclass(frozen=True)
class Resolver(Type):
    """The content of /etc/netns/NAME/resolv.conf, which ``ip netns exec`` mounts over /etc/resolv.conf."""

    wire: str = ""
    ansible: str = "dict"

    @property
    def nothing(self) -> Any:
        return ""

    def parse(self, value: Any) -> str:
        """Return the file's text; the empty text stands for no file."""
        if value in ("", None, "none", {}):
            return ""
        if isinstance(value, str):
            return value
        if not isinstance(value, dict):
            raise ValueError(f"{value!r} is not a dict of nameservers, search and options")
        for name, items in value.items():
            if name not in _LISTS:
                raise ValueError(f"unknown key {name!r}, {nearest(str(name), _LISTS)}")
            if items is not None and not isinstance(items, (list, tuple)):
                raise ValueError(f"{name}: {items!r} is not a list")
        lines = [f"nameserver {ip(server)}" for server in value.get("nameservers") or ()]
        lines += [" ".join([name, *map(str, value[name])]) for name in _LISTS[1:] if value.get(name)]
        return "".join(f"{line}\n" for line in lines)

    def plain(self, value: Any) -> Any:
        return resolver_config(value)


@dataclass(frozen=True)
class NetnsName(Text):
    """A name below /run/netns: a file name."""

    most: int = 255

    def parse(self, value: Any) -> str:
        name = str(value)
        if not name or "/" in name or name in (".", "..", "host") or name.startswith(("pid:", "pidfile:")):
            raise ValueError(f"{name!r} cannot name a namespace")
        return super().parse(name)


NETNS = Sort(
    name="netns",
    plural="netns",
    label="netns {1}",
    keys=(Option("name", None, NetnsName()),),
    options=(Option("loopback", None, Bool()), Option("resolver", None, Resolver())),
)


def resolver_config(text: str) -> dict[str, list[str]]:
    """Read a resolver file back into nameservers, search and options."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        word, *rest = line.split() or [""]
        if word == "nameserver" and rest:
            found.setdefault("nameservers", []).append(rest[0])
        elif word in _LISTS[1:]:
            found[word] = rest
    return found
