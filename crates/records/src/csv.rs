//! Tables as CSV: UTF-8, one header row, numbers in the shortest form that reads back exactly.
//!
//! Text that a spreadsheet would take for a formula is written behind an apostrophe, which reading
//! takes away again. Lines before the header that begin with `#` are remarks.

use crate::column::{Cell, Column, Field, Table, Texts};
use crate::error::RecordsError;
use crate::problem::Problem;

/// Bytes of the longest row that is read.
pub const LONGEST_ROW: usize = 1 << 20;
/// So many rows that do not fit the header are told.
const MOST_UNEVEN: usize = 1000;
/// Columns at most.
pub const MOST_COLUMNS: usize = 10_000;

/// The table as CSV.
pub fn write(table: &Table) -> Result<Vec<u8>, RecordsError> {
    let failed = |source: csv::Error| RecordsError::Csv { table: table.name.clone(), source };
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(table.columns.iter().map(|field| &field.name)).map_err(failed)?;
    let mut text = String::new();
    for row in 0..table.rows() {
        for field in &table.columns {
            text.clear();
            format_cell(field.column.cell(row), &mut text);
            writer.write_field(&text).map_err(failed)?;
        }
        writer.write_record(None::<&[u8]>).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| failed(error.into_error().into()))
}

/// A table of text columns as a CSV file has it, with the line on which each row begins.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lined {
    /// The table, every column text.
    pub table: Table,
    /// Line of each row, from 1.
    pub lines: Vec<u32>,
    /// Line of the header, from 1.
    pub header: usize,
}

/// Reads CSV into a table of text columns, to be typed by whoever knows the table.
///
/// # Errors
/// Every row that does not fit the header, and whatever keeps the file from being read at all.
pub fn read(name: &str, bytes: &[u8]) -> Result<Lined, Vec<Problem>> {
    let (text, skipped) = text_of(name, bytes).map_err(|problem| vec![*problem])?;
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .delimiter(delimiter(text))
        .from_reader(text.as_bytes());
    let damaged = |error: &csv::Error| {
        let line = error.position().map_or(1, |at| at.line() as usize) + skipped;
        Problem::error("E101", name, format!("the row cannot be read: {error}")).at_line(line)
    };
    let header = match reader.headers() {
        Ok(header) => header.clone(),
        Err(error) => return Err(vec![damaged(&error)]),
    };
    let at = skipped + 1;
    let mut problems = headers(name, &header, at);
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut columns = vec![Texts::default(); header.len()];
    let mut lines = Vec::new();
    let mut record = csv::StringRecord::new();
    let mut counted = Counted { bytes: text.as_bytes(), at: 0, line: 1 };
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => {
                problems.push(damaged(&error));
                break;
            }
        }
        let line = skipped + counted.line_of(record.position().map_or(0, |at| at.byte() as usize));
        if let Some(problem) = row_problem(name, &record, header.len(), line) {
            let is_last = problem.code == "E116" || problems.len() >= MOST_UNEVEN;
            problems.push(problem);
            if is_last {
                break;
            }
            continue;
        }
        if record.iter().all(|value| value.trim().is_empty()) {
            continue;
        }
        for (column, value) in columns.iter_mut().zip(&record) {
            column.push(opened(value.trim()));
        }
        lines.push(line as u32);
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let fields = header.iter().zip(columns).map(|(name, texts)| Field {
        name: name.trim().into(),
        label: String::new(),
        unit: String::new(),
        column: Column::Packed(texts),
    });
    let table = Table { name: name.into(), label: String::new(), columns: fields.collect() };
    Ok(Lined { table, lines, header: at })
}

/// Lines counted so far; rows come in order.
struct Counted<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
}

impl Counted<'_> {
    /// The line, from 1, on which the text at or after a byte begins.
    fn line_of(&mut self, byte: usize) -> usize {
        let rest = self.bytes.get(byte..).unwrap_or_default();
        let ends = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let to = (byte + ends).min(self.bytes.len());
        self.line += line_ends(&self.bytes[self.at..to]);
        self.at = to;
        self.line
    }
}

fn line_ends(bytes: &[u8]) -> usize {
    bytes.iter().map(|&byte| usize::from(byte == b'\n')).sum()
}

/// The text behind a byte order mark and remarks, and the number of lines before it.
fn text_of<'a>(name: &str, bytes: &'a [u8]) -> Result<(&'a str, usize), Box<Problem>> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        let help = "save it again as CSV UTF-8";
        let problem = Problem::error("E101", name, "the text is UTF-16, expected UTF-8");
        return Err(Box::new(problem.helped(help)));
    }
    let bytes = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    let line_of = |at: usize| line_ends(&bytes[..at]) + 1;
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let message = format!("byte {:#04x} is not UTF-8", bytes[at]);
        let help = "save it again as CSV UTF-8; letters such as é and µ show whether it worked";
        Box::new(Problem::error("E101", name, message).at_line(line_of(at)).helped(help))
    })?;
    if let Some(at) = text.find('\0') {
        let problem = Problem::error("E101", name, "there is a zero byte; this is no text");
        return Err(Box::new(problem.at_line(line_of(at))));
    }
    for (line, text) in text.split('\n').enumerate() {
        if text.len() > LONGEST_ROW {
            return Err(Box::new(too_long(name, line + 1)));
        }
    }
    let mut rest = text;
    let mut skipped = 0;
    while rest.starts_with(['#', '\n', '\r']) {
        let end = rest.find('\n').map_or(rest.len(), |at| at + 1);
        rest = &rest[end..];
        skipped += 1;
    }
    Ok((rest, skipped))
}

/// A comma, unless the header has none and has semicolons or tabs.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    let is_in = |letter: char| header.contains(letter);
    match () {
        () if is_in(',') => b',',
        () if is_in(';') => b';',
        () if is_in('\t') => b'\t',
        () => b',',
    }
}

fn too_long(name: &str, line: usize) -> Problem {
    let message = format!("the row is longer than {} KiB", LONGEST_ROW / 1024);
    let help = "an open quotation mark, or a file that is no table";
    Problem::error("E116", name, message).at_line(line).helped(help)
}

/// What is wrong with a row as a whole.
fn row_problem(
    name: &str,
    record: &csv::StringRecord,
    expected: usize,
    line: usize,
) -> Option<Problem> {
    if record.as_slice().len() > LONGEST_ROW {
        return Some(too_long(name, line));
    }
    (record.len() != expected).then(|| uneven(name, record, expected, line))
}

fn uneven(name: &str, record: &csv::StringRecord, expected: usize, line: usize) -> Problem {
    let (found, s) = (record.len(), if record.len() == 1 { "" } else { "s" });
    let message = format!("the row has {found} value{s}, the header {expected}");
    let help = "a text that holds a comma stands in quotation marks; a decimal sign is a point";
    Problem::error("E101", name, message).at_line(line).helped(help)
}

fn headers(name: &str, header: &csv::StringRecord, line: usize) -> Vec<Problem> {
    let mut problems = Vec::new();
    if header.is_empty() {
        let help = "the first line has the names of the columns";
        problems.push(Problem::error("E101", name, "the file is empty").helped(help));
    }
    if header.len() > MOST_COLUMNS {
        let message = format!("{} columns; at most {MOST_COLUMNS} are read", header.len());
        problems.push(Problem::error("E116", name, message).at_line(line));
        return problems;
    }
    let mut seen: std::collections::BTreeSet<&str> = std::collections::BTreeSet::new();
    for title in header {
        if !title.trim().is_empty() && !seen.insert(title.trim()) {
            let message = format!("the column `{}` is there twice", title.trim());
            let problem = Problem::error("E103", name, message).at_line(line);
            problems.push(problem.helped("give each column its own name"));
        }
    }
    problems
}

fn format_cell(cell: Cell<'_>, text: &mut String) {
    match cell {
        Cell::Missing => {}
        Cell::Text(value) => {
            if is_formula(value) {
                text.push('\'');
            }
            text.push_str(value);
        }
        Cell::Number(value) => text.push_str(&number(value)),
        Cell::Integer(value) => text.push_str(&value.to_string()),
    }
}

/// Whether a spreadsheet would run the text: `=`, `+`, `-`, `@` and control characters begin a
/// formula unless the whole is a number. Apostrophes before them are looked through.
fn is_formula(text: &str) -> bool {
    let inner = text.trim_start_matches('\'');
    let begins = inner.starts_with(['=', '+', '-', '@', '\t', '\r']);
    begins && (inner.len() < text.len() || inner.parse::<f64>().is_err())
}

/// The text without the apostrophe that [`write`] puts before what looks like a formula.
fn opened(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(inner) if is_formula(inner) => inner,
        _ => text,
    }
}

/// A number in the shortest form that reads back exactly, with an exponent when that is shorter.
pub fn number(value: f64) -> String {
    let plain = value.to_string();
    if plain.len() <= 12 {
        return plain;
    }
    let scientific = format!("{value:e}");
    if scientific.len() < plain.len() { scientific } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back(table: &Table) -> Table {
        read("t", &write(table).unwrap()).unwrap().table
    }

    #[test]
    fn numbers_read_back_exactly() {
        for value in [0.1 + 0.2, 1e-9, 1.26e9, -0.0, f64::MIN_POSITIVE, 1.0 / 3.0, 4e11, 1e300] {
            let back: f64 = number(value).parse().unwrap();
            assert_eq!(back.to_bits(), value.to_bits());
        }
    }

    #[test]
    fn text_with_commas_quotes_and_lines_comes_back() {
        let values: Vec<String> = ["a,b", "say \"x\"", "two\nlines", "é"].map(String::from).into();
        let table = Table::new("t").text("A", "text", values);
        assert_eq!(back(&table).column("A"), table.column("A"));
    }

    #[test]
    fn what_looks_like_a_formula_is_disarmed_and_comes_back() {
        let values = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "'=1", "-5", "it's"];
        let table = Table::new("t").text("A", "text", values.map(String::from).into());
        let text = String::from_utf8(write(&table).unwrap()).unwrap();
        assert!(text.contains("\n'=cmd|' /C calc'!A0\n") && text.contains("\n'+1+1\n"), "{text}");
        assert!(text.contains("\n''=1\n") && text.contains("\n-5\n"), "{text}");
        assert_eq!(back(&table).column("A"), table.column("A"));
    }

    #[test]
    fn every_row_that_is_too_short_is_told_with_its_line() {
        let found = read("t.csv", b"# remark\nA,B\n1,2\n3\n4,5,6\n").unwrap_err();
        let lines: Vec<_> = found.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [Some(4), Some(5)]);
    }

    #[test]
    fn marks_line_ends_and_quoted_lines_are_read_right() {
        let text = b"\xef\xbb\xbf# remark\r\nA,B\r\n1,\"x\r\ny\"\r\n\r\n2,z\r\n";
        let read = read("t", text).unwrap();
        assert_eq!(read.lines, [3, 6]);
        assert_eq!(read.table.column("B").unwrap().cell(0), Cell::Text("x\r\ny"));
        assert_eq!(read.table.column("A").unwrap().cell(1), Cell::Text("2"));
    }
}
