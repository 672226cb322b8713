# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hold commands that others write by hand against the config that says the same.

``same_as_ip/*.yml`` has the commands (``sh``) of public projects, each with where it is from (``of``), and our config
(``us``). All cases of a batch share two namespaces: one gets the commands, one the engine. What iproute2 then shows of
both must agree, but for what VOLATILE names. A second run of the engine sends nothing, nor does a run on top of what
the commands made. The commands that the engine tells go into a third namespace, which must agree too. ``sh_first`` and
``us_first`` come before, where a case is about a change.

``refused`` has what iproute2 or the kernel refuses: the engine refuses it with one sentence, and leaves all as it was.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml

from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Engine, Failed
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.links.any_link import MARK_GROUP

from .conftest import enter_new_network, in_lab_kernel
from .look import unless_swept

HERE = Path(__file__).parent / "same_as_ip"

#: What the two namespaces may differ in: key -> why. Everything else that iproute2 shows is compared.
VOLATILE = {
    "ifindex": "numbers in the order of creation",
    "link_index": "a number too: of the link beneath, in another namespace",
    "link_netnsid": "numbers in the order in which namespaces came to know of each other",
    "operstate": "follows the carrier, up to a second late",
    "hello_timer": "counts",
    "gc_timer": "counts",
    "tcn_timer": "counts",
    "topology_change_timer": "counts",
    "message_age_timer": "counts",
    "forward_delay_timer": "counts",
    "hold_timer": "counts",
    "idle_time": "counts",
    "unbalanced_time": "counts",
    "querier": "who asks for multicast listeners just now",
    "secret": "random",
    "mdb.index": "a number too, of the bridge",
    **dict.fromkeys(("no", "info_slave_data.id", "designated_port"), "of a port, in the order in which ports joined"),
    "tentative": "until nobody else claims an address, up to two seconds",
}
#: Flags of the same sort: they follow the carrier, or the search for another owner of an address.
VOLATILE_FLAGS = {"LOWER_UP", "NO-CARRIER", "M-DOWN", "LOWERLAYERDOWN"}
#: Our mark, and what iproute2 has in its place. Newer ones tell that of addresses too, as 0x6e.
MARKS = {"group": {str(MARK_GROUP), "default"}, "protocol": {"110", "0x6e", "boot", "unspec", "static", "3", "0"}}
#: Seconds that are left: two looks at one lifetime differ by what passed in between.
LIFETIMES = ("valid_life_time", "preferred_life_time", "expires")

#: Lists whose order says nothing. That of a link's IPv4 addresses does: the first of a subnet is the primary one.
ORDERS: dict[str, Callable[[Any], Any]] = {
    "flags": str,
    "altnames": str,
    "mdb": json.dumps,
    "source_list": json.dumps,
    "addr_info": lambda one: "0" if one["family"] == "inet" else json.dumps(one),
}

_MAC = re.compile(r"\b[0-9a-f]{1,2}(?::[0-9a-f]{1,2}){5}\b")
_LINK_LOCAL = re.compile(r"\bfe80::[0-9a-f:]+|\bff02::1:ff[0-9a-f:]+")

SHOWN = {
    "ip": ("addr", "route show table all", "rule", "nexthop", "neigh show nud all", "neigh show proxy"),
    "ip -6": ("route show table all", "rule"),
    "bridge": ("link", "fdb"),
}


def load() -> Iterator[dict[str, Any]]:
    """Give the batches of all files."""
    for path in sorted(HERE.glob("*.yml")):
        for batch in yaml.safe_load(path.read_text(encoding="utf-8")):
            yield {**batch, "id": f"{path.stem}: {batch['batch']}"}


def batches(section: str) -> list[Any]:
    """Give the batches that have a section, as parameters of a test with the marks that they need."""
    return [pytest.param(batch, id=batch["id"], marks=list(marks(batch))) for batch in load() if batch.get(section)]


def marks(batch: dict[str, Any]) -> Iterator[Any]:
    if batch.get("needs"):
        yield pytest.mark.needs_kind(*batch["needs"])
    if batch.get("newer"):
        yield pytest.mark.needs_linux(batch["newer"]["linux"], iproute2=batch["newer"]["iproute2"])
    if batch.get("only"):
        yield getattr(pytest.mark, batch["only"])


def lines_of(commands: Any) -> list[str]:
    joined = str(commands or "").replace("\\\n", " ")
    return [line.strip() for line in joined.splitlines() if line.strip()]


def program(line: str) -> tuple[tuple[str, ...], str]:
    """Split a command into the program with its options, and what a batch file has of it."""
    words = shlex.split(line)
    size = 1
    while words[size].startswith("-"):
        size += 2 if words[size] in ("-n", "-netns", "-f", "-family") else 1
    return tuple(words[:size]), shlex.join(words[size:])


def run(commands: Any) -> str:
    """Run commands, those of one program in one batch; return what went wrong, empty where nothing did."""
    assert "_opts" not in str(commands) or in_lab_kernel(), "newer kernels do not survive tunnel options of routes"
    for name, group in groupby(map(program, lines_of(commands)), key=lambda one: one[0]):
        batch = "\n".join(line for _program, line in group)
        argv = [*name, "-batch", "-"] if name[0] in ("ip", "bridge") else [*name, *shlex.split(batch)]
        done = subprocess.run(argv, input=batch, capture_output=True, text=True, check=False, timeout=60)
        if done.returncode:
            return f"{done.stderr.strip()} in: {batch}"
    return ""


def documents(text: str) -> list[Any]:
    """Return the JSON documents of a text, one for each command of a batch."""
    found, decoder, rest = [], json.JSONDecoder(), text.strip()
    while rest:
        document, end = decoder.raw_decode(rest)
        found.append(document)
        rest = rest[end:].strip()
    return found


def told(argv: list[str], commands: list[str]) -> list[Any]:
    """Return what each command of a batch shows."""
    done = subprocess.run(
        [*argv, "-batch", "-"], input="\n".join(commands), capture_output=True, text=True, check=True, timeout=60
    )
    found = documents(done.stdout)
    assert len(found) == len(commands), f"{argv} {commands}: {done.stdout}"
    return found


def shown(batch: dict[str, Any]) -> dict[str, list[Any]]:
    """Return what iproute2 shows of this namespace and of those with a name."""
    names = Path("/run/netns")
    found: dict[str, list[Any]] = {}
    for netns in ["", *sorted(path.name for path in names.iterdir())] if names.is_dir() else [""]:
        for call, commands in {**SHOWN, **batch.get("shown", {})}.items():
            argv = [*call.split(), *(["-n", netns] if netns else []), "-d", "-j"]
            # bridge 6.1 dies of some commands behind others in one batch.
            runs = [[one] for one in commands] if call == "bridge" else [commands]
            answers = [answer for one in runs for answer in told(argv, one)]
            for command, answer in zip(commands, answers):
                found[f"{netns} {call} {command}".strip()] = answer
    return found


def plain(value: Any, said: str, key: str = "") -> Any:
    """Return a value without what may differ; MACs and link-local addresses that nobody named are generated ones."""
    if isinstance(value, dict):
        return {name: plain(item, said, name) for name, item in sorted(value.items()) if keep(name, item, key)}
    if isinstance(value, list):
        items = [plain(item, said, key) for item in value if str(item) not in VOLATILE_FLAGS]
        return sorted(items, key=ORDERS[key]) if key in ORDERS else items
    if isinstance(value, str):
        for pattern in (_MAC, _LINK_LOCAL):
            value = pattern.sub(lambda found: found[0] if found[0] in said else "generated", value)
        return value
    if key in LIFETIMES and isinstance(value, int) and 0 < value < 2**32 - 1:
        return -(-value // 20) * 20
    return value


def keep(name: str, value: Any, inside: str) -> bool:
    return not {name, f"{inside}.{name}"} & VOLATILE.keys() and str(value) not in MARKS.get(name, ())


#: Keys of which the first that an object has says which it is, in what a failed test tells.
NAMING = ("ifname", "id", "priority", "dst", "mac", "lladdr")

State = Counter[tuple[str, str, str]]


def by_itself(command: str, one: dict[str, Any], said: str) -> bool:
    """Tell whether the kernel makes something by itself, of what it has chosen, when it comes to it."""
    dst = str(one.get("dst", "")).partition("/")[0]
    if command.endswith("nud all") and (dst.startswith(("ff0", "224.")) or one.get("state", ["NONE"]) == ["NONE"]):
        return True  # the MAC of a group that was sent to; an entry that is on its way out
    # An entry for a link's own address; the local route of a link-local address, which comes when nobody claims that.
    return one.get("mac", "") not in said or bool(_LINK_LOCAL.fullmatch(dst))


def flat(found: dict[str, list[Any]], said: str) -> State:
    """Return the objects that iproute2 shows, each with the command and its name, and how often it is there."""
    return Counter(
        (command, next((str(one[key]) for key in NAMING if key in one), ""), json.dumps(plain(one, said)))
        for command, objects in found.items()
        for one in objects
        if one and not by_itself(command, one, said)
    )


def leaves(value: Any, path: str = "") -> set[str]:
    if isinstance(value, dict):
        return {leaf for key, item in value.items() for leaf in leaves(item, f"{path}.{key}")}
    if isinstance(value, list):
        return {leaf for place, item in enumerate(value) for leaf in leaves(item, f"{path}[{place}]")} or {f"{path}=[]"}
    return {f"{path}={value}"}


def differences(left: State, right: State) -> str:
    """Return what is on one side only, and of an object that both have, what differs in it."""
    told = []
    for command, name in sorted({one[:2] for one in (left - right) + (right - left)}):
        mine, theirs = (
            set().union(*(leaves(json.loads(text)) for at, called, text in side if (at, called) == (command, name)))
            for side in (left - right, right - left)
        )
        told.append(f"{command} {name}: commands {sorted(mine - theirs)} engine {sorted(theirs - mine)}")
    return "\n".join(told)


def settled(batch: dict[str, Any], said: str, other: State | None = None) -> State:
    """Return what iproute2 shows once it shows it twice, or agrees with another state: carriers are told late."""
    until = time.monotonic() + 5
    last = flat(shown(batch), said)
    while last != other and time.monotonic() < until:
        time.sleep(0.02 if other is None else 0.15)
        seen = shown(batch)
        found = flat(seen, said)
        if other is None and found == last and not untold(seen):
            break
        last = found
    return last


def untold(seen: dict[str, list[Any]]) -> bool:
    """Tell whether a link has a carrier that the kernel has not told of yet: bridges and IPv6 begin when it does."""
    links = (one for command, objects in seen.items() if command.endswith("ip addr") for one in objects if one)
    return any("LOWER_UP" in link["flags"] and link["operstate"] in ("DOWN", "LOWERLAYERDOWN") for link in links)


def merged(cases: list[dict[str, Any]], what: str = "us") -> dict[str, Any]:
    """Return one config of all cases. A new link that it does not say ``up`` of stays down, as with iproute2."""
    config: dict[str, list[Any]] = {}
    for case in cases:
        for section, items in case.get(what, {}).items():
            config.setdefault(section, []).extend(items)
    for link in config.get("links", ()):
        for end in (link, link.get("peer")):
            if end and link.get("kind"):
                end.setdefault("up", False)
    return config


def begin(batch: dict[str, Any]) -> None:
    """Begin in a new namespace, in which links make no addresses and none waits until nobody else claims it."""
    enter_new_network()
    for name, value in (("accept_dad", "0"), ("addr_gen_mode", "1")):
        Path(f"/proc/sys/net/ipv6/conf/default/{name}").write_text(value, encoding="ascii")
    assert run(batch.get("base")) == ""


def engine(config: dict[str, Any]) -> list[str]:
    return Engine().run(config).commands


@pytest.mark.parametrize("batch", batches("cases"))
def test_what_commands_make_and_what_the_engine_makes(batch: dict[str, Any]) -> None:
    def go() -> None:
        leave(batch)
        compare(batch)

    unless_swept(go)


def compare(batch: dict[str, Any]) -> None:
    cases = batch["cases"]
    said = " ".join(f"{case.get('sh_first')} {case['sh']}" for case in cases) + str(batch.get("base"))
    before, config = merged(cases, "us_first"), merged(cases)
    begin(batch)
    commands = [case.get("sh_first") for case in cases] + [case["sh"] for case in cases]
    assert [wrong for lines in commands if (wrong := run(lines))] == []
    time.sleep(batch.get("wait", 0))
    by_commands = settled(batch, said)
    assert engine(config) == []
    assert differences(by_commands, settled(batch, said, by_commands)) == ""
    leave(batch)
    begin(batch)
    told = engine(before) + engine(config)
    assert differences(by_commands, settled(batch, said, by_commands)) == "", told
    assert engine(config) == []
    leave(batch)
    begin(batch)
    assert [wrong for line in told if (wrong := shell(line))] == []
    assert differences(by_commands, settled(batch, said, by_commands)) == "", told


def shell(line: str) -> str:
    """Run a command that the engine told; return what went wrong, empty where nothing did."""
    assert "_opts" not in line or in_lab_kernel()
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False, timeout=30)
    return f"{done.stderr.strip()} in: {line}" if done.returncode else ""


def leave(batch: dict[str, Any]) -> None:
    for netns in Path("/run/netns").iterdir() if Path("/run/netns").is_dir() else ():
        subprocess.run(["ip", "netns", "del", netns.name], check=True, timeout=20)


@pytest.mark.parametrize("batch", batches("refused"))
def test_what_commands_are_refused_the_engine_refuses(batch: dict[str, Any]) -> None:
    begin(batch)
    said = str(batch)
    before = settled(batch, said)
    wrong = []
    for case in batch["refused"]:
        sentence = refusal(case["us"])
        wrong += [] if run(case["sh"]) else [f"{case['sh']}: went well"]
        if not re.search(case["says"], sentence) or "\n" in sentence.strip():
            wrong.append(f"{case['sh']}: {sentence!r}")
        if (after := settled(batch, said, before)) != before:
            wrong.append(f"{case['sh']}: changed {[one[:2] for one in (after - before) + (before - after)]}")
            break
    assert not wrong, "\n".join(wrong)


def refusal(config: dict[str, Any]) -> str:
    """Return the sentence with which the engine refuses a config, empty where it does not."""
    try:
        engine(config)
    except (Refused, Failed) as refused:
        return str(refused)
    return ""
