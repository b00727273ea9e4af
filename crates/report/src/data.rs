//! The data behind a figure, as a table and as a file.

use crate::format;

/// The data behind a figure.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DataTable {
    /// What the rows are, such as `numbers at risk`.
    pub name: String,
    /// Column names, with units.
    pub columns: Vec<String>,
    /// The rows, each as long as the columns.
    pub rows: Vec<Vec<Datum>>,
}

/// One value of a data table.
#[derive(Debug, Clone, PartialEq)]
pub enum Datum {
    /// Words.
    Words(String),
    /// A number.
    Number(f64),
    /// Nothing: not known or not estimable.
    Missing,
}

impl Datum {
    /// As a person reads it: at most four significant digits, whole numbers as they are.
    pub fn shown(&self) -> String {
        match self {
            Self::Words(words) => words.clone(),
            Self::Number(value) if value.fract() == 0.0 && value.abs() < 1e6 => {
                format::whole(*value)
            }
            Self::Number(value) => format::shortest(*value, 4),
            Self::Missing => String::new(),
        }
    }

    /// True for a number.
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Number(_))
    }

    fn written(&self) -> String {
        match self {
            Self::Words(words) => words.clone(),
            Self::Number(value) => format::exact(*value),
            Self::Missing => String::new(),
        }
    }
}

impl From<f64> for Datum {
    fn from(value: f64) -> Self {
        if value.is_finite() { Self::Number(value) } else { Self::Missing }
    }
}

impl From<Option<f64>> for Datum {
    fn from(value: Option<f64>) -> Self {
        value.map_or(Self::Missing, Self::from)
    }
}

impl From<u32> for Datum {
    fn from(value: u32) -> Self {
        Self::Number(f64::from(value))
    }
}

impl From<&str> for Datum {
    fn from(words: &str) -> Self {
        if words.is_empty() { Self::Missing } else { Self::Words(words.to_owned()) }
    }
}

impl From<&String> for Datum {
    fn from(words: &String) -> Self {
        Self::from(words.as_str())
    }
}

impl DataTable {
    pub(crate) fn new(name: &str, columns: &[&str]) -> Self {
        Self {
            name: name.into(),
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// True when column `at` holds numbers only (missing values aside).
    pub fn is_numeric(&self, at: usize) -> bool {
        self.rows
            .iter()
            .filter_map(|row| row.get(at))
            .all(|datum| !matches!(datum, Datum::Words(_)))
    }

    /// The rows as comma-separated values with a heading, quoted as in RFC 4180.
    pub fn csv(&self) -> String {
        let mut text = line(self.columns.iter().map(String::as_str));
        for row in &self.rows {
            let written: Vec<String> = row.iter().map(Datum::written).collect();
            text.push_str(&line(written.iter().map(String::as_str)));
        }
        text
    }
}

fn line<'a>(fields: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = fields.map(quote).collect();
    format!("{}\n", quoted.join(","))
}

fn quote(field: &str) -> String {
    // a leading sign of a formula is disarmed for spreadsheets; numbers keep their minus
    let is_formula = field.starts_with(['=', '+', '@', '-']) && field.parse::<f64>().is_err();
    let field = if is_formula { format!("'{field}") } else { field.to_owned() };
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_quotes_what_needs_quotes() {
        let mut table = DataTable::new("t", &["arm, name", "days"]);
        table.rows.push(vec!["a \"b\"".into(), 1.5.into()]);
        table.rows.push(vec!["=1+1".into(), f64::NAN.into()]);
        table.rows.push(vec!["".into(), (-2.0).into()]);
        assert_eq!(table.csv(), "\"arm, name\",days\n\"a \"\"b\"\"\",1.5\n'=1+1,\n,-2\n");
    }

    #[test]
    fn whole_numbers_are_shown_whole() {
        assert_eq!(Datum::from(12345.0).shown(), "12345");
        assert_eq!(Datum::from(0.123_456).shown(), "0.1235");
        assert_eq!(Datum::from(None).shown(), "");
        assert_eq!(Datum::from(f64::INFINITY), Datum::Missing);
    }
}
