//! Patient-level tables: the study, its terms, its files.

pub mod study;
pub mod terms;

pub use study::{Events, Exposures, Findings, Study, Subjects};
pub use terms::{Analyte, DeathCause, Disposition, EventTerm, Isotype, LightChain, Sex, Treatment};
