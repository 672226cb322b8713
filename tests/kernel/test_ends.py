# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ask for both ends of every range: what a table lets through the kernel takes, and keeps as it is.

iproute2 or a raw read tells single values (test_rows.py). Here the engine's own check, which fails where the kernel did
not keep what it was asked for, is enough; a value that the kernel keeps otherwise is another value in the second run.
"""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.plan.refusals import release
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.links.any_link import ALL
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.objects.port import PORT
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.registry import KINDS
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.table import Option
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.types.simple import Int

LOWER = {"name": "lower", "kind": "bridge"}
NEEDED: dict[str, dict[str, Any]] = {
    "vxlan": {"vni": 5, "dstport": 4789, "local": "2001:db8::1"},
    "geneve": {"vni": 5, "remote": "2001:db8::2"},
    "vlan": {"link": "lower", "id": 5},
    "vrf": {"table": 10},
    "veth": {"peer": {"name": "t1"}},
    **{kind: {"link": "lower"} for kind in ("macvlan", "macvtap", "ipvlan", "ipvtap")},
}
#: What the kernel takes of these only beside something else, or within bounds that the machine sets.
OTHERWISE = {
    ("link", "mtu"): "each kind has bounds of its own",
    ("link", "gso_max_size"): "each kind has bounds of its own (tso_max_size), and kernels a least (MAX_TCP_HEADER)",
    ("link", "gso_ipv4_max_size"): "as gso_max_size",
    **{
        (kind, "numrxqueues"): "the native kernel lacks the kind, and the lab kernel tells none without CONFIG_RPS"
        for kind in ("dummy", "geneve", "ipvlan", "ipvtap", "vlan", "vrf")
    },
}
#: A kernel without CONFIG_BRIDGE_VLAN_FILTERING does not report these.
OF_VLAN_FILTERING = {("bridge", "vlan_default_pvid")}


def rows() -> list[tuple[str, Option]]:
    found = [(kind.name, row) for kind in KINDS.values() for row in kind.options]
    found += [("link", row) for row in ALL] + [("port", row) for row in PORT.options]
    return [(place, row) for place, row in found if isinstance(row.type, Int) and (place, row.name) not in OTHERWISE]


def wish(place: str, name: str, value: Any) -> dict[str, Any]:
    if place == "port":
        item = {"name": "t0", "kind": "veth", "peer": {"name": "t1"}, "master": "lower", "port": {name: value}}
    else:
        kind = "vxlan" if place == "link" else place
        item = {"name": "t0", "kind": kind, **NEEDED.get(kind, {}), name: value}
    return {"links": [LOWER, item]}


def marks(place: str, row: Option) -> list[Any]:
    """Give what a row needs of the kernel."""
    kind = {"ipvtap": "ipvlan", "macvtap": "macvlan"}.get(place, place)
    found = [pytest.mark.needs_kind(kind)] if place in KINDS else []
    found += [pytest.mark.needs_vlan_filtering] if (place, row.name) in OF_VLAN_FILTERING else []
    return found + ([pytest.mark.needs_linux(row.since)] if release(row.since or "0.0") > (6, 1) else [])


PARAMS = [pytest.param(place, row, id=f"{place}-{row.name}", marks=marks(place, row)) for place, row in rows()]


@pytest.mark.parametrize(("place", "row"), PARAMS)
def test_ends_of_a_range(place: str, row: Option, apply: Any, tell: Any) -> None:
    of = row.type
    assert isinstance(of, Int)
    ends = [number for number in (of.low, of.high & ~of.barred) if number not in row.refused]
    first: Any = None
    for value in (*ends, str(ends[-1])):
        config = wish(place, row.name, value)
        if first is not None:
            subprocess.run(["ip", "link", "del", "dev", "t0"], check=True, timeout=20)
        apply(config)  # to a new link
        assert apply(config).commands == []
        if row.in_place and first is not None:
            apply(first)
            apply(config)  # in place
            assert apply(config).commands == []
        first = first or config
    indexes = {link["ifname"]: link["ifindex"] for link in tell("ip -j link")}
    below = of.low - 1 if getattr(of, "table", {}).get(str(of.low - 1)) is None else of.low - 2  # 0 may be a word
    for beyond in (below, of.high + 1, "1.5", "", True, [1]):
        with pytest.raises(Refused, match=rf"{row.name}: "):
            apply(wish(place, row.name, beyond))
    assert {link["ifname"]: link["ifindex"] for link in tell("ip -j link")} == indexes
