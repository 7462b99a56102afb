//! Requests with their policies, one JSON object a line, as `sce authorize` takes them.

use std::sync::Arc;

use thiserror::Error;

use super::atoms::TooWild;
use super::document::{Attachment, Document, policy};
use super::evaluate::{Decision, Policies, evaluate, evaluate_some};
use super::json::{Fault, Invalid, Json, Path};
use super::keys;
use super::pattern::Pattern;
use super::principal::Principal;
use super::request::{Context, Request};

/// Why a line has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AuthorizeError {
    /// It is no request.
    #[error("this is no request to decide")]
    Invalid {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong, and where.
        #[source]
        source: Invalid,
    },
    /// Its policies are too wild for the pattern it asks about.
    #[error("the pattern `{resource}` cannot be decided")]
    TooWild {
        /// The line, counted from 1.
        line: usize,
        /// The pattern.
        resource: String,
        /// Why not.
        #[source]
        source: TooWild,
    },
}

impl AuthorizeError {
    /// The line, counted from 1.
    #[must_use]
    pub const fn line(&self) -> usize {
        match self {
            Self::Invalid { line, .. } | Self::TooWild { line, .. } => *line,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Invalid { source, .. } => source.help(),
            Self::TooWild { .. } => Some("ask about a resource without `*` and `?`".to_owned()),
        }
    }
}

/// Decides the request on a line, counted from 1; an empty line asks nothing. A request whose resource has `*` or `?` in it asks
/// whether some resource of that pattern is allowed.
///
/// # Errors
/// When it is no request, with what is wrong in it.
pub fn authorize(line: usize, text: &str) -> Result<Option<Decision>, AuthorizeError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let (request, policies) = read_request(text).map_err(|source| AuthorizeError::Invalid { line, source })?;
    if !request.is_pattern() {
        return Ok(Some(evaluate(&request, &policies)));
    }
    evaluate_some(&request, &policies).map(Some).map_err(|source| {
        let resource = request.resource.clone();
        AuthorizeError::TooWild { line, resource, source }
    })
}

/// Reads one request and the policies that it meets.
///
/// # Errors
/// What is wrong, and where.
pub fn read_request(text: &str) -> Result<(Request, Policies), Invalid> {
    let root = Path::default();
    let json = Json::read(text)?;
    let known = ["principal", "action", "resource", "resource_account", "context", "policies"];
    let fields = json.fields("field", &known, &root)?;
    let field = |name: &str| fields.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let needed = |name: &'static str, told: &'static str| {
        field(name).ok_or_else(|| Invalid::new(&root, Fault::Missing(told))).map(|value| (value, root.field(name)))
    };
    let (principal, path) = needed("principal", "`principal`")?;
    let principal = self::principal(principal, &path)?;
    let (action, path) = needed("action", "`action`")?;
    let action = self::action(action, &path)?;
    let (resource, path) = needed("resource", "`resource`")?;
    let resource = self::resource(resource, &path)?;
    let resource_account = match field("resource_account") {
        None | Some(Json::Null) => None,
        Some(json) => Some(account(json, &root.field("resource_account"))?),
    };
    let said = match field("context") {
        None | Some(Json::Null) => Context::default(),
        Some(json) => context(json, &root.field("context"))?,
    };
    let in_force = match field("policies") {
        None | Some(Json::Null) => Policies::default(),
        Some(json) => policies(json, &root.field("policies"))?,
    };
    Ok((Request { principal, action, resource, resource_account, context: said }, in_force))
}

fn principal(json: &Json, path: &Path) -> Result<Principal, Invalid> {
    let fields = json.fields("field", &["type", "name", "arn"], path)?;
    let text = |name: &'static str, missing: &'static str| {
        let value = fields.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        let value = value.ok_or_else(|| Invalid::new(path, Fault::Missing(missing)))?;
        value.text("a text", &path.field(name)).map(|text| (text, path.field(name)))
    };
    let unwanted = |name: &'static str, what: &'static str, place: &'static str| {
        let there = fields.iter().any(|(key, _)| *key == name);
        if there { Err(Invalid::new(path, Fault::Misplaced { what, place })) } else { Ok(()) }
    };
    let (kind, at) = text("type", "`type`")?;
    match kind {
        "anonymous" => {
            unwanted("arn", "`arn`", "an anonymous principal")?;
            unwanted("name", "`name`", "an anonymous principal")?;
            Ok(Principal::Anonymous)
        }
        "service" => {
            unwanted("arn", "`arn`", "a service")?;
            let (name, at) = text("name", "`name`")?;
            let expected = "a service such as `logging.s3.amazonaws.com`";
            let bad = || Invalid::new(&at, Fault::Value { found: name.to_owned(), expected });
            let legal = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
            if name.is_empty() || !name.chars().all(legal) {
                Err(bad())
            } else {
                Ok(Principal::Service(name.to_owned()))
            }
        }
        "aws" => {
            unwanted("name", "`name`", "an AWS principal")?;
            let (arn, at) = text("arn", "`arn`")?;
            let expected = "the ARN of a user, a role, a session of a role or the root of an account";
            let bad = |_| Invalid::new(&at, Fault::Value { found: arn.to_owned(), expected });
            Principal::from_arn(arn).map_err(bad)
        }
        other => {
            let known = ["anonymous", "service", "aws"].map(str::to_owned).into();
            Err(Invalid::new(&at, Fault::Unknown { what: "type of principal", found: other.to_owned(), known }))
        }
    }
}

fn action(json: &Json, path: &Path) -> Result<String, Invalid> {
    let expected = "one action such as `s3:GetObject`";
    let text = bounded(json, expected, path)?;
    let odd = text.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '*' | '?'));
    let named = text.split_once(':').is_some_and(|(service, action)| !service.is_empty() && !action.is_empty());
    if odd || !named {
        return Err(Invalid::new(path, Fault::Value { found: text.to_owned(), expected }));
    }
    Ok(text.to_owned())
}

fn resource(json: &Json, path: &Path) -> Result<String, Invalid> {
    let expected = "an ARN such as `arn:aws:s3:::bucket/key`, a pattern of ARNs, or `*`";
    let text = bounded(json, expected, path)?;
    if text != "*" && !text.starts_with("arn:") {
        return Err(Invalid::new(path, Fault::Value { found: text.to_owned(), expected }));
    }
    Ok(text.to_owned())
}

fn account(json: &Json, path: &Path) -> Result<String, Invalid> {
    let expected = "an account's twelve digits";
    let text = json.text(expected, path)?;
    if text.len() != 12 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Invalid::new(path, Fault::Value { found: text.to_owned(), expected }));
    }
    Ok(text.to_owned())
}

fn context(json: &Json, path: &Path) -> Result<Context, Invalid> {
    let mut entries = Vec::new();
    for (key, value) in json.entries("an object of condition keys", path)? {
        let path = path.field(key);
        let expected = "a text, a number, a boolean, or a list of them";
        let one = |json: &Json, path: &Path| {
            let value = match json {
                Json::Text(_) => bounded(json, expected, path)?.to_owned(),
                Json::Number(number) => number.clone(),
                Json::Flag(flag) => flag.to_string(),
                other => return Err(other.not(expected, path)),
            };
            keys::possible(key, &value, path)?;
            Ok(value)
        };
        match value {
            Json::Null => {}
            Json::List(items) => {
                let values = items.iter().enumerate().map(|(index, item)| one(item, &path.item(index)));
                entries.push((key.clone(), values.collect::<Result<_, _>>()?));
            }
            only => entries.push((key.clone(), vec![one(only, &path)?])),
        }
    }
    Context::new(entries).map_err(|error| Invalid::new(path, Fault::Duplicate(error.key().to_owned())))
}

/// A text no longer than what patterns are held against.
fn bounded<'a>(json: &'a Json, expected: &'static str, path: &Path) -> Result<&'a str, Invalid> {
    let text = json.text(expected, path)?;
    let (bytes, limit) = (text.len(), Pattern::MAX_BYTES);
    if bytes > limit { Err(Invalid::new(path, Fault::TooLong { bytes, limit })) } else { Ok(text) }
}

fn policies(json: &Json, path: &Path) -> Result<Policies, Invalid> {
    let known = ["identity", "resource", "boundary", "session", "scp", "rcp", "endpoint"];
    let mut policies = Policies::default();
    for (key, value) in json.fields("kind of policy", &known, path)? {
        let path = path.field(key);
        match (key, value) {
            (_, Json::Null) => {}
            ("resource", _) => policies.resource = Some(document(value, Attachment::Resource, &path)?),
            ("identity", _) => policies.identity = documents(value, Attachment::Identity, &path)?,
            ("boundary", _) => policies.boundary = documents(value, Attachment::Identity, &path)?,
            ("session", _) => policies.session = documents(value, Attachment::Identity, &path)?,
            ("endpoint", _) => policies.endpoint = documents(value, Attachment::Endpoint, &path)?,
            ("scp", _) => policies.scp = levels(value, Attachment::Identity, &path)?,
            _ => policies.rcp = levels(value, Attachment::ResourceControl, &path)?,
        }
    }
    Ok(policies)
}

fn levels(json: &Json, attachment: Attachment, path: &Path) -> Result<Vec<Vec<Arc<Document>>>, Invalid> {
    let Json::List(levels) = json else { return Err(json.not("a list of levels, each a list of documents", path)) };
    levels.iter().enumerate().map(|(index, level)| documents(level, attachment, &path.item(index))).collect()
}

fn documents(json: &Json, attachment: Attachment, path: &Path) -> Result<Vec<Arc<Document>>, Invalid> {
    let Json::List(items) = json else { return Err(json.not("a list of documents", path)) };
    items.iter().enumerate().map(|(index, item)| document(item, attachment, &path.item(index))).collect()
}

fn document(json: &Json, attachment: Attachment, path: &Path) -> Result<Arc<Document>, Invalid> {
    let read = policy(json).and_then(|policy| Document::of(&policy, attachment));
    read.map(Arc::new).map_err(|error| error.within(path))
}
