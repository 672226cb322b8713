# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keep bytecode on the host: of what a module in an archive imports, and only where nobody else can write."""

from __future__ import annotations

import importlib.util
import marshal
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._ansible import bytecode

FOLDER = Path(bytecode.FOLDER)
WORK = "def fail():\n    raise RuntimeError('on purpose')\n\n\nANSWER = {answer!r}\n"


class Sent:
    """An archive such as Ansible sends: a package with bytecode.py, and with a module that has an answer."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.write("first")

    def write(self, answer: str) -> None:
        """Write the archive anew."""
        with zipfile.ZipFile(self.path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(Path(bytecode.__file__), "package/bytecode.py")
            archive.writestr("package/__init__.py", "")
            archive.writestr("package/inner/__init__.py", "WHERE = __file__\n")
            archive.writestr("package/inner/work.py", WORK.format(answer=answer))

    def run(self, code: str = "", *before: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
        """Import the module in a new process, print its answer, and run more code."""
        lines = ["import sys", f"sys.path.insert(0, {str(self.path)!r})", "from package import bytecode"]
        lines += ["from package.inner import work", "print(work.ANSWER)", code]
        command = [*before, python, "-c", "\n".join(lines)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)

    def answer(self, *before: str, python: str = sys.executable) -> str:
        """Return the answer of the module."""
        done = self.run("", *before, python=python)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.strip()


@pytest.fixture
def sent() -> Iterator[Sent]:
    """Give an archive that every user can read, and a host without bytecode."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    place = Path("/run/sent")
    place.mkdir(mode=0o755)
    yield Sent(place / "module.zip")
    shutil.rmtree(place)
    shutil.rmtree(FOLDER, ignore_errors=True)


def kept(module: str = "package.inner.work") -> Path:
    """Return the file with the bytecode of a module."""
    return FOLDER / f"{module}.{sys.implementation.cache_tag}.pyc"


def forge(answer: str) -> None:
    """Put other code in place of a kept one, which says that it is of the same source."""
    head = kept().read_bytes()[:16]
    kept().write_bytes(head + marshal.dumps(compile(f"ANSWER = {answer!r}", "forged", "exec")))


def test_kept_code_is_used(sent: Sent) -> None:
    assert sent.answer() == "first"
    assert sorted(path.name.split(".cpython")[0] for path in FOLDER.iterdir()) == [
        "package.inner",
        "package.inner.work",
    ]
    assert (FOLDER.stat().st_mode & 0o777, FOLDER.stat().st_uid) == (0o700, 0)
    forge("kept")
    assert sent.answer() == "kept"


def test_code_of_another_source_is_not_used(sent: Sent) -> None:
    sent.answer()
    sent.write("second")
    assert sent.answer() == "second"
    forge("kept")
    assert sent.answer() == "kept", "the positive control: what was kept is of the new source"


@pytest.mark.parametrize("content", [b"", b"short", bytes(100), importlib.util.MAGIC_NUMBER])
def test_broken_file_is_written_anew(sent: Sent, content: bytes) -> None:
    sent.answer()
    whole = kept().read_bytes()
    for broken in (content, whole[:-5], whole[:16], whole[:16] + b"\xff" * 10):
        kept().write_bytes(broken)
        assert sent.answer() == "first"
        assert kept().read_bytes() == whole


@pytest.mark.parametrize("fault", ["writable", "of another user", "a symlink", "a file"])
def test_folder_that_others_can_change_is_not_used(sent: Sent, fault: str) -> None:
    sent.answer()
    forge("forged")
    if fault == "writable":
        FOLDER.chmod(0o777)
    elif fault == "of another user":
        os.chown(FOLDER, 1000, 1000)
    elif fault == "a symlink":
        elsewhere = sent.path.with_name("elsewhere")
        FOLDER.rename(elsewhere)
        FOLDER.symlink_to(elsewhere)
    else:
        shutil.rmtree(FOLDER)
        FOLDER.touch()
    assert sent.answer() == "first"
    if FOLDER.is_symlink() or FOLDER.is_file():
        FOLDER.unlink()
        return
    os.chown(FOLDER, 0, 0)
    FOLDER.chmod(0o700)
    assert sent.answer() == "forged", "the positive control"


def test_other_users_get_no_folder(sent: Sent) -> None:
    python = shutil.which("python3", path="/usr/bin") or pytest.fail("no python3 of the distribution")
    assert sent.answer("setpriv", "--reuid=65534", "--clear-groups", "--regid=65534", python=python) == "first"
    assert not FOLDER.exists()
    assert sent.answer(python=python) == "first"
    assert FOLDER.exists(), "the positive control"


def test_host_whose_run_is_read_only(sent: Sent) -> None:
    assert (
        sent.answer(
            "unshare", "-m", "sh", "-c", 'mount --bind /run /run && mount -o remount,bind,ro /run && exec "$@"', "x"
        )
        == "first"
    )
    assert not FOLDER.exists()


def test_traceback_has_the_lines_of_the_source(sent: Sent) -> None:
    for _run in range(2):
        done = sent.run("import traceback\ntry: work.fail()\nexcept RuntimeError: traceback.print_exc()")
        assert 'package/inner/work.py", line 2, in fail\n' in done.stderr
        assert "raise RuntimeError('on purpose')" in done.stderr


def test_many_tasks_at_once(sent: Sent) -> None:
    code = f"import sys; sys.path.insert(0, {str(sent.path)!r}); import package.bytecode, package.inner.work"
    tasks = [subprocess.Popen([sys.executable, "-c", code]) for _task in range(8)]
    assert [task.wait(60) for task in tasks] == [0] * 8
    assert {path.suffix for path in FOLDER.iterdir()} == {".pyc"}
    forge("kept")
    assert sent.answer() == "kept"


def test_files_outside_an_archive_are_left_alone() -> None:
    code = f"import sys; sys.path[:] = {sys.path!r}; import {bytecode.__name__}; print(sys.path_hooks)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert "install" not in done.stdout
    assert not FOLDER.exists()
