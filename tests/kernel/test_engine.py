# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Try what goes beyond one option: recreation, undo, ownership, namespaces, locks, refusals."""

from __future__ import annotations

import fcntl
import json
import os
import re
import socket
import subprocess
import time
from typing import Any, Callable

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils import diff as diff_module
from ansible_collections.netloom.overlay.plugins.module_utils import engine as engine_module
from ansible_collections.netloom.overlay.plugins.module_utils.engine import Failed
from ansible_collections.netloom.overlay.plugins.module_utils.kernel import lock
from ansible_collections.netloom.overlay.plugins.module_utils.model import Refused

from . import raw

NETWORK = """
netns: [{name: client, resolver: {nameservers: [192.0.2.53], search: [lab.example]}}]
links:
  - {name: br-red, kind: bridge, mac: "02:00:00:00:00:01", mtu: 1450, addresses: [10.30.0.1/24, "2001:db8:30::1/64"]}
  - name: red
    kind: vxlan
    vni: 10001
    dstport: 4789
    local: 127.0.0.1
    alias: red to all
    learning: false
    mtu: 1450
    master: br-red
    port: {isolated: true, neigh_suppress: true, learning: false}
    fdb:
      - {mac: "00:00:00:00:00:00", dst: 192.0.2.2}
      - {mac: "00:00:00:00:00:00", dst: 192.0.2.3}
      - {mac: "02:00:00:00:00:05", dst: 192.0.2.2}
  - {name: w-client, kind: veth, master: br-red, peer: {name: eth0, netns: client, addresses: [10.30.0.11/24]}}
routes:
  - {dst: default, via: 10.30.0.1, dev: eth0, netns: client}
  - {dst: 10.99.0.0/16, via: 10.30.0.9, dev: br-red, metric: 50}
  - {dst: 2001:db8:99::/64, via: "2001:db8:30::9", dev: br-red}
neighbors: [{dst: 10.30.0.7, mac: "02:00:00:00:00:07", dev: br-red}]
sysctls: [{dev: w-client, name: ipv4.proxy_arp, value: 1}, {dev: eth0, name: ipv4.rp_filter, value: 0, netns: client}]
"""


def lines(command: str) -> list[str]:
    """Return what a command prints, a line each, white space folded."""
    done = subprocess.run(command.split(), capture_output=True, text=True, check=True, timeout=30)
    # Whether a link has its carrier yet, and an address its proof of being the only one, is a matter of moments.
    return sorted(
        " ".join(line.replace("linkdown", "").replace("tentative", "").split()) for line in done.stdout.splitlines()
    )


def told(command: str) -> Any:
    """Return what iproute2 says as JSON."""
    return json.loads(subprocess.run(command.split(), capture_output=True, text=True, check=True, timeout=30).stdout)


_BY_ITSELF = re.compile(
    "ifindex|link_index|.*_timer|operstate|flags|num_.*|.*_addr|bridge_id|.*root.*|link_netnsid|designated_.*|no|fdb_n_learned"
    "|state"
)


def steady(part: Any) -> Any:
    """Leave out what changes by itself, or with the order in which links were made."""
    if isinstance(part, dict):
        # A port's id is a string that holds its number; a VNI is a number.
        return {
            name: steady(value)
            for name, value in part.items()
            if not _BY_ITSELF.fullmatch(name) and not (name == "id" and isinstance(value, str))
        }
    return part


def at_rest(look: Callable[[], Any], seconds: float = 3) -> Any:
    """Return what a look gives twice in a row: carriers come, and ports change their state, a moment after a run."""
    until = time.monotonic() + seconds
    before, found = None, look()
    while found != before and time.monotonic() < until:
        time.sleep(0.03)
        before, found = found, look()
    return found


def everything() -> list[str]:
    """Return what iproute2 says of this namespace at rest, without what changes by itself."""
    found: list[str] = at_rest(everything_now)
    return found


def everything_now() -> list[str]:
    """Return what iproute2 says of this namespace, without what changes by itself."""
    links = {link["ifname"]: steady(link) for link in told("ip -j -d link") if link["ifname"] != "lo"}
    return [
        *(f"{name} {json.dumps(link, sort_keys=True)}" for name, link in sorted(links.items())),
        *(line.split(": ", 1)[1] for line in lines("ip -o addr show scope global")),
        *lines("ip route show table all proto 110"),
        *lines("ip -6 route show table all proto 110"),
        *lines("ip nexthop show proto 110"),
        *[line for family in ("-4", "-6") for line in lines(f"ip {family} rule") if "proto 110" in line],
        *lines("ip neigh show nud permanent"),
        *[line for line in lines("bridge fdb show") if "self permanent" in line and "33:33" not in line],
        *(line.split()[0] for line in lines("ip netns list")),
    ]


@pytest.mark.needs_kind("vxlan")
def test_network_is_what_iproute2_sees_and_the_second_run_is_empty(apply: Any, tell: Any) -> None:
    report = apply(NETWORK)
    assert report.changed
    link = tell("ip -j -d link show dev red")[0]
    assert (link["linkinfo"]["info_data"]["id"], link["master"], link["mtu"]) == (10001, "br-red", 1450)
    assert link["ifalias"] == "red to all"
    assert link["linkinfo"]["info_slave_data"]["isolated"] is True
    entries = tell("bridge -j fdb show dev red")
    assert {(e["mac"], e["dst"]) for e in entries if "dst" in e} == {
        ("00:00:00:00:00:00", "192.0.2.2"),
        ("00:00:00:00:00:00", "192.0.2.3"),
        ("02:00:00:00:00:05", "192.0.2.2"),
    }
    assert tell("ip -j neigh show dev br-red")[0]["lladdr"] == "02:00:00:00:00:07"
    assert tell("ip -n client -j route show default")[0]["gateway"] == "10.30.0.1"
    assert tell("ip -j route show 10.99.0.0/16")[0]["metric"] == 50
    assert lines("ip netns exec client cat /etc/resolv.conf") == ["nameserver 192.0.2.53", "search lab.example"]
    assert lines("ip netns exec client cat /proc/sys/net/ipv4/conf/eth0/rp_filter") == ["0"]
    assert lines("cat /proc/sys/net/ipv4/conf/w-client/proxy_arp") == ["1"]
    subprocess.run(["ip", "netns", "exec", "client", "ping", "-c1", "-W2", "10.30.0.1"], check=True, timeout=10)
    before = everything()
    again = apply(NETWORK)
    assert (again.changed, again.commands, everything()) == (False, [], before)


def test_check_mode_tells_what_the_run_does_and_does_nothing(apply: Any) -> None:
    before = everything()
    foretold = apply(NETWORK, check=True)
    assert foretold.changed
    assert everything() == before
    done = apply(NETWORK)
    assert done.commands == foretold.commands
    assert everything() != before, "the positive control: a real run is seen"


def test_gathered_state_applied_again_changes_nothing(apply: Any, gather: Any) -> None:
    apply(NETWORK)
    config = gather()
    assert {link["name"] for link in config["links"]} >= {"br-red", "red", "w-client", "eth0"}
    report = apply(config)
    assert report.commands == []


def test_gathered_state_builds_the_same_elsewhere(apply: Any, gather: Any) -> None:
    apply(NETWORK)
    config, before = gather(), everything()
    apply({}, overridden=True)
    assert everything() == []
    config["links"] = [link for link in config["links"] if link["name"] != "lo"]
    apply(config)
    assert everything() == before


def test_recreated_link_has_what_hung_on_it(apply: Any, tell: Any) -> None:
    apply(NETWORK)
    fdb, routes = lines("bridge fdb show dev red"), lines("ip route show table all proto 110")
    index = tell("ip -j link show dev red")[0]["ifindex"]
    anew = NETWORK.replace("vni: 10001", "vni: 10002\n    recreate: true")
    with pytest.raises(Refused, match=r"red: vni: .*10001 -> 10002.*recreate: true"):
        apply(NETWORK.replace("vni: 10001", "vni: 10002"))
    assert tell("ip -j link show dev red")[0]["ifindex"] == index
    apply(anew)
    link = tell("ip -j -d link show dev red")[0]
    assert link["ifindex"] != index
    assert (link["linkinfo"]["info_data"]["id"], link["master"], link["ifalias"]) == (10002, "br-red", "red to all")
    assert link["linkinfo"]["info_slave_data"]["isolated"] is True
    assert [line for line in lines("bridge fdb show dev red") if "dst" in line] == [
        line for line in fdb if "dst" in line
    ]
    assert lines("ip route show table all proto 110") == routes
    assert not apply(anew).changed


def test_recreated_bridge_gets_addresses_routes_neighbors_and_ports_back(apply: Any, tell: Any) -> None:
    apply(NETWORK)
    before = everything()
    wish = {"links": [{"name": "br-red", "kind": "vxlan", "vni": 5, "dstport": 4790, "recreate": True}]}
    with pytest.raises(Refused, match="br-red: kind: is bridge, not vxlan"):
        apply({"links": [{**wish["links"][0], "recreate": False}]})
    with pytest.raises(Failed, match="red"):
        # A VXLAN link takes no ports: putting them back fails, and all of it is taken back.
        apply(wish)
    assert everything() == before


def test_failed_run_is_taken_back(apply: Any) -> None:
    apply(NETWORK)
    before = everything()
    wish = NETWORK.replace("mtu: 1450, addresses", "mtu: 1400, stp_state: true, addresses")
    wish = wish.replace("routes:", "routes:\n  - {dst: 10.77.0.0/16, via: 203.0.113.1, dev: br-red}")
    with pytest.raises(Failed, match=r"route 10.77.0.0/16: .*Nexthop has invalid gateway") as failure:
        apply(wish)
    assert "taken back" in str(failure.value)
    assert everything() == before
    apply(NETWORK.replace("mtu: 1450, addresses", "mtu: 1400, addresses"))
    assert everything() != before, "the positive control: the change without the bad route is made"


def test_removal_that_fails_later_brings_links_back(apply: Any) -> None:
    apply(NETWORK)
    before = everything()
    with pytest.raises(Failed, match="invalid gateway"):
        apply({"routes": [{"dst": "10.77.0.0/16", "via": "203.0.113.1", "dev": "lo"}]}, overridden=True)
    assert everything() == before


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


@pytest.fixture
def process() -> Any:
    """Give a process that owns a network namespace, as a container does."""
    with subprocess.Popen(["unshare", "-n", "sleep", "300"]) as owner:
        own = os.stat("/proc/thread-self/ns/net").st_ino
        for _try in range(100):
            if os.stat(f"/proc/{owner.pid}/ns/net").st_ino != own:
                break
            time.sleep(0.02)
        yield owner
        owner.kill()


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
def test_geneve_external_excludes_vni_and_is_no_change(apply: Any, tell: Any) -> None:
    apply("links: [{name: t0, kind: geneve, external: true, dstport: 6099}]")
    assert tell("ip -j -d link show dev t0")[0]["linkinfo"]["info_data"]["external"] is True
    with pytest.raises(Refused, match=r"t0: external: .*recreate: true"):
        apply("links: [{name: t0, kind: geneve, external: false}]")
    apply("links: [{name: t0, kind: geneve, external: true, dstport: 6099, alias: x}]")
    assert tell("ip -j -d link show dev t0")[0]["ifalias"] == "x"


@pytest.mark.needs_kind("geneve")
def test_geneve_ttl_inherit_and_back(apply: Any) -> None:
    base = "links: [{name: t0, kind: geneve, vni: 5, remote: 192.0.2.2, ttl: %s}]"
    for value, told in ((64, "ttl 64"), ("inherit", "ttl inherit"), (7, "ttl 7"), ("auto", "ttl auto")):
        apply(base % value)
        assert told in lines("ip -o -d link show dev t0")[0]
        assert not apply(base % value).changed


@pytest.mark.needs_kind("geneve")
def test_geneve_in_the_namespace_of_a_process_is_withdrawn(apply: Any, process: Any) -> None:
    link = f"{{name: t0, kind: geneve, vni: 7, remote: 192.0.2.2, netns: 'pid:{process.pid}', link_netns: host}}"
    apply(f"links: [{link}]")
    inside = f"nsenter -t {process.pid} -n ip -o -d link"
    assert any("geneve id 7" in line for line in lines(inside))
    assert not apply(f"links: [{link}]").changed
    assert apply({}, overridden=True).changed
    assert not any("geneve" in line for line in lines(inside))


def test_port_state(apply: Any, tell: Any) -> None:
    wish = "links: [{name: b, kind: bridge}, {name: t0, kind: veth, master: b, peer: {name: t1}%s}]"
    apply(wish % "")
    time.sleep(0.5)  # the carrier comes, and the bridge sets the port forwarding
    apply(wish % ", port: {state: disabled}")
    assert tell("bridge -j -d link show dev t0")[0]["state"] == "disabled"
    apply(wish % ", port: {state: forwarding}")
    assert tell("bridge -j -d link show dev t0")[0]["state"] == "forwarding"


def test_sysctl_of_a_link_whose_name_has_a_dot(apply: Any) -> None:
    wish = {
        "links": [{"name": "a.b", "kind": "bridge"}],
        "sysctls": [{"dev": "a.b", "name": "ipv4.proxy_arp", "value": True}],
    }
    apply(wish)
    assert lines("cat /proc/sys/net/ipv4/conf/a.b/proxy_arp") == ["1"]
    assert not apply(wish).changed


def test_second_run_waits_and_says_who_holds_the_lock(apply: Any, monkeypatch: Any, tmp_path: Any) -> None:
    path = str(tmp_path / "lock")
    monkeypatch.setattr(lock.locked.__wrapped__, "__defaults__", (path,))
    monkeypatch.setattr(engine_module, "LOCK_WAIT", 0.3)
    with open(path, "w", encoding="ascii") as file:
        file.write("process 12345 since yesterday")
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(Refused, match=r"another run holds .*process 12345 since yesterday"):
            apply("links: [{name: b, kind: bridge}]")
    assert apply("links: [{name: b, kind: bridge}]").changed


BAD = {
    "unknown option": ("links: [{name: b, kind: bridge, mtuu: 5}]", "b: unknown option 'mtuu', did you mean mtu?"),
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
    "twice": ("links: [{name: b, kind: bridge}, {name: b, kind: bridge}]", "b: wished for twice"),
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


@pytest.mark.native
def test_kernel_without_the_kind(apply: Any) -> None:
    """The native kernel of this machine lacks geneve; where it has it there is nothing to see."""
    if "geneve" not in os.environ.get("NETLOOM_MISSING_KINDS", "").split():
        with pytest.raises(Refused, match="vni or external"):
            apply("links: [{name: g, kind: geneve}]")
        return
    with pytest.raises(Refused, match=r"g: kind: this kernel has no geneve \(module geneve\)"):
        apply("links: [{name: g, kind: geneve, vni: 1, remote: 192.0.2.1}]")
    assert everything() == []


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


def test_what_stays_does_not_go_with_an_address(apply: Any, tell: Any) -> None:
    """The kernel takes secondaries with their primary address, and routes with a link's last address."""
    base = "links: [{name: b, kind: bridge, addresses: %s}]\nroutes: [{dst: 10.77.0.0/16, dev: b}]"
    apply(base % "[10.1.0.1/24, 10.1.0.2/24]")
    assert "secondary" in " ".join(lines("ip -o addr show dev b")), "the positive control: there is a secondary"
    apply(base % "[10.1.0.2/24]", overridden=True)
    assert [address["local"] for address in tell("ip -j -4 addr show dev b")[0]["addr_info"]] == ["10.1.0.2"]
    apply(base % "[]", overridden=True)
    assert lines("ip -o -4 addr show dev b") == []
    assert [route["dst"] for route in tell("ip -j route show proto 110")] == ["10.77.0.0/16"]
    assert not apply(base % "[]", overridden=True).changed


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
