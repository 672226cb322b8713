# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Set every sysctl that this kernel has for a link, find it as it is, and put it back."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.kernel.host import proc_sys as kernel_sysctls
from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed, Refused
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.objects.sysctl_rules import RULES

from .sysctl_files import EVERY, ONE_WAY, PROC, TREES, everything, held, sh, wish

#: The kernel lets nobody write these.
READ_ONLY = {"ipv4.conf.mc_forwarding", "ipv6.conf.mc_forwarding"}
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
    "neigh of all": (
        {"dev": "all", "name": "ipv4.neigh.locktime"},
        "dev: neigh has nothing for all links. Name a link in dev",
    ),
    "neigh without dev": ({"name": "ipv6.neigh.locktime"}, "dev: neigh has nothing for all links. Name a link in dev"),
    "neigh of default": ({"dev": "default", "name": "ipv4.neigh.locktime"}, "in this namespace, only in the first one"),
    "bridge with dev": ({"dev": "v1", "name": "bridge.bridge-nf-call-arptables"}, "Leave dev out"),
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


def test_clock_rate() -> None:
    assert kernel_sysctls.clock_rate() in (100, 250, 300, 1000)


@pytest.mark.parametrize("tables", ["iptables", "ip6tables", "arptables"])
def test_bridge_with_a_switch_of_its_own_is_warned_of(apply: Any, tables: str) -> None:
    if not (PROC / "bridge").exists():
        pytest.skip("this kernel has no br_netfilter loaded")
    sentence = f"sysctl bridge.bridge-nf-call-{tables}: is 0, but b0 has nf_call_{tables} of its own"
    off = {"sysctls": [{"name": f"bridge.bridge-nf-call-{tables}", "value": 0}]}
    own = {"name": "b0", "kind": "bridge", f"nf_call_{tables}": True}
    assert apply({**off, "links": [{"name": "b0", "kind": "bridge"}]}).warnings == []
    for check in (True, False, False):
        assert apply({**off, "links": [own]}, check=check).warnings == [sentence]
    assert apply(off).warnings == [sentence], "it is there, though it is not wished for"
    report = apply({**off, "links": [{**own, f"nf_call_{tables}": False}]})
    assert report.warnings == []
    assert report.effective[0]["rule"].endswith(f"where it is 0, for those with nf_call_{tables} of their own")
    apply({"links": [own]})
    assert apply({"sysctls": [{**off["sysctls"][0], "value": 1}]}).warnings == []
    assert apply({**off, "links": [{"name": "b0", "state": "absent"}]}).warnings == []
