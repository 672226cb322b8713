# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read and write struct fib_rule_hdr: the rules that choose a routing table (net/core/fib_rules.c)."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...state.model import Entry, Operation
from ...tables.objects.rule import ACTIONS, FAMILIES, PROTOCOLS, marked, masked, selected, selector
from ...tables.types.addresses import ip_text
from ...tables.types.named_numbers import TABLES, flow_of, number_of, realms_of
from ...tables.types.simple import NONE
from ..netlink import constants as c
from ..netlink.message import Known, Message, View, mark_of
from ..netlink.walk import attributes
from .wire import Wire, number

if TYPE_CHECKING:
    from ..observe import Links


_HEADER = struct.Struct("=BBBBBBBBI")
_ACTION_NAMES = {number: name for name, number in ACTIONS.items()}
_FAMILY_NAMES = {number: name for name, number in FAMILIES.items()}
_TABLE_NAMES = {number: name for name, number in TABLES.items()}
_PROTOCOL_NAMES = {number: name for name, number in PROTOCOLS.items()}
_UNSUPPRESSED = 2**32 - 1
_MASKS = {"sport": c.FRA_SPORT_MASK, "dport": c.FRA_DPORT_MASK}
_PORTS = {"sport": c.FRA_SPORT_RANGE, "dport": c.FRA_DPORT_RANGE}


def decode(netns: str, body: bytes, _view: View, _links: Links) -> Entry | None:
    """Decode a rule. Rules that the kernel creates by itself (local, main, default, VRFs) are left out."""
    family, dst_len, src_len, tos, table, _one, _two, action, flags = _HEADER.unpack_from(body)
    found = attributes(body, 12)
    protocol = found.get(c.FRA_PROTOCOL, b"\0")[0]
    if protocol == c.RTPROT_KERNEL or family not in _FAMILY_NAMES:
        return None
    if c.FRA_TABLE in found:
        table = number(found[c.FRA_TABLE])
    options: dict[str, Any] = {
        "action": _ACTION_NAMES.get(action, str(action)),
        "l3mdev": bool(found.get(c.FRA_L3MDEV, b"\0")[0]),
        "suppress_prefixlength": _suppressed(found.get(c.FRA_SUPPRESS_PREFIXLEN)),
        "suppress_ifgroup": _suppressed(found.get(c.FRA_SUPPRESS_IFGROUP)),
    }
    if options["action"] == "lookup" and not options["l3mdev"]:
        options["table"] = _TABLE_NAMES.get(table, table)
    if c.FRA_FLOW in found:
        options["realms"] = realms_of(number(found[c.FRA_FLOW]))
    if c.FRA_GOTO in found and options["action"] == "goto":
        options["goto"] = number(found[c.FRA_GOTO])
    chosen = _read_selector(found, {"dst": dst_len, "src": src_len, "tos": tos, "flags": flags})
    priority = number(found[c.FRA_PRIORITY]) if c.FRA_PRIORITY in found else 0
    key = (netns, str(priority), _FAMILY_NAMES[family], selector(chosen))
    return Entry("rule", key, options, owned=protocol == c.MARK, maker=protocol)


def _suppressed(payload: bytes | None) -> int:
    value = _UNSUPPRESSED if payload is None else number(payload)
    return -1 if value == _UNSUPPRESSED else value


def _read_selector(found: Mapping[int, bytes], header: Mapping[str, int]) -> dict[str, Any]:
    chosen: dict[str, Any] = {"not": bool(header["flags"] & c.FIB_RULE_INVERT), "tos": header["tos"]}
    for name, attr, length in (("from", c.FRA_SRC, header["src"]), ("to", c.FRA_DST, header["dst"])):
        if attr in found:
            chosen[name] = f"{ip_text(found[attr])}/{length}"
    for name, attr in (("iif", c.FRA_IIFNAME), ("oif", c.FRA_OIFNAME)):
        chosen[name] = found.get(attr, b"").rstrip(b"\0").decode()
    if c.FRA_FWMASK in found:
        chosen["fwmark"] = marked(number(found.get(c.FRA_FWMARK, b"\0\0\0\0")), number(found[c.FRA_FWMASK]))
    if c.FRA_UID_RANGE in found:
        chosen["uidrange"] = "%d-%d" % struct.unpack("=II", found[c.FRA_UID_RANGE])
    protocol = found.get(c.FRA_IP_PROTO, b"\0")[0]
    if protocol:
        chosen["ipproto"] = _PROTOCOL_NAMES.get(protocol, str(protocol))
    chosen["tun_id"] = int.from_bytes(found.get(c.FRA_TUN_ID, b""), "big")
    return {**chosen, **_read_masked(found)}


def _read_masked(found: Mapping[int, bytes]) -> dict[str, str]:
    """Decode a value that may have a mask. The kernel reports a mask of all bits for a single port too (Linux 6.15)."""
    chosen: dict[str, str] = {}
    for name, attr in _PORTS.items():
        if attr in found:
            low, high = struct.unpack("=HH", found[attr])
            (mask,) = struct.unpack("=H", found.get(_MASKS[name], b"\xff\xff"))
            chosen[name] = masked(low, mask or 0xFFFF, 0xFFFF) if low == high else f"{low}-{high}"
    if c.FRA_DSCP in found:
        chosen["dscp"] = masked(found[c.FRA_DSCP][0], found.get(c.FRA_DSCP_MASK, b"\x3f")[0], 0x3F)
    if c.FRA_FLOWLABEL in found:
        label, mask = (int.from_bytes(found[attr], "big") for attr in (c.FRA_FLOWLABEL, c.FRA_FLOWLABEL_MASK))
        chosen["flowlabel"] = masked(label, mask, 0xFFFFF)
    return chosen


def write(_known: Known, operation: Operation) -> Message:
    """Return the request that adds or removes a rule."""
    entry = operation.entry
    _netns, priority, family, text = entry.key
    options, chosen = entry.options, selected(text)
    action = options.get("action", "lookup")
    header = {
        "family": FAMILIES[family],
        "tos": chosen.get("tos", 0),
        "action": ACTIONS[action],
        "flags": c.FIB_RULE_INVERT if chosen.get("not") else 0,
    }
    tree: list[Any] = [(c.FRA_PRIORITY, "u32", int(priority))]
    for name, attr, length in (("from", c.FRA_SRC, "src_len"), ("to", c.FRA_DST, "dst_len")):
        if name in chosen:
            prefix = ipaddress.ip_interface(chosen[name])
            header[length] = prefix.network.prefixlen
            tree.append((attr, "raw", prefix.ip.packed))
    if options.get("l3mdev"):
        tree.append((c.FRA_L3MDEV, "u8", 1))
    elif action == "lookup":
        tree.append((c.FRA_TABLE, "u32", number_of(TABLES, options.get("table", "main"))))
    if action == "goto":
        tree.append((c.FRA_GOTO, "u32", options["goto"]))
    for name, attr in (
        ("suppress_prefixlength", c.FRA_SUPPRESS_PREFIXLEN),
        ("suppress_ifgroup", c.FRA_SUPPRESS_IFGROUP),
    ):
        if options.get(name, -1) >= 0:
            tree.append((attr, "u32", options[name]))
    if options.get("realms", NONE) != NONE:
        tree.append((c.FRA_FLOW, "u32", flow_of(options["realms"])))
    tree += _write_selector(chosen)
    if operation.verb == "del":
        # A rule is found by all that is said of it. What is ours is named as ours: another's may be the same else.
        tree += [(c.FRA_PROTOCOL, "u8", c.MARK)] if entry.owned else []
        return Message(entry.netns, "rule", c.RTM_DELRULE, 0, header, tree)
    tree.append((c.FRA_PROTOCOL, "u8", mark_of(entry)))
    # With NLM_F_EXCL the kernel refuses a rule that is less specific than one it has: rule_exists() asks for the same
    # only of what the new one names. That there is none has been seen before.
    return Message(entry.netns, "rule", c.RTM_NEWRULE, c.NLM_F_CREATE, header, tree)


def _write_selector(chosen: Mapping[str, Any]) -> list[Any]:
    tree: list[Any] = []
    for name, attr in (("iif", c.FRA_IIFNAME), ("oif", c.FRA_OIFNAME)):
        if name in chosen:
            tree.append((attr, "str", chosen[name]))
    if "fwmark" in chosen:
        mark, _slash, mask = chosen["fwmark"].partition("/")
        tree += [(c.FRA_FWMARK, "u32", int(mark, 0)), (c.FRA_FWMASK, "u32", int(mask, 0) if mask else 2**32 - 1)]
    if "uidrange" in chosen:
        tree.append((c.FRA_UID_RANGE, "raw", struct.pack("=II", *map(int, chosen["uidrange"].split("-")))))
    if "ipproto" in chosen:
        tree.append((c.FRA_IP_PROTO, "u8", PROTOCOLS.get(chosen["ipproto"]) or int(chosen["ipproto"])))
    tree += _write_masked(chosen)
    if "tun_id" in chosen:
        tree.append((c.FRA_TUN_ID, "raw", chosen["tun_id"].to_bytes(8, "big")))
    return tree


def _write_masked(chosen: Mapping[str, Any]) -> list[Any]:
    tree: list[Any] = []
    for name, attr in _PORTS.items():
        if name in chosen:
            ports, mask = _unmasked(chosen[name])
            low, _dash, high = ports.partition("-")
            tree.append((attr, "raw", struct.pack("=HH", int(low), int(high or low))))
            tree += [] if mask is None else [(_MASKS[name], "u16", mask)]
    if "dscp" in chosen:
        number_text, mask = _unmasked(chosen["dscp"])
        tree.append((c.FRA_DSCP, "u8", int(number_text)))
        tree += [] if mask is None else [(c.FRA_DSCP_MASK, "u8", mask)]
    if "flowlabel" in chosen:
        number_text, mask = _unmasked(chosen["flowlabel"])
        tree.append((c.FRA_FLOWLABEL, "be32", int(number_text)))
        tree.append((c.FRA_FLOWLABEL_MASK, "be32", 0xFFFFF if mask is None else mask))
    return tree


def _unmasked(text: str) -> tuple[str, int | None]:
    """Return a number and its mask, None for all bits, which older kernels do not know."""
    number_text, _slash, mask = text.partition("/")
    return number_text, int(mask, 0) if mask else None


_DUMPS = tuple((c.RTM_GETRULE, _HEADER.pack(family, 0, 0, 0, 0, 0, 0, 0, 0)) for family in (c.AF_INET, c.AF_INET6))
RULE = Wire(write=write, dumps=_DUMPS, decode=decode, may_lack=True)
