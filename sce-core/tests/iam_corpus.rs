//! The decisions on the committed corpus: a change of any of them is a change of meaning, and is read before it is taken.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "iam_corpus/corpus.rs"]
mod corpus;

use std::collections::{BTreeMap, BTreeSet};

use sce_core::aws::iam::{Attachment, Document, authorize, read};
use sha2::{Digest as _, Sha256};

/// SHA-256 over all decisions, one a line: verdict, layer, statement.
const DECISIONS: &str = "07fe9bfee6f3ae8bdf0ded45248fe4fbf0cc0d9a472c2b54e6c9935871879d97";

#[test]
fn the_corpus_is_as_large_as_it_says_and_every_policy_is_read() {
    let policies = corpus::policies();
    let texts: BTreeSet<String> = policies.values().flatten().map(ToString::to_string).collect();
    assert!(texts.len() >= 500, "{}", texts.len());
    for (kind, all) in &policies {
        let attachment = match kind.as_str() {
            "resource" | "key" => Attachment::Resource,
            "trust" => Attachment::Trust,
            "rcp" => Attachment::ResourceControl,
            "endpoint" => Attachment::Endpoint,
            _ => Attachment::Identity,
        };
        for policy in all {
            let text = policy.to_string();
            let read = read(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!(read_again(&read.to_json()), read, "{text}");
            Document::read(&text, attachment).unwrap_or_else(|error| panic!("{error}: {text}"));
        }
    }
}

fn read_again(text: &str) -> sce_core::aws::policy::Policy {
    read(text).unwrap()
}

#[test]
fn ten_thousand_decisions_stay_as_they_are() {
    let (mut digest, mut verdicts) = (Sha256::new(), BTreeMap::new());
    for (at, line) in corpus::requests(10_000).enumerate() {
        let decision = authorize(at + 1, &line).unwrap_or_else(|error| panic!("{error:?}: {line}")).unwrap();
        let decision = serde_json::to_value(&decision).unwrap();
        *verdicts.entry(decision["verdict"].as_str().unwrap().to_owned()).or_insert(0) += 1;
        digest.update(format!("{} {}\n", decision["verdict"], decision["because"]));
    }
    // Every answer is there often enough to mean something.
    assert!(verdicts.values().all(|count| *count > 500) && verdicts.len() == 3, "{verdicts:?}");
    let digest: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, DECISIONS, "{verdicts:?}");
}
