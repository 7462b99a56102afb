//! The function that keeps the table of uploaded files: its source, and the package that AWS Lambda runs.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::plan::hex_sha256;

/// The program, in Python with the standard library and boto3, which Lambda's runtime brings along.
pub const SOURCE: &str = include_str!("function/file_table.py");

/// Where Lambda enters it: module and function.
pub const HANDLER: &str = "file_table.handler";

/// Its runtime, supported until June 2029 (AWS Lambda developer guide, "Lambda runtimes").
pub const RUNTIME: &str = "python3.13";

/// The package as Lambda takes it: a ZIP of the one file, stored as it is and without a date, so that the same source gives the same
/// bytes everywhere.
#[must_use]
pub fn package() -> Vec<u8> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // Neither name nor size can be refused, and memory takes what is written to it.
    zip.start_file("file_table.py", options).expect("a plain name");
    zip.write_all(SOURCE.as_bytes()).expect("memory takes it");
    zip.finish().expect("memory takes it").into_inner()
}

/// The SHA-256 of [`package`], in hexadecimal: what Lambda calls `CodeSha256`, in other letters.
#[must_use]
pub fn package_sha256() -> String {
    hex_sha256(&package())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_is_the_same_each_time_and_holds_the_source_as_it_is() {
        let bytes = package();
        assert_eq!(bytes, package());
        assert_eq!(&bytes[..4], b"PK\x03\x04");
        // Method 0 is stored; time 0 and date 33 are midnight of 1980-01-01 (PKWARE's APPNOTE, 4.4.5 and 4.4.6).
        assert_eq!(&bytes[8..14], [0, 0, 0, 0, 33, 0]);
        assert!(bytes.windows(SOURCE.len()).any(|window| window == SOURCE.as_bytes()));
    }

    #[test]
    fn the_handler_is_in_the_source() {
        let (module, function) = HANDLER.split_once('.').unwrap();
        assert_eq!(module, "file_table");
        assert!(SOURCE.contains(&format!("\ndef {function}(event, _context):")));
    }
}
