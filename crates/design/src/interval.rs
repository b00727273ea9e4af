//! What interval designs share: a verdict by the counts at one dose, elimination, and movement.
//!
//! Liu and Yuan, J R Stat Soc C 2015;64:507-523; Yan, Mandrekar and Yuan, Clin Cancer Res
//! 2017;23:3994-4003.

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

use crate::counts::{DoseCounts, Known};
use crate::decision::{Action, Reason, Step};
use crate::design::counted;

/// What the counts at a dose say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Escalate,
    Stay,
    DeEscalate,
}

/// The verdicts for one number of evaluable patients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdicts {
    /// By the number of DLTs.
    pub(crate) open: Vec<Verdict>,
    /// By the number of DLTs, when the dose above may not be entered.
    pub(crate) closed: Vec<Verdict>,
    /// The dose and all above are eliminated at so many DLTs or more.
    pub(crate) eliminate_at_least: Option<u32>,
}

impl Verdicts {
    /// Verdicts of a design that stays where it may not escalate.
    pub(crate) fn new(open: Vec<Verdict>, eliminate_at_least: Option<u32>) -> Self {
        let stay = |verdict: &Verdict| match verdict {
            Verdict::Escalate => Verdict::Stay,
            other => *other,
        };
        let closed = open.iter().map(stay).collect();
        Self { open, closed, eliminate_at_least }
    }

    pub(crate) fn eliminates(&self, dlts: u32) -> bool {
        self.eliminate_at_least.is_some_and(|least| dlts >= least)
    }

    /// Escalation at so many DLTs or fewer.
    pub(crate) fn escalate_at_most(&self) -> Option<u32> {
        self.open.iter().rposition(|&verdict| verdict == Verdict::Escalate).map(|dlts| dlts as u32)
    }

    /// De-escalation at so many DLTs or more.
    pub(crate) fn de_escalate_at_least(&self) -> Option<u32> {
        self.open.iter().position(|&verdict| verdict == Verdict::DeEscalate).map(|dlts| dlts as u32)
    }
}

/// Verdicts worked out once for each number of patients.
#[derive(Clone, PartialEq)]
pub(crate) struct Kept(Vec<OnceLock<Verdicts>>);

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}

impl Default for Kept {
    fn default() -> Self {
        Self(vec![OnceLock::new(); 256])
    }
}

impl Kept {
    /// The verdicts for a number of patients, worked out at the first call.
    pub(crate) fn get(&self, evaluable: u32, work: impl FnOnce() -> Verdicts) -> Cow<'_, Verdicts> {
        match self.0.get(evaluable as usize) {
            Some(place) => Cow::Borrowed(place.get_or_init(work)),
            None => Cow::Owned(work()),
        }
    }
}

/// A design that moves by the verdict at the current dose.
pub(crate) trait Interval {
    /// The verdicts for a number of evaluable patients.
    fn verdicts(&self, evaluable: u32) -> Cow<'_, Verdicts>;

    /// Whether the counts at the lowest dose end the trial, apart from elimination.
    fn stops_at_lowest(&self, _lowest: DoseCounts) -> bool {
        false
    }

    /// Whether enough patients were treated at the current dose.
    fn is_enough(&self, _at: DoseCounts, _action: Action) -> bool {
        false
    }
}

/// The lowest eliminated dose; the number of doses if there is none.
pub(crate) fn first_eliminated(design: &impl Interval, doses: &[DoseCounts]) -> usize {
    if doses.first().is_some_and(|&lowest| design.stops_at_lowest(lowest)) {
        return 0;
    }
    let is_out =
        |dose: &DoseCounts| dose.dlts > 0 && design.verdicts(dose.evaluable).eliminates(dose.dlts);
    doses.iter().position(is_out).unwrap_or(doses.len())
}

/// The step with complete data.
pub(crate) fn step(design: &impl Interval, known: &Known, reason: &mut Reason) -> Step {
    let (level, doses, at) = (known.level, &known.doses, known.at());
    let open = first_eliminated(design, doses);
    if open == 0 {
        reason.say(|| format!("{} at the lowest dose, which is too toxic", counted(doses[0])));
        return Step::end(Action::StopForSafety);
    }
    if open <= level {
        reason.say(|| format!("{}: the dose is eliminated", counted(doses[open])));
        let step = Step::to(level, open - 1);
        if design.is_enough(at, step.action) {
            reason.add(|| "; enough patients were treated there".to_owned());
            return Step::end(Action::Finish);
        }
        return step;
    }
    if at.evaluable == 0 {
        reason.say(|| "no patient is evaluable yet".to_owned());
        return Step::to(level, level);
    }
    let verdicts = design.verdicts(at.evaluable);
    let above_is_open = level + 1 < open;
    let by_counts = verdicts.open[at.dlts as usize];
    let verdict = if above_is_open { by_counts } else { verdicts.closed[at.dlts as usize] };
    let next = match verdict {
        Verdict::Escalate => level + 1,
        Verdict::Stay => level,
        Verdict::DeEscalate => level.saturating_sub(1),
    };
    let step = Step::to(level, next);
    if design.is_enough(at, step.action) {
        reason.say(|| format!("{}; enough patients were treated at this dose", counted(at)));
        return Step::end(Action::Finish);
    }
    reason.say(|| {
        let limit = limits(&verdicts, by_counts);
        let but = match by_counts {
            Verdict::Escalate if !above_is_open => ", but no higher dose is open",
            Verdict::DeEscalate if level == 0 => ", but no dose is lower",
            _ => "",
        };
        format!("{}; {limit}{but}", counted(at))
    });
    step
}

/// The limits that made a verdict.
fn limits(verdicts: &Verdicts, verdict: Verdict) -> String {
    let most = verdicts.escalate_at_most();
    let least = verdicts.de_escalate_at_least();
    match (verdict, most, least) {
        (Verdict::Stay, Some(most), Some(least)) => {
            format!("escalation at {most}, de-escalation at {least}")
        }
        (Verdict::Escalate | Verdict::Stay, Some(most), _) => {
            format!("escalation at {most} or fewer")
        }
        (_, _, Some(least)) => format!("de-escalation at {least} or more"),
        (_, Some(most), None) => format!("no de-escalation; escalation at {most} or fewer"),
        (_, None, None) => "no number of DLTs changes the dose".to_owned(),
    }
}
