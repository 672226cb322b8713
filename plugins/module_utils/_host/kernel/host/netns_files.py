# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make and remove the files of named namespaces: the mount point below /run/netns, the resolver file in /etc/netns."""

from __future__ import annotations

import contextlib
import errno
import os
import stat

from ...tables.objects.netns_reference import RUN_NETNS, name_of

ETC_NETNS = "/etc/netns"
#: Bytes of a resolver file that are read. The C library takes 3 name servers and 256 characters of each line.
MOST_OF_A_FILE = 1 << 16


def is_left_over(name: str) -> bool:
    """Tell whether the file of a name is what ``ip netns add`` leaves when it ends before its mount: empty, a file."""
    try:
        found = os.lstat(os.path.join(RUN_NETNS, name))
    except OSError:
        return False
    # A namespace's file has the device of nsfs, so it is no regular file of this folder's file system.
    return stat.S_ISREG(found.st_mode) and found.st_size == 0 and found.st_dev == os.stat(RUN_NETNS).st_dev


def place(name: str) -> str:
    """Make the file that a namespace is mounted on, or take a left-over one.

    :raises FileExistsError: when something else is there.
    """
    path = os.path.join(RUN_NETNS, name)
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0))
    except FileExistsError:
        if not is_left_over(name):
            raise FileExistsError(errno.EEXIST, f"{path} is not a network namespace. Remove the file") from None
    return path


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
