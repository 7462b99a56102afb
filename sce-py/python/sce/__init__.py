"""Secure Compute Environments (SCE) for health data on AWS: plan, check, apply, verify, operate, close out.

>>> import sce
>>> spec = sce.Spec.from_toml(sce.Spec.example("hipaa"))
>>> plan = sce.plan(spec)
>>> plan.check().ok
True

What needs an account takes a target, which names emulators on this machine or an account; there is no default:

>>> target = sce.Target(endpoint="http://127.0.0.1:5000")
>>> applied = sce.plan(spec, spec.lock(target)).apply(target)  # doctest: +SKIP

The library shows and proves technical safeguards. It never confers compliance, which is its users' duty.
"""

from __future__ import annotations

import sys as _sys

if not getattr(_sys, "_is_gil_enabled", lambda: True)():
    # The wheels are of the stable ABI, which free-threaded builds do not have, so that this is somebody's own build.
    raise ImportError("sce has not been made for free-threaded Python: use a build with the GIL")

from sce import _sce, synth
from sce._core import Lock, Model, Network, Plan, Spec, Target
from sce._emulators import emulators
from sce._errors import (
    ApplyError, ArchiveError, CheckFailed, CloudError, FileError, InputError, LeaseHeld, PlanError, SceError, SpecError, TargetError,
    CloseOutRefused, TransferError, Unarchived, UnknownEnvironment,
)  # fmt: skip
from sce._progress import Progress, Step
from sce._results import (
    Allocation, Applied, Archived, Closed, Collected, CostLine, CostLines, Coverage, Decision, Difference, Drift, Entries, Entry, Estimate,
    Exposure, Exposures, Finding, Findings, Left, Machine, Moved, Outcome, Outcomes, Proof, Proofs, Register, Resource, Resources,
    Rule, Rules, Sheet, Status, Subnet, Thing, Things, Verification,
)  # fmt: skip
from sce._verbs import (
    access, authorize, catalog, cidr, close_out, close_out_async, collect, explain, files, get, get_async, ls, machines, observe, plan,
    put, put_async, reach, read_saved, start, status, stop,
)  # fmt: skip

__version__: str = _sce.__version__

__all__ = [
    "Allocation", "Applied", "ApplyError", "ArchiveError", "Archived", "CheckFailed", "Closed", "CloudError", "Collected", "CostLine",
    "CostLines", "Coverage", "Decision", "Difference", "Drift", "Entries", "Entry", "Estimate", "Exposure", "Exposures", "FileError", "Finding",
    "Findings", "InputError", "LeaseHeld", "Left", "Lock", "Machine", "Model", "Moved", "Network", "Outcome", "Outcomes", "Plan",
    "PlanError", "Progress", "Proof", "Proofs", "Register", "Resource", "Resources", "Rule", "Rules", "SceError", "Sheet", "Spec",
    "SpecError", "Status", "Step", "Subnet", "Target", "TargetError", "Thing", "Things", "TransferError", "Unarchived", "CloseOutRefused",
    "UnknownEnvironment", "Verification", "access", "authorize", "catalog", "cidr", "close_out", "close_out_async", "collect",
    "emulators", "explain", "files", "get", "get_async", "ls", "machines", "observe", "plan", "put", "put_async", "reach",
    "read_saved", "start", "status", "stop", "synth",
]  # fmt: skip

# What people see is `sce.Spec`, wherever it is written.
for _name in __all__:
    _thing = globals()[_name]
    if getattr(_thing, "__module__", "").startswith("sce._"):
        _thing.__module__ = "sce"
del _name, _thing
