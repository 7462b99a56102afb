//! What AWS says of the condition keys that it sets itself: a flag, a number, a time, an address, an account, a region, an ARN.
//!
//! A request that says something else is none that AWS ever decides, and most likely a slip of whoever wrote it; so it is refused, rather
//! than decided as if the key said something.
//!
//! Sources: AWS IAM guide, "AWS global condition context keys"; Service Authorization Reference, the pages of S3, KMS and Systems Manager.

use std::net::IpAddr;

use super::json::{Fault, Invalid, Path};
use super::quantity::{Decimal, time};
use crate::account::{AccountId, Region};
use crate::aws::arn::Arn;

/// What a key says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Flag,
    Number,
    Time,
    Address,
    Account,
    Region,
    Arn,
}

/// Keys, in lower case, with what each says.
const KEYS: [(&str, Says); 34] = [
    ("aws:currenttime", Says::Time),
    ("aws:ec2instancesourceprivateipv4", Says::Address),
    ("aws:epochtime", Says::Time),
    ("aws:multifactorauthage", Says::Number),
    ("aws:multifactorauthpresent", Says::Flag),
    ("aws:principalaccount", Says::Account),
    ("aws:principalarn", Says::Arn),
    ("aws:principalisawsservice", Says::Flag),
    ("aws:requestedregion", Says::Region),
    ("aws:resourceaccount", Says::Account),
    ("aws:securetransport", Says::Flag),
    ("aws:sourceaccount", Says::Account),
    ("aws:sourcearn", Says::Arn),
    ("aws:sourceip", Says::Address),
    ("aws:tokenissuetime", Says::Time),
    ("aws:viaawsservice", Says::Flag),
    ("aws:vpcsourceip", Says::Address),
    ("ec2-instance-connect:privateipaddress", Says::Address),
    ("ec2-instance-connect:remoteport", Says::Number),
    ("ec2:encrypted", Says::Flag),
    ("ec2:volumesize", Says::Number),
    ("kms:bypasspolicylockoutsafetycheck", Says::Flag),
    ("kms:calleraccount", Says::Account),
    ("kms:grantisforawsresource", Says::Flag),
    ("kms:multiregion", Says::Flag),
    ("s3:content-length", Says::Number),
    ("s3:dataaccesspointaccount", Says::Account),
    ("s3:max-keys", Says::Number),
    ("s3:object-lock-retain-until-date", Says::Time),
    ("s3:resourceaccount", Says::Account),
    ("s3:signatureage", Says::Number),
    ("s3:tlsversion", Says::Number),
    ("ssm:sessiondocumentaccesscheck", Says::Flag),
    ("sts:durationseconds", Says::Number),
];

/// Refuses what a key cannot say. Keys that are not known, such as tags, may say anything.
pub(super) fn possible(key: &str, value: &str, path: &Path) -> Result<(), Invalid> {
    let lower = key.to_lowercase();
    let Some((_, says)) = KEYS.iter().find(|(known, _)| *known == lower) else { return Ok(()) };
    let wrong = |expected| Err(Invalid::new(path, Fault::Value { found: value.to_owned(), expected }));
    let unknown = |what, known| Err(Invalid::new(path, Fault::Unknown { what, found: value.to_owned(), known }));
    match says {
        Says::Flag if !["true", "false"].iter().any(|flag| value.eq_ignore_ascii_case(flag)) => {
            unknown("value", ["true", "false"].map(str::to_owned).into())
        }
        Says::Number if Decimal::read(value).is_none() => wrong("a number"),
        Says::Time if time(value).is_none() => {
            wrong("a time such as `2026-11-30T12:00:00Z`, a date, or seconds since 1970")
        }
        Says::Address if value.parse::<IpAddr>().is_err() => wrong("one IP address"),
        Says::Account if value.parse::<AccountId>().is_err() => wrong("an account's twelve digits"),
        Says::Region if !value.parse::<Region>().is_ok_and(|region| region.is_known()) => {
            unknown("region", Region::known().map(str::to_owned).collect())
        }
        Says::Arn if value.parse::<Arn>().is_err() => wrong("an ARN"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(key: &str, value: &str) -> Option<(String, Option<String>)> {
        let path = Path::default().field("context").field(key);
        possible(key, value, &path).err().map(|error| (error.to_string(), error.help()))
    }

    #[test]
    fn the_table_is_in_order_and_in_lower_case() {
        assert!(KEYS.is_sorted_by(|(one, _), (other, _)| one < other));
        assert!(KEYS.iter().all(|(key, _)| *key == key.to_lowercase()));
    }

    #[test]
    fn what_aws_says_is_taken() {
        for (key, value) in [
            ("aws:SecureTransport", "true"),
            ("AWS:securetransport", "FALSE"),
            ("aws:SourceIp", "2001:db8::1"),
            ("aws:CurrentTime", "2026-11-30T12:00:00Z"),
            ("aws:CurrentTime", "2026-11-30"),
            ("aws:EpochTime", "1796040000"),
            ("aws:MultiFactorAuthAge", "300"),
            ("s3:TlsVersion", "1.2"),
            ("aws:RequestedRegion", "eu-central-2"),
            ("aws:SourceAccount", "111122223333"),
            ("aws:SourceArn", "arn:aws:s3:::bucket"),
            ("aws:PrincipalTag/secure", "maybe"),
            ("t:anything", ""),
        ] {
            assert_eq!(refused(key, value), None, "{key} {value}");
        }
    }

    #[test]
    fn what_aws_never_says_is_refused_with_key_value_and_what_was_expected() {
        let told: Vec<String> = [
            ("aws:SecureTransport", "maybe"),
            ("aws:SecureTransport", "ture"),
            ("aws:MultiFactorAuthPresent", "1"),
            ("aws:SourceIp", "10.0.0.0/8"),
            ("aws:SourceIp", "300.1.1.1"),
            ("aws:CurrentTime", "2026-02-30"),
            ("aws:EpochTime", "yesterday"),
            ("s3:max-keys", "many"),
            ("aws:SourceAccount", "1234"),
            ("aws:SourceArn", "bucket"),
            ("aws:RequestedRegion", "us-west-22"),
        ]
        .map(|(key, value)| {
            let (message, help) = refused(key, value).unwrap_or_else(|| panic!("{key} {value}"));
            help.map_or_else(|| message.clone(), |help| format!("{message}; {help}"))
        })
        .into();
        insta::assert_snapshot!(told.join("\n"), @r"
        context.aws:SecureTransport: unknown value `maybe`, expected one of `true`, `false`
        context.aws:SecureTransport: unknown value `ture`, expected one of `true`, `false`; did you mean `true`?
        context.aws:MultiFactorAuthPresent: unknown value `1`, expected one of `true`, `false`
        context.aws:SourceIp: `10.0.0.0/8` is not possible here, expected one IP address
        context.aws:SourceIp: `300.1.1.1` is not possible here, expected one IP address
        context.aws:CurrentTime: `2026-02-30` is not possible here, expected a time such as `2026-11-30T12:00:00Z`, a date, or seconds since 1970
        context.aws:EpochTime: `yesterday` is not possible here, expected a time such as `2026-11-30T12:00:00Z`, a date, or seconds since 1970
        context.s3:max-keys: `many` is not possible here, expected a number
        context.aws:SourceAccount: `1234` is not possible here, expected an account's twelve digits
        context.aws:SourceArn: `bucket` is not possible here, expected an ARN
        context.aws:RequestedRegion: unknown region `us-west-22`, expected one of 38 words such as `af-south-1`; did you mean `us-west-2`?
        ");
    }
}
