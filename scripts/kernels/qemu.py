# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run a Debian kernel in QEMU, without virtualisation of the processor, on the machine's own files."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import initrd, iproute2, kinds
from .apt import Archive, Suites, Unavailable, at_least, locked

if TYPE_CHECKING:
    from .boot import Run

#: The oldest kernel that counts as new, and the one before which a kernel counts as old.
NEW = "6.12"
#: QEMU 7.2 lets a 6.12 kernel die in its start now and then: code that the kernel patches runs unpatched.
OLDEST_QEMU = 10
PACKAGE = "linux-image-cloud-amd64"
MODULES = f"""overlay {kinds.MODULES} br_netfilter
  ip_tables iptable_filter iptable_nat ip6_tables nf_tables nft_compat nf_conntrack nf_nat sch_netem sch_htb
  sch_ingress"""
#: Parts of the kernel without which it cannot start, with their modules.
STARTED_WITH = {"VIRTIO_PCI": "virtio_pci", "VIRTIO_FS": "virtiofs", "VIRTIO_CONSOLE": "virtio_console"}
LIBRARIES = ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu")


@dataclass(frozen=True, kw_only=True)
class Qemu:
    """A kernel in QEMU that can be started."""

    program: tuple[str, ...]
    libraries: str
    virtiofsd: str
    slot: Path
    release: str
    package: str
    tools: Path | None = None
    cpus: str = "1"
    kvm: bool = False

    word = "qemu"
    first = "first-qemu"
    second = "second-qemu"
    modules = MODULES
    #: QEMU translates the kernel's code: a start takes 4 to 25 s of processor time.
    busy_seconds = 50.0

    @property
    def title(self) -> str:
        """Return the name for people."""
        return f"kernel {self.release} in QEMU ({self.package})"

    @property
    def identity(self) -> str:
        """Return a text that changes whenever the kernel or QEMU does."""
        return f"{self.package} {self.program[0]} {Path(self.program[0]).stat().st_mtime_ns}"

    @property
    def modules_folder(self) -> Path:
        """Return the folder of the release's modules."""
        return self.slot / "lib/modules" / self.release

    @property
    def path(self) -> str:
        """Return what is put in front of PATH inside, where that is anything."""
        return iproute2.search_path(self.tools) if self.tools else ""

    def start(self, run: Run) -> subprocess.Popen[bytes]:
        """Start the daemon that shares the file system, and the kernel."""
        loader = ["env", f"LD_LIBRARY_PATH={self.libraries}"] if self.libraries else []
        run.spawn([*loader, *self._share(run, loader)], cwd=run.folder)
        deadline = time.monotonic() + 10
        while not (run.folder / "fs").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        out, err, console = run.pipes
        words = [
            *loader, *self.program, "-M", "q35", "-smp", self.cpus, "-m", run.memory,
            *(["-accel", "kvm", "-cpu", "host"] if self.kvm else ["-accel", "tcg", "-cpu", "max"]),
            "-object", f"memory-backend-memfd,id=mem,size={run.memory},share=on", "-numa", "node,memdev=mem",
            "-chardev", "socket,id=fs,path=fs", "-device", "vhost-user-fs-pci,chardev=fs,tag=machine",
            "-device", "virtio-serial-pci",
            "-chardev", f"file,id=out,path=/dev/fd/{out}", "-device", "virtconsole,chardev=out",
            "-chardev", f"file,id=err,path=/dev/fd/{err}", "-device", "virtconsole,chardev=err",
            "-chardev", self._terminal(run), "-device", "virtconsole,chardev=term",
            "-kernel", str(self.slot / "vmlinuz"),
            *(["-initrd", str(self.slot / "initrd")] if (self.slot / "initrd").exists() else []), "-append",
            f"root=machine rootfstype=virtiofs rw init={run.folder}/init "
            "console=ttyS0 quiet panic=-1 netloom.lab_kernel",
            "-nodefaults", "-nographic", "-chardev", f"file,id=console,path=/dev/fd/{console}",
            "-serial", "chardev:console", "-monitor", "none", "-no-reboot",
        ]  # fmt: skip
        return run.spawn(words, cwd=run.folder)

    def _share(self, run: Run, loader: list[str]) -> list[str]:
        told = subprocess.run(
            [*loader, self.virtiofsd, "--help"], capture_output=True, text=True, check=False, timeout=20
        )
        socket = f"--socket-path={run.folder}/fs"
        if "--shared-dir" in told.stdout + told.stderr:
            return [self.virtiofsd, socket, "--shared-dir=/", "--cache=always", "--sandbox=none"]
        # The older one, a part of QEMU until 7.2, has options of its own.
        return [self.virtiofsd, socket, "-o", "source=/", "-o", "cache=always", "-o", "sandbox=chroot"]

    def _terminal(self, run: Run) -> str:
        if run.terminal is None:
            return "null,id=term"
        return f"serial,id=term,path={os.ttyname(run.terminal)}"


def find(cache: Path, *, new: bool, suite: str = "", package: str = "", cpus: str = "1", kvm: bool = False) -> Qemu:
    """Return the kernel and QEMU, fetched where they are not there. Raise Unavailable where they cannot be had.

    :param cache: the folder in which fetched packages are unpacked.
    :param new: take a kernel of 6.12 or later; else the one of this machine's release, or of the suite before stable.
    :param suite: take the kernel from this suite; :param package: take this package.
    """
    if platform.machine() != "x86_64":
        raise Unavailable(f"the kernel in QEMU is for x86_64 only, and this is {platform.machine()}")
    for tool, needed in (("modprobe", "kmod"), ("depmod", "kmod"), ("ip", "iproute2")):
        if not shutil.which(tool):
            raise Unavailable(f"missing: {needed}. Run: apt-get install --no-install-recommends {needed}")
    name = "-".join(word for word in ("kernel", "" if new else "old", suite, package) if word)
    slot = cache / "qemu-kernels" / name
    with locked(cache / "qemu.lock"):
        if not (slot / "package").exists():
            _fetch_kernel(Archive(cache / "apt"), slot, new=new, suite=suite, package=package)
        program, libraries = _find_qemu(cache)
        virtiofsd = _find_virtiofsd(cache, libraries)
    release, _space, told = (slot / "package").read_text(encoding="utf-8").strip().partition(" ")
    return Qemu(
        program=program, libraries=libraries, virtiofsd=virtiofsd, slot=slot, release=release, package=told,
        tools=iproute2.bring(cache) if new else None, cpus=cpus, kvm=kvm,
    )  # fmt: skip


# --- the kernel ---


def _fetch_kernel(archive: Archive, slot: Path, *, new: bool, suite: str, package: str) -> None:
    suites, suite, version = _find_suite(archive, new=new, wanted=suite, package=package or PACKAGE)
    name = package or next(one for one in suites.depends(PACKAGE, version) if re.match(r"linux-image-\d", one))
    version = suites.versions(name)[suite]
    release = name.removeprefix("linux-image-")
    made = slot.with_name(f"{slot.name}.new")
    shutil.rmtree(made, ignore_errors=True)
    # From 6.19.14 on the package named linux-image is empty and stands for these.
    halves = [one for one in suites.depends(name, version) if re.match(r"linux-(binary|modules)-\d", one)]
    suites.unpack(made, *(f"{one}={version}" for one in (name, *halves)))
    if not (made / "lib").exists() and (made / "usr/lib").exists():
        (made / "lib").symlink_to("usr/lib")
    image = next(
        (one for one in (made / f"boot/vmlinuz-{release}", made / f"lib/modules/{release}/vmlinuz") if one.exists()),
        None,
    )
    if image is None:
        raise Unavailable(f"{name} has no kernel image")
    image.rename(made / "vmlinuz")
    configuration = made / f"boot/config-{release}"
    settings = configuration.read_text(encoding="utf-8") if configuration.exists() else ""
    parts = [part for part in STARTED_WITH if settings and f"CONFIG_{part}=y" not in settings]
    for part in parts:
        if f"CONFIG_{part}=m" not in settings:
            raise Unavailable(f"{name} lacks CONFIG_{part}, so it cannot start from a shared file system")
    if subprocess.run(["depmod", "-b", made, release], capture_output=True, check=False).returncode != 0:
        raise Unavailable(f"depmod cannot index the modules of {name}")
    if parts:
        _fetch_initrd(archive, made, made / "lib/modules" / release, [STARTED_WITH[part] for part in parts])
    (made / "package").write_text(f"{release} {name} {version} of {suite}\n", encoding="utf-8")
    shutil.rmtree(slot, ignore_errors=True)
    made.rename(slot)


def _fetch_initrd(archive: Archive, made: Path, modules: Path, needed: list[str]) -> None:
    suites = archive.read(archive.codename)
    suites.unpack(made / "tools", f"busybox-static={suites.versions('busybox-static')[archive.codename]}")
    program = next(one for name in ("bin", "usr/bin") if (one := made / "tools" / name / "busybox").exists())
    initrd.write(made / "initrd", program, modules, needed)


def _find_suite(archive: Archive, *, new: bool, wanted: str, package: str) -> tuple[Suites, str, str]:
    """Return the first suite with a kernel that will do, and the kernel's version."""
    own = archive.codename
    tried = (wanted,) if wanted else (own, f"{own}-backports", "stable") if new else (own, "oldstable", "oldoldstable")
    reasons = []
    for suite in tried:
        try:
            suites = archive.read(own, suite)
            version = suites.versions(package).get(suite, "")
        except Unavailable as error:
            reasons.append(str(error))
            continue
        if version and (wanted or at_least(version, NEW) == new):
            return suites, suite, version
        reasons.append(f"{suite} has {package} {version or 'not at all'}")
    raise Unavailable(
        f"no kernel {'of' if new else 'before'} {NEW}: {'; '.join(reasons)}. Name another with --suite and --package"
    )


# --- QEMU ---


def _works(program: str, libraries: str) -> bool:
    environment = {**os.environ, **({"LD_LIBRARY_PATH": libraries} if libraries else {})}
    try:
        done = subprocess.run(
            [program, "--version"], env=environment, capture_output=True, text=True, check=False, timeout=20
        )
    except OSError:
        return False
    found = re.match(r"QEMU emulator version (\d+)", done.stdout)
    return bool(found) and int(found.group(1)) >= OLDEST_QEMU


def _find_qemu(cache: Path) -> tuple[tuple[str, ...], str]:
    """Return the words that start QEMU, and the folders of its libraries."""
    installed = shutil.which("qemu-system-x86_64")
    if installed and _works(installed, ""):
        return (installed,), ""
    folder = cache / "qemu"
    libraries = ":".join(str(folder / name) for name in LIBRARIES)
    program = folder / "usr/bin/qemu-system-x86_64"
    if not _works(str(program), libraries):
        _fetch_qemu(Archive(cache / "apt"), folder)
        if not _works(str(program), libraries):
            raise Unavailable(
                f"the fetched {program} does not run here. Install QEMU {OLDEST_QEMU} or later by other means"
            )
    return (str(program), "-L", f"{folder}/usr/share/qemu", "-L", f"{folder}/usr/share/seabios"), libraries


def _fetch_qemu(archive: Archive, folder: Path) -> None:
    """Fetch QEMU with the libraries that this machine lacks; apt works out which."""
    for suite in (archive.codename, f"{archive.codename}-backports", "stable"):
        try:
            suites = archive.read(archive.codename, suite)
            version = suites.versions("qemu-system-x86").get(suite, "")
        except Unavailable:
            continue
        if version and at_least(version, str(OLDEST_QEMU)):
            shutil.rmtree(folder, ignore_errors=True)
            suites.unpack_with_libraries(folder, "qemu-system-x86", suite)
            return
    raise Unavailable(
        f"no QEMU of version {OLDEST_QEMU} or later in {archive.uri}. Install qemu-system-x86 by other means"
    )


def _find_virtiofsd(cache: Path, libraries: str) -> str:
    """Return the daemon that shares the file system: a package since Debian 13, a part of qemu-system-common before."""
    folders = (Path("/"), cache / "qemu", cache / "virtiofsd")

    def look() -> str:
        environment = {**os.environ, **({"LD_LIBRARY_PATH": libraries} if libraries else {})}
        for program in (
            folder / name for folder in folders for name in ("usr/libexec/virtiofsd", "usr/lib/qemu/virtiofsd")
        ):
            if program.exists():
                done = subprocess.run(
                    [program, "--version"], env=environment, capture_output=True, check=False, timeout=20
                )
                if done.returncode == 0:
                    return str(program)
        return ""

    if found := look():
        return found
    archive = Archive(cache / "apt")
    suites = archive.read(archive.codename)
    for name in ("virtiofsd", "qemu-system-common"):
        version = suites.versions(name).get(archive.codename, "")
        if version:
            suites.unpack(cache / "virtiofsd", f"{name}={version}")
            if found := look():
                return found
    raise Unavailable("no virtiofsd runs here. Run: apt-get install --no-install-recommends virtiofsd")
