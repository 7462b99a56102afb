//! Trying every way, one after another.

/// More ways than this are not tried. Forks come of what nobody has read and of routes that tie, so a network has a handful; only
/// one made to be tangled has more, and is still answered in bounded time.
const MOST_WAYS: usize = 4096;

/// The choices of one way, and where the next way differs from it.
///
/// A walk is written as if each choice had one answer. Asked again with the same beginning it goes the same way, so all ways are found
/// by changing the last choice that has an answer left.
#[derive(Debug, Default)]
pub(super) struct Choices {
    made: Vec<(usize, usize)>,
    at: usize,
    ways: usize,
}

impl Choices {
    /// One of `0..of`; nothing is chosen where there is no choice.
    pub(super) fn choose(&mut self, of: usize) -> usize {
        if of < 2 {
            return 0;
        }
        if self.at == self.made.len() {
            self.made.push((0, of));
        }
        let chosen = self.made[self.at].0;
        self.at += 1;
        chosen
    }

    /// Turns to the next way, if there is one.
    pub(super) fn next(&mut self) -> bool {
        self.at = 0;
        self.ways += 1;
        while let Some((chosen, of)) = self.made.pop() {
            if chosen + 1 < of {
                self.made.push((chosen + 1, of));
                return self.ways < MOST_WAYS;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_is_tried_once() {
        let mut choices = Choices::default();
        let mut ways = Vec::new();
        loop {
            let first = choices.choose(3);
            ways.push((first, if first == 1 { choices.choose(2) } else { choices.choose(1) }));
            if !choices.next() {
                break;
            }
        }
        assert_eq!(ways, [(0, 0), (1, 0), (1, 1), (2, 0)]);
    }
}
