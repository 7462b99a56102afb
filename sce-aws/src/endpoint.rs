//! Where emulators listen, as flags and environment say it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use thiserror::Error;

/// The services that this crate calls, as endpoint settings name them.
pub const SERVICES: [&str; 19] = [
    "artifact",
    "cloudtrail",
    "cloudwatch",
    "config",
    "dynamodb",
    "ec2",
    "guardduty",
    "iam",
    "kms",
    "lambda",
    "logs",
    "rds",
    "s3",
    "s3control",
    "servicequotas",
    "sns",
    "sqs",
    "ssm",
    "sts",
];

/// Where each service is reached: one endpoint for all, others for single services.
///
/// Only loopback addresses are taken: an endpoint elsewhere might be AWS, and AWS takes an explicit account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    all: Option<String>,
    by_service: BTreeMap<String, String>,
}

/// Why an endpoint is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidEndpoint {
    /// It is no `http://HOST:PORT`.
    #[error("`{0}` is no endpoint")]
    Grammar(String),
    /// It is not on this machine.
    #[error("endpoint `{0}` is not on this machine")]
    NotLoopback(String),
    /// A service that is not called.
    #[error("`{service}` is no service that sce calls")]
    UnknownService {
        /// What was given.
        service: String,
    },
    /// Some services have an endpoint and others none.
    #[error("no endpoint is given for `{0}`")]
    Missing(String),
}

impl InvalidEndpoint {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Grammar(_) => {
                Some("write it as `http://127.0.0.1:PORT`, or `SERVICE=http://127.0.0.1:PORT`".to_owned())
            }
            Self::NotLoopback(_) => {
                Some("emulators listen on 127.0.0.1; a real account is named with `--real-account ID`".to_owned())
            }
            Self::UnknownService { .. } => Some(format!("services are {}", SERVICES.join(", "))),
            Self::Missing(_) => {
                Some("give one endpoint for all services as well: `--endpoint-url http://127.0.0.1:PORT`".to_owned())
            }
        }
    }
}

impl Endpoints {
    /// From `URL` and `SERVICE=URL`, as `--endpoint-url` takes them.
    ///
    /// # Errors
    /// When one is no URL, not on this machine, or of a service never called.
    pub fn from_flags<'a>(flags: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidEndpoint> {
        let mut endpoints = Self::default();
        for flag in flags {
            match flag.split_once('=') {
                Some((service, url)) if !service.contains(':') => endpoints.insert(service, url)?,
                _ => endpoints.all = Some(loopback(flag)?),
            }
        }
        Ok(endpoints)
    }

    /// From `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_SERVICE`; those of services never called are passed over.
    ///
    /// # Errors
    /// When one is no URL or not on this machine.
    pub fn from_environment(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, InvalidEndpoint> {
        let mut endpoints = Self::default();
        for (name, url) in variables {
            let Some(rest) = name.strip_prefix("AWS_ENDPOINT_URL").filter(|_| !url.is_empty()) else { continue };
            match rest.strip_prefix('_').map(service_of_variable) {
                None if rest.is_empty() => endpoints.all = Some(loopback(&url)?),
                Some(service) if SERVICES.contains(&service.as_str()) => endpoints.insert(&service, &url)?,
                _ => {}
            }
        }
        Ok(endpoints)
    }

    /// These, with those of `other` where these say nothing.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        self.all = self.all.or(other.all);
        for (service, url) in other.by_service {
            self.by_service.entry(service).or_insert(url);
        }
        self
    }

    /// Whether nothing was given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_none() && self.by_service.is_empty()
    }

    /// Where a service is reached.
    ///
    /// # Errors
    /// When neither it nor all services have an endpoint: without one the SDK would call AWS.
    pub fn of(&self, service: &str) -> Result<&str, InvalidEndpoint> {
        let url = self.by_service.get(service).or(self.all.as_ref());
        url.map(String::as_str).ok_or_else(|| InvalidEndpoint::Missing(service.to_owned()))
    }

    fn insert(&mut self, service: &str, url: &str) -> Result<(), InvalidEndpoint> {
        let service = service.to_ascii_lowercase();
        if !SERVICES.contains(&service.as_str()) {
            return Err(InvalidEndpoint::UnknownService { service });
        }
        self.by_service.insert(service, loopback(url)?);
        Ok(())
    }
}

/// The SDKs call them `AWS_ENDPOINT_URL_CLOUDWATCH_LOGS` and `AWS_ENDPOINT_URL_SERVICE_QUOTAS`; short names are taken too.
fn service_of_variable(name: &str) -> String {
    match name {
        "CLOUDWATCH_LOGS" => "logs".to_owned(),
        "SERVICE_QUOTAS" => "servicequotas".to_owned(),
        _ => name.to_ascii_lowercase(),
    }
}

fn loopback(url: &str) -> Result<String, InvalidEndpoint> {
    let grammar = || InvalidEndpoint::Grammar(url.to_owned());
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).ok_or_else(grammar)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let digits = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    let odd = url.chars().any(|c| c.is_whitespace() || c.is_control());
    if host.is_empty() || authority.contains('@') || odd || !port.is_none_or(digits) {
        return Err(grammar());
    }
    let address = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(inner) => inner.parse::<Ipv6Addr>().map(IpAddr::V6).map_err(|_| grammar())?,
        None if host == "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
        None => match host.parse::<Ipv4Addr>() {
            Ok(address) => IpAddr::V4(address),
            Err(_) => return Err(InvalidEndpoint::NotLoopback(url.to_owned())),
        },
    };
    let here = address.is_loopback();
    if here { Ok(url.trim_end_matches('/').to_owned()) } else { Err(InvalidEndpoint::NotLoopback(url.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_its_own_endpoint_or_that_of_all() {
        let endpoints = Endpoints::from_flags(["http://127.0.0.1:5000", "s3=http://localhost:4566/"]).unwrap();
        assert_eq!(endpoints.of("s3"), Ok("http://localhost:4566"));
        assert_eq!(endpoints.of("ec2"), Ok("http://127.0.0.1:5000"));
    }

    #[test]
    fn an_endpoint_that_may_be_aws_is_refused() {
        for url in
            ["https://s3.amazonaws.com", "http://10.0.0.1:80", "http://127.0.0.1@evil:1", "http://localhost.evil.com"]
        {
            assert!(Endpoints::from_flags([url]).is_err(), "{url}");
        }
        let only_s3 = Endpoints::from_flags(["s3=http://[::1]:4566"]).unwrap();
        assert_eq!(only_s3.of("ec2"), Err(InvalidEndpoint::Missing("ec2".to_owned())));
    }

    #[test]
    fn slips_are_told() {
        let error = Endpoints::from_flags(["ec3=http://127.0.0.1:1"]).unwrap_err();
        assert_eq!(error.to_string(), "`ec3` is no service that sce calls");
        assert_eq!(Endpoints::from_flags(["127.0.0.1:1"]).unwrap_err().to_string(), "`127.0.0.1:1` is no endpoint");
        for url in [
            "http://127.0.0.1:port",
            "http://[[::1]]:1",
            "http://[127.0.0.1]:1",
            "http://127.0.0.1:+80",
            "http://127.0.0.1/a b",
        ] {
            assert_eq!(Endpoints::from_flags([url]), Err(InvalidEndpoint::Grammar(url.to_owned())));
        }
    }

    #[test]
    fn the_environment_is_read_and_flags_go_first() {
        let variable = |name: &str, url: &str| (name.to_owned(), url.to_owned());
        let environment = Endpoints::from_environment([
            variable("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
            variable("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:2"),
            variable("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "http://127.0.0.1:3"),
            variable("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:4"),
            variable("HOME", "/"),
        ]);
        let flags = Endpoints::from_flags(["http://127.0.0.1:9"]).unwrap();
        let both = flags.or(environment.unwrap());
        assert_eq!(
            (both.of("ec2"), both.of("s3"), both.of("logs")),
            (Ok("http://127.0.0.1:9"), Ok("http://127.0.0.1:2"), Ok("http://127.0.0.1:3"),)
        );
    }
}
