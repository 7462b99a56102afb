//! Amazon Resource Names and the ids that AWS assigns.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// Why a text is not the id it should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{found}` is no {what}: expected {expected}")]
pub struct InvalidId {
    found: String,
    what: &'static str,
    expected: &'static str,
}

/// An Amazon Resource Name: `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
///
/// Source: AWS IAM guide, "Identify AWS resources with ARNs".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn(String);

impl Arn {
    /// The ARN as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition field, such as `aws-us-gov`.
    #[must_use]
    pub fn partition(&self) -> &str {
        self.field(1)
    }

    /// The service field, such as `iam`.
    #[must_use]
    pub fn service(&self) -> &str {
        self.field(2)
    }

    /// The account field; empty for S3 buckets.
    #[must_use]
    pub fn account(&self) -> &str {
        self.field(4)
    }

    /// The resource field: all after the fifth colon.
    #[must_use]
    pub fn resource(&self) -> &str {
        self.field(5)
    }

    /// The role behind an assumed-role session, or the ARN itself.
    ///
    /// A session ends; the role stays, so policies and locks name the role. The path that a role may have is not in the
    /// session's ARN, so the result matches such a role only by name.
    ///
    /// ```
    /// use sce_core::aws::arn::Arn;
    /// let session: Arn = "arn:aws:sts::111122223333:assumed-role/Admin/alice".parse().unwrap();
    /// assert_eq!(session.role_of_session().as_str(), "arn:aws:iam::111122223333:role/Admin");
    /// ```
    #[must_use]
    pub fn role_of_session(&self) -> Self {
        let session = self.resource().strip_prefix("assumed-role/").and_then(|rest| rest.split_once('/'));
        match session {
            Some((role, _)) => Self(format!("arn:{}:iam::{}:role/{role}", self.field(1), self.account())),
            None => self.clone(),
        }
    }

    fn field(&self, index: usize) -> &str {
        self.0.splitn(6, ':').nth(index).unwrap_or_default()
    }
}

impl FromStr for Arn {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fields: Vec<&str> = text.splitn(6, ':').collect();
        let whole = fields.len() == 6 && fields[0] == "arn" && !fields[1].is_empty() && !fields[2].is_empty();
        if !whole || fields[5].is_empty() {
            let expected = "arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE";
            return Err(InvalidId { found: text.to_owned(), what: "ARN", expected });
        }
        Ok(Self(text.to_owned()))
    }
}

macro_rules! text_type {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

text_type!(Arn);

impl schemars::JsonSchema for Arn {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Arn".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^arn:[^:]+:[^:]+:[^:]*:[^:]*:.+$",
            "description": "An Amazon Resource Name.",
        })
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $prefix:literal, $what:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let tail = text.strip_prefix($prefix).unwrap_or_default();
                if tail.is_empty() || !tail.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
                    let expected = concat!("an id such as `", $prefix, "0a1b2c3d`");
                    return Err(InvalidId { found: text.to_owned(), what: $what, expected });
                }
                Ok(Self(text.to_owned()))
            }
        }

        text_type!($name);
    )*};
}

ids! {
    /// The id of a VPC.
    VpcId, "vpc-", "VPC id";
    /// The id of a subnet.
    SubnetId, "subnet-", "subnet id";
    /// The id of an internet gateway.
    InternetGatewayId, "igw-", "internet gateway id";
    /// The allocation id of an Elastic IP address.
    AllocationId, "eipalloc-", "address allocation id";
    /// The id of a NAT gateway.
    NatGatewayId, "nat-", "NAT gateway id";
    /// The id of a route table.
    RouteTableId, "rtb-", "route table id";
    /// The id of a VPC endpoint.
    VpcEndpointId, "vpce-", "VPC endpoint id";
    /// The id of a security group.
    SecurityGroupId, "sg-", "security group id";
    /// The id of a machine image.
    ImageId, "ami-", "image id";
    /// The id of a launch template.
    LaunchTemplateId, "lt-", "launch template id";
    /// The id of an instance.
    InstanceId, "i-", "instance id";
    /// The id of an EBS volume.
    VolumeId, "vol-", "volume id";
    /// The id of a KMS key (not its ARN, not an alias).
    KeyId, "", "KMS key id";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_kind_of_id_cannot_stand_for_another() {
        assert!("subnet-0a".parse::<SubnetId>().is_ok());
        let refused = "vpc-0a".parse::<SubnetId>().unwrap_err();
        assert_eq!(refused.to_string(), "`vpc-0a` is no subnet id: expected an id such as `subnet-0a1b2c3d`");
    }

    #[test]
    fn arn_fields_are_read_and_half_an_arn_is_refused() {
        let arn: Arn = "arn:aws:iam::111122223333:role/sce/hipaa".parse().unwrap();
        assert_eq!((arn.account(), arn.resource()), ("111122223333", "role/sce/hipaa"));
        for bad in ["", "arn:aws:iam", "arn:aws:iam::1:", "role/x"] {
            assert!(bad.parse::<Arn>().is_err(), "{bad}");
        }
    }
}
