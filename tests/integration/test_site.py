# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""site.yml, verify.yml and remove.yml on three lab hosts with VXLAN networks, which every kernel has.

What the hosts hold is read by ip and bridge, and who reaches whom by fping, not by the collection.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
MARK = "28268"
ALL_ZERO = "00:00:00:00:00:00"
NAMES = ("node1", "node2", "node3")
TUNNEL = "v002710"

RED = {"encap": "vxlan", "topology": "mesh", "replication": "static", "hosts": "all", "subnet": "10.20.2.0/24"}
TEAL = {**RED, "subnet": "10.20.4.0/24"}
WORKLOADS = {
    "client1": {
        "host": "node1",
        "network": "red",
        "attach": "veth",
        "netns": "client",
        "addresses": ["10.20.2.101/24"],
    },
    "client2": {
        "host": "node2",
        "network": "red",
        "attach": "veth",
        "netns": "client",
        "addresses": ["10.20.2.102/24"],
    },
}
STATIONS = ["10.20.2.1", "10.20.2.2", "10.20.2.3", "10.20.2.101", "10.20.2.102"]


def run(*words: object, ok: bool = True, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run a command with a time limit; with ok, its exit status must be 0."""
    done = subprocess.run(
        [str(word) for word in words], text=True, capture_output=True, check=False, timeout=120, **more
    )
    if ok:
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


@dataclass
class Site:
    """An inventory, the lab hosts that it names, and the playbooks run on them."""

    folder: Path
    name: str = field(default_factory=lambda: f"site-{os.getpid()}")

    def __post_init__(self) -> None:
        variables = {
            "ansible_connection": "netloom.overlay.lab",
            "ansible_lab_name": self.name,
            "ansible_python_interpreter": sys.executable,
        }
        hosts = {name: {"ansible_host": f"10.0.0.{number}"} for number, name in enumerate(NAMES, 1)}
        self.write("10-hosts.yml", {"all": {"vars": variables, "hosts": hosts}})
        self.intend({"red": RED}, WORKLOADS)

    def write(self, name: str, value: dict[str, Any]) -> None:
        """Write a source of the inventory."""
        (self.folder / name).write_text(yaml.safe_dump(value))

    def intend(self, networks: dict[str, Any], workloads: dict[str, Any], **more: Any) -> None:
        """Write what networks there are to be."""
        source = {"plugin": "netloom.overlay.fabric", "ledger": "ledger.yml", "vni_range": [10000, 19999]}
        self.write("90-fabric.yml", {**source, "networks": networks, "workloads": workloads, **more})

    def play(self, playbook: str, *words: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a playbook of the collection."""
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".collections"),
            "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_INVENTORY_UNPARSED_IS_FAILED": "1",
        }
        path = CHECKOUT / "playbooks" / f"{playbook}.yml"
        return run(BIN / "ansible-playbook", "-i", self.folder, path, *words, ok=ok, env=environment)

    def changed(self, *words: str) -> dict[str, int]:
        """Run site.yml; tell how many tasks changed something on each host."""
        out = self.play("site", *words).stdout
        return {host: int(count) for host, count in re.findall(r"^(\S+) +: ok=\d+ +changed=(\d+)", out, re.MULTILINE)}

    def enter(self, host: str, *words: str, ok: bool = True) -> str:
        """Run a command in a lab host and return what it printed."""
        pid = (Path("/run/netloom-lab") / self.name / "hosts" / host).read_text().split()[0]
        return run("nsenter", "-t", pid, "-m", "-u", "-n", "-p", "--", *words, ok=ok).stdout

    def silent(self, host: str, *addresses: str, netns: str = "") -> list[str]:
        """Give those of the addresses that do not answer fping from a host."""
        inside = ["ip", "netns", "exec", netns] if netns else []
        return self.enter(host, *inside, "fping", "-u", "-r", "1", "-t", "300", *addresses, ok=False).split()

    def ours(self, host: str) -> list[str]:
        """Give the names of the links with the collection's mark."""
        rows = json.loads(self.enter(host, "ip", "-j", "link", "show", "group", MARK) or "[]")
        return sorted(row["ifname"] for row in rows if row)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give three lab hosts with nothing on them yet, and end them."""
    site = Site(tmp_path_factory.mktemp("inventory"))
    site.play("lab")
    yield site
    site.play("lab", "-e", "lab_state=absent")


@pytest.fixture
def site(lab: Site) -> Site:
    """Give the lab hosts with the network red on them."""
    lab.intend({"red": RED}, WORKLOADS)
    lab.play("site")
    return lab


def test_check_mode_changes_nothing_and_records_nothing(lab: Site) -> None:
    lab.intend({"red": RED}, WORKLOADS)
    assert lab.changed("--check") == {"node1": 2, "node2": 1, "node3": 1}  # node1: the ledger too
    assert not (lab.folder / "ledger.yml").exists()
    assert [lab.ours(name) for name in NAMES] == [[], [], []]


def test_first_run_reaches_all_and_second_changes_nothing(lab: Site) -> None:
    lab.intend({"red": RED}, WORKLOADS)
    assert all(lab.changed().values())
    assert yaml.safe_load((lab.folder / "ledger.yml").read_text())["networks"]["red"]["vni"] == 10000
    assert [lab.silent(name, *STATIONS) for name in NAMES] == [[], [], []]
    assert lab.silent("node2", *STATIONS, netns="client") == []
    assert lab.changed() == dict.fromkeys(NAMES, 0)


def test_verify_shows_the_matrix_and_the_mtu(site: Site, tmp_path: Path) -> None:
    site.play("verify", "-e", f"verify_report={tmp_path}/report.txt")
    report = (tmp_path / "report.txt").read_text()
    assert "MTU 1450 (1450 bytes pass with DF, 1451 do not)" in report
    assert "All 20 pairs of 3 hosts reach each other." in report
    rows = [line.split() for line in report.splitlines() if line.startswith(("  node", "  client"))]
    assert [row[0] for row in rows] == ["client1", "client2", *NAMES]
    assert [row[1:].count(".") for row in rows] == [1] * 5


def mac_of(site: Site, host: str, device: str) -> str:
    """Give the MAC of a link."""
    return str(json.loads(site.enter(host, "ip", "-j", "link", "show", "dev", device))[0]["address"])


def set_down(site: Site) -> None:
    site.enter("node3", "ip", "link", "set", "red", "down")


def delete_fdb(site: Site) -> None:
    for mac in (ALL_ZERO, mac_of(site, "node2", "red")):
        site.enter("node1", "bridge", "fdb", "del", mac, "dev", TUNNEL, "dst", "10.0.0.2", "self")


def lead_astray(site: Site) -> None:
    """Let the entries for node2 lead to node3."""
    delete_fdb(site)
    mac = mac_of(site, "node2", "red")
    site.enter("node1", "bridge", "fdb", "add", mac, "dev", TUNNEL, "dst", "10.0.0.3", "self", "static")


def wrong_mac(site: Site) -> None:
    words = "ip neigh replace 10.20.2.2 lladdr 02:00:00:00:00:99 dev red nud permanent"
    site.enter("node1", *words.split())


def wrong_route(site: Site) -> None:
    # With the collection's mark, so that the next run of site.yml takes it away.
    site.enter("node2", "ip", "route", "add", "10.20.2.3/32", "dev", TUNNEL, "proto", "110")


def other_vni(site: Site) -> None:
    site.enter("node3", "ip", "link", "del", TUNNEL)
    words = f"ip link add {TUNNEL} type vxlan id 10099 dstport 4789 local 10.0.0.3 nolearning"
    site.enter("node3", *words.split())
    site.enter("node3", "ip", "link", "set", TUNNEL, "master", "red", "up")


def small_mtu(site: Site) -> None:
    site.enter("node2", "ip", "link", "set", "w-client2", "mtu", "1400")


def underlay_down(site: Site) -> None:
    site.enter("node3", "ip", "link", "set", "eth0", "down")


def underlay_up(site: Site) -> None:
    site.enter("node3", "ip", "link", "set", "eth0", "up")


@pytest.mark.parametrize(
    ("harm", "cause", "pairs"),
    [
        (set_down, "node3: link red (red) is down", ["node1 -> node3", "node3 -> node1", "client2 -> node3"]),
        (
            delete_fdb,
            f"node1: the default FDB entry of {TUNNEL} has no destination 10.0.0.2 (node2)",
            ["node1 -> node2", "node2 -> node1"],
        ),
        (lead_astray, "has no destination 10.0.0.2 (node2); it leads to 10.0.0.3", ["node1 -> node2"]),
        (
            wrong_mac,
            "node1: the permanent neighbor entry for 10.20.2.2 has the MAC 02:00:00:00:00:99, red of node2 has",
            ["node1 -> node2", "node2 -> node1"],
        ),
        (
            wrong_route,
            f"node2: the route to 10.20.2.3 (node3) goes through {TUNNEL}, a port of the bridge red",
            ["node2 -> node3", "node3 -> node2"],
        ),
        (
            other_vni,
            f"node3: link {TUNNEL} (red to all) has VNI 10099, not 10000, as the end on node1 has it",
            ["node1 -> node3", "node3 -> client1"],
        ),
        (underlay_down, "node3: the underlay link eth0 is down", ["node1 -> node3", "node3 -> node2"]),
    ],
)
def test_verify_names_pair_direction_and_cause(
    site: Site, tmp_path: Path, harm: Any, cause: str, pairs: list[str]
) -> None:
    site.play("verify")  # the control: without the harm all is well
    harm(site)
    try:
        done = site.play("verify", "-e", f"verify_report={tmp_path}/report.txt", ok=False)
    finally:
        underlay_up(site)
    assert done.returncode != 0
    report = (tmp_path / "report.txt").read_text()
    lines = report.splitlines()
    assert cause in report
    told = [lines[number + 1] for number, line in enumerate(lines) if cause in line]
    assert all(pair in told[0] for pair in pairs), told
    assert cause in done.stdout  # of the failed task too
    if harm is other_vni:  # the kernel cannot change it on a living link
        site.enter("node3", "ip", "link", "del", TUNNEL)


def test_verify_names_a_link_with_a_small_mtu(site: Site, tmp_path: Path) -> None:
    small_mtu(site)
    done = site.play("verify", "-e", f"verify_report={tmp_path}/report.txt", ok=False)
    report = (tmp_path / "report.txt").read_text()
    assert done.returncode != 0
    assert "node2: link w-client2 has MTU 1400, not 1450" in report
    site.play("site")
    for name in NAMES:
        site.enter(name, "ip", "route", "flush", "cache")
    site.enter("node2", "ip", "netns", "exec", "client", "ip", "route", "flush", "cache")
    site.play("verify")


def test_site_mends_what_somebody_broke(site: Site) -> None:
    set_down(site)
    delete_fdb(site)
    wrong_mac(site)
    changed = site.changed()
    assert changed == {"node1": 1, "node2": 0, "node3": 1}
    assert [site.silent(name, *STATIONS) for name in NAMES] == [[], [], []]


def test_what_leaves_the_inventory_is_gone_after_one_run(site: Site) -> None:
    site.intend({"red": RED, "teal": TEAL}, WORKLOADS)
    site.play("site")
    site.enter("node1", "ip", "link", "add", "foreign", "type", "bridge")
    site.enter("node1", "ip", "route", "add", "blackhole", "198.51.100.0/24")
    assert "teal" in site.ours("node1")
    gone = mac_of(site, "node3", "red")
    assert gone in site.enter("node1", "bridge", "fdb", "show")

    site.intend({"red": {**RED, "hosts": "all:!node3"}}, WORKLOADS)
    site.play("site")
    assert site.ours("node3") == []
    assert site.ours("node1") == sorted(["red", TUNNEL, "w-client1"])
    for name in ("node1", "node2"):
        # The kernel's own tries to reach a neighbor (incomplete, failed) end by themselves.
        held = site.enter(name, "bridge", "fdb", "show") + site.enter(name, "ip", "neigh", "show", "nud", "permanent")
        assert gone not in held
        assert "dst 10.0.0.3" not in held
        assert "10.20.2.3" not in held
        assert "10.20.4." not in site.enter(name, "ip", "route")
    assert site.silent("node1", "10.20.2.2", "10.20.2.102") == []
    assert "foreign" in site.enter("node1", "ip", "link", "show", "foreign")
    assert "198.51.100.0/24" in site.enter("node1", "ip", "route")
    assert site.changed() == dict.fromkeys(NAMES, 0)
    site.enter("node1", "ip", "link", "del", "foreign")


def tasks(site: Site) -> list[str]:
    """Give the tasks that site.yml runs."""
    return re.findall(r"^TASK \[(.*)\]", site.play("site").stdout, re.MULTILINE)


def test_more_networks_add_no_task(site: Site) -> None:
    few = tasks(site)
    more = {f"net{number}": {**RED, "subnet": f"10.30.{number}.0/24"} for number in range(20)}
    site.intend({"red": RED, **more}, WORKLOADS)
    assert tasks(site) == few
    assert len(site.ours("node2")) == 2 * 21 + 1
    assert site.silent("node2", "10.30.0.1", "10.30.19.3") == []


def test_remove_leaves_nothing_of_ours(site: Site) -> None:
    links = {name: site.enter(name, "ip", "-br", "link") for name in NAMES}
    assert all("red" in text for text in links.values())
    site.enter("node2", "ip", "link", "add", "stays", "type", "bridge")
    site.play("remove")
    for name in NAMES:
        assert site.ours(name) == []
        assert site.enter(name, "ip", "netns", "list") == ""
        assert site.enter(name, "ip", "neigh", "show", "nud", "permanent") == ""
        assert site.enter(name, "ip", "route", "show", "proto", "110") == ""
        assert "10.20.2" not in site.enter(name, "ip", "address")
    assert "stays" in site.enter("node2", "ip", "-br", "link")
    site.play("site")
    assert site.silent("node1", *STATIONS) == []


def test_a_refused_inventory_is_told_and_remove_works_without_it(site: Site) -> None:
    site.intend({"red": {**RED, "vni": 2**24}}, {})
    for playbook in ("site", "verify"):
        done = site.play(playbook, ok=False)
        assert done.returncode != 0, done.stdout
        assert "the inventory was refused: 90-fabric.yml: networks.red.vni" in done.stdout
    assert site.ours("node1") != []
    site.play("remove")
    assert [site.ours(name) for name in NAMES] == [[], [], []]


def test_prepare_refuses_an_underlay_that_carries_less(site: Site) -> None:
    before = site.enter("node1", "ip", "link")
    site.intend({"red": RED}, WORKLOADS, underlay={"mtu": 9000})
    done = site.play("site", ok=False)
    assert done.returncode != 0
    assert "the underlay link eth0 has MTU 1500, the inventory counts on 9000 (underlay.mtu)" in done.stdout
    assert site.enter("node1", "ip", "link") == before


def test_prepare_has_modules_loaded_at_boot(site: Site) -> None:
    """A lab host has files of its own: node1 gets a kernel with modules."""
    file = "/etc/modules-load.d/netloom.overlay.conf"
    modules = f"/lib/modules/{os.uname().release}"
    lines = "kernel/drivers/net/vxlan/vxlan.ko.xz: kernel/net/ipv4/udp_tunnel.ko.xz\\nkernel/drivers/net/dummy.ko:\\n"
    site.enter("node1", "sh", "-c", f"mkdir -p {modules} && printf '{lines}' > {modules}/modules.dep")
    assert site.changed() == {"node1": 1, "node2": 0, "node3": 0}
    assert site.enter("node1", "cat", file).splitlines()[1:] == ["vxlan"]
    assert site.changed() == dict.fromkeys(NAMES, 0)
    assert not Path(file).exists()


def test_workload_waits_for_a_process_and_says_which(site: Site) -> None:
    box = {"host": "node2", "network": "red", "attach": "veth", "netns": "pidfile:/run/late.pid"}
    workloads = {**WORKLOADS, "late": {**box, "addresses": ["10.20.2.110/24"]}}
    site.intend({"red": RED}, workloads)
    done = site.play("site", "-e", "workload_timeout=1", ok=False)
    assert done.returncode != 0
    assert "/run/late.pid of a workload: the file has no process number after 1 seconds" in done.stdout
    start = "unshare --net sleep 60 & sleep 0.3; echo $! > /run/late.pid"
    site.enter("node2", "sh", "-c", f"({start}) >/dev/null 2>&1 </dev/null")
    site.play("site")
    assert site.silent("node1", "10.20.2.110") == []
    site.play("verify")
