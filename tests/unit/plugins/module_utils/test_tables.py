# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hold every row of the tables to what holds for all: kernel releases, names, ranges, and no loss on the wire."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.plan.commands import command
from ansible_collections.netloom.overlay.plugins.module_utils._host.plan.diff import diff
from ansible_collections.netloom.overlay.plugins.module_utils._host.plan.refusals import release
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.config import Reader
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Entry, Operation
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.links.any_link import ALL
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.links.bridge_vlan import OfVlans
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.registry import KINDS, OBJECT_TYPES
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.table import Option, Refused
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.types.packed import merged
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.types.simple import Centiseconds

#: Of each sort that has rows with a release: what such an object needs besides.
BASES: dict[str, dict[str, Any]] = {
    "link": {"name": "t0"},
    "port": {"dev": "t0"},
    "address": {"dev": "t0", "address": "10.0.0.1/24"},
    "neighbor": {"dev": "t0", "dst": "10.0.0.1"},
    "fdb": {"dev": "t0", "mac": "02:00:00:00:00:01"},
    "mdb": {"dev": "lower", "port": "t0", "grp": "239.1.1.1"},
    "route": {"dst": "10.0.0.0/24"},
    "nexthop": {"id": 9, "group": [{"id": 1}]},
    "rule": {"priority": 100},
}
#: What a row needs beside it, and others of its sort exclude.
BESIDE: dict[tuple[str, str], dict[str, Any]] = {
    ("neighbor", "extern_valid"): {"mac": "02:00:00:00:00:01"},
    ("mdb", "filter_mode"): {"source_list": ["192.0.2.9"]},
    ("mdb", "dst"): {"dev": "t0"},
    ("vxlan", "vnifilter"): {"vni": None, "external": True},
    ("vxlan", "flowlabel"): {"local": "2001:db8::1"},
}
#: What the kernel needs to make a link of a kind.
NEEDED: dict[str, dict[str, Any]] = {
    "vxlan": {"vni": 5, "dstport": 4789},
    "geneve": {"vni": 5, "remote": "192.0.2.1"},
    "vlan": {"link": "lower", "id": 5},
    "vrf": {"table": 10},
    "veth": {"peer": {"name": "t1"}},
    **{kind: {"link": "lower"} for kind in ("macvlan", "macvtap", "ipvlan", "ipvtap")},
}
ROWS = [
    *((kind.name, row) for kind in KINDS.values() for row in kind.options),
    *(("vxlan", row) for row in ALL),
    *((sort.name, row) for sort in OBJECT_TYPES.values() for row in (*sort.keys, *sort.options)),
]
#: vnis need vnifilter, which is as new and is refused first.
NEW = [(where, row, None, row.since) for where, row in ROWS if row.since and row.name != "vnis"]
NEW += [(where, row, value, since) for where, row in ROWS for value, since in row.newer]


#: What a kernel that has it is not asked for all the same, before this release.
NOT_BEFORE = {"fdb_local_vlan_0": "7.1"}


def value_of(row: Option) -> Any:
    """Return some value that an option takes and that a new object does not have by itself."""
    of = row.type
    if of.choices:
        return next(word for word in of.choices if word != row.default)
    candidates = [
        True,
        False,
        "1000-2000",
        getattr(of, "low", 0) + 1,
        getattr(of, "low", 0) + 2,
        "lower",
        "02:00:00:00:00:05",
        "192.0.2.9",
    ]
    candidates += ["01:80:c2:00:00:0e", ["1:2"], ["02:00:00:00:00:05"], [{"vni": 7}], [{"vid": 7}], [3]]
    candidates += [[{number: 7, "state": "blocking"}] for number in ("vid", "msti")]
    candidates += [[{"vid": 7, "mcast_snooping": False}]]
    for value in candidates:
        try:
            if isinstance(value, bool) and of.ansible != "bool":
                continue
            if of.parse(value) != row.default:
                return value
        except ValueError:
            continue
    raise AssertionError(f"{row.name}: no value found")


def before(since: str) -> str:
    """Return the release before one."""
    major, minor = release(since)
    return f"{major}.{minor - 1}.99-test" if minor else f"{major - 1}.99"


def wish(where: str, row: Option, value: Any) -> dict[str, Any]:
    """Return a config that asks for an option."""
    beside = BESIDE.get((where, row.name), {})
    if where in KINDS:
        return {"links": [{"name": "t0", "kind": where, **NEEDED.get(where, {}), **beside, row.name: value}]}
    return {OBJECT_TYPES[where].plural: [{**BASES[where], **beside, row.name: value}]}


@pytest.mark.parametrize(
    ("where", "row", "value", "since"), [pytest.param(*new, id=f"{new[0]}-{new[1].name}-{new[3]}") for new in NEW]
)
def test_option_that_the_kernel_is_too_old_for_is_refused_by_name(
    where: str, row: Option, value: Any, since: str
) -> None:
    """Before anything is sent: diff() knows no kernel to send to. The release that has it is the control."""
    desired = Reader(lambda name: name).read(wish(where, row, value_of(row) if value is None else value))
    observed = {
        entry.ident: entry
        for entry in (
            Entry("link", ("", "lower"), {"up": True, "mcast_igmp_version": 3}, kind="bridge"),
            Entry("link", ("", "t0"), {"master": "lower"}, kind="vxlan") if where not in KINDS else None,
            Entry("port", ("", "t0"), {}) if where == "port" else None,
            Entry("nexthop", ("", "2"), {}),  # what an nhid leads to
            Entry("nexthop", ("", "1"), {}),
        )
        if entry is not None
    }
    with pytest.raises(Refused, match=rf"{row.name}.*: needs Linux {since}, this kernel is {before(since)}"):
        diff(desired, observed, kernel=before(since))
    assert diff(desired, observed, kernel=NOT_BEFORE.get(row.name, since))


def test_names_of_options_are_one_each() -> None:
    general = {"name", "kind", "netns", "state", "recreate", "addresses", "fdb", "mdb", "port", "peer"}
    for kind in KINDS.values():
        names = [name for row in (*ALL, *kind.options) for name in (row.name, *row.aliases)]
        assert sorted(names) == sorted(set(names)), kind.name
        assert not general & set(names), kind.name
    for sort in OBJECT_TYPES.values():
        names = [name for row in (*sort.keys, *sort.options) for name in (row.name, *row.aliases)]
        assert sorted(names) == sorted(set(names)), sort.name


#: iproute2's words that are no name of the option: each is taken by something else.
TAKEN = {
    ("vxlan", "multicast_group"): "group is the link's group",
    ("tun", "user_group"): "group is the link's group",
    ("vxlan", "linkmode"): "mode is what several kinds call something else",
}


def test_every_word_of_iproute2_is_a_name_of_the_option() -> None:
    rows = [(where, row) for where, row in ROWS if where in KINDS or where == "port"]
    for where, row in rows:
        word = row.word or row.name
        assert (where, row.name) in TAKEN or word in (row.name, *row.aliases), f"{where}: {row.name}: {word}"


ALIASES = [
    (where, row, alias)
    for where, row in ROWS
    if where in KINDS and (row.name != "link_netns" or KINDS[where].follows_socket)
    for alias in row.aliases
]


@pytest.mark.parametrize(
    ("where", "row", "alias"), [pytest.param(*one, id=f"{one[0]}-{one[1].name}-{one[2]}") for one in ALIASES]
)
def test_option_under_another_name(where: str, row: Option, alias: str) -> None:
    value = value_of(row)
    base = {"name": "t0", "kind": where, **{k: v for k, v in NEEDED.get(where, {}).items() if k != row.name}}
    by_name = Reader(lambda name: name).read({"links": [{**base, row.name: value}]})
    by_alias = Reader(lambda name: name).read({"links": [{**base, alias: value}]})
    assert by_alias == by_name
    assert row.name in by_name["link", ("", "t0")].options
    with pytest.raises(Refused, match=f"t0: {alias}: is another name of {row.name}, and both are given"):
        Reader(lambda name: name).read({"links": [{**base, row.name: value, alias: value}]})


@pytest.mark.parametrize("hz", [100, 250, 300, 1000])
def test_times_are_compared_as_the_kernel_keeps_them(hz: int) -> None:
    """250 ticks a second: 101/100 s is 252 ticks, told as 100. 300: a tick is 3333333 ns, so 1500 is told as 1499."""
    kept = {100: (101, 1500), 250: (100, 1500), 300: (100, 1499), 1000: (101, 1500)}[hz]
    assert (Centiseconds().kept(101, hz), Centiseconds().kept(1500, hz)) == kept
    for wished, found in zip((101, 1500), kept):
        desired = Reader(lambda name: name).read(
            {"links": [{"name": "br0", "kind": "bridge", "mcast_last_member_interval": wished}]}
        )
        for there, changes in ((found, 0), (wished, 0), (wished + 2, 1)):
            entry = Entry("link", ("", "br0"), {"mcast_last_member_interval": there}, kind="bridge")
            assert len(diff(desired, {entry.ident: entry}, hz=hz)) == changes


def test_bits_of_a_plain_number_are_said_together() -> None:
    """The flags of macvlan have no mask: one that is not said again is taken away."""
    there = {"nopromisc": True, "nodst": False, "link": "lower", "link_netns": ""}
    entry = Entry("link", ("", "mv"), there, kind="macvlan")
    lower = Entry("link", ("", "lower"), {}, kind="bridge")
    desired = Reader(lambda name: name).read({"links": [{"name": "mv", "kind": "macvlan", "nodst": True}]})
    (change,) = diff(desired, {entry.ident: entry, lower.ident: lower})
    assert change.fields == {"nodst": (False, True), "nopromisc": (True, True)}
    rows = {row.name: row for row in KINDS["macvlan"].options}
    tree = [attr for name in ("nopromisc", "nodst") for attr in rows[name].encode(True, None)]  # type: ignore[arg-type]
    assert merged(tree) == [(2, "u16", 3)]


REFUSED = {
    "bridge group_fwd_mask 1": "0x1 has bits of 0x7, which the kernel refuses",
    "bridge group_fwd_mask 7": "0x7 has bits of 0x7, which the kernel refuses",
    "bridge group_address 01:80:c2:00:00:01": "01:80:c2:00:00:01 is not one of 01:80:c2:00:00:00, 01:80:c2:00:00:04",
    "bridge group_address 02:00:00:00:00:01": "02:00:00:00:00:01 is not one of 01:80:c2:00:00:00",
    "bridge hello_time 99": "99 is not within 100..1000",
    "bridge max_age 4001": "4001 is not within 600..4000",
    "bridge mcast_query_interval 99": "99 is not within 100..8640000",
    "bridge mcast_startup_query_interval 99": "99 is not within 100..8640000",
    "bridge mcast_router 3": "3 is not within 0..2",
    "bridge vlan_default_pvid 4095": "4095 is not within 0..4094",
    "vxlan gso_max_size 524281": "524281 is not within 0..524280",
    "vlan id 4095": "4095 is not within 0..4094",
    "vxlan reserved_bits -1": "'-1' is not a number of 64 bits",
    "vxlan flowlabel 1048576": "1048576 is not within 0..1048575",
    "port group_fwd_mask 2": "0x2 has bits of 0x2, which the kernel refuses",
    "port priority 64": "64 is not within 0..63",
    "port cost 0": "0 is not within 1..65535",
}
#: The nearest that is taken: the control of each refusal.
TAKEN_VALUES = {
    "bridge group_fwd_mask": 8,
    "bridge group_address": "01:80:c2:00:00:0f",
    "bridge hello_time": 100,
    "bridge max_age": 4000,
    "bridge mcast_query_interval": 100,
    "bridge mcast_startup_query_interval": 100,
    "bridge mcast_router": 2,
    "bridge vlan_default_pvid": 4094,
    "vxlan gso_max_size": 524280,
    "vlan id": 4094,
    "vxlan reserved_bits": 0,
    "vxlan flowlabel": "inherit",
    "port group_fwd_mask": 5,
    "port priority": 63,
    "port cost": 1,
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_kernel_would_refuse_or_replace_is_refused_first(case: str) -> None:
    where, name, value = case.split()
    row = next(row for place, row in ROWS if (place, row.name) == (where, name))
    with pytest.raises(Refused) as refusal:
        Reader(lambda name: name).read(wish(where, row, value))
    assert REFUSED[case] in str(refusal.value)
    Reader(lambda name: name).read(wish(where, row, TAKEN_VALUES[f"{where} {name}"]))


def test_port_options_are_set_by_the_tool_that_knows_them() -> None:
    entry = Entry("port", ("", "p"), {"isolated": True, "proxy_arp": True, "backup_port": "none"})
    assert command(Operation("set", entry)) == (
        "bridge link set dev p isolated on nobackup_port && ip link set dev p type bridge_slave proxy_arp on"
    )


@pytest.mark.parametrize(
    ("kernel", "sentence"), [("6.17.9", "needs Linux 6.18"), ("7.0.1", "before Linux 7.1 a kernel")]
)
def test_fdb_local_vlan_0_is_kept_from_kernels_that_may_die_of_it(kernel: str, sentence: str) -> None:
    desired = Reader(lambda name: name).read(wish("bridge", ROW_OF_DEATH, True))
    with pytest.raises(Refused, match=f"t0: fdb_local_vlan_0: {sentence}"):
        diff(desired, {}, kernel=kernel)
    assert diff(desired, {}, kernel="7.1.0")
    there = Entry("link", ("", "t0"), {"fdb_local_vlan_0": True}, kind="bridge")
    away = Reader(lambda name: name).read(wish("bridge", ROW_OF_DEATH, False))
    assert diff(away, {there.ident: there}, kernel="6.18.1"), "switched off it does no harm"


ROW_OF_DEATH = next(row for row in KINDS["bridge"].options if row.name == "fdb_local_vlan_0")


OF_VLANS = [
    pytest.param(where, table.name, row, id=f"{where}-{table.name}-{row.name}")
    for where, table in ROWS
    if isinstance(table.type, OfVlans)
    for row in table.type.rows
    if row.since
]


@pytest.mark.parametrize(("where", "table", "row"), OF_VLANS)
def test_option_of_a_vlan_is_refused_by_name_too(where: str, table: str, row: Option) -> None:
    item = {"vid": 7, row.name: value_of(row)}
    base = {"dev": "t0"} if where == "port" else {"name": "t0", "kind": "bridge"}
    desired = Reader(lambda name: name).read({"ports" if where == "port" else "links": [{**base, table: [item]}]})
    there = [Entry("link", ("", "lower"), {}, kind="bridge"), Entry("port", ("", "t0"), {})]
    there.append(Entry("link", ("", "t0"), {"master": "lower"}, kind="bridge"))
    observed = {entry.ident: entry for entry in there}
    with pytest.raises(Refused, match=rf"{table}: {row.name} of a VLAN needs Linux {row.since} \(this kernel is "):
        diff(desired, observed, kernel=before(row.since))
    assert diff(desired, observed, kernel=row.since)
