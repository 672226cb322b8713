# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The host's lock: one run at a time, held by root alone. ``ip`` and ``flock`` are the witnesses."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host import run as engine_module
from ansible_collections.netloom.overlay.plugins.module_utils._host.kernel.host import machine
from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Engine, Refused

Apply = Callable[..., Any]


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the path of a lock that no other test uses."""
    path = tmp_path / "lock"
    whole = machine.locked
    monkeypatch.setattr(engine_module, "locked", lambda wait, say: whole(wait, say, str(path)))
    return path


@pytest.fixture
def holder(lock: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Give a process that holds the lock as a run does."""
    code = (
        f"import sys, time\nsys.path[:] = {sys.path!r}\nfrom {machine.__name__} import locked\n"
        f"with locked(1, path={str(lock)!r}): print(flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_lock_lies_where_only_root_writes() -> None:
    folder = os.stat(os.path.dirname(machine.LOCK))
    assert (folder.st_uid, folder.st_mode & 0o022) == (0, 0)
    assert os.stat(tempfile.gettempdir()).st_mode & 0o002, "the positive control"


def test_lock_is_for_root_alone_and_empty_behind_a_run(apply: Apply, lock: Path) -> None:
    apply("links: [{name: br0, kind: bridge}]")
    assert (lock.stat().st_mode & 0o777, lock.read_bytes()) == (0o600, b"")


def test_symlink_is_not_followed(apply: Apply, lock: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("precious", encoding="ascii")
    lock.symlink_to(target)
    with pytest.raises(Refused, match=f"^{lock}: the lock cannot be opened: is a symlink. Remove it$"):
        apply("links: [{name: br0, kind: bridge}]")
    assert target.read_text(encoding="ascii") == "precious"
    lock.unlink()
    assert apply("links: [{name: br0, kind: bridge}]").changed, "the positive control"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_refused_at_once(apply: Apply, lock: Path, make: Callable[[Path], None]) -> None:
    make(lock)
    with pytest.raises(Refused, match=r"Remove it$"):
        apply("links: [{name: br0, kind: bridge}]")


def test_waiting_run_names_the_holder_and_goes_on(lock: Path, holder: subprocess.Popen[bytes]) -> None:
    said: list[tuple[float, str]] = []
    started = time.monotonic()
    ending = threading.Timer(2, holder.kill)
    ending.start()
    report = Engine(say=lambda sentence: said.append((time.monotonic() - started, sentence))).run(
        {"links": [{"name": "br0", "kind": "bridge"}]}
    )
    assert report.changed, "a killed holder holds nothing"
    ((seconds, sentence),) = said
    assert 1 <= seconds < 1.5
    assert f"process {holder.pid} ({sys.executable} -c import sys, time sys.path" in sentence
    assert lock.exists()


def test_run_that_waits_too_long_names_the_holder(
    holder: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "LOCK_WAIT", 1.2)
    with pytest.raises(Refused, match=rf"after 1 s still held by process {holder.pid} \(.*Run the task again"):
        Engine().run({})


def test_waiting_run_sees_the_namespaces_of_the_run_before(lock: Path, holder: subprocess.Popen[bytes]) -> None:
    """The holder removes a namespace and makes another one: both count for the run that waits."""
    subprocess.run(["ip", "netns", "add", "old"], check=True)
    commands = ["ip netns del old", "ip netns add new", f"kill -9 {holder.pid}"]
    with subprocess.Popen(["sh", "-c", f"sleep 0.5; {'; '.join(commands)}"]):
        report = Engine().run({"links": [{"name": "br0", "kind": "bridge", "netns": "new"}]})
    assert report.commands[0] == "ip -n new link add br0 group 28268 up type bridge"
    with pytest.raises(Refused, match="there is no namespace old"):
        Engine().run({"links": [{"name": "br0", "kind": "bridge", "netns": "old"}]})
    assert lock.exists()
