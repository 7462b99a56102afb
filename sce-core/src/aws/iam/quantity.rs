//! Numbers, times and bytes as conditions compare them.
//!
//! Source: AWS IAM guide, "IAM JSON policy elements: Condition operators".

use std::cmp::Ordering;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

/// A decimal number, compared exactly: no float stands between `1.2` and a count of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    negative: bool,
    /// Digits without leading and trailing zeros, as in `0.DIGITS` × 10^exponent; none for zero.
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    /// Reads `12`, `-1.5`, `1e3`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, power) = match rest.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, i64::from(power.parse::<i16>().ok()?)),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let all: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        if !all.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let Some(first) = all.iter().position(|digit| *digit != b'0') else {
            return Some(Self { negative: false, digits: Vec::new(), exponent: 0 });
        };
        let last = all.iter().rposition(|digit| *digit != b'0').unwrap_or(first);
        let exponent = i64::try_from(whole.len()).ok()? - i64::try_from(first).ok()? + power;
        Some(Self { negative, digits: all[first..=last].to_vec(), exponent })
    }

    /// Whether a float tells it from its neighbours.
    pub(super) fn is_small(&self) -> bool {
        self.digits.len() <= 15 && self.exponent.abs() <= 15
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        match (self.digits.is_empty(), other.digits.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => self.exponent.cmp(&other.exponent).then_with(|| self.digits.cmp(&other.digits)),
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.digits.is_empty() {
            return f.write_str("0");
        }
        let sign = if self.negative { "-" } else { "" };
        let digits: String = self.digits.iter().map(|digit| char::from(*digit)).collect();
        match usize::try_from(self.exponent) {
            Ok(whole) if (1..=20).contains(&whole) && digits.len() <= whole => write!(f, "{sign}{digits:0<whole$}"),
            Ok(whole) if (1..digits.len()).contains(&whole) => {
                write!(f, "{sign}{}.{}", &digits[..whole], &digits[whole..])
            }
            _ => write!(f, "{sign}0.{digits}e{}", self.exponent),
        }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.magnitude(other),
            (true, true) => other.magnitude(self),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A time: a date, a date and time of ISO 8601, or seconds since 1970.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.is_empty() {
        // Four digits are a year (W3C's profile of ISO 8601), more are seconds.
        return if digits.len() == 4 && digits == text {
            midnight(Date::new(text.parse().ok()?, 1, 1).ok()?)
        } else {
            Timestamp::from_second(text.parse().ok()?).ok()
        };
    }
    if text.contains(['T', 't', ' ']) {
        return text.parse().ok();
    }
    match text.split('-').count() {
        2 => midnight(format!("{text}-01").parse().ok()?),
        _ => midnight(text.parse().ok()?),
    }
}

fn midnight(date: Date) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(date.to_datetime(Time::midnight())).ok()
}

/// The bytes that base64 stands for.
pub(super) fn bytes(text: &str) -> Option<Vec<u8>> {
    let trimmed = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4) || text.len() - trimmed.len() > 2 {
        return None;
    }
    let mut decoded = Vec::with_capacity(text.len() / 4 * 3);
    for group in trimmed.as_bytes().chunks(4) {
        let mut bits = 0_u32;
        for byte in group {
            bits = bits << 6 | u32::from(sextet(*byte)?);
        }
        bits <<= 6 * (4 - group.len());
        decoded.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
    }
    Some(decoded)
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        Decimal::read(text).unwrap_or_else(|| panic!("`{text}` is a number"))
    }

    #[test]
    fn numbers_compare_by_what_they_are_worth() {
        for (less, more) in [("1.1", "1.2"), ("9", "10"), ("-10", "-9"), ("-1", "0"), ("0.09", "0.1"), ("999", "1e3")] {
            assert!(number(less) < number(more), "{less} < {more}");
        }
        for (one, other) in [("1.20", "1.2"), ("1e3", "1000"), ("-0", "0"), ("007", "7"), (".5", "0.5"), ("+3", "3")] {
            assert_eq!(number(one), number(other), "{one} = {other}");
        }
        for text in ["0", "12", "1.2", "-1.5", "1200", "0.03", "1e30", "9007199254740993"] {
            assert_eq!(number(&number(text).to_string()), number(text), "{text}");
        }
        // Two neighbours that a float cannot tell apart.
        assert!(number("9007199254740992") < number("9007199254740993"));
        for wrong in ["", "-", ".", "1.2.3", "0x1", "1e", "1e99999", "ten", "1 "] {
            assert_eq!(Decimal::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn times_are_read_in_every_form_that_aws_documents() {
        let noon = time("2026-03-01T12:00:00Z").unwrap();
        for same in ["2026-03-01T12:00Z", "2026-03-01T13:00:00+01:00", "2026-03-01T12:00:00.000Z", "1772366400"] {
            assert_eq!(time(same), Some(noon), "{same}");
        }
        let year = time("2026-01-01T00:00:00Z");
        assert_eq!([time("2026"), time("2026-01"), time("2026-01-01")], [year, year, year]);
        for wrong in ["", "soon", "2026-13", "2026-02-31", "2026-03-01T12:00:00"] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn base64_is_read_whole_or_not_at_all() {
        assert_eq!(bytes("aGVsbG8=").as_deref(), Some(&b"hello"[..]));
        assert_eq!(bytes("aGVsbG8h").as_deref(), Some(&b"hello!"[..]));
        assert_eq!(bytes("aGVsbA==").as_deref(), Some(&b"hell"[..]));
        assert_eq!(bytes("").as_deref(), Some(&b""[..]));
        for wrong in ["a", "aGVsbG8", "aG=sbG8=", "====", "aGVs!G8="] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }
}
