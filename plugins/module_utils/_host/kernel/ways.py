# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carry out what goes another way than by requests in batches: namespaces, moves, device files, sysctls."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Callable

from ..state.model import Operation
from .host import netns, tun
from .host import proc_sys as sysctls
from .host.namespaces import inside
from .netlink.codec import encode
from .observe import Observer
from .wires import WIRES


@dataclass(frozen=True)
class Way:
    """How operations are carried out.

    ``carry_out`` returns how many took effect, and why the next one did not; what it raises is of the first.
    ``together``: those of one namespace that follow each other are carried out as one.
    """

    carry_out: Callable[[Observer, Sequence[Operation]], tuple[int, str]]
    together: bool = False


def way_of(operation: Operation) -> Way | None:
    """Return the way that an operation goes, None for one that requests carry out."""
    if operation.verb == "move":
        return _MOVE
    return _OF_SORT.get(operation.entry.sort) or (_DEVICE if tun.concerns(operation) else None)


def _singly(
    carry_out: Callable[[Observer, Operation], None], observer: Observer, group: Sequence[Operation]
) -> tuple[int, str]:
    for operation in group:
        carry_out(observer, operation)
    return len(group), ""


def _move(observer: Observer, operation: Operation) -> None:
    """Move a link. The kernel may give it another index there, so both namespaces are looked at anew."""
    message = encode(WIRES[operation.entry.sort].write(observer, operation))
    source = (operation.before or operation.entry).netns
    error = observer.channel(source).batch([message]).get(0)
    if error is not None:
        # Linux 6.1 has no sentence for it.
        fixed = error.number == errno.EINVAL and not error.sentence
        raise ValueError(f"from_netns: {error}{': it is bound to its namespace' if fixed else ''}")
    for name in (source, operation.entry.netns):
        observer.views.pop(name, None)


def _write_sysctls(observer: Observer, group: Sequence[Operation]) -> tuple[int, str]:
    """Write sysctls in the thread that is in their namespace: a change of it takes longer than a write."""

    def write() -> tuple[int, str]:
        for number, operation in enumerate(group):
            reason = sysctls.write(operation)
            if reason:
                return number, reason
        return len(group), ""

    return inside(observer.namespaces.fd(group[0].entry.netns), write)


_MOVE = Way(partial(_singly, _move))
_DEVICE = Way(partial(_singly, tun.carry_out))
_OF_SORT = {"netns": Way(partial(_singly, netns.carry_out)), "sysctl": Way(_write_sysctls, together=True)}
