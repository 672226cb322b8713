# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""VXLAN links of one VNI or one UDP port: which of them can be beside each other, and which up at once.

The kernel decides twice: vxlan_vni_in_use() when a link is made, vxlan_find_sock() and the socket itself when it is set
up. iproute2's commands are tried in one namespace and the same config in another; both must get equally far.
"""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

from .conftest import enter_new_network

ONE = {"vni": 5, "dstport": 4789}
SIX = {"local": "2001:db8::1"}
#: How a link takes packets in.
RECEIVING: list[dict[str, Any]] = [{"gbp": True}, {"udp6zerocsumrx": True}, {"remcsumrx": True}]
#: How it sends: no matter for others.
SENDING: list[dict[str, Any]] = [{"udp6zerocsumtx": True}, {"remcsumtx": True}, {"udpcsum": False}, {"learning": False}]
EXTERNAL = {"external": True, "dstport": 4789}

BOTH_UP, ONE_UP, ONE_LINK = "both up", "one up", "one link"
#: First link, second link, what can be.
CASES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (ONE, ONE, ONE_LINK),
    *((ONE, {**ONE, **how}, ONE_UP) for how in RECEIVING),
    *(({**ONE, **how}, ONE, ONE_UP) for how in RECEIVING),
    *(({**ONE, **how}, {**ONE, **how}, ONE_LINK) for how in RECEIVING),
    *((ONE, {**ONE, **how}, ONE_LINK) for how in SENDING),
    # Of another VNI: the port is the same.
    *((ONE, {**ONE, **how, "vni": 6}, ONE_UP) for how in RECEIVING),
    *((ONE, {**ONE, **how, "vni": 6}, BOTH_UP) for how in SENDING),
    ({**ONE, "gbp": True}, {**ONE, "gbp": True, "vni": 6}, BOTH_UP),
    ({**ONE, "gbp": True}, {**ONE, "remcsumrx": True}, ONE_UP),
    # Of another port, and of the other family.
    (ONE, {**ONE, "gbp": True, "dstport": 4790}, BOTH_UP),
    (ONE, {**ONE, **SIX}, BOTH_UP),
    (ONE, {**ONE, **SIX, "gbp": True}, BOTH_UP),
    ({**ONE, **SIX}, {**ONE, **SIX, "gbp": True}, ONE_UP),
    # An external link listens on both.
    (EXTERNAL, ONE, ONE_UP),
    (EXTERNAL, {**ONE, **SIX}, ONE_UP),
    ({**ONE, **SIX}, EXTERNAL, ONE_UP),
    (EXTERNAL, {**ONE, "dstport": 4790}, BOTH_UP),
    (EXTERNAL, EXTERNAL, ONE_LINK),
    # On links beneath. Link-local addresses are of one link each.
    ({**ONE, "dev": "v0"}, {**ONE, "dev": "v2"}, ONE_LINK),
    ({**ONE, "dev": "v0"}, {**ONE, "dev": "v2", "gbp": True}, ONE_UP),
    ({**ONE, "dev": "v0"}, {**ONE, "gbp": True}, ONE_UP),
    ({**ONE, "dev": "v0", "local": "fe80::1"}, {**ONE, "dev": "v2", "local": "fe80::1"}, BOTH_UP),
    ({**ONE, "dev": "v0", "local": "fe80::1"}, {**ONE, "dev": "v0", "local": "fe80::2"}, ONE_LINK),
    ({**ONE, "dev": "v0", "local": "fe80::1"}, {**ONE, "dev": "v2", "local": "fe80::1", "gbp": True}, ONE_UP),
]


def link(name: str, options: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": "vxlan", **options, **more}


def wish(first: dict[str, Any], second: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"links": [link("vx0", first), link("vx1", second, **more)]}


def words(options: dict[str, Any]) -> str:
    of = {"vni": "id"}
    return " ".join(
        (name if value else f"no{name}") if isinstance(value, bool) else f"{of.get(name, name)} {value}"
        for name, value in options.items()
    )


def beneath() -> None:
    """Give the namespace links to lie on."""
    for command in ("ip link add v0 type veth peer name v1", "ip link add v2 type veth peer name v3"):
        subprocess.run(command.split(), check=True, timeout=20)


def by_ip(first: dict[str, Any], second: dict[str, Any]) -> str:
    """Return how far iproute2 gets with two links."""
    for command in (f"ip link add vx0 type vxlan {words(first)}", "ip link set vx0 up"):
        subprocess.run(command.split(), check=True, timeout=20)
    for command, reached in ((f"ip link add vx1 type vxlan {words(second)}", ONE_LINK), ("ip link set vx1 up", ONE_UP)):
        if subprocess.run(command.split(), capture_output=True, check=False, timeout=20).returncode:
            return reached
    return BOTH_UP


def seen() -> dict[str, bool]:
    """Return the VXLAN links with whether they are up, as iproute2 tells."""
    told = subprocess.run(
        ["ip", "-j", "-d", "link", "show", "type", "vxlan"], capture_output=True, text=True, check=True, timeout=20
    )
    return {one["ifname"]: "UP" in one["flags"] for one in json.loads(told.stdout or "[]") if one}


@pytest.mark.parametrize(("first", "second", "reached"), CASES, ids=lambda part: part if isinstance(part, str) else "")
@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "one by one"])
def test_as_far_as_ip(first: dict[str, Any], second: dict[str, Any], reached: str, at_once: bool, apply: Any) -> None:
    beneath()
    assert by_ip(first, second) == reached
    enter_new_network()
    beneath()
    there: dict[str, bool] = {}
    if not at_once:
        apply({"links": [link("vx0", first)]})
        there = {"vx0": True}
    both = wish(first, second)
    if reached == BOTH_UP:
        assert apply(both).changed
        assert seen() == {"vx0": True, "vx1": True}
        assert not apply(both).changed
        return
    with pytest.raises(Refused) as refusal:
        apply(both)
    assert str(refusal.value).startswith("vx1: vni: vx0 has the same" if reached == ONE_LINK else "vx1: up: vx0 is up")
    assert seen() == there
    down = wish(first, second, up=False)
    if reached == ONE_LINK:
        with pytest.raises(Refused, match=r"^vx1: vni: vx0 has the same"):
            apply(down)
        assert seen() == there
        return
    assert apply(down).changed
    assert seen() == {"vx0": True, "vx1": False}
    assert not apply(down).changed
    with pytest.raises(Refused, match=r"^vx1: up: vx0 is up on UDP port 4789 too, and one of them alone has "):
        apply({"links": [{"name": "vx1", "up": True}]})
    assert seen() == {"vx0": True, "vx1": False}
    assert apply({"links": [{"name": "vx0", "up": False}, {"name": "vx1", "up": True}]}).changed
    assert seen() == {"vx0": False, "vx1": True}


def test_a_new_link_gets_the_port_of_one_that_goes_down(apply: Any) -> None:
    apply({"links": [link("vx0", ONE)]})
    assert apply({"links": [link("vx0", ONE, up=False), link("vx1", {**ONE, "gbp": True})]}).changed
    assert seen() == {"vx0": False, "vx1": True}


def test_what_is_left_out_is_as_it_is(apply: Any) -> None:
    apply({"links": [link("vx0", {**ONE, "gbp": True}, up=False)]})
    assert apply({"links": [link("vx0", ONE), link("vx1", ONE)]}).changed, "vx0 takes in by policy, and vx1 does not"
    assert seen() == {"vx0": False, "vx1": True}


def test_sockets_of_a_vrf_are_told_apart_by_nobody_but_the_kernel(apply: Any) -> None:
    """A link beneath that has a master may be in a VRF, whose sockets are its own: that is not judged here."""
    beneath()
    subprocess.run(["ip", "link", "add", "br0", "type", "bridge"], check=True, timeout=20)
    subprocess.run(["ip", "link", "set", "v0", "master", "br0"], check=True, timeout=20)
    with pytest.raises(Exception, match="Address already in use") as refusal:
        apply(wish({**ONE, "dev": "v0"}, {**ONE, "dev": "v2", "gbp": True}))
    assert not isinstance(refusal.value, Refused)
    assert seen() == {}
