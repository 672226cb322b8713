# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find out whether a host has what the inventory needs: pyroute2, programs, link kinds, underlay."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from typing import Any

#: The oldest pyroute2 whose deletes work on current kernels; as in module.py, which would bring the whole engine along.
PYROUTE2 = (0, 7, 2)

#: Kernel module of each link kind whose name differs.
MODULES = {"vlan": "8021q", "vrf": "vrf"}

#: Kinds that are made through a device file. Opening it has the kernel load its module.
DEVICES = {"tun": "/dev/net/tun"}

#: Words without which iproute2 does not even ask the kernel for a kind.
_WORDS = {"geneve": ["id", "1", "remote", "192.0.2.1"], "vxlan": ["id", "1", "dstport", "4789"], "vlan": ["id", "2"]}

BOOT_FILE = "/etc/modules-load.d/netloom.overlay.conf"


def lacking_pyroute2() -> str:
    """Return the fault of pyroute2, empty for none. The check does not import pyroute2, which takes 0.17 s."""
    wanted = ".".join(str(part) for part in PYROUTE2)
    if importlib.util.find_spec("pyroute2") is None:
        return "pyroute2 is missing for %s: install python3-pyroute2, or pip install 'pyroute2>=%s'" % (
            sys.executable, wanted,
        )  # fmt: skip
    from importlib import metadata

    try:
        version = metadata.version("pyroute2")
    except metadata.PackageNotFoundError:
        return ""
    if tuple(int(part) for part in version.split(".")[:3] if part.isdigit()) < PYROUTE2:
        return "pyroute2 %s of %s is too old: %s is needed" % (version, sys.executable, wanted)
    return ""


def lacking_kinds(kinds: Iterable[str]) -> list[str]:
    """Return the link kinds that the kernel does not have. It loads a kind's module when it is asked for it.

    A kind whose module is loaded is not asked for; the others are tried in a network namespace that ends at once.
    """
    return [kind for kind in kinds if not (_opens(DEVICES[kind]) if kind in DEVICES else _known(kind))]


def _known(kind: str) -> bool:
    if os.path.isdir("/sys/module/%s" % MODULES.get(kind, kind)):
        return True
    return "Unknown device type" not in _try("unshare", "--net", *_add(kind))


def _opens(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_RDWR))
    except OSError:
        return False
    return True


def _add(kind: str) -> list[str]:
    return ["ip", "link", "add", "name", "probe", "type", kind, *_WORDS.get(kind, [])]


def _try(*words: str) -> str:
    try:
        return subprocess.run(words, capture_output=True, check=False).stderr.decode(errors="replace")
    except OSError as error:
        return str(error)


def lacking_underlay(underlay: Mapping[str, Any]) -> str:
    """Return the difference between the underlay and the inventory, empty for none."""
    address = underlay.get("address")
    if not address:
        return ""
    done = subprocess.run(["ip", "-j", "addr", "show", "to", str(address)], capture_output=True, check=False)
    links = [row for row in json.loads(done.stdout.decode() or "[]") if row.get("addr_info")]
    if not links:
        return "no link of this host has the underlay address %s" % address
    return judge_underlay(underlay, links[0])


def judge_underlay(underlay: Mapping[str, Any], link: Mapping[str, Any]) -> str:
    """Compare the link that has the underlay address with what the inventory says of it."""
    device, wanted = underlay.get("device", "auto"), int(underlay.get("mtu", 1500))
    if device not in ("auto", link["ifname"]):
        return "the underlay address %s is on %s, not on %s" % (underlay["address"], link["ifname"], device)
    if link["mtu"] < wanted:
        return "the underlay link %s has MTU %s, the inventory counts on %s (underlay.mtu)" % (
            link["ifname"], link["mtu"], wanted,
        )  # fmt: skip
    return ""


def boot_content(kinds: Iterable[str], release: str) -> str:
    """Return the content of the file that has kernel modules loaded at boot.

    It names those modules only that this kernel has as files: what is built in needs none, a container has none.
    """
    try:
        with open("/lib/modules/%s/modules.dep" % release, encoding="utf-8") as file:
            names = {module_name(line) for line in file}
    except OSError:
        return ""
    wanted = sorted({MODULES.get(kind, kind) for kind in kinds} & names)
    return "# Kernel modules of the links that netloom.overlay makes.\n%s\n" % "\n".join(wanted) if wanted else ""


def module_name(line: str) -> str:
    """Return the module's name of a line of modules.dep: ``kernel/drivers/net/geneve.ko.xz: ...``."""
    return os.path.basename(line.partition(":")[0]).partition(".")[0].replace("-", "_")


def look(kinds: Iterable[str], tools: Iterable[str], underlay: Mapping[str, Any], boot: bool) -> dict[str, Any]:
    """Return the capabilities that the host has and lacks, with a sentence for each missing one."""
    wanted = sorted(set(kinds))
    pyroute2 = lacking_pyroute2()
    missing_tools = [tool for tool in tools if shutil.which(tool) is None]
    missing = [pyroute2] if pyroute2 else []
    missing += ["the program %s is missing" % tool for tool in missing_tools]
    unknown = [] if "ip" in missing_tools else lacking_kinds(wanted)
    missing += [
        "the kernel %s has no link kind %s: install the package with all its modules, or another kernel"
        % (os.uname().release, kind)
        for kind in unknown
    ]
    under = "" if "ip" in missing_tools else lacking_underlay(underlay)
    content = boot_content(wanted, os.uname().release) if boot else ""
    return {
        "missing": missing + ([under] if under else []),
        "missing_pyroute2": bool(pyroute2),
        "missing_tools": missing_tools,
        "missing_kinds": unknown,
        "boot_file": BOOT_FILE,
        "boot_content": content,
        "boot_differs": bool(content) and _read(BOOT_FILE) != content,
    }


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""
