//! Skeletons of the continual reassessment method, by the width of the indifference interval.
//!
//! Lee and Cheung, Clin Trials 2009;6:227-238; the recursion of the R package dfcrm (getprior).

use stats::math::{exp, ln};

use crate::design::{DesignError, is_rate, within};

/// The working model whose parameter is estimated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// The skeleton to the power exp(b).
    #[default]
    Power,
    /// Logistic with a fixed intercept and the slope exp(b).
    Logistic,
    /// Logistic with the intercept a and the slope exp(b), both estimated.
    TwoParameter,
}

/// The logistic function.
pub(crate) fn logistic(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + exp(-x))
    } else {
        let odds = exp(x);
        odds / (1.0 + odds)
    }
}

/// The logarithm of the odds of a rate.
pub(crate) fn logit(rate: f64) -> f64 {
    ln(rate / (1.0 - rate))
}

/// Guesses of the DLT rate at every level, such that the level recommended is right for rates
/// within `half_width` of the target when `prior_mtd` (from 1) is the guess of the maximum
/// tolerated dose. `intercept` is that of the logistic model.
pub fn skeleton(
    half_width: f64,
    target: f64,
    prior_mtd: usize,
    levels: usize,
    model: Model,
    intercept: f64,
) -> Result<Vec<f64>, DesignError> {
    is_rate("target", target)?;
    let widest = target.min(1.0 - target);
    within("half-width", half_width, half_width > 0.0 && half_width < widest, || {
        format!("above 0 and below {widest:.3}")
    })?;
    within("prior-mtd", prior_mtd as f64, (1..=levels).contains(&prior_mtd), || {
        format!("a level from 1 to {levels}")
    })?;
    // On a scale on which the model multiplies by exp(b).
    let scale = |rate: f64| match model {
        Model::Power => ln(rate),
        Model::Logistic | Model::TwoParameter => logit(rate) - intercept,
    };
    let rate_of = |x: f64| match model {
        Model::Power => exp(x),
        Model::Logistic | Model::TwoParameter => logistic(x + intercept),
    };
    let (low, high) = (scale(target - half_width), scale(target + half_width));
    let mut scaled = vec![0.0; levels];
    scaled[prior_mtd - 1] = scale(target);
    for level in (0..prior_mtd - 1).rev() {
        scaled[level] = low * scaled[level + 1] / high;
    }
    for level in prior_mtd..levels {
        scaled[level] = high * scaled[level - 1] / low;
    }
    let mut rates: Vec<f64> = scaled.into_iter().map(rate_of).collect();
    rates[prior_mtd - 1] = target;
    Ok(rates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prior_guess_can_be_the_lowest_or_the_highest_level() {
        for model in [Model::Power, Model::Logistic] {
            for prior_mtd in [1, 5] {
                let rates = skeleton(0.05, 0.25, prior_mtd, 5, model, 3.0).unwrap();
                assert!(rates.windows(2).all(|pair| pair[0] < pair[1]), "{rates:?}");
                assert!((rates[prior_mtd - 1] - 0.25).abs() < 1e-15);
            }
        }
        let message = skeleton(0.3, 0.25, 1, 5, Model::Power, 3.0).unwrap_err().to_string();
        assert!(message.contains("`half-width` is 0.3"), "{message}");
    }
}
