#!/usr/bin/env python3
"""An independent reader of the account: boto3, and nothing of ours.

    reader.py check PLAN.json   is everything there that the plan says, as it says it? one line a mismatch
    reader.py traces PIT        everything that bears the PIT, by tag or by name; one line each
    reader.py snapshot          the whole account, normalised, as JSON
    reader.py do NAME ARG...    changes by hand that tests need

Endpoints come from AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE>, the region from SCE_TEST_REGION.
"""

import base64
import json
import os
import sys
from typing import Any, Callable
from urllib.parse import quote_plus

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
DYNAMODB, LAMBDA, SQS, SNS = (client(name) for name in ("dynamodb", "lambda", "sqs", "sns"))
ACCOUNT = "123456789012"
"""The account that the emulators play."""


def topic_arn(name: str) -> str:
    return f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}"


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


    def dynamodb_table(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        table = DYNAMODB.describe_table(TableName=node["name"])["Table"]
        self.ids[f"${{{node['id']}.arn}}"] = table["TableArn"]
        self.same(node, "state", "ACTIVE", table["TableStatus"])
        keys = {one["KeyType"]: one["AttributeName"] for one in table["KeySchema"]}
        self.same(node, "keys", {"HASH": wanted["partition_key"], "RANGE": wanted["sort_key"]}, keys)
        self.same(node, "types", {"S"}, {one["AttributeType"] for one in table["AttributeDefinitions"]})
        self.same(node, "billing", "PAY_PER_REQUEST", table["BillingModeSummary"]["BillingMode"])
        self.same(node, "key", self.resolve(wanted["key"]), table["SSEDescription"]["KMSMasterKeyArn"])
        self.same(node, "protection", wanted["deletion_protection"], table["DeletionProtectionEnabled"])
        backups = DYNAMODB.describe_continuous_backups(TableName=node["name"])["ContinuousBackupsDescription"]
        recovery = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
        self.same(node, "recovery", wanted["point_in_time_recovery"], recovery)
        expiry = DYNAMODB.describe_time_to_live(TableName=node["name"])["TimeToLiveDescription"]["TimeToLiveStatus"]
        self.same(node, "expiry", "DISABLED", expiry)
        self.tags(node, tags_of(DYNAMODB.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]))

    def queue(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        url = SQS.get_queue_url(QueueName=node["name"])["QueueUrl"]
        found = SQS.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        self.ids[f"${{{node['id']}.arn}}"] = found["QueueArn"]
        self.same(node, "key", self.resolve(wanted["key"]), found.get("KmsMasterKeyId"))
        self.same(node, "retention", str(wanted["retention_seconds"]), found["MessageRetentionPeriod"])
        self.same(node, "visibility", str(wanted["visibility_seconds"]), found["VisibilityTimeout"])
        redrive = json.loads(found.get("RedrivePolicy", "null"))
        planned = wanted["redrive"] and [self.resolve(wanted["redrive"]["queue"]), wanted["redrive"]["max_receives"]]
        self.same(node, "redrive", planned, redrive and [redrive["deadLetterTargetArn"], int(redrive["maxReceiveCount"])])
        self.policy(node, wanted["policy"], found["Policy"])
        self.tags(node, SQS.list_queue_tags(QueueUrl=url).get("Tags", {}))

    def topic(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        arn = topic_arn(node["name"])
        self.ids[f"${{{node['id']}.arn}}"] = arn
        found = SNS.get_topic_attributes(TopicArn=arn)["Attributes"]
        self.same(node, "key", self.resolve(wanted["key"]), found.get("KmsMasterKeyId"))
        self.policy(node, wanted["policy"], found["Policy"])
        self.tags(node, tags_of(SNS.list_tags_for_resource(ResourceArn=arn)["Tags"]))

    def subscription(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        there = SNS.list_subscriptions_by_topic(TopicArn=self.resolve(wanted["topic"]))["Subscriptions"]
        found = [[one["Protocol"], one["Endpoint"]] for one in there]
        self.same(node, "number", 1, found.count([wanted["protocol"], wanted["endpoint"]]))

    def function(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        answer = LAMBDA.get_function(FunctionName=node["name"])
        found = answer["Configuration"]
        self.ids[f"${{{node['id']}.id}}"] = node["name"]
        self.ids[f"${{{node['id']}.arn}}"] = found["FunctionArn"]
        self.same(node, "state", "Active", found["State"])
        for field, name in (("runtime", "Runtime"), ("handler", "Handler"), ("timeout_seconds", "Timeout"), ("memory_mib", "MemorySize")):
            self.same(node, field, wanted[field], found[name])
        self.same(node, "role", self.resolve(wanted["role"]), found["Role"])
        self.same(node, "architecture", [wanted["architecture"]], found["Architectures"])
        self.same(node, "code", wanted["code_sha256"], base64.b64decode(found["CodeSha256"]).hex())
        self.same(node, "settings", self.resolve(wanted["environment"]), found["Environment"]["Variables"])
        self.same(node, "key", self.resolve(wanted["key"]), found["KMSKeyArn"])
        self.same(node, "dead letters", self.resolve(wanted["dead_letters"]), found["DeadLetterConfig"]["TargetArn"])
        self.same(node, "log group", wanted["log_group"], found["LoggingConfig"]["LogGroup"])
        self.same(node, "layers", [], found.get("Layers", []))
        self.same(node, "concurrency", wanted["reserved_concurrency"], answer.get("Concurrency"))
        self.tags(node, answer["Tags"])

    def function_permission(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        policy = json.loads(LAMBDA.get_policy(FunctionName=self.resolve(wanted["function"]))["Policy"])
        self.same(node, "statements", [node["id"]], [one["Sid"] for one in policy["Statement"]])
        (ours,) = policy["Statement"]
        self.same(node, "principal", {"Service": wanted["service"]}, ours["Principal"])
        self.same(node, "action", ["lambda:InvokeFunction"], listed(ours["Action"]))
        held = {key.lower(): listed(value) for one in ours["Condition"].values() for key, value in one.items()}
        planned = {"aws:sourcearn": [wanted["source"]], "aws:sourceaccount": [wanted["source_account"]]}
        self.same(node, "conditions", planned, held)

    def bucket_notification(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        found = S3.get_bucket_notification_configuration(Bucket=wanted["bucket"])
        found.pop("ResponseMetadata")
        (ours,) = found.pop("LambdaFunctionConfigurations")
        self.same(node, "others", {}, found)
        self.same(node, "function", self.resolve(wanted["function"]), ours["LambdaFunctionArn"])
        self.same(node, "events", wanted["events"], sorted(ours["Events"]))
        self.same(node, "filter", None, ours.get("Filter"))


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
    for prefix in (f"{pit}_", f"/aws/lambda/{pit}_"):
        groups = LOGS.describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]
        found += [f"log-group {one['logGroupName']}" for one in groups]
    found += [f"dynamodb-table {one}" for one in DYNAMODB.list_tables()["TableNames"] if one.startswith(f"{pit}_")]
    urls = SQS.list_queues(QueueNamePrefix=f"{pit}_").get("QueueUrls", [])
    found += [f"queue {one.rsplit('/', 1)[-1]}" for one in urls]
    topics = [one["TopicArn"].rsplit(":", 1)[-1] for one in SNS.list_topics()["Topics"]]
    found += [f"topic {one}" for one in topics if one.startswith(f"{pit}_")]
    subscribed = [one for one in SNS.list_subscriptions()["Subscriptions"] if one["TopicArn"].startswith(topic_arn(f"{pit}_"))]
    found += [f"subscription {one['Endpoint']}" for one in subscribed]
    functions = LAMBDA.list_functions()["Functions"]
    found += [f"function {one['FunctionName']}" for one in functions if one["FunctionName"].startswith(f"{pit}_")]
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
            "notification": {
                key: value
                for key, value in S3.get_bucket_notification_configuration(**name).items()
                if key != "ResponseMetadata"
            },
            # The lease comes and goes with every run.
            "objects": [
                [one["Key"], one["VersionId"]]
                for one in S3.list_object_versions(**name).get("Versions", [])
                if not one["Key"].endswith("/lease.json")
            ],
        }
    for table in DYNAMODB.list_tables()["TableNames"]:
        answer[table] = [
            DYNAMODB.describe_table(TableName=table)["Table"],
            DYNAMODB.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]["ContinuousBackupsStatus"],
            sorted(DYNAMODB.scan(TableName=table)["Items"], key=str),
        ]
    for url in SQS.list_queues().get("QueueUrls", []):
        answer[url] = SQS.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    for topic in SNS.list_topics()["Topics"]:
        answer[topic["TopicArn"]] = SNS.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
    answer["subscriptions"] = SNS.list_subscriptions()["Subscriptions"]
    for function in LAMBDA.list_functions()["Functions"]:
        name = function["FunctionName"]
        answer[function["FunctionArn"]] = [function, absent(lambda: LAMBDA.get_policy(FunctionName=name)["Policy"], "ResourceNotFoundException")]
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


def change_function_settings(pit: str) -> None:
    LAMBDA.update_function_configuration(
        FunctionName=f"{pit}_filetable_function", Environment={"Variables": {"TABLE": "elsewhere"}}
    )


def let_another_account_call_function(pit: str) -> None:
    LAMBDA.add_permission(
        FunctionName=f"{pit}_filetable_function",
        StatementId="theirs",
        Action="lambda:InvokeFunction",
        Principal="444455556666",
    )


def open_queue(pit: str) -> None:
    url = SQS.get_queue_url(QueueName=f"{pit}_queue")["QueueUrl"]
    arn = SQS.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    SQS.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})


def switch_off_recovery(pit: str) -> None:
    DYNAMODB.update_continuous_backups(
        TableName=f"{pit}_filetable", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    )


def tell_function_less(pit: str) -> None:
    bucket = f"{pit}-data-{ACCOUNT}-{REGION}"
    found = S3.get_bucket_notification_configuration(Bucket=bucket)["LambdaFunctionConfigurations"]
    found[0]["Filter"] = {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}}
    S3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"LambdaFunctionConfigurations": found})


def replay_last_event(pit: str, key: str) -> None:
    """Sends the function what S3 sent it about the one version of a key, again."""
    items = DYNAMODB.scan(TableName=f"{pit}_filetable")["Items"]
    (item,) = (one for one in items if one["key"]["S"] == key and one["event"]["S"].startswith("ObjectCreated"))
    stored = {"key": quote_plus(key), "size": int(item["size"]["N"]), "eTag": item["etag"]["S"]}
    stored |= {"versionId": item["version"]["S"], "sequencer": item["sequencer"]["S"]}
    record = {
        "eventSource": "aws:s3", "eventName": item["event"]["S"], "eventTime": item["time"]["S"],
        "s3": {"bucket": {"name": item["bucket"]["S"]}, "object": stored},
    }
    answer = LAMBDA.invoke(FunctionName=f"{pit}_filetable_function", Payload=json.dumps({"Records": [record]}))
    said = json.loads(answer["Payload"].read())
    assert said == {"recorded": 0, "known": 1}, said


def send_bad_event(pit: str) -> None:
    """What the function cannot deal with, as S3 sends events: without waiting for an answer."""
    record = {"Records": [{"eventSource": "aws:s3", "s3": {}}]}
    LAMBDA.invoke(FunctionName=f"{pit}_filetable_function", InvocationType="Event", Payload=json.dumps(record))


def await_dead_letter(pit: str, words: str) -> None:
    url = SQS.get_queue_url(QueueName=f"{pit}_dead_letters")["QueueUrl"]
    for _ in range(60):
        for message in SQS.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
            assert words in message["Body"], message["Body"]
            return
    raise AssertionError("no dead letter came in a minute")


def await_mail(pit: str, words: str) -> None:
    """Nobody reads mail here, so a queue of the test's own hears what the topic tells."""
    url = SQS.get_queue_url(QueueName=f"listener-{pit}")["QueueUrl"]
    for _ in range(20):
        for message in SQS.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
            assert words in json.loads(message["Body"])["Message"], message["Body"]
            return
    raise AssertionError("nothing was told in twenty seconds")


def listen_to_topic(pit: str) -> None:
    url = SQS.create_queue(QueueName=f"listener-{pit}")["QueueUrl"]
    arn = SQS.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    SNS.subscribe(TopicArn=topic_arn(f"{pit}_topic"), Protocol="sqs", Endpoint=arn)


def delete_object(pit: str, key: str) -> None:
    S3.delete_object(Bucket=f"{pit}-data-{ACCOUNT}-{REGION}", Key=key)


def take_bucket(name: str) -> None:
    S3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})


def main(arguments: list[str]) -> int:
    match arguments:
        case ["check", path]:
            with open(path, encoding="utf-8") as file:
                problems = Checker(json.load(file)).run()
            print("\n".join(problems))
            return 1 if problems else 0
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
