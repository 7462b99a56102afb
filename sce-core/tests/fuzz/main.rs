//! Readers of what people and clouds write, fed with mutations of real input: whatever it is, it is answered or refused, and no reader
//! panics or goes on for ever.
//!
//! The mutations follow from a seed, so a failure comes again; the input that caused one is kept in `target/tmp`. `SCE_FUZZ=100000`
//! makes that many mutations for each reader instead of the few of an ordinary run, and `SCE_FUZZ_SEED` other ones.

mod mutate;

use std::env;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mutate::Mutator;
use sce_core::aws::describe::tree::{self, File};
use sce_core::aws::describe::{flow, read};
use sce_core::aws::iam::{Attachment, Document, authorize, is_public};
use sce_core::reach::Reach;
use sce_core::spec::{Format, parse};

/// So many for each reader when nothing else is asked for.
const FEW: usize = 400;
/// A mutation of a small file that takes longer has found a way to make a reader slow.
const LONGEST: Duration = Duration::from_secs(20);

#[test]
fn described_networks() {
    let fixtures = fixtures();
    run("describe", &fixtures, |path, bytes| {
        let Ok(described) = read([File { path, bytes }]) else { return };
        let reach = Reach::of(&described.network);
        let line =
            r#"{"from":"internet","src_ip":"128.95.1.1","dst_ip":"54.214.113.85","protocol":"tcp","dst_port":22}"#;
        if let Ok(flow) = flow::parse(line, &reach, &described.network) {
            assert!(!reach.walk(&flow).why.is_empty());
        }
        for exposure in reach.exposed() {
            assert!(!exposure.sources.is_empty(), "{exposure:?}");
        }
    });
}

#[test]
fn trees_of_answers() {
    run("tree", &fixtures(), |path, bytes| match tree::read([File { path, bytes }]) {
        Ok(tree) => assert!(!tree.documents.is_empty() || !tree.not_understood.is_empty() || bytes.starts_with(b"{")),
        Err(error) => assert!(error.line > 0 && !error.problem.is_empty(), "{error:?}"),
    });
}

#[test]
fn lines_of_flows() {
    let fixtures = fixtures();
    let files: Vec<File<'_>> = fixtures.iter().map(|(path, bytes)| File { path, bytes }).collect();
    let described = read(files).expect("the fixtures are whole");
    let reach = Reach::of(&described.network);
    let lines = [
        r#"{"from":"internet","src_ip":"128.95.1.1","dst_ip":"54.214.113.85","protocol":"tcp","dst_port":22}"#,
        r#"{"from":"eni-1","src_ip":"10.0.0.4","dst_ip":"10.0.1.4","protocol":"icmp","icmp_type":8,"icmp_code":0}"#,
        r#"{"from":"internet","src_ip":"2001:db8::1","dst_ip":"::1","protocol":47}"#,
    ];
    let lines = lines.map(|line| (String::new(), line.as_bytes().to_vec()));
    run("flow", &lines, |_, bytes| match flow::parse(&String::from_utf8_lossy(bytes), &reach, &described.network) {
        Ok(flow) => assert!(!reach.walk(&flow).why.is_empty()),
        Err(error) => assert!(error.help().is_some(), "{error}"),
    });
}

#[test]
fn specs() {
    let toml = "schema_version = 1\npit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"builder@example.edu\"\n\
        approvals = { irb = \"STUDY00001234\", billing = \"BUDGET-77\", baa = \"2026-03-01\" }\n\
        [network]\ncidr = \"10.0.0.0/16\"\negress = \"nat\"\n[access]\nmode = \"bastion\"\n\
        allow = [{ name = \"campus\", cidr = \"128.95.0.0/16\" }]\nlaptop = \"managed\"\n\
        [compute.private]\ntype = \"m7i.large\"\ndata_volume_gib = 100\n[retention]\nlogs_days = 2192\n";
    let json = r#"{"pit": "hipaa", "region": "us-west-2", "owner": "builder@example.edu",
        "network": {"cidr": "10.0.0.0/16", "taken": [{"name": "vpn", "cidr": "10.1.0.0/16"}]}}"#;
    let inputs = [("a.toml".to_owned(), toml.into()), ("a.json".to_owned(), json.into())];
    run("spec", &inputs, |path, bytes| {
        if let Err(error) = parse(&String::from_utf8_lossy(bytes), Format::of_file(path)) {
            assert!(!error.problems.is_empty());
        }
    });
}

#[test]
fn policies() {
    let policies = ["hipaa-data", "hipaa-output", "hipaa-accesslogs"].map(|bucket| {
        let path = format!("s3/{bucket}-123456789012-us-west-2/get-bucket-policy.json");
        let saved = fixtures().into_iter().find(|(below, _)| *below == path).expect("a saved policy");
        let answer: serde_json::Value = serde_json::from_slice(&saved.1).expect("JSON");
        (path, answer["Policy"].as_str().expect("a policy, as text").as_bytes().to_vec())
    });
    run("policy", &policies, |_, bytes| match Document::read(&String::from_utf8_lossy(bytes), Attachment::Resource) {
        Ok(document) => drop(is_public(&document)),
        Err(error) => assert!(!error.to_string().is_empty()),
    });
}

#[test]
fn requests() {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Action":["s3:Get*","s3:List?ucket"],
        "Resource":"arn:aws:s3:::phi/${aws:username, 'x'}/*","Condition":{"StringLike":{"aws:PrincipalArn":["arn:aws:iam::*:role/*"]},
        "ForAllValues:StringEqualsIfExists":{"aws:TagKeys":["a","b"]},"IpAddress":{"aws:SourceIp":"10.0.0.0/8"},
        "Bool":{"aws:SecureTransport":"true"},"NumericLessThan":{"aws:MultiFactorAuthAge":"3600"}}}]}"#;
    let request = format!(
        r#"{{"principal":{{"type":"aws","arn":"arn:aws:iam::111122223333:role/r"}},"action":"s3:GetObject",
        "resource":"arn:aws:s3:::phi/x/*","resource_account":"111122223333","context":{{"aws:SourceIp":"10.0.0.1",
        "aws:TagKeys":["a"],"aws:SecureTransport":"true"}},"policies":{{"identity":[{policy}],"boundary":[{policy}]}}}}"#
    );
    run("request", &[(String::new(), request.into_bytes())], |_, bytes| {
        if let Err(error) = authorize(1, &String::from_utf8_lossy(bytes)) {
            assert!(!error.to_string().is_empty());
        }
    });
}

/// Feeds a reader with mutations of the inputs, each under the path of the input it comes from.
fn run(reader: &str, inputs: &[(String, Vec<u8>)], read: impl Fn(&str, &[u8])) {
    let number = |name| env::var(name).ok().map(|text| text.parse().expect("a number"));
    let seed = number("SCE_FUZZ_SEED").unwrap_or(1);
    let mut mutator = Mutator::new(seed, inputs.iter().map(|(_, bytes)| bytes.clone()).collect());
    for round in 0..number("SCE_FUZZ").map_or(FEW, |many| usize::try_from(many).expect("so many")) {
        let (path, original) = &inputs[round % inputs.len()];
        let bytes = mutator.mutation(original);
        let start = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| read(path, &bytes)));
        if outcome.is_err() || start.elapsed() > LONGEST {
            let kept = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{reader}-{seed}-{round}"));
            fs::write(&kept, &bytes).expect("the input is kept");
            panic!("{reader}, seed {seed}, round {round}: {:?}; the input is in {}", start.elapsed(), kept.display());
        }
    }
}

/// The committed tree, by paths below its root.
fn fixtures() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/describe/bastion");
    let (mut folders, mut files) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the fixtures are there") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let below = path.strip_prefix(&root).expect("below").to_string_lossy().replace('\\', "/");
                    files.push((below, fs::read(&path).expect("a file")));
                }
            }
        }
    }
    files.sort();
    files
}
