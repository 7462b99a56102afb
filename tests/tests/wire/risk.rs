//! An institution's policy stops an apply, a signature lets it pass, and holds of the account only while it is as it was signed for.

use sce_tests::{Emulators, run, spec};
use serde_json::Value;

const POLICY: &str = "schema_version = 1\nname = \"Example University\"\n[forbid]\ntenancy = [\"dedicated\"]\n\
                      [waivers]\napprovers = [\"ciso@example.edu\"]\n";
const RULE: &str = "institution-allows-the-choices";

fn of_rule(report: &Value, rule: &str) -> Value {
    let findings = report["findings"].as_array().expect("a report of findings");
    findings.iter().find(|finding| finding["rule"] == rule).cloned().unwrap_or_default()
}

#[test]
fn what_an_institution_forbids_is_built_only_under_a_signature_for_it() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.toml");
    std::fs::write(&policy, POLICY).unwrap();
    let rest = "network = { egress = \"none\", tenancy = \"dedicated\" }\n";
    let path = spec(folder.path(), "hipaa", rest);
    let sce = |arguments: &[&str]| run(emulators.sce().args(arguments).arg(&path).arg("--policy").arg(&policy));

    let refused = sce(&["apply", "--json"]).with_status(1);
    assert_eq!(refused.json()["created"], Value::Array(Vec::new()));
    assert_eq!(emulators.traces("hipaa"), Vec::<String>::new(), "nothing is built");
    let finding = of_rule(&refused.json(), RULE);
    assert_eq!((&finding["resource"], &finding["status"]), (&"vpc".into(), &"broken".into()), "{finding:#}");

    let digest = finding["digest"].as_str().unwrap();
    let signed = |approver: &str| {
        format!(
            "{rest}[[waiver]]\nrule = \"{RULE}\"\nresource = \"vpc\"\ndigest = \"{digest}\"\nreason = \"the grant asks\"\n\
             approver = \"{approver}\"\nexpires = 2099-12-31\n"
        )
    };
    // Who may sign is the institution's to say.
    let _ = spec(folder.path(), "hipaa", &signed("dean@example.edu"));
    let refused = sce(&["apply", "--json"]).with_status(1).json();
    assert_eq!(of_rule(&refused, "institution-accepts-the-waivers")["status"], "broken", "{refused:#}");
    let _ = spec(folder.path(), "hipaa", &signed("ciso@example.edu"));
    sce(&["apply"]).with_status(0);

    let live = sce(&["check", "--live", "--all", "--json"]).json();
    let finding = of_rule(&live, RULE);
    assert!(finding["waived"] == true && finding["waiver"]["approver"] == "ciso@example.edu", "{finding:#}");
    // What was signed for is not what is there any more.
    emulators.by_hand(&["stop_naming_hosts", "hipaa"]);
    let live = sce(&["check", "--live", "--json"]).with_status(1).json();
    let finding = of_rule(&live, RULE);
    assert!(finding["status"] == "broken" && finding["waived"] == false, "{finding:#}");
    assert_eq!(of_rule(&live, "waiver-fits-what-it-accepts")["status"], "broken", "{live:#}");
}
