# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kinds with no option, or one: dummy (drivers/net/dummy.c) and vrf (drivers/net/vrf.c, IFLA_VRF_TABLE)."""

from __future__ import annotations

from .table import Kind, Option, queues
from .types import Int

DUMMY = Kind(name="dummy", options=queues())

VRF = Kind(
    name="vrf",
    options=(Option("table", 1, Int(low=1, rule="a routing table"), in_place=False), *queues()),
    needs=("table",),
    bound=True,
)
