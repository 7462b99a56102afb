//! Truth of a matter that may still be open: `No < Maybe < Yes`, so that "and" is the least and "or" the greatest.

/// Whether something holds, when part of the request may not be settled yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tri {
    /// It does not hold.
    No,
    /// That depends on what is open.
    Maybe,
    /// It holds.
    Yes,
}

impl Tri {
    /// Both hold.
    pub(super) fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// One of them holds.
    pub(super) fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// All hold; true of none. Stops at the first that does not.
    pub(super) fn all(each: impl IntoIterator<Item = Self>) -> Self {
        let mut so_far = Self::Yes;
        for one in each {
            so_far = so_far.and(one);
            if so_far == Self::No {
                break;
            }
        }
        so_far
    }

    /// One of them holds; false of none. Stops at the first that does.
    pub(super) fn any(each: impl IntoIterator<Item = Self>) -> Self {
        let mut so_far = Self::No;
        for one in each {
            so_far = so_far.or(one);
            if so_far == Self::Yes {
                break;
            }
        }
        so_far
    }
}

impl From<bool> for Tri {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

impl std::ops::Not for Tri {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Maybe => Self::Maybe,
            Self::Yes => Self::No,
        }
    }
}
