//! A tree of JSON files: what each file holds is told by its content, or by its place where the content bears no name.
//!
//! A file holds one document or several, one after the other: the answer of a call as the AWS CLI or boto3 writes it, a page of one,
//! a list of pages, or several answers merged. A document is read once, by a [`Reader`] that takes each answer as it comes, so that
//! nothing is held but what the reader keeps.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use thiserror::Error;

use super::Answer;
use super::wire::Text;
use crate::account::{AccountId, Region};

/// A file of the tree.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// Its path below the tree's root, with `/` between its parts.
    pub path: &'a str,
    /// What it holds.
    pub bytes: &'a [u8],
}

/// Where an answer was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source<'a> {
    /// The file's path below the tree's root.
    pub path: &'a str,
    /// The account that the path names, by a folder of twelve digits.
    pub account: Option<&'a str>,
    /// The region that the path names, by a folder such as `us-west-2`.
    pub region: Option<&'a str>,
    /// The folder that the file is in: the bucket's or key's name for [`Answer::OfBucket`] and [`Answer::OfKey`].
    pub folder: Option<&'a str>,
    /// The file's name without its ending, as the AWS CLI writes calls: `get-bucket-policy`, also for `get_bucket_policy.json`.
    pub call: Cow<'a, str>,
}

/// What takes the answers of a tree as they come.
pub trait Reader<'a> {
    /// Reads an answer, the whole value or a page of it.
    ///
    /// # Errors
    /// When the value is not what it should be.
    fn read<D: Deserializer<'a>>(&mut self, answer: Answer, source: &Source<'a>, value: D) -> Result<(), D::Error>;

    /// The document with these answers has ended; `more` tells that AWS had another page to give.
    fn ended(&mut self, answers: &[Answer], source: &Source<'a>, more: bool);
}

/// An answer as it stands in the file.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// What it is.
    pub answer: Answer,
    /// Where it was read.
    pub source: Source<'a>,
    /// Its value, as JSON.
    pub json: &'a RawValue,
    /// Whether AWS had another page to give after this one.
    pub more: bool,
}

/// All the answers of a tree, unread.
#[derive(Clone, Debug, Default)]
pub struct Tree<'a> {
    /// The answers, in the order of the files.
    pub documents: Vec<Document<'a>>,
    /// The files with none.
    pub not_understood: Vec<NotUnderstood<'a>>,
}

/// A file in which there is no answer that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotUnderstood<'a> {
    /// Its path below the tree's root.
    pub path: &'a str,
    /// Why not.
    pub why: String,
}

/// An answer is broken, so that facts would be missing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{path}:{line}:{column}: {problem}")]
pub struct BrokenAnswer {
    /// The file's path below the tree's root.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in bytes, from 1.
    pub column: usize,
    /// What is wrong there, and what was expected.
    pub problem: String,
}

/// Takes the answers of every file, as they stand.
///
/// # Errors
/// When an answer is broken.
///
/// ```
/// use sce_core::aws::describe::{Answer, tree};
/// let files = [("us-west-2/vpcs.json", r#"{"Vpcs": []}"#), ("notes.txt", "call Ann")];
/// let files = files.map(|(path, text)| tree::File { path, bytes: text.as_bytes() });
/// let tree = tree::read(files)?;
/// assert_eq!(tree.documents[0].answer, Answer::Vpcs);
/// assert_eq!(tree.documents[0].source.region, Some("us-west-2"));
/// assert_eq!(tree.not_understood[0].path, "notes.txt");
/// # Ok::<(), tree::BrokenAnswer>(())
/// ```
pub fn read<'a>(files: impl IntoIterator<Item = File<'a>>) -> Result<Tree<'a>, BrokenAnswer> {
    let mut tree = Tree::default();
    for file in files {
        if let Some(not_understood) = walk(file, &mut tree.documents)? {
            tree.not_understood.push(not_understood);
        }
    }
    Ok(tree)
}

impl<'a> Reader<'a> for Vec<Document<'a>> {
    fn read<D: Deserializer<'a>>(&mut self, answer: Answer, source: &Source<'a>, value: D) -> Result<(), D::Error> {
        let json = de::Deserialize::deserialize(value)?;
        self.push(Document { answer, source: source.clone(), json, more: false });
        Ok(())
    }

    fn ended(&mut self, answers: &[Answer], _: &Source<'a>, more: bool) {
        self.iter_mut().rev().take(answers.len()).for_each(|document| document.more = more);
    }
}

/// Reads one file, answer by answer; a file in which there is none is told.
///
/// # Errors
/// When an answer is broken: the file ends within it, or holds what it should not.
pub fn walk<'a>(file: File<'a>, reader: &mut impl Reader<'a>) -> Result<Option<NotUnderstood<'a>>, BrokenAnswer> {
    let File { path, bytes } = file;
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let (text, whole) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, true),
        // What comes before the fault tells whether facts would be missing.
        Err(error) => (std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(), false),
    };
    let mut walk = Walk { source: Source::of(path), reader, understood: false, unknown: Vec::new() };
    let read = walk.documents(text);
    let not_understood = |why| Ok(Some(NotUnderstood { path, why }));
    match read {
        Err(error) if walk.understood => Err(BrokenAnswer::new(path, &error, whole)),
        Err(error) => not_understood(format!("it is no JSON: {}", problem(&error, whole))),
        Ok(()) if !whole && walk.understood => Err(BrokenAnswer::after(path, text)),
        Ok(()) if !whole => not_understood("it is no text in UTF-8".to_owned()),
        Ok(()) if walk.understood => Ok(None),
        Ok(()) => not_understood(without_answer(text, &walk.unknown)),
    }
}

/// The bytes of a file that PowerShell wrote, which are UTF-16, as UTF-8; any other's as they are.
#[must_use]
pub fn decoded(bytes: Vec<u8>) -> Vec<u8> {
    let unit: fn([u8; 2]) -> u16 = match bytes.get(..2) {
        Some([0xFF, 0xFE]) => u16::from_le_bytes,
        Some([0xFE, 0xFF]) => u16::from_be_bytes,
        _ => return bytes,
    };
    let units = bytes[2..].as_chunks().0.iter().map(|pair| unit(*pair));
    let text: Result<String, _> = char::decode_utf16(units).collect();
    text.map_or(bytes, String::into_bytes)
}

struct Walk<'w, 'a, R> {
    source: Source<'a>,
    reader: &'w mut R,
    understood: bool,
    unknown: Vec<String>,
}

impl<'a, R: Reader<'a>> Walk<'_, 'a, R> {
    fn documents(&mut self, text: &'a str) -> Result<(), serde_json::Error> {
        let mut json = serde_json::Deserializer::from_str(text);
        while json.end().is_err() {
            match self.source.by_place() {
                Some(answer) => self.whole(answer, &mut json)?,
                None => self.deserialize(&mut json)?,
            }
        }
        Ok(())
    }

    fn whole<D: Deserializer<'a>>(&mut self, answer: Answer, json: D) -> Result<(), D::Error> {
        self.understood = true;
        self.reader.read(answer, &self.source, json)?;
        self.reader.ended(&[answer], &self.source, false);
        Ok(())
    }
}

/// How many keys of a file that is not understood are kept to be told.
const KEYS_TOLD: usize = 3;

impl<'a, R: Reader<'a>> DeserializeSeed<'a> for &mut Walk<'_, 'a, R> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'a, R: Reader<'a>> Visitor<'a> for &mut Walk<'_, 'a, R> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an answer of AWS")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        let (mut answers, mut more) = (Vec::new(), false);
        while let Some(key) = map.next_key::<Text<'a>>()? {
            if let Some(answer) = Answer::of_key(key.as_str()) {
                self.understood = true;
                map.next_value_seed(Member { answer, source: &self.source, reader: self.reader })?;
                answers.push(answer);
            } else if TOKENS.contains(&key.as_str()) {
                more |= map.next_value_seed(Token)?;
            } else {
                map.next_value::<IgnoredAny>()?;
                if self.unknown.len() < KEYS_TOLD {
                    self.unknown.push(key.as_str().to_owned());
                }
            }
        }
        self.reader.ended(&answers, &self.source, more);
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut pages: S) -> Result<(), S::Error> {
        while pages.next_element_seed(&mut *self)?.is_some() {}
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

/// The keys that hold the beginning of the next page, by service.
const TOKENS: [&str; 5] = ["NextToken", "nextToken", "Marker", "NextMarker", "NextContinuationToken"];

struct Member<'w, 'a, R> {
    answer: Answer,
    source: &'w Source<'a>,
    reader: &'w mut R,
}

impl<'a, R: Reader<'a>> DeserializeSeed<'a> for Member<'_, 'a, R> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<(), D::Error> {
        self.reader.read(self.answer, self.source, json)
    }
}

/// Whether a token names another page; `""` and `null` do not.
struct Token;

impl<'a> DeserializeSeed<'a> for Token {
    type Value = bool;

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<bool, D::Error> {
        let token: &RawValue = de::Deserialize::deserialize(json)?;
        Ok(!matches!(token.get(), "null" | "\"\""))
    }
}

impl<'a> Source<'a> {
    /// What a path tells.
    #[must_use]
    pub fn of(path: &'a str) -> Self {
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        let stem = name.strip_suffix(".json").unwrap_or(name);
        let folders = folders.split('/').filter(|folder| !folder.is_empty());
        let parts = || folders.clone().chain(name.split(['.', '_']));
        Self {
            path,
            account: parts().rfind(|part| part.parse::<AccountId>().is_ok()),
            region: parts().rfind(|part| part.parse::<Region>().is_ok()),
            folder: folders.clone().next_back(),
            call: if stem.contains('_') { stem.replace('_', "-").into() } else { stem.into() },
        }
    }

    /// The part of the path that begins so, such as an id: a folder, or between the dots of the file's name.
    #[must_use]
    pub fn part(&self, prefix: &str) -> Option<&'a str> {
        self.path.split(['/', '.']).rfind(|part| part.starts_with(prefix))
    }

    /// The answer that the place tells: `s3/BUCKET/CALL.json`, `kms/KEY/CALL.json`.
    fn by_place(&self) -> Option<Answer> {
        let mut parts = self.path.rsplit('/').skip(2);
        let is_call = self.call.split_once('-').is_some_and(|(verb, _)| VERBS.contains(&verb));
        match parts.next() {
            Some("s3") if is_call => Some(Answer::OfBucket),
            Some("kms") if is_call => Some(Answer::OfKey),
            _ => None,
        }
    }
}

/// What calls that only read begin with.
const VERBS: [&str; 4] = ["get", "list", "describe", "head"];

impl BrokenAnswer {
    /// Of a file whose text is no JSON, or not all of one.
    #[must_use]
    pub fn of(path: &str, error: &serde_json::Error) -> Self {
        Self::new(path, error, true)
    }

    fn new(path: &str, error: &serde_json::Error, whole: bool) -> Self {
        let problem = problem(error, whole);
        Self { path: path.to_owned(), line: error.line(), column: error.column(), problem }
    }

    /// The answers were whole, and what follows them is no text.
    fn after(path: &str, text: &str) -> Self {
        let line = text.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = text.len() - text.rfind('\n').map_or(0, |end| end + 1) + 1;
        Self { path: path.to_owned(), line, column, problem: NO_TEXT.to_owned() }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some("save the answer again: with a part of it missing, what is open could look shut".to_owned())
    }
}

const NO_TEXT: &str = "a byte that is no UTF-8: expected JSON text";

/// What is wrong, and what was expected instead.
fn problem(error: &serde_json::Error, whole: bool) -> String {
    if error.is_eof() && !whole {
        return NO_TEXT.to_owned();
    }
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(problem, _)| problem);
    match text {
        "EOF while parsing a list" => "the file ends within a list: expected `,` or `]`".to_owned(),
        "EOF while parsing an object" => "the file ends within an object: expected `,` or `}`".to_owned(),
        "EOF while parsing a string" => "the file ends within a text: expected `\"`".to_owned(),
        "EOF while parsing a value" => "the file ends where a value was expected".to_owned(),
        other => other.to_owned(),
    }
}

fn without_answer(text: &str, keys: &[String]) -> String {
    if text.trim_ascii().is_empty() {
        return "it is empty".to_owned();
    }
    if keys.is_empty() {
        return "it holds no answer of AWS that is known".to_owned();
    }
    let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    format!("no answer of AWS is known by {}", keys.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one<'a>(path: &'a str, text: &'a str) -> Result<Tree<'a>, BrokenAnswer> {
        read([File { path, bytes: text.as_bytes() }])
    }

    fn answers(tree: &Tree<'_>) -> Vec<Answer> {
        tree.documents.iter().map(|document| document.answer).collect()
    }

    #[test]
    fn content_tells_what_a_file_holds() {
        let cases: [(&str, &[Answer]); 8] = [
            (r#"{"Vpcs": [{}]}"#, &[Answer::Vpcs]),
            ("\u{feff}{\"Vpcs\": []}\n", &[Answer::Vpcs]),
            (r#"{"ResponseMetadata": {"RetryAttempts": 0}, "Vpcs": []}"#, &[Answer::Vpcs]),
            (r#"{"Vpcs": [], "Subnets": [], "Own": 1}"#, &[Answer::Vpcs, Answer::Subnets]),
            ("{\"Vpcs\": []}\n{\"Vpcs\": []}", &[Answer::Vpcs, Answer::Vpcs]),
            (r#"[{"Vpcs": []}, {"Vpcs": []}]"#, &[Answer::Vpcs, Answer::Vpcs]),
            (r#"{"V\u0070cs": []}"#, &[Answer::Vpcs]),
            (r#"{"logGroups": [], "nextToken": null}"#, &[Answer::LogGroups]),
        ];
        for (text, expected) in cases {
            let tree = one("any.json", text).unwrap();
            assert_eq!(answers(&tree), expected, "{text}");
            assert!(tree.not_understood.is_empty(), "{text}");
        }
    }

    #[test]
    fn place_tells_what_bears_no_name() {
        let policy = r#"{"Policy": "{}"}"#;
        let cases = [
            ("s3/phi/get-bucket-policy.json", Answer::OfBucket, "phi", "get-bucket-policy"),
            ("111122223333/us-west-2/s3/phi/get_bucket_acl.json", Answer::OfBucket, "phi", "get-bucket-acl"),
            ("kms/1234abcd/get-key-policy.json", Answer::OfKey, "1234abcd", "get-key-policy"),
        ];
        for (path, answer, folder, call) in cases {
            let tree = one(path, policy).unwrap();
            let [document] = tree.documents.as_slice() else { panic!("{path}: {:?}", tree.documents) };
            assert_eq!((document.answer, document.source.folder), (answer, Some(folder)), "{path}");
            assert_eq!((&*document.source.call, document.json.get()), (call, policy), "{path}");
        }
        for path in ["policy.json", "s3/get-bucket-policy.json", "s3/phi/notes.json", "kms/a/b/get-key-policy.json"] {
            assert!(one(path, policy).unwrap().documents.is_empty(), "{path}");
        }
    }

    #[test]
    fn a_path_may_tell_account_and_region() {
        let cases = [
            ("vpcs.json", None, None),
            ("111122223333/us-west-2/vpcs.json", Some("111122223333"), Some("us-west-2")),
            ("2026/describe-vpcs.us-east-1.json", None, Some("us-east-1")),
            ("us-west-2a/1111/vpcs.json", None, None),
        ];
        for (path, account, region) in cases {
            let source = Source::of(path);
            assert_eq!((source.account, source.region), (account, region), "{path}");
        }
    }

    #[test]
    fn another_page_is_told() {
        let text = r#"[{"Vpcs": [], "NextToken": "x"}, {"Vpcs": [], "NextToken": ""}, {"Vpcs": []}]"#;
        let more: Vec<bool> = one("a.json", text).unwrap().documents.iter().map(|document| document.more).collect();
        assert_eq!(more, [true, false, false]);
    }

    #[test]
    fn what_is_not_understood_is_listed() {
        let cases = [
            ("", "it is empty"),
            (" \n", "it is empty"),
            ("call Ann", "it is no JSON"),
            ("{\"Vpx\": [], \"a\": {}, \"b\": 1, \"c\": 2}", "known by `Vpx`, `a`, `b`"),
            ("[1, 2.5, true, null, \"x\", [[]]]", "no answer of AWS that is known"),
            ("{\"own\": [", "it is no JSON: the file ends"),
        ];
        for (text, why) in cases {
            let tree = one("a.json", text).unwrap();
            assert!(tree.documents.is_empty());
            assert!(tree.not_understood[0].why.contains(why), "{text}: {:?}", tree.not_understood);
        }
        let tree = read([File { path: "a.bin", bytes: &[0x7f, 0xff, 0] }]).unwrap();
        assert_eq!(tree.not_understood.len(), 1);
    }

    #[test]
    fn a_broken_answer_is_refused_with_its_place() {
        let cases = [
            ("{\"Vpcs\": [\n  {\"VpcId\": \"vpc-1\"}", "a.json:2:20: the file ends within a list: expected `,` or `]`"),
            ("{\"Vpcs\": [{\"VpcId\": \"vp", "a.json:1:23: the file ends within a text: expected `\"`"),
            ("{\"Vpcs\": []", "a.json:1:11: the file ends within an object: expected `,` or `}`"),
            ("{\"Vpcs\":", "a.json:1:8: the file ends where a value was expected"),
            ("{\"Vpcs\": [} ", "a.json:1:11: expected value"),
            ("{\"Vpcs\": []} x", "a.json:1:14: expected value"),
        ];
        for (text, told) in cases {
            let error = one("a.json", text).expect_err(text);
            assert_eq!(error.to_string(), told, "{text}");
            assert!(error.help().is_some());
        }
        for bytes in [&b"{\"Vpcs\": [\"\xff\"]}"[..], b"{\"Vpcs\": []}\n\xff"] {
            let error = read([File { path: "a.json", bytes }]).expect_err("no text");
            assert!(error.problem.contains("no UTF-8"), "{error}");
        }
    }

    #[test]
    fn nesting_without_end_is_bounded() {
        let text = "[".repeat(1_000_000);
        assert_eq!(one("a.json", &text).unwrap().not_understood.len(), 1);
        let text = format!("{{\"Vpcs\": {text}");
        assert!(one("a.json", &text).unwrap_err().problem.contains("the file ends"));
    }

    #[test]
    fn utf_16_is_read_as_powershell_writes_it() {
        let text = r#"{"Vpcs": []}"#;
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decoded([vec![0xFF, 0xFE], little].concat()), text.as_bytes());
        assert_eq!(decoded([vec![0xFE, 0xFF], big].concat()), text.as_bytes());
        assert_eq!(decoded(text.into()), text.as_bytes());
        assert_eq!(decoded(vec![0xFF, 0xFE, 0x00, 0xD8]), [0xFF, 0xFE, 0x00, 0xD8]);
    }
}
