//! HTTP/1.1 messages, read whole and written whole.

use std::io::{Error, ErrorKind, Read as _, Result, Write as _};
use std::net::TcpStream;

/// A request or a response.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// Its first line.
    pub(super) line: String,
    /// Its headers, those left out that concern one connection only.
    pub(super) headers: Vec<(String, String)>,
    /// What it carries.
    pub(super) body: Vec<u8>,
}

/// Headers that are written anew, or of one connection only.
const OURS: [&str; 5] = ["content-length", "transfer-encoding", "connection", "expect", "keep-alive"];

impl Message {
    /// A header's value.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The method and the path with its query.
    pub(super) fn method_and_path(&self) -> (&str, &str) {
        let mut words = self.line.split(' ');
        (words.next().unwrap_or_default(), words.next().unwrap_or_default())
    }

    pub(super) fn is_head(&self) -> bool {
        self.line.starts_with("HEAD ")
    }

    /// Of a response.
    pub(super) fn status(&self) -> u16 {
        self.line.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0)
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.line);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        // The answer to a HEAD says how long a body would be, and has none.
        if !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
            text.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        if !self.line.starts_with("HTTP/") {
            text.push_str("connection: close\r\n");
        }
        text.push_str("\r\n");
        [text.into_bytes(), self.body.clone()].concat()
    }
}

/// The next request of a connection; none at its end.
pub(super) fn read_request(stream: &mut TcpStream) -> Result<Option<Message>> {
    let Some((head, rest)) = read_head(stream)? else { return Ok(None) };
    let (line, all) = parse(&head);
    if header(&all, "expect").is_some() {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let body = read_body(stream, &all, rest, false)?;
    Ok(Some(Message { line, headers: passed_on(all), body }))
}

/// The response on a connection that has just one.
pub(super) fn read_response(stream: &mut TcpStream, to_head: bool) -> Result<Message> {
    let Some((head, rest)) = read_head(stream)? else { return Err(ErrorKind::UnexpectedEof.into()) };
    let (line, all) = parse(&head);
    // Some answer in HTTP/1.0, after which nobody would use the connection again.
    let line = line.replacen("HTTP/1.0", "HTTP/1.1", 1);
    if to_head {
        let length = header(&all, "content-length").map(|value| ("content-length".to_owned(), value.to_owned()));
        let headers = passed_on(all).into_iter().chain(length).collect();
        return Ok(Message { line, headers, body: Vec::new() });
    }
    let empty = line.contains(" 204 ") || line.contains(" 304 ");
    let body = if empty { Vec::new() } else { read_body(stream, &all, rest, true)? };
    Ok(Message { line, headers: passed_on(all), body })
}

fn read_head(stream: &mut TcpStream) -> Result<Option<(String, Vec<u8>)>> {
    let mut read = Vec::new();
    loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = read.split_off(end + 4);
            return Ok(Some((String::from_utf8_lossy(&read).into_owned(), rest)));
        }
        if !more(stream, &mut read)? {
            return if read.is_empty() { Ok(None) } else { Err(ErrorKind::UnexpectedEof.into()) };
        }
    }
}

fn more(stream: &mut TcpStream, read: &mut Vec<u8>) -> Result<bool> {
    let mut piece = [0; 16_384];
    let length = stream.read(&mut piece)?;
    read.extend_from_slice(piece.get(..length).unwrap_or_default());
    Ok(length > 0)
}

fn parse(head: &str) -> (String, Vec<(String, String)>) {
    let mut lines = head.lines();
    let line = lines.next().unwrap_or_default().to_owned();
    let pairs = lines.filter_map(|line| line.split_once(':'));
    (line, pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect())
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn passed_on(headers: Vec<(String, String)>) -> Vec<(String, String)> {
    headers.into_iter().filter(|(name, _)| !OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours))).collect()
}

fn read_body(
    stream: &mut TcpStream,
    headers: &[(String, String)],
    mut read: Vec<u8>,
    until_end: bool,
) -> Result<Vec<u8>> {
    if header(headers, "transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        return read_chunks(stream, read);
    }
    let length = match header(headers, "content-length") {
        Some(length) => Some(length.parse::<usize>().map_err(|error| Error::new(ErrorKind::InvalidData, error))?),
        None if until_end => None,
        None => Some(0),
    };
    while length.is_none_or(|length| read.len() < length) {
        if !more(stream, &mut read)? {
            return if length.is_none() { Ok(read) } else { Err(ErrorKind::UnexpectedEof.into()) };
        }
    }
    Ok(read)
}

fn read_chunks(stream: &mut TcpStream, mut read: Vec<u8>) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        while !read.windows(2).any(|window| window == b"\r\n") {
            if !more(stream, &mut read)? {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        let end = read.windows(2).position(|window| window == b"\r\n").unwrap_or_default();
        let size = String::from_utf8_lossy(read.get(..end).unwrap_or_default()).into_owned();
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(|error| Error::new(ErrorKind::InvalidData, error))?;
        while read.len() < end + 2 + size + 2 {
            if !more(stream, &mut read)? {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        body.extend_from_slice(read.get(end + 2..end + 2 + size).unwrap_or_default());
        read.drain(..end + 2 + size + 2);
        if size == 0 {
            return Ok(body);
        }
    }
}
