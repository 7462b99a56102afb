//! The commands, one file each: from arguments to a result and an exit status.

mod access;
mod account;
mod apply;
mod archive;
mod authorize;
mod catalog;
mod check;
mod cidr;
mod close_out;
mod collect;
mod cost;
mod coverage;
mod data;
mod drift;
mod explain;
mod hold;
mod init;
mod keys;
mod lock;
mod permissions;
mod plan;
mod power;
mod prove;
mod reach;
mod register;
mod schema;
mod status;
mod synth;
mod verify;

use crate::cli::{Cli, Command};
use crate::failure::{Exit, Failure};
use crate::signals::heard;

/// Does what was asked.
pub(crate) fn run(cli: Cli) -> Result<Exit, Failure> {
    let Cli { global, command } = cli;
    match command {
        Command::Init(init) => init::run(&init, &global),
        Command::Schema => schema::run(),
        Command::Cidr(subnets) => cidr::run(&subnets),
        Command::Keys(keys) => keys::run(&keys, &global),
        Command::Plan(asked) => wait(plan::run(&asked, &global)),
        Command::Permissions(permissions) => permissions::run(&permissions, &global),
        Command::Authorize(asked) => authorize::run(&asked),
        Command::Explain(explain) => explain::run(&explain),
        Command::Catalog(catalog) => catalog::run(&catalog),
        Command::Coverage(view) => wait(coverage::run(&view, &global)),
        Command::Register(view) => wait(register::run(&view, &global)),
        Command::Cost(cost) => cost::run(&cost, &global),
        Command::Reach(reach) => reach::run(&reach, &global),
        Command::Archive(archive) => wait(archive::run(&archive, &global)),
        Command::Synth(synth) => synth::run(&synth, &global),
        Command::Lock(lock) => wait(lock::run(&lock, &global)),
        Command::Prove(prove) => wait(prove::run(&prove, &global)),
        Command::Check(check) => wait(check::run(&check, &global)),
        Command::Collect(asked) => wait(collect::run(&asked, &global)),
        Command::Account(asked) => wait(heard(|interrupt| account::run(&asked, &global, interrupt))),
        Command::Apply(apply) => wait(heard(|interrupt| apply::run(&apply, &global, interrupt))),
        Command::Verify(verify) => wait(verify::run(&verify, &global)),
        Command::Drift(asked) => wait(or_interrupted("drift", drift::run(&asked, &global))),
        Command::Status(status) => wait(status::run(&status, &global)),
        Command::Hold(asked) => wait(hold::run(&asked, &global)),
        Command::Stop(power) => wait(or_interrupted("stop", power::stop(&power, &global))),
        Command::Start(power) => wait(or_interrupted("start", power::start(&power, &global))),
        Command::Access(access) => wait(access::run(&access, &global)),
        Command::Data(data) => wait(data::run(&data, &global)),
        Command::CloseOut(close_out) => wait(heard(|interrupt| close_out::run(&close_out, &global, interrupt))),
    }
}

/// The work, unless Ctrl-C ends it first. What was under way is journalled: the next run finds it.
async fn or_interrupted(name: &str, work: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    tokio::select! {
        ended = work => ended,
        _ = tokio::signal::ctrl_c() => {
            let help = "run the same command again with `--take-over`: it finds what is there and goes on from it";
            Err(Failure::cloud(format!("`sce {name}` was interrupted; `sce status PIT` shows what is there")).advise(help))
        }
    }
}

/// Runs to its end what waits for a network.
fn wait(work: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::usage("no threads can be started").because(&error))?;
    // The SDK's futures are large; a thread's stack is not.
    runtime.block_on(Box::pin(work))
}
