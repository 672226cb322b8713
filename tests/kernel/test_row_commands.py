# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run the command lines that we tell for every row through iproute2, and find the same."""

from __future__ import annotations

from typing import Any

import pytest

from .common_cases import COMMON_CASES, PORT_CASES
from .row_cases import CASES, LAB_CASES, Case, agree, links, marked, ports, run_lines, shown

#: What iproute2 wants said otherwise than the kernel: a group with dev each time, external without id, nopromisc in one
#: mode alone.
OTHERWISE = {("vxlan", name) for name in ("multicast_group", "external", "gpe")}
OTHERWISE |= {(kind, "nodst") for kind in ("macvlan", "macvtap")}
KNOWN = [case for case in CASES if (case.kind, case.option) not in OTHERWISE]


KNOWN_LAB = [case for case in LAB_CASES if isinstance(case.key, str)]


@pytest.mark.parametrize("case", [*marked(KNOWN), *marked(KNOWN_LAB, "geneve")])
def test_commands_of_a_kind(case: Case, apply: Any, tell: Any) -> None:
    """Run the command lines that stand for a run: iproute2 knows their words, and they do the same."""
    for value, told in zip(case.values, case.told):
        run_lines(apply(links(case, value, recreate=True), check=True).commands)
        assert agree(shown(tell, case), told)
        if case.kind in ("geneve", "tun"):
            # For each change of a geneve link iproute2 wants id and remote said again, though the kernel does not. It
            # changes nothing of a tun link.
            run_lines(["ip link del dev t0"])


@pytest.mark.parametrize("case", COMMON_CASES, ids=str)
def test_commands_of_a_common_row(case: Case, apply: Any, tell: Any) -> None:
    """Likewise for the options of any link."""
    for value, told in zip(case.values, case.told):
        run_lines(apply(links(case, value, peer={"name": "t1"}), check=True).commands)
        assert agree(shown(tell, case), told)


@pytest.mark.parametrize("case", PORT_CASES, ids=str)
def test_commands_of_a_port(case: Case, apply: Any, tell: Any) -> None:
    """Likewise for bridge ports, which two tools set."""
    for value, told in zip(case.values, case.told):
        run_lines(apply(ports(case, value), check=True).commands)
        assert agree(shown(tell, case), told)
