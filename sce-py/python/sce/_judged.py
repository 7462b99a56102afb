"""What rules say, what was proved, and what follows for the Security Rule and for risks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sce._errors import CheckFailed
from sce._record import Record, Records

__all__ = ["Coverage", "Finding", "Findings", "Proof", "Proofs", "Register", "Rule", "Rules"]


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
    help: str | None = None
    """What to do about it, where what others made, or a lock made offline, decides it."""

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

    def _repr_html_(self) -> str:
        from sce import _show

        return _show.coverage(self)


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

    def _repr_html_(self) -> str:
        from sce import _show

        return _show.register(self)
