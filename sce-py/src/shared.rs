//! What an account has once, for every environment in it.

use pyo3::prelude::*;
use sce::account::Region;
use sce::spec::Retention;
use sce::{AccountSettings, ApplyOptions};

use crate::errors::{Raise, input, refused};
use crate::inputs::read;
use crate::offline::{Spec, to_python};
use crate::runtime::{Ending, Stop, Telling};
use crate::target::{Place, Target, in_session};

/// What the account shall be like: as a spec says, or in a region by settings that are written as a spec's `[account]` is, in JSON.
#[derive(FromPyObject)]
pub(crate) struct Asked<'py>(Option<PyRef<'py, Spec>>, Option<String>, String);

impl Asked<'_> {
    fn settings(&self) -> Result<(AccountSettings, Region), Raise> {
        match self {
            Self(Some(spec), ..) => Ok((AccountSettings::of(&spec.spec), spec.spec.region.clone())),
            Self(None, Some(region), account) => {
                let account = serde_json::from_str(account).map_err(|error| refused(&error, None::<String>))?;
                let settings = AccountSettings { account, logs_days: Retention::default().logs_days };
                Ok((settings, read("a region", region)?))
            }
            Self(None, None, _) => {
                Err(input("neither a spec nor a region is given")
                    .advise("give a spec, or `region=` with the trail's home"))
            }
        }
    }
}

/// Reads how the account stands.
#[pyfunction]
pub(crate) fn account_status(py: Python<'_>, asked: Asked<'_>, target: &Target, stop: &Stop) -> PyResult<Py<PyAny>> {
    let (settings, region) = asked.settings()?;
    let settings = &settings;
    let found = in_session(py, target, Place::Region(&region), stop, Ending::AtOnce, |session| async move {
        Ok(sce::account_status(&session, settings).await)
    })?;
    to_python(py, &found)
}

/// Makes what the account lacks, and tightens what is loose.
#[pyfunction]
pub(crate) fn account_apply(
    py: Python<'_>,
    asked: Asked<'_>,
    target: &Target,
    take_over: bool,
    told: Option<Py<PyAny>>,
    stop: &Stop,
) -> PyResult<Py<PyAny>> {
    let (settings, region) = asked.settings()?;
    let settings = &settings;
    let options = ApplyOptions { take_over, interrupt: stop.interrupt(), ..ApplyOptions::default() };
    let telling = Telling::new(told, stop);
    let listener = telling.listener();
    let applied = in_session(py, target, Place::Region(&region), stop, Ending::ByItself, |session| async move {
        sce::apply_account(&session, settings, options, &listener).await.map_err(Raise::from)
    });
    to_python(py, &telling.end(applied)?)
}
