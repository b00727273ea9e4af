//! Times to events: Kaplan-Meier curves, medians, cumulative incidence, follow-up.

use evaluate::{SubjectOutcome, TimeToEvent};
use report::figure::{AtRisk, Drawing, Step, StepArm, StepPoint};
use report::format::number;
use report::{Axis, Block, Cell, Table, numbers, paragraph, reference, section, words as column};
use stats::log_rank::{Weight, log_rank};
use stats::{Band, Cause, CumulativeIncidence, KaplanMeier, Observation};

use super::{Arm, LEVEL, arms, counted};
use crate::operation::evaluate::Evaluation;
use crate::section::parts::{Words, figure};

/// A time to event and who has one.
struct Endpoint {
    id: &'static str,
    title: &'static str,
    says: &'static str,
    of: fn(&SubjectOutcome) -> Option<TimeToEvent>,
    is_drawn: bool,
}

const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        id: "progression-free",
        title: "Progression-free survival",
        says: "to progression or death",
        of: |one| Some(one.progression_free),
        is_drawn: true,
    },
    Endpoint {
        id: "overall",
        title: "Overall survival",
        says: "to death",
        of: |one| Some(one.overall),
        is_drawn: true,
    },
    Endpoint {
        id: "response-duration",
        title: "Duration of response",
        says: "from the first confirmed partial response or better to progression or death",
        of: |one| one.response_duration,
        is_drawn: true,
    },
    Endpoint {
        id: "to-progression",
        title: "Time to progression",
        says: "to progression or death from myeloma",
        of: |one| Some(one.to_progression),
        is_drawn: false,
    },
    Endpoint {
        id: "to-next-therapy",
        title: "Time to next therapy",
        says: "to the next anti-myeloma therapy",
        of: |one| Some(one.to_next_therapy),
        is_drawn: false,
    },
    Endpoint {
        id: "disease-free",
        title: "Disease-free survival",
        says: "from complete response to its loss or death",
        of: |one| one.disease_free,
        is_drawn: false,
    },
];

/// The section.
pub(super) fn blocks(evaluation: &Evaluation) -> Vec<Block> {
    let arms = arms(evaluation);
    let mut blocks = vec![section("Time to event")];
    if arms.iter().all(|arm| arm.followed.is_empty()) {
        blocks.push(paragraph("Nobody was followed yet."));
        return blocks;
    }
    for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.is_drawn) {
        blocks.extend(curve(evaluation, &arms, endpoint));
    }
    for event in COMPETING {
        blocks.extend(incidence(evaluation, &arms, event));
    }
    blocks.push(medians(evaluation, &arms));
    blocks
}

fn pairs(
    evaluation: &Evaluation,
    arm: &Arm,
    of: fn(&SubjectOutcome) -> Option<TimeToEvent>,
) -> Vec<(f64, bool)> {
    let outcome = |&at: &usize| of(&evaluation.outcomes.subjects[at]);
    arm.followed.iter().filter_map(outcome).map(|time| (time.days, time.event)).collect()
}

/// The axis of time: its title, its unit in days and its labels.
struct Clock {
    title: &'static str,
    unit: f64,
    ticks: Vec<f64>,
}

impl Clock {
    fn new(longest: f64) -> Self {
        let (title, unit, step) = match longest {
            days if days <= 60.0 => ("days", 1.0, 7.0),
            days if days <= 200.0 => ("days", 1.0, 28.0),
            days if days <= 800.0 => ("months", 30.4375, 3.0),
            _ => ("months", 30.4375, 12.0),
        };
        let last = (longest / unit / step).ceil() as usize;
        Self { title, unit, ticks: (0..=last.max(1)).map(|at| at as f64 * step).collect() }
    }
}

fn curve(evaluation: &Evaluation, arms: &[Arm], endpoint: &Endpoint) -> Option<Block> {
    let data: Vec<(&Arm, Vec<(f64, bool)>)> = arms
        .iter()
        .map(|arm| (arm, pairs(evaluation, arm, endpoint.of)))
        .filter(|(_, pairs)| !pairs.is_empty())
        .collect();
    let longest = data.iter().flat_map(|(_, all)| all).map(|(day, _)| *day).fold(0.0, f64::max);
    if data.is_empty() || longest <= 0.0 {
        return None;
    }
    let clock = Clock::new(longest);
    let curves: Vec<(&Arm, KaplanMeier)> =
        data.iter().map(|(arm, pairs)| (*arm, KaplanMeier::new(pairs))).collect();
    let said: Vec<String> = curves
        .iter()
        .zip(&data)
        .map(|((arm, curve), (_, all))| {
            let events = all.iter().filter(|(_, event)| *event).count();
            format!("{} {events} events in {}, median {}", arm.name, all.len(), median(curve))
        })
        .collect();
    let words = Words {
        id: format!("curve-{}", endpoint.id),
        title: endpoint.title.to_owned(),
        caption: format!(
            "Kaplan-Meier curve {}; band: 95% interval, symmetric in ln(-ln S); ticks: censored. \
             Under the axis: at risk, events and censored so far.",
            endpoint.says
        ),
        alternative: format!("Step curves. {}.", said.join("; ")),
        denominators: counted_of(&data),
    };
    let drawing = Drawing::Step(Step {
        horizontal: Axis::linear(format!("{} from the start", clock.title)).at(&clock.ticks),
        vertical: Axis::percent(endpoint.title.to_lowercase()).between(0.0, 1.0),
        band: "95% CI".into(),
        arms: curves
            .iter()
            .zip(&data)
            .map(|((arm, curve), (_, all))| step_arm(arm, curve, all, &clock))
            .collect(),
        references: vec![reference(0.5, "one half")],
    });
    Some(figure(words, drawing))
}

fn counted_of(data: &[(&Arm, Vec<(f64, bool)>)]) -> String {
    let each: Vec<String> =
        data.iter().map(|(arm, all)| format!("{} {}", arm.name, all.len())).collect();
    format!("Subjects: {}.", crate::section::words::list(&each))
}

fn step_arm(arm: &Arm, curve: &KaplanMeier, all: &[(f64, bool)], clock: &Clock) -> StepArm {
    let first = StepPoint { time: 0.0, share: Some(1.0), interval: Some((1.0, 1.0)) };
    let points = (0..curve.times.len()).map(|at| StepPoint {
        time: curve.times[at] / clock.unit,
        share: Some(curve.survival[at]),
        interval: curve.interval(at, LEVEL, Band::LogLog),
    });
    let until = |day: f64, event: bool| {
        all.iter().filter(|(at, had)| *at <= day && *had == event).count() as f64
    };
    let at_risk = clock.ticks.iter().map(|&tick| {
        let day = tick * clock.unit;
        AtRisk {
            time: tick,
            at_risk: all.iter().filter(|(at, _)| *at >= day).count() as f64,
            events: until(day, true),
            censored: until(day, false),
            other: None,
        }
    });
    StepArm {
        arm: arm.name.clone(),
        points: std::iter::once(first).chain(points).collect(),
        censored: all.iter().filter(|(_, event)| !event).map(|(day, _)| day / clock.unit).collect(),
        at_risk: at_risk.collect(),
    }
}

/// `12.3 (8.1 to not reached)` days.
fn median(curve: &KaplanMeier) -> String {
    let (low, high) = curve.median_interval(LEVEL);
    let show = |day: Option<f64>| day.map_or("not reached".to_owned(), number);
    match curve.median() {
        None if low.is_none() => "not reached".to_owned(),
        middle => format!("{} ({} to {})", show(middle), show(low), show(high)),
    }
}

/// An event with which others compete.
struct Competing {
    id: &'static str,
    title: &'static str,
    says: &'static str,
    of: fn(&Evaluation, &Arm) -> Vec<(f64, Cause)>,
}

const COMPETING: &[Competing] = &[
    Competing {
        id: "incidence-progression",
        title: "Cumulative incidence of progression",
        says: "Aalen-Johansen curve of progression, with which death without progression competes; \
               under the axis: at risk, progressions, deaths without, censored so far.",
        of: progressions,
    },
    Competing {
        id: "incidence-crs",
        title: "Cumulative incidence of cytokine release syndrome",
        says: "Aalen-Johansen curve of the first onset, with which death before it competes, over \
               the first 28 days or to the last onset; under the axis: at risk, onsets, deaths \
               before, censored so far.",
        of: syndromes,
    },
];

/// Progression or death without it, whichever comes first.
fn progressions(evaluation: &Evaluation, arm: &Arm) -> Vec<(f64, Cause)> {
    arm.followed
        .iter()
        .map(|&at| {
            let outcome = &evaluation.outcomes.subjects[at];
            let free = outcome.progression_free;
            let cause = match (free.event, outcome.progression_day) {
                (false, _) => Cause::Censored,
                (true, Some(_)) => Cause::Event(0),
                (true, None) => Cause::Event(1),
            };
            (free.days, cause)
        })
        .collect()
}

/// Days over which a syndrome is looked at, at least.
const SYNDROME_DAYS: f64 = 28.0;

/// First onset of cytokine release syndrome, or death before it; nobody if nobody had one.
fn syndromes(evaluation: &Evaluation, arm: &Arm) -> Vec<(f64, Cause)> {
    let onset = |at: usize| {
        let steps = &evaluation.outcomes.subjects[at].courses.crs;
        steps.iter().find(|step| step.grade > 0).map(|step| step.day.max(0.0))
    };
    let everybody = evaluation.followed().map(|(at, _)| at);
    let Some(last) = everybody.filter_map(onset).reduce(f64::max) else { return Vec::new() };
    let end = last.max(SYNDROME_DAYS);
    let about = &evaluation.study.subjects;
    arm.followed
        .iter()
        .map(|&at| match (onset(at), about.death_day[at]) {
            (Some(day), _) => (day, Cause::Event(0)),
            (None, Some(day)) if day <= end => (day.max(0.0), Cause::Event(1)),
            (None, death) => {
                let seen = death.unwrap_or(about.last_known_alive_day[at]);
                (seen.clamp(0.0, end), Cause::Censored)
            }
        })
        .collect()
}

fn incidence(evaluation: &Evaluation, arms: &[Arm], event: &Competing) -> Option<Block> {
    let data: Vec<(&Arm, Vec<(f64, Cause)>)> = arms
        .iter()
        .map(|arm| (arm, (event.of)(evaluation, arm)))
        .filter(|(_, all)| !all.is_empty())
        .collect();
    let longest = data.iter().flat_map(|(_, all)| all).map(|(day, _)| *day).fold(0.0, f64::max);
    if longest <= 0.0 {
        return None;
    }
    let clock = Clock::new(longest);
    let mut said = Vec::new();
    let drawn: Vec<StepArm> = data
        .iter()
        .map(|(arm, all)| {
            let curve = CumulativeIncidence::new(all, 2);
            let end = curve.incidence.last().map_or(0.0, |share| share[0]);
            said.push(format!("{} {:.0}% at the end", arm.name, 100.0 * end));
            incidence_arm(arm, &curve, all, &clock)
        })
        .collect();
    let words = Words {
        id: event.id.into(),
        title: event.title.into(),
        caption: format!(
            "{} Band: 95% interval, symmetric in ln(-ln F), variance by the delta method.",
            event.says
        ),
        alternative: format!("Rising step curves. {}.", said.join("; ")),
        denominators: counted(arms),
    };
    let drawing = Drawing::Step(Step {
        horizontal: Axis::linear(format!("{} from the start", clock.title)).at(&clock.ticks),
        vertical: Axis::percent("cumulative incidence").between(0.0, 1.0),
        band: "95% CI".into(),
        arms: drawn,
        references: Vec::new(),
    });
    Some(figure(words, drawing))
}

fn incidence_arm(
    arm: &Arm,
    curve: &CumulativeIncidence,
    all: &[(f64, Cause)],
    clock: &Clock,
) -> StepArm {
    let first = StepPoint { time: 0.0, share: Some(0.0), interval: Some((0.0, 0.0)) };
    let points = curve.times.iter().map(|&time| StepPoint {
        time: time / clock.unit,
        share: Some(curve.at(0, time)),
        interval: curve.interval_at(0, time, LEVEL),
    });
    let until = |day: f64, cause: Cause| {
        all.iter().filter(|(at, had)| *at <= day && *had == cause).count() as f64
    };
    let at_risk = clock.ticks.iter().map(|&tick| {
        let day = tick * clock.unit;
        AtRisk {
            time: tick,
            at_risk: all.iter().filter(|(at, _)| *at >= day).count() as f64,
            events: until(day, Cause::Event(0)),
            censored: until(day, Cause::Censored),
            other: Some(until(day, Cause::Event(1))),
        }
    });
    StepArm {
        arm: arm.name.clone(),
        points: std::iter::once(first).chain(points).collect(),
        censored: Vec::new(),
        at_risk: at_risk.collect(),
    }
}

fn medians(evaluation: &Evaluation, arms: &[Arm]) -> Block {
    let mut rows = Vec::new();
    for endpoint in ENDPOINTS {
        let mut row: Vec<Cell> = vec![format!("{}, days", endpoint.title).into()];
        let data: Vec<Vec<(f64, bool)>> =
            arms.iter().map(|arm| pairs(evaluation, arm, endpoint.of)).collect();
        row.extend(data.iter().map(|all| {
            if all.is_empty() {
                return Cell::from("nobody");
            }
            let events = all.iter().filter(|(_, event)| *event).count();
            format!("{}; {events} events in {}", median(&KaplanMeier::new(all)), all.len()).into()
        }));
        row.push(compared(&data).into());
        rows.push(row);
    }
    let mut row: Vec<Cell> = vec!["Follow-up (event and censoring exchanged), days".into()];
    row.extend(arms.iter().map(|arm| {
        let all = pairs(evaluation, arm, |one| Some(one.overall));
        Cell::from(if all.is_empty() {
            "nobody".to_owned()
        } else {
            median(&KaplanMeier::reversed(&all))
        })
    }));
    row.push("".into());
    rows.push(row);
    let mut columns = vec![column("time")];
    columns.extend(arms.iter().map(|arm| numbers(arm.name.clone()).given()));
    columns.push(numbers("log-rank p").given());
    Block::Table(Table {
        id: "time-to-event".into(),
        caption: "Median and 95% interval (Brookmeyer and Crowley); middle of a level stretch at \
                  one half, as R does"
            .into(),
        columns,
        rows,
        notes: vec![
            "Arms of an early trial were not randomised unless the protocol says so: a test \
             between them describes, it does not prove."
                .into(),
        ],
    })
}

/// The log-rank test of the arms that have subjects.
fn compared(data: &[Vec<(f64, bool)>]) -> String {
    let mut observations = Vec::new();
    let mut groups = Vec::new();
    let some: Vec<&Vec<(f64, bool)>> = data.iter().filter(|all| !all.is_empty()).collect();
    for (group, all) in some.iter().enumerate() {
        for &(day, event) in *all {
            observations.push(Observation::new(day, event));
            groups.push(group);
        }
    }
    if some.len() < 2 {
        return String::new();
    }
    match log_rank(&observations, &groups, some.len(), &[], Weight::Equal).test {
        Some(test) if test.probability < 0.001 => "< 0.001".to_owned(),
        Some(test) => format!("{:.3}", test.probability),
        None => "no events".to_owned(),
    }
}
