# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write sentences of values that a user chose."""

from __future__ import annotations


def one_line(text: str) -> str:
    """Return a text without breaks: names may have some."""
    return " ".join(text.split())
