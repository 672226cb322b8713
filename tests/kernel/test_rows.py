# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Set every row of the tables on a real kernel and let iproute2 say what it holds."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.plan import diff as diff_module
from ansible_collections.netloom.overlay.plugins.module_utils._host.plan.refusals import release
from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.links.any_link import ALL
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.objects.port import PORT
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.registry import KINDS

from .common_cases import COMMON_CASES, FLAG_CASES, NEW_COMMON_CASES, NEW_PORT_CASES, NOT_TOLD, PORT_CASES
from .row_cases import (
    CASES,
    GENEVE,
    LAB_CASES,
    NEW_CASES,
    ON_BRIDGE,
    ON_DUMMY,
    VXLAN,
    Case,
    agree,
    links,
    marked,
    ports,
    run_lines,
    shown,
)


def test_every_row_has_a_case_or_a_reason() -> None:
    told = {(case.kind, case.option) for case in (*CASES, *NEW_CASES, *PORT_CASES, *NEW_PORT_CASES, *LAB_CASES)}
    told |= {("link", case.option) for case in (*COMMON_CASES, *NEW_COMMON_CASES)}
    told |= {("link", name) for name in FLAG_CASES} | {(case.kind, case.option) for case in QUEUE_CASES}
    rows = {(kind.name, row.name) for kind in KINDS.values() for row in kind.options}
    rows |= {("port", row.name) for row in PORT.options} | {("link", row.name) for row in ALL}
    assert rows - told - set(NOT_TOLD) == set()
    assert told - rows == set(), "a case for an option that no table has"
    assert set(NOT_TOLD) - rows == set(), "a reason for an option that no table has"
    assert set(NOT_TOLD) & told == set(), "a reason for an option that a case shows"


def change_round(case: Case, apply: Any, tell: Any, make: Any, in_place: bool) -> None:
    """Create, repeat, change (in place, or refused and then anew), repeat: with iproute2 as the witness."""
    assert apply(make(case, case.values[0])).changed
    assert agree(shown(tell, case), case.told[0])
    index = tell("ip -j link show dev t0")[0]["ifindex"]
    assert not apply(make(case, case.values[0])).changed
    assert tell("ip -j link show dev t0")[0]["ifindex"] == index
    if in_place:
        assert apply(make(case, case.values[1])).changed
        assert tell("ip -j link show dev t0")[0]["ifindex"] == index, "changed in place, yet a new link"
    else:
        with pytest.raises(Refused, match=rf"t0: {case.option}: .*recreate: true"):
            apply(make(case, case.values[1]))
        assert agree(shown(tell, case), case.told[0]), "a refused change was made"
        with pytest.MonkeyPatch.context() as patch:
            # Not a guess: sent all the same, the kernel refuses it or keeps what it has.
            patch.setattr(diff_module, "_in_place", lambda *_pair: True)
            with pytest.raises(Failed):
                apply(make(case, case.values[1]))
        assert agree(shown(tell, case), case.told[0]), "the kernel does change it in place"
        assert apply(make(case, case.values[1], recreate=True)).changed
    assert agree(shown(tell, case), case.told[1])
    assert not apply(make(case, case.values[1], recreate=True)).changed


@pytest.mark.parametrize("case", [*marked(CASES), *marked(LAB_CASES, "geneve")])
def test_row_of_a_kind(case: Case, apply: Any, tell: Any) -> None:
    """Read every option of every kind back through iproute2."""
    row = KINDS[case.kind].option(case.option)
    assert row is not None
    change_round(case, apply, tell, links, row.in_place)


def newer(cases: list[Case]) -> list[Any]:
    """Give the cases with the Linux that they need: the newest that the table has for the option or a value of it."""
    found = []
    for case in cases:
        rows = PORT.options if case.kind == "port" else (*KINDS[case.kind].options, *ALL)
        row = next(one for one in rows if one.name == case.option)
        needed = [since for value in case.values if (since := row.needed_release(value))]
        marks = [pytest.mark.needs_linux(max(needed, key=release))] if needed else []
        found.append(pytest.param(case, id=str(case), marks=marks))
    return found


@pytest.mark.parametrize("case", newer([*NEW_CASES, *NEW_COMMON_CASES]))
def test_row_of_a_newer_kernel(case: Case, apply: Any, tell: Any) -> None:
    """Read what the lab kernel or iproute2 is too old for."""
    row = KINDS[case.kind].option(case.option)
    change_round(case, apply, tell, links, row is None or row.in_place)


@pytest.mark.parametrize("case", COMMON_CASES, ids=str)
def test_common_row(case: Case, apply: Any, tell: Any) -> None:
    """Read the options of any link back, on a veth."""

    def make(case: Case, value: Any, **more: Any) -> dict[str, Any]:
        return links(case, value, peer={"name": "t1"}, **more)

    change_round(case, apply, tell, make, in_place=True)


@pytest.mark.parametrize("option", FLAG_CASES)
def test_flag(option: str, apply: Any, tell: Any) -> None:
    """Set and clear the bits of ifi_flags."""
    for value in (True, False, True):
        config = {"links": [{"name": "t0", "kind": "veth", "peer": {"name": "t1"}, option: value}]}
        apply(config)
        flags = tell("ip -j link show dev t0")[0]["flags"]
        assert (FLAG_CASES[option] in flags) == (value != (option == "arp"))
        assert not apply(config).changed


@pytest.mark.parametrize("case", PORT_CASES, ids=str)
def test_port_row(case: Case, apply: Any, tell: Any) -> None:
    """Read the options of a bridge port back."""
    change_round(case, apply, tell, ports, in_place=True)


@pytest.mark.parametrize("case", newer(NEW_PORT_CASES))
def test_port_row_of_a_newer_kernel(case: Case, apply: Any, tell: Any) -> None:
    """Likewise, by their bytes."""
    change_round(case, apply, tell, ports, in_place=True)


QUEUES = {
    "bridge": {},
    "dummy": {},
    "geneve": GENEVE,
    "vxlan": VXLAN,
    "macvlan": ON_BRIDGE,
    "macvtap": ON_BRIDGE,
    "ipvlan": ON_DUMMY,
    "ipvtap": ON_DUMMY,
    "vlan": {**ON_DUMMY, "id": 5},
    "vrf": {"table": 100},
    "veth": {"peer": {"name": "t1"}},
}
QUEUE_CASES = [
    Case(kind, option, (3, 5), told, (3, 5), base)
    for kind, base in QUEUES.items()
    for option, told in (("numtxqueues", "num_tx_queues"), ("numrxqueues", "num_rx_queues"))
    if (kind, option) not in NOT_TOLD
]


@pytest.mark.parametrize("case", marked(QUEUE_CASES))
def test_queues(case: Case, apply: Any, tell: Any, gather: Any) -> None:
    """Numbers of queues are for a new link alone."""
    change_round(case, apply, tell, links, in_place=False)
    run_lines(["ip link del dev t0"])
    run_lines(apply(links(case, 7), check=True).commands)
    assert shown(tell, case) == 7
    (told,) = [link for link in gather()["links"] if link["name"] == "t0"]
    assert (case.option in told) == (case.kind != "veth")


def test_other_end_of_a_pair_has_the_queues_that_the_kernel_gives_it(apply: Any) -> None:
    with pytest.raises(Refused, match="t1: numtxqueues: a new pair has it for its first end alone"):
        apply({"links": [{"name": "t0", "kind": "veth", "peer": {"name": "t1", "numtxqueues": 2}}]})
