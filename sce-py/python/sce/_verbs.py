"""The verbs that are about an environment by its name, and those that need none."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from sce import _sce
from sce._account import Collected, Entries, Environments, Holds, Machine, Moved, Status, Undone
from sce._core import Model, Network, Plan, Spec, Target, in_thread
from sce._ends import Closed
from sce._judged import Rule, Rules
from sce._planned import Allocation, Decision, Subnet
from sce._progress import Progress, telling

if TYPE_CHECKING:
    from typing import TypeAlias

    from sce._core import Day, File, Lock

__all__ = [
    "Mfa", "access", "authorize", "catalog", "cidr", "close_out", "close_out_async", "collect", "collection_permissions", "explain", "files",
    "get", "get_async", "hold", "known", "ls", "machines", "observe", "permissions", "plan", "put", "put_async", "reach", "read_saved",
    "release", "start", "status", "stop", "undo",
]  # fmt: skip

Store: TypeAlias = Literal["data", "output", "ancillary"]


class Mfa(NamedTuple):
    """A code from somebody's MFA device. `serial` is the device's serial number: the ARN of a virtual one; the code serves once.

    >>> Mfa("arn:aws:iam::111122223333:mfa/custodian", "123456")
    Mfa(serial='arn:aws:iam::111122223333:mfa/custodian', code=...)
    """

    serial: str
    code: str

    def __repr__(self) -> str:
        return f"Mfa(serial={self.serial!r}, code=...)"


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
    return Model(_sce.observe((pit, region), target._native, _stop or _sce.Stop()))


def status(pit: str, target: Target, *, region: str | None = None, _stop: _sce.Stop | None = None) -> Status:
    """Which things of an environment are there, by the registry and the account; read-only."""
    return Status._told(_sce.status((pit, region), target._native, _stop or _sce.Stop()))


def known(target: Target, *, region: str | None = None) -> Environments:
    """Every environment that the account's registries know, of one region or of all; read-only.

    Raises:
        CloudError: When a registry cannot be listed.
    """
    return Environments._of_list(_sce.known(target._native, region, _sce.Stop()))


def undo(
    pit: str, target: Target, *, region: str | None = None, take_over: bool = False, progress: Progress = None
) -> Undone:
    """Undoes the latest run that made anything which is still there, from the registry alone; called again, the one before.

    Databases, data volumes and stores that are not empty stay.

    Raises:
        UnknownEnvironment: When no registry knows it.
        LeaseHeld: When another run is at work on it.
    """
    with telling(progress, f"undoing in {pit}") as told:
        return Undone._of(_sce.undo((pit, region), target._native, take_over, told, _sce.Stop()))


def hold(
    pit: str, target: Target, *, reason: str, region: str | None = None, take_over: bool = False
) -> Holds:
    """Places a legal hold: while one is in force, nothing is closed out. Returns every hold of the environment.

    Args:
        reason: The matter's name, on one line of at most 300 characters, and nobody's health in it. It is kept in the registry.
        take_over: Whether to take a lease over that a dead run has left.

    Raises:
        InputError: When the reason is none.
        UnknownEnvironment, LeaseHeld, CloudError
    """
    return Holds._of_list(_sce.hold((pit, region), target._native, reason, (False, None), take_over, _sce.Stop()))


def release(
    pit: str, target: Target, *, reason: str, number: int | None = None, region: str | None = None, take_over: bool = False
) -> Holds:
    """Releases a legal hold: the one of that number, or the only one in force. It stays on record, with who let it go, and why.

    Raises:
        InputError: When none is in force, or several are and none is named.
        UnknownEnvironment, LeaseHeld, CloudError
    """
    return Holds._of_list(_sce.hold((pit, region), target._native, reason, (True, number), take_over, _sce.Stop()))


def machines(pit: str, target: Target, *, region: str | None = None) -> list[Machine]:
    """The machines that are there, and their addresses; read-only."""
    return [Machine._of(told) for told in _sce.machines((pit, region), target._native, _sce.Stop())]


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
        powered = _sce.power((pit, region), target._native, how, told, _sce.Stop())
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
    path = os.fspath(file)
    name = os.path.basename(path)
    with telling(progress, f"sending {name}", bytes=True) as told:
        where = (pit, region, to)
        moved = _sce.data_put(where, target._native, path, (key or name, reviewed), told, _stop or _sce.Stop())
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
    as_custodian: bool = False,
    mfa: Mfa | None = None,
    region: str | None = None,
    progress: Progress = None,
    _stop: _sce.Stop | None = None,
) -> Moved:
    """Fetches an object into a file, which appears whole or not at all; its SHA-256 is compared with the one that it carries.

    Args:
        as_custodian: Whether to take on the environment's custodian role first, which reads from outside the endpoint; it is logged.
        mfa: What that role's trust asks for.

    Raises:
        InputError: When the environment has no custodian.
        TargetError: When the role is not for the caller.
        TransferError: When the file exists and `overwrite` is not said, or what came is not what was stored.
        CloudError: When AWS refuses; `trouble` is `NotFound` where there is no such object.
    """
    with telling(progress, f"fetching {key}", bytes=True) as told:
        where = (pit, region, store)
        moved = _sce.data_get(
            where, target._native, (as_custodian, mfa), (key, os.fspath(output), overwrite), told,
            _stop or _sce.Stop(),
        )  # fmt: skip
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
    as_custodian: bool = False,
    mfa: Mfa | None = None,
    region: str | None = None,
) -> Entries:
    """Lists the objects of a bucket; with `digests` the SHA-256 of each, which takes a request each.

    With `as_custodian` (and `mfa`) it is read as the environment's custodian, as `get` does.
    """
    where = (pit, region, store)
    return Entries._of_list(_sce.data_ls(where, target._native, (as_custodian, mfa), prefix, digests, _sce.Stop()))


def files(pit: str, target: Target, *, region: str | None = None) -> list[dict[str, Any]]:
    """What the table of uploaded files tells, by key and time (document L577-L582)."""
    return _sce.files((pit, region), target._native, _sce.Stop())


def access(spec: Spec, target: Target | None = None, *, person: str | None = None) -> list[Any]:
    """What people are handed to get in, a `Sheet` each: settings for OpenSSH and one page in plain words."""
    return plan(spec).access(person, target=target)


def permissions(plan: Plan | None = None) -> dict[str, Any] | list[dict[str, Any]]:
    """The least IAM policies for whoever runs `sce` on a plan (`plan.permissions()`); without one, what each call needs, kind by kind.

    >>> sorted(permissions()[0])[:3]
    ['action', 'duties', 'kind']
    """
    return _sce.permissions_table() if plan is None else plan.permissions()


def collection_permissions() -> dict[str, Any]:
    """The IAM policy that lets `collect` read an account, and do nothing else.

    >>> {statement["Effect"] for statement in collection_permissions()["Statement"]}
    {'Allow'}
    """
    return _sce.collection_permissions()


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
    retain_days: int | None = None,
    retain_mode: Literal["governance", "compliance"] = "governance",
    kms_key: str | None = None,
    archive_account: str | None = None,
    signing_key: File | None = None,
    signing_passphrase: str | None = None,
    as_custodian: bool = False,
    mfa: Mfa | None = None,
    while_machines_run: bool = False,
    archive_again: bool = False,
    dangerously_plain: bool = False,
    dangerously_discard_unarchived: bool = False,
    dangerously_bypass_governance: bool = False,
    take_over: bool = False,
    region: str | None = None,
    progress: Progress = None,
    _stop: _sce.Stop | None = None,
) -> Closed:
    """Archives an environment's data and records, deletes everything of it, and looks for what is left.

    Args:
        archive: Where the archive goes: a folder, or a bucket outside the environment (`"s3://BUCKET/PREFIX"`) with Object Lock.
        recipients: Public keys of age that can open an archive in a folder; the spec's when absent, and where it names none a key is
            made beside the folder, as `ARCHIVE.identity`: whoever has it can read the archive.
        passphrase: What protects that key.
        retain_days: Of an archive in a bucket: for how many days nobody may delete it. HIPAA's documentation is kept 6 years: 2192.
        retain_mode: How strictly: under `compliance` nobody at all, under `governance` nobody without leave to bypass it.
        kms_key: The ARN of the KMS key that encrypts an archive in a bucket: one that outlives the environment.
        archive_account: The account of bucket and key, where it is another.
        signing_key: The file of an Ed25519 private key that signs the archive (OpenSSH's form); else one is made, and forgotten.
        signing_passphrase: What opens it.
        as_custodian: Whether to read the data as the environment's custodian, from outside the endpoint.
        mfa: What that role's trust asks for.
        while_machines_run: Whether to go on while machines run; else `sce.stop` them first.
        archive_again: Whether to make another archive where a store got something after the last one; `archive` is then a new folder.
        dangerously_plain: Whether an archive in a folder is not to be encrypted at all.
        dangerously_discard_unarchived: Whether databases and data volumes may go with what is in them.
        dangerously_bypass_governance: Whether to delete objects of the stores that are locked in governance mode before their time.

    Raises:
        UnknownEnvironment, InputError, ArchiveError, Unarchived, CloseOutRefused, CloudError: Before anything is deleted. Later failures
            are in `Closed.left`.
        KeyboardInterrupt: After Ctrl-C, once the call in flight has ended and is journalled; its cause says what is left behind. The same
            call again goes on from there, in the same folder.
    """
    place, named = os.fspath(archive), list(recipients)
    own = not (dangerously_plain or named or place.startswith("s3:"))
    archiving = {
        "archive": place,
        "recipients": named,
        "identity": place.rstrip("/") + ".identity" if own else None,
        "passphrase": passphrase,
        "plain": dangerously_plain,
        "retain_days": retain_days,
        "retain_mode": retain_mode,
        "kms_key": kms_key,
        "archive_account": archive_account,
        "signing_key": None if signing_key is None else os.fspath(signing_key),
        "signing_passphrase": signing_passphrase,
    }
    how = {
        "take_over": take_over,
        "discard_unarchived": dangerously_discard_unarchived,
        "bypass_governance": dangerously_bypass_governance,
        "while_machines_run": while_machines_run,
        "archive_again": archive_again,
        "as_custodian": (as_custodian, mfa),
    }
    with telling(progress, f"closing out {pit}") as told:
        closed = _sce.close_out((pit, region), target._native, archiving, how, told, _stop or _sce.Stop())
    return Closed._closed(closed)


async def close_out_async(pit: str, target: Target, **options: Any) -> Closed:
    """`close_out`, awaited. Cancelling the task stops it as Ctrl-C would, and waits until it has journalled."""
    return await in_thread(close_out, pit, target, **options)
