//! Several designs under the same truths, with the same patients.

use crate::characteristics::{Characteristics, Plan, PlanError, exact, simulate, warnings};
use crate::design::Design;
use crate::truth::Truth;

/// How characteristics are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// By enumeration.
    Exact,
    /// By simulated trials: the same seed gives every design the same patients.
    Simulated {
        /// The seed.
        seed: u64,
        /// How many trials.
        trials: u32,
    },
}

/// One design under one truth.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What the design is called here.
    pub design: String,
    /// What the truth is called here.
    pub truth: String,
    /// How it does.
    pub characteristics: Characteristics,
    /// What must be told with it.
    pub warnings: Vec<String>,
}

/// Every design under every truth, truth by truth.
pub fn compare(
    designs: &[(String, Box<dyn Design>)],
    truths: &[(String, Truth)],
    plan: Plan,
    method: Method,
) -> Result<Vec<Comparison>, PlanError> {
    let mut result = Vec::new();
    for (truth_name, truth) in truths {
        for (name, design) in designs {
            let characteristics = match method {
                Method::Exact => exact(design.as_ref(), truth, plan)?,
                Method::Simulated { seed, trials } => {
                    simulate(design.as_ref(), truth, plan, seed, trials)?
                }
            };
            result.push(Comparison {
                design: name.clone(),
                truth: truth_name.clone(),
                warnings: warnings(design.as_ref(), truth, &characteristics),
                characteristics,
            });
        }
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::ALL;

    #[test]
    fn designs_that_are_one_have_the_same_trials() {
        let design = |name: &str, settings: &str| {
            let entry = ALL.iter().find(|entry| entry.name == name).unwrap();
            (name.to_owned(), (entry.from_toml)(settings).unwrap())
        };
        // The keyboard and mTPI-2 differ in name only, away from ties.
        let designs = [
            design("keyboard", "target = 0.25"),
            design("mtpi2", "target = 0.25"),
            design("boin", "target = 0.25"),
        ];
        let truths = [
            ("rising".to_owned(), Truth::of_toxicity(&[0.1, 0.25, 0.4]).unwrap()),
            ("flat".to_owned(), Truth::of_toxicity(&[0.05; 3]).unwrap()),
        ];
        let method = Method::Simulated { seed: 4, trials: 300 };
        let rows = compare(&designs, &truths, Plan::new(3, 18), method).unwrap();
        assert_eq!(rows.len(), 6);
        assert_eq!(rows[0].characteristics.patients, rows[1].characteristics.patients);
        assert!(rows[0].warnings.is_empty() && rows[3].warnings.len() == 1);
        let exact = compare(&designs, &truths, Plan::new(3, 12), Method::Exact).unwrap();
        assert!(exact.iter().all(|row| row.characteristics.errors.is_none()));
    }
}
