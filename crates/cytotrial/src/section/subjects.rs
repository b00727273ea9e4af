//! The subjects of the first trial, one by one: best change, change over time, time on study.

use evaluate::{Outcomes, Response, SubjectOutcome};
use records::{Study, Treatment};
use report::figure::{
    Drawing, Lane, Segment, Spider, SpiderLine, Swimmer, SwimmerEvent, Waterfall, WaterfallBar,
};
use report::{Axis, Block, Colours, paragraph, reference, subsection};

use super::Material;
use super::parts::{Words, figure, slug};
use super::readings::{changes, is_treated, marker};

/// The figures of the first arm and its first comparator, the others folded.
pub(super) fn blocks(material: &Material<'_>) -> Vec<Block> {
    let experiment = material.simulation.experiment();
    let place = |name: &str| experiment.arms.iter().position(|arm| arm.name == name);
    let comparator = experiment.contrasts.first().and_then(|(_, second)| place(second));
    let mut blocks = vec![
        subsection("Subjects of the first virtual trial"),
        paragraph(
            "These figures show one virtual trial, so that its size and scatter can be seen. \
             They are no forecast of single patients.",
        ),
    ];
    for (at, arm) in experiment.arms.iter().enumerate() {
        let Some((study, outcomes)) = material.first(at) else { continue };
        let whose = Whose {
            arm: &arm.name,
            rows: (0..study.subjects.len()).collect(),
            told: format!("treated in the first virtual trial of {}", arm.name),
        };
        let figures = figures(&whose, study, outcomes);
        if figures.is_empty() {
            let none = format!("{}: no subject of the first trial can be drawn.", arm.name);
            blocks.push(paragraph(none));
        } else if at == 0 || Some(at) == comparator {
            blocks.extend(figures);
        } else {
            let summary = format!("Subjects of {}", arm.name);
            blocks.push(Block::Details { summary, blocks: figures });
        }
    }
    blocks
}

/// Whose figures are drawn.
pub(crate) struct Whose<'a> {
    /// The arm.
    pub(crate) arm: &'a str,
    /// Its rows in the study; those who were not treated are left out.
    pub(crate) rows: Vec<usize>,
    /// Where they were treated, in words.
    pub(crate) told: String,
}

/// Best change, change over time and time on study of the subjects of one arm.
pub(crate) fn figures(whose: &Whose<'_>, study: &Study, outcomes: &Outcomes) -> Vec<Block> {
    let Whose { arm, rows, told } = whose;
    let treated: Vec<(usize, &SubjectOutcome)> = rows
        .iter()
        .filter(|&&at| is_treated(study, at))
        .map(|&at| (at, &outcomes.subjects[at]))
        .collect();
    let followed: Vec<Followed> =
        treated.iter().filter_map(|&(at, outcome)| Followed::new(study, at, outcome)).collect();
    let counted = format!(
        "{} subjects {told}, {} of them with a marker at baseline and after it.",
        treated.len(),
        followed.len()
    );
    let mut blocks = Vec::new();
    if !followed.is_empty() {
        blocks.push(waterfall(arm, &followed, &counted));
        blocks.push(spider(arm, &followed, &counted));
    }
    if !treated.is_empty() {
        blocks.push(swimmer(arm, told, study, &treated));
    }
    blocks
}

/// A subject whose marker was followed.
struct Followed {
    subject: String,
    category: String,
    changes: Vec<(f64, f64)>,
    best: f64,
}

impl Followed {
    /// Values after the start of a new therapy do not count.
    fn new(study: &Study, at: usize, outcome: &SubjectOutcome) -> Option<Self> {
        let (_, values) = marker(study, at, outcome)?;
        let until = study.subjects.new_therapy_day[at].unwrap_or(f64::INFINITY);
        let changes: Vec<(f64, f64)> =
            changes(&values).into_iter().filter(|(day, _)| *day <= until).collect();
        let best = changes.iter().map(|(_, change)| *change).reduce(f64::min)?;
        Some(Self {
            subject: name(study, at),
            category: category(outcome.best_response).to_owned(),
            changes,
            best,
        })
    }
}

/// The subject's number without the study's.
pub(crate) fn name(study: &Study, at: usize) -> String {
    let id = &study.subjects.id[at];
    id.strip_prefix(&format!("{}-", study.name)).unwrap_or(id).to_owned()
}

/// Best responses, two of a kind together, so that five colours can be told apart.
pub(crate) const CATEGORIES: [&str; 5] =
    ["PD or not evaluable", "SD or MR", "PR", "VGPR", "CR or sCR"];

/// The category of a best response.
pub(crate) fn category(response: Response) -> &'static str {
    match response {
        Response::NotEvaluable | Response::Progression => CATEGORIES[0],
        Response::Stable | Response::Minimal => CATEGORIES[1],
        Response::Partial => CATEGORIES[2],
        Response::VeryGoodPartial => CATEGORIES[3],
        Response::Complete | Response::StringentComplete => CATEGORIES[4],
    }
}

/// The highest change that the spider shows, in per cent.
const CUT: f64 = 200.0;

fn waterfall(arm: &str, followed: &[Followed], counted: &str) -> Block {
    let halved = followed.iter().filter(|one| one.best <= -50.0).count();
    let words = Words {
        id: format!("waterfall-{}", slug(arm)),
        title: format!("Best change of the followed marker, {arm}"),
        caption: "One bar per subject: the lowest value after the infusion and before any new \
                  therapy, against the last value before it. The marker is serum or urine \
                  M-protein, the light chain difference or marrow plasma cells. Bars are cut at \
                  +100%; the colour is the best confirmed response."
            .into(),
        alternative: format!(
            "Waterfall plot: the marker fell by half or more in {halved} of {} subjects.",
            followed.len()
        ),
        denominators: counted.to_owned(),
    };
    let bars = followed.iter().map(|one| WaterfallBar {
        subject: one.subject.clone(),
        change: one.best,
        category: one.category.clone(),
    });
    let drawing = Drawing::Waterfall(Waterfall {
        vertical: Axis::linear("best change of the marker, %").between(-100.0, 100.0),
        categories: CATEGORIES.map(str::to_owned).into(),
        colours: Colours::Benefit,
        bars: bars.collect(),
        references: vec![reference(-50.0, "-50%"), reference(-90.0, "-90%")],
    });
    figure(words, drawing)
}

fn spider(arm: &str, followed: &[Followed], counted: &str) -> Block {
    let rising = followed
        .iter()
        .filter(|one| one.changes.last().is_some_and(|(_, change)| *change > 0.0))
        .count();
    let words = Words {
        id: format!("spider-{}", slug(arm)),
        title: format!("Change of the followed marker over time, {arm}"),
        caption: "One line per subject, from the value before the infusion to the last one before \
                  any new therapy; cut at +200%."
            .into(),
        alternative: format!(
            "Spider plot of {} subjects; the last value lies above the one before the infusion in \
             {rising} of them.",
            followed.len()
        ),
        denominators: counted.to_owned(),
    };
    let lines = followed.iter().map(|one| SpiderLine {
        subject: one.subject.clone(),
        category: one.category.clone(),
        points: std::iter::once((0.0, 0.0))
            .chain(one.changes.iter().map(|&(day, change)| (day, change.min(CUT))))
            .collect(),
    });
    let drawing = Drawing::Spider(Spider {
        horizontal: Axis::linear("days since the first infusion"),
        vertical: Axis::linear("change of the marker, %").between(-100.0, CUT),
        categories: CATEGORIES.map(str::to_owned).into(),
        colours: Colours::Benefit,
        lines: lines.collect(),
        references: vec![reference(0.0, "before the infusion")],
    });
    figure(words, drawing)
}

/// States of a subject, from the palest colour to the deepest.
pub(crate) const STATES: [&str; 6] =
    ["progressed", "waiting", "no response", "PR", "VGPR", "CR or better"];

/// What may happen to a subject, in the order of the marks of every swimmer plot.
pub(crate) const EVENTS: [&str; 5] =
    ["infusion", "CRS grade 2 or more", "DLT", "new therapy", "death"];

fn swimmer(arm: &str, told: &str, study: &Study, treated: &[(usize, &SubjectOutcome)]) -> Block {
    let mut lanes: Vec<Lane> =
        treated.iter().map(|&(at, outcome)| lane(study, at, outcome)).collect();
    let end = |lane: &Lane| lane.segments.last().map_or(0.0, |segment| segment.to);
    lanes.sort_by(|a, b| end(b).total_cmp(&end(a)));
    let ongoing = lanes.iter().filter(|lane| lane.is_ongoing).count();
    let responded =
        treated.iter().filter(|(_, outcome)| outcome.best_response.is_response()).count();
    let words = Words {
        id: format!("swimmer-{}", slug(arm)),
        title: format!("Time on study, {arm}"),
        caption: "One lane per subject, from enrolment to death or the end of follow-up. The \
                  colour is the best confirmed response so far, until progression."
            .into(),
        alternative: format!(
            "Swimmer plot of {} subjects: {responded} responded, {ongoing} were alive when last \
             seen.",
            lanes.len()
        ),
        denominators: format!("{} subjects {told}.", lanes.len()),
    };
    let drawing = Drawing::Swimmer(Swimmer {
        horizontal: Axis::linear("days since the first infusion"),
        states: STATES.map(str::to_owned).into(),
        events: EVENTS.map(str::to_owned).into(),
        colours: Colours::Benefit,
        lanes,
    });
    figure(words, drawing)
}

fn state(response: Response) -> &'static str {
    match response {
        Response::Progression => STATES[0],
        Response::Partial => STATES[3],
        Response::VeryGoodPartial => STATES[4],
        Response::Complete | Response::StringentComplete => STATES[5],
        _ => STATES[2],
    }
}

pub(crate) fn lane(study: &Study, at: usize, outcome: &SubjectOutcome) -> Lane {
    let subjects = &study.subjects;
    let death = subjects.death_day[at];
    let end = death.unwrap_or(subjects.last_known_alive_day[at]).max(0.0);
    let mut segments = Vec::new();
    if subjects.enrolled_day[at] < 0.0 {
        let (from, to) = (subjects.enrolled_day[at], 0.0);
        segments.push(Segment { from, to, state: STATES[1].into() });
    }
    let mut open = Segment { from: 0.0, to: end, state: STATES[2].into() };
    let progression = outcome.progression_day.map(|day| (day, STATES[0]));
    let mut steps: Vec<(f64, &str)> =
        outcome.visits.iter().map(|visit| (visit.day, state(visit.confirmed))).collect();
    steps.retain(|(day, _)| progression.is_none_or(|(from, _)| *day < from));
    steps.extend(progression);
    for (day, state) in steps.into_iter().filter(|(day, _)| *day < end) {
        if state != open.state {
            if day > open.from {
                segments.push(Segment { to: day, ..open.clone() });
            }
            open = Segment { from: day, to: end, state: state.into() };
        }
    }
    segments.push(open);
    Lane {
        subject: name(study, at),
        segments,
        events: events(study, at, outcome),
        is_ongoing: death.is_none(),
    }
}

fn events(study: &Study, at: usize, outcome: &SubjectOutcome) -> Vec<SwimmerEvent> {
    let given = &study.exposures;
    let [infusion, crs, dose_limiting, new_therapy, death] = EVENTS;
    let mut events: Vec<SwimmerEvent> = (0..given.subject.len())
        .filter(|&row| {
            given.subject[row] as usize == at && given.treatment[row] == Treatment::CellProduct
        })
        .map(|row| SwimmerEvent { at: given.day[row], name: infusion.into() })
        .collect();
    let mut add = |day: Option<f64>, name: &str| {
        events.extend(day.map(|day| SwimmerEvent { at: day, name: name.into() }));
    };
    let severe = outcome.crs.filter(|episode| episode.grade >= 2);
    add(severe.map(|episode| episode.onset), crs);
    if let evaluate::DltStatus::Dlt(dlt) = &outcome.dlt {
        add(Some(dlt.day), dose_limiting);
    }
    add(study.subjects.new_therapy_day[at], new_therapy);
    add(study.subjects.death_day[at], death);
    events
}
