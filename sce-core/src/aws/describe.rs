//! What AWS said, saved: trees of JSON files with the answers of describe calls, read without an account.

mod answer;
pub mod model;
pub mod tree;

pub use answer::Answer;
