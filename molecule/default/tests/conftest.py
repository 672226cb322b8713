# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Enter the lab's hosts from the machine, with nsenter, and look at them with iproute2, fping, ping and tcpdump."""

from __future__ import annotations

import contextlib
import os
import shlex
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import testinfra

LAB = Path("/run/netloom-lab") / os.environ.get("NETLOOM_LAB_NAME", "molecule")


@dataclass
class Frame:
    """One captured frame: outer Ethernet, IPv4 and UDP, 8 bytes of the tunnel's header, the inner frame."""

    raw: bytes

    @property
    def dstport(self) -> int:
        return int(struct.unpack_from("!H", self.raw, 36)[0])

    @property
    def tunnel(self) -> bytes:
        return self.raw[42:50]

    @property
    def vni(self) -> int:
        return int.from_bytes(self.tunnel[4:7], "big")

    @property
    def inner(self) -> bytes:
        return self.raw[50:]

    @property
    def inner_type(self) -> int:
        return int(struct.unpack_from("!H", self.inner, 12)[0])

    @property
    def outer_total_length(self) -> int:
        return int(struct.unpack_from("!H", self.raw, 16)[0])


@dataclass
class Capture:
    """What tcpdump saw; filled when it has ended."""

    frames: list[bytes] = field(default_factory=list)

    def tunnelled(self, dstport: int) -> list[Frame]:
        """Give the IPv4 UDP frames to a port."""
        return [
            frame
            for frame in map(Frame, self.frames)
            if frame.raw[12:14] == b"\x08\x00" and frame.raw[23] == 17 and frame.dstport == dstport
        ]


def read_pcap(data: bytes) -> list[bytes]:
    """Split a capture file into frames: 24 bytes of header, then 16 bytes before each frame (pcap-savefile(5))."""
    frames, offset = [], 24
    while offset + 16 <= len(data):
        length = struct.unpack_from("=I", data, offset + 8)[0]
        frames.append(data[offset + 16 : offset + 16 + length])
        offset += 16 + length
    return frames


class LabHost:
    """One lab host, or a namespace in it."""

    def __init__(self, name: str, inside: tuple[str, ...] = ()) -> None:
        self.name = name
        pid = (LAB / "hosts" / name).read_text().split()[0]
        self.prefix = ("nsenter", "-t", pid, "-m", "-u", "-i", "-n", "-p", "--", *inside)
        self.machine: Any = testinfra.get_host("local://")

    def netns(self, name: str) -> LabHost:
        """Give a named namespace of the host."""
        return LabHost(self.name, ("ip", "netns", "exec", name))

    def box(self, name: str) -> LabHost:
        """Give the namespace of a process of the host."""
        pid = self.out("cat", f"/run/{name}.pid").strip()
        return LabHost(self.name, ("nsenter", f"--net=/proc/{pid}/ns/net", "--"))

    def run(self, *words: str) -> Any:
        """Run a command; give testinfra's result."""
        return self.machine.run(shlex.join([*self.prefix, *words]))

    def out(self, *words: str) -> str:
        """Run a command that must succeed; give what it prints."""
        done = self.run(*words)
        assert done.rc == 0, f"{self.name}: {words}: {done.rc}: {done.stdout} {done.stderr}"
        return str(done.stdout)

    def silent(self, *addresses: str) -> list[str]:
        """Give those of the addresses that do not answer fping."""
        done = self.run("fping", "-u", "-r", "2", *addresses)
        assert done.rc in (0, 1), done
        return str(done.stdout).split()

    @contextlib.contextmanager
    def capture(self, device: str, *words: str) -> Iterator[Capture]:
        """Capture on a device while the block runs, and half a second more for what is still on its way."""
        command = [*self.prefix, "tcpdump", "-i", device, "-n", "-U", "--immediate-mode", "-w", "-", *words]
        seen = Capture()
        tcpdump = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert tcpdump.stderr is not None
        for line in tcpdump.stderr:
            if b"listening on" in line:
                break
        else:
            raise AssertionError(f"tcpdump on {device} of {self.name} did not start")
        try:
            yield seen
        finally:
            with contextlib.suppress(subprocess.TimeoutExpired):
                tcpdump.wait(0.5)
            # nsenter -p forks. tcpdump is its child, and ends on a signal to it.
            for child in Path(f"/proc/{tcpdump.pid}/task/{tcpdump.pid}/children").read_text().split():
                os.kill(int(child), 15)
            seen.frames += read_pcap(tcpdump.communicate(timeout=20)[0])


@pytest.fixture(scope="session")
def nodes() -> dict[str, LabHost]:
    """Give the four lab hosts."""
    return {name: LabHost(name) for name in ("node1", "node2", "node3", "node4")}
