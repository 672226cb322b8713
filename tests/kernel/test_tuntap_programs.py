# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Let programs attach to tun and tap links: before, during and after what the engine does to them."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

from .test_tuntap import ENGINE, GROUP, USER, elsewhere, names, own

pytestmark = pytest.mark.needs_kind("tun")

TUNSETIFF = 0x400454CA
TUN, TAP, NO_PI, VNET_HDR, MULTI_QUEUE = 0x1, 0x2, 0x1000, 0x4000, 0x100


def attach(fd: int, name: str, bits: int) -> None:
    """Attach to a link as a program does; raise OSError."""
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), bits))


@contextlib.contextmanager
def attached(name: str, bits: int) -> Iterator[int]:
    """Be a program that is attached to a link."""
    fd = os.open("/dev/net/tun", os.O_RDWR)
    try:
        attach(fd, name, bits)
        yield fd
    finally:
        os.close(fd)


def attached_as(user: int, group: int, name: str, bits: int) -> tuple[int, int]:
    """Attach in a process of that user and group; return the open file and the error, 0 where it worked."""
    fd = os.open("/dev/net/tun", os.O_RDWR)
    child = os.fork()
    if child == 0:
        number = 0
        try:
            os.setgroups([])
            os.setgid(group)
            os.setuid(user)
            attach(fd, name, bits)
        except OSError as why:
            number = why.errno or 255
        os._exit(number)
    return fd, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("mode", ["tun", "tap"])
def test_a_program_of_the_user_reads_a_packet(mode: str, tell: Any) -> None:
    """Scenario V1: the link outlives its maker, and a program of its user and group reads what is routed to it."""
    config = {
        "links": [{"name": "t0", "kind": "tun", "mode": mode, "user": USER, "user_group": GROUP,
                   "addresses": ["10.50.0.1/24"]}],
        "routes": [{"dst": "10.60.0.0/16", "via": "10.50.0.9", "dev": "t0"}],
        "neighbors": [{"dst": "10.50.0.9", "mac": "02:00:00:00:00:09", "dev": "t0"}] if mode == "tap" else [],
    }  # fmt: skip
    done = elsewhere(f"{ENGINE}print(Engine().run({config!r}).changed)")
    assert done.stdout == "True\n", done.stderr
    assert own(tell, "t0") | {"user": USER, "group": GROUP, "persist": True, "type": mode} == own(tell, "t0")
    assert "UP" in tell("ip -j link show dev t0")[0]["flags"]
    assert tell("ip -j route show 10.60.0.0/16")[0]["dev"] == "t0"
    bits = (TUN if mode == "tun" else TAP) | NO_PI
    for user, group in ((USER + 5, GROUP), (USER, GROUP + 5)):
        fd, error = attached_as(user, group, "t0", bits)
        os.close(fd)
        assert error == errno.EPERM
    fd, error = attached_as(USER, GROUP, "t0", bits)
    try:
        assert error == 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            found = b""
            until = time.monotonic() + 10
            while b"to the program" not in found and time.monotonic() < until:
                with contextlib.suppress(OSError):  # the carrier has just come
                    sender.sendto(b"to the program", ("10.60.0.7", 9))
                if select.select([fd], [], [], 0.2)[0]:
                    found = os.read(fd, 2000)
    finally:
        os.close(fd)
    packet = found if mode == "tun" else found[14:]
    assert packet[16:20] == socket.inet_aton("10.60.0.7")
    assert packet[28:] == b"to the program"
    if mode == "tap":
        assert found[:6].hex(":") == "02:00:00:00:00:09"
    assert names() == {"t0"}, "the link went with the program"


def test_an_attached_program_is_not_disturbed(apply: Any, tell: Any) -> None:
    apply("links: [{name: t0, kind: tun, mode: tap, user: 54321}]")
    change = "links: [{name: t0, kind: tun, user: 54322}]"
    with attached("t0", TAP | NO_PI):
        before = own(tell, "t0")
        with pytest.raises(Failed, match=r"t0: user: a program is attached .* Nothing was changed"):
            apply(change)
        assert own(tell, "t0") == before
        assert apply("links: [{name: t0, kind: tun, user: 54321, mtu: 1400}]").changed, "what needs no ioctl is free"
    assert apply(change).changed
    assert own(tell, "t0")["user"] == USER + 1


def test_queues_share_a_link(apply: Any, tell: Any) -> None:
    apply("links: [{name: t0, kind: tun, mode: tap, multi_queue: true, user: 54321}]")
    with attached("t0", TAP | NO_PI | MULTI_QUEUE):
        assert apply("links: [{name: t0, kind: tun, user: 54322}]").changed
        assert (own(tell, "t0")["user"], own(tell, "t0")["numqueues"]) == (USER + 1, 1)
        with pytest.raises(Failed, match=r"t0: vnet_hdr: a program is attached .* Nothing was changed"):
            apply("links: [{name: t0, kind: tun, vnet_hdr: true}]")
        assert (own(tell, "t0")["vnet_hdr"], own(tell, "t0")["numqueues"]) == (False, 1)
    assert apply("links: [{name: t0, kind: tun, vnet_hdr: true}]").changed
    assert own(tell, "t0")["vnet_hdr"] is True


def test_what_is_gathered_changes_nothing(apply: Any, gather: Any, tell: Any) -> None:
    apply("""
netns: [{name: c}]
links:
  - {name: t0, kind: tun, mode: tap, user: 54321, vnet_hdr: true, addresses: [10.1.0.1/24]}
  - {name: t1, kind: tun, mode: tun, user_group: 54322, pi: true, multi_queue: true, netns: c}
""")
    with attached("held", TUN | NO_PI):
        config = gather()
        assert apply(config).commands == []
        links = {link["name"]: link for link in config["links"]}
        assert (links["held"]["persistent"], links["t0"]["persistent"]) == (False, True)
        assert (links["t0"]["user"], links["t1"]["user_group"], "user" in links["t1"]) == (USER, GROUP, False)
    assert "held" not in names()
    apply({}, overridden=True)
    assert names() == set()
    del links["held"]
    apply({"netns": [{"name": "c"}], "links": [links["t0"], links["t1"]]})
    assert (own(tell, "t0")["user"], own(tell, "t1", "c")["group"]) == (USER, GROUP)


def test_a_link_that_a_program_made_is_kept(apply: Any, tell: Any) -> None:
    """A program that shares its link lets it be made persistent; one that does not is named as the reason."""
    keep = "links: [{name: %s, kind: tun, persistent: true}]"
    with attached("shared", TAP | MULTI_QUEUE), attached("alone", TAP):
        assert not own(tell, "shared")["persist"]
        assert apply(keep % "shared").commands == ["ioctl /dev/net/tun dev shared persistent on"]
        with pytest.raises(Failed, match=r"alone: persistent: a program is attached"):
            apply(keep % "alone")
        with pytest.raises(Refused, match=r"shared: persistent: False cannot be requested"):
            apply("links: [{name: shared, kind: tun, persistent: false}]")
    assert names() == {"shared"}
    assert own(tell, "shared")["persist"]
