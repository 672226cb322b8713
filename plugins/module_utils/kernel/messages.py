# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write operations as rtnetlink messages."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any, Callable

from ..kinds import KINDS
from ..kinds.addresses import packed_ip
from ..kinds.link import ADDRGENMODE, COMMON, FLAGS, MARK_GROUP
from ..kinds.packed import merged
from ..kinds.types import NONE
from ..model import Entry, Operation
from ..objects import SORTS
from ..objects.address import FLAGS as ADDRESS_FLAGS
from ..objects.address import SCOPES
from ..objects.fdb import STATES as FDB_STATES
from ..objects.neighbor import STATES as NEIGHBOR_STATES
from ..objects.route import ENCAP_FIELDS, ENCAP_TYPES, TABLES, TYPES
from . import constants as c
from .codec import Tree, encode
from .observe import Observer

Message = tuple[str, bytearray]  # the namespace whose socket sends it, and the bytes

_NEW = c.NLM_F_CREATE | c.NLM_F_EXCL
_PUT = c.NLM_F_CREATE | c.NLM_F_REPLACE
_TYPES = {
    "address": (c.RTM_NEWADDR, c.RTM_DELADDR),
    "neighbor": (c.RTM_NEWNEIGH, c.RTM_DELNEIGH),
    "route": (c.RTM_NEWROUTE, c.RTM_DELROUTE),
}


class Writer:
    """Write messages, with the names and indexes that the observer knows."""

    def __init__(self, observer: Observer) -> None:
        self.observer = observer

    def write(self, operation: Operation) -> Message:
        """Return the message for an operation on anything but a namespace or a sysctl."""
        return _WRITERS[operation.entry.sort](self, operation)

    def link(self, operation: Operation) -> Message:
        """Return the message that adds, sets or removes a link."""
        entry = operation.entry
        if operation.verb == "add":
            return self._new_link(entry)
        view = self.observer.view(entry.netns)
        header: dict[str, int] = {"index": view.index(entry.name)}
        if operation.verb == "del":
            view.forget(entry.name)
            return entry.netns, encode("link", c.RTM_DELLINK, 0, header, [])
        tree = self._common(entry)
        data = self._data(entry, operation.before)
        if data:
            info = [(c.IFLA_INFO_KIND, "str", entry.kind), (c.IFLA_INFO_DATA, "nested", data)]
            tree.append((c.IFLA_LINKINFO, "nested", info))
        return entry.netns, encode("link", c.RTM_NEWLINK, 0, {**header, **_flags(entry)}, tree)

    def _new_link(self, entry: Entry) -> Message:
        made_in = entry.options.get("link_netns", entry.netns)
        kind = KINDS[entry.kind]
        tree: list[Any] = [(c.IFLA_IFNAME, "str", entry.name)]
        # The kernel looks a given index up where the socket is, not where the link goes (rtnl_newlink(), seen on 6.1).
        above = self.observer.view(made_in).highest
        index = self.observer.view(entry.netns).reserve(entry.name, above)
        header: dict[str, int] = {"index": index, **_flags(entry)}
        tree += self._common(entry) + self._outer(entry)
        if made_in != entry.netns:
            self.observer.relate(made_in, entry.netns)
            tree.append((c.IFLA_NET_NS_FD, "u32", self.observer.namespaces.fd(entry.netns)))
        data = self._data(entry)
        if kind.peered:
            data.append(self._peer(entry))
        info = [(c.IFLA_INFO_KIND, "str", entry.kind), *([(c.IFLA_INFO_DATA, "nested", data)] if data else [])]
        tree.append((c.IFLA_LINKINFO, "nested", info))
        return made_in, encode("link", c.RTM_NEWLINK, _NEW, header, tree)

    def _peer(self, entry: Entry) -> tuple[int, str, Any]:
        """Write the other end of a pair: named, marked and in its namespace from the first moment."""
        netns, name = entry.options.get("peer_netns", entry.netns), entry.options["peer_name"]
        attrs: list[Any] = [(c.IFLA_IFNAME, "str", name), (c.IFLA_GROUP, "u32", entry.options.get("group", MARK_GROUP))]
        if netns != entry.netns:
            attrs.append((c.IFLA_NET_NS_FD, "u32", self.observer.namespaces.fd(netns)))
        return (c.VETH_INFO_PEER, "message", ({"index": self.observer.view(netns).reserve(name)}, attrs))

    def _common(self, entry: Entry) -> list[Any]:
        view = self.observer.view(entry.netns)
        tree: list[Any] = []
        for row in COMMON:
            if row.name in entry.options:
                tree += row.encode(entry.options[row.name], view)
        if ADDRGENMODE.name in entry.options:
            mode = ADDRGENMODE.encode(entry.options[ADDRGENMODE.name], view)
            tree.append((c.IFLA_AF_SPEC, "nested", [(c.AF_INET6, "nested", mode)]))
        return tree

    def _data(self, entry: Entry, before: Entry | None = None) -> list[Any]:
        kind = KINDS.get(entry.kind)
        view = self.observer.view(entry.options.get("link_netns", entry.netns))
        tree: list[Any] = []
        for row in kind.options if kind else ():
            if row.name not in entry.options or row.outer:
                continue
            if before is not None and row.name in before.options:
                old, new = before.options[row.name], entry.options[row.name]
                tree += row.type.encode_change(row.attrs, old, new, view)
            else:
                tree += row.encode(entry.options[row.name], view)
        return merged(tree)

    def _outer(self, entry: Entry) -> list[Any]:
        """Write the kind's options that stand beside its nest: the link beneath, by its index where the socket is."""
        view = self.observer.view(entry.options.get("link_netns", entry.netns))
        tree: list[Any] = []
        for row in KINDS[entry.kind].options:
            if row.name in entry.options and row.outer:
                tree += row.encode(entry.options[row.name], view)
        return tree

    def port(self, operation: Operation) -> Message:
        """Return the message that sets port options (net/bridge/br_netlink.c: br_setlink)."""
        entry = operation.entry
        view = self.observer.view(entry.netns)
        rows: list[Any] = []
        for row in SORTS["port"].options:
            if row.name in entry.options:
                rows += row.encode(entry.options[row.name], view)
        header = {"family": c.AF_BRIDGE, "index": view.index(entry.name)}
        return entry.netns, encode("link", c.RTM_SETLINK, 0, header, [(c.IFLA_PROTINFO, "nested", rows)])

    def address(self, operation: Operation) -> Message:
        """Return the message that adds, replaces or removes an address."""
        entry = operation.entry
        local, _slash, length = entry.key[2].partition("/")
        peer = entry.options.get("peer", local)
        bits = sum(bit for name, bit in ADDRESS_FLAGS.items() if entry.options.get(name))
        tree: list[Any] = [(c.IFA_LOCAL, "raw", packed_ip(local)), (c.IFA_ADDRESS, "raw", packed_ip(peer))]
        if operation.verb != "del":
            tree += [(c.IFA_FLAGS, "u32", bits), (c.IFA_PROTO, "u8", c.MARK)]
            if entry.options.get("label"):
                tree.append((c.IFA_LABEL, "str", entry.options["label"]))
            if entry.options.get("metric"):
                tree.append((c.IFA_RT_PRIORITY, "u32", entry.options["metric"]))
        header = {
            "family": _family(local),
            "prefixlen": int(length),
            "scope": SCOPES[entry.options.get("scope", "global")],
            "index": self.observer.view(entry.netns).index(entry.name),
        }
        return self._put("address", operation, header, tree)

    def _put(self, shape: str, operation: Operation, header: dict[str, int], tree: Tree) -> Message:
        new, gone = _TYPES[shape]
        kind = gone if operation.verb == "del" else new
        flags = {"add": _NEW, "set": _PUT, "del": 0}[operation.verb]
        return operation.entry.netns, encode(shape, kind, flags, header, tree)

    def neighbor(self, operation: Operation) -> Message:
        """Return the message that adds, replaces or removes a neighbor entry."""
        entry = operation.entry
        dst = entry.key[2]
        flags = (c.NTF_ROUTER if entry.options.get("router") else 0) | (
            c.NTF_EXT_LEARNED if entry.options.get("extern_learn") else 0
        )
        header = {
            "family": _family(dst),
            "ifindex": self.observer.view(entry.netns).index(entry.name),
            "state": NEIGHBOR_STATES[entry.options.get("nud", "permanent")],
            "flags": flags,
        }
        tree: list[Any] = [(c.NDA_DST, "raw", packed_ip(dst))]
        if operation.verb != "del":
            tree.append((c.NDA_PROTOCOL, "u8", c.MARK))
            if "mac" in entry.options:
                tree.append((c.NDA_LLADDR, "raw", bytes.fromhex(entry.options["mac"].replace(":", ""))))
        # What was learned for this address may be there: the wish replaces it.
        verb = Operation("set" if operation.verb == "add" else operation.verb, entry)
        return self._put("neighbor", verb, header, tree)

    def fdb(self, operation: Operation) -> Message:
        """Return the message that adds, appends, replaces or removes an FDB entry."""
        entry = operation.entry
        _netns, dev, mac, vlan, target, listed = entry.key
        view = self.observer.view(entry.netns)
        dst = listed or entry.options.get("dst", "")
        tree: list[Any] = [(c.NDA_LLADDR, "raw", bytes.fromhex(mac.replace(":", "")))]
        if dst:
            tree.append((c.NDA_DST, "raw", packed_ip(dst)))
        if vlan != "0":
            tree.append((c.NDA_VLAN, "u16", int(vlan)))
        for row in SORTS["fdb"].options:
            if row.attrs and row.name in entry.options:
                tree += row.encode(entry.options[row.name], view)
        extern = c.NTF_EXT_LEARNED if entry.options.get("extern_learn") else 0
        header = {
            "family": c.AF_BRIDGE,
            "ifindex": view.index(dev),
            "state": FDB_STATES[entry.options.get("nud", "permanent")],
            "flags": (c.NTF_SELF if target == "self" else c.NTF_MASTER) | extern,
        }
        if operation.verb == "del":
            return entry.netns, encode("neighbor", c.RTM_DELNEIGH, 0, header, tree)
        # A MAC with several destinations gets one more; any other has one, and what was learned gives way.
        flags = c.NLM_F_CREATE | (c.NLM_F_APPEND if listed else c.NLM_F_REPLACE)
        return entry.netns, encode("neighbor", c.RTM_NEWNEIGH, flags, header, tree)

    def route(self, operation: Operation) -> Message:
        """Return the message that adds, replaces or removes a route."""
        entry = operation.entry
        _netns, dst, table, metric = entry.key
        options = entry.options
        view = self.observer.view(entry.netns)
        network = _network(dst)
        table_number = TABLES.get(table) or int(table)
        tree: list[Any] = [(c.RTA_TABLE, "u32", table_number)]
        if network.prefixlen:
            tree.append((c.RTA_DST, "raw", network.network_address.packed))
        if metric != "0":
            tree.append((c.RTA_PRIORITY, "u32", int(metric)))
        tree += _encap(dict(options.get("encap") or ()))
        if "via" in options:
            tree.append((c.RTA_GATEWAY, "raw", packed_ip(options["via"])))
        if "src" in options:
            tree.append((c.RTA_PREFSRC, "raw", packed_ip(options["src"])))
        if options.get("dev", NONE) != NONE:
            tree.append((c.RTA_OIF, "u32", view.index(options["dev"])))
        metrics = [(attr, "u32", options[name]) for name, attr in c.RTAX.items() if name in options]
        if metrics:
            tree.append((c.RTA_METRICS, "nested", metrics))
        header = {
            "family": c.AF_INET if network.version == 4 else c.AF_INET6,
            "dst_len": network.prefixlen,
            "table": table_number if table_number < 256 else 252,
            "proto": c.MARK,
            "scope": _scope(network.version, options),
            "type": TYPES[options.get("type", "unicast")],
            "flags": c.RTNH_F_ONLINK if options.get("onlink") else 0,
        }
        if operation.verb == "del":
            # iproute.c: a delete that names neither protocol nor scope finds the route whatever they are.
            header.update(proto=0, scope=255)
        return self._put("route", operation, header, tree)


def _flags(entry: Entry) -> dict[str, int]:
    """Write the options that are bits of ifi_flags."""
    value = change = 0
    for name, (bit, inverted) in FLAGS.items():
        if name in entry.options:
            change |= bit
            value |= bit if bool(entry.options[name]) != inverted else 0
    return {"flags": value, "change": change} if change else {}


def _family(address: str) -> int:
    return c.AF_INET6 if ":" in address else c.AF_INET


def _network(dst: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network("0.0.0.0/0" if dst == "default" else dst)


def _scope(version: int, options: Any) -> int:
    """Return the scope as ``ip route`` chooses it: link for an IPv4 route without a gateway."""
    if "scope" in options:
        return SCOPES[options["scope"]]
    if version == 6 or "via" in options or options.get("type", "unicast") != "unicast":
        return SCOPES["global"]
    return SCOPES["link"]


def _encap(encap: dict[str, Any]) -> list[Any]:
    """Write an encapsulation. RTA_ENCAP_TYPE goes first: the kernel reads it before the nest."""
    if not encap:
        return []
    nest: list[Any] = []
    for row in ENCAP_FIELDS:
        if row.name in encap:
            value = encap[row.name]
            if row.wire == "ip":
                nest.append((row.attr, "raw", packed_ip(value)))
            elif row.wire == "be64":
                nest.append((row.attr, "raw", int(value).to_bytes(8, "big")))
            else:
                nest.append((row.attr, row.wire, value))
    return [(c.RTA_ENCAP_TYPE, "u16", ENCAP_TYPES[encap["type"]]), (c.RTA_ENCAP, "nested", nest)]


def probes(kinds: Iterable[str]) -> list[bytearray]:
    """Return requests that cannot succeed, but fail differently where the kernel lacks the kind.

    The name holds a slash, which register_netdevice() refuses after the kind was looked up and its module loaded.
    """
    return [
        encode(
            "link",
            c.RTM_NEWLINK,
            _NEW,
            {},
            [(c.IFLA_IFNAME, "str", "no/link"), (c.IFLA_LINKINFO, "nested", [(c.IFLA_INFO_KIND, "str", kind)])],
        )
        for kind in kinds
    ]


def group_removal(observer: Observer, netns: str, names: list[str], group: int) -> list[bytearray]:
    """Return messages that put links into a group and remove the group: 0.15 s where one by one takes 20 s for 1000."""
    view = observer.view(netns)
    messages = [
        encode("link", c.RTM_SETLINK, 0, {"index": view.index(name)}, [(c.IFLA_GROUP, "u32", group)]) for name in names
    ]
    for name in names:
        view.forget(name)
    return [*messages, encode("link", c.RTM_DELLINK, 0, {}, [(c.IFLA_GROUP, "u32", group)])]


_WRITERS: dict[str, Callable[[Writer, Operation], Message]] = {
    "link": Writer.link,
    "port": Writer.port,
    "address": Writer.address,
    "neighbor": Writer.neighbor,
    "fdb": Writer.fdb,
    "route": Writer.route,
}
