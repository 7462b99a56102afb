//! Two real sshd on loopback, one playing the bastion B and one the private instance E.
//!
//! Whoever runs the tests is nobody's administrator, and sshd without root lets in its own user only. So every account here is that
//! user by number, under a name and a home of its own: `nss_wrapper` tells sshd of accounts that the system has not. Names, keys, and
//! what a name may do are as on the machines; that accounts are kept apart by number is not shown. Root becomes `nobody` first.

use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::root;

/// The programs, unpacked by `tools/sshd.py`.
#[derive(Debug)]
pub struct OpenSsh {
    /// A copy of them where any user can read it.
    folder: TempDir,
    sshd: PathBuf,
    ssh: PathBuf,
    keygen: PathBuf,
    wrapper: PathBuf,
    libraries: String,
    /// The user that sshd runs as.
    user: u32,
    group: u32,
}

/// Which machine an sshd plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plays {
    /// B: forwards to E's port and does nothing else.
    Bastion {
        /// Where E listens.
        private_port: u16,
    },
    /// E: sessions with a shell that ends when it is idle for that long.
    Private {
        /// After how many seconds.
        idle_seconds: u32,
    },
}

/// A running sshd.
#[derive(Debug)]
pub struct Machine {
    process: Child,
    /// Its port on 127.0.0.1.
    pub port: u16,
    /// All that is on it.
    pub folder: PathBuf,
    plays: Plays,
    user: u32,
    group: u32,
}

/// What the program at first boot writes for sshd (`sce-core/data/machine`), but for paths and ports.
const SETTINGS: &str = "\
PermitRootLogin no
AuthenticationMethods publickey
PasswordAuthentication no
KbdInteractiveAuthentication no
HostbasedAuthentication no
PermitUserEnvironment no
PermitUserRC no
AllowGroups sce-people
AllowAgentForwarding no
AllowStreamLocalForwarding no
AllowTcpForwarding local
GatewayPorts no
PermitTunnel no
X11Forwarding no
MaxAuthTries 3
LoginGraceTime 30
ClientAliveInterval 60
ClientAliveCountMax 3
LogLevel VERBOSE
";

impl OpenSsh {
    /// The programs; or the reason why there are none here, told on standard error whatever libtest captures.
    ///
    /// # Panics
    /// When there are none and `SCE_NO_SKIP` says that there must be, as `.ci/run` does.
    #[must_use]
    pub fn find() -> Option<Self> {
        let ran = Command::new("python3").arg(root().join("tools/sshd.py")).arg("install").output();
        let ran = ran.expect("python3 runs tools/sshd.py");
        if ran.status.success() {
            let told: Value = serde_json::from_slice(&ran.stdout).expect("tools/sshd.py tells where it is in JSON");
            return Some(Self::copied(&told));
        }
        let why = String::from_utf8_lossy(&ran.stderr).trim().to_owned();
        assert!(std::env::var_os("SCE_NO_SKIP").is_none(), "there is no sshd: {why}");
        writeln!(std::io::stderr(), "\nskipped: a test of ssh, since there is no sshd: {why}\n")
            .expect("standard error");
        None
    }

    /// The repository may be in a folder that only root can enter, and sshd does not run as root.
    fn copied(told: &Value) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("open to all");
        let copy = |path: &Path| {
            let to = folder.path().join(path.file_name().expect("a file"));
            fs::copy(path, &to).expect("copied");
            to
        };
        let of = |key: &str| copy(Path::new(told[key].as_str().unwrap_or_default()));
        let places = told["libraries"].as_array().into_iter().flatten().filter_map(Value::as_str);
        for library in places.flat_map(|place| fs::read_dir(place).expect("a folder of libraries")) {
            let path = library.expect("an entry").path();
            if path.is_file() {
                copy(&path);
            }
        }
        let me = fs::metadata("/proc/self").expect("Linux");
        let (user, group) = if me.uid() == 0 { (65534, 65534) } else { (me.uid(), me.gid()) };
        let libraries = folder.path().display().to_string();
        let (sshd, ssh, keygen, wrapper) = (of("sshd"), of("ssh"), of("ssh_keygen"), of("nss_wrapper"));
        Self { sshd, ssh, keygen, wrapper, libraries, user, group, folder }
    }

    /// Starts an sshd that knows those people.
    ///
    /// # Panics
    /// When it does not answer within ten seconds.
    #[must_use]
    pub fn start(&self, plays: Plays, people: &Value) -> Machine {
        let port = free_port();
        let name = match plays {
            Plays::Bastion { .. } => "bastion",
            Plays::Private { .. } => "private",
        };
        let folder = self.folder.path().join(format!("{name}-{port}"));
        fs::create_dir_all(folder.join("keys")).expect("a folder");
        self.write_settings(&folder, port, plays);
        let mut machine = self.serve(&folder, port, plays, people);
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
            assert!(begun.elapsed() < Duration::from_secs(10), "sshd does not answer: {log}");
            assert!(machine.process.try_wait().is_ok_and(|ended| ended.is_none()), "sshd ended: {log}");
            std::thread::sleep(Duration::from_millis(20));
        }
        machine
    }

    fn write_settings(&self, folder: &Path, port: u16, plays: Plays) {
        let key = folder.join("host_key");
        let made = self.client(&self.keygen).args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
        assert!(made.is_ok_and(|status| status.success()), "ssh-keygen makes a host key");
        let rules = match plays {
            Plays::Bastion { private_port } => {
                format!("PermitOpen 127.0.0.1:{private_port}\nPermitTTY no\nForceCommand /sbin/nologin\n")
            }
            Plays::Private { .. } => "PermitOpen 127.0.0.1:* localhost:*\n".to_owned(),
        };
        let (keys, key) = (folder.join("keys"), key.display());
        // StrictModes would refuse keys below /tmp, which everybody may write to; on the machines it stays on.
        let text = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nHostKey {key}\nPidFile none\nUsePAM no\nStrictModes no\n{SETTINGS}\
             Match Group sce-people\nAuthorizedKeysFile {}/%u\n{rules}Match all\nAuthorizedKeysCommand none\n",
            keys.display()
        );
        fs::write(folder.join("sshd_config"), text).expect("written");
    }

    fn serve(&self, folder: &Path, port: u16, plays: Plays, people: &Value) -> Machine {
        let (user, group) = (self.user, self.group);
        write_accounts(folder, plays, user, group, people);
        give_all(folder, user, group);
        let mut command = Command::new(&self.sshd);
        command.args(["-D", "-f"]).arg(folder.join("sshd_config")).arg("-E").arg(folder.join("log"));
        command.env_clear().env("LD_PRELOAD", &self.wrapper).env("LD_LIBRARY_PATH", &self.libraries);
        command.env("NSS_WRAPPER_PASSWD", folder.join("passwd")).env("NSS_WRAPPER_GROUP", folder.join("group"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if fs::metadata("/proc/self").expect("Linux").uid() == 0 {
            command.uid(user).gid(group);
        }
        let process = command.spawn().expect("sshd starts");
        let machine = Machine { process, port, folder: folder.to_owned(), plays, user, group };
        machine.admit(people);
        machine
    }

    /// OpenSSH's client, with nothing of whoever runs the tests in its environment.
    #[must_use]
    pub fn ssh(&self) -> Command {
        let mut command = self.client(&self.ssh);
        command.stdin(Stdio::null());
        command
    }

    fn client(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("LD_LIBRARY_PATH", &self.libraries);
        // ssh starts itself again to jump, by the name that it was called with or by its path.
        command.env("PATH", format!("{}:/usr/bin:/bin", self.folder.path().display()));
        command
    }
}

impl Machine {
    /// Lets in who is on the list with the keys there, and nobody else, as the machines do every few minutes.
    ///
    /// # Panics
    /// When a file cannot be written.
    pub fn admit(&self, people: &Value) {
        let keys = self.folder.join("keys");
        for old in fs::read_dir(&keys).expect("a folder") {
            fs::remove_file(old.expect("an entry").path()).expect("removed");
        }
        let may = match self.plays {
            Plays::Bastion { .. } => "restrict,port-forwarding",
            Plays::Private { .. } => "restrict,pty,port-forwarding",
        };
        for person in logins(people) {
            let name = person["name"].as_str().unwrap_or_default();
            let of_person = [&person["key"], &person["previous_key"]].into_iter().filter_map(Value::as_str);
            let lines: String = of_person.map(|key| format!("{may} {key} {name}\n")).collect();
            fs::write(keys.join(name), lines).expect("written");
        }
        give_all(&keys, self.user, self.group);
    }

    /// What sshd wrote down.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// The files on it that hold a private key, its own host key left out.
    ///
    /// # Panics
    /// When a folder cannot be read.
    #[must_use]
    pub fn private_keys(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        each_file(&self.folder, &mut |path| {
            let text = fs::read(path).unwrap_or_default();
            if String::from_utf8_lossy(&text).contains("PRIVATE KEY") && !path.ends_with("host_key") {
                found.push(path.to_owned());
            }
        });
        found
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // It may have ended by itself; waiting keeps it from outliving the test.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Accounts by name: on E with a shell that ends when idle, on B with none.
fn write_accounts(folder: &Path, plays: Plays, user: u32, group: u32, people: &Value) {
    let mut passwd = String::new();
    for name in logins(people).filter_map(|person| person["name"].as_str()) {
        let home = folder.join("home").join(name);
        fs::create_dir_all(&home).expect("a home");
        let shell = match plays {
            Plays::Bastion { .. } => "/sbin/nologin",
            Plays::Private { idle_seconds } => {
                // On the machine this stands in /etc/profile.d, which only root may write.
                let profile = format!("TMOUT={idle_seconds}\nreadonly TMOUT\nexport TMOUT\n");
                fs::write(home.join(".bash_profile"), profile).expect("written");
                "/bin/bash"
            }
        };
        passwd += &format!("{name}:x:{user}:{group}:sce:{}:{shell}\n", home.display());
    }
    fs::write(folder.join("passwd"), passwd).expect("written");
    fs::write(folder.join("group"), format!("sce-people:x:{group}:\n")).expect("written");
}

fn logins(people: &Value) -> impl Iterator<Item = &Value> {
    people["people"].as_array().into_iter().flatten()
}

/// Root made the files, and sshd trusts its own user's only.
fn give_all(folder: &Path, user: u32, group: u32) {
    let give = |path: &Path| chown(path, Some(user), Some(group)).expect("root gives what it made, others have it");
    give(folder);
    each_file(folder, &mut |path| give(path));
}

/// Every file and folder below a folder.
fn each_file(folder: &Path, visit: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        visit(&path);
        if path.is_dir() {
            each_file(&path, visit);
        }
    }
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}
