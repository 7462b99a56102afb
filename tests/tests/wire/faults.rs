//! Calls that go wrong, in CI's short form; `make faults` tries every one of them.

use sce_tests::campaign::{Campaign, Mishap, Selection};
use sce_tests::walk::Walker;

/// Which calls are drawn. What one draw has shown it shows again; `make faults` has them all.
const SEED: u64 = 20_261_130;

#[test]
fn whatever_call_goes_wrong_the_account_ends_as_if_none_had() {
    let campaign = Campaign::on("");
    let mishaps = Mishap::ALL.into_iter().filter(|mishap| *mishap != Mishap::TimedOut).collect();
    let trials = campaign.trials(&Selection { mishaps, reads: 6, most: Some(12), seed: SEED });
    let report = campaign.run(trials, SEED, 2, &|_, _, _| {});
    assert_eq!((report.tried, report.not_reached), (12, 0), "{:#?}", report.failures);
    assert_eq!((report.converged, report.duplicates, report.orphans), (12, 0, 0), "{:#?}", report.failures);
}

#[test]
fn whatever_is_done_in_whatever_order_what_was_asked_last_is_there() {
    let mut walker = Walker::new();
    if let Err(wrong) = walker.walk(SEED, 6) {
        panic!("{wrong}");
    }
}
