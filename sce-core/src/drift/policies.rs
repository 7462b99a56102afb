//! Changes of policy documents, statement by statement.

use std::collections::{BTreeMap, BTreeSet};

use super::Names;
use crate::aws::policy::{Effect, Policy, Principal, Statement, Text};

/// What changed in the policy of `whose`, a sentence each; none when nothing did.
pub(super) fn sentences(names: &Names, whose: &str, planned: Option<&Policy>, found: Option<&Policy>) -> Vec<String> {
    match (planned, found) {
        (None, None) => Vec::new(),
        (Some(_), None) => vec![format!("{whose} has no policy any more")],
        (None, Some(found)) => {
            let said = found.statements().iter().map(|one| says(names, one));
            std::iter::once(format!("{whose} has a policy, and none is planned")).chain(said).collect()
        }
        (Some(planned), Some(found)) => {
            let (before, now) = (by_name(planned), by_name(found));
            let gone = before.keys().filter(|name| !now.contains_key(*name));
            let gone = gone.map(|name| format!("the policy of {whose} lost its statement {name}"));
            let new = now.iter().filter(|(name, _)| !before.contains_key(*name));
            let new = new
                .map(|(name, one)| format!("the policy of {whose} has a new statement {name}: {}", says(names, one)));
            let changed = now.iter().filter(|(name, one)| before.get(*name).is_some_and(|other| other != *one));
            let changed = changed.map(|(name, one)| {
                format!("the policy of {whose} says otherwise in statement {name}: {}", says(names, one))
            });
            let told: Vec<String> = gone.chain(new).chain(changed).collect();
            match told.is_empty() && planned != found {
                true => vec![format!("the policy of {whose} says the same in another order or version")],
                false => told,
            }
        }
    }
}

/// The statements by what a reader would call them.
fn by_name(policy: &Policy) -> BTreeMap<String, &Statement> {
    let named = policy.statements().iter().enumerate().map(|(index, statement)| {
        let name = statement.sid.as_ref().map_or_else(|| format!("number {}", index + 1), |sid| format!("`{sid}`"));
        (name, statement)
    });
    named.collect()
}

/// What a statement says, in a few words.
fn says(names: &Names, statement: &Statement) -> String {
    let verb = match statement.effect {
        Effect::Allow => "allows",
        Effect::Deny => "denies",
    };
    let who = match (&statement.principal, &statement.not_principal) {
        (Some(Principal::Everyone), _) => "everyone ".to_owned(),
        (Some(Principal::Listed(listed)), _) => format!("{} ", few(names, listed.values().flatten())),
        (None, Some(_)) => "everyone but some ".to_owned(),
        (None, None) => String::new(),
    };
    let what = match statement.actions.is_empty() {
        true => format!("everything but {}", few(names, &statement.not_actions)),
        false => few(names, &statement.actions),
    };
    let condition = if statement.conditions.is_empty() { "" } else { ", under conditions" };
    format!("{verb} {who}{what}{condition}")
}

/// At most three, and how many more.
fn few<'a>(names: &Names, texts: impl IntoIterator<Item = &'a Text>) -> String {
    let all: BTreeSet<String> = texts.into_iter().map(|text| names.value(&text.to_string())).collect();
    let shown: Vec<&str> = all.iter().take(3).map(String::as_str).collect();
    let more = all.len().saturating_sub(shown.len());
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}
