//! Whom a verb speaks to, and the one place where a session is opened.

use std::path::PathBuf;

use pyo3::prelude::*;
use sce::account::{AccountId, Region};
use sce::pit::Pit;
use sce::{Divergences, Endpoints, Mfa, Session, Stores};

use crate::errors::{Raise, input, refused};
use crate::inputs::read;
use crate::runtime::{Ending, Stop, wait};

/// Whom to speak to.
#[pyclass(frozen, skip_from_py_object, module = "sce._sce")]
#[derive(Clone)]
pub(crate) struct Target {
    target: sce::Target,
    divergences: Divergences,
}

#[pymethods]
impl Target {
    #[new]
    fn new(endpoints: Vec<String>, real_account: Option<&str>, divergences: Option<PathBuf>) -> PyResult<Self> {
        let target = match real_account {
            Some(account) => sce::Target::RealAccount(read::<AccountId>("an account", account)?),
            None => {
                let endpoints = Endpoints::from_flags(endpoints.iter().map(String::as_str));
                sce::Target::Emulator(endpoints.map_err(sce::SessionError::from).map_err(Raise::from)?)
            }
        };
        let divergences = match divergences {
            Some(path) => Divergences::from_toml(&sce::read_text(&path).map_err(Raise::from)?)
                .map_err(|error| refused(&error, None::<String>))?,
            None => Divergences::default(),
        };
        Ok(Self { target, divergences })
    }
}

/// Where on an account a verb works.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    /// In a region.
    Region(&'a Region),
    /// In the region whose registry knows the environment.
    Of(&'a Named),
}

/// An environment by its name, and its region where several have one of that name.
pub(crate) struct Named {
    pub(crate) pit: Pit,
    pub(crate) region: Option<Region>,
}

impl Named {
    /// As Python hands it over: the name and the region.
    pub(crate) fn read((pit, region): &(String, Option<String>)) -> Result<Self, Raise> {
        let region = region.as_deref().map(|text| read("a region", text)).transpose()?;
        Ok(Self { pit: read("a PIT", pit)?, region })
    }
}

impl Target {
    /// What the account's registries know; no session to keep comes of it.
    pub(crate) fn plain(&self) -> &sce::Target {
        &self.target
    }

    async fn session(&self, place: Place<'_>) -> Result<Session, Raise> {
        let session = match place {
            Place::Region(region) => Session::open(&self.target, region).await?,
            Place::Of(Named { pit, region }) => sce::find(&self.target, pit, region.as_ref()).await?,
        };
        Ok(session.with_divergences(self.divergences.clone()))
    }
}

/// Opens a session, does one piece of work in it, and waits for it as [`wait`] does.
pub(crate) fn in_session<T, W>(
    py: Python<'_>,
    target: &Target,
    place: Place<'_>,
    stop: &Stop,
    ending: Ending,
    work: impl FnOnce(Session) -> W + Send,
) -> PyResult<T>
where
    T: Send,
    W: Future<Output = Result<T, Raise>> + Send,
{
    wait(py, stop, ending, async { work(target.session(place).await?).await })
}

/// Whether to read as the custodian, from outside the endpoint; with the MFA device's serial number and the code that it shows.
#[derive(Clone, FromPyObject)]
pub(crate) struct AsCustodian(bool, Option<(String, String)>);

impl AsCustodian {
    pub(crate) const fn is_asked(&self) -> bool {
        self.0 || self.1.is_some()
    }

    /// The session as it is, or as the custodian's.
    pub(crate) async fn take_on(&self, session: Session, stores: &Stores) -> Result<Session, Raise> {
        let Self(asked, device) = self;
        let mfa = device.as_ref().map(|(serial, code)| Mfa { serial: serial.clone(), code: code.clone() });
        match asked {
            true => Ok(sce::as_custodian(&session, stores, mfa.as_ref()).await?),
            false if mfa.is_some() => Err(input("`mfa` is given, and `as_custodian` is not")),
            false => Ok(session),
        }
    }
}

/// Every environment that the account's registries know, of one region or of all.
#[pyfunction]
pub(crate) fn known(py: Python<'_>, target: &Target, region: Option<&str>, stop: &Stop) -> PyResult<Py<PyAny>> {
    let region: Option<Region> = region.map(|text| read("a region", text)).transpose()?;
    let known = wait(py, stop, Ending::AtOnce, sce::known(target.plain(), region.as_ref()))?;
    crate::offline::to_python(py, &known)
}
