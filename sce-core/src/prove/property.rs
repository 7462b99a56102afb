//! The properties, one file each.

mod environments_are_isolated;
mod logs_cannot_be_altered_by_those_they_log;
mod nat_route_survives_the_endpoint;
mod no_path_from_the_internet;
mod no_way_out_for_phi;
mod nothing_is_readable_without_the_key;
mod nothing_new_is_public_by_default;
mod only_way_in_is_the_chosen_one;
mod private_traffic_to_s3_takes_the_endpoint;
mod stores_are_read_by_the_listed_only;

use super::{Examined, Grounds, Property, PropertyId};
use crate::check::{Citation, Specification};

pub(super) static ALL: &[&Property] = &[
    &no_path_from_the_internet::PROPERTY,
    &only_way_in_is_the_chosen_one::PROPERTY,
    &private_traffic_to_s3_takes_the_endpoint::PROPERTY,
    &no_way_out_for_phi::PROPERTY,
    &nat_route_survives_the_endpoint::PROPERTY,
    &nothing_new_is_public_by_default::PROPERTY,
    &stores_are_read_by_the_listed_only::PROPERTY,
    &nothing_is_readable_without_the_key::PROPERTY,
    &logs_cannot_be_altered_by_those_they_log::PROPERTY,
    &environments_are_isolated::PROPERTY,
];

const fn standard(citation: &'static str) -> Citation {
    Citation { citation, kind: Specification::Standard }
}

const fn required(citation: &'static str) -> Citation {
    Citation { citation, kind: Specification::Required }
}

const fn addressable(citation: &'static str) -> Citation {
    Citation { citation, kind: Specification::Addressable }
}

/// What every claim about packets takes for granted.
const ROUTERS: &str = "AWS's routers, network ACLs and security groups do what its documentation says (docs/reach.md)";
/// What every claim about requests takes for granted.
const EVALUATOR: &str = "IAM decides as its documentation says, and no organisation's policy grants anything";
/// Whom no claim about requests bounds.
const ADMINISTRATORS: &str = "the declared administrators and the account's root user are trusted";
/// Whom no model shows.
const UNSEEN_PRINCIPALS: &str = "principals of the account whom the model does not show and who may change the policies of buckets, \
    keys or roles: they are administrators by right, and are to be declared";
