# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Neighbors of a link that gets another MAC address: the kernel forgets them (neigh_changeaddr()). iproute2 tells."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed

from .moving import Apply, links, sh, told

BRIDGE = {"name": "b0", "kind": "bridge", "addresses": ["10.1.0.1/24", "fd01::1/64"]}
NEIGHBORS = [
    {"dst": "10.1.0.9", "mac": "02:00:00:00:00:09", "dev": "b0"},
    {"dst": "fd01::9", "mac": "02:00:00:00:00:09", "dev": "b0"},
    {"dst": "10.1.0.10", "dev": "b0", "proxy": True},
]


def port(number: int, mac: str) -> dict[str, Any]:
    return {"name": f"w{number}", "kind": "veth", "mac": mac, "master": "b0", "peer": {"name": f"e{number}"}}


def permanent() -> list[str]:
    return sorted(row["dst"] for row in told("ip -j neigh show dev b0 nud permanent"))


FIRST = port(1, "06:00:00:00:00:01")


@pytest.mark.parametrize(
    ("change", "mac"),
    [
        pytest.param([BRIDGE, FIRST, port(0, "02:00:00:00:00:01")], "02:00:00:00:00:01", id="another port's"),
        pytest.param([{**BRIDGE, "mac": "02:00:00:00:00:99"}, FIRST], "02:00:00:00:00:99", id="its own"),
        pytest.param([BRIDGE, {**FIRST, "mac": "06:00:00:00:00:77"}], "06:00:00:00:00:77", id="its port's"),
    ],
)
def test_neighbors_are_put_again(apply: Apply, change: list[dict[str, Any]], mac: str) -> None:
    apply({"links": [BRIDGE, FIRST], "neighbors": NEIGHBORS})
    assert permanent() == ["10.1.0.9", "fd01::9"]
    assert links()["b0"]["address"] == "06:00:00:00:00:01"
    report = apply({"links": change, "neighbors": NEIGHBORS})
    assert links()["b0"]["address"] == mac
    assert permanent() == ["10.1.0.9", "fd01::9"]
    assert [row["dst"] for row in told("ip -j neigh show proxy dev b0")] == ["10.1.0.10"]
    assert [re.findall(r"neigh \w+ (\S+)", line) for line in report.commands if " neigh " in line] == [
        ["10.1.0.9"], ["fd01::9"]
    ]  # fmt: skip
    assert apply({"links": change, "neighbors": NEIGHBORS}).commands == []


def test_neighbors_are_back_when_the_run_fails(apply: Apply) -> None:
    apply({"links": [BRIDGE, FIRST], "neighbors": NEIGHBORS})
    sh("ip neigh add 10.1.0.77 lladdr 02:00:00:00:00:77 dev b0 nud permanent")
    fails = [{"dst": "10.9.0.0/16", "via": "10.99.99.99"}]
    config = {"links": [BRIDGE, FIRST, port(0, "02:00:00:00:00:01")], "neighbors": NEIGHBORS}
    with pytest.raises(Failed, match=r"invalid gateway.*Nothing was changed"):
        apply({**config, "routes": fails})
    assert permanent() == ["10.1.0.77", "10.1.0.9", "fd01::9"]
    assert "w0" not in links()
    apply(config)
    assert "w0" in links(), "the control: without the route that fails the port is there"
