//! What records: flow logs and log groups.

use serde::{Deserialize, Serialize};

use crate::aws::arn::{Arn, VpcId};
use crate::value::Value;

/// A flow log, FL (L403-L417).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowLog {
    /// The VPC whose traffic it records.
    pub vpc: Value<VpcId>,
    /// Which traffic; the document requires all (L414).
    pub traffic: Traffic,
    /// The log group it writes to.
    pub destination: Value<Arn>,
    /// The role it writes as.
    pub role: Value<Arn>,
    /// Seconds over which packets are summed up: 60 or 600.
    pub aggregation_seconds: u32,
}

/// Which traffic a flow log records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Traffic {
    /// Accepted and rejected.
    All,
    /// Accepted only.
    Accept,
    /// Rejected only.
    Reject,
}

/// A CloudWatch log group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogGroup {
    /// Days that events are kept; none for ever.
    pub retention_days: Option<u32>,
    /// The KMS key it is encrypted with; none means CloudWatch's own.
    pub key: Option<Value<Arn>>,
}
