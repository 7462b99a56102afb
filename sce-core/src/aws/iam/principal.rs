//! Who asks, and whether a policy means them.
//!
//! Source: AWS IAM guide, "AWS JSON policy elements: Principal" and "… NotPrincipal".

use std::fmt;

use thiserror::Error;

use crate::aws::arn::Arn;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Principal {
    /// Somebody who signs nothing.
    Anonymous,
    /// An AWS service, such as `logging.s3.amazonaws.com`.
    Service(String),
    /// The root user of an account.
    Root(Arn),
    /// A user.
    User(Arn),
    /// A role: one of its sessions, of whatever name.
    Role(Arn),
    /// A session of a role.
    Session {
        /// Its own ARN, `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
        arn: Arn,
        /// The ARN of the role, with its path when that is known.
        role: Arn,
    },
    /// A session of a federated user, `arn:aws:sts::ACCOUNT:federated-user/NAME`.
    Federated(Arn),
}

/// Why an ARN names nobody who could ask.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` names no principal: expected the ARN of a user, a role, a session of a role or the root of an account")]
pub struct InvalidPrincipal(String);

/// Who a statement is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// `*`
    Everyone,
    /// A whole account: its number, or the ARN of its root.
    Account(String),
    /// A service.
    Service(String),
    /// A user, a role, a session or a federated user, by ARN.
    Arn(String),
    /// What no request is by: a deleted principal's unique id, an identity provider, a canonical user.
    Nobody,
}

/// How a statement names the one who asks; which of them decides what else must allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grantee {
    /// By the account, which hands the decision to the account's own policies.
    Account,
    /// By the role.
    Role,
    /// In person: as user, as session, as service, or as everyone.
    Directly,
}

impl Principal {
    /// Whom an ARN names.
    ///
    /// # Errors
    /// When it names no user, role, session or root, or has a wildcard in it.
    pub fn from_arn(text: &str) -> Result<Self, InvalidPrincipal> {
        let refused = || InvalidPrincipal(text.to_owned());
        let arn: Arn = text.parse().map_err(|_| refused())?;
        if text.contains(['*', '?']) || arn.account().is_empty() {
            return Err(refused());
        }
        let kind_and_name = arn.resource().split_once('/').filter(|(_, name)| !name.is_empty());
        match (arn.service(), arn.resource(), kind_and_name) {
            ("iam", "root", _) => Ok(Self::Root(arn)),
            ("iam", _, Some(("user", _))) => Ok(Self::User(arn)),
            ("iam", _, Some(("role", _))) => Ok(Self::Role(arn)),
            ("sts", _, Some(("federated-user", _))) => Ok(Self::Federated(arn)),
            ("sts", _, Some(("assumed-role", session))) if is_session(session) => {
                Ok(Self::Session { role: arn.role_of_session(), arn })
            }
            _ => Err(refused()),
        }
    }

    /// Its ARN; none for a service and for somebody who signs nothing.
    #[must_use]
    pub fn arn(&self) -> Option<&Arn> {
        match self {
            Self::Anonymous | Self::Service(_) => None,
            Self::Root(arn) | Self::User(arn) | Self::Role(arn) | Self::Federated(arn) => Some(arn),
            Self::Session { arn, .. } => Some(arn),
        }
    }

    /// Its account; none for a service and for somebody who signs nothing.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        self.arn().map(Arn::account)
    }

    /// What AWS says in `aws:PrincipalArn`: the role of a session, and else the principal's own ARN.
    #[must_use]
    pub fn role_or_user_arn(&self) -> Option<String> {
        match self {
            Self::Session { role, .. } => Some(role.to_string()),
            other => other.arn().map(ToString::to_string),
        }
    }

    /// Whether an AWS service made its role for itself, which no organisation's policy bounds.
    #[must_use]
    pub fn is_service_linked(&self) -> bool {
        match self {
            Self::Role(role) | Self::Session { role, .. } => role.resource().starts_with("role/aws-service-role/"),
            _ => false,
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.arn()) {
            (Self::Service(name), _) => f.write_str(name),
            (_, Some(arn)) => arn.fmt(f),
            _ => f.write_str("anonymous"),
        }
    }
}

fn is_session(text: &str) -> bool {
    text.split_once('/').is_some_and(|(role, session)| !role.is_empty() && !session.is_empty())
}

impl Named {
    /// How this names the one who asks, if it does.
    pub(super) fn grantee(&self, principal: &Principal) -> Option<Grantee> {
        let named = |is: bool, how| is.then_some(how);
        match (self, principal) {
            (Self::Nobody, _) => None,
            (Self::Everyone, _) => Some(Grantee::Directly),
            (Self::Account(account), _) => named(principal.account() == Some(account.as_str()), Grantee::Account),
            (Self::Service(name), Principal::Service(asks)) => named(name == asks, Grantee::Directly),
            (Self::Arn(arn), Principal::Session { arn: session, role }) => {
                if arn == session.as_str() {
                    return Some(Grantee::Directly);
                }
                named(is_role(arn, role), Grantee::Role)
            }
            // Some session of the role is the one that a policy names.
            (Self::Arn(arn), Principal::Role(role)) if is_session_of(arn, role) => Some(Grantee::Directly),
            (Self::Arn(arn), Principal::Role(role)) => named(arn == role.as_str(), Grantee::Role),
            (Self::Arn(arn), Principal::User(asks) | Principal::Federated(asks) | Principal::Root(asks)) => {
                named(arn == asks.as_str(), Grantee::Directly)
            }
            (Self::Service(_), _) | (Self::Arn(_), Principal::Anonymous | Principal::Service(_)) => None,
        }
    }
}

/// How a `Principal` of these names the one who asks: the way that asks least of others.
pub(super) fn grantee(listed: &[Named], principal: &Principal) -> Option<Grantee> {
    listed.iter().filter_map(|named| named.grantee(principal)).max()
}

/// Whether a `NotPrincipal` of these leaves the one who asks alone, in a statement that denies.
///
/// For a user that takes the user's ARN and the account; for a session its own ARN, the role's and the account: what is not listed
/// is denied, and with it all that acts through it.
pub(super) fn excepted(listed: &[Named], principal: &Principal) -> bool {
    if listed.contains(&Named::Everyone) {
        return true;
    }
    let by = |how| listed.iter().any(|named| named.grantee(principal) == Some(how));
    match principal {
        Principal::Anonymous => false,
        Principal::Service(_) => by(Grantee::Directly),
        Principal::Root(_) => by(Grantee::Account),
        Principal::User(_) | Principal::Federated(_) => by(Grantee::Directly) && by(Grantee::Account),
        Principal::Role(_) | Principal::Session { .. } => {
            by(Grantee::Directly) && by(Grantee::Role) && by(Grantee::Account)
        }
    }
}

/// A session's ARN does not hold the path of its role, so the name decides, which is unique in its account.
fn is_role(arn: &str, role: &Arn) -> bool {
    let name = |resource: &str| resource.strip_prefix("role/")?.rsplit('/').next().map(str::to_owned);
    arn == role.as_str()
        || arn.parse::<Arn>().is_ok_and(|listed| {
            let same_place = (listed.partition(), listed.service(), listed.account())
                == (role.partition(), role.service(), role.account());
            same_place && name(listed.resource()).is_some() && name(listed.resource()) == name(role.resource())
        })
}

fn is_session_of(arn: &str, role: &Arn) -> bool {
    match Principal::from_arn(arn) {
        Ok(Principal::Session { role: of, .. }) => is_role(of.as_str(), role),
        _ => false,
    }
}
