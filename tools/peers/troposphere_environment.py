"""The network, stores, machine and ancillary services of the spec that `sce init` writes, as a CloudFormation template by troposphere.

A peer for tools/bench_process.py: it writes the template and judges nothing.
"""

from troposphere import GetAtt, Ref, Sub, Tags, Template, awslambda, dynamodb, ec2, iam, kms, logs, s3, sns, sqs

PIT = "hipaa"
template = Template()


def add(thing):
    return template.add_resource(thing)


def tags(name):
    return Tags(Name=f"{PIT}_{name}", **{"sce:pit": PIT})


def trust(service):
    allow = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [allow]}


def role(name, service, actions, resources):
    statement = {"Effect": "Allow", "Action": actions, "Resource": resources}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    policy = add(iam.ManagedPolicy(f"{name}Policy", PolicyDocument=document))
    return add(iam.Role(f"{name}Role", AssumeRolePolicyDocument=trust(service), ManagedPolicyArns=[Ref(policy)]))


vpc = add(ec2.VPC("Vpc", CidrBlock="10.0.0.0/16", EnableDnsSupport=True, EnableDnsHostnames=True, Tags=tags("vpc")))
gateway = add(ec2.InternetGateway("InternetGateway", Tags=tags("internetgateway")))
add(ec2.VPCGatewayAttachment("Attachment", VpcId=Ref(vpc), InternetGatewayId=Ref(gateway)))
public = add(ec2.Subnet("Public", VpcId=Ref(vpc), CidrBlock="10.0.0.0/24", AvailabilityZone="us-west-2a"))
private = add(ec2.Subnet("Private", VpcId=Ref(vpc), CidrBlock="10.0.1.0/24", AvailabilityZone="us-west-2a"))
address = add(ec2.EIP("Address", Domain="vpc", Tags=tags("address")))
nat = add(ec2.NatGateway("Nat", AllocationId=GetAtt(address, "AllocationId"), SubnetId=Ref(public)))
tables = {}
for name, subnet, target in [
    ("Public", public, {"GatewayId": Ref(gateway)}),
    ("Private", private, {"NatGatewayId": Ref(nat)}),
]:
    table = tables[name] = add(ec2.RouteTable(f"{name}Routes", VpcId=Ref(vpc), Tags=tags(f"{name.lower()}routes")))
    add(ec2.Route(f"{name}Default", RouteTableId=Ref(table), DestinationCidrBlock="0.0.0.0/0", **target))
    add(ec2.SubnetRouteTableAssociation(f"{name}Association", RouteTableId=Ref(table), SubnetId=Ref(subnet)))
    acl = add(ec2.NetworkAcl(f"{name}Acl", VpcId=Ref(vpc)))
    add(ec2.SubnetNetworkAclAssociation(f"{name}AclAssociation", NetworkAclId=Ref(acl), SubnetId=Ref(subnet)))
    for number, (egress, low, high) in enumerate([(False, 1024, 65535), (True, 443, 443), (True, 80, 80)]):
        add(
            ec2.NetworkAclEntry(
                f"{name}Entry{number}",
                NetworkAclId=Ref(acl),
                RuleNumber=100 + number,
                Protocol=6,
                RuleAction="allow",
                Egress=egress,
                CidrBlock="0.0.0.0/0",
                PortRange=ec2.PortRange(From=low, To=high),
            )
        )
for service in ["s3", "dynamodb"]:
    add(
        ec2.VPCEndpoint(
            f"{service.title()}Endpoint",
            VpcId=Ref(vpc),
            ServiceName=f"com.amazonaws.us-west-2.{service}",
            RouteTableIds=[Ref(table) for table in tables.values()],
        )
    )

key = add(
    kms.Key(
        "Key",
        EnableKeyRotation=True,
        KeyPolicy={
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": Sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            ],
        },
    )
)
add(kms.Alias("Alias", AliasName=f"alias/{PIT}", TargetKeyId=Ref(key)))

buckets = {}
for name in ["Logging", "Data", "Output", "Ancillary"]:
    encryption = s3.ServerSideEncryptionByDefault(SSEAlgorithm="aws:kms", KMSMasterKeyID=GetAtt(key, "Arn"))
    rule = s3.ServerSideEncryptionRule(ServerSideEncryptionByDefault=encryption, BucketKeyEnabled=True)
    more = {}
    if name != "Logging":
        destination = Ref(buckets["Logging"])
        more["LoggingConfiguration"] = s3.LoggingConfiguration(
            DestinationBucketName=destination, LogFilePrefix=f"{name.lower()}/"
        )
    bucket = buckets[name] = add(
        s3.Bucket(
            name,
            BucketName=Sub(f"{PIT}-{name.lower()}-${{AWS::AccountId}}-us-west-2"),
            BucketEncryption=s3.BucketEncryption(ServerSideEncryptionConfiguration=[rule]),
            VersioningConfiguration=s3.VersioningConfiguration(Status="Enabled"),
            PublicAccessBlockConfiguration=s3.PublicAccessBlockConfiguration(
                BlockPublicAcls=True, BlockPublicPolicy=True, IgnorePublicAcls=True, RestrictPublicBuckets=True
            ),
            OwnershipControls=s3.OwnershipControls(
                Rules=[s3.OwnershipControlsRule(ObjectOwnership="BucketOwnerEnforced")]
            ),
            Tags=tags(name.lower()),
            **more,
        )
    )
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [GetAtt(bucket, "Arn"), Sub(f"${{{name}.Arn}}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    document = {"Version": "2012-10-17", "Statement": [deny]}
    add(s3.BucketPolicy(f"{name}Policy", Bucket=Ref(bucket), PolicyDocument=document))

for name in ["Flow", "Session", "Function"]:
    add(logs.LogGroup(f"{name}Logs", RetentionInDays=2192, KmsKeyId=GetAtt(key, "Arn")))
flow = role("Flow", "vpc-flow-logs.amazonaws.com", ["logs:PutLogEvents"], [GetAtt("FlowLogs", "Arn")])
add(
    ec2.FlowLog(
        "FlowLog",
        ResourceId=Ref(vpc),
        ResourceType="VPC",
        TrafficType="ALL",
        LogGroupName=Ref("FlowLogs"),
        DeliverLogsPermissionArn=GetAtt(flow, "Arn"),
    )
)

compute = role("Compute", "ec2.amazonaws.com", ["s3:GetObject"], [Sub("${Data.Arn}/*")])
profile = add(iam.InstanceProfile("Profile", Roles=[Ref(compute)]))
group = add(
    ec2.SecurityGroup(
        "Group",
        VpcId=Ref(vpc),
        GroupDescription="the private machine",
        SecurityGroupEgress=[
            ec2.SecurityGroupRule(IpProtocol="tcp", FromPort=443, ToPort=443, CidrIp="0.0.0.0/0", Description="out")
        ],
    )
)
launch = add(
    ec2.LaunchTemplate(
        "Launch",
        LaunchTemplateData=ec2.LaunchTemplateData(
            ImageId="ami-0123456789abcdef0",
            InstanceType="m7i.large",
            MetadataOptions=ec2.MetadataOptions(HttpTokens="required"),
            IamInstanceProfile=ec2.IamInstanceProfile(Arn=GetAtt(profile, "Arn")),
            Monitoring=ec2.Monitoring(Enabled=True),
        ),
    )
)
specification = ec2.LaunchTemplateSpecification(LaunchTemplateId=Ref(launch), Version="1")
machine = add(
    ec2.Instance("Machine", LaunchTemplate=specification, SubnetId=Ref(private), SecurityGroupIds=[Ref(group)])
)
volume = add(ec2.Volume("Volume", Size=100, Encrypted=True, KmsKeyId=Ref(key), AvailabilityZone="us-west-2a"))
add(ec2.VolumeAttachment("Mount", Device="/dev/sdf", InstanceId=Ref(machine), VolumeId=Ref(volume)))

table = add(
    dynamodb.Table(
        "Files",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            dynamodb.AttributeDefinition(AttributeName="key", AttributeType="S"),
            dynamodb.AttributeDefinition(AttributeName="version", AttributeType="S"),
        ],
        KeySchema=[
            dynamodb.KeySchema(AttributeName="key", KeyType="HASH"),
            dynamodb.KeySchema(AttributeName="version", KeyType="RANGE"),
        ],
        SSESpecification=dynamodb.SSESpecification(SSEEnabled=True, SSEType="KMS", KMSMasterKeyId=Ref(key)),
        PointInTimeRecoverySpecification=dynamodb.PointInTimeRecoverySpecification(PointInTimeRecoveryEnabled=True),
    )
)
dead = add(sqs.Queue("Dead", KmsMasterKeyId=Ref(key)))
redrive = sqs.RedrivePolicy(deadLetterTargetArn=GetAtt(dead, "Arn"), maxReceiveCount=5)
queue = add(sqs.Queue("Queue", KmsMasterKeyId=Ref(key), RedrivePolicy=redrive))
add(sns.Topic("Topic", KmsMasterKeyId=Ref(key)))
lend = role("Function", "lambda.amazonaws.com", ["dynamodb:PutItem"], [GetAtt(table, "Arn")])
function = add(
    awslambda.Function(
        "Function",
        Runtime="python3.13",
        Handler="file_table.handler",
        Role=GetAtt(lend, "Arn"),
        Code=awslambda.Code(ZipFile="def handler(event, context):\n    pass\n"),
        KmsKeyArn=GetAtt(key, "Arn"),
        DeadLetterConfig=awslambda.DeadLetterConfig(TargetArn=GetAtt(queue, "Arn")),
    )
)
add(
    awslambda.Permission(
        "Invoke",
        Action="lambda:InvokeFunction",
        FunctionName=Ref(function),
        Principal="s3.amazonaws.com",
        SourceAccount=Ref("AWS::AccountId"),
    )
)
print(template.to_json())
