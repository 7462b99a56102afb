//! Flows as people write them, one JSON object a line, to be asked over a network that was described.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use thiserror::Error;

use crate::network::Network;
use crate::reach::{Flow, Reach, Source};
use crate::spec::nearest;

/// Why a line is no flow that can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidLine {
    /// It is no JSON, or a field is not what it should be.
    #[error("column {column}: {problem}")]
    Json {
        /// Where, in bytes from 1.
        column: usize,
        /// What is wrong there, and what was expected.
        problem: String,
    },
    /// Its fields make no flow.
    #[error("{problem}")]
    Flow {
        /// What is wrong with them.
        problem: String,
        /// What was meant, perhaps.
        nearest: Option<&'static str>,
    },
    /// A field bears a name that is nearly one of a flow's.
    #[error("unknown field `{field}`")]
    Field {
        /// As it is written.
        field: String,
        /// The field of a flow that it resembles.
        nearest: &'static str,
    },
    /// Nothing described bears the id that it starts from.
    #[error("`from` is `{id}`, and nothing described bears that id")]
    From {
        /// As it is written.
        id: String,
        /// The id that it resembles.
        nearest: Option<String>,
    },
}

/// What a flow has.
const FIELDS: [&str; 8] = ["from", "src_ip", "dst_ip", "protocol", "src_port", "dst_port", "icmp_type", "icmp_code"];

/// What people call protocols.
const PROTOCOLS: [&str; 4] = ["tcp", "udp", "icmp", "icmpv6"];

/// Reads a line, and finds where the flow starts. Fields that a flow does not have are let be, unless one looks like a slip.
///
/// # Errors
/// When it is no flow, or starts from nothing that was described.
///
/// ```
/// use sce_core::aws::describe::flow::parse;
/// use sce_core::network::Network;
/// use sce_core::reach::Reach;
/// let network = Network::default();
/// let line = r#"{"from": "internet", "src_ip": "192.0.2.1", "dst_ip": "198.51.100.1", "protocol": "tpc", "dst_port": 22}"#;
/// let error = parse(line, &Reach::of(&network), &network).unwrap_err();
/// assert_eq!(error.to_string(), "`tpc` is no protocol");
/// assert_eq!(error.help().as_deref(), Some("did you mean `tcp`?"));
/// ```
pub fn parse(line: &str, reach: &Reach<'_>, network: &Network) -> Result<Flow, InvalidLine> {
    let names: Result<BTreeMap<String, IgnoredAny>, _> = serde_json::from_str(line);
    if let Some(slip) = names.ok().and_then(slip) {
        return Err(slip);
    }
    let flow: Flow = serde_json::from_str(line).map_err(|error| invalid(line, &error))?;
    match &flow.from {
        Source::Id(id) if !reach.knows(&flow.from) => {
            Err(InvalidLine::From { id: id.to_string(), nearest: resembling(id, network) })
        }
        _ => Ok(flow),
    }
}

impl InvalidLine {
    /// What to write instead.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Flow { nearest: Some(nearest), .. } | Self::Field { nearest, .. } => {
                Some(format!("did you mean `{nearest}`?"))
            }
            Self::Flow { nearest: None, .. } | Self::Json { .. } => {
                Some(format!("a flow is one line such as {EXAMPLE}"))
            }
            Self::From { nearest: Some(nearest), .. } => Some(format!("did you mean `{nearest}`?")),
            Self::From { nearest: None, .. } => {
                Some("write `internet`, or the id of an instance, interface, subnet or gateway".to_owned())
            }
        }
    }
}

const EXAMPLE: &str =
    r#"`{"from":"internet","src_ip":"192.0.2.7","dst_ip":"198.51.100.4","protocol":"tcp","dst_port":22}`"#;

/// A field that is none and nearly one that is missing.
fn slip(names: BTreeMap<String, IgnoredAny>) -> Option<InvalidLine> {
    let missing = || FIELDS.into_iter().filter(|field| !names.contains_key(*field));
    let unknown = names.keys().filter(|name| !FIELDS.contains(&name.as_str()));
    unknown.into_iter().find_map(|field| {
        let nearest = nearest(field, missing())?;
        Some(InvalidLine::Field { field: field.clone(), nearest })
    })
}

fn invalid(line: &str, error: &serde_json::Error) -> InvalidLine {
    let text = error.to_string();
    let problem = text.rsplit_once(" at line ").map_or(text.as_str(), |(problem, _)| problem);
    let problem = match problem {
        "EOF while parsing a list" => "the line ends within a list: expected `,` or `]`",
        "EOF while parsing an object" => "the line ends within an object: expected `,` or `}`",
        "EOF while parsing a string" => "the line ends within a text: expected `\"`",
        "EOF while parsing a value" => "the line ends where a value was expected",
        "invalid IP address syntax" => "expected an address such as `10.0.0.4`",
        other => other,
    };
    let problem = problem.replace("struct Record", "a flow");
    // What is wrong with the whole has no place.
    if error.line() == 0 {
        let nearest =
            problem.strip_suffix("` is no protocol").and_then(|start| protocol(start.trim_start_matches('`')));
        return InvalidLine::Flow { problem, nearest };
    }
    InvalidLine::Json { column: error.column().clamp(1, line.len() + 1), problem }
}

/// The protocol that is one slip away.
fn protocol(word: &str) -> Option<&'static str> {
    PROTOCOLS.into_iter().find(|protocol| strsim::osa_distance(word, protocol) == 1)
}

/// An id that was described and is nearly this one. Every id is held against it, so it is asked for one that is refused and no other.
fn resembling(id: &str, network: &Network) -> Option<String> {
    let interfaces = network.interfaces.iter().map(|(place, interface)| {
        let instance = match &interface.holder {
            crate::network::Holder::Instance(instance) => Some(&**instance),
            _ => None,
        };
        [Some(network.interfaces.name(place)), instance]
    });
    let subnets = network.subnets.iter().map(|(place, _)| network.subnets.name(place));
    let gateways = network.gateways.iter().map(|(place, _)| network.gateways.name(place));
    let ids = interfaces.flatten().flatten().chain(subnets).chain(gateways).chain(["internet"]);
    let close = ids.map(|other| (strsim::osa_distance(id, other), other)).min()?;
    (close.0 <= 2).then(|| close.1.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::describe::{read, tree::File};

    const TREE: &str = r#"{"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}]}
        {"Subnets": [{"SubnetId": "subnet-0123", "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24"}]}
        {"NetworkInterfaces": [{"NetworkInterfaceId": "eni-0123", "SubnetId": "subnet-0123", "PrivateIpAddress": "10.0.1.4",
          "Attachment": {"InstanceId": "i-0123"}}]}"#;

    fn told(line: &str) -> (String, Option<String>) {
        let network = read([File { path: "a.json", bytes: TREE.as_bytes() }]).unwrap().network;
        match parse(line, &Reach::of(&network), &network) {
            Ok(flow) => (flow.from.to_string(), None),
            Err(error) => (error.to_string(), error.help()),
        }
    }

    #[test]
    fn a_flow_starts_at_what_is_described() {
        for from in ["internet", "i-0123", "eni-0123", "subnet-0123"] {
            let line = format!(
                r#"{{"from":"{from}","src_ip":"10.0.1.4","dst_ip":"10.0.1.5","protocol":"tcp","dst_port":22,"note":"own"}}"#
            );
            assert_eq!(told(&line), (from.to_owned(), None));
        }
    }

    #[test]
    fn a_slip_is_told_the_nearest_word() {
        let line = |fields: &str| told(&format!(r#"{{"src_ip":"10.0.1.4","dst_ip":"10.0.1.5",{fields}}}"#));
        let cases = [
            (r#""from":"i-0132","protocol":"tcp","dst_port":1"#, "nothing described", "did you mean `i-0123`?"),
            (r#""from":"Internet","protocol":"tcp","dst_port":1"#, "nothing described", "did you mean `internet`?"),
            (r#""from":"vpc-1","protocol":"tcp","dst_port":1"#, "`vpc-1`", "write `internet`, or the id of"),
            (r#""from":"i-0123","protocol":"tpc","dst_port":1"#, "`tpc` is no protocol", "did you mean `tcp`?"),
            (
                r#""from":"i-0123","protocol":"tcp","dst_prot":1"#,
                "unknown field `dst_prot`",
                "did you mean `dst_port`?",
            ),
            (r#""from":"i-0123","protocol":"tcp""#, "no `dst_port`", "a flow is one line"),
            (r#""from":"i-0123","protocol":"tcp","dst_port":70000"#, "70000", "a flow is one line"),
        ];
        for (fields, message, help) in cases {
            let (said, advice) = line(fields);
            assert!(said.contains(message), "{fields}: {said}");
            assert!(advice.as_deref().is_some_and(|advice| advice.contains(help)), "{fields}: {said}: {advice:?}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_column() {
        for (line, message) in [
            ("{\"from\": \"i", "column 11: the line ends within a text: expected `\"`"),
            ("", "column 1: the line ends where a value was expected"),
            ("[]", "column"),
            ("5", "expected a flow"),
            (
                r#"{"from":"internet","src_ip":"10.0.0","dst_ip":"10.0.0.4","protocol":"tcp","dst_port":1}"#,
                "expected an address",
            ),
        ] {
            let (said, help) = told(line);
            assert!(said.contains(message), "{line}: {said}");
            assert!(help.is_some());
        }
    }
}
