//! Small symmetric matrices, row by row: linear equations, inverses, quadratic forms.

/// The share of the largest diagonal element below which a pivot counts as zero.
const NOTHING: f64 = 1e-11;

/// A symmetric positive semidefinite matrix taken apart as L D L', with pivots that are nothing
/// left out.
#[derive(Debug, Clone)]
pub(crate) struct Factors {
    size: usize,
    lower: Vec<f64>,
    pivots: Vec<f64>,
}

impl Factors {
    /// Takes apart a matrix of `size` rows.
    ///
    /// # Panics
    /// When the matrix has not `size` times `size` values.
    pub(crate) fn new(matrix: &[f64], size: usize) -> Self {
        assert_eq!(matrix.len(), size * size, "a square matrix");
        let scale: Vec<f64> = (0..size).map(|at| matrix[at * size + at].abs()).collect();
        let mut lower = vec![0.0; size * size];
        let mut pivots = vec![0.0; size];
        for column in 0..size {
            let mut pivot = matrix[column * size + column];
            for earlier in 0..column {
                let factor: f64 = lower[column * size + earlier];
                pivot -= factor * factor * pivots[earlier];
            }
            lower[column * size + column] = 1.0;
            if pivot.is_nan() || pivot <= NOTHING * scale[column] || pivot <= 0.0 {
                continue;
            }
            pivots[column] = pivot;
            for row in column + 1..size {
                let mut value = matrix[row * size + column];
                for earlier in 0..column {
                    value -= lower[row * size + earlier]
                        * lower[column * size + earlier]
                        * pivots[earlier];
                }
                lower[row * size + column] = value / pivot;
            }
        }
        Self { size, lower, pivots }
    }

    /// How many pivots are something.
    pub(crate) fn rank(&self) -> usize {
        self.pivots.iter().filter(|&&pivot| pivot > 0.0).count()
    }

    /// The first row that depends on those before it.
    pub(crate) fn dependent(&self) -> Option<usize> {
        self.pivots.iter().position(|&pivot| pivot <= 0.0)
    }

    /// The solution of the equations with this right side; 0 where a pivot is nothing.
    pub(crate) fn solve(&self, right: &[f64]) -> Vec<f64> {
        let size = self.size;
        let mut values = right.to_vec();
        for row in 0..size {
            for earlier in 0..row {
                values[row] -= self.lower[row * size + earlier] * values[earlier];
            }
        }
        for row in (0..size).rev() {
            if self.pivots[row] <= 0.0 {
                values[row] = 0.0;
                continue;
            }
            values[row] /= self.pivots[row];
            for later in row + 1..size {
                values[row] -= self.lower[later * size + row] * values[later];
            }
        }
        values
    }

    /// The inverse, row by row (a generalised one where a pivot is nothing).
    pub(crate) fn inverse(&self) -> Vec<f64> {
        let size = self.size;
        let mut inverse = vec![0.0; size * size];
        for column in 0..size {
            let mut unit = vec![0.0; size];
            unit[column] = 1.0;
            for (row, value) in self.solve(&unit).into_iter().enumerate() {
                inverse[row * size + column] = value;
            }
        }
        inverse
    }

    /// The quadratic form of a vector with the (generalised) inverse.
    pub(crate) fn quadratic(&self, vector: &[f64]) -> f64 {
        self.solve(vector).iter().zip(vector).map(|(a, b)| a * b).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inverse_undoes_its_matrix() {
        let matrix = [4.0, 2.0, 0.6, 2.0, 5.0, 1.0, 0.6, 1.0, 3.0];
        let inverse = Factors::new(&matrix, 3).inverse();
        for row in 0..3 {
            for column in 0..3 {
                let product: f64 =
                    (0..3).map(|at| matrix[row * 3 + at] * inverse[at * 3 + column]).sum();
                let want = f64::from(u8::from(row == column));
                assert!((product - want).abs() < 1e-14, "{row} {column}: {product}");
            }
        }
    }

    #[test]
    fn a_dependent_row_is_left_out() {
        // rows that add up to nothing, as those of a log-rank test do
        let matrix = [2.0, -1.0, -1.0, -1.0, 2.0, -1.0, -1.0, -1.0, 2.0];
        let factors = Factors::new(&matrix, 3);
        assert_eq!((factors.rank(), factors.dependent()), (2, Some(2)));
        // Moore-Penrose: the form of (1, -1, 0) is 2/3
        assert!((factors.quadratic(&[1.0, -1.0, 0.0]) - 2.0 / 3.0).abs() < 1e-14);
    }
}
