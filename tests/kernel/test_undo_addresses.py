# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs that fail after they removed IPv4 addresses: what went along with these is there again. iproute2 tells."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed

from .moving import Apply, sh

A, B, C = "10.5.0.1/24", "10.5.0.3/24", "10.5.1.1/24"  # B is the secondary of A
ROUTES: list[dict[str, Any]] = [
    {"dst": "default", "via": "10.5.0.254"},
    {"dst": "10.6.0.0/16", "dev": "v0", "src": "10.5.0.1"},
    {"dst": "10.7.0.0/16", "dev": "v0", "src": "10.5.1.1"},
    {"dst": "10.8.0.0/16", "nhid": 7},
]
NEXTHOPS = [{"id": 7, "via": "10.5.0.253", "dev": "v0"}]
NEIGHBORS = [{"dst": "10.5.0.9", "mac": "02:00:00:00:00:09", "dev": "v0"}]
FAILS = {"dst": "10.250.0.0/16", "via": "10.99.99.99"}


def link(*addresses: Any) -> list[dict[str, Any]]:
    return [{"name": "v0", "kind": "veth", "addresses": list(addresses), "peer": {"name": "v1"}}]


BASE = {"links": link(A, B, C), "routes": ROUTES, "nexthops": NEXTHOPS, "neighbors": NEIGHBORS}


def absent(*addresses: str) -> list[dict[str, Any]]:
    return [{"dev": "v0", "address": address, "state": "absent"} for address in addresses]


def seen() -> list[str]:
    """Return addresses, routes, nexthops and neighbors."""
    found = []
    for command in ("ip -o -4 addr show", "ip route show table all", "ip nexthop", "ip neigh show nud permanent"):
        done = subprocess.run(command.split(), capture_output=True, text=True, check=True, timeout=30)
        found += [" ".join(line.split()) for line in done.stdout.splitlines()]
    return sorted(found)


@pytest.mark.parametrize(
    ("config", "overridden"),
    [
        pytest.param({"links": link()}, True, id="all of them"),
        pytest.param({"links": link(B, C), "routes": ROUTES[2:3]}, True, id="the first of a network"),
        pytest.param({"links": link("10.5.0.2/24"), "routes": ROUTES[:1], "neighbors": NEIGHBORS}, True, id="another"),
        pytest.param({**BASE, "links": link("10.5.0.1/16", C)}, True, id="another length"),
        pytest.param({"addresses": absent(A, B, C)}, False, id="absent"),
        pytest.param({"addresses": absent(A)}, False, id="the first is absent"),
        pytest.param({"addresses": absent(C)}, False, id="the only one of a network is absent"),
        pytest.param({"links": link({"address": A, "label": "v0:x"})}, False, id="made anew"),
        pytest.param({"links": [{"name": "v0", "state": "absent"}]}, False, id="with their link"),
    ],
)
def test_addresses_and_what_leads_through_them_are_back(apply: Apply, config: Any, overridden: bool) -> None:
    apply(BASE)
    # Somebody else's, which nobody wishes for.
    sh("ip route add 10.9.0.0/16 via 10.5.0.252", "ip neigh add 10.5.1.9 lladdr 02:00:00:00:00:19 dev v0 nud permanent")
    before = seen()
    assert any("secondary" in line for line in before)
    fails = {**config, "routes": [*config.get("routes", []), FAILS]}
    with pytest.raises(Failed, match=r"invalid gateway.*Nothing was changed: what was done before was rolled back"):
        apply(fails, overridden=overridden)
    assert seen() == before
    assert apply(BASE).commands == []
    # The control: without the route that fails much changes.
    apply(config, overridden=overridden)
    assert seen() != before
