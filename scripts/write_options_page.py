# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write docs/options.md from the tables: every option with its iproute2 word, its values and how it changes.

``make docs`` calls this script. ``--check`` writes nothing and fails when the page differs from the tables. The text in
the column "takes" is the property ``takes`` of the option's type.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
PAGE = CHECKOUT / "docs" / "options.md"
sys.path.insert(0, str(CHECKOUT / ".collections"))

from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.links.any_link import ALL  # noqa: E402
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.registry import KINDS, OBJECT_TYPES  # noqa: E402
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.table import Option  # noqa: E402

HEAD = """\
# Every option

`make docs` generates this page from the tables in `plugins/module_utils/_host/tables/`. Do not edit the page.

An option that is left out is not managed.

- **option** is the name of the option. Names after *or* are aliases. Results use the first name. An item that has one
  option under two names is refused.
- **word** is iproute2's word, where it differs from the name.
- **takes** lists the values.
- **changes** says how the option of an existing object can change: *in place*, or only with *a new one*. A link with
  `recreate: true` is recreated, and its dependent objects are restored. *given once* means that the kernel sets the
  value once and never changes it. *key* means that the option is part of the object's identity.
- **since** is the first Linux release with the option, where that is later than 5.4.
"""


#: iproute2's words without an option, each with the reason.
LEFT_OUT = (
    (
        "link",
        "`name` (a new one), `state`, `vf`, `xdp` and its like",
        "The name identifies the link. The kernel derives the state from the carrier. Programs and functions of "
        "network cards are outside of this collection",
    ),
    (
        "link",
        "`dynamic`, `trailers`",
        "No driver uses these flags",
    ),
    (
        "link",
        "`protodown_reason`",
        "A daemon that holds a link down names itself with it. A configuration needs `protodown` alone",
    ),
    (
        "bridge",
        "`mcast_hash_elasticity`",
        "The kernel ignores the option since Linux 5.0",
    ),
    (
        "bridge, port",
        "`fdb_flush`, `hwmode`",
        "`fdb_flush` is an action, not a setting. `hwmode` is for network cards with a switch in hardware",
    ),
    (
        "vxlan",
        "`mcroute`",
        "The kernel accepts the option (Linux 6.17) and never reports it",
    ),
    (
        "address, route, rule, nexthop, neighbor",
        "`proto`, `protocol`",
        "The collection marks its own objects with protocol 110",
    ),
    (
        "address",
        "`anycast`",
        "The kernel ignores `IFA_ANYCAST` in requests",
    ),
    (
        "route",
        "`as to`, `ttl-propagate`",
        "For MPLS routes, which this collection does not make",
    ),
    (
        "route",
        "`pervasive`",
        "The kernel stores the flag without any effect",
    ),
    (
        "route",
        "`encap mpls`, `seg6`, `seg6local`, `rpl`, `ioam6`, `ila`, `bpf`, `xfrm`",
        "Not used by the overlays of this collection. Use `ip` or `ip6`",
    ),
    (
        "route",
        "`append`, `prepend`",
        "Two routes that differ only in their next hop have one identity. Use `nexthops` for several next hops",
    ),
    (
        "rule, nexthop",
        "no `priority`, no `id`",
        "The kernel would choose a new number on every run, so no run could find the object again",
    ),
    (
        "rule",
        "`del pref 0` and its like",
        "The kernel's own rules are foreign objects and stay",
    ),
    (
        "route, rule",
        "`nat`, `map-to`, `xresolve`",
        "The kernel removed them in 2.6, or never had them",
    ),
    (
        "rule",
        "`vrf`, `dev` of `ip rule list`",
        "Filters of the list, not options. `dev` is an alias of `iif`",
    ),
    (
        "nexthop",
        "`hw_stats`",
        "Counters in switch hardware",
    ),
    (
        "nexthop",
        "`vrf`, `master`, `groups`",
        "Filters of the list, not options",
    ),
    (
        "neighbor",
        "`use`, `nud none`, `nud incomplete`, `nud failed`",
        "States of an address resolution that ends at once. Use `managed` to resolve an address permanently",
    ),
    (
        "fdb",
        "`use`, `replace`, `append`, `flush`",
        "Actions, not settings. Each destination is an entry of its own",
    ),
    (
        "mdb",
        "`replace`, `get`, `flush`, `router` of `show`",
        "Actions, not settings. `router` shows learned routers",
    ),
    (
        "`ip addrlabel`, `ip ntable`",
        "all",
        "Settings of the whole host. Use `sysctls` for the neighbor settings of a link",
    ),
    (
        "`ip maddress`, `ip mroute`",
        "all",
        "Managed by programs and by multicast routing daemons. Use `autojoin` to join a group with an address",
    ),
    (
        "netns",
        "`monitor`, `identify`, `pids`, `exec`",
        "Actions, not settings. The become plugin `netloom.overlay.netns` runs tasks in a namespace",
    ),
)

#: Options that few hosts need, each with the reason for having it.
KEPT = (
    (
        "link",
        "`token`",
        "Hosts that take their IPv6 prefix from a router need a known address in it",
    ),
    (
        "bridge, port",
        "`mst_enabled`, `msti` of `vlan_global`, `mst`",
        "VLANs are spread over two uplinks without a spanning tree daemon",
    ),
)


def cell(value: Any) -> str:
    """Return a value as Markdown; the empty string for none."""
    if value is None or value == "":
        return ""
    if value == ():
        return "`[]`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def changes(row: Option) -> str:
    """Return how the kernel changes the option of an existing object."""
    if row.once:
        return "given once"
    if not row.in_place:
        return "a new one"
    if row.in_place_since:
        return f"in place since {row.in_place_since}"
    if row.only_new:
        return f"in place, but not to {' or '.join(filter(None, map(cell, row.only_new)))}"
    if row.fixed:
        return f"in place, but not from or to {' or '.join(filter(None, map(cell, row.fixed)))}"
    return "in place"


def table(rows: Iterable[Option], keys: bool = False) -> list[str]:
    """Return the lines of one table."""
    lines = ["| option | word | takes | default | changes | since |", "|---|---|---|---|---|---|"]
    for row in rows:
        parts = (
            " or ".join(f"`{name}`" for name in (row.name, *row.aliases)),
            f"`{row.word}`" if row.word else "",
            row.type.takes,
            cell(row.default),
            "key" if keys else changes(row),
            ", ".join([row.since] * bool(row.since) + [f"{release} for `{value}`" for value, release in row.newer]),
        )
        lines.append(f"| {' | '.join(parts)} |")
    return lines


def page() -> str:
    """Return the whole page."""
    lines = [HEAD, "## Any link", "", *table(ALL)]
    for kind in sorted(KINDS.values(), key=lambda kind: kind.name):
        lines += ["", f"## Links of kind {kind.name}", ""]
        lines += table(kind.options) if kind.options else ["No options of its own."]
    for of in OBJECT_TYPES.values():
        lines += ["", f"## {of.plural}", "", *table(of.keys, keys=True), *table(of.options)[2:]]
        for option, (gives, kind, its) in of.link_options.items():
            lines += [f"| `{option}` |  | The name of a {kind} link, whose `{its}` becomes `{gives}` |  | key |  |"]
    lines += ["", "## Words of iproute2 without an option", "", "| object | word | why |", "|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in LEFT_OUT]
    lines += ["", "## Options that few hosts need", "", "| object | option | why |", "|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in KEPT]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the page, or compare it with the tables; return the exit status."""
    text = page()
    if "--check" in sys.argv[1:]:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
            print("docs/options.md differs from the tables. Run make docs.", file=sys.stderr)
            return 1
        return 0
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
