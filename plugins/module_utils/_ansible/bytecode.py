# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keep the bytecode of a module's files on the host, so that the next task need not compile them again.

Ansible sends a module with all that it imports as a zip archive, and Python never writes bytecode for a file in an
archive. The engine has about 100 files; to compile them took 0.6 s of the 1.6 s of a task on a slow processor.

A module imports this file first. The import replaces the finder of its archive by one that keeps bytecode in FOLDER.
It does nothing for a module that is not in an archive, for a user other than root, and where FOLDER cannot be trusted.
"""

from __future__ import annotations

import contextlib
import importlib.util
import marshal
import os
import stat
import sys
import zipimport
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType
from typing import Optional

#: In /run only root makes folders, and a reboot empties it.
FOLDER = "/run/netloom.overlay.bytecode"
#: The first 16 bytes of a file with the hash of its source (PEP 552): magic number, flags (hash-based, checked), hash.
_FLAGS = (0b11).to_bytes(4, "little")


class Archive:
    """Find and load the modules of an archive (importlib.abc.MetaPathFinder's and Loader's protocols)."""

    def __init__(self, path: str) -> None:
        self._inside = zipimport.zipimporter(path)
        self._root = self._inside.archive

    def find_spec(self, fullname: str, target: Optional[ModuleType] = None) -> Optional[ModuleSpec]:
        """Return where a module is; None where the archive has none of that name."""
        try:
            package = self._inside.is_package(fullname)
        except zipimport.ZipImportError:
            return None
        file = self.get_filename(fullname)
        places = [os.path.dirname(file)] if package else None
        return importlib.util.spec_from_file_location(
            fullname, file, loader=self, submodule_search_locations=places  # type: ignore[arg-type]
        )  # fmt: skip

    def create_module(self, spec: ModuleSpec) -> Optional[ModuleType]:
        """Leave the making of the module to Python."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Run the code of a module."""
        exec(self.get_code(module.__name__), vars(module))  # noqa: S102 - this is what a loader is for

    def get_filename(self, fullname: str) -> str:
        """Return the path of a module's source, within the archive.

        zipimporter.get_filename() compiles the module for the answer.
        """
        name = fullname.rpartition(".")[2]
        file = os.path.join(name, "__init__.py") if self.is_package(fullname) else f"{name}.py"
        return os.path.join(self._root, self._inside.prefix, file)

    def get_source(self, fullname: str) -> Optional[str]:
        """Return a module's source, for tracebacks."""
        return self._inside.get_source(fullname)

    def is_package(self, fullname: str) -> bool:
        """Tell whether a module is a package."""
        return self._inside.is_package(fullname)

    def get_data(self, path: str) -> bytes:
        """Return the content of a file of the archive."""
        return self._inside.get_data(path)

    def get_code(self, fullname: str) -> CodeType:
        """Return a module's code: from FOLDER if it is of the same source and Python, else compiled and kept there."""
        file = self.get_filename(fullname)
        source = self.get_data(file)
        head = importlib.util.MAGIC_NUMBER + _FLAGS + importlib.util.source_hash(source)
        kept = os.path.join(FOLDER, f"{fullname}.{sys.implementation.cache_tag}.pyc")
        found = _read(kept, head)
        if found is None:
            # The archive has another path in each task.
            found = compile(source, os.path.relpath(file, self._root), "exec", dont_inherit=True)
            _write(kept, head + marshal.dumps(found))
        return found


def _read(path: str, head: bytes) -> Optional[CodeType]:
    with contextlib.suppress(OSError, EOFError, ValueError, TypeError), open(path, "rb") as file:
        if file.read(len(head)) == head:
            code = marshal.load(file)  # noqa: S302 - only root can write there: see is_trusted()
            return code if isinstance(code, CodeType) else None
    return None


def _write(path: str, content: bytes) -> None:
    """Write a file as a whole, or not at all: other tasks may read and write the same."""
    own = f"{path}.{os.getpid()}"
    with contextlib.suppress(OSError):
        try:
            with open(own, "xb") as file:
                file.write(content)
            os.replace(own, path)
        except OSError:
            os.unlink(own)


def is_trusted(folder: str) -> bool:
    """Tell whether a folder is there, or can be made, into which only this user writes."""
    with contextlib.suppress(OSError):
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder, 0o700)
        found = os.lstat(folder)
        return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022
    return False


def install(archive: str) -> bool:
    """Load the modules of an archive by way of FOLDER from now on; return False where that is not possible."""
    if os.geteuid() != 0 or not is_trusted(FOLDER):
        return False

    def hook(path: str) -> Archive:
        if path != archive and not path.startswith(archive + os.sep):
            raise ImportError(path)
        return Archive(path)

    sys.path_hooks.insert(0, hook)
    for path in [path for path in sys.path_importer_cache if path.startswith(archive)]:
        del sys.path_importer_cache[path]
    return True


def _archive() -> str:
    """Return the archive that this file was loaded from; the empty text where it was loaded from a folder."""
    loader = globals().get("__loader__")
    return loader.archive if isinstance(loader, zipimport.zipimporter) else ""


if _archive():
    install(_archive())
