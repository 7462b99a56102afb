#!/usr/bin/env python3
"""An independent reader of the account: boto3, and nothing of ours.

    reader.py check PLAN.json   is everything there that the plan says, as it says it? one line a mismatch
    reader.py traces PIT        everything that bears the PIT, by tag or by name; one line each
    reader.py snapshot          the whole account, normalised, as JSON
    reader.py check-account     the same as `check`, for the plan of what is account-wide that the registry keeps
    reader.py account           what is account-wide, whoever made it, as JSON
    reader.py do NAME ARG...    changes by hand that tests need

Endpoints come from AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_S3, the region from SCE_TEST_REGION.
"""

import json
import os
import sys
import urllib.error
import urllib.request
import xml.etree.ElementTree
from typing import Any, Callable

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = os.environ.get("SCE_TEST_REGION", "us-west-2")
CONFIG = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2})


def client(service: str) -> Any:
    url = os.environ.get(f"AWS_ENDPOINT_URL_{service.upper()}") or os.environ["AWS_ENDPOINT_URL"]
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="reader",
        aws_secret_access_key="reader",
        config=CONFIG,
    )


EC2, S3, IAM, KMS, LOGS = (client(name) for name in ("ec2", "s3", "iam", "kms", "logs"))
TRAILS, CONFIGS, ALARMS, DETECTORS = (client(name) for name in ("cloudtrail", "config", "cloudwatch", "guardduty"))
ACCOUNT = "123456789012"


def tags_of(pairs: list[dict[str, str]] | None) -> dict[str, str]:
    return {pair["Key"]: pair["Value"] for pair in pairs or []}


def of(described: list[dict[str, Any]], pit: str, node: str) -> dict[str, Any]:
    """The one thing that bears these tags."""
    found = [
        one
        for one in described
        if tags_of(one.get("Tags")).get("sce:pit") == pit
        and tags_of(one.get("Tags")).get("sce:id") == node
        and str(one.get("State", "")).lower() not in ("deleted", "deleting")
    ]
    assert len(found) == 1, f"{len(found)} things bear sce:id={node} of {pit}"
    return found[0]


def absent(call: Callable[[], Any], *codes: str) -> Any:
    try:
        return call()
    except ClientError as error:
        if error.response["Error"]["Code"] in codes:
            return None
        raise


class Checker:
    """Compares a plan with the account, kind by kind, from AWS's own answers."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan, self.pit = plan, plan["pit"]
        self.ids: dict[str, str] = {}
        self.problems: list[str] = []

    def run(self) -> list[str]:
        for node in self.plan["nodes"]:
            check = getattr(self, node["kind"].replace("-", "_"))
            try:
                check(node, node["properties"])
            except (AssertionError, ClientError, KeyError, IndexError) as error:
                self.problems.append(f"{node['id']}: {type(error).__name__}: {error}")
        return self.problems

    def same(self, node: dict[str, Any], what: str, planned: Any, found: Any) -> None:
        if planned != found:
            self.problems.append(f"{node['id']}: {what} is {found!r}, planned {planned!r}")

    def resolve(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.ids.get(value, value)
        if isinstance(value, list):
            return [self.resolve(one) for one in value]
        if isinstance(value, dict):
            return {key: self.resolve(one) for key, one in value.items()}
        return value

    def ec2(self, node: dict[str, Any], operation: str, field: str, key: str) -> dict[str, Any]:
        thing = of(getattr(EC2, operation)()[field], self.pit, node["id"])
        self.ids[f"${{{node['id']}.id}}"] = thing[key]
        self.tags(node, tags_of(thing.get("Tags")))
        return thing

    def tags(self, node: dict[str, Any], found: dict[str, str]) -> None:
        self.same(node, "tags", node["tags"], {key: found.get(key) for key in node["tags"]})

    def policy(self, node: dict[str, Any], planned: Any, found: Any) -> None:
        document = json.loads(found) if isinstance(found, str) else found
        self.same(node, "policy", listed(self.resolve(planned)), listed(document))

    def vpc(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        vpc = self.ec2(node, "describe_vpcs", "Vpcs", "VpcId")
        self.same(node, "range", wanted["cidr"], vpc["CidrBlock"])
        self.same(node, "tenancy", wanted["tenancy"], vpc["InstanceTenancy"])
        for field, attribute in (("dns_support", "enableDnsSupport"), ("dns_hostnames", "enableDnsHostnames")):
            answer = EC2.describe_vpc_attribute(VpcId=vpc["VpcId"], Attribute=attribute)
            self.same(node, field, wanted[field], answer[attribute[0].upper() + attribute[1:]]["Value"])

    def subnet(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        subnet = self.ec2(node, "describe_subnets", "Subnets", "SubnetId")
        self.same(node, "VPC", self.resolve(wanted["vpc"]), subnet["VpcId"])
        self.same(node, "range", wanted["cidr"], subnet["CidrBlock"])
        self.same(node, "zone", wanted["zone"], subnet["AvailabilityZone"])
        self.same(node, "public addresses", wanted["public_address_on_launch"], subnet["MapPublicIpOnLaunch"])

    def internet_gateway(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        gateway = self.ec2(node, "describe_internet_gateways", "InternetGateways", "InternetGatewayId")
        self.same(node, "VPC", [self.resolve(wanted["vpc"])], [one["VpcId"] for one in gateway["Attachments"]])

    def elastic_ip(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        self.ec2(node, "describe_addresses", "Addresses", "AllocationId")

    def nat_gateway(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        gateway = self.ec2(node, "describe_nat_gateways", "NatGateways", "NatGatewayId")
        self.same(node, "state", "available", gateway["State"])
        self.same(node, "subnet", self.resolve(wanted["subnet"]), gateway["SubnetId"])
        self.same(node, "address", self.resolve(wanted["address"]), gateway["NatGatewayAddresses"][0]["AllocationId"])

    def route_table(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        table = self.ec2(node, "describe_route_tables", "RouteTables", "RouteTableId")
        self.same(node, "main", wanted["main"], any(one["Main"] for one in table["Associations"]))

    def table(self, wanted: dict[str, Any]) -> dict[str, Any]:
        return EC2.describe_route_tables(RouteTableIds=[self.resolve(wanted["table"])])["RouteTables"][0]

    def route(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        routes = [one for one in self.table(wanted)["Routes"] if one.get("DestinationCidrBlock") == wanted["destination"]]
        self.same(node, "number", 1, len(routes))
        (kind, target), *_ = wanted["target"].items()
        field = {"nat-gateway": "NatGatewayId", "internet-gateway": "GatewayId"}[kind]
        self.same(node, "target", self.resolve(target), routes[0].get(field))

    def route_table_association(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        subnets = [one.get("SubnetId") for one in self.table(wanted)["Associations"]]
        assert self.resolve(wanted["subnet"]) in subnets, "the table does not rule the subnet"

    def gateway_endpoint(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        endpoint = self.ec2(node, "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId")
        self.same(node, "service", wanted["service"], endpoint["ServiceName"])
        self.same(node, "tables", sorted(self.resolve(wanted["route_tables"])), sorted(endpoint["RouteTableIds"]))
        self.policy(node, wanted["policy"], endpoint["PolicyDocument"])

    def default_security_group(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        group = self.ec2(node, "describe_security_groups", "SecurityGroups", "GroupId")
        self.same(node, "name", "default", group["GroupName"])
        self.same(node, "rules", [], group["IpPermissions"] + group["IpPermissionsEgress"])

    def network_acl(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        acl = self.ec2(node, "describe_network_acls", "NetworkAcls", "NetworkAclId")
        self.same(node, "subnets", self.resolve(wanted["subnets"]), [one["SubnetId"] for one in acl["Associations"]])
        for egress, field in ((False, "ingress"), (True, "egress")):
            found = {
                str(entry["RuleNumber"]): [
                    entry["RuleAction"] == "allow",
                    entry["Protocol"],
                    entry["CidrBlock"],
                    [entry["PortRange"]["From"], entry["PortRange"]["To"]],
                ]
                for entry in acl["Entries"]
                if entry["Egress"] == egress and entry["RuleNumber"] < 32767
            }
            number = {"tcp": "6", "udp": "17", "all": "-1"}
            planned = {
                key: [rule["allow"], number[rule["protocol"]], rule["cidr"], rule["ports"]]
                for key, rule in wanted[field].items()
            }
            self.same(node, field, planned, found)

    def flow_log(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        log = self.ec2(node, "describe_flow_logs", "FlowLogs", "FlowLogId")
        self.same(node, "VPC", self.resolve(wanted["vpc"]), log["ResourceId"])
        self.same(node, "traffic", wanted["traffic"], log["TrafficType"])
        self.same(node, "destination", self.resolve(wanted["destination"]), log["LogDestination"])
        self.same(node, "role", self.resolve(wanted["role"]), log["DeliverLogsPermissionArn"])

    def log_group(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        groups = LOGS.describe_log_groups(logGroupNamePrefix=node["name"])["logGroups"]
        group = next(one for one in groups if one["logGroupName"] == node["name"])
        arn = group["arn"].removesuffix(":*")
        self.ids[f"${{{node['id']}.arn}}"] = arn
        self.same(node, "retention", wanted["retention_days"], group.get("retentionInDays"))
        self.same(node, "key", self.resolve(wanted["key"]), group.get("kmsKeyId"))
        self.tags(node, LOGS.list_tags_for_resource(resourceArn=arn)["tags"])

    def role(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        role = IAM.get_role(RoleName=node["name"])["Role"]
        self.ids[f"${{{node['id']}.arn}}"] = role["Arn"]
        self.policy(node, wanted["trust"], role["AssumeRolePolicyDocument"])
        attached = IAM.list_attached_role_policies(RoleName=node["name"])["AttachedPolicies"]
        self.same(node, "policies", self.resolve(wanted["policies"]), [one["PolicyArn"] for one in attached])
        self.same(node, "inline", [], IAM.list_role_policies(RoleName=node["name"])["PolicyNames"])
        self.tags(node, tags_of(role.get("Tags")))

    def managed_policy(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        listed_policies = IAM.list_policies(Scope="Local")["Policies"]
        policy = next(one for one in listed_policies if one["PolicyName"] == node["name"])
        self.ids[f"${{{node['id']}.arn}}"] = policy["Arn"]
        version = IAM.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
        self.policy(node, wanted["document"], version["PolicyVersion"]["Document"])
        self.tags(node, tags_of(IAM.list_policy_tags(PolicyArn=policy["Arn"])["Tags"]))

    def kms_key(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        key = KMS.describe_key(KeyId=f"alias/{node['name']}")["KeyMetadata"]
        self.ids[f"${{{node['id']}.id}}"], self.ids[f"${{{node['id']}.arn}}"] = key["KeyId"], key["Arn"]
        self.same(node, "state", "Enabled", key["KeyState"])
        self.same(node, "rotation", wanted["rotation"], KMS.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"])
        self.policy(node, wanted["policy"], KMS.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"])
        pairs = KMS.list_resource_tags(KeyId=key["KeyId"])["Tags"]
        self.tags(node, {pair["TagKey"]: pair["TagValue"] for pair in pairs})

    def kms_alias(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        self.same(node, "key", self.resolve(wanted["key"]), KMS.describe_key(KeyId=node["name"])["KeyMetadata"]["KeyId"])

    def bucket(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        name = {"Bucket": node["name"]}
        rule = S3.get_bucket_encryption(**name)["ServerSideEncryptionConfiguration"]["Rules"][0]
        default = rule["ApplyServerSideEncryptionByDefault"]
        if wanted["encryption"] == "s3":
            self.same(node, "encryption", "AES256", default["SSEAlgorithm"])
        else:
            self.same(node, "encryption", "aws:kms", default["SSEAlgorithm"])
            self.same(node, "key", self.resolve(wanted["encryption"]["kms"]["key"]), default["KMSMasterKeyID"])
            self.same(node, "bucket key", True, rule["BucketKeyEnabled"])
        self.same(node, "versioning", "Enabled", S3.get_bucket_versioning(**name).get("Status"))
        owner = S3.get_bucket_ownership_controls(**name)["OwnershipControls"]["Rules"][0]["ObjectOwnership"]
        self.same(node, "ownership", "BucketOwnerEnforced", owner)
        blocks = S3.get_public_access_block(**name)["PublicAccessBlockConfiguration"]
        self.same(node, "public access blocks", {True}, set(blocks.values()))
        self.policy(node, wanted["policy"], S3.get_bucket_policy(**name)["Policy"])
        logging = S3.get_bucket_logging(**name).get("LoggingEnabled")
        found = logging and {"bucket": logging["TargetBucket"], "prefix": logging["TargetPrefix"]}
        self.same(node, "access log", wanted["access_log"], found)
        rules = S3.get_bucket_lifecycle_configuration(**name)["Rules"]
        self.same(node, "lifecycle", sorted(wanted["lifecycle"]), sorted(one["ID"] for one in rules))
        self.tags(node, tags_of(S3.get_bucket_tagging(**name)["TagSet"]))


    def trail(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        trail = TRAILS.get_trail(Name=node["name"])["Trail"]
        found = {
            "bucket": trail["S3BucketName"],
            "key": trail.get("KmsKeyId"),
            "log_group": trail.get("CloudWatchLogsLogGroupArn", "").removesuffix(":*"),
            "log_group_role": trail.get("CloudWatchLogsRoleArn"),
            "all_regions": trail["IsMultiRegionTrail"],
            "global_events": trail["IncludeGlobalServiceEvents"],
            "validated": trail["LogFileValidationEnabled"],
            "organization": trail["IsOrganizationTrail"],
            "logging": TRAILS.get_trail_status(Name=node["name"])["IsLogging"],
            "management_events": any(
                one["FieldSelectors"] == [{"Field": "eventCategory", "Equals": ["Management"]}]
                for one in TRAILS.get_event_selectors(TrailName=node["name"])["AdvancedEventSelectors"]
            ),
        }
        self.same(node, "trail", self.resolve(wanted), found)
        tags = TRAILS.list_tags(ResourceIdList=[trail["TrailARN"]])["ResourceTagList"][0]["TagsList"]
        self.tags(node, tags_of(tags))

    def config_recorder(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        recorder = CONFIGS.describe_configuration_recorders()["ConfigurationRecorders"][0]
        self.same(node, "name", node["name"], recorder["name"])
        found = {
            "role": recorder["roleARN"],
            "everything": recorder["recordingGroup"]["allSupported"],
            "global_resources": recorder["recordingGroup"]["includeGlobalResourceTypes"],
            "bucket": CONFIGS.describe_delivery_channels()["DeliveryChannels"][0]["s3BucketName"],
            "recording": CONFIGS.describe_configuration_recorder_status()["ConfigurationRecordersStatus"][0]["recording"],
        }
        self.same(node, "recorder", wanted, found)

    def ebs_encryption(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        self.same(node, "default", wanted["by_default"], EC2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"])

    def public_access_block(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        self.same(node, "blocks", [wanted["blocked"]] * 4, list(public_access_block().values()))

    def password_policy(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        policy = IAM.get_account_password_policy()["PasswordPolicy"]
        found = {
            "minimum_length": policy["MinimumPasswordLength"],
            "upper_case": policy["RequireUppercaseCharacters"],
            "lower_case": policy["RequireLowercaseCharacters"],
            "digits": policy["RequireNumbers"],
            "symbols": policy["RequireSymbols"],
            "remembered": policy["PasswordReusePrevention"],
            "expires_after_days": policy.get("MaxPasswordAge") or None,
            "hard_expiry": policy.get("HardExpiry", False),
            "users_may_change": policy["AllowUsersToChangePassword"],
        }
        self.same(node, "policy", wanted, found)

    def metric_filter(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        filters = LOGS.describe_metric_filters(filterNamePrefix=node["name"])["metricFilters"]
        found = [
            [one["filterPattern"], one["logGroupName"], one["metricTransformations"][0]["metricName"]]
            for one in filters
            if one["filterName"] == node["name"]
        ]
        self.same(node, "filter", [[wanted["pattern"], "sce_account_trail", wanted["metric"]]], found)

    def alarm(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        alarm = ALARMS.describe_alarms(AlarmNames=[node["name"]])["MetricAlarms"][0]
        found = [alarm["Namespace"], alarm["MetricName"], alarm["Statistic"], alarm["Period"], alarm["Threshold"]]
        planned = [wanted["namespace"], wanted["metric"], wanted["statistic"], wanted["period_seconds"], 1.0]
        self.same(node, "alarm", planned, found)
        self.same(node, "told", wanted["tells"], alarm["AlarmActions"])
        self.tags(node, tags_of(ALARMS.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]))

    def detector(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        detector = DETECTORS.get_detector(DetectorId=DETECTORS.list_detectors()["DetectorIds"][0])
        self.same(node, "status", "ENABLED", detector["Status"])
        self.tags(node, detector["Tags"])


def public_access_block() -> dict[str, bool]:
    """Asked without boto3, which would put the account before the host's name, and no resolver here knows that name."""
    url = f"{os.environ['AWS_ENDPOINT_URL']}/v20180820/configuration/publicAccessBlock"
    scope = f"AWS4-HMAC-SHA256 Credential=reader/20260101/{REGION}/s3/aws4_request, SignedHeaders=host, Signature=0"
    request = urllib.request.Request(url, headers={"Authorization": scope, "x-amz-account-id": ACCOUNT})
    try:
        with urllib.request.urlopen(request) as answer:
            document = xml.etree.ElementTree.fromstring(answer.read())
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return {}
        raise
    blocks = [one for one in document.iter() if one.text in ("true", "false", "True", "False")]
    return {one.tag.split("}")[-1]: one.text.lower() == "true" for one in blocks}


def account() -> dict[str, Any]:
    """What is account-wide, without what changes by itself."""
    trails = TRAILS.describe_trails()["trailList"]
    recorders = CONFIGS.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
    bucket = f"sce-logs-{ACCOUNT}-{REGION}"
    return {
        "trails": [
            {
                "trail": trail,
                "logging": TRAILS.get_trail_status(Name=trail["TrailARN"])["IsLogging"],
                "selectors": TRAILS.get_event_selectors(TrailName=trail["TrailARN"])["AdvancedEventSelectors"],
                "tags": TRAILS.list_tags(ResourceIdList=[trail["TrailARN"]])["ResourceTagList"],
            }
            for trail in trails
        ],
        "recorders": CONFIGS.describe_configuration_recorders()["ConfigurationRecorders"],
        "channels": CONFIGS.describe_delivery_channels()["DeliveryChannels"],
        "recording": [[one["name"], one["recording"]] for one in recorders],
        "ebs": EC2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"],
        "blocks": public_access_block(),
        "passwords": absent(lambda: IAM.get_account_password_policy()["PasswordPolicy"], "NoSuchEntity"),
        "filters": LOGS.describe_metric_filters()["metricFilters"],
        "alarms": [
            [one["AlarmName"], one["MetricName"], one["AlarmActions"]]
            for one in ALARMS.describe_alarms()["MetricAlarms"]
        ],
        "detectors": DETECTORS.list_detectors()["DetectorIds"],
        "bucket": absent(lambda: S3.get_bucket_policy(Bucket=bucket)["Policy"], "NoSuchBucket", "NoSuchBucketPolicy"),
    }


def listed(document: Any) -> Any:
    """A policy with every single value as a list of one, lists sorted, `{"AWS": "*"}` as `*`: what AWS holds equal."""
    if isinstance(document, dict):
        if document == {"AWS": "*"} or document == {"AWS": ["*"]}:
            return ["*"]
        return {key: listed(value) for key, value in document.items()}
    if isinstance(document, list):
        return sorted((listed(one) for one in document), key=json.dumps) if all(
            isinstance(one, str) for one in document
        ) else [listed(one) for one in document]
    return [str(document).lower() if isinstance(document, bool) else str(document)]


def traces(pit: str) -> list[str]:
    """Everything that bears the PIT; what AWS shows for a while after its end is told with its state."""
    found = []
    for name, key, operation, field in (
        ("vpc", "VpcId", "describe_vpcs", "Vpcs"),
        ("subnet", "SubnetId", "describe_subnets", "Subnets"),
        ("internet-gateway", "InternetGatewayId", "describe_internet_gateways", "InternetGateways"),
        ("elastic-ip", "AllocationId", "describe_addresses", "Addresses"),
        ("route-table", "RouteTableId", "describe_route_tables", "RouteTables"),
        ("security-group", "GroupId", "describe_security_groups", "SecurityGroups"),
        ("network-acl", "NetworkAclId", "describe_network_acls", "NetworkAcls"),
        ("flow-log", "FlowLogId", "describe_flow_logs", "FlowLogs"),
        ("nat-gateway", "NatGatewayId", "describe_nat_gateways", "NatGateways"),
        ("gateway-endpoint", "VpcEndpointId", "describe_vpc_endpoints", "VpcEndpoints"),
    ):
        for one in getattr(EC2, operation)()[field]:
            live = str(one.get("State", "")).lower() not in ("deleted", "deleting")
            if live and tags_of(one.get("Tags")).get("sce:pit") == pit:
                found.append(f"{name} {one[key]}")
    for bucket in S3.list_buckets()["Buckets"]:
        tags = absent(lambda: S3.get_bucket_tagging(Bucket=bucket["Name"]), "NoSuchTagSet")
        if tags_of((tags or {}).get("TagSet")).get("sce:pit") == pit:
            found.append(f"bucket {bucket['Name']}")
    found += [f"role {one['RoleName']}" for one in IAM.list_roles()["Roles"] if one["RoleName"].startswith(f"{pit}_")]
    policies = IAM.list_policies(Scope="Local")["Policies"]
    found += [f"managed-policy {one['PolicyName']}" for one in policies if one["PolicyName"].startswith(f"{pit}_")]
    groups = LOGS.describe_log_groups(logGroupNamePrefix=f"{pit}_")["logGroups"]
    found += [f"log-group {one['logGroupName']}" for one in groups]
    aliases = KMS.list_aliases()["Aliases"]
    found += [f"kms-alias {one['AliasName']}" for one in aliases if one["AliasName"].startswith(f"alias/{pit}_")]
    for key in KMS.list_keys()["Keys"]:
        pairs = KMS.list_resource_tags(KeyId=key["KeyId"])["Tags"]
        if {"TagKey": "sce:pit", "TagValue": pit} in pairs:
            state = KMS.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"]
            found.append(f"kms-key {state}")
    return sorted(found)


def snapshot() -> dict[str, Any]:
    """The account as boto3 sees it, without what changes by itself."""
    answer: dict[str, Any] = {}
    for operation in (
        "describe_vpcs", "describe_subnets", "describe_internet_gateways", "describe_addresses",
        "describe_nat_gateways", "describe_route_tables", "describe_vpc_endpoints", "describe_security_groups",
        "describe_network_acls", "describe_flow_logs",
    ):
        said = getattr(EC2, operation)()
        said.pop("ResponseMetadata")
        answer[operation] = said
    for bucket in sorted(one["Name"] for one in S3.list_buckets()["Buckets"]):
        name = {"Bucket": bucket}
        answer[bucket] = {
            "tags": absent(lambda: S3.get_bucket_tagging(**name)["TagSet"], "NoSuchTagSet"),
            "policy": absent(lambda: S3.get_bucket_policy(**name)["Policy"], "NoSuchBucketPolicy"),
            "encryption": S3.get_bucket_encryption(**name)["ServerSideEncryptionConfiguration"],
            "logging": S3.get_bucket_logging(**name).get("LoggingEnabled"),
            # The lease comes and goes with every run.
            "objects": [
                [one["Key"], one["VersionId"]]
                for one in S3.list_object_versions(**name).get("Versions", [])
                if not one["Key"].endswith("/lease.json")
            ],
        }
    answer["roles"] = [one["RoleName"] for one in IAM.list_roles()["Roles"]]
    answer["keys"] = [one["KeyId"] for one in KMS.list_keys()["Keys"]]
    answer["groups"] = [one["logGroupName"] for one in LOGS.describe_log_groups()["logGroups"]]
    return answer


def subnet_id(pit: str, node: str) -> str:
    return of(EC2.describe_subnets()["Subnets"], pit, node)["SubnetId"]


def make_private_subnet_public(pit: str) -> None:
    EC2.modify_subnet_attribute(SubnetId=subnet_id(pit, "subnet-private"), MapPublicIpOnLaunch={"Value": True})


def route_private_subnet_to_internet(pit: str) -> None:
    table = of(EC2.describe_route_tables()["RouteTables"], pit, "route-table-private")["RouteTableId"]
    gateway = of(EC2.describe_internet_gateways()["InternetGateways"], pit, "internet-gateway")["InternetGatewayId"]
    EC2.replace_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)


def delete_flow_log(pit: str) -> None:
    EC2.delete_flow_logs(FlowLogIds=[of(EC2.describe_flow_logs()["FlowLogs"], pit, "flow-log")["FlowLogId"]])


def add_foreign_subnet(pit: str, cidr: str) -> None:
    vpc = of(EC2.describe_vpcs()["Vpcs"], pit, "vpc")["VpcId"]
    EC2.create_subnet(VpcId=vpc, CidrBlock=cidr)


def add_forged_vpc(pit: str) -> None:
    tags = [{"Key": "sce:pit", "Value": pit}, {"Key": "sce:id", "Value": "forged"}]
    EC2.create_vpc(CidrBlock="10.99.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": tags}])


def forge_our_vpc(pit: str) -> None:
    """Another VPC that bears every tag of ours."""
    ours = of(EC2.describe_vpcs()["Vpcs"], pit, "vpc")
    EC2.create_vpc(CidrBlock="10.98.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": ours["Tags"]}])


def add_foreign_trail(name: str) -> None:
    """An organisation's: all regions, validated, encrypted, logging. Its bucket lies where its emulator looks for it."""
    url = os.environ["AWS_ENDPOINT_URL"]
    theirs = boto3.client("s3", endpoint_url=url, region_name=REGION, aws_access_key_id="reader",
                          aws_secret_access_key="reader", config=CONFIG)
    theirs.create_bucket(Bucket=f"{name}-files", CreateBucketConfiguration={"LocationConstraint": REGION})
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
    TRAILS.create_trail(Name=name, S3BucketName=f"{name}-files", IsMultiRegionTrail=True, KmsKeyId=key,
                        IncludeGlobalServiceEvents=True, EnableLogFileValidation=True, IsOrganizationTrail=True)
    management = {"Name": "theirs", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}
    TRAILS.put_event_selectors(TrailName=name, AdvancedEventSelectors=[management])
    TRAILS.start_logging(Name=name)


def add_foreign_recorder(name: str) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    group = {"allSupported": True, "includeGlobalResourceTypes": True}
    CONFIGS.put_configuration_recorder(ConfigurationRecorder={"name": name, "roleARN": role, "recordingGroup": group})
    CONFIGS.put_delivery_channel(DeliveryChannel={"name": name, "s3BucketName": f"{name}-files"})
    CONFIGS.start_configuration_recorder(ConfigurationRecorderName=name)


def add_selector(trail: str, name: str, prefix: str) -> None:
    """Somebody else's data events on our trail."""
    selectors = TRAILS.get_event_selectors(TrailName=trail)["AdvancedEventSelectors"]
    fields = [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
        {"Field": "resources.ARN", "StartsWith": [prefix]},
    ]
    TRAILS.put_event_selectors(
        TrailName=trail, AdvancedEventSelectors=[*selectors, {"Name": name, "FieldSelectors": fields}]
    )


def set_password_length(length: str) -> None:
    IAM.update_account_password_policy(MinimumPasswordLength=int(length), MaxPasswordAge=90)


def stop_trail(name: str) -> None:
    TRAILS.stop_logging(Name=name)


def take_bucket(name: str) -> None:
    S3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})


def main(arguments: list[str]) -> int:
    match arguments:
        case ["check", path]:
            with open(path, encoding="utf-8") as file:
                problems = Checker(json.load(file)).run()
            print("\n".join(problems))
            return 1 if problems else 0
        case ["check-account"]:
            registry = f"sce-registry-{ACCOUNT}-{REGION}"
            plan = json.load(S3.get_object(Bucket=registry, Key="account/plan.json")["Body"])
            problems = Checker(plan).run()
            print("\n".join(problems))
            return 1 if problems else 0
        case ["account"]:
            print(json.dumps(account(), sort_keys=True, default=str))
        case ["traces", pit]:
            print("\n".join(traces(pit)))
        case ["snapshot"]:
            print(json.dumps(snapshot(), sort_keys=True, default=str))
        case ["do", name, *rest]:
            globals()[name](*rest)
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
