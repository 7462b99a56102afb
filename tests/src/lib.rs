//! What the end-to-end tests share: emulators of their own, the `sce` command, and an independent reader.
//!
//! Each test owns its emulators as a child process that ends when the test does, however it ends.

pub mod campaign;
pub mod proxy;
pub mod reader;
pub mod sshd;
pub mod walk;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// Emulators, started for one test.
#[derive(Debug)]
pub struct Emulators {
    process: Child,
    /// Where the control plane answers.
    pub control: String,
    /// Where the data plane answers.
    pub data: String,
    /// The process of the control plane.
    pub control_pid: String,
    python: PathBuf,
    divergences: String,
    /// A build of the command other than the tests' own.
    sce: Option<PathBuf>,
}

/// What a command did.
#[derive(Debug)]
pub struct Ran {
    /// Its exit status.
    pub status: i32,
    /// What it wrote for programs.
    pub stdout: String,
    /// What it wrote for people.
    pub stderr: String,
}

impl Emulators {
    /// Starts both and waits until they answer; the first start on a machine installs them.
    ///
    /// # Panics
    /// When they do not start: a test that cannot run fails, it is not skipped.
    #[must_use]
    pub fn start() -> Self {
        let mut process = Command::new("python3")
            .arg(root().join("tools/emulators.py"))
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 runs tools/emulators.py");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("stdout is piped");
        BufReader::new(stdout).read_line(&mut line).expect("the emulators tell where they are");
        let told: Value = serde_json::from_str(&line).expect("the emulators tell where they are in JSON");
        let text = |key: &str| told[key].as_str().unwrap_or_default().to_owned();
        Self {
            control: text("control"),
            data: text("data"),
            control_pid: told["pids"]["control"].to_string(),
            python: text("python").into(),
            divergences: text("divergences"),
            sce: std::env::var_os("SCE_UNDER_TEST").map(PathBuf::from),
            process,
        }
    }

    /// From here on `sce` is this program, such as a release build.
    pub fn use_sce(&mut self, program: PathBuf) {
        self.sce = Some(program);
    }

    /// The `sce` command, pointed at these emulators.
    #[must_use]
    pub fn sce(&self) -> Command {
        self.pointed(self.sce.clone().unwrap_or_else(|| built("sce")))
    }

    /// The `poc_a` example, pointed at these emulators.
    #[must_use]
    pub fn poc_a(&self) -> Command {
        self.pointed(built("poc_a"))
    }

    /// Runs the independent reader.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn reader(&self, arguments: &[&str]) -> Ran {
        let mut command = self.pointed(self.python.clone());
        run(command.arg(root().join("tests/reader.py")).args(arguments))
    }

    /// A Python program that speaks to these emulators with boto3.
    #[must_use]
    pub fn python(&self, program: &Path) -> Command {
        let mut command = self.pointed(self.python.clone());
        command.arg(program);
        command
    }

    /// What bears the PIT, by the independent reader, one line each.
    #[must_use]
    pub fn traces(&self, pit: &str) -> Vec<String> {
        let ran = self.reader(&["traces", pit]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        ran.stdout.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    /// The whole account, by the independent reader.
    #[must_use]
    pub fn snapshot(&self) -> Value {
        let ran = self.reader(&["snapshot"]);
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr))
    }

    /// Changes something by hand.
    pub fn by_hand(&self, arguments: &[&str]) {
        let ran = self.reader(&[&["do"], arguments].concat());
        assert_eq!(ran.status, 0, "{}", ran.stderr);
    }

    /// From here on the control plane checks who calls and what he may do.
    ///
    /// # Panics
    /// When it does not take the order.
    pub fn enforce_iam(&self) {
        let url = format!("{}/moto-api/reset-auth", self.control);
        let python =
            "import sys, urllib.request as u; u.urlopen(u.Request(sys.argv[1], b'0', {'Content-Type': 'text/plain'}))";
        let status = Command::new("python3").args(["-c", python, &url]).status();
        assert!(status.is_ok_and(|status| status.success()), "the emulator enforces IAM");
    }

    /// A program that is installed beside the emulators.
    #[must_use]
    pub fn tool(&self, name: &str) -> PathBuf {
        self.python.with_file_name(name)
    }

    /// A command with these emulators in its environment and nothing else of AWS.
    fn pointed(&self, program: PathBuf) -> Command {
        let mut command = clean(program);
        command.env("AWS_ENDPOINT_URL", &self.control);
        for service in ["S3", "LAMBDA", "DYNAMODB", "SQS", "SNS", "CLOUDWATCH"] {
            command.env(format!("AWS_ENDPOINT_URL_{service}"), &self.data);
        }
        command.env("SCE_DIVERGENCES", &self.divergences);
        command
    }
}

impl Drop for Emulators {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // The process ends when its input does; waiting keeps it from outliving the test.
        let _ = self.process.wait();
    }
}

/// A program that `tools/requirements.txt` brings, installed if it is not there yet.
///
/// # Panics
/// When it cannot be installed: a test that cannot run fails, it is not skipped.
#[must_use]
pub fn installed(name: &str) -> PathBuf {
    let ran = run(Command::new("python3").arg(root().join("tools/emulators.py")).arg("install"));
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    root().join(".sce/venv/bin").join(name)
}

/// The `sce` command with no endpoint at all.
#[must_use]
pub fn sce() -> Command {
    clean(built("sce"))
}

/// Runs a command to its end.
///
/// # Panics
/// When it cannot be started.
#[must_use]
pub fn run(command: &mut Command) -> Ran {
    let Output { status, stdout, stderr } = command.output().expect("the command starts");
    Ran {
        status: status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
    }
}

/// Runs a command, and sends it that signal (`-INT`, `-KILL`) once it tells a line that begins so.
///
/// # Panics
/// If it cannot be run.
pub fn signalled(command: &mut Command, at: &str, signal: &str) -> Ran {
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut stderr = String::new();
    for line in BufReader::new(process.stderr.take().expect("stderr is piped")).lines() {
        let line = line.expect("it speaks UTF-8");
        if line.starts_with(at) {
            let pid = process.id().to_string();
            assert!(Command::new("kill").args([signal, &pid]).status().expect("`kill` runs").success());
        }
        stderr.push_str(&line);
        stderr.push('\n');
    }
    let output = process.wait_with_output().expect("a child can be waited for");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    Ran { status: output.status.code().unwrap_or(-1), stdout, stderr }
}

/// Runs a command, and sends it that signal as soon as it is time.
///
/// # Panics
/// If it cannot be run.
pub fn signalled_when(command: &mut Command, is_time: impl Fn() -> bool, signal: &str) -> Ran {
    let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut told = process.stderr.take().expect("stderr is piped");
    let told = std::thread::spawn(move || std::io::read_to_string(&mut told).expect("it speaks UTF-8"));
    let pid = process.id().to_string();
    let mut sent = false;
    let status = loop {
        if let Some(status) = process.try_wait().expect("a child can be waited for") {
            break status;
        }
        if !sent && is_time() {
            assert!(Command::new("kill").args([signal, &pid]).status().expect("`kill` runs").success());
            sent = true;
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    };
    Ran {
        status: status.code().unwrap_or(-1),
        stdout: String::new(),
        stderr: told.join().expect("what it said is read"),
    }
}

impl Ran {
    /// Its output as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{}\n{}", self.stdout, self.stderr))
    }

    /// The same, when the exit status is as expected.
    ///
    /// # Panics
    /// When it is not.
    pub fn with_status(self, expected: i32) -> Self {
        assert_eq!(self.status, expected, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }
}

/// A spec that passes every rule, in a folder of its own.
///
/// # Panics
/// When it cannot be written.
#[must_use]
pub fn spec(folder: &Path, pit: &str, rest: &str) -> PathBuf {
    let text = format!(
        "pit = \"{pit}\"\nregion = \"us-west-2\"\nowner = \"builder@example.edu\"\n\
         approvals = {{ irb = \"STUDY00001234\", billing = \"BUDGET-77\", baa = \"2026-03-01\" }}\n{rest}"
    );
    let path = folder.join(format!("{pit}.toml"));
    std::fs::write(&path, text).expect("the spec is written");
    path
}

/// The repository.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

/// A command without any AWS setting of whoever runs the tests.
fn clean(program: PathBuf) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_") || name.starts_with("SCE_")) {
        command.env_remove(name);
    }
    // A request that escaped would find no credentials and no metadata service.
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_CONFIG_FILE", "/dev/null");
    command
}

/// A binary of this workspace, built if it is not.
fn built(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let folder = BUILT.get_or_init(|| {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        // The whole workspace, as `make test` builds it: of fewer packages the SDK would be built anew, with fewer features.
        let arguments = ["build", "--quiet", "--locked", "--workspace", "--bins"];
        let status = Command::new(cargo).args(arguments).current_dir(root()).status();
        assert!(status.is_ok_and(|status| status.success()), "the binaries build");
        let program = std::env::current_exe().expect("a program knows where it is");
        let folder = program.parent().map(Path::to_owned).unwrap_or_default();
        // Tests lie one folder deeper than programs.
        if folder.ends_with("deps") { folder.parent().map(Path::to_owned).unwrap_or_default() } else { folder }
    });
    folder.join(name)
}
