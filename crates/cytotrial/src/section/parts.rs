//! Parts that several sections share: tables of estimates, figures, denominators.

use report::figure::Drawing;
use report::{
    Badge, Block, Cell, Figure, NoteKind, Table, Text, cell, note, numbers, words as column,
};

use super::answer::title;
use super::words::{RANGE, range};
use super::{Material, words};
use crate::summary::ArmSummary;
use crate::summary::measure::{Kind, Measure, measure};

/// The words around a figure.
pub(crate) struct Words {
    /// What links and files call it.
    pub(crate) id: String,
    /// The title.
    pub(crate) title: String,
    /// What it shows.
    pub(crate) caption: String,
    /// What a reader who cannot see it should know.
    pub(crate) alternative: String,
    /// How many patients and trials.
    pub(crate) denominators: String,
}

/// A figure with its words.
pub(crate) fn figure(words: Words, drawing: Drawing) -> Block {
    let Words { id, title, caption, alternative, denominators } = words;
    Block::Figure(Figure { id, title, caption, alternative, denominators, drawing })
}

/// An estimate in words; says so where some trials cannot tell.
pub(super) fn shown(material: &Material<'_>, arm: &ArmSummary, measure: &Measure) -> String {
    let summary = &material.simulation.summary;
    let Some(estimate) = arm.estimate(measure.code) else { return String::new() };
    let text = range(measure, estimate, summary.patients, arm.is_range_only());
    let some = estimate.estimable > 0 && estimate.estimable < summary.replicates;
    if some && measure.kind() == Kind::Number {
        format!("{text}; in {} of {} trials", estimate.estimable, summary.replicates)
    } else {
        text
    }
}

/// An estimate in words, with a mark where values may have been set to this very result.
pub(super) fn marked(material: &Material<'_>, arm: &ArmSummary, measure: &Measure) -> String {
    let text = shown(material, arm, measure);
    let is_fitted = material.simulation.experiment().is_fitted(&arm.name, measure.code);
    if is_fitted { format!("{text} [fitted]") } else { text }
}

/// The same as a cell of a table.
pub(super) fn estimate_cell(material: &Material<'_>, arm: &ArmSummary, measure: &Measure) -> Cell {
    let text = shown(material, arm, measure);
    let is_fitted = material.simulation.experiment().is_fitted(&arm.name, measure.code);
    if is_fitted { cell(text, Badge::Fitted) } else { text.into() }
}

/// A table with one row per endpoint and one column per arm.
pub(super) fn estimates(
    material: &Material<'_>,
    (id, caption): (&str, &str),
    codes: &[&str],
    notes: Vec<Text>,
) -> Block {
    let summary = &material.simulation.summary;
    let mut columns = vec![column("endpoint")];
    columns.extend(summary.arms.iter().map(|arm| numbers(arm.name.clone())));
    let rows = codes.iter().filter_map(|code| {
        let measure = measure(code)?;
        let mut row: Vec<Cell> = vec![named(measure).into()];
        row.extend(summary.arms.iter().map(|arm| estimate_cell(material, arm, measure)));
        Some(row)
    });
    let mut all = vec![of_note(), Text::from(RANGE_NOTE), Text::from(words::trials(summary))];
    all.extend(fitted_note(material, codes));
    all.extend(notes);
    Block::Table(Table {
        id: id.into(),
        caption: format!("{caption}: median and range ({RANGE})"),
        columns,
        rows: rows.collect(),
        notes: all,
    })
}

/// What the mark means, where some result of the table bears it.
pub(super) fn fitted_note(material: &Material<'_>, codes: &[&str]) -> Option<Text> {
    let experiment = material.simulation.experiment();
    let arms = &material.simulation.summary.arms;
    let is_any =
        arms.iter().any(|arm| codes.iter().any(|code| experiment.is_fitted(&arm.name, code)));
    is_any.then(|| {
        "fitted: values behind the arm may have been set to a published result of this kind; \
         agreement with it is no prediction."
            .into()
    })
}

/// Who is counted unless a row says otherwise.
const USUAL: &str = "infused (or observed)";

/// A measure's name with its unit, and with its denominator where that is not the usual one.
pub(super) fn named(measure: &Measure) -> String {
    if measure.of == USUAL {
        title(measure)
    } else {
        format!("{} [of {}]", title(measure), measure.of)
    }
}

/// The usual denominator in words.
pub(super) fn of_note() -> Text {
    format!("Of patients {USUAL}, unless the row says otherwise.").into()
}

/// What readers must know about arms without data.
pub(super) const RANGE_NOTE: &str = "Arms without published efficacy data show the range only.";

/// The denominators of a share, pooled over trials: `car-nk 1740, bcma-car-t 1605`.
pub(super) fn denominators(material: &Material<'_>, code: &str) -> String {
    let arms = &material.simulation.summary.arms;
    let counts: Vec<String> = arms
        .iter()
        .filter_map(|arm| {
            let (_, patients) = arm.estimate(code)?.pooled?;
            Some(format!("{} {patients}", arm.name))
        })
        .collect();
    words::list(&counts)
}

/// How many patients of an arm the first trial treated.
pub(super) fn first_treated(material: &Material<'_>, arm: usize) -> usize {
    let replicate = material.simulation.replicates.first();
    replicate.map_or(0, |replicate| {
        let patients = replicate.arms[arm].patients.iter();
        patients.filter(|patient| crate::summary::measure::treated(patient)).count()
    })
}

/// Where the point of a range stands: at the median; for an arm that may only be shown as a range
/// nowhere, unless the range is one value.
pub(super) fn point(range_only: bool, (median, low, high): (f64, f64, f64)) -> Option<f64> {
    (!range_only || high - low < 1e-9).then_some(median)
}

/// What captions say of such points.
pub(super) const POINT: &str = "Point: median, for arms with published efficacy data; for the \
                                others only where the whole range is one value.";

/// That some results are no predictions.
pub(super) fn set_beforehand() -> Block {
    note(
        NoteKind::Note,
        "Some values behind these results were set beforehand with published results in view; the \
         section \"Beside published results\" lists them. What they were set to is no prediction.",
    )
}

/// A name that can be part of an identifier.
pub(crate) fn slug(name: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    name.chars().map(plain).collect()
}
