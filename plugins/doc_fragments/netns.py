# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Document the option ``netns``."""

from __future__ import annotations


class ModuleDocFragment:
    """The namespace in which an object is."""

    DOCUMENTATION = r"""
options:
  netns:
    description:
      - The network namespace in which the object is. It must be there.
      - A name (below C(/run/netns), as C(ip netns) makes it), V(pid:N) for the namespace of process N,
        V(pidfile:PATH) for that of the process whose number stands in a file, or V(container:NAME) for that of a
        container.
      - A path is the namespace of that file, as for C(nsenter --net). One below C(/run/netns) is the name's; where a
        name says another namespace (V(host), V(container:z)), only its path (V(/run/netns/container:z)) calls it.
      - A container is looked for with C(docker), C(podman), C(nerdctl), C(crictl), C(lxc-info) and C(machinectl), in
        this order. The first that knows it has it. V(docker:NAME), V(podman:NAME), V(nerdctl:NAME), V(crictl:ID),
        V(lxc:NAME) and V(machine:NAME) ask one of them alone. C(crictl) knows containers by their id.
      - Left out or V(host), the namespace that the module runs in.
    type: str
"""
