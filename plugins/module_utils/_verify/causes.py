# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find out why two stations do not reach each other: compare both with the desired state and each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Callable, Optional

from .host_view import HostView, is_on_port, is_shared, wished_links
from .targets import Station

ALL_ZERO = "00:00:00:00:00:00"
_WORDS = {"vni": "VNI", "dstport": "port", "remote": "remote", "local": "local address", "master": "master"}


@dataclass(frozen=True)
class End:
    """One end of a pair: its host, its station (None where the host is not part of the run), its address."""

    view: HostView
    station: Optional[Station]
    name: str
    address: str

    @property
    def netns(self) -> str:
        """Return the namespace that the end lives in."""
        return self.station.netns if self.station else ""

    @property
    def place(self) -> str:
        """Return host and namespace as a reader knows them."""
        return where(self.view, self.netns)


def where(view: HostView, netns: Optional[str]) -> str:
    """Return how sentences call a namespace of a host."""
    return "%s, namespace %s" % (view.name, netns) if netns not in (None, "", "host") else view.name


def causes(network: str, near: End, far: End, wrong: str) -> list[str]:
    """Return the likely causes of a failing pair.

    ``wrong`` is "silent" (no answer), "small" (full-sized packets are lost) or "large" (larger ones pass).
    """
    found: dict[str, None] = {}
    for here, there in ((near, far), (far, near)):
        for checks in STAGES[wrong]:
            sentences = [sentence for check in checks for sentence in check(network, here, there)]
            found.update(dict.fromkeys(sentences))
            if sentences:
                break  # later causes follow from this one: a link that is down has no routes either
    return list(found) or [_unknown(network, near, far, wrong)]


def _unknown(network: str, near: End, far: End, wrong: str) -> str:
    missing = sorted({end.view.name for end in (near, far) if not end.view.state})
    if missing:
        return "no cause found: %s told no state" % " and ".join(missing)
    if wrong == "silent" and near.view.name != far.view.name:
        row = near.view.network(network)
        ends = " and ".join(sorted((near.view.name, far.view.name)))
        return (
            "no cause found: links, tables and routes of both ends are as wished."
            " Does a packet filter drop UDP port %s between %s?" % (row.get("dstport"), ends)
        )
    return "no cause found: links, tables and routes of both ends are as wished"


def _namespaces(network: str, here: End, there: End) -> Iterator[str]:  # noqa: ARG001 - all checks are called alike
    error = here.view.namespace(here.netns).get("error")
    if error:
        yield "%s: %s" % (here.view.name, error)


def _known(view: HostView, netns: Optional[str]) -> bool:
    return "links" in view.namespace(netns)


def _links(network: str, here: End, there: End) -> Iterator[str]:
    """Name links that are missing, down or different; of the tunnels also how they differ from the far end's."""
    view = here.view
    for wish in wished_links(view, network, here.station, there.view.name):
        if not _known(view, wish.get("netns")):
            continue
        link = view.link(wish.get("netns"), wish["name"])
        called = "link %s%s" % (wish["name"], " (%s)" % wish["alias"] if wish.get("alias") else "")
        place = where(view, wish.get("netns"))
        if link is None:
            yield "%s: %s is missing" % (place, called)
            continue
        if not link["up"]:
            yield "%s: %s is down" % (place, called)
        yield from _differences(place, called, wish, link, there)
        for address in wish.get("addresses", ()):
            if address not in link["addresses"]:
                yield "%s: %s lacks the address %s" % (place, called, address)


def _differences(
    place: str, called: str, wish: Mapping[str, Any], link: Mapping[str, Any], there: End
) -> Iterator[str]:
    if link.get("kind") != wish["kind"]:
        yield "%s: %s is of kind %s, not %s" % (place, called, link.get("kind") or "none", wish["kind"])
        return
    for name, word in _WORDS.items():
        if name in wish and link.get(name) != wish[name]:
            other = ", as the end on %s has it" % there.view.name if name in ("vni", "dstport") else ""
            yield "%s: %s has %s %s, not %s%s" % (place, called, word, link.get(name, "none"), wish[name], other)


def _fdb(network: str, here: End, there: End) -> Iterator[str]:
    """Name FDB entries for the far host that are missing or lead elsewhere."""
    view, far = here.view, there.view.name
    vtep = view.network(network).get("members", {}).get(far, {}).get("vtep")
    for wish in wished_links(view, network, here.station, far):
        if not wish.get("fdb") or view.link(wish.get("netns"), wish["name"]) is None:
            continue
        rows = [row for row in view.namespace(wish.get("netns")).get("fdb", ()) if row.get("ifname") == wish["name"]]
        for entry in wish["fdb"]:
            if entry.get("dst") != vtep:
                continue
            held = {row.get("dst") for row in rows if row["mac"] == entry["mac"] and row.get("dst")}
            if vtep in held:
                continue
            what = "default FDB entry" if entry["mac"] == ALL_ZERO else "FDB entry %s" % entry["mac"]
            led = "" if entry["mac"] == ALL_ZERO or not held else "; it leads to %s" % ", ".join(sorted(held))
            yield "%s: the %s of %s has no destination %s (%s)%s" % (view.name, what, wish["name"], vtep, far, led)


def _neighbors(network: str, here: End, there: End) -> Iterator[str]:  # noqa: ARG001 - all checks are called alike
    """Name neighbor entries that are missing, and permanent ones whose MAC is not the far end's real one."""
    if not _known(here.view, here.netns):
        return
    rows = [row for row in here.view.namespace(here.netns)["neighbors"] if row.get("dst") == there.address]
    for wish in here.view.config("neighbors"):
        if wish["dst"] == there.address and (wish.get("netns") or "") == here.netns:
            if not any(row.get("lladdr") == wish["mac"] for row in rows):
                yield "%s: the neighbor entry %s lladdr %s dev %s is missing" % (
                    here.place,
                    wish["dst"],
                    wish["mac"],
                    wish["dev"],
                )
    real = there.view.link(there.netns, there.station.device) if there.station else None
    for row in rows:
        if "PERMANENT" in row.get("state", ()) and real is not None and row.get("lladdr") != real["mac"]:
            yield (
                "%s: the permanent neighbor entry for %s has the MAC %s, %s of %s has %s and drops such frames"
                % (
                    here.place,
                    there.address,
                    row.get("lladdr"),
                    real["name"],
                    there.place,
                    real["mac"],
                )
            )


def _routes(network: str, here: End, there: End) -> Iterator[str]:
    """Name a route to the other station that is missing, or that leads to the wrong device."""
    view, station = here.view, here.station
    if station is None or not _known(view, here.netns) or view.link(here.netns, station.device) is None:
        return
    route = view.route(here.netns, there.address)
    if route is None:
        yield (
            "%s: there is no route to %s (%s), neither for packets nor for answers: the return route is missing"
            % (
                here.place,
                there.address,
                there.name,
            )
        )
        return
    if (
        any(is_shared(link, view.network(network)) for link in view.config("links"))
        or route.get("dev") == station.device
    ):
        return
    link = view.link(here.netns, route.get("dev", "")) or {}
    master = link.get("master")
    if master is not None and master == station.device:
        yield "%s: the route to %s (%s) goes through %s, a port of the bridge %s, and not through the bridge itself" % (
            here.place,
            there.address,
            there.name,
            route["dev"],
            master,
        )
        return
    yield "%s: the route to %s (%s) goes through %s, not through %s" % (
        here.place,
        there.address,
        there.name,
        route.get("dev") or route.get("type", "nothing"),
        station.device,
    )
    yield from _reverse_path(here, there, station)


def _reverse_path(here: End, there: End, station: Station) -> Iterator[str]:
    """Name a reverse path filter that drops what comes in by another device than the way back.

    The larger value of ``all`` and the device counts (ip-sysctl.rst).
    """
    sysctls = here.view.namespace(here.netns).get("sysctls", {})
    values = [int(sysctls.get(name, {}).get("rp_filter", 0)) for name in ("all", station.device)]
    if max(values) == 1:
        yield (
            "%s: rp_filter of %s is 1 (the larger of all and %s): packets from %s are dropped, their way back differs"
            % (
                here.place,
                station.device,
                station.device,
                there.address,
            )
        )


def _forwarding(network: str, here: End, there: End) -> Iterator[str]:  # noqa: ARG001 - all checks are called alike
    """Name per-interface settings that differ, and a FORWARD chain that drops bridged packets."""
    view = here.view
    for wish in view.config("sysctls"):
        family, _dot, key = wish["name"].partition(".")
        held = view.namespace(wish.get("netns")).get("sysctls", {}).get(wish.get("dev", ""), {}).get(key)
        if family == "ipv4" and held is not None and held != str(wish["value"]):
            yield "%s: %s of %s is %s, not %s" % (
                where(view, wish.get("netns")), key, wish["dev"], held, wish["value"],
            )  # fmt: skip
    row = view.network(network)
    crosses = is_on_port(view, row, here.station) or view.name in row.get("hubs", ())
    if not (row.get("bridge") and crosses and view.state.get("bridge_nf") == "1"):
        return
    bridge, chains = row["device"], view.state.get("forward", [])
    if any("-P FORWARD DROP" in rules and not any(_accepts(rule, bridge) for rule in rules) for rules in chains):
        yield (
            "%s: the policy of the chain FORWARD is DROP, and net.bridge.bridge-nf-call-iptables is 1, so that bridged"
            " packets of %s are dropped. Set the sysctl to 0, or accept what goes from %s to %s"
        ) % (view.name, bridge, bridge, bridge)


def _accepts(rule: str, bridge: str) -> bool:
    """Tell whether a rule lets all packets of a bridge pass."""
    words = rule.split()
    if words[:2] != ["-A", "FORWARD"] or words[-2:] != ["-j", "ACCEPT"]:
        return False
    matches = words[2:-2]
    pairs = dict(zip(matches[::2], matches[1::2]))
    return all(key in ("-i", "-o") and value == bridge for key, value in pairs.items())


def _underlay_device(network: str, here: End, there: End) -> Iterator[str]:  # noqa: ARG001 - all checks are called alike
    """Name an underlay link that is down."""
    device = _underlay_link(here.view)
    if device is not None and not device["up"]:
        yield "%s: the underlay link %s is down" % (here.view.name, device["name"])


def _underlay(network: str, here: End, there: End) -> Iterator[str]:  # noqa: ARG001 - all checks are called alike
    """Name an underlay that does not carry packets at all."""
    row = here.view.reach.get("underlay", {}).get(there.view.name)
    if row and not row["received"]:
        yield "underlay: %s does not answer %s at %s" % (there.view.name, here.view.name, row["address"])


def _underlay_link(view: HostView) -> Optional[Mapping[str, Any]]:
    address = view.intent.get("underlay", {}).get("address")
    for link in view.namespace("").get("links", ()):
        if any(one.partition("/")[0] == address for one in link["addresses"]):
            return dict(link)
    return None


def _mtus(network: str, here: End, there: End) -> Iterator[str]:
    """Name links whose MTU is not the wished one, and an underlay that carries less than the fabric counts on."""
    view = here.view
    for wish in wished_links(view, network, here.station, there.view.name):
        link = view.link(wish.get("netns"), wish["name"])
        if link is not None and "mtu" in wish and link["mtu"] != wish["mtu"]:
            yield "%s: link %s has MTU %s, not %s" % (
                where(view, wish.get("netns")), wish["name"], link["mtu"], wish["mtu"],
            )  # fmt: skip
    device, wanted = _underlay_link(view), view.intent.get("underlay", {}).get("mtu", 1500)
    if device is not None and device["mtu"] < wanted:
        yield "%s: the underlay link %s has MTU %s, the inventory counts on %s" % (
            view.name, device["name"], device["mtu"], wanted,
        )  # fmt: skip


def _underlay_mtu(network: str, here: End, there: End) -> Iterator[str]:
    """Name an underlay that carries less than the fabric counts on, though the links at its ends would."""
    vtep = here.view.network(network).get("members", {}).get(there.view.name, {}).get("vtep", "")
    for netns, address in ((here.netns, there.address), ("", vtep)):
        learned = here.view.namespace(netns).get("path_mtus", {}).get(address)
        if learned is not None:
            yield (
                "%s: a path MTU of %s to %s was learned; where the underlay has been mended since, ip route flush cache"
                " forgets it" % (where(here.view, netns), learned, address)
            )
    row = here.view.reach.get("underlay", {}).get(there.view.name)
    if row and row["full"] is False:
        yield "underlay: packets of %s bytes from %s do not reach %s" % (row["mtu"], here.view.name, there.view.name)


_Check = Callable[[str, End, End], Iterator[str]]
#: What is checked at one end, from the bottom up.
STAGES: dict[str, tuple[tuple[_Check, ...], ...]] = {
    "silent": ((_namespaces, _underlay_device, _links), (_underlay, _fdb, _neighbors, _routes, _forwarding)),
    "small": ((_mtus,), (_underlay_mtu,)),
    "large": ((_mtus,),),
}
