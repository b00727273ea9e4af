//! Patient-level tables: the study, its terms, its files.
//!
//! ```
//! use cytotrial_records::{Analyte, Study, adam, check, csv};
//!
//! let mut study = Study::default();
//! study.push_subject("S-01", "A");
//! study.findings.push(0, Analyte::SerumMProtein, 0.0, 31.5, false);
//! assert!(check::problems(&study).is_empty());
//! let adlb = &adam::tables(&study)[2];
//! let text = csv::write(adlb)?;
//! assert!(text.starts_with(b"STUDYID,USUBJID,ASEQ,PARAMCD,PARAM,AVAL,"));
//! # Ok::<(), cytotrial_records::RecordsError>(())
//! ```

pub mod adam;
pub mod check;
pub mod column;
pub mod csv;
pub mod dataset_json;
pub mod error;
pub mod format;
pub mod import;
pub mod parquet;
pub mod problem;
pub mod remarks;
pub mod response;
pub mod study;
pub mod terms;
pub mod time;
pub mod xpt;

pub use column::{Cell, Column, Field, Table, Texts};
pub use error::RecordsError;
pub use format::Format;
pub use problem::{Problem, Severity};
pub use remarks::{Remark, Remarks};
pub use response::Response;
pub use study::{Events, Exposures, Findings, Responses, Study, Subjects};
pub use terms::{Analyte, DeathCause, Disposition, EventTerm, Isotype, LightChain, Sex, Treatment};
pub use time::StudyDay;
