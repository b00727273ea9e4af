//! The Bayesian optimal interval design (BOIN).
//!
//! Liu and Yuan, J R Stat Soc C 2015;64:507-523; Yan et al., J Stat Softw 2020;94(13). Rules and
//! options as in the R package BOIN 2.7.2.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use stats::math::ln;

use super::{Design, DesignError, Entry, PendingRule, counted, when_complete, within};
use crate::counts::{DoseCounts, Known};
use crate::decision::{Action, Reason, Step};
use crate::interval::{self, Interval, Kept, Verdict, Verdicts};
use crate::isotonic;
use crate::posterior::{exceeds, least_hits_above};

/// The line of this design in the list.
pub const ENTRY: Entry = Entry {
    name: "boin",
    title: "BOIN",
    least: "target = 0.3",
    from_toml: |text| Ok(Box::new(Boin::new(toml::from_str(text)?)?)),
    in_force: |text| Ok(super::boin_table(&toml::from_str::<Settings>(text)?, 0.6)),
    conventions: &[
        "an observed rate equal to the de-escalation boundary stays (R package BOIN 2.7.2); equal to the escalation boundary escalates",
        "no dose with fewer than three evaluable patients is eliminated",
        "elimination is strict (above the cut-off), closes all higher doses and is never undone; an eliminated lowest dose ends the trial without a recommendation",
        "the isotonic estimate has the prior Beta(0.05, 0.05) and inverse-variance weights; in a block of equal estimates the highest dose wins below the target, the lowest above it",
        "`pending = \"wait\"` waits for every window at the current dose; `\"unless-certain\"` waits only if the open windows can change the decision",
    ],
};

/// A rate times a number of patients this close to an integer is that integer.
const SAME_COUNT: f64 = 1e-12;

/// The settings of the design.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The DLT rate aimed at.
    pub target: f64,
    /// The highest DLT rate that is too low (phi1); 0.6 of the target if left out.
    #[serde(default)]
    pub underdosing: Option<f64>,
    /// The lowest DLT rate that is too high (phi2); 1.4 of the target if left out.
    #[serde(default)]
    pub overdosing: Option<f64>,
    /// A dose is eliminated when the probability that it exceeds the target is above this.
    #[serde(default = "default_elimination")]
    pub elimination: f64,
    /// Whether the trial stops earlier for toxicity at the lowest dose.
    #[serde(default)]
    pub extra_safe: bool,
    /// How far `extra-safe` lowers the elimination probability at the lowest dose.
    #[serde(default = "default_offset")]
    pub offset: f64,
    /// End once so many patients were treated at the current dose; never if left out.
    #[serde(default)]
    pub early_stop: Option<u32>,
    /// What `early-stop` asks besides the number.
    #[serde(default)]
    pub early_stop_rule: EarlyStopRule,
    /// Whether the recommended dose must have an estimated rate below the de-escalation boundary.
    #[serde(default)]
    pub bound_mtd: bool,
    /// Whether one DLT in three patients always stays, as in 3+3.
    #[serde(default)]
    pub stay_on_1_of_3: bool,
    /// What to do while patients are in the DLT window.
    #[serde(default)]
    pub pending: PendingRule,
    /// Accelerated titration: one patient per dose from the lowest until the first DLT or the top
    /// dose, where the cohort is then completed to this size; no titration if left out.
    #[serde(default)]
    pub titration_cohort: Option<u32>,
}

fn default_elimination() -> f64 {
    0.95
}

fn default_offset() -> f64 {
    0.05
}

/// When enough patients at a dose end the trial.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EarlyStopRule {
    /// Only if the next patients would be treated at the same dose.
    #[default]
    WithStay,
    /// At once.
    Simple,
}

impl Settings {
    /// The default settings for a target.
    pub fn new(target: f64) -> Self {
        Self {
            target,
            underdosing: None,
            overdosing: None,
            elimination: default_elimination(),
            extra_safe: false,
            offset: default_offset(),
            early_stop: None,
            early_stop_rule: EarlyStopRule::default(),
            bound_mtd: false,
            stay_on_1_of_3: false,
            pending: PendingRule::default(),
            titration_cohort: None,
        }
    }
}

/// The design with its boundaries.
#[derive(Debug, Clone, PartialEq)]
pub struct Boin {
    settings: Settings,
    lambda_e: f64,
    lambda_d: f64,
    kept: Kept,
}

/// The numbers of DLTs at which something happens, for one number of patients at a dose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boundaries {
    /// Escalate at this many or fewer.
    pub escalate_at_most: u32,
    /// De-escalate at this many or more.
    pub de_escalate_at_least: u32,
    /// Eliminate the dose and all above at this many or more; `None` if no number does.
    pub eliminate_at_least: Option<u32>,
}

impl Boin {
    /// The design of checked settings.
    pub fn new(settings: Settings) -> Result<Self, DesignError> {
        let phi = settings.target;
        within("target", phi, (0.05..=0.6).contains(&phi), || "between 0.05 and 0.6".to_owned())?;
        let phi1 = settings.underdosing.unwrap_or(0.6 * phi);
        let phi2 = settings.overdosing.unwrap_or(1.4 * phi);
        within("underdosing", phi1, phi1 > 0.0 && phi - phi1 >= 0.1 * phi, || {
            format!("above 0 and at most 0.9 of the target {phi}")
        })?;
        within("overdosing", phi2, phi2 < 1.0 && phi2 - phi >= 0.1 * phi, || {
            format!("below 1 and at least 1.1 of the target {phi}")
        })?;
        let (cutoff, offset) = (settings.elimination, settings.offset);
        within("elimination", cutoff, cutoff > 0.5 && cutoff < 1.0, || {
            "above 0.5 and below 1".to_owned()
        })?;
        within("offset", offset, (0.0..0.5).contains(&offset) && offset < cutoff, || {
            "at least 0 and below 0.5".to_owned()
        })?;
        if let Some(cohort) = settings.titration_cohort {
            within("titration-cohort", f64::from(cohort), cohort >= 2, || "at least 2".to_owned())?;
        }
        let (lambda_e, lambda_d) = boundaries_of(phi, phi1, phi2);
        Ok(Self { settings, lambda_e, lambda_d, kept: Kept::default() })
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The observed rate at or below which the dose is escalated.
    pub fn lambda_e(&self) -> f64 {
        self.lambda_e
    }

    /// The observed rate above which the dose is de-escalated.
    pub fn lambda_d(&self) -> f64 {
        self.lambda_d
    }

    /// The integer boundaries for a number of evaluable patients at a dose.
    pub fn boundaries(&self, evaluable: u32) -> Boundaries {
        let patients = f64::from(evaluable);
        let escalate_at_most = (patients * self.lambda_e + SAME_COUNT).floor() as u32;
        // A rate equal to the boundary stays, so an exact integer moves up by one.
        let mut de_escalate_at_least =
            ((patients * self.lambda_d + SAME_COUNT).floor() as u32).saturating_add(1);
        if self.settings.stay_on_1_of_3 && evaluable == 3 {
            de_escalate_at_least = de_escalate_at_least.max(2);
        }
        let cutoff = self.settings.elimination;
        let least = |cutoff| least_hits_above((1.0, 1.0), evaluable, self.settings.target, cutoff);
        let eliminate_at_least = if evaluable >= 3 { least(cutoff) } else { None };
        let de_escalate_at_least =
            de_escalate_at_least.min(eliminate_at_least.unwrap_or(de_escalate_at_least));
        Boundaries { escalate_at_most, de_escalate_at_least, eliminate_at_least }
    }

    /// Which doses are eliminated: a dose that is too toxic, and all above it.
    pub fn eliminated(&self, doses: &[DoseCounts]) -> Vec<bool> {
        let first = interval::first_eliminated(self, doses);
        (0..doses.len()).map(|level| level >= first).collect()
    }

    /// The isotonic estimates of the DLT rates; `None` for doses without patients or eliminated.
    pub fn estimates(&self, doses: &[DoseCounts]) -> Vec<Option<f64>> {
        isotonic::estimates(doses, interval::first_eliminated(self, doses), 0.05)
    }

    /// Whether single patients are treated, dose by dose: the step, if so.
    fn titrate(&self, known: &Known, reason: &mut Reason) -> Option<Step> {
        let cohort = self.settings.titration_cohort?;
        let (at, level) = (known.at(), known.level);
        let alone = |patients| Some(Step { patients: Some(patients), ..Step::to(level, level) });
        let is_single = known.doses[..level].iter().all(|dose| dose.evaluable == 1 && dose.dlts == 0);
        if !is_single || at.evaluable > 1 || known.doses[level + 1..].iter().any(|d| d.treated() > 0) {
            return None;
        }
        if at.evaluable == 0 {
            reason.say(|| "titration: one patient at a time".to_owned());
            return alone(1);
        }
        if at.dlts == 0 && level + 1 < known.doses.len() {
            reason.say(|| format!("{}; titration goes on with one patient", counted(at)));
            return Some(Step { patients: Some(1), ..Step::to(level, level + 1) });
        }
        reason.say(|| format!("{}; titration ends and the cohort is completed", counted(at)));
        alone(cohort - 1)
    }
}

/// Equations (5) and (6) of Liu and Yuan 2015: the rates at which escalation and de-escalation
/// begin, for a target and the rates that are too low and too high.
pub(crate) fn boundaries_of(target: f64, low: f64, high: f64) -> (f64, f64) {
    let lambda_e =
        ln((1.0 - low) / (1.0 - target)) / ln(target * (1.0 - low) / (low * (1.0 - target)));
    let lambda_d =
        ln((1.0 - target) / (1.0 - high)) / ln(high * (1.0 - target) / (target * (1.0 - high)));
    (lambda_e, lambda_d)
}

impl Interval for Boin {
    fn verdicts(&self, evaluable: u32) -> Cow<'_, Verdicts> {
        self.kept.get(evaluable, || {
            let limits = self.boundaries(evaluable);
            let verdict = |dlts: u32| {
                if dlts <= limits.escalate_at_most {
                    Verdict::Escalate
                } else if dlts >= limits.de_escalate_at_least {
                    Verdict::DeEscalate
                } else {
                    Verdict::Stay
                }
            };
            Verdicts::new((0..=evaluable).map(verdict).collect(), limits.eliminate_at_least)
        })
    }

    fn stops_at_lowest(&self, lowest: DoseCounts) -> bool {
        let Settings { target, elimination, offset, .. } = self.settings;
        self.settings.extra_safe
            && lowest.evaluable >= 3
            && lowest.dlts > 0
            && exceeds(lowest.dlts, lowest.evaluable, target) > elimination - offset
    }

    fn is_enough(&self, at: DoseCounts, action: Action) -> bool {
        self.settings.early_stop.is_some_and(|enough| at.evaluable >= enough)
            && (action == Action::Stay || self.settings.early_stop_rule == EarlyStopRule::Simple)
    }
}

impl Design for Boin {
    fn step(&self, known: &Known, reason: &mut Reason) -> Step {
        when_complete(self.settings.pending, known, reason, |known, reason| {
            self.titrate(known, reason)
                .unwrap_or_else(|| interval::step(self, known, reason))
        })
    }

    fn recommend(&self, doses: &[DoseCounts]) -> Option<usize> {
        let limit = if self.settings.bound_mtd { self.lambda_d } else { f64::INFINITY };
        let open = interval::first_eliminated(self, doses);
        isotonic::nearest(doses, open, self.settings.target, limit)
    }

    fn estimated_toxicity(&self, doses: &[DoseCounts]) -> Vec<Option<f64>> {
        self.estimates(doses)
    }

    fn describe(&self) -> String {
        let Settings { target, elimination, .. } = self.settings;
        let mut text = format!(
            "The Bayesian optimal interval (BOIN) design aims at a DLT rate of {target}. The dose \
             is escalated when the observed rate at the current dose is at most {:.4}, \
             de-escalated when it is above {:.4}, and kept otherwise. A dose and all above it are \
             eliminated when at least three patients were treated there and the posterior \
             probability that its rate exceeds {target} is above {elimination} (uniform prior); \
             if this is the lowest dose, the trial stops. The maximum tolerated dose is the one \
             whose isotonic estimate is nearest to the target",
            self.lambda_e, self.lambda_d
        );
        text += if self.settings.bound_mtd {
            " among those not above the de-escalation boundary."
        } else {
            "."
        };
        if self.settings.extra_safe {
            let cutoff = elimination - self.settings.offset;
            let _ = write!(text, " For the lowest dose the probability is {cutoff:.3}.");
        }
        if let Some(enough) = self.settings.early_stop {
            let rule = match self.settings.early_stop_rule {
                EarlyStopRule::WithStay => " and the next patient would get the same dose",
                EarlyStopRule::Simple => "",
            };
            let _ = write!(text, " The trial ends once a dose has {enough} patients{rule}.");
        }
        if self.settings.stay_on_1_of_3 {
            text += " One DLT in three patients keeps the dose.";
        }
        if let Some(cohort) = self.settings.titration_cohort {
            let _ = write!(
                text,
                " It begins with one patient per dose until the first DLT or the top dose, where \
                 the cohort is completed to {cohort} patients."
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boin(text: &str) -> Boin {
        Boin::new(toml::from_str(text).unwrap()).unwrap()
    }

    #[test]
    fn boundaries_for_a_target_of_30_per_cent_are_the_published_ones() {
        let design = boin("target = 0.3");
        assert!((design.lambda_e() - 0.236_490_7).abs() < 5e-8);
        assert!((design.lambda_d() - 0.358_519_5).abs() < 5e-8);
        let six = Boundaries {
            escalate_at_most: 1,
            de_escalate_at_least: 3,
            eliminate_at_least: Some(4),
        };
        assert_eq!(design.boundaries(6), six);
    }

    #[test]
    fn a_toxic_lowest_dose_stops_the_trial() {
        let doses = [DoseCounts::of(3, 3), DoseCounts::default()];
        let decision = boin("target = 0.3").decide(0, &doses);
        assert_eq!((decision.action, decision.next_level), (Action::StopForSafety, None));
    }

    #[test]
    fn an_eliminated_dose_is_never_reached_again() {
        let doses = [DoseCounts::of(6, 0), DoseCounts::of(3, 3), DoseCounts::default()];
        let decision = boin("target = 0.3").decide(0, &doses);
        assert_eq!((decision.action, decision.next_level), (Action::Stay, Some(0)));
    }

    #[test]
    fn early_stop_waits_for_a_decision_to_stay() {
        let doses = [DoseCounts::of(9, 0), DoseCounts::default()];
        let with_stay = boin("target = 0.3\nearly-stop = 9");
        assert_eq!(with_stay.decide(0, &doses).action, Action::Escalate);
        assert_eq!(with_stay.decide(0, &doses[..1]).action, Action::Finish);
        let simple = boin("target = 0.3\nearly-stop = 9\nearly-stop-rule = \"simple\"");
        assert_eq!(simple.decide(0, &doses).action, Action::Finish);
        // At once also means: before an eliminated dose is left.
        let doses = [DoseCounts::of(3, 0), DoseCounts::of(9, 7), DoseCounts::default()];
        assert_eq!(simple.decide(1, &doses).action, Action::Finish);
        assert_eq!(with_stay.decide(1, &doses).action, Action::DeEscalate);
    }

    #[test]
    fn one_dlt_in_three_stays_when_asked() {
        let doses = [DoseCounts::of(3, 0), DoseCounts::of(3, 1)];
        assert_eq!(boin("target = 0.25").decide(1, &doses).action, Action::DeEscalate);
        let mimic = boin("target = 0.25\nstay-on-1-of-3 = true");
        assert_eq!(mimic.decide(1, &doses).action, Action::Stay);
    }

    #[test]
    fn pending_patients_are_waited_for_unless_they_cannot_matter() {
        let open = DoseCounts { evaluable: 2, pending: 1, ..DoseCounts::default() };
        let settled = DoseCounts { pending: 1, ..DoseCounts::of(5, 3) };
        let wait = boin("target = 0.3");
        let certain = boin("target = 0.3\npending = \"unless-certain\"");
        for at in [open, settled] {
            let doses = [DoseCounts::of(3, 0), at, DoseCounts::default()];
            assert_eq!(wait.decide(1, &doses).action, Action::Suspend);
            let wanted = if at == open { Action::Suspend } else { Action::DeEscalate };
            assert_eq!(certain.decide(1, &doses).action, wanted);
        }
    }

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        for (text, setting) in [
            ("target = 0.7", "target"),
            ("target = 0.3\nunderdosing = 0.29", "underdosing"),
            ("target = 0.3\noverdosing = 0.31", "overdosing"),
            ("target = 0.3\nelimination = 1.5", "elimination"),
            ("target = 0.3\noffset = 0.5", "offset"),
        ] {
            let message = (ENTRY.from_toml)(text).unwrap_err().to_string();
            assert!(message.starts_with(&format!("`{setting}` is ")), "{message}");
        }
    }

    #[test]
    fn titration_treats_single_patients_until_the_first_dlt() {
        let design = boin("target = 0.3\ntitration-cohort = 3");
        let step = |level: usize, counts: &[(u32, u32)]| {
            let doses: Vec<DoseCounts> = counts.iter().map(|&(n, y)| DoseCounts::of(n, y)).collect();
            let decision = design.decide(level, &doses);
            (decision.action, decision.next_level, decision.patients)
        };
        assert_eq!(step(0, &[(0, 0), (0, 0)]), (Action::Stay, Some(0), Some(1)));
        assert_eq!(step(0, &[(1, 0), (0, 0)]), (Action::Escalate, Some(1), Some(1)));
        assert_eq!(step(1, &[(1, 0), (1, 0)]), (Action::Stay, Some(1), Some(2)));
        assert_eq!(step(0, &[(1, 1), (0, 0)]), (Action::Stay, Some(0), Some(2)));
        assert_eq!(step(1, &[(1, 0), (3, 1)]), (Action::Stay, Some(1), None));
        assert_eq!(step(1, &[(1, 0), (3, 2)]), (Action::DeEscalate, Some(0), None));
    }
}
