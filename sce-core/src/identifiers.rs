//! A lint for Protected Health Information in names: file names, object keys and tag values.
//!
//! The document forbids it three times (L93, L257, L633), since names appear in logs, listings and bills that are not
//! protected as data is. The identifiers are those of 45 CFR 164.514(b)(2)(i) that a name can give away by its shape.
//!
//! It is a lint: it suspects, and a person reviews. It does not see a surname alone, a name it has no list of, names run together
//! (`johnsmith`), or an identifier without shape or label. What it says never repeats what it saw.

mod email;
mod name;
mod number;
mod token;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use token::Tokens;

pub use name::{InvalidNames, Names};

/// What a suspicion is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// A social security number (164.514(b)(2)(i)(G)).
    Ssn,
    /// A medical record number (164.514(b)(2)(i)(H)).
    RecordNumber,
    /// A date of birth (164.514(b)(2)(i)(C)). A plain date is none.
    BirthDate,
    /// An e-mail address (164.514(b)(2)(i)(F)).
    Email,
    /// A telephone or fax number (164.514(b)(2)(i)(D) and (E)).
    Phone,
    /// A person's name (164.514(b)(2)(i)(A)).
    PersonName,
}

/// A place in a text that may identify a person. It holds no part of the text but its shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suspicion {
    /// What it may be.
    pub kind: Kind,
    /// Where: bytes of the text, on character boundaries.
    pub span: Range<usize>,
    /// Where: characters of the text, counted from 0.
    pub characters: Range<usize>,
    /// The shape: `d` for a digit, `a` for a letter, all else as it stands; at most 40 characters.
    pub shape: String,
    /// What gave rise to it.
    pub why: &'static str,
    /// The reason of the [`Allowed`] that covers it, if one does.
    pub allowed: Option<String>,
}

/// A text that a person has reviewed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowed {
    /// The text itself or a glob in which `*` stands for any characters. It is compared with the whole text and with the
    /// suspected part. A pattern of nothing but `*` reviews nothing and allows nothing.
    pub pattern: String,
    /// Why it is no PHI.
    pub reason: String,
}

/// What a scan is told beforehand.
#[derive(Clone, Copy, Debug)]
pub struct Review<'a> {
    /// The owner's e-mail address, which a tag may carry.
    pub owner: Option<&'a str>,
    /// What has been reviewed.
    pub allowed: &'a [Allowed],
    /// The names to look for.
    pub names: &'a Names,
}

/// What may identify a person in a text, in order of place. It takes time linear in the text.
///
/// What a review allows is still returned, marked; [`refused`] leaves the rest.
///
/// ```
/// use sce_core::identifiers::{Kind, Review, scan};
/// let found = scan("scans/ssn_123-45-6789.dcm", &Review::default());
/// assert_eq!(found[0].kind, Kind::Ssn);
/// assert_eq!(found[0].to_string(), "may be a social security number: `ddd-dd-dddd` at characters 10 to 21 (three, two and four digits)");
/// assert!(scan("timeseries_2026-11-24.csv", &Review::default()).is_empty());
/// ```
#[must_use]
pub fn scan(text: &str, review: &Review<'_>) -> Vec<Suspicion> {
    let emails = email::spans(text);
    let tokens = Tokens::of(text);
    let mut found: Vec<Found> = number::find(&tokens);
    found.extend(name::find(&tokens, review.names));
    found.sort_by_key(|found| (found.span.start, found.span.end));
    let mut found = outside(found, &emails);
    found.extend(emails.into_iter().filter(|span| !review.is_owner(&text[span.clone()])).map(Found::email));
    found.sort_by_key(|found| (found.span.start, found.kind, Reverse(found.span.end)));
    suspicions(text, without_repeats(found), review)
}

/// The suspicions that no review allows.
pub fn refused(suspicions: &[Suspicion]) -> impl Iterator<Item = &Suspicion> {
    suspicions.iter().filter(|suspicion| suspicion.allowed.is_none())
}

/// What a finder reports: where, and why.
struct Found {
    kind: Kind,
    span: Range<usize>,
    why: &'static str,
}

impl Found {
    fn new(kind: Kind, span: Range<usize>, why: &'static str) -> Self {
        Self { kind, span, why }
    }

    fn email(span: Range<usize>) -> Self {
        Self::new(Kind::Email, span, "an address with a domain")
    }
}

/// Leaves out what lies in an e-mail address, which is one suspicion, not several. Both lists ascend.
fn outside(found: Vec<Found>, emails: &[Range<usize>]) -> Vec<Found> {
    let mut emails = emails.iter().peekable();
    let mut apart = |found: &Found| {
        while emails.next_if(|email| email.end <= found.span.start).is_some() {}
        emails.peek().is_none_or(|email| email.start >= found.span.end)
    };
    found.into_iter().filter(|found| apart(found)).collect()
}

/// Of overlapping findings of one kind the first stays.
fn without_repeats(found: Vec<Found>) -> Vec<Found> {
    let mut ends: BTreeMap<Kind, usize> = BTreeMap::new();
    let mut is_new = |found: &Found| {
        let end = ends.entry(found.kind).or_default();
        let new = found.span.start >= *end;
        *end = (*end).max(found.span.end);
        new
    };
    found.into_iter().filter(|found| is_new(found)).collect()
}

fn suspicions(text: &str, found: Vec<Found>, review: &Review<'_>) -> Vec<Suspicion> {
    let whole = review.reason(text);
    // Counting on from the last place keeps the count of characters linear.
    let (mut byte, mut character) = (0, 0);
    let suspicion = |found: Found| {
        character += text[byte..found.span.start].chars().count();
        byte = found.span.start;
        let matched = &text[found.span.clone()];
        Suspicion {
            kind: found.kind,
            characters: character..character + matched.chars().count(),
            shape: shape(matched),
            why: found.why,
            allowed: whole.or_else(|| review.reason(matched)).map(str::to_owned),
            span: found.span,
        }
    };
    found.into_iter().map(suspicion).collect()
}

fn shape(matched: &str) -> String {
    const LONGEST: usize = 40;
    let masked = |c: char| match c {
        _ if c.is_numeric() => 'd',
        '!'..='/' | ':'..='@' | '['..='`' | '{'..='~' | ' ' if c != '`' => c,
        _ => 'a',
    };
    matched.chars().take(LONGEST).map(masked).collect()
}

impl Review<'_> {
    fn is_owner(&self, address: &str) -> bool {
        self.owner.is_some_and(|owner| owner.eq_ignore_ascii_case(address))
    }

    fn reason(&self, text: &str) -> Option<&str> {
        self.allowed.iter().find(|allowed| allowed.covers(text)).map(|allowed| allowed.reason.as_str())
    }
}

impl Default for Review<'_> {
    fn default() -> Self {
        Self { owner: None, allowed: &[], names: Names::built_in() }
    }
}

impl Allowed {
    /// Whether the pattern fits the whole text.
    #[must_use]
    pub fn covers(&self, text: &str) -> bool {
        let Some((head, rest)) = self.pattern.split_once('*') else { return self.pattern == text };
        if self.pattern.bytes().all(|b| b == b'*') {
            return false;
        }
        let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
        let inner = text.strip_prefix(head).and_then(|inner| inner.strip_suffix(tail));
        inner.is_some_and(|inner| in_order(inner, middle))
    }
}

/// Whether the pieces between the stars stand in the text one after another.
fn in_order(mut text: &str, pieces: &str) -> bool {
    pieces.split('*').all(|piece| match text.find(piece) {
        Some(at) => {
            text = &text[at + piece.len()..];
            true
        }
        None => false,
    })
}

impl Kind {
    /// What it is, in words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ssn => "a social security number",
            Self::RecordNumber => "a medical record number",
            Self::BirthDate => "a date of birth",
            Self::Email => "an e-mail address",
            Self::Phone => "a telephone number",
            Self::PersonName => "a person's name",
        }
    }

    /// The item of 45 CFR 164.514(b)(2) that lists it.
    #[must_use]
    pub fn citation(self) -> &'static str {
        match self {
            Self::Ssn => "45 CFR 164.514(b)(2)(i)(G)",
            Self::RecordNumber => "45 CFR 164.514(b)(2)(i)(H)",
            Self::BirthDate => "45 CFR 164.514(b)(2)(i)(C)",
            Self::Email => "45 CFR 164.514(b)(2)(i)(F)",
            Self::Phone => "45 CFR 164.514(b)(2)(i)(D)",
            Self::PersonName => "45 CFR 164.514(b)(2)(i)(A)",
        }
    }
}

impl Suspicion {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        self.allowed.is_none().then(|| {
            "rename it after a study code that says nothing of the person, or allow it with a reason once reviewed"
                .to_owned()
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Suspicion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Range { start, end } = self.characters;
        write!(f, "may be {}: `{}` at characters {start} to {end} ({})", self.kind, self.shape, self.why)
    }
}

#[cfg(test)]
mod tests;
