# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find the effects of sysctls: values that the kernel rounds, other sysctls that a write changes, values in effect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..state.model import HOST, Entry, Ident, Operation, Refused, State
from ..tables.objects.sysctl import ALSO_OF_BRIDGES, COARSE, MODE, OF_NO_LINK, SECRET, kept
from ..tables.objects.sysctl_rules import Look, Rule, rule_of
from ..tables.types.simple import NONE

#: Sysctls that a write to ``all`` also writes for each link and ``default``, and others of ``all`` that it changes.
#: IPv4: net/ipv4/devinet.c: inet_forward_change(). IPv6: net/ipv6/addrconf.c: addrconf_fixup_forwarding(),
#: addrconf_disable_ipv6(), addrconf_fixup_linkdown(), addrconf_sysctl_addr_gen_mode(), ..._force_forwarding().
_ALL_WRITES: dict[str, tuple[str, ...]] = {
    "ipv4.conf.forwarding": ("ipv4.conf.forwarding",),
    "ipv6.conf.forwarding": ("ipv6.conf.forwarding", "ipv6.conf.force_forwarding"),
    "ipv6.conf.disable_ipv6": ("ipv6.conf.disable_ipv6",),
    "ipv6.conf.ignore_routes_with_linkdown": ("ipv6.conf.ignore_routes_with_linkdown",),
    "ipv6.conf.addr_gen_mode": ("ipv6.conf.addr_gen_mode",),
    "ipv6.conf.force_forwarding": ("ipv6.conf.force_forwarding",),
}
_ALL_CHANGES = {
    "ipv4.conf.forwarding": ("ipv4.conf.accept_redirects",),
    "ipv6.conf.forwarding": ("ipv6.conf.force_forwarding",),
}


def settled(desired: State, rate: int) -> tuple[State, list[str]]:
    """Return the desired sysctls with the values that the kernel keeps with a timer of ``rate`` Hz, and warnings.

    Raise Refused for two names of one value, and for persistence where nothing would set it again.
    """
    state, rounded = dict(desired), []
    for ident, entry in desired.items():
        if entry.type != "sysctl":
            continue
        netns, dev, name = entry.key
        other = ("sysctl", (netns, dev, COARSE.get(name, "")))
        if other in desired:
            raise Refused(
                object=entry,
                option="value",
                reason=f"is the same as {other[1][2]}, which is in the desired state too",
                advice="Give one of them",
            )
        value = kept(name, entry.options["value"], rate)
        if value != entry.options["value"]:
            rounded.append(f"{entry}: is {value}, not {entry.options['value']}: the kernel's clock has {rate} Hz")
        options = {"value": value}
        if "persist" in entry.options:
            if netns != HOST:
                raise Refused(
                    object=entry,
                    option="persist",
                    reason="nothing sets sysctls of a network namespace at boot",
                    advice="Leave persist out",
                )
            options["persist"] = value if entry.options["persist"] else NONE
        state[ident] = entry.having(options)
    return state, rounded


def spreads(entry: Entry) -> bool:
    """Tell whether a write to a sysctl can change another one: few do, and runs may have thousands."""
    if entry.type != "sysctl":
        return False
    dev, name = entry.key[1:3]
    return dev in ("all", "default") or name == SECRET or name in COARSE


def changes_also(entry: Entry, devs: Iterable[str]) -> list[Ident]:
    """Return the other sysctls that a write to one changes, in a namespace that has the links ``devs``.

    Sysctls that follow ``default`` (IPv4 and neighbour sysctls of links that nobody set) are not among them: a link
    still follows when the default is restored.
    """
    netns, dev, name = entry.key
    found: list[tuple[str, str]] = []
    if dev == "all":
        found += [("all", other) for other in _ALL_CHANGES.get(name, ())]
        found += [(other, leaf) for leaf in _ALL_WRITES.get(name, ()) for other in ("default", *devs)]
    if name == SECRET:
        found += [(other, MODE) for other in (devs if dev == "default" else (dev,))]
    if name in COARSE:
        found.append((dev, COARSE[name]))
    return [("sysctl", (netns, *key)) for key in found]


def follows(entry: Entry, other: Entry) -> bool:
    """Tell whether a write to one sysctl may change another one, also of a link that follows ``default``."""
    if other.type != "sysctl" or other.netns != entry.netns or other.ident == entry.ident:
        return False
    dev, name = other.key[1:3]
    devs = () if dev in OF_NO_LINK else (dev,)
    by_default = entry.key[1] == "default" and entry.key[2] == name and bool(devs)
    return by_default or other.ident in changes_also(entry, devs)


def needed_of(entry: Entry) -> Iterator[Ident]:
    """Yield the sysctls that decide, together with this one, the value in effect."""
    netns, dev, name = entry.key
    rule = rule_of(name)
    if rule is None or dev in OF_NO_LINK:
        return
    if rule.reads_all and ".conf." in name:
        yield "sysctl", (netns, "all", name)
    for of, other in rule.needs:
        yield "sysctl", (netns, "all" if of == "all" else dev, other)


def after(observed: State, operations: Iterable[Operation]) -> State:
    """Return the sysctls after the operations."""
    state = {ident: entry for ident, entry in observed.items() if entry.type == "sysctl"}
    for operation in operations:
        entry = operation.entry
        if entry.type != "sysctl" or operation.verb == "del":
            continue
        if "value" not in entry.options:
            continue
        state[entry.ident] = entry
        for ident, other in list(state.items()) if spreads(entry) else ():
            if other.key[2] == entry.key[2] and entry.key[1] == "all" and follows(entry, other):
                state[ident] = other.having({"value": entry.options["value"]})
    return state


def in_effect(desired: State, state: State) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the value in effect of each desired sysctl, and a warning where that is not the desired value."""
    told, sentences = [], []
    for entry in desired.values():
        if entry.type != "sysctl":
            continue
        netns, dev, name = entry.key
        there = state.get(entry.ident, entry)
        there = there if "value" in there.options else entry
        item: dict[str, Any] = {"dev": dev, "name": name, "value": there.options["value"]}
        if netns:
            item["netns"] = netns
        if name.startswith("bridge."):
            del item["dev"]
        item["effective"], item["rule"] = _effective(there, state)
        told.append(item)
        if item["effective"] is None and rule_of(name) is not None:
            sentences.append(f"{entry}: is {item['value']}, but no link goes by it: {item['rule']}")
        elif item["effective"] not in (None, entry.options["value"]):
            sentences.append(f"{entry}: is {item['value']}, but {item['effective']} in effect: {item['rule']}")
    return told, sentences


def _effective(entry: Entry, state: State) -> tuple[Any, str]:
    """Return the value in effect, None where there is none or it is not known, and the rule in words."""
    netns, dev, name = entry.key
    value = entry.options["value"]
    rule = rule_of(name)
    if rule is None:
        return (value, _WHOLE[name]) if name in _WHOLE else _unknown(name, value)
    if dev in OF_NO_LINK:
        return _of_no_link(dev, value, rule)
    look = _look(netns, dev, state)
    try:
        number = rule.value(name, look)
        words = {"all": look("all", name), "dev": look("dev", name), "link": dev}
    except ValueError:
        return value, "the link's own counts"
    return str(number), rule.words.format(**words)


_WHOLE = {SECRET: "the link's own counts, and default's where it has none"}


def _unknown(name: str, value: str) -> tuple[Any, str]:
    if name.startswith("bridge."):
        if name in ALSO_OF_BRIDGES:
            own = ALSO_OF_BRIDGES[name]
            return value, f"holds for all bridges of the namespace; where it is 0, for those with {own} of their own"
        return value, "holds for all bridges of the namespace"
    return None, "how the kernel combines it is not known to this collection"


def _of_no_link(dev: str, value: str, rule: Rule) -> tuple[Any, str]:
    if dev == "default":
        return value, "what new links begin with"
    return (value, "each link has its own part in it") if rule.reads_all else (None, "each link's own counts")


def _look(netns: str, dev: str, state: State) -> Look:
    def look(of: str, name: str) -> int:
        entry = state.get(("sysctl", (netns, "all" if of == "all" else dev, name)))
        return int(entry.options["value"]) if entry is not None else 0

    return look
