//! Tables as CSV: UTF-8, one header row, numbers in the shortest form that reads back exactly.

use crate::column::{Cell, Column, Field, Table};
use crate::error::RecordsError;

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

/// Reads CSV into a table of text columns, to be typed by whoever knows the table.
pub fn read(name: &str, bytes: &[u8]) -> Result<Table, RecordsError> {
    let failed = |source: csv::Error| RecordsError::Csv { table: name.into(), source };
    let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
    let mut columns: Vec<Field> = reader
        .headers()
        .map_err(failed)?
        .iter()
        .map(|header| Field {
            name: header.into(),
            label: String::new(),
            column: Column::Text(Vec::new()),
        })
        .collect();
    for record in reader.records() {
        let record = record.map_err(failed)?;
        for (field, value) in columns.iter_mut().zip(&record) {
            if let Column::Text(values) = &mut field.column {
                values.push(value.into());
            }
        }
    }
    Ok(Table { name: name.into(), columns })
}

fn format_cell(cell: Cell<'_>, text: &mut String) {
    match cell {
        Cell::Missing => {}
        Cell::Text(value) => text.push_str(value),
        Cell::Number(value) => text.push_str(&number(value)),
        Cell::Integer(value) => text.push_str(&value.to_string()),
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

    #[test]
    fn numbers_read_back_exactly() {
        for value in [0.1 + 0.2, 1e-9, 1.26e9, -0.0, f64::MIN_POSITIVE, 1.0 / 3.0, 4e11, 1e300] {
            let back: f64 = number(value).parse().unwrap();
            assert_eq!(back.to_bits(), value.to_bits());
        }
    }

    #[test]
    fn text_with_commas_quotes_and_lines_comes_back() {
        let values: Vec<String> =
            ["a,b", "say \"x\"", "two\nlines", "", "é"].map(String::from).into();
        let table = Table::new("t").text("A", "text", values);
        let back = read("t", &write(&table).unwrap()).unwrap();
        assert_eq!(back.column("A"), table.column("A"));
    }

    #[test]
    fn a_row_that_is_too_short_is_an_error_with_its_line() {
        let error = read("t", b"A,B\n1,2\n3\n").unwrap_err().to_string();
        assert!(error.contains("line: 3"), "{error}");
    }
}
