//! The archive of an end: made, or found where an earlier run made it.

use std::collections::{BTreeMap, BTreeSet};

use sce_core::aws::resource::Kind;
use sce_core::pit::{BucketRole, registry_bucket};
use sce_core::plan::{Node, Scope};

use super::{ArchiveRecord, Archived, CloseOutError, CloseOutOptions, End, SignedBy};
use crate::archive::{self, ArchiveError, Archiver, Destination, Manifest, Outside, Signer, SignerKey};
use crate::file_table;
use crate::hold::HOLDS;
use crate::progress::{Deed, Teller};
use crate::registry::{Held, Registry, RegistryError};
use crate::session::Session;
use crate::transfer::Digest;

impl End<'_> {
    /// Copies out every version of every object, what the log groups say, and what the registry knows.
    pub(super) async fn archive(
        &mut self,
        registry: &Registry<'_>,
        held: &Held<'_>,
        options: &CloseOutOptions,
        teller: &mut Teller<'_>,
    ) -> Result<(), CloseOutError> {
        if let Some(manifest) = self.earlier_archive(registry, options).await? {
            self.archived(&manifest, options);
            self.closed.archives = registry.archives(&self.archives).await?;
            let given = options.signer.clone();
            self.signer = given.filter(|signer| manifest.signer.as_ref() == Some(&signer.public_key()));
            return Ok(archive::finished(&options.archive)?);
        }
        let signer = match &options.signer {
            Some(signer) => signer.clone(),
            None => Signer::make().map_err(ArchiveError::from)?,
        };
        if self.is_known(registry, &options.archive).await? {
            // Finished, and not all that is to be archived: it stays, and another has to go elsewhere.
            archive::finished(&options.archive)?;
        }
        let mark = archive::Unfinished {
            schema_version: 1,
            account: self.plan.account.clone(),
            region: self.plan.region.clone(),
            pit: self.plan.pit.clone(),
            life: registry.life().await?,
        };
        let mut archiver = Archiver::create(self.session, &options.archive, &self.outside(), &mark).await?;
        for (name, content) in records(registry).await? {
            archiver.add_document(&name, &content).await?;
        }
        let mut damaged = BTreeMap::new();
        for node in self.ours_of(Kind::Bucket) {
            teller.node(node, Deed::Archiving);
            held.renew().await?;
            let copying = archive::archive_bucket(self.reader(node, options), &mut archiver, &node.name);
            let copied = held.during(copying).await?;
            if !copied.differing.is_empty() {
                let why =
                    format!("{} of its objects do not have the SHA-256 they were stored with", copied.differing.len());
                damaged.insert(node.id.clone(), why);
            }
        }
        for (name, content) in self.tables().await? {
            archiver.add_document(&name, &content).await?;
        }
        for node in self.ours_of(Kind::LogGroup) {
            teller.node(node, Deed::Archiving);
            let document = format!("logs-{}.jsonl", node.id);
            held.during(archive::archive_log_group(self.session, &mut archiver, &node.name, &document)).await?;
        }
        self.damaged = damaged;
        let about = archive::About {
            pit: self.plan.pit.clone(),
            account: self.plan.account.clone(),
            region: self.plan.region.clone(),
            made_at: self.session.world.now(),
        };
        // Another run may have taken over meanwhile: then this archive is not the one.
        held.renew().await?;
        let manifest = archiver.finish(about, &signer).await?;
        self.archived(&manifest, options);
        self.signer = Some(signer);
        // Before anything is deleted: the registry knows each archive that holds what is about to go.
        let record = ArchiveRecord {
            head: manifest.head.to_string(),
            made_at: Some(manifest.made_at),
            signer: manifest.signer.as_ref().map(SignerKey::fingerprint),
            manifest: self.closed.manifest.clone(),
            objects: manifest.objects.len(),
            differing_buckets: self.damaged.len(),
        };
        let text = serde_json::to_string_pretty(&record).unwrap_or_default();
        held.renew().await?;
        registry.write(&format!("{}{}.json", self.archives, record.head), &text).await?;
        archive::finished(&options.archive)?;
        self.closed.archives = registry.archives(&self.archives).await?;
        Ok(())
    }

    /// Puts the certificate beside the manifest, as JSON and as a page, signed where this run has the key. The registry keeps it in any
    /// case, so that it does not get there is told and no more.
    pub(super) async fn keep_certificate(&mut self, options: &CloseOutOptions) {
        let json = serde_json::to_string_pretty(&self.closed).unwrap_or_default();
        let page = self.closed.to_html();
        let kept = archive::keep_certificate(self.session, &options.archive, &json, &page, self.signer.as_ref()).await;
        if let Err(error) = kept {
            self.closed.notes.push(format!("the certificate could not be put into the archive: {error}"));
        }
    }

    /// What is no place for an archive.
    fn outside(&self) -> Outside {
        let own = |kind| self.plan.pit_nodes().filter(move |node| node.properties.kind() == kind);
        let mut buckets: BTreeSet<String> = own(Kind::Bucket).map(|node| node.name.clone()).collect();
        buckets.insert(registry_bucket(&self.plan.account, &self.plan.region));
        buckets.extend(BucketRole::ALL.map(|role| self.plan.pit.bucket(role, &self.plan.account, &self.plan.region)));
        let arn = |node: &Node| self.observed.found.get(&node.id)?.attributes.arn.clone();
        Outside { pit: self.plan.pit.clone(), buckets, keys: own(Kind::KmsKey).filter_map(arn).collect() }
    }

    /// What is there of a kind and ours.
    pub(super) fn ours_of(&self, kind: Kind) -> Vec<&Node> {
        let nodes = self.plan.nodes.iter().filter(|node| node.scope == Scope::Pit && node.properties.kind() == kind);
        let is_ours =
            |node: &&Node| self.observed.found.get(&node.id).is_some_and(|found| self.foreign(node, found).is_none());
        nodes.filter(is_ours).collect()
    }

    /// The archive that an earlier run of this end made in the same place, if the registry knows it by its head and it holds every
    /// version of every object that is still there.
    async fn earlier_archive(
        &self,
        registry: &Registry<'_>,
        options: &CloseOutOptions,
    ) -> Result<Option<Manifest>, CloseOutError> {
        let Some(manifest) = self.manifest_at(&options.archive).await else { return Ok(None) };
        let records = registry.archives(&self.archives).await?;
        let known =
            records.iter().any(|record| record.head == manifest.head.to_string() && record.differing_buckets == 0);
        if !known || !manifest.is_chained() || manifest.pit != self.plan.pit {
            return Ok(None);
        }
        // The manifest alone proves nothing: what it names must still lie there, every hash as written.
        let report = match &options.archive {
            Destination::Folder { path, .. } => archive::verify(path, None),
            Destination::Vault(vault) => archive::verify_vault(self.session, &vault.place).await,
        };
        if !report.is_ok_and(|report| report.is_sound()) {
            return Ok(None);
        }
        let held: BTreeSet<(&str, &str, Option<&str>)> = manifest
            .objects
            .iter()
            .map(|object| (object.bucket.as_str(), object.key.as_str(), object.version_id.as_deref()))
            .collect();
        for node in self.plan.pit_nodes().filter(|node| node.properties.kind() == Kind::Bucket) {
            if !self.observed.found.contains_key(&node.id) {
                continue;
            }
            let there = archive::versions(self.reader(node, options), &node.name).await.map_err(ArchiveError::from)?;
            let is_held = |one: &archive::Listed| {
                held.contains(&(node.name.as_str(), one.key.as_str(), one.version_id.as_deref()))
            };
            if !there.iter().all(is_held) {
                return Ok(None);
            }
        }
        // What a table says may have changed since; an archive that says otherwise is not the one.
        for (name, content) in self.tables().await? {
            let same = |document: &archive::Document| document.name == name && document.sha256 == Digest::of(&content);
            if !manifest.documents.iter().any(same) {
                return Ok(None);
            }
        }
        Ok(Some(manifest))
    }

    /// Whether the registry knows what lies there as an archive of this life.
    async fn is_known(&self, registry: &Registry<'_>, archive: &Destination) -> Result<bool, CloseOutError> {
        let Some(manifest) = self.manifest_at(archive).await else { return Ok(false) };
        let records = registry.archives(&self.archives).await?;
        Ok(records.iter().any(|record| record.head == manifest.head.to_string()))
    }

    async fn manifest_at(&self, archive: &Destination) -> Option<Manifest> {
        match archive {
            Destination::Folder { path, .. } => {
                Manifest::from_json(&std::fs::read(path.join("manifest.json")).ok()?).ok()
            }
            Destination::Vault(vault) => archive::vault_manifest(self.session, &vault.place).await.ok()?,
        }
    }

    /// Who reads that bucket.
    pub(super) fn reader<'s>(&'s self, node: &Node, options: &'s CloseOutOptions) -> &'s Session {
        let stores = BucketRole::READ_BY_CUSTODIAN;
        let name = |role| self.plan.pit.bucket(role, &self.plan.account, &self.plan.region);
        let is_store = stores.into_iter().any(|role| name(role) == node.name);
        options.custodian.as_ref().filter(|_| is_store).unwrap_or(self.session)
    }

    /// What every table of ours that is still there says, by the name of the document that keeps it.
    async fn tables(&self) -> Result<Vec<(String, Vec<u8>)>, CloseOutError> {
        let mut tables = Vec::new();
        for node in self.ours_of(Kind::Table) {
            let lines = file_table::lines(self.session, &node.name).await.map_err(ArchiveError::from)?;
            tables.push((format!("{}.jsonl", node.id), lines.into_bytes()));
        }
        Ok(tables)
    }

    fn archived(&mut self, manifest: &Manifest, options: &CloseOutOptions) {
        let archived = manifest.objects.iter().map(|object| Archived {
            object: format!("s3://{}/{}", object.bucket, object.key),
            sha256: object.sha256.to_string(),
        });
        self.closed.archived = archived.collect();
        self.closed.documents = manifest
            .documents
            .iter()
            .map(|document| Archived { object: document.name.clone(), sha256: document.sha256.to_string() })
            .collect();
        self.closed.manifest_head = manifest.head.to_string();
        self.closed.signed_by = manifest.signer.clone().map(|public_key| {
            let fingerprint = public_key.fingerprint();
            SignedBy { public_key, fingerprint }
        });
        self.closed.manifest = match &options.archive {
            Destination::Folder { path, .. } => path.join("manifest.json").display().to_string(),
            Destination::Vault(vault) => vault.place.location("manifest.json"),
        };
    }
}

/// What the registry keeps of an environment, each as a document of the archive.
async fn records(registry: &Registry<'_>) -> Result<Vec<(String, Vec<u8>)>, RegistryError> {
    let mut records = Vec::new();
    for name in ["spec.json", "lock.json", "plan.json", "findings.json", "proofs.json", HOLDS] {
        records.extend(registry.read(name).await?.map(|content| (name.to_owned(), content)));
    }
    for plan in registry.every_plan().await? {
        records.push((format!("plan-{}.json", plan.digest), plan.to_json().into_bytes()));
    }
    for run in registry.runs().await? {
        records.extend(registry.read(&run).await?.map(|content| (run.replace('/', "-"), content)));
    }
    Ok(records)
}
