# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write the report: the pairs that reach each other, each network's MTU, and the causes of failures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Optional

from .causes import End, causes
from .host_view import HostView
from .probe import wrong
from .targets import own_stations

#: More stations than this do not fit beside each other in a terminal: then only rows with a failure are listed.
WIDE = 16
NAMED = 8


@dataclass(frozen=True)
class Verdict:
    """The whole report: its text, the cause sentences, and how many pairs were tried and failed."""

    text: str
    causes: tuple[str, ...]
    tried: int
    failed: int


def verdict(views: Mapping[str, HostView], silent_hosts: Iterable[str] = ()) -> Verdict:
    """Write the report. ``silent_hosts`` are hosts of the run that could not be asked."""
    rows = [dict(row, host=name) for name, view in sorted(views.items()) for row in view.reach.get("pairs", ())]
    bad = [row for row in rows if wrong(row)]
    sentences: dict[str, list[tuple[str, str]]] = {}
    for row in bad:
        for sentence in _causes(row, views):
            sentences.setdefault(sentence, []).append(_pair(row))
    for host in silent_hosts:
        sentences["%s could not be asked: nothing is known of it" % host] = []
    networks = sorted({name for view in views.values() for name in view.intent.get("networks", {})})
    blocks = [_network(name, [row for row in rows if row["network"] == name], views) for name in networks]
    blocks.append(_closing(sentences, len(rows), len(bad), len(views)))
    return Verdict("\n\n".join(blocks), tuple(sentences), len(rows), len(bad))


def _closing(sentences: Mapping[str, list[tuple[str, str]]], tried: int, failed: int, hosts: int) -> str:
    if not sentences:
        if not tried:
            return "There was no pair to try: no network joins two of these hosts."
        return "All %d pairs of %d hosts reach each other." % (tried, hosts)
    lines = ["%d of %d pairs fail. Likely causes:" % (failed, tried)]
    for sentence, pairs in sentences.items():
        lines.append("* %s" % sentence)
        if pairs:
            lines.append("  breaks %s" % _grouped(pairs))
    return "\n".join(lines)


def _grouped(pairs: list[tuple[str, str]]) -> str:
    """Name pairs by network, the first few of them."""
    groups: dict[str, list[str]] = {}
    for network, called in pairs[:NAMED]:
        groups.setdefault(network, []).append(called)
    text = "; ".join("%s: %s" % (network, ", ".join(called)) for network, called in groups.items())
    return text + (" and %d more" % (len(pairs) - NAMED) if len(pairs) > NAMED else "")


_FAULTS = {"silent": "", "small": " (%s bytes)", "large": " (more than %s bytes pass)"}


def _pair(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return the network of a pair, and how sentences call the pair."""
    fault = _FAULTS[wrong(row)]
    called = "%s -> %s" % (row["source"], row["target"])
    return row["network"], called + (fault % row["mtu"] if fault else "")


def _causes(row: Mapping[str, Any], views: Mapping[str, HostView]) -> list[str]:
    near_view = views[row["host"]]
    network = near_view.network(row["network"])
    far_host = network.get("endpoints", {}).get(row["target"], {}).get("host", row["target"])
    near = _end(near_view, row["network"], row["source"], None)
    far = _end(views.get(far_host) or HostView(far_host, {}), row["network"], row["target"], row["address"])
    return causes(row["network"], near, far, wrong(row))


def _end(view: HostView, network: str, name: str, address: Optional[str]) -> End:
    """Return an end of a pair; its address is the one that was pinged, or its first of any family."""
    for station in own_stations(view.name, view.intent):
        if (station.network, station.name) == (network, name):
            return End(view, station, name, address or station.addresses[0])
    return End(view, None, name, address or "")


def _network(name: str, rows: list[dict[str, Any]], views: Mapping[str, HostView]) -> str:
    """Write one network: its headline and the matrix of its stations."""
    facts = next(view.network(name) for _host, view in sorted(views.items()) if view.network(name))
    head = "network %s: %s %s, VNI %s, port %s, MTU %s%s" % (
        name,
        facts["encap"],
        facts["topology"],
        facts["vni"],
        facts["dstport"],
        facts["mtu"],
        _mtu_note(rows),
    )
    return "\n".join([head, *_matrix(rows)])


def _mtu_note(rows: list[dict[str, Any]]) -> str:
    """Return the note on the results of the packets with DF."""
    if not rows or any(row["full"] is not True for row in rows):
        return ""
    mtu = rows[0]["mtu"]
    if any(row["over"] is not False for row in rows):
        return " (%d bytes pass with DF)" % mtu
    return " (%d bytes pass with DF, %d do not)" % (mtu, mtu + 1)


def _matrix(rows: list[dict[str, Any]]) -> list[str]:
    cells: dict[tuple[str, str], str] = {}
    for row in rows:
        key = (row["source"], row["target"])
        # Of several addresses of a target the worst counts.
        cells[key] = max(cells.get(key, ""), _cell(row), key=_weight)
    sources = sorted({source for source, _target in cells}, key=_natural)
    targets = sorted({target for _source, target in cells}, key=_natural)
    if len(targets) > WIDE:
        sources = [one for one in sources if any(_weight(cells.get((one, t), ""))[0] > 1 for t in targets)]
        targets = [one for one in targets if any(_weight(cells.get((s, one), ""))[0] > 1 for s in sources)]
        if not sources:
            return ["  all %d pairs reach each other" % len(rows)]
    table = [["from \\ to (ms)", *targets]]
    table += [[one, *(cells.get((one, target), ".") for target in targets)] for one in sources]
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    return [
        "  " + "  ".join([line[0].ljust(widths[0]), *(word.rjust(width) for word, width in zip(line[1:], widths[1:]))])
        for line in table
    ]


def _cell(row: Mapping[str, Any]) -> str:
    fault = wrong(row)
    if fault:
        return "FAIL" if fault == "silent" else "MTU"
    lost = row["sent"] - row["received"]
    return "%.2f%s" % (row["ms"] or 0.0, " (%d lost)" % lost if lost else "")


def _weight(cell: str) -> tuple[int, float]:
    rank = {"": 0, "MTU": 3, "FAIL": 4}.get(cell, 2 if "lost" in cell else 1)
    return rank, float(cell.split(maxsplit=1)[0]) if rank in (1, 2) else 0.0


def _natural(name: str) -> list[Any]:
    """Sort node2 before node10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
