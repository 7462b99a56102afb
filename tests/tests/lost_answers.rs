//! An answer that never comes: the call was done, and must not be done twice.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sce_tests::{Emulators, run, spec};

/// A proxy that can lose answers: microburst, which the emulators' environment holds.
struct Proxy {
    process: Child,
    url: String,
}

impl Proxy {
    fn before(emulators: &Emulators) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("http://127.0.0.1:{port}");
        let process = Command::new(emulators.tool("microburst"))
            .args(["--upstream", &emulators.control, "--host", "127.0.0.1", "--port", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20), "the proxy starts");
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { process, url }
    }

    /// The answer to the first call of this action is lost after the emulator has done it.
    fn lose_first_answer_to(&self, action: &str) {
        let rules = serde_json::json!([{ "match": { "action": action }, "fault": { "type": "truncate" }, "times": 1 }]);
        post(&format!("{}/_microburst/rules", self.url), &rules.to_string());
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_thing_whose_creation_got_no_answer_is_found_and_not_made_twice() {
    for action in ["CreateVpc", "AllocateAddress", "CreateInternetGateway", "CreateNatGateway"] {
        let emulators = Emulators::start();
        let proxy = Proxy::before(&emulators);
        let folder = tempfile::tempdir().unwrap();
        proxy.lose_first_answer_to(action);
        let mut apply = emulators.sce();
        apply.env("AWS_ENDPOINT_URL", &proxy.url).arg("apply").arg(spec(folder.path(), "hipaa", ""));
        run(&mut apply).with_status(0);
        let of_kind = |kind: &str| emulators.traces("hipaa").iter().filter(|line| line.starts_with(kind)).count();
        let counts = ["vpc ", "elastic-ip ", "internet-gateway ", "nat-gateway "].map(of_kind);
        assert_eq!(counts, [1, 1, 1, 1], "after {action} lost its answer");
    }
}

fn post(url: &str, body: &str) {
    let python = "import sys, urllib.request as u; print(u.urlopen(u.Request(sys.argv[1], sys.argv[2].encode(), {'Content-Type': 'application/json'})).read().decode())";
    let output = Command::new("python3").args(["-c", python, url, body]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
