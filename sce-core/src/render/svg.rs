//! The diagram of an environment: its network with what stands in it, the ways out, and the stores beside it, as SVG.
//!
//! It is drawn from the plan alone. Words of a spec or of AWS are escaped and cut to their place, with the whole in a tooltip. Colours are
//! CSS variables, for light and dark pages alike: as the reader's system has it, or a page that sets `data-theme` or is Jupyter's.

use std::fmt::Write as _;

use crate::aws::resource::{Kind, Properties, RouteTarget};
use crate::plan::{Node, Plan};
use crate::value::{NodeId, Value};

const WIDTH: i32 = 960;
const CARD: (i32, i32) = (196, 46);
const GAP: i32 = 12;
/// The network's left and right edge.
const NETWORK: (i32, i32) = (186, 682);
/// Where the stores begin.
const STORES: i32 = 746;
const TOP: i32 = 34;
const HEAD: i32 = 30;

/// Draws a plan.
///
/// ```
/// use sce_core::spec::{Format, parse};
/// let spec = parse("pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"b@example.edu\"\n", Format::Toml)?;
/// let plan = sce_core::plan::plan(&spec, &sce_core::lock::Lock::offline(&spec))?;
/// let svg = sce_core::render::svg::diagram(&plan);
/// assert!(svg.starts_with("<svg") && svg.contains("10.0.0.0/16"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn diagram(plan: &Plan) -> String {
    let subnets = subnets(plan);
    let mut drawing = Drawing::default();
    let mut bottom = TOP + HEAD + GAP;
    let mut places = Vec::new();
    for subnet in &subnets {
        let rows = i32::try_from(subnet.cards.len().div_ceil(2)).unwrap_or(i32::MAX / CARD.1 / 2).max(1);
        let height = HEAD + rows * (CARD.1 + GAP) + 4;
        places.push((bottom, height));
        bottom += height + GAP;
    }
    let stores: Vec<&Node> = of_kind(plan, Kind::Bucket).collect();
    let beside = cards(plan, &stores);
    let stores_bottom = TOP + HEAD + GAP + i32::try_from(beside.len()).unwrap_or(i32::MAX / 100) * (CARD.1 + GAP);
    let bottom = bottom.max(TOP + 130);
    drawing.network(plan, bottom);
    for (subnet, place) in subnets.iter().zip(&places) {
        drawing.subnet(subnet, *place);
    }
    drawing.ways(plan, &subnets, &places, bottom);
    drawing.stores(plan, &beside, &subnets, &places, stores_bottom);
    let chips_bottom = drawing.chips(&ancillary(plan), bottom.max(stores_bottom) + 14);
    drawing.finish(plan, chips_bottom + 10)
}

/// A subnet, and what stands in it.
struct Drawn<'a> {
    node: &'a Node,
    cidr: String,
    public: bool,
    cards: Vec<Card>,
    /// The table that rules it.
    table: Option<&'a NodeId>,
}

/// One thing in a box of its own.
struct Card {
    class: &'static str,
    title: String,
    detail: String,
    /// What the tooltip says.
    whole: String,
}

impl Card {
    fn new(class: &'static str, title: impl Into<String>, detail: impl Into<String>) -> Self {
        let (title, detail) = (title.into(), detail.into());
        let whole = format!("{title}\n{detail}");
        Self { class, title, detail, whole }
    }
}

fn of_kind(plan: &Plan, kind: Kind) -> impl Iterator<Item = &Node> {
    plan.nodes.iter().filter(move |node| node.properties.kind() == kind)
}

fn refers<T>(value: &Value<T>, to: &NodeId) -> bool {
    matches!(value, Value::Ref(reference) if reference.node == *to)
}

/// The way out comes first, and what nobody stands in last.
fn subnets(plan: &Plan) -> Vec<Drawn<'_>> {
    let mut drawn: Vec<Drawn<'_>> = plan.nodes.iter().filter_map(|node| subnet(plan, node)).collect();
    drawn.sort_by_key(|subnet| (!subnet.public, subnet.cards.is_empty()));
    drawn
}

fn subnet<'a>(plan: &'a Plan, node: &'a Node) -> Option<Drawn<'a>> {
    let Properties::Subnet(subnet) = &node.properties else { return None };
    let table = plan.nodes.iter().find_map(|other| match &other.properties {
        Properties::RouteTableAssociation(association) if refers(&association.subnet, &node.id) => {
            plan.nodes.iter().map(|table| &table.id).find(|id| refers(&association.table, id))
        }
        _ => None,
    });
    let public = table.is_some_and(|table| leads(plan, table, true));
    let cards = plan.nodes.iter().filter_map(|other| in_subnet(other, &node.id)).collect::<Vec<_>>();
    let mut cards = cards;
    let endpoints = of_kind(plan, Kind::InterfaceEndpoint).filter(|other| {
        matches!(&other.properties, Properties::InterfaceEndpoint(endpoint) if endpoint.subnets.iter().any(|subnet| refers(subnet, &node.id)))
    });
    let services: Vec<String> = endpoints.map(|endpoint| last_part(&service(endpoint))).collect();
    if !services.is_empty() {
        cards.push(Card::new("endpoint", counted(services.len(), "interface endpoint"), services.join(", ")));
    }
    Some(Drawn { node, cidr: subnet.cidr.to_string(), public, cards, table })
}

fn service(node: &Node) -> String {
    match &node.properties {
        Properties::InterfaceEndpoint(endpoint) => endpoint.service.clone(),
        Properties::GatewayEndpoint(endpoint) => endpoint.service.clone(),
        _ => String::new(),
    }
}

fn last_part(service: &str) -> String {
    service.rsplit('.').next().unwrap_or_default().to_owned()
}

/// Whether a table leads to an internet gateway, or else to a NAT gateway.
fn leads(plan: &Plan, table: &NodeId, internet: bool) -> bool {
    plan.nodes.iter().any(|node| match &node.properties {
        Properties::Route(route) if refers(&route.table, table) => match route.target {
            RouteTarget::InternetGateway(_) => internet,
            RouteTarget::NatGateway(_) => !internet,
            RouteTarget::Other(_) => false,
        },
        _ => false,
    })
}

fn in_subnet(node: &Node, subnet: &NodeId) -> Option<Card> {
    let card = match &node.properties {
        Properties::Instance(instance) if refers(&instance.subnet, subnet) => {
            let letter = if node.id.as_str() == "instance-bastion" { "B" } else { "E" };
            let public = if instance.public_address { ", public address" } else { "" };
            let encrypted = if instance.volumes_encrypted { "encrypted disks" } else { "disks in clear" };
            let detail = format!("{}, {encrypted}{public}", instance.instance_type);
            Card {
                whole: format!("{}\n{detail}", node.name),
                ..Card::new("machine", format!("{letter}  machine"), detail)
            }
        }
        Properties::NatGateway(gateway) if refers(&gateway.subnet, subnet) => {
            Card { whole: node.name.clone(), ..Card::new("way", "NG  NAT gateway", "way out, no way in") }
        }
        Properties::InstanceConnectEndpoint(endpoint) if refers(&endpoint.subnet, subnet) => {
            Card { whole: node.name.clone(), ..Card::new("endpoint", "Instance Connect", "the way in for ssh") }
        }
        Properties::DatabaseInstance(database) if subnet.as_str() == "subnet-private" => {
            let encrypted = if database.encrypted { "encrypted" } else { "in clear" };
            let detail =
                format!("{} {}, {encrypted}", database.class, if database.public { "public" } else { "private" });
            Card { whole: node.name.clone(), ..Card::new("store", format!("{} database", database.engine), detail) }
        }
        _ => return None,
    };
    Some(card)
}

/// Buckets, by the letters that the document calls them.
fn cards(plan: &Plan, buckets: &[&Node]) -> Vec<Card> {
    let letters = |id: &str| match id {
        "bucket-data" => "S3D  data",
        "bucket-output" => "S3O  results",
        "bucket-accesslogs" => "S3L  access logs",
        "bucket-ancillary" => "S3A  no PHI",
        "registry" => "registry",
        _ => "bucket",
    };
    let mut cards: Vec<Card> = buckets
        .iter()
        .map(|node| {
            let class = if node.scope == crate::plan::Scope::Pit { "store" } else { "shared" };
            let title = letters(node.id.as_str());
            Card { whole: node.name.clone(), ..Card::new(class, title, node.name.clone()) }
        })
        .collect();
    cards.extend(
        of_kind(plan, Kind::KmsKey)
            .map(|node| Card { whole: node.name.clone(), ..Card::new("key", "KMS key", "encrypts all of it") }),
    );
    cards
}

/// What has no place in the network, counted by kind.
fn ancillary(plan: &Plan) -> Vec<String> {
    let placed = [
        Kind::Vpc,
        Kind::Subnet,
        Kind::Instance,
        Kind::NatGateway,
        Kind::InternetGateway,
        Kind::Bucket,
        Kind::KmsKey,
        Kind::InterfaceEndpoint,
        Kind::GatewayEndpoint,
        Kind::InstanceConnectEndpoint,
        Kind::DatabaseInstance,
    ];
    let placed: Vec<&str> = placed.iter().map(|kind| kind.word()).collect();
    let counts = plan.counts();
    counts
        .iter()
        .filter(|(kind, _)| !placed.contains(kind))
        .map(|(kind, count)| counted(*count, &kind.replace('-', " ")))
        .collect()
}

fn counted(count: usize, what: &str) -> String {
    let plural = what.strip_suffix('y').map_or_else(|| format!("{what}s"), |stem| format!("{stem}ies"));
    if count == 1 { format!("1 {what}") } else { format!("{count} {plural}") }
}

#[derive(Default)]
struct Drawing(String);

impl Drawing {
    fn add(&mut self, element: &str) {
        self.0.push_str(element);
        self.0.push('\n');
    }

    fn rectangle(&mut self, class: &str, (x, y): (i32, i32), (width, height): (i32, i32), round: i32) {
        self.add(&format!(r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}" rx="{round}"/>"#));
    }

    /// Words, cut to so many characters.
    fn words(&mut self, class: &str, (x, y): (i32, i32), words: &str, most: usize) {
        self.add(&format!(r#"<text class="{class}" x="{x}" y="{y}">{}</text>"#, escaped(&cut(words, most))));
    }

    fn card(&mut self, card: &Card, (x, y): (i32, i32)) {
        self.add(&format!("<g><title>{}</title>", escaped(&card.whole)));
        self.rectangle(&format!("card {}", card.class), (x, y), CARD, 7);
        self.words("strong", (x + 12, y + 19), &card.title, 24);
        self.words("small", (x + 12, y + 35), &card.detail, 27);
        self.add("</g>");
    }

    fn network(&mut self, plan: &Plan, bottom: i32) {
        let (left, right) = NETWORK;
        self.rectangle("network", (left, TOP), (right - left, bottom - TOP), 12);
        for node in of_kind(plan, Kind::Vpc) {
            let Properties::Vpc(vpc) = &node.properties else { continue };
            let exists = if node.is_existing() { ", exists already" } else { "" };
            self.words("strong", (left + 14, TOP + 21), &format!("V  {}", node.name), 34);
            self.words("small end", (right - 14, TOP + 21), &format!("{}{exists}", vpc.cidr), 40);
        }
    }

    fn subnet(&mut self, subnet: &Drawn<'_>, (y, height): (i32, i32)) {
        let (left, right) = (NETWORK.0 + 22, NETWORK.1 - 22);
        let class = if subnet.public { "public" } else { "private" };
        self.rectangle(&format!("subnet {class}"), (left, y), (right - left, height), 9);
        let word = if subnet.public { "public" } else { "private" };
        self.words("strong", (left + 14, y + 20), &format!("{} ({word})", subnet.node.name), 36);
        self.words("small end", (right - 14, y + 20), &subnet.cidr, 24);
        for (at, card) in (0_i32..).zip(&subnet.cards) {
            self.card(card, card_place((y, height), at));
        }
        if subnet.cards.is_empty() {
            self.words("small", (left + 14, y + HEAD + 26), "nothing stands in it", 40);
        }
    }

    /// The internet, and what leads there.
    fn ways(&mut self, plan: &Plan, subnets: &[Drawn<'_>], places: &[(i32, i32)], bottom: i32) {
        let middle = places.first().map_or((TOP + bottom) / 2, |(y, height)| y + height / 2);
        self.rectangle("internet", (14, middle - 30), (112, 60), 30);
        self.words("strong middle", (70, middle - 2), "internet", 12);
        self.words("small middle", (70, middle + 14), "and L, a laptop", 18);
        if of_kind(plan, Kind::InternetGateway).next().is_none() {
            self.add(&format!(r#"<path class="none" d="M126 {middle} H{}"/>"#, NETWORK.0));
            self.words("small middle", (156, middle - 8), "no way", 12);
            return;
        }
        self.add(&format!(
            r#"<path class="line" marker-start="url(#sce-arrow)" d="M128 {middle} H{}"/>"#,
            NETWORK.0 + 22
        ));
        self.add(&format!(r#"<circle class="card way" cx="{}" cy="{middle}" r="17"/>"#, NETWORK.0));
        self.words("strong middle", (NETWORK.0, middle + 4), "IG", 4);
        let nat = subnets.iter().zip(places).find_map(|(subnet, place)| {
            let at = subnet.cards.iter().position(|card| card.title.starts_with("NG"))?;
            Some(card_place(*place, i32::try_from(at).ok()?))
        });
        let Some((x, y)) = nat else { return };
        for (subnet, (top, _)) in subnets.iter().zip(places) {
            if subnet.table.is_some_and(|table| leads(plan, table, false)) {
                let x = x + CARD.0 / 2;
                self.add(&format!(
                    r#"<path class="line" marker-end="url(#sce-arrow)" d="M{x} {top} V{}"/>"#,
                    y + CARD.1 + 4
                ));
            }
        }
    }

    fn stores(&mut self, plan: &Plan, beside: &[Card], subnets: &[Drawn<'_>], places: &[(i32, i32)], bottom: i32) {
        self.rectangle("outside", (STORES - 14, TOP), (CARD.0 + 28, bottom - TOP), 12);
        self.words("strong", (STORES, TOP + 21), "stores", 20);
        for (at, card) in (0_i32..).zip(beside) {
            self.card(card, (STORES, TOP + HEAD + GAP + at * (CARD.1 + GAP)));
        }
        if of_kind(plan, Kind::GatewayEndpoint).next().is_some() {
            let private = subnets.iter().zip(places).find(|(subnet, _)| !subnet.public);
            let y = private.map_or(bottom - 40, |(_, (y, height))| y + height / 2);
            let right = NETWORK.1;
            self.add(&format!(
                r#"<path class="line" marker-end="url(#sce-arrow)" d="M{} {y} H{}"/>"#,
                right - 22,
                STORES - 18
            ));
            self.add(&format!(r#"<circle class="card endpoint" cx="{right}" cy="{y}" r="17"/>"#));
            self.words("strong middle", (right, y + 4), "S3", 4);
        }
    }

    /// Small labels in rows; says where they end.
    fn chips(&mut self, told: &[String], top: i32) -> i32 {
        let (mut x, mut y) = (14, top);
        for label in told {
            let width = 18 + 6 * i32::try_from(label.chars().count().min(40)).unwrap_or(40);
            if x + width > WIDTH - 14 {
                (x, y) = (14, y + 28);
            }
            self.rectangle("chip", (x, y), (width, 22), 11);
            self.words("small middle", (x + width / 2, y + 15), label, 40);
            x += width + 8;
        }
        y + 22
    }

    fn finish(self, plan: &Plan, height: i32) -> String {
        let mut svg = String::with_capacity(self.0.len() + 3000);
        let label = escaped(&format!("{} in account {}, {}", plan.pit, plan.account, plan.region));
        // Writing to a string cannot fail.
        let _ = write!(
            svg,
            r#"<svg xmlns="http://www.w3.org/2000/svg" class="sce-diagram" role="img" aria-label="{label}" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}">
<title>{label}</title>
<style>{STYLE}</style>
<defs><marker id="sce-arrow" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path class="head" d="M0 0 L8 4 L0 8 z"/></marker></defs>
<text class="strong" x="14" y="20">{label}</text>
"#
        );
        svg.push_str(&self.0);
        svg.push_str("</svg>\n");
        svg
    }
}

fn card_place((y, _): (i32, i32), at: i32) -> (i32, i32) {
    let left = NETWORK.0 + 36;
    (left + at % 2 * (CARD.0 + GAP * 2), y + HEAD + at / 2 * (CARD.1 + GAP))
}

fn cut(words: &str, most: usize) -> String {
    if words.chars().count() <= most {
        return words.to_owned();
    }
    words.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// Text that says nothing but itself: no markup, and no control characters, which XML forbids.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' => safe.push(c),
            // Marks of direction could make a name read as another.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => safe.push('\u{fffd}'),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

const STYLE: &str = "
.sce-diagram{--ink:#1d2733;--dim:#5b6b7c;--line:#8494a5;--paper:#fff;--net:#f3f7fb;--public:#fdf3e3;--private:#e6f3ec;--card:#fff;
--machine:#2f7d5b;--way:#b9770e;--end:#2b6cb0;--store:#6b4fa0;--key:#a33b5b;max-width:100%;height:auto;font:13px system-ui,sans-serif}
@media (prefers-color-scheme:dark){.sce-diagram{--ink:#e6edf3;--dim:#a3b1c0;--line:#74859a;--paper:#0f151c;--net:#17212c;--public:#33291a;
--private:#17302a;--card:#1e2934;--machine:#5fc39a;--way:#e2ad55;--end:#6fb0ef;--store:#b49be6;--key:#e58aa6}}
[data-theme=light] .sce-diagram,[data-jp-theme-light=true] .sce-diagram{--ink:#1d2733;--dim:#5b6b7c;--line:#8494a5;--paper:#fff;
--net:#f3f7fb;--public:#fdf3e3;--private:#e6f3ec;--card:#fff;--machine:#2f7d5b;--way:#b9770e;--end:#2b6cb0;--store:#6b4fa0;--key:#a33b5b}
[data-theme=dark] .sce-diagram,[data-jp-theme-light=false] .sce-diagram{--ink:#e6edf3;--dim:#a3b1c0;--line:#74859a;--paper:#0f151c;
--net:#17212c;--public:#33291a;--private:#17302a;--card:#1e2934;--machine:#5fc39a;--way:#e2ad55;--end:#6fb0ef;--store:#b49be6;--key:#e58aa6}
.sce-diagram text{fill:var(--ink)}.sce-diagram .strong{font-weight:600}.sce-diagram .small{font-size:11px;fill:var(--dim)}
.sce-diagram .middle{text-anchor:middle}.sce-diagram .end{text-anchor:end}
.sce-diagram .network{fill:var(--net);stroke:var(--line);stroke-width:1.5}.sce-diagram .subnet{stroke:none}
.sce-diagram .public{fill:var(--public)}.sce-diagram .private{fill:var(--private)}
.sce-diagram .outside{fill:none;stroke:var(--line);stroke-dasharray:4 4}
.sce-diagram .internet{fill:var(--card);stroke:var(--line)}.sce-diagram .chip{fill:var(--net);stroke:var(--line);stroke-width:.6}
.sce-diagram .card{fill:var(--card);stroke-width:1.4;stroke:var(--line)}.sce-diagram .machine{stroke:var(--machine)}
.sce-diagram .way{stroke:var(--way)}.sce-diagram .endpoint{stroke:var(--end)}.sce-diagram .store{stroke:var(--store)}
.sce-diagram .key{stroke:var(--key)}.sce-diagram .shared{stroke-dasharray:4 3}
.sce-diagram .line{stroke:var(--dim);stroke-width:1.6;fill:none}.sce-diagram .head{fill:var(--dim)}
.sce-diagram .none{stroke:var(--line);stroke-width:1.6;stroke-dasharray:2 5;fill:none}
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::Lock;
    use crate::spec::{Format, parse};

    fn planned(rest: &str) -> Plan {
        let text = format!("pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"builder@example.edu\"\n{rest}");
        let spec = parse(&text, Format::Toml).unwrap();
        crate::plan::plan(&spec, &Lock::offline(&spec)).unwrap()
    }

    #[test]
    fn what_stands_in_the_network_is_drawn_once() {
        let svg = diagram(&planned("[compute.private]\ntype = \"m7i.large\"\n"));
        for word in [">NG  NAT gateway<", ">E  machine<", ">IG<", ">S3D  data<", ">KMS key<", ">V  hipaa_vpc<"] {
            assert_eq!(svg.matches(word).count(), 1, "{word}");
        }
    }

    #[test]
    fn without_a_way_out_none_is_drawn() {
        let svg = diagram(&planned("[network]\negress = \"none\"\n"));
        assert!(svg.contains("no way") && !svg.contains(">IG<") && !svg.contains("NG  NAT"), "{svg}");
    }

    #[test]
    fn names_are_shown_and_obeyed_by_nobody() {
        let mut plan = planned("");
        for node in &mut plan.nodes {
            node.name = "</title><script>alert('x')</script>\u{202e}\u{1b}&".to_owned();
        }
        let svg = diagram(&plan);
        assert!(!svg.contains("<script") && !svg.contains("alert('"), "{svg}");
        assert!(!svg.chars().any(|c| c == '\u{202e}' || (c.is_control() && c != '\n')), "{svg}");
    }

    #[test]
    fn the_same_plan_gives_the_same_drawing() {
        assert_eq!(diagram(&planned("")), diagram(&planned("")));
    }
}
