use std::fs;
use std::path::Path;

use age::secrecy::SecretString;
use ssh_key::PrivateKey;
use tempfile::TempDir;

use super::folder::{place, read_private, rename};
use super::pair::make_files;
use super::*;
use crate::archive::{Identity, make_identity};

/// Keys of `hipaa` in a folder of their own.
fn folder() -> (TempDir, Folder) {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::beside(&dir.path().join("hipaa.toml"), &"hipaa".parse().unwrap());
    (dir, folder)
}

fn unencrypted() -> Protection {
    Protection::Unencrypted(Dangerous::keep_private_key_unencrypted())
}

fn passphrase(text: &str) -> Protection {
    Protection::Passphrase(SecretString::from(text))
}

fn nobody() -> Recipients {
    Recipients::default()
}

fn names(folder: &Folder) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    names
}

/// The public half of the private half in a file.
fn public_of(path: &Path) -> String {
    read_private(path).unwrap().unwrap().public.to_string()
}

#[test]
fn a_pair_is_two_files_for_their_owner() {
    let (_dir, folder) = folder();
    make(&folder, "r1", &passphrase("four words that belong"), &nobody()).unwrap();
    assert_eq!(names(&folder), ["hipaa_r1_keypair", "hipaa_r1_keypair.pub"]);
    let public = fs::read_to_string(folder.path().join("hipaa_r1_keypair.pub")).unwrap();
    assert!(public.starts_with("ssh-ed25519 ") && public.ends_with(" hipaa_r1_keypair\n"), "{public}");
    let seen = folder.look("r1").unwrap();
    assert_eq!((seen.state, seen.encrypted, seen.escrow), (State::Whole, Some(true), false));
    assert_eq!(seen.public.unwrap().to_string(), public_of(&folder.private_half("r1")));
    assert!(seen.fingerprint.unwrap().starts_with("SHA256:"));
}

#[cfg(unix)]
#[test]
fn modes_are_what_ssh_asks_for() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_dir, folder) = folder();
    fs::create_dir(folder.path()).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    make(&folder, "r1", &unencrypted(), &nobody()).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let files = folder.files("r1");
    assert_eq!([folder.path(), &files.private, &files.public].map(mode), [0o700, 0o400, 0o644]);
}

#[test]
fn the_passphrase_opens_it_and_another_does_not() {
    let (_dir, folder) = folder();
    make(&folder, "r1", &passphrase("four words that belong"), &nobody()).unwrap();
    let key = PrivateKey::read_openssh_file(&folder.private_half("r1")).unwrap();
    assert_eq!(key.cipher(), ssh_key::Cipher::Aes256Ctr);
    assert_eq!(key.decrypt("four words that belong").unwrap().comment(), "hipaa_r1_keypair");
    assert!(key.decrypt("four words that belonG").is_err());
}

#[test]
fn a_short_passphrase_makes_no_key() {
    let (_dir, folder) = folder();
    let refused = make(&folder, "r1", &passphrase("1234567"), &nobody()).unwrap_err();
    assert_eq!(refused.to_string(), "the passphrase has fewer than 8 characters");
    assert!(names(&folder).is_empty(), "{:?}", names(&folder));
}

#[test]
fn no_key_is_overwritten() {
    let (_dir, folder) = folder();
    make(&folder, "r1", &unencrypted(), &nobody()).unwrap();
    let before = fs::read(folder.private_half("r1")).unwrap();
    let refused = make(&folder, "r1", &unencrypted(), &nobody()).unwrap_err();
    assert!(matches!(&refused, KeyError::Exists(path) if *path == folder.private_half("r1")), "{refused:?}");
    assert!(refused.help().unwrap().contains("sce keys rotate"));
    assert_eq!(fs::read(folder.private_half("r1")).unwrap(), before);
    // A public half alone is somebody's key too, and so is an escrow copy.
    for ending in [".pub", ".escrow.age"] {
        fs::write(folder.path().join(format!("hipaa_r2_keypair{ending}")), "x").unwrap();
        assert!(matches!(make(&folder, "r2", &unencrypted(), &nobody()), Err(KeyError::Exists(_))));
        assert!(!folder.private_half("r2").exists());
    }
    let mine = folder.path().join("mine");
    fs::write(&mine, "mine").unwrap();
    assert!(matches!(place(&mine, b"other", 0o400), Err(KeyError::Exists(_))));
    assert_eq!(fs::read(&mine).unwrap(), b"mine");
}

#[test]
fn what_an_interrupted_run_left_is_finished_or_written_over() {
    let (dir, folder) = folder();
    let identity = dir.path().join("admin");
    let recipients = Recipients::parse([make_identity(&identity, None).unwrap().as_str()]).unwrap();
    let files = folder.files("r1");
    // Before there was a key: files under other names.
    make(&folder, "other", &unencrypted(), &nobody()).unwrap();
    fs::write(files.unproven_escrow(), "half a copy").unwrap();
    fs::write(folder.path().join("hipaa_r1_keypair.partial"), "half a key").unwrap();
    assert_eq!(folder.look("r1").unwrap().state, State::Missing);
    make(&folder, "r1", &unencrypted(), &recipients).unwrap();
    let whole = folder.look("r1").unwrap();
    assert_eq!((whole.state, whole.escrow), (State::Whole, true));
    // When there was: neither the copy nor the public half has its name.
    rename(&files.escrow, &files.unproven_escrow()).unwrap();
    fs::remove_file(&files.public).unwrap();
    assert_eq!(folder.look("r1").unwrap().state, State::CutShort);
    assert!(mend(&folder, "r1").unwrap());
    assert_eq!(folder.look("r1").unwrap(), whole);
    assert!(!mend(&folder, "r1").unwrap(), "nothing is left to do");
}

#[test]
fn halves_of_two_keys_are_told() {
    let (_dir, folder) = folder();
    make(&folder, "r1", &unencrypted(), &nobody()).unwrap();
    make(&folder, "r2", &unencrypted(), &nobody()).unwrap();
    fs::copy(folder.files("r2").public, folder.files("r1").public).unwrap();
    let refused = folder.look("r1").unwrap_err();
    assert!(refused.to_string().contains("is not the public half of"), "{refused}");
}

#[test]
fn private_material_in_a_public_half_is_refused_and_not_repeated() {
    let (_dir, folder) = folder();
    make(&folder, "r1", &unencrypted(), &nobody()).unwrap();
    let files = folder.files("r1");
    fs::remove_file(&files.public).unwrap();
    fs::copy(&files.private, &files.public).unwrap();
    let refused = folder.look("r1").unwrap_err();
    assert!(matches!(refused, KeyError::NoPublicKey { .. }), "{refused:?}");
    assert!(!format!("{refused:?}").contains("b3Blb"), "{refused:?}");
}

#[test]
fn an_administrator_gets_a_key_back_and_nobody_else_does() {
    let (dir, folder) = folder();
    let path = |name: &str| dir.path().join(name);
    let recipient = make_identity(&path("admin"), None).unwrap();
    make_identity(&path("stranger"), None).unwrap();
    let recipients = Recipients::parse([recipient.as_str(), recipient.as_str()]).unwrap();
    make(&folder, "r1", &passphrase("known to r1 alone"), &recipients).unwrap();
    let copy = folder.files("r1").escrow;
    let stranger = Identity::load(&path("stranger"), None).unwrap();
    let refused = recover(&copy, &stranger, &path("back"), &unencrypted()).unwrap_err();
    assert!(matches!(refused, KeyError::OtherIdentity(_)), "{refused:?}");
    let admin = Identity::load(&path("admin"), None).unwrap();
    let recovered = recover(&copy, &admin, &path("back"), &passphrase("known to the admin")).unwrap();
    assert_eq!(recovered.name, "hipaa_r1_keypair");
    assert_eq!(Some(recovered.fingerprint), folder.look("r1").unwrap().fingerprint);
    let back = PrivateKey::read_openssh_file(&path("back")).unwrap();
    assert!(back.decrypt("known to r1 alone").is_err());
    assert!(back.decrypt("known to the admin").is_ok());
    assert!(matches!(recover(&copy, &admin, &path("back"), &unencrypted()), Err(KeyError::Exists(_))));
}

#[test]
fn a_recipient_that_is_none_is_refused_without_showing_a_secret() {
    let refused = Recipients::parse(["AGE-SECRET-KEY-1QQQQ"]).err().unwrap();
    assert_eq!(refused.to_string(), "`AGE-SECRET-KEY-…` is no recipient");
}

#[test]
fn both_keys_are_in_force_until_the_rotation_is_finished() {
    let (dir, folder) = folder();
    let recipients = Recipients::parse([make_identity(&dir.path().join("admin"), None).unwrap().as_str()]).unwrap();
    make(&folder, "r1", &unencrypted(), &recipients).unwrap();
    let old = folder.look("r1").unwrap();
    rotate(&folder, "r1", &unencrypted(), &nobody()).unwrap();
    let rotating = folder.look("r1").unwrap();
    assert_eq!((rotating.state, &rotating.previous), (State::Rotating, &old.public));
    assert_ne!(rotating.public, old.public);
    assert!(!rotating.escrow, "the old key's copy is not taken for the new one's");
    assert!(folder.previous("r1").escrow.exists());
    assert!(matches!(rotate(&folder, "r1", &unencrypted(), &nobody()), Err(KeyError::Rotating(_))));
    finish(&folder, "r1").unwrap();
    let done = folder.look("r1").unwrap();
    assert_eq!((done.state, &done.public, &done.previous), (State::Whole, &rotating.public, &None));
    assert_eq!(names(&folder), ["hipaa_r1_keypair", "hipaa_r1_keypair.pub"]);
    assert!(matches!(finish(&folder, "r1"), Err(KeyError::NotRotating(_))));
}

#[test]
fn a_key_that_is_not_there_cannot_be_rotated() {
    let (_dir, folder) = folder();
    let refused = rotate(&folder, "r1", &unencrypted(), &nobody()).unwrap_err();
    assert!(refused.to_string().starts_with("there is no key of `r1` in"), "{refused}");
}

#[test]
fn a_key_that_was_handed_over_can_be_rotated() {
    let (_dir, folder) = folder();
    make(&folder, "r1", &unencrypted(), &nobody()).unwrap();
    fs::remove_file(folder.private_half("r1")).unwrap();
    let old = folder.look("r1").unwrap();
    assert_eq!(old.state, State::HandedOver);
    rotate(&folder, "r1", &unencrypted(), &nobody()).unwrap();
    assert_eq!(folder.look("r1").unwrap().previous, old.public);
    finish(&folder, "r1").unwrap();
    assert_eq!(folder.look("r1").unwrap().state, State::Whole);
}

/// The steps of a rotation, each of which may be the last before the power goes.
const STEPS: [fn(&Folder); 6] = [
    |folder| make_files(&folder.next("r1"), "hipaa_r1_keypair", &unencrypted(), &nobody()).unwrap(),
    |folder| fs::hard_link(folder.files("r1").private, folder.previous("r1").private).unwrap(),
    |folder| fs::hard_link(folder.files("r1").public, folder.previous("r1").public).unwrap(),
    |folder| rename(&folder.next("r1").public, &folder.files("r1").public).unwrap(),
    |folder| rename(&folder.next("r1").private, &folder.files("r1").private).unwrap(),
    |_| {},
];

#[test]
fn nobody_is_locked_out_wherever_a_rotation_is_cut_short() {
    for done in 0..STEPS.len() {
        let (_dir, folder) = folder();
        make(&folder, "r1", &unencrypted(), &nobody()).unwrap();
        let old = public_of(&folder.private_half("r1"));
        STEPS[..done].iter().for_each(|step| step(&folder));
        let cut = folder.look("r1").unwrap();
        let in_force: Vec<String> =
            [&cut.public, &cut.previous].into_iter().flatten().map(ToString::to_string).collect();
        assert!(in_force.contains(&public_of(&folder.private_half("r1"))), "the key at hand opens after step {done}");
        assert!(in_force.contains(&old), "the old key opens after step {done}");
        if cut.state == State::CutShort {
            assert!(matches!(finish(&folder, "r1"), Err(KeyError::CutShort(_))));
        }
        if cut.state == State::CutShort {
            assert!(matches!(rotate(&folder, "r1", &unencrypted(), &nobody()), Err(KeyError::CutShort(_))));
            assert!(resume(&folder, "r1").unwrap());
        }
        if done == 0 {
            assert!(!resume(&folder, "r1").unwrap(), "there is nothing to go on with");
            rotate(&folder, "r1", &unencrypted(), &nobody()).unwrap();
        }
        let whole = folder.look("r1").unwrap();
        assert_eq!((whole.state, whole.previous.unwrap().to_string()), (State::Rotating, old.clone()));
        assert_ne!(whole.public.unwrap().to_string(), old);
        assert_eq!(public_of(&folder.previous("r1").private), old);
        assert_eq!(names(&folder).len(), 4, "{:?}", names(&folder));
    }
}

#[test]
fn a_finish_that_is_cut_short_leaves_nothing_that_a_rotation_takes_for_the_old_key() {
    let (_dir, folder) = folder();
    make(&folder, "r1", &unencrypted(), &nobody()).unwrap();
    rotate(&folder, "r1", &unencrypted(), &nobody()).unwrap();
    let second = public_of(&folder.private_half("r1"));
    fs::remove_file(folder.previous("r1").public).unwrap();
    rotate(&folder, "r1", &unencrypted(), &nobody()).unwrap();
    assert_eq!(public_of(&folder.previous("r1").private), second);
}
