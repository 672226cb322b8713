# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Numbers of links: wished for, chosen, used up. iproute2 says what they are."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

from .look import run

LARGEST = 2**31 - 1


def numbers(tell: Any) -> dict[str, int]:
    return {link["ifname"]: link["ifindex"] for link in tell("ip -j link")}


@pytest.mark.parametrize(
    "kind",
    [{"kind": "bridge"}, {"kind": "veth", "peer": {"name": "t1"}}, {"kind": "tun", "mode": "tap"}],
    ids=lambda item: item["kind"],
)
def test_link_has_the_index_that_is_wished_for(kind: dict[str, Any], apply: Any, tell: Any, gather: Any) -> None:
    wish = {"links": [{"name": "first", "kind": "bridge"}, {"name": "t0", **kind, "index": 2}]}
    assert apply(wish).changed
    assert numbers(tell)["t0"] == 2, "the one that comes before it takes another"
    assert not apply(wish).changed
    assert all("index" not in link for link in gather()["links"])
    wish["links"][1]["index"] = 77
    with pytest.raises(Refused, match=r"t0: index: .*\(2 -> 77\)\. Set recreate: true"):
        apply(wish)
    assert numbers(tell)["t0"] == 2
    wish["links"][1]["recreate"] = True
    assert apply(wish).changed
    assert numbers(tell)["t0"] == 77
    assert not apply(wish).changed


def test_index_that_another_link_has_is_refused_and_nothing_changed(apply: Any, tell: Any) -> None:
    apply({"links": [{"name": "other", "kind": "bridge", "index": 9}]})
    before = numbers(tell)
    with pytest.raises(Failed, match=r"^t0: .*Nothing was changed"):
        apply({"links": [{"name": "first", "kind": "bridge"}, {"name": "t0", "kind": "bridge", "index": 9}]})
    assert numbers(tell) == before
    assert apply({"links": [{"name": "t0", "kind": "bridge", "index": 10}]}).changed


def test_lines_give_the_index(apply: Any, tell: Any) -> None:
    lines = apply({"links": [{"name": "t0", "kind": "bridge", "index": 55}]}, check=True).commands
    run(lines[0])
    assert numbers(tell)["t0"] == 55


def test_links_are_made_where_the_largest_index_is_taken(apply: Any, tell: Any) -> None:
    run(f"ip link add index {LARGEST} name last type bridge")
    wish = """
links:
  - {name: a, kind: veth, peer: {name: b}, master: last}
  - {name: vx, kind: vxlan, vni: 5, dstport: 4789, master: last}
  - {name: t, kind: tun, mode: tap}
"""
    assert apply(wish).changed
    found = numbers(tell)
    assert set(found) == {"lo", "last", "a", "b", "vx", "t"}
    assert len(set(found.values())) == len(found)
    assert not apply(wish).changed


def test_other_end_of_a_new_pair_has_no_index(apply: Any) -> None:
    with pytest.raises(Refused, match="t1: index: a new pair has it for its first end alone"):
        apply({"links": [{"name": "t0", "kind": "veth", "peer": {"name": "t1", "index": 5}}]})
