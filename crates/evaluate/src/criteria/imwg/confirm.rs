//! Confirmation: two consecutive assessments, both before new therapy.

use super::ImwgOptions;
use super::level::Level;
use crate::outcome::Response;

/// What the assessments show together.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirmed {
    /// Status at each assessment: best confirmed level so far, progression from its day on.
    pub status: Vec<Response>,
    /// Level of each assessment that its successor confirms; not evaluable where there is none.
    pub levels: Vec<Response>,
    /// Day of progression.
    pub progression_day: Option<f64>,
    /// Best confirmed response.
    pub best: Response,
}

/// Confirms the levels of one subject's assessments.
pub fn confirm(
    levels: &[Level],
    new_therapy: Option<f64>,
    myeloma_death: Option<f64>,
    options: &ImwgOptions,
) -> Confirmed {
    let before_therapy = |day: f64| new_therapy.is_none_or(|start| day <= start + 1e-9);
    let mut found = Confirmed {
        status: Vec::with_capacity(levels.len()),
        levels: Vec::with_capacity(levels.len()),
        progression_day: None,
        best: Response::NotEvaluable,
    };
    for (at, level) in levels.iter().enumerate() {
        let next = levels[at + 1..].iter().find(|next| next.level != Response::NotEvaluable);
        if found.progression_day.is_none()
            && level.level == Response::Progression
            && progression_counts(level, next, myeloma_death, options)
        {
            found.progression_day = Some(level.day);
        }
        let confirmed = if found.progression_day.is_some() || !before_therapy(level.day) {
            Response::NotEvaluable
        } else {
            confirmed_level(level, next.filter(|next| before_therapy(next.day)))
        };
        found.best = found.best.max(confirmed);
        found.levels.push(confirmed);
        found.status.push(if found.progression_day.is_some() {
            Response::Progression
        } else {
            found.best
        });
    }
    if found.best == Response::NotEvaluable && found.progression_day.is_some() {
        found.best = Response::Progression;
    }
    found
}

/// First day of an assessment whose confirmed level is at least the response.
pub fn first_day(levels: &[Level], confirmed: &Confirmed, response: Response) -> Option<f64> {
    confirmed.levels.iter().position(|&level| level >= response).map(|at| levels[at].day)
}

fn progression_counts(
    level: &Level,
    next: Option<&Level>,
    myeloma_death: Option<f64>,
    options: &ImwgOptions,
) -> bool {
    level.at_once == Response::Progression
        || match next {
            Some(next) => next.level == Response::Progression,
            None => {
                myeloma_death.is_some_and(|death| death >= level.day)
                    || options.count_unconfirmed_last_pd
            }
        }
}

/// The lower of this and the next assessment; a progression, or none, confirms no response. A
/// progression that was not confirmed counts as not evaluable.
fn confirmed_level(level: &Level, next: Option<&Level>) -> Response {
    match level.level {
        Response::NotEvaluable | Response::Progression => Response::NotEvaluable,
        Response::Stable => Response::Stable,
        response => {
            let by_next = next.map_or(Response::Stable, |next| next.level.min(response));
            by_next.max(Response::Stable).max(level.at_once)
        }
    }
}
