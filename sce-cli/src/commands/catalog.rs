//! `sce catalog`

use sce::aws::resource::{Kind, PhiContact};
use sce::aws::service::Service;
use sce::catalog::{Catalogue, Edition};
use serde::Serialize;

use crate::cli::Catalog;
use crate::failure::{Exit, Failure};
use crate::output::{self, table, wrapped};
use crate::prepared;

/// What `--json` writes.
#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    /// The days of all editions.
    editions: Vec<String>,
    edition: &'a Edition,
    services: Vec<OfService<'a>>,
}

/// A service that environments are made of or looked after with.
#[derive(Serialize)]
struct OfService<'a> {
    service: &'static str,
    /// As the edition names it; null when it is not on the list.
    listed_as: Option<&'a str>,
    /// A tool that holds no PHI, and is on no list for that reason.
    tool: bool,
    kinds: Vec<OfKind>,
}

/// A kind of resource of a service.
#[derive(Serialize)]
struct OfKind {
    kind: &'static str,
    title: &'static str,
    class: &'static str,
}

pub(crate) fn run(asked: &Catalog) -> Result<Exit, Failure> {
    let read = asked.catalog.as_deref().map(prepared::catalogue).transpose()?;
    let catalogue = read.as_ref().unwrap_or(Catalogue::built_in());
    let day = asked.edition.unwrap_or_else(sce::today);
    let days: Vec<String> = catalogue.editions().iter().map(|edition| edition.as_of.to_string()).collect();
    let Some(edition) = catalogue.edition_on(day) else {
        let message = format!("the catalogue has no edition that held on {day}");
        return Err(Failure::usage(message).advise(format!("its editions are of {}", days.join(", "))));
    };
    let services = Service::ALL.map(|service| of_service(service, edition)).into_iter().collect();
    let document = Document { schema_version: 1, editions: days, edition, services };
    match asked.format.json {
        true => output::json(&document)?,
        false => output::result(&text(&document, asked.all))?,
    }
    Ok(Exit::Done)
}

fn of_service(service: Service, edition: &Edition) -> OfService<'_> {
    let kinds = Kind::ALL.iter().filter(|kind| kind.of_service() == service).map(|kind| OfKind {
        kind: kind.word(),
        title: kind.descriptor().title,
        class: class(kind.descriptor().phi_contact),
    });
    OfService {
        service: service.title(),
        listed_as: edition.listed(service),
        tool: service.is_tool(),
        kinds: kinds.collect(),
    }
}

/// The document's two classes (L280-L282).
fn class(contact: PhiContact) -> &'static str {
    match contact {
        PhiContact::DataAndCompute => "data and compute",
        PhiContact::TriggersAndOrchestration => "triggers and orchestration",
    }
}

fn text(document: &Document<'_>, all: bool) -> String {
    let Document { editions, edition, services, .. } = document;
    let head = format!(
        "HIPAA eligible services as of {}: {}\n{}\neditions: {}\n\n",
        edition.as_of,
        edition.services.len(),
        wrapped(&format!("source: {}", edition.source), ""),
        editions.join(", ")
    );
    let rows: Vec<[String; 3]> = services.iter().flat_map(rows).collect();
    let list = if all { format!("\n{}\n", edition.services.join("\n")) } else { String::new() };
    format!("{head}{}{list}", table(["WHAT", "CLASS", "SERVICE, AS THE LIST NAMES IT"], &rows))
}

fn rows<'a>(of: &'a OfService<'_>) -> impl Iterator<Item = [String; 3]> + 'a {
    let listed = match (of.listed_as, of.tool) {
        (Some(listed), _) => listed.to_owned(),
        (None, true) => format!("{}: not on the list, a tool that holds no PHI", of.service),
        (None, false) => format!("{}: not on the list", of.service),
    };
    let none = of
        .kinds
        .is_empty()
        .then(|| ["(no resource)".to_owned(), "triggers and orchestration".to_owned(), listed.clone()]);
    of.kinds.iter().map(move |kind| [kind.title.to_owned(), kind.class.to_owned(), listed.clone()]).chain(none)
}
