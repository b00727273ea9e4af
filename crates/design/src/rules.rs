//! Rules around a design: safety, numbers of patients, accrual, backfilling, expansion. They are a
//! set: the strictest of each kind holds, in whatever order they are given.

use std::fmt::Write as _;

use serde::Deserialize;

use crate::counts::{DoseCounts, Known};
use crate::decision::{Action, Reason, Step};
use crate::design::{Design, Outcomes, suspended};
use crate::posterior::exceeds;

/// One rule.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "rule")]
pub enum Rule {
    /// A dose with enough patients is closed, and all above it, when its DLT rate exceeds a limit
    /// with more than a posterior probability (uniform prior); the lowest one ends the trial.
    CloseToxic {
        /// The DLT rate.
        limit: f64,
        /// The probability.
        cutoff: f64,
        /// Patients from which on the rule holds.
        #[serde(rename = "min-patients")]
        min_patients: u32,
    },
    /// The trial does not finish before so many patients, unless it stops for safety or futility.
    MinPatients {
        /// How many.
        patients: u32,
    },
    /// The trial finishes once so many patients were treated.
    MaxPatients {
        /// How many.
        patients: u32,
    },
    /// A dose gets no more than so many patients; when it should, the trial finishes.
    MaxPerDose {
        /// How many.
        patients: u32,
    },
    /// No dose is recommended with fewer evaluable patients.
    MinToRecommend {
        /// How many.
        patients: u32,
    },
    /// Accrual waits while so many patients or more are pending.
    MaxPending {
        /// How many.
        patients: u32,
    },
    /// No untried dose is skipped on the way up.
    NoSkipping,
    /// Patients who come while a cohort is under evaluation get the highest lower dose that is not
    /// closed and has fewer patients than this.
    Backfill {
        /// How many.
        most: u32,
        /// Whether a response must have been seen at the dose.
        #[serde(rename = "needs-response")]
        needs_response: bool,
    },
    /// When the design has finished, the recommended dose is filled up to so many patients.
    Expansion {
        /// How many.
        patients: u32,
    },
}

/// A toxicity limit of [`Rule::CloseToxic`].
#[derive(Debug, Clone, Copy, PartialEq)]
struct Limit {
    rate: f64,
    cutoff: f64,
    min_patients: u32,
}

/// Rules put together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules {
    limits: Vec<Limit>,
    min_patients: u32,
    max_patients: Option<u32>,
    max_per_dose: Option<u32>,
    min_to_recommend: u32,
    max_pending: Option<u32>,
    no_skipping: bool,
    backfill: Option<(u32, bool)>,
    expansion: u32,
}

impl Rules {
    /// The set of rules.
    pub fn of(rules: &[Rule]) -> Self {
        let mut set = Self::default();
        let least = |one: &mut Option<u32>, other: u32| {
            *one = Some(one.map_or(other, |one| one.min(other)));
        };
        for &rule in rules {
            match rule {
                Rule::CloseToxic { limit, cutoff, min_patients } => {
                    set.limits.push(Limit { rate: limit, cutoff, min_patients });
                }
                Rule::MinPatients { patients } => set.min_patients = set.min_patients.max(patients),
                Rule::MaxPatients { patients } => least(&mut set.max_patients, patients),
                Rule::MaxPerDose { patients } => least(&mut set.max_per_dose, patients),
                Rule::MinToRecommend { patients } => {
                    set.min_to_recommend = set.min_to_recommend.max(patients);
                }
                Rule::MaxPending { patients } => least(&mut set.max_pending, patients),
                Rule::NoSkipping => set.no_skipping = true,
                Rule::Backfill { most, needs_response } => {
                    let (before, needed) = set.backfill.unwrap_or((most, false));
                    set.backfill = Some((before.min(most), needed || needs_response));
                }
                Rule::Expansion { patients } => set.expansion = set.expansion.max(patients),
            }
        }
        // So that the description, too, is the same in any order.
        set.limits.sort_by(|a, b| {
            let by_rate = a.rate.total_cmp(&b.rate).then(a.cutoff.total_cmp(&b.cutoff));
            by_rate.then(a.min_patients.cmp(&b.min_patients))
        });
        set.limits.dedup();
        set
    }

    /// The number of doses that the toxicity limits leave open.
    fn open(&self, doses: &[DoseCounts]) -> usize {
        let is_toxic = |dose: &DoseCounts| {
            self.limits.iter().any(|one| {
                dose.evaluable >= one.min_patients
                    && exceeds(dose.dlts, dose.evaluable, one.rate) > one.cutoff
            })
        };
        doses.iter().position(is_toxic).unwrap_or(doses.len())
    }
}

/// A design inside its rules.
#[derive(Debug)]
pub struct Guarded {
    design: Box<dyn Design>,
    rules: Rules,
}

impl Guarded {
    /// A design with rules around it.
    pub fn new(design: Box<dyn Design>, rules: &[Rule]) -> Self {
        Self { design, rules: Rules::of(rules) }
    }

    /// The step after the design has finished.
    fn finish(&self, known: &Known, reason: &mut Reason) -> Step {
        let treated: u32 = known.doses.iter().map(|dose| dose.treated()).sum();
        let Some(level) = self.recommend(&known.doses) else {
            return Step::end(Action::Finish);
        };
        let at_dose = known.doses[level].treated();
        let wanted = self.rules.expansion.saturating_sub(at_dose);
        let wanted = wanted.max(self.rules.min_patients.saturating_sub(treated));
        let room = self.rules.max_per_dose.map_or(u32::MAX, |most| most.saturating_sub(at_dose));
        let left = self.rules.max_patients.map_or(u32::MAX, |most| most.saturating_sub(treated));
        let patients = wanted.min(room).min(left);
        if patients == 0 {
            return Step::end(Action::Finish);
        }
        reason.add(|| format!("; {patients} more patients at dose {}", level + 1));
        Step { patients: Some(patients), ..Step::to(known.level, level) }
    }

    /// A step to a level, kept inside the rules.
    fn guard(&self, step: Step, next: usize, known: &Known, reason: &mut Reason) -> Step {
        let doses = &known.doses;
        let open = self.rules.open(doses);
        let mut level = next.min(open - 1);
        if self.rules.no_skipping {
            let above = doses.iter().rposition(|dose| dose.treated() > 0).map_or(0, |top| top + 1);
            level = level.min(above.max(known.level));
        }
        if level != next {
            reason.add(|| format!("; the rules allow no more than dose {}", level + 1));
        }
        let treated: u32 = doses.iter().map(|dose| dose.treated()).sum();
        if self.rules.max_patients.is_some_and(|most| treated >= most) {
            reason.add(|| "; all patients were treated".to_owned());
            return self.finish(known, reason);
        }
        if self.rules.max_per_dose.is_some_and(|most| doses[level].treated() >= most) {
            reason.add(|| "; enough patients were treated at this dose".to_owned());
            return self.finish(known, reason);
        }
        Step { patients: step.patients, ..Step::to(known.level, level) }
    }
}

impl Design for Guarded {
    fn step(&self, known: &Known, reason: &mut Reason) -> Step {
        if self.rules.open(&known.doses) == 0 {
            reason.say(|| "the lowest dose is closed by the rules".to_owned());
            return Step::end(Action::StopForSafety);
        }
        let pending: u32 = known.doses.iter().map(|dose| dose.pending).sum();
        if self.rules.max_pending.is_some_and(|most| pending >= most.max(1)) {
            return suspended(&known.doses, reason);
        }
        let step = self.design.step(known, reason);
        match (step.action, step.next_level) {
            (Action::Finish, _) => self.finish(known, reason),
            (_, Some(next)) => self.guard(step, next, known, reason),
            _ => step,
        }
    }

    fn recommend(&self, doses: &[DoseCounts]) -> Option<usize> {
        let open = self.rules.open(doses);
        let level = self.design.recommend(&doses[..open])?;
        (doses[level].evaluable >= self.rules.min_to_recommend).then_some(level)
    }

    fn estimated_toxicity(&self, doses: &[DoseCounts]) -> Vec<Option<f64>> {
        self.design.estimated_toxicity(doses)
    }

    fn backfill(&self, known: &Known, assigned: &[u32]) -> Option<usize> {
        let chosen = self.design.backfill(known, assigned);
        let Some((most, needs_response)) = self.rules.backfill else { return chosen };
        let open = self.rules.open(&known.doses).min(known.level);
        chosen.or_else(|| {
            (0..open).rev().find(|&dose| {
                let at = known.doses[dose];
                at.evaluable > 0 && assigned[dose] < most && (!needs_response || at.responses > 0)
            })
        })
    }

    fn backfills(&self) -> bool {
        self.rules.backfill.is_some() || self.design.backfills()
    }

    fn levels(&self) -> Option<usize> {
        self.design.levels()
    }

    fn outcomes(&self) -> Outcomes {
        self.design.outcomes()
    }

    fn response_floor(&self) -> Option<f64> {
        self.design.response_floor()
    }

    fn describe(&self) -> String {
        let mut text = self.design.describe();
        let rules = &self.rules;
        for one in &rules.limits {
            let _ = write!(
                text,
                " A dose with at least {} evaluable patients, and all above it, are closed when the \
                 posterior probability that the DLT rate exceeds {} is above {}; if it is the \
                 lowest, the trial stops.",
                one.min_patients, one.rate, one.cutoff
            );
        }
        let numbers = [
            (rules.min_patients, "At least this many patients are treated unless the trial stops"),
            (rules.min_to_recommend, "Evaluable patients needed to recommend a dose"),
            (rules.expansion, "Patients to which the recommended dose is filled up at the end"),
            (rules.max_patients.unwrap_or(0), "Patients at most"),
            (rules.max_per_dose.unwrap_or(0), "Patients at most at a dose"),
            (rules.max_pending.unwrap_or(0), "Pending patients with which accrual waits"),
            (rules.backfill.map_or(0, |one| one.0), "Patients up to which a dose is backfilled"),
        ];
        for (number, what) in numbers.into_iter().filter(|(number, _)| *number > 0) {
            let _ = write!(text, " {what}: {number}.");
        }
        if rules.no_skipping {
            text += " No untried dose is skipped on the way up.";
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::characteristics::{Plan, exact};
    use crate::design::ALL;
    use crate::truth::Truth;

    fn boin() -> Box<dyn Design> {
        let entry = ALL.iter().find(|entry| entry.name == "boin").unwrap();
        (entry.from_toml)("target = 0.3").unwrap()
    }

    const RULES: [Rule; 6] = [
        Rule::CloseToxic { limit: 0.3, cutoff: 0.8, min_patients: 3 },
        Rule::MaxPerDose { patients: 9 },
        Rule::MaxPerDose { patients: 12 },
        Rule::MinToRecommend { patients: 6 },
        Rule::MaxPatients { patients: 24 },
        Rule::Expansion { patients: 9 },
    ];

    #[test]
    fn the_order_of_the_rules_does_not_matter() {
        let truth = Truth::of_toxicity(&[0.15, 0.3, 0.45]).unwrap();
        let of =
            |rules: &[Rule]| exact(&Guarded::new(boin(), rules), &truth, Plan::new(3, 30)).unwrap();
        let want = of(&RULES);
        let mut rules = RULES;
        for turn in 0..RULES.len() {
            rules.rotate_left(1);
            rules.swap(0, turn % 3 + 1);
            assert_eq!(of(&rules), want, "{rules:?}");
        }
        // The same rule twice is the rule once.
        assert_eq!(of(&[RULES, RULES].concat()), want);
    }

    #[test]
    fn rules_hold_whatever_the_design_wants() {
        let decide = |rules: &[Rule], level: usize, counts: &[(u32, u32)]| {
            let doses: Vec<DoseCounts> =
                counts.iter().map(|&(n, y)| DoseCounts::of(n, y)).collect();
            Guarded::new(boin(), rules).decide(level, &doses)
        };
        let strict = [Rule::CloseToxic { limit: 0.3, cutoff: 0.6, min_patients: 3 }];
        assert_eq!(decide(&strict, 0, &[(3, 0), (3, 2)]).next_level, Some(0));
        assert_eq!(decide(&strict, 0, &[(3, 2), (0, 0)]).action, Action::StopForSafety);
        let most = [Rule::MaxPatients { patients: 6 }];
        assert_eq!(decide(&most, 1, &[(3, 0), (3, 0)]).action, Action::Finish);
        let more = [Rule::MaxPerDose { patients: 6 }, Rule::Expansion { patients: 12 }];
        assert_eq!(decide(&more, 0, &[(6, 1), (6, 4)]).action, Action::Finish);
        let expanded = [Rule::MaxPatients { patients: 12 }, Rule::MaxPerDose { patients: 12 }];
        let rules = [&expanded[1..], &[Rule::Expansion { patients: 12 }]].concat();
        let decision = decide(&rules, 0, &[(12, 3), (0, 0)]);
        assert_eq!(decision.action, Action::Finish);
    }

    #[test]
    fn an_expansion_fills_the_recommended_dose() {
        let entry = ALL.iter().find(|entry| entry.name == "3+3").unwrap();
        let design = (entry.from_toml)("").unwrap();
        let guarded = Guarded::new(design, &[Rule::Expansion { patients: 12 }]);
        let doses = [DoseCounts::of(6, 1), DoseCounts::of(3, 2)];
        let decision = guarded.decide(1, &doses);
        assert_eq!((decision.next_level, decision.patients), (Some(0), Some(6)));
        let full = [DoseCounts::of(12, 1), DoseCounts::of(3, 2)];
        assert_eq!(guarded.decide(0, &full).action, Action::Finish);
    }

    #[test]
    fn a_closed_dose_is_not_recommended() {
        let rules = [Rule::CloseToxic { limit: 0.25, cutoff: 0.5, min_patients: 3 }];
        let guarded = Guarded::new(boin(), &rules);
        let doses = [DoseCounts::of(6, 0), DoseCounts::of(6, 2)];
        assert_eq!(boin().recommend(&doses), Some(1));
        assert_eq!(guarded.recommend(&doses), Some(0));
    }

    #[test]
    fn rules_are_read_from_text() {
        #[derive(Deserialize)]
        struct Written {
            rules: Vec<Rule>,
        }
        let text = "rules = [{ rule = \"no-skipping\" }, { rule = \"max-per-dose\", patients = 9 }, \
            { rule = \"backfill\", most = 12, needs-response = true }]";
        let written: Written = toml::from_str(text).unwrap();
        assert_eq!(written.rules.len(), 3);
        let guarded = Guarded::new(boin(), &written.rules);
        assert!(guarded.describe().contains("Patients at most at a dose: 9."));
        let mut doses = vec![DoseCounts::of(3, 0), DoseCounts::of(3, 0)];
        let known = |doses: &[DoseCounts]| Known::of_counts(1, doses);
        assert_eq!(guarded.backfill(&known(&doses), &[3, 3]), None);
        doses[0].responses = 1;
        assert_eq!(guarded.backfill(&known(&doses), &[3, 3]), Some(0));
        let wrong = "rules = [{ rule = \"max-per-dose\", patents = 9 }]";
        assert!(toml::from_str::<Written>(wrong).is_err());
    }
}
