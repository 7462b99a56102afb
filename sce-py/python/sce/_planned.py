"""What follows from a plan: its things, what they cost, where packets go, and what applying it would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sce._record import Record, Records

if TYPE_CHECKING:
    import pandas

__all__ = [
    "Allocation", "Change", "Changes", "CostLine", "CostLines", "Decision", "Difference", "Differences", "Estimate", "Exposure", "Exposures", "Outcome",
    "Outcomes", "Resource", "Resources", "Subnet",
]  # fmt: skip


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

    def _repr_html_(self) -> str:
        from sce import _show

        return _show.outcome(self)


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
    """How a node differs from one plan to another: `change` is `added`, `removed` or `changed`.

    `differences` has each changed field: `field`, `planned` by the later plan, and `found` in the earlier one.
    """

    node: str
    change: str
    differences: list[dict[str, Any]]


class Differences(Records[Difference]):
    """What changes from one plan to another."""

    _kind = Difference
    _columns = {"change": "string", "node": "string", "differences": "string"}
    __slots__ = ()

    def _repr_html_(self) -> str:
        from sce import _show

        return _show.differences(self)


class Change(Record):
    """What applying a plan would do to one thing.

    `change` is `create`, `update`, `replace`, `delete`, `keep`, or `unread` when it could not be read (`why`). `id` is what AWS calls it,
    None when it is not there.
    """

    node: str
    change: str
    kind: str
    name: str
    scope: str
    id: str | None
    loses: str | None = None
    """What is lost by it: the data that it holds. `apply(dangerously_replace=[node])` says yes to that."""
    differences: list[dict[str, Any]] = []
    """What is not as planned, each with `field`, `planned`, `found`."""
    because_of: list[str] = []
    """Things that it names and that get a new id."""
    takes_along: list[str] = []
    """Things that name it and go with it."""
    why: str | None = None

    def _repr_html_(self) -> str:
        from sce import _show

        return _show.changes(Changes([self]))


class Changes(Records[Change]):
    """What applying a plan would do to each thing, in the plan's order; what only an earlier plan has comes last."""

    _kind = Change
    _columns = {
        "change": "string", "node": "string", "kind": "string", "name": "string", "scope": "string", "id": "string", "loses": "string",
        "because_of": "string", "takes_along": "string", "differences": "string", "why": "string",
    }  # fmt: skip
    __slots__ = ("text",)

    def __init__(self, records: Any, text: str = "") -> None:
        super().__init__(records)
        self.text = text
        """The changes for people, as the command tells them."""

    @classmethod
    def _told(cls, told: tuple[Sequence[Mapping[str, Any]], str]) -> Changes:
        changes, text = told
        return cls([Change._of(one) for one in changes], text)

    def __reduce__(self) -> Any:
        return type(self), (self._records, self.text)

    @property
    def open(self) -> Changes:
        """Those that would change something, or that nobody knows of: all but what is kept."""
        return Changes([change for change in self if change.change != "keep"])

    @property
    def losing(self) -> Changes:
        """Those by which data are lost."""
        return Changes([change for change in self if change.loses])

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        count: dict[str, int] = {}
        for one in self:
            count[one.change] = count.get(one.change, 0) + 1
        told = ", ".join(f"{number} {word}" for word, number in count.items())
        return f"<Changes: {told or 'none'}; {len(self.losing)} lose data>"

    def _repr_html_(self) -> str:
        from sce import _show

        return _show.changes(self)
