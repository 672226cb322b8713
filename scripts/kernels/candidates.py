# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""List the kernels that can run the lab, try them, and remember what came of it.

A kernel is trusted after it has started once, run guest/facts, and ended. The result holds for this host kernel, this
processor and this package: when one of them changes, the kernel is tried again.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import native, qemu, uml
from .apt import Unavailable, locked
from .boot import CHECKOUT, GUEST, REPORT_SECONDS, BadPath, Command, Engine, NotBooted, TimedOut, execute
from .facts import LAB, Facts, Needs
from .kinds import TRIALS

NATIVE = "native"
#: Seconds for guest/facts in a kernel that has reported. It takes 1 s in User-mode Linux and 10 s in QEMU.
FACTS_SECONDS = 120.0


class Untrusted(Exception):
    """A kernel is not taken; the text says why. ``console`` is what the kernel printed last, if it was started.

    Without ``lasting`` the reason lies with the call, and is not remembered.
    """

    def __init__(self, reason: str, console: str = "", *, lasting: bool = True) -> None:
        super().__init__(reason)
        self.console = console
        self.lasting = lasting


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A kernel that may run the lab. ``find`` returns it, fetched if need be; the machine's own kernel has none."""

    name: str
    about: str
    find: Callable[..., Engine] | None = None
    new: bool = True
    automatic: bool = True


#: In the order in which they are tried. Without ``automatic`` a kernel is taken only where it is named.
CANDIDATES = (
    Candidate(name=NATIVE, about="the machine's own kernel"),
    Candidate(name="uml", about="User-mode Linux 6.13 or later", find=uml.find),
    Candidate(
        name="uml-old",
        about="User-mode Linux before 6.13, which processors with AMX cannot run",
        find=uml.find,
        new=False,
    ),
    Candidate(name="qemu", about="a Debian kernel of 6.12 or later in QEMU, 5 to 8 times slower", find=qemu.find),
    Candidate(name="qemu-old", about="a Debian kernel before 6.12 in QEMU", find=qemu.find, new=False, automatic=False),
)
BY_NAME = {candidate.name: candidate for candidate in CANDIDATES}


def cache_folder() -> Path:
    """Return the folder of fetched packages and remembered trials. NETLOOM_KERNEL_CACHE names another one."""
    return Path(os.environ.get("NETLOOM_KERNEL_CACHE") or CHECKOUT / ".cache" / "lab-kernel").resolve()


def fingerprint(engine: Engine) -> str:
    """Return what a trial depends on, as a short text: host kernel, processor, program, and what is run in it."""
    host = platform.uname()
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    processor = [
        next((line for line in lines if line.startswith(word)), "") for word in ("vendor_id", "model name", "flags")
    ]
    guest = [file.read_text(encoding="utf-8") for file in sorted(GUEST.iterdir())]
    parts = [host.release, host.version, *processor, engine.identity, *guest, *TRIALS, engine.modules]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


class Memory:
    """What came of earlier trials, in a file of the cache."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "tried.json"
        self.lock = folder / "tried.lock"

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(self.file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def get(self, name: str, mark: str) -> dict[str, Any] | None:
        """Return the entry of a candidate where its fingerprint is the same."""
        entry = self._read().get(name)
        return entry if isinstance(entry, dict) and entry.get("fingerprint") == mark else None

    def put(self, name: str, mark: str, **entry: str) -> None:
        """Keep the facts of a kernel, or the reason why it is not taken."""
        with locked(self.lock):
            entries = {**self._read(), name: {"fingerprint": mark, **entry}}
            new = self.file.with_suffix(".new")
            new.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
            new.replace(self.file)


class Kernels:
    """The candidates on this machine.

    :param again: try kernels anew that failed before.
    :param report_seconds: the time within which the first process of a kernel must report.
    :param options: what is handed to ``find`` of QEMU: suite, package, cpus, kvm.
    :param tell: takes a line for people.
    """

    def __init__(
        self,
        *,
        again: bool = False,
        report_seconds: float = REPORT_SECONDS,
        options: dict[str, Any] | None = None,
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self.again = again
        self.report_seconds = report_seconds
        self.options = options or {}
        self.tell = tell
        self.folder = cache_folder()
        self.memory = Memory(self.folder)
        self._native: Facts | Untrusted | None = None

    def engine(self, name: str) -> Engine:
        """Return a candidate's kernel, fetched if need be. Raise Untrusted where it cannot be had."""
        candidate = BY_NAME[name]
        if candidate.find is None:
            raise ValueError(f"{name} is not started")
        more = self.options if name.startswith("qemu") else {}
        try:
            if os.geteuid() != 0:
                raise Unavailable("it can only be started as root. Run this with sudo")
            self.folder.mkdir(parents=True, exist_ok=True)
            return candidate.find(self.folder, new=candidate.new, **more)
        except (Unavailable, OSError) as error:
            raise Untrusted(str(error)) from error

    def facts(self, name: str) -> Facts:
        """Return what a candidate has, from memory or by a trial. Raise Untrusted where it cannot be had or fails."""
        if name == NATIVE:
            return self._native_facts()
        engine = self.engine(name)
        mark = fingerprint(engine)
        known = self.memory.get(name, mark)
        if known and "facts" in known:
            return Facts.from_json(known["facts"])
        if known and not self.again:
            raise Untrusted(f"{known['reason']} (at an earlier trial; --again tries it anew)")
        try:
            found = self._try(engine)
        except Untrusted as error:
            if error.lasting:
                self.memory.put(name, mark, reason=str(error))
            raise
        self.memory.put(name, mark, facts=found.to_json())
        return found

    def _native_facts(self) -> Facts:
        if self._native is None:
            try:
                self._native = native.facts()
            except Unavailable as error:
                self._native = Untrusted(str(error))
        if isinstance(self._native, Untrusted):
            raise self._native
        return self._native

    def _try(self, engine: Engine) -> Facts:
        """Start a kernel once. Raise Untrusted where it does not start, or does not end."""
        self.tell(f"trying the {engine.title}")
        command = Command(
            words=[str(GUEST / "facts"), *TRIALS],
            capture=True,
            seconds=FACTS_SECONDS,
            report_seconds=self.report_seconds,
        )
        try:
            _status, text = execute(engine, command)
            return Facts.parse(text)
        except NotBooted as error:
            raise Untrusted(str(error), error.console, lasting=not isinstance(error, BadPath)) from error
        except (TimedOut, ValueError) as error:
            raise Untrusted(f"the kernel started, and then: {error}") from error

    def distrust(self, name: str, engine: Engine, reason: str) -> None:
        """Remember that a kernel which once worked did not start."""
        self.memory.put(name, fingerprint(engine), reason=reason)

    def choose(self, needs: Needs = LAB, *, of: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
        """Yield each candidate in order with the reason why it is not taken; "" where it can be.

        :param of: the candidates to choose from; left out: all that are automatic.
        """
        names = of or tuple(candidate.name for candidate in CANDIDATES if candidate.automatic)
        for name in names:
            try:
                lacking = self.facts(name).lacks(needs)
            except Untrusted as error:
                if error.console:
                    self.tell(f"{name}: the last words on its console:\n{error.console}")
                yield name, str(error)
            else:
                yield name, f"it lacks {', '.join(lacking)}" if lacking else ""
