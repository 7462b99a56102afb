"""The verbs that are about an environment by its name, and those that need none."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sce import _sce
from sce._core import Model, Network, Plan, Spec, Target, in_thread
from sce._progress import Progress, telling
from sce._results import (
    Allocation, Closed, Collected, Decision, Entries, Machine, Moved, Rule, Rules, Status, Subnet, Things,
)  # fmt: skip

if TYPE_CHECKING:
    from typing import TypeAlias

    from sce._core import Day, File, Lock

__all__ = [
    "access", "authorize", "catalog", "cidr", "close_out", "close_out_async", "collect", "explain", "files", "get", "get_async", "ls",
    "machines", "observe", "plan", "put", "put_async", "reach", "read_saved", "start", "status", "stop",
]  # fmt: skip

Store: TypeAlias = Literal["data", "output", "ancillary"]


def plan(spec: Spec, lock: Lock | None = None) -> Plan:
    """Plans the environment that a spec asks for: a pure function of spec and lock.

    Without a lock, the one beside the spec's file serves, and where there is none placeholders.

    Raises:
        PlanError: When the addresses do not suffice, or spec and lock do not fit each other.

    >>> plan(Spec.from_toml(Spec.example("hipaa"))).pit
    'hipaa'
    """
    return Plan(spec, lock)


def cidr(block: str, need: Mapping[str, int], *, taken: Sequence[str] = ()) -> Allocation:
    """Divides a network into subnets for so many usable hosts; AWS's five reserved addresses come on top.

    Args:
        block: The network, as `"10.0.0.0/16"`.
        need: How many hosts each subnet holds, by its name, in the order of their places.
        taken: Ranges that are in use already.

    Raises:
        InputError: When it falls short, and by how much.

    >>> [(subnet.name, subnet.cidr) for subnet in cidr("10.0.0.0/24", {"public": 20, "private": 100}).subnets]
    [('public', '10.0.0.0/27'), ('private', '10.0.0.128/25')]
    """
    told = _sce.divide(block, list(need.items()), list(taken))
    return Allocation([Subnet._of(subnet) for subnet in told["subnets"]], told["free"])


def authorize(request: Mapping[str, Any], **more: Any) -> Decision:
    """Decides a request as AWS would by the policies that it meets, offline.

    A request has `principal`, `action`, `resource`, perhaps `resource_account` and `context`, and `policies` by layer: `identity`,
    `resource`, `boundary`, `session`, `scp`, `rcp`, `endpoint` (docs/authorize.md). Keyword arguments are put in place of its keys.

    Raises:
        InputError: When request or policy is not written as AWS reads it.

    >>> allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
    >>> request = {
    ...     "principal": {"type": "aws", "arn": "arn:aws:iam::111122223333:role/R"},
    ...     "action": "s3:GetObject",
    ...     "resource": "arn:aws:s3:::b/k",
    ...     "resource_account": "111122223333",
    ...     "policies": {"identity": [allow]},
    ... }
    >>> authorize(request).verdict
    'allow'
    >>> authorize(request, action="s3:PutObject").verdict
    'implicit_deny'
    """
    return Decision._of(_sce.authorize([json.dumps({**request, **more})])[0])


def reach(folder: File) -> Network:
    """The network that saved answers of AWS describe: any folder of JSON files, recognised by what is in them."""
    return Network(_sce.read_network(os.fspath(folder)))


def read_saved(folder: File, plan: Plan) -> Model:
    """What was saved of an account, by `collect` or the AWS CLI, in the terms of a plan."""
    return Model(_sce.read_saved(os.fspath(folder), plan._native))


def explain(rule: str | None = None) -> Any:
    """What a rule is about, as a `Rule`; without a name, `Rules` with every rule.

    Raises:
        InputError: When there is no such rule; it says which may be meant.

    >>> explain("bucket-blocks-public-access").severity_broken
    'critical'
    """
    rules = [Rule._of(told) for told in _sce.rules(rule)]
    return Rules(rules) if rule is None else rules[0]


def catalog(on: Day = None, *, file: File | None = None) -> dict[str, Any]:
    """The services that may touch PHI, in the edition that held on a day, today when absent: `as_of`, `source`, `services`."""
    return _sce.catalog(None if on is None else str(on), None if file is None else os.fspath(file))


def observe(pit: str, target: Target, *, region: str | None = None, _stop: _sce.Stop | None = None) -> Model:
    """Reads what is there of an environment; read-only. What cannot be read is in the answer.

    Raises:
        UnknownEnvironment: When no registry of the account knows it.
        CloudError: When AWS does not answer.
    """
    return Model(_sce.observe(pit, target._native, region, _stop or _sce.Stop()))


def status(pit: str, target: Target, *, region: str | None = None, _stop: _sce.Stop | None = None) -> Status:
    """Which things of an environment are there, by the registry and the account; read-only."""
    told = _sce.status(pit, target._native, region, _stop or _sce.Stop())
    closed = told["closed"] and Closed._closed(told["closed"])
    return Status._of({**told, "things": Things._of_list(told["things"]), "closed": closed})


def machines(pit: str, target: Target, *, region: str | None = None) -> list[Machine]:
    """The machines that are there, and their addresses; read-only."""
    return [Machine._of(told) for told in _sce.machines(pit, target._native, region, _sce.Stop())]


def stop(
    pit: str, target: Target, *, region: str | None = None, take_over: bool = False, progress: Progress = None
) -> list[Machine]:
    """Stops every machine, and waits until they are stopped. Volumes stay, and are paid for."""
    return _power(pit, target, region, (False, take_over), progress)


def start(
    pit: str, target: Target, *, region: str | None = None, take_over: bool = False, progress: Progress = None
) -> list[Machine]:
    """Starts every machine, and waits until they run."""
    return _power(pit, target, region, (True, take_over), progress)


def _power(pit: str, target: Target, region: str | None, how: tuple[bool, bool], progress: Progress) -> list[Machine]:
    with telling(progress, f"{'starting' if how[0] else 'stopping'} machines of {pit}") as told:
        powered = _sce.power(pit, target._native, region, how, told, _sce.Stop())
    return [Machine._of(machine) for machine in powered["machines"]]


def put(
    file: File,
    pit: str,
    target: Target,
    *,
    key: str | None = None,
    to: Store = "data",
    reviewed: str | None = None,
    region: str | None = None,
    progress: Progress = None,
    _stop: _sce.Stop | None = None,
) -> Moved:
    """Sends a file into one of an environment's buckets: encrypted with its key, hashed before and while it is sent.

    Args:
        file: The file.
        key: What it is called there; the file's name when absent.
        to: Which bucket: `data` (S3D), `output` (S3O) or `ancillary` (S3A, for what is no PHI).
        reviewed: Why a name that looks like a person's is none.

    Raises:
        TransferError: When a name looks like PHI (nothing is sent), or the file changes meanwhile.
        CloudError: When AWS refuses. Nothing is left half-way; an interrupt takes back what was sent.
    """
    path = Path(file)
    with telling(progress, f"sending {path.name}", bytes=True) as told:
        where = (pit, region, to)
        moved = _sce.data_put(where, target._native, os.fspath(path), (key or path.name, reviewed), told, _stop or _sce.Stop())
    return Moved._of(moved)


async def put_async(file: File, pit: str, target: Target, **options: Any) -> Moved:
    """`put`, awaited."""
    return await in_thread(put, file, pit, target, **options)


def get(
    key: str,
    pit: str,
    target: Target,
    *,
    output: File,
    store: Store = "output",
    overwrite: bool = False,
    region: str | None = None,
    progress: Progress = None,
    _stop: _sce.Stop | None = None,
) -> Moved:
    """Fetches an object into a file, which appears whole or not at all; its SHA-256 is compared with the one that it carries.

    Raises:
        TransferError: When the file exists and `overwrite` is not said, or what came is not what was stored.
        CloudError: When AWS refuses; `trouble` is `NotFound` where there is no such object.
    """
    with telling(progress, f"fetching {key}", bytes=True) as told:
        where = (pit, region, store)
        moved = _sce.data_get(where, target._native, key, (os.fspath(output), overwrite), told, _stop or _sce.Stop())
    return Moved._of(moved)


async def get_async(key: str, pit: str, target: Target, **options: Any) -> Moved:
    """`get`, awaited."""
    return await in_thread(get, key, pit, target, **options)


def ls(
    pit: str,
    target: Target,
    *,
    store: Store = "data",
    prefix: str = "",
    digests: bool = False,
    region: str | None = None,
) -> Entries:
    """Lists the objects of a bucket; with `digests` the SHA-256 of each, which takes a request each."""
    return Entries._of_list(_sce.data_ls((pit, region, store), target._native, prefix, digests, _sce.Stop()))


def files(pit: str, target: Target, *, region: str | None = None) -> list[dict[str, Any]]:
    """What the table of uploaded files tells, by key and time (document L577-L582)."""
    return _sce.files(pit, target._native, region, _sce.Stop())


def access(spec: Spec, target: Target | None = None, *, person: str | None = None) -> list[Any]:
    """What people are handed to get in, a `Sheet` each: settings for OpenSSH and one page in plain words."""
    return plan(spec).access(person, target=target)


def collect(
    folder: File, target: Target, *, region: str, replace: bool = False, progress: Progress = None
) -> Collected:
    """Saves what an account says of itself in a region, read-only, as the AWS CLI prints it: no objects, no secrets."""
    with telling(progress, "reading the account") as told:
        return Collected._of(_sce.collect(os.fspath(folder), target._native, region, replace, told, _sce.Stop()))


def close_out(
    pit: str,
    target: Target,
    *,
    archive: File,
    recipients: Iterable[str] = (),
    passphrase: str | None = None,
    dangerously_plain: bool = False,
    dangerously_discard_unarchived: bool = False,
    while_machines_run: bool = False,
    archive_again: bool = False,
    take_over: bool = False,
    region: str | None = None,
    progress: Progress = None,
    _stop: _sce.Stop | None = None,
) -> Closed:
    """Archives an environment's data and records, deletes everything of it, and looks for what is left.

    Args:
        archive: The folder that the archive goes to.
        recipients: Public keys of age that can open it; the spec's when absent, and where it names none a key is made beside the
            folder, as `ARCHIVE.identity`: whoever has it can read the archive.
        passphrase: What protects that key.
        dangerously_plain: Whether the archive is not to be encrypted at all.
        dangerously_discard_unarchived: Whether databases and data volumes may go with what is in them.
        while_machines_run: Whether to go on while machines run; else `sce.stop` them first.
        archive_again: Whether to go on where a store got something after the last archive.

    Raises:
        UnknownEnvironment, ArchiveError, Unarchived, CloseOutRefused, CloudError: Before anything is deleted. Later failures are in `Closed.left`.
    """
    opening = {
        "recipients": list(recipients),
        "identity": None if dangerously_plain or recipients else os.fspath(archive).rstrip("/") + ".identity",
        "passphrase": passphrase,
        "plain": dangerously_plain,
    }
    how = (take_over, dangerously_discard_unarchived, while_machines_run, archive_again)
    with telling(progress, f"closing out {pit}") as told:
        closed = _sce.close_out(
            (pit, region), target._native, os.fspath(archive), opening, how, told,
            _stop or _sce.Stop(),
        )  # fmt: skip
    return Closed._closed(closed)


async def close_out_async(pit: str, target: Target, **options: Any) -> Closed:
    """`close_out`, awaited. Cancelling the task stops it as Ctrl-C would: between two things."""
    return await in_thread(close_out, pit, target, **options)
