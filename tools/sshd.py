#!/usr/bin/env python3
"""A real sshd for the tests, without installing anything on the machine.

    tools/sshd.py install    unpack OpenSSH and nss_wrapper into .sce/sshd, if they are not there yet; print where, as one JSON line

Debian's own packages are fetched with `apt-get download`, which compares them with the signed index, and are unpacked, not installed:
no root is needed, no service starts, no account is made. nss_wrapper (cwrap.org) lets sshd know accounts that the machine has not, all
of the user who runs the test. `.sce/sshd/installed.json` says which versions these are, with their SHA-256.

Exit status: 0 done; 3 not to be had on this machine, and standard error says why.

Debian, Ubuntu and kin, and Python 3.11 or later; standard library only.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

STATE = Path(__file__).resolve().parent.parent / ".sce"
HOME = STATE / "sshd"
RECORD = HOME / "installed.json"

PACKAGES = ("openssh-server", "openssh-client", "libnss-wrapper")

LIBRARIES = {
    "libaudit.so.1": "libaudit1",
    "libbsd.so.0": "libbsd0",
    "libcap-ng.so.0": "libcap-ng0",
    "libcbor.so.0.8": "libcbor0.8",
    "libcom_err.so.2": "libcom-err2",
    "libcrypto.so.3": "libssl3",
    "libedit.so.2": "libedit2",
    "libfido2.so.1": "libfido2-1",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libk5crypto.so.3": "libk5crypto3",
    "libkeyutils.so.1": "libkeyutils1",
    "libkrb5.so.3": "libkrb5-3",
    "libkrb5support.so.0": "libkrb5support0",
    "libmd.so.0": "libmd0",
    "libpam.so.0": "libpam0g",
    "libselinux.so.1": "libselinux1",
    "libsystemd.so.0": "libsystemd0",
    "libwrap.so.0": "libwrap0",
}
"""The package of each library that a small machine may lack, as Debian 12 calls them."""

LONGEST_SECONDS = 300


class Failed(Exception):
    """Why there is no sshd, in one sentence."""


def main(arguments: list[str]) -> int:
    if arguments != ["install"]:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        print(json.dumps(install()))
    except Failed as failure:
        print(f"sshd.py: {failure}", file=sys.stderr)
        return 3
    return 0


def install() -> dict[str, Any]:
    """What is installed, after installing it if need be; one run at a time."""
    for tool in ("apt-get", "dpkg-deb", "ldd"):
        if shutil.which(tool) is None:
            raise Failed(f"there is no `{tool}`, so this is no Debian or Ubuntu to unpack OpenSSH's server from")
    STATE.mkdir(exist_ok=True)
    with open(STATE / "sshd.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_installed():
            unpack_all()
    return json.loads(RECORD.read_text())


def is_installed() -> bool:
    """Whether it is there, and where the record says: a folder that was moved takes its record along."""
    return RECORD.is_file() and json.loads(RECORD.read_text())["sshd"] == str(HOME / "usr/sbin/sshd")


def unpack_all() -> None:
    """Fetches and unpacks everything under another name, which becomes the real one when sshd has run."""
    print("unpacking OpenSSH's server into .sce/sshd (once)", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=STATE, prefix="sshd.") as scratch:
        root, packages = Path(scratch, "root"), Path(scratch, "packages")
        for folder in (root, packages):
            folder.mkdir()
        fetch(PACKAGES, packages)
        unpack(packages, root)
        while missing := missing_libraries(root):
            unknown = missing - LIBRARIES.keys()
            if unknown:
                raise Failed(f"sshd needs libraries whose packages are not known here: {', '.join(sorted(unknown))}")
            fetch(tuple(sorted(LIBRARIES[name] for name in missing)), packages)
            unpack(packages, root)
        record = describe(root, packages)
        shutil.rmtree(HOME, ignore_errors=True)
        root.chmod(0o755)
        root.rename(HOME)
        # Last, since it says that all the rest is there.
        partial = HOME / "installed.json.partial"
        partial.write_text(json.dumps(record, indent=1))
        partial.rename(RECORD)


def fetch(names: tuple[str, ...], folder: Path) -> None:
    """Downloads packages; with an index of our own where the machine has none or an old one."""
    first = run(["apt-get", "download", *names], folder)
    if first.returncode == 0:
        return
    own = folder.parent / "apt"
    options = []
    for option, place in (("Dir::State::lists", own / "lists"), ("Dir::Cache", own / "cache")):
        (place / "partial").mkdir(parents=True, exist_ok=True)
        (place / "archives" / "partial").mkdir(parents=True, exist_ok=True)
        options += ["-o", f"{option}={place}"]
    run(["apt-get", *options, "update"], folder)
    second = run(["apt-get", *options, "download", *names], folder)
    if second.returncode != 0:
        last = (second.stderr.strip().splitlines() or ["apt-get said nothing"])[-1]
        raise Failed(f"`apt-get download {' '.join(names)}` failed: {last}")


def unpack(packages: Path, root: Path) -> None:
    for package in sorted(packages.glob("*.deb")):
        done = run(["dpkg-deb", "--extract", str(package), str(root)], packages)
        if done.returncode != 0:
            raise Failed(f"`{package.name}` could not be unpacked: {done.stderr.strip()}")


def missing_libraries(root: Path) -> set[str]:
    programs = [str(root / "usr/sbin/sshd"), str(root / "usr/bin/ssh"), str(nss_wrapper(root))]
    done = run(["ldd", *programs], root, libraries=libraries(root))
    return {line.split()[0] for line in done.stdout.splitlines() if "not found" in line and "=>" in line}


def describe(root: Path, packages: Path) -> dict[str, Any]:
    """Where things are once `root` has its name, and what they are."""
    final = lambda path: str(HOME / path.relative_to(root))  # noqa: E731
    sshd = root / "usr/sbin/sshd"
    # `-V` is unknown to old versions, which then print their version all the same.
    said = run([str(sshd), "-V"], root, libraries=libraries(root)).stderr
    version = next((line for line in said.splitlines() if "OpenSSH" in line), None)
    if version is None:
        raise Failed(f"the sshd that was unpacked does not run: {said.strip()}")
    return {
        "version": version.strip(),
        "sshd": final(sshd),
        "ssh": final(root / "usr/bin/ssh"),
        "ssh_keygen": final(root / "usr/bin/ssh-keygen"),
        "nss_wrapper": final(nss_wrapper(root)),
        "libraries": [final(folder) for folder in libraries(root)],
        "packages": {
            package.name: hashlib.sha256(package.read_bytes()).hexdigest() for package in sorted(packages.glob("*.deb"))
        },
    }


def nss_wrapper(root: Path) -> Path:
    found = sorted(root.glob("usr/lib/*/libnss_wrapper.so"))
    if not found:
        raise Failed("the package libnss-wrapper has no libnss_wrapper.so")
    return found[0]


def libraries(root: Path) -> list[Path]:
    return [folder for pattern in ("lib/*-linux-*", "usr/lib/*-linux-*") for folder in sorted(root.glob(pattern))]


def run(command: list[str], folder: Path, libraries: list[Path] = []) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name in ("PATH", "http_proxy", "https_proxy")}
    environment["LC_ALL"] = "C.UTF-8"
    if libraries:
        environment["LD_LIBRARY_PATH"] = ":".join(map(str, libraries))
    try:
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"`{' '.join(command)}` took more than {LONGEST_SECONDS} s") from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
