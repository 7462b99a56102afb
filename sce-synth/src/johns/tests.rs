use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use super::*;

fn files<W>(mut of: impl FnMut() -> W) -> JohnsFiles<W> {
    JohnsFiles { patients: of(), patient_parameters: of(), timeseries: of() }
}

fn generated(johns: &Johns) -> Result<(Manifest, [String; 3]), JohnsError> {
    let mut files = files(Vec::new);
    let JohnsFiles { patients, patient_parameters, timeseries } = &mut files;
    let manifest = generate_johns(johns, JohnsFiles { patients, patient_parameters, timeseries }, &mut |_rows| {})?;
    let texts = [files.patients, files.patient_parameters, files.timeseries];
    Ok((manifest, texts.map(|text| String::from_utf8(text).unwrap())))
}

fn refused(johns: Johns) -> (String, String) {
    let error = generate_johns(&johns, files(io::sink), &mut |_rows| {}).unwrap_err();
    (error.to_string(), error.help().unwrap())
}

fn corrected() -> Johns {
    Johns { variant: Variant::Corrected, ..Johns::default() }
}

fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap());
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// What CPython 2.7.18 and 3.11.7 write, from running the document's program on them.
#[test]
fn documents_data_are_reproduced_to_the_byte() {
    let python2 = [
        ("aee5930f53860281731164d52eef78f4a422affbccc008d7bbe313b743c027b2", 4_368),
        ("5d1ce0e0a6b1aaf10f2fd9d6d2423c618023480f8eb961c78bcebb1a856ac299", 10_495),
        ("2f1feeff302a4563545e52b33f90bc0d98bde14131189899c6210079613bd14f", 1_394_512),
    ];
    let python3 = [
        ("e5680faabe47247528a5c6f5ec1afc4e8a144a084df38956e470741323302b5d", 4_364),
        ("112c5dcf52518f88cdab35961077d7c2e20446a9681c6100c7aafb350a4313f9", 10_491),
        ("24fe52d0f43fb27962f8553a2e33d9cb4671fdeec5d3191187164cfdd1b134c9", 1_395_576),
    ];
    for (dialect, golden) in [(Dialect::Python2, python2), (Dialect::Python3, python3)] {
        let (manifest, _) = generated(&Johns { dialect, ..Johns::default() }).unwrap();
        let written: Vec<(&str, u64)> =
            manifest.files.iter().map(|file| (file.sha256.as_deref().unwrap_or_default(), file.bytes)).collect();
        assert_eq!(written, golden, "{dialect}");
        assert_eq!(manifest.files.iter().map(|file| file.rows).collect::<Vec<_>>(), [100, 100, 10_000]);
    }
}

#[test]
fn corrected_data_keep_what_the_comments_promise() {
    let (_, [patients, parameters, timeseries]) = generated(&corrected()).unwrap();
    let surnames: std::collections::HashSet<&str> =
        patients.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(surnames.len(), 100);
    for line in timeseries.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |index: usize| fields[index].parse::<f64>().unwrap();
        assert!((95.0..=99.4).contains(&number(6)), "oxygen in {line}");
        assert!((97.0..=99.1).contains(&number(7)), "temperature in {line}");
        assert_eq!(number(12) == 1.0, number(8) < 150.0 && number(7) < 97.4, "DK in {line}");
    }
    assert!(parameters.lines().skip(1).all(|line| line.split(',').nth(16).unwrap().contains('.')));
}

#[test]
fn corrected_visits_fall_to_all_patients_and_to_no_others() {
    for patients in [1, 5, 12, 250] {
        let (manifest, [_, _, timeseries]) = generated(&Johns { patients, ..corrected() }).unwrap();
        assert_eq!(manifest.files[0].rows, u64::from(patients));
        assert_eq!(manifest.files[1].rows, u64::from(patients));
        let seen: std::collections::HashSet<u32> =
            timeseries.lines().skip(1).map(|line| line.split(',').nth(1).unwrap().parse().unwrap()).collect();
        assert_eq!(seen, (0..patients).collect());
    }
}

#[test]
fn rows_are_a_prefix_of_more_rows() {
    for variant in [Variant::Faithful, Variant::Corrected] {
        let few = generated(&Johns { variant, rows: 10, ..Johns::default() }).unwrap().1;
        let more = generated(&Johns { variant, rows: 20, ..Johns::default() }).unwrap().1;
        assert_eq!(few[0], more[0]);
        assert!(more[2].starts_with(&few[2]) && more[2].len() > few[2].len());
    }
}

#[test]
fn no_rows_make_headings_and_sums_of_nothing() {
    let (_, [_, parameters, timeseries]) = generated(&Johns { rows: 0, ..Johns::default() }).unwrap();
    assert_eq!(timeseries.lines().count(), 1);
    assert!(parameters.lines().skip(1).all(|line| line.ends_with(",0,0,0")));
    let (_, [_, parameters, _]) = generated(&Johns { rows: 0, ..corrected() }).unwrap();
    assert!(parameters.lines().skip(1).all(|line| line.ends_with(",0,0.0,0")));
}

#[test]
fn progress_ends_with_all_rows() {
    let mut heard = Vec::new();
    let johns = Johns { rows: 200_000, ..Johns::default() };
    generate_johns(&johns, files(io::sink), &mut |rows| heard.push(rows)).unwrap();
    assert_eq!(heard, [65_536, 131_072, 196_608, 200_000]);
}

#[test]
fn manifest_stands_beside_the_files_and_describes_them() {
    let out = tempfile::tempdir().unwrap();
    let directory = out.path().join("not/there/yet");
    let johns = Johns { rows: 100, ..corrected() };
    for _again in 0..2 {
        let manifest = write_johns(&directory, &johns, &mut |_rows| {}).unwrap();
        assert_eq!(names_in(&directory), ["manifest.json", "patientParameters.csv", "patients.csv", "timeseries.csv"]);
        let read: Manifest = serde_json::from_slice(&fs::read(directory.join("manifest.json")).unwrap()).unwrap();
        assert_eq!(read, manifest);
        assert_eq!((read.schema_version, read.seed, read.rows), (1, 31_415, 100));
        assert!(read.corrections.iter().any(|correction| correction.id == "temperature-range"));
        for file in read.files {
            assert_eq!(fs::metadata(directory.join(&file.name)).unwrap().len(), file.bytes);
        }
    }
}

#[test]
fn failure_leaves_the_directory_as_it_was() {
    let out = tempfile::tempdir().unwrap();
    fs::write(out.path().join("timeseries.csv"), "old").unwrap();
    write_johns(out.path(), &Johns { patients: 50, ..Johns::default() }, &mut |_rows| {}).unwrap_err();
    assert_eq!(names_in(out.path()), ["timeseries.csv"]);
    assert_eq!(fs::read(out.path().join("timeseries.csv")).unwrap(), b"old");
}

#[test]
fn directory_that_is_a_file_is_named() {
    let out = tempfile::NamedTempFile::new().unwrap();
    let error = write_johns(out.path(), &Johns::default(), &mut |_rows| {}).unwrap_err();
    assert_eq!(error.to_string(), format!("`{}` could not be written", out.path().display()));
    assert_eq!(error.help().unwrap(), "name a directory that can be written to");
}

#[test]
fn writer_that_fails_is_named() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let error = generate_johns(&Johns::default(), files(|| Full), &mut |_rows| {}).unwrap_err();
    assert_eq!(error.to_string(), "`patients.csv` could not be written");
    assert_eq!(error.help().unwrap(), "see that there is room for it");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn too_few_patients_are_refused_as_soon_as_one_is_missed() {
    let (message, help) = refused(Johns { patients: 50, ..Johns::default() });
    assert_eq!(message, "visit 2 falls to patient 70, but there are only 50 patients");
    assert_eq!(
        help,
        "the document's program sends patients 0 to 99 to the doctor however many there are: ask for 100 \
         patients or more, or for the corrected variant"
    );
}

#[test]
fn more_rows_than_days_are_refused_before_any_is_drawn() {
    let (message, help) = refused(Johns { rows: u64::MAX, ..Johns::default() });
    assert_eq!(message, "`18446744073709551615` visits cannot all take place by 9999-12-31, the last day there is");
    assert_eq!(help, "visits are 1 or 2 days apart: 2944282 could fit at the most, and about 1962854 do");
}

#[test]
fn corrected_variant_refuses_what_it_cannot_give() {
    let (message, help) = refused(Johns { patients: 0, ..corrected() });
    assert_eq!((message.as_str(), help.as_str()), ("there are no patients", "ask for at least 1 patient"));
    let (message, help) = refused(Johns { patients: 456_987, ..corrected() });
    assert_eq!(message, "`456987` patients cannot each have a surname of their own");
    assert_eq!(help, "ask for 456986 patients or fewer, or for the faithful variant, which lets surnames repeat");
}

/// The calendar ends for both within the same row, so it is let begin shortly before that.
#[test]
fn calendar_ends_where_it_does_for_the_documents_program() {
    let first_day = date(9999, 12, 1);
    for (dialect, seed) in [(Dialect::Python2, 1), (Dialect::Python3, 2), (Dialect::Python3, 3)] {
        for rows in 17..24 {
            let johns = Johns { dialect, seed, rows, ..Johns::default() };
            let ours = generate_from(first_day, &johns, sheets(&johns, files(io::sink)), &mut |_rows| {});
            let theirs = oracle_complaint("9999-12-01", &johns);
            match ours {
                Ok(_) => assert_eq!(theirs, None, "{johns:?}"),
                Err(JohnsError::CalendarEnds { fit, .. }) => {
                    assert!(fit < rows && theirs.unwrap().contains("OverflowError"), "{johns:?}");
                }
                Err(other) => panic!("{other} for {johns:?}"),
            }
        }
    }
}

/// What the document's program complains of, if it fails.
fn oracle_complaint(first_day: &str, johns: &Johns) -> Option<String> {
    let out = tempfile::tempdir().unwrap();
    let output = Command::new("python3")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/oracle/johns.py"))
        .args(["--dialect", &johns.dialect.to_string(), "--seed", &johns.seed.to_string()])
        .args(["--rows", &johns.rows.to_string(), "--start", first_day])
        .current_dir(out.path())
        .output()
        .unwrap();
    (!output.status.success()).then(|| String::from_utf8(output.stderr).unwrap())
}

#[test]
fn number_said_to_fit_fits() {
    let johns = Johns { rows: 100, ..Johns::default() };
    for variant in [Variant::Faithful, Variant::Corrected] {
        let asked = Johns { variant, ..johns };
        let begun = date(9999, 6, 1);
        let refused = |rows| {
            let asked = Johns { rows, ..asked };
            generate_from(begun, &asked, sheets(&asked, files(io::sink)), &mut |_rows| {}).err()
        };
        let Some(JohnsError::CalendarEnds { fit, .. }) = refused(200) else { panic!("200 rows fit") };
        assert!(refused(fit).is_none());
        assert!(matches!(refused(fit + 1), Some(JohnsError::CalendarEnds { fit: same, .. }) if same == fit));
    }
}
