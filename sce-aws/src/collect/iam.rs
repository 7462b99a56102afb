//! IAM, which answers in XML and writes policies percent-encoded; the CLI prints them as JSON.

use aws_sdk_iam::types::{
    AttachedPermissionsBoundary, AttachedPolicy, GroupDetail, InstanceProfile, ManagedPolicyDetail, PolicyDetail,
    RoleDetail, Tag, UserDetail,
};
use sce_core::aws::describe::model::percent_decoded;
use serde_json::{Value as Json, json};

use super::{CollectError, Collector, list, object, time};
use crate::error::cloud;

pub(super) async fn collect(collector: &mut Collector<'_>) -> Result<(), CollectError> {
    let iam = &collector.session.iam;
    let mut pages = iam.get_account_authorization_details().into_paginator().send();
    let (mut users, mut groups, mut roles, mut policies) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut whole = true;
    while let Some(page) = pages.next().await {
        let page = page.map_err(cloud("GetAccountAuthorizationDetails", "all"));
        let Some(page) = collector.answer(page)? else {
            whole = false;
            break;
        };
        users.extend(page.user_detail_list.unwrap_or_default());
        groups.extend(page.group_detail_list.unwrap_or_default());
        roles.extend(page.role_detail_list.unwrap_or_default());
        policies.extend(page.policies.unwrap_or_default());
    }
    if whole {
        let details = json!({
            "UserDetailList": list(&users, user),
            "GroupDetailList": list(&groups, group),
            "RoleDetailList": list(&roles, role),
            "Policies": list(&policies, policy),
        });
        collector.save("iam/get-account-authorization-details.json", details)?;
    }
    for name in roles.iter().filter_map(|role| role.role_name()) {
        longest_session(collector, name).await?;
    }
    for arn in policies.iter().filter_map(|policy| policy.arn()).filter(|arn| !arn.contains(":iam::aws:")) {
        policy_tags(collector, arn).await?;
    }
    profiles(collector).await?;
    password_policy(collector).await
}

/// What the details leave out: how long sessions of a role may last.
async fn longest_session(collector: &mut Collector<'_>, name: &str) -> Result<(), CollectError> {
    let sent = collector.session.iam.get_role().role_name(name).send().await;
    let Some(answer) = collector.answer(sent.map_err(cloud("GetRole", name)))? else { return Ok(()) };
    let role = answer.role().map(|role| {
        json!({
            "RoleName": role.role_name(),
            "Arn": role.arn(),
            "Path": role.path(),
            "RoleId": role.role_id(),
            "MaxSessionDuration": role.max_session_duration(),
            "AssumeRolePolicyDocument": document(role.assume_role_policy_document()),
            "PermissionsBoundary": boundary(role.permissions_boundary()),
            "Tags": tags(role.tags()),
        })
    });
    collector.save_of("iam", name, "get-role", json!({ "Role": role }))
}

async fn policy_tags(collector: &mut Collector<'_>, arn: &str) -> Result<(), CollectError> {
    let sent = collector.session.iam.get_policy().policy_arn(arn).send().await;
    let Some(answer) = collector.answer(sent.map_err(cloud("GetPolicy", arn)))? else { return Ok(()) };
    let policy = answer.policy().map(|policy| {
        object!(policy; "PolicyName": policy_name, "Arn": arn, "DefaultVersionId": default_version_id; ;
            "Tags" = tags(policy.tags()))
    });
    collector.save_of("iam", arn, "get-policy", json!({ "Policy": policy }))
}

async fn profiles(collector: &mut Collector<'_>) -> Result<(), CollectError> {
    let sent = collector.session.iam.list_instance_profiles().into_paginator().items().send().try_collect().await;
    let listed = sent.map_err(cloud("ListInstanceProfiles", "all"));
    let Some(profiles) = collector.answer(listed)? else { return Ok(()) };
    let json = json!({ "InstanceProfiles": list(&profiles, profile) });
    collector.save("iam/list-instance-profiles.json", json)?;
    for name in profiles.iter().map(InstanceProfile::instance_profile_name) {
        let sent = collector.session.iam.get_instance_profile().instance_profile_name(name).send().await;
        let answered = sent.map_err(cloud("GetInstanceProfile", name));
        if let Some(answer) = collector.answer(answered)? {
            let json = json!({ "InstanceProfile": answer.instance_profile().map(profile) });
            collector.save_of("iam", name, "get-instance-profile", json)?;
        }
    }
    Ok(())
}

async fn password_policy(collector: &mut Collector<'_>) -> Result<(), CollectError> {
    let sent = collector.session.iam.get_account_password_policy().send().await;
    let answered = sent.map_err(cloud("GetAccountPasswordPolicy", "account")).map(|answer| {
        let policy = answer.password_policy().map(|policy| {
            json!({
                "MinimumPasswordLength": policy.minimum_password_length(),
                "RequireSymbols": policy.require_symbols(),
                "RequireNumbers": policy.require_numbers(),
                "RequireUppercaseCharacters": policy.require_uppercase_characters(),
                "RequireLowercaseCharacters": policy.require_lowercase_characters(),
                "AllowUsersToChangePassword": policy.allow_users_to_change_password(),
                "ExpirePasswords": policy.expire_passwords(),
                "MaxPasswordAge": policy.max_password_age(),
                "PasswordReusePrevention": policy.password_reuse_prevention(),
                "HardExpiry": policy.hard_expiry(),
            })
        });
        json!({ "PasswordPolicy": policy })
    });
    match collector.answer_or_nothing(answered, &["NoSuchEntity"])? {
        Some(json) => collector.save_of("iam", "account", "get-account-password-policy", json),
        None => Ok(()),
    }
}

fn user(user: &UserDetail) -> Json {
    object!(user; "Path": path, "UserName": user_name, "UserId": user_id, "Arn": arn, "GroupList": group_list; ;
        "CreateDate" = time(user.create_date()), "UserPolicyList" = inline(user.user_policy_list()),
        "AttachedManagedPolicies" = attached(user.attached_managed_policies()),
        "PermissionsBoundary" = boundary(user.permissions_boundary()), "Tags" = tags(user.tags()))
}

fn group(group: &GroupDetail) -> Json {
    object!(group; "Path": path, "GroupName": group_name, "GroupId": group_id, "Arn": arn; ;
        "CreateDate" = time(group.create_date()), "GroupPolicyList" = inline(group.group_policy_list()),
        "AttachedManagedPolicies" = attached(group.attached_managed_policies()))
}

fn role(role: &RoleDetail) -> Json {
    object!(role; "Path": path, "RoleName": role_name, "RoleId": role_id, "Arn": arn; ;
        "CreateDate" = time(role.create_date()), "AssumeRolePolicyDocument" = document(role.assume_role_policy_document()),
        "InstanceProfileList" = list(role.instance_profile_list(), profile), "RolePolicyList" = inline(role.role_policy_list()),
        "AttachedManagedPolicies" = attached(role.attached_managed_policies()),
        "PermissionsBoundary" = boundary(role.permissions_boundary()), "Tags" = tags(role.tags()))
}

fn policy(policy: &ManagedPolicyDetail) -> Json {
    let versions = list(policy.policy_version_list(), |version| {
        json!({
            "VersionId": version.version_id(),
            "IsDefaultVersion": version.is_default_version(),
            "Document": document(version.document()),
            "CreateDate": time(version.create_date()),
        })
    });
    object!(policy; "PolicyName": policy_name, "PolicyId": policy_id, "Arn": arn, "Path": path,
        "DefaultVersionId": default_version_id, "AttachmentCount": attachment_count; ; "PolicyVersionList" = versions)
}

fn profile(profile: &InstanceProfile) -> Json {
    let roles = list(profile.roles(), |role| json!({ "RoleName": role.role_name(), "Arn": role.arn() }));
    json!({
        "InstanceProfileName": profile.instance_profile_name(),
        "InstanceProfileId": profile.instance_profile_id(),
        "Arn": profile.arn(),
        "Path": profile.path(),
        "Roles": roles,
        "Tags": tags(profile.tags()),
    })
}

fn inline(policies: &[PolicyDetail]) -> Json {
    list(policies, |one| object!(one; "PolicyName": policy_name; ; "PolicyDocument" = document(one.policy_document())))
}

fn attached(policies: &[AttachedPolicy]) -> Json {
    list(policies, |one| object!(one; "PolicyName": policy_name, "PolicyArn": policy_arn))
}

fn boundary(boundary: Option<&AttachedPermissionsBoundary>) -> Option<Json> {
    boundary.map(|it| {
        object!(it; "PermissionsBoundaryArn": permissions_boundary_arn; "PermissionsBoundaryType": permissions_boundary_type)
    })
}

fn tags(tags: &[Tag]) -> Json {
    list(tags, |tag| json!({ "Key": tag.key(), "Value": tag.value() }))
}

/// A policy as the CLI prints it; what is no JSON stays as it came.
fn document(text: Option<&str>) -> Option<Json> {
    let text = percent_decoded(text?);
    Some(serde_json::from_str(&text).unwrap_or(Json::String(text)))
}
