//! The faithful variant against the document's own program, run by `python3` from `oracle/johns.py`.
//!
//! The python2 dialect is had from Python 3 by giving it the `randint` of Python 2.7; the golden digests in
//! the unit tests, taken from CPython 2.7.18, say that this is the same.

#![expect(clippy::unwrap_used, reason = "a test that cannot run its oracle should fail")]

use std::fs;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;
use sce_synth::{Dialect, Johns, JohnsError, write_johns};

const FILES: [&str; 3] = ["patients.csv", "patientParameters.csv", "timeseries.csv"];

/// Runs both, and asserts that they write the same or both fail.
fn compare(johns: &Johns) {
    let ours = tempfile::tempdir().unwrap();
    let theirs = tempfile::tempdir().unwrap();
    let outcome = write_johns(ours.path(), johns, &mut |_rows| {});
    match (outcome, run_oracle(theirs.path(), johns)) {
        (Ok(_), Ok(())) => {
            for file in FILES {
                let same = fs::read(ours.path().join(file)).unwrap() == fs::read(theirs.path().join(file)).unwrap();
                assert!(same, "{file} differs for {johns:?}");
            }
        }
        (Err(JohnsError::NoSuchPatient { .. }), Err(complaint)) => {
            assert!(complaint.contains("IndexError"), "{complaint} for {johns:?}");
        }
        (ours, theirs) => panic!("{ours:?} but {theirs:?} for {johns:?}"),
    }
}

fn run_oracle(out: &Path, johns: &Johns) -> Result<(), String> {
    let output = Command::new("python3")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/oracle/johns.py"))
        .args(["--dialect", &johns.dialect.to_string()])
        .args(["--seed", &johns.seed.to_string()])
        .args(["--patients", &johns.patients.to_string()])
        .args(["--rows", &johns.rows.to_string()])
        .current_dir(out)
        .output()
        .unwrap();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8(output.stderr).unwrap()) }
}

fn dialects() -> impl Strategy<Value = Dialect> {
    prop_oneof![Just(Dialect::Python2), Just(Dialect::Python3)]
}

/// Seeds of one word and of two.
fn seeds() -> impl Strategy<Value = u64> {
    prop_oneof![0..1_u64 << 33, any::<u64>()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_data_set_is_the_documents(
        dialect in dialects(), seed in seeds(), patients in 100_u32..400, rows in 0_u64..3000,
    ) {
        compare(&Johns { dialect, seed, patients, rows, ..Johns::default() });
    }

    #[test]
    fn too_few_patients_fail_where_they_fail_the_document(
        dialect in dialects(), seed in seeds(), patients in 0_u32..100, rows in 0_u64..8,
    ) {
        compare(&Johns { dialect, seed, patients, rows, ..Johns::default() });
    }
}

/// Sums grow digits, and a float next to a hard case for its digits turns up sooner or later.
#[test]
fn long_time_series_are_the_documents() {
    for dialect in [Dialect::Python2, Dialect::Python3] {
        compare(&Johns { dialect, seed: 2, rows: 200_000, ..Johns::default() });
    }
}
