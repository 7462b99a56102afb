//! Asking a long piece of work to stop where it can be gone on from.

use std::sync::Arc;

use tokio::sync::watch;

use crate::error::{CloudError, Trouble};

/// A handle by which work is asked to stop: calls in flight are finished and journalled, waits are given up, nothing new is begun.
///
/// Clones are the same handle, so that one can be kept where a signal arrives and another be given to the work. It is asked once, and
/// stays asked.
#[derive(Clone, Debug)]
pub struct Interrupt(Arc<watch::Sender<bool>>);

impl Default for Interrupt {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Interrupt {
    /// Asks. Can be called from any thread, and more than once.
    pub fn ask(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was asked.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Stops what is about to be begun, once it was asked.
    pub(crate) fn go_on(&self, what: &str) -> Result<(), CloudError> {
        match self.is_asked() {
            true => Err(CloudError::plain("Begin", what, Trouble::Interrupted, "not begun")),
            false => Ok(()),
        }
    }

    /// Waits until it is asked.
    pub async fn asked(&self) {
        // The sender lives as long as this handle does, so the wait ends only by being asked.
        drop(self.0.subscribe().wait_for(|asked| *asked).await);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn clones_are_one_handle_and_it_stays_asked() {
        let interrupt = Interrupt::default();
        let other = interrupt.clone();
        assert!(!other.is_asked());
        let (waited, ()) = tokio::join!(other.asked(), async { interrupt.ask() });
        assert_eq!((waited, other.is_asked()), ((), true));
        assert!(other.go_on("vpc").is_err_and(|error| error.trouble == Trouble::Interrupted));
        other.asked().await;
        assert!(Interrupt::default().go_on("vpc").is_ok(), "another handle is another's");
    }
}
