//! Where generated values go, cell by cell and row by row: into a CSV file, or into columns in memory.

use std::io;

use jiff::civil::{Date, date};

use crate::csv::Ready;
use crate::manifest::FileRecord;

/// Takes the cells of a table in order.
pub(crate) trait Cells {
    /// A text as it stands, which must need no quotation marks.
    fn plain(&mut self, field: &[u8]);
    /// A text that holds a comma, and no quotation mark.
    fn quoted(&mut self, field: &str);
    /// An integer.
    fn integer(&mut self, value: impl Into<u64>);
    /// A float, as Python's `repr` has it.
    fn float(&mut self, value: f64);
    /// A sum of no floats, which Python writes as the integer it is.
    fn zero(&mut self);
    /// A float that was written beforehand.
    fn written(&mut self, value: f64, field: &Ready<24>);
    /// A day, and its text.
    fn day(&mut self, date: Date, text: &[u8; 19]);
    /// Ends the row, which has at least one cell.
    fn end_row(&mut self) -> io::Result<()>;
    /// Tells what there now is.
    fn finish(self, name: &str) -> io::Result<FileRecord>;
}

/// A table in memory: columns of one length, in the order of the file's.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// Each column under the file's name for it.
    pub columns: Vec<(&'static str, Column)>,
    /// Which column the next cell is in.
    next: usize,
    rows: u64,
}

/// A column in memory.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Whole numbers.
    Integers(Vec<i64>),
    /// Other numbers.
    Floats(Vec<f64>),
    /// Texts.
    Texts(Vec<String>),
    /// Midnights, in seconds from that of 1970-01-01.
    Days(Vec<i64>),
}

impl Table {
    /// A table of those columns. What each holds its first cell tells.
    pub(crate) fn headed(columns: &[&'static str]) -> Self {
        let empty = |name: &&'static str| (*name, Column::Integers(Vec::new()));
        Self { columns: columns.iter().map(empty).collect(), next: 0, rows: 0 }
    }

    /// Puts a cell where it belongs.
    #[inline]
    fn put(&mut self, cell: Cell) {
        let column = &mut self.columns[self.next].1;
        self.next += 1;
        match (column, cell) {
            (Column::Integers(values), Cell::Integer(value)) => values.push(value),
            (Column::Floats(values), Cell::Float(value)) => values.push(value),
            (Column::Texts(values), Cell::Text(value)) => values.push(value),
            (Column::Days(values), Cell::Day(value)) => values.push(value),
            // INVARIANT: the cells of a column are of one kind, so this happens in the first row only.
            (column, Cell::Integer(value)) => *column = Column::Integers(vec![value]),
            (column, Cell::Float(value)) => *column = Column::Floats(vec![value]),
            (column, Cell::Text(value)) => *column = Column::Texts(vec![value]),
            (column, Cell::Day(value)) => *column = Column::Days(vec![value]),
        }
    }
}

enum Cell {
    Integer(i64),
    Float(f64),
    Text(String),
    Day(i64),
}

impl Cells for &mut Table {
    fn plain(&mut self, field: &[u8]) {
        self.put(Cell::Text(String::from_utf8_lossy(field).into_owned()));
    }

    fn quoted(&mut self, field: &str) {
        self.put(Cell::Text(field.to_owned()));
    }

    #[inline]
    fn integer(&mut self, value: impl Into<u64>) {
        // No count of anything here comes near.
        self.put(Cell::Integer(i64::try_from(value.into()).unwrap_or(i64::MAX)));
    }

    #[inline]
    fn float(&mut self, value: f64) {
        self.put(Cell::Float(value));
    }

    fn zero(&mut self) {
        self.put(Cell::Float(0.0));
    }

    #[inline]
    fn written(&mut self, value: f64, _field: &Ready<24>) {
        self.put(Cell::Float(value));
    }

    #[inline]
    fn day(&mut self, date: Date, _text: &[u8; 19]) {
        self.put(Cell::Day(EPOCH.duration_until(date).as_secs()));
    }

    #[inline]
    fn end_row(&mut self) -> io::Result<()> {
        self.next = 0;
        self.rows += 1;
        Ok(())
    }

    fn finish(self, name: &str) -> io::Result<FileRecord> {
        Ok(FileRecord { name: name.to_owned(), sha256: None, bytes: 0, rows: self.rows })
    }
}

const EPOCH: Date = date(1970, 1, 1);
