//! Whether an archive is as its manifest says.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use age::Decryptor;
use jiff::Timestamp;

use super::files::{
    BESIDE, CERTIFICATE, CERTIFICATE_SIGNATURE, DOCUMENTS, Hashed, MANIFEST, OBJECTS, SIGNATURE, SIGNER, open_regular,
};
use super::manifest::{LONGEST, Stored};
use super::{Encryption, Identity, InvalidManifest, Manifest, Pin, SignerKey, VerifyError};
use crate::transfer::Digest;

/// What was found of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyReport {
    /// The last hash of its chain, to be compared with the one kept elsewhere: who rewrites an archive whole rewrites the chain too.
    pub head: Digest,
    /// Who signed it, by its manifest; none in an archive of an older version of sce.
    pub signer: Option<SignerKey>,
    /// How many documents it holds.
    pub documents: usize,
    /// How many versions of objects it holds.
    pub objects: usize,
    /// How many deletions it tells of.
    pub delete_markers: usize,
    /// How many bytes its contents have by the manifest.
    pub bytes: u128,
    /// Of an archive in a bucket: until when none of its objects may be deleted, where each says so.
    pub locked_until: Option<Timestamp>,
    /// Whether contents were compared too, not files only: that takes an identity where the archive is encrypted.
    pub contents_checked: bool,
    /// All that is wrong.
    pub problems: Vec<Problem>,
}

/// Something in an archive that is not as its manifest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which file, from the archive's folder.
    pub file: String,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a file of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The manifest's entries do not fit their chain of hashes: one was changed, moved, taken out or put in.
    Chain,
    /// It is not the manifest's signature by the key that the manifest names.
    Signature,
    /// It is by another key than those given, or there is none.
    OtherSigner,
    /// It is not there.
    Missing,
    /// The manifest does not know it.
    Extra,
    /// It is a link, a folder or a device.
    NotAFile,
    /// It is not what was written.
    Altered,
    /// It is what was written, but cannot be decrypted.
    Undecryptable,
    /// It is what was written, but its content is not what the manifest says.
    OtherContent,
    /// It is encrypted with another key than the manifest says.
    OtherKey,
}

impl VerifyReport {
    pub(super) fn of(manifest: &Manifest, contents_checked: bool, problems: Vec<Problem>) -> Self {
        Self {
            head: manifest.head,
            signer: manifest.signer.clone(),
            documents: manifest.documents.len(),
            objects: manifest.objects.len(),
            delete_markers: manifest.delete_markers.len(),
            bytes: manifest.files().map(|stored| u128::from(stored.content.0)).sum(),
            locked_until: None,
            contents_checked,
            problems,
        }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }

    /// The report of an archive that one of these keys must have signed: whoever rewrites an archive whole signs it anew, with another.
    #[must_use]
    pub fn signed_by(mut self, pins: &[Pin]) -> Self {
        let is_pinned = |signer: &SignerKey| pins.iter().any(|pin| pin.is_of(signer));
        if !pins.is_empty() && !self.signer.as_ref().is_some_and(is_pinned) {
            self.problems.insert(0, Problem { file: SIGNATURE.to_owned(), fault: Fault::OtherSigner });
        }
        self
    }
}

/// Reads an archive to the end and compares it with its manifest: files, chain and signature in any case, contents where they can be
/// read. Whose signature it should be is for [`VerifyReport::signed_by`].
///
/// # Errors
/// When there is no archive, its manifest is none, a file cannot be read, or the identity is not one it was made for.
pub fn verify(folder: &Path, identity: Option<&Identity>) -> Result<VerifyReport, VerifyError> {
    let ReadManifest { manifest, mut problems } = read_manifest(folder)?;
    for stored in manifest.files() {
        match check_file(folder, &manifest, &stored, identity, &mut io::sink()) {
            Ok(()) => {}
            Err(Refusal::Fault(fault)) => problems.push(Problem { file: stored.file.to_owned(), fault }),
            Err(Refusal::Archive(error)) => return Err(error),
            Err(Refusal::Output(source)) => return Err(VerifyError::File { path: folder.join(stored.file), source }),
        }
    }
    extras(folder, &manifest, &mut problems)?;
    let contents_checked = identity.is_some() || manifest.encryption != Encryption::Age;
    Ok(VerifyReport::of(&manifest, contents_checked, problems))
}

/// A manifest, and what is wrong with its chain and its signature.
pub(super) struct ReadManifest {
    pub(super) manifest: Manifest,
    pub(super) problems: Vec<Problem>,
}

impl ReadManifest {
    /// `side` has the content of a file beside the manifest, if it is there.
    pub(super) fn of(manifest: Manifest, text: &[u8], mut side: impl FnMut(&str) -> Option<Vec<u8>>) -> Self {
        let mut problems = Vec::new();
        let mut wrong = |file: &str, fault| problems.push(Problem { file: file.to_owned(), fault });
        if !manifest.is_chained() {
            wrong(MANIFEST, Fault::Chain);
        }
        if let Some(signer) = &manifest.signer {
            match side(SIGNATURE) {
                None => wrong(SIGNATURE, Fault::Missing),
                Some(signature) if signer.has_signed(text, &signature) => {}
                Some(_) => wrong(SIGNATURE, Fault::Signature),
            }
            let same =
                |key: &[u8]| std::str::from_utf8(key).ok().and_then(|key| key.parse().ok()).as_ref() == Some(signer);
            match side(SIGNER) {
                None => wrong(SIGNER, Fault::Missing),
                Some(key) if same(&key) => {}
                Some(_) => wrong(SIGNER, Fault::Altered),
            }
            // A run that went on without the key could not sign the certificate.
            if let Some(signature) = side(CERTIFICATE_SIGNATURE) {
                match side(CERTIFICATE) {
                    None => wrong(CERTIFICATE, Fault::Missing),
                    Some(certificate) if signer.has_signed(&certificate, &signature) => {}
                    Some(_) => wrong(CERTIFICATE, Fault::Altered),
                }
            }
        }
        Self { manifest, problems }
    }
}

/// A signature or a public key is a few hundred bytes; a certificate some hundred for each object.
pub(super) const LONGEST_SIDE: u64 = 1 << 30;

fn side_file(path: &Path) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    open_regular(path).ok()??.take(LONGEST_SIDE).read_to_end(&mut content).ok()?;
    Some(content)
}

pub(super) fn read_manifest(folder: &Path) -> Result<ReadManifest, VerifyError> {
    if !folder.is_dir() {
        return Err(VerifyError::NoFolder(folder.to_owned()));
    }
    let path = folder.join(MANIFEST);
    let invalid = |source| VerifyError::Manifest { path: folder.to_owned(), source: Box::new(source) };
    let opened = match open_regular(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        opened => opened.map_err(VerifyError::file(&path))?,
    };
    let file = opened.ok_or_else(|| VerifyError::NoManifest(folder.to_owned()))?;
    let mut json = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut json).map_err(VerifyError::file(&path))?;
    if json.len() as u64 > LONGEST {
        return Err(invalid(InvalidManifest::TooLong));
    }
    let manifest = Manifest::from_json(&json).map_err(invalid)?;
    Ok(ReadManifest::of(manifest, &json, |name| side_file(&folder.join(name))))
}

/// Why a file of the archive is not taken.
pub(super) enum Refusal {
    Fault(Fault),
    Archive(VerifyError),
    /// The output could not be written.
    Output(io::Error),
}

/// Compares one file with the manifest while its content, where it can be read, goes to the output.
///
/// What it wrote is worth nothing unless it returns well.
pub(super) fn check_file(
    folder: &Path,
    manifest: &Manifest,
    stored: &Stored<'_>,
    identity: Option<&Identity>,
    output: &mut dyn Write,
) -> Result<(), Refusal> {
    let path = folder.join(stored.file);
    let file = open(&path, stored)?;
    let mut file = Hashed::new(BufReader::new(file));
    let mut output = Output { inner: Hashed::new(output), error: None };
    let content = match (manifest.encryption, identity) {
        (Encryption::None | Encryption::Kms, _) => {
            io::copy(&mut file, &mut output).map(|_| true).map_err(age::DecryptError::Io)
        }
        (Encryption::Age, None) => Ok(false),
        (Encryption::Age, Some(identity)) => decrypt(&mut file, identity, &mut output).map(|()| true),
    };
    if let Some(error) = output.error {
        return Err(Refusal::Output(error));
    }
    let read = |error| Refusal::Archive(VerifyError::file(&path)(error));
    // Whatever the decryption left unread belongs to the file's hash as well.
    io::copy(&mut file, &mut io::sink()).map_err(read)?;
    let (_, sha256, bytes) = file.finish();
    if (bytes, sha256) != stored.stored {
        return Err(Refusal::Fault(Fault::Altered));
    }
    let (_, sha256, bytes) = output.inner.finish();
    match content {
        Ok(false) => Ok(()),
        Ok(true) if (bytes, sha256) == stored.content => Ok(()),
        Ok(true) => Err(Refusal::Fault(Fault::OtherContent)),
        Err(age::DecryptError::NoMatchingKeys) => {
            Err(Refusal::Archive(VerifyError::WrongIdentity { recipients: manifest.recipients.clone() }))
        }
        Err(_) => Err(Refusal::Fault(Fault::Undecryptable)),
    }
}

/// Opens a file that is one, of the size that the manifest says.
fn open(path: &Path, stored: &Stored<'_>) -> Result<File, Refusal> {
    let error = |error| Refusal::Archive(VerifyError::file(path)(error));
    let folder_is_link = path.parent().is_some_and(Path::is_symlink);
    match open_regular(path) {
        _ if folder_is_link => Err(Refusal::Fault(Fault::NotAFile)),
        Ok(None) => Err(Refusal::Fault(Fault::NotAFile)),
        Ok(Some(file)) if file.metadata().map_err(error)?.len() == stored.stored.0 => Ok(file),
        Ok(Some(_)) => Err(Refusal::Fault(Fault::Altered)),
        Err(found) if found.kind() == io::ErrorKind::NotFound => Err(Refusal::Fault(Fault::Missing)),
        Err(found) => Err(error(found)),
    }
}

fn decrypt(file: &mut impl Read, identity: &Identity, output: &mut dyn Write) -> Result<(), age::DecryptError> {
    let decryptor = Decryptor::new(file)?;
    let mut content = decryptor.decrypt(std::iter::once(&identity.0 as &dyn age::Identity))?;
    io::copy(&mut content, output)?;
    Ok(())
}

/// Remembers its own failure, which a copy would blame on the reader.
struct Output<'a> {
    inner: Hashed<&'a mut dyn Write>,
    error: Option<io::Error>,
}

impl Write for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner.write(bytes).map_err(|error| {
            let kind = error.kind();
            self.error = Some(error);
            kind.into()
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// What lies in the folder without being in the manifest.
fn extras(folder: &Path, manifest: &Manifest, problems: &mut Vec<Problem>) -> Result<(), VerifyError> {
    let mut known: BTreeSet<&str> = manifest.files().map(|stored| stored.file).collect();
    known.extend([OBJECTS, DOCUMENTS].into_iter().chain(BESIDE));
    for part in ["", OBJECTS, DOCUMENTS] {
        let path = folder.join(part);
        // A part that is missing or a link has made problems of its files already, or has none.
        if !part.is_empty() && !fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir()) {
            continue;
        }
        let mut names = Vec::new();
        for entry in fs::read_dir(&path).map_err(VerifyError::file(&path))? {
            let name = entry.map_err(VerifyError::file(&path))?.file_name().to_string_lossy().into_owned();
            names.push(if part.is_empty() { name } else { format!("{part}/{name}") });
        }
        names.retain(|name| !known.contains(name.as_str()));
        names.sort();
        problems.extend(names.into_iter().map(|file| Problem { file, fault: Fault::Extra }));
    }
    Ok(())
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.file.escape_debug(), self.fault)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chain => "has entries that do not fit its chain of hashes",
            Self::Signature => "is not the manifest's signature by the key that the manifest names",
            Self::OtherSigner => "is by none of the keys given",
            Self::Missing => "is missing",
            Self::Extra => "is not in the manifest",
            Self::NotAFile => "is not a file",
            Self::Altered => "is not what was written",
            Self::Undecryptable => "cannot be decrypted",
            Self::OtherKey => "is encrypted with another key than the manifest says",
            Self::OtherContent => "has another content than the manifest says",
        })
    }
}
