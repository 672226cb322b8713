# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make an initial RAM disk that mounts the machine's files, for a kernel that has virtiofs as a module.

Debian's cloud kernels before 6.12 are such. The RAM disk holds busybox, the modules, and a script as /init, which the
kernel starts first (Documentation/driver-api/early-userspace/buffer-format.rst).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .apt import Unavailable

#: The kernel keeps init= for itself where it has a RAM disk, so the script reads the command line.
SCRIPT = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /root
/bin/busybox mount -t proc proc /proc
for module in {modules}; do /bin/busybox insmod "/modules/$module"; done
for word in $(/bin/busybox cat /proc/cmdline); do
    case $word in init=*) init=${{word#init=}} ;; esac
done
/bin/busybox umount /proc
/bin/busybox mount -t virtiofs machine /root
exec /bin/busybox switch_root /root "$init"
"""


def cpio(files: Iterable[tuple[str, int, bytes]]) -> bytes:
    """Return an archive in the format "newc" of files: path, mode with type, content. Folders stand before files."""
    archive = bytearray()
    for number, (path, mode, content) in enumerate([*files, ("TRAILER!!!", 0, b"")], 1):
        name = path.encode() + b"\0"
        # inode, mode, user, group, links, time, size, device and device file (major, minor each), length of the name
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name), 0)
        for part in (b"070701" + b"".join(b"%08X" % field for field in fields) + name, content):
            archive += part
            archive += bytes(-len(archive) % 4)
    return bytes(archive)


def in_order(dependencies: str, needed: Iterable[str]) -> list[str]:
    """Return the files of modules, each behind those that it needs.

    :param dependencies: the text of modules.dep: ``file: files that it needs``, the nearest first.
    :raises Unavailable: when a module is missing, or compressed, which busybox does not read.
    """
    lines = dict(line.split(":", 1) for line in dependencies.splitlines() if ":" in line)
    by_name = {Path(file).name.split(".")[0].replace("-", "_"): file for file in lines}
    found: dict[str, None] = {}
    for name in needed:
        if name not in by_name:
            raise Unavailable(f"the kernel has no module {name}")
        file = by_name[name]
        found.update(dict.fromkeys([*reversed(lines[file].split()), file]))
    for file in found:
        if not file.endswith(".ko"):
            raise Unavailable(f"the kernel's module {file} is compressed")
    return list(found)


def write(target: Path, busybox: Path, modules: Path, needed: Iterable[str]) -> None:
    """Write the RAM disk with these modules.

    :param modules: the folder of the release's modules, with modules.dep of depmod.
    """
    files = in_order((modules / "modules.dep").read_text(encoding="utf-8"), needed)
    names = [Path(file).name for file in files]
    target.write_bytes(
        cpio(
            [
                *((folder, 0o040755, b"") for folder in ("bin", "modules")),
                ("bin/busybox", 0o100755, busybox.read_bytes()),
                *((f"modules/{name}", 0o100644, (modules / file).read_bytes()) for name, file in zip(names, files)),
                ("init", 0o100755, SCRIPT.format(modules=" ".join(names)).encode()),
            ]
        )
    )
