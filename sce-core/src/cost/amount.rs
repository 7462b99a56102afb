//! Amounts of money, exact to a millionth of a dollar.

use std::fmt;
use std::iter::Sum;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use thiserror::Error;

/// Millionths in one.
const MILLION: u128 = 1_000_000;

/// The dearest single unit that a price file may hold: more is a slip of the pen.
const MOST: u128 = 1_000_000 * MILLION;

/// An amount of US dollars, counted in millionths; never negative.
///
/// As text it is what price lists write, digits with at most six after the point and at most 1,000,000; sums may be larger.
///
/// ```
/// use sce_core::cost::Amount;
/// let hour: Amount = "0.045".parse().unwrap();
/// assert_eq!(hour.times(730).to_string(), "32.85");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(u128);

/// Why a text is no [`Amount`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidAmount {
    /// It is below nothing.
    #[error("the amount `{0}` is negative")]
    Negative(String),
    /// It is beyond any price.
    #[error("the amount `{0}` is more than 1000000 for one unit")]
    Huge(String),
    /// It is finer than a millionth.
    #[error("the amount `{0}` has more than six digits after the point")]
    Fine(String),
    /// It is no decimal number.
    #[error("`{0}` is no amount: expected digits, as in `0.045`")]
    Spelling(String),
}

impl InvalidAmount {
    /// What to write instead.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Negative(_) => "discounts and credits are not part of a price list: write the price paid".to_owned(),
            Self::Huge(_) => "write the price of one unit, in dollars".to_owned(),
            Self::Fine(_) => "round it to six digits after the point".to_owned(),
            Self::Spelling(text) => {
                let bare = text.replace(['$', ',', ' '], "").replace("USD", "");
                match bare.parse::<Amount>() {
                    Ok(_) => format!("write `{bare}`"),
                    Err(_) => "write dollars with a point and without currency sign, commas or exponent".to_owned(),
                }
            }
        })
    }
}

impl Amount {
    /// That many of it.
    #[must_use]
    pub fn times(self, quantity: u64) -> Self {
        Self(self.0.saturating_mul(u128::from(quantity)))
    }

    /// The part `numerator / denominator` of it, the half of a millionth rounded up; nothing when the denominator is 0.
    #[must_use]
    pub fn part(self, numerator: u64, denominator: u64) -> Self {
        let denominator = u128::from(denominator);
        let scaled = self.0.saturating_mul(u128::from(numerator)).saturating_add(denominator / 2);
        Self(scaled.checked_div(denominator).unwrap_or_default())
    }

    /// To the nearest hundredth of a cent, halves up.
    #[must_use]
    pub fn rounded(self) -> Self {
        Self((self.0.saturating_add(50) / 100).saturating_mul(100))
    }

    /// As people write a sum: two digits after the point, the half of a cent rounded up.
    #[must_use]
    pub fn to_cents(self) -> String {
        let cents = self.0.saturating_add(5_000) / 10_000;
        format!("{}.{:02}", cents / 100, cents % 100)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:06}", self.0 % MILLION);
        let (cents, finer) = fraction.split_at(2);
        write!(f, "{}.{cents}{}", self.0 / MILLION, finer.trim_end_matches('0'))
    }
}

impl FromStr for Amount {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let spelling = || InvalidAmount::Spelling(text.to_owned());
        if text.starts_with('-') {
            return Err(InvalidAmount::Negative(text.to_owned()));
        }
        let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, rest)| (whole, Some(rest)));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !all_digits(whole) || !fraction.is_none_or(all_digits) {
            return Err(spelling());
        }
        let fraction = fraction.unwrap_or_default().trim_end_matches('0');
        if fraction.len() > 6 {
            return Err(InvalidAmount::Fine(text.to_owned()));
        }
        let significant = whole.trim_start_matches('0');
        // Seven digits reach the greatest amount; more of them are beyond it and might be beyond the integer too.
        if significant.len() > 7 {
            return Err(InvalidAmount::Huge(text.to_owned()));
        }
        let millionths: u128 = format!("0{significant}{fraction:0<6}").parse().map_err(|_| spelling())?;
        if millionths > MOST { Err(InvalidAmount::Huge(text.to_owned())) } else { Ok(Self(millionths)) }
    }
}

impl Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        Self(amounts.fold(0, |sum, amount| sum.saturating_add(amount.0)))
    }
}

impl Serialize for Amount {
    /// As a JSON number; the nearest float prints the same digits up to nine thousand million dollars.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0 as f64 / MILLION as f64)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    #[test]
    fn amounts_are_exact() {
        assert_eq!(amount("0.045").times(730), amount("32.85"));
        // A sum that floats get wrong: 0.1 + 0.2.
        assert_eq!([amount("0.1"), amount("0.2")].into_iter().sum::<Amount>(), amount("0.3"));
        assert_eq!(amount("0.000001").times(u64::from(u32::MAX)).to_string(), "4294.967295");
        assert_eq!(amount("1000000").times(u64::MAX).to_string(), "18446744073709551615000000.00");
    }

    #[test]
    fn amounts_are_written_as_price_lists_do() {
        for (text, shown, cents) in [
            ("0", "0.00", "0.00"),
            ("1.5", "1.50", "1.50"),
            ("007.045", "7.045", "7.05"),
            ("0.0049990", "0.004999", "0.00"),
        ] {
            assert_eq!((amount(text).to_string().as_str(), amount(text).to_cents().as_str()), (shown, cents));
        }
        assert_eq!(serde_json::to_string(&amount("0.045")).unwrap(), "0.045");
        assert_eq!(serde_json::to_string(&amount("32.85")).unwrap(), "32.85");
    }

    #[test]
    fn parts_and_rounding_take_halves_up() {
        assert_eq!(amount("73").part(168, 730), amount("16.8"));
        assert_eq!(amount("0.000001").part(1, 2), amount("0.000001"));
        assert_eq!(amount("1").part(1, 0), Amount::default());
        assert_eq!((amount("0.00005").rounded(), amount("0.000049").rounded()), (amount("0.0001"), Amount::default()));
    }

    #[test]
    fn what_is_no_price_is_refused() {
        let cases = [
            ("-0.045", "the amount `-0.045` is negative", "write the price paid"),
            ("1000000.000001", "the amount `1000000.000001` is more than 1000000 for one unit", "one unit"),
            ("99999999999999999999999999999999999999999", "is more than 1000000", "one unit"),
            ("0.0000001", "the amount `0.0000001` has more than six digits after the point", "round it"),
            ("$0.045", "`$0.045` is no amount", "write `0.045`"),
            ("1,000 USD", "`1,000 USD` is no amount", "write `1000`"),
            ("4e-2", "`4e-2` is no amount", "without currency sign"),
            ("", "`` is no amount", "write dollars"),
            (".5", "`.5` is no amount", "write dollars"),
            ("5.", "`5.` is no amount", "write dollars"),
            ("٣", "`٣` is no amount", "write dollars"),
        ];
        for (text, message, help) in cases {
            let error = text.parse::<Amount>().unwrap_err();
            assert!(error.to_string().contains(message), "{text}: {error}");
            assert!(error.help().is_some_and(|advice| advice.contains(help)), "{text}: {:?}", error.help());
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(millionths in 0..=MOST) {
            let amount = Amount(millionths);
            prop_assert_eq!(amount.to_string().parse::<Amount>().unwrap(), amount);
        }

        #[test]
        fn json_prints_the_same_decimal(millionths in 0..=MOST) {
            let json = serde_json::to_string(&Amount(millionths)).unwrap();
            prop_assert_eq!(json.parse::<Amount>().unwrap(), Amount(millionths));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,50}") {
            let _ = text.parse::<Amount>();
        }
    }
}
