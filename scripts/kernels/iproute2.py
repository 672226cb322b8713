# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bring an iproute2 that names what new kernels have. Release 6.1, of Debian 12, lacks the options of Linux 6.2 on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from .apt import Archive, Unavailable, locked
from .facts import numbers

#: The release of iproute2 that the tests of new options need (tests/kernel).
WANTED = "6.15"
#: Not sbin before bin: the package has a link in sbin that leads to the machine's own ip.
FOLDERS = ("usr/bin", "bin", "usr/sbin", "sbin")


def release(folder: Path | None = None) -> str:
    """Return the release of the programs in a folder, or of those on PATH; "" where none runs."""
    path = f"{search_path(folder)}:{os.environ['PATH']}" if folder else os.environ["PATH"]
    program = shutil.which("ip", path=path)
    if not program:
        return ""
    done = subprocess.run([program, "-V"], capture_output=True, text=True, check=False, timeout=20)
    found = re.search(r"iproute2-([^, \n]+)", done.stdout)
    return found.group(1) if found else ""


def search_path(folder: Path) -> str:
    """Return the part of PATH that leads to the programs in a folder."""
    return ":".join(str(folder / name) for name in FOLDERS)


def bring(cache: Path) -> Path | None:
    """Return the folder of an iproute2 of at least 6.15; None where the one on PATH will do, or where none can be had.

    A release that this machine's libraries cannot run is passed over: backports come before the stable suite.
    """
    folder, none = cache / "iproute2", cache / "iproute2.none"
    if numbers(release()) >= numbers(WANTED) or none.exists():
        return None
    with locked(cache / "iproute2.lock"):
        if not folder.exists() and not none.exists():
            reasons = _fetch(cache, folder)
            if reasons:
                none.write_text("\n".join(reasons) + "\n", encoding="utf-8")
    return folder if folder.exists() else None


def _fetch(cache: Path, folder: Path) -> list[str]:
    """Fetch into the folder; return the reasons where no suite has one that runs here."""
    reasons = []
    new = folder.with_name("iproute2.new")
    try:
        archive = Archive(cache / "apt")
    except Unavailable as error:
        return [str(error)]
    for suite in (f"{archive.codename}-backports", "stable"):
        shutil.rmtree(new, ignore_errors=True)
        try:
            suites = archive.read(suite)
            version, _suite = suites.newest("iproute2")
            suites.unpack(new, f"iproute2={version}")
        except Unavailable as error:
            reasons.append(f"{suite}: {error}")
            continue
        if numbers(release(new)) >= numbers(WANTED):
            new.rename(folder)
            return []
        reasons.append(f"{suite}: iproute2 {version} does not run here, or is older than {WANTED}")
    shutil.rmtree(new, ignore_errors=True)
    return reasons
