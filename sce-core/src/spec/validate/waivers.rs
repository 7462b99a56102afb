//! What a waiver may not be, whatever the rules say.

use super::{Violation, is_email, is_same_person, says_something, violation};
use crate::spec::{Spec, Waiver};

/// Hexadecimal digits of a digest.
const DIGEST_DIGITS: usize = 16;

pub(super) fn waivers(spec: &Spec, found: &mut Vec<Violation>) {
    for (index, waiver) in spec.waiver.iter().enumerate() {
        let place = index.to_string();
        let mut wrong = |key: &str, message: String, help: Option<&str>| {
            found.push(violation(&["waiver", &place, key], message, help.map(str::to_owned)));
        };
        for (key, said) in said(waiver) {
            if !says_something(said) {
                wrong(key, format!("the waiver's `{key}` says nothing"), None);
            }
        }
        if !is_digest(&waiver.digest) {
            let message = format!("`{}` is no digest", waiver.digest);
            wrong("digest", message, Some("copy the 16 digits that `sce check` shows beside the finding"));
        }
        approver(waiver, &spec.owner, &mut wrong);
        let same = |other: &&Waiver| (&other.rule, &other.resource) == (&waiver.rule, &waiver.resource);
        if spec.waiver[..index].iter().any(|other| same(&other)) {
            let message = format!("rule `{}` is waived twice for `{}`", waiver.rule, waiver.resource);
            wrong("rule", message, Some("leave one of the two out"));
        }
    }
}

/// The texts that must say something.
fn said(waiver: &Waiver) -> impl Iterator<Item = (&'static str, &str)> {
    let reasoning = waiver.addressable.iter().flat_map(|addressable| {
        let instead = addressable.instead.as_deref().map(|text| ("addressable", text));
        [Some(("addressable", addressable.why.as_str())), instead].into_iter().flatten()
    });
    [("rule", waiver.rule.as_str()), ("resource", &waiver.resource), ("reason", &waiver.reason)]
        .into_iter()
        .chain(reasoning)
}

fn approver(waiver: &Waiver, owner: &str, wrong: &mut impl FnMut(&str, String, Option<&str>)) {
    if !is_email(&waiver.approver) {
        let message = format!("approver `{}` is no e-mail address", waiver.approver);
        wrong("approver", message, Some("write it as `name@example.edu`"));
    } else if is_same_person(&waiver.approver, owner) {
        let message = format!("approver `{}` is the owner, who cannot accept a risk of their own", waiver.approver);
        wrong("approver", message, Some("name who answers for risk, such as the CISO or the research office"));
    }
}

fn is_digest(text: &str) -> bool {
    text.len() == DIGEST_DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use crate::spec::{Format, parse};

    const LEAST: &str = "pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"b@example.edu\"\n";
    const WAIVER: &str = "[[waiver]]\nrule = \"tenancy-is-shared\"\nresource = \"vpc\"\ndigest = \"0123456789abcdef\"\n\
        reason = \"a grant asks for it\"\napprover = \"ciso@example.edu\"\nexpires = 2027-03-01\n";

    fn refused(waivers: &str) -> Vec<(Option<usize>, String, Option<String>)> {
        match parse(&format!("{LEAST}{waivers}"), Format::Toml) {
            Ok(_) => Vec::new(),
            Err(error) => {
                error.problems.into_iter().map(|problem| (problem.line, problem.message, problem.help)).collect()
            }
        }
    }

    #[test]
    fn a_waiver_survives_as_json() {
        let reasoned =
            format!("{WAIVER}addressable = {{ why = \"no PHI is on it\", instead = \"the volume beside it\" }}\n");
        for text in [WAIVER, &reasoned, &WAIVER.replace("2027-03-01", "\"2027-03-01\"")] {
            let spec = parse(&format!("{LEAST}{text}"), Format::Toml).unwrap();
            let kept = serde_json::to_string(&spec).unwrap();
            assert_eq!(parse(&kept, Format::Json).unwrap(), spec);
            assert_eq!(spec.waiver[0].expires.to_string(), "2027-03-01");
        }
        assert!(!serde_json::to_string(&parse(LEAST, Format::Toml).unwrap()).unwrap().contains("waiver"));
    }

    #[test]
    fn slips_are_told_with_their_line() {
        let line = |text: &str| refused(text)[0].0;
        assert_eq!(line(&WAIVER.replace("reason", "raeson")), Some(8));
        assert_eq!(refused(&WAIVER.replace("reason", "raeson"))[0].2.as_deref(), Some("did you mean `reason`?"));
        assert_eq!(line(&WAIVER.replace("2027-03-01", "\"soon\"")), Some(10));
        assert_eq!(line(&WAIVER.replace("expires = 2027-03-01\n", "")), Some(4));
        let owner = refused(&WAIVER.replace("ciso@", "B@"));
        assert_eq!(owner[0].0, Some(9));
        for same in ["b+risk@example.edu", "b@EXAMPLE.edu"] {
            let refused = refused(&WAIVER.replace("ciso@example.edu", same));
            assert!(refused[0].1.contains("is the owner"), "{refused:?}");
        }
        // What a mail program would take for the owner, or a reader for somebody.
        for odd in [
            "b@example.edu.",
            "<b@example.edu>",
            "\u{ff42}@example.edu",
            "b(x)@example.edu",
            "ciso@.",
            "c@example.edu\u{202e}",
        ] {
            let refused = refused(&WAIVER.replace("ciso@example.edu", odd));
            assert!(refused[0].1.ends_with("is no e-mail address"), "{odd}: {refused:?}");
        }
        assert_eq!(owner[0].1, "approver `B@example.edu` is the owner, who cannot accept a risk of their own");
        assert_eq!(refused(&WAIVER.replace("abcdef", ""))[0].0, Some(7));
        assert_eq!(refused(&WAIVER.replace("a grant asks for it", " "))[0].1, "the waiver's `reason` says nothing");
        assert_eq!(refused(&WAIVER.replace("ciso@example.edu", "the CISO"))[0].0, Some(9));
        let twice = refused(&WAIVER.repeat(2));
        assert_eq!(
            twice,
            [(
                Some(12),
                "rule `tenancy-is-shared` is waived twice for `vpc`".to_owned(),
                Some("leave one of the two out".to_owned())
            )]
        );
        let empty = refused(&format!("{WAIVER}addressable = {{ why = \"\" }}\n"));
        assert_eq!(empty[0].1, "the waiver's `addressable` says nothing");
    }
}
