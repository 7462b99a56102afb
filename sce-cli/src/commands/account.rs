//! `sce account`

use sce::account::Region;
use sce::cost::{AccountPrices, Prices, account_prices};
use sce::spec::{Account as Asked, CloudTrail, ConfigCare, Retention};
use sce::{
    AccountApplied, AccountSettings, AccountStatus, Addendum, ApplyOptions, Finding, Interrupt, SpecFile, Verification,
};
use serde::Serialize;

use super::verify;
use crate::cli::{self, Account, AccountApply, AccountAsked, Global, RecorderCare, TrailCare};
use crate::failure::{Exit, Failure};
use crate::output::{self, indented};
use crate::progress::Progress;
use crate::target::Chosen;

/// What `sce account apply --json` writes.
#[derive(Serialize)]
struct Applied<'a> {
    schema_version: u32,
    created: &'a [String],
    changed: &'a [String],
    kept: &'a [String],
    adopted: &'a [String],
    mutating_calls: u64,
    by_hand: &'a [String],
    verified: bool,
    findings: &'a [Finding],
    not_shown: &'a [sce::NotShown],
    billed: &'a AccountPrices,
}

/// What `sce account status --json` writes.
#[derive(Serialize)]
struct Status<'a> {
    schema_version: u32,
    account: &'a str,
    region: &'a str,
    adopted: &'a [String],
    addendum: &'a Addendum,
    verified: bool,
    things: &'a [sce::Verdict],
    findings: &'a [Finding],
    not_shown: &'a [sce::NotShown],
    billed: &'a AccountPrices,
}

pub(crate) async fn run(asked: &Account, global: &Global, interrupt: Interrupt) -> Result<Exit, Failure> {
    match asked {
        Account::Apply(asked) => apply(asked, global, interrupt).await,
        Account::Status(asked) => status(asked, global).await,
    }
}

async fn apply(asked: &AccountApply, global: &Global, interrupt: Interrupt) -> Result<Exit, Failure> {
    let (settings, region) = settings(&asked.asked)?;
    let session = Chosen::from(global)?.open(&region).await?;
    let progress = Progress::new(global.quiet, "seeing to the account");
    let options = ApplyOptions { take_over: asked.take_over, interrupt, ..ApplyOptions::default() };
    let applied = sce::apply_account(&session, &settings, options, &|step| progress.step(step)).await?;
    drop(progress);
    let billed = account_prices(&settings, &region, Prices::built_in());
    match asked.format.json {
        true => output::json(&applied_document(&applied, &billed))?,
        false => output::result(&format!("{}{}\n", applied_text(&applied), billed.to_text()))?,
    }
    Ok(exit(&applied.verification))
}

async fn status(asked: &cli::AccountStatus, global: &Global) -> Result<Exit, Failure> {
    let (settings, region) = settings(&asked.asked)?;
    let session = Chosen::from(global)?.open(&region).await?;
    let progress = Progress::new(global.quiet, "reading the account");
    let found = sce::account_status(&session, &settings).await;
    drop(progress);
    let billed = account_prices(&settings, &region, Prices::built_in());
    match asked.format.json {
        true => output::json(&status_document(&found, &billed))?,
        false => output::result(&format!("{}{}\n", status_text(&found, asked.all), billed.to_text()))?,
    }
    Ok(exit(&found.verification))
}

/// Anything that is not as it shall be, or that a rule is not content with.
fn exit(verification: &Verification) -> Exit {
    Exit::findings(!verification.verified || verification.findings.iter().any(Finding::open))
}

/// By the spec, else by flags and defaults.
fn settings(asked: &AccountAsked) -> Result<(AccountSettings, Region), Failure> {
    if let Some(path) = &asked.spec {
        let spec = SpecFile::read(path)?.spec;
        return Ok((AccountSettings::of(&spec), spec.region));
    }
    let region = asked.region.clone().ok_or_else(|| {
        Failure::usage("neither a spec nor a region is given").advise("give SPEC, or `--region` with the trail's home")
    })?;
    let account = Asked {
        cloudtrail: asked.cloudtrail.map(|who| match who {
            TrailCare::Managed => CloudTrail::Managed,
            TrailCare::Existing => CloudTrail::Existing,
        }),
        config: asked.config.map(|who| match who {
            RecorderCare::Managed => ConfigCare::Managed,
            RecorderCare::Existing => ConfigCare::Existing,
            RecorderCare::None => ConfigCare::None,
        }),
        guardduty: asked.guardduty,
        notify: asked.notify.clone(),
        ..Asked::default()
    };
    Ok((AccountSettings { account, logs_days: Retention::default().logs_days }, region))
}

fn applied_document<'a>(applied: &'a AccountApplied, billed: &'a AccountPrices) -> Applied<'a> {
    Applied {
        schema_version: applied.schema_version,
        created: &applied.created,
        changed: &applied.changed,
        kept: &applied.kept,
        adopted: &applied.adopted,
        mutating_calls: applied.mutating_calls,
        by_hand: &applied.by_hand,
        verified: applied.verification.verified,
        findings: &applied.verification.findings,
        not_shown: &applied.verification.not_shown,
        billed,
    }
}

fn status_document<'a>(found: &'a AccountStatus, billed: &'a AccountPrices) -> Status<'a> {
    Status {
        schema_version: found.schema_version,
        account: &found.account,
        region: &found.region,
        adopted: &found.adopted,
        addendum: &found.addendum,
        verified: found.verification.verified,
        things: &found.verification.nodes,
        findings: &found.verification.findings,
        not_shown: &found.verification.not_shown,
        billed,
    }
}

fn applied_text(applied: &AccountApplied) -> String {
    let AccountApplied { created, changed, kept, .. } = applied;
    let counts = format!("{} created, {} changed, {} kept\n", created.len(), changed.len(), kept.len());
    let back = match applied.by_hand.as_slice() {
        [] => String::new(),
        lines => format!("to go back, by hand, since sce deletes none of it:\n{}", indented(&lines.join("\n"), "  ")),
    };
    let seen = verify::text(&applied.verification, false, "sce account status --all");
    format!("{counts}{}{back}{seen}", adopted_text(&applied.adopted))
}

fn status_text(found: &AccountStatus, all: bool) -> String {
    let place = format!("account {} ({})\n", found.account, found.region);
    let addendum = addendum_text(&found.addendum);
    let seen = verify::text(&found.verification, all, "--all");
    format!("{place}{addendum}{}{seen}", adopted_text(&found.adopted))
}

fn addendum_text(addendum: &Addendum) -> String {
    let told = match addendum {
        Addendum::Active { name, since: Some(since) } => format!("in force since {since} (AWS Artifact: {name})"),
        Addendum::Active { name, since: None } => format!("in force (AWS Artifact: {name})"),
        Addendum::Inactive => "none is in force, by AWS Artifact: no PHI may come into this account".to_owned(),
        Addendum::Declared { why } => format!("as each spec declares it, since AWS Artifact could not be asked: {why}"),
    };
    format!("Business Associate Addendum: {told}\n")
}

fn adopted_text(adopted: &[String]) -> String {
    match adopted {
        [] => String::new(),
        adopted => format!("the organisation's, held to the rules and not changed: {}\n", adopted.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_artifact_says_is_told_with_where_it_comes_from() {
        let since = Some("2026-03-01T00:00:00Z".parse().unwrap());
        let active = Addendum::Active { name: "AWS Business Associate Addendum".to_owned(), since };
        assert_eq!(
            addendum_text(&active),
            "Business Associate Addendum: in force since 2026-03-01T00:00:00Z (AWS Artifact: AWS Business Associate Addendum)\n"
        );
        assert!(addendum_text(&Addendum::Inactive).contains("none is in force"));
        let declared = Addendum::Declared { why: "denied".to_owned() };
        assert!(
            addendum_text(&declared).contains("as each spec declares it")
                && addendum_text(&declared).contains("denied")
        );
    }

    fn asked(region: Option<&str>) -> AccountAsked {
        AccountAsked {
            spec: None,
            region: region.map(|region| region.parse().unwrap()),
            cloudtrail: Some(TrailCare::Existing),
            config: Some(RecorderCare::None),
            guardduty: true,
            notify: None,
        }
    }

    #[test]
    fn flags_say_what_a_spec_would() {
        let (found, region) = settings(&asked(Some("us-west-2"))).unwrap();
        assert_eq!(region.to_string(), "us-west-2");
        let account = found.account;
        assert_eq!((account.cloudtrail, account.config), (Some(CloudTrail::Existing), Some(ConfigCare::None)));
        assert!(account.guardduty && account.password_policy && account.alarms);
        assert!(settings(&asked(None)).is_err());
    }

    #[test]
    fn what_is_the_organisations_is_told_as_such() {
        let told = adopted_text(&["trail org".to_owned()]);
        assert_eq!(told, "the organisation's, held to the rules and not changed: trail org\n");
        assert_eq!(adopted_text(&[]), "");
    }
}
