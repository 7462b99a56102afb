//! Where things are: account, partition, region and availability zone, each read by its spelling alone; whether a region is one that AWS
//! has is another question ([`Region::is_known`]).

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An AWS account: twelve digits, leading zeros among them.
///
/// ```
/// use sce_core::account::AccountId;
/// assert!("111122223333".parse::<AccountId>().is_ok());
/// assert!("1111-2222-3333".parse::<AccountId>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[0-9]{12}$"))]
pub struct AccountId(String);

/// A region, such as `us-west-2` or `us-gov-west-1`.
///
/// Lower-case words and a last number, parted by hyphens; whether AWS had such a region when this crate was made, [`Self::is_known`] tells. Its partition must be
/// one that [`Partition`] lists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[a-z]{2,4}(-[a-z]+){1,2}-[1-9][0-9]?$"))]
pub struct Region(String);

/// An availability zone, such as `us-west-2a`: a region and one letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[a-z]{2,4}(-[a-z]+){1,2}-[1-9][0-9]?[a-z]$"))]
pub struct Zone {
    region: Region,
    letter: char,
}

/// A group of regions with accounts, ARNs and DNS names of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Partition {
    /// The commercial regions.
    #[serde(rename = "aws")]
    Aws,
    /// GovCloud (US).
    #[serde(rename = "aws-us-gov")]
    GovCloud,
    /// Beijing and Ningxia.
    #[serde(rename = "aws-cn")]
    China,
}

/// Why a text is no [`AccountId`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{text}` is no AWS account id: expected twelve digits")]
pub struct InvalidAccountId {
    text: String,
}

/// Why a text is no [`Region`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidRegion {
    /// The spelling is wrong.
    #[error("`{0}` is no AWS region: expected a name like `us-west-2`")]
    Spelling(String),
    /// An availability zone stands where a region should.
    #[error("`{0}` is an availability zone, not a region")]
    Zone(String),
    /// A region of a partition that is not served here.
    #[error("the region `{0}` belongs to an AWS partition that is not supported")]
    Partition(String),
}

/// Why a text is no [`Zone`], or not one of the region.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidZone {
    /// The spelling is wrong.
    #[error("`{0}` is no availability zone: expected a name like `us-west-2a`")]
    Spelling(String),
    /// The zone lies elsewhere.
    #[error("the availability zone `{zone}` is not in the region `{region}`")]
    OtherRegion {
        /// The zone.
        zone: Zone,
        /// The region it should be in.
        region: Region,
    },
}

impl AccountId {
    /// The twelve digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Region {
    /// The region's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition that the region's name tells.
    ///
    /// ```
    /// use sce_core::account::{Partition, Region};
    /// let region: Region = "us-gov-west-1".parse().unwrap();
    /// assert_eq!(region.partition(), Partition::GovCloud);
    /// ```
    #[must_use]
    pub fn partition(&self) -> Partition {
        if self.0.starts_with("us-gov-") {
            Partition::GovCloud
        } else if self.0.starts_with("cn-") {
            Partition::China
        } else {
            Partition::Aws
        }
    }

    /// The zone of this region with the given letter, `a` to `z`.
    ///
    /// # Errors
    /// When the letter is none.
    pub fn zone(&self, letter: char) -> Result<Zone, InvalidZone> {
        if letter.is_ascii_lowercase() {
            return Ok(Zone { region: self.clone(), letter });
        }
        Err(InvalidZone::Spelling(format!("{self}{letter}")))
    }
}

impl Zone {
    /// The region that the zone is in.
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// The zone, when it is one of the region's.
    ///
    /// # Errors
    /// [`InvalidZone::OtherRegion`] when it lies elsewhere.
    pub fn in_region(self, region: &Region) -> Result<Self, InvalidZone> {
        if self.region == *region {
            return Ok(self);
        }
        Err(InvalidZone::OtherRegion { zone: self, region: region.clone() })
    }
}

impl Partition {
    /// The second field of every ARN in the partition.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::GovCloud => "aws-us-gov",
            Self::China => "aws-cn",
        }
    }

    /// What the names of its endpoints end with.
    #[must_use]
    pub fn dns_suffix(self) -> &'static str {
        match self {
            Self::Aws | Self::GovCloud => "amazonaws.com",
            Self::China => "amazonaws.com.cn",
        }
    }
}

impl InvalidAccountId {
    /// What to write instead.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let digits: String = self.text.chars().filter(char::is_ascii_digit).collect();
        let only_parted = self.text.chars().all(|c| c.is_ascii_digit() || c == '-' || c == ' ');
        match digits.len() {
            12 if only_parted => Some(format!("write `{digits}`")),
            length @ 1..12 if only_parted => {
                Some(format!("it has {length} digits; leading zeros belong to the id, so write it in quotes"))
            }
            _ => Some("`aws sts get-caller-identity` tells the account id".to_owned()),
        }
    }
}

impl InvalidRegion {
    /// What to write instead.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Spelling(text) => Some(nearest_region(text).map_or_else(
                || "a region is words and a number parted by hyphens, such as `us-west-2`".to_owned(),
                |region| format!("did you mean `{region}`?"),
            )),
            Self::Zone(text) => Some(format!("write `{}`", text.trim_end_matches(|c: char| c.is_ascii_lowercase()))),
            Self::Partition(_) => Some("the partitions `aws`, `aws-us-gov` and `aws-cn` are supported".to_owned()),
        }
    }
}

/// The text as a region's name once case, spaces and missing hyphens are mended: `US West 2`, `us_west_2`, `uswest2`.
fn nearest_region(text: &str) -> Option<Region> {
    const FREQUENT: [&str; 8] = [
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
        "ca-central-1",
        "eu-central-1",
        "eu-west-1",
        "us-gov-west-1",
    ];
    let mended: String = text.to_lowercase().chars().map(|c| if c == ' ' || c == '_' { '-' } else { c }).collect();
    mended.parse().ok().or_else(|| {
        let close = FREQUENT.iter().map(|name| (strsim::damerau_levenshtein(&mended, name), name)).min()?;
        (close.0 <= 2).then(|| Region((*close.1).to_owned()))
    })
}

impl InvalidZone {
    /// What to write instead.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Spelling(text) => match text.parse::<Region>() {
                Ok(region) => Some(format!("add the zone's letter, such as `{region}a`")),
                Err(_) => Some("a zone is a region and one letter; local zones are not supported".to_owned()),
            },
            Self::OtherRegion { region, .. } => Some(format!("choose a zone of that region, such as `{region}a`")),
        }
    }
}

impl FromStr for AccountId {
    type Err = InvalidAccountId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidAccountId { text: text.to_owned() })
    }
}

impl Region {
    /// The regions that AWS had when the list was made, in order of partition and name; see `data/regions.toml`.
    pub fn known() -> impl Iterator<Item = &'static str> {
        static KNOWN: LazyLock<Regions> = LazyLock::new(|| {
            // INVARIANT: a test reads the file that is part of this crate.
            toml::from_str(include_str!("../data/regions.toml")).expect("the list of regions is well formed")
        });
        KNOWN.partition.iter().flat_map(|partition| &partition.regions).map(String::as_str)
    }

    /// Whether the list has it.
    #[must_use]
    pub fn is_known(&self) -> bool {
        Self::known().any(|known| known == self.0)
    }
}

#[derive(Deserialize)]
struct Regions {
    partition: Vec<Regional>,
}

#[derive(Deserialize)]
struct Regional {
    regions: Vec<String>,
}

impl FromStr for Region {
    type Err = InvalidRegion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !is_spelled_as_region(text) {
            let without_letter = text.strip_suffix(|c: char| c.is_ascii_lowercase());
            return Err(match without_letter.is_some_and(is_spelled_as_region) {
                true => InvalidRegion::Zone(text.to_owned()),
                false => InvalidRegion::Spelling(text.to_owned()),
            });
        }
        if is_in_other_partition(text) {
            return Err(InvalidRegion::Partition(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

fn is_spelled_as_region(text: &str) -> bool {
    let words: Vec<&str> = text.split('-').collect();
    let [first, between @ .., number] = words.as_slice() else { return false };
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    let is_number = number.len() <= 2 && !number.starts_with('0') && number.bytes().all(|b| b.is_ascii_digit());
    // No name of AWS's is longer than 14 characters; 20 leaves room and keeps bucket names within DNS.
    text.len() <= 20
        && (2..=4).contains(&first.len())
        && (1..=2).contains(&between.len())
        && is_word(first)
        && between.iter().all(|word| is_word(word))
        && !number.is_empty()
        && is_number
}

/// The isolated and the European sovereign regions have ARNs and DNS names of their own.
fn is_in_other_partition(text: &str) -> bool {
    let second = text.split('-').nth(1).unwrap_or_default();
    second.starts_with("iso") || text.starts_with("eusc-")
}

impl FromStr for Zone {
    type Err = InvalidZone;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || InvalidZone::Spelling(text.to_owned());
        let letter = text.chars().next_back().filter(char::is_ascii_lowercase).ok_or_else(wrong)?;
        let region = text[..text.len() - 1].parse().map_err(|_| wrong())?;
        Ok(Self { region, letter })
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.region, self.letter)
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for AccountId {
    type Error = InvalidAccountId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl TryFrom<String> for Region {
    type Error = InvalidRegion;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl TryFrom<String> for Zone {
    type Error = InvalidZone;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AccountId> for String {
    fn from(account: AccountId) -> Self {
        account.0
    }
}

impl From<Region> for String {
    fn from(region: Region) -> Self {
        region.0
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_that_aws_has_are_regions_and_known() {
        let known: Vec<&str> = Region::known().collect();
        assert!(known.len() > 35, "{known:?}");
        for text in known {
            assert!(text.parse::<Region>().is_ok_and(|region| region.is_known()), "{text}");
        }
        assert!(!"us-west-22".parse::<Region>().unwrap().is_known());
    }

    #[test]
    fn each_region_tells_its_partition() {
        let cases = [
            ("us-west-2", Partition::Aws),
            ("ap-northeast-1", Partition::Aws),
            ("ap-southeast-5", Partition::Aws),
            ("mx-central-1", Partition::Aws),
            ("il-central-1", Partition::Aws),
            ("us-gov-west-1", Partition::GovCloud),
            ("us-gov-east-1", Partition::GovCloud),
            ("cn-north-1", Partition::China),
            ("cn-northwest-1", Partition::China),
        ];
        for (name, partition) in cases {
            assert_eq!(name.parse::<Region>().map(|region| region.partition()), Ok(partition), "{name}");
        }
        assert_eq!(Partition::China.dns_suffix(), "amazonaws.com.cn");
        assert_eq!(serde_json::to_string(&Partition::GovCloud).expect("text"), "\"aws-us-gov\"");
    }

    #[test]
    fn a_wrong_region_is_told_the_right_one() {
        let cases = [
            ("US West 2", "is no AWS region", "did you mean `us-west-2`?"),
            ("us-wset-2x9", "is no AWS region", "words and a number"),
            ("uswest2", "is no AWS region", "did you mean `us-west-2`?"),
            ("us-west-2a", "is an availability zone", "write `us-west-2`"),
            ("us-iso-east-1", "not supported", "`aws-us-gov`"),
            ("eusc-de-east-1", "not supported", "`aws-cn`"),
            ("us-west-0", "is no AWS region", "did you mean"),
            ("", "is no AWS region", "words and a number"),
            ("--", "is no AWS region", "words and a number"),
        ];
        for (text, message, help) in cases {
            let error = text.parse::<Region>().expect_err(text);
            assert!(error.to_string().contains(message), "{text}: {error}");
            assert!(error.help().is_some_and(|advice| advice.contains(help)), "{text}: {:?}", error.help());
        }
    }

    #[test]
    fn a_zone_must_be_in_its_region() {
        let region: Region = "us-west-2".parse().expect("a region");
        let zone: Zone = "us-west-2a".parse().expect("a zone");
        assert_eq!(region.zone('a'), Ok(zone.clone()));
        assert_eq!(zone.clone().in_region(&region), Ok(zone.clone()));
        let other = zone.in_region(&"us-west-1".parse().expect("a region")).expect_err("elsewhere");
        assert_eq!(other.to_string(), "the availability zone `us-west-2a` is not in the region `us-west-1`");
        for text in ["us-west-2", "us-west-2-lax-1a", "us-west-2A", "a", "", "é"] {
            let error = text.parse::<Zone>().expect_err(text);
            assert!(error.help().is_some());
        }
        assert!(region.zone('1').is_err());
    }

    #[test]
    fn an_account_has_twelve_digits() {
        assert_eq!("000000000000".parse::<AccountId>().map(String::from), Ok("000000000000".to_owned()));
        let cases = [
            ("1111-2222-3333", "write `111122223333`"),
            ("11112222333", "it has 11 digits"),
            ("alias", "get-caller-identity"),
            ("１１１１22223333", "get-caller-identity"),
        ];
        for (text, help) in cases {
            let error = text.parse::<AccountId>().expect_err(text);
            assert!(error.help().is_some_and(|advice| advice.contains(help)), "{text}: {:?}", error.help());
        }
    }

    #[test]
    fn json_and_text_share_one_validator() {
        assert!(serde_json::from_str::<Zone>("\"us-west-2\"").is_err());
        assert!(serde_json::from_str::<AccountId>("\"12\"").is_err());
        assert!(serde_json::from_str::<Region>("\"us-west-2\"").is_ok());
    }
}
