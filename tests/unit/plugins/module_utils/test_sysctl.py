# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sysctls without a kernel: names, the values that a clock leaves, what is in effect, what comes first, what cuts."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.plan.protect import may_cut, protect
from ansible_collections.netloom.overlay.plugins.module_utils._host.plan.sysctl_effects import (
    after,
    changes_also,
    in_effect,
    settled,
)
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.config import Reader
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import (
    Connection,
    Entry,
    Operation,
    Refused,
    State,
)
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.objects.sysctl import (
    kept,
    order,
    path,
    written,
)
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.objects.sysctl_rules import (
    OWN,
    OWN_TOO,
    RULES,
    rule_of,
)


def read(*sysctls: dict[str, Any]) -> State:
    """Return the wishes as the engine gets them, on a clock of 250 Hz."""
    return settled(Reader(str).read({"sysctls": [{"value": 1, **one} for one in sysctls]}), 250)[0]


def sysctl(dev: str, name: str, value: Any) -> Entry:
    """Return a sysctl of the host."""
    return Entry("sysctl", ("", dev, name), {"value": str(value)})


@pytest.mark.parametrize(
    ("dev", "name", "key"),
    [
        ("eth0", "ipv4.rp_filter", ("eth0", "ipv4.conf.rp_filter")),
        (None, "ipv4.rp_filter", ("all", "ipv4.conf.rp_filter")),
        (None, "net.ipv4.conf.all.rp_filter", ("all", "ipv4.conf.rp_filter")),
        (None, "net.ipv4.conf.eth0.100.rp_filter", ("eth0.100", "ipv4.conf.rp_filter")),
        (None, "net.ipv4.conf.eth0/100.rp_filter", ("eth0.100", "ipv4.conf.rp_filter")),
        (None, "net/ipv4/conf/eth0.100/rp_filter", ("eth0.100", "ipv4.conf.rp_filter")),
        ("eth0.100", "net/ipv4/conf/eth0.100/rp_filter", ("eth0.100", "ipv4.conf.rp_filter")),
        (None, "/proc/sys/net/ipv6/neigh/a.b.c/retrans_time_ms", ("a.b.c", "ipv6.neigh.retrans_time_ms")),
        (None, "net/ipv6/neigh/conf/locktime", ("conf", "ipv6.neigh.locktime")),
        ("eth0", "ipv6/accept_ra", ("eth0", "ipv6.conf.accept_ra")),
        ("eth0", "mpls.input", ("eth0", "mpls.conf.input")),
        (None, "net.mpls.conf.eth0.input", ("eth0", "mpls.conf.input")),
        ("default", "ipv4.neigh.gc_thresh1", ("default", "ipv4.neigh.gc_thresh1")),
        (None, "net.bridge.bridge-nf-call-iptables", ("none", "bridge.bridge-nf-call-iptables")),
        (None, "net/bridge/bridge-nf-call-iptables", ("none", "bridge.bridge-nf-call-iptables")),
    ],
)
def test_each_way_to_write_a_name_is_one_key(dev: str | None, name: str, key: tuple[str, str]) -> None:
    wished = {"name": name} if dev is None else {"dev": dev, "name": name}
    assert [entry.key for entry in read(wished).values()] == [("", *key)]


def test_one_sysctl_under_two_names_is_wished_for_twice() -> None:
    with pytest.raises(Refused, match="is in the desired state twice"):
        read({"name": "ipv4.rp_filter"}, {"dev": "all", "name": "net.ipv4.conf.rp_filter"})


@pytest.mark.parametrize("name", ["", ".", "ipv4", "ipv4.", "ipv4..", "ipv4.neigh", "net.ipv4.conf", "ipv5.conf.a.b",
                                  "ipv4.route.flush", "net.ipv4.conf..tag", "ipv4.conf.a.TAG", "bridge.a.b", "unix.x",
                                  "ipv4/conf/a/../tag", "ipv4.neigh/x"])  # fmt: skip
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(Refused, match="name"):
        read({"dev": "eth0", "name": name})


def test_path() -> None:
    assert path("eth0.1", "ipv4.conf.tag") == "ipv4/conf/eth0.1/tag"
    assert path("none", "bridge.bridge-nf-call-iptables") == "bridge/bridge-nf-call-iptables"


@pytest.mark.parametrize("rate", [100, 250, 300, 1000])
def test_what_the_clock_keeps_it_keeps_again(rate: int) -> None:
    for name in ("ipv4.neigh.retrans_time_ms", "ipv6.conf.mldv1_unsolicited_report_interval", "ipv4.neigh.locktime"):
        for value in range(3000):
            once = kept(name, str(value), rate)
            assert kept(name, once, rate) == once or rate == 300  # its tick is no whole number of ms
            assert kept(name, written(name, once, rate), rate) == once
    assert kept("ipv4.conf.tag", "7", rate) == "7"
    assert kept("ipv6.neigh.retrans_time", "7", rate) == "7"  # jiffies


def test_what_the_clock_leaves_of_some_values() -> None:
    """Seen on Linux 6.18 with 250 Hz."""
    assert [kept("ipv4.neigh.retrans_time_ms", str(v), 250) for v in (1, 7, 33, 1001)] == ["4", "8", "36", "1004"]
    assert [kept("ipv4.neigh.locktime", str(v), 250) for v in (1, 7, 33, 1001)] == ["0", "6", "32", "1000"]


#: Rule -> what (all, link) make: rows of all, columns of the link. From include/linux/inetdevice.h.
TABLES = {
    "ipv4.conf.rp_filter": ((0, 1, 2), [[0, 1, 2], [1, 1, 2], [2, 2, 2]]),
    "ipv4.conf.proxy_arp": ((0, 1), [[0, 1], [1, 1]]),
    "ipv4.conf.accept_source_route": ((0, 1), [[0, 0], [0, 1]]),
    "ipv6.conf.accept_source_route": ((-1, 0, 1), [[-1, -1, -1], [-1, 0, 0], [-1, 0, 1]]),
    "ipv4.conf.forwarding": ((0, 1), [[0, 1], [0, 1]]),
    "ipv4.conf.force_igmp_version": ((0, 1, 2, 3), [[0, 1, 2, 0], [1, 1, 1, 1], [2, 1, 2, 2], [0, 1, 2, 0]]),
    "ipv6.conf.force_mld_version": ((0, 1, 2), [[0, 1, 2], [1, 1, 1], [2, 2, 2]]),
    "ipv4.conf.accept_redirects": ((0, 1), [[0, 1], [1, 1]]),  # the link does not forward
}


@pytest.mark.parametrize("name", sorted(TABLES))
def test_what_all_and_the_link_make(name: str) -> None:
    values, table = TABLES[name]
    for (row, of_all), (column, of_dev) in itertools.product(enumerate(values), enumerate(values)):
        held = [sysctl("all", name, of_all), sysctl("eth0", name, of_dev)]
        state = {entry.ident: entry for entry in held}
        told, sentences = in_effect({held[1].ident: held[1]}, state)
        assert told[0]["effective"] == str(table[row][column]), (of_all, of_dev)
        assert bool(sentences) == (table[row][column] != of_dev)


def test_each_rule_says_itself_in_words() -> None:
    for name, rule in RULES.items():
        text = rule.words.format(all=1, dev=2, link="eth0")
        assert "eth0" in text or "all" in text, name
    assert rule_of("ipv4.conf.no_such") is None


def test_what_nothing_is_known_of_is_not_warned_of() -> None:
    entry = sysctl("eth0", "ipv4.conf.no_such", 1)
    told, sentences = in_effect({entry.ident: entry}, {})
    assert (told[0]["effective"], sentences) == (None, [])


def test_what_no_link_goes_by_is_warned_of() -> None:
    entry = sysctl("all", "ipv6.conf.accept_ra", 0)
    assert in_effect({entry.ident: entry}, {})[1] == [
        "sysctl ipv6.conf.accept_ra of all: is 0, but no link goes by it: each link's own counts"
    ]


def test_order() -> None:
    """What changes others comes before them, whatever the order of the wishes."""
    wished = [("eth0", "ipv4.conf.tag"), ("eth0", "ipv6.conf.addr_gen_mode"), ("eth0", "ipv6.conf.stable_secret"),
              ("default", "ipv4.conf.tag"), ("all", "ipv4.conf.accept_redirects"), ("all", "ipv4.conf.forwarding"),
              ("none", "bridge.bridge-nf-call-iptables")]  # fmt: skip
    entries = sorted((sysctl(dev, name, 1) for dev, name in wished), key=lambda entry: order(entry.key))
    assert [entry.key[1:] for entry in entries] == [wished[number] for number in (2, 5, 4, 3, 0, 1, 6)]


def test_what_a_write_to_all_changes() -> None:
    of_all = sysctl("all", "ipv4.conf.forwarding", 1)
    assert {ident[1][1:] for ident in changes_also(of_all, ["eth0"])} == {
        ("all", "ipv4.conf.accept_redirects"),
        ("default", "ipv4.conf.forwarding"),
        ("eth0", "ipv4.conf.forwarding"),
    }
    there = sysctl("eth0", "ipv4.conf.forwarding", 0)
    other = sysctl("eth0", "ipv4.conf.proxy_arp", 0)
    state = after({there.ident: there, other.ident: other}, [Operation("set", of_all)])
    assert state[there.ident].options["value"] == "1"
    assert state[other.ident].options["value"] == "0"


@pytest.mark.parametrize(
    ("dev", "value", "client", "cuts"),
    [
        ("eth0", "1", "2001:db8::9", True),
        ("all", "1", "2001:db8::9", True),
        ("eth0", "0", "2001:db8::9", False),
        ("eth1", "1", "2001:db8::9", False),
        ("eth0", "1", "192.0.2.9", False),
    ],
)
def test_ipv6_is_not_switched_off_under_the_connection(dev: str, value: str, client: str, cuts: bool) -> None:
    link = Entry("link", ("", "eth0"), {})
    operation = Operation("set", sysctl(dev, "ipv6.conf.disable_ipv6", value))
    connection = Connection(client, "2001:db8::1", "eth0")
    assert may_cut(operation) == (value == "1")
    if cuts:
        with pytest.raises(Refused, match="IPv6 off would cut the connection from 2001:db8::9"):
            protect([operation], {link.ident: link}, connection)
    else:
        protect([operation], {link.ident: link}, connection)


def test_the_page_of_sysctls_has_each_rule() -> None:
    page = (Path(__file__).resolve().parents[4] / "docs" / "sysctls.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("|")]
    for name, rule in RULES.items():
        family, _conf, leaf = name.split(".")
        own = rule in (OWN, OWN_TOO)
        told = [
            row
            for row in rows
            if f"`{leaf}`" in row.partition(f"{family}:")[2].partition("; ipv6:" if family == "ipv4" else "|")[0]
        ]
        assert len(told) == (0 if own else 1), name
