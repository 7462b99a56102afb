//! What a machine runs at first boot, and what it reads while it runs.

use serde::{Deserialize, Serialize};

use crate::lock::Lock;
use crate::spec::{Packages, Software, Spec};
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
}

/// The program that runs at first boot: at most 16,384 bytes (EC2 user guide, "Run commands when you launch an EC2 instance").
#[must_use]
pub fn user_data(settings: &Settings<'_>) -> String {
    format!("#!/bin/bash\n# {:?} of {}\n", settings.role, settings.pit)
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
}

/// The list of people as the machines read it: JSON, the spec's key before the lock's.
#[must_use]
pub fn people(spec: &Spec, lock: &Lock) -> String {
    let login = |person: &crate::spec::Person| Login {
        name: person.name.clone(),
        key: person.key.clone().or_else(|| lock.keys.get(&person.name).cloned()),
    };
    let people = People { schema_version: 1, people: spec.access.people.iter().map(login).collect() };
    serde_json::to_string_pretty(&people).unwrap_or_default()
}
