# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ask for what newer kernels know of rules, neighbors and nexthops, and be refused by older ones."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.plan.refusals import release
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

from . import raw
from .look import everything
from .route_cases import LINKS

FRA_DSCP, FRA_FLOWLABEL, FRA_FLOWLABEL_MASK, FRA_SPORT_MASK, FRA_DPORT_MASK, FRA_DSCP_MASK = 25, 26, 27, 28, 29, 30
FRA_PRIORITY = 6


MASKS: list[tuple[dict[str, Any], dict[int, bytes]]] = [
    ({"dscp": "EF"}, {FRA_DSCP: b"\x2e", FRA_DSCP_MASK: b"\x3f"}),
    ({"dscp": 0}, {FRA_DSCP: b"\x00", FRA_DSCP_MASK: b"\x3f"}),
    ({"dscp": "8/0x38"}, {FRA_DSCP: b"\x08", FRA_DSCP_MASK: b"\x38"}),
    ({"sport": "1000/0xfff8"}, {FRA_SPORT_MASK: struct.pack("=H", 0xFFF8)}),
    ({"dport": "1/1", "ipproto": "udp"}, {FRA_DPORT_MASK: struct.pack("=H", 1)}),
    ({"family": "ipv6", "flowlabel": 0xFFFFF},
     {FRA_FLOWLABEL: b"\x00\x0f\xff\xff", FRA_FLOWLABEL_MASK: b"\x00\x0f\xff\xff"}),
    ({"family": "ipv6", "flowlabel": "0x345/0xfff", "dscp": 63},
     {FRA_FLOWLABEL: b"\0\0\x03\x45", FRA_FLOWLABEL_MASK: b"\0\0\x0f\xff", FRA_DSCP: b"\x3f"}),
]  # fmt: skip


@pytest.mark.needs_linux("6.15")
@pytest.mark.parametrize(("chosen", "told"), MASKS)
def test_masks_of_rules(chosen: dict[str, Any], told: dict[int, bytes], apply: Any, gather: Any) -> None:
    """Read the kernel's own bytes of what iproute2 6.1 has no words for; without it, it is another rule."""
    family = socket.AF_INET6 if "family" in chosen else socket.AF_INET
    wish = {"rules": [{"priority": 7, "table": 5, **chosen}]}
    assert apply(wish).changed

    def ours() -> list[dict[int, bytes]]:
        return [one for one in raw.rules(family) if one.get(FRA_PRIORITY) == struct.pack("=I", 7)]

    (rule,) = ours()
    assert {number: rule.get(number) for number in told} == told
    assert apply(wish).commands == []
    assert apply(gather()).commands == []
    assert apply({"rules": [{"priority": 7, "table": 5, "family": chosen.get("family", "ipv4")}]}).changed
    assert len(ours()) == 2
    assert apply({"rules": [{"priority": 7, **chosen, "state": "absent"}]}).changed
    assert [number for rule in ours() for number in told if number in rule] == []
    assert len(ours()) == 1


@pytest.mark.needs_linux("6.15", iproute2="6.15")
@pytest.mark.parametrize("chosen", [chosen for chosen, _told in MASKS])
def test_masks_of_rules_as_iproute2_has_them(chosen: dict[str, Any], apply: Any, tell: Any) -> None:
    """Run the command line that is told in another namespace: iproute2 says the same of both."""
    show = ("-6 " if "family" in chosen else "") + "rule show pref 7"
    report = apply({"rules": [{"priority": 7, "table": 5, **chosen}]})
    (line,) = report.commands
    subprocess.run(["ip", "netns", "add", "replayed"], check=True, timeout=10)
    subprocess.run(["ip", "netns", "exec", "replayed", *line.split()], check=True, timeout=10)
    (here,), (there,) = tell(f"ip -j {show}"), tell(f"ip -n replayed -j {show}")
    assert {**here, "protocol": ""} == {**there, "protocol": ""}
    assert {"dscp", "flowlabel", "sport", "sport_start", "dport", "dport_start"} & here.keys()


NDA_FLAGS_EXT = 15


@pytest.mark.needs_linux("6.17")
@pytest.mark.parametrize("dst", ["10.0.0.9", "2001:db8::9"])
def test_a_neighbor_that_a_control_plane_validates(dst: str, apply: Any, gather: Any, tell: Any) -> None:
    """Read the flag from the kernel's bytes; in any state, set and taken away in place."""
    apply(LINKS)
    packed = socket.inet_pton(socket.AF_INET6 if ":" in dst else socket.AF_INET, dst)
    base = {"dev": "v0", "dst": dst, "mac": "02:00:00:00:00:09"}
    for wish, told in (
        ({"nud": "stale", "extern_valid": True}, b"\4\0\0\0"),
        ({"nud": "permanent"}, b"\4\0\0\0"),
        ({"nud": "permanent", "extern_valid": False}, None),
        ({"nud": "stale", "extern_valid": True, "extern_learn": True}, b"\4\0\0\0"),
    ):
        config = {"neighbors": [{**base, **wish}]}
        assert apply(config).changed
        assert raw.neighbor(packed).get(NDA_FLAGS_EXT) == told
        assert apply(config).commands == []
        assert apply(gather()).commands == []
    (shown,) = tell(f"ip -j neigh show {dst}")
    assert (shown["lladdr"], shown["state"]) == (base["mac"], ["STALE"])
    for word in ("managed", "proxy"):
        with pytest.raises(Refused, match=f"neighbor 10.0.0.8 on v0: {word}: excludes extern_valid"):
            apply({"neighbors": [{"dev": "v0", "dst": "10.0.0.8", word: True, "extern_valid": True}]})


@pytest.mark.needs_linux("6.12")
def test_weights_of_16_bits(apply: Any, gather: Any) -> None:
    apply(LINKS)
    for weights in ((65535, 256), (255, 257), (1, 512)):
        wish = {"nexthops": [{"id": 9, "group": [{"id": 1, "weight": weights[0]}, {"id": 2, "weight": weights[1]}]}]}
        assert apply(wish).changed
        assert raw.nexthop_group(9) == [(1, weights[0]), (2, weights[1])]
        assert apply(wish).commands == []
        assert apply(gather()).commands == []


@pytest.mark.needs_kind("geneve")  # in the lab kernel too, which refuses them all; Linux 6.12 grants one of them
@pytest.mark.parametrize(
    ("wish", "what", "since"),
    [
        ({"rules": [{"priority": 7, "dscp": 8, "table": 5}]}, "rule 7 dscp 8: dscp:", "6.13"),
        ({"rules": [{"priority": 7, "family": "ipv6", "flowlabel": 8, "table": 5}]}, "flowlabel:", "6.14"),
        ({"rules": [{"priority": 7, "sport": "8/8", "table": 5}]}, "sport: a mask", "6.15"),
        ({"nexthops": [{"id": 9, "group": [{"id": 1, "weight": 256}]}]}, "group: weight 256", "6.12"),
    ],
)
def test_refused_on_an_older_kernel(wish: dict[str, Any], what: str, since: str, apply: Any) -> None:
    """What this kernel is too old for changes nothing; the same without it is made. A newer one makes it."""
    apply(LINKS)
    before = everything()
    if release(os.uname().release) >= release(since):
        assert apply(wish).changed
        assert everything() != before
        return
    with pytest.raises(Refused, match=f"{what} needs Linux {since}"):
        apply(wish)
    assert everything() == before
    assert apply({"rules": [{"priority": 7, "sport": "8"}]}).changed
