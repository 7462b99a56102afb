//! Where an environment's machines are: what a person has to know to get in.

use std::net::IpAddr;

use sce_core::access::{Located, Machines};
use sce_core::aws::arn::InstanceId;
use sce_core::pit::{Pit, TAG_ID, TAG_PIT};
use serde::Serialize;
use thiserror::Error;

use crate::error::{CloudError, cloud};
use crate::session::Session;
use crate::tags::{filter, from_ec2};

/// A machine that is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// Its place in the plan: `instance-private` or `instance-bastion`.
    pub node: String,
    /// Its id.
    pub id: InstanceId,
    /// Its state as EC2 words it, such as `running` or `stopped`.
    pub state: String,
    /// Its address inside the network, which it keeps.
    pub private_address: Option<IpAddr>,
    /// Its address outside, which it has while it runs and which is another after each stop.
    pub public_address: Option<IpAddr>,
}

/// Why it is not known where the machines are.
#[derive(Debug, Error)]
pub enum AccessError {
    /// AWS refused or failed.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// More than one machine says that it is this one, so one of them is somebody else's.
    #[error("more than one machine is tagged as `{node}`: {}", .ids.join(", "))]
    Several {
        /// The place in the plan.
        node: String,
        /// The machines.
        ids: Vec<String>,
    },
}

impl AccessError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Cloud(error) => error.help().map(str::to_owned),
            Self::Several { .. } => Some(
                "nobody should log in before it is clear which one is the environment's: `sce status PIT` shows it, and whoever tagged the other is in CloudTrail"
                    .to_owned(),
            ),
        }
    }
}

/// The environment's machines, those that are being deleted left out: read-only, one describe call.
///
/// # Errors
/// When AWS does not answer.
pub async fn machines(session: &Session, pit: &Pit) -> Result<Vec<Machine>, AccessError> {
    let mut pages = session
        .ec2
        .describe_instances()
        .filters(filter(&format!("tag:{TAG_PIT}"), pit.as_str()))
        .into_paginator()
        .send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(cloud("DescribeInstances", pit.as_str()))?;
        let instances = page.reservations().iter().flat_map(|reservation| reservation.instances());
        found.extend(instances.filter_map(machine));
    }
    found.sort_by(|one, other| (&one.node, one.id.to_string()).cmp(&(&other.node, other.id.to_string())));
    Ok(found)
}

/// Where people find the machines.
///
/// # Errors
/// When two machines claim the same place: tags can be written by others, and a person must not be sent to their machine.
pub fn located(found: &[Machine]) -> Result<Machines, AccessError> {
    let private = only(found, "instance-private")?;
    let bastion = only(found, "instance-bastion")?;
    let located = |machine: &Machine, address: Option<IpAddr>| Located { instance: Some(machine.id.clone()), address };
    Ok(Machines {
        private: private.map(|machine| located(machine, machine.private_address)).unwrap_or_default(),
        bastion: bastion.map(|machine| located(machine, machine.public_address)).unwrap_or_default(),
    })
}

fn only<'a>(found: &'a [Machine], node: &str) -> Result<Option<&'a Machine>, AccessError> {
    let all: Vec<&Machine> = found.iter().filter(|machine| machine.node == node).collect();
    match all.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        several => {
            let ids = several.iter().map(|machine| machine.id.to_string()).collect();
            Err(AccessError::Several { node: node.to_owned(), ids })
        }
    }
}

fn machine(instance: &aws_sdk_ec2::types::Instance) -> Option<Machine> {
    let state = instance.state()?.name()?.as_str();
    let node = from_ec2(instance.tags()).get(TAG_ID)?.clone();
    let address = |text: Option<&str>| text.and_then(|text| text.parse().ok());
    (!matches!(state, "terminated" | "shutting-down")).then_some(())?;
    Some(Machine {
        node,
        id: instance.instance_id()?.parse().ok()?,
        state: state.to_owned(),
        private_address: address(instance.private_ip_address()),
        public_address: address(instance.public_ip_address()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there(node: &str, id: &str) -> Machine {
        Machine {
            node: node.to_owned(),
            id: id.parse().unwrap(),
            state: "running".to_owned(),
            private_address: Some("10.0.1.248".parse().unwrap()),
            public_address: Some("35.27.93.105".parse().unwrap()),
        }
    }

    #[test]
    fn each_machine_is_reached_at_its_own_side() {
        let found =
            [there("instance-bastion", "i-0fedcba9876543210"), there("instance-private", "i-0123456789abcdef0")];
        let machines = located(&found).unwrap();
        assert_eq!(machines.private.address.unwrap().to_string(), "10.0.1.248");
        assert_eq!(machines.bastion.address.unwrap().to_string(), "35.27.93.105");
        assert_eq!(located(&[]).unwrap(), Machines::default());
    }

    #[test]
    fn a_second_machine_in_the_same_place_sends_nobody_anywhere() {
        let found =
            [there("instance-private", "i-0fedcba9876543210"), there("instance-private", "i-0123456789abcdef0")];
        let refused = located(&found).unwrap_err();
        assert!(refused.to_string().contains("i-0fedcba9876543210, i-0123456789abcdef0"), "{refused}");
    }
}
