//! `report`: the kept report of a run for other readers or in another form, without simulating again.

pub use report::Audience;
use report::terminal::Terminal;
use report::{Format, Report};

use crate::problem::Problem;

/// What is wanted of a kept report.
#[derive(Debug, Clone)]
pub struct Request {
    /// The text of `report.json`.
    pub text: String,
    /// What the person calls that file.
    pub file: String,
    /// The readers; those the run names unless given.
    pub audience: Option<Audience>,
    /// The form.
    pub form: Form,
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One self-contained page.
    Html,
    /// Markdown with pipe tables.
    Markdown,
    /// One JSON document: every block, each figure with its specification and its data.
    Json,
    /// Plain text so many columns wide, with colours if asked for.
    Text {
        /// Columns.
        width: usize,
        /// Whether headings and marks have colours.
        coloured: bool,
    },
}

/// The report in that form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The readers.
    pub audience: Audience,
    /// The text.
    pub text: String,
    /// Whether these are the readers whom the run's own page is made for.
    pub is_own: bool,
}

/// Makes it.
///
/// # Errors
/// A text that is no report in the form that this program writes.
pub fn run(request: &Request) -> Result<Answer, Vec<Problem>> {
    let whole = Report::read(&request.text).map_err(|error| {
        let message = format!("`{}` cannot be used: {error}", request.file);
        let help = "`cytotrial simulate --force` with the options in `run.json` makes the run anew";
        vec![Problem::error("F302", request.file.clone(), "", message, help)]
    })?;
    let audience = request.audience.unwrap_or(whole.audience);
    let format = match request.form {
        Form::Html => Format::Page,
        Form::Markdown => Format::Markdown,
        Form::Json => Format::Json,
        Form::Text { width, coloured } => Format::Terminal(Terminal { width, colour: coloured }),
    };
    Ok(Answer {
        audience,
        text: report::print(&whole.document(audience), format),
        is_own: audience == whole.audience,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_no_report_is_a_problem_of_its_file() {
        let request = Request {
            text: "{\"schema\": 99}".into(),
            file: "runs/1/report.json".into(),
            audience: None,
            form: Form::Html,
        };
        let problems = run(&request).unwrap_err();
        assert_eq!((problems.len(), problems[0].code), (1, "F302"));
        assert!(problems[0].message.contains("form 99"), "{}", problems[0].message);
    }
}
