//! Answers as AWS writes them, for what no emulator has: a listener that hands out in order what a test wrote down, and keeps what it
//! was asked. The SDK in between is the real one, with its signatures, its retries and its parsers.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;

use crate::endpoint::Endpoints;
use crate::session::{Session, Target};
use crate::world::World;

/// Somebody who answers for AWS.
pub(crate) struct Replay {
    url: String,
    service: &'static str,
    script: Arc<Mutex<Script>>,
}

/// What came in.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Method and path.
    pub(crate) line: String,
    /// What was sent with it.
    pub(crate) body: String,
}

#[derive(Default)]
struct Script {
    answers: VecDeque<(&'static str, u16, String)>,
    requests: Vec<Request>,
    /// What came in that was not the next of the script.
    strays: Vec<Request>,
}

impl Replay {
    /// Answers to calls of that service: each operation, or path, with its status and body, in the order in which they shall come.
    pub(crate) fn of(service: &'static str, answers: impl IntoIterator<Item = (&'static str, u16, String)>) -> Self {
        let script = Arc::new(Mutex::new(Script { answers: answers.into_iter().collect(), ..Script::default() }));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let held = script.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                serve(&mut stream.unwrap(), &held);
            }
        });
        Self { url, service, script }
    }

    /// A session with it, whose clock goes by as fast as somebody waits.
    pub(crate) async fn session(&self) -> Session {
        let flags = [self.url.clone(), format!("{}={}", self.service, self.url)];
        let endpoints = Endpoints::from_flags(flags.iter().map(String::as_str)).unwrap();
        let world = Arc::new(Hasty(Mutex::new(Timestamp::UNIX_EPOCH)));
        Session::open_in(&Target::Emulator(endpoints), &"us-west-2".parse().unwrap(), world).await.unwrap()
    }

    /// What was asked that nobody wrote an answer down for, the caller's identity aside.
    pub(crate) fn strays(&self) -> Vec<Request> {
        self.script.lock().unwrap().strays.clone()
    }

    /// What was asked; everything that was written down was, and nothing else.
    pub(crate) fn finished(&self) -> Vec<Request> {
        let script = self.script.lock().unwrap();
        assert!(script.strays.is_empty(), "not the next in the script: {:#?}", script.strays);
        let left: Vec<_> = script.answers.iter().map(|(asked, ..)| asked).collect();
        assert!(left.is_empty(), "never asked for: {left:?}");
        script.requests.clone()
    }
}

impl Request {
    /// A field of a form, as the query protocols send it.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let fields = self.body.split('&').filter_map(|pair| pair.split_once('='));
        let fields: BTreeMap<String, String> = fields.map(|(key, value)| (plain(key), plain(value))).collect();
        fields.get(name).cloned()
    }

    /// Whether it is for that operation of a query protocol, or to that path.
    fn is(&self, asked: &str) -> bool {
        let path = self.line.split([' ', '?']).nth(1);
        self.field("Action").as_deref() == Some(asked) || path == Some(asked)
    }
}

/// Who the caller is, which each session asks first.
const IDENTITY: &str = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
    <GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/a</Arn><UserId>A</UserId>\
    <Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

fn serve(stream: &mut TcpStream, script: &Mutex<Script>) {
    let Some(request) = read(stream) else { return };
    let (status, body) = if request.is("GetCallerIdentity") {
        (200, IDENTITY.to_owned())
    } else {
        let mut script = script.lock().unwrap();
        match script.answers.pop_front_if(|(asked, ..)| request.is(asked)) {
            Some((_, status, body)) => {
                script.requests.push(request);
                (status, body)
            }
            None => {
                script.strays.push(request);
                (400, "<Response><Errors><Error><Code>NotInTheScript</Code></Error></Errors></Response>".to_owned())
            }
        }
    };
    let kind = if body.starts_with('{') { "application/json" } else { "text/xml" };
    let head = format!("content-type: {kind}\r\ncontent-length: {}\r\nconnection: close", body.len());
    let _ = stream.write_all(format!("HTTP/1.1 {status} Replayed\r\n{head}\r\n\r\n{body}").as_bytes());
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    reader.read_line(&mut line).ok()?;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let (name, value) = header.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
        if header.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { line: line.trim().to_owned(), body: String::from_utf8(body).ok()? })
}

/// Without the escapes of a form.
fn plain(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().replace('+', " ").into_bytes();
    for part in parts {
        let (code, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(code, 16).unwrap());
        bytes.extend_from_slice(rest.replace('+', " ").as_bytes());
    }
    String::from_utf8(bytes).unwrap()
}

/// Time that is over as soon as somebody waits for it.
#[derive(Debug)]
struct Hasty(Mutex<Timestamp>);

impl World for Hasty {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        *self.0.lock().unwrap() += duration;
        Box::pin(std::future::ready(()))
    }

    fn random(&self) -> u64 {
        7
    }
}
