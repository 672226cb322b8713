# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Refusals of the kernel: which option they are about, and what it left unsaid. Each with a wish that is granted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

from .look import everything
from .moving import Apply, links, sh

LEFT = "Nothing was changed: what was done before was rolled back"


@pytest.fixture(autouse=True)
def _links() -> None:
    for name in ("u0", "u1"):
        sh(f"ip link add {name} type veth peer name {name}p", f"ip link set {name} up", f"ip link set {name}p up")
    sh(
        "ip addr add 10.9.0.1/24 dev u0",
        "ip addr add fd09::1/64 dev u0 nodad",
        "ip link add u2 type veth peer name u2p",
    )


WAYS = [
    ({"dst": "default", "via": "10.99.9.9", "dev": "u0"}, "via: .*invalid gateway: 10.99.9.9 is in no subnet of u0"),
    ({"dst": "default", "via": "10.9.0.7", "dev": "u1"}, "via: .*invalid gateway: 10.9.0.7 is in no subnet of u1"),
    ({"dst": "default", "via": "10.99.9.9"}, "via: .*invalid gateway: 10.99.9.9 is in no subnet of this namespace"),
    ({"dst": "default", "via": "fd77::1"}, "via: No route to host: fd77::1 is in no subnet of this namespace"),
    ({"dst": "fd66::/64", "via": "fd09::7", "dev": "u1"}, "via: No route to host: fd09::7 is in no subnet of u1"),
    ({"dst": "default", "via": "fe80::1"}, "via: .*Egress device not specified: the gateway fe80::1 needs dev"),
    ({"dst": "fd66::/64", "via": "fd09::1", "dev": "u0"}, "via: .*local address: fd09::1 is this host's own"),
    ({"dst": "10.66.0.0/16", "dev": "u2"}, "dev: Network is down - kernel: .* not up: u2 is down"),
    ({"dst": "fd66::/64", "dev": "u2"}, "dev: Network is down - kernel: .* not up: u2 is down"),
    ({"dst": "10.66.0.0/16", "dev": "u0", "src": "10.1.1.1"}, "src: .*: 10.1.1.1 is no address of this namespace"),
    ({"dst": "fd66::/64", "dev": "u0", "src": "fd99::1"}, "src: .*: fd99::1 is no address of u0"),
    (
        {"dst": "10.66.0.0/16", "nexthops": [{"via": "10.9.0.7"}, {"via": "10.55.0.1"}]},
        "nexthops: .*invalid gateway: a gateway is in no subnet of its link",
    ),
]


@pytest.mark.parametrize(
    ("route", "sentence"), WAYS, ids=lambda value: json.dumps(value) if isinstance(value, dict) else ""
)
def test_way_that_a_route_cannot_have(apply: Apply, route: dict[str, Any], sentence: str) -> None:
    before = everything()
    with pytest.raises(Failed, match=rf"^route \S+: {sentence}\. {LEFT}$"):
        apply({"routes": [route]})
    assert everything() == before


def test_ways_that_a_route_can_have(apply: Apply) -> None:
    """The control: with what the sentences ask for all these are taken."""
    sh("ip link set u2 up", "ip link set u2p up")
    for route in (
        {"dst": "default", "via": "10.99.9.9", "dev": "u0", "onlink": True},
        {"dst": "10.66.0.0/16", "dev": "u0", "src": "10.9.0.1"},
        {"dst": "10.67.0.0/16", "dev": "u2"},
        {"dst": "fd66::/64", "via": "fd09::7", "dev": "u0", "src": "fd09::1"},
        {"dst": "fd67::/64", "via": "fe80::1", "dev": "u0"},
    ):
        assert len(apply({"routes": [route]}).commands) == 1


@pytest.mark.parametrize(("via", "said"), [("10.99.9.9", "invalid gateway"), ("fd77::1", "No route to host")])
def test_gateway_of_a_nexthop(apply: Apply, via: str, said: str) -> None:
    with pytest.raises(Failed, match=rf"^nexthop 5: via: .*{said}: {via} is in no subnet of u0\. {LEFT}$"):
        apply({"nexthops": [{"id": 5, "via": via, "dev": "u0"}]})
    apply({"nexthops": [{"id": 5, "via": "10.9.0.9" if "." in via else "fd09::9", "dev": "u0"}]})


@pytest.mark.parametrize("kind", ["macvlan", "macvtap", pytest.param("ipvlan", marks=pytest.mark.needs_kind("ipvlan"))])
def test_link_whose_frames_somebody_takes(apply: Apply, kind: str) -> None:
    sh("ip link add br0 type bridge", "ip link set u1 master br0")
    with pytest.raises(Failed, match=r"^m0: link: Device or resource busy: u1 is a port, or has links of another kind"):
        apply({"links": [{"name": "m0", "kind": kind, "link": "u1"}]})
    apply({"links": [{"name": "m0", "kind": kind, "link": "u0"}]})
    with pytest.raises(Failed, match=r"^u0: master: Device or resource busy: u0 has links on it that take its frames"):
        apply({"links": [{"name": "u0", "master": "br0"}]})
    apply({"links": [{"name": "u2", "master": "br0"}]})
    assert links()["u2"]["master"] == "br0"


@pytest.mark.needs_kind("ipvlan")
def test_macvlan_beside_ipvlan(apply: Apply) -> None:
    apply("links: [{name: i0, kind: ipvlan, link: u0}]")
    with pytest.raises(Failed, match=r"^m0: link: Device or resource busy: u0 is a port, or has links of another kind"):
        apply("links: [{name: m0, kind: macvlan, link: u0}]")


@pytest.mark.needs_kind("geneve")
def test_tunnel_whose_like_is_in_another_namespace(apply: Apply, x: str) -> None:
    link = {"name": "g0", "kind": "geneve", "vni": 5, "remote": "192.0.2.2", "dstport": 6082}
    apply({"links": [{**link, "netns": x, "link_netns": "host"}]})
    with pytest.raises(Failed, match=r"^g0: vni: Device or resource busy: a geneve link, perhaps in another namespace"):
        apply({"links": [link]})
    apply({"links": [{**link, "dstport": 6083}]})


@pytest.mark.parametrize("kind", ["macvlan", "macvtap"])
def test_passthru_is_alone_on_its_link(apply: Apply, kind: str) -> None:
    alone = {"name": "m0", "kind": kind, "mode": "passthru", "link": "u0"}
    beside = {"name": "m1", "kind": "macvlan", "link": "u0"}
    apply({"links": [alone]})
    with pytest.raises(Refused, match=r"^m1: mode: m0 is passthru, which must be alone on u0\. Give one"):
        apply({"links": [beside]})
    apply({"links": [{**beside, "link": "u1"}, {**alone, "mtu": 1400}]})
    with pytest.raises(Refused, match=r"^m0: mode: passthru must be alone on u1, and m1 is there\. Give one"):
        apply({"links": [{**alone, "link": "u1", "recreate": True}]})
    with pytest.raises(Refused, match=r"^m3: mode: m2 is passthru, which must be alone on u2\. Give one"):
        apply({"links": [{**alone, "name": "m2", "link": "u2"}, {**beside, "name": "m3", "link": "u2"}]})
    # In one run the one may give way to the other.
    apply({"links": [{"name": "m0", "state": "absent"}, {**beside, "name": "m2"}, {**beside, "name": "m3"}]})
    assert {"m1", "m2", "m3"} <= links().keys()
