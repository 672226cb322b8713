# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run a command in a lab kernel, and end the kernel whatever becomes of it.

The first process of the kernel writes the file ``report`` when it runs. Until then the start is watched: a kernel that
panics, ends, is silent for too long or only burns processor time is killed (NotBooted), and another one can be tried.
After that the kernel runs until the command ends; a panic or the command's time limit ends it early (Lost, TimedOut).
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

GUEST = Path(__file__).resolve().parent / "guest"
CHECKOUT = Path(__file__).resolve().parents[2]
#: The variables that reach the command, beside those whose names begin with a word of PREFIXES.
PASSED = (
    "PATH", "HOME", "LANG", "LC_ALL", "TERM", "CI", "NO_COLOR", "FORCE_COLOR", "PY_COLORS", "COLUMNS", "VIRTUAL_ENV",
    "MOLECULE_GLOB",
)  # fmt: skip
PREFIXES = ("ANSIBLE_", "PYTEST_", "NETLOOM_", "MOLECULE_", "HYPOTHESIS_")
#: Seconds within which the first process of a kernel must report.
REPORT_SECONDS = 60.0
#: Seconds without a word on the console after which processor time alone is taken for a hang.
SILENT_SECONDS = 10.0
SHOWN_LINES = 30
PANIC = b"Kernel panic"
#: A run folder without an owner is removed at this age, in seconds: its owner is written right after it is made.
ORPHAN_SECONDS = 600
TICKS = os.sysconf("SC_CLK_TCK")
#: What settings and the kernel's command line can carry.
PLAIN_PATH = re.compile(r"[A-Za-z0-9_./+@:,=-]+")


class NotBooted(Exception):
    """The kernel did not report; ``console`` is what it printed last."""

    def __init__(self, reason: str, console: str) -> None:
        super().__init__(reason)
        self.console = console


class Lost(NotBooted):
    """The kernel ended while the command ran."""


class BadPath(NotBooted):
    """A folder cannot be used. This says nothing about the kernel."""


class TimedOut(Exception):
    """The command did not end within its time limit."""


class Stopped(Exception):
    """A signal ended this program."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class Engine(Protocol):
    """A kernel that can be started: User-mode Linux (uml.py) or QEMU (qemu.py)."""

    word: str
    first: str
    second: str
    modules: str
    busy_seconds: float

    @property
    def release(self) -> str:
        """Return the kernel's release."""

    @property
    def modules_folder(self) -> Path:
        """Return the folder of the release's modules."""

    @property
    def path(self) -> str:
        """Return what is put in front of PATH inside."""

    @property
    def title(self) -> str:
        """Return the name for people."""

    @property
    def identity(self) -> str:
        """Return a text that changes whenever the program does."""

    def start(self, run: Run) -> subprocess.Popen[bytes]:
        """Start the kernel."""


@dataclass(kw_only=True)
class Command:
    """A command for a lab kernel, and how it is run.

    ``seconds`` is the command's time limit (None: none), ``report_seconds`` that of the kernel's start. With ``shell``
    the command gets the terminal, or standard input where there is none. With ``capture`` its output is returned,
    not printed.
    """

    words: list[str]
    memory: str = "2G"
    shell: bool = False
    variables: tuple[str, ...] = ()
    seconds: float | None = None
    report_seconds: float = REPORT_SECONDS
    capture: bool = False


def start_time(pid: int) -> str:
    """Return when a process started, in clock ticks since boot: this tells it from a later one with its number."""
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    return ""


def descendants(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            parent = int((folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(folder.name))
    found = [pid]
    for one in found:
        found.extend(children.get(one, ()))
    return found


def processor_seconds(pid: int) -> float:
    """Return the processor time that a process and its descendants have used."""
    ticks = 0
    for one in descendants(pid):
        with contextlib.suppress(OSError, IndexError):
            stat = Path(f"/proc/{one}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            ticks += int(stat[11]) + int(stat[12])
    return ticks / TICKS


class Run:
    """One start of a kernel: its folder, its processes, its pipes."""

    def __init__(self, engine: Engine, command: Command, base: Path) -> None:
        self.engine = engine
        self.command = command
        self.memory = command.memory
        self.processes: list[subprocess.Popen[bytes]] = []
        self.terminal: int | None = None
        self.captured = bytearray()
        self.console = bytearray()
        self.console_at = time.monotonic()
        self.reported = False
        self._modes: list[object] | None = None
        for path in (base, CHECKOUT, Path.cwd()):
            if not PLAIN_PATH.fullmatch(str(path)):
                raise BadPath(f"the path {path} has a blank or another unusual character", "")
        try:
            base.mkdir(parents=True, exist_ok=True)
            sweep(base)
            self.folder = Path(tempfile.mkdtemp(prefix="run.", dir=base))
        except OSError as error:
            raise BadPath(f"no run folder can be made in {base}: {error.strerror}", "") from error
        (self.folder / "owner").write_text(f"{os.getpid()} {start_time(os.getpid())}\n", encoding="utf-8")
        self.pipes: tuple[int, int, int] = (-1, -1, -1)

    # --- what the kernel's first process reads ---

    def prepare(self) -> None:
        """Write the run folder."""
        folder, engine = self.folder, self.engine
        (folder / "root").mkdir()
        (folder / "lib/modules").mkdir(parents=True)
        (folder / "lib/modules" / engine.release).symlink_to(engine.modules_folder)
        mode = self._mode()
        settings = {
            "run": folder, "work": Path.cwd(), "checkout": CHECKOUT, "guest": GUEST, "mode": mode,
            "joined": self._joined(), "size": terminal_size() if mode != "plain" else "", "release": engine.release,
            "modules": " ".join(engine.modules.split()),
        }  # fmt: skip
        lines = [f"{name}={shlex.quote(str(value))}\n" for name, value in settings.items()]
        for name, source in (("init", engine.first), ("second", engine.second)):
            if source:
                text = "".join(["#!/bin/bash\n", *lines, f'source "$guest/{source}"\n'])
                (folder / name).write_text(text, encoding="utf-8")
                (folder / name).chmod(0o700)
        (folder / "environment").write_text(self._environment(), encoding="utf-8")
        (folder / "command").write_text(f"exec {shlex.join(self.command.words)}\n", encoding="utf-8")
        if mode == "terminal":
            self.terminal = os.open("/dev/tty", os.O_RDWR)
            self._modes = termios.tcgetattr(self.terminal)
        elif self.command.shell:
            (folder / "stdin").write_bytes(sys.stdin.buffer.read())

    def _mode(self) -> str:
        if self.command.capture:
            return "plain"
        if self.command.shell and os.isatty(0) and os.isatty(1):
            return "terminal"
        return "colour" if os.isatty(1) else "plain"

    def _joined(self) -> str:
        """Tell whether both outputs are one file, whose order must be kept."""
        if self.command.capture:
            return "yes"
        out, err = os.fstat(1), os.fstat(2)
        return "yes" if (out.st_dev, out.st_ino) == (err.st_dev, err.st_ino) else "no"

    def _environment(self) -> str:
        wanted = (*PASSED, *self.command.variables)
        found = {name: value for name, value in os.environ.items() if name in wanted or name.startswith(PREFIXES)}
        found |= {"NETLOOM_LAB_KERNEL": self.engine.word, "NETLOOM_LAB_KERNEL_RELEASE": self.engine.release}
        lines = [f"export {name}={shlex.quote(value)}\n" for name, value in found.items()]
        if self.engine.path:
            lines.append(f"export PATH={shlex.quote(self.engine.path)}:$PATH\n")
        return "".join(lines)

    # --- the kernel's life ---

    def spawn(self, words: list[str], *, cwd: Path | None = None) -> subprocess.Popen[bytes]:
        """Start a process that ends with this program, however this program ends."""
        kept = [*self.pipes] + ([self.terminal] if self.terminal is not None else [])
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *words], cwd=cwd, pass_fds=kept,
            stdin=subprocess.DEVNULL, stdout=self.pipes[2], stderr=self.pipes[2],
        )  # fmt: skip
        self.processes.append(process)
        return process

    def run(self) -> int:
        """Start the kernel, run the command, return its exit status.

        Raises NotBooted, Lost, TimedOut; NotBooted means that the command did not start.
        """
        # Pipes of our own between the kernel and our output: the kernel sets O_NONBLOCK on what it is given.
        pairs = [os.pipe() for _pipe in range(3)]
        self.pipes = (pairs[0][1], pairs[1][1], pairs[2][1])
        with selectors.DefaultSelector() as selector:
            for (reader, _writer), take in zip(pairs, (self._take_output, self._take_errors, self._take_console)):
                selector.register(reader, selectors.EVENT_READ, take)
            try:
                self.prepare()
                kernel = self.engine.start(self)
                for writer in self.pipes:
                    os.close(writer)
                self.pipes = (-1, -1, -1)
                self._watch(kernel, selector)
            finally:
                self.end()
                drain(selector)
                for reader, _writer in pairs:
                    os.close(reader)
        return self._status()

    def _status(self) -> int:
        with contextlib.suppress(OSError, ValueError):
            return int((self.folder / "rc").read_text(encoding="ascii"))
        error = Lost if self.reported else NotBooted
        if PANIC in self.console:
            raise error("the kernel panicked", self.last_words())
        when = "the command did" if self.reported else "its first process ran"
        raise error(f"the kernel ended before {when}", self.last_words())

    def _watch(self, kernel: subprocess.Popen[bytes], selector: selectors.BaseSelector) -> None:
        began = looked = time.monotonic()
        while kernel.poll() is None:
            for key, _events in selector.select(0.1):
                forward(selector, key)
            now = time.monotonic()
            if not self.reported and (self.folder / "report").exists():
                self.reported, began = True, now
            if PANIC in self.console and not (self.folder / "rc").exists():
                raise (Lost if self.reported else NotBooted)("the kernel panicked", self.last_words())
            if not self.reported:
                if now - began > self.command.report_seconds:
                    waited = f"{self.command.report_seconds:g} s"
                    raise NotBooted(f"the kernel's first process did not report within {waited}", self.last_words())
                if now - looked > 1:
                    looked = now
                    self._refuse_burning(kernel, now)
            elif self.command.seconds is not None and now - began > self.command.seconds:
                raise TimedOut(f"the command did not end within {self.command.seconds:g} s")

    def _refuse_burning(self, kernel: subprocess.Popen[bytes], now: float) -> None:
        used = processor_seconds(kernel.pid)
        if used > self.engine.busy_seconds and now - self.console_at > SILENT_SECONDS:
            raise NotBooted(f"the kernel used a processor for {used:.0f} s and did not report", self.last_words())

    def last_words(self) -> str:
        """Return the last lines of the console; after a panic, those from the panic on."""
        panic = self.console.find(PANIC)
        lines = self.console[max(panic, 0) :].decode(errors="replace").replace("\r", "").splitlines()
        return "\n".join(lines[-SHOWN_LINES:] if panic < 0 else lines[:SHOWN_LINES])

    def _take_output(self, data: bytes) -> None:
        if self.command.capture:
            self.captured += data
        else:
            put(1, data)

    def _take_errors(self, data: bytes) -> None:
        if self.command.capture:
            self.captured += data
        else:
            put(2, data)

    def _take_console(self, data: bytes) -> None:
        self.console += data
        self.console_at = time.monotonic()

    def end(self) -> None:
        """Kill whatever of the run still runs, and give the terminal back."""
        for process in self.processes:
            for pid in descendants(process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait()
        self.processes.clear()
        for writer in self.pipes:
            if writer >= 0:
                os.close(writer)
        self.pipes = (-1, -1, -1)
        if self.terminal is not None:
            if self._modes is not None:
                termios.tcsetattr(self.terminal, termios.TCSADRAIN, self._modes)
            os.close(self.terminal)
            self.terminal = None

    def remove(self) -> None:
        """Remove the run folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def put(output: int, data: bytes) -> None:
    """Write all of the data to a file descriptor."""
    while data:
        data = data[os.write(output, data) :]


def forward(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    """Hand on what a pipe has; forget a pipe that is at its end."""
    data = os.read(key.fd, 65536)
    if data:
        key.data(data)
    else:
        selector.unregister(key.fileobj)


def drain(selector: selectors.BaseSelector) -> None:
    """Hand on what the pipes still hold. All writers are gone, so each pipe comes to its end."""
    while selector.get_map():
        ready = selector.select(5)
        if not ready:
            return
        for key, _events in ready:
            forward(selector, key)


def terminal_size() -> str:
    """Return the size of the terminal as words of stty; "" where there is none."""
    with contextlib.suppress(OSError), open("/dev/tty", "rb", buffering=0) as terminal:
        size = os.get_terminal_size(terminal.fileno())
        if size.lines and size.columns:
            return f"rows {size.lines} cols {size.columns}"
    return ""


def sweep(base: Path) -> None:
    """Remove the run folders whose owner was killed."""
    for folder in base.glob("run.*"):
        try:
            pid, start = (folder / "owner").read_text(encoding="utf-8").split()
            gone = start_time(int(pid)) != start
        except (OSError, ValueError):
            try:
                gone = time.time() - folder.stat().st_mtime > ORPHAN_SECONDS
            except OSError:
                continue
        if gone:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """Raise Stopped for INT, TERM and HUP, so that what was started is ended."""

    def stop(number: int, _frame: object) -> None:
        for one in old:
            signal.signal(one, signal.SIG_IGN)
        raise Stopped(number)

    old = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for number in old:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def execute(engine: Engine, command: Command) -> tuple[int, str]:
    """Run a command in a kernel; return its exit status and, with ``capture``, its output.

    Raises NotBooted, Lost, TimedOut and Stopped. Nothing of the run is left, in any case.
    """
    base = Path(os.environ.get("NETLOOM_LAB_DIR") or Path.cwd() / ".lab").resolve() / "kernel"
    with ended_by_signals():
        run = Run(engine, command, base)
        try:
            status = run.run()
        finally:
            run.remove()
    return status, run.captured.decode(errors="replace")
