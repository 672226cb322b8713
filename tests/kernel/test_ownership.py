# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Mark what is ours, and remove that and nothing else."""

from __future__ import annotations

import socket
import subprocess
from typing import Any

import pytest

from . import raw
from .look import everything, lines
from .network import NETWORK


def test_overridden_removes_what_is_ours_and_nothing_else(apply: Any, tell: Any) -> None:
    for command in (
        "ip link add theirs type bridge",
        "ip link set theirs up",
        "ip addr add 172.16.0.1/24 dev theirs",
        "ip route add 172.17.0.0/16 via 172.16.0.2",
        "ip neigh add 172.16.0.9 lladdr 02:00:00:00:00:99 dev theirs",
        "ip netns add theirs",
    ):
        subprocess.run(command.split(), check=True)
    foreign = everything()
    apply(NETWORK)
    apply({"links": [{"name": "theirs", "addresses": ["172.18.0.1/24"]}]})
    apply("links: [{name: br-red, kind: bridge, mac: '02:00:00:00:00:01'}]", overridden=True)
    assert [link["ifname"] for link in tell("ip -j link")] == ["lo", "theirs", "br-red"]
    assert "10.30.0.1/24" not in " ".join(lines("ip -o addr"))
    report = apply({}, overridden=True)
    assert report.changed
    assert everything() == foreign


def test_marks_are_in_the_kernel(apply: Any, tell: Any) -> None:
    apply(NETWORK)
    assert {link["group"] for link in tell("ip -j -d link") if link["ifname"] != "lo"} == {"28268"}
    assert {link["group"] for link in tell("ip -n client -j -d link")} == {"28268"}
    assert all("proto 110" in line for line in lines("ip neigh show nud permanent"))
    assert len(lines("ip route show table all proto 110")) == 2


def between_removals(watch: socket.socket) -> list[int]:
    """Return the types of the kernel's notices from the first removal of a link to the last."""
    told = raw.notices(watch)
    last = len(told) - told[::-1].index(raw.RTM_DELLINK)
    return told[told.index(raw.RTM_DELLINK) : last]


def test_many_links_go_at_once(apply: Any, tell: Any) -> None:
    """Links that go together are all set down before the first is removed; the kernel waits once, not for each."""
    wish = {"links": [{"name": f"b{n}", "kind": "bridge"} for n in range(40)]}
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as watch:
        watch.bind((0, raw.RTMGRP_LINK))
        watch.setsockopt(socket.SOL_SOCKET, 33, 1 << 22)  # SO_RCVBUFFORCE: all that is told must fit
        apply(wish)
        assert len(tell("ip -j link")) == 41
        assert raw.RTM_DELLINK not in raw.notices(watch)
        assert len(apply({}, overridden=True).commands) == 40
        assert [link["ifname"] for link in tell("ip -j link")] == ["lo"]
        assert between_removals(watch) == [raw.RTM_DELLINK] * 40
        apply(wish)
        lines = "".join(f"link del b{n}\n" for n in range(40))
        subprocess.run(["ip", "-batch", "-"], input=lines, text=True, check=True, timeout=60)
        one_by_one = between_removals(watch)
        assert one_by_one.count(raw.RTM_DELLINK) == 40
        assert one_by_one.count(raw.RTM_NEWLINK) >= 39, "the positive control: each is set down and removed by itself"


def test_link_in_the_namespace_of_a_process(apply: Any, process: Any, tmp_path: Any) -> None:
    pidfile = tmp_path / "box.pid"
    pidfile.write_text(f"{process.pid}\n")
    wish = f"""
links:
  - name: t0
    kind: vxlan
    vni: 7
    dstport: 4789
    netns: "pidfile:{pidfile}"
    link_netns: host
    addresses: [10.0.0.1/32]
routes: [{{dst: default, dev: t0, netns: "pid:{process.pid}"}}]
"""
    apply(wish)
    inside = f"nsenter -t {process.pid} -n "
    assert any("vxlan id 7" in line for line in lines(inside + "ip -o -d link show t0"))
    assert any("link-netnsid" in line for line in lines(inside + "ip -o -d link show t0"))
    assert any(line.startswith("default dev t0") for line in lines(inside + "ip route"))
    assert not apply(wish).changed
    assert apply({}, overridden=True).changed
    assert not any("t0" in line for line in lines(inside + "ip -o link"))


@pytest.mark.needs_kind("geneve")
def test_geneve_in_the_namespace_of_a_process_is_withdrawn(apply: Any, process: Any) -> None:
    link = f"{{name: t0, kind: geneve, vni: 7, remote: 192.0.2.2, netns: 'pid:{process.pid}', link_netns: host}}"
    apply(f"links: [{link}]")
    inside = f"nsenter -t {process.pid} -n ip -o -d link"
    assert any("geneve id 7" in line for line in lines(inside))
    assert not apply(f"links: [{link}]").changed
    assert apply({}, overridden=True).changed
    assert not any("geneve" in line for line in lines(inside))


def test_overridden_leaves_the_namespaces_of_others_alone(apply: Any, process: Any) -> None:
    """A container or lab host that runs this collection for itself has links with the same mark."""
    inside = ["nsenter", "-t", str(process.pid), "-n", "ip"]
    subprocess.run([*inside, "link", "add", "theirs", "group", "28268", "type", "bridge"], check=True)
    subprocess.run(
        [*inside, "link", "add", "vx", "group", "28268", "type", "vxlan", "id", "5", "dstport", "4789"], check=True
    )
    apply(NETWORK)
    assert apply("links: [{name: b, kind: bridge}]", overridden=True).changed
    assert apply({}, overridden=True).changed
    left = lines(" ".join([*inside, "-o", "link"]))
    assert [any(f": {name}:" in line for line in left) for name in ("theirs", "vx")] == [True, True]
