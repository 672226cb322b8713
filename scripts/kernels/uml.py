# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find a User-mode Linux kernel, fetch it where it is not installed, and say how it is started."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import iproute2, kinds
from .apt import Archive, Suites, Unavailable, locked
from .facts import numbers

if TYPE_CHECKING:
    from .boot import Run

#: The first release that keeps the registers of processors with AMX: older ones have a fixed buffer of 2.7 KiB for
#: the XSAVE area, which takes 11 KiB there, and panic at their first context switch (arch/um/os-Linux/registers.c).
KEEPS_AMX = (6, 13)
PACKAGE = "user-mode-linux"
MODULES = f"""overlay {kinds.MODULES} br_netfilter
  ip_tables iptable_filter iptable_nat iptable_mangle ip6_tables ip6table_filter ip6table_nat nf_tables
  nf_conntrack nf_nat nft_compat nft_ct nft_masq xt_MASQUERADE xt_conntrack xt_nat
  sch_netem sch_htb sch_ingress"""
#: Debian's linux.uml names this loader. A name without a folder is looked up in the working directory.
LOADER, OWN_LOADER = b"/lib64/ld-linux-x86-64.so.2", b"ld-linux-x86-64.so.2"
#: Where the memory of the kernel lies: a file in /dev/shm, if that has room for the default of 2 GB in use.
SHM = Path("/dev/shm")  # noqa: S108 - it is looked at, not written to
SHM_LEAST = 1500 << 20
#: The suites in which a release after 6.13 is looked for. The newest of all is taken.
NEW_SUITES = {"debian": ("testing", "unstable"), "ubuntu": ("devel",)}


@dataclass(frozen=True, kw_only=True)
class Uml:
    """A User-mode Linux kernel that can be started. ``folder`` holds its own loader and C library, if it needs them."""

    program: Path
    release: str
    modules_folder: Path
    package: str
    seccomp: bool
    folder: Path | None = None
    tools: Path | None = None

    word = "uml"
    first = "first-uml"
    second = ""
    modules = MODULES
    #: Seconds of processor time in which a kernel that works reports many times over: it takes 1.5 s.
    busy_seconds = 20.0

    @property
    def title(self) -> str:
        """Return the name for people."""
        return f"User-mode Linux kernel {self.release} ({self.package})"

    @property
    def identity(self) -> str:
        """Return a text that changes whenever the program does."""
        there = self.program.stat()
        return f"{self.package} {self.program} {there.st_size} {there.st_mtime_ns}"

    @property
    def path(self) -> str:
        """Return what is put in front of PATH inside, where that is anything."""
        return iproute2.search_path(self.tools) if self.tools else ""

    def start(self, run: Run) -> subprocess.Popen[bytes]:
        """Start the kernel with the run's files and pipes."""
        out, err, console = run.pipes
        tty = "con1=null" if run.terminal is None else f"con1=fd:{run.terminal},fd:{run.terminal}"
        words = [
            str(self.program), f"mem={run.memory}", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "rw",
            f"init={run.folder}/init", "quiet", "netloom.lab_kernel", "con=null", f"con0=null,fd:{console}", tty,
            "ssl=null", f"ssl1=null,fd:{out}", f"ssl2=null,fd:{err}", f"umid={run.folder.name}",
            f"uml_dir={run.folder}/",
        ]  # fmt: skip
        if self.seccomp:
            words.append("seccomp=on")
        return run.spawn(
            # A process namespace: with the kernel, its first process, goes all that runs in it.
            ["unshare", "--pid", "--fork", "--kill-child", "env", *self._variables(run), *words],
            cwd=self.folder,
        )

    def _variables(self, run: Run) -> list[str]:
        """Return words of env for the kernel's own process; unshare must not get the other C library."""
        found = ["--unset=TMP", "--unset=TEMP", "--unset=TMPDIR"]
        if self.folder:
            found.append(f"LD_LIBRARY_PATH={self.folder}")
        if not _shm_will_do():
            found.append(f"TMPDIR={run.folder}")
        return found


def _shm_will_do() -> bool:
    """Tell whether /dev/shm has room for the kernel's memory, and lets it be executed (a container's may not)."""
    try:
        there = os.statvfs(SHM)
    except OSError:
        return False
    return there.f_bavail * there.f_frsize >= SHM_LEAST and not there.f_flag & os.ST_NOEXEC


def find(cache: Path, *, new: bool) -> Uml:
    """Return the kernel that is installed, else the one that is fetched. Raise Unavailable where none can be had.

    :param cache: the folder in which fetched packages are unpacked.
    :param new: take a release of 6.13 or later; else one before that.
    """
    if not re.fullmatch(r"x86_64|i[3-6]86", platform.machine()):
        raise Unavailable(f"User-mode Linux runs on x86 only, and this is {platform.machine()}")
    for tool, package in (("modprobe", "kmod"), ("ip", "iproute2"), ("perl", "perl-base"), ("unshare", "util-linux")):
        if not shutil.which(tool):
            raise Unavailable(f"missing: {package}. Run: apt-get install --no-install-recommends {package}")
    tools = iproute2.bring(cache) if new else None
    program = shutil.which("linux.uml")
    if program:
        installed = _describe(Path(program), package="installed", tools=tools)
        if (numbers(installed.release) >= KEEPS_AMX) == new:
            return installed
    slot = cache / ("uml" if new else "uml-old")
    with locked(slot.with_suffix(".lock")):
        if not (slot / "package").exists():
            _fetch(cache, slot, new=new)
    folder = slot if (slot / "libc.so.6").exists() else None
    package = (slot / "package").read_text(encoding="utf-8").strip()
    return _describe(slot / "usr/bin/linux.uml", package=package, folder=folder, tools=tools)


def _ask(program: Path, word: str, folder: Path | None) -> str:
    """Return what linux.uml prints of itself. Raise Unavailable where it does not start."""
    environment = {**os.environ, "LD_LIBRARY_PATH": str(folder)} if folder else dict(os.environ)
    try:
        done = subprocess.run(
            [program, word], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{program} {word} does not start: {error}") from error
    if not done.stdout.strip():
        raise Unavailable(f"{program} {word} prints nothing: {done.stderr.strip()}")
    return done.stdout


def _describe(program: Path, *, package: str, folder: Path | None = None, tools: Path | None = None) -> Uml:
    release = _ask(program, "--version", folder).split()[-1]
    modules = program.parent.parent / "lib/uml/modules" / release
    if not modules.is_dir():
        raise Unavailable(f"no modules of kernel {release} in {modules}. Run: apt-get install --reinstall {PACKAGE}")
    seccomp = "seccomp=" in _ask(program, "--help", folder)
    return Uml(
        program=program, release=release, modules_folder=modules, package=package, seccomp=seccomp, folder=folder,
        tools=tools,
    )  # fmt: skip


def _fetch(cache: Path, slot: Path, *, new: bool) -> None:
    """Fetch the package, and a C library for it where this machine's is too old."""
    archive = Archive(cache / "apt")
    names = NEW_SUITES.get(archive.distribution, ()) if new else ()
    suites = _readable(archive, (archive.codename, *names))
    version, suite = (
        suites.newest(PACKAGE) if new else (suites.versions(PACKAGE).get(archive.codename, ""), archive.codename)
    )
    if not version:
        raise Unavailable(f"no package {PACKAGE} in {archive.codename} of {archive.uri}")
    if (numbers(version) >= KEEPS_AMX) != new:
        least = ".".join(str(number) for number in KEEPS_AMX)
        raise Unavailable(f"{PACKAGE} {version} of {suite} is {'before' if new else 'not before'} {least}")
    made = slot.with_name(f"{slot.name}.new")
    shutil.rmtree(made, ignore_errors=True)
    suites.unpack(made, f"{PACKAGE}={version}")
    program = made / "usr/bin/linux.uml"
    try:
        _ask(program, "--version", None)
    except Unavailable as error:
        if platform.machine() != "x86_64":
            raise
        _bring_libc(suites, suite, made, str(error))
    (made / "package").write_text(f"{PACKAGE} {version} of {suite}\n", encoding="utf-8")
    shutil.rmtree(slot, ignore_errors=True)
    made.rename(slot)


def _readable(archive: Archive, names: tuple[str, ...]) -> Suites:
    """Return the suites, without those that the mirror lacks; raise Unavailable where it has none of them."""
    found, last = [], ""
    for name in names:
        try:
            archive.read(name)
            found.append(name)
        except Unavailable as error:
            last = str(error)
    if not found:
        raise Unavailable(last)
    return archive.read(*found)


def _bring_libc(suites: Suites, suite: str, slot: Path, reason: str) -> None:
    """Put the C library and the loader of a suite beside a copy of linux.uml that names this loader."""
    program = slot / "usr/bin/linux.uml"
    code = program.read_bytes()
    if code.count(LOADER + b"\0") != 1:
        raise Unavailable(f"{reason} (and its loader cannot be replaced)")
    libc = suites.versions("libc6").get(suite, "")
    unpacked = slot / "libc6"
    suites.unpack(unpacked, f"libc6={libc}")
    for name in (OWN_LOADER.decode(), "libc.so.6"):
        there = next(iter(sorted(unpacked.rglob(name))), None)
        if there is None:
            raise Unavailable(f"libc6 {libc} of {suite} has no {name}")
        shutil.copy2(there.resolve(), slot / name)
    shutil.rmtree(unpacked)
    program.write_bytes(code.replace(LOADER, OWN_LOADER.ljust(len(LOADER), b"\0")))
    _ask(program, "--version", slot)
