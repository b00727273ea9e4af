//! Tables as Parquet through the low-level writer: no Arrow, no compression, the same bytes each
//! time.

use crate::column::{Cell, Column, Field, Table, Texts};
use crate::error::RecordsError;
use crate::import::time::Moment;
use parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as PhysicalType};
use parquet::column::reader::ColumnReaderImpl;
use parquet::column::writer::ColumnWriterImpl;
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int32Type, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnDescriptor, Type, TypePtr};
use std::sync::Arc;

/// Key under which a column's words are kept in the file's metadata.
const LABEL: &str = "label.";
/// Key of a column's unit.
const UNIT: &str = "unit.";
/// Key of the table's own words.
const TABLE_LABEL: &str = "label";

/// The table as a Parquet file of one row group. Every column is optional; a missing value is null.
pub fn write(table: &Table) -> Result<Vec<u8>, RecordsError> {
    write_table(table).map_err(|source| RecordsError::Parquet { table: table.name.clone(), source })
}

fn write_table(table: &Table) -> Result<Vec<u8>, ParquetError> {
    let fields = table.columns.iter().map(field_type).collect::<Result<Vec<_>, _>>()?;
    let schema = Type::group_type_builder(&table.name).with_fields(fields).build()?;
    let mut labels: Vec<KeyValue> = table
        .columns
        .iter()
        .map(|field| KeyValue::new(format!("{LABEL}{}", field.name), field.label.clone()))
        .collect();
    let in_units = table.columns.iter().filter(|field| !field.unit.is_empty());
    labels.extend(
        in_units.map(|field| KeyValue::new(format!("{UNIT}{}", field.name), field.unit.clone())),
    );
    if !table.label.is_empty() {
        labels.push(KeyValue::new(TABLE_LABEL.to_owned(), table.label.clone()));
    }
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

/// Name of the thread that reads: a panic in it is a damaged file, which [`read`] tells.
pub const READER_THREAD: &str = "parquet reader";

/// Rows at most: a damaged file may tell of any number.
const MOST_ROWS: i64 = 200_000_000;

/// What a column of a file holds.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Text,
    Double,
    Float,
    Long,
    Int,
    Bool,
    /// Days from 1970-01-01.
    Date,
    /// So many units of a second from 1970-01-01.
    Stamp(i64),
}

/// Reads a Parquet file of plain columns: text, numbers, truth values (1 and 0), dates and times
/// (text in ISO 8601). Lists and structures are refused, and so are decimals and what is packed in
/// other ways than Snappy and gzip.
pub fn read(name: &str, bytes: &[u8]) -> Result<Table, RecordsError> {
    // the crate's reader trusts some numbers of a file; what it trips over is no sound file
    let read = std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name(READER_THREAD.to_owned());
        builder
            .spawn_scoped(scope, || read_file(name, bytes))
            .map(std::thread::ScopedJoinHandle::join)
    });
    let cannot = |what: String| Err(RecordsError::Format { table: name.into(), what });
    match read {
        Ok(Ok(read)) => read,
        Ok(Err(_)) => cannot("the file is damaged".to_owned()),
        Err(error) => cannot(format!("no thread to read it: {error}")),
    }
}

/// Whether the places that the metadata name lie within the file.
fn is_within(file: &SerializedFileReader<bytes::Bytes>, length: usize) -> bool {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let within = |start: i64, size: i64| {
        start >= 0 && size >= 0 && start.checked_add(size).is_some_and(|end| end <= length)
    };
    file.metadata().row_groups().iter().all(|group| {
        (0..=MOST_ROWS).contains(&group.num_rows())
            && group.columns().iter().all(|column| {
                let first = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
                within(first.min(column.data_page_offset()), column.compressed_size())
                    && within(column.data_page_offset(), 0)
                    && within(first, column.compressed_size())
                    && (0..=MOST_ROWS).contains(&column.num_values())
                    && column.uncompressed_size() >= 0
            })
    })
}

fn read_file(name: &str, bytes: &[u8]) -> Result<Table, RecordsError> {
    let failed = |source: ParquetError| RecordsError::Parquet { table: name.into(), source };
    let file = SerializedFileReader::new(bytes::Bytes::copy_from_slice(bytes)).map_err(failed)?;
    let about = file.metadata().file_metadata();
    let rows: i64 = file.metadata().row_groups().iter().map(|group| group.num_rows().max(0)).sum();
    if !is_within(&file, bytes.len()) {
        let what = "its parts lie outside the file; it is damaged".to_owned();
        return Err(RecordsError::Format { table: name.into(), what });
    }
    if rows > MOST_ROWS || about.num_rows() != rows {
        let what = format!("{} rows are told of, {rows} in its parts", about.num_rows());
        return Err(RecordsError::Format { table: name.into(), what });
    }
    let noted = |key: String| {
        let pairs = about.key_value_metadata();
        pairs
            .and_then(|pairs| pairs.iter().find(|pair| pair.key == key))
            .and_then(|pair| pair.value.clone())
            .unwrap_or_default()
    };
    let mut table = Table::new(name).labelled(&noted(TABLE_LABEL.to_owned()));
    let mut kinds = Vec::new();
    for column in about.schema_descr().columns() {
        let Some(kind) = kind_of(column) else {
            let found = match column.logical_type_ref() {
                Some(logical) => format!("{} ({logical:?})", column.physical_type()),
                None => column.physical_type().to_string(),
            };
            let column = column.path().string();
            return Err(RecordsError::ColumnType { table: name.into(), column, found });
        };
        let empty = match kind {
            Kind::Text | Kind::Date | Kind::Stamp(_) => Column::Packed(Texts::default()),
            Kind::Double | Kind::Float => Column::Number(Vec::new()),
            Kind::Long | Kind::Int | Kind::Bool => Column::Integer(Vec::new()),
        };
        let label = noted(format!("{LABEL}{}", column.name()));
        let unit = noted(format!("{UNIT}{}", column.name()));
        table = table.with(column.name(), &label, empty).in_unit(&unit);
        kinds.push(kind);
    }
    for at in 0..file.num_row_groups() {
        let group = file.get_row_group(at).map_err(failed)?;
        for (place, (field, kind)) in table.columns.iter_mut().zip(&kinds).enumerate() {
            read_column(group.as_ref(), place, *kind, &mut field.column).map_err(failed)?;
        }
    }
    Ok(table)
}

fn kind_of(column: &ColumnDescriptor) -> Option<Kind> {
    // a value may be missing, but not be a list
    if column.max_rep_level() > 0 || column.max_def_level() > 1 {
        return None;
    }
    let logical = column.logical_type_ref();
    let converted = column.converted_type();
    if matches!(logical, Some(LogicalType::Decimal(_))) || converted == ConvertedType::DECIMAL {
        return None;
    }
    Some(match column.physical_type() {
        PhysicalType::BYTE_ARRAY => Kind::Text,
        PhysicalType::DOUBLE => Kind::Double,
        PhysicalType::FLOAT => Kind::Float,
        PhysicalType::BOOLEAN => Kind::Bool,
        PhysicalType::INT32 => match (logical, converted) {
            (Some(LogicalType::Date), _) | (_, ConvertedType::DATE) => Kind::Date,
            (Some(LogicalType::Time(_)), _) => return None,
            _ => Kind::Int,
        },
        PhysicalType::INT64 => match (logical, converted) {
            (Some(LogicalType::Timestamp(stamp)), _) => Kind::Stamp(match stamp.unit {
                TimeUnit::MILLIS => 1000,
                TimeUnit::MICROS => 1_000_000,
                TimeUnit::NANOS => 1_000_000_000,
            }),
            (_, ConvertedType::TIMESTAMP_MILLIS) => Kind::Stamp(1000),
            (_, ConvertedType::TIMESTAMP_MICROS) => Kind::Stamp(1_000_000),
            (Some(LogicalType::Time(_)), _) => return None,
            _ => Kind::Long,
        },
        _ => return None,
    })
}

fn read_column(
    group: &dyn RowGroupReader,
    place: usize,
    kind: Kind,
    into: &mut Column,
) -> Result<(), ParquetError> {
    use parquet::column::reader::get_typed_column_reader as typed;
    let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
    let reader = group.get_column_reader(place)?;
    match (kind, into) {
        (Kind::Text, Column::Packed(values)) => {
            for value in read_values(typed::<ByteArrayType>(reader), rows)? {
                values.push(value.as_ref().map_or(Ok(""), ByteArray::as_utf8)?);
            }
        }
        (Kind::Date, Column::Packed(values)) => {
            for value in read_values(typed::<Int32Type>(reader), rows)? {
                values.push(&value.map_or(String::new(), |day| moment(i64::from(day), None)));
            }
        }
        (Kind::Stamp(units), Column::Packed(values)) => {
            for value in read_values(typed::<Int64Type>(reader), rows)? {
                let told = value.map_or(String::new(), |stamp| {
                    let seconds = stamp.div_euclid(units);
                    moment(seconds.div_euclid(86_400), Some(seconds.rem_euclid(86_400)))
                });
                values.push(&told);
            }
        }
        (Kind::Double, Column::Number(values)) => {
            values.extend(read_values(typed::<DoubleType>(reader), rows)?);
        }
        (Kind::Float, Column::Number(values)) => {
            let read = read_values(typed::<FloatType>(reader), rows)?;
            values.extend(read.into_iter().map(|value| value.map(f64::from)));
        }
        (Kind::Long, Column::Integer(values)) => {
            values.extend(read_values(typed::<Int64Type>(reader), rows)?);
        }
        (Kind::Int, Column::Integer(values)) => {
            let read = read_values(typed::<Int32Type>(reader), rows)?;
            values.extend(read.into_iter().map(|value| value.map(i64::from)));
        }
        (Kind::Bool, Column::Integer(values)) => {
            let read = read_values(typed::<BoolType>(reader), rows)?;
            values.extend(read.into_iter().map(|value| value.map(i64::from)));
        }
        _ => {}
    }
    Ok(())
}

/// A day from 1970-01-01, and seconds of it, in ISO 8601.
fn moment(day: i64, seconds: Option<i64>) -> String {
    let date = Moment { day, time: None, is_partial: false }.iso();
    match seconds {
        Some(s) => format!("{date}T{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60),
        None => date,
    }
}

fn read_values<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    rows: usize,
) -> Result<Vec<Option<T::T>>, ParquetError> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    let (records, _, _) = reader.read_records(rows, Some(&mut levels), None, &mut values)?;
    if records != rows {
        let message = format!("{records} of {rows} rows of a column are there");
        return Err(ParquetError::General(message));
    }
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
