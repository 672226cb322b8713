# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Warn of settings that have no effect, or not the effect that they seem to have. Pure."""

from __future__ import annotations

from ..state.entries import names_links
from ..state.model import Ident, Key, State
from ..tables.objects.sysctl import ALSO_OF_BRIDGES
from ..tables.registry import KINDS, OBJECT_TYPES
from ..tables.types.base import NONE


def addresses_of_ports(desired: State, observed: State, overridden: bool) -> list[str]:
    """Return a warning for each current or desired address on a bridge port, which receives no frames."""
    sentences = []
    for ident, entry in {**observed, **desired}.items():
        if entry.type != "address" or not entry.present or entry.by_kernel or entry.key[2].startswith("fe80:"):
            continue
        link = ("link", entry.key[:2])
        if ident not in desired and (link not in desired or (overridden and entry.owned)):
            continue
        bridge = _bridge_of(entry.key[:2], desired, observed)
        if bridge:
            sentences.append(
                f"{entry}: {entry.name} is a port of {bridge}, which takes all that comes in: put it there"
            )
    return sentences


def routes_of_ports(desired: State, observed: State) -> list[str]:
    """Return a warning for each desired route that leads out of a bridge port: replies arrive on the bridge."""
    sentences = []
    for entry in desired.values():
        leads = entry.present and entry.type in OBJECT_TYPES and OBJECT_TYPES[entry.type].leads
        for option, netns, name in names_links(entry) if leads else ():
            bridge = _bridge_of((netns, name), desired, observed)
            if bridge:
                sentences.append(
                    f"{entry}: {option}: {name} is a port of {bridge}, which takes all answers: lead it there"
                )
    return sentences


def _bridge_of(key: Key, desired: State, observed: State) -> str:
    """Return the bridge whose port a link is or becomes; empty where there is none."""
    link = ("link", key)
    master = next((s[link].options["master"] for s in (desired, observed) if _tells_master(s, link)), NONE)
    ident = ("link", (key[0], master))
    bridge = next((s[ident] for s in (desired, observed) if ident in s), None)
    kind = KINDS.get(bridge.kind) if bridge is not None else None
    return str(master) if kind is not None and kind.switches else ""


def _tells_master(state: State, link: Ident) -> bool:
    return link in state and "master" in state[link].options


def of_bridges(desired: State, observed: State) -> list[str]:
    """Return a warning for each sysctl of all bridges that is set to 0 while a bridge has the option on for itself."""
    sentences = []
    off = [entry for entry in desired.values() if entry.type == "sysctl" and entry.key[2] in ALSO_OF_BRIDGES]
    for entry in off:
        option = ALSO_OF_BRIDGES[entry.key[2]]
        for ident, there in {**desired, **observed}.items() if entry.options["value"] == "0" else ():
            wished = desired.get(ident, there)
            on = wished.options.get(option, there.options.get(option)) if there.type == "link" else False
            if on is True and there.netns == entry.netns and wished.present:
                sentences.append(f"{entry}: is 0, but {there.name} has {option} of its own")
    return sentences
