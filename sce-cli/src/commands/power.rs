//! `sce stop` and `sce start`

use sce::{MachineState, PowerOptions, Powered, PoweredMachine};

use crate::cli::{Global, Power};
use crate::failure::{Exit, Failure};
use crate::output::{self, table};
use crate::progress::Progress;
use crate::target;

pub(crate) async fn stop(asked: &Power, global: &Global) -> Result<Exit, Failure> {
    let session = target::session(global, &asked.environment).await?;
    let progress = Progress::new(global.quiet, "stopping");
    let options = PowerOptions { take_over: asked.take_over };
    let powered = sce::stop(&session, &asked.environment.pit, options, &|step| progress.step(step)).await?;
    drop(progress);
    told(asked, &powered)
}

pub(crate) async fn start(asked: &Power, global: &Global) -> Result<Exit, Failure> {
    let session = target::session(global, &asked.environment).await?;
    let progress = Progress::new(global.quiet, "starting");
    let options = PowerOptions { take_over: asked.take_over };
    let powered = sce::start(&session, &asked.environment.pit, options, &|step| progress.step(step)).await?;
    drop(progress);
    told(asked, &powered)
}

fn told(asked: &Power, powered: &Powered) -> Result<Exit, Failure> {
    match asked.format.json {
        true => output::json(powered)?,
        false => output::result(&text(powered))?,
    }
    Ok(Exit::Done)
}

fn text(powered: &Powered) -> String {
    let rows = powered.machines.iter().map(|machine: &PoweredMachine| {
        let before = if machine.changed { "changed now" } else { "was so already" };
        let now = state(&machine.state);
        [machine.node.clone(), machine.name.clone(), machine.id.clone(), now, before.to_owned()]
    });
    table(["MACHINE", "NAME", "ID", "NOW", ""], &rows.collect::<Vec<_>>())
}

/// The state, and the addresses it has.
pub(crate) fn state(machine: &MachineState) -> String {
    let private = machine.private_address.iter().cloned();
    let public = machine.public_address.iter().map(|address| format!("public {address}"));
    let addresses: Vec<String> = private.chain(public).collect();
    match addresses.is_empty() {
        true => machine.state.clone(),
        false => format!("{} at {}", machine.state, addresses.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_machine_is_told_with_its_state_and_addresses() {
        let machine = |node: &str, state: &str, public: Option<&str>, changed| PoweredMachine {
            node: node.to_owned(),
            name: format!("hipaa_{node}"),
            id: "i-0a".to_owned(),
            changed,
            state: MachineState {
                state: state.to_owned(),
                private_address: Some("10.0.1.5".to_owned()),
                public_address: public.map(str::to_owned),
            },
        };
        let machines =
            vec![machine("bastion", "running", Some("198.51.100.7"), true), machine("private", "stopped", None, false)];
        let powered = Powered { schema_version: 1, pit: "hipaa".parse().unwrap(), machines };
        insta::assert_snapshot!(text(&powered), @r"
        MACHINE  NAME           ID    NOW
        bastion  hipaa_bastion  i-0a  running at 10.0.1.5, public 198.51.100.7  changed now
        private  hipaa_private  i-0a  stopped at 10.0.1.5                       was so already
        ");
    }
}
