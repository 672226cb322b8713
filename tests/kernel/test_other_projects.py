# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Configure what the tests and manuals of other projects do (other_projects.yml), with iproute2 as the witness."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.netloom.overlay.plugins.module_utils._host.kernel.host import databases as names
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("other_projects.yml").read_text("utf-8"))
ABSENT = "NULL-IS-ABSENT"


def holds(told: Any, wanted: Any) -> bool:
    """Tell whether what is wanted is in what is told: each key of a dict, each item of a list somewhere."""
    if isinstance(wanted, dict):
        return isinstance(told, dict) and all(
            name not in told if value == ABSENT else name in told and holds(told[name], value)
            for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(told, list) and all(any(holds(one, item) for one in told) for item in wanted)
    # Newer ones than iproute2 6.1 write null for some flags that are set (gbp), and false for those that are not.
    return bool(told == wanted) or (wanted is True and told is None)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case["from"], marks=[pytest.mark.needs_kind(*case["kinds"])] if "kinds" in case else [])
        for case in CASES
    ],
)
def test_what_others_configure(case: dict[str, Any], apply: Any, gather: Any, tell: Any) -> None:
    if "refused" in case:
        with pytest.raises(Refused, match=case["refused"]):
            apply(case["config"])
        return
    assert apply(case["config"]).changed
    for command, wanted in case["told"].items():
        told = tell(command)
        for item in wanted:
            assert any(holds(one, item) for one in told), f"{command}: no {item} in {told}"
    assert apply(case["config"]).commands == []
    assert apply(gather()).commands == []


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the host names for numbers; ip reads its own files, so the numbers are what it is asked for."""
    monkeypatch.setattr(names, "FOLDERS", (str(tmp_path),))
    (tmp_path / "group").write_text("0 default\n100 tenants\n")
    (tmp_path / "rt_tables").write_text("77 blue\n")
    (tmp_path / "rt_dsfield").write_text("0x14 steady\n")
    (tmp_path / "group.d").mkdir()
    (tmp_path / "group.d" / "a.conf").write_text("101 guests\n")


def test_numbers_of_links_by_the_hosts_names(files: None, apply: Any, gather: Any, tell: Any) -> None:
    def wish(group: Any, tos: Any) -> dict[str, Any]:
        tunnel = {"kind": "vxlan", "vni": 5, "dstport": 4789}
        return {
            "links": [{"name": "t0", "group": group, "tos": tos, **tunnel}],
            "rules": [{"priority": 5, "table": 9, "suppress_ifgroup": group}],
        }

    by_name, by_number = wish("tenants", "steady"), wish("100", 0x14)
    assert apply(by_name).changed
    (link,) = tell("ip -j -d link show t0")
    assert (link["group"], link["linkinfo"]["info_data"]["tos"]) == ("100", "0x14")
    assert tell("ip -j rule show pref 5")[0]["suppress_ifgroup"] == "100"
    for same in (by_name, by_number, gather()):
        assert apply(same).commands == []
    assert apply(wish("guests", "EF")).changed
    assert tell("ip -j -d link show t0")[0]["group"] == "101"
    for wrong, reason in (
        (wish("nobody", "EF"), "group: 'nobody' is not a whole number, nor is it default"),
        (wish(1, "nothing"), "tos: 'nothing' is neither a number nor inherit"),
    ):
        with pytest.raises(Refused, match=reason):
            apply(wrong)


@pytest.mark.needs_kind("vrf")
def test_the_table_of_a_vrf_by_its_name(files: None, apply: Any, tell: Any) -> None:
    for table in ("blue", 77):
        apply({"links": [{"name": "red", "kind": "vrf", "table": table}]})
    assert tell("ip -j -d link show red")[0]["linkinfo"]["info_data"]["table"] == 77
    assert apply({"links": [{"name": "red", "kind": "vrf", "table": "blue"}]}).commands == []


OTHERS = """
ip rule add from 10.1.2.3/24 table 5 pref 50
ip rule add to 10.1.2.3/8 fwmark 0 table 6 pref 51
ip -6 rule add from 2001:db8::1/32 tos 0x1c table 7 pref 52
ip rule add fwmark 5/0 uidrange 7-7 ipproto 200 goto 9999 pref 53
"""


def test_what_others_made_beyond_what_is_asked_for(apply: Any, gather: Any, tell: Any) -> None:
    """It is told, is a wish like any other, and stays as it is when rules of ours are made and removed."""
    for line in OTHERS.strip().splitlines():
        subprocess.run(line.split(), check=True, timeout=10)
    before = tell("ip -j rule"), tell("ip -j -6 rule")
    found = {rule["priority"]: rule for rule in gather()["rules"]}
    assert [found[50]["from"], found[51]["to"], found[52]["from"]] == ["10.1.2.3/24", "10.1.2.3/8", "2001:db8::1/32"]
    assert apply(gather()).commands == []
    mine = {"rules": [{"priority": 50, "from": "10.1.2.9/24", "fwmark": 0, "table": 5}]}
    (line,) = apply(mine).commands
    assert apply(mine).commands == []
    (ours,) = (rule for rule in tell("ip -j rule show pref 50") if rule["src"] == "10.1.2.9")
    assert (ours["srclen"], ours["fwmark"]) == (24, "0")
    subprocess.run(["ip", "netns", "add", "replayed"], check=True, timeout=10)
    subprocess.run(["ip", "netns", "exec", "replayed", *line.split()], check=True, timeout=10)
    (there,) = tell("ip -n replayed -j rule show pref 50")
    assert {**there, "protocol": ""} == {**ours, "protocol": ""}
    apply({"rules": [{**mine["rules"][0], "state": "absent"}]})
    assert (tell("ip -j rule"), tell("ip -j -6 rule")) == before


SEG6 = "encap seg6 mode encap segs 2001:db8::5"


def test_headers_that_cannot_be_asked_for_are_put_back(apply: Any, gather: Any, tell: Any) -> None:
    """Somebody else's routes and nexthops over a link outlive it: a new link has them as they were."""
    config: dict[str, Any] = {"links": [{"name": "br0", "kind": "bridge"}, {"name": "m0", "kind": "macvlan"}]}
    config["links"][1].update(link="br0", addresses=["10.0.0.1/24", {"address": "2001:db8::1/64", "nodad": True}])
    apply(config)
    first = subprocess.run(f"ip route add 10.13.0.0/16 {SEG6} dev m0".split(), check=False, timeout=10)
    if first.returncode:
        pytest.skip("this kernel has no seg6 (CONFIG_IPV6_SEG6_LWTUNNEL)")
    for line in (
        "ip -6 route add 2001:db8:77::/64 encap seg6local action End dev m0",
        f"ip route add 10.14.0.0/16 nexthop via 10.0.0.9 nexthop via 10.0.0.8 {SEG6}",
        f"ip -6 nexthop add id 10 dev m0 {SEG6} proto 99",
    ):
        subprocess.run(line.split(), check=True, timeout=10)

    def others() -> list[Any]:
        shown = [tell(f"ip -j {what} show") for what in ("route", "-6 route", "nexthop")]
        return [[one for one in items if "encap" in str(one)] for items in shown]

    before = others()
    assert [len(items) for items in before] == [2, 1, 1]
    told = gather()
    assert ("routes" in told, "nexthops" in told) == (False, False)
    assert apply(told).commands == []
    config["links"][1].update(numtxqueues=3, recreate=True)
    assert apply(config).changed
    assert tell("ip -j -d link show m0")[0]["num_tx_queues"] == 3
    assert others() == before


def test_packets_of_vrfs_that_no_vrf_has_a_route_for(apply: Any, gather: Any, tell: Any) -> None:
    """Cumulus Linux has such a rule behind that of the VRFs' tables."""
    wish = {"rules": [{"priority": 1000, "l3mdev": True}, {"priority": 2000, "l3mdev": True, "action": "unreachable"}]}
    assert apply(wish).changed
    shown = subprocess.run(["ip", "rule"], check=True, timeout=10, capture_output=True, text=True).stdout
    assert "1000:\tfrom all lookup [l3mdev-table] proto 110\n" in shown
    assert "2000:\tfrom all lookup [l3mdev-table] unreachable proto 110\n" in shown
    assert apply(wish).commands == []
    assert apply(gather()).commands == []
    with pytest.raises(Refused, match="l3mdev: takes the table from the packet's VRF"):
        apply({"rules": [{"priority": 3000, "l3mdev": True, "table": 5}]})
    apply({"rules": [{"priority": 2000, "action": "unreachable", "state": "absent"}]})
    assert [rule["priority"] for rule in tell("ip -j rule") if rule.get("protocol") == "110"] == [1000]


def test_another_action_of_a_rule_of_vrfs_is_for_their_packets_alone(apply: Any) -> None:
    apply({"rules": [{"priority": 1000, "l3mdev": True}]})
    apply({"rules": [{"priority": 1000, "action": "unreachable"}]})
    shown = subprocess.run(["ip", "rule"], capture_output=True, text=True, check=True, timeout=30).stdout
    assert "1000:\tfrom all lookup [l3mdev-table] unreachable proto 110\n" in shown
    assert shown.count("1000:") == 1
