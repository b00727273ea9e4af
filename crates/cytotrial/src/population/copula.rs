//! A Gaussian copula: correlated normal scores whose marginal laws are chosen elsewhere.

/// The lower Cholesky factor of a correlation matrix.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Copula {
    /// Rows of the factor, one after the other: 1 entry, 2 entries, and so on.
    factor: Vec<f64>,
    size: usize,
}

/// A pivot below this counts as not positive.
const SMALLEST_PIVOT: f64 = 1e-9;

impl Copula {
    /// The factor of a symmetric matrix with ones on its diagonal, given row by row.
    ///
    /// # Errors
    /// The row at which the matrix turns out not to be positive definite.
    pub fn new(matrix: &[Vec<f64>]) -> Result<Self, usize> {
        let size = matrix.len();
        let mut factor: Vec<f64> = Vec::with_capacity(size * (size + 1) / 2);
        for (row, given) in matrix.iter().enumerate() {
            let start = factor.len();
            for column in 0..=row {
                let above = column * (column + 1) / 2;
                let known: f64 = (0..column).map(|k| factor[start + k] * factor[above + k]).sum();
                let rest = given[column] - known;
                if column < row {
                    factor.push(rest / factor[above + column]);
                } else if rest > SMALLEST_PIVOT {
                    factor.push(rest.sqrt());
                } else {
                    return Err(row);
                }
            }
        }
        Ok(Self { factor, size })
    }

    /// Turns independent normal scores into correlated ones, in place.
    pub fn correlate(&self, scores: &mut [f64]) {
        for row in (0..self.size).rev() {
            let start = row * (row + 1) / 2;
            scores[row] = (0..=row).map(|k| self.factor[start + k] * scores[k]).sum();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_scores_get_the_correlation_asked_for() {
        let copula = Copula::new(&[vec![1.0, 0.6], vec![0.6, 1.0]]).unwrap();
        let mut scores = [1.0, 2.0];
        copula.correlate(&mut scores);
        // By hand: 0.6 x 1 + sqrt(1 - 0.36) x 2.
        assert!((scores[0] - 1.0).abs() < 1e-15 && (scores[1] - 2.2).abs() < 1e-15);
    }

    #[test]
    fn correlations_that_contradict_each_other_are_refused() {
        let matrix = [vec![1.0, 0.9, 0.9], vec![0.9, 1.0, -0.9], vec![0.9, -0.9, 1.0]];
        assert_eq!(Copula::new(&matrix), Err(2));
    }
}
