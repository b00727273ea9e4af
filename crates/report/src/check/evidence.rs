//! Numbers that may not stand alone: arms without data behind them, and results that values were set to.

use crate::document::{Badge, Block, Cell, Document, Mark, Table, Text};
use crate::figure::{BarMode, Drawing, Figure, HIGH_END, LOW_END};

use super::Fault;

/// Every bare point estimate of an arm that may only be shown as a range: in a cell, a sentence or
/// a row of a figure.
pub fn ranges(document: &Document, range_only: &[String]) -> Vec<Fault> {
    let mut search = Search { arms: &document.arms, range_only, faults: Vec::new() };
    search.blocks(&document.blocks);
    search.faults
}

/// A result that values may have been set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitted {
    /// The identifier of the published result.
    pub target: String,
    /// The arm whose values were set.
    pub arm: String,
    /// What figures call the endpoint.
    pub endpoint: String,
}

/// Every row of a table or figure that shows a fitted result without the mark "fitted".
pub fn fitted(document: &Document, results: &[Fitted]) -> Vec<Fault> {
    let mut faults = Vec::new();
    // a table of what is given shows no result
    let shows = |table: &&Table| table.columns.iter().any(|column| !column.is_given);
    for table in document.tables().into_iter().filter(shows) {
        for row in &table.rows {
            let words: Vec<String> = row.iter().map(|cell| cell.text.words()).collect();
            let is_marked = row.iter().any(marked);
            let mut named =
                results.iter().filter(|one| words.iter().any(|w| names(w, &one.target)));
            if let Some(result) = named.find(|_| !is_marked) {
                let block = format!("table `{}`", table.id);
                faults.push(Fault::NotMarked { block, what: result.target.clone() });
            }
        }
    }
    for figure in document.figures() {
        let Drawing::Range(range) = &figure.drawing else { continue };
        for row in &range.rows {
            let is_marked = row.label.contains("fitted") || row.shown.contains("fitted");
            let mut shown = results.iter().filter(|one| {
                names(&row.label, &one.target)
                    || (row.group == one.arm && row.label == one.endpoint && row.observed.is_some())
            });
            if let Some(result) = shown.find(|_| !is_marked) {
                let block = format!("figure `{}`", figure.id);
                faults.push(Fault::NotMarked { block, what: result.target.clone() });
            }
        }
    }
    faults
}

fn marked(cell: &Cell) -> bool {
    let is_fitted = |mark: &Mark| matches!(mark, Mark::Badge(Badge::Fitted));
    cell.badge == Some(Badge::Fitted)
        || cell.text.spans.iter().any(|span| is_fitted(&span.mark) || span.text.contains("fitted"))
}

/// Whether a text names a thing as a word of its own; hyphens are part of names.
fn names(text: &str, name: &str) -> bool {
    place(text, name).is_some()
}

fn place(text: &str, name: &str) -> Option<usize> {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '-';
    text.match_indices(name).map(|(at, _)| at).find(|&at| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !name.is_empty() && !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

struct Search<'a> {
    arms: &'a [String],
    range_only: &'a [String],
    faults: Vec<Fault>,
}

impl Search<'_> {
    fn blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            match block {
                Block::Heading { text, .. } => self.sentences("a heading", text),
                Block::Paragraph(text) | Block::Note { text, .. } => self.text("a paragraph", text),
                Block::List { items, .. } => {
                    for item in items {
                        self.text("a list", item);
                    }
                }
                Block::KeyValues(pairs) => {
                    for pair in pairs {
                        let words = format!("{}: {}", pair.key, pair.value.text.words());
                        self.sentences("a list of values", &words);
                    }
                }
                Block::Table(table) => self.table(table),
                Block::Figure(figure) => self.figure(figure),
                Block::Details { summary, blocks } => {
                    self.sentences("a folded part", summary);
                    self.blocks(blocks);
                }
            }
        }
    }

    fn fault(&mut self, block: &str, arm: &str, text: &str) {
        let (block, arm, text) = (block.to_owned(), arm.to_owned(), text.to_owned());
        self.faults.push(Fault::BareEstimate { block, arm, text });
    }

    fn text(&mut self, block: &str, text: &Text) {
        self.sentences(block, &text.words());
    }

    /// The words from each mention of such an arm to the next arm or the end of the sentence.
    fn sentences(&mut self, block: &str, text: &str) {
        for sentence in text.split_inclusive(". ") {
            let mut mentions: Vec<(usize, &String)> = Vec::new();
            for arm in self.arms {
                let mut from = 0;
                while let Some(at) = sentence.get(from..).and_then(|rest| place(rest, arm)) {
                    mentions.push((from + at, arm));
                    from += at + arm.len();
                }
            }
            mentions.sort();
            for (which, (at, arm)) in mentions.iter().enumerate() {
                let end = mentions.get(which + 1).map_or(sentence.len(), |(next, _)| *next);
                let part = &sentence[at + arm.len()..end];
                if self.range_only.contains(arm) && bare(part, false) {
                    self.fault(block, arm, sentence.trim());
                }
            }
        }
    }

    fn table(&mut self, table: &Table) {
        let block = format!("table `{}`", table.id);
        for note in &table.notes {
            self.text(&block, note);
        }
        for arm in self.range_only {
            let is_whole = names(&table.caption, arm);
            for row in &table.rows {
                let is_row = is_whole || row.iter().any(|cell| names(&cell.text.words(), arm));
                for (column, cell) in table.columns.iter().zip(row) {
                    let words = cell.text.words();
                    let is_own = is_row || names(&column.title, arm);
                    if is_own && !column.is_given && !names(&words, arm) && bare(&words, true) {
                        self.fault(&block, arm, &format!("{}: {words}", column.title));
                    }
                }
            }
        }
    }

    fn figure(&mut self, figure: &Figure) {
        let block = format!("figure `{}`", figure.id);
        for words in [&figure.title, &figure.caption, &figure.alternative] {
            self.sentences(&block, words);
        }
        for arm in self.range_only {
            if let Some(what) = bare_in_drawing(&figure.drawing, arm) {
                self.fault(&block, arm, &what);
            }
        }
    }
}

/// The first row of a drawing that shows an arm as a point.
fn bare_in_drawing(drawing: &Drawing, arm: &String) -> Option<String> {
    match drawing {
        Drawing::Range(range) => {
            let own =
                range.rows.iter().filter(|row| names(&row.group, arm) || names(&row.label, arm));
            let is_one = |ends: Option<(f64, f64)>| ends.is_some_and(|(a, b)| b - a < 1e-6);
            let mut bare_rows = own.filter(|row| {
                (row.estimate.is_some() && !is_one(row.interval)) || bare(&row.shown, true)
            });
            bare_rows.next().map(|row| format!("{}: {}", row.label, row.shown))
        }
        Drawing::Step(step) => {
            let own = step.arms.iter().find(|one| one.arm == *arm)?;
            let point = own.points.iter().find(|it| it.share.is_some() || it.interval.is_none())?;
            Some(format!("a share at {}", point.time))
        }
        Drawing::Curve(curve) => {
            let own = curve.lines.iter().find(|line| names(&line.name, arm))?;
            let point = own.points.iter().find(|it| it.value.is_some() && it.band.is_none())?;
            Some(format!("a value at {}", point.at))
        }
        Drawing::Bar(bar) => {
            let ends = [LOW_END, HIGH_END].map(|end| format!("{arm}{end}"));
            let (at, group) = bar
                .groups
                .iter()
                .enumerate()
                .find(|(_, group)| names(group, arm) && !ends.contains(group))?;
            let mut values = bar.series.iter().filter_map(|series| series.values.get(at));
            let is_bare = bar.mode == BarMode::Stacked || values.any(|it| it.interval.is_none());
            is_bare.then(|| format!("the bar `{group}`"))
        }
        Drawing::Funnel(funnel) => {
            let own = funnel.arms.iter().find(|one| one.arm == *arm)?;
            let stage = own.stages.iter().find(|it| it.count.is_some() || it.interval.is_none())?;
            Some(format!("the stage `{}`", stage.name))
        }
        // whole distributions, and single subjects
        Drawing::Strip(_)
        | Drawing::Histogram(_)
        | Drawing::Waterfall(_)
        | Drawing::Spider(_)
        | Drawing::Swimmer(_)
        | Drawing::EscalationHistory(_)
        | Drawing::Tree(_) => None,
    }
}

/// Whether words hold a number that is no range, count of patients or published value. In running
/// text whole numbers are counts, days and grades, unless a median or a mean is spoken of.
fn bare(words: &str, is_cell: bool) -> bool {
    let tokens: Vec<&str> = words
        .split_whitespace()
        .map(|word| {
            word.trim_matches(|letter: char| {
                matches!(letter, '(' | ')' | ',' | ';' | ':' | '[' | ']')
            })
            .trim_end_matches('.')
        })
        .collect();
    let speaks_of_centre = words.contains("median") || words.contains("mean ");
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let next = |ahead: usize| tokens.get(at + ahead).copied().unwrap_or_default();
        if !is_number(token) {
            at += 1;
            continue;
        }
        let before = at.checked_sub(1).map(|place| tokens[place]).unwrap_or_default();
        let is_end = |word: &str| is_number(word) || word == "not";
        at += match (next(1), before) {
            ("to", _) if is_end(next(2)) => 3,
            ("and", "between") | ("of", _) if is_number(next(2)) => 3,
            ("or", _) if next(2) == "more" => 3,
            ("CI" | "of", _) if ["90%", "95%"].contains(token) => 2,
            (_, "published" | "grade" | "day") => 1,
            _ if token.contains('/') && words.contains(" CI ") => 2,
            _ if is_cell || speaks_of_centre => return true,
            _ if token.contains(['%', '.', 'e']) => return true,
            _ => 1,
        };
    }
    false
}

/// A number as reports write it: `12`, `-3.4`, `<0.1%`, `1.5e9`, `3/18`.
fn is_number(token: &str) -> bool {
    let plain = token.trim_start_matches(['-', '+', '<', '>']);
    plain.starts_with(|letter: char| letter.is_ascii_digit())
        && plain.chars().all(|it| it.is_ascii_digit() || "./%e-+".contains(it))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{cell, numbers, paragraph, words};
    use crate::figure::{
        Axis, Bar, BarSeries, Curve, CurvePoint, Funnel, FunnelArm, FunnelStage, Line, Range,
        RangeRow, Step, StepArm, StepPoint,
    };

    const ARM: &str = "car-nk";

    fn with(blocks: Vec<Block>) -> Document {
        let arms = vec![ARM.to_owned(), "car-t".to_owned()];
        Document { title: "T".into(), arms, blocks, ..Document::default() }
    }

    fn found(block: Block) -> usize {
        ranges(&with(vec![block]), &[ARM.to_owned()]).len()
    }

    #[test]
    fn a_sentence_with_a_point_estimate_is_found() {
        for bad in [
            "car-nk: response 12%.",
            "In car-t 71% (35 to 89%) respond, in car-nk 12% (0 to 20%).",
            "Of car-nk the median onset is 7 days.",
            "car-nk kills 1.5e9 cells.",
        ] {
            assert_eq!(found(paragraph(bad)), 1, "{bad}");
        }
        for good in [
            "car-nk: response 0 to 12%, CRS 3 to 4.5%; car-t 71% (35 to 89%).",
            "car-nk: 0.95 to not reached; 1.2 or more; published 5%.",
            "car-nk 692, car-t 643 patients in 40 trials.",
            "car-nk-armoured: response 12%.",
            "car-nk: 3/18 (17%, 95% CI 4 to 41%) in one trial.",
            "Values lie between 2.5 and 7.5 in 90% of patients of car-nk.",
        ] {
            assert_eq!(found(paragraph(good)), 0, "{good}");
        }
    }

    #[test]
    fn a_cell_with_a_point_estimate_is_found_by_column_row_and_caption() {
        let table = |columns, row: Vec<Cell>, caption: &str| {
            let rows = vec![row];
            Block::Table(Table {
                id: "t".into(),
                caption: caption.into(),
                columns,
                rows,
                notes: vec![],
            })
        };
        let by_column = vec![words("endpoint"), numbers(ARM), numbers("car-t")];
        let row = |own: &str| vec!["response".into(), own.into(), "71% (35 to 89%)".into()];
        assert_eq!(found(table(by_column.clone(), row("12%"), "c")), 1);
        assert_eq!(found(table(by_column.clone(), row("12% (0 to 20%)"), "c")), 1);
        assert_eq!(found(table(by_column, row("0 to 20%"), "c")), 0);
        let by_row = vec![words("arm"), numbers("n").given(), numbers("response")];
        let row = |own: &str| vec![ARM.into(), "18".into(), own.into()];
        assert_eq!(found(table(by_row.clone(), row("7.5"), "c")), 1);
        assert_eq!(found(table(by_row, row("5 to 7.5"), "c")), 0);
        let any = vec![words("endpoint"), numbers("value")];
        assert_eq!(
            found(table(any.clone(), vec!["a".into(), "3".into()], "car-nk minus car-t")),
            1
        );
        assert_eq!(found(table(any, vec!["a".into(), "3".into()], "car-t alone")), 0);
    }

    fn drawn(drawing: Drawing) -> usize {
        let words = || "words".to_owned();
        found(Block::Figure(Figure {
            id: "f".into(),
            title: words(),
            caption: words(),
            alternative: words(),
            denominators: words(),
            drawing,
        }))
    }

    #[test]
    fn a_point_in_any_kind_of_figure_is_found() {
        let row = |estimate, shown: &str| {
            let interval = Some((0.0, 0.2));
            let row = RangeRow {
                label: "response".into(),
                group: ARM.into(),
                estimate,
                interval,
                observed: None,
                shown: shown.into(),
            };
            Drawing::Range(Range {
                values: Axis::percent("share"),
                estimate_name: "m".into(),
                observed_name: String::new(),
                rows: vec![row],
                references: vec![],
            })
        };
        assert_eq!(drawn(row(Some(0.1), "0 to 20%")), 1);
        assert_eq!(drawn(row(None, "10%")), 1);
        assert_eq!(drawn(row(None, "0 to 20%")), 0);
        let step = |share| {
            let points = vec![StepPoint { time: 1.0, share, interval: Some((0.0, 1.0)) }];
            let arm = StepArm { arm: ARM.into(), points, censored: vec![], at_risk: vec![] };
            Drawing::Step(Step {
                horizontal: Axis::linear("t"),
                vertical: Axis::percent("s"),
                band: "b".into(),
                arms: vec![arm],
                references: vec![],
            })
        };
        assert_eq!((drawn(step(Some(0.5))), drawn(step(None))), (1, 0));
        let curve = |point| {
            let line = Line { name: ARM.into(), points: vec![point] };
            Drawing::Curve(Curve {
                horizontal: Axis::linear("t"),
                vertical: Axis::log("c"),
                band: "b".into(),
                lines: vec![line],
                references: vec![],
            })
        };
        assert_eq!(drawn(curve(CurvePoint::new(0.0, 1.0))), 1);
        assert_eq!(drawn(curve(CurvePoint::with_band(0.0, 1.0, 0.5, 2.0))), 0);
        let bar = |group: String| {
            let series = vec![BarSeries { name: "grade 1".into(), values: vec![0.5.into()] }];
            Drawing::Bar(Bar {
                group_title: "arm".into(),
                values: Axis::percent("s"),
                mode: BarMode::Stacked,
                colours: crate::Colours::Severity,
                groups: vec![group],
                series,
                references: vec![],
            })
        };
        assert_eq!((drawn(bar(ARM.into())), drawn(bar(format!("{ARM}{LOW_END}")))), (1, 0));
        let funnel = |count| {
            let interval = Some((3.0, 5.0));
            let stage = FunnelStage { name: "s".into(), count, interval, ..FunnelStage::default() };
            let arm = FunnelArm { arm: ARM.into(), stages: vec![stage] };
            Drawing::Funnel(Funnel { values: Axis::linear("n"), arms: vec![arm] })
        };
        assert_eq!((drawn(funnel(Some(4.0))), drawn(funnel(None))), (1, 0));
    }

    #[test]
    fn a_fitted_result_without_its_mark_is_found() {
        let result =
            Fitted { target: "KM12".into(), arm: "car-t".into(), endpoint: "response".into() };
        let table = |role: Cell| {
            let rows = vec![vec!["KM12 response".into(), role]];
            let columns = vec![words("result"), words("role")];
            Block::Table(Table {
                id: "t".into(),
                caption: "c".into(),
                columns,
                rows,
                notes: vec![],
            })
        };
        let faults = |block| fitted(&with(vec![block]), std::slice::from_ref(&result)).len();
        assert_eq!(faults(table("fit".into())), 1);
        assert_eq!(faults(table(cell("fit", Badge::Fitted))), 0);
        let figure = |shown: &str| {
            let row = RangeRow {
                label: "response".into(),
                group: "car-t".into(),
                estimate: None,
                interval: Some((0.3, 0.9)),
                observed: Some(0.73),
                shown: shown.into(),
            };
            Block::Figure(Figure {
                id: "f".into(),
                title: "t".into(),
                caption: "c".into(),
                alternative: "a".into(),
                denominators: "n = 1".into(),
                drawing: Drawing::Range(Range {
                    values: Axis::percent("s"),
                    estimate_name: "m".into(),
                    observed_name: "published".into(),
                    rows: vec![row],
                    references: vec![],
                }),
            })
        };
        assert_eq!((faults(figure("30 to 90%")), faults(figure("30 to 90% [fitted]"))), (1, 0));
    }
}
