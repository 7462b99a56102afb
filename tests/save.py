#!/usr/bin/env python3
"""An account saved as files by boto3, with nothing of ours: what `aws SERVICE CALL > FILE` would save.

    save.py DIR

Endpoints come from AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE>, the region from SCE_TEST_REGION. A file of an answer that bears no
name of its own lies at SERVICE/NAME/CALL.json; `{}` there says that AWS answered that nothing is set.
"""

import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from reader import ACCOUNT, ALARMS, CONFIGS, DETECTORS, DYNAMODB, EC2, IAM, KMS, LAMBDA, LOGS, RDS, S3, SNS, SQS, SSM, TRAILS, client, public_access_block

STS = client("sts")


class Folder:
    """Where answers go."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def save(self, path: str, answer: dict[str, Any]) -> dict[str, Any]:
        answer = {key: value for key, value in answer.items() if key != "ResponseMetadata"}
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(answer, default=str, indent=1))
        return answer

    def all(self, api: Any, service: str, operation: str, **asked: Any) -> dict[str, Any]:
        """All pages of a call, under its name."""
        path = f"{service}/{operation.replace('_', '-')}.json"
        if api.can_paginate(operation):
            return self.save(path, api.get_paginator(operation).paginate(**asked).build_full_result())
        return self.save(path, getattr(api, operation)(**asked))

    def of(self, api: Any, service: str, name: str, operation: str, *unset: str, **asked: Any) -> dict[str, Any]:
        """What a call says of one thing, in the thing's folder."""
        try:
            answer = getattr(api, operation)(**asked)
        except ClientError as error:
            if error.response["Error"]["Code"] not in unset:
                raise
            answer = {}
        return self.save(f"{service}/{quote(name, safe='')}/{operation.replace('_', '-')}.json", answer)


def main(root: Path) -> None:
    folder = Folder(root)
    folder.all(STS, "sts", "get_caller_identity")
    for part in (ec2, iam, stores, keys, logs, ancillary, databases, account):
        part(folder)


def ec2(folder: Folder) -> None:
    for vpc in folder.all(EC2, "ec2", "describe_vpcs")["Vpcs"]:
        for attribute in ("enableDnsSupport", "enableDnsHostnames"):
            answer = EC2.describe_vpc_attribute(VpcId=vpc["VpcId"], Attribute=attribute)
            folder.save(f"ec2/{vpc['VpcId']}-{attribute}.json", answer)
    for operation in (
        "describe_subnets",
        "describe_route_tables",
        "describe_internet_gateways",
        "describe_nat_gateways",
        "describe_addresses",
        "describe_vpc_endpoints",
        "describe_flow_logs",
        "describe_network_acls",
        "describe_security_groups",
        "describe_network_interfaces",
        "describe_volumes",
    ):
        folder.all(EC2, "ec2", operation)
    folder.all(EC2, "ec2", "describe_key_pairs", IncludePublicKey=True)
    for reservation in folder.all(EC2, "ec2", "describe_instances")["Reservations"]:
        for instance in reservation["Instances"]:
            asked = {"InstanceId": instance["InstanceId"], "Attribute": "userData"}
            folder.save(f"ec2/{instance['InstanceId']}-user-data.json", EC2.describe_instance_attribute(**asked))
    for template in folder.all(EC2, "ec2", "describe_launch_templates")["LaunchTemplates"]:
        asked = {"LaunchTemplateId": template["LaunchTemplateId"], "Versions": ["$Default"]}
        answer = EC2.describe_launch_template_versions(**asked)
        folder.save(f"ec2/{template['LaunchTemplateId']}.json", answer)
    folder.all(EC2, "ec2", "get_ebs_encryption_by_default")
    try:
        folder.all(EC2, "ec2", "get_ebs_default_kms_key_id")
    except (ClientError, ResponseParserError):
        # An emulator may not know the setting; then every key that somebody made is one that somebody chose.
        pass


def iam(folder: Folder) -> None:
    details = folder.all(IAM, "iam", "get_account_authorization_details")
    folder.all(IAM, "iam", "list_roles")
    for policy in details["Policies"]:
        if ":iam::aws:" not in policy["Arn"]:
            folder.of(IAM, "iam", policy["Arn"], "get_policy", PolicyArn=policy["Arn"])
    for profile in folder.all(IAM, "iam", "list_instance_profiles")["InstanceProfiles"]:
        name = profile["InstanceProfileName"]
        folder.of(IAM, "iam", name, "get_instance_profile", InstanceProfileName=name)
    folder.of(IAM, "iam", "account", "get_account_password_policy", "NoSuchEntity")


def stores(folder: Folder) -> None:
    unset = {
        "get_bucket_policy": "NoSuchBucketPolicy",
        "get_public_access_block": "NoSuchPublicAccessBlockConfiguration",
        "get_bucket_ownership_controls": "OwnershipControlsNotFoundError",
        "get_bucket_encryption": "ServerSideEncryptionConfigurationNotFoundError",
        "get_bucket_versioning": "",
        "get_bucket_logging": "",
        "get_bucket_tagging": "NoSuchTagSet",
        "get_bucket_lifecycle_configuration": "NoSuchLifecycleConfiguration",
        "get_bucket_notification_configuration": "",
    }
    for bucket in folder.all(S3, "s3", "list_buckets")["Buckets"]:
        for operation, code in unset.items():
            folder.of(S3, "s3", bucket["Name"], operation, code, Bucket=bucket["Name"])


def keys(folder: Folder) -> None:
    for key in folder.all(KMS, "kms", "list_keys")["Keys"]:
        name = key["KeyId"]
        folder.of(KMS, "kms", name, "describe_key", KeyId=name)
        folder.of(KMS, "kms", name, "get_key_policy", KeyId=name, PolicyName="default")
        folder.of(KMS, "kms", name, "list_resource_tags", KeyId=name)
        folder.of(KMS, "kms", name, "get_key_rotation_status", "UnsupportedOperationException", KeyId=name)
    folder.all(KMS, "kms", "list_aliases")


def logs(folder: Folder) -> None:
    for group in folder.all(LOGS, "logs", "describe_log_groups")["logGroups"]:
        arn = group["arn"].removesuffix(":*")
        folder.of(LOGS, "logs", group["logGroupName"], "list_tags_for_resource", resourceArn=arn)
    folder.all(LOGS, "logs", "describe_metric_filters")
    for alarm in folder.all(ALARMS, "cloudwatch", "describe_alarms")["MetricAlarms"]:
        arn = alarm["AlarmArn"]
        folder.of(ALARMS, "cloudwatch", arn, "list_tags_for_resource", ResourceARN=arn)


def ancillary(folder: Folder) -> None:
    for name in folder.all(DYNAMODB, "dynamodb", "list_tables")["TableNames"]:
        table = folder.of(DYNAMODB, "dynamodb", name, "describe_table", TableName=name)["Table"]
        folder.of(DYNAMODB, "dynamodb", name, "describe_continuous_backups", TableName=name)
        folder.of(DYNAMODB, "dynamodb", name, "describe_time_to_live", TableName=name)
        folder.of(DYNAMODB, "dynamodb", name, "list_tags_of_resource", ResourceArn=table["TableArn"])
    for url in folder.all(SQS, "sqs", "list_queues").get("QueueUrls", []):
        name = url.rsplit("/", 1)[1]
        folder.of(SQS, "sqs", name, "get_queue_attributes", QueueUrl=url, AttributeNames=["All"])
        folder.of(SQS, "sqs", name, "list_queue_tags", QueueUrl=url)
    for topic in folder.all(SNS, "sns", "list_topics")["Topics"]:
        arn = topic["TopicArn"]
        name = arn.rsplit(":", 1)[1]
        folder.of(SNS, "sns", name, "get_topic_attributes", TopicArn=arn)
        folder.of(SNS, "sns", name, "list_tags_for_resource", ResourceArn=arn)
    folder.all(SNS, "sns", "list_subscriptions")
    for function in folder.all(LAMBDA, "lambda", "list_functions")["Functions"]:
        name = function["FunctionName"]
        folder.of(LAMBDA, "lambda", name, "get_function", FunctionName=name)
        folder.of(LAMBDA, "lambda", name, "get_policy", "ResourceNotFoundException", FunctionName=name)
    owner = [{"Key": "Owner", "Values": ["Self"]}]
    for document in folder.all(SSM, "ssm", "list_documents", Filters=owner)["DocumentIdentifiers"]:
        name = document["Name"]
        folder.of(SSM, "ssm", name, "get_document", Name=name)
        folder.of(SSM, "ssm", name, "list_tags_for_resource", ResourceType="Document", ResourceId=name)


def databases(folder: Folder) -> None:
    folder.all(RDS, "rds", "describe_db_instances")
    for group in folder.all(RDS, "rds", "describe_db_subnet_groups")["DBSubnetGroups"]:
        arn = group["DBSubnetGroupArn"]
        folder.of(RDS, "rds", arn, "list_tags_for_resource", ResourceName=arn)
    for group in folder.all(RDS, "rds", "describe_db_parameter_groups")["DBParameterGroups"]:
        name, arn = group["DBParameterGroupName"], group["DBParameterGroupArn"]
        folder.of(RDS, "rds", name, "describe_db_parameters", DBParameterGroupName=name, Source="user")
        folder.of(RDS, "rds", arn, "list_tags_for_resource", ResourceName=arn)


def account(folder: Folder) -> None:
    for trail in folder.all(TRAILS, "cloudtrail", "describe_trails")["trailList"]:
        arn = trail["TrailARN"]
        folder.of(TRAILS, "cloudtrail", arn, "get_trail_status", Name=arn)
        folder.of(TRAILS, "cloudtrail", arn, "get_event_selectors", TrailName=arn)
        folder.of(TRAILS, "cloudtrail", arn, "list_tags", ResourceIdList=[arn])
    for recorder in folder.all(CONFIGS, "config", "describe_configuration_recorders")["ConfigurationRecorders"]:
        if arn := recorder.get("arn"):
            folder.of(CONFIGS, "config", arn, "list_tags_for_resource", ResourceArn=arn)
    folder.all(CONFIGS, "config", "describe_delivery_channels")
    folder.all(CONFIGS, "config", "describe_configuration_recorder_status")
    blocks = public_access_block()
    answer = {"PublicAccessBlockConfiguration": blocks} if blocks else {}
    folder.save(f"s3control/{ACCOUNT}/get-public-access-block.json", answer)
    for detector in folder.all(DETECTORS, "guardduty", "list_detectors")["DetectorIds"]:
        folder.of(DETECTORS, "guardduty", detector, "get_detector", DetectorId=detector)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
