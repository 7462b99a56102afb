//! A proxy between a program and the emulators, which lets single calls fail as AWS, networks and machines let them fail.
//!
//! microburst, which `tools/requirements.txt` brings, writes faults in AWS's own words as well, but neither counts calls nor kills who
//! calls, and costs more time than the emulators do. Calls are told apart by the id that the SDKs give each, so that the retries of one
//! call are one call here.

mod call;
mod http;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::{Message, read_request, read_response};

use crate::{Emulators, Ran};

/// A proxy before both emulators, for as long as the value lives.
#[derive(Debug)]
pub struct Proxy {
    /// Where the control plane is reached through it.
    pub control: String,
    /// Where the data plane is reached through it.
    pub data: String,
    shared: Arc<Shared>,
}

/// One attempt of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Service and operation, such as `ec2:CreateVpc`.
    pub operation: String,
    /// Which call of that operation, from 0; attempts of one call have one number.
    pub number: usize,
    /// Which attempt of it, from 0.
    pub attempt: usize,
    /// The token that AWS recognises a repeated call by.
    pub token: Option<String>,
    /// The status that the caller was told; none when it was told nothing.
    pub status: Option<u16>,
    /// Whether a rule was applied to it.
    pub faulted: bool,
    /// When it came, counted from when the rules were set.
    pub came: Duration,
    /// When it was answered, counted so; none while it is under way.
    pub answered: Option<Duration>,
}

impl Call {
    /// Whether it may change something.
    #[must_use]
    pub fn is_mutating(&self) -> bool {
        is_mutating(&self.operation)
    }
}

/// Whether an operation, such as `ec2:CreateVpc`, may change something.
#[must_use]
pub fn is_mutating(operation: &str) -> bool {
    let name = operation.split_once(':').map_or(operation, |(_, name)| name);
    !["Describe", "Get", "List", "Head", "Assume"].iter().any(|prefix| name.starts_with(prefix))
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An error of AWS's, in the words of the call's protocol.
    Error {
        /// The HTTP status.
        status: u16,
        /// AWS's code.
        code: String,
        /// AWS's words.
        message: String,
    },
    /// Status 200 and this text, whatever the emulator says.
    Says(String),
    /// No answer, until the caller gives up.
    Silence,
    /// The connection is reset.
    Reset,
    /// Half an answer.
    Truncated,
    /// Whoever calls dies on the spot.
    Kill,
}

impl Fault {
    /// An error with no words to it.
    #[must_use]
    pub fn error(status: u16, code: &str) -> Self {
        Self::worded(status, code, "made by the proxy of a test")
    }

    /// An error with the words that AWS is known to use.
    #[must_use]
    pub fn worded(status: u16, code: &str, message: &str) -> Self {
        Self::Error { status, code: code.to_owned(), message: message.to_owned() }
    }
}

/// Whether the emulator gets to see the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Nothing is done.
    Before,
    /// It is done, and only then goes wrong.
    After,
}

/// Which calls go wrong, and how.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The operation, such as `ec2:CreateVpc`.
    pub operation: String,
    /// The first call that goes wrong, from 0.
    pub from: usize,
    /// How many calls from there do.
    pub calls: usize,
    /// How many attempts of each do.
    pub attempts: usize,
    /// Before or after it is done.
    pub moment: Moment,
    /// How.
    pub fault: Fault,
}

impl Rule {
    /// The first attempt of that call goes wrong.
    #[must_use]
    pub fn once(operation: &str, number: usize, moment: Moment, fault: Fault) -> Self {
        Self { operation: operation.to_owned(), from: number, calls: 1, attempts: 1, moment, fault }
    }

    /// Every attempt of as many calls goes wrong, from the first call on.
    #[must_use]
    pub fn first(operation: &str, calls: usize, fault: Fault) -> Self {
        Self { operation: operation.to_owned(), from: 0, calls, attempts: usize::MAX, moment: Moment::Before, fault }
    }

    fn is_for(&self, call: &Call) -> bool {
        let calls = self.from..self.from.saturating_add(self.calls);
        call.operation == self.operation && calls.contains(&call.number) && call.attempt < self.attempts
    }
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    caller: Mutex<Option<Child>>,
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<Rule>,
    /// At this call, whatever it is, the caller is killed.
    fatal: Option<usize>,
    delay: Duration,
    /// When the rules were set.
    since: Option<Instant>,
    /// The number of each call and how many attempts of it came, by operation and by the id that its SDK gave it.
    seen: BTreeMap<String, BTreeMap<String, (usize, usize)>>,
    calls: Vec<Call>,
    /// How many calls are under way, and how many ever were at once.
    now: usize,
    most: usize,
}

impl Proxy {
    /// A proxy before these emulators.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    pub fn before(emulators: &Emulators) -> Self {
        let shared = Arc::<Shared>::default();
        let control = listen(&emulators.control, &shared);
        let data = listen(&emulators.data, &shared);
        Self { control, data, shared }
    }

    /// From here on these rules hold, and calls are counted from 0.
    pub fn rule(&self, rules: impl IntoIterator<Item = Rule>) {
        let mut state = self.state();
        state.rules = rules.into_iter().collect();
        state.fatal = None;
        state.seen.clear();
        state.calls.clear();
        state.since = Some(Instant::now());
        state.most = 0;
    }

    /// The caller is killed when the call of that number, from 0, of whatever operation, has been done; the next rules undo this.
    pub fn kill_at(&self, call: Option<usize>) {
        self.state().fatal = call;
    }

    /// From here on every call takes that much longer.
    pub fn delay(&self, delay: Duration) {
        self.state().delay = delay;
    }

    /// What came since the rules were set, in the order in which it came.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// How many attempts went wrong.
    #[must_use]
    pub fn fired(&self) -> usize {
        self.state().calls.iter().filter(|call| call.faulted).count()
    }

    /// How many calls of an operation came, retries aside.
    #[must_use]
    pub fn number(&self, operation: &str) -> usize {
        self.state().seen.get(operation).map_or(0, BTreeMap::len)
    }

    /// How many calls were under way at once, at most.
    #[must_use]
    pub fn most_at_once(&self) -> usize {
        self.state().most
    }

    /// The `sce` command, pointed at the emulators through this proxy.
    #[must_use]
    pub fn sce(&self, emulators: &Emulators) -> Command {
        let mut command = emulators.sce();
        self.point(&mut command);
        command
    }

    /// Points a command that was pointed at the emulators at this proxy instead.
    pub fn point(&self, command: &mut Command) {
        let names: Vec<_> = command.get_envs().map(|(name, _)| name.to_string_lossy().into_owned()).collect();
        for name in names.iter().filter(|name| name.starts_with("AWS_ENDPOINT_URL")) {
            command.env(name, if name == "AWS_ENDPOINT_URL" { &self.control } else { &self.data });
        }
    }

    /// Runs a command that a rule may kill; its status is then -1.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn run(&self, command: &mut Command) -> Ran {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let said = child.stdout.take().map(drained);
        let told = child.stderr.take().map(drained);
        *self.caller() = Some(child);
        let status = loop {
            if let Some(child) = self.caller().as_mut()
                && let Some(status) = child.try_wait().expect("a child can be waited for")
            {
                break status;
            }
            std::thread::sleep(Duration::from_millis(4));
        };
        *self.caller() = None;
        let text = |thread: Option<std::thread::JoinHandle<String>>| {
            thread.and_then(|thread| thread.join().ok()).unwrap_or_default()
        };
        Ran { status: status.code().unwrap_or(-1), stdout: text(said), stderr: text(told) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state()
    }

    fn caller(&self) -> MutexGuard<'_, Option<Child>> {
        self.shared.caller.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn drained(mut from: impl std::io::Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Answers on a port of its own for what listens at `url`; the thread ends with the program.
fn listen(url: &str, shared: &Arc<Shared>) -> String {
    let upstream: SocketAddr = url.trim_start_matches("http://").parse().expect("an emulator has an address");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
    let address = listener.local_addr().expect("a bound socket has an address");
    let shared = shared.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let shared = shared.clone();
            // What goes wrong on one connection goes wrong for the caller alone.
            std::thread::spawn(move || drop(serve(stream, upstream, &shared)));
        }
    });
    format!("http://{address}")
}

/// Serves one connection until either side ends it.
fn serve(mut client: TcpStream, upstream: SocketAddr, shared: &Shared) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    while let Some(request) = read_request(&mut client)? {
        let (index, rule, delay) = shared.begin(&request);
        std::thread::sleep(delay);
        let kept = answer(&mut client, upstream, &request, rule.as_ref(), shared);
        shared.end(index, kept.as_ref().ok().copied().flatten());
        if kept?.is_none() {
            break;
        }
    }
    Ok(())
}

/// Answers one request; none when the caller was not answered, which ends the connection.
fn answer(
    client: &mut TcpStream,
    upstream: SocketAddr,
    request: &Message,
    rule: Option<&Rule>,
    shared: &Shared,
) -> std::io::Result<Option<u16>> {
    let response = match rule {
        Some(Rule { moment: Moment::Before, .. }) => None,
        _ => Some(forward(upstream, request)?),
    };
    let Some(rule) = rule else {
        let Some(response) = response else { return Ok(None) };
        client.write_all(&response.to_bytes())?;
        return Ok(Some(response.status()));
    };
    match &rule.fault {
        Fault::Error { status, code, message } => {
            let response = call::protocol(request).error(*status, code, message);
            client.write_all(&response.to_bytes())?;
            Ok(Some(*status))
        }
        Fault::Says(text) => {
            client.write_all(&call::protocol(request).answer(200, text.clone().into_bytes()).to_bytes())?;
            Ok(Some(200))
        }
        Fault::Silence => {
            // Reading ends when the caller has gone.
            while client.read(&mut [0; 512])? > 0 {}
            Ok(None)
        }
        Fault::Truncated => {
            let whole = response.unwrap_or_else(|| call::protocol(request).answer(200, vec![b' '; 64])).to_bytes();
            client.write_all(whole.get(..whole.len().saturating_sub(12)).unwrap_or_default())?;
            Ok(None)
        }
        Fault::Reset => {
            // Not waiting for anything is what makes the kernel send a reset.
            socket2::SockRef::from(&*client).set_linger(Some(Duration::ZERO))?;
            Ok(None)
        }
        Fault::Kill => {
            if let Some(child) = shared.caller.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
                child.kill()?;
            }
            Ok(None)
        }
    }
}

/// What the emulator says. Each request has a connection of its own, which costs nothing that can be measured on loopback.
fn forward(upstream: SocketAddr, request: &Message) -> std::io::Result<Message> {
    let mut stream = TcpStream::connect(upstream)?;
    stream.set_nodelay(true)?;
    stream.write_all(&request.to_bytes())?;
    read_response(&mut stream, request.is_head())
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a request came; which it is, what goes wrong with it, and how long it is held up.
    fn begin(&self, request: &Message) -> (usize, Option<Rule>, Duration) {
        let operation = call::operation(request);
        let arrival = Instant::now();
        let state = &mut *self.state();
        let seen = state.seen.entry(operation.clone()).or_default();
        let id = request.header("amz-sdk-invocation-id").map_or_else(|| format!("{arrival:?}"), str::to_owned);
        let fresh = (seen.len(), 0);
        let (number, attempts) = seen.entry(id).or_insert(fresh);
        let (number, attempt) = (*number, std::mem::replace(attempts, *attempts + 1));
        let token = call::token(request);
        let came = state.since.map(|since| arrival - since).unwrap_or_default();
        let mut call = Call { operation, number, attempt, token, status: None, faulted: false, came, answered: None };
        let fatal = || Rule::once(&call.operation, call.number, Moment::After, Fault::Kill);
        let rule = state.rules.iter().find(|rule| rule.is_for(&call)).cloned();
        let rule = rule.or_else(|| (state.fatal == Some(state.calls.len())).then(fatal));
        call.faulted = rule.is_some();
        state.calls.push(call);
        state.now += 1;
        state.most = state.most.max(state.now);
        (state.calls.len() - 1, rule, state.delay)
    }

    fn end(&self, index: usize, status: Option<u16>) {
        let state = &mut *self.state();
        state.now -= 1;
        // Rules that were set meanwhile start a new list.
        if let Some(call) = state.calls.get_mut(index) {
            call.status = status;
            call.answered = state.since.map(|since| since.elapsed());
        }
    }
}
