# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The topology routed: each member has its own subnet, and routes to the others' subnets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from .. import derive
from ..topology import Topology, bridge_link, own_addresses
from ..values import FabricError

if TYPE_CHECKING:
    from ..host_config import HostPlan
    from ..intent import Network
    from ..values import Interface
    from ..wiring import Wiring


class Routed(Topology):
    """All routed networks of a port share one external-mode link."""

    keys = ("host_prefix",)
    divides_subnet = True
    shares_link = True
    whole_addresses = True

    def check_subnet(self, network: Network) -> None:
        subnet = network.subnet
        if subnet is None:
            return
        where = network.where + ".host_prefix"
        if network.host_prefix is None:
            raise FabricError(where, "must be given with topology routed and a subnet to divide")
        if not subnet.prefixlen < network.host_prefix <= subnet.max_prefixlen - 1:
            raise FabricError(
                where,
                "%d does not divide %s: it must be longer than /%d and leave room for a host"
                % (network.host_prefix, subnet, subnet.prefixlen),
            )

    def tunnel_peers(
        self, network: Network, hosts: tuple[str, ...], hubs: tuple[str, ...], host: str
    ) -> tuple[Optional[str], ...]:
        return ()

    def build(self, wiring: Wiring, host: str, plan: HostPlan) -> None:
        _build(wiring, host, plan)


def _build(wiring: Wiring, host: str, plan: HostPlan) -> None:
    """Build the external-mode link (once for all routed networks), and a route with ``encap`` for each peer's subnet.

    The next hop is the peer's own address, with a permanent neighbor entry: nothing is asked by ARP on the tunnel.
    """
    network, site = wiring.network, wiring.sites[host]
    external = derive.external_name(network)
    if (None, external) not in plan.names:
        plan.add_link("routed networks on port %d" % network.dstport, _external(wiring, host, external))
    link = next(one for one in plan.links if one["name"] == external and "netns" not in one)
    link["mtu"] = max(link["mtu"], wiring.mtu)
    if site.bridge:
        plan.add_link(network.where, bridge_link(wiring, host))
    else:
        link.setdefault("addresses", []).extend(own_addresses(wiring, host))
    own = _next_hop(wiring, host)
    for device in (external, site.device):
        plan.add_sysctl(device, "ipv%d.forwarding" % own.version, 1)
    for peer in wiring.peers(host):
        hop = _next_hop(wiring, peer)
        plan.add_neighbor(None, str(hop.ip), derive.external_mac(wiring.fabric.name, network, peer), external)
        plan.add_route(
            None,
            dst=str(wiring.subnets[peer]),
            via=str(hop.ip),
            dev=external,
            src=str(own.ip),
            onlink=True,
            encap={"type": "ip" if wiring.family == 4 else "ip6", "id": wiring.vni, "dst": wiring.vtep(peer)},
        )


def _external(wiring: Wiring, host: str, name: str) -> dict[str, Any]:
    network = wiring.network
    link = {
        "name": name,
        "kind": network.encap,
        "external": True,
        "dstport": network.dstport,
        "mac": derive.external_mac(wiring.fabric.name, network, host),
        "mtu": wiring.mtu,
        "alias": "routed networks",
    }
    if network.encap == "vxlan":
        link["learning"] = False
    return link


def _next_hop(wiring: Wiring, host: str) -> Interface:
    """Return the address by which a member of a routed network is reached."""
    for station in wiring.at(host):
        if station.workload is None and station.addresses:
            return station.addresses[0]
    raise FabricError(
        "%s.members.%s.addresses" % (wiring.network.where, host), "a member of a routed network needs an address"
    )


ROUTED = Routed(name="routed")
