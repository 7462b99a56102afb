//! Making an archive.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use age::stream::StreamWriter;
use age::{Encryptor, x25519};
use jiff::Timestamp;
use sce_core::account::{AccountId, Region};
use sce_core::pit::Pit;

use super::files::{DOCUMENTS, Hashed, MANIFEST, OBJECTS, is_empty_or_absent};
use super::manifest::{SCHEMA_VERSION, document_file, is_document_name, object_file};
use super::{ArchiveError, DeleteMarker, Document, Encryption, InvalidRecipient, Manifest, Object};
use crate::transfer::{Digest, file};

/// Who can read an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protection {
    /// The holders of these recipients' identities (`age1…`).
    Recipients(Vec<String>),
    /// Whoever holds the disk.
    Plain(Dangerous),
}

/// Says that Protected Health Information may lie on a disk in clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dangerous(());

impl Dangerous {
    /// The archive is not encrypted: whatever holds it must be, and must stay so.
    #[must_use]
    pub fn store_health_data_in_clear() -> Self {
        Self(())
    }
}

/// What a manifest says of the archive as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Whose environment it was.
    pub pit: Pit,
    /// The account it was in.
    pub account: AccountId,
    /// The region it was in.
    pub region: Region,
    /// When the archive is made.
    pub made_at: Timestamp,
}

/// What is known of an object before its content comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectMeta {
    /// The bucket it is in.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// AWS's id of this version, if the bucket keeps versions.
    pub version_id: Option<String>,
    /// Whether it is the latest version.
    pub latest: bool,
    /// When it was put into the bucket.
    pub last_modified: Option<Timestamp>,
}

/// An archive being made. It is one once [`Writer::finish`] has written the manifest.
#[derive(Debug)]
pub struct Writer {
    folder: PathBuf,
    recipients: Vec<x25519::Recipient>,
    encryption: Encryption,
    documents: Vec<Document>,
    objects: Vec<Object>,
    delete_markers: Vec<DeleteMarker>,
}

impl Writer {
    /// Begins an archive in a folder that is empty or not there yet; only its owner may enter it.
    ///
    /// # Errors
    /// When the folder holds something, a recipient is none, there is none, or the disk fails.
    pub fn create(folder: &Path, protection: &Protection) -> Result<Self, ArchiveError> {
        let (encryption, recipients) = match protection {
            Protection::Plain(Dangerous(())) => (Encryption::None, Vec::new()),
            Protection::Recipients(texts) => (Encryption::Age, parse_recipients(texts)?),
        };
        if !is_empty_or_absent(folder).map_err(ArchiveError::file(folder))? {
            return Err(ArchiveError::NotEmpty(folder.to_owned()));
        }
        for part in [OBJECTS, DOCUMENTS] {
            let path = folder.join(part);
            file::create_private_folder(&path).map_err(ArchiveError::file(&path))?;
        }
        let folder = folder.to_owned();
        let (documents, objects, delete_markers) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { folder, recipients, encryption, documents, objects, delete_markers })
    }

    /// Adds a document, such as the specification or the journal.
    ///
    /// # Errors
    /// When the name is not lower-case letters, digits, `.`, `_` and `-`, or is taken, or the disk fails.
    pub fn add_document(&mut self, name: &str, content: &[u8]) -> Result<(), ArchiveError> {
        if !is_document_name(name) {
            return Err(ArchiveError::DocumentName(name.to_owned()));
        }
        if self.documents.iter().any(|document| document.name == name) {
            return Err(ArchiveError::DocumentExists(name.to_owned()));
        }
        let file = document_file(name, self.encryption);
        let mut sealed = self.seal(&file)?;
        sealed.write_all(content).map_err(ArchiveError::file(&self.folder.join(&file)))?;
        let Sums { bytes, sha256, stored_bytes, stored_sha256 } = sealed.finish()?;
        self.documents.push(Document { file, name: name.to_owned(), bytes, sha256, stored_bytes, stored_sha256 });
        Ok(())
    }

    /// Adds a version of an object, reading its content to the end.
    ///
    /// # Errors
    /// When the content cannot be read or the disk fails; the archive is then as before.
    pub fn add_object(&mut self, meta: ObjectMeta, content: &mut dyn Read) -> Result<&Object, ArchiveError> {
        let mut sink = self.begin_object(meta)?;
        let path = sink.path().to_owned();
        io::copy(content, &mut sink).map_err(ArchiveError::file(&path))?;
        sink.finish()
    }

    /// Begins a version of an object, whose content is then written to the sink piece by piece.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn begin_object(&mut self, meta: ObjectMeta) -> Result<ObjectSink<'_>, ArchiveError> {
        let file = object_file(self.objects.len() as u64 + 1, self.encryption);
        let sealed = self.seal(&file)?;
        Ok(ObjectSink { objects: &mut self.objects, meta, file, sealed })
    }

    /// Adds a deletion.
    pub fn add_delete_marker(&mut self, marker: DeleteMarker) {
        self.delete_markers.push(marker);
    }

    /// Writes the manifest: from now on the folder is an archive. Its head is to be kept elsewhere.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn finish(self, about: About) -> Result<Manifest, ArchiveError> {
        let About { pit, account, region, made_at } = about;
        let mut manifest = Manifest {
            schema_version: SCHEMA_VERSION,
            pit,
            account,
            region,
            made_at,
            encryption: self.encryption,
            recipients: self.recipients.iter().map(ToString::to_string).collect(),
            documents: self.documents,
            objects: self.objects,
            delete_markers: self.delete_markers,
            chain: Vec::new(),
            head: Digest::of(b""),
        };
        manifest.chain = manifest.computed_chain();
        manifest.head = *manifest.chain.last().expect("the archive itself is the first link");
        let path = self.folder.join(MANIFEST);
        write_manifest(&self.folder, &path, &manifest).map_err(ArchiveError::file(&path))?;
        Ok(manifest)
    }

    fn seal(&self, name: &str) -> Result<Sealed, ArchiveError> {
        let path = self.folder.join(name);
        Sealed::create(&path, &self.recipients).map_err(ArchiveError::file(&path))
    }
}

fn parse_recipients(texts: &[String]) -> Result<Vec<x25519::Recipient>, ArchiveError> {
    if texts.is_empty() {
        return Err(ArchiveError::NoRecipients);
    }
    let parse = |text: &String| text.trim().parse().map_err(|_| InvalidRecipient::new(text).into());
    texts.iter().map(parse).collect()
}

fn write_manifest(folder: &Path, path: &Path, manifest: &Manifest) -> io::Result<()> {
    // The names of the files must be on the disk before the manifest that relies on them.
    file::sync_folder_of(&folder.join(OBJECTS).join("any"))?;
    file::sync_folder_of(&folder.join(DOCUMENTS).join("any"))?;
    let partial = folder.join("manifest.json.partial");
    let mut output = BufWriter::new(file::create_private(&partial)?);
    serde_json::to_writer_pretty(&mut output, manifest)?;
    output.write_all(b"\n")?;
    output.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    fs::rename(&partial, path)?;
    file::sync_folder_of(path)
}

/// Where the content of one object goes. An object whose sink is dropped is not in the archive.
pub struct ObjectSink<'a> {
    objects: &'a mut Vec<Object>,
    meta: ObjectMeta,
    file: String,
    sealed: Sealed,
}

impl<'a> ObjectSink<'a> {
    /// Ends the object: its file is on the disk when this returns.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn finish(self) -> Result<&'a Object, ArchiveError> {
        let ObjectMeta { bucket, key, version_id, latest, last_modified } = self.meta;
        let Sums { bytes, sha256, stored_bytes, stored_sha256 } = self.sealed.finish()?;
        let file = self.file;
        let at = self.objects.len();
        self.objects.push(Object {
            file,
            bucket,
            key,
            version_id,
            latest,
            bytes,
            sha256,
            stored_bytes,
            stored_sha256,
            last_modified,
        });
        Ok(&self.objects[at])
    }

    /// The digest of what was written so far.
    pub(super) fn digest(&self) -> Digest {
        self.sealed.content.digest()
    }

    pub(super) fn path(&self) -> &Path {
        &self.sealed.path.0
    }
}

impl Write for ObjectSink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sealed.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sealed.flush()
    }
}

type Disk = Hashed<BufWriter<File>>;

/// A file of the archive being written, encrypted or not.
struct Sealed {
    // Fields drop in this order: the file is closed before it is removed.
    content: Hashed<Layer>,
    path: RemovedOnDrop,
}

enum Layer {
    Age(StreamWriter<Disk>),
    Plain(Disk),
}

/// Sizes in bytes, and digests.
struct Sums {
    bytes: u64,
    sha256: Digest,
    stored_bytes: u64,
    stored_sha256: Digest,
}

impl Sealed {
    fn create(path: &Path, recipients: &[x25519::Recipient]) -> io::Result<Self> {
        let disk = Hashed::new(BufWriter::new(file::create_private(path)?));
        let path = RemovedOnDrop(path.to_owned());
        let layer = if recipients.is_empty() {
            Layer::Plain(disk)
        } else {
            let recipients = recipients.iter().map(|recipient| recipient as &dyn age::Recipient);
            let encryptor = Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
            Layer::Age(encryptor.wrap_output(disk)?)
        };
        Ok(Self { content: Hashed::new(layer), path })
    }

    fn finish(self) -> Result<Sums, ArchiveError> {
        let (layer, sha256, bytes) = self.content.finish();
        let disk = match layer {
            Layer::Age(stream) => stream.finish(),
            Layer::Plain(disk) => Ok(disk),
        };
        let (buffer, stored_sha256, stored_bytes) = disk.map_err(ArchiveError::file(&self.path.0))?.finish();
        let file = buffer.into_inner().map_err(|error| ArchiveError::file(&self.path.0)(error.into_error()))?;
        file.sync_all().map_err(ArchiveError::file(&self.path.0))?;
        self.path.keep();
        Ok(Sums { bytes, sha256, stored_bytes, stored_sha256 })
    }
}

impl Write for Sealed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.content.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.content.flush()
    }
}

impl Write for Layer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Age(stream) => stream.write(bytes),
            Self::Plain(disk) => disk.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Age(stream) => stream.flush(),
            Self::Plain(disk) => disk.flush(),
        }
    }
}

struct RemovedOnDrop(PathBuf);

impl RemovedOnDrop {
    fn keep(mut self) {
        self.0 = PathBuf::new();
    }
}

impl Drop for RemovedOnDrop {
    fn drop(&mut self) {
        if !self.0.as_os_str().is_empty()
            && let Err(error) = fs::remove_file(&self.0)
        {
            tracing::warn!(path = %self.0.display(), error = %error, "an unfinished file is left in the archive");
        }
    }
}
