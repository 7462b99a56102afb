//! What a machine runs at first boot, and what it reads while it runs.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::cidr::Cidr;
use crate::lock::Lock;
use crate::spec::{Packages, Person, Software, Spec};
use crate::ssh::PublicKey;

/// Which machine a program is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// B: forwards ssh to the private instance, and nothing else (L501-L502).
    Bastion,
    /// E: where people work (L523).
    Private,
}

/// What the program at first boot is told.
#[derive(Clone, Debug)]
pub struct Settings<'a> {
    /// The machine.
    pub role: Role,
    /// The Project Identifier Tag; the data volume is mounted at `/PIT` (L586-L588).
    pub pit: &'a str,
    /// The region.
    pub region: &'a str,
    /// The bucket and key of the list of people.
    pub people: (&'a str, &'a str),
    /// The log group that session, ssh and audit logs go to.
    pub log_group: &'a str,
    /// Whether there is a data volume, attached as `/dev/sdf`.
    pub data_volume: bool,
    /// The swap file's size in GiB, on the encrypted root volume; none for no swap.
    pub swap_gib: Option<u32>,
    /// Minutes without input after which a session ends (45 CFR 164.312(a)(2)(iii)).
    pub idle_minutes: u32,
    /// What is installed for people.
    pub software: &'a [Software],
    /// Where it comes from.
    pub packages: &'a Packages,
    /// The addresses whose port 22 a bastion forwards to: the private subnet's.
    pub forward_to: Cidr,
}

/// The most that EC2 takes as user data, in bytes before base64 (EC2 user guide, "Run commands when you launch an EC2 instance").
pub const USER_DATA_LIMIT: usize = 16_384;

const COMMON: &str = include_str!("../data/machine/common.sh");
const BASTION: &str = include_str!("../data/machine/bastion.sh");
const PRIVATE: &str = include_str!("../data/machine/private.sh");
const PEOPLE: &str = include_str!("../data/machine/people.py");
const JUPYTER: &str = include_str!("../data/machine/jupyter.sh");

/// Runs the program where it is run, and not where its functions are read in by a test.
const START: &str = "[[ ${BASH_SOURCE[0]} != \"$0\" ]] || main \"$@\"\n";

/// The program that runs at first boot: `data/machine/`, with the settings before it and its comments left out.
///
/// It fits into [`USER_DATA_LIMIT`]. Settings come in as shell words in single quotes, so that no value is ever read as a command; those
/// for other programs than the shell come in as JSON.
#[must_use]
pub fn user_data(settings: &Settings<'_>) -> String {
    let of_role = match settings.role {
        Role::Bastion => BASTION,
        Role::Private => PRIVATE,
    };
    let shell = compact(&[COMMON, of_role].concat(), "");
    let shell = shell.replace("@people.py@\n", &compact(PEOPLE, " "));
    let shell = shell.replace("@jupyter.sh@\n", &compact(JUPYTER, ""));
    let settings: String = words(settings).map(|(name, value)| format!("{name}={}\n", quoted(&value))).collect();
    format!("#!/bin/bash\nset -euo pipefail\nshopt -s inherit_errexit\n{settings}{shell}{START}")
}

/// The program's settings, by the name that it knows them by.
fn words(settings: &Settings<'_>) -> impl Iterator<Item = (&'static str, String)> {
    let role = match settings.role {
        Role::Bastion => "bastion",
        Role::Private => "private",
    };
    let (bucket, key) = settings.people;
    let (options, account) = account(settings.role);
    let people =
        json!({ "bucket": bucket, "key": key, "region": settings.region, "options": options, "account": account });
    let both = [
        ("ROLE", role.to_owned()),
        ("PIT", settings.pit.to_owned()),
        ("REGION", settings.region.to_owned()),
        ("LOG_GROUP", json!(settings.log_group).to_string()),
        ("PEOPLE", people.to_string()),
        ("IDLE_MINUTES", settings.idle_minutes.to_string()),
        ("SWAP_GIB", settings.swap_gib.map(|size| size.to_string()).unwrap_or_default()),
        ("DATA_VOLUME", if settings.data_volume { "yes" } else { "" }.to_owned()),
    ];
    let own = match settings.role {
        Role::Bastion => vec![("FORWARD_TO", settings.forward_to.to_string())],
        Role::Private => software(settings),
    };
    both.into_iter().chain(own)
}

/// What a person may do at all, as `sshd(8)` reads it before the key, and what makes the account (`useradd(8)`).
fn account(role: Role) -> (&'static str, &'static [&'static str]) {
    match role {
        Role::Bastion => ("restrict,port-forwarding", &["--no-create-home", "--shell", "/sbin/nologin"]),
        Role::Private => {
            ("restrict,pty,port-forwarding", &["--create-home", "--key", "HOME_MODE=0700", "--shell", "/bin/bash"])
        }
    }
}

fn software(settings: &Settings<'_>) -> Vec<(&'static str, String)> {
    let name = |software: &Software| match software {
        Software::Python => "python",
        Software::R => "r",
        Software::JupyterLab => "jupyterlab",
    };
    let (packages, index) = match settings.packages {
        Packages::Internet => ("internet", ""),
        Packages::Mirror(url) => ("mirror", url.as_str()),
        Packages::None => ("none", ""),
    };
    let software: Vec<&str> = settings.software.iter().map(name).collect();
    vec![("SOFTWARE", software.join(" ")), ("PACKAGES", packages.to_owned()), ("PACKAGE_INDEX", index.to_owned())]
}

/// A text as one word of the shell, whatever is in it (POSIX, Shell Command Language, 2.2.2).
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A program without its comments and blank lines, each level of four blanks of indentation cut to that.
fn compact(program: &str, level: &str) -> String {
    let line = |line: &str| {
        let rest = line.trim_start();
        let depth = (line.len() - rest.len()) / 4;
        format!("{}{rest}\n", level.repeat(depth))
    };
    let said = |line: &&str| {
        let rest = line.trim_start();
        !rest.is_empty() && (!rest.starts_with('#') || rest.starts_with("#!"))
    };
    program.lines().filter(said).map(line).collect()
}

/// Who has an account on the machines: what they read every few minutes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct People {
    /// The version of this format.
    pub schema_version: u32,
    /// The people.
    pub people: Vec<Login>,
}

/// One person's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The login name.
    pub name: String,
    /// The public key; none means that nobody can log in yet.
    pub key: Option<PublicKey>,
    /// The public key the person had before, which opens too until the rotation is finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_key: Option<PublicKey>,
}

/// The list of people as the machines read it: JSON, the spec's keys before the lock's.
#[must_use]
pub fn people(spec: &Spec, lock: &Lock) -> String {
    let people = spec.access.people.iter().map(|person| login(person, lock)).collect();
    serde_json::to_string_pretty(&People { schema_version: 1, people }).unwrap_or_default()
}

/// One person's account. A key in the spec is the person's own: then the lock's say nothing.
fn login(person: &Person, lock: &Lock) -> Login {
    let name = person.name.clone();
    match &person.key {
        Some(key) => Login { name, key: Some(key.clone()), previous_key: person.previous_key.clone() },
        None => Login {
            key: lock.keys.get(&name).cloned(),
            previous_key: lock.previous_keys.get(&name).or(person.previous_key.as_ref()).cloned(),
            name,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Format, parse};

    const OWN: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS";
    const MADE: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    fn logins(rest: &str) -> Vec<Login> {
        let people = format!("[access]\npeople = [{{ name = \"r1\", email = \"r1@example.edu\"{rest} }}]\n");
        let text = format!("pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"b@example.edu\"\n{people}");
        let spec = parse(&text, Format::Toml).unwrap();
        let mut lock = Lock::offline(&spec);
        lock.keys.insert("r1".to_owned(), MADE.parse().unwrap());
        lock.previous_keys.insert("r1".to_owned(), OWN.parse().unwrap());
        serde_json::from_str::<People>(&super::people(&spec, &lock)).unwrap().people
    }

    #[test]
    fn both_keys_open_while_a_rotation_is_under_way() {
        let login = &logins("")[0];
        assert_eq!(login.key.as_ref().unwrap().as_str(), MADE);
        assert_eq!(login.previous_key.as_ref().unwrap().as_str(), OWN);
    }

    #[test]
    fn a_key_in_the_spec_is_the_persons_own() {
        let login = &logins(&format!(", key = \"{OWN}\""))[0];
        assert_eq!((login.key.as_ref().unwrap().as_str(), &login.previous_key), (OWN, &None));
        let rotating = &logins(&format!(", key = \"{MADE}\", previous_key = \"{OWN}\""))[0];
        assert_eq!(rotating.previous_key.as_ref().unwrap().as_str(), OWN);
    }
}
