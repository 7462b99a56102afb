use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use tempfile::TempDir;

use super::contents::Signed;
use super::identity::make_identity_with;
use super::*;

fn about() -> About {
    About {
        pit: "hipaa".parse().unwrap(),
        account: "111122223333".parse().unwrap(),
        region: "us-west-2".parse().unwrap(),
        made_at: "2026-11-24T00:00:00Z".parse().unwrap(),
    }
}

fn meta(key: &str, version: &str, latest: bool) -> ObjectMeta {
    let version_id = Some(version.to_owned());
    ObjectMeta { bucket: "hipaa-data".to_owned(), key: key.to_owned(), version_id, latest, last_modified: None }
}

/// An archive of two versions, another object, a document and a deletion, with the identity that opens it.
struct Sample {
    folder: TempDir,
    identity: Identity,
}

impl Sample {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let recipient = make_identity(&folder.path().join("key"), None).unwrap();
        let identity = Identity::load(&folder.path().join("key"), None).unwrap();
        let sample = Self { folder, identity };
        let protection = Protection::Recipients(vec![recipient]);
        let mut writer = Writer::create(&sample.archive(), &protection).unwrap();
        writer.add_document("spec.toml", b"pit = \"hipaa\"\n").unwrap();
        writer.add_object(meta("in/visits.csv", "v2", true), &mut &b"new visits"[..]).unwrap();
        writer.add_object(meta("in/visits.csv", "v1", false), &mut &b"old visits"[..]).unwrap();
        writer.add_object(meta("in/labs.csv", "v1", true), &mut &vec![7; 200_000][..]).unwrap();
        let marker = DeleteMarker {
            bucket: "hipaa-data".to_owned(),
            key: "gone".to_owned(),
            version_id: Some("v9".to_owned()),
            latest: true,
            last_modified: None,
        };
        writer.add_delete_marker(marker);
        writer.finish(about(), &Signer::make().unwrap()).unwrap();
        sample
    }

    fn archive(&self) -> std::path::PathBuf {
        self.folder.path().join("archive")
    }

    fn target(&self) -> std::path::PathBuf {
        self.folder.path().join("target")
    }

    fn problems(&self, identity: Option<&Identity>) -> Vec<String> {
        verify(&self.archive(), identity).unwrap().problems.iter().map(ToString::to_string).collect()
    }

    fn edit(&self, edit: impl FnOnce(&mut serde_json::Value)) {
        let path = self.archive().join("manifest.json");
        let mut json: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        edit(&mut json);
        fs::write(path, json.to_string()).unwrap();
    }

    /// As one who edits the manifest, knows the format, and signs it anew.
    fn edit_with_chain(&self, edit: impl FnOnce(&mut Manifest)) {
        let path = self.archive().join("manifest.json");
        let mut manifest = Manifest::from_json(&fs::read(&path).unwrap()).unwrap();
        let signer = Signer::make().unwrap();
        manifest.signer = Some(signer.public_key());
        edit(&mut manifest);
        manifest.chain = manifest.computed_chain();
        manifest.head = *manifest.chain.last().unwrap();
        let signed = Signed::new(&manifest, &signer).unwrap();
        fs::write(path, signed.text).unwrap();
        fs::write(self.archive().join("manifest.json.sig"), signed.signature).unwrap();
        fs::write(self.archive().join("signer.pub"), signed.public_key).unwrap();
    }
}

#[test]
fn what_was_archived_is_restored() {
    let sample = Sample::new();
    let report = verify(&sample.archive(), Some(&sample.identity)).unwrap();
    assert!(report.is_sound() && report.contents_checked);
    assert_eq!((report.documents, report.objects, report.delete_markers, report.bytes), (1, 3, 1, 200_034));
    assert!(!verify(&sample.archive(), None).unwrap().contents_checked);
    let report = restore(&sample.archive(), Some(&sample.identity), &sample.target()).unwrap();
    assert!(report.objects.iter().all(|object| object.by_key));
    let data = sample.target().join("hipaa-data");
    assert_eq!(fs::read(data.join("in/visits.csv")).unwrap(), b"new visits");
    assert_eq!(fs::read(data.join("in/visits.csv@v1")).unwrap(), b"old visits");
    assert_eq!(fs::read(data.join("in/labs.csv")).unwrap(), vec![7; 200_000]);
    assert_eq!(fs::read(&report.documents[0]).unwrap(), b"pit = \"hipaa\"\n");
}

#[test]
fn no_content_and_no_key_is_in_clear_outside_the_manifest() {
    let sample = Sample::new();
    let stored = fs::read(sample.archive().join("objects/000001.age")).unwrap();
    assert!(!stored.windows(6).any(|window| window == b"visits"));
    assert!(stored.starts_with(b"age-encryption.org/v1\n"));
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_an_archive_or_an_identity() {
    use std::os::unix::fs::PermissionsExt;
    let sample = Sample::new();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&sample.archive()), 0o700);
    assert_eq!(mode(&sample.archive().join("objects/000001.age")), 0o600);
    assert_eq!(mode(&sample.archive().join("manifest.json")), 0o600);
    assert_eq!(mode(&sample.folder.path().join("key")), 0o400);
}

#[test]
fn a_changed_missing_or_foreign_file_is_found_without_a_key() {
    let sample = Sample::new();
    let objects = sample.archive().join("objects");
    let mut content = fs::read(objects.join("000001.age")).unwrap();
    *content.last_mut().unwrap() ^= 1;
    fs::write(objects.join("000001.age"), content).unwrap();
    fs::remove_file(objects.join("000002.age")).unwrap();
    fs::write(objects.join("000009.age"), "x").unwrap();
    let mut short = fs::read(objects.join("000003.age")).unwrap();
    short.truncate(1000);
    fs::write(objects.join("000003.age"), short).unwrap();
    let expected = [
        "`objects/000001.age` is not what was written",
        "`objects/000002.age` is missing",
        "`objects/000003.age` is not what was written",
        "`objects/000009.age` is not in the manifest",
    ];
    assert_eq!(sample.problems(None), expected);
    assert_eq!(sample.problems(Some(&sample.identity)), expected);
    let error = restore(&sample.archive(), Some(&sample.identity), &sample.target()).unwrap_err();
    assert_eq!(error.to_string(), "the archive is damaged: `objects/000001.age` is not what was written");
    let help = "verify the archive to see all that is wrong, and take another copy of it";
    assert_eq!(error.help().as_deref(), Some(help));
    assert!(!sample.target().join("@partial").exists() && !sample.target().join("hipaa-data").exists());
}

#[test]
fn an_edited_manifest_breaks_the_chain() {
    type Edit = fn(&mut serde_json::Value);
    let edits: [Edit; 6] = [
        |json| json["objects"][0]["latest"] = false.into(),
        |json| json["objects"][0]["key"] = "in/other.csv".into(),
        |json| json["made_at"] = "2020-01-01T00:00:00Z".into(),
        |json| drop(json["delete_markers"].as_array_mut().unwrap().pop()),
        |json| drop(json["chain"].as_array_mut().unwrap().pop()),
        |json| json["head"] = "0".repeat(64).into(),
    ];
    for edit in edits {
        let sample = Sample::new();
        sample.edit(edit);
        let expected = [
            "`manifest.json` has entries that do not fit its chain of hashes",
            "`manifest.json.sig` is not the manifest's signature by the key that the manifest names",
        ];
        assert_eq!(sample.problems(None), expected);
        let error = restore(&sample.archive(), Some(&sample.identity), &sample.target()).unwrap_err();
        assert!(matches!(error, RestoreError::Damaged(_)), "{error}");
        assert!(!sample.target().exists());
    }
}

#[test]
fn a_rewritten_chain_shows_in_the_head_and_contents_still_count() {
    let sample = Sample::new();
    let before = verify(&sample.archive(), None).unwrap().head;
    sample.edit_with_chain(|manifest| manifest.objects[0].sha256 = crate::transfer::Digest::of(b"other"));
    let report = verify(&sample.archive(), None).unwrap();
    assert!(report.is_sound() && report.head != before);
    let expected = ["`objects/000001.age` has another content than the manifest says"];
    assert_eq!(sample.problems(Some(&sample.identity)), expected);
}

#[test]
fn a_manifest_signed_anew_shows_where_the_key_is_pinned() {
    let sample = Sample::new();
    let pin = |report: &VerifyReport| report.signer.as_ref().unwrap().fingerprint().parse::<Pin>().unwrap();
    let pins = [pin(&verify(&sample.archive(), None).unwrap())];
    assert!(verify(&sample.archive(), None).unwrap().signed_by(&pins).is_sound());
    sample.edit_with_chain(|manifest| manifest.objects[0].key = "in/other.csv".to_owned());
    let report = verify(&sample.archive(), None).unwrap();
    assert!(report.is_sound(), "nobody but the holder of the key can tell: {report:?}");
    let report = report.signed_by(&pins);
    assert_eq!(report.problems[0].to_string(), "`manifest.json.sig` is by none of the keys given");
}

#[test]
fn a_signature_that_is_gone_or_not_this_manifests_is_found() {
    let [sample, other] = [Sample::new(), Sample::new()];
    fs::copy(other.archive().join("manifest.json.sig"), sample.archive().join("manifest.json.sig")).unwrap();
    fs::copy(other.archive().join("signer.pub"), sample.archive().join("signer.pub")).unwrap();
    let expected = [
        "`manifest.json.sig` is not the manifest's signature by the key that the manifest names",
        "`signer.pub` is not what was written",
    ];
    assert_eq!(sample.problems(None), expected);
    for file in ["manifest.json.sig", "signer.pub"] {
        fs::remove_file(sample.archive().join(file)).unwrap();
    }
    assert_eq!(sample.problems(None), ["`manifest.json.sig` is missing", "`signer.pub` is missing"]);
    let error = restore(&sample.archive(), Some(&sample.identity), &sample.target()).unwrap_err();
    assert_eq!(error.to_string(), "the archive is damaged: `manifest.json.sig` is missing");
}

#[test]
fn an_archive_of_version_1_is_read_and_told_to_be_unsigned() {
    let sample = Sample::new();
    sample.edit_with_chain(|manifest| (manifest.schema_version, manifest.signer) = (1, None));
    for file in ["manifest.json.sig", "signer.pub"] {
        fs::remove_file(sample.archive().join(file)).unwrap();
    }
    let report = verify(&sample.archive(), Some(&sample.identity)).unwrap();
    assert!(report.is_sound() && report.signer.is_none(), "{report:?}");
    let pins = [Signer::make().unwrap().public_key().fingerprint().parse().unwrap()];
    assert!(!report.signed_by(&pins).is_sound());
    restore(&sample.archive(), Some(&sample.identity), &sample.target()).unwrap();
}

#[test]
fn a_manifest_that_is_none_is_told_as_such() {
    type Edit = fn(&mut serde_json::Value);
    let edits: [(Edit, &str); 9] = [
        (|json| json["schema_version"] = 3.into(), "its schema version is `3`, newer than `2`"),
        (|json| json["schema_version"] = 1.into(), "who signed it does not fit its schema version"),
        (|json| json["signer"] = "ssh-ed25519 AAAA".into(), "it is not as expected"),
        (
            |json| json["objects"][0]["file"] = "../../etc/passwd".into(),
            "it names the file `../../etc/passwd` where `objects/000001.age` is",
        ),
        (
            |json| json["objects"].as_array_mut().unwrap().swap(0, 1),
            "it names the file `objects/000002.age` where `objects/000001.age` is",
        ),
        (|json| json["documents"][0]["name"] = "../spec".into(), "`../spec` is no name for a document"),
        (|json| json["encryption"] = "none".into(), "its recipients do not fit its encryption"),
        (
            |json| json["objects"][0]["bytes"] = serde_json::from_str("1e400").unwrap_or((-1).into()),
            "it is not as expected",
        ),
        (|json| json["surprise"] = 1.into(), "it is not as expected"),
    ];
    for (edit, expected) in edits {
        let sample = Sample::new();
        sample.edit(edit);
        let error = verify(&sample.archive(), None).unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(source, expected);
        assert!(error.help().is_some());
    }
}

#[test]
fn a_manifest_cut_anywhere_is_an_error_and_no_panic() {
    let sample = Sample::new();
    let path = sample.archive().join("manifest.json");
    let whole = fs::read(&path).unwrap();
    for length in (0..whole.len() - 2).step_by(97) {
        fs::write(&path, &whole[..length]).unwrap();
        let error = verify(&sample.archive(), None).unwrap_err();
        assert!(matches!(error, VerifyError::Manifest { .. }), "{length}: {error}");
    }
    let huge = String::from_utf8(whole).unwrap().replace("\"bytes\": 10,", "\"bytes\": 99999999999999999999999999,");
    fs::write(&path, huge).unwrap();
    assert!(matches!(verify(&sample.archive(), None), Err(VerifyError::Manifest { .. })));
    fs::remove_file(&path).unwrap();
    let error = verify(&sample.archive(), None).unwrap_err();
    assert!(error.to_string().ends_with("has no `manifest.json`"));
    let help = "it is no archive, or one that was never finished: close-out deletes nothing before that, and run again it makes the \
                archive anew in the same folder";
    assert_eq!(error.help().as_deref(), Some(help));
}

#[test]
fn the_largest_numbers_do_not_overflow() {
    let sample = Sample::new();
    sample.edit_with_chain(|manifest| manifest.objects.iter_mut().for_each(|object| object.bytes = u64::MAX));
    assert_eq!(verify(&sample.archive(), None).unwrap().bytes, 3 * u128::from(u64::MAX) + 14);
}

#[test]
fn keys_that_would_leave_the_folder_are_restored_under_their_number() {
    for key in ["../x", "a/../../x", "/etc/x", "..", "a\\..\\x", "C:x", "a\0b"] {
        let sample = Sample::new();
        sample.edit_with_chain(|manifest| manifest.objects[2].key = key.to_owned());
        let report = restore(&sample.archive(), Some(&sample.identity), &sample.target()).unwrap();
        let restored = &report.objects[2];
        assert!(!restored.by_key && restored.path.starts_with(sample.target()), "{key}: {restored:?}");
        assert!(restored.path.ends_with("@objects/000003"), "{key}: {restored:?}");
    }
    let sample = Sample::new();
    sample.edit_with_chain(|manifest| manifest.objects[2].bucket = "..".to_owned());
    assert!(restore(&sample.archive(), Some(&sample.identity), &sample.target()).is_err());
}

#[cfg(unix)]
#[test]
fn links_in_an_archive_are_not_followed() {
    let sample = Sample::new();
    let object = sample.archive().join("objects/000001.age");
    fs::rename(&object, sample.folder.path().join("moved")).unwrap();
    std::os::unix::fs::symlink(sample.folder.path().join("moved"), &object).unwrap();
    assert_eq!(sample.problems(None), ["`objects/000001.age` is not a file"]);
    let sample = Sample::new();
    let documents = sample.archive().join("documents");
    fs::rename(&documents, sample.folder.path().join("moved")).unwrap();
    std::os::unix::fs::symlink(sample.folder.path().join("moved"), &documents).unwrap();
    assert_eq!(sample.problems(None), ["`documents/spec.toml.age` is not a file"]);
    let sample = Sample::new();
    let manifest = sample.archive().join("manifest.json");
    fs::rename(&manifest, sample.folder.path().join("moved")).unwrap();
    std::os::unix::fs::symlink(sample.folder.path().join("moved"), &manifest).unwrap();
    assert!(matches!(verify(&sample.archive(), None), Err(VerifyError::NoManifest(_))));
}

#[test]
fn a_wrong_or_missing_identity_says_whose_is_needed() {
    let sample = Sample::new();
    let other = sample.folder.path().join("other");
    make_identity(&other, None).unwrap();
    let other = Identity::load(&other, None).unwrap();
    let error = verify(&sample.archive(), Some(&other)).unwrap_err();
    assert_eq!(error.to_string(), "the identity opens nothing in the archive");
    assert_eq!(error.help(), Some(format!("it was encrypted for {}", sample.identity.recipient())));
    let error = restore(&sample.archive(), Some(&other), &sample.target()).unwrap_err();
    assert!(matches!(error, RestoreError::Archive(VerifyError::WrongIdentity { .. })));
    let error = restore(&sample.archive(), None, &sample.folder.path().join("third")).unwrap_err();
    assert_eq!(error.to_string(), "the archive is encrypted");
    assert_eq!(error.help(), Some(format!("give the identity of {}", sample.identity.recipient())));
}

#[test]
fn nothing_is_overwritten() {
    let sample = Sample::new();
    let protection = Protection::Plain(Dangerous::store_health_data_in_clear());
    let error = Writer::create(&sample.archive(), &protection).unwrap_err();
    assert!(error.to_string().ends_with("` is not empty"));
    assert_eq!(error.help().as_deref(), Some("name a new or empty folder: an archive never overwrites anything"));
    let error = restore(&sample.archive(), Some(&sample.identity), sample.folder.path()).unwrap_err();
    assert!(matches!(error, RestoreError::NotEmpty(_)));
    let error = make_identity(&sample.folder.path().join("key"), None).unwrap_err();
    assert!(matches!(error, IdentityError::Exists(_)) && error.help().is_some());
}

#[test]
fn an_object_that_was_not_finished_is_not_in_the_archive() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    let mut writer = Writer::create(&path, &Protection::Plain(Dangerous::store_health_data_in_clear())).unwrap();
    drop(writer.begin_object(meta("a", "v1", true)).unwrap());
    writer.add_object(meta("b", "v1", true), &mut &b"b"[..]).unwrap();
    writer.finish(about(), &Signer::make().unwrap()).unwrap();
    let report = verify(&path, None).unwrap();
    assert!(report.is_sound() && report.contents_checked && report.objects == 1, "{report:?}");
}

#[test]
fn recipients_and_documents_are_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let create = |texts: &[&str]| {
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        Writer::create(&folder.path().join("archive"), &Protection::Recipients(texts)).unwrap_err()
    };
    assert_eq!(create(&[]).to_string(), "no recipient is named who could decrypt the archive");
    assert_eq!(create(&["age1x"]).to_string(), "`age1x` is no recipient");
    let secret = "AGE-SECRET-KEY-1QQQQ";
    let error = create(&[secret]);
    assert!(!format!("{error} {error:?}").contains("QQQQ"));
    let mut writer =
        Writer::create(&folder.path().join("a"), &Protection::Plain(Dangerous::store_health_data_in_clear())).unwrap();
    for name in ["", ".", "..", "a/b", "../a", "A", "a b", ".a", "a."] {
        assert!(matches!(writer.add_document(name, b""), Err(ArchiveError::DocumentName(_))), "{name}");
    }
    writer.add_document("a", b"").unwrap();
    assert!(matches!(writer.add_document("a", b""), Err(ArchiveError::DocumentExists(_))));
}

#[test]
fn an_identity_opens_with_its_passphrase_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let passphrase = SecretString::from("correct horse");
    let recipient = make_identity_with(&path, Some(&passphrase), 4).unwrap();
    assert!(!fs::read_to_string(&path).unwrap_or_default().contains("AGE-SECRET-KEY"));
    let identity = Identity::load(&path, Some(&passphrase)).unwrap();
    assert_eq!(identity.recipient(), recipient);
    assert_eq!(format!("{identity:?}"), format!("Identity({recipient})"));
    let error = Identity::load(&path, None).unwrap_err();
    assert_eq!(error.help().as_deref(), Some("give the passphrase it was made with"));
    let error = Identity::load(&path, Some(&SecretString::from("wrong"))).unwrap_err();
    assert!(matches!(error, IdentityError::WrongPassphrase(_)), "{error}");
    let error = make_identity(&folder.path().join("k2"), Some(&SecretString::from(""))).unwrap_err();
    assert_eq!(error.to_string(), "the passphrase is empty");
    assert!(!folder.path().join("k2").exists());
}

#[test]
fn a_file_without_an_identity_is_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    for content in
        [&b""[..], b"# only a comment\n", b"AGE-SECRET-KEY-1QQQ", b"\xff\xfe", b"age-encryption.org/v1\n-> x"]
    {
        fs::write(&path, content).unwrap();
        let error = Identity::load(&path, Some(&SecretString::from("x"))).unwrap_err();
        assert!(matches!(error, IdentityError::NoIdentity(_)), "{error}");
        assert!(!format!("{error} {error:?}").contains("QQQ"));
    }
    let error = Identity::load(&folder.path().join("none"), None).unwrap_err();
    assert_eq!(error.help().as_deref(), Some("check the path"));
}

#[test]
fn keys_that_are_no_paths_are_restored_under_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let long = "x".repeat(300);
    let keys = ["a", "a/b", "c/", "d//e", "./f", "g\nh", &long, "@objects/000001", "k@v1", "k"];
    let mut writer =
        Writer::create(&folder.path().join("a"), &Protection::Plain(Dangerous::store_health_data_in_clear())).unwrap();
    for key in keys {
        writer.add_object(meta(key, "v1", key != "k"), &mut key.as_bytes()).unwrap();
    }
    writer.finish(about(), &Signer::make().unwrap()).unwrap();
    let report = restore(&folder.path().join("a"), None, &folder.path().join("t")).unwrap();
    let by_key: Vec<&str> = report.objects.iter().filter(|object| object.by_key).map(|object| &*object.key).collect();
    assert_eq!(by_key, ["a", "@objects/000001", "k@v1"]);
    for object in &report.objects {
        assert_eq!(fs::read(&object.path).unwrap(), object.key.as_bytes());
    }
}

fn keys() -> impl Strategy<Value = String> {
    let segment = prop_oneof!["[a-c]{1,2}", "[a-zA-Z0-9 ._@é-]{0,6}", "\\PC{0,4}"];
    let key = prop::collection::vec(segment, 1..4).prop_map(|segments| segments.join("/"));
    key.prop_filter("a key has a name and stays in the folder", |key| {
        !key.is_empty() && key.len() <= 1024 && !leaves(key)
    })
}

fn leaves(key: &str) -> bool {
    key.starts_with(['/', '\\'])
        || key.as_bytes().get(1) == Some(&b':')
        || key.split(['/', '\\']).any(|segment| segment == "..")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_objects_round_trip(
        objects in prop::collection::btree_map(keys(), prop::collection::vec(any::<u8>(), 0..200), 0..8),
        encrypted in any::<bool>(),
        size in prop_oneof![Just(0_usize), 65_530..65_545_usize, 131_072..131_073_usize],
    ) {
        round_trip(&objects, encrypted, size);
    }
}

/// `size`: of one more object, about the chunks of age.
fn round_trip(objects: &BTreeMap<String, Vec<u8>>, encrypted: bool, size: usize) {
    let folder = tempfile::tempdir().unwrap();
    let recipient = make_identity(&folder.path().join("key"), None).unwrap();
    let identity = Identity::load(&folder.path().join("key"), None).unwrap();
    let protection = match encrypted {
        true => Protection::Recipients(vec![recipient]),
        false => Protection::Plain(Dangerous::store_health_data_in_clear()),
    };
    let mut objects: Vec<(&str, &[u8])> = objects.iter().map(|(key, content)| (&**key, &**content)).collect();
    let large = vec![3; size];
    objects.push(("large", &large));
    let mut writer = Writer::create(&folder.path().join("a"), &protection).unwrap();
    for (key, content) in &objects {
        writer.add_object(meta(key, "v1", true), &mut &**content).unwrap();
    }
    writer.finish(about(), &Signer::make().unwrap()).unwrap();
    assert!(verify(&folder.path().join("a"), Some(&identity)).unwrap().is_sound());
    let report = restore(&folder.path().join("a"), Some(&identity), &folder.path().join("t")).unwrap();
    assert_eq!(report.objects.len(), objects.len());
    for ((key, content), restored) in objects.iter().zip(&report.objects) {
        assert_eq!(*key, restored.key);
        assert_eq!(fs::read(&restored.path).unwrap(), *content);
    }
}
