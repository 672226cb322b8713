# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Build lab hosts: what runs in the processes that become them.

Every function here runs in a forked child. The child reports on a pipe that the kernel closes when it becomes its
`sleep`, and waits on another for the word to go on: when the module dies, both end, and so does a host half built.
"""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
import stat
import traceback
from collections.abc import Sequence
from typing import Callable

from . import syscalls
from .process import mark
from .spec import Lab, LabHost

# (name, major, minor) of what programs expect in /dev; Documentation/admin-guide/devices.txt
DEVICES = (("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0))
TUN = ("net/tun", 10, 200)
SLEEP = "/bin/sleep"


def child(body: Callable[[], dict[str, str]], report: int) -> int:
    """Fork; run `body` in the child, then become a sleeping process with the environment that it returns.

    Returns the child's PID to the caller. An error of `body` is written to `report` as a line "error ...".
    """
    pid = os.fork()
    if pid:
        return pid
    try:
        environment = body()
        quiet = os.open("/dev/null", os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(quiet, fd)
        os.execve(SLEEP, ["sleep", "infinity"], environment)  # noqa: S606
    except BaseException as error:  # noqa: BLE001  a child that returned would go on as a second module
        text = str(error) if isinstance(error, (OSError, ValueError)) else traceback.format_exc()
        os.write(report, f"error {text.strip()}\n".encode()[:4000])
    finally:
        os._exit(1)


def keep_open(*fds: int) -> None:
    """Close all of the child's descriptors but these and 0 to 2.

    Above all the end of the pipe on which the word to go on is sent, for that must be closed when the module dies,
    and the lab's lock, which would be held as long as a child that hangs.
    """
    for fd in [int(name) for name in os.listdir("/proc/self/fd")]:
        if fd > 2 and fd not in fds:
            try:
                os.close(fd)
            except OSError:
                continue  # the one that listed them


def underlay(path: str, spec: str, report: int) -> dict[str, str]:
    """Become the process that holds the underlay's network namespace."""
    keep_open(report)
    os.setsid()
    syscalls.unshare(syscalls.CLONE_NEWNET | syscalls.CLONE_NEWNS | syscalls.CLONE_NEWUTS)
    syscalls.mount("", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
    # Its links are no hosts: without this, their router solicitations stand in the hosts' captures.
    syscalls.mount("sysfs", "/sys", "sysfs")
    _write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1", missing_ok=True)
    socket.sethostname("underlay")
    syscalls.set_up("lo")
    return mark("underlay", path, spec=spec)


def host(lab: Lab, spec: LabHost, mounts: Sequence[str], report: int, go: int) -> dict[str, str]:
    """Become the first process of a lab host.

    Two forks: a process stays in the PID namespace that it was born in, so the one that makes the new one is not in it.
    """
    os.setsid()
    new = (
        syscalls.CLONE_NEWNS
        | syscalls.CLONE_NEWUTS
        | syscalls.CLONE_NEWIPC
        | syscalls.CLONE_NEWNET
        | syscalls.CLONE_NEWPID
    )
    syscalls.unshare(new)
    first = child(lambda: _first(lab, spec, mounts, report, go), report)
    os.write(report, f"pid {first}\n".encode())
    os._exit(0)


def _first(lab: Lab, spec: LabHost, mounts: Sequence[str], report: int, go: int) -> dict[str, str]:
    """Set up the lab host, wait for its eth0, configure that."""
    syscalls.mount("", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
    root = _root(lab, spec, mounts)
    syscalls.change_root(root)
    socket.sethostname(spec.name)
    syscalls.set_up("lo")
    os.write(report, b"ready\n")
    if not os.read(go, 1):
        os._exit(0)  # the module is gone or has given up
    _eth0(spec)
    for owner, name in lab.processes:
        if owner == spec.name:
            process(lab.path, spec.name, name)
    # With SIGCHLD ignored the kernel reaps what is left to the first process; `sleep` would not.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    return dict(mark("host", lab.path, host=spec.name, spec=spec.spec()), PATH=os.environ.get("PATH", os.defpath))


def _root(lab: Lab, spec: LabHost, mounts: Sequence[str]) -> str:
    """Mount the host's file systems and return where its root is.

    Everything that the host writes lands in a tmpfs that only its own mount namespace has, and is gone with it.
    """
    base = lab.path + "/mnt"
    syscalls.mount("tmpfs", base, "tmpfs", data=f"mode=755,size={lab.size}")
    root = base + "/root"
    os.mkdir(root)
    _overlay("/", root, base + "/0")
    nodev = syscalls.MS_NOSUID | syscalls.MS_NODEV
    syscalls.mount("proc", root + "/proc", "proc", nodev)
    syscalls.mount("sysfs", root + "/sys", "sysfs", nodev)
    syscalls.mount("tmpfs", root + "/run", "tmpfs", nodev, "mode=755")
    syscalls.mount("tmpfs", root + "/tmp", "tmpfs", nodev, "mode=1777")  # noqa: S108
    for name in ("netns", "lock"):
        os.mkdir(f"{root}/run/{name}")
    _dev(root + "/dev")
    for number, path in enumerate(mounts, 1):
        os.makedirs(root + path, exist_ok=True)
        _overlay(path, root + path, f"{base}/{number}")
    _replace(root + "/etc/hosts", lab.hosts_file())
    _replace(root + "/etc/hostname", spec.name + "\n")
    return root


def _overlay(lower: str, target: str, base: str) -> None:
    """Mount a private, writable view of a folder."""
    for name in ("upper", "work"):
        os.makedirs(f"{base}/{name}")
    kept = os.stat(lower)
    os.chmod(base + "/upper", stat.S_IMODE(kept.st_mode))
    os.chown(base + "/upper", kept.st_uid, kept.st_gid)
    syscalls.mount("overlay", target, "overlay", data=f"lowerdir={lower},upperdir={base}/upper,workdir={base}/work")


def _dev(dev: str) -> None:
    """Make a /dev with what programs expect. With the machine's own, a task in the host could remove its nodes."""
    syscalls.mount("tmpfs", dev, "tmpfs", syscalls.MS_NOSUID, "mode=755,size=64k")
    os.umask(0)
    for name in ("net", "pts", "shm"):
        os.mkdir(f"{dev}/{name}", 0o755)
    for name, major, minor in (*DEVICES, TUN):
        os.mknod(f"{dev}/{name}", stat.S_IFCHR | 0o666, os.makedev(major, minor))
    os.umask(0o022)
    for name, target in (
        ("fd", "/proc/self/fd"),
        ("stdin", "fd/0"),
        ("stdout", "fd/1"),
        ("stderr", "fd/2"),
        ("ptmx", "pts/ptmx"),
    ):
        os.symlink(target, f"{dev}/{name}")
    syscalls.mount("devpts", dev + "/pts", "devpts", syscalls.MS_NOSUID, "newinstance,mode=620,ptmxmode=666")
    syscalls.mount("tmpfs", dev + "/shm", "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "mode=1777")


def _eth0(spec: LabHost) -> None:
    """Give eth0 its addresses and set it up. An IPv6 address is usable at once: nothing else in the lab can hold it."""
    _write("/proc/sys/net/ipv6/conf/eth0/accept_dad", "0", missing_ok=True)
    for text in spec.addresses:
        address = ipaddress.ip_interface(text)
        if isinstance(address, ipaddress.IPv4Interface):
            syscalls.add_ipv4("eth0", address.ip.packed, address.network.netmask.packed)
    syscalls.set_up("eth0")
    for text in spec.addresses:
        address = ipaddress.ip_interface(text)
        if isinstance(address, ipaddress.IPv6Interface):
            syscalls.add_ipv6("eth0", address.ip.packed, address.network.prefixlen)


def process(path: str, owner: str, name: str) -> None:
    """Start a process with a network namespace of its own in the lab host that the caller is in.

    Its PID there stands in /run/NAME.pid when this returns. Raises OSError with what the process says.
    """
    report, told = os.pipe()

    def body() -> dict[str, str]:
        os.close(report)
        os.setsid()
        syscalls.unshare(syscalls.CLONE_NEWNET)
        syscalls.set_up("lo")
        _replace(f"/run/{name}.pid", f"{os.getpid()}\n")
        return mark("process", path, host=owner, name=name)

    child(body, told)
    os.close(told)
    with os.fdopen(report) as said:
        words = said.read()
    if words:
        raise OSError(f"process {name}: {words.strip()}")


def enter_and_start(path: str, pid: int, owner: str, names: Sequence[str]) -> tuple[int, int]:
    """Start processes in a lab host that is up already.

    Returns the PID of the child that does so and the descriptor on which it reports errors.
    """
    report, told = os.pipe()
    entering = os.fork()
    if entering:
        os.close(told)
        return entering, report
    code = 1
    try:
        keep_open(told)
        fds = [os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY) for kind in ("uts", "ipc", "net", "pid", "mnt")]
        for fd in fds:
            syscalls.setns(fd)
        os.chdir("/")
        inside = os.fork()  # only a new process is in the PID namespace
        if inside:
            code = os.waitstatus_to_exitcode(os.waitpid(inside, 0)[1])
        else:
            for name in names:
                process(path, owner, name)
            code = 0
    except BaseException as error:  # noqa: BLE001  as in child()
        os.write(told, f"error {error}\n".encode()[:4000])
    finally:
        os._exit(code)


def _write(path: str, text: str, missing_ok: bool = False) -> None:
    """Write a file of /proc/sys; one that is not there (a kernel without IPv6) may be passed over."""
    if missing_ok and not os.path.exists(path):
        return
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def _replace(path: str, text: str) -> None:
    """Write a file in one step, whatever stood there (a link that points out of the host's view too)."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + ".new", path)
