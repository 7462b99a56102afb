//! Numbers that identify: social security, medical record and telephone numbers, and dates of birth.

use super::token::Tokens;
use super::{Found, Kind};

const FILLERS: [&str; 12] = ["id", "no", "nr", "num", "number", "numbers", "security", "date", "day", "of", "on", "is"];
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Everything found from each token on; each look is bounded, so the whole is linear.
pub(super) fn find(tokens: &Tokens<'_>) -> Vec<Found> {
    let finders =
        [separated_ssn, labelled_ssn, labelled_record, labelled_birth, birth_before_label, phone, labelled_phone];
    (0..tokens.all.len()).flat_map(|i| finders.iter().filter_map(move |find| find(tokens, i))).collect()
}

fn separated_ssn(tokens: &Tokens<'_>, i: usize) -> Option<Found> {
    let (digits, separator) = three_numbers(tokens, i, [3, 2, 4])?;
    let parted = matches!(separator, '-' | '_' | '.' | ' ');
    (parted && is_ssn(&digits)).then(|| Found::new(Kind::Ssn, tokens.span(i, i + 4), "three, two and four digits"))
}

fn labelled_ssn(tokens: &Tokens<'_>, i: usize) -> Option<Found> {
    let at = labelled(tokens, i, &["ssn", "ss", "social"])?;
    let digits = tokens.number(at)?;
    let found = digits.len() == 9 && is_ssn(digits) && !tokens.runs_on(at);
    found.then(|| Found::new(Kind::Ssn, tokens.span(at, at), "nine digits after a label"))
}

/// The Social Security Administration never assigned area 000, 666 or 900-999, group 00 or serial 0000.
fn is_ssn(digits: &str) -> bool {
    let (area, group, serial) = (&digits[..3], &digits[3..5], &digits[5..]);
    area != "000" && area != "666" && !area.starts_with('9') && group != "00" && serial != "0000"
}

/// A medical record number. `mrn` leaves no doubt; after `patient` a short number, a year or a date is taken for what it is.
fn labelled_record(tokens: &Tokens<'_>, i: usize) -> Option<Found> {
    let found = |first, last| Found::new(Kind::RecordNumber, tokens.span(first, last), "a number after a label");
    if let Some(at) = labelled(tokens, i, &["mrn", "emrn", "medrec"]).or_else(|| medical_record(tokens, i)) {
        let first = lettered(tokens, at).unwrap_or(at);
        let (last, digits) = chain(tokens, first)?;
        let is_date = last > first && date_end(tokens, first).is_some();
        return (digits >= 3 && !is_date && !tokens.runs_on(last)).then(|| found(at, last));
    }
    let at = labelled(tokens, i, &["patient", "pt"])?;
    let digits = tokens.number(at)?;
    let is_year = digits.len() == 4 && is_year(digits);
    (digits.len() >= 4 && !is_year && !tokens.runs_on(at) && date_end(tokens, at).is_none()).then(|| found(at, at))
}

fn medical_record(tokens: &Tokens<'_>, i: usize) -> Option<usize> {
    let record = labelled(tokens, i, &["record", "rec"])?;
    let before = i.checked_sub(1)?;
    let medical = tokens.word(before).or_else(|| tokens.word(before.checked_sub(1)?));
    matches!(medical, Some("medical" | "med")).then_some(record)
}

/// The number behind a short letter code, such as `E0012345`.
fn lettered(tokens: &Tokens<'_>, at: usize) -> Option<usize> {
    let code = tokens.word(at)?;
    let number = tokens.number(at + 1)?;
    (code.len() <= 3 && number.len() >= 4).then_some(at + 1)
}

/// Numbers parted by single hyphens, dots or spaces: the last token and how many digits there are in all.
fn chain(tokens: &Tokens<'_>, first: usize) -> Option<(usize, usize)> {
    let mut last = first;
    let mut digits = tokens.number(first)?.len();
    for _ in 0..3 {
        let parted = matches!(tokens.separator(last + 1), Some('-' | '.' | ' '));
        let Some(number) = tokens.number(last + 2).filter(|_| parted) else { break };
        digits += number.len();
        last += 2;
    }
    Some((last, digits))
}

fn labelled_birth(tokens: &Tokens<'_>, i: usize) -> Option<Found> {
    let at = labelled(tokens, i, &["dob", "birth", "birthdate", "birthday", "bday", "born", "dateofbirth"])?;
    let last = date_end(tokens, at).or_else(|| short_date(tokens, at))?;
    Some(Found::new(Kind::BirthDate, tokens.span(at, last), "a date after a label"))
}

/// `birth` and `born` are left out: a dated file on births is no date of birth.
fn birth_before_label(tokens: &Tokens<'_>, i: usize) -> Option<Found> {
    let last = date_end(tokens, i)?;
    let label = tokens.word(tokens.after(last))?;
    let is_label = matches!(label, "dob" | "birthdate" | "birthday" | "bday" | "dateofbirth");
    is_label.then(|| Found::new(Kind::BirthDate, tokens.span(i, last), "a date before a label"))
}

fn phone(tokens: &Tokens<'_>, i: usize) -> Option<Found> {
    let found = |last| Found::new(Kind::Phone, tokens.span(i, last), "a number of the North American plan");
    let before = i.checked_sub(1).and_then(|before| tokens.gap(before)).unwrap_or_default();
    if let Some(number) = tokens.number(i).filter(|number| number.len() == 11 && before.ends_with('+')) {
        return (is_phone(number) && !tokens.runs_on(i)).then(|| found(i));
    }
    if before.ends_with('(') {
        return in_parentheses(tokens, i).then(|| found(i + 4));
    }
    let (digits, separator) = three_numbers(tokens, i, [3, 3, 4])?;
    (matches!(separator, '-' | '.' | ' ') && is_phone(&digits)).then(|| found(i + 4))
}

fn in_parentheses(tokens: &Tokens<'_>, i: usize) -> bool {
    let closes = tokens.gap(i + 1).is_some_and(|gap| gap.starts_with(')') && gap.len() <= 4);
    let parted = tokens.separator(i + 3).is_some();
    let digits: Option<String> = [i, i + 2, i + 4].into_iter().map(|at| tokens.number(at)).collect();
    closes && parted && !tokens.runs_on(i + 4) && digits.is_some_and(|digits| is_phone(&digits))
}

fn labelled_phone(tokens: &Tokens<'_>, i: usize) -> Option<Found> {
    let at = labelled(tokens, i, &["phone", "tel", "telephone", "mobile", "cellphone", "fax"])?;
    let found = |last| Found::new(Kind::Phone, tokens.span(at, last), "a number after a label");
    if tokens.number(at).is_some_and(is_phone) && !tokens.runs_on(at) {
        return Some(found(at));
    }
    if three_numbers(tokens, at, [3, 3, 4]).is_some_and(|(digits, _)| is_phone(&digits)) {
        return Some(found(at + 4));
    }
    let local = [at, at + 2].map(|part| tokens.number(part).map_or(0, str::len));
    (local == [3, 4] && tokens.separator(at + 1).is_some() && !tokens.runs_on(at + 2)).then(|| found(at + 2))
}

/// Area and exchange begin with 2 to 9, and no area is a service code such as 911 (North American Numbering Plan).
fn is_phone(digits: &str) -> bool {
    let national = if digits.len() == 11 { digits.strip_prefix('1') } else { Some(digits) };
    let Some(bytes) = national.map(str::as_bytes).filter(|bytes| bytes.len() == 10) else { return false };
    bytes[0] >= b'2' && bytes[3] >= b'2' && !(bytes[1] == b'1' && bytes[2] == b'1')
}

/// Three numbers of the given lengths and the one separator between them. Part of a longer dotted number, such as a DICOM UID
/// or a version, is none.
fn three_numbers(tokens: &Tokens<'_>, i: usize, lengths: [usize; 3]) -> Option<(String, char)> {
    let mut digits = String::new();
    for (part, length) in lengths.into_iter().enumerate() {
        digits.push_str(tokens.number(i + 2 * part).filter(|number| number.len() == length)?);
    }
    let separator = tokens.separator(i + 1).filter(|&one| tokens.separator(i + 3) == Some(one))?;
    let dotted_before = i >= 2 && tokens.gap(i - 1) == Some(".") && tokens.number(i - 2).is_some();
    let dotted_after = tokens.gap(i + 5) == Some(".") && tokens.number(i + 6).is_some();
    let longer = separator == '.' && (dotted_before || dotted_after);
    (!longer && !tokens.runs_on(i + 4)).then_some((digits, separator))
}

/// The token that a label at `i` speaks of, past a few words such as `number` or `date of`.
fn labelled(tokens: &Tokens<'_>, i: usize, labels: &[&str]) -> Option<usize> {
    if !labels.contains(&tokens.word(i)?) {
        return None;
    }
    let mut at = tokens.after(i);
    for _ in 0..3 {
        if !tokens.word(at).is_some_and(|word| FILLERS.contains(&word)) {
            break;
        }
        at = tokens.after(at);
    }
    (at < tokens.all.len()).then_some(at)
}

/// The last token of a full date that begins at `i`: year first or last, the month as a number or a word.
fn date_end(tokens: &Tokens<'_>, i: usize) -> Option<usize> {
    if let Some(number) = tokens.number(i).filter(|number| number.len() == 8) {
        let (head, tail) = (&number[..4], &number[4..]);
        let dated = (is_year(head) && is_month_and_day(&tail[..2], &tail[2..]))
            || (is_year(tail) && is_month_and_day(&head[..2], &head[2..]));
        return dated.then_some(i);
    }
    let second = tokens.after(i);
    let third = tokens.after(second);
    let numbers = [i, second, third].map(|at| tokens.number(at).unwrap_or_default());
    let dated = match numbers {
        [year, "", day] if is_month(tokens, second) => {
            is_year(year) && is_day(day) || is_day(year) && is_some_year(day)
        }
        ["", day, year] if is_month(tokens, i) => is_day(day) && is_some_year(year),
        [a, b, c] => is_year(a) && is_month_and_day(b, c) || is_month_and_day(a, b) && is_some_year(c),
    };
    dated.then_some(third)
}

/// Six digits, which only a label makes a date.
fn short_date(tokens: &Tokens<'_>, i: usize) -> Option<usize> {
    let digits = tokens.number(i).filter(|number| number.len() == 6)?;
    let (a, b, c) = (&digits[..2], &digits[2..4], &digits[4..]);
    (is_month_and_day(a, b) || is_month_and_day(b, c)).then_some(i)
}

fn is_month(tokens: &Tokens<'_>, at: usize) -> bool {
    tokens.word(at).is_some_and(|word| word.get(..3).is_some_and(|start| MONTHS.contains(&start)) && word.len() <= 9)
}

fn is_month_and_day(a: &str, b: &str) -> bool {
    is_day(a) && is_day(b) && (value(a) <= 12 || value(b) <= 12)
}

fn is_day(digits: &str) -> bool {
    digits.len() <= 2 && (1..=31).contains(&value(digits))
}

fn is_year(digits: &str) -> bool {
    digits.len() == 4 && (1850..2100).contains(&value(digits))
}

fn is_some_year(digits: &str) -> bool {
    digits.len() == 2 || is_year(digits)
}

fn value(digits: &str) -> u32 {
    digits.parse().unwrap_or(0)
}
