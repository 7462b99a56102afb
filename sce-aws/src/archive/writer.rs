//! Making an archive.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use age::stream::StreamWriter;
use age::{Encryptor, x25519};
use jiff::Timestamp;
use sce_core::account::{AccountId, Region};
use sce_core::pit::Pit;

use super::contents::{Contents, Signed, Sums};
use super::files::{DOCUMENTS, Hashed, MANIFEST, OBJECTS, SIGNATURE, SIGNER, is_empty_or_absent, write_whole};
use super::sink::{Added, Entry};
use super::unfinished::Unfinished;
use super::{ArchiveError, DeleteMarker, Encryption, InvalidRecipient, Manifest, Signer};
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
    contents: Contents,
    /// Held while it is being made, so that no other run begins anew under it.
    _mark: Option<File>,
}

impl Writer {
    /// Begins an archive in a folder that is empty or not there yet; only its owner may enter it.
    ///
    /// # Errors
    /// When the folder holds something, a recipient is none, there is none, or the disk fails.
    pub fn create(folder: &Path, protection: &Protection) -> Result<Self, ArchiveError> {
        Self::begun(folder, protection, |folder| {
            match is_empty_or_absent(folder).map_err(ArchiveError::file(folder))? {
                true => Ok(None),
                false => Err(ArchiveError::NotEmpty(folder.to_owned())),
            }
        })
    }

    /// Begins an archive in a folder that is empty, or where an earlier run began this very archive and did not finish it: what lies
    /// there of it is taken away, unread, and it is made anew.
    pub(crate) fn create_marked(
        folder: &Path,
        protection: &Protection,
        mark: &Unfinished,
    ) -> Result<Self, ArchiveError> {
        Self::begun(folder, protection, |folder| mark.begin(folder).map(Some))
    }

    /// Begins it once the folder is found to be fit, or made so; whoever can open the archive is looked at first.
    fn begun(
        folder: &Path,
        protection: &Protection,
        make_fit: impl FnOnce(&Path) -> Result<Option<File>, ArchiveError>,
    ) -> Result<Self, ArchiveError> {
        let (encryption, recipients) = match protection {
            Protection::Plain(Dangerous(())) => (Encryption::None, Vec::new()),
            Protection::Recipients(texts) => (Encryption::Age, parse_recipients(texts)?),
        };
        let mark = make_fit(folder)?;
        for part in [OBJECTS, DOCUMENTS] {
            let path = folder.join(part);
            file::create_private_folder(&path).map_err(ArchiveError::file(&path))?;
        }
        let folder = folder.to_owned();
        Ok(Self { folder, recipients, encryption, contents: Contents::default(), _mark: mark })
    }

    /// Adds a document, such as the specification or the journal.
    ///
    /// # Errors
    /// When the name is not lower-case letters, digits, `.`, `_` and `-`, or is taken, or the disk fails.
    pub fn add_document(&mut self, name: &str, content: &[u8]) -> Result<(), ArchiveError> {
        let mut sink = self.begin(Entry::Document(name.to_owned()))?;
        let path = sink.path().to_owned();
        sink.write_all(content).map_err(ArchiveError::file(&path))?;
        sink.finish().map(drop)
    }

    /// Adds a version of an object, reading its content to the end.
    ///
    /// # Errors
    /// When the content cannot be read or the disk fails; the archive is then as before.
    pub fn add_object(&mut self, meta: ObjectMeta, content: &mut dyn Read) -> Result<Added, ArchiveError> {
        let mut sink = self.begin_object(meta)?;
        let path = sink.path().to_owned();
        io::copy(content, &mut sink).map_err(ArchiveError::file(&path))?;
        sink.finish()
    }

    /// Begins a version of an object, whose content is then written to the sink piece by piece.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn begin_object(&mut self, meta: ObjectMeta) -> Result<FolderSink<'_>, ArchiveError> {
        self.begin(Entry::Object(meta))
    }

    /// Begins a file.
    pub(super) fn begin(&mut self, entry: Entry) -> Result<FolderSink<'_>, ArchiveError> {
        let file = match &entry {
            Entry::Document(name) => self.contents.document_file(name, self.encryption)?,
            Entry::Object(_) => self.contents.object_file(self.encryption),
        };
        let sealed = self.seal(&file)?;
        Ok(FolderSink { contents: &mut self.contents, entry, file, sealed })
    }

    /// Adds a deletion.
    pub fn add_delete_marker(&mut self, marker: DeleteMarker) {
        self.contents.delete_markers.push(marker);
    }

    /// Signs and writes the manifest: from now on the folder is an archive. Its head and who signed it are to be kept elsewhere.
    ///
    /// # Errors
    /// When the disk fails, or nothing can be signed.
    pub fn finish(mut self, about: About, signer: &Signer) -> Result<Manifest, ArchiveError> {
        let recipients = self.recipients.iter().map(ToString::to_string).collect();
        let manifest = std::mem::take(&mut self.contents).manifest(about, self.encryption, recipients, signer);
        let Signed { text, signature, public_key } = Signed::new(&manifest, signer)?;
        // The names of the files must be on the disk before the manifest that relies on them, which comes last of all.
        for (name, content) in [(SIGNER, public_key), (SIGNATURE, signature), (MANIFEST, text)] {
            let path = self.folder.join(name);
            self.write_whole(&path, content.as_bytes()).map_err(ArchiveError::file(&path))?;
        }
        Ok(manifest)
    }

    fn write_whole(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        for part in [OBJECTS, DOCUMENTS] {
            file::sync_folder_of(&self.folder.join(part).join("any"))?;
        }
        write_whole(path, content)
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

/// Where the content of one file goes. A file whose sink is dropped is not in the archive.
pub struct FolderSink<'a> {
    contents: &'a mut Contents,
    entry: Entry,
    file: String,
    sealed: Sealed,
}

impl FolderSink<'_> {
    /// Ends the file: it is on the disk when this returns.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn finish(self) -> Result<Added, ArchiveError> {
        let sums = self.sealed.finish()?;
        Ok(self.contents.add(self.file, self.entry, sums))
    }

    /// The digest of what was written so far.
    pub(super) fn digest(&self) -> Digest {
        self.sealed.content.digest()
    }

    pub(super) fn path(&self) -> &Path {
        &self.sealed.path.0
    }
}

impl Write for FolderSink<'_> {
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
