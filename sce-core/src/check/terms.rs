//! What a judgement rests on beside the facts.

use jiff::civil::Date;

/// What a judgement rests on beside the facts: the day, which no rule can know by itself.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The day on which it is judged: waivers expire.
    pub today: Date,
}

impl Terms {
    /// The usual terms on that day.
    #[must_use]
    pub fn on(today: Date) -> Self {
        Self { today }
    }
}
