//! Who lives in the town: surnames, heights, and the ranges each one's vital signs keep to.

use std::collections::HashSet;
use std::io;
use std::ops::RangeInclusive;

use super::error::JohnsError;
use super::files::JohnsFile;
use super::{Johns, Variant};
use crate::cells::Cells;
use crate::manifest::FileRecord;
use crate::python::Random;

/// The surnames of the first patients, document lines 817-828.
const SURNAMES: [&str; 12] = [
    "Bigboote",
    "Yaya",
    "Smallberries",
    "Parker",
    "Whorfin",
    "Valuk",
    "Gomez",
    "OConnor",
    "Emdall",
    "Gant",
    "Manyjars",
    "Milton",
];

/// How many different surnames there are: any capital and three small letters, and those of the twelve that
/// are not of this shape, as `Yaya` and `Gant` are.
pub(super) const MOST_SURNAMES: u32 = 26 * 26 * 26 * 26 + 10;

/// The inches a patient can measure, of either variant.
pub(super) const HEIGHTS: RangeInclusive<u32> = 61..=78;

/// The pounds a patient can weigh.
pub(super) const WEIGHTS: RangeInclusive<u32> = 98..=280 + 40;

/// A patient who may see the doctor: the first hundred in the document's program, anyone in the corrected one.
pub(super) struct Visitor {
    pub(super) height: Height,
    pub(super) parameters: Parameters,
    pub(super) tally: Tally,
}

/// The cumulative values of the three effects, document lines 932-934.
#[derive(Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) base_e: u64,
    /// None until the first visit: the document's program starts from the integer 0, and shows it.
    pub(super) t_pain: Option<f64>,
    pub(super) dk: u64,
}

/// The bounds of something measured, both included.
#[derive(Clone, Copy)]
pub(super) struct Range<T> {
    pub(super) low: T,
    pub(super) high: T,
}

/// The ranges a patient's vital signs keep to, document lines 875-888.
pub(super) struct Parameters {
    /// In mmHg.
    pub(super) systolic: Range<u32>,
    /// In mmHg.
    pub(super) diastolic: Range<u32>,
    /// In breaths a minute.
    pub(super) respiration: Range<u32>,
    /// In beats a minute.
    pub(super) heart: Range<u32>,
    /// In per cent.
    pub(super) oxygen: Range<f64>,
    /// In degrees Fahrenheit.
    pub(super) temperature: Temperature,
    /// In pounds.
    pub(super) weight: Range<u32>,
}

/// Body temperature, which the document's program draws as it draws blood pressure.
pub(super) enum Temperature {
    Whole(Range<u32>),
    Decimal(Range<f64>),
}

impl Temperature {
    pub(super) fn range(&self) -> Range<f64> {
        match *self {
            Self::Whole(Range { low, high }) => Range { low: low.into(), high: high.into() },
            Self::Decimal(range) => range,
        }
    }
}

/// A height as people say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Height {
    feet: u32,
    inches: u32,
}

impl Height {
    pub(super) fn in_inches(self) -> u32 {
        self.feet * 12 + self.inches
    }

    /// `ftintocm`, document line 743: whole centimetres, the rest cut off.
    pub(super) fn in_centimetres(self) -> u32 {
        (f64::from(self.in_inches()) * 2.54) as u32
    }

    /// `cmtoftin`, document line 736: whole feet and whole inches, the rest cut off.
    fn of_centimetres(centimetres: u32) -> Self {
        let inches = f64::from(centimetres) / 2.54;
        let feet = (inches / 12.0) as u32;
        Self { feet, inches: (inches - f64::from(12 * feet)) as u32 }
    }

    /// `someheight`, document line 747. Its comment says 5 feet 2 to 6 feet 6; its centimetres make 5 feet 1
    /// to 6 feet 5 of that.
    fn draw(variant: Variant, random: &mut Random) -> Self {
        match variant {
            Variant::Faithful => Self::of_centimetres(random.randint(157, 198)),
            Variant::Corrected => {
                let inches = random.randint(62, 78);
                Self { feet: inches / 12, inches: inches % 12 }
            }
        }
    }
}

/// The heading of `patients.csv`.
pub(super) const COLUMNS: [&str; 5] = ["Surname", "Given name", "DOB", "height", "ID"];

/// The heading of `patientParameters.csv`.
pub(super) const PARAMETERS: [&str; 18] = [
    "ID", "S0", "S1", "D0", "D1", "RR0", "RR1", "HR0", "HR1", "OS0", "OS1", "BT0", "BT1", "M0", "M1", "SUMB", "SUMT",
    "SUMDK",
];

/// Draws and writes `patients.csv`, and keeps the heights of those who may see the doctor.
pub(super) fn write_patients(
    johns: &Johns,
    random: &mut Random,
    mut cells: impl Cells,
) -> Result<(Vec<Height>, FileRecord), JohnsError> {
    let file = JohnsFile::Patients;
    let mut surnames = Surnames::of(johns.variant);
    let mut heights = Vec::new();
    for id in 0..inhabitants(johns) {
        let surname = surnames.draw(id, random);
        let height = Height::draw(johns.variant, random);
        if id < may_visit(johns) {
            heights.push(height);
        }
        write_patient(&mut cells, id, &surname, height).map_err(file.failed())?;
    }
    Ok((heights, cells.finish(file.name()).map_err(file.failed())?))
}

fn write_patient(cells: &mut impl Cells, id: u32, surname: &[u8], height: Height) -> io::Result<()> {
    cells.plain(surname);
    cells.plain(b"John");
    cells.plain(b"1920-08-26 08:30:12");
    cells.quoted(&format!("({}, {})", height.feet, height.inches));
    cells.integer(id);
    cells.end_row()
}

/// How many patients get a name: the document's program names the first twelve before it looks how many
/// there should be.
fn inhabitants(johns: &Johns) -> u32 {
    match johns.variant {
        Variant::Faithful => johns.patients.max(SURNAMES.len() as u32),
        Variant::Corrected => johns.patients,
    }
}

/// How many patients may see the doctor.
fn may_visit(johns: &Johns) -> u32 {
    match johns.variant {
        Variant::Faithful => johns.patients.min(100),
        Variant::Corrected => johns.patients,
    }
}

/// Hands out surnames, `RandLastName` of document line 733.
enum Surnames {
    MayRepeat,
    Taken(HashSet<[u8; 4]>),
}

impl Surnames {
    /// The document's program looks for a name among the rows rather than among their names (line 834), so it
    /// never finds one taken.
    fn of(variant: Variant) -> Self {
        match variant {
            Variant::Faithful => Self::MayRepeat,
            Variant::Corrected => Self::Taken(HashSet::from([*b"Yaya", *b"Gant"])),
        }
    }

    fn draw(&mut self, id: u32, random: &mut Random) -> Vec<u8> {
        match SURNAMES.get(id as usize) {
            Some(surname) => surname.as_bytes().to_vec(),
            None => self.draw_letters(random).to_vec(),
        }
    }

    fn draw_letters(&mut self, random: &mut Random) -> [u8; 4] {
        loop {
            let surname = [b'A', b'a', b'a', b'a'].map(|first| first + random.randint(0, 25) as u8);
            if self.take(surname) {
                return surname;
            }
        }
    }

    /// Whether the surname could be had.
    fn take(&mut self, surname: [u8; 4]) -> bool {
        match self {
            Self::MayRepeat => true,
            Self::Taken(taken) => taken.insert(surname),
        }
    }
}

/// Draws the parameters of all patients, and keeps those of the ones who may see the doctor.
pub(super) fn draw_visitors(johns: &Johns, random: &mut Random, heights: Vec<Height>) -> Vec<Visitor> {
    let mut visitors = Vec::with_capacity(heights.len());
    for height in heights {
        let parameters = Parameters::draw(johns.variant, random);
        visitors.push(Visitor { height, parameters, tally: Tally::default() });
    }
    for _never_visits in may_visit(johns)..johns.patients {
        Parameters::draw(johns.variant, random);
    }
    visitors
}

/// Draws the parameters of all patients once more, and writes `patientParameters.csv` of them and of what the
/// visits summed up to.
pub(super) fn write_parameters(
    johns: &Johns,
    random: &mut Random,
    visitors: &[Visitor],
    mut cells: impl Cells,
) -> Result<FileRecord, JohnsError> {
    let file = JohnsFile::PatientParameters;
    for id in 0..johns.patients {
        let parameters = Parameters::draw(johns.variant, random);
        let tally = visitors.get(id as usize).map_or_else(Tally::default, |visitor| visitor.tally);
        cells.integer(id);
        write_ranges(&mut cells, &parameters);
        write_tally(&mut cells, johns.variant, tally);
        cells.end_row().map_err(file.failed())?;
    }
    cells.finish(file.name()).map_err(file.failed())
}

fn write_ranges(cells: &mut impl Cells, parameters: &Parameters) {
    write_whole(cells, parameters.systolic);
    write_whole(cells, parameters.diastolic);
    write_whole(cells, parameters.respiration);
    write_whole(cells, parameters.heart);
    write_decimal(cells, parameters.oxygen);
    match parameters.temperature {
        Temperature::Whole(range) => write_whole(cells, range),
        Temperature::Decimal(range) => write_decimal(cells, range),
    }
    write_whole(cells, parameters.weight);
}

fn write_whole(cells: &mut impl Cells, range: Range<u32>) {
    cells.integer(range.low);
    cells.integer(range.high);
}

fn write_decimal(cells: &mut impl Cells, range: Range<f64>) {
    cells.float(range.low);
    cells.float(range.high);
}

fn write_tally(cells: &mut impl Cells, variant: Variant, tally: Tally) {
    cells.integer(tally.base_e);
    match (variant, tally.t_pain) {
        (Variant::Faithful, None) => cells.zero(),
        (_, sum) => cells.float(sum.unwrap_or(0.0)),
    }
    cells.integer(tally.dk);
}

impl Parameters {
    /// The fields are drawn in the order they stand in.
    fn draw(variant: Variant, random: &mut Random) -> Self {
        Self {
            systolic: drawn_range(random, [90, 129], [4, 20]),
            diastolic: drawn_range(random, [60, 84], [4, 10]),
            respiration: drawn_range(random, [10, 20], [2, 8]),
            heart: drawn_range(random, [40, 100], [10, 20]),
            oxygen: draw_oxygen(variant, random),
            temperature: draw_temperature(variant, random),
            weight: drawn_range(random, [98, 280], [3, 40]),
        }
    }
}

fn drawn_range(random: &mut Random, low: [u32; 2], width: [u32; 2]) -> Range<u32> {
    let low = random.randint(low[0], low[1]);
    Range { low, high: low + random.randint(width[0], width[1]) }
}

fn draw_oxygen(variant: Variant, random: &mut Random) -> Range<f64> {
    let low = random.uniform(95.0, 99.0);
    let high = low + random.uniform(1.0, 2.0);
    match variant {
        Variant::Faithful => Range { low, high },
        Variant::Corrected => Range { low, high: high.min(100.0) },
    }
}

fn draw_temperature(variant: Variant, random: &mut Random) -> Temperature {
    match variant {
        Variant::Faithful => Temperature::Whole(drawn_range(random, [90, 129], [3, 20])),
        Variant::Corrected => {
            let low = random.uniform(97.0, 99.1);
            Temperature::Decimal(Range { low, high: random.uniform(low, 99.1) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::Dialect;

    #[test]
    fn heights_are_the_documents() {
        assert_eq!(Height::of_centimetres(157), Height { feet: 5, inches: 1 });
        assert_eq!(Height::of_centimetres(198), Height { feet: 6, inches: 5 });
        assert_eq!(Height { feet: 5, inches: 2 }.in_centimetres(), 157);
        assert_eq!(Height { feet: 6, inches: 6 }.in_centimetres(), 198);
    }

    #[test]
    fn corrected_surnames_use_up_the_alphabet_without_a_repeat() {
        let mut random = Random::seeded(1, Dialect::Python3);
        let mut surnames = Surnames::of(Variant::Corrected);
        let all: HashSet<Vec<u8>> = (0..MOST_SURNAMES).map(|id| surnames.draw(id, &mut random)).collect();
        assert_eq!(all.len(), MOST_SURNAMES as usize);
    }

    #[test]
    fn faithful_surnames_repeat() {
        let mut random = Random::seeded(1, Dialect::Python3);
        let mut surnames = Surnames::of(Variant::Faithful);
        let all: HashSet<Vec<u8>> = (0..10_000).map(|id| surnames.draw(id, &mut random)).collect();
        assert!(all.len() < 10_000);
    }

    #[test]
    fn corrected_ranges_keep_to_what_the_document_declares() {
        let mut random = Random::seeded(31_415, Dialect::Python2);
        for _ in 0..10_000 {
            let Parameters { oxygen, temperature, .. } = Parameters::draw(Variant::Corrected, &mut random);
            let temperature = temperature.range();
            assert!(97.0 <= temperature.low && temperature.low <= temperature.high && temperature.high <= 99.1);
            assert!(95.0 <= oxygen.low && oxygen.low <= oxygen.high && oxygen.high <= 100.0);
        }
    }
}
