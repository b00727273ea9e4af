//! Texts of models: which there are, what is wrong with one, what one says, the same in another language, its course.

use ::model::{Model, ReadProblem, Span};
use serde::Serialize;

use crate::library;
use crate::problem::Problem;
use crate::protocol::files::Files;

pub mod check;
pub mod convert;
pub mod diagram;
pub mod show;
pub mod solve;

/// A model's text and the texts that it may import.
#[derive(Debug, Clone, Default)]
pub struct Text {
    /// The name of the text among `files`.
    pub name: String,
    /// The text, and others beside it.
    pub files: Files,
}

/// The languages that models are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Antimony.
    Antimony,
    /// SBML, Level 2 Version 4 to Level 3 Version 2.
    Sbml,
}

impl Language {
    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Antimony => "Antimony",
            Self::Sbml => "SBML",
        }
    }

    /// The language of a text: SBML begins with `<`, Antimony never does.
    pub fn of(text: &str) -> Self {
        let first = text.trim_start_matches('\u{feff}').trim_start();
        if first.starts_with('<') { Self::Sbml } else { Self::Antimony }
    }
}

/// A model that comes with the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bundled {
    /// Its name, which `model show` and the others take.
    pub name: String,
    /// The file of the repository.
    pub file: String,
    /// What the first line of its text says of it.
    pub title: String,
}

/// The models that come with the program.
pub fn list() -> Vec<Bundled> {
    let bundled = |file: &'static str| {
        let name = file.strip_prefix("models/")?.strip_suffix(".ant")?.to_owned();
        let first = library::text(file)?.lines().next().unwrap_or_default();
        let title = first.trim_start_matches(['/', '#', ' ']).to_owned();
        Some(Bundled { name, file: file.to_owned(), title })
    };
    library::names().filter_map(bundled).collect()
}

/// At most so many problems of one text are told.
const MOST_PROBLEMS: usize = 50;

/// Where the lines of a text begin.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(ends).collect() }
    }

    /// The bytes at a place: `@12..15`, as in the path of a problem.
    fn path(&self, span: Span) -> String {
        let Some(before) = span.line.checked_sub(1) else { return String::new() };
        let start = self.starts.get(before as usize).copied().unwrap_or(self.text.len());
        let line = self.text[start..].lines().next().unwrap_or_default();
        let at = |characters: usize| {
            line.char_indices().nth(characters).map_or(line.len(), |(position, _)| position)
        };
        let column = (span.column.max(1) - 1) as usize;
        let (from, to) = (at(column), at(column + span.length as usize));
        format!("@{}..{}", start + from, start + to)
    }
}

/// The problems of a text, each at its bytes; of very many, the first.
fn problems(
    text: &str,
    file: &str,
    code: &'static str,
    found: impl ExactSizeIterator<Item = (Span, String, String)>,
) -> Vec<Problem> {
    let lines = Lines::of(text);
    let more = found.len().saturating_sub(MOST_PROBLEMS);
    let problem =
        |(span, message, help)| Problem::error(code, file, lines.path(span), message, help);
    let mut problems: Vec<Problem> = found.take(MOST_PROBLEMS).map(problem).collect();
    if more > 0 {
        let message = format!("there are {more} more problems of this kind");
        problems.push(Problem::error(code, file, "", message, "mend these first"));
    }
    problems
}

/// The model of a text in either language.
///
/// # Errors
/// Everything that is wrong with the text.
pub fn read(request: &Text) -> Result<(Model, Language), Vec<Problem>> {
    let Some(text) = request.files.text(&request.name) else {
        let message = format!("there is no text `{}`", request.name);
        return Err(vec![Problem::error("F101", "", "", message, "name a model's file")]);
    };
    let language = Language::of(text);
    let beside = |name: &str| request.files.texts.get(name).cloned();
    let model = match language {
        Language::Antimony => ::model::antimony::read_with(text, &beside),
        Language::Sbml => ::model::sbml::read(text),
    };
    model.map(|model| (model, language)).map_err(|found| {
        let found =
            found.into_iter().map(|ReadProblem { span, message, help }| (span, message, help));
        problems(text, &request.name, "M104", found)
    })
}

/// The program of a model.
fn compiled(model: &Model, file: &str) -> Result<::solve::Program, Vec<Problem>> {
    ::solve::compile(model).map_err(|error| {
        let help = "make the model smaller, or report it: the text was read without a problem";
        vec![Problem::error("M102", file, "", error.to_string(), help)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_text_is_found_in_bytes() {
        let text = "a = 1\nµ = 2 # x\n";
        let span = |line, column, length| Span { line, column, length };
        let path = |span| Lines::of(text).path(span);
        assert_eq!(path(span(1, 1, 1)), "@0..1");
        assert_eq!(path(span(2, 1, 1)), "@6..8");
        assert_eq!(path(span(2, 5, 99)), "@11..16");
        assert_eq!(path(span(9, 1, 1)), format!("@{0}..{0}", text.len()));
        assert_eq!(path(Span::default()), "");
    }

    #[test]
    fn every_bundled_model_can_be_named_and_read() {
        let all = list();
        assert!(all.iter().any(|model| model.name == "rrmm-cells"), "{all:?}");
        for model in all {
            let text = Text { name: model.file.clone(), files: Files::default() };
            assert_eq!(read(&text).unwrap().1, Language::Antimony, "{}", model.file);
            assert!(!model.title.is_empty(), "{}", model.file);
        }
    }
}
