# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Document what entries of the FDB, the MDB and the neighbor table take."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of bridge_fdb, bridge_mdb and ip_neighbor."""

    DOCUMENTATION = r"""
options:
  state:
    description:
      - V(present) creates the entry if it does not exist, and changes options that differ. V(absent) removes the entry.
    type: str
    choices: [present, absent]
    default: present
"""
