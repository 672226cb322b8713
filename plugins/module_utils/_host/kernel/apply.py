# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carry out operations: rtnetlink requests in batches, and namespaces, moves, device files and sysctls in between."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Callable

from ..state.entries import made_in
from ..state.model import Operation
from ..tables.failure import Fault, Impossible
from ..tables.links.any_link import INDEX, MARK_GROUP
from ..tables.registry import KINDS, OBJECT_TYPES
from .host import named_netns, proc_sys, tun
from .host.carrier import tell_of_carriers, with_carrier
from .host.namespaces import inside
from .netlink.channel import KernelError
from .netlink.codec import encode
from .reasons import reason_of, refusal
from .wires.link_wire import probes
from .wires.requests import WIRES, requests
from .wires.wire import Removal

if TYPE_CHECKING:
    from .observe import Observer


@dataclass(frozen=True)
class Way:
    """How operations are carried out.

    ``carry_out`` returns how many took effect, and the fault of the next one. An exception is about the first one.
    ``together``: consecutive operations of one namespace are carried out in one call.
    """

    carry_out: Callable[[Observer, Sequence[Operation]], tuple[int, Fault | None]]
    together: bool = False


def way_of(operation: Operation) -> Way | None:
    """Return the way to carry an operation out, None for netlink requests."""
    if operation.verb == "move":
        return _MOVE
    return _OF_SORT.get(operation.entry.type) or (_DEVICE if _by_device_file(operation) else None)


def _by_device_file(operation: Operation) -> bool:
    """Tell whether an operation needs a device file: to create a tun or tap link, or to change its own options."""
    kind = KINDS.get(operation.entry.kind) if operation.entry.type == "link" else None
    if kind is None or not kind.device:
        return False
    return operation.verb == "add" or (operation.verb == "set" and any(map(kind.option, operation.entry.options)))


def _singly(
    carry_out: Callable[[Observer, Operation], None], observer: Observer, group: Sequence[Operation]
) -> tuple[int, Fault | None]:
    for operation in group:
        carry_out(observer, operation)
    return len(group), None


def _move(observer: Observer, operation: Operation) -> None:
    """Move a link. The kernel may give the link another index, so both namespaces are read again."""
    message = encode(WIRES[operation.entry.type].write(observer, operation))
    source = (operation.before or operation.entry).netns
    error = observer.channel(source).batch([message]).get(0)
    if error is not None:
        # Linux 6.1 has no message for this refusal.
        fixed = error.number == errno.EINVAL and not error.sentence
        raise Impossible(option="from_netns", reason=f"{error}{': it is bound to its namespace' if fixed else ''}")
    for name in (source, operation.entry.netns):
        observer.views.pop(name, None)


def _write_sysctls(observer: Observer, group: Sequence[Operation]) -> tuple[int, Fault | None]:
    """Write sysctls in one thread in their namespace: entering a namespace takes longer than a write."""

    def write() -> tuple[int, Fault | None]:
        for number, operation in enumerate(group):
            fault = proc_sys.write(operation)
            if fault is not None:
                return number, fault
        return len(group), None

    return inside(observer.namespaces.fd(group[0].entry.netns), write)


_MOVE = Way(partial(_singly, _move))
_DEVICE = Way(partial(_singly, tun.carry_out))
_OF_SORT = {"netns": Way(partial(_singly, named_netns.carry_out)), "sysctl": Way(_write_sysctls, together=True)}


#: A link group for one removal of many links.
DOOMED_GROUP = MARK_GROUP + 1
#: From this number of objects on, they are removed as a group where the kernel has such a request.
MANY = 8

#: The rows of each type of object whose values are lost if the kernel learns of the link's carrier after them.
_AFTER_CARRIER = {
    name: rows
    for name, object_type in OBJECT_TYPES.items()
    for rows in [tuple(row for row in object_type.options if row.after_carrier)]
    if rows
}

Tell = Callable[[Operation], None]


@dataclass
class Outcome:
    """The outcome of a list of operations: those that took effect, and the first that did not, with its fault."""

    done: list[Operation] = field(default_factory=list)
    failed: Operation | None = None
    fault: Fault = field(default_factory=lambda: Fault("", ""))

    def fail(self, operation: Operation, fault: Fault) -> None:
        """Note the first operation that did not take effect."""
        if self.failed is None:
            self.failed, self.fault = operation, fault


def apply(observer: Observer, operations: Sequence[Operation], tell: Tell | None = None) -> Outcome:
    """Carry out operations in their order; stop after the batch in which one fails.

    ``tell`` is called with each operation in turn, in large batches while the kernel works on earlier ones.
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
            outcome.fail(group[0], reason_of(why))
        if outcome.failed is not None:
            break
    return outcome


def _tell_nobody(_operation: Operation) -> None:
    return None


def _socket_netns(operation: Operation) -> str:
    return made_in(operation.entry) if operation.verb == "add" else operation.entry.netns


def _groups(operations: Sequence[Operation]) -> Iterable[list[Operation]]:
    """Split operations into groups for one send: those of one namespace, or one step outside netlink."""
    run: list[Operation] = []
    last: Any = None
    for operation in operations:
        ident = _sent_with(operation)
        if run and ident != last:
            yield run
            run = []
        run.append(operation)
        last = ident
    if run:
        yield run


def _sent_with(operation: Operation) -> Any:
    """Return the key that the operations of one send share; an operation that is sent alone has a key of its own."""
    way, entry = way_of(operation), operation.entry
    if way is not None:
        return (way, entry.netns) if way.together else object()
    wire = WIRES[entry.type]
    apart = entry.type if wire.awaits_carrier or _needs_carrier(operation) else ""
    return _socket_netns(operation), apart, wire.removal is not None and operation.verb == "del"


def _needs_carrier(operation: Operation) -> bool:
    """Tell whether the kernel must learn of the link's carrier before this operation."""
    rows = _AFTER_CARRIER.get(operation.entry.type, ())
    return any(operation.entry.options.get(row.name) in row.after_carrier for row in rows)


def _carry_out(observer: Observer, group: list[Operation], outcome: Outcome, tell: Tell) -> None:
    first = group[0]
    way = way_of(first)
    removal = None if way is not None else WIRES[first.entry.type].removal
    if way is not None:
        _another_way(way, observer, group, outcome)
    elif removal is not None and first.verb == "del" and len(group) >= MANY:
        _remove_many(removal, observer, group, outcome)
    else:
        if _needs_carrier(first):
            tell_of_carriers(observer, group, outcome.done)
        _requests(observer, group, outcome, tell)
        return
    for operation in group:
        tell(operation)


def _another_way(way: Way, observer: Observer, group: list[Operation], outcome: Outcome) -> None:
    done, fault = way.carry_out(observer, group)
    outcome.done += group[:done]
    if fault is not None:
        outcome.fail(group[done], fault)


def _requests(observer: Observer, group: list[Operation], outcome: Outcome, tell: Tell) -> None:
    """Send the requests of operations in one batch. An operation fails with the first of its requests that fails."""
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
    if WIRES[group[0].entry.type].awaits_carrier:
        errors = with_carrier(channel, messages, errors)
    for operation, part in zip(group, parts):
        at = next((position for position in part if position in errors), None) if errors else None
        if at is None or _is_gone(operation, errors[at]):
            outcome.done.append(operation)
        elif outcome.failed is None:
            outcome.fail(operation, refusal(observer, operation, messages[at], errors[at]))
    if unmade:
        outcome.fail(group[len(parts)], reason_of(unmade[0]))


def _is_gone(operation: Operation, error: KernelError) -> bool:
    """Tell whether a removal failed because the kernel had removed the object with another one."""
    if operation.verb != "del":
        return False
    silent = not error.sentence and error.number in WIRES[operation.entry.type].gone
    return silent or error.number in (errno.ENODEV, errno.ESRCH, errno.ENOENT, errno.EADDRNOTAVAIL)


def _remove_many(removal: Removal, observer: Observer, group: list[Operation], outcome: Outcome) -> None:
    netns = group[0].entry.netns
    names = [operation.entry.name for operation in group]
    messages = [encode(message) for message in removal(observer, netns, names, DOOMED_GROUP)]
    error = observer.channel(netns).batch(messages).get(len(messages) - 1)
    if error is None:
        outcome.done += group
    else:
        outcome.fail(group[0], reason_of(error))


def kinds_lacking(observer: Observer, kinds: Iterable[str]) -> dict[str, Fault]:
    """Return the kinds that this kernel cannot create, each with the fault. The trial may load kernel modules."""
    names = sorted(set(kinds))
    files = {name: KINDS[name].device for name in names if KINDS[name].device}
    found = {name: tun.lacking(file) for name, file in files.items()}
    asked = [name for name in names if name not in files]
    errors = observer.channel("").batch([encode(message) for message in probes(asked)]) if asked else {}
    for position, error in errors.items():
        if error.number == errno.EOPNOTSUPP and "nknown device type" in (error.sentence or "nknown device type"):
            name = asked[position]
            reason = f"this kernel has no {name} (module {KINDS[name].module or name})"
            found[name] = Fault("kind", reason, "Install or load the module, or run another kernel")
    return {name: fault for name, fault in found.items() if fault is not None}


__all__ = ["Outcome", "apply", "kinds_lacking"]
