// The network, stores, machine and ancillary services of the spec that `sce init` writes, as a CloudFormation template by the AWS CDK.
//
// A peer for tools/bench_process.py: it writes the template and judges nothing. Level-2 constructs, as people write it.
const cdk = require("aws-cdk-lib");
const { aws_dynamodb: dynamodb, aws_ec2: ec2, aws_iam: iam, aws_kms: kms, aws_lambda: lambda } = cdk;
const { aws_logs: logs, aws_s3: s3, aws_s3_notifications: notifications, aws_sns: sns, aws_sqs: sqs } = cdk;

const app = new cdk.App({
  outdir: process.argv[2],
  context: { "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy": true },
});
const stack = new cdk.Stack(app, "hipaa", { env: { account: "111122223333", region: "us-west-2" } });
cdk.Tags.of(stack).add("sce:pit", "hipaa");

const key = new kms.Key(stack, "Key", { alias: "hipaa", enableKeyRotation: true });
const group = (name) =>
  new logs.LogGroup(stack, name, { retention: logs.RetentionDays.SIX_YEARS, encryptionKey: key });
const vpc = new ec2.Vpc(stack, "Vpc", {
  ipAddresses: ec2.IpAddresses.cidr("10.0.0.0/16"),
  availabilityZones: ["us-west-2a"],
  natGateways: 1,
  subnetConfiguration: [
    { name: "public", subnetType: ec2.SubnetType.PUBLIC, cidrMask: 24 },
    { name: "private", subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 24 },
  ],
  gatewayEndpoints: {
    s3: { service: ec2.GatewayVpcEndpointAwsService.S3 },
    dynamodb: { service: ec2.GatewayVpcEndpointAwsService.DYNAMODB },
  },
});
vpc.addFlowLog("FlowLog", { destination: ec2.FlowLogDestination.toCloudWatchLogs(group("FlowLogs")) });
for (const [name, subnetType] of [
  ["Public", ec2.SubnetType.PUBLIC],
  ["Private", ec2.SubnetType.PRIVATE_WITH_EGRESS],
]) {
  const acl = new ec2.NetworkAcl(stack, `${name}Acl`, { vpc, subnetSelection: { subnetType } });
  const entry = (id, direction, low, high, ruleNumber) =>
    acl.addEntry(id, {
      cidr: ec2.AclCidr.anyIpv4(),
      traffic: ec2.AclTraffic.tcpPortRange(low, high),
      direction,
      ruleNumber,
    });
  entry("in", ec2.TrafficDirection.INGRESS, 1024, 65535, 100);
  entry("https", ec2.TrafficDirection.EGRESS, 443, 443, 101);
  entry("http", ec2.TrafficDirection.EGRESS, 80, 80, 102);
}

const store = (name, more) =>
  new s3.Bucket(stack, name, {
    bucketName: `hipaa-${name.toLowerCase()}-111122223333-us-west-2`,
    encryption: s3.BucketEncryption.KMS,
    encryptionKey: key,
    bucketKeyEnabled: true,
    versioned: true,
    enforceSSL: true,
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
    ...more,
  });
const logging = store("Logging", {});
const logged = (name) => store(name, { serverAccessLogsBucket: logging, serverAccessLogsPrefix: `${name.toLowerCase()}/` });
const [data] = ["Data", "Output", "Ancillary"].map(logged);

const compute = new iam.Role(stack, "Compute", { assumedBy: new iam.ServicePrincipal("ec2.amazonaws.com") });
data.grantRead(compute);
const security = new ec2.SecurityGroup(stack, "Group", { vpc, allowAllOutbound: false });
security.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), "out");
const machine = new ec2.Instance(stack, "Machine", {
  vpc,
  vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
  instanceType: new ec2.InstanceType("m7i.large"),
  machineImage: ec2.MachineImage.genericLinux({ "us-west-2": "ami-0123456789abcdef0" }),
  role: compute,
  securityGroup: security,
  requireImdsv2: true,
  detailedMonitoring: true,
});
const volume = new ec2.Volume(stack, "Volume", {
  availabilityZone: "us-west-2a",
  size: cdk.Size.gibibytes(100),
  encrypted: true,
  encryptionKey: key,
});
new ec2.CfnVolumeAttachment(stack, "Mount", {
  device: "/dev/sdf",
  instanceId: machine.instanceId,
  volumeId: volume.volumeId,
});

const table = new dynamodb.Table(stack, "Files", {
  partitionKey: { name: "key", type: dynamodb.AttributeType.STRING },
  sortKey: { name: "version", type: dynamodb.AttributeType.STRING },
  billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
  encryption: dynamodb.TableEncryption.CUSTOMER_MANAGED,
  encryptionKey: key,
  pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
});
const queue = (name, more) => new sqs.Queue(stack, name, { encryptionMasterKey: key, ...more });
const dead = queue("Dead", {});
const failed = queue("Queue", { deadLetterQueue: { queue: dead, maxReceiveCount: 5 } });
new sns.Topic(stack, "Topic", { masterKey: key });
group("SessionLogs");
const recorder = new lambda.Function(stack, "Function", {
  runtime: lambda.Runtime.PYTHON_3_13,
  handler: "file_table.handler",
  code: lambda.Code.fromInline("def handler(event, context):\n    pass\n"),
  environmentEncryption: key,
  deadLetterQueue: failed,
  logGroup: group("FunctionLogs"),
});
table.grantWriteData(recorder);
data.addEventNotification(s3.EventType.OBJECT_CREATED, new notifications.LambdaDestination(recorder));

app.synth();
