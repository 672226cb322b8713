# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whatever the fleet: derived values are valid and unique, and a host or network more or less moves no other."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.netloom.overlay.plugins.module_utils._fleet import derive
from ansible_collections.netloom.overlay.plugins.module_utils._fleet.values import ifname_fault

_SPEC = importlib.util.spec_from_file_location("fabric_cases", Path(__file__).with_name("fabric_cases.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
cases = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(cases)

KINDS: list[dict[str, Any]] = [
    {"encap": "geneve", "topology": "mesh"},
    {"encap": "vxlan", "topology": "mesh", "replication": "static"},
    {"encap": "vxlan", "topology": "mesh", "replication": "learning"},
    {"encap": "geneve", "topology": "hub", "hubs": "node1"},
    {"encap": "vxlan", "topology": "routed", "dstport": 4790, "host_prefix": 24},
]
NAMES = st.text("abcxyz019-_", min_size=1, max_size=20).filter(lambda name: name != "all")


@st.composite
def sources(draw: st.DrawFn) -> tuple[dict[str, Any], list[str]]:
    """Draw a source and its hosts; each network has its own subnet, a third of them give their VNI."""
    hosts = [f"node{n}" for n in sorted(draw(st.sets(st.integers(2, 30), min_size=2, max_size=6)) | {1})]
    names = draw(st.lists(NAMES, min_size=2, max_size=5, unique=True))
    networks: dict[str, Any] = {}
    for position, name in enumerate(names):
        row = dict(draw(st.sampled_from(KINDS)))
        bits = 16 if row["topology"] == "routed" else 24
        row.update(hosts="all", subnet=f"10.{100 + position}.0.0/{bits}")
        if draw(st.integers(0, 2)) == 0:
            row["vni"] = 500 + position
        networks[name] = row
    return {"networks": networks}, hosts


def world(source: dict[str, Any], hosts: list[str], ledger: Any) -> dict[str, Any]:
    """Resolve for the hosts, each with an underlay address of its own."""
    variables = {host: {"underlay": {"address": f"192.0.2.{host[4:]}"}} for host in hosts}
    found: dict[str, Any] = cases.solve(source, variables, ledger).hosts
    return found


def record(source: dict[str, Any], hosts: list[str]) -> Any:
    """Return the ledger after the proposal was recorded."""
    return cases.recorded(source, {host: {"underlay": {"address": f"192.0.2.{host[4:]}"}} for host in hosts})


def derived(host: dict[str, Any], without_network: str, without_host: str) -> dict[Any, Any]:
    """Give what must not move: each link's name, MAC and VNI by its alias, each network's VNI and addresses."""
    kept: dict[Any, Any] = {}
    for link in host["config"].get("links", []):
        network, _to, peer = link["alias"].partition(" to ")
        if network != without_network and peer != without_host:
            kept[link["alias"], link["kind"]] = (link["name"], link["mac"], link.get("vni"), link.get("addresses"))
    for name, row in host["networks"].items():
        if name != without_network:
            kept[name] = (row["vni"], row["mac"], row["addresses"], row["device"])
            for peer, member in row["members"].items():
                if peer != without_host:
                    kept[name, peer] = member
    return kept


@given(sources(), st.data())
@settings(deadline=None, max_examples=60)
def test_one_host_or_network_less_moves_no_other(drawn: tuple[dict[str, Any], list[str]], data: st.DataObject) -> None:
    source, hosts = drawn
    ledger = record(source, hosts)
    gone_network = data.draw(st.sampled_from(sorted(source["networks"])))
    gone_host = data.draw(st.sampled_from(hosts[1:]))  # node1 is the hub
    fewer = {"networks": {name: row for name, row in source["networks"].items() if name != gone_network}}
    stay = [host for host in hosts if host != gone_host]
    before, after = world(source, hosts, ledger), world(fewer, stay, ledger)
    # A routed network of its own on the shared external link may be the one that is gone: its addresses go with it.
    for host in stay:
        one, other = derived(before[host], gone_network, gone_host), derived(after[host], gone_network, gone_host)
        one.pop(("routed networks", "vxlan"), None)
        other.pop(("routed networks", "vxlan"), None)
        assert one == other
    # And back: the host and the network return with what they had.
    assert world(source, hosts, ledger) == before


@given(sources())
@settings(deadline=None, max_examples=60)
def test_what_is_derived_is_valid_and_unique(drawn: tuple[dict[str, Any], list[str]]) -> None:
    source, hosts = drawn
    ledger = record(source, hosts)
    found = world(source, hosts, ledger)
    assert (
        cases.solve(source, {h: {"underlay": {"address": f"192.0.2.{h[4:]}"}} for h in hosts}, ledger).proposed_data()
        == {}
    )
    macs: dict[str, tuple[str, str]] = {}
    for host, value in found.items():
        names = [link["name"] for link in value["config"]["links"]]
        assert len(names) == len(set(names))
        assert not [name for name in names if ifname_fault(name)]
        for link in value["config"]["links"]:
            first = int(link["mac"][:2], 16)
            assert first & 3 == 2, "locally administered, unicast"
            assert macs.setdefault(link["mac"], (host, link["name"])) == (host, link["name"])


@given(sources())
@settings(deadline=None, max_examples=30)
def test_the_order_of_hosts_and_networks_means_nothing(drawn: tuple[dict[str, Any], list[str]]) -> None:
    source, hosts = drawn
    turned = {"networks": dict(reversed(list(source["networks"].items())))}
    assert record(source, hosts) == record(turned, hosts[::-1])
    ledger = record(source, hosts)
    assert world(source, hosts, ledger) == world(turned, hosts[::-1], ledger)


@given(NAMES)
def test_every_network_name_gives_a_bridge_name(name: str) -> None:
    assert ifname_fault(derive.bridge_name(name)) == ""


def test_names_that_others_use_are_hashed() -> None:
    assert derive.bridge_name("blue") == "blue"
    for taken in ("eth0", "lo", "docker0", "veth12", "w-x", "g0003e8-abcdef", "v002710", "a-name-of-16-byte", "x/y"):
        assert derive.bridge_name(taken).startswith("b-"), taken


def test_a_hundred_hosts_resolve_in_seconds() -> None:
    """A Geneve mesh over 100 hosts (9,900 links) and 200 VXLAN networks of ten hosts each."""
    hosts = cases.fleet(100)
    names = list(hosts)
    networks: dict[str, Any] = {"blue": {"encap": "geneve", "hosts": "all", "vni": 1000, "subnet": "10.20.0.0/16"}}
    for n in range(200):
        members = [names[(n * 7 + k) % 100] for k in range(10)]
        networks[f"red{n}"] = {"encap": "vxlan", "hosts": members, "subnet": f"10.{100 + n // 250}.{n % 250}.0/24"}
    started = time.monotonic()
    found = cases.solve({"networks": networks}, hosts).hosts
    seconds = time.monotonic() - started
    print(f"100 hosts, 201 networks: {seconds:.2f} s")  # noqa: T201 (shown by pytest -rP)
    assert len(found["node1"]["config"]["links"]) >= 100
    assert seconds < 20
