//! The certificate of an end, beside the manifest of its archive: it is written when everything is deleted, so no manifest has it.

use super::files::{CERTIFICATE, CERTIFICATE_PAGE, CERTIFICATE_SIGNATURE};
use super::{ArchiveError, Destination, Signer, vault};
use crate::session::Session;
use crate::transfer::file;

/// Puts a certificate into an archive, over an earlier one.
pub(crate) async fn keep_certificate(
    session: &Session,
    archive: &Destination,
    json: &str,
    page: &str,
    signer: Option<&Signer>,
) -> Result<(), ArchiveError> {
    let signature = signer.map(|signer| signer.sign(json.as_bytes())).transpose()?;
    let mut files = vec![(CERTIFICATE, json), (CERTIFICATE_PAGE, page)];
    files.extend(signature.as_deref().map(|signature| (CERTIFICATE_SIGNATURE, signature)));
    for (name, content) in files {
        match archive {
            Destination::Folder { path, .. } => {
                let path = path.join(name);
                let partial = path.with_extension("partial");
                // One that an earlier run left half-written.
                drop(std::fs::remove_file(&partial));
                let write = || -> std::io::Result<()> {
                    std::io::Write::write_all(&mut file::create_private(&partial)?, content.as_bytes())?;
                    std::fs::rename(&partial, &path)?;
                    file::sync_folder_of(&path)
                };
                write().map_err(ArchiveError::file(&path))?;
            }
            Destination::Vault(to) => vault::put_beside(session, to, name, content.as_bytes()).await?,
        }
    }
    if let (None, Destination::Folder { path, .. }) = (signer, archive) {
        // The signature of an earlier certificate is not this one's.
        drop(std::fs::remove_file(path.join(CERTIFICATE_SIGNATURE)));
    }
    Ok(())
}
