//! The visits to the doctor: one row of `timeseries.csv` each.

use std::io;

use jiff::civil::Date;

use super::error::JohnsError;
use super::files::JohnsFile;
use super::patients::{HEIGHTS, Height, Tally, Visitor, WEIGHTS};
use super::{Johns, Variant};
use crate::cells::Cells;
use crate::csv::Ready;
use crate::manifest::FileRecord;
use crate::python::Random;

/// The heading of `timeseries.csv`.
pub(super) const COLUMNS: [&str; 16] = [
    "date",
    "ID",
    "systol",
    "diastol",
    "resp.rate",
    "heart rate",
    "OSat",
    "temp",
    "weight",
    "BMI",
    "BaseE",
    "TPain",
    "DK",
    "sum BaseE",
    "sum TPain",
    "sum DK",
];

/// How many rows go by between two words of progress.
const PROGRESS: u64 = 1 << 16;

/// How many visits there could be at the most, each on the day after the one before.
pub(super) fn most_rows(first_day: Date, variant: Variant) -> u64 {
    let days = first_day.duration_until(Date::MAX).as_hours() / 24;
    let steps = u64::try_from(days).expect("no date is later than the greatest");
    steps + 1 - steps_after_last_row(variant)
}

/// The document's program moves on to a next date after its last row too (line 945).
fn steps_after_last_row(variant: Variant) -> u64 {
    match variant {
        Variant::Faithful => 1,
        Variant::Corrected => 0,
    }
}

/// Draws and writes `timeseries.csv`, document lines 899-950, and adds the effects up in the visitors' tallies.
pub(super) fn write_visits(
    first_day: Date,
    johns: &Johns,
    random: &mut Random,
    visitors: &mut [Visitor],
    mut cells: impl Cells,
    progress: &mut dyn FnMut(u64),
) -> Result<FileRecord, JohnsError> {
    let file = JohnsFile::Timeseries;
    let mut day = Day::of(first_day);
    let indices = BodyMassIndices::new();
    let steps_once_more = steps_after_last_row(johns.variant);
    for row in 1..=johns.rows {
        let id = random.randint(0, last_id(johns));
        let visitor =
            visitors.get_mut(id as usize).ok_or(JohnsError::NoSuchPatient { row, id, patients: johns.patients })?;
        let visit = Visit::draw(johns.variant, random, &indices, visitor);
        visitor.add(&visit);
        cells.day(day.date, &day.text);
        cells.integer(id);
        write_visit(&mut cells, &visit, &visitor.tally).map_err(file.failed())?;
        if row < johns.rows || steps_once_more == 1 {
            let passed = day.pass(random.randint(1, 2));
            passed.ok_or(JohnsError::CalendarEnds { fit: row - steps_once_more, rows: johns.rows })?;
        }
        if row % PROGRESS == 0 {
            progress(row);
        }
    }
    progress(johns.rows);
    cells.finish(file.name()).map_err(file.failed())
}

/// The last of the patients a visit may fall to: in the document's program 99, however many there are.
fn last_id(johns: &Johns) -> u32 {
    match johns.variant {
        Variant::Faithful => 99,
        Variant::Corrected => johns.patients - 1,
    }
}

/// A day and its text, as Python's `str` has a `datetime` at midnight.
struct Day {
    date: Date,
    text: [u8; 19],
}

impl Day {
    fn of(date: Date) -> Self {
        let mut day = Self { date, text: *b"0000-00-00 00:00:00" };
        day.retell();
        day
    }

    /// Moves on, or tells that the calendar has ended.
    #[inline]
    fn pass(&mut self, days: u32) -> Option<()> {
        for _ in 0..days {
            self.date = self.date.tomorrow().ok()?;
        }
        self.retell();
        Some(())
    }

    #[inline]
    fn retell(&mut self) {
        let year = self.date.year().unsigned_abs();
        self.put(0, (year / 100) as u8);
        self.put(2, (year % 100) as u8);
        self.put(5, self.date.month().unsigned_abs());
        self.put(8, self.date.day().unsigned_abs());
    }

    #[inline]
    fn put(&mut self, place: usize, number: u8) {
        self.text[place] = b'0' + number / 10;
        self.text[place + 1] = b'0' + number % 10;
    }
}

/// What the doctor writes down.
struct Visit<'a> {
    systolic: u32,
    diastolic: u32,
    respiration: u32,
    heart: u32,
    oxygen: f64,
    temperature: f64,
    weight: u32,
    body_mass_index: &'a BodyMassIndex,
    base_e: bool,
    t_pain: f64,
    dk: bool,
}

impl<'a> Visit<'a> {
    /// Document lines 907-929.
    #[inline]
    fn draw(
        variant: Variant,
        random: &mut Random,
        indices: &'a BodyMassIndices,
        Visitor { parameters, height, .. }: &Visitor,
    ) -> Self {
        let systolic = random.randint(parameters.systolic.low, parameters.systolic.high);
        let diastolic = random.randint(parameters.diastolic.low, parameters.diastolic.high).min(systolic - 4);
        let respiration = random.randint(parameters.respiration.low, parameters.respiration.high);
        let heart = random.randint(parameters.heart.low, parameters.heart.high);
        let oxygen = random.uniform(parameters.oxygen.low, parameters.oxygen.high).min(99.4);
        let range = parameters.temperature.range();
        let temperature = random.uniform(range.low, range.high);
        let weight = random.randint(parameters.weight.low, parameters.weight.high);
        let body_mass_index = indices.of(*height, weight);
        let weight_for_dk = match variant {
            // The document's program hands the index over where the weight belongs (line 929).
            Variant::Faithful => body_mass_index.value,
            Variant::Corrected => f64::from(weight),
        };
        Self {
            systolic,
            diastolic,
            respiration,
            heart,
            oxygen,
            temperature,
            weight,
            body_mass_index,
            base_e: heart > 58 && heart < 62 && systolic - diastolic > 30 && body_mass_index.value < 22.0,
            t_pain: t_pain(respiration, oxygen, *height),
            dk: weight_for_dk < 150.0 && temperature < 97.4,
        }
    }
}

/// The body mass index of every height and weight there can be, worked out and written once: each is needed
/// again and again.
struct BodyMassIndices(Vec<BodyMassIndex>);

struct BodyMassIndex {
    value: f64,
    field: Ready<24>,
}

impl BodyMassIndices {
    fn new() -> Self {
        let heights = *HEIGHTS.start()..=*HEIGHTS.end();
        Self(heights.flat_map(|height| WEIGHTS.map(move |weight| BodyMassIndex::of(height, weight))).collect())
    }

    // INVARIANT: the parameters of a patient keep to `HEIGHTS` and `WEIGHTS`.
    #[inline]
    fn of(&self, height: Height, weight: u32) -> &BodyMassIndex {
        let row = (height.in_inches() - HEIGHTS.start()) as usize;
        &self.0[row * WEIGHTS.count() + (weight - WEIGHTS.start()) as usize]
    }
}

impl BodyMassIndex {
    /// `BMI`, document line 799: of inches and pounds.
    fn of(height: u32, weight: u32) -> Self {
        let value = 703.0 * f64::from(weight) / f64::from(height * height);
        Self { value, field: Ready::float(value) }
    }
}

/// `ModelTPain`, document line 771; the additions keep its order, since a float's last digit depends on it.
#[inline]
fn t_pain(respiration: u32, oxygen: f64, height: Height) -> f64 {
    let above = f64::from(height.in_centimetres()) - 157.0;
    f64::from(respiration) + 2.0 * (oxygen - 95.0) + 0.2 * above
}

impl Visitor {
    #[inline]
    fn add(&mut self, visit: &Visit) {
        self.tally.base_e += u64::from(visit.base_e);
        self.tally.t_pain = Some(self.tally.t_pain.unwrap_or(0.0) + visit.t_pain);
        self.tally.dk += u64::from(visit.dk);
    }
}

#[inline]
fn write_visit(cells: &mut impl Cells, visit: &Visit, tally: &Tally) -> io::Result<()> {
    cells.integer(visit.systolic);
    cells.integer(visit.diastolic);
    cells.integer(visit.respiration);
    cells.integer(visit.heart);
    cells.float(visit.oxygen);
    cells.float(visit.temperature);
    cells.integer(visit.weight);
    cells.written(visit.body_mass_index.value, &visit.body_mass_index.field);
    cells.integer(visit.base_e);
    cells.float(visit.t_pain);
    cells.integer(visit.dk);
    cells.integer(tally.base_e);
    cells.float(tally.t_pain.unwrap_or(0.0));
    cells.integer(tally.dk);
    cells.end_row()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn days_are_told_as_python_tells_them() {
        let mut day = Day::of(date(1938, 10, 30));
        let mut oracle = day.date;
        for step in 0..40_000 {
            assert_eq!(day.text, *format!("{oracle} 00:00:00").as_bytes());
            day.pass(1 + step % 2).unwrap();
            oracle = oracle.checked_add(jiff::Span::new().days(1 + step % 2)).unwrap();
        }
    }

    #[test]
    fn calendar_ends_where_pythons_does() {
        let mut day = Day::of(date(9999, 12, 29));
        assert!(day.pass(2).is_some());
        assert_eq!(&day.text, b"9999-12-31 00:00:00");
        assert!(day.pass(1).is_none());
    }

    #[test]
    fn most_rows_are_a_day_apart() {
        assert_eq!(most_rows(date(9999, 12, 30), Variant::Faithful), 1);
        assert_eq!(most_rows(date(9999, 12, 30), Variant::Corrected), 2);
    }
}
