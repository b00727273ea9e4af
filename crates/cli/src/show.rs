//! Problems as a person reads them: the line, what is wrong under it, what to do.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use cytotrial::operation::check::Found;
use cytotrial::problem::{Problem, Severity, locate};
use cytotrial::protocol::files::Files;

use crate::folder::Folder;
use crate::terminal::{coloured, say_json, tell};
use crate::{Exit, Options};

/// Prints every problem to stderr, and a last line that counts them.
pub(crate) fn problems(problems: &[Problem], folder: Option<&Folder>, options: Options) {
    let renderer = if coloured(options) { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    for problem in problems {
        tell(&rendered(problem, folder, &renderer));
        tell("");
    }
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    let warnings = problems.len() - errors;
    let count = |number: usize, word: &str| match number {
        1 => format!("1 {word}"),
        _ => format!("{number} {word}s"),
    };
    if let Some(first) = problems.first()
        && !options.quiet
    {
        tell(&format!(
            "{}, {}; `cytotrial explain {}` says more",
            count(errors, "error"),
            count(warnings, "warning"),
            first.code
        ));
    }
}

/// The one JSON document of a command that ends with problems, when one was asked for.
pub(crate) fn json(problems: &[Problem], options: Options) {
    if options.json {
        let found: Vec<Found> =
            problems.iter().map(|problem| Found::new(problem, &Files::default())).collect();
        say_json(&serde_json::json!({ "problems": found }));
    }
}

/// The code that a command ends with after these problems.
pub(crate) fn exit(problems: &[Problem]) -> Exit {
    if cytotrial::problem::any_error(problems) { Exit::Input } else { Exit::Fine }
}

/// Longer lines are not shown, only their number.
const LONGEST: usize = 4000;

/// The lines that a span touches: the number of the first, its first byte, and their text.
fn surrounding<'a>(text: &'a str, span: &std::ops::Range<usize>) -> (usize, usize, &'a str) {
    let begin = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[span.end..].find('\n').map_or(text.len(), |newline| span.end + newline);
    let line = text[..begin].matches('\n').count() + 1;
    (line, begin, &text[begin..end])
}

fn rendered(problem: &Problem, folder: Option<&Folder>, renderer: &Renderer) -> String {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(problem.message.as_str()).id(problem.code);
    let text = folder.and_then(|folder| folder.files.text(&problem.file));
    let shown = folder.map_or_else(|| problem.file.clone(), |folder| folder.shown(&problem.file));
    let span = text.and_then(|text| Some((text, locate(text, &problem.path)?)));
    let mut group = match span {
        Some((text, span)) => match surrounding(text, &span) {
            (line, begin, lines) if lines.len() <= LONGEST => {
                let annotation = AnnotationKind::Primary.span(span.start - begin..span.end - begin);
                let snippet = Snippet::source(lines).line_start(line).path(shown);
                title.element(snippet.annotation(annotation))
            }
            (line, begin, lines) => {
                let column = lines[..span.start - begin].chars().count() + 1;
                title.element(Origin::path(shown).line(line).char_column(column))
            }
        },
        None if problem.file.is_empty() => Group::with_title(title),
        None => title.element(Origin::path(shown)),
    };
    if !problem.help.is_empty() {
        group = group.element(Level::HELP.message(problem.help.as_str()));
    }
    renderer.render(&[group])
}
