//! STUB, to be written.

use sce_core::aws::resource::{Difference, SecurityGroup};
use sce_core::plan::Node;

use crate::error::{CloudError, Trouble};
use crate::provider::{Deleted, Found, Wanted};
use crate::session::Session;

fn stub<T>(label: &str) -> Result<T, CloudError> {
    Err(CloudError::plain("Stub", label, Trouble::Refused, "SecurityGroup is not written yet"))
}

pub(crate) async fn look(_: &Session, wanted: &Wanted<'_, SecurityGroup>) -> Result<Option<Found>, CloudError> {
    stub(wanted.label())
}

pub(crate) async fn make(_: &Session, wanted: &Wanted<'_, SecurityGroup>) -> Result<(), CloudError> {
    stub(wanted.label())
}

pub(crate) async fn settle(
    _: &Session,
    wanted: &Wanted<'_, SecurityGroup>,
    _: &Found,
    _: &[Difference],
) -> Result<(), CloudError> {
    stub(wanted.label())
}

pub(crate) async fn tag(_: &Session, node: &Node, _: &Found) -> Result<(), CloudError> {
    stub(node.id.as_str())
}

pub(crate) async fn delete(_: &Session, node: &Node, _: &Found) -> Result<Deleted, CloudError> {
    stub(node.id.as_str())
}
