# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Say how a namespace can be called: by its name, by a path, by a process, or by a container of a runtime."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Optional

#: The word for a container of any runtime: the first of RUNTIMES that knows it.
ANY = "container"
#: The folder of the names of namespaces (iproute2: NETNS_RUN_DIR), and its older path.
RUN_NETNS = "/run/netns"
_FOLDERS = (f"{RUN_NETNS}/", "/var/run/netns/")
#: The word for the namespace that a module runs in.
OWN = "host"
_CONTAINER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]*")


@dataclass(frozen=True)
class Runtime:
    """One runtime: its word, and the command that prints the process number of the container whose name follows.

    A container that is not running has the number 0 or none. The command fails where there is no such container.
    """

    name: str
    words: tuple[str, ...]

    def question(self, container: str) -> tuple[str, ...]:
        """Return the whole command."""
        return (*self.words, container)


_PID = "{{.State.Pid}}"
#: In the order in which they are asked. crictl takes the id of a container, which Kubernetes does not name uniquely.
RUNTIMES: tuple[Runtime, ...] = (
    Runtime("docker", ("docker", "container", "inspect", "--format", _PID)),
    Runtime("podman", ("podman", "container", "inspect", "--format", _PID)),
    Runtime("nerdctl", ("nerdctl", "container", "inspect", "--format", _PID)),
    Runtime("crictl", ("crictl", "inspect", "--output", "go-template", "--template", "{{.info.pid}}")),
    Runtime("lxc", ("lxc-info", "-p", "-H", "-n")),
    Runtime("machine", ("machinectl", "show", "-p", "Leader", "--value")),
)
_BY_NAME = {runtime.name: runtime for runtime in RUNTIMES}

#: The words that come before a colon, in the order of their explanation.
WORDS: tuple[str, ...] = ("pid", "pidfile", ANY, *_BY_NAME)


@dataclass(frozen=True)
class Called:
    """A reference to a namespace other than its name: the word before the colon, and the text behind it."""

    word: str
    target: str

    @property
    def runtimes(self) -> tuple[Runtime, ...]:
        """Return the runtimes that may know the container; none where no container is meant."""
        if self.word == ANY:
            return RUNTIMES
        return (_BY_NAME[self.word],) if self.word in _BY_NAME else ()


def parse(text: str) -> Optional[Called]:
    """Read a reference to a namespace; return None for a name. Raise ValueError with the reason."""
    word, colon, target = text.partition(":")
    if not colon or word not in WORDS:
        return None
    if word == "pid":
        if not target.isdigit() or int(target) == 0:
            raise ValueError(f"{text}: {target!r} is not a process number")
    elif word == "pidfile":
        if not target.startswith("/"):
            raise ValueError(f"{text}: the path of the file must begin with /")
    elif not _CONTAINER.fullmatch(target):
        raise ValueError(f"{text}: {target!r} cannot name a container")
    return Called(word, target)


def called_by(file: str) -> str:
    """Return the name of the namespace of a file below RUN_NETNS: its path where the file name has another meaning."""
    word, colon, _target = file.partition(":")
    ambiguous = file == OWN or (colon and word in WORDS)
    return f"{RUN_NETNS}/{file}" if ambiguous else file


def file_of(called: str) -> Optional[str]:
    """Return the file below RUN_NETNS that a path says, None for what is no such path; raise ValueError for no file."""
    for folder in _FOLDERS:
        if called.startswith(folder):
            file = called[len(folder) :]
            if not file or "/" in file or file in (".", ".."):
                raise ValueError(f"{called!r} is no file below {RUN_NETNS}")
            return file
    return None


def name_of(called: str) -> str:
    """Return the file of a namespace that is called by its name or by a path below RUN_NETNS, else what is given."""
    return called[len(_FOLDERS[0]) :] if called.startswith(_FOLDERS[0]) else called


def number(answer: str) -> int:
    """Return the process number that a runtime printed, 0 for a container that is not running.

    Raise ValueError for what is no number. crictl says ``<no value>`` and lxc-info nothing where there is no process.
    """
    text = answer.strip()
    if text in ("", "<no value>"):
        return 0
    if not text.isdigit():
        raise ValueError(f"{text!r} is not a process number")
    return int(text)


def shell_words(text: str) -> str:
    """Return a reference as the words of a shell command: a process number, or a name or path for ip."""
    called = parse(text)
    if called is None:
        return name_of(text)
    if called.word == "pid":
        return called.target
    if called.word == "pidfile":
        return f"$(cat {called.target})"
    words = (called.runtimes[0] if called.runtimes else RUNTIMES[0]).question(called.target)
    return f"$({' '.join(repr(word) if '{' in word else word for word in words)})"
