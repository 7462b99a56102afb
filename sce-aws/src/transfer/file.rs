//! Files that hold Protected Health Information: readable by their owner only, and on the disk before they count.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::Digest;

/// How much is read or hashed at a time, so that hashing never holds up other tasks for long.
const STEP: usize = 1 << 20;

/// Makes a file that was not there, for its owner only.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    create_with_mode(path, 0o600)
}

/// Makes a file that was not there, with those permissions where the system has them.
pub(crate) fn create_with_mode(path: &Path, mode: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    options.open(path)
}

/// Makes a folder and those above it, for its owner only.
pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes a name that was just given or taken survive a power cut. Only Unix lets a folder be synced.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Reads as many bytes as are there, up to `limit`, and feeds the hasher.
pub(super) async fn read_part<R: AsyncRead + Unpin>(
    source: &mut R,
    limit: u64,
    hasher: &mut Sha256,
) -> io::Result<Vec<u8>> {
    let mut part = Vec::with_capacity(usize::try_from(limit).unwrap_or_default());
    let mut source = source.take(limit);
    loop {
        let start = part.len();
        let read = (&mut source).take(STEP as u64).read_to_end(&mut part).await?;
        hasher.update(&part[start..]);
        if read == 0 {
            return Ok(part);
        }
    }
}

/// The digest of all that is left to read, and how much that was.
pub(super) async fn digest<R: AsyncRead + Unpin>(source: &mut R, tell: impl Fn(u64)) -> io::Result<(Digest, u64)> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; STEP];
    let mut done = 0;
    loop {
        match source.read(&mut buffer).await? {
            0 => return Ok((Digest::from_hasher(hasher), done)),
            read => {
                hasher.update(&buffer[..read]);
                done += read as u64;
                tell(done);
            }
        }
    }
}
