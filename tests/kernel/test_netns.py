# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Named namespaces: attached ones, their ids, loopback and resolver. ``ip netns`` is the witness."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from typing import Any, Callable

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host import run as engine_module
from ansible_collections.netloom.overlay.plugins.module_utils._host.kernel.host import namespaces
from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.failure import Fault

Apply = Callable[..., Any]


@pytest.fixture
def process() -> Iterator[Callable[[], int]]:
    """Give a function that starts a process in a namespace of its own and returns its number."""
    started = []

    def start() -> int:
        child = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec sleep 300"], stdout=subprocess.PIPE)
        assert child.stdout is not None
        with child.stdout:
            child.stdout.readline()
        started.append(child)
        return child.pid

    yield start
    for child in started:
        child.kill()
        child.wait()


def out(command: str) -> str:
    """Return what a command prints."""
    return subprocess.run(command.split(), capture_output=True, text=True, check=True, timeout=30).stdout


def number(path: str) -> int:
    """Return the inode of a namespace."""
    return os.stat(path).st_ino


# attach


def test_attach_gives_a_process_a_name(apply: Apply, process: Callable[[], int]) -> None:
    pid = process()
    config = f"netns: [{{name: web, attach: 'pid:{pid}'}}]"
    foretold = apply(config, check=True)
    assert foretold.commands == [f"ip netns attach web {pid}"]
    assert not os.path.exists("/run/netns/web")
    assert apply(config).commands == foretold.commands
    assert out("ip netns list").split() == ["web"]
    assert out(f"ip netns identify {pid}").split() == ["web"]
    assert out("ip netns pids web").split() == [str(pid)]
    assert apply(config).commands == []
    assert apply(config, check=True).commands == []


def test_attached_namespace_is_not_marked_nor_its_loopback_touched(apply: Apply, process: Any, tell: Any) -> None:
    pid = process()
    apply(f"netns: [{{name: web, attach: 'pid:{pid}'}}, {{name: ours}}]")
    (theirs,), (ours,) = tell("ip -n web -j link show dev lo"), tell("ip -n ours -j link show dev lo")
    assert ("UP" in theirs["flags"], theirs["group"]) == (False, "default")
    assert ("UP" in ours["flags"], ours["group"]) == (True, "28268"), "the positive control"
    apply(f"netns: [{{name: web, attach: 'pid:{pid}', loopback: true}}]")
    assert "UP" in tell("ip -n web -j link show dev lo")[0]["flags"]
    # What is exactly as wished has neither: ours goes, the name of what is not ours stays.
    apply({}, overridden=True)
    assert out("ip netns list").split() == ["web"]


def test_absent_takes_the_name_and_leaves_the_namespace(apply: Apply, process: Any) -> None:
    pid = process()
    subprocess.run(["nsenter", "-t", str(pid), "-n", "ip", "link", "add", "br0", "type", "bridge"], check=True)
    apply(f"netns: [{{name: web, attach: 'pid:{pid}', resolver: {{nameservers: [192.0.2.53]}}}}]")
    assert os.path.exists("/etc/netns/web/resolv.conf")
    # The wish is the same whether what it was attached to is still there or not.
    apply("netns: [{name: web, state: absent, attach: 'pid:999999999'}]")
    assert out("ip netns list") == ""
    assert not os.path.exists("/etc/netns/web")
    assert "br0" in out(f"nsenter -t {pid} -n ip -br link")


def test_attached_name_and_process_are_one_namespace_in_one_run(apply: Apply, process: Any) -> None:
    pid = process()
    subprocess.run(["nsenter", "-t", str(pid), "-n", "ip", "link", "add", "br0", "type", "bridge"], check=True)
    config = {
        "netns": [{"name": "web", "attach": f"pid:{pid}", "resolver": {"nameservers": ["192.0.2.53"]}}],
        "links": [{"name": "br0", "kind": "bridge", "netns": "web", "mtu": 1400}],
        "addresses": [{"address": "10.0.0.1/24", "dev": "br0", "netns": f"pid:{pid}"}],
    }
    report = apply(config)
    assert report.commands[0].startswith(f"ip netns attach web {pid}")
    assert "ip -n web link set dev br0 mtu 1400" in report.commands
    assert "ip -n web addr add 10.0.0.1/24 dev br0" in report.commands
    assert "mtu 1400" in out("ip -n web link show dev br0")
    assert out("ip netns exec web cat /etc/resolv.conf") == "nameserver 192.0.2.53\n"
    assert apply(config).commands == []


def test_namespace_with_two_names_is_attached_under_both(apply: Apply, process: Any) -> None:
    pid = process()
    subprocess.run(["ip", "netns", "attach", "a-runtime-made-this", str(pid)], check=True)
    config = f"""
        netns: [{{name: web, attach: 'pid:{pid}'}}, {{name: web2, attach: 'pid:{pid}'}}]
        links: [{{name: br0, kind: bridge, netns: web}}, {{name: br1, kind: bridge, netns: a-runtime-made-this}}]
    """
    apply(config)
    assert sorted(out("ip netns list").split()) == ["a-runtime-made-this", "web", "web2"]
    assert {"br0", "br1"} <= set(out("ip -n web2 -br link").split())
    assert apply(config).commands == []
    apply("netns: [{name: a-runtime-made-this, state: absent}]")
    assert sorted(out("ip netns list").split()) == ["web", "web2"]
    assert apply("links: [{name: br0, kind: bridge, netns: web2}]").commands == []


def test_name_of_another_namespace_is_kept_unless_recreate(apply: Apply, process: Any) -> None:
    pid = process()
    subprocess.run(["ip", "netns", "add", "web"], check=True)
    subprocess.run(["ip", "-n", "web", "link", "add", "br0", "type", "bridge"], check=True)
    before = number("/run/netns/web")
    with pytest.raises(Refused) as refused:
        apply(f"netns: [{{name: web, attach: 'pid:{pid}'}}]")
    assert str(refused.value) == (
        f"netns web: attach: the name stands for another namespace (net:[{before}] -> pid:{pid}). "
        "Set recreate: true to take it away from that namespace"
    )
    assert number("/run/netns/web") == before
    report = apply(f"netns: [{{name: web, attach: 'pid:{pid}', recreate: true}}]")
    assert report.commands == ["ip netns del web", f"ip netns attach web {pid}"]
    assert number("/run/netns/web") == number(f"/proc/{pid}/ns/net")
    assert apply(f"netns: [{{name: web, attach: 'pid:{pid}', recreate: true}}]").commands == []


def test_failed_run_gives_the_name_back(apply: Apply, process: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pid = process()
    subprocess.run(["ip", "netns", "add", "web"], check=True)
    subprocess.run(["ip", "-n", "web", "link", "add", "br0", "type", "bridge"], check=True)
    before = number("/run/netns/web")
    config = f"netns: [{{name: web, attach: 'pid:{pid}', recreate: true}}, {{name: new, attach: 'pid:{pid}'}}]"
    # The kernel did all of it; what is read afterwards is made to say that it did not.
    monkeypatch.setattr(engine_module.Engine, "_left", lambda *_a, **_k: ([], Fault("", "said to have failed").of("x")))
    with pytest.raises(
        Failed, match=r"said to have failed\. Nothing was changed: what was done before was rolled back"
    ):
        apply(config)
    assert out("ip netns list").split() == ["web"]
    assert number("/run/netns/web") == before
    assert "br0" in out("ip -n web -br link")


def test_failed_run_gives_a_removed_namespace_back_with_all_in_it(apply: Apply, monkeypatch: Any) -> None:
    apply("netns: [{name: a}, {name: b}]\nlinks: [{name: br0, kind: bridge, netns: a}]")
    before = {name: number(f"/run/netns/{name}") for name in "ab"}
    monkeypatch.setattr(engine_module.Engine, "_left", lambda *_a, **_k: ([], Fault("", "said to have failed").of("x")))
    with pytest.raises(Failed, match="Nothing was changed"):
        apply("netns: [{name: a, state: absent}, {name: b, state: absent}]")
    assert {name: number(f"/run/netns/{name}") for name in "ab"} == before
    assert "br0" in out("ip -n a -br link")


@pytest.mark.parametrize(
    ("attach", "reason"),
    [
        ("web", "'web' is neither pid:N nor pidfile:PATH nor container:NAME"),
        ("pid:999999999", "pid:999999999: there is no process 999999999"),
        ("pidfile:/nowhere", "pidfile /nowhere: No such file or directory"),
        ("pid:{own}", "pid:{own}: is the namespace that the module runs in, which is called host"),
    ],
)
def test_what_cannot_be_attached(apply: Apply, attach: str, reason: str) -> None:
    own = str(os.getpid())
    with pytest.raises(Refused) as refused:
        apply({"netns": [{"name": "x", "attach": attach.replace("{own}", own)}]})
    assert str(refused.value) == f"netns x: attach: {reason.replace('{own}', own)}"
    assert not os.path.exists("/run/netns/x")


@pytest.fixture
def left_over() -> Iterator[str]:
    """Leave the file that a killed ``ip netns add`` leaves, and give its path."""
    os.makedirs("/run/netns", exist_ok=True)
    path = "/run/netns/left"
    os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL, 0))
    yield path
    subprocess.run(["ip", "netns", "del", "left"], capture_output=True, check=False)


def test_left_over_file_is_no_namespace(apply: Apply, left_over: str) -> None:
    with pytest.raises(Refused, match="there is no namespace left"):
        apply("links: [{name: br0, kind: bridge, netns: left}]")
    assert os.path.exists(left_over)


def test_left_over_file_becomes_the_namespace(apply: Apply, left_over: str) -> None:
    assert subprocess.run(["ip", "netns", "add", "left"], capture_output=True, check=False).returncode != 0
    config = "netns: [{name: left}]\nlinks: [{name: br0, kind: bridge, netns: left}]"
    assert apply(config).commands[0] == "ip netns add left && ip -n left link set dev lo up"
    assert "br0" in out("ip -n left -br link")
    assert apply(config).commands == []
    assert os.path.exists(left_over)


def test_left_over_file_is_removed(apply: Apply, left_over: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config = "netns: [{name: left, state: absent}]"
    foretold = apply(config, check=True).commands
    assert foretold == ["ip netns del left"]
    with monkeypatch.context() as patch:
        patch.setattr(engine_module.Engine, "_left", lambda *_a, **_k: ([], Fault("", "said to have failed").of("x")))
        with pytest.raises(Failed, match="Nothing was changed"):
            apply(config)
    assert os.path.getsize(left_over) == 0, "the file is back"
    assert apply(config).commands == foretold
    assert not os.path.exists(left_over)
    assert apply(config).commands == []


@pytest.mark.parametrize("state", ["present", "absent"])
def test_file_with_content_is_nobodys_left_over(apply: Apply, left_over: str, state: str) -> None:
    with open(left_over, "w", encoding="ascii") as file:
        file.write("notes")
    if state == "absent":
        assert apply("netns: [{name: left, state: absent}]").commands == []
    else:
        with pytest.raises(Failed, match=r"netns left: /run/netns/left is not a network namespace\. Remove"):
            apply("netns: [{name: left}]")
    with open(left_over, encoding="ascii") as file:
        assert file.read() == "notes"


def test_namespace_has_its_mark_before_its_name(apply: Apply, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is killed before the name leaves nothing, and one that is killed behind it has set the mark."""
    seen = []
    bind = namespaces._bind_file

    def look(fd: int, name: str) -> None:
        command = f"nsenter --net=/proc/{os.getpid()}/fd/{fd} ip link show dev lo"
        seen.append((os.path.exists(f"/run/netns/{name}"), out(command)))
        bind(fd, name)

    monkeypatch.setattr(namespaces, "_bind_file", look)
    apply("netns: [{name: new}]")
    assert [there for there, _link in seen] == [False]
    assert "group 28268" in seen[0][1]
    assert ",UP" in seen[0][1]


# nsid


@pytest.mark.parametrize("wish", [7, "7", 0, 2**31 - 1])
def test_nsid_is_what_ip_netns_lists(apply: Apply, tell: Any, wish: Any) -> None:
    config = {"netns": [{"name": "a", "nsid": wish}]}
    report = apply(config)
    assert report.commands == [f"ip netns add a && ip netns set a {wish} && ip -n a link set dev lo up"]
    assert tell("ip -j netns list-id") == [{"nsid": int(wish), "name": "a"}]
    assert apply(config).commands == []
    assert apply({"netns": [{"name": "a"}]}).commands == [], "left out is not managed"
    assert apply({"netns": [{"name": "a", "nsid": "auto"}]}).commands == [], "any number is an id"


def test_nsid_auto_is_any_that_is_free(apply: Apply, tell: Any) -> None:
    apply("netns: [{name: a, nsid: 0}, {name: b, nsid: auto}, {name: c}]")
    listed = {row["name"]: row["nsid"] for row in tell("ip -j netns list-id")}
    assert listed["a"] == 0
    assert listed["b"] > 0
    assert "c" not in listed, "the positive control: no id without a wish or a link"
    report = apply("netns: [{name: c, nsid: auto}]")
    assert report.commands == ["ip netns set c auto"]
    assert {row["name"] for row in tell("ip -j netns list-id")} == {"a", "b", "c"}


def test_nsid_is_given_once(apply: Apply, tell: Any) -> None:
    apply("netns: [{name: a}]")
    assert apply("netns: [{name: a, nsid: 5}]").commands == ["ip netns set a 5"]
    with pytest.raises(Refused) as refused:
        apply("netns: [{name: a, nsid: 6}]")
    assert (
        str(refused.value)
        == "netns a: nsid: is given once and then stays (5 -> 6). Leave the option out, or remove the object first"
    )
    with pytest.raises(Refused, match="given once"):
        apply("netns: [{name: a, nsid: 6, recreate: true}]")
    assert tell("ip -j netns list-id") == [{"nsid": 5, "name": "a"}]


def test_nsid_of_another_is_refused(apply: Apply, tell: Any, process: Any) -> None:
    apply("netns: [{name: a, nsid: 5}]")
    with pytest.raises(Refused, match="netns b: nsid: 5 is the id of netns a already"):
        apply("netns: [{name: b, nsid: 5}]")
    with pytest.raises(Refused, match="netns c: nsid: 6 is the id of netns b already"):
        apply("netns: [{name: b, nsid: 6}, {name: c, nsid: 6}]")
    # The kernel alone knows the ids of namespaces without a name.
    pid = process()
    subprocess.run(["ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", str(pid)], check=True)
    taken = next(row["nsid"] for row in tell("ip -j netns list-id") if "name" not in row)
    with pytest.raises(Failed, match=r"netns d: nsid: .*already used.* Nothing was changed"):
        apply(f"netns: [{{name: d, nsid: {taken}}}]")
    assert out("ip netns list").split()[0::3] == ["a"]


def test_nsid_of_an_attached_namespace(apply: Apply, tell: Any, process: Any) -> None:
    config = f"netns: [{{name: web, attach: 'pid:{process()}', nsid: 9}}]"
    apply(config)
    assert tell("ip -j netns list-id") == [{"nsid": 9, "name": "web"}]
    assert apply(config).commands == []


@pytest.mark.parametrize("wish", ["any", -1, 2**31, 1.5, True])
def test_nsid_that_is_none(apply: Apply, wish: Any) -> None:
    with pytest.raises(Refused, match="netns a: nsid: "):
        apply({"netns": [{"name": "a", "nsid": wish}]})


def test_ids_that_the_kernel_gave_are_not_part_of_what_is_gathered(apply: Apply, gather: Any, process: Any) -> None:
    apply(f"netns: [{{name: a, nsid: 3}}, {{name: web, attach: 'pid:{process()}'}}]")
    assert gather()["netns"] == [{"name": "a", "loopback": True}, {"name": "web", "loopback": False}]


# loopback and resolver


def test_loopback(apply: Apply, tell: Any) -> None:
    def up() -> bool:
        return "UP" in tell("ip -n a -j link show dev lo")[0]["flags"]

    apply("netns: [{name: a}]")
    assert up()
    assert out("ip netns exec a ping -c1 -W1 127.0.0.1")
    apply("netns: [{name: a, loopback: false}]")
    assert not up()
    assert apply("netns: [{name: a}]").commands == []
    assert not up()
    assert apply("netns: [{name: a, loopback: true}]").commands == ["ip -n a link set dev lo up"]
    assert up()
    apply("netns: [{name: b, loopback: false}]")
    assert "UP" not in tell("ip -n b -j link show dev lo")[0]["flags"]


def test_resolver_is_what_programs_in_the_namespace_read(apply: Apply) -> None:
    host = out("cat /etc/resolv.conf")
    config: dict[str, Any] = {"name": "a"}
    config["resolver"] = {
        "nameservers": ["192.0.2.53", "2001:DB8::0053"],
        "search": ["lab.example", "example"],
        "options": ["ndots:2", "timeout:1"],
    }
    apply({"netns": [config]})
    told = "nameserver 192.0.2.53\nnameserver 2001:db8::53\nsearch lab.example example\noptions ndots:2 timeout:1\n"
    assert out("ip netns exec a cat /etc/resolv.conf") == told
    assert out("cat /etc/resolv.conf") == host
    assert apply({"netns": [config]}).commands == []
    assert apply({"netns": [{"name": "a"}]}).commands == [], "left out is not managed"
    config["resolver"] = {"nameservers": ["192.0.2.54"]}
    apply({"netns": [config]})
    assert out("ip netns exec a cat /etc/resolv.conf") == "nameserver 192.0.2.54\n"
    config["resolver"] = {}
    assert apply({"netns": [config]}).changed
    assert out("ip netns exec a cat /etc/resolv.conf") == host
    assert not os.path.exists("/etc/netns/a")
    assert apply({"netns": [config]}).commands == []


def test_failed_run_gives_the_resolver_back(apply: Apply, monkeypatch: pytest.MonkeyPatch) -> None:
    apply("netns: [{name: a, resolver: {nameservers: [192.0.2.53]}}]")
    monkeypatch.setattr(engine_module.Engine, "_left", lambda *_a, **_k: ([], Fault("", "said to have failed").of("x")))
    with pytest.raises(Failed, match="Nothing was changed"):
        apply("netns: [{name: a, loopback: false, resolver: {nameservers: [192.0.2.99]}}]")
    assert out("ip netns exec a cat /etc/resolv.conf") == "nameserver 192.0.2.53\n"
    assert "UP" in out("ip -n a link show dev lo")


def test_lo_of_a_new_namespace_is_set_in_the_same_run(apply: Apply, tell: Any) -> None:
    config = {"netns": [{"name": "a"}], "links": [{"name": "lo", "netns": "a", "mtu": 1500, "alias": "its own"}]}
    apply(config, check=True)
    apply(config)
    (lo,) = tell("ip -n a -j -d link show lo")
    assert (lo["mtu"], lo["ifalias"], "UP" in lo["flags"]) == (1500, "its own", True)
    assert apply(config).commands == []
    with pytest.raises(Refused, match="lo in netns b: netns: there is no namespace b"):
        apply({"links": [{"name": "lo", "netns": "b", "mtu": 1500}]})


def test_gathered_is_taken_by_a_host_that_has_none_of_it(apply: Apply, gather: Any, tell: Any) -> None:
    apply("""
        netns: [{name: a, resolver: {nameservers: [192.0.2.53]}}]
        links:
          - {name: b0, kind: bridge, netns: a, mac: "02:00:00:00:00:01", mtu: 1400, addresses: [10.1.0.1/24]}
          - {name: v0, kind: veth, peer: {name: v1, netns: a, master: b0, port: {isolated: true}}}
        routes: [{dst: 10.2.0.0/16, via: 10.1.0.9, netns: a}]
    """)
    config = gather()
    links = sorted(link["ifname"] for link in tell("ip -n a -j link"))
    apply({}, overridden=True)
    assert tell("ip -j netns list") == []
    apply(config)
    assert sorted(link["ifname"] for link in tell("ip -n a -j link")) == links == ["b0", "lo", "v1"]
    assert [route["gateway"] for route in tell("ip -n a -j route") if "gateway" in route] == ["10.1.0.9"]
    assert apply(config).commands == []
