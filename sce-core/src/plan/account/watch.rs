//! What the account's alarms watch for.

/// A class of events that somebody should hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// Its name: also the metric's, and part of the alarm's.
    pub id: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// The events, in CloudWatch Logs' filter syntax.
    pub pattern: &'static str,
    /// Words that every pattern with this meaning has, whoever wrote it.
    pub terms: &'static [&'static str],
}

/// The space of the account's metrics.
pub const NAMESPACE: &str = "sce/account";

/// All of them.
///
/// Source: CIS AWS Foundations Benchmark, section "Monitoring", as AWS Security Hub's guide gives the patterns ("CloudWatch controls",
/// CloudWatch.1 to CloudWatch.14).
pub const WATCHES: [Watch; 11] = [
    Watch {
        id: "unauthorised-calls",
        title: "calls that were not authorised",
        pattern: r#"{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}"#,
        terms: &["UnauthorizedOperation", "AccessDenied"],
    },
    Watch {
        id: "root-use",
        title: "use of the root user",
        pattern: r#"{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}"#,
        terms: &["userIdentity.type", "Root"],
    },
    Watch {
        id: "sign-in-failures",
        title: "failures to sign in to the console",
        pattern: r#"{($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")}"#,
        terms: &["ConsoleLogin", "Failed authentication"],
    },
    Watch {
        id: "policy-changes",
        title: "changes of IAM policies",
        pattern: "{($.eventSource=iam.amazonaws.com) && (($.eventName=DeleteGroupPolicy) || ($.eventName=DeleteRolePolicy) || \
            ($.eventName=DeleteUserPolicy) || ($.eventName=PutGroupPolicy) || ($.eventName=PutRolePolicy) || \
            ($.eventName=PutUserPolicy) || ($.eventName=CreatePolicy) || ($.eventName=DeletePolicy) || \
            ($.eventName=CreatePolicyVersion) || ($.eventName=DeletePolicyVersion) || ($.eventName=AttachRolePolicy) || \
            ($.eventName=DetachRolePolicy) || ($.eventName=AttachUserPolicy) || ($.eventName=DetachUserPolicy) || \
            ($.eventName=AttachGroupPolicy) || ($.eventName=DetachGroupPolicy))}",
        terms: &["PutRolePolicy", "CreatePolicyVersion", "AttachRolePolicy"],
    },
    Watch {
        id: "trail-changes",
        title: "changes of trails",
        pattern: "{($.eventName=CreateTrail) || ($.eventName=UpdateTrail) || ($.eventName=DeleteTrail) || \
            ($.eventName=StartLogging) || ($.eventName=StopLogging)}",
        terms: &["UpdateTrail", "DeleteTrail", "StopLogging"],
    },
    Watch {
        id: "key-changes",
        title: "keys disabled or scheduled for deletion",
        pattern: "{($.eventSource=kms.amazonaws.com) && (($.eventName=DisableKey) || ($.eventName=ScheduleKeyDeletion))}",
        terms: &["DisableKey", "ScheduleKeyDeletion"],
    },
    Watch {
        id: "security-group-changes",
        title: "changes of security groups",
        pattern: "{($.eventName=AuthorizeSecurityGroupIngress) || ($.eventName=AuthorizeSecurityGroupEgress) || \
            ($.eventName=RevokeSecurityGroupIngress) || ($.eventName=RevokeSecurityGroupEgress) || \
            ($.eventName=CreateSecurityGroup) || ($.eventName=DeleteSecurityGroup)}",
        terms: &["AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"],
    },
    Watch {
        id: "network-acl-changes",
        title: "changes of network ACLs",
        pattern: "{($.eventName=CreateNetworkAcl) || ($.eventName=CreateNetworkAclEntry) || ($.eventName=DeleteNetworkAcl) || \
            ($.eventName=DeleteNetworkAclEntry) || ($.eventName=ReplaceNetworkAclEntry) || \
            ($.eventName=ReplaceNetworkAclAssociation)}",
        terms: &["CreateNetworkAclEntry", "ReplaceNetworkAclEntry"],
    },
    Watch {
        id: "gateway-changes",
        title: "changes of gateways",
        pattern: "{($.eventName=CreateCustomerGateway) || ($.eventName=DeleteCustomerGateway) || \
            ($.eventName=AttachInternetGateway) || ($.eventName=CreateInternetGateway) || \
            ($.eventName=DeleteInternetGateway) || ($.eventName=DetachInternetGateway)}",
        terms: &["AttachInternetGateway", "CreateInternetGateway"],
    },
    Watch {
        id: "route-changes",
        title: "changes of route tables",
        pattern: "{($.eventSource=ec2.amazonaws.com) && (($.eventName=CreateRoute) || ($.eventName=CreateRouteTable) || \
            ($.eventName=ReplaceRoute) || ($.eventName=ReplaceRouteTableAssociation) || ($.eventName=DeleteRouteTable) || \
            ($.eventName=DeleteRoute) || ($.eventName=DisassociateRouteTable))}",
        terms: &["CreateRoute", "ReplaceRoute", "DeleteRoute"],
    },
    Watch {
        id: "vpc-changes",
        title: "changes of VPCs",
        pattern: "{($.eventName=CreateVpc) || ($.eventName=DeleteVpc) || ($.eventName=ModifyVpcAttribute) || \
            ($.eventName=AcceptVpcPeeringConnection) || ($.eventName=CreateVpcPeeringConnection) || \
            ($.eventName=DeleteVpcPeeringConnection) || ($.eventName=RejectVpcPeeringConnection) || \
            ($.eventName=AttachClassicLinkVpc) || ($.eventName=DetachClassicLinkVpc) || \
            ($.eventName=DisableVpcClassicLink) || ($.eventName=EnableVpcClassicLink)}",
        terms: &["CreateVpc", "DeleteVpc", "ModifyVpcAttribute"],
    },
];

impl Watch {
    /// Whether a pattern, ours or another's, counts these events.
    #[must_use]
    pub fn is_counted_by(&self, pattern: &str) -> bool {
        self.terms.iter().all(|term| pattern.contains(term))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_watch_is_told_from_the_others_and_fits_a_filter() {
        for watch in WATCHES {
            let counted: Vec<&str> =
                WATCHES.iter().filter(|other| watch.is_counted_by(other.pattern)).map(|other| other.id).collect();
            assert_eq!(counted, [watch.id]);
            // CloudWatch Logs API reference, `PutMetricFilter`: at most 1024 characters.
            assert!(watch.pattern.len() <= 1024 && !watch.pattern.contains("  "), "{}", watch.id);
            assert_eq!(watch.pattern.matches('(').count(), watch.pattern.matches(')').count(), "{}", watch.id);
        }
    }

    #[test]
    fn the_same_events_in_other_words_are_recognised() {
        let theirs = "{ ($.eventName = UpdateTrail) || ($.eventName = DeleteTrail) || ($.eventName = StopLogging) }";
        let found: Vec<&str> =
            WATCHES.iter().filter(|watch| watch.is_counted_by(theirs)).map(|watch| watch.id).collect();
        assert_eq!(found, ["trail-changes"]);
    }
}
