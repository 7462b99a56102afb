"""What verbs return: frozen records, and sequences of them that are tables too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, overload

from sce import _sce
from sce._errors import CheckFailed

if TYPE_CHECKING:
    import pandas
    from typing_extensions import Self

T = TypeVar("T")

__all__ = [
    "Allocation", "Applied", "Archived", "Closed", "Collected", "CostLine", "Coverage", "Decision", "Difference", "Drift", "Entries", "Entry",
    "Estimate", "Exposure", "Exposures", "Finding", "Findings", "Left", "Machine", "Moved", "Outcome", "Outcomes", "Proof", "Proofs",
    "Register", "Resource", "Rule", "Rules", "Sheet", "Status", "Subnet", "Thing", "Verification",
]  # fmt: skip


if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_how: bool) -> Callable[[T], T]:
        """What type checkers are told; nothing at run time."""
        return lambda thing: thing


@dataclass_transform(frozen_default=True)
class Record:
    """A frozen record, made from the JSON that the command writes; what later versions add is let be.

    As a frozen dataclass is, to users and type checkers; thirty of those would take most of the time that `import sce` has, since each
    compiles methods of its own.
    """

    _fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        cls._fields = tuple(cls.__annotations__)

    def __init__(self, *values: Any, **named: Any) -> None:
        told = dict(zip(self._fields, values)) | named
        missing = [name for name in self._fields if name not in told and not hasattr(type(self), name)]
        unknown = [name for name in told if name not in self._fields]
        if missing or unknown or len(values) > len(self._fields):
            raise TypeError(f"{type(self).__name__} has the fields {', '.join(self._fields)}")
        for name in self._fields:
            # A default is the class's attribute of that name.
            self.__dict__[name] = told[name] if name in told else getattr(type(self), name)

    @classmethod
    def _of(cls, told: Mapping[str, Any]) -> Self:
        return cls(**{name: value for name, value in told.items() if name in cls._fields})

    def to_dict(self) -> dict[str, Any]:
        """The record as a dictionary."""
        return dict(self.__dict__)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a {type(self).__name__} cannot be changed: `{name}`")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a {type(self).__name__} cannot be changed: `{name}`")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={self.__dict__[name]!r}' for name in self._fields)})"

    def __reduce__(self) -> Any:
        return type(self)._of, (self.to_dict(),)


R = TypeVar("R", bound=Record)


class Records(Generic[R]):
    """Records in order, which other libraries take as a table through Arrow's PyCapsule interface, without a copy.

    No `collections.abc.Sequence`, though it acts as one: polars would take its items apart instead of taking the table.
    """

    _columns: ClassVar[Mapping[str, str]] = {}
    _kind: ClassVar[type[Record]]
    __slots__ = ("_records", "_table")

    def __init__(self, records: Sequence[R]) -> None:
        self._records = tuple(records)
        self._table: _sce.Table | None = None

    @classmethod
    def _of_list(cls, told: Sequence[Mapping[str, Any]]) -> Self:
        return cls([cls._kind._of(one) for one in told])  # type: ignore[misc]

    @overload
    def __getitem__(self, index: int) -> R: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> R | Self:
        if isinstance(index, slice):
            return type(self)(self._records[index])
        return self._records[index]

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[R]:
        return iter(self._records)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._records == other._records

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> Any:
        return type(self), (self._records,)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self)}>"

    def _rows(self) -> list[dict[str, Any]]:
        return [{name: _cell(getattr(record, name)) for name in self._columns} for record in self._records]

    @property
    def table(self) -> _sce.Table:
        """The table, which pandas, polars, DuckDB and pyarrow take."""
        if self._table is None:
            self._table = _sce.Table.of_rows(list(self._columns.items()), self._rows())
        return self._table

    def __arrow_c_schema__(self) -> object:
        return self.table.__arrow_c_schema__()

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        return self.table.__arrow_c_array__(requested_schema)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)

    def to_pandas(self) -> pandas.DataFrame:
        """The table as a `pandas.DataFrame`."""
        return to_pandas(self.table)

    def _repr_html_(self) -> str:
        from sce import _show

        return _show.records(self)


def _cell(value: Any) -> Any:
    """A cell of a table: lists are joined, records are told by their JSON."""
    if isinstance(value, (list, tuple)):
        return ", ".join(str(one.get("citation") or one.get("control")) if isinstance(one, dict) else str(one) for one in value)
    if isinstance(value, dict):
        import json

        return json.dumps(value)
    return value


def to_pandas(table: _sce.Table) -> pandas.DataFrame:
    """A table as a `pandas.DataFrame`, through pyarrow."""
    try:
        import pyarrow
    except ImportError as error:
        raise ImportError("tables become pandas' through pyarrow: `pip install pandas pyarrow`") from error
    return pyarrow.table(table).to_pandas()


class Finding(Record):
    """What a rule says of a resource.

    `status` is `broken`, `unknown`, `declared` or `kept`; `severity`, the one that applies to it, is `info`, `low`, `medium`, `high` or
    `critical`. `cfr` are paragraphs of 45 CFR, `nist80053` controls; `document_line` is the line of the document that asks for it.
    """

    rule: str
    title: str
    resource: str
    status: str
    severity: str
    message: str
    help: str
    severity_kept: str
    severity_broken: str
    law: str
    cfr: list[dict[str, str]]
    nist80053: list[dict[str, str]]
    document_line: int | None
    waived: bool
    waiver: dict[str, Any] | None
    digest: str
    place: str | None
    blocks: bool = False
    """Whether it stops a plan."""

    @property
    def open(self) -> bool:
        """Whether something is to be done about it."""
        return self.status in ("broken", "unknown") and not self.waived

    def _repr_html_(self) -> str:
        from sce import _show

        return _show.records(Findings([self]))


class Proof(Record):
    """A claim, and what came of it. `status` is `holds`, `violated` or `unknown`; `witness` is a replayed counter-example."""

    id: str
    claim: str
    status: str
    required: bool
    holds: bool
    why: str
    quantifier: str
    assumptions: list[str]
    outside_claim: list[str]
    cfr: list[dict[str, str]]
    witness: dict[str, Any] | None

    @property
    def blocks(self) -> bool:
        """Whether a plan is refused for it."""
        return self.required and not self.holds

    def _repr_html_(self) -> str:
        from sce import _show

        return _show.proofs(Proofs([self]))


class Proofs(Records[Proof]):
    """What came of every claim, in the order of their telling."""

    _kind = Proof
    _columns = {
        "id": "string", "status": "string", "required": "bool", "holds": "bool", "claim": "string", "why": "string", "witness": "string",
    }  # fmt: skip
    __slots__ = ()

    @property
    def blocking(self) -> Proofs:
        """Those that stop a plan."""
        return Proofs([proof for proof in self if proof.blocks])

    def __getitem__(self, index: Any) -> Any:
        """One by its place or its id, or several by a slice."""
        if isinstance(index, str):
            for proof in self:
                if proof.id == index:
                    return proof
            raise KeyError(index)
        return super().__getitem__(index)

    def __repr__(self) -> str:
        count = {status: sum(proof.status == status for proof in self) for status in ("holds", "violated", "unknown")}
        return f"<Proofs: {count['holds']} hold, {count['violated']} violated, {count['unknown']} unknown>"

    def _repr_html_(self) -> str:
        from sce import _show

        return _show.proofs(self)


class Findings(Records[Finding]):
    """What the rules say, in a stable order (open ones first, then by severity, rule, resource), with what was proved beside it."""

    _kind = Finding
    _columns = {
        "severity": "string", "status": "string", "rule": "string", "resource": "string", "message": "string", "help": "string",
        "title": "string", "severity_kept": "string", "severity_broken": "string", "law": "string", "cfr": "string",
        "nist80053": "string", "document_line": "int64", "waived": "bool", "blocks": "bool", "digest": "string", "place": "string",
    }  # fmt: skip
    __slots__ = ("proofs",)

    def __init__(self, records: Sequence[Finding], proofs: Proofs | None = None) -> None:
        super().__init__(records)
        self.proofs = Proofs([]) if proofs is None else proofs
        """What came of every claim."""

    @classmethod
    def _judged(cls, told: Mapping[str, Any]) -> Findings:
        blocking = set(told["blocking"])
        findings = [Finding._of({**one, "blocks": at in blocking}) for at, one in enumerate(told["findings"])]
        return cls(findings, Proofs._of_list(told["proofs"]))

    def __reduce__(self) -> Any:
        return type(self), (self._records, self.proofs)

    @property
    def open(self) -> Findings:
        """Those about which something is to be done."""
        return Findings([finding for finding in self if finding.open])

    @property
    def blocking(self) -> Findings:
        """Those that stop a plan."""
        return Findings([finding for finding in self if finding.blocks])

    @property
    def ok(self) -> bool:
        """Whether the plan passes: nothing stops it, and all that the spec asks for is proved."""
        return not self.blocking and not self.proofs.blocking

    def raise_if_blocked(self) -> None:
        """Raises `CheckFailed` when the plan does not pass."""
        if not self.ok:
            names = sorted({finding.rule for finding in self.blocking} | {proof.id for proof in self.proofs.blocking})
            raise CheckFailed(f"stopped by `{'`, `'.join(names)}`", findings=self, proofs=self.proofs)

    def __repr__(self) -> str:
        waived = sum(finding.waived for finding in self)
        return f"<Findings: {len(self.open)} open ({len(self.blocking)} stop the plan), {waived} waived, {len(self)} in all>"

    def _repr_html_(self) -> str:
        from sce import _show

        return _show.findings(self)


class CostLine(Record):
    """One thing that is billed. Amounts are in the estimate's currency, quantities a month."""

    item: str
    service: str
    resource: str
    quantity: int
    unit: str
    unit_price: float
    monthly: float
    source: str
    until: str
    """The last state in which it is billed: `running`, `stopped` or `closed`."""
    document_line: int | None = None
    unit_price_2017: float | None = None


class CostLines(Records[CostLine]):
    """What is billed, in the plan's order."""

    _kind = CostLine
    _columns = {
        "item": "string", "service": "string", "resource": "string", "quantity": "int64", "unit": "string", "unit_price": "float64",
        "monthly": "float64", "until": "string", "source": "string", "document_line": "int64", "unit_price_2017": "float64",
    }  # fmt: skip
    __slots__ = ()


class Estimate(Record):
    """What a plan costs, roughly, from a dated price file."""

    pit: str
    as_of: str
    region: str
    currency: str
    states: dict[str, float]
    """What a month costs: `running`, `stopped` (machines stopped) and `closed` (closed out)."""
    lines: CostLines
    assumptions: dict[str, Any]
    left_out: list[str]
    notes: list[str]
    document2017: list[dict[str, Any]]
    text: str

    @property
    def monthly(self) -> float:
        """What a month costs while the environment is in use."""
        return self.states["running"]

    def to_pandas(self) -> pandas.DataFrame:
        """The lines as a `pandas.DataFrame`."""
        return self.lines.to_pandas()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.lines.__arrow_c_stream__(requested_schema)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Estimate: {self.monthly:.2f} {self.currency} a month, as of {self.as_of}>"

    def _repr_html_(self) -> str:
        from sce import _show

        return _show.estimate(self)


class Subnet(Record):
    """A subnet that has its place."""

    name: str
    cidr: str
    usable: int
    first_usable: str
    last_usable: str


class Allocation(Record):
    """A network divided: one subnet for each need, and what is free."""

    subnets: list[Subnet]
    free: list[str]


class Outcome(Record):
    """What becomes of one flow. `verdict` is `delivered`, `denied`, `no_route`, `no_such_host` or `leaves_network`."""

    verdict: str
    blocked_at: str | None
    path: list[str]
    why: str


class Outcomes(Records[Outcome]):
    """What becomes of each flow, in the order of the flows."""

    _kind = Outcome
    _columns = {"verdict": "string", "blocked_at": "string", "path": "string", "why": "string"}
    __slots__ = ()


class Exposure(Record):
    """Something that the internet can have a conversation with; `witness` is a flow that gets there and is answered."""

    interface: str
    instance: str | None
    protocol: str
    ports: str
    sources: list[str]
    witness: dict[str, Any] | None


class Exposures(Records[Exposure]):
    """All that the internet can have a conversation with, in the order of interfaces."""

    _kind = Exposure
    _columns = {
        "interface": "string", "instance": "string", "protocol": "string", "ports": "string", "sources": "string", "witness": "string",
    }  # fmt: skip
    __slots__ = ()


class Decision(Record):
    """What becomes of a request: `allow`, `implicit_deny` or `explicit_deny`, and by which layer's statement."""

    verdict: str
    because: dict[str, Any] | None

    @property
    def allowed(self) -> bool:
        """Whether it is allowed."""
        return self.verdict == "allow"


class Rule(Record):
    """What a rule is about."""

    id: str
    title: str
    severity_kept: str
    severity_broken: str
    cfr: list[dict[str, str]]
    nist80053: list[dict[str, str]]
    document_line: int | None
    status: str
    rationale: str
    fix: str
    cost: str
    bad: str
    good: str

    def _repr_html_(self) -> str:
        from sce import _show

        return _show.rule(self)


class Rules(Records[Rule]):
    """Every rule."""

    _kind = Rule
    _columns = {
        "id": "string", "title": "string", "severity_kept": "string", "severity_broken": "string", "cfr": "string",
        "nist80053": "string", "document_line": "int64", "rationale": "string", "fix": "string",
    }  # fmt: skip
    __slots__ = ()


class Resource(Record):
    """One thing there is, or will be. `scope` is `pit`, `account` or `existing`; `node` its place in the plan, if it has one."""

    node: str | None
    kind: str
    name: str
    scope: str
    tags: dict[str, str]
    properties: dict[str, Any]


class Resources(Records[Resource]):
    """Things that are there."""

    _kind = Resource
    _columns = {"node": "string", "kind": "string", "name": "string", "scope": "string", "properties": "string"}
    __slots__ = ()


class Difference(Record):
    """How a node differs from one plan to another. `change` is `added`, `removed` or `changed`."""

    node: str
    change: str
    differences: list[dict[str, Any]]


class Coverage(Record):
    """Every item of the Security Rule, and how the environment answers it."""

    pit: str
    on: str
    as_of: str
    source: str
    items: list[dict[str, Any]]
    markdown: str

    def _repr_markdown_(self) -> str:
        return self.markdown

    def __repr__(self) -> str:
        return f"<Coverage of `{self.pit}` on {self.on}: {len(self.items)} items>"


class Register(Record):
    """The risk register: what could go wrong, how bad, what is done about it, and what remains."""

    pit: str
    owner: str
    on: str
    risks: list[dict[str, Any]]
    markdown: str

    def _repr_markdown_(self) -> str:
        return self.markdown

    def __repr__(self) -> str:
        return f"<Register of `{self.pit}` on {self.on}: {len(self.risks)} risks>"


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

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Drift: {len(self.findings)} things are otherwise than planned, {len(self.unread)} unread>"

    def _repr_html_(self) -> str:
        from sce import _show

        return _show.drift(self)


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

    def __repr__(self) -> str:
        done = f"{len(self.created)} created, {len(self.changed)} changed, {len(self.kept)} kept"
        return f"<Applied: {done}, {'verified' if self.verified else 'not verified'}, {self.calls} calls>"

    def _repr_html_(self) -> str:
        from sce import _show

        return _show.applied(self)


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

    def __repr__(self) -> str:
        end = ", closed out" if self.closed else ""
        return f"<Status of `{self.pit}`: {self.present} of {self.planned} things are there{end}>"

    def _repr_html_(self) -> str:
        return self.things._repr_html_()


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


class Archived(Record):
    """An object in an archive."""

    object: str
    sha256: str


class Left(Record):
    """Something that is still there, and why."""

    resource: str
    why: str


class Closed(Record):
    """The end of an environment: what was archived, what is gone, and what is left."""

    pit: str
    archived: list[Archived]
    deleted: list[str]
    left: list[Left]
    """What is still there and should not be."""
    pending: list[dict[str, str]]
    foreign: list[Left]
    """What bears the PIT and is not ours by plan and journal: not touched."""
    stays: list[str]
    manifest: str
    manifest_head: str
    notes: tuple[str, ...] = ()
    identity: str | None = None
    """The private key that opens the archive, where this run made or used one. Keep it apart from the archive."""

    @classmethod
    def _closed(cls, told: Mapping[str, Any]) -> Closed:
        lists = {
            "archived": [Archived._of(one) for one in told["archived"]],
            "left": [Left._of(one) for one in told["left"]],
            "foreign": [Left._of(one) for one in told["foreign"]],
        }
        return cls._of({**told, **lists})

    def __repr__(self) -> str:
        word = "closed out" if not self.left else f"not closed out, {len(self.left)} left"
        return f"<Closed: `{self.pit}` is {word}; {len(self.archived)} archived, {len(self.deleted)} deleted>"

    def _repr_html_(self) -> str:
        from sce import _show

        return _show.closed(self)
