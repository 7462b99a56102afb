//! The certificate as one page for people: a review board reads it on a screen or on paper.

use std::fmt::Write as _;

use sce_core::html::{sentence, shown};

use super::{Archived, Closed, Left};

/// How many objects the page lists; the manifest lists all.
const LISTED: usize = 2000;

impl Closed {
    /// As one HTML page that needs nothing else, to be read in light, in dark and on paper.
    #[must_use]
    pub fn to_html(&self) -> String {
        let pit = shown(self.pit.as_str());
        let title = match self.left.is_empty() {
            true => format!("Certificate of close-out: {pit}"),
            false => format!("Not closed out: {pit}"),
        };
        let sections = [
            lefts("Left, and should not be", &self.left),
            pendings(self),
            list("Stays on purpose", self.stays.iter().map(|one| sentence(one))),
            lefts("Not this environment's by plan and journal, and not touched", &self.foreign),
            list("To know", self.notes.iter().map(|one| sentence(one))),
            table("Objects archived", &self.archived),
            table("Records and logs archived", &self.documents),
            list("Deleted", self.deleted.iter().map(|one| format!("<code>{}</code>", shown(one)))),
            checking(self),
        ];
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n\
             <body>\n<h1>{title}</h1>\n{}{}{}</body>\n</html>\n",
            verdict(self),
            facts(self),
            sections.concat()
        )
    }
}

fn verdict(closed: &Closed) -> String {
    let (class, text) = match (closed.left.len(), closed.pending.len()) {
        (0, 0) => ("done", "Nothing of the environment is left.".to_owned()),
        (0, _) => ("done", "Nothing of the environment is left but what AWS deletes at the times below.".to_owned()),
        (1, _) => ("open", "Not closed out: one thing is left. Run close-out again.".to_owned()),
        (left, _) => ("open", format!("Not closed out: {left} things are left. Run close-out again.")),
    };
    format!("<p class=\"verdict {class}\">{text}</p>\n")
}

fn facts(closed: &Closed) -> String {
    let mut facts = String::new();
    let mut fact = |name: &str, value: String| {
        // Writing to a string does not fail.
        let _ = writeln!(facts, "<dt>{name}</dt><dd>{value}</dd>");
    };
    if let Some(ending) = &closed.ending {
        fact("Account, region", format!("{}, {}", shown(ending.account.as_str()), shown(ending.region.as_str())));
        let when = if closed.left.is_empty() { "Closed out" } else { "Tried" };
        fact(when, shown(&ending.at.to_string()));
        fact("By", format!("<code>{}</code>", shown(&ending.by)));
    }
    fact("Archive", format!("<code>{}</code>", shown(&closed.manifest)));
    fact("Head of its manifest", format!("<code>{}</code>", shown(&closed.manifest_head)));
    if let Some(by) = &closed.signed_by {
        fact("Signed by", format!("<code>{}</code>", shown(&by.fingerprint)));
        fact("Public key", format!("<code>{}</code>", shown(&by.public_key.to_string())));
    }
    let others: Vec<String> = closed
        .archives
        .iter()
        .filter(|archive| archive.head != closed.manifest_head)
        .map(|archive| format!("<code>{}</code>", shown(&archive.manifest)))
        .collect();
    if !others.is_empty() {
        fact("Earlier archives, to be kept as well", others.join("<br>"));
    }
    let (objects, documents) = (closed.archived.len(), closed.documents.len());
    fact(
        "In figures",
        format!("{objects} objects and {documents} records archived, {} things deleted", closed.deleted.len()),
    );
    format!("<dl>\n{facts}</dl>\n")
}

fn pendings(closed: &Closed) -> String {
    let row = |one: &super::Pending| format!("<code>{}</code>: {}", shown(&one.resource), shown(&one.until));
    list("AWS deletes later", closed.pending.iter().map(row))
}

fn lefts(title: &str, things: &[Left]) -> String {
    list(title, things.iter().map(|left| format!("<code>{}</code>: {}", shown(&left.resource), sentence(&left.why))))
}

fn list(title: &str, items: impl Iterator<Item = String>) -> String {
    let items: String = items.map(|item| format!("<li>{item}</li>\n")).collect();
    if items.is_empty() { items } else { format!("<section>\n<h2>{title}</h2>\n<ul>\n{items}</ul>\n</section>\n") }
}

fn table(title: &str, archived: &[Archived]) -> String {
    if archived.is_empty() {
        return String::new();
    }
    let row = |one: &Archived| {
        format!("<tr><td>{}</td><td><code>{}</code></td></tr>\n", shown(&one.object), shown(&one.sha256))
    };
    let rows: String = archived.iter().take(LISTED).map(row).collect();
    let more = archived.len().saturating_sub(LISTED);
    let more = if more == 0 { String::new() } else { format!("<p>And {more} more, which the manifest lists.</p>\n") };
    format!(
        "<section>\n<h2>{title}</h2>\n<table>\n<thead><tr><th>What</th><th>SHA-256</th></tr></thead>\n<tbody>\n{rows}</tbody>\n\
         </table>\n{more}</section>\n"
    )
}

/// How anybody can check what the page says.
fn checking(closed: &Closed) -> String {
    let Some(by) = &closed.signed_by else { return String::new() };
    let place = closed.manifest.strip_suffix("/manifest.json").unwrap_or(&closed.manifest);
    let line = format!("sce archive verify {place} --key {}", by.fingerprint);
    format!(
        "<section>\n<h2>How to check the archive</h2>\n<p><code>{}</code></p>\n<p>It compares every file with its SHA-256, the manifest with its \
         chain of hashes, and the signature with this key. <code>ssh-keygen -Y check-novalidate -n sce-archive</code> checks the \
         signature without sce.</p>\n</section>\n",
        shown(&line)
    )
}

const STYLE: &str = "\
:root { color-scheme: light dark; --line: #8888; --good: #1a7f37; --bad: #cf222e; }
@page { margin: 15mm; }
body { font: 11pt/1.45 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; background: Canvas; color: CanvasText; }
h1 { font-size: 1.5rem; line-height: 1.2; }
h2 { font-size: 1.1rem; margin: 1.6rem 0 .4rem; break-after: avoid; }
.verdict { border-left: .35rem solid; padding: .4rem .8rem; font-weight: 600; }
.done { border-color: var(--good); }
.open { border-color: var(--bad); }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .25rem 1rem; border: 1px solid var(--line); padding: .8rem; }
dt { font-weight: 600; }
dd { margin: 0; overflow-wrap: anywhere; }
ul { padding-left: 1.2rem; }
li { overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; table-layout: fixed; }
th, td { text-align: left; vertical-align: top; padding: .2rem .5rem; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
code { font: .85em/1.3 ui-monospace, monospace; overflow-wrap: anywhere; }
@media (max-width: 40em) { dl { grid-template-columns: minmax(0, 1fr); } }
@media print { :root { color-scheme: light; } body { margin: 0; max-width: none; font-size: 9.5pt; } }
";

#[cfg(test)]
mod tests {
    use super::super::certificate::tests::closed;
    use super::*;

    #[test]
    fn the_page_tells_everything_and_nothing_of_it_is_markup() {
        let hostile = "</code><script>alert(1)</script>";
        let mut closed = closed();
        closed.archived.push(Archived { object: format!("s3://b/{hostile}"), sha256: "0".repeat(64) });
        closed.foreign.push(Left { resource: format!("vpc {hostile}"), why: hostile.to_owned() });
        closed.stays.push(hostile.to_owned());
        closed.notes.push(hostile.to_owned());
        closed.deleted.push(hostile.to_owned());
        let page = closed.to_html();
        assert!(!page.contains("<script"), "{page}");
        assert_eq!(page.matches("&lt;script&gt;").count(), 6, "each is told as it is");
        for told in
            ["Nothing of the environment is left but", "SHA256:", "kms-key", "2026-12-30", "Deleted", "111122223333"]
        {
            assert!(page.contains(told), "{told}");
        }
        assert!(!page.contains("http"), "it needs nothing else");
    }

    #[test]
    fn what_is_left_is_told_first() {
        let mut closed = closed();
        let why = "DeleteBucket of `bucket-data` was refused".to_owned();
        closed.left.push(Left { resource: "bucket-data x".to_owned(), why });
        let page = closed.to_html();
        assert!(
            page.contains(
                "<h1>Not closed out: hipaa</h1>\n<p class=\"verdict open\">Not closed out: one thing is left."
            )
        );
        assert!(page.contains("DeleteBucket of <code>bucket-data</code> was refused"), "{page}");
        assert!(!page.contains("Closed out") && !page.contains("Certificate") && !page.contains('`'), "{page}");
        closed.left.push(Left { resource: "key y".to_owned(), why: String::new() });
        assert!(closed.to_html().contains("Not closed out: 2 things are left."));
        assert!(page.find("Left, and should not be").unwrap() < page.find("Deleted").unwrap());
    }

    #[test]
    fn a_long_list_says_how_much_more_there_is() {
        let one = Archived { object: "s3://b/k".to_owned(), sha256: "0".repeat(64) };
        let page = table("Objects", &vec![one; LISTED + 3]);
        assert!(page.contains("And 3 more, which the manifest lists.") && page.matches("<tr><td>").count() == LISTED);
    }
}
