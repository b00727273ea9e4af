//! Dose-finding designs: from counts of patients and DLTs to the next dose.
//!
//! ```
//! use cytotrial_design::{ALL, Action, DoseCounts};
//!
//! let boin = ALL.iter().find(|entry| entry.name == "boin").unwrap();
//! let design = (boin.from_toml)("target = 0.30").unwrap();
//! // Three patients at the first of two dose levels, none with a DLT.
//! let doses = [DoseCounts::of(3, 0), DoseCounts::of(0, 0)];
//! let decision = design.decide(0, &doses);
//! assert_eq!((decision.action, decision.next_level), (Action::Escalate, Some(1)));
//! ```

pub mod characteristics;
pub mod compare;
pub mod counts;
mod cutoff;
pub mod decision;
pub mod design;
mod efftox_model;
mod interval;
pub mod isotonic;
pub mod joint_looks;
mod keys;
pub mod looks;
mod one_parameter;
pub mod outcome;
pub mod pathways;
pub mod posterior;
pub mod rules;
pub mod skeleton;
pub mod table;
pub mod truth;
mod two_parameter;
mod utility;

pub use characteristics::{Characteristics, Plan};
pub use compare::{Comparison, Method, compare};
pub use counts::{DoseCounts, Known, Patient};
pub use decision::{Action, Decision, Reason, Step};
pub use design::{ALL, Design, DesignError, Entry, Outcomes};
pub use efftox_model::EffToxFit;
pub use one_parameter::Posterior;
pub use pathways::{Pathway, pathways};
pub use rules::{Guarded, Rule};
pub use table::{Row, decision_table};
pub use truth::{DoseTruth, Truth};
pub use two_parameter::Summary;
