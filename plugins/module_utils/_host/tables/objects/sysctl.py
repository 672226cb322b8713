# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sysctls of one link, and those of net.bridge (Documentation/networking/ip-sysctl.rst)."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Any

from ..failure import Refused
from ..table import Option
from ..types.simple import NONE, Bool, LinkName, Text, Type, truth
from .object_type import Key, ObjectType

#: net/bridge/br_netfilter_hooks.c: br_nf_pre_routing(), br_nf_forward_arp(): on where the one or the other is.
ALSO_OF_BRIDGES = {
    f"bridge.bridge-nf-call-{tables}": f"nf_call_{tables}" for tables in ("iptables", "ip6tables", "arptables")
}


#: The trees below /proc/sys/net that have a folder for each link.
TREES = ("ipv4.conf", "ipv4.neigh", "ipv6.conf", "ipv6.neigh", "mpls.conf")
_LEAF = "[a-z0-9_]+"
_WHAT = (
    "ipv4.NAME, ipv6.NAME, ipv4.neigh.NAME, ipv6.neigh.NAME, mpls.NAME, bridge.NAME, "
    "or such a name in full (net.ipv4.conf.LINK.NAME)"
)
#: Sysctls of a whole namespace that are another name for one that is here.
_SAME = {"ipv4.ip_forward": "ipv4.forwarding of all"}


@dataclass(frozen=True)
class SysctlName(Type):
    """``ipv4.proxy_arp`` (conf), ``ipv6.neigh.gc_stale_time`` (neigh), ``bridge.bridge-nf-call-iptables``, or in full.

    A full name carries its link. As in sysctl(8), the first separator decides: after a slash dots are part of a name,
    after a dot a slash stands for a dot.
    """

    takes = (
        "`ipv4.proxy_arp`, `ipv6.neigh.gc_stale_time`, `bridge.bridge-nf-call-iptables` "
        "or a full name (see [sysctls](sysctls.md))"
    )

    def parse(self, value: Any) -> str:
        """Return ``FAMILY.TREE.NAME`` or ``FAMILY.TREE.LINK.NAME``; only LINK may have dots."""
        text = str(value).strip()
        text = text[len("/proc/sys/") :] if text.startswith("/proc/sys/") else text
        slashes = "/" in text and "." not in text.split("/", 1)[0]
        parts = text.split("/" if slashes else ".")
        parts = parts[1:] if parts[0] == "net" else parts
        if parts[0] == "bridge" and len(parts) == 2 and re.fullmatch("[a-z0-9-]+", parts[1]):
            return ".".join(parts)
        if ".".join(parts) in _SAME:
            raise ValueError(f"{value!r} is not of one link: it is the same as {_SAME['.'.join(parts)]}")
        if len(parts) == 2 and f"{parts[0]}.conf" in TREES and parts[1] not in ("conf", "neigh"):
            parts.insert(1, "conf")
        dev = ".".join(parts[2:-1])
        dev = dev if slashes else dev.replace("/", ".")
        known = len(parts) > 2 and ".".join(parts[:2]) in TREES and re.fullmatch(_LEAF, parts[-1])
        if not known or (len(parts) > 3 and dev in ("", ".")):
            raise ValueError(f"{value!r} is none of {_WHAT}")
        return ".".join([*parts[:2], *([dev] if dev else []), parts[-1]])


@dataclass(frozen=True)
class SysctlValue(Text):
    """A value as the kernel prints it; true is 1, false is 0."""

    takes = "A number or word as the kernel prints it; `true` is 1, `false` is 0"

    def parse(self, value: Any) -> str:
        if value in (True, False, "True", "False"):
            # Ansible hands a boolean to an option that is text as the text.
            return str(int(truth(value)))
        text = str(value).strip()
        if not text or len(text.split()) > 1 or not text.isascii() or not text.isprintable():
            # The kernel would take the first of several words and drop the others without a word.
            raise ValueError(f"{value!r} is not one number or word")
        return number(text)


def number(text: str) -> str:
    """Return a number in decimal as the kernel reads it: 0x.. is hexadecimal, 0.. octal (lib/kstrtox.c, base 0)."""
    match = re.fullmatch(r"(-?)(?:0x([0-9a-fA-F]+)|0([0-7]+)|([0-9]+))", text)
    if match is None or len(text) > 24:
        return text
    sign, hexadecimal, octal, decimal = match.groups()
    amount = int(hexadecimal, 16) if hexadecimal else int(octal, 8) if octal else int(decimal)
    return str(-amount if sign else amount)


#: What stands in the place of a link: nothing, the kernel's word for all links, and its word for those to come.
OF_NO_LINK = (NONE, "all", "default")


#: Sysctls that the link or its options decide, so they are not restored on a recreated link.
OF_LINK = ("ipv6.conf.mtu", "ipv6.conf.addr_gen_mode")


class Sysctl(ObjectType):
    """Hooks and traits of Sysctls."""

    lasting = True
    required = ("value",)

    def is_on_link(self, key: Key) -> bool:
        return key[1] not in OF_NO_LINK

    def called(self, key: Key) -> str:
        return f"sysctl {key[2]}" if key[1] == NONE else super().called(key)

    def settle(self, parts: dict[str, Any], options: dict[str, Any]) -> Key:
        """Take the link from a full name, give each sysctl one key, and its value the kernel's form; raise Refused."""
        dev, name = parts["dev"], parts["name"]
        what = f"sysctl {name}"
        if name.startswith("bridge."):
            if dev != NONE:
                raise Refused(
                    object=what,
                    option="dev",
                    reason="is not of one link, but of all bridges of a namespace",
                    advice="Leave dev out",
                )
            return NONE, name
        family, tree, *middle, leaf = name.split(".")
        name = f"{family}.{tree}.{leaf}"
        if middle:
            told = ".".join(middle)
            if told in (".", ".."):  # which a link may have as an alternative name, but which no folder of a link is
                raise Refused(
                    object=what, option="name", reason=f"{told!r} is not the folder of a link", advice="Name a link"
                )
            try:
                LinkName().parse(told)
            except ValueError as why:
                raise Refused(object=what, option="name", reason=why) from None
            if dev not in (NONE, told):
                raise Refused(
                    object=what,
                    option="name",
                    reason=f"is a name of {told}, and dev is {dev}",
                    advice="Give the link in one of the two",
                )
            dev = told
        if (tree == "neigh" and dev == "all") or (dev == NONE and (tree == "neigh" or family == "mpls")):
            raise Refused(
                object=what,
                option="dev",
                reason=f"{tree if family != 'mpls' else 'mpls'} has nothing for all links",
                advice="Name a link in dev",
            )
        if leaf == "stable_secret" and "value" in options:
            try:
                options["value"] = ipaddress.IPv6Address(options["value"]).exploded
            except ValueError:
                raise Refused(
                    object=what,
                    option="value",
                    reason=f"{options['value']!r} is not an IPv6 address, which a secret is",
                    advice="Write the secret as an IPv6 address",
                ) from None
        return ("all" if dev == NONE else dev), name


SYSCTL = Sysctl(
    name="sysctl",
    plural="sysctls",
    label="sysctl {2} of {1}",
    keys=(
        Option(name="dev", type=LinkName(), default=NONE),
        Option(name="name", type=SysctlName()),
    ),
    options=(Option(name="value", type=SysctlValue()), Option(name="persist", type=Bool())),
)


#: What sets sysctls again at boot: read by systemd-sysctl and by ``sysctl --system`` (sysctl.d(5)).
FILE = "/etc/sysctl.d/90-netloom-overlay.conf"


def path(dev: str, name: str) -> str:
    """Return the file below /proc/sys/net: a dot in a link's name is no separator in a path."""
    parts = name.split(".")
    if parts[0] == "bridge":
        return f"bridge/{parts[1]}"
    return f"{parts[0]}/{parts[1]}/{'all' if dev == NONE else dev}/{parts[2]}"


#: Neighbour times that the kernel keeps in jiffies and is given in ms (net/core/neighbour.c: neigh_sysctl_table).
_MS = {f"{family}.neigh.{leaf}" for family in ("ipv4", "ipv6") for leaf in (
    "base_reachable_time_ms", "retrans_time_ms", "interval_probe_time_ms")}  # fmt: skip
#: The same of IPv6 links (net/ipv6/addrconf.c: addrconf_sysctl, proc_dointvec_ms_jiffies).
_MS |= {"ipv6.conf.mldv1_unsolicited_report_interval", "ipv6.conf.mldv2_unsolicited_report_interval"}
#: Times that are given in hundredths of a second. IPv6's retrans_time is in jiffies (ndisc_ifinfo_sysctl_change()).
_USER = {f"{family}.neigh.{leaf}" for family in ("ipv4", "ipv6") for leaf in (
    "locktime", "anycast_delay", "proxy_delay")} | {"ipv4.neigh.retrans_time"}  # fmt: skip
USER_HZ = 100  # include/asm-generic/param.h, on all that Debian and its like run on


def kept(name: str, value: str, rate: int) -> str:
    """Return the value that the kernel keeps: it rounds times to its timer of ``rate`` ticks a second (HZ)."""
    if not value.isdigit() or name not in _MS | _USER:
        return value
    given = int(value)
    if name in _MS:
        # msecs_to_jiffies() and jiffies_to_msecs() both round up (kernel/time/time.c).
        ticks = -(-given * rate // 1000)
        return str(-(-ticks * 1000 // rate))
    # clock_t_to_jiffies() and jiffies_to_clock_t() both round down.
    return str(given * rate // USER_HZ * USER_HZ // rate)


def written(name: str, value: str, rate: int) -> str:
    """Return the value to write so that the kernel keeps another one: its tick may be no whole number of ms."""
    if not value.isdigit() or kept(name, value, rate) == value:
        return value
    return next(
        (str(v) for v in range(int(value) - 1, int(value) - 20, -1) if kept(name, str(v), rate) == value), value
    )


#: Two names of one value: only the second tells all of it, and is what the first is made from (net/core/neighbour.c).
COARSE = {
    f"{family}.neigh.{coarse}": f"{family}.neigh.{fine}"
    for family in ("ipv4", "ipv6")
    for coarse, fine in (
        ("base_reachable_time", "base_reachable_time_ms"),
        ("retrans_time", "retrans_time_ms"),
        ("unres_qlen", "unres_qlen_bytes"),
    )
}


SECRET, MODE, DISABLE = "ipv6.conf.stable_secret", "ipv6.conf.addr_gen_mode", "ipv6.conf.disable_ipv6"


def order(key: Key) -> int:
    """Return the place of a sysctl among others. A sysctl that changes others comes first."""
    dev, name = key[1:3]
    if name == SECRET:
        return -1
    first = name.endswith(".forwarding") or name in COARSE
    return ("all", "default").index(dev) * 2 + (not first) if dev in ("all", "default") else 4 + (not first)
