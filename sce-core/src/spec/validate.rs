//! What a spec's grammar allows and the world does not.

mod machines;
mod waivers;

use super::parse::nearest;
use super::{AccessMode, NamedRange, SCHEMA_VERSION, Spec, existing};
use crate::account::Region;
use crate::aws::arn::Arn;
use crate::cidr::VpcBlock;

/// The periods, in days, that CloudWatch Logs can keep events for.
///
/// Source: CloudWatch Logs API reference, `PutRetentionPolicy`.
const LOG_PERIODS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// Names that a person cannot have: what the machines' own key pairs are for, and accounts that Amazon Linux has.
const RESERVED: [&str; 7] = ["bastion", "ec2-instance-connect", "ec2-user", "nobody", "private", "root", "ssm-user"];

/// Something that cannot be, and where the spec says it.
pub(super) struct Violation {
    pub(super) path: Vec<String>,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// Everything in the spec that cannot be.
pub(super) fn violations(spec: &Spec) -> Vec<Violation> {
    let mut found = Vec::new();
    lengths(spec, &mut found);
    if !found.is_empty() {
        return found;
    }
    owner(spec, &mut found);
    if let Some((message, help)) = unknown_region(&spec.region) {
        found.push(violation(&["region"], message, Some(help)));
    }
    network(spec, &mut found);
    taken(spec, &mut found);
    access(spec, &mut found);
    machines::machines(spec, &mut found);
    roles(spec, &mut found);
    ancillary(spec, &mut found);
    retention(spec, &mut found);
    archive(spec, &mut found);
    databases(spec, &mut found);
    existing::violations(spec, &mut found);
    waivers::waivers(spec, &mut found);
    debug_assert!(spec.schema_version <= SCHEMA_VERSION);
    found
}

/// The most that a list may have: far more than a study has of anything, and few enough to be compared with each other.
const MOST: usize = 1_000;

fn lengths(spec: &Spec, found: &mut Vec<Violation>) {
    let lists: [(&[&str], usize); 5] = [
        (&["access", "people"], spec.access.people.len()),
        (&["access", "allow"], spec.access.allow.len()),
        (&["network", "taken"], spec.network.taken.len()),
        (&["ancillary", "notify"], spec.ancillary.notify.len()),
        (&["waiver"], spec.waiver.len()),
    ];
    for (path, length) in lists.into_iter().filter(|(_, length)| *length > MOST) {
        let message = format!("`{}` has {length} entries", path.join("."));
        found.push(violation(
            path,
            message,
            Some(format!("a spec has at most {MOST} of each: make several environments")),
        ));
    }
}

/// What to say of a region that AWS did not have when the list of them was made.
pub(crate) fn unknown_region(region: &Region) -> Option<(String, String)> {
    if region.is_known() {
        return None;
    }
    let known = nearest(region.as_str(), Region::known()).map(|near| format!("did you mean `{near}`?"));
    let help = known.unwrap_or_else(|| "a region that AWS opened later takes a newer sce".to_owned());
    Some((format!("`{region}` is no region that AWS has, as far as this version of sce knows"), help))
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
        if RESERVED.contains(&person.name.as_str()) {
            let message = format!("`{}` is not a person's name: the machines or their keys are called so", person.name);
            let help = Some("choose another login name".to_owned());
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

fn roles(spec: &Spec, found: &mut Vec<Violation>) {
    let roles = &spec.roles;
    for (name, arns, whole) in [
        ("uploaders", &roles.uploaders, true),
        ("custodians", &roles.custodians, true),
        ("operators", &roles.operators, false),
    ] {
        for (index, arn) in arns.iter().enumerate() {
            if let Some((message, help)) = no_principal(arn, spec, whole) {
                found.push(violation(&["roles", name, &index.to_string()], message, Some(help)));
            }
        }
        if whole && !arns.is_empty() && spec.access.allow.is_empty() {
            let message = format!("{name} are named, and no range is allowed from which they may come");
            let help = "add `allow = [{ name = \"campus-vpn\", cidr = \"…\" }]` under `[access]`";
            found.push(violation(&["roles", name], message, Some(help.to_owned())));
        }
    }
    if let Some(arn) = &spec.account.permissions_boundary
        && !(arn.service() == "iam" && arn.resource().starts_with("policy/") && is_exact(arn))
    {
        let message = format!("permissions boundary `{arn}` is no managed policy");
        let help = format!("write it as `arn:{}:iam::ACCOUNT:policy/NAME`", spec.region.partition());
        found.push(violation(&["account", "permissions_boundary"], message, Some(help)));
    }
}

/// What is wrong with an ARN that shall name a user or a role: a role's trust takes no wildcard, a condition does.
fn no_principal(arn: &Arn, spec: &Spec, whole: bool) -> Option<(String, String)> {
    let partition = spec.region.partition();
    let name = arn.resource().strip_prefix("role/").or_else(|| arn.resource().strip_prefix("user/"));
    let account = arn.account().len() == 12 && arn.account().bytes().all(|byte| byte.is_ascii_digit());
    let is_principal = arn.service() == "iam" && account && name.is_some_and(|name| !name.is_empty());
    let names_nobody =
        name.and_then(|name| name.rsplit('/').next()).is_some_and(|name| name.trim_matches('*').is_empty());
    let help = format!("write it as `arn:{partition}:iam::ACCOUNT:role/NAME`, or `user/NAME`");
    if !is_principal {
        return Some((format!("`{arn}` is no user or role"), help));
    }
    if arn.partition() != partition.as_str() {
        return Some((format!("`{arn}` is not of partition `{partition}`, where region `{}` is", spec.region), help));
    }
    if names_nobody || (whole && !is_exact(arn)) {
        return Some((
            format!("`{arn}` names nobody in particular"),
            "name one user or role: no `*` and no `?`".to_owned(),
        ));
    }
    None
}

fn is_exact(arn: &Arn) -> bool {
    !arn.as_str().contains(['*', '?'])
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

fn databases(spec: &Spec, found: &mut Vec<Violation>) {
    for (index, database) in spec.database.iter().enumerate() {
        let index = index.to_string();
        let mut wrong = |key: &str, message: String, help: Option<&str>| {
            found.push(violation(&["database", &index, key], message, help.map(str::to_owned)));
        };
        if database.engine != "postgres" {
            let help = match nearest(&database.engine, ["postgres", "postgresql"].into_iter()) {
                Some(_) => "did you mean `postgres`?",
                None => "`postgres` is the engine that this version builds",
            };
            wrong("engine", format!("engine `{}` is not built", database.engine), Some(help));
        }
        if !is_database_name(database.name()) {
            let help = "use up to 16 lower-case letters and digits, beginning with a letter";
            wrong("name", format!("`{}` is no database name", database.name()), Some(help));
        }
        if spec.database.iter().filter(|other| other.name() == database.name()).count() > 1 {
            let help = "give each a `name` of its own";
            wrong("name", format!("more than one database is called `{}`", database.name()), Some(help));
        }
        if !database.version.parse::<u32>().is_ok_and(|version| (12..100).contains(&version)) {
            let help = "give the major version alone, such as `16`";
            wrong("version", format!("`{}` is no major version of PostgreSQL", database.version), Some(help));
        }
        let class = database.class.strip_prefix("db.").and_then(|class| class.split_once('.'));
        if !class.is_some_and(|(family, size)| !family.is_empty() && !size.is_empty()) {
            let help = "write it as `db.FAMILY.SIZE`, such as `db.t4g.medium`";
            wrong("class", format!("`{}` is no instance class", database.class), Some(help));
        }
        if !(20..=65_536).contains(&database.storage_gib) {
            let message = format!("a database cannot have `{}` GiB of storage", database.storage_gib);
            wrong("storage_gib", message, Some("use 20 to 65536"));
        }
        if database.backup_days > 35 {
            let message = format!("backups cannot be kept for `{}` days", database.backup_days);
            wrong("backup_days", message, Some("use 0 to 35; the archive of close-out keeps what must last"));
        }
    }
}

/// What fits into an RDS identifier behind a PIT and a hyphen, and reads back without doubt.
fn is_database_name(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.len() <= 16 && text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(legal)
}

fn overlap(range: &NamedRange, earlier: &NamedRange) -> String {
    format!("allowed range `{}` (`{}`) overlaps `{}` (`{}`)", range.cidr, range.name, earlier.cidr, earlier.name)
}

pub(super) fn violation(path: &[&str], message: String, help: Option<String>) -> Violation {
    Violation { path: path.iter().map(|key| (*key).to_owned()).collect(), message, help }
}

/// An address as people have it, in plain letters: what RFC 5322 allows besides (comments, quotes, other scripts) lets one person pass
/// for two. Only sending mail would tell more.
pub(crate) fn is_email(text: &str) -> bool {
    let label = |label: &str| {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !label.is_empty() && label.bytes().all(legal) && !label.starts_with('-') && !label.ends_with('-')
    };
    let name = |name: &str| {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._%+'-".contains(&byte);
        !name.is_empty() && name.bytes().all(legal)
    };
    let parts = text.split_once('@').filter(|_| text.len() <= LONGEST_EMAIL);
    parts.is_some_and(|(local, host)| name(local) && host.contains('.') && host.split('.').all(label))
}

/// RFC 5321, 4.5.3.1.3, less the brackets.
const LONGEST_EMAIL: usize = 254;

/// Whether two addresses reach one person: letters of either case, and whatever follows a plus sign.
pub(crate) fn is_same_person(one: &str, other: &str) -> bool {
    let person = |text: &str| {
        let (name, host) = text.split_once('@').unwrap_or((text, ""));
        (name.split('+').next().unwrap_or_default().to_ascii_lowercase(), host.to_ascii_lowercase())
    };
    person(one) == person(other)
}

/// Whether a text says anything that can be read.
pub(crate) fn says_something(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
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
    fn nobody_is_called_as_a_machine_or_its_accounts_are() {
        for name in super::RESERVED {
            let rest = format!("[access]\npeople = [{{ name = \"{name}\", email = \"r@example.edu\" }}]\n");
            let expected = format!("`{name}` is not a person's name: the machines or their keys are called so");
            assert_eq!(messages(&rest), [expected]);
        }
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
    fn databases_are_of_a_kind_that_is_built() {
        let rest = "[[database]]\nengine = \"postgresql\"\nphi_contact = true\nname = \"a-b\"\nversion = \"16.4\"\nclass = \"t4g\"\nstorage_gib = 5\nbackup_days = 36\n";
        assert_eq!(
            messages(rest),
            [
                "engine `postgresql` is not built",
                "`a-b` is no database name",
                "`16.4` is no major version of PostgreSQL",
                "`t4g` is no instance class",
                "a database cannot have `5` GiB of storage",
                "backups cannot be kept for `36` days",
            ]
        );
        let one = "[[database]]\nengine = \"postgres\"\nphi_contact = true\n";
        assert_eq!(messages(&one.repeat(2)).len(), 2);
        assert_eq!(messages(one), [""; 0]);
    }

    #[test]
    fn who_takes_on_a_role_is_named_exactly_and_comes_from_a_range() {
        let access = "[access]\nallow = [{ name = \"campus-vpn\", cidr = \"140.142.0.0/16\" }]\n";
        let role = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Custodian_0a1b";
        assert_eq!(messages(&format!("{access}[roles]\ncustodians = [\"{role}\"]\n")), [""; 0]);
        assert_eq!(messages(&format!("{access}[roles]\noperators = [\"{role}*\"]\n")), [""; 0]);
        assert_eq!(
            messages(&format!("[roles]\nuploaders = [\"{role}\"]\n")),
            ["uploaders are named, and no range is allowed from which they may come"]
        );
        for (bad, said) in [
            ("arn:aws:iam::111122223333:root", "is no user or role"),
            ("arn:aws:s3:::bucket", "is no user or role"),
            ("arn:aws:iam::*:role/Custodian", "is no user or role"),
            ("arn:aws-cn:iam::111122223333:role/Custodian", "is not of partition `aws`"),
            ("arn:aws:iam::111122223333:role/Custodian*", "names nobody in particular"),
            ("arn:aws:iam::111122223333:role/path/*", "names nobody in particular"),
        ] {
            let found = messages(&format!("{access}[roles]\nuploaders = [\"{bad}\"]\n"));
            assert!(found.len() == 1 && found[0].contains(said), "{bad}: {found:?}");
        }
        assert_eq!(
            messages(&format!("{access}[roles]\noperators = [\"arn:aws:iam::111122223333:role/*\"]\n")).len(),
            1
        );
    }

    #[test]
    fn a_permissions_boundary_is_a_managed_policy() {
        let boundary = |arn: &str| messages(&format!("[account]\npermissions_boundary = \"{arn}\"\n"));
        assert_eq!(boundary("arn:aws:iam::111122223333:policy/org/Boundary"), [""; 0]);
        assert_eq!(boundary("arn:aws:iam::111122223333:role/Boundary").len(), 1);
        assert_eq!(boundary("arn:aws:iam::111122223333:policy/*").len(), 1);
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
