"""What is done to an environment between its building and its end, and the end in a locked bucket: over the wire."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, small

import sce

ROLES = {
    "access": {"allow": [{"name": "campus-vpn", "cidr": "140.142.0.0/16"}]},
    "roles": {"custodians": ["arn:aws:iam::123456789012:user/custodian"]},
}


def by_hand(target: sce.Target, *arguments: str) -> str:
    """Changes something with boto3, and nothing of ours."""
    named = {"AWS_ENDPOINT_URL" + (f"_{service.upper()}" if service else ""): url for service, url in target.endpoint.items()}
    program = [ROOT / ".sce" / "venv" / "bin" / "python", ROOT / "tests" / "reader.py", "do", *arguments]
    return subprocess.run(program, env={**os.environ, **named}, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def planned(target: sce.Target) -> Iterator[sce.Plan]:
    """One environment for this file."""
    spec = small("pyops", **ROLES)
    plan = sce.plan(spec, spec.lock(target))
    before = plan.changes(target)
    assert {change.change for change in before if change.scope == "pit"} == {"create"}
    plan.apply(target, progress=False)
    yield plan


def test_a_plan_is_held_against_the_account(planned: sce.Plan, target: sce.Target) -> None:
    assert not planned.changes(target).open
    told = planned.spec.to_dict()
    told["network"]["egress"] = "none"
    told["retention"]["logs_days"] = 3653
    other = sce.plan(sce.Spec.from_dict(told), planned.lock)
    changes = other.changes(target)
    words = {change.node: change.change for change in changes.open}
    assert words["nat-gateway"] == "delete" and words["log-group"] == "update"
    assert [one["field"] for change in changes if change.node == "log-group" for one in change.differences]
    assert "nat-gateway" in str(changes) and not changes.losing
    shown = changes._repr_html_()
    assert "nat-gateway" in shown and "3653" in shown and "sce:node" not in shown and f"{len(changes) - len(changes.open)} things stay" in shown
    assert pickle.loads(pickle.dumps(changes)) == changes
    assert changes.open.to_pandas()["change"].tolist() == [change.change for change in changes.open]


def test_drift_is_put_back_after_a_yes(planned: sce.Plan, target: sce.Target, monkeypatch: pytest.MonkeyPatch) -> None:
    by_hand(target, "make_private_subnet_public", "pyops")
    drift = planned.drift(target)
    assert [one["node"] for one in drift.repairable] == ["subnet-private"]
    assert "repair()" in drift._repr_html_() and pickle.loads(pickle.dumps(drift)) == drift
    with pytest.raises(sce.InputError, match="nobody to ask"):
        drift.repair()
    with pytest.raises(sce.InputError, match="a copy"):
        pickle.loads(pickle.dumps(drift)).repair(yes=True)
    monkeypatch.setattr("builtins.input", lambda _: "no")
    with pytest.raises(sce.InputError, match="nothing was changed"):
        drift.repair()
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    repaired = drift.repair(progress=False)
    assert (repaired.changed, repaired.removed, repaired.failed) == (["subnet-private"], [], [])
    after = planned.drift(target)
    assert not after.drifted and after.repair() == sce.Repaired([], [], [])


def test_data_are_read_as_the_custodian(planned: sce.Plan, target: sce.Target, tmp_path: Path) -> None:
    (tmp_path / "visits.csv").write_text("1,2,3")
    sce.put(tmp_path / "visits.csv", "pyops", target, progress=False)
    listed = sce.ls("pyops", target, as_custodian=True)
    assert [entry.key for entry in listed] == ["visits.csv"]
    back = tmp_path / "back.csv"
    mfa = sce.Mfa("arn:aws:iam::123456789012:mfa/custodian", "123456")
    assert sce.get("visits.csv", "pyops", target, store="data", output=back, as_custodian=True, mfa=mfa).verified
    assert back.read_text() == "1,2,3" and "123456" not in repr(mfa)[-20:]
    with pytest.raises(sce.InputError, match="`as_custodian` is not"):
        sce.ls("pyops", target, mfa=mfa)


def test_what_nobody_has_is_refused(target: sce.Target) -> None:
    with pytest.raises(sce.UnknownEnvironment):
        sce.undo("nobody", target)
    with pytest.raises(sce.UnknownEnvironment):
        sce.hold("nobody", target, reason="Doe v. Hospital")


def test_environments_are_listed(planned: sce.Plan, target: sce.Target) -> None:
    known = {one.pit: one for one in sce.known(target)}
    assert (known["pyops"].state, known["pyops"].region, known["pyops"].digest) == ("alive", "us-west-2", planned.digest)
    assert [one.pit for one in sce.known(target, region="us-west-2")] == list(known)


def test_a_policy_of_the_institution_stops_an_apply(target: sce.Target, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('schema_version = 1\nname = "Example University"\n[forbid]\ntenancy = ["dedicated"]\n')
    spec = small("pypolicy", network={"egress": "none", "tenancy": "dedicated"})
    plan = sce.plan(spec, spec.lock(target))
    assert plan.check().ok
    with pytest.raises(sce.CheckFailed) as raised:
        plan.apply(target, policy=policy)
    assert [(one.rule, one.resource) for one in raised.value.findings.blocking] == [("institution-allows-the-choices", "vpc")]
    with pytest.raises(sce.UnknownEnvironment):
        sce.status("pypolicy", target)


def test_a_hold_stands_against_the_end_which_a_locked_bucket_keeps(
    planned: sce.Plan, target: sce.Target, tmp_path: Path
) -> None:
    key = by_hand(target, "make_vault", "archives-python")
    (held,) = sce.hold("pyops", target, reason="Doe v. Hospital")
    assert (held.number, held.released) == (1, None)
    vault = {"archive": "s3://archives-python/studies/pyops", "retain_days": 30, "kms_key": key, "progress": False}
    with pytest.raises(sce.CloseOutRefused, match="hold"):
        sce.close_out("pyops", target, **vault)
    status = sce.status("pyops", target)
    assert [hold.reason for hold in status.holds] == ["Doe v. Hospital"] and status.present == status.planned
    assert {one.pit: [hold.number for hold in one.holds] for one in sce.known(target)}["pyops"] == [1]
    with pytest.raises(sce.InputError, match="reason"):
        sce.release("pyops", target, reason=" ")
    released = sce.release("pyops", target, reason="settled", number=1)
    assert not any(one.holds for one in sce.known(target))
    assert not released.in_force and released[0].released is not None and released[0].released["reason"] == "settled"

    with pytest.raises(sce.InputError, match="needs `retain_days` and `kms_key`"):
        sce.close_out("pyops", target, archive="s3://archives-python/x")
    with pytest.raises(sce.InputError, match="for an archive in a bucket"):
        sce.close_out("pyops", target, archive=tmp_path / "x", retain_days=30)
    closed = sce.close_out("pyops", target, as_custodian=True, **vault)
    assert not closed.left and closed.identity is None
    assert closed.manifest == "s3://archives-python/studies/pyops/manifest.json"
    assert closed.ending is not None and closed.ending["account"] == "123456789012" and closed.signed_by is not None
    assert closed.html.lower().startswith("<!doctype html>") and "pyops" in closed.html

    where = {"target": target, "region": "us-west-2"}
    report = sce.archive.verify("s3://archives-python/studies/pyops", key=closed.signed_by["fingerprint"], **where)
    assert report.sound and report.signer_pinned and report.locked_until and report.head == closed.manifest_head, report
    restored = sce.archive.restore("s3://archives-python/studies/pyops", tmp_path / "restored", **where)
    (visits,) = [one for one in restored.objects if one.key == "visits.csv"]
    assert Path(visits.file).read_text() == "1,2,3" and visits.by_key
    with pytest.raises(sce.InputError, match="read with a target"):
        sce.archive.verify("s3://archives-python/studies/pyops")


def test_the_account_is_seen_to_once(target: sce.Target) -> None:
    before = sce.account.status(target, region="us-west-2")
    assert not before.ok and before.account == "123456789012" and before.addendum["evidence"] == "declared"
    assert "trail-covers-all-regions" in {finding.rule for finding in before.findings.open}
    heard: list[sce.Step] = []
    applied = sce.account.apply(target, small("pyaccount"), progress=heard.append)
    assert applied.created and applied.by_hand and applied.verification.verified and heard
    assert not applied.verification.findings.open
    for thing in (before, applied):
        assert thing._repr_html_().startswith("<style>") and pickle.loads(pickle.dumps(thing)) == thing
    with pytest.raises(sce.InputError, match="neither a spec nor a region"):
        sce.account.status(target)
    with pytest.raises(sce.InputError, match="beside it"):
        sce.account.status(target, small("pyaccount"), guardduty=True)
    with pytest.raises(sce.InputError):
        sce.account.status(target, region="us-west-2", notify="no arn")
    assert json.dumps(sce.account.permissions(sce.plan(small("pyaccount")))).count("cloudtrail:CreateTrail") == 1
