//! Errors of the library as exceptions of `sce.SceError`'s tree, with the causes, what to do, and what a program wants to know.

use std::error::Error;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use pythonize::pythonize;
use sce::archive::{ArchiveError, IdentityError, RestoreError, VerifyError};
use sce::spec::SpecError;
use sce::transfer::TransferError;
use sce::{
    AccessError, ApplyError, CloseOutError, CloudError, CollectError, CustodianError, ExistingError, FileError,
    FileTableError, FindError, HoldError, LeftBehind, LockError, PlanError, PowerError, Refused, RegistryError,
    RepairError, SessionError, SpecKeyError,
};
use serde::Serialize;
use serde_json::{Value, json};

/// An exception to be raised.
#[derive(Debug)]
pub(crate) struct Raise {
    /// The class's name in `sce._errors`.
    class: &'static str,
    message: String,
    causes: Vec<String>,
    help: Option<String>,
    /// Its attributes beside these.
    told: Vec<(&'static str, Value)>,
}

/// What is wrong with what was given: `InputError`.
pub(crate) fn input(message: impl Into<String>) -> Raise {
    Raise { class: "InputError", message: message.into(), causes: Vec::new(), help: None, told: Vec::new() }
}

/// The same of an error of the library that has no class of its own.
pub(crate) fn refused(error: &dyn Error, help: Option<impl Into<String>>) -> Raise {
    Raise::of("InputError", error, help.map(Into::into))
}

impl Raise {
    fn of(class: &'static str, error: &dyn Error, help: Option<String>) -> Self {
        let mut raise = Self { class, help, ..input(error.to_string()) };
        let mut next = error.source();
        while let Some(cause) = next {
            let text = cause.to_string();
            // Some libraries repeat the cause in the message.
            if !raise.causes.last().unwrap_or(&raise.message).contains(&text) {
                raise.causes.push(text);
            }
            next = cause.source();
        }
        raise
    }

    /// With what to do about it.
    pub(crate) fn advise(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// With an attribute.
    pub(crate) fn with(mut self, name: &'static str, value: impl Serialize) -> Self {
        self.told.push((name, json!(value)));
        self
    }

    /// With what AWS answered.
    fn by_cloud(self, error: &CloudError) -> Self {
        let CloudError { operation, resource, trouble, code, request_id, .. } = error;
        Self { class: "CloudError", ..self }
            .with("operation", operation)
            .with("resource", resource)
            .with("trouble", format!("{trouble:?}"))
            .with("code", code)
            .with("request_id", request_id)
            .with("may_be_done", error.outcome() == sce::Outcome::Unknown)
    }

    fn leaving(self, left: Option<&LeftBehind>) -> Self {
        match left {
            Some(LeftBehind { present, in_doubt, undone, .. }) => {
                let left = self.with("left_behind", present).with("in_doubt", in_doubt);
                match undone {
                    Some(undone) => left.with("undone", &undone.deleted),
                    None => left,
                }
            }
            None => self,
        }
    }

    fn object(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let told = PyDict::new(py);
        told.set_item("causes", &self.causes)?;
        told.set_item("help", &self.help)?;
        for (name, value) in &self.told {
            told.set_item(name, pythonize(py, value)?)?;
        }
        let class = py.import("sce._errors")?.getattr(self.class)?;
        Ok(class.call((&self.message,), Some(&told))?.unbind())
    }
}

impl From<Raise> for PyErr {
    fn from(raise: Raise) -> Self {
        Python::attach(|py| match raise.object(py) {
            Ok(object) => Self::from_value(object.into_bound(py)),
            Err(error) => error,
        })
    }
}

impl From<CloudError> for Raise {
    fn from(error: CloudError) -> Self {
        Self::of("CloudError", &error, error.help().map(str::to_owned)).by_cloud(&error)
    }
}

impl From<SpecError> for Raise {
    fn from(error: SpecError) -> Self {
        let help = match error.problems.as_slice() {
            [only] => only.help.clone(),
            _ => None,
        };
        Self::of("SpecError", &error, help).with("problems", &error.problems)
    }
}

impl From<FileError> for Raise {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Spec { path, source } => Self::from(source).with("path", path),
            FileError::Key(source) => source.into(),
            FileError::Read { ref path, ref source } | FileError::Write { ref path, ref source } => {
                Self::of("FileError", &error, None).with("filename", path).with("errno", source.raw_os_error())
            }
            FileError::Lock { ref path, .. } => {
                let help = "mend it, or remove it and make it again with `spec.lock(target)`".to_owned();
                Self::of("InputError", &error, Some(help)).with("path", path)
            }
        }
    }
}

impl From<PlanError> for Raise {
    fn from(error: PlanError) -> Self {
        Self::of("PlanError", &error, error.help())
    }
}

impl From<Refused> for Raise {
    fn from(error: Refused) -> Self {
        let help = "`.findings` and `.proofs` tell of each; `sce.explain(rule)` says what a rule is about".to_owned();
        let blocking = error.findings.iter().enumerate().filter(|(_, finding)| finding.blocks()).map(|(at, _)| at);
        Self::of("CheckFailed", &error, Some(help))
            .with("findings", &error.findings)
            .with("proofs", &error.proofs)
            .with("blocking", blocking.collect::<Vec<_>>())
    }
}

impl From<SessionError> for Raise {
    fn from(error: SessionError) -> Self {
        let raise = Self::of("TargetError", &error, error.help());
        match &error {
            SessionError::Endpoint(_) | SessionError::OtherAccount { .. } => raise,
            SessionError::Identity(cloud) | SessionError::Role { source: cloud, .. } => raise.by_cloud(cloud),
        }
    }
}

impl From<RegistryError> for Raise {
    fn from(error: RegistryError) -> Self {
        let help = error.help();
        match error {
            RegistryError::Cloud(cloud) => cloud.into(),
            RegistryError::Unknown { ref pit, ref known } => {
                Self::of("UnknownEnvironment", &error, help).with("pit", pit).with("known", known)
            }
            RegistryError::Leased { ref pit, ref holder, .. } => {
                Self::of("LeaseHeld", &error, help).with("pit", pit).with("holder", holder)
            }
            RegistryError::ClosedOut { ref pit } => Self::of("UnknownEnvironment", &error, help).with("pit", pit),
            RegistryError::NoKey { .. } | RegistryError::Unreadable { .. } => Self::of("SceError", &error, help),
        }
    }
}

impl From<FindError> for Raise {
    fn from(error: FindError) -> Self {
        match error {
            FindError::Session(error) => error.into(),
            FindError::Cloud(error) => error.into(),
            FindError::Unknown(error) => error.into(),
            FindError::Ambiguous { .. } => {
                Self::of("InputError", &error, Some("name the region: `region=\"…\"`".to_owned()))
            }
        }
    }
}

impl From<LockError> for Raise {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Cloud(error) | LockError::Existing(ExistingError::Cloud(error)) => error.into(),
            error => Self::of("PlanError", &error, error.help()),
        }
    }
}

impl From<ApplyError> for Raise {
    fn from(error: ApplyError) -> Self {
        if let ApplyError::Registry { source: RegistryError::Leased { pit, holder, .. }, .. } = &error {
            let help = error.help();
            return Self::of("LeaseHeld", &error, help).with("pit", pit).with("holder", holder);
        }
        let raise = Self::of("ApplyError", &error, error.help()).leaving(error.left_behind());
        match &error {
            ApplyError::Node { source, node, .. } => raise.by_cloud(source).with("node", node),
            ApplyError::Registry { source: RegistryError::Cloud(source), .. } => raise.by_cloud(source),
            _ => raise,
        }
    }
}

impl From<PowerError> for Raise {
    fn from(error: PowerError) -> Self {
        match error {
            PowerError::Registry(error) => error.into(),
            PowerError::Machine { ref source, .. } => Self::of("CloudError", &error, error.help()).by_cloud(source),
            error => Self::of("SceError", &error, error.help()),
        }
    }
}

impl From<RepairError> for Raise {
    fn from(error: RepairError) -> Self {
        match error {
            RepairError::Registry(error) => error.into(),
            RepairError::NotApplied => {
                let help = "`plan.changes(target)` shows what applying it would do; or put the spec back as it was";
                Self::of("PlanError", &error, Some(help.to_owned()))
            }
        }
    }
}

impl From<HoldError> for Raise {
    fn from(error: HoldError) -> Self {
        match error {
            HoldError::Registry(error) => error.into(),
            HoldError::Several { ref holds, .. } => {
                let named = holds.iter().map(|hold| format!("`number={}` ({})", hold.number, hold.reason));
                refused(&error, Some(format!("say which: {}", named.collect::<Vec<_>>().join(", "))))
            }
            HoldError::None { ref pit, .. } => {
                let help = format!("`sce.status(\"{pit}\", target).holds` are those in force");
                refused(&error, Some(help))
            }
            HoldError::Reason => refused(&error, error.help()),
        }
    }
}

impl From<CustodianError> for Raise {
    fn from(error: CustodianError) -> Self {
        match error {
            CustodianError::Session(error) => error.into(),
            CustodianError::Nobody => refused(&error, error.help()),
        }
    }
}

impl From<SpecKeyError> for Raise {
    fn from(error: SpecKeyError) -> Self {
        match error {
            SpecKeyError::File(error) => error.into(),
            error => Self::of("KeysError", &error, error.help()),
        }
    }
}

impl From<AccessError> for Raise {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Cloud(error) => error.into(),
            error => Self::of("SceError", &error, error.help()),
        }
    }
}

impl From<FileTableError> for Raise {
    fn from(error: FileTableError) -> Self {
        match error {
            FileTableError::Registry(error) => error.into(),
            FileTableError::Cloud(error) => error.into(),
            error => Self::of("InputError", &error, error.help()),
        }
    }
}

impl From<TransferError> for Raise {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::Cloud(error) => (*error).into(),
            TransferError::Upload { ref source, .. } => Self::of("CloudError", &error, error.help()).by_cloud(source),
            error => Self::of("TransferError", &error, error.help()),
        }
    }
}

impl From<CloseOutError> for Raise {
    fn from(error: CloseOutError) -> Self {
        let help = error.help();
        match error {
            CloseOutError::Registry(error) => error.into(),
            CloseOutError::Archive(ref archive) => Self::from_archive(&error, archive, help),
            CloseOutError::Unarchived { ref things, ref dumps } => {
                let help = "copy what must last elsewhere, then say `dangerously_discard_unarchived=True`".to_owned();
                let help =
                    [help].into_iter().chain(dumps.iter().map(ToString::to_string)).collect::<Vec<_>>().join("; ");
                Self::of("Unarchived", &error, Some(help)).with("things", things)
            }
            CloseOutError::Unread { ref source, .. }
            | CloseOutError::Sweep(ref source)
            | CloseOutError::Beside(ref source) => Self::of("CloudError", &error, help).by_cloud(source),
            CloseOutError::Running { ref machines, .. } => {
                let help = "stop them with `sce.stop`, or say `while_machines_run=True`".to_owned();
                Self::of("CloseOutRefused", &error, Some(help)).with("things", machines)
            }
            CloseOutError::Newer { .. } => {
                let help = "say `archive_again=True` to archive what is newer as well".to_owned();
                Self::of("CloseOutRefused", &error, Some(help))
            }
            CloseOutError::Held { .. } => Self::of("CloseOutRefused", &error, help),
            CloseOutError::Interrupted { ref left, .. } => {
                Self::of("CloudError", &error, help).with("left_behind", left)
            }
        }
    }
}

impl Raise {
    fn from_archive(error: &dyn Error, archive: &ArchiveError, help: Option<String>) -> Self {
        let raise = Self::of("ArchiveError", error, help);
        match archive {
            ArchiveError::Cloud(cloud) => raise.by_cloud(cloud),
            _ => raise,
        }
    }
}

impl From<IdentityError> for Raise {
    fn from(error: IdentityError) -> Self {
        Self::of("ArchiveError", &error, error.help())
    }
}

impl From<VerifyError> for Raise {
    fn from(error: VerifyError) -> Self {
        Self::of("ArchiveError", &error, error.help())
    }
}

impl From<RestoreError> for Raise {
    fn from(error: RestoreError) -> Self {
        Self::of("ArchiveError", &error, error.help())
    }
}

impl From<sce::saved::SavedError> for Raise {
    fn from(error: sce::saved::SavedError) -> Self {
        use sce::saved::SavedError;
        let help = error.help();
        match error {
            SavedError::Collect(CollectError::Cloud(error)) => error.into(),
            SavedError::File(error) => error.into(),
            error => Self::of("InputError", &error, help),
        }
    }
}
