//! The end of an environment, and the archives that it leaves.

use std::path::PathBuf;

use pyo3::prelude::*;
use sce::CloseOutOptions;
use sce::account::{AccountId, Region};
use sce::archive::{
    self, Dangerous, Destination, Identity, Pin, Protection, Retention, RetentionMode, SecretString, Signer, SignerKey,
    Vault, VaultPlace, make_identity,
};
use sce::aws::arn::Arn;
use serde_json::{Value, json};

use crate::errors::{Raise, input, refused};
use crate::inputs::read;
use crate::offline::to_python;
use crate::runtime::{Ending, Stop, Telling};
use crate::target::{AsCustodian, Named, Place, Target, in_session};

/// Where an archive is or goes.
enum Dest {
    Folder(PathBuf),
    Bucket(VaultPlace),
}

impl Dest {
    fn read(text: PathBuf) -> Result<Self, Raise> {
        match text.to_str().filter(|text| text.starts_with("s3:")) {
            Some(place) => {
                let place = place.parse::<VaultPlace>().map_err(|error| refused(&error, Some(error.help())))?;
                Ok(Self::Bucket(place))
            }
            None => Ok(Self::Folder(text)),
        }
    }
}

/// Who can open an archive, and what becomes of it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Archiving {
    archive: PathBuf,
    /// Public keys of age.
    recipients: Vec<String>,
    /// The file of the private key to make, or to use again.
    identity: Option<PathBuf>,
    passphrase: Option<String>,
    plain: bool,
    /// Of an archive in a bucket.
    retain_days: Option<u32>,
    retain_mode: String,
    kms_key: Option<String>,
    archive_account: Option<String>,
    /// The file of the key to sign with.
    signing_key: Option<PathBuf>,
    signing_passphrase: Option<String>,
}

/// How close-out goes about it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct ClosingOut {
    take_over: bool,
    discard_unarchived: bool,
    bypass_governance: bool,
    while_machines_run: bool,
    archive_again: bool,
    as_custodian: AsCustodian,
}

impl Archiving {
    /// For those who are named, those in the spec, or a key that is made now.
    fn protection(&self, spec: &sce::spec::Spec) -> Result<Protection, Raise> {
        if self.plain {
            return Ok(Protection::Plain(Dangerous::store_health_data_in_clear()));
        }
        if !self.recipients.is_empty() {
            return Ok(Protection::Recipients(self.recipients.clone()));
        }
        match &self.identity {
            None => Ok(Protection::Recipients(spec.archive.recipients.clone())),
            Some(path) => {
                let passphrase = secret(self.passphrase.as_deref());
                let own = match path.exists() {
                    true => Identity::load(path, passphrase.as_ref())?.recipient(),
                    false => make_identity(path, passphrase.as_ref())?,
                };
                Ok(Protection::Recipients(vec![own]))
            }
        }
    }

    fn destination(&self, dest: &Dest, spec: &sce::spec::Spec) -> Result<Destination, Raise> {
        let of_buckets = self.retain_days.is_some() || self.kms_key.is_some() || self.archive_account.is_some();
        match dest {
            Dest::Folder(_) if of_buckets => {
                let message = "`retain_days`, `kms_key` and `archive_account` are for an archive in a bucket";
                Err(input(message).advise("name one: `archive=\"s3://BUCKET/PREFIX\"`"))
            }
            Dest::Folder(path) => Ok(Destination::Folder { path: path.clone(), protection: self.protection(spec)? }),
            Dest::Bucket(place) => self.vault(place).map(Destination::Vault),
        }
    }

    fn vault(&self, place: &VaultPlace) -> Result<Vault, Raise> {
        if self.plain || self.passphrase.is_some() || !self.recipients.is_empty() {
            let message = "an archive in a bucket is encrypted with a KMS key, for no recipients of age's";
            return Err(input(message).advise("name the key with `kms_key=`, or archive into a folder"));
        }
        let (Some(days), Some(kms_key)) = (self.retain_days, &self.kms_key) else {
            let help = "`retain_days` says for how long nobody may delete it (HIPAA's documentation is kept 6 years: 2192), `kms_key` \
                        names a key that outlives the environment";
            return Err(input("an archive in a bucket needs `retain_days` and `kms_key`").advise(help));
        };
        let mode = match self.retain_mode.as_str() {
            "governance" => RetentionMode::Governance,
            "compliance" => RetentionMode::Compliance,
            other => return Err(input(format!("`{other}` is no mode: expected `governance` or `compliance`"))),
        };
        let account = self.archive_account.as_deref().map(|id| read::<AccountId>("an account", id)).transpose()?;
        let kms_key = read::<Arn>("a KMS key", kms_key)?;
        Ok(Vault { place: place.clone(), kms_key, retention: Retention { days, mode }, account })
    }

    fn signer(&self) -> Result<Option<Signer>, Raise> {
        let passphrase = secret(self.signing_passphrase.as_deref());
        let signer = self.signing_key.as_ref().map(|path| Signer::load(path, passphrase.as_ref())).transpose();
        signer.map_err(|error| refused(&error, error.help()))
    }
}

/// Archives, deletes, and looks for what is left.
#[pyfunction]
pub(crate) fn close_out(
    py: Python<'_>,
    environment: (String, Option<String>),
    target: &Target,
    archiving: Archiving,
    how: ClosingOut,
    told: Option<Py<PyAny>>,
    stop: &Stop,
) -> PyResult<Py<PyAny>> {
    let named = &Named::read(&environment)?;
    let dest = Dest::read(archiving.archive.clone())?;
    let telling = Telling::new(told, stop);
    let (listener, interrupt) = (telling.listener(), stop.interrupt());
    let closed = in_session(py, target, Place::Of(named), stop, Ending::ByItself, |session| async move {
        let spec = sce::kept_spec(&session, &named.pit).await?;
        let signer = archiving.signer()?;
        let custodian = match how.as_custodian.is_asked() {
            true => {
                let stores = sce::stores(&session, &named.pit).await?;
                Some(how.as_custodian.take_on(session.clone(), &stores).await?)
            }
            false => None,
        };
        // As the spec says, where the caller says nothing.
        let own = spec.archive.recipients.is_empty() && matches!(dest, Dest::Folder(_));
        let archiving = Archiving { identity: archiving.identity.filter(|_| own), ..archiving };
        let made_now = archiving.identity.as_ref().filter(|path| !path.exists()).cloned();
        let options = CloseOutOptions {
            archive: archiving.destination(&dest, &spec)?,
            take_over: how.take_over,
            discard_unarchived: how.discard_unarchived,
            bypass_governance: how.bypass_governance,
            while_machines_run: how.while_machines_run,
            archive_again: how.archive_again,
            signer,
            custodian,
            interrupt,
        };
        let has_archive = || matches!(&dest, Dest::Folder(folder) if folder.join("manifest.json").exists());
        // One that is finished there already has its own key, if any: this run makes no other.
        let had_archive = has_archive();
        let closed = sce::close_out(&session, &named.pit, &options, &listener).await;
        let unused = made_now.filter(|_| had_archive || !has_archive());
        if let Some(key) = &unused {
            // What came of the end matters more than that this key, which opens nothing, may stay.
            drop(std::fs::remove_file(key));
        }
        let closed = closed?;
        let mut told = json!(closed);
        told["identity"] = json!(archiving.identity.filter(|_| unused.is_none()));
        told["html"] = json!(closed.to_html());
        Ok(told)
    });
    to_python(py, &telling.end(closed)?)
}

/// An archive as it is read: where it is, and what opens it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Archived {
    archive: PathBuf,
    /// The bucket's region.
    region: Option<String>,
    /// The file of the private key.
    identity: Option<PathBuf>,
    passphrase: Option<String>,
}

impl Archived {
    fn identity(&self) -> Result<Option<Identity>, Raise> {
        let passphrase = secret(self.passphrase.as_deref());
        Ok(self.identity.as_ref().map(|path| Identity::load(path, passphrase.as_ref())).transpose()?)
    }

    /// The bucket's region, and whom to ask for it.
    fn of_bucket<'a>(&self, target: Option<&'a Target>) -> Result<(&'a Target, Region), Raise> {
        match (target, self.region.as_deref()) {
            (Some(target), Some(region)) => Ok((target, read("a region", region)?)),
            _ => Err(input("an archive in a bucket is read with a target, and the bucket's region")
                .advise("say `target=` and `region=`")),
        }
    }
}

/// Compares an archive with its manifest; `keys` are those that may have signed it.
#[pyfunction]
pub(crate) fn archive_verify(
    py: Python<'_>,
    archived: Archived,
    keys: Vec<String>,
    target: Option<&Target>,
    stop: &Stop,
) -> PyResult<Py<PyAny>> {
    let pin = |key: &String| {
        let help = "close-out told it as `signed_by`; `sce.status(pit, target).closed` has it too";
        key.parse::<Pin>().map_err(|error| refused(&error, Some(help)))
    };
    let pins = keys.iter().map(pin).collect::<Result<Vec<_>, _>>()?;
    let identity = archived.identity()?;
    let report = match Dest::read(archived.archive.clone())? {
        Dest::Folder(folder) => py.detach(|| archive::verify(&folder, identity.as_ref())).map_err(Raise::from)?,
        Dest::Bucket(place) => {
            let (target, region) = archived.of_bucket(target)?;
            in_session(py, target, Place::Region(&region), stop, Ending::AtOnce, |session| async move {
                archive::verify_vault(&session, &place).await.map_err(Raise::from)
            })?
        }
    };
    let report = report.signed_by(&pins);
    let problems = report.problems.iter().map(|one| json!({ "file": one.file, "fault": one.fault.to_string() }));
    let pinned = report.signer.as_ref().is_some_and(|signer| pins.iter().any(|pin| pin.is_of(signer)));
    let told = json!({
        "archive": archived.archive,
        "sound": report.is_sound(),
        "head": report.head,
        "signer": report.signer.as_ref().map(SignerKey::fingerprint),
        "signer_pinned": pinned,
        "documents": report.documents,
        "objects": report.objects,
        "delete_markers": report.delete_markers,
        "bytes": u64::try_from(report.bytes).unwrap_or(u64::MAX),
        "locked_until": report.locked_until.map(|until| until.to_string()),
        "contents_checked": report.contents_checked,
        "problems": problems.collect::<Vec<Value>>(),
    });
    to_python(py, &told)
}

/// Restores an archive into a folder.
#[pyfunction]
pub(crate) fn archive_restore(
    py: Python<'_>,
    archived: Archived,
    to: PathBuf,
    target: Option<&Target>,
    stop: &Stop,
) -> PyResult<Py<PyAny>> {
    let identity = archived.identity()?;
    let report = match Dest::read(archived.archive.clone())? {
        Dest::Folder(folder) => py.detach(|| archive::restore(&folder, identity.as_ref(), &to)).map_err(Raise::from)?,
        Dest::Bucket(place) => {
            let (target, region) = archived.of_bucket(target)?;
            in_session(py, target, Place::Region(&region), stop, Ending::AtOnce, |session| async move {
                archive::restore_vault(&session, &place, &to).await.map_err(Raise::from)
            })?
        }
    };
    let object = |restored: &archive::Restored| {
        let archive::Restored { bucket, key, version_id, path, by_key } = restored;
        json!({ "bucket": bucket, "key": key, "version_id": version_id, "file": path, "by_key": by_key })
    };
    let objects: Vec<Value> = report.objects.iter().map(object).collect();
    to_python(py, &json!({ "documents": report.documents, "objects": objects }))
}

/// Makes a private key of age, and says its public half.
#[pyfunction]
pub(crate) fn archive_identity(py: Python<'_>, path: PathBuf, passphrase: Option<&str>) -> PyResult<String> {
    Ok(py.detach(|| make_identity(&path, secret(passphrase).as_ref())).map_err(Raise::from)?)
}

fn secret(text: Option<&str>) -> Option<SecretString> {
    text.map(SecretString::from)
}
