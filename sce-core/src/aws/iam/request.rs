//! What is asked: who wants to do what to which resource, and what the request says of itself.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::principal::Principal;

/// A request to AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Who asks.
    pub principal: Principal,
    /// What is asked for, such as `s3:GetObject`.
    pub action: String,
    /// The ARN of the resource. One with `*` or `?` in it asks whether some resource of that pattern may be used.
    pub resource: String,
    /// The account that the resource belongs to; none when nobody says, and then the caller's own.
    pub resource_account: Option<String>,
    /// What the request says of itself.
    pub context: Context,
}

/// What a request says of itself: condition keys, whatever their case, and their values.
///
/// A key is absent, or has one value, or many. A key with an empty list is as good as absent (IAM guide, "Multivalued context keys").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context(BTreeMap<String, Vec<String>>);

/// A key is there twice.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the context has `{0}` twice")]
pub struct DuplicateKey(String);

/// What a request says of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lookup<'a> {
    /// Nothing.
    Absent,
    /// Not settled: see [`View::open`].
    Open,
    /// These values, at least one.
    Values(&'a [String]),
}

/// A request as conditions see it: its context, and what AWS adds to every signed request.
#[derive(Debug)]
pub(super) struct View<'a> {
    request: &'a Request,
    arn: Option<[String; 1]>,
    account: Option<[String; 1]>,
    is_service: Option<[String; 1]>,
    open: Option<&'a BTreeSet<String>>,
}

impl Request {
    /// A request that says nothing of itself.
    #[must_use]
    pub fn new(principal: Principal, action: &str, resource: &str) -> Self {
        let (action, resource) = (action.to_owned(), resource.to_owned());
        Self { principal, action, resource, resource_account: None, context: Context::default() }
    }

    /// The same, on a resource of that account.
    #[must_use]
    pub fn in_account(self, account: &str) -> Self {
        Self { resource_account: Some(account.to_owned()), ..self }
    }

    /// The same, saying that of itself, in place of anything it said of that key.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.context.set(key, [value.to_owned()]);
        self
    }

    /// The account that owns the resource: the one named, else the one in its ARN, else the caller's own.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        let in_arn = || self.resource.split(':').nth(4).filter(|account| !account.is_empty());
        let named = self.resource_account.as_deref().or_else(in_arn);
        named.filter(|account| !account.contains(['*', '?'])).or_else(|| self.principal.account())
    }

    /// Whether the resource is a pattern.
    #[must_use]
    pub fn is_pattern(&self) -> bool {
        self.resource.contains(['*', '?'])
    }
}

impl Context {
    /// A context of these keys and values.
    ///
    /// # Errors
    /// When a key is there twice, in whatever case.
    pub fn new(entries: impl IntoIterator<Item = (String, Vec<String>)>) -> Result<Self, DuplicateKey> {
        let mut keys = BTreeMap::new();
        for (key, values) in entries {
            if keys.insert(key.to_lowercase(), values).is_some() {
                return Err(DuplicateKey(key));
            }
        }
        Ok(Self(keys))
    }

    /// Says these values of the key, in place of any before.
    pub fn set(&mut self, key: &str, values: impl IntoIterator<Item = String>) {
        self.0.insert(key.to_lowercase(), values.into_iter().collect());
    }

    /// Says nothing of the key any more.
    pub fn remove(&mut self, key: &str) {
        self.0.remove(&key.to_lowercase());
    }

    /// What it says of a key; nothing when the key is absent.
    #[must_use]
    pub fn values(&self, key: &str) -> &[String] {
        self.0.get(&key.to_lowercase()).map_or(&[], Vec::as_slice)
    }

    /// Its keys, in lower case, and their values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0.iter().map(|(key, values)| (key.as_str(), values.as_slice()))
    }
}

impl DuplicateKey {
    /// The key, as it was written the second time.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.0
    }
}

impl<'a> View<'a> {
    pub(super) fn new(request: &'a Request) -> Self {
        let principal = &request.principal;
        let signed = !matches!(principal, Principal::Anonymous);
        let is_service = matches!(principal, Principal::Service(_));
        Self {
            request,
            arn: principal.role_or_user_arn().map(|arn| [arn]),
            account: principal.account().map(|account| [account.to_owned()]),
            is_service: signed.then(|| [is_service.to_string()]),
            open: None,
        }
    }

    /// The same with these keys, in lower case, not settled.
    pub(super) fn with_open(self, open: &'a BTreeSet<String>) -> Self {
        Self { open: Some(open), ..self }
    }

    pub(super) fn principal(&self) -> &'a Principal {
        &self.request.principal
    }

    pub(super) fn request(&self) -> &'a Request {
        self.request
    }

    /// What the request says of a key, given in lower case.
    pub(super) fn lookup(&self, key: &str) -> Lookup<'_> {
        if let Some(values) = self.request.context.0.get(key) {
            return if values.is_empty() { Lookup::Absent } else { Lookup::Values(values) };
        }
        if self.open.is_some_and(|open| open.contains(key)) {
            return Lookup::Open;
        }
        let added = match key {
            "aws:principalarn" => &self.arn,
            "aws:principalaccount" => &self.account,
            "aws:principalisawsservice" => &self.is_service,
            _ => &None,
        };
        added.as_ref().map_or(Lookup::Absent, |value| Lookup::Values(value))
    }
}
