//! Files of an archive, hashed as they pass.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::transfer::{Digest, file};

pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const SIGNATURE: &str = "manifest.json.sig";
pub(super) const SIGNER: &str = "signer.pub";
pub(super) const CERTIFICATE: &str = "certificate.json";
pub(super) const CERTIFICATE_SIGNATURE: &str = "certificate.json.sig";
pub(super) const CERTIFICATE_PAGE: &str = "certificate.html";
/// The mark of an archive that is not finished.
pub(super) const UNFINISHED: &str = "unfinished.json";
/// A file on its way to its name.
pub(super) const PARTIAL: &str = "manifest.json.partial";
/// What lies beside the contents and is in no manifest.
pub(super) const BESIDE: [&str; 7] =
    [MANIFEST, SIGNATURE, SIGNER, CERTIFICATE, CERTIFICATE_SIGNATURE, CERTIFICATE_PAGE, UNFINISHED];
pub(super) const OBJECTS: &str = "objects";
pub(super) const DOCUMENTS: &str = "documents";

/// Counts and hashes what is read or written through it.
pub(super) struct Hashed<T> {
    inner: T,
    hasher: Sha256,
    bytes: u64,
}

impl<T> Hashed<T> {
    pub(super) fn new(inner: T) -> Self {
        Self { inner, hasher: Sha256::new(), bytes: 0 }
    }

    pub(super) fn finish(self) -> (T, Digest, u64) {
        (self.inner, Digest::from_hasher(self.hasher), self.bytes)
    }

    /// The digest of what passed so far.
    pub(super) fn digest(&self) -> Digest {
        Digest::from_hasher(self.hasher.clone())
    }

    fn see(&mut self, seen: &[u8]) {
        self.hasher.update(seen);
        self.bytes += seen.len() as u64;
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.see(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.see(&buffer[..read]);
        Ok(read)
    }
}

/// Writes a file whole or not at all, for its owner only, by way of one with another name.
pub(super) fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let partial = path.with_file_name(PARTIAL);
    let mut output = file::create_private(&partial)?;
    output.write_all(content)?;
    output.sync_all()?;
    fs::rename(&partial, path)?;
    file::sync_folder_of(path)
}

/// Opens a regular file; none for a link, a folder, a pipe or a device, which would lead elsewhere or block.
pub(super) fn open_regular(path: &Path) -> io::Result<Option<File>> {
    if fs::symlink_metadata(path)?.is_file() { File::open(path).map(Some) } else { Ok(None) }
}

/// Whether a folder is there that nothing is in, or none at all.
pub(super) fn is_empty_or_absent(folder: &Path) -> io::Result<bool> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}
