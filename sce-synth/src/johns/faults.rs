//! Where the document's program strays from what it says, and what the corrected variant does instead.

use super::Variant;
use crate::manifest::{Correction, Fault};

/// A fault of the document's program. Those without an `instead` are not in anyone's way.
struct Known {
    id: &'static str,
    document_line: u32,
    document: &'static str,
    instead: Option<&'static str>,
}

/// What the manifest of a variant lists as put right, and as left in.
pub(super) fn accounted_for(variant: Variant) -> (Vec<Correction>, Vec<Fault>) {
    let corrections = match variant {
        Variant::Faithful => Vec::new(),
        Variant::Corrected => KNOWN.iter().filter_map(Known::corrected).collect(),
    };
    let left_in = KNOWN.iter().filter(|known| variant == Variant::Faithful || known.instead.is_none());
    (corrections, left_in.map(Known::reproduced).collect())
}

impl Known {
    fn corrected(&self) -> Option<Correction> {
        Some(Correction {
            id: self.id.to_owned(),
            document_line: self.document_line,
            document: self.document.to_owned(),
            instead: self.instead?.to_owned(),
        })
    }

    fn reproduced(&self) -> Fault {
        Fault { id: self.id.to_owned(), document_line: self.document_line, document: self.document.to_owned() }
    }
}

/// In the order of the document's lines.
const KNOWN: [Known; 14] = [
    Known {
        id: "two-files-announced",
        document_line: 692,
        document: "the text announces two CSV files; the program writes three, and so does this one",
        instead: None,
    },
    Known {
        id: "latest-birth-unused",
        document_line: 720,
        document: "Tborn, the latest birth, is never used, and would make a patient 15 years and 10 months old rather \
                   than 16; all are born on 1920-08-26, so none is younger than 18",
        instead: None,
    },
    Known {
        id: "height-as-set",
        document_line: 737,
        document: "cmtoftin returns the set {5, 8} for a small height, which cannot be indexed; no height drawn is \
                   that small",
        instead: Some("there is no conversion from centimetres: heights are drawn in inches"),
    },
    Known {
        id: "height-range",
        document_line: 748,
        document: "157 to 198 cm, cut down to whole inches, make 5 feet 1 to 6 feet 5; the comment says 5 feet 2 to \
                   6 feet 6",
        instead: Some("whole inches are drawn from 5 feet 2 to 6 feet 6, each as likely as the next"),
    },
    Known {
        id: "effect-weight",
        document_line: 774,
        document: "ModelDK asks whether the weight is below 150 and is handed the body mass index (line 929), so the \
                   effect DK depends on the temperature alone",
        instead: Some("ModelDK is handed the weight in pounds"),
    },
    Known {
        id: "twelve-at-least",
        document_line: 817,
        document: "twelve patients are named before the number of patients is looked at, so fewer get rows in \
                   patients.csv that patientParameters.csv lacks",
        instead: Some("only as many are named as there are patients"),
    },
    Known {
        id: "surnames-repeat",
        document_line: 834,
        document: "a new surname is looked for among the rows rather than among their surnames, so it is never found \
                   and surnames can repeat",
        instead: Some("a surname already given, to the first twelve too, is drawn again"),
    },
    Known {
        id: "binary-files",
        document_line: 838,
        document: "the files are opened with mode wb, which Python 3 refuses for text; the python3 dialect writes what \
                   mode w with newline='' would",
        instead: None,
    },
    Known {
        id: "oxygen-above-100",
        document_line: 884,
        document: "the upper bound of a patient's oxygen saturation can reach 101 per cent; what is measured is cut off \
                   at 99.4 (line 917)",
        instead: Some("the upper bound is 100 per cent at the most; the cut at 99.4 stays"),
    },
    Known {
        id: "temperature-range",
        document_line: 885,
        document: "a patient's range of body temperature is drawn as a systolic pressure, 90 to 149 degrees Fahrenheit; \
                   btMin and btMax, 97.0 and 99.1, are declared and never used",
        instead: Some(
            "the lower bound is drawn between 97.0 and 99.1 degrees Fahrenheit, and the upper between it and 99.1",
        ),
    },
    Known {
        id: "sum-of-two-types",
        document_line: 890,
        document: "SUMT is the integer 0 for a patient who never visits, and a float for all others",
        instead: Some("SUMT is always a float"),
    },
    Known {
        id: "first-hundred-visit",
        document_line: 902,
        document: "visits fall to patients 0 to 99 however many there are: fewer make the program fail, and more never \
                   see the doctor",
        instead: Some("visits fall to all patients alike"),
    },
    Known {
        id: "fractional-albums",
        document_line: 928,
        document: "TPain stands for a number of albums purchased (line 698) and is a fraction",
        instead: None,
    },
    Known {
        id: "one-date-too-many",
        document_line: 945,
        document: "a date is drawn after the last visit too, and the program fails if that is past 9999-12-31",
        instead: Some("no date is drawn after the last visit"),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_either_corrected_or_left_in() {
        let (corrections, left_in) = accounted_for(Variant::Corrected);
        assert_eq!((corrections.len(), left_in.len()), (10, 4));
        let (corrections, left_in) = accounted_for(Variant::Faithful);
        assert_eq!((corrections.len(), left_in.len()), (0, KNOWN.len()));
    }

    #[test]
    fn faults_are_in_the_documents_order_under_names_of_their_own() {
        assert!(KNOWN.is_sorted_by(|one, next| one.document_line < next.document_line));
        let names: std::collections::HashSet<&str> = KNOWN.iter().map(|known| known.id).collect();
        assert_eq!(names.len(), KNOWN.len());
    }
}
