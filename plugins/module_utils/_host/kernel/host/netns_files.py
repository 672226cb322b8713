# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make and remove the files of named namespaces: the mount point below /run/netns, the resolver file in /etc/netns."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat

from ...tables.objects.netns_reference import RUN_NETNS, name_of

ETC_NETNS = "/etc/netns"
#: Bytes of a resolver file that are read. The C library takes 3 name servers and 256 characters of each line.
MOST_OF_A_FILE = 1 << 16
MS_BIND, MS_REC, MS_SHARED, MNT_DETACH = 0x1000, 0x4000, 1 << 20, 2  # linux/mount.h

_libc = ctypes.CDLL(None, use_errno=True)


def call(function: str, *arguments: object) -> None:
    """Call a function of the C library; raise OSError with its errno where it does not return 0."""
    if getattr(_libc, function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def mount(source: str, target: str, flags: int) -> None:
    """Mount without a file system type (man 2 mount: bind mounts and changes of propagation); raise OSError."""
    call("mount", source.encode(), target.encode(), b"none", ctypes.c_ulong(flags), None)


def unmount(path: str) -> None:
    """Unmount a file; raise OSError where it is no mount point."""
    call("umount2", path.encode(), MNT_DETACH)


def is_left_over(name: str) -> bool:
    """Tell whether the file of a name is what ``ip netns add`` leaves when it ends before its mount: empty, a file."""
    try:
        found = os.lstat(os.path.join(RUN_NETNS, name))
    except OSError:
        return False
    # A namespace's file has the device of nsfs, so it is no regular file of this folder's file system.
    return stat.S_ISREG(found.st_mode) and found.st_size == 0 and found.st_dev == os.stat(RUN_NETNS).st_dev


def bind_file(fd: int, name: str) -> None:
    """Mount an open namespace on its file: from the open file, so it is the namespace that was looked at."""
    path = place(name)
    try:
        mount(f"/proc/self/fd/{fd}", path, MS_BIND)
    except OSError:
        os.unlink(path)
        raise


def place(name: str) -> str:
    """Make the file that a namespace is mounted on, or take a left-over one.

    :raises FileExistsError: when something else is there.
    """
    os.makedirs(RUN_NETNS, 0o755, exist_ok=True)
    _share(RUN_NETNS)
    path = os.path.join(RUN_NETNS, name)
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0))
    except FileExistsError:
        if not is_left_over(name):
            raise FileExistsError(errno.EEXIST, f"{path} is not a network namespace. Remove the file") from None
    return path


def _share(path: str) -> None:
    """Make the directory a shared mount, so that names are seen in every mount namespace that has it."""
    try:
        mount("", path, MS_SHARED | MS_REC)
    except OSError:
        mount(path, path, MS_BIND | MS_REC)
        mount("", path, MS_SHARED | MS_REC)


def resolver_path(name: str) -> str:
    """Return the resolver file that ``ip netns exec`` mounts over /etc/resolv.conf (man ip-netns)."""
    return os.path.join(ETC_NETNS, name_of(name), "resolv.conf")


def read_resolver(name: str) -> str:
    """Return the text of a namespace's resolver file, empty where there is none."""
    try:
        with open(resolver_path(name), encoding="utf-8", errors="surrogateescape") as file:
            return file.read(MOST_OF_A_FILE)
    except FileNotFoundError:
        return ""


def write_resolver(name: str, text: str) -> None:
    """Write a namespace's resolver file; the empty text takes file and empty folder away."""
    path = resolver_path(name)
    if text:
        os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
        with open(f"{path}.new", "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
        os.replace(f"{path}.new", path)
        return
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    with contextlib.suppress(OSError):
        os.rmdir(os.path.dirname(path))
