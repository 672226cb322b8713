# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Speak rtnetlink over one socket in one namespace: dumps and batches of encoded messages.

Large batches are sent from a second thread, so that this process encodes the next messages while the kernel works.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

#: Seconds after which a thread that waits gets its turn, while there are two (Python's own: 0.005).
SWITCH = 0.0002


class Beside:
    """Run steps one after another in a thread beside this one, which goes on meanwhile."""

    def __init__(self) -> None:
        self._thread: ThreadPoolExecutor | None = None
        self._steps: list[Future[None]] = []
        self._interval = sys.getswitchinterval()

    def run(self, step: Callable[[], None]) -> None:
        """Run a step when those before it have ended."""
        if self._thread is None:
            from concurrent.futures import ThreadPoolExecutor  # 5 ms: only where there is much to do

            # A thread that comes back from the kernel takes its turn at once: the kernel is what there is to wait for.
            self._interval = sys.getswitchinterval()
            sys.setswitchinterval(SWITCH)
            self._thread = ThreadPoolExecutor(1)
        self._steps.append(self._thread.submit(step))

    def wait(self) -> None:
        """Wait for the end of all steps; raise what the first of them raised."""
        if self._thread is None:
            return
        self._thread.shutdown()
        self._thread = None
        sys.setswitchinterval(self._interval)
        steps, self._steps = self._steps, []
        for step in steps:
            step.result()


NETLINK_ROUTE = 0
SOL_NETLINK = 270
NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK = 10, 11, 12
SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP_INTR, NLM_F_DUMP = 0x1, 0x4, 0x10, 0x300
NLM_F_CAPPED, NLM_F_ACK_TLVS = 0x100, 0x200
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLMSGERR_ATTR_MSG, NLMSGERR_ATTR_OFFS = 1, 2

BUFFER = 8 << 20  # bytes; a dump or the errors of a whole batch must fit
BATCH = 96 << 10  # bytes in one send: some 800 links
FIRST = 4 << 10  # bytes in the first of several, so that the kernel is not kept waiting
GROWTH = 3  # how many times as long as the last a send may be: a request takes the kernel longer than us
RECEIVE = 1 << 20
ANSWER = 64 << 10  # bytes; one acknowledgement or error
DUMP_TRIES = 10

_HEADER = struct.Struct("=IHHII")
_ATTR = struct.Struct("=HH")
_receive_buffer = bytearray(RECEIVE)


@dataclass(frozen=True)
class KernelError(Exception):
    """The kernel's refusal of one request: errno and, where it has one, its own sentence."""

    number: int
    sentence: str = ""
    offset: int = 0  # where in the request the attribute stands that it is about; 0: not told

    def __str__(self) -> str:
        text = os.strerror(self.number)
        return f"{text} - kernel: {self.sentence.rstrip('.')}" if self.sentence else text


class Channel:
    """One rtnetlink socket. Open it in the thread that is in the namespace it is for; use it from anywhere."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_ROUTE)
        self._sequence = 0
        self._beside = Beside()
        for option in (NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK):
            try:
                self.socket.setsockopt(SOL_NETLINK, option, 1)
            except OSError as error:
                # Kernels before 4.20 have no strict checking: dumps are then filtered here.
                if error.errno != errno.ENOPROTOOPT:
                    raise
        for option in (SO_SNDBUFFORCE, SO_RCVBUFFORCE):
            try:
                self.socket.setsockopt(socket.SOL_SOCKET, option, BUFFER)
            except PermissionError:
                # Reading needs no privilege; the default buffers then do.
                continue
        self.socket.bind((0, 0))

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence

    def _packets(self, buffer: bytearray = _receive_buffer) -> Iterator[tuple[int, int, int, memoryview]]:
        """Yield type, flags, sequence number and payload of what one receive brings."""
        size = self.socket.recv_into(buffer)
        view = memoryview(buffer)
        offset = 0
        while offset + 16 <= size:
            length, kind, flags, sequence, _port = _HEADER.unpack_from(buffer, offset)
            if length < 16:
                return
            yield kind, flags, sequence, view[offset + 16 : offset + length]
            offset += (length + 3) & ~3

    def dump(self, kind: int, payload: bytes) -> list[bytes]:
        """Return the payloads of a dump; raise KernelError. An interrupted dump is taken again."""
        for _try in range(DUMP_TRIES):
            found, interrupted = self._dump_once(kind, payload)
            if not interrupted:
                return found
        raise KernelError(errno.EAGAIN, "the tables kept changing while they were read")

    def _dump_once(self, kind: int, payload: bytes) -> tuple[list[bytes], bool]:
        self._beside.wait()
        sequence = self._next()
        header = _HEADER.pack(16 + len(payload), kind, NLM_F_REQUEST | NLM_F_DUMP, sequence, 0)
        self.socket.send(header + payload)
        found: list[bytes] = []
        interrupted = False
        while True:
            for got, flags, number, body in self._packets():
                if number != sequence:
                    continue
                interrupted = interrupted or bool(flags & NLM_F_DUMP_INTR)
                if got == NLMSG_DONE:
                    return found, interrupted
                if got == NLMSG_ERROR:
                    raise _error(flags, body) or KernelError(errno.EPROTO)
                found.append(bytes(body))

    def ask(self, kind: int, payload: bytes) -> bytes:
        """Return the payload of one answer; raise KernelError."""
        self._beside.wait()
        sequence = self._next()
        self.socket.send(_HEADER.pack(16 + len(payload), kind, NLM_F_REQUEST, sequence, 0) + payload)
        while True:
            for got, flags, number, body in self._packets():
                if number != sequence:
                    continue
                if got == NLMSG_ERROR:
                    raise _error(flags, body) or KernelError(errno.EPROTO)
                return bytes(body)

    def request(self, kind: int, payload: bytes) -> None:
        """Send one request and wait for its acknowledgement; raise KernelError."""
        message = bytearray(_HEADER.pack(16 + len(payload), kind, 0, 0, 0) + payload)
        for error in self.batch([message]).values():
            raise error

    def batch(self, messages: Iterable[bytearray]) -> dict[int, KernelError]:
        """Send encoded requests in as few sends as may be; return the errors by position in messages.

        Only the last request of a send asks for an acknowledgement: errors come back anyway, with the sequence number
        of the request that they are about (net/netlink/af_netlink.c: netlink_rcv_skb). While the kernel works on one
        send the messages of the next are taken, so that what makes them costs no time of its own.
        """
        errors: dict[int, KernelError] = {}
        start, size, most = 0, 0, min(FIRST, BATCH)
        waiting: list[bytearray] = []
        try:
            for message in messages:
                if size + len(message) > most and waiting:
                    self._beside.run(self._sending(waiting, start, errors))
                    most = min(GROWTH * most, BATCH)
                    start, size, waiting = start + len(waiting), 0, []
                waiting.append(message)
                size += len(message)
        finally:
            self._beside.wait()
        if waiting:
            self._sending(waiting, start, errors)()
        return errors

    def _sending(self, messages: list[bytearray], start: int, errors: dict[int, KernelError]) -> Callable[[], None]:
        """Return what sends messages in one go and adds the errors, by their place behind ``start``."""
        first = self._sequence + 1
        for message in messages:
            kind, flags = _ATTR.unpack_from(message, 4)
            flags |= NLM_F_REQUEST | (NLM_F_ACK if message is messages[-1] else 0)
            _HEADER.pack_into(message, 0, len(message), kind, flags, self._next(), 0)
        last = self._sequence
        data, answers = b"".join(messages), bytearray(ANSWER)

        def send() -> None:
            self.socket.send(data)
            while True:
                for got, flags, number, body in self._packets(answers):
                    if got != NLMSG_ERROR or not first <= number <= last:
                        continue
                    error = _error(flags, body)
                    if error is not None:
                        errors[start + number - first] = error
                    if number == last:
                        return

        return send


def _error(flags: int, body: memoryview) -> KernelError | None:
    """Read an error answer; None is an acknowledgement."""
    number = -struct.unpack_from("=i", body)[0]
    sentence, at = "", 0
    if flags & NLM_F_ACK_TLVS:
        length = struct.unpack_from("=I", body, 4)[0]
        offset = 4 + (16 if flags & NLM_F_CAPPED else (length + 3) & ~3)
        while offset + 4 <= len(body):
            size, kind = _ATTR.unpack_from(body, offset)
            if size < 4:
                break
            if kind == NLMSGERR_ATTR_MSG:
                sentence = bytes(body[offset + 4 : offset + size]).rstrip(b"\0").decode("utf-8", "replace")
            elif kind == NLMSGERR_ATTR_OFFS and size >= 8:
                at = struct.unpack_from("=I", body, offset + 4)[0]
            offset += (size + 3) & ~3
    return KernelError(number, sentence, at) if number else None
