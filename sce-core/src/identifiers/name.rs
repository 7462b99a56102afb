//! Names of persons, from a dated list.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::Deserialize;
use thiserror::Error;

use super::token::Tokens;
use super::{Found, Kind};

/// The names that the lint knows.
///
/// The list within the crate is `data/names.toml`; another can be read from TOML of the same shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    as_of: String,
    source: String,
    given: BTreeSet<String>,
    surname: BTreeSet<String>,
    everyday: BTreeSet<String>,
    eponyms: BTreeSet<(String, String)>,
}

/// Why a text is no list of names.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the list of names cannot be read")]
pub struct InvalidNames(#[source] toml::de::Error);

static BUILT_IN: LazyLock<Names> = LazyLock::new(|| {
    include_str!("../../data/names.toml").parse().expect("the list within the crate is read by a test")
});

const LABELS: [&str; 9] = ["patient", "pt", "name", "firstname", "lastname", "surname", "mr", "mrs", "fullname"];

impl Names {
    /// The list within the crate.
    #[must_use]
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// The date of the list, as `YYYY-MM-DD`.
    #[must_use]
    pub fn as_of(&self) -> &str {
        &self.as_of
    }

    /// Where the list comes from.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether two words side by side are taken for a person: one given name and one surname, in either order, not both
    /// everyday words, and not the name of a method or an institution.
    fn is_person(&self, one: &str, other: &str) -> bool {
        self.has_pair(one, other) && !self.eponyms.contains(&(one.to_owned(), other.to_owned()))
    }

    fn has_pair(&self, one: &str, other: &str) -> bool {
        let fits = |given: &str, surname: &str| self.given.contains(given) && self.surname.contains(surname);
        let both_everyday = self.everyday.contains(one) && self.everyday.contains(other);
        (fits(one, other) || fits(other, one)) && !both_everyday
    }

    fn is_distinctive(&self, word: &str) -> bool {
        (self.given.contains(word) || self.surname.contains(word)) && !self.everyday.contains(word)
    }
}

/// Every pair of names, and every lone name behind a label such as `patient`.
pub(super) fn find(tokens: &Tokens<'_>, names: &Names) -> Vec<Found> {
    (0..tokens.all.len()).filter_map(|i| pair(tokens, names, i).or_else(|| labelled(tokens, names, i))).collect()
}

fn pair(tokens: &Tokens<'_>, names: &Names, i: usize) -> Option<Found> {
    let one = tokens.word(i)?;
    let mut at = next_word(tokens, i)?;
    if tokens.word(at)?.len() == 1 {
        at = next_word(tokens, at)?;
    }
    let found = names.is_person(one, tokens.word(at)?);
    found.then(|| Found::new(Kind::PersonName, tokens.span(i, at), "a given name beside a surname"))
}

fn labelled(tokens: &Tokens<'_>, names: &Names, i: usize) -> Option<Found> {
    if !LABELS.contains(&tokens.word(i)?) {
        return None;
    }
    let mut at = next_word(tokens, i)?;
    if tokens.word(at) == Some("name") {
        at = next_word(tokens, at)?;
    }
    names
        .is_distinctive(tokens.word(at)?)
        .then(|| Found::new(Kind::PersonName, tokens.span(at, at), "a name after a label"))
}

/// The word that follows, glued in camel case or past what parts the words of a name.
fn next_word(tokens: &Tokens<'_>, i: usize) -> Option<usize> {
    if tokens.word(i + 1).is_some() {
        return Some(i + 1);
    }
    let gap = tokens.gap(i + 1)?;
    let parts = gap.len() <= 6 && gap.replace("%20", " ").replace("%2C", ",").chars().all(|c| "_-.,+=: ".contains(c));
    (parts && tokens.word(i + 2).is_some()).then_some(i + 2)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    as_of: String,
    source: String,
    given: String,
    surname: String,
    everyday: String,
    eponyms: Vec<(String, String)>,
}

impl FromStr for Names {
    type Err = InvalidNames;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let file: File = toml::from_str(text).map_err(InvalidNames)?;
        let words = |list: &str| list.split_whitespace().map(super::token::folded).collect();
        let both_ways = |(one, other): (String, String)| [(one.clone(), other.clone()), (other, one)];
        Ok(Self {
            as_of: file.as_of,
            source: file.source,
            given: words(&file.given),
            surname: words(&file.surname),
            everyday: words(&file.everyday),
            eponyms: file.eponyms.into_iter().flat_map(both_ways).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_within_the_crate_is_whole() {
        let names = Names::built_in();
        assert_eq!(names.as_of(), "2026-11-24");
        assert!(names.source().contains("general knowledge"));
        assert!(names.given.len() > 300 && names.surname.len() > 250, "{} {}", names.given.len(), names.surname.len());
    }

    /// An entry that excuses nothing only hides the persons of that name.
    #[test]
    fn every_entry_of_the_list_has_an_effect() {
        let names = Names::built_in();
        for (one, other) in &names.eponyms {
            assert!(names.has_pair(one, other), "{one} {other}");
        }
        for word in &names.everyday {
            assert!(names.given.contains(word) || names.surname.contains(word), "{word}");
        }
    }

    #[test]
    fn another_list_can_be_read() {
        let text =
            "as_of = '2030-01-01'\nsource = 'ours'\ngiven = 'Zora'\nsurname = 'Quux'\neveryday = ''\neponyms = []";
        let names: Names = text.parse().expect("a list");
        assert!(names.is_person("zora", "quux") && names.is_person("quux", "zora"));
        let error = "given = 1".parse::<Names>().expect_err("no list");
        assert_eq!(error.to_string(), "the list of names cannot be read");
    }
}
