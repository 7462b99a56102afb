//! Reading an environment's data from outside its endpoint, as its custodian.

use sce_aws::stores::Stores;
use sce_aws::{Mfa, Session, SessionError};
use thiserror::Error;

/// Why the custodian's role was not taken on.
#[derive(Debug, Error)]
pub enum CustodianError {
    /// The spec names no custodians.
    #[error("the environment has no custodian")]
    Nobody,
    /// The role is not for the caller, or wants a code that is not given or not good.
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl CustodianError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Nobody => Some("name one in the spec, `[roles] custodians`, and apply it".to_owned()),
            Self::Session(error) => error.help(),
        }
    }
}

/// A session as the custodian of the environment whose stores these are: it reads them from outside the endpoint, for an hour at most.
///
/// # Errors
/// When there is no custodian, or the role's trust does not let the caller.
pub async fn as_custodian(session: &Session, stores: &Stores, mfa: Option<&Mfa>) -> Result<Session, CustodianError> {
    let role = stores.custodian.as_ref().ok_or(CustodianError::Nobody)?;
    Ok(session.as_role(role, mfa).await?)
}
