//! The command as other programs see it: what it writes where, and its exit status. Everything here is offline.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use sce::archive::{About, ObjectMeta, Protection, Signer, Writer, make_identity};
use serde_json::Value;
use tempfile::TempDir;

/// A folder to work in, with a spec that `sce init` wrote.
struct Folder(TempDir);

/// What a run wrote, and how it ended.
#[derive(Debug)]
struct Ran {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        assert_eq!(folder.sce(&["init", "-o", "hipaa.toml"]).status, 0);
        folder
    }

    /// Runs the command in the folder, with an environment that names nobody.
    fn sce(&self, arguments: &[&str]) -> Ran {
        self.sce_with(arguments, &[])
    }

    fn sce_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
        self.command(arguments).envs(variables.iter().copied()).output().unwrap().into()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sce"));
        command.args(arguments).current_dir(self.path()).env_clear().stdin(Stdio::null());
        command
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Ran {
    /// The one document on standard output.
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Refused for what was asked: nothing on standard output, and the reason on standard error.
    fn refused(&self) -> &str {
        assert_eq!((self.status, self.stdout.as_str()), (2, ""), "{self:?}");
        &self.stderr
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code().expect("no signal ends the command"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

#[test]
fn help_reads_well() {
    let folder = Folder::new();
    insta::assert_snapshot!("help", folder.sce(&["--help"]).stdout);
    assert_eq!(folder.sce(&["--version"]).stdout, concat!("sce ", env!("CARGO_PKG_VERSION"), "\n"));
    assert_eq!(folder.sce(&[]).status, 2);
    assert_eq!(folder.sce(&["plna", "hipaa.toml"]).status, 2);
}

#[test]
fn what_init_writes_plans_and_checks_clean() {
    let folder = Folder::new();
    for mode in ["session-manager", "instance-connect"] {
        let name = format!("{mode}.toml");
        assert_eq!(folder.sce(&["init", "--pit", "omop-2", "--access", mode, "-o", &name]).status, 0);
        let plan = folder.sce(&["plan", &name]);
        assert_eq!(plan.status, 0, "{plan:?}");
        assert!(plan.stdout.contains("omop-2_vpc"), "{plan:?}");
        let check = folder.sce(&["check", &name]);
        assert_eq!(check.status, 0, "{mode}: {check:?}");
    }
    assert_eq!(folder.sce(&["init"]).stdout, folder.read("hipaa.toml"));
}

#[test]
fn the_example_range_of_a_bastion_is_the_one_high_finding() {
    let folder = Folder::new();
    folder.sce(&["init", "--access", "bastion", "-o", "bastion.toml"]);
    let check = folder.sce(&["check", "bastion.toml", "--json"]);
    assert_eq!(check.status, 1);
    let findings = check.json()["findings"].as_array().unwrap().clone();
    let high = findings.iter().filter(|finding| finding["severity"] == "high" || finding["severity"] == "critical");
    let rules: Vec<_> = high.map(|finding| finding["rule"].clone()).collect();
    assert_eq!(rules, ["allowed-range-is-not-an-example"]);
}

#[test]
fn init_overwrites_only_by_force() {
    let folder = Folder::new();
    folder.write("hipaa.toml", "mine");
    let refused = folder.sce(&["init", "-o", "hipaa.toml"]);
    insta::assert_snapshot!(refused.refused(), @r"
    error: `hipaa.toml` is there already
    help: choose another name, or add `--force` to overwrite it
    ");
    assert_eq!(folder.read("hipaa.toml"), "mine");
    let written = folder.sce(&["init", "-o", "hipaa.toml", "--force"]);
    assert_eq!((written.status, written.stdout.as_str()), (0, ""));
    let told = "`hipaa.toml` is written: put your own values in, then run `sce check hipaa.toml`\n";
    assert_eq!(written.stderr, told);
    assert_eq!(folder.sce(&["-q", "init", "-o", "other.toml"]).stderr, "");
    assert_eq!(folder.sce(&["plan", "hipaa.toml"]).status, 0);
}

#[test]
fn words_of_a_spec_give_no_orders_to_the_terminal() {
    let folder = Folder::new();
    let order = "\\u001b]0;owned\\u0007\\u009b2J\\u202e";
    let spec = folder.read("hipaa.toml");
    let range = format!("allow = [{{ name = \"{order}\", cidr = \"140.142.0.0/16\" }}]");
    let machine = "[compute.private]\ntype = \"m7i.large\"\n";
    let head = "pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"b@example.edu\"\n";
    folder.write("orders.toml", &format!("{head}[access]\nmode = \"bastion\"\n{range}\n{machine}"));
    let orders = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    for command in ["plan", "check", "permissions"] {
        for json in [false, true] {
            let arguments: Vec<&str> = [command, "orders.toml"].into_iter().chain(json.then_some("--json")).collect();
            let ran = folder.sce(&arguments);
            assert!(ran.status < 2 && !ran.stdout.contains(orders) && !ran.stderr.contains(orders), "{ran:?}");
            if json {
                ran.json();
            }
        }
    }
    let plan = folder.sce(&["plan", "orders.toml", "--json"]);
    assert!(plan.stdout.contains("ssh from \\u001b]0;owned\\u0007\\u009b2J\\u202e"), "it says what the spec says");
    folder.write("owner.toml", &spec.replace("builder@example.edu", &format!("{order}b@example.edu")));
    let refused = folder.sce(&["plan", "owner.toml"]);
    assert!(refused.refused().contains("owned") && !refused.stderr.contains(orders), "{refused:?}");
    let typed = folder.sce(&["plan", "no\u{1b}[2Jsuch.toml"]);
    assert!(typed.status == 2 && !typed.stderr.contains(orders), "{typed:?}");
}

#[test]
fn a_plan_is_the_same_bytes_each_time() {
    let folder = Folder::new();
    let (first, second) =
        (folder.sce(&["plan", "hipaa.toml", "--json"]), folder.sce(&["plan", "hipaa.toml", "--json"]));
    assert_eq!((first.status, &first.stdout), (0, &second.stdout));
    let plan = first.json();
    assert_eq!((&plan["schema_version"], &plan["pit"]), (&Value::from(1), &Value::from("hipaa")));
    assert_eq!(plan["digest"].as_str().unwrap().len(), 64);
    for key in ["id", "kind", "name", "scope", "needs", "tags", "properties"] {
        assert!(!plan["nodes"][0][key].is_null(), "{key}");
    }
}

#[test]
fn placeholders_are_told_of_until_there_is_a_lock() {
    let folder = Folder::new();
    let before = folder.sce(&["plan", "hipaa.toml", "--json"]);
    assert!(before.stderr.starts_with("note: there is no `sce.lock` for this spec"), "{before:?}");
    assert_eq!(folder.sce(&["--quiet", "plan", "hipaa.toml"]).stderr, "");
    let lock = folder.sce(&["lock", "hipaa.toml", "--offline"]);
    assert_eq!(lock.status, 0);
    insta::assert_snapshot!(lock.stdout, @r"
    `hipaa` in `sce.lock`, placeholders: good for planning, not for building
      account         111122223333
      zone            us-west-2a
      administrators  arn:aws:iam::111122223333:role/administrator
    ");
    let after = folder.sce(&["plan", "hipaa.toml", "--json"]);
    assert_eq!((after.stdout, after.stderr.as_str()), (before.stdout, ""));
}

#[test]
fn what_exists_is_unknown_until_somebody_looks() {
    let folder = Folder::new();
    let least = "pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"b@example.edu\"\n[use_existing]\n";
    folder.write("central.toml", &format!("{least}vpc = \"vpc-0a\"\nprivate_subnet = \"subnet-0b\"\n"));
    let lock = folder.sce(&["lock", "central.toml", "--offline"]);
    assert!(lock.stdout.contains("  exists          subnet-private subnet-0b\n"), "{lock:?}");
    let plan = folder.sce(&["plan", "central.toml"]);
    assert!(plan.status == 0 && plan.stdout.contains("[exists, not touched]"), "{plan:?}");
    let checked = folder.sce(&["check", "central.toml", "--json"]);
    let unknown = |finding: &&Value| finding["resource"] == "subnet-private" && finding["status"] == "unknown";
    assert!(checked.json()["findings"].as_array().unwrap().iter().any(|finding| unknown(&finding)), "{checked:?}");
    assert_eq!(checked.status, 1);
    let cost = folder.sce(&["cost", "central.toml"]);
    assert!(cost.stdout.contains("not priced, since they exist already and are somebody else's: vpc,"), "{cost:?}");

    folder.write("central.toml", &format!("{least}key = \"arn:aws:kms:us-west-2:111122223333:alias/central\"\n"));
    let told = folder.sce(&["plan", "central.toml"]);
    assert!(told.refused().starts_with("error: `central.toml` is no valid spec"), "{told:?}");
    assert!(
        told.stderr.contains("central.toml:5: `arn:aws:kms:us-west-2:111122223333:alias/central` is not the ARN"),
        "{told:?}"
    );
    assert!(told.stderr.contains("an alias can be pointed elsewhere"), "{told:?}");
    folder.write("central.toml", &format!("{least}vpc = \"vpc-0other\"\nprivate_subnet = \"subnet-0b\"\n"));
    let stale = folder.sce(&["plan", "central.toml"]);
    assert!(stale.refused().contains("the lock does not tell of the existing things"), "{stale:?}");
}

#[test]
fn a_spoilt_lock_is_refused() {
    let folder = Folder::new();
    folder.write("sce.lock", "schema_version = 1\nx = 1\n");
    let told = folder.sce(&["plan", "hipaa.toml"]);
    assert!(told.refused().starts_with("error: `sce.lock` is no valid lock file\n  caused by: "), "{told:?}");
    assert!(told.stderr.ends_with("\nhelp: mend it, or remove it and run `sce lock SPEC` again\n"), "{told:?}");
}

#[test]
fn a_wrong_spec_is_told_by_file_line_and_nearest_word() {
    let folder = Folder::new();
    folder.write("bad.toml", "pit = \"hipaa\"\nregoin = \"us-west-2\"\n");
    for command in ["plan", "check", "cost", "lock", "apply", "verify"] {
        let ran = folder.sce(&[command, "bad.toml"]);
        let told = ran.refused();
        assert!(told.starts_with("error: `bad.toml` is no valid spec\nbad.toml:2: unknown field `regoin`"), "{told}");
        assert!(told.ends_with("\n  help: did you mean `region`?\n"), "{told}");
    }
    folder.write(
        "worse.toml",
        "pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"nobody\"\n[retention]\nlogs_days = 2000\n",
    );
    insta::assert_snapshot!(folder.sce(&["plan", "worse.toml"]).refused(), @r"
    error: `worse.toml` is no valid spec
    worse.toml:3: owner `nobody` is no e-mail address
      help: write it as `name@example.edu`
    worse.toml:5: CloudWatch Logs cannot keep events for `2000` days
      help: the nearest period that keeps them long enough is 2192 days
    ");
    let missing = folder.sce(&["plan", "missing.toml"]);
    assert!(
        missing.refused().starts_with("error: `missing.toml` cannot be read\n  caused by: No such file"),
        "{missing:?}"
    );
}

#[test]
fn the_schema_is_one_document() {
    let schema = Folder::new().sce(&["schema"]).json();
    assert!(schema["properties"]["pit"].is_object());
}

#[test]
fn a_network_is_divided() {
    let folder = Folder::new();
    let line = ["cidr", "10.0.0.0/22", "--need", "private=200", "public=20", "--taken", "10.0.2.0/23"];
    insta::assert_snapshot!(folder.sce(&line).stdout, @r"
    NAME     SUBNET       USABLE  FIRST     LAST
    private  10.0.0.0/24  251     10.0.0.4  10.0.0.254
    public   10.0.1.0/27  27      10.0.1.4  10.0.1.30

    free: 10.0.1.32/27 10.0.1.64/26 10.0.1.128/25
    ");
    let ran = folder.sce(&["cidr", "10.0.0.0/24", "--need", "all=251", "--json"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(ran.stdout, @r#"
    {
      "schema_version": 1,
      "subnets": [
        {
          "name": "all",
          "cidr": "10.0.0.0/24",
          "usable": 251,
          "first_usable": "10.0.0.4",
          "last_usable": "10.0.0.254"
        }
      ],
      "free": []
    }
    "#);
}

#[test]
fn too_small_a_network_is_a_finding_and_a_wrong_one_a_slip() {
    let folder = Folder::new();
    let short = folder.sce(&["cidr", "10.0.0.0/24", "--need", "a=200", "--need", "b=200", "--json"]);
    assert_eq!((short.status, short.stdout.as_str()), (1, ""));
    insta::assert_snapshot!(short.stderr, @r"
    error: `10.0.0.0/24` is short by 256 addresses: the needs take 512 in all, 256 are free
    help: the smallest block that would do is `10.0.0.0/23`
    ");
    for line in [
        ["cidr", "10.0.0.1/24", "--need", "a=1"],
        ["cidr", "10.0.0.0/8", "--need", "a=1"],
        ["cidr", "10.0.0.0/24", "--need", "a=1,000"],
        ["cidr", "10.0.0.0/24", "--need", "a=0"],
        ["cidr", "2001:db8::/56", "--need", "a=1"],
    ] {
        let told = folder.sce(&line);
        assert!(told.refused().contains("help: "), "{told:?}");
    }
}

#[test]
fn findings_are_one_document() {
    let folder = Folder::new();
    let (open, all) =
        (folder.sce(&["check", "hipaa.toml", "--json"]), folder.sce(&["check", "hipaa.toml", "--json", "--all"]));
    assert_eq!((open.status, all.status), (0, 0));
    let count = |ran: &Ran| ran.json()["findings"].as_array().unwrap().len();
    assert!(count(&all) > count(&open));
    let finding = &all.json()["findings"][0];
    for key in [
        "rule",
        "title",
        "resource",
        "status",
        "severity",
        "severity_kept",
        "severity_broken",
        "law",
        "cfr",
        "nist80053",
        "document_line",
        "message",
        "help",
        "waived",
    ] {
        assert!(finding.get(key).is_some(), "{key}: {finding}");
    }
    assert!(all.json()["summary"].is_object());
}

#[test]
fn findings_for_people_end_with_how_many_there_are() {
    let folder = Folder::new();
    folder.write("bare.toml", "pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"builder@example.edu\"\n");
    let ran = folder.sce(&["check", "bare.toml", "--all"]);
    let last = ran.stdout.lines().last().unwrap();
    assert!(last.ends_with("kept or declared"), "{last}");
    assert!(ran.stdout.contains("          help: "), "{ran:?}");
}

#[test]
fn every_rule_explains_itself() {
    let folder = Folder::new();
    let all = folder.sce(&["explain", "--all", "--json"]).json();
    let rules = all["rules"].as_array().unwrap();
    assert!(!rules.is_empty());
    for rule in rules {
        let id = rule["id"].as_str().unwrap();
        let page = folder.sce(&["explain", id]);
        assert!(page.stdout.starts_with(&format!("{id}\n  ")), "{page:?}");
        assert_eq!(folder.sce(&["explain", id, "--json"]).json()["rules"][0]["id"], id);
    }
    assert_eq!(folder.sce(&["explain", "--all"]).stdout.lines().count(), rules.len() + 1);
}

#[test]
fn an_unknown_rule_is_told_the_nearest() {
    let ran = Folder::new().sce(&["explain", "bucket-blocks-publik-access"]);
    insta::assert_snapshot!(ran.refused(), @r"
    error: there is no rule `bucket-blocks-publik-access`
    help: did you mean `bucket-blocks-public-access`? `sce explain --all` lists every rule
    ");
}

#[test]
fn the_cost_is_one_document() {
    let folder = Folder::new();
    let estimate = folder.sce(&["cost", "hipaa.toml", "--json", "--hours-per-week", "40"]).json();
    for key in ["schema_version", "as_of", "region", "currency", "lines", "states"] {
        assert!(!estimate[key].is_null(), "{key}");
    }
    assert_eq!(estimate["assumptions"]["hours_per_week"], 40);
    for key in ["item", "resource", "quantity", "unit", "unit_price", "monthly", "source"] {
        assert!(!estimate["lines"][0][key].is_null(), "{key}");
    }
    assert_eq!(folder.sce(&["cost", "hipaa.toml"]).status, 0);
    folder.sce(&["cost", "hipaa.toml", "--hours-per-week", "169"]).refused();
    folder.write("prices.toml", "schema_version = 1\nas_off = \"2026-08-21\"\n");
    let told = folder.sce(&["cost", "-q", "hipaa.toml", "--prices", "prices.toml"]);
    assert!(told.refused().starts_with("error: `prices.toml` is no valid price file\nprices.toml:2: "), "{told:?}");
}

#[test]
fn machines_cost_by_hours_and_what_stays_costs_on() {
    let folder = Folder::new();
    let cents = |hours: &str| {
        let states = folder.sce(&["cost", "hipaa.toml", "--json", "--hours-per-week", hours]).json()["states"].clone();
        ["running", "stopped", "closed"].map(|state| states[state].as_f64().unwrap())
    };
    let ([all, stopped, closed], [part, stopped_too, _]) = (cents("168"), cents("40"));
    assert!(all > part && part > stopped && (stopped - stopped_too).abs() < f64::EPSILON && closed == 0.0);
    let shown = folder.sce(&["cost", "hipaa.toml", "--hours-per-week", "40"]).stdout;
    let machines: Vec<&str> = shown.lines().filter(|line| line.contains("hipaa_ec2_private")).collect();
    insta::assert_snapshot!(machines.join("\n"), @r"
    machine, m7i.large      hipaa_ec2_private                             174  h             0.1008                   17.54     [7]
    EBS gp3 storage         hipaa_ec2_private                              30  GB-month        0.08                    2.40     [8]
    CloudWatch metric       hipaa_ec2_private                               2  metric-month    0.30                    0.60     [9]
    ");
}

#[test]
fn a_type_without_a_price_is_no_error() {
    let folder = Folder::new();
    folder.write("hipaa.toml", &folder.read("hipaa.toml").replace("m7i.large", "x8i.large"));
    let ran = folder.sce(&["cost", "hipaa.toml"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(ran.stdout.contains("the price file has no price of a `x8i.large`"), "{ran:?}");
}

/// Every command that speaks to an account.
const WITH_ACCOUNT: [&[&str]; 10] = [
    &["lock", "hipaa.toml"],
    &["check", "hipaa.toml", "--live"],
    &["apply", "hipaa.toml"],
    &["verify", "hipaa.toml", "--json"],
    &["status", "hipaa"],
    &["data", "put", "hipaa.toml", "hipaa"],
    &["data", "get", "hipaa", "visits.csv", "-o", "visits.csv"],
    &["data", "ls", "hipaa"],
    &["close-out", "hipaa", "--archive", "archive"],
    &["close-out", "hipaa", "--archive", "archive", "--dangerously-plain", "--json"],
];

#[test]
fn nobody_is_called_until_it_is_clear_who() {
    let folder = Folder::new();
    for command in WITH_ACCOUNT {
        let ran = folder.sce(command);
        let told = ran.refused();
        assert!(told.starts_with("error: neither an emulator nor a real account is named"), "{command:?}: {told}");
        assert!(told.contains("\nhelp: give `--endpoint-url http://127.0.0.1:PORT`"), "{command:?}: {told}");
    }
    assert!(!folder.path().join("sce.lock").exists());
    assert!(!folder.path().join("archive").exists());
}

#[test]
fn an_endpoint_elsewhere_is_refused() {
    let folder = Folder::new();
    for command in WITH_ACCOUNT {
        let line = [command, &["--endpoint-url", "https://ec2.amazonaws.com"]].concat();
        let ran = folder.sce(&line);
        assert!(
            ran.refused().starts_with("error: endpoint `https://ec2.amazonaws.com` is not on this machine"),
            "{ran:?}"
        );
        let ran = folder.sce_with(command, &[("AWS_ENDPOINT_URL_S3", "http://10.0.0.1:80")]);
        assert!(ran.refused().starts_with("error: endpoint `http://10.0.0.1:80` is not on this machine"), "{ran:?}");
    }
}

#[test]
fn an_emulator_and_a_real_account_are_never_both_meant() {
    let folder = Folder::new();
    let emulator = TcpListener::bind("127.0.0.1:0").unwrap();
    emulator.set_nonblocking(true).unwrap();
    let url = format!("http://{}", emulator.local_addr().unwrap());
    for command in WITH_ACCOUNT {
        let account: &[&str] = &["--real-account", "111122223333"];
        let ran = folder.sce(&[command, account, &["--endpoint-url", &url]].concat());
        assert!(ran.refused().starts_with("error: `--real-account` and `--endpoint-url` are both given"), "{ran:?}");
        let ran = folder.sce_with(&[command, account].concat(), &[("AWS_ENDPOINT_URL", &url)]);
        assert!(ran.refused().starts_with("error: `--real-account` and `AWS_ENDPOINT_URL` are both given"), "{ran:?}");
    }
    assert_eq!(emulator.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn divergences_are_of_emulators_and_must_be_readable() {
    let folder = Folder::new();
    folder.write("moto.toml", "schema_version = 1\nas_of = \"2026-11-24\"\n");
    folder.write("bad.toml", "schema_version = \"one\"\n");
    let real = folder.sce(&["verify", "hipaa.toml", "--real-account", "111122223333", "--divergences", "moto.toml"]);
    assert!(real.refused().starts_with("error: divergences (`moto.toml`) are of emulators"), "{real:?}");
    for (file, message) in [("bad.toml", "is no list of divergences"), ("none.toml", "cannot be read")] {
        let variables = [("AWS_ENDPOINT_URL", "http://127.0.0.1:1"), ("SCE_DIVERGENCES", file)];
        let ran = folder.sce_with(&["verify", "hipaa.toml"], &variables);
        assert!(ran.refused().starts_with(&format!("error: `{file}` {message}\n  caused by: ")), "{ran:?}");
    }
}

#[test]
fn an_emulator_that_does_not_listen_is_the_clouds_failure() {
    let folder = Folder::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let ran = folder.sce(&["lock", "hipaa.toml", "--endpoint-url", &format!("http://127.0.0.1:{port}")]);
    assert_eq!((ran.status, ran.stdout.as_str()), (3, ""), "{ran:?}");
    assert!(
        ran.stderr.starts_with("error: the caller's identity could not be established\n  caused by: GetCallerIdentity"),
        "{ran:?}"
    );
    assert!(ran.stderr.contains("\nhelp: check that the endpoint is right"), "{ran:?}");
    assert!(!folder.path().join("sce.lock").exists());
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let folder = Folder::new();
    for line in [&["plan", "hipaa.toml", "-q"][..], &["plan", "hipaa.toml", "-q", "--json"], &["schema"], &["--help"]] {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let child = folder.command(line).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{line:?}");
    }
}

#[test]
fn nobody_left_to_tell_is_no_panic() {
    let folder = Folder::new();
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let child = folder.command(&["plan", "missing.toml"]).stderr(writer).spawn().unwrap();
    assert_eq!(Ran::from(child.wait_with_output().unwrap()).status, 2);
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_told() {
    let folder = Folder::new();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let child = folder.command(&["schema"]).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.starts_with("error: the result could not be written to standard output"), "{ran:?}");
}

#[cfg(unix)]
#[test]
fn an_environment_that_is_no_text_is_no_panic() {
    use std::os::unix::ffi::OsStrExt as _;

    let folder = Folder::new();
    let odd = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    let output = folder.command(&["verify", "hipaa.toml"]).env("ODD", odd).env(odd, "x").output().unwrap();
    assert!(Ran::from(output).refused().starts_with("error: neither an emulator"));
}

#[test]
fn the_johns_are_the_documents_own() {
    let folder = Folder::new();
    let manifest = folder.sce(&["synth", "johns", "--out", "johns", "--json"]);
    assert_eq!((manifest.status, manifest.stderr.as_str()), (0, ""));
    let manifest = manifest.json();
    assert_eq!(manifest["schema_version"], 1);
    assert_eq!(manifest["files"][2]["name"], "timeseries.csv");
    assert_eq!(manifest["files"][2]["rows"], 10_000);
    let on_disk: Value = serde_json::from_str(&folder.read("johns/manifest.json")).unwrap();
    assert_eq!(on_disk, manifest);
    let few = folder.sce(&[
        "synth",
        "johns",
        "--out",
        "few",
        "--rows",
        "10",
        "--dialect",
        "python3",
        "--corrected",
        "--seed",
        "7",
    ]);
    assert_eq!(folder.read("few/timeseries.csv").lines().count(), 11, "{few:?}");
}

#[test]
fn impossible_johns_are_refused_with_advice() {
    let folder = Folder::new();
    let none = folder.sce(&["synth", "johns", "--out", "none", "--corrected", "--patients", "0"]);
    assert_eq!(none.refused(), "error: there are no patients\nhelp: ask for at least 1 patient\n");
    let dialect = folder.sce(&["synth", "johns", "--out", "none", "--dialect", "python4"]);
    assert!(dialect.refused().contains("help: say `python2`"), "{dialect:?}");
    let place = folder.sce(&["synth", "johns", "--out", "hipaa.toml"]);
    assert!(place.refused().starts_with("error: `hipaa.toml"), "{place:?}");
}

/// An archive as close-out makes it, its key beside it.
fn archive(folder: &Folder) {
    let recipient = make_identity(&folder.path().join("archive.identity"), None).unwrap();
    let protection = Protection::Recipients(vec![recipient]);
    let mut writer = Writer::create(&folder.path().join("archive"), &protection).unwrap();
    writer.add_document("plan.json", b"{}").unwrap();
    let (bucket, key) = ("hipaa-data-111122223333-us-west-2".to_owned(), "in/visits.csv".to_owned());
    let meta = ObjectMeta { bucket, key, version_id: None, latest: true, last_modified: None };
    writer.add_object(meta, &mut "1,2,3\n".as_bytes()).unwrap();
    let (account, region) = ("111122223333".parse().unwrap(), "us-west-2".parse().unwrap());
    let about = About { pit: "hipaa".parse().unwrap(), account, region, made_at: jiff::Timestamp::UNIX_EPOCH };
    writer.finish(about, &Signer::make().unwrap()).unwrap();
}

#[test]
fn who_signed_an_archive_can_be_pinned() {
    let folder = Folder::new();
    archive(&folder);
    let verify = |key: &str| folder.sce(&["archive", "verify", "archive", "--json", "--key", key]);
    let signer = folder.sce(&["archive", "verify", "archive", "--json"]).json()["signer"].as_str().unwrap().to_owned();
    for key in [signer.as_str(), "archive/signer.pub"] {
        let ran = verify(key);
        assert_eq!((ran.status, &ran.json()["signer_pinned"]), (0, &Value::from(true)), "{key}: {ran:?}");
    }
    let other = verify(&Signer::make().unwrap().public_key().to_string());
    assert_eq!((other.status, &other.json()["problems"][0]["file"]), (1, &Value::from("manifest.json.sig")));
    let bad = verify("somebody");
    assert!(bad.refused().starts_with("error: `somebody` is neither a fingerprint (`SHA256:…`) nor"), "{bad:?}");
}

#[test]
fn an_archive_is_verified_and_restored() {
    let folder = Folder::new();
    archive(&folder);
    let key = ["--identity", "archive.identity"];
    let files = folder.sce(&["archive", "verify", "archive", "--json"]);
    assert_eq!((files.status, &files.json()["contents_checked"]), (0, &Value::from(false)));
    let contents = folder.sce(&[&["archive", "verify", "archive", "--json"][..], &key].concat());
    let report = contents.json();
    assert_eq!((contents.status, &report["sound"], &report["objects"]), (0, &Value::from(true), &Value::from(1)));
    let restored = folder.sce(&[&["archive", "restore", "archive", "--to", "back", "--json"][..], &key].concat());
    assert_eq!((restored.status, &restored.json()["objects"][0]["key"]), (0, &Value::from("in/visits.csv")));
    assert_eq!(folder.read("back/hipaa-data-111122223333-us-west-2/in/visits.csv"), "1,2,3\n");
    let again = folder.sce(&[&["archive", "restore", "archive", "--to", "back"][..], &key].concat());
    assert!(again.refused().starts_with("error: `back` is not empty\nhelp: "), "{again:?}");
}

#[test]
fn a_damaged_archive_is_a_finding() {
    let folder = Folder::new();
    archive(&folder);
    folder.write("archive/stray", "");
    let ran = folder.sce(&["archive", "verify", "archive"]);
    assert_eq!(ran.status, 1);
    assert!(ran.stdout.starts_with("not sound: 1 problem\n  "), "{ran:?}");
    assert!(ran.stdout.contains("stray"), "{ran:?}");
}

#[test]
fn what_is_no_archive_or_has_no_key_is_refused() {
    let folder = Folder::new();
    for (dest, message) in [("none", "is not a folder"), (".", "has no `manifest.json`")] {
        let ran = folder.sce(&["archive", "verify", dest]);
        assert!(ran.refused().starts_with(&format!("error: `{dest}` {message}\nhelp: ")), "{ran:?}");
    }
    archive(&folder);
    let locked = folder.sce(&["archive", "restore", "archive", "--to", "back"]);
    assert!(
        locked.refused().starts_with("error: the archive is encrypted\nhelp: give the identity of age1"),
        "{locked:?}"
    );
    folder.write("sealed.identity", "age-encryption.org/v1\n");
    let sealed = folder.sce(&["archive", "verify", "archive", "--identity", "sealed.identity"]);
    assert!(
        sealed.refused().ends_with("help: give the passphrase it was made with: `--passphrase-file FILE`\n"),
        "{sealed:?}"
    );
    folder.write("passphrase", "\n");
    let empty = ["archive", "verify", "archive", "--identity", "archive.identity", "--passphrase-file", "passphrase"];
    assert!(folder.sce(&empty).refused().starts_with("error: the first line of `passphrase` is empty\n"));
}

/// A spec with a bastion, a machine and two people, one of whom brings a key.
const BASTION: &str = r#"
pit = "hipaa"
region = "us-west-2"
owner = "builder@example.edu"
approvals = { irb = "STUDY00001234", billing = "BUDGET-77", baa = "2026-03-01" }
[access]
mode = "bastion"
allow = [{ name = "campus-vpn", cidr = "140.142.0.0/16" }]
people = [
  { name = "r1", email = "r1@example.edu" },
  { name = "r2", email = "r2@example.edu", key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS" },
]
[compute.private]
type = "m7i.large"
"#;

fn bastion() -> Folder {
    let folder = Folder::new();
    folder.write("hipaa.toml", BASTION);
    folder.write("pass", "four words that belong\n");
    folder
}

#[test]
fn keys_are_made_once_and_listed() {
    let folder = bastion();
    let made = folder.sce(&["keys", "make", "hipaa.toml", "--passphrase-file", "pass", "--json"]);
    assert_eq!(made.status, 0, "{made:?}");
    let done = |made: &Ran| {
        let keys = made.json()["keys"].clone();
        let keys = keys.as_array().unwrap().iter();
        keys.map(|key| [&key["key"], &key["done"], &key["state"]].map(|word| word.as_str().unwrap().to_owned()))
            .map(|words| words.join(" "))
            .collect::<Vec<_>>()
    };
    assert_eq!(done(&made), ["bastion made whole", "private made whole", "r1 made whole", "r2 kept own"]);
    assert!(made.stderr.contains("warning: no escrow copy was made"), "{made:?}");
    let private = folder.read("hipaa-keys/hipaa_r1_keypair");
    assert!(private.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----"));
    let again = folder.sce(&["keys", "make", "hipaa.toml", "--passphrase-file", "pass", "--json"]);
    assert_eq!(done(&again), ["bastion kept whole", "private kept whole", "r1 kept whole", "r2 kept own"]);
    assert_eq!(folder.read("hipaa-keys/hipaa_r1_keypair"), private);
    let listed = folder.sce(&["keys", "ls", "hipaa.toml"]);
    assert!(listed.stdout.contains("encrypted") && !listed.stdout.contains("NOT ENCRYPTED"), "{listed:?}");
    for ran in [&made, &again, &listed] {
        assert!(!format!("{ran:?}").contains("PRIVATE KEY"), "{ran:?}");
    }
}

#[test]
fn no_key_is_made_without_a_passphrase_or_danger_by_name() {
    let folder = bastion();
    let refused = folder.sce(&["keys", "make", "hipaa.toml"]);
    assert!(refused.refused().contains("there is no terminal to ask for it on"), "{refused:?}");
    assert!(refused.refused().contains("help: give `--passphrase-file FILE`"), "{refused:?}");
    folder.write("pass", "short\n");
    let short = folder.sce(&["keys", "make", "hipaa.toml", "--passphrase-file", "pass"]);
    assert!(short.refused().contains("fewer than 8 characters"), "{short:?}");
    assert!(!folder.path().join("hipaa-keys/hipaa_r1_keypair").exists());
    let danger = folder.sce(&["keys", "make", "hipaa.toml", "--person", "r1", "--dangerously-unencrypted"]);
    assert!(danger.stderr.contains("warning: private keys are not encrypted"), "{danger:?}");
    assert!(folder.sce(&["keys", "ls", "hipaa.toml"]).stdout.contains("NOT ENCRYPTED"));
}

#[test]
fn people_who_are_not_there_or_bring_a_key_get_none() {
    let folder = bastion();
    let unknown = folder.sce(&["keys", "make", "hipaa.toml", "--person", "r11", "--passphrase-file", "pass"]);
    assert!(unknown.refused().contains("nobody in the spec is called `r11`\nhelp: did you mean `r1`?"), "{unknown:?}");
    let own = folder.sce(&["keys", "make", "hipaa.toml", "--person", "r2", "--passphrase-file", "pass"]);
    assert!(own.refused().contains("`r2` has an own key"), "{own:?}");
    for hostile in ["../../etc/passwd", "r1\nr2", "bastion", ""] {
        let refused = folder.sce(&["keys", "make", "hipaa.toml", "--person", hostile, "--passphrase-file", "pass"]);
        assert!(refused.refused().contains("nobody in the spec is called"), "{refused:?}");
        let refused = folder.sce(&["access", "hipaa.toml", "--offline", "--person", hostile]);
        assert!(refused.refused().contains("nobody in the spec is called"), "{refused:?}");
    }
}

#[test]
fn a_machine_without_a_key_pair_is_told_with_what_to_do() {
    let folder = bastion();
    assert_eq!(folder.sce(&["lock", "hipaa.toml", "--offline"]).status, 0);
    let lock = folder.read("sce.lock").replace("offline = true", "offline = false");
    folder.write("sce.lock", &lock);
    let refused = folder.sce(&["plan", "hipaa.toml"]);
    assert!(refused.refused().contains("the lock has no public key for the bastion machine"), "{refused:?}");
    assert!(refused.refused().contains("help: make the pair with `sce keys make SPEC`"), "{refused:?}");
    // Making it is enough: the lock is told.
    assert_eq!(folder.sce(&["keys", "make", "hipaa.toml", "--passphrase-file", "pass"]).status, 0);
    assert_eq!(folder.sce(&["plan", "hipaa.toml"]).status, 0);
}

#[test]
fn rotating_keeps_both_keys_of_a_person_and_the_machines_own_in_the_lock() {
    let folder = bastion();
    let sce = |arguments: &[&str]| {
        let ran = folder.sce(arguments);
        assert_eq!(ran.status, 0, "{ran:?}");
        ran
    };
    sce(&["keys", "make", "hipaa.toml", "--passphrase-file", "pass"]);
    sce(&["lock", "hipaa.toml", "--offline"]);
    let key = |name: &str| {
        let line = folder.read(&format!("hipaa-keys/hipaa_{name}_keypair.pub"));
        line.split(' ').take(2).collect::<Vec<_>>().join(" ")
    };
    let (r1, bastion) = (key("r1"), key("bastion"));
    sce(&["keys", "rotate", "hipaa.toml", "--key", "r1", "--passphrase-file", "pass"]);
    let told = sce(&["keys", "rotate", "hipaa.toml", "--key", "bastion", "--passphrase-file", "pass"]);
    assert!(told.stdout.contains("EC2 reads a key pair once, when a machine is made"), "{told:?}");
    let lock = folder.read("sce.lock");
    assert!(lock.contains(&r1) && lock.contains(&key("r1")), "both open: {lock}");
    assert!(lock.contains(&bastion) && !lock.contains(&key("bastion")), "the machine keeps its own: {lock}");
    let config = sce(&["access", "hipaa.toml", "--offline", "--person", "r1"]).stdout;
    assert!(config.contains("hipaa_r1_keypair.previous"), "{config}");
    // Keys kept elsewhere lock nobody out.
    fs::rename(folder.path().join("hipaa-keys"), folder.path().join("elsewhere")).unwrap();
    sce(&["lock", "hipaa.toml", "--offline"]);
    assert_eq!(folder.read("sce.lock"), lock);
    fs::rename(folder.path().join("elsewhere"), folder.path().join("hipaa-keys")).unwrap();
    for name in ["r1", "bastion"] {
        sce(&["keys", "rotate", "hipaa.toml", "--key", name, "--finish"]);
    }
    let lock = folder.read("sce.lock");
    assert!(!lock.contains(&r1) && !lock.contains(&bastion), "{lock}");
    assert!(lock.contains(&key("r1")) && lock.contains(&key("bastion")), "{lock}");
}

#[test]
fn an_administrator_recovers_a_key_with_an_own_passphrase() {
    let folder = bastion();
    let recipient = make_identity(&folder.path().join("admin.identity"), None).unwrap();
    let made = folder.sce(&["keys", "make", "hipaa.toml", "--passphrase-file", "pass", "--escrow-to", &recipient]);
    assert_eq!(made.status, 0, "{made:?}");
    assert!(!made.stderr.contains("no escrow copy"), "{made:?}");
    folder.write("another", "other words that belong\n");
    let copy = "hipaa-keys/hipaa_private_keypair.escrow.age";
    let rest = ["--identity", "admin.identity", "-o", "back", "--passphrase-file", "another", "--json"];
    let recovered = folder.sce(&[&["keys", "recover", copy], &rest[..]].concat());
    assert_eq!(
        (recovered.status, &recovered.json()["name"]),
        (0, &Value::from("hipaa_private_keypair")),
        "{recovered:?}"
    );
    assert!(folder.read("back").starts_with("-----BEGIN OPENSSH PRIVATE KEY-----"));
    let again = folder.sce(&[&["keys", "recover", copy], &rest[..]].concat());
    assert!(again.refused().contains("`back` exists"), "{again:?}");
}

#[cfg(unix)]
#[test]
fn what_people_are_handed_is_for_them_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = bastion();
    let ran = folder.sce(&["access", "hipaa.toml", "--offline", "-o", "out", "--json"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(ran.stderr.contains("note: `r1` has no key yet: `sce keys make SPEC --person r1`"), "{ran:?}");
    let document = ran.json();
    assert_eq!((&document["mode"], &document["live"]), (&Value::from("bastion"), &Value::from(false)));
    let people = document["people"].as_array().unwrap();
    assert_eq!(people.iter().map(|person| &person["key"]).collect::<Vec<_>>(), [false, true]);
    let mode = |path: &str| fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
    let files = ["out/r1/config", "out/r1/hipaa-r1.md", "out/r1/hipaa-r1.html"];
    assert_eq!(people[0]["files"], Value::from(files.to_vec()));
    assert_eq!((mode("out/r1"), files.map(mode)), (0o700, [0o600; 3]));
    assert_eq!(folder.read("out/r1/config"), people[0]["ssh_config"].as_str().unwrap());
    assert!(folder.read("out/r2/config").contains("User r2"));
    // Again over the same files.
    assert_eq!(folder.sce(&["access", "hipaa.toml", "--offline", "-o", "out", "--person", "r1"]).status, 0);
}

#[test]
fn access_asks_somebody_or_is_told_to_ask_nobody() {
    let folder = bastion();
    let refused = folder.sce(&["access", "hipaa.toml"]);
    assert!(refused.refused().contains("give `--offline` to have words stand for them"), "{refused:?}");
    let offline = folder.sce(&["access", "hipaa", "--offline"]);
    assert!(offline.refused().contains("known to its account only"), "{offline:?}");
    let neither = folder.sce(&["access", "Hipaa", "--offline"]);
    assert!(neither.refused().contains("`Hipaa` is neither a spec nor an environment"), "{neither:?}");
}

/// The vpc of `hipaa.toml` on hardware of its own, and the digest that its finding shows.
fn dedicated(folder: &Folder) -> String {
    let spec = folder.read("hipaa.toml").replace("egress = \"nat\"", "egress = \"nat\"\ntenancy = \"dedicated\"");
    folder.write("dedicated.toml", &spec);
    let found = folder.sce(&["check", "dedicated.toml", "--json"]).json()["findings"][0].clone();
    assert_eq!(found["rule"], "tenancy-is-shared");
    found["digest"].as_str().unwrap().to_owned()
}

#[test]
fn a_waiver_is_shown_with_what_it_accepts() {
    let folder = Folder::new();
    let digest = dedicated(&folder);
    assert!(folder.sce(&["check", "dedicated.toml"]).stdout.contains(&format!("digest, for a waiver: {digest}")));
    let waiver = format!(
        "[[waiver]]\nrule = \"tenancy-is-shared\"\nresource = \"vpc\"\ndigest = \"{digest}\"\nreason = \"a grant\"\n\
         approver = \"ciso@example.edu\"\nexpires = 2099-12-31\n"
    );
    folder.write("waived.toml", &format!("{}{waiver}", folder.read("dedicated.toml")));
    let told = folder.sce(&["check", "waived.toml", "--all"]).stdout;
    assert!(told.contains("waived until 2099-12-31 by ciso@example.edu: a grant"), "{told}");
    assert!(told.contains("nothing is open; ") && told.contains(", 1 waived"), "{told}");
    let later = folder.sce(&["check", "waived.toml", "--on", "2100-01-01", "--json"]).json();
    let open: Vec<&Value> = later["findings"].as_array().unwrap().iter().map(|finding| &finding["rule"]).collect();
    assert_eq!(open, ["waiver-is-in-force", "tenancy-is-shared"]);
    folder.write("own.toml", &folder.read("waived.toml").replace("ciso@", "builder@"));
    let refused = folder.sce(&["check", "own.toml"]);
    assert!(refused.refused().contains("who cannot accept a risk of their own"), "{refused:?}");
}

#[test]
fn an_institutions_policy_is_judged_and_read_strictly() {
    let folder = Folder::new();
    let head = "schema_version = 1\nname = \"Example University\"\n";
    folder.write("policy.toml", &format!("{head}[forbid]\negress = [\"nat\"]\n[cost]\nmonthly_ceiling = \"1\"\n"));
    let check = folder.sce(&["check", "hipaa.toml", "--policy", "policy.toml", "--json"]);
    assert_eq!(check.status, 1);
    let rules: Vec<Value> =
        check.json()["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].clone()).collect();
    assert_eq!(rules, ["institution-allows-the-choices", "institution-bounds-the-cost"]);
    folder.write("policy.toml", &format!("{head}[forbid]\negres = [\"nat\"]\n"));
    let refused = folder.sce(&["check", "hipaa.toml", "--policy", "policy.toml"]);
    let told = refused.refused();
    assert!(told.contains("policy.toml:4: unknown field `egres`") && told.contains("did you mean `egress`?"), "{told}");
}

/// A page of documentation in the repository.
fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name)).unwrap()
}

#[test]
fn pages_that_the_command_writes_are_current() {
    let folder = Folder::new();
    let rules = folder.sce(&["explain", "--all", "--markdown"]).stdout;
    assert_eq!(rules, page("rules.md"), "write it anew: sce explain --all --markdown > docs/rules.md");
    let coverage = folder.sce(&["coverage", "hipaa.toml", "--on", "2026-11-24"]).stdout;
    let how = "write it anew: sce init -o hipaa.toml && sce coverage hipaa.toml --on 2026-11-24 > docs/coverage.md";
    assert_eq!(coverage, page("coverage.md"), "{how}");
}

#[test]
fn the_map_from_risk_to_rule_names_every_item_and_every_rule() {
    let (map, explained) = (page("rules-map.md"), Folder::new().sce(&["explain", "--all", "--json"]).json());
    let rules: Vec<&str> =
        explained["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    let quoted: Vec<&str> = map.split('`').skip(1).step_by(2).collect();
    let named = |text: &&&str| text.contains('-') && !text.contains([' ', '#', '.']);
    for name in quoted.iter().filter(named) {
        assert!(rules.contains(name), "there is no rule `{name}`");
    }
    for rule in &rules {
        assert!(quoted.contains(rule), "`{rule}` is not in docs/rules-map.md");
    }
    let items = (120..=123).map(|n| format!("R{n}")).chain((1..=38).map(|n| format!("C{n}")));
    let items = items.chain((1..=34).map(|n| format!("S{n}"))).chain((1..=15).map(|n| format!("E{n}")));
    for item in items.chain((1..=10).map(|n| format!("I{n}"))).chain((1..=7).map(|n| format!("A{n}"))) {
        assert!(map.contains(&format!("\n| {item} ")), "{item} is missing");
    }
}

#[test]
fn nothing_says_that_an_environment_complies() {
    let folder = Folder::new();
    let asked: &[&[&str]] = &[
        &["coverage", "hipaa.toml"],
        &["coverage", "hipaa.toml", "--json"],
        &["register", "hipaa.toml"],
        &["register", "hipaa.toml", "--json"],
        &["check", "hipaa.toml", "--all"],
        &["check", "hipaa.toml", "--all", "--json"],
        &["check", "hipaa.toml", "--all", "--sarif"],
        &["explain", "--all", "--markdown"],
        &["catalog", "--all"],
        &["catalog", "--json"],
    ];
    for arguments in asked {
        let ran = folder.sce(arguments);
        assert_eq!(ran.status, 0, "{arguments:?}: {ran:?}");
        assert!(!ran.stdout.to_lowercase().contains("compliant"), "{arguments:?}");
    }
}

#[test]
fn the_catalogue_is_of_its_day_and_replaceable() {
    let folder = Folder::new();
    let newest = folder.sce(&["catalog", "--json"]).json();
    assert_eq!((&newest["edition"]["as_of"], &newest["editions"][0]), (&"2026-05-22".into(), &"2017-03-23".into()));
    let services = newest["services"].as_array().unwrap();
    let iam = services.iter().find(|one| one["service"] == "AWS Identity and Access Management").unwrap();
    assert_eq!((&iam["tool"], &iam["listed_as"]), (&true.into(), &Value::Null));
    assert_eq!(iam["kinds"][0]["class"], "triggers and orchestration");
    let old = folder.sce(&["catalog", "--edition", "2018-01-01"]).stdout;
    assert!(
        old.contains("as of 2017-03-23: 13") && old.contains("AWS Key Management Service: not on the list"),
        "{old}"
    );
    assert!(
        folder.sce(&["catalog", "--edition", "2000-01-01"]).refused().contains("no edition that held on 2000-01-01")
    );

    let list =
        "schema_version = 1\n[[edition]]\nas_of = 2026-01-01\nsource = \"our agreement\"\nservices = [\"Amazon S3\"]\n";
    folder.write("list.toml", list);
    let check = folder.sce(&["check", "hipaa.toml", "--catalog", "list.toml", "--json"]);
    assert_eq!(check.status, 1);
    let findings = check.json()["findings"].as_array().unwrap().clone();
    assert!(findings.iter().all(|finding| finding["rule"] == "phi-stays-on-eligible-services"));
    assert!(findings.iter().any(|finding| finding["resource"] == "volume-private"), "{findings:?}");
    assert!(findings.iter().all(|finding| finding["resource"] != "bucket-data"), "{findings:?}");
    folder.write("list.toml", &list.replace("source", "soruce"));
    assert!(
        folder.sce(&["catalog", "--catalog", "list.toml"]).refused().contains("list.toml:4: unknown field `soruce`")
    );
}

#[test]
fn sarif_tells_the_lines_of_the_spec() {
    let folder = Folder::new();
    folder.write("idle.toml", &folder.read("hipaa.toml").replace("[access]\n", "[access]\nidle_minutes = 45\n"));
    let log = folder.sce(&["check", "idle.toml", "--sarif"]).json();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let of_spec = |result: &&Value| result["locations"][0]["logicalLocations"][0]["name"] == "spec";
    let result = results.iter().find(of_spec).unwrap();
    let physical = &result["locations"][0]["physicalLocation"];
    assert_eq!((&log["version"], &result["ruleId"]), (&"2.1.0".into(), &"sessions-end-when-idle".into()));
    let text = folder.read("idle.toml");
    let line = text.lines().position(|line| line.starts_with("idle_minutes")).unwrap() + 1;
    assert_eq!(
        (&physical["artifactLocation"]["uri"], &physical["region"]["startLine"]),
        (&"idle.toml".into(), &line.into())
    );
    assert_eq!(folder.sce(&["check", "idle.toml", "--sarif", "--json"]).status, 2);
}

#[test]
fn the_register_is_one_document() {
    let folder = Folder::new();
    let register = folder.sce(&["register", "hipaa.toml", "--json"]).json();
    assert_eq!((&register["schema_version"], &register["owner"]), (&1.into(), &"builder@example.edu".into()));
    assert!(register["risks"].as_array().unwrap().iter().all(|risk| risk["residual"] == risk["severity_kept"]));
    assert_eq!(folder.sce(&["register", "hipaa.toml"]).stdout.lines().next().unwrap().split(',').count(), 2);
}

/// The two specs of docs/prove.md: with a way out, and without.
fn to_prove(folder: &Folder) {
    let head = "pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"builder@example.edu\"\n[compute.private]\ntype = \"m7i.large\"\n";
    folder.write("nat.toml", head);
    let mirror = "packages = { mirror = \"https://pypi.example.edu/simple\" }\n";
    folder.write("none.toml", &format!("{head}{mirror}[network]\negress = \"none\"\n"));
}

#[test]
fn what_docs_say_of_proofs_is_what_is_said() {
    let folder = Folder::new();
    to_prove(&folder);
    let page = include_str!("../../docs/prove.md");
    let examples: Vec<&str> = page.split("```text\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    for (spec, example) in ["nat.toml", "none.toml"].iter().zip(examples) {
        let ran = folder.sce(&["prove", spec, "-q"]);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{ran:?}");
        assert!(ran.stdout.contains(example), "{example}\nis not in\n{}", ran.stdout);
    }
}

#[test]
fn proofs_are_one_document() {
    let folder = Folder::new();
    to_prove(&folder);
    let ran = folder.sce(&["prove", "nat.toml", "--json", "-q"]);
    let properties = ran.json()["properties"].as_array().unwrap().clone();
    assert_eq!((ran.status, properties.len()), (0, 10));
    let way_out = properties.iter().find(|property| property["id"] == "no-way-out-for-phi").unwrap();
    assert_eq!((&way_out["holds"], &way_out["required"]), (&Value::Bool(false), &Value::Bool(false)));
    assert_eq!(way_out["witness"]["flow"]["from"], "instance-private");
    assert_eq!(way_out["witness"]["outcome"]["verdict"], "leaves_network");
}

#[test]
fn a_folder_and_oneself_are_nothing_to_prove() {
    let folder = Folder::new();
    to_prove(&folder);
    assert!(folder.sce(&["prove", "."]).refused().contains("is a folder"));
    assert!(
        folder
            .sce(&["prove", "nat.toml", "--beside", "none.toml", "-q"])
            .refused()
            .contains("no environment is isolated from itself")
    );
}

/// An account that was saved, with its spec and lock: `bastion.toml`, `sce.lock` and the folder `saved`.
fn collected(folder: &Folder) {
    let fixture = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/collected").join(name);
        fs::read_to_string(path).unwrap()
    };
    folder.write("bastion.toml", &fixture("bastion.toml"));
    folder.write("sce.lock", &fixture("bastion.lock"));
    let files: serde_json::Map<String, Value> = serde_json::from_str(&fixture("bastion.json")).unwrap();
    for (path, answer) in files {
        let path = folder.path().join("saved").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, answer.to_string()).unwrap();
    }
}

#[test]
fn claims_are_proved_of_saved_answers_and_a_broken_file_is_refused() {
    let folder = Folder::new();
    collected(&folder);
    let holds = |ran: &Ran| -> Vec<(String, bool)> {
        let report = ran.json();
        let properties = report["properties"].as_array().unwrap();
        properties.iter().map(|one| (one["id"].as_str().unwrap().to_owned(), one["holds"] == true)).collect()
    };
    let prove = ["prove", "bastion.toml", "--saved", "saved", "--json"];
    let whole = folder.sce(&prove);
    assert_eq!((whole.status, whole.stderr.as_str()), (0, ""), "{whole:?}");
    let violated: Vec<String> = holds(&whole).into_iter().filter(|(_, holds)| !holds).map(|(id, _)| id).collect();
    assert_eq!(violated, ["no-way-out-for-phi"]);

    let policy = "s3/hipaa-data-123456789012-us-west-2/get-bucket-policy.json";
    folder.write("saved/notes.txt", "by hand");
    fs::remove_file(folder.path().join("saved").join(policy)).unwrap();
    let missing = folder.sce(&prove);
    assert!(missing.stderr.contains("note: `notes.txt` is no JSON, so nothing was taken from it"), "{missing:?}");
    let report = missing.json();
    let readers =
        report["properties"].as_array().unwrap().iter().find(|one| one["id"] == "stores-are-read-by-the-listed-only");
    assert_eq!((missing.status, &readers.unwrap()["status"]), (1, &Value::from("unknown")));
    let checked = folder.sce(&["check", "bastion.toml", "--saved", "saved", "--json", "-q"]);
    assert_eq!((checked.status, &checked.json()["left_out"]), (1, &serde_json::json!(["notes.txt"])));

    folder.write(&format!("saved/{policy}"), "{\"Policy\": \"{");
    for command in ["prove", "check"] {
        let broken = folder.sce(&[command, "bastion.toml", "--saved", "saved"]);
        let told = broken.refused();
        assert!(told.contains("get-bucket-policy.json:1:") && told.contains("the file ends within a text"), "{told}");
    }
}
