# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find, enter, make and remove network namespaces, without a child process and without moving the calling thread."""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Callable, TypeVar

from ..model import HOST

RUN_NETNS = "/run/netns"
ETC_NETNS = "/etc/netns"
CLONE_NEWNET = 0x40000000  # linux/sched.h
MS_BIND, MS_REC, MS_SHARED, MNT_DETACH = 0x1000, 0x4000, 1 << 20, 2  # linux/mount.h

_libc = ctypes.CDLL(None, use_errno=True)
Result = TypeVar("Result")


def _call(function: str, *arguments: object) -> None:
    if getattr(_libc, function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _mount(source: str, target: str, flags: int) -> None:
    _call("mount", source.encode(), target.encode(), b"none", ctypes.c_ulong(flags), None)


def in_thread(work: Callable[[], Result]) -> Result:
    """Run work in a thread of its own, so that a change of namespace ends with that thread."""
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again below, in the caller's thread
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def inside(fd: int, work: Callable[[], Result]) -> Result:
    """Run work in the namespace that fd refers to; sockets it opens stay bound to that namespace."""

    def enter() -> Result:
        _call("setns", fd, CLONE_NEWNET)
        return work()

    return in_thread(enter)


def in_new(work: Callable[[], Result]) -> Result:
    """Run work in a new namespace that ends with it: what a namespace begins with."""

    def enter() -> Result:
        _call("unshare", CLONE_NEWNET)
        return work()

    return in_thread(enter)


@dataclass(frozen=True)
class Inode:
    """What tells one namespace from another, however it is called (man 7 namespaces)."""

    device: int
    number: int


def inode(fd: int) -> Inode:
    """Return the identity of an open namespace."""
    stat = os.fstat(fd)
    return Inode(stat.st_dev, stat.st_ino)


class Namespaces:
    """Keep the namespaces of one run open, each once, under one canonical name."""

    def __init__(self) -> None:
        self._fds: dict[str, int] = {HOST: os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)}
        self._names: dict[Inode, str] = {inode(self._fds[HOST]): HOST}
        self._seen: set[str] = set()  # opened only to look whether a link of ours is there
        for name in named():
            with contextlib.suppress(OSError):
                self._open(name, os.path.join(RUN_NETNS, name))

    def close(self) -> None:
        """Close all."""
        for fd in self._fds.values():
            os.close(fd)
        self._fds.clear()

    def _open(self, name: str, path: str) -> str:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        known = self._names.setdefault(inode(fd), name)
        if known != name or name in self._fds:
            os.close(fd)
            if known == HOST:
                # A name for the module's own namespace is that namespace.
                return HOST
            return known
        self._fds[name] = fd
        return name

    def canonical(self, called: str) -> str:
        """Return the one name of a namespace; raise ValueError with the reason when it cannot be found.

        ``called`` is a name below /run/netns, ``pid:N``, or ``pidfile:PATH``. The namespace of a process is opened here
        and kept, so that a process number that is used again cannot lead elsewhere.
        """
        if called in (HOST, "host"):
            return HOST
        if called.startswith("pidfile:"):
            called = f"pid:{_read_pid(called[8:])}"
        if not called.startswith("pid:"):
            return called
        number = called[4:]
        if not number.isdigit():
            raise ValueError(f"{called}: {number!r} is not a process number")
        if called in self._fds:
            self._seen.discard(called)
            return called
        try:
            name = self._open(called, f"/proc/{number}/ns/net")
            self._seen.discard(name)
            return name
        except FileNotFoundError:
            raise ValueError(f"{called}: there is no process {number}") from None
        except PermissionError:
            raise ValueError(f"{called}: not allowed to open its namespace (run as root, or become)") from None

    def fd(self, name: str) -> int:
        """Return the open namespace; raise ValueError where there is none."""
        if name not in self._fds:
            raise ValueError(f"there is no namespace {name} (below {RUN_NETNS})")
        return self._fds[name]

    def known(self) -> list[str]:
        """Return the canonical names of this host's own namespaces and of those the user named, HOST first.

        Namespaces that processes keep are not among them: other hosts' labs and containers must not be touched.
        """
        return [name for name in self._fds if name not in self._seen]

    def name_of(self, identity: Inode) -> str | None:
        """Return the canonical name of a namespace that is open here."""
        return self._names.get(identity)

    def has(self, name: str) -> bool:
        """Tell whether a namespace is open under that name."""
        return name in self._fds

    def create(self, name: str) -> None:
        """Make a named namespace as ``ip netns add`` does (iproute2 ip/ipnetns.c: netns_add)."""
        os.makedirs(RUN_NETNS, 0o755, exist_ok=True)
        _share(RUN_NETNS)
        path = os.path.join(RUN_NETNS, name)
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0))

        def make() -> None:
            _call("unshare", CLONE_NEWNET)
            _mount("/proc/thread-self/ns/net", path, MS_BIND)

        try:
            in_thread(make)
        except OSError:
            os.unlink(path)
            raise
        self._open(name, path)

    def remove(self, name: str) -> None:
        """Take the name away as ``ip netns del`` does; the namespace ends with its last process."""
        path = os.path.join(RUN_NETNS, name)
        with contextlib.suppress(OSError):
            _call("umount2", path.encode(), MNT_DETACH)
        os.unlink(path)
        fd = self._fds.pop(name, None)
        if fd is not None:
            self._names.pop(inode(fd), None)
            os.close(fd)

    def of_processes(self) -> Iterator[str]:
        """Yield canonical names of the namespaces that only a process keeps, each once."""
        yield from list(self._seen)
        for number in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                stat = os.stat(f"/proc/{number}/ns/net")
                if Inode(stat.st_dev, stat.st_ino) not in self._names:
                    name = self._open(f"pid:{number}", f"/proc/{number}/ns/net")
                    self._seen.add(name)
                    yield name


def named() -> list[str]:
    """Return the names below /run/netns."""
    try:
        return sorted(os.listdir(RUN_NETNS))
    except FileNotFoundError:
        return []


def _share(path: str) -> None:
    """Make the directory a shared mount, so that names are seen in every mount namespace that has it."""
    try:
        _mount("", path, MS_SHARED | MS_REC)
    except OSError:
        _mount(path, path, MS_BIND | MS_REC)
        _mount("", path, MS_SHARED | MS_REC)


def _read_pid(path: str) -> int:
    try:
        with open(path, encoding="ascii") as file:
            return int(file.read().split()[0])
    except OSError as why:
        raise ValueError(f"pidfile {path}: {why.strerror}") from None
    except (ValueError, IndexError):
        raise ValueError(f"pidfile {path}: holds no process number") from None


def resolver_path(name: str) -> str:
    """Return the resolver file that ``ip netns exec`` mounts over /etc/resolv.conf (man ip-netns)."""
    return os.path.join(ETC_NETNS, name, "resolv.conf")


def read_resolver(name: str) -> str:
    """Return the text of a namespace's resolver file, empty where there is none."""
    try:
        with open(resolver_path(name), encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def write_resolver(name: str, text: str) -> None:
    """Write a namespace's resolver file; the empty text takes file and empty folder away."""
    path = resolver_path(name)
    if text:
        os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(f"{path}.new", path)
        return
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    with contextlib.suppress(OSError):
        os.rmdir(os.path.dirname(path))
