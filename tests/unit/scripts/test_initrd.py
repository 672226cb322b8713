# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The RAM disk for kernels that have virtiofs as a module. Where cpio is installed, cpio is the witness."""

from __future__ import annotations

import importlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"
DEPENDENCIES = """\
kernel/fs/fuse/virtiofs.ko: kernel/fs/fuse/fuse.ko kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/virtio/virtio_pci.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/char/virtio_console.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/block/zram-one.ko.xz:
kernel/drivers/virtio/virtio.ko: kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/virtio/virtio_ring.ko:
kernel/fs/fuse/fuse.ko:
"""


@pytest.fixture
def initrd(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give the module below scripts/."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module("kernels.initrd")


def test_modules_stand_behind_those_that_they_need(initrd: Any) -> None:
    files = [Path(file).stem for file in initrd.in_order(DEPENDENCIES, ["virtio_pci", "virtiofs", "virtio_console"])]
    assert files == ["virtio_ring", "virtio", "virtio_pci", "fuse", "virtiofs", "virtio_console"]


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ("overlay", "the kernel has no module overlay"),
        ("zram_one", "module kernel/drivers/block/zram-one.ko.xz is comp"),
    ],
)
def test_modules_that_cannot_be_loaded(initrd: Any, module: str, reason: str) -> None:
    with pytest.raises(Exception, match=reason) as error:
        initrd.in_order(DEPENDENCIES, ["virtio_pci", module])
    assert type(error.value).__name__ == "Unavailable"


def test_archive_has_the_kernels_format(initrd: Any) -> None:
    """Hold one file against Documentation/driver-api/early-userspace/buffer-format.rst, byte by byte."""
    archive = initrd.cpio([("init", 0o100755, b"hello")])
    head = b"070701" + b"00000001" + b"000081ED" + b"00000000" * 2 + b"00000001" + b"00000000" + b"00000005"
    head += b"00000000" * 4 + b"00000005" + b"00000000"
    assert archive.startswith(head + b"init\0" + b"\0" + b"hello" + b"\0" * 3 + b"070701")
    assert b"TRAILER!!!\0" in archive
    assert len(archive) % 4 == 0


def test_written_disk_has_all_that_its_script_calls(initrd: Any, tmp_path: Path) -> None:
    modules = tmp_path / "modules"
    for line in DEPENDENCIES.splitlines():
        file = modules / line.split(":")[0]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(file.name.encode())
    (modules / "modules.dep").write_text(DEPENDENCIES, encoding="utf-8")
    (tmp_path / "busybox").write_bytes(b"a program")
    initrd.write(tmp_path / "initrd", tmp_path / "busybox", modules, ["virtiofs"])
    content = (tmp_path / "initrd").read_bytes()
    for part in (
        b"bin/busybox\0",
        b"modules/virtiofs.ko\0",
        b"for module in virtio_ring.ko virtio.ko fuse.ko virtiofs.ko;",
    ):
        assert part in content
    assert b"virtio_pci.ko" not in content
    if shutil.which("cpio"):
        done = subprocess.run(["cpio", "-t"], input=content, capture_output=True, check=True, timeout=20)
        assert done.stdout.split() == [b"bin", b"modules", b"bin/busybox", *(b"modules/" + name for name in (
            b"virtio_ring.ko", b"virtio.ko", b"fuse.ko", b"virtiofs.ko")), b"init"]  # fmt: skip


def test_script_is_a_script(initrd: Any, tmp_path: Path) -> None:
    script = tmp_path / "init"
    script.write_text(initrd.SCRIPT.format(modules="a.ko b.ko"), encoding="utf-8")
    assert subprocess.run(["sh", "-n", script], check=False, timeout=20).returncode == 0
