//! `evaluate --explain SUBJECT`: the course of one subject, with the ground of every call.

use report::Format;
use report::terminal::Terminal;

use super::Evaluation;
use crate::operation::report::Form;
use crate::problem::help_with_nearest;
use crate::run_folder::RunFile;
use crate::study_report::course;

/// There is no such subject: what to say, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoSuchSubject {
    /// What is wrong.
    pub message: String,
    /// The subject that may have been meant.
    pub help: String,
}

impl Evaluation {
    /// The course of a subject in that form.
    ///
    /// # Errors
    /// When the data hold no such subject.
    pub fn explain(&self, subject: &str, form: Form) -> Result<String, NoSuchSubject> {
        let Some(document) = course(self, subject) else {
            let known = self.study.subjects.id.iter().map(String::as_str);
            let message = format!("the data hold no subject `{subject}`");
            return Err(NoSuchSubject { message, help: help_with_nearest(subject, known) });
        };
        let format = match form {
            Form::Html => Format::Page,
            Form::Markdown => Format::Markdown,
            Form::Json => Format::Json,
            Form::Text { width, coloured } => {
                Format::Terminal(Terminal { width, colour: coloured })
            }
        };
        Ok(report::print(&document, format))
    }

    /// The course of a subject as a page to leave beside the result.
    ///
    /// # Errors
    /// When the data hold no such subject.
    pub fn explanation(&self, subject: &str) -> Result<RunFile, NoSuchSubject> {
        let bytes = self.explain(subject, Form::Html)?.into_bytes();
        let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
        let name: String = subject.chars().map(plain).collect();
        Ok(RunFile { name: format!("subject-{name}.html"), bytes })
    }
}
