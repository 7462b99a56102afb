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

from sce import _sce, account, archive, keys, synth
from sce._account import (
    AccountApplied, AccountStatus, Applied, Collected, Drift, Entries, Entry, Environment, Environments, Hold, Holds, Machine, Moved,
    Repaired, Sheet, Status, Thing, Things, Undone, Verification,
)  # fmt: skip
from sce._core import Lock, Model, Network, Plan, Spec, Target
from sce._emulators import emulators
from sce._ends import Archived, ArchiveReport, Closed, Left, Restored, RestoredObject, RestoredObjects
from sce._errors import (
    ApplyError, ArchiveError, CheckFailed, CloseOutRefused, CloudError, FileError, InputError, KeysError, LeaseHeld, PlanError, SceError,
    SpecError, TargetError, TransferError, Unarchived, UnknownEnvironment,
)  # fmt: skip
from sce._judged import Coverage, Finding, Findings, Proof, Proofs, Register, Rule, Rules
from sce._planned import (
    Allocation, Change, Changes, CostLine, CostLines, Decision, Difference, Differences, Estimate, Exposure, Exposures, Outcome, Outcomes,
    Resource, Resources, Subnet,
)  # fmt: skip
from sce._progress import Progress, Step
from sce._verbs import (
    Mfa, access, authorize, catalog, cidr, close_out, close_out_async, collect, collection_permissions, explain, files, get, get_async,
    hold, known, ls, machines, observe, permissions, plan, put, put_async, reach, read_saved, release, start, status, stop, undo,
)  # fmt: skip

__version__: str = _sce.__version__

__all__ = [
    "AccountApplied", "AccountStatus", "Allocation", "Applied", "ApplyError", "ArchiveError", "ArchiveReport", "Archived", "Change",
    "Changes", "CheckFailed", "CloseOutRefused", "Closed", "CloudError", "Collected", "CostLine", "CostLines", "Coverage", "Decision",
    "Difference", "Differences", "Drift", "Entries", "Entry", "Environment", "Environments", "Estimate", "Exposure", "Exposures",
    "FileError", "Finding", "Findings", "Hold", "Holds", "InputError", "KeysError", "LeaseHeld", "Left", "Lock", "Machine", "Mfa",
    "Model", "Moved", "Network", "Outcome", "Outcomes", "Plan", "PlanError", "Progress", "Proof", "Proofs", "Register", "Repaired",
    "Resource", "Resources", "Restored", "RestoredObject", "RestoredObjects", "Rule", "Rules", "SceError", "Sheet", "Spec", "SpecError",
    "Status", "Step", "Subnet", "Target", "TargetError", "Thing", "Things", "TransferError", "Unarchived", "Undone", "UnknownEnvironment",
    "Verification", "access", "account", "archive", "authorize", "catalog", "cidr", "close_out", "close_out_async", "collect",
    "collection_permissions", "emulators", "explain", "files", "get", "get_async", "hold", "keys", "known", "ls", "machines", "observe",
    "permissions", "plan", "put", "put_async", "reach", "read_saved", "release", "start", "status", "stop", "synth", "undo",
]  # fmt: skip

# What people see is `sce.Spec`, wherever it is written.
for _name in __all__:
    _thing = globals()[_name]
    if getattr(_thing, "__module__", "").startswith("sce._"):
        _thing.__module__ = "sce"
del _name, _thing
