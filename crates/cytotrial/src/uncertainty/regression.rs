//! Least squares for a few terms, and the terms that are worth having.

/// A joint fit of an intercept and some terms.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The terms by their place among the candidates, in the order in which they were chosen.
    pub terms: Vec<usize>,
    /// Coefficient and standard error of each.
    pub coefficients: Vec<[f64; 2]>,
    /// Value where every term is 0.
    pub intercept: f64,
    /// Share of the variance that the terms explain.
    pub explained: f64,
    /// Values less intercept and terms.
    pub freedom: usize,
}

/// Terms that may be chosen, a column each, and what they have in common.
#[derive(Debug, Clone)]
pub struct Candidates {
    /// The columns less their means.
    columns: Vec<Vec<f64>>,
    means: Vec<f64>,
    /// The products of every two columns.
    products: Vec<Vec<f64>>,
}

impl Candidates {
    /// A column per term, all of one length.
    pub fn new(columns: &[Vec<f64>]) -> Self {
        let means: Vec<f64> = columns.iter().map(|column| mean(column)).collect();
        let columns: Vec<Vec<f64>> = columns.iter().map(|column| centred(column)).collect();
        let mut products = vec![vec![0.0; columns.len()]; columns.len()];
        for i in 0..columns.len() {
            for j in 0..=i {
                products[i][j] = product(&columns[i], &columns[j]);
                products[j][i] = products[i][j];
            }
        }
        Self { columns, means, products }
    }

    /// Chooses up to `most` terms one by one, each time the one that leaves the least unexplained,
    /// and fits them together. `None` when the values do not differ, or are too few for one term.
    pub fn forward(&self, values: &[f64], most: usize) -> Option<Fit> {
        let most = most.min(values.len().saturating_sub(2) / 3);
        let centred = centred(values);
        let total = product(&centred, &centred);
        if most == 0 || total <= 1e-12 {
            return None;
        }
        let moments: Vec<f64> =
            self.columns.iter().map(|column| product(column, &centred)).collect();
        let terms = self.choose(&moments, total, most);
        (!terms.is_empty()).then(|| self.joint(values, &moments, terms, total))?
    }

    /// The terms in the order of choice. What is left of the columns and of the values once the
    /// chosen terms are taken out is followed by their products alone (a sweep of the normal
    /// equations: Goodnight, Am Stat 1979;33:149-158).
    fn choose(&self, moments: &[f64], total: f64, most: usize) -> Vec<usize> {
        let mut left = self.products.clone();
        let mut along = moments.to_vec();
        let mut terms: Vec<usize> = Vec::new();
        while terms.len() < most {
            let mut best: Option<(usize, f64)> = None;
            for (place, moment) in along.iter().enumerate() {
                let size = left[place][place];
                // What the chosen terms already say is no new term.
                let is_said = size <= 1e-9 * self.products[place][place] || size <= 0.0;
                if terms.contains(&place) || is_said {
                    continue;
                }
                let gain = moment * moment / size;
                if best.is_none_or(|(_, most)| gain > most) {
                    best = Some((place, gain));
                }
            }
            let Some((chosen, _)) = best.filter(|(_, gain)| *gain > 1e-12 * total) else { break };
            terms.push(chosen);
            let direction = left[chosen].clone();
            let size = direction[chosen];
            let step = along[chosen] / size;
            for (moment, product) in along.iter_mut().zip(&direction) {
                *moment -= step * product;
            }
            for (row, &product) in left.iter_mut().zip(&direction) {
                let share = product / size;
                for (value, along) in row.iter_mut().zip(&direction) {
                    *value -= share * along;
                }
            }
        }
        terms
    }

    /// All chosen terms together.
    fn joint(&self, values: &[f64], moments: &[f64], terms: Vec<usize>, total: f64) -> Option<Fit> {
        let row = |a: &usize| terms.iter().map(|b| self.products[*a][*b]).collect();
        let inverse = inverse(&terms.iter().map(row).collect::<Vec<Vec<f64>>>())?;
        let moments: Vec<f64> = terms.iter().map(|term| moments[*term]).collect();
        let estimates: Vec<f64> = inverse.iter().map(|row| product(row, &moments)).collect();
        let unexplained = (total - product(&estimates, &moments)).max(0.0);
        let freedom = values.len() - 1 - terms.len();
        let noise = unexplained / freedom as f64;
        let coefficients = estimates
            .iter()
            .enumerate()
            .map(|(place, estimate)| [*estimate, (noise * inverse[place][place]).sqrt()])
            .collect();
        let moved: f64 = terms.iter().zip(&estimates).map(|(term, b)| b * self.means[*term]).sum();
        Some(Fit {
            terms,
            coefficients,
            intercept: mean(values) - moved,
            explained: 1.0 - unexplained / total,
            freedom,
        })
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn centred(values: &[f64]) -> Vec<f64> {
    let mean = mean(values);
    values.iter().map(|value| value - mean).collect()
}

/// The sum of products, in four interleaved sums: a single one would wait for each addition.
fn product(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (a, b) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

/// The inverse of a symmetric positive matrix by Cholesky; `None` when it is not.
pub(super) fn inverse(matrix: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let size = matrix.len();
    let mut lower = vec![vec![0.0; size]; size];
    for i in 0..size {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| lower[i][k] * lower[j][k]).sum();
            let rest = matrix[i][j] - known;
            if i == j {
                if rest.is_nan() || rest <= 1e-14 * matrix[i][i].abs() {
                    return None;
                }
                lower[i][i] = rest.sqrt();
            } else {
                lower[i][j] = rest / lower[j][j];
            }
        }
    }
    // The inverse is symmetric, so that its columns are its rows.
    let column = |column: usize| {
        let mut solved = vec![0.0; size];
        for i in 0..size {
            let known: f64 = (0..i).map(|k| lower[i][k] * solved[k]).sum();
            solved[i] = (f64::from(u8::from(i == column)) - known) / lower[i][i];
        }
        for i in (0..size).rev() {
            let known: f64 = (i + 1..size).map(|k| lower[k][i] * solved[k]).sum();
            solved[i] = (solved[i] - known) / lower[i][i];
        }
        solved
    };
    Some((0..size).map(column).collect())
}

#[cfg(test)]
mod tests {
    use stats::stream::{Purpose, stream};

    use super::*;

    #[test]
    fn known_coefficients_come_back_within_their_errors() {
        let draws = |row: u32| stream(5, row, 1, Purpose::Unknowns);
        let columns: Vec<Vec<f64>> = (0..80)
            .map(|term| (0..400).map(|row| 2.0 * draws(row).uniform(term) - 1.0).collect())
            .collect();
        let truth = [(3, 0.20), (17, -0.12), (44, 0.08)];
        let values: Vec<f64> = (0..400)
            .map(|row: usize| {
                let moved: f64 = truth.iter().map(|(term, b)| b * columns[*term][row]).sum();
                0.5 + moved + 0.1 * draws(row as u32).normal(1000)
            })
            .collect();
        let fit = Candidates::new(&columns).forward(&values, 10).unwrap();
        assert_eq!(fit.terms[..3], [3, 17, 44]);
        for (place, (_, want)) in truth.iter().enumerate() {
            let [got, error] = fit.coefficients[place];
            // 0.1 over the root of 400 x variance 1/3.
            assert!((error - 0.00866).abs() < 0.001, "{error}");
            assert!((got - want).abs() < 3.5 * error, "{got} against {want}");
        }
        // The others are noise, of ten terms among eighty.
        assert!(fit.coefficients[3..].iter().all(|[b, error]| (b / error).abs() < 4.0));
        assert!((fit.intercept - 0.5).abs() < 0.02 && fit.freedom == 389);
        assert!((0.6..0.9).contains(&fit.explained), "{}", fit.explained);
    }

    #[test]
    fn values_that_do_not_differ_have_no_terms() {
        assert_eq!(Candidates::new(&[vec![1.0; 50]]).forward(&[0.3; 50], 10), None);
        let column: Vec<f64> = (0..50).map(f64::from).collect();
        let both = Candidates::new(&[column.clone(), column.clone()]);
        let fit = both.forward(&column, 10).unwrap();
        assert_eq!(fit.terms, [0]);
    }
}
