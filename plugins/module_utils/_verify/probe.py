# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ping from a host, in its own namespace and in those of its workloads, by fping."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Optional

from .._host.kernel.host import containers
from .targets import Pair, pairs, payload, underlay


@dataclass(frozen=True)
class Answer:
    """What came back from one address: pings sent and answered, and the shortest time in milliseconds."""

    sent: int
    received: int
    ms: Optional[float]


def fping_command(count: int, timeout_ms: int, size: Optional[int] = None) -> list[str]:
    """Return the fping command that pings the addresses on its standard input.

    A size is the ICMP data in bytes; such a ping is sent with DF, so that nobody may fragment it. All addresses
    are pinged side by side, and the first ping of each waits for ARP.
    """
    words = ["fping", "-q", "-C", str(count), "-p", "100", "-t", str(timeout_ms), "-i", "1"]
    if size is not None:
        words += ["-M", "-b", str(size)]
    return [*words, "-f", "-"]


def read_fping(text: str, addresses: Iterable[str]) -> dict[str, Answer]:
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


class NoNamespace(Exception):
    """A namespace that does not exist; the text has the reason."""


def namespace_path(netns: str) -> str:
    """Return the file of a namespace, empty for the host's own. Raises NoNamespace."""
    if netns in ("", "host"):
        return ""
    if netns.startswith("/"):
        path = netns
    elif ":" in netns:
        try:
            path = "/proc/%d/ns/net" % containers.find(netns)[1]
        except ValueError as error:
            raise NoNamespace(str(error)) from None
    else:
        path = "/run/netns/%s" % netns
    if not os.path.exists(path):
        raise NoNamespace("there is no namespace %s (%s is not there)" % (netns, path))
    return path


def inside(netns: str, words: list[str]) -> list[str]:
    """Return a command as it is called to run in a namespace."""
    path = namespace_path(netns)
    return ["nsenter", "--net=%s" % path, "--", *words] if path else words


@dataclass(frozen=True)
class Call:
    """One fping: addresses that are pinged from one namespace with one size (None: small)."""

    netns: str
    addresses: tuple[str, ...]
    size: Optional[int] = None


def make_calls(calls: Iterable[Call], count: int, timeout_ms: int) -> dict[Call, dict[str, Answer]]:
    """Run all calls side by side; a namespace that is not there gives no answers."""
    running = []
    results = {}
    for call in dict.fromkeys(calls):
        try:
            words = inside(call.netns, fping_command(count, timeout_ms, call.size))
        except NoNamespace:
            results[call] = read_fping("", call.addresses)
            continue
        with tempfile.TemporaryFile() as targets:  # a file, so that all of them run at the same time
            targets.write("".join("%s\n" % address for address in call.addresses).encode())
            targets.seek(0)
            process = subprocess.Popen(words, stdin=targets, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        running.append((call, process))
    for call, process in running:
        output = process.communicate()[0].decode(errors="replace")
        if process.returncode not in (0, 1, 2):
            raise OSError("fping in %s: %s" % (call.netns or "the host's namespace", output.strip()))
        results[call] = read_fping(output, call.addresses)
    return results


def probe(host: str, intent: Mapping[str, Any], count: int, timeout_ms: int) -> dict[str, Any]:
    """Ping everyone that the host should reach, then with full-sized packets those that answered.

    Returns ``pairs`` and ``underlay`` as verify_probe documents them. Raises OSError where fping cannot work.
    """
    wished = pairs(host, intent)
    vteps = underlay(intent)
    reach = _ask(((one.netns, one.address, None) for one in wished), vteps.values(), None, count, timeout_ms)
    _ask_again(wished, reach, patience(intent), count, timeout_ms)
    alive = [one for one in wished if reach[one.netns, one.address, None].received]
    mtu = int(intent.get("underlay", {}).get("mtu", 1500))
    full = _ask(
        ((one.netns, one.address, one.mtu + more) for one in alive for more in (0, 1)),
        [address for address in vteps.values() if reach["", address, None].received],
        mtu,
        2,
        timeout_ms,
    )
    return {
        "pairs": [_pair_row(one, reach, full) for one in wished],
        "underlay": {
            name: {
                "address": address,
                "received": reach["", address, None].received,
                "mtu": mtu,
                "full": _passed(full, "", address, mtu),
            }
            for name, address in sorted(vteps.items())
        },
    }


def patience(intent: Mapping[str, Any]) -> dict[str, float]:
    """Return by network how many seconds its spanning tree needs at most; networks without one are left out.

    A bridge waits for max_age until it takes a silent neighbor for lost. Then a port is listening for forward_delay and
    learning for as long (IEEE 802.1D; br_message_age_timer_expired, br_forward_delay_timer_expired, net/bridge). The
    times of the configuration are in centiseconds; the kernel's defaults are 20 s and 15 s.
    """
    bridges = {link["name"]: link for link in intent.get("config", {}).get("links", ()) if link.get("stp_state")}
    return {
        name: (bridge.get("max_age", 2000) + 2 * bridge.get("forward_delay", 1500)) / 100
        for name, row in intent.get("networks", {}).items()
        if (bridge := bridges.get(row.get("device")))
    }


def _ask_again(
    wished: Iterable[Pair], reach: dict[Any, Answer], waits: Mapping[str, float], count: int, timeout_ms: int
) -> None:
    """Ping silent addresses again, until they answer or the spanning tree of their network has had its time."""
    start = time.monotonic()
    waiting = [one for one in wished if one.network in waits]
    while True:
        elapsed = time.monotonic() - start
        silent = [
            one for one in waiting if elapsed < waits[one.network] and not reach[one.netns, one.address, None].received
        ]
        if not silent:
            return
        time.sleep(0.5)  # a namespace that is not there gives its answer at once
        reach.update(_ask(((one.netns, one.address, None) for one in silent), (), None, count, timeout_ms))


def _ask(
    keys: Iterable[Any], vteps: Iterable[str], vtep_size: Optional[int], count: int, timeout_ms: int
) -> dict[Any, Answer]:
    """Ping each (netns, address, packet size) once, all addresses of a namespace and size by one fping."""
    wanted: dict[tuple[str, Optional[int]], dict[str, Optional[int]]] = {}
    for netns, address, size in [*keys, *(("", address, vtep_size) for address in vteps)]:
        data = None if size is None else payload(size, address)
        wanted.setdefault((netns, data), {})[address] = size
    calls = {Call(netns, tuple(sizes), data): sizes for (netns, data), sizes in wanted.items()}
    found = {}
    for call, answers in make_calls(calls, count, timeout_ms).items():
        for address, answer in answers.items():
            found[call.netns, address, calls[call][address]] = answer
    return found


def _passed(full: Mapping[Any, Answer], netns: str, address: str, size: int) -> Optional[bool]:
    answer = full.get((netns, address, size))
    return None if answer is None else answer.received > 0


def _pair_row(one: Pair, reach: Mapping[Any, Answer], full: Mapping[Any, Answer]) -> dict[str, Any]:
    answer = reach[one.netns, one.address, None]
    return {
        "network": one.network,
        "source": one.source,
        "target": one.target,
        "address": one.address,
        "mtu": one.mtu,
        "sent": answer.sent,
        "received": answer.received,
        "ms": answer.ms,
        "full": _passed(full, one.netns, one.address, one.mtu),
        "over": _passed(full, one.netns, one.address, one.mtu + 1),
    }


def wrong(row: Mapping[str, Any]) -> str:
    """Return the fault of a pair: "silent", "small", "large", or the empty text."""
    if not row["received"]:
        return "silent"
    if row["full"] is False:
        return "small"
    return "large" if row["over"] else ""
