//! One thing as saved answers tell of it, and how its parts are read.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde_json::Value as Json;

use super::Place;
use super::saved::percent_decoded;
use crate::aws::arn::Arn;
use crate::aws::policy::Policy;
use crate::aws::resource::Properties;
use crate::pit::Tags;
use crate::plan::Attributes;
use crate::value::Value;

/// One thing that saved answers tell of.
#[derive(Clone, Debug)]
pub(super) struct Thing {
    pub(super) attributes: Attributes,
    /// What the plan would call it.
    pub(super) name: String,
    pub(super) tags: Tags,
    /// What it is like, or why that cannot be told.
    pub(super) properties: Result<Properties, String>,
}

impl Thing {
    /// A thing of EC2's: found by its id and tagged where it is described.
    pub(super) fn of_ec2<P: Into<Properties>>(json: &Json, id: &str, properties: Result<P, String>) -> Self {
        let id = text(json, id);
        Self::new(Attributes::id(id), id, pairs(&json["Tags"]), properties)
    }

    pub(super) fn new<P: Into<Properties>>(
        attributes: Attributes,
        name: &str,
        tags: Tags,
        properties: Result<P, String>,
    ) -> Self {
        Self { attributes, name: name.to_owned(), tags, properties: properties.map(Into::into) }
    }

    /// A thing without tags of its own.
    pub(super) fn plain<P: Into<Properties>>(name: &str, properties: Result<P, String>) -> Self {
        Self::new(Attributes::id(name), name, Tags::new(), properties)
    }

    /// The same, with tags that another answer tells, or not.
    pub(super) fn tagged(mut self, tags: Result<Tags, String>) -> Self {
        match tags {
            Ok(tags) => self.tags = tags,
            Err(why) => self.properties = self.properties.and(Err(why)),
        }
        self
    }
}

/// A text; empty when there is none.
pub(super) fn text<'a>(json: &'a Json, key: &str) -> &'a str {
    json[key].as_str().unwrap_or_default()
}

/// A text that says something.
pub(super) fn said<'a>(json: &'a Json, key: &str) -> Option<&'a str> {
    json[key].as_str().filter(|text| !text.is_empty())
}

pub(super) fn flag(json: &Json, key: &str) -> bool {
    json[key].as_bool() == Some(true)
}

/// A whole number that is not negative, also one that is written as text.
pub(super) fn number(json: &Json) -> Option<u32> {
    match json {
        Json::String(text) => text.parse().ok(),
        other => other.as_u64().and_then(|number| u32::try_from(number).ok()),
    }
}

/// A member that AWS always writes. Without it the answer was cut or changed, and what it held is not known: nothing is taken to be
/// empty, or off, because a file does not have it.
///
/// # Errors
/// When it is not there, or is `null`.
pub(super) fn required<'a>(json: &'a Json, key: &str) -> Result<&'a Json, String> {
    json.get(key)
        .filter(|member| !member.is_null())
        .ok_or_else(|| format!("`{key}` is missing, which AWS always writes"))
}

/// The items of a list that AWS writes also when it is empty.
///
/// # Errors
/// When it is not there, or no list.
pub(super) fn listed<'a>(json: &'a Json, key: &str) -> Result<&'a [Json], String> {
    required(json, key)?.as_array().map(Vec::as_slice).ok_or_else(|| format!("`{key}` is no list"))
}

/// A flag that AWS always writes.
///
/// # Errors
/// When it is not there, or neither `true` nor `false`.
pub(super) fn stated(json: &Json, key: &str) -> Result<bool, String> {
    required(json, key)?.as_bool().ok_or_else(|| format!("`{key}` is neither `true` nor `false`"))
}

/// What an answer says under a key; none when it is `{}`, which says that nothing is set.
///
/// # Errors
/// When it holds something else instead.
pub(super) fn set<'a>(answer: &'a Json, key: &str) -> Result<Option<&'a Json>, String> {
    // boto3 adds something about the call itself.
    let says_nothing = answer.as_object().is_some_and(|all| all.keys().all(|key| key == "ResponseMetadata"));
    if says_nothing { Ok(None) } else { required(answer, key).map(Some) }
}

/// The items of a list that AWS leaves out when it is empty.
pub(super) fn items<'a>(json: &'a Json, key: &str) -> impl Iterator<Item = &'a Json> {
    json[key].as_array().into_iter().flatten()
}

/// The text as what it should be.
pub(super) fn parsed<T: FromStr>(json: &Json, key: &str) -> Result<T, String> {
    let found = text(json, key);
    found.parse().map_err(|_| match found {
        "" => format!("`{key}` is missing"),
        found => format!("`{key}` is `{found}`, which cannot be read"),
    })
}

/// The same, as a value.
pub(super) fn known<T: FromStr>(json: &Json, key: &str) -> Result<Value<T>, String> {
    parsed(json, key).map(Value::Known)
}

/// The same, where there may be none.
pub(super) fn optional<T: FromStr>(json: &Json, key: &str) -> Result<Option<Value<T>>, String> {
    said(json, key).map(|_| known(json, key)).transpose()
}

/// The texts of a list as values.
pub(super) fn each<'a, T: FromStr, C: FromIterator<Value<T>>>(
    texts: impl IntoIterator<Item = &'a str>,
) -> Result<C, String> {
    let value = |text: &str| text.parse().map(Value::Known).map_err(|_| format!("`{text}` cannot be read"));
    texts.into_iter().map(value).collect()
}

/// The texts in a list.
pub(super) fn texts<'a>(json: &'a Json, key: &str) -> impl Iterator<Item = &'a str> {
    items(json, key).filter_map(Json::as_str)
}

/// Tags as a list of pairs, whatever the service calls the halves.
pub(super) fn pairs(json: &Json) -> Tags {
    let half = |tag: &Json, names: [&str; 3]| names.iter().find_map(|name| tag[name].as_str().map(str::to_owned));
    let pair = |tag: &Json| Some((half(tag, ["Key", "TagKey", "key"])?, half(tag, ["Value", "TagValue", "value"])?));
    json.as_array().into_iter().flatten().filter_map(pair).collect()
}

/// Tags, or other texts by name, as an object.
pub(super) fn map(json: &Json) -> BTreeMap<String, String> {
    let pair = |(key, value): (&String, &Json)| Some((key.clone(), value.as_str()?.to_owned()));
    json.as_object().into_iter().flatten().filter_map(pair).collect()
}

/// A policy: text of JSON, percent-encoded or not, or JSON itself.
pub(super) fn policy(json: &Json) -> Result<Policy, String> {
    let text = match json {
        Json::String(text) if text.trim_start().starts_with('{') => text.clone(),
        Json::String(text) => percent_decoded(text),
        Json::Null => return Err("its policy is missing".to_owned()),
        other => other.to_string(),
    };
    Policy::from_json(&text).map_err(|error| format!("its policy: {error}"))
}

/// The ARN of a key that a service hands back as it was given: by ARN, alias or id.
pub(super) fn key_arn(place: &Place, given: &str) -> Option<Arn> {
    let kms = format!("arn:{}:kms:{}:{}:", place.region.partition(), place.region, place.account);
    let arn = match given {
        arn if arn.starts_with("arn:") => arn.to_owned(),
        alias if alias.starts_with("alias/") => format!("{kms}{alias}"),
        id => format!("{kms}key/{id}"),
    };
    arn.parse().ok()
}

/// The bytes behind base64 (RFC 4648, section 4); none when it is not that.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let padding = digits.iter().rev().take_while(|byte| **byte == b'=').count();
    let digits = digits.get(..digits.len().checked_sub(padding)?)?;
    if padding > 2 || digits.len() % 4 == 1 {
        return None;
    }
    let value = |byte: &u8| match byte {
        b'A'..=b'Z' => Some(u32::from(byte - b'A')),
        b'a'..=b'z' => Some(u32::from(byte - b'a') + 26),
        b'0'..=b'9' => Some(u32::from(byte - b'0') + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    for group in digits.chunks(4) {
        let bits = group.iter().try_fold(0, |bits, byte| Some(bits << 6 | value(byte)?))?;
        let bits: u32 = bits << (6 * (4 - group.len()));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_as_the_standard_says() {
        for (text, bytes) in [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYmFy", "foobar")] {
            assert_eq!(base64(text).as_deref(), Some(bytes.as_bytes()), "{text}");
        }
        for text in ["Z", "Z!==", "Zm9vY==="] {
            assert_eq!(base64(text), None, "{text}");
        }
    }

    #[test]
    fn a_policy_is_read_in_each_of_its_forms() {
        let json = r#"{"Version":"2012-10-17","Statement":[]}"#;
        let encoded = json.replace('{', "%7B").replace('"', "%22");
        let object: Json = serde_json::from_str(json).unwrap();
        let forms = [Json::String(json.to_owned()), Json::String(encoded), object];
        assert!(forms.iter().all(|form| policy(form) == Ok(Policy::new(Vec::new()))));
        assert!(policy(&Json::Null).is_err());
    }
}
