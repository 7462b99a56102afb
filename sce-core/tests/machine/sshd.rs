//! The real sshd, where `tools/sshd.py` has unpacked one.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A copy of the programs where any user can read it: with root's rights sshd wants a folder and an account of the system's.
pub(crate) struct Sshd {
    folder: TempDir,
    user: u32,
    group: u32,
}

impl Sshd {
    /// None where there is none, which is told on standard error whatever libtest captures; where `SCE_NO_SKIP` is set there must be one.
    pub(crate) fn find() -> Option<Self> {
        let record = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.sce/sshd/installed.json");
        if let Ok(text) = fs::read(&record) {
            return Some(Self::copied(&serde_json::from_slice(&text).unwrap()));
        }
        let why = "there is no `.sce/sshd`: run `python3 tools/sshd.py install`";
        assert!(std::env::var_os("SCE_NO_SKIP").is_none(), "{why}");
        writeln!(std::io::stderr(), "\nskipped: what sshd makes of the rules, since {why}\n").unwrap();
        None
    }

    fn copied(told: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let copy = |from: &Path| {
            fs::copy(from, folder.path().join(from.file_name().unwrap())).unwrap();
        };
        for program in ["sshd", "ssh_keygen"] {
            copy(Path::new(told[program].as_str().unwrap()));
        }
        let places = told["libraries"].as_array().into_iter().flatten().filter_map(Value::as_str);
        for library in places.flat_map(|place| fs::read_dir(place).unwrap()) {
            let path = library.unwrap().path();
            if path.is_file() {
                copy(&path);
            }
        }
        let me = fs::metadata("/proc/self").unwrap();
        let (user, group) = if me.uid() == 0 { (65534, 65534) } else { (me.uid(), me.gid()) };
        Self { folder, user, group }
    }

    /// What it says when it is asked what holds for a user, by the rules and by later lines of its settings.
    pub(crate) fn told(&self, rules: &str, later: &str, user: &str) -> String {
        let key = self.path("key");
        if !key.exists() {
            let arguments = ["-q", "-t", "ed25519", "-N", "", "-f"].map(OsStr::new);
            let made = self.run("ssh-keygen", arguments.into_iter().chain([key.as_os_str()]));
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        }
        let (include, settings) = (self.write("rules", rules), self.path("settings"));
        self.write("settings", &format!("HostKey {}\nInclude {}\n{later}", key.display(), include.display()));
        let who = format!("user={user},host=h,addr=192.0.2.1");
        let eic = "AuthorizedKeysCommand /usr/bin/eic";
        let arguments = ["-T", "-o", eic, "-C", &who, "-f"].map(OsStr::new);
        let ran = self.run("sshd", arguments.into_iter().chain([settings.as_os_str()]));
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn run<'a>(&self, program: &str, arguments: impl IntoIterator<Item = &'a OsStr>) -> Output {
        let mut command = Command::new(self.path(program));
        command.args(arguments).env_clear().env("LD_LIBRARY_PATH", self.folder.path());
        if self.user == 65534 && fs::metadata("/proc/self").unwrap().uid() == 0 {
            chown(self.folder.path(), Some(self.user), Some(self.group)).unwrap();
            command.uid(self.user).gid(self.group);
        }
        command.output().unwrap()
    }
}
