# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read and write struct ifaddrmsg: the addresses of links."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...state.model import Entry, Operation
from ...tables.objects.address import FLAGS, FOREVER, INFINITY, OF_LO, OPTIMISTIC, OPTIMISTIC_FLAG
from ...tables.types.addresses import ip_text, packed_ip
from ...tables.types.named_numbers import SCOPES, number_of
from ...tables.types.simple import NONE
from ..netlink import constants as c
from ..netlink.message import Known, Message, View, family_of, flags_for, mark_of
from ..netlink.walk import attributes
from .wire import Wire, number

if TYPE_CHECKING:
    from ..observe import Links


_IFADDR = struct.Struct("=BBBBI")
_CACHEINFO = struct.Struct("=IIII")  # struct ifa_cacheinfo: preferred, valid, and two times of the kernel's own
_SCOPE_NAMES = {number: name for name, number in SCOPES.items()}


def decode(netns: str, body: bytes, view: View, links: Links) -> Entry | None:
    """Decode an address. An address that the kernel creates by itself is reported only where it is desired."""
    family, length, low_flags, scope, index = _IFADDR.unpack_from(body)
    found = attributes(body, 8)
    protocol = found.get(c.IFA_PROTO, b"\0")[0]
    if family not in (c.AF_INET, c.AF_INET6):
        return None
    local = found.get(c.IFA_LOCAL) or found[c.IFA_ADDRESS]
    other = found.get(c.IFA_ADDRESS, local)
    dev = view.name(index)
    by_kernel = protocol in c.IFAPROT_OF_KERNEL
    if by_kernel and links.places is not None and ("address", (netns, dev, ip_text(local))) not in links.places:
        return None
    flags = number(found[c.IFA_FLAGS]) if c.IFA_FLAGS in found else low_flags
    options: dict[str, Any] = {"scope": _SCOPE_NAMES.get(scope, scope)}
    if other != local:
        options["peer"] = ip_text(other)
    label = found.get(c.IFA_LABEL, b"").rstrip(b"\0").decode()
    options["label"] = label if label != dev else ""
    options["metric"] = number(found[c.IFA_RT_PRIORITY]) if c.IFA_RT_PRIORITY in found else 0
    if family == c.AF_INET:
        options["broadcast"] = ip_text(found[c.IFA_BROADCAST]) if c.IFA_BROADCAST in found else NONE
    if c.IFA_CACHEINFO in found:
        preferred, valid = _CACHEINFO.unpack_from(found[c.IFA_CACHEINFO])[:2]
        if family == c.AF_INET and valid == INFINITY and flags & c.IFA_F_DEPRECATED:
            preferred = 0  # inet_fill_ifaddr() says forever all the same
        options.update(valid_lft=_lifetime(valid), preferred_lft=_lifetime(preferred))
    options.update({name: bool(flags & bit) for name, bit in FLAGS.items()})
    options[OPTIMISTIC] = bool(flags & OPTIMISTIC_FLAG)
    key = (netns, dev, f"{ip_text(local)}/{length}")
    return Entry("address", key, options, owned=protocol == c.MARK, by_kernel=by_kernel, maker=protocol)


def _lifetime(seconds: int) -> str | int:
    return FOREVER if seconds == INFINITY else seconds


def _cacheinfo(options: Mapping[str, Any]) -> list[Any]:
    """Return the attribute of the lifetimes where one is given. Without it the kernel takes forever for both."""
    if "valid_lft" not in options and "preferred_lft" not in options:
        return []
    valid, preferred = (
        INFINITY if value == FOREVER else int(value)
        for value in (options.get(name, FOREVER) for name in ("valid_lft", "preferred_lft"))
    )
    # A new valid lifetime may be shorter than the preferred one that was not asked for.
    return [(c.IFA_CACHEINFO, "raw", _CACHEINFO.pack(min(preferred, valid), valid, 0, 0))]


def write(known: Known, operation: Operation) -> Message:
    """Return the request that adds, replaces or removes an address."""
    entry = operation.entry
    local, _slash, length = entry.key[2].partition("/")
    peer = entry.options.get("peer", local)
    bits = sum(bit for name, bit in FLAGS.items() if entry.options.get(name))
    if operation.verb == "add" and entry.options.get(OPTIMISTIC):
        bits |= OPTIMISTIC_FLAG
    tree: list[Any] = [(c.IFA_LOCAL, "raw", packed_ip(local)), (c.IFA_ADDRESS, "raw", packed_ip(peer))]
    if operation.verb != "del":
        tree += [(c.IFA_FLAGS, "u32", bits), (c.IFA_PROTO, "u8", mark_of(entry))]
        if entry.options.get("label"):
            tree.append((c.IFA_LABEL, "str", entry.options["label"]))
        if entry.options.get("broadcast", NONE) != NONE:
            tree.append((c.IFA_BROADCAST, "raw", packed_ip(entry.options["broadcast"])))
        tree += _cacheinfo(entry.options)
        if entry.options.get("metric"):
            tree.append((c.IFA_RT_PRIORITY, "u32", entry.options["metric"]))
    header = {
        "family": family_of(local),
        "prefixlen": int(length),
        "scope": number_of(SCOPES, entry.options.get("scope", "global")),
        "index": known.view(entry.netns).index(entry.name),
    }
    kind = c.RTM_DELADDR if operation.verb == "del" else c.RTM_NEWADDR
    verb = "set" if operation.verb == "add" and entry.key[1:] in OF_LO else operation.verb
    return Message(entry.netns, "address", kind, flags_for(verb), header, tree)


ADDRESS = Wire(write=write, dumps=((c.RTM_GETADDR, _IFADDR.pack(0, 0, 0, 0, 0)),), decode=decode)
