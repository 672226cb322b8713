# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find the objects that the kernel removes along with others, and restore them after a failed run. Pure.

The kernel removes an address's secondaries with it (net/ipv4/devinet.c: __inet_del_ifa()), routes that have it as their
source, and with a link's last address all its routes and neighbors (net/ipv4/fib_frontend.c: fib_disable_ip()). An
address that comes back behind another one of its network is that one's secondary.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from typing import Any

from ..state.entries import links_named
from ..state.model import Change, Entry, Ident, Key, Operation, State
from ..tables.objects.sysctl import DISABLE
from ..tables.registry import KINDS, OBJECT_TYPES
from .dependents import Dependents
from .operations import PHASES, ends_bearing, leaves_master, one_way, ordered, settable

#: Types of objects that the kernel may remove along with an IPv4 address, or with a link's MAC address.
LOSABLE = sorted(name for name, object_type in OBJECT_TYPES.items() if object_type.ip or object_type.goes_with_mac)


def is_ipv4(entry: Entry) -> bool:
    """Tell whether an object has an IPv4 address or prefix."""
    at = OBJECT_TYPES[entry.type].ip if entry.type in OBJECT_TYPES else 0
    return bool(at) and ":" not in entry.key[at]


def network(entry: Entry) -> Any:
    """Return the network of an address."""
    return ipaddress.ip_interface(entry.key[OBJECT_TYPES[entry.type].ip]).network


def going_with_addresses(changes: list[Change], desired: State, observed: State) -> Iterator[tuple[Entry, Entry]]:
    """Yield desired objects that the kernel removes along with an IPv4 address, each as desired and as it is."""
    removed = [
        change.there
        for change in changes
        if is_ipv4(change.entry) and OBJECT_TYPES[change.entry.type].primary and change.verb in ("delete", "recreate")
    ]
    if not removed:
        return
    changed = {change.entry.ident for change in changes}
    links = {entry.key[:2] for entry in removed}
    networks = {(entry.key[:2], network(entry)) for entry in removed}
    for ident, entry in desired.items():
        there = observed.get(ident)
        if there is None or not entry.present or ident in changed or not is_ipv4(entry):
            continue
        object_type = OBJECT_TYPES[entry.type]
        on = {(entry.netns, name) for name in (links_named(there) if object_type.leads else (entry.name,))}
        if (entry.key[:2], network(entry)) in networks if object_type.primary else on & links:
            yield entry, there


def links_with_losses(before: State, done: Iterable[Operation]) -> set[Key]:
    """Return the links that may have lost something.

    They are the links whose IPv4 addresses were changed, and the links whose MAC address was changed.
    """
    found = {op.entry.key[:2] for op in done if is_ipv4(op.entry) and OBJECT_TYPES[op.entry.type].primary}
    return found | {entry.key[:2] for entry in before.values() if _goes_with_mac(entry)}


def comes_again(change: Change) -> bool:
    """Tell whether a difference that is left after a run may come from another change, so a second round mends it."""
    return change.verb == "modify" or (change.verb == "create" and _goes_with_mac(change.entry))


def _goes_with_mac(entry: Entry) -> bool:
    return entry.type in OBJECT_TYPES and OBJECT_TYPES[entry.type].goes_with_mac


def put_back(before: State, now: State, links: set[Key]) -> list[Operation]:
    """Return the operations that restore the IPv4 addresses, neighbors and routes that links had before a run.

    ``before`` and ``now`` have them in the kernel's order: the first address of a network is not a secondary one.
    """
    addresses: list[Entry] = []
    others: list[Entry] = []
    for entry in before.values():
        if not (is_ipv4(entry) or _goes_with_mac(entry)) or entry.by_kernel or not _on(entry) & links:
            continue
        (addresses if OBJECT_TYPES[entry.type].primary else others).append(entry)
    turned = _turned(addresses, now)
    again = [entry for entry in addresses if (entry.key[:2], network(entry)) in turned]
    operations = [Operation("del", entry, entry) for entry in again if entry.ident in now]
    operations += [_add(entry) for entry in addresses if entry in again or entry.ident not in now]
    # An address that is removed once more takes the objects with it that have it as their source.
    return [*operations, *ordered([_add(entry) for entry in others if again or entry.ident not in now])]


def _add(entry: Entry) -> Operation:
    return Operation("set", entry.having(settable(entry)), None, PHASES[entry.type])


def _on(entry: Entry) -> set[Key]:
    if OBJECT_TYPES[entry.type].on_link:
        return {entry.key[:2]}
    return {(entry.netns, name) for name in links_named(entry)}


def _firsts(entries: Iterable[Entry]) -> dict[Key, dict[Any, Ident]]:
    """Return the first address of each network of each link."""
    found: dict[Key, dict[Any, Ident]] = {}
    for entry in entries:
        if is_ipv4(entry) and OBJECT_TYPES[entry.type].primary:
            found.setdefault(entry.key[:2], {}).setdefault(network(entry), entry.ident)
    return found


def _turned(addresses: list[Entry], now: State) -> set[tuple[Key, Any]]:
    """Return the networks of links whose first address is another one now."""
    before, there = _firsts(addresses), _firsts(now.values())
    return {
        (link, one)
        for link, networks in before.items()
        for one, ident in networks.items()
        if there.get(link, {}).get(one, ident) != ident
    }


#: Of more removed links than these the sysctls are not read (1.5 ms each), so a rollback does not restore them.
MANY_LINKS = 100


def going(changes: Iterable[Change], observed: State) -> list[Entry]:
    """Return the links that are, or may be, removed or recreated, with their dependents."""
    removed = [
        change
        for change in changes
        if change.entry.type == "link" and (change.verb in ("delete", "recreate") or one_way(change))
    ]
    if len(removed) > MANY_LINKS:
        removed = [change for change in removed if change.verb == "recreate"]
    if not removed:
        return []
    dependents = Dependents(observed)
    found = {entry.ident: entry for change in removed for entry in (change.there, *dependents.of(change.there))}
    return [entry for entry in found.values() if entry.type == "link"]


def reaches_far(change: Change) -> bool:
    """Tell whether a change concerns more of the host: dependents of a removed link, or links that change along."""
    if change.entry.type == "sysctl":
        return change.entry.key[2] == DISABLE
    if change.entry.type != "link":
        # The kernel removes routes along with the IPv4 address that they lead through.
        removed = change.verb in ("delete", "recreate") and is_ipv4(change.entry)
        return ends_bearing(change) or (removed and OBJECT_TYPES[change.entry.type].primary)
    gone = change.verb in ("delete", "recreate", "move")
    return gone or one_way(change) or shares(change) or leaves_master(change)


def shares(change: Change) -> bool:
    """Tell whether other links may change along with a link: the links on the same lower device, in any namespace."""
    kind = KINDS.get(change.entry.kind) if change.entry.type == "link" and change.verb != "delete" else None
    return kind is not None and bool(kind.shared)
