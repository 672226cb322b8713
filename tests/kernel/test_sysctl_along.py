# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Put back what the kernel changes along with a sysctl, and what goes with a link."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed, Refused

from .sysctl_files import PROC, everything, held, sh, wish


@pytest.mark.usefixtures("_pair")
def test_a_secret_cannot_be_taken_back(apply: Any) -> None:
    secret = wish("ipv6.stable_secret", "2001:db8::5")
    bad = {"dev": "v.0", "name": "ipv4.tag", "value": "often"}
    with pytest.raises(
        Failed, match=r"The rollback failed too, at sysctl ipv6.conf.stable_secret of v.0: value: a secret"
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
