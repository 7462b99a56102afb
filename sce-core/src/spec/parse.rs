//! Reading a spec, and saying what is wrong with it.

use std::fmt;

use jiff::civil::Date;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize as _, Deserializer, Serialize, de};
use thiserror::Error;

use super::locate::{line_at, line_of};
use super::{SCHEMA_VERSION, Spec, validate};
use crate::ssh::InvalidPublicKey;

/// The notation a spec is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// TOML, the usual one.
    Toml,
    /// JSON, for programs.
    Json,
}

impl Format {
    /// JSON when the file's name ends so, else TOML.
    #[must_use]
    pub fn of_file(name: &str) -> Self {
        if name.to_ascii_lowercase().ends_with(".json") { Self::Json } else { Self::Toml }
    }
}

/// One thing wrong with a spec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The line it is on, counted from 1; none when the text says nothing about it.
    pub line: Option<usize>,
    /// What is wrong: a lower-case fragment, the writer's own words in backticks.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// What private keys are known by, in OpenSSH's and age's notation.
const PRIVATE: [&str; 2] = ["PRIVATE KEY", "AGE-SECRET-KEY-"];

impl Problem {
    /// The same, but a private key that somebody wrote in the wrong place is not repeated.
    fn without_secrets(self) -> Self {
        let said = [Some(&self.message), self.help.as_ref()];
        if !said.into_iter().flatten().any(|said| PRIVATE.iter().any(|mark| said.contains(mark))) {
            return self;
        }
        let key = InvalidPublicKey::Private;
        Self { message: key.to_string(), help: Some(key.help().to_owned()), ..self }
    }
}

/// Everything wrong with a spec.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct SpecError {
    /// At least one, in order of line.
    pub problems: Vec<Problem>,
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.as_slice() {
            [only] => f.write_str(&only.message),
            problems => write!(f, "{} things are wrong with the spec", problems.len()),
        }
    }
}

/// Reads a spec.
///
/// # Errors
/// Everything that is wrong with it: the first slip of grammar or type, else all values that cannot be.
///
/// ```
/// use sce_core::spec::{Format, parse};
/// let text = "pit = \"hipaa\"\nregoin = \"us-west-2\"\n";
/// let refused = parse(text, Format::Toml).unwrap_err();
/// assert_eq!(refused.problems[0].line, Some(2));
/// assert_eq!(refused.problems[0].help.as_deref(), Some("did you mean `region`?"));
/// ```
pub fn parse(text: &str, format: Format) -> Result<Spec, SpecError> {
    let spec = read(text, format).map_err(|problem| SpecError { problems: vec![problem.without_secrets()] })?;
    let mut problems: Vec<Problem> = validate::violations(&spec)
        .into_iter()
        .map(|violation| Problem {
            line: line_of(text, format, &violation.path.iter().map(String::as_str).collect::<Vec<_>>()),
            message: violation.message,
            help: violation.help,
        })
        .map(Problem::without_secrets)
        .collect();
    problems.sort_by_key(|problem| problem.line);
    if problems.is_empty() { Ok(spec) } else { Err(SpecError { problems }) }
}

fn read(text: &str, format: Format) -> Result<Spec, Problem> {
    let spec: Spec = match format {
        Format::Toml => toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| line_at(text, span.start));
            describe(error.message(), line)
        }),
        Format::Json => serde_json::from_str(text).map_err(|error| {
            let line = (error.line() > 0).then(|| error.line());
            let message = error.to_string();
            let place = format!(" at line {} column {}", error.line(), error.column());
            describe(message.strip_suffix(&place).unwrap_or(&message), line)
        }),
    }?;
    if (1..=SCHEMA_VERSION).contains(&spec.schema_version) {
        return Ok(spec);
    }
    Err(Problem {
        line: line_of(text, format, &["schema_version"]),
        message: format!("schema version `{}` is not known", spec.schema_version),
        help: Some(format!("this version of sce reads 1 to {SCHEMA_VERSION}")),
    })
}

/// Serde's message as a problem; where it lists what it expected, the nearest of those words is the help.
fn describe(message: &str, line: Option<usize>) -> Problem {
    let message = message.trim().replace('\n', ", ");
    let help = grammar_help(&message);
    Problem { line, message, help }
}

/// What serde's message suggests: the nearest of the words it expected, or the line that is missing.
pub(crate) fn grammar_help(message: &str) -> Option<String> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let listing = message.starts_with("unknown field") || message.starts_with("unknown variant");
    let keys = [InvalidPublicKey::Private, InvalidPublicKey::OtherKind];
    if let Some(key) = keys.into_iter().find(|key| message == key.to_string()) {
        return Some(key.help().to_owned());
    }
    match quoted.next()? {
        found if listing => nearest(found, quoted).map(|word| format!("did you mean `{word}`?")),
        missing if message.starts_with("missing field") => Some(format!("add a line `{missing} = …`")),
        _ => None,
    }
}

/// A date that must be there, written as text or as TOML's own.
pub(crate) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    optional_date(deserializer)?.ok_or_else(|| de::Error::custom("a date such as `2026-03-01` is missing"))
}

/// A date, written as text or as TOML's own.
pub(super) fn optional_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    struct DateVisitor;

    impl<'de> Visitor<'de> for DateVisitor {
        type Value = Option<Date>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a date such as `2026-03-01`")
        }

        fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_any(self)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            let wrong = |_| E::invalid_value(de::Unexpected::Str(text), &self);
            text.parse().map(Some).map_err(wrong)
        }

        // TOML's reader hands its dates out as a map of its own.
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            let date = toml::value::Datetime::deserialize(de::value::MapAccessDeserializer::new(map))?;
            self.visit_str(&date.to_string())
        }
    }

    deserializer.deserialize_option(DateVisitor)
}

/// The candidate most like `word`, if any is like it at all.
pub(crate) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (strsim::jaro_winkler(&word.to_lowercase(), candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Egress, Profile};

    const LEAST: &str = "pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"builder@example.edu\"\n";

    fn refused(text: &str) -> Vec<(Option<usize>, String, Option<String>)> {
        let format = if text.trim_start().starts_with('{') { Format::Json } else { Format::Toml };
        let problems = parse(text, format).unwrap_err().problems;
        problems.into_iter().map(|problem| (problem.line, problem.message, problem.help)).collect()
    }

    #[test]
    fn three_lines_are_a_spec() {
        let spec = parse(LEAST, Format::Toml).unwrap();
        assert_eq!((spec.profile, spec.network.egress, spec.retention.logs_days), (Profile::Modern, Egress::Nat, 2192));
    }

    #[test]
    fn the_design_pages_spec_is_read() {
        let text = include_str!("design-page.toml");
        let spec = parse(text, Format::Toml).unwrap();
        assert_eq!(spec.workers.as_ref().map(|workers| workers.count), Some(5));
        let json = serde_json::to_string_pretty(&spec).unwrap();
        assert_eq!(parse(&json, Format::Json).unwrap(), spec);
    }

    #[test]
    fn unknown_keys_get_line_and_nearest_word() {
        let (line, message, help) =
            refused(&format!("{LEAST}[network]\nzone = \"us-west-2a\"\negres = \"nat\"\n")).remove(0);
        assert_eq!(line, Some(6));
        assert!(message.starts_with("unknown field `egres`, expected one of `cidr`"), "{message}");
        assert_eq!(help.as_deref(), Some("did you mean `egress`?"));
        let (line, _, help) = refused("{\n\"pit\": \"hipaa\",\n\"regio\": \"us-west-2\"}").remove(0);
        assert_eq!((line, help.as_deref()), (Some(3), Some("did you mean `region`?")));
    }

    #[test]
    fn a_region_that_aws_does_not_have_is_refused_with_the_nearest() {
        for (region, near) in
            [("us-west-22", "us-west-2"), ("eu-centrl-1", "eu-central-1"), ("us-gov-west-2", "us-gov-west-1")]
        {
            let (line, message, help) = refused(&LEAST.replace("us-west-2", region)).remove(0);
            assert_eq!(line, Some(2));
            assert!(message.starts_with(&format!("`{region}` is no region that AWS has")), "{message}");
            assert_eq!(help, Some(format!("did you mean `{near}`?")));
        }
    }

    #[test]
    fn wrong_variants_types_and_gaps_are_refused() {
        let (line, _, help) = refused(&format!("{LEAST}profile = \"modren\"\n")).remove(0);
        assert_eq!((line, help.as_deref()), (Some(4), Some("did you mean `modern`?")));
        let (line, message, _) = refused(&format!("{LEAST}[retention]\nlogs_days = \"many\"\n")).remove(0);
        assert_eq!((line, message.as_str()), (Some(5), "invalid type: string \"many\", expected u32"));
        let (_, message, help) = refused("pit = \"hipaa\"\nregion = \"us-west-2\"\n").remove(0);
        assert_eq!((message.as_str(), help.as_deref()), ("missing field `owner`", Some("add a line `owner = …`")));
        assert_eq!(refused(&format!("schema_version = 9\n{LEAST}"))[0].1, "schema version `9` is not known");
    }

    #[test]
    fn all_impossible_values_are_told_at_once_in_order_of_line() {
        let text = format!(
            "{LEAST}[network]\ncidr = \"10.0.0.0/16\"\npublic = \"10.0.0.0/24\"\nprivate = \"10.0.0.128/25\"\nzone = \"us-east-1a\"\n[retention]\nlogs_days = 2000\n"
        );
        let problems = refused(&text);
        let lines: Vec<_> = problems.iter().map(|(line, ..)| line.unwrap_or_default()).collect();
        assert_eq!(lines, [7, 8, 10]);
        assert_eq!(problems[0].1, "private subnet `10.0.0.128/25` overlaps public subnet `10.0.0.0/24`");
        assert_eq!(problems[1].1, "zone `us-east-1a` is not in region `us-west-2`");
        assert_eq!(problems[2].2.as_deref(), Some("the nearest period that keeps them long enough is 2192 days"));
    }

    #[test]
    fn a_date_is_read_as_text_and_as_tomls_own() {
        for date in ["\"2026-03-01\"", "2026-03-01"] {
            let spec = parse(&format!("{LEAST}[approvals]\nbaa = {date}\n"), Format::Toml).unwrap();
            assert_eq!(spec.approvals.baa, Some(jiff::civil::date(2026, 3, 1)));
        }
        let (line, message, _) = refused(&format!("{LEAST}[approvals]\nbaa = \"2026-02-31\"\n")).remove(0);
        let expected = "invalid value: string \"2026-02-31\", expected a date such as `2026-03-01`";
        assert_eq!((line, message.as_str()), (Some(5), expected));
    }

    #[test]
    fn a_private_key_is_refused_with_its_line_and_never_repeated() {
        let secret = "-----BEGIN OPENSSH PRIVATE KEY-----\\nc2VjcmV0\\n-----END OPENSSH PRIVATE KEY-----";
        let person = format!("{{ name = \"r1\", email = \"r1@example.edu\", key = \"{secret}\" }}");
        let json = format!(
            "{{\n\"pit\": \"hipaa\",\n\"region\": \"us-west-2\",\n\"owner\": \"b@example.edu\",\n\"access\": {{\"people\": [\n{{\"name\": \"r1\", \"email\": \"r1@example.edu\", \"key\": \"{secret}\"}}]}}}}"
        );
        let cases = [
            (format!("{LEAST}[access]\npeople = [\n  {person},\n]\n"), 6),
            (format!("{LEAST}[[access.people]]\nname = \"r1\"\nemail = \"r1@example.edu\"\nkey = \"{secret}\"\n"), 7),
            (format!("{LEAST}[[access.people]]\nname = \"{secret}\"\nemail = \"r1@example.edu\"\n"), 5),
            (format!("{LEAST}[access]\npeople = \"{secret}\"\n"), 5),
            (format!("{LEAST}[archive]\nrecipients = \"AGE-SECRET-KEY-1SECRET\"\n"), 5),
            (json, 6),
        ];
        for (text, at) in cases {
            let (line, message, help) = refused(&text).remove(0);
            assert_eq!((line, message.as_str()), (Some(at), "this is a private key"), "{text}");
            assert!(help.is_some_and(|help| help.contains("make a new pair")), "{text}");
        }
    }

    #[test]
    fn a_key_of_another_kind_is_told_what_to_write() {
        let person = "[[access.people]]\nname = \"r1\"\nemail = \"r1@example.edu\"\nkey = \"ssh-rsa AAAA\"\n";
        let (line, message, help) = refused(&format!("{LEAST}{person}")).remove(0);
        assert_eq!((line, message.as_str()), (Some(7), "this is no Ed25519 public key"));
        assert!(help.is_some_and(|help| help.contains("ssh-keygen -t ed25519")));
    }

    #[test]
    fn no_text_panics() {
        for text in ["", "=", "\u{0}", "pit", "[[", "{", "{}", "[]", "pit = \"é\"", "a.b.c = 1", "\u{feff}pit = 1"] {
            assert!(parse(text, Format::Toml).is_err(), "{text:?}");
            assert!(parse(text, Format::Json).is_err(), "{text:?}");
        }
    }
}
