//! Patterns in policies: `*` and `?`, and variables such as `${aws:username}`.
//!
//! Sources: AWS IAM guide, "IAM JSON policy elements: Resource" (a `*` that ends a segment of an ARN may run on past the colon, any
//! other stays in its segment), "IAM JSON policy elements: Condition operators" (`ArnLike` compares each of the six parts apart) and
//! "IAM policy elements: Variables and tags".

use super::request::{Lookup, View};
use super::tri::Tri;
use crate::value::Reference;

/// One step of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Token {
    /// This byte of UTF-8.
    Byte(u8),
    /// Any text.
    Any,
    /// Any text without a colon.
    AnyInPart,
    /// One character.
    One,
    /// One character that is no colon.
    OneInPart,
}

/// A stretch of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    Tokens(Vec<Token>),
    /// What a key of the request says, taken letter by letter.
    Variable {
        key: String,
        default: Option<String>,
    },
}

/// A pattern, read once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pattern {
    text: String,
    pieces: Vec<Piece>,
}

/// How the characters of a pattern are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// Whether `*` and `?` are wild.
    pub(super) wild: bool,
    /// Whether `${key}` stands for what the request says: only in the language version 2012-10-17.
    pub(super) variables: bool,
    /// Whether colons divide it, as in a `Resource`.
    pub(super) parts: bool,
}

/// Why a pattern cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadPattern {
    /// A `${` without its `}`.
    Unclosed,
    /// A `${}` without a key in it.
    Nameless,
    /// A default that stands in no quotes.
    Default,
    /// Longer than [`Pattern::MAX_BYTES`].
    Long,
}

impl Pattern {
    /// No ARN, key of an object or tag that AWS takes is longer.
    pub(super) const MAX_BYTES: usize = 4096;

    /// Reads a pattern. A reference to what AWS will tell is a word of its own, in which nothing is wild.
    pub(super) fn read(text: &str, reading: Reading) -> Result<Self, BadPattern> {
        if text.len() > Self::MAX_BYTES {
            return Err(BadPattern::Long);
        }
        if Reference::parse(text).is_some() {
            return Ok(Self::literal(text));
        }
        let mut reader = Reader { pieces: Vec::new(), tokens: Vec::new(), colons: 0, reading };
        reader.read(text)?;
        Ok(Self { text: text.to_owned(), pieces: reader.finish() })
    }

    /// A pattern that matches this text alone.
    pub(super) fn literal(text: &str) -> Self {
        Self { text: text.to_owned(), pieces: vec![Piece::Tokens(text.bytes().map(Token::Byte).collect())] }
    }

    /// As it was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it can match a text that begins so, by what stands before anything wild or variable.
    pub(super) fn may_begin_with(&self, beginning: &str) -> bool {
        let Some(Piece::Tokens(tokens)) = self.pieces.first() else { return true };
        let fixed = tokens.iter().map_while(|token| match token {
            Token::Byte(byte) => Some(*byte),
            _ => None,
        });
        fixed.zip(beginning.bytes()).all(|(one, other)| one == other)
    }

    /// Whether nothing in it is wild and nothing a variable.
    pub(super) fn is_fixed(&self) -> bool {
        self.pieces.iter().all(|piece| match piece {
            Piece::Tokens(tokens) => tokens.iter().all(|token| matches!(token, Token::Byte(_))),
            Piece::Variable { .. } => false,
        })
    }

    /// The keys of its variables, in lower case.
    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Variable { key, .. } => Some(key.as_str()),
            Piece::Tokens(_) => None,
        })
    }

    /// Whether the text matches; a variable that the request does not settle matches nothing.
    pub(super) fn matches(&self, text: &str, view: &View<'_>) -> Tri {
        self.with(view, |tokens| glob(tokens, text.as_bytes()))
    }

    /// Whether the text, in lower case already, matches whatever the case of what a variable stands for.
    pub(super) fn matches_caseless(&self, text: &str, view: &View<'_>) -> Tri {
        self.with(view, |tokens| {
            let lower = |token: &Token| match token {
                Token::Byte(byte) => Token::Byte(byte.to_ascii_lowercase()),
                other => *other,
            };
            glob(&tokens.iter().map(lower).collect::<Vec<_>>(), text.as_bytes())
        })
    }

    /// Whether the ARN matches part by part.
    pub(super) fn matches_arn(&self, arn: &str, view: &View<'_>) -> Tri {
        self.with(view, |tokens| arn_glob(tokens, arn))
    }

    /// The pattern with its variables replaced, or what stands in the way.
    pub(super) fn resolved(&self, view: &View<'_>) -> Result<Vec<Token>, Tri> {
        let mut all = Vec::with_capacity(self.text.len());
        for piece in &self.pieces {
            match piece {
                Piece::Tokens(tokens) => all.extend_from_slice(tokens),
                Piece::Variable { key, default } => match view.lookup(key) {
                    Lookup::Open => return Err(Tri::Maybe),
                    Lookup::Values([only]) => all.extend(only.bytes().map(Token::Byte)),
                    Lookup::Values(_) => return Err(Tri::No),
                    Lookup::Absent => match default {
                        Some(default) => all.extend(default.bytes().map(Token::Byte)),
                        None => return Err(Tri::No),
                    },
                },
            }
        }
        Ok(all)
    }

    fn with(&self, view: &View<'_>, test: impl FnOnce(&[Token]) -> bool) -> Tri {
        match self.pieces.as_slice() {
            [] => test(&[]).into(),
            [Piece::Tokens(tokens)] => test(tokens).into(),
            _ => self.resolved(view).map_or_else(|open| open, |tokens| test(&tokens).into()),
        }
    }
}

/// Whether the tokens match all of the text.
pub(super) fn glob(tokens: &[Token], text: &[u8]) -> bool {
    // One star to come back to is enough as long as every star takes everything.
    if tokens.contains(&Token::AnyInPart) { glob_in_parts(tokens, text) } else { glob_anywhere(tokens, text) }
}

/// Whether each part of the ARN matches its part of the pattern; what is left of a shorter pattern's last part is the rest.
pub(super) fn arn_glob(tokens: &[Token], arn: &str) -> bool {
    let patterns: Vec<&[Token]> = tokens.splitn(6, |token| *token == Token::Byte(b':')).collect();
    let parts: Vec<&str> = arn.splitn(patterns.len(), ':').collect();
    parts.len() == patterns.len() && patterns.iter().zip(parts).all(|(pattern, part)| glob(pattern, part.as_bytes()))
}

/// The tokens of a pattern without variables in which `*` takes anything, such as an action's.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let reading = Reading { wild: true, variables: false, parts: false };
    let mut reader = Reader { pieces: Vec::new(), tokens: Vec::new(), colons: 0, reading };
    text.chars().for_each(|character| reader.push(character, ""));
    reader.tokens
}

/// The length of the character that begins at `at`; none where no character begins.
fn character(text: &[u8], at: usize) -> Option<usize> {
    match *text.get(at)? {
        byte if byte < 0x80 => Some(1),
        byte if byte < 0xc0 => None,
        byte if byte < 0xe0 => Some(2),
        byte if byte < 0xf0 => Some(3),
        _ => Some(4),
    }
}

/// How far one token takes the text at `at`; none when it does not fit.
fn step(token: Token, text: &[u8], at: usize) -> Option<usize> {
    match token {
        Token::Byte(byte) => (text.get(at) == Some(&byte)).then_some(1),
        Token::One => character(text, at),
        Token::OneInPart => character(text, at).filter(|_| text[at] != b':'),
        Token::Any | Token::AnyInPart => None,
    }
}

/// On a mismatch the last star takes one byte more, and earlier ones never need to: at most `tokens` × `text` steps.
fn glob_anywhere(tokens: &[Token], text: &[u8]) -> bool {
    let (mut token, mut at) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        if token == tokens.len() && at == text.len() {
            return true;
        }
        if tokens.get(token) == Some(&Token::Any) {
            star = Some((token + 1, at));
            token += 1;
            if token == tokens.len() {
                return true;
            }
            continue;
        }
        match tokens.get(token).and_then(|token| step(*token, text, at)) {
            Some(taken) => {
                token += 1;
                at += taken;
            }
            None => match &mut star {
                Some((after, from)) if *from < text.len() => {
                    *from += 1;
                    (token, at) = (*after, *from);
                }
                _ => return false,
            },
        }
    }
}

/// Every state that the pattern can be in, byte by byte: at most `tokens` × `text` steps.
fn glob_in_parts(tokens: &[Token], text: &[u8]) -> bool {
    // reach[t] tells whether the first t tokens can match the text before `at`; characters of several bytes land ahead.
    let mut ahead: [Vec<bool>; 5] = std::array::from_fn(|_| vec![false; tokens.len() + 1]);
    ahead[0][0] = true;
    for at in 0..=text.len() {
        for (index, token) in tokens.iter().enumerate() {
            if !ahead[0][index] {
                continue;
            }
            match token {
                Token::Any | Token::AnyInPart => {
                    ahead[0][index + 1] = true;
                    let takes = *token == Token::Any || text.get(at) != Some(&b':');
                    ahead[1][index] |= takes;
                }
                _ => {
                    if let Some(taken) = step(*token, text, at) {
                        ahead[taken][index + 1] = true;
                    }
                }
            }
        }
        if at == text.len() {
            break;
        }
        ahead.rotate_left(1);
        ahead[4].fill(false);
    }
    ahead[0][tokens.len()]
}

struct Reader {
    pieces: Vec<Piece>,
    tokens: Vec<Token>,
    colons: usize,
    reading: Reading,
}

impl Reader {
    fn read(&mut self, text: &str) -> Result<(), BadPattern> {
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            match rest.strip_prefix("${").filter(|_| self.reading.variables) {
                Some(inside) => {
                    let end = inside.find('}').ok_or(BadPattern::Unclosed)?;
                    self.variable(&inside[..end])?;
                    rest = &inside[end + 1..];
                }
                None => {
                    rest = &rest[character.len_utf8()..];
                    self.push(character, rest);
                }
            }
        }
        Ok(())
    }

    /// `${*}`, `${?}` and `${$}` are those characters themselves.
    fn variable(&mut self, inside: &str) -> Result<(), BadPattern> {
        if let "*" | "?" | "$" = inside {
            self.tokens.extend(inside.bytes().map(Token::Byte));
            return Ok(());
        }
        let (key, default) = match inside.split_once(',') {
            None => (inside, None),
            Some((key, default)) => {
                let quoted = default.trim().strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
                (key, Some(quoted.ok_or(BadPattern::Default)?.to_owned()))
            }
        };
        if key.trim().is_empty() {
            return Err(BadPattern::Nameless);
        }
        let tokens = std::mem::take(&mut self.tokens);
        if !tokens.is_empty() {
            self.pieces.push(Piece::Tokens(tokens));
        }
        self.pieces.push(Piece::Variable { key: key.trim().to_lowercase(), default });
        Ok(())
    }

    fn push(&mut self, character: char, rest: &str) {
        let (wild, in_part) = (self.reading.wild, self.reading.parts && self.colons < 5);
        let ends_part = rest.is_empty() || rest.starts_with(':');
        match character {
            '*' if wild => {
                let star = if in_part && !ends_part { Token::AnyInPart } else { Token::Any };
                // A second star in a row adds nothing, unless it is the freer one.
                match self.tokens.last_mut() {
                    Some(last @ Token::AnyInPart) => *last = star,
                    Some(Token::Any) => {}
                    _ => self.tokens.push(star),
                }
            }
            '?' if wild => self.tokens.push(if in_part { Token::OneInPart } else { Token::One }),
            _ => {
                self.colons += usize::from(character == ':');
                self.tokens.extend(character.encode_utf8(&mut [0; 4]).bytes().map(Token::Byte));
            }
        }
    }

    fn finish(mut self) -> Vec<Piece> {
        if !self.tokens.is_empty() || self.pieces.is_empty() {
            self.pieces.push(Piece::Tokens(self.tokens));
        }
        self.pieces
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::principal::Principal;
    use super::super::request::Request;
    use super::*;

    const TEXT: Reading = Reading { wild: true, variables: true, parts: false };
    const RESOURCE: Reading = Reading { parts: true, ..TEXT };

    fn asked() -> Request {
        Request::new(Principal::Anonymous, "s3:GetObject", "*")
            .with("aws:username", "alice")
            .with("aws:PrincipalTag/wild", "a*")
    }

    fn matches(pattern: &str, reading: Reading, text: &str) -> bool {
        let request = asked();
        Pattern::read(pattern, reading).unwrap().matches(text, &View::new(&request)) == Tri::Yes
    }

    /// What the words say, tried in every way: of no use but to compare with.
    fn naive(tokens: &[Token], text: &[char]) -> bool {
        let Some((first, rest)) = tokens.split_first() else { return text.is_empty() };
        let free = |c: char, in_part: bool| !in_part || c != ':';
        match first {
            Token::Byte(byte) => text.first() == Some(&char::from(*byte)) && naive(rest, &text[1..]),
            Token::One => !text.is_empty() && naive(rest, &text[1..]),
            Token::OneInPart => text.first().is_some_and(|c| free(*c, true)) && naive(rest, &text[1..]),
            Token::Any | Token::AnyInPart => {
                let in_part = *first == Token::AnyInPart;
                (0..=text.len())
                    .any(|taken| text[..taken].iter().all(|c| free(*c, in_part)) && naive(rest, &text[taken..]))
            }
        }
    }

    proptest! {
        #[test]
        fn matching_is_what_the_words_say(pattern in "[ab:*?]{0,12}", text in "[ab:]{0,14}", parts: bool) {
            let read = Pattern::read(&pattern, Reading { parts, ..TEXT }).unwrap();
            let request = asked();
            let tokens = read.resolved(&View::new(&request)).unwrap();
            let expected = naive(&tokens, &text.chars().collect::<Vec<_>>());
            prop_assert_eq!(glob(&tokens, text.as_bytes()), expected);
        }

        #[test]
        fn one_character_is_one_whatever_its_length(text in "\\PC{0,6}") {
            let wild = "?".repeat(text.chars().count());
            prop_assert!(matches(&wild, TEXT, &text));
            prop_assert!(matches(&wild, RESOURCE, &text) != text.contains(':'));
            let longer = format!("{wild}?");
            prop_assert!(!matches(&longer, TEXT, &text));
        }

        #[test]
        fn a_text_without_wildcards_matches_itself_alone(text in "[a-z:/]{0,8}", other in "[a-z:/]{0,8}") {
            prop_assert!(matches(&text, RESOURCE, &text));
            prop_assert_eq!(matches(&text, RESOURCE, &other), text == other);
        }
    }

    #[test]
    fn a_star_crosses_slashes_and_a_colon_only_at_the_end_of_a_part() {
        for (pattern, text, expected) in [
            ("arn:aws:s3:::b/*/test/*", "arn:aws:s3:::b/1/2/test/3/o", true),
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b", false),
            ("arn:aws:ec2:us-*-1:1:x", "arn:aws:ec2:us-east-1:1:x", true),
            ("arn:aws:ec2:us-*-1:1:x", "arn:aws:ec2:us-a:b-1:1:x", false),
            ("arn:aws:dynamodb:*:table/prod-*", "arn:aws:dynamodb:us-east-1:111122223333:table/prod-x", true),
            ("arn:aws:s3:::b:*x", "arn:aws:s3:::b:c:dx", true),
            ("*", "arn:aws:s3:::b", true),
        ] {
            assert_eq!(matches(pattern, RESOURCE, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn arns_are_compared_part_by_part() {
        let request = asked();
        let view = View::new(&request);
        for (pattern, arn, expected) in [
            ("arn:aws:iam::*:role/a", "arn:aws:iam::1:role/a", true),
            ("arn:aws:iam::*:role/a", "arn:aws:iam::1:x:role/a", false),
            ("arn:aws:iam::1:role/*", "arn:aws:iam::1:role/path/a:b", true),
            ("arn:aws:iam::1:*", "arn:aws:iam::1:role/a", true),
            ("arn:aws:s3:*", "arn:aws:s3:::b", true),
            ("*", "arn:aws:s3:::b", true),
            ("arn:aws:iam::1:role/a", "arn:aws:iam::1:role/A", false),
            ("${key.arn}", "${key.arn}", true),
            ("${key.arn}", "${other.arn}", false),
        ] {
            let read = Pattern::read(pattern, TEXT).unwrap();
            assert_eq!(read.matches_arn(arn, &view) == Tri::Yes, expected, "{pattern} {arn}");
        }
    }

    #[test]
    fn variables_stand_for_what_the_request_says_letter_by_letter() {
        for (pattern, text, expected) in [
            ("home/${aws:username}/*", "home/alice/x", true),
            ("home/${AWS:UserName}/*", "home/bob/x", false),
            ("${aws:PrincipalTag/wild}", "ab", false),
            ("${aws:PrincipalTag/wild}", "a*", true),
            ("${aws:PrincipalTag/none}", "", false),
            ("${aws:PrincipalTag/none,'all'}", "all", true),
            ("${aws:PrincipalTag/none, 'all'}x", "allx", true),
            ("${*}${?}${$}", "*?$", true),
            ("${*}", "x", false),
        ] {
            assert_eq!(matches(pattern, TEXT, text), expected, "{pattern} {text}");
        }
        assert!(matches("${aws:username}", Reading { variables: false, ..TEXT }, "${aws:username}"));
        let bad = |text| Pattern::read(text, TEXT).unwrap_err();
        assert_eq!(
            [bad("${"), bad("a${}"), bad("${k,x}"), bad(&"a".repeat(5000))],
            [BadPattern::Unclosed, BadPattern::Nameless, BadPattern::Default, BadPattern::Long]
        );
    }

    #[test]
    fn beginnings_that_differ_before_anything_wild_exclude_a_match() {
        for (pattern, beginning, expected) in [
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b/x", true),
            ("arn:aws:s3:::b/*", "arn:aws:s3:::", true),
            ("arn:aws:s3:::b/*", "arn:aws:s3:::c", false),
            ("arn:aws:s3:::b?", "arn:aws:s3:::bc", true),
            ("${aws:username}/x", "anything", true),
            ("home/${aws:username}", "away/", false),
        ] {
            let read = Pattern::read(pattern, RESOURCE).unwrap();
            assert_eq!(read.may_begin_with(beginning), expected, "{pattern} {beginning}");
        }
    }

    #[test]
    fn the_worst_pattern_is_answered_at_once() {
        let text = "a".repeat(Pattern::MAX_BYTES);
        for worst in ["*a".repeat(2000) + "b", "a*?".repeat(1300) + "b"] {
            assert!(!matches(&worst, TEXT, &text));
            assert!(!matches(&worst, RESOURCE, &text));
        }
    }
}
