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
        let port = free_port();
        let url = format!("http://127.0.0.1:{port}");
        let process = Command::new(emulators.tool("microburst"))
            .args(["--upstream", &emulators.control, "--host", "127.0.0.1", "--port", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the proxy is installed beside the emulators");
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20), "the proxy starts");
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { process, url }
    }

    /// The first answer to this operation is broken after the emulator has done what it was asked.
    fn break_first_answer_to(&self, operation: &str, how: &str) {
        let rules =
            serde_json::json!([{ "service": "ec2", "operation": operation, "times": 1, "response": { how: 0.5 } }]);
        post(&format!("{}/_microburst/rules", self.url), &rules.to_string());
    }

    fn fired(&self) -> usize {
        let told = get(&format!("{}/_microburst/fired", self.url));
        told.matches("\"operation\"").count()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Calls that AWS takes no token for: sent again they would make a second thing, for which somebody pays.
const WITHOUT_TOKEN: [(&str, &str); 3] =
    [("CreateVpc", "vpc "), ("AllocateAddress", "elastic-ip "), ("CreateInternetGateway", "internet-gateway ")];

#[test]
fn a_thing_whose_creation_got_no_answer_is_found_and_not_made_twice() {
    for how in ["truncate_frac", "abort_frac"] {
        let emulators = Emulators::start();
        for (number, (operation, kind)) in WITHOUT_TOKEN.into_iter().enumerate() {
            let proxy = Proxy::before(&emulators);
            proxy.break_first_answer_to(operation, how);
            let folder = tempfile::tempdir().unwrap();
            let pit = format!("lost{number}");
            let mut apply = emulators.sce();
            apply.env("AWS_ENDPOINT_URL", &proxy.url).arg("apply").arg(spec(folder.path(), &pit, ""));
            run(&mut apply).with_status(0);
            assert!(proxy.fired() > 0, "an answer to {operation} was broken");
            let made = emulators.traces(&pit).iter().filter(|line| line.starts_with(kind)).count();
            assert_eq!(made, 1, "after {operation} lost its answer ({how})");
        }
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
    listener.local_addr().expect("a bound socket has an address").port()
}

fn post(url: &str, body: &str) {
    python(
        "import sys, urllib.request as u; u.urlopen(u.Request(sys.argv[1], sys.argv[2].encode(), {'Content-Type': 'application/json'}))",
        &[url, body],
    );
}

fn get(url: &str) -> String {
    python("import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).read().decode())", &[url])
}

fn python(program: &str, arguments: &[&str]) -> String {
    let output = Command::new("python3").args(["-c", program]).args(arguments).output().expect("python3 starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
