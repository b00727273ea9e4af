//! A problem with data: code, file, row, column, subject, what is wrong, how to mend it.

use std::fmt;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The data cannot be used.
    Error,
    /// The data can be used; somebody should look.
    Warning,
}

/// One problem with a study or its tables.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// The code that `explain` knows.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The file, or the table, e.g. `adlb`.
    pub file: String,
    /// Row of the table, from 1, the header not counted; `None` for the table as a whole.
    pub row: Option<usize>,
    /// Line of the file, from 1, where the file is text.
    pub line: Option<usize>,
    /// The column; may be empty.
    pub column: String,
    /// The subject; may be empty.
    pub subject: String,
    /// What is wrong: the thing, the value found, the limit.
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
}

impl Problem {
    /// An error of a file as a whole.
    pub fn error(code: &'static str, file: &str, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            file: file.into(),
            row: None,
            line: None,
            column: String::new(),
            subject: String::new(),
            message: message.into(),
            help: String::new(),
        }
    }

    /// The same as a warning.
    #[must_use]
    pub fn as_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// The same with what to do.
    #[must_use]
    pub fn helped(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// The same in a column.
    #[must_use]
    pub fn in_column(mut self, column: &str) -> Self {
        self.column = column.into();
        self
    }

    /// The same at a line of a text.
    #[must_use]
    pub fn at_line(mut self, line: usize) -> Self {
        self.line = Some(line);
        self
    }

    /// The same at a row, from 0.
    #[must_use]
    pub fn at_row(mut self, row: usize) -> Self {
        self.row = Some(row + 1);
        self
    }

    /// The same for a subject.
    #[must_use]
    pub fn of_subject(mut self, subject: &str) -> Self {
        self.subject = subject.into();
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(text, "{}", self.file)?;
        match (self.line, self.row) {
            (Some(line), _) => write!(text, ", line {line}")?,
            (None, Some(row)) => write!(text, ", row {row}")?,
            (None, None) => {}
        }
        if !self.column.is_empty() {
            write!(text, ", {}", self.column)?;
        }
        if !self.subject.is_empty() {
            write!(text, ", subject {}", self.subject)?;
        }
        write!(text, ": {}", self.message)
    }
}

/// Whether any of them is an error.
pub fn any_error(problems: &[Problem]) -> bool {
    problems.iter().any(|problem| problem.severity == Severity::Error)
}
