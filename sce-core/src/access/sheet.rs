//! The sheet that a person is handed: one page in plain words.

use std::fmt::Write as _;

use super::HandOver;
use crate::html::{escaped, sentence};
use crate::pit::BucketRole;
use crate::spec::{AccessMode, Software};

/// A sheet, ready to be written as Markdown or HTML. Text between backticks is something to type or to find on a screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    title: String,
    introduction: String,
    facts: Vec<(&'static str, String)>,
    sections: Vec<Section>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Section {
    heading: &'static str,
    steps: Vec<String>,
    /// Whether the steps come in that order.
    ordered: bool,
}

/// The sheet for one person.
#[must_use]
pub fn sheet(hand_over: &HandOver<'_>) -> Sheet {
    let HandOver { spec, person, .. } = hand_over;
    let sections = match spec.access.mode {
        AccessMode::Bastion => vec![first(hand_over), open_ssh(hand_over), windows_putty_over_bastion(hand_over)],
        AccessMode::SessionManager | AccessMode::InstanceConnect => {
            vec![credentials(hand_over), first(hand_over), open_ssh(hand_over), windows_putty_over_aws(hand_over)]
        }
    };
    Sheet {
        title: format!("Getting into {}: {}", spec.pit, person.name),
        introduction: format!(
            "For {} ({}). `{}` is a place to work with health data. This sheet holds no secret; your key and its passphrase do.",
            person.name, person.email, spec.pit
        ),
        facts: facts(hand_over),
        sections: sections
            .into_iter()
            .chain([work(hand_over), data(hand_over), stop(hand_over), never(hand_over), recorded(hand_over)])
            .collect(),
    }
}

fn facts(hand_over: &HandOver<'_>) -> Vec<(&'static str, String)> {
    let HandOver { spec, person, .. } = hand_over;
    let machine = match spec.access.mode {
        AccessMode::Bastion => {
            format!("`{}`, over the bastion `{}`", hand_over.private_address(), hand_over.bastion_address())
        }
        AccessMode::SessionManager | AccessMode::InstanceConnect => {
            format!("`{}` in `{}`", hand_over.private_instance(), spec.region)
        }
    };
    let ranges: Vec<&str> = spec.access.allow.iter().map(|range| range.name.as_str()).collect();
    let from = match spec.access.mode {
        AccessMode::Bastion => Some(("From", ranges.join(", "))),
        AccessMode::SessionManager | AccessMode::InstanceConnect => None,
    };
    [("Login", format!("`{}`, yours alone", person.name)), ("Machine", machine)]
        .into_iter()
        .chain(from)
        .chain([("Ask", spec.owner.clone())])
        .collect()
}

/// What only whoever builds knows of the organisation's sign-in: words in a sheet that are to be replaced before it is handed over.
pub const TO_FILL_IN: [&str; 3] = ["FILL-IN-START-URL", "FILL-IN-SIGN-IN-REGION", "FILL-IN-ROLE"];

/// How a person gets credentials: AWS answers nobody without, and ssh goes through AWS.
fn credentials(hand_over: &HandOver<'_>) -> Section {
    let HandOver { spec, account, .. } = hand_over;
    let (profile, region) = (hand_over.profile(), &spec.region);
    let [url, sign_in_region, role] = TO_FILL_IN;
    let account = account.map_or_else(|| "ACCOUNT".to_owned(), ToString::to_string);
    let plugin = match spec.access.mode {
        AccessMode::SessionManager => ", and its Session Manager plugin",
        AccessMode::InstanceConnect | AccessMode::Bastion => "",
    };
    let steps = vec![
        format!(
            "Install the AWS Command Line Interface, version 2{plugin}. AWS has an installer for macOS, Linux and Windows; your contact knows where."
        ),
        format!(
            "Once, in a terminal (Terminal on macOS and Linux, PowerShell on Windows): `aws configure sso --profile {profile}`. Answer its \
             questions: session name `{profile}`; start URL `{url}`; region `{sign_in_region}`; scopes: Enter. A browser opens: sign in as \
             yourself, and allow it. Then account `{account}`, role `{role}`, region `{region}`, output format: Enter."
        ),
        format!(
            "Each day, first: `aws sso login --profile {profile}`. Without a browser there, add `--use-device-code`."
        ),
        format!(
            "To see that it worked: `aws sts get-caller-identity --profile {profile}` shows the account and your name."
        ),
        format!(
            "Words above that begin with `FILL-IN` should have been replaced by `{}`, who knows them: if they are still there, ask.",
            spec.owner
        ),
    ];
    Section { heading: "Sign in to AWS", steps, ordered: true }
}

/// Once, before the first login.
fn first(hand_over: &HandOver<'_>) -> Section {
    let pit = &hand_over.spec.pit;
    let key = hand_over.key();
    let own = match &hand_over.person.key {
        Some(_) => format!("Copy the private half of your own key to a file called `{key}`."),
        None => {
            format!(
                "You get the file `{key}` one way and its passphrase another. Whoever has both is you: tell nobody."
            )
        }
    };
    let steps = vec![
        own,
        format!(
            "Make a folder `{pit}` in `.ssh` in your home folder. Put the key and the file `config` that came with this sheet there."
        ),
    ];
    Section { heading: "First, once", steps, ordered: true }
}

fn open_ssh(hand_over: &HandOver<'_>) -> Section {
    let (pit, key) = (&hand_over.spec.pit, hand_over.key());
    let steps = vec![
        format!(
            "Add the line `Include {pit}/config` at the top of the file `.ssh/config`; make the file if there is none."
        ),
        format!(
            "On macOS and Linux, close the key to others: `chmod 700 ~/.ssh/{pit}` and `chmod 400 ~/.ssh/{pit}/{key}`."
        ),
        format!(
            "On Windows 10 or later, in PowerShell: `icacls \"$HOME\\.ssh\\{pit}\\{key}\" /inheritance:r /grant:r \"${{env:USERNAME}}:R\"`."
        ),
        format!("Log in: `ssh {pit}`. It asks for the key's passphrase, never for a password."),
    ];
    Section { heading: "macOS, Linux, Windows with OpenSSH", steps, ordered: true }
}

/// What the document does in L664-L672, without the key on the bastion.
fn windows_putty_over_bastion(hand_over: &HandOver<'_>) -> Section {
    let (pit, key, name) = (&hand_over.spec.pit, hand_over.key(), &hand_over.person.name);
    let (bastion, private) = (hand_over.bastion_address(), hand_over.private_address());
    let steps = vec![
        puttygen(&key),
        format!(
            "PuTTY (0.78 or later), Session: host `{name}@{bastion}`, port 22. Connection, SSH, Auth, Credentials: `{key}.ppk`. Save as `{pit}-bastion`."
        ),
        format!(
            "Then host `{name}@{private}`, the same key; Connection, Proxy: type `SSH to proxy and use port forwarding`, host `{pit}-bastion`. Save as `{pit}`, and open it each time."
        ),
        format!(
            "WinSCP: host `{private}`, user `{name}`; Advanced, SSH, Authentication: `{key}.ppk`; Connection, Tunnel: through `{bastion}`, user `{name}`, the same key."
        ),
    ];
    Section { heading: "Windows with PuTTY and WinSCP", steps, ordered: true }
}

fn windows_putty_over_aws(hand_over: &HandOver<'_>) -> Section {
    let (pit, key, name) = (&hand_over.spec.pit, hand_over.key(), &hand_over.person.name);
    let (instance, region, profile) = (hand_over.private_instance(), &hand_over.spec.region, hand_over.profile());
    let command = match hand_over.spec.access.mode {
        AccessMode::InstanceConnect => {
            format!(
                "aws ec2-instance-connect open-tunnel --instance-id {instance} --remote-port 22 --region {region} --profile {profile}"
            )
        }
        AccessMode::SessionManager | AccessMode::Bastion => format!(
            "aws ssm start-session --target {instance} --document-name AWS-StartSSHSession --parameters portNumber=22 --region {region} --profile {profile}"
        ),
    };
    let steps = vec![
        puttygen(&key),
        format!(
            "PuTTY, Session: host `{name}@{instance}`, port 22. Connection, SSH, Auth, Credentials: `{key}.ppk`. Connection, Proxy: type `Local`, command `{command}`. Save as `{pit}`."
        ),
        format!(
            "WinSCP: host `{instance}`, user `{name}`; Advanced, SSH, Authentication: `{key}.ppk`; Connection, Proxy: `Local`, the same command."
        ),
    ];
    Section { heading: "Windows with PuTTY and WinSCP", steps, ordered: true }
}

fn puttygen(key: &str) -> String {
    format!(
        "PuTTYgen: Conversions, Import key, `{key}`; give the passphrase; Save private key as `{key}.ppk`, with the same passphrase."
    )
}

fn work(hand_over: &HandOver<'_>) -> Section {
    let pit = &hand_over.spec.pit;
    let machine = hand_over.spec.private_machine();
    let place = match machine.and_then(|machine| machine.data_volume_gib) {
        Some(_) => format!("Work in `/{pit}`: that disk is encrypted and outlives the machine."),
        None => "Work in your home folder there: the disk is encrypted.".to_owned(),
    };
    let wanted = machine.is_some_and(|machine| machine.software.contains(&Software::JupyterLab));
    let jupyter = wanted.then(|| {
        format!(
            "JupyterLab: `sce-jupyter` on the machine. It prints a command for a second window on your own computer, where HOST is `{pit}`, and the address to open then. In PuTTY: Connection, SSH, Tunnels, with the port and destination in that command."
        )
    });
    let help = "Software that is missing, a lost passphrase, anything odd: ask your contact.".to_owned();
    let steps = std::iter::once(place).chain(jupyter).chain([help]).collect();
    Section { heading: "Work", steps, ordered: false }
}

fn data(hand_over: &HandOver<'_>) -> Section {
    let HandOver { spec, account, .. } = hand_over;
    let bucket = |role: BucketRole| match account {
        Some(account) => spec.pit.bucket(role, account, &spec.region),
        None => format!("{}-{}-ACCOUNT-{}", spec.pit, role.as_str(), spec.region),
    };
    let (input, output) = (bucket(BucketRole::Data), bucket(BucketRole::Output));
    let place = match spec.private_machine().and_then(|machine| machine.data_volume_gib) {
        Some(_) => format!("/{}/", spec.pit),
        None => "~/".to_owned(),
    };
    let tunnels = spec.access.mode == AccessMode::InstanceConnect;
    let narrow = if tunnels { "; small ones, for AWS slows a tunnel that carries much" } else { "" };
    let steps = vec![
        format!("What is there: `aws s3 ls s3://{input}/`. In: `aws s3 cp s3://{input}/NAME {place}`."),
        format!("Results out: `aws s3 cp {place}NAME s3://{output}/`. Your contact fetches them for you."),
        format!("Programs and other files that are no health data: `scp FILE {}:`, or WinSCP{narrow}.", spec.pit),
    ];
    Section { heading: "Data in and out, on the machine", steps, ordered: false }
}

fn stop(hand_over: &HandOver<'_>) -> Section {
    let tunnels = hand_over.spec.access.mode == AccessMode::InstanceConnect;
    let an_hour = tunnels.then(|| {
        "AWS ends a connection after an hour, busy or not, and what ran in it ends with it: save often, and log in again.".to_owned()
    });
    let steps = vec![
        format!(
            "Save, then `exit`. After {} minutes without input a session ends by itself, and what ran in it with it.",
            hand_over.spec.access.idle_minutes
        ),
        "A machine that runs costs money: tell your contact when it may be stopped, for a weekend or for good."
            .to_owned(),
    ];
    let steps = steps.into_iter().chain(an_hour).collect();
    Section { heading: "Stop", steps, ordered: false }
}

fn never(hand_over: &HandOver<'_>) -> Section {
    let steps = vec![
        "No names, record numbers, dates of birth or anything else of a patient in file names, folder names or commands: logs hold them."
            .to_owned(),
        "No health data on your own computer, in mail or in any other cloud.".to_owned(),
        format!("Your key on no machine but your own{}; to nobody, not even for a minute.", match hand_over.spec.access.mode {
            AccessMode::Bastion => ", and never on the bastion",
            AccessMode::SessionManager | AccessMode::InstanceConnect => "",
        }),
        "Key or computer lost, or somebody knows the passphrase: tell your contact at once. You get a new one.".to_owned(),
    ];
    Section { heading: "Never", steps, ordered: false }
}

fn recorded(hand_over: &HandOver<'_>) -> Section {
    let steps = vec![format!(
        "Logins and sessions under your name, network connections, and every reading and writing of the stores, kept {} days. Together they show who touched which data; that protects you too.",
        hand_over.spec.retention.logs_days
    )];
    Section { heading: "What is recorded", steps, ordered: false }
}

impl Sheet {
    /// As Markdown.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        // What people wrote in the spec may look like markup to those who show Markdown.
        let plain = |text: &str| text.replace('<', "&lt;");
        let mut text = format!("# {}\n\n{}\n\n", self.title, plain(&self.introduction));
        for (name, value) in &self.facts {
            // Writing to a string does not fail.
            let _ = writeln!(text, "- **{name}**: {}", plain(value));
        }
        for section in &self.sections {
            let _ = writeln!(text, "\n## {}\n", section.heading);
            for (index, step) in section.steps.iter().enumerate() {
                let _ = match section.ordered {
                    true => writeln!(text, "{}. {step}", index + 1),
                    false => writeln!(text, "- {step}"),
                };
            }
        }
        text
    }

    /// As one HTML page that needs nothing else and prints on one sheet of paper.
    #[must_use]
    pub fn to_html(&self) -> String {
        let facts: String =
            self.facts.iter().map(|(name, value)| format!("<dt>{name}</dt><dd>{}</dd>\n", sentence(value))).collect();
        let sections: String = self.sections.iter().map(section_html).collect();
        let (title, introduction) = (escaped(&self.title), sentence(&self.introduction));
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n\
             <body>\n<h1>{title}</h1>\n<p>{introduction}</p>\n<dl>\n{facts}</dl>\n<main>\n{sections}</main>\n</body>\n</html>\n"
        )
    }
}

/// Two columns of small print: what fits on one side of A4 or Letter paper.
const STYLE: &str = "\
@page { size: auto; margin: 10mm; }
body { font: 8.5pt/1.3 system-ui, sans-serif; max-width: 190mm; margin: 0 auto; color: #111; }
h1 { font-size: 14pt; margin: 0 0 1mm; }
h2 { font-size: 10pt; margin: 2.5mm 0 1mm; break-after: avoid; }
p, ol, ul, dl { margin: 0 0 1mm; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 3mm; border: 0.3mm solid #888; padding: 1.5mm; }
dt { font-weight: bold; }
dd { margin: 0; }
ol, ul { padding-left: 5mm; }
main { columns: 2; column-gap: 6mm; }
section { break-inside: avoid; }
code { font: 7.5pt/1.2 ui-monospace, monospace; overflow-wrap: anywhere; background: #f0f0f0; }
@media (max-width: 40em) { main { columns: 1; } }
";

fn section_html(section: &Section) -> String {
    let list = if section.ordered { "ol" } else { "ul" };
    let steps: String = section.steps.iter().map(|step| format!("<li>{}</li>\n", sentence(step))).collect();
    format!("<section>\n<h2>{}</h2>\n<{list}>\n{steps}</{list}>\n</section>\n", escaped(section.heading))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{hand_over, machines, spec};
    use super::*;
    use crate::access::Machines;

    #[test]
    fn over_a_bastion() {
        let (spec, machines) = (spec(AccessMode::Bastion), machines());
        let account = "111122223333".parse().unwrap();
        let sheet = sheet(&HandOver { account: Some(&account), ..hand_over(&spec, &machines) });
        insta::assert_snapshot!("sheet_bastion_markdown", sheet.to_markdown());
        insta::assert_snapshot!("sheet_bastion_html", sheet.to_html());
    }

    #[test]
    fn through_session_manager_before_there_is_an_instance() {
        let (spec, machines) = (spec(AccessMode::SessionManager), Machines::default());
        insta::assert_snapshot!("sheet_session_manager_markdown", sheet(&hand_over(&spec, &machines)).to_markdown());
    }

    #[test]
    fn it_is_short_enough_for_one_page() {
        for mode in [AccessMode::Bastion, AccessMode::SessionManager, AccessMode::InstanceConnect] {
            let (spec, machines) = (spec(mode), machines());
            let words = sheet(&hand_over(&spec, &machines)).to_markdown().split_whitespace().count();
            assert!(words < 750, "{mode:?}: {words} words");
        }
    }

    #[test]
    fn who_goes_through_aws_is_told_how_to_get_credentials() {
        for mode in [AccessMode::SessionManager, AccessMode::InstanceConnect] {
            let (spec, machines) = (spec(mode), machines());
            let account = "111122223333".parse().unwrap();
            let text = sheet(&HandOver { account: Some(&account), ..hand_over(&spec, &machines) }).to_markdown();
            let first = text.find("`aws configure sso --profile hipaa`").unwrap();
            let (each_day, ssh) =
                (text.find("`aws sso login --profile hipaa`").unwrap(), text.find("`ssh hipaa`").unwrap());
            assert!(first < each_day && each_day < ssh, "{text}");
            assert!(text.contains("Terminal on macOS and Linux, PowerShell on Windows"), "{text}");
            assert!(TO_FILL_IN.iter().all(|word| text.contains(&format!("`{word}`"))), "{text}");
            assert!(
                text.contains("account `111122223333`") && text.contains("--region us-west-2 --profile hipaa`"),
                "{text}"
            );
        }
        let (spec, machines) = (spec(AccessMode::Bastion), machines());
        let text = sheet(&hand_over(&spec, &machines)).to_markdown();
        assert!(!text.contains("aws configure") && !text.contains("FILL-IN"), "over a bastion nobody asks AWS: {text}");
    }

    #[test]
    fn an_address_of_mail_that_is_markup_stays_text() {
        let (mut spec, machines) = (spec(AccessMode::Bastion), machines());
        spec.access.people[0].email = "\"<script>alert(1)</script>\"@example.edu".to_owned();
        spec.owner = "a&b`<i>@example.edu".to_owned();
        let sheet = sheet(&hand_over(&spec, &machines));
        assert!(!sheet.to_markdown().contains('<'), "{}", sheet.to_markdown());
        let html = sheet.to_html();
        assert!(!html.contains("<script>") && !html.contains("<i>"), "{html}");
        assert!(html.contains("&lt;script&gt;") && html.contains("a&amp;b"), "{html}");
    }
}
