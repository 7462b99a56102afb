//! One runtime a process, and waiting for it in a way that Ctrl-C is heard.

use std::mem::ManuallyDrop;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyo3::exceptions::{PyKeyboardInterrupt, PyRuntimeError};
use pyo3::prelude::*;
use sce::Step;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Notify;

use crate::errors::Raise;

/// How often signals are looked for while something is waited for.
const LOOK: Duration = Duration::from_millis(50);

/// Asks a call that is under way, in another thread perhaps, to stop.
#[pyclass(frozen, skip_from_py_object, module = "sce._sce")]
#[derive(Clone, Default)]
pub(crate) struct Stop(Arc<Inner>);

#[derive(Default)]
struct Inner {
    asked: AtomicBool,
    changed: Notify,
    /// Whether a thing was finished since.
    rested: AtomicBool,
    interrupt: sce::Interrupt,
}

#[pymethods]
impl Stop {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Asks; it stays asked.
    pub(crate) fn ask(&self) {
        self.0.asked.store(true, Ordering::SeqCst);
        self.0.interrupt.ask();
        self.0.changed.notify_one();
    }
}

impl Stop {
    /// The handle by which work of the library is asked.
    pub(crate) fn interrupt(&self) -> sce::Interrupt {
        self.0.interrupt.clone()
    }

    fn rest(&self) {
        if self.0.asked.load(Ordering::SeqCst) {
            self.0.rested.store(true, Ordering::SeqCst);
            self.0.changed.notify_one();
        }
    }
}

/// What becomes of work that is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It only reads, or takes back by itself what it did: it is dropped.
    AtOnce,
    /// It is dropped between two things, when what it did is written down.
    BetweenThings,
    /// It hears of it by [`Stop::interrupt`], and ends when what is in flight is written down.
    ByItself,
}

/// Runs to its end what waits for a network, with the interpreter released; Ctrl-C raises `KeyboardInterrupt` once the work has ended as
/// `ending` says. A second one does not wait.
pub(crate) fn wait<T, E>(
    py: Python<'_>,
    stop: &Stop,
    ending: Ending,
    work: impl Future<Output = Result<T, E>> + Send,
) -> PyResult<T>
where
    T: Send,
    E: Into<Raise> + Send,
{
    if Handle::try_current().is_ok() {
        return Err(PyRuntimeError::new_err(
            "sce is called from a callback of sce: note what was told, and call it afterwards",
        ));
    }
    // The SDK's futures are large; a thread's stack is not.
    let work = Box::pin(work);
    let waited = py.detach(|| runtime().map(|runtime| runtime.block_on(heard(stop, ending, work))))?;
    match waited {
        Waited::Done(Ok(done), None) => Ok(done),
        Waited::Done(Err(error), None) => Err(error.into().into()),
        Waited::Done(Ok(_), Some(signalled)) => Err(signalled),
        Waited::Done(Err(error), Some(signalled)) => {
            // It says what was left behind.
            signalled.set_cause(py, Some(error.into().into()));
            Err(signalled)
        }
        Waited::Signalled(error) => Err(error),
        Waited::Stopped => Err(PyKeyboardInterrupt::new_err("stopped")),
    }
}

enum Waited<T> {
    /// The work has ended, and meanwhile a handler of Python's may have raised something: `KeyboardInterrupt` by default.
    Done(T, Option<PyErr>),
    /// A handler raised this, and the work was dropped.
    Signalled(PyErr),
    /// Another thread asked.
    Stopped,
}

async fn heard<T>(stop: &Stop, ending: Ending, mut work: impl Future<Output = T> + Unpin) -> Waited<T> {
    let mut signalled: Option<PyErr> = None;
    loop {
        tokio::select! {
            biased;
            () = stop.0.changed.notified() => {}
            done = &mut work => return Waited::Done(done, signalled),
            () = tokio::time::sleep(LOOK) => {
                if let Err(error) = Python::attach(|py| py.check_signals()) {
                    let again = signalled.replace(error).is_some();
                    stop.ask();
                    if let Some(error) = signalled.take_if(|_| again) {
                        return Waited::Signalled(error);
                    }
                }
            }
        }
        let asked = stop.0.asked.load(Ordering::SeqCst);
        let ends = match ending {
            Ending::AtOnce => asked,
            Ending::ByItself => false,
            Ending::BetweenThings => asked && stop.0.rested.load(Ordering::SeqCst),
        };
        if ends {
            return signalled.map_or(Waited::Stopped, Waited::Signalled);
        }
    }
}

/// The process's runtime, made when it is first needed. A process that was forked has none of its parent's threads, so it gets a runtime of
/// its own; its parent's is left as it is, since ending it would wait for those threads.
fn runtime() -> PyResult<Arc<Runtime>> {
    static CURRENT: Mutex<Option<(u32, ManuallyDrop<Arc<Runtime>>)>> = Mutex::new(None);
    let mut current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
    match &*current {
        Some((owner, runtime)) if *owner == process::id() => Ok(Arc::clone(runtime)),
        _ => {
            let made = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
            let made = Arc::new(made);
            *current = Some((process::id(), ManuallyDrop::new(Arc::clone(&made))));
            Ok(made)
        }
    }
}

/// Tells a Python callable of the steps of a long piece of work. What it raises stops the work, and is raised in the end.
pub(crate) struct Telling<'a> {
    told: Option<Py<PyAny>>,
    stop: &'a Stop,
    raised: Mutex<Option<PyErr>>,
}

impl<'a> Telling<'a> {
    pub(crate) fn new(told: Option<Py<PyAny>>, stop: &'a Stop) -> Self {
        Self { told, stop, raised: Mutex::default() }
    }

    /// What the library tells of its steps.
    pub(crate) fn listener(&self) -> impl Fn(&Step) + Sync + Send {
        |step| self.step(step)
    }

    /// Of one thing.
    fn step(&self, step: &Step) {
        self.tell(&step.subject, step.deed.word(), step.done as u64, step.total as u64);
        if step.deed.is_final() {
            self.stop.rest();
        }
    }

    /// Of an amount, such as bytes.
    pub(crate) fn tell(&self, subject: &str, deed: &str, done: u64, total: u64) {
        let Some(told) = &self.told else { return };
        let called = Python::attach(|py| told.call1(py, (subject, deed, done, total)).map(drop));
        if let Err(error) = called {
            self.raised.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            self.stop.ask();
        }
    }

    /// What came of the work, unless the callable raised something.
    pub(crate) fn end<T>(self, done: PyResult<T>) -> PyResult<T> {
        match self.raised.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(raised) => {
                // It says what was left behind.
                Python::attach(|py| raised.set_cause(py, done.err()));
                Err(raised)
            }
            None => done,
        }
    }
}
