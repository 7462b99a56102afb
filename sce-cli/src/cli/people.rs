//! Keys of people and machines, and how people get in, as arguments.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sce::account::Region;

use super::{Format, SpecJson, region};

/// `sce keys`
#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Make the pairs that are missing, in the folder `PIT-keys` beside the spec.
    Make(KeysMake),
    /// Make a new pair beside the old; both open until `--finish`.
    Rotate(KeysRotate),
    /// List the keys, and how each is kept.
    Ls(SpecJson),
    /// Get a private key back from its escrow copy.
    Recover(KeysRecover),
}

/// How private keys that are made are kept.
#[derive(Debug, Args)]
pub(crate) struct KeyProtection {
    /// A file whose first line encrypts the private key; asked for on the terminal when left out.
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Keep the private key unencrypted, for rehearsals: anyone who gets at the file gets in.
    #[arg(long, conflicts_with = "passphrase_file")]
    pub(crate) dangerously_unencrypted: bool,
}

/// `sce keys make`
#[derive(Debug, Args)]
pub(crate) struct KeysMake {
    /// The spec: TOML, or JSON when its name ends so.
    pub(crate) spec: PathBuf,
    /// Only this person's key.
    #[arg(long, value_name = "NAME")]
    pub(crate) person: Vec<String>,
    #[command(flatten)]
    pub(crate) protection: KeyProtection,
    /// Who can open the escrow copy, beside those in `[archive] recipients`: a public key (age1…).
    #[arg(long, value_name = "KEY")]
    pub(crate) escrow_to: Vec<String>,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// `sce keys rotate`
#[derive(Debug, Args)]
pub(crate) struct KeysRotate {
    /// The spec: TOML, or JSON when its name ends so.
    pub(crate) spec: PathBuf,
    /// Whose key: a person's name, `bastion` or `private`.
    #[arg(long, value_name = "NAME")]
    pub(crate) key: String,
    /// Take the key before out of force and remove it, once a login with the new one has worked.
    #[arg(long, conflicts_with_all = ["passphrase_file", "dangerously_unencrypted", "escrow_to"])]
    pub(crate) finish: bool,
    #[command(flatten)]
    pub(crate) protection: KeyProtection,
    /// Who can open the escrow copy, beside those in `[archive] recipients`: a public key (age1…).
    #[arg(long, value_name = "KEY")]
    pub(crate) escrow_to: Vec<String>,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// `sce keys recover`
#[derive(Debug, Args)]
pub(crate) struct KeysRecover {
    /// The escrow copy, a file ending in `.escrow.age`.
    pub(crate) file: PathBuf,
    /// The administrator's private key of age.
    #[arg(long, value_name = "FILE")]
    pub(crate) identity: PathBuf,
    /// A file whose first line opens the administrator's private key.
    #[arg(long, value_name = "FILE")]
    pub(crate) identity_passphrase_file: Option<PathBuf>,
    /// The file to write.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) protection: KeyProtection,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// `sce access`
#[derive(Debug, Args)]
pub(crate) struct PersonAccess {
    /// The spec, a file ending in `.toml` or `.json`; or the Project Identifier Tag (PIT) of an environment that is built.
    #[arg(value_name = "SPEC|PIT")]
    pub(crate) environment: String,
    /// Only this person's.
    #[arg(long, value_name = "NAME")]
    pub(crate) person: Option<String>,
    /// A folder to write into, one folder a person; standard output when left out.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Ask no account: words in capitals stand for addresses and ids.
    #[arg(long)]
    pub(crate) offline: bool,
    /// Its region, when several have a PIT of that name.
    #[arg(long, value_parser = region)]
    pub(crate) region: Option<Region>,
    /// The folder that the key is kept in, when it is not `~/.ssh/PIT`.
    #[arg(long, value_name = "DIR", value_parser = folder)]
    pub(crate) keys_in: Option<String>,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// A folder that settings of ssh can name: they know no way to write a quotation mark, and a line ends a setting.
fn folder(text: &str) -> Result<String, String> {
    match text.chars().find(|c| *c == '"' || c.is_control()) {
        None if text.is_empty() => Err("no folder is given".to_owned()),
        None => Ok(text.trim_end_matches('/').to_owned()),
        Some(_) => Err("settings of ssh cannot name a folder with a quotation mark or an end of line".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::folder;
    use crate::cli::Cli;

    #[test]
    fn a_folder_cannot_smuggle_settings_in() {
        for hostile in ["a\"\nProxyCommand x", "a\nb", "a\"", ""] {
            assert!(Cli::try_parse_from(["sce", "access", "hipaa", "--keys-in", hostile]).is_err(), "{hostile:?}");
        }
        assert_eq!(folder("/keys of mine/").unwrap(), "/keys of mine");
    }
}
