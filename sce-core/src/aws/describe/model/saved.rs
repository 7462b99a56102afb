//! Saved answers by key, by name and by place.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::super::tree::BrokenAnswer;
use super::Place;
use crate::account::{AccountId, Region, Zone};

/// Answers of AWS as the CLI writes them, each with the path it was saved at.
#[derive(Clone, Debug, Default)]
pub struct Saved {
    documents: Vec<(String, Json)>,
    by_key: BTreeMap<String, Vec<usize>>,
    /// By service, name and call, as a path of three ends.
    by_place: BTreeMap<[String; 3], Vec<usize>>,
}

/// Keys of services that have one answer for all regions.
const GLOBAL: [&str; 12] = [
    "Account",
    "Buckets",
    "GroupDetailList",
    "InstanceProfile",
    "InstanceProfiles",
    "PasswordPolicy",
    "Policies",
    "Policy",
    "PublicAccessBlockConfiguration",
    "Role",
    "RoleDetailList",
    "UserDetailList",
];

/// Keys that hold the beginning of another page.
const TOKENS: [&str; 5] = ["NextToken", "nextToken", "Marker", "NextMarker", "NextContinuationToken"];

impl Saved {
    /// All documents of the files, each a path below the tree's root and what the file holds. A file may hold several documents, or a
    /// list of pages; one that is no JSON holds none, and is told.
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> (Self, Vec<BrokenAnswer>) {
        let (mut saved, mut broken) = (Self::default(), Vec::new());
        for (path, bytes) in files {
            let read: Result<Vec<Json>, _> = serde_json::Deserializer::from_slice(bytes).into_iter().collect();
            match read {
                Ok(documents) => documents.into_iter().for_each(|document| saved.add(path, document)),
                Err(error) => broken.push(BrokenAnswer::of(path, &error)),
            }
        }
        (saved, broken)
    }

    /// Whether there is no answer at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// Adds what others hold.
    pub fn extend(&mut self, other: Self) {
        other.documents.into_iter().for_each(|(path, document)| self.add(&path, document));
    }

    /// Adds a document, or each of a list of pages.
    pub fn add(&mut self, path: &str, document: Json) {
        match document {
            Json::Array(pages) => pages.into_iter().for_each(|page| self.add(path, page)),
            Json::Object(fields) => {
                let index = self.documents.len();
                for key in fields.keys() {
                    self.by_key.entry(key.clone()).or_default().push(index);
                }
                if let Some(place) = place(path) {
                    self.by_place.entry(place).or_default().push(index);
                }
                self.documents.push((path.to_owned(), Json::Object(fields)));
            }
            _ => {}
        }
    }

    /// Only what is of this place: a folder that names another account or, but for what knows no region, another region is left out.
    #[must_use]
    pub(super) fn within(&self, place: &Place) -> Self {
        let mut within = Self::default();
        for (path, document) in self.documents.iter().filter(|(path, document)| place.has(path, document)) {
            within.add(path, document.clone());
        }
        within
    }

    /// The items of lists under a key of what a call answers, all pages of it.
    ///
    /// # Errors
    /// When no answer has the key, or the last page is missing.
    pub(super) fn all(&self, key: &str, call: &str) -> Result<Vec<&Json>, String> {
        let documents: Vec<&Json> = self.with(key).filter(|document| document[key].is_array()).collect();
        if documents.is_empty() {
            return Err(not_saved(call));
        }
        if documents.iter().all(|document| has_more(document)) {
            return Err(format!("what was saved of `aws {call}` breaks off before its last page"));
        }
        Ok(documents.into_iter().filter_map(|document| document[key].as_array()).flatten().collect())
    }

    /// The documents with a key at their top.
    pub(super) fn with(&self, key: &str) -> impl Iterator<Item = &Json> {
        self.by_key.get(key).into_iter().flatten().map(|index| &self.documents[*index].1)
    }

    /// The same with the paths they were saved at.
    pub(super) fn with_paths(&self, key: &str) -> impl Iterator<Item = (&str, &Json)> {
        let indices = self.by_key.get(key).into_iter().flatten();
        indices.map(|index| (self.documents[*index].0.as_str(), &self.documents[*index].1))
    }

    /// What answers with a key say of one thing, `of` being the part of an answer that is of it, if any is; none when no answer is.
    ///
    /// # Errors
    /// When there are several that say it differently: neither then hides what the other tells.
    pub(super) fn agreed<'s>(
        &'s self,
        key: &str,
        name: &str,
        of: impl Fn(&'s Json) -> Option<&'s Json>,
    ) -> Result<Option<&'s Json>, String> {
        let mut found = self.with_paths(key).filter_map(|(path, document)| Some((path, of(document)?)));
        let Some((first, one)) = found.next() else { return Ok(None) };
        match found.find(|(_, other)| *other != one) {
            None => Ok(Some(one)),
            Some((other, _)) => Err(format!("`{first}` and `{other}` say differently what `{key}` of {name} is")),
        }
    }

    /// The same of what answers hold under the key itself, and name in a field there.
    pub(super) fn agreed_within(&self, key: &str, field: &str, name: &str) -> Result<Option<&Json>, String> {
        self.agreed(key, name, |document| Some(&document[key]).filter(|within| within[field].as_str() == Some(name)))
    }

    /// The same of what answers hold under the key, and name in a field beside it.
    pub(super) fn agreed_beside(&self, key: &str, field: &str, name: &str) -> Result<Option<&Json>, String> {
        self.agreed(key, name, |document| (document[field].as_str() == Some(name)).then(|| &document[key]))
    }

    /// What a call said of one thing, where its answer bears no name: the file `SERVICE/NAME/CALL.json`. `{}` says that it was asked and
    /// there is nothing.
    ///
    /// # Errors
    /// When there is no such file, or there are several that say it differently: neither then hides what the other tells.
    pub(super) fn of(&self, service: &str, name: &str, call: &str) -> Result<&Json, String> {
        let place = [service, name, call].map(str::to_owned);
        let mut found = self.by_place.get(&place).into_iter().flatten().map(|index| &self.documents[*index]);
        let Some((first, document)) = found.next() else {
            return Err(not_saved(&format!("{} {call} for {name}", cli_name(service))));
        };
        match found.find(|(_, other)| other != document) {
            None => Ok(document),
            Some((other, _)) => {
                Err(format!("`{first}` and `{other}` say differently what `{} {call}` answers", cli_name(service)))
            }
        }
    }
}

impl Place {
    /// Whose the answers are: the account that the caller's identity or a folder names, and the region that a folder, a zone or a key
    /// names; none while either is not told, or several are.
    #[must_use]
    pub fn of(saved: &Saved) -> Option<Self> {
        let folders = || saved.documents.iter().flat_map(|(path, _)| path.split('/'));
        let identity = saved.with("Account").filter_map(|document| document["Account"].as_str());
        let accounts: BTreeSet<AccountId> = identity.chain(folders()).filter_map(|text| text.parse().ok()).collect();
        let named: BTreeSet<Region> = folders().filter_map(|folder| folder.parse().ok()).collect();
        let zones = saved.with("Subnets").flat_map(|document| document["Subnets"].as_array().into_iter().flatten());
        let zones = zones.filter_map(|subnet| subnet["AvailabilityZone"].as_str()?.parse::<Zone>().ok());
        let lying: BTreeSet<Region> = zones.map(|zone| zone.region().clone()).collect();
        let regions = if named.is_empty() { lying } else { named };
        match (accounts.len(), regions.len()) {
            (1, 1) => Some(Self { account: accounts.into_iter().next()?, region: regions.into_iter().next()? }),
            _ => None,
        }
    }

    fn has(&self, path: &str, document: &Json) -> bool {
        let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders).split('/');
        let global = GLOBAL.iter().any(|key| document.get(key).is_some()) || folders.clone().any(|it| it == "s3");
        folders.into_iter().all(|folder| {
            let account = folder.parse::<AccountId>().map_or(true, |account| account == self.account);
            account && (global || folder.parse::<Region>().map_or(true, |region| region == self.region))
        })
    }
}

/// Service, name and call of a path that ends in `SERVICE/NAME/CALL.json`.
fn place(path: &str) -> Option<[String; 3]> {
    let mut parts = path.rsplit('/');
    let file = parts.next()?;
    let call = file.strip_suffix(".json").unwrap_or(file).replace('_', "-");
    let name = percent_decoded(parts.next()?);
    Some([parts.next()?.to_owned(), name, call])
}

/// What the AWS CLI calls a service: its calls about buckets are `s3api`'s.
fn cli_name(service: &str) -> &str {
    if service == "s3" { "s3api" } else { service }
}

/// What is said of an answer that is not there.
pub(super) fn not_saved(call: &str) -> String {
    format!("no answer of `aws {call}` was saved")
}

/// A name as a folder is called: letters, digits, `.`, `_` and `-` as they are, other bytes as `%` and two hexadecimal digits.
///
/// ```
/// use sce_core::aws::describe::model::folder;
/// assert_eq!(folder("/hipaa/flow"), "%2Fhipaa%2Fflow");
/// ```
#[must_use]
pub fn folder(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    name.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The text behind percent-encoding; a plus sign is itself, and what is not so encoded stays.
#[must_use]
pub fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let byte = after.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match byte.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

fn has_more(document: &Json) -> bool {
    TOKENS.iter().any(|token| document[token].as_str().is_some_and(|token| !token.is_empty()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of_files(files: &[(&str, Json)]) -> Saved {
        let mut saved = Saved::default();
        files.iter().for_each(|(path, document)| saved.add(path, document.clone()));
        saved
    }

    #[test]
    fn pages_are_put_together_and_a_missing_last_one_is_told() {
        let first = json!({"Vpcs": [{"VpcId": "vpc-1"}], "NextToken": "x"});
        let broken = of_files(&[("a.json", first.clone())]);
        assert!(broken.all("Vpcs", "ec2 describe-vpcs").unwrap_err().contains("breaks off"));
        let whole = of_files(&[("a.json", json!([first, {"Vpcs": [{"VpcId": "vpc-2"}]}]))]);
        assert_eq!(whole.all("Vpcs", "ec2 describe-vpcs").unwrap().len(), 2);
        assert!(whole.all("Subnets", "ec2 describe-subnets").unwrap_err().contains("`aws ec2 describe-subnets`"));
    }

    #[test]
    fn what_bears_no_name_is_found_by_its_place() {
        let saved = of_files(&[("x/logs/%2Fhipaa%2Fflow/list_tags_for_resource.json", json!({"tags": {}}))]);
        assert!(saved.of("logs", "/hipaa/flow", "list-tags-for-resource").is_ok());
        assert!(saved.of("logs", "/hipaa", "list-tags-for-resource").is_err());
        let call = ["x/s3/b/get-bucket-policy.json", "y/s3/b/get-bucket-policy.json"];
        let twice = of_files(&[(call[0], json!({"Policy": "{}"})), (call[1], json!({"Policy": "{}"}))]);
        assert!(twice.of("s3", "b", "get-bucket-policy").is_ok(), "the same thing in two files is one thing");
        let two = of_files(&[(call[0], json!({})), (call[1], json!({"Policy": "{}"}))]);
        let why = two.of("s3", "b", "get-bucket-policy").unwrap_err();
        assert!(call.iter().all(|path| why.contains(path)), "{why}");
        assert_eq!(percent_decoded(&folder("arn:aws:x/ü %")), "arn:aws:x/ü %");
        assert_eq!(percent_decoded("100%"), "100%");
    }

    #[test]
    fn what_bears_its_name_is_agreed_on_or_not_known() {
        let key =
            |state: &str| json!({"KeyMetadata": {"KeyId": "k", "KeyState": state}, "ResponseMetadata": {"n": state}});
        let files = [("a.json", key("Enabled")), ("b.json", key("Enabled")), ("c.json", key("Disabled"))];
        let agreed = of_files(&files[..2]);
        assert_eq!(agreed.agreed_within("KeyMetadata", "KeyId", "k").unwrap().unwrap()["KeyState"], "Enabled");
        assert_eq!(agreed.agreed_within("KeyMetadata", "KeyId", "other"), Ok(None));
        let why = of_files(&files).agreed_within("KeyMetadata", "KeyId", "k").unwrap_err();
        assert_eq!(why, "`a.json` and `c.json` say differently what `KeyMetadata` of k is");
    }

    #[test]
    fn other_regions_and_accounts_are_left_out() {
        let place = Place { account: "111122223333".parse().unwrap(), region: "us-west-2".parse().unwrap() };
        let vpc = json!({"Vpcs": []});
        let cases = [
            ("us-west-2/a.json", vpc.clone(), true),
            ("us-east-1/a.json", vpc.clone(), false),
            ("222233334444/us-west-2/a.json", vpc.clone(), false),
            ("a.json", vpc, true),
            ("us-east-1/a.json", json!({"RoleDetailList": []}), true),
            ("us-east-1/s3/b/get-bucket-versioning.json", json!({}), true),
        ];
        for (path, document, there) in cases {
            assert_eq!(place.has(path, &document), there, "{path}");
        }
    }
}
