//! The price file: dated list prices with their sources, and the document's figures of 2017.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::LazyLock;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use toml::Spanned;

use super::{Amount, InvalidAmount, InvalidItem, Item};
use crate::account::Region;
use crate::spec::{grammar_help, line_at};

/// The version of the price file's format that this crate writes; it reads every version up to this one.
pub const PRICES_SCHEMA_VERSION: u32 = 1;

/// Where a figure is taken from when the file has none for the plan's region.
const USUAL_REGION: &str = "us-east-1";

/// List prices as of a day, and the document's figures beside them.
///
/// Those within the crate are [`Prices::built_in`]; others are read from TOML of the same shape:
///
/// ```
/// use sce_core::cost::Prices;
/// let text = r#"
/// schema_version = 1
/// as_of = "2026-08-21"
/// currency = "USD"
/// [[price]]
/// id = "kms-key"
/// service = "kms"
/// regions = ["us-west-2"]
/// unit = "month"
/// amount = "0.90"
/// source = "our contract of 2026"
/// "#;
/// assert_eq!(text.parse::<Prices>().unwrap().as_of().to_string(), "2026-08-21");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prices {
    as_of: Date,
    currency: Currency,
    prices: Vec<Price>,
    document: Vec<DocumentPrice>,
}

/// What amounts are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Currency {
    /// US dollars, the document's and AWS's own.
    #[serde(rename = "USD")]
    UsDollar,
}

/// One price.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Price {
    item: Item,
    /// The type of machine, for what differs with it.
    of_type: Option<String>,
    service: String,
    /// Those that the figure is for; none means all.
    regions: Option<Vec<Region>>,
    amount: Amount,
    source: String,
}

/// A figure of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DocumentPrice {
    pub(super) line: u32,
    pub(super) what: String,
    pub(super) unit: String,
    pub(super) amount: Amount,
    pub(super) item: Option<Item>,
    pub(super) note: Option<String>,
}

/// A price as it holds in a region.
pub(super) struct Quote<'a> {
    pub(super) service: &'a str,
    pub(super) amount: Amount,
    /// Who says so, and for which region if it is another.
    pub(super) source: String,
}

/// Why a text is no price file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidPrices {
    /// It is not written as a price file is.
    #[error("{message}")]
    Grammar {
        /// Where, counted from 1.
        line: Option<usize>,
        /// What was found and what was expected.
        message: String,
    },
    /// A later version of sce wrote it.
    #[error("the price file has schema version `{0}`, and this version of sce reads 1 to {PRICES_SCHEMA_VERSION}")]
    LaterVersion(u32),
    /// It prices what nothing here knows.
    #[error("a price is for something unknown")]
    Item {
        /// Where, counted from 1.
        line: usize,
        /// What it says.
        #[source]
        source: InvalidItem,
    },
    /// An amount is none.
    #[error("a price has no proper amount")]
    Amount {
        /// Where, counted from 1.
        line: usize,
        /// What it says.
        #[source]
        source: InvalidAmount,
    },
    /// A price is for another unit than the item is counted in.
    #[error("`{item}` is priced by the `{unit}`")]
    Unit {
        /// Where, counted from 1.
        line: usize,
        /// What is priced.
        item: Item,
        /// The unit given.
        unit: String,
    },
    /// Something that must be said is empty.
    #[error("the `{field}` of `{item}` is empty")]
    Empty {
        /// Where, counted from 1.
        line: usize,
        /// What is priced.
        item: Item,
        /// What is empty.
        field: &'static str,
    },
    /// An item stands where its prices cannot: by type, or not.
    #[error("{}", shape(*.item))]
    Shape {
        /// Where, counted from 1.
        line: usize,
        /// What is priced.
        item: Item,
    },
    /// Two prices are for the same thing in the same place.
    #[error("`{item}` has two prices for {place}")]
    Twice {
        /// Where the second is, counted from 1.
        line: usize,
        /// What is priced.
        item: Item,
        /// The region, or all of them.
        place: String,
    },
}

impl InvalidPrices {
    /// The line that is at fault, counted from 1; none when the whole file is.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::Grammar { line, .. } => *line,
            Self::LaterVersion(_) => None,
            Self::Item { line, .. }
            | Self::Amount { line, .. }
            | Self::Unit { line, .. }
            | Self::Empty { line, .. }
            | Self::Shape { line, .. }
            | Self::Twice { line, .. } => Some(*line),
        }
    }

    /// What to write instead.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Grammar { message, .. } => toml_help(message),
            Self::LaterVersion(_) => {
                Some("use the newer sce that wrote it, or start from a copy of the price file within this one".into())
            }
            Self::Item { source, .. } => source.help(),
            Self::Amount { source, .. } => source.help(),
            Self::Unit { item, .. } => Some(format!("convert the price to one `{}`", item.unit())),
            Self::Empty { field: "regions", .. } => {
                Some("name the regions that the price is for, or leave the line out if it holds in all".into())
            }
            Self::Empty { .. } => Some("say who names the price, and when".into()),
            Self::Shape { item, .. } if item.is_by_type() => {
                Some("write it as [[by_type]], with an amount for each type under [by_type.amounts]".into())
            }
            Self::Shape { .. } => Some("write it as [[price]], with its `amount`".into()),
            Self::Twice { .. } => Some("keep one of them".into()),
        }
    }
}

fn shape(item: Item) -> String {
    match item.is_by_type() {
        true => format!("`{item}` has a price for each type of machine"),
        false => format!("`{item}` has one price, whatever the type of machine"),
    }
}

/// What the TOML reader's message suggests.
fn toml_help(message: &str) -> Option<String> {
    let number = message.starts_with("invalid type: floating point") || message.starts_with("invalid type: integer");
    let exact = || number.then(|| "write the amount as text, in quotes, so that it stays exact".to_owned());
    grammar_help(message).filter(|_| !number).or_else(exact)
}

static BUILT_IN: LazyLock<Prices> = LazyLock::new(|| {
    include_str!("../../data/prices.toml").parse().expect("the price file within the crate is read by a test")
});

impl Prices {
    /// The price file within the crate.
    #[must_use]
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// The day that the figures were true on, as far as their sources tell.
    #[must_use]
    pub fn as_of(&self) -> Date {
        self.as_of
    }

    /// What the amounts are in.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// The item's price in the region, for the type of machine where it differs with that; in default of one, us-east-1's, and in default of that, the first there is.
    pub(super) fn quote(&self, item: Item, of_type: Option<&str>, region: &Region) -> Option<Quote<'_>> {
        let fits = move |price: &&Price| price.item == item && price.of_type.as_deref() == of_type;
        let of_item = || self.prices.iter().filter(fits);
        let named = |wanted: &str| of_item().find(|price| price.is_for(wanted));
        let here = named(region.as_str()).or_else(|| of_item().find(|price| price.regions.is_none()));
        if let Some(price) = here {
            return Some(price.quote(price.source.clone()));
        }
        let price = named(USUAL_REGION).or_else(|| of_item().next())?;
        let regions = price.regions.as_deref().unwrap_or_default();
        let usual = regions.iter().find(|region| region.as_str() == USUAL_REGION).or_else(|| regions.first());
        let elsewhere = usual.map_or("another region", Region::as_str);
        Some(price.quote(format!("{}; the figure of {elsewhere}, none being known for {region}", price.source)))
    }

    /// The document's figure for the item, the first if there are several.
    pub(super) fn of_document(&self, item: Item) -> Option<&DocumentPrice> {
        self.document.iter().find(|price| price.item == Some(item))
    }

    /// Every figure of the document, in order of line.
    pub(super) fn document(&self) -> &[DocumentPrice] {
        &self.document
    }
}

impl Price {
    fn is_for(&self, wanted: &str) -> bool {
        self.regions.iter().flatten().any(|region| region.as_str() == wanted)
    }

    fn quote(&self, source: String) -> Quote<'_> {
        Quote { service: &self.service, amount: self.amount, source }
    }

    /// Where both hold, if anywhere: a price for all regions gives way to one for the region, and so meets only its like.
    fn shared_place(&self, other: &Self) -> Option<String> {
        match (&self.regions, &other.regions) {
            (None, None) => Some("all regions".to_owned()),
            (Some(regions), Some(_)) => {
                let shared = regions.iter().find(|region| other.is_for(region.as_str()));
                shared.map(|region| format!("`{region}`"))
            }
            _ => None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema_version: u32,
    as_of: Date,
    currency: Currency,
    #[serde(default)]
    price: Vec<PriceRecord>,
    #[serde(default)]
    by_type: Vec<TypesRecord>,
    #[serde(default)]
    document2017: Vec<DocumentRecord>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceRecord {
    id: Spanned<String>,
    service: String,
    regions: Option<Vec<Region>>,
    unit: Spanned<String>,
    amount: Spanned<String>,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypesRecord {
    id: Spanned<String>,
    service: String,
    regions: Option<Vec<Region>>,
    unit: Spanned<String>,
    source: String,
    amounts: BTreeMap<String, Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentRecord {
    line: u32,
    what: String,
    unit: String,
    amount: Spanned<String>,
    id: Option<Spanned<String>>,
    note: Option<String>,
}

impl FromStr for Prices {
    type Err = InvalidPrices;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let file: File = toml::from_str(text).map_err(|error| InvalidPrices::Grammar {
            line: error.span().map(|span| line_at(text, span.start)),
            message: error.message().trim().replace('\n', ", "),
        })?;
        if !(1..=PRICES_SCHEMA_VERSION).contains(&file.schema_version) {
            return Err(InvalidPrices::LaterVersion(file.schema_version));
        }
        let one = file.price.into_iter().map(|record| price(text, record));
        let many = file.by_type.into_iter().map(|record| of_types(text, record));
        let mut prices: Vec<Price> = Vec::new();
        for (line, price) in one.chain(many).collect::<Result<Vec<_>, _>>()?.into_iter().flatten() {
            let like = |earlier: &&Price| earlier.item == price.item && earlier.of_type == price.of_type;
            let mut rivals = prices.iter().filter(like);
            if let Some(place) = rivals.find_map(|earlier| price.shared_place(earlier)) {
                return Err(InvalidPrices::Twice { line, item: price.item, place });
            }
            prices.push(price);
        }
        let document = file.document2017.into_iter().map(|record| document_price(text, record));
        let mut document: Vec<DocumentPrice> = document.collect::<Result<_, _>>()?;
        document.sort_by_key(|price| price.line);
        Ok(Self { as_of: file.as_of, currency: file.currency, prices, document })
    }
}

/// A price with the line it is on.
type Placed = (usize, Price);

fn price(text: &str, record: PriceRecord) -> Result<Vec<Placed>, InvalidPrices> {
    let item = item(text, &record.id)?;
    let line = line_at(text, record.id.span().start);
    if item.is_by_type() {
        return Err(InvalidPrices::Shape { line, item });
    }
    stated(text, line, item, &record.unit, &record.source, record.regions.as_deref())?;
    let PriceRecord { service, regions, source, .. } = record;
    let amount = amount(text, &record.amount)?;
    Ok(vec![(line, Price { item, of_type: None, service, regions, amount, source })])
}

fn of_types(text: &str, record: TypesRecord) -> Result<Vec<Placed>, InvalidPrices> {
    let item = item(text, &record.id)?;
    let line = line_at(text, record.id.span().start);
    if !item.is_by_type() {
        return Err(InvalidPrices::Shape { line, item });
    }
    stated(text, line, item, &record.unit, &record.source, record.regions.as_deref())?;
    let TypesRecord { service, regions, source, .. } = record;
    let of_type = |(of_type, given): (String, Spanned<String>)| {
        let amount = amount(text, &given)?;
        let (service, regions, source) = (service.clone(), regions.clone(), source.clone());
        Ok((
            line_at(text, given.span().start),
            Price { item, of_type: Some(of_type), service, regions, amount, source },
        ))
    };
    record.amounts.into_iter().map(of_type).collect()
}

/// Whether what must be said of a price is said.
fn stated(
    text: &str,
    line: usize,
    item: Item,
    unit: &Spanned<String>,
    source: &str,
    regions: Option<&[Region]>,
) -> Result<(), InvalidPrices> {
    if unit.get_ref() != item.unit() {
        let line = line_at(text, unit.span().start);
        return Err(InvalidPrices::Unit { line, item, unit: unit.get_ref().clone() });
    }
    let empty = |field| Err(InvalidPrices::Empty { line, item, field });
    match regions {
        _ if source.trim().is_empty() => empty("source"),
        Some([]) => empty("regions"),
        _ => Ok(()),
    }
}

fn document_price(text: &str, record: DocumentRecord) -> Result<DocumentPrice, InvalidPrices> {
    Ok(DocumentPrice {
        line: record.line,
        what: record.what,
        unit: record.unit,
        amount: amount(text, &record.amount)?,
        item: record.id.map(|id| item(text, &id)).transpose()?,
        note: record.note,
    })
}

fn item(text: &str, id: &Spanned<String>) -> Result<Item, InvalidPrices> {
    let line = line_at(text, id.span().start);
    id.get_ref().parse().map_err(|source| InvalidPrices::Item { line, source })
}

fn amount(text: &str, amount: &Spanned<String>) -> Result<Amount, InvalidPrices> {
    let line = line_at(text, amount.span().start);
    amount.get_ref().parse().map_err(|source| InvalidPrices::Amount { line, source })
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    const KEY: &str = "schema_version = 1\nas_of = \"2026-01-02\"\ncurrency = \"USD\"\n[[price]]\nid = \"kms-key\"\nservice = \"kms\"\nregions = [\"us-east-1\"]\nunit = \"month\"\namount = \"1\"\nsource = \"S 2026\"\n";

    fn region(name: &str) -> Region {
        name.parse().unwrap()
    }

    #[test]
    fn the_price_file_within_the_crate_is_whole() {
        let prices = Prices::built_in();
        assert_eq!((prices.as_of().to_string().as_str(), prices.currency()), ("2026-08-21", Currency::UsDollar));
        for item in Item::ALL {
            let of_type =
                prices.prices.iter().find(|price| price.item == item).and_then(|price| price.of_type.as_deref());
            assert_eq!(of_type.is_some(), item.is_by_type(), "{item}");
            assert!(prices.quote(item, of_type, &region("eu-west-1")).is_some(), "{item}");
        }
        let lines: Vec<u32> = prices.document().iter().map(|price| price.line).collect();
        assert_eq!(lines, [156, 156, 157, 157, 158, 159, 160, 160, 161, 162, 163, 196]);
    }

    #[test]
    fn a_region_without_a_figure_gets_another_s_and_is_told() {
        let quote = |name: &str| {
            let quote = Prices::built_in().quote(Item::KmsKey, None, &region(name)).unwrap();
            (quote.amount.to_string(), quote.source)
        };
        assert!(!quote("us-east-1").1.contains("none being known"));
        assert_eq!(quote("us-west-2").0, "1.00");
        assert!(quote("us-west-2").1.ends_with("; the figure of us-east-1, none being known for us-west-2"));
        let egress = Prices::built_in().quote(Item::InternetEgress, None, &region("us-east-1")).unwrap();
        assert!(egress.source.ends_with("; the figure of us-west-2, none being known for us-east-1"));
    }

    #[test]
    fn the_region_s_own_figure_goes_before_the_general_one() {
        let general =
            "[[price]]\nid = \"kms-key\"\nservice = \"kms\"\nunit = \"month\"\namount = \"2\"\nsource = \"T\"\n";
        let prices: Prices = format!("{KEY}{general}").parse().unwrap();
        let amount = |name: &str| prices.quote(Item::KmsKey, None, &region(name)).map(|quote| quote.amount.to_string());
        assert_eq!(amount("us-east-1").as_deref(), Some("1.00"));
        assert_eq!(amount("us-west-2").as_deref(), Some("2.00"));
    }

    #[test]
    fn what_is_wrong_is_told_with_line_and_advice() {
        let cases = [
            ("kms-key", "kms-kye", 5, "a price is for something unknown", "did you mean `kms-key`?"),
            ("\"month\"", "\"h\"", 8, "`kms-key` is priced by the `h`", "convert the price to one `month`"),
            ("\"1\"", "\"-1\"", 9, "a price has no proper amount", "write the price paid"),
            ("\"1\"", "\"1000001\"", 9, "a price has no proper amount", "one unit"),
            ("\"1\"", "1.0", 9, "invalid type: floating point `1.0`, expected a string", "in quotes"),
            ("S 2026", " ", 5, "the `source` of `kms-key` is empty", "who names the price"),
            ("[\"us-east-1\"]", "[]", 5, "the `regions` of `kms-key` is empty", "holds in all"),
            ("USD", "EUR", 3, "unknown variant `EUR`, expected `USD`", ""),
            ("unit", "unti", 8, "unknown field `unti`, expected one of", "did you mean `unit`?"),
            ("service = \"kms\"\n", "", 4, "missing field `service`", "add a line `service = …`"),
        ];
        for (from, to, line, message, help) in cases {
            let error = KEY.replace(from, to).parse::<Prices>().unwrap_err();
            assert_eq!(error.line(), Some(line), "{to}: {error}");
            assert!(error.to_string().starts_with(message), "{to}: {error}");
            assert!(error.help().unwrap_or_default().contains(help), "{to}: {:?}", error.help());
        }
        let negative = KEY.replace("\"1\"", "\"-1\"").parse::<Prices>().unwrap_err();
        assert_eq!(negative.source().map(ToString::to_string).as_deref(), Some("the amount `-1` is negative"));
    }

    #[test]
    fn later_versions_and_double_prices_are_refused() {
        let later = KEY.replace("schema_version = 1", "schema_version = 2").parse::<Prices>().unwrap_err();
        assert_eq!(later, InvalidPrices::LaterVersion(2));
        assert!(later.help().is_some());
        let entry = KEY.split_once("[[price]]").unwrap().1;
        let twice = format!("{KEY}[[price]]{entry}").parse::<Prices>().unwrap_err();
        assert_eq!(twice.to_string(), "`kms-key` has two prices for `us-east-1`");
        assert_eq!((twice.line(), twice.help().as_deref()), (Some(12), Some("keep one of them")));
    }

    const TYPES: &str = "schema_version = 1\nas_of = \"2026-01-02\"\ncurrency = \"USD\"\n[[by_type]]\nid = \"instance-hours\"\nservice = \"ec2\"\nunit = \"h\"\nsource = \"S 2026\"\n[by_type.amounts]\n\"m7i.large\" = \"0.1\"\n\"t3.micro\" = \"0.01\"\n";

    #[test]
    fn each_type_has_its_own_price() {
        let prices: Prices = TYPES.parse().unwrap();
        let of = |of_type| {
            prices.quote(Item::InstanceHours, of_type, &region("us-west-2")).map(|quote| quote.amount.to_string())
        };
        assert_eq!((of(Some("m7i.large")).as_deref(), of(Some("t3.micro")).as_deref()), (Some("0.10"), Some("0.01")));
        assert_eq!((of(Some("m9z.large")), of(None)), (None, None));
    }

    #[test]
    fn slips_in_prices_by_type_are_told_by_line() {
        let cases = [
            ("\"0.01\"", "\"0,01\"", 11, "a price has no proper amount"),
            ("instance-hours", "kms-key", 5, "`kms-key` has one price, whatever the type of machine"),
            ("\"h\"", "\"month\"", 7, "`instance-hours` is priced by the `month`"),
            ("S 2026", "", 5, "the `source` of `instance-hours` is empty"),
        ];
        for (from, to, line, message) in cases {
            let error = TYPES.replace(from, to).parse::<Prices>().unwrap_err();
            assert_eq!((error.line(), error.to_string().as_str()), (Some(line), message), "{to}");
            assert!(error.help().is_some(), "{to}");
        }
        let flat = KEY.replace("kms-key", "instance-hours").replace("month", "h").parse::<Prices>().unwrap_err();
        assert_eq!(flat.to_string(), "`instance-hours` has a price for each type of machine");
        assert!(flat.help().unwrap().contains("[[by_type]]"));
        let entry = TYPES.split_once("[[by_type]]").unwrap().1;
        let twice = format!("{TYPES}[[by_type]]{entry}").parse::<Prices>().unwrap_err();
        assert_eq!(
            (twice.line(), twice.to_string().as_str()),
            (Some(18), "`instance-hours` has two prices for all regions")
        );
    }

    #[test]
    fn no_text_panics() {
        for text in
            ["", "=", "\u{0}", "[[price]]", "as_of = 1", "schema_version = -1", "\u{feff}x = 1", "price = \"é\""]
        {
            assert!(text.parse::<Prices>().is_err(), "{text:?}");
        }
    }
}
