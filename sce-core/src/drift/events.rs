//! Which calls, as CloudTrail names them, can bring a difference about.
//!
//! A name is told only for a call that can have changed that very property: whoever tagged a bucket is not told to have opened it.

use super::What;
use crate::aws::resource::Kind;

/// The calls that can have brought it about that a thing of the kind is `what`, in that property; of a thing that is gone or added,
/// the property does not matter. Names as CloudTrail has them ("Logging API calls with CloudTrail" of each service).
#[must_use]
pub fn events(kind: Kind, what: What, field: &str) -> &'static [&'static str] {
    match what {
        What::Changed if field == "tags" => tagging(kind),
        What::Changed => changing(kind, field),
        What::Gone => deleting(kind),
        What::NotMade => &[],
        What::Added => making(kind),
    }
}

fn changing(kind: Kind, field: &str) -> &'static [&'static str] {
    match kind {
        Kind::Vpc => match field {
            "tenancy" => &["ModifyVpcTenancy"],
            _ => &["ModifyVpcAttribute"],
        },
        Kind::Subnet => &["ModifySubnetAttribute"],
        Kind::InternetGateway => &["AttachInternetGateway", "DetachInternetGateway"],
        Kind::NatGateway => &["AssociateNatGatewayAddress", "DisassociateNatGatewayAddress"],
        Kind::Route => &["CreateRoute", "DeleteRoute", "ReplaceRoute"],
        Kind::RouteTable | Kind::RouteTableAssociation => {
            &["AssociateRouteTable", "DisassociateRouteTable", "ReplaceRouteTableAssociation"]
        }
        Kind::GatewayEndpoint | Kind::InterfaceEndpoint => &["ModifyVpcEndpoint"],
        Kind::InstanceConnectEndpoint => &["ModifyInstanceConnectEndpoint"],
        Kind::DefaultSecurityGroup | Kind::SecurityGroup => match field {
            "ingress" => &[
                "AuthorizeSecurityGroupIngress",
                "ModifySecurityGroupRules",
                "RevokeSecurityGroupIngress",
                "UpdateSecurityGroupRuleDescriptionsIngress",
            ],
            "egress" => &[
                "AuthorizeSecurityGroupEgress",
                "ModifySecurityGroupRules",
                "RevokeSecurityGroupEgress",
                "UpdateSecurityGroupRuleDescriptionsEgress",
            ],
            _ => &[],
        },
        Kind::NetworkAcl => match field {
            "subnets" => &["ReplaceNetworkAclAssociation"],
            _ => &["CreateNetworkAclEntry", "DeleteNetworkAclEntry", "ReplaceNetworkAclEntry"],
        },
        Kind::LogGroup => match field {
            "retention_days" => &["DeleteRetentionPolicy", "PutRetentionPolicy"],
            "key" => &["AssociateKmsKey", "DisassociateKmsKey"],
            _ => &[],
        },
        Kind::Role => match field {
            "trust" => &["UpdateAssumeRolePolicy"],
            "policies" => &["AttachRolePolicy", "DetachRolePolicy"],
            "inline_policies" => &["DeleteRolePolicy", "PutRolePolicy"],
            "permissions_boundary" => &["DeleteRolePermissionsBoundary", "PutRolePermissionsBoundary"],
            "max_session_seconds" => &["UpdateRole"],
            _ => &[],
        },
        Kind::ManagedPolicy => &["CreatePolicyVersion", "SetDefaultPolicyVersion"],
        Kind::KmsKey => match field {
            "policy" => &["PutKeyPolicy"],
            "rotation" => &["DisableKeyRotation", "EnableKeyRotation"],
            "enabled" => &["CancelKeyDeletion", "DisableKey", "EnableKey", "ScheduleKeyDeletion"],
            "description" => &["UpdateKeyDescription"],
            _ => &[],
        },
        Kind::KmsAlias => &["UpdateAlias"],
        Kind::Bucket => match field {
            "policy" => &["DeleteBucketPolicy", "PutBucketPolicy"],
            "encryption" => &["DeleteBucketEncryption", "PutBucketEncryption"],
            "versioning" => &["PutBucketVersioning"],
            "ownership_enforced" => &["DeleteBucketOwnershipControls", "PutBucketOwnershipControls"],
            "public_access_blocked" => &["DeleteBucketPublicAccessBlock", "PutBucketPublicAccessBlock"],
            "access_log" => &["PutBucketLogging"],
            "lifecycle" => &["DeleteBucketLifecycle", "PutBucketLifecycle"],
            _ => &[],
        },
        Kind::BucketNotification => &["PutBucketNotification"],
        Kind::InstanceProfile => &["AddRoleToInstanceProfile", "RemoveRoleFromInstanceProfile"],
        Kind::LaunchTemplate => &["ModifyLaunchTemplate"],
        Kind::SessionDocument => &["UpdateDocument", "UpdateDocumentDefaultVersion"],
        Kind::Instance => match field {
            "metadata_hop_limit" | "metadata_token_required" => &["ModifyInstanceMetadataOptions"],
            "detailed_monitoring" => &["MonitorInstances", "UnmonitorInstances"],
            "groups" => &["ModifyInstanceAttribute", "ModifyNetworkInterfaceAttribute"],
            "profile" => &[
                "AssociateIamInstanceProfile",
                "DisassociateIamInstanceProfile",
                "ReplaceIamInstanceProfileAssociation",
            ],
            "volumes_encrypted" => &["AttachVolume"],
            "public_address" => &["AssociateAddress", "DisassociateAddress"],
            "instance_type" | "user_data_sha256" => &["ModifyInstanceAttribute"],
            _ => &[],
        },
        Kind::Volume => &["ModifyVolume"],
        Kind::VolumeAttachment => &["AttachVolume", "DetachVolume"],
        Kind::DatabaseSubnetGroup => &["ModifyDBSubnetGroup"],
        Kind::DatabaseParameterGroup => &["ModifyDBParameterGroup", "ResetDBParameterGroup"],
        Kind::DatabaseInstance => &["ModifyDBInstance"],
        Kind::Trail => match field {
            "logging" => &["StartLogging", "StopLogging"],
            "management_events" => &["PutEventSelectors"],
            _ => &["UpdateTrail"],
        },
        Kind::ConfigRecorder => match field {
            "recording" => &["StartConfigurationRecorder", "StopConfigurationRecorder"],
            "bucket" => &["DeleteDeliveryChannel", "PutDeliveryChannel"],
            _ => &["PutConfigurationRecorder"],
        },
        Kind::EbsEncryption => &["DisableEbsEncryptionByDefault", "EnableEbsEncryptionByDefault"],
        Kind::PublicAccessBlock => &["DeleteAccountPublicAccessBlock", "PutAccountPublicAccessBlock"],
        Kind::PasswordPolicy => &["UpdateAccountPasswordPolicy"],
        Kind::MetricFilter => &["PutMetricFilter"],
        Kind::Alarm => match field {
            "enabled" => &["DisableAlarmActions", "EnableAlarmActions", "PutMetricAlarm"],
            _ => &["PutMetricAlarm"],
        },
        Kind::Detector => &["UpdateDetector"],
        Kind::Table => match field {
            "expiry" => &["UpdateTimeToLive"],
            "point_in_time_recovery" => &["UpdateContinuousBackups"],
            _ => &["UpdateTable"],
        },
        Kind::Queue => &["SetQueueAttributes"],
        Kind::Topic => &["SetTopicAttributes"],
        Kind::Function => match field {
            "code_sha256" | "architecture" => &["UpdateFunctionCode20150331v2"],
            "reserved_concurrency" => &["DeleteFunctionConcurrency20171031", "PutFunctionConcurrency20171031"],
            _ => &["UpdateFunctionConfiguration20150331v2"],
        },
        Kind::FunctionPermission => &["AddPermission20150331v2", "RemovePermission20150331v2"],
        // AWS changes none of them, or records it as data that trails leave out.
        Kind::ElasticIp | Kind::FlowLog | Kind::KeyPair | Kind::BucketObject | Kind::Subscription => &[],
    }
}

fn tagging(kind: Kind) -> &'static [&'static str] {
    match kind.descriptor().service {
        "ec2" => &["CreateTags", "DeleteTags"],
        "s3" => &["DeleteBucketTagging", "PutBucketTagging"],
        "iam" => match kind {
            Kind::Role => &["TagRole", "UntagRole"],
            Kind::ManagedPolicy => &["TagPolicy", "UntagPolicy"],
            _ => &["TagInstanceProfile", "UntagInstanceProfile"],
        },
        "kms" | "dynamodb" | "sns" => &["TagResource", "UntagResource"],
        "logs" => &["TagLogGroup", "TagResource", "UntagLogGroup", "UntagResource"],
        "sqs" => &["TagQueue", "UntagQueue"],
        "lambda" => &["TagResource20170331v2", "UntagResource20170331v2"],
        "rds" | "ssm" => &["AddTagsToResource", "RemoveTagsFromResource"],
        _ => &[],
    }
}

fn deleting(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Vpc => &["DeleteVpc"],
        Kind::Subnet => &["DeleteSubnet"],
        Kind::InternetGateway => &["DeleteInternetGateway"],
        Kind::ElasticIp => &["ReleaseAddress"],
        Kind::NatGateway => &["DeleteNatGateway"],
        Kind::RouteTable => &["DeleteRouteTable"],
        Kind::Route => &["DeleteRoute"],
        Kind::RouteTableAssociation => &["DisassociateRouteTable", "ReplaceRouteTableAssociation"],
        Kind::GatewayEndpoint | Kind::InterfaceEndpoint => &["DeleteVpcEndpoints"],
        Kind::InstanceConnectEndpoint => &["DeleteInstanceConnectEndpoint"],
        Kind::DefaultSecurityGroup | Kind::SecurityGroup => &["DeleteSecurityGroup"],
        Kind::NetworkAcl => &["DeleteNetworkAcl"],
        Kind::FlowLog => &["DeleteFlowLogs"],
        Kind::LogGroup => &["DeleteLogGroup"],
        Kind::Role => &["DeleteRole"],
        Kind::ManagedPolicy => &["DeletePolicy"],
        Kind::KmsKey => &["ScheduleKeyDeletion"],
        Kind::KmsAlias => &["DeleteAlias"],
        Kind::Bucket => &["DeleteBucket"],
        Kind::BucketNotification => &["PutBucketNotification"],
        Kind::KeyPair => &["DeleteKeyPair"],
        Kind::InstanceProfile => &["DeleteInstanceProfile"],
        Kind::SessionDocument => &["DeleteDocument"],
        Kind::LaunchTemplate => &["DeleteLaunchTemplate"],
        Kind::Instance => &["TerminateInstances"],
        Kind::Volume => &["DeleteVolume"],
        Kind::VolumeAttachment => &["DetachVolume", "TerminateInstances"],
        Kind::DatabaseSubnetGroup => &["DeleteDBSubnetGroup"],
        Kind::DatabaseParameterGroup => &["DeleteDBParameterGroup"],
        Kind::DatabaseInstance => &["DeleteDBInstance"],
        Kind::Trail => &["DeleteTrail"],
        Kind::ConfigRecorder => &["DeleteConfigurationRecorder"],
        Kind::PasswordPolicy => &["DeleteAccountPasswordPolicy"],
        Kind::PublicAccessBlock => &["DeleteAccountPublicAccessBlock"],
        Kind::MetricFilter => &["DeleteMetricFilter"],
        Kind::Alarm => &["DeleteAlarms"],
        Kind::Detector => &["DeleteDetector"],
        Kind::Table => &["DeleteTable"],
        Kind::Queue => &["DeleteQueue"],
        Kind::Topic => &["DeleteTopic"],
        Kind::Subscription => &["Unsubscribe"],
        Kind::Function => &["DeleteFunction20150331"],
        Kind::FunctionPermission => &["RemovePermission20150331v2"],
        // A setting is never gone, and objects are data that trails leave out.
        Kind::EbsEncryption | Kind::BucketObject => &[],
    }
}

fn making(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Route => &["CreateRoute", "ReplaceRoute"],
        Kind::Subnet => &["CreateSubnet"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_can_be_changed_in_place_can_be_changed_by_somebody() {
        for kind in Kind::ALL {
            // Objects are data that trails leave out; who is told of a function is in the policy of the function.
            if *kind == Kind::BucketObject {
                continue;
            }
            for field in kind.changed_in_place() {
                assert!(!events(*kind, What::Changed, field).is_empty(), "{kind:?}.{field}");
            }
        }
    }

    #[test]
    fn no_reading_call_is_named_and_none_that_touches_another_property() {
        for kind in Kind::ALL {
            let fields = kind.changed_in_place().iter().map(|field| events(*kind, What::Changed, field));
            let all = fields.chain([What::Gone, What::Added].map(|what| events(*kind, what, "")));
            for event in all.flatten() {
                assert!(!["Get", "List", "Describe", "Head"].iter().any(|verb| event.starts_with(verb)), "{event}");
            }
        }
        assert!(!events(Kind::Bucket, What::Changed, "policy").contains(&"PutBucketTagging"));
        assert_eq!(events(Kind::Bucket, What::Changed, "tags"), ["DeleteBucketTagging", "PutBucketTagging"]);
    }
}
