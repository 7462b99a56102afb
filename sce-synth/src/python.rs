//! The two things of CPython's that decide every byte of its output: random numbers and `repr` of a float.

use std::fmt;
use std::str::FromStr;

use rand_mt::Mt;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Which Python's random numbers to draw.
///
/// Both draw from the same Mersenne Twister, but `random.randint` was rewritten in Python 3.2, so one seed
/// gives two histories. The document's program opens its CSV files with mode `wb` (lines 838, 947 and 953),
/// which only Python 2 accepts: its own dialect is [`Python2`](Dialect::Python2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// `a + int(random() * (b - a + 1))`, as in CPython 2.7: two words of the generator for each integer.
    #[default]
    Python2,
    /// The top bits of a word, drawn again until they fall within the range, as in CPython 3.2 and later.
    Python3,
}

impl fmt::Display for Dialect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Python2 => "python2",
            Self::Python3 => "python3",
        })
    }
}

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(name: &str) -> Result<Self, UnknownDialect> {
        match name {
            "python2" => Ok(Self::Python2),
            "python3" => Ok(Self::Python3),
            _ => Err(UnknownDialect { name: name.to_owned() }),
        }
    }
}

/// The name of a dialect there is none of.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{name}` is not a dialect of Python known here")]
pub struct UnknownDialect {
    name: String,
}

impl UnknownDialect {
    /// What to write instead.
    pub fn help(&self) -> Option<String> {
        Some("say `python2`, the document's own, or `python3`".to_owned())
    }
}

/// Python's module `random`, seeded.
#[derive(Clone)]
pub(crate) struct Random {
    twister: Mt,
    dialect: Dialect,
}

impl Random {
    /// `random.seed(seed)`: the twister's `init_by_array` over the seed's 32-bit words, lowest first.
    pub(crate) fn seeded(seed: u64, dialect: Dialect) -> Self {
        let (low, high) = (seed as u32, (seed >> 32) as u32);
        let words = if high == 0 { 1 } else { 2 };
        let twister = Mt::new_with_key([low, high].into_iter().take(words));
        Self { twister, dialect }
    }

    /// `random.randint(low, high)`: an integer between the two, both included.
    #[inline]
    pub(crate) fn randint(&mut self, low: u32, high: u32) -> u32 {
        let width = high - low + 1;
        low + match self.dialect {
            Dialect::Python2 => (self.random() * f64::from(width)) as u32,
            Dialect::Python3 => self.below(width),
        }
    }

    /// `random.uniform(low, high)`.
    #[inline]
    pub(crate) fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.random()
    }

    /// `random.random()`: 53 random bits as a fraction of one.
    #[inline]
    fn random(&mut self) -> f64 {
        let high = f64::from(self.twister.next_u32() >> 5);
        let low = f64::from(self.twister.next_u32() >> 6);
        (high * 67_108_864.0 + low) * (1.0 / 9_007_199_254_740_992.0)
    }

    /// `random._randbelow(width)` of Python 3. The bits are counted on `width` itself, not on `width - 1`,
    /// so a power of two is drawn again half of the time: wasteful, but so is the original.
    #[inline]
    fn below(&mut self, width: u32) -> u32 {
        let spare_bits = width.leading_zeros();
        loop {
            let drawn = self.twister.next_u32() >> spare_bits;
            if drawn < width {
                return drawn;
            }
        }
    }
}

/// Hands on `repr(value)`: the fewest digits that read back as the same float.
///
/// `zmij` finds the digits and mostly agrees on where to put them; below 0.0001 Python turns to an exponent,
/// of two digits at least, and `zmij` does not yet.
#[inline]
pub(crate) fn with_repr<T>(value: f64, hand_on: impl FnOnce(&[u8]) -> T) -> T {
    let size = value.abs();
    if size == 0.0 || (1e-4..f64::INFINITY).contains(&size) {
        hand_on(zmij::Buffer::new().format_finite(value).as_bytes())
    } else {
        hand_on(unusual_repr(value).as_bytes())
    }
}

#[cold]
fn unusual_repr(value: f64) -> String {
    let rust = format!("{value:e}");
    match rust.split_once("e-") {
        Some((digits, exponent)) => format!("{digits}e-{exponent:0>2}"),
        None => rust.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn repr(value: f64) -> String {
        with_repr(value, |repr| String::from_utf8(repr.to_vec()).unwrap())
    }

    #[test]
    fn first_words_of_the_documents_seed_are_cpythons() {
        let mut random = Random::seeded(31_415, Dialect::Python2);
        let words: Vec<u32> = (0..4).map(|_| random.twister.next_u32()).collect();
        assert_eq!(words, [2_533_975_088, 3_397_893_069, 1_208_735_734, 3_950_641_052]);

        let mut random = Random::seeded(31_415, Dialect::Python2);

        let fractions: Vec<f64> = (0..3).map(|_| random.random()).collect();
        assert_eq!(fractions, [0.589_987_052_911_025_5, 0.281_430_720_685_648_1, 0.883_929_449_661_631_6]);
    }

    /// Expected values from CPython 3.11.7: `random.seed(s); random.random()`.
    #[test]
    fn seeds_of_no_word_and_of_two_words_are_cpythons() {
        for (seed, first) in SEEDS {
            assert_eq!(Random::seeded(seed, Dialect::Python3).random(), first, "seed {seed}");
        }
    }

    #[test]
    fn repr_is_pythons() {
        for (value, python) in REPRS {
            assert_eq!(repr(value), python);
        }
    }

    #[test]
    fn dialects_are_read_as_they_are_written() {
        for dialect in [Dialect::Python2, Dialect::Python3] {
            assert_eq!(dialect.to_string().parse(), Ok(dialect));
            assert_eq!(serde_json::to_value(dialect).unwrap(), dialect.to_string());
        }
    }

    #[test]
    fn unknown_dialect_is_told_what_there_is() {
        let error = "python".parse::<Dialect>().unwrap_err();
        assert_eq!(error.to_string(), "`python` is not a dialect of Python known here");
        assert_eq!(error.help().unwrap(), "say `python2`, the document's own, or `python3`");
    }

    proptest! {
        #[test]
        fn repr_reads_back_and_is_laid_out_as_python_does(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            let text = repr(value);
            prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), bits);
            let size = value.abs();
            let fixed = size == 0.0 || (1e-4..1e16).contains(&size);
            prop_assert_eq!(fixed, !text.contains('e'));
            prop_assert_eq!(fixed, text.contains('.') && !text.contains('e'));
            if let Some((_, exponent)) = text.split_once('e') {
                prop_assert!(exponent.starts_with(['+', '-']) && exponent.len() >= 3);
            }
        }

        #[test]
        fn integers_fall_within_their_bounds(seed: u64, low in 0_u32..1000, width in 0_u32..1_000_000) {
            for dialect in [Dialect::Python2, Dialect::Python3] {
                let mut random = Random::seeded(seed, dialect);
                for _ in 0..100 {
                    prop_assert!((low..=low + width).contains(&random.randint(low, low + width)));
                }
            }
        }
    }

    const SEEDS: [(u64, f64); 6] = [
        (0, 0.8444218515250481),
        (1, 0.13436424411240122),
        (4_294_967_295, 0.6353574441341173),
        (4_294_967_296, 0.11299430095636409),
        (9_223_372_036_854_788_153, 0.30477471939133105),
        (18_446_744_073_709_551_615, 0.021825695401270107),
    ];

    const REPRS: [(f64, &str); 28] = [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (64.0 + 1.0 / 32_768.0, "64.00003051757812"),
        (99.4, "99.4"),
        (0.1, "0.1"),
        (1.0 / 3.0, "0.3333333333333333"),
        (1e15, "1000000000000000.0"),
        (9999999999999998.0, "9999999999999998.0"),
        (1e16, "1e+16"),
        (1.5e16, "1.5e+16"),
        (1e22, "1e+22"),
        (123456789012345680.0, "1.2345678901234568e+17"),
        (0.001, "0.001"),
        (0.0001, "0.0001"),
        (0.00012, "0.00012"),
        (1e-5, "1e-05"),
        (1.234e-5, "1.234e-05"),
        (-9.5e-5, "-9.5e-05"),
        (1e-10, "1e-10"),
        (1e100, "1e+100"),
        (1.5e-300, "1.5e-300"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (21.94560170119777, "21.94560170119777"),
        (f64::INFINITY, "inf"),
        (f64::NEG_INFINITY, "-inf"),
        (f64::NAN, "nan"),
    ];
}
