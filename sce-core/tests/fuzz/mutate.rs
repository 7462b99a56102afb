//! Mutations that follow from a seed.

/// Words that readers treat in ways of their own.
const WORDS: [&str; 44] = [
    "null",
    "true",
    "-1",
    "0",
    "1e400",
    "18446744073709551616",
    "65535",
    "65536",
    "\"\"",
    "{}",
    "[]",
    "\"GroupId\"",
    "\"0.0.0.0/0\"",
    "\"::/0\"",
    "\"10.0.0.0/33\"",
    "\"10.0.0.7/8\"",
    "\"255.255.255.255\"",
    "\"local\"",
    "\"igw-1\"",
    "\"eni-1\"",
    "\"vpc-1\"",
    "\"available\"",
    "\"deleted\"",
    "\"-1\"",
    "\"icmp\"",
    "\"Interface\"",
    "[null]",
    "\"\\ud800\"",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\u0000",
    "\\ud800",
    "\u{feff}",
    "0.0.0.0/0",
    "::/0",
    "::ffff:10.0.0.0/104",
    "\"NextToken\"",
    "\n",
    "é",
];

/// So many of the words are values of JSON.
const WHOLE: usize = 28;

/// Makes mutations; the same seed makes the same ones.
pub(crate) struct Mutator {
    state: u64,
    others: Vec<Vec<u8>>,
}

impl Mutator {
    /// Mutations may borrow from the other inputs.
    pub(crate) fn new(seed: u64, others: Vec<Vec<u8>>) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, others }
    }

    /// One to eight changes to the bytes.
    pub(crate) fn mutation(&mut self, original: &[u8]) -> Vec<u8> {
        let mut bytes = original.to_vec();
        // Half of them stay whole, so that what comes after the grammar is reached.
        if self.below(2) == 0 {
            (0..=self.below(3)).for_each(|_| self.value(&mut bytes));
        } else {
            (0..=self.below(8)).for_each(|_| self.change(&mut bytes));
        }
        bytes
    }

    /// Another value, of this input or of the words, in the place of one.
    fn value(&mut self, bytes: &mut Vec<u8>) {
        let Some((start, end)) = self.find(bytes) else { return };
        let word = WORDS[self.below(WHOLE)].as_bytes().to_vec();
        let other = self.find(bytes).map_or(word.clone(), |(start, end)| bytes[start..end].to_vec());
        let instead = if self.below(2) == 0 { word } else { other };
        drop(bytes.splice(start..end, instead));
    }

    /// Where a value stands: after a colon or an equals sign, up to what ends it.
    fn find(&mut self, bytes: &[u8]) -> Option<(usize, usize)> {
        let from = self.below(bytes.len());
        let sign = from + bytes[from..].iter().position(|byte| matches!(byte, b':' | b'='))?;
        let start = sign + 1 + bytes[sign + 1..].iter().position(|byte| *byte != b' ')?;
        let end = match bytes[start] {
            b'"' => start + 2 + bytes[start + 1..].iter().position(|byte| *byte == b'"')?,
            b'{' | b'[' => return None,
            _ => start + bytes[start..].iter().position(|byte| matches!(byte, b',' | b'}' | b']' | b'\n'))?,
        };
        Some((start, end))
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len() + 1);
        // Mostly short: a long cut leaves little to go wrong in.
        let reach = [4, 40, 400, 4000][self.below(4)];
        let end = (at + self.below(reach)).min(bytes.len());
        match self.below(9) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let again = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, again));
            }
            3 | 4 => {
                let word = WORDS[self.below(WORDS.len())];
                drop(bytes.splice(at..at, word.bytes()));
            }
            5 => {
                let word = WORDS[self.below(WORDS.len())];
                drop(bytes.splice(at..end, word.bytes()));
            }
            6 => {
                let digit = self.byte();
                let start = bytes[at..].iter().position(u8::is_ascii_digit);
                start.into_iter().for_each(|start| bytes[at + start] = b'0' + digit % 10);
            }
            7 => {
                let other = self.below(self.others.len());
                let other = self.others[other].clone();
                let from = self.below(other.len() + 1);
                let to = (from + self.below(reach)).min(other.len());
                drop(bytes.splice(at..at, other[from..to].iter().copied()));
            }
            _ => {
                let byte = self.byte();
                bytes.get_mut(at).into_iter().for_each(|old| *old ^= byte);
            }
        }
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap_or(0)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    /// Xorshift (Marsaglia, 2003), its output multiplied.
    fn next(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}
