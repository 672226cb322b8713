# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Set every row of routes, nexthops and rules on a real kernel and let iproute2 say what it holds."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.registry import OBJECT_TYPES

from .route_cases import ALL, ASK, LINKS, NEWER, NEXTHOPS, NOT_TOLD, ROUTES, RULES, SELECTED, V4, Case, ask


def test_every_row_has_a_case_or_a_reason() -> None:
    told = {(case.type, case.option) for case in (*ROUTES, *NEXTHOPS, *RULES)}
    rows = {(sort, row.name) for sort in ASK for row in OBJECT_TYPES[sort].options}
    assert rows - told - set(NOT_TOLD) == set()
    assert told - rows == set(), "a case for an option that no table has"
    assert {row.name for row in OBJECT_TYPES["rule"].keys} == {*SELECTED, *NEWER, "priority", "family"}


@pytest.mark.parametrize("case", [*ROUTES, *NEXTHOPS, *RULES], ids=str)
def test_row(case: Case, apply: Any, gather: Any, tell: Any) -> None:
    """Create, repeat, change, repeat, apply what was gathered, remove: with iproute2 as the witness."""
    apply(LINKS)
    section = OBJECT_TYPES[case.type].plural
    for value, told in zip(case.values, case.told):
        report = apply({section: [case.item(value)]})
        assert report.changed or case.values[0] == case.values[1]
        assert case.find(ask(case.type, tell)) == told
        assert apply({section: [case.item(value)]}).commands == []
        assert apply(gather()).commands == []
    made_anew = any(" del " in line for line in report.commands)
    assert made_anew != case.in_place or not report.commands
    absent = {
        name: value for name, value in case.base.items() if name in {row.name for row in OBJECT_TYPES[case.type].keys}
    }
    assert apply({section: [{**absent, "state": "absent"}]}).changed
    assert ask(case.type, tell) == []
    assert apply({section: [{**absent, "state": "absent"}]}).commands == []


@pytest.mark.parametrize("option", SELECTED)
def test_what_a_rule_selects(option: str, apply: Any, gather: Any, tell: Any) -> None:
    """Read back what a rule selects; without it, it is another rule, with the same priority."""
    apply(LINKS)
    value, told = SELECTED[option]
    family = "ipv6" if option == "from" else "ipv4"
    wish = {"rules": [{"priority": 7, "family": family, option: value, "table": 5}]}
    assert apply(wish).changed
    (rule,) = ask("rule", tell)
    expected = {"priority": 7, "src": "all", "table": "5", "protocol": "110", **told}
    if option == "iif":
        rule.pop("iif_detached", None)
    assert rule == expected
    assert apply(wish).commands == []
    assert apply(gather()).commands == []
    assert apply({"rules": [{"priority": 7, "family": family, "table": 5}]}).changed
    assert len(ask("rule", tell)) == 2
    assert apply({"rules": [{"priority": 7, "family": family, option: value, "state": "absent"}]}).changed
    assert [option in one or next(iter(told)) in one for one in ask("rule", tell)] == [option == "from"]


def test_locked_metrics(apply: Any) -> None:
    """See the word lock before the metrics that are locked, and no other."""
    apply(LINKS)
    route = V4 | {"mtu": 1400, "advmss": 1300, "congctl": "reno", "lock": ["mtu", "congctl", "cwnd"]}
    for locked in (["mtu", "congctl"], ["advmss"], []):
        wish = {"routes": [{**route, "lock": locked}]}
        assert apply(wish).changed
        told = subprocess.run(["ip", "-d", "route", "show", "10.9.0.0/16"], capture_output=True, text=True, check=True)
        words = told.stdout.split()
        assert [words[at - 1].replace("congctl", "congctl") for at, one in enumerate(words) if one == "lock"] == locked[
            :: -1 if locked == ["congctl", "mtu"] else 1
        ]
        assert apply(wish).commands == []


def test_tos_tells_routes_apart(apply: Any, tell: Any) -> None:
    apply(LINKS)
    apply({"routes": [{"dst": "10.9.0.0/16", "dev": "v0"}, {"dst": "10.9.0.0/16", "dev": "v1", "tos": 16}]})
    apply({"routes": [{"dst": "10.9.0.0/16", "tos": 16, "type": "blackhole"}]})
    told = {(r.get("tos"), r.get("dev"), r.get("type")) for r in tell("ip -j -d route show 10.9.0.0/16")}
    assert told == {(None, "v0", "unicast"), ("0x10", None, "blackhole")}
    apply({"routes": [{"dst": "10.9.0.0/16", "state": "absent"}]})
    assert [r.get("tos") for r in tell("ip -j -d route show 10.9.0.0/16")] == ["0x10"]


def test_command_lines_do_the_same(apply: Any, tell: Any) -> None:
    """Run the command lines that a run tells in an empty namespace: iproute2 then says the same of it."""
    lines = apply(ALL, check=True).commands
    assert apply(ALL).commands == lines
    shows = ("nexthop", "route show table all", "-6 route show table all", "rule", "-6 rule")

    def picture(prefix: str) -> list[list[str]]:
        told = [tell(f"{prefix} -j -d {show}") for show in shows]
        # Lines carry no protocol, on purpose: what a person makes is not marked.
        return [
            sorted(str({**one, "protocol": "", "nh_info": ""}) for one in part if one["protocol"] != "kernel")
            for part in told
        ]

    held = picture("ip")
    subprocess.run(["ip", "netns", "add", "replayed"], check=True, timeout=10)
    subprocess.run(["ip", "-n", "replayed", "link", "set", "lo", "up"], check=True, timeout=10)
    for line in lines:
        subprocess.run(["ip", "netns", "exec", "replayed", *line.split()], check=True, timeout=10)
    assert picture("ip -n replayed") == held
