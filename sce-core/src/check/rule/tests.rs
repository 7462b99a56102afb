//! All rules together: what each breaks on, what they say of whole specs, and whether their law is right.

use std::collections::{BTreeMap, BTreeSet};

use super::testing::{LEAST, Scene};
use super::{Mapping, Rule, Specification, all, named};
use crate::aws::policy::{Policy, Statement, text};
use crate::aws::resource::{AclRule, Encryption, Protocol, RouteTarget, Subscription, Tenancy, Traffic};
use crate::check::{Finding, Severity, Status};
use crate::pit::TAG_ID;
use crate::spec::{AccessMode, Egress, NamedRange, example};
use crate::value::{Reference, Value};

type Mutation = (&'static str, fn(&mut Scene));

/// For each rule, the one thing that breaks it and no other.
const MUTATIONS: &[Mutation] = &[
    ("access-log-target-uses-s3-keys", |scene| {
        scene.bucket("bucket-accesslogs").encryption = scene.bucket("bucket-data").encryption.clone();
    }),
    ("account-is-designated-for-phi", |scene| scene.declared.baa = None),
    ("allowed-range-is-not-an-example", |scene| {
        scene.declared.access.mode = AccessMode::Bastion;
        scene.declared.access.allow = vec![range("198.51.100.0/24")];
    }),
    ("allowed-range-is-not-the-world", |scene| scene.declared.access.allow = vec![range("128.0.0.0/1")]),
    ("ancillary-is-encrypted-with-own-key", |scene| scene.topic("topic").key = None),
    ("ancillary-requires-tls", |scene| {
        let queue = scene.queue("dead-letters");
        queue.policy = without(queue.policy.as_ref(), "DenyWithoutTls");
    }),
    ("ancillary-stays-in-the-account", |scene| {
        let topic = scene.topic("topic");
        topic.policy = without(topic.policy.as_ref(), "DenyOtherAccounts");
    }),
    ("bucket-blocks-public-access", |scene| scene.bucket("registry").public_access_blocked = false),
    ("bucket-is-versioned", |scene| scene.bucket("bucket-data").versioning = false),
    ("bucket-ownership-is-enforced", |scene| scene.bucket("bucket-output").ownership_enforced = false),
    ("bucket-policy-grants-not-to-everyone", |scene| {
        let bucket = scene.bucket("bucket-data");
        let read = Statement::allow("Read").everyone().actions(["s3:GetObject"]).resources([text("*")]);
        let statements = bucket.policy.as_ref().unwrap().statements().iter().cloned().chain([read]);
        bucket.policy = Some(Policy::new(statements.collect()));
    }),
    ("bucket-requires-tls", |scene| scene.without_statement("registry", "DenyWithoutTls")),
    ("budget-is-declared", |scene| scene.declared.billing = None),
    ("default-security-group-is-empty", |scene| {
        scene.default_security_group("security-group-default").egress.insert("-1 0.0.0.0/0".to_owned());
    }),
    ("egress-is-web-only", |scene| {
        scene.network_acl("network-acl-private").egress.insert(99, everything());
    }),
    ("egress-none-has-no-way-out", |scene| scene.declared.egress = Egress::None),
    ("endpoint-policy-names-its-buckets", |scene| {
        let open = Statement::allow("All").everyone().actions(["*"]).resources([text("*")]);
        scene.endpoint("s3-endpoint").policy = Policy::new(vec![open]);
    }),
    ("everything-is-tagged", |scene| {
        scene.resource("vpc").tags.remove(TAG_ID);
    }),
    ("failures-are-kept", |scene| scene.queue("queue").redrive = None),
    ("file-table-can-be-restored", |scene| scene.table("file-table").point_in_time_recovery = false),
    ("file-table-records-every-file", |scene| {
        scene.bucket_notification("file-table-notification").events.remove("s3:ObjectRemoved:*");
    }),
    ("flow-log-records-all-traffic", |scene| scene.flow_log("flow-log").traffic = Traffic::Reject),
    ("function-logs-to-own-group", |scene| {
        scene.function("file-table-function").log_group = "/aws/lambda/somewhere".to_owned();
    }),
    ("function-reads-no-objects", |scene| {
        let read = Statement::allow("Read").actions(["s3:Get*"]).resources([text("arn:aws:s3:::b/*")]);
        scene.managed_policy("file-table-policy").document = Policy::new(vec![read]);
    }),
    ("key-is-rotated", |scene| scene.key("key").rotation = false),
    ("key-policy-names-its-users", |scene| {
        let root = text("arn:aws:iam::111122223333:root");
        let default = Statement::allow("Default").principals([root]).actions(["kms:*"]).resources([text("*")]);
        scene.key("key").policy = Policy::new(vec![default]);
    }),
    ("log-group-is-encrypted-with-own-key", |scene| scene.log_group("log-group").key = None),
    ("log-group-keeps-logs-long-enough", |scene| scene.log_group("log-group").retention_days = Some(30)),
    ("logs-are-kept-six-years", |scene| scene.declared.logs_days = 2191),
    ("main-route-table-is-local-only", |scene| scene.add_route("route-table-main", "0.0.0.0/0", nat())),
    ("names-carry-no-identifiers", |scene| {
        scene.resource("bucket-data").tags.insert("note".to_owned(), "ssn 123-45-6789".to_owned());
    }),
    ("nat-route-survives-endpoint", |scene| {
        scene.remove("route-private-nat");
    }),
    ("network-acl-is-closed-to-anywhere", |scene| {
        scene.network_acl("network-acl-private").ingress.insert(99, everything());
    }),
    ("no-route-leads-to-another-network", |scene| {
        scene.add_route("route-table-public", "10.9.0.0/16", RouteTarget::Other("pcx-0abc".to_owned()));
    }),
    ("private-subnet-has-no-internet-gateway-route", |scene| {
        scene.add_internet_route("route-table-private", "192.0.2.0/24");
    }),
    ("private-subnet-has-no-public-address", |scene| scene.subnet("subnet-private").public_address_on_launch = true),
    ("private-traffic-to-s3-takes-the-endpoint", |scene| scene.endpoint("s3-endpoint").route_tables.clear()),
    ("review-board-approval-is-declared", |scene| scene.declared.irb = None),
    ("role-has-no-wildcards", |scene| {
        let all = Statement::allow("All").actions(["logs:*"]).resources([text("*")]);
        scene.managed_policy("flow-log-policy").document = Policy::new(vec![all]);
    }),
    ("spec-is-built-in-full", |scene| scene.declared.not_built = vec!["workers"]),
    ("store-is-encrypted-with-own-key", |scene| scene.bucket("bucket-ancillary").encryption = Encryption::S3),
    ("store-logs-access", |scene| scene.bucket("bucket-data").access_log = None),
    ("store-refuses-other-encryption", |scene| scene.without_statement("bucket-data", "DenyOtherEncryption")),
    ("store-refuses-reads-off-endpoint", |scene| scene.without_statement("bucket-output", "DenyReadsOffEndpoint")),
    ("subnet-has-network-acl", |scene| scene.network_acl("network-acl-private").subnets.clear()),
    ("subnets-lie-apart", |scene| {
        scene.subnet("subnet-public").cidr = scene.subnet("subnet-private").cidr;
    }),
    ("subscription-is-confirmed", |scene| {
        let topic = Value::Ref(Reference::parse("${topic.arn}").unwrap());
        let (protocol, endpoint) = ("email".to_owned(), "a@b.edu".to_owned());
        let subscription = Subscription { topic, protocol, endpoint, confirmed: Some(false) };
        scene.add("subscription-abcdefgh", subscription.into());
    }),
    ("tenancy-is-shared", |scene| scene.vpc("vpc").tenancy = Tenancy::Dedicated),
    ("unused-allowed-range-is-not-an-example", |scene| scene.declared.access.allow = vec![range("203.0.113.0/24")]),
];

fn without(policy: Option<&Policy>, sid: &str) -> Option<Policy> {
    let statements = policy.unwrap().statements().iter().filter(|statement| statement.sid.as_deref() != Some(sid));
    Some(Policy::new(statements.cloned().collect()))
}

fn range(cidr: &str) -> NamedRange {
    NamedRange { name: "campus-vpn".to_owned(), cidr: cidr.parse().unwrap() }
}

fn everything() -> AclRule {
    AclRule { allow: true, protocol: Protocol::All, cidr: "0.0.0.0/0".parse().unwrap(), ports: None }
}

fn nat() -> RouteTarget {
    RouteTarget::NatGateway(Value::Ref(Reference::parse("${nat-gateway.id}").unwrap()))
}

#[test]
fn each_mutation_breaks_its_own_rule_and_no_other() {
    for (rule, mutate) in MUTATIONS {
        let mut scene = Scene::clean();
        mutate(&mut scene);
        assert_eq!(scene.open(), BTreeSet::from([*rule]));
        let found = scene.findings().into_iter().find(Finding::open).unwrap();
        assert_eq!((found.status, found.severity), (Status::Broken, named(rule).unwrap().severity_broken), "{rule}");
    }
}

#[test]
fn each_rule_has_a_mutation() {
    let mutated: Vec<&str> = MUTATIONS.iter().map(|(rule, _)| *rule).collect();
    assert_eq!(mutated, all().iter().map(|rule| rule.id.0).collect::<Vec<_>>());
}

#[test]
fn a_clean_plan_breaks_nothing_in_any_partition() {
    for region in ["us-west-2", "us-gov-west-1", "cn-north-1"] {
        for rest in [
            "",
            "[network]\negress = \"none\"\n",
            "[network]\ntaken = [{ name = \"campus\", cidr = \"10.0.0.0/9\" }]\n",
        ] {
            let approvals = "[approvals]\nirb = \"S1\"\nbilling = \"B1\"\nbaa = \"2026-03-01\"\n";
            let spec = format!("{}{rest}{approvals}", LEAST.replace("us-west-2", region));
            assert_eq!(Scene::of_spec(&spec).open(), BTreeSet::new(), "{region} {rest}");
        }
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
fn the_examples_are_clean_but_for_a_bastions_example_range() {
    let open = |mode| Scene::of_spec(&example(&"hipaa".parse().unwrap(), mode)).open();
    assert_eq!(open(AccessMode::SessionManager), BTreeSet::new());
    assert_eq!(open(AccessMode::InstanceConnect), ["spec-is-built-in-full"].into());
    assert_eq!(open(AccessMode::Bastion), ["allowed-range-is-not-an-example", "spec-is-built-in-full"].into());
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
    assert_eq!(judged, 10);
}

/// Whether the rule is open for a spec with this fragment.
fn opens(rule: &Rule, fragment: &str) -> bool {
    Scene::of_spec(&format!("{LEAST}{fragment}\n")).open().contains(rule.id.0)
}

#[test]
fn examples_in_policies_are_statements() {
    let fragments = all().iter().flat_map(|rule| [rule.bad, rule.good]).filter(|text| text.starts_with('{'));
    let statements: Result<Vec<Statement>, _> = fragments.map(serde_json::from_str).collect();
    assert_eq!(statements.unwrap().len(), 16);
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
    let ids: Vec<String> = Scene::clean().model.resources.iter().map(|resource| resource.label().to_owned()).collect();
    for id in ids {
        let mut scene = Scene::clean();
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
const WITHOUT_LAW: [&str; 2] = ["budget-is-declared", "tenancy-is-shared"];

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
