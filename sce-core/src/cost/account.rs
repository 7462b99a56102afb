//! What an account's own things cost: by use, which no plan tells, so the price of one of each.

use jiff::civil::Date;
use serde::Serialize;

use super::{Amount, Currency, Item, Prices};
use crate::account::Region;
use crate::plan::account::Settings;
use crate::spec::ConfigCare;

/// What AWS bills for what the settings ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountPrices {
    /// The day of the prices.
    pub as_of: Date,
    /// What amounts are in.
    pub currency: Currency,
    /// Each thing that is billed by use.
    pub prices: Vec<UnitPrice>,
}

/// The price of one of something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnitPrice {
    /// What is priced.
    pub item: Item,
    /// What is counted.
    pub unit: &'static str,
    /// The price of one.
    pub unit_price: Amount,
    /// Who names the price, when, and for which region if it is another.
    pub source: String,
}

/// The prices of what these settings have AWS bill, whoever made it. What the price file lacks is left out.
///
/// ```
/// use sce_core::cost::{Prices, account_prices};
/// use sce_core::plan::account::Settings;
/// use sce_core::spec::{Format, parse};
/// let spec = "pit = \"hipaa\"\nregion = \"us-east-1\"\nowner = \"b@example.edu\"\n[account]\nguardduty = true\n";
/// let settings = Settings::of(&parse(spec, Format::Toml).unwrap());
/// let told = account_prices(&settings, &"us-east-1".parse().unwrap(), Prices::built_in()).to_text();
/// assert!(told.contains("GuardDuty, management events 4.00 per 1M events"), "{told}");
/// ```
#[must_use]
pub fn account_prices(settings: &Settings, region: &Region, prices: &Prices) -> AccountPrices {
    let price = |item: Item| {
        let quote = prices.quote(item, None, region)?;
        Some(UnitPrice { item, unit: item.unit(), unit_price: quote.amount, source: quote.source })
    };
    let prices_of = items(settings).into_iter().filter_map(price).collect();
    AccountPrices { as_of: prices.as_of(), currency: prices.currency(), prices: prices_of }
}

fn items(settings: &Settings) -> Vec<Item> {
    let account = &settings.account;
    let config = account.config.unwrap_or(ConfigCare::Managed) != ConfigCare::None;
    let asked = [
        (true, Item::CloudtrailDataEvents),
        (config, Item::ConfigItems),
        (account.alarms, Item::CloudwatchAlarm),
        (account.guardduty, Item::GuarddutyManagementEvents),
        (account.guardduty, Item::GuarddutyFlowLogs),
    ];
    asked.into_iter().filter(|(asked, _)| *asked).map(|(_, item)| item).collect()
}

impl AccountPrices {
    /// The prices for people, in a line.
    #[must_use]
    pub fn to_text(&self) -> String {
        let one = |price: &UnitPrice| format!("{} {} per {}", price.item.title(), price.unit_price, price.unit);
        let all: Vec<String> = self.prices.iter().map(one).collect();
        format!("billed by use, in US dollars at list prices as of {}: {}", self.as_of, all.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Account;

    fn told(account: Account) -> Vec<&'static str> {
        let settings = Settings { account, logs_days: 2192 };
        let prices = account_prices(&settings, &"us-west-2".parse().unwrap(), Prices::built_in());
        prices.prices.iter().map(|price| price.item.word()).collect()
    }

    #[test]
    fn an_option_is_priced_where_it_is_asked_for() {
        let usual = ["cloudtrail-data-events", "config-items", "cloudwatch-alarm"];
        assert_eq!(told(Account::default()), usual);
        let watched = told(Account { guardduty: true, ..Account::default() });
        assert_eq!(watched[3..], ["guardduty-management-events", "guardduty-flow-logs"]);
        let least = Account { alarms: false, config: Some(ConfigCare::None), ..Account::default() };
        assert_eq!(told(least), ["cloudtrail-data-events"]);
    }
}
