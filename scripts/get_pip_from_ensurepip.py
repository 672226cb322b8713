# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bootstrap pip from the wheel that Python's ensurepip carries.

ansible-test makes its virtual environments without pip and then runs a get-pip script that it downloads from a site of
its own, unless ~/.ansible/test/cache/ holds that script already. This file can stand there (scripts/sanity puts it
there where nothing is), so that the package index is the only site that a sanity run needs. The arguments are those of
get-pip: what pip shall install, and options.
"""

from __future__ import annotations

import ensurepip
import runpy
import sys
from pathlib import Path

# Options of get-pip which pip itself does not know.
GET_PIP_ONLY = {"--no-setuptools", "--no-wheel"}


def bundled_wheel() -> Path:
    """Give the newest pip wheel in ensurepip's folder; raise SystemExit when the distribution has taken it out."""
    wheels = sorted((Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl"))
    if not wheels:
        wheels = sorted(Path("/usr/share/python-wheels").glob("pip-*.whl"))  # where Debian keeps it
    if not wheels:
        sys.exit("no pip wheel beside ensurepip: install python3-venv")
    return wheels[-1]


if __name__ == "__main__":
    sys.path.insert(0, str(bundled_wheel()))
    for loaded in [name for name in sys.modules if name.partition(".")[0] == "pip"]:
        del sys.modules[loaded]
    sys.argv = ["pip", "install", *(argument for argument in sys.argv[1:] if argument not in GET_PIP_ONLY)]
    runpy.run_module("pip", run_name="__main__", alter_sys=True)
