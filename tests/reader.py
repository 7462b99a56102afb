#!/usr/bin/env python3
"""An independent reader of the account: boto3, and nothing of ours.

    reader.py check PLAN.json   is everything there that the plan says, as it says it? one line a mismatch
    reader.py traces PIT        everything that bears the PIT, by tag or by name; one line each
    reader.py snapshot          the whole account, normalised, as JSON
    reader.py central IDS       what central IT made, whatever it shows, as JSON; IDS is what `do make_central` printed
    reader.py check-account     the same as `check`, for the plan of what is account-wide that the registry keeps
    reader.py account           what is account-wide, whoever made it, as JSON
    reader.py do NAME ARG...    changes by hand that tests need

Endpoints come from AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE>, the region from SCE_TEST_REGION.
"""

import base64
import datetime
import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree
from typing import Any, Callable
from urllib.parse import quote_plus

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = os.environ.get("SCE_TEST_REGION", "us-west-2")
CONFIG = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2})


def client(service: str, at: str | None = None) -> Any:
    url = at or os.environ.get(f"AWS_ENDPOINT_URL_{service.upper()}") or os.environ["AWS_ENDPOINT_URL"]
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="reader",
        aws_secret_access_key="reader",
        config=CONFIG,
    )


EC2, S3, IAM, KMS, LOGS = (client(name) for name in ("ec2", "s3", "iam", "kms", "logs"))
RDS = client("rds")
EC2, S3, IAM, KMS, LOGS, SSM = (client(name) for name in ("ec2", "s3", "iam", "kms", "logs", "ssm"))
TRAILS, CONFIGS, ALARMS, DETECTORS = (client(name) for name in ("cloudtrail", "config", "cloudwatch", "guardduty"))
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
        and state_of(one) not in GONE
    ]
    assert len(found) == 1, f"{len(found)} things bear sce:id={node} of {pit}"
    return found[0]


GONE = ("deleted", "deleting", "terminated")
"""States in which AWS still shows what is gone."""


def state_of(one: dict[str, Any]) -> str:
    state = one.get("State", "")
    return str(state.get("Name", "") if isinstance(state, dict) else state).lower()


def instances() -> list[dict[str, Any]]:
    return [one for reservation in EC2.describe_instances()["Reservations"] for one in reservation["Instances"]]


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
        described = getattr(EC2, operation)()[field]
        if node["scope"] == "existing":
            thing = next(one for one in described if one[key] == node["name"])
            self.untagged(node, tags_of(thing.get("Tags")))
        else:
            thing = of(described, self.pit, node["id"])
        self.ids[f"${{{node['id']}.id}}"] = thing[key]
        self.tags(node, tags_of(thing.get("Tags")))
        return thing

    def untagged(self, node: dict[str, Any], found: dict[str, str]) -> None:
        self.same(node, "tags of ours", [], [key for key in found if key.startswith("sce:")])

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
        self.ids[f"${{{node['id']}.id}}"] = role["RoleName"]
        self.policy(node, wanted["trust"], role["AssumeRolePolicyDocument"])
        attached = IAM.list_attached_role_policies(RoleName=node["name"])["AttachedPolicies"]
        self.same(node, "policies", self.resolve(wanted["policies"]), [one["PolicyArn"] for one in attached])
        self.same(node, "inline", [], IAM.list_role_policies(RoleName=node["name"])["PolicyNames"])
        boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        self.same(node, "boundary", wanted["permissions_boundary"], boundary)
        self.same(node, "session", wanted["max_session_seconds"], role["MaxSessionDuration"])
        self.tags(node, tags_of(role.get("Tags")))

    def managed_policy(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        listed_policies = IAM.list_policies(Scope="Local")["Policies"]
        policy = next(one for one in listed_policies if one["PolicyName"] == node["name"])
        self.ids[f"${{{node['id']}.arn}}"] = policy["Arn"]
        version = IAM.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
        self.policy(node, wanted["document"], version["PolicyVersion"]["Document"])
        self.tags(node, tags_of(IAM.list_policy_tags(PolicyArn=policy["Arn"])["Tags"]))

    def kms_key(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        named = node["name"] if node["scope"] == "existing" else f"alias/{node['name']}"
        key = KMS.describe_key(KeyId=named)["KeyMetadata"]
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
        asked = absent(lambda: S3.get_bucket_lifecycle_configuration(**name)["Rules"], "NoSuchLifecycleConfiguration")
        self.same(node, "lifecycle", sorted(wanted["lifecycle"]), sorted(one["ID"] for one in asked or []))
        found = tags_of(S3.get_bucket_tagging(**name)["TagSet"])
        self.untagged(node, found) if node["scope"] == "existing" else self.tags(node, found)


    def rds(self, node: dict[str, Any], arn: str) -> None:
        self.ids[f"${{{node['id']}.id}}"] = node["name"]
        self.tags(node, tags_of(RDS.list_tags_for_resource(ResourceName=arn)["TagList"]))

    def database_subnet_group(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        group = RDS.describe_db_subnet_groups(DBSubnetGroupName=node["name"])["DBSubnetGroups"][0]
        subnets = sorted(one["SubnetIdentifier"] for one in group["Subnets"])
        self.same(node, "subnets", sorted(self.resolve(wanted["subnets"])), subnets)
        zones = {one["SubnetAvailabilityZone"]["Name"] for one in group["Subnets"]}
        self.same(node, "number of zones", 2, len(zones))
        self.rds(node, group["DBSubnetGroupArn"])

    def database_parameter_group(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        group = RDS.describe_db_parameter_groups(DBParameterGroupName=node["name"])["DBParameterGroups"][0]
        self.same(node, "family", wanted["family"], group["DBParameterGroupFamily"])
        set_by_us = RDS.describe_db_parameters(DBParameterGroupName=node["name"], Source="user")["Parameters"]
        found = {one["ParameterName"]: one["ParameterValue"] for one in set_by_us}
        self.same(node, "parameters", wanted["parameters"], found)
        self.rds(node, group["DBParameterGroupArn"])

    def database_instance(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        database = RDS.describe_db_instances(DBInstanceIdentifier=node["name"])["DBInstances"][0]
        for what, field in (
            ("engine", "Engine"), ("class", "DBInstanceClass"), ("storage_gib", "AllocatedStorage"),
            ("storage_type", "StorageType"), ("encrypted", "StorageEncrypted"), ("key", "KmsKeyId"),
            ("public", "PubliclyAccessible"), ("iam_authentication", "IAMDatabaseAuthenticationEnabled"),
            ("backup_days", "BackupRetentionPeriod"), ("deletion_protection", "DeletionProtection"),
            ("zone", "AvailabilityZone"),
        ):
            self.same(node, what, self.resolve(wanted[what]), database[field])
        self.same(node, "state", "available", database["DBInstanceStatus"])
        self.same(node, "version", wanted["major_version"], database["EngineVersion"].split(".")[0])
        self.same(node, "subnets", self.resolve(wanted["subnet_group"]), database["DBSubnetGroup"]["DBSubnetGroupName"])
        groups = [one["VpcSecurityGroupId"] for one in database["VpcSecurityGroups"]]
        self.same(node, "groups", self.resolve(wanted["groups"]), groups)
        parameters = [one["DBParameterGroupName"] for one in database["DBParameterGroups"]]
        self.same(node, "parameters", [self.resolve(wanted["parameter_group"])], parameters)
        assert "MasterUserSecret" in database, "somebody keeps the master password"
        self.rds(node, database["DBInstanceArn"])
    def bucket_object(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        place = {"Bucket": self.resolve(wanted["bucket"]), "Key": wanted["key"]}
        found = S3.get_object(**place)
        self.same(node, "content", wanted["content"], found["Body"].read().decode())
        self.same(node, "encryption", "aws:kms", found.get("ServerSideEncryption"))
        self.same(node, "key", self.resolve(wanted["encryption_key"]), found.get("SSEKMSKeyId"))
        self.tags(node, tags_of(S3.get_object_tagging(**place)["TagSet"]))

    def security_group(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        group = self.ec2(node, "describe_security_groups", "SecurityGroups", "GroupId")
        self.same(node, "name", node["name"], group["GroupName"])
        self.same(node, "description", wanted["description"], group["Description"])
        self.same(node, "VPC", self.resolve(wanted["vpc"]), group["VpcId"])
        for field, permissions in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
            planned = sorted(
                [rule["protocol"], rule["ports"], [[kind, self.resolve(peer)] for kind, peer in rule["peer"].items()][0]]
                for rule in wanted[field]
            )
            self.same(node, field, planned, sorted(rule for one in group[permissions] for rule in rules_of(one)))

    def key_pair(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        self.ids[f"${{{node['id']}.id}}"] = node["name"]
        pair = EC2.describe_key_pairs(KeyNames=[node["name"]], IncludePublicKey=True)["KeyPairs"][0]
        self.same(node, "key", wanted["public_key"], " ".join(pair["PublicKey"].split()[:2]))
        self.tags(node, tags_of(pair.get("Tags")))

    def instance_profile(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        profile = IAM.get_instance_profile(InstanceProfileName=node["name"])["InstanceProfile"]
        self.ids[f"${{{node['id']}.arn}}"] = profile["Arn"]
        self.same(node, "roles", [self.resolve(wanted["role"])], [one["RoleName"] for one in profile["Roles"]])
        self.tags(node, tags_of(profile.get("Tags")))

    def interface_endpoint(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        endpoint = self.ec2(node, "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId")
        self.same(node, "type", "Interface", endpoint["VpcEndpointType"])
        self.same(node, "state", "available", endpoint["State"])
        self.same(node, "service", wanted["service"], endpoint["ServiceName"])
        self.same(node, "subnets", sorted(self.resolve(wanted["subnets"])), sorted(endpoint["SubnetIds"]))
        self.same(node, "groups", sorted(self.resolve(wanted["groups"])), sorted(one["GroupId"] for one in endpoint["Groups"]))
        self.same(node, "private names", wanted["private_dns"], endpoint["PrivateDnsEnabled"])
        self.policy(node, wanted["policy"], endpoint["PolicyDocument"])

    def session_document(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        document = SSM.get_document(Name=node["name"], DocumentFormat="JSON")
        self.same(node, "type", "Session", document["DocumentType"])
        inputs = json.loads(document["Content"])["inputs"]
        self.same(node, "log group", wanted["log_group"], inputs["cloudWatchLogGroupName"])
        self.same(node, "encrypted log", True, inputs["cloudWatchEncryptionEnabled"])
        self.same(node, "streamed log", True, inputs["cloudWatchStreamingEnabled"])
        self.same(node, "key", self.resolve(wanted["key"]), inputs["kmsKeyId"])
        self.same(node, "idle minutes", str(wanted["idle_minutes"]), inputs["idleSessionTimeout"])
        self.same(node, "most minutes", str(wanted["max_minutes"]), inputs["maxSessionDuration"])
        self.same(node, "run as", wanted["run_as_self"], inputs["runAsEnabled"])
        tags = SSM.list_tags_for_resource(ResourceType="Document", ResourceId=node["name"])["TagList"]
        self.tags(node, tags_of(tags))

    def launch_template(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        template = self.ec2(node, "describe_launch_templates", "LaunchTemplates", "LaunchTemplateId")
        answer = EC2.describe_launch_template_versions(
            LaunchTemplateId=template["LaunchTemplateId"], Versions=["$Default"]
        )
        data = answer["LaunchTemplateVersions"][0]["LaunchTemplateData"]
        self.same(node, "image", wanted["image"], data["ImageId"])
        self.same(node, "type", wanted["instance_type"], data["InstanceType"])
        self.same(node, "profile", self.resolve(wanted["profile"]), data["IamInstanceProfile"]["Arn"])
        self.same(node, "key pair", self.resolve(wanted["key_pair"]), data.get("KeyName"))
        interface = data["NetworkInterfaces"][0]
        self.same(node, "groups", self.resolve(wanted["groups"]), interface["Groups"])
        self.same(node, "public address", wanted["public_address"], interface["AssociatePublicIpAddress"])
        self.same(node, "monitoring", wanted["detailed_monitoring"], data["Monitoring"]["Enabled"])
        self.same(node, "tenancy", wanted["tenancy"], data["Placement"]["Tenancy"])
        self.same(node, "program", wanted["user_data"], base64.b64decode(data["UserData"]).decode())
        self.metadata(node, wanted, data["MetadataOptions"])
        root, ebs = wanted["root"], data["BlockDeviceMappings"][0]["Ebs"]
        self.same(node, "root device", root["device"], data["BlockDeviceMappings"][0]["DeviceName"])
        self.same(node, "root size", root["size_gib"], ebs["VolumeSize"])
        self.same(node, "root type", root["volume_type"], ebs["VolumeType"])
        self.same(node, "root encrypted", root["encrypted"], ebs["Encrypted"])
        self.same(node, "root key", self.resolve(root["key"]), ebs.get("KmsKeyId"))
        self.same(node, "root goes too", True, ebs["DeleteOnTermination"])

    def metadata(self, node: dict[str, Any], wanted: dict[str, Any], options: dict[str, Any]) -> None:
        tokens = "required" if wanted["metadata_token_required"] else "optional"
        self.same(node, "metadata tokens", tokens, options["HttpTokens"])
        self.same(node, "metadata hops", wanted["metadata_hop_limit"], options["HttpPutResponseHopLimit"])
        self.same(node, "metadata service", "enabled", options["HttpEndpoint"])

    def instance(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        one = of(instances(), self.pit, node["id"])
        self.ids[f"${{{node['id']}.id}}"] = one["InstanceId"]
        self.tags(node, tags_of(one["Tags"]))
        assert state_of(one) in ("running", "stopped"), f"its state is {state_of(one)}"
        self.same(node, "template", self.resolve(wanted["template"]), tags_of(one["Tags"])["aws:ec2launchtemplate:id"])
        self.same(node, "subnet", self.resolve(wanted["subnet"]), one["SubnetId"])
        self.same(node, "image", wanted["image"], one["ImageId"])
        self.same(node, "type", wanted["instance_type"], one["InstanceType"])
        self.same(node, "profile", self.resolve(wanted["profile"]), one["IamInstanceProfile"]["Arn"])
        self.same(node, "key pair", self.resolve(wanted["key_pair"]), one.get("KeyName"))
        groups = {group["GroupId"] for interface in one["NetworkInterfaces"] for group in interface["Groups"]}
        self.same(node, "groups", set(self.resolve(wanted["groups"])), groups)
        if state_of(one) == "running":
            self.same(node, "public address", wanted["public_address"], bool(one.get("PublicIpAddress")))
        self.same(node, "monitoring", wanted["detailed_monitoring"], one["Monitoring"]["State"] == "enabled")
        self.same(node, "tenancy", wanted["tenancy"], one["Placement"]["Tenancy"])
        self.metadata(node, wanted, one["MetadataOptions"])
        attribute = EC2.describe_instance_attribute(InstanceId=one["InstanceId"], Attribute="userData")
        program = base64.b64decode(attribute["UserData"]["Value"])
        self.same(node, "program", wanted["user_data_sha256"], hashlib.sha256(program).hexdigest())
        attached = {mapping["DeviceName"]: mapping["Ebs"]["VolumeId"] for mapping in one["BlockDeviceMappings"]}
        volumes = EC2.describe_volumes(VolumeIds=list(attached.values()))["Volumes"]
        self.same(node, "volumes encrypted", {wanted["volumes_encrypted"]}, {volume["Encrypted"] for volume in volumes})
        root = next(volume for volume in volumes if volume["VolumeId"] == attached[wanted["root"]["device"]])
        self.same(node, "root key", self.resolve(wanted["root"]["key"]), root.get("KmsKeyId"))
        self.same(node, "root size", wanted["root"]["size_gib"], root["Size"])
        self.same(node, "root type", wanted["root"]["volume_type"], root["VolumeType"])

    def volume(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        volume = self.ec2(node, "describe_volumes", "Volumes", "VolumeId")
        self.same(node, "zone", wanted["zone"], volume["AvailabilityZone"])
        self.same(node, "size", wanted["size_gib"], volume["Size"])
        self.same(node, "type", wanted["volume_type"], volume["VolumeType"])
        self.same(node, "encrypted", wanted["encrypted"], volume["Encrypted"])
        self.same(node, "key", self.resolve(wanted["key"]), volume.get("KmsKeyId"))

    def volume_attachment(self, node: dict[str, Any], wanted: dict[str, Any]) -> None:
        volume = EC2.describe_volumes(VolumeIds=[self.resolve(wanted["volume"])])["Volumes"][0]
        found = [[one["InstanceId"], one["Device"], one["State"]] for one in volume["Attachments"]]
        self.same(node, "attachment", [[self.resolve(wanted["instance"]), wanted["device"], "attached"]], found)

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


def rules_of(permission: dict[str, Any]) -> list[list[Any]]:
    """Every rule in one of AWS's groups of rules, as the plan writes them."""
    protocol = {"-1": "all"}.get(permission["IpProtocol"], permission["IpProtocol"])
    ports = [permission["FromPort"], permission["ToPort"]] if "FromPort" in permission else None
    peers = [["cidr", one["CidrIp"]] for one in permission["IpRanges"]]
    peers += [["cidr", one["CidrIpv6"]] for one in permission["Ipv6Ranges"]]
    peers += [["group", one["GroupId"]] for one in permission["UserIdGroupPairs"]]
    peers += [["prefix-list", one["PrefixListId"]] for one in permission["PrefixListIds"]]
    return [[protocol, ports, peer] for peer in peers]


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
        ("key-pair", "KeyPairId", "describe_key_pairs", "KeyPairs"),
        ("launch-template", "LaunchTemplateId", "describe_launch_templates", "LaunchTemplates"),
        ("instance", "InstanceId", "describe_instances", "Reservations"),
        ("volume", "VolumeId", "describe_volumes", "Volumes"),
        ("snapshot", "SnapshotId", "describe_snapshots", "Snapshots"),
        ("network-interface", "NetworkInterfaceId", "describe_network_interfaces", "NetworkInterfaces"),
    ):
        described = instances() if operation == "describe_instances" else getattr(EC2, operation)()[field]
        for one in described:
            if state_of(one) not in GONE and tags_of(one.get("Tags")).get("sce:pit") == pit:
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
    profiles = IAM.list_instance_profiles()["InstanceProfiles"]
    names = [one["InstanceProfileName"] for one in profiles]
    found += [f"instance-profile {name}" for name in names if name.startswith(f"{pit}_")]
    documents = SSM.list_documents(Filters=[{"Key": "Owner", "Values": ["Self"]}])["DocumentIdentifiers"]
    found += [f"session-document {one['Name']}" for one in documents if one["Name"].startswith(f"{pit}_")]
    aliases = KMS.list_aliases()["Aliases"]
    found += [f"kms-alias {one['AliasName']}" for one in aliases if one["AliasName"].startswith(f"alias/{pit}_")]
    for kind, operation, field, name in (
        ("database", "describe_db_instances", "DBInstances", "DBInstance"),
        ("database-subnet-group", "describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroup"),
        ("database-parameter-group", "describe_db_parameter_groups", "DBParameterGroups", "DBParameterGroup"),
        ("database-snapshot", "describe_db_snapshots", "DBSnapshots", "DBSnapshot"),
    ):
        for one in getattr(RDS, operation)()[field]:
            tags = tags_of(RDS.list_tags_for_resource(ResourceName=one[f"{name}Arn"])["TagList"])
            if tags.get("sce:pit") == pit:
                found.append(f"{kind} {one[f'{name}Arn']}")
    for group in LOGS.describe_log_groups(logGroupNamePrefix=f"/aws/rds/instance/{pit}-")["logGroups"]:
        found.append(f"log-group {group['logGroupName']}")
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
        "describe_network_acls", "describe_flow_logs", "describe_key_pairs", "describe_launch_templates",
        "describe_instances", "describe_volumes", "describe_network_interfaces",
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
    answer["databases"] = [one["DBInstanceArn"] for one in RDS.describe_db_instances()["DBInstances"]]
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
    answer["profiles"] = IAM.list_instance_profiles()["InstanceProfiles"]
    own = [{"Key": "Owner", "Values": ["Self"]}]
    answer["documents"] = [
        SSM.get_document(Name=one["Name"])["Content"]
        for one in SSM.list_documents(Filters=own)["DocumentIdentifiers"]
    ]
    answer["templates"] = [
        EC2.describe_launch_template_versions(LaunchTemplateId=one["LaunchTemplateId"])["LaunchTemplateVersions"]
        for one in EC2.describe_launch_templates()["LaunchTemplates"]
    ]
    answer["groups"] = [one["logGroupName"] for one in LOGS.describe_log_groups()["logGroups"]]
    return answer


NAMED_POLICY = """{"Version": "2012-10-17", "Statement": [
 {"Sid": "Administration", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::%(account)s:root"}, "Resource": "*",
  "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:Put*", "kms:Enable*", "kms:Disable*", "kms:ScheduleKeyDeletion"]},
 {"Sid": "Named", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::%(account)s:root"}, "Resource": "*",
  "Action": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*"],
  "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::%(account)s:role/Research*"}}},
 {"Sid": "Logs", "Effect": "Allow", "Principal": {"Service": "logs.%(region)s.amazonaws.com"}, "Resource": "*",
  "Action": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:Describe*"]}]}"""

LOGS_POLICY = """{"Version": "2012-10-17", "Statement": [
 {"Sid": "Tls", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
  "Resource": ["arn:aws:s3:::%(bucket)s", "arn:aws:s3:::%(bucket)s/*"], "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
 {"Sid": "OldTls", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
  "Resource": ["arn:aws:s3:::%(bucket)s", "arn:aws:s3:::%(bucket)s/*"], "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}},
 {"Sid": "Deliveries", "Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject",
  "Resource": "arn:aws:s3:::%(bucket)s/*", "Condition": {"StringEquals": {"aws:SourceAccount": "%(account)s"}}}]}"""

ENDPOINT_POLICY = """{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*",
 "Condition": {"StringEquals": {"aws:ResourceAccount": "%(account)s"}}}]}"""


def account_id() -> str:
    return str(client("sts").get_caller_identity()["Account"])


def named(kind: str, name: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}, {"Key": "owner", "Value": "central-it"}]}]


def closed_acl(vpc: str, subnet: str, inside: str | None = None) -> str:
    """An ACL that admits replies and lets the web out, guarding the subnet; also for a NAT gateway there that serves those inside."""
    acl = EC2.create_network_acl(VpcId=vpc, TagSpecifications=named("network-acl", "central"))["NetworkAcl"]["NetworkAclId"]
    for egress, number, ports in ((False, 120, (1024, 65535)), (True, 100, (443, 443))):
        EC2.create_network_acl_entry(
            NetworkAclId=acl, RuleNumber=number, Protocol="6", RuleAction="allow", Egress=egress,
            CidrBlock="0.0.0.0/0", PortRange={"From": ports[0], "To": ports[1]},
        )
    for egress, ports in ((False, (443, 443)), (True, (1024, 65535))) if inside else ():
        EC2.create_network_acl_entry(
            NetworkAclId=acl, RuleNumber=200, Protocol="6", RuleAction="allow", Egress=egress,
            CidrBlock=inside, PortRange={"From": ports[0], "To": ports[1]},
        )
    filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
    for guard in EC2.describe_network_acls(Filters=filters)["NetworkAcls"]:
        for one in guard["Associations"]:
            if one["SubnetId"] == subnet:
                EC2.replace_network_acl_association(AssociationId=one["NetworkAclAssociationId"], NetworkAclId=acl)
    return acl


def make_central(endpoint: str = "with-endpoint", cidr: str = "10.20.0.0/16") -> None:
    """What central IT makes: a network, a key and a log bucket that keep the rules; prints their ids."""
    two = ".".join(cidr.split(".")[:2])
    vpc = EC2.create_vpc(CidrBlock=cidr, TagSpecifications=named("vpc", "central"))["Vpc"]["VpcId"]
    for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
        EC2.modify_vpc_attribute(VpcId=vpc, **{attribute: {"Value": True}})

    def subnet(block: str, zone: str = "b") -> str:
        answer = EC2.create_subnet(
            VpcId=vpc, CidrBlock=block, AvailabilityZone=f"{REGION}{zone}", TagSpecifications=named("subnet", block)
        )
        return str(answer["Subnet"]["SubnetId"])

    public, private, others = (subnet(f"{two}.{third}.0/24") for third in (0, 1, 2))
    database = subnet(f"{two}.3.0/24", zone="a")

    def table(subnet: str) -> str:
        answer = EC2.create_route_table(VpcId=vpc, TagSpecifications=named("route-table", "central"))
        EC2.associate_route_table(RouteTableId=answer["RouteTable"]["RouteTableId"], SubnetId=subnet)
        return str(answer["RouteTable"]["RouteTableId"])

    out, inside, apart = table(public), table(private), table(database)
    gateway = EC2.create_internet_gateway(TagSpecifications=named("internet-gateway", "central"))
    gateway = gateway["InternetGateway"]["InternetGatewayId"]
    EC2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    EC2.create_route(RouteTableId=out, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    address = EC2.allocate_address(Domain="vpc")["AllocationId"]
    nat = EC2.create_nat_gateway(SubnetId=public, AllocationId=address)["NatGateway"]["NatGatewayId"]
    EC2.create_route(RouteTableId=inside, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    closed_acl(vpc, public, inside=f"{two}.1.0/24")
    closed_acl(vpc, private)
    closed_acl(vpc, database)
    in_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
    group = EC2.describe_security_groups(Filters=[*in_vpc, {"Name": "group-name", "Values": ["default"]}])["SecurityGroups"][0]
    if group["IpPermissions"]:
        EC2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
    if group["IpPermissionsEgress"]:
        EC2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=group["IpPermissionsEgress"])
    words = {"account": account_id(), "region": REGION, "bucket": f"central-logs-{vpc.removeprefix('vpc-')}"}
    if endpoint == "with-endpoint":
        EC2.create_vpc_endpoint(
            VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3", VpcEndpointType="Gateway", RouteTableIds=[inside],
            PolicyDocument=ENDPOINT_POLICY % words, TagSpecifications=named("vpc-endpoint", "central"),
        )
    key = KMS.create_key(
        Policy=NAMED_POLICY % words, Description="central", Tags=[{"TagKey": "owner", "TagValue": "central-it"}]
    )["KeyMetadata"]["Arn"]
    KMS.enable_key_rotation(KeyId=key.rsplit("/")[-1])
    name = {"Bucket": words["bucket"]}
    S3.create_bucket(**name, CreateBucketConfiguration={"LocationConstraint": REGION}, ObjectOwnership="BucketOwnerEnforced")
    S3.put_bucket_versioning(**name, VersioningConfiguration={"Status": "Enabled"})
    S3.put_public_access_block(**name, PublicAccessBlockConfiguration=dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    ))
    S3.put_bucket_policy(**name, Policy=LOGS_POLICY % words)
    S3.put_bucket_tagging(**name, Tagging={"TagSet": [{"Key": "owner", "Value": "central-it"}]})
    S3.put_object(**name, Key="others/2026-11-24", Body=b"a record of somebody else")
    print(json.dumps({
        "vpc": vpc, "public_subnet": public, "private_subnet": private, "others": others, "key": key, "log_bucket": name["Bucket"],
        "database_subnet": database, "database_table": apart, "private_table": inside, "gateway": gateway, "default_group": group["GroupId"],
    }))


def central(ids: dict[str, str]) -> dict[str, Any]:
    """Everything of central IT's, tags included; what bears an environment's tag beside it is not theirs."""
    answer: dict[str, Any] = {}
    for operation, field, key in (
        ("describe_vpcs", "Vpcs", "vpc-id"),
        ("describe_subnets", "Subnets", "vpc-id"),
        ("describe_route_tables", "RouteTables", "vpc-id"),
        ("describe_internet_gateways", "InternetGateways", "attachment.vpc-id"),
        ("describe_nat_gateways", "NatGateways", "vpc-id"),
        ("describe_network_acls", "NetworkAcls", "vpc-id"),
        ("describe_vpc_endpoints", "VpcEndpoints", "vpc-id"),
        ("describe_security_groups", "SecurityGroups", "vpc-id"),
    ):
        answer[operation] = [
            one
            for one in getattr(EC2, operation)(Filters=[{"Name": key, "Values": [ids["vpc"]]}])[field]
            if "sce:pit" not in tags_of(one.get("Tags"))
        ]
    for attribute in ("enableDnsSupport", "enableDnsHostnames"):
        said = EC2.describe_vpc_attribute(VpcId=ids["vpc"], Attribute=attribute)
        answer[attribute] = said[attribute[0].upper() + attribute[1:]]
    key = {"KeyId": ids["key"].rsplit("/")[-1]}
    answer["key"] = [
        KMS.describe_key(**key)["KeyMetadata"],
        KMS.get_key_policy(**key, PolicyName="default")["Policy"],
        KMS.get_key_rotation_status(**key)["KeyRotationEnabled"],
        KMS.list_resource_tags(**key)["Tags"],
        KMS.list_aliases(**key)["Aliases"],
        KMS.list_grants(**key)["Grants"],
    ]
    name = {"Bucket": ids["log_bucket"]}
    answer["bucket"] = [
        S3.get_bucket_tagging(**name)["TagSet"],
        S3.get_bucket_policy(**name)["Policy"],
        S3.get_bucket_versioning(**name).get("Status"),
        S3.get_public_access_block(**name)["PublicAccessBlockConfiguration"],
        S3.get_bucket_logging(**name).get("LoggingEnabled"),
        absent(lambda: S3.get_bucket_lifecycle_configuration(**name)["Rules"], "NoSuchLifecycleConfiguration"),
        [[one["Key"], one["VersionId"]] for one in S3.list_object_versions(**name).get("Versions", [])],
    ]
    return answer


def open_default_group(group: str) -> None:
    EC2.authorize_security_group_egress(
        GroupId=group, IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    )


def add_route(table: str, destination: str, gateway: str) -> None:
    EC2.create_route(RouteTableId=table, DestinationCidrBlock=destination, GatewayId=gateway)


def point_route(table: str, destination: str, gateway: str) -> None:
    EC2.replace_route(RouteTableId=table, DestinationCidrBlock=destination, GatewayId=gateway)


def add_range(vpc: str, cidr: str) -> None:
    EC2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock=cidr)


def tag(thing: str, key: str, value: str) -> None:
    EC2.create_tags(Resources=[thing], Tags=[{"Key": key, "Value": value}])


def disable_key(key: str) -> None:
    KMS.disable_key(KeyId=key.rsplit("/")[-1])


def schedule_key(key: str) -> None:
    KMS.schedule_key_deletion(KeyId=key.rsplit("/")[-1], PendingWindowInDays=7)


def open_key(key: str) -> None:
    """AWS's default policy: whoever an IAM policy of the account lets."""
    root = {"AWS": f"arn:aws:iam::{account_id()}:root"}
    statement = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
    KMS.put_key_policy(
        KeyId=key.rsplit("/")[-1], PolicyName="default", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )


def close_log_bucket(name: str) -> None:
    S3.delete_bucket_policy(Bucket=name)


def subnet_id(pit: str, node: str) -> str:
    return of(EC2.describe_subnets()["Subnets"], pit, node)["SubnetId"]


def make_private_subnet_public(pit: str) -> None:
    EC2.modify_subnet_attribute(SubnetId=subnet_id(pit, "subnet-private"), MapPublicIpOnLaunch={"Value": True})


def route_private_subnet_to_internet(pit: str) -> None:
    table = of(EC2.describe_route_tables()["RouteTables"], pit, "route-table-private")["RouteTableId"]
    gateway = of(EC2.describe_internet_gateways()["InternetGateways"], pit, "internet-gateway")["InternetGatewayId"]
    EC2.replace_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)


def stop_naming_hosts(pit: str) -> None:
    vpc = of(EC2.describe_vpcs()["Vpcs"], pit, "vpc")["VpcId"]
    EC2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": False})


def delete_flow_log(pit: str) -> None:
    EC2.delete_flow_logs(FlowLogIds=[of(EC2.describe_flow_logs()["FlowLogs"], pit, "flow-log")["FlowLogId"]])


def loosen_everything(pit: str) -> None:
    """What somebody in a hurry changes: a change of each kind that drift tells of and puts back."""
    route_private_subnet_to_internet(pit)
    make_private_subnet_public(pit)
    table = of(EC2.describe_route_tables()["RouteTables"], pit, "route-table-private")["RouteTableId"]
    gateway = of(EC2.describe_internet_gateways()["InternetGateways"], pit, "internet-gateway")["InternetGatewayId"]
    EC2.create_route(RouteTableId=table, DestinationCidrBlock="203.0.113.0/24", GatewayId=gateway)
    acl = of(EC2.describe_network_acls()["NetworkAcls"], pit, "network-acl-private")["NetworkAclId"]
    EC2.create_network_acl_entry(
        NetworkAclId=acl, RuleNumber=90, Protocol="-1", RuleAction="allow", Egress=False, CidrBlock="0.0.0.0/0"
    )
    endpoint = of(EC2.describe_vpc_endpoints()["VpcEndpoints"], pit, "s3-endpoint")["VpcEndpointId"]
    everything = {"Sid": "All", "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    EC2.modify_vpc_endpoint(VpcEndpointId=endpoint, PolicyDocument=document)
    bucket = next(one["Name"] for one in S3.list_buckets()["Buckets"] if one["Name"].startswith(f"{pit}-data-"))
    S3.delete_bucket_policy(Bucket=bucket)
    S3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    S3.delete_public_access_block(Bucket=bucket)
    KMS.disable_key_rotation(KeyId=KMS.describe_key(KeyId=f"alias/{pit}_key")["KeyMetadata"]["KeyId"])
    LOGS.put_retention_policy(logGroupName=f"{pit}_loggroup", retentionInDays=1)
    role = next(one["RoleName"] for one in IAM.list_roles()["Roles"] if one["RoleName"].startswith(f"{pit}_flowlog"))
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    IAM.put_role_policy(RoleName=role, PolicyName="extra", PolicyDocument=document)


def move_in(pit: str) -> None:
    """Things of nobody's in the PIT's network."""
    vpc = of(EC2.describe_vpcs()["Vpcs"], pit, "vpc")["VpcId"]
    subnet = subnet_id(pit, "subnet-private")
    EC2.create_security_group(GroupName="squatter", Description="x", VpcId=vpc)
    EC2.create_network_interface(SubnetId=subnet, Description="Interface for NAT Gateway nat-0")
    EC2.create_route_table(VpcId=vpc)
    EC2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, SubnetId=subnet)
    other = EC2.create_vpc(CidrBlock="10.98.0.0/16")["Vpc"]["VpcId"]
    EC2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=other)
    gateway = EC2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    EC2.attach_vpn_gateway(VpcId=vpc, VpnGatewayId=gateway)


def sha256_of(path: str) -> None:
    with open(path, "rb") as file:
        print(hashlib.sha256(file.read()).hexdigest())


def fill_file_table(pit: str) -> None:
    """Items of 300 kB, so that a scan takes several pages, one of them with every type of DynamoDB's."""
    types = {
        "B": {"B": b"\x00\xff"}, "BS": {"BS": [b"b", b"a"]}, "N": {"N": "12345678901234567890.5"}, "NS": {"NS": ["2", "1"]},
        "SS": {"SS": ["z", "a"]}, "L": {"L": [{"S": "é"}, {"NULL": True}]}, "M": {"M": {"inner": {"BOOL": False}}},
    }
    for number in range(8):
        item = {"key": {"S": f"big-{number}"}, "version": {"S": "1"}, "filler": {"S": "x" * 300_000}}
        DYNAMODB.put_item(TableName=f"{pit}_filetable", Item=item | (types if number == 0 else {}))
    first = DYNAMODB.scan(TableName=f"{pit}_filetable", ConsistentRead=True)
    assert "LastEvaluatedKey" in first, "the emulator gives no pages, so that this would show nothing"


def items_of_file_table(pit: str) -> None:
    """Every item, read page by page, sets in order."""
    def plain(value: dict[str, Any]) -> Any:
        ((kind, content),) = value.items()
        if kind in ("SS", "NS"):
            return {kind: sorted(content)}
        if kind in ("B", "BS"):
            text = sorted(base64.b64encode(one).decode() for one in ([content] if kind == "B" else content))
            return {kind: text if kind == "BS" else text[0]}
        if kind == "L":
            return {kind: [plain(one) for one in content]}
        if kind == "M":
            return {kind: {name: plain(one) for name, one in content.items()}}
        return value

    pages = DYNAMODB.get_paginator("scan").paginate(TableName=f"{pit}_filetable", ConsistentRead=True)
    print(json.dumps([{name: plain(value) for name, value in item.items()} for page in pages for item in page["Items"]]))


def subnets_of_databases(group: str) -> None:
    """The subnets of a group, sorted."""
    found = RDS.describe_db_subnet_groups(DBSubnetGroupName=group)["DBSubnetGroups"][0]["Subnets"]
    print(json.dumps(sorted(subnet["SubnetIdentifier"] for subnet in found)))


def address_of_database(identifier: str) -> None:
    print(RDS.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"][0]["Endpoint"]["Address"])


def loosen_database(identifier: str) -> None:
    RDS.modify_db_instance(
        DBInstanceIdentifier=identifier, PubliclyAccessible=True, DeletionProtection=False, ApplyImmediately=True
    )


def accept_connections_in_clear(group: str) -> None:
    off = {"ParameterName": "rds.force_ssl", "ParameterValue": "0", "ApplyMethod": "pending-reboot"}
    RDS.modify_db_parameter_group(DBParameterGroupName=group, Parameters=[off])


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


def group_id(pit: str, node: str) -> str:
    return of(EC2.describe_security_groups()["SecurityGroups"], pit, node)["GroupId"]


def permission(port: int, cidr: str) -> list[dict[str, Any]]:
    return [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": cidr}]}]


def open_ssh_to_private_instance(pit: str) -> None:
    group = group_id(pit, "security-group-private")
    EC2.authorize_security_group_ingress(GroupId=group, IpPermissions=permission(22, "0.0.0.0/0"))


def let_private_instance_out(pit: str) -> None:
    group = group_id(pit, "security-group-private")
    EC2.authorize_security_group_egress(GroupId=group, IpPermissions=permission(25, "0.0.0.0/0"))


def switch_tokens_off(pit: str) -> None:
    instance = of(instances(), pit, "instance-private")["InstanceId"]
    EC2.modify_instance_metadata_options(InstanceId=instance, HttpTokens="optional", HttpPutResponseHopLimit=2, HttpEndpoint="enabled")


def protect_private_instance(pit: str) -> None:
    instance = of(instances(), pit, "instance-private")["InstanceId"]
    EC2.modify_instance_attribute(InstanceId=instance, DisableApiTermination={"Value": True})


def replace_template(pit: str) -> None:
    """A version of the template without its safeguards, put in force."""
    template = of(EC2.describe_launch_templates()["LaunchTemplates"], pit, "template-private")["LaunchTemplateId"]
    version = EC2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData={"ImageId": "ami-12c6146b"})
    number = version["LaunchTemplateVersion"]["VersionNumber"]
    EC2.modify_launch_template(LaunchTemplateId=template, DefaultVersion=str(number))


def stop_recording_sessions(pit: str) -> None:
    name = f"{pit}_session_document"
    content = json.loads(SSM.get_document(Name=name)["Content"])
    content["inputs"]["cloudWatchLogGroupName"] = ""
    SSM.update_document(Name=name, Content=json.dumps(content), DocumentVersion="$LATEST")
    SSM.update_document_default_version(Name=name, DocumentVersion="2")


def empty_profile(pit: str) -> None:
    name = f"{pit}_compute_profile"
    IAM.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=f"{pit}_compute_role")


def run_machine(pit: str, node: str) -> None:
    """A machine that bears the tags of a place in the plan, in the account's default network; prints its id."""
    tags = [{"Key": "sce:pit", "Value": pit}, {"Key": "sce:id", "Value": node}]
    image = EC2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    ran = EC2.run_instances(
        ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )
    print(ran["Instances"][0]["InstanceId"])


def show_machine(instance: str) -> None:
    said = EC2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    print(json.dumps({
        "private": said.get("PrivateIpAddress"), "public": said.get("PublicIpAddress"), "state": said["State"]["Name"],
    }))


def terminate_machine(instance: str) -> None:
    EC2.terminate_instances(InstanceIds=[instance])


def loosen_role(role: str) -> None:
    """Without its boundary, for sessions of half a day."""
    IAM.delete_role_permissions_boundary(RoleName=role)
    IAM.update_role(RoleName=role, MaxSessionDuration=43200)


def trust_everybody_without_mfa(role: str, principal: str) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    IAM.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(document))


def make_operator(role: str, *actions: str) -> None:
    """A role that anybody may take on, allowed these actions on everything: moto misjudges resources and conditions."""
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": [trust]}
    IAM.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(document))
    allow = {"Effect": "Allow", "Action": sorted(actions), "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [allow]}
    policy = IAM.create_policy(PolicyName=f"{role}-policy", PolicyDocument=json.dumps(document))
    IAM.attach_role_policy(RoleName=role, PolicyArn=policy["Policy"]["Arn"])
def put_where_policies_count(bucket: str, key: str, body: str) -> None:
    """An object on the emulator that minds IAM's policies: the data plane's minds none."""
    s3 = client("s3", os.environ["AWS_ENDPOINT_URL"])
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key=key, Body=body.encode())


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
    # What was read stays out of sight for longer than a test takes, so that the account looks the same before and after.
    url = SQS.create_queue(QueueName=f"listener-{pit}", Attributes={"VisibilityTimeout": "43200"})["QueueUrl"]
    arn = SQS.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    SNS.subscribe(TopicArn=topic_arn(f"{pit}_topic"), Protocol="sqs", Endpoint=arn)


def make_vault(name: str, *lacks: str) -> None:
    """A bucket to archive into, less what it shall lack; says the ARN of a key for it."""
    S3.create_bucket(
        Bucket=name,
        CreateBucketConfiguration={"LocationConstraint": REGION},
        ObjectLockEnabledForBucket="lock" not in lacks,
    )
    if "encryption" not in lacks:
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
        S3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})
    if "block" not in lacks:
        names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        S3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=dict.fromkeys(names, True))
    print(KMS.create_key(Description="archives")["KeyMetadata"]["Arn"])


def vault(name: str, prefix: str, key: str) -> None:
    """Every object of an archive in a bucket is under that key and locked; one line each with its size."""
    for page in S3.get_paginator("list_objects_v2").paginate(Bucket=name, Prefix=f"{prefix}/"):
        for one in page.get("Contents", []):
            head = S3.head_object(Bucket=name, Key=one["Key"])
            assert head["SSEKMSKeyId"] == key, (one["Key"], head["SSEKMSKeyId"])
            assert head["ObjectLockMode"] == "GOVERNANCE", one["Key"]
            days = (head["ObjectLockRetainUntilDate"] - head["LastModified"]).days
            assert 28 <= days <= 30, (one["Key"], days)
            try:
                S3.delete_object(Bucket=name, Key=one["Key"], VersionId=head["VersionId"])
            except ClientError as refused:
                assert refused.response["Error"]["Code"] == "AccessDenied", refused
            else:
                raise AssertionError(f"{one['Key']} was deleted")
            print(one["Key"].removeprefix(f"{prefix}/"), head["ContentLength"])


def copy_volume(pit: str) -> None:
    """A snapshot of the data volume, as people make one by hand: without a tag."""
    volumes = [(one, tags_of(one.get("Tags"))) for one in EC2.describe_volumes()["Volumes"]]
    (volume,) = [one for one, tags in volumes if tags.get("sce:pit") == pit and tags["sce:id"].startswith("volume-")]
    print(EC2.create_snapshot(VolumeId=volume["VolumeId"])["SnapshotId"])


def registry_plans(pit: str) -> None:
    """How many plans the registry keeps, and the digest of the one in force."""
    (bucket,) = [one["Name"] for one in S3.list_buckets()["Buckets"] if one["Name"].startswith("sce-registry-")]
    plans = S3.list_objects_v2(Bucket=bucket, Prefix=f"pits/{pit}/plans/").get("KeyCount", 0)
    text = S3.get_object(Bucket=bucket, Key=f"pits/{pit}/plan.json")["Body"].read()
    print(plans, json.loads(text)["digest"])


def make_image(pit: str) -> None:
    """An image of E, as a researcher makes one, tagged with its snapshot; and another of that name of somebody's machine."""
    machines = [one for group in EC2.describe_instances()["Reservations"] for one in group["Instances"]]
    (machine,) = [one for one in machines if tags_of(one.get("Tags")).get("sce:id") == "instance-private"]
    other = EC2.run_instances(ImageId=machine["ImageId"], MinCount=1, MaxCount=1, InstanceType="t3.micro")["Instances"][0]
    for name, of in (("mine", machine), ("other", other)):
        image = EC2.create_image(InstanceId=of["InstanceId"], Name=name)["ImageId"]
        (about,) = EC2.describe_images(ImageIds=[image])["Images"]
        snapshot = about["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
        EC2.create_tags(Resources=[image, snapshot], Tags=[{"Key": "sce:pit", "Value": pit}])
        print(image, snapshot, of["InstanceId"], machine["BlockDeviceMappings"][0]["Ebs"]["VolumeId"])
    EC2.terminate_instances(InstanceIds=[other["InstanceId"]])


def leave_interface(pit: str, node: str) -> None:
    """An interface that stayed behind, calling itself a part of the node."""
    tags = [{"Key": "sce:pit", "Value": pit}, {"Key": "sce:id", "Value": node}]
    EC2.create_network_interface(
        SubnetId=subnet_id(pit, "subnet-private"),
        TagSpecifications=[{"ResourceType": "network-interface", "Tags": tags}],
    )


def make_orphans(pit: str) -> None:
    """A key and an alarm that bear the PIT and that no run made."""
    KMS.create_key(Tags=[{"TagKey": "sce:pit", "TagValue": pit}])
    ALARMS.put_metric_alarm(
        AlarmName=f"{pit}_orphan", MetricName="m", Namespace="n", Period=60, EvaluationPeriods=1, Threshold=1,
        Statistic="Sum", ComparisonOperator="GreaterThanThreshold",
    )


def lock_object(bucket: str, key: str) -> None:
    """Keeps an object of a store for a month, in governance mode."""
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 30}}
    S3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule})
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=30)
    S3.put_object_retention(Bucket=bucket, Key=key, Retention={"Mode": "GOVERNANCE", "RetainUntilDate": until})


def put_plain(bucket: str, key: str, body: str) -> None:
    S3.put_object(Bucket=bucket, Key=key, Body=body.encode())


def put_log_event(group: str, stream: str, message: str) -> None:
    LOGS.create_log_stream(logGroupName=group, logStreamName=stream)
    event = {"timestamp": int(time.time() * 1000), "message": message}
    LOGS.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[event])


def delete_object(pit: str, key: str) -> None:
    S3.delete_object(Bucket=f"{pit}-data-{ACCOUNT}-{REGION}", Key=key)


def take_bucket(name: str) -> None:
    S3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})


def multiply(pit: str, number: str) -> None:
    """The registry's documents of one environment under other names as well, unaltered, until so many are known to it."""
    registry = f"sce-registry-{ACCOUNT}-{REGION}"
    listed = S3.list_objects_v2(Bucket=registry, Prefix=f"pits/{pit}/")["Contents"]
    documents = {one["Key"]: S3.get_object(Bucket=registry, Key=one["Key"])["Body"].read() for one in listed}
    for other in range(1, int(number)):
        name = f"{pit}{other:03}"
        for key, body in documents.items():
            S3.put_object(Bucket=registry, Key=key.replace(pit, name, 1), Body=body)


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
        case ["central", ids]:
            print(json.dumps(central(json.loads(ids)), sort_keys=True, default=str))
        case ["do", name, *rest]:
            globals()[name](*rest)
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
