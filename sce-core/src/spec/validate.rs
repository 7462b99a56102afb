//! What a spec's grammar allows and the world does not.

use super::parse::nearest;
use super::{AccessMode, NamedRange, SCHEMA_VERSION, Spec};
use crate::cidr::VpcBlock;

/// The periods, in days, that CloudWatch Logs can keep events for.
///
/// Source: CloudWatch Logs API reference, `PutRetentionPolicy`.
const LOG_PERIODS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// Something that cannot be, and where the spec says it.
pub(super) struct Violation {
    pub(super) path: Vec<String>,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// Everything in the spec that cannot be.
pub(super) fn violations(spec: &Spec) -> Vec<Violation> {
    let mut found = Vec::new();
    owner(spec, &mut found);
    network(spec, &mut found);
    taken(spec, &mut found);
    access(spec, &mut found);
    ancillary(spec, &mut found);
    retention(spec, &mut found);
    archive(spec, &mut found);
    debug_assert!(spec.schema_version <= SCHEMA_VERSION);
    found
}

fn owner(spec: &Spec, found: &mut Vec<Violation>) {
    if !is_email(&spec.owner) {
        let message = format!("owner `{}` is no e-mail address", spec.owner);
        found.push(violation(&["owner"], message, Some("write it as `name@example.edu`".to_owned())));
    }
}

fn network(spec: &Spec, found: &mut Vec<Violation>) {
    let network = &spec.network;
    if let Some(block) = &network.cidr
        && let Err(error) = VpcBlock::try_from(*block)
    {
        found.push(violation(&["network", "cidr"], error.to_string(), error.help()));
    }
    if let Some(block) = network.cidr.filter(|block| block.is_ipv4() && !block.is_rfc1918()) {
        let message = format!("network `{block}` is not a private range");
        let help =
            "use a part of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 (RFC 1918): other addresses belong to somebody";
        found.push(violation(&["network", "cidr"], message, Some(help.to_owned())));
    }
    let subnets = [("public", &network.public), ("private", &network.private)];
    for (name, subnet) in subnets.iter().filter_map(|(name, subnet)| Some((*name, (*subnet).as_ref()?))) {
        if let Err(error) = VpcBlock::try_from(*subnet) {
            found.push(violation(&["network", name], error.to_string(), error.help()));
        }
        match &network.cidr {
            Some(block) if !block.covers(subnet) => {
                let message = format!("{name} subnet `{subnet}` is not inside network `{block}`");
                found.push(violation(&["network", name], message, None));
            }
            None => {
                let message = format!("{name} subnet `{subnet}` is given without the network it lies in");
                let help = Some("give `network.cidr` too, or leave both out".to_owned());
                found.push(violation(&["network", name], message, help));
            }
            Some(_) => {}
        }
    }
    if let (Some(public), Some(private)) = (&network.public, &network.private)
        && public.overlaps(private)
    {
        let message = format!("private subnet `{private}` overlaps public subnet `{public}`");
        found.push(violation(&["network", "private"], message, None));
    }
    for (name, hosts, subnet) in [
        ("public_hosts", network.public_hosts, &network.public),
        ("private_hosts", network.private_hosts, &network.private),
    ] {
        if let (Some(hosts), Some(subnet)) = (hosts, subnet)
            && let Ok(usable) = VpcBlock::try_from(*subnet).map(|block| block.usable_hosts())
            && hosts > usable
        {
            let message = format!("`{hosts}` hosts do not fit into `{subnet}`, which has {usable} usable addresses");
            found.push(violation(&["network", name], message, None));
        }
    }
    if let Some(zone) = &network.zone
        && *zone.region() != spec.region
    {
        let message = format!("zone `{zone}` is not in region `{}`", spec.region);
        let help = Some(format!("zones of that region are called `{}a`, `{}b`, …", spec.region, spec.region));
        found.push(violation(&["network", "zone"], message, help));
    }
}

fn taken(spec: &Spec, found: &mut Vec<Violation>) {
    let Some(block) = &spec.network.cidr else { return };
    for range in spec.network.taken.iter().filter(|range| range.cidr.overlaps(block)) {
        let message = format!("network `{block}` overlaps `{}`, taken by `{}`", range.cidr, range.name);
        let help = Some("leave `network.cidr` out to have a free range planned".to_owned());
        found.push(violation(&["network", "cidr"], message, help));
    }
}

fn access(spec: &Spec, found: &mut Vec<Violation>) {
    let access = &spec.access;
    if access.mode == AccessMode::Bastion && access.allow.is_empty() {
        let message = "access mode `bastion` lets nobody in: no range is allowed".to_owned();
        let help = "add `allow = [{ name = \"campus-vpn\", cidr = \"…\" }]`, or use `session-manager`, which needs no inbound port";
        found.push(violation(&["access", "mode"], message, Some(help.to_owned())));
    }
    for (index, range) in access.allow.iter().enumerate() {
        if let Some(earlier) = access.allow[..index].iter().find(|earlier| earlier.cidr.overlaps(&range.cidr)) {
            let index = index.to_string();
            found.push(violation(&["access", "allow", &index, "cidr"], overlap(range, earlier), None));
        }
    }
    for (index, person) in access.people.iter().enumerate() {
        let index = index.to_string();
        if !is_login(&person.name) {
            let message = format!("`{}` is no login name", person.name);
            let help = Some("use up to 32 lower-case letters, digits, `_` and `-`, beginning with a letter".to_owned());
            found.push(violation(&["access", "people", &index, "name"], message, help));
        }
        if !is_email(&person.email) {
            let message = format!("`{}` is no e-mail address", person.email);
            found.push(violation(&["access", "people", &index, "email"], message, None));
        }
        if access.people.iter().filter(|other| other.name == person.name).count() > 1 {
            let message = format!("more than one person is called `{}`", person.name);
            let help = Some("one account each: shared logins cannot be told apart in the logs".to_owned());
            found.push(violation(&["access", "people", &index, "name"], message, help));
        }
    }
}

fn ancillary(spec: &Spec, found: &mut Vec<Violation>) {
    let ancillary = &spec.ancillary;
    if !ancillary.file_table && !ancillary.notify.is_empty() {
        let message = "nobody can be told of new files without the table of files".to_owned();
        let help = Some("leave `file_table` out, or `notify`".to_owned());
        found.push(violation(&["ancillary", "notify"], message, help));
    }
    for (index, address) in ancillary.notify.iter().enumerate() {
        let place = index.to_string();
        if !is_email(address) {
            let message = format!("`{address}` is no e-mail address");
            found.push(violation(&["ancillary", "notify", &place], message, None));
        }
        if ancillary.notify[..index].contains(address) {
            let message = format!("`{address}` is told twice");
            found.push(violation(&["ancillary", "notify", &place], message, None));
        }
    }
}

fn retention(spec: &Spec, found: &mut Vec<Violation>) {
    let days = spec.retention.logs_days;
    if !LOG_PERIODS.contains(&days) {
        let message = format!("CloudWatch Logs cannot keep events for `{days}` days");
        let help = LOG_PERIODS.iter().find(|period| **period > days).map_or_else(
            || "the longest period is 3653 days".to_owned(),
            |period| format!("the nearest period that keeps them long enough is {period} days"),
        );
        found.push(violation(&["retention", "logs_days"], message, Some(help)));
    }
    let days = spec.retention.versions_days;
    if days == 0 || days > 36_500 {
        let message = format!("older versions cannot be kept for `{days}` days");
        found.push(violation(&["retention", "versions_days"], message, Some("use 1 to 36500".to_owned())));
    }
}

fn archive(spec: &Spec, found: &mut Vec<Violation>) {
    for (index, recipient) in spec.archive.recipients.iter().enumerate() {
        if !recipient.starts_with("age1") {
            let help = match nearest(recipient, ["AGE-SECRET-KEY-1"].into_iter()) {
                Some(_) => "this looks like a private key: take it out of the spec and out of its history",
                None => "a recipient is the public key that `age-keygen` prints, beginning with `age1`",
            };
            let message = format!("archive recipient {} is no age public key", index + 1);
            found.push(violation(&["archive", "recipients", &index.to_string()], message, Some(help.to_owned())));
        }
    }
}

fn overlap(range: &NamedRange, earlier: &NamedRange) -> String {
    format!("allowed range `{}` (`{}`) overlaps `{}` (`{}`)", range.cidr, range.name, earlier.cidr, earlier.name)
}

fn violation(path: &[&str], message: String, help: Option<String>) -> Violation {
    Violation { path: path.iter().map(|key| (*key).to_owned()).collect(), message, help }
}

/// Good enough to catch a slip; only sending mail would tell more.
fn is_email(text: &str) -> bool {
    let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    let parts = text.split_once('@');
    plain && parts.is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'))
}

/// What `useradd` takes everywhere.
fn is_login(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    text.len() <= 32 && text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(legal)
}

#[cfg(test)]
mod tests {
    use crate::spec::{Format, parse};

    fn messages(rest: &str) -> Vec<String> {
        let text = format!("pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"b@example.edu\"\n{rest}");
        match parse(&text, Format::Toml) {
            Ok(_) => Vec::new(),
            Err(error) => error.problems.into_iter().map(|problem| problem.message).collect(),
        }
    }

    #[test]
    fn a_taken_range_is_named_with_its_owner() {
        let rest = "[network]\ncidr = \"10.0.0.0/16\"\ntaken = [{ name = \"campus\", cidr = \"10.0.0.0/8\" }]\n";
        assert_eq!(messages(rest), ["network `10.0.0.0/16` overlaps `10.0.0.0/8`, taken by `campus`"]);
    }

    #[test]
    fn a_bastion_needs_a_range_and_ranges_stay_apart() {
        assert_eq!(
            messages("[access]\nmode = \"bastion\"\n"),
            ["access mode `bastion` lets nobody in: no range is allowed"]
        );
        let twice = "[access]\nallow = [{ name = \"a\", cidr = \"192.0.2.0/24\" }, { name = \"b\", cidr = \"192.0.2.0/25\" }]\n";
        assert_eq!(messages(twice), ["allowed range `192.0.2.0/25` (`b`) overlaps `192.0.2.0/24` (`a`)"]);
    }

    #[test]
    fn people_have_an_account_each() {
        let rest = "[access]\npeople = [{ name = \"r1\", email = \"r@example.edu\" }, { name = \"r1\", email = \"x\" }, { name = \"R 2\", email = \"r@example.edu\" }]\n";
        let found = messages(rest);
        assert_eq!(found.len(), 4, "{found:?}");
    }

    #[test]
    fn who_is_told_has_an_address_and_something_to_be_told_of() {
        let rest = "[ancillary]\nnotify = [\"a@b.edu\", \"a@b.edu\", \"nobody\"]\n";
        assert_eq!(messages(rest), ["`a@b.edu` is told twice", "`nobody` is no e-mail address"]);
        let rest = "[ancillary]\nfile_table = false\nnotify = [\"a@b.edu\"]\n";
        assert_eq!(messages(rest), ["nobody can be told of new files without the table of files"]);
    }

    #[test]
    fn a_private_key_in_the_spec_is_refused_without_being_shown() {
        let found = messages("[archive]\nrecipients = [\"AGE-SECRET-KEY-1QQQ\"]\n");
        assert_eq!(found, ["archive recipient 1 is no age public key"]);
    }

    #[test]
    fn subnets_lie_in_a_stated_network() {
        assert_eq!(
            messages("[network]\ncidr = \"10.0.0.0/16\"\npublic = \"10.1.0.0/24\"\n"),
            ["public subnet `10.1.0.0/24` is not inside network `10.0.0.0/16`"]
        );
        assert_eq!(messages("[network]\nprivate = \"10.1.0.0/24\"\n").len(), 1);
    }
}
