//! How to go back by hand from what was made or set for an account: nothing of `sce` does.

use crate::aws::resource::{Properties, Role};
use crate::plan::account::TRAIL;
use crate::plan::{Node, Plan};
use crate::value::Value;

/// A line for each node that was `touched`, in the order in which they can go: what a node needs comes after it. The registry stays.
#[must_use]
pub fn by_hand(plan: &Plan, touched: impl Fn(&Node) -> bool) -> Vec<String> {
    let touched = plan.nodes.iter().rev().filter(|node| touched(node));
    touched.filter_map(|node| Some(format!("{}: {}", node.id, command(plan, node)?))).collect()
}

fn command(plan: &Plan, node: &Node) -> Option<String> {
    let (name, account) = (&node.name, &plan.account);
    Some(match &node.properties {
        Properties::Trail(_) => {
            format!("aws cloudtrail stop-logging --name {name} && aws cloudtrail delete-trail --name {name}")
        }
        Properties::ConfigRecorder(_) => format!(
            "aws configservice stop-configuration-recorder --configuration-recorder-name {name} && \
             aws configservice delete-delivery-channel --delivery-channel-name {name} && \
             aws configservice delete-configuration-recorder --configuration-recorder-name {name}"
        ),
        Properties::EbsEncryption(_) => "aws ec2 disable-ebs-encryption-by-default".to_owned(),
        Properties::PublicAccessBlock(_) => {
            format!("aws s3control delete-public-access-block --account-id {account}")
        }
        Properties::PasswordPolicy(_) => {
            "aws iam delete-account-password-policy # or update-account-password-policy with what was there".to_owned()
        }
        Properties::MetricFilter(filter) => {
            let group = match &filter.log_group {
                Value::Ref(_) => TRAIL,
                Value::Known(group) => group,
            };
            format!("aws logs delete-metric-filter --log-group-name {group} --filter-name {name}")
        }
        Properties::Alarm(_) => format!("aws cloudwatch delete-alarms --alarm-names {name}"),
        Properties::Detector(_) => {
            let detector = "$(aws guardduty list-detectors --query 'DetectorIds[0]' --output text)";
            format!("aws guardduty delete-detector --detector-id {detector}")
        }
        Properties::LogGroup(_) => {
            format!("aws logs delete-log-group --log-group-name {name} # which deletes its events")
        }
        Properties::Role(role) => {
            let detach = policies(plan, role)
                .map(|policy| format!("aws iam detach-role-policy --role-name {name} --policy-arn {policy} && "));
            format!("{}aws iam delete-role --role-name {name}", detach.collect::<String>())
        }
        Properties::ManagedPolicy(_) => format!("aws iam delete-policy --policy-arn {}", policy_arn(plan, name)),
        // With its alias, by which it is found: `DisableKey` takes none (KMS API reference).
        Properties::KmsKey(_) => format!(
            "aws kms disable-key --key-id $(aws kms describe-key --key-id alias/{name} --query KeyMetadata.KeyId --output text) && \
             aws kms delete-alias --alias-name alias/{name} # what it encrypted is lost once the key is deleted"
        ),
        Properties::Bucket(_) if node.id.as_str() != "registry" => {
            format!("keep s3://{name} as long as its logs are needed; then empty and delete it")
        }
        _ => return None,
    })
}

/// The ARNs of the plan's policies that a role has.
fn policies<'a>(plan: &'a Plan, role: &'a Role) -> impl Iterator<Item = String> + 'a {
    role.policies.iter().filter_map(|policy| match policy {
        Value::Known(arn) => Some(arn.to_string()),
        Value::Ref(policy) => Some(policy_arn(plan, &plan.node(&policy.node)?.name)),
    })
}

fn policy_arn(plan: &Plan, name: &str) -> String {
    format!("arn:{}:iam::{}:policy/{name}", plan.region.partition(), plan.account)
}
