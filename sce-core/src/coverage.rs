//! The Security Rule item by item: what rules and proofs show of an environment, and what they cannot.
//!
//! All 65 standards and implementation specifications of 45 CFR 164.308-316 stand here, each with the rules that cite it and what lies
//! beyond them: the organisation's own duty, what AWS answers for, what does not apply, and what nothing here covers. It is evidence for
//! a judgement, and never the judgement.

use std::fmt::Write as _;

use jiff::civil::Date;
use serde::Serialize;

use crate::check::{Finding, RiskState, RuleId, Specification, cell_text, rules};
use crate::prove;

/// The version of the view's JSON.
pub const SCHEMA_VERSION: u32 = 1;

/// The day of the list of the law.
const AS_OF: Date = jiff::civil::date(2026, 6, 9);

/// Where the list of the law is from.
const SOURCE: &str = "eCFR text of 45 CFR 164 Subpart C, with its Appendix A";

const LAW: &str = include_str!("../data/law/security_rule.csv");

const ANSWERS: &str = include_str!("../data/law/answers.csv");

/// The Security Rule item by item.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Coverage {
    /// The version of this format.
    pub schema_version: u32,
    /// The environment.
    pub pit: String,
    /// The day of the judgement.
    pub on: Date,
    /// The day of the list of the law.
    pub as_of: Date,
    /// Where the list is from.
    pub source: &'static str,
    /// The items, in the rule's order.
    pub items: Vec<Item>,
}

/// One standard or implementation specification.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Item {
    /// Such as `164.312(a)(2)(iv)`.
    pub citation: &'static str,
    /// What the rule calls it.
    pub title: &'static str,
    /// What kind of paragraph it is.
    pub kind: Specification,
    /// What answers it, at a glance.
    pub answer: Answer,
    /// The rules that cite it, and how each stands in this environment.
    pub rules: Vec<Answering>,
    /// The proofs that cite it.
    pub proofs: Vec<Proof>,
    /// Who answers for what rules and proofs do not show.
    pub beyond: Beyond,
    /// What that is.
    pub note: &'static str,
}

/// What answers an item, at a glance: the worst of its rules and proofs, else what lies beyond them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// A rule is broken or cannot be told, or a claim that the spec asks for does not hold.
    Open,
    /// A rule is broken and accepted by a waiver.
    Waived,
    /// A rule is kept if what the spec declares is true.
    Declared,
    /// Every rule that found something to look at is kept, and every claim that the spec asks for holds.
    Shown,
    /// The organisation's own duty.
    Organisation,
    /// AWS answers for it, under the shared responsibility.
    Inherited,
    /// It does not apply to such environments.
    NotApplicable,
    /// Nothing here covers it.
    NotCovered,
}

/// Who answers for what rules and proofs do not show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Beyond {
    /// The organisation.
    Organisation,
    /// AWS.
    Inherited,
    /// Nobody: it does not apply.
    NotApplicable,
    /// Nobody here.
    NotCovered,
}

/// A rule that cites an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Answering {
    /// The rule.
    pub rule: RuleId,
    /// How it stands; none when it found nothing to look at.
    pub state: Option<RiskState>,
}

/// A property that was proved or refuted, with what it cites.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// The property.
    pub property: String,
    /// The paragraphs that it answers.
    #[serde(skip)]
    pub cites: Vec<String>,
    /// Whether it holds.
    pub holds: bool,
    /// What came of it: one that does not hold may be refuted, or not be told.
    pub status: prove::Status,
    /// Whether the spec asks for it; one that it gives up openly leaves nothing open.
    pub required: bool,
}

impl From<&prove::Proof> for Proof {
    fn from(proof: &prove::Proof) -> Self {
        let property = proof.property;
        Self {
            property: property.id.0.to_owned(),
            cites: property.cfr.iter().map(|cited| cited.citation.to_owned()).collect(),
            holds: proof.status == prove::Status::Holds,
            status: proof.status,
            required: proof.required,
        }
    }
}

/// The view of an environment by what the rules said, and what was proved.
#[must_use]
pub fn coverage(findings: &[Finding], proofs: &[Proof], pit: &str, on: Date) -> Coverage {
    let items =
        lines(LAW).zip(lines(ANSWERS)).filter_map(|(law, answer)| item(law, answer, findings, proofs)).collect();
    Coverage { schema_version: SCHEMA_VERSION, pit: pit.to_owned(), on, as_of: AS_OF, source: SOURCE, items }
}

fn lines(csv: &'static str) -> impl Iterator<Item = &'static str> {
    csv.lines().skip(1)
}

/// The item that a line of the law and its answer describe; a test holds the two lists to each other and to this reading.
fn item(law: &'static str, answer: &'static str, findings: &[Finding], proofs: &[Proof]) -> Option<Item> {
    let (citation, rest) = law.split_once(',')?;
    let (title, kind) = rest.rsplit_once(',')?;
    let (beyond, note) = answer.split_once(',')?.1.split_once(',')?;
    let (kind, beyond) = (specification(kind)?, responsible(beyond)?);
    let citing = rules().iter().filter(|rule| rule.cfr.iter().any(|cited| cited.citation == citation));
    let state = |rule: RuleId| RiskState::of(findings.iter().filter(|finding| finding.rule == rule));
    let rules: Vec<Answering> = citing.map(|rule| Answering { rule: rule.id, state: state(rule.id) }).collect();
    let proofs: Vec<Proof> =
        proofs.iter().filter(|proof| proof.cites.iter().any(|cited| cited == citation)).cloned().collect();
    let answer = at_a_glance(&rules, &proofs, beyond);
    Some(Item { citation, title, kind, answer, rules, proofs, beyond, note })
}

fn specification(word: &str) -> Option<Specification> {
    match word {
        "standard" => Some(Specification::Standard),
        "required" => Some(Specification::Required),
        "addressable" => Some(Specification::Addressable),
        _ => None,
    }
}

fn responsible(word: &str) -> Option<Beyond> {
    match word {
        "organisation" => Some(Beyond::Organisation),
        "inherited" => Some(Beyond::Inherited),
        "not-applicable" => Some(Beyond::NotApplicable),
        "not-covered" => Some(Beyond::NotCovered),
        _ => None,
    }
}

fn at_a_glance(rules: &[Answering], proofs: &[Proof], beyond: Beyond) -> Answer {
    let worst = rules.iter().filter_map(|rule| rule.state).min();
    if proofs.iter().any(|proof| proof.required && !proof.holds) {
        return Answer::Open;
    }
    match worst {
        Some(RiskState::Open | RiskState::Unknown) => Answer::Open,
        Some(RiskState::Waived) => Answer::Waived,
        Some(RiskState::Declared) => Answer::Declared,
        Some(RiskState::Kept) => Answer::Shown,
        None if proofs.iter().any(|proof| proof.holds) => Answer::Shown,
        None => match beyond {
            Beyond::Organisation => Answer::Organisation,
            Beyond::Inherited => Answer::Inherited,
            Beyond::NotApplicable => Answer::NotApplicable,
            Beyond::NotCovered => Answer::NotCovered,
        },
    }
}

impl Answer {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Open,
        Self::Waived,
        Self::Declared,
        Self::Shown,
        Self::Organisation,
        Self::Inherited,
        Self::NotApplicable,
        Self::NotCovered,
    ];

    /// The words for it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Waived => "waived",
            Self::Declared => "declared",
            Self::Shown => "shown",
            Self::Organisation => "organisation",
            Self::Inherited => "inherited from AWS",
            Self::NotApplicable => "not applicable",
            Self::NotCovered => "not covered",
        }
    }
}

impl Beyond {
    /// Who that is, as a heading of what follows.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Organisation => "the organisation's own",
            Self::Inherited => "inherited from AWS",
            Self::NotApplicable => "not applicable",
            Self::NotCovered => "not covered",
        }
    }
}

impl Coverage {
    /// As Markdown: how many of each answer, then a table of all items.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let Self { pit, on, as_of, source, items, .. } = self;
        let counted = Answer::ALL.map(|answer| {
            let count = items.iter().filter(|item| item.answer == answer).count();
            format!("{count} {}", answer.words())
        });
        let mut text = format!(
            "# The Security Rule and `{pit}`, {on}\n\n\
             What this tool shows of each standard and implementation specification of 45 CFR 164.308-316, and what it cannot. *Shown*:\n\
             every rule that cites the item and found something to look at is kept, and every claim that cites it and that the spec asks\n\
             for is proved ([prove](prove.md)). *Declared*: kept, if what the spec declares is true.\n\
             Showing a safeguard discharges no duty: what stands under *beyond* remains with whom it names.\n\n\
             {} items: {}. The law as of {as_of}: {source}.\n\n\
             | 45 CFR | item | kind | answer | rules and proofs | beyond |\n|---|---|---|---|---|---|\n",
            items.len(),
            counted.join(", "),
        );
        for item in items {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}", row(item));
        }
        text
    }
}

fn row(item: &Item) -> String {
    let state = |one: &Answering| match one.state {
        Some(state) => format!("`{}` {}", one.rule, state.word()),
        None => format!("`{}` nothing to look at", one.rule),
    };
    let came_of = |one: &Proof| match (one.status, one.required) {
        (prove::Status::Holds, _) => "holds",
        (prove::Status::Violated, true) => "fails",
        (prove::Status::Violated, false) => "given up by the spec",
        (prove::Status::Unknown, _) => "cannot be told",
    };
    let proof = |one: &Proof| format!("`{}` {}", one.property, came_of(one));
    let shown = item.rules.iter().map(state).chain(item.proofs.iter().map(proof)).collect::<Vec<_>>().join(", ");
    let kind = match item.kind {
        Specification::Standard => "standard",
        Specification::Required => "required",
        Specification::Addressable => "addressable",
        Specification::Other => "other",
    };
    let beyond = format!("{}: {}", item.beyond.words(), item.note);
    let cells = [item.citation, item.title, kind, item.answer.words(), &shown, &beyond];
    format!("| {} |", cells.map(cell_text).join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Declared, Terms, judge};
    use crate::lock::Lock;
    use crate::model::Model;
    use crate::plan::plan;
    use crate::spec::{Format, parse};

    fn of(rest: &str, proofs: &[Proof]) -> Coverage {
        let text = format!("pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"b@example.edu\"\n{rest}");
        let spec = parse(&text, Format::Toml).unwrap();
        let model = Model::planned(&plan(&spec, &Lock::offline(&spec)).unwrap());
        let today = "2026-11-24".parse().unwrap();
        coverage(&judge(&model, &Declared::of(&spec), &Terms::on(today)), proofs, "hipaa", today)
    }

    fn answer(coverage: &Coverage, citation: &str) -> Answer {
        coverage.items.iter().find(|item| item.citation == citation).unwrap().answer
    }

    #[test]
    fn every_item_of_the_rule_is_answered_once() {
        let items = of("", &[]).items;
        assert_eq!(items.len(), 65);
        let law: Vec<&str> = lines(LAW).map(|line| line.split(',').next().unwrap()).collect();
        let answers: Vec<&str> = lines(ANSWERS).map(|line| line.split(',').next().unwrap()).collect();
        assert_eq!(law, answers);
        assert_eq!(items.iter().map(|item| item.citation).collect::<Vec<_>>(), law);
        assert!(items.iter().all(|item| !item.note.is_empty() && !item.title.is_empty()));
    }

    #[test]
    fn every_citation_of_a_rule_within_the_rule_is_an_item() {
        let items = of("", &[]).items;
        for cited in rules().iter().flat_map(|rule| rule.cfr).filter(|cited| cited.kind != Specification::Other) {
            assert!(items.iter().any(|item| item.citation == cited.citation && item.kind == cited.kind), "{cited:?}");
        }
        let answering: usize = items.iter().map(|item| item.rules.len()).sum();
        let cited = rules().iter().flat_map(|rule| rule.cfr).filter(|cited| cited.kind != Specification::Other).count();
        assert_eq!(answering, cited);
    }

    #[test]
    fn an_answer_is_the_worst_of_what_answers() {
        let approved = "[approvals]\nirb = \"S1\"\nbilling = \"B1\"\nbaa = \"2026-03-01\"\n";
        let (clean, open) = (of(approved, &[]), of("", &[]));
        assert_eq!(answer(&clean, "164.308(b)(3)"), Answer::Declared);
        assert_eq!(answer(&open, "164.308(b)(3)"), Answer::Open);
        assert_eq!(answer(&clean, "164.312(a)(2)(iii)"), Answer::Shown);
        assert_eq!(answer(&clean, "164.308(a)(5)(i)"), Answer::Organisation);
        assert_eq!(answer(&clean, "164.310(a)(1)"), Answer::Inherited);
        assert_eq!(answer(&clean, "164.314(b)(1)"), Answer::NotApplicable);
        assert_eq!(answer(&clean, "164.312(c)(2)"), Answer::NotCovered);
        assert!(clean.items.iter().all(|item| item.answer != Answer::Open));
    }

    #[test]
    fn a_proof_answers_what_it_cites() {
        let proof = |holds| {
            let cites = vec!["164.312(c)(2)".to_owned()];
            let status = if holds { prove::Status::Holds } else { prove::Status::Violated };
            Proof { property: "no-way-in".to_owned(), cites, holds, status, required: true }
        };
        assert_eq!(answer(&of("", &[proof(true)]), "164.312(c)(2)"), Answer::Shown);
        assert_eq!(answer(&of("", &[proof(false)]), "164.312(c)(2)"), Answer::Open);
        assert!(of("", &[proof(true)]).to_markdown().contains("| `no-way-in` holds |"));
        let given_up = of("", &[Proof { required: false, ..proof(false) }]);
        assert_eq!(answer(&given_up, "164.312(c)(2)"), Answer::NotCovered);
        assert!(given_up.to_markdown().contains("| `no-way-in` given up by the spec |"));
        let unknown = of("", &[Proof { status: prove::Status::Unknown, ..proof(false) }]);
        assert_eq!(answer(&unknown, "164.312(c)(2)"), Answer::Open);
        assert!(unknown.to_markdown().contains("| `no-way-in` cannot be told |"));
    }
}
