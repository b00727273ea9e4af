//! Laboratory grades by the Common Terminology Criteria for Adverse Events.
//!
//! NCI, CTCAE v5.0 (2017). Upper ends of a band belong to the milder grade. Version 6 grades
//! neutrophils differently; which version counts is an option. Grades that need symptoms cannot be
//! seen in numbers: the terms concerned are lower bounds.

use super::Criterion;
use crate::index::{SubjectRecords, upto};
use crate::outcome::{Cytopenia, LabGrade, SubjectOutcome};
use crate::rules::Rules;
use records::Analyte;
use serde::{Deserialize, Serialize};

/// The criterion.
pub const CRITERION: Laboratory = Laboratory;

/// Laboratory grades, CTCAE v5.
#[derive(Debug, Clone, Copy)]
pub struct Laboratory;

/// The version by which neutrophils are graded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum CtcaeVersion {
    /// Version 5: grade 4 below 0.5.
    #[default]
    #[serde(rename = "v5")]
    Five,
    /// Version 6: grade 4 below 0.1.
    #[serde(rename = "v6")]
    Six,
}

/// A laboratory term that is graded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum LabTerm {
    /// Neutrophil count decreased, 10^9/L.
    Neutrophils,
    /// Platelet count decreased, 10^9/L.
    Platelets,
    /// Lymphocyte count decreased, 10^9/L.
    Lymphocytes,
    /// White blood cell decreased, 10^9/L.
    WhiteCells,
    /// Anaemia by haemoglobin, g/L.
    Anaemia,
    /// Alanine aminotransferase increased, U/L.
    AlanineAminotransferase,
    /// Aspartate aminotransferase increased, U/L.
    AspartateAminotransferase,
    /// Blood bilirubin increased, umol/L.
    Bilirubin,
    /// Creatinine increased, umol/L.
    Creatinine,
    /// Hypoalbuminaemia, g/L.
    Albumin,
    /// Hypercalcaemia (corrected), mmol/L.
    CalciumHigh,
    /// Hypocalcaemia (corrected), mmol/L.
    CalciumLow,
    /// Fibrinogen decreased, g/L.
    Fibrinogen,
    /// INR increased.
    Inr,
    /// CD4 lymphocytes decreased, 10^9/L.
    Cd4,
    /// Activated partial thromboplastin time prolonged, s.
    ThromboplastinTime,
    /// Hyponatraemia, mmol/L.
    SodiumLow,
    /// Hypokalaemia, mmol/L.
    PotassiumLow,
}

impl LabTerm {
    /// Every term.
    pub const ALL: [Self; 18] = [
        Self::Neutrophils,
        Self::Platelets,
        Self::Lymphocytes,
        Self::WhiteCells,
        Self::Anaemia,
        Self::AlanineAminotransferase,
        Self::AspartateAminotransferase,
        Self::Bilirubin,
        Self::Creatinine,
        Self::Albumin,
        Self::CalciumHigh,
        Self::CalciumLow,
        Self::Fibrinogen,
        Self::Inr,
        Self::Cd4,
        Self::ThromboplastinTime,
        Self::SodiumLow,
        Self::PotassiumLow,
    ];

    /// The term as CTCAE names it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Neutrophils => "Neutrophil count decreased",
            Self::Platelets => "Platelet count decreased",
            Self::Lymphocytes => "Lymphocyte count decreased",
            Self::WhiteCells => "White blood cell decreased",
            Self::Anaemia => "Anemia",
            Self::AlanineAminotransferase => "Alanine aminotransferase increased",
            Self::AspartateAminotransferase => "Aspartate aminotransferase increased",
            Self::Bilirubin => "Blood bilirubin increased",
            Self::Creatinine => "Creatinine increased",
            Self::Albumin => "Hypoalbuminemia",
            Self::CalciumHigh => "Hypercalcemia",
            Self::CalciumLow => "Hypocalcemia",
            Self::Fibrinogen => "Fibrinogen decreased",
            Self::Inr => "INR increased",
            Self::Cd4 => "CD4 lymphocytes decreased",
            Self::ThromboplastinTime => "Activated partial thromboplastin time prolonged",
            Self::SodiumLow => "Hyponatremia",
            Self::PotassiumLow => "Hypokalemia",
        }
    }

    /// The term of that title.
    pub fn from_title(title: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|term| term.title() == title)
    }

    /// The analyte it is graded by.
    pub fn analyte(self) -> Analyte {
        match self {
            Self::Neutrophils => Analyte::Neutrophils,
            Self::Platelets => Analyte::Platelets,
            Self::Lymphocytes => Analyte::Lymphocytes,
            Self::WhiteCells => Analyte::WhiteCells,
            Self::Anaemia => Analyte::Haemoglobin,
            Self::AlanineAminotransferase => Analyte::AlanineAminotransferase,
            Self::AspartateAminotransferase => Analyte::AspartateAminotransferase,
            Self::Bilirubin => Analyte::Bilirubin,
            Self::Creatinine => Analyte::Creatinine,
            Self::Albumin => Analyte::Albumin,
            Self::CalciumHigh | Self::CalciumLow => Analyte::Calcium,
            Self::Fibrinogen => Analyte::Fibrinogen,
            Self::Inr => Analyte::NormalizedRatio,
            Self::Cd4 => Analyte::HelperCells,
            Self::ThromboplastinTime => Analyte::StimulatedTime,
            Self::SodiumLow => Analyte::Sodium,
            Self::PotassiumLow => Analyte::Potassium,
        }
    }
}

/// What a value is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Reference {
    /// Lower limit of normal.
    pub lower: Option<f64>,
    /// Upper limit of normal.
    pub upper: Option<f64>,
    /// Value at baseline.
    pub baseline: Option<f64>,
}

/// Limits of normal where the laboratory gives none. All assumed: common adult limits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReferenceLimits {
    /// Neutrophils, lower limit, 10^9/L.
    pub neutrophils_lower: f64,
    /// Platelets, lower limit, 10^9/L.
    pub platelets_lower: f64,
    /// Lymphocytes, lower limit, 10^9/L.
    pub lymphocytes_lower: f64,
    /// White cells, lower limit, 10^9/L.
    pub white_cells_lower: f64,
    /// Haemoglobin, lower limit, g/L.
    pub haemoglobin_lower: f64,
    /// Aminotransferases, upper limit, U/L.
    pub aminotransferase_upper: f64,
    /// Bilirubin, upper limit, umol/L.
    pub bilirubin_upper: f64,
    /// Creatinine, upper limit, umol/L.
    pub creatinine_upper: f64,
    /// Albumin, lower limit, g/L.
    pub albumin_lower: f64,
    /// Calcium, lower limit, mmol/L.
    pub calcium_lower: f64,
    /// Calcium, upper limit, mmol/L.
    pub calcium_upper: f64,
    /// Fibrinogen, lower limit, g/L.
    pub fibrinogen_lower: f64,
    /// CD4 lymphocytes, lower limit, 10^9/L.
    pub cd4_lower: f64,
    /// Activated partial thromboplastin time, upper limit, s.
    pub thromboplastin_time_upper: f64,
    /// Sodium, lower limit, mmol/L.
    pub sodium_lower: f64,
    /// Potassium, lower limit, mmol/L.
    pub potassium_lower: f64,
}

impl Default for ReferenceLimits {
    fn default() -> Self {
        Self {
            neutrophils_lower: 2.0,
            platelets_lower: 150.0,
            lymphocytes_lower: 1.0,
            white_cells_lower: 4.0,
            haemoglobin_lower: 120.0,
            aminotransferase_upper: 40.0,
            bilirubin_upper: 20.0,
            creatinine_upper: 100.0,
            albumin_lower: 35.0,
            calcium_lower: 2.15,
            calcium_upper: 2.6,
            fibrinogen_lower: 2.0,
            cd4_lower: 0.5,
            thromboplastin_time_upper: 35.0,
            sodium_lower: 135.0,
            potassium_lower: 3.5,
        }
    }
}

/// What the criteria leave open.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct CtcaeOptions {
    /// The version by which neutrophils are graded.
    pub neutrophil_version: CtcaeVersion,
    /// Creatinine is compared with its baseline too, as the text says.
    pub creatinine_baseline_limb: bool,
    /// The percent fall of fibrinogen counts only if the baseline was below normal.
    pub fibrinogen_fall_needs_low_baseline: bool,
    /// Limits of normal.
    pub limits: ReferenceLimits,
}

impl Default for CtcaeOptions {
    fn default() -> Self {
        Self {
            neutrophil_version: CtcaeVersion::Five,
            creatinine_baseline_limb: true,
            fibrinogen_fall_needs_low_baseline: true,
            limits: ReferenceLimits::default(),
        }
    }
}

/// The grade of one value; `None` where the limits needed to tell are missing.
pub fn lab_grade(
    term: LabTerm,
    value: f64,
    reference: &Reference,
    options: &CtcaeOptions,
) -> Option<u8> {
    const NEVER: f64 = f64::NEG_INFINITY;
    match term {
        LabTerm::Neutrophils => match options.neutrophil_version {
            CtcaeVersion::Five => low(value, reference.lower, [1.5, 1.0, 0.5]),
            CtcaeVersion::Six => low(value, Some(1.5), [1.0, 0.5, 0.1]),
        },
        LabTerm::Platelets => low(value, reference.lower, [75.0, 50.0, 25.0]),
        LabTerm::Lymphocytes => low(value, reference.lower, [0.8, 0.5, 0.2]),
        LabTerm::WhiteCells => low(value, reference.lower, [3.0, 2.0, 1.0]),
        LabTerm::Anaemia => low(value, reference.lower, [100.0, 80.0, NEVER]),
        LabTerm::Albumin => low(value, reference.lower, [30.0, 20.0, NEVER]),
        LabTerm::Cd4 => low(value, reference.lower, [0.5, 0.2, 0.05]),
        LabTerm::CalciumLow => low(value, reference.lower, [2.0, 1.75, 1.5]),
        LabTerm::SodiumLow => low(value, reference.lower, [130.0, 125.0, 120.0]),
        // grade 2 is grade 1 with symptoms
        LabTerm::PotassiumLow => low(value, reference.lower, [3.0, 3.0, 2.5]),
        LabTerm::ThromboplastinTime => {
            let unit = reference.upper?;
            high(value, Some(unit), [1.5 * unit, 2.5 * unit, f64::INFINITY])
        }
        LabTerm::CalciumHigh => high(value, reference.upper, [2.9, 3.1, 3.4]),
        LabTerm::AlanineAminotransferase | LabTerm::AspartateAminotransferase => {
            liver_enzyme(value, reference)
        }
        LabTerm::Bilirubin => {
            let unit = abnormal_baseline(reference).or(reference.upper)?;
            high(value, Some(unit), [1.5, 3.0, 10.0].map(|times| times * unit))
        }
        LabTerm::Creatinine => creatinine(value, reference, options.creatinine_baseline_limb),
        LabTerm::Fibrinogen => {
            fibrinogen(value, reference, options.fibrinogen_fall_needs_low_baseline)
        }
        LabTerm::Inr => {
            let absolute = high(value, Some(1.2), [1.5, 2.5, f64::INFINITY]);
            let relative = reference
                .baseline
                .and_then(|base| high(value, Some(base), [1.5 * base, 2.5 * base, f64::INFINITY]));
            absolute.max(relative)
        }
    }
}

/// Below the limit: grade 1; below each further cut: one more. Comparisons tolerate rounding.
fn low(value: f64, limit: Option<f64>, cuts: [f64; 3]) -> Option<u8> {
    let beneath = |cut: f64| value < cut - 1e-9 * cut.abs();
    let passed = cuts.iter().filter(|&&cut| beneath(cut)).count() as u8;
    if passed > 0 {
        return Some(passed + 1);
    }
    limit.map(|limit| u8::from(beneath(limit)))
}

/// Above the limit: grade 1; above each further cut: one more.
fn high(value: f64, limit: Option<f64>, cuts: [f64; 3]) -> Option<u8> {
    let above = |cut: f64| value > cut + 1e-9 * cut.abs();
    let passed = cuts.iter().filter(|&&cut| above(cut)).count() as u8;
    if passed > 0 {
        return Some(passed + 1);
    }
    limit.map(|limit| u8::from(above(limit)))
}

fn abnormal_baseline(reference: &Reference) -> Option<f64> {
    reference.baseline.filter(|&base| reference.upper.is_some_and(|upper| base > upper))
}

fn liver_enzyme(value: f64, reference: &Reference) -> Option<u8> {
    if let Some(base) = abnormal_baseline(reference) {
        let grade = high(value, Some(f64::INFINITY), [3.0, 5.0, 20.0].map(|times| times * base))?;
        // "1.5 - 3.0 x baseline": the lower end belongs to grade 1
        return Some(grade.max(u8::from(value >= 1.5 * base * (1.0 - 1e-9))));
    }
    let unit = reference.upper?;
    high(value, Some(unit), [3.0, 5.0, 20.0].map(|times| times * unit))
}

fn creatinine(value: f64, reference: &Reference, with_baseline: bool) -> Option<u8> {
    let unit = reference.upper?;
    let by_limit = high(value, Some(unit), [1.5, 3.0, 6.0].map(|times| times * unit))?;
    let by_baseline = reference
        .baseline
        .filter(|_| with_baseline)
        .and_then(|base| high(value, None, [1.5 * base, 3.0 * base, f64::INFINITY]));
    Some(by_limit.max(by_baseline.unwrap_or(0)))
}

fn fibrinogen(value: f64, reference: &Reference, fall_needs_low_baseline: bool) -> Option<u8> {
    let limit = reference.lower?;
    let severe = (0.25 * limit).max(0.5);
    let by_limit = low(value, Some(limit), [0.75 * limit, 0.5 * limit, severe])?;
    let fall = reference
        .baseline
        .filter(|&base| by_limit > 0 && (!fall_needs_low_baseline || base < limit))
        .map(|base| (base - value) / base);
    let by_fall = fall.map_or(0, |fall| {
        u8::from(fall > 1e-9)
            + [0.25, 0.5, 0.75].iter().filter(|&&cut| fall >= cut - 1e-9).count() as u8
    });
    Some(by_limit.max(by_fall))
}

/// The limits and the baseline by which a subject's values of a term are graded.
pub fn reference(
    subject: &SubjectRecords<'_>,
    term: LabTerm,
    options: &CtcaeOptions,
) -> Reference {
    let limits = &options.limits;
    let (lower, upper) = match term {
        LabTerm::Neutrophils => (Some(limits.neutrophils_lower), None),
        LabTerm::Platelets => (Some(limits.platelets_lower), None),
        LabTerm::Lymphocytes => (Some(limits.lymphocytes_lower), None),
        LabTerm::WhiteCells => (Some(limits.white_cells_lower), None),
        LabTerm::Anaemia => (Some(limits.haemoglobin_lower), None),
        LabTerm::AlanineAminotransferase | LabTerm::AspartateAminotransferase => {
            (None, Some(limits.aminotransferase_upper))
        }
        LabTerm::Bilirubin => (None, Some(limits.bilirubin_upper)),
        LabTerm::Creatinine => (None, Some(limits.creatinine_upper)),
        LabTerm::Albumin => (Some(limits.albumin_lower), None),
        LabTerm::CalciumHigh | LabTerm::CalciumLow => {
            (Some(limits.calcium_lower), Some(limits.calcium_upper))
        }
        LabTerm::Fibrinogen => (Some(limits.fibrinogen_lower), None),
        LabTerm::Cd4 => (Some(limits.cd4_lower), None),
        LabTerm::ThromboplastinTime => (None, Some(limits.thromboplastin_time_upper)),
        LabTerm::SodiumLow => (Some(limits.sodium_lower), None),
        LabTerm::PotassiumLow => (Some(limits.potassium_lower), None),
        LabTerm::Inr => (None, None),
    };
    let baseline = subject.baseline(term.analyte());
    Reference { lower, upper, baseline: baseline.map(|point| point.value) }
}

impl Reference {
    /// With the limits that the laboratory gave for a value of that day, where it gave any.
    #[must_use]
    pub fn of_laboratory(self, subject: &SubjectRecords<'_>, term: LabTerm, day: f64) -> Self {
        let (lower, upper) = subject.limits_of_normal(term.analyte(), day);
        Self { lower: lower.or(self.lower), upper: upper.or(self.upper), ..self }
    }
}

/// Day of the count by which a cytopenia is called prolonged.
const PROLONGED_DAY: f64 = 30.0;
/// A count may be this much older than day 30 (assumed).
const PROLONGED_LOOK_BACK: f64 = 16.0;

fn prolonged(
    subject: &SubjectRecords<'_>,
    term: LabTerm,
    analyte: Analyte,
    options: &CtcaeOptions,
) -> Option<bool> {
    let series = subject.after_baseline(analyte);
    let last = upto(series, PROLONGED_DAY, |point| point.day).last()?;
    let reference = reference(subject, term, options).of_laboratory(subject, term, last.day);
    let grade = lab_grade(term, last.value, &reference, options)?;
    (PROLONGED_DAY - last.day <= PROLONGED_LOOK_BACK).then_some(grade >= 3)
}

fn nadir(subject: &SubjectRecords<'_>, analyte: Analyte) -> Option<f64> {
    subject.after_baseline(analyte).iter().map(|point| point.value).reduce(f64::min)
}

impl Criterion for Laboratory {
    fn name(&self) -> &'static str {
        "ctcae"
    }

    fn title(&self) -> &'static str {
        "Laboratory grades, CTCAE v5 (neutrophils v5 or v6)"
    }

    fn source(&self) -> &'static str {
        "Common Terminology Criteria for Adverse Events v5.0, NCI 2017"
    }

    fn assess(&self, subject: &SubjectRecords<'_>, rules: &Rules, outcome: &mut SubjectOutcome) {
        let options = &rules.ctcae;
        for term in LabTerm::ALL {
            let values = subject.after_baseline(term.analyte());
            if values.is_empty() {
                continue;
            }
            let reference = reference(subject, term, options);
            let mut worst: Option<LabGrade> = None;
            for point in values {
                let reference = reference.of_laboratory(subject, term, point.day);
                if let Some(grade) = lab_grade(term, point.value, &reference, options)
                    && worst.is_none_or(|found| grade > found.worst)
                {
                    worst = Some(LabGrade { term, worst: grade, day: point.day });
                }
            }
            outcome.lab_grades.extend(worst);
        }
        outcome.cytopenia = Cytopenia {
            neutrophil_nadir: nadir(subject, Analyte::Neutrophils),
            platelet_nadir: nadir(subject, Analyte::Platelets),
            prolonged_neutropenia: prolonged(
                subject,
                LabTerm::Neutrophils,
                Analyte::Neutrophils,
                options,
            ),
            prolonged_thrombocytopenia: prolonged(
                subject,
                LabTerm::Platelets,
                Analyte::Platelets,
                options,
            ),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_versions_grade_the_same_neutrophils_differently() {
        let reference = Reference { lower: Some(2.0), ..Reference::default() };
        let five = CtcaeOptions::default();
        let six = CtcaeOptions { neutrophil_version: CtcaeVersion::Six, ..five };
        assert_eq!(lab_grade(LabTerm::Neutrophils, 0.4, &reference, &five), Some(4));
        assert_eq!(lab_grade(LabTerm::Neutrophils, 0.4, &reference, &six), Some(3));
    }

    #[test]
    fn without_a_limit_mild_and_normal_cannot_be_told_apart() {
        let none = Reference::default();
        let options = CtcaeOptions::default();
        assert_eq!(lab_grade(LabTerm::Neutrophils, 1.6, &none, &options), None);
        assert_eq!(lab_grade(LabTerm::Neutrophils, 1.4, &none, &options), Some(2));
    }

    #[test]
    fn titles_lead_back_to_their_terms() {
        for term in LabTerm::ALL {
            assert_eq!(LabTerm::from_title(term.title()), Some(term));
        }
    }
}
