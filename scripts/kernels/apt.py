# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fetch Debian packages and unpack them into a folder. Nothing is installed, and apt's own lists stay as they are."""

from __future__ import annotations

import contextlib
import fcntl
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

KEYRINGS = tuple(
    Path(f"/usr/share/keyrings/{name}-archive-keyring.{ending}")
    for name in ("debian", "ubuntu")
    for ending in ("pgp", "gpg")
)
#: The part of the archive with the packages, by distribution.
COMPONENTS = {"debian": "main", "ubuntu": "main universe"}
#: Seconds for one call of apt. A mirror that does not answer must not hang the caller.
SECONDS = 600


class Unavailable(Exception):
    """Something cannot be had on this machine; the text says why and what to do."""


def os_release() -> dict[str, str]:
    """Return what /etc/os-release says."""
    with contextlib.suppress(OSError):
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
        return {name: value.strip('"') for name, _sign, value in (line.partition("=") for line in lines)}
    return {}


def at_least(version: str, least: str) -> bool:
    """Tell whether a Debian version is not older than another. Epochs do not count: a release of upstream has none."""
    words = [text.partition(":")[2] or text for text in (version, least)]
    return subprocess.run(["dpkg", "--compare-versions", words[0], "ge", words[1]], check=False).returncode == 0


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold a lock file; a second process waits."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Archive:
    """The mirror that apt is configured with, read with lists and sources of this folder.

    Raises Unavailable where there is no apt, or where apt has no source for this machine's release.
    """

    def __init__(self, folder: Path) -> None:
        for tool in ("apt-get", "apt-cache", "dpkg-deb"):
            if not shutil.which(tool):
                raise Unavailable(f"the command {tool} is missing: packages are fetched on Debian and Ubuntu only")
        self.folder = folder
        self.codename = os_release().get("VERSION_CODENAME", "")
        self.distribution = os_release().get("ID", "debian")
        self.uri = self._mirror()

    def _mirror(self) -> str:
        wanted = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages"]
        done = subprocess.run(wanted, capture_output=True, text=True, check=False, timeout=SECONDS)
        for uri, _space, suite in (line.partition(" ") for line in done.stdout.splitlines()):
            if suite == self.codename:
                return uri
        raise Unavailable(
            f"apt has no source for {self.codename or 'this release'} (/etc/os-release names the release)"
        )

    @property
    def log(self) -> Path:
        """Return the file with what apt printed."""
        return self.folder / "apt.log"

    def _options(self, suites: tuple[str, ...]) -> list[str]:
        sources = self.folder / f"{'+'.join(suites)}.list"
        settings = {
            "Dir::Etc::sourcelist": sources, "Dir::Etc::sourceparts": "/dev/null",
            "Dir::State::lists": self.folder / "lists", "Dir::Cache": self.folder / "cache",
            "APT::Sandbox::User": "root", "APT::Get::List-Cleanup": "false",
            "APT::Default-Release": "", "Acquire::Languages": "none", "Acquire::Retries": "2",
        }  # fmt: skip
        return [f"-o{name}={value}" for name, value in settings.items()] + ["-qq"]

    def call(self, command: str, suites: tuple[str, ...], *words: str, cwd: Path | None = None) -> str:
        """Run apt on the lists of suites; return what apt printed. Raise Unavailable with its last line on failure."""
        done = subprocess.run(
            [command, *self._options(suites), *words],
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"$ {command} {' '.join(words)} ({', '.join(suites)})\n{done.stderr}")
        if done.returncode != 0:
            last = (done.stderr.strip() or "it says nothing").splitlines()[-1]
            raise Unavailable(f"{command} {words[0]} failed ({', '.join(suites)} of {self.uri}): {last}")
        return done.stdout

    def read(self, *suites: str) -> Suites:
        """Fetch the lists of suites. Raise Unavailable where the mirror does not have them."""
        suites = tuple(dict.fromkeys(suites))
        for name in ("lists/partial", "cache/archives/partial"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        keyring = next(
            (f"[signed-by={file}] " for file in KEYRINGS if self.distribution in file.name and file.exists()), ""
        )
        component = COMPONENTS.get(self.distribution, "main")
        lines = [f"deb {keyring}{self.uri} {suite} {component}\n" for suite in suites]
        (self.folder / f"{'+'.join(suites)}.list").write_text("".join(lines), encoding="utf-8")
        self.call("apt-get", suites, "update")
        return Suites(self, suites)


class Suites:
    """Suites of the mirror, such as testing and unstable, whose lists are here."""

    def __init__(self, archive: Archive, names: tuple[str, ...]) -> None:
        self.archive = archive
        self.names = names

    def versions(self, package: str) -> dict[str, str]:
        """Return the newest version of a package in each suite that has it."""
        found: dict[str, str] = {}
        for line in self.archive.call("apt-cache", self.names, "madison", package).splitlines():
            _name, version, place = (word.strip() for word in line.split("|"))
            suite = place.split()[1].partition("/")[0]
            if suite not in found or at_least(version, found[suite]):
                found[suite] = version
        return found

    def newest(self, package: str) -> tuple[str, str]:
        """Return the newest version of a package and its suite. Raise Unavailable where no suite has the package."""
        versions = self.versions(package)
        best = ""
        for suite in versions:
            if not best or not at_least(versions[best], versions[suite]):
                best = suite
        if not best:
            raise Unavailable(f"no package {package} in {', '.join(self.names)} of {self.archive.uri}")
        return versions[best], best

    def depends(self, package: str, version: str) -> list[str]:
        """Return the names of the packages on which a package depends."""
        text = self.archive.call("apt-cache", self.names, "show", f"{package}={version}")
        line = re.search(r"^Depends: (.*)$", text, re.MULTILINE)
        return [word.split()[0] for word in line.group(1).split(",")] if line else []

    def unpack(self, to: Path, *packages: str) -> None:
        """Fetch packages (NAME=VERSION) and unpack them into a folder. Raise Unavailable where one does not come."""
        debs = self.archive.folder / "debs"
        shutil.rmtree(debs, ignore_errors=True)
        debs.mkdir(parents=True)
        to.mkdir(parents=True, exist_ok=True)
        self.archive.call("apt-get", self.names, "download", *packages, cwd=debs)
        extract(debs, to)

    def unpack_with_libraries(self, to: Path, package: str, suite: str) -> None:
        """Fetch a package with all that this machine lacks of what it depends on, and unpack them into a folder."""
        archives = self.archive.folder / "cache" / "archives"
        for deb in archives.glob("*.deb"):
            deb.unlink()
        words = ("--target-release", suite, "install", "--yes", "--download-only", "--no-install-recommends", package)
        self.archive.call("apt-get", self.names, *words)
        extract(archives, to)


def extract(debs: Path, to: Path) -> None:
    """Unpack the package files of one folder into another, and remove them."""
    for deb in sorted(debs.glob("*.deb")):
        done = subprocess.run(["dpkg-deb", "--extract", deb, to], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Unavailable(f"{deb.name} cannot be unpacked into {to}: {done.stderr.strip()}")
        deb.unlink()
