# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Try links that are made on another one: ipvlan, macvlan, vlan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest import mock

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.registry import KINDS

pytestmark = pytest.mark.needs_kind("dummy", "ipvlan", "vlan")

LOWER = "{name: lower, kind: dummy, mac: '02:00:00:00:00:01'}"
TWO = f"""
netns: [{{name: a}}, {{name: b}}]
links:
  - {LOWER}
  - {{name: iv0, kind: ipvlan, link: lower, mode: l2, netns: a, link_netns: host, addresses: [10.0.0.2/24]}}
  - {{name: iv1, kind: ipvlan, link: lower, mode: l2, netns: b, link_netns: host, addresses: [10.0.0.3/24]}}
"""


def info(tell: Any, name: str, netns: str = "") -> dict[str, Any]:
    """Return a link's own data as iproute2 tells them."""
    tool = f"ip -n {netns}" if netns else "ip"
    return tell(f"{tool} -j -d link show dev {name}")[0]["linkinfo"]["info_data"]


def test_ipvlan_mode_belongs_to_the_lower_link(apply: Any, tell: Any) -> None:
    apply(TWO)
    assert not apply(TWO).changed
    one = "links: [{name: iv0, kind: ipvlan, link: lower, mode: l3, netns: a, link_netns: host}]"
    foretold = apply(one, check=True)
    assert foretold.commands == [
        "ip -n a link set dev iv0 type ipvlan mode l3",
        "ip -n b link set dev iv1 type ipvlan mode l3",
    ]
    assert apply(one).commands == foretold.commands
    assert (info(tell, "iv0", "a")["mode"], info(tell, "iv1", "b")["mode"]) == ("l3", "l3")
    with pytest.raises(Refused, match=r"iv1 in netns b: mode: l2 here and l3s for iv0 .* share one"):
        apply(TWO.replace("mode: l2", "mode: l3s", 1))
    assert info(tell, "iv0", "a")["mode"] == "l3", "a refused wish was granted"


@pytest.mark.parametrize("kind", ["ipvlan", "ipvtap"])
def test_ipvlan_flag(kind: str, apply: Any, tell: Any) -> None:
    base = f"links: [{LOWER}, {{name: iv0, kind: {kind}, link: lower, mode: l2, flag: %s}}]"
    for flag in ("private", "vepa", "bridge"):
        apply(base % flag)
        assert {word for word in ("private", "vepa", "bridge") if word in info(tell, "iv0")} == {flag}
        assert not apply(base % flag).changed


def test_lower_link_that_is_not_there(apply: Any) -> None:
    with pytest.raises(Refused, match="iv0: link: there is no link eth7"):
        apply("links: [{name: iv0, kind: ipvlan, link: eth7}]")
    with pytest.raises(Refused, match="iv0: link: a new ipvlan link needs it"):
        apply("links: [{name: iv0, kind: ipvlan}]")


def test_other_lower_link_needs_a_new_one(apply: Any, tell: Any) -> None:
    base = "links: [%s, {name: other, kind: dummy}, {name: mv, kind: macvlan, link: %s%s}]"
    apply(base % (LOWER, "lower", ""))
    assert tell("ip -j link show dev mv")[0]["link"] == "lower"
    with pytest.raises(Refused, match=r"mv: link: .*lower -> other.*recreate: true"):
        apply(base % (LOWER, "other", ""))
    apply(base % (LOWER, "other", ", recreate: true"))
    assert tell("ip -j link show dev mv")[0]["link"] == "other"


def test_links_above_a_recreated_one_come_back(apply: Any, tell: Any) -> None:
    base = (
        "links: [%s, {name: mv, kind: macvlan, link: lower, mode: %s%s},"
        " {name: vl, kind: vlan, link: mv, id: 7, addresses: [10.7.0.1/24]}]"
    )
    apply(base % (LOWER, "bridge", ""))
    index = tell("ip -j link show dev vl")[0]["ifindex"]
    apply(base % (LOWER, "passthru", ", recreate: true") + "\n")
    apply("links: [{name: mv, kind: macvlan, link: other, recreate: true}, {name: other, kind: dummy}]")
    assert tell("ip -j link show dev vl")[0]["ifindex"] != index
    assert tell("ip -j addr show dev vl")[0]["addr_info"][0]["local"] == "10.7.0.1"


def test_macvlan_source_list(apply: Any, tell: Any) -> None:
    base = "links: [%s, {name: mv, kind: macvlan, link: lower, mode: source, macaddrs: %s}]"
    for macs in (["02:00:00:00:00:05", "02:00:00:00:00:04"], ["02:00:00:00:00:06"], []):
        apply(base % (LOWER, macs))
        assert sorted(info(tell, "mv").get("macaddr_data", [])) == sorted(macs)
        assert not apply(base % (LOWER, macs)).changed


def test_vlan_flags_and_maps(apply: Any, tell: Any) -> None:
    base = "links: [%s, {name: vl, kind: vlan, link: lower, id: 5, %s}]"
    flags = {"reorder_hdr": "REORDER_HDR", "gvrp": "GVRP", "mvrp": "MVRP", "loose_binding": "LOOSE_BINDING"}
    flags["bridge_binding"] = "BRIDGE_BINDING"
    for option, word in flags.items():
        for value in (True, False):
            apply(base % (LOWER, f"{option}: {str(value).lower()}"))
            assert (word in info(tell, "vl").get("flags", [])) == value
            assert not apply(base % (LOWER, f"{option}: {str(value).lower()}")).changed
    for ingress, egress in ((["1:5", "2:6"], ["0:7", "3:4"]), (["1:2"], []), ([], ["9:1"]), ([], [])):
        apply(base % (LOWER, f"ingress_qos_map: {ingress}, egress_qos_map: {egress}"))
        told = {
            key: [f"{pair['from']}:{pair['to']}" for pair in info(tell, "vl").get(key, [])]
            for key in (
                "ingress_qos",
                "egress_qos",
            )
        }
        assert told == {"ingress_qos": ingress, "egress_qos": egress}
        assert not apply(base % (LOWER, f"ingress_qos_map: {ingress}, egress_qos_map: {egress}")).changed
    with pytest.raises(Refused, match=r"vl: ingress_qos_map: 8:1 is not within 0..7"):
        apply(base % (LOWER, "ingress_qos_map: ['8:1']"))


def test_new_ipvlan_link_joins_its_siblings(apply: Any, tell: Any) -> None:
    apply(TWO)
    report = apply("links: [{name: iv2, kind: ipvlan, link: lower}]")
    assert (info(tell, "iv2")["mode"], info(tell, "iv0", "a")["mode"]) == ("l2", "l2")
    assert any("mode l2" in line for line in report.commands)


def test_half_a_step_is_taken_back(apply: Any, tell: Any) -> None:
    """macvlan_changelink() sets the mode and empties the list before it refuses a list outside source mode.

    The engine refuses such a list before the kernel is asked: here it is made to forget that rule.
    """
    mac = "02:00:00:00:00:05"
    apply(f"links: [{LOWER}, {{name: mv, kind: macvlan, link: lower, mode: source, macaddrs: ['{mac}']}}]")
    wish = f"links: [{{name: mv, kind: macvlan, mode: bridge, macaddrs: ['{mac}', '02:00:00:00:00:06']}}]"
    with pytest.raises(Refused, match=r"mv: macaddrs: needs mode source"):
        apply(wish)
    without_rule = replace(KINDS["macvlan"], only_with={})
    with mock.patch.dict(KINDS, macvlan=without_rule), pytest.raises(Failed, match=r"mv: .*Nothing was changed"):
        apply(wish)
    assert (info(tell, "mv")["mode"], info(tell, "mv").get("macaddr_data")) == ("source", [mac])


def test_source_link_made_anew_in_another_mode(apply: Any, tell: Any) -> None:
    apply(f"links: [{LOWER}, {{name: mv, kind: macvlan, link: lower, mode: source, macaddrs: ['02:00:00:00:00:05']}}]")
    apply("links: [{name: mv, kind: macvlan, mode: passthru, macaddrs: [], recreate: true}]")
    assert info(tell, "mv")["mode"] == "passthru"


def test_ipvtap_and_its_lower_link_are_in_one_namespace(apply: Any, tell: Any) -> None:
    """For want of a get_link_net of ipvtap the kernel tells the lower link's index, but not where that counts."""
    config = "{netns: [{name: a}], links: [%s, {name: it0, kind: ipvtap, link: lower, mode: l2%s}]}"
    with pytest.raises(Refused, match=r"it0 in netns a: link_netns: the kernel does not tell in which namespace"):
        apply(config % (LOWER, ", netns: a, link_netns: host"))
    apply(config % (LOWER, ", link_netns: host"))
    assert tell("ip -j link show dev it0")[0]["link"] == "lower"
    assert not apply(config % (LOWER, ", link_netns: host")).changed
