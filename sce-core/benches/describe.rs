//! At what rate saved describe output becomes a network, and how much memory that takes, beside `serde_json::Value` made of the same
//! bytes.
//!
//! The input is one answer of `aws ec2 describe-network-interfaces`, as the AWS CLI indents it; its answers are written by
//! `interface`, after what AWS answers. Rates are by CPU time, so that what else the machine does does not count. Memory is the
//! process's own peak as Linux tells it, with the input in it; elsewhere none is told. The input is 200 MB, or as many as the
//! environment variable `SCE_BENCH_MB` says.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;

use cpu_time::ProcessTime;
use sce_core::aws::describe::read;
use sce_core::aws::describe::tree::File;
use serde_json::Value;

/// Each side runs this often, and its best run counts: what disturbs a run only ever slows it down.
const RUNS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let megabytes: usize = env::var("SCE_BENCH_MB").map_or(Ok(200), |text| text.parse())?;
    let text = interfaces(megabytes * 1_000_000);
    let ours = best_of(|| network(&text))?;
    // Last, since a process gives little memory back.
    let theirs = best_of(|| value(&text))?;
    report(&text, &ours, &theirs);
    Ok(())
}

/// What one run took.
struct Run {
    things: usize,
    seconds: f64,
    peak: Option<f64>,
}

fn network(text: &str) -> Result<usize, Box<dyn Error>> {
    let described = read([File { path: "interfaces.json", bytes: text.as_bytes() }])?;
    Ok(described.network.interfaces.len())
}

fn value(text: &str) -> Result<usize, Box<dyn Error>> {
    let value: Value = serde_json::from_str(text)?;
    Ok(value["NetworkInterfaces"].as_array().map_or(0, Vec::len))
}

fn best_of(read: impl Fn() -> Result<usize, Box<dyn Error>>) -> Result<Run, Box<dyn Error>> {
    let mut best: Option<Run> = None;
    for _ in 0..RUNS {
        // Linux: from here on the peak is counted anew.
        drop(fs::write("/proc/self/clear_refs", "5"));
        let start = ProcessTime::try_now()?;
        let things = read()?;
        let seconds = start.try_elapsed()?.as_secs_f64();
        let run = Run { things, seconds, peak: peak() };
        best = Some(best.take().filter(|best| best.seconds <= run.seconds).unwrap_or(run));
    }
    best.ok_or_else(|| "no run".into())
}

/// The most memory that the process had at once, in MB.
fn peak() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0 / 1e6)
}

#[expect(clippy::print_stdout, reason = "the figures are what the bench is run for")]
fn report(text: &str, ours: &Run, theirs: &Run) {
    let megabytes = text.len() as f64 / 1e6;
    let memory = |run: &Run| match run.peak {
        Some(peak) => format!("peak {peak:.0} MB, {:.2} times the input", peak / megabytes),
        None => "peak not known".to_owned(),
    };
    println!(
        "describe: {} interfaces, {megabytes:.0} MB; sce-core {:.0} MB/CPU s, {}; serde_json::Value {:.0} MB/CPU s, {}; ratio {:.1}",
        ours.things,
        megabytes / ours.seconds,
        memory(ours),
        megabytes / theirs.seconds,
        memory(theirs),
        theirs.seconds / ours.seconds,
    );
}

/// An answer of about that many bytes.
fn interfaces(bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 4096);
    text.push_str("{\n    \"NetworkInterfaces\": [\n");
    let mut number = 0;
    while text.len() < bytes {
        if number > 0 {
            text.push_str(",\n");
        }
        interface(&mut text, number);
        number += 1;
    }
    text.push_str("\n    ]\n}\n");
    text
}

/// Every fourth has a public address.
fn interface(text: &mut String, number: usize) {
    let (group, subnet) = (number % 5000, number % 500);
    let address = format!("10.{}.{}.{}", number >> 16 & 0xff, number >> 8 & 0xff, number & 0xff);
    let host = address.replace('.', "-");
    let association = |indent: &str| match number % 4 {
        0 => format!(
            r#"{indent}"Association": {{
{indent}    "AllocationId": "eipalloc-0{number:016x}",
{indent}    "AssociationId": "eipassoc-0{number:016x}",
{indent}    "IpOwnerId": "111122223333",
{indent}    "PublicDnsName": "ec2-54-{host}.us-west-2.compute.amazonaws.com",
{indent}    "PublicIp": "54.{}.{}.{}"
{indent}}},
"#,
            number >> 16 & 0xff,
            number >> 8 & 0xff,
            number & 0xff
        ),
        _ => String::new(),
    };
    let (outer, inner) = (association("            "), association("                    "));
    let written = write!(
        text,
        r#"        {{
{outer}            "Attachment": {{
                "AttachTime": "2026-01-02T03:04:05+00:00",
                "AttachmentId": "eni-attach-0{number:016x}",
                "DeleteOnTermination": true,
                "DeviceIndex": 0,
                "NetworkCardIndex": 0,
                "InstanceId": "i-0{number:016x}",
                "InstanceOwnerId": "111122223333",
                "Status": "attached"
            }},
            "AvailabilityZone": "us-west-2a",
            "Description": "",
            "Groups": [
                {{
                    "GroupId": "sg-0{group:016x}",
                    "GroupName": "workers-{group}"
                }},
                {{
                    "GroupId": "sg-0ffff{group:012x}",
                    "GroupName": "monitored-{group}"
                }}
            ],
            "InterfaceType": "interface",
            "Ipv6Addresses": [],
            "MacAddress": "02:0a:0b:0c:0d:0e",
            "NetworkInterfaceId": "eni-0{number:016x}",
            "OwnerId": "111122223333",
            "PrivateDnsName": "ip-{host}.us-west-2.compute.internal",
            "PrivateIpAddress": "{address}",
            "PrivateIpAddresses": [
                {{
{inner}                    "Primary": true,
                    "PrivateDnsName": "ip-{host}.us-west-2.compute.internal",
                    "PrivateIpAddress": "{address}"
                }}
            ],
            "RequesterId": "AIDAEXAMPLEEXAMPLE",
            "RequesterManaged": false,
            "SourceDestCheck": true,
            "Status": "in-use",
            "SubnetId": "subnet-0{subnet:016x}",
            "TagSet": [
                {{
                    "Key": "Name",
                    "Value": "worker-{number}"
                }}
            ],
            "VpcId": "vpc-0123456789abcdef0"
        }}"#
    );
    debug_assert!(written.is_ok(), "a string takes all that is written");
}
