# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Let the kernel work on one thing while this process makes the next."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

#: Seconds after which a thread that waits gets its turn, while there are two (Python's own: 0.005).
SWITCH = 0.0002


class Beside:
    """Run steps one after another in a thread beside this one, which goes on meanwhile."""

    def __init__(self) -> None:
        self._thread: ThreadPoolExecutor | None = None
        self._steps: list[Future[None]] = []
        self._interval = sys.getswitchinterval()

    def run(self, step: Callable[[], None]) -> None:
        """Run a step when those before it have ended."""
        if self._thread is None:
            from concurrent.futures import ThreadPoolExecutor  # 5 ms: only where there is much to do

            # A thread that comes back from the kernel takes its turn at once: the kernel is what there is to wait for.
            self._interval = sys.getswitchinterval()
            sys.setswitchinterval(SWITCH)
            self._thread = ThreadPoolExecutor(1)
        self._steps.append(self._thread.submit(step))

    def wait(self) -> None:
        """Wait for the end of all steps; raise what the first of them raised."""
        if self._thread is None:
            return
        self._thread.shutdown()
        self._thread = None
        sys.setswitchinterval(self._interval)
        steps, self._steps = self._steps, []
        for step in steps:
            step.result()
