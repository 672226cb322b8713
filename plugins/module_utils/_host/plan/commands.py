# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write operations as the ``ip`` and ``bridge`` command lines they stand for, for a network engineer to read."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Callable, Optional

from ..state.entries import in_steps, link_option, made_in, peer_key, rows_given, rows_of, table_of
from ..state.model import HOST, Entry, Operation, State
from ..tables.links.any_link import LINK_NETNS, ONCE
from ..tables.objects.address import FOREVER, OF_LO
from ..tables.objects.mdb import said
from ..tables.objects.metrics import METRICS
from ..tables.objects.multipath import Hops
from ..tables.objects.neighbor import is_proxy
from ..tables.objects.netns_reference import name_of, parse, shell_words
from ..tables.objects.port import OF_IP
from ..tables.objects.route import default_table
from ..tables.objects.sysctl import FILE, path
from ..tables.registry import KINDS
from ..tables.types.simple import NONE

_METRICS, HOPS = {row.name for row in METRICS}, Hops()
_VERBS = {"add": "add", "set": "change", "del": "del"}


def commands(operations: Iterable[Operation], there: Optional[State] = None) -> list[str]:
    """Return the command lines of all operations; ``there`` is the state before them."""
    return [line for operation in operations for line in _lines(_whole(operation, there or {})) if line]


def _whole(operation: Operation, there: State) -> Operation:
    """Add to the change of a link the unchanged options that iproute2 needs, such as the id of a Geneve link."""
    entry, found = operation.entry, there.get(operation.entry.ident)
    kind = KINDS.get(entry.kind) if operation.verb == "set" and entry.type == "link" else None
    own = entry.options.keys() & kind.named.keys() if kind is not None else ()
    if kind is None or found is None or not own:
        return operation
    again = {name: found.options[name] for name in kind.repeated if name in found.options}
    old = operation.before.options if operation.before is not None else {}
    changed = {name: kind.named[name].type.change(old.get(name), entry.options[name]) for name in own}
    return replace(operation, entry=entry.having({**again, **entry.options, **changed}))


def _lines(operation: Operation) -> list[str]:
    """Return the lines of one operation: the object's line between the lines of options with commands of their own."""
    entry, table = operation.entry, table_of(operation.entry)
    if operation.verb != "set" or table.apart.isdisjoint(entry.options):
        return [command(operation)]
    before = operation.before.options if operation.before is not None else {}
    first: list[str] = []
    last: list[str] = []
    for row in rows_given(entry):
        if row.name in table.apart:
            found = row.type.lines(entry.name, before.get(row.name), entry.options[row.name])
            for lines, written in zip((first, last), found):
                lines += [" ".join([*_tool(tool, entry.netns), *words]) for tool, *words in written]
    return [*first, command(operation), *last]


def command(operation: Operation) -> str:
    """Return the line for one operation."""
    entry = operation.entry
    if operation.verb == "move":
        source = operation.before.netns if operation.before else HOST
        return " ".join(
            [*_tool("ip", source), "link", "set", "dev", entry.name, "netns", shell_words(entry.netns) or "1"]
        )
    if operation.verb == "set" and entry.options and entry.options.keys() <= table_of(entry).apart:
        return ""
    words = _WRITERS[entry.type](operation.verb, entry)
    return " ".join(map(str, words))


def _tool(tool: str, netns: str) -> list[str]:
    if netns == HOST:
        return [tool]
    return [*_entered(netns), tool] if _entered(netns) else [tool, "-n", name_of(netns)]


def _entered(netns: str) -> list[str]:
    """Return the words that enter the namespace of a process, or one at a path; none for a name that ip knows."""
    if parse(netns) is not None:
        return ["nsenter", "-t", shell_words(netns), "-n"]
    return ["nsenter", f"--net={netns}"] if "/" in name_of(netns) else []


def _words(entry: Entry, names: Collection[str] | None = None) -> list[str]:
    """Return the words of an entry's options, in the order of its rows."""
    words: list[str] = []
    for row in rows_given(entry):
        if names is None or row.name in names:
            words += row.words(entry.options[row.name])
    return words


#: Options with a place of their own in the line that creates a link.
_APART = {LINK_NETNS.name, "master", "up"}


def _link(verb: str, entry: Entry) -> list[str]:
    created_in = made_in(entry)
    if verb == "del":
        return [*_tool("ip", entry.netns), "link", "del", entry.name]
    if verb == "set":
        return _link_set(entry)
    kind = KINDS[entry.kind]
    if kind.device:
        return _tuntap(entry, [row.name for row in kind.options])
    own = kind.named.keys() - kind.outer
    first = _words(entry, kind.outer) if kind.outer else []
    words = [*_tool("ip", created_in), "link", "add", *first, *(["name"] if first else []), entry.name]
    if created_in != entry.netns:
        words += ["netns", shell_words(entry.netns) or "1"]
    words += _words(entry, entry.options.keys() - kind.named.keys() - _APART)
    words += ["up"] if entry.options.get("up") else []
    words += ["type", entry.kind, *_words(entry, own.difference(kind.peer))]
    peer = peer_key(entry)
    if peer is not None:
        words += ["peer", "name", peer[1]]
        words += ["netns", shell_words(peer[0]) or "1"] if peer[0] != entry.netns else []
    if entry.options.get("master", NONE) != NONE:
        words += ["&&", *_tool("ip", entry.netns), "link", "set", "dev", entry.name, "master", entry.options["master"]]
    return words


def _tuntap(entry: Entry, own: list[str]) -> list[str]:
    """Return the words that create a tun or tap link, and then set its common options."""
    words = [*_tool("ip", entry.netns), "tuntap", "add", "dev", entry.name, *_words(entry, own)]
    rest = {name: value for name, value in entry.options.items() if name not in (*own, *ONCE)}
    return words + (["&&", *_link_set(entry.having(rest))] if rest else [])


def _ioctl(device: str, entry: Entry) -> list[str]:
    """Return the words of a change by ioctl, for which iproute2 has no command, with `on` and `off` in full."""
    told = {True: "on", False: "off"}
    words = [*_exec(entry.netns), "ioctl", device, "dev", entry.name]
    for row in rows_of(entry):
        if row.name in entry.options:
            value = entry.options[row.name]
            words += [row.word or row.name, str(told.get(value, value) if isinstance(value, bool) else value)]
    return words


def _link_set(entry: Entry) -> list[str]:
    first, *rest = in_steps(entry)
    return [*_link_step(first), *(word for step in rest for word in ("&&", *_link_step(step)))]


def _link_step(entry: Entry) -> list[str]:
    kind = KINDS.get(entry.kind)
    rows = {} if kind is None else kind.named
    own = [name for name in entry.options if name in rows and not rows[name].outer]
    if kind is not None and kind.device and own:
        return _ioctl(kind.device, entry)
    words = [*_tool("ip", entry.netns), "link", "set", "dev", entry.name]
    for name, value in entry.options.items():
        if name in own or name == LINK_NETNS.name:
            continue
        if name == "up":
            words.append("up" if value else "down")
        else:
            row = link_option(kind, name)
            words += row.words(value) if row else []
    told = _words(entry, own)
    return words + (["type", entry.kind, *told] if told else [])


def _port(verb: str, entry: Entry) -> list[str]:
    words: list[str] = []
    for tool, names, kind in (
        ("bridge", [name for name in entry.options if name not in OF_IP], []),
        ("ip", [name for name in entry.options if name in OF_IP], ["type", "bridge_slave"]),
    ):
        if names:
            words += ["&&"] if words else []
            words += [*_tool(tool, entry.netns), "link", "set", "dev", entry.name, *kind, *_words(entry, names)]
    return words


def _exec(netns: str) -> list[str]:
    """Return the words before a command that knows no namespaces."""
    if netns == HOST:
        return []
    return _entered(netns) or ["ip", "netns", "exec", name_of(netns)]


def _netns(verb: str, entry: Entry) -> list[str]:
    words: list[str] = []
    name = name_of(entry.name)
    attach = str(entry.options.get("attach", ""))
    if verb == "add" and attach:
        words = ["ip", "netns", "attach", name, shell_words(attach)]
    elif verb != "set":
        words = ["ip", "netns", "add" if verb == "add" else "del", name]
    if "nsid" in entry.options and verb != "del":
        words += ["&&"] if words else []
        words += ["ip", "netns", "set", name, str(entry.options["nsid"])]
    if "loopback" in entry.options and verb != "del":
        words += ["&&"] if words else []
        words += ["ip", "-n", name, "link", "set", "dev", "lo", "up" if entry.options["loopback"] else "down"]
    if "resolver" in entry.options and verb != "del":
        words += ["&&"] if words else []
        words += ["write", f"/etc/netns/{name}/resolv.conf"]
    return words


def _address(verb: str, entry: Entry) -> list[str]:
    address, peer = entry.key[2], entry.options.get("peer")
    if peer and verb != "del":
        # iproute2 takes the prefix length of both from the peer alone.
        address, _slash, length = address.partition("/")
        entry = entry.having({**entry.options, "peer": f"{peer}/{length}"})
    action = "replace" if verb == "add" and entry.key[1:] in OF_LO else _VERBS[verb]
    words = [*_tool("ip", entry.netns), "addr", action, address, "dev", entry.name]
    return words if verb == "del" else words + _words(entry)


def _neighbor(verb: str, entry: Entry) -> list[str]:
    words = [*_tool("ip", entry.netns), "neigh", "replace" if verb == "set" else verb]
    words += ["proxy", entry.key[2]] if is_proxy(entry.key) else [entry.key[2]]
    return [*words, *([] if verb == "del" else _words(entry)), "dev", entry.name]


def _fdb(verb: str, entry: Entry) -> list[str]:
    _netns_name, dev, mac, vlan, target, src_vni, dst = entry.key
    action = {"add": "append" if dst else "add", "set": "replace", "del": "del"}[verb]
    words = [*_tool("bridge", entry.netns), "fdb", action, mac, "dev", dev]
    if dst:
        words += ["dst", *dst.split()]
    for row in rows_given(entry):
        if verb != "del" or row.name == "dst":
            value = entry.options[row.name]
            words += [value] if row.name == "nud" else row.words(value)
    words += ["src_vni", src_vni] if src_vni != "0" else []
    return [*words, *(["vlan", vlan] if vlan != "0" else []), target]


_REPLACE = {"add": "add", "set": "replace", "del": "del"}


def _mdb(verb: str, entry: Entry) -> list[str]:
    _netns_name, dev, port, grp, src, vid, src_vni, dst = entry.key
    words = [*_tool("bridge", entry.netns), "mdb", _REPLACE[verb], "dev", dev, "port", port, "grp", grp]
    words += ["src", src] if src else []
    if verb != "del":
        words += _words(entry.having(said(entry.options)))
    words += ["vid", vid] if vid != "0" else []
    words += ["dst", dst] if dst else []
    return [*words, *(["src_vni", src_vni] if src_vni != "0" else [])]


def _route(verb: str, entry: Entry) -> list[str]:
    _netns_name, dst, table, metric, tos, source = entry.key
    words = [*_tool("ip", entry.netns), "route", _REPLACE[verb]]
    options = dict(entry.options)
    kind = options.pop("type", "unicast")
    locked = options.pop("lock", ())
    several = options.pop("nexthops", ())
    if options.get("expires") == FOREVER:
        del options["expires"]  # iproute2 has no word for a route that does not expire
    words += ([] if kind == "unicast" else [kind]) + [dst]
    for row in rows_of(entry):
        value = options.get(row.name)
        # The metric 0 means no metric, for which iproute2 has no word.
        if value in (None, 0, "") and row.name in _METRICS:
            words += [row.word or row.name, "lock", "0"] if row.name in locked else []
        elif row.name in options:
            written = row.words(value)
            words += [*written[:1], "lock", *written[1:]] if row.name in locked else written
    if tos != "0":
        words += ["tos", f"{int(tos):#x}"]  # rtnl_dsfield_a2n() reads base 16
    words += ["from", source] if source else []
    if table != default_table(kind):
        words += ["table", table]
    if metric not in ("0", "1024"):
        words += ["metric", metric]
    return words + (HOPS.words("nexthops", several) if several else [])


def _nexthop(verb: str, entry: Entry) -> list[str]:
    words = [*_tool("ip", entry.netns), "nexthop", _REPLACE[verb], "id", entry.key[1]]
    if verb == "del":
        return words
    options = dict(entry.options)
    if options.pop("family", "ipv4") == "ipv6" and "via" not in options:
        words.insert(words.index("nexthop"), "-6")
    if options.get("type") == "mpath":
        del options["type"]
    return words + _words(entry.having(options))


def _rule(verb: str, entry: Entry) -> list[str]:
    _netns_name, priority, family, selector = entry.key
    words = [*_tool("ip", entry.netns), *(["-6"] if family == "ipv6" else []), "rule", verb]
    options = dict(entry.options)
    action = options.pop("action", "lookup")
    if action == "lookup" and not options.get("l3mdev"):
        options.setdefault("table", "main")
    for name in ("suppress_prefixlength", "suppress_ifgroup"):
        if options.get(name) == -1:
            del options[name]
    if "not" in selector.split():
        words += ["not"]
    words += ["priority", priority, *(word for word in selector.split() if word != "not")]
    return words + ([action] if action not in ("lookup", "goto") else []) + _words(entry.having(options))


def _sysctl(verb: str, entry: Entry) -> list[str]:
    key = f"net/{path(entry.key[1], entry.key[2])}"
    words: list[str] = []
    if "value" in entry.options:
        words += _exec(entry.netns)
        words += ["sysctl", "-w", f"{key}={entry.options['value']}"]
    if "persist" in entry.options:
        value = entry.options["persist"]
        words += [*(["&&"] if words else []), "write", f"{FILE}:"]
        words += ["no", key] if value == NONE else [key, "=", value]
    return words


_WRITERS: dict[str, Callable[[str, Entry], list[str]]] = {
    "link": _link,
    "port": _port,
    "netns": _netns,
    "address": _address,
    "neighbor": _neighbor,
    "fdb": _fdb,
    "mdb": _mdb,
    "nexthop": _nexthop,
    "route": _route,
    "rule": _rule,
    "sysctl": _sysctl,
}
