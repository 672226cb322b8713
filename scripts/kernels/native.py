# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Try the machine's own kernel."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time

from .apt import Unavailable
from .boot import GUEST
from .facts import Facts
from .kinds import TRIALS

#: Seconds for the list of what the kernel has; it takes less than one.
SECONDS = 20.0


def facts() -> Facts:
    """Return what this kernel has, tried in a network namespace that ends with the trial.

    Raises Unavailable where this is not root, where there are no network namespaces, and where rtnetlink hangs: a
    process that waits for a hanging kernel cannot be killed, so it is left behind instead of being waited for.
    """
    if os.geteuid() != 0:
        raise Unavailable("it can only be tried as root. Run this with sudo")
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(
            ["unshare", "--net", "--mount", str(GUEST / "facts"), *TRIALS], stdin=subprocess.DEVNULL, stdout=out,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        deadline = time.monotonic() + SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            raise Unavailable(f"rtnetlink does not answer (nothing within {SECONDS:g} s). Start the machine again")
        out.seek(0)
        try:
            return Facts.parse(out.read().decode(errors="replace"))
        except ValueError as error:
            raise Unavailable(
                "root cannot make network namespaces here (a container?). Try: unshare --net true"
            ) from error
