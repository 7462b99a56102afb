//! The Project Identifier Tag (PIT): one short word that names and tags everything of one project.
//!
//! The document asks for it in L337-343 and shows it at work in L384-517: `hipaa` gives `hipaa_vpc`, `hipaa_routingtable` and
//! so on. Buckets need names that DNS allows, so they take hyphens and a suffix of account and region (L384).

mod bucket;
mod name;
mod tag;

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use bucket::{BucketRole, account_log_bucket, registry_bucket};
pub use name::Named;
pub use tag::{ACCOUNT_SCOPE, TAG_ID, TAG_NODE, TAG_OWNER, TAG_PIT, TAG_SCOPE, Tags, account_tags, ownership_tags};

/// A Project Identifier Tag, such as `hipaa` or `omop-2`.
///
/// - It has 2 to 16 characters: lower-case ASCII letters, digits and hyphens, the first a letter (document L341: short and
///   easy to read is better).
/// - No hyphen ends it and no two stand together, so every bucket name made of it is a DNS name and never starts with `xn--`.
/// - It has no underscore, so the first underscore of a name such as `hipaa_vpc` is where the tag ends: no two tags, `omop`
///   and `omop-2` among them, ever give the same name, and `omop_` begins no name of `omop-2`.
/// - It keeps clear of the words that AWS, or policies managed by AWS, give a meaning of their own.
///
/// An IAM pattern must be made from [`Pit::name_prefix`] or [`Pit::bucket_prefix`]: a bare `omop*` or `omop-*` reaches `omop-2`.
///
/// ```
/// use sce_core::pit::{Named, Pit};
/// let pit: Pit = "hipaa".parse().unwrap();
/// assert_eq!(pit.name(Named::Vpc), "hipaa_vpc");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = PATTERN, "minLength" = MIN_LENGTH, "maxLength" = MAX_LENGTH))]
pub struct Pit(String);

const MIN_LENGTH: usize = 2;
const MAX_LENGTH: usize = 16;
const PATTERN: &str = "^[a-z][a-z0-9]*(-[a-z0-9]+)*$";

/// Why a text is no [`Pit`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidPit {
    /// Nothing was given.
    #[error("the project identifier tag is empty")]
    Empty,
    /// One character is too few to tell projects apart.
    #[error("the project identifier tag `{0}` is too short: it needs at least {MIN_LENGTH} characters")]
    TooShort(String),
    /// More characters than names with account and region beside them can carry.
    #[error("the project identifier tag `{text}` is too long by {by}: it may have {MAX_LENGTH} characters")]
    TooLong {
        /// What was given.
        text: String,
        /// How many characters must go.
        by: usize,
    },
    /// DNS names, and so bucket names, know no upper case.
    #[error("the project identifier tag `{0}` has an upper-case letter")]
    UpperCase(String),
    /// An underscore is what parts the tag from the rest of a name.
    #[error("the project identifier tag `{0}` has an underscore, which parts the tag from the rest of a name")]
    Underscore(String),
    /// A character that is no lower-case letter, digit or hyphen.
    #[error("the project identifier tag `{text}` has the character `{character}`")]
    Character {
        /// What was given.
        text: String,
        /// The first character that may not be.
        character: char,
    },
    /// The first character is a digit or a hyphen.
    #[error("the project identifier tag `{0}` does not begin with a letter")]
    FirstCharacter(String),
    /// The last character is a hyphen.
    #[error("the project identifier tag `{0}` ends with a hyphen")]
    TrailingHyphen(String),
    /// Two hyphens in a row, which DNS keeps for encoded names (`xn--`, RFC 5890).
    #[error("the project identifier tag `{0}` has two hyphens in a row")]
    DoubleHyphen(String),
    /// The first word, up to a hyphen, is kept by someone else.
    #[error("the project identifier tag `{text}` begins with the reserved word `{word}`: {why}")]
    ReservedWord {
        /// What was given.
        text: String,
        /// The word.
        word: &'static str,
        /// Who keeps it, and for what.
        why: &'static str,
    },
    /// A policy managed by AWS grants access to every bucket whose name contains this word.
    #[error("the project identifier tag `{text}` contains `{word}`: {why}")]
    OpenedByManagedPolicy {
        /// What was given.
        text: String,
        /// The word.
        word: &'static str,
        /// Which policy reaches it.
        why: &'static str,
    },
}

/// First words that are taken, each with the reason. S3 refuses `sthree-` and `amzn-s3-demo-` ("General purpose bucket naming
/// rules"), EC2 refuses a security group whose name starts with `sg-` (`CreateSecurityGroup`).
const RESERVED_WORDS: [(&str, &str); 5] = [
    ("amzn", "S3 refuses bucket names that start with `amzn-s3-demo-`"),
    ("aws", "AWS marks what is its own with it"),
    ("sce", "it marks what belongs to the whole account"),
    ("sg", "EC2 refuses security group names that start with `sg-`"),
    ("sthree", "S3 refuses bucket names that start with `sthree-`"),
];

/// Words that managed policies match anywhere in a bucket name (`arn:aws:s3:::*sagemaker*` and kin, AWS Managed Policy
/// Reference): a data bucket of that name would be open to every role of that service in the account.
const OPENED_WORDS: [(&str, &str); 4] = [
    ("aws-glue", "the managed policy AmazonSageMakerFullAccess opens every bucket so named"),
    ("greengrass", "the managed policy AWSGreengrassResourceAccessRolePolicy opens every bucket so named"),
    ("redshift", "the managed policy AmazonRedshiftAllCommandsFullAccess opens every bucket so named"),
    ("sagemaker", "the managed policy AmazonSageMakerFullAccess opens every bucket so named"),
];

impl Pit {
    /// The tag as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of a thing of this project, such as `hipaa_vpc`.
    #[must_use]
    pub fn name(&self, named: Named) -> String {
        format!("{}_{}", self.0, named.as_str())
    }

    /// What every name of this project begins with, and no name of another: `hipaa_`.
    #[must_use]
    pub fn name_prefix(&self) -> String {
        format!("{}_", self.0)
    }
}

impl InvalidPit {
    /// What to write instead.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Empty => Some("choose a short word such as `hipaa`".to_owned()),
            Self::OpenedByManagedPolicy { word, .. } | Self::ReservedWord { word, .. } => {
                Some(format!("choose a word without `{word}`, such as `hipaa`"))
            }
            Self::TooShort(text)
            | Self::TooLong { text, .. }
            | Self::UpperCase(text)
            | Self::Underscore(text)
            | Self::Character { text, .. }
            | Self::FirstCharacter(text)
            | Self::TrailingHyphen(text)
            | Self::DoubleHyphen(text) => Some(nearest(text).map_or_else(rule, |pit| format!("write `{pit}`"))),
        }
    }
}

fn rule() -> String {
    format!(
        "use {MIN_LENGTH} to {MAX_LENGTH} lower-case letters, digits and single hyphens, beginning with a letter, such as `hipaa`"
    )
}

/// The valid tag that a reader would take the text for, shortened at a hyphen when it can be.
fn nearest(text: &str) -> Option<Pit> {
    let plain: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let words: Vec<&str> = plain.trim_start_matches(|c: char| !c.is_ascii_lowercase()).split('-').collect();
    let mut candidate = String::new();
    for word in words.into_iter().filter(|word| !word.is_empty()) {
        let longer = if candidate.is_empty() { word.to_owned() } else { format!("{candidate}-{word}") };
        if longer.len() > MAX_LENGTH {
            break;
        }
        candidate = longer;
    }
    candidate.parse().ok()
}

impl FromStr for Pit {
    type Err = InvalidPit;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        check_characters(text)?;
        check_hyphens(text)?;
        check_length(text)?;
        check_words(text)?;
        Ok(Self(text.to_owned()))
    }
}

fn check_characters(text: &str) -> Result<(), InvalidPit> {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    match text.chars().find(|&c| !legal(c)) {
        Some(c) if c.is_ascii_uppercase() => Err(InvalidPit::UpperCase(text.to_owned())),
        Some('_') => Err(InvalidPit::Underscore(text.to_owned())),
        Some(character) => Err(InvalidPit::Character { text: text.to_owned(), character }),
        None if text.is_empty() => Err(InvalidPit::Empty),
        None if !text.starts_with(|c: char| c.is_ascii_lowercase()) => Err(InvalidPit::FirstCharacter(text.to_owned())),
        None => Ok(()),
    }
}

fn check_hyphens(text: &str) -> Result<(), InvalidPit> {
    if text.contains("--") {
        return Err(InvalidPit::DoubleHyphen(text.to_owned()));
    }
    if text.ends_with('-') {
        return Err(InvalidPit::TrailingHyphen(text.to_owned()));
    }
    Ok(())
}

fn check_length(text: &str) -> Result<(), InvalidPit> {
    match text.len() {
        length if length < MIN_LENGTH => Err(InvalidPit::TooShort(text.to_owned())),
        length if length > MAX_LENGTH => Err(InvalidPit::TooLong { text: text.to_owned(), by: length - MAX_LENGTH }),
        _ => Ok(()),
    }
}

fn check_words(text: &str) -> Result<(), InvalidPit> {
    let first = text.split('-').next().unwrap_or(text);
    if let Some(&(word, why)) = OPENED_WORDS.iter().find(|(word, _)| text.contains(word)) {
        return Err(InvalidPit::OpenedByManagedPolicy { text: text.to_owned(), word, why });
    }
    if let Some(&(word, why)) = RESERVED_WORDS.iter().find(|(word, _)| first == *word) {
        return Err(InvalidPit::ReservedWord { text: text.to_owned(), word, why });
    }
    Ok(())
}

impl TryFrom<String> for Pit {
    type Error = InvalidPit;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Pit> for String {
    fn from(pit: Pit) -> Self {
        pit.0
    }
}

impl AsRef<str> for Pit {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (String, String) {
        let error = text.parse::<Pit>().expect_err(text);
        (error.to_string(), error.help().unwrap_or_default())
    }

    #[test]
    fn the_documents_tags_are_valid() {
        for text in ["hipaa", "omop", "czarhipaa", "omop-2", "ab", "a1", "abcdefghijklmnop", "scene", "awsome"] {
            assert_eq!(text.parse::<Pit>().map(String::from), Ok(text.to_owned()));
        }
    }

    #[test]
    fn each_refusal_says_what_to_write() {
        let cases = [
            ("HIPAA", "has an upper-case letter", "write `hipaa`"),
            ("hipaa_2", "has an underscore", "write `hipaa-2`"),
            ("my hipaa", "has the character ` `", "write `my-hipaa`"),
            ("hipaá", "has the character `á`", "write `hipa`"),
            ("2hipaa", "does not begin with a letter", "write `hipaa`"),
            ("-hipaa", "does not begin with a letter", "write `hipaa`"),
            ("hipaa-", "ends with a hyphen", "write `hipaa`"),
            ("xn--hipaa", "has two hyphens in a row", "write `xn-hipaa`"),
            ("heart-failure-cohort", "is too long by 4", "write `heart-failure`"),
            ("abcdefghijklmnopq", "is too long by 1", "2 to 16 lower-case letters"),
            ("a", "is too short", "2 to 16 lower-case letters"),
            ("", "is empty", "choose a short word"),
            ("aws-study", "begins with the reserved word `aws`", "without `aws`"),
            ("sce", "begins with the reserved word `sce`", "without `sce`"),
            ("sg-1", "begins with the reserved word `sg`", "without `sg`"),
            ("sthree-data", "begins with the reserved word `sthree`", "without `sthree`"),
            ("amzn-s3-demo", "begins with the reserved word `amzn`", "without `amzn`"),
            ("my-sagemaker", "contains `sagemaker`", "without `sagemaker`"),
        ];
        for (text, message, help) in cases {
            let (said, advised) = refused(text);
            assert!(said.contains(message), "{text}: {said}");
            assert!(advised.contains(help), "{text}: {advised}");
        }
    }

    #[test]
    fn json_and_text_share_one_validator() {
        let read: Result<Pit, _> = serde_json::from_str("\"Hipaa\"");
        assert!(read.expect_err("upper case").to_string().contains("upper-case"));
        let pit: Pit = serde_json::from_str("\"hipaa\"").expect("valid");
        assert_eq!(serde_json::to_string(&pit).expect("text"), "\"hipaa\"");
    }

    #[test]
    fn the_schema_carries_the_grammar() {
        let schema = schemars::schema_for!(Pit).to_value();
        assert_eq!(schema["type"], "string");
        assert_eq!(schema["pattern"], PATTERN);
        assert_eq!(schema["maxLength"], 16);
    }
}
