# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carry out operations: netlink ones in batches, what goes another way (namespaces, sysctls, tun) in between."""

from __future__ import annotations

import errno
import struct
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable

from ..claims import lower_key
from ..kinds import KINDS
from ..kinds.link import INDEX, MARK_GROUP
from ..model import HOST, Entry, Operation, rows_of
from ..objects.netns import AUTO
from . import sysctls, tun
from .carrier import tell_of_carrier
from .channel import Channel, KernelError
from .codec import encode
from .namespaces import inside, write_resolver
from .observe import Observer
from .sorts import WIRES, requests
from .sorts.link import group_removal, probes

#: A group that only lives for the length of one removal.
DOOMED_GROUP = MARK_GROUP + 1
#: From so many links on they are removed as a group.
MANY = 8
#: Seconds to wait for the carrier of a link that was just set up.
CARRIER_WAIT = 2.0
#: So many options an error names when the kernel does not tell which one it is about.
FEW = 3

Tell = Callable[[Operation], None]


@dataclass
class Outcome:
    """What became of a list of operations: those that took effect, and the first that did not, with the reason."""

    done: list[Operation] = field(default_factory=list)
    failed: Operation | None = None
    reason: str = ""


def apply(observer: Observer, operations: Sequence[Operation], tell: Tell | None = None) -> Outcome:
    """Carry out operations in their order; stop after the batch in which one fails.

    ``tell`` is called with each in turn, in large batches while the kernel is at work on those before.
    """
    outcome = Outcome()
    for operation in operations:
        if (
            operation.verb == "add"
            and INDEX.name in operation.entry.options
            and observer.namespaces.has(operation.entry.netns)
        ):
            observer.view(operation.entry.netns).hold(operation.entry.options[INDEX.name])
    for group in _groups(operations):
        try:
            _carry_out(observer, group, outcome, tell or _tell_nobody)
        except (KeyError, OSError, ValueError, KernelError) as why:
            _fail(outcome, group[0], _reason(why))
        if outcome.failed is not None:
            break
    return outcome


def _tell_nobody(_operation: Operation) -> None:
    return None


def _fail(outcome: Outcome, operation: Operation, reason: str) -> None:
    outcome.failed, outcome.reason = operation, reason


def _socket_netns(operation: Operation) -> str:
    entry = operation.entry
    if operation.verb == "move" and operation.before is not None:
        return operation.before.netns
    if entry.sort == "link" and operation.verb == "add":
        return str(entry.options.get("link_netns", entry.netns))
    return entry.netns


def _groups(operations: Sequence[Operation]) -> Iterable[list[Operation]]:
    """Split into runs that one send can carry: the same namespace's socket, or one step outside netlink."""
    run: list[Operation] = []
    last: Any = None
    for operation in operations:
        entry = operation.entry
        alone = entry.sort == "netns" or operation.verb == "move" or tun.concerns(operation)
        removal = entry.sort == "link" and operation.verb == "del"
        apart = entry.sort if entry.sort in ("sysctl", "nexthop") or _disables(operation) else ""
        ident = object() if alone else (_socket_netns(operation), apart, removal)
        if run and ident != last:
            yield run
            run = []
        run.append(operation)
        last = ident
    if run:
        yield run


def _carry_out(observer: Observer, group: list[Operation], outcome: Outcome, tell: Tell) -> None:
    first = group[0]
    if first.entry.sort == "netns":
        _netns(observer, first)
        outcome.done.append(first)
    elif first.verb == "move":
        _move(observer, first, outcome)
    elif tun.concerns(first):
        tun.carry_out(observer, first)
        outcome.done.append(first)
    elif first.entry.sort == "sysctl":
        _sysctls(observer, group, outcome)
    elif first.verb == "del" and first.entry.sort == "link" and len(group) >= MANY:
        _remove_many(observer, group, outcome)
    else:
        for operation in group if _disables(first) else ():
            # A port that is disabled before the bridge heard of its carrier is enabled again (br_port_carrier_check()).
            tell_of_carrier(observer.channel(operation.entry.netns).socket, operation.entry.name)
        _requests(observer, group, outcome, tell)
        return
    for operation in group:
        tell(operation)


def _disables(operation: Operation) -> bool:
    return operation.entry.sort == "port" and operation.entry.options.get("state") == "disabled"


def _requests(observer: Observer, group: list[Operation], outcome: Outcome, tell: Tell) -> None:
    """Send the requests of operations in one batch; one fails where one of its requests does, or cannot be made."""
    messages: list[bytearray] = []
    parts: list[range] = []
    unmade: list[Exception] = []

    def made() -> Iterator[bytearray]:
        for operation in group:
            start = len(messages)
            try:
                messages.extend([encode(message) for message in requests(observer, operation)])
            except (KeyError, ValueError, OSError, KernelError) as why:
                unmade.append(why)
                return
            parts.append(range(start, len(messages)))
            yield from messages[start:]
            tell(operation)

    channel = observer.channel(_socket_netns(group[0]))
    errors = channel.batch(made())
    if group[0].entry.sort == "nexthop":
        errors = _with_carrier(channel, messages, errors)
    for operation, part in zip(group, parts):
        at = next((position for position in part if position in errors), None) if errors else None
        if at is None or _is_gone(operation, errors[at]):
            outcome.done.append(operation)
        elif outcome.failed is None:
            option = _blamed(operation.entry, messages[at], errors[at].offset) or _only(operation)
            reason = _of_mtu(observer, operation.entry, errors[at]) or _told_of(operation.entry, errors[at])
            reason = reason or (f"{option}: {errors[at]}" if option else str(errors[at]))
            _fail(outcome, operation, reason)
    if unmade and outcome.failed is None:
        _fail(outcome, group[len(parts)], _reason(unmade[0]))


def _reason(why: Exception) -> str:
    """Say why an operation could not be carried out."""
    if isinstance(why, KeyError):
        return f"there is no link {why.args[0]}"
    return str(why) if isinstance(why, KernelError) else getattr(why, "strerror", None) or str(why)


def _of_mtu(observer: Observer, entry: Entry, error: KernelError) -> str:
    """Say that a link's MTU is what the kernel refuses, empty where that cannot be told.

    Links on another one have at most its MTU, about which the kernel has no sentence (vlan_newlink(),
    macvlan_common_newlink(), macvlan_change_mtu()).
    """
    mtu = entry.options.get("mtu")
    if mtu is None or error.number not in (errno.EINVAL, errno.ERANGE):
        return ""
    if error.sentence:
        return f"mtu: {error}" if "mtu" in error.sentence.lower() else ""
    # What is set of a living link says of it only what is to change.
    living = next((link for link in observer.links(entry.netns) if link.ident == entry.ident), entry)
    netns, name = lower_key(living) or ("", "")
    most = next((link.options["mtu"] for link in observer.links(netns) if link.ident == ("link", (netns, name))), mtu)
    return f"mtu: {error}: {mtu} is more than the {most} of {name}, the link beneath" if mtu > most else ""


def _told_of(entry: Entry, error: KernelError) -> str:
    """Say what the kernel refuses without a word, empty where that cannot be told."""
    if error.number != errno.EINVAL or error.sentence:
        return ""
    if entry.sort == "fdb" and entry.key[3] != "0" and entry.key[4] == "master":  # __br_fdb_add()
        return f"vlan: {error}: {entry.name} has no VLAN {entry.key[3]}"
    if entry.options.get("addrgenmode") == "stable_secret":  # net/ipv6/addrconf.c: check_stable_privacy()
        return f"addrgenmode: {error}: stable_secret needs the link's sysctl ipv6.stable_secret"
    return ""


def _with_carrier(
    channel: Channel, messages: list[bytearray], errors: dict[int, KernelError]
) -> dict[int, KernelError]:
    """Send nexthops again for which a link has no carrier yet, and what failed with them; return the errors left.

    The kernel refuses a nexthop on a link without carrier (net/ipv4/nexthop.c: rtm_to_nh_config()), and tells a bridge
    or a stacked link of its carrier up to a second after it was set up (net/core/link_watch.c).
    """
    until = time.monotonic() + CARRIER_WAIT
    while any(error.number == errno.ENETDOWN for error in errors.values()) and time.monotonic() < until:
        time.sleep(CARRIER_WAIT / 50)
        failed = sorted(errors)
        again = channel.batch([messages[position] for position in failed])
        errors = {failed[number]: error for number, error in again.items()}
    return errors


def _move(observer: Observer, operation: Operation, outcome: Outcome) -> None:
    """Move a link. The kernel may give it another index there, so both namespaces are looked at anew."""
    message = encode(WIRES["link"].write(observer, operation))
    source = _socket_netns(operation)
    error = observer.channel(source).batch([message]).get(0)
    if error is None:
        outcome.done.append(operation)
        for netns in (source, operation.entry.netns):
            observer.views.pop(netns, None)
    else:
        # Linux 6.1 has no sentence for it.
        fixed = error.number == errno.EINVAL and not error.sentence
        _fail(outcome, operation, f"from_netns: {error}{': it is bound to its namespace' if fixed else ''}")


def _blamed(entry: Entry, message: bytearray, offset: int) -> str:
    """Return the option whose attribute the kernel points at, empty where it points at none of the entry's options."""
    if not 0 < offset <= len(message) - 4:
        return ""
    number = struct.unpack_from("=H", message, offset + 2)[0] & 0x3FFF
    own = KINDS[entry.kind].options if entry.kind in KINDS else ()
    # A kind's own attributes stand behind its name in the message; the common ones before it.
    nest = message.find(entry.kind.encode() + b"\0") if own else -1
    rows = own if 0 <= nest < offset else rows_of(entry)
    return next((row.called for row in rows if number in row.attrs and row.name in entry.options), "")


def _only(operation: Operation) -> str:
    """Return the options that a change of a few carries, where the kernel does not say which one it means."""
    names = [row.called for row in rows_of(operation.entry) if row.name in operation.entry.options]
    return ", ".join(names) if operation.verb == "set" and len(names) <= FEW else ""


def _is_gone(operation: Operation, error: KernelError) -> bool:
    """Tell whether a removal failed because the object went with another one."""
    return operation.verb == "del" and error.number in (errno.ENODEV, errno.ESRCH, errno.ENOENT, errno.EADDRNOTAVAIL)


def _remove_many(observer: Observer, group: list[Operation], outcome: Outcome) -> None:
    netns = group[0].entry.netns
    names = [operation.entry.name for operation in group]
    messages = [encode(message) for message in group_removal(observer, netns, names, DOOMED_GROUP)]
    errors = observer.channel(netns).batch(messages)
    error = errors.get(len(messages) - 1)
    if error is None:
        outcome.done += group
    else:
        _fail(outcome, group[0], str(error))


def _netns(observer: Observer, operation: Operation) -> None:
    entry = operation.entry
    name = entry.name
    if operation.verb == "del":
        observer.drop(name)
        observer.namespaces.remove(name)
        write_resolver(name, "")
        return
    try:
        _set_netns(observer, operation)
    except (OSError, ValueError, KernelError):
        if operation.verb == "add" and observer.namespaces.has(name):
            observer.drop(name)
            observer.namespaces.remove(name)
        raise


def _set_netns(observer: Observer, operation: Operation) -> None:
    entry = operation.entry
    name = entry.name
    made = operation.verb == "add" and not observer.namespaces.bind(name, entry.options.get("attach"))
    if made:
        observer.namespaces.create(name)
    if made or "loopback" in entry.options:
        _loopback(observer, name, mark=made, up=entry.options.get("loopback"))
    if "nsid" in entry.options:
        try:
            observer.relate(HOST, name, -1 if entry.options["nsid"] == AUTO else entry.options["nsid"])
        except KernelError as why:
            raise ValueError(f"nsid: {why}") from None
    if "resolver" in entry.options:
        write_resolver(name, entry.options["resolver"])


def _loopback(observer: Observer, name: str, mark: bool, up: bool | None) -> None:
    options: dict[str, Any] = {"group": MARK_GROUP} if mark else {}
    if up is not None:
        options["up"] = up
    message = encode(WIRES["link"].write(observer, Operation("set", Entry("link", (name, "lo"), options))))
    for error in observer.channel(name).batch([message]).values():
        raise OSError(error.number, str(error))


def _sysctls(observer: Observer, group: list[Operation], outcome: Outcome) -> None:
    def write() -> None:
        for operation in group:
            reason = sysctls.write(operation)
            if reason:
                return _fail(outcome, operation, reason)
            outcome.done.append(operation)
        return None

    inside(observer.namespaces.fd(group[0].entry.netns), write)


def kinds_lacking(observer: Observer, kinds: Iterable[str]) -> dict[str, str]:
    """Return those of the kinds that cannot be made here, each with the reason. Makes nothing, but loads modules."""
    names = sorted(set(kinds))
    files = {name: KINDS[name].device for name in names if KINDS[name].device}
    found = {name: tun.lacking(file) for name, file in files.items()}
    asked = [name for name in names if name not in files]
    errors = observer.channel("").batch([encode(message) for message in probes(asked)]) if asked else {}
    for position, error in errors.items():
        if error.number == errno.EOPNOTSUPP and "nknown device type" in (error.sentence or "nknown device type"):
            name = asked[position]
            found[name] = f"this kernel has no {name} (module {KINDS[name].module or name})"
    return {name: reason for name, reason in found.items() if reason}


__all__ = ["Outcome", "apply", "kinds_lacking"]
