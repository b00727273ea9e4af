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

/// Chooses up to `most` terms one by one, each time the one that leaves the least unexplained, and
/// fits them together. `candidates` holds a column per term, as long as `values`. `None` when the
/// values do not differ, or are too few for one term.
pub fn forward(values: &[f64], candidates: &[Vec<f64>], most: usize) -> Option<Fit> {
    let rows = values.len();
    let most = most.min(rows.saturating_sub(2) / 3);
    let total = sum_of_squares(&centred(values));
    if most == 0 || total <= 1e-12 {
        return None;
    }
    let mut left: Vec<Vec<f64>> = candidates.iter().map(|column| centred(column)).collect();
    let sizes: Vec<f64> = left.iter().map(|column| sum_of_squares(column)).collect();
    let mut residual = centred(values);
    let mut terms = Vec::new();
    while terms.len() < most {
        let mut best: Option<(usize, f64)> = None;
        for (place, column) in left.iter().enumerate() {
            let size = sum_of_squares(column);
            // What the chosen terms already say is no new term.
            if terms.contains(&place) || size <= 1e-9 * sizes[place] || size <= 0.0 {
                continue;
            }
            let along = product(column, &residual);
            let gain = along * along / size;
            if best.is_none_or(|(_, most)| gain > most) {
                best = Some((place, gain));
            }
        }
        let Some((chosen, gain)) = best else { break };
        if gain <= 1e-12 * total {
            break;
        }
        terms.push(chosen);
        let direction = left[chosen].clone();
        remove(&mut residual, &direction);
        for column in &mut left {
            remove(column, &direction);
        }
    }
    (!terms.is_empty()).then(|| joint(values, candidates, terms, total))?
}

/// All terms together.
fn joint(values: &[f64], candidates: &[Vec<f64>], terms: Vec<usize>, total: f64) -> Option<Fit> {
    let columns: Vec<Vec<f64>> = terms.iter().map(|term| centred(&candidates[*term])).collect();
    let residual = centred(values);
    let matrix: Vec<Vec<f64>> =
        columns.iter().map(|a| columns.iter().map(|b| product(a, b)).collect()).collect();
    let inverse = inverse(&matrix)?;
    let moments: Vec<f64> = columns.iter().map(|column| product(column, &residual)).collect();
    let estimates: Vec<f64> = inverse.iter().map(|row| product(row, &moments)).collect();
    let unexplained = (total - product(&estimates, &moments)).max(0.0);
    let freedom = values.len() - 1 - terms.len();
    let noise = unexplained / freedom as f64;
    let coefficients = estimates
        .iter()
        .enumerate()
        .map(|(place, estimate)| [*estimate, (noise * inverse[place][place]).sqrt()])
        .collect();
    let mean = |column: &[f64]| column.iter().sum::<f64>() / column.len() as f64;
    let moved: f64 =
        terms.iter().zip(&estimates).map(|(term, b)| b * mean(&candidates[*term])).sum();
    Some(Fit {
        terms,
        coefficients,
        intercept: mean(values) - moved,
        explained: 1.0 - unexplained / total,
        freedom,
    })
}

fn centred(values: &[f64]) -> Vec<f64> {
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    values.iter().map(|value| value - mean).collect()
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn sum_of_squares(values: &[f64]) -> f64 {
    product(values, values)
}

/// Takes out of a column what lies along a direction.
fn remove(column: &mut [f64], direction: &[f64]) {
    let share = product(column, direction) / sum_of_squares(direction);
    for (value, along) in column.iter_mut().zip(direction) {
        *value -= share * along;
    }
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
        let fit = forward(&values, &columns, 10).unwrap();
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
        assert_eq!(forward(&[0.3; 50], &[vec![1.0; 50]], 10), None);
        let column: Vec<f64> = (0..50).map(f64::from).collect();
        let fit = forward(&column, &[column.clone(), column.clone()], 10).unwrap();
        assert_eq!(fit.terms, [0]);
    }
}
