//! Who read or wrote which object of S3D and S3O is recorded by the trail, not on a best effort (L60, L621, C37).

use super::account::{account_trail, nobody_read, promised};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};
use crate::model::{Model, Resource, Source};

pub(super) static RULE: Rule = Rule {
    id: RuleId("data-events-of-stores-are-recorded"),
    title: "The trail records who reads and writes the objects of the stores",
    severity_kept: Severity::Low,
    severity_broken: Severity::Medium,
    cfr: &[Citation::standard("164.312(b)"), Citation::required("164.308(a)(1)(ii)(D)")],
    nist80053: &[
        Control::crosswalk("AU-2"),
        Control::crosswalk("AU-3"),
        Control::crosswalk("AU-6"),
        Control::judgement("AU-12"),
    ],
    document_line: Some(621),
    status: Law::InForce,
    rationale: "The document asks that each access to PHI can be traced. S3's access logs come on a best effort, and \
        a trail leaves out calls on objects unless a selector asks for them. Selectors belong to the trail, \
        which all projects share, so each adds its own and removes it at its end.",
    fix: "run `sce account apply`, then `sce apply`, which adds the selector; of an organisation's trail ask its owner for the selector shown",
    cost: "CloudTrail bills each 100,000 data events",
    bad: r#"data_events = []"#,
    good: r#"data_events = ["arn:aws:s3:::hipaa-data-111122223333-us-west-2/"]"#,
    looks_at: &[Kind::Bucket, Kind::Trail],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let model = facts.model;
    let is_store = |resource: &&Resource| facts.declared.phi_stores.contains(resource.label());
    let stores: Vec<&Resource> = model.of_kind(Kind::Bucket).filter(is_store).collect();
    match account_trail(model) {
        Some((trail, _)) => stores.into_iter().map(|store| observe(model, store, trail)).collect(),
        None if nobody_read(model, Kind::Trail) => Vec::new(),
        None if model.source == Source::Plan => vec![promised(facts, "data events of the stores")],
        None => stores
            .iter()
            .map(|store| Observation::of(store.label(), false, "", "there is no trail to record its objects' events"))
            .collect(),
    }
}

fn observe(model: &Model, store: &Resource, trail: &Resource) -> Observation {
    let recorded = model.data_events.iter().any(|prefix| covers(prefix, &store.name));
    let kept = format!("`{}` records who reads and writes its objects", trail.name);
    let selector = format!(
        r#"{{"Field":"eventCategory","Equals":["Data"]}},{{"Field":"resources.type","Equals":["AWS::S3::Object"]}},{{"Field":"resources.ARN","StartsWith":["arn:aws:s3:::{}/"]}}"#,
        store.name
    );
    let broken = format!("`{}` has no selector for its objects: {{\"FieldSelectors\":[{selector}]}}", trail.name);
    Observation::of(store.label(), recorded, &kept, &broken)
}

/// Whether objects of the bucket have ARNs that begin so; `arn:aws:s3` alone means all of them.
fn covers(prefix: &str, bucket: &str) -> bool {
    let objects = format!("{bucket}/");
    let tail = prefix.split_once(":s3").map(|(_, tail)| tail.trim_start_matches(':'));
    tail.is_some_and(|tail| objects.starts_with(tail))
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_prefix_covers_whole_buckets_only() {
        let cases = [
            ("arn:aws:s3:::hipaa-data-1-r/", true),
            ("arn:aws-us-gov:s3:::hipaa-data-1-r/", true),
            ("arn:aws:s3:::hipaa-", true),
            ("arn:aws:s3", true),
            ("arn:aws:s3:::", true),
            ("arn:aws:s3:::hipaa-data-1-r/part/", false),
            ("arn:aws:s3:::omop-data-1-r/", false),
            ("arn:aws:lambda", false),
        ];
        for (prefix, expected) in cases {
            assert_eq!(covers(prefix, "hipaa-data-1-r"), expected, "{prefix}");
        }
    }
}
