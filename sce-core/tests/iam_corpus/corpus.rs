//! A corpus of policies and requests, the same each time: policies in the shapes that AWS's own pages and real accounts have, each
//! filled in with names of its own, and requests that meet some of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// How often each shape is filled in.
const FILLINGS: usize = 16;
/// How often by itself; after that with the statements of another shape of its kind, as policies grow in accounts.
const ALONE: usize = 4;
const SHAPES: &str = include_str!("policies.jsonl");

/// The policies, by what they are attached to: `identity`, `resource`, `key`, `trust`, `scp`, `boundary`, `session`, `rcp`, `endpoint`.
pub(crate) fn policies() -> BTreeMap<String, Vec<Value>> {
    let mut all: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (at, line) in SHAPES.lines().enumerate() {
        for filling in 0..FILLINGS {
            let mut dice = Dice((at * FILLINGS + filling) as u64);
            let shape = filled(line, &mut dice);
            let kind = shape["kind"].as_str().unwrap_or_default().to_owned();
            let grows = filling >= ALONE && matches!(kind.as_str(), "identity" | "resource" | "key" | "trust");
            let others =
                SHAPES.lines().filter(|other| *other != line && filled(other, &mut Dice(0))["kind"] == shape["kind"]);
            let mut policy = shape["policy"].clone();
            if grows {
                let others: Vec<&str> = others.collect();
                let other = filled(others[dice.below(others.len())], &mut dice);
                policy["Statement"] = json!([statements(&policy), statements(&other["policy"])].concat());
            }
            all.entry(kind).or_default().push(policy);
        }
    }
    all
}

fn statements(policy: &Value) -> Vec<Value> {
    match &policy["Statement"] {
        Value::Array(statements) => statements.clone(),
        one => vec![one.clone()],
    }
}

/// Requests as `sce authorize` takes them, one JSON object a line.
pub(crate) fn requests(count: usize) -> impl Iterator<Item = String> {
    let policies = policies();
    let mut dice = Dice(0x5ce);
    (0..count).map(move |_| request(&policies, &mut dice).to_string())
}

const BUCKETS: [&str; 3] = ["hipaa-data", "omop", "logs-central"];
const ACCOUNTS: [&str; 2] = ["111122223333", "444455556666"];
const REGIONS: [&str; 2] = ["us-west-2", "eu-central-1"];
const ROLES: [&str; 3] = ["reader", "app-web", "shared/etl"];
const VPCES: [&str; 2] = ["vpce-0a1b", "vpce-0c2d"];
const KEYS: [&str; 2] = ["0c0ffee0-1111", "0c0ffee0-2222"];
const CIDRS: [&str; 3] = ["140.142.0.0/16", "198.51.100.0/25", "10.0.0.0/8"];

fn filled(line: &str, dice: &mut Dice) -> Value {
    let home = usize::from(dice.one_in(4));
    let words = [
        ("<BUCKET>", BUCKETS[dice.below(3)]),
        ("<ACCOUNT>", ACCOUNTS[home]),
        ("<OTHER>", ACCOUNTS[1 - home]),
        ("<REGION>", REGIONS[usize::from(dice.one_in(5))]),
        ("<ROLE>", ROLES[dice.below(2)]),
        ("<VPCE>", VPCES[dice.below(2)]),
        ("<KEY>", KEYS[dice.below(2)]),
        ("<CIDR>", CIDRS[dice.below(3)]),
    ];
    let text = words.iter().fold(line.to_owned(), |line, (word, value)| line.replace(word, value));
    serde_json::from_str(&text).unwrap_or_default()
}

fn request(policies: &BTreeMap<String, Vec<Value>>, dice: &mut Dice) -> Value {
    let account = ACCOUNTS[usize::from(dice.one_in(5))];
    let (action, resource, attached) = asked(dice, account);
    let some = |kind: &str, most: usize, dice: &mut Dice| -> Vec<Value> {
        (0..dice.below(most) + 1).map(|_| dice.of(&policies[kind]).clone()).collect()
    };
    let mut met = json!({"identity": some("identity", 4, dice)});
    if attached != "resource" || !dice.one_in(3) {
        met["resource"] = dice.of(&policies[attached]).clone();
    }
    if dice.one_in(4) {
        met["boundary"] = json!([dice.of(&policies["boundary"])]);
    }
    if dice.one_in(6) {
        met["session"] = json!([dice.of(&policies["session"])]);
    }
    if dice.one_in(3) {
        met["scp"] = json!([some("scp", 1, dice), some("scp", 2, dice)]);
    }
    if dice.one_in(6) {
        met["rcp"] = json!([[dice.of(&policies["rcp"])]]);
    }
    if dice.one_in(4) {
        met["endpoint"] = json!([dice.of(&policies["endpoint"])]);
    }
    let caller = caller(dice);
    json!({"principal": caller, "action": action, "resource": resource, "resource_account": account, "context": context(dice),
        "policies": met})
}

/// An action, a resource it is on, and the kind of policy that such a resource has.
fn asked(dice: &mut Dice, account: &str) -> (&'static str, String, &'static str) {
    let region = REGIONS[usize::from(dice.one_in(5))];
    let bucket = BUCKETS[dice.below(3)];
    let object = ["in/a.csv", "home/alice/x", "tmp/1", "secret/k", "AWSLogs/111122223333/1"][dice.below(5)];
    match dice.below(12) {
        0..=5 => {
            let action = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:GetObjectVersion"][dice.below(4)];
            (action, format!("arn:aws:s3:::{bucket}/{object}"), "resource")
        }
        6 => ("s3:ListBucket", format!("arn:aws:s3:::{bucket}"), "resource"),
        7 => ("kms:Decrypt", format!("arn:aws:kms:{region}:{account}:key/{}", KEYS[dice.below(2)]), "key"),
        8 => ("sts:AssumeRole", format!("arn:aws:iam::{account}:role/{}", ROLES[dice.below(3)]), "trust"),
        9 => ("iam:PassRole", format!("arn:aws:iam::{account}:role/app-{}", dice.below(3)), "resource"),
        10 => {
            ("ec2:StartInstances", format!("arn:aws:ec2:{region}:{account}:instance/i-{}", dice.below(9)), "resource")
        }
        _ => ("dynamodb:GetItem", format!("arn:aws:dynamodb:{region}:{account}:table/visits"), "resource"),
    }
}

fn caller(dice: &mut Dice) -> Value {
    let account = ACCOUNTS[usize::from(dice.one_in(4))];
    let arn = match dice.below(10) {
        0 => return json!({"type": "anonymous"}),
        1 => {
            let names = ["logging.s3.amazonaws.com", "cloudfront.amazonaws.com", "ec2.amazonaws.com"];
            return json!({"type": "service", "name": names[dice.below(3)]});
        }
        2 => format!("arn:aws:iam::{account}:root"),
        3..=4 => format!("arn:aws:iam::{account}:user/{}", ["alice", "bob"][dice.below(2)]),
        5 => format!("arn:aws:iam::{account}:role/{}", ["reader", "admin", "app-web"][dice.below(3)]),
        _ => format!("arn:aws:sts::{account}:assumed-role/{}/monday", ["reader", "admin", "app-web"][dice.below(3)]),
    };
    json!({"type": "aws", "arn": arn})
}

fn context(dice: &mut Dice) -> Value {
    let mut context = json!({"aws:SecureTransport": !dice.one_in(8), "aws:CurrentTime": "2026-11-24T12:00:00Z"});
    if dice.one_in(2) {
        context["aws:SourceIp"] =
            json!(["140.142.3.4", "198.51.100.9", "203.0.113.7", "2001:db8:1234::5"][dice.below(4)]);
    } else {
        context["aws:SourceVpce"] = json!(VPCES[dice.below(2)]);
    }
    let maybe: [(&str, u64, Value); 14] = [
        ("aws:MultiFactorAuthPresent", 2, json!(!dice.one_in(3))),
        ("aws:MultiFactorAuthAge", 3, json!(dice.below(7200))),
        ("aws:RequestedRegion", 2, json!(REGIONS[usize::from(dice.one_in(3))])),
        ("aws:PrincipalOrgID", 2, json!(["o-example1", "o-other"][dice.below(2)])),
        ("aws:username", 3, json!(["alice", "bob"][dice.below(2)])),
        ("aws:userid", 3, json!("AIDAEXAMPLE")),
        ("aws:PrincipalTag/project", 3, json!(["hipaa", "omop"][dice.below(2)])),
        ("aws:ResourceTag/project", 3, json!("hipaa")),
        ("aws:ResourceTag/Owner", 4, json!("alice")),
        ("aws:TagKeys", 5, json!(["project", "Name"])),
        ("s3:x-amz-server-side-encryption", 3, json!(["aws:kms", "AES256"][dice.below(2)])),
        ("s3:x-amz-acl", 4, json!("bucket-owner-full-control")),
        ("s3:TlsVersion", 2, json!(["1.2", "1.3", "1.1"][dice.below(3)])),
        ("kms:ViaService", 3, json!("s3.us-west-2.amazonaws.com")),
    ];
    for (key, seldom, value) in maybe {
        if dice.one_in(seldom) {
            context[key] = value;
        }
    }
    context
}

/// Numbers that look thrown and are the same each time (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap_or_default()
    }

    fn one_in(&mut self, seldom: u64) -> bool {
        self.next().is_multiple_of(seldom)
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}
