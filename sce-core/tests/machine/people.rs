//! The program that machines run every five minutes: one account for each person on the list, and no others touched.

use std::collections::BTreeMap;
use std::fs;

use proptest::prelude::*;
use sce_core::spec::Packages;

use crate::scratch::{KEY, OTHER_KEY, Scratch, bastion, private};

/// A machine with the program installed and nobody on it.
struct Machine {
    scratch: Scratch,
}

/// What is known of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Account {
    Active,
    Former,
    Others,
}

impl Machine {
    fn new(program: &str) -> Self {
        let scratch = Scratch::new(program);
        for function in ["close_unless_open", "make_groups", "install_people"] {
            let ran = scratch.function(function);
            assert_eq!(ran.status, 0, "{function}: {}", ran.told);
        }
        let _ = scratch.calls();
        Self { scratch }
    }

    fn private() -> Self {
        Self::new(&private(&Packages::Internet))
    }

    /// Runs it once: its exit status, what it said, and what it called beside reading the list.
    fn run(&self) -> (i32, String, Vec<String>) {
        let file = self.scratch.root().join("usr/local/libexec/sce-people");
        let ran = self.scratch.command("python3", &[&file.to_string_lossy()]);
        let calls = self.scratch.calls().into_iter().filter(|call| !call.starts_with("aws ")).collect();
        (ran.status, ran.told, calls)
    }

    /// Runs it with that list, which is in order.
    fn with(&self, people: &[(&str, Option<&str>)]) -> Vec<String> {
        self.scratch.people(people);
        let (status, told, calls) = self.run();
        assert_eq!(status, 0, "{told}");
        calls
    }

    fn key(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.scratch.root().join("etc/sce/keys").join(name)).ok()
    }

    /// Who was removed is found under the account's comment: the login of that name is gone.
    fn account(&self, name: &str) -> Option<Account> {
        let of_group = |group: &str| self.field("etc/group", group, 2);
        let former = of_group("sce-former");
        let passwd = self.scratch.read("etc/passwd");
        let known = |fields: &[&str]| fields[if Some(fields[3]) == former.as_deref() { 4 } else { 0 }] == name;
        let accounts = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
        let found: Vec<_> = accounts.filter(|fields| known(fields)).collect();
        assert!(found.len() <= 1, "{name} has more than one account: {found:?}");
        let fields = found.first()?;
        let account = match Some(fields[3].to_owned()) {
            group if group == of_group("sce-people") => Account::Active,
            group if group == former => Account::Former,
            _ => Account::Others,
        };
        let expired = self.field("etc/shadow", fields[0], 7).is_some_and(|day| !day.is_empty());
        assert_eq!(expired, account == Account::Former, "{name} is {account:?}");
        if account == Account::Former {
            assert_eq!(fields[0], format!("former-{}", fields[2]), "Session Manager still finds {name}");
        }
        Some(account)
    }

    fn field(&self, file: &str, name: &str, at: usize) -> Option<String> {
        let text = self.scratch.read(file);
        let line = text.lines().find(|line| line.split(':').next() == Some(name))?;
        line.split(':').nth(at).map(str::to_owned)
    }
}

#[test]
fn a_person_gets_an_account_without_password_and_a_key_that_only_root_can_change() {
    let machine = Machine::private();
    let calls = machine.with(&[("r1", Some(KEY)), ("r2", None)]);
    let add = |name: &str| {
        format!("useradd --no-user-group --gid sce-people --create-home --key HOME_MODE=0700 --shell /bin/bash {name}")
    };
    assert_eq!(calls, [add("r1"), add("r2")]);
    assert_eq!(machine.key("r1"), Some(format!("restrict,pty,port-forwarding {KEY} r1\n")));
    assert_eq!(machine.scratch.mode("etc/sce/keys/r1"), 0o644, "sshd reads it as r1; root owns it");
    assert_eq!(machine.key("r2"), None, "nobody can log in without a key");
}

#[test]
fn the_list_is_read_from_its_bucket_in_the_machines_region() {
    let machine = Machine::private();
    machine.scratch.people(&[]);
    let file = machine.scratch.root().join("usr/local/libexec/sce-people");
    assert_eq!(machine.scratch.command("python3", &[&file.to_string_lossy()]).status, 0);
    let source = "s3://hipaa-ancillary-111122223333-us-west-2/machine/people.json";
    assert_eq!(machine.scratch.calls(), [format!("aws s3 cp --region us-west-2 {source} -")]);
}

#[test]
fn on_a_bastion_a_person_gets_no_shell_and_no_home() {
    let machine = Machine::new(&bastion("10.0.1.0/24"));
    let calls = machine.with(&[("r1", Some(KEY))]);
    assert!(calls[0].ends_with("--no-create-home --shell /sbin/nologin r1"), "{calls:?}");
    assert_eq!(machine.key("r1"), Some(format!("restrict,port-forwarding {KEY} r1\n")));
}

#[test]
fn who_is_struck_off_is_put_out_before_the_group_changes() {
    let machine = Machine::private();
    machine.with(&[("r1", Some(KEY)), ("r2", Some(OTHER_KEY))]);
    let calls = machine.with(&[("r2", Some(OTHER_KEY))]);
    assert_eq!(
        calls,
        [
            "usermod --lock --expiredate 1 r1",
            "loginctl disable-linger r1",
            "loginctl terminate-user r1",
            "pkill -KILL -u r1",
            "usermod --gid sce-former --comment r1 --login former-1002 r1",
        ]
    );
    assert_eq!((machine.key("r1"), machine.account("r1")), (None, Some(Account::Former)));
    assert!(machine.key("r2").is_some());
    assert!(machine.with(&[("r2", Some(OTHER_KEY))]).is_empty());
    assert_eq!(
        machine.with(&[("r1", Some(KEY)), ("r2", Some(OTHER_KEY))]),
        ["usermod --gid sce-people --expiredate  --login r1 former-1002"]
    );
    assert_eq!(machine.account("r1"), Some(Account::Active));
}

#[test]
fn a_new_key_takes_the_place_of_the_old_one_without_a_lock_out() {
    let machine = Machine::private();
    machine.with(&[("r1", Some(KEY))]);
    assert!(machine.with(&[("r1", Some(OTHER_KEY))]).is_empty(), "no session is ended");
    assert_eq!(machine.key("r1"), Some(format!("restrict,pty,port-forwarding {OTHER_KEY} r1\n")));
}

#[test]
fn both_keys_open_while_one_takes_the_place_of_the_other() {
    let machine = Machine::private();
    machine.with(&[("r1", Some(KEY))]);
    let list = |before: &str| {
        let person = format!(r#"{{"name":"r1","key":"{OTHER_KEY}","previous_key":{before}}}"#);
        format!(r#"{{"schema_version":1,"people":[{person}]}}"#).into_bytes()
    };
    machine.scratch.list(list(&format!("\"{KEY}\"")));
    let (status, told, calls) = machine.run();
    assert_eq!((status, calls), (0, vec![]), "{told}");
    let line = |key: &str| format!("restrict,pty,port-forwarding {key} r1\n");
    assert_eq!(machine.key("r1"), Some(line(OTHER_KEY) + &line(KEY)));
    for bad in ["7", "\"\"", "[]", "\"command=sh\""] {
        machine.scratch.list(list(bad));
        assert_eq!(machine.run().0, 2, "{bad}");
    }
    machine.with(&[("r1", Some(OTHER_KEY))]);
    assert_eq!(machine.key("r1"), Some(line(OTHER_KEY)));
}

#[test]
fn who_loses_the_key_loses_the_session() {
    let machine = Machine::private();
    machine.with(&[("r1", Some(KEY))]);
    let calls = machine.with(&[("r1", None)]);
    assert_eq!(calls, ["loginctl disable-linger r1", "loginctl terminate-user r1", "pkill -KILL -u r1"]);
    assert_eq!((machine.key("r1"), machine.account("r1")), (None, Some(Account::Active)));
}

/// Whatever fails on the way out, the next run takes it up again.
#[test]
fn a_removal_that_was_cut_short_is_taken_up_again() {
    for program in ["usermod", "pkill"] {
        let machine = Machine::private();
        machine.with(&[("r1", Some(KEY))]);
        machine.scratch.people(&[("r2", Some(OTHER_KEY))]);
        machine.scratch.ends(program, 3);
        let (status, told, _) = machine.run();
        assert_eq!(status, 1, "{told}");
        assert!(told.contains("r1: remove failed"), "{told}");
        assert_eq!(machine.key("r1"), None, "the key goes first");
        assert!(machine.key("r2").is_some(), "nobody else is held up");
        machine.scratch.ends(program, 0);
        assert_eq!(machine.run().0, 0);
        assert_eq!(machine.account("r1"), Some(Account::Former));
    }
}

/// Removed half-way, then listed again: the account is not left expired.
#[test]
fn who_comes_back_half_way_out_is_let_in() {
    let machine = Machine::private();
    machine.with(&[("r1", Some(KEY))]);
    machine.scratch.people(&[]);
    machine.scratch.ends("pkill", 3);
    assert_eq!(machine.run().0, 1);
    machine.scratch.ends("pkill", 0);
    machine.with(&[("r1", Some(KEY))]);
    assert_eq!(machine.account("r1"), Some(Account::Active));
}

#[test]
fn accounts_and_groups_of_the_system_are_left_alone() {
    let machine = Machine::private();
    for name in ["root", "ec2-user", "wheel", "sce-people"] {
        let before = ["etc/passwd", "etc/shadow", "etc/group"].map(|file| machine.scratch.read(file));
        machine.scratch.people(&[(name, Some(KEY)), ("r1", Some(KEY))]);
        let (status, told, calls) = machine.run();
        assert_eq!(status, 1, "{told}");
        assert!(told.contains(&format!("{name}: the name is taken, left alone")), "{told}");
        assert!(!calls.iter().any(|call| call.ends_with(&format!(" {name}"))), "{calls:?}");
        assert_eq!((machine.key(name), machine.key("r1").is_some()), (None, true));
        machine.with(&[]);
        let after = ["etc/passwd", "etc/shadow", "etc/group"].map(|file| machine.scratch.read(file));
        for (before, after) in before.iter().zip(&after) {
            assert!(before.lines().filter(|line| !line.contains("r1")).all(|line| after.contains(line)));
        }
    }
}

/// A key file that is nobody's on the list goes, but nobody of the system is put out for it.
#[test]
fn stray_keys_go() {
    let machine = Machine::private();
    machine.with(&[("r1", Some(KEY))]);
    for name in ["root", "ec2-user", "r1.new", "..x"] {
        machine.scratch.write(&format!("etc/sce/keys/{name}"), KEY);
        let calls = machine.with(&[("r1", Some(KEY))]);
        assert_eq!((machine.key(name), calls), (None, vec![]));
    }
    assert!(machine.key("r1").is_some());
}

/// Nothing is changed by a list that cannot be trusted whole, and nothing of it but names in order reaches the log.
#[test]
fn a_list_out_of_order_changes_nothing() {
    let person = |name: &str, key: &str| format!(r#"{{"schema_version":1,"people":[{{"name":{name},"key":{key}}}]}}"#);
    let key = format!("\"{KEY}\"");
    let body = &KEY["ssh-ed25519 ".len()..];
    let names = [
        "../../root",
        "/etc/passwd",
        "..",
        "",
        "R1",
        "r 1",
        "r1\\n",
        "r1\\nroot",
        "-rf",
        "--gid",
        "1r",
        "r:1",
        "r1;id",
        "$(id)",
        "r\\u0000",
        "ré",
        "a2345678901234567890123456789012x",
    ];
    let keys = [
        format!("ssh-rsa {body}"),
        format!("command=\\\"/bin/sh\\\" {KEY}"),
        format!("restrict,{KEY}"),
        format!(" {KEY}"),
        format!("{KEY}\\n"),
        format!("{KEY}\\nssh-ed25519 {body}"),
        format!("{KEY}\\r{KEY}"),
        format!("{KEY} comment"),
        format!("ssh-ed25519  {body}"),
        format!("# {KEY}"),
        format!("{KEY}A"),
        KEY[..KEY.len() - 1].to_owned(),
        String::new(),
        "-----BEGIN OPENSSH PRIVATE KEY-----".to_owned(),
    ];
    let r1 = format!(r#"{{"name":"r9","key":{key}}}"#);
    let mut lists: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"{}".to_vec(),
        b"{\"schema_version\":1}".to_vec(),
        b"<html>503</html>".to_vec(),
        b"\xff\xfe{".to_vec(),
        "[".repeat(100_000).into_bytes(),
        br#"{"schema_version":1,"people":{}}"#.to_vec(),
        br#"{"schema_version":1,"people":[null]}"#.to_vec(),
        br#"{"schema_version":1,"people":["r9"]}"#.to_vec(),
        br#"{"schema_version":1,"people":[{"name":"r9"}]}"#.to_vec(),
        format!(r#"{{"schema_version":2,"people":[{r1}]}}"#).into_bytes(),
        format!(r#"{{"schema_version":true,"people":[{r1}]}}"#).into_bytes(),
        format!(r#"{{"schema_version":1.0,"people":[{r1}]}}"#).into_bytes(),
        format!(r#"{{"schema_version":1,"people":[{r1},{r1}]}}"#).into_bytes(),
        format!(r#"{{"schema_version":1,"people":[],"people":[{r1}]}}"#).into_bytes(),
        format!(r#"{{"schema_version":1,"people":[{r1}],"sudo":["r9"]}}"#).into_bytes(),
        format!(r#"{{"schema_version":1,"people":[{{"name":"r9","key":{key},"shell":"/bin/sh"}}]}}"#).into_bytes(),
        format!(r#"{{"schema_version":1,"people":[{r1}]}} {{}}"#).into_bytes(),
        person("7", &key).into_bytes(),
        person("\"r9\"", "7").into_bytes(),
        person("\"r9\"", "[]").into_bytes(),
        person("[\"r9\"]", &key).into_bytes(),
        format!(r#"{{"schema_version":1,"people":[{r1}]{}}}"#, " ".repeat(1 << 20)).into_bytes(),
    ];
    lists.extend(names.map(|name| person(&format!("\"{name}\""), &key).into_bytes()));
    lists.extend(keys.map(|key| person("\"r9\"", &format!("\"{key}\"")).into_bytes()));
    let machine = Machine::private();
    machine.with(&[("r1", Some(KEY))]);
    let before = machine.scratch.everything();
    for list in lists {
        machine.scratch.list(&list);
        let shown: String = String::from_utf8_lossy(&list).chars().take(200).collect();
        let (status, told, calls) = machine.run();
        assert_eq!((status, calls), (2, vec![]), "{shown}: {told}");
        assert_eq!(told.contains("the list is too large"), list.len() > 1 << 20, "{told}");
        assert!(machine.scratch.everything() == before, "{shown}");
        assert!(told.contains("nothing changed: ") && told.lines().count() == 1, "{shown}: {told}");
        assert!(!told.contains(body) && !told.contains("root") && !told.contains("PRIVATE"), "{shown}: {told}");
    }
}

#[test]
fn a_list_that_cannot_be_fetched_changes_nothing() {
    let machine = Machine::private();
    machine.with(&[("r1", Some(KEY))]);
    let before = machine.scratch.everything();
    machine.scratch.ends("aws", 255);
    let (status, told, calls) = machine.run();
    assert_eq!((status, calls), (2, vec![]));
    assert!(told.contains("the list cannot be fetched (exit 255)"), "{told}");
    assert!(machine.scratch.everything() == before);
}

const NAMES: [&str; 4] = ["ada", "grace", "r-1", "z_9"];

/// A list: for each name, absent, without a key, or with one of two.
fn list() -> impl Strategy<Value = BTreeMap<&'static str, Option<&'static str>>> {
    let wanted = prop_oneof![
        2 => Just(None),
        1 => Just(Some(None)),
        2 => Just(Some(Some(KEY))),
        2 => Just(Some(Some(OTHER_KEY))),
    ];
    proptest::collection::vec(wanted, NAMES.len())
        .prop_map(|wanted| NAMES.into_iter().zip(wanted).filter_map(|(name, wanted)| Some((name, wanted?))).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    /// After any sequence of lists, with bad ones between, accounts and keys are what the last good list says.
    #[test]
    fn the_machine_follows_the_list(lists in proptest::collection::vec((list(), any::<bool>()), 1..6)) {
        let machine = Machine::private();
        let mut known: BTreeMap<&str, ()> = BTreeMap::new();
        for (people, bad_one_after) in lists {
            known.extend(people.keys().map(|name| (*name, ())));
            let people: Vec<_> = people.into_iter().collect();
            machine.with(&people);
            if bad_one_after {
                machine.scratch.list("{\"schema_version\":1,\"people\":[{\"name\":\"ada\"}]}");
                prop_assert_eq!(machine.run().0, 2);
                machine.scratch.people(&people);
            }
            for name in NAMES {
                let wanted = people.iter().find(|(other, _)| *other == name);
                let account = match (wanted, known.contains_key(name)) {
                    (Some(_), _) => Some(Account::Active),
                    (None, true) => Some(Account::Former),
                    (None, false) => None,
                };
                prop_assert_eq!(machine.account(name), account, "{}", name);
                let key = wanted.and_then(|(_, key)| *key);
                prop_assert_eq!(machine.key(name), key.map(|key| format!("restrict,pty,port-forwarding {key} {name}\n")));
            }
            prop_assert_eq!(machine.account("ec2-user"), Some(Account::Others));
            let before = machine.scratch.everything();
            prop_assert!(machine.run().2.is_empty(), "a second run with the same list does something");
            prop_assert!(machine.scratch.everything() == before);
        }
    }
}
