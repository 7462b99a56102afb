//! Every way PHI could go out: over the network, and through what the endpoints admit (L246, C13).

use super::{EVALUATOR, Examined, Grounds, Property, PropertyId, ROUTERS, addressable, standard};
use crate::aws::resource::Properties;
use crate::model::Resource;
use crate::prove::grounds::exit_name;
use crate::prove::rights::{Caller, Rights, shown};
use crate::prove::{Counter, Witness};
use crate::reach::{Contact, Exit};
use crate::spec::Egress;

pub(super) static PROPERTY: Property = Property {
    id: PropertyId("no-way-out-for-phi"),
    claim: "Nothing in the private subnet can send data out of the environment",
    quantifier: "every host in the private subnets, described or not, every packet header, answered or not; and through every endpoint, \
        every write to what another account has, by the machines' roles and by anybody with other credentials",
    assumptions: &[ROUTERS, EVALUATOR],
    outside_claim: &[
        "the people who work on the machine: what they see they can copy, and a session can forward a port",
        "Amazon's DNS resolver, which no group and no ACL filters: a name that is asked for carries a few dozen bytes to whoever \
         answers for it (Route 53 Resolver DNS Firewall would filter that, and no plan makes one)",
        "the paths asked for of Amazon Linux's package repositories, which Amazon can read",
        "calls to AWS services within this account, which leave its network and not the account",
        "the output bucket, whose purpose it is",
    ],
    cfr: &[standard("164.312(a)(1)"), standard("164.312(e)(1)"), addressable("164.312(e)(2)(i)")],
    // Whoever asks for a NAT gateway gives this up openly: it is told, priced as a risk, and blocks nothing.
    required: |declared| declared.egress == Egress::None,
    examine,
};

/// For each service with an endpoint, what would carry something out, and to where.
const WRITES: [(&str, &str, &str); 7] = [
    ("s3", "s3:PutObject", "arn:PARTITION:s3:::somebody-elses-bucket/visits.csv"),
    ("logs", "logs:PutLogEvents", "arn:PARTITION:logs:REGION:ELSEWHERE:log-group:theirs:log-stream:s"),
    ("kms", "kms:Encrypt", "arn:PARTITION:kms:REGION:ELSEWHERE:key/theirs"),
    ("ssm", "ssm:PutParameter", "arn:PARTITION:ssm:REGION:ELSEWHERE:parameter/theirs"),
    ("ssmmessages", "ssmmessages:OpenDataChannel", "arn:PARTITION:ssm:REGION:ELSEWHERE:session/theirs"),
    ("ec2messages", "ec2messages:SendReply", "arn:PARTITION:ec2:REGION:ELSEWHERE:instance/i-theirs"),
    ("monitoring", "cloudwatch:PutMetricData", "arn:PARTITION:cloudwatch:REGION:ELSEWHERE:metric/theirs"),
];

fn examine(grounds: &Grounds<'_>) -> Examined {
    let vantages = grounds.private_vantages();
    if vantages.is_empty() {
        return Examined::unknown("the model has no private subnet");
    }
    let mut ways: Vec<String> = Vec::new();
    let mut witnesses: Vec<Witness> = Vec::new();
    // Machines that are there show best what can happen; so they come first.
    for vantage in vantages.iter().rev() {
        for way in grounds.reach.ways_out(*vantage, Contact::Deliver) {
            if matches!(way.to, Exit::Service(_)) {
                continue;
            }
            let told = exit_name(grounds.network, &way.to);
            let witness = grounds.shown_by(way);
            if !ways.contains(&told) {
                ways.push(told);
                witnesses.extend(witness);
            }
        }
    }
    let (by_endpoint, admitted) = through_endpoints(grounds);
    if let Some((told, witness)) = by_endpoint {
        ways.push(told);
        witnesses.extend(witness);
    }
    let way_out = (!ways.is_empty()).then(|| format!("data can go out to {}", ways.join(", ")));
    let counter_example = way_out.map(|why| (why, witnesses.into_iter().next()));
    let mut unread = grounds.unread_network();
    unread
        .extend(grounds.rights.unread(&[crate::aws::resource::Kind::Role, crate::aws::resource::Kind::ManagedPolicy]));
    let holding = format!("no packet leaves but to endpoints, and these admit {admitted}");
    Examined::of(counter_example, &unread, holding)
}

/// A write to another account that an endpoint admits, if one does; and what the endpoints admit beside.
fn through_endpoints(grounds: &Grounds<'_>) -> (Option<Counter>, String) {
    let endpoints: Vec<(&Resource, &str)> = grounds
        .model
        .resources
        .iter()
        .filter_map(|thing| match &thing.properties {
            Properties::GatewayEndpoint(endpoint) => Some((thing, endpoint.service.as_str())),
            Properties::InterfaceEndpoint(endpoint) => Some((thing, endpoint.service.as_str())),
            _ => None,
        })
        .collect();
    let callers = callers(grounds);
    let way = endpoints.iter().find_map(|(thing, service)| writes_elsewhere(grounds, thing, service, &callers));
    let of_s3 = endpoints.iter().filter(|(_, service)| service.ends_with(".s3")).count();
    let others = endpoints.len() - of_s3;
    let admitted = match (of_s3, others) {
        (0, 0) => "nothing, since there is none".to_owned(),
        (_, 0) => "requests for the environment's own buckets only".to_owned(),
        (_, others) => format!(
            "requests for the environment's own buckets and, at {others} interface endpoints, calls of this account's own principals only"
        ),
    };
    (way, admitted)
}

/// Who may be at a machine: its roles, and people with credentials of their own.
fn callers(grounds: &Grounds<'_>) -> Vec<Caller> {
    let on_machines = ["compute-role", "bastion-role"];
    let roles = grounds.rights.roles().iter().filter(|caller| on_machines.contains(&caller.label.as_str())).cloned();
    roles.chain(grounds.rights.outsider()).chain([Rights::anonymous()]).collect()
}

fn writes_elsewhere(grounds: &Grounds<'_>, endpoint: &Resource, service: &str, callers: &[Caller]) -> Option<Counter> {
    let service = service.rsplit('.').next().unwrap_or(service);
    let (_, action, resource) = WRITES.iter().find(|(name, ..)| *name == service)?;
    let resource = resource
        .replace("PARTITION", &grounds.intent.partition.to_string())
        .replace("REGION", grounds.intent.region.as_str())
        .replace("ELSEWHERE", grounds.rights.elsewhere());
    callers.iter().find_map(|caller| {
        let question = grounds.rights.ask_elsewhere(caller, action, &resource, endpoint);
        question.is_allowed().then(|| {
            let told = format!("{} may {action} on {resource} through {}", caller.label, endpoint.label());
            (format!("another account's {service} through {}", endpoint.label()), shown(told, &[question]))
        })
    })
}

#[cfg(test)]
mod tests {
    use crate::aws::policy::{Policy, Statement, text};
    use crate::prove::Status;
    use crate::prove::Witness;
    use crate::prove::testing::{Scene, flow_of};

    const ID: &str = "no-way-out-for-phi";

    #[test]
    fn with_a_nat_gateway_it_is_violated_openly() {
        let proof = Scene::machine().proof(ID);
        let (flow, outcome) = flow_of(&proof);
        assert_eq!((proof.status, proof.required, proof.blocks()), (Status::Violated, false, false));
        assert_eq!((flow.from.to_string().as_str(), flow.dst_port), ("instance-private", 443));
        assert!(outcome.path.iter().any(|step| &**step == "nat-gateway"), "{outcome:?}");
    }

    #[test]
    fn without_a_way_out_it_holds() {
        let proof = Scene::shut().proof(ID);
        assert_eq!((proof.status, proof.required), (Status::Holds, true), "{}", proof.why);
        assert!(proof.why.contains("6 interface endpoints"), "{}", proof.why);
    }

    #[test]
    fn an_endpoint_open_to_all_lets_data_out() {
        let open = || Policy::new(vec![Statement::allow("All").everyone().actions(["*"]).resources([text("*")])]);
        for endpoint in ["s3-endpoint", "endpoint-logs"] {
            let mut scene = Scene::shut();
            scene.open_endpoint(endpoint, open());
            let proof = scene.proof(ID);
            let Some(Witness::Request { told, requests }) = &proof.witness else { panic!("{proof:?}") };
            assert_eq!((proof.status, proof.blocks(), requests.len()), (Status::Violated, true, 1));
            assert!(told.contains(endpoint), "{told}");
        }
    }
}
