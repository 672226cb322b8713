# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Call tables, realms, scopes, code points and protocols by the names that the host has for them, as iproute2 does."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.kernel.host import databases as names
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

from .look import everything, routes
from .route_cases import LINKS


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the place of iproute2's files; ip reads its own, so the numbers are what it is asked for."""
    monkeypatch.setattr(names, "FOLDERS", (str(tmp_path / "etc"), str(tmp_path / "usr")))
    (tmp_path / "etc" / "rt_tables.d").mkdir(parents=True)
    (tmp_path / "usr" / "rt_tables.d").mkdir(parents=True)
    (tmp_path / "etc" / "rt_tables").write_text("255\tlocal\n254\tmain\n# 99 no\n100\tblue # a remark\n0x65 red\nx y\n")
    (tmp_path / "usr" / "rt_tables").write_text("1\thidden\n100 other\n")
    (tmp_path / "etc" / "rt_tables.d" / "a.conf").write_text("102 green\n")
    (tmp_path / "usr" / "rt_tables.d" / "a.conf").write_text("103 black\n")
    (tmp_path / "usr" / "rt_tables.d" / "b.conf").write_text("104 white\n")
    (tmp_path / "usr" / "rt_tables.d" / "c.txt").write_text("105 gray\n")
    (tmp_path / "usr" / "rt_realms").write_text("7 seven\n8 eight\n")
    (tmp_path / "usr" / "rt_scopes").write_text("77 near\n")
    (tmp_path / "usr" / "rt_dsfield").write_text("0x10 lowdelay\n0xfd odd\n")
    return tmp_path


def run(command: str) -> str:
    """Run a command of iproute2 and return what it says."""
    return subprocess.run(command.split(), check=True, capture_output=True, text=True, timeout=30).stdout


@pytest.mark.parametrize(("name", "number"), [("blue", 100), ("red", 101), ("green", 102), ("white", 104)])
def test_a_table_by_its_name(name: str, number: int, files: Path, apply: Any, tell: Any) -> None:
    """A name of the host's files is the number; what is told is the number, and the second run sends nothing."""
    apply(LINKS)
    wish = {
        "routes": [{"dst": "10.9.0.0/16", "dev": "v0", "table": name}],
        "rules": [{"priority": 5, "from": "10.0.0.0/8", "table": name}],
    }
    assert apply(wish).changed
    assert [one["table"] for one in routes(tell)] == [str(number)]
    assert [one["table"] for one in tell("ip -j rule show pref 5")] == [str(number)]
    assert apply(wish).commands == []
    number_wish = {"routes": [{"dst": "10.9.0.0/16", "dev": "v0", "table": number}]}
    assert apply(number_wish).commands == []
    assert apply({"routes": [{"dst": "10.9.0.0/16", "table": name, "state": "absent"}]}).changed
    assert routes(tell) == []


@pytest.mark.parametrize("name", ["hidden", "other", "black", "gray", "no", "y", "Blue", "blue "])
def test_a_name_that_no_file_has_is_refused(name: str, files: Path, apply: Any) -> None:
    apply(LINKS)
    before = everything()
    with pytest.raises(Refused, match=r"route 10\.9\.0\.0/16: table: .* is neither a number nor one of .*rt_tables"):
        apply({"routes": [{"dst": "10.9.0.0/16", "dev": "v0", "table": name}]})
    assert everything() == before


def test_names_of_realms_scopes_dsfields_and_protocols(files: Path, apply: Any, gather: Any, tell: Any) -> None:
    apply(LINKS)
    wish = {
        "routes": [
            {"dst": "10.9.0.0/16", "via": "10.0.0.2", "realms": "seven/eight", "scope": "near", "tos": "lowdelay"},
            {"dst": "10.8.0.0/16", "nexthops": [{"via": "10.0.0.2", "realms": "eight"}, {"via": "10.0.0.3"}]},
            {"dst": "10.7.0.0/16", "dev": "v0", "tos": "EF"},
        ],
        "rules": [{"priority": 5, "tos": "lowdelay", "ipproto": "ospf", "realms": "seven", "table": 9}],
        "addresses": [{"dev": "v1", "address": "10.77.0.1/24", "scope": "near"}],
    }
    assert apply(wish).changed
    told = {one["dst"]: one for one in routes(tell)}
    assert told["10.9.0.0/16"]["flow"] == {"from": "7", "to": "8"}
    assert (told["10.9.0.0/16"]["scope"], told["10.9.0.0/16"]["tos"]) == ("77", "0x10")
    assert [hop.get("flow") for hop in told["10.8.0.0/16"]["nexthops"]] == [{"to": "8"}, None]
    assert told["10.7.0.0/16"]["tos"] in ("EF", "0xb8")
    (rule,) = tell("ip -j rule show pref 5")
    assert (rule["tos"], rule["ipproto"], rule["flow_to"]) == ("0x10", "ospf", "7")
    infos = [info for link in tell("ip -j addr show dev v1") for info in link["addr_info"]]
    assert [info["scope"] for info in infos if info["local"] == "10.77.0.1"] == ["77"]
    assert apply(wish).commands == []
    assert apply(gather()).commands == []


def test_code_points_by_the_names_of_the_host(files: Path, apply: Any, gather: Any, tell: Any) -> None:
    """The host's rt_dsfield counts wherever such a byte is asked for: in a tunnel header of a route too."""
    apply(LINKS)
    header = {"type": "ip", "id": 42, "dst": "192.0.2.2"}
    wish = {
        "links": [{"name": "vx", "kind": "vxlan", "vni": 5, "dstport": 4789, "tos": "odd", "local": "10.0.0.1"}],
        "routes": [
            {"dst": "10.9.0.0/16", "dev": "vx", "encap": {**header, "tos": "odd"}},
            {"dst": "10.8.0.0/16", "dev": "vx", "encap": {**header, "tos": "af41"}},
            {
                "dst": "10.7.0.0/16",
                "nexthops": [
                    {"via": "10.0.0.2", "dev": "v0", "encap": {**header, "tos": "lowdelay"}},
                    {"via": "10.0.0.3", "dev": "v0"},
                ],
            },
            {
                "dst": "2001:db8:9::/48",
                "dev": "vx",
                "encap": {"type": "ip6", "id": 42, "dst": "2001:db8::2", "tc": "lowdelay"},
            },
        ],
        "nexthops": [{"id": 7, "via": "10.0.0.2", "dev": "v0", "encap": {**header, "tos": "odd"}}],
    }
    assert apply(wish).changed
    assert tell("ip -j -d link show dev vx")[0]["linkinfo"]["info_data"]["tos"] == "0xfd"
    # As JSON a route's destination and its header's are two keys of one name.
    told = "\n".join(run(f"ip -d {family} route show table all proto 110") for family in ("-4", "-6"))
    for route, byte in (("10.9.0.0/16", "tos 253"), ("10.8.0.0/16", "tos 136"), ("2001:db8:9::/48", "tc 16")):
        assert re.search(rf"^(unicast )?{route} +encap .* {byte} ", told, re.MULTILINE), told
    assert len(re.findall(r"nexthop +encap ip id 42 .* tos 16 ", told)) == 1
    assert " tos 253 " in run("ip nexthop show id 7")
    assert apply(wish).commands == []
    assert apply(gather()).commands == []


@pytest.mark.parametrize(
    "wish",
    [
        {"links": [{"name": "vx", "kind": "vxlan", "vni": 5, "tos": "hidden"}]},
        {"routes": [{"dst": "10.9.0.0/16", "dev": "v0", "encap": {"id": 4, "dst": "192.0.2.2", "tos": "hidden"}}]},
        {"routes": [{"dst": "10.9.0.0/16", "dev": "v0", "tos": "hidden"}]},
        {"rules": [{"priority": 7, "tos": "hidden", "table": 9}]},
    ],
)
def test_a_code_point_that_has_no_name_here_is_refused(wish: Any, files: Path, apply: Any) -> None:
    apply(LINKS)
    before = everything()
    with pytest.raises(Refused, match=r"tos:? .*'hidden' is .* nor in this host's rt_dsfield"):
        apply(wish)
    assert everything() == before
