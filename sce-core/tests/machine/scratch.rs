//! A scratch folder that stands for a machine.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use sce_core::machine::{Role, Settings, user_data};
use sce_core::spec::{Packages, Software};
use tempfile::TempDir;

/// What only a machine has, and what is wanted to be written down.
const FAKES: [&str; 27] = [
    "amazon-cloudwatch-agent-ctl",
    "augenrules",
    "aws",
    "blkid",
    "chown",
    "dnf",
    "ebsnvme-id",
    "fallocate",
    "groupadd",
    "loginctl",
    "mkfs.ext4",
    "mkswap",
    "mount",
    "mountpoint",
    "pkill",
    "python3.11",
    "sshd",
    "swapon",
    "systemctl",
    "umount",
    "uname",
    "useradd",
    "usermod",
    "wipefs",
    "chage",
    "userdel",
    "reboot",
];

/// A key that nobody has the private half of.
pub(crate) const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS";
pub(crate) const OTHER_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Accounts that every Amazon Linux has.
const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\nec2-user:x:1000:1000:EC2:/home/ec2-user:/bin/bash\n";
const SHADOW: &str = "root:*:19000:0:99999:7:::\nec2-user:!!:20000:0:99999:7:::\n";
const GROUP: &str = "root:x:0:\nwheel:x:10:ec2-user\nec2-user:x:1000:\n";

pub(crate) struct Scratch {
    folder: TempDir,
}

/// What a program did.
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) told: String,
}

impl Scratch {
    /// A fresh machine with a program for first boot.
    pub(crate) fn new(program: &str) -> Self {
        let scratch = Self { folder: tempfile::tempdir().unwrap() };
        let bin = scratch.fakes().join("bin");
        fs::create_dir_all(&bin).unwrap();
        for folder in ["fails", "nvme", "says"] {
            fs::create_dir_all(scratch.fakes().join(folder)).unwrap();
        }
        let fake = bin.join("fake");
        fs::write(&fake, include_str!("fake.sh")).unwrap();
        fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
        for name in FAKES {
            symlink("fake", bin.join(name)).unwrap();
        }
        symlink(python(), bin.join("python3")).unwrap();
        scratch.write("etc/passwd", PASSWD);
        scratch.write("etc/shadow", SHADOW);
        scratch.write("etc/group", GROUP);
        scratch.write("etc/fstab", "UUID=1111 / xfs defaults 0 1\n");
        scratch.write("etc/ssh/sshd_config", "Subsystem sftp internal-sftp\nPermitRootLogin yes\n");
        scratch.write("etc/audit/rules.d/audit.rules", "-D\n-b 8192\n-a never,task\n");
        scratch.write("proc/swaps", "Filename Type Size Used Priority\n");
        scratch.people(&[]);
        fs::write(scratch.program(), program).unwrap();
        scratch
    }

    /// A private machine with everything.
    pub(crate) fn private() -> Self {
        Self::new(&private(&Packages::Internet))
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    pub(crate) fn fakes(&self) -> PathBuf {
        self.folder.path().join("fakes")
    }

    pub(crate) fn program(&self) -> PathBuf {
        self.folder.path().join("user-data")
    }

    /// The whole program, as it is run by the service that it installs.
    pub(crate) fn run(&self) -> Ran {
        self.bash(&[&self.program().to_string_lossy(), "run"])
    }

    /// The program as cloud-init runs it.
    pub(crate) fn first_boot(&self) -> Ran {
        self.bash(&[&self.program().to_string_lossy()])
    }

    /// One of the program's functions.
    pub(crate) fn function(&self, name: &str) -> Ran {
        self.bash(&["-c", "source \"$1\"; shift; \"$@\"", "bash", &self.program().to_string_lossy(), name])
    }

    /// What a line of shell tells after the program's functions and settings were read in.
    pub(crate) fn told(&self, line: &str) -> String {
        self.bash(&["-c", &format!("source \"$1\"; {line}"), "bash", &self.program().to_string_lossy()]).told
    }

    fn bash(&self, arguments: &[&str]) -> Ran {
        self.command("bash", arguments)
    }

    /// A program that sees the fakes before the real ones, and the folder as its root.
    pub(crate) fn command(&self, program: &str, arguments: &[&str]) -> Ran {
        let path = std::env::var("PATH").unwrap_or_default();
        let bin = self.fakes().join("bin");
        let output = Command::new(program)
            .args(arguments)
            .env("PATH", format!("{}:{path}:/usr/sbin:/sbin", bin.display()))
            .env("SCE_ROOT", self.root())
            .env("SCE_FAKES", self.fakes())
            .env("SCE_WAIT", "0")
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("this test needs `{program}`: {error}"));
        let told = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        Ran { status: output.status.code().unwrap_or(-1), told }
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(crate) fn mode(&self, path: &str) -> u32 {
        fs::metadata(self.root().join(path)).unwrap().permissions().mode() & 0o7777
    }

    pub(crate) fn log(&self) -> String {
        self.read("var/log/sce-setup.log")
    }

    /// What the program for people logged; nothing when it was not run.
    pub(crate) fn people_log(&self) -> String {
        fs::read_to_string(self.root().join("var/log/sce-people.log")).unwrap_or_default()
    }

    /// Makes every call of a program end with that status; 0 for as usual.
    pub(crate) fn ends(&self, name: &str, status: i32) {
        let mark = self.fakes().join("fails").join(name);
        if status == 0 { fs::remove_file(mark).unwrap() } else { fs::write(mark, status.to_string()).unwrap() }
    }

    /// Makes a program say that and end well.
    pub(crate) fn says(&self, name: &str, text: &str) {
        fs::write(self.fakes().join("says").join(name), text).unwrap();
    }

    /// What was called since the last time that this was asked: name and arguments by blanks.
    pub(crate) fn calls(&self) -> Vec<String> {
        let file = self.fakes().join("calls");
        let calls = fs::read_to_string(&file).unwrap_or_default();
        drop(fs::remove_file(file));
        calls.lines().map(|line| line.replace('\t', " ").replace(&*self.root().to_string_lossy(), "")).collect()
    }

    /// Puts bytes where the machine's list of people is read from.
    pub(crate) fn list(&self, bytes: impl AsRef<[u8]>) {
        fs::write(self.fakes().join("list"), bytes).unwrap();
    }

    pub(crate) fn people(&self, people: &[(&str, Option<&str>)]) {
        let people: Vec<_> = people.iter().map(|(name, key)| serde_json::json!({ "name": name, "key": key })).collect();
        self.list(serde_json::json!({ "schema_version": 1, "people": people }).to_string());
    }

    /// Every file below the root but logs, with its mode and content: two of these are equal when nothing changed.
    pub(crate) fn everything(&self) -> Vec<(PathBuf, u32, Vec<u8>)> {
        let mut found = Vec::new();
        walk(&self.root(), &mut found);
        found.retain(|(path, ..)| !path.to_string_lossy().contains("/var/log/"));
        found.sort();
        found
    }
}

/// The interpreter itself: a version manager's shim would put folders of its own before the fakes.
fn python() -> PathBuf {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    let ask = || {
        let output = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output();
        let output = output.unwrap_or_else(|error| panic!("this test needs `python3`: {error}"));
        PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
    };
    PYTHON.get_or_init(ask).clone()
}

fn walk(folder: &Path, found: &mut Vec<(PathBuf, u32, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let about = fs::symlink_metadata(&path).unwrap();
        let content = if about.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        found.push((path.clone(), about.permissions().mode() & 0o7777, content));
        if about.is_dir() {
            walk(&path, found);
        }
    }
}

/// The private subnet.
pub(crate) const SUBNET: &str = "10.0.1.0/24";

/// What a private machine is told at first boot.
pub(crate) fn private(packages: &Packages) -> String {
    user_data(&private_settings(packages))
}

/// What a bastion before that subnet is told.
pub(crate) fn bastion(forward_to: &str) -> String {
    user_data(&bastion_settings(forward_to))
}

pub(crate) fn private_settings(packages: &Packages) -> Settings<'_> {
    Settings {
        role: Role::Private,
        pit: "hipaa",
        region: "us-west-2",
        people: ("hipaa-ancillary-111122223333-us-west-2", "machine/people.json"),
        log_group: "hipaa_sessions_loggroup",
        data_volume: true,
        swap_gib: Some(1),
        idle_minutes: 15,
        software: &[Software::Python, Software::R, Software::JupyterLab],
        packages,
        forward_to: SUBNET.parse().unwrap(),
    }
}

pub(crate) fn bastion_settings(forward_to: &str) -> Settings<'static> {
    Settings {
        role: Role::Bastion,
        data_volume: false,
        swap_gib: None,
        software: &[],
        forward_to: forward_to.parse().unwrap(),
        ..private_settings(&Packages::None)
    }
}
