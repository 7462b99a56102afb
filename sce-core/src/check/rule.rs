//! The rules: one file each, all of them listed here.

mod access_log_target_admits_deliveries;
mod access_log_target_uses_s3_keys;
mod account;
mod account_blocks_public_access;
mod account_is_designated_for_phi;
mod alarms_watch_the_account;
mod allowed_range_is_not_an_example;
mod allowed_range_is_not_the_world;
mod ancillary_is_encrypted_with_own_key;
mod ancillary_requires_tls;
mod ancillary_stays_in_the_account;
mod bastion_admits_only_allowed_ssh;
mod bucket_blocks_public_access;
mod bucket_is_versioned;
mod bucket_ownership_is_enforced;
mod bucket_policy_grants_not_to_everyone;
mod bucket_requires_tls;
mod budget_is_declared;
mod compute_role_cannot_write_data;
mod config_records_everything;
mod connect_endpoint_leads_only_to_ssh;
mod custodian_needs_mfa;
mod data_events_of_stores_are_recorded;
mod database_authenticates_with_tokens;
mod database_is_backed_up;
mod database_is_encrypted_with_own_key;
mod database_is_private;
mod database_requires_tls;
mod default_security_group_is_empty;
mod ebs_is_encrypted_by_default;
mod egress_is_web_only;
mod egress_none_has_no_way_out;
mod endpoint_policy_names_its_buckets;
mod everything_is_tagged;
mod failures_are_kept;
mod file_table_can_be_restored;
mod file_table_records_every_file;
mod flow_log_records_all_traffic;
mod function_logs_to_own_group;
mod function_reads_no_objects;
mod instance_has_a_role_of_its_own;
mod instance_has_no_public_address;
mod instance_is_monitored_in_detail;
mod instance_requires_metadata_tokens;
mod instance_volumes_are_encrypted;
mod institution;
mod institution_accepts_the_waivers;
mod institution_allows_the_choices;
mod institution_allows_the_ranges;
mod institution_allows_the_region;
mod institution_allows_the_services;
mod institution_bounds_the_cost;
mod interface_endpoint_admits_only_the_network;
mod interface_endpoint_answers_to_the_usual_name;
mod interface_endpoint_serves_own_account;
mod key_ends_with_project;
mod key_is_rotated;
mod key_pair_is_ed25519;
mod key_policy_names_its_users;
mod key_serves_its_log_groups;
mod laptop_is_managed;
mod log_group_is_encrypted_with_own_key;
mod log_group_keeps_logs_long_enough;
mod logs_are_kept_six_years;
mod machine_type_fits_its_tenancy;
mod machine_type_is_not_burstable;
mod machine_type_is_on_nitro;
mod machines;
mod main_route_table_is_local_only;
mod names_carry_no_identifiers;
mod nat_route_survives_endpoint;
mod network_acl_is_closed_to_anywhere;
mod network_holds_only_what_is_planned;
mod no_route_leads_to_another_network;
mod password_policy_is_strong;
mod people_have_an_account_each;
mod person_has_a_key;
mod phi_stays_on_eligible_services;
mod private_machine_admits_only_the_bastion;
mod private_subnet_has_no_internet_gateway_route;
mod private_subnet_has_no_public_address;
mod private_traffic_to_s3_takes_the_endpoint;
mod questions;
mod review_board_approval_is_declared;
mod role_has_no_wildcards;
mod role_has_the_boundary;
mod role_trust_names_principals;
mod security_group_egress_is_web_only;
mod security_group_is_closed_to_the_world;
mod security_group_rules_are_described;
mod sessions_are_recorded;
mod sessions_end_when_idle;
mod sessions_reach_their_services;
mod software_has_a_source;
mod spec_is_built_in_full;
mod store_is_encrypted_with_own_key;
mod store_logs_access;
mod store_refuses_other_encryption;
mod store_refuses_reads_off_endpoint;
mod subnet_has_network_acl;
mod subnets_lie_apart;
mod subscription_is_confirmed;
mod tenancy_is_shared;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod theirs;
mod trail_covers_all_regions;
mod trail_is_encrypted;
mod trail_is_logging;
mod trail_validates_its_files;
mod unused_allowed_range_is_not_an_example;
mod uploader_cannot_read;
mod volume_is_encrypted_with_own_key;
mod waiver_fits_what_it_accepts;
mod waiver_is_in_force;
mod waiver_is_of_no_required_specification;
mod waiver_is_used;
mod waiver_names_a_rule;
mod waiver_reasons_why_not;
mod waivers;
mod way_in_needs_no_bastion;

use serde::Serialize;

use super::facts::Facts;
use super::finding::{Finding, Severity, Status};
use crate::aws::resource::Kind;
use crate::model::{Model, Unread};
use crate::plan::short_digest;
use crate::value::{NodeId, references};

/// A rule: what must hold, why, and what it answers.
#[derive(Debug, Serialize)]
pub struct Rule {
    /// Its name; never changes its meaning.
    pub id: RuleId,
    /// What must hold, in one line.
    pub title: &'static str,
    /// The risk that remains when it is kept (L1111).
    pub severity_kept: Severity,
    /// The risk when it is broken (L1111).
    pub severity_broken: Severity,
    /// The regulation it answers.
    pub cfr: &'static [Citation],
    /// The controls it answers.
    pub nist80053: &'static [Control],
    /// Where the document asks for it.
    pub document_line: Option<u32>,
    /// Whether the law it answers is in force.
    pub status: Law,
    /// Why it matters.
    pub rationale: &'static str,
    /// What to do when it is broken.
    pub fix: &'static str,
    /// What it costs to keep, and where more of it stops paying (L1111, L1121).
    pub cost: &'static str,
    /// A spec or resource that breaks it.
    pub bad: &'static str,
    /// One that keeps it.
    pub good: &'static str,
    /// The kinds it looks at, first the one it speaks about: what could not be read makes the rule's answer `unknown`.
    #[serde(skip)]
    pub looks_at: &'static [Kind],
    /// The examination.
    #[serde(skip)]
    pub examine: fn(&Facts<'_>) -> Vec<Observation>,
}

/// The name of a rule, such as `private-subnet-has-no-public-address`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RuleId(pub &'static str);

/// A paragraph of 45 CFR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Citation {
    /// Such as `164.312(a)(2)(iv)`.
    pub citation: &'static str,
    /// What kind of paragraph it is.
    pub kind: Specification,
}

/// What kind of paragraph of the Security Rule a citation is (45 CFR 164.306(d)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Specification {
    /// A standard.
    Standard,
    /// A required implementation specification.
    Required,
    /// An addressable one: implemented, or reasoned why not.
    Addressable,
    /// Outside the Security Rule.
    Other,
}

/// A control of NIST SP 800-53 revision 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Control {
    /// Such as `SC-28(1)`.
    pub control: &'static str,
    /// Who says that it answers the citation.
    pub mapping: Mapping,
}

/// Who pairs a control with a citation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Mapping {
    /// NIST's own crosswalk.
    #[serde(rename = "nist-crosswalk")]
    NistCrosswalk,
    /// This project.
    #[serde(rename = "project judgement")]
    ProjectJudgement,
}

/// Whether a law is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Law {
    /// It is.
    InForce,
    /// It is proposed.
    Proposed,
}

/// What a rule sees at one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The resource, by [`crate::model::Resource::label`], or `spec`.
    pub resource: String,
    /// Whether the rule holds there.
    pub status: Status,
    /// What is the matter, or what is as it should be.
    pub message: String,
    /// The key of the spec that it is about, such as `access.allow.0`; none when it is about a resource.
    pub place: Option<String>,
}

impl Citation {
    const fn standard(citation: &'static str) -> Self {
        Self { citation, kind: Specification::Standard }
    }

    const fn required(citation: &'static str) -> Self {
        Self { citation, kind: Specification::Required }
    }

    const fn addressable(citation: &'static str) -> Self {
        Self { citation, kind: Specification::Addressable }
    }

    const fn other(citation: &'static str) -> Self {
        Self { citation, kind: Specification::Other }
    }
}

impl Control {
    /// A control that NIST pairs with one of the rule's citations.
    const fn crosswalk(control: &'static str) -> Self {
        Self { control, mapping: Mapping::NistCrosswalk }
    }

    /// A control that this project pairs with the rule.
    const fn judgement(control: &'static str) -> Self {
        Self { control, mapping: Mapping::ProjectJudgement }
    }
}

impl Observation {
    /// What is told of a resource.
    #[must_use]
    pub fn told(resource: &str, status: Status, message: String) -> Self {
        Self { resource: resource.to_owned(), status, message, place: None }
    }

    /// The rule holds if `kept`, with what to say in either case.
    #[must_use]
    pub fn of(resource: &str, kept: bool, when_kept: &str, when_broken: &str) -> Self {
        let (status, message) = if kept { (Status::Kept, when_kept) } else { (Status::Broken, when_broken) };
        Self::told(resource, status, message.to_owned())
    }

    /// The same, about a key of the spec.
    #[must_use]
    pub fn at(self, place: impl Into<String>) -> Self {
        Self { place: Some(place.into()), ..self }
    }

    /// The rule holds if what is declared is true; nothing declared breaks it.
    #[must_use]
    pub fn declaration(resource: &str, declared: Option<String>, when_missing: &str) -> Self {
        let missing = || (Status::Broken, when_missing.to_owned());
        let (status, message) = declared.map_or_else(missing, |message| (Status::Declared, message));
        Self::told(resource, status, message)
    }

    /// Nothing can tell whether the rule holds.
    #[must_use]
    pub fn unknown(resource: &str, why: &str) -> Self {
        Self::told(resource, Status::Unknown, why.to_owned())
    }

    /// The same, but open where it is called broken for want of what nobody was asked about: the account may hold it.
    fn unless_unasked(self, unasked: Option<&NodeId>) -> Self {
        match (self.status, unasked) {
            (Status::Broken, Some(node)) => {
                let message = format!("cannot be told, because `{node}` could not be read");
                Self { status: Status::Unknown, message, ..self }
            }
            _ => self,
        }
    }

    /// Whether it is unknown since nobody was asked: what it is about, or what its message names.
    fn rests_on_unasked(&self, model: &Model) -> bool {
        let is_told = |node: &NodeId| self.resource == node.as_str() || self.message.contains(&format!("`{node}`"));
        let mut unread = model.unread.iter();
        self.status == Status::Unknown && unread.any(|(node, unread)| unread.is_unasked() && is_told(node))
    }

    /// The same, but open if it holds only as far as could be read.
    fn unless_unread(self, unread: Option<&NodeId>) -> Self {
        match (self.status, unread) {
            (Status::Kept, Some(node)) => {
                let message = format!("cannot be told, because `{node}` could not be read");
                Self { status: Status::Unknown, message, ..self }
            }
            _ => self,
        }
    }
}

impl Rule {
    /// What the rule says of everything it looks at.
    ///
    /// What could not be read is unknown. So is what the rule would call kept, where its answers rest on something of a
    /// further kind that could not be read.
    #[must_use]
    pub fn findings(&'static self, facts: &Facts<'_>) -> Vec<Finding> {
        let unread = || facts.model.unread.iter().filter(|(_, unread)| self.looks_at.contains(&unread.kind));
        let rests_on = |kind: &Kind| self.looks_at.iter().skip(1).any(|other| other == kind);
        let missing = unread().find(|(_, unread)| rests_on(&unread.kind)).map(|(node, _)| node);
        let unknown = unread()
            .map(|(node, unread)| Observation::unknown(node.as_str(), &format!("could not be read: {}", unread.why)));
        let examined = (self.examine)(facts).into_iter().map(|observation| {
            let unasked = self.unasked(&observation, facts.model);
            observation.unless_unread(missing).unless_unasked(unasked.as_ref())
        });
        unknown.chain(examined).map(|observation| self.finding(observation, facts)).collect()
    }

    /// What the observed thing refers to, of a kind that the rule looks at, and what nobody was asked about.
    fn unasked(&self, observation: &Observation, model: &Model) -> Option<NodeId> {
        if !model.unread.values().any(Unread::is_unasked) {
            return None;
        }
        let is_unasked = |node: &NodeId| {
            let unread = model.unread.get(node);
            unread.is_some_and(|unread| unread.is_unasked() && self.looks_at.contains(&unread.kind))
        };
        let things = model.named(&observation.resource).map(|thing| references(&thing.properties.to_json()));
        things.flatten().map(|reference| reference.node).find(is_unasked)
    }

    fn finding(&'static self, observation: Observation, facts: &Facts<'_>) -> Finding {
        let help = theirs::help(self, &observation.resource, facts.model);
        let digest = self.digest(&observation, facts);
        let unasked = observation.rests_on_unasked(facts.model);
        let Observation { resource, status, message, place } = observation;
        let severity = match status {
            Status::Broken | Status::Unknown => self.severity_broken,
            Status::Declared | Status::Kept => self.severity_kept,
        };
        Finding {
            rule: self.id,
            title: self.title,
            resource,
            status,
            severity,
            severity_kept: self.severity_kept,
            severity_broken: self.severity_broken,
            law: self.status,
            cfr: self.cfr,
            nist80053: self.nist80053,
            document_line: self.document_line,
            message,
            help,
            waived: false,
            blocks_from: facts.terms.blocks_from(),
            waiver: None,
            digest,
            place,
            unasked,
        }
    }

    /// The digest of what an observation is about: what changes is no longer what a waiver accepted.
    fn digest(&self, observation: &Observation, facts: &Facts<'_>) -> String {
        let Observation { resource, message, place, .. } = observation;
        if let Some(place) = place {
            return short_digest(&(place, facts.declared.value(place)));
        }
        let of_things = facts.digests.of(facts.model, resource);
        of_things.unwrap_or_else(|| short_digest(&(self.id, resource, message)))
    }
}

impl std::fmt::Display for RuleId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.0)
    }
}

/// Every rule, in order of name.
#[must_use]
pub fn all() -> &'static [&'static Rule] {
    ALL
}

static ALL: &[&Rule] = &[
    &access_log_target_admits_deliveries::RULE,
    &access_log_target_uses_s3_keys::RULE,
    &account_blocks_public_access::RULE,
    &account_is_designated_for_phi::RULE,
    &alarms_watch_the_account::RULE,
    &allowed_range_is_not_an_example::RULE,
    &allowed_range_is_not_the_world::RULE,
    &ancillary_is_encrypted_with_own_key::RULE,
    &ancillary_requires_tls::RULE,
    &ancillary_stays_in_the_account::RULE,
    &bastion_admits_only_allowed_ssh::RULE,
    &bucket_blocks_public_access::RULE,
    &bucket_is_versioned::RULE,
    &bucket_ownership_is_enforced::RULE,
    &bucket_policy_grants_not_to_everyone::RULE,
    &bucket_requires_tls::RULE,
    &budget_is_declared::RULE,
    &compute_role_cannot_write_data::RULE,
    &config_records_everything::RULE,
    &connect_endpoint_leads_only_to_ssh::RULE,
    &custodian_needs_mfa::RULE,
    &data_events_of_stores_are_recorded::RULE,
    &database_authenticates_with_tokens::RULE,
    &database_is_backed_up::RULE,
    &database_is_encrypted_with_own_key::RULE,
    &database_is_private::RULE,
    &database_requires_tls::RULE,
    &default_security_group_is_empty::RULE,
    &ebs_is_encrypted_by_default::RULE,
    &egress_is_web_only::RULE,
    &egress_none_has_no_way_out::RULE,
    &endpoint_policy_names_its_buckets::RULE,
    &everything_is_tagged::RULE,
    &failures_are_kept::RULE,
    &file_table_can_be_restored::RULE,
    &file_table_records_every_file::RULE,
    &flow_log_records_all_traffic::RULE,
    &function_logs_to_own_group::RULE,
    &function_reads_no_objects::RULE,
    &instance_has_a_role_of_its_own::RULE,
    &instance_has_no_public_address::RULE,
    &instance_is_monitored_in_detail::RULE,
    &instance_requires_metadata_tokens::RULE,
    &instance_volumes_are_encrypted::RULE,
    &institution_accepts_the_waivers::RULE,
    &institution_allows_the_choices::RULE,
    &institution_allows_the_ranges::RULE,
    &institution_allows_the_region::RULE,
    &institution_allows_the_services::RULE,
    &institution_bounds_the_cost::RULE,
    &interface_endpoint_admits_only_the_network::RULE,
    &interface_endpoint_answers_to_the_usual_name::RULE,
    &interface_endpoint_serves_own_account::RULE,
    &key_ends_with_project::RULE,
    &key_is_rotated::RULE,
    &key_pair_is_ed25519::RULE,
    &key_policy_names_its_users::RULE,
    &key_serves_its_log_groups::RULE,
    &laptop_is_managed::RULE,
    &log_group_is_encrypted_with_own_key::RULE,
    &log_group_keeps_logs_long_enough::RULE,
    &logs_are_kept_six_years::RULE,
    &machine_type_fits_its_tenancy::RULE,
    &machine_type_is_not_burstable::RULE,
    &machine_type_is_on_nitro::RULE,
    &main_route_table_is_local_only::RULE,
    &names_carry_no_identifiers::RULE,
    &nat_route_survives_endpoint::RULE,
    &network_acl_is_closed_to_anywhere::RULE,
    &network_holds_only_what_is_planned::RULE,
    &no_route_leads_to_another_network::RULE,
    &password_policy_is_strong::RULE,
    &people_have_an_account_each::RULE,
    &person_has_a_key::RULE,
    &phi_stays_on_eligible_services::RULE,
    &private_machine_admits_only_the_bastion::RULE,
    &private_subnet_has_no_internet_gateway_route::RULE,
    &private_subnet_has_no_public_address::RULE,
    &private_traffic_to_s3_takes_the_endpoint::RULE,
    &review_board_approval_is_declared::RULE,
    &role_has_no_wildcards::RULE,
    &role_has_the_boundary::RULE,
    &role_trust_names_principals::RULE,
    &security_group_egress_is_web_only::RULE,
    &security_group_is_closed_to_the_world::RULE,
    &security_group_rules_are_described::RULE,
    &sessions_are_recorded::RULE,
    &sessions_end_when_idle::RULE,
    &sessions_reach_their_services::RULE,
    &software_has_a_source::RULE,
    &spec_is_built_in_full::RULE,
    &store_is_encrypted_with_own_key::RULE,
    &store_logs_access::RULE,
    &store_refuses_other_encryption::RULE,
    &store_refuses_reads_off_endpoint::RULE,
    &subnet_has_network_acl::RULE,
    &subnets_lie_apart::RULE,
    &subscription_is_confirmed::RULE,
    &tenancy_is_shared::RULE,
    &trail_covers_all_regions::RULE,
    &trail_is_encrypted::RULE,
    &trail_is_logging::RULE,
    &trail_validates_its_files::RULE,
    &unused_allowed_range_is_not_an_example::RULE,
    &uploader_cannot_read::RULE,
    &volume_is_encrypted_with_own_key::RULE,
    &waiver_fits_what_it_accepts::RULE,
    &waiver_is_in_force::RULE,
    &waiver_is_of_no_required_specification::RULE,
    &waiver_is_used::RULE,
    &waiver_names_a_rule::RULE,
    &waiver_reasons_why_not::RULE,
    &way_in_needs_no_bastion::RULE,
];

/// Those about the account, whatever projects it has.
#[must_use]
pub fn of_account() -> &'static [&'static Rule] {
    OF_ACCOUNT
}

static OF_ACCOUNT: &[&Rule] = &[
    &account_blocks_public_access::RULE,
    &alarms_watch_the_account::RULE,
    &config_records_everything::RULE,
    &ebs_is_encrypted_by_default::RULE,
    &password_policy_is_strong::RULE,
    &trail_covers_all_regions::RULE,
    &trail_is_encrypted::RULE,
    &trail_is_logging::RULE,
    &trail_validates_its_files::RULE,
];

/// Those about waivers, which speak when all others have; no waiver accepts what they say.
pub(super) fn all_about_waivers() -> &'static [&'static Rule] {
    ABOUT_WAIVERS
}

/// Whether a rule is about waivers.
pub(super) fn about_waivers(rule: &Rule) -> bool {
    ABOUT_WAIVERS.iter().any(|one| one.id == rule.id)
}

static ABOUT_WAIVERS: &[&Rule] = &[
    &institution_accepts_the_waivers::RULE,
    &waiver_fits_what_it_accepts::RULE,
    &waiver_is_in_force::RULE,
    &waiver_is_of_no_required_specification::RULE,
    &waiver_is_used::RULE,
    &waiver_names_a_rule::RULE,
    &waiver_reasons_why_not::RULE,
];

/// The rule of that name.
///
/// # Errors
/// The nearest name there is, if any is like it.
pub fn named(id: &str) -> Result<&'static Rule, Option<&'static str>> {
    let found = all().iter().copied().find(|rule| rule.id.0 == id);
    found.ok_or_else(|| crate::spec::nearest(id, all().iter().map(|rule| rule.id.0)))
}
