//! Findings as SARIF 2.1.0, the format in which code hosts and editors read what checkers find.

use serde_json::{Map, Value, json};

use super::finding::{Finding, Severity, Status};
use super::rule::{Mapping, Rule, all};
use crate::plan::short_digest;
use crate::prove::{Proof, Property, Status as Holding, properties};
use crate::spec::{Format, line_of};

/// The schema that the output is held to in tests: OASIS, SARIF 2.1.0 with Errata 01.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The spec as a file, so that a finding about one of its values says on which line that is.
#[derive(Clone, Copy, Debug)]
pub struct SpecText<'a> {
    /// Where it is, relative to where the checker ran, as a URI reference.
    pub uri: &'a str,
    /// What it says.
    pub text: &'a str,
    /// Its notation.
    pub format: Format,
}

/// Findings and claims as one SARIF log: open findings, and waived ones as suppressed, and claims that do not hold; with `all` what is
/// kept, declared and proved too.
#[must_use]
pub fn sarif(findings: &[Finding], proofs: &[Proof], spec: SpecText<'_>, all_of_them: bool) -> Value {
    let shown = findings.iter().filter(|finding| all_of_them || finding.open() || finding.waived);
    let claims = proofs.iter().filter(|proof| all_of_them || proof.status != Holding::Holds);
    let rules = all().iter().map(|rule| described(rule)).chain(properties().iter().map(|claim| claimed(claim)));
    let results = shown.map(|finding| result(finding, spec)).chain(claims.map(|proof| examined(proof, spec)));
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "sce",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results.collect::<Vec<_>>(),
        }],
    })
}

fn described(rule: &Rule) -> Value {
    let cfr = rule.cfr.iter().map(|cited| format!("45 CFR {}", cited.citation));
    let nist = rule.nist80053.iter().map(|control| match control.mapping {
        Mapping::NistCrosswalk => format!("NIST SP 800-53 {} (nist-crosswalk)", control.control),
        Mapping::ProjectJudgement => format!("NIST SP 800-53 {} (project judgement)", control.control),
    });
    json!({
        "id": rule.id,
        "shortDescription": { "text": rule.title },
        "fullDescription": { "text": rule.rationale },
        "help": { "text": format!("{} What it costs: {}.", sentence(rule.fix), rule.cost) },
        "defaultConfiguration": { "level": level(rule.severity_broken) },
        "properties": {
            "tags": cfr.chain(nist).collect::<Vec<_>>(),
            "security-severity": score(rule.severity_broken),
            "severity_broken": rule.severity_broken,
            "severity_kept": rule.severity_kept,
            "document_line": rule.document_line,
        },
    })
}

fn result(finding: &Finding, spec: SpecText<'_>) -> Value {
    let index = all().iter().position(|rule| rule.id == finding.rule);
    let kind = match finding.status {
        Status::Broken => "fail",
        Status::Unknown => "review",
        Status::Declared => "informational",
        Status::Kept => "pass",
    };
    // SARIF gives a level only to what failed.
    let level = if finding.status == Status::Broken { level(finding.severity) } else { "none" };
    let help = if finding.open() { format!(" {}", sentence(&finding.advice())) } else { String::new() };
    let mut result = Map::from_iter([
        ("ruleId".to_owned(), json!(finding.rule)),
        ("kind".to_owned(), json!(kind)),
        ("level".to_owned(), json!(level)),
        ("message".to_owned(), json!({ "text": format!("{}{help}", sentence(&finding.message)) })),
        ("locations".to_owned(), json!([location(finding, spec)])),
        (
            "partialFingerprints".to_owned(),
            json!({ "sceFinding/v1": short_digest(&(finding.rule, &finding.resource, &finding.place)) }),
        ),
        (
            "properties".to_owned(),
            json!({ "severity": finding.severity, "status": finding.status, "digest": finding.digest }),
        ),
    ]);
    if let Some(index) = index {
        result.insert("ruleIndex".to_owned(), json!(index));
    }
    if let Some(waiver) = &finding.waiver {
        let reasoning =
            waiver.addressable.as_ref().map(|addressable| format!("; {}", addressable.why)).unwrap_or_default();
        let why = format!("{}{reasoning} (accepted by {} until {})", waiver.reason, waiver.approver, waiver.expires);
        result.insert(
            "suppressions".to_owned(),
            json!([{ "kind": "inSource", "status": "accepted", "justification": why }]),
        );
    }
    Value::Object(result)
}

fn claimed(claim: &Property) -> Value {
    let cfr: Vec<String> = claim.cfr.iter().map(|cited| format!("45 CFR {}", cited.citation)).collect();
    json!({
        "id": claim_id(claim),
        "shortDescription": { "text": claim.claim },
        "fullDescription": { "text": format!("Claimed of {}.", claim.quantifier) },
        "help": { "text": "`sce prove --all` tells what is taken for granted, and shows the packet or the request." },
        "defaultConfiguration": { "level": "error" },
        "properties": { "tags": cfr, "security-severity": score(Severity::High) },
    })
}

/// Claims may be called as a rule is.
fn claim_id(claim: &Property) -> String {
    format!("claim/{}", claim.id.0)
}

/// A claim that does not hold fails where the spec asks for it; one that the spec gives up openly is told, and fails nothing.
fn examined(proof: &Proof, spec: SpecText<'_>) -> Value {
    let (kind, level) = match (proof.status, proof.required) {
        (Holding::Violated, true) => ("fail", "error"),
        (Holding::Unknown, true) => ("review", "none"),
        (Holding::Holds, _) => ("pass", "none"),
        (Holding::Violated | Holding::Unknown, false) => ("informational", "none"),
    };
    let id = proof.property.id;
    let index = properties().iter().position(|claim| claim.id == id).map(|index| all().len() + index);
    json!({
        "ruleId": claim_id(proof.property),
        "ruleIndex": index,
        "kind": kind,
        "level": level,
        "message": { "text": sentence(&proof.why) },
        "locations": [{
            "physicalLocation": { "artifactLocation": { "uri": spec.uri } },
            "logicalLocations": [{ "name": "spec", "fullyQualifiedName": "spec", "kind": "resource" }],
        }],
        "partialFingerprints": { "sceFinding/v1": short_digest(&(id, "spec")) },
        "properties": { "status": proof.status, "required": proof.required },
    })
}

/// The resource; and the spec's line where the finding is about one of its values.
fn location(finding: &Finding, spec: SpecText<'_>) -> Value {
    let path: Vec<&str> = finding.place.iter().flat_map(|place| place.split('.')).collect();
    let line = finding.place.as_ref().and_then(|_| line_of(spec.text, spec.format, &path));
    let mut physical = json!({ "artifactLocation": { "uri": spec.uri } });
    if let Some(line) = line {
        physical["region"] = json!({ "startLine": line });
    }
    json!({
        "physicalLocation": physical,
        "logicalLocations": [{ "name": finding.resource, "fullyQualifiedName": finding.place.as_ref().unwrap_or(&finding.resource), "kind": "resource" }],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// Where code hosts that sort by a score put a severity: the middle of the band of that name.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
        Severity::Info => "0.0",
    }
}

/// A fragment as a sentence.
fn sentence(fragment: &str) -> String {
    let mut letters = fragment.chars();
    let first: String = letters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Declared, Terms, judge};
    use crate::lock::Lock;
    use crate::model::Model;
    use crate::plan::plan;
    use crate::prove::{Intent, prove};
    use crate::spec::parse;

    fn of(text: &str, all: bool) -> Value {
        let spec = parse(text, Format::Toml).unwrap();
        let (lock, terms) = (Lock::offline(&spec), Terms::on("2026-11-24".parse().unwrap()));
        let plan = plan(&spec, &lock).unwrap();
        let model = Model::planned(&plan);
        let findings = judge(&model, &Declared::of(&spec), &terms);
        let proofs = prove(&model, &Intent::of(&spec, &lock, &plan));
        sarif(&findings, &proofs, SpecText { uri: "hipaa.toml", text, format: Format::Toml }, all)
    }

    const SPEC: &str = "pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"b@example.edu\"\n[network]\ntenancy = \"dedicated\"\n\
        [access]\nidle_minutes = 45\n[[waiver]]\nrule = \"tenancy-is-shared\"\nresource = \"vpc\"\ndigest = \"3fd1c371304aa309\"\n\
        reason = \"a grant\"\napprover = \"ciso@example.edu\"\nexpires = 2027-03-01\n";

    #[test]
    fn a_finding_about_the_spec_has_its_line_and_one_about_a_resource_its_name() {
        let log = of(SPEC, false);
        let results = log["runs"][0]["results"].as_array().unwrap();
        let of = |rule: &str| results.iter().find(|result| result["ruleId"] == rule).unwrap();
        let idle = of("sessions-end-when-idle");
        assert_eq!(idle["locations"][0]["physicalLocation"]["region"]["startLine"], 7);
        assert_eq!((&idle["level"], &idle["kind"]), (&json!("warning"), &json!("fail")));
        let tenancy = of("tenancy-is-shared");
        assert_eq!(tenancy["locations"][0]["logicalLocations"][0]["name"], "vpc");
        assert_eq!(
            tenancy["suppressions"][0]["justification"],
            "a grant (accepted by ciso@example.edu until 2027-03-01)"
        );
        for result in results {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        }
    }

    #[test]
    fn a_claim_given_up_openly_is_told_and_fails_nothing() {
        let log = of(SPEC, false);
        let results = log["runs"][0]["results"].as_array().unwrap();
        let claims: Vec<&Value> = results
            .iter()
            .filter(|result| properties().iter().any(|claim| result["ruleId"] == claim_id(claim)))
            .collect();
        let told = |claim: &Value| (claim["ruleId"].clone(), claim["kind"].clone(), claim["level"].clone());
        let way_out = (json!("claim/no-way-out-for-phi"), json!("informational"), json!("none"));
        assert_eq!(claims.iter().map(|claim| told(claim)).collect::<Vec<_>>(), [way_out]);
        let proved = of(SPEC, true)["runs"][0]["results"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["kind"] == "pass" && one["ruleId"] == "claim/nat-route-survives-the-endpoint")
            .count();
        assert_eq!(proved, 1);
    }

    #[test]
    fn what_is_kept_is_shown_when_asked_for() {
        let kinds = |all| {
            let log = of(SPEC, all);
            let results = log["runs"][0]["results"].as_array().unwrap().clone();
            results.iter().filter(|result| result["kind"] == "pass").count()
        };
        assert_eq!(kinds(false), 0);
        assert!(kinds(true) > 50);
    }
}
