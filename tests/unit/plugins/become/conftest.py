# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Give the tests of the become plugin Ansible's loader, which can be made once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from ansible.plugins.loader import become_loader, init_plugin_loader


@pytest.fixture(scope="package")
def loader() -> Iterator[Any]:
    """Give Ansible's loader of become plugins, which imports collections by itself.

    Other tests have imported the collection from sys.path by then. What they hold is put back afterwards.
    """
    held = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "ansible_collections"}
    for name in held:
        del sys.modules[name]
    init_plugin_loader()
    yield become_loader
    sys.modules.update(held)
