//! CDISC Dataset-JSON 1.1: one table per file, as a document, as lines, or as compressed lines.
//!
//! Dates are text in ISO 8601, whatever type they have in the system they come from.

use crate::column::{Cell, Column, Field, Table};
use crate::problem::Problem;
use flate2::Compression;
use flate2::read::{GzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};
use gather::{Gathered, Rows};
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::{Read, Write};

mod gather;

/// How the rows stand in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One document with the rows in it.
    Whole,
    /// A line of metadata, then a line per row.
    Lines,
}

/// How lines are compressed: the standard asks for zlib, its published examples are gzip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrapper {
    /// RFC 1950.
    Zlib,
    /// RFC 1952.
    Gzip,
}

/// Bytes that a compressed file may unpack to.
const LARGEST: usize = 1 << 30;
/// Up to here a file may unpack to any multiple of its size; beyond, text never shrinks so much.
const FREE: usize = 16 << 20;
/// Largest multiple of a compressed file's size beyond [`FREE`]; tables reach 10 to 60.
const MULTIPLE: usize = 250;

/// What the metadata says; the rest of it is not needed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(rename = "datasetJSONVersion")]
    version: Option<String>,
    #[serde(default)]
    records: Option<u64>,
    #[serde(default)]
    name: String,
    #[serde(default)]
    label: String,
    columns: Option<Vec<ColumnMetadata>>,
    #[serde(default)]
    rows: Option<Rows>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ColumnMetadata {
    name: String,
    #[serde(default)]
    label: String,
    data_type: String,
    #[serde(default)]
    target_data_type: Option<String>,
}

/// Reads a table. `file` is named in problems.
///
/// # Errors
/// The first thing that keeps it from being read.
pub fn read(file: &str, bytes: &[u8], layout: Layout) -> Result<Table, Box<Problem>> {
    let bytes = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    let (metadata, rows) = match layout {
        Layout::Whole => {
            let mut metadata: Metadata =
                serde_json::from_slice(bytes).map_err(|error| malformed(file, &error, 0))?;
            let rows = metadata.rows.take().unwrap_or_default();
            (metadata, rows)
        }
        Layout::Lines => lines(file, bytes)?,
    };
    let version = metadata.version.as_deref().unwrap_or_default();
    if !version.starts_with("1.1") {
        let message = match version {
            "" => "no `datasetJSONVersion`: this is no Dataset-JSON".to_owned(),
            version => format!("Dataset-JSON {version} is not read"),
        };
        let problem = Problem::error("E101", file, message).helped("Dataset-JSON 1.1 is read");
        return Err(Box::new(problem));
    }
    table(file, &metadata, rows)
}

fn malformed(file: &str, error: &serde_json::Error, lines_before: usize) -> Box<Problem> {
    let told = error.to_string();
    let told = told.split(" at line ").next().unwrap_or_default();
    let problem = Problem::error("E101", file, format!("the JSON cannot be read: {told}"))
        .at_line(error.line() + lines_before)
        .helped("is the file whole? Every row has a value or null for each column");
    Box::new(problem)
}

fn lines(file: &str, bytes: &[u8]) -> Result<(Metadata, Rows), Box<Problem>> {
    let mut lines = bytes.split(|&byte| byte == b'\n').enumerate();
    let first = lines.next().map_or(&[][..], |(_, line)| line);
    let metadata: Metadata =
        serde_json::from_slice(first).map_err(|error| malformed(file, &error, 0))?;
    let mut rows = Rows::default();
    for (at, line) in lines {
        if !line.iter().all(u8::is_ascii_whitespace) {
            rows.read(line).map_err(|error| malformed(file, &error, at))?;
        }
    }
    Ok((metadata, rows))
}

/// The gathered cells as typed columns.
fn table(file: &str, metadata: &Metadata, rows: Rows) -> Result<Table, Box<Problem>> {
    let wrong = |message: String| Problem::error("E101", file, message);
    let Some(columns) = &metadata.columns else {
        return Err(Box::new(wrong("the metadata name no `columns`".into())));
    };
    if let Some((row, width)) = rows.uneven {
        let expected = rows.columns.len();
        let message = format!("the row has {width} values, the first one {expected}");
        return Err(Box::new(wrong(message).at_row(row)));
    }
    if rows.count > 0 && rows.columns.len() != columns.len() {
        let (found, expected) = (rows.columns.len(), columns.len());
        let message = format!("the rows have {found} values, the metadata {expected} columns");
        return Err(Box::new(wrong(message)));
    }
    if let Some(told) = metadata.records.filter(|&told| told != rows.count as u64) {
        let message = format!("there are {} rows, the metadata tell of {told}", rows.count);
        return Err(Box::new(wrong(message).helped("is the file whole?")));
    }
    let mut table = Table::new(&metadata.name).labelled(&metadata.label);
    let mut gathered = rows.columns;
    gathered.resize_with(columns.len(), Gathered::default);
    for (about, cells) in columns.iter().zip(gathered) {
        let column = typed(about, cells).map_err(|(row, message)| {
            Box::new(wrong(message).at_row(row).in_column(&about.name))
        })?;
        table.columns.push(Field {
            name: about.name.clone(),
            label: about.label.clone(),
            unit: String::new(),
            column,
        });
    }
    Ok(table)
}

/// A column by its data type, or the row that does not fit and why.
fn typed(about: &ColumnMetadata, cells: Gathered) -> Result<Column, (usize, String)> {
    let kind = about.data_type.as_str();
    let is_decimal = kind == "decimal" || about.target_data_type.as_deref() == Some("decimal");
    match kind {
        _ if is_decimal => decimals(&cells),
        "integer" | "boolean" => match cells.first_text {
            Some(row) => Err((row, format!("a text where `{kind}` is due"))),
            None => whole(&cells.numbers).map(Column::Integer),
        },
        "float" | "double" => match cells.first_text {
            Some(row) => Err((row, format!("a text where `{kind}` is due"))),
            None => Ok(Column::Number(cells.numbers)),
        },
        "string" | "date" | "datetime" | "time" | "URI" => match cells.first_number {
            Some(row) => Err((row, format!("a number where `{kind}` is due"))),
            None => Ok(Column::Packed(cells.texts)),
        },
        other => Err((0, format!("the data type `{other}` is not known"))),
    }
}

fn whole(numbers: &[Option<f64>]) -> Result<Vec<Option<i64>>, (usize, String)> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let one = |(row, number): (usize, &Option<f64>)| match number {
        Some(number) if number.fract().abs() > 0.0 || number.abs() > EXACT => {
            Err((row, format!("{number} where `integer` is due")))
        }
        number => Ok(number.map(|number| number as i64)),
    };
    numbers.iter().enumerate().map(one).collect()
}

/// Decimals stand as text, so that no digit is lost on the way.
fn decimals(cells: &Gathered) -> Result<Column, (usize, String)> {
    let one = |row: usize| {
        if let Some(number) = cells.numbers[row] {
            return Ok(Some(number));
        }
        let text = cells.texts.get(row).unwrap_or_default();
        if text.is_empty() {
            return Ok(None);
        }
        let number = text.parse().ok().filter(|number: &f64| number.is_finite());
        number.map(Some).ok_or_else(|| (row, format!("`{text}` where `decimal` is due")))
    };
    (0..cells.numbers.len()).map(one).collect::<Result<_, _>>().map(Column::Number)
}

/// The lines in a compressed file: a zlib or a gzip stream.
///
/// # Errors
/// A damaged stream, or one that unpacks to more than any table.
pub fn unpack(file: &str, bytes: &[u8]) -> Result<Vec<u8>, Box<Problem>> {
    let mut reader: Box<dyn Read + '_> = if bytes.starts_with(&[0x1f, 0x8b]) {
        Box::new(GzDecoder::new(bytes))
    } else {
        Box::new(ZlibDecoder::new(bytes))
    };
    let mut text = Vec::new();
    let mut chunk = vec![0; 1 << 16];
    loop {
        let count = reader.read(&mut chunk).map_err(|error| {
            let message = format!("the compressed lines cannot be unpacked: {error}");
            Box::new(Problem::error("E101", file, message).helped("is the file whole?"))
        })?;
        if count == 0 {
            return Ok(text);
        }
        text.extend_from_slice(&chunk[..count]);
        if text.len() > LARGEST || (text.len() > FREE && text.len() > MULTIPLE * bytes.len()) {
            let message = format!(
                "{} compressed bytes unpack to more than {} MB",
                bytes.len(),
                text.len() >> 20
            );
            let help = "no table does; it is not unpacked further";
            return Err(Box::new(Problem::error("E116", file, message).helped(help)));
        }
    }
}

/// Lines compressed.
pub fn pack(lines: &[u8], wrapper: Wrapper) -> Vec<u8> {
    let level = Compression::default();
    let packed = match wrapper {
        Wrapper::Zlib => {
            let mut encoder = ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(lines).and_then(|()| encoder.finish())
        }
        Wrapper::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), level);
            encoder.write_all(lines).and_then(|()| encoder.finish())
        }
    };
    packed.expect("a Vec takes every write")
}

/// The table as Dataset-JSON; `created` is the time of writing, ISO 8601.
pub fn write(table: &Table, layout: Layout, created: &str) -> Vec<u8> {
    let name = table.name.to_uppercase();
    let columns: Vec<Value> = table.columns.iter().map(|field| about(&name, field)).collect();
    let label = if table.label.is_empty() { &name } else { &table.label };
    let metadata = json!({
        "datasetJSONCreationDateTime": created,
        "datasetJSONVersion": "1.1.0",
        "originator": "cytotrial",
        "sourceSystem": { "name": "cytotrial", "version": env!("CARGO_PKG_VERSION") },
        "itemGroupOID": format!("IG.{name}"),
        "records": table.rows(),
        "name": name,
        "label": label,
        "columns": columns,
    });
    let mut text = metadata.to_string();
    let (open, between, close) = match layout {
        Layout::Whole => {
            text.pop();
            text.push_str(",\"rows\":[");
            ("", ",", "]}\n")
        }
        Layout::Lines => ("\n", "\n", "\n"),
    };
    text.push_str(open);
    let mut bytes = text.into_bytes();
    for row in 0..table.rows() {
        if row > 0 {
            bytes.extend_from_slice(between.as_bytes());
        }
        write_row(table, row, &mut bytes);
    }
    if table.rows() > 0 || layout == Layout::Whole {
        bytes.extend_from_slice(close.as_bytes());
    }
    bytes
}

fn about(table: &str, field: &Field) -> Value {
    let label = if field.label.is_empty() { &field.name } else { &field.label };
    let mut about = json!({
        "itemOID": format!("IT.{table}.{}", field.name),
        "name": field.name,
        "label": label,
        "dataType": match field.column {
            Column::Number(_) => "double",
            Column::Integer(_) => "integer",
            _ => "string",
        },
    });
    if !matches!(field.column, Column::Number(_) | Column::Integer(_)) {
        about["length"] = json!(field.longest());
    }
    about
}

fn write_row(table: &Table, row: usize, bytes: &mut Vec<u8>) {
    let written = "a Vec takes every write";
    bytes.push(b'[');
    for (at, field) in table.columns.iter().enumerate() {
        if at > 0 {
            bytes.push(b',');
        }
        match field.column.cell(row) {
            Cell::Text(text) => serde_json::to_writer(&mut *bytes, text).expect(written),
            Cell::Number(number) => serde_json::to_writer(&mut *bytes, &number).expect(written),
            Cell::Integer(number) => serde_json::to_writer(&mut *bytes, &number).expect(written),
            Cell::Missing => match field.column {
                Column::Number(_) | Column::Integer(_) => bytes.extend_from_slice(b"null"),
                _ => bytes.extend_from_slice(b"\"\""),
            },
        }
    }
    bytes.push(b']');
}
