//! Things of one kind, found by place or by name.

use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use thiserror::Error;

/// The place of a thing in its [`Table`]; that of a subnet cannot stand for a VPC's.
pub struct Id<T>(u32, PhantomData<fn() -> T>);

/// Things of one kind, in the order they were added, each under the name that AWS or a plan gives it.
#[derive(Clone)]
pub struct Table<T> {
    things: Vec<(Box<str>, T)>,
    places: HashMap<Box<str>, Id<T>>,
}

/// Two things bear one name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is there twice")]
pub struct Duplicate(pub Box<str>);

impl<T> Table<T> {
    /// Adds a thing.
    ///
    /// # Errors
    /// When its name is taken; the table is as it was.
    pub fn add(&mut self, name: &str, thing: T) -> Result<Id<T>, Duplicate> {
        if self.places.contains_key(name) {
            return Err(Duplicate(name.into()));
        }
        // INVARIANT: four thousand million interfaces are beyond any input that fits in memory; `u32` halves what ids take.
        let id = Id(u32::try_from(self.things.len()).unwrap_or(u32::MAX), PhantomData);
        self.things.push((name.into(), thing));
        self.places.insert(name.into(), id);
        Ok(id)
    }

    /// Where a thing of that name is.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Id<T>> {
        self.places.get(name).copied()
    }

    /// The name of the thing at a place.
    #[must_use]
    pub fn name(&self, id: Id<T>) -> &str {
        &self.things[id.index()].0
    }

    /// To change a thing while facts are gathered.
    pub fn change(&mut self, id: Id<T>) -> &mut T {
        &mut self.things[id.index()].1
    }

    /// All things, with their places, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Id<T>, &T)> {
        self.things.iter().enumerate().map(|(index, (_, thing))| (Id::at(index), thing))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.things.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.things.is_empty()
    }
}

impl<T> std::ops::Index<Id<T>> for Table<T> {
    type Output = T;

    fn index(&self, id: Id<T>) -> &T {
        &self.things[id.index()].1
    }
}

impl<T> Id<T> {
    /// The place as a number, for tables beside this one.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }

    fn at(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX), PhantomData)
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { things: Vec::new(), places: HashMap::new() }
    }
}

impl<T: fmt::Debug> fmt::Debug for Table<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.things.iter().map(|(name, thing)| (name, thing))).finish()
    }
}

// Derives would ask the same of `T`, which an id does not hold.
impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Id<T> {}

impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T> Eq for Id<T> {}

impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_once() {
        let mut table = Table::default();
        let first = table.add("subnet-1", 1).unwrap();
        assert_eq!(table.add("subnet-1", 2), Err(Duplicate("subnet-1".into())));
        assert_eq!((table[first], table.name(first), table.len()), (1, "subnet-1", 1));
        assert_eq!(table.find("subnet-2"), None);
    }
}
