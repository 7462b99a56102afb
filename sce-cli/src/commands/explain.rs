//! `sce explain`

use std::fmt::Display;

use sce::checks::{Rule, rule, rules};
use sce::proofs::{Property, properties};
use serde::Serialize;

use crate::cli::Explain;
use crate::failure::{Exit, Failure};
use crate::output::{self, indented, table, word, wrapped};

/// What `--json` writes.
#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    rules: &'a [&'static Rule],
}

pub(crate) fn run(explain: &Explain) -> Result<Exit, Failure> {
    // A rule and a claim may have one name: the rule is told, and the claim where there is no such rule.
    let claim = explain.rule.as_deref().filter(|id| rule(id).is_err()).and_then(claim);
    if let Some(claim) = claim {
        return of_claim(claim, explain.format.json);
    }
    let one = explain.rule.as_deref().map(named).transpose()?;
    let asked = match &one {
        Some(rule) => std::slice::from_ref(rule),
        None => rules(),
    };
    match (explain.format.json, one) {
        (true, _) => output::json(&Document { schema_version: 1, rules: asked })?,
        (false, Some(rule)) => output::result(&page(rule))?,
        (false, None) if explain.markdown => output::result(&sce::checks::rules_markdown())?,
        (false, None) => output::result(&list(asked))?,
    }
    Ok(Exit::Done)
}

fn named(id: &str) -> Result<&'static Rule, Failure> {
    rule(id).map_err(|nearest| {
        Failure::usage(format!("there is no rule `{id}`")).advise(match nearest {
            Some(nearest) => format!("did you mean `{nearest}`? `sce explain --all` lists every rule"),
            None => "`sce explain --all` lists every rule, and docs/prove.md every claim".to_owned(),
        })
    })
}

/// The claim of that name, which `sce prove` and `sce check` tell beside the rules.
fn claim(id: &str) -> Option<&'static Property> {
    properties().iter().copied().find(|property| property.id.0 == id)
}

fn of_claim(claim: &Property, json: bool) -> Result<Exit, Failure> {
    if json {
        let message = format!("`{}` is a claim, and this prints rules", claim.id.0);
        return Err(Failure::usage(message).advise("`sce prove SPEC --all --json` has claims"));
    }
    let section = |title: &str, text: &str| format!("\n{title}\n{}\n", wrapped(text, "  "));
    let cfr = claim.cfr.iter().map(|cited| format!("45 CFR {} ({})", cited.citation, word(&cited.kind)));
    output::result(&format!(
        "{}\n{}\n\n  a claim that `sce prove` examines; it answers {}\n{}{}{}",
        claim.id.0,
        wrapped(claim.claim, "  "),
        listed(cfr),
        section("Of what", claim.quantifier),
        section("Taken for granted", &claim.assumptions.join("; ")),
        section("Outside it", &claim.outside_claim.join("; ")),
    ))?;
    Ok(Exit::Done)
}

fn list(rules: &[&'static Rule]) -> String {
    let row = |rule: &&'static Rule| [rule.id.to_string(), rule.severity_broken.to_string(), rule.title.to_owned()];
    table(["RULE", "IF BROKEN", "WHAT MUST HOLD"], &rules.iter().map(row).collect::<Vec<_>>())
}

fn page(rule: &Rule) -> String {
    let section = |title: &str, text: &str| format!("\n{title}\n{}\n", wrapped(text, "  "));
    let example = |title: &str, text: &str| format!("\n{title}\n{}", indented(text, "  "));
    [
        format!("{}\n{}\n\n", rule.id, wrapped(rule.title, "  ")),
        facts(rule),
        section("Why", rule.rationale),
        section("What to do", rule.fix),
        section("What it costs", rule.cost),
        example("Breaks it", rule.bad),
        example("Keeps it", rule.good),
    ]
    .concat()
}

fn facts(rule: &Rule) -> String {
    let law = match word(&rule.status).as_str() {
        "in_force" => "in force".to_owned(),
        other => other.to_owned(),
    };
    let cfr = rule.cfr.iter().map(|cited| format!("45 CFR {} ({})", cited.citation, word(&cited.kind)));
    let nist = rule.nist80053.iter().map(|control| format!("{} ({})", control.control, word(&control.mapping)));
    let lines = [
        ("severity", format!("{} when broken, {} when kept", rule.severity_broken, rule.severity_kept)),
        ("law", listed(cfr)),
        ("", law),
        ("NIST SP 800-53", listed(nist)),
        ("document", rule.document_line.map(|line| format!("L{line}")).unwrap_or_default()),
    ];
    lines.iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| format!("  {name:14}  {text}\n")).collect()
}

fn listed(items: impl Iterator<Item = impl Display>) -> String {
    items.map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}
