# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Links whose socket, or the link beneath them, is in another namespace. iproute2 and ss are the witness."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

from .moving import Apply, links, sh, told

VXLAN = {"name": "t0", "kind": "vxlan", "vni": 5, "dstport": 4789, "remote": "192.0.2.2"}
GENEVE = {"name": "t0", "kind": "geneve", "vni": 5, "dstport": 6081, "remote": "192.0.2.2"}


@pytest.fixture(autouse=True)
def _underlay() -> None:
    for name in ("u0", "u1"):
        sh(f"ip link add {name} type veth peer name {name}p", f"ip link set {name} up", f"ip link set {name}p up")
    sh("ip addr add 192.0.2.1/24 dev u0")


def sockets(netns: str = "") -> str:
    """Return the UDP ports that a namespace listens on."""
    inside = ["ip", "netns", "exec", netns] if netns else []
    return subprocess.run([*inside, "ss", "-Huln"], capture_output=True, text=True, check=True, timeout=30).stdout


@pytest.mark.parametrize(
    "link",
    [
        pytest.param(VXLAN, marks=pytest.mark.needs_kind("vxlan"), id="vxlan"),
        pytest.param(GENEVE, marks=pytest.mark.needs_kind("geneve"), id="geneve"),
    ],
)
def test_tunnel_that_is_nowhere_is_made_where_it_comes_from(apply: Apply, x: str, link: dict[str, Any]) -> None:
    """As if it had been made there and moved. Otherwise its packets would go out of a namespace without an underlay."""
    port = str(link["dstport"])
    config = {"links": [{**link, "netns": x, "from_netns": "host"}]}
    foretold = apply(config, check=True)
    assert apply(config).commands == foretold.commands
    assert f"ip link add t0 netns x group 28268 type {link['kind']}" in foretold.commands[0]
    assert port in sockets()
    assert port not in sockets(x)
    assert apply(config).commands == []
    # Made anew it is there again, and in between nothing else.
    apply({"links": [{**config["links"][0], "vni": 6, "recreate": True}]})
    assert links(x)["t0"]["linkinfo"]["info_data"]["id"] == 6
    assert port in sockets()
    assert port not in sockets(x)
    # The control: without a word on where it comes from it is the namespace's own.
    apply({"links": [{"name": "t0", "netns": x, "state": "absent"}]})
    apply({"links": [{**link, "netns": x}]})
    assert port not in sockets()
    assert port in sockets(x)


@pytest.mark.needs_kind("geneve")
def test_moved_geneve_link_says_nothing_of_a_namespace_that_is_gone(apply: Apply, x: str) -> None:
    sh("ip netns add gone")
    apply({"links": [{**GENEVE, "netns": x, "from_netns": "gone"}]})
    sh("ip netns del gone")
    apply({"links": [{**GENEVE, "netns": x, "state": "absent"}]})
    apply({"links": [{**GENEVE, "netns": x}]})
    assert apply({"links": [{**GENEVE, "netns": x, "from_netns": "gone"}]}).commands == []
    with pytest.raises(Refused, match="t0 in netns x: netns: there is no namespace gone"):
        apply({"links": [{**GENEVE, "netns": x, "from_netns": "gone", "vni": 6, "recreate": True}]})


@pytest.mark.needs_kind("vxlan")
def test_new_tunnel_from_a_namespace_that_is_not_there_is_refused(apply: Apply, x: str) -> None:
    with pytest.raises(Refused, match="t0 in netns x: netns: there is no namespace gone"):
        apply({"links": [{**VXLAN, "netns": x, "from_netns": "gone"}]})
    assert "t0" not in links(x)


@pytest.mark.parametrize(
    "link",
    [
        {"name": "t0", "kind": "macvlan", "link": "u0", "mode": "bridge"},
        pytest.param(
            {"name": "t0", "kind": "ipvlan", "link": "u0", "mode": "l2"}, marks=pytest.mark.needs_kind("ipvlan")
        ),
        pytest.param({"name": "t0", "kind": "vlan", "link": "u0", "id": 7}, marks=pytest.mark.needs_kind("vlan")),
        pytest.param({**VXLAN, "dev": "u0"}, marks=pytest.mark.needs_kind("vxlan")),
    ],
    ids=lambda link: link["kind"],
)
def test_link_beneath_is_named_where_the_link_comes_from(apply: Apply, x: str, link: dict[str, Any]) -> None:
    """One config for all three: neither here nor there, there, and here."""
    config = {"links": [{**link, "netns": x, "from_netns": "host"}]}
    apply(config)
    beneath = links()["u0"]["ifindex"]
    assert links(x)["t0"]["link_index"] == beneath if link["kind"] != "vxlan" else True
    assert apply(config).commands == []
    apply({"links": [{"name": "t0", "netns": x, "state": "absent"}]})
    apply({"links": [link]})
    assert apply(config).commands == ["ip link set dev t0 netns x", "ip -n x link set dev t0 up"]
    assert "t0" in links(x)
    assert apply(config).commands == []
    assert apply({"links": [{**link, "netns": x}]}).commands == [], "where it lies is no wish"


def default_entries(netns: str = "") -> list[tuple[str, str]]:
    """Return destination and link of the entries for the all-zero MAC. The JSON of older releases has no link."""
    command = f"bridge {f'-n {netns} ' if netns else ''}fdb show dev t0"
    lines = subprocess.run(command.split(), capture_output=True, text=True, check=True, timeout=30).stdout.splitlines()
    rows = [line.split() for line in lines if line.startswith("00:00:00:00:00:00")]
    return [(row[2], row[4] if row[3] == "via" else "") for row in rows]


@pytest.mark.needs_kind("vxlan")
@pytest.mark.parametrize("where", ["host", "x"])
def test_tunnel_beneath_is_changed_where_the_socket_is(apply: Apply, x: str, where: str) -> None:
    link = {**VXLAN, "dev": "u0", **({"netns": x, "link_netns": "host"} if where == x else {})}
    apply({"links": [link]})
    index = {name: links()[name]["ifindex"] for name in ("u0", "u1")}
    # Where the socket is need not be said again.
    link.pop("link_netns", None)
    report = apply({"links": [{**link, "dev": "u1"}]})
    assert len(report.commands) == 1
    assert apply({"links": [{**link, "dev": "u1"}]}).commands == []
    told_dev = links("" if where == "host" else x)["t0"]["linkinfo"]["info_data"]
    assert told_dev.get("link") == "u1" or told_dev.get("link_index") == index["u1"] or where == x
    with pytest.raises(Refused, match="dev: there is no link nowhere"):
        apply({"links": [{**link, "dev": "nowhere"}]})


@pytest.mark.needs_kind("vxlan")
def test_tunnel_with_a_link_beneath_is_made_anew_elsewhere(apply: Apply, x: str) -> None:
    """Its default FDB entry names that link by its number where the socket is, and comes back by itself."""
    link = {**VXLAN, "dev": "u0", "netns": x, "link_netns": "host"}
    apply({"links": [link]})
    report = apply({"links": [{**link, "vni": 6, "recreate": True}]})
    assert links(x)["t0"]["linkinfo"]["info_data"]["id"] == 6
    assert not any("fdb" in line for line in report.commands)
    assert [dst for dst, _via in default_entries(x)] == ["192.0.2.2"]
    assert apply({"links": [{**link, "vni": 6}]}, overridden=True).commands == []


@pytest.mark.needs_kind("vxlan")
@pytest.mark.parametrize(
    ("option", "value", "other"),
    [
        ("remote", "192.0.2.2", "192.0.2.3"),
        ("multicast_group", "239.1.1.1", "239.1.1.2"),
        ("remote", "2001:db8::2", "2001:db8::3"),
    ],
)
def test_default_entry_leads_through_the_new_link_beneath(apply: Apply, option: str, value: str, other: str) -> None:
    """Told of another link alone the kernel leaves the entry on the old one (seen on 6.1 and 6.18)."""
    link = {"name": "t0", "kind": "vxlan", "vni": 5, "dstport": 4789, "dev": "u0", option: value}
    apply({"links": [link]}, overridden=True)
    index = links()["t0"]["ifindex"]
    assert default_entries() == [(value, "u0")]
    for changed in ({"dev": "u1"}, {"dev": "u0", option: other}, {"dev": "u1", option: value}):
        link = {**link, **changed}
        report = apply({"links": [link]}, overridden=True)
        assert default_entries() == [(link[option], link["dev"])]
        assert apply({"links": [link]}, overridden=True).commands == []
    assert links()["t0"]["ifindex"] == index, "in place"
    if option == "multicast_group":
        groups = {name: str(told(f"ip -j maddr show dev {name}")) for name in ("u0", "u1")}
        assert (value in groups["u0"], value in groups["u1"]) == (False, True)
    # The commands do the same.
    sh("ip link del t0", f"ip link add t0 type vxlan id 5 dstport 4789 {'group' if option != 'remote' else 'remote'} "
       f"{value} dev u0")  # fmt: skip
    wished = report.commands[-1]
    for line in wished.split(" && "):
        sh(line)
    assert default_entries() == [(value, "u1")]


def test_gathered_leaves_out_what_is_in_a_namespace_without_a_name(
    apply: Apply, gather: Any, process: Any, x: str
) -> None:
    """As on any host with containers: their ends of pairs are in namespaces that only processes keep."""
    sh(f"ip link add c0 type veth peer name eth0 netns {process.pid}", "ip addr add 10.1.0.1/24 dev c0")
    sh("ip link add n0 type veth peer name eth0 netns x")
    config = gather()
    found = {link["name"]: link for link in config["links"] if "netns" not in link}
    assert (found["n0"]["peer_name"], found["n0"]["peer_netns"]) == ("eth0", "x"), "the control: a name is told"
    assert found["c0"].keys().isdisjoint({"peer_name", "peer_netns"})
    assert found["c0"]["addresses"] == ["10.1.0.1/24"]
    assert apply(config).commands == []
    assert apply(config, overridden=True).commands == []
    # Of the link itself all is asked for as of any other.
    found["c0"]["mtu"] = 1400
    assert apply(config).commands == ["ip link set dev c0 mtu 1400"]
    assert links()["c0"]["mtu"] == 1400


@pytest.mark.needs_kind("vxlan")
def test_gathered_leaves_out_a_socket_in_a_namespace_without_a_name(apply: Apply, gather: Any, process: Any) -> None:
    inside = f"nsenter -t {process.pid} -n ip link"
    sh(
        f"{inside} add d0 type veth peer name d1",
        f"{inside} add t0 type vxlan id 5 dstport 4789 remote 192.0.2.2 dev d0",
        f"{inside} set t0 netns {_own_pid()}",
    )
    assert "t0" in links()
    config = gather()
    link = next(one for one in config["links"] if one["name"] == "t0")
    assert link.keys().isdisjoint({"link_netns", "dev"})
    assert (link["vni"], link["remote"]) == (5, "192.0.2.2")
    assert apply(config).commands == []


def _own_pid() -> int:
    with open("/proc/thread-self/stat", encoding="ascii") as file:
        return int(file.read().split()[0])
