//! Tables as Parquet through the low-level writer: no Arrow, no compression, the same bytes each
//! time.

use crate::column::{Cell, Column, Field, Table, Texts};
use crate::error::RecordsError;
use parquet::basic::{LogicalType, Repetition, Type as PhysicalType};
use parquet::column::reader::ColumnReaderImpl;
use parquet::column::writer::ColumnWriterImpl;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};
use std::sync::Arc;

/// Key under which a column's words are kept in the file's metadata.
const LABEL: &str = "label.";

/// The table as a Parquet file of one row group. Every column is optional; a missing value is null.
pub fn write(table: &Table) -> Result<Vec<u8>, RecordsError> {
    write_table(table).map_err(|source| RecordsError::Parquet { table: table.name.clone(), source })
}

fn write_table(table: &Table) -> Result<Vec<u8>, ParquetError> {
    let fields = table.columns.iter().map(field_type).collect::<Result<Vec<_>, _>>()?;
    let schema = Type::group_type_builder(&table.name).with_fields(fields).build()?;
    let labels = table
        .columns
        .iter()
        .map(|field| KeyValue::new(format!("{LABEL}{}", field.name), field.label.clone()))
        .collect();
    let properties = WriterProperties::builder()
        .set_created_by(concat!("cytotrial ", env!("CARGO_PKG_VERSION")).into())
        .set_key_value_metadata(Some(labels))
        .build();
    let mut file = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))?;
    let rows = table.rows();
    if rows > 0 {
        let mut group = file.next_row_group()?;
        for field in &table.columns {
            let mut writer = group.next_column()?.expect("the schema has a column for every field");
            match &field.column {
                Column::Text(_) | Column::Packed(_) | Column::Coded { .. } => {
                    let bytes = |cell| match cell {
                        Cell::Text(value) => Some(ByteArray::from(value)),
                        _ => None,
                    };
                    write_column(writer.typed::<ByteArrayType>(), field, rows, bytes)?;
                }
                Column::Number(_) => {
                    let number = |cell| match cell {
                        Cell::Number(value) => Some(value),
                        _ => None,
                    };
                    write_column(writer.typed::<DoubleType>(), field, rows, number)?;
                }
                Column::Integer(_) => {
                    let whole = |cell| match cell {
                        Cell::Integer(value) => Some(value),
                        _ => None,
                    };
                    write_column(writer.typed::<Int64Type>(), field, rows, whole)?;
                }
            }
            writer.close()?;
        }
        group.close()?;
    }
    file.into_inner()
}

fn field_type(field: &Field) -> Result<TypePtr, ParquetError> {
    let (physical, logical) = match field.column {
        Column::Text(_) | Column::Packed(_) | Column::Coded { .. } => {
            (PhysicalType::BYTE_ARRAY, Some(LogicalType::String))
        }
        Column::Number(_) => (PhysicalType::DOUBLE, None),
        Column::Integer(_) => (PhysicalType::INT64, None),
    };
    Type::primitive_type_builder(&field.name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical)
        .build()
        .map(Arc::new)
}

fn write_column<'a, T: DataType>(
    writer: &mut ColumnWriterImpl<'_, T>,
    field: &'a Field,
    rows: usize,
    value: impl Fn(Cell<'a>) -> Option<T::T>,
) -> Result<(), ParquetError> {
    let mut values = Vec::with_capacity(rows);
    let mut levels = Vec::with_capacity(rows);
    for row in 0..rows {
        let present = value(field.column.cell(row));
        levels.push(i16::from(present.is_some()));
        values.extend(present);
    }
    writer.write_batch(&values, Some(&levels), None).map(|_| ())
}

/// Reads a Parquet file of text, double and 64-bit whole-number columns.
pub fn read(name: &str, bytes: &[u8]) -> Result<Table, RecordsError> {
    let failed = |source: ParquetError| RecordsError::Parquet { table: name.into(), source };
    let file = SerializedFileReader::new(bytes::Bytes::copy_from_slice(bytes)).map_err(failed)?;
    let about = file.metadata().file_metadata();
    let label = |column: &str| {
        let key = format!("{LABEL}{column}");
        let pairs = about.key_value_metadata();
        pairs
            .and_then(|pairs| pairs.iter().find(|pair| pair.key == key))
            .and_then(|pair| pair.value.clone())
            .unwrap_or_default()
    };
    let mut table = Table::new(name);
    for column in about.schema_descr().columns() {
        let empty = match column.physical_type() {
            PhysicalType::BYTE_ARRAY => Column::Packed(Texts::default()),
            PhysicalType::DOUBLE => Column::Number(Vec::new()),
            PhysicalType::INT64 => Column::Integer(Vec::new()),
            other => {
                return Err(RecordsError::ColumnType {
                    table: name.into(),
                    column: column.name().into(),
                    found: other.to_string(),
                });
            }
        };
        table = table.with(column.name(), &label(column.name()), empty);
    }
    for at in 0..file.num_row_groups() {
        let group = file.get_row_group(at).map_err(failed)?;
        for (place, field) in table.columns.iter_mut().enumerate() {
            read_column(group.as_ref(), place, &mut field.column).map_err(failed)?;
        }
    }
    Ok(table)
}

fn read_column(
    group: &dyn RowGroupReader,
    place: usize,
    into: &mut Column,
) -> Result<(), ParquetError> {
    use parquet::column::reader::get_typed_column_reader as typed;
    let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
    let reader = group.get_column_reader(place)?;
    match into {
        Column::Packed(values) => {
            for value in read_values(typed::<ByteArrayType>(reader), rows)? {
                values.push(value.as_ref().map_or(Ok(""), ByteArray::as_utf8)?);
            }
        }
        Column::Number(values) => values.extend(read_values(typed::<DoubleType>(reader), rows)?),
        Column::Integer(values) => values.extend(read_values(typed::<Int64Type>(reader), rows)?),
        Column::Text(_) | Column::Coded { .. } => {}
    }
    Ok(())
}

fn read_values<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    rows: usize,
) -> Result<Vec<Option<T::T>>, ParquetError> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    reader.read_records(rows, Some(&mut levels), None, &mut values)?;
    let mut values = values.into_iter();
    if levels.is_empty() {
        // a required column has no levels
        return Ok(values.map(Some).collect());
    }
    Ok(levels.into_iter().map(|level| if level > 0 { values.next() } else { None }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    fn table() -> Table {
        Table::new("t")
            .text("A", "plain text", ["x", "", "é, \"y\""].map(String::from).into())
            .with("B", "a word", Column::coded(["u", "u", ""].map(Cow::Borrowed)))
            .number("C", "a number", vec![Some(0.1 + 0.2), None, Some(-0.0)])
            .integer("D", "a whole number", vec![None, Some(i64::MIN), Some(7)])
    }

    #[test]
    fn a_table_comes_back() {
        let back = read("t", &write(&table()).unwrap()).unwrap();
        assert_eq!(back, table());
    }

    #[test]
    fn a_table_without_rows_keeps_its_columns() {
        let table = Table::new("t").number("C", "a number", Vec::new());
        let back = read("t", &write(&table).unwrap()).unwrap();
        assert_eq!(back, table);
    }

    #[test]
    fn the_bytes_are_the_same_each_time() {
        assert_eq!(write(&table()).unwrap(), write(&table()).unwrap());
    }

    #[test]
    fn what_is_not_parquet_is_an_error() {
        assert!(read("t", b"PAR1 but not really").is_err());
    }
}
