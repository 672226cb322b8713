# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Import parts of a package without the package itself."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.kernel.netlink.codec import preload


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Give the name of a package that notes when it is executed, with a part, and a part that needs the whole."""
    name = "leanly_imported"
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").write_text("whole = True\n")
    (folder / "part.py").write_text("from . import other\nvalue = other.value + 1\n")
    (folder / "other.py").write_text("value = 41\n")
    (folder / "greedy.py").write_text("from . import part\nfrom . import whole\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield name
    for module in [module for module in sys.modules if module.split(".")[0] == name]:
        del sys.modules[module]


def test_a_part_comes_without_its_package(package: str) -> None:
    assert preload(package, ["part"])
    assert package not in sys.modules
    assert importlib.import_module(f"{package}.part").value == 42
    assert package not in sys.modules


def test_who_imports_the_package_gets_all_of_it(package: str) -> None:
    assert preload(package, ["part"])
    assert importlib.import_module(package).whole


def test_a_part_that_needs_the_whole_is_left_to_the_import_statement(package: str) -> None:
    assert not preload(package, ["greedy"])
    assert not [module for module in sys.modules if module.split(".")[0] == package]
    assert importlib.import_module(f"{package}.greedy").whole


def test_a_package_that_is_there_already_stays_as_it_is(package: str) -> None:
    there = importlib.import_module(package)
    assert not preload(package, ["part"])
    assert sys.modules[package] is there


def test_no_package_is_no_error() -> None:
    assert not preload("there_is_no_such_package", ["part"])
    assert "there_is_no_such_package" not in sys.modules
