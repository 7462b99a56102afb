#!/usr/bin/env python3
"""Runs the commands of docs/poc-a.in.md on fresh emulators and writes docs/poc-a.md with what they said.

    tools/walkthrough.py            write docs/poc-a.md (under `tools/emulators.py run`, as `make walkthrough` does)
    tools/walkthrough.py --check    run the same commands, and fail unless each ends as docs/poc-a.md says; writes nothing

Each ```sh block is one command line of a shell in an empty folder. Its output, standard error included, follows in the page as a
```text block, with its exit status when that is not 0. Ids, times and keys differ from run to run, so --check compares exit statuses and not texts.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "docs" / "poc-a.in.md"
PAGE = ROOT / "docs" / "poc-a.md"
SPEC = ROOT / "docs" / "poc-a.toml"
BLOCK = re.compile(r"```sh\n(.*?)\n```\n", re.DOTALL)
STATUS = re.compile(r"\(exit status (\d+)\)")
COMMAND_SECONDS = 300
COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def main(arguments: list[str]) -> int:
    """Writes or checks the page; the exit status says whether it holds."""
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    if "AWS_ENDPOINT_URL" not in os.environ:
        print("walkthrough.py: no emulators: use `make walkthrough`", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="sce-walkthrough-") as folder:
        (Path(folder) / "hipaa.toml").write_text(SPEC.read_text(encoding="utf-8"), encoding="utf-8")
        said = [run(command, folder) for command in BLOCK.findall(TEMPLATE.read_text(encoding="utf-8"))]
    if arguments:
        return compare(said)
    results = iter(said)
    PAGE.write_text(BLOCK.sub(lambda block: block.group(0) + told(*next(results)), TEMPLATE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"{len(said)} commands run, {PAGE.relative_to(ROOT)} written")
    return 0


def run(command: str, folder: str) -> tuple[int, str]:
    """The exit status of a shell line, and everything that it said."""
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=COMMAND_SECONDS, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    text = COLOUR.sub("", done.stdout.decode("utf-8", "replace")).replace(folder, "~").rstrip()
    return done.returncode, "\n".join(line.rstrip() for line in text.splitlines())


def told(status: int, text: str) -> str:
    """The block that follows a command in the page."""
    ending = f"\n(exit status {status})" if status else ""
    return f"\n```text\n{text or '(nothing)'}{ending}\n```\n"


def compare(said: list[tuple[int, str]]) -> int:
    """Whether each command ends as the page says."""
    blocks = re.findall(r"```text\n(.*?)\n```\n", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    if len(blocks) != len(said):
        print(f"walkthrough.py: the page has {len(blocks)} results and {len(said)} commands: run `make walkthrough`")
        return 1
    expected = [int(found.group(1)) if (found := STATUS.search(block)) else 0 for block in blocks]
    wrong = [(number, status, text) for number, ((status, text), wanted) in enumerate(zip(said, expected), 1) if status != wanted]
    for number, status, text in wrong:
        print(f"walkthrough.py: command {number} ended with {status}:\n{text}")
    print(f"{len(said) - len(wrong)} of {len(said)} commands end as docs/poc-a.md says")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
