//! An answer that never comes: the call was done, and must not be done twice.

use sce_tests::proxy::{Fault, Moment, Proxy, Rule};
use sce_tests::{Emulators, spec};

/// Calls that AWS takes no token for: sent again they would make a second thing, for which somebody pays.
const WITHOUT_TOKEN: [(&str, &str); 3] = [
    ("ec2:CreateVpc", "vpc "),
    ("ec2:AllocateAddress", "elastic-ip "),
    ("ec2:CreateInternetGateway", "internet-gateway "),
];

#[test]
fn a_thing_whose_creation_got_no_answer_is_found_and_not_made_twice() {
    for how in [Fault::Truncated, Fault::Reset] {
        let emulators = Emulators::start();
        let proxy = Proxy::before(&emulators);
        for (number, (operation, kind)) in WITHOUT_TOKEN.into_iter().enumerate() {
            proxy.rule([Rule::once(operation, 0, Moment::After, how.clone())]);
            let folder = tempfile::tempdir().unwrap();
            let pit = format!("lost{number}");
            let mut apply = proxy.sce(&emulators);
            proxy.run(apply.arg("apply").arg(spec(folder.path(), &pit, ""))).with_status(0);
            assert_eq!(proxy.fired(), 1, "an answer to {operation} was lost");
            let made = emulators.traces(&pit).iter().filter(|line| line.starts_with(kind)).count();
            assert_eq!(made, 1, "after {operation} lost its answer ({how:?})");
        }
    }
}
