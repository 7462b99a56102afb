//! The policies that `sce permissions` prints allow what is sent and what AWS asks for beside, and no action that nobody needs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sce::archive::{Dangerous, Protection};
use sce::aws::permissions::{Duty, Need, On, Permission};
use sce::rights::{Permissions, table};
use sce::transfer::{Existing, Place};
use sce::{AccountPlace, AccountSettings, CheckedPlan, Divergences, Endpoints, Session, Target};
use sce_tests::{Emulators, root, run};

const SPEC: &str = "\
pit = \"hipaa\"
region = \"us-west-2\"
owner = \"builder@example.edu\"
approvals = { irb = \"STUDY00001234\", billing = \"BUDGET-77\", baa = \"2026-03-01\" }
[compute.private]
type = \"m7i.large\"
data_volume_gib = 20
";

/// What no call shows, by the operation that it goes with: all of it for the kinds of this spec.
const UNSEEN: [(&str, &str); 47] = [
    ("dynamodb:CreateTable", "dynamodb:TagResource"),
    ("dynamodb:CreateTable", "kms:CreateGrant"),
    ("dynamodb:CreateTable", "kms:Decrypt"),
    ("dynamodb:Scan", "kms:Decrypt"),
    ("ec2:AllocateAddress", "ec2:CreateTags"),
    ("ec2:AttachVolume", "kms:CreateGrant"),
    ("ec2:CreateFlowLogs", "ec2:CreateTags"),
    ("ec2:CreateFlowLogs", "iam:PassRole"),
    ("ec2:CreateInternetGateway", "ec2:CreateTags"),
    ("ec2:CreateLaunchTemplate", "ec2:CreateTags"),
    ("ec2:CreateNatGateway", "ec2:CreateTags"),
    ("ec2:CreateNetworkAcl", "ec2:CreateTags"),
    ("ec2:CreateRouteTable", "ec2:CreateTags"),
    ("ec2:CreateSecurityGroup", "ec2:CreateTags"),
    ("ec2:CreateSubnet", "ec2:CreateTags"),
    ("ec2:CreateVolume", "ec2:CreateTags"),
    ("ec2:CreateVolume", "kms:GenerateDataKeyWithoutPlaintext"),
    ("ec2:CreateVpc", "ec2:CreateTags"),
    ("ec2:CreateVpcEndpoint", "ec2:CreateTags"),
    ("ec2:RunInstances", "ec2:CreateTags"),
    ("ec2:RunInstances", "iam:PassRole"),
    ("ec2:RunInstances", "kms:CreateGrant"),
    ("ec2:RunInstances", "kms:Decrypt"),
    ("ec2:RunInstances", "kms:GenerateDataKeyWithoutPlaintext"),
    ("ec2:RunInstances", "kms:ReEncryptFrom"),
    ("ec2:RunInstances", "kms:ReEncryptTo"),
    ("iam:AddRoleToInstanceProfile", "iam:PassRole"),
    ("iam:CreateInstanceProfile", "iam:TagInstanceProfile"),
    ("iam:CreatePolicy", "iam:TagPolicy"),
    ("iam:CreateRole", "iam:TagRole"),
    ("kms:CreateKey", "kms:TagResource"),
    ("lambda:CreateFunction", "iam:PassRole"),
    ("lambda:CreateFunction", "kms:CreateGrant"),
    ("lambda:CreateFunction", "kms:Encrypt"),
    ("lambda:CreateFunction", "lambda:TagResource"),
    ("lambda:GetFunction", "kms:Decrypt"),
    ("lambda:GetFunction", "lambda:ListTags"),
    ("logs:CreateLogGroup", "logs:TagResource"),
    ("s3:CreateBucket", "s3:TagResource"),
    ("s3:DeleteObjects", "s3:BypassGovernanceRetention"),
    ("s3:GetObject", "kms:Decrypt"),
    ("s3:HeadObject", "s3:GetObjectRetention"),
    ("s3:PutObject", "kms:GenerateDataKey"),
    ("s3:PutObject", "s3:PutObjectTagging"),
    ("sns:CreateTopic", "sns:TagResource"),
    ("sqs:CreateQueue", "sqs:TagQueue"),
    ("ssm:CreateDocument", "ssm:AddTagsToResource"),
];

/// Calls that the table says are always sent, and that were not: moto's default security group lets nothing in where AWS's lets in
/// its own members, and a bucket is made with its ownership settled.
const UNSENT: [&str; 2] = ["ec2:RevokeSecurityGroupIngress", "s3:PutBucketOwnershipControls"];

/// What each duty sent.
type Recorded = BTreeMap<Duty, BTreeSet<String>>;

#[test]
fn what_is_sent_is_allowed_and_no_action_can_be_left_out() {
    wait(|| async {
        let emulators = Emulators::start();
        let folder = tempfile::tempdir().unwrap();
        let (checked, recorded) = whole_life(&emulators, folder.path()).await;
        let permissions = sce::permissions(checked.plan(), sce::rights::Extras { bypass_governance: true });
        let kinds: BTreeSet<_> = checked.plan().nodes.iter().map(|node| node.properties.kind()).collect();
        let rows: Vec<&Permission> = table()
            .into_iter()
            .filter(|line| line.kind.is_none_or(|kind| kinds.contains(&kind)))
            .map(|line| line.permission)
            .collect();

        let mut untold = Vec::new();
        for (duty, sent) in &recorded {
            for operation in sent {
                let held = |row: &Permission| row.duties.iter().any(|one| held_with(*duty).contains(one));
                let needed =
                    rows.iter().filter(|row| held(row) && is_call(row.need) && row.need.operation() == operation);
                let actions: BTreeSet<&str> = needed.map(|row| row.action).collect();
                if actions.is_empty() {
                    untold.push(format!("{duty} sends {operation}"));
                }
                let granted = granted(&permissions, held_with(*duty));
                for action in actions {
                    assert!(granted.contains_key(action), "{duty} sends {operation} and is not allowed {action}");
                }
            }
        }
        assert_eq!(untold, [""; 0], "no kind of the plan says so");
        let in_source = operations_in_source();
        for row in rows.iter().filter(|row| is_call(row.need)) {
            assert!(in_source.contains(row.need.operation()), "no code sends {}", row.need.operation());
        }
        let sent: BTreeSet<&str> = recorded.values().flatten().map(String::as_str).collect();
        let unsent: BTreeSet<&str> = rows
            .iter()
            .filter(|row| matches!(row.need, Need::Sent(_)) && !sent.contains(row.need.operation()))
            .map(|row| row.need.operation())
            .collect();
        assert_eq!(unsent, UNSENT.into(), "said to be sent always, and not sent to these emulators");
        let unseen: BTreeSet<(&str, &str)> = rows
            .iter()
            .filter_map(|row| match row.need {
                Need::Unseen(operation, _) => Some((operation, row.action)),
                _ => None,
            })
            .collect();
        assert_eq!(unseen, UNSEEN.into(), "what no call shows is listed here by hand");

        assert_eq!(missed(&permissions, &rows), [""; 0]);
        let mut left_out = 0;
        for less in each_without_one_action(&permissions) {
            assert_eq!(missed(&less, &rows).len(), 1, "leaving one action out is noticed");
            left_out += 1;
        }
        assert!(left_out > 130, "{left_out} actions were left out one by one");
    });
}

#[test]
fn every_call_in_the_source_is_in_the_table() {
    let told: BTreeSet<String> = table().iter().map(|line| line.permission.need.operation().to_owned()).collect();
    let unknown: Vec<String> = operations_in_source().difference(&told).cloned().collect();
    assert_eq!(unknown, [""; 0], "calls that `Kind::permissions` or `common` do not have");
}

#[test]
fn a_role_with_these_actions_builds_and_ends_and_with_one_less_it_is_refused() {
    wait(|| async {
        let emulators = Emulators::start();
        // Where moto minds policies, it takes the signature of a call with a blank in it for wrong: descriptions of groups have some.
        let (spec, _) = SPEC.split_once("[compute.private]").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let open = session(&emulators).await;
        let permissions = sce::permissions(checked_of(&open, spec).await.plan(), sce::rights::Extras::default());
        let actions: Vec<String> =
            granted(&permissions, &[Duty::Read, Duty::Build, Duty::Data, Duty::Teardown]).into_keys().collect();
        let all: Vec<&str> = actions.iter().map(String::as_str).collect();
        let less: Vec<&str> = all.iter().copied().filter(|action| *action != "ec2:CreateRouteTable").collect();
        emulators.by_hand(&[&["make_operator", "operator"], all.as_slice()].concat());
        emulators.by_hand(&[&["make_operator", "lesser"], less.as_slice()].concat());
        let role = |name: &str| format!("arn:aws:iam::123456789012:role/{name}").parse().unwrap();
        let operator = open.as_role(&role("operator"), None).await.unwrap();
        let lesser = open.as_role(&role("lesser"), None).await.unwrap();
        emulators.enforce_iam();

        let refused = sce::resolve_lock(&open, checked_of(&operator, spec).await.spec()).await.unwrap_err();
        assert!(refused.to_string().contains("was denied"), "from here on keys of nobody are refused: {refused}");
        let refused = sce::apply(&lesser, &checked_of(&lesser, spec).await, sce::ApplyOptions::default(), &|_| {})
            .await
            .unwrap_err();
        let why = std::error::Error::source(&refused).unwrap().to_string();
        // Whichever table comes first, side by side as they are made.
        assert!(why.starts_with("CreateRouteTable for `route-table-"), "{why}");
        assert!(why.contains("was denied") && why.contains("ec2:CreateRouteTable"), "{why}");
        let help = refused.help().unwrap_or_default();
        assert!(help.contains("sce permissions"), "{help}");

        let applied = sce::apply(&operator, &checked_of(&operator, spec).await, sce::ApplyOptions::default(), &|_| {})
            .await
            .unwrap();
        assert!(applied.verified, "what the lesser role began, the operator ends");
        let closed =
            sce::close_out(&operator, &pit(), &close_out_to(&folder.path().join("archive")), &|_| {}).await.unwrap();
        assert_eq!((closed.left.len(), closed.foreign.len()), (0, 0), "{closed:?}");
    });
}

#[test]
fn what_seeing_to_an_account_sends_is_allowed() {
    wait(|| async {
        let emulators = Emulators::start();
        let account = sce::spec::Account { guardduty: true, ..sce::spec::Account::default() };
        let settings = AccountSettings { account, logs_days: 2192 };
        let (reads, applies) = (session(&emulators).await, session(&emulators).await);
        let applied = sce::apply_account(&applies, &settings, sce::ApplyOptions::default(), &|_| {}).await.unwrap();
        assert!(applied.verification.verified, "{applied:#?}");
        sce::account_status(&reads, &settings).await;

        let (account, region) = (reads.account().clone(), reads.region().clone());
        let place = AccountPlace { account, region, administrators: Vec::new() };
        let permissions = sce::account_permissions(&settings, &place);
        let rows = table();
        for (duty, session) in [(Duty::Read, &reads), (Duty::Account, &applies)] {
            let granted = granted(&permissions, held_with(duty));
            for operation in session.calls().operations() {
                // Who may only read is not told of agreements: the day stays declared then.
                if (duty, operation.as_str()) == (Duty::Read, "artifact:ListCustomerAgreements") {
                    continue;
                }
                let needed = rows.iter().map(|line| line.permission).filter(|row| row.need.operation() == operation);
                assert!(needed.map(|row| row.action).any(|action| granted.contains_key(action)), "{duty} {operation}");
            }
        }
        // Whoever reads may change nothing.
        let reading = ["Describe", "Get", "List", "HeadBucket"];
        let changes =
            |action: &&String| !reading.iter().any(|verb| action.split(':').nth(1).unwrap().starts_with(verb));
        let read = granted(&permissions, &[Duty::Read]);
        assert_eq!(read.keys().filter(changes).collect::<Vec<_>>(), [&""; 0]);
    });
}

/// POC A's pull, as E does it: with keys that STS lends for role R. The data plane's emulator minds no policy, so that the object lies on
/// the one that does. moto minds action and resource of what is attached to the role; it ignores every condition (TLS, and the key
/// through S3 only), the bucket's policy with its endpoint, and who may take the role on.
#[test]
fn role_r_pulls_from_s3d_and_writes_to_s3o_only() {
    wait(|| async {
        let emulators = Emulators::start();
        let folder = tempfile::tempdir().unwrap();
        let machine = "[compute.private]\ntype = \"m7i.large\"\n";
        run(emulators.sce().arg("apply").arg(sce_tests::spec(folder.path(), "hipaa", machine))).with_status(0);
        let stores = sce::stores(&session(&emulators).await, &pit()).await.unwrap();
        for bucket in [&stores.data, &stores.output, &"somebody-elses".to_owned()] {
            emulators.by_hand(&["put_where_policies_count", bucket, "visits.csv", "1,2,3"]);
        }
        let endpoints = Endpoints::from_flags([emulators.control.as_str()]).unwrap();
        let alone = Session::open(&Target::Emulator(endpoints), &"us-west-2".parse().unwrap()).await.unwrap();
        let role = "arn:aws:iam::123456789012:role/hipaa_compute_role".parse().unwrap();
        let role_r = alone.as_role(&role, None).await.unwrap();
        emulators.enforce_iam();

        let place = |bucket: &str| Place { bucket: bucket.to_owned(), key: "visits.csv".to_owned() };
        let back = folder.path().join("back.csv");
        sce::transfer::get(&role_r, &place(&stores.data), &back, Existing::Keep, &|_| {}).await.unwrap();
        assert_eq!(std::fs::read_to_string(&back).unwrap(), "1,2,3");
        let review = sce::identifiers::Review::default();
        let put = async |bucket: &str| {
            sce::transfer::put(&role_r, &back, &place(bucket), &stores.key_arn, &review, &|_| {}).await
        };
        put(&stores.output).await.unwrap();
        let refused = put(&stores.data).await.unwrap_err();
        assert!(chain(&refused).contains("was denied"), "{}", chain(&refused));
        let other = folder.path().join("other.csv");
        let refused = sce::transfer::get(&role_r, &place("somebody-elses"), &other, Existing::Keep, &|_| {}).await;
        let refused = refused.unwrap_err();
        assert!(chain(&refused).contains("was denied"), "{}", chain(&refused));
        // Nobody's keys read nothing from here on, so that it is the role that opens the store.
        let nobodys = folder.path().join("nobodys.csv");
        let refused = sce::transfer::get(&alone, &place(&stores.data), &nobodys, Existing::Keep, &|_| {}).await;
        assert!(chain(&refused.unwrap_err()).contains("was denied"));
    });
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let source = error.source().map(|source| format!(": {}", chain(source)));
    format!("{error}{}", source.unwrap_or_default())
}

#[test]
fn without_a_spec_the_table_is_printed_and_with_one_the_policies() {
    let folder = tempfile::tempdir().unwrap();
    let told = run(sce_tests::sce().arg("permissions")).with_status(0).stdout;
    assert!(told.contains("s3:PutBucketEncryption") && told.contains("s3:PutEncryptionConfiguration"), "{told}");
    let spec = sce_tests::spec(folder.path(), "hipaa", "");
    let json = run(sce_tests::sce().arg("permissions").arg(&spec).arg("--json")).with_status(0).json();
    let duties: BTreeSet<&str> =
        json["documents"].as_array().unwrap().iter().filter_map(|document| document["duty"].as_str()).collect();
    assert_eq!(duties, ["build", "data", "read", "teardown"].into());
    let ran = run(sce_tests::sce().args(["permissions", "--account", "--json"]).arg(&spec)).with_status(0).json();
    let documents = ran["documents"].as_array().unwrap().iter();
    let names: BTreeSet<&str> = documents.filter_map(|document| document["name"].as_str()).collect();
    assert!(names.contains("sce-account-read") && ran["pit"].is_null(), "{names:?}");
    let refused = run(sce_tests::sce().args(["permissions", "--account"])).with_status(2);
    assert!(refused.stderr.contains("<SPEC>"), "{}", refused.stderr);
}

#[test]
fn data_are_read_as_custodian_where_there_is_one() {
    wait(|| async {
        let emulators = Emulators::start();
        let folder = tempfile::tempdir().unwrap();
        let roles = "[access]\nallow = [{ name = \"campus-vpn\", cidr = \"140.142.0.0/16\" }]\n\
                 [roles]\ncustodians = [\"arn:aws:iam::123456789012:user/custodian\"]\n";
        let data = folder.path().join("visits.csv");
        std::fs::write(&data, "1,2,3").unwrap();
        run(emulators.sce().arg("apply").arg(sce_tests::spec(folder.path(), "hipaa", roles))).with_status(0);
        run(emulators.sce().args(["data", "put"]).arg(&data).arg("hipaa")).with_status(0);
        let back = folder.path().join("back.csv");
        let get = ["data", "get", "hipaa", "visits.csv", "--as-custodian", "-o"];
        run(emulators.sce().args(get).arg(&back)).with_status(0);
        assert_eq!(std::fs::read_to_string(&back).unwrap(), "1,2,3");
        run(emulators.sce().arg("apply").arg(sce_tests::spec(folder.path(), "omop", ""))).with_status(0);
        let refused = run(emulators.sce().args(["data", "ls", "omop", "--as-custodian"])).with_status(2);
        assert!(refused.stderr.contains("the environment has no custodian"), "{}", refused.stderr);

        // Its end is archived by the custodian too; one that has none says so before it makes a key.
        let archive = folder.path().join("omop-archive");
        let close_out = ["close-out", "omop", "--as-custodian", "--archive"];
        let refused = run(emulators.sce().args(close_out).arg(&archive)).with_status(2);
        assert!(refused.stderr.contains("the environment has no custodian"), "{}", refused.stderr);
        assert!(!refused.stderr.contains("warning") && !folder.path().join("omop-archive.identity").exists());
        let close_out = ["close-out", "hipaa", "--as-custodian", "--json", "--archive"];
        let closed = run(emulators.sce().args(close_out).arg(folder.path().join("archive"))).with_status(0);
        assert_eq!(closed.json()["archived"].as_array().unwrap().len(), 1, "{}", closed.stdout);
        assert!(closed.stderr.contains("is not protected"), "{}", closed.stderr);

        // The certificate stays in the registry, until there is an environment of that name again.
        let status = run(emulators.sce().args(["status", "hipaa", "--json"])).with_status(0).json();
        assert_eq!(status["closed"]["manifest_head"], closed.json()["manifest_head"]);
        let status = run(emulators.sce().args(["status", "hipaa"])).with_status(0).stdout;
        assert!(status.contains("`hipaa` is closed out: 1 version of an object is archived"), "{status}");
        assert!(run(emulators.sce().args(["status", "omop", "--json"])).json()["closed"].is_null());
    });
}

/// One environment from lock to close-out, each duty in a session of its own.
async fn whole_life(emulators: &Emulators, folder: &Path) -> (CheckedPlan, Recorded) {
    let build = session(emulators).await;
    let checked = checked(&build).await;
    sce::apply(&build, &checked, sce::ApplyOptions::default(), &|_| {}).await.expect("the test has it");

    let read = session(emulators).await;
    let verified = sce::verify(&read, checked.plan(), &sce::Declared::of(checked.spec()), checked.terms()).await;
    let other = |node: &&sce::Verdict| !matches!(node.seen, sce::Seen::AsPlanned);
    let others: Vec<_> = verified.nodes.iter().filter(other).collect();
    assert!(verified.verified, "{others:#?}");
    assert_eq!(sce::environments(&read).await.expect("the test has it"), ["hipaa"]);

    let data = session(emulators).await;
    let stores = sce::stores(&data, &pit()).await.expect("the test has it");
    let (source, back) = (folder.join("visits.csv"), folder.join("back.csv"));
    std::fs::write(&source, "1,2,3").expect("the test has it");
    let place = Place { bucket: stores.data.clone(), key: "visits.csv".to_owned() };
    let review = sce::identifiers::Review::default();
    sce::transfer::put(&data, &source, &place, &stores.key_arn, &review, &|_| {}).await.expect("the test has it");
    sce::transfer::get(&data, &place, &back, Existing::Keep, &|_| {}).await.expect("the test has it");
    sce::transfer::list(&data, &stores.data, "", sce::transfer::Details::Digests, None).await.expect("the test has it");

    let teardown = session(emulators).await;
    let closed = sce::close_out(&teardown, &pit(), &close_out_to(&folder.join("archive")), &|_| {})
        .await
        .expect("the test has it");
    assert_eq!((closed.left.len(), closed.archived.len()), (0, 2), "the file, and the list of people");
    let phases = [(Duty::Read, read), (Duty::Build, build), (Duty::Data, data), (Duty::Teardown, teardown)];
    (checked, phases.into_iter().map(|(duty, session)| (duty, session.calls().operations())).collect())
}

/// The duties whose policies somebody holds who does this: each needs to look, and the archive of an end is data.
fn held_with(duty: Duty) -> &'static [Duty] {
    match duty {
        Duty::Read => &[Duty::Read],
        Duty::Build => &[Duty::Read, Duty::Build],
        Duty::Data => &[Duty::Read, Duty::Data],
        Duty::Teardown => &[Duty::Read, Duty::Data, Duty::Teardown],
        Duty::Account => &[Duty::Read, Duty::Account],
    }
}

/// Whether the need is a call, which shows on the wire when it is sent.
fn is_call(need: Need) -> bool {
    matches!(need, Need::Sent(_) | Need::SentAtNeed(_))
}

/// How many statements allow each action, in the documents of these duties.
fn granted(permissions: &Permissions, duties: &[Duty]) -> BTreeMap<String, usize> {
    let documents = permissions.documents.iter().filter(|document| duties.contains(&document.duty));
    let statements = documents.flat_map(|document| document.policy.statements());
    let mut granted = BTreeMap::new();
    for action in statements.flat_map(|statement| &statement.actions).filter_map(|action| action.known()) {
        *granted.entry(action.clone()).or_default() += 1;
    }
    granted
}

/// Each duty's action that has fewer statements than there are things it is needed for.
fn missed(permissions: &Permissions, rows: &[&Permission]) -> Vec<String> {
    let mut missed = Vec::new();
    for duty in [Duty::Read, Duty::Build, Duty::Data, Duty::Teardown] {
        let granted = granted(permissions, &[duty]);
        let mut needed: BTreeMap<&str, BTreeSet<On>> = BTreeMap::new();
        // What is on somebody else's archive bucket is granted there, and in no document of ours.
        let elsewhere = |row: &&&Permission| matches!(row.on, On::Vault | On::VaultObjects | On::VaultKey);
        for row in rows.iter().filter(|row| row.duties.contains(&duty) && !elsewhere(row)) {
            // Tags of all creating calls are allowed in one statement.
            let on = if matches!(row.on, On::CreatedBy(_)) { On::CreatedBy("") } else { row.on };
            needed.entry(row.action).or_default().insert(on);
        }
        let short = needed.iter().filter(|(action, on)| granted.get(**action).copied().unwrap_or_default() < on.len());
        missed.extend(short.map(|(action, _)| format!("{duty} {action}")));
    }
    missed
}

/// The documents, each time without one action of one statement.
fn each_without_one_action(permissions: &Permissions) -> impl Iterator<Item = Permissions> {
    let places = permissions.documents.iter().enumerate().flat_map(|(index, document)| {
        let statements = document.policy.statements().iter().enumerate();
        statements.flat_map(move |(statement, one)| one.actions.iter().map(move |action| (index, statement, action)))
    });
    places.map(|(index, statement, action)| {
        let mut less = permissions.clone();
        let document = &mut less.documents[index];
        let mut statements = document.policy.statements().to_vec();
        statements[statement].actions.remove(action);
        document.policy = sce::aws::policy::Policy::new(statements);
        less
    })
}

/// The operations that the provider's source sends: `session.ec2.create_vpc()` is `ec2:CreateVpc`. What `sce collect` sends is not of
/// them: it only reads, whatever is there, by AWS's own policies for auditors (docs/collect.md).
fn operations_in_source() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![root().join("sce-aws/src")];
    while let Some(folder) = folders.pop() {
        for entry in
            std::fs::read_dir(folder).expect("the test has it").map(|entry| entry.expect("the test has it").path())
        {
            if entry.is_dir() && entry.ends_with("collect") {
                continue;
            }
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                found.extend(operations_in(&std::fs::read_to_string(entry).expect("the test has it")));
            }
        }
    }
    found
}

/// The clients of a session, as its fields are named; one is also bound to a name of its own, `kms`.
const CLIENTS: [&str; 19] = [
    "artifact",
    "cloudtrail",
    "cloudwatch",
    "config",
    "dynamodb",
    "ec2",
    "guardduty",
    "iam",
    "kms",
    "lambda",
    "logs",
    "rds",
    "s3",
    "s3control",
    "service_quotas",
    "sns",
    "sqs",
    "ssm",
    "sts",
];

fn operations_in(source: &str) -> BTreeSet<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = BTreeSet::new();
    for client in CLIENTS {
        for (at, _) in code.match_indices(client) {
            let whole_word = !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let Some(rest) = code[at + client.len()..].trim_start().strip_prefix('.') else { continue };
            let call: String =
                rest.chars().take_while(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '_').collect();
            let is_call = rest[call.len()..].starts_with("()");
            if whole_word && is_call && call != "clone" && call != "build" {
                found.insert(format!("{}:{}", client.replace('_', ""), as_told(client, &camel(&call))));
            }
        }
    }
    // The sweep asks by a macro whether a thing of EC2's is gone.
    for (at, whole) in code.match_indices("gone!(") {
        let rest = code[at + whole.len()..].trim_start();
        let call: String = rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
        if call.starts_with("describe_") {
            found.insert(format!("ec2:{}", camel(&call)));
        }
    }
    found
}

/// The operation as it goes over the wire: RDS writes `DB`, the SDK's methods know no capitals.
fn as_told(client: &str, call: &str) -> String {
    match client {
        "rds" => call.replace("Db", "DB"),
        "service_quotas" => call.replace("Aws", "AWS"),
        _ => call.to_owned(),
    }
}

fn camel(snake: &str) -> String {
    let capital = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    snake.split('_').filter(|word| !word.is_empty()).map(capital).collect()
}

#[test]
fn the_source_is_read_as_it_is_written() {
    let source = "session.ec2.create_vpc().cidr(x); let m = &config.build(); self.ec2.clone(); session\n    .s3\n    .put_object().send(); my_s3.get_object();";
    assert_eq!(operations_in(source), ["ec2:CreateVpc".to_owned(), "s3:PutObject".to_owned()].into());
    assert!(operations_in_source().len() > 100);
}

/// Runs to its end what waits for a network: the SDK's futures are large, and a test's stack is not.
fn wait<F: Future<Output = ()>>(work: impl FnOnce() -> F + Send + 'static) {
    let run = || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        runtime.expect("the test has it").block_on(Box::pin(work()));
    };
    std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(run)
        .expect("the test has it")
        .join()
        .expect("the test has it");
}

async fn session(emulators: &Emulators) -> Session {
    let of_data = ["s3", "lambda", "dynamodb", "sqs", "sns", "cloudwatch"];
    let mut flags: Vec<String> = of_data.iter().map(|service| format!("{service}={}", emulators.data)).collect();
    flags.push(emulators.control.clone());
    let endpoints = Endpoints::from_flags(flags.iter().map(String::as_str)).expect("the test has it");
    let known = std::fs::read_to_string(root().join("tools/divergences.toml")).expect("the test has it");
    let session = Session::open(&Target::Emulator(endpoints), &"us-west-2".parse().expect("the test has it"))
        .await
        .expect("the test has it");
    session.with_divergences(Divergences::from_toml(&known).expect("the test has it"))
}

async fn checked(session: &Session) -> CheckedPlan {
    checked_of(session, SPEC).await
}

async fn checked_of(session: &Session, spec: &str) -> CheckedPlan {
    let spec = sce::spec::parse(spec, sce::spec::Format::Toml).expect("the test has it");
    let lock = sce::resolve_lock(session, &spec).await.expect("the test has it");
    let plan = sce::plan(&spec, &lock).expect("the test has it");
    sce::check(plan, spec, lock, sce::Terms::on(sce::today())).expect("the test has it")
}

fn pit() -> sce::pit::Pit {
    "hipaa".parse().expect("the test has it")
}

fn close_out_to(archive: &Path) -> sce::CloseOutOptions {
    sce::CloseOutOptions {
        archive: sce::archive::Destination::Folder {
            path: archive.to_owned(),
            protection: Protection::Plain(Dangerous::store_health_data_in_clear()),
        },
        take_over: false,
        discard_unarchived: true,
        while_machines_run: true,
        archive_again: false,
        bypass_governance: false,
        signer: None,
        custodian: None,
        interrupt: sce::Interrupt::default(),
    }
}
