"""What tests share. They run against the wheel that is installed, never against this tree."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import sce

ROOT = Path(__file__).resolve().parents[2]
APPROVALS = {"irb": "STUDY00001234", "billing": "BUDGET-77", "baa": "2026-03-01"}


@pytest.fixture(autouse=True)
def nothing_of_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of whoever runs the tests: a request that escaped would find no credentials."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name == "SCE_DIVERGENCES":
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def spec() -> sce.Spec:
    return sce.Spec.from_toml(sce.Spec.example("hipaa"))


@pytest.fixture
def plan(spec: sce.Spec) -> sce.Plan:
    return sce.plan(spec)


@pytest.fixture(scope="session")
def target() -> Iterator[sce.Target]:
    """Emulators, fresh for this run."""
    with sce.emulators(ROOT) as target:
        yield target


def small(pit: str, **more: object) -> sce.Spec:
    """A spec without machines, which is soon applied."""
    said = {"pit": pit, "region": "us-west-2", "owner": "builder@example.edu", "approvals": APPROVALS}
    return sce.Spec.from_dict({**said, **more})


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The console script of this environment."""
    script = Path(sys.executable).with_name("sce")
    return subprocess.run([script, *map(str, arguments)], capture_output=True, text=True)
