//! The demo itself: again straight after, and twice at once.

use std::process::Stdio;

use sce_tests::{Emulators, run};

#[test]
fn poc_a_runs_again_straight_after_and_twice_at_once() {
    let emulators = Emulators::start();
    for _ in 0..2 {
        let ran = run(&mut emulators.poc_a()).with_status(0);
        assert!(ran.stdout.contains("left       0"), "{}", ran.stdout);
        // The document's own dialect, seed and size (requirements R132).
        assert!(
            ran.stdout.contains("2f1feeff302a4563545e52b33f90bc0d98bde14131189899c6210079613bd14f"),
            "{}",
            ran.stdout
        );
    }
    let both = ["first", "second"].map(|pit| {
        let mut command = emulators.poc_a();
        command.args(["--pit", pit]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    });
    for process in both {
        let output = process.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && told.contains("left       0"), "{told}");
    }
    for pit in ["hipaa", "first", "second"] {
        let left = emulators.traces(pit);
        assert!(left.iter().all(|line| line == "kms-key PendingDeletion"), "{left:?}");
    }
}
