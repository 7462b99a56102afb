//! What AWS said, saved: trees of JSON files with the answers of describe calls, read without an account.
//!
//! [`read`] makes a [`Network`] of what decides where packets go, as it comes, and hands back every other answer as it stands;
//! [`tree::read`] hands back all of them. What is referred to and nowhere described, and what no file tells of, is
//! [unread](crate::network::Unread) and never taken to be absent.

mod answer;
pub mod flow;
mod gather;
mod join;
pub mod model;
mod record;
pub mod tree;
mod wire;

pub use answer::Answer;

use self::gather::Gathered;
use self::tree::{BrokenAnswer, Document, File, NotUnderstood};
use crate::network::Network;

/// A tree, read.
#[derive(Clone, Debug)]
pub struct Described<'a> {
    /// What decides where packets go.
    pub network: Network,
    /// The answers about anything else, in the order of the files.
    pub documents: Vec<Document<'a>>,
    /// The files with no answer that is known.
    pub not_understood: Vec<NotUnderstood<'a>>,
}

/// Reads a tree. Of an answer, what has nothing to do with where packets go is skipped, so that what is kept is small beside the files.
///
/// # Errors
/// When an answer is broken, or holds what AWS does not say.
///
/// ```
/// use sce_core::aws::describe::{read, tree::File};
/// let text = r#"{"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "OwnerId": "111122223333"}]}"#;
/// let described = read([File { path: "vpcs.json", bytes: text.as_bytes() }])?;
/// assert!(described.network.vpcs.find("vpc-1").is_some());
/// assert!(described.network.unread.iter().any(|unread| unread.why.contains("aws ec2 describe-route-tables")));
/// # Ok::<(), sce_core::aws::describe::tree::BrokenAnswer>(())
/// ```
pub fn read<'a>(files: impl IntoIterator<Item = File<'a>>) -> Result<Described<'a>, BrokenAnswer> {
    let mut gathered = Gathered::default();
    let mut not_understood = Vec::new();
    for file in files {
        not_understood.extend(tree::walk(file, &mut gathered)?);
    }
    let documents = std::mem::take(&mut gathered.documents);
    Ok(Described { network: join::network(gathered), documents, not_understood })
}
