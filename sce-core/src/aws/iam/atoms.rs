//! One text for every way in which texts can match a set of patterns.
//!
//! Whatever a policy can tell of a text is which of its patterns match. So the texts fall into classes, and one text of each class
//! stands for all: a question over all texts becomes one over few. The classes are found by walking the patterns' automata side by
//! side; Relia (ASE 2025) finds at most twelve of them in real policies.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use thiserror::Error;

use super::pattern::Token;

/// The patterns differ in too many ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the wildcards of the policies differ in more ways than can be looked at")]
pub struct TooWild;

/// How many steps the automata take together before it is too much: about a second. Real policies take some thousands.
const MOST_STEPS: usize = 4_000_000;

/// One step of a pattern over characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    Character(char),
    /// In whatever case; given in lower case.
    Letter(char),
    Any,
    AnyInPart,
    One,
    OneInPart,
}

/// The states that a pattern can be in: how many of its steps are done.
type States = Vec<u32>;

/// What is known of all patterns at once, and how that was come by: the place before, and the character between.
type Reached = (Vec<States>, Option<(usize, char)>);

/// A pattern, and whether case counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shape {
    pub(super) tokens: Vec<Token>,
    pub(super) caseless: bool,
}

/// The shortest text of each class, among those that match `within`.
pub(super) fn representatives(within: &[Token], patterns: &[Vec<Token>]) -> Result<Vec<String>, TooWild> {
    let shapes: Vec<_> = patterns.iter().map(|tokens| Shape { tokens: tokens.clone(), caseless: false }).collect();
    of_shapes(within, &shapes)
}

/// The same, of patterns for which case may not count.
pub(super) fn of_shapes(within: &[Token], shapes: &[Shape]) -> Result<Vec<String>, TooWild> {
    let all: BTreeSet<&Shape> = shapes.iter().collect();
    let first = std::iter::once(steps(within, false));
    let automata: Vec<Vec<Step>> = first.chain(all.iter().map(|shape| steps(&shape.tokens, shape.caseless))).collect();
    let (prefix, automata, start) = past_prefix(automata);
    let mut seen: HashMap<Vec<States>, usize> = HashMap::new();
    let mut queue: Vec<Reached> = vec![(start.clone(), None)];
    seen.insert(start, 0);
    let mut classes: BTreeMap<Vec<bool>, usize> = BTreeMap::new();
    let (mut next, mut taken) = (0, 0);
    while next < queue.len() {
        let state = queue[next].0.clone();
        let accepts: Vec<bool> =
            automata.iter().zip(&state).map(|(steps, states)| states.last() == Some(&length(steps))).collect();
        if accepts[0] {
            classes.entry(accepts).or_insert(next);
        }
        let width = state.iter().map(|states| states.len() + 1).sum::<usize>();
        for character in alphabet(&automata, &state) {
            taken += width;
            if taken > MOST_STEPS {
                return Err(TooWild);
            }
            let after: Vec<States> =
                automata.iter().zip(&state).map(|(steps, states)| advanced(steps, states, character)).collect();
            // Nothing that matches `within` lies that way.
            if after[0].is_empty() || seen.contains_key(&after) {
                continue;
            }
            seen.insert(after.clone(), queue.len());
            queue.push((after, Some((next, character))));
        }
        next += 1;
    }
    Ok(classes.into_values().map(|at| prefix.clone() + &spelled(&queue, at)).collect())
}

/// Walks the letters that every text begins with, and leaves behind the patterns that do not get so far.
fn past_prefix(automata: Vec<Vec<Step>>) -> (String, Vec<Vec<Step>>, Vec<States>) {
    let letters = automata[0].iter().map_while(|step| match step {
        Step::Character(letter) => Some(*letter),
        _ => None,
    });
    let prefix: String = letters.collect();
    let walk = |steps: Vec<Step>| {
        let mut states = closed(&steps, vec![0]);
        for letter in prefix.chars() {
            states = advanced(&steps, &states, letter);
            if states.is_empty() {
                return None;
            }
        }
        Some((steps, states))
    };
    let (automata, start) = automata.into_iter().filter_map(walk).unzip();
    (prefix, automata, start)
}

fn spelled(queue: &[Reached], mut at: usize) -> String {
    let mut characters = Vec::new();
    while let Some((before, character)) = queue[at].1 {
        characters.push(character);
        at = before;
    }
    characters.iter().rev().collect()
}

/// The characters that the patterns can tell apart here: those that some pattern waits for, and one that none does.
fn alphabet(automata: &[Vec<Step>], state: &[States]) -> BTreeSet<char> {
    let mut characters = BTreeSet::new();
    for (steps, states) in automata.iter().zip(state) {
        for step in states.iter().filter_map(|at| steps.get(*at as usize)) {
            match step {
                Step::Character(character) => characters.insert(*character),
                Step::Letter(letter) => {
                    characters.extend(letter.to_uppercase());
                    characters.insert(*letter)
                }
                Step::AnyInPart | Step::OneInPart => characters.insert(':'),
                Step::Any | Step::One => false,
            };
        }
    }
    let other = ('a'..='z').chain('0'..='9').chain('\u{100}'..='\u{ffff}').find(|other| !characters.contains(other));
    characters.extend(other);
    characters
}

fn advanced(steps: &[Step], states: &States, character: char) -> States {
    let mut after = Vec::with_capacity(states.len());
    for at in states {
        match steps.get(*at as usize) {
            Some(Step::Character(wanted)) if *wanted == character => after.push(at + 1),
            Some(Step::Letter(wanted)) if character.to_lowercase().eq([*wanted]) => after.push(at + 1),
            Some(Step::One) => after.push(at + 1),
            Some(Step::OneInPart) if character != ':' => after.push(at + 1),
            Some(Step::Any) => after.push(*at),
            Some(Step::AnyInPart) if character != ':' => after.push(*at),
            _ => {}
        }
    }
    closed(steps, after)
}

/// With all that a star reaches by taking nothing; in order, each once. What comes before the last free star is left out: whatever
/// matches from there matches from the star too.
fn closed(steps: &[Step], mut states: States) -> States {
    states.sort_unstable();
    states.dedup();
    let mut all: States = Vec::with_capacity(states.len());
    let mut pending = states.into_iter().peekable();
    let mut reached: Option<u32> = None;
    loop {
        let at = match (reached, pending.peek()) {
            (Some(one), Some(other)) if *other < one => pending.next(),
            (Some(one), Some(other)) if *other == one => {
                pending.next();
                reached.take()
            }
            (Some(_), _) => reached.take(),
            (None, _) => pending.next(),
        };
        let Some(at) = at else { break };
        match steps.get(at as usize) {
            Some(Step::Any) => {
                all.clear();
                reached = Some(at + 1);
            }
            Some(Step::AnyInPart) => reached = Some(at + 1),
            _ => {}
        }
        all.push(at);
    }
    all
}

fn length(steps: &[Step]) -> u32 {
    // Patterns are bounded far below.
    u32::try_from(steps.len()).unwrap_or(u32::MAX)
}

/// The tokens over characters: a run of bytes is text.
fn steps(tokens: &[Token], caseless: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut run = Vec::new();
    let flush = |run: &mut Vec<u8>, steps: &mut Vec<Step>| {
        let step = if caseless { Step::Letter } else { Step::Character };
        steps.extend(String::from_utf8_lossy(run).chars().map(step));
        run.clear();
    };
    for token in tokens {
        if let Token::Byte(byte) = token {
            run.push(*byte);
            continue;
        }
        flush(&mut run, &mut steps);
        steps.push(match token {
            Token::Any => Step::Any,
            Token::AnyInPart => Step::AnyInPart,
            Token::One => Step::One,
            Token::OneInPart | Token::Byte(_) => Step::OneInPart,
        });
    }
    flush(&mut run, &mut steps);
    steps
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::pattern::{glob, tokens};
    use super::*;

    fn texts(within: &str, patterns: &[&str]) -> Vec<String> {
        let patterns: Vec<_> = patterns.iter().map(|pattern| tokens(pattern)).collect();
        representatives(&tokens(within), &patterns).unwrap()
    }

    fn signs(text: &str, patterns: &[String]) -> Vec<bool> {
        patterns.iter().map(|pattern| glob(&tokens(pattern), text.as_bytes())).collect()
    }

    #[test]
    fn one_text_stands_for_each_class() {
        assert_eq!(texts("b/*", &["b/data/*"]), ["b/", "b/data/"]);
        assert_eq!(texts("b/key", &["b/*", "c"]), ["b/key"]);
        assert_eq!(texts("*", &[]), [""]);
        // Nothing is one letter and two.
        assert_eq!(texts("?", &["??"]).len(), 1);
        // All four of: begins with a, ends with b.
        assert_eq!(texts("?*", &["a*", "*b"]).len(), 4);
        assert_eq!(texts("??", &["é*", "a?"]).len(), 3);
    }

    #[test]
    fn too_many_classes_are_told_rather_than_searched_for_ever() {
        let patterns: Vec<_> = (0..40).map(|at| tokens(&format!("*a{}", "?".repeat(at)))).collect();
        assert_eq!(representatives(&tokens("*"), &patterns), Err(TooWild));
    }

    proptest! {
        /// No text of a few letters is in a class that has no representative, and no class has two.
        #[test]
        fn every_text_has_its_representative(patterns in prop::collection::vec("[ab*?]{0,5}", 0..4), text in "[abc]{0,6}", within in "[ab*?]{0,3}") {
            let compiled: Vec<_> = patterns.iter().map(|pattern| tokens(pattern)).collect();
            let found = representatives(&tokens(&within), &compiled).unwrap();
            let classes: Vec<_> = found.iter().map(|one| signs(one, &patterns)).collect();
            prop_assert!(found.iter().all(|one| glob(&tokens(&within), one.as_bytes())));
            prop_assert_eq!(classes.iter().collect::<BTreeSet<_>>().len(), classes.len());
            if glob(&tokens(&within), text.as_bytes()) {
                prop_assert!(classes.contains(&signs(&text, &patterns)), "{} {:?}", text, found);
            }
        }
    }
}
