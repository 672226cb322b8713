# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every sysctl that this kernel has for a link: set, found as it is, put back; what goes along with it; persistence."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils.engine import Failed, Refused
from ansible_collections.netloom.overlay.plugins.module_utils.kernel import sysctls as kernel_sysctls
from ansible_collections.netloom.overlay.plugins.module_utils.objects.effective import RULES

PROC = Path("/proc/sys/net")
TREES = {"ipv4/conf": "default", "ipv6/conf": "default", "ipv4/neigh": "lo", "ipv6/neigh": "lo"}
EVERY = [
    f"{tree.replace('/', '.')}.{file.name}"
    for tree, model in TREES.items()
    for file in sorted((PROC / tree / model).iterdir())
]
#: The kernel lets nobody write these.
READ_ONLY = {"ipv4.conf.mc_forwarding", "ipv6.conf.mc_forwarding"}
#: Once set it stays: test_a_secret_cannot_be_taken_back().
ONE_WAY = {"ipv6.conf.stable_secret"}
#: Another value that the kernel takes, where one more or one less is none.
OTHER = {
    "ipv6.conf.mtu": "1400",
    "ipv6.conf.addr_gen_mode": "1",
    "ipv6.conf.ioam6_id_wide": "77",
    "ipv4.conf.arp_ignore": "2",
    "ipv6.conf.router_solicitations": "3",
    # Steps of the kernel's clock, so that what is read is what is wished for.
    **{f"{family}.neigh.{leaf}": "2000" for family in ("ipv4", "ipv6") for leaf in (
        "base_reachable_time_ms", "retrans_time_ms", "interval_probe_time_ms", "locktime", "anycast_delay",
        "proxy_delay")},
    "ipv4.neigh.retrans_time": "200",
    "ipv6.conf.mldv1_unsolicited_report_interval": "4000",
    "ipv6.conf.mldv2_unsolicited_report_interval": "4000",
}  # fmt: skip


def sh(command: str) -> str:
    """Return what a command prints."""
    return subprocess.run(command.split(), capture_output=True, text=True, check=True, timeout=30).stdout


def held(dev: str, name: str) -> str:
    """Return what /proc says."""
    family, tree, leaf = name.split(".")
    return (PROC / family / tree / dev / leaf).read_text().strip()


def everything() -> dict[str, str]:
    """Return every sysctl of every link, of all and of default, and the IPv6 addresses and routes."""
    found = {}
    for tree in TREES:
        for file in sorted((PROC / tree).glob("*/*")):
            if file.name != "stable_secret":
                found[str(file)] = file.read_text().strip()
    found["addresses"] = "\n".join(sorted(sh("ip -6 -o addr show dev v.0").replace("tentative", "").split()))
    found["routes"] = "\n".join(sorted(sh("ip -6 route show dev v.0").splitlines()))
    return found


@pytest.fixture
def _pair() -> None:
    sh("ip link add v.0 type veth peer name v1")
    sh("ip link set v.0 up")
    sh("ip link set v1 up")
    sh("ip addr add 2001:db8:1::1/64 dev v.0 nodad")
    sh("ip route add 2001:db8:2::/64 via 2001:db8:1::9 dev v.0 proto 110")


def wish(name: str, value: Any, dev: str = "v.0", **more: Any) -> dict[str, Any]:
    """Return a config with one sysctl."""
    return {"sysctls": [{"dev": dev, "name": name, "value": value, **more}]}


def another(name: str, now: str) -> str:
    """Return a value that a sysctl does not have and can have."""
    if name in OTHER:
        return OTHER[name]
    number = int(now)
    return str(number + 1 if number < 1 else number - 1)


def test_there_is_something_to_try() -> None:
    assert len(EVERY) > 100
    assert {name.rsplit(".", 1)[0] for name in EVERY} == {tree.replace("/", ".") for tree in TREES}


@pytest.mark.usefixtures("_pair")
@pytest.mark.parametrize("name", [name for name in EVERY if name not in READ_ONLY | ONE_WAY])
def test_each_sysctl_of_a_link(name: str, apply: Any) -> None:
    now = held("v.0", name)
    assert not apply(wish(name, now)).changed
    new = another(name, now)
    before = everything()
    # A word is no number to the kernel: the second sysctl is refused, and the first taken back.
    bad = {"dev": "v.0", "name": "ipv4.tag", "value": "often"}
    with pytest.raises(Failed, match=r"'often': Invalid argument. Nothing was changed"):
        apply({"sysctls": [*wish(name, new)["sysctls"], bad]} if name != "ipv4.conf.tag" else wish(name, "often"))
    assert everything() == before
    tried = apply(wish(name, new), check=True)
    assert held("v.0", name) == now
    done = apply(wish(name, new))
    assert done.changed
    assert (done.commands, done.effective) == (tried.commands, tried.effective)
    assert held("v.0", name) == new
    again = apply(wish(name, new))
    assert (again.changed, again.commands, again.effective) == (False, [], done.effective)
    apply(wish(name, now))
    assert held("v.0", name) == now


@pytest.mark.usefixtures("_pair")
@pytest.mark.parametrize("name", sorted(READ_ONLY & set(EVERY)))
def test_what_nobody_can_write_is_refused(name: str, apply: Any) -> None:
    assert not apply(wish(name, 0)).changed
    for check in (True, False):
        with pytest.raises(Refused, match="the kernel lets nobody write it; it tells 0"):
            apply(wish(name, 1), check=check)


def test_the_rule_of_each_sysctl_is_known() -> None:
    """A newer kernel may have more: then this says which."""
    known = set(RULES) | ONE_WAY
    assert [name for name in EVERY if ".conf." in name and name not in known] == []


@pytest.mark.usefixtures("_pair")
@pytest.mark.parametrize(
    "name", [n for n in EVERY if n.endswith(("_ms", "_delay", "time", "interval")) and "v4.conf" not in n]
)
@pytest.mark.parametrize("value", [1, 7, 33, 1001, 2999])
def test_what_the_clock_rounds_is_found_as_it_is(name: str, value: int, apply: Any) -> None:
    done = apply(wish(name, value))
    again = apply(wish(name, value))
    assert (again.changed, again.commands) == (False, [])
    assert done.warnings == again.warnings
    kept = held("v.0", name)
    assert (kept != str(value)) == any(
        f"is {kept}, not {value}: the kernel's clock has" in one for one in done.warnings
    )


@pytest.mark.usefixtures("_pair")
def test_a_secret_cannot_be_taken_back(apply: Any) -> None:
    secret = wish("ipv6.stable_secret", "2001:db8::5")
    bad = {"dev": "v.0", "name": "ipv4.tag", "value": "often"}
    with pytest.raises(
        Failed, match=r"Taking back failed too, at sysctl ipv6.conf.stable_secret of v.0: value: a secret"
    ):
        apply({"sysctls": [*secret["sysctls"], bad]})
    assert held("v.0", "ipv6.conf.stable_secret") == "2001:0db8:0000:0000:0000:0000:0000:0005"
    assert not apply(secret).changed
    assert not apply(wish("ipv6.stable_secret", "2001:DB8:0::5")).changed
    # One secret for another can be taken back, with the mode that it had been given.
    sh("sysctl -qw net/ipv6/conf/v.0/addr_gen_mode=0")
    with pytest.raises(Failed, match="Nothing was changed"):
        apply({"sysctls": [*wish("ipv6.stable_secret", "2001:db8::6")["sysctls"], bad]})
    assert held("v.0", "ipv6.conf.stable_secret").endswith("0005")
    assert held("v.0", "ipv6.conf.addr_gen_mode") == "0"
    with pytest.raises(Refused, match="'very' is not an IPv6 address, which a secret is"):
        apply(wish("ipv6.stable_secret", "very"))


@pytest.mark.usefixtures("_pair")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ipv4.forwarding", "1"),
        ("ipv4.forwarding", "0"),
        ("ipv6.forwarding", "1"),
        ("ipv6.forwarding", "0"),
        ("ipv6.disable_ipv6", "1"),
        ("ipv6.ignore_routes_with_linkdown", "1"),
        ("ipv6.addr_gen_mode", "1"),
        pytest.param("ipv6.force_forwarding", "1", marks=pytest.mark.needs_linux("6.17")),
    ],
)
def test_what_all_writes_to_each_link_is_put_back(name: str, value: str, apply: Any) -> None:
    family, leaf = name.split(".")
    if value == "0":
        sh(f"sysctl -qw net/{family}/conf/all/forwarding=1")
    sh(f"sysctl -qw net/{family}/conf/v1/{leaf}={value}")  # one link differs from the others
    before = everything()
    bad = {"dev": "v1", "name": "ipv4.tag", "value": "often"}
    with pytest.raises(Failed, match="Nothing was changed"):
        apply({"sysctls": [*wish(name, value, "all")["sysctls"], bad]})
    assert everything() == before
    # What is wished for a link holds beside it, in one run, and check mode tells the same commands.
    both = {
        "sysctls": [
            *wish(name, before[f"{PROC}/{family}/conf/v.0/{leaf}"])["sysctls"],
            *wish(name, value, "all")["sysctls"],
        ]
    }
    tried = apply(both, check=True)
    done = apply(both)
    assert done.commands == tried.commands
    assert held("v.0", f"{family}.conf.{leaf}") == before[f"{PROC}/{family}/conf/v.0/{leaf}"]
    assert held("v1", f"{family}.conf.{leaf}") == value
    assert not apply(both).changed


@pytest.mark.usefixtures("_pair")
def test_a_link_that_follows_default_keeps_what_is_wished(apply: Any) -> None:
    """Nobody has given v1 an IPv4 address or an rp_filter, so the kernel lets it follow default."""
    sh("sysctl -qw net/ipv4/conf/default/rp_filter=1")
    assert held("v1", "ipv4.conf.rp_filter") == "1"
    both = {"sysctls": [*wish("ipv4.rp_filter", 1, "v1")["sysctls"], *wish("ipv4.rp_filter", 2, "default")["sysctls"]]}
    tried = apply(both, check=True)
    assert apply(both).commands == tried.commands
    assert (held("v1", "ipv4.conf.rp_filter"), held("default", "ipv4.conf.rp_filter")) == ("1", "2")


@pytest.mark.usefixtures("_pair")
def test_names_as_users_write_them(apply: Any) -> None:
    for number, name in enumerate(
        ("ipv4.tag", "net.ipv4.tag", "ipv4.conf.tag", "net.ipv4.conf.v.0.tag", "net.ipv4.conf.v/0.tag",
         "net/ipv4/conf/v.0/tag", "/proc/sys/net/ipv4/conf/v.0/tag", "ipv4/conf/tag"), 1
    ):  # fmt: skip
        sysctl = {"name": name, "value": number}
        if "v" not in name.partition("conf")[2]:
            sysctl["dev"] = "v.0"
        assert apply({"sysctls": [sysctl]}).commands == [f"sysctl -w net/ipv4/conf/v.0/tag={number}"]
        assert held("v.0", "ipv4.conf.tag") == str(number)
    for value, kept in ((True, "1"), ("0x10", "16"), ("010", "8"), (" -5 ", "-5")):
        assert apply(wish("ipv4.tag", value)).changed
        assert held("v.0", "ipv4.conf.tag") == kept
        assert not apply(wish("ipv4.tag", value)).changed


BAD = {
    "other link": ({"dev": "v1", "name": "net.ipv4.conf.v.0.tag"}, "name: is a name of v.0, and dev is v1"),
    "whole namespace": ({"dev": "v1", "name": "ipv4.tcp_syncookies"}, "is not of one link: net.ipv4.tcp_syncookies"),
    "ip_forward": ({"name": "net.ipv4.ip_forward"}, "it is the same as ipv4.forwarding of all"),
    "other tree": ({"name": "net.core.somaxconn"}, "is none of ipv4.NAME"),
    "no name": ({"name": "ipv4.conf"}, "is none of ipv4.NAME"),
    "up": ({"name": "ipv4.conf.../tag"}, "is none of ipv4.NAME"),
    "above": ({"name": "net/ipv4/conf/../tag"}, "name: '..'"),
    "near": ({"dev": "v1", "name": "ipv4.rp_filte"}, "did you mean rp_filter?"),
    "neigh of all": ({"dev": "all", "name": "ipv4.neigh.locktime"}, "dev: neigh has nothing for all links; name one"),
    "neigh without dev": ({"name": "ipv6.neigh.locktime"}, "dev: neigh has nothing for all links; name one"),
    "neigh of default": ({"dev": "default", "name": "ipv4.neigh.locktime"}, "in this namespace, only in the first one"),
    "bridge with dev": ({"dev": "v1", "name": "bridge.bridge-nf-call-arptables"}, "leave dev out"),
    "no such of bridge": ({"name": "bridge.bridge-nf-call-arptable"}, "did you mean bridge-nf-call-arptables?"),
    "two words": ({"dev": "v1", "name": "ipv4.tag", "value": "1 2"}, "value: '1 2' is not one number or word"),
    "no word": ({"dev": "v1", "name": "ipv4.tag", "value": " "}, "value: ' ' is not one number or word"),
    "no link": ({"dev": "v9", "name": "ipv4.tag"}, "dev: there is no link v9"),
}


@pytest.mark.usefixtures("_pair")
@pytest.mark.parametrize("case", sorted(BAD))
@pytest.mark.parametrize("check", [True, False])
def test_what_cannot_be_is_refused(case: str, check: bool, apply: Any) -> None:
    sysctl, sentence = BAD[case]
    before = everything()
    with pytest.raises(Refused) as refused:
        apply({"sysctls": [{"value": 1, **sysctl}]}, check=check)
    assert sentence in str(refused.value)
    assert everything() == before


def test_two_names_of_one_value_are_refused(apply: Any) -> None:
    names = ("ipv4.neigh.retrans_time", "ipv4.neigh.retrans_time_ms")
    with pytest.raises(Refused, match=r"retrans_time of lo: value: is the same as ipv4.neigh.retrans_time_ms, which"):
        apply({"sysctls": [{"dev": "lo", "name": name, "value": 300} for name in names]})


def test_of_bridges_in_a_namespace(apply: Any) -> None:
    if not (PROC / "bridge").exists():
        pytest.skip("this kernel lacks br_netfilter")
    here = (PROC / "bridge/bridge-nf-call-iptables").read_text()
    config = {
        "netns": [{"name": "c1"}],
        "sysctls": [{"name": "net.bridge.bridge-nf-call-iptables", "value": 0, "netns": "c1"}],
    }
    apply(config)
    assert sh("ip netns exec c1 cat /proc/sys/net/bridge/bridge-nf-call-iptables") == "0\n"
    assert (PROC / "bridge/bridge-nf-call-iptables").read_text() == here
    assert not apply(config).changed


def test_on_a_link_that_the_same_run_makes(apply: Any) -> None:
    """Its sysctls are set before it is up, wherever it is and whatever its name."""
    config = {
        "netns": [{"name": "c1"}],
        "links": [{"name": "w.1", "kind": "veth", "peer": {"name": "eth0.5", "netns": "c1"}}],
        "sysctls": [
            {"name": "net/ipv4/conf/w.1/proxy_arp", "value": 1},
            {"dev": "eth0.5", "netns": "c1", "name": "ipv6.accept_ra", "value": 0},
            {"dev": "eth0.5", "netns": "c1", "name": "ipv4.neigh.gc_stale_time", "value": 77},
            {"netns": "c1", "name": "ipv4.rp_filter", "value": 2},
        ],
    }
    tried = apply(config, check=True)
    done = apply(config)
    assert (tried.commands, tried.effective, tried.warnings) == (done.commands, done.effective, done.warnings)
    assert held("w.1", "ipv4.conf.proxy_arp") == "1"
    for key, value in {"ipv6/conf/eth0.5/accept_ra": "0", "ipv4/neigh/eth0.5/gc_stale_time": "77",
                       "ipv4/conf/all/rp_filter": "2"}.items():  # fmt: skip
        assert sh(f"ip netns exec c1 sysctl -n net/{key}").strip() == value
    assert not apply(config).changed
    sent = [line.split()[-1] for line in done.commands]
    assert max(i for i, word in enumerate(sent) if "=" in word) < sent.index(
        "up", sent.index("net/ipv4/conf/w.1/proxy_arp=1")
    )


PERSIST = "/etc/sysctl.d/90-netloom-overlay.conf"


@pytest.fixture
def _own_sysctl_d() -> Any:
    subprocess.run(["mount", "-t", "tmpfs", "none", "/etc/sysctl.d"], check=True, timeout=20)
    yield
    subprocess.run(["umount", "/etc/sysctl.d"], check=True, timeout=20)


@pytest.mark.usefixtures("_pair", "_own_sysctl_d")
def test_persistence(apply: Any) -> None:
    first = wish("ipv4.rp_filter", 2, persist=True)
    tried = apply(first, check=True)
    assert not os.path.exists(PERSIST)
    assert apply(first).commands == tried.commands == [
        f"sysctl -w net/ipv4/conf/v.0/rp_filter=2 && write {PERSIST}: net/ipv4/conf/v.0/rp_filter = 2"]  # fmt: skip
    assert not apply(first).changed
    assert not apply(wish("ipv4.rp_filter", 2)).changed  # left out: not managed
    second = {"sysctls": [{"name": "ipv4.forwarding", "value": 1, "persist": True},
                          {"name": "bridge.bridge-nf-call-iptables", "value": 1, "persist": True}]}  # fmt: skip
    apply(second)
    text = Path(PERSIST).read_text()
    assert text.startswith("#")
    assert text.splitlines()[1:] == [
        "net/ipv4/conf/all/forwarding = 1", "net/ipv4/conf/v.0/rp_filter = 2",
        "net/bridge/bridge-nf-call-iptables = 1"]  # fmt: skip
    assert os.stat(PERSIST).st_mode & 0o777 == 0o644
    # Witness: procps and systemd read the file, each in its own way.
    for command in (f"sysctl -q -p {PERSIST}", "/usr/lib/systemd/systemd-sysctl --prefix=/net/ipv4/conf/v.0"):
        if not os.path.exists(command.split()[0]) and "/" in command.split()[0]:
            continue
        sh("sysctl -qw net/ipv4/conf/v.0/rp_filter=0")
        sh(command)
        assert held("v.0", "ipv4.conf.rp_filter") == "2", command
    # A failed run leaves the file as it was.
    with pytest.raises(Failed, match="Nothing was changed"):
        apply({"sysctls": [*wish("ipv4.rp_filter", 1, persist=True)["sysctls"],
                           *wish("ipv6.accept_ra", 2, persist=True)["sysctls"],
                           {"dev": "v.0", "name": "ipv4.tag", "value": "often", "persist": True}]})  # fmt: skip
    assert Path(PERSIST).read_text() == text
    # Another value than the one kept is a change, also where the kernel has it already.
    sh("sysctl -qw net/ipv4/conf/v.0/rp_filter=1")
    other = apply(wish("ipv4.rp_filter", 1, persist=True))
    assert other.commands == [f"write {PERSIST}: net/ipv4/conf/v.0/rp_filter = 1"]
    assert "net/ipv4/conf/v.0/rp_filter = 1\n" in Path(PERSIST).read_text()
    gone = apply(wish("ipv4.rp_filter", 1, persist=False))
    assert gone.commands == [f"write {PERSIST}: no net/ipv4/conf/v.0/rp_filter"]
    assert "rp_filter" not in Path(PERSIST).read_text()
    assert not apply(wish("ipv4.rp_filter", 1, persist=False)).changed
    for item in second["sysctls"]:
        item["persist"] = False
    apply(second)
    assert os.listdir("/etc/sysctl.d") == []


@pytest.mark.usefixtures("_pair", "_own_sysctl_d")
def test_persistence_of_a_link_to_come_and_of_a_secret(apply: Any) -> None:
    config = {
        "links": [{"name": "b.1", "kind": "bridge"}],
        **wish("ipv6.stable_secret", "2001:db8::7", "b.1", persist=True),
    }
    bad = {"dev": "b.1", "name": "ipv4.tag", "value": "often"}
    with pytest.raises(Failed, match="Nothing was changed"):
        apply({**config, "sysctls": [*config["sysctls"], bad]})
    assert os.listdir("/etc/sysctl.d") == []
    apply(config)
    assert os.stat(PERSIST).st_mode & 0o777 == 0o600
    assert not apply(config).changed


def test_persistence_in_a_namespace_is_refused(apply: Any) -> None:
    sh("ip netns add c1")
    with pytest.raises(Refused, match="persist: nothing sets sysctls of a network namespace at boot"):
        apply({"sysctls": [{"name": "ipv4.forwarding", "value": 1, "netns": "c1", "persist": True}]})


def test_clock_rate() -> None:
    assert kernel_sysctls.clock_rate() in (100, 250, 300, 1000)


ODD = {"ipv4/conf/m0/proxy_arp": "1", "ipv4/conf/m0/rp_filter": "1", "ipv6/conf/m0/accept_ra": "2",
       "ipv6/conf/m0/stable_secret": "2001:0db8:0000:0000:0000:0000:0000:0009", "ipv4/neigh/m0/gc_stale_time": "77",
       "ipv4/neigh/m0/unres_qlen_bytes": "5000", "ipv6/neigh/m0/retrans_time_ms": "2000"}  # fmt: skip


@pytest.mark.usefixtures("_pair")
def test_a_link_that_is_made_anew_has_its_sysctls_again(apply: Any) -> None:
    """Those that nobody wishes for too: they go with the link."""
    macvlan = {"name": "m0", "kind": "macvlan", "link": "v1", "mode": "bridge"}
    apply({"links": [macvlan]})
    for key, value in ODD.items():
        sh(f"sysctl -qw net/{key}={value}")
    sh("ip link set m0 addrgenmode stable_secret")
    before = {key: (PROC / key).read_text().strip() for key in ODD}
    assert before == ODD
    index = sh("ip -j link show m0").split(",")[0]
    anew = {"links": [{**macvlan, "mode": "passthru", "recreate": True}]}
    bad = {"sysctls": [{"dev": "v1", "name": "ipv4.tag", "value": "often"}]}
    # A run that fails makes the old one again, with all of it.
    with pytest.raises(Failed, match="Nothing was changed"):
        apply({**anew, **bad})
    assert {key: (PROC / key).read_text().strip() for key in ODD} == ODD
    # So does one that fails after the link was removed.
    with pytest.raises(Failed, match="Nothing was changed"):
        apply({"links": [{"name": "m0", "kind": "macvlan", "state": "absent"}], **bad})
    assert {key: (PROC / key).read_text().strip() for key in ODD} == ODD
    done = apply({"links": [{**macvlan, "mode": "passthru", "recreate": True}],
                  "sysctls": [{"dev": "m0", "name": "ipv4.rp_filter", "value": 2}]})  # fmt: skip
    assert done.changed
    assert sh("ip -j link show m0").split(",")[0] != index
    assert {key: (PROC / key).read_text().strip() for key in ODD} == {**ODD, "ipv4/conf/m0/rp_filter": "2"}


def test_a_secret_is_there_before_the_link_needs_it(apply: Any) -> None:
    config = {
        "links": [{"name": "b.1", "kind": "bridge", "addrgenmode": "stable_secret"}],
        "sysctls": [{"dev": "b.1", "name": "ipv6.stable_secret", "value": "2001:db8::7"}],
    }
    apply(config)
    assert held("b.1", "ipv6.conf.addr_gen_mode") == "2"
    assert not apply(config).changed
