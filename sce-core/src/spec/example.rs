//! The spec that `sce init` writes.

use super::AccessMode;
use crate::pit::Pit;

/// A commented spec that plans and checks clean as it stands.
///
/// With [`AccessMode::Bastion`] it carries an example range (RFC 5737), which is a finding until it is replaced: nobody but the
/// builder knows from where people will come.
#[must_use]
pub fn example(pit: &Pit, mode: AccessMode) -> String {
    let access = match mode {
        AccessMode::SessionManager => {
            "mode = \"session-manager\"        # no inbound port; or \"bastion\", \"instance-connect\"\n"
        }
        AccessMode::InstanceConnect => "mode = \"instance-connect\"       # or \"session-manager\", \"bastion\"\n",
        AccessMode::Bastion => concat!(
            "mode = \"bastion\"                # ssh from the ranges below; or \"session-manager\", which needs none\n",
            "allow = [{ name = \"campus-vpn\", cidr = \"198.51.100.0/24\" }]   # an example: put your own here\n",
        ),
    };
    format!(
        "\
# A Secure Compute Environment. `sce check` judges it, `sce plan` shows it, `sce cost` prices it.
schema_version = 1
pit = \"{pit}\"                     # Project Identifier Tag: names and tags everything
region = \"us-west-2\"
owner = \"builder@example.edu\"     # who answers for it

[approvals]                      # the gates before anything is built; no API can check them
irb = \"STUDY00001234\"
billing = \"BUDGET-77\"
baa = \"2026-03-01\"               # the day the account was designated for PHI

[network]                        # addresses are planned when left out
cidr = \"10.0.0.0/16\"
egress = \"nat\"                   # or \"none\": no way out but endpoints

[access]
{access}laptop = \"managed\"               # your word that people's laptops are looked after; or \"outside\"
# people = [                     # one account each; `sce keys make` makes a key for who has none
#   {{ name = \"r1\", email = \"r1@example.edu\", key = \"ssh-ed25519 AAAA…\" }},
# ]

[compute.private]                # the machine that people work on
type = \"m7i.large\"
data_volume_gib = 100            # encrypted, mounted at /{pit}, and it outlives the machine
software = [\"python\", \"r\", \"jupyterlab\"]
# packages = {{ mirror = \"https://…\" }}   # a Python package index inside; else they come from the internet

[ancillary]                      # what goes on around the data
file_table = true                # a table that lists every file put into the data bucket
notify = []                      # e-mail addresses that are told of each; each has to confirm

[retention]
logs_days = 2192                 # six years

# [[waiver]]                     # a risk that somebody accepts; `sce check` shows the digest of what is accepted
# rule = \"tenancy-is-shared\"
# resource = \"vpc\"
# digest = \"3fd1c371304aa309\"
# reason = \"the grant asks for hardware of its own\"
# approver = \"ciso@example.edu\"  # never the owner
# expires = \"2027-03-01\"
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Format, parse};

    #[test]
    fn what_is_commented_out_is_a_spec_as_well() {
        let text = example(&"omop".parse().unwrap(), AccessMode::SessionManager);
        let shown = text.replace("\n# ", "\n");
        let key = "AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS";
        let shown = shown.replace("AAAA…", key).replace("https://…", "https://pypi.example.edu/simple");
        let spec = parse(&shown, Format::Toml).unwrap();
        assert_eq!((spec.access.people.len(), spec.access.people[0].key.is_some()), (1, true));
    }

    #[test]
    fn every_example_is_a_spec() {
        for mode in [AccessMode::SessionManager, AccessMode::Bastion, AccessMode::InstanceConnect] {
            let spec = parse(&example(&"omop".parse().unwrap(), mode), Format::Toml).unwrap();
            assert_eq!((spec.access.mode, spec.pit.as_str()), (mode, "omop"));
            assert_eq!(spec.private_machine().and_then(|machine| machine.data_volume_gib), Some(100));
        }
    }
}
