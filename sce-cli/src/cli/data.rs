//! Data in and out, as arguments.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{Environment, Format};

/// Reading as the custodian, from outside the VPC.
#[derive(Debug, Args)]
pub(crate) struct AsCustodian {
    /// Take on the environment's custodian role first.
    #[arg(long)]
    pub(crate) as_custodian: bool,
    /// The serial number of the MFA device: the ARN of a virtual one.
    #[arg(long, value_name = "SERIAL", requires = "as_custodian", requires = "mfa_code")]
    pub(crate) mfa_serial: Option<String>,
    /// The code that it shows.
    #[arg(long, value_name = "CODE", requires = "as_custodian", requires = "mfa_serial")]
    pub(crate) mfa_code: Option<String>,
}

/// `sce data`
#[derive(Debug, Subcommand)]
pub(crate) enum Data {
    /// Copy a file into a store, encrypted, its hash compared.
    Put(Put),
    /// Copy an object out to a file, its hash compared.
    Get(Fetch),
    /// List what a store holds.
    Ls(List),
}

/// One of an environment's stores, as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Store {
    /// Data that came in (S3D).
    Data,
    /// Results to be taken out (S3O).
    Output,
    /// Everything beside the data (S3A).
    Ancillary,
}

/// `sce data put`
#[derive(Debug, Args)]
pub(crate) struct Put {
    /// The file.
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) environment: Environment,
    /// The object's key; the file's name when left out.
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// The store.
    #[arg(long, value_name = "STORE", value_enum, default_value_t = Store::Data)]
    pub(crate) to: Store,
    /// Why a name that looks like PHI is none.
    #[arg(long, value_name = "REASON", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) reviewed: Option<String>,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// `sce data get`
#[derive(Debug, Args)]
pub(crate) struct Fetch {
    #[command(flatten)]
    pub(crate) environment: Environment,
    /// The object's key.
    pub(crate) key: String,
    #[command(flatten)]
    pub(crate) custodian: AsCustodian,
    /// The file to write.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Overwrite the file if there is one.
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// The store.
    #[arg(long, value_name = "STORE", value_enum, default_value_t = Store::Data)]
    pub(crate) from: Store,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// `sce data ls`
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) environment: Environment,
    #[command(flatten)]
    pub(crate) custodian: AsCustodian,
    /// Only keys that begin so.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) prefix: String,
    /// The store.
    #[arg(long, value_name = "STORE", value_enum, default_value_t = Store::Data)]
    pub(crate) from: Store,
    /// Ask for each object's SHA-256 too: one more request for each.
    #[arg(long)]
    pub(crate) digests: bool,
    /// List the table of uploaded files instead: every version that came or went, as the environment's function recorded it. S3 tells the
    /// function after the fact, mostly within seconds and sometimes after a minute or longer, so what was just put may not be there yet.
    #[arg(long, conflicts_with_all = ["from", "digests"])]
    pub(crate) table: bool,
    #[command(flatten)]
    pub(crate) format: Format,
}
