//! The level at one assessment, before confirmation.
//!
//! Order: progression, not evaluable, stringent complete, complete, very good partial, partial,
//! minimal, stable; the first that holds. A level that lacks a required piece is not given.

use super::visit::{Baseline, Visit};
use super::{ImwgOptions, Nadir, UnseenPlasmacytoma, VgprUrine};
use crate::outcome::{Measurable, Response};
use records::Analyte;

/// What one assessment shows by itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Day of the assessment.
    pub day: f64,
    /// Its level.
    pub level: Response,
    /// The part of the level that rests on marrow or imaging alone and needs no second assessment.
    pub at_once: Response,
}

/// The levels of all assessments, in order.
pub fn levels(baseline: &Baseline, visits: &[Visit], options: &ImwgOptions) -> Vec<Level> {
    let mut known = Known::new(baseline, options);
    visits.iter().map(|visit| known.assess(visit)).collect()
}

const TOLERANCE: f64 = 1e-9;
/// A lesion whose growth counts is longer than this, mm.
const SMALLEST_LESION: f64 = 10.0;
/// Circulating plasma cells from which a rise counts, per uL.
const CIRCULATING: f64 = 200.0;

fn at_least(value: f64, limit: f64) -> bool {
    value >= limit - TOLERANCE
}

fn below(value: f64, limit: f64) -> bool {
    value < limit - TOLERANCE
}

/// The value from which growth is measured.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Lowest {
    any: Option<f64>,
    confirmed: Option<f64>,
    previous: Option<f64>,
}

impl Lowest {
    pub(super) fn from(baseline: Option<f64>) -> Self {
        Self { any: baseline, confirmed: baseline, previous: baseline }
    }

    pub(super) fn get(&self, rule: Nadir) -> Option<f64> {
        match rule {
            Nadir::LowestAny => self.any,
            Nadir::LowestConfirmed => self.confirmed,
        }
    }

    pub(super) fn note(&mut self, value: Option<f64>) {
        let Some(value) = value else { return };
        let lower = |known: Option<f64>, new: f64| Some(known.map_or(new, |known| known.min(new)));
        self.any = lower(self.any, value);
        if let Some(previous) = self.previous {
            self.confirmed = lower(self.confirmed, previous.max(value));
        }
        self.previous = Some(value);
    }
}

/// What is known from baseline and the assessments so far.
struct Known<'a> {
    baseline: &'a Baseline,
    options: &'a ImwgOptions,
    serum: Lowest,
    urine: Lowest,
    chain: Lowest,
    marrow: Lowest,
    lesions: Lowest,
    diameter: Lowest,
    circulating: Lowest,
    last_marrow: Option<f64>,
    last_clonal: Option<bool>,
    last_lesions: Option<f64>,
    last_urine: Option<(f64, f64)>,
}

impl<'a> Known<'a> {
    fn new(baseline: &'a Baseline, options: &'a ImwgOptions) -> Self {
        let lowest = |analyte: Analyte| {
            Lowest::from(baseline.values.nadir_value(analyte, baseline.involved))
        };
        Self {
            baseline,
            options,
            serum: lowest(Analyte::SerumMProtein),
            urine: lowest(Analyte::UrineMProtein),
            chain: lowest(Analyte::KappaFreeLightChain),
            marrow: lowest(Analyte::MarrowPlasmaCells),
            lesions: lowest(Analyte::PlasmacytomaSize),
            diameter: lowest(Analyte::LesionDiameter),
            circulating: lowest(Analyte::CirculatingPlasmaCells),
            last_marrow: None,
            last_clonal: None,
            last_lesions: None,
            last_urine: None,
        }
    }

    fn assess(&mut self, visit: &Visit) -> Level {
        let chain = visit.light_chain_difference(self.baseline.involved);
        let (progressed, at_once) = self.progression(visit, chain);
        self.last_marrow = visit.marrow.or(self.last_marrow);
        self.last_clonal = visit.clonal.or(self.last_clonal);
        let carried = self.last_lesions.filter(|_| self.options.lesions_carried_forward);
        self.last_lesions = visit.plasmacytoma.or(carried);
        if let Some(urine) = visit.urine {
            self.last_urine = Some((visit.day, urine));
        }
        let level = if progressed {
            Response::Progression
        } else {
            self.response(visit, chain)
        };
        let value = |analyte: Analyte| visit.nadir_value(analyte, self.baseline.involved);
        self.serum.note(value(Analyte::SerumMProtein));
        self.urine.note(value(Analyte::UrineMProtein));
        self.chain.note(value(Analyte::KappaFreeLightChain));
        self.marrow.note(value(Analyte::MarrowPlasmaCells));
        self.lesions.note(value(Analyte::PlasmacytomaSize));
        self.diameter.note(value(Analyte::LesionDiameter));
        self.circulating.note(value(Analyte::CirculatingPlasmaCells));
        let at_once = if progressed {
            if at_once { Response::Progression } else { Response::NotEvaluable }
        } else {
            match self.baseline.measurable {
                Measurable::Marrow => level.min(self.options.marrow_best.response()),
                // what is imaged shows a partial response; bands in blood and urine show none
                Measurable::Nothing if self.baseline.has_plasmacytoma() => {
                    level.min(Response::Partial)
                }
                _ => Response::NotEvaluable,
            }
        };
        Level { day: visit.day, level, at_once }
    }

    /// Whether the disease has progressed, and whether marrow or imaging shows it by itself.
    fn progression(&self, visit: &Visit, chain: Option<f64>) -> (bool, bool) {
        let rule = self.options.nadir;
        let grown = |value: Option<f64>, lowest: &Lowest, test: &dyn Fn(f64, f64) -> bool| {
            value.zip(lowest.get(rule)).is_some_and(|(value, nadir)| {
                at_least(value, 1.25 * nadir) && test(value - nadir, nadir)
            })
        };
        let serum = grown(visit.serum, &self.serum, &|rise, _| at_least(rise, 5.0))
            || visit.serum.zip(self.serum.get(rule)).is_some_and(|(value, nadir)| {
                at_least(nadir, 50.0) && at_least(value - nadir, 10.0)
            });
        let urine = grown(visit.urine, &self.urine, &|rise, _| at_least(rise, 200.0));
        let measurable = self.baseline.measurable;
        let no_protein = !matches!(
            measurable,
            Measurable::Serum | Measurable::Urine | Measurable::SerumAndUrine
        );
        let chains =
            no_protein && grown(chain, &self.chain, &|rise, _| rise > 100.0 + TOLERANCE);
        let marrow = no_protein
            && measurable != Measurable::FreeLightChain
            && grown(visit.marrow, &self.marrow, &|rise, _| at_least(rise, 10.0));
        let lesions = visit.new_lesion
            || visit.plasmacytoma.is_some_and(|size| {
                // a plasmacytoma where there was none is a new lesion
                let unseen = match self.options.unseen_plasmacytoma {
                    UnseenPlasmacytoma::NotKnown => None,
                    UnseenPlasmacytoma::New => Some(0.0),
                };
                let nadir = self.lesions.get(rule).or(unseen);
                size > TOLERANCE && nadir.is_some_and(|nadir| at_least(size, 1.5 * nadir))
            });
        let longer = grown(visit.diameter, &self.diameter, &|rise, nadir| {
            at_least(rise, 0.5 * nadir) && at_least(nadir + rise, SMALLEST_LESION)
        });
        let circulating = measurable == Measurable::Nothing
            && grown(visit.circulating, &self.circulating, &|rise, nadir| {
                at_least(rise, 0.5 * nadir) && at_least(nadir + rise, CIRCULATING)
            });
        let imaging = lesions || longer;
        (serum || urine || chains || marrow || circulating || imaging, marrow || imaging)
    }

    fn response(&self, visit: &Visit, chain: Option<f64>) -> Response {
        let evaluable = match self.baseline.measurable {
            Measurable::Serum => visit.serum.is_some(),
            Measurable::Urine => visit.urine.is_some(),
            Measurable::SerumAndUrine => visit.serum.is_some() || visit.urine.is_some(),
            Measurable::FreeLightChain => chain.is_some(),
            Measurable::Marrow => visit.marrow.is_some(),
            Measurable::Nothing => {
                visit.serum.is_some()
                    || visit.urine.is_some()
                    || chain.is_some()
                    || visit.marrow.is_some()
                    || visit.plasmacytoma.is_some()
                    || visit.circulating.is_some()
            }
        };
        if !evaluable {
            return Response::NotEvaluable;
        }
        if self.is_complete(visit) {
            let stringent =
                visit.ratio_is_normal() == Some(true) && self.last_clonal == Some(false);
            return if stringent { Response::StringentComplete } else { Response::Complete };
        }
        if !self.lesions_have_halved() {
            return Response::Stable;
        }
        self.partial(visit, chain)
    }

    fn is_complete(&self, visit: &Visit) -> bool {
        let no_lesion = if self.baseline.has_plasmacytoma() {
            self.last_lesions == Some(0.0)
        } else {
            self.last_lesions.is_none_or(|size| size <= 0.0)
        };
        let ratio = self.baseline.measurable != Measurable::FreeLightChain
            || visit.ratio_is_normal() == Some(true);
        visit.serum_band == Some(false)
            && visit.urine_band == Some(false)
            && self.last_marrow.is_some_and(|share| below(share, 5.0))
            && no_lesion
            && ratio
    }

    /// Plasmacytomas present at baseline have shrunk by half at the last imaging since.
    fn lesions_have_halved(&self) -> bool {
        match self.baseline.values.plasmacytoma {
            Some(before) if before > 0.0 => {
                self.last_lesions.is_some_and(|now| at_least((before - now) / before, 0.5))
            }
            _ => true,
        }
    }

    fn urine_at(&self, visit: &Visit) -> Option<f64> {
        visit.urine.or_else(|| {
            let (day, value) = self.last_urine?;
            (visit.day - day <= self.options.carry_forward_days).then_some(value)
        })
    }

    fn partial(&self, visit: &Visit, chain: Option<f64>) -> Response {
        let before = &self.baseline.values;
        let fall = |before: Option<f64>, now: Option<f64>| {
            before.zip(now).map(|(before, now)| (before - now) / before)
        };
        let urine = self.urine_at(visit);
        let serum_fall = fall(before.serum, visit.serum);
        match self.baseline.measurable {
            Measurable::Serum | Measurable::SerumAndUrine
                if self.very_good(visit, serum_fall, urine) =>
            {
                Response::VeryGoodPartial
            }
            Measurable::Urine if very_good_by_urine(visit, urine) => Response::VeryGoodPartial,
            Measurable::Serum => serum_level(serum_fall),
            Measurable::Urine => urine_level(fall(before.urine, urine), urine),
            Measurable::SerumAndUrine => {
                serum_level(serum_fall).min(urine_level(fall(before.urine, urine), urine))
            }
            Measurable::FreeLightChain => {
                let fall = fall(before.light_chain_difference(self.baseline.involved), chain);
                match fall {
                    Some(fall) if at_least(fall, 0.9) => Response::VeryGoodPartial,
                    Some(fall) if at_least(fall, 0.5) => Response::Partial,
                    _ => Response::Stable,
                }
            }
            Measurable::Marrow => match fall(before.marrow, visit.marrow) {
                Some(fall) if at_least(fall, 0.9) => self.options.marrow_best.response(),
                Some(fall) if at_least(fall, 0.5) => Response::Partial,
                _ => Response::Stable,
            },
            // nothing but the plasmacytomas can show a response
            Measurable::Nothing if self.baseline.has_plasmacytoma() => Response::Partial,
            Measurable::Nothing => Response::Stable,
        }
    }

    fn very_good(&self, visit: &Visit, fall: Option<f64>, urine: Option<f64>) -> bool {
        let may_lack = self.options.vgpr_urine == VgprUrine::NotRequired
            && self.baseline.measurable == Measurable::Serum;
        let Some(urine) = urine.or(may_lack.then_some(0.0)) else { return false };
        let none_left = visit.serum.is_some_and(|value| value <= 0.0) && urine <= 0.0;
        none_left || (fall.is_some_and(|fall| at_least(fall, 0.9)) && below(urine, 100.0))
    }
}

fn very_good_by_urine(visit: &Visit, urine: Option<f64>) -> bool {
    urine.is_some_and(|value| below(value, 100.0)) && visit.serum.is_some_and(|value| value <= 0.0)
}

fn serum_level(fall: Option<f64>) -> Response {
    match fall {
        Some(fall) if at_least(fall, 0.5) => Response::Partial,
        Some(fall) if at_least(fall, 0.25) => Response::Minimal,
        _ => Response::Stable,
    }
}

fn urine_level(fall: Option<f64>, value: Option<f64>) -> Response {
    match fall.zip(value) {
        Some((fall, value)) if at_least(fall, 0.9) || below(value, 200.0) => Response::Partial,
        Some((fall, _)) if at_least(fall, 0.5) => Response::Minimal,
        _ => Response::Stable,
    }
}
