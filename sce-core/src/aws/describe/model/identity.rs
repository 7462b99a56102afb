//! Roles and policies from `aws iam get-account-authorization-details`; keys from `aws kms`.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::saved::{Saved, not_saved};
use super::thing::{Thing, each, flag, items, known, listed, number, pairs, policy, said, stated, text};
use crate::aws::resource::{KmsAlias, KmsKey, ManagedPolicy, PasswordPolicy, Role};
use crate::plan::Attributes;

type Things = Result<Vec<Thing>, String>;

pub(super) fn roles(saved: &Saved) -> Things {
    let roles = saved.all("RoleDetailList", "iam get-account-authorization-details")?;
    let thing = |role: &Json| {
        let name = text(role, "RoleName");
        let attributes = Attributes { id: name.to_owned(), arn: said(role, "Arn").map(str::to_owned) };
        Thing::new(attributes, name, pairs(&role["Tags"]), read_role(saved, role))
    };
    Ok(roles.into_iter().map(thing).collect())
}

pub(super) fn policies(saved: &Saved) -> Things {
    let policies = saved.all("Policies", "iam get-account-authorization-details")?.into_iter();
    let ours = policies.filter(|policy| !text(policy, "Arn").contains(":iam::aws:"));
    let thing = |one: &Json| {
        let arn = text(one, "Arn");
        let name = said(one, "PolicyName").unwrap_or_else(|| arn.rsplit('/').next().unwrap_or(arn));
        let in_force = items(one, "PolicyVersionList").find(|version| flag(version, "IsDefaultVersion"));
        let in_force = in_force.ok_or_else(|| "no version of it is in force".to_owned());
        let properties = in_force.and_then(|version| Ok(ManagedPolicy { document: policy(&version["Document"])? }));
        // The details leave tags out (IAM API reference, `ManagedPolicyDetail`).
        let whole = saved
            .agreed_within("Policy", "Arn", arn)
            .and_then(|whole| whole.ok_or_else(|| not_saved(&format!("iam get-policy --policy-arn {arn}"))));
        let tags = whole.map(|whole| pairs(&whole["Tags"]));
        let attributes = Attributes { id: arn.to_owned(), arn: Some(arn.to_owned()) };
        Thing::new(attributes, name, Default::default(), properties).tagged(tags)
    };
    Ok(ours.map(thing).collect())
}

/// Keys that do not await deletion.
pub(super) fn keys(saved: &Saved) -> Things {
    saved.all("Keys", "kms list-keys")?;
    let described: BTreeSet<&str> =
        saved.with("KeyMetadata").map(|document| text(&document["KeyMetadata"], "KeyId")).collect();
    let thing = |id: &&str| {
        let key = match saved.agreed_within("KeyMetadata", "KeyId", id) {
            Ok(key) => key?,
            Err(why) => return Some(Thing::plain::<KmsKey>(id, Err(why))),
        };
        if text(key, "KeyManager") == "AWS"
            || matches!(text(key, "KeyState"), "PendingDeletion" | "PendingReplicaDeletion")
        {
            return None;
        }
        let attributes = Attributes { id: (*id).to_owned(), arn: said(key, "Arn").map(str::to_owned) };
        let tags = saved.of("kms", id, "list-resource-tags").map(|answer| pairs(&answer["Tags"]));
        Some(Thing::new(attributes, id, Default::default(), read_key(saved, key)).tagged(tags))
    };
    let mut things: Vec<Thing> = described.iter().filter_map(thing).collect();
    // A key of which nothing but its being there was saved may be any.
    for id in saved.all("Keys", "kms list-keys")?.into_iter().map(|key| text(key, "KeyId")) {
        if !described.contains(id) {
            let why = not_saved(&format!("kms describe-key --key-id {id}"));
            things.push(Thing::plain::<KmsKey>(id, Err(why)));
        }
    }
    Ok(things)
}

pub(super) fn aliases(saved: &Saved) -> Things {
    let aliases = saved.all("Aliases", "kms list-aliases")?.into_iter();
    let named = aliases.filter(|alias| said(alias, "TargetKeyId").is_some());
    let read = |alias: &Json| Ok(KmsAlias { key: known(alias, "TargetKeyId")? });
    Ok(named.map(|alias| Thing::plain(text(alias, "AliasName"), read(alias))).collect())
}

/// The account's password policy; an account that never set one has none.
pub(super) fn password_policy(saved: &Saved) -> Things {
    let call = "iam get-account-password-policy";
    let policy = saved.agreed("PasswordPolicy", "the account", |document| document.get("PasswordPolicy"))?;
    let Some(policy) = policy else {
        // `{}` in its place says that there is none.
        return saved
            .of("iam", "account", "get-account-password-policy")
            .map(|_| Vec::new())
            .map_err(|_| not_saved(call));
    };
    let read = || {
        Ok(PasswordPolicy {
            minimum_length: number(&policy["MinimumPasswordLength"]).unwrap_or_default(),
            upper_case: stated(policy, "RequireUppercaseCharacters")?,
            lower_case: stated(policy, "RequireLowercaseCharacters")?,
            digits: stated(policy, "RequireNumbers")?,
            symbols: stated(policy, "RequireSymbols")?,
            remembered: number(&policy["PasswordReusePrevention"]).unwrap_or_default(),
            expires_after_days: number(&policy["MaxPasswordAge"])
                .filter(|days| flag(policy, "ExpirePasswords") && *days > 0),
            hard_expiry: flag(policy, "HardExpiry"),
            users_may_change: stated(policy, "AllowUsersToChangePassword")?,
        })
    };
    Ok(vec![Thing::plain("password policy", read())])
}

fn read_role(saved: &Saved, role: &Json) -> Result<Role, String> {
    let name = text(role, "RoleName");
    let boundary = said(&role["PermissionsBoundary"], "PermissionsBoundaryArn").map(str::parse).transpose();
    // The details leave the length of sessions out (IAM API reference, `RoleDetail`).
    let whole = saved.agreed_within("Role", "RoleName", name)?;
    let others = saved.with("Roles").flat_map(|document| items(document, "Roles"));
    let whole = whole.or_else(|| others.into_iter().find(|listed| text(listed, "RoleName") == name));
    let seconds = whole.and_then(|whole| number(&whole["MaxSessionDuration"]));
    Ok(Role {
        trust: policy(&role["AssumeRolePolicyDocument"])?,
        policies: each(listed(role, "AttachedManagedPolicies")?.iter().map(|one| text(one, "PolicyArn")))?,
        inline_policies: listed(role, "RolePolicyList")?.iter().map(|one| text(one, "PolicyName").to_owned()).collect(),
        permissions_boundary: boundary.map_err(|error| format!("its permissions boundary: {error}"))?,
        max_session_seconds: seconds.ok_or_else(|| not_saved(&format!("iam get-role --role-name {name}")))?,
    })
}

fn read_key(saved: &Saved, key: &Json) -> Result<KmsKey, String> {
    let id = text(key, "KeyId");
    Ok(KmsKey {
        description: text(key, "Description").to_owned(),
        policy: policy(&saved.of("kms", id, "get-key-policy")?["Policy"])?,
        // `{}` is of a kind of key that has no rotation.
        rotation: flag(saved.of("kms", id, "get-key-rotation-status")?, "KeyRotationEnabled"),
        enabled: text(key, "KeyState") == "Enabled",
    })
}
