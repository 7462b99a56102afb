//! The Business Associate Addendum, as AWS Artifact has it: the evidence behind the day that a spec declares.

use aws_sdk_artifact::types::{CustomerAgreementState, CustomerAgreementSummary};
use jiff::Timestamp;
use serde::Serialize;

use crate::error::{CloudError, cloud};
use crate::session::Session;

/// What AWS Artifact says of the account's Business Associate Addendum (45 CFR 164.308(b), 164.504(e)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "evidence", rename_all = "kebab-case")]
pub enum Addendum {
    /// One is in force.
    Active {
        /// What AWS calls it: one is for an account, another for a whole organisation.
        name: String,
        /// Since when; none if AWS does not tell.
        since: Option<Timestamp>,
    },
    /// Artifact knows the account's agreements, and no such one is in force.
    Inactive,
    /// Artifact could not be asked: the day that the spec declares stands for itself.
    Declared {
        /// Why.
        why: String,
    },
}

/// What the names of both of AWS's agreements have in common: "AWS Business Associate Addendum" and "AWS Organizations Business Associate
/// Addendum" (AWS Artifact user guide, "Managing agreements").
const NAMED: &str = "Business Associate Addendum";

/// Reads the agreements that the account has made, or its organisation for it. Where that is not allowed, nothing follows from it.
pub(crate) async fn addendum(session: &Session) -> Addendum {
    let Some(artifact) = &session.artifact else {
        return Addendum::Declared { why: "this partition has no AWS Artifact".to_owned() };
    };
    let agreements = artifact.list_customer_agreements().into_paginator().items().send().try_collect().await;
    match agreements.map_err(cloud("ListCustomerAgreements", "account")) {
        Ok(agreements) => of(&agreements),
        Err(error) => Addendum::Declared { why: told(&error) },
    }
}

fn of(agreements: &[CustomerAgreementSummary]) -> Addendum {
    let in_force = |agreement: &&CustomerAgreementSummary| {
        let named = agreement.name().is_some_and(|name| name.contains(NAMED));
        named && agreement.state() == Some(&CustomerAgreementState::Active)
    };
    let Some(agreement) = agreements.iter().find(in_force) else { return Addendum::Inactive };
    let since = agreement.effective_start().and_then(|start| Timestamp::from_second(start.secs()).ok());
    Addendum::Active { name: agreement.name().unwrap_or_default().to_owned(), since }
}

/// Without what an answer that was no answer of Artifact's may hold, such as a page for people.
fn told(error: &CloudError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::Replay;

    const LIST: &str = "/v1/customer-agreement/list";

    async fn read(status: u16, body: &str) -> (Addendum, Vec<String>) {
        let replay = Replay::of("artifact", [(LIST, status, body.to_owned())]);
        let addendum = addendum(&replay.session().await).await;
        (addendum, replay.finished().into_iter().map(|request| request.line).collect())
    }

    fn agreement(name: &str, state: &str) -> String {
        format!(
            "{{\"name\": \"{name}\", \"state\": \"{state}\", \"type\": \"DEFAULT\", \"effectiveStart\": \"2026-03-01T00:00:00Z\"}}"
        )
    }

    fn listed(agreements: &[String]) -> String {
        format!("{{\"customerAgreements\": [{}]}}", agreements.join(", "))
    }

    #[tokio::test]
    async fn an_agreement_in_force_is_told_with_its_day() {
        let name = "AWS Organizations Business Associate Addendum";
        let others = [
            agreement("AWS Business Associate Addendum", "CUSTOMER_TERMINATED"),
            agreement("AWS Data Processing Addendum", "ACTIVE"),
            agreement(name, "ACTIVE"),
        ];
        let (addendum, asked) = read(200, &listed(&others)).await;
        let since = Some("2026-03-01T00:00:00Z".parse().unwrap());
        assert_eq!(addendum, Addendum::Active { name: name.to_owned(), since });
        assert_eq!(asked, [format!("GET {LIST} HTTP/1.1")]);
        assert_eq!(read(200, &listed(&others[..2])).await.0, Addendum::Inactive);
        assert_eq!(read(200, &listed(&[])).await.0, Addendum::Inactive);
    }

    #[tokio::test]
    async fn where_it_may_not_be_read_the_day_stays_declared() {
        let denied = "{\"__type\": \"AccessDeniedException\", \"message\": \"not authorized\"}";
        let Addendum::Declared { why } = read(403, denied).await.0 else { panic!("it is declared") };
        assert_eq!(why, "ListCustomerAgreements for `account` was denied: AccessDeniedException: not authorized");
    }
}
