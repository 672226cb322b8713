# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Geneve, VXLAN and ERSPAN options of tunnel headers that routes put on.

Linux 6.15 and later may die of them (objects/encap.py). A test that sends them is marked ``needs_lab_kernel`` and asks
for the fixture ``lab_kernel_only``: a lab kernel dies alone. conftest.py lets no other kernel have them.
"""

from __future__ import annotations

import os
import re
import subprocess
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.kernel.wires import encap_wire as encap
from ansible_collections.netloom.overlay.plugins.module_utils._host.plan.diff import diff
from ansible_collections.netloom.overlay.plugins.module_utils._host.plan.refusals import release
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.config import Reader
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.objects.encap import is_hazardous

from .conftest import in_lab_kernel

OPTIONS: dict[str, Any] = {
    "geneve_opts": [{"class": 0x0102, "type": 0x80, "data": "11223344"}],
    "vxlan_opts": {"gbp": 0x100},
    "erspan_opts": {"version": 1, "index": 5},
}
LINK = {"links": [{"name": "v0", "kind": "veth", "peer": {"name": "v1"}}]}


def route(opts: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Give a config with a route that has tunnel options."""
    return {"routes": [{"dst": "10.9.0.0/16", "dev": "v0", "encap": {"id": 5, "dst": "10.0.0.9", **opts}, **more}]}


def judged(config: dict[str, Any], kernel: str) -> int:
    """Return how many changes the pure part finds; nothing is sent. Raise Refused."""
    desired, there = (Reader(lambda name: name).read(one) for one in (config, LINK))
    return len(diff(desired, there, kernel=kernel))


@pytest.mark.parametrize("word", OPTIONS)
@pytest.mark.parametrize("kernel", ["6.15.0", "6.18.44-fc-v769", "7.0.1"])
def test_refused_on_kernels_that_die(word: str, kernel: str) -> None:
    opts = {word: OPTIONS[word]}
    header = {"id": 5, "dst": "10.0.0.9", **opts}
    for config in (
        route(opts),
        {"routes": [{"dst": "10.9.0.0/16", "nexthops": [{"dev": "v0", "encap": header}, {"dev": "v0"}]}]},
        {"nexthops": [{"id": 1, "dev": "v0", "encap": header}]},
    ):
        with pytest.raises(Refused, match=r"encap|nexthops") as refusal:
            judged(config, kernel)
        assert f"this kernel is {kernel}" in str(refusal.value)
        assert "allow_kernel_hazard: true" in str(refusal.value)
        assert "\n" not in str(refusal.value)
    assert judged(route(opts, allow_kernel_hazard=True), kernel) == 1
    assert judged(route({}), kernel) == 1, "a header without options is no hazard"
    assert judged(route(opts), "6.14.11") == judged(route(opts), "6.1.0-13-amd64") == 1


def test_this_kernel_is_judged_as_what_it_is() -> None:
    """Hold the table against the two kernels that are known: 6.1 works, 6.18 does not."""
    kernel = release(os.uname().release)
    assert is_hazardous(kernel) == (kernel >= (6, 15))


def test_no_test_can_send_them_here() -> None:
    if not in_lab_kernel():
        with pytest.raises(AssertionError, match="kernel that may die of it"):
            encap.write_encap((("type", "ip"), ("vxlan_opts", (("gbp", 1),))), 21, 22)


@pytest.mark.needs_linux("6.15")
def test_engine_refuses_here(apply: Any) -> None:
    """Let the engine itself refuse on a kernel that dies, before it sends; without allow_kernel_hazard."""
    apply(LINK)
    for check in (True, False):
        with pytest.raises(Refused, match=r"route 10\.9\.0\.0/16: encap: tunnel options on a route can kill rtnetlink"):
            apply(route({"vxlan_opts": {"gbp": 1}}), check=check)
    told = subprocess.run(
        ["ip", "route", "show", "10.9.0.0/16"], capture_output=True, text=True, check=True, timeout=10
    )
    assert told.stdout == ""


def words(count: int) -> str:
    """Return data of so many 4-byte words in hexadecimal."""
    return "00112233" * count


BAD = {
    "more than 252 bytes": (
        {"geneve_opts": [{"class": 1, "type": n, "data": words(n + 20)} for n in (11, 11)]},
        "256 bytes with their headers, and the kernel takes at most 252",
    ),
    "more than 124 bytes": ({"geneve_opts": [{"class": 1, "type": 1, "data": words(32)}]}, "data of 128 bytes"),
    "no multiple of 4": ({"geneve_opts": [{"class": 1, "type": 1, "data": "112233"}]}, "data of 3 bytes"),
    "no bytes": ({"geneve_opts": [{"class": 1, "type": 1, "data": "112"}]}, "is not bytes in hexadecimal"),
    "no class": ({"geneve_opts": [{"type": 1, "data": "11223344"}]}, "an option needs class"),
    "wrong class": ({"geneve_opts": [{"class": 65536, "type": 1}]}, "class 65536 is not within 0..65535"),
    "wrong type": ({"geneve_opts": [{"class": 1, "type": 256}]}, "type 256 is not within 0..255"),
    "unknown key": ({"geneve_opts": [{"class": 1, "typ": 1}]}, "unknown key 'typ', did you mean type?"),
    "no list": ({"geneve_opts": {"class": 1}}, "is not a list of dicts"),
    "gbp": ({"vxlan_opts": {"gbp": 0x10000}}, "gbp 0x10000 has bits beyond 0x48ffff"),
    "two sorts": ({"vxlan_opts": {"gbp": 1}, "geneve_opts": [{"class": 1, "type": 1}]}, "exclude each other"),
    "erspan version": ({"erspan_opts": {"version": 3}}, "version 3 is not within 1..2"),
    "erspan field": ({"erspan_opts": {"version": 1, "hwid": 3}}, "hwid is not of version 1"),
    "erspan lack": ({"erspan_opts": {"version": 2, "dir": 1}}, "version 2 needs dir and hwid"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_options_are_refused_before_the_kernel_is_asked(case: str) -> None:
    opts, reason = BAD[case]
    with pytest.raises(Refused) as refusal:
        Reader(lambda name: name).read(route(opts))
    assert reason in str(refusal.value)
    assert str(refusal.value).startswith("route 10.9.0.0/16: encap: ")


def test_252_bytes_are_no_refusal() -> None:
    Reader(lambda name: name).read(
        route({"geneve_opts": [{"class": 1, "type": 1, "data": words(n)} for n in (31, 30)]})
    )


@pytest.fixture
def lab_kernel_only() -> None:
    """Fail on any other kernel, before a tunnel option is sent."""
    if not in_lab_kernel():
        pytest.fail("this sends tunnel options, which kill some kernels: in the lab kernel only (scripts/lab-kernel)")


IN_LAB = (pytest.mark.needs_lab_kernel, pytest.mark.needs_kind("geneve"))

#: The lab kernel may be one of those that die.
CONSENT = {"allow_kernel_hazard": True}
EXTERNAL = {
    "links": [
        {"name": "gnv", "kind": "geneve", "external": True, "dstport": 6081, "addresses": ["10.99.0.1/24"]},
        {"name": "vx", "kind": "vxlan", "external": True, "vni": 0, "dstport": 4789, "addresses": ["10.98.0.1/24"]},
    ]
}


def on(dev: str, opts: dict[str, Any], kind: str = "ip") -> dict[str, Any]:
    """Give a config with a route through a link in external mode."""
    six = kind == "ip6"
    header = {"type": kind, "id": 1000, "dst": "2001:db8::9" if six else "10.0.0.9", "key": True, **opts}
    return {"routes": [{"dst": "2001:db8:7::/64" if six else "10.7.0.0/16", "dev": dev, "encap": header, **CONSENT}]}


LONG = [{"class": 1, "type": 1, "data": words(31)}, {"class": 2, "type": 255, "data": words(30)}]
#: By name: the link, the options, and what ``ip -d route`` says of them.
ACCEPTED: dict[str, tuple[str, dict[str, Any], str]] = {
    "geneve": (
        "gnv",
        {
            "geneve_opts": [
                {"class": 0x0102, "type": 0x80, "data": "1122334455667788"},
                {"class": 3, "type": 1, "data": "00:00 00:01"},
            ]
        },
        "geneve_opts 258:128:1122334455667788,3:1:00000001",
    ),
    "geneve-252": ("gnv", {"geneve_opts": LONG}, f"geneve_opts 1:1:{words(31)},2:255:{words(30)}"),
    "geneve-no-data": ("gnv", {"geneve_opts": [{"class": 1, "type": 2}]}, "geneve_opts 1:2:"),
    "vxlan": ("vx", {"vxlan_opts": {"gbp": 0x400100}}, "vxlan_opts 4194560"),
    "erspan1": ("vx", {"erspan_opts": {"version": 1, "index": 0x12345}}, "erspan_opts 1:74565:0:0"),
    "erspan2": ("vx", {"erspan_opts": {"version": 2, "dir": 1, "hwid": 63}}, "erspan_opts 2:0:1:63"),
}


@pytest.mark.parametrize("kind", ["ip", "ip6"])
@pytest.mark.parametrize("case", [pytest.param(name, marks=IN_LAB) for name in ACCEPTED])
def test_options_round_trip(case: str, kind: str, lab_kernel_only: None, apply: Any, gather: Any) -> None:
    """Let iproute2 say what the kernel holds; the second run is empty, what was gathered changes nothing."""
    dev, opts, shown = ACCEPTED[case]
    apply(EXTERNAL)
    config = on(dev, opts, kind)
    dst = config["routes"][0]["dst"]
    foretold = apply(config, check=True)
    assert told(dst) == ""
    report = apply(config)
    assert report.commands == foretold.commands
    assert shown in told(dst)
    assert apply(config).commands == []
    assert apply(gather()).commands == []
    assert apply(on(dev, {}, kind)).changed
    assert "_opts" not in told(dst), "the options are gone with the wish"
    assert apply({"routes": [{"dst": dst, "state": "absent"}]}).changed
    assert told(dst) == ""
    if case != "geneve-no-data":  # iproute2 leaves out an empty one, and the kernel refuses that
        subprocess.run(report.commands[0].split(), check=True, timeout=10)
        assert shown in told(dst)
        assert apply(config).commands == [], "the command line that is told makes the same route"


def told(dst: str) -> str:
    """Return what iproute2 says of a route, white space folded."""
    command = ["ip", "-d", *(["-6"] if ":" in dst else []), "route", "show", dst]
    return " ".join(subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.split())


WIRE = {
    "critical": ([{"class": 0x0102, "type": 0x80, "data": words(2)}, {"class": 0x0103, "type": 1}], "[C]", 16),
    "not critical": ([{"class": 0x0102, "type": 0x01, "data": words(1)}], "[none]", 8),
    "all that fits": (LONG, "[C]", 252),
    "no options": ([], "[none]", 0),
}


@pytest.mark.parametrize("case", [pytest.param(name, marks=IN_LAB) for name in WIRE])
def test_geneve_options_on_the_wire(case: str, lab_kernel_only: None, apply: Any) -> None:
    """Capture what leaves by the underlay (scenario G7): flags, the length in 4-byte units, the options' bytes."""
    options, flags, length = WIRE[case]
    encap_ = {"type": "ip", "id": 1000, "dst": "192.0.2.2", **({"geneve_opts": options} if options else {})}
    apply(
        {
            "netns": [{"name": "far"}],
            "links": [
                {
                    "name": "u0",
                    "kind": "veth",
                    "addresses": ["192.0.2.1/24"],
                    "peer": {"name": "u1", "netns": "far", "addresses": ["192.0.2.2/24"]},
                },
                {"name": "gnv", "kind": "geneve", "external": True, "dstport": 6081, "addresses": ["10.99.0.1/32"]},
            ],
            "neighbors": [{"dev": "gnv", "dst": "10.7.0.1", "mac": "02:00:00:00:00:07"}],
            "routes": [{"dst": "10.7.0.0/16", "dev": "gnv", "src": "10.99.0.1", "encap": encap_, **CONSENT}],
        }
    )
    capture = [
        "ip",
        "netns",
        "exec",
        "far",
        "tcpdump",
        "-l",
        "-nn",
        "-v",
        "-x",
        "-c1",
        "-i",
        "u1",
        "udp",
        "port",
        "6081",
    ]
    with subprocess.Popen(capture, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watch:
        assert watch.stderr is not None
        assert "listening" in watch.stderr.readline()
        subprocess.run(["ping", "-c3", "-i0.2", "-W1", "10.7.0.1"], check=False, timeout=10, capture_output=True)
        text, _errors = watch.communicate(timeout=10)
    assert f"Geneve, Flags {flags}, vni 0x3e8" in text
    # The lines of the dump: an offset, then the bytes from the outer IPv4 header on.
    dump = bytes.fromhex("".join(re.findall(r"^\t0x[0-9a-f]+:  ([0-9a-f ]+)$", text, re.M)))
    geneve = dump[20 + 8 :]
    assert (geneve[0] >> 6, geneve[0] & 0x3F) == (0, length // 4), "version, and length in words of 4 bytes"
    assert geneve[1] == (0x40 if flags == "[C]" else 0)
    expected = b""
    for one in options:
        data = bytes.fromhex(one.get("data", ""))
        expected += one["class"].to_bytes(2, "big") + bytes([one["type"], len(data) // 4]) + data
    assert geneve[8 : 8 + length] == expected
    assert geneve[2:7] == bytes.fromhex("65580003e8")
