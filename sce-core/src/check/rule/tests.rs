//! All rules together: what each breaks on, what they say of whole specs, and whether their law is right.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::date;

use super::testing::{LEAST, Scene, tcp};
use super::{Mapping, Rule, Specification, all, named};
use crate::aws::policy::{Policy, Statement, text};
use crate::aws::resource::{
    AclRule, ConfigRecorder, EbsEncryption, Encryption, GroupRule, LaunchTemplate, PasswordPolicy, Protocol,
    PublicAccessBlock, RouteTarget, Subscription, Tenancy, Traffic,
};
use crate::check::{Finding, Severity, Status};
use crate::cost::{Assumptions, Estimate, Prices, estimate};
use crate::lock::Lock;
use crate::model::{Foreign, ResidentKind};
use crate::pit::TAG_ID;
use crate::plan::{Scope, plan, sample};
use crate::spec::{AccessMode, Addressable, Egress, Format, Laptop, NamedRange, Packages, Waiver, example, parse};
use crate::value::{Reference, Value};

type Mutation = (&'static str, fn() -> Scene, fn(&mut Scene));

/// For each rule, an environment, and the one thing that breaks it there and no other.
const MUTATIONS: &[Mutation] = &[
    ("access-log-target-admits-deliveries", Scene::clean, |scene| {
        scene.without_statement("bucket-accesslogs", "LogServiceWrites");
    }),
    ("access-log-target-uses-s3-keys", Scene::clean, |scene| {
        scene.bucket("bucket-accesslogs").encryption = scene.bucket("bucket-data").encryption.clone();
    }),
    ("account-blocks-public-access", Scene::clean, |scene| {
        scene.add("public-access-block", PublicAccessBlock { blocked: false });
    }),
    ("account-is-designated-for-phi", Scene::clean, |scene| scene.declared.baa = None),
    ("alarms-watch-the-account", Scene::clean, |scene| {
        scene.add_alarms();
        scene.remove("alarm-root-use");
    }),
    ("allowed-range-is-not-an-example", Scene::clean, |scene| {
        scene.declared.access.mode = AccessMode::Bastion;
        scene.declared.access.allow = vec![range("198.51.100.0/24")];
    }),
    ("allowed-range-is-not-the-world", Scene::clean, |scene| scene.declared.access.allow = vec![range("128.0.0.0/1")]),
    ("ancillary-is-encrypted-with-own-key", Scene::clean, |scene| scene.topic("topic").key = None),
    ("ancillary-requires-tls", Scene::clean, |scene| {
        let queue = scene.queue("dead-letters");
        queue.policy = without(queue.policy.as_ref(), "DenyWithoutTls");
    }),
    ("ancillary-stays-in-the-account", Scene::clean, |scene| {
        let topic = scene.topic("topic");
        topic.policy = without(topic.policy.as_ref(), "DenyOtherAccounts");
    }),
    ("bastion-admits-only-allowed-ssh", Scene::full, |scene| {
        scene.security_group("security-group-bastion").ingress.insert(tcp(8888, "140.142.0.0/16"));
    }),
    ("bucket-blocks-public-access", Scene::clean, |scene| scene.bucket("registry").public_access_blocked = false),
    ("bucket-is-versioned", Scene::clean, |scene| scene.bucket("bucket-data").versioning = false),
    ("bucket-ownership-is-enforced", Scene::clean, |scene| scene.bucket("bucket-output").ownership_enforced = false),
    ("bucket-policy-grants-not-to-everyone", Scene::clean, |scene| {
        let bucket = scene.bucket("bucket-data");
        let read = Statement::allow("Read").everyone().actions(["s3:GetObject"]).resources([text("*")]);
        let statements = bucket.policy.as_ref().unwrap().statements().iter().cloned().chain([read]);
        bucket.policy = Some(Policy::new(statements.collect()));
    }),
    ("bucket-requires-tls", Scene::clean, |scene| scene.without_statement("registry", "DenyWithoutTls")),
    ("budget-is-declared", Scene::clean, |scene| scene.declared.billing = None),
    ("compute-role-cannot-write-data", with_roles, |scene| {
        scene.allow("compute-policy", "s3:PutObject", "arn:aws:s3:::hipaa-*/*");
    }),
    ("config-records-everything", Scene::clean, |scene| {
        let role = Value::Known("arn:aws:iam::111122223333:role/config".parse().unwrap());
        let (bucket, recording) = (Some("logs".to_owned()), true);
        scene.add(
            "account-config",
            ConfigRecorder { role, everything: false, global_resources: true, bucket, recording },
        );
    }),
    ("connect-endpoint-leads-only-to-ssh", Scene::connected, |scene| {
        scene.security_group("security-group-connect").ingress.insert(tcp(22, "140.142.0.0/16"));
    }),
    ("custodian-needs-mfa", with_roles, |scene| {
        let trust = &mut scene.role("custodian-role").trust;
        let mut statement = trust.statements()[0].clone();
        statement.conditions.remove("Bool");
        *trust = Policy::new(vec![statement]);
    }),
    ("data-events-of-stores-are-recorded", Scene::clean, |scene| {
        scene.add_recording_trail(|_| {});
        scene.model.data_events = ["arn:aws:s3:::hipaa-data-111122223333-us-west-2/".to_owned()].into();
    }),
    ("database-authenticates-with-tokens", Scene::with_database, |scene| {
        scene.database("database-postgres").master_password_managed = false;
    }),
    ("database-is-backed-up", Scene::with_database, |scene| scene.database("database-postgres").backup_days = 0),
    ("database-is-encrypted-with-own-key", Scene::with_database, |scene| {
        scene.database("database-postgres").key = None;
    }),
    ("database-is-private", Scene::with_database, |scene| scene.database("database-postgres").public = true),
    ("database-requires-tls", Scene::with_database, |scene| {
        scene.database_parameters("database-parameters-postgres").parameters.remove("rds.force_ssl");
    }),
    ("default-security-group-is-empty", Scene::clean, |scene| {
        scene.default_security_group("security-group-default").egress.insert("-1 0.0.0.0/0".to_owned());
    }),
    ("ebs-is-encrypted-by-default", Scene::clean, |scene| {
        scene.add("ebs-encryption", EbsEncryption { by_default: false });
    }),
    ("egress-is-web-only", Scene::clean, |scene| {
        scene.network_acl("network-acl-private").egress.insert(99, everything());
    }),
    ("egress-none-has-no-way-out", Scene::clean, |scene| scene.declared.egress = Egress::None),
    ("endpoint-policy-names-its-buckets", Scene::clean, |scene| {
        let open = Statement::allow("All").everyone().actions(["*"]).resources([text("*")]);
        scene.endpoint("s3-endpoint").policy = Policy::new(vec![open]);
    }),
    ("everything-is-tagged", Scene::clean, |scene| {
        scene.resource("vpc").tags.remove(TAG_ID);
    }),
    ("failures-are-kept", Scene::clean, |scene| scene.queue("queue").redrive = None),
    ("file-table-can-be-restored", Scene::clean, |scene| scene.table("file-table").point_in_time_recovery = false),
    ("file-table-records-every-file", Scene::clean, |scene| {
        scene.bucket_notification("file-table-notification").events.remove("s3:ObjectRemoved:*");
    }),
    ("flow-log-records-all-traffic", Scene::clean, |scene| scene.flow_log("flow-log").traffic = Traffic::Reject),
    ("function-logs-to-own-group", Scene::clean, |scene| {
        scene.function("file-table-function").log_group = "/aws/lambda/somewhere".to_owned();
    }),
    ("function-reads-no-objects", Scene::clean, |scene| {
        let read = Statement::allow("Read").actions(["s3:Get*"]).resources([text("arn:aws:s3:::b/*")]);
        scene.managed_policy("file-table-policy").document = Policy::new(vec![read]);
    }),
    ("instance-has-a-role-of-its-own", Scene::full, |scene| scene.instance("instance-private").profile = None),
    ("instance-has-no-public-address", Scene::full, |scene| scene.instance("instance-private").public_address = true),
    ("instance-is-monitored-in-detail", Scene::full, |scene| {
        scene.instance("instance-bastion").detailed_monitoring = false;
    }),
    ("instance-requires-metadata-tokens", Scene::full, |scene| {
        scene.instance("instance-private").metadata_token_required = false;
    }),
    ("instance-volumes-are-encrypted", Scene::full, |scene| scene.volume("volume-private").encrypted = false),
    ("institution-accepts-the-waivers", dedicated, |scene| {
        scene.declared.waivers = vec![of_tenancy(scene)];
        scene.under("waivers = { approvers = [\"cro@example.edu\"] }");
    }),
    ("institution-allows-the-choices", Scene::with_machine, |scene| {
        scene.under("forbid = { instance_families = [\"m7i\"] }");
    }),
    ("institution-allows-the-ranges", Scene::full, |scene| {
        scene.under("allow = { ranges = [{ name = \"vpn\", cidr = \"140.142.8.0/24\" }] }");
    }),
    ("institution-allows-the-region", Scene::clean, |scene| scene.under("allow = { regions = [\"us-east-1\"] }")),
    ("institution-allows-the-services", Scene::clean, |scene| scene.under("forbid = { kinds = [\"nat-gateway\"] }")),
    ("institution-bounds-the-cost", Scene::clean, |scene| {
        scene.terms.estimate = Some(priced());
        scene.under("cost = { monthly_ceiling = \"1\" }");
    }),
    ("interface-endpoint-admits-only-the-network", Scene::shut, |scene| {
        scene.security_group("security-group-endpoints").ingress.insert(tcp(443, "10.128.0.0/9"));
    }),
    ("interface-endpoint-answers-to-the-usual-name", Scene::shut, |scene| {
        scene.interface_endpoint("endpoint-kms").private_dns = false;
    }),
    ("interface-endpoint-serves-own-account", Scene::shut, |scene| {
        let open = Statement::allow("All").everyone().actions(["*"]).resources([text("*")]);
        scene.interface_endpoint("endpoint-logs").policy = Policy::new(vec![open]);
    }),
    ("key-ends-with-project", Scene::clean, |scene| scene.resource("key").scope = Scope::Existing),
    ("key-is-rotated", Scene::clean, |scene| scene.key("key").rotation = false),
    ("key-pair-is-ed25519", Scene::full, |scene| {
        scene.key_pair("key-pair-private").public_key = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ".to_owned();
    }),
    ("key-policy-names-its-users", Scene::clean, |scene| {
        let root = text("arn:aws:iam::111122223333:root");
        let default = Statement::allow("Default").principals([root]).actions(["kms:*"]).resources([text("*")]);
        let statements = scene.key("key").policy.statements().iter().cloned().chain([default]).collect();
        scene.key("key").policy = Policy::new(statements);
    }),
    ("key-serves-its-log-groups", Scene::clean, |scene| {
        let policy = &mut scene.key("key").policy;
        let others = policy.statements().iter().filter(|one| one.sid.as_deref() != Some("LogsUseKeyForThisGroup"));
        *policy = Policy::new(others.cloned().collect());
    }),
    ("laptop-is-managed", Scene::with_machine, |scene| scene.declared.access.laptop = Laptop::Outside),
    ("log-group-is-encrypted-with-own-key", Scene::clean, |scene| scene.log_group("log-group").key = None),
    ("log-group-keeps-logs-long-enough", Scene::clean, |scene| scene.log_group("log-group").retention_days = Some(30)),
    ("logs-are-kept-six-years", Scene::clean, |scene| scene.declared.logs_days = 2191),
    ("machine-type-fits-its-tenancy", Scene::full, |scene| {
        scene.instance("instance-private").instance_type = "t2.large".to_owned();
        scene.instance("instance-private").tenancy = Tenancy::Dedicated;
    }),
    ("machine-type-is-not-burstable", Scene::full, |scene| {
        scene.instance("instance-private").instance_type = "t3.large".to_owned();
    }),
    ("machine-type-is-on-nitro", Scene::full, |scene| {
        scene.instance("instance-private").instance_type = "m4.large".to_owned();
    }),
    ("main-route-table-is-local-only", Scene::clean, |scene| scene.add_route("route-table-main", "0.0.0.0/0", nat())),
    ("names-carry-no-identifiers", Scene::clean, |scene| {
        scene.resource("bucket-data").tags.insert("note".to_owned(), "ssn 123-45-6789".to_owned());
    }),
    ("nat-route-survives-endpoint", Scene::clean, |scene| {
        scene.remove("route-private-nat");
    }),
    ("network-acl-is-closed-to-anywhere", Scene::clean, |scene| {
        scene.network_acl("network-acl-private").ingress.insert(99, everything());
    }),
    ("network-holds-only-what-is-planned", Scene::clean, |scene| scene.model.foreign.push(somebody_elses())),
    ("no-route-leads-to-another-network", Scene::clean, |scene| {
        scene.add_route("route-table-public", "10.9.0.0/16", RouteTarget::Other("pcx-0abc".to_owned()));
    }),
    ("password-policy-is-strong", Scene::clean, |scene| {
        scene.add("password-policy", PasswordPolicy { minimum_length: 8, ..PasswordPolicy::strong() });
    }),
    ("people-have-an-account-each", Scene::full, |scene| {
        let people = scene.bucket_object("people");
        people.content = people.content.replace("\"r1\"", "\"team\"");
    }),
    ("person-has-a-key", Scene::with_machine, |scene| {
        let people = scene.bucket_object("people");
        people.content = "{\"schema_version\": 1, \"people\": [{\"name\": \"r1\", \"key\": null}]}".to_owned();
    }),
    ("phi-stays-on-eligible-services", Scene::clean, |scene| {
        scene.terms.today = date(2018, 1, 1);
        scene.declared.baa = Some(date(2017, 6, 1));
    }),
    ("private-machine-admits-only-the-bastion", Scene::full, |scene| {
        scene.security_group("security-group-private").ingress.insert(tcp(22, "10.0.0.0/16"));
    }),
    ("private-subnet-has-no-internet-gateway-route", Scene::clean, |scene| {
        scene.add_internet_route("route-table-private", "192.0.2.0/24");
    }),
    ("private-subnet-has-no-public-address", Scene::clean, |scene| {
        scene.subnet("subnet-private").public_address_on_launch = true;
    }),
    ("private-traffic-to-s3-takes-the-endpoint", Scene::clean, |scene| {
        scene.endpoint("s3-endpoint").route_tables.clear();
    }),
    ("review-board-approval-is-declared", Scene::clean, |scene| scene.declared.irb = None),
    ("role-has-no-wildcards", Scene::clean, |scene| {
        let all = Statement::allow("All").actions(["logs:*"]).resources([text("*")]);
        scene.managed_policy("flow-log-policy").document = Policy::new(vec![all]);
    }),
    ("role-has-the-boundary", Scene::clean, |scene| {
        scene.declared.permissions_boundary = "arn:aws:iam::111122223333:policy/Boundary".parse().ok();
    }),
    ("role-trust-names-principals", Scene::clean, |scene| {
        let root = text("arn:aws:iam::111122223333:root");
        let statement = Statement::allow("Anyone").principals([root]).actions(["sts:AssumeRole"]);
        scene.role("flow-log-role").trust = Policy::new(vec![statement]);
    }),
    ("security-group-egress-is-web-only", Scene::full, |scene| {
        scene.security_group("security-group-private").egress.insert(tcp(22, "192.0.2.0/24"));
    }),
    ("security-group-is-closed-to-the-world", Scene::full, |scene| scene.add_stray_group(tcp(443, "0.0.0.0/0"))),
    ("security-group-rules-are-described", Scene::full, |scene| {
        scene.add_stray_group(GroupRule { description: " ".to_owned(), ..tcp(443, "192.0.2.0/24") });
    }),
    ("sessions-are-recorded", Scene::with_machine, |scene| {
        scene.session_document("session-document").log_group = Some("elsewhere".to_owned());
    }),
    ("sessions-end-when-idle", Scene::clean, |scene| scene.declared.access.idle_minutes = 45),
    ("sessions-reach-their-services", Scene::shut, |scene| {
        scene.remove("endpoint-ssmmessages");
    }),
    ("software-has-a-source", Scene::with_machine, |scene| scene.declared.packages = Packages::None),
    ("spec-is-built-in-full", Scene::clean, |scene| scene.declared.not_built = vec!["workers"]),
    ("store-is-encrypted-with-own-key", Scene::clean, |scene| {
        scene.bucket("bucket-ancillary").encryption = Encryption::S3;
    }),
    ("store-logs-access", Scene::clean, |scene| scene.bucket("bucket-data").access_log = None),
    ("store-refuses-other-encryption", Scene::clean, |scene| {
        scene.without_statement("bucket-data", "DenyOtherEncryption");
    }),
    ("store-refuses-reads-off-endpoint", Scene::clean, |scene| {
        scene.without_statement("bucket-output", "DenyReadsOffEndpoint");
    }),
    ("subnet-has-network-acl", Scene::clean, |scene| scene.network_acl("network-acl-private").subnets.clear()),
    ("subnets-lie-apart", Scene::clean, |scene| {
        scene.subnet("subnet-public").cidr = scene.subnet("subnet-private").cidr;
    }),
    ("subscription-is-confirmed", Scene::clean, |scene| {
        let topic = Value::Ref(Reference::parse("${topic.arn}").unwrap());
        let (protocol, endpoint) = ("email".to_owned(), "a@b.edu".to_owned());
        let subscription = Subscription { topic, protocol, endpoint, confirmed: Some(false) };
        scene.add_planned("subscription-abcdefgh", subscription.into());
    }),
    ("tenancy-is-shared", Scene::clean, |scene| scene.vpc("vpc").tenancy = Tenancy::Dedicated),
    ("trail-covers-all-regions", Scene::clean, |scene| scene.add_recording_trail(|trail| trail.all_regions = false)),
    ("trail-is-encrypted", Scene::clean, |scene| scene.add_recording_trail(|trail| trail.key = None)),
    ("trail-is-logging", Scene::clean, |scene| scene.add_recording_trail(|trail| trail.logging = false)),
    ("trail-validates-its-files", Scene::clean, |scene| scene.add_recording_trail(|trail| trail.validated = false)),
    ("unused-allowed-range-is-not-an-example", Scene::clean, |scene| {
        scene.declared.access.allow = vec![range("203.0.113.0/24")];
    }),
    ("uploader-cannot-read", with_roles, |scene| {
        scene.allow("uploader-policy", "s3:Get*", "arn:aws:s3:::hipaa-data-111122223333-us-west-2/*");
    }),
    ("volume-is-encrypted-with-own-key", Scene::full, |scene| scene.volume("volume-private").key = None),
    ("waiver-fits-what-it-accepts", dedicated, |scene| {
        let digest = "0000000000000000".to_owned();
        scene.declared.waivers = vec![Waiver { digest, ..of_tenancy(scene) }];
    }),
    ("waiver-is-in-force", dedicated, |scene| {
        scene.declared.waivers = vec![Waiver { expires: date(2026, 11, 23), ..of_tenancy(scene) }];
    }),
    ("waiver-is-of-no-required-specification", dedicated, |scene| {
        let rule = "trail-is-logging".to_owned();
        scene.declared.waivers = vec![Waiver { rule, ..of_tenancy(scene) }];
    }),
    ("waiver-is-used", Scene::clean, |scene| scene.declared.waivers = vec![of_tenancy(scene)]),
    ("waiver-names-a-rule", dedicated, |scene| {
        let rule = "tenancy-is-shard".to_owned();
        scene.declared.waivers = vec![Waiver { rule, ..of_tenancy(scene) }];
    }),
    ("waiver-reasons-why-not", dedicated, |scene| {
        let rule = "sessions-end-when-idle".to_owned();
        scene.declared.waivers = vec![Waiver { rule, ..of_tenancy(scene) }];
    }),
    ("way-in-needs-no-bastion", Scene::with_machine, |scene| *scene = Scene::full()),
];

fn range(cidr: &str) -> NamedRange {
    NamedRange { name: "campus-vpn".to_owned(), cidr: cidr.parse().unwrap() }
}

fn internet() -> RouteTarget {
    RouteTarget::InternetGateway(Value::Known("igw-0internet-gateway".parse().unwrap()))
}

fn everything() -> AclRule {
    AclRule { allow: true, protocol: Protocol::All, cidr: "0.0.0.0/0".parse().unwrap(), ports: None }
}

fn somebody_elses() -> Foreign {
    let message = "EC2 instance i-9 lies in the network and in no plan: it bears no tag".to_owned();
    Foreign { kind: ResidentKind::Instance, id: "i-9".to_owned(), message, idle: false }
}

fn nat() -> RouteTarget {
    RouteTarget::NatGateway(Value::Ref(Reference::parse("${nat-gateway.id}").unwrap()))
}

/// What the least environment costs.
fn priced() -> Estimate {
    let spec = parse(LEAST, Format::Toml).unwrap();
    estimate(&plan(&spec, &Lock::offline(&spec)).unwrap(), &Assumptions::default(), Prices::built_in()).unwrap()
}

/// An environment that pays for hardware of its own.
fn dedicated() -> Scene {
    Scene::of("network = { tenancy = \"dedicated\" }\n")
}

/// A waiver that accepts the VPC's tenancy as it is.
fn of_tenancy(scene: &Scene) -> Waiver {
    Waiver {
        rule: "tenancy-is-shared".to_owned(),
        resource: "vpc".to_owned(),
        digest: scene.model.resource("vpc").unwrap().digest(),
        reason: "a grant asks for it".to_owned(),
        approver: "ciso@example.edu".to_owned(),
        expires: date(2026, 11, 24),
        addressable: None,
    }
}

#[test]
fn each_mutation_breaks_its_own_rule_and_no_other() {
    for (rule, scene, mutate) in MUTATIONS {
        let mut scene = scene();
        let before = scene.open();
        assert!(!before.contains(rule), "{rule}");
        mutate(&mut scene);
        let after = scene.open();
        let (opened, closed): (Vec<_>, Vec<_>) =
            (after.difference(&before).collect(), before.difference(&after).collect());
        assert_eq!((opened, closed), (vec![rule], vec![]));
        let found = scene.findings().into_iter().find(|finding| finding.open() && finding.rule.0 == *rule).unwrap();
        assert_eq!((found.status, found.severity), (Status::Broken, named(rule).unwrap().severity_broken), "{rule}");
    }
}

#[test]
fn each_rule_has_a_mutation() {
    let mutated: Vec<&str> = MUTATIONS.iter().map(|(rule, ..)| *rule).collect();
    assert_eq!(mutated, all().iter().map(|rule| rule.id.0).collect::<Vec<_>>());
}

#[test]
fn a_clean_plan_breaks_nothing_in_any_partition() {
    for region in ["us-west-2", "us-gov-west-1", "cn-north-1"] {
        for rest in [
            "",
            "[network]\negress = \"none\"\n",
            "[network]\ntaken = [{ name = \"campus\", cidr = \"10.0.0.0/9\" }]\n",
            "[compute.private]\ntype = \"m7g.large\"\n[access]\nlaptop = \"managed\"\n",
            "[compute.private]\ntype = \"m7i.large\"\nsoftware = [\"r\"]\n[network]\negress = \"none\"\n[access]\nlaptop = \"managed\"\n",
        ] {
            let approvals = "[approvals]\nirb = \"S1\"\nbilling = \"B1\"\nbaa = \"2026-03-01\"\n";
            let spec = format!("{}{rest}{approvals}", LEAST.replace("us-west-2", region));
            assert_eq!(Scene::of_spec(&spec).open(), BTreeSet::new(), "{region} {rest}");
        }
    }
}

#[test]
fn what_exists_is_held_to_the_same_rules() {
    let clean = Scene::existing(sample::SPEC);
    assert_eq!(clean.open(), ["key-ends-with-project"].into());
    type OfExisting = (&'static str, fn(&mut Scene));
    let mutations: &[OfExisting] = &[
        ("private-subnet-has-no-internet-gateway-route", |scene| {
            scene.add_route("route-table-private", "192.0.2.0/24", internet());
        }),
        ("private-subnet-has-no-public-address", |scene| {
            scene.subnet("subnet-private").public_address_on_launch = true;
        }),
        ("default-security-group-is-empty", |scene| {
            scene.default_security_group("security-group-default").egress.insert("-1 0.0.0.0/0".to_owned());
        }),
        ("subnet-has-network-acl", |scene| {
            scene.remove("network-acl-private");
        }),
        ("access-log-target-admits-deliveries", |scene| {
            scene.without_statement("bucket-accesslogs", "LogServiceWrites");
        }),
        ("endpoint-policy-names-its-buckets", |scene| {
            let open = Statement::allow("All").everyone().actions(["*"]).resources([text("*")]);
            scene.endpoint("s3-endpoint").policy = Policy::new(vec![open]);
        }),
        ("key-is-rotated", |scene| scene.key("key").rotation = false),
    ];
    for (rule, mutate) in mutations {
        let mut scene = Scene::existing(sample::SPEC);
        mutate(&mut scene);
        assert_eq!(scene.open(), ["key-ends-with-project", *rule].into());
    }
}

#[test]
fn subnets_of_others_where_a_database_may_lie_are_held_to_the_same_rules() {
    let scene = || Scene::existing(&format!("{}{}", sample::SPEC, sample::DATABASE));
    assert_eq!(scene().open(), ["key-ends-with-project"].into());
    type OfExisting = (&'static str, fn(&mut Scene));
    let mutations: &[OfExisting] = &[
        ("private-subnet-has-no-internet-gateway-route", |scene| {
            scene.add_route("route-table-main", "192.0.2.0/24", internet());
        }),
        ("private-subnet-has-no-public-address", |scene| {
            scene.subnet("subnet-spare").public_address_on_launch = true;
        }),
        ("subnet-has-network-acl", |scene| {
            scene.remove("network-acl-spare");
        }),
    ];
    for (rule, mutate) in mutations {
        let mut scene = scene();
        mutate(&mut scene);
        assert!(scene.open().contains(rule), "{rule} in {:?}", scene.open());
        let findings = scene.findings();
        let mut of_rule = findings.iter().filter(|finding| finding.rule.0 == *rule && finding.open());
        assert!(of_rule.any(|finding| finding.resource == "subnet-spare"), "{rule}");
    }
}

#[test]
fn what_exists_and_nobody_looked_at_is_unknown() {
    let scene = Scene::of_spec(sample::SPEC);
    let findings = scene.findings();
    for place in ["vpc", "subnet-private", "route-table-private", "s3-endpoint", "key", "bucket-accesslogs"] {
        let about: Vec<&Finding> = findings.iter().filter(|finding| finding.resource == place).collect();
        assert!(
            !about.is_empty() && about.iter().all(|finding| finding.status == Status::Unknown),
            "{place}: {about:?}"
        );
    }
    assert!(findings.iter().any(Finding::blocks));
}

#[test]
fn machines_break_nothing_but_what_a_bastion_is_in_itself() {
    assert_eq!(Scene::with_machine().open(), BTreeSet::new());
    assert_eq!(Scene::shut().open(), BTreeSet::new());
    assert_eq!(Scene::full().open(), ["way-in-needs-no-bastion"].into());
}

#[test]
fn what_is_wrong_at_a_machine_is_wrong_at_its_template() {
    type OfTemplate = (&'static str, fn(&mut LaunchTemplate));
    let mutations: &[OfTemplate] = &[
        ("instance-has-no-public-address", |template| template.public_address = true),
        ("instance-is-monitored-in-detail", |template| template.detailed_monitoring = false),
        ("instance-requires-metadata-tokens", |template| template.metadata_token_required = false),
        ("instance-volumes-are-encrypted", |template| {
            template.root.as_mut().unwrap().encrypted = false;
        }),
        ("machine-type-is-not-burstable", |template| template.instance_type = "t3.large".to_owned()),
        ("machine-type-is-on-nitro", |template| template.instance_type = "m4.large".to_owned()),
        ("volume-is-encrypted-with-own-key", |template| {
            template.root.as_mut().unwrap().key = None;
        }),
    ];
    for (rule, mutate) in mutations {
        let mut scene = Scene::with_machine();
        mutate(scene.launch_template("template-private"));
        let findings = scene.findings();
        let open: Vec<_> = findings.iter().filter(|finding| finding.open()).collect();
        assert_eq!(
            open.iter().map(|finding| (finding.rule.0, finding.resource.as_str())).collect::<Vec<_>>(),
            [(*rule, "template-private")]
        );
    }
}

#[test]
fn a_spec_without_approvals_is_stopped() {
    let scene = Scene::of_spec(LEAST);
    let expected = ["account-is-designated-for-phi", "budget-is-declared", "review-board-approval-is-declared"];
    assert_eq!(scene.open(), expected.into());
    let blocking = scene.findings().iter().filter(|finding| finding.blocks()).count();
    assert_eq!(blocking, 2);
}

#[test]
fn the_document_to_the_letter_is_told_its_own_choices() {
    let scene = Scene::of("profile = \"cloudmaven2017\"\n");
    assert_eq!(scene.open(), ["main-route-table-is-local-only", "tenancy-is-shared"].into());
}

#[test]
fn the_documents_machines_are_told_their_own_choices() {
    let compute = "[compute.private]\ntype = \"m4.large\"\ndata_volume_gib = 100\n";
    let access = "[access]\nmode = \"bastion\"\nallow = [{ name = \"uw\", cidr = \"140.142.0.0/16\" }]\n";
    let scene = Scene::of(&format!("profile = \"cloudmaven2017\"\n{compute}{access}"));
    let expected = [
        "instance-volumes-are-encrypted",
        "laptop-is-managed",
        "machine-type-is-on-nitro",
        "main-route-table-is-local-only",
        "tenancy-is-shared",
        "volume-is-encrypted-with-own-key",
        "way-in-needs-no-bastion",
    ];
    assert_eq!(scene.open(), expected.into());
    let blocking =
        scene.findings().into_iter().filter(Finding::blocks).map(|finding| (finding.rule.0, finding.resource));
    let unencrypted = ["instance-bastion", "instance-private", "template-bastion", "template-private"];
    let unencrypted = unencrypted.map(|label| ("instance-volumes-are-encrypted", label.to_owned()));
    assert_eq!(blocking.collect::<Vec<_>>(), unencrypted);
}

#[test]
fn the_examples_are_clean_but_for_a_bastions_example_range() {
    let open = |mode| Scene::of_spec(&example(&"hipaa".parse().unwrap(), mode)).open();
    assert_eq!(open(AccessMode::SessionManager), BTreeSet::new());
    assert_eq!(open(AccessMode::InstanceConnect), BTreeSet::new());
    assert_eq!(open(AccessMode::Bastion), ["allowed-range-is-not-an-example", "way-in-needs-no-bastion"].into());
    let scene = Scene::of_spec(&example(&"hipaa".parse().unwrap(), AccessMode::Bastion));
    assert_eq!(scene.findings().iter().filter(|finding| finding.blocks()).count(), 1);
}

#[test]
fn ssh_from_anywhere_shows_as_cause_and_as_effect() {
    let access = "[access]\nmode = \"bastion\"\nallow = [{ name = \"anywhere\", cidr = \"0.0.0.0/0\" }]\n";
    let expected = ["allowed-range-is-not-the-world", "network-acl-is-closed-to-anywhere", "spec-is-built-in-full"];
    assert_eq!(Scene::of(access).open(), expected.into());
}

#[test]
fn a_bastion_for_named_networks_may_be_planned() {
    let access = "[access]\nmode = \"bastion\"\nallow = [{ name = \"campus-vpn\", cidr = \"140.142.0.0/16\" }]\n";
    assert_eq!(Scene::of(access).open(), ["spec-is-built-in-full"].into());
}

#[test]
fn examples_in_specs_are_what_they_are_called() {
    let mut judged = 0;
    for rule in all().iter().filter(|rule| rule.bad.starts_with('[') && !rule.bad.contains("# and ")) {
        assert!(opens(rule, rule.bad), "{} is kept by {}", rule.id, rule.bad);
        assert!(!opens(rule, rule.good), "{} is broken by {}", rule.id, rule.good);
        judged += 1;
    }
    assert_eq!(judged, 24);
}

/// Whether the rule is open for a spec with this fragment.
fn opens(rule: &Rule, fragment: &str) -> bool {
    Scene::of_spec(&format!("{LEAST}{fragment}\n")).open().contains(rule.id.0)
}

#[test]
fn examples_in_policies_are_statements() {
    let fragments = all().iter().flat_map(|rule| [rule.bad, rule.good]).filter(|text| text.starts_with('{'));
    let statements: Result<Vec<Statement>, _> = fragments.map(serde_json::from_str).collect();
    assert_eq!(statements.unwrap().len(), 26);
}

#[test]
fn residual_risk_is_told_with_the_severity_that_remains() {
    let findings = Scene::clean().findings();
    let of = |rule: &str| findings.iter().find(|finding| finding.rule.0 == rule).unwrap();
    assert_eq!((of("egress-is-web-only").status, of("egress-is-web-only").severity), (Status::Kept, Severity::Medium));
    assert_eq!(of("account-is-designated-for-phi").status, Status::Declared);
    assert!(findings.iter().all(|finding| finding.severity == finding.severity_kept && !finding.blocks()));
}

#[test]
fn what_could_not_be_read_is_never_kept() {
    let scenes: [fn() -> Scene; 4] = [Scene::clean, Scene::with_machine, Scene::shut, Scene::full];
    let labels = |scene: fn() -> Scene| {
        let resources = scene().model.resources.into_iter();
        resources.map(|resource| resource.label().to_owned()).collect::<Vec<_>>()
    };
    for (scene, id) in scenes.into_iter().flat_map(|scene| labels(scene).into_iter().map(move |id| (scene, id))) {
        let mut scene = scene();
        let kind = scene.resource(&id).properties.kind();
        scene.unread(&id);
        for rule in all().iter().filter(|rule| rule.looks_at.contains(&kind)) {
            let findings = rule.findings(&scene.facts());
            let unknown = findings.iter().any(|finding| finding.resource == id && finding.status == Status::Unknown);
            let about = findings.iter().filter(|finding| finding.resource == id);
            assert!(unknown && about.clone().all(|finding| finding.status != Status::Kept), "{id} {}", rule.id);
        }
    }
}

#[test]
fn rules_are_listed_by_name_and_say_everything() {
    let ids: Vec<&str> = all().iter().map(|rule| rule.id.0).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    for rule in all() {
        let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(rule.id.0.chars().all(kebab) && !rule.id.0.starts_with('-') && !rule.id.0.ends_with('-'));
        for said in [rule.title, rule.rationale, rule.fix, rule.cost] {
            assert!(!said.trim().is_empty() && !said.contains("  "), "{}: {said}", rule.id);
        }
        assert!(!rule.bad.trim().is_empty() && !rule.good.trim().is_empty() && rule.bad != rule.good, "{}", rule.id);
        assert!(!rule.title.ends_with('.') && !rule.fix.ends_with('.') && rule.rationale.ends_with('.'), "{}", rule.id);
        assert!(rule.severity_kept <= rule.severity_broken, "{}", rule.id);
        let sentences = rule.rationale.matches(". ").count() + 1;
        assert!((2..=4).contains(&sentences), "{}: {sentences} sentences", rule.id);
    }
}

/// Rules that no paragraph of the law stands behind, and that say so.
const WITHOUT_LAW: [&str; 6] = [
    "budget-is-declared",
    "institution-bounds-the-cost",
    "machine-type-fits-its-tenancy",
    "machine-type-is-not-burstable",
    "software-has-a-source",
    "tenancy-is-shared",
];

#[test]
fn citations_are_of_the_kind_that_the_security_rule_says() {
    let kinds = security_rule();
    for rule in all() {
        assert_eq!(rule.cfr.is_empty(), WITHOUT_LAW.contains(&rule.id.0), "{}", rule.id);
        for citation in rule.cfr {
            let expected = kinds.get(citation.citation).copied().unwrap_or(Specification::Other);
            let in_rule = ["164.308", "164.310", "164.312", "164.314", "164.316"]
                .iter()
                .any(|part| citation.citation.starts_with(part));
            assert_eq!(citation.kind, expected, "{} {}", rule.id, citation.citation);
            assert_eq!(in_rule, expected != Specification::Other, "{} {}", rule.id, citation.citation);
        }
    }
}

#[test]
fn controls_are_marked_as_nists_only_where_nist_pairs_them() {
    let crosswalk = crosswalk();
    let paired = |rule: &Rule, control: &str| {
        let rows = rule.cfr.iter().filter_map(|citation| crosswalk.get(citation.citation));
        rows.flatten().any(|listed| *listed == control)
    };
    for rule in all() {
        assert!(!rule.nist80053.is_empty(), "{}", rule.id);
        for control in rule.nist80053 {
            let expected =
                if paired(rule, control.control) { Mapping::NistCrosswalk } else { Mapping::ProjectJudgement };
            assert_eq!(control.mapping, expected, "{} {}", rule.id, control.control);
        }
    }
}

#[test]
fn a_rule_is_explained_as_the_contract_says() {
    let json = serde_json::to_value(named("bucket-requires-tls").unwrap()).unwrap();
    let fields = [
        "id",
        "title",
        "severity_kept",
        "severity_broken",
        "cfr",
        "nist80053",
        "document_line",
        "status",
        "rationale",
        "fix",
    ];
    assert!(fields.iter().all(|field| !json[*field].is_null()), "{json}");
    assert_eq!((&json["status"], &json["cfr"][1]["kind"]), (&"in_force".into(), &"addressable".into()));
    assert_eq!(json["nist80053"][1]["mapping"], "project judgement");
}

#[test]
fn a_slip_in_a_rules_name_is_told_the_nearest() {
    assert_eq!(named("bucket-require-tls").unwrap_err(), Some("bucket-requires-tls"));
    assert_eq!(named("zzz").unwrap_err(), None);
}

fn security_rule() -> BTreeMap<&'static str, Specification> {
    let lines = include_str!("../../../data/law/security_rule.csv").lines().skip(1);
    let read = |line: &'static str| {
        let kind = match line.rsplit(',').next() {
            Some("standard") => Specification::Standard,
            Some("required") => Specification::Required,
            Some("addressable") => Specification::Addressable,
            other => panic!("{other:?} is no kind"),
        };
        (line.split(',').next().unwrap(), kind)
    };
    let kinds: BTreeMap<_, _> = lines.map(read).collect();
    assert_eq!(kinds.len(), 65);
    kinds
}

fn crosswalk() -> BTreeMap<&'static str, Vec<&'static str>> {
    let lines = include_str!("../../../data/law/crosswalk_800_53r5.csv").lines().skip(1);
    let read = |line: &'static str| {
        let mut fields = line.split(',');
        (fields.next().unwrap(), fields.next().unwrap().split(';').collect())
    };
    let rows: BTreeMap<_, _> = lines.map(read).collect();
    assert_eq!(rows.len(), 68);
    rows
}

/// A machine, and everybody who is named for a role.
const ROLES: &str = "\
[access]
laptop = \"managed\"
allow = [{ name = \"campus-vpn\", cidr = \"140.142.0.0/16\" }]
[compute.private]
type = \"m7i.large\"
[roles]
uploaders = [\"arn:aws:iam::111122223333:user/clinic\"]
custodians = [\"arn:aws:iam::111122223333:user/custodian\"]
operators = [\"arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Research_*\"]
";

/// A planned environment with every role that people can have.
fn with_roles() -> Scene {
    Scene::of(ROLES)
}

#[test]
fn roles_of_people_and_machines_break_nothing_in_any_partition() {
    for (region, partition) in [("us-west-2", "aws"), ("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn")] {
        let approvals = "[approvals]\nirb = \"S1\"\nbilling = \"B1\"\nbaa = \"2026-03-01\"\n";
        let roles = ROLES.replace("arn:aws:", &format!("arn:{partition}:"));
        for (mode, open) in [("session-manager", None), ("bastion", Some("way-in-needs-no-bastion"))] {
            let roles = roles.replace("[access]\n", &format!("[access]\nmode = \"{mode}\"\n"));
            let scene = Scene::of_spec(&format!("{}{roles}{approvals}", LEAST.replace("us-west-2", region)));
            assert_eq!(scene.open(), open.into_iter().collect(), "{region} {mode}");
            let judged: BTreeSet<&str> = scene.findings().iter().map(|finding| finding.rule.0).collect();
            let about = ["compute-role-cannot-write-data", "custodian-needs-mfa", "uploader-cannot-read"];
            assert!(about.iter().all(|rule| judged.contains(rule)), "{judged:?}");
        }
    }
}

#[test]
fn an_example_range_counts_where_a_role_lets_it_in() {
    let scene = Scene::of(&ROLES.replace("140.142.0.0/16", "198.51.100.0/24"));
    assert!(scene.open().contains("allowed-range-is-not-an-example"));
}

fn without(policy: Option<&Policy>, sid: &str) -> Option<Policy> {
    let statements = policy.unwrap().statements().iter().filter(|statement| statement.sid.as_deref() != Some(sid));
    Some(Policy::new(statements.cloned().collect()))
}

/// The private machine's unencrypted root volume as the document has it, and a waiver of it.
fn unencrypted() -> (Scene, Waiver) {
    let compute = "[compute.private]\ntype = \"m5.large\"\n[access]\nlaptop = \"managed\"\n";
    let scene = Scene::of(&format!("profile = \"cloudmaven2017\"\n{compute}"));
    let waiver = Waiver {
        rule: "instance-volumes-are-encrypted".to_owned(),
        resource: "instance-private".to_owned(),
        digest: scene.model.resource("instance-private").unwrap().digest(),
        addressable: Some(Addressable { why: "the image is public".to_owned(), instead: None }),
        ..of_tenancy(&scene)
    };
    (scene, waiver)
}

#[test]
fn a_waiver_accepts_what_it_names_and_no_more() {
    let (mut scene, waiver) = unencrypted();
    let blocking = |scene: &Scene| {
        let findings = scene.findings().into_iter();
        findings.filter(Finding::blocks).map(|finding| finding.resource).collect::<Vec<_>>()
    };
    assert_eq!(blocking(&scene), ["instance-private", "template-private"]);
    scene.declared.waivers = vec![waiver.clone()];
    assert_eq!(blocking(&scene), ["template-private"]);
    let findings = scene.findings();
    let accepted = findings.iter().find(|finding| finding.waived).unwrap();
    assert_eq!((accepted.status, accepted.severity), (Status::Broken, accepted.severity_broken));
    assert_eq!(accepted.waiver.as_ref(), Some(&waiver));
    let kept = |rule: &str| findings.iter().any(|one| one.rule.0 == rule && one.status == Status::Kept);
    assert!(kept("waiver-is-in-force") && kept("waiver-is-used") && kept("waiver-reasons-why-not"));
}

#[test]
fn a_waiver_accepts_until_its_last_day_and_only_what_was_shown() {
    let (mut scene, waiver) = unencrypted();
    let waived = |scene: &Scene| scene.findings().iter().any(|finding| finding.waived);
    let lasting = |expires| Waiver { expires, ..waiver.clone() };
    scene.declared.waivers = vec![lasting(date(2026, 11, 24))];
    assert!(waived(&scene));
    scene.terms.today = date(2026, 11, 25);
    assert!(!waived(&scene) && scene.open().contains("waiver-is-in-force"));
    scene.declared.waivers = vec![lasting(date(2027, 1, 1))];
    assert!(waived(&scene));
    scene.instance("instance-private").public_address = true;
    assert!(!waived(&scene) && scene.open().contains("waiver-fits-what-it-accepts"));
    scene.declared.waivers = vec![Waiver { addressable: None, ..lasting(date(2027, 1, 1)) }];
    assert!(!waived(&scene) && scene.open().contains("waiver-reasons-why-not"));
}

#[test]
fn what_the_law_requires_and_waivers_themselves_are_not_waived() {
    let without_approval = |rule: &str| {
        let waiver = format!(
            "[[waiver]]\nrule = \"{rule}\"\nresource = \"spec\"\ndigest = \"0123456789abcdef\"\nreason = \"in haste\"\n\
             approver = \"ciso@example.edu\"\nexpires = 2027-03-01\n"
        );
        Scene::of_spec(&format!("{LEAST}{waiver}"))
    };
    let scene = without_approval("account-is-designated-for-phi");
    assert!(scene.open().contains("account-is-designated-for-phi"));
    assert!(scene.open().contains("waiver-is-of-no-required-specification"));
    assert!(scene.findings().iter().all(|finding| !finding.waived));
    assert!(without_approval("waiver-is-used").open().contains("waiver-names-a-rule"));
}

#[test]
fn what_the_spec_says_is_accepted_by_its_own_value() {
    let spec = |days: u32, digest: &str| {
        let waiver = format!(
            "[[waiver]]\nrule = \"unused-allowed-range-is-not-an-example\"\nresource = \"spec\"\ndigest = \"{digest}\"\n\
             reason = \"r\"\napprover = \"ciso@example.edu\"\nexpires = 2027-03-01\n"
        );
        Scene::of(&format!("[access]\nallow = [{{ name = \"vpn\", cidr = \"198.51.100.0/{days}\" }}]\n{waiver}"))
    };
    let digest = |scene: &Scene| scene.findings().into_iter().find(Finding::open).unwrap().digest;
    let first = digest(&spec(24, "0123456789abcdef"));
    assert_eq!(spec(24, &first).open(), BTreeSet::new());
    assert_ne!(digest(&spec(25, "0123456789abcdef")), first);
    assert!(spec(25, &first).open().contains("waiver-fits-what-it-accepts"));
}

#[test]
fn what_is_told_of_the_spec_says_where() {
    let text = |rest: &str| Scene::of_spec(&format!("{LEAST}{rest}"));
    let mut scenes: Vec<Scene> = MUTATIONS.iter().map(|(_, scene, _)| scene()).collect();
    for ((_, _, mutate), scene) in MUTATIONS.iter().zip(&mut scenes) {
        mutate(scene);
    }
    for scene in scenes.into_iter().chain([text(""), text("profile = \"cloudmaven2017\"\n")]) {
        for finding in scene.findings().iter().filter(|finding| finding.resource == "spec" && finding.open()) {
            assert!(finding.place.is_some(), "{}: {}", finding.rule, finding.message);
        }
    }
}

#[test]
fn every_word_of_a_policy_is_judged() {
    type Case = (&'static str, fn() -> Scene, &'static str, &'static [&'static str]);
    let cases: &[Case] = &[
        ("allow = { regions = [\"us-west-2\"] }", Scene::clean, "", &[]),
        ("allow = { services = [\"ec2\"] }", Scene::clean, "institution-allows-the-services", &["bucket-data", "key"]),
        ("allow = { ranges = [{ name = \"c\", cidr = \"140.142.0.0/15\" }] }", Scene::full, "", &[]),
        ("forbid = { access = [\"bastion\"] }", Scene::full, "institution-allows-the-choices", &["spec"]),
        ("forbid = { egress = [\"nat\"] }", Scene::clean, "institution-allows-the-choices", &["spec"]),
        ("forbid = { egress = [\"none\"], profile = [\"cloudmaven2017\"] }", Scene::clean, "", &[]),
        ("forbid = { profile = [\"modern\"] }", Scene::clean, "institution-allows-the-choices", &["spec"]),
        ("forbid = { tenancy = [\"default\"] }", Scene::clean, "institution-allows-the-choices", &["vpc"]),
        ("forbid = { laptop = [\"managed\"] }", Scene::with_machine, "institution-allows-the-choices", &["spec"]),
        ("forbid = { laptop = [\"outside\"] }", Scene::clean, "", &[]),
        ("cost = { monthly_ceiling = \"1\" }", Scene::clean, "institution-bounds-the-cost", &["plan"]),
    ];
    for (policy, scene, rule, resources) in cases {
        let mut scene = scene();
        scene.under(policy);
        let found = scene.findings();
        let open: Vec<&Finding> = found.iter().filter(|one| one.open() && one.rule.0 == *rule).collect();
        for resource in *resources {
            assert!(open.iter().any(|finding| finding.resource == *resource), "{policy}: {open:?}");
        }
        let institutional = |finding: &&Finding| finding.rule.0.starts_with("institution-") && finding.open();
        assert_eq!(found.iter().any(|one| institutional(&one)), !resources.is_empty(), "{policy}");
    }
}

#[test]
fn an_institution_can_be_stricter_about_what_stops_a_plan() {
    let mut scene = Scene::clean();
    scene.declared.billing = None;
    let blocking = |scene: &Scene| scene.findings().iter().filter(|finding| finding.blocks()).count();
    assert_eq!(blocking(&scene), 0);
    scene.under("check = { blocks_from = \"low\" }");
    assert_eq!(blocking(&scene), 1);
}

#[test]
fn an_institution_says_who_may_accept_what_for_how_long() {
    let cases = [
        ("waivers = { approvers = [\"CISO@example.edu\"] }", true),
        ("waivers = { approvers = [\"cro@example.edu\"] }", false),
        ("waivers = { longest_days = 0 }", true),
        ("waivers = { never = [\"tenancy-is-shared\"] }", false),
    ];
    for (policy, admitted) in cases {
        let mut scene = dedicated();
        scene.declared.waivers = vec![of_tenancy(&scene)];
        scene.under(policy);
        assert_eq!(scene.findings().iter().any(|finding| finding.waived), admitted, "{policy}");
        assert_eq!(scene.open().contains("institution-accepts-the-waivers"), !admitted, "{policy}");
    }
    let mut scene = dedicated();
    scene.declared.waivers = vec![Waiver { expires: date(2027, 11, 25), ..of_tenancy(&scene) }];
    scene.under("waivers = { longest_days = 365 }");
    assert!(scene.open().contains("institution-accepts-the-waivers"));
}

#[test]
fn a_plan_is_priced_where_the_institution_bounds_it() {
    let with = |ceiling: &str, rest: &str| {
        let text = format!("{LEAST}[approvals]\nirb = \"S1\"\nbilling = \"B1\"\nbaa = \"2026-03-01\"\n{rest}");
        let spec = parse(&text, Format::Toml).unwrap();
        let lock = Lock::offline(&spec);
        let policy = format!("schema_version = 1\nname = \"E\"\ncost = {{ monthly_ceiling = \"{ceiling}\" }}\n");
        let terms = crate::check::Terms::on(super::testing::TODAY).under(policy.parse().unwrap());
        let checked = crate::check::check(plan(&spec, &lock).unwrap(), spec, lock, terms).unwrap();
        let of = |finding: &&Finding| finding.rule.0 == "institution-bounds-the-cost";
        checked.findings().iter().find(of).map(|finding| finding.status)
    };
    let judged = |ceiling: &str| with(ceiling, "");
    assert_eq!((judged("5000"), judged("2")), (Some(Status::Kept), Some(Status::Broken)));
    // What has no price may be what costs most.
    let unpriced = "[access]\nlaptop = \"managed\"\n[compute.private]\ntype = \"p5.48xlarge\"\n";
    assert_eq!(with("5000", unpriced), Some(Status::Unknown));
}
