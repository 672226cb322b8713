# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read and write the options of a bridge port (IFLA_INFO_SLAVE_DATA when told, IFLA_PROTINFO when set)."""

from __future__ import annotations

from functools import partial
from typing import Any

from ...state.model import Entry, Key, Operation, rows
from ...tables.objects.port import PORT as SORT
from ...tables.types.simple import NONE, UNSET
from ..netlink import constants as c
from ..netlink.message import Known, Message
from ..netlink.told import Nest, Told
from ..netlink.view import View
from .wire import Wire


def decode_slave(key: Key, told: Nest, view: View) -> Entry:
    """Decode the attributes that a link's dump has for the bridge above it."""
    return Entry("port", key, Told(rows("port").named, partial(_option, told, view), {}))


def _option(told: Nest, view: View, name: str) -> Any:
    row = rows("port").named[name]
    value = row.decode(told.found, view) if row.attrs else UNSET
    return UNSET if value == NONE else value


def write(known: Known, operation: Operation) -> Message:
    """Return the request that sets port options (net/bridge/br_netlink.c: br_setlink)."""
    entry = operation.entry
    view = known.view(entry.netns)
    attrs: list[Any] = []
    for row in SORT.options:
        if row.name in entry.options:
            attrs += row.encode(entry.options[row.name], view)
    header = {"family": c.AF_BRIDGE, "index": view.index(entry.name)}
    return Message(entry.netns, "link", c.RTM_SETLINK, 0, header, [(c.IFLA_PROTINFO, "nested", attrs)])


PORT = Wire(write)
