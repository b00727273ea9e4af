//! What is true of the doses in a simulated trial: rates of DLTs and responses, and how they go
//! together.

/// The rates at one dose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DoseTruth {
    /// The probability of a DLT.
    pub toxicity: f64,
    /// The probability of a response.
    pub response: f64,
    /// The probability of both in one patient.
    pub both: f64,
}

impl DoseTruth {
    /// The probabilities of neither, a response alone, a DLT alone, and both.
    pub fn cells(&self) -> [f64; 4] {
        let Self { toxicity, response, both } = *self;
        // Rounding may leave a cell a hair below zero.
        let neither = 1.0 - toxicity - response + both;
        [neither, response - both, toxicity - both, both].map(|cell| cell.max(0.0))
    }
}

/// The rates at every dose, lowest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// The doses.
    pub doses: Vec<DoseTruth>,
}

/// Why rates are no truth.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TruthError {
    /// A rate outside 0 to 1.
    #[error("the {of} rate of dose {dose} is {found}; a rate lies between 0 and 1")]
    Rate {
        /// `DLT` or `response`.
        of: &'static str,
        /// The dose, from 1.
        dose: usize,
        /// The value found.
        found: f64,
    },
    /// Lists of different lengths.
    #[error("{toxicity} DLT rates and {response} response rates; both need one per dose")]
    Lengths {
        /// How many DLT rates.
        toxicity: usize,
        /// How many response rates.
        response: usize,
    },
    /// No dose at all.
    #[error("a truth needs at least one dose")]
    Empty,
    /// An odds ratio that is not positive.
    #[error("the odds ratio is {0}; it must be above 0 (1 is independence)")]
    OddsRatio(f64),
}

impl Truth {
    /// DLT rates alone; nobody responds.
    pub fn of_toxicity(toxicity: &[f64]) -> Result<Self, TruthError> {
        Self::independent(toxicity, &vec![0.0; toxicity.len()])
    }

    /// DLTs and responses that have nothing to do with each other.
    pub fn independent(toxicity: &[f64], response: &[f64]) -> Result<Self, TruthError> {
        Self::with_odds_ratio(toxicity, response, 1.0)
    }

    /// DLTs and responses with an odds ratio between them, the same at every dose: above 1, who
    /// responds has more often a DLT.
    ///
    /// Plackett, J Am Stat Assoc 1965;60:516-522.
    pub fn with_odds_ratio(
        toxicity: &[f64],
        response: &[f64],
        odds: f64,
    ) -> Result<Self, TruthError> {
        if toxicity.len() != response.len() {
            let (toxicity, response) = (toxicity.len(), response.len());
            return Err(TruthError::Lengths { toxicity, response });
        }
        if toxicity.is_empty() {
            return Err(TruthError::Empty);
        }
        if odds.is_nan() || odds <= 0.0 || odds.is_infinite() {
            return Err(TruthError::OddsRatio(odds));
        }
        for (of, rates) in [("DLT", toxicity), ("response", response)] {
            for (place, &found) in rates.iter().enumerate() {
                if !(0.0..=1.0).contains(&found) {
                    return Err(TruthError::Rate { of, dose: place + 1, found });
                }
            }
        }
        let rates = toxicity.iter().zip(response);
        let dose = |(&toxicity, &response): (&f64, &f64)| DoseTruth {
            toxicity,
            response,
            both: joint(toxicity, response, odds),
        };
        Ok(Self { doses: rates.map(dose).collect() })
    }

    /// The DLT rates.
    pub fn toxicity(&self) -> Vec<f64> {
        self.doses.iter().map(|dose| dose.toxicity).collect()
    }

    /// The response rates.
    pub fn response(&self) -> Vec<f64> {
        self.doses.iter().map(|dose| dose.response).collect()
    }
}

/// The probability of both events, by their rates and their odds ratio.
fn joint(first: f64, second: f64, odds: f64) -> f64 {
    let more = odds - 1.0;
    if more.abs() < 1e-9 {
        return first * second;
    }
    let sum = 1.0 + (first + second) * more;
    let root = (sum * sum - 4.0 * odds * more * first * second).max(0.0).sqrt();
    // The smaller root, in the form without cancellation.
    let both = 2.0 * odds * first * second / (sum + root);
    both.clamp((first + second - 1.0).max(0.0), first.min(second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_odds_ratio_is_kept() {
        for odds in [0.1, 0.8, 1.0, 2.5, 40.0] {
            let truth = Truth::with_odds_ratio(&[0.2, 0.5], &[0.4, 0.1], odds).unwrap();
            for dose in &truth.doses {
                let [neither, response, dlt, both] = dose.cells();
                assert!((neither * both / (response * dlt) / odds - 1.0).abs() < 1e-9);
                assert!((neither + response + dlt + both - 1.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn rates_outside_zero_to_one_are_refused() {
        let message = |result: Result<Truth, TruthError>| result.unwrap_err().to_string();
        assert!(message(Truth::of_toxicity(&[0.1, 30.0])).contains("dose 2 is 30"));
        assert!(message(Truth::of_toxicity(&[])).contains("at least one dose"));
        assert!(message(Truth::independent(&[0.1], &[0.1, 0.2])).contains("1 DLT rates and 2"));
        assert!(message(Truth::with_odds_ratio(&[0.1], &[0.1], 0.0)).contains("odds ratio is 0"));
    }
}
