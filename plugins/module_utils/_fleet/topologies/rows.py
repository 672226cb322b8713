# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""List the topologies: one import and one name for each."""

from __future__ import annotations

from ..topology import Topology
from .hub import HUB
from .mesh import MESH
from .multicast import MULTICAST
from .p2p import P2P
from .ring import RING
from .routed import ROUTED

TOPOLOGIES: dict[str, Topology] = {row.name: row for row in (P2P, MESH, HUB, RING, ROUTED, MULTICAST)}
DEFAULT_TOPOLOGY = MESH
