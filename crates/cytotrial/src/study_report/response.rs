//! Response: rates with exact intervals, best responses, and every subject's course.

use evaluate::{Response, SubjectOutcome};
use report::figure::{BarGroup, BarSeries};
use report::format::{count_of, number, proportion};
use report::{
    Block, Cell, Colours, Table, numbers, paragraph, section, subsection, words as column,
};
use stats::interval::clopper_pearson;
use stats::posterior::PRIORS;
use stats::summary::{median, sorted};

use super::{Arm, LEVEL, arms, counted, stacked};
use crate::operation::evaluate::Evaluation;
use crate::section::parts::Words;
use crate::section::subjects::{Whose, figures};

/// The section.
pub(super) fn blocks(evaluation: &Evaluation) -> Vec<Block> {
    let arms = arms(evaluation);
    let mut blocks = vec![section("Response")];
    if arms.iter().all(|arm| arm.followed.is_empty()) {
        blocks.push(paragraph("Nobody was infused or observed yet."));
        return blocks;
    }
    blocks.push(rates(evaluation, &arms));
    blocks.push(best(evaluation, &arms));
    blocks.push(posterior(evaluation, &arms));
    for arm in arms.iter().filter(|arm| !arm.followed.is_empty()) {
        blocks.push(subsection(format!("Subjects of {}", arm.name)));
        let told = format!("infused or observed in {}", arm.name);
        let whose = Whose { arm: &arm.name, rows: arm.followed.clone(), told };
        blocks.extend(figures(&whose, &evaluation.study, &evaluation.outcomes));
    }
    blocks
}

/// Whether a subject counts, and for a share who is in the denominator.
type Has = fn(&SubjectOutcome) -> Option<bool>;

const RATES: &[(&str, Has)] = &[
    ("partial response or better", |one| Some(one.best_response >= Response::Partial)),
    ("very good partial response or better", |one| {
        Some(one.best_response >= Response::VeryGoodPartial)
    }),
    ("complete response or better", |one| Some(one.best_response >= Response::Complete)),
    ("stringent complete response", |one| Some(one.best_response == Response::StringentComplete)),
    ("minimal response or better (clinical benefit)", |one| {
        Some(one.best_response >= Response::Minimal)
    }),
    ("MRD-negative at 1e-5, of all", |one| Some(one.mrd.negative_1e5 == Some(true))),
    ("MRD-negative at 1e-5, of those whom a sample tells", |one| one.mrd.negative_1e5),
    ("MRD-negative at 1e-5 in complete response, of all", |one| {
        Some(one.mrd.negative_in_complete_response == Some(true))
    }),
    ("imaging plus MRD-negative, of those whom marrow and PET tell", |one| one.mrd.imaging_plus),
    ("MRD-negative for a year, of those whom a sample tells", |one| one.mrd.sustained),
    ("relapse after complete response", |one| {
        one.complete_response_day.map(|_| one.relapse_from_complete.is_some())
    }),
    ("clinical relapse", |one| Some(one.clinical_relapse.is_some())),
];

fn rates(evaluation: &Evaluation, arms: &[Arm]) -> Block {
    let rows = RATES.iter().map(|(title, has)| {
        let mut row: Vec<Cell> = vec![(*title).into()];
        row.extend(arms.iter().map(|arm| {
            let told: Vec<bool> = arm
                .followed
                .iter()
                .filter_map(|&at| has(&evaluation.outcomes.subjects[at]))
                .collect();
            let count = told.iter().filter(|has| **has).count();
            Cell::from(share(count, told.len()))
        }));
        row
    });
    let mut rows: Vec<Vec<Cell>> = rows.collect();
    rows.push(times("time to response, days: median (range)", evaluation, arms, |one| {
        one.first_response_day
    }));
    rows.push(times("time to best response, days: median (range)", evaluation, arms, |one| {
        one.best_response_day
    }));
    let mut columns = vec![column("endpoint")];
    columns.extend(arms.iter().map(|arm| numbers(arm.name.clone()).given()));
    Block::Table(Table {
        id: "response-rates".into(),
        caption: "Response: subjects, share and exact 95% interval (Clopper and Pearson)".into(),
        columns,
        rows,
        notes: vec![
            "Of all infused or observed unless the row says otherwise; who was never assessed did \
             not respond."
                .into(),
            "Relapse after complete response and clinical relapse are for reporting and \
             disease-free survival only."
                .into(),
        ],
    })
}

/// `7/18 (39%, 95% CI 17 to 64%)`.
fn share(count: usize, of: usize) -> String {
    if of == 0 {
        return "nobody can tell".to_owned();
    }
    let interval = clopper_pearson(count as u32, of as u32, LEVEL);
    proportion(count as u64, of as u64, interval, LEVEL)
}

fn times(
    title: &str,
    evaluation: &Evaluation,
    arms: &[Arm],
    day: fn(&SubjectOutcome) -> Option<f64>,
) -> Vec<Cell> {
    let cell = |arm: &Arm| {
        let days: Vec<f64> =
            arm.followed.iter().filter_map(|&at| day(&evaluation.outcomes.subjects[at])).collect();
        let ordered = sorted(&days);
        match (median(&ordered), ordered.first(), ordered.last()) {
            (Some(middle), Some(low), Some(high)) => {
                format!("{} ({} to {})", number(middle), number(*low), number(*high))
            }
            _ => "no responder".to_owned(),
        }
    };
    std::iter::once(Cell::from(title)).chain(arms.iter().map(|arm| cell(arm).into())).collect()
}

fn best(evaluation: &Evaluation, arms: &[Arm]) -> Block {
    let count = |arm: &Arm, response: Response| {
        let has = |at: &&usize| evaluation.outcomes.subjects[**at].best_response == response;
        arm.followed.iter().filter(has).count()
    };
    let series = Response::ALL.iter().map(|&response| BarSeries {
        name: response.code().to_owned(),
        values: arms
            .iter()
            .map(|arm| {
                let (count, of) = (count(arm, response), arm.followed.len());
                BarGroup {
                    value: count as f64,
                    interval: None,
                    shown: count_of(count as u64, of as u64),
                }
            })
            .collect(),
    });
    let said: Vec<String> = arms
        .iter()
        .map(|arm| {
            let each: Vec<String> = Response::ALL
                .iter()
                .filter(|response| count(arm, **response) > 0)
                .map(|response| format!("{} {}", response.code(), count(arm, *response)))
                .collect();
            format!("{}: {}", arm.name, each.join(", "))
        })
        .collect();
    let words = Words {
        id: "best-response".into(),
        title: "Best confirmed response".into(),
        caption: "Subjects by the highest confirmed response before progression and before new \
                  therapy; progression where nothing else was confirmed."
            .into(),
        alternative: format!("Stacked bars. {}.", said.join("; ")),
        denominators: counted(arms),
    };
    stacked(words, arms, Colours::Benefit, series.collect())
}

fn posterior(evaluation: &Evaluation, arms: &[Arm]) -> Block {
    const FURTHER: u32 = 20;
    let mut rows = Vec::new();
    for arm in arms.iter().filter(|arm| !arm.followed.is_empty()) {
        let responded =
            |at: &&usize| evaluation.outcomes.subjects[**at].best_response.is_response();
        let (count, of) =
            (arm.followed.iter().filter(responded).count() as u32, arm.followed.len() as u32);
        for prior in PRIORS {
            let law = prior.law.after(count, of);
            let percent = |share: f64| format!("{:.0}%", 100.0 * share);
            let likely = (0..=FURTHER).find(|&y| law.predicts_at_least(y, FURTHER) <= 0.95);
            rows.push(vec![
                Cell::from(arm.name.clone()),
                prior.name.into(),
                percent(law.mean()).into(),
                format!("{} to {}", percent(law.quantile(0.025)), percent(law.quantile(0.975)))
                    .into(),
                percent(law.above(0.5)).into(),
                format!("{} of {FURTHER}", likely.map_or(FURTHER, |y| y.saturating_sub(1))).into(),
            ]);
        }
    }
    Block::Table(Table {
        id: "response-posterior".into(),
        caption: "What the responses tell about the rate, under several priors".into(),
        columns: vec![
            column("arm"),
            column("prior"),
            numbers("mean rate").given(),
            numbers("95% of the law").given(),
            numbers("probability that it is above 50%").given(),
            numbers("responders to expect at least, with 95%").given(),
        ],
        rows,
        notes: vec![
            "Beta priors; the sceptical and the hopeful one weigh as much as three patients \
             (assumed). The last column is for further patients of the same kind."
                .into(),
        ],
    })
}
