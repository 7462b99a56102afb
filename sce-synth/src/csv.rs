//! Python's `csv.writer(..., dialect='excel')`, for the values this crate writes: fields parted by commas,
//! rows ended by CR LF, and quotation marks only about a field that holds a comma.

use std::io::{self, Write};

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use crate::cells::Cells;
use crate::manifest::FileRecord;
use crate::python::with_repr;

/// How much is gathered before it is digested and written: large enough that the calls cost nothing, small
/// enough to stay in the processor's cache between the two.
const CHUNK: usize = 256 * 1024;

/// More than the longest row there is, so that a row never has to ask for room.
const ROW: usize = 1024;

/// One CSV file on its way out: its rows are gathered, digested and written in chunks.
pub(crate) struct Sheet<W> {
    out: W,
    /// INVARIANT: at the start of a row at least [`ROW`] bytes are free past `length`.
    text: Box<[u8]>,
    length: usize,
    /// None when nobody asked for it.
    digest: Option<Sha256>,
    bytes: u64,
    rows: u64,
}

impl<W: Write> Sheet<W> {
    /// Begins a file with the names of its columns.
    pub(crate) fn headed(out: W, columns: &[&str], digest: bool) -> Self {
        let text = vec![0; CHUNK + ROW].into_boxed_slice();
        let mut sheet = Self { out, text, length: 0, digest: digest.then(Sha256::new), bytes: 0, rows: 0 };
        sheet.append(columns.join(",").as_bytes());
        sheet.append(b"\r\n");
        sheet
    }

    /// A field made ready beforehand. More is copied than is meant, since a copy of a fixed size is much the
    /// faster; the next field covers the rest.
    #[inline]
    pub(crate) fn ready<const N: usize>(&mut self, field: &Ready<N>) {
        self.text[self.length..][..N].copy_from_slice(&field.text);
        self.length += field.length;
    }

    #[inline]
    fn append(&mut self, bytes: &[u8]) {
        self.text[self.length..][..bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    /// As [`append`](Self::append), and faster for 16 to 32 bytes, as nearly all floats have: the first and the
    /// last 16 cover them all.
    #[inline]
    fn append_float(&mut self, bytes: &[u8]) {
        match (bytes.first_chunk::<16>(), bytes.last_chunk::<16>()) {
            (Some(first), Some(last)) if bytes.len() <= 32 => {
                let room = &mut self.text[self.length..][..bytes.len()];
                room[..16].copy_from_slice(first);
                room[bytes.len() - 16..].copy_from_slice(last);
                self.length += bytes.len();
            }
            _ => self.append(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let text = &self.text[..self.length];
        if let Some(digest) = &mut self.digest {
            digest.update(text);
        }
        self.out.write_all(text)?;
        self.bytes += text.len() as u64;
        self.length = 0;
        Ok(())
    }
}

impl<W: Write> Cells for Sheet<W> {
    #[inline]
    fn plain(&mut self, field: &[u8]) {
        self.append(field);
        self.append(b",");
    }

    fn quoted(&mut self, field: &str) {
        self.append(b"\"");
        self.append(field.as_bytes());
        self.append(b"\",");
    }

    #[inline]
    fn integer(&mut self, value: impl Into<u64>) {
        let value: u64 = value.into();
        match SMALL.get(value as usize) {
            Some(small) => self.ready(small),
            None => self.plain(itoa::Buffer::new().format(value).as_bytes()),
        }
    }

    #[inline]
    fn float(&mut self, value: f64) {
        with_repr(value, |repr| self.append_float(repr));
        self.append(b",");
    }

    fn zero(&mut self) {
        self.plain(b"0");
    }

    #[inline]
    fn day(&mut self, _date: Date, text: &[u8; 19]) {
        self.plain(text);
    }

    #[inline]
    fn written(&mut self, _value: f64, field: &Ready<24>) {
        self.ready(field);
    }

    #[inline]
    fn end_row(&mut self) -> io::Result<()> {
        self.length -= 1;
        self.append(b"\r\n");
        self.rows += 1;
        if self.length < CHUNK { Ok(()) } else { self.flush() }
    }

    fn finish(mut self, name: &str) -> io::Result<FileRecord> {
        self.flush()?;
        self.out.flush()?;
        Ok(FileRecord {
            name: name.to_owned(),
            sha256: self.digest.map(|digest| hexadecimal(&digest.finalize())),
            bytes: self.bytes,
            rows: self.rows,
        })
    }
}

/// A short field and its comma, made ready once to be written often.
#[derive(Clone, Copy)]
pub(crate) struct Ready<const N: usize> {
    text: [u8; N],
    length: usize,
}

impl Ready<24> {
    /// A float between 0.0001 and 10^16, as Python's `repr` has it: 17 digits, the point and the comma at most.
    pub(crate) fn float(value: f64) -> Self {
        let mut text = [b','; 24];
        let length = with_repr(value, |repr| {
            text[..repr.len()].copy_from_slice(repr);
            repr.len()
        });
        Self { text, length: length + 1 }
    }
}

/// The integers most fields hold.
static SMALL: [Ready<4>; 1000] = small_integers();

const fn small_integers() -> [Ready<4>; 1000] {
    let mut small = [Ready { text: [b','; 4], length: 0 }; 1000];
    let mut value = 0;
    while value < small.len() {
        let digits = [value / 100, value / 10 % 10, value % 10];
        let mut skipped = if value < 10 { 2 } else { (value < 100) as usize };
        let field = &mut small[value];
        while skipped < digits.len() {
            field.text[field.length] = b'0' + digits[skipped] as u8;
            field.length += 1;
            skipped += 1;
        }
        field.length += 1;
        value += 1;
    }
    small
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_laid_out_as_excel_has_them() {
        let mut out = Vec::new();
        let mut sheet = Sheet::headed(&mut out, &["name", "height", "weight"], true);
        sheet.plain(b"Bigboote");
        sheet.quoted("(5, 11)");
        sheet.float(150.0);
        sheet.integer(7_u32);
        sheet.end_row().unwrap();
        let record = sheet.finish("people.csv").unwrap();
        assert_eq!(out, b"name,height,weight\r\nBigboote,\"(5, 11)\",150.0,7\r\n");
        assert_eq!((record.bytes, record.rows), (out.len() as u64, 1));
        assert_eq!(record.sha256, Some(hexadecimal(&Sha256::digest(&out))));
    }

    #[test]
    fn integers_of_any_size_are_written() {
        let mut out = Vec::new();
        let mut sheet = Sheet::headed(&mut out, &["number"], true);
        let edges = [0, 9, 10, 99, 100, 999, 1000, 10_203, 99_999_999, 100_000_000, u64::MAX];
        for number in (0..3000).chain(edges) {
            sheet.integer(number);
            sheet.end_row().unwrap();
        }
        sheet.finish("numbers.csv").unwrap();
        let expected: Vec<String> = (0..3000).chain(edges).map(|number| number.to_string()).collect();
        assert_eq!(String::from_utf8(out).unwrap(), format!("number\r\n{}\r\n", expected.join("\r\n")));
    }

    #[test]
    fn digest_covers_every_chunk() {
        let mut out = Vec::new();
        let mut sheet = Sheet::headed(&mut out, &["number"], true);
        for number in 0..300_000_u32 {
            sheet.integer(number);
            sheet.end_row().unwrap();
        }
        let record = sheet.finish("numbers.csv").unwrap();
        assert!(out.len() > 4 * CHUNK);
        assert_eq!(record.sha256, Some(hexadecimal(&Sha256::digest(&out))));
    }
}
