//! The verbs on an environment: what a plan does to an account, and what is there of it.

use pyo3::prelude::*;
use sce::access::{HandOver, sheet, ssh_config};
use sce::account::Region;
use sce::value::NodeId;
use sce::{ApplyOptions, Declared, HoldDeed, Images, LockSource, PowerOptions, RepairOptions, SpecFile, UndoOptions};
use serde_json::{Value, json};

use crate::errors::{Raise, refused};
use crate::inputs::{Judging, read};
use crate::offline::{Lock, Model, Plan, Spec, to_python};
use crate::runtime::{Ending, Stop, Telling};
use crate::target::{Named, Place, Target, in_session};

/// The lock that the account gives a spec; with `keep`, written beside the spec's file.
#[pyfunction]
pub(crate) fn resolve_lock(
    py: Python<'_>,
    spec: &Spec,
    target: &Target,
    keep: bool,
    update_images: bool,
    stop: &Stop,
) -> PyResult<Lock> {
    let file = spec.file();
    let beside = file.as_ref().map(SpecFile::lock).transpose().map_err(Raise::from)?;
    let earlier = beside.and_then(|(lock, source)| (source == LockSource::File).then_some(lock));
    let images = if update_images { Images::Newest } else { Images::Keep };
    let lock = in_session(py, target, Place::Region(&spec.spec.region), stop, Ending::AtOnce, |session| async move {
        let resolved = sce::resolve_lock_again(&session, &spec.spec, earlier.as_ref(), images).await;
        resolved.map(|(lock, _)| lock).map_err(Raise::from)
    })?;
    let lock = match &file {
        Some(file) => file.with_keys(lock).map_err(Raise::from)?,
        None => lock,
    };
    if let Some(file) = file.filter(|_| keep) {
        file.keep_lock(&lock).map_err(Raise::from)?;
    }
    Ok(Lock { lock })
}

/// How apply goes about it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Applying {
    take_over: bool,
    undo_on_failure: bool,
    may_stop_machines: bool,
    reopen: bool,
    /// Places in the plan that may be deleted with the data that they hold.
    dangerously_replace: Vec<String>,
}

/// Builds what is missing.
#[pyfunction]
pub(crate) fn apply(
    py: Python<'_>,
    plan: &Plan,
    target: &Target,
    judging: Judging,
    how: Applying,
    told: Option<Py<PyAny>>,
    stop: &Stop,
) -> PyResult<Py<PyAny>> {
    let terms = judging.terms(&plan.plan)?;
    let replace = how.dangerously_replace.iter().map(|node| read::<NodeId>("a place in the plan", node));
    let options = ApplyOptions {
        take_over: how.take_over,
        undo_on_failure: how.undo_on_failure,
        may_stop_machines: how.may_stop_machines,
        reopen: how.reopen,
        dangerously_replace: replace.collect::<Result<_, _>>()?,
        interrupt: stop.interrupt(),
    };
    let checked = py
        .detach(|| sce::check(plan.plan.clone(), plan.spec.clone(), plan.lock.clone(), terms))
        .map_err(Raise::from)?;
    let telling = Telling::new(told, stop);
    let (listener, checked) = (telling.listener(), &checked);
    let applied = in_session(py, target, plan.place(), stop, Ending::ByItself, |session| async move {
        sce::apply(&session, checked, options, &listener).await.map_err(Raise::from)
    });
    to_python(py, &telling.end(applied)?)
}

/// Undoes the latest run that made anything which is still there.
#[pyfunction]
pub(crate) fn undo(
    py: Python<'_>,
    environment: (String, Option<String>),
    target: &Target,
    take_over: bool,
    told: Option<Py<PyAny>>,
    stop: &Stop,
) -> PyResult<Py<PyAny>> {
    let named = &Named::read(&environment)?;
    let telling = Telling::new(told, stop);
    let listener = telling.listener();
    let undone = in_session(py, target, Place::Of(named), stop, Ending::ByItself, |session| async move {
        let options = UndoOptions { take_over, interrupt: stop.interrupt() };
        sce::undo(&session, &named.pit, options, &listener).await.map_err(Raise::from)
    });
    to_python(py, &telling.end(undone)?)
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
    let (terms, declared) = (&judging.terms(&plan.plan)?, &Declared::of(&plan.spec));
    let seen = in_session(py, target, plan.place(), stop, Ending::AtOnce, |session| async move {
        Ok(sce::verify(&session, &plan.plan, declared, terms).await)
    })?;
    to_python(py, &seen)
}

/// What applying a plan would do to each thing, and the same for people.
#[pyfunction]
pub(crate) fn changes(py: Python<'_>, plan: &Plan, target: &Target, stop: &Stop) -> PyResult<(Py<PyAny>, String)> {
    let changes = in_session(py, target, plan.place(), stop, Ending::AtOnce, |session| async move {
        sce::changes(&session, &plan.plan).await.map_err(Raise::from)
    })?;
    Ok((to_python(py, &changes)?, sce::change::to_text(&changes)))
}

/// How the account differs from a plan, and who did it where the trail tells.
#[pyfunction]
pub(crate) fn drift(py: Python<'_>, plan: &Plan, target: &Target, judging: Judging, stop: &Stop) -> PyResult<Drift> {
    let (terms, declared) = (&judging.terms(&plan.plan)?, &Declared::of(&plan.spec));
    let report = in_session(py, target, plan.place(), stop, Ending::AtOnce, |session| async move {
        sce::drift_of(&session, &plan.plan, declared, terms).await.map_err(Raise::from)
    })?;
    Ok(Drift { report, plan: plan.plan.clone() })
}

/// Drift as it was seen, and the plan that it is held to: what a repair puts back, and nothing else.
#[pyclass(frozen, module = "sce._sce")]
pub(crate) struct Drift {
    report: sce::DriftReport,
    plan: sce::Plan,
}

#[pymethods]
impl Drift {
    fn told(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        to_python(py, &self.report)
    }

    fn text(&self) -> String {
        self.report.drift.to_text()
    }

    /// The places, among the findings, of those that a repair puts back.
    fn repairable(&self) -> Vec<usize> {
        let findings = self.report.drift.findings.iter().enumerate();
        findings.filter(|(_, finding)| finding.repair.is_done_here()).map(|(at, _)| at).collect()
    }

    fn repair(
        &self,
        py: Python<'_>,
        target: &Target,
        take_over: bool,
        told: Option<Py<PyAny>>,
        stop: &Stop,
    ) -> PyResult<Py<PyAny>> {
        let telling = Telling::new(told, stop);
        let listener = telling.listener();
        let place = Place::Region(&self.plan.region);
        let repaired = in_session(py, target, place, stop, Ending::BetweenThings, |session| async move {
            let options = RepairOptions { take_over };
            sce::repair(&session, &self.plan, &self.report.drift, options, &listener).await.map_err(Raise::from)
        });
        to_python(py, &telling.end(repaired)?)
    }
}

/// What is there of an environment, in the terms of the plan it was last applied from.
#[pyfunction]
pub(crate) fn observe(
    py: Python<'_>,
    environment: (String, Option<String>),
    target: &Target,
    stop: &Stop,
) -> PyResult<Model> {
    let named = &Named::read(&environment)?;
    in_session(py, target, Place::Of(named), stop, Ending::AtOnce, |session| async move {
        let (spec, lock) = (sce::kept_spec(&session, &named.pit).await?, sce::kept_lock(&session, &named.pit).await?);
        let plan = sce::plan(&spec, &lock)?;
        let model = sce::observe(&session, &plan).await;
        Ok(Model { model, plan, spec, lock, left_out: Vec::new() })
    })
}

/// What is there of an environment, by the registry and the account.
#[pyfunction]
pub(crate) fn status(
    py: Python<'_>,
    environment: (String, Option<String>),
    target: &Target,
    stop: &Stop,
) -> PyResult<Py<PyAny>> {
    let named = &Named::read(&environment)?;
    let status = in_session(py, target, Place::Of(named), stop, Ending::AtOnce, |session| async move {
        sce::status(&session, &named.pit).await.map_err(Raise::from)
    })?;
    let html = status.closed.as_ref().map(sce::Closed::to_html);
    let mut told = json!(status);
    if let Some(html) = html {
        told["closed"]["html"] = json!(html);
    }
    to_python(py, &told)
}

/// Places a legal hold, or releases one: by its number, or the only one in force.
#[pyfunction]
pub(crate) fn hold(
    py: Python<'_>,
    environment: (String, Option<String>),
    target: &Target,
    reason: &str,
    release: (bool, Option<u32>),
    take_over: bool,
    stop: &Stop,
) -> PyResult<Py<PyAny>> {
    let named = &Named::read(&environment)?;
    let deed = match release {
        (true, number) => HoldDeed::Release(number),
        (false, _) => HoldDeed::Place,
    };
    // It is one write under the lease, which is given back: nothing to stop in the midst of.
    let holds = in_session(py, target, Place::Of(named), stop, Ending::ByItself, |session| async move {
        sce::hold(&session, &named.pit, &deed, reason, take_over).await.map_err(Raise::from)
    })?;
    to_python(py, &holds)
}

/// Stops or starts the machines.
#[pyfunction]
pub(crate) fn power(
    py: Python<'_>,
    environment: (String, Option<String>),
    target: &Target,
    how: (bool, bool),
    told: Option<Py<PyAny>>,
    stop: &Stop,
) -> PyResult<Py<PyAny>> {
    let (named, (run, take_over)) = (&Named::read(&environment)?, how);
    let telling = Telling::new(told, stop);
    let listener = telling.listener();
    let powered = in_session(py, target, Place::Of(named), stop, Ending::BetweenThings, |session| async move {
        let options = PowerOptions { take_over };
        let powered = match run {
            true => sce::start(&session, &named.pit, options, &listener).await,
            false => sce::stop(&session, &named.pit, options, &listener).await,
        };
        powered.map_err(Raise::from)
    });
    to_python(py, &telling.end(powered)?)
}

/// The machines that are there.
#[pyfunction]
pub(crate) fn machines(
    py: Python<'_>,
    environment: (String, Option<String>),
    target: &Target,
    stop: &Stop,
) -> PyResult<Py<PyAny>> {
    let named = &Named::read(&environment)?;
    let found = in_session(py, target, Place::Of(named), stop, Ending::AtOnce, |session| async move {
        sce::machines(&session, &named.pit).await.map_err(Raise::from)
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
        Some(target) => in_session(py, target, plan.place(), stop, Ending::AtOnce, |session| async move {
            sce::machines(&session, &plan.plan.pit).await.map_err(Raise::from)
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
    folder: std::path::PathBuf,
    target: &Target,
    region: &str,
    replace: bool,
    told: Option<Py<PyAny>>,
    stop: &Stop,
) -> PyResult<Py<PyAny>> {
    let region: Region = read("a region", region)?;
    let telling = Telling::new(told, stop);
    let hear = &telling;
    let collected = in_session(py, target, Place::Region(&region), stop, Ending::AtOnce, |session| async move {
        let listener = |path: &str| hear.tell(path, "saved", 0, 0);
        sce::saved::collect(&session, &folder, replace, &listener).await.map_err(Raise::from)
    });
    to_python(py, &telling.end(collected)?)
}
