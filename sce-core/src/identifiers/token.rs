//! Cutting a text into words, numbers and what parts them, in one pass.

use std::ops::Range;

/// A piece of a text; pieces follow each other without holes.
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Bytes, on character boundaries.
    pub(super) span: Range<usize>,
    /// A word in lower case without accents and apostrophes; empty for all else.
    pub(super) word: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Letters; camel case gives several.
    Word,
    /// ASCII digits.
    Number,
    /// A UUID or a digest: digits without meaning.
    Opaque,
    /// Anything else, percent-encoded characters of an object key among it.
    Gap,
}

/// A text and its tokens.
pub(super) struct Tokens<'a> {
    pub(super) text: &'a str,
    pub(super) all: Vec<Token>,
}

impl<'a> Tokens<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let mut all = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let end = match gap_end(text, at) {
                Some(end) => {
                    all.push(Token { kind: Kind::Gap, span: at..end, word: String::new() });
                    end
                }
                None => push_run(text, at, &mut all),
            };
            at = end;
        }
        Self { text, all }
    }

    pub(super) fn word(&self, index: usize) -> Option<&str> {
        self.all.get(index).filter(|token| token.kind == Kind::Word).map(|token| token.word.as_str())
    }

    pub(super) fn number(&self, index: usize) -> Option<&'a str> {
        self.slice(index, Kind::Number)
    }

    pub(super) fn gap(&self, index: usize) -> Option<&'a str> {
        self.slice(index, Kind::Gap)
    }

    /// A gap of one separator; a space may be `%20` or `+` as in a URL.
    pub(super) fn separator(&self, index: usize) -> Option<char> {
        let gap = self.gap(index)?;
        let mut characters = gap.chars();
        match (characters.next()?, characters.next()) {
            ('+', None) => Some(' '),
            ('\u{2010}'..='\u{2015}', None) => Some('-'),
            (only, None) => Some(only),
            _ if gap == "%20" => Some(' '),
            _ => None,
        }
    }

    /// Whether the token is followed at once by letters, as `550e` of a code is.
    pub(super) fn runs_on(&self, index: usize) -> bool {
        self.word(index + 1).is_some()
    }

    pub(super) fn span(&self, first: usize, last: usize) -> Range<usize> {
        self.all[first].span.start..self.all[last].span.end
    }

    /// The token after `index`, past one short gap if there is one.
    pub(super) fn after(&self, index: usize) -> usize {
        match self.gap(index + 1) {
            Some(gap) if gap.len() <= 4 => index + 2,
            _ => index + 1,
        }
    }

    fn slice(&self, index: usize, kind: Kind) -> Option<&'a str> {
        let token = self.all.get(index).filter(|token| token.kind == kind)?;
        self.text.get(token.span.clone())
    }
}

fn is_letter(c: char) -> bool {
    (c.is_alphanumeric() && !c.is_ascii_digit()) || is_combining(c)
}

fn is_combining(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

fn is_apostrophe(c: char) -> bool {
    c == '\'' || c == '\u{2019}'
}

fn gap_end(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = start;
    while let Some(c) = text[at..].chars().next() {
        let hex = |offset: usize| bytes.get(at + offset).is_some_and(u8::is_ascii_hexdigit);
        if c == '%' && hex(1) && hex(2) {
            at += 3;
        } else if is_letter(c) || c.is_ascii_digit() {
            break;
        } else {
            at += c.len_utf8();
        }
    }
    (at > start).then_some(at)
}

/// Pushes the tokens of a run of letters and digits, and tells where it ends.
fn push_run(text: &str, start: usize, all: &mut Vec<Token>) -> usize {
    if let Some(end) = uuid_end(text, start) {
        all.push(Token { kind: Kind::Opaque, span: start..end, word: String::new() });
        return end;
    }
    let end = run_end(text, start);
    let run = &text[start..end];
    if run.len() >= 32 && run.bytes().all(|b| b.is_ascii_hexdigit()) {
        all.push(Token { kind: Kind::Opaque, span: start..end, word: String::new() });
        return end;
    }
    let mut from = start;
    for cut in cuts(run).into_iter().map(|cut| start + cut).chain([end]) {
        all.push(token(text, from..cut));
        from = cut;
    }
    end
}

fn run_end(text: &str, start: usize) -> usize {
    let mut characters = text[start..].char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let joins = is_apostrophe(c) && characters.peek().is_some_and(|(_, next)| is_letter(*next));
        if !(is_letter(c) || c.is_ascii_digit() || joins) {
            return start + at;
        }
    }
    text.len()
}

fn uuid_end(text: &str, start: usize) -> Option<usize> {
    let candidate = text.get(start..start + 36)?;
    let fits = |(at, b): (usize, u8)| if matches!(at, 8 | 13 | 18 | 23) { b == b'-' } else { b.is_ascii_hexdigit() };
    let ends = !text[start + 36..].starts_with(char::is_alphanumeric);
    (ends && candidate.bytes().enumerate().all(fits)).then_some(start + 36)
}

/// Where a run changes from letters to digits or back, or from one camel-case word to the next.
fn cuts(run: &str) -> Vec<usize> {
    let characters: Vec<(usize, char)> = run.char_indices().collect();
    let mut from = 0;
    let mut cuts = Vec::new();
    for (i, pair) in characters.windows(2).enumerate() {
        let ((_, one), (at, two)) = (pair[0], pair[1]);
        let next = characters.get(i + 2).map(|&(_, c)| c);
        let kind_changes = one.is_ascii_digit() != two.is_ascii_digit();
        let word_begins = two.is_uppercase()
            && (one.is_lowercase()
                || is_combining(one)
                || (one.is_uppercase() && next.is_some_and(char::is_lowercase)));
        if kind_changes || (word_begins && &run[from..at] != "Mc") {
            cuts.push(at);
            from = at;
        }
    }
    cuts
}

fn token(text: &str, span: Range<usize>) -> Token {
    let piece = &text[span.clone()];
    if piece.starts_with(|c: char| c.is_ascii_digit()) {
        return Token { kind: Kind::Number, span, word: String::new() };
    }
    Token { kind: Kind::Word, span, word: folded(piece) }
}

/// Lower case without accents and apostrophes. Only Latin letters that names in US records carry are folded.
pub(super) fn folded(word: &str) -> String {
    let plain = word.chars().filter(|&c| !is_combining(c) && !is_apostrophe(c));
    plain.flat_map(char::to_lowercase).filter(|&c| !is_combining(c)).map(unaccented).collect()
}

fn unaccented(c: char) -> char {
    match c {
        'à'..='å' | 'ą' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'è'..='ë' | 'ę' => 'e',
        'ì'..='ï' => 'i',
        'ł' => 'l',
        'ñ' | 'ń' => 'n',
        'ò'..='ö' | 'ø' => 'o',
        'ś' | 'š' => 's',
        'ù'..='ü' => 'u',
        'ý' | 'ÿ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> String {
        let tokens = Tokens::of(text);
        let piece = |token: &Token| match token.kind {
            Kind::Word => token.word.clone(),
            Kind::Opaque => "#".to_owned(),
            Kind::Number => text[token.span.clone()].to_owned(),
            Kind::Gap => "|".to_owned(),
        };
        tokens.all.iter().map(piece).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_text_is_cut_where_a_reader_would() {
        let cases = [
            ("JohnSmith.csv", "john smith | csv"),
            ("patientMRN00123v2", "patient mrn 00123 v 2"),
            ("O\u{2019}Brien McDonald", "obrien | mcdonald"),
            ("José%20Garci\u{301}a", "jose | garcia"),
            ("x-550e8400-e29b-41d4-a716-446655440000.json", "x | # | json"),
            ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "#"),
            ("", ""),
        ];
        for (text, pieces) in cases {
            assert_eq!(words(text), pieces, "{text}");
        }
    }
}
