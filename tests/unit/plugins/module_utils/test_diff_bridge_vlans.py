# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A bridge entry without a VLAN brings one for each VLAN of its port: seen on Linux 6.1 with VLAN filtering."""

from __future__ import annotations

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.plan.diff import diff
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Entry, State

MAC = "02:00:00:00:00:05"


def entry(vlan: str, target: str = "master") -> Entry:
    return Entry("fdb", ("", "vx", MAC, vlan, target, ""), {"nud": "static", "extern_learn": False}, owned=True)


def state(*entries: Entry) -> State:
    return {one.ident: one for one in entries}


def test_the_entry_of_a_vlan_stays_with_the_wished_one() -> None:
    assert diff(state(entry("0")), state(entry("0"), entry("1")), overridden=True) == []


def test_the_entry_of_a_vlan_goes_with_the_unwished_one() -> None:
    changes = diff({}, state(entry("0"), entry("1")), overridden=True)
    assert [(change.verb, change.entry.key[3]) for change in changes] == [("delete", "0")]


@pytest.mark.parametrize(("vlan", "target"), [("1", "master"), ("1", "self"), ("0", "self")])
def test_an_entry_that_stands_alone_is_removed(vlan: str, target: str) -> None:
    changes = diff({}, state(entry(vlan, target)), overridden=True)
    assert [(change.verb, change.entry.key[3]) for change in changes] == [("delete", vlan)]
