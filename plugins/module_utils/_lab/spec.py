# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Define a lab, and the hosts to start and end for it. Pure: no kernel, no files."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Union

from .process import Holder

Interface = Union[ipaddress.IPv4Interface, ipaddress.IPv6Interface]
Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

# A host name's label (RFC 1123, section 2.1); it is also a file's name and part of a mark.
NAME = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9_.-]{0,62})$")

# BR_MAX_PORTS of net/bridge/br_private.h: ports of the underlay's one bridge.
MAX_HOSTS = 1023


class LabError(Exception):
    """The desired lab is impossible; the text names the option or host, and the reason."""


@dataclass(frozen=True)
class Underlay:
    """What joins the lab hosts: a bridge in a namespace of its own."""

    mtu: int


@dataclass(frozen=True)
class LabHost:
    """A lab host. A running host with an equal specification is kept."""

    name: str
    addresses: tuple[str, ...]  # of eth0, each with its prefix length
    mac: str
    mtu: int
    share: tuple[str, ...]  # folders under /tmp or /run, or on another file system, that are seen in the host

    def spec(self) -> str:
        """Return the specification of the host, for its mark."""
        return json.dumps(asdict(self), sort_keys=True)


@dataclass(frozen=True)
class Lab:
    """A lab as asked for."""

    path: str
    underlay: Underlay
    hosts: tuple[LabHost, ...]
    processes: tuple[tuple[str, str], ...]  # (host, name) of processes with a network namespace of their own
    size: str  # of the file system that holds what a host writes

    def hosts_file(self) -> str:
        """Return the text of the lab hosts' /etc/hosts."""
        lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback"]
        for host in self.hosts:
            lines += [f"{address.partition('/')[0]} {host.name}" for address in host.addresses]
        return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Work:
    """What has to be done to get a lab."""

    end: tuple[Holder, ...]
    underlay: Holder | None  # the one that stays; None: to be made
    keep: Mapping[str, Holder]  # by host name
    make: tuple[LabHost, ...]
    start: tuple[tuple[str, str], ...]  # processes to start in hosts that are kept

    @property
    def changed(self) -> bool:
        """Tell whether there are steps to carry out."""
        return bool(self.end or self.make or self.start or self.underlay is None)


def mac_of(lab: str, host: str) -> str:
    """Return a locally administered MAC that a lab host keeps when it is made again."""
    digits = "02" + hashlib.sha256(f"{lab}\0{host}".encode()).hexdigest()[:10]
    return ":".join(digits[place : place + 2] for place in range(0, 12, 2))


def parse(options: Mapping[str, Any]) -> Lab:
    """Return the lab of a module's options. Raise LabError with option, host and reason."""
    path = str(options["path"])
    if not path.startswith("/") or re.search(r"[,:\\\s]", path):
        raise LabError(f"path: {path!r} is not an absolute path without blanks, commas, colons and backslashes")
    underlay = options["underlay"]
    networks = [
        _network("underlay.subnet", underlay.get("subnet"), 4),
        _network("underlay.subnet6", underlay.get("subnet6"), 6),
    ]
    mtu = int(underlay["mtu"])
    if not 68 <= mtu <= 65535:  # the bounds that veth has (drivers/net/veth.c)
        raise LabError(f"underlay.mtu: {mtu} is not between 68 and 65535")
    if networks[1] is not None and mtu < 1280:
        raise LabError(f"underlay.mtu: {mtu} is less than the 1280 that IPv6 needs (RFC 8200, section 5)")
    if not options["hosts"]:
        raise LabError("hosts: none is listed; a lab has at least one")
    hosts: list[LabHost] = []
    processes: list[tuple[str, str]] = []
    owners: dict[str, str] = {}
    for item in options["hosts"]:
        name = str(item["name"])
        _check_name(f"hosts: {name!r}", name)
        if any(host.name == name for host in hosts):
            raise LabError(f"hosts: {name!r} is there twice")
        addresses = _addresses(name, item, networks)
        for address in addresses:
            plain = address.partition("/")[0]
            if plain in owners:
                raise LabError(f"host {name}: address {plain} is also that of {owners[plain]}")
            owners[plain] = name
        hosts.append(LabHost(name, addresses, mac_of(path, name), mtu, tuple(sorted(options.get("share") or ()))))
        processes += _processes(name, item)
    if len(hosts) > MAX_HOSTS:
        raise LabError(f"hosts: {len(hosts)} are more than the {MAX_HOSTS} ports that the underlay's bridge has")
    return Lab(path, Underlay(mtu), tuple(hosts), tuple(processes), str(options.get("size") or "512m"))


def work(lab: Lab, found: Sequence[Holder]) -> Work:
    """Compare a lab with the holders that were found."""
    wanted = {host.name: host for host in lab.hosts}
    underlay_spec = json.dumps(asdict(lab.underlay), sort_keys=True)
    underlay = next((item for item in found if item.role == "underlay" and item.spec == underlay_spec), None)
    keep: dict[str, Holder] = {}
    running: dict[tuple[str, str], Holder] = {}
    end: list[Holder] = [item for item in found if item.role == "underlay" and item is not underlay]
    for item in (item for item in found if item.role == "host"):
        host = wanted.get(item.host)
        # Without its underlay a host has lost its eth0: a veth dies with its other end.
        if underlay is None or host is None or item.spec != host.spec() or item.host in keep:
            end.append(item)
        else:
            keep[item.host] = item
    for item in (item for item in found if item.role == "process" and item.host in keep):
        if (item.host, item.name) in lab.processes and (item.host, item.name) not in running:
            running[item.host, item.name] = item
        else:
            end.append(item)
    make = tuple(host for host in lab.hosts if host.name not in keep)
    start = tuple(key for key in lab.processes if key[0] in keep and key not in running)
    return Work(tuple(end), underlay, keep, make, start)


def _check_name(where: str, name: str) -> None:
    if not NAME.match(name) or name in (".", ".."):
        raise LabError(f"{where}: not a name of letters, digits, '-', '_' and '.', 63 at most, first a letter or digit")


def _network(option: str, text: Any, version: int) -> Network | None:
    """Return a subnet of the underlay, or None where the option is left out."""
    if not text:
        return None
    try:
        network = ipaddress.ip_network(str(text))
    except ValueError as error:
        raise LabError(f"{option}: {error}") from None
    if network.version != version:
        raise LabError(f"{option}: {text} is not IPv{version}")
    return network


def _addresses(name: str, item: Mapping[str, Any], networks: Sequence[Network | None]) -> tuple[str, ...]:
    """Return a host's addresses with the prefix lengths of the underlay's subnets."""
    found: list[str] = []
    for key, network in zip(("address", "address6"), networks):
        text = item.get(key)
        if not text:
            continue
        suffix = "6" if key == "address6" else ""
        if network is None:
            raise LabError(f"host {name}: {key} is given, but underlay.subnet{suffix} is not")
        try:
            address: Interface = ipaddress.ip_interface(str(text))
        except ValueError as error:
            raise LabError(f"host {name}: {key}: {error}") from None
        if address.ip not in network:
            raise LabError(f"host {name}: {key} {address.ip} is not in underlay.subnet{suffix} {network}")
        if "/" in str(text) and address.network != network:
            raise LabError(f"host {name}: {key} {text} has another prefix than underlay.subnet{suffix} {network}")
        found.append(f"{address.ip}/{network.prefixlen}")
    if not found:
        raise LabError(f"host {name}: neither address nor address6 is given")
    return tuple(found)


def _processes(name: str, item: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return a host's processes as (host, name)."""
    found: list[tuple[str, str]] = []
    for process in item.get("processes") or ():
        box = str(process["name"])
        _check_name(f"host {name}: processes: {box!r}", box)
        if (name, box) in found:
            raise LabError(f"host {name}: processes: {box!r} is there twice")
        found.append((name, box))
    return found
