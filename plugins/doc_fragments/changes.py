# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Document what all modules that change a host have in common."""

from __future__ import annotations


class ModuleDocFragment:
    """Requirements, attributes and notes."""

    DOCUMENTATION = r"""
options:
  protect_connection:
    description:
      - Refuse a change that would cut the SSH connection that the task came by. These are the removal of a link that
        the connection runs over, setting it down or giving it another master, and the removal of its address or of the
        route to the controller.
      - The connection is known from C(SSH_CONNECTION) of the processes above the module. Where there is none nothing is
        refused.
    type: bool
    default: true
requirements:
  - pyroute2 >= 0.7.2 for the Python that runs the module
  - root, or CAP_NET_ADMIN and CAP_SYS_ADMIN
attributes:
  check_mode:
    description:
      - Everything but the change itself is done, refusals included. The returned C(commands) tell what would be done.
    support: full
  diff_mode:
    description: Shows the equivalent C(ip) and C(bridge) command lines.
    support: full
  platform:
    description: Runs on Linux.
    platforms: linux
    support: full
notes:
  - An option that is left out is not managed. V(0), V(false) and V(none) are values.
  - When the kernel refuses one step, those before it are taken back and the task fails with the kernel's own words.
  - One run at a time changes a host. A second one waits for a minute, then fails and names the process that holds the
    lock.
"""

    READING = r"""
attributes:
  check_mode:
    description: Nothing is ever changed.
    support: full
  diff_mode:
    description: There is nothing to differ.
    support: none
  platform:
    description: Runs on Linux.
    platforms: linux
    support: full
"""
