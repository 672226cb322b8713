# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one error of the fabric."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class FabricError(ValueError):
    """Say which key of the intent cannot work, and why.

    ``where`` is a path like ``networks.blue.members.node1.address``.
    """

    def __init__(self, where: str, reason: str) -> None:
        super().__init__("%s: %s" % (where, reason))
        self.where = where
        self.reason = reason


def nearest(word: str, valid: Iterable[str]) -> str:
    """Return a sentence with the valid word nearest to ``word``, or all of them when none is near."""
    words = sorted(valid)
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    if close:
        return "did you mean %s?" % close[0]
    if not words:
        return "nothing is valid here"
    return "valid are %s" % ", ".join(words)
