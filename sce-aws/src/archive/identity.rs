//! The key that opens an archive, and the public half that it is made for.

use std::fmt;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use age::secrecy::{ExposeSecret, SecretString};
use age::{Decryptor, Encryptor, scrypt, x25519};
use thiserror::Error;

use crate::transfer::file;

/// A key that opens archives: an X25519 identity of age. It shows itself nowhere.
#[derive(Clone)]
pub struct Identity(pub(super) x25519::Identity);

/// Why there is no identity.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// There is a file already.
    #[error("`{}` exists", .0.display())]
    Exists(PathBuf),
    /// The file could not be read or written.
    #[error("the identity file `{}` could not be {deed}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// `read` or `written`.
        deed: &'static str,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The passphrase has no characters.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// The file is encrypted and no passphrase is given.
    #[error("the identity file `{}` is encrypted with a passphrase", .0.display())]
    NeedsPassphrase(PathBuf),
    /// The passphrase is not the one.
    #[error("the passphrase does not open the identity file `{}`", .0.display())]
    WrongPassphrase(PathBuf),
    /// The file asks for more work than any honest one.
    #[error("the identity file `{}` asks for too much work to open", .0.display())]
    TooMuchWork(PathBuf),
    /// The file holds no identity.
    #[error("`{}` holds no age identity", .0.display())]
    NoIdentity(PathBuf),
}

/// A text is no recipient of age.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is no recipient")]
pub struct InvalidRecipient(pub(super) String);

/// scrypt's cost as a power of two: what the age tool itself uses; it takes 256 MiB.
const WORK_FACTOR: u8 = 18;

/// The most that a file may ask for: 1 GiB.
const MOST_WORK: u8 = 20;

/// An identity file is a line or two; no honest one is longer.
const LONGEST: u64 = 64 << 10;

/// Makes an identity, writes it where there was nothing, for its owner to read only (0400; elsewhere than on Unix the folder's own
/// permissions hold), and says the recipient that archives are made for.
///
/// With a passphrase the file is encrypted with it (age's scrypt). The `age` tool reads it either way.
///
/// # Errors
/// When the file exists or cannot be written, or the passphrase is empty.
pub fn make_identity(path: &Path, passphrase: Option<&SecretString>) -> Result<String, IdentityError> {
    make_identity_with(path, passphrase, WORK_FACTOR)
}

pub(super) fn make_identity_with(
    path: &Path,
    passphrase: Option<&SecretString>,
    work: u8,
) -> Result<String, IdentityError> {
    if passphrase.is_some_and(|passphrase| passphrase.expose_secret().is_empty()) {
        return Err(IdentityError::EmptyPassphrase);
    }
    let identity = x25519::Identity::generate();
    let file = file::create_with_mode(path, 0o400).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => IdentityError::Exists(path.to_owned()),
        _ => IdentityError::File { path: path.to_owned(), deed: "written", source: error },
    })?;
    match write(&file, &identity, passphrase, work)
        .and_then(|()| file.sync_all())
        .and_then(|()| file::sync_folder_of(path))
    {
        Ok(()) => Ok(identity.to_public().to_string()),
        Err(source) => {
            // Half an identity opens nothing, and would be in the way.
            let _ = fs::remove_file(path);
            Err(IdentityError::File { path: path.to_owned(), deed: "written", source })
        }
    }
}

fn write(
    mut file: &fs::File,
    identity: &x25519::Identity,
    passphrase: Option<&SecretString>,
    work: u8,
) -> io::Result<()> {
    let Some(passphrase) = passphrase else { return write_lines(&mut file, identity) };
    let mut recipient = scrypt::Recipient::new(passphrase.clone());
    recipient.set_work_factor(work);
    let encryptor =
        Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient)).map_err(io::Error::other)?;
    let mut sealed = encryptor.wrap_output(file)?;
    write_lines(&mut sealed, identity)?;
    sealed.finish().map(|_| ())
}

/// As `age-keygen` writes it.
fn write_lines(output: &mut dyn Write, identity: &x25519::Identity) -> io::Result<()> {
    writeln!(output, "# public key: {}", identity.to_public())?;
    output.write_all(identity.to_string().expose_secret().as_bytes())?;
    output.write_all(b"\n")
}

impl Identity {
    /// Reads an identity file, as [`make_identity`] or `age-keygen` wrote it.
    ///
    /// # Errors
    /// When it cannot be read, holds no identity, or the passphrase is missing or wrong.
    pub fn load(path: &Path, passphrase: Option<&SecretString>) -> Result<Self, IdentityError> {
        let read = |source| IdentityError::File { path: path.to_owned(), deed: "read", source };
        let mut content = Vec::new();
        fs::File::open(path).map_err(read)?.take(LONGEST).read_to_end(&mut content).map_err(read)?;
        if !content.starts_with(b"age-encryption.org/") {
            return Self::from_lines(text(&content)).ok_or_else(|| IdentityError::NoIdentity(path.to_owned()));
        }
        let passphrase = passphrase.ok_or_else(|| IdentityError::NeedsPassphrase(path.to_owned()))?;
        let opened = open(&content, passphrase).map_err(|error| match error {
            age::DecryptError::ExcessiveWork { .. } => IdentityError::TooMuchWork(path.to_owned()),
            age::DecryptError::KeyDecryptionFailed | age::DecryptError::DecryptionFailed => {
                IdentityError::WrongPassphrase(path.to_owned())
            }
            _ => IdentityError::NoIdentity(path.to_owned()),
        })?;
        Self::from_lines(opened).ok_or_else(|| IdentityError::NoIdentity(path.to_owned()))
    }

    /// The recipient that archives are made for.
    #[must_use]
    pub fn recipient(&self) -> String {
        self.0.to_public().to_string()
    }

    /// The identity as age takes it.
    pub(crate) fn as_age(&self) -> &dyn age::Identity {
        &self.0
    }

    fn from_lines(text: SecretString) -> Option<Self> {
        let lines = text.expose_secret().lines().map(str::trim);
        let mut secrets = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        secrets.next()?.parse().ok().map(Self)
    }
}

/// An invalid text is no identity, and neither is the empty one.
fn text(content: &[u8]) -> SecretString {
    SecretString::from(std::str::from_utf8(content).unwrap_or_default())
}

fn open(content: &[u8], passphrase: &SecretString) -> Result<SecretString, age::DecryptError> {
    let mut key = scrypt::Identity::new(passphrase.clone());
    key.set_max_work_factor(MOST_WORK);
    let mut reader = Decryptor::new_buffered(content)?.decrypt(std::iter::once(&key as &dyn age::Identity))?;
    let mut opened = String::new();
    reader.read_to_string(&mut opened)?;
    Ok(SecretString::from(opened))
}

impl IdentityError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::Exists(_) => "choose another name: archives made for that identity need it",
            Self::File { source, .. } if source.kind() == io::ErrorKind::NotFound => "check the path",
            Self::File { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                "check who may read or write there"
            }
            Self::File { .. } => return None,
            Self::EmptyPassphrase => "give a passphrase, or none at all",
            Self::NeedsPassphrase(_) => "give the passphrase it was made with",
            Self::WrongPassphrase(_) => "try again; nobody can recover a passphrase",
            Self::TooMuchWork(_) => "use the identity file that was made with the archive",
            Self::NoIdentity(_) => "name the file that holds the line `AGE-SECRET-KEY-1…`, encrypted or not",
        };
        Some(help.to_owned())
    }
}

impl InvalidRecipient {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some("a recipient is the public half of an age identity: `age1` and 58 more letters and digits".to_owned())
    }

    /// A secret key given in place of the public one must not be shown again.
    pub(crate) fn new(text: &str) -> Self {
        let secret = text.trim().to_ascii_uppercase().starts_with("AGE-SECRET-KEY");
        Self(if secret { "AGE-SECRET-KEY-…".to_owned() } else { text.to_owned() })
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.recipient())
    }
}
