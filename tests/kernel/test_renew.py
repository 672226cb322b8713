# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make a link of each kind anew, with all that hangs on it; iproute2 tells that it is as it was."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.registry import KINDS

from .look import lines

LOWER = {"name": "lower", "kind": "bridge", "mac": "02:00:00:00:00:0f"}
OTHER = {"name": "other", "kind": "bridge", "mac": "02:00:00:00:00:0e"}
#: Of each kind: what the link is made with, and what the kernel gives a new link only. A kind without such an option is
#: made anew from a link of another kind.
ANEW: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "vxlan": ({"vni": 5, "dstport": 4789, "ttl": 7, "learning": False}, {"dstport": 4790}),
    "geneve": ({"vni": 5, "remote": "192.0.2.2", "ttl": 7}, {"dstport": 6082}),
    "veth": ({"peer": {"name": "t1"}}, {"peer": {"name": "t2"}}),
    "macvlan": ({"link": "lower", "mode": "bridge", "bcqueuelen": 500}, {"link": "other"}),
    "macvtap": ({"link": "lower", "mode": "bridge", "bcqueuelen": 500}, {"link": "other"}),
    "ipvlan": ({"link": "lower", "mode": "l2"}, {"link": "other"}),
    "ipvtap": ({"link": "lower", "mode": "l2"}, {"link": "other"}),
    "vlan": ({"link": "lower", "id": 5, "gvrp": True, "egress_qos_map": ["1:2"]}, {"id": 6}),
    "vrf": ({"table": 100}, {"table": 101}),
    "tun": ({"mode": "tap", "multi_queue": False}, {"multi_queue": True}),
    "bridge": ({"kind": "vxlan", "vni": 6, "dstport": 4791}, {}),
    "dummy": ({"kind": "vxlan", "vni": 6, "dstport": 4791}, {}),
}
#: Kinds whose links are no ports of a bridge: their packets go where their own kind says.
NO_PORTS = ("bridge", "ipvlan", "ipvtap", "macvtap", "vrf")
NEEDS = {"ipvtap": "ipvlan", "macvtap": "macvlan"}
#: What only the kind before has, and what changes with the other lower link or by itself.
_FLEETING = re.compile(r"^\d+: |valid_lft \S+|preferred_lft \S+|tentative|dadfailed|linkdown|expires \S+|used \S+")


def config(kind: str, options: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Give a link with everything on it: addresses, routes, neighbors, a port's options, FDB entries, a link above."""
    port = kind not in NO_PORTS
    link: dict[str, Any] = {
        "name": "t0",
        "kind": kind,
        "mtu": 1400,
        "alias": "a link",
        "altnames": ["another-name", "a:third"],
        "txqueuelen": 77,
        "addrgenmode": "none",
        "addresses": ["10.9.0.1/24", "10.9.0.2/24", "2001:db8:9::1/64"],
        **options,
        **more,
    }
    if kind not in ("ipvlan", "ipvtap"):  # they have their lower link's
        link["mac"] = "02:00:00:00:00:0a"
    wish: dict[str, Any] = {"links": [LOWER, OTHER, {"name": "br", "kind": "bridge"}, link]}
    wish["routes"] = [
        {"dst": "10.77.0.0/16", "via": "10.9.0.9", "dev": "t0", "metric": 50},
        {"dst": "2001:db8:77::/64", "via": "2001:db8:9::9", "dev": "t0"},
    ]
    wish["neighbors"] = [{"dst": "10.9.0.7", "mac": "02:00:00:00:00:07", "dev": "t0"}]
    wish["sysctls"] = [{"dev": "t0", "name": "ipv4.proxy_arp", "value": 1}]
    if port:
        link["master"] = "br"
        link["port"] = {"isolated": True, "learning": False, "priority": 5, "cost": 77, "neigh_suppress": True}
        wish["fdb"] = [{"dev": "t0", "mac": "02:00:00:00:00:06", "target": "master", "nud": "static"}]
    elif kind in ("bridge", "vrf"):
        above = {"name": "above", "kind": "veth", "master": "t0", "peer": {"name": "beyond"}}
        wish["links"].append({**above, **({"port": {"isolated": True, "cost": 9}} if kind == "bridge" else {})})
    return wish


def snapshot() -> dict[str, list[str]]:
    """Tell what hangs on t0, as iproute2 shows it."""
    told = {
        "addresses": lines("ip -o addr show dev t0"),
        "routes": lines("ip route show dev t0") + lines("ip -6 route show dev t0 proto 110"),
        "neighbors": lines("ip neigh show dev t0 nud permanent"),
        "fdb": [line for line in lines("bridge fdb show dev t0") if "02:00:00:00:00:06" in line],
        "port": lines("bridge -d link show dev t0"),
        "above": [line for line in lines("bridge -d link show") if "above" in line],
        "proxy_arp": [Path("/proc/sys/net/ipv4/conf/t0/proxy_arp").read_text(encoding="ascii").strip()],
    }
    return {
        what: [" ".join(re.sub(r"@\S+|state \S+|<\S+>", "", _FLEETING.sub("", line)).split()) for line in found]
        for what, found in told.items()
    }


def test_every_kind_is_here() -> None:
    assert set(ANEW) == set(KINDS)


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.needs_kind(NEEDS.get(kind, kind))) for kind in sorted(ANEW)]
)
def test_what_hangs_on_a_link_is_back(kind: str, apply: Any, tell: Any) -> None:
    first, changed = ANEW[kind]
    wish = config(kind, {**first})
    if first.get("kind", kind) != kind:
        # As a link of another kind it has all that a link can have; ports of a bridge come with the bridge.
        wish["links"] = [link for link in wish["links"] if link["name"] != "above"]
    apply(wish)
    before, (link,) = snapshot(), tell("ip -j -d link show dev t0")
    assert all(before[what] for what in ("addresses", "routes", "neighbors", "proxy_arp"))
    assert before["proxy_arp"] == ["1"]
    anew: dict[str, Any] = {"name": "t0", "kind": kind, **changed, "recreate": True}
    report = apply({"links": [anew]})
    (renewed,) = tell("ip -j -d link show dev t0")
    assert renewed["ifindex"] != link["ifindex"], "it was not made anew"
    assert snapshot() == before
    kept = ["ifalias", "txqlen", "mtu", "master", "inet6_addr_gen_mode"]
    kept += [] if kind in ("ipvlan", "ipvtap") else ["address"]  # theirs is that of the link beneath
    assert {key: renewed.get(key) for key in kept} == {key: link.get(key) for key in kept}
    assert any(line.startswith("ip link del") for line in report.commands)
    options = {key: value for key, value in first.items() if key != "kind"} if kind == first.get("kind", kind) else {}
    settled = config(kind, {**options, **changed})
    if kind in ("bridge", "dummy"):
        settled["links"] = [link for link in settled["links"] if link["name"] != "above"]
    assert apply(settled).commands == []


@pytest.mark.parametrize("kind", ["bridge", pytest.param("vrf", marks=pytest.mark.needs_kind("vrf"))])
def test_ports_of_a_link_made_anew_are_its_ports_again(kind: str, apply: Any, tell: Any) -> None:
    first = {"table": 100} if kind == "vrf" else {}
    apply(config(kind, first))
    before = snapshot()["above"]
    assert tell("ip -j link show dev above")[0]["master"] == "t0"
    other = {"table": 101} if kind == "vrf" else {"kind": "vrf"}
    if kind == "vrf":
        apply({"links": [{"name": "t0", "kind": "vrf", **other, "recreate": True}]})
    else:
        apply({"links": [{"name": "br", "kind": "bridge", "state": "absent"}]})
        apply({"links": [{"name": "above", "kind": "veth", "recreate": True, "peer": {"name": "farther"}}]})
    assert tell("ip -j link show dev above")[0]["master"] == "t0"
    assert snapshot()["above"] == before
