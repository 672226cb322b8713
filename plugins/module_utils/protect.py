# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Refuse a plan that would cut the path of the connection that Ansible itself came by. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from .config import lower_key
from .kinds.types import NONE
from .model import HOST, Entry, Key, Operation, Refused, State
from .sysctls import DISABLE


@dataclass(frozen=True)
class Connection:
    """Where the connection comes from, the address that it came to, and the link that answers go out by."""

    client: str
    server: str
    device: str


def protect(operations: Iterable[Operation], observed: State, connection: Connection) -> None:
    """Raise Refused for an operation that takes away what the connection needs."""
    links = path_of(observed, connection)
    for operation in operations:
        danger = _cuts(operation, links, connection)
        if danger:
            raise Refused(
                f"{operation.entry}: {danger} would cut the connection from {connection.client}; "
                f"protect_connection: false does it all the same"
            )


def may_cut(operation: Operation) -> bool:
    """Tell whether an operation is of a sort that can cut anything, before the connection is looked for."""
    if operation.verb == "move":
        return True
    if operation.verb == "del":
        return operation.entry.sort in ("link", "address", "route")
    options = operation.entry.options
    if operation.entry.sort == "sysctl":
        return _disables_ipv6(operation.entry)
    return operation.verb == "set" and operation.entry.sort == "link" and ("up" in options or "master" in options)


def path_of(observed: State, connection: Connection) -> set[Key]:
    """Return the links that the connection runs over: its device, masters and lower links, and a bridge's ports."""
    found: set[Key] = set()
    queue: list[Key] = [(HOST, connection.device)]
    queue += [entry.key[:2] for entry in observed.values() if _is_server(entry, connection)]
    while queue:
        key = queue.pop()
        link = observed.get(("link", key))
        if link is None or key in found:
            continue
        found.add(key)
        master = link.options.get("master", NONE)
        below = [lower_key(link), None if master == NONE else (key[0], master)]
        queue += [other for other in below if other is not None]
        # Which port of a bridge leads to the client is not known; what the collection made is a tunnel or a workload.
        queue.extend(
            entry.key
            for entry in observed.values()
            if entry.sort == "link" and not entry.owned and (entry.netns, entry.options.get("master")) == key
        )
    return found


def _cuts(operation: Operation, links: set[Key], connection: Connection) -> str:
    """Return what an operation does to the path, empty where it does no harm."""
    entry = operation.entry
    on_path = entry.sort == "link" and entry.key in links
    if operation.verb == "move":
        return "moving it to another namespace" if (operation.before or entry).key in links else ""
    if on_path and operation.verb == "set":
        if entry.options.get("up") is False:
            return "setting it down"
        return "another master" if "master" in entry.options else ""
    if entry.sort == "sysctl" and _disables_ipv6(entry) and ":" in connection.client:
        return "IPv6 off" if entry.key[1] == "all" or entry.key[:2] in links else ""
    if operation.verb != "del":
        return ""
    return "its removal" if on_path or _is_server(entry, connection) or _leads(entry, links, connection) else ""


def _disables_ipv6(entry: Entry) -> bool:
    return entry.key[2] == DISABLE and entry.netns == HOST and entry.options.get("value") not in (None, "0")


def _is_server(entry: Entry, connection: Connection) -> bool:
    """Tell whether an object is the address that the connection came to."""
    return entry.sort == "address" and entry.netns == HOST and entry.key[2].split("/")[0] == connection.server


def _leads(entry: Entry, links: set[Key], connection: Connection) -> bool:
    """Tell whether an object is a route to the client."""
    if entry.sort != "route" or (HOST, entry.options.get("dev", NONE)) not in links or entry.netns != HOST:
        return False
    client = ipaddress.ip_address(connection.client)
    network = ipaddress.ip_network("0.0.0.0/0" if entry.key[1] == "default" else entry.key[1])
    return client.version == network.version and client in network
