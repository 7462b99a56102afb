#!/usr/bin/env python3
"""The Python package: its wheel built, put into a fresh environment, and tested there.

    tools/wheel.py test            the unoptimised wheel: pytest, doctests, mypy, stubtest and the notebooks
    tools/wheel.py bench           the release wheel: its size, the time to import it, and what conversion costs
    tools/wheel.py pages FOLDER    the notebooks run and written as HTML, to be looked at
    tools/wheel.py pins            sce-py/tests/requirements.txt made anew of requirements.in, with the hash of every file that may serve

Tools are those that sce-py/tests/requirements.txt pins, in .sce/py-tools, installed once. The wheel goes into .sce/py, made anew each time,
which sees the tools through a .pth file: what is tested is the wheel as installed, never this tree.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STATE = ROOT / ".sce"
TOOLS = STATE / "py-tools"
FRESH = STATE / "py"
WHEELS = STATE / "wheels"
PACKAGE = ROOT / "sce-py"
PINS = PACKAGE / "tests" / "requirements.txt"

# Where the tools may be installed: `pins` asks for the files of each, and whoever is elsewhere is told of a hash that does not fit.
# To pip `3.11` is 3.11.0, so that what it brings serves Debian 12 too, whose Python is 3.11.2.
PYTHONS = ["3.11", "3.12", "3.13"]
MACHINES = ["x86_64", "aarch64"]
MANYLINUX = ["manylinux_2_28", "manylinux_2_27", "manylinux_2_26", "manylinux_2_24", "manylinux_2_17", "manylinux2014", "manylinux_2_12"]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="wheel.py", description="Builds and tests the Python package.")
    verbs = parser.add_subparsers(required=True, dest="verb")
    verbs.add_parser("test")
    verbs.add_parser("bench")
    verbs.add_parser("pages").add_argument("folder", type=Path)
    verbs.add_parser("pins")
    asked = parser.parse_args(arguments)
    if asked.verb == "pins":
        return pins()
    install_tools()
    match asked.verb:
        case "test":
            install(build([]))
            sdist_is_whole()
            return test()
        case "bench":
            wheel = build(["--release"])
            install(wheel)
            print(f"wheel: {wheel.stat().st_size / 1e6:.1f} MB, stripped (at most 25)", flush=True)
            return run([FRESH / "bin" / "python", PACKAGE / "tests" / "bench.py"])
        case _:
            install(build([]))
            return pages(asked.folder.resolve())


def install_tools() -> None:
    """The tools, whole and from these very pins, or nothing."""
    stamp, wanted = TOOLS / "stamp", f"{hashlib.sha256(PINS.read_bytes()).hexdigest()} {sys.version_info[:2]}\n"
    STATE.mkdir(exist_ok=True)
    with open(STATE / "py-tools.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.is_file() and stamp.read_text() == wanted:
            return
        say("installing what the wheel is built and tested with into .sce/py-tools (about a minute, once)")
        must([sys.executable, "-m", "venv", "--clear", TOOLS])
        pip = [TOOLS / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
        # Every package is pinned to its files, and wheels only: no build script of a package runs here.
        must([*pip, "--require-hashes", "--no-deps", "--only-binary", ":all:", "--requirement", PINS])
        stamp.write_text(wanted)


def pins() -> int:
    """What `requirements.in` brings today, each with the SHA-256 of its wheel on every machine that is thought of.

    pip itself resolves and tells the hashes, as the index has them. `pip-compile` would fetch every file of each package instead.
    """
    with tempfile.TemporaryDirectory() as folder:
        resolved = reported([*elsewhere(PYTHONS[0], MACHINES[0], folder), "--requirement", PINS.with_suffix(".in")])
        hashes: dict[str, set[str]] = {pin: {digest} for pin, digest in resolved.items()}
        every = Path(folder) / "every.txt"
        every.write_text("\n".join(resolved))
        places = [(python, machine) for machine in MACHINES for python in PYTHONS]
        with ThreadPoolExecutor(max_workers=3) as pool:
            reports = pool.map(lambda place: reported([*elsewhere(*place, folder), "--no-deps", "--requirement", every]), places)
            for pin, digest in (item for report in reports for item in report.items()):
                hashes[pin].add(digest)
    lines = [f"{pin} \\\n" + " \\\n".join(f"    --hash=sha256:{digest}" for digest in sorted(hashes[pin])) for pin in sorted(hashes, key=str.casefold)]
    head = f"# Made by `tools/wheel.py pins` of requirements.in: wheels of CPython {', '.join(PYTHONS)} on Linux, {' and '.join(MACHINES)}.\n"
    PINS.write_text(head + "\n".join(lines) + "\n")
    return 0


def elsewhere(python: str, machine: str, folder: str) -> list[str | Path]:
    """As on another machine; pip then wants a folder to install into, though it installs nothing."""
    platforms = [flag for name in MANYLINUX for flag in ("--platform", f"{name}_{machine}")]
    return ["--python-version", python, "--target", folder, *platforms]


def reported(how: list[str | Path]) -> dict[str, str]:
    """What pip would install, as `name==version`, each with the SHA-256 of its file."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    dry = ["--dry-run", "--ignore-installed", "--only-binary", ":all:", "--report", "-"]
    # Files that lie about on this machine are not those of the index.
    alone = {name: value for name, value in os.environ.items() if name != "PIP_FIND_LINKS"}
    done = subprocess.run([*pip, *dry, *how], stdout=subprocess.PIPE, env=alone, check=True)
    found = json.loads(done.stdout)["install"]
    return {
        f"{one['metadata']['name']}=={one['metadata']['version']}": one["download_info"]["archive_info"]["hashes"]["sha256"]
        for one in found
    }


def build(how: list[str]) -> Path:
    """The wheel, stripped. Unoptimised it shares all that `cargo build --workspace` has compiled."""
    for old in WHEELS.glob("*.whl"):
        old.unlink()
    maturin = [TOOLS / "bin" / "maturin", "build", "--quiet", "--locked", "--strip", "--manifest-path", PACKAGE / "Cargo.toml"]
    must([*maturin, "--interpreter", sys.executable, "--out", WHEELS, *how])
    (wheel,) = WHEELS.glob("*.whl")
    return wheel


def sdist_is_whole() -> None:
    """Every file of ours that the wheel was just made of is in the sdist, and the workspace in it stands by its own lock.

    That `pip install` makes a wheel of it is not tried here, since pip builds optimised: docs/python.md has how to.
    """
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
    # What rustc says it read, of all our crates.
    told = (target / "debug" / "lib_sce.d").read_text().split(": ", 1)[1]
    read = [Path(name.replace("\\ ", " ")) for name in re.split(r"(?<!\\)\s+", told.strip())]
    needed = {str(path.relative_to(ROOT)) for path in read if path.is_relative_to(ROOT) and not path.is_relative_to(target)}
    python = PACKAGE / "python"
    needed |= {str(path.relative_to(PACKAGE)) for path in python.rglob("*.py*") if path.suffix in (".py", ".pyi")} | {"Cargo.lock"}
    with tempfile.TemporaryDirectory() as folder:
        must([TOOLS / "bin" / "maturin", "sdist", "--manifest-path", PACKAGE / "Cargo.toml", "--out", folder], quiet=True)
        (packed,) = Path(folder).glob("*.tar.gz")
        with tarfile.open(packed) as files:
            files.extractall(folder)
        (tree,) = (path for path in Path(folder).iterdir() if path.is_dir())
        missing = sorted(name for name in needed if not (tree / name).is_file())
        if missing or len(needed) < 100:
            raise SystemExit(f"wheel.py: the sdist lacks {missing[:5]} of {len(needed)} files that the wheel is made of")
        host = subprocess.run(["rustc", "-vV"], stdout=subprocess.PIPE, text=True, check=True).stdout.split("host: ")[1].split()[0]
        # Nothing is fetched: what this machine has compiled is what the sdist's lock names.
        metadata = ["cargo", "metadata", "--quiet", "--locked", "--offline", "--format-version", "1", "--filter-platform", host]
        must(metadata + ["--manifest-path", tree / "Cargo.toml"], quiet=True)
    say(f"the sdist is whole: {packed.name}, {len(needed)} files that the wheel is made of")


def install(wheel: Path) -> None:
    must([sys.executable, "-m", "venv", "--clear", "--without-pip", FRESH])
    pip = [TOOLS / "bin" / "python", "-m", "pip", "--python", FRESH / "bin" / "python", "install"]
    must([*pip, "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index", wheel])
    (site,) = FRESH.glob("lib/python*/site-packages")
    (tools,) = TOOLS.glob("lib/python*/site-packages")
    (site / "tools.pth").write_text(f"{tools}\n")


def test() -> int:
    python = FRESH / "bin" / "python"
    (site,) = FRESH.glob("lib/python*/site-packages")
    config = ["--config-file", PACKAGE / "pyproject.toml"]
    steps = [
        [python, "-m", "mypy", *config, "--package", "sce"],
        [python, "-m", "mypy.stubtest", "sce._sce", "--mypy-config-file", PACKAGE / "pyproject.toml"],
        [python, "-m", "pytest", "--quiet", "-p", "no:cacheprovider", PACKAGE / "tests"],
    ]
    for step in steps:
        begun = time.monotonic()
        status = run(step)
        say(f"{step[2]}: {time.monotonic() - begun:.0f} s")
        if status != 0:
            return status
    return 0


def pages(folder: Path) -> int:
    """The notebooks run once, and written as HTML in the light theme and in the dark one."""
    convert = [FRESH / "bin" / "python", "-m", "nbconvert", "--log-level", "WARN"]
    notebooks = sorted((ROOT / "examples" / "notebooks").glob("*.ipynb"))
    ran = folder / "ran"
    for theme in ["light", "dark"]:
        (folder / theme).mkdir(parents=True, exist_ok=True)
    if status := run([*convert, "--to", "notebook", "--execute", "--output-dir", ran, *notebooks]):
        return status
    for theme in ["light", "dark"]:
        how = ["--to", "html", "--theme", theme, "--output-dir", folder / theme]
        if status := run([*convert, *how, *sorted(ran.glob("*.ipynb"))]):
            return status
    return 0


def run(command: list[str | Path]) -> int:
    """In a folder of no one's, so that nothing of this tree is imported."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"SCE_REPOSITORY": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "MYPY_CACHE_DIR": str(STATE / "mypy")}
    # The tools' templates of pages and their kernel; the kernel runs the environment's own Python.
    environment["JUPYTER_PATH"] = str(TOOLS / "share" / "jupyter")
    environment["PATH"] = f"{FRESH / 'bin'}{os.pathsep}{environment.get('PATH', '')}"
    return subprocess.run(command, env=environment, cwd=STATE, check=False).returncode


def must(command: list[str | Path], quiet: bool = False) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=quiet, cwd=ROOT, check=False)
    if done.returncode != 0:
        if quiet:
            sys.stderr.buffer.write(done.stderr)
        raise SystemExit(f"wheel.py: `{' '.join(map(str, command[:4]))} ...` ended with status {done.returncode}")


def say(line: str) -> None:
    print(f"wheel.py: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
