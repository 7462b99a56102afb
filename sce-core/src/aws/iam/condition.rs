//! Conditions: what a request must say of itself for a statement to apply.
//!
//! Source: AWS IAM guide, "IAM JSON policy elements: Condition operators" and "Multivalued context keys".

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;

use super::pattern::{BadPattern, Pattern, Reading};
use super::quantity::{self, Decimal};
use super::request::{Lookup, View};
use super::tri::Tri;
use crate::aws::policy::Effect;
use crate::value::Reference;

/// One line of a `Condition`: an operator, a key, and the values of which one must match.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Test {
    operator: Operator,
    /// In lower case.
    key: String,
    values: Values,
}

/// An operator with its prefix and suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operator {
    base: Base,
    set: Option<Set>,
    if_exists: bool,
}

/// How several values of a key are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Set {
    /// Every value must match; true of none.
    All,
    /// Some value must match; false of none.
    Any,
}

/// What the values of a policy are for an operator.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Values {
    /// Compared letter by letter, or as patterns.
    Texts(Vec<Pattern>),
    /// In lower case, compared with what is put in lower case.
    Caseless(Vec<Pattern>),
    Numbers(Vec<Decimal>),
    Times(Vec<Timestamp>),
    Flags(Vec<bool>),
    Bytes(Vec<Vec<u8>>),
    Networks(Vec<IpNet>),
}

/// Why a value is none for its operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadValue {
    /// It should be this.
    Expected(&'static str),
    /// It has a variable that cannot be read.
    Pattern(BadPattern),
}

macro_rules! bases {
    ($($base:ident;)*) => {
        /// An operator without prefix and suffix.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Base {
            $($base,)*
        }

        impl Base {
            /// All of them.
            pub(super) const ALL: &[(&'static str, Self)] = &[$((stringify!($base), Self::$base)),*];
        }
    };
}

bases! {
    StringEquals;
    StringNotEquals;
    StringEqualsIgnoreCase;
    StringNotEqualsIgnoreCase;
    StringLike;
    StringNotLike;
    NumericEquals;
    NumericNotEquals;
    NumericLessThan;
    NumericLessThanEquals;
    NumericGreaterThan;
    NumericGreaterThanEquals;
    DateEquals;
    DateNotEquals;
    DateLessThan;
    DateLessThanEquals;
    DateGreaterThan;
    DateGreaterThanEquals;
    Bool;
    BinaryEquals;
    IpAddress;
    NotIpAddress;
    ArnEquals;
    ArnNotEquals;
    ArnLike;
    ArnNotLike;
    Null;
}

impl Operator {
    /// Reads `ForAnyValue:StringLikeIfExists` and all others.
    pub(super) fn read(word: &str) -> Option<Self> {
        let (set, rest) = match word.split_once(':') {
            None => (None, word),
            Some(("ForAllValues", rest)) => (Some(Set::All), rest),
            Some(("ForAnyValue", rest)) => (Some(Set::Any), rest),
            Some(_) => return None,
        };
        let (name, if_exists) = match rest.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (rest, false),
        };
        let base = Base::ALL.iter().find(|(known, _)| *known == name).map(|(_, base)| *base)?;
        // `Null` asks itself whether the key exists.
        let sensible = base != Base::Null || (set.is_none() && !if_exists);
        sensible.then_some(Self { base, set, if_exists })
    }

    /// Every operator in every form.
    pub(super) fn words() -> impl Iterator<Item = String> {
        let forms = ["", "ForAllValues:", "ForAnyValue:"].into_iter().flat_map(|set| [(set, ""), (set, "IfExists")]);
        forms
            .flat_map(|(set, suffix)| Base::ALL.iter().map(move |(name, _)| format!("{set}{name}{suffix}")))
            .filter(|word| Self::read(word).is_some())
    }

    /// The operator without prefix and suffix.
    pub(super) const fn base(self) -> Base {
        self.base
    }

    /// How several values are taken; none when the operator says nothing of it.
    pub(super) const fn set(self) -> Option<Set> {
        self.set
    }

    /// Whether an absent key satisfies it by itself.
    pub(super) const fn if_exists(self) -> bool {
        self.if_exists
    }
}

impl Base {
    /// Whether it holds when none of the values match.
    pub(super) const fn is_negated(self) -> bool {
        matches!(
            self,
            Self::StringNotEquals
                | Self::StringNotEqualsIgnoreCase
                | Self::StringNotLike
                | Self::NumericNotEquals
                | Self::DateNotEquals
                | Self::NotIpAddress
                | Self::ArnNotEquals
                | Self::ArnNotLike
        )
    }

    const fn is_wild(self) -> bool {
        matches!(
            self,
            Self::StringLike
                | Self::StringNotLike
                | Self::ArnEquals
                | Self::ArnNotEquals
                | Self::ArnLike
                | Self::ArnNotLike
        )
    }

    /// Whether it compares ARNs part by part.
    pub(super) const fn is_arn(self) -> bool {
        matches!(self, Self::ArnEquals | Self::ArnNotEquals | Self::ArnLike | Self::ArnNotLike)
    }

    /// Reads the values of a policy.
    fn values<'a>(self, texts: impl Iterator<Item = &'a str>, variables: bool) -> Result<Values, (String, BadValue)> {
        fn each<'a, T>(
            texts: impl Iterator<Item = &'a str>,
            expected: &'static str,
            read: impl Fn(&str) -> Option<T>,
        ) -> Result<Vec<T>, (String, BadValue)> {
            let one = |text: &str| read(text).ok_or_else(|| (text.to_owned(), BadValue::Expected(expected)));
            texts.map(one).collect()
        }
        match self {
            Self::StringEquals | Self::StringNotEquals | Self::StringLike | Self::StringNotLike => {
                patterns(texts, self.is_wild(), variables).map(Values::Texts)
            }
            Self::ArnEquals | Self::ArnNotEquals | Self::ArnLike | Self::ArnNotLike => {
                let read = |text: &'a str| {
                    let pattern = patterns(std::iter::once(text), true, variables)?.remove(0);
                    let bad = || (text.to_owned(), BadValue::Expected("an ARN of six parts, `*` for any of them"));
                    if is_arn_pattern(text) { Ok(pattern) } else { Err(bad()) }
                };
                texts.map(read).collect::<Result<_, _>>().map(Values::Texts)
            }
            Self::StringEqualsIgnoreCase | Self::StringNotEqualsIgnoreCase => {
                let lower: Vec<String> = texts.map(lower_case).collect();
                patterns(lower.iter().map(String::as_str), false, variables).map(Values::Caseless)
            }
            Self::NumericEquals
            | Self::NumericNotEquals
            | Self::NumericLessThan
            | Self::NumericLessThanEquals
            | Self::NumericGreaterThan
            | Self::NumericGreaterThanEquals => {
                each(texts, "a number such as `1.2`", Decimal::read).map(Values::Numbers)
            }
            Self::DateEquals
            | Self::DateNotEquals
            | Self::DateLessThan
            | Self::DateLessThanEquals
            | Self::DateGreaterThan
            | Self::DateGreaterThanEquals => {
                let expected = "a time such as `2026-03-01T12:00:00Z`, or seconds since 1970";
                each(texts, expected, quantity::time).map(Values::Times)
            }
            Self::Bool | Self::Null => each(texts, "`true` or `false`", flag).map(Values::Flags),
            Self::BinaryEquals => each(texts, "base64", quantity::bytes).map(Values::Bytes),
            Self::IpAddress | Self::NotIpAddress => {
                each(texts, "an address or range such as `198.51.100.0/24`", network).map(Values::Networks)
            }
        }
    }
}

impl Test {
    /// Reads one line of a `Condition`.
    pub(super) fn read<'a>(
        operator: Operator,
        key: &str,
        values: impl Iterator<Item = &'a str>,
        variables: bool,
    ) -> Result<Self, (String, BadValue)> {
        let values = operator.base.values(values, variables)?;
        Ok(Self { operator, key: key.to_lowercase(), values })
    }

    /// The key, in lower case.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// The key and those of its variables, in lower case.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        let patterns = match &self.values {
            Values::Texts(patterns) | Values::Caseless(patterns) => patterns.as_slice(),
            _ => &[],
        };
        std::iter::once(self.key.as_str()).chain(patterns.iter().flat_map(Pattern::variables))
    }

    /// The operator.
    pub(super) const fn operator(&self) -> Operator {
        self.operator
    }

    /// Whether some value hangs on what the request says of another key.
    pub(super) fn has_variables(&self) -> bool {
        self.keys().nth(1).is_some()
    }

    /// What the policy compares with.
    pub(super) const fn values(&self) -> &Values {
        &self.values
    }

    /// Whether the request satisfies it, in a statement of that effect.
    ///
    /// AWS does not say what an operator without prefix makes of several values: a grant may match then, and a denial may not, so
    /// a grant needs one of them and a denial all.
    pub(super) fn holds(&self, view: &View<'_>, effect: Effect) -> Tri {
        let Operator { base, set, if_exists } = self.operator;
        let values = match view.lookup(&self.key) {
            Lookup::Open => return Tri::Maybe,
            Lookup::Absent if base == Base::Null => return self.null(true),
            Lookup::Values(_) if base == Base::Null => return self.null(false),
            Lookup::Absent if if_exists => return Tri::Yes,
            Lookup::Absent => {
                return match set {
                    Some(Set::All) => Tri::Yes,
                    Some(Set::Any) => Tri::No,
                    None => base.is_negated().into(),
                };
            }
            Lookup::Values(values) => values,
        };
        let each = values.iter().map(|value| self.of_one(value, view));
        match (set, effect) {
            (Some(Set::All), _) | (None, Effect::Deny) => Tri::all(each),
            (Some(Set::Any), _) | (None, Effect::Allow) => Tri::any(each),
        }
    }

    fn null(&self, absent: bool) -> Tri {
        match &self.values {
            Values::Flags(flags) => flags.contains(&absent).into(),
            _ => Tri::No,
        }
    }

    fn of_one(&self, value: &str, view: &View<'_>) -> Tri {
        let equal = self.matches(value, view);
        if self.operator.base.is_negated() { !equal } else { equal }
    }

    fn matches(&self, value: &str, view: &View<'_>) -> Tri {
        match &self.values {
            Values::Texts(patterns) if self.operator.base.is_arn() => {
                Tri::any(patterns.iter().map(|pattern| pattern.matches_arn(value, view)))
            }
            Values::Texts(patterns) => Tri::any(patterns.iter().map(|pattern| pattern.matches(value, view))),
            Values::Caseless(patterns) => {
                let value = value.to_lowercase();
                Tri::any(patterns.iter().map(|pattern| pattern.matches_caseless(&value, view)))
            }
            Values::Numbers(numbers) => any(numbers, Decimal::read(value), |one, asked| self.compares(asked.cmp(one))),
            Values::Times(times) => any(times, quantity::time(value), |one, asked| self.compares(asked.cmp(one))),
            Values::Flags(flags) => any(flags, flag(value), |one, asked| one == asked),
            Values::Bytes(all) => any(all, quantity::bytes(value), |one, asked| one == asked),
            Values::Networks(networks) => any(networks, value.parse::<IpAddr>().ok(), |net, asked| net.contains(asked)),
        }
    }

    /// Whether what the request says stands so to what the policy says.
    fn compares(&self, asked: std::cmp::Ordering) -> bool {
        match self.operator.base {
            Base::NumericLessThan | Base::DateLessThan => asked.is_lt(),
            Base::NumericLessThanEquals | Base::DateLessThanEquals => asked.is_le(),
            Base::NumericGreaterThan | Base::DateGreaterThan => asked.is_gt(),
            Base::NumericGreaterThanEquals | Base::DateGreaterThanEquals => asked.is_ge(),
            _ => asked.is_eq(),
        }
    }
}

/// Whether one of the policy's values stands so to what is asked; nothing does to what cannot be read.
fn any<T, U>(values: &[T], asked: Option<U>, fits: impl Fn(&T, &U) -> bool) -> Tri {
    asked.is_some_and(|asked| values.iter().any(|value| fits(value, &asked))).into()
}

fn patterns<'a>(
    texts: impl Iterator<Item = &'a str>,
    wild: bool,
    variables: bool,
) -> Result<Vec<Pattern>, (String, BadValue)> {
    let reading = Reading { wild, variables, parts: false };
    texts.map(|text| Pattern::read(text, reading).map_err(|bad| (text.to_owned(), BadValue::Pattern(bad)))).collect()
}

/// Whether it can match an ARN at all; a variable or a reference may stand for a whole one.
fn is_arn_pattern(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let open_end = parts.last().is_some_and(|last| last.ends_with('*'));
    let starts = "arn".starts_with(parts[0]) || parts[0].contains(['*', '?']);
    text.starts_with("${") || Reference::parse(text).is_some() || (starts && (parts.len() == 6 || open_end))
}

fn lower_case(text: &str) -> String {
    if Reference::parse(text).is_some() { text.to_owned() } else { text.to_lowercase() }
}

fn flag(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A range, or an address by itself.
fn network(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().map(|net| net.trunc()).or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
