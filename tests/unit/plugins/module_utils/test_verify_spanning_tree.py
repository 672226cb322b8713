# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""verify gives a network with spanning tree the time that spanning tree needs, and other networks none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._verify import probe
from ansible_collections.netloom.overlay.plugins.module_utils._verify.probe import Answer, Call


class Clock:
    """A clock that a sleep and a call of fping advance."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def intent(stp: bool) -> dict[str, Any]:
    """Give a host with one peer, on a bridge with spanning tree or without."""
    bridge = {"name": "loop", "kind": "bridge"}
    if stp:
        bridge.update(stp_state=True, forward_delay=400, max_age=600)  # type: ignore[arg-type]
    row = {
        "device": "loop",
        "mtu": 1450,
        "addresses": ["10.1.1.1/24"],
        "members": {"node2": {"addresses": ["10.1.1.2/24"], "vtep": "10.0.0.2"}},
    }
    return {"networks": {"loop": row}, "config": {"links": [bridge]}}


def received(monkeypatch: pytest.MonkeyPatch, stp: bool, answers_from: float) -> tuple[int, float]:
    """Probe a peer that answers from some second on; return the answers and the seconds that the probe took."""
    clock = Clock()

    def calls(wanted: Iterable[Call], count: int, timeout_ms: int) -> dict[Call, dict[str, Answer]]:
        answered = 3 if clock.now >= answers_from else 0
        clock.sleep(1)
        return {one: {address: Answer(3, answered, 0.1) for address in one.addresses} for one in wanted}

    monkeypatch.setattr(probe, "make_calls", calls)
    monkeypatch.setattr(probe, "time", clock)
    return probe.probe("node1", intent(stp), 3, 1000)["pairs"][0]["received"], clock.now


@pytest.mark.parametrize(
    ("stp", "answers_from", "expected"),
    [(True, 0.0, 3), (True, 8.0, 3), (True, 14.0, 3), (True, 60.0, 0), (False, 0.0, 3), (False, 8.0, 0)],
)
def test_only_spanning_tree_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, stp: bool, answers_from: float, expected: int
) -> None:
    assert received(monkeypatch, stp, answers_from)[0] == expected


@pytest.mark.parametrize(("stp", "answers_from", "most"), [(True, 0.0, 2.0), (True, 60.0, 18.0), (False, 60.0, 2.0)])
def test_the_wait_ends(monkeypatch: pytest.MonkeyPatch, stp: bool, answers_from: float, most: float) -> None:
    assert received(monkeypatch, stp, answers_from)[1] <= most
