//! Policy documents: read strictly, and made ready to be evaluated.
//!
//! Source: AWS IAM guide, "IAM JSON policy elements reference" and "Grammar of the IAM JSON policy language".

use std::collections::BTreeSet;
use std::fmt;

use serde::{Serialize, Serializer};

use super::condition::{BadValue, Operator, Test};
use super::json::{Fault, Invalid, Json, Path};
use super::pattern::{BadPattern, Pattern, Reading, Token, glob, tokens};
use super::principal::{Grantee, Named, Principal, excepted, grantee};
use super::request::View;
use super::tri::Tri;
use crate::aws::policy::{self, Effect, Policy, Statement, Text, Version};
use crate::value::{Reference, Value};

/// What a policy is attached to, which decides which elements it must and may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attachment {
    /// To an identity, or over one: an identity policy, a boundary, a session policy, a service control policy. It names no principal.
    Identity,
    /// To a resource, such as a bucket, a key or a queue. It names principals.
    Resource,
    /// To a role, saying who may take it on: principals, and no resource but the role.
    Trust,
    /// To a VPC endpoint.
    Endpoint,
    /// To an organisation's resources: a resource control policy, which names everyone.
    ResourceControl,
}

/// A policy document, ready to be evaluated.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    pub(super) statements: Vec<Rule>,
    names_principals: bool,
}

/// One statement, ready to be evaluated.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rule {
    pub(super) name: StatementName,
    pub(super) effect: Effect,
    /// None in a policy that names no principals.
    pub(super) who: Option<Who>,
    pub(super) actions: Listed<Vec<Token>>,
    /// None where the policy's own resource is meant.
    pub(super) resources: Option<Listed<Pattern>>,
    pub(super) tests: Vec<Test>,
}

/// What decides a statement: its `Sid`, else its place in the document, counted from 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StatementName {
    /// The `Sid`.
    Sid(String),
    /// The place.
    Index(usize),
}

/// What an element lists, or lists as exceptions.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Listed<T> {
    These(Vec<T>),
    AllBut(Vec<T>),
}

/// `Principal` or `NotPrincipal`.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Who {
    These(Vec<Named>),
    AllBut(Vec<Named>),
}

/// What is put in place of a reference to what AWS will tell; none leaves it a word of its own, equal to itself alone.
pub type Symbols<'a> = &'a dyn Fn(&Reference) -> Option<String>;

impl Document {
    /// Longer than any document that AWS takes: a key's policy may have 32 KiB, a bucket's 20 KB.
    pub const MAX_BYTES: usize = 256 * 1024;

    /// Reads AWS's JSON strictly: what AWS would refuse is refused, with its place and the nearest valid word.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn read(text: &str, attachment: Attachment) -> Result<Self, Invalid> {
        Self::of(&read(text)?, attachment)
    }

    /// A policy made ready to be evaluated.
    ///
    /// # Errors
    /// What AWS would refuse in it, and where.
    pub fn of(policy: &Policy, attachment: Attachment) -> Result<Self, Invalid> {
        Self::with_symbols(policy, attachment, &|_| None)
    }

    /// The same, with what stands for each reference.
    ///
    /// # Errors
    /// What AWS would refuse in it, and where.
    pub fn with_symbols(policy: &Policy, attachment: Attachment, symbols: Symbols<'_>) -> Result<Self, Invalid> {
        let variables = policy.version() == Version::V2012;
        let compiler = Compiler { attachment, variables, symbols };
        let rules = policy.statements().iter().enumerate();
        let statements = rules
            .map(|(index, statement)| compiler.rule(index, statement, &Path::default().field("Statement").item(index)));
        let statements = statements.collect::<Result<Vec<_>, _>>()?;
        let mut sids = BTreeSet::new();
        let repeated =
            statements.iter().find(|rule| matches!(rule.name, StatementName::Sid(_)) && !sids.insert(&rule.name));
        if let (Some(rule), Attachment::Identity) = (repeated, attachment) {
            let fault = Fault::Duplicate(rule.name.to_string());
            return Err(Invalid::new(&Path::default().field("Statement"), fault));
        }
        Ok(Self { statements, names_principals: attachment != Attachment::Identity })
    }

    /// A document that says nothing.
    #[must_use]
    pub const fn empty(attachment: Attachment) -> Self {
        Self { statements: Vec::new(), names_principals: !matches!(attachment, Attachment::Identity) }
    }

    /// The condition keys it asks for, variables included, in lower case.
    #[must_use]
    pub fn keys(&self) -> BTreeSet<&str> {
        let tests = self.statements.iter().flat_map(|rule| rule.tests.iter().flat_map(Test::keys));
        tests.chain(self.resource_patterns().flat_map(Pattern::variables)).collect()
    }

    /// The resources that it names or excepts.
    pub(super) fn resource_patterns(&self) -> impl Iterator<Item = &Pattern> {
        self.statements.iter().flat_map(Rule::resource_patterns)
    }

    /// Whether its statements name principals.
    #[must_use]
    pub const fn names_principals(&self) -> bool {
        self.names_principals
    }
}

/// Reads a policy strictly, into the type that plans are written in.
///
/// # Errors
/// What is wrong, and where: unknown and repeated elements, wrong types, a version or an effect that does not exist.
pub fn read(text: &str) -> Result<Policy, Invalid> {
    policy(&Json::read(text)?)
}

const ELEMENTS: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// Reads a policy from JSON that is read already.
pub(super) fn policy(json: &Json) -> Result<Policy, Invalid> {
    let root = Path::default();
    let (bytes, limit) = (json.bytes(), Document::MAX_BYTES);
    if bytes > limit {
        return Err(Invalid::new(&root, Fault::TooLong { bytes, limit }));
    }
    let (mut version, mut id, mut statements) = (Version::V2008, None, None);
    for (key, value) in json.fields("element", &["Version", "Id", "Statement"], &root)? {
        let path = root.field(key);
        match key {
            "Version" => version = self::version(value, &path)?,
            "Id" => id = Some(value.text("a text", &path)?.to_owned()),
            _ => statements = Some(self::statements(value, &path)?),
        }
    }
    let statements = statements.ok_or_else(|| Invalid::new(&root, Fault::Missing("`Statement`")))?;
    Ok(Policy::with_version(version, id, statements))
}

fn version(json: &Json, path: &Path) -> Result<Version, Invalid> {
    let known = ["2012-10-17", "2008-10-17"];
    match json.text("`2012-10-17` or `2008-10-17`", path)? {
        "2012-10-17" => Ok(Version::V2012),
        "2008-10-17" => Ok(Version::V2008),
        other => Err(unknown("version", other, known, path)),
    }
}

fn unknown(what: &'static str, found: &str, known: impl IntoIterator<Item = impl ToString>, path: &Path) -> Invalid {
    let known = known.into_iter().map(|word| word.to_string()).collect();
    Invalid::new(path, Fault::Unknown { what, found: found.to_owned(), known })
}

fn statements(json: &Json, path: &Path) -> Result<Vec<Statement>, Invalid> {
    match json {
        Json::List(items) => items.iter().enumerate().map(|(index, item)| statement(item, &path.item(index))).collect(),
        Json::Object(_) => Ok(vec![statement(json, path)?]),
        other => Err(other.not("a statement or a list of statements", path)),
    }
}

fn statement(json: &Json, path: &Path) -> Result<Statement, Invalid> {
    let mut effect = None;
    let mut statement = Statement::unnamed(Effect::Allow);
    for (key, value) in json.fields("element", &ELEMENTS, path)? {
        let path = path.field(key);
        match key {
            "Sid" => statement.sid = Some(value.text("a text", &path)?.to_owned()),
            "Effect" => effect = Some(self::effect(value, &path)?),
            "Principal" => statement.principal = Some(principal(value, &path)?),
            "NotPrincipal" => statement.not_principal = Some(principal(value, &path)?),
            "Action" => statement.actions = some_texts(value, &path)?,
            "NotAction" => statement.not_actions = some_texts(value, &path)?,
            "Resource" => statement.resources = some_texts(value, &path)?,
            "NotResource" => statement.not_resources = some_texts(value, &path)?,
            _ => statement.conditions = conditions(value, &path)?,
        }
    }
    statement.effect = effect.ok_or_else(|| Invalid::new(path, Fault::Missing("`Effect`")))?;
    Ok(statement)
}

fn effect(json: &Json, path: &Path) -> Result<Effect, Invalid> {
    match json.text("`Allow` or `Deny`", path)? {
        "Allow" => Ok(Effect::Allow),
        "Deny" => Ok(Effect::Deny),
        other => Err(unknown("effect", other, ["Allow", "Deny"], path)),
    }
}

fn principal(json: &Json, path: &Path) -> Result<policy::Principal, Invalid> {
    let expected = "`*` or an object such as `{\"AWS\": \"111122223333\"}`";
    match json {
        Json::Text(text) if text == "*" => Ok(policy::Principal::Everyone),
        Json::Text(text) => Err(Invalid::new(path, Fault::Value { found: text.clone(), expected })),
        _ => {
            json.entries(expected, path)?;
            let known = ["AWS", "Service", "Federated", "CanonicalUser"];
            let fields = json.fields("type of principal", &known, path)?;
            let kinds = fields
                .into_iter()
                .map(|(kind, value)| some_texts(value, &path.field(kind)).map(|names| (kind.to_owned(), names)));
            Ok(policy::Principal::listed(kinds.collect::<Result<_, _>>()?))
        }
    }
}

fn conditions(json: &Json, path: &Path) -> Result<policy::Conditions, Invalid> {
    let mut conditions = policy::Conditions::new();
    for (operator, keys) in json.entries("an object of operators", path)? {
        let path = path.field(operator);
        let mut tests = std::collections::BTreeMap::new();
        for (key, values) in keys.entries("an object of condition keys", &path)? {
            tests.insert(key.clone(), texts(values, &path.field(key), true)?);
        }
        conditions.insert(operator.clone(), tests);
    }
    Ok(conditions)
}

/// At least one text.
fn some_texts(json: &Json, path: &Path) -> Result<BTreeSet<Text>, Invalid> {
    let texts = texts(json, path, false)?;
    if texts.is_empty() { Err(json.not("at least one text", path)) } else { Ok(texts) }
}

/// A text or a list of texts; in a condition numbers and booleans may stand bare.
fn texts(json: &Json, path: &Path, bare: bool) -> Result<BTreeSet<Text>, Invalid> {
    let one = |json: &Json, path: &Path| match json {
        Json::Text(text) => Ok(read_text(text)),
        Json::Number(number) if bare => Ok(policy::text(number)),
        Json::Flag(flag) if bare => Ok(policy::text(flag.to_string())),
        other => Err(other.not("a text or a list of texts", path)),
    };
    match json {
        Json::List(items) => items.iter().enumerate().map(|(index, item)| one(item, &path.item(index))).collect(),
        only => Ok(BTreeSet::from([one(only, path)?])),
    }
}

fn read_text(text: &str) -> Text {
    Reference::parse(text).map_or_else(|| policy::text(text), Value::Ref)
}

struct Compiler<'a> {
    attachment: Attachment,
    variables: bool,
    symbols: Symbols<'a>,
}

impl Compiler<'_> {
    fn rule(&self, index: usize, statement: &Statement, path: &Path) -> Result<Rule, Invalid> {
        let name = statement.sid.clone().filter(|sid| !sid.is_empty());
        let actions = self.actions(statement, path)?;
        Ok(Rule {
            name: name.map_or(StatementName::Index(index), StatementName::Sid),
            effect: statement.effect,
            who: self.who(statement, path)?,
            actions,
            resources: self.resources(statement, path)?,
            tests: self.tests(statement, &path.field("Condition"))?,
        })
    }

    fn text(&self, text: &Text) -> String {
        match text {
            Value::Known(known) => known.clone(),
            Value::Ref(reference) => (self.symbols)(reference).unwrap_or_else(|| reference.to_string()),
        }
    }

    fn who(&self, statement: &Statement, path: &Path) -> Result<Option<Who>, Invalid> {
        let misplaced = |what, place| Err(Invalid::new(path, Fault::Misplaced { what, place }));
        match (&statement.principal, &statement.not_principal, self.attachment) {
            (None, None, Attachment::Identity) => Ok(None),
            (Some(_), _, Attachment::Identity) => misplaced("`Principal`", "a policy of an identity"),
            (_, Some(_), Attachment::Identity) => misplaced("`NotPrincipal`", "a policy of an identity"),
            (Some(_), Some(_), _) => Err(Invalid::new(path, Fault::Both("Principal", "NotPrincipal"))),
            (_, Some(_), Attachment::ResourceControl) => misplaced("`NotPrincipal`", "a resource control policy"),
            (None, None, _) => Err(Invalid::new(path, Fault::Missing("`Principal`"))),
            (Some(policy::Principal::Listed(_)), None, Attachment::ResourceControl) => {
                misplaced("a principal other than `*`", "a resource control policy")
            }
            (Some(these), None, _) => self.named(these, &path.field("Principal")).map(|named| Some(Who::These(named))),
            (None, Some(others), _) => {
                self.named(others, &path.field("NotPrincipal")).map(|named| Some(Who::AllBut(named)))
            }
        }
    }

    fn named(&self, principal: &policy::Principal, path: &Path) -> Result<Vec<Named>, Invalid> {
        let policy::Principal::Listed(kinds) = principal else { return Ok(vec![Named::Everyone]) };
        let mut named = Vec::new();
        for (kind, names) in kinds {
            let path = path.field(kind);
            for name in names {
                named.push(match kind.as_str() {
                    "AWS" => aws_principal(&self.text(name), name, &path)?,
                    "Service" => service(&self.text(name), &path)?,
                    _ => Named::Nobody,
                });
            }
        }
        if named.is_empty() {
            return Err(Invalid::new(path, Fault::Missing("a principal")));
        }
        Ok(named)
    }

    fn actions(&self, statement: &Statement, path: &Path) -> Result<Listed<Vec<Token>>, Invalid> {
        let read = |actions: &BTreeSet<Text>, path: Path| -> Result<Vec<Vec<Token>>, Invalid> {
            actions.iter().map(|action| self.action(&self.text(action), &path)).collect()
        };
        match (statement.actions.is_empty(), statement.not_actions.is_empty()) {
            (false, false) => Err(Invalid::new(path, Fault::Both("Action", "NotAction"))),
            (true, true) => Err(Invalid::new(path, Fault::Missing("`Action`"))),
            (false, true) => read(&statement.actions, path.field("Action")).map(Listed::These),
            (true, false) => read(&statement.not_actions, path.field("NotAction")).map(Listed::AllBut),
        }
    }

    fn action(&self, text: &str, path: &Path) -> Result<Vec<Token>, Invalid> {
        let expected = "`*`, or a service and its action such as `s3:GetObject`";
        let named = text.split_once(':').is_some_and(|(service, action)| !service.is_empty() && !action.is_empty());
        let everything = !text.is_empty() && text.bytes().all(|byte| byte == b'*');
        let odd = text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '$');
        if text.len() > Pattern::MAX_BYTES || odd || !(named || everything) {
            return Err(Invalid::new(path, Fault::Value { found: shown(text), expected }));
        }
        Ok(tokens(&text.to_lowercase()))
    }

    fn resources(&self, statement: &Statement, path: &Path) -> Result<Option<Listed<Pattern>>, Invalid> {
        let read = |resources: &BTreeSet<Text>, path: Path| -> Result<Vec<Pattern>, Invalid> {
            resources.iter().map(|resource| self.resource(&self.text(resource), &path)).collect()
        };
        let optional = matches!(self.attachment, Attachment::Resource | Attachment::Trust);
        match (statement.resources.is_empty(), statement.not_resources.is_empty()) {
            (false, false) => Err(Invalid::new(path, Fault::Both("Resource", "NotResource"))),
            (true, true) if optional => Ok(None),
            (true, true) => Err(Invalid::new(path, Fault::Missing("`Resource`"))),
            _ if self.attachment == Attachment::Trust => {
                Err(Invalid::new(path, Fault::Misplaced { what: "`Resource`", place: "a trust policy" }))
            }
            (false, true) => read(&statement.resources, path.field("Resource")).map(|all| Some(Listed::These(all))),
            (true, false) => {
                read(&statement.not_resources, path.field("NotResource")).map(|all| Some(Listed::AllBut(all)))
            }
        }
    }

    fn resource(&self, text: &str, path: &Path) -> Result<Pattern, Invalid> {
        let expected = "`*` or an ARN such as `arn:aws:s3:::bucket/*`";
        let everything = !text.is_empty() && text.bytes().all(|byte| byte == b'*');
        if !(everything || text.starts_with("arn:") || text.starts_with("${")) {
            return Err(Invalid::new(path, Fault::Value { found: shown(text), expected }));
        }
        let reading = Reading { wild: true, variables: self.variables, parts: true };
        Pattern::read(text, reading).map_err(|bad| bad_pattern(text, bad, path))
    }

    fn tests(&self, statement: &Statement, path: &Path) -> Result<Vec<Test>, Invalid> {
        let mut tests = Vec::new();
        for (word, keys) in &statement.conditions {
            let place = path.field(word);
            let operator = Operator::read(word).ok_or_else(|| unknown("operator", word, Operator::words(), &place))?;
            for (key, values) in keys {
                let place = place.field(key);
                if !key.contains(':') || key.contains(char::is_control) {
                    let expected = "a condition key such as `aws:SourceIp`";
                    return Err(Invalid::new(&place, Fault::Value { found: shown(key), expected }));
                }
                let values: Vec<String> = values.iter().map(|value| self.text(value)).collect();
                let test = Test::read(operator, key, values.iter().map(String::as_str), self.variables);
                tests.push(test.map_err(|(text, bad)| match bad {
                    BadValue::Expected(expected) => {
                        Invalid::new(&place, Fault::Value { found: shown(&text), expected })
                    }
                    BadValue::Pattern(bad) => bad_pattern(&text, bad, &place),
                })?);
            }
        }
        Ok(tests)
    }
}

fn aws_principal(text: &str, written: &Text, path: &Path) -> Result<Named, Invalid> {
    if text == "*" {
        return Ok(Named::Everyone);
    }
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Named::Account(text.to_owned()));
    }
    // A deleted principal shows as its unique id (IAM guide, "Unique identifiers").
    if text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
        return Ok(Named::Nobody);
    }
    if matches!(written, Value::Ref(_)) && text.starts_with("${") {
        return Ok(Named::Arn(text.to_owned()));
    }
    match Principal::from_arn(text) {
        Ok(Principal::Root(arn)) => Ok(Named::Account(arn.account().to_owned())),
        Ok(_) => Ok(Named::Arn(text.to_owned())),
        Err(_) => {
            let expected = "`*`, an account's number, or the ARN of a user, role or session without wildcards";
            Err(Invalid::new(path, Fault::Value { found: shown(text), expected }))
        }
    }
}

fn service(text: &str, path: &Path) -> Result<Named, Invalid> {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    if text.is_empty() || !text.chars().all(legal) {
        let expected = "a service such as `logging.s3.amazonaws.com`";
        return Err(Invalid::new(path, Fault::Value { found: shown(text), expected }));
    }
    Ok(Named::Service(text.to_owned()))
}

fn bad_pattern(text: &str, bad: BadPattern, path: &Path) -> Invalid {
    let expected = match bad {
        BadPattern::Unclosed => "`}` after `${`",
        BadPattern::Nameless => "a key between `${` and `}`",
        BadPattern::Default => "a default in single quotes, as in `${aws:PrincipalTag/team,'none'}`",
        BadPattern::Long => "4,096 bytes at most",
    };
    Invalid::new(path, Fault::Value { found: shown(text), expected })
}

/// The user's words, as many as a line takes.
fn shown(text: &str) -> String {
    const MOST: usize = 120;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    let start: String = text.chars().take(MOST).collect();
    format!("{start}…")
}

impl<T> Listed<T> {
    /// What is listed, or excepted.
    pub(super) fn items(&self) -> &[T] {
        match self {
            Self::These(items) | Self::AllBut(items) => items,
        }
    }
}

impl Rule {
    /// How far the statement applies to the request of whom it is about.
    pub(super) fn applies(&self, view: &View<'_>, action: &str) -> Tri {
        if !self.covers_action(action) {
            return Tri::No;
        }
        let resource = self.covers_resource(&view.request().resource, view);
        if resource == Tri::No {
            return Tri::No;
        }
        resource.and(Tri::all(self.tests.iter().map(|test| test.holds(view, self.effect))))
    }

    /// How it names the principal; `bounded` says whether that one has a permissions boundary.
    ///
    /// A denial to all but some reaches every principal that has a boundary, whoever is listed (IAM guide, "NotPrincipal").
    pub(super) fn grantee(&self, principal: &Principal, bounded: bool) -> Option<Grantee> {
        match &self.who {
            None => Some(Grantee::Directly),
            Some(Who::These(listed)) => grantee(listed, principal),
            Some(Who::AllBut(listed)) => {
                let spared = match self.effect {
                    Effect::Allow => grantee(listed, principal).is_some(),
                    Effect::Deny => !bounded && excepted(listed, principal),
                };
                (!spared).then_some(Grantee::Directly)
            }
        }
    }

    /// The resources that it names or excepts.
    pub(super) fn resource_patterns(&self) -> impl Iterator<Item = &Pattern> {
        self.resources.iter().flat_map(Listed::items)
    }

    /// Whether it is about this action, given in lower case.
    pub(super) fn covers_action(&self, action: &str) -> bool {
        let listed = |actions: &[Vec<Token>]| actions.iter().any(|tokens| glob(tokens, action.as_bytes()));
        match &self.actions {
            Listed::These(actions) => listed(actions),
            Listed::AllBut(actions) => !listed(actions),
        }
    }

    /// Whether it can be about a resource that begins so.
    pub(super) fn may_cover(&self, beginning: &str) -> bool {
        match &self.resources {
            Some(Listed::These(patterns)) => patterns.iter().any(|pattern| pattern.may_begin_with(beginning)),
            Some(Listed::AllBut(_)) | None => true,
        }
    }

    fn covers_resource(&self, resource: &str, view: &View<'_>) -> Tri {
        let listed = |patterns: &[Pattern]| Tri::any(patterns.iter().map(|pattern| pattern.matches(resource, view)));
        match &self.resources {
            None => Tri::Yes,
            Some(Listed::These(patterns)) => listed(patterns),
            Some(Listed::AllBut(patterns)) => !listed(patterns),
        }
    }
}

impl fmt::Display for StatementName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sid(sid) => f.write_str(sid),
            Self::Index(index) => write!(f, "{index}"),
        }
    }
}

impl Serialize for StatementName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Sid(sid) => serializer.serialize_str(sid),
            Self::Index(index) => serializer.serialize_u64(*index as u64),
        }
    }
}
