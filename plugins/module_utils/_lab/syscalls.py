# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Call what Python's os module lacks before 3.12: mount, unshare, setns, pivot_root; and set addresses by ioctl.

A lab host is set up by a process that lives in its new namespaces. Calling the kernel from there costs microseconds,
where starting mount(8) and ip(8) costs milliseconds (more in a User-mode Linux kernel), a dozen times for each host.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from functools import cache
from typing import Any

# include/uapi/linux/sched.h
CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

# include/uapi/linux/mount.h
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MNT_DETACH = 0x2

# include/uapi/linux/sockios.h
SIOCSIFFLAGS = 0x8914
SIOCSIFADDR = 0x8916
SIOCSIFNETMASK = 0x891C
IFF_UP = 0x1

# pivot_root has no wrapper in glibc: its number by machine (arch/*/entry/syscalls; the generic table is 41).
PIVOT_ROOT: dict[str, int] = {"x86_64": 155, "i686": 217, "i386": 217, "armv7l": 218, "ppc64le": 203, "s390x": 217}


@cache
def _libc() -> ctypes.CDLL:
    """Load libc at the first call: this file is imported for documentation on machines that are not Linux."""
    return ctypes.CDLL(None, use_errno=True)


def _call(what: str, name: str, *args: Any) -> None:
    """Call a function of libc; raise OSError that says what was tried when it returns a negative number."""
    if getattr(_libc(), name)(*args) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """Mount a file system, or change a mount point by flags. Raises OSError naming target and kind."""
    what = f"mount {kind} on {target}" if kind else f"mount flags {flags:#x} on {target}"
    words = [source.encode(), target.encode(), kind.encode() or None, ctypes.c_ulong(flags), data.encode() or None]
    _call(what, "mount", *words)


def unshare(flags: int) -> None:
    """Move the calling process into new namespaces. Raises OSError."""
    _call(f"unshare {flags:#x}", "unshare", ctypes.c_int(flags))


def setns(fd: int) -> None:
    """Move the calling process into the namespace of an open /proc/PID/ns file. Raises OSError."""
    _call("setns", "setns", ctypes.c_int(fd), ctypes.c_int(0))


def change_root(root: str) -> None:
    """Make a mount point the root of this mount namespace and let go of the old one. Raises OSError.

    pivot_root(".", ".") stacks the old root on the new one, so that no folder is needed for it (pivot_root(2)).
    """
    os.chdir(root)
    number = PIVOT_ROOT.get(os.uname().machine, 41)
    _call(f"pivot_root to {root}", "syscall", ctypes.c_long(number), b".", b".")
    _call("unmount the old root", "umount2", b".", ctypes.c_int(MNT_DETACH))
    os.chdir("/")


def set_up(name: str) -> None:
    """Set a link of the calling process's network namespace up. Raises OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh14x", name.encode(), IFF_UP))


def add_ipv4(name: str, packed: bytes, netmask: bytes) -> None:
    """Give a link its one IPv4 address, as packed bytes. Raises OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for request, value in ((SIOCSIFADDR, packed), (SIOCSIFNETMASK, netmask)):
            # struct ifreq: the name, then struct sockaddr_in.
            fcntl.ioctl(sock, request, struct.pack("16sHH4s8x", name.encode(), socket.AF_INET, 0, value))


def add_ipv6(name: str, packed: bytes, prefix_length: int) -> None:
    """Add an IPv6 address, as packed bytes, to a link. Raises OSError."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        # struct in6_ifreq of include/uapi/linux/ipv6.h
        fcntl.ioctl(sock, SIOCSIFADDR, struct.pack("16sIi", packed, prefix_length, socket.if_nametoindex(name)))
