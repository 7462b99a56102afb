//! How long a policy decision takes on the committed corpus: from documents that are read already, and from the JSON of a request
//! with all its policies.
//!
//! Published for comparison (Backes et al., FMCAD 2018): Zelkova answers 99% of a million questions within 160 ms. Its questions are
//! about all requests rather than one, on other hardware, and so no like for like.
//!
//! With `--decisions` it prints each request with its decision instead, for an oracle to compare: `tools/iam_oracle.py`.

#[path = "../tests/iam_corpus/corpus.rs"]
mod corpus;

use std::env;
use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use sce_core::aws::iam::{Home, Picture, authorize, evaluate, read_request};
use sce_core::lock::Lock;
use sce_core::model::Model;
use sce_core::plan::plan;
use sce_core::spec::{Format, parse};

const REQUESTS: usize = 10_000;
/// Each decision is made this often and its best time counts: what disturbs one only ever slows it down.
const RUNS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let lines: Vec<String> = corpus::requests(REQUESTS).collect();
    if env::args().any(|argument| argument == "--decisions") {
        return print_decisions(&lines);
    }
    let (mut decided, mut whole) = (Vec::with_capacity(REQUESTS), Vec::with_capacity(REQUESTS));
    for line in &lines {
        let (request, policies) = read_request(line)?;
        decided.push(best(|| drop(black_box(evaluate(&request, &policies)))));
        whole.push(best(|| {
            let read = read_request(black_box(line));
            drop(black_box(read.map(|(request, policies)| evaluate(&request, &policies))));
        }));
    }
    let policies: usize = corpus::policies().values().map(Vec::len).sum();
    report("decided", policies, &mut decided);
    report("read and decided", policies, &mut whole);
    who_can_read()
}

/// Who can read each bucket of a planned environment, every way of becoming somebody else closed.
#[expect(clippy::print_stdout, reason = "the figures are what the bench is run for")]
fn who_can_read() -> Result<(), Box<dyn Error>> {
    let spec = parse(SPEC, Format::Toml)?;
    let lock = Lock::offline(&spec);
    let model = Model::planned(&plan(&spec, &lock)?);
    let buckets: Vec<&str> = model.buckets().map(|(bucket, _)| bucket.name.as_str()).collect();
    let (partition, account) = (lock.partition.to_string(), lock.account.to_string());
    let home = Home { partition, account, region: spec.region.to_string() };
    let nanoseconds = best(|| {
        let picture = Picture::from_model(&model, home.clone(), &lock.administrators);
        buckets.iter().for_each(|bucket| drop(black_box(picture.readers(bucket))));
    });
    println!("who can read: {} buckets of a planned environment in {:.1} ms", buckets.len(), nanoseconds as f64 / 1e6);
    Ok(())
}

const SPEC: &str = "pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"builder@example.edu\"\n\
    [compute.private]\ntype = \"m7i.large\"\n[access]\nallow = [{ name = \"campus-vpn\", cidr = \"140.142.0.0/16\" }]\n\
    [roles]\nuploaders = [\"arn:aws:iam::111122223333:role/Uploaders\"]\n\
    custodians = [\"arn:aws:iam::111122223333:role/Custodians\"]\n";

#[expect(clippy::print_stdout, reason = "the lines are what the oracle reads")]
fn print_decisions(lines: &[String]) -> Result<(), Box<dyn Error>> {
    for (at, line) in lines.iter().enumerate() {
        let decision = authorize(at + 1, line)?;
        println!("{{\"request\":{line},\"decision\":{}}}", serde_json::to_string(&decision)?);
    }
    Ok(())
}

/// Nanoseconds.
fn best(run: impl Fn()) -> u128 {
    let times = (0..RUNS).map(|_| {
        let start = Instant::now();
        run();
        start.elapsed().as_nanos()
    });
    times.min().unwrap_or_default()
}

#[expect(clippy::print_stdout, reason = "the figures are what the bench is run for")]
fn report(what: &str, policies: usize, nanoseconds: &mut [u128]) {
    nanoseconds.sort_unstable();
    let at = |share: f64| nanoseconds[((nanoseconds.len() - 1) as f64 * share) as usize] as f64 / 1000.0;
    let mean = nanoseconds.iter().sum::<u128>() as f64 / nanoseconds.len() as f64 / 1000.0;
    println!(
        "authorize, {what}: {} requests on {policies} policies; mean {mean:.1} µs, p50 {:.1} µs, p99 {:.1} µs, max {:.1} µs; \
         limit 1000 µs at p99, ratio {:.0}",
        nanoseconds.len(),
        at(0.5),
        at(0.99),
        at(1.0),
        1000.0 / at(0.99),
    );
}
