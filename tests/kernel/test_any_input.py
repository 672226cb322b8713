# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From any input: either it works and the second run is empty, or there is one sentence and an unchanged host.

Names of options come from the tables, values from anywhere. The same inputs are drawn each time;
``NETLOOM_EXAMPLES=2000 pytest`` draws others, as many as it says. Never drawn are namespaces by process (``pid:1`` is
the machine's own) and tunnel options of routes beyond ``encap ip id dst`` (kernels die of some).
"""

from __future__ import annotations

import os
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.links.any_link import ALL
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.registry import KINDS, OBJECT_TYPES
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.table import Option

from .look import at_rest, everything_now, lines, steady, told

EXAMPLES = int(os.environ.get("NETLOOM_EXAMPLES", "0"))

#: What is there before: a bridge with a port, a link to lie on, and one with objects on it.
BASE = """
links:
  - {name: br0, kind: bridge, mac: "02:00:00:00:00:01", addresses: [10.1.0.1/24]}
  - {name: w0, kind: veth, mac: "02:00:00:00:00:02", master: br0, peer: {name: w1, mac: "02:00:00:00:00:03"}}
  - {name: vx0, kind: vxlan, vni: 1, dstport: 4790, mac: "02:00:00:00:00:04",
     fdb: [{mac: "00:00:00:00:00:00", dst: 192.0.2.2}]}
  - {name: tap0, kind: tun, mode: tap, mac: "02:00:00:00:00:05", user: 54321, addresses: [10.3.0.1/24]}
"""
#: A new or a known link of each kind, with what it needs; options are drawn on top.
LINKS: dict[str, list[dict[str, Any]]] = {
    "bridge": [{"name": "br0"}, {"name": "br1"}],
    "vxlan": [{"name": "vx0"}, {"name": "vx1", "vni": 2, "dstport": 4791}],
    "tun": [{"name": "tap0"}, {"name": "tap1", "mode": "tap"}, {"name": "tun1", "mode": "tun"}],
    "veth": [{"name": "w0"}, {"name": "w2", "peer": {"name": "w3"}}],
    "macvlan": [{"name": "mv0", "link": "w1"}, {"name": "mv1", "link": "br0"}],
}
#: A valid object of each sort, by the section it stands in.
OBJECTS: dict[str, dict[str, Any]] = {
    "ports": {"dev": "w0"},
    "addresses": {"dev": "br0", "address": "10.2.0.1/24"},
    "neighbors": {"dev": "br0", "dst": "10.1.0.9", "mac": "02:00:00:00:00:09"},
    "fdb": {"dev": "vx0", "mac": "02:00:00:00:00:08", "dst": "192.0.2.3"},
    "mdb": {"dev": "br0", "port": "w0", "grp": "239.1.1.1"},
    "routes": {"dst": "10.9.0.0/16", "via": "10.1.0.7", "dev": "br0"},
    "nexthops": {"id": 5, "via": "10.1.0.7", "dev": "br0"},
    "rules": {"priority": 100, "from": "10.8.0.0/16", "table": 100},
    "sysctls": {"dev": "w0", "name": "ipv4.proxy_arp", "value": 1},
    "netns": {"name": "client"},
}
NUMBERS = st.sampled_from(
    [0, 1, -1, 2, 7, 63, 64, 255, 256, 1400, 4094, 4095, 4096, 65535, 65536, 2**24, 2**31 - 1, 2**32 - 1, 2**32, 2**64]
)
TEXTS = st.sampled_from(
    ["", " ", "none", "host", "br0", "w0", "vx0", "lo", "nope", 300 * "x", "/", "..", "a b", "new\nline", "nul\0", "ü",
     "\ud800", "0x10", "1e3", "-1", "{{ x }}", "02:00:00:00:00:aa", "ff:ff:ff:ff:ff:ff", "02-00-00-00-00-aa",
     "10.1.0.9", "192.0.2.9", "239.1.1.1", "2001:db8::9", "fe80::1%br0", "10.3.0.1/24", "10.3.0.0/33", "::/0",
     "default", "inherit", "auto", "permanent", "1000-2000", "ipv4.forwarding", "ipv4.nope", "bridge.nope",
     "pid:0", "pid:999999999", "pidfile:/nope", "pidfile:nope", "container:-x"]
)  # fmt: skip
PLAIN = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS, st.floats(width=32), st.binary(max_size=3))
WILD = st.one_of(
    PLAIN,
    st.lists(PLAIN, max_size=2),
    st.dictionaries(st.one_of(TEXTS, NUMBERS), PLAIN, max_size=2),
    st.just({"type": "ip", "id": 42, "dst": "192.0.2.2"}),
    st.just([{"mac": [{"dst": None}]}]),
)


def value_of(row: Option) -> st.SearchStrategy[Any]:
    """Draw a value for an option: of its type at the bounds, of its words, or anything."""
    near: list[st.SearchStrategy[Any]] = [WILD]
    if row.type.choices:
        near.append(st.sampled_from(row.type.choices))
    if row.type.ansible == "int":
        low, high = getattr(row.type, "low", 0), getattr(row.type, "high", 255)
        near.append(st.sampled_from([low - 1, low, low + 1, high - 1, high, high + 1]))
    if row.type.ansible == "bool":
        near.append(st.booleans())
    if row.name == "encap":
        ids, remotes = NUMBERS, st.sampled_from(["192.0.2.2", "2001:db8::2", "nope"])
        return st.fixed_dictionaries({}, optional={"type": st.just("ip"), "id": ids, "dst": remotes})
    return st.one_of(near)


@st.composite
def configs(draw: Any) -> dict[str, Any]:
    """Draw a config: one or two items, each with one to three drawn options over what it needs."""
    config: dict[str, Any] = {}
    for _number in range(draw(st.integers(1, 2))):
        if draw(st.booleans()):
            kind = draw(st.sampled_from(sorted(LINKS)))
            rows = [*ALL, *KINDS[kind].options]
            section, item = "links", {"kind": kind, **draw(st.sampled_from(LINKS[kind]))}
            extra = [
                "recreate",
                "state",
                "port",
                "peer",
                "addresses",
                "fdb",
                "mdb",
                "netns",
                "from_netns",
                "kind",
                "name",
            ]
        else:
            section = draw(st.sampled_from(sorted(OBJECTS)))
            sort = next(sort for sort in OBJECT_TYPES.values() if sort.plural == section)
            rows, item, extra = [*sort.keys, *sort.options], dict(OBJECTS[section]), ["state", "netns", "recreate"]
        for _option in range(draw(st.integers(1, 3))):
            if draw(st.integers(0, 7)):
                row = draw(st.sampled_from(rows))
                item[row.name] = draw(value_of(row))
            else:
                item[draw(st.sampled_from([*extra, "unknown"]))] = draw(WILD)
        config.setdefault(section, []).append(item)
    if not draw(st.integers(0, 9)):
        config[draw(st.sampled_from(["links", "routes", "nope", *OBJECTS]))] = draw(WILD)
    return config


def host() -> list[Any]:
    """Return what iproute2 says of all links, addresses and FDB entries, and of what carries the mark."""
    links = {link["ifname"]: steady(link) for link in told("ip -j -d link")}
    addresses = [
        (link["ifname"], {name: value for name, value in address.items() if name != "tentative"})
        for link in told("ip -j addr show scope global")
        for address in link.get("addr_info", ())
        if address  # iproute2 leaves {} for one of another scope
    ]
    # What the kernel joins for a link that comes up (33:33:.., 01:00:5e:..) is a matter of moments, as what is learned.
    entries = [
        line
        for line in lines("bridge fdb show")
        if ("permanent" in line or "static" in line) and not line.startswith(("33:33", "01:00:5e"))
    ]
    return [links, sorted(addresses, key=str), entries, everything_now()]


def settled(wished: list[Any] | None = None) -> list[Any]:
    """Return host() when it is at rest; where it is not as wished, look for some seconds more."""
    until = time.monotonic() + 3
    found: list[Any] = host() if wished is not None else at_rest(host)
    while wished is not None and found != wished and time.monotonic() < until:
        time.sleep(0.05)
        found = host()
    return found


outcomes: dict[str, int] = {}


@pytest.mark.needs_kind("vxlan", "macvlan", "tun")
@settings(
    max_examples=EXAMPLES or 60,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(config=configs())
def test_any_input_works_twice_or_is_refused_in_a_sentence(apply: Any, config: dict[str, Any]) -> None:
    apply({}, overridden=True)
    apply(BASE)
    before = settled()
    refusal = ""
    try:
        report = apply(config)
    except (Refused, Failed) as why:
        refusal = str(why) or "nothing"
    if refusal:
        assert refusal.splitlines() == [refusal]
        assert settled(before) == before, refusal
        outcomes["refused"] = outcomes.get("refused", 0) + 1
        return
    again = apply(config)
    assert again.commands == []
    outcomes["worked"] = outcomes.get("worked", 0) + 1
    if report.changed:
        outcomes["changed"] = outcomes.get("changed", 0) + 1


@pytest.mark.needs_kind("vxlan", "macvlan", "tun")
def test_both_outcomes_were_seen() -> None:
    """Hold the drawing to what it is for; runs after the test above, in the same process."""
    if outcomes:
        assert min(outcomes.get(name, 0) for name in ("refused", "worked", "changed")) >= 3, outcomes
