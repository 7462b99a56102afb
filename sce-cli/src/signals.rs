//! Ctrl-C, and a request to end from elsewhere: work is asked to stop where it can be gone on from; asked again, it ends at once.

use sce::Interrupt;

use crate::failure::{Exit, Failure};
use crate::output::note;

/// The work, with a handle that the first signal asks. The second signal ends the process: what was under way is in the journal.
pub(crate) async fn heard<F>(work: impl FnOnce(Interrupt) -> F) -> Result<Exit, Failure>
where
    F: Future<Output = Result<Exit, Failure>>,
{
    let interrupt = Interrupt::default();
    tokio::select! {
        ended = work(interrupt.clone()) => ended,
        () = second(&interrupt) => {
            let help = "run the same command again with `--take-over`: it finds what is there and goes on from it";
            Err(Failure::cloud("ended at once; a call in flight may have been done").advise(help))
        }
    }
}

/// Waits for the second signal; the first asks the work to stop.
async fn second(interrupt: &Interrupt) {
    signal().await;
    interrupt.ask();
    note("stopping: what is in flight is finished and written down; once more ends at once");
    signal().await;
}

/// Ctrl-C, or SIGTERM where there are such.
async fn signal() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    drop(interrupted.await);
}
