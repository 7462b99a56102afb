"""Verbs against emulators, over the wire."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import small

import sce


@pytest.fixture(scope="module")
def applied(target: sce.Target) -> Iterator[tuple[sce.Plan, sce.Applied, list[sce.Step]]]:
    """One environment for this file, and what was told while it was built."""
    spec = small("pyone")
    plan = sce.plan(spec, spec.lock(target))
    told: list[sce.Step] = []
    yield plan, plan.apply(target, progress=told.append), told


def test_apply_builds_tells_and_verifies(applied: tuple[sce.Plan, sce.Applied, list[sce.Step]], target: sce.Target) -> None:
    plan, done, told = applied
    assert done.verified, done.verification.not_as_planned
    assert done.created and done.calls > done.mutating_calls > 0 and done.verification.not_shown
    assert {step.deed for step in told} >= {"creating", "created"} and told[-1].done == told[-1].total
    again = plan.apply(target, progress=False)
    assert not again.created and len(again.kept) == len(plan.nodes)


def test_what_is_there_looks_like_what_was_planned(
    applied: tuple[sce.Plan, sce.Applied, list[sce.Step]], target: sce.Target
) -> None:
    plan, _, _ = applied
    seen = sce.observe("pyone", target)
    assert seen.source == "account" and "vpc" in [one.node for one in seen.resources]
    # The rules about the account itself are open, since nobody saw to it; those about the environment are not.
    assert {proof.id for proof in seen.prove() if proof.holds} >= {"no-path-from-internet-to-private-subnet"}
    there = sce.status("pyone", target)
    assert there.present == there.planned and there.closed is None
    verified = asyncio.run(plan.verify_async(target))
    assert verified.verified and not verified.unplanned
    assert not plan.drift(target).findings


def test_data_goes_in_and_out(
    applied: tuple[sce.Plan, sce.Applied, list[sce.Step]], target: sce.Target, tmp_path: Path
) -> None:
    file = tmp_path / "visits.csv"
    file.write_bytes(b"a,b\r\n" * 100_000)
    sent = sce.put(file, "pyone", target, progress=False)
    assert (sent.key, sent.bytes, len(sent.sha256)) == ("visits.csv", file.stat().st_size, 64)
    listed = sce.ls("pyone", target, digests=True)
    assert [(entry.key, entry.sha256) for entry in listed] == [("visits.csv", sent.sha256)]
    back = asyncio.run(sce.get_async("visits.csv", "pyone", target, store="data", output=tmp_path / "back.csv"))
    assert back.verified and (tmp_path / "back.csv").read_bytes() == file.read_bytes()
    with pytest.raises(sce.TransferError, match="exists"):
        sce.get("visits.csv", "pyone", target, store="data", output=tmp_path / "back.csv")
    with pytest.raises(sce.CloudError) as raised:
        sce.get("none.csv", "pyone", target, store="data", output=tmp_path / "none.csv")
    assert raised.value.trouble == "NotFound"


def test_a_name_that_looks_like_a_persons_is_not_sent(
    applied: tuple[sce.Plan, sce.Applied, list[sce.Step]], target: sce.Target, tmp_path: Path
) -> None:
    file = tmp_path / "ssn_123-45-6789.csv"
    file.write_text("x")
    with pytest.raises(sce.TransferError, match="may identify a person"):
        sce.put(file, "pyone", target)
    assert "123-45-6789" not in [entry.key for entry in sce.ls("pyone", target)]


def test_a_forked_process_has_a_runtime_of_its_own(
    applied: tuple[sce.Plan, sce.Applied, list[sce.Step]], target: sce.Target
) -> None:
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if sce.status("pyone", target).present > 0 else 1)
        except BaseException:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert sce.status("pyone", target).present > 0, "and the parent's goes on"


def test_nobody_waits_for_the_interpreter(
    applied: tuple[sce.Plan, sce.Applied, list[sce.Step]], target: sce.Target
) -> None:
    beats = []
    done = threading.Event()

    def beat() -> None:
        while not done.wait(0.005):
            beats.append(time.monotonic())

    thread = threading.Thread(target=beat)
    thread.start()
    begun = len(beats)
    sce.status("pyone", target)
    done.set()
    thread.join()
    assert len(beats) > begun + 5, "another thread ran while the account was read"


def test_a_call_from_a_callback_is_refused(target: sce.Target) -> None:
    spec = small("pyback")
    plan = sce.plan(spec, spec.lock(target))
    with pytest.raises(RuntimeError, match="callback"):
        plan.apply(target, progress=lambda step: sce.status("pyback", target))


def test_what_a_callback_raises_stops_the_work(target: sce.Target) -> None:
    spec = small("pyraise")
    plan = sce.plan(spec, spec.lock(target))

    def stop(step: sce.Step) -> None:
        if step.done >= 5:
            raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        plan.apply(target, progress=stop)
    there = sce.status("pyraise", target)
    assert 0 < there.present < there.planned
    with pytest.raises(sce.InputError, match="no custodian"):
        sce.ls("pyraise", target, as_custodian=True)
    undone = sce.undo("pyraise", target, take_over=True, progress=False)
    assert undone.run and undone.deleted and not undone.left
    assert sce.undo("pyraise", target, progress=False).run is None


def test_ctrl_c_ends_between_calls_and_the_next_run_goes_on(target: sce.Target, tmp_path: Path) -> None:
    spec = small("pyint")
    plan = sce.plan(spec, spec.lock(target))

    # What a shell starts in the background ignores the signal, and so would Python.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    begun = threading.Event()
    threading.Thread(target=lambda: begun.wait(60) and os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt) as raised:
        plan.apply(target, progress=lambda step: begun.set() if (step.deed, step.subject) == ("created", "vpc") else None)
    cause = raised.value.__cause__
    assert isinstance(cause, sce.CloudError) and cause.left_behind
    there = sce.status("pyint", target)
    assert 0 < there.present < there.planned
    done = plan.apply(target, progress=False)
    assert done.verified and done.created and done.kept
    closed = sce.close_out("pyint", target, archive=tmp_path / "archive", dangerously_plain=True)
    assert not closed.left


def test_ctrl_c_during_a_close_out_ends_between_calls_and_the_same_call_goes_on(target: sce.Target, tmp_path: Path) -> None:
    spec = small("pyend")
    sce.plan(spec, spec.lock(target)).apply(target, progress=False)

    def close_out(at: tuple[str, str]) -> sce.CloudError:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        begun = threading.Event()
        threading.Thread(target=lambda: begun.wait(60) and os.kill(os.getpid(), signal.SIGINT)).start()

        def told(step: sce.Step) -> None:
            if (step.deed, step.subject) == at:
                begun.set()
                # So that it comes before the archive is finished.
                time.sleep(0.5)

        with pytest.raises(KeyboardInterrupt) as raised:
            sce.close_out("pyend", target, archive=tmp_path / "archive", dangerously_plain=True, progress=told)
        cause = raised.value.__cause__
        assert isinstance(cause, sce.CloudError) and "interrupted" in str(cause)
        return cause

    before = sce.status("pyend", target).present
    assert "vpc" in close_out(("archiving", "bucket-data")).left_behind
    assert sce.status("pyend", target).present == before, "nothing is deleted before the archive is finished"
    assert "vpc" in close_out(("deleted", "flow-log")).left_behind
    assert 0 < sce.status("pyend", target).present < before
    assert not sce.close_out("pyend", target, archive=tmp_path / "archive", dangerously_plain=True, progress=False).left


def test_cancelling_a_task_stops_it_and_waits_for_it(target: sce.Target) -> None:
    spec = small("pytask")
    plan = sce.plan(spec, spec.lock(target))

    async def cancelled() -> None:
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()

        def heard(step: sce.Step) -> None:
            if (step.deed, step.subject) == ("created", "vpc"):
                loop.call_soon_threadsafe(begun.set)

        task = asyncio.ensure_future(plan.apply_async(target, progress=heard))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    there = sce.status("pytask", target)
    assert 0 < there.present < there.planned, "it stopped on its way, and had written down what it did"


def test_nobody_knows_a_name(target: sce.Target) -> None:
    with pytest.raises(sce.UnknownEnvironment) as raised:
        sce.status("nobody", target)
    assert raised.value.pit == "nobody" and isinstance(raised.value, LookupError)


def test_an_account_is_saved_and_judged_without_it(
    applied: tuple[sce.Plan, sce.Applied, list[sce.Step]], target: sce.Target, tmp_path: Path
) -> None:
    plan, _, _ = applied
    saved = sce.collect(tmp_path / "saved", target, region="us-west-2", progress=False)
    assert saved.files > 10
    model = sce.read_saved(tmp_path / "saved", plan)
    assert {one.node for one in model.resources} >= {"vpc", "subnet-private"}
    assert len(sce.reach(tmp_path / "saved").exposed()) == 0
    (tmp_path / "saved" / "notes.txt").write_text("no JSON")
    model = sce.read_saved(tmp_path / "saved", plan)
    assert model.left_out == ["notes.txt"]
    assert len(model.check()) > 100 and len(model.coverage().items) == 65 and model.register().risks
    assert {proof.id for proof in model.prove() if proof.holds} >= {"no-path-from-internet-to-private-subnet"}


def test_close_out_archives_deletes_and_certifies(
    applied: tuple[sce.Plan, sce.Applied, list[sce.Step]], target: sce.Target, tmp_path: Path
) -> None:
    folder, secret = tmp_path / "archive", {"passphrase": "four words of nobody"}
    closed = asyncio.run(sce.close_out_async("pyone", target, archive=folder, progress=False, **secret))
    assert not closed.left and closed.deleted and [one.object for one in closed.archived if "visits.csv" in one.object]
    assert closed.identity == os.fspath(tmp_path / "archive.identity") and Path(closed.identity).is_file()
    assert "visits.csv" not in "".join(path.name for path in folder.rglob("*")), "nothing lies there in clear"
    ended = sce.status("pyone", target)
    assert ended.closed is not None and ended.closed.manifest_head == closed.manifest_head
    assert ended.closed.html == closed.html and ended.closed.signed_by == closed.signed_by

    assert closed.signed_by is not None
    files = sce.archive.verify(folder, key=closed.signed_by["public_key"])
    assert files.sound and files.signer_pinned and not files.contents_checked and files.head == closed.manifest_head
    whole = sce.archive.verify(folder, identity=closed.identity, **secret)
    assert whole.sound and whole.contents_checked and whole.objects == len(closed.archived)
    assert not sce.archive.verify(folder, key="SHA256:" + "A" * 43).sound
    with pytest.raises(sce.InputError, match="SHA256:no"):
        sce.archive.verify(folder, key="SHA256:no")
    with pytest.raises(sce.ArchiveError, match="encrypted"):
        sce.archive.restore(folder, tmp_path / "none")
    restored = sce.archive.restore(folder, tmp_path / "restored", identity=closed.identity, **secret)
    assert [Path(one.file).read_bytes() for one in restored.objects] == [b"a,b\r\n" * 100_000]
    assert any(path.endswith("spec.json") for path in restored.documents)

    file = next(path for path in (folder / "objects").rglob("*") if path.is_file())
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    broken = sce.archive.verify(folder)
    assert not broken.sound and broken.problems[0]["file"].startswith("objects/") and "not sound" in broken._repr_html_()
    with pytest.raises(sce.ArchiveError):
        sce.archive.restore(folder, tmp_path / "damaged", identity=closed.identity, **secret)
