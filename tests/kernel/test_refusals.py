# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Refuse what cannot be granted in one sentence, with the host as it was."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.plan import diff as diff_module
from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

from .look import everything

BAD = {
    "unknown option": ("links: [{name: b, kind: bridge, mtuu: 5}]", "b: unknown option 'mtuu', did you mean mtu?"),
    "an option that is null": ("links: [{name: b, kind: bridge, null: 5}]", "b: unknown option None, known are"),
    "an object's that is null": (
        "routes: [{dst: 10.0.0.0/8, null: 5}]",
        "route 10.0.0.0/8: unknown option None, known",
    ),
    "unknown section": ("link: []", "config: unknown option 'link', did you mean links?"),
    "unknown kind": ("links: [{name: b, kind: vxlann, vni: 1}]", "b: kind: unknown kind 'vxlann', did you mean vxlan?"),
    "wrong type": ("links: [{name: b, kind: bridge, mtu: many}]", "b: mtu: 'many' is not a whole number"),
    "VNI out of 24 bits": (
        "links: [{name: v, kind: vxlan, vni: 16777216}]",
        "v: vni: 16777216 is not within 0..16777215 (24",
    ),
    "name too long": ("links: [{name: sixteen-bytes-xx, kind: bridge}]", "links: sixteen-bytes-xx: name: "),
    "no such namespace": (
        "links: [{name: b, kind: bridge, netns: nowhere}]",
        "b in netns nowhere: netns: there is no namespace nowhere",
    ),
    "no such process": (
        "links: [{name: b, kind: bridge, netns: 'pid:999999999'}]",
        "b: netns: pid:999999999: there is no process",
    ),
    "no such parent": (
        "links: [{name: v, kind: vxlan, vni: 1, dstport: 4789, dev: eth9}]",
        "v: dev: there is no link eth9",
    ),
    "no such master": ("links: [{name: b, kind: bridge, master: br9}]", "b: master: there is no link br9"),
    "no such link": (
        "addresses: [{dev: eth9, address: 10.0.0.1/24}]",
        "address 10.0.0.1/24 on eth9: dev: there is no link eth9",
    ),
    "families": (
        "links: [{name: v, kind: vxlan, vni: 1, local: 10.0.0.1, remote: '2001:db8::1'}]",
        "v: local 10.0.0.1 and remote 2001:db8::1 are not of one address family",
    ),
    "VNI and port twice": (
        "links: [{name: v, kind: vxlan, vni: 1, dstport: 4789}, {name: w, kind: vxlan, vni: 1, dstport: 4789}]",
        "w: vni: v has the same vni 1, dstport 4789 already",
    ),
    "twice": ("links: [{name: b, kind: bridge}, {name: b, kind: bridge}]", "b: is in the desired state twice"),
    "host bits": (
        "routes: [{dst: 10.0.0.1/24, dev: lo}]",
        "route 10.0.0.1/24: dst: '10.0.0.1/24' is not an address with a prefix",
    ),
    "families of a route": (
        "routes: [{dst: '2001:db8::/64', via: 10.0.0.1, dev: lo}]",
        "route 2001:db8::/64: via: 10.0.0.1 is no gateway for an IPv6 route",
    ),
    "group MAC": (
        "links: [{name: b, kind: bridge, mac: '01:00:00:00:00:01'}]",
        "b: mac: 01:00:00:00:00:01 is not a unicast address",
    ),
    "no kind": ("links: [{name: eth7, mtu: 1400}]", "eth7: there is no such link"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence_and_changes_nothing(case: str, apply: Any) -> None:
    config, sentence = BAD[case]
    before = everything()
    with pytest.raises(Refused) as refusal:
        apply(config)
    assert str(refusal.value).startswith(sentence)
    assert "\n" not in str(refusal.value)
    assert everything() == before


def test_link_that_is_there_and_claims_the_same(apply: Any) -> None:
    subprocess.run(["ip", "link", "add", "v", "type", "vxlan", "id", "1", "dstport", "4789"], check=True)
    with pytest.raises(Refused, match="w: vni: v has the same vni 1, dstport 4789 already"):
        apply("links: [{name: w, kind: vxlan, vni: 1, dstport: 4789}]")


def test_kernel_without_the_kind(apply: Any, kernel_facts: Any) -> None:
    """The native kernel of this machine lacks geneve; where it has it there is nothing to see."""
    if "geneve" in kernel_facts.kinds:
        with pytest.raises(Refused, match="vni or external"):
            apply("links: [{name: g, kind: geneve}]")
        return
    with pytest.raises(Refused, match=r"g: kind: this kernel has no geneve \(module geneve\)"):
        apply("links: [{name: g, kind: geneve, vni: 1, remote: 192.0.2.1}]")
    assert everything() == []


def test_kernel_error_names_object_and_option(apply: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    apply("links: [{name: b, kind: bridge}]")
    with pytest.raises(Failed, match=r"^b: mtu: Invalid argument - kernel: mtu greater than device maximum\. Nothing"):
        apply("links: [{name: b, kind: bridge, mtu: 99999999}]")
    too_short = "links: [{name: b, kind: bridge, forward_delay: 1, stp_state: true}]"
    with pytest.raises(Refused, match=r"^b: forward_delay: 1 is not within 200\.\.3000"):
        apply(too_short)
    # Asked all the same, the kernel says it without a sentence of its own.
    monkeypatch.setattr(diff_module, "check_kind", lambda _change: None)
    with pytest.raises(Failed, match=r"^b: forward_delay: Numerical result out of range\. Nothing"):
        apply(too_short)


FAMILIES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a remote of IPv6 for none": ({}, {"remote": "2001:db8::2"}),
    "none for a remote of IPv6": ({"remote": "2001:db8::2"}, {"remote": "none"}),
    "a source of IPv6 for none": ({}, {"local": "2001:db8::1"}),
    "none for a source of IPv6": ({"local": "2001:db8::1"}, {"local": "none"}),
    "no underlay link": ({"dev": "lo"}, {"dev": "none"}),
}


@pytest.mark.parametrize("case", FAMILIES)
def test_what_a_vxlan_link_has_from_its_beginning(case: str, apply: Any, tell: Any) -> None:
    """The kernel refuses another family, or passes over it; a new link has it."""
    old, new = FAMILIES[case]
    base = {"name": "v", "kind": "vxlan", "vni": 5, "dstport": 4789}
    apply({"links": [{**base, **old}]})
    (name, value), index = next(iter(new.items())), tell("ip -j link show v")[0]["ifindex"]
    with pytest.raises(Refused, match=f"v: {name}: the kernel cannot change it on a living link"):
        apply({"links": [{**base, **new}]})
    assert tell("ip -j link show v")[0]["ifindex"] == index
    apply({"links": [{**base, **new, "recreate": True}]})
    data = tell("ip -j -d link show v")[0]["linkinfo"]["info_data"]
    told = {"remote": "remote6", "local": "local6", "dev": "link"}[name]
    assert data.get(told) == (None if value == "none" else value)
    assert apply({"links": [{**base, **new}]}).commands == []


def test_no_address_within_the_family_of_a_vxlan_link(apply: Any, tell: Any) -> None:
    """With a source of IPv6 the remote goes and comes in place."""
    base = {"name": "v", "kind": "vxlan", "vni": 5, "dstport": 4789, "local": "2001:db8::1"}
    indices = set()
    for remote in ("2001:db8::2", "none", "2001:db8::3"):
        apply({"links": [{**base, "remote": remote}]})
        (link,) = tell("ip -j -d link show v")
        indices.add(link["ifindex"])
        assert link["linkinfo"]["info_data"].get("remote6") == (None if remote == "none" else remote)
        assert apply({"links": [{**base, "remote": remote}]}).commands == []
    assert len(indices) == 1


def test_tables_and_ports_that_a_link_cannot_have(apply: Any, tell: Any) -> None:
    tunnel = {"name": "v", "kind": "vxlan", "dstport": 4789}
    pair = {"name": "w", "kind": "veth", "peer": {"name": "x"}}
    apply({"links": [{"name": "br", "kind": "bridge"}]})
    for item, reason in (
        ({**tunnel, "vni": 5, "vnis": [5]}, "v: vnis: needs vnifilter True, and that is False"),
        ({**tunnel, "vni": 5, "vnifilter": True}, "v: vnifilter: needs external True, and that is False"),
        ({**pair, "port": {"cost": 5}}, "w: port: dev: w is no port: it has no master"),
    ):
        with pytest.raises(Refused, match=reason):
            apply({"links": [item]})
    assert {link["ifname"] for link in tell("ip -j link")} == {"lo", "br"}
    apply({"links": [{**tunnel, "external": True, "vnifilter": True, "vnis": [5]}, {**pair, "master": "br"}]})
    apply({"ports": [{"dev": "w", "cost": 5}], "links": [{**tunnel, "vnis": [5, 6]}]})


@pytest.mark.needs_kind("vrf")
def test_ports_of_what_is_no_bridge(apply: Any) -> None:
    pair = {"name": "w", "kind": "veth", "peer": {"name": "x"}, "master": "red"}
    reason = "w: port: dev: w is no port of a bridge: its master red is a vrf"
    red = {"name": "red", "kind": "vrf", "table": 5}
    with pytest.raises(Refused, match=reason):
        apply({"links": [red, {**pair, "port": {"cost": 5}}]})
    apply({"links": [red, pair]})
    with pytest.raises(Refused, match=reason):
        apply({"ports": [{"dev": "w", "cost": 5}]})
