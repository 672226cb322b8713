# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find, enter, make and remove network namespaces, without a child process and without moving the calling thread."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Callable, TypeVar

from ...state.model import HOST
from ...tables.objects.netns_reference import OWN, RUN_NETNS, called_by, file_of, parse
from .containers import open_netns
from .netns_files import is_left_over, place

CLONE_NEWNET = 0x40000000  # linux/sched.h
MS_BIND, MS_REC, MS_SHARED, MNT_DETACH = 0x1000, 0x4000, 1 << 20, 2  # linux/mount.h
NS_GET_NSTYPE = 0xB703  # linux/nsfs.h; no other file answers it

_libc = ctypes.CDLL(None, use_errno=True)
Result = TypeVar("Result")


def _call(function: str, *arguments: object) -> None:
    """Call a function of the C library; raise OSError with its errno where it does not return 0."""
    if getattr(_libc, function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _mount(source: str, target: str, flags: int) -> None:
    """Mount without a file system type (man 2 mount: bind mounts and changes of propagation); raise OSError."""
    _call("mount", source.encode(), target.encode(), b"none", ctypes.c_ulong(flags), None)


def _unmount(path: str) -> None:
    """Unmount a file; raise OSError where it is no mount point."""
    _call("umount2", path.encode(), MNT_DETACH)


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
    """Run work in a new namespace, which ends with its last open file."""

    def enter() -> Result:
        _call("unshare", CLONE_NEWNET)
        return work()

    return in_thread(enter)


@dataclass(frozen=True)
class Inode:
    """The identity of a namespace, whatever its names are (man 7 namespaces)."""

    device: int
    number: int


def inode(fd: int) -> Inode:
    """Return the identity of an open namespace."""
    found = os.fstat(fd)
    return Inode(found.st_dev, found.st_ino)


class Namespaces:
    """Keep the namespaces of one run open, each once, under one canonical name.

    What is open stays the same namespace to the end of the run, whatever becomes of names and processes meanwhile.
    """

    def __init__(self) -> None:
        self._fds: dict[str, int] = {HOST: os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)}
        self._names: dict[Inode, str] = {inode(self._fds[HOST]): HOST}
        self._aliases: dict[str, str] = {}  # how else an open namespace is called
        self._found: dict[str, str] = {}  # the user's name of a namespace -> its process, or runtime and container
        self._wished: dict[str, tuple[str, Inode]] = {}  # name to be attached -> how its namespace is called, and which
        self._kept: list[tuple[str, int]] = []  # removed names with their namespaces, for the rollback
        self._seen: set[str] = set()  # opened only to look for owned links
        self._unnamed: set[str] = set()  # of create(), before publish()
        self._files: set[str] = set()  # left-over files that were removed, for the way back
        for name in named():
            with contextlib.suppress(OSError):
                self._open(called_by(name), os.path.join(RUN_NETNS, name))

    def close(self) -> None:
        """Close all."""
        for fd in (*self._fds.values(), *(fd for _name, fd in self._kept)):
            os.close(fd)
        self._fds.clear()
        self._kept.clear()

    def _open(self, name: str, path: str) -> str:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            if fcntl.ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET:
                raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        except OSError:
            os.close(fd)
            raise
        return self._add(name, fd)

    def _add(self, name: str, fd: int) -> str:
        """Take an open namespace in, and return its canonical name."""
        known = self._names.setdefault(inode(fd), name)
        if known != name or name in self._fds:
            os.close(fd)
            if known != name:
                self._aliases[name] = known
            return known
        self._fds[name] = fd
        return name

    def canonical(self, called: str) -> str:
        """Return the one name of a namespace; raise ValueError with the reason when it cannot be found.

        ``called`` is a name below /run/netns, a path, or one of the forms that containers.find() knows. The namespace
        of a process is opened here and kept, so that a process number that is used again cannot lead elsewhere.
        """
        if called in (HOST, OWN):
            return HOST
        if called.startswith("/"):
            file = file_of(called)
            called = called_by(file) if file is not None else self._at(called)
        called = self._aliases.get(called, called)
        words = parse(called)
        if called in self._fds or words is None:
            self._seen.discard(called)
            return called
        found, fd = open_netns(called)
        self._found[called] = found
        name = self._add(found, fd)
        if name == HOST and words.runtimes:
            raise ValueError(f"{called}: the container has no network namespace of its own, it shares the host's")
        self._seen.discard(name)
        if called != name:
            self._aliases[called] = name
        return name

    def _at(self, path: str) -> str:
        """Open the namespace at a path, and return its canonical name; raise ValueError where there is none."""
        if path not in self._fds and path not in self._aliases:
            try:
                self._open(path, path)
            except OSError as why:
                no_netns = why.errno in (errno.ENOTTY, errno.EINVAL)
                raise ValueError(f"{path}: {'is no network namespace' if no_netns else why.strerror}") from None
        return path

    def attach(self, name: str, called: str) -> str:
        """Give a name to the desired namespace for the rest of the run, whatever the name means now.

        Return the name of the namespace by its runtime or process. Raise ValueError for an unknown namespace.
        """
        there = self.canonical(called)
        if there == HOST:
            raise ValueError(f"{called}: is the namespace that the module runs in, which is called host")
        called = self._found.get(called, called)
        fd = self._fds[there]
        self._wished[name] = (called, inode(fd))
        if there == name:
            return called
        if name in self._fds:
            self._forget(name)
        del self._fds[there]
        self._fds[name] = fd
        self._names[inode(fd)] = name
        self._seen.discard(there)
        self._aliases.pop(name, None)
        self._aliases = {alias: name if to == there else to for alias, to in self._aliases.items()}
        self._aliases[there] = name
        return called

    def attached(self, name: str) -> str | None:
        """Return the namespace of a name: as desired where it is the desired one, else by its inode.

        None for a name without a desired namespace.
        """
        if name not in self._wished:
            return None
        called, wished = self._wished[name]
        found = os.stat(os.path.join(RUN_NETNS, name))
        return called if Inode(found.st_dev, found.st_ino) == wished else f"net:[{found.st_ino}]"

    def _forget(self, name: str) -> None:
        """Take a name off a namespace. Where it has another one, that becomes the canonical one."""
        fd = self._fds.pop(name)
        identity = inode(fd)
        others = [alias for alias, to in self._aliases.items() if to == name]
        for alias in others:
            del self._aliases[alias]
        if others:
            self._fds[others[0]] = fd
            self._names[identity] = others[0]
            self._aliases.update(dict.fromkeys(others[1:], others[0]))
        else:
            del self._names[identity]
            os.close(fd)

    def fd(self, name: str) -> int:
        """Return the open namespace; raise ValueError where there is none."""
        name = self._aliases.get(name, name)
        if name not in self._fds:
            raise ValueError(f"there is no namespace {name} (below {RUN_NETNS})")
        return self._fds[name]

    def known(self) -> list[str]:
        """Return the canonical names of this host's own namespaces and of those the user named, HOST first.

        Namespaces that processes keep are not among them: other hosts' labs and containers must not be touched.
        """
        return [name for name in self._fds if name not in self._seen]

    def has(self, name: str) -> bool:
        """Tell whether a namespace is open under that name."""
        return self._aliases.get(name, name) in self._fds

    def create(self, name: str) -> None:
        """Make a namespace that has no name below /run/netns yet: publish() gives the name.

        The kernel ends such a namespace with this process, so a run that is killed leaves no half-made namespace.
        """
        fd = in_new(lambda: os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC))
        self._add(name, fd)
        self._unnamed.add(name)

    def publish(self, name: str) -> None:
        """Give a namespace of create() its name, as ``ip netns add`` does (iproute2 ip/ipnetns.c: netns_add)."""
        _bind_file(self._fds[name], name)
        self._unnamed.discard(name)

    def bind(self, name: str, stood_for: str | None = None) -> bool:
        """Give a name to an open namespace, as ``ip netns attach`` does; return False where none is there.

        ``stood_for`` is what attached() said of the name. It tells the namespace that attach() wished it for from the
        one that remove() took it from in this run.
        """
        fd = self._to_bind(name, stood_for)
        if fd is None:
            return False
        _bind_file(fd, name)
        if name not in self._fds:
            self._open(name, os.path.join(RUN_NETNS, name))
        return True

    def _to_bind(self, name: str, stood_for: str | None) -> int | None:
        called, wished = self._wished.get(name, ("", None))
        if stood_for and stood_for == called and wished is not None:
            if wished in self._names:
                return self._fds[self._names[wished]]
            found = [fd for _owner, fd in self._kept if inode(fd) == wished]
        else:
            found = [
                fd for owner, fd in self._kept if owner == name and stood_for in (None, f"net:[{inode(fd).number}]")
            ]
        return found[-1] if found else None

    def remove(self, name: str) -> None:
        """Take the name away as ``ip netns del`` does; the namespace ends with its last process, or with this run."""
        path = os.path.join(RUN_NETNS, name)
        if name in self._unnamed:
            self._unnamed.discard(name)
            self._forget(name)
            return
        if is_left_over(name):
            self._files.add(name)
            os.unlink(path)
            return
        with contextlib.suppress(OSError):
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            self._kept.append((name, fd))
            if self._names.get(inode(fd)) == name:
                self._forget(name)
        self._aliases.pop(name, None)
        with contextlib.suppress(OSError):
            _unmount(path)
        os.unlink(path)

    def put_file_back(self, name: str) -> bool:
        """Put back a left-over file that remove() removed; return False where there was none."""
        if name not in self._files:
            return False
        self._files.discard(name)
        place(name)
        return True

    def of_processes(self) -> Iterator[str]:
        """Yield canonical names of the namespaces that only a process keeps, each once."""
        yield from list(self._seen)
        for number in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                found = os.stat(f"/proc/{number}/ns/net")
                if Inode(found.st_dev, found.st_ino) not in self._names:
                    name = self._open(f"pid:{number}", f"/proc/{number}/ns/net")
                    self._seen.add(name)
                    yield name


def named() -> list[str]:
    """Return the names below /run/netns."""
    try:
        return sorted(os.listdir(RUN_NETNS))
    except FileNotFoundError:
        return []


def _bind_file(fd: int, name: str) -> None:
    """Mount an open namespace on its file: from the open file, so it is the namespace that was looked at."""
    os.makedirs(RUN_NETNS, 0o755, exist_ok=True)
    _share(RUN_NETNS)
    path = place(name)
    try:
        _mount(f"/proc/self/fd/{fd}", path, MS_BIND)
    except OSError:
        os.unlink(path)
        raise


def _share(path: str) -> None:
    """Make the directory a shared mount, so that names are seen in every mount namespace that has it."""
    try:
        _mount("", path, MS_SHARED | MS_REC)
    except OSError:
        _mount(path, path, MS_BIND | MS_REC)
        _mount("", path, MS_SHARED | MS_REC)
