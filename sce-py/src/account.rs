//! The verbs that need an account, or emulators standing in for one.

use std::path::PathBuf;

use pyo3::prelude::*;
use sce::access::{HandOver, sheet, ssh_config};
use sce::account::{AccountId, Region};
use sce::archive::{Dangerous, Destination, Identity, Protection, SecretString, make_identity};
use sce::pit::Pit;
use sce::{ApplyOptions, CloseOutOptions, Declared, Divergences, Endpoints, PowerOptions, Session};
use serde_json::{Value, json};

use crate::errors::{Raise, input, refused};
use crate::inputs::{Judging, read};
use crate::offline::{Lock, Model, Plan, Spec, to_python};
use crate::runtime::{Ending, Stop, Telling, wait};

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

impl Target {
    /// A session in a region: the first call.
    async fn open(&self, region: &Region) -> Result<Session, Raise> {
        Ok(Session::open(&self.target, region).await?.with_divergences(self.divergences.clone()))
    }

    /// A session in the region whose registry knows the environment.
    pub(crate) async fn find(&self, pit: &Pit, region: Option<&Region>) -> Result<Session, Raise> {
        let session = sce::find(&self.target, pit, region).await?;
        Ok(session.with_divergences(self.divergences.clone()))
    }
}

/// An environment by its name.
pub(crate) struct Named {
    pub(crate) pit: Pit,
    pub(crate) region: Option<Region>,
}

impl Named {
    pub(crate) fn read(pit: &str, region: Option<&str>) -> Result<Self, Raise> {
        let region = region.map(|text| read("a region", text)).transpose()?;
        Ok(Self { pit: read("a PIT", pit)?, region })
    }

    pub(crate) async fn open(&self, target: &Target) -> Result<Session, Raise> {
        target.find(&self.pit, self.region.as_ref()).await
    }
}

/// The lock that the account gives a spec; with `keep`, written beside the spec's file.
#[pyfunction]
pub(crate) fn resolve_lock(py: Python<'_>, spec: &Spec, target: &Target, keep: bool, stop: &Stop) -> PyResult<Lock> {
    let file = spec.file();
    let lock = wait(py, stop, Ending::AtOnce, async {
        let session = target.open(&spec.spec.region).await?;
        let lock = sce::resolve_lock(&session, &spec.spec).await?;
        match &file {
            Some(file) => Ok(file.with_keys(lock)?),
            None => Ok::<_, Raise>(lock),
        }
    })?;
    if let Some(file) = file.filter(|_| keep) {
        file.keep_lock(&lock).map_err(Raise::from)?;
    }
    Ok(Lock { lock })
}

/// Builds what is missing.
#[pyfunction]
pub(crate) fn apply(
    py: Python<'_>,
    plan: &Plan,
    target: &Target,
    judging: Judging,
    how: (bool, bool),
    told: Option<Py<PyAny>>,
    stop: &Stop,
) -> PyResult<Py<PyAny>> {
    let (terms, (take_over, undo_on_failure)) = (judging.terms(&plan.plan)?, how);
    let checked = py
        .detach(|| sce::check(plan.plan.clone(), plan.spec.clone(), plan.lock.clone(), terms))
        .map_err(Raise::from)?;
    let telling = Telling::new(told, stop);
    let applied = wait(py, stop, Ending::ByItself, async {
        let session = target.open(&plan.plan.region).await?;
        let interrupt = stop.interrupt();
        let options = ApplyOptions { take_over, undo_on_failure, interrupt, ..ApplyOptions::default() };
        Ok::<_, Raise>(sce::apply(&session, &checked, options, &|step| telling.step(step)).await?)
    });
    to_python(py, &telling.end(applied)?)
}

/// Reads everything back.
#[pyfunction]
pub(crate) fn verify(
    py: Python<'_>,
    plan: &Plan,
    target: &Target,
    judging: Judging,
    stop: &Stop,
) -> PyResult<Py<PyAny>> {
    let terms = judging.terms(&plan.plan)?;
    let seen = wait(py, stop, Ending::AtOnce, async {
        let session = target.open(&plan.plan.region).await?;
        Ok::<_, Raise>(sce::verify(&session, &plan.plan, &Declared::of(&plan.spec), &terms).await)
    })?;
    to_python(py, &seen)
}

/// How the account differs from a plan, and who did it where the trail tells.
#[pyfunction]
pub(crate) fn drift(
    py: Python<'_>,
    plan: &Plan,
    target: &Target,
    judging: Judging,
    stop: &Stop,
) -> PyResult<(Py<PyAny>, String)> {
    let terms = judging.terms(&plan.plan)?;
    let report = wait(py, stop, Ending::AtOnce, async {
        let session = target.open(&plan.plan.region).await?;
        Ok::<_, Raise>(sce::drift_of(&session, &plan.plan, &Declared::of(&plan.spec), &terms).await?)
    })?;
    Ok((to_python(py, &report)?, report.drift.to_text()))
}

/// What is there of an environment, in the terms of the plan it was last applied from.
#[pyfunction]
pub(crate) fn observe(
    py: Python<'_>,
    pit: &str,
    target: &Target,
    region: Option<&str>,
    stop: &Stop,
) -> PyResult<Model> {
    let named = Named::read(pit, region)?;
    wait(py, stop, Ending::AtOnce, async {
        let session = named.open(target).await?;
        let (spec, lock) = (sce::kept_spec(&session, &named.pit).await?, sce::kept_lock(&session, &named.pit).await?);
        let plan = sce::plan(&spec, &lock)?;
        let model = sce::observe(&session, &plan).await;
        Ok::<_, Raise>(Model { model, plan, spec, lock })
    })
}

/// What is there of an environment, by the registry and the account.
#[pyfunction]
pub(crate) fn status(
    py: Python<'_>,
    pit: &str,
    target: &Target,
    region: Option<&str>,
    stop: &Stop,
) -> PyResult<Py<PyAny>> {
    let named = Named::read(pit, region)?;
    let status = wait(py, stop, Ending::AtOnce, async {
        let session = named.open(target).await?;
        Ok::<_, Raise>(sce::status(&session, &named.pit).await?)
    })?;
    to_python(py, &status)
}

/// Stops or starts the machines.
#[pyfunction]
pub(crate) fn power(
    py: Python<'_>,
    pit: &str,
    target: &Target,
    region: Option<&str>,
    how: (bool, bool),
    told: Option<Py<PyAny>>,
    stop: &Stop,
) -> PyResult<Py<PyAny>> {
    let (named, (run, take_over)) = (Named::read(pit, region)?, how);
    let telling = Telling::new(told, stop);
    let powered = wait(py, stop, Ending::BetweenThings, async {
        let session = named.open(target).await?;
        let options = PowerOptions { take_over };
        let listener = |step: &sce::Step| telling.step(step);
        let powered = match run {
            true => sce::start(&session, &named.pit, options, &listener).await,
            false => sce::stop(&session, &named.pit, options, &listener).await,
        };
        Ok::<_, Raise>(powered?)
    });
    to_python(py, &telling.end(powered)?)
}

/// The machines that are there.
#[pyfunction]
pub(crate) fn machines(
    py: Python<'_>,
    pit: &str,
    target: &Target,
    region: Option<&str>,
    stop: &Stop,
) -> PyResult<Py<PyAny>> {
    let named = Named::read(pit, region)?;
    let found = wait(py, stop, Ending::AtOnce, async {
        let session = named.open(target).await?;
        Ok::<_, Raise>(sce::machines(&session, &named.pit).await?)
    })?;
    to_python(py, &found)
}

/// What people are handed to get in; without a target words stand for addresses and ids.
#[pyfunction]
pub(crate) fn hand_over(
    py: Python<'_>,
    plan: &Plan,
    person: Option<&str>,
    target: Option<&Target>,
    keys_in: Option<&str>,
    stop: &Stop,
) -> PyResult<Py<PyAny>> {
    let found = match target {
        None => Vec::new(),
        Some(target) => wait(py, stop, Ending::AtOnce, async {
            let session = target.open(&plan.plan.region).await?;
            Ok::<_, Raise>(sce::machines(&session, &plan.plan.pit).await?)
        })?,
    };
    let machines = sce::located(&found).map_err(Raise::from)?;
    let people = match person {
        Some(name) => vec![plan.spec.person(name).map_err(|error| refused(&error, Some(error.help())))?],
        None => plan.spec.access.people.iter().collect(),
    };
    let account = (!plan.lock.offline).then_some(&plan.lock.account);
    let handed = people.into_iter().map(|person| {
        let rotating = person.key.is_none() && plan.lock.previous_keys.contains_key(&person.name);
        let hand_over = HandOver { spec: &plan.spec, account, machines: &machines, person, rotating, folder: keys_in };
        let page = sheet(&hand_over);
        json!({
            "name": person.name,
            "email": person.email,
            "key": person.key.is_some() || plan.lock.keys.contains_key(&person.name),
            "rotating": rotating,
            "ssh_config": ssh_config(&hand_over),
            "markdown": page.to_markdown(),
            "html": page.to_html(),
        })
    });
    to_python(py, &handed.collect::<Vec<Value>>())
}

/// Saves what an account says of itself.
#[pyfunction]
pub(crate) fn collect(
    py: Python<'_>,
    folder: PathBuf,
    target: &Target,
    region: &str,
    replace: bool,
    told: Option<Py<PyAny>>,
    stop: &Stop,
) -> PyResult<Py<PyAny>> {
    let region: Region = read("a region", region)?;
    let telling = Telling::new(told, stop);
    let collected = wait(py, stop, Ending::AtOnce, async {
        let session = target.open(&region).await?;
        let listener = |path: &str| telling.tell(path, "saved", 0, 0);
        Ok::<_, Raise>(sce::saved::collect(&session, &folder, replace, &listener).await?)
    });
    to_python(py, &telling.end(collected)?)
}

/// Who can open an archive.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Opening {
    /// Public keys of age.
    recipients: Vec<String>,
    /// The file of the private key to make, or to use again.
    identity: Option<PathBuf>,
    passphrase: Option<String>,
    plain: bool,
}

impl Opening {
    fn protection(&self) -> Result<Protection, Raise> {
        if self.plain {
            return Ok(Protection::Plain(Dangerous::store_health_data_in_clear()));
        }
        let Some(path) = &self.identity else { return Ok(Protection::Recipients(self.recipients.clone())) };
        let passphrase = self.passphrase.clone().map(SecretString::from);
        let own = match path.exists() {
            true => Identity::load(path, passphrase.as_ref())?.recipient(),
            false => make_identity(path, passphrase.as_ref())?,
        };
        Ok(Protection::Recipients(vec![own]))
    }
}

/// Archives, deletes, and looks for what is left.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "Python hands each over by its place")]
pub(crate) fn close_out(
    py: Python<'_>,
    environment: (String, Option<String>),
    target: &Target,
    archive: PathBuf,
    opening: Opening,
    how: (bool, bool, bool, bool),
    told: Option<Py<PyAny>>,
    stop: &Stop,
) -> PyResult<Py<PyAny>> {
    let named = Named::read(&environment.0, environment.1.as_deref())?;
    let (take_over, discard_unarchived, while_machines_run, archive_again) = how;
    let telling = Telling::new(told, stop);
    let closed = wait(py, stop, Ending::BetweenThings, async {
        let session = named.open(target).await?;
        let spec = sce::kept_spec(&session, &named.pit).await?;
        let opening = match (opening.recipients.as_slice(), opening.plain) {
            // As the spec says, where the caller says nothing.
            ([], false) if !spec.archive.recipients.is_empty() => {
                Opening { recipients: spec.archive.recipients, identity: None, ..opening }
            }
            _ => opening,
        };
        let made_now = opening.identity.as_ref().filter(|path| !path.exists()).cloned();
        if opening.recipients.is_empty() && opening.identity.is_none() && !opening.plain {
            return Err(input("nobody could open the archive: neither `recipients` nor a key is given"));
        }
        let protection = opening.protection()?;
        let options = CloseOutOptions {
            archive: Destination::Folder { path: archive.clone(), protection },
            take_over,
            discard_unarchived,
            bypass_governance: false,
            while_machines_run,
            archive_again,
            signer: None,
            custodian: None,
        };
        let closed = sce::close_out(&session, &named.pit, &options, &|step| telling.step(step)).await;
        if let (Err(_), Some(path), false) = (&closed, made_now, archive.join("manifest.json").exists()) {
            // A key that opens nothing is not left lying about; the failure matters more than one to remove it.
            drop(std::fs::remove_file(path));
        }
        let identity = opening.identity.filter(|_| closed.is_ok());
        let mut told = json!(closed?);
        told["identity"] = json!(identity);
        Ok(told)
    });
    to_python(py, &telling.end(closed)?)
}
