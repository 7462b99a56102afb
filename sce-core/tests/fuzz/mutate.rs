//! Mutations that follow from a seed.

/// Words that readers treat in ways of their own.
const WORDS: [&str; 40] = [
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
    "10.0.0.0/33",
    "255.255.255.255",
    "\"GroupId\"",
    "\"VpcId\"",
    "\"Egress\"",
    "\"local\"",
    "\"blackhole\"",
    "\"igw-1\"",
    "\"eni-1\"",
    "\"available\"",
    "\"deleted\"",
    "\"NextToken\"",
    "\"-1\"",
    "\"icmp\"",
    "\n",
    "é",
];

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
        for _ in 0..=self.below(8) {
            self.change(&mut bytes);
        }
        bytes
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
