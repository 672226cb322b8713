# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find the reason of the kernel's refusal: its own message, or a rule of the tables where it has none."""

from __future__ import annotations

import errno
import struct
from typing import TYPE_CHECKING

from ..state.entries import lower_key, rows_given, rows_of
from ..state.model import Entry, Operation
from ..tables.failure import Fault, Impossible
from ..tables.registry import KINDS, OBJECT_TYPES
from ..tables.table import Option
from ..tables.types.simple import NONE
from .netlink.channel import KernelError

if TYPE_CHECKING:
    from .observe import Observer


#: The largest number of options that an error names when the kernel does not say which one is wrong.
FEW = 3


def reason_of(why: Exception) -> Fault:
    """Return the fault for which an operation could not be carried out."""
    if isinstance(why, Impossible):
        return why.fault
    if isinstance(why, KeyError):
        return Fault("", f"there is no link {why.args[0]}", "Create the link first, or correct the name")
    return Fault("", str(why) if isinstance(why, KernelError) else getattr(why, "strerror", None) or str(why))


def refusal(observer: Observer, operation: Operation, message: bytearray, error: KernelError) -> Fault:
    """Return the fault for which the kernel refused a message of an operation, with its option where that is known."""
    entry = operation.entry
    told = _of_capped(observer, entry, error) or _unsaid(entry, error) or _meant(entry, error)
    if told:
        return told
    option = _blamed(entry, message, error.offset) or _only(operation)
    return Fault(option, str(error))


def _of_capped(observer: Observer, entry: Entry, error: KernelError) -> Fault | None:
    """Return the option that exceeds that of the lower device (Option.capped), None where it is unknown."""
    if error.number not in (errno.EINVAL, errno.ERANGE):
        return None
    capped = (row for row in rows_given(entry) if row.capped)
    return next((fault for row in capped for fault in [_beyond(observer, entry, row, error)] if fault), None)


def _beyond(observer: Observer, entry: Entry, row: Option, error: KernelError) -> Fault | None:
    if error.sentence:
        return Fault(row.name, str(error)) if row.name in error.sentence.lower() else None
    value = entry.options[row.name]
    # An operation on an existing link has only the options that change.
    living = next((link for link in observer.links(entry.netns) if link.ident == entry.ident), entry)
    netns, name = lower_key(living) or ("", "")
    lower = next((link for link in observer.links(netns) if link.ident == ("link", (netns, name))), entry)
    most = lower.options[row.name]
    reason = f"{error}: {value} is more than the {most} of {name}, the link beneath"
    return Fault(row.name, reason, f"Give at most {most}, or change {name}") if value > most else None


def _unsaid(entry: Entry, error: KernelError) -> Fault | None:
    """Return the fault that the tables have for a refusal without a message, None for none."""
    if error.number == errno.EAFNOSUPPORT:  # net/core/rtnetlink.c: validate_linkmsg()
        of_ipv6 = (row.name for row in rows_given(entry) if row.of_ipv6)
        reason = f"{error}: {entry.name} has no IPv6, as below an mtu of 1280"
        return next((Fault(name, reason, "Set an mtu of 1280 or more") for name in of_ipv6), None)
    if error.number != errno.EINVAL or error.sentence:
        return None
    option, reason = OBJECT_TYPES[entry.type].refusal(entry.key) if entry.type in OBJECT_TYPES else ("", "")
    for row in rows_given(entry) if not option else ():
        unexplained = row.unexplained(entry.options[row.name])
        if unexplained:
            option, reason = row.name, unexplained
    return Fault(option, f"{error}: {reason}") if option else None


def _meant(entry: Entry, error: KernelError) -> Fault | None:
    """Return the option that a refusal is about by the tables (Option.means), None where it is unknown."""
    where = entry.options.get("dev", NONE)
    on = "of this namespace" if where == NONE else f"of {where}"
    for row in rows_given(entry):
        for meaning in row.means:
            said = meaning.sentence in error.sentence if meaning.sentence else not error.sentence
            if error.number == meaning.errno and said:
                reason = meaning.reason.format(value=entry.options[row.name], name=entry.name, on=on)
                return Fault(row.called, f"{error}{': ' if reason else ''}{reason}")
    return None


def _blamed(entry: Entry, message: bytearray, offset: int) -> str:
    """Return the option whose attribute the kernel points at, empty where that is none of the entry's options."""
    if not 0 < offset <= len(message) - 4:
        return ""
    number = struct.unpack_from("=H", message, offset + 2)[0] & 0x3FFF
    own = KINDS[entry.kind].options if entry.kind in KINDS else ()
    # A kind's own attributes stand behind its name in the message; the common ones before it.
    nest = message.find(entry.kind.encode() + b"\0") if own else -1
    rows = own if 0 <= nest < offset else rows_of(entry)
    return next((row.called for row in rows if number in row.attrs and row.name in entry.options), "")


def _only(operation: Operation) -> str:
    """Return the options of a small change, where the kernel does not say which one is wrong."""
    names = [row.called for row in rows_of(operation.entry) if row.name in operation.entry.options]
    return ", ".join(names) if operation.verb == "set" and len(names) <= FEW else ""
