# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Refuse moves that cannot be, and bring a link back when a run fails."""

from __future__ import annotations

import subprocess

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host import run as engine_module
from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.failure import Fault

from .moving import Apply, everything, links, sh


@pytest.mark.needs_kind("vxlan")
def test_link_that_would_take_a_tunnel_with_it_is_refused(apply: Apply, x: str) -> None:
    sh("ip link add v0 type veth peer name v1", "ip link add red type vxlan id 5 dstport 4789 dev v0 remote 192.0.2.1")
    before = everything()
    with pytest.raises(Refused) as refused:
        apply(f"links: [{{name: v0, netns: {x}, from_netns: host}}]")
    assert str(refused.value) == (
        "v0 in netns x: from_netns: the kernel would remove red, which depends on it. Remove red first"
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
    from ansible_collections.netloom.overlay.plugins.module_utils._host.plan import moves

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
            "m0 in netns y: from_netns: m0 is the desired m0 in netns x too",
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
            "moved is not recreated",
        ),
    ],
)
def test_what_cannot_be_granted_changes_nothing(apply: Apply, config: str, reason: str) -> None:
    sh("ip netns add x", "ip netns add y", "ip link add m0 type veth peer name m1")
    before = everything(), everything("x"), everything("y")
    with pytest.raises(Refused) as refused:
        apply(config)
    assert str(refused.value) in (reason, f"{reason}. {refused.value.advice}")
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
        patch.setattr(engine_module.Engine, "_left", lambda *_a, **_k: ([], Fault("", "said to have failed").of("x")))
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


def test_other_end_with_a_taken_name_is_called_as_the_user_calls_it(apply: Apply) -> None:
    sh("ip link add z0 type veth peer name z1")
    with pytest.raises(Refused) as refused:
        apply("links: [{name: w0, kind: veth, peer: {name: z1}}]")
    assert str(refused.value).startswith("z1: peer: name: the kernel cannot change it on a living link (z0 -> w0)")
