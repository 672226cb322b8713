# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Network namespaces with a name (man ip-netns), their loopback link and their resolver file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

from ..table import Option, nearest
from ..types.addresses import ip
from ..types.base import quoted
from ..types.simple import Bool, Int, Text, Type
from .netns_reference import called_by, file_of, parse
from .object_type import Key, ObjectType, Options

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
        """Return the file's text; the empty text means no file."""
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

    @property
    def takes(self) -> str:
        return f"A dict with the keys {quoted(_LISTS)}, or the text of the file; the empty text removes it"


@dataclass(frozen=True)
class NetnsName(Text):
    """A name below /run/netns: a file name, or its path, which is needed where the name has another meaning."""

    most: int = 255
    takes = "A name, or its path below `/run/netns`"

    def parse(self, value: Any) -> str:
        text = str(value)
        file = file_of(text)
        if file is None:
            file = text
            if not file or "/" in file or file in (".", ".."):
                raise ValueError(f"{file!r} cannot name a namespace")
            if called_by(file) != file:
                raise ValueError(f"{file!r} says another namespace; the one of that name is {called_by(file)}")
        return called_by(super().parse(file))


#: The nsid that is any number.
AUTO = "auto"


@dataclass(frozen=True)
class OfProcess(Text):
    """The namespace of a process or container, by one of the words before a colon (objects/netns_reference.py)."""

    takes = "A process or container: `pid:N`, `pidfile:PATH`, `container:NAME` (see [namespaces](namespaces.md))"

    def parse(self, value: Any) -> str:
        text = super().parse(value)
        if parse(text) is None:
            raise ValueError(f"{text!r} is neither pid:N nor pidfile:PATH nor container:NAME")
        return text


@dataclass(frozen=True)
class Nsid(Int):
    """The id that a namespace has for another (net/core/net_namespace.c: alloc_netid): a number, or any free one."""

    ansible: str = "str"

    def parse(self, value: Any) -> Any:
        return AUTO if value == AUTO else super().parse(value)

    def same(self, wanted: Any, found: Any) -> bool:
        return wanted in (AUTO, found)

    @property
    def takes(self) -> str:
        return f"`auto` or {super().takes}"


#: The process or container whose namespace gets the name.
ATTACH = Option(name="attach", type=OfProcess(), in_place=False, gathered=False)


class _OnceOnly(Option):
    once = True


class Netns(ObjectType):
    """Hooks and traits of Namespaces."""

    of_host = True
    recreated = True
    piecewise = True

    def defaults_of_new(self, key: Key, options: Options) -> Options:
        # What is attached was there before, and is not ours.
        return {} if ATTACH.name in options else super().defaults_of_new(key, options)

    def kept_anew(self, options: Options) -> Options:
        """Keep the resolver. The name gets another namespace, but keeps its file."""
        return {"resolver": options["resolver"]} if options.get("resolver") else {}

    def unique_value(self, options: Options) -> Optional[tuple[str, str]]:
        return ("nsid", "the id") if options.get("nsid", AUTO) != AUTO else None


NETNS = Netns(
    name="netns",
    plural="netns",
    label="netns {1}",
    keys=(Option(name="name", type=NetnsName()),),
    options=(
        ATTACH,
        _OnceOnly(
            name="nsid",
            type=Nsid(high=2**31 - 1, rule="auto is any that is free"),
            gathered=False,
        ),
        Option(name="loopback", type=Bool()),
        Option(name="resolver", type=Resolver()),
    ),
    on_create={"loopback": True},
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
