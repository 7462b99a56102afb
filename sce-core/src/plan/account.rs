//! What is account-wide: adopted where the organisation has it, else made once, shared by all projects, torn down with none (R44, C19).

mod by_hand;
mod policies;
mod watch;

use std::collections::BTreeSet;

use super::{Node, Plan, SCHEMA_VERSION, node};
use crate::account::{AccountId, Region};
use crate::aws::arn::Arn;
use crate::aws::resource::{
    Alarm, ConfigRecorder, Detector, EbsEncryption, KmsAlias, KmsKey, LogGroup, ManagedPolicy, MetricFilter,
    PasswordPolicy, Properties, PublicAccessBlock, Role, Trail,
};
use crate::pit::{self, Pit};
use crate::plan::design::stores;
use crate::spec::{Account, CloudTrail, ConfigCare, Spec};
use crate::value::{Attribute, NodeId, Reference, Value};

pub use by_hand::by_hand;
pub use watch::{NAMESPACE, WATCHES, Watch};

/// What the names of all that `sce account` makes begin with, but its bucket's; no PIT begins with `sce`.
pub const NAMES: &str = "sce_account_";

/// The name of the trail that `sce account` makes; no PIT begins with `sce`.
pub const TRAIL: &str = "sce_account_trail";

/// The name of the recorder that `sce account` makes.
pub const RECORDER: &str = "sce_account_recorder";

/// What shall be seen to in an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What the spec says of the account, or its defaults.
    pub account: Account,
    /// Days that logs are kept.
    pub logs_days: u32,
}

impl Settings {
    /// What a spec says.
    #[must_use]
    pub fn of(spec: &Spec) -> Self {
        Self { account: spec.account.clone(), logs_days: spec.retention.logs_days }
    }
}

/// Where it shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The account.
    pub account: AccountId,
    /// The region: the trail's home, and that of everything that a region has one of.
    pub region: Region,
    /// Who reads the trail's files.
    pub administrators: Vec<Arn>,
}

impl Place {
    /// The ARN of the trail that `sce account` makes.
    #[must_use]
    pub fn trail(&self) -> String {
        format!("arn:{}:cloudtrail:{}:{}:trail/{TRAIL}", self.region.partition(), self.region, self.account)
    }
}

/// What the account has already, and somebody else made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Present {
    /// Whether another's trail suffices.
    pub trail: bool,
    /// Whether another's recorder is there; AWS allows no second.
    pub recorder: bool,
    /// Whether another's detector is there; AWS allows no second.
    pub detector: bool,
    /// The password policy.
    pub password_policy: Option<PasswordPolicy>,
}

/// The plan of what `sce account apply` sees to: each node after all it needs, nothing of what the organisation has already, and
/// nothing looser than what is there.
#[must_use]
pub fn account(settings: &Settings, place: &Place, present: &Present) -> Plan {
    let mut nodes = Nodes { settings, place, nodes: vec![stores::registry(&place.account, &place.region)] };
    let own = &settings.account;
    let trail = own.cloudtrail != Some(CloudTrail::Existing) && !present.trail;
    let config = own.config.unwrap_or(ConfigCare::Managed) == ConfigCare::Managed && !present.recorder;
    if trail || config {
        nodes.log_bucket();
    }
    if trail {
        nodes.trail();
    }
    if config {
        nodes.recorder();
    }
    nodes.settings(present);
    if own.guardduty && !present.detector {
        nodes.add("detector", "sce_account_detector", &[], Detector { enabled: true });
    }
    let mut plan = Plan {
        schema_version: SCHEMA_VERSION,
        digest: String::new(),
        pit: no_project(),
        account: place.account.clone(),
        region: place.region.clone(),
        offline: false,
        nodes: nodes.nodes,
    };
    plan.digest = plan.computed_digest();
    plan
}

/// What stands for the project in a plan that is no project's. Nothing is named or tagged with it.
#[must_use]
pub fn no_project() -> Pit {
    "account".parse().expect("`account` is a word of letters")
}

struct Nodes<'a> {
    settings: &'a Settings,
    place: &'a Place,
    nodes: Vec<Node>,
}

impl Nodes<'_> {
    fn log_bucket(&mut self) {
        let name = self.bucket();
        let policy = policies::logs(&name, &self.place.trail(), self.place);
        self.add("account-logs", &name, &[], stores::account_logs(policy, self.settings.logs_days));
    }

    fn trail(&mut self) {
        let group_arn = format!(
            "arn:{}:logs:{}:{}:log-group:{TRAIL}",
            self.place.region.partition(),
            self.place.region,
            self.place.account
        );
        let key = KmsKey {
            description: "files and events of the account's trail".to_owned(),
            policy: policies::key(&self.place.trail(), &group_arn, self.place),
            rotation: true,
            enabled: true,
        };
        self.add("account-key", "sce_account_key", &[], key);
        self.add(
            "account-key-alias",
            "alias/sce_account_key",
            &[],
            KmsAlias { key: reference("account-key", Attribute::Id) },
        );
        let key = || Some(reference("account-key", Attribute::Arn));
        let group = LogGroup { retention_days: Some(self.settings.logs_days), key: key() };
        self.add("account-log-group", TRAIL, &[], group);
        let document = policies::trail_writer(&group_arn, self.place);
        self.add("account-trail-policy", "sce_account_trail_policy", &[], ManagedPolicy { document });
        let policy = reference("account-trail-policy", Attribute::Arn);
        let boundary = self.settings.account.permissions_boundary.clone();
        let role = Role::new(policies::trail_trust(), BTreeSet::from([policy]), boundary);
        self.add("account-trail-role", "sce_account_trail_role", &[], role);
        let trail = Trail {
            bucket: self.bucket(),
            key: key(),
            log_group: Some(reference("account-log-group", Attribute::Arn)),
            log_group_role: Some(reference("account-trail-role", Attribute::Arn)),
            all_regions: true,
            global_events: true,
            validated: true,
            management_events: true,
            organization: false,
            logging: true,
        };
        self.add("account-trail", TRAIL, &["account-logs"], trail);
        if self.settings.account.alarms {
            WATCHES.iter().for_each(|watch| self.watch(watch));
        }
    }

    fn watch(&mut self, watch: &Watch) {
        let filter = MetricFilter {
            log_group: reference("account-log-group", Attribute::Id),
            pattern: watch.pattern.to_owned(),
            namespace: NAMESPACE.to_owned(),
            metric: watch.id.to_owned(),
            value: "1".to_owned(),
        };
        let (counts, alarm_name) = (format!("filter-{}", watch.id), format!("sce_account_{}", watch.id));
        self.add(&counts, &alarm_name, &[], filter);
        let alarm = Alarm {
            namespace: NAMESPACE.to_owned(),
            metric: watch.id.to_owned(),
            statistic: "Sum".to_owned(),
            period_seconds: 300,
            periods: 1,
            comparison: "GreaterThanOrEqualToThreshold".to_owned(),
            threshold: "1".to_owned(),
            missing_data: "notBreaching".to_owned(),
            tells: self.settings.account.notify.iter().cloned().collect(),
            enabled: true,
        };
        self.add(&format!("alarm-{}", watch.id), &alarm_name, &[&counts], alarm);
    }

    /// As the role that AWS keeps for Config itself, which reads every type of resource and which nobody else can take on (Config
    /// developer guide, "Using Service-Linked Roles for AWS Config").
    fn recorder(&mut self) {
        let role = format!(
            "arn:{}:iam::{}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig",
            self.place.region.partition(),
            self.place.account
        );
        let recorder = ConfigRecorder {
            role: Value::Known(role.parse().expect("an ARN of a partition, an account and a fixed name")),
            everything: true,
            global_resources: true,
            bucket: Some(self.bucket()),
            recording: true,
        };
        self.add("account-config", RECORDER, &["account-logs"], recorder);
    }

    /// What is not made but set.
    fn settings(&mut self, present: &Present) {
        self.add("ebs-encryption", "EBS encryption by default", &[], EbsEncryption { by_default: true });
        self.add("public-access-block", "S3 public access block", &[], PublicAccessBlock { blocked: true });
        if self.settings.account.password_policy {
            let strong = PasswordPolicy::strong();
            let policy =
                present.password_policy.as_ref().map_or_else(|| strong.clone(), |there| strong.tightened(there));
            self.add("password-policy", "password policy", &[], policy);
        }
    }

    fn add(&mut self, id: &str, name: &str, after: &[&str], properties: impl Into<Properties>) {
        let after: Vec<NodeId> = after.iter().map(|id| node_id(id)).collect();
        let after: Vec<&NodeId> = after.iter().collect();
        self.nodes.push(node::of_account(node_id(id), name.to_owned(), &after, properties.into()));
    }

    fn bucket(&self) -> String {
        pit::account_log_bucket(&self.place.account, &self.place.region)
    }
}

fn reference<T>(node: &str, attribute: Attribute) -> Value<T> {
    Value::Ref(Reference { node: node_id(node), attribute })
}

fn node_id(text: &str) -> NodeId {
    text.parse().expect("the plan's own ids are lower-case words with hyphens")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pit::{TAG_PIT, TAG_SCOPE};
    use crate::plan::Scope;

    fn settings() -> Settings {
        Settings { account: Account::default(), logs_days: 2192 }
    }

    fn place() -> Place {
        Place {
            account: "111122223333".parse().unwrap(),
            region: "us-west-2".parse().unwrap(),
            administrators: vec!["arn:aws:iam::111122223333:role/Admin".parse().unwrap()],
        }
    }

    fn ids(plan: &Plan) -> Vec<&str> {
        plan.nodes.iter().map(|node| node.id.as_str()).collect()
    }

    #[test]
    fn everything_is_the_accounts_and_comes_after_what_it_needs() {
        let plan = account(&settings(), &place(), &Present::default());
        for (index, node) in plan.nodes.iter().enumerate() {
            assert_eq!((node.scope, node.tags.get(TAG_PIT)), (Scope::Account, None), "{}", node.id);
            assert_eq!(node.tags.contains_key(TAG_SCOPE), node.properties.kind().descriptor().taggable, "{}", node.id);
            let earlier = |need: &NodeId| plan.nodes[..index].iter().any(|other| other.id == *need);
            assert!(node.needs.iter().all(earlier), "{}", node.id);
        }
        assert_eq!(plan.nodes.len(), 34);
    }

    #[test]
    fn the_registry_is_the_one_of_every_plan() {
        let spec = "pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"b@example.edu\"\n";
        let spec = crate::spec::parse(spec, crate::spec::Format::Toml).unwrap();
        let of_pit = crate::plan::plan(&spec, &crate::lock::Lock::offline(&spec)).unwrap();
        let of_account = account(&settings(), &place(), &Present::default());
        assert_eq!(of_pit.node_named("registry"), of_account.node_named("registry"));
    }

    #[test]
    fn what_the_organisation_has_is_not_made() {
        let present = Present { trail: true, recorder: true, detector: true, password_policy: None };
        let mut asked = settings();
        asked.account.guardduty = true;
        let least = ["registry", "ebs-encryption", "public-access-block", "password-policy"];
        assert_eq!(ids(&account(&asked, &place(), &present)), least);
        asked.account.cloudtrail = Some(CloudTrail::Existing);
        asked.account.config = Some(ConfigCare::None);
        asked.account.password_policy = false;
        assert_eq!(ids(&account(&asked, &place(), &Present::default())), [&least[..3], &["detector"]].concat());
    }

    #[test]
    fn a_stricter_password_policy_stays() {
        let longer = PasswordPolicy { minimum_length: 30, ..PasswordPolicy::strong() };
        let present = Present { password_policy: Some(longer.clone()), ..Present::default() };
        let plan = account(&settings(), &place(), &present);
        assert_eq!(plan.node_named("password-policy").unwrap().properties, longer.into());
    }

    #[test]
    fn the_way_back_is_whole_and_to_be_typed_as_it_stands() {
        let mut asked = settings();
        asked.account.guardduty = true;
        let plan = account(&asked, &place(), &Present::default());
        let told = by_hand(&plan, |_| true);
        assert_eq!(told.len(), plan.nodes.len() - 2, "the alias goes with its key, the registry stays: {told:#?}");
        assert!(told.iter().all(|line| !line.contains(" ID") && !line.contains(" KEY")), "{told:#?}");
        let place = |begins: &str| told.iter().position(|line| line.starts_with(begins)).unwrap();
        assert!(place("account-trail:") < place("account-trail-role:"));
        assert!(place("account-trail-role:") < place("account-trail-policy:"), "a policy goes once nothing has it");
        assert!(place("account-log-group:") < place("account-key:") && place("account-key:") < place("account-logs:"));
        assert!(by_hand(&plan, |node| node.id.as_str() == "registry").is_empty());
        insta::assert_snapshot!(told[place("account-trail-role:")..].join("\n"), @r"
        account-trail-role: aws iam detach-role-policy --role-name sce_account_trail_role --policy-arn arn:aws:iam::111122223333:policy/sce_account_trail_policy && aws iam delete-role --role-name sce_account_trail_role
        account-trail-policy: aws iam delete-policy --policy-arn arn:aws:iam::111122223333:policy/sce_account_trail_policy
        account-log-group: aws logs delete-log-group --log-group-name sce_account_trail # which deletes its events
        account-key: aws kms disable-key --key-id $(aws kms describe-key --key-id alias/sce_account_key --query KeyMetadata.KeyId --output text) && aws kms delete-alias --alias-name alias/sce_account_key # what it encrypted is lost once the key is deleted
        account-logs: keep s3://sce-logs-111122223333-us-west-2 as long as its logs are needed; then empty and delete it
        ");
    }

    #[test]
    fn services_write_for_this_account_only() {
        let plan = account(&settings(), &place(), &Present::default());
        let Properties::Bucket(bucket) = &plan.node_named("account-logs").unwrap().properties else { panic!() };
        let policy = bucket.policy.as_ref().unwrap();
        for sid in ["TrailLooks", "TrailWrites", "ConfigLooks", "ConfigWrites"] {
            let json = serde_json::to_string(policy.statement(sid).unwrap()).unwrap();
            assert!(json.contains("aws:Source") && json.contains("111122223333"), "{json}");
        }
        let Properties::KmsKey(key) = &plan.node_named("account-key").unwrap().properties else { panic!() };
        assert!(
            key.policy.statements().iter().all(|statement| statement.sid.as_deref() == Some("AccountAdministersKey")
                || !statement.conditions.is_empty())
        );
    }
}
