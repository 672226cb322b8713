# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make and change tun and tap links through their device file (drivers/net/tun.c, uapi/linux/if_tun.h).

A link that is made stays unpersistent, and so ends with this process, until it has its mark and all else that was asked
for. A failure, or a process that is killed, leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import platform
import struct
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from ...state.model import HOST, Entry, Operation
from ...tables.failure import Fault, Impossible
from ...tables.links.any_link import INDEX, ONCE
from ...tables.registry import KINDS
from ..netlink import constants as c
from ..netlink.codec import encode
from ..netlink.walk import attributes
from ..wires.link_wire import LINK
from .namespaces import inside

if TYPE_CHECKING:
    from ..observe import Observer


# asm-generic/ioctl.h, and asm/ioctl.h of those that have three bits for the direction.
_WIDE = platform.machine().startswith(("ppc", "powerpc", "mips", "sparc", "alpha"))
_WRITE_INT = (4 << 29 if _WIDE else 1 << 30) | struct.calcsize("i") << 16 | ord("T") << 8
TUNSETIFF, TUNSETPERSIST, TUNSETOWNER, TUNSETGROUP, TUNSETIFINDEX = (_WRITE_INT | n for n in (202, 203, 204, 206, 218))

_MODES = {"tun": 0x1, "tap": 0x2}
IFF_NO_PI, IFF_VNET_HDR, IFF_MULTI_QUEUE, IFF_TUN_EXCL = 0x1000, 0x4000, 0x100, 0x8000
_IFREQ = struct.Struct("=16sH22x")
_IFINFO = struct.Struct("=BxHiII")


def carry_out(observer: Observer, operation: Operation) -> None:
    """Make or change a link; raise Impossible with the option and the reason, or OSError."""
    if operation.verb == "add":
        _make(observer, operation.entry)
    else:
        _change(observer, operation.entry)


def lacking(path: str) -> Fault | None:
    """Return the reason why a device file creates no link, None where it does. The kernel loads the file's module."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CLOEXEC))
    except FileNotFoundError:
        advice = "Load the kernel module tun (modprobe tun), or give the container the device"
        return Fault("kind", f"there is no {path}", advice)
    except OSError as why:
        if why.errno in (errno.ENODEV, errno.ENXIO):
            return Fault("kind", "this kernel has no tun (module tun)", "Install or load the module")
        return Fault("kind", f"{path}: {why.strerror}", "Give the container of this run the device")
    return None


@contextlib.contextmanager
def _opened(observer: Observer, entry: Entry) -> Iterator[int]:
    """Open the device file for the namespace of a link: it belongs to that of the thread that opens it."""
    work = partial(os.open, KINDS[entry.kind].device, os.O_RDWR | os.O_CLOEXEC)
    fd = work() if entry.netns == HOST else inside(observer.namespaces.fd(entry.netns), work)
    try:
        yield fd
    finally:
        os.close(fd)


def _make(observer: Observer, entry: Entry) -> None:
    kind, view = KINDS[entry.kind], observer.view(entry.netns)
    try:
        with _opened(observer, entry) as fd:
            # The one of these ioctls that takes its number by address.
            fcntl.ioctl(
                fd, TUNSETIFINDEX, struct.pack("=I", view.reserve(entry.name, 0, entry.options.get(INDEX.name)))
            )
            _attach(fd, entry.name, _bits(entry.options) | IFF_TUN_EXCL)
            _give(fd, entry.options)
            _rest(
                observer,
                entry,
                [name for name in entry.options if kind.option(name) is None and name not in ONCE],
            )
            _set(fd, TUNSETPERSIST, 1)
    except BaseException:
        view.forget(entry.name)
        raise


def _change(observer: Observer, entry: Entry) -> None:
    """Change a link by attaching to it as a program would.

    Who attaches says anew whether there are packet information and a virtio header (tun_set_iff()), so what is not to
    change is said as it is.
    """
    there = _there(observer, entry)
    wished = {**there, **entry.options}
    named = ", ".join(entry.options)
    with _opened(observer, entry) as fd:
        try:
            _attach(fd, entry.name, _bits(wished))
        except OSError as why:
            if why.errno != errno.EBUSY:
                raise Impossible(option=named, reason=why.strerror) from None
            reason = "a program is attached to the link, and without multi_queue there can be no other"
            raise Impossible(option=named, reason=reason, advice="Stop the program first") from None
        told = _there(observer, entry)
        if any(told[name] != wished[name] for name in ("pi", "vnet_hdr")):
            reason = "a program is attached to the link, and the first one decides"
            raise Impossible(option=named, reason=reason, advice="Stop the program first")
        _give(fd, entry.options)
        if "persistent" in entry.options:
            _set(fd, TUNSETPERSIST, int(entry.options["persistent"]), "persistent")


def _there(observer: Observer, entry: Entry) -> dict[str, Any]:
    """Return the current options of the link."""
    view = observer.view(entry.netns)
    ask = _IFINFO.pack(0, 0, view.index(entry.name), 0, 0)
    found = attributes(observer.channel(entry.netns).ask(c.RTM_GETLINK, ask), _IFINFO.size)
    data = attributes(attributes(found.get(c.IFLA_LINKINFO, b"")).get(c.IFLA_INFO_DATA, b""))
    return {row.name: row.decode(data, view) for row in KINDS[entry.kind].options}


def _bits(options: Mapping[str, Any]) -> int:
    """Return the flags of TUNSETIFF."""
    bits = _MODES[options["mode"]]
    bits |= 0 if options.get("pi") else IFF_NO_PI
    bits |= IFF_VNET_HDR if options.get("vnet_hdr") else 0
    return bits | (IFF_MULTI_QUEUE if options.get("multi_queue") else 0)


def _attach(fd: int, name: str, bits: int) -> None:
    fcntl.ioctl(fd, TUNSETIFF, _IFREQ.pack(name.encode(), bits).ljust(40, b"\0"))


def _give(fd: int, options: Mapping[str, Any]) -> None:
    """Set who may attach."""
    for name, request in (("user", TUNSETOWNER), ("user_group", TUNSETGROUP)):
        if name in options:
            _set(fd, request, options[name], name)


def _set(fd: int, request: int, number: int, option: str = "") -> None:
    """Carry out an ioctl that takes a number of 32 bits; fcntl wants it signed."""
    try:
        fcntl.ioctl(fd, request, struct.unpack("=i", struct.pack("=I", number))[0])
    except OSError as why:
        raise Impossible(option=option, reason=f"{number}: {why.strerror}" if option else why.strerror) from None


def _rest(observer: Observer, entry: Entry, names: list[str]) -> None:
    """Set common options by rtnetlink, with a message for each, so that a refusal names its option."""
    steps = [Operation("set", entry.having({name: entry.options[name]})) for name in names]
    messages = [encode(LINK.write(observer, step)) for step in steps]
    for position, error in sorted(observer.channel(entry.netns).batch(messages).items()):
        raise Impossible(option=names[position], reason=error)
