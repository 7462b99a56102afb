//! The rules as a page of documentation, from the one source that `sce explain` and the findings have too.

use std::fmt::Write as _;

use super::register::cell_text;
use super::rule::{Law, Mapping, Rule, Specification, all};

/// Every rule in full, as Markdown: a table of all, then one section each.
#[must_use]
pub fn rules_markdown() -> String {
    let mut text = format!(
        "# The rules\n\n\
         Written by `sce explain --all --markdown`; a test holds it to the program. {} rules, each with two severities: of the risk when it\n\
         is broken, and of what remains when it is kept (document L1111). Controls marked (n) are paired by NIST\'s own crosswalk, those\n\
         marked (p) by this project. [How rules are waived and told](risk.md).\n\n\
         | rule | broken | kept | what must hold |\n|---|---|---|---|\n",
        all().len()
    );
    for rule in all() {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| [{id}](#{id}) | {} | {} | {} |",
            rule.severity_broken,
            rule.severity_kept,
            cell_text(rule.title),
            id = rule.id
        );
    }
    for rule in all() {
        text.push_str(&section(rule));
    }
    text
}

fn section(rule: &Rule) -> String {
    let fence = |title: &str, example: &str| format!("{title}:\n\n```\n{}\n```\n", example.trim_end());
    let paragraphs = [
        format!("## {}\n\n**{}.** {}\n", rule.id, rule.title, rule.rationale),
        format!("What to do: {}.\n", rule.fix),
        format!("What it costs: {}.\n", rule.cost),
        format!("{}\n", answers(rule)),
        fence("Breaks it", rule.bad),
        fence("Keeps it", rule.good),
    ];
    format!("\n{}", paragraphs.join("\n"))
}

/// The law, the controls and the document's line.
fn answers(rule: &Rule) -> String {
    let kind = |kind| match kind {
        Specification::Standard => "standard",
        Specification::Required => "required",
        Specification::Addressable => "addressable",
        Specification::Other => "outside the Security Rule's specifications",
    };
    let cfr = rule.cfr.iter().map(|cited| format!("45 CFR {} ({})", cited.citation, kind(cited.kind)));
    let cfr = listed(cfr).unwrap_or_else(|| "no paragraph of the law".to_owned());
    let proposed = if rule.status == Law::Proposed { " (proposed)" } else { "" };
    let nist = rule.nist80053.iter().map(|control| match control.mapping {
        Mapping::NistCrosswalk => format!("{} (n)", control.control),
        Mapping::ProjectJudgement => format!("{} (p)", control.control),
    });
    let nist = listed(nist).map(|nist| format!("; NIST SP 800-53 {nist}")).unwrap_or_default();
    let line = rule.document_line.map(|line| format!("; document L{line}")).unwrap_or_default();
    format!("Answers: {cfr}{proposed}{nist}{line}.")
}

fn listed(items: impl Iterator<Item = String>) -> Option<String> {
    let items: Vec<String> = items.collect();
    (!items.is_empty()).then(|| items.join(", "))
}
