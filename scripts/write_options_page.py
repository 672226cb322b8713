# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write docs/options.md from the tables: every option, its iproute2 word, what it takes and how it changes.

Called by ``make docs``. ``--check`` writes nothing and fails where the page is not what the tables say.
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

Made from the tables in `plugins/module_utils/_host/tables/` by `make docs`: do not edit it by hand.

An option left out is not managed. **changes** says what the kernel lets be done on what is there already: *in place*,
or only with *a new one* (links: `recreate: true` makes it anew and puts back what hangs on it). **since** is the first
Linux release that knows the option, where that is later than 5.4. **word** is iproute2's. Names after *or* are other
names to ask for the option by; asking under two names at once is refused. What is told has the first name.
"""


#: iproute2's words for objects that have no row, each with its reason.
LEFT_OUT = (
    (
        "link",
        "`name` (a new one), `state`, `vf`, `xdp` and its like",
        "A link is known by its name. The kernel sets the state by the carrier, programs are no numbers, and none of "
        "these kinds has functions of a network card",
    ),
    (
        "bridge, port",
        "`fdb_flush`, `hwmode`",
        "A deed and no state; for network cards that switch by themselves",
    ),
    (
        "vxlan",
        "`mcroute`",
        "The kernel takes it (Linux 6.17) and never tells it",
    ),
    (
        "address, route, rule, nexthop, neighbor",
        "`proto`, `protocol`",
        "It is the mark by which the collection knows what is its own: always 110",
    ),
    (
        "address",
        "`anycast`",
        "The kernel does not read it (`IFA_ANYCAST` is for dumps)",
    ),
    (
        "route",
        "`as to`, `ttl-propagate`",
        "For MPLS routes, and this collection has none",
    ),
    (
        "route",
        "`pervasive`",
        "The kernel keeps the flag and does nothing with it",
    ),
    (
        "route",
        "`encap mpls`, `seg6`, `seg6local`, `rpl`, `ioam6`, `ila`, `bpf`, `xfrm`",
        "Not of the overlays that this collection makes: `ip` and `ip6` are",
    ),
    (
        "route",
        "`append`, `prepend`",
        "Two routes that differ in their way only cannot be told apart: `nexthops` has several ways",
    ),
    (
        "rule, nexthop",
        "no `priority`, no `id`",
        "The kernel would choose another one in each run, and nothing would tell which rule or nexthop is meant",
    ),
    (
        "rule",
        "`del pref 0` and its like",
        "The kernel's own rules are left alone. One of ours may stand before them",
    ),
    (
        "route, rule",
        "`nat`, `map-to`, `xresolve`",
        "Gone from the kernel since 2.6, or never in it",
    ),
    (
        "rule",
        "`vrf`, `dev` of `ip rule list`",
        "They choose what is listed. `iif` has the alias `dev`",
    ),
    (
        "nexthop",
        "`hw_stats`",
        "Counters in switch hardware, no wish about where packets go",
    ),
    (
        "nexthop",
        "`vrf`, `master`, `groups`",
        "They choose what is listed",
    ),
    (
        "neighbor",
        "`use`, `nud none`, `nud incomplete`, `nud failed`",
        "They start or show a search, which is over in a moment: `managed` lasts",
    ),
    (
        "fdb",
        "`use`, `replace`, `append`, `flush`",
        "A deed and no state. Several destinations are several entries, and what differs is changed",
    ),
    (
        "mdb",
        "`replace`, `get`, `flush`, `router` of `show`",
        "A deed and no state, and what is heard of routers. What differs is changed",
    ),
    (
        "`ip addrlabel`, `ip ntable`",
        "all",
        "Of a whole host and of no link. `sysctls` have what the neighbors of a link are kept by",
    ),
    (
        "`ip maddress`, `ip mroute`",
        "all",
        "What programs have joined, and what a multicast routing daemon has made; `autojoin` joins with an address",
    ),
    (
        "netns",
        "`monitor`, `identify`, `pids`, `exec`",
        "They ask or run something: become plugin `netloom.overlay.netns` runs tasks",
    ),
)


def values(row: Option) -> str:
    """Say what an option takes."""
    of = row.type
    if of.choices:
        return ", ".join(f"`{word}`" for word in of.choices)
    if of.ansible == "bool":
        return "`true`, `false`"
    words = [f"`{word}`" for word in getattr(of, "table", {})]
    if hasattr(of, "low") and of.ansible != "list":
        rule = getattr(of, "rule", "")
        words.append(f"{of.low} to {of.high}{f' ({rule})' if rule else ''}")
        return " or ".join(words)
    return (type(of).__doc__ or "").split("\n")[0].rstrip(".").replace("``", "`").replace("|", "\\|")


def cell(value: Any) -> str:
    """Write a default."""
    if value is None:
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def changes(row: Option) -> str:
    """Say what the kernel lets be changed."""
    if row.once:
        return "given once"
    if not row.in_place:
        return "a new one"
    if row.in_place_since:
        return f"in place since {row.in_place_since}"
    if row.only_new:
        return f"in place, but not to {' or '.join(cell(value) for value in row.only_new)}"
    if row.fixed:
        listed = " or ".join(cell(value) for value in row.fixed)
        return f"in place, but not from or to {listed}"
    return "in place"


def table(rows: Iterable[Option], keys: bool = False) -> list[str]:
    """Write one table."""
    lines = ["| option | word | takes | default | changes | since |", "|---|---|---|---|---|---|"]
    for row in rows:
        parts = (
            " or ".join(f"`{name}`" for name in (row.name, *row.aliases)),
            f"`{row.word}`" if row.word else "",
            values(row),
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
    for object_type in OBJECT_TYPES.values():
        lines += [
            "",
            f"## {object_type.plural}",
            "",
            *table(object_type.keys, keys=True),
            *table(object_type.options)[2:],
        ]
        for option, (gives, kind, its) in object_type.link_options.items():
            lines += [f"| `{option}` |  | The name of a link of kind {kind}: `{gives}` is its `{its}` |  | key |  |"]
    lines += ["", "## Words of iproute2 without an option", "", "| object | word | why |", "|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in LEFT_OUT]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the page, or compare it."""
    text = page()
    if "--check" in sys.argv[1:]:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
            print("docs/options.md is not what the tables say: run make docs", file=sys.stderr)
            return 1
        return 0
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
