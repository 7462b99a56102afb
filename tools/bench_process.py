#!/usr/bin/env python3
"""How long a whole process takes from a spec to its judgement, beside those that only write a template of the same environment.

    tools/bench_process.py SCE      SCE is the command, built for release

`sce check` reads the spec that `sce init` writes, plans it, holds the plan to every rule and examines every claim. troposphere and the
AWS CDK (tools/peers/) write a CloudFormation template of much the same things, and judge nothing. Each is run as people run it, a
process at a time; the median of the runs is told. The peers are installed into .sce/bench, pinned; CDK needs Node.js and is left out,
and that is said, where there is none.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path

TOOLS = Path(__file__).resolve().parent
BENCH = TOOLS.parent / ".sce" / "bench"
TROPOSPHERE = "troposphere==4.9.6"
CDK = ("aws-cdk-lib@2.276.0", "constructs@10.8.1")
RUNS = 21
LIMIT = 0.020
"""What plan, check and prove shall take together, in seconds."""


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    sce = str(Path(sys.argv[1]).resolve())
    BENCH.mkdir(parents=True, exist_ok=True)
    spec = BENCH / "hipaa.toml"
    spec.write_text(subprocess.run([sce, "init"], check=True, capture_output=True, text=True).stdout)
    check = seconds([sce, "--quiet", "check", str(spec), "--json"])
    told("sce check: plan, rules, claims", check, check)
    told("sce prove: plan, claims", seconds([sce, "--quiet", "prove", str(spec), "--json"]), check)
    told("sce plan", seconds([sce, "--quiet", "plan", str(spec), "--json"]), check)
    python = troposphere()
    told("troposphere: a template", seconds([python, str(TOOLS / "peers/troposphere_environment.py")]), check)
    if modules := cdk():
        command = ["node", str(TOOLS / "peers/cdk_environment.js"), str(BENCH / "cdk.out")]
        told("AWS CDK: a template", seconds(command, {"NODE_PATH": modules}, runs=3), check)
    else:
        print("skipped: the AWS CDK, since there is no Node.js here")
    print(f"plan, rules and claims in {check * 1000:.1f} ms; the aim is {LIMIT * 1000:.0f} ms")
    return 0


def seconds(command: Sequence[str], more: Mapping[str, str] | None = None, runs: int = RUNS) -> float:
    """The median of several runs; a first one, which fills caches, does not count."""
    environment = {**os.environ, **(more or {})}
    taken = []
    for _ in range(runs + 1):
        begun = time.perf_counter()
        ran = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        taken.append(time.perf_counter() - begun)
        if ran.returncode not in (0, 1):
            sys.exit(f"{command[0]} failed: {ran.stderr.decode(errors='replace')[-2000:]}")
    return statistics.median(taken[1:])


def told(what: str, taken: float, check: float) -> None:
    print(f"{what:32} {taken * 1000:9.1f} ms  {taken / check:8.2f} times sce check")


def troposphere() -> str:
    """A Python that has troposphere."""
    folder = BENCH / "venv"
    python = str(folder / "bin/python")
    stamp = folder / "stamp"
    if not stamp.exists() or stamp.read_text() != TROPOSPHERE:
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", TROPOSPHERE], check=True)
        stamp.write_text(TROPOSPHERE)
    return python


def cdk() -> str | None:
    """Where Node.js finds the CDK; none where there is no Node.js."""
    if not shutil.which("npm"):
        return None
    folder = BENCH / "node"
    stamp = folder / "stamp"
    if not stamp.exists() or json.loads(stamp.read_text()) != list(CDK):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "package.json").write_text('{"private": true}\n')
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", *CDK], cwd=folder, check=True)
        stamp.write_text(json.dumps(CDK))
    return str(folder / "node_modules")


if __name__ == "__main__":
    sys.exit(main())
