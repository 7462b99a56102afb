#!/usr/bin/env python3
"""The same environment, made as somebody makes it who knows what he wants: boto3, one call after another, and no look at what is there.

    peer.py PLAN.json        builds what the plan says, in its order, in an account where nothing of it is; prints calls and seconds

The plan is the recipe, so that both build the same; a script written by hand would have its names, policies and ranges as literals, and
send the same calls. It makes each thing with the fewest calls that AWS allows (tags with the creating call, all rules of a group at once,
settings of AWS's that are as wanted left alone), waits only where the next call needs it, and neither verifies nor records anything: it
cannot be run a second time, nor taken up where it stopped. It is the yardstick for `make bench`.
"""

import base64
import io
import json
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import reader
from reader import ACCOUNT, EC2, IAM, KMS, LOGS, REGION, S3, SSM

FUNCTION = Path(__file__).resolve().parent.parent / "sce-core/src/function/file_table.py"
IDS: dict[str, str] = {}
CALLS = {"all": 0, "mutating": 0}
PROTOCOL = {"tcp": "6", "udp": "17", "all": "-1"}


def count(model: Any, **_: Any) -> None:
    CALLS["all"] += 1
    CALLS["mutating"] += not model.name.startswith(("Describe", "Get", "List", "Head"))


def resolve(value: Any) -> Any:
    if isinstance(value, str):
        for name, known in IDS.items():
            value = value.replace(name, known)
        return value
    if isinstance(value, list):
        return [resolve(one) for one in value]
    return {key: resolve(one) for key, one in value.items()} if isinstance(value, dict) else value


def pairs(node: dict[str, Any]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in node["tags"].items()]


def tagged(node: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": pairs(node)}]}


def keep(node: dict[str, Any], *, id: str = "", arn: str = "") -> None:
    IDS[f"${{{node['id']}.id}}"], IDS[f"${{{node['id']}.arn}}"] = id, arn


def in_vpc(vpc: str, **more: str) -> list[dict[str, Any]]:
    return [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in ({"vpc_id": vpc} | more).items()]


def vpc(node: dict[str, Any], w: dict[str, Any]) -> None:
    made = EC2.create_vpc(CidrBlock=w["cidr"], InstanceTenancy=w["tenancy"], **tagged(node, "vpc"))["Vpc"]["VpcId"]
    EC2.get_waiter("vpc_available").wait(VpcIds=[made])
    EC2.modify_vpc_attribute(VpcId=made, EnableDnsHostnames={"Value": w["dns_hostnames"]})
    keep(node, id=made)


def subnet(node: dict[str, Any], w: dict[str, Any]) -> None:
    made = EC2.create_subnet(VpcId=w["vpc"], CidrBlock=w["cidr"], AvailabilityZone=w["zone"], **tagged(node, "subnet"))
    keep(node, id=made["Subnet"]["SubnetId"])


def internet_gateway(node: dict[str, Any], w: dict[str, Any]) -> None:
    made = EC2.create_internet_gateway(**tagged(node, "internet-gateway"))["InternetGateway"]["InternetGatewayId"]
    EC2.attach_internet_gateway(InternetGatewayId=made, VpcId=w["vpc"])
    keep(node, id=made)


def elastic_ip(node: dict[str, Any], w: dict[str, Any]) -> None:
    keep(node, id=EC2.allocate_address(Domain="vpc", **tagged(node, "elastic-ip"))["AllocationId"])


def nat_gateway(node: dict[str, Any], w: dict[str, Any]) -> None:
    made = EC2.create_nat_gateway(SubnetId=w["subnet"], AllocationId=w["address"], **tagged(node, "natgateway"))
    made = made["NatGateway"]["NatGatewayId"]
    EC2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[made])
    keep(node, id=made)


def route_table(node: dict[str, Any], w: dict[str, Any]) -> None:
    if w["main"]:
        tables = EC2.describe_route_tables(Filters=in_vpc(w["vpc"]) + [{"Name": "association.main", "Values": ["true"]}])
        made = tables["RouteTables"][0]["RouteTableId"]
        EC2.create_tags(Resources=[made], Tags=pairs(node))
    else:
        made = EC2.create_route_table(VpcId=w["vpc"], **tagged(node, "route-table"))["RouteTable"]["RouteTableId"]
    keep(node, id=made)


def route(node: dict[str, Any], w: dict[str, Any]) -> None:
    ((kind, target),) = w["target"].items()
    field = {"nat-gateway": "NatGatewayId", "internet-gateway": "GatewayId"}[kind]
    EC2.create_route(RouteTableId=w["table"], DestinationCidrBlock=w["destination"], **{field: target})


def route_table_association(node: dict[str, Any], w: dict[str, Any]) -> None:
    EC2.associate_route_table(RouteTableId=w["table"], SubnetId=w["subnet"])


def gateway_endpoint(node: dict[str, Any], w: dict[str, Any]) -> None:
    made = EC2.create_vpc_endpoint(
        VpcId=w["vpc"], ServiceName=w["service"], VpcEndpointType="Gateway", RouteTableIds=w["route_tables"],
        PolicyDocument=json.dumps(w["policy"]), **tagged(node, "vpc-endpoint"),
    )
    keep(node, id=made["VpcEndpoint"]["VpcEndpointId"])


def interface_endpoint(node: dict[str, Any], w: dict[str, Any]) -> None:
    made = EC2.create_vpc_endpoint(
        VpcId=w["vpc"], ServiceName=w["service"], VpcEndpointType="Interface", SubnetIds=w["subnets"],
        SecurityGroupIds=w["groups"], PrivateDnsEnabled=w["private_dns"], PolicyDocument=json.dumps(w["policy"]),
        **tagged(node, "vpc-endpoint"),
    )
    keep(node, id=made["VpcEndpoint"]["VpcEndpointId"])


def default_security_group(node: dict[str, Any], w: dict[str, Any]) -> None:
    (group,) = EC2.describe_security_groups(Filters=in_vpc(w["vpc"], group_name="default"))["SecurityGroups"]
    if group["IpPermissions"]:
        EC2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
    EC2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=group["IpPermissionsEgress"])
    EC2.create_tags(Resources=[group["GroupId"]], Tags=pairs(node))
    keep(node, id=group["GroupId"])


def network_acl(node: dict[str, Any], w: dict[str, Any]) -> None:
    acl = EC2.create_network_acl(VpcId=w["vpc"], **tagged(node, "network-acl"))["NetworkAcl"]["NetworkAclId"]
    for egress, rules in ((False, w["ingress"]), (True, w["egress"])):
        for number, rule in rules.items():
            ports = {"PortRange": {"From": rule["ports"][0], "To": rule["ports"][1]}} if rule["ports"] else {}
            EC2.create_network_acl_entry(
                NetworkAclId=acl, RuleNumber=int(number), Protocol=PROTOCOL[rule["protocol"]], Egress=egress,
                RuleAction="allow" if rule["allow"] else "deny", CidrBlock=rule["cidr"], **ports,
            )
    for guarded in w["subnets"]:
        filters = [{"Name": "association.subnet-id", "Values": [guarded]}]
        for guard in EC2.describe_network_acls(Filters=filters)["NetworkAcls"]:
            for one in guard["Associations"]:
                if one["SubnetId"] == guarded:
                    EC2.replace_network_acl_association(AssociationId=one["NetworkAclAssociationId"], NetworkAclId=acl)
    keep(node, id=acl)


def permissions(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    answer = []
    for rule in rules:
        ((kind, peer),) = rule["peer"].items()
        words = {"Description": rule["description"]}
        one: dict[str, Any] = {"IpProtocol": "-1" if rule["protocol"] == "all" else rule["protocol"]}
        if rule["ports"]:
            one |= {"FromPort": rule["ports"][0], "ToPort": rule["ports"][1]}
        match kind:
            case "cidr":
                one["IpRanges"] = [{"CidrIp": peer} | words]
            case "group":
                one["UserIdGroupPairs"] = [{"GroupId": peer} | words]
            case _:
                one["PrefixListIds"] = [{"PrefixListId": peer} | words]
        answer.append(one)
    return answer


def security_group(node: dict[str, Any], w: dict[str, Any]) -> None:
    made = EC2.create_security_group(
        GroupName=node["name"], Description=w["description"], VpcId=w["vpc"], **tagged(node, "security-group")
    )["GroupId"]
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    EC2.revoke_security_group_egress(GroupId=made, IpPermissions=everything)
    if w["ingress"]:
        EC2.authorize_security_group_ingress(GroupId=made, IpPermissions=permissions(w["ingress"]))
    if w["egress"]:
        EC2.authorize_security_group_egress(GroupId=made, IpPermissions=permissions(w["egress"]))
    keep(node, id=made)


def flow_log(node: dict[str, Any], w: dict[str, Any]) -> None:
    made = EC2.create_flow_logs(
        ResourceType="VPC", ResourceIds=[w["vpc"]], TrafficType=w["traffic"].upper(), LogDestinationType="cloud-watch-logs",
        LogDestination=w["destination"], DeliverLogsPermissionArn=w["role"], MaxAggregationInterval=w["aggregation_seconds"],
        **tagged(node, "vpc-flow-log"),
    )
    keep(node, id=made["FlowLogIds"][0])


def log_group(node: dict[str, Any], w: dict[str, Any]) -> None:
    key = {"kmsKeyId": w["key"]} if w["key"] else {}
    LOGS.create_log_group(logGroupName=node["name"], tags=node["tags"], **key)
    LOGS.put_retention_policy(logGroupName=node["name"], retentionInDays=w["retention_days"])
    keep(node, id=node["name"], arn=f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{node['name']}")


def role(node: dict[str, Any], w: dict[str, Any]) -> None:
    bound = {"PermissionsBoundary": w["permissions_boundary"]} if w["permissions_boundary"] else {}
    made = IAM.create_role(
        RoleName=node["name"], AssumeRolePolicyDocument=json.dumps(w["trust"]), Tags=pairs(node),
        MaxSessionDuration=w["max_session_seconds"], **bound,
    )["Role"]
    for policy in w["policies"]:
        IAM.attach_role_policy(RoleName=node["name"], PolicyArn=policy)
    keep(node, id=node["name"], arn=made["Arn"])


def managed_policy(node: dict[str, Any], w: dict[str, Any]) -> None:
    made = IAM.create_policy(PolicyName=node["name"], PolicyDocument=json.dumps(w["document"]), Tags=pairs(node))
    keep(node, id=node["name"], arn=made["Policy"]["Arn"])


def instance_profile(node: dict[str, Any], w: dict[str, Any]) -> None:
    made = IAM.create_instance_profile(InstanceProfileName=node["name"], Tags=pairs(node))["InstanceProfile"]
    IAM.add_role_to_instance_profile(InstanceProfileName=node["name"], RoleName=w["role"])
    keep(node, id=node["name"], arn=made["Arn"])


def kms_key(node: dict[str, Any], w: dict[str, Any]) -> None:
    tags = [{"TagKey": key, "TagValue": value} for key, value in node["tags"].items()]
    made = KMS.create_key(Policy=json.dumps(w["policy"]), Description=w["description"], Tags=tags)["KeyMetadata"]
    KMS.enable_key_rotation(KeyId=made["KeyId"])
    keep(node, id=made["KeyId"], arn=made["Arn"])


def kms_alias(node: dict[str, Any], w: dict[str, Any]) -> None:
    KMS.create_alias(AliasName=node["name"], TargetKeyId=w["key"])


def bucket(node: dict[str, Any], w: dict[str, Any]) -> None:
    name = {"Bucket": node["name"]}
    S3.create_bucket(**name, CreateBucketConfiguration={"LocationConstraint": REGION}, ObjectOwnership="BucketOwnerEnforced")
    S3.put_bucket_tagging(**name, Tagging={"TagSet": pairs(node)})
    blocks = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    S3.put_public_access_block(**name, PublicAccessBlockConfiguration=dict.fromkeys(blocks, True))
    if w["encryption"] != "s3":
        kms = w["encryption"]["kms"]
        default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": kms["key"]}
        rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": kms["bucket_key"]}
        S3.put_bucket_encryption(**name, ServerSideEncryptionConfiguration={"Rules": [rule]})
    S3.put_bucket_versioning(**name, VersioningConfiguration={"Status": "Enabled"})
    if w["policy"]:
        S3.put_bucket_policy(**name, Policy=json.dumps(w["policy"]))
    if w["access_log"]:
        target = {"TargetBucket": w["access_log"]["bucket"], "TargetPrefix": w["access_log"]["prefix"]}
        S3.put_bucket_logging(**name, BucketLoggingStatus={"LoggingEnabled": target})
    if w["lifecycle"]:
        S3.put_bucket_lifecycle_configuration(
            **name, LifecycleConfiguration={"Rules": [lifecycle(key, rule) for key, rule in w["lifecycle"].items()]}
        )
    keep(node, id=node["name"], arn=f"arn:aws:s3:::{node['name']}")


def lifecycle(name: str, rule: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"ID": name, "Status": "Enabled", "Filter": {"Prefix": ""}}
    if rule.get("abort_upload_days"):
        answer["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": rule["abort_upload_days"]}
    if rule.get("expire_older_versions_days"):
        answer["NoncurrentVersionExpiration"] = {"NoncurrentDays": rule["expire_older_versions_days"]}
    if rule.get("expire_days"):
        answer["Expiration"] = {"Days": rule["expire_days"]}
    return answer


def bucket_object(node: dict[str, Any], w: dict[str, Any]) -> None:
    tags = "&".join(f"{reader.quote_plus(key)}={reader.quote_plus(value)}" for key, value in node["tags"].items())
    S3.put_object(
        Bucket=w["bucket"], Key=w["key"], Body=w["content"].encode(), Tagging=tags, ServerSideEncryption="aws:kms",
        SSEKMSKeyId=w["encryption_key"],
    )


def launch_template(node: dict[str, Any], w: dict[str, Any]) -> None:
    interface = {"DeviceIndex": 0, "Groups": w["groups"], "AssociatePublicIpAddress": w["public_address"]}
    root = w["root"]
    ebs = {"VolumeSize": root["size_gib"], "VolumeType": root["volume_type"], "Encrypted": True, "DeleteOnTermination": True}
    data = {
        "ImageId": w["image"], "InstanceType": w["instance_type"], "IamInstanceProfile": {"Arn": w["profile"]},
        "NetworkInterfaces": [interface | {"DeleteOnTermination": True}], "Monitoring": {"Enabled": w["detailed_monitoring"]},
        "MetadataOptions": {
            "HttpTokens": "required", "HttpPutResponseHopLimit": w["metadata_hop_limit"], "HttpEndpoint": "enabled",
        },
        "Placement": {"Tenancy": w["tenancy"]}, "UserData": base64.b64encode(w["user_data"].encode()).decode(),
        "BlockDeviceMappings": [{"DeviceName": root["device"], "Ebs": ebs | ({"KmsKeyId": root["key"]} if root["key"] else {})}],
    }
    if w["key_pair"]:
        data["KeyName"] = w["key_pair"]
    made = EC2.create_launch_template(
        LaunchTemplateName=node["name"], LaunchTemplateData=data, **tagged(node, "launch-template")
    )
    keep(node, id=made["LaunchTemplate"]["LaunchTemplateId"])


def instance(node: dict[str, Any], w: dict[str, Any]) -> None:
    tags = [{"ResourceType": kind, "Tags": pairs(node)} for kind in ("instance", "volume", "network-interface")]
    interface = {"DeviceIndex": 0, "SubnetId": w["subnet"], "Groups": w["groups"], "AssociatePublicIpAddress": w["public_address"]}
    made = EC2.run_instances(
        LaunchTemplate={"LaunchTemplateId": w["template"]}, MinCount=1, MaxCount=1, NetworkInterfaces=[interface],
        TagSpecifications=tags,
    )["Instances"][0]["InstanceId"]
    EC2.get_waiter("instance_running").wait(InstanceIds=[made])
    keep(node, id=made)


def volume(node: dict[str, Any], w: dict[str, Any]) -> None:
    key = {"KmsKeyId": w["key"]} if w["key"] else {}
    made = EC2.create_volume(
        AvailabilityZone=w["zone"], Size=w["size_gib"], VolumeType=w["volume_type"], Encrypted=True, **key,
        **tagged(node, "volume"),
    )["VolumeId"]
    EC2.get_waiter("volume_available").wait(VolumeIds=[made])
    keep(node, id=made)


def volume_attachment(node: dict[str, Any], w: dict[str, Any]) -> None:
    EC2.attach_volume(VolumeId=w["volume"], InstanceId=w["instance"], Device=w["device"])


def session_document(node: dict[str, Any], w: dict[str, Any]) -> None:
    inputs = {
        "cloudWatchLogGroupName": w["log_group"], "cloudWatchEncryptionEnabled": True, "cloudWatchStreamingEnabled": True,
        "kmsKeyId": w["key"] or "", "idleSessionTimeout": str(w["idle_minutes"]), "runAsEnabled": w["run_as_self"],
        "maxSessionDuration": str(w["max_minutes"] or ""), "runAsDefaultUser": "", "s3BucketName": "", "s3KeyPrefix": "",
        "s3EncryptionEnabled": True, "shellProfile": {"windows": "", "linux": ""},
    }
    content = {"schemaVersion": "1.0", "description": "", "sessionType": "Standard_Stream", "inputs": inputs}
    SSM.create_document(
        Name=node["name"], Content=json.dumps(content), DocumentType="Session", DocumentFormat="JSON", Tags=pairs(node)
    )


def dynamodb_table(node: dict[str, Any], w: dict[str, Any]) -> None:
    keys = [(w["partition_key"], "HASH")] + ([(w["sort_key"], "RANGE")] if w["sort_key"] else [])
    key = {"SSESpecification": {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": w["key"]}} if w["key"] else {}
    reader.DYNAMODB.create_table(
        TableName=node["name"], AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys], BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=w["deletion_protection"], Tags=pairs(node), **key,
    )
    reader.DYNAMODB.get_waiter("table_exists").wait(TableName=node["name"])
    if w["point_in_time_recovery"]:
        reader.DYNAMODB.update_continuous_backups(
            TableName=node["name"], PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
    if w["expiry"]:
        reader.DYNAMODB.update_time_to_live(
            TableName=node["name"], TimeToLiveSpecification={"Enabled": True, "AttributeName": w["expiry"]}
        )
    keep(node, id=node["name"], arn=f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{node['name']}")


def queue(node: dict[str, Any], w: dict[str, Any]) -> None:
    attributes = {"MessageRetentionPeriod": str(w["retention_seconds"]), "VisibilityTimeout": str(w["visibility_seconds"])}
    if w["key"]:
        attributes["KmsMasterKeyId"] = w["key"]
    if w["redrive"]:
        attributes["RedrivePolicy"] = json.dumps(
            {"deadLetterTargetArn": w["redrive"]["queue"], "maxReceiveCount": w["redrive"]["max_receives"]}
        )
    if w["policy"]:
        attributes["Policy"] = json.dumps(w["policy"])
    made = reader.SQS.create_queue(QueueName=node["name"], Attributes=attributes, tags=node["tags"])
    keep(node, id=made["QueueUrl"], arn=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{node['name']}")


def topic(node: dict[str, Any], w: dict[str, Any]) -> None:
    attributes = ({"KmsMasterKeyId": w["key"]} if w["key"] else {}) | ({"Policy": json.dumps(w["policy"])} if w["policy"] else {})
    made = reader.SNS.create_topic(Name=node["name"], Attributes=attributes, Tags=pairs(node))["TopicArn"]
    keep(node, id=node["name"], arn=made)


def subscription(node: dict[str, Any], w: dict[str, Any]) -> None:
    reader.SNS.subscribe(TopicArn=w["topic"], Protocol=w["protocol"], Endpoint=w["endpoint"])


def function(node: dict[str, Any], w: dict[str, Any]) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("file_table.py", FUNCTION.read_text())
    key = {"KMSKeyArn": w["key"]} if w["key"] else {}
    made = reader.LAMBDA.create_function(
        FunctionName=node["name"], Role=w["role"], Handler=w["handler"], Runtime=w["runtime"], Architectures=[w["architecture"]],
        Code={"ZipFile": packed.getvalue()}, Environment={"Variables": w["environment"]}, Timeout=w["timeout_seconds"],
        MemorySize=w["memory_mib"], DeadLetterConfig={"TargetArn": w["dead_letters"]}, LoggingConfig={"LogGroup": w["log_group"]},
        Tags=node["tags"], **key,
    )
    reader.LAMBDA.get_waiter("function_active_v2").wait(FunctionName=node["name"])
    if w["reserved_concurrency"] is not None:
        reader.LAMBDA.put_function_concurrency(
            FunctionName=node["name"], ReservedConcurrentExecutions=w["reserved_concurrency"]
        )
    keep(node, id=node["name"], arn=made["FunctionArn"])


def function_permission(node: dict[str, Any], w: dict[str, Any]) -> None:
    reader.LAMBDA.add_permission(
        FunctionName=w["function"], StatementId=node["id"], Action="lambda:InvokeFunction", Principal=w["service"],
        SourceArn=w["source"], SourceAccount=w["source_account"],
    )


def bucket_notification(node: dict[str, Any], w: dict[str, Any]) -> None:
    told = {"Id": node["id"], "LambdaFunctionArn": w["function"], "Events": w["events"]}
    S3.put_bucket_notification_configuration(
        Bucket=w["bucket"], NotificationConfiguration={"LambdaFunctionConfigurations": [told]}
    )


def main(path: str) -> None:
    with open(path, encoding="utf-8") as file:
        plan = json.load(file)
    for name in ("EC2", "S3", "IAM", "KMS", "LOGS", "SSM", "DYNAMODB", "LAMBDA", "SQS", "SNS"):
        getattr(reader, name).meta.events.register("before-call", count)
    begun = time.monotonic()
    by_node = {}
    # What an account has once, such as the registry, is none of a script's that builds one environment.
    for node in (one for one in plan["nodes"] if one["scope"] == "pit"):
        before = CALLS["all"]
        globals()[node["kind"].replace("-", "_")](node, resolve(node["properties"]))
        by_node[node["id"]] = CALLS["all"] - before
    print(json.dumps(CALLS | {"seconds": time.monotonic() - begun, "by_node": by_node}))


if __name__ == "__main__":
    main(sys.argv[1])
