//! What a person is handed: settings for ssh, and a sheet in plain words.
//!
//! Both are pure functions of the spec and of where the machines are. Neither holds a secret: the private half of the person's key
//! and its passphrase go their own ways.

mod config;
mod sheet;

use std::net::IpAddr;

use serde::Serialize;

pub use config::ssh_config;
pub use sheet::{Sheet, TO_FILL_IN, sheet};

use crate::account::AccountId;
use crate::aws::arn::InstanceId;
use crate::pit::Pit;
use crate::spec::{Person, Spec};

/// Where the machines are, as far as that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Machines {
    /// The private instance E.
    pub private: Located,
    /// The bastion B.
    pub bastion: Located,
}

/// Where one machine is: all unknown before it is built, and the addresses that it lacks while it is stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Located {
    /// Its id.
    pub instance: Option<InstanceId>,
    /// The address that it is reached at: the bastion's public one, the private instance's private one.
    pub address: Option<IpAddr>,
}

/// Who is handed what.
#[derive(Clone, Copy, Debug)]
pub struct HandOver<'a> {
    /// The environment.
    pub spec: &'a Spec,
    /// The account it is in; none when that is not known yet.
    pub account: Option<&'a AccountId>,
    /// Where its machines are.
    pub machines: &'a Machines,
    /// The person.
    pub person: &'a Person,
    /// Whether the person's key is being rotated, so that the one before is offered too.
    pub rotating: bool,
    /// The folder that the person keeps key and settings in; `~/.ssh/PIT` when none is given.
    pub folder: Option<&'a str>,
}

/// The name of a key by what it is for, `bastion`, `private` or a person: `hipaa_bastion_keypair` (L517) and its like.
///
/// ```
/// let pit = "hipaa".parse().unwrap();
/// assert_eq!(sce_core::access::key_name(&pit, "r1"), "hipaa_r1_keypair");
/// ```
#[must_use]
pub fn key_name(pit: &Pit, what: &str) -> String {
    format!("{}{what}_keypair", pit.name_prefix())
}

impl HandOver<'_> {
    fn key(&self) -> String {
        key_name(&self.spec.pit, &self.person.name)
    }

    fn folder(&self) -> String {
        self.folder.map_or_else(|| format!("~/.ssh/{}", self.spec.pit), str::to_owned)
    }

    /// The name under which the person's command line keeps this environment's credentials.
    fn profile(&self) -> &str {
        self.spec.pit.as_str()
    }

    /// The bastion's address, or a word that stands for it.
    fn bastion_address(&self) -> String {
        shown(self.machines.bastion.address.as_ref(), "BASTION-ADDRESS")
    }

    /// The private instance's address, or a word that stands for it.
    fn private_address(&self) -> String {
        shown(self.machines.private.address.as_ref(), "PRIVATE-ADDRESS")
    }

    /// The private instance's id, or a word that stands for it.
    fn private_instance(&self) -> String {
        shown(self.machines.private.instance.as_ref(), "INSTANCE-ID")
    }
}

fn shown(known: Option<&impl ToString>, placeholder: &str) -> String {
    known.map_or_else(|| placeholder.to_owned(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{AccessMode, Format, parse};

    const PEOPLE: &str = "people = [{ name = \"r1\", email = \"r1@example.edu\" }, { name = \"r2\", email = \"r2@example.edu\" }]\n\
                          [compute.private]\ntype = \"m7i.large\"\ndata_volume_gib = 100\n";

    pub(super) fn spec(mode: AccessMode) -> Spec {
        let access = match mode {
            AccessMode::Bastion => {
                "mode = \"bastion\"\nallow = [{ name = \"campus-vpn\", cidr = \"198.51.100.0/24\" }]\n"
            }
            AccessMode::SessionManager => "mode = \"session-manager\"\n",
            AccessMode::InstanceConnect => "mode = \"instance-connect\"\n",
        };
        let text = format!(
            "pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"builder@example.edu\"\n[access]\n{access}{PEOPLE}"
        );
        parse(&text, Format::Toml).unwrap()
    }

    pub(super) fn machines() -> Machines {
        let located = |id: &str, address: &str| Located {
            instance: Some(id.parse().unwrap()),
            address: Some(address.parse().unwrap()),
        };
        Machines {
            private: located("i-0123456789abcdef0", "10.0.1.248"),
            bastion: located("i-0fedcba9876543210", "35.27.93.105"),
        }
    }

    pub(super) fn hand_over<'a>(spec: &'a Spec, machines: &'a Machines) -> HandOver<'a> {
        HandOver { spec, account: None, machines, person: &spec.access.people[0], rotating: false, folder: None }
    }
}
