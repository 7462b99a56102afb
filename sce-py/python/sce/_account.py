"""What is there in an account, what was done to it, and what went in and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sce._ends import Closed
from sce._errors import InputError
from sce._judged import Findings, Proofs
from sce._progress import Progress, telling
from sce._record import Record, Records

if TYPE_CHECKING:
    from typing_extensions import Self

    from sce import _sce
    from sce._core import Target

__all__ = [
    "AccountApplied", "AccountStatus", "Applied", "Collected", "Drift", "Entries", "Entry", "Environment", "Environments", "Hold", "Holds",
    "Machine", "Moved", "Repaired", "Sheet", "Status", "Thing", "Things", "Undone", "Verification",
]  # fmt: skip


class Verification(Record):
    """What reading everything back showed."""

    verified: bool
    """Whether everything that can be shown is as planned, and nothing lies beside it."""
    nodes: list[dict[str, Any]]
    unplanned: list[str]
    not_shown: list[dict[str, str]]
    """What those who answer cannot show: never counted as verified."""
    findings: Findings
    proofs: Proofs

    @classmethod
    def _seen(cls, told: Mapping[str, Any]) -> Verification:
        proofs = Proofs._of_list(told["proofs"])
        findings = Findings._of_list(told["findings"])
        return cls._of({**told, "findings": Findings(list(findings), proofs), "proofs": proofs})

    @property
    def not_as_planned(self) -> list[dict[str, Any]]:
        """Nodes that do not read back as planned."""
        return [node for node in self.nodes if node["seen"] != "as-planned"]

    def __repr__(self) -> str:
        word = "verified" if self.verified else f"not verified, {len(self.not_as_planned)} not as planned"
        return f"<Verification: {word}, {len(self.nodes)} things>"

    def _repr_html_(self) -> str:
        from sce import _show

        return _show.verification(self)


class Drift(Record):
    """How an account differs from a plan: each thing that is otherwise, the most severe first, and which rules answer otherwise."""

    drifted: bool
    is_applied: bool
    """Whether the plan is the one that was applied last; if not, what it changes counts as drift too."""
    findings: list[dict[str, Any]]
    """Each with `node`, `what` (`changed`, `gone`, `added`), `severity`, `message`, `details`, `by`."""
    rules: list[dict[str, Any]]
    properties: list[dict[str, Any]]
    foreign: list[dict[str, Any]]
    unread: list[dict[str, Any]]
    not_shown: list[dict[str, str]]
    text: str
    trail: dict[str, Any] | str = "read"
    """Whether CloudTrail could be asked who did it."""
    _seen: _Seen | None = None
    """What was seen, for `repair`; None in a copy that was pickled."""

    @property
    def repairable(self) -> list[dict[str, Any]]:
        """Those of the findings that `repair` puts back."""
        if self._seen is None:
            return []
        return [self.findings[at] for at in self._seen.native.repairable()]

    def repair(self, *, yes: bool = False, take_over: bool = False, progress: Progress = None) -> Repaired:
        """Puts back in place what can be, once you have seen what that is and said yes; nothing else, whatever drifted meanwhile.

        It prints what would be changed (`repairable`) and asks; with `yes` it does not ask. A failure does not stop the rest. Read
        `plan.drift(target)` again to see what is left.

        Raises:
            InputError: When nobody says yes, or this is a copy; nothing is changed.
            PlanError: When the plan is not the one that was applied last.
            LeaseHeld: When another run is at work on the environment.
            CloudError: When the registry cannot be used.
        """
        from sce import _sce

        if self._seen is None:
            raise InputError("this is a copy, which has no plan to go by", help="ask again: `plan.drift(target).repair()`")
        if not self.repairable:
            return Repaired([], [], [])
        if not yes:
            _confirm(self.repairable)
        with telling(progress, "putting back") as told:
            return Repaired._of(self._seen.native.repair(self._seen.target._native, take_over, told, _sce.Stop()))

    def to_dict(self) -> dict[str, Any]:
        """The record as a dictionary."""
        return {name: value for name, value in super().to_dict().items() if name != "_seen"}

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Drift: {len(self.findings)} things are otherwise than planned, {len(self.unread)} unread>"

    def _repr_html_(self) -> str:
        from sce import _show

        return _show.drift(self)


class _Seen(NamedTuple):
    """What a repair goes by."""

    native: _sce.Drift
    target: Target

    def __repr__(self) -> str:
        return "..."


def _confirm(findings: Sequence[Mapping[str, Any]]) -> None:
    """Lists what is about to change, and asks for a yes."""
    print("To be put back:")
    for one in findings:
        # What comes from an account may hold what a terminal obeys.
        line = f"{one['node'] or one['name']}: {'; '.join(one['details'])}"
        print("  " + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line))
    try:
        answer = input("Change this in the account? Type `yes`: ")
    except (EOFError, OSError, RuntimeError):
        raise InputError(
            "there is nobody to ask whether this may be changed", help="look at `.repairable`, then say `repair(yes=True)`"
        ) from None
    if answer.strip() != "yes":
        raise InputError("nothing was changed", help="type `yes`, or say `repair(yes=True)`")


class Repaired(Record):
    """What was put back. `failed` has what was to be put back and was not, each with `resource` and `why`."""

    changed: list[str]
    removed: list[str]
    failed: list[dict[str, str]]

    def __repr__(self) -> str:
        return f"<Repaired: {len(self.changed)} put back, {len(self.removed)} taken out, {len(self.failed)} failed>"


class Applied(Record):
    """What apply did."""

    created: list[str]
    changed: list[str]
    kept: list[str]
    removed: list[str]
    calls: int
    """Requests sent, retries included."""
    mutating_calls: int
    """Of those, requests that may change something."""
    verified: bool
    verification: Verification
    not_checked: list[str] = []
    """What looking ahead for quotas and offers could not tell, and why."""

    def __repr__(self) -> str:
        done = f"{len(self.created)} created, {len(self.changed)} changed, {len(self.kept)} kept"
        return f"<Applied: {done}, {'verified' if self.verified else 'not verified'}, {self.calls} calls>"

    def _repr_html_(self) -> str:
        from sce import _show

        return _show.applied(self)


class Undone(Record):
    """What came of undoing a run; `run` is None where no run made anything that is there."""

    run: str | None
    deleted: list[str]
    pending: list[str]
    """What AWS deletes at a later time, each with it."""
    left: list[str]
    """What is still there, each with the reason."""
    interrupted: bool = False
    """Whether it was asked to stop on its way; the same call goes on."""

    def __repr__(self) -> str:
        return f"<Undone: run {self.run}, {len(self.deleted)} deleted, {len(self.left)} left>"


class Hold(Record):
    """A legal hold: `number` among the environment's, why, by whom and since when; `released` (`reason`, `by`, `at`) once it has ended."""

    number: int
    reason: str
    by: str
    since: str
    released: dict[str, str] | None


class Holds(Records[Hold]):
    """Legal holds of an environment, by their numbers."""

    _kind = Hold
    _columns = {"number": "int64", "reason": "string", "by": "string", "since": "string", "released": "string"}
    __slots__ = ()

    @property
    def in_force(self) -> Holds:
        """Those that are not released: while there is one, nothing is closed out."""
        return Holds([hold for hold in self if hold.released is None])


class Thing(Record):
    """One thing of an environment; `id` is what AWS calls it, None when it is not there."""

    node: str
    kind: str
    name: str
    scope: str
    id: str | None
    unread: str | None
    machine: dict[str, Any] | None
    journal: str


class Things(Records[Thing]):
    """Each thing of a plan."""

    _kind = Thing
    _columns = {"node": "string", "kind": "string", "name": "string", "scope": "string", "id": "string", "journal": "string"}
    __slots__ = ()


class Status(Record):
    """What is there of an environment."""

    pit: str
    digest: str
    things: Things
    present: int
    planned: int
    closed: Closed | None
    holds: Holds = Holds([])
    """Legal holds in force."""
    ending: dict[str, str] | None = None
    """Of a close-out that has begun and is not over: `at`, `by` and the `manifest` of its archive."""

    @classmethod
    def _told(cls, told: Mapping[str, Any]) -> Status:
        closed = told["closed"] and Closed._closed(told["closed"])
        return cls._of({**told, "things": Things._of_list(told["things"]), "closed": closed, "holds": Holds._of_list(told["holds"])})

    def __repr__(self) -> str:
        end = ", closed out" if self.closed else ", being closed out" if self.ending else ""
        return f"<Status of `{self.pit}`: {self.present} of {self.planned} things are there{end}>"

    def _repr_html_(self) -> str:
        from sce import _show

        return _show.status(self)


class Environment(Record):
    """An environment that a registry knows, in a line. `state` is `alive`, `ending`, `closed-out`, `never-built` or `unknown` (`unread` says why)."""

    pit: str
    region: str
    state: str
    digest: str | None
    planned: int
    """How many of its own things the plan has."""
    last_run: str | None
    """The name of the last run, which begins with its time."""
    leased: bool
    """Whether a run is at work on it."""
    holds: Holds
    """Legal holds in force: while there is one, it is not closed out."""
    unread: str | None

    @classmethod
    def _of(cls, told: Mapping[str, Any]) -> Self:
        return super()._of({**told, "holds": Holds._of_list(told["holds"])})


class Environments(Records[Environment]):
    """Every environment that an account's registries know."""

    _kind = Environment
    _columns = {
        "pit": "string", "region": "string", "state": "string", "planned": "int64", "last_run": "string", "leased": "bool",
        "digest": "string", "unread": "string",
    }  # fmt: skip
    __slots__ = ()


class Machine(Record):
    """A machine that is there."""

    node: str
    id: str
    state: str
    private_address: str | None
    public_address: str | None


class Sheet(Record):
    """What a person is handed to get in: settings for OpenSSH and one page in plain words. It holds no secret."""

    name: str
    email: str
    key: bool
    rotating: bool
    ssh_config: str
    markdown: str
    html: str

    def _repr_markdown_(self) -> str:
        return self.markdown

    def __repr__(self) -> str:
        return f"<Sheet for `{self.name}`>"


class Moved(Record):
    """A file that was sent or fetched; `verified` says whether its SHA-256 is the one that the object carries."""

    bucket: str
    key: str
    file: str
    bytes: int
    sha256: str
    version_id: str | None
    verified: bool = True


class Entry(Record):
    """An object in a bucket; `sha256` only where digests were asked for."""

    key: str
    bytes: int
    modified: str | None
    sha256: str | None
    bucket: str


class Entries(Records[Entry]):
    """Objects in a bucket."""

    _kind = Entry
    _columns = {"key": "string", "bytes": "int64", "modified": "string", "sha256": "string", "bucket": "string"}
    __slots__ = ()


class Collected(Record):
    """What was saved of an account."""

    account: str
    region: str
    caller: str
    files: int
    calls: list[str]
    unread: list[dict[str, str]]


class AccountStatus(Record):
    """How an account stands in what it has once, for every environment in it."""

    account: str
    region: str
    adopted: list[str]
    """What the organisation has already: held to the rules, and not changed."""
    addendum: dict[str, Any]
    """What AWS Artifact says of the Business Associate Addendum: `evidence` is `active`, `inactive` or `declared`."""
    verification: Verification

    @classmethod
    def _told(cls, told: Mapping[str, Any]) -> AccountStatus:
        return cls._of({**told, "verification": Verification._seen(told["verification"])})

    @property
    def findings(self) -> Findings:
        """What the rules say of the account."""
        return self.verification.findings

    @property
    def ok(self) -> bool:
        """Whether everything is as it shall be, and no rule has anything open."""
        return self.verification.verified and not self.findings.open

    def __repr__(self) -> str:
        return f"<AccountStatus of {self.account} ({self.region}): {len(self.findings.open)} open, {self.verification!r}>"

    def _repr_html_(self) -> str:
        from sce import _show

        return _show.account(self)


class AccountApplied(Record):
    """What seeing to an account did."""

    created: list[str]
    changed: list[str]
    kept: list[str]
    adopted: list[str]
    """What the organisation has already, and so was not made."""
    mutating_calls: int
    by_hand: list[str]
    """For what was made or changed, how to go back: sce deletes none of it."""
    verification: Verification

    @classmethod
    def _told(cls, told: Mapping[str, Any]) -> AccountApplied:
        return cls._of({**told, "verification": Verification._seen(told["verification"])})

    def __repr__(self) -> str:
        done = f"{len(self.created)} created, {len(self.changed)} changed, {len(self.kept)} kept, {len(self.adopted)} adopted"
        return f"<AccountApplied: {done}; {self.verification!r}>"

    def _repr_html_(self) -> str:
        from sce import _show

        return _show.account_applied(self)
