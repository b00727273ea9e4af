//! SAS transport files, version 5: the layout of the published record (TS-140).
//!
//! Numbers are hexadecimal floating point of 2 to 8 bytes, a missing one begins with `.`, `_` or a
//! letter. Dates and times are text in ISO 8601 once read. Trailing blanks of text are lost.

use crate::column::{Cell, Column, Field, Table, Texts};
use crate::error::RecordsError;
use crate::import::time::Moment;
use crate::problem::Problem;

const LIBRARY: &[u8] = b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!";
const LIBRARY_8: &[u8] = b"HEADER RECORD*******LIBV8   HEADER RECORD!!!!!!!";
const MEMBER: &[u8] = b"HEADER RECORD*******MEMBER  HEADER RECORD!!!!!!!";
const DESCRIPTION: &[u8] = b"HEADER RECORD*******DSCRPTR HEADER RECORD!!!!!!!";
const NAMES: &[u8] = b"HEADER RECORD*******NAMESTR HEADER RECORD!!!!!!!";
const ROWS: &[u8] = b"HEADER RECORD*******OBS     HEADER RECORD!!!!!!!";

/// Bytes of every record.
const RECORD: usize = 80;
/// Bytes of the longest text.
const LONGEST: usize = 200;
/// Bytes that describe a variable.
const NAME: usize = 140;
/// The time that every file of ours says: the bytes depend on the data alone.
const TIME: &[u8; 16] = b"01JAN70:00:00:00";
/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// A variable.
struct Variable {
    is_number: bool,
    length: usize,
    name: String,
    label: String,
    format: String,
    position: usize,
}

/// Reads the one table of a file.
///
/// # Errors
/// The first thing that keeps it from being read.
pub fn read(file: &str, bytes: &[u8]) -> Result<Table, Box<Problem>> {
    let wrong =
        |message: &str, help: &str| Box::new(Problem::error("E101", file, message).helped(help));
    if bytes.starts_with(LIBRARY_8) {
        return Err(wrong("a transport file of version 8", "write it as version 5"));
    }
    let cut = || wrong("the transport file ends within its header", "is the file whole?");
    let record = |at: usize| bytes.get(at * RECORD..(at + 1) * RECORD).ok_or_else(cut);
    for (at, begin) in [(0, LIBRARY), (3, MEMBER), (4, DESCRIPTION), (7, NAMES)] {
        if !record(at)?.starts_with(begin) {
            return Err(wrong(
                "this is no transport file of version 5",
                "export it again as XPORT version 5",
            ));
        }
    }
    let number = |bytes: &[u8]| std::str::from_utf8(bytes).ok()?.trim().parse::<usize>().ok();
    let size = number(&record(3)?[75..78]).filter(|size| (136..=NAME).contains(size));
    let count = number(&record(7)?[54..58]);
    let (Some(size), Some(count)) = (size, count) else { return Err(cut()) };
    let names = 8 * RECORD;
    let header = names + (count * size).next_multiple_of(RECORD);
    let described = bytes.get(names..names + count * size).ok_or_else(cut)?;
    let variables: Vec<Variable> = described.chunks_exact(size).filter_map(variable).collect();
    let after = bytes.get(header..header + RECORD).ok_or_else(cut)?;
    if variables.len() != count || !after.starts_with(ROWS) {
        return Err(wrong("a variable of the transport file is not described", "is it damaged?"));
    }
    let data = &bytes[header + RECORD..];
    if data.windows(MEMBER.len()).step_by(RECORD).any(|window| window == MEMBER) {
        let help = "write each table to a file of its own";
        return Err(wrong("the transport file holds several tables", help));
    }
    let about = record(5)?;
    let label = text_of(&record(6)?[32..72]).unwrap_or_default();
    let name = text_of(&about[8..16]).unwrap_or_default().to_lowercase();
    let columns = columns(file, &variables, data)?;
    Ok(Table { name, label, columns })
}

fn variable(bytes: &[u8]) -> Option<Variable> {
    let short = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
    let is_number = match short(0) {
        1 => true,
        2 => false,
        _ => return None,
    };
    let length = usize::from(short(4));
    let allowed = if is_number { 2..=8 } else { 1..=32_767 };
    let position = u32::from_be_bytes([bytes[84], bytes[85], bytes[86], bytes[87]]) as usize;
    let name = text_of(&bytes[8..16]).filter(|name| !name.is_empty())?;
    allowed.contains(&length).then_some(())?;
    Some(Variable {
        is_number,
        length,
        name,
        label: text_of(&bytes[16..56])?,
        format: text_of(&bytes[56..64])?,
        position,
    })
}

/// Text without its trailing blanks; `None` when it is not UTF-8.
fn text_of(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(|text| text.trim_end_matches([' ', '\0']).to_owned())
}

fn columns(file: &str, variables: &[Variable], data: &[u8]) -> Result<Vec<Field>, Box<Problem>> {
    let width: usize = variables.iter().map(|variable| variable.length).sum();
    let fits = |variable: &Variable| variable.position + variable.length <= width;
    if width == 0 || !variables.iter().all(fits) {
        let problem = Problem::error("E101", file, "the variables of the transport file overlap");
        return Err(Box::new(problem.helped("is it damaged?")));
    }
    let whole = data.len() / width;
    let rest = data.len() - whole * width;
    if rest >= RECORD || data[whole * width..].iter().any(|&byte| byte != b' ') {
        let message = format!("the last row of the transport file is cut off after {rest} bytes");
        let problem = Problem::error("E101", file, message).at_row(whole);
        return Err(Box::new(problem.helped("is the file whole?")));
    }
    let mut rows: Vec<&[u8]> = data.chunks_exact(width).collect();
    // blanks fill the last record
    let mut padding = rest;
    while padding + width < RECORD
        && rows.last().is_some_and(|row| row.iter().all(|&byte| byte == b' '))
    {
        rows.pop();
        padding += width;
    }
    variables.iter().map(|variable| column(file, variable, &rows)).collect()
}

fn column(file: &str, variable: &Variable, rows: &[&[u8]]) -> Result<Field, Box<Problem>> {
    let Variable { length, position, .. } = *variable;
    let cells = rows.iter().map(|row| &row[position..position + length]);
    let column = if variable.is_number {
        let numbers = cells.map(number_of);
        match moment_format(&variable.format) {
            None => Column::Number(numbers.collect()),
            Some(kind) => {
                let mut texts = Texts::default();
                for number in numbers {
                    texts.push(&number.map_or(String::new(), |number| iso(kind, number)));
                }
                Column::Packed(texts)
            }
        }
    } else {
        let mut texts = Texts::default();
        for (row, cell) in cells.enumerate() {
            let Ok(text) = std::str::from_utf8(cell) else {
                let problem = Problem::error("E101", file, "the text is not UTF-8").at_row(row);
                let help = "export it again in UTF-8, or as Dataset-JSON";
                return Err(Box::new(problem.in_column(&variable.name).helped(help)));
            };
            texts.push(text.trim_end_matches([' ', '\0']));
        }
        Column::Packed(texts)
    };
    Ok(Field {
        name: variable.name.clone(),
        label: variable.label.clone(),
        unit: String::new(),
        column,
    })
}

/// What a number with a date format counts.
#[derive(Clone, Copy)]
enum Counts {
    Days,
    Seconds,
    SecondsOfDay,
}

fn moment_format(format: &str) -> Option<Counts> {
    let name = format.trim_end_matches(|last: char| last.is_ascii_digit() || last == '.');
    Some(match name {
        "DATE" | "YYMMDD" | "MMDDYY" | "DDMMYY" | "E8601DA" | "IS8601DA" | "YYMMDDD" => {
            Counts::Days
        }
        "DATETIME" | "E8601DT" | "IS8601DT" => Counts::Seconds,
        "TIME" | "E8601TM" | "IS8601TM" | "HHMM" | "TOD" => Counts::SecondsOfDay,
        _ => return None,
    })
}

fn iso(kind: Counts, number: f64) -> String {
    let clock = |seconds: f64| {
        let seconds = seconds.floor() as i64;
        format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    };
    let date = |days: f64| Moment::of_sas(days.floor()).map(Moment::iso);
    let told = match kind {
        Counts::Days => date(number),
        Counts::Seconds => {
            date(number / DAY).map(|day| format!("{day}T{}", clock(number.rem_euclid(DAY))))
        }
        Counts::SecondsOfDay => (0.0..DAY).contains(&number).then(|| clock(number)),
    };
    told.unwrap_or_else(|| crate::csv::number(number))
}

/// A number of 2 to 8 bytes: sign, exponent of 16 with an excess of 64, fraction.
fn number_of(bytes: &[u8]) -> Option<f64> {
    let first = bytes[0];
    let is_letter = first == b'.' || first == b'_' || first.is_ascii_uppercase();
    if is_letter && bytes[1..].iter().all(|&byte| byte == 0) {
        return None;
    }
    let fraction = bytes[1..].iter().fold(0_u64, |sum, &byte| sum << 8 | u64::from(byte));
    // the fraction has at most 56 bits; those beyond 53 are rounded once, here
    let bits: i32 = bytes[1..].iter().map(|_| 8).sum();
    let value = scaled(fraction as f64, 4 * (i32::from(first & 0x7f) - 64) - bits);
    Some(if first & 0x80 == 0 { value } else { -value })
}

/// A number times a power of 2, exact within the range of the format.
fn scaled(value: f64, power: i32) -> f64 {
    let half = power / 2;
    value * 2_f64.powi(half) * 2_f64.powi(power - half)
}

/// The 8 bytes of a number; `None` when it is too large.
fn bytes_of(value: f64) -> Option<[u8; 8]> {
    if value.abs() <= 0.0 {
        return Some([0; 8]);
    }
    let bits = value.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32;
    if exponent == 0 {
        // smaller than the format can hold
        return Some([0; 8]);
    }
    let mantissa = (bits & ((1 << 52) - 1)) | (1 << 52);
    // value = mantissa x 2^(exponent - 1075) = fraction / 2^56 x 16^power
    let binary = exponent - 1023 + 4;
    let power = binary.div_euclid(4);
    let fraction = mantissa << binary.rem_euclid(4);
    if power < -64 {
        return Some([0; 8]);
    }
    if power > 63 {
        return None;
    }
    let mut bytes = fraction.to_be_bytes();
    bytes[0] = (power + 64) as u8 | if value < 0.0 { 0x80 } else { 0 };
    Some(bytes)
}

/// The table as a transport file.
///
/// # Errors
/// A name of more than 8 letters, a label of more than 40, a text of more than 200 bytes, a number
/// beyond 7e75.
pub fn write(table: &Table) -> Result<Vec<u8>, RecordsError> {
    let cannot = |what: String| RecordsError::Format { table: table.name.clone(), what };
    let lengths: Vec<usize> = table
        .columns
        .iter()
        .map(|field| match field.column {
            Column::Number(_) | Column::Integer(_) => 8,
            _ => field.longest().max(1),
        })
        .collect();
    for (field, &length) in table.columns.iter().zip(&lengths) {
        if field.name.len() > 8 || !field.name.is_ascii() {
            return Err(cannot(format!("the name `{}` is longer than 8 letters", field.name)));
        }
        if length > LONGEST {
            let name = &field.name;
            return Err(cannot(format!(
                "a text of `{name}` has {length} bytes, at most {LONGEST}"
            )));
        }
    }
    let mut bytes = header(table, &lengths);
    for row in 0..table.rows() {
        for (field, &length) in table.columns.iter().zip(&lengths) {
            let cell = match field.column.cell(row) {
                Cell::Integer(number) => Cell::Number(number as f64),
                cell => cell,
            };
            match (cell, &field.column) {
                (Cell::Number(number), _) => {
                    let name = &field.name;
                    let number = bytes_of(number).ok_or_else(|| {
                        cannot(format!("`{name}` has {number:e}, more than the format can hold"))
                    })?;
                    bytes.extend_from_slice(&number);
                }
                (_, Column::Number(_) | Column::Integer(_)) => {
                    bytes.extend_from_slice(&[b'.', 0, 0, 0, 0, 0, 0, 0]);
                }
                (Cell::Text(text), _) => padded(&mut bytes, text, length),
                (_, _) => padded(&mut bytes, "", length),
            }
        }
    }
    fill(&mut bytes);
    Ok(bytes)
}

fn padded(bytes: &mut Vec<u8>, text: &str, length: usize) {
    // a letter of several bytes is left out rather than cut
    let mut end = text.len().min(length);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    bytes.extend_from_slice(&text.as_bytes()[..end]);
    bytes.resize(bytes.len() + length - end, b' ');
}

/// Blanks up to the end of a record.
fn fill(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(RECORD), b' ');
}

fn header(table: &Table, lengths: &[usize]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let zeros = "000000000000000000000000000000  ";
    let record = |begin: &[u8], end: &str, bytes: &mut Vec<u8>| {
        bytes.extend_from_slice(begin);
        padded(bytes, end, RECORD - begin.len());
    };
    record(LIBRARY, zeros, &mut bytes);
    bytes.extend_from_slice(b"SAS     SAS     SASLIB  9.4     CYTOTRIA");
    padded(&mut bytes, "", 24);
    bytes.extend_from_slice(TIME);
    bytes.extend_from_slice(TIME);
    fill(&mut bytes);
    record(MEMBER, "000000000000000001600000000140  ", &mut bytes);
    record(DESCRIPTION, zeros, &mut bytes);
    bytes.extend_from_slice(b"SAS     ");
    padded(&mut bytes, &table.name.to_uppercase(), 8);
    bytes.extend_from_slice(b"SASDATA 9.4     CYTOTRIA");
    padded(&mut bytes, "", 24);
    bytes.extend_from_slice(TIME);
    bytes.extend_from_slice(TIME);
    padded(&mut bytes, "", 16);
    padded(&mut bytes, &table.label, 40);
    padded(&mut bytes, "", 8);
    record(NAMES, &format!("000000{:04}00000000000000000000  ", table.columns.len()), &mut bytes);
    let mut position = 0_u32;
    for (at, (field, &length)) in table.columns.iter().zip(lengths).enumerate() {
        describe(&mut bytes, field, at + 1, length, position);
        position += length as u32;
    }
    fill(&mut bytes);
    record(ROWS, zeros, &mut bytes);
    bytes
}

/// The 140 bytes of a variable.
fn describe(bytes: &mut Vec<u8>, field: &Field, number: usize, length: usize, position: u32) {
    let is_number = matches!(field.column, Column::Number(_) | Column::Integer(_));
    let end = bytes.len() + NAME;
    for short in [if is_number { 1 } else { 2 }, 0, length as u16, number as u16] {
        bytes.extend_from_slice(&u16::to_be_bytes(short));
    }
    padded(bytes, &field.name.to_uppercase(), 8);
    padded(bytes, &field.label, 40);
    padded(bytes, "", 8); // format
    bytes.extend_from_slice(&[0; 8]); // its width and decimals, justification
    padded(bytes, "", 8); // informat
    bytes.extend_from_slice(&[0; 4]); // its width and decimals
    bytes.extend_from_slice(&position.to_be_bytes());
    bytes.resize(end, 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_every_bit() {
        let mut seed = 1_u64;
        for _ in 0..100_000 {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let value = f64::from_bits(
                (seed & 0x800f_ffff_ffff_ffff) | ((1023 - 200 + (seed >> 55) % 400) << 52),
            );
            let back = bytes_of(value).and_then(|bytes| number_of(&bytes));
            assert_eq!(back.map(f64::to_bits), Some(value.to_bits()), "{value:e}");
        }
        for value in [1.0, -1.0, 0.5, 63.0, 0.1, 1e75, 1e-70, f64::from(u32::MAX)] {
            let back = bytes_of(value).and_then(|bytes| number_of(&bytes));
            assert_eq!(back.map(f64::to_bits), Some(value.to_bits()), "{value:e}");
        }
        assert_eq!(bytes_of(1e76), None);
        assert_eq!(number_of(&[0x42, 0x3f]), Some(63.0));
        assert_eq!(number_of(b".\0\0\0\0\0\0\0"), None);
        assert_eq!(number_of(b"Z\0\0\0"), None);
    }
}
