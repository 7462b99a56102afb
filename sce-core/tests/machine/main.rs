//! The programs that machines run, run: real bash, real Python and real file system tools on image files below a scratch folder. What
//! only a machine has (`mount`, `dnf`, `systemctl`, `useradd`, …) is played by `fake.sh`, which writes down how it was called.
//!
//! No guest ever runs here: that Amazon Linux takes these calls as meant is not shown (docs/machine.md).

#[cfg(test)]
mod people;
#[cfg(test)]
mod scratch;
#[cfg(test)]
mod sshd;
#[cfg(test)]
mod steps;
#[cfg(test)]
mod text;
#[cfg(test)]
mod volume;
