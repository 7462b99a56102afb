//! The data volume: only a blank one is ever written to (L605).

use std::fs::{self, File};
use std::os::unix::fs::{FileExt as _, symlink};
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use crate::scratch::{Ran, Scratch};

const MIB: u64 = 1 << 20;
const SIZE: u64 = 16 * MIB;
const DEVICE: &str = "dev/nvme1n1";

/// A private machine with a blank volume, as udev shows it.
fn machine() -> (Scratch, PathBuf) {
    let scratch = Scratch::private();
    scratch.write(DEVICE, "");
    let image = scratch.root().join(DEVICE);
    File::options().write(true).open(&image).unwrap().set_len(SIZE).unwrap();
    symlink("nvme1n1", scratch.root().join("dev/sdf")).unwrap();
    (scratch, image)
}

fn write_at(image: &PathBuf, offset: u64, bytes: &[u8]) {
    File::options().write(true).open(image).unwrap().write_all_at(bytes, offset).unwrap();
}

fn sha256(image: &PathBuf) -> Vec<u8> {
    Sha256::digest(fs::read(image).unwrap()).to_vec()
}

/// A tool's answer about the image, fakes aside.
fn answer(scratch: &Scratch, program: &str, arguments: &[&str]) -> Ran {
    let ran = scratch.command(program, arguments);
    drop(scratch.calls());
    ran
}

/// The superblock of an XFS of 16 MiB, as far as it is probed (Linux, `fs/xfs/libxfs/xfs_format.h`, `xfs_dsb`).
fn xfs() -> Vec<u8> {
    let mut block = vec![0; 512];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"XFSB");
    put(4, &4096_u32.to_be_bytes());
    put(8, &4096_u64.to_be_bytes());
    put(32, &[7; 16]);
    put(80, &1_u32.to_be_bytes());
    put(84, &4096_u32.to_be_bytes());
    put(88, &1_u32.to_be_bytes());
    put(100, &[0xb4, 0xa5]);
    put(102, &512_u16.to_be_bytes());
    put(104, &512_u16.to_be_bytes());
    put(106, &8_u16.to_be_bytes());
    put(120, &[12, 9, 9, 3, 12, 0, 0, 25]);
    block
}

/// A partition table of the old kind with one Linux partition.
fn partitions() -> Vec<u8> {
    let mut sector = vec![0; 512];
    sector[446..462].copy_from_slice(&[0, 0, 2, 0, 0x83, 0, 3, 0, 0, 8, 0, 0, 0, 8, 0, 0]);
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    sector
}

fn noise(length: usize) -> Vec<u8> {
    let mut state = 1938_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

/// Refused loudly, and left as it is to the last bit.
fn assert_untouched(scratch: &Scratch, image: &PathBuf, what: &str) {
    let before = sha256(image);
    drop(scratch.calls());
    let ran = scratch.function("mount_data");
    assert_ne!(ran.status, 0, "{what}");
    assert!(ran.told.contains("neither blank nor ours"), "{what}: {}", ran.told);
    assert_eq!(sha256(image), before, "{what} was written to");
    let wrote = |call: &String| call.starts_with("mkfs") || call.starts_with("mount ");
    assert!(!scratch.calls().iter().any(wrote), "{what} was formatted or mounted");
    assert!(!scratch.read("etc/fstab").contains("hipaa"), "{what} is to be mounted at boot");
}

#[test]
fn a_blank_volume_is_formatted_labelled_and_mounted() {
    let (scratch, image) = machine();
    let ran = scratch.function("mount_data");
    assert_eq!(ran.status, 0, "{}", ran.told);
    let calls = scratch.calls();
    assert!(calls.contains(&"mkfs.ext4 -q -L hipaa /dev/nvme1n1".to_owned()), "{calls:?}");
    assert!(calls.contains(&"mount /hipaa".to_owned()), "{calls:?}");
    assert!(calls.contains(&"chown root:sce-people /hipaa".to_owned()), "{calls:?}");
    assert_eq!(scratch.mode("hipaa"), 0o2770);
    let image = image.to_string_lossy().into_owned();
    assert_eq!(answer(&scratch, "blkid", &["-p", "-s", "LABEL", "-o", "value", &image]).told.trim(), "hipaa");
    let uuid = answer(&scratch, "blkid", &["-p", "-s", "UUID", "-o", "value", &image]).told;
    let line = format!("UUID={} /hipaa ext4 defaults,nodev,nosuid,nofail 0 2\n", uuid.trim());
    assert_eq!(scratch.read("etc/fstab"), format!("UUID=1111 / xfs defaults 0 1\n{line}"));
}

#[test]
fn the_folder_under_the_mount_is_for_root_alone() {
    let (scratch, _) = machine();
    scratch.ends("mount", 32);
    assert_ne!(scratch.function("mount_data").status, 0);
    assert_eq!(scratch.mode("hipaa"), 0o700, "people would write to the root volume while the data volume is away");
}

#[test]
fn a_second_run_changes_nothing() {
    let (scratch, _) = machine();
    assert_eq!(scratch.function("mount_data").status, 0);
    let before = scratch.everything();
    drop(scratch.calls());
    assert_eq!(scratch.function("mount_data").status, 0);
    assert!(scratch.everything() == before);
    assert!(!scratch.calls().iter().any(|call| call.starts_with("mkfs") || call.starts_with("mount ")));
}

#[test]
fn a_volume_of_ours_is_mounted_on_the_next_machine_as_it_is() {
    let (scratch, image) = machine();
    let path = image.to_string_lossy().into_owned();
    assert_eq!(answer(&scratch, "mkfs.ext4", &["-q", "-L", "hipaa", &path]).status, 0);
    scratch.write("etc/fstab", "UUID=2222 /hipaa ext4 defaults,nodev,nosuid,nofail 0 2\n");
    let before = sha256(&image);
    let ran = scratch.function("mount_data");
    assert_eq!(ran.status, 0, "{}", ran.told);
    assert_eq!(sha256(&image), before);
    assert!(!scratch.calls().iter().any(|call| call.starts_with("mkfs")));
    let fstab = scratch.read("etc/fstab");
    assert!(fstab.lines().count() == 1 && !fstab.contains("2222"), "the machine before had another volume: {fstab}");
}

#[test]
fn a_volume_that_holds_anything_else_is_left_as_it_is() {
    let make = |program: &str, arguments: &[&str]| {
        let (scratch, image) = machine();
        let path = image.to_string_lossy().into_owned();
        let made = answer(&scratch, program, &[arguments, &[&path]].concat());
        assert_eq!(made.status, 0, "{program}: {}", made.told);
        assert_untouched(&scratch, &image, program);
    };
    make("mkfs.ext4", &["-q", "-L", "another"]);
    make("mkfs.ext4", &["-q"]);
    make("mkswap", &["-L", "hipaa"]);
    let written = [
        ("XFS", 0, xfs(), "xfs"),
        ("LUKS", 0, b"LUKS\xba\xbe\x00\x01".to_vec(), "crypto_LUKS"),
        ("a partition table", 0, partitions(), "dos"),
    ];
    for (what, offset, bytes, known_as) in written {
        let (scratch, image) = machine();
        write_at(&image, offset, &bytes);
        let seen = answer(&scratch, "blkid", &["-p", &image.to_string_lossy()]).told;
        assert!(seen.contains(known_as), "{what} is not what this image shows: {seen}");
        assert_untouched(&scratch, &image, what);
    }
}

#[test]
fn bytes_that_no_tool_knows_are_not_blank() {
    for (what, offset, bytes) in [
        ("random bytes", 0, noise(4096)),
        ("random bytes from the second page", 4096, noise(4096)),
        ("one byte", MIB - 1, vec![1]),
    ] {
        let (scratch, image) = machine();
        write_at(&image, offset, &bytes);
        let seen = answer(&scratch, "blkid", &["-p", &image.to_string_lossy()]);
        assert_eq!(seen.status, 2, "blkid sees {what}: {}", seen.told);
        assert_untouched(&scratch, &image, what);
    }
}

#[test]
fn one_doubt_is_enough() {
    let (scratch, image) = machine();
    scratch.says("wipefs", "DEVICE OFFSET TYPE UUID LABEL\nsdf 0xfff000 zfs_member\n");
    assert_untouched(&scratch, &image, "what wipefs alone sees");
    for (program, status) in [("wipefs", 1), ("blkid", 8), ("blkid", 4)] {
        let (scratch, image) = machine();
        scratch.ends(program, status);
        assert_untouched(&scratch, &image, program);
    }
}

#[test]
fn a_disk_smaller_than_what_is_looked_at_is_not_blank() {
    let (scratch, image) = machine();
    File::options().write(true).open(&image).unwrap().set_len(MIB / 2).unwrap();
    assert_untouched(&scratch, &image, "half a MiB");
}

#[test]
fn without_its_alias_the_volume_is_found_by_the_name_in_the_controller() {
    let (scratch, _) = machine();
    fs::remove_file(scratch.root().join("dev/sdf")).unwrap();
    scratch.write("dev/nvme0n1", noise(4096));
    let names = scratch.fakes().join("nvme");
    fs::write(names.join("nvme0n1"), "/dev/xvda\n").unwrap();
    fs::write(names.join("nvme1n1"), "sdf\n").unwrap();
    let ran = scratch.function("mount_data");
    assert_eq!(ran.status, 0, "{}", ran.told);
    assert!(scratch.calls().contains(&"mkfs.ext4 -q -L hipaa /dev/nvme1n1".to_owned()));
}

#[test]
fn no_volume_is_a_failure() {
    let scratch = Scratch::private();
    let ran = scratch.function("mount_data");
    assert_ne!(ran.status, 0);
    assert!(ran.told.contains("no volume is attached as /dev/sdf"), "{}", ran.told);
}

/// A project called `etc` must not lose its machine.
#[test]
fn a_folder_in_use_is_not_mounted_over() {
    let (scratch, _) = machine();
    scratch.write("hipaa/passwd", "x");
    let ran = scratch.function("mount_data");
    assert_ne!(ran.status, 0);
    assert!(ran.told.contains("/hipaa is in use"), "{}", ran.told);
    assert!(!scratch.calls().contains(&"mount /hipaa".to_owned()));
}
