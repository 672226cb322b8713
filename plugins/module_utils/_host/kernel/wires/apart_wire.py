# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write options of any link that requests of their own carry: alternative names, reasons to be held down, the token."""

from __future__ import annotations

from typing import Any

from ...state.model import Entry, Operation
from ...tables.links.any_link import TOKEN as TOKEN_ROW
from ...tables.types.addresses import packed_ip
from ...tables.types.simple import NONE
from ..netlink import constants as c
from ..netlink.message import NEW, Known, Message
from .wire import Part


def _before(operation: Operation, name: str) -> set[Any]:
    """Return what the option was; a new link has none."""
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


def _reasons(known: Known, entry: Entry, numbers: set[int], on: bool) -> list[Message]:
    """Return the request that sets or clears reasons (net/core/rtnetlink.c: do_set_proto_down()); none for none.

    The kernel takes no ``protodown off`` while there is a reason: so the cleared ones are said before it.
    """
    bits = sum(1 << number for number in numbers)
    tree = [(c.IFLA_PROTO_DOWN_REASON_MASK, "u32", bits), (c.IFLA_PROTO_DOWN_REASON_VALUE, "u32", bits if on else 0)]
    header = {"index": known.view(entry.netns).index(entry.name)}
    attrs = [(c.IFLA_PROTO_DOWN_REASON, "nested", tree)]
    return [Message(entry.netns, "link", c.RTM_NEWLINK, 0, header, attrs)] if numbers else []


def _reasons_gone(known: Known, operation: Operation) -> list[Message]:
    gone = _before(operation, "protodown_reason") - set(operation.entry.options["protodown_reason"])
    return _reasons(known, operation.entry, gone, on=False)


def _reasons_new(known: Known, operation: Operation) -> list[Message]:
    new = set(operation.entry.options["protodown_reason"]) - _before(operation, "protodown_reason")
    return _reasons(known, operation.entry, new, on=True)


def _nothing(_known: Known, _operation: Operation) -> list[Message]:
    return []  # it is taken away as it is given


def _token(known: Known, operation: Operation) -> list[Message]:
    """Return the request that gives a link its token (net/ipv6/addrconf.c: inet6_set_link_af()), all zeros for none."""
    token = operation.entry.options["token"]
    packed = bytes(16) if token == NONE else packed_ip(token)
    header = {"index": known.view(operation.entry.netns).index(operation.entry.name)}
    inet6 = [(TOKEN_ROW.attrs[0], "raw", packed)]
    attrs = [(c.IFLA_AF_SPEC, "nested", [(c.AF_INET6, "nested", inet6)])]
    return [Message(operation.entry.netns, "link", c.RTM_NEWLINK, 0, header, attrs)]


ALTNAMES = Part(_names_gone, _names_new)
REASONS = Part(_reasons_gone, _reasons_new)
TOKEN = Part(_nothing, _token)
