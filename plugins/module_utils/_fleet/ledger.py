# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ledger: VNIs, addresses and subnets that were assigned and never move. Pure; its file is read elsewhere."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Optional, Union

from .values import natural

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
Subnet = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

#: The format of the file; raised when an older reader would misunderstand it.
VERSION = 1
PLUGIN = "netloom.overlay.ledger"
_PARTS = ("hosts", "workloads", "subnets")
_VNI_MAX = (1 << 24) - 1


class LedgerError(ValueError):
    """Say what in the ledger cannot be, by the path of the entry."""


@dataclass(frozen=True)
class Entry:
    """What one network was given: its VNI, an address per host and per workload, a subnet per host (routed)."""

    vni: Optional[int] = None
    hosts: Mapping[str, Address] = field(default_factory=dict)
    workloads: Mapping[str, Address] = field(default_factory=dict)
    subnets: Mapping[str, Subnet] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Tell whether nothing is left of the entry."""
        return self.vni is None and not self.hosts and not self.workloads and not self.subnets


@dataclass(frozen=True)
class Ledger:
    """All that was assigned, by network."""

    networks: Mapping[str, Entry] = field(default_factory=dict)

    def entry(self, network: str) -> Entry:
        """Return a network's entry, an empty one where it has none."""
        return self.networks.get(network, Entry())


def _mapping(where: str, value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise LedgerError("%s: must be a mapping, not %r" % (where, value))
    for name in value:
        if not isinstance(name, str):
            raise LedgerError("%s: the name %r must be a string (put it in quotes)" % (where, name))
    return value


def _known(where: str, value: Mapping[str, Any], keys: tuple[str, ...]) -> None:
    for name in value:
        if name not in keys:
            raise LedgerError("%s%s: unknown key; valid are %s" % (where + "." if where else "", name, ", ".join(keys)))


def _vni(where: str, value: Any) -> Optional[int]:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _VNI_MAX:
        raise LedgerError("%s: %r is no VNI (0-%d)" % (where, value, _VNI_MAX))
    return int(value)


def _values(where: str, value: Any, parse: Callable[[str], Any], what: str) -> dict[str, Any]:
    result = {}
    for name, text in _mapping(where, value).items():
        try:
            if not isinstance(text, str):
                raise ValueError
            result[str(name)] = parse(str(text))
        except ValueError:
            raise LedgerError("%s.%s: %r is no %s" % (where, name, text, what)) from None
    return result


def parse(data: Any) -> Ledger:
    """Read a ledger from plain data and refuse one that disagrees with itself.

    Raises LedgerError for a VNI or address given twice, overlapping subnets, wrong types, unknown keys.
    """
    data = _mapping("ledger", data)
    _known("", data, ("plugin", "version", "networks"))
    version = data.get("version", VERSION)
    if version != VERSION:
        raise LedgerError("version: %r is not known; this release reads version %d" % (version, VERSION))
    networks = {}
    for name, value in _mapping("networks", data.get("networks")).items():
        where = "networks.%s" % name
        row = _mapping(where, value)
        _known(where, row, ("vni", *_PARTS))
        networks[str(name)] = Entry(
            vni=_vni(where + ".vni", row.get("vni")),
            hosts=_values(where + ".hosts", row.get("hosts"), ipaddress.ip_address, "IP address"),
            workloads=_values(where + ".workloads", row.get("workloads"), ipaddress.ip_address, "IP address"),
            subnets=_values(where + ".subnets", row.get("subnets"), ipaddress.ip_network, "subnet"),
        )
    ledger = Ledger(networks)
    check(ledger)
    return ledger


def check(ledger: Ledger) -> None:
    """Refuse a ledger that gives one thing to two."""
    vnis: dict[int, str] = {}
    for name, entry in ledger.networks.items():
        where = "networks.%s" % name
        if entry.vni is not None:
            if entry.vni in vnis:
                raise LedgerError("%s.vni: %d is networks.%s.vni already" % (where, entry.vni, vnis[entry.vni]))
            vnis[entry.vni] = name
        held: dict[Address, str] = {}
        for part, holder, address in addresses(entry):
            place = "%s.%s.%s" % (where, part, holder)
            if address in held:
                raise LedgerError("%s: %s is held by %s already" % (place, address, held[address]))
            held[address] = place
        _check_subnets(where, entry)


def _check_subnets(where: str, entry: Entry) -> None:
    """Refuse overlapping subnets; sorted, an overlap shows between neighbours."""
    ordered = sorted(
        entry.subnets.items(), key=lambda item: (item[1].version, int(item[1].network_address), item[1].prefixlen)
    )
    for (one, first), (two, second) in zip(ordered, ordered[1:]):
        if first.version == second.version and int(second.network_address) <= int(first.broadcast_address):
            raise LedgerError("%s.subnets.%s: %s overlaps %s of %s" % (where, two, second, first, one))


def addresses(entry: Entry) -> list[tuple[str, str, Address]]:
    """List (part, holder, address) of an entry."""
    found = [("hosts", name, address) for name, address in entry.hosts.items()]
    return found + [("workloads", name, address) for name, address in entry.workloads.items()]


def dump(ledger: Ledger) -> dict[str, Any]:
    """Return the ledger as plain data in its one order: names sorted naturally, VNI before addresses."""
    networks: dict[str, Any] = {}
    for name in sorted(ledger.networks, key=natural):
        entry = ledger.networks[name]
        row: dict[str, Any] = {}
        if entry.vni is not None:
            row["vni"] = entry.vni
        for part in _PARTS:
            values = getattr(entry, part)
            if values:
                row[part] = {holder: str(values[holder]) for holder in sorted(values, key=natural)}
        if row:
            networks[name] = row
    return {"plugin": PLUGIN, "version": VERSION, "networks": networks}


def merge(ledger: Ledger, proposed: Ledger) -> Ledger:
    """Add what is proposed to what stands, which never moves.

    Raises LedgerError when something else was recorded for the same name meanwhile, or the same value for another.
    """
    networks = dict(ledger.networks)
    for name, addition in proposed.networks.items():
        entry = networks.get(name, Entry())
        parts: dict[str, Any] = {}
        if addition.vni is not None:
            if entry.vni not in (None, addition.vni):
                raise LedgerError("networks.%s.vni: the ledger says %d, not %d" % (name, entry.vni, addition.vni))
            parts["vni"] = addition.vni
        for part in _PARTS:
            standing, added = getattr(entry, part), getattr(addition, part)
            for holder, value in added.items():
                if standing.get(holder, value) != value:
                    raise LedgerError(
                        "networks.%s.%s.%s: the ledger says %s, not %s" % (name, part, holder, standing[holder], value)
                    )
            parts[part] = {**standing, **added}
        networks[name] = replace(entry, **parts)
    merged = Ledger(networks)
    check(merged)
    return merged


def release(
    ledger: Ledger, network: Optional[str] = None, host: Optional[str] = None, workload: Optional[str] = None
) -> Ledger:
    """Give up a network, or what a host or a workload holds (in one network, or in all).

    A name that the ledger does not hold changes nothing, so that releasing twice is no error.
    """
    if network is None and host is None and workload is None:
        raise LedgerError("release: say network, host or workload; a whole ledger is not released")
    networks = {}
    for name, entry in ledger.networks.items():
        if network is not None and name != network:
            networks[name] = entry
            continue
        if host is None and workload is None:
            continue
        left = replace(
            entry,
            hosts={key: value for key, value in entry.hosts.items() if key != host},
            subnets={key: value for key, value in entry.subnets.items() if key != host},
            workloads={key: value for key, value in entry.workloads.items() if key != workload},
        )
        if not left.empty:
            networks[name] = left
    return Ledger(networks)
