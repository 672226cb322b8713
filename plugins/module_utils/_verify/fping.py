# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Say how fping is called and read what it answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Answer:
    """What came back from one address: pings sent and answered, and the shortest time in milliseconds."""

    sent: int
    received: int
    ms: Optional[float]


def command(count: int, timeout_ms: int, size: Optional[int] = None) -> list[str]:
    """Return the fping command that pings the addresses on its standard input.

    A size is the ICMP data in bytes; such a ping is sent with DF, so that nobody may fragment it. All addresses
    are pinged side by side, and the first ping of each waits for ARP.
    """
    words = ["fping", "-q", "-C", str(count), "-p", "100", "-t", str(timeout_ms), "-i", "1"]
    if size is not None:
        words += ["-M", "-b", str(size)]
    return [*words, "-f", "-"]


def parse(text: str, addresses: Iterable[str]) -> dict[str, Answer]:
    """Read the lines ``ADDRESS : 0.05 - 0.04`` of fping -q -C. An address without a line has no answer at all."""
    answers = {address: Answer(0, 0, None) for address in addresses}
    for line in text.splitlines():
        address, colon, rest = line.partition(" : ")
        address = address.strip()
        if not colon or address not in answers:
            continue
        words = rest.split()
        times = [float(word) for word in words if word.replace(".", "", 1).isdigit()]
        answers[address] = Answer(len(words), len(times), min(times) if times else None)
    return answers
