//! Data in and out of a bucket, whole and unseen by others (document L550-552, L565: encrypted at rest and on the way).
//!
//! What goes in is encrypted with a key that the request names, is hashed before and while it is sent, and carries its SHA-256 as
//! metadata; what comes out is compared with that. Files of any size pass through a bounded memory: four parts at a time.
//!
//! Names are looked at before anything is sent, since they appear in logs that are not protected as data is (L93, L633).

mod digest;
mod error;
pub(crate) mod file;
mod get;
mod list;
mod place;
mod put;

pub use digest::{Digest, InvalidDigest};
pub use error::{Left, TransferError};
pub use get::{Existing, Fetched, get};
pub use list::{Continuation, Details, Entry, Page, list};
pub use place::{InvalidKey, Named, Place};
pub use put::{Stored, abandon, put};

/// The metadata of an object that holds the SHA-256 of its content, in hexadecimal.
pub const SHA256_METADATA: &str = "sha256";

/// How many parts of a file are on their way at a time.
const IN_FLIGHT: usize = 4;

/// The size of a part, in bytes, as long as ten thousand of them suffice; a smaller file is sent in one request.
const PART_BYTES: u64 = 8 << 20;

/// How far a transfer is, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The file is read a first time, to know its SHA-256.
    Hashing {
        /// Bytes read.
        done: u64,
        /// Bytes of the file.
        total: u64,
    },
    /// The file is sent.
    Sending {
        /// Bytes that arrived.
        done: u64,
        /// Bytes of the file.
        total: u64,
    },
    /// The object is fetched.
    Receiving {
        /// Bytes written.
        done: u64,
        /// Bytes of the object.
        total: u64,
    },
    /// What was fetched is read again, to compare its SHA-256.
    Checking {
        /// Bytes read.
        done: u64,
        /// Bytes of the object.
        total: u64,
    },
}

/// Who listens to a transfer.
pub type Listener<'a> = &'a (dyn Fn(Progress) + Sync);

/// A count of bytes that AWS gives, which is signed in its model.
fn byte_count(count: Option<i64>) -> Option<u64> {
    count.and_then(|count| u64::try_from(count).ok())
}

/// A time that AWS gives; none when it is beyond the years that can be written.
pub(crate) fn timestamp(time: Option<&aws_smithy_types::DateTime>) -> Option<jiff::Timestamp> {
    let time = time?;
    let nanoseconds = i32::try_from(time.subsec_nanos()).ok()?;
    jiff::Timestamp::new(time.secs(), nanoseconds).ok()
}
