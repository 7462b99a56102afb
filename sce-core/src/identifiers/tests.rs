use proptest::prelude::*;

use super::*;

fn kinds(text: &str) -> Vec<Kind> {
    scan(text, &Review::default()).into_iter().map(|suspicion| suspicion.kind).collect()
}

fn all_are(kind: Kind, texts: &[&str]) {
    for text in texts {
        assert_eq!(kinds(text), [kind], "{text}");
    }
}

fn none_in(texts: &[&str]) {
    for text in texts {
        assert_eq!(kinds(text), [], "{text}");
    }
}

#[test]
fn social_security_numbers() {
    all_are(
        Kind::Ssn,
        &[
            "123-45-6789.csv",
            "ssn_123-45-6789.dcm",
            "123_45_6789",
            "123.45.6789.txt",
            "123 45 6789",
            "123%2045%206789",
            "SSN123456789",
            "ssn=123456789",
            "ss_no_123456789",
            "social-security-number-123456789.pdf",
            "123\u{2011}45\u{2011}6789",
            "a/b/c_078-05-1120/x",
        ],
    );
    none_in(&[
        "000-12-3456",
        "666-12-3456",
        "900-12-3456",
        "123-00-4567",
        "123-45-0000",
        "123456789.csv",
        "build_123456789",
        "1123-45-6789",
        "123-45-67890",
        "123-45_6789",
        "ssn_columns.csv",
        "1.2.123.45.6789",
        "class_123456789",
        "ssn_000123456",
    ]);
}

#[test]
fn medical_record_numbers() {
    all_are(
        Kind::RecordNumber,
        &[
            "mrn_00123456.csv",
            "MRN00123456",
            "mrn-12-34-56.dcm",
            "mrn:E0012345",
            "MedRec_4471",
            "medical_record_number_99812",
            "patientMRN8812345",
            "patient_44712.csv",
            "patient/4471234/scan.dcm",
            "patient_id=99812",
            "PatientId99812",
            "pt-0044712",
            "pt44712",
            "mrn no. 4471",
        ],
    );
    none_in(&[
        "mrn.csv",
        "mrn_2026-11-24.csv",
        "mrn_list_4471.csv",
        "patients_44712.csv",
        "patient_01.csv",
        "patient_2024.csv",
        "patient_20261124.csv",
        "patient_2026-11-24.csv",
        "inpatient_44712",
        "apt44712",
        "pt100.csv",
        "patientParameters.csv",
        "patient_550e8400-e29b-41d4-a716-446655440000",
        "patient_12345678-e29b-41d4-a716-446655440000.json",
        "script_4471234",
    ]);
}

#[test]
fn dates_of_birth() {
    all_are(
        Kind::BirthDate,
        &[
            "dob_1950-03-02.csv",
            "DOB19500302",
            "dob-03-02-1950",
            "dob_3.2.50",
            "birth_date_1950_03_02",
            "date_of_birth=1950-03-02",
            "born-on-2-mar-1950",
            "birthdate02March1950",
            "dob 030250",
            "1950-03-02_dob.csv",
            "birthday: March 2, 1950",
            "dateOfBirth_13-12-1950",
            "DateOfBirth19500302",
        ],
    );
    none_in(&[
        "2026-11-24.csv",
        "20261124.parquet",
        "births_1990-2020.csv",
        "birth_cohort_2026-11-24.csv",
        "birth_weight_2020-01-01.csv",
        "birth_1946.csv",
        "dob_column.csv",
        "2026-11-24_birth_cohort.csv",
        "newborn_2026-11-24.csv",
        "dob_1950.csv",
        "dob_19501345",
        "2026-11-24T02:08:00Z",
    ]);
}

#[test]
fn addresses_and_telephones() {
    all_are(
        Kind::Email,
        &["jane@example.org", "data/john.smith@hospital.org.csv", "x_r1@example.edu", "jane+1@a.b.example.com!"],
    );
    all_are(
        Kind::Phone,
        &[
            "206-555-0100.txt",
            "(206) 555-0100",
            "(206)555-0100",
            "206.555.0100",
            "206 555 0100",
            "+1-206-555-0100",
            "+12065550100",
            "tel_2065550100",
            "phone12065550100",
            "fax:206_555_0100",
            "tel 555-0100",
            "mobile_number_206-555-0100",
        ],
    );
    none_in(&[
        "root@localhost",
        "a@b",
        "pkg@1.2.3",
        "2065550100",
        "123-456-7890",
        "512_512_1024.png",
        "911-555-0100",
        "tel_100",
        "phonemes_2065550100",
        "1.2.840.206.555.0100.1",
        "cell_2100345678",
        "206-555-01000",
        "206-155-0100",
        "12065550100",
    ]);
}

#[test]
fn names_of_persons() {
    all_are(
        Kind::PersonName,
        &[
            "john_smith.csv",
            "JohnSmith.csv",
            "johnSmith",
            "JOHN_SMITH",
            "smith-john",
            "Smith, John",
            "Smith,%20John.pdf",
            "john.smith.txt",
            "John Q. Smith",
            "JohnQSmith",
            "maria garcia",
            "José_García.pdf",
            "patrick-o'brien",
            "JohnMcDonald",
            "patient_john.csv",
            "pt_john",
            "PatientName_Jones",
            "mark_smith",
            "mrs_garcia",
            "will-johnson",
            "john_doe.csv",
            "scan_of_mary_jones_2026-11-24.dcm",
            "patient_john_smith",
            "wei.zhang",
            "raj_patel",
            "james_brown",
            "thomas-hill",
            "GeorgeBaker",
            "dough_john",
            "Young Frank",
        ],
    );
    none_in(&[
        "john.csv",
        "johns.csv",
        "the_johns",
        "smith.csv",
        "jordan_block.csv",
        "smith-waterman.txt",
        "smith_jones_2020.pdf",
        "taylor_series.csv",
        "taylor-green.h5",
        "mark_price.csv",
        "jackson-pratt.csv",
        "lee_carter_fit.rds",
        "george_washington_university.csv",
        "young_adults",
        "may_day",
        "gene_wood.csv",
        "kaplan-meier.png",
        "anderson-darling",
        "james-stein",
        "shannon-weaver.csv",
        "west_virginia",
        "iris.csv",
        "max_price",
        "patient_rose.csv",
        "patient_id.csv",
        "johnsmith.csv",
        "john/smith",
        "john1smith",
        "allen_brain_atlas",
    ]);
}

#[test]
fn what_research_is_called_is_left_alone() {
    none_in(&[
        "timeseries.csv",
        "patients.csv",
        "patientParameters.csv",
        "cohort_2026-11-24.parquet",
        "chr1.vcf.gz",
        "BUDGET-77",
        "study00001234",
        "STUDY00001234",
        "550e8400-e29b-41d4-a716-446655440000",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "hipaa-data-111122223333-us-west-2",
        "2026-11-24T02:08:00.123Z",
        "20261124T020800Z",
        "s3://hipaa-output-111122223333-us-west-2/run-17/part-00000.parquet",
        "arn:aws:iam::111122223333:role/CloudAdmins",
        "",
        "10.0.0.0/16",
        "198.51.100.24",
        "model_v1.2.3.tar.gz",
        "GSE123456_RAW.tar",
        "NCT01234567.json",
        "MEASUREMENT.csv",
        "visit_occurrence_0001.csv.gz",
        "SRR1234567_1.fastq.gz",
        "ENSG00000139618",
        "rs1234567",
        "ICD10_E11.9.csv",
        "HG00096.bam",
        "AWSLogs/111122223333/CloudTrail/us-west-2/2026/11/24/111122223333_CloudTrail_us-west-2_20261124T0205Z_AbCdEf0123456789.json.gz",
        "患者.csv",
        "🩺",
        "image_1024x768.png",
        "p<0.05",
        "sub-01_ses-02_task-rest_bold.nii.gz",
        "1.2.840.113619.2.55.3.604688119.1234",
    ]);
}

#[test]
fn several_are_told_in_order() {
    let text = "é/john_smith_dob_1950-03-02_ssn_123-45-6789.csv";
    let found = scan(text, &Review::default());
    let places: Vec<_> = found.iter().map(|one| (one.kind, one.characters.clone(), one.shape.as_str())).collect();
    assert_eq!(
        places,
        [
            (Kind::PersonName, 2..12, "aaaa_aaaaa"),
            (Kind::BirthDate, 17..27, "dddd-dd-dd"),
            (Kind::Ssn, 32..43, "ddd-dd-dddd"),
        ]
    );
    assert_eq!(&text[found[2].span.clone()], "123-45-6789");
}

#[test]
fn what_is_said_never_repeats_what_was_seen() {
    let secrets = ["john", "smith", "1950", "03-02", "123-45", "6789", "jane", "example.org", "0100", "44712"];
    let text = "john_smith dob_1950-03-02 ssn 123-45-6789 jane@example.org 206-555-0100 mrn 44712";
    let found = scan(text, &Review::default());
    assert_eq!(found.len(), 6);
    for suspicion in found {
        let json = serde_json::to_string(&suspicion).expect("text");
        let said = format!("{suspicion} {suspicion:?} {json} {}", suspicion.help().unwrap_or_default());
        assert!(secrets.iter().all(|secret| !said.to_lowercase().contains(secret)), "{said}");
        assert!(suspicion.kind.citation().starts_with("45 CFR 164.514(b)(2)(i)("));
    }
}

#[test]
fn the_owner_may_sign() {
    let review = Review { owner: Some("john.smith@example.edu"), ..Review::default() };
    assert_eq!(scan("John.Smith@example.edu", &review), []);
    assert_eq!(scan("jane@example.edu", &review).len(), 1);
    assert_eq!(scan("xjohn.smith@example.edu", &review).len(), 1);
}

#[test]
fn what_was_reviewed_is_marked_not_hidden() {
    let allow = |pattern: &str| [Allowed { pattern: pattern.to_owned(), reason: "a ship".to_owned() }];
    for (pattern, is_allowed) in [
        ("mary_jones", true),
        ("logs/mary_jones.csv", true),
        ("logs/*.csv", true),
        ("*jones*", true),
        ("l*m*j*v", true),
        ("mary", false),
        ("*", false),
        ("**", false),
        ("", false),
        ("logs/*.txt", false),
        ("*.csv.csv", false),
        ("Mary_Jones", false),
    ] {
        let allowed = allow(pattern);
        let found = scan("logs/mary_jones.csv", &Review { allowed: &allowed, ..Review::default() });
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].allowed.as_deref(), is_allowed.then_some("a ship"), "{pattern}");
        assert_eq!(refused(&found).count(), usize::from(!is_allowed), "{pattern}");
        assert_eq!(found[0].help().is_none(), is_allowed);
    }
}

/// A quadratic scan of these would take minutes.
#[test]
fn a_long_text_is_read_in_one_pass() {
    for piece in [
        "a",
        "1",
        "1-",
        "@",
        "a@",
        "a.b@",
        "patient_",
        "ssn_no_",
        "john_",
        "'",
        "%",
        "%20",
        "é",
        "aB",
        "john_smith_",
        "12-",
        "a'",
    ] {
        let text = piece.repeat((1 << 17) / piece.len());
        let found = scan(&text, &Review::default());
        assert!(found.iter().all(|suspicion| suspicion.shape.len() <= 40));
    }
}

proptest! {
    #[test]
    fn no_text_panics_and_spans_hold(text in "\\PC{0,60}") {
        check(&text);
    }

    #[test]
    fn no_likely_text_panics(parts in prop::collection::vec(prop::sample::select(vec![
        "john", "Smith", "123", "45", "6789", "-", "_", ".", " ", "@", "example", ".org", "dob", "1950", "patient", "mrn", "(206)", "555", "0100",
        "é", "e\u{301}", "%20", "%", "'", "tel", "+1", "ssn", "Mar", "🩺", "\0", "20261124",
    ]), 0..16)) {
        check(&parts.concat());
    }

    #[test]
    fn a_number_is_found_whatever_stands_around(before in "[a-z]{0,6}[_/ ]", after in "([_/ .][a-z]{0,6})?", area in 1u32..666, group in 1u32..100, serial in 1u32..10_000) {
        let text = format!("{before}{area:03}-{group:02}-{serial:04}{after}");
        prop_assert!(kinds(&text).contains(&Kind::Ssn), "{}", text);
    }
}

fn check(text: &str) {
    let mut last = 0;
    for suspicion in scan(text, &Review::default()) {
        assert!(suspicion.span.start >= last);
        last = suspicion.span.start;
        let matched = text.get(suspicion.span.clone()).expect("on character boundaries");
        assert_eq!(matched.chars().count(), suspicion.characters.len());
        assert_eq!(text[..suspicion.span.start].chars().count(), suspicion.characters.start);
        assert!(matched.chars().filter(char::is_ascii_digit).count() < 2 || !suspicion.to_string().contains(matched));
    }
}
