# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read and write sysctls in the namespace of the calling thread, and the file that sets them again at boot."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable
from functools import partial
from typing import Callable, TypeVar

from ...state.model import Change, Entry, Ident, Operation, Refused, State
from ...tables.failure import Fault
from ...tables.objects.sysctl import FILE, OF_LINK, OF_NO_LINK, SECRET, TREES, number, order, path, written
from ...tables.table import nearest
from ...tables.types.simple import NONE
from .machine import clock_rate
from .namespaces import Namespaces, in_new, inside

PROC = "/proc/sys/net"
_HEAD = "# Written by netloom.overlay.sysctl_iface (option persist). What is changed here by hand may be overwritten.\n"
Item = TypeVar("Item")
Result = TypeVar("Result")
_MODULES = {"bridge": "br_netfilter", "ipv6": "ipv6", "mpls": "mpls_router"}


class Sysctls:
    """Read the sysctls of many namespaces, each in a thread inside the namespace."""

    def __init__(self, namespaces: Namespaces) -> None:
        self._namespaces = namespaces

    def wished(self, entries: Iterable[Entry]) -> State:
        """Return the current values of desired sysctls, with the entries of the file of persistent sysctls.

        Left out are a sysctl whose link or namespace is not there (yet), and a secret that nobody has set.
        """
        found: State = {}
        for netns, group in _by_netns(
            (one for one in entries if one.type == "sysctl"), lambda entry: entry.netns
        ).items():
            if self._namespaces.has(netns):
                found.update(inside(self._namespaces.fd(netns), partial(_read, group)))
        return found

    def needed(self, idents: Iterable[Ident]) -> State:
        """Return sysctls that are not desired but whose values matter, with defaults for those to come."""
        found: State = {}
        for netns, group in _by_netns(idents, lambda ident: ident[1][0]).items():
            found.update(self._look(netns, partial(_read_needed, group)))
        return found

    def of_links(self, links: Iterable[Entry]) -> State:
        """Return the sysctls of links that differ from those of a new link."""
        found: State = {}
        for netns, group in _by_netns(links, lambda link: link.netns).items():
            found.update(inside(self._namespaces.fd(netns), partial(_own, netns, [link.name for link in group])))
        return found

    def refuse(self, changes: Iterable[Change]) -> None:
        """Raise Refused for a sysctl that this kernel does not have, or lets nobody write."""
        for netns, group in _by_netns(changes, lambda change: change.entry.netns).items():
            self._look(netns, partial(_refuse, group))

    def _look(self, netns: str, work: Callable[[], Result]) -> Result:
        return inside(self._namespaces.fd(netns), work) if self._namespaces.has(netns) else in_new(work)


def _by_netns(items: Iterable[Item], netns: Callable[[Item], str]) -> dict[str, list[Item]]:
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(netns(item), []).append(item)
    return groups


def _read(wished: Iterable[Entry]) -> State:
    found: State = {}
    persistent: dict[str, str] | None = None
    for entry in wished:
        options = {}
        value = _value(entry.key[1], entry.key[2])
        if value is not None:
            options["value"] = value
        if "persist" in entry.options:
            persistent = _load() if persistent is None else persistent
            options["persist"] = persistent.get(path(entry.key[1], entry.key[2]), NONE)
        if options:
            found[entry.ident] = entry.having(options)
    return found


def _read_needed(idents: Iterable[Ident]) -> State:
    found: State = {}
    for ident in idents:
        _netns, dev, name = ident[1]
        value = _value(dev, name)
        if value is None and dev not in OF_NO_LINK and ".conf." in name:
            value = _value("default", name)
        if value is not None:
            found[ident] = Entry("sysctl", ident[1], {"value": value})
    return found


def _value(dev: str, name: str) -> str | None:
    try:
        with open(f"{PROC}/{path(dev, name)}", encoding="ascii") as file:
            return " ".join(file.read().split())
    except FileNotFoundError:
        return None
    except OSError as why:
        if why.errno == errno.EIO:
            return None  # a secret that nobody has set
        raise


def _own(netns: str, devs: Iterable[str]) -> State:
    found: State = {}
    begin: dict[str, str | None] = {}
    for tree in TREES:
        family, kind = tree.split(".")
        folder = f"{PROC}/{family}/{kind}"
        # default of neigh is in the first namespace only: lo has the same there.
        model = "default" if os.path.isdir(f"{folder}/default") else "lo"
        for dev in devs:
            for leaf in os.listdir(f"{folder}/{dev}") if os.path.isdir(f"{folder}/{dev}") else ():
                name = f"{tree}.{leaf}"
                if name in OF_LINK:
                    continue
                value = _value(dev, name)
                if name not in begin:
                    begin[name] = _value(model, name)
                if value not in (None, begin[name]) and os.stat(f"{folder}/{dev}/{leaf}").st_mode & 0o222:
                    found["sysctl", (netns, dev, name)] = Entry("sysctl", (netns, dev, name), {"value": value})
    return found


def _refuse(changes: Iterable[Change]) -> None:
    for change in changes:
        entry = change.entry
        dev, name = entry.key[1:3]
        file = f"{PROC}/{path(dev, name)}"
        if os.path.exists(file):
            if not os.stat(file).st_mode & 0o222:
                raise Refused(
                    object=entry,
                    option="value",
                    reason=f"the kernel lets nobody write it; it tells {_value(dev, name)}",
                    advice="Leave the sysctl out",
                )
            continue
        fault = _lacking(dev, name, file)
        if fault is not None:
            raise fault.of(entry)


def _lacking(dev: str, name: str, file: str) -> Fault | None:
    """Return the reason why a sysctl does not exist, None where its link creates it."""
    parts = name.split(".")
    tree = f"{PROC}/{parts[0]}"
    if not os.path.isdir(tree):
        return Fault("name", f"there is no {tree}", f"Load the kernel module {_MODULES.get(parts[0], parts[0])}")
    if parts[0] == "bridge":
        return Fault("name", f"there is no {file}, {nearest(parts[1], os.listdir(tree))}")
    # default of neigh and mpls is not in every namespace: lo is.
    model = f"{tree}/{parts[1]}/{'default' if parts[1] == 'conf' and parts[0] != 'mpls' else 'lo'}"
    if os.path.exists(f"{model}/{parts[2]}"):
        if dev == "default":
            return Fault(
                "dev",
                f"there is no {os.path.dirname(file)} in this namespace, only in the first one",
                "Name a link in dev",
            )
        return Fault("name", f"there is no {file}") if dev == "all" else None
    if os.path.exists(f"{tree}/{parts[2]}"):
        return Fault(
            "name",
            f"is not of one link: net.{parts[0]}.{parts[2]} is of the whole namespace",
            "Use ansible.posix.sysctl",
        )
    return Fault("name", f"there is no {file}, {nearest(parts[2], os.listdir(model))}")


def write(operation: Operation) -> Fault | None:
    """Carry out one operation; return the fault where the kernel or the file system does not let it."""
    options, before = operation.entry.options, operation.before.options if operation.before else {}
    dev, name = operation.entry.key[1:3]
    if name == SECRET and (operation.verb == "del" or ("value" in before and "value" not in options)):
        return Fault("value", "a secret that was set cannot be taken away", "Give another secret")
    if operation.verb == "del":
        return None  # the kernel removes the sysctl with its link
    file = f"{PROC}/{path(dev, name)}"
    try:
        # Equal values are written too: the kernel may have changed them with others. A secret is not used again.
        if "value" in options and not (name == SECRET and _value(dev, name) == options["value"]):
            with open(file, "w", encoding="ascii") as stream:
                stream.write(f"{written(name, options['value'], clock_rate())}\n")
    except FileNotFoundError:
        few = " (a link whose MTU is below 1280 has no IPv6)" if name.startswith("ipv6.") else ""
        return Fault("value", f"there is no {file}{few}")
    except OSError as why:
        return Fault("value", f"{options['value']!r}: {os.strerror(why.errno or 0)}")
    try:
        if "persist" in options:
            _keep(operation.entry)
    except OSError as why:
        return Fault("persist", f"{FILE}: {os.strerror(why.errno or 0)}")
    return None


def _load() -> dict[str, str]:
    """Return the persistent sysctls by their path below /proc/sys/net."""
    with contextlib.suppress(FileNotFoundError), open(FILE, encoding="utf-8") as file:
        lines = [line.strip() for line in file if "=" in line and not line.lstrip().startswith(("#", ";"))]
        pairs = [line.partition("=") for line in lines]
        return {key.strip().removeprefix("net/"): number(value.strip()) for key, _is, value in pairs}
    return {}


def _keep(entry: Entry) -> None:
    """Write the file with one sysctl added, removed or changed, in the order in which they must be set."""
    held = _load()
    where = path(entry.key[1], entry.key[2])
    held.pop(where, None)
    if entry.options["persist"] != NONE:
        held[where] = entry.options["persist"]
    if not held:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(FILE)
        return
    rows = [f"net/{key} = {held[key]}\n" for key in sorted(held, key=lambda key: (_place(key), key))]
    os.makedirs(os.path.dirname(FILE), 0o755, exist_ok=True)
    secret = any(key.endswith("/stable_secret") for key in held)
    with open(os.open(f"{FILE}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600 if secret else 0o644)
        file.write(_HEAD + "".join(rows))
        file.flush()
        os.fsync(file.fileno())
    os.replace(f"{FILE}.new", FILE)


def _place(key: str) -> int:
    parts = key.split("/")
    return order(("", parts[2], f"{parts[0]}.{parts[1]}.{parts[3]}")) if len(parts) == 4 else 9
