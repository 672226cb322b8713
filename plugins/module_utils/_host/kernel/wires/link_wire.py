# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write the requests that create, set and remove links (struct ifinfomsg); read and write the options of bridge ports.

Requests of their own carry alternative names and the token. observe.py reads links' dumps.
A port's options are in IFLA_INFO_SLAVE_DATA of the dump, and in IFLA_PROTINFO of a request.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from ...state.entries import made_in, peer_key, rows, rows_given
from ...state.model import Entry, Key, Operation
from ...tables.links.any_link import ADDRGENMODE, COMMON, FLAGS, INDEX, MARK_GROUP
from ...tables.links.any_link import TOKEN as TOKEN_ROW
from ...tables.objects.port import PORT as SORT
from ...tables.registry import KINDS
from ...tables.types.addresses import packed_ip
from ...tables.types.packed import merged
from ...tables.types.simple import NONE, UNSET
from ..netlink import constants as c
from ..netlink.message import NEW, Known, Message, View
from ..netlink.walk import LazyOptions, Nest
from .wire import Part, Wire

_COMMON = frozenset(row.name for row in COMMON)


def write(known: Known, operation: Operation) -> Message:
    """Return the message that adds, sets or removes a link."""
    entry = operation.entry
    if operation.verb == "add":
        return _new_link(known, entry)
    if operation.verb == "move":
        return _move(known, operation)
    view = known.view(entry.netns)
    header: dict[str, int] = {"index": view.index(entry.name)}
    if operation.verb == "del":
        view.forget(entry.name)
        return Message(entry.netns, "link", c.RTM_DELLINK, 0, header, [])
    tree = _common(known, entry) + _outer(known, entry, living=True)
    data = _data(known, entry, operation.before)
    if data:
        info = [(c.IFLA_INFO_KIND, "str", entry.kind), (c.IFLA_INFO_DATA, "nested", data)]
        tree.append((c.IFLA_LINKINFO, "nested", info))
    return Message(entry.netns, "link", c.RTM_NEWLINK, 0, {**header, **_flags(entry)}, tree)


def _move(known: Known, operation: Operation) -> Message:
    """Return the message that moves a link from where it was (``before``) to another namespace."""
    source, target = operation.before or operation.entry, operation.entry.netns
    # Each gets an id of the other, so that the socket, lower device or peer that stays can be found by its namespace.
    known.relate(source.netns, target)
    known.relate(target, source.netns)
    header = {"index": known.view(source.netns).index(source.name)}
    tree = [(c.IFLA_NET_NS_FD, "u32", known.namespaces.fd(target))]
    return Message(source.netns, "link", c.RTM_NEWLINK, 0, header, tree)


def _new_link(known: Known, entry: Entry) -> Message:
    source = made_in(entry)
    tree: list[Any] = [(c.IFLA_IFNAME, "str", entry.name)]
    # The kernel looks a given index up in the namespace of the socket, not of the link (rtnl_newlink(), seen on 6.1).
    above = known.view(source).highest
    index = known.view(entry.netns).reserve(entry.name, above, entry.options.get(INDEX.name))
    header: dict[str, int] = {"index": index, **_flags(entry)}
    tree += _common(known, entry) + _outer(known, entry)
    if source != entry.netns:
        known.relate(source, entry.netns)
        tree.append((c.IFLA_NET_NS_FD, "u32", known.namespaces.fd(entry.netns)))
    data = _data(known, entry)
    peer = peer_key(entry)
    if peer is not None:
        data.append(_peer(known, entry, *peer))
    info = [(c.IFLA_INFO_KIND, "str", entry.kind), *([(c.IFLA_INFO_DATA, "nested", data)] if data else [])]
    tree.append((c.IFLA_LINKINFO, "nested", info))
    return Message(source, "link", c.RTM_NEWLINK, NEW, header, tree)


def _peer(known: Known, entry: Entry, netns: str, name: str) -> tuple[int, str, Any]:
    """Write the other end of a pair: named, marked and in its namespace from the first moment."""
    attrs: list[Any] = [(c.IFLA_IFNAME, "str", name), (c.IFLA_GROUP, "u32", entry.options.get("group", MARK_GROUP))]
    if netns != entry.netns:
        attrs.append((c.IFLA_NET_NS_FD, "u32", known.namespaces.fd(netns)))
    return (c.VETH_INFO_PEER, "message", ({"index": known.view(netns).reserve(name)}, attrs))


def _common(known: Known, entry: Entry) -> list[Any]:
    view = known.view(entry.netns)
    tree: list[Any] = []
    for row in rows_given(entry):
        if row.name in _COMMON:
            tree += row.encode(entry.options[row.name], view)
    if ADDRGENMODE.name in entry.options:
        mode = ADDRGENMODE.encode(entry.options[ADDRGENMODE.name], view)
        tree.append((c.IFLA_AF_SPEC, "nested", [(c.AF_INET6, "nested", mode)]))
    return tree


def _data(known: Known, entry: Entry, before: Entry | None = None) -> list[Any]:
    kind = KINDS.get(entry.kind)
    view = known.view(made_in(entry))
    tree: list[Any] = []
    for row in rows_given(entry):
        if kind is None or row.outer or row.name not in kind.named or not row.attrs:
            continue  # an option without an attribute has requests of its own: see PARTS
        if before is not None and row.name in before.options:
            old, new = before.options[row.name], entry.options[row.name]
            tree += row.type.encode_change(row.attrs, old, new, view)
        else:
            tree += row.encode(entry.options[row.name], view)
    return merged(tree)


def _outer(known: Known, entry: Entry, living: bool = False) -> list[Any]:
    """Write the kind's options that stand beside its nest: the link beneath, by its index where the socket is.

    ``living``: the link exists, so only options that change in place are written.
    """
    kind = KINDS.get(entry.kind)
    if kind is None or kind.outer.isdisjoint(entry.options):
        return []
    view = known.view(made_in(entry))
    tree: list[Any] = []
    for row in rows_given(entry):
        if row.name in kind.outer and (row.in_place or not living):
            tree += row.encode(entry.options[row.name], view)
    return tree


def _flags(entry: Entry) -> dict[str, int]:
    """Write the options that are bits of ifi_flags."""
    value = change = 0
    for name, (bit, inverted) in FLAGS.items():
        if name in entry.options:
            change |= bit
            value |= bit if bool(entry.options[name]) != inverted else 0
    return {"flags": value, "change": change} if change else {}


def probes(kinds: Iterable[str]) -> list[Message]:
    """Return requests that cannot succeed, but fail differently where the kernel lacks the kind.

    The name holds a slash, which register_netdevice() refuses after the kind was looked up and its module loaded.
    """
    return [
        Message(
            "",
            "link",
            c.RTM_NEWLINK,
            NEW,
            {},
            [(c.IFLA_IFNAME, "str", "no/link"), (c.IFLA_LINKINFO, "nested", [(c.IFLA_INFO_KIND, "str", kind)])],
        )
        for kind in kinds
    ]


def group_removal(known: Known, netns: str, names: list[str], group: int) -> list[Message]:
    """Return messages that put links into a group and remove the group.

    1000 VXLAN links go in 0.3 s, and one by one in 37 s. Each bridge takes 16 ms at least: see docs/speed.md.
    """
    view = known.view(netns)
    messages = [
        Message(netns, "link", c.RTM_SETLINK, 0, {"index": view.index(name)}, [(c.IFLA_GROUP, "u32", group)])
        for name in names
    ]
    for name in names:
        view.forget(name)
    return [*messages, Message(netns, "link", c.RTM_DELLINK, 0, {}, [(c.IFLA_GROUP, "u32", group)])]


LINK = Wire(write=write, removal=group_removal)


def _before(operation: Operation, name: str) -> set[Any]:
    """Return the old value of the option, the empty set for a new link."""
    return set(operation.before.options.get(name, ()) if operation.before is not None else ())


def _names(known: Known, entry: Entry, kind: int, flags: int, names: set[str]) -> list[Message]:
    """Return the request that adds or removes names (net/core/rtnetlink.c: rtnl_linkprop()); none for none."""
    header = {"index": known.view(entry.netns).index(entry.name)}
    tree = [(c.IFLA_ALT_IFNAME, "str", name) for name in sorted(names)]
    return [Message(entry.netns, "link", kind, flags, header, [(c.IFLA_PROP_LIST, "nested", tree)])] if names else []


def _names_gone(known: Known, operation: Operation) -> list[Message]:
    gone = _before(operation, "altnames") - set(operation.entry.options["altnames"])
    return _names(known, operation.entry, c.RTM_DELLINKPROP, 0, gone)


def _names_new(known: Known, operation: Operation) -> list[Message]:
    new = set(operation.entry.options["altnames"]) - _before(operation, "altnames")
    return _names(known, operation.entry, c.RTM_NEWLINKPROP, NEW, new)


def _nothing(_known: Known, _operation: Operation) -> list[Message]:
    return []  # additions() removes a token too


def _token(known: Known, operation: Operation) -> list[Message]:
    """Return the request that gives a link its token (net/ipv6/addrconf.c: inet6_set_link_af()), all zeros for none."""
    token = operation.entry.options["token"]
    packed = bytes(16) if token == NONE else packed_ip(token)
    header = {"index": known.view(operation.entry.netns).index(operation.entry.name)}
    inet6 = [(TOKEN_ROW.attrs[0], "raw", packed)]
    attrs = [(c.IFLA_AF_SPEC, "nested", [(c.AF_INET6, "nested", inet6)])]
    return [Message(operation.entry.netns, "link", c.RTM_NEWLINK, 0, header, attrs)]


ALTNAMES = Part(removals=_names_gone, additions=_names_new)
TOKEN = Part(removals=_nothing, additions=_token)


def decode_slave(key: Key, told: Nest, view: View) -> Entry:
    """Decode the attributes that a link's dump has for the bridge above it."""
    return Entry("port", key, LazyOptions(rows("port").named, partial(_port_option, told, view), {}))


def _port_option(told: Nest, view: View, name: str) -> Any:
    row = rows("port").named[name]
    value = row.decode(told.found, view) if row.attrs else UNSET
    return UNSET if value == NONE else value


def write_port(known: Known, operation: Operation) -> Message:
    """Return the request that sets port options (net/bridge/br_netlink.c: br_setlink)."""
    entry = operation.entry
    view = known.view(entry.netns)
    attrs: list[Any] = []
    for row in SORT.options:
        if row.name in entry.options:
            attrs += row.encode(entry.options[row.name], view)
    header = {"family": c.AF_BRIDGE, "index": view.index(entry.name)}
    return Message(entry.netns, "link", c.RTM_SETLINK, 0, header, [(c.IFLA_PROTINFO, "nested", attrs)])


PORT = Wire(write=write_port)
