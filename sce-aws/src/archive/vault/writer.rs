//! Writing an archive into a bucket.

use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{
    ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart, ObjectLockMode, ObjectLockRetention,
    ObjectLockRetentionMode, ServerSideEncryption,
};
use jiff::Timestamp;

use super::fitness::{self, Outside};
use super::{RetentionMode, Vault};
use crate::archive::contents::{Contents, Signed, Sums};
use crate::archive::files::{MANIFEST, SIGNATURE, SIGNER};
use crate::archive::sink::{Added, Entry};
use crate::archive::{About, ArchiveError, DeleteMarker, Encryption, Manifest, Signer};
use crate::error::cloud;
use crate::session::Session;
use crate::transfer::{Digest, timestamp};
use sha2::{Digest as _, Sha256};

/// What is sent at a time; no part but the last may be smaller than 5 MiB (S3 User Guide, multipart upload limits).
const PART_BYTES: u64 = 8 << 20;

/// The most parts that an upload can have (S3 User Guide, multipart upload limits).
const MOST_PARTS: u64 = 10_000;

/// An archive being made in a bucket. It is one once the manifest is there.
#[derive(Debug)]
pub(crate) struct VaultWriter<'s> {
    session: &'s Session,
    vault: Vault,
    until: Timestamp,
    contents: Contents,
}

impl<'s> VaultWriter<'s> {
    /// Begins an archive where nothing is yet, in a bucket that is fit for it.
    pub(crate) async fn create(session: &'s Session, vault: &Vault, outside: &Outside) -> Result<Self, ArchiveError> {
        fitness::check(session, vault, outside).await?;
        let place = &vault.place;
        let listed = session.s3.list_objects_v2().bucket(&place.bucket).prefix(place.folder()).max_keys(1).send().await;
        let listed = listed.map_err(cloud("ListObjectsV2", &place.to_string()))?;
        if !listed.contents().is_empty() {
            return Err(ArchiveError::TakenPrefix(place.to_string()));
        }
        // `check` has found that the day exists.
        let until = vault.retention.until(session.world.now()).unwrap_or(Timestamp::MAX);
        Ok(Self { session, vault: vault.clone(), until, contents: Contents::default() })
    }

    pub(crate) fn begin(&mut self, entry: Entry, bytes: u64) -> Result<VaultSink<'_, 's>, ArchiveError> {
        let file = match &entry {
            Entry::Document(name) => self.contents.document_file(name, Encryption::Kms)?,
            Entry::Object(_) => self.contents.object_file(Encryption::Kms),
        };
        Ok(VaultSink { upload: Upload::new(self, &file, bytes), entry, file })
    }

    pub(crate) fn add_delete_marker(&mut self, marker: DeleteMarker) {
        self.contents.delete_markers.push(marker);
    }

    pub(crate) async fn finish(mut self, about: About, signer: &Signer) -> Result<Manifest, ArchiveError> {
        let recipients = vec![self.vault.kms_key.as_str().to_owned()];
        let contents = std::mem::take(&mut self.contents);
        let manifest = contents.manifest(about, Encryption::Kms, recipients, signer);
        let Signed { text, signature, public_key } = Signed::new(&manifest, signer)?;
        for (file, content) in [(SIGNER, public_key), (SIGNATURE, signature), (MANIFEST, text)] {
            let mut upload = Upload::new(&mut self, file, content.len() as u64);
            upload.write(content.as_bytes()).await?;
            upload.finish().await?;
        }
        Ok(manifest)
    }

    fn lock_mode(&self) -> ObjectLockMode {
        match self.vault.retention.mode {
            RetentionMode::Governance => ObjectLockMode::Governance,
            RetentionMode::Compliance => ObjectLockMode::Compliance,
        }
    }

    fn lock_until(&self) -> DateTime {
        DateTime::from_secs(self.until.as_second())
    }
}

/// Puts a file beside the manifest of an archive that is finished.
pub(crate) async fn put_beside(
    session: &Session,
    vault: &Vault,
    file: &str,
    content: &[u8],
) -> Result<(), ArchiveError> {
    let until = vault.retention.until(session.world.now()).unwrap_or(Timestamp::MAX);
    let mut writer = VaultWriter { session, vault: vault.clone(), until, contents: Contents::default() };
    let mut upload = Upload::new(&mut writer, file, content.len() as u64);
    upload.write(content).await?;
    upload.finish().await.map(drop)
}

/// Where the content of one file of the archive goes.
pub(crate) struct VaultSink<'a, 's> {
    upload: Upload<'a, 's>,
    entry: Entry,
    file: String,
}

impl VaultSink<'_, '_> {
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.upload.write(bytes).await
    }

    pub(crate) fn digest(&self) -> Digest {
        Digest::from_hasher(self.upload.hasher.clone())
    }

    pub(crate) async fn finish(mut self) -> Result<Added, ArchiveError> {
        let (bytes, sha256) = self.upload.finish().await?;
        // What S3 decrypts is what was sent: file and content are one.
        let sums = Sums { bytes, sha256, stored_bytes: bytes, stored_sha256: sha256 };
        Ok(self.upload.writer.contents.add(self.file, self.entry, sums))
    }

    /// Takes back what was sent of it.
    pub(crate) async fn abandon(mut self) {
        self.upload.abandon().await;
    }
}

/// One file on its way, at most one part of it in memory.
struct Upload<'a, 's> {
    writer: &'a mut VaultWriter<'s>,
    key: String,
    part_bytes: usize,
    hasher: Sha256,
    bytes: u64,
    buffer: Vec<u8>,
    /// Its id and its parts, once there is more than one part.
    begun: Option<(String, Vec<CompletedPart>)>,
}

impl<'a, 's> Upload<'a, 's> {
    fn new(writer: &'a mut VaultWriter<'s>, file: &str, bytes: u64) -> Self {
        let key = writer.vault.place.key(file);
        let part_bytes = usize::try_from(PART_BYTES.max(bytes.div_ceil(MOST_PARTS))).unwrap_or(usize::MAX);
        Self { writer, key, part_bytes, hasher: Sha256::new(), bytes: 0, buffer: Vec::new(), begun: None }
    }

    fn name(&self) -> String {
        format!("s3://{}/{}", self.writer.vault.place.bucket, self.key)
    }

    async fn write(&mut self, mut bytes: &[u8]) -> Result<(), ArchiveError> {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        while !bytes.is_empty() {
            if self.buffer.len() == self.part_bytes {
                self.send_part().await?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(self.part_bytes - self.buffer.len()));
            self.buffer.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Sends what is left, and asks whether S3 has it as it was sent: encrypted with the outside key, and locked.
    async fn finish(&mut self) -> Result<(u64, Digest), ArchiveError> {
        let sha256 = Digest::from_hasher(self.hasher.clone());
        match self.begun {
            None => self.send_whole().await?,
            Some(_) => {
                self.send_part().await?;
                self.complete().await?;
            }
        }
        self.confirm().await?;
        Ok((self.bytes, sha256))
    }

    async fn send_whole(&mut self) -> Result<(), ArchiveError> {
        let body = ByteStream::from(std::mem::take(&mut self.buffer));
        let request = self.writer.session.s3.put_object().bucket(&self.writer.vault.place.bucket).key(&self.key);
        let request = request.server_side_encryption(ServerSideEncryption::AwsKms);
        let request = request.ssekms_key_id(self.writer.vault.kms_key.as_str());
        let request = request.object_lock_mode(self.writer.lock_mode());
        let request = request.object_lock_retain_until_date(self.writer.lock_until());
        let sent = request.checksum_algorithm(ChecksumAlgorithm::Sha256).body(body).send().await;
        sent.map_err(cloud("PutObject", &self.name()))?;
        Ok(())
    }

    async fn send_part(&mut self) -> Result<(), ArchiveError> {
        if self.begun.is_none() {
            let id = self.begin().await?;
            self.begun = Some((id, Vec::new()));
        }
        let name = self.name();
        let Some((id, parts)) = &mut self.begun else { return Ok(()) };
        // At most 10,000: a part is never smaller than that takes.
        let number = i32::try_from(parts.len() + 1).unwrap_or(i32::MAX);
        let body = ByteStream::from(std::mem::take(&mut self.buffer));
        let request = self.writer.session.s3.upload_part().bucket(&self.writer.vault.place.bucket).key(&self.key);
        let request = request.upload_id(id.as_str()).part_number(number);
        let sent = request.checksum_algorithm(ChecksumAlgorithm::Sha256).body(body).send().await;
        let answer = sent.map_err(cloud("UploadPart", &name))?;
        let part = CompletedPart::builder().part_number(number).set_e_tag(answer.e_tag().map(str::to_owned));
        parts.push(part.set_checksum_sha256(answer.checksum_sha256().map(str::to_owned)).build());
        Ok(())
    }

    async fn begin(&self) -> Result<String, ArchiveError> {
        let s3 = &self.writer.session.s3;
        let request = s3.create_multipart_upload().bucket(&self.writer.vault.place.bucket).key(&self.key);
        let request = request.server_side_encryption(ServerSideEncryption::AwsKms);
        let request = request.ssekms_key_id(self.writer.vault.kms_key.as_str());
        let request = request.object_lock_mode(self.writer.lock_mode());
        let request = request.object_lock_retain_until_date(self.writer.lock_until());
        let sent = request.checksum_algorithm(ChecksumAlgorithm::Sha256).send().await;
        let answer = sent.map_err(cloud("CreateMultipartUpload", &self.name()))?;
        let unreadable = || crate::error::CloudError::unreadable("CreateMultipartUpload", &self.name(), "no upload id");
        Ok(answer.upload_id().ok_or_else(unreadable)?.to_owned())
    }

    async fn complete(&mut self) -> Result<(), ArchiveError> {
        let Some((id, parts)) = self.begun.take() else { return Ok(()) };
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let s3 = &self.writer.session.s3;
        let request = s3.complete_multipart_upload().bucket(&self.writer.vault.place.bucket).key(&self.key);
        let request = request.upload_id(id).multipart_upload(parts);
        request.send().await.map_err(cloud("CompleteMultipartUpload", &self.name()))?;
        Ok(())
    }

    /// Parts that are left cost money and hold data; that they stay is no reason to hide what went wrong.
    async fn abandon(&mut self) {
        let Some((id, _)) = self.begun.take() else { return };
        let s3 = &self.writer.session.s3;
        let request = s3.abort_multipart_upload().bucket(&self.writer.vault.place.bucket).key(&self.key).upload_id(id);
        if let Err(error) = request.send().await {
            tracing::warn!(object = self.name(), %error, "parts of an upload are left");
        }
    }

    async fn confirm(&self) -> Result<(), ArchiveError> {
        let mut why = self.otherwise().await?;
        if why == Some(NOT_LOCKED) {
            // Not every store keeps the lock that an upload in parts began with.
            self.lock().await?;
            why = self.otherwise().await?;
        }
        match why {
            None => Ok(()),
            Some(why) => Err(ArchiveError::Unconfirmed { object: self.name(), why }),
        }
    }

    async fn lock(&self) -> Result<(), ArchiveError> {
        let retention = ObjectLockRetention::builder()
            .mode(ObjectLockRetentionMode::from(self.writer.lock_mode().as_str()))
            .retain_until_date(self.writer.lock_until())
            .build();
        let s3 = &self.writer.session.s3;
        let request = s3.put_object_retention().bucket(&self.writer.vault.place.bucket).key(&self.key);
        let sent = request.retention(retention).checksum_algorithm(ChecksumAlgorithm::Sha256).send().await;
        sent.map_err(cloud("PutObjectRetention", &self.name()))?;
        Ok(())
    }

    /// What S3 says otherwise of the object than was sent.
    async fn otherwise(&self) -> Result<Option<&'static str>, ArchiveError> {
        let request = self.writer.session.s3.head_object().bucket(&self.writer.vault.place.bucket).key(&self.key);
        let head = request.send().await.map_err(cloud("HeadObject", &self.name()))?;
        let key = self.writer.vault.kms_key.as_str();
        let kept_until = timestamp(head.object_lock_retain_until_date());
        let mode = head.object_lock_mode().map(ObjectLockMode::as_str);
        let whys = [
            (head.content_length() != i64::try_from(self.bytes).ok()).then_some("its size is another"),
            (head.ssekms_key_id() != Some(key)).then_some("it is not encrypted with that key"),
            (mode != Some(self.writer.lock_mode().as_str())).then_some(NOT_LOCKED),
            (kept_until.is_none_or(|until| until < self.writer.until)).then_some("it is not kept that long"),
        ];
        Ok(whys.into_iter().flatten().next())
    }
}

const NOT_LOCKED: &str = "it is not locked in that mode";
