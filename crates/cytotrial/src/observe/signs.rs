//! Signs of cytokine release and neurotoxicity from what the patient feels.
//!
//! The model gives an IL-6 signal, IL-1 and interferon gamma; a patient's own tolerance turns them
//! into temperature, blood pressure, oxygen need and an ICE score. Grades are made later, by the
//! published rules, from these signs alone. Thresholds: reference model, section 5.

use records::Analyte;
use stats::math::{exp, ln};
use stats::stream::Stream;

use super::Observer;

/// Thresholds and shapes of the signs, from `models/rrmm-signs.parameters.csv`; symbols there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignThresholds {
    fever: f64,
    fever_base: f64,
    fever_slope: f64,
    temperature_normal: f64,
    hypotension: f64,
    vasopressor: f64,
    multiple_vasopressor: f64,
    pressure_normal: f64,
    pressure_hypotension: f64,
    hypoxia: f64,
    high_flow: f64,
    ventilation: f64,
    saturation_normal: f64,
    saturation_hypoxia: f64,
    tolerance_sigma: f64,
    oxygen_sigma: f64,
    icans: [f64; 3],
    icans_grades: [f64; 3],
}

impl SignThresholds {
    /// The thresholds from named values.
    pub fn from_values(value: impl Fn(&str) -> f64) -> Self {
        Self {
            fever: value("crs_fever_il6"),
            fever_base: value("fever_base"),
            fever_slope: value("fever_degree_per_log10"),
            temperature_normal: value("temperature_normal"),
            hypotension: value("crs_hypotension_il6"),
            vasopressor: value("crs_vasopressor_il6"),
            multiple_vasopressor: value("crs_multiple_vasopressor_il6"),
            pressure_normal: value("pressure_normal"),
            pressure_hypotension: value("pressure_hypotension"),
            hypoxia: value("crs_hypoxia_il6"),
            high_flow: value("crs_high_flow_il6"),
            ventilation: value("crs_ventilation_il6"),
            saturation_normal: value("saturation_normal"),
            saturation_hypoxia: value("saturation_hypoxia"),
            tolerance_sigma: value("crs_tolerance_sigma"),
            oxygen_sigma: value("crs_oxygen_tolerance_sigma"),
            icans: [value("icans_intercept"), value("icans_il1"), value("icans_ifng")],
            icans_grades: [value("icans_grade2"), value("icans_grade3"), value("icans_grade4")],
        }
    }
}

/// What makes a patient feel more or less of the same cytokines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    circulation: f64,
    lungs: f64,
    brain: f64,
}

impl Tolerance {
    /// The tolerance of a patient, from the patient's stream for signs.
    pub fn draw(thresholds: &SignThresholds, stream: Stream) -> Self {
        let circulation = exp(thresholds.tolerance_sigma * stream.normal(0));
        let lungs = circulation * exp(thresholds.oxygen_sigma * stream.normal(1));
        let uniform = stream.uniform(2);
        Self { circulation, lungs, brain: ln(uniform / (1.0 - uniform)) }
    }
}

/// The signs of a patient now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Signs {
    /// Body temperature, degC.
    pub temperature: f64,
    /// Systolic pressure, mmHg.
    pub systolic: f64,
    /// Oxygen saturation on air, %.
    pub saturation: f64,
    /// Code of [`Analyte::OxygenDevice`].
    pub device: u8,
    /// Oxygen flow, L/min.
    pub flow: f64,
    /// Vasopressors in use.
    pub vasopressors: u8,
    /// ICE score.
    pub ice: u8,
    /// Code of [`Analyte::Consciousness`].
    pub consciousness: u8,
}

/// The cytokines that signs come from, pg/mL.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cytokines {
    /// Rise of the IL-6 signal, after receptor blockade, over the patient's own baseline.
    pub il6_felt: f64,
    /// IL-1 beta.
    pub il1: f64,
    /// Interferon gamma.
    pub interferon: f64,
}

/// The signs that these cytokines give this patient.
pub fn signs(thresholds: &SignThresholds, tolerance: Tolerance, now: Cytokines) -> Signs {
    let felt = now.il6_felt / tolerance.circulation;
    let lungs = now.il6_felt / tolerance.lungs;
    let (device, flow) = if lungs >= thresholds.ventilation {
        (7, 0.0)
    } else if lungs >= thresholds.high_flow {
        (3, 15.0)
    } else if lungs >= thresholds.hypoxia {
        (1, 3.0)
    } else {
        (0, 0.0)
    };
    let vasopressors = u8::from(felt >= thresholds.vasopressor)
        + u8::from(felt >= thresholds.multiple_vasopressor);
    let (ice, consciousness) = brain(thresholds, tolerance, now);
    Signs {
        temperature: temperature(thresholds, felt / thresholds.fever),
        systolic: falling(
            felt / thresholds.hypotension,
            [thresholds.pressure_normal, NO_HYPOTENSION, thresholds.pressure_hypotension],
        ),
        saturation: falling(
            lungs / thresholds.hypoxia,
            [thresholds.saturation_normal, NO_HYPOXIA, thresholds.saturation_hypoxia],
        ),
        device,
        flow,
        vasopressors,
        ice,
        consciousness,
    }
}

/// Pressure and saturation just before their threshold, mmHg and %: assumed, still normal.
const NO_HYPOTENSION: f64 = 100.0;
const NO_HYPOXIA: f64 = 94.0;

/// Normal at rest, fever exactly at the threshold, more per tenfold signal above it; at most 41.5.
fn temperature(thresholds: &SignThresholds, relative: f64) -> f64 {
    if relative < 1.0 {
        let rise = thresholds.fever_base - 0.3 - thresholds.temperature_normal;
        thresholds.temperature_normal + rise * relative
    } else {
        let tenfolds = ln(relative) / core::f64::consts::LN_10;
        (thresholds.fever_base + thresholds.fever_slope * tenfolds).min(41.5)
    }
}

/// From `normal` towards `edge` as the signal nears its threshold, `broken` beyond it.
fn falling(relative: f64, [normal, edge, broken]: [f64; 3]) -> f64 {
    if relative < 1.0 { normal - (normal - edge) * relative * relative } else { broken }
}

/// ICE score and consciousness: the drive on a logistic scale against the patient's own draw.
fn brain(thresholds: &SignThresholds, tolerance: Tolerance, now: Cytokines) -> (u8, u8) {
    let log10 = |value: f64| ln(value.max(1e-3)) / core::f64::consts::LN_10;
    let [intercept, il1, interferon] = thresholds.icans;
    let drive = intercept + il1 * log10(now.il1) + interferon * log10(now.interferon);
    let excess = drive - tolerance.brain;
    let [moderate, severe, unarousable] = thresholds.icans_grades;
    if excess < 0.0 {
        (10, 0)
    } else if excess < moderate {
        (8, 0)
    } else if excess < severe {
        (5, 2)
    } else if excess < unarousable {
        (1, 3)
    } else {
        (0, 4)
    }
}

/// The signs that are measured with an error.
pub const NOISY: [Analyte; 3] =
    [Analyte::Temperature, Analyte::SystolicPressure, Analyte::OxygenSaturation];

/// Writes the signs: the common ones always, the rest when they are not normal.
pub fn write(observer: &mut Observer<'_>, signs: &Signs) {
    // 0.15 C of a tympanic thermometer, 4 mmHg of a cuff, 0.7 % of an oximeter: assumed.
    let noise = |observer: &Observer<'_>, analyte, sd: f64| sd * observer.normal(analyte);
    let temperature = signs.temperature + noise(observer, Analyte::Temperature, 0.15);
    observer.write(Analyte::Temperature, (temperature * 10.0).round() / 10.0);
    let systolic = signs.systolic + noise(observer, Analyte::SystolicPressure, 4.0);
    observer.write(Analyte::SystolicPressure, systolic.round());
    let saturation = signs.saturation + noise(observer, Analyte::OxygenSaturation, 0.7);
    observer.write(Analyte::OxygenSaturation, saturation.round().min(100.0));
    observer.write(Analyte::IceScore, f64::from(signs.ice));
    if signs.device > 0 {
        observer.write(Analyte::OxygenDevice, f64::from(signs.device));
        observer.write(Analyte::OxygenFlow, signs.flow);
    }
    if signs.vasopressors > 0 {
        observer.write(Analyte::Vasopressors, f64::from(signs.vasopressors));
    }
    if signs.consciousness > 0 {
        observer.write(Analyte::Consciousness, f64::from(signs.consciousness));
    }
}
