//! Roles and users that are in no plan, from `aws iam get-account-authorization-details`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::saved::Saved;
use super::thing::{flag, items, listed, policy, said, text, texts};
use crate::aws::policy::Policy;
use crate::aws::resource::{ManagedPolicy, Properties};
use crate::model::Bystander;
use crate::plan::relabelled;

const CALL: &str = "iam get-account-authorization-details";

/// Every role but those of these names, and every user.
///
/// # Errors
/// When roles, users or groups were not saved, or not in full.
pub(super) fn bystanders(
    saved: &Saved,
    planned: &BTreeSet<&str>,
    names: &BTreeMap<String, String>,
) -> Result<Vec<Bystander>, String> {
    let all = |key| saved.all(key, CALL);
    let (roles, users) = (all("RoleDetailList")?, all("UserDetailList")?);
    let details = Details { groups: all("GroupDetailList")?, policies: all("Policies")?, names };
    let roles = roles.into_iter().filter(|role| !planned.contains(text(role, "RoleName")));
    let roles = roles.map(|role| details.role(role));
    Ok(roles.chain(users.into_iter().map(|user| details.user(user))).collect())
}

struct Details<'a> {
    groups: Vec<&'a Json>,
    policies: Vec<&'a Json>,
    /// What the plan calls things by what AWS does.
    names: &'a BTreeMap<String, String>,
}

impl Details<'_> {
    fn role(&self, role: &Json) -> Bystander {
        let mut found = self.holder(role, "RolePolicyList");
        match policy(&role["AssumeRolePolicyDocument"]) {
            Ok(trust) => found.trust = Some(self.relabelled(trust)),
            Err(why) => found.unread.push(format!("who may take it on: {why}")),
        }
        found
    }

    fn user(&self, user: &Json) -> Bystander {
        let mut found = self.holder(user, "UserPolicyList");
        for name in texts(user, "GroupList") {
            let Some(group) = self.groups.iter().find(|group| text(group, "GroupName") == name) else {
                found.unread.push(format!("its group `{name}` is not among those saved"));
                continue;
            };
            found.groups.insert(text(group, "Arn").to_owned());
            self.held(group, "GroupPolicyList", &mut found);
        }
        found
    }

    fn holder(&self, json: &Json, inline: &str) -> Bystander {
        let mut found = Bystander {
            arn: text(json, "Arn").to_owned(),
            trust: None,
            policies: Vec::new(),
            boundary: None,
            groups: BTreeSet::new(),
            unread: Vec::new(),
        };
        self.held(json, inline, &mut found);
        if let Some(arn) = said(&json["PermissionsBoundary"], "PermissionsBoundaryArn") {
            match self.managed(arn) {
                Ok(boundary) => found.boundary = Some(boundary),
                Err(why) => found.unread.push(why),
            }
        }
        found
    }

    /// What a role, a user or a group has of policies.
    fn held(&self, json: &Json, inline: &str, found: &mut Bystander) {
        match listed(json, "AttachedManagedPolicies") {
            Err(why) => found.unread.push(why),
            Ok(attached) => {
                for arn in attached.iter().map(|one| text(one, "PolicyArn")) {
                    match self.managed(arn) {
                        Ok(document) => found.policies.push((arn.to_owned(), document)),
                        Err(why) => found.unread.push(why),
                    }
                }
            }
        }
        // A user or a group without any has no such list in what the AWS CLI writes; a role has.
        for one in items(json, inline) {
            let name = text(one, "PolicyName");
            match policy(&one["PolicyDocument"]) {
                Ok(document) => found.policies.push((format!("inline policy `{name}`"), self.relabelled(document))),
                Err(why) => found.unread.push(format!("inline policy `{name}`: {why}")),
            }
        }
    }

    /// What a managed policy says, of the account's or of AWS's own.
    fn managed(&self, arn: &str) -> Result<Policy, String> {
        let known = self.policies.iter().find(|policy| text(policy, "Arn") == arn);
        let versions = known.ok_or_else(|| format!("what `{arn}` says is not among what was saved"))?;
        let in_force = items(versions, "PolicyVersionList").find(|version| flag(version, "IsDefaultVersion"));
        let in_force = in_force.ok_or_else(|| format!("no version of `{arn}` is in force"))?;
        let document = policy(&in_force["Document"]).map_err(|why| format!("`{arn}`: {why}"))?;
        Ok(self.relabelled(document))
    }

    fn relabelled(&self, document: Policy) -> Policy {
        match relabelled(self.names, &ManagedPolicy { document: document.clone() }.into()) {
            Properties::ManagedPolicy(ManagedPolicy { document }) => document,
            _ => document,
        }
    }
}
