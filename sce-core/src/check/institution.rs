//! What an institution allows in all its environments: a file beside the specs, judged by the same engine as everything else.
//!
//! Nothing in it loosens a rule: it forbids, bounds, and says who may accept risks. What it does not speak of, it leaves free.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de};
use thiserror::Error;

use super::finding::Severity;
use super::rule::named;
use crate::account::Region;
use crate::aws::resource::{Kind, Tenancy};
use crate::cost::{Amount, HoursPerWeek};
use crate::spec::{
    AccessMode, Defaults, Egress, Format, Laptop, NamedRange, Problem, Profile, grammar_help, is_email, line_at,
    line_of, nearest, unknown_region,
};

/// The version of the file's format that this crate reads.
pub const SCHEMA_VERSION: u32 = 1;

/// What an institution allows.
///
/// ```
/// use sce_core::check::Institution;
/// let text = "schema_version = 1\nname = \"Example University\"\n[forbid]\negres = [\"nat\"]\n";
/// let refused = text.parse::<Institution>().unwrap_err();
/// assert_eq!(refused.problems[0].line, Some(4));
/// assert_eq!(refused.problems[0].help.as_deref(), Some("did you mean `egress`?"));
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Institution {
    /// The version of this format.
    pub schema_version: u32,
    /// What the institution is called.
    pub name: String,
    /// What new specs start with: `sce init --policy` writes it into them. No judgement rests on it.
    #[serde(default)]
    pub defaults: Defaults,
    /// What may be used, where there is a choice.
    #[serde(default)]
    pub allow: Allow,
    /// What may not be chosen, though the spec offers it.
    #[serde(default)]
    pub forbid: Forbid,
    /// Who may accept risks.
    #[serde(default)]
    pub waivers: Waivers,
    /// What an environment may cost.
    #[serde(default)]
    pub cost: Cost,
    /// What stops a plan.
    #[serde(default)]
    pub check: Check,
}

/// What may be used; what is absent is left free.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Allow {
    /// The regions that environments may be in.
    pub regions: Option<Vec<Region>>,
    /// The AWS services that they may be made of, as the SDK names them, such as `ec2`.
    pub services: Option<Vec<String>>,
    /// The networks that people may come from: an allowed range lies inside one of them.
    pub ranges: Option<Vec<NamedRange>>,
}

/// What may not be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Forbid {
    /// Ways in.
    pub access: Vec<AccessMode>,
    /// Ways out.
    pub egress: Vec<Egress>,
    /// Generations of practice.
    pub profile: Vec<Profile>,
    /// Tenancies.
    pub tenancy: Vec<Tenancy>,
    /// What is known of laptops.
    pub laptop: Vec<Laptop>,
    /// Families of machines, such as `t3`: the part of a type before the point.
    pub instance_families: Vec<String>,
    /// Kinds of resource, such as `nat-gateway`.
    pub kinds: Vec<Kind>,
}

/// Who may accept risks, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Waivers {
    /// The e-mail addresses of those who may; anybody but the owner when absent.
    pub approvers: Option<Vec<String>>,
    /// How many days ahead a waiver may expire at most.
    pub longest_days: Option<u32>,
    /// Rules of which nobody may accept anything.
    pub never: Vec<String>,
}

/// What an environment may cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cost {
    /// The most that the estimate for a month in use may be, in US dollars, written as text such as `"500"`.
    #[serde(deserialize_with = "parsed")]
    pub monthly_ceiling: Option<Amount>,
    /// How many hours a week machines are taken to run; all of them when absent.
    #[serde(deserialize_with = "parsed")]
    pub hours_per_week: Option<HoursPerWeek>,
}

/// What stops a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Check {
    /// The least severity that does.
    pub blocks_from: BlocksFrom,
}

/// The least severity that stops a plan. An institution can be stricter than this program, and not laxer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BlocksFrom {
    /// Everything but what is merely worth knowing.
    Low,
    /// Risks to be managed, too.
    Medium,
    /// As without a policy.
    #[default]
    High,
}

impl BlocksFrom {
    /// The severity.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::Low => Severity::Low,
            Self::Medium => Severity::Medium,
            Self::High => Severity::High,
        }
    }
}

/// Everything wrong with an institution's policy.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct InvalidInstitution {
    /// At least one, in order of line.
    pub problems: Vec<Problem>,
}

impl fmt::Display for InvalidInstitution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.as_slice() {
            [only] => f.write_str(&only.message),
            problems => write!(f, "{} things are wrong with the policy", problems.len()),
        }
    }
}

impl FromStr for Institution {
    type Err = InvalidInstitution;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let institution: Self = toml::from_str(text).map_err(|error| {
            let message = error.message().trim().replace('\n', ", ");
            let line = error.span().map(|span| line_at(text, span.start));
            InvalidInstitution { problems: vec![Problem { line, help: grammar_help(&message), message }] }
        })?;
        let mut problems: Vec<Problem> = institution
            .violations()
            .into_iter()
            .map(|(path, message, help)| Problem {
                line: line_of(text, Format::Toml, &path.iter().map(String::as_str).collect::<Vec<_>>()),
                message,
                help,
            })
            .collect();
        problems.sort_by_key(|problem| problem.line);
        if problems.is_empty() { Ok(institution) } else { Err(InvalidInstitution { problems }) }
    }
}

/// Where, what and what to do.
type Violation = (Vec<String>, String, Option<String>);

impl Institution {
    fn violations(&self) -> Vec<Violation> {
        let mut found: Vec<Violation> = Vec::new();
        let mut wrong = |path: &[&str], message: String, help: Option<String>| {
            found.push((path.iter().map(|key| (*key).to_owned()).collect(), message, help));
        };
        if self.schema_version != SCHEMA_VERSION {
            let message = format!("schema version `{}` is not known", self.schema_version);
            wrong(&["schema_version"], message, Some(format!("this version of sce reads {SCHEMA_VERSION}")));
        }
        for region in self.allow.regions.iter().flatten() {
            if let Some((message, help)) = unknown_region(region) {
                wrong(&["allow", "regions"], message, Some(help));
            }
        }
        if self.name.trim().is_empty() {
            wrong(&["name"], "the institution has no name".to_owned(), None);
        }
        for violation in self.defaults.violations() {
            let path: Vec<&str> = ["defaults"].into_iter().chain(violation.path.iter().map(String::as_str)).collect();
            wrong(&path, violation.message, violation.help);
        }
        for (index, service) in self.allow.services.iter().flatten().enumerate() {
            if !services().any(|known| known == service) {
                let help = nearest(service, services()).map(|word| format!("did you mean `{word}`?"));
                let message = format!("nothing here is of a service `{service}`");
                wrong(&["allow", "services", &index.to_string()], message, help);
            }
        }
        for (index, approver) in self.waivers.approvers.iter().flatten().enumerate() {
            if !is_email(approver) {
                let message = format!("approver `{approver}` is no e-mail address");
                wrong(&["waivers", "approvers", &index.to_string()], message, None);
            }
        }
        for (index, id) in self.waivers.never.iter().enumerate() {
            if let Err(nearest) = named(id) {
                let help = nearest.map(|word| format!("did you mean `{word}`?"));
                wrong(&["waivers", "never", &index.to_string()], format!("there is no rule `{id}`"), help);
            }
        }
        for (index, family) in self.forbid.instance_families.iter().enumerate() {
            let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if family.is_empty() || !family.chars().all(legal) {
                let message = format!("`{family}` is no family of machines");
                let help = "write the part of a type before the point, such as `t3`".to_owned();
                wrong(&["forbid", "instance_families", &index.to_string()], message, Some(help));
            }
        }
        found
    }
}

/// The services that something of an environment or an account can be of.
fn services() -> impl Iterator<Item = &'static str> {
    Kind::ALL.iter().map(|kind| kind.descriptor().service)
}

/// Something with a notation of its own, written as text.
fn parsed<'de, D: Deserializer<'de>, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    String::deserialize(deserializer)?.parse().map(Some).map_err(de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "\
schema_version = 1
name = \"Example University\"

[defaults]
region = \"us-west-2\"
network = { egress = \"none\" }

[allow]
regions = [\"us-west-2\", \"us-east-1\"]
services = [\"ec2\", \"s3\", \"kms\", \"iam\", \"logs\"]
ranges = [{ name = \"campus\", cidr = \"140.142.0.0/16\" }]

[forbid]
access = [\"bastion\"]
egress = [\"nat\"]
profile = [\"cloudmaven2017\"]
tenancy = [\"dedicated\"]
laptop = [\"outside\"]
instance_families = [\"t3\"]
kinds = [\"nat-gateway\"]

[waivers]
approvers = [\"ciso@example.edu\"]
longest_days = 366
never = [\"bucket-requires-tls\"]

[cost]
monthly_ceiling = \"500\"
hours_per_week = \"40\"

[check]
blocks_from = \"medium\"
";

    fn refused(text: &str) -> (Option<usize>, String, Option<String>) {
        let problem = text.parse::<Institution>().unwrap_err().problems.remove(0);
        (problem.line, problem.message, problem.help)
    }

    #[test]
    fn a_policy_says_what_it_says() {
        let policy: Institution = WHOLE.parse().unwrap();
        assert_eq!(policy.check.blocks_from.severity(), Severity::Medium);
        assert_eq!(policy.cost.monthly_ceiling.map(Amount::to_cents).as_deref(), Some("500.00"));
        let least: Institution = "schema_version = 1\nname = \"x\"\n".parse().unwrap();
        assert_eq!((least.allow, least.check.blocks_from), (Allow::default(), BlocksFrom::High));
    }

    #[test]
    fn slips_are_told_with_line_and_nearest_word() {
        let cases = [
            ("egress = \"none\"", "egres = \"none\"", 6, "did you mean `egress`?"),
            ("\"us-east-1\"]", "\"us-est-1\"]", 9, "did you mean `us-east-1`?"),
            ("\"ec2\"", "\"ec3\"", 10, "did you mean `ec2`?"),
            ("\"bastion\"", "\"bastoin\"", 14, "did you mean `bastion`?"),
            ("\"nat-gateway\"", "\"nat-gatway\"", 20, "did you mean `nat-gateway`?"),
            ("bucket-requires-tls", "bucket-require-tls", 25, "did you mean `bucket-requires-tls`?"),
            ("longest_days", "longest_day", 24, "did you mean `longest_days`?"),
        ];
        for (right, wrong, line, help) in cases {
            let (found, _, advice) = refused(&WHOLE.replace(right, wrong));
            assert_eq!((found, advice.as_deref()), (Some(line), Some(help)), "{wrong}");
        }
        assert_eq!(refused(&WHOLE.replace("\"500\"", "\"much\"")).0, Some(28));
        assert_eq!(refused(&WHOLE.replace("\"medium\"", "\"critical\"")).0, Some(32));
        assert_eq!(
            refused(&WHOLE.replace("\"ciso@example.edu\"", "\"ciso\"")).1,
            "approver `ciso` is no e-mail address"
        );
        assert_eq!(refused(&WHOLE.replace("schema_version = 1", "schema_version = 2")).0, Some(1));
        assert_eq!(refused(&WHOLE.replace("\"t3\"", "\"t3.large\"")).1, "`t3.large` is no family of machines");
    }
}
