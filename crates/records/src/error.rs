//! What can go wrong while reading or writing tables.

/// A table could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordsError {
    /// Not a well-formed CSV table.
    #[error("{table}.csv: {source}")]
    Csv {
        /// The table.
        table: String,
        /// What the reader says.
        source: csv::Error,
    },
    /// Not a well-formed Parquet table.
    #[error("{table}.parquet: {source}")]
    Parquet {
        /// The table.
        table: String,
        /// What the reader says.
        source: parquet::errors::ParquetError,
    },
    /// A column of a kind no table here has.
    #[error(
        "{table}.parquet: column `{column}` has the type {found}, expected text, double or int64"
    )]
    ColumnType {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// Its type.
        found: String,
    },
    /// A table that a format cannot hold.
    #[error("{table}: {what}")]
    Format {
        /// The table.
        table: String,
        /// What does not fit.
        what: String,
    },
}
