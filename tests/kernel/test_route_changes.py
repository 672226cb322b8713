# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Change routes and rules, and lose nothing in between."""

from __future__ import annotations

import select
import subprocess
from collections.abc import Iterator
from typing import IO, Any

import pytest

from .look import told as iproute2_tells
from .route_cases import LINKS, MULTI, MULTI6


@pytest.mark.parametrize("case", [("0.0.0.0/0", "10.0.0.2"), ("::/0", "2001:db8::2")], ids=["ipv4", "ipv6"])
def test_each_way_into_each_other(case: tuple[str, str], apply: Any, tell: Any) -> None:
    """Turn a route from every way to every other one, in one step, and find nothing of the old one."""
    dst, via = case
    six = ":" in dst
    near = MULTI6 if six else MULTI[:2]
    config = LINKS + ("  - {id: 9, via: '2001:db8::5', dev: v0}\n" if six else "  - {id: 9, via: 10.0.0.5, dev: v0}\n")
    apply(
        config.replace("fdb: true}]", "fdb: true}").replace("[{id: 1", "\n  - {id: 1").replace(", {id: ", "\n  - {id: ")
    )
    ways: dict[str, tuple[dict[str, Any], set[str]]] = {
        "gateway": ({"via": via}, {"gateway", "dev"}),
        "link": ({"dev": "v1", "via": "none"}, {"dev"}),
        "several": ({"nexthops": near}, {"nexthops"}),
        "object": ({"nhid": 9}, {"nhid", "nh_info", "gateway", "dev"}),
        "nowhere": ({"type": "blackhole"}, {"dev"} if six else set()),
        "header": ({"dev": "v0", "via": "none", "encap": {"type": "ip6" if six else "ip", "id": 5}}, {"dev", "encap"}),
    }
    known = {"gateway", "dev", "nexthops", "nhid", "nh_info", "encap"}
    show = f"ip -j -d {'-6' if six else '-4'} route show {'default' if not six else '::/0'} table all proto 110"
    for first, (wish, _keys) in ways.items():
        for second, (other, keys) in ways.items():
            if first == second:
                continue
            apply({"routes": [{"dst": dst, "type": "unicast", "encap": {}, **wish}]} if "encap" not in wish else
                  {"routes": [{"dst": dst, "type": "unicast", **wish}]})  # fmt: skip
            back = {} if "encap" in other or "type" in other else {"encap": {}, "type": "unicast"}
            if {"nhid", "nexthops"} & other.keys():
                back = {"type": "unicast"}
            report = apply(
                {"routes": [{"dst": dst, **back, **({"type": "unicast"} if "encap" in other else {}), **other}]}
            )
            assert len(report.commands) == 1, (first, second)
            assert " del " not in report.commands[0], (first, second)
            (route,) = tell(show)
            assert route.keys() & known == keys, (first, second, route)


def watched(messages: IO[str], apply: Any) -> Iterator[str]:
    """Give what the kernel tells while gateways change; its end is the removal of another route, which is seen."""
    while not select.select([messages], [], [], 0.1)[0]:  # until it watches
        subprocess.run(["ip", "route", "add", "10.98.0.0/16", "dev", "v0"], check=False, timeout=10)
        subprocess.run(["ip", "route", "del", "10.98.0.0/16"], check=False, timeout=10)
    for dst, vias in (("10.9.0.0/16", ("10.0.0.2", "10.0.0.3")), ("2001:db8:9::/64", ("2001:db8::2", "2001:db8::3"))):
        for via in vias:
            apply({"routes": [{"dst": dst, "via": via}]})
    subprocess.run(["ip", "route", "add", "10.99.0.0/16", "dev", "v0"], check=True, timeout=10)
    subprocess.run(["ip", "route", "del", "10.99.0.0/16"], check=True, timeout=10)
    for line in messages:
        if "10.98" not in line:
            yield line
        if line.startswith("Deleted 10.99"):
            return


def test_a_replaced_route_is_never_missing(apply: Any) -> None:
    """Watch the kernel's messages: another gateway is a replacement, and none of them removes the route."""
    apply(LINKS)
    with subprocess.Popen(["ip", "monitor", "route"], stdout=subprocess.PIPE, text=True) as watch:
        assert watch.stdout is not None
        lines = list(watched(watch.stdout, apply))
        watch.kill()
    assert [line for line in lines if line.startswith("Deleted")] == [lines[-1]]
    assert sum("10.9.0.0/16 via" in line for line in lines) == 2


@pytest.mark.parametrize("dst", ["10.9.0.0/16", "2001:db8:9::/64"])
def test_one_metric_changes_and_the_other_stays(dst: str, apply: Any, tell: Any) -> None:
    """Change and remove one of several routes to a destination; another's is among them."""
    apply(LINKS)
    six = "-6 " if ":" in dst else ""
    subprocess.run(f"ip {six}route add {dst} dev v0 metric 70 proto static".split(), check=True, timeout=10)
    apply({"routes": [{"dst": dst, "dev": "v0", "metric": metric} for metric in (50, 60, 80)]})
    apply({"routes": [{"dst": dst, "dev": "v1", "metric": 60}]})
    show = f"ip -j {six}route show {dst}"
    assert [(r["metric"], r["dev"]) for r in tell(show)] == [(50, "v0"), (60, "v1"), (70, "v0"), (80, "v0")]
    apply({"routes": [{"dst": dst, "metric": 80, "state": "absent"}, {"dst": dst, "metric": 50, "state": "absent"}]})
    assert [(r["metric"], r["dev"]) for r in tell(show)] == [(60, "v1"), (70, "v0")]
    apply({}, overridden=True)
    assert tell(show) == [], "the links are ours, and another's route went with them"


def test_a_rule_is_removed_where_another_that_it_would_be_taken_for_is_changed(apply: Any) -> None:
    """The kernel removes the first rule that has all that is said. One that becomes another rule is gone by then."""
    narrow, all_ = {"priority": 800, "from": "10.78.0.0/16"}, {"priority": 800}
    apply({"rules": [{**narrow, "action": "nop"}, {**all_, "action": "nop"}, {**narrow, "iif": "lo", "action": "nop"}]})
    assert priorities("ip -j rule") == [0, 800, 800, 800, 32766, 32767]
    report = apply({"rules": [{**narrow, "table": 7}]}, overridden=True)
    left = [rule for rule in iproute2_tells("ip -j rule") if rule["priority"] == 800]
    assert [(rule["src"], rule["table"]) for rule in left] == [("10.78.0.0", "7")], report.commands
    # A rule for all that becomes another one, with one that stays before it.
    apply({"rules": [{**narrow, "table": 7}, {**all_, "table": 7}]}, overridden=True)
    report = apply({"rules": [{**narrow, "table": 7}, {**all_, "table": 8}]}, overridden=True)
    left = [rule for rule in iproute2_tells("ip -j rule") if rule["priority"] == 800]
    assert {(rule["src"], rule["table"]) for rule in left} == {("10.78.0.0", "7"), ("all", "8")}, report.commands
    assert apply({"rules": [{**narrow, "table": 7}, {**all_, "table": 8}]}, overridden=True).commands == []


def priorities(command: str) -> list[int]:
    """Return the priorities of the rules that iproute2 tells."""
    return [rule["priority"] for rule in iproute2_tells(command)]
