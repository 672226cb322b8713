# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sysctls of one link, and those of net.bridge (Documentation/networking/ip-sysctl.rst)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ..kinds.table import Option
from ..kinds.types import NONE, LinkName, Text, Type, truth
from .sort import Sort


@dataclass(frozen=True)
class SysctlName(Type):
    """``ipv4.proxy_arp`` (conf), ``ipv6.neigh.gc_stale_time`` (neigh) or ``bridge.bridge-nf-call-iptables``."""

    def parse(self, value: Any) -> str:
        name = str(value)
        name = name[4:] if name.startswith("net.") else name
        match = re.fullmatch(r"(ipv4|ipv6)\.(?:(conf|neigh)\.)?([a-z0-9_]+)", name)
        if match:
            family, tree, leaf = match.groups()
            return f"{family}.{tree or 'conf'}.{leaf}"
        if re.fullmatch(r"bridge\.[a-z0-9-]+", name):
            return name
        raise ValueError(f"{value!r} is none of ipv4.NAME, ipv6.NAME, ipv4.neigh.NAME, ipv6.neigh.NAME, bridge.NAME")


@dataclass(frozen=True)
class SysctlValue(Text):
    """A value as the kernel prints it: numbers and words, white space folded; true is 1, false is 0."""

    def parse(self, value: Any) -> str:
        if value in (True, False, "True", "False"):
            # Ansible hands a boolean to an option that is text as the text.
            return str(int(truth(value)))
        return " ".join(str(value).split())


#: What stands in the place of a link: nothing, the kernel's word for all links, and its word for those to come.
OF_NO_LINK = (NONE, "all", "default")

SYSCTL = Sort(
    name="sysctl",
    plural="sysctls",
    label="sysctl {2} of {1}",
    keys=(Option("dev", None, LinkName(), default=NONE), Option("name", None, SysctlName())),
    options=(Option("value", None, SysctlValue()),),
    lasting=True,
    needs=("value",),
)


def path(dev: str, name: str) -> str:
    """Return the file below /proc/sys/net: a dot in a link's name is no separator in a path."""
    parts = name.split(".")
    if parts[0] == "bridge":
        return f"bridge/{parts[1]}"
    return f"{parts[0]}/{parts[1]}/{'all' if dev == NONE else dev}/{parts[2]}"
