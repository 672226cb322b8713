# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Document the option ``netns``."""

from __future__ import annotations


class ModuleDocFragment:
    """The namespace in which an object is."""

    DOCUMENTATION = r"""
options:
  netns:
    description:
      - The network namespace of the object. The namespace must exist.
      - A name (below C(/run/netns), as made by C(ip netns)), V(pid:N) for the namespace of process N, V(pidfile:PATH)
        for the process whose number is in a file, or V(container:NAME) for a container.
      - A path means the namespace of that file, as for C(nsenter --net). A path below C(/run/netns) is the same as the
        name. A name that reads as another form (V(host), V(container:z)) needs its path (V(/run/netns/container:z)).
      - The module asks C(docker), C(podman), C(nerdctl), C(crictl), C(lxc-info) and C(machinectl) for a container, in
        this order, and uses the first answer. V(docker:NAME), V(podman:NAME), V(nerdctl:NAME), V(crictl:ID),
        V(lxc:NAME) and V(machine:NAME) ask only one runtime. C(crictl) identifies containers by id.
      - V(host), or no value, is the namespace in which the module runs.
    type: str
"""
