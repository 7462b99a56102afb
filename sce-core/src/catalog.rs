//! The AWS services that may touch PHI: dated editions of AWS's list of HIPAA eligible services, with their sources.
//!
//! The list is AWS's side of the Business Associate Agreement (L88-L90), and it grows (L150). So the editions are data, a plan is judged
//! by the one of its day, and a user can give another list. A service that is not on it may still be used where it never meets PHI
//! (L280-L282): every [`Kind`] says whether it does.

use std::str::FromStr;
use std::sync::LazyLock;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::aws::resource::{Kind, PhiContact};
use crate::aws::service::Service;
use crate::spec::{grammar_help, line_at};

/// The version of the file's format that this crate reads.
pub const SCHEMA_VERSION: u32 = 1;

/// Editions of the list, in order of day.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    schema_version: u32,
    edition: Vec<Edition>,
}

/// The list as it was on a day, and held until the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edition {
    /// The day.
    #[serde(deserialize_with = "crate::spec::date")]
    pub as_of: Date,
    /// Who says so.
    pub source: String,
    /// The services, as the source names them; what qualifies one stands in brackets behind it.
    pub services: Vec<String>,
}

/// What is wrong with a catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidCatalogue {
    /// It is no TOML of this shape.
    #[error("{message}")]
    Grammar {
        /// Where, counted from 1.
        line: Option<usize>,
        /// What the reader says.
        message: String,
    },
    /// A later version of sce wrote it.
    #[error("the catalogue has schema version `{0}`, and this version of sce reads {SCHEMA_VERSION}")]
    LaterVersion(u32),
    /// It lists nothing.
    #[error("the catalogue has no edition")]
    Empty,
    /// An edition says nothing where it must.
    #[error("the edition of {as_of} {what}")]
    Edition {
        /// Its day.
        as_of: Date,
        /// What is the matter.
        what: String,
    },
}

impl InvalidCatalogue {
    /// Where, counted from 1.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::Grammar { line, .. } => *line,
            _ => None,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Grammar { message, .. } => grammar_help(message),
            Self::Empty => Some("add `[[edition]]` with `as_of`, `source` and `services`".to_owned()),
            Self::LaterVersion(_) | Self::Edition { .. } => None,
        }
    }
}

impl Catalogue {
    /// The one that comes with this program: the document's list, 2021's and 2026's.
    #[must_use]
    pub fn built_in() -> &'static Self {
        static BUILT_IN: LazyLock<Catalogue> = LazyLock::new(|| {
            include_str!("../data/catalog/eligible_services.toml")
                .parse()
                .expect("the embedded catalogue is read in tests")
        });
        &BUILT_IN
    }

    /// The editions, in order of day.
    #[must_use]
    pub fn editions(&self) -> &[Edition] {
        &self.edition
    }

    /// The edition that held on a day; none before the first.
    ///
    /// ```
    /// use sce_core::{aws::service::Service, catalog::Catalogue};
    /// let list = Catalogue::built_in().edition_on("2026-11-24".parse().unwrap()).unwrap();
    /// assert_eq!(list.listed(Service::S3), Some("Amazon Simple Storage Service (S3)"));
    /// assert_eq!(list.listed(Service::Iam), None);
    /// ```
    #[must_use]
    pub fn edition_on(&self, day: Date) -> Option<&Edition> {
        self.edition.iter().rev().find(|edition| edition.as_of <= day)
    }
}

impl Edition {
    /// How the source names a service; none when it is not on the list.
    #[must_use]
    pub fn listed(&self, service: Service) -> Option<&str> {
        let names = [Some(service.title()), service.short()].map(|name| name.map(plain));
        self.services.iter().find(|listed| names.contains(&Some(plain(listed)))).map(String::as_str)
    }

    /// Whether a kind of resource may be used as it is: it never meets PHI, or its service is on the list.
    #[must_use]
    pub fn admits(&self, kind: Kind) -> bool {
        kind.descriptor().phi_contact == PhiContact::TriggersAndOrchestration
            || self.listed(kind.of_service()).is_some()
    }
}

/// A service's name without maker, abbreviation and qualification, which differ between editions.
fn plain(name: &str) -> String {
    let bare = name.split(['(', '[']).next().unwrap_or_default().trim();
    let bare = bare.strip_prefix("Amazon ").or_else(|| bare.strip_prefix("AWS ")).unwrap_or(bare);
    bare.to_lowercase()
}

impl FromStr for Catalogue {
    type Err = InvalidCatalogue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut catalogue: Self = toml::from_str(text).map_err(|error| InvalidCatalogue::Grammar {
            line: error.span().map(|span| line_at(text, span.start)),
            message: error.message().trim().replace('\n', ", "),
        })?;
        if catalogue.schema_version != SCHEMA_VERSION {
            return Err(InvalidCatalogue::LaterVersion(catalogue.schema_version));
        }
        if catalogue.edition.is_empty() {
            return Err(InvalidCatalogue::Empty);
        }
        catalogue.edition.sort_by_key(|edition| edition.as_of);
        for (index, edition) in catalogue.edition.iter().enumerate() {
            let wrong = |what: &str| InvalidCatalogue::Edition { as_of: edition.as_of, what: what.to_owned() };
            if edition.source.trim().is_empty() {
                return Err(wrong("has no source"));
            }
            if edition.services.is_empty() || edition.services.iter().any(|service| plain(service).is_empty()) {
                return Err(wrong("lists no service, or one without a name"));
            }
            if catalogue.edition[..index].iter().any(|other| other.as_of == edition.as_of) {
                return Err(wrong("is there twice"));
            }
        }
        Ok(catalogue)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn three_editions_come_with_their_sources() {
        let editions = Catalogue::built_in().editions();
        let sizes: Vec<_> =
            editions.iter().map(|edition| (edition.as_of.to_string(), edition.services.len())).collect();
        let expected = [("2017-03-23", 13), ("2021-07-16", 132), ("2026-05-22", 173)];
        assert_eq!(sizes, expected.map(|(day, count)| (day.to_owned(), count)));
        assert!(editions.iter().all(|edition| !edition.source.is_empty()));
    }

    #[test]
    fn the_edition_of_a_day_is_the_last_before_it() {
        let on = |day| Catalogue::built_in().edition_on(day).map(|edition| edition.as_of.year());
        assert_eq!(on(date(2016, 12, 31)), None);
        assert_eq!(on(date(2017, 3, 23)), Some(2017));
        assert_eq!(on(date(2026, 5, 21)), Some(2021));
        assert_eq!(on(date(2030, 1, 1)), Some(2026));
    }

    #[test]
    fn what_qualifies_a_service_is_kept_verbatim() {
        let [old, middle, new] = Catalogue::built_in().editions() else { panic!("there are three editions") };
        assert_eq!(old.listed(Service::S3), Some("S3"));
        assert_eq!(
            middle.listed(Service::S3),
            Some("Amazon Simple Storage Service (Amazon S3) [including S3 Transfer Acceleration]")
        );
        let engines = new.listed(Service::Rds).unwrap();
        assert!(
            engines.ends_with("[SQL Server, MySQL, Oracle, PostgreSQL, Db2 and MariaDB engines only]"),
            "{engines}"
        );
        assert!(new.services.iter().any(|service| service == "AWS Fargate [ECS and EKS engines only]"));
    }

    #[test]
    fn tools_are_on_no_list_and_everything_else_of_ours_is_on_the_newest() {
        for edition in Catalogue::built_in().editions() {
            assert!(Service::ALL.iter().filter(|one| one.is_tool()).all(|tool| edition.listed(*tool).is_none()));
        }
        let newest = Catalogue::built_in().editions().last().unwrap();
        for service in Service::ALL.iter().filter(|service| !service.is_tool()) {
            assert!(newest.listed(*service).is_some(), "{service:?}");
        }
        assert!(Kind::ALL.iter().all(|kind| newest.admits(*kind)));
        assert!(Service::ALL.is_sorted());
    }

    #[test]
    fn a_tool_never_meets_phi() {
        for kind in Kind::ALL.iter().filter(|kind| kind.of_service().is_tool()) {
            assert_eq!(kind.descriptor().phi_contact, PhiContact::TriggersAndOrchestration, "{kind:?}");
        }
    }

    #[test]
    fn slips_are_told() {
        let text = "schema_version = 1\n[[edition]]\nas_of = 2026-01-01\nsource = \"us\"\nservices = [\"Amazon S3\"]\n";
        assert!(text.parse::<Catalogue>().is_ok());
        let refused = |from: &str, to: &str| text.replace(from, to).parse::<Catalogue>().unwrap_err();
        let slip = refused("source", "soruce");
        assert_eq!((slip.line(), slip.help().as_deref()), (Some(4), Some("did you mean `source`?")));
        assert_eq!(refused("= 1\n", "= 2\n"), InvalidCatalogue::LaterVersion(2));
        assert_eq!(refused("\"us\"", "\" \"").to_string(), "the edition of 2026-01-01 has no source");
        assert_eq!(
            refused("Amazon S3", " ").to_string(),
            "the edition of 2026-01-01 lists no service, or one without a name"
        );
        assert_eq!("schema_version = 1\nedition = []\n".parse::<Catalogue>(), Err(InvalidCatalogue::Empty));
        let twice = format!("{text}{}", text.trim_start_matches("schema_version = 1\n"));
        assert_eq!(twice.parse::<Catalogue>().unwrap_err().to_string(), "the edition of 2026-01-01 is there twice");
    }
}
