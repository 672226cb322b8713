# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find the process behind a container, and open the namespace of a process so that no other can take its place."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from typing import Optional

from ...tables.objects.netns_reference import Called, Runtime, number, parse

#: Seconds that a runtime has for its answer.
PATIENCE = 20.0
#: Bytes of a pidfile that are read. A process number has at most 7 digits.
MOST_OF_A_PIDFILE = 64
#: How often a namespace is opened anew because its container was started again meanwhile.
TRIES = 3


def find(text: str) -> tuple[str, int]:
    """Return what tells the process for certain (``pid:N`` or ``RUNTIME:NAME``), and its number.

    ``text`` is ``pid:N``, ``pidfile:PATH``, ``container:NAME`` or ``RUNTIME:NAME``. Raise ValueError with the reason.
    """
    called = parse(text)
    if called is None:
        raise ValueError(f"{text}: is neither a process nor a container")
    if called.word == "pid":
        return text, int(called.target)
    if called.word == "pidfile":
        found = _read_pid(called.target)
        return f"pid:{found}", found
    return _ask_all(text, called)


def _read_pid(path: str) -> int:
    try:
        # O_NONBLOCK: opening a FIFO must not wait for a writer.
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as why:
        raise ValueError(f"pidfile {path}: {why.strerror}") from None
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise ValueError(f"pidfile {path}: is not a regular file")
        text = os.read(fd, MOST_OF_A_PIDFILE)
    finally:
        os.close(fd)
    words = text.split()
    if not words or not words[0].isdigit():
        raise ValueError(f"pidfile {path}: does not begin with a process number")
    return int(words[0])


def _ask_all(text: str, called: Called) -> tuple[str, int]:
    """Ask one runtime after the other; the first that knows the container has it, running or not."""
    said = []
    for runtime in called.runtimes:
        if shutil.which(runtime.words[0]) is None:
            continue
        found, words = _ask(runtime, called.target)
        if found is None:
            said.append(f"{runtime.words[0]}: {words}")
        elif found == 0:
            raise ValueError(f"{text}: the container is not running ({runtime.words[0]} knows it)")
        else:
            return f"{runtime.name}:{called.target}", found
    if not said:
        tools = ", ".join(dict.fromkeys(runtime.words[0] for runtime in called.runtimes))
        raise ValueError(f"{text}: no container runtime is there to ask (looked for {tools})")
    raise ValueError(f"{text}: there is no such container ({'; '.join(said)})")


def _ask(runtime: Runtime, container: str) -> tuple[Optional[int], str]:
    """Return the process number, or None with what the runtime said instead."""
    try:
        done = subprocess.run(
            runtime.question(container),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None, f"no answer within {PATIENCE:g} s"
    except OSError as why:
        return None, why.strerror or str(why)
    errors = " ".join(done.stderr.decode(errors="replace").split())
    if done.returncode:
        return None, errors or f"exit status {done.returncode}"
    try:
        return number(done.stdout.decode(errors="replace")), ""
    except ValueError as why:
        return None, str(why)


def open_netns(text: str) -> tuple[str, int]:
    """Open the network namespace of a process or container; return what find() tells it by, and the open file.

    A process number is given again when its process has ended. So three things are held against each other: the folder
    of the process is opened, which stands for that process alone and never for a later one of its number; the namespace
    is opened through it; then the question for the number is put again, and the process must still be alive. An answer
    that is the same, while the process of the open folder lives, is about that process.

    Raise ValueError with the reason.
    """
    for _try in range(TRIES):
        name, found = find(text)
        folder, fd = _open(text, found)
        try:
            if find(text) == (name, found) and _alive(folder):
                return name, fd
        except BaseException:
            os.close(fd)
            raise
        finally:
            os.close(folder)
        os.close(fd)
    raise ValueError(f"{text}: its process ended while its namespace was opened, {TRIES} times")


def _open(text: str, process: int) -> tuple[int, int]:
    """Open the folder of a process, and through it the process's network namespace."""
    try:
        folder = os.open(f"/proc/{process}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise ValueError(f"{text}: there is no process {process}") from None
    try:
        return folder, os.open("ns/net", os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
    except PermissionError:
        os.close(folder)
        raise ValueError(f"{text}: not allowed to open its namespace (run as root, or become)") from None
    except OSError as why:
        os.close(folder)
        raise ValueError(f"{text}: process {process} has no namespace to open ({why.strerror})") from None


def _alive(folder: int) -> bool:
    """Tell whether the process of an open folder is still there and has not ended (man 5 proc, stat: state Z or X)."""
    try:
        with open(os.open("stat", os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder), "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return False
