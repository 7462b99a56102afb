//! `sce lock`

use sce::lock::Lock as Resolved;
use sce::{Dated, ImageNews, Images, LockSource, SpecFile};

use crate::cli::{Global, Lock};
use crate::failure::{Exit, Failure};
use crate::output;
use crate::progress::Progress;
use crate::target::Chosen;

pub(crate) async fn run(asked: &Lock, global: &Global) -> Result<Exit, Failure> {
    let file = SpecFile::read(&asked.spec)?;
    let (lock, news) = match asked.offline {
        true => (Resolved::offline(&file.spec), Vec::new()),
        false => resolve(&file, asked, global).await?,
    };
    let lock = file.with_keys(lock)?;
    file.keep_lock(&lock)?;
    let news: String = news.iter().map(told).collect();
    output::result(&format!("{}{news}", text(&file, &lock)))?;
    Ok(Exit::Done)
}

async fn resolve(file: &SpecFile, asked: &Lock, global: &Global) -> Result<(Resolved, Vec<ImageNews>), Failure> {
    let (earlier, source) = file.lock()?;
    let earlier = (source == LockSource::File).then_some(earlier);
    let images = if asked.update_images { Images::Newest } else { Images::Keep };
    let chosen = Chosen::from(global)?;
    let _progress = Progress::new(global.quiet, "asking the account");
    let session = chosen.open(&file.spec.region).await?;
    Ok(sce::resolve_lock_again(&session, &file.spec, earlier.as_ref(), images).await?)
}

fn text(file: &SpecFile, lock: &Resolved) -> String {
    let path = file.lock_path();
    let kind = if lock.offline { ", placeholders: good for planning, not for building" } else { "" };
    let administrators: Vec<String> = lock.administrators.iter().map(ToString::to_string).collect();
    let keys = match lock.keys.is_empty() {
        true => String::new(),
        false => format!("  keys            {}\n", lock.keys.keys().cloned().collect::<Vec<_>>().join(", ")),
    };
    let existing = lock.existing.iter().flat_map(|existing| &existing.things);
    let existing: String =
        existing.map(|thing| format!("  exists          {} {}\n", thing.place, thing.name)).collect();
    format!(
        "`{}` in `{}`{kind}\n  account         {}\n  zone            {}\n  administrators  {}\n{keys}{existing}",
        file.spec.pit,
        path.display(),
        lock.account,
        lock.zone,
        administrators.join("\n                  "),
    )
}

/// What came of an image where there is a newer one.
fn told(news: &ImageNews) -> String {
    let ImageNews { architecture, before, newest, kept } = news;
    let head = format!("\nimage of {} machines: {} -> {}\n", architecture.as_str(), dated(before), dated(newest));
    let then = match (kept, &before.created) {
        (true, _) => {
            "  kept as it was; `sce lock --update-images` takes the newer one, and `sce plan --against-account` tells what that replaces"
        }
        (false, Some(_)) => {
            "  changed: a machine that exists is replaced at the next `sce apply`, which asks first where data would be lost"
        }
        (false, None) => {
            "  changed, since AWS does not offer the one before any more: a machine that exists is replaced at the next `sce apply`, which asks \
             first where data would be lost"
        }
    };
    format!("{head}{then}\n")
}

fn dated(one: &Dated) -> String {
    let day = one.created.as_deref().and_then(|created| created.get(..10)).unwrap_or("no longer offered");
    format!("{} ({}, {day})", one.image.id, one.image.name)
}

#[cfg(test)]
mod tests {
    use sce::lock::{Architecture, Image};

    use super::*;

    fn news(created: Option<&str>, kept: bool) -> ImageNews {
        let image = |id: &str, name: &str| Image {
            id: id.parse().unwrap(),
            name: name.to_owned(),
            root_device: "/dev/xvda".to_owned(),
        };
        let before = Dated { image: image("ami-0a", "al2023-old"), created: created.map(str::to_owned) };
        let newest =
            Dated { image: image("ami-0b", "al2023-new"), created: Some("2026-11-20T01:02:03.000Z".to_owned()) };
        ImageNews { architecture: Architecture::X86, before, newest, kept }
    }

    #[test]
    fn an_image_that_changes_or_could_is_told_with_its_day() {
        let kept = told(&news(Some("2026-09-01T00:00:00.000Z"), true));
        let head = "\nimage of x86_64 machines: ami-0a (al2023-old, 2026-09-01) -> ami-0b (al2023-new, 2026-11-20)\n";
        assert!(kept.starts_with(head) && kept.contains("kept as it was; `sce lock --update-images`"), "{kept}");
        let changed = told(&news(Some("2026-09-01T00:00:00.000Z"), false));
        assert!(
            changed.starts_with(head) && changed.contains("changed: a machine that exists is replaced"),
            "{changed}"
        );
        let gone = told(&news(None, false));
        assert!(gone.contains("(al2023-old, no longer offered)") && gone.contains("AWS does not offer"), "{gone}");
    }
}
