//! The estimate for people.

use std::fmt::Write as _;

use super::{Amount, Estimate, HOURS_PER_MONTH, Line};

/// Hours of a week, for the weekly sums.
const HOURS_PER_WEEK: u64 = 168;

pub(super) fn text(estimate: &Estimate) -> String {
    let sources = sources(estimate);
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "Rough cost of `{}` in {}, in US dollars, at list prices as of {}\n",
        estimate.pit, estimate.region, estimate.as_of
    );
    out += &table(&lines(estimate, &sources), "<<><>><>>");
    out += "\nIn all\n";
    out += &table(&states(estimate), "<>>");
    out += "\nAssumed, each for a month unless it says otherwise\n";
    out += &table(&assumptions(estimate), "<><");
    out += "\nNot counted\n";
    out += &bullets(&estimate.left_out);
    out += "\nTo be read with it\n";
    out += &bullets(&estimate.notes);
    out += "\nThe document's figures of 2017, and today's\n";
    out += &table(&comparisons(estimate), "<<><><");
    out += "\nSources\n";
    for (index, source) in sources.iter().enumerate() {
        let _ = writeln!(out, "  [{}] {source}", index + 1);
    }
    out
}

/// Every source once, in order of first use.
fn sources(estimate: &Estimate) -> Vec<&str> {
    let mut sources: Vec<&str> = Vec::new();
    for line in &estimate.lines {
        if !sources.contains(&line.source.as_str()) {
            sources.push(&line.source);
        }
    }
    sources
}

fn lines(estimate: &Estimate, sources: &[&str]) -> Vec<Vec<String>> {
    let mut rows = vec![words(&["item", "of", "quantity", "", "price", "in 2017", "", "a month", "source"])];
    rows.extend(estimate.lines.iter().map(|line| {
        let source = sources.iter().position(|source| *source == line.source).map_or(0, |index| index + 1);
        vec![
            title(line),
            line.resource.clone(),
            line.quantity.to_string(),
            line.unit.to_owned(),
            line.unit_price.to_string(),
            line.unit_price_2017.map(|amount| amount.to_string()).unwrap_or_default(),
            line.document_line.map(|line| format!("L{line}")).unwrap_or_default(),
            line.monthly.to_cents(),
            format!("[{source}]"),
        ]
    }));
    rows
}

/// What is billed, with the type of machine where the price is by type.
fn title(line: &Line) -> String {
    let title = line.item.title();
    line.of_type.as_ref().map_or_else(|| title.to_owned(), |of_type| format!("{title}, {of_type}"))
}

fn states(estimate: &Estimate) -> Vec<Vec<String>> {
    let row = |name: &str, monthly: Amount| {
        let weekly = monthly.part(HOURS_PER_WEEK, HOURS_PER_MONTH);
        vec![name.to_owned(), monthly.to_cents(), weekly.to_cents()]
    };
    vec![
        words(&["", "a month", "a week"]),
        row("in use", estimate.states.running),
        row("machines stopped", estimate.states.stopped),
        row("after close-out", estimate.states.closed),
    ]
}

fn assumptions(estimate: &Estimate) -> Vec<Vec<String>> {
    let assumed = &estimate.assumptions;
    let row = |what: &str, quantity: u64, unit: &str| vec![what.to_owned(), quantity.to_string(), unit.to_owned()];
    vec![
        row("hours, for what is billed all the time", estimate.hours_per_month, "h"),
        row("hours a week that machines run", assumed.hours_per_week.into(), "h"),
        row("stored in the data bucket", assumed.data_gib.into(), "GiB"),
        row("stored in each other bucket but the registry", assumed.other_bucket_gib.into(), "GiB"),
        row("through the NAT gateway", assumed.nat_gib.into(), "GiB"),
        row("from the network to the internet", assumed.egress_gib.into(), "GiB"),
        row("taken out of the output bucket over the internet", assumed.download_gib.into(), "GiB"),
        row("of flow log records", assumed.flow_log_gib.into(), "GiB"),
        row("of session, ssh and audit records", assumed.session_log_gib.into(), "GiB"),
        row("through each interface endpoint", assumed.endpoint_gib.into(), "GiB"),
    ]
}

fn comparisons(estimate: &Estimate) -> Vec<Vec<String>> {
    let mut rows = vec![words(&["", "", "in 2017", "a", "today", ""])];
    rows.extend(estimate.document2017.iter().map(|compared| {
        vec![
            format!("L{}", compared.document_line),
            compared.what.clone(),
            compared.unit_price_2017.to_string(),
            compared.unit.clone(),
            compared.unit_price.map_or_else(|| "-".to_owned(), |amount| amount.to_string()),
            compared.note.clone().unwrap_or_default(),
        ]
    }));
    rows
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn bullets(sentences: &[String]) -> String {
    sentences.iter().map(|sentence| format!("  - {sentence}\n")).collect()
}

/// Rows with columns as wide as their widest cell, flush left (`<`) or right (`>`).
fn table(rows: &[Vec<String>], alignment: &str) -> String {
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let columns: Vec<(usize, char)> =
        alignment.chars().enumerate().map(|(column, side)| (width(column).unwrap_or(0), side)).collect();
    let mut out = String::new();
    for row in rows {
        let cells = row.iter().zip(&columns).map(|(cell, (width, side))| match side {
            '>' => format!("{cell:>width$}"),
            _ => format!("{cell:<width$}"),
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        let _ = writeln!(out, "  {}", line.trim_end());
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::cost::{Assumptions, Prices, estimate};
    use crate::lock::Lock;
    use crate::plan::plan;
    use crate::spec::{Format, parse};

    fn shown(rest: &str, hours_per_week: &str) -> String {
        let text = format!("pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"builder@example.edu\"\n{rest}");
        let spec = parse(&text, Format::Toml).unwrap();
        let plan = plan(&spec, &Lock::offline(&spec)).unwrap();
        let assumptions = Assumptions { hours_per_week: hours_per_week.parse().unwrap(), ..Assumptions::default() };
        estimate(&plan, &assumptions, Prices::built_in()).unwrap().to_text()
    }

    #[test]
    fn the_estimate_for_people_stays_as_reviewed() {
        insta::assert_snapshot!("cost_hipaa", shown("", "168"));
    }

    #[test]
    fn the_estimate_of_machines_stays_as_reviewed() {
        let machine = "[compute.private]\ntype = \"m7i.large\"\ndata_volume_gib = 100\n";
        let access = "[access]\nmode = \"bastion\"\nallow = [{ name = \"campus\", cidr = \"140.142.0.0/16\" }]\n";
        insta::assert_snapshot!("cost_machines", shown(&format!("{machine}{access}"), "40"));
    }
}
