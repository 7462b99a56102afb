//! Speed where calls take time, for `make bench`: apply beside a sequential boto3 script that builds the same, and the list of 200
//! environments.
//!
//! ```text
//! speed [--latency MILLISECONDS] [--environments N] [--sce PROGRAM] [--calls] [--timeline]
//! ```
//!
//! `--calls` counts the calls of each run by operation; `--timeline` lists those of both applies with when they came and were
//! answered.
//!
//! The proxy holds up every call of either side for so long. The emulators answer on the same cores meanwhile, so that their own time is in
//! both sides' figures; the third column is without it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use sce_tests::proxy::{Call, Proxy};
use sce_tests::reader::Reader;
use sce_tests::{Emulators, root, run};
use serde_json::Value;

/// What is built: a private machine with a volume, no database (moto's is there at once, AWS's takes ten minutes).
const SPEC: &str = "[compute.private]\ntype = \"m7i.large\"\ndata_volume_gib = 100\n";

fn main() {
    let (latency, environments, program) = asked();
    let mut emulators = Emulators::start();
    if let Some(program) = program {
        emulators.use_sce(program);
    }
    let (proxy, mut reader) = (Proxy::before(&emulators), Reader::of(&emulators));
    let folder = tempfile::tempdir().expect("a folder can be made");
    let spec = sce_tests::spec(folder.path(), "hipaa", SPEC);
    run(emulators.sce().arg("lock").arg(&spec)).with_status(0);
    let plan_file = folder.path().join("plan.json");
    let plan = run(emulators.sce().arg("plan").arg(&spec).arg("--json")).with_status(0);
    fs::write(&plan_file, &plan.stdout).expect("the plan is written");
    let plan: Value = plan.json();

    // Once without latency: what the emulators themselves take, and their first answers, which are slow.
    // The account has its registry already, as it has for every environment but the first.
    let neighbour = sce_tests::spec(folder.path(), "neighbour", "");
    run(emulators.sce().arg("apply").arg(&neighbour)).with_status(0);
    let bare = ours(&emulators, &proxy, &spec);
    reader.reset();
    let peer_bare = theirs(&emulators, &proxy, &plan_file);
    reader.reset();

    run(emulators.sce().arg("apply").arg(&neighbour)).with_status(0);
    proxy.delay(latency);
    let first = ours(&emulators, &proxy, &spec);
    let most = proxy.most_at_once();
    let again = ours(&emulators, &proxy, &spec);
    let changes: Vec<_> = again.calls.iter().filter(|call| call.is_mutating()).collect();
    proxy.delay(Duration::ZERO);
    reader.reset();
    proxy.delay(latency);
    let peer = theirs(&emulators, &proxy, &plan_file);
    proxy.delay(Duration::ZERO);
    reader.reset();

    let steps = critical_path(&plan, &peer.by_node);
    let path = latency * u32::try_from(steps).unwrap_or(u32::MAX);
    let ms = latency.as_millis();
    say(&format!(
        "environment: {} nodes beside another in an account; {ms} ms added to each call; best seen at once: {most} calls",
        peer.by_node.len()
    ));
    say(&format!("critical path: {steps} calls that wait for each other, {:.1} s of latency", path.as_secs_f64()));
    for (name, run, bare) in [("sce apply", &first, &bare), ("sequential boto3", &peer, &peer_bare)] {
        let (calls, changes) = (run.calls.len(), run.calls.iter().filter(|call| call.is_mutating()).count());
        say(&format!(
            "{name:16} {:6.1} s, {calls} calls, {changes} of them changes; {:.1} s of it without added latency",
            run.seconds, bare.seconds
        ));
    }
    let ours_to_resources = first.calls.iter().filter(|call| call.is_mutating() && !is_registry(call)).count();
    say(&format!("changes of things of the plan, the registry's lease and journal aside: {ours_to_resources}"));
    say(&format!("apply / critical path            {:5.2} (wanted: at most 1.3)", first.seconds / path.as_secs_f64()));
    say(&format!("boto3 / apply                    {:5.2} (wanted: at least 4)", peer.seconds / first.seconds));
    say(&format!(
        "second apply {:.1} s / first        {:5.2} (wanted: at most 0.25)",
        again.seconds,
        again.seconds / first.seconds
    ));
    let mut names = BTreeMap::<&str, usize>::new();
    for call in &changes {
        *names.entry(call.operation.as_str()).or_default() += 1;
    }
    say(&format!("second apply's changes: {names:?} (wanted: the lease alone)"));
    if std::env::args().any(|argument| argument == "--calls") {
        for (name, run) in [("first apply", &first), ("second apply", &again), ("boto3", &peer)] {
            say(&format!("{name}: {}", by_operation(&run.calls)));
        }
    }
    if std::env::args().any(|argument| argument == "--timeline") {
        for (name, run) in [("first apply", &first), ("second apply", &again)] {
            say(&format!("{name}: when each call came and was answered, in ms"));
            for call in &run.calls {
                let answered = call.answered.unwrap_or(call.came);
                say(&format!("{:7} {:7} {}", call.came.as_millis(), answered.as_millis(), call.operation));
            }
        }
    }
    listing(&emulators, &mut reader, &spec, folder.path(), environments);
}

/// How often each operation was called, the most frequent first.
fn by_operation(calls: &[Call]) -> String {
    let mut counts = BTreeMap::<&str, usize>::new();
    for call in calls {
        *counts.entry(call.operation.as_str()).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    counts.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
}

struct Measured {
    seconds: f64,
    calls: Vec<Call>,
    by_node: BTreeMap<String, usize>,
}

fn ours(emulators: &Emulators, proxy: &Proxy, spec: &Path) -> Measured {
    proxy.rule([]);
    let begun = Instant::now();
    let mut command = proxy.sce(emulators);
    proxy.run(command.arg("apply").arg(spec).arg("--json")).with_status(0);
    Measured { seconds: begun.elapsed().as_secs_f64(), calls: proxy.calls(), by_node: BTreeMap::new() }
}

/// The script's own clock: what Python takes to start is not counted.
fn theirs(emulators: &Emulators, proxy: &Proxy, plan: &Path) -> Measured {
    proxy.rule([]);
    let mut command = emulators.python(&root().join("tests/peer.py"));
    proxy.point(&mut command);
    let said = proxy.run(command.arg(plan)).with_status(0).json();
    let by_node = said["by_node"].as_object().into_iter().flatten();
    let by_node = by_node
        .map(|(node, calls)| (node.clone(), usize::try_from(calls.as_u64().unwrap_or_default()).unwrap_or_default()));
    let seconds = said["seconds"].as_f64().unwrap_or_default();
    Measured { seconds, calls: proxy.calls(), by_node: by_node.collect() }
}

/// Documents of the registry: the lease, the journal, spec and plan.
fn is_registry(call: &Call) -> bool {
    matches!(call.operation.as_str(), "s3:PutObject" | "s3:DeleteObject")
}

/// The longest chain of calls that have to wait for each other, in the plan's graph, each node with the calls that the script needs for
/// it and the three that an apply to be trusted adds: a look before, a look after, and the intent in the journal.
fn critical_path(plan: &Value, by_node: &BTreeMap<String, usize>) -> usize {
    let mut ends = BTreeMap::<&str, usize>::new();
    for node in plan["nodes"].as_array().into_iter().flatten() {
        let id = node["id"].as_str().unwrap_or_default();
        let needs = node["needs"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let begins = needs.filter_map(|need| ends.get(need)).max().copied().unwrap_or_default();
        ends.insert(id, begins + by_node.get(id).copied().unwrap_or_default() + 3);
    }
    ends.into_values().max().unwrap_or_default()
}

/// As many environments as asked for in one registry: one is built, and the others are its documents under other names, which is all that
/// a list of them reads.
fn listing(emulators: &Emulators, reader: &mut Reader, spec: &Path, folder: &Path, number: usize) {
    run(emulators.sce().arg("apply").arg(spec)).with_status(0);
    reader.by_hand(&["multiply", "hipaa", &number.to_string()]);
    let begun = Instant::now();
    let output = folder.join("list.json");
    let file = fs::File::create(&output).expect("a file can be made");
    let mut child =
        emulators.sce().args(["status", "--json"]).stdout(file).stderr(Stdio::null()).spawn().expect("it starts");
    let mut peak = 0;
    let status = loop {
        peak = peak.max(resident(child.id()));
        match child.try_wait().expect("a child can be waited for") {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let seconds = begun.elapsed().as_secs_f64();
    assert!(status.success(), "the list is told");
    let list: Value = serde_json::from_str(&fs::read_to_string(&output).unwrap_or_default()).unwrap_or_default();
    let listed = list["environments"].as_array().into_iter().flatten().filter(|one| one["state"] == "alive").count();
    assert_eq!(listed, number, "every environment is listed");
    say(&format!("sce status, {listed} environments: {seconds:.2} s, {} MiB at its peak", peak / 1024));
}

/// The most memory that a process has had so far, in KiB (proc(5), `VmHWM`).
fn resident(process: u32) -> u64 {
    let status = fs::read_to_string(PathBuf::from(format!("/proc/{process}/status"))).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()).and_then(|kib| kib.parse().ok()).unwrap_or_default()
}

fn asked() -> (Duration, usize, Option<PathBuf>) {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let text = |name: &str| arguments.get(arguments.iter().position(|one| one == name)? + 1);
    let value = |name: &str| text(name)?.parse::<u64>().ok();
    let environments = value("--environments").unwrap_or(200);
    let latency = Duration::from_millis(value("--latency").unwrap_or(50));
    (latency, usize::try_from(environments).unwrap_or(200), text("--sce").map(PathBuf::from))
}

#[expect(clippy::print_stdout, reason = "the figures are what the bench is run for")]
fn say(line: &str) {
    println!("{line}");
}
