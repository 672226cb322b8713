# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Move links between namespaces (from_netns). iproute2 tells what the kernel made of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import Any, Callable

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils import engine as engine_module
from ansible_collections.netloom.overlay.plugins.module_utils.engine import Failed
from ansible_collections.netloom.overlay.plugins.module_utils.model import Refused

Apply = Callable[..., Any]


def sh(*lines: str) -> None:
    """Run commands."""
    for line in lines:
        subprocess.run(line.split(), check=True, timeout=30)


def told(command: str) -> Any:
    """Return what iproute2 says as JSON."""
    return json.loads(subprocess.run(command.split(), capture_output=True, text=True, check=True, timeout=30).stdout)


def links(netns: str = "") -> dict[str, dict[str, Any]]:
    """Return the links of a namespace by name."""
    return {row["ifname"]: row for row in told(f"ip {f'-n {netns} ' if netns else ''}-j -d link")}


def everything(netns: str = "") -> list[str]:
    """Return what iproute2 tells of a namespace, without indexes, counters and what a moment decides."""
    where = f"-n {netns} " if netns else ""
    lines = []
    for command in (
        f"ip {where}-o -d link",
        f"ip {where}-o addr show scope global",
        f"ip {where}route show table all",
        f"ip {where}-6 route show",
        f"ip {where}neigh show nud permanent",
        f"bridge {where}fdb show",
    ):
        done = subprocess.run(command.split(), capture_output=True, text=True, check=True, timeout=30)
        lines += [_steady(line) for line in done.stdout.splitlines()]
    return sorted(line for line in lines if line)


_MOMENT = (
    r"\b(state|qdisc|link-netns|link-netnsid|promiscuity|allmulti|bridge_id|designated_\w+|port_id|port_no|num\w+) \S+"
)
_TIMERS = r"\b(\w+_timer|root_\w+|topology_change\w*|tc\w*|forward_delay|qlen|fdb_n_learned) +[\d.]+"


def _steady(line: str) -> str:
    # The kernel's own entries and routes come and go with links that are up.
    if "proto kernel" in line or "33:33" in line or "01:00:5e" in line or re.match("(local|broadcast|multicast)", line):
        return ""
    if re.match(r"[0-9a-f:]{17} dev \w+ (vlan \d+ )?master", line) and "static" not in line:
        return ""  # learned, or the bridge's own
    line = re.sub(r"^\d+: ", "", line)
    line = re.sub(r"@if\d+|@\w+|(NO-CARRIER|M-DOWN),|,LOWER_UP|linkdown|dead", "", line)
    return " ".join(re.sub(_TIMERS, "", re.sub(_MOMENT, "", line)).split())


@pytest.fixture
def x() -> str:
    """Make a namespace."""
    sh("ip netns add x", "ip -n x link set lo up")
    return "x"


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        ("ip link add m0 type veth peer name v1", "veth"),
        ("ip link add link v0 name m0 type macvlan mode bridge", "macvlan"),
        pytest.param(
            "ip link add m0 type vxlan id 5 dstport 4789 local 127.0.0.1",
            "vxlan",
            marks=pytest.mark.needs_kind("vxlan"),
        ),
        ("ip tuntap add m0 mode tap", ""),
        pytest.param(
            "ip link add link v0 name m0 type ipvlan mode l2", "ipvlan", marks=pytest.mark.needs_kind("ipvlan")
        ),
        pytest.param("ip link add link v0 name m0 type vlan id 7", "vlan", marks=pytest.mark.needs_kind("vlan")),
        pytest.param("ip link add m0 type dummy", "dummy", marks=pytest.mark.needs_kind("dummy")),
        pytest.param(
            "ip link add m0 type geneve id 5 remote 192.0.2.1 dstport 6082",
            "geneve",
            marks=pytest.mark.needs_kind("geneve"),
        ),
    ],
)
def test_link_moves_there_and_back(apply: Apply, x: str, make: str, kind: str) -> None:
    sh("ip link add v0 type veth peer name v9", "ip link set v0 up", make)
    sh("ip link set m0 mtu 1300 alias hello group 77 up")
    before = links()["m0"]
    item = {"name": "m0", "netns": x, "from_netns": "host", "mtu": 1400, "addresses": ["10.0.0.1/24"]}
    item |= {"kind": kind} if kind else {}
    foretold = apply({"links": [item]}, check=True)
    assert foretold.commands[0] == "ip link set dev m0 netns x"
    assert "m0" in links()
    assert apply({"links": [item]}).commands == foretold.commands
    assert "m0" not in links()
    there = links(x)["m0"]
    assert (there["mtu"], there["ifalias"], there["group"], "UP" in there["flags"]) == (1400, "hello", "77", True)
    assert there["address"] == before["address"]
    assert there.get("linkinfo", {}).get("info_data") == before.get("linkinfo", {}).get("info_data")
    assert told(f"ip -n {x} -j addr show dev m0")[0]["addr_info"][0]["local"] == "10.0.0.1"
    again = apply({"links": [item]})
    assert again.commands == []
    # Without the word for it, a link that is elsewhere is left there.
    home = {"name": "m0", "from_netns": x} | ({"kind": kind} if kind else {})
    assert apply({"links": [home]}).commands[0] == "ip -n x link set dev m0 netns 1"
    assert "m0" not in links(x)
    assert ("UP" in links()["m0"]["flags"], links()["m0"]["mtu"]) == (True, 1400)
    assert apply({"links": [home]}).commands == []


def test_link_that_was_down_stays_down_unless_said(apply: Apply, x: str) -> None:
    sh("ip link add m0 type veth peer name m1", "ip link add n0 type veth peer name n1")
    apply(f"links: [{{name: m0, netns: {x}, from_netns: host}}, {{name: n0, netns: {x}, from_netns: host, up: true}}]")
    assert {name: "UP" in row["flags"] for name, row in links(x).items() if name != "lo"} == {"m0": False, "n0": True}
    sh("ip link set m1 up")
    apply("links: [{name: n0, from_netns: x, up: false}]")
    assert "UP" not in links()["n0"]["flags"]


def test_addrgenmode_is_kept(apply: Apply, x: str) -> None:
    sh("ip link add m0 type veth peer name m1", "ip link set m0 addrgenmode none up", "ip link set m1 up")
    apply(f"links: [{{name: m0, netns: {x}, from_netns: host}}]")
    assert links(x)["m0"]["inet6_addr_gen_mode"] == "none"


def test_without_from_netns_nothing_moves(apply: Apply, x: str) -> None:
    sh("ip link add m0 type veth peer name m1")
    with pytest.raises(Refused, match="m0 in netns x: there is no such link, and without kind none can be made"):
        apply(f"links: [{{name: m0, netns: {x}}}]")
    apply(f"links: [{{name: m0, netns: {x}, kind: veth, peer: {{name: m2}}}}]")
    assert "m0" in links()
    assert "m0" in links(x)


def test_link_that_is_nowhere_is_made(apply: Apply, x: str) -> None:
    config = f"links: [{{name: m0, kind: veth, netns: {x}, from_netns: host, peer: {{name: m1, netns: host}}}}]"
    apply(config)
    assert "m0" in links(x)
    assert apply(config).commands == []
    with pytest.raises(Refused, match="n0 in netns x: there is no such link, and without kind none can be made"):
        apply(f"links: [{{name: n0, netns: {x}, from_netns: host}}]")


def test_namespace_to_take_it_from_may_be_gone(apply: Apply) -> None:
    sh("ip link add m0 type veth peer name m1")
    assert apply("links: [{name: m0, from_netns: gone, mtu: 1400}]").commands == ["ip link set dev m0 mtu 1400"]


def test_other_end_of_a_pair_moves(apply: Apply, x: str) -> None:
    apply("links: [{name: w0, kind: veth, peer: {name: eth0}}]")
    index = links()["w0"]["ifindex"]
    config = f"links: [{{name: w0, kind: veth, peer: {{name: eth0, netns: {x}, addresses: [10.0.0.2/24]}}}}]"
    with pytest.raises(Refused, match="w0: peer: netns: the kernel cannot change it on a living link"):
        apply(config)
    moved = config.replace("netns: x", "netns: x, from_netns: host")
    report = apply(moved)
    assert report.commands[0] == "ip link set dev eth0 netns x"
    assert links()["w0"]["ifindex"] == index
    assert links()["w0"]["link_netnsid"] == 0 or links()["w0"]["link_netns"] == "x"
    assert "eth0" in links(x)
    assert apply(moved).commands == []
    assert apply(config).commands == [], "what it came from need not be said again"


def test_physical_link_moves_both_ways(apply: Apply, x: str, process: Any) -> None:
    """A tap of another program has no row in the tables; what counts is that kind is not given."""
    sh("ip tuntap add eth9 mode tap")
    apply({"links": [{"name": "eth9", "netns": f"pid:{process}", "from_netns": "host"}]})
    assert "eth9" not in links()
    seen = subprocess.run(
        ["nsenter", "-t", str(process), "-n", "ip", "link"], capture_output=True, text=True, check=True
    )
    assert "eth9" in seen.stdout
    apply({"links": [{"name": "eth9", "netns": x, "from_netns": f"pid:{process}"}]})
    assert "eth9" in links(x)


@pytest.fixture
def process() -> Any:
    """Start a process in a namespace of its own and give its number."""
    child = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec sleep 300"], stdout=subprocess.PIPE)
    assert child.stdout is not None
    with child.stdout:
        child.stdout.readline()
    yield child.pid
    child.kill()
    child.wait()


@pytest.mark.needs_kind("vxlan")
def test_socket_and_fdb_of_a_tunnel_stay(apply: Apply, x: str) -> None:
    red = """
        links:
          - name: red
            kind: vxlan
            vni: 5
            dstport: 4789
            local: 127.0.0.1
            fdb: [{mac: "00:00:00:00:00:00", dst: 192.0.2.2}, {mac: "02:00:00:00:00:05", dst: 192.0.2.3}]
    """
    apply(red)
    here = red.replace("kind: vxlan", "kind: vxlan\n            netns: x\n            from_netns: host")
    report = apply(here)
    assert report.commands == ["ip link set dev red netns x", "ip -n x link set dev red up"]
    listening = subprocess.run(["ss", "-Huln"], capture_output=True, text=True, check=True).stdout
    assert ":4789" in listening
    assert {(row["mac"], row["dst"]) for row in told("bridge -n x -j fdb show dev red") if "dst" in row} == {
        ("00:00:00:00:00:00", "192.0.2.2"),
        ("02:00:00:00:00:05", "192.0.2.3"),
    }
    assert apply(here).commands == []
    apply(here.replace("from_netns: host", "link_netns: host"))
    with pytest.raises(Refused, match="link_netns: the kernel cannot change it on a living link"):
        apply(here.replace("from_netns: host", "link_netns: x"))


def test_link_above_stays_and_is_found(apply: Apply, x: str) -> None:
    sh("ip link add v0 type veth peer name v1", "ip link set v0 up")
    mv = "{name: mv0, kind: macvlan, link: v0, mode: bridge, addresses: [10.0.0.1/24]}"
    apply(f"links: [{mv}]")
    apply(f"links: [{{name: v0, netns: {x}, from_netns: host}}]")
    assert "mv0" in links()
    assert apply(f"links: [{mv.replace('link: v0', 'link: v0, link_netns: x')}]").commands == []


@pytest.mark.needs_kind("vxlan")
def test_link_that_would_take_a_tunnel_with_it_is_refused(apply: Apply, x: str) -> None:
    sh("ip link add v0 type veth peer name v1", "ip link add red type vxlan id 5 dstport 4789 dev v0 remote 192.0.2.1")
    before = everything()
    with pytest.raises(Refused) as refused:
        apply(f"links: [{{name: v0, netns: {x}, from_netns: host}}]")
    assert str(refused.value) == (
        "v0 in netns x: from_netns: the kernel would remove red, which lies on it; remove that first"
    )
    assert everything() == before
    sh(f"ip link set v0 netns {x}")
    assert "red" not in links(), "the positive control: the kernel does remove it"


@pytest.mark.parametrize("kind", ["bridge", pytest.param("vrf", marks=pytest.mark.needs_kind("vrf"))])
def test_link_that_is_bound_to_its_namespace(apply: Apply, x: str, kind: str) -> None:
    sh(f"ip link add m0 type {kind}{' table 9' if kind == 'vrf' else ''}")
    with pytest.raises(Refused, match=f"m0 in netns x: from_netns: the kernel keeps {kind} links in their namespace"):
        apply(f"links: [{{name: m0, netns: {x}, from_netns: host}}]", check=True)
    done = subprocess.run(["ip", "link", "set", "m0", "netns", x], capture_output=True, text=True, check=False)
    assert done.returncode == 2, "the kernel says so too"


def test_kernels_own_refusal_is_told(apply: Apply, x: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sh("ip link add m0 type bridge", "ip link add n0 type veth peer name n1")
    from ansible_collections.netloom.overlay.plugins.module_utils import moves

    monkeypatch.setattr(moves, "_check", lambda *_args: None)
    before = everything()
    with pytest.raises(
        Failed, match=r"m0 in netns x: from_netns: Invalid argument.*(immutable|bound to its namespace)"
    ):
        apply(f"links: [{{name: n0, netns: {x}, from_netns: host}}, {{name: m0, netns: {x}, from_netns: host}}]")
    assert everything() == before


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (
            "links: [{name: m0, kind: macvlan, netns: x, from_netns: host, link: m1}]",
            "m0 in netns x: from_netns: m0 is veth, not macvlan",
        ),
        (
            "links: [{name: m0, netns: x, from_netns: host}, {name: m0, netns: y, from_netns: host}]",
            "m0 in netns y: from_netns: m0 is wished for as m0 in netns x too",
        ),
        (
            "links: [{name: m0, netns: x, from_netns: host}, {name: m0, mtu: 1400}]",
            "m0: there is no such link, and without kind none can be made",
        ),
        (
            "links: [{name: m0, netns: x, from_netns: host}]\nroutes: [{dst: 10.9.0.0/16, dev: m0}]",
            "route 10.9.0.0/16: dev: there is no link m0",
        ),
        ("links: [{name: m0, netns: x, from_netns: 'pid:0'}]", "m0: from_netns: pid:0: '0' is not a process number"),
        (
            "links: [{name: m0, kind: veth, netns: x, from_netns: host, recreate: true, peer: {name: other}}]",
            "m0 in netns x: peer: name: the kernel cannot change it on a living link (m1 -> other), and a link that is "
            "moved is not made anew; remove it first",
        ),
    ],
)
def test_what_cannot_be_granted_changes_nothing(apply: Apply, config: str, reason: str) -> None:
    sh("ip netns add x", "ip netns add y", "ip link add m0 type veth peer name m1")
    before = everything(), everything("x"), everything("y")
    with pytest.raises(Refused) as refused:
        apply(config)
    assert str(refused.value) == reason
    assert (everything(), everything("x"), everything("y")) == before


NETWORK = (
    "ip link add br0 type bridge",
    "ip link set br0 up",
    "ip link add m0 type veth peer name m1",
    "ip link set m0 master br0 addrgenmode none",
    "ip link set m1 up",
    "ip link set m0 up",
    "bridge link set dev m0 isolated on learning off",
    "bridge fdb add 02:00:00:00:00:07 dev m0 master static",
    "ip link add p0 type veth peer name p1",
    "ip link set p1 up",
    "ip link set p0 up",
    "ip addr add 10.0.0.1/24 dev p0",
    "ip addr add 2001:db8::1/64 dev p0 nodad",
    "ip route add 10.9.0.0/16 via 10.0.0.9 proto 99",
    "ip route add 2001:db8:9::/48 via 2001:db8::9 proto 99",
    "ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev p0 nud permanent",
    "ip link add link p0 name mv0 type macvlan mode bridge",
    "ip link set mv0 up",
    "ip addr add 10.5.0.1/24 dev mv0",
    "ip route add 10.6.0.0/16 via 10.5.0.9 proto 99",
)


@pytest.mark.parametrize("name", ["m0", "p0"])
def test_failed_run_brings_the_link_back_with_all_that_was_on_it(
    apply: Apply, x: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sh(*NETWORK)
    before = everything(), everything(x)
    config = f"""
        links: [{{name: {name}, netns: {x}, from_netns: host, mtu: 1400, up: true, addresses: [10.0.0.1/24]}}]
        routes: [{{dst: 10.8.0.0/16, via: 10.0.0.8, netns: {x}}}]
    """
    with monkeypatch.context() as patch:
        patch.setattr(engine_module.Engine, "_left", lambda *_a, **_k: ([], "said to have failed"))
        with pytest.raises(Failed, match=r"said to have failed\. Nothing was changed"):
            apply(config)
    assert [sorted(set(now) ^ set(then)) for now, then in zip((everything(), everything(x)), before)] == [[], []]
    apply(config)
    assert (everything(), everything(x)) != before, "the positive control"
    assert name in links(x)


def test_connection_is_protected(apply: Apply, x: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sh("ip link add eth9 type veth peer name c0", "ip addr add 192.0.2.1/24 dev eth9", "ip link set eth9 up")
    sh("ip link set c0 up")
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.9 40000 192.0.2.1 22")
    with pytest.raises(Refused, match=r"eth9.*moving it to another namespace would cut the connection from 192.0.2.9"):
        apply(f"links: [{{name: eth9, netns: {x}, from_netns: host}}]")
    assert "eth9" in links()
    apply(f"links: [{{name: c0, netns: {x}, from_netns: host}}]")
    assert "c0" in links(x), "the positive control: a link beside the path"


def test_moved_link_keeps_its_mark(apply: Apply, x: str) -> None:
    apply("links: [{name: w0, kind: veth, peer: {name: w1}}]")
    sh("ip link add m0 type veth peer name m1")
    both = [{"name": name, "netns": x, "from_netns": "host"} for name in ("w1", "m1")]
    apply({"links": both})
    apply({}, overridden=True)
    assert "w1" not in links(x), "ours"
    assert "m1" in links(x), "not ours, and so left where it is"


def test_index_that_is_taken_there(apply: Apply, x: str) -> None:
    """The kernel gives another index; what follows in the same run must find the link all the same."""
    sh("ip link add m0 type veth peer name m1")
    index = links()["m0"]["ifindex"]
    sh(f"ip -n {x} link add b0 index {index} type bridge")
    apply(f"links: [{{name: m0, netns: {x}, from_netns: host, mtu: 1400, addresses: [10.0.0.1/24], master: b0}}]")
    there = links(x)["m0"]
    assert there["ifindex"] != index
    assert (there["mtu"], there["master"]) == (1400, "b0")


def test_name_that_another_link_has_as_its_second_name(apply: Apply, x: str) -> None:
    sh("ip link add m0 type veth peer name m1", f"ip -n {x} link add b0 type bridge")
    sh(f"ip -n {x} link property add dev b0 altname m0")
    with pytest.raises(Failed, match=r"m0 in netns x: from_netns: File exists.* Nothing was changed"):
        apply(f"links: [{{name: m0, netns: {x}, from_netns: host}}]")
    assert "m0" in links()


def test_new_namespace_new_link_on_the_moved_one(apply: Apply) -> None:
    sh("ip link add m0 type veth peer name m1")
    apply(
        """
        netns: [{name: z}]
        links:
          - {name: mv0, kind: macvlan, netns: z, link: m0, mode: bridge, addresses: [10.0.0.2/24]}
          - {name: m0, netns: z, from_netns: host, up: true}
        """
    )
    assert links("z")["mv0"]["link"] == "m0"
    assert os.listdir("/run/netns") == ["z"]


def test_other_end_with_a_taken_name_is_called_as_the_user_calls_it(apply: Apply) -> None:
    sh("ip link add z0 type veth peer name z1")
    with pytest.raises(Refused) as refused:
        apply("links: [{name: w0, kind: veth, peer: {name: z1}}]")
    assert str(refused.value).startswith("z1: peer: name: the kernel cannot change it on a living link (z0 -> w0)")


@pytest.mark.parametrize("netns", ["host", "x"])
def test_pair_made_anew_with_another_other_end(apply: Apply, x: str, netns: str) -> None:
    apply("links: [{name: w0, kind: veth, addresses: [10.0.0.1/24], peer: {name: w1, addresses: [10.0.0.2/24]}}]")
    config = f"""
        links:
          - name: w0
            kind: veth
            recreate: true
            peer: {{name: other, netns: {netns}, addresses: [10.0.0.3/24]}}
    """
    apply(config)
    where = "" if netns == "host" else f"-n {netns} "
    assert told(f"ip {where}-j addr show dev other")[0]["addr_info"][0]["local"] == "10.0.0.3"
    assert told("ip -j addr show dev w0")[0]["addr_info"][0]["local"] == "10.0.0.1"
    assert "w1" not in links()
    assert apply(config).commands == []


def test_what_is_others_is_still_theirs_after_a_recreation(apply: Apply) -> None:
    apply("links: [{name: w0, kind: veth, peer: {name: w1}}]")
    sh(
        "ip addr add 10.0.0.1/24 dev w0",
        "ip route add 10.9.0.0/16 via 10.0.0.9 proto 99",
        "ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev w0 nud permanent",
    )
    apply("addresses: [{address: 10.7.0.1/24, dev: w0}]")
    apply("links: [{name: w0, kind: veth, recreate: true, peer: {name: w2}}]")
    assert told("ip -j route show 10.9.0.0/16")[0]["protocol"] in ("99", "openr")
    # What is ours goes, what is theirs stays: the link is kept by wishing for it.
    apply("links: [{name: w0, kind: veth, peer: {name: w2}}]", overridden=True)
    assert [row["local"] for row in told("ip -4 -j addr show dev w0")[0]["addr_info"]] == ["10.0.0.1"]
    assert told("ip -j route show 10.9.0.0/16")
    assert told("ip -j neigh show 10.0.0.9")
