"""What is shown in a notebook: HTML that reads in light and dark, with every word escaped. In a terminal `repr` serves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from sce._errors import SceError

if TYPE_CHECKING:
    from sce._core import Plan, Spec
    from sce._account import AccountApplied, AccountStatus, Applied, Drift, Status, Verification
    from sce._ends import ArchiveReport, Closed
    from sce._judged import Coverage, Findings, Proofs, Register, Rule
    from sce._planned import Changes, Differences, Estimate, Outcome
    from sce._record import Records

DARK = "--sce-dim:#a3b1c0;--sce-rule:#3a4654;--sce-bad:#ff8f8f;--sce-warn:#f0bd6a;--sce-good:#6fd3a5;--sce-fill:#1b242e"
STYLE = f"""<style>
.sce{{--sce-dim:#5b6b7c;--sce-rule:#d5dde5;--sce-bad:#b42318;--sce-warn:#9a6700;--sce-good:#1a7f4e;--sce-fill:#f3f6f9;
font-family:system-ui,sans-serif;font-size:13px;line-height:1.45;max-width:980px}}
@media (prefers-color-scheme:dark){{.sce{{{DARK}}}}}
[data-jp-theme-light=true] .sce,[data-theme=light] .sce{{--sce-dim:#5b6b7c;--sce-rule:#d5dde5;--sce-bad:#b42318;--sce-warn:#9a6700;
--sce-good:#1a7f4e;--sce-fill:#f3f6f9}}
[data-jp-theme-light=false] .sce,[data-theme=dark] .sce{{{DARK}}}
.sce h4{{margin:0 0 6px;font-size:14px}}.sce p{{margin:2px 0}}.sce .dim{{color:var(--sce-dim)}}
.sce table{{border-collapse:collapse;margin:6px 0;width:100%;font-size:12.5px;table-layout:auto!important}}
.sce tr{{background:none!important}}
.sce th,.sce td{{text-align:left!important;vertical-align:top;padding:4px 10px 4px 0;border:0;border-bottom:1px solid var(--sce-rule);
background:none!important}}.sce th{{color:var(--sce-dim);font-weight:600;white-space:nowrap}}
.sce td.n,.sce th.n{{text-align:right!important;font-variant-numeric:tabular-nums}}.sce code{{font-size:12px;overflow-wrap:anywhere}}
.sce .tag{{display:inline-block;padding:0 7px;border-radius:9px;border:1px solid currentColor;font-size:11.5px;white-space:nowrap}}
.sce .bad{{color:var(--sce-bad)}}.sce .warn{{color:var(--sce-warn)}}.sce .good{{color:var(--sce-good)}}
.sce pre{{background:var(--sce-fill);padding:8px 10px;border-radius:6px;white-space:pre-wrap;font-size:12px}}
</style>"""

ROWS = 60
"""How many rows are shown; the rest are counted."""

TONE = {
    "critical": "bad", "high": "bad", "medium": "warn", "low": "dim", "info": "dim", "holds": "good", "violated": "bad",
    "unknown": "warn", "broken": "bad", "kept": "good", "declared": "dim", "given up": "warn",
    "create": "good", "update": "warn", "replace": "bad", "delete": "bad", "unread": "warn",
    "added": "good", "removed": "bad", "changed": "warn", "shown": "good", "open": "bad", "waived": "warn", "not-covered": "warn",
}  # fmt: skip


def page(*parts: str) -> str:
    """One piece of a notebook."""
    return f'{STYLE}<div class="sce">{"".join(parts)}</div>'


def head(title: str, about: str = "") -> str:
    told = f' <span class="dim" style="font-weight:400">{escape(about)}</span>' if about else ""
    return f"<h4>{escape(title)}{told}</h4>"


def tag(word: str) -> str:
    return f'<span class="tag {TONE.get(word, "dim")}">{escape(word)}</span>'


def table(heading: Sequence[str], rows: Sequence[Sequence[str]], numbers: Iterable[int] = (), most: int = ROWS) -> str:
    """Cells of rows are HTML; the heading is text."""
    right = frozenset(numbers)

    def cells(of: Sequence[str], name: str) -> str:
        return "".join(f"<{name}{' class=n' if at in right else ''}>{cell}</{name}>" for at, cell in enumerate(of))

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows[:most])
    more = f'<p class="dim">and {len(rows) - most} more</p>' if len(rows) > most else ""
    return f"<table><thead><tr>{cells([escape(word) for word in heading], 'th')}</tr></thead><tbody>{body}</tbody></table>{more}"


def code(text: object) -> str:
    return f"<code>{escape(str(text))}</code>"


def dim(text: str) -> str:
    return f'<p class="dim">{escape(text)}</p>'


def records(told: Records[Any]) -> str:
    columns = list(told._columns)
    rows = [["" if value is None else escape(str(value)) for value in row.values()] for row in told._rows()]
    return page(head(type(told).__name__, str(len(told))), table(columns, rows))


def spec(told: Spec) -> str:
    from sce._core import Plan

    said = told.to_dict()
    network, access, compute = said["network"], said["access"], said.get("compute") or {}
    machines = ", ".join(f"{name} {machine['type']}" for name, machine in compute.items() if machine)
    rows = [
        ["owner", escape(told.owner)],
        ["profile", escape(said["profile"])],
        ["way out", escape(str(network["egress"]))],
        ["ways in", escape(f"{access['mode']}, {len(access['people'])} people")],
        ["machines", escape(machines) or '<span class="dim">none</span>'],
        ["approvals", escape(", ".join(f"{name} {value}" for name, value in said["approvals"].items() if value)) or "none"],
    ]
    try:
        drawn = Plan(told)._native.svg()
    except SceError as error:
        drawn = f'<p class="bad">It has no plan: {escape(str(error))}</p>'
    return page(head(f"Spec of {told.pit}", told.region), table(["", ""], rows), drawn)


def plan(told: Plan) -> str:
    counts: dict[str, int] = {}
    for node in told.nodes:
        counts[node.kind] = counts.get(node.kind, 0) + 1
    about = f"{told.spec.region}, digest {told.digest[:12]}, {sum(counts.values())} things"
    offline = dim("The account is a placeholder: the plan can be looked at, and not applied.") if told.is_offline else ""
    rows = [
        [code(node.node), escape(node.kind), escape(node.name), escape("" if node.scope == "pit" else node.scope)]
        for node in told.nodes
    ]
    things = f"<details><summary>all things</summary>{table(['place', 'kind', 'name', 'scope'], rows)}</details>"
    return page(head(f"Plan of {told.pit}", about), offline, told._native.svg(), things)


def findings(told: Findings) -> str:
    opened = told.open
    kept = len(told) - len(opened)
    words = f"{len(opened)} open, {len(told.blocking)} stop the plan, {kept} kept, declared or waived"
    rows = [
        [
            tag(finding.severity),
            tag(finding.status),
            code(finding.rule),
            f'{escape(finding.message)}<br><span class="dim">{escape(finding.help)}</span>',
            code(finding.resource),
        ]
        for finding in opened
    ]
    body = table(["severity", "status", "rule", "what, and what to do", "where"], rows) if rows else dim("Nothing is open.")
    claims = f"<p>{_claims(told.proofs)}</p>" if len(told.proofs) else ""
    return page(head("Findings", words), body, claims)


def _claims(told: Proofs) -> str:
    count = {status: sum(proof.status == status for proof in told) for status in ("holds", "violated", "unknown")}
    blocked = f'<span class="bad">{len(told.blocking)} of those that the spec asks for do not hold</span>'
    so = blocked if told.blocking else '<span class="good">all that the spec asks for is proved</span>'
    return f"{so}: {count['holds']} hold, {count['violated']} violated, {count['unknown']} unknown"


def proofs(told: Proofs) -> str:
    rows = []
    for proof in told:
        status = "given up" if proof.status == "violated" and not proof.required else proof.status
        # Whoever looks at one claim alone wants to see it.
        opened = " open" if len(told) == 1 else ""
        witness = f"<pre>{escape(_pretty(proof.witness))}</pre>"
        shown = f"<details{opened}><summary>witness</summary>{witness}</details>" if proof.witness else ""
        why = f'{escape(proof.claim)}<br><span class="dim">{escape(proof.why)}</span>{shown}'
        rows.append([tag(status), "asked" if proof.required else "", code(proof.id), why])
    counts = f"<p>{_claims(told)}</p>" if len(told) > 1 else ""
    return page(head("Claims" if len(told) > 1 else "Claim"), counts, table(["", "", "claim", "what, and why"], rows))


def changes(told: Changes) -> str:
    opened = told.open
    rows = [
        [
            tag(one.change),
            code(one.node),
            escape(one.kind),
            "".join(f"<div>{line}</div>" for line in _why(one)),
            f'<span class="bad">{escape(one.loses)}</span>' if one.loses else "",
        ]
        for one in opened
    ]
    kept = dim(f"{len(told) - len(opened)} things stay as they are.") if len(told) > len(opened) else ""
    body = table(["", "where", "kind", "why", "what is lost"], rows) if rows else dim("Applying it would change nothing.")
    return page(head("What applying would do", f"{len(opened)} of {len(told)} things"), body, kept)


def differences(told: Differences) -> str:
    rows = []
    for word in ("added", "removed"):
        names = [code(one.node) for one in told if one.change == word]
        if names:
            rows.append([tag(word), " ".join(names), ""])
    rows += [
        [tag(one.change), code(one.node), "".join(f"<div>{line}</div>" for line in _fields(one.differences))]
        for one in told
        if one.change == "changed"
    ]
    body = table(["", "where", "from what, to what"], rows) if rows else dim("The plans are the same.")
    return page(head("What differs between the plans", f"{len(told)} things"), body)


def outcome(told: Outcome) -> str:
    tone = "good" if told.verdict == "delivered" else "warn"
    way = " → ".join(code(hop) for hop in told.path)
    where = f" at {code(told.blocked_at)}" if told.blocked_at else ""
    word = f'<span class="tag {tone}">{escape(told.verdict.replace("_", " "))}</span>'
    return page(f"<p>{word}{where} {way}</p>", dim(told.why))


def _why(one: Any) -> Iterable[str]:
    yield from _fields(one.differences)
    for words, names in [("since these get a new id", one.because_of), ("takes along", one.takes_along)]:
        if names:
            yield f'<span class="dim">{words}:</span> {escape(", ".join(names))}'
    if one.why:
        yield escape(one.why)


def _fields(differences: Iterable[Any]) -> Iterable[str]:
    """Each field from what is there to what shall be: single values as they are, what is made of many folded."""
    for one in differences:
        found, planned = one["found"], one["planned"]
        if one["field"] == "tags" and set(found or {}) | set(planned or {}) <= {"sce:node"}:
            # The digest of the node, which differs because the rest does.
            continue
        if isinstance(found, (dict, list)) or isinstance(planned, (dict, list)):
            both = f"<pre>{escape(_pretty(found))}\n→\n{escape(_pretty(planned))}</pre>"
            yield f"<details><summary>{code(one['field'])}</summary>{both}</details>"
        else:
            yield f"{code(one['field'])} {_short(found)} → {_short(planned)}"


def _short(value: Any) -> str:
    text = "none" if value is None else str(value)
    return code(text if len(text) <= 60 else text[:59] + "…")


def coverage(told: Coverage) -> str:
    count: dict[str, int] = {}
    for item in told.items:
        count[item["answer"]] = count.get(item["answer"], 0) + 1
    rows = []
    for item in told.items:
        answers = [f"{code(one['rule'])} {escape(str(one['state'] or 'nothing to look at'))}" for one in item["rules"]]
        answers += [f"{code(one['property'])} {'proved' if one['holds'] else 'not proved'}" for one in item["proofs"]]
        more = f"<details><summary>{len(answers)} rules and claims</summary>{'<br>'.join(answers)}</details>" if answers else ""
        note = f'<span class="dim">{escape(item["note"])}</span>'
        rows.append([code(item["citation"]), escape(item["title"]), tag(item["answer"]), f"{note}{more}"])
    counts = ", ".join(f"{number} {word.replace('-', ' ')}" for word, number in count.items())
    about = f"{told.on}, the law as of {told.as_of}"
    body = table(["45 CFR", "item", "answer", "beyond, and by what"], rows, most=len(rows))
    claim = dim("Showing a safeguard discharges no duty.")
    return page(head(f"The Security Rule and {told.pit}", about), f"<p>{escape(counts)}</p>", claim, body)


def register(told: Register) -> str:
    rows = [
        [
            tag(str(one["residual"])),
            tag(str(one["state"])),
            code(one["rule"]),
            f'{escape(one["title"])}<br><span class="dim">{escape(one["fix"])}</span>',
            escape(", ".join(cited["citation"] for cited in one["cfr"])),
        ]
        for one in told.risks
    ]
    about = f"{told.on}, {len(told.risks)} risks, owner {told.owner}"
    return page(head(f"Risks of {told.pit}", about), table(["remains", "state", "rule", "risk, and what is done", "45 CFR"], rows))


def account(told: AccountStatus) -> str:
    adopted = dim(f"the organisation's, held to the rules and not changed: {', '.join(told.adopted)}") if told.adopted else ""
    words = {"active": "in force", "inactive": "none is in force: no PHI may come into this account", "declared": "as each spec declares it"}
    evidence = str(told.addendum.get("evidence"))
    addendum = f"<p>Business Associate Addendum: {escape(words.get(evidence, evidence))}</p>"
    return page(head(f"Account {told.account}", told.region), addendum, adopted) + verification(told.verification) + findings(told.findings)


def account_applied(told: AccountApplied) -> str:
    counts = f"{len(told.created)} created, {len(told.changed)} changed, {len(told.kept)} kept, {len(told.adopted)} adopted"
    back = "".join(f"<li>{escape(line)}</li>" for line in told.by_hand)
    back = f"<details><summary>how to go back, by hand</summary><ul>{back}</ul></details>" if back else ""
    return page(head("Account seen to", counts), back) + verification(told.verification)


def archive(told: ArchiveReport) -> str:
    word = '<span class="good">sound</span>' if told.sound else f'<span class="bad">not sound: {len(told.problems)} problems</span>'
    read = "every content is as the manifest says" if told.contents_checked else "contents were not read: that takes the private key"
    signer = f"signed by {code(told.signer)}" if told.signer else "not signed"
    pinned = "" if told.signer_pinned else " (whether that is the right key, <code>key=</code> tells)"
    rows = [[code(one["file"]), escape(one["fault"])] for one in told.problems]
    counts = f"{told.objects} versions of objects, {told.documents} documents, {told.bytes:,} bytes; {read}"
    locked = dim(f"nobody may delete any of it before {told.locked_until}") if told.locked_until else ""
    body = table(["file", "what is wrong"], rows) if rows else ""
    return page(f"<h4>Archive: {word}</h4>", f"<p>{escape(counts)}</p><p>{signer}{pinned}</p>", locked, body)


def _pretty(value: Any) -> str:
    import json

    return json.dumps(value, indent=1, ensure_ascii=False)


def estimate(told: Estimate) -> str:
    states = " · ".join(f"{escape(name)} <b>{amount:,.2f}</b>" for name, amount in told.states.items())
    rows = [
        [
            escape(line.service),
            escape(line.item),
            f"{line.quantity:,}",
            escape(line.unit),
            f"{line.unit_price:.4f}",
            f"{line.monthly:,.2f}",
        ]
        for line in sorted(told.lines, key=lambda line: -line.monthly)
    ]
    heading = ["service", "what", "quantity", "unit", "price", f"{told.currency} a month"]
    notes = "".join(dim(note) for note in told.notes)
    about = f"{told.region}, prices as of {told.as_of}"
    return page(head(f"Cost of {told.pit}", about), f"<p>{told.currency} a month: {states}</p>", table(heading, rows, {2, 4, 5}), notes)


def rule(told: Rule) -> str:
    cited = ", ".join(f"45 CFR {one['citation']}" for one in told.cfr)
    return page(
        head(told.id, told.title),
        f"<p>{tag(told.severity_broken)} when broken, {tag(told.severity_kept)} when kept; {escape(cited)}</p>",
        f"<p>{escape(told.rationale)}</p><p><b>What to do</b> {escape(told.fix)}</p>",
        f"<p><b>Breaks it</b></p><pre>{escape(told.bad)}</pre><p><b>Keeps it</b></p><pre>{escape(told.good)}</pre>",
    )


def verification(told: Verification) -> str:
    word = '<span class="good">verified</span>' if told.verified else '<span class="bad">not verified</span>'
    rows = [[code(node["node"]), escape(node["seen"]), escape(_pretty(node.get("differences", "")))] for node in told.not_as_planned]
    rows += [[code(name), "is there and in no plan", ""] for name in told.unplanned]
    body = table(["thing", "seen", "how"], rows) if rows else ""
    shown = dim(f"{len(told.not_shown)} things those who answer cannot show, and so are not verified (`.not_shown`)") if told.not_shown else ""
    return page(f"<h4>Read back: {word}, {len(told.nodes)} things</h4>", body, shown)


def drift(told: Drift) -> str:
    rows = [
        [
            tag(str(one["severity"])),
            escape(str(one["what"])),
            code(one["node"] or one["name"]),
            escape(str(one["message"])) + "".join(f'<br><span class="dim">{escape(str(detail))}</span>' for detail in one["details"]),
            escape(", ".join(str(doer.get("who", "")) for doer in one["by"])),
        ]
        for one in told.findings
    ]
    put_back = dim(f"{len(told.repairable)} of them `repair()` puts back, once you say yes.") if told.repairable else ""
    body = table(["severity", "", "where", "what happened", "by"], rows) if rows else dim("Everything that could be read is as planned.")
    unread = dim(f"{len(told.unread)} things could not be read: nobody knows whether they drifted.") if told.unread else ""
    return page(head("Drift", f"{len(told.findings)} things are otherwise than planned"), body, put_back, unread)


def applied(told: Applied) -> str:
    counts = f"{len(told.created)} created, {len(told.changed)} changed, {len(told.kept)} kept; {told.calls} requests"
    return page(head("Applied", counts)) + verification(told.verification)


def status(told: Status) -> str:
    there = [thing for thing in told.things if thing.id is not None or thing.unread]
    rows = [
        [
            code(thing.node),
            escape(thing.kind),
            escape(thing.name),
            code(thing.id) if thing.id else f'<span class="warn">{escape(thing.unread or "")}</span>',
            escape(thing.journal),
        ]
        for thing in there
    ]
    held = "".join(f'<p class="warn">legal hold {hold.number} since {escape(hold.since)}: {escape(hold.reason)}</p>' for hold in told.holds)
    body = table(["place", "kind", "name", "id", "journal"], rows)
    # What is left of one that was closed out is little; all of one that lives is much.
    body = body if len(rows) <= 8 else f"<details><summary>all that is there</summary>{body}</details>"
    end = closed(told.closed) if told.closed else ""
    return page(head(f"Status of {told.pit}", f"{told.present} of {told.planned} things are there"), held, body) + end


def closed(told: Closed) -> str:
    word = '<span class="good">closed out</span>' if not told.left else f'<span class="bad">{len(told.left)} things are left</span>'
    rows = [[code(left.resource), escape(left.why)] for left in told.left]
    counts = f"{len(told.archived)} versions of objects archived, {len(told.deleted)} things deleted"
    stays = dim(f"stays, of the account or of others: {', '.join(told.stays)}") if told.stays else ""
    key = f"<p>private key that opens the archive: {code(told.identity)}</p>" if told.identity else ""
    left = table(["left", "why"], rows) if rows else ""
    return page(f"<h4>{escape(told.pit)}: {word}</h4>", f"<p>{counts}; manifest {code(told.manifest)}</p>", left, stays, key)
