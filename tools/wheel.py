#!/usr/bin/env python3
"""The Python package: its wheel built, put into a fresh environment, and tested there.

    tools/wheel.py test            the unoptimised wheel: pytest, doctests, mypy, stubtest and the notebooks
    tools/wheel.py bench           the release wheel: its size, the time to import it, and what conversion costs
    tools/wheel.py pages FOLDER    the notebooks run and written as HTML, to be looked at

Tools are those that sce-py/tests/requirements.txt pins, in .sce/py-tools, installed once. The wheel goes into .sce/py, made anew each time,
which sees the tools through a .pth file: what is tested is the wheel as installed, never this tree.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STATE = ROOT / ".sce"
TOOLS = STATE / "py-tools"
FRESH = STATE / "py"
WHEELS = STATE / "wheels"
PACKAGE = ROOT / "sce-py"
PINS = PACKAGE / "tests" / "requirements.txt"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="wheel.py", description="Builds and tests the Python package.")
    verbs = parser.add_subparsers(required=True, dest="verb")
    verbs.add_parser("test")
    verbs.add_parser("bench")
    verbs.add_parser("pages").add_argument("folder", type=Path)
    asked = parser.parse_args(arguments)
    install_tools()
    match asked.verb:
        case "test":
            install(build([]))
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
        # Every package is pinned, and wheels only: no build script of a package runs here.
        must([*pip, "--no-deps", "--only-binary", ":all:", "--requirement", PINS])
        stamp.write_text(wanted)


def build(how: list[str]) -> Path:
    """The wheel, stripped. Unoptimised it shares all that `cargo build --workspace` has compiled."""
    for old in WHEELS.glob("*.whl"):
        old.unlink()
    maturin = [TOOLS / "bin" / "maturin", "build", "--quiet", "--locked", "--strip", "--manifest-path", PACKAGE / "Cargo.toml"]
    must([*maturin, "--interpreter", sys.executable, "--out", WHEELS, *how])
    (wheel,) = WHEELS.glob("*.whl")
    return wheel


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
    """The notebooks run, and written as HTML in the light theme and in the dark one."""
    folder.mkdir(parents=True, exist_ok=True)
    notebooks = sorted((ROOT / "examples" / "notebooks").glob("*.ipynb"))
    for theme in ["light", "dark"]:
        (folder / theme).mkdir(exist_ok=True)
        how = ["--to", "html", "--execute", "--theme", theme, "--output-dir", folder / theme]
        if status := run([FRESH / "bin" / "python", "-m", "nbconvert", "--log-level", "WARN", *how, *notebooks]):
            return status
    return 0


def run(command: list[str | Path]) -> int:
    """In a folder of no one's, so that nothing of this tree is imported."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"SCE_REPOSITORY": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "MYPY_CACHE_DIR": str(STATE / "mypy")}
    environment["PATH"] = f"{FRESH / 'bin'}{os.pathsep}{environment.get('PATH', '')}"
    return subprocess.run(command, env=environment, cwd=STATE, check=False).returncode


def must(command: list[str | Path]) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, cwd=ROOT, check=False)
    if done.returncode != 0:
        raise SystemExit(f"wheel.py: `{' '.join(map(str, command[:4]))} ...` ended with status {done.returncode}")


def say(line: str) -> None:
    print(f"wheel.py: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
