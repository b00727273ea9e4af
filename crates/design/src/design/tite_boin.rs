//! BOIN with late toxicity (TITE-BOIN).
//!
//! Yuan, Lin, Li, Nie and Warren, Clin Cancer Res 2018;24:4921-4930; the form with an effective
//! sample size: Lin and Yuan, Biostatistics 2020;21:807-824.

use serde::{Deserialize, Serialize};

use super::boin::{Boin, Settings as BoinSettings};
use super::{Design, DesignError, Entry, Outcomes, suspended, within};
use crate::counts::{DoseCounts, Known};
use crate::decision::{Action, Reason, Step};
use crate::interval::{self, Interval, Verdict};

/// The line of this design in the list.
pub const ENTRY: Entry = Entry {
    name: "tite-boin",
    title: "TITE-BOIN",
    least: "target = 0.3",
    from_toml: |text| Ok(Box::new(TiteBoin::new(toml::from_str(text)?)?)),
    in_force: |text| Ok(super::boin_table(&toml::from_str::<Settings>(text)?, 0.6)),
    conventions: &[
        "an observed rate equal to the de-escalation boundary stays in the imputation form and de-escalates in the form by effective sample size",
        "elimination counts everybody treated",
        "the isotonic estimate has the prior Beta(0.05, 0.05) and inverse-variance weights; in a block of equal estimates the highest dose wins below the target, the lowest above it",
        "a pending patient whose follow-up is not given counts as not observed at all",
    ],
};

/// A rate this close to a boundary is on it.
const SAME_RATE: f64 = 1e-12;

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
    #[serde(default = "super::keyboard::default_elimination")]
    pub elimination: f64,
    /// How pending patients count.
    #[serde(default)]
    pub form: Form,
    /// Accrual waits while more than this share of the patients at the dose are pending.
    #[serde(default = "default_share")]
    pub max_pending_share: f64,
    /// No escalation before every pending patient at the dose has been followed for this share of
    /// the window.
    #[serde(default)]
    pub min_follow_up: f64,
}

fn default_share() -> f64 {
    0.5
}

/// How pending patients count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// The unseen outcome of each is imputed from the observed rate.
    #[default]
    Imputation,
    /// Each counts as the part of a patient that was observed.
    EffectiveSampleSize,
}

impl Settings {
    /// The default settings for a target.
    pub fn new(target: f64) -> Self {
        Self {
            target,
            underdosing: None,
            overdosing: None,
            elimination: super::keyboard::default_elimination(),
            form: Form::default(),
            max_pending_share: default_share(),
            min_follow_up: 0.0,
        }
    }
}

/// The design with its boundaries.
#[derive(Debug, Clone, PartialEq)]
pub struct TiteBoin {
    settings: Settings,
    boin: Boin,
}

/// What must be known of the pending patients' follow-up, in windows, to leave the dose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// Escalate when the follow-up of the pending patients adds up to this or more.
    pub escalate_from: f64,
    /// De-escalate when it adds up to less than this.
    pub de_escalate_below: f64,
    /// The rate imputed before follow-up is counted.
    pub rate: f64,
}

impl TiteBoin {
    /// The design of checked settings.
    pub fn new(settings: Settings) -> Result<Self, DesignError> {
        let (share, least) = (settings.max_pending_share, settings.min_follow_up);
        within("max-pending-share", share, (0.0..=1.0).contains(&share), || "from 0 to 1".to_owned())?;
        within("min-follow-up", least, (0.0..=1.0).contains(&least), || "from 0 to 1".to_owned())?;
        let boin = Boin::new(BoinSettings {
            underdosing: settings.underdosing,
            overdosing: settings.overdosing,
            elimination: settings.elimination,
            ..BoinSettings::new(settings.target)
        })?;
        Ok(Self { settings, boin })
    }

    /// The boundaries, those of BOIN.
    pub fn boin(&self) -> &Boin {
        &self.boin
    }

    /// The thresholds of the imputation form at a dose with pending patients.
    pub fn thresholds(&self, at: DoseCounts) -> Thresholds {
        let (treated, pending) = (f64::from(at.treated()), f64::from(at.pending));
        let dlts = f64::from(at.dlts);
        // A Beta prior with mean half the target and the weight of one patient.
        let rate = (dlts + 0.5 * self.settings.target) / (treated - pending + 1.0);
        let odds = (1.0 - rate) / rate;
        Thresholds {
            escalate_from: pending - (treated * self.boin.lambda_e() - dlts) * odds,
            de_escalate_below: pending - (treated * self.boin.lambda_d() - dlts) * odds,
            rate,
        }
    }

    /// The observed rate when pending patients count as the part of them that was observed.
    pub fn effective_rate(at: DoseCounts, follow_up: f64) -> f64 {
        let size = f64::from(at.evaluable) + follow_up;
        if size > 0.0 { f64::from(at.dlts) / size } else { 0.0 }
    }

    fn verdict(&self, at: DoseCounts, follow_up: f64) -> Verdict {
        match self.settings.form {
            Form::Imputation => {
                let limits = self.thresholds(at);
                if follow_up >= limits.escalate_from - SAME_RATE {
                    Verdict::Escalate
                } else if follow_up < limits.de_escalate_below - SAME_RATE {
                    Verdict::DeEscalate
                } else {
                    Verdict::Stay
                }
            }
            Form::EffectiveSampleSize => {
                let rate = Self::effective_rate(at, follow_up);
                if rate <= self.boin.lambda_e() + SAME_RATE {
                    Verdict::Escalate
                } else if rate >= self.boin.lambda_d() - SAME_RATE {
                    Verdict::DeEscalate
                } else {
                    Verdict::Stay
                }
            }
        }
    }

    /// The step at a dose that is not eliminated, with patients pending.
    fn step_with_pending(&self, known: &Known, open: usize, reason: &mut Reason) -> Step {
        let (level, at) = (known.level, known.at());
        let follow_up = known.pending_follow_up(level);
        let counted = || {
            format!(
                "{} of {} patients had a DLT, {} are pending with {follow_up:.2} windows of follow-up",
                at.dlts,
                at.treated(),
                at.pending
            )
        };
        let treated = at.treated();
        let is_high_already = self.settings.form == Form::Imputation
            && self.boin.verdicts(treated).open[at.dlts as usize] == Verdict::DeEscalate;
        let pending_share = f64::from(at.pending) / f64::from(treated);
        if !is_high_already && pending_share > self.settings.max_pending_share + SAME_RATE {
            return suspended(&known.doses, reason);
        }
        let verdict =
            if is_high_already { Verdict::DeEscalate } else { self.verdict(at, follow_up) };
        let next = match verdict {
            Verdict::Escalate if level + 1 < open => {
                let patients = known.patients.iter();
                let mut here = patients.filter(|one| one.level == level && one.is_pending());
                let least = self.settings.min_follow_up;
                if least > 0.0 && (known.patients.is_empty() || here.any(|one| one.follow_up < least)) {
                    reason.say(|| format!("{}; escalation needs {least} of each window", counted()));
                    return Step::end(Action::Suspend);
                }
                level + 1
            }
            Verdict::Escalate | Verdict::Stay => level,
            Verdict::DeEscalate => level.saturating_sub(1),
        };
        reason.say(counted);
        Step::to(level, next)
    }
}

impl Design for TiteBoin {
    fn step(&self, known: &Known, reason: &mut Reason) -> Step {
        let level = known.level;
        // Elimination counts everybody treated.
        let treated: Vec<DoseCounts> = known.doses.iter().map(|dose| dose.at_best()).collect();
        let open = interval::first_eliminated(&self.boin, &treated);
        if open > level && known.at().pending > 0 {
            return self.step_with_pending(known, open, reason);
        }
        let everybody = Known { doses: treated, ..known.clone() };
        let step = interval::step(&self.boin, &everybody, reason);
        if self.settings.form == Form::EffectiveSampleSize && step.action == Action::Stay {
            // This form de-escalates at a rate equal to the boundary, too.
            let at = known.at();
            if at.evaluable > 0 && level > 0 && self.verdict(at, 0.0) == Verdict::DeEscalate {
                return Step::to(level, level - 1);
            }
        }
        step
    }

    fn recommend(&self, doses: &[DoseCounts]) -> Option<usize> {
        self.boin.recommend(doses)
    }

    fn outcomes(&self) -> Outcomes {
        Outcomes::ToxicityInTime
    }

    fn estimated_toxicity(&self, doses: &[DoseCounts]) -> Vec<Option<f64>> {
        self.boin.estimates(doses)
    }

    fn describe(&self) -> String {
        let how = match self.settings.form {
            Form::Imputation => "the unseen outcome of each is imputed from the observed rate",
            Form::EffectiveSampleSize => "each counts as the observed part of the DLT window",
        };
        let wait = if self.settings.min_follow_up > 0.0 {
            format!(
                " The dose is not escalated before every pending patient has completed {:.0} % of \
                 the window.",
                100.0 * self.settings.min_follow_up
            )
        } else {
            String::new()
        };
        format!(
            "TITE-BOIN allows decisions while patients are in the DLT window: {how}. Accrual waits \
             while more than {:.0} % of the patients at the current dose are pending.{wait} {}",
            100.0 * self.settings.max_pending_share,
            self.boin.describe()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counts::Patient;

    fn known(level: usize, patients: &[(usize, f64, bool)]) -> Known {
        let patient = |&(level, follow_up, has_dlt): &(usize, f64, bool)| Patient {
            level,
            follow_up,
            dlt: has_dlt.then_some(follow_up),
        };
        Known::of_patients(level, 3, patients.iter().map(patient).collect())
    }

    #[test]
    fn follow_up_of_the_pending_decides() {
        let design = TiteBoin::new(Settings::new(0.3)).unwrap();
        // Two DLTs in six, two pending: thresholds 2.77 and 1.80 windows.
        let with = |follow_up: f64| {
            let all = [
                (1, 1.0, false),
                (1, 1.0, false),
                (1, 0.3, true),
                (1, 0.4, true),
                (1, follow_up, false),
                (1, follow_up, false),
            ];
            design.decide_on(&known(1, &all)).action
        };
        assert_eq!(with(0.5), Action::DeEscalate);
        assert_eq!(with(0.95), Action::Stay);
        let all = [(0, 1.0, false), (0, 0.6, false), (0, 0.1, false)];
        assert_eq!(design.decide_on(&known(0, &all)).action, Action::Suspend);
    }

    #[test]
    fn escalation_can_ask_for_follow_up() {
        let settings = Settings { min_follow_up: 0.25, ..Settings::new(0.3) };
        let design = TiteBoin::new(settings).unwrap();
        let with = |follow_up: f64| {
            let all = [(0, 1.0, false), (0, 1.0, false), (0, follow_up, false)];
            design.decide_on(&known(0, &all)).action
        };
        assert_eq!((with(0.1), with(0.3)), (Action::Suspend, Action::Escalate));
    }

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        for (text, setting) in [
            ("target = 0.3\nmax-pending-share = 50", "max-pending-share"),
            ("target = 0.3\nmin-follow-up = -1", "min-follow-up"),
            ("target = 0.01", "target"),
        ] {
            let message = (ENTRY.from_toml)(text).unwrap_err().to_string();
            assert!(message.starts_with(&format!("`{setting}` is ")), "{message}");
        }
    }
}
