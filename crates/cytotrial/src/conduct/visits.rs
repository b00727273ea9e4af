//! The calendar of visits that every patient of a protocol shares.

use crate::observe::slot;
use crate::protocol::{Protocol, Schedule, Visit};

/// What is done at a visit; a visit may be of several kinds.
#[allow(clippy::struct_excessive_bools, reason = "kinds of a visit are independent")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kinds {
    /// Signs: temperature, pressure, oxygen, ICE.
    pub signs: bool,
    /// Blood counts, chemistry, physical examination.
    pub safety: bool,
    /// Cells and cytokines.
    pub kinetics: bool,
    /// Serum, urine, light chains, lesions.
    pub response: bool,
    /// Aspirate with residual disease.
    pub marrow: bool,
}

/// One planned visit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Planned {
    /// Planned day.
    pub day: f64,
    /// Days before and after that are allowed.
    pub window: f64,
    /// Address of the visit for draws.
    pub slot: u32,
    /// What is done.
    pub kinds: Kinds,
}

/// Days on which signs are taken daily: from the first infusion to this day, as in hospital and
/// nearby-hotel observation after cell therapy (assumed: 28 days).
pub const DAILY_SIGNS: u32 = 28;

/// Every visit of the protocol up to the end of follow-up, in order of planned day.
pub fn planned(protocol: &Protocol) -> Vec<Planned> {
    let mut visits: Vec<Planned> = Vec::new();
    let end = protocol.follow_up;
    let mut add = |visit: Visit, mark: fn(&mut Kinds)| {
        let place = visits.iter().position(|known| (known.day - visit.day).abs() < 1e-9);
        let index = place.unwrap_or_else(|| {
            visits.push(Planned {
                day: visit.day,
                window: visit.window,
                slot: slot(visit.day),
                kinds: Kinds::default(),
            });
            visits.len() - 1
        });
        visits[index].window = visits[index].window.max(visit.window);
        mark(&mut visits[index].kinds);
    };
    for day in 0..=DAILY_SIGNS {
        add(Visit { day: f64::from(day), window: 0.0 }, |kinds| kinds.signs = true);
    }
    for visit in days(&protocol.safety, end) {
        add(visit, |kinds| {
            kinds.signs = true;
            kinds.safety = true;
        });
    }
    for visit in days(&protocol.kinetics, end) {
        add(visit, |kinds| kinds.kinetics = true);
    }
    for visit in days(&protocol.response, end) {
        add(visit, |kinds| {
            kinds.response = true;
            kinds.safety = true;
        });
    }
    for visit in days(&protocol.marrow, end) {
        add(visit, |kinds| {
            kinds.marrow = true;
            kinds.response = true;
        });
    }
    visits.sort_by(|a, b| a.day.total_cmp(&b.day));
    visits
}

/// The days of a schedule up to the end of follow-up.
fn days(schedule: &Schedule, end: f64) -> Vec<Visit> {
    let mut visits: Vec<Visit> =
        schedule.visits.iter().copied().filter(|visit| visit.day <= end + 1e-9).collect();
    if let (Some(every), Some(last)) = (schedule.then_every, schedule.visits.last()) {
        let mut day = last.day + every.day;
        while every.day > 0.0 && day <= end + 1e-9 {
            visits.push(Visit { day, window: every.window });
            day += every.day;
        }
    }
    visits
}
