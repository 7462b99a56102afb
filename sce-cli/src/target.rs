//! From options and environment to a session; nothing is asked of any network until it is clear of whom.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use sce::account::Region;
use sce::pit::Pit;
use sce::{Divergences, Endpoints, Known, Session, Target};

use crate::cli::{Environment, Global};
use crate::failure::Failure;
use crate::progress::Progress;

/// Whom to speak to, and what those who answer cannot show.
#[derive(Debug)]
pub(crate) struct Chosen {
    target: Target,
    divergences: Divergences,
}

impl Chosen {
    /// As options and environment say; offline.
    ///
    /// # Errors
    /// When neither or both of emulator and real account are named, or a file or an endpoint is wrong.
    pub(crate) fn from(global: &Global) -> Result<Self, Failure> {
        // Names and values that are no text cannot be settings of ours.
        let variables = env::vars_os().filter_map(text).collect();
        Self::of(global, variables)
    }

    fn of(global: &Global, variables: Vec<(String, String)>) -> Result<Self, Failure> {
        let divergences = divergence_file(global, &variables);
        let target = target(global, variables)?;
        let divergences = match (&target, divergences) {
            (_, None) => Divergences::default(),
            (Target::Emulator(_), Some(path)) => read_divergences(&path)?,
            (Target::RealAccount(_), Some(path)) => {
                let message =
                    format!("divergences (`{}`) are of emulators, and a real account is named", path.display());
                return Err(Failure::usage(message).advise("leave out `--divergences` and unset `SCE_DIVERGENCES`"));
            }
        };
        Ok(Self { target, divergences })
    }

    /// A session in a region: the first call.
    ///
    /// # Errors
    /// When nobody answers, or the credentials are another account's.
    pub(crate) async fn open(self, region: &Region) -> Result<Session, Failure> {
        let session = Session::open(&self.target, region).await?;
        Ok(session.with_divergences(self.divergences))
    }

    /// The environments that the account's registries know, of one region or of all.
    ///
    /// # Errors
    /// As [`Chosen::open`], and when a registry cannot be listed.
    pub(crate) async fn overview(self, region: Option<&Region>) -> Result<Vec<Known>, Failure> {
        Ok(sce::known(&self.target, region).await?)
    }

    /// A session in the region whose registry knows the environment.
    ///
    /// # Errors
    /// As [`Chosen::open`], and when no registry knows it or several do.
    pub(crate) async fn find(self, pit: &Pit, region: Option<&Region>) -> Result<Session, Failure> {
        let session = sce::find(&self.target, pit, region).await?;
        Ok(session.with_divergences(self.divergences))
    }
}

/// The session of a command on an environment that is named.
///
/// # Errors
/// As [`Chosen::from`] and [`Chosen::find`].
pub(crate) async fn session(global: &Global, environment: &Environment) -> Result<Session, Failure> {
    let chosen = Chosen::from(global)?;
    let _progress = Progress::new(global.quiet, "looking for the environment");
    chosen.find(&environment.pit, environment.region.as_ref()).await
}

fn target(global: &Global, variables: Vec<(String, String)>) -> Result<Target, Failure> {
    let named = endpoint_variables(&variables);
    let flags = Endpoints::from_flags(global.endpoint_url.iter().map(String::as_str))?;
    if let Some(account) = &global.real_account {
        return match (flags.is_empty(), named.as_slice()) {
            (true, []) => Ok(Target::RealAccount(account.clone())),
            (false, _) => Err(both("`--endpoint-url`", "leave out the one or the other")),
            (true, names) => Err(both(&names.join(", "), "unset the variable, or leave out `--real-account`")),
        };
    }
    let endpoints = flags.or(Endpoints::from_environment(variables)?);
    if endpoints.is_empty() {
        return Err(neither());
    }
    Ok(Target::Emulator(endpoints))
}

fn both(what: &str, help: &str) -> Failure {
    Failure::usage(format!("`--real-account` and {what} are both given, and only one can be meant")).advise(help)
}

fn neither() -> Failure {
    Failure::usage("neither an emulator nor a real account is named, and sce does not guess").advise(
        "give `--endpoint-url http://127.0.0.1:PORT` (or set `AWS_ENDPOINT_URL`) for an emulator, or `--real-account ID` for AWS",
    )
}

/// The variables that name an endpoint of a service that is called.
fn endpoint_variables(variables: &[(String, String)]) -> Vec<String> {
    let names_one = |variable: &&(String, String)| match Endpoints::from_environment([(*variable).clone()]) {
        Ok(endpoints) => !endpoints.is_empty(),
        // An endpoint that would be refused is one all the same.
        Err(_) => true,
    };
    variables.iter().filter(names_one).map(|(name, _)| format!("`{name}`")).collect()
}

/// The option, else the variable.
fn divergence_file(global: &Global, variables: &[(String, String)]) -> Option<PathBuf> {
    let variable = || variables.iter().find(|(name, value)| name == "SCE_DIVERGENCES" && !value.is_empty());
    global.divergences.clone().or_else(|| variable().map(|(_, value)| PathBuf::from(value)))
}

fn read_divergences(path: &Path) -> Result<Divergences, Failure> {
    let text = sce::read_text(path)?;
    Divergences::from_toml(&text)
        .map_err(|error| Failure::usage(format!("`{}` is no list of divergences", path.display())).because(&error))
}

fn text((name, value): (OsString, OsString)) -> Option<(String, String)> {
    Some((name.into_string().ok()?, value.into_string().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;

    fn global(endpoints: &[&str], account: Option<&str>) -> Global {
        Global {
            endpoint_url: endpoints.iter().map(|&url| url.to_owned()).collect(),
            real_account: account.map(|id| id.parse().unwrap()),
            divergences: None,
            quiet: true,
        }
    }

    fn refused(global: &Global, variables: &[(&str, &str)]) -> String {
        let failure = Chosen::of(global, owned(variables)).unwrap_err();
        assert_eq!(failure.exit(), Exit::Usage);
        failure.to_string()
    }

    fn owned(variables: &[(&str, &str)]) -> Vec<(String, String)> {
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn an_emulator_or_an_account_must_be_named() {
        let text = refused(&global(&[], None), &[("AWS_ENDPOINT_URL_GLACIER", "http://127.0.0.1:1")]);
        assert!(text.starts_with("error: neither an emulator nor a real account is named"), "{text}");
        assert!(text.contains("help: give `--endpoint-url http://127.0.0.1:PORT`"), "{text}");
    }

    #[test]
    fn not_both_and_it_says_which() {
        let both = global(&["http://127.0.0.1:1"], Some("111122223333"));
        assert!(refused(&both, &[]).contains("`--real-account` and `--endpoint-url` are both given"));
        let account = global(&[], Some("111122223333"));
        let text = refused(&account, &[("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")]);
        assert!(text.contains("`--real-account` and `AWS_ENDPOINT_URL_S3` are both given"), "{text}");
        let elsewhere = refused(&account, &[("AWS_ENDPOINT_URL", "https://example.org")]);
        assert!(elsewhere.contains("`AWS_ENDPOINT_URL`"), "{elsewhere}");
    }

    #[test]
    fn a_real_account_has_no_divergences() {
        let account = global(&[], Some("111122223333"));
        assert!(Chosen::of(&account, Vec::new()).is_ok());
        let text = refused(&account, &[("SCE_DIVERGENCES", "moto.toml")]);
        assert!(text.contains("divergences (`moto.toml`) are of emulators"), "{text}");
    }

    #[test]
    fn the_environment_names_an_emulator_too() {
        let chosen = Chosen::of(&global(&[], None), owned(&[("AWS_ENDPOINT_URL", "http://127.0.0.1:1")])).unwrap();
        let expected = Endpoints::from_flags(["http://127.0.0.1:1"]).unwrap();
        assert_eq!(chosen.target, Target::Emulator(expected));
    }
}
