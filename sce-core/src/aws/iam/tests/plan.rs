//! The policies that our own plan writes do what their comments say.

use super::super::{Actor, Asking, Can, Home, Picture, Principal, Somebody};
use crate::lock::Lock;
use crate::model::Model;
use crate::plan::{Plan, plan};
use crate::spec::{Format, Spec, parse};

const SPEC: &str = "pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"builder@example.edu\"\n\
    [compute.private]\ntype = \"m7i.large\"\n\
    [access]\nmode = \"session-manager\"\nallow = [{ name = \"campus-vpn\", cidr = \"140.142.0.0/16\" }]\n\
    people = [{ name = \"r1\", email = \"r1@example.edu\" }]\n\
    [ancillary]\nfile_table = true\n\
    [roles]\nuploaders = [\"arn:aws:iam::111122223333:role/Uploaders\"]\n\
    custodians = [\"arn:aws:iam::111122223333:role/Custodians\"]\n\
    operators = [\"arn:aws:iam::111122223333:role/Operators\"]\n\
    [approvals]\nirb = \"STUDY00001234\"\nbilling = \"BUDGET-77\"\nbaa = \"2026-03-01\"\n";

struct Scene {
    picture: Picture,
    administrator: String,
}

impl Scene {
    fn new() -> Self {
        let spec: Spec = parse(SPEC, Format::Toml).unwrap();
        let lock = Lock::offline(&spec);
        let plan: Plan = plan(&spec, &lock).unwrap();
        let home = Home {
            partition: lock.partition.to_string(),
            account: plan.account.to_string(),
            region: plan.region.to_string(),
        };
        let picture = Picture::from_model(&Model::planned(&plan), home, &lock.administrators);
        Self { picture, administrator: lock.administrators[0].to_string() }
    }

    fn role(&self, label: &str) -> Actor {
        Actor::from(self.picture.role(label).unwrap_or_else(|| panic!("{label}")))
    }

    /// Somebody of the account whose own policies allow everything.
    fn mighty(&self, arn: &str) -> Actor {
        let identity = vec![super::super::picture::everything(super::super::Attachment::Identity)];
        Actor { principal: Principal::from_arn(arn).unwrap(), identity, boundary: Vec::new() }
    }

    fn on(&self, bucket: &str, actor: &Actor, action: &str, settled: &[(&str, &str)], absent: &[&str]) -> bool {
        let store = self.picture.store(bucket).unwrap();
        let (itself, objects) = (format!("arn:aws:s3:::{}", store.name), format!("arn:aws:s3:::{}/*", store.name));
        let resource = if action.contains("List") || action.contains("Bucket") { &itself } else { &objects };
        let settled = settled.iter().map(|(key, value)| (*key, vec![(*value).to_owned()])).collect();
        let asking = Asking {
            action,
            resource,
            policy: store.policy.as_ref(),
            restricted: true,
            settled,
            absent: absent.to_vec(),
            ..Asking::default()
        };
        self.decided(actor, &asking)
    }

    fn decided(&self, actor: &Actor, asking: &Asking<'_>) -> bool {
        match self.picture.can(actor, asking) {
            Can::Yes(proof) => {
                assert!(proof.holds(), "{proof:?}");
                true
            }
            Can::No => false,
            Can::Unknown(why) => panic!("{why}: {asking:?}"),
        }
    }

    fn on_key(&self, actor: &Actor, action: &str, through: Option<&str>) -> bool {
        let key = self.picture.key("key").unwrap();
        let through: Vec<_> = through
            .map(|service| ("kms:viaservice", vec![format!("{service}.us-west-2.amazonaws.com")]))
            .into_iter()
            .collect();
        let through_service = !through.is_empty();
        // No request from a service concerns a session.
        let absent = if through_service { vec!["kms:encryptioncontext:aws:ssm:sessionid"] } else { Vec::new() };
        let asking = Asking {
            action,
            resource: &key.arn,
            policy: Some(&key.policy),
            settled: through,
            absent,
            through_service,
            ..Asking::default()
        };
        self.decided(actor, &asking)
    }
}

const STORES: [&str; 3] = ["bucket-data", "bucket-output", "bucket-ancillary"];
const OTHER: &str = "arn:aws:iam::111122223333:role/Other";

#[test]
fn nothing_goes_in_without_encryption_or_tls() {
    let scene = Scene::new();
    let somebody = scene.mighty(OTHER);
    let key = scene.picture.key("key").unwrap().arn.clone();
    let plain = [("aws:SecureTransport", "true"), ("s3:TlsVersion", "1.2")];
    let sse = "s3:x-amz-server-side-encryption";
    let (sse_key, sse_c) = (format!("{sse}-aws-kms-key-id"), format!("{sse}-customer-algorithm"));
    for bucket in STORES {
        let put = |more: &[(&str, &str)], absent: &[&str]| {
            let settled: Vec<_> = plain.iter().chain(more).copied().collect();
            scene.on(bucket, &somebody, "s3:PutObject", &settled, absent)
        };
        // No header means the bucket's default, which is the PIT's key.
        assert!(put(&[], &[sse, &sse_key, &sse_c]));
        assert!(put(&[(sse, "aws:kms"), (&sse_key, &key)], &[&sse_c]));
        assert!(!put(&[(sse, "AES256")], &[]));
        assert!(!put(&[(sse, "aws:kms:dsse")], &[]));
        assert!(!put(&[(&sse_key, "arn:aws:kms:us-west-2:444455556666:key/other")], &[]));
        assert!(!put(&[(&sse_c, "AES256")], &[]));
    }
    for (secure, version) in [("false", "1.2"), ("true", "1.1"), ("true", "1.0")] {
        let over = [("aws:SecureTransport", secure), ("s3:TlsVersion", version)];
        for bucket in STORES.iter().chain(&["bucket-accesslogs", "registry"]) {
            for action in ["s3:PutObject", "s3:GetObject", "s3:ListBucket", "s3:DeleteBucket"] {
                assert!(!scene.on(bucket, &somebody, action, &over, &[]), "{bucket} {action} {secure} {version}");
            }
        }
    }
}

#[test]
fn nothing_is_read_off_the_endpoint_but_by_administrators_and_the_custodian() {
    let scene = Scene::new();
    let off = ["aws:sourcevpce"];
    for bucket in STORES {
        for action in ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions"] {
            assert!(!scene.on(bucket, &scene.mighty(OTHER), action, &[], &off), "{bucket} {action}");
            assert!(!scene.on(bucket, &scene.mighty(OTHER), action, &[("aws:SourceVpce", "vpce-0other")], &[]));
            assert!(scene.on(bucket, &scene.mighty(&scene.administrator), action, &[], &off), "{bucket} {action}");
            assert!(!scene.on(bucket, &scene.role("compute-role"), action, &[], &off), "{bucket} {action}");
        }
        assert!(scene.on(bucket, &scene.role("custodian-role"), "s3:GetObject", &[], &off));
        assert!(scene.on(bucket, &scene.role("compute-role"), "s3:GetObject", &[], &[]));
    }
}

#[test]
fn the_custodian_reads_from_the_allowed_ranges_and_writes_nothing() {
    let scene = Scene::new();
    let custodian = scene.role("custodian-role");
    assert!(scene.on("bucket-data", &custodian, "s3:GetObject", &[("aws:SourceIp", "140.142.3.4")], &[]));
    assert!(!scene.on("bucket-data", &custodian, "s3:GetObject", &[("aws:SourceIp", "192.0.2.1")], &[]));
    for action in ["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutBucketPolicy"] {
        assert!(!scene.on("bucket-data", &custodian, action, &[], &[]), "{action}");
    }
}

#[test]
fn roles_of_people_are_taken_on_with_mfa_from_the_allowed_ranges() {
    let scene = Scene::new();
    for (role, person) in [("custodian-role", "Custodians"), ("uploader-role", "Uploaders")] {
        let holder = scene.picture.role(role).unwrap();
        let arn = holder.principal.to_string();
        let take = |who: &str, settled: &[(&str, &str)], absent: &[&str]| {
            let settled = settled.iter().map(|(key, value)| (*key, vec![(*value).to_owned()])).collect();
            let asking = Asking {
                action: "sts:AssumeRole",
                resource: &arn,
                policy: holder.trust.as_ref(),
                settled,
                absent: absent.to_vec(),
                ..Asking::default()
            };
            scene.decided(&scene.mighty(who), &asking)
        };
        let person = format!("arn:aws:iam::111122223333:role/{person}");
        assert!(take(&person, &[], &[]), "{role}");
        assert!(!take(&person, &[("aws:MultiFactorAuthPresent", "false")], &[]), "{role}");
        assert!(!take(&person, &[], &["aws:multifactorauthpresent"]), "{role}");
        assert!(!take(&person, &[("aws:SourceIp", "192.0.2.1")], &[]), "{role}");
        assert!(!take(OTHER, &[], &[]), "{role}");
        let late = take(&person, &[("aws:MultiFactorAuthAge", "3601")], &[]);
        assert_eq!(late, role == "uploader-role", "{role}");
    }
}

#[test]
fn the_uploader_puts_and_cannot_read() {
    let scene = Scene::new();
    let uploader = scene.role("uploader-role");
    assert!(scene.on("bucket-data", &uploader, "s3:PutObject", &[], &[]));
    assert!(!scene.on("bucket-data", &uploader, "s3:PutObject", &[("aws:SecureTransport", "false")], &[]));
    for bucket in STORES {
        for action in ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:DeleteObject"] {
            assert!(!scene.on(bucket, &uploader, action, &[], &[]), "{bucket} {action}");
        }
    }
    assert!(!scene.on("bucket-output", &uploader, "s3:PutObject", &[], &[]));
}

#[test]
fn machines_read_data_write_results_and_nothing_else() {
    let scene = Scene::new();
    let compute = scene.role("compute-role");
    assert!(scene.on("bucket-output", &compute, "s3:PutObject", &[], &[]));
    assert!(!scene.on("bucket-data", &compute, "s3:PutObject", &[], &[]));
    for bucket in STORES {
        for action in ["s3:DeleteObject", "s3:PutBucketPolicy", "s3:PutEncryptionConfiguration"] {
            assert!(!scene.on(bucket, &compute, action, &[], &[]), "{bucket} {action}");
        }
    }
    // What passes the endpoint is the PIT's, whoever asks.
    let elsewhere = Asking {
        action: "s3:PutObject",
        resource: "arn:aws:s3:::elsewhere/*",
        settled: vec![("aws:sourcevpce", vec![scene.picture.gates[0].id.clone()])],
        ..Asking::default()
    };
    assert!(!scene.decided(&scene.mighty(OTHER), &elsewhere));
}

#[test]
fn the_key_opens_for_those_it_names_through_the_services_it_names() {
    let scene = Scene::new();
    for role in ["compute-role", "custodian-role", "uploader-role"] {
        let actor = scene.role(role);
        assert!(scene.on_key(&actor, "kms:Decrypt", Some("s3")), "{role}");
        assert!(!scene.on_key(&actor, "kms:Decrypt", Some("secretsmanager")), "{role}");
        for action in ["kms:PutKeyPolicy", "kms:CreateGrant", "kms:ScheduleKeyDeletion"] {
            assert!(!scene.on_key(&actor, action, None), "{role} {action}");
        }
    }
    assert!(!scene.on_key(&scene.role("uploader-role"), "kms:Decrypt", None));
    // Whatever their own policies allow, others cannot use it; administering it is the account's.
    let other = scene.mighty(OTHER);
    assert!(!scene.on_key(&other, "kms:Decrypt", Some("s3")));
    assert!(!scene.on_key(&other, "kms:Decrypt", None));
    assert!(scene.on_key(&other, "kms:PutKeyPolicy", None));
    assert!(scene.on_key(&scene.mighty(&scene.administrator), "kms:Decrypt", Some("s3")));
}

#[test]
fn those_who_write_logs_neither_alter_nor_delete_them() {
    let scene = Scene::new();
    for role in scene.picture.roles.iter() {
        let actor = Actor::from(role);
        for action in ["logs:DeleteLogGroup", "logs:DeleteLogStream", "logs:PutRetentionPolicy", "logs:CreateLogGroup"]
        {
            let resource = "arn:aws:logs:us-west-2:111122223333:log-group:*";
            assert!(
                !scene.decided(&actor, &Asking { action, resource, ..Asking::default() }),
                "{} {action}",
                role.label
            );
        }
        for action in ["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutLifecycleConfiguration"] {
            assert!(!scene.on("bucket-accesslogs", &actor, action, &[], &[]), "{} {action}", role.label);
        }
    }
    let service = |name: &str| Actor {
        principal: Principal::Service(name.to_owned()),
        identity: Vec::new(),
        boundary: Vec::new(),
    };
    assert!(scene.on(
        "bucket-accesslogs",
        &service("logging.s3.amazonaws.com"),
        "s3:PutObject",
        &[("aws:SourceAccount", "111122223333")],
        &[]
    ));
    assert!(!scene.on(
        "bucket-accesslogs",
        &service("logging.s3.amazonaws.com"),
        "s3:PutObject",
        &[("aws:SourceAccount", "444455556666")],
        &[]
    ));
    assert!(!scene.on("bucket-accesslogs", &service("config.amazonaws.com"), "s3:PutObject", &[], &[]));
}

#[test]
fn the_stores_are_readable_by_those_listed_and_nobody_else() {
    let scene = Scene::new();
    for (bucket, expected) in [
        ("bucket-data", vec!["access-policy", "compute-role", "custodian-role", "role/Custodians"]),
        ("bucket-output", vec!["access-policy", "compute-role", "custodian-role", "role/Custodians"]),
    ] {
        let readers = scene.picture.readers(bucket).unwrap();
        assert_eq!(readers.unknown, Vec::<String>::new(), "{bucket}");
        assert_eq!(readers.administrators, [scene.administrator.clone()]);
        let mut found: Vec<String> = readers
            .readers
            .iter()
            .map(|reader| match &reader.who {
                Somebody::Role(arn) => scene.picture.role(arn).unwrap().label.clone(),
                Somebody::HolderOf(label) => label.clone(),
                Somebody::Named(arn) => arn.rsplit(':').next().unwrap().to_owned(),
                other => format!("{other:?}"),
            })
            .collect();
        found.sort();
        assert_eq!(found, expected, "{bucket}");
        for reader in &readers.readers {
            let proofs = reader.steps.iter().flat_map(|step| &step.proofs).chain(&reader.reads);
            assert!(proofs.clone().count() >= 2, "{reader:?}");
            proofs.for_each(|proof| assert!(proof.holds(), "{proof:?}"));
        }
    }
}
