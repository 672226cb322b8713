# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Refuse a plan that would cut the connection of Ansible itself. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from ..state.entries import links_named, lower_key, nexthops_named
from ..state.model import HOST, Connection, Entry, Key, Operation, Refused, State
from ..tables.objects.route import NOWHERE
from ..tables.objects.rule import selected
from ..tables.objects.sysctl import DISABLE
from ..tables.types.simple import NONE


def protect(operations: Iterable[Operation], observed: State, connection: Connection) -> None:
    """Raise Refused for an operation that removes or changes an object that the connection needs."""
    path = Path(path_of(observed, connection), observed, connection)
    for operation in operations:
        danger = _cuts(operation, path) or path.misled(operation)
        if danger:
            raise Refused(
                object=operation.entry,
                reason=f"{danger} would cut the connection from {connection.client}",
                advice="Set protect_connection: false to allow it",
            )


def may_cut(operation: Operation) -> bool:
    """Tell whether an operation can cut any connection. The connection is looked for only then."""
    if operation.verb == "move":
        return True
    if operation.verb == "del":
        return operation.entry.type in ("link", "address", "route", "nexthop")
    options = operation.entry.options
    if operation.entry.type in ("route", "rule"):
        return operation.verb == "set" or options.get("action") in NOWHERE
    if operation.entry.type == "sysctl":
        return _disables_ipv6(operation.entry)
    return operation.verb == "set" and operation.entry.type == "link" and ("up" in options or "master" in options)


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
        # The port of a bridge that leads to the client is unknown. Owned ports are tunnels or workloads.
        queue.extend(
            entry.key
            for entry in observed.values()
            if entry.type == "link" and not entry.owned and (entry.netns, entry.options.get("master")) == key
        )
    return found


@dataclass(frozen=True)
class Path:
    """The links that a connection runs over, and the routes to the client."""

    links: set[Key]
    observed: State
    connection: Connection

    def leads(self, entry: Entry) -> bool:
        """Tell whether an object is a route to the client."""
        if entry.type != "route" or entry.netns != HOST or not self._ways(entry) & self.links:
            return False
        client = ipaddress.ip_address(self.connection.client)
        network = ipaddress.ip_network("0.0.0.0/0" if entry.key[1] == "default" else entry.key[1])
        return client.version == network.version and client in network

    def _ways(self, entry: Entry) -> set[Key]:
        """Return the links that a route or nexthop leads to, through nexthops and groups of them too."""
        found: set[Key] = {(entry.netns, name) for name in links_named(entry)}
        for _option, number in nexthops_named(entry):
            nexthop = self.observed.get(("nexthop", (entry.netns, number)))
            found |= self._ways(nexthop) if nexthop is not None else set()
        return found

    def misled(self, operation: Operation) -> str:
        """Return the harm of an operation to the routes to the client and the rules before them, empty for none."""
        entry = operation.entry
        if entry.netns != HOST:
            return ""
        if entry.type == "route" and operation.verb == "set" and operation.before is not None:
            return "another way" if self.leads(operation.before) and not self.leads(entry) else ""
        if entry.type == "nexthop" and operation.verb == "del":
            used = (one for one in self.observed.values() if self.leads(one))
            return "its removal" if any(entry.key[1] in self._numbers(one) for one in used) else ""
        if entry.type == "rule" and operation.verb == "add" and entry.options.get("action") in NOWHERE:
            return "it" if self._selected(entry.key[2], entry.key[3]) else ""
        return ""

    def _numbers(self, entry: Entry) -> set[str]:
        numbers = {number for _option, number in nexthops_named(entry)}
        below = [self.observed.get(("nexthop", (entry.netns, number))) for number in numbers]
        return numbers.union(*(self._numbers(one) for one in below if one is not None))

    def _selected(self, family: str, text: str) -> bool:
        """Tell whether a rule selects all packets to the client. Rules with other selectors are taken as harmless."""
        chosen = selected(text)
        ends = {"from": self.connection.server, "to": self.connection.client}
        if chosen.keys() - ends.keys() or (family == "ipv6") != (":" in self.connection.client):
            return False
        return all(
            ipaddress.ip_address(ends[name]) in ipaddress.ip_network(chosen[name], strict=False) for name in chosen
        )


def _cuts(operation: Operation, path: Path) -> str:
    """Return the harm of an operation to the path, empty for none."""
    entry, links, connection = operation.entry, path.links, path.connection
    on_path = entry.type == "link" and entry.key in links
    if operation.verb == "move":
        return "moving it to another namespace" if (operation.before or entry).key in links else ""
    if on_path and operation.verb == "set":
        if entry.options.get("up") is False:
            return "setting it down"
        return "another master" if "master" in entry.options else ""
    if entry.type == "sysctl" and _disables_ipv6(entry) and ":" in connection.client:
        return "IPv6 off" if entry.key[1] == "all" or entry.key[:2] in links else ""
    if operation.verb != "del":
        return ""
    return "its removal" if on_path or _is_server(entry, connection) or path.leads(entry) else ""


def _disables_ipv6(entry: Entry) -> bool:
    return entry.key[2] == DISABLE and entry.netns == HOST and entry.options.get("value") not in (None, "0")


def _is_server(entry: Entry, connection: Connection) -> bool:
    """Tell whether an object is the address that the connection came to."""
    return entry.type == "address" and entry.netns == HOST and entry.key[2].split("/")[0] == connection.server
