//! Policy documents as types, in AWS's own JSON.
//!
//! Source: AWS IAM guide, "IAM JSON policy elements reference". Lists that AWS treats as sets are sets here, so two documents
//! that differ only in the order or the single-or-list form of such a list are equal.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::value::Value;

/// A string in a policy: known, or an id or ARN that AWS will tell.
pub type Text = Value<String>;

/// A policy document; this crate writes the language version `2012-10-17`, and reads both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Policy {
    version: Version,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(rename = "Statement", deserialize_with = "one_or_many_statements")]
    statements: Vec<Statement>,
}

/// The version of the policy language. Only the current one has variables; AWS reads a document without one as `2008-10-17`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Version {
    /// `2008-10-17`: `${` stands for itself.
    #[serde(rename = "2008-10-17")]
    V2008,
    /// `2012-10-17`: `${key}` stands for what the request says.
    #[serde(rename = "2012-10-17")]
    V2012,
}

/// One statement of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Statement {
    /// A name for people; unique within the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Allow or deny.
    pub effect: Effect,
    /// Who, in a policy attached to a resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<Principal>,
    /// Everybody but these; this crate writes none, but reads them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_principal: Option<Principal>,
    /// What may be done, such as `s3:GetObject`; `*` and `?` are wild.
    #[serde(default, rename = "Action", skip_serializing_if = "BTreeSet::is_empty", with = "one_or_many")]
    pub actions: BTreeSet<Text>,
    /// Everything but these; this crate writes none, but reads them.
    #[serde(default, rename = "NotAction", skip_serializing_if = "BTreeSet::is_empty", with = "one_or_many")]
    pub not_actions: BTreeSet<Text>,
    /// To what; absent in a trust policy.
    #[serde(default, rename = "Resource", skip_serializing_if = "BTreeSet::is_empty", with = "one_or_many")]
    pub resources: BTreeSet<Text>,
    /// To everything but these; this crate writes none, but reads them.
    #[serde(default, rename = "NotResource", skip_serializing_if = "BTreeSet::is_empty", with = "one_or_many")]
    pub not_resources: BTreeSet<Text>,
    /// When: operator → key → values; all operators and keys must hold, one value of each suffices.
    #[serde(default, rename = "Condition", skip_serializing_if = "BTreeMap::is_empty", with = "conditions")]
    pub conditions: Conditions,
}

/// Operator → condition key → values.
pub type Conditions = BTreeMap<String, BTreeMap<String, BTreeSet<Text>>>;

/// Allow or deny.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// Grants, unless something denies.
    Allow,
    /// Refuses, whatever grants.
    Deny,
}

/// Who a statement of a resource policy is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// Everybody, anonymous callers included.
    Everyone,
    /// Listed by type (`AWS`, `Service`, `Federated`, `CanonicalUser`).
    Listed(BTreeMap<String, BTreeSet<Text>>),
}

impl Policy {
    /// A document of these statements.
    #[must_use]
    pub fn new(statements: Vec<Statement>) -> Self {
        Self { version: Version::V2012, id: None, statements }
    }

    /// A document of that language version, as one that was read may be.
    #[must_use]
    pub const fn with_version(version: Version, id: Option<String>, statements: Vec<Statement>) -> Self {
        Self { version, id, statements }
    }

    /// The version of the policy language.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The statements, in order.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// The statement of that name.
    #[must_use]
    pub fn statement(&self, sid: &str) -> Option<&Statement> {
        self.statements.iter().find(|statement| statement.sid.as_deref() == Some(sid))
    }

    /// The document as AWS takes it: compact JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads AWS's JSON; unknown elements are refused.
    ///
    /// # Errors
    /// What the JSON reader says, with line and column.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

impl Statement {
    /// A statement that grants.
    #[must_use]
    pub fn allow(sid: &str) -> Self {
        Self::new(sid, Effect::Allow)
    }

    /// A statement that refuses.
    #[must_use]
    pub fn deny(sid: &str) -> Self {
        Self::new(sid, Effect::Deny)
    }

    /// The same, for everyone.
    #[must_use]
    pub fn everyone(self) -> Self {
        Self { principal: Some(Principal::Everyone), ..self }
    }

    /// The same, for an AWS service such as `vpc-flow-logs.amazonaws.com`.
    #[must_use]
    pub fn service(self, name: &str) -> Self {
        self.listed("Service", [Value::Known(name.to_owned())])
    }

    /// The same, for these principals' ARNs.
    #[must_use]
    pub fn principals(self, arns: impl IntoIterator<Item = Text>) -> Self {
        self.listed("AWS", arns)
    }

    /// The same, about these actions.
    #[must_use]
    pub fn actions<'a>(mut self, actions: impl IntoIterator<Item = &'a str>) -> Self {
        self.actions.extend(actions.into_iter().map(|action| Value::Known(action.to_owned())));
        self
    }

    /// The same, on these resources.
    #[must_use]
    pub fn resources(mut self, resources: impl IntoIterator<Item = Text>) -> Self {
        self.resources.extend(resources);
        self
    }

    /// The same, when `key` satisfies `operator` for one of the values.
    #[must_use]
    pub fn when(mut self, operator: &str, key: &str, values: impl IntoIterator<Item = Text>) -> Self {
        let keys = self.conditions.entry(operator.to_owned()).or_default();
        keys.entry(key.to_owned()).or_default().extend(values);
        self
    }

    fn new(sid: &str, effect: Effect) -> Self {
        Self { sid: Some(sid.to_owned()), ..Self::unnamed(effect) }
    }

    /// A statement that says nothing yet but its effect.
    #[must_use]
    pub const fn unnamed(effect: Effect) -> Self {
        Self {
            sid: None,
            effect,
            principal: None,
            not_principal: None,
            actions: BTreeSet::new(),
            not_actions: BTreeSet::new(),
            resources: BTreeSet::new(),
            not_resources: BTreeSet::new(),
            conditions: BTreeMap::new(),
        }
    }

    fn listed(mut self, kind: &str, names: impl IntoIterator<Item = Text>) -> Self {
        let mut listed = match self.principal.take() {
            Some(Principal::Listed(listed)) => listed,
            _ => BTreeMap::new(),
        };
        listed.entry(kind.to_owned()).or_default().extend(names);
        Self { principal: Some(Principal::Listed(listed)), ..self }
    }
}

impl Principal {
    /// Those of the types. AWS documents `"*"` and `{"AWS": "*"}` as the same principal, and hands back either.
    #[must_use]
    pub fn listed(types: BTreeMap<String, BTreeSet<Text>>) -> Self {
        let star = BTreeSet::from([text("*")]);
        let everyone = types.len() == 1 && types.get("AWS") == Some(&star);
        if everyone { Self::Everyone } else { Self::Listed(types) }
    }
}

/// A known policy string.
#[must_use]
pub fn text(value: impl Into<String>) -> Text {
    Value::Known(value.into())
}

impl Serialize for Principal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Everyone => serializer.serialize_str("*"),
            Self::Listed(listed) => serializer.collect_map(listed.iter().map(|(kind, names)| (kind, OneOrMany(names)))),
        }
    }
}

impl<'de> Deserialize<'de> for Principal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PrincipalVisitor)
    }
}

struct PrincipalVisitor;

impl<'de> Visitor<'de> for PrincipalVisitor {
    type Value = Principal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`*` or a map of principal types")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Principal, E> {
        match text {
            "*" => Ok(Principal::Everyone),
            _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Principal, A::Error> {
        let mut listed = BTreeMap::new();
        while let Some((kind, Texts(names))) = map.next_entry::<String, Texts>()? {
            listed.insert(kind, names);
        }
        Ok(Principal::listed(listed))
    }
}

/// Written as AWS writes it: a single value bare, several as a list.
struct OneOrMany<'a>(&'a BTreeSet<Text>);

impl Serialize for OneOrMany<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.iter().next() {
            Some(only) if self.0.len() == 1 => only.serialize(serializer),
            _ => serializer.collect_seq(self.0),
        }
    }
}

/// Read in either form; numbers and booleans, which conditions may hold bare, become text.
struct Texts(BTreeSet<Text>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextsVisitor).map(Texts)
    }
}

struct TextsVisitor;

impl TextsVisitor {
    fn one<E: de::Error>(text: &str) -> Result<BTreeSet<Text>, E> {
        let value = Value::deserialize(de::value::StrDeserializer::<E>::new(text))?;
        Ok(BTreeSet::from([value]))
    }
}

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = BTreeSet<Text>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a list of strings")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Self::one(text)
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Self::Value, E> {
        Self::one(&flag.to_string())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        Self::one(&number.to_string())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        Self::one(&number.to_string())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
        Self::one(&number.to_string())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut all = BTreeSet::new();
        while let Some(Texts(some)) = list.next_element::<Texts>()? {
            all.extend(some);
        }
        Ok(all)
    }
}

mod one_or_many {
    use super::{BTreeSet, Deserialize, Deserializer, OneOrMany, Serialize, Serializer, Text, Texts};

    pub(super) fn serialize<S: Serializer>(texts: &BTreeSet<Text>, serializer: S) -> Result<S::Ok, S::Error> {
        OneOrMany(texts).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<Text>, D::Error> {
        Texts::deserialize(deserializer).map(|Texts(texts)| texts)
    }
}

mod conditions {
    use super::{BTreeMap, Conditions, Deserialize, Deserializer, OneOrMany, Serializer, Texts};

    pub(super) fn serialize<S: Serializer>(conditions: &Conditions, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(conditions.iter().map(|(operator, keys)| {
            let keys: BTreeMap<_, _> = keys.iter().map(|(key, values)| (key, OneOrMany(values))).collect();
            (operator, keys)
        }))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Conditions, D::Error> {
        let read = BTreeMap::<String, BTreeMap<String, Texts>>::deserialize(deserializer)?;
        let keys = |keys: BTreeMap<String, Texts>| keys.into_iter().map(|(key, Texts(values))| (key, values)).collect();
        Ok(read.into_iter().map(|(operator, inner)| (operator, keys(inner))).collect())
    }
}

/// AWS takes a single statement in place of a list of one.
fn one_or_many_statements<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Statement>, D::Error> {
    struct Statements;

    impl<'de> Visitor<'de> for Statements {
        type Value = Vec<Statement>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a statement or a list of statements")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
            Vec::deserialize(de::value::SeqAccessDeserializer::new(list))
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            Statement::deserialize(de::value::MapAccessDeserializer::new(map)).map(|only| vec![only])
        }
    }

    deserializer.deserialize_any(Statements)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tls_only() -> Policy {
        let deny = Statement::deny("DenyWithoutTls").everyone().actions(["s3:*"]);
        let deny = deny.resources([text("arn:aws:s3:::b"), text("arn:aws:s3:::b/*")]);
        Policy::new(vec![deny.when("Bool", "aws:SecureTransport", [text("false")])])
    }

    #[test]
    fn a_policy_is_written_as_aws_writes_it() {
        assert_eq!(
            tls_only().to_json(),
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"DenyWithoutTls","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}"#
        );
    }

    #[test]
    fn forms_that_aws_holds_equal_are_equal() {
        let other = r#"{"Version":"2012-10-17","Statement":{"Sid":"DenyWithoutTls","Effect":"Deny","Principal":{"AWS":"*"},
            "Action":["s3:*"],"Resource":["arn:aws:s3:::b/*","arn:aws:s3:::b"],
            "Condition":{"Bool":{"aws:SecureTransport":false}}}}"#;
        assert_eq!(Policy::from_json(other).unwrap(), tls_only());
    }

    #[test]
    fn what_is_written_reads_back_with_its_references() {
        let key = Value::Ref(crate::value::Reference::parse("${key.arn}").unwrap());
        let statement = Statement::allow("Use").actions(["kms:Decrypt"]).resources([key]);
        let policy = Policy::new(vec![statement.service("logs.us-west-2.amazonaws.com")]);
        assert_eq!(Policy::from_json(&policy.to_json()).unwrap(), policy);
    }

    #[test]
    fn unknown_elements_are_refused() {
        let odd = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Actions":"s3:*"}]}"#;
        assert!(Policy::from_json(odd).unwrap_err().to_string().contains("unknown field `Actions`"));
        assert!(Policy::from_json(r#"{"Version":"2020-01-01","Statement":[]}"#).is_err());
    }
}
