# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The parts of scripts/kernels that need no kernel: facts, memory of trials, versions, command line, and the guard."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"
NAMES = ("apt", "boot", "candidates", "cli", "facts", "kinds", "qemu", "uml")


@pytest.fixture
def kernels(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Give the files of scripts/kernels."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    monkeypatch.delenv("NETLOOM_KERNEL", raising=False)
    monkeypatch.delenv("NETLOOM_LAB_DIR", raising=False)
    yield type("Files", (), {name: importlib.import_module(f"kernels.{name}") for name in NAMES})
    for name in [name for name in sys.modules if name.partition(".")[0] == "kernels"]:
        del sys.modules[name]


# --- facts ---

WHOLE = "release 6.1.0-13-amd64\niproute2 6.1.0\nkind veth\nkind vrf\nfeature overlay\nfeature native\nend\n"


@pytest.mark.parametrize("text", [WHOLE, WHOLE.replace("\n", "\r\n")], ids=["lines", "lines of a terminal"])
def test_facts_are_read(kernels: Any, text: str) -> None:
    found = kernels.facts.Facts.parse(text)
    assert (found.release, found.iproute2) == ("6.1.0-13-amd64", "6.1.0")
    assert (found.kinds, found.features) == ({"veth", "vrf"}, {"overlay", "native"})
    assert kernels.facts.Facts.from_json(found.to_json()) == found
    assert "\n" not in found.to_json()


@pytest.mark.parametrize("text", ["", "\n", WHOLE.removesuffix("end\n"), WHOLE[:40], WHOLE + "bash: killed\n"])
def test_facts_that_are_not_whole_are_refused(kernels: Any, text: str) -> None:
    with pytest.raises(ValueError, match="not whole"):
        kernels.facts.Facts.parse(text)


@pytest.mark.parametrize(
    ("needs", "lacking"),
    [
        ({}, []),
        ({"kinds": ("vrf", "veth")}, []),
        ({"kinds": ("geneve", "vrf", "ipvlan")}, ["geneve", "ipvlan"]),
        ({"features": ("overlay", "native")}, []),
        ({"features": ("overlay", "netfilter")}, ["IPv4 packet filtering (and iptables)"]),
        ({"features": ("disposable", "vlan_filtering")}, ["a kernel that dies alone", "VLAN filtering of bridges"]),
        ({"linux": "6.1"}, []),
        ({"linux": "5.19", "before": "6.2"}, []),
        ({"linux": "6.2"}, ["Linux 6.2"]),
        ({"linux": "6.13"}, ["Linux 6.13"]),
        ({"before": "6.1"}, ["a Linux before 6.1"]),
        ({"before": "6.13"}, []),
        ({"iproute2": "6.1"}, []),
        ({"iproute2": "6.15"}, ["iproute2 6.15"]),
        ({"kinds": ("geneve",), "linux": "6.3", "iproute2": "6.4"}, ["geneve", "Linux 6.3", "iproute2 6.4"]),
    ],
)
def test_facts_are_compared_with_needs(kernels: Any, needs: dict[str, Any], lacking: list[str]) -> None:
    assert kernels.facts.Facts.parse(WHOLE).lacks(kernels.facts.Needs(**needs)) == lacking


def test_an_unknown_release_of_iproute2_is_older_than_any(kernels: Any) -> None:
    found = kernels.facts.Facts.parse("release 6.1.0\niproute2 \nend\n")
    assert found.lacks(kernels.facts.Needs(iproute2="5.0")) == ["iproute2 5.0"]


# --- memory of trials ---


def uml(kernels: Any, folder: Path) -> Any:
    """Return a kernel whose program is a file of the test."""
    program = folder / "linux.uml"
    program.write_text("one")
    return kernels.uml.Uml(
        program=program, release="7.0.1", modules_folder=folder, package="user-mode-linux 7.0", seccomp=True
    )


def test_the_fingerprint_changes_with_the_program(kernels: Any, tmp_path: Path) -> None:
    engine = uml(kernels, tmp_path)
    first = kernels.candidates.fingerprint(engine)
    assert kernels.candidates.fingerprint(engine) == first
    there = engine.program.stat()
    engine.program.write_text("other")
    os.utime(engine.program, ns=(there.st_atime_ns, there.st_mtime_ns))
    second = kernels.candidates.fingerprint(engine)
    os.utime(engine.program, ns=(there.st_atime_ns, there.st_mtime_ns + 1))
    third = kernels.candidates.fingerprint(engine)
    assert len({first, second, third}) == 3


def test_the_fingerprint_changes_with_the_guests_scripts(
    kernels: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = uml(kernels, tmp_path)
    guest = tmp_path / "guest"
    guest.mkdir()
    (guest / "work").write_text("one")
    monkeypatch.setattr(kernels.candidates, "GUEST", guest)
    first = kernels.candidates.fingerprint(engine)
    (guest / "work").write_text("two")
    assert kernels.candidates.fingerprint(engine) != first


def test_the_fingerprint_changes_with_the_trials(kernels: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = uml(kernels, tmp_path)
    first = kernels.candidates.fingerprint(engine)
    assert kernels.candidates.fingerprint(engine) == first
    monkeypatch.setattr(kernels.candidates, "TRIALS", (*kernels.candidates.TRIALS, "new=link add name t0 type new"))
    assert kernels.candidates.fingerprint(engine) != first


@pytest.mark.parametrize(
    "trial",
    [
        "dummy=link add name t0 type dummy",
        "vlan=link add link p0 name t0 type vlan id 2",
        "tun=tuntap add t0 mode tap",
    ],
)
def test_kernels_are_tried_for_the_kinds_of_the_registry(kernels: Any, trial: str) -> None:
    assert trial in kernels.kinds.TRIALS


def test_the_modules_of_all_kinds_are_loaded(kernels: Any) -> None:
    for engine in (kernels.uml, kernels.qemu):
        assert {"8021q", "geneve", "dummy", "overlay"} <= set(engine.MODULES.split())
        assert "vlan" not in engine.MODULES.split()


def test_a_trial_is_remembered_for_one_fingerprint(kernels: Any, tmp_path: Path) -> None:
    memory = kernels.candidates.Memory(tmp_path / "cache")
    assert memory.get("uml", "a") is None
    memory.put("uml", "a", reason="it panicked")
    memory.put("qemu", "b", facts="{}")
    assert memory.get("uml", "a") == {"fingerprint": "a", "reason": "it panicked"}
    assert memory.get("uml", "b") is None
    assert memory.get("qemu", "b") == {"fingerprint": "b", "facts": "{}"}
    for damaged in ("", "[]", '{"uml": 1}', '{"uml": '):
        memory.file.write_text(damaged)
        assert memory.get("uml", "a") is None
    memory.put("uml", "a", reason="again")
    assert memory.get("uml", "a") == {"fingerprint": "a", "reason": "again"}


# --- versions of packages ---


@pytest.mark.parametrize(
    ("version", "least", "expected"),
    [
        ("6.12.95-1~bpo12+1", "6.12", True),
        ("6.1.170-1", "6.12", False),
        ("7.2um1", "6.13", True),
        ("1:10.0.2+ds-2", "10", True),
        ("1:7.2+dfsg-7", "10", False),
        ("6.15.0-1~bpo12+1", "6.15.0-1", False),
        ("1:10.0.2", "1:9.2.1", True),
        ("1:9.2.1", "1:10.0.2", False),
        ("6.1", "6.1", True),
    ],
)
def test_versions_are_compared_as_dpkg_does_without_epochs(
    kernels: Any, version: str, least: str, expected: bool
) -> None:
    assert kernels.apt.at_least(version, least) is expected


class Listed:
    """An archive whose lists are a text."""

    uri = "http://deb.example.org/debian"

    def __init__(self, text: str) -> None:
        self.text = text

    def call(self, command: str, suites: tuple[str, ...], *words: str) -> str:
        return self.text


def test_the_newest_package_of_all_suites_is_found(kernels: Any) -> None:
    rows = {"testing": ("1:9.2-1", "1:10.0-1"), "unstable": ("1:10.2-1", "1:10.1-9"), "bookworm": ("1:7.2-1",)}
    lines = [
        f" qemu | {version} | {Listed.uri} {suite}/main amd64 Packages\n"
        for suite, versions in rows.items()
        for version in versions
    ]
    suites = kernels.apt.Suites(Listed("".join(lines)), tuple(rows))
    assert suites.versions("qemu") == {"testing": "1:10.0-1", "unstable": "1:10.2-1", "bookworm": "1:7.2-1"}
    assert suites.newest("qemu") == ("1:10.2-1", "unstable")


def test_a_package_that_no_suite_has_is_unavailable(kernels: Any) -> None:
    with pytest.raises(kernels.apt.Unavailable, match="no package user-mode-linux in testing, unstable"):
        kernels.apt.Suites(Listed(""), ("testing", "unstable")).newest("user-mode-linux")


def test_dependencies_are_read_without_their_versions(kernels: Any) -> None:
    text = "Package: linux-image-cloud-amd64\nDepends: linux-image-6.12.1-cloud-amd64 (= 6.12.1-1), kmod\nSize: 1\n"
    assert kernels.apt.Suites(Listed(text), ("stable",)).depends("linux-image-cloud-amd64", "6.12.1-1") == [
        "linux-image-6.12.1-cloud-amd64",
        "kmod",
    ]


# --- the command line ---


@pytest.mark.parametrize(
    "words",
    [
        "",
        "--mem 1G",
        "--nothing true",
        "--time 3 true",
        "--mem lots true",
        "--mem -1 true",
        "--timeout 0 true",
        "--timeout -1 true",
        "--timeout soon true",
        "--timeout nan true",
        "--report-within 0 true",
        "--env A=b true",
        "--suite a/b true",
        "--package bash true",
        "--cpus 0 true",
        "--cpus many true",
        "--facts xen",
    ],
)
def test_a_wrong_call_is_refused(kernels: Any, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        kernels.cli.parse(words.split())
    assert left.value.code == 2
    assert "scripts/lab-kernel" in capsys.readouterr().err


def test_the_variable_names_a_kernel(kernels: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("NETLOOM_KERNEL", "uml-old")
    assert kernels.cli.parse(["true"]).kernel == "uml-old"
    assert kernels.cli.parse(["--qemu", "true"]).kernel == "qemu"
    monkeypatch.setenv("NETLOOM_KERNEL", "xen")
    with pytest.raises(SystemExit) as left:
        kernels.cli.parse(["true"])
    assert left.value.code == 2
    assert "NETLOOM_KERNEL=xen: not one of native, uml, uml-old, qemu" in capsys.readouterr().err


def test_defaults(kernels: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    options = kernels.cli.parse(["true"])
    assert (options.report_within, options.timeout, options.mem, options.kernel) == (60.0, None, "2G", "")
    assert kernels.boot.Command(words=["true"]).report_seconds == 60.0
    monkeypatch.setenv("SHELL", "/bin/dash")
    assert kernels.cli.parse(["--shell"]).command == ["/bin/dash"]


def test_the_words_of_the_command_are_not_options(kernels: Any) -> None:
    options = kernels.cli.parse(["--mem", "1G", "ls", "--which", "--mem", "lots"])
    assert (options.mem, options.which, options.command) == ("1G", False, ["ls", "--which", "--mem", "lots"])
    assert kernels.cli.parse(["--", "ls", "--", "-l"]).command == ["ls", "--", "-l"]


def test_options_of_qemu_ask_for_qemu(kernels: Any) -> None:
    assert kernels.cli.parse(["--suite", "trixie", "true"]).kernel == "qemu"
    assert kernels.cli.parse(["--qemu-old", "--suite", "bookworm", "true"]).kernel == "qemu-old"


# --- the guard ---


class Engine:
    """A "kernel" that runs lines of bash; 0.4 s of processor time are too much for its start."""

    word = "uml"
    first = "first-uml"
    second = modules = path = ""
    release = "7.0.1"
    title = "stand-in"
    identity = "stand-in"
    busy_seconds = 0.4

    def __init__(self, folder: Path, lines: str) -> None:
        self.modules_folder = folder
        self.lines = lines

    def start(self, run: Any) -> subprocess.Popen[bytes]:
        started: subprocess.Popen[bytes] = run.spawn(["bash", "-c", self.lines])
        return started


@pytest.fixture
def start(kernels: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give a function that runs lines of bash as a kernel, and returns the reason why that is killed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(kernels.boot, "SILENT_SECONDS", 0.5)

    def run(lines: str, *, limit: float) -> str:
        command = kernels.boot.Command(words=["true"], capture=True, report_seconds=limit)
        with pytest.raises(kernels.boot.NotBooted) as error:
            kernels.boot.execute(Engine(tmp_path, lines), command)
        assert list((tmp_path / ".lab" / "kernel").iterdir()) == []
        return str(error.value)

    return run


def test_a_start_that_only_uses_a_processor_is_ended(start: Any) -> None:
    assert start("while :; do :; done", limit=60).startswith("the kernel used a processor for ")


def test_the_processor_time_of_children_counts(start: Any) -> None:
    assert start("(while :; do :; done) & sleep 100", limit=60).startswith("the kernel used a processor for ")


def test_a_start_that_is_busy_and_prints_has_its_whole_time(start: Any) -> None:
    assert "within 2.5 s" in start("while :; do for n in {1..9999}; do :; done; echo busy; done", limit=2.5)


def test_a_start_that_waits_has_its_whole_time(start: Any) -> None:
    assert "within 1.5 s" in start("sleep 100", limit=1.5)


def test_a_panic_of_a_kernel_that_has_ended_is_named(kernels: Any, tmp_path: Path) -> None:
    run = kernels.boot.Run(Engine(tmp_path, ""), kernels.boot.Command(words=["true"]), tmp_path / "runs")
    run.console += b"Kernel panic - not syncing: early\n"  # it is read after the process's end is seen
    with pytest.raises(kernels.boot.NotBooted, match="the kernel panicked") as error:
        run._status()
    assert error.value.console == "Kernel panic - not syncing: early"


def test_the_last_words_begin_with_the_panic(kernels: Any, tmp_path: Path) -> None:
    run = kernels.boot.Run(Engine(tmp_path, ""), kernels.boot.Command(words=["true"]), tmp_path / "runs")
    run.console += b"".join(b"line %d\r\n" % number for number in range(100))
    assert run.last_words().splitlines() == [f"line {number}" for number in range(70, 100)]
    run.console += b"Kernel panic - not syncing: early\r\n"
    run.console += b"".join(b" [<6003209e>] ? function_%d+0x0/0x45\r\n" % number for number in range(100))
    assert run.last_words().splitlines()[0] == "Kernel panic - not syncing: early"


def test_a_path_with_a_blank_is_refused(kernels: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a b").mkdir()
    monkeypatch.chdir(tmp_path / "a b")
    with pytest.raises(kernels.boot.NotBooted, match="has a blank"):
        kernels.boot.execute(Engine(tmp_path, "true"), kernels.boot.Command(words=["true"]))


def test_run_folders_without_an_owner_are_removed(kernels: Any, tmp_path: Path) -> None:
    mine, other, young, old = (tmp_path / f"run.{name}" for name in ("mine", "other", "young", "old"))
    for folder in (mine, other, young, old):
        folder.mkdir()
    own = f"{os.getpid()} {kernels.boot.start_time(os.getpid())}\n"
    (mine / "owner").write_text(own)
    (other / "owner").write_text(f"{own.strip()}1\n")  # another process had this number
    os.utime(old, (time.time() - 700,) * 2)
    kernels.boot.sweep(tmp_path)
    assert sorted(tmp_path.iterdir()) == [mine, young]
