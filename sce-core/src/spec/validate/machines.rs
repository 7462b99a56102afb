//! What no machine can be, and what a way in cannot be without.

use super::{Violation, violation};
use crate::spec::parse::nearest;
use crate::spec::{AccessMode, Egress, Machine, Packages, Spec};

/// The sizes, in GiB, that an EBS volume of type gp2 or gp3 can have (EBS user guide, "Amazon EBS volume types").
const VOLUME_GIB: std::ops::RangeInclusive<u32> = 1..=16_384;

/// Amazon Linux 2023's image takes 8 GiB.
const LEAST_ROOT_GIB: u32 = 8;

/// More swap than this is a machine with too little memory.
const MOST_SWAP_GIB: u32 = 64;

/// Characters of a package mirror's address.
const LONGEST_MIRROR: usize = 200;

/// The sizes that instance types end in, those with a number before `xlarge` or after `metal-` aside.
const SIZES: [&str; 8] = ["nano", "micro", "small", "medium", "large", "xlarge", "2xlarge", "metal"];

/// Everything about machines and the way to them that cannot be.
pub(super) fn machines(spec: &Spec, found: &mut Vec<Violation>) {
    idle(spec, found);
    way_in(spec, found);
    let Some(compute) = &spec.compute else { return };
    for (name, machine) in [("private", &compute.private), ("bastion", &compute.bastion)] {
        if let Some(machine) = machine {
            instance_type(name, machine, found);
            volumes(name, machine, found);
            packages(spec, name, machine, found);
        }
    }
    bastion(spec, compute.bastion.as_ref(), found);
}

fn idle(spec: &Spec, found: &mut Vec<Violation>) {
    let minutes = spec.access.idle_minutes;
    if !(1..=60).contains(&minutes) {
        let message = format!("sessions cannot end after `{minutes}` minutes without input");
        let help = "use 1 to 60, which is what Session Manager takes; 15 is usual".to_owned();
        found.push(violation(&["access", "idle_minutes"], message, Some(help)));
    }
}

fn way_in(spec: &Spec, found: &mut Vec<Violation>) {
    if spec.access.mode == AccessMode::Bastion && spec.network.egress == Egress::None {
        let message =
            "access mode `bastion` does not go with egress `none`: a bastion stands on the internet".to_owned();
        let help = "use `session-manager`, which needs no machine on the internet, or egress `nat`".to_owned();
        found.push(violation(&["access", "mode"], message, Some(help)));
    }
}

fn bastion(spec: &Spec, bastion: Option<&Machine>, found: &mut Vec<Violation>) {
    let Some(bastion) = bastion else { return };
    if spec.access.mode != AccessMode::Bastion {
        let message = "a bastion is described, and access does not lead over one".to_owned();
        let help = "set `access.mode` to `bastion`, or take `[compute.bastion]` out".to_owned();
        found.push(violation(&["compute", "bastion"], message, Some(help)));
    }
    if bastion.data_volume_gib.is_some() {
        let message = "a bastion has no data volume: it forwards sessions and holds no data".to_owned();
        let help = "give the volume to `[compute.private]`".to_owned();
        found.push(violation(&["compute", "bastion", "data_volume_gib"], message, Some(help)));
    }
}

fn instance_type(name: &str, machine: &Machine, found: &mut Vec<Violation>) {
    let text = &machine.instance_type;
    if let Some(help) = type_fault(text) {
        found.push(violation(&["compute", name, "type"], format!("`{text}` is no instance type"), Some(help)));
    }
}

/// What to write instead of a text that is no instance type; none if it may be one.
///
/// Families come and go, so only their grammar is known here: letters, a generation, and options (EC2 user guide, "Amazon EC2
/// instance type naming conventions").
fn type_fault(text: &str) -> Option<String> {
    let example = || "write family and size, such as `m7i.large`".to_owned();
    let Some((family, size)) = text.split_once('.') else { return Some(example()) };
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let shaped = family.starts_with(|c: char| c.is_ascii_lowercase()) && family.contains(|c: char| c.is_ascii_digit());
    if !shaped || !family.chars().all(legal) {
        return Some(example());
    }
    if is_size(size) {
        return None;
    }
    let near = nearest(size, SIZES.into_iter());
    Some(near.map_or_else(
        || format!("sizes are {} and the like", SIZES.join(", ")),
        |size| format!("did you mean `{family}.{size}`?"),
    ))
}

fn is_size(size: &str) -> bool {
    let is_count = |text: &str| !text.is_empty() && !text.starts_with('0') && text.chars().all(|c| c.is_ascii_digit());
    let times = |unit: &str| size.strip_suffix(unit).is_some_and(is_count);
    let metal = || size.strip_prefix("metal-").and_then(|rest| rest.strip_suffix("xl")).is_some_and(is_count);
    SIZES.contains(&size) || times("xlarge") || metal()
}

fn volumes(name: &str, machine: &Machine, found: &mut Vec<Violation>) {
    let Machine { root_volume_gib: root, data_volume_gib: data, swap_gib: swap, .. } = machine;
    let mut refuse = |field: &str, message: String, help: &str| {
        found.push(violation(&["compute", name, field], message, Some(help.to_owned())));
    };
    if let Some(size) = data.filter(|size| !VOLUME_GIB.contains(size)) {
        refuse("data_volume_gib", format!("no data volume can have `{size}` GiB"), "use 1 to 16384");
    }
    if !(LEAST_ROOT_GIB..=*VOLUME_GIB.end()).contains(root) {
        let help = "use 8 to 16384: Amazon Linux alone takes 8";
        refuse("root_volume_gib", format!("no root volume can have `{root}` GiB"), help);
    }
    if *swap > MOST_SWAP_GIB {
        let help = "use 0 to 64; a machine that needs more swap needs more memory";
        refuse("swap_gib", format!("`{swap}` GiB of swap are too much"), help);
    } else if *swap > 0 && swap >= root {
        let message = format!("`{swap}` GiB of swap do not fit on a root volume of `{root}` GiB");
        refuse("swap_gib", message, "the swap file lies on the root volume: make the one smaller or the other larger");
    }
}

fn packages(spec: &Spec, name: &str, machine: &Machine, found: &mut Vec<Violation>) {
    let mut refuse = |message: String, help: &str| {
        found.push(violation(&["compute", name, "packages"], message, Some(help.to_owned())));
    };
    match &machine.packages {
        Some(Packages::Internet) if spec.network.egress == Egress::None => refuse(
            "packages cannot come from the internet: egress is `none`".to_owned(),
            "name a mirror inside with `packages = { mirror = \"https://…\" }`, or take the line out: Amazon Linux's own \
             packages come through the S3 endpoint",
        ),
        // The machine's program carries it, and EC2 takes 16 KiB of that.
        Some(Packages::Mirror(url)) if url.len() > LONGEST_MIRROR => refuse(
            format!("a mirror's address of {} characters is too long", url.len()),
            "use one of at most 200 characters",
        ),
        Some(Packages::Mirror(url)) if !is_https(url) => refuse(
            // A password is nobody's to repeat.
            match url.contains('@') {
                true => "the mirror's address has a name or a password in it".to_owned(),
                false => format!("mirror `{}` is no https address", url.escape_debug()),
            },
            "write it as `https://pypi.example.edu/simple`: over plain http anyone on the way can put in a program",
        ),
        _ => {}
    }
}

/// An https address of a host, without a password in it and without anything that a shell or a log would trip over.
fn is_https(url: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]%=&+".contains(c);
    let rest = url.strip_prefix("https://").unwrap_or_default();
    rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[') && rest.chars().all(legal)
}

#[cfg(test)]
mod tests {
    use super::type_fault;
    use crate::spec::{Format, Problem, parse};

    /// The first of these lines is the spec's fourth.
    fn problems(rest: &str) -> Vec<Problem> {
        let text = format!("pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"b@example.edu\"\n{rest}");
        parse(&text, Format::Toml).map_or_else(|error| error.problems, |_| Vec::new())
    }

    #[test]
    fn instance_types_are_known_by_their_grammar() {
        for known in
            ["m7i.large", "t3.micro", "c7i-flex.2xlarge", "u-6tb1.112xlarge", "m7i.metal-24xl", "trn1n.32xlarge"]
        {
            assert_eq!(type_fault(known), None, "{known}");
        }
        let cases = [
            ("m7i", "write family and size, such as `m7i.large`"),
            ("large.m7i", "write family and size, such as `m7i.large`"),
            ("M7I.large", "write family and size, such as `m7i.large`"),
            ("", "write family and size, such as `m7i.large`"),
            ("m7i.lagre", "did you mean `m7i.large`?"),
            ("m7i.xlrage", "did you mean `m7i.xlarge`?"),
            ("t3.mirco", "did you mean `t3.micro`?"),
            ("m7i.0xlarge", "did you mean `m7i.xlarge`?"),
        ];
        for (text, help) in cases {
            assert_eq!(type_fault(text).as_deref(), Some(help), "{text}");
        }
        assert!(type_fault("m7i.").is_some_and(|help| help.starts_with("sizes are nano, micro")));
    }

    #[test]
    fn each_slip_gets_its_line_and_advice() {
        let cases = [
            ("[access]\nidle_minutes = 0\n", 5, "sessions cannot end after `0` minutes without input", "use 1 to 60"),
            ("[access]\nidle_minutes = 61\n", 5, "sessions cannot end after `61` minutes", "use 1 to 60"),
            ("[compute.private]\ntype = \"m7i.huge\"\n", 5, "`m7i.huge` is no instance type", "sizes are"),
            (
                "[compute.private]\ntype = \"m7i.large\"\ndata_volume_gib = 0\n",
                6,
                "no data volume can have `0` GiB",
                "1 to",
            ),
            (
                "[compute.private]\ntype = \"m7i.large\"\ndata_volume_gib = 16385\n",
                6,
                "no data volume can have `16385`",
                "1 to 16384",
            ),
            (
                "[compute.private]\ntype = \"m7i.large\"\nroot_volume_gib = 7\n",
                6,
                "no root volume can have `7`",
                "8 to",
            ),
            ("[compute.private]\ntype = \"m7i.large\"\nswap_gib = 65\n", 6, "`65` GiB of swap are too much", "0 to 64"),
            (
                "[compute.private]\ntype = \"m7i.large\"\nswap_gib = 8\nroot_volume_gib = 8\n",
                6,
                "`8` GiB of swap do not fit on a root volume of `8` GiB",
                "the swap file lies on the root volume",
            ),
            (
                "[access]\nmode = \"bastion\"\nallow = [{ name = \"a\", cidr = \"140.142.0.0/16\" }]\n[network]\negress = \"none\"\n",
                5,
                "access mode `bastion` does not go with egress `none`",
                "use `session-manager`",
            ),
            (
                "[compute.bastion]\ntype = \"t3.micro\"\n",
                4,
                "a bastion is described, and access does not",
                "`access.mode`",
            ),
            (
                "[compute.private]\ntype = \"m7i.large\"\npackages = \"internet\"\n[network]\negress = \"none\"\n",
                6,
                "packages cannot come from the internet: egress is `none`",
                "name a mirror inside",
            ),
            (
                "[compute.private]\ntype = \"m7i.large\"\npackages = { mirror = \"http://pypi.example.edu\" }\n",
                6,
                "mirror `http://pypi.example.edu` is no https address",
                "write it as `https://",
            ),
        ];
        for (rest, line, message, help) in cases {
            let found = problems(rest);
            assert_eq!(found.len(), 1, "{rest}: {found:?}");
            assert_eq!(found[0].line, Some(line), "{rest}");
            assert!(found[0].message.starts_with(message), "{}", found[0].message);
            assert!(found[0].help.as_deref().is_some_and(|text| text.contains(help)), "{:?}", found[0].help);
        }
    }

    #[test]
    fn mirrors_are_plain_https_addresses() {
        let of = |url: &str| {
            let rest = format!("[compute.private]\ntype = \"m7i.large\"\npackages = {{ mirror = '{url}' }}\n");
            problems(&rest).len()
        };
        for good in
            ["https://pypi.example.edu/simple", "https://pypi.example.edu:8443/root/pypi/+simple/", "https://10.0.0.9"]
        {
            assert_eq!(of(good), 0, "{good}");
        }
        for bad in [
            "https://",
            "https://u:p@pypi.example.edu",
            "https://x/$(id)",
            "https://x y",
            "ftp://x",
            "pypi.example.edu",
        ] {
            assert_eq!(of(bad), 1, "{bad}");
        }
        let long = |length: usize| format!("https://{}", "a".repeat(length - "https://".len()));
        assert_eq!((of(&long(200)), of(&long(201))), (0, 1));
    }

    #[test]
    fn a_bastion_may_be_described_where_there_is_one() {
        let access = "[access]\nmode = \"bastion\"\nallow = [{ name = \"a\", cidr = \"140.142.0.0/16\" }]\n";
        let compute = "[compute.private]\ntype = \"m7i.large\"\n[compute.bastion]\ntype = \"t4g.micro\"\n";
        assert!(problems(&format!("{access}{compute}")).is_empty());
        let found = problems(&format!("{access}{compute}data_volume_gib = 10\n"));
        assert_eq!((found.len(), found[0].line), (1, Some(11)));
    }

    #[test]
    fn without_a_way_out_packages_need_no_word() {
        assert!(problems("[compute.private]\ntype = \"m7i.large\"\n[network]\negress = \"none\"\n").is_empty());
    }
}
