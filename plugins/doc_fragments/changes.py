# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Document what all modules that change a host have in common."""

from __future__ import annotations


class ModuleDocFragment:
    """Requirements, attributes and notes."""

    DOCUMENTATION = r"""
options:
  protect_connection:
    description:
      - Refuse a change that would cut the SSH connection of the task. Such changes remove the link of the connection,
        set it down or give it another master, or remove its address or the route to the controller.
      - The module reads the connection from C(SSH_CONNECTION) of its parent processes. Without this variable nothing is
        refused.
    type: bool
    default: true
requirements:
  - pyroute2 >= 0.7.2 for the Python that runs the module
  - root, or CAP_NET_ADMIN and CAP_SYS_ADMIN
attributes:
  check_mode:
    description:
      - The module checks and plans everything, including refusals, and changes nothing. The returned C(commands) show
        the plan.
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
  - When the kernel refuses an operation, the run is rolled back and the task fails with the kernel's reason.
  - One run at a time changes a host. A second run waits for one minute, then fails and names the process with the lock.
"""

    READING = r"""
attributes:
  check_mode:
    description: The module never changes anything.
    support: full
  diff_mode:
    description: The module never changes anything.
    support: none
  platform:
    description: Runs on Linux.
    platforms: linux
    support: full
"""
