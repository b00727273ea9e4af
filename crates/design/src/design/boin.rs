//! The Bayesian optimal interval design (BOIN).
//!
//! Liu and Yuan, J R Stat Soc C 2015;64:507-523; Yan et al., J Stat Softw 2020;94(13). Rules and
//! options as in the R package BOIN 2.7.2.

use std::fmt::Write as _;

use serde::Deserialize;
use stats::math::ln;
use stats::special::beta_cdf;

use super::{Action, Decision, Design, DesignError, DoseCounts, Entry, counted, suspended};

/// The line of this design in the list.
pub const ENTRY: Entry = Entry {
    name: "boin",
    title: "BOIN",
    from_toml: |text| Ok(Box::new(Boin::new(toml::from_str(text)?)?)),
};

/// A rate times a number of patients this close to an integer is that integer.
const SAME_COUNT: f64 = 1e-12;

/// The settings of the design.
#[derive(Debug, Clone, PartialEq, Deserialize)]
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
}

fn default_elimination() -> f64 {
    0.95
}

fn default_offset() -> f64 {
    0.05
}

/// When enough patients at a dose end the trial.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EarlyStopRule {
    /// Only if the next patients would be treated at the same dose.
    #[default]
    WithStay,
    /// At once.
    Simple,
}

/// What to do while patients are in the DLT window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PendingRule {
    /// Wait for all of them at the current dose.
    #[default]
    Wait,
    /// Wait only if their outcomes can change the decision.
    UnlessCertain,
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
        }
    }
}

/// The design with its boundaries.
#[derive(Debug, Clone, PartialEq)]
pub struct Boin {
    settings: Settings,
    lambda_e: f64,
    lambda_d: f64,
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
        // Equations (5) and (6) of Liu and Yuan 2015.
        let lambda_e = ln((1.0 - phi1) / (1.0 - phi)) / ln(phi * (1.0 - phi1) / (phi1 * (1.0 - phi)));
        let lambda_d = ln((1.0 - phi) / (1.0 - phi2)) / ln(phi2 * (1.0 - phi) / (phi * (1.0 - phi2)));
        Ok(Self { settings, lambda_e, lambda_d })
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
        let eliminate_at_least = (1..=evaluable)
            .find(|&dlts| self.is_overdose(DoseCounts::of(evaluable, dlts), self.settings.elimination));
        let de_escalate_at_least =
            de_escalate_at_least.min(eliminate_at_least.unwrap_or(de_escalate_at_least));
        Boundaries { escalate_at_most, de_escalate_at_least, eliminate_at_least }
    }

    /// Which doses are eliminated: a dose that is too toxic, and all above it.
    pub fn eliminated(&self, doses: &[DoseCounts]) -> Vec<bool> {
        let first = self.first_eliminated(doses);
        (0..doses.len()).map(|level| level >= first).collect()
    }

    /// The isotonic estimates of the DLT rates; `None` for doses without patients or eliminated.
    pub fn estimates(&self, doses: &[DoseCounts]) -> Vec<Option<f64>> {
        let open = self.first_eliminated(doses);
        let levels: Vec<usize> = (0..open).filter(|&level| doses[level].evaluable > 0).collect();
        let blocks = levels.iter().map(|&level| estimate(doses[level])).collect();
        let mut estimates = vec![None; doses.len()];
        for (level, rate) in levels.into_iter().zip(pooled(blocks)) {
            estimates[level] = Some(rate);
        }
        estimates
    }

    /// Whether the rate exceeds the target with more than a given posterior probability.
    fn is_overdose(&self, at: DoseCounts, cutoff: f64) -> bool {
        let (hits, misses) = (f64::from(at.dlts), f64::from(at.evaluable - at.dlts));
        // The upper tail of Beta(1 + hits, 1 + misses), taken as a lower tail of its mirror image.
        let above = || beta_cdf(1.0 - self.settings.target, misses + 1.0, hits + 1.0);
        at.evaluable >= 3 && at.dlts >= 1 && above() > cutoff
    }

    /// The lowest eliminated dose; the number of doses if there is none.
    fn first_eliminated(&self, doses: &[DoseCounts]) -> usize {
        let cutoff = self.settings.elimination;
        if doses.first().is_some_and(|&lowest| self.stops_for_safety(lowest)) {
            return 0;
        }
        doses.iter().position(|&dose| self.is_overdose(dose, cutoff)).unwrap_or(doses.len())
    }

    /// Whether the lowest dose is too toxic to go on.
    fn stops_for_safety(&self, lowest: DoseCounts) -> bool {
        let relief = if self.settings.extra_safe { self.settings.offset } else { 0.0 };
        self.is_overdose(lowest, self.settings.elimination - relief)
    }

    /// The decision with complete data.
    fn decide_complete(&self, level: usize, doses: &[DoseCounts]) -> Decision {
        let at = doses[level];
        let why = counted(at);
        let open = self.first_eliminated(doses);
        let decision = |action, next_level, because| Decision { action, next_level, because };
        if open == 0 {
            let lowest = counted(doses[0]);
            let because = format!("{lowest} at the lowest dose, which is too toxic");
            return decision(Action::StopForSafety, None, because);
        }
        if open <= level {
            let toxic = counted(doses[open]);
            let because = format!("{toxic}: the dose is eliminated");
            return decision(Action::DeEscalate, Some(open - 1), because);
        }
        if at.evaluable == 0 {
            return decision(Action::Stay, Some(level), "no patient is evaluable yet".to_owned());
        }
        let Boundaries { escalate_at_most, de_escalate_at_least, .. } = self.boundaries(at.evaluable);
        let (action, next, limit) = if at.dlts <= escalate_at_most {
            let limit = format!("escalation at {escalate_at_most} or fewer");
            let is_open = level + 1 < doses.len() && level + 1 < open;
            if is_open {
                (Action::Escalate, level + 1, limit)
            } else {
                (Action::Stay, level, format!("{limit}, but no higher dose is open"))
            }
        } else if at.dlts >= de_escalate_at_least {
            let limit = format!("de-escalation at {de_escalate_at_least} or more");
            match level.checked_sub(1) {
                Some(below) => (Action::DeEscalate, below, limit),
                None => (Action::Stay, level, format!("{limit}, but no dose is lower")),
            }
        } else {
            let limit =
                format!("escalation at {escalate_at_most}, de-escalation at {de_escalate_at_least}");
            (Action::Stay, level, limit)
        };
        if self.is_enough(at.evaluable, action) {
            let because = format!("{why}; enough patients were treated at this dose");
            return decision(Action::Finish, None, because);
        }
        decision(action, Some(next), format!("{why}; {limit}"))
    }

    /// Whether the option to stop early applies.
    fn is_enough(&self, evaluable: u32, action: Action) -> bool {
        let is_reached = self.settings.early_stop.is_some_and(|enough| evaluable >= enough);
        is_reached
            && (action == Action::Stay || self.settings.early_stop_rule == EarlyStopRule::Simple)
    }
}

impl Design for Boin {
    fn decide(&self, level: usize, doses: &[DoseCounts]) -> Decision {
        match self.settings.pending {
            PendingRule::Wait if doses[level].pending > 0 => suspended(doses),
            PendingRule::Wait => self.decide_complete(level, doses),
            PendingRule::UnlessCertain => {
                let best: Vec<DoseCounts> = doses.iter().map(|dose| dose.at_best()).collect();
                let worst: Vec<DoseCounts> = doses.iter().map(|dose| dose.at_worst()).collect();
                let at_best = self.decide_complete(level, &best);
                if best == worst {
                    return at_best;
                }
                let at_worst = self.decide_complete(level, &worst);
                if (at_best.action, at_best.next_level) != (at_worst.action, at_worst.next_level) {
                    return suspended(doses);
                }
                let because = format!(
                    "{}, and the patients still in the DLT window cannot change the decision",
                    counted(doses[level])
                );
                Decision { because, ..at_best }
            }
        }
    }

    fn recommend(&self, doses: &[DoseCounts]) -> Option<usize> {
        let estimates = self.estimates(doses);
        let mut nearest: Option<(usize, f64)> = None;
        let mut place = 0.0;
        for (level, rate) in estimates.iter().enumerate() {
            let Some(rate) = rate else { continue };
            place += 1.0;
            // Equal estimates are told apart by a shift that grows with the dose.
            let rate = rate + place * 1e-10;
            if self.settings.bound_mtd && rate > self.lambda_d {
                continue;
            }
            let distance = (rate - self.settings.target).abs();
            if nearest.is_none_or(|(_, least)| distance < least) {
                nearest = Some((level, distance));
            }
        }
        nearest.map(|(level, _)| level)
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
        text
    }
}

/// A check of one setting.
fn within(
    setting: &'static str,
    found: f64,
    holds: bool,
    limit: impl Fn() -> String,
) -> Result<(), DesignError> {
    if holds { Ok(()) } else { Err(DesignError::Limit { setting, found, limit: limit() }) }
}

/// The posterior mean of a rate under Beta(0.05, 0.05), and the inverse of its variance.
fn estimate(dose: DoseCounts) -> (f64, f64) {
    let (n, y) = (f64::from(dose.evaluable), f64::from(dose.dlts));
    let total = n + 0.1;
    let variance = (y + 0.05) * (n - y + 0.05) / (total * total * (n + 1.1));
    ((y + 0.05) / total, 1.0 / variance)
}

/// Pool adjacent violators: the nearest rising sequence to (value, weight) pairs.
fn pooled(values: Vec<(f64, f64)>) -> Vec<f64> {
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    for (value, weight) in values {
        let mut block = (value, weight, 1);
        while let Some(&(before, heavy, size)) = blocks.last()
            && before > block.0
        {
            blocks.pop();
            let sum = heavy + block.1;
            block = ((before * heavy + block.0 * block.1) / sum, sum, size + block.2);
        }
        blocks.push(block);
    }
    blocks.iter().flat_map(|&(value, _, size)| std::iter::repeat_n(value, size)).collect()
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
        let open = DoseCounts { evaluable: 2, dlts: 0, pending: 1 };
        let settled = DoseCounts { evaluable: 5, dlts: 3, pending: 1 };
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
    fn neighbours_that_fall_are_pooled() {
        let rates = pooled(vec![(0.1, 1.0), (0.4, 1.0), (0.2, 3.0), (0.5, 1.0)]);
        assert!((rates[1] - 0.25).abs() < 1e-15 && (rates[2] - 0.25).abs() < 1e-15, "{rates:?}");
    }
}
