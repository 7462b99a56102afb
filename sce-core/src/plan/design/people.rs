//! Roles that people take on, and what those who work on the machines may do. What nobody is named for is not made.

use std::collections::BTreeSet;

use super::network::Addresses;
use super::{Design, Handle, policies};
use crate::aws::policy::Policy;
use crate::aws::resource::{KmsKey, ManagedPolicy};

impl Design<'_> {
    /// The uploader's and the custodian's role, and the policy of those who work on the machines.
    pub(super) fn people(&mut self, addresses: &Addresses, key: &Handle<KmsKey>) {
        let (spec, lock, key) = (self.spec, self.lock, key.arn());
        if !spec.roles.uploaders.is_empty() {
            self.role_of_people("uploader", policies::uploader_trust(spec), policies::uploader(spec, lock, &key));
        }
        if !spec.roles.custodians.is_empty() {
            self.role_of_people("custodian", policies::custodian_trust(spec), policies::custodian(spec, lock, &key));
        }
        if spec.private_machine().is_some() {
            self.policy_of("access", policies::access(spec, lock, &addresses.private, &key));
        }
    }

    fn role_of_people(&mut self, what: &str, trust: Policy, document: Policy) {
        let policy = self.policy_of(what, document);
        let role = self.role(trust, BTreeSet::from([policy.arn()]));
        self.add_named(&format!("{what}-role"), format!("{}{what}_role", self.spec.pit.name_prefix()), &[], role);
    }

    fn policy_of(&mut self, what: &str, document: Policy) -> Handle<ManagedPolicy> {
        let name = format!("{}{what}_policy", self.spec.pit.name_prefix());
        self.add_named(&format!("{what}-policy"), name, &[], ManagedPolicy { document })
    }
}
