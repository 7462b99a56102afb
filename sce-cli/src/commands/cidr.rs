//! `sce cidr`

use sce::cidr::{Allocation, Cidr, Subnet, allocate};
use serde::Serialize;

use crate::cli::Subnets;
use crate::failure::{Exit, Failure};
use crate::output::{self, table};

/// What `--json` writes.
#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    subnets: &'a [Subnet],
    free: &'a [Cidr],
}

pub(crate) fn run(asked: &Subnets) -> Result<Exit, Failure> {
    let Allocation { subnets, free } = allocate(&asked.block, &asked.need, &asked.taken)?;
    if asked.format.json {
        output::json(&Document { schema_version: 1, subnets: &subnets, free: &free })?;
    } else {
        output::result(&text(&subnets, &free))?;
    }
    Ok(Exit::Done)
}

fn text(subnets: &[Subnet], free: &[Cidr]) -> String {
    let row = |subnet: &Subnet| {
        let Subnet { name, cidr, usable, first_usable, last_usable } = subnet;
        [name.clone(), cidr.to_string(), usable.to_string(), first_usable.to_string(), last_usable.to_string()]
    };
    let rows: Vec<_> = subnets.iter().map(row).collect();
    let free: Vec<String> = free.iter().map(ToString::to_string).collect();
    let free = if free.is_empty() { "nothing".to_owned() } else { free.join(" ") };
    format!("{}\nfree: {free}\n", table(["NAME", "SUBNET", "USABLE", "FIRST", "LAST"], &rows))
}
