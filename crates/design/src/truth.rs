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
    /// The probability of a deep response, which is among the responses; `None` if nothing is said
    /// of depth. How deep a response is has nothing to do with DLTs.
    pub deep: Option<f64>,
}

impl DoseTruth {
    /// The probabilities of neither, a response alone, a DLT alone, and both.
    pub fn cells(&self) -> [f64; 4] {
        let Self { toxicity, response, both, .. } = *self;
        // Rounding may leave a cell a hair below zero.
        let neither = 1.0 - toxicity - response + both;
        [neither, response - both, toxicity - both, both].map(|cell| cell.max(0.0))
    }

    /// Whether a patient has a DLT, a response, and a deep one, by two draws between 0 and 1.
    pub fn outcomes(&self, first: f64, second: f64) -> (bool, bool, bool) {
        let has_dlt = first < self.toxicity;
        // The chance of a response, given whether there is a DLT.
        let joint = if has_dlt { self.both } else { self.response - self.both };
        let given = if has_dlt { self.toxicity } else { 1.0 - self.toxicity };
        let depth = self.deep.unwrap_or(0.0);
        let has_deep = second * given * self.response < joint * depth;
        (has_dlt, second * given < joint, has_deep)
    }

    /// The probabilities of no response, a shallow one and a deep one, each without and with a DLT.
    pub fn cells_by_depth(&self) -> [f64; 6] {
        let [neither, response, dlt, both] = self.cells();
        let deep = self.deep.unwrap_or(0.0);
        let share = if self.response > 0.0 { (deep / self.response).min(1.0) } else { 0.0 };
        let cut = |all: f64| (all * (1.0 - share), all * share);
        let (alone, both) = (cut(response), cut(both));
        [neither, alone.0, alone.1, dlt, both.0, both.1]
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
        /// `DLT`, `response` or `deep response`.
        of: &'static str,
        /// The dose, from 1.
        dose: usize,
        /// The value found.
        found: f64,
    },
    /// More deep responses than responses.
    #[error(
        "{deep} of the patients at dose {dose} have a deep response, but only {response} have any"
    )]
    Depth {
        /// The dose, from 1.
        dose: usize,
        /// The rate of deep responses.
        deep: f64,
        /// The rate of all responses.
        response: f64,
    },
    /// Rates of deep responses for another number of doses.
    #[error("{deep} rates of deep responses for {doses} doses; give one per dose")]
    Depths {
        /// How many rates.
        deep: usize,
        /// How many doses.
        doses: usize,
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
            deep: None,
        };
        Ok(Self { doses: rates.map(dose).collect() })
    }

    /// The same with rates of deep responses, such as complete ones among all.
    pub fn with_deep(mut self, deep: &[f64]) -> Result<Self, TruthError> {
        if deep.len() != self.doses.len() {
            return Err(TruthError::Depths { deep: deep.len(), doses: self.doses.len() });
        }
        for (place, (dose, &deep)) in self.doses.iter_mut().zip(deep).enumerate() {
            if !(0.0..=1.0).contains(&deep) {
                let of = "deep response";
                return Err(TruthError::Rate { of, dose: place + 1, found: deep });
            }
            if deep > dose.response {
                let response = dose.response;
                return Err(TruthError::Depth { dose: place + 1, deep, response });
            }
            dose.deep = Some(deep);
        }
        Ok(self)
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
    fn deep_responses_are_among_the_responses() {
        let truth = Truth::with_odds_ratio(&[0.2], &[0.5], 3.0).unwrap();
        let dose = truth.clone().with_deep(&[0.2]).unwrap().doses[0];
        let [_, shallow, deep, dlt, both, deep_and_dlt] = dose.cells_by_depth();
        assert!((shallow + deep + both + deep_and_dlt - 0.5).abs() < 1e-15);
        assert!((deep + deep_and_dlt - 0.2).abs() < 1e-15);
        assert!((dlt + both + deep_and_dlt - 0.2).abs() < 1e-15);
        // The draws fall into the cells in their shares.
        let mut counts = [0.0; 6];
        let points = |place: u32| (f64::from(place) + 0.5) / 400.0;
        for (first, second) in (0..160_000).map(|at| (points(at / 400), points(at % 400))) {
            let (has_dlt, responds, is_deep) = dose.outcomes(first, second);
            assert!(responds || !is_deep);
            let place = usize::from(responds) + usize::from(is_deep) + 3 * usize::from(has_dlt);
            counts[place] += 1.0 / 160_000.0;
        }
        for (got, want) in counts.iter().zip(dose.cells_by_depth()) {
            assert!((got - want).abs() < 2e-3, "{got} for {want}");
        }
        let message = |deep: &[f64]| truth.clone().with_deep(deep).unwrap_err().to_string();
        assert!(message(&[0.6]).contains("0.6 of the patients at dose 1"));
        assert!(message(&[0.1, 0.1]).contains("2 rates of deep responses for 1 doses"));
        assert!(message(&[20.0]).contains("the deep response rate of dose 1 is 20"));
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
