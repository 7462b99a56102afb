//! How a command ends, and how a failure is told: once, at the edge, with its causes and what to do.

use std::error::Error;
use std::fmt;

use sce::archive::{ArchiveError, IdentityError, RestoreError, SignerError, VerifyError};
use sce::cidr::AllocationError;
use sce::cost::PriceMissing;
use sce::describe::TreeError;
use sce::keys::KeyError;
use sce::saved::SavedError;
use sce::spec::{Problem, UnknownPerson};
use sce::synth::JohnsError;
use sce::transfer::TransferError;
use sce::{
    AccessError, ApplyError, CloseOutError, CloudError, CollectError, CustodianError, ExistingError, FileError,
    FileTableError, FindError, HoldError, InvalidEndpoint, LeftBehind, LockError, PlanError, PowerError, RegistryError,
    RepairError, SessionError, SpecKeyError, Trouble, Undone,
};

/// The exit status, which programs rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done.
    Done,
    /// 1: done, and there are findings, violations, drift or leftovers.
    Findings,
    /// 2: bad usage, or an invalid spec or input file.
    Usage,
    /// 3: the cloud refused or failed.
    Cloud,
}

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
    causes: Vec<String>,
    details: Vec<String>,
    help: Option<String>,
}

impl Exit {
    /// Findings when there are any.
    pub(crate) fn findings(any: bool) -> Self {
        if any { Self::Findings } else { Self::Done }
    }

    /// The status that the process ends with.
    pub(crate) const fn status(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Findings => 1,
            Self::Usage => 2,
            Self::Cloud => 3,
        }
    }
}

impl Failure {
    /// A failure in our own words, of the one who asked.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        let (causes, details) = (Vec::new(), Vec::new());
        Self { exit: Exit::Usage, message: message.into(), causes, details, help: None }
    }

    /// A failure in our own words, of the cloud's doing or in the midst of it.
    pub(crate) fn cloud(message: impl Into<String>) -> Self {
        Self { exit: Exit::Cloud, ..Self::usage(message) }
    }

    /// An error of the library, with all its causes.
    pub(crate) fn of(exit: Exit, error: &dyn Error, help: Option<String>) -> Self {
        let plain = Self { exit, help, ..Self::usage(error.to_string()) };
        match error.source() {
            Some(source) => plain.because(source),
            None => plain,
        }
    }

    /// The failure with an error, and all behind it, as its cause.
    pub(crate) fn because(mut self, cause: &dyn Error) -> Self {
        let mut next = Some(cause);
        while let Some(error) = next {
            let text = error.to_string();
            let told = self.causes.last().unwrap_or(&self.message);
            // Some libraries repeat the cause in the message.
            if !told.contains(&text) {
                self.causes.push(text);
            }
            next = error.source();
        }
        self
    }

    /// The failure with what to do about it.
    pub(crate) fn advise(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// The failure with what is wrong in a file, where, and what to do about it.
    pub(crate) fn at(mut self, path: &str, line: Option<usize>, error: &dyn Error, help: Option<String>) -> Self {
        let mut chain = vec![error.to_string()];
        let mut next = error.source();
        while let Some(cause) = next {
            chain.push(cause.to_string());
            next = cause.source();
        }
        let problem = Problem { line, message: chain.join(": "), help };
        self.details.push(problem_lines(path, &problem));
        self
    }

    /// The failure with everything that is wrong in a file, each with its place.
    pub(crate) fn with_problems(self, path: &str, problems: &[Problem]) -> Self {
        self.with_details(problems.iter().map(|problem| problem_lines(path, problem)).collect())
    }

    /// The failure with lines that say more.
    fn with_details(self, details: Vec<String>) -> Self {
        Self { details, ..self }
    }

    /// The exit status.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        for cause in &self.causes {
            write!(f, "\n  caused by: {}", cause.trim_end().replace('\n', "\n    "))?;
        }
        for detail in &self.details {
            write!(f, "\n{detail}")?;
        }
        match &self.help {
            Some(help) => write!(f, "\nhelp: {help}"),
            None => Ok(()),
        }
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        match &error {
            FileError::Spec { path, source } => Self::usage(error.to_string()).with_problems(path, &source.problems),
            FileError::Lock { .. } => {
                let help = "mend it, or remove it and run `sce lock SPEC` again".to_owned();
                Self::of(Exit::Usage, &error, Some(help))
            }
            FileError::Key(error) => Self::of(Exit::Usage, error, error.help()),
            FileError::Read { .. } | FileError::Write { .. } => Self::of(Exit::Usage, &error, None),
        }
    }
}

/// `hipaa.toml:2: unknown field …`, and below it the help.
fn problem_lines(path: &str, problem: &Problem) -> String {
    let place = match problem.line {
        Some(line) => format!("{path}:{line}"),
        None => path.to_owned(),
    };
    match &problem.help {
        Some(help) => format!("{place}: {}\n  help: {help}", problem.message),
        None => format!("{place}: {}", problem.message),
    }
}

impl From<TreeError> for Failure {
    fn from(error: TreeError) -> Self {
        Self::of(Exit::Usage, &error, error.help())
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        Self::of(Exit::Usage, &error, error.help())
    }
}

impl From<InvalidEndpoint> for Failure {
    fn from(error: InvalidEndpoint) -> Self {
        Self::of(Exit::Usage, &error, error.help())
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        Self::of(of_session(&error), &error, error.help())
    }
}

fn of_session(error: &SessionError) -> Exit {
    match error {
        SessionError::Endpoint(_) | SessionError::OtherAccount { .. } => Exit::Usage,
        SessionError::Identity(_) | SessionError::Role { .. } => Exit::Cloud,
    }
}

impl From<CloudError> for Failure {
    fn from(error: CloudError) -> Self {
        Self::of(Exit::Cloud, &error, error.help().map(str::to_owned))
    }
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        let exit = match &error {
            LockError::NoSuchZone { .. } | LockError::NoImage { .. } => Exit::Usage,
            LockError::Cloud(_) | LockError::Existing(ExistingError::Cloud(_)) => Exit::Cloud,
            LockError::Existing(_) => Exit::Usage,
        };
        Self::of(exit, &error, error.help())
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        Self::of(of_registry(&error), &error, error.help())
    }
}

impl From<HoldError> for Failure {
    fn from(error: HoldError) -> Self {
        let exit = match &error {
            HoldError::Registry(error) => of_registry(error),
            HoldError::Reason | HoldError::None { .. } | HoldError::Several { .. } => Exit::Usage,
        };
        Self::of(exit, &error, error.help())
    }
}

impl From<RepairError> for Failure {
    fn from(error: RepairError) -> Self {
        let exit = match &error {
            RepairError::NotApplied => Exit::Usage,
            RepairError::Registry(error) => of_registry(error),
        };
        Self::of(exit, &error, error.help())
    }
}

impl From<SpecKeyError> for Failure {
    fn from(error: SpecKeyError) -> Self {
        match error {
            SpecKeyError::File(error) => error.into(),
            SpecKeyError::Key(error) => error.into(),
            SpecKeyError::Person(error) => error.into(),
            error => {
                let help = error.help();
                Self::of(Exit::Usage, &error, help)
            }
        }
    }
}

impl From<CustodianError> for Failure {
    fn from(error: CustodianError) -> Self {
        match error {
            CustodianError::Nobody => Self::of(Exit::Usage, &error, error.help()),
            CustodianError::Session(error) => error.into(),
        }
    }
}

impl From<FileTableError> for Failure {
    fn from(error: FileTableError) -> Self {
        let exit = match &error {
            FileTableError::Registry(error) => of_registry(error),
            FileTableError::NoTable { .. } => Exit::Usage,
            FileTableError::Cloud(_) => Exit::Cloud,
        };
        Self::of(exit, &error, error.help())
    }
}

/// A name that nobody knows is a slip of the one who asked.
fn of_registry(error: &RegistryError) -> Exit {
    match error {
        RegistryError::Unknown { .. } | RegistryError::ClosedOut { .. } => Exit::Usage,
        RegistryError::Cloud(_)
        | RegistryError::Leased { .. }
        | RegistryError::NoKey { .. }
        | RegistryError::Unreadable { .. } => Exit::Cloud,
    }
}

impl From<SavedError> for Failure {
    fn from(error: SavedError) -> Self {
        match error {
            SavedError::Collect(CollectError::Cloud(error)) => error.into(),
            SavedError::File(error) => error.into(),
            SavedError::Tree(error) => error.into(),
            SavedError::Collect(_) | SavedError::NotEmpty(_) | SavedError::Nothing(_) | SavedError::NoPlace(_) => {
                let help = error.help();
                Self::of(Exit::Usage, &error, help)
            }
        }
    }
}

impl From<FindError> for Failure {
    fn from(error: FindError) -> Self {
        let exit = match &error {
            FindError::Session(error) => of_session(error),
            FindError::Unknown(error) => of_registry(error),
            FindError::Ambiguous { .. } => Exit::Usage,
            FindError::Cloud(_) => Exit::Cloud,
        };
        Self::of(exit, &error, error.help())
    }
}

impl From<ApplyError> for Failure {
    fn from(error: ApplyError) -> Self {
        let exit = match &error {
            ApplyError::Offline
            | ApplyError::Elsewhere { .. }
            | ApplyError::Displaced { .. }
            | ApplyError::Loses { .. }
            | ApplyError::Runs { .. }
            | ApplyError::Ending { .. }
            | ApplyError::Existing { .. } => Exit::Usage,
            ApplyError::NoOrder(_)
            | ApplyError::Short { .. }
            | ApplyError::Registry { .. }
            | ApplyError::Node { .. }
            | ApplyError::Interrupted { .. }
            | ApplyError::TakenOver { .. }
            | ApplyError::Foreign { .. }
            | ApplyError::Twice { .. } => Exit::Cloud,
        };
        let details = match &error {
            ApplyError::Short { shortages } => shortages.iter().map(|short| format!("short: {short}")).collect(),
            _ => error.left_behind().map(left_lines).unwrap_or_default(),
        };
        Self::of(exit, &error, error.help()).with_details(details)
    }
}

/// What a stopped apply leaves in the account.
fn left_lines(left: &LeftBehind) -> Vec<String> {
    let mut lines = vec![match left.present.as_slice() {
        [] => "left behind: nothing".to_owned(),
        present => {
            format!("left behind: {}\n  the next `sce apply` finds them and goes on from there", present.join(", "))
        }
    }];
    if !left.in_doubt.is_empty() {
        lines.push(format!(
            "in doubt: {}\n  nobody knows whether they exist: their creation got no answer, or was not waited for",
            left.in_doubt.join(", ")
        ));
    }
    if !left.not_begun.is_empty() {
        lines.push(format!("not begun: {}", left.not_begun.join(", ")));
    }
    lines.extend(left.also_failed.iter().map(|failure| format!("also failed: {failure}")));
    if let Some(undone) = &left.undone {
        lines.extend(undone_lines(undone));
    }
    lines
}

/// What came of undoing a run.
pub(crate) fn undone_lines(undone: &Undone) -> Vec<String> {
    let deleted = match undone.deleted.as_slice() {
        [] => "undone: nothing".to_owned(),
        deleted => format!("undone: {}", deleted.join(", ")),
    };
    let pending = undone.pending.iter().map(|pending| format!("undone, and deleted by AWS later: {pending}"));
    let left = undone.left.iter().map(|left| format!("could not be undone: {left}"));
    let interrupted = undone.interrupted.then(|| "undoing was interrupted: `sce apply --undo SPEC` goes on".to_owned());
    [deleted].into_iter().chain(pending).chain(left).chain(interrupted).collect()
}

impl From<AllocationError> for Failure {
    /// A network that is too small is an answer; needs that cannot be are a slip.
    fn from(error: AllocationError) -> Self {
        let exit = match &error {
            AllocationError::Short { .. } | AllocationError::Fragmented { .. } => Exit::Findings,
            _ => Exit::Usage,
        };
        Self::of(exit, &error, error.help())
    }
}

impl From<JohnsError> for Failure {
    fn from(error: JohnsError) -> Self {
        Self::of(Exit::Usage, &error, error.help())
    }
}

impl From<PriceMissing> for Failure {
    fn from(error: PriceMissing) -> Self {
        Self::of(Exit::Usage, &error, error.help())
    }
}

impl From<TransferError> for Failure {
    fn from(error: TransferError) -> Self {
        let help = match &error {
            TransferError::Identifying { .. } => {
                Some("rename it after a study code that says nothing of the person; if it is no PHI, say why with `--reviewed REASON`".to_owned())
            }
            TransferError::TargetExists(_) => Some("choose another name, or add `--overwrite`".to_owned()),
            TransferError::Cloud(source) if source.trouble == Trouble::NotFound => {
                Some("`sce data ls PIT` lists what is there".to_owned())
            }
            _ => error.help(),
        };
        Self::of(of_transfer(&error), &error, help)
    }
}

fn of_transfer(error: &TransferError) -> Exit {
    match error {
        TransferError::Key(_)
        | TransferError::Identifying { .. }
        | TransferError::File { .. }
        | TransferError::NotAFile(_)
        | TransferError::TooLarge { .. }
        | TransferError::FileChanged { .. }
        | TransferError::TargetExists(_)
        | TransferError::PartialExists(_) => Exit::Usage,
        TransferError::Upload { .. }
        | TransferError::StoredOtherwise { .. }
        | TransferError::ObjectChanged(_)
        | TransferError::Differs { .. }
        | TransferError::Cloud(_) => Exit::Cloud,
    }
}

impl From<CloseOutError> for Failure {
    fn from(error: CloseOutError) -> Self {
        let exit = match &error {
            CloseOutError::Registry(error) => of_registry(error),
            CloseOutError::Archive(error) => of_archive(error),
            CloseOutError::Held { .. }
            | CloseOutError::Running { .. }
            | CloseOutError::Newer { .. }
            | CloseOutError::Unarchived { .. } => Exit::Findings,
            CloseOutError::Unread { .. }
            | CloseOutError::Beside(_)
            | CloseOutError::Interrupted { .. }
            | CloseOutError::Sweep(_) => Exit::Cloud,
        };
        let left = match &error {
            CloseOutError::Archive(_)
            | CloseOutError::Held { .. }
            | CloseOutError::Running { .. }
            | CloseOutError::Beside(_)
            | CloseOutError::Newer { .. }
            | CloseOutError::Unread { .. }
            | CloseOutError::Unarchived { .. } => {
                vec!["left behind: all that was there; `sce status` shows it".to_owned()]
            }
            CloseOutError::Interrupted { archive, deleted, left } => still_lines(archive.as_deref(), deleted, left),
            CloseOutError::Registry(RegistryError::Cloud(_)) | CloseOutError::Sweep(_) => {
                vec!["left behind: not known; `sce status` shows it, and `sce close-out` goes on from there".to_owned()]
            }
            CloseOutError::Registry(_) => Vec::new(),
        };
        Self::of(exit, &error, error.help()).with_details(left)
    }
}

/// How far an end got that was asked to stop.
fn still_lines(archive: Option<&str>, deleted: &[String], left: &[String]) -> Vec<String> {
    let or_none = |things: &[String]| if things.is_empty() { "nothing".to_owned() } else { things.join(", ") };
    vec![
        match archive {
            Some(manifest) => format!("archived: everything, in `{manifest}`"),
            None => "archived: not finished, so nothing was deleted".to_owned(),
        },
        format!("deleted: {}", or_none(deleted)),
        format!("left behind: {}", or_none(left)),
    ]
}

impl From<SignerError> for Failure {
    fn from(error: SignerError) -> Self {
        Self::of(Exit::Usage, &error, error.help())
    }
}

/// What the disk or the arguments are to blame for, and what AWS is.
fn of_archive(error: &ArchiveError) -> Exit {
    match error {
        ArchiveError::Size { .. } | ArchiveError::Unconfirmed { .. } | ArchiveError::Cloud(_) => Exit::Cloud,
        _ => Exit::Usage,
    }
}

impl From<PowerError> for Failure {
    /// A machine that is not there, or none at all, is a slip of the one who asked.
    fn from(error: PowerError) -> Self {
        let exit = match &error {
            PowerError::Registry(error) => of_registry(error),
            PowerError::NoMachines { .. } | PowerError::NotThere { .. } => Exit::Usage,
            PowerError::Foreign { .. } | PowerError::Machine { .. } => Exit::Cloud,
        };
        let left = match &error {
            PowerError::Machine { .. } => {
                vec!["left behind: machines on their way; `sce status` shows them".to_owned()]
            }
            _ => Vec::new(),
        };
        Self::of(exit, &error, error.help()).with_details(left)
    }
}

impl From<IdentityError> for Failure {
    fn from(error: IdentityError) -> Self {
        let help = match &error {
            IdentityError::NeedsPassphrase(_) => {
                Some("give the passphrase it was made with: `--passphrase-file FILE`".to_owned())
            }
            _ => error.help(),
        };
        Self::of(Exit::Usage, &error, help)
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Identity(error) => error.into(),
            error => Self::of(Exit::Usage, &error, error.help()),
        }
    }
}

impl From<UnknownPerson> for Failure {
    fn from(error: UnknownPerson) -> Self {
        Self::of(Exit::Usage, &error, Some(error.help()))
    }
}

impl From<AccessError> for Failure {
    fn from(error: AccessError) -> Self {
        Self::of(Exit::Cloud, &error, error.help())
    }
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        Self::of(Exit::Usage, &error, error.help())
    }
}

impl From<RestoreError> for Failure {
    /// A damaged archive is a finding, as it is to `sce archive verify`.
    fn from(error: RestoreError) -> Self {
        let exit = if matches!(error, RestoreError::Damaged(_)) { Exit::Findings } else { Exit::Usage };
        Self::of(exit, &error, error.help())
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn the_chain_is_told_once_and_the_help_last() {
        let cause = io::Error::other("the disk is full");
        let failure = Failure::usage("`a` cannot be written").because(&cause).advise("make room");
        assert_eq!(failure.to_string(), "error: `a` cannot be written\n  caused by: the disk is full\nhelp: make room");
    }

    #[test]
    fn a_cause_that_the_message_repeats_is_left_out() {
        let cause = io::Error::other("no route");
        assert_eq!(Failure::usage("failed: no route").because(&cause).to_string(), "error: failed: no route");
    }

    #[test]
    fn each_problem_of_a_spec_has_its_place() {
        let text = "pit = \"hipaa\"\nregoin = \"us-west-2\"\n";
        let source = sce::spec::parse(text, sce::spec::Format::Toml).unwrap_err();
        let failure = Failure::from(FileError::Spec { path: "a.toml".to_owned(), source });
        let told = failure.to_string();
        assert!(told.starts_with("error: `a.toml` is no valid spec\na.toml:2: unknown field `regoin`"), "{told}");
        assert!(told.ends_with("\n  help: did you mean `region`?"), "{told}");
    }

    #[test]
    fn a_stopped_apply_says_what_it_left() {
        let (present, in_doubt) = (vec!["vpc".to_owned(), "key".to_owned()], vec!["nat-gateway".to_owned()]);
        let undone = Undone { deleted: vec!["vpc".to_owned()], ..Undone::default() };
        let left = LeftBehind { present, in_doubt, undone: Some(undone), ..LeftBehind::default() };
        let (node, name, why) = ("bucket-data".to_owned(), "b".to_owned(), "no tag".to_owned());
        let failure = Failure::from(ApplyError::Foreign { node, name, why, left });
        assert_eq!(failure.exit(), Exit::Cloud);
        let told = failure.to_string();
        assert!(told.contains("\nleft behind: vpc, key\n"), "{told}");
        assert!(told.contains("\nin doubt: nat-gateway\n"), "{told}");
        assert!(told.contains("\nundone: vpc\n"), "{told}");
        assert_eq!(left_lines(&LeftBehind::default()), ["left behind: nothing"]);
    }
}
