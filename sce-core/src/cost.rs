//! A rough monthly estimate of what a plan costs, before anything is built.
//!
//! List prices come from a dated file ([`Prices`]) that a user can replace; what no plan tells, such as how much is stored, stands in
//! [`Assumptions`]; and the [`Estimate`] carries both, beside the document's figures of 2017 (L156-L163, L196), so that nothing in it
//! is hidden. Sums are exact: see [`Amount`].

mod account;
mod amount;
mod item;
mod prices;
mod show;

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Serialize, Serializer};
use thiserror::Error;

pub use account::{AccountPrices, UnitPrice, account_prices};
pub use amount::{Amount, InvalidAmount};
pub use item::{InvalidItem, Item, items};
pub use prices::{Currency, InvalidPrices, PRICES_SCHEMA_VERSION, Prices};

use crate::account::Region;
use crate::aws::resource::{Instance, Kind, Properties, RootVolume, Tenancy};
use crate::pit::{BucketRole, Named, Pit};
use crate::plan::{Node, Plan, Scope};

/// The version of the estimate's JSON that this crate writes.
pub const SCHEMA_VERSION: u32 = 1;

/// Hours of a month, as AWS's price calculator counts them: a twelfth of 365 days.
pub const HOURS_PER_MONTH: u64 = 730;

/// What an estimate rests on that no plan tells. Sizes are of one month, in GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Assumptions {
    /// How long machines run. NAT gateways, endpoints, volumes and stores cost money all the time.
    pub hours_per_week: HoursPerWeek,
    /// Stored in the data bucket.
    pub data_gib: u32,
    /// Stored in each other bucket of the project. The registry holds a few KB and counts as empty.
    pub other_bucket_gib: u32,
    /// Through the NAT gateway, both ways.
    pub nat_gib: u32,
    /// From the network to the internet.
    pub egress_gib: u32,
    /// Taken out of the output bucket over the internet.
    pub download_gib: u32,
    /// Flow log records written.
    pub flow_log_gib: u32,
    /// Session, ssh and audit records written.
    pub session_log_gib: u32,
    /// Through each interface endpoint.
    pub endpoint_gib: u32,
}

impl Default for Assumptions {
    fn default() -> Self {
        Self {
            hours_per_week: HoursPerWeek::default(),
            data_gib: 10,
            other_bucket_gib: 1,
            nat_gib: 10,
            egress_gib: 1,
            download_gib: 1,
            flow_log_gib: 1,
            session_log_gib: 1,
            endpoint_gib: 1,
        }
    }
}

/// Hours of a week, at most 168; all of them by default.
///
/// ```
/// use sce_core::cost::HoursPerWeek;
/// assert_eq!("40".parse::<HoursPerWeek>().map(u64::from), Ok(40));
/// assert!("169".parse::<HoursPerWeek>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HoursPerWeek(u8);

/// Why a text is no [`HoursPerWeek`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{text}` is no number of hours in a week")]
pub struct InvalidHoursPerWeek {
    text: String,
}

/// What a plan costs, roughly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Estimate {
    /// The version of this format.
    pub schema_version: u32,
    /// The project.
    pub pit: Pit,
    /// The day of the prices.
    pub as_of: Date,
    /// The plan's region.
    pub region: Region,
    /// What amounts are in.
    pub currency: Currency,
    /// What is billed, in the plan's order.
    pub lines: Vec<Line>,
    /// The sums.
    pub states: States,
    /// What was assumed.
    pub assumptions: Assumptions,
    /// How many hours a month was taken to have.
    pub hours_per_month: u64,
    /// What may cost something and is not in the lines.
    pub left_out: Vec<String>,
    /// Of that, things that run and have no price here, such as a machine of a type that the price file lacks.
    pub unpriced: Vec<String>,
    /// What a reader of the sums must know.
    pub notes: Vec<String>,
    /// The document's figures beside today's.
    pub document2017: Vec<Comparison>,
}

/// One thing that is billed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What is priced.
    pub item: Item,
    /// The type of machine, for what is priced by it.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub of_type: Option<String>,
    /// The AWS service it belongs to.
    pub service: String,
    /// The resource's name.
    pub resource: String,
    /// How many units a month.
    pub quantity: u64,
    /// What is counted.
    pub unit: &'static str,
    /// The price of one.
    pub unit_price: Amount,
    /// The price of all, to the nearest hundredth of a cent.
    pub monthly: Amount,
    /// Who names the price, when, and for which region if it is not the plan's.
    pub source: String,
    /// The last state in which it is billed.
    pub until: State,
    /// The price of one in the document.
    pub unit_price_2017: Option<Amount>,
    /// The document's line.
    pub document_line: Option<u32>,
}

/// How far an environment has come, in order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// In use.
    Running,
    /// Its machines are stopped.
    Stopped,
    /// It is closed out, and the account's own things remain.
    Closed,
}

/// What a month costs in each state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct States {
    /// In use: every line.
    pub running: Amount,
    /// With machines stopped: what is there costs on, and traffic ends.
    pub stopped: Amount,
    /// After close-out: what belongs to the account.
    pub closed: Amount,
}

/// A figure of the document beside today's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The document's line.
    pub document_line: u32,
    /// What is priced.
    pub what: String,
    /// What is counted.
    pub unit: String,
    /// The document's price of one.
    pub unit_price_2017: Amount,
    /// Today's, when the price file has it.
    pub unit_price: Option<Amount>,
    /// Who names today's.
    pub source: Option<String>,
    /// What stands in the way of comparing them.
    pub note: Option<String>,
}

/// Why a plan has no estimate.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the price file has no price of `{item}`, which `{resource}` needs")]
pub struct PriceMissing {
    item: Item,
    resource: String,
}

impl PriceMissing {
    /// What to add to the price file.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let (item, unit) = (self.item, self.item.unit());
        Some(format!("add a [[price]] with `id = \"{item}\"` and `unit = \"{unit}\"`, with its amount and its source"))
    }
}

/// Estimates what the plan costs in a month.
///
/// # Errors
/// When the price file lacks the price of something that the plan contains; the one within the crate lacks none.
///
/// ```
/// use sce_core::cost::{Assumptions, Prices, estimate};
/// use sce_core::{lock::Lock, plan::plan, spec::{Format, parse}};
/// let spec = parse("pit = \"hipaa\"\nregion = \"us-east-1\"\nowner = \"b@example.edu\"\n", Format::Toml).unwrap();
/// let plan = plan(&spec, &Lock::offline(&spec)).unwrap();
/// let estimate = estimate(&plan, &Assumptions::default(), Prices::built_in()).unwrap();
/// assert_eq!(estimate.states.running.to_cents(), "38.93");
/// ```
pub fn estimate(plan: &Plan, assumptions: &Assumptions, prices: &Prices) -> Result<Estimate, PriceMissing> {
    let mut lines = Vec::new();
    let mut unpriced = Vec::new();
    for node in plan.nodes.iter().filter(|node| !node.is_existing()) {
        for item in items(node.properties.kind()) {
            let Some(quantity) = quantity(*item, node, plan, assumptions) else { continue };
            match (line(*item, quantity, node, &plan.region, prices), of_type(*item, node)) {
                (Ok(line), _) => lines.push(line),
                (Err(_), Some(of_type)) => {
                    unpriced.push(format!("`{}` by the hour: the price file has no price of a `{of_type}`", node.name));
                }
                (Err(missing), None) => return Err(missing),
            }
        }
    }
    Ok(Estimate {
        schema_version: SCHEMA_VERSION,
        pit: plan.pit.clone(),
        as_of: prices.as_of(),
        region: plan.region.clone(),
        currency: prices.currency(),
        states: states(&lines),
        lines,
        assumptions: *assumptions,
        hours_per_month: HOURS_PER_MONTH,
        left_out: unpriced.iter().cloned().chain(left_out(plan)).collect(),
        unpriced,
        notes: notes(plan),
        document2017: comparisons(&plan.region, prices),
    })
}

impl Estimate {
    /// The estimate as JSON; the same estimate gives the same bytes.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Text, numbers and lists only, which JSON can always say.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The estimate for people.
    #[must_use]
    pub fn to_text(&self) -> String {
        show::text(self)
    }
}

/// How much of the item the node takes in a month; none when this node takes none of it.
fn quantity(item: Item, node: &Node, plan: &Plan, assumptions: &Assumptions) -> Option<u64> {
    let is_bucket = |role| node.name == plan.pit.bucket(role, &plan.account, &plan.region);
    let machine_hours = machine_hours(assumptions);
    Some(match (item, &node.properties) {
        (Item::Vpc | Item::S3GatewayEndpoint | Item::InstanceConnectEndpoint | Item::KmsKey, _) => 1,
        (Item::DedicatedFee, Properties::Vpc(vpc)) => {
            return (vpc.tenancy == Tenancy::Dedicated && has_machines(plan)).then_some(machine_hours);
        }
        // An address that comes with a machine goes when the machine stops; one of its own stays.
        (Item::PublicIpv4Hours, Properties::Instance(instance)) => {
            return instance.public_address.then_some(machine_hours);
        }
        (Item::NatGatewayHours | Item::PublicIpv4Hours, _) => HOURS_PER_MONTH,
        (Item::NatGatewayData, _) => assumptions.nat_gib.into(),
        (Item::InstanceHours, _) => machine_hours,
        // `sce stop` leaves databases alone: AWS starts a stopped one by itself after seven days.
        (Item::RdsInstanceHours, Properties::DatabaseInstance(_)) => HOURS_PER_MONTH,
        (Item::RdsGp3Storage, Properties::DatabaseInstance(database)) => database.storage_gib.into(),
        (Item::CloudwatchMetric, Properties::Instance(instance)) => {
            let metrics = (DETAILED_METRICS * machine_hours).div_ceil(HOURS_PER_MONTH);
            return instance.detailed_monitoring.then_some(metrics);
        }
        (Item::EbsGp3Storage | Item::EbsGp2Storage, Properties::Instance(instance)) => {
            let root = root(plan, instance)?;
            return (volume_item(&root.volume_type) == Some(item)).then(|| root.size_gib.into());
        }
        (Item::EbsGp3Storage | Item::EbsGp2Storage, Properties::Volume(volume)) => {
            return (volume_item(&volume.volume_type) == Some(item)).then(|| volume.size_gib.into());
        }
        (Item::InterfaceEndpointHours, Properties::InterfaceEndpoint(endpoint)) => {
            HOURS_PER_MONTH * u64::try_from(endpoint.subnets.len()).unwrap_or(u64::MAX)
        }
        (Item::InterfaceEndpointData, _) => assumptions.endpoint_gib.into(),
        (Item::LogIngestion, Properties::FlowLog(_)) => assumptions.flow_log_gib.into(),
        // What fills the other group is counted where it comes from, at the flow log.
        (Item::LogIngestion, _) => {
            let sessions = node.name == plan.pit.name(Named::SessionsLogGroup);
            return sessions.then(|| assumptions.session_log_gib.into());
        }
        (Item::S3Storage, _) if node.scope == Scope::Account => 0,
        (Item::S3Storage, _) if is_bucket(BucketRole::Data) => assumptions.data_gib.into(),
        (Item::S3Storage, _) => assumptions.other_bucket_gib.into(),
        (Item::InternetEgress, Properties::InternetGateway(_)) => assumptions.egress_gib.into(),
        // Only results are meant to leave; people fetch them from this bucket.
        (Item::InternetEgress, _) if is_bucket(BucketRole::Output) => assumptions.download_gib.into(),
        // Of the rest some is for the comparison with the document, and some for what the plan does not yet contain.
        _ => return None,
    })
}

/// The metrics that detailed monitoring of an instance keeps (Infracost golden file `instance_test`).
const DETAILED_METRICS: u64 = 7;

/// Hours of a month that machines run, to the nearest.
fn machine_hours(assumptions: &Assumptions) -> u64 {
    let week = u64::from(HoursPerWeek::default());
    (HOURS_PER_MONTH * u64::from(assumptions.hours_per_week) + week / 2) / week
}

fn has_machines(plan: &Plan) -> bool {
    plan.nodes.iter().any(|node| node.properties.kind() == Kind::Instance)
}

/// The size of the volume that the instance boots from, which its template tells; Amazon Linux 2023 makes it a gp3.
fn root<'a>(plan: &'a Plan, instance: &Instance) -> Option<&'a RootVolume> {
    let reference = instance.template.as_ref()?;
    let template = plan.nodes.iter().find(|node| reference.refers_to(&node.id))?;
    match &template.properties {
        Properties::LaunchTemplate(template) => template.root.as_ref(),
        _ => None,
    }
}

/// What storage on a volume of that type is charged as.
fn volume_item(volume_type: &str) -> Option<Item> {
    match volume_type {
        "gp3" => Some(Item::EbsGp3Storage),
        "gp2" => Some(Item::EbsGp2Storage),
        _ => None,
    }
}

/// The type of machine that the item's price differs with.
fn of_type(item: Item, node: &Node) -> Option<&str> {
    match &node.properties {
        Properties::Instance(instance) if item.is_by_type() => Some(&instance.instance_type),
        Properties::DatabaseInstance(database) if item.is_by_type() => Some(&database.class),
        _ => None,
    }
}

fn line(item: Item, quantity: u64, node: &Node, region: &Region, prices: &Prices) -> Result<Line, PriceMissing> {
    let missing = || PriceMissing { item, resource: node.name.clone() };
    let of_type = of_type(item, node);
    let quote = prices.quote(item, of_type, region).ok_or_else(missing)?;
    let document = prices.of_document(item);
    Ok(Line {
        item,
        of_type: of_type.map(str::to_owned),
        service: quote.service.to_owned(),
        resource: node.name.clone(),
        quantity,
        unit: item.unit(),
        unit_price: quote.amount,
        monthly: quote.amount.times(quantity).rounded(),
        source: quote.source,
        until: until(item, node),
        unit_price_2017: document.map(|price| price.amount),
        document_line: document.map(|price| price.line),
    })
}

/// The last state in which the item is billed.
fn until(item: Item, node: &Node) -> State {
    let comes_with_machine = item == Item::PublicIpv4Hours && node.properties.kind() == Kind::Instance;
    match item {
        _ if node.scope != Scope::Pit => State::Closed,
        Item::NatGatewayData
        | Item::InternetEgress
        | Item::InterZoneData
        | Item::LogIngestion
        | Item::InstanceHours
        | Item::DedicatedFee
        | Item::CloudwatchMetric
        | Item::InterfaceEndpointData => State::Running,
        _ if comes_with_machine => State::Running,
        _ => State::Stopped,
    }
}

fn states(lines: &[Line]) -> States {
    let sum = |state| lines.iter().filter(|line| line.until >= state).map(|line| line.monthly).sum();
    States { running: sum(State::Running), stopped: sum(State::Stopped), closed: sum(State::Closed) }
}

fn left_out(plan: &Plan) -> Vec<String> {
    let mut left_out = vec![
        "workers, even where the spec asks for them: no plan contains them yet".to_owned(),
        "the archive that close-out writes, wherever it is kept".to_owned(),
        "what belongs to the whole account, such as CloudTrail and Config".to_owned(),
    ];
    let dedicated =
        |node: &Node| matches!(&node.properties, Properties::Instance(of) if of.tenancy == Tenancy::Dedicated);
    if plan.nodes.iter().any(dedicated) {
        left_out.push(
            "what dedicated hardware costs by the hour above shared hardware, whose price stands here".to_owned(),
        );
    }
    for node in plan.nodes.iter().filter(|node| !node.is_existing()) {
        let of_kind = item::left_out(node.properties.kind()).map(str::to_owned);
        left_out.extend(of_kind.filter(|text| !left_out.contains(text)));
    }
    left_out
}

fn notes(plan: &Plan) -> Vec<String> {
    let stopped = if has_machines(plan) {
        "machines stopped: volumes, endpoints, the NAT gateway and its address cost on, and so do stores; a bastion gives its \
         address back"
    } else {
        "machines stopped: no machine is planned, so this differs from use by traffic only"
    };
    let mut notes: Vec<String> = [
        "rough: list prices, without taxes, discounts, credits, free allowances and the lower prices of higher tiers",
        stopped,
        "after close-out: the key is taken to cost nothing while it waits for deletion (Trend Micro's knowledge base on \
         disabled KMS keys; not verified with AWS), and the registry's few KB to be nothing",
    ]
    .map(str::to_owned)
    .into();
    let existing: Vec<&str> = plan.existing_nodes().map(|node| node.id.as_str()).collect();
    if !existing.is_empty() {
        notes.push(format!(
            "not priced, since they exist already and are somebody else's: {}; what the environment's traffic and requests cost \
             there is theirs to tell",
            existing.join(", ")
        ));
    }
    notes
}

fn comparisons(region: &Region, prices: &Prices) -> Vec<Comparison> {
    let compared = |price: &prices::DocumentPrice| {
        let today = price.item.and_then(|item| prices.quote(item, None, region));
        Comparison {
            document_line: price.line,
            what: price.what.clone(),
            unit: price.unit.clone(),
            unit_price_2017: price.amount,
            unit_price: today.as_ref().map(|quote| quote.amount),
            source: today.map(|quote| quote.source),
            note: price.note.clone(),
        }
    };
    prices.document().iter().map(compared).collect()
}

impl InvalidHoursPerWeek {
    /// What to write instead.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some("a week has 168 hours: write a whole number from 0 to 168".to_owned())
    }
}

impl Default for HoursPerWeek {
    fn default() -> Self {
        Self(168)
    }
}

impl FromStr for HoursPerWeek {
    type Err = InvalidHoursPerWeek;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hours = text.parse().ok().filter(|hours| *hours <= 168);
        hours.map(Self).ok_or_else(|| InvalidHoursPerWeek { text: text.to_owned() })
    }
}

impl From<HoursPerWeek> for u64 {
    fn from(hours: HoursPerWeek) -> Self {
        hours.0.into()
    }
}

impl fmt::Display for HoursPerWeek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for HoursPerWeek {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lock::Lock;
    use crate::plan::plan;
    use crate::spec::{Format, parse};

    fn planned(rest: &str) -> Plan {
        let text = format!("pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"builder@example.edu\"\n{rest}");
        let spec = parse(&text, Format::Toml).unwrap();
        plan(&spec, &Lock::offline(&spec)).unwrap()
    }

    fn estimated(rest: &str) -> Estimate {
        estimate(&planned(rest), &Assumptions::default(), Prices::built_in()).unwrap()
    }

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    #[test]
    fn the_sums_are_those_worked_out_by_hand() {
        let states = estimated("").states;
        // 730 × (0.045 + 0.005) + 1 key + (10 + 3 × 1) × 0.023; then 10 × 0.045 + 2 × 0.09 + 0.50 of traffic.
        assert_eq!(states.stopped, amount("37.799"));
        assert_eq!(states.running, amount("38.929"));
        assert_eq!(states.closed, Amount::default());
    }

    #[test]
    fn without_egress_there_is_no_gateway_and_no_address_to_pay() {
        let estimate = estimated("[network]\negress = \"none\"\n");
        let has = |item| estimate.lines.iter().any(|line| line.item == item);
        for item in [Item::NatGatewayHours, Item::NatGatewayData, Item::PublicIpv4Hours] {
            assert!(!has(item), "{item}");
        }
        assert!(has(Item::S3GatewayEndpoint) && has(Item::KmsKey));
        let egress: Vec<&str> = of_item(&estimate, Item::InternetEgress).map(|line| line.resource.as_str()).collect();
        assert_eq!(egress, ["hipaa-output-111122223333-us-west-2"]);
    }

    fn of_item(estimate: &Estimate, item: Item) -> impl Iterator<Item = &Line> {
        estimate.lines.iter().filter(move |line| line.item == item)
    }

    #[test]
    fn a_line_carries_the_documents_figure_and_its_source() {
        let estimate = estimated("");
        let hours = of_item(&estimate, Item::NatGatewayHours).next().unwrap();
        assert_eq!((hours.quantity, hours.monthly), (730, amount("32.85")));
        assert_eq!((hours.unit_price_2017, hours.document_line), (Some(amount("0.045")), Some(157)));
        assert!(hours.source.ends_with("the figure of us-east-1, none being known for us-west-2"), "{}", hours.source);
        let egress = of_item(&estimate, Item::InternetEgress).next().unwrap();
        assert!(!egress.source.contains("none being known"), "{}", egress.source);
    }

    #[test]
    fn each_bucket_is_a_line_and_only_the_registry_outlives_the_project() {
        let estimate = estimated("");
        let stored: Vec<u64> = of_item(&estimate, Item::S3Storage).map(|line| line.quantity).collect();
        assert_eq!(stored, [0, 1, 10, 1, 1]);
        let stays = |line: &&Line| line.until == State::Closed;
        let names: Vec<&str> = estimate.lines.iter().filter(stays).map(|line| line.resource.as_str()).collect();
        assert_eq!(names, ["sce-registry-111122223333-us-west-2"]);
    }

    #[test]
    fn the_json_is_the_contracts() {
        let json: serde_json::Value = serde_json::from_str(&estimated("").to_json()).unwrap();
        for key in ["schema_version", "as_of", "region", "currency", "lines", "states", "assumptions", "document2017"] {
            assert!(json.get(key).is_some(), "{key}");
        }
        for key in ["item", "resource", "quantity", "unit", "unit_price", "monthly", "source"] {
            assert!(json["lines"][0].get(key).is_some(), "{key}");
        }
        assert_eq!(json["states"], serde_json::json!({ "running": 38.929, "stopped": 37.799, "closed": 0.0 }));
        assert_eq!((&json["currency"], &json["as_of"]), (&"USD".into(), &"2026-08-21".into()));
        assert_eq!(json["assumptions"]["hours_per_week"], 168);
    }

    const MACHINES: &str = "[compute.private]\ntype = \"m7i.large\"\ndata_volume_gib = 100\n";
    const BASTION: &str = "[access]\nmode = \"bastion\"\nallow = [{ name = \"campus\", cidr = \"140.142.0.0/16\" }]\n";

    #[test]
    fn machines_cost_by_the_hour_and_their_volumes_all_the_time() {
        let estimate = estimated(MACHINES);
        // 730 × 0.1008 + 7 × 0.30 + 0.50 of session logs on top of a network's 38.929, and 130 × 0.08 of volumes.
        assert_eq!(estimate.states.running, amount("125.513"));
        assert_eq!(estimate.states.stopped, amount("48.199"));
        let hours = of_item(&estimate, Item::InstanceHours).next().unwrap();
        assert_eq!((hours.of_type.as_deref(), hours.quantity, hours.until), (Some("m7i.large"), 730, State::Running));
        let stored: Vec<(&str, u64)> =
            of_item(&estimate, Item::EbsGp3Storage).map(|line| (line.resource.as_str(), line.quantity)).collect();
        assert_eq!(stored, [("hipaa_ec2_private", 30), ("hipaa_ebs_ec2_private", 100)]);
    }

    #[test]
    fn a_week_of_forty_hours_is_a_quarter_of_the_machines_price_and_all_of_the_rest() {
        let forty = Assumptions { hours_per_week: "40".parse().unwrap(), ..Assumptions::default() };
        let plan = planned(MACHINES);
        let (all, part) = (estimated(MACHINES), estimate(&plan, &forty, Prices::built_in()).unwrap());
        assert_eq!(of_item(&part, Item::InstanceHours).next().unwrap().quantity, 174);
        assert_eq!(part.states.stopped, all.states.stopped);
        let others = |estimate: &Estimate| {
            let by_machine = |line: &&Line| !matches!(line.item, Item::InstanceHours | Item::CloudwatchMetric);
            estimate.lines.iter().filter(by_machine).map(|line| line.monthly).sum::<Amount>()
        };
        assert_eq!(others(&part), others(&all));
    }

    #[test]
    fn a_bastion_costs_its_address_while_it_runs() {
        let estimate = estimated(&format!("{MACHINES}{BASTION}"));
        let addresses: Vec<(&str, State)> =
            of_item(&estimate, Item::PublicIpv4Hours).map(|line| (line.resource.as_str(), line.until)).collect();
        assert_eq!(addresses, [("hipaa_natgateway_address", State::Stopped), ("hipaa_bastion", State::Running)]);
        let types = of_item(&estimate, Item::InstanceHours).filter_map(|line| line.of_type.as_deref());
        assert_eq!(types.collect::<Vec<_>>(), ["t3.micro", "m7i.large"]);
    }

    #[test]
    fn without_a_way_out_endpoints_are_paid_for_all_the_time() {
        let estimate = estimated(&format!("{MACHINES}[network]\negress = \"none\"\n"));
        let hours = of_item(&estimate, Item::InterfaceEndpointHours);
        let hours: Vec<_> = hours.map(|line| (line.quantity, line.monthly, line.until)).collect();
        assert_eq!(hours, [(730, amount("7.3"), State::Stopped); 6]);
        assert_eq!(of_item(&estimate, Item::InterfaceEndpointData).count(), 6);
    }

    #[test]
    fn the_documents_machines_are_dedicated_and_cost_a_fee() {
        let estimate = estimated(&format!("profile = \"cloudmaven2017\"\n{}{BASTION}", MACHINES.replace("m7i", "m4")));
        let fee = of_item(&estimate, Item::DedicatedFee).next().unwrap();
        assert_eq!((fee.quantity, fee.monthly), (730, amount("1460")));
        // B's root, E's root, and the data volume: all gp2, as the document has them.
        let stored = of_item(&estimate, Item::EbsGp2Storage).map(|line| line.quantity);
        assert_eq!(stored.collect::<Vec<_>>(), [30, 30, 100]);
        assert_eq!(of_item(&estimate, Item::EbsGp3Storage).count(), 0);
        assert!(estimate.left_out.iter().any(|text| text.starts_with("what dedicated hardware costs by the hour")));
        // A dedicated network without a machine costs no fee.
        assert_eq!(of_item(&estimated("profile = \"cloudmaven2017\"\n"), Item::DedicatedFee).count(), 0);
    }

    #[test]
    fn a_type_without_a_price_is_left_out_and_said() {
        let estimate = estimated(&MACHINES.replace("m7i.large", "x8i.96xlarge"));
        assert_eq!(of_item(&estimate, Item::InstanceHours).count(), 0);
        let said = "`hipaa_ec2_private` by the hour: the price file has no price of a `x8i.96xlarge`";
        assert_eq!(estimate.left_out[0], said);
    }

    #[test]
    fn a_replaced_price_file_rules() {
        let text = include_str!("../data/prices.toml").replace("amount = \"1.00\"", "amount = \"3.00\"");
        let prices: Prices = text.parse().unwrap();
        let dearer = estimate(&planned(""), &Assumptions::default(), &prices).unwrap();
        assert_eq!(dearer.states.running, amount("40.929"));
    }

    #[test]
    fn a_missing_price_is_an_error_only_for_plans_that_need_it() {
        let text = include_str!("../data/prices.toml");
        let start = text.find("[[price]]\nid = \"nat-gateway-hours\"").unwrap();
        let end = start + text[start..].find("\n\n").unwrap();
        let prices: Prices = format!("{}{}", &text[..start], &text[end..]).parse().unwrap();
        let error = estimate(&planned(""), &Assumptions::default(), &prices).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the price file has no price of `nat-gateway-hours`, which `hipaa_natgateway` needs"
        );
        assert!(
            error.help().unwrap().starts_with("add a [[price]] with `id = \"nat-gateway-hours\"` and `unit = \"h\"`")
        );
        let without = planned("[network]\negress = \"none\"\n");
        assert!(estimate(&without, &Assumptions::default(), &prices).is_ok());
    }

    #[test]
    fn what_is_not_counted_is_said() {
        let estimate = estimated("");
        for words in ["workers", "archive", "log events", "requests to S3", "requests to KMS"] {
            assert!(estimate.left_out.iter().any(|text| text.contains(words)), "{words}");
        }
        assert!(estimate.notes[0].starts_with("rough: list prices, without taxes, discounts"));
    }

    #[test]
    fn hours_of_a_week_are_at_most_168() {
        assert_eq!("168".parse(), Ok(HoursPerWeek::default()));
        for text in ["169", "-1", "8.5", "", "forty", "999999999999"] {
            let error = text.parse::<HoursPerWeek>().unwrap_err();
            assert_eq!(error.to_string(), format!("`{text}` is no number of hours in a week"));
            assert!(error.help().unwrap().contains("0 to 168"));
        }
    }

    proptest! {
        #[test]
        fn sums_are_those_of_the_lines_and_fall_with_time(data: u32, other: u32, nat: u32, egress: u32, log: u32) {
            let assumptions = Assumptions {
                data_gib: data,
                other_bucket_gib: other,
                nat_gib: nat,
                egress_gib: egress,
                flow_log_gib: log,
                ..Assumptions::default()
            };
            let estimate = estimate(&planned(""), &assumptions, Prices::built_in()).unwrap();
            let States { running, stopped, closed } = estimate.states;
            prop_assert_eq!(running, estimate.lines.iter().map(|line| line.monthly).sum());
            prop_assert!(running >= stopped && stopped >= closed);
            for line in &estimate.lines {
                prop_assert_eq!(line.monthly, line.unit_price.times(line.quantity));
            }
        }
    }

    #[test]
    fn what_exists_already_is_not_priced_and_that_is_said() {
        let text = "pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"b@example.edu\"\n[use_existing]\n\
                    vpc = \"vpc-0a\"\nprivate_subnet = \"subnet-0a\"\n\
                    key = \"arn:aws:kms:us-west-2:111122223333:key/0a\"\n";
        let spec = parse(text, Format::Toml).unwrap();
        let plan = plan(&spec, &Lock::offline(&spec)).unwrap();
        let estimate = estimate(&plan, &Assumptions::default(), Prices::built_in()).unwrap();
        assert!(
            !estimate.lines.iter().any(|line| line.resource == "vpc-0a" || line.item == Item::KmsKey),
            "{:?}",
            estimate.lines
        );
        assert!(estimate.lines.iter().any(|line| line.item == Item::S3Storage));
        assert!(
            estimate
                .notes
                .iter()
                .any(|note| note.contains("somebody else's: vpc, subnet-private,") && note.contains("key"))
        );
    }
}
