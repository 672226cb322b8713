# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Import parts of a package without what the package itself imports.

``import pyroute2`` loads NDB, asyncio, SSL and some thirty netlink families: 0.07 to 0.17 s. Its message classes alone
take a quarter of that, and they are all that is used here.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import module_from_spec


def preload(package: str, parts: Sequence[str]) -> bool:
    """Import parts of a package without its ``__init__``; tell whether that went well.

    Python finds them loaded when an import statement names them, and does not look at the package then. Where it did
    not go well (no such package, or a part that needs the whole) the statement imports the package as ever. So does
    whoever imports the package itself later.
    """
    if package in sys.modules:
        return False
    spec = PathFinder.find_spec(package)
    if spec is None:
        return False
    before = set(sys.modules)
    sys.modules[package] = module_from_spec(spec)  # with its path, and nothing executed
    try:
        for part in parts:
            import_module(f"{package}.{part}")
    except (ImportError, AttributeError):
        for name in [name for name in sys.modules if name not in before and name.startswith(f"{package}.")]:
            del sys.modules[name]
        return False
    finally:
        del sys.modules[package]
    return True
