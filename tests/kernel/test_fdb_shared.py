# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The remotes of one group MAC in a VXLAN link are one entry to the kernel: they share its state and its flags."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

from .test_fdb import base, entries
from .test_tables import heard, run

pytestmark = pytest.mark.needs_kind("vxlan")
__all__ = ["base"]  # a fixture
MACS = ["00:00:00:00:00:00", "33:33:00:00:00:01"]
ONE, TWO, THREE = "192.0.2.1", "192.0.2.2", "192.0.2.3"


def wish(mac: str, *remotes: dict[str, Any]) -> dict[str, Any]:
    return {"fdb": [{"dev": "vx", "mac": mac, **remote} for remote in remotes]}


def seen(tell: Any, mac: str) -> dict[str, list[str]]:
    """Return state and flags of each remote as ``bridge fdb`` tells them."""
    return {one["dst"]: sorted({one["state"], *one["flags"]} - {"self"}) for one in entries(tell, "vx", mac)}


@pytest.mark.parametrize("mac", MACS)
@pytest.mark.parametrize(
    ("option", "one", "other"),
    [
        ("nud", "static", "permanent"),
        ("nud", "permanent", "static"),
        ("router", True, False),
        ("sticky", False, True),
        ("extern_learn", True, False),
    ],
)
def test_remotes_that_disagree_are_refused(
    option: str, one: Any, other: Any, mac: str, base: None, apply: Any, tell: Any
) -> None:
    disagreeing = wish(mac, {"dst": ONE, option: one}, {"dst": TWO, option: other})
    with pytest.raises(Refused) as refusal:
        apply(disagreeing)
    assert str(refusal.value) == (
        f"FDB entry {mac} dst {TWO} on vx: {option}: {other} here and {one} for FDB entry {mac} dst {ONE} on vx, "
        f"but the kernel stores both as one entry. Give both the same value"
    )
    assert seen(tell, mac) == {}
    assert apply(wish(mac, {"dst": ONE, option: one}, {"dst": TWO, option: one})).changed, "the positive control"
    assert len(seen(tell, mac)) == 2
    before = seen(tell, mac)
    with pytest.raises(Refused, match=f"{option}: {other} here and {one} for"):
        apply(disagreeing)
    assert seen(tell, mac) == before


@pytest.mark.parametrize("other", [{"mac": MACS[1]}, {"dev": "v6", "dst": "2001:db8::9"}, {"mac": "02:00:00:00:00:77"}])
def test_other_entries_have_states_of_their_own(other: dict[str, Any], base: None, apply: Any, tell: Any) -> None:
    config = wish(MACS[0], {"dst": ONE, "nud": "static"}, {"dst": TWO, "nud": "permanent", **other})
    assert apply(config).changed
    assert apply(config).commands == []
    assert seen(tell, MACS[0]) == {ONE: ["static"]}


def test_each_vni_of_an_external_link_has_entries_of_its_own(base: None, apply: Any, tell: Any) -> None:
    remotes = [{"dst": ONE, "src_vni": 10, "nud": "static"}, {"dst": ONE, "src_vni": 11, "nud": "permanent"}]
    config = wish(MACS[0], *({**remote, "dev": "ex"} for remote in remotes))
    assert apply(config).changed
    assert apply(config).commands == []
    assert {one["src_vni"]: one["state"] for one in entries(tell, "ex", MACS[0])} == {10: "static", 11: "permanent"}
    with pytest.raises(Refused, match="stores both as one entry"):
        apply(wish(MACS[0], remotes[0], {**remotes[1], "src_vni": 10, "dst": TWO}))


@pytest.mark.parametrize("mac", MACS)
def test_what_is_asked_for_of_one_holds_for_all(mac: str, base: None, apply: Any, tell: Any) -> None:
    config = wish(mac, {"dst": ONE}, {"dst": TWO, "nud": "static"}, {"dst": THREE, "router": True})
    assert apply(config).changed
    assert seen(tell, mac) == {dst: ["router", "static"] for dst in (ONE, TWO, THREE)}
    with heard() as announced:
        assert apply(config).commands == []
    assert announced == []


@pytest.mark.parametrize("mac", MACS)
def test_a_new_remote_has_what_the_others_have(mac: str, base: None, apply: Any, tell: Any) -> None:
    run(f"bridge fdb append {mac} dev vx dst {ONE} self static router")
    assert seen(tell, mac) == {ONE: ["router", "static"]}
    report = apply(wish(mac, {"dst": TWO}))
    assert [f"dst {TWO}" in line for line in report.commands] == [True]
    assert seen(tell, mac) == {dst: ["router", "static"] for dst in (ONE, TWO)}
    assert apply(wish(mac, {"dst": TWO})).commands == []


@pytest.mark.parametrize("mac", MACS)
def test_what_changes_along_is_told_and_taken_back(mac: str, base: None, apply: Any, tell: Any) -> None:
    for dst in (ONE, TWO):
        run(f"bridge fdb append {mac} dev vx dst {dst} self permanent")
    before = seen(tell, mac)
    config = wish(mac, {"dst": TWO, "nud": "static"}, {"dst": THREE})
    foretold = apply(config, check=True)
    assert sorted(dst for dst in (ONE, TWO, THREE) for line in foretold.commands if f"dst {dst} " in f"{line} ") == [
        ONE,
        TWO,
        THREE,
    ]
    with pytest.raises(Exception, match="Nothing was changed"):
        apply({**config, "routes": [{"dst": "192.0.2.128/25", "via": "198.51.100.1"}]})
    assert seen(tell, mac) == before
    assert apply(config).commands == foretold.commands
    assert seen(tell, mac) == {dst: ["static"] for dst in (ONE, TWO, THREE)}
    assert apply(config).commands == []


def test_an_entry_of_a_user_does_not_become_a_control_planes(base: None, apply: Any, tell: Any) -> None:
    """vxlan_fdb_update_existing() passes over it without a word: one alone is made anew, several are refused."""
    mac = MACS[0]
    for dst in (ONE, TWO):
        run(f"bridge fdb append {mac} dev vx dst {dst} self permanent")
    for config in (wish(mac, {"dst": THREE, "extern_learn": True}), wish(mac, {"dst": ONE, "extern_learn": True})):
        with pytest.raises(Refused, match=rf"^FDB entry {mac} dst \S+ on vx: extern_learn: FDB entry {mac} dst "):
            apply(config)
        assert seen(tell, mac) == {ONE: ["permanent"], TWO: ["permanent"]}
    assert apply(wish(mac, {"dst": ONE, "state": "absent"})).changed
    alone = wish(mac, {"dst": TWO, "extern_learn": True})
    assert apply(alone).changed
    assert seen(tell, mac) == {TWO: ["extern_learn", "permanent"]}
    assert apply(alone).commands == []
    assert apply(wish(mac, {"dst": TWO, "extern_learn": False})).changed
    assert seen(tell, mac) == {TWO: ["permanent"]}


def test_a_unicast_entry_of_a_user_is_made_anew_for_a_control_plane(base: None, apply: Any, tell: Any) -> None:
    mac = "02:00:00:00:00:77"
    apply(wish(mac, {"dst": ONE}))
    assert apply(wish(mac, {"dst": ONE, "extern_learn": True})).changed
    assert seen(tell, mac) == {ONE: ["extern_learn", "permanent"]}
    assert apply(wish(mac, {"dst": ONE, "extern_learn": True})).commands == []
