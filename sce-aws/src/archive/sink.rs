//! An archive being made, in a folder or in a bucket, and where the content of one of its files goes.

use std::io::Write as _;

use super::unfinished::Unfinished;
use super::vault::{Outside, VaultSink, VaultWriter};
use super::{About, ArchiveError, DeleteMarker, Destination, FolderSink, Manifest, ObjectMeta, Signer, Writer};
use crate::session::Session;
use crate::transfer::Digest;

/// What a file of an archive is.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    /// A document of that name.
    Document(String),
    /// A version of an object.
    Object(ObjectMeta),
}

/// A file that is in the archive now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Added {
    /// The size of its content, in bytes.
    pub bytes: u64,
    /// The SHA-256 of its content.
    pub sha256: Digest,
}

/// An archive being made.
pub(crate) enum Archiver<'s> {
    Folder(Writer),
    Vault(VaultWriter<'s>),
}

/// Where the content of one file goes.
pub(crate) enum Sink<'a, 's> {
    Folder(FolderSink<'a>),
    Vault(VaultSink<'a, 's>),
}

impl<'s> Archiver<'s> {
    /// Begins an archive where none is, or anew where an earlier run did not finish it; a bucket is looked at first.
    pub(crate) async fn create(
        session: &'s Session,
        destination: &Destination,
        outside: &Outside,
        mark: &Unfinished,
    ) -> Result<Self, ArchiveError> {
        Ok(match destination {
            Destination::Folder { path, protection } => Self::Folder(Writer::create_marked(path, protection, mark)?),
            Destination::Vault(vault) => Self::Vault(VaultWriter::create(session, vault, outside).await?),
        })
    }

    /// Begins a file whose content has about so many bytes.
    pub(crate) fn begin(&mut self, entry: Entry, bytes: u64) -> Result<Sink<'_, 's>, ArchiveError> {
        Ok(match self {
            Self::Folder(writer) => Sink::Folder(writer.begin(entry)?),
            Self::Vault(writer) => Sink::Vault(writer.begin(entry, bytes)?),
        })
    }

    /// Adds a document that is at hand.
    pub(crate) async fn add_document(&mut self, name: &str, content: &[u8]) -> Result<(), ArchiveError> {
        let mut sink = self.begin(Entry::Document(name.to_owned()), content.len() as u64)?;
        sink.write(content).await?;
        sink.finish().await?;
        Ok(())
    }

    pub(crate) fn add_delete_marker(&mut self, marker: DeleteMarker) {
        match self {
            Self::Folder(writer) => writer.add_delete_marker(marker),
            Self::Vault(writer) => writer.add_delete_marker(marker),
        }
    }

    /// Writes the manifest: from now on it is an archive.
    pub(crate) async fn finish(self, about: About, signer: &Signer) -> Result<Manifest, ArchiveError> {
        match self {
            Self::Folder(writer) => writer.finish(about, signer),
            Self::Vault(writer) => writer.finish(about, signer).await,
        }
    }
}

impl Sink<'_, '_> {
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        match self {
            Self::Folder(sink) => {
                let path = sink.path().to_owned();
                sink.write_all(bytes).map_err(ArchiveError::file(&path))
            }
            Self::Vault(sink) => sink.write(bytes).await,
        }
    }

    /// The digest of what was written so far.
    pub(crate) fn digest(&self) -> Digest {
        match self {
            Self::Folder(sink) => sink.digest(),
            Self::Vault(sink) => sink.digest(),
        }
    }

    /// Ends the file: it is in the archive when this returns.
    pub(crate) async fn finish(self) -> Result<Added, ArchiveError> {
        match self {
            Self::Folder(sink) => sink.finish(),
            Self::Vault(sink) => sink.finish().await,
        }
    }

    /// Gives the file up: the archive is as before.
    pub(crate) async fn abandon(self) {
        match self {
            Self::Folder(sink) => drop(sink),
            Self::Vault(sink) => sink.abandon().await,
        }
    }
}
