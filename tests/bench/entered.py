# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Count the files and functions of the collection that a run enters which creates one VXLAN link.

Call it as root: ``.venv/bin/python tests/bench/entered.py``. It works in a network and a mount namespace of its own.

A file counts when one of its functions is called between the beginning and the end of ``Engine.run``, in any thread.
Modules and classes that are only loaded do not count; nor do lambdas and comprehensions count as functions.
The reader of such a run has to open as many files. tests/kernel/test_entered.py holds the limit.
"""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
INSIDE = "NETLOOM_ENTERED_INSIDE"
CONFIG = {"links": [{"name": "vx0", "kind": "vxlan", "vni": 10, "dstport": 4789, "local": "192.0.2.1"}]}


class Profile:
    """Note the functions of the collection that are called."""

    def __init__(self) -> None:
        self.found: dict[str, set[tuple[str, int]]] = {}

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        code = frame.f_code
        is_function = bool(code.co_flags & inspect.CO_OPTIMIZED) and not code.co_name.startswith("<")
        _before, plugins, path = code.co_filename.partition("/overlay/plugins/")
        if event == "call" and plugins and is_function:
            self.found.setdefault(path, set()).add((code.co_name, code.co_firstlineno))


def profile(config: Mapping[str, Any]) -> dict[str, set[tuple[str, int]]]:
    """Return by file the functions that a run of the engine enters."""
    sys.path.insert(0, str(CHECKOUT / ".collections"))
    from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Engine

    noted = Profile()
    engine = Engine()
    threading.setprofile(noted)
    sys.setprofile(noted)
    try:
        report = engine.run(config)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
    if not report.changed:
        sys.exit("the link was there already: nothing was measured")
    return noted.found


def main() -> None:
    """Go into namespaces of our own, measure there and print the figures."""
    if INSIDE not in os.environ:
        inside = 'mount -t tmpfs none /run && mkdir -p /run/lock /run/netns && exec "$@"'
        command = ["unshare", "-n", "-m", "sh", "-ec", inside, "-", sys.executable, __file__]
        sys.exit(subprocess.run(command, env={**os.environ, INSIDE: "1"}, check=False, timeout=60).returncode)
    found = profile(CONFIG)
    for path, functions in sorted(found.items()):
        print(f"{len(functions):4} {path}")
    print(f"files {len(found)}, functions {sum(map(len, found.values()))}")


if __name__ == "__main__":
    main()
