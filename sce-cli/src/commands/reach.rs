//! `sce reach`

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::Path;

use sce::describe::tree::NotUnderstood;
use sce::describe::{Described, flow, read_tree};
use sce::network::{Network, Unread};
use sce::reach::{Exposure, Outcome, Reach};
use serde::Serialize;

use crate::cli::{Global, Reach as Asked};
use crate::failure::{Exit, Failure};
use crate::output::{self, counted, table};

/// What `--exposed --json` writes.
#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    exposed: &'a [Exposure<'a>],
    ways_around: Vec<Way<'a>>,
    unread: Vec<Told<'a>>,
    not_understood: Vec<Told<'a>>,
}

/// A way in that no route shows.
#[derive(Serialize)]
struct Way<'a> {
    kind: &'a str,
    name: &'a str,
    vpc: Option<&'a str>,
}

#[derive(Serialize)]
struct Told<'a> {
    what: &'a str,
    why: &'a str,
}

/// What becomes of one flow, on a line.
#[derive(Serialize)]
struct Line {
    schema_version: u32,
    #[serde(flatten)]
    outcome: Outcome,
}

pub(crate) fn run(asked: &Asked, global: &Global) -> Result<Exit, Failure> {
    let saved = read_tree(&asked.tree)?;
    let described = saved.described()?;
    let network = &described.network;
    if network.vpcs.is_empty() {
        return Err(nothing(&asked.tree, &described.not_understood));
    }
    tell(&described, global.quiet);
    let reach = Reach::of(network);
    match &asked.flows {
        Some(file) => flows(file, &reach, network)?,
        None => exposed(&reach, &described, asked.format.json)?,
    }
    Ok(Exit::Done)
}

fn nothing(tree: &Path, not_understood: &[NotUnderstood<'_>]) -> Failure {
    let files = not_understood.iter().take(TOLD).map(|file| format!("{}: {}", file.path, file.why));
    let failure = Failure::usage(format!("no file in `{}` describes a network", tree.display()));
    let failure = files.fold(failure, |failure, told| failure.because(&io::Error::other(told)));
    failure.advise("save what `aws ec2 describe-vpcs`, `describe-subnets`, `describe-network-interfaces` and others answer; `docs/describe.md` lists them")
}

/// How many of a kind are told one by one.
const TOLD: usize = 12;

fn tell(described: &Described<'_>, quiet: bool) {
    let unread = &described.network.unread;
    for Unread { what, why } in unread.iter().take(TOLD) {
        output::note(&format!("warning: {what} is unread: {why}"));
    }
    if unread.len() > TOLD {
        let more = counted(unread.len() - TOLD, "thing is", "things are");
        output::note(&format!("warning: {more} unread besides; `--exposed --json` lists all"));
    }
    if !unread.is_empty() {
        output::note("warning: what is unread is taken to let everything pass, where it is known to be there at all");
    }
    if !quiet {
        for NotUnderstood { path, why } in described.not_understood.iter().take(TOLD) {
            output::note(&format!("note: `{path}` is passed by: {why}"));
        }
        if described.not_understood.len() > TOLD {
            let more = counted(described.not_understood.len() - TOLD, "file is", "files are");
            output::note(&format!("note: {more} passed by besides"));
        }
    }
}

fn exposed(reach: &Reach<'_>, described: &Described<'_>, json: bool) -> Result<(), Failure> {
    let network = &described.network;
    let exposed = reach.exposed();
    if !json {
        return output::result(&text(&exposed, network));
    }
    let ways = network.ways_around.iter().map(|way| Way {
        kind: way.kind,
        name: &way.name,
        vpc: way.vpc.map(|id| network.vpcs.name(id)),
    });
    output::json(&Document {
        schema_version: 1,
        exposed: &exposed,
        ways_around: ways.collect(),
        unread: network.unread.iter().map(|unread| Told { what: &unread.what, why: &unread.why }).collect(),
        not_understood: described.not_understood.iter().map(|file| Told { what: file.path, why: &file.why }).collect(),
    })
}

fn text(exposed: &[Exposure<'_>], network: &Network) -> String {
    let mut text = match exposed {
        [] => "the internet reaches nothing that is described\n".to_owned(),
        _ => {
            let rows: Vec<_> = exposed.iter().map(row).collect();
            table(["INTERFACE", "INSTANCE", "PROTOCOL", "PORTS", "FROM"], &rows)
        }
    };
    if !network.ways_around.is_empty() {
        text.push_str("\nways in that no route shows, and that are not followed:\n");
    }
    for way in &network.ways_around {
        let vpc = way.vpc.map(|id| format!(" into {}", network.vpcs.name(id))).unwrap_or_default();
        text.push_str(&format!("  {} {}{vpc}\n", way.kind, way.name));
    }
    text
}

fn row(exposure: &Exposure<'_>) -> [String; 5] {
    let sources: Vec<String> = exposure.sources.iter().take(SOURCES).map(ToString::to_string).collect();
    let more = exposure.sources.len().saturating_sub(SOURCES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    [
        exposure.interface.to_owned(),
        exposure.instance.unwrap_or("-").to_owned(),
        exposure.protocol(),
        exposure.port_range(),
        format!("{}{more}", sources.join(" ")),
    ]
}

/// How many ranges a row has room for.
const SOURCES: usize = 4;

/// More than any flow takes.
const LONGEST_LINE: u64 = 64 << 10;

fn flows(file: &Path, reach: &Reach<'_>, network: &Network) -> Result<(), Failure> {
    let name = file.display().to_string();
    if name == "-" {
        return answer(&mut BufReader::new(io::stdin().lock()), "standard input", reach, network);
    }
    let unreadable = |error: io::Error| Failure::usage(format!("`{name}` cannot be read")).because(&error);
    let mut file = BufReader::new(File::open(file).map_err(unreadable)?);
    answer(&mut file, &name, reach, network)
}

/// Answers line by line, and hands the answers on whenever no further line waits, so that a program may ask and wait.
fn answer(lines: &mut BufReader<impl Read>, name: &str, reach: &Reach<'_>, network: &Network) -> Result<(), Failure> {
    let (mut line, mut answers) = (Vec::new(), String::new());
    for number in 1.. {
        line.clear();
        let read = lines.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line);
        let read = read.map_err(|error| Failure::usage(format!("`{name}` cannot be read")).because(&error))?;
        if read == 0 {
            break;
        }
        match one(&line, number, name, reach, network) {
            Ok(told) => answers.push_str(&told),
            Err(failure) => {
                hand_on(&mut answers)?;
                return Err(failure);
            }
        }
        if answers.len() > LONGEST_LINE as usize || lines.buffer().is_empty() {
            hand_on(&mut answers)?;
        }
    }
    hand_on(&mut answers)
}

fn hand_on(answers: &mut String) -> Result<(), Failure> {
    if !answers.is_empty() {
        output::document(answers)?;
        answers.clear();
    }
    Ok(())
}

/// The answer to one line; nothing to an empty one.
fn one(line: &[u8], number: usize, name: &str, reach: &Reach<'_>, network: &Network) -> Result<String, Failure> {
    let refused = |error: &dyn std::error::Error, help| {
        Failure::usage(format!("a line of `{name}` is no flow")).at(name, Some(number), error, help)
    };
    if line.len() as u64 == LONGEST_LINE && !line.ends_with(b"\n") {
        return Err(refused(&io::Error::other("the line is longer than 64 KiB: expected one flow a line"), None));
    }
    let line = line.strip_prefix(b"\xEF\xBB\xBF").filter(|_| number == 1).unwrap_or(line);
    let text = std::str::from_utf8(line).map_err(|error| refused(&error, None))?.trim();
    if text.is_empty() {
        return Ok(String::new());
    }
    let flow = flow::parse(text, reach, network).map_err(|error| refused(&error, error.help()))?;
    let line = Line { schema_version: 1, outcome: reach.walk(&flow) };
    let json = serde_json::to_string(&line).map_err(|error| refused(&error, None))?;
    Ok(format!("{json}\n"))
}
