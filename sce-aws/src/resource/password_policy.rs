//! The password policy of IAM users.

use sce_core::aws::resource::{Difference, PasswordPolicy, Properties};
use sce_core::pit::Tags;
use sce_core::plan::Node;

use super::stays;
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, Found, Wanted};
use crate::session::Session;

/// Reads the policy; an account that never set one has none.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, PasswordPolicy>) -> Result<Option<Found>, CloudError> {
    let Some(properties) = read(session, wanted.label()).await? else { return Ok(None) };
    let attributes = Attributes::id(session.account().as_str());
    Ok(Some(Found { attributes, properties: properties.into(), tags: Tags::new() }))
}

/// The policy itself.
pub(crate) async fn read(session: &Session, label: &str) -> Result<Option<PasswordPolicy>, CloudError> {
    let sent = session.iam.get_account_password_policy().send().await;
    let answer = match sent.map_err(cloud("GetAccountPasswordPolicy", label)) {
        Err(error) if error.trouble == Trouble::NotFound => return Ok(None),
        other => other?,
    };
    let number = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok());
    Ok(answer.password_policy().map(|policy| PasswordPolicy {
        minimum_length: number(policy.minimum_password_length()).unwrap_or_default(),
        upper_case: policy.require_uppercase_characters(),
        lower_case: policy.require_lowercase_characters(),
        digits: policy.require_numbers(),
        symbols: policy.require_symbols(),
        remembered: number(policy.password_reuse_prevention()).unwrap_or_default(),
        expires_after_days: number(policy.max_password_age()).filter(|days| policy.expire_passwords() && *days > 0),
        hard_expiry: policy.hard_expiry().unwrap_or_default(),
        users_may_change: policy.allow_users_to_change_password(),
    }))
}

/// Sets it as a whole, as IAM does.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, PasswordPolicy>) -> Result<(), CloudError> {
    let planned = wanted.properties;
    let number = |value: u32| i32::try_from(value).ok();
    let request = session.iam.update_account_password_policy();
    let request = request.set_minimum_password_length(number(planned.minimum_length));
    let request = request.require_uppercase_characters(planned.upper_case);
    let request = request.require_lowercase_characters(planned.lower_case);
    let request = request.require_numbers(planned.digits).require_symbols(planned.symbols);
    let request = request.set_password_reuse_prevention(number(planned.remembered).filter(|many| *many > 0));
    let request = request.set_max_password_age(planned.expires_after_days.and_then(number));
    let request = request.hard_expiry(planned.hard_expiry);
    let request = request.allow_users_to_change_password(planned.users_may_change);
    request.send().await.map(drop).map_err(cloud("UpdateAccountPasswordPolicy", wanted.label()))
}

/// Sets it, unless that would ask for less than what is there: somebody may have tightened it since it was read.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, PasswordPolicy>,
    found: &Found,
    differences: &[Difference],
) -> Result<(), CloudError> {
    let loosens =
        matches!(&found.properties, Properties::PasswordPolicy(there) if !wanted.properties.is_at_least(there));
    if loosens {
        let message = "it is stricter than planned in some point, and is not loosened: run it again";
        return Err(CloudError::plain("UpdateAccountPasswordPolicy", wanted.label(), Trouble::Refused, message));
    }
    if differences.is_empty() { Ok(()) } else { make(session, wanted).await }
}

/// It has none.
pub(crate) async fn tag(_: &Session, _: &Node, _: &Found) -> Result<(), CloudError> {
    Ok(())
}

/// It stays.
pub(crate) async fn delete(_: &Session, node: &Node, _: &Found) -> Result<Deleted, CloudError> {
    stays("DeleteAccountPasswordPolicy", node)
}
