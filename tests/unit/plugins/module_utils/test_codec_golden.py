# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hold the bytes of rtnetlink messages to a golden file: every release of pyroute2 gives the same.

``golden/codec/config.yml`` is written, an operation at a time, with indexes given in the order of the links;
``messages.txt`` has the bytes in hex. ``NETLOOM_GOLDEN=write pytest`` writes it anew: read what git says of it then.
That the kernel takes the bytes for what they are meant to say is what tests/kernel shows. Numbers in the host's byte
order are little-endian in the file, as on all machines that the tests run on.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.netloom.overlay.plugins.module_utils._host.kernel.netlink.codec import encode
from ansible_collections.netloom.overlay.plugins.module_utils._host.kernel.netlink.message import View
from ansible_collections.netloom.overlay.plugins.module_utils._host.kernel.wires.requests import (
    WIRES,
    requests,
)
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.config import Reader
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Operation
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.registry import KINDS

FOLDER = Path(__file__).parent / "golden" / "codec"


class Namespaces:
    """Give each namespace a file descriptor that looks like one."""

    def fd(self, netns: str) -> int:
        return 10 + len(netns)


class Observer:
    """Know the links of no kernel: each gets its index when it is written."""

    def __init__(self) -> None:
        self.namespaces = Namespaces()
        self.views: dict[str, View] = {}

    def view(self, netns: str) -> View:
        return self.views.setdefault(netns, View())

    def relate(self, _made_in: str, _netns: str) -> None:
        pass


def written() -> dict[str, str]:
    """Return the messages in hex, by what they do: all that is added, then all that is set, then removed."""
    config = yaml.safe_load((FOLDER / "config.yml").read_text(encoding="utf-8"))
    entries = [e for e in Reader(lambda name: name).read(config).values() if e.type in WIRES]
    order = list(WIRES)
    entries.sort(key=lambda entry: order.index(entry.type))
    known: Any = Observer()
    found: dict[str, str] = {}
    # The bridge is there before what lies on it, and a link before its objects; a backup port needs its link.
    for verb in ("add", "set", "del"):
        for entry in entries if verb != "del" else reversed(entries):
            if verb != "set" and (entry.type == "port" or entry.made_with):
                continue
            for number, message in enumerate(requests(known, Operation(verb, entry))):
                more = f", {number + 1}" if number else ""
                found[f"{verb} {entry} by {message.netns or 'host'}{more}"] = encode(message).hex()
    return found


def test_bytes_of_all_messages_are_the_golden_ones() -> None:
    assert sys.byteorder == "little"
    found = written()
    path = FOLDER / "messages.txt"
    if os.environ.get("NETLOOM_GOLDEN") == "write":
        path.write_text("".join(f"{what}: {data}\n" for what, data in found.items()), encoding="utf-8")
    golden = dict(line.rsplit(": ", 1) for line in path.read_text(encoding="utf-8").splitlines())
    assert found == golden


def test_the_config_has_every_kind_and_every_sort() -> None:
    told = "\n".join(written())
    config = yaml.safe_load((FOLDER / "config.yml").read_text(encoding="utf-8"))
    # A kind that is made through a device file has its messages written by host/tun.py: options of any link alone.
    assert {link["kind"] for link in config["links"]} == {name for name, kind in KINDS.items() if not kind.device}
    words = ("address", "neighbor", "FDB entry", "MDB entry", "route", "port", "nexthop", "rule")
    assert [word for word in words if word not in told] == []
