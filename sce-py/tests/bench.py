"""What Python adds to the Rust call: told as ratios to the work itself, run beside it (`make bench`)."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import sce
from sce import _sce
from sce._core import judging


def best(call: Callable[[], object], times: int) -> float:
    """The shortest of so many runs, in seconds."""
    call()
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        call()
        took.append(time.perf_counter() - begun)
    return min(took)


def importing() -> tuple[float, float]:
    """Seconds that `import sce` adds to starting Python, by the clock and of the CPU: the median of fifteen fresh processes."""
    program = (
        "import time; begun = time.perf_counter(), time.process_time(); import sce; "
        "print(time.perf_counter() - begun[0], time.process_time() - begun[1])"
    )
    ran = [subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True) for _ in range(15)]
    clock, cpu = zip(*([float(word) for word in one.stdout.split()] for one in ran))
    return statistics.median(clock), statistics.median(cpu)


def slowest(number: int) -> str:
    """The modules that take the most of it, by `python -X importtime`, in ms of their own."""
    ran = subprocess.run([sys.executable, "-X", "importtime", "-c", "import sce"], capture_output=True, text=True, check=True)
    rows = [line.split(":", 1)[1].split("|") for line in ran.stderr.splitlines() if line.count("|") == 2]
    took = sorted(((int(own), name.strip()) for own, _, name in rows if own.strip().isdigit()), reverse=True)
    return ", ".join(f"{name} {own / 1000:.1f}" for own, name in took[:number])


def main() -> None:
    clock, cpu = importing()
    print(f"import sce: {clock * 1000:.0f} ms (at most 50), {cpu * 1000:.0f} ms of CPU")
    print(f"  most of it: {slowest(6)}")
    plan = sce.plan(sce.Spec.from_toml(sce.Spec.example("hipaa")))
    # The native call does all the work and makes Python's lists of it; of that, the JSON text is what Rust's callers would make.
    whole = best(plan.check, 20)
    native = best(lambda: plan._native.check(judging(None, None, None)), 20)
    told = plan._native.check(judging(None, None, None))
    text = json.dumps(told)
    parsed = best(lambda: json.loads(text), 20)
    print(f"check: {whole * 1000:.1f} ms; {whole / native:.2f} of the native call alone, {(whole - native) * 1000:.2f} ms for the records")
    print(f"  parsing the same report as JSON, as a caller of the command does, takes {parsed * 1000:.2f} ms")
    rows = 1_000_000
    asked = {"rows": rows, "patients": 100, "seed": 31_415, "dialect": "python2", "corrected": False}
    sce.synth.johns(rows=10).to_pandas()
    generated = best(lambda: _sce.johns_tables(asked), 3)
    reached = best(lambda: sce.synth.johns(rows=rows).to_pandas(), 3)
    print(f"a million visits: {reached:.2f} s to pandas (at most 1), {reached / generated:.2f} of generating them")


if __name__ == "__main__":
    main()
