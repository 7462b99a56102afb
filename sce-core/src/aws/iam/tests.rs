//! The decision, clause by clause, as the IAM guide tells it.

use super::*;

mod access;
mod conditions;
mod documents;
mod formula;
mod laws;
mod plan;

/// Decides a request written as `sce authorize` takes it.
fn decide(request: &serde_json::Value) -> Decision {
    let decided = authorize(1, &request.to_string());
    let decided = decided.unwrap_or_else(|error| panic!("{error}: {request}: {:?}", error.help()));
    decided.expect("a line that asks has an answer")
}

/// The verdict in its JSON word, and the layer and statement it rests on.
fn told(request: &serde_json::Value) -> String {
    let decision = decide(request);
    let word = |json: serde_json::Value| json.as_str().map_or_else(|| json.to_string(), str::to_owned);
    let verdict = word(serde_json::to_value(decision.verdict).expect("a word"));
    let because = serde_json::to_value(&decision.because).expect("an object");
    format!("{verdict} {} {}", word(because["layer"].clone()), word(because["statement"].clone()))
}
