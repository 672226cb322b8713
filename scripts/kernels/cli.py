# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command line of scripts/lab-kernel."""

from __future__ import annotations

import argparse
import math
import os
import platform
import re
import sys
from typing import Any, NoReturn

from .boot import REPORT_SECONDS, BadPath, Command, Lost, NotBooted, Stopped, TimedOut, execute
from .candidates import BY_NAME, CANDIDATES, NATIVE, Kernels, Untrusted

#: Names the kernel to take where no option does: for `make lab` and `make test`.
VARIABLE = "NETLOOM_KERNEL"
NOT_RUN, TIMED_OUT, WRONG_CALL, BROKEN_PIPE = 125, 124, 2, 141

LISTED = "\n".join(
    f"  {one.name:<9} {one.about}{'' if one.automatic else '; only where it is named'}" for one in CANDIDATES
)
EPILOG = f"""
kernels, in the order in which they are tried:
{LISTED}

The machine's own kernel is taken where it has the link kinds geneve, ipvlan, vlan, dummy and vrf. Each other kernel is
started once before it is trusted, and what came of that is remembered for this host kernel, processor and package. A
kernel that is not installed is fetched as a Debian package into .cache/lab-kernel and not installed. A lab kernel whose
first process does not report is killed, and the next one is tried. Which one is taken, and why, is said on stderr.

A User-mode Linux kernel has the machine's files: what CMD writes is there afterwards, but /tmp, /run, /dev and /sys end
with it. In QEMU what is written outside the checkout ends with the kernel too. NETLOOM_LAB_KERNEL is "native", "uml" or
"qemu" inside. Run folders lie in .lab/kernel of the current folder (NETLOOM_LAB_DIR/kernel where that is set).

Environment: {VARIABLE}, the name of the kernel to take; NETLOOM_KERNEL_CACHE, another folder for what is fetched.

Exit status: that of CMD; 124 after --timeout; 125 when no kernel ran CMD; 2 for a wrong call.
"""


def say(text: str) -> None:
    """Print a line for people."""
    print(f"lab-kernel: {text}", file=sys.stderr, flush=True)


def last_words(console: str) -> str:
    """Return the end of a sentence with what a kernel printed last; "" where the kernel printed nothing."""
    return f". Its last words:\n{console}" if console else ""


def end(status: int, text: str) -> NoReturn:
    """Print a line and leave."""
    say(text)
    raise SystemExit(status)


def size(text: str) -> str:
    """Check a size such as 2G."""
    if not re.fullmatch(r"\d+[KMGkmg]?", text):
        raise argparse.ArgumentTypeError(f"{text}: not a size such as 2G")
    return text


def seconds(text: str) -> float:
    """Check a number of seconds."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < math.inf:
        raise argparse.ArgumentTypeError(f"{text}: not a number of seconds")
    return found


def variable(text: str) -> str:
    """Check the name of a variable."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text):
        raise argparse.ArgumentTypeError(f"{text}: not a variable's name")
    return text


def suite(text: str) -> str:
    """Check the name of a suite."""
    if not re.fullmatch(r"[a-z0-9.-]+", text):
        raise argparse.ArgumentTypeError(f"{text}: not the name of a suite")
    return text


def package(text: str) -> str:
    """Check the name of a kernel's package."""
    if not re.fullmatch(r"linux-image-[0-9][A-Za-z0-9.+-]*", text):
        raise argparse.ArgumentTypeError(f"{text}: not a name such as linux-image-6.12.95+deb12-cloud-amd64")
    return text


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/lab-kernel", usage="scripts/lab-kernel [OPTION...] [CMD [ARGUMENT...]]", epilog=EPILOG,
        allow_abbrev=False,
        description="Run CMD on a kernel that has every link kind that the lab needs.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    for candidate in CANDIDATES:
        parser.add_argument(
            f"--{candidate.name}",
            dest="kernel",
            action="store_const",
            const=candidate.name,
            help=f"take {candidate.about}",
        )
    add = parser.add_argument
    add(
        "--shell",
        action="store_true",
        help="give CMD (left out: a shell) the terminal, or standard input where there is none",
    )
    add("--which", action="store_true", help="say which kernel is taken and why the others are not; run nothing")
    add("--facts", metavar="NAME", choices=list(BY_NAME), help="print what the kernel NAME has, as JSON; run nothing")
    add("--again", action="store_true", help="try kernels anew that failed before")
    add("--timeout", type=seconds, metavar="SECONDS", help="end CMD after this time (left out: never); not natively")
    add("--report-within", type=seconds, metavar="SECONDS", default=REPORT_SECONDS,
        help="time for the start of a kernel (left out: %(default)g)")  # fmt: skip
    add("--mem", type=size, default="2G", metavar="SIZE", help="memory of a lab kernel (left out: %(default)s)")
    add("--env", type=variable, action="append", default=[], metavar="NAME", help="pass this environment variable too")
    add("--suite", type=suite, help="qemu: take the kernel from this Debian suite")
    add("--package", type=package, help="qemu: take this package, such as linux-image-6.12.95+deb12-cloud-amd64")
    add("--cpus", type=int, choices=range(1, 65), default=1, metavar="NUMBER", help="qemu: processors (left out: 1)")
    add("--kvm", action="store_true", help="qemu: let the processor run the kernel, by /dev/kvm")
    add("command", nargs=argparse.REMAINDER, metavar="CMD", help=argparse.SUPPRESS)
    return parser


def parse(words: list[str]) -> argparse.Namespace:
    """Return the options; leave with status 2 where the call is wrong."""
    parser = build_parser()
    options = parser.parse_args(words)
    if options.command[:1] == ["--"]:
        del options.command[0]
    if (options.suite or options.package) and not options.kernel:
        options.kernel = "qemu"
    wanted = options.kernel or os.environ.get(VARIABLE, "")
    if wanted and wanted not in BY_NAME:
        end(WRONG_CALL, f"{VARIABLE}={wanted}: not one of {', '.join(BY_NAME)}")
    options.kernel = wanted
    if not options.command and options.shell:
        options.command = [os.environ.get("SHELL") or "/bin/bash"]
    if not (options.command or options.which or options.facts):
        parser.print_help(sys.stderr)
        raise SystemExit(WRONG_CALL)
    return options


def main(words: list[str]) -> int:
    """Run the command; return its exit status."""
    options = parse(words)
    qemu: dict[str, Any] = {
        "suite": options.suite or "",
        "package": options.package or "",
        "cpus": str(options.cpus),
        "kvm": options.kvm,
    }
    kernels = Kernels(
        again=options.again or bool(options.kernel), report_seconds=options.report_within, options=qemu, tell=say
    )
    if options.facts:
        return print_facts(kernels, options.facts)
    if options.which:
        return print_which(kernels, options.kernel)
    try:
        return run(kernels, options)
    except Stopped as stopped:
        end(128 + stopped.number, f"stopped by {stopped}")
    except TimedOut as error:
        end(TIMED_OUT, f"{error}; the lab kernel is killed")
    except BrokenPipeError:
        # The reader of our output is gone, as with `| head -1`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return BROKEN_PIPE


def print_facts(kernels: Kernels, name: str) -> int:
    """Print what a kernel has."""
    try:
        print(kernels.facts(name).to_json())
    except Untrusted as error:
        if error.console:
            say(f"{name}: the last words on its console:\n{error.console}")
        end(NOT_RUN, f"{name}: {error}")
    return 0


def print_which(kernels: Kernels, wanted: str) -> int:
    """Print a line for each candidate: taken, not taken and why, or not needed."""
    taken = ""
    for name, reason in kernels.choose(of=(wanted,) if wanted else ()):
        if not reason:
            taken = name
            title = f"kernel {platform.release()}" if name == NATIVE else kernels.engine(name).title
            print(f"{name:<9} taken: {title}")
            break
        print(f"{name:<9} not taken: {reason}")
    for candidate in CANDIDATES:
        if (
            taken
            and not wanted
            and candidate.automatic
            and CANDIDATES.index(candidate) > CANDIDATES.index(BY_NAME[taken])
        ):
            print(f"{candidate.name:<9} not needed")
    return 0 if taken else NOT_RUN


def run(kernels: Kernels, options: argparse.Namespace) -> int:
    """Run the command on the first kernel that starts."""
    if options.kernel == NATIVE:
        run_native(options.command, "asked for")
    refused: list[str] = []
    for name, reason in kernels.choose(of=(options.kernel,) if options.kernel else ()):
        if options.kernel and reason.startswith("it lacks"):
            say(f"{name} is asked for, though {reason}")
        elif reason:
            refused.append(f"{name}: {reason}")
            continue
        if name == NATIVE:
            run_native(options.command, "it has what the lab needs")
        engine = kernels.engine(name)
        say(
            f"{engine.title} ({'asked for' if options.kernel else refused[0] if refused else 'the first that will do'})"
        )
        command = Command(
            words=options.command, memory=options.mem, shell=options.shell, variables=tuple(options.env),
            seconds=options.timeout, report_seconds=options.report_within,
        )  # fmt: skip
        try:
            return execute(engine, command)[0]
        except Lost as error:
            end(NOT_RUN, f"{error}{last_words(error.console)}")
        except NotBooted as error:
            say(f"{name}: {error}{last_words(error.console)}")
            # Memory and paths are the caller's: with others the same kernel may start.
            if options.mem == "2G" and not isinstance(error, BadPath):
                kernels.distrust(name, engine, str(error))
            refused.append(f"{name}: {error}")
    end(NOT_RUN, "\n  ".join(["no kernel ran the command:", *refused]))


def run_native(command: list[str], reason: str) -> NoReturn:
    """Replace this program by the command."""
    say(f"the machine's kernel {platform.release()} ({reason})")
    # Inside a lab kernel this script finds everything native; the kernel's name stays.
    os.environ.setdefault("NETLOOM_LAB_KERNEL", NATIVE)
    try:
        os.execvp(command[0], command)  # noqa: S606 - the command is the caller's
    except OSError as error:
        end(127 if isinstance(error, FileNotFoundError) else 126, f"{command[0]}: {error.strerror}")
