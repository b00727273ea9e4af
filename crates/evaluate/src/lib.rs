//! Responses, toxicity grades, DLTs, kinetics and survival of a study, by published criteria.
//!
//! ```
//! use cytotrial_evaluate::{Rules, evaluate};
//! use records::{Analyte, Study};
//!
//! let mut study = Study::default();
//! study.push_subject("S-01", "A");
//! study.findings.push(0, Analyte::SerumMProtein, 0.0, 30.0, false); // g/L
//! study.findings.push(0, Analyte::SerumMProtein, 28.0, 14.0, false);
//! study.findings.push(0, Analyte::SerumMProtein, 56.0, 12.0, false);
//! let outcomes = evaluate(&study, &Rules::default());
//! assert_eq!(outcomes.subjects[0].best_response.code(), "PR");
//! ```

pub mod compared;
pub mod course;
pub mod criteria;
pub mod evaluate;
pub mod index;
pub mod kinetics;
pub mod outcome;
pub mod rules;
pub mod time_to_event;

pub use course::{Courses, GradeStep};
pub use criteria::astct_crs::{CrsOptions, Signs, crs_grade, crs_grade_now};
pub use criteria::astct_icans::{IcansOptions, NeuroSigns, icans_grade_now};
pub use criteria::ctcae::{CtcaeOptions, CtcaeVersion, LabTerm, ReferenceLimits};
pub use criteria::dlt::{Attribution, DltFinding, DltRule, DltRules, Syndrome};
pub use criteria::icaht::IcahtOptions;
pub use criteria::imwg::{
    ImwgOptions, ImwgVersion, MarrowBest, MarrowSample, Nadir, RelapseHaemoglobin,
    UnseenPlasmacytoma, VgprUrine,
};
pub use criteria::magic::{GvhdOptions, GvhdSigns};
pub use criteria::mrd::MrdOptions;
pub use criteria::{ALL, Criterion};
pub use evaluate::{dlt_status, evaluate};
pub use index::{Adjudicated, Dose, Index, Point, Reported, SubjectRecords};
pub use kinetics::{Auc, BelowLimit, KineticsOptions, Trapezoid};
pub use outcome::{
    Area, ClinicalRelapse, Cytopenia, Dlt, DltStatus, Episode, GradeDifference, Haematotoxicity,
    Kinetics, LabGrade, Measurable, MrdOutcome, Outcomes, RelapseSign, Response,
    ResponseDifference, SubjectOutcome, TimeToEvent, VisitResponse,
};
pub use rules::{Baseline, Censoring, Origin, OtherDeath, Rules};
