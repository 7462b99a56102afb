//! Apply side by side: interrupted, undone, short of something, and faced with two of a kind.

use std::path::Path;
use std::time::Duration;

use sce_tests::proxy::{Fault, Proxy, Rule};
use sce_tests::{Emulators, run, signalled, spec};
use serde_json::{Value, json};

/// A program of boto3's that does one thing to the control plane.
fn by_boto3(emulators: &Emulators, folder: &Path, lines: &str) {
    let program = folder.join("by_hand.py");
    let head = "import boto3, os\nkeys = dict(aws_access_key_id='a', aws_secret_access_key='b', region_name='us-west-2')\n\
                ec2 = boto3.client('ec2', endpoint_url=os.environ['AWS_ENDPOINT_URL'], **keys)\n\
                iam = boto3.client('iam', endpoint_url=os.environ['AWS_ENDPOINT_URL'], **keys)\n";
    std::fs::write(&program, format!("{head}{lines}\n")).unwrap();
    run(&mut emulators.python(&program)).with_status(0);
}

/// The divergences without what they say of quotas: then the figures that the emulator tells count.
fn with_quotas(folder: &Path) -> std::path::PathBuf {
    let text = std::fs::read_to_string(sce_tests::root().join("tools/divergences.toml")).unwrap();
    let (head, entries) = text.split_once("[[divergence]]").unwrap();
    let others = entries.split("[[divergence]]").filter(|entry| !entry.contains("field = \"quota\""));
    let path = folder.join("divergences.toml");
    let kept: String = others.map(|entry| format!("[[divergence]]{entry}")).collect();
    std::fs::write(&path, format!("{head}{kept}")).unwrap();
    path
}

fn list(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_is_short_is_told_at_once_and_nothing_is_made() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    by_boto3(
        &emulators,
        folder.path(),
        "for i in range(4): ec2.create_vpc(CidrBlock=f'10.{i}.0.0/16')\nfor i in range(5): ec2.allocate_address(Domain='vpc')",
    );
    let spec = spec(folder.path(), "hipaa", "[compute.private]\ntype = \"m7i.large\"\n");
    let text = std::fs::read_to_string(&spec).unwrap().replace("m7i.large", "p5.48xlarge");
    std::fs::write(&spec, text).unwrap();
    let mut apply = emulators.sce();
    apply.env("SCE_DIVERGENCES", with_quotas(folder.path())).arg("apply").arg(&spec);
    let refused = run(&mut apply).with_status(3).stderr;
    for short in [
        "error: the account is short of what the plan takes, so nothing was made",
        "short: VPCs in the region: the plan takes 1 more, and 5 of 5 are used",
        "short: public addresses (Elastic IPs) in the region: the plan takes 1 more, and 5 of 5 are used",
        "help: ask for more in the Service Quotas console",
    ] {
        assert!(refused.contains(short), "{short}: {refused}");
    }
    assert_eq!(emulators.traces("hipaa"), [""; 0]);
    // With the list, quotas are told as not shown, and it is built.
    let applied = run(emulators.sce().arg("apply").arg(&spec).arg("--json"));
    let applied = applied.json();
    let not_shown = applied["not_shown"].as_array().unwrap();
    assert!(not_shown.iter().any(|one| one["node"] == "vpc" && one["what"] == "quota"), "{not_shown:#?}");
}

#[test]
fn a_type_that_is_not_offered_and_too_few_processors_are_told_before_anything_is_made() {
    let emulators = Emulators::start();
    let proxy = Proxy::before(&emulators);
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", "[compute.private]\ntype = \"m7i.large\"\n");
    // moto offers every type in every zone and has no quota of vCPUs, so both are written as AWS answers them.
    let nowhere = "<DescribeInstanceTypeOfferingsResponse><requestId>r</requestId><instanceTypeOfferingSet/>\
                   </DescribeInstanceTypeOfferingsResponse>";
    let one = json!({ "Quota": { "ServiceCode": "ec2", "QuotaCode": "L-1216C47A", "Value": 1.0 } }).to_string();
    proxy.rule([
        Rule::first("ec2:DescribeInstanceTypeOfferings", usize::MAX, Fault::Says(nowhere.to_owned())),
        Rule::first("servicequotas:GetServiceQuota", usize::MAX, Fault::Says(one)),
    ]);
    let mut apply = proxy.sce(&emulators);
    apply.env("SCE_DIVERGENCES", with_quotas(folder.path())).arg("apply").arg(&spec);
    let refused = proxy.run(&mut apply).with_status(3).stderr;
    for short in [
        "error: the account is short of what the plan takes, so nothing was made",
        "short: instance type `m7i.large` is not offered in `us-west-2",
        "short: vCPUs of running on-demand standard machines: the plan takes 2 more, and 0 of 1 are used",
    ] {
        assert!(refused.contains(short), "{short}: {refused}");
    }
    assert_eq!(emulators.traces("hipaa"), [""; 0]);
    // Neither answered: that stops nothing, and is told.
    proxy.rule([
        Rule::first("ec2:DescribeInstanceTypeOfferings", usize::MAX, Fault::error(403, "UnauthorizedOperation")),
        Rule::first("servicequotas:GetServiceQuota", usize::MAX, Fault::error(400, "AccessDeniedException")),
    ]);
    let mut apply = proxy.sce(&emulators);
    apply.env("SCE_DIVERGENCES", with_quotas(folder.path())).arg("apply").arg(&spec).arg("--json");
    let applied = proxy.run(&mut apply).json();
    let told = list(&applied["not_checked"]);
    for name in ["where instance types are offered: ", "the quota of vCPUs: "] {
        assert!(told.iter().any(|line| line.starts_with(name) && line.contains("denied")), "{name}: {told:?}");
    }
    assert!(list(&applied["created"]).contains(&"instance-private".to_owned()), "{applied:#}");
}

#[test]
fn two_of_a_kind_are_an_error_with_a_repair() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", "");
    run(emulators.sce().arg("apply").arg(&spec)).with_status(0);
    by_boto3(
        &emulators,
        folder.path(),
        "mine = ec2.describe_vpcs(Filters=[{'Name': 'tag:sce:id', 'Values': ['vpc']}])['Vpcs'][0]\n\
         ec2.create_tags(Resources=[ec2.create_vpc(CidrBlock='10.9.0.0/16')['Vpc']['VpcId']], Tags=mine['Tags'])",
    );
    let before = emulators.traces("hipaa");
    let told = run(emulators.sce().arg("apply").arg(&spec)).with_status(3).stderr;
    assert!(told.contains("all bear the tags of `vpc`"), "{told}");
    assert!(told.contains("help: the journal knows `vpc-"), "{told}");
    assert!(told.contains("aws ec2 delete-tags --resources vpc-"), "{told}");
    assert_eq!(emulators.traces("hipaa"), before, "nothing was made or changed");
    // The repair, word for word but for who runs it.
    let command = told.split("delete-tags --resources ").nth(1).unwrap();
    let other = command.split_whitespace().next().unwrap();
    by_boto3(&emulators, folder.path(), &format!("ec2.delete_tags(Resources=['{other}'], Tags=[{{'Key': 'sce:id'}}])"));
    let applied = run(emulators.sce().arg("apply").arg(&spec).arg("--json")).with_status(0).json();
    assert_eq!((&applied["created"], &applied["changed"]), (&json!([]), &json!([])));
}

#[test]
fn a_failed_run_undoes_what_it_made_and_nothing_else() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", "");
    let planned = run(emulators.sce().arg("plan").arg(&spec).arg("--json")).with_status(0).json();
    let nodes = planned["nodes"].as_array().unwrap();
    let name = nodes.iter().find(|node| node["id"] == "flow-log-role").unwrap()["name"].as_str().unwrap().to_owned();
    // Somebody's role is in the way, when other things have been begun.
    let trust = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": "ec2.amazonaws.com" } }
    ] });
    let line = format!("iam.create_role(RoleName='{name}', AssumeRolePolicyDocument='{trust}')");
    by_boto3(&emulators, folder.path(), &line);
    let failed = run(emulators.sce().arg("apply").arg(&spec).arg("--undo-on-failure")).with_status(3).stderr;
    assert!(failed.contains("is not this environment's"), "{failed}");
    assert!(failed.contains("\nundone: ") && failed.contains("\nnot begun: "), "{failed}");
    assert!(!failed.contains("could not be undone"), "{failed}");
    // Somebody's role, which bears the PIT in its name, is as it was.
    assert_eq!(emulators.traces("hipaa"), ["kms-key PendingDeletion".to_owned(), format!("role {name}")]);
    by_boto3(&emulators, folder.path(), &format!("iam.delete_role(RoleName='{name}')"));
    let applied = run(emulators.sce().arg("apply").arg(&spec).arg("--json")).with_status(0).json();
    assert_eq!(applied["kept"], json!(["registry"]), "everything is made anew");
    assert_eq!(applied["not_checked"], json!([]), "what was looked ahead for was answered");
}

#[test]
fn an_interrupted_run_says_what_it_left_and_the_next_goes_on() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", "");
    let told = signalled(emulators.sce().arg("apply").arg(&spec), "created vpc", "-INT").with_status(3).stderr;
    assert!(told.contains("stopping: what is in flight is finished"), "{told}");
    assert!(told.contains("error: apply was interrupted") && told.contains("\nnot begun: "), "{told}");
    assert!(told.contains("help: `sce apply SPEC` goes on from here"), "{told}");
    let made = emulators.traces("hipaa");
    assert!(!made.is_empty(), "the VPC at least");
    // The lease was given back, and nothing is made twice.
    let applied = run(emulators.sce().arg("apply").arg(&spec).arg("--json")).with_status(0).json();
    let (created, kept) = (list(&applied["created"]), list(&applied["kept"]));
    assert!(kept.contains(&"vpc".to_owned()) && !created.is_empty(), "{applied:#}");
    assert_eq!(applied["verified"], true);
    let vpcs = emulators.traces("hipaa").iter().filter(|line| line.starts_with("vpc ")).count();
    assert_eq!(vpcs, 1);
}

#[test]
fn an_interrupted_run_undoes_if_it_was_told_to() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", "");
    let mut apply = emulators.sce();
    let told =
        signalled(apply.arg("apply").arg(&spec).arg("--undo-on-failure"), "created vpc", "-INT").with_status(3).stderr;
    assert!(told.contains("\nundone: ") && !told.contains("could not be undone"), "{told}");
    let left = emulators.traces("hipaa");
    assert!(left.iter().all(|line| line == "kms-key PendingDeletion"), "{left:?}");
}

#[test]
fn undoing_hears_an_interrupt_between_things_and_goes_on_when_asked_again() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", "");
    run(emulators.sce().arg("apply").arg(&spec)).with_status(0);
    let before = emulators.traces("hipaa").len();
    let proxy = Proxy::before(&emulators);
    proxy.delay(Duration::from_millis(20));
    let mut undo = proxy.sce(&emulators);
    let stopped = signalled(undo.args(["apply", "--undo"]).arg(&spec), "deleted nat-gateway", "-INT").with_status(3);
    assert!(stopped.stderr.contains("error: undoing was interrupted; what was in flight was finished"), "{stopped:?}");
    assert!(stopped.stdout.contains("could not be undone: vpc: not begun"), "{stopped:?}");
    let now = emulators.traces("hipaa").len();
    assert!(now < before && now > 1, "{now} of {before}");
    // The lease was given back.
    run(emulators.sce().args(["apply", "--undo"]).arg(&spec)).with_status(0);
    assert_eq!(emulators.traces("hipaa"), ["kms-key PendingDeletion"]);
}

#[test]
fn the_latest_run_can_be_undone_afterwards_and_data_stays() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let plain = spec(folder.path(), "hipaa", "");
    run(emulators.sce().arg("apply").arg(&plain)).with_status(0);
    let before = emulators.traces("hipaa");
    let more = spec(folder.path(), "hipaa", "[compute.private]\ntype = \"m7i.large\"\ndata_volume_gib = 100\n");
    run(emulators.sce().arg("lock").arg(&more)).with_status(0);
    let made = run(emulators.sce().arg("apply").arg(&more).arg("--json")).with_status(0).json();
    assert!(list(&made["created"]).contains(&"instance-private".to_owned()), "{made:#}");
    let undone = run(emulators.sce().args(["apply", "--undo", "--json"]).arg(&more)).with_status(1).json();
    let left = list(&undone["left"]);
    assert!(left[0].starts_with("attachment-private: ") || left[0].starts_with("volume-private: "), "{undone:#}");
    assert!(left.iter().any(|line| line.contains("it may hold what no archive does")), "{undone:#}");
    assert!(list(&undone["deleted"]).contains(&"instance-private".to_owned()), "{undone:#}");
    let after = emulators.traces("hipaa");
    assert!(before.iter().all(|line| after.contains(line)), "what was there before stays: {after:?}");
    // Built again, it is whole.
    let again = run(emulators.sce().arg("apply").arg(&more).arg("--json")).with_status(0).json();
    assert_eq!(again["verified"], true, "{again:#}");
    let nothing = run(emulators.sce().args(["apply", "--undo"]).arg(spec(folder.path(), "omop", ""))).with_status(2);
    assert!(nothing.stderr.contains("no environment `omop`"), "{}", nothing.stderr);
}
