//! What is found in a study: per subject the response, the grades, the DLT, the kinetics.

use crate::course::Courses;
use crate::criteria::ctcae::LabTerm;
pub use records::Response;

/// What was found for every subject, in the order of the study's subjects.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Outcomes {
    /// One entry per subject of the study.
    pub subjects: Vec<SubjectOutcome>,
}

/// What was found for one subject. Days are elapsed days from the first infusion.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct SubjectOutcome {
    /// The disease marker that is followed.
    pub measurable_by: Measurable,
    /// Response at each assessment after baseline.
    pub visits: Vec<VisitResponse>,
    /// Best confirmed response before progression and before new therapy.
    pub best_response: Response,
    /// First day of a confirmed partial response or better.
    pub first_response_day: Option<f64>,
    /// First day of the best confirmed response (partial or better).
    pub best_response_day: Option<f64>,
    /// First day of a confirmed complete response or better.
    pub complete_response_day: Option<f64>,
    /// Day of confirmed (or imaging) progression.
    pub progression_day: Option<f64>,
    /// Day on which a complete response was lost, by any sign; for disease-free survival only.
    pub relapse_from_complete: Option<f64>,
    /// First sign of clinical relapse; for reporting only.
    pub clinical_relapse: Option<ClinicalRelapse>,
    /// Minimal residual disease in the marrow.
    pub mrd: MrdOutcome,
    /// Progression-free survival under the rules' censoring.
    pub progression_free: TimeToEvent,
    /// Overall survival.
    pub overall: TimeToEvent,
    /// Time to progression: deaths that myeloma did not cause are censored.
    pub to_progression: TimeToEvent,
    /// Time to the next therapy.
    pub to_next_therapy: TimeToEvent,
    /// From complete response to its loss or death; `None` without a complete response.
    pub disease_free: Option<TimeToEvent>,
    /// Duration of response under the rules' censoring; `None` without a response.
    pub response_duration: Option<TimeToEvent>,
    /// The worst episode of cytokine release syndrome (the first of equals).
    pub crs: Option<Episode>,
    /// The worst episode of neurotoxicity (the first of equals).
    pub icans: Option<Episode>,
    /// Grades over time of the syndromes.
    pub courses: Courses,
    /// Worst grade of acute graft-versus-host disease, 0 to 4 (5 if fatal).
    pub gvhd_grade: u8,
    /// First day of acute graft-versus-host disease.
    pub gvhd_onset: Option<f64>,
    /// Worst reported grade of an infusion reaction.
    pub infusion_reaction_grade: u8,
    /// Worst reported grade of damage to normal tissue that carries the target.
    pub off_tumour_grade: u8,
    /// Worst reported grade of infection.
    pub infection_grade: u8,
    /// Worst grade per laboratory term after the first infusion; terms never measured are absent.
    pub lab_grades: Vec<LabGrade>,
    /// Grades that the investigator gave and that differ from those computed.
    pub grade_differences: Vec<GradeDifference>,
    /// How many responses that the site adjudicated were compared with those computed.
    pub responses_compared: u32,
    /// Responses that the site adjudicated and that differ from those computed.
    pub response_differences: Vec<ResponseDifference>,
    /// Depth and length of neutropenia and thrombocytopenia.
    pub cytopenia: Cytopenia,
    /// Haematotoxicity after effector cells.
    pub haematotoxicity: Haematotoxicity,
    /// Dose-limiting toxicity.
    pub dlt: DltStatus,
    /// Kinetics of the infused cells; `None` when never sampled.
    pub kinetics: Option<Kinetics>,
    /// Kinetics of the second co-infused product.
    pub kinetics_second: Option<Kinetics>,
    /// Kinetics of transgene copies.
    pub kinetics_transgene: Option<Kinetics>,
}

/// The disease marker that is followed for response.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    serde::Serialize,
    serde::Deserialize,
)]
pub enum Measurable {
    /// Nothing is measurable: only new findings and complete response can be assigned.
    #[default]
    Nothing,
    /// Marrow plasma cells.
    Marrow,
    /// Difference of the involved and uninvolved free light chain.
    FreeLightChain,
    /// Urine M-protein.
    Urine,
    /// Serum M-protein.
    Serum,
    /// Serum and urine M-protein; the lower level wins.
    SerumAndUrine,
}

impl Measurable {
    /// Short name: the codes of the markers.
    pub fn code(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Marrow => "BM",
            Self::FreeLightChain => "FLC",
            Self::Urine => "UPEP",
            Self::Serum => "SPEP",
            Self::SerumAndUrine => "SPEP+UPEP",
        }
    }
}

/// Response at one assessment.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct VisitResponse {
    /// Day of the assessment.
    pub day: f64,
    /// Level reached by this assessment alone.
    pub unconfirmed: Response,
    /// Best confirmed level so far; progression from its day on.
    pub confirmed: Response,
}

/// A sign of clinical relapse.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ClinicalRelapse {
    /// First day of it.
    pub day: f64,
    /// What it was.
    pub sign: RelapseSign,
}

/// Signs of clinical relapse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum RelapseSign {
    /// A new plasmacytoma or bone lesion.
    NewLesion,
    /// A lesion that has grown by half and by 1 cm.
    GrownLesion,
    /// Calcium above 11 mg/dL.
    Calcium,
    /// Haemoglobin lower by 2 g/dL; whether therapy is the cause is for the investigator to judge.
    Haemoglobin,
    /// Creatinine higher by 2 mg/dL.
    Creatinine,
    /// Hyperviscosity that the M-protein causes.
    Hyperviscosity,
}

impl RelapseSign {
    /// The sign in words.
    pub fn title(self) -> &'static str {
        match self {
            Self::NewLesion => "new bone lesion or plasmacytoma",
            Self::GrownLesion => "growth of a lesion",
            Self::Calcium => "calcium above 11 mg/dL",
            Self::Haemoglobin => "haemoglobin lower by 2 g/dL or more",
            Self::Creatinine => "creatinine higher by 2 mg/dL or more",
            Self::Hyperviscosity => "hyperviscosity",
        }
    }
}

/// Minimal residual disease in the marrow.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct MrdOutcome {
    /// A sample reached a sensitivity of 1 in 100,000 and was free of clonal cells at that level;
    /// `None` when no sample after baseline could tell.
    pub negative_1e5: Option<bool>,
    /// The same at 1 in 1,000,000.
    pub negative_1e6: Option<bool>,
    /// Negative at 1 in 100,000 and best confirmed response complete or better.
    pub negative_in_complete_response: Option<bool>,
    /// Negative marrow samples at least a year apart with none positive between (marrow only).
    pub sustained: Option<bool>,
    /// The deepest of 1e-4, 1e-5 and 1e-6 at which a sample was negative.
    pub depth: Option<f64>,
    /// Negative at 1 in 100,000, complete response, and no lesion that takes up tracer on a PET
    /// near the sample; `None` when no PET tells.
    pub imaging_plus: Option<bool>,
    /// Imaging plus marrow negative at least a year apart, with neither positive between.
    pub sustained_with_imaging: Option<bool>,
    /// Day on which negativity was lost: a positive sample, or the loss of complete response.
    pub lost_day: Option<f64>,
    /// Lowest share of clonal cells measured after baseline (the limit, if below it).
    pub best_level: Option<f64>,
    /// Day of the first negative sample at 1 in 100,000, else of the lowest.
    pub day: Option<f64>,
    /// The sensitivity that was reached on that day, by what is reported and by the cells analysed.
    pub sensitivity: Option<f64>,
    /// Nucleated cells analysed on that day.
    pub cells: Option<f64>,
    /// The method on that day, a code of [`records::Analyte::MrdMethod`].
    pub method: Option<u8>,
}

/// Days to an event or to the end of observation.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct TimeToEvent {
    /// Days from the origin, without the "+1" of ADTTE.
    pub days: f64,
    /// The event happened; otherwise censored.
    pub event: bool,
}

/// A spell of a syndrome.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Episode {
    /// Worst grade, 1 to 5.
    pub grade: u8,
    /// First day.
    pub onset: f64,
    /// First day without signs; `None` while it lasts.
    pub end: Option<f64>,
}

/// Worst grade of one laboratory term.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct LabGrade {
    /// Which term.
    pub term: LabTerm,
    /// Worst grade after the first infusion, 0 to 4.
    pub worst: u8,
    /// First day of that grade.
    pub day: f64,
}

/// Depth and length of neutropenia and thrombocytopenia.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Cytopenia {
    /// Lowest neutrophil count after the first infusion, 10^9/L.
    pub neutrophil_nadir: Option<f64>,
    /// Lowest platelet count after the first infusion, 10^9/L.
    pub platelet_nadir: Option<f64>,
    /// Neutropenia of grade 3 or worse not recovered by day 30; `None` without a count near day 30.
    pub prolonged_neutropenia: Option<bool>,
    /// Thrombocytopenia of grade 3 or worse not recovered by day 30.
    pub prolonged_thrombocytopenia: Option<bool>,
}

/// A grade that the investigator gave beside the one computed from what was recorded.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct GradeDifference {
    /// Which event.
    pub term: records::EventTerm,
    /// First day of the report.
    pub day: f64,
    /// The investigator's grade.
    pub reported: u8,
    /// The worst grade computed while the report lasted.
    pub computed: u8,
}

/// A response that the site adjudicated beside the one computed from what was measured.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ResponseDifference {
    /// Day of the site's response; `None` where it gave none with a best response.
    pub day: Option<f64>,
    /// It is the best response, not that of an assessment.
    pub is_best: bool,
    /// Who adjudicated, in the site's words; may be empty.
    pub evaluator: String,
    /// The site's response.
    pub reported: Response,
    /// The level of the assessment alone, or the best confirmed response; `None` without an
    /// assessment.
    pub computed: Option<Response>,
    /// The best confirmed level up to the assessment; `None` for a best response.
    pub confirmed: Option<Response>,
    /// Why the computed one is what it is.
    pub because: String,
}

/// Haematotoxicity after effector cells, grades 0 to 4; `None` without enough counts to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Haematotoxicity {
    /// Neutropenia to day 30.
    pub early_neutropenia: Option<u8>,
    /// Neutropenia after day 30.
    pub late_neutropenia: Option<u8>,
    /// Thrombocytopenia to day 30.
    pub early_thrombocytopenia: Option<u8>,
    /// Thrombocytopenia from day 31 to day 100.
    pub late_thrombocytopenia: Option<u8>,
}

/// Whether a subject had a dose-limiting toxicity.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub enum DltStatus {
    /// The window is open and nothing happened so far.
    Pending {
        /// Days observed since the first infusion.
        follow_up: f64,
    },
    /// The window is complete without one.
    None,
    /// A dose-limiting toxicity.
    Dlt(Dlt),
    /// Cannot be counted; the subject is replaced.
    NotEvaluable {
        /// Why.
        because: String,
    },
    /// Nothing was looked at yet.
    #[default]
    Unknown,
}

/// A dose-limiting toxicity.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Dlt {
    /// Day the toxicity began.
    pub day: f64,
    /// What it was.
    pub term: String,
    /// The rule it met and the data behind it.
    pub because: String,
}

/// Cellular kinetics of one subject and product.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Kinetics {
    /// Largest value; `None` when never detected.
    pub cmax: Option<f64>,
    /// First time of the largest value, day.
    pub tmax: Option<f64>,
    /// Last quantifiable value.
    pub clast: Option<f64>,
    /// Time of the last quantifiable value, day: a lower bound of persistence.
    pub tlast: Option<f64>,
    /// First quantifiable time, day.
    pub first_day: Option<f64>,
    /// Area under the curve to the last quantifiable value.
    pub auc_last: f64,
    /// Area under the curve over the first 28 days by the chosen variant.
    pub auc_28: f64,
    /// Sampling or quantifiable values ended before day 28 and nothing was extrapolated.
    pub auc_28_is_partial: bool,
    /// Area under the curve over the first 84 days.
    pub auc_84: Area,
    /// Area under the curve over the first 180 days.
    pub auc_180: Area,
    /// Days above the threshold of the options.
    pub days_above: f64,
    /// Terminal slope, 1/day.
    pub lambda_z: Option<f64>,
    /// Terminal half-life, days.
    pub half_life: Option<f64>,
    /// Points used for the terminal slope.
    pub slope_points: usize,
    /// Adjusted R squared of the terminal fit.
    pub slope_r2: Option<f64>,
    /// First and last day of the terminal fit.
    pub slope_span: Option<(f64, f64)>,
    /// Area under the curve to infinity from the last observed value.
    pub auc_infinity: Option<f64>,
    /// Area under the curve to infinity from the fitted value at the last time.
    pub auc_infinity_predicted: Option<f64>,
    /// Share of the area to infinity that is beyond the last observed value.
    pub extrapolated: Option<f64>,
}

/// An area under a curve over a stretch of days.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Area {
    /// The area.
    pub value: f64,
    /// Values ended before and nothing was extrapolated.
    pub is_partial: bool,
}
