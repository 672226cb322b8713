# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ledger's file on the controller: read, written under a lock by atomic replacement."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from typing import Any, Callable

import yaml

from ..module_utils._fleet.ledger import Ledger, LedgerError, dump, parse

HEADER = """\
---
# Assigned by netloom.overlay and kept under version control. What stands here never moves.
# To give something up: action netloom.overlay.ledger with state: released.
"""


class _UniqueKeyLoader(yaml.SafeLoader):
    """A loader that refuses a key given twice, of which PyYAML would silently take the last."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Build a mapping; raise LedgerError for a key that stands there twice."""
        seen: set[Any] = set()
        for key_node, _value in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise LedgerError("line %d: %s stands there twice" % (key_node.start_mark.line + 1, key))
            seen.add(key)
        return super().construct_mapping(node, deep)


def load(path: str) -> Ledger:
    """Read a ledger file; one that is not there is empty.

    Raises LedgerError, naming file and entry, for a file that cannot be read or disagrees with itself.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
    except FileNotFoundError:
        return Ledger()
    except (OSError, ValueError) as error:  # ValueError: no UTF-8, or a path that no file can have
        raise LedgerError("%s: %s" % (path, error)) from None
    try:
        return parse(yaml.load(text, Loader=_UniqueKeyLoader))  # noqa: S506 (a SafeLoader)
    except LedgerError as error:
        raise LedgerError("%s: %s" % (path, error)) from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:  # PyYAML lets its own go, as for no date
        raise LedgerError("%s: is no YAML: %s" % (path, error)) from None


def text(ledger: Ledger) -> str:
    """Return the ledger as it stands in its file: one order, one form, so that a change is a small diff."""
    body: str = yaml.safe_dump(dump(ledger), sort_keys=False, default_flow_style=False, allow_unicode=True, width=160)
    return HEADER + body


def change(path: str, edit: Callable[[Ledger], Ledger], write: bool, timeout: float = 60.0) -> tuple[str, str]:
    """Edit the ledger as the file is then; return its text before and after.

    ``write`` false (check mode) neither locks nor writes. An edit that changes nothing leaves no file, no lock.
    Raises LedgerError when the edit refuses, the lock is not free in ``timeout`` seconds, or writing fails.
    """
    before = load(path)
    after = edit(before)
    if not write or dump(after) == dump(before):
        return text(before), text(after)
    with _lock(path, timeout):
        before = load(path)
        after = edit(before)
        if dump(after) != dump(before):
            _replace(path, text(after))
    return text(before), text(after)


def lock_path(path: str) -> str:
    """Return the lock file of a ledger: hidden, so that Ansible does not read it as an inventory source."""
    folder, name = os.path.split(os.path.realpath(path))
    return os.path.join(folder, ".%s.lock" % name)


@contextlib.contextmanager
def _lock(path: str, timeout: float) -> Iterator[None]:
    """Hold the ledger's lock. The file stays: removing it would let two processes lock two files of one name."""
    name = lock_path(path)
    try:
        descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise LedgerError("%s: the lock cannot be taken: %s" % (name, error.strerror)) from None
    try:
        _wait(descriptor, name, timeout)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, ("process %d on %s" % (os.getpid(), socket.gethostname())).encode(), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _wait(descriptor: int, name: str, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise LedgerError("%s: the lock cannot be taken: %s" % (name, error.strerror)) from None
        if time.monotonic() >= deadline:
            holder = os.pread(descriptor, 200, 0).decode("utf-8", "replace") or "another process"
            raise LedgerError("%s: %s has held the lock for %d s" % (name, holder, timeout))
        time.sleep(0.05)


def _replace(path: str, content: str) -> None:
    """Put the new file in place at once and on disk; a reader sees the old text or the new, never a part."""
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    temporary = None
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".%s." % os.path.basename(target), dir=folder)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(content)
            stream.flush()
            os.fchmod(stream.fileno(), _mode(target))
            os.fsync(stream.fileno())
        os.replace(temporary, target)
        temporary = None
        folder_descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder_descriptor)
        finally:
            os.close(folder_descriptor)
    except OSError as error:
        raise LedgerError("%s: cannot be written: %s" % (path, error.strerror)) from None
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def _mode(path: str) -> int:
    """Return the permissions of the file that is replaced, or the usual ones for a new file."""
    try:
        return os.stat(path).st_mode & 0o777
    except FileNotFoundError:
        return 0o644
