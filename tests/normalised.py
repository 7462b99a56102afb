#!/usr/bin/env python3
"""The whole account by boto3, without ids and times: what was built alike reads alike, however often it was interrupted.

    normalised.py serve        one JSON list a line in, one JSON document a line out: ["whole"], ["reset"], ["do", NAME, ARG...]
    normalised.py whole        the account, once

What bears `sce:id` is called by it; other ids keep their kind. Lists are sorted, and nothing is made a set: two things where one should
be are two lines. Tombstones, which AWS shows for an hour, are left out; a key that waits for its deletion is not one.
"""

import contextlib
import datetime
import io
import json
import os
import re
import sys
import urllib.request
from collections import Counter
from typing import Any

import reader
from reader import ACCOUNT, EC2, GONE, IAM, KMS, LOGS, S3, SSM, absent, state_of, tags_of

THINGS = (
    ("Vpcs", "describe_vpcs", "VpcId"),
    ("Subnets", "describe_subnets", "SubnetId"),
    ("InternetGateways", "describe_internet_gateways", "InternetGatewayId"),
    ("Addresses", "describe_addresses", "AllocationId"),
    ("NatGateways", "describe_nat_gateways", "NatGatewayId"),
    ("RouteTables", "describe_route_tables", "RouteTableId"),
    ("VpcEndpoints", "describe_vpc_endpoints", "VpcEndpointId"),
    ("SecurityGroups", "describe_security_groups", "GroupId"),
    ("NetworkAcls", "describe_network_acls", "NetworkAclId"),
    ("FlowLogs", "describe_flow_logs", "FlowLogId"),
    ("KeyPairs", "describe_key_pairs", "KeyPairId"),
    ("LaunchTemplates", "describe_launch_templates", "LaunchTemplateId"),
    ("Volumes", "describe_volumes", "VolumeId"),
    ("Snapshots", "describe_snapshots", "SnapshotId"),
    ("NetworkInterfaces", "describe_network_interfaces", "NetworkInterfaceId"),
)
"""What EC2 describes: field, operation, and the field of a thing's own id."""

PASSING = re.compile(
    r"(Time|Date|Timestamp|At)$|^(ResponseMetadata|ReservationId|ClientToken|PrivateIpAddress(es)?|PublicIp|CarrierIp"
    r"|PrivateDnsName|PublicDnsName|PublicIpAddress|PrivateIp|MacAddress|RevisionId|creationTime|CreationDate|LastUsedDate"
    r"|NetworkInterfaceId|AttachmentId|Fingerprint|RoleLastUsed|LastModified|CreatedBy|lastIngestionTime|storedBytes)$"
)
"""Fields that two accounts built alike need not share."""

IDS = re.compile(
    r"\b(vpc|subnet|igw|eipalloc|eipassoc|nat|rtb|rtbassoc|vpce|acl|aclassoc|sg|sgr|fl|lt|i|vol|eni|eni-attach|key|r|dopt|snap"
    r"|vpc-cidr-assoc|pl)-[0-9a-f]{8,17}\b"
)
UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
IAM_ID = re.compile(r"\bA(ROA|NPA|IPA|IDA)[A-Z0-9]{14,}\b")
PORT = re.compile(r"127\.0\.0\.1:[0-9]+")
HEX = re.compile(r"\b[0-9a-f]{16,}\b")


def whole() -> dict[str, Any]:
    """The account, and how often each place in a plan is there."""
    labels: dict[str, str] = {}
    said = {field: getattr(EC2, operation)()[field] for field, operation, _ in THINGS if field != "Snapshots"}
    said["Snapshots"] = [one for one in EC2.describe_snapshots()["Snapshots"] if one["OwnerId"] == ACCOUNT]
    said["Instances"] = reader.instances()
    places: Counter[str] = Counter()
    # moto keeps a VPC's first ACL and a NAT gateway's interface when these are gone; AWS has nothing outside a VPC that is there.
    networks = {one["VpcId"] for one in said["Vpcs"]}
    for field in ("NetworkAcls", "NetworkInterfaces"):
        said[field] = [one for one in said[field] if one["VpcId"] in networks]
    for field, key in [(field, key) for field, _, key in THINGS] + [("Instances", "InstanceId")]:
        said[field] = [one for one in said[field] if state_of(one) not in GONE]
        for one in said[field]:
            place = tags_of(one.get("Tags")).get("sce:id")
            if place:
                places[f"{field} {place}"] += 1
                labels[one[key]] = place
    said["Keys"] = [key_of(one["KeyId"], labels, places) for one in KMS.list_keys()["Keys"]]
    said["Aliases"] = [one for one in KMS.list_aliases()["Aliases"] if not one["AliasName"].startswith("alias/aws/")]
    said["Attributes"] = [
        [EC2.describe_vpc_attribute(VpcId=one["VpcId"], Attribute=name) for name in ("enableDnsSupport", "enableDnsHostnames")]
        for one in said["Vpcs"]
    ]
    said["Templates"] = [
        EC2.describe_launch_template_versions(LaunchTemplateId=one["LaunchTemplateId"])["LaunchTemplateVersions"]
        for one in said["LaunchTemplates"]
    ]
    said["Roles"] = [role_of(one["RoleName"]) for one in IAM.list_roles()["Roles"]]
    said["Profiles"] = IAM.list_instance_profiles()["InstanceProfiles"]
    said["Policies"] = [policy_of(one) for one in IAM.list_policies(Scope="Local")["Policies"]]
    said["LogGroups"] = [
        [one, LOGS.list_tags_for_resource(resourceArn=one["arn"].removesuffix(":*"))["tags"]]
        for one in LOGS.describe_log_groups()["logGroups"]
    ]
    said["Documents"] = [
        SSM.get_document(Name=one["Name"])["Content"]
        for one in SSM.list_documents(Filters=[{"Key": "Owner", "Values": ["Self"]}])["DocumentIdentifiers"]
    ]
    said["Buckets"] = [bucket_of(one["Name"]) for one in S3.list_buckets()["Buckets"]]
    said["Account"] = reader.account()
    said |= ancillary()
    answer = canonical(json.loads(json.dumps(said, default=plain)), labels)
    return {"account": answer, "twice": sorted(place for place, number in places.items() if number > 1)}


def plain(value: Any) -> str:
    return "a time" if isinstance(value, (datetime.datetime, datetime.date)) else str(value)


def canonical(value: Any, labels: dict[str, str]) -> Any:
    if isinstance(value, dict):
        kept = {named(key, labels): one for key, one in value.items() if not PASSING.search(key)}
        return {key: canonical(one, labels) for key, one in sorted(kept.items())}
    if isinstance(value, list):
        return sorted((canonical(one, labels) for one in value), key=lambda one: json.dumps(one, sort_keys=True))
    if isinstance(value, str):
        if value[:1] in ("{", "["):
            with contextlib.suppress(json.JSONDecodeError):
                return canonical(json.loads(value), labels)
        return named(value, labels)
    return value


def named(text: str, labels: dict[str, str]) -> str:
    text = IDS.sub(lambda found: labels.get(found[0], f"{found[1]}-*"), text)
    text = PORT.sub("127.0.0.1", text)
    text = UUID.sub(lambda found: labels.get(found[0], "uuid"), text)
    return HEX.sub("hex", IAM_ID.sub("id", text))


def key_of(key_id: str, labels: dict[str, str], places: Counter[str]) -> dict[str, Any]:
    tags = {pair["TagKey"]: pair["TagValue"] for pair in KMS.list_resource_tags(KeyId=key_id)["Tags"]}
    state = KMS.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"]
    if "sce:id" in tags:
        labels[key_id] = tags["sce:id"]
        if state != "PendingDeletion":
            places[f"Keys {tags['sce:id']}"] += 1
    rotates = state != "PendingDeletion" and KMS.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"]
    policy = KMS.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"]
    return {"tags": tags, "state": state, "rotates": rotates, "policy": policy}


def role_of(name: str) -> list[Any]:
    return [
        IAM.get_role(RoleName=name)["Role"],
        IAM.list_attached_role_policies(RoleName=name)["AttachedPolicies"],
        IAM.list_role_policies(RoleName=name)["PolicyNames"],
    ]


def policy_of(one: dict[str, Any]) -> list[Any]:
    version = IAM.get_policy_version(PolicyArn=one["Arn"], VersionId=one["DefaultVersionId"])["PolicyVersion"]
    return [one["PolicyName"], version["Document"], IAM.list_policy_tags(PolicyArn=one["Arn"])["Tags"]]


def bucket_of(name: str) -> dict[str, Any]:
    at = {"Bucket": name}
    registry = name.startswith("sce-registry-")
    listed = S3.list_object_versions(**at)
    versions = [one for one in listed.get("Versions", []) if one["IsLatest"] or not registry]
    # Every run has a journal of its own, and how often a document was written is no matter of the account's state.
    keys = Counter(one["Key"] for one in versions if not (registry and "/journal/" in one["Key"]))
    return {
        "name": name,
        "objects": sorted(f"{key} ×{number}" for key, number in keys.items()),
        "tags": absent(lambda: S3.get_bucket_tagging(**at)["TagSet"], "NoSuchTagSet"),
        "policy": absent(lambda: S3.get_bucket_policy(**at)["Policy"], "NoSuchBucketPolicy"),
        "encryption": S3.get_bucket_encryption(**at)["ServerSideEncryptionConfiguration"],
        "logging": S3.get_bucket_logging(**at).get("LoggingEnabled"),
        "versioning": S3.get_bucket_versioning(**at).get("Status"),
        "blocks": absent(
            lambda: S3.get_public_access_block(**at)["PublicAccessBlockConfiguration"], "NoSuchPublicAccessBlockConfiguration"
        ),
        "ownership": absent(lambda: S3.get_bucket_ownership_controls(**at)["OwnershipControls"], "OwnershipControlsNotFoundError"),
        "lifecycle": absent(lambda: S3.get_bucket_lifecycle_configuration(**at)["Rules"], "NoSuchLifecycleConfiguration"),
        "notification": S3.get_bucket_notification_configuration(**at),
    }


def ancillary() -> dict[str, Any]:
    tables = reader.DYNAMODB.list_tables()["TableNames"]
    urls = reader.SQS.list_queues().get("QueueUrls", [])
    topics = [one["TopicArn"] for one in reader.SNS.list_topics()["Topics"]]
    functions = reader.LAMBDA.list_functions()["Functions"]
    answer: dict[str, Any] = {
        "Tables": [
            [
                reader.DYNAMODB.describe_table(TableName=name)["Table"],
                reader.DYNAMODB.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"],
            ]
            for name in tables
        ],
        "Queues": [[url, reader.SQS.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]] for url in urls],
        "Topics": [reader.SNS.get_topic_attributes(TopicArn=arn)["Attributes"] for arn in topics],
        "Subscriptions": reader.SNS.list_subscriptions()["Subscriptions"],
        "Functions": [
            [
                function,
                absent(lambda name=function["FunctionName"]: reader.LAMBDA.get_policy(FunctionName=name)["Policy"], "ResourceNotFoundException"),
            ]
            for function in functions
        ],
        "Databases": [
            [reader.RDS.describe_db_instances()["DBInstances"]],
            [one["DBSubnetGroupName"] for one in reader.RDS.describe_db_subnet_groups()["DBSubnetGroups"]],
            [one["DBParameterGroupName"] for one in reader.RDS.describe_db_parameter_groups()["DBParameterGroups"]],
            [one["DBSnapshotIdentifier"] for one in reader.RDS.describe_db_snapshots()["DBSnapshots"]],
        ],
    }
    return answer


def reset() -> None:
    """Both emulators as they were when they started."""
    control, data = os.environ["AWS_ENDPOINT_URL"], os.environ["AWS_ENDPOINT_URL_S3"]
    for url, method in (
        (f"{control}/moto-api/reset", "POST"),
        (f"{data}/_ministack/reset", "POST"),
        # As tools/emulators.py does: CloudTrail's emulator wants the log bucket's namesake beside itself.
        (f"{control}/sce-logs-{ACCOUNT}-{reader.REGION}", "PUT"),
    ):
        urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=60).close()


def obey(asked: list[str]) -> Any:
    match asked:
        case ["whole"]:
            return whole()
        case ["reset"]:
            return reset()
        case ["do", name, *rest]:
            # What a change by hand prints is for people.
            with contextlib.redirect_stdout(io.StringIO()) as told:
                getattr(reader, name)(*rest)
            return told.getvalue()
    raise ValueError(f"{asked[:1]} is nothing that can be asked")


def main(arguments: list[str]) -> int:
    if arguments != ["serve"]:
        print(json.dumps(obey(arguments), sort_keys=True))
        return 0
    for line in sys.stdin:
        try:
            answer = {"answer": obey(json.loads(line))}
        except Exception as error:  # noqa: BLE001 - whoever asked is told, and may ask again
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer, sort_keys=True), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
