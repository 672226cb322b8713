# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Name the cause of each harm that is done to a lab that went well, and show it in the report."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._verify.host_view import HostView
from ansible_collections.netloom.overlay.plugins.module_utils._verify.report import verdict
from ansible_collections.netloom.overlay.plugins.module_utils._verify.targets import pairs, underlay

from .verify_cases import State


def healthy(intent: dict[str, Any]) -> State:
    """Make the state of a host on which all went as the intent wishes."""
    config = intent["config"]
    state: State = {"namespaces": {}, "forward": [["-P FORWARD ACCEPT"]], "bridge_nf": "0"}

    def namespace(netns: str) -> State:
        empty: State = {"links": [], "routes": [], "neighbors": [], "fdb": [], "sysctls": {}, "path_mtus": {}}
        made: State = state["namespaces"].setdefault(netns, empty)
        return made

    def add(link: State) -> None:
        row = {key: value for key, value in link.items() if key not in ("netns", "peer", "port", "fdb", "alias")}
        place = namespace(link.get("netns", ""))
        place["links"].append({"up": True, "addresses": [], "mac": "02:00:00:00:00:01", **row})
        for address in link.get("addresses", ()):
            place["routes"].append({"dst": address, "dev": link["name"]})
        for entry in link.get("fdb", ()):
            place["fdb"].append({**entry, "ifname": link["name"]})
        if "peer" in link:
            add({"kind": "veth", **link["peer"]})

    namespace("")["links"].append(
        {"name": "eth0", "kind": "", "up": True, "mtu": 1500, "addresses": [intent["underlay"]["address"] + "/24"]}
    )
    for link in config["links"]:
        add(link)
    for route in config.get("routes", ()):
        namespace(route.get("netns", ""))["routes"].append(dict(route))
    for row in config.get("neighbors", ()):
        namespace(row.get("netns", ""))["neighbors"].append(
            {"dst": row["dst"], "dev": row["dev"], "lladdr": row["mac"], "state": ["PERMANENT"]}
        )
    return state


def told(
    intents: dict[str, Any],
    broken: set[tuple[str, str, str]],
    harm: Callable[[dict[str, State]], Any] = dict,
    **fault: Any,
) -> Any:
    """Give the verdict when these (network, source, target) fail, after the hosts' states were harmed."""
    states = {name: healthy(intent) for name, intent in intents.items()}
    harm(states)
    views = {}
    for name, intent in intents.items():
        rows = []
        for pair in pairs(name, intent):
            row = {"network": pair.network, "source": pair.source, "target": pair.target, "address": pair.address}
            row.update(mtu=pair.mtu, sent=3, received=3, ms=0.25, full=True, over=False)
            if (pair.network, pair.source, pair.target) in broken:
                row.update(fault or {"received": 0, "ms": None, "full": None, "over": None})
            rows.append(row)
        peers = {peer: {"address": vtep, "received": 3, "full": True} for peer, vtep in underlay(intent).items()}
        views[name] = HostView(name, intent, {"pairs": rows, "underlay": peers}, states[name])
    return verdict(views)


def host(states: dict[str, State], name: str, netns: str = "") -> State:
    place: State = states[name]["namespaces"][netns]
    return place


def link(states: dict[str, State], name: str, device: str, netns: str = "") -> State:
    found: State = next(row for row in host(states, name, netns)["links"] if row["name"] == device)
    return found


def tunnel(intents: dict[str, Any], name: str, network: str, peer: str) -> str:
    alias = f"{network} to {peer}"
    return str(next(row["name"] for row in intents[name]["config"]["links"] if row.get("alias") == alias))


def test_nothing_wrong_nothing_told(intents: dict[str, Any]) -> None:
    found = told(intents, set())
    assert found.causes == ()
    assert "All 74 pairs of 4 hosts reach each other." in found.text
    assert found.failed == 0


AMBER = {("amber", "box1", "node2"), ("amber", "node2", "box1")}


def test_a_missing_return_route_is_named_for_both_directions(intents: dict[str, Any]) -> None:
    def harm(states: dict[str, State]) -> None:
        place = host(states, "node2")
        place["routes"] = [row for row in place["routes"] if row["dst"] != "169.254.67.1/32"]

    found = told(intents, AMBER, harm)
    assert len(found.causes) == 1
    assert found.causes[0].startswith("node2: there is no route to 169.254.67.1 (box1)")
    assert "return route is missing" in found.causes[0]
    assert "breaks amber: box1 -> node2, node2 -> box1" in found.text


def test_a_return_route_through_the_port_is_named(intents: dict[str, Any]) -> None:
    port = tunnel(intents, "node2", "amber", "node1")

    def harm(states: dict[str, State]) -> None:
        for row in host(states, "node2")["routes"]:
            if row["dst"] == "169.254.67.1/32":
                row["dev"] = port

    found = told(intents, AMBER, harm)
    assert found.causes == (
        f"node2: the route to 169.254.67.1 (box1) goes through {port}, a port of the bridge amber,"
        " and not through the bridge itself",
    )


BLUE = {("blue", "client1", "client2"), ("blue", "client2", "client1")}


@pytest.mark.parametrize(
    ("rules", "bridge_nf", "named"),
    [
        (["-P FORWARD DROP"], "1", True),
        (["-P FORWARD DROP", "-A FORWARD -i blue -o blue -j ACCEPT"], "1", False),
        (["-P FORWARD DROP", "-A FORWARD -i other -o other -j ACCEPT"], "1", True),
        (["-P FORWARD DROP", "-A FORWARD -p tcp -j ACCEPT"], "1", True),
        (["-P FORWARD DROP"], "0", False),
        (["-P FORWARD ACCEPT"], "1", False),
    ],
)
def test_a_forward_policy_that_drops_bridged_packets_is_named(
    intents: dict[str, Any], rules: list[str], bridge_nf: str, named: bool
) -> None:
    def harm(states: dict[str, State]) -> None:
        states["node2"].update(forward=[["-P FORWARD ACCEPT"], rules], bridge_nf=bridge_nf)

    found = told(intents, BLUE, harm)
    assert any("node2: the policy of the chain FORWARD is DROP" in one for one in found.causes) == named
    assert named or "no cause found" in found.causes[0]


def test_a_remote_a_port_and_a_vni_that_differ_are_named(intents: dict[str, Any]) -> None:
    device = tunnel(intents, "node1", "blue", "node2")

    def harm(states: dict[str, State]) -> None:
        link(states, "node1", device).update(remote="10.0.0.9", vni=1001, dstport=6081)

    found = told(intents, {("blue", "node1", "node2")}, harm)
    called = f"node1: link {device} (blue to node2) has"
    assert set(found.causes) == {
        f"{called} remote 10.0.0.9, not 10.0.0.2",
        f"{called} VNI 1001, not 1000, as the end on node2 has it",
        f"{called} port 6081, not 6082, as the end on node2 has it",
    }


def test_what_follows_from_a_missing_link_is_not_told(intents: dict[str, Any]) -> None:
    def harm(states: dict[str, State]) -> None:
        place = host(states, "node2")
        place.update(links=[row for row in place["links"] if row["name"] != "red"], neighbors=[])
        place["routes"] = [row for row in place["routes"] if row["dev"] != "red"]

    found = told(intents, {("red", "node1", "node2"), ("red", "node2", "node1")}, harm)
    assert found.causes == ("node2: link red (red) is missing",)


def test_a_route_elsewhere_and_its_reverse_path_filter_are_named(intents: dict[str, Any]) -> None:
    def harm(states: dict[str, State]) -> None:
        place = host(states, "node2")
        place["routes"].append({"dst": "10.20.2.1", "dev": "eth0"})
        place["sysctls"] = {"all": {"rp_filter": "0"}, "red": {"rp_filter": "1"}}

    found = told(intents, {("red", "node1", "node2")}, harm)
    assert "node2: the route to 10.20.2.1 (node1) goes through eth0, not through red" in found.causes
    assert any(one.startswith("node2: rp_filter of red is 1") for one in found.causes)


def test_a_namespace_that_is_gone_is_named(intents: dict[str, Any]) -> None:
    def harm(states: dict[str, State]) -> None:
        states["node1"]["namespaces"]["pidfile:/run/box1.pid"] = {"error": "pidfile /run/box1.pid: No such file"}

    assert told(intents, AMBER, harm).causes == ("node1: pidfile /run/box1.pid: No such file",)


def test_lost_large_packets_are_traced_to_the_link(intents: dict[str, Any]) -> None:
    def harm(states: dict[str, State]) -> None:
        link(states, "node2", "eth0").update(mtu=1400)

    found = told(intents, {("red", "node1", "node2")}, harm, full=False)
    assert "node2: the underlay link eth0 has MTU 1400, the inventory counts on 1500" in found.causes
    assert "node1 -> node2 (1450 bytes)" in found.text
    assert " MTU" in found.text


def test_packets_that_are_too_large_and_pass_are_wrong_too(intents: dict[str, Any]) -> None:
    def harm(states: dict[str, State]) -> None:
        link(states, "node1", "red").update(mtu=1500)

    found = told(intents, {("red", "node1", "node2")}, harm, over=True)
    assert found.causes == ("node1: link red has MTU 1500, not 1450",)


def test_a_host_outside_the_run_is_said_to_be_unknown(intents: dict[str, Any]) -> None:
    del intents["node2"]
    found = told(intents, {("red", "node1", "node2")})
    assert found.causes == ("no cause found: node2 told no state",)


def test_a_host_that_could_not_be_asked_is_a_failure() -> None:
    assert verdict({}, ["node9"]).causes == ("node9 could not be asked: nothing is known of it",)


def test_loss_is_shown(intents: dict[str, Any]) -> None:
    found = told(intents, {("red", "node1", "node2")}, received=2)
    assert found.causes == ()
    assert "0.25 (1 lost)" in found.text


def test_a_wide_network_shows_failures_only(intents: dict[str, Any]) -> None:
    rows = [
        {"network": "n", "source": f"node{a}", "target": f"node{b}", "address": f"10.1.1.{b}"}
        | {"mtu": 1450, "sent": 3, "received": 0 if (a, b) == (2, 11) else 3, "ms": 0.1, "full": True, "over": False}
        for a in range(1, 21)
        for b in range(1, 21)
        if a != b
    ]
    network = {"encap": "vxlan", "topology": "mesh", "vni": 5, "dstport": 4789, "mtu": 1450}
    found = verdict({"node1": HostView("node1", {"networks": {"n": network}}, {"pairs": rows})})
    assert [line.split() for line in found.text.splitlines()[1:3]] == [
        ["from", "\\", "to", "(ms)", "node11"],
        ["node2", "FAIL"],
    ]
