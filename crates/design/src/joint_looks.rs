//! Responses and DLTs looked at several times: exact probabilities of stopping.

use crate::truth::Truth;

/// When to stop at each look.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct JointBounds {
    /// Patients at each look, rising; the last is the end of the trial.
    pub looks: Vec<u32>,
    /// Stop with so many responses or fewer; `None` for never.
    pub response_at_most: Vec<Option<u32>>,
    /// Stop with so many DLTs or more; `None` for never.
    pub dlts_at_least: Vec<Option<u32>>,
}

/// What happens at true rates.
#[derive(Debug, Clone, PartialEq)]
pub struct JointCourse {
    /// The probability of passing every look, the last included.
    pub promising: f64,
    /// The probability of stopping before the last look.
    pub stopped_early: f64,
    /// The mean number of patients.
    pub mean_patients: f64,
}

impl JointBounds {
    /// The probabilities when DLTs and responses are independent.
    pub fn course(&self, response: f64, toxicity: f64) -> JointCourse {
        let truth = Truth::independent(&[toxicity.clamp(0.0, 1.0)], &[response.clamp(0.0, 1.0)]);
        self.course_of(truth.expect("rates between 0 and 1").doses[0].cells())
    }

    /// The probabilities by those of neither, a response alone, a DLT alone, and both.
    pub fn course_of(&self, cells: [f64; 4]) -> JointCourse {
        let last = *self.looks.last().unwrap_or(&0);
        let width = last as usize + 1;
        // Without DLTs there is one column only.
        let has_dlts = cells[2] + cells[3] > 0.0;
        let mut states = vec![vec![0.0; width]; if has_dlts { width } else { 1 }];
        states[0][0] = 1.0;
        let mut result = JointCourse { promising: 0.0, stopped_early: 0.0, mean_patients: 0.0 };
        for patient in 1..=last {
            step(&mut states, cells, patient as usize);
            let Some(look) = self.looks.iter().position(|&look| look == patient) else { continue };
            let mut stopped = 0.0;
            for (dlts, row) in states.iter_mut().enumerate() {
                let is_toxic = self.dlts_at_least[look].is_some_and(|least| dlts as u32 >= least);
                for (responses, probability) in row.iter_mut().enumerate() {
                    let is_futile =
                        self.response_at_most[look].is_some_and(|most| responses as u32 <= most);
                    if is_toxic || is_futile {
                        stopped += *probability;
                        *probability = 0.0;
                    }
                }
            }
            result.mean_patients += stopped * f64::from(patient);
            if patient < last {
                result.stopped_early += stopped;
            }
        }
        result.promising = states.iter().flatten().sum();
        result.mean_patients += result.promising * f64::from(last);
        result
    }
}

/// One more patient: rows are DLTs, columns responses.
fn step(states: &mut [Vec<f64>], [neither, response, dlt, both]: [f64; 4], patient: usize) {
    for dlts in (0..states.len().min(patient + 1)).rev() {
        for responses in (0..=patient).rev() {
            let mut sum = states[dlts][responses] * neither;
            if responses > 0 {
                sum += states[dlts][responses - 1] * response;
            }
            if dlts > 0 {
                sum += states[dlts - 1][responses] * dlt;
                if responses > 0 {
                    sum += states[dlts - 1][responses - 1] * both;
                }
            }
            states[dlts][responses] = sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::looks::Bounds;

    #[test]
    fn without_toxicity_it_is_the_walk_of_one_outcome() {
        let joint = JointBounds {
            looks: vec![10, 25],
            response_at_most: vec![Some(1), Some(6)],
            dlts_at_least: vec![None, None],
        };
        let alone =
            Bounds { looks: vec![10, 25], low: vec![Some(1), Some(6)], high: vec![None, None] };
        for rate in [0.1, 0.3] {
            let (joint, alone) = (joint.course(rate, 0.2), alone.course(rate));
            assert!((joint.promising - alone.passed).abs() < 1e-13);
            assert!((joint.mean_patients - alone.mean_patients).abs() < 1e-12);
        }
    }
}
