# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From any state to any state: the kernel then holds the second, whatever it held before."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .look import everything, lines, told
from .multicast import RELEASE

MACS = [f"02:00:00:00:00:{number:02x}" for number in range(16)]
PREFIXES = [f"10.{number}.0.1/24" for number in range(1, 5)] + [f"2001:db8:{number}::1/64" for number in range(1, 3)]
REMOTES = ["192.0.2.2", "192.0.2.3", "192.0.2.4"]
some = st.booleans()


@st.composite
def bridge(draw: Any, name: str) -> dict[str, Any]:
    """Draw a bridge. Its MAC is given: without one the bridge takes a port's, which the order of ports decides."""
    number = int(name[-1])
    item: dict[str, Any] = {
        "name": name,
        "kind": "bridge",
        "mac": MACS[number],
        "mtu": draw(st.sampled_from([1400, 1450])),
    }
    if draw(some):
        item["stp_state"] = draw(some)
    if draw(some):
        item["ageing_time"] = draw(st.sampled_from([1000, 30000]))
    item["addresses"] = draw(st.lists(st.sampled_from(PREFIXES[number::2]), unique=True, max_size=2))
    item["mcast_snooping"] = draw(some)
    return item


@st.composite
def databases(draw: Any, links: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Draw entries of multicast databases: of the bridges that have one, of their ports, and of VXLAN links."""
    snooping = {link["name"] for link in links if link.get("mcast_snooping")}
    places: list[dict[str, Any]] = [{"dev": name, "grp": "01:00:00:00:00:07"} for name in sorted(snooping)]
    for link in links:
        if link.get("master") in snooping:
            port = {"dev": link["master"], "port": link["name"]}
            places += [{**port, "grp": "239.1.1.1"}, {**port, "grp": "239.1.1.1", "src": "10.0.0.1", "vid": 7}]
        if link["kind"] == "vxlan" and not link.get("external") and RELEASE >= (6, 4):
            remote = {"dev": link["name"], "grp": "239.1.1.1", "dst": draw(st.sampled_from(REMOTES))}
            places.append({**remote, "vni": draw(st.sampled_from([7, 8]))})
    return draw(st.lists(st.sampled_from(places), unique_by=str)) if places else []


@st.composite
def vxlan(draw: Any, name: str, bridges: list[str]) -> dict[str, Any]:
    """Draw a VXLAN link with its FDB, in a bridge or not. What would need recreate: true stays the same."""
    number = int(name[-1])
    item: dict[str, Any] = {"name": name, "kind": "vxlan", "vni": number, "dstport": 4789, "mac": MACS[8 + number]}
    item["learning"] = draw(some)
    item["ttl"] = draw(st.sampled_from(["auto", 7, 64]))
    item["mtu"] = draw(st.sampled_from([1400, 1450]))
    item["up"] = draw(some)
    if draw(some):
        item["alias"] = draw(st.sampled_from(["a b", "x"]))
    if bridges and draw(some):
        item["master"] = draw(st.sampled_from(bridges))
        item["port"] = {"isolated": draw(some), "learning": draw(some), "neigh_suppress": draw(some)}
    remotes = draw(st.lists(st.sampled_from(REMOTES), unique=True))
    item["fdb"] = [{"mac": "00:00:00:00:00:00", "dst": remote} for remote in remotes]
    if draw(some):
        item["fdb"].append({"mac": "02:00:00:00:01:01", "dst": draw(st.sampled_from(REMOTES))})
    return item


@st.composite
def filtered(draw: Any) -> dict[str, Any]:
    """Draw a VXLAN link that filters by VNI, its table in ranges and numbers in any order."""
    item = {"name": "many", "kind": "vxlan", "external": True, "vnifilter": True, "dstport": 4791, "mac": MACS[12]}
    numbers = draw(st.lists(st.integers(1, 12), unique=True))
    items = [{"vni": number, **({"remote": "192.0.2.9"} if number % 5 == 0 else {})} for number in numbers]
    return {**item, "vnis": [*items, *draw(st.sampled_from([[], [{"vni": "20-29"}], [{"vni": "25-35"}]]))]}


@st.composite
def nexthops(draw: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Draw nexthops, groups of VTEPs, and routes that lead to the first sort or nowhere."""
    found: list[dict[str, Any]] = [{"id": one, "blackhole": True} for one in draw(st.sets(st.sampled_from([1, 2])))]
    vteps = [{"id": one, "via": draw(st.sampled_from(REMOTES)), "fdb": True} for one in draw(st.sets(st.just(5)))]
    if vteps and draw(some):
        found.append({"id": 6, "fdb": True, "group": [{"id": 5, "weight": draw(st.sampled_from([1, 7]))}]})
    ways = [{"nhid": one["id"]} for one in found if one.get("blackhole")]
    ways += [{"type": "unreachable"}, {"type": "throw", "tos": 16}]
    dsts = draw(st.sets(st.sampled_from(["10.78.0.0/16", "10.79.0.0/16"])))
    return [*found, *vteps], [{"dst": dst, **draw(st.sampled_from(ways))} for dst in sorted(dsts)]


@st.composite
def rules(draw: Any) -> list[dict[str, Any]]:
    """Draw rules, some with one priority."""
    chosen = [
        {"from": "10.78.0.0/16"},
        {"to": "10.78.0.0/16"},
        {"from": "10.78.0.0/16", "iif": "lo"},
        {"fwmark": "1/3"},
        {},
    ]
    wished = draw(st.lists(st.sampled_from(chosen), unique_by=str, max_size=3))
    doing = st.sampled_from([{"table": 7}, {"table": 8}, {"action": "nop"}, {"goto": 900}])
    return [{"priority": 800, **one, **draw(doing)} for one in wished]


@st.composite
def configs(draw: Any) -> dict[str, Any]:
    """Draw a config."""
    bridges = draw(st.lists(st.sampled_from(["br0", "br1", "br2"]), unique=True))
    links = [draw(bridge(name)) for name in bridges]
    links += [draw(vxlan(name, bridges)) for name in draw(st.lists(st.sampled_from(["v0", "v1"]), unique=True))]
    if draw(some):
        links.append(draw(filtered()))
    config: dict[str, Any] = {"links": links}
    if draw(some):
        config["netns"] = [{"name": "client", "loopback": draw(some)}]
        inside = {"name": "eth0", "netns": "client", "mac": MACS[15], "mtu": draw(st.sampled_from([1400, 1450]))}
        links.append({"name": "w", "kind": "veth", "mac": MACS[14], "peer": inside})
        if bridges:
            links[-1]["master"] = draw(st.sampled_from(bridges))
    config["mdb"] = draw(databases(links))
    if bridges:
        macs = st.sampled_from(MACS)
        known = draw(st.dictionaries(st.sampled_from(["10.9.0.1", "10.9.0.2", "2001:db8::9"]), macs, max_size=3))
        config["neighbors"] = [{"dev": bridges[0], "dst": dst, "mac": mac} for dst, mac in known.items()]
        proxies = draw(st.lists(st.sampled_from(["10.9.0.1", "2001:db8::9"]), unique=True))
        config["neighbors"] += [{"dev": bridges[0], "dst": dst, "proxy": True} for dst in proxies]
        routed = draw(st.lists(st.sampled_from(["10.77.0.0/16", "2001:db8:77::/64"]), unique=True))
        # Nexthops want a carrier, which no bridge of these has for certain: blackholes and groups of them have none.
        config["nexthops"], routes = draw(nexthops())
        config["rules"] = draw(rules())
        # On a bridge without a carrier the kernel keeps an IPv6 route, but takes it only while the link is up.
        config["routes"] = [
            {"dst": dst, "dev": bridges[0], "metric": draw(st.sampled_from([10, 20]))} for dst in routed
        ] + routes
    return config


def vnis_told() -> set[tuple[int, Any]]:
    """Return the VNIs that ``bridge vni`` tells, one by one, with their remotes."""
    return {
        (number, item.get("remote"))
        for link in told("bridge -j vni")
        for item in link["vnis"]
        for number in range(item["vni"], item.get("vniEnd", item["vni"]) + 1)
    }


def vnis_wished(config: dict[str, Any]) -> set[tuple[int, Any]]:
    """Return the same of a config."""
    found = set()
    for item in (item for link in config["links"] for item in link.get("vnis", ())):
        first, _dash, last = str(item["vni"]).partition("-")
        found |= {(number, item.get("remote")) for number in range(int(first), int(last or first) + 1)}
    return found


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=configs(), second=configs())
def test_any_state_to_any_state(apply: Any, first: dict[str, Any], second: dict[str, Any]) -> None:
    for link in second["links"]:
        link.setdefault("recreate", True)
    apply({}, overridden=True)
    apply(first, overridden=True)
    foretold = apply(second, overridden=True, check=True)
    assert apply(second, overridden=True).commands == foretold.commands
    assert apply(second, overridden=True).commands == []
    reached = everything()
    assert vnis_told() == vnis_wished(second)
    assert len([line for line in lines("bridge mdb show") if " permanent" in line]) == len(second["mdb"])
    assert {item["dst"] for item in told("ip -j neigh show proxy")} == {
        item["dst"] for item in second.get("neighbors", ()) if "proxy" in item
    }
    apply({}, overridden=True)
    assert everything() == []
    apply(second, overridden=True)
    # What an earlier state set and the second leaves out is not managed: it may differ. All that is asked for is there.
    managed = {"links": second["links"]}
    assert apply(managed).commands == []
    assert len(reached) == len(everything())
