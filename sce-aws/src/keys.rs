//! Key pairs for ssh, made on this machine and kept in a folder beside the spec; nothing here speaks to AWS.
//!
//! The folder is `PIT-keys`, for its owner only (0700). A key called `hipaa_r1_keypair` is up to three files there: the private
//! half (0400, OpenSSH's format, encrypted with a passphrase by bcrypt and AES-256), the public half in a file ending in `.pub`, and
//! a copy of the private half in a file ending in `.escrow.age`, which opens with an administrator's identity of age when the holder
//! is gone (L545).
//!
//! [`rotate`] makes a new pair beside the old one, and both public halves are in force until [`finish`]. Every step is one rename or
//! link, in an order in which somebody who is cut short can still get in and the next run goes on.

mod error;
mod escrow;
mod folder;
mod pair;
mod rotation;

pub use error::KeyError;
pub use escrow::{Recipients, Recovered, recover};
pub use folder::{Folder, Seen, State};
pub use pair::{Dangerous, Protection, check_passphrase, make, mend};
pub use rotation::{finish, resume, rotate};

#[cfg(test)]
mod tests;
