//! OpenSSH's settings for one person.

use std::fmt::Write as _;

use super::HandOver;
use crate::spec::AccessMode;

/// The settings, for a file of their own that `~/.ssh/config` includes.
///
/// The way leads from the person's computer to E and no key lies on B (L602, L1127): with a bastion, ssh jumps over it
/// (`ProxyJump`); else AWS's own channel carries it. No agent is forwarded, no other key is offered, no keepalive holds an idle
/// session open, and machines' keys are remembered in a file of the environment's own.
#[must_use]
pub fn ssh_config(hand_over: &HandOver<'_>) -> String {
    let mut text = heading(hand_over);
    if hand_over.spec.access.mode == AccessMode::Bastion {
        text += &bastion(hand_over);
    }
    text += &private(hand_over);
    text += &common(hand_over);
    text
}

fn heading(hand_over: &HandOver<'_>) -> String {
    let HandOver { spec, person, .. } = hand_over;
    let (pit, name) = (&spec.pit, &person.name);
    let mut text = format!(
        "# How `{name}` gets into `{pit}`. Made by `sce access`; it holds no secret.\n\
         # Keep it as `~/.ssh/{pit}/config`, and put `Include {pit}/config` first in `~/.ssh/config`. Then: ssh {pit}\n"
    );
    if !is_known(hand_over) {
        text +=
            "# Words in capitals stand for what is known once the environment is built: run `sce access` again then.\n";
    }
    text
}

fn is_known(hand_over: &HandOver<'_>) -> bool {
    let machines = hand_over.machines;
    match hand_over.spec.access.mode {
        AccessMode::Bastion => machines.bastion.address.is_some() && machines.private.address.is_some(),
        AccessMode::SessionManager | AccessMode::InstanceConnect => machines.private.instance.is_some(),
    }
}

fn bastion(hand_over: &HandOver<'_>) -> String {
    let alias = format!("{}-bastion", hand_over.spec.pit);
    let remembered = hand_over.machines.bastion.instance.as_ref();
    host(&alias, &[("HostName", hand_over.bastion_address())], remembered.map(ToString::to_string))
}

fn private(hand_over: &HandOver<'_>) -> String {
    let (pit, region, profile) = (&hand_over.spec.pit, &hand_over.spec.region, hand_over.profile());
    let settings = match hand_over.spec.access.mode {
        AccessMode::Bastion => {
            vec![("HostName", hand_over.private_address()), ("ProxyJump", format!("{pit}-bastion"))]
        }
        AccessMode::SessionManager => vec![
            ("HostName", hand_over.private_instance()),
            (
                "ProxyCommand",
                format!(
                    "aws ssm start-session --target %h --document-name AWS-StartSSHSession --parameters portNumber=%p --region {region} --profile {profile}"
                ),
            ),
        ],
        AccessMode::InstanceConnect => vec![
            ("HostName", hand_over.private_instance()),
            (
                "ProxyCommand",
                format!(
                    "aws ec2-instance-connect open-tunnel --instance-id %h --remote-port %p --region {region} --profile {profile}"
                ),
            ),
        ],
    };
    let remembered = hand_over.machines.private.instance.as_ref().map(ToString::to_string);
    host(pit.as_str(), &settings, remembered) + &on_windows(&settings)
}

/// Windows' own ssh finds `aws` in most places but not in all; AWS's documentation then starts it from PowerShell.
fn on_windows(settings: &[(&str, String)]) -> String {
    let command = settings.iter().find(|(keyword, _)| *keyword == "ProxyCommand");
    command.map_or_else(String::new, |(keyword, command)| {
        let shell = r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe";
        format!("    # On Windows, should `aws` not be found, in place of the line above:\n    # {keyword} {shell} \"{command}\"\n")
    })
}

/// A machine that is made anew has another id, and so does not look like one that somebody put in its place.
fn host(alias: &str, settings: &[(&str, String)], remembered: Option<String>) -> String {
    let mut text = format!("\nHost {alias}\n");
    for (keyword, value) in settings {
        // Writing to a string does not fail.
        let _ = writeln!(text, "    {keyword} {value}");
    }
    if let Some(id) = remembered {
        let _ = writeln!(text, "    HostKeyAlias {id}");
    }
    text
}

fn common(hand_over: &HandOver<'_>) -> String {
    let HandOver { spec, person, .. } = hand_over;
    let (pit, folder, key) = (&spec.pit, hand_over.folder(), hand_over.key());
    let hosts = match spec.access.mode {
        AccessMode::Bastion => format!("{pit} {pit}-bastion"),
        AccessMode::SessionManager | AccessMode::InstanceConnect => pit.to_string(),
    };
    let previous = match hand_over.rotating {
        true => format!("    IdentityFile \"{folder}/{key}.previous\"\n"),
        false => String::new(),
    };
    format!(
        "\nHost {hosts}
    User {}
    IdentityFile \"{folder}/{key}\"
{previous}    IdentitiesOnly yes
    PreferredAuthentications publickey
    PasswordAuthentication no
    ForwardAgent no
    ForwardX11 no
    ServerAliveInterval 0
    StrictHostKeyChecking accept-new
    UserKnownHostsFile \"{folder}/known_hosts\"
",
        person.name
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::{hand_over, machines, spec};
    use super::*;
    use crate::access::Machines;

    #[test]
    fn over_a_bastion() {
        let (spec, machines) = (spec(AccessMode::Bastion), machines());
        insta::assert_snapshot!("ssh_config_bastion", ssh_config(&hand_over(&spec, &machines)));
    }

    #[test]
    fn through_session_manager() {
        let (spec, machines) = (spec(AccessMode::SessionManager), machines());
        insta::assert_snapshot!("ssh_config_session_manager", ssh_config(&hand_over(&spec, &machines)));
    }

    #[test]
    fn through_instance_connect_before_there_is_an_instance() {
        let (spec, machines) = (spec(AccessMode::InstanceConnect), Machines::default());
        insta::assert_snapshot!("ssh_config_instance_connect", ssh_config(&hand_over(&spec, &machines)));
    }

    #[test]
    fn the_key_before_is_offered_while_it_is_rotated() {
        let (spec, machines) = (spec(AccessMode::Bastion), machines());
        let rotating = HandOver { rotating: true, folder: Some("/keys of mine"), ..hand_over(&spec, &machines) };
        let text = ssh_config(&rotating);
        let offered: Vec<&str> = text.lines().filter(|line| line.contains("IdentityFile")).map(str::trim).collect();
        assert_eq!(
            offered,
            [
                "IdentityFile \"/keys of mine/hipaa_r1_keypair\"",
                "IdentityFile \"/keys of mine/hipaa_r1_keypair.previous\""
            ]
        );
    }
}
