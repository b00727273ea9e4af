//! A sparse matrix with a pattern that never changes, taken apart into triangles in a fixed order.
//!
//! The order is found once: always the pivot on the diagonal that makes the least work (Markowitz,
//! Management Sci 1957;3:255-269). There is no exchange of rows for small pivots: the matrix is the
//! Jacobian less a multiple of one that the step size sets, and a step that fails is tried shorter.

use crate::operation::Operation;
use crate::script::{Operand, Script};

/// One operation of taking the matrix apart; numbers are places of entries.
#[derive(Debug, Clone, Copy)]
enum Task {
    /// The pivot becomes its inverse.
    Invert(u32),
    /// An entry below the pivot becomes a multiple of the pivot's row.
    Scale(u32, u32),
    /// target -= left * right
    Update(u32, u32, u32),
}

/// How a matrix with a given pattern is taken apart, and how equations are solved with it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Factor {
    /// Entries, those that fill in included.
    pub(crate) entries: usize,
    /// The place of each diagonal entry.
    pub(crate) diagonal: Vec<u32>,
    /// The place of each entry of the pattern, in its order.
    pub(crate) places: Vec<u32>,
    tasks: Vec<Task>,
    /// Row, multiple, pivot's row: x[row] -= entry * x[pivot], from the first pivot to the last.
    forward: Vec<[u32; 3]>,
    /// From the last pivot to the first: its row, then (entry, row) pairs of the range, its inverse.
    backward: Vec<(u32, std::ops::Range<usize>, u32)>,
    terms: Vec<[u32; 2]>,
}

impl Factor {
    /// Plans for a pattern of (row, column) pairs, to which the diagonal is added.
    pub(crate) fn new(size: usize, pattern: &[(u32, u32)]) -> Self {
        let mut matrix = Pattern::new(size);
        let places: Vec<u32> = pattern
            .iter()
            .map(|&(row, column)| matrix.place(row as usize, column as usize))
            .collect();
        let diagonal: Vec<u32> = (0..size).map(|i| matrix.place(i, i)).collect();
        let mut factor = Self { diagonal, places, ..Self::default() };
        let mut open = vec![true; size];
        let mut order = Vec::with_capacity(size);
        for _ in 0..size {
            let pivot = matrix.cheapest(&open);
            open[pivot] = false;
            order.push(pivot);
            factor.eliminate(pivot, &mut matrix, &open);
        }
        factor.plan_backward(&order, &matrix);
        factor.entries = matrix.count as usize;
        factor
    }

    fn eliminate(&mut self, pivot: usize, matrix: &mut Pattern, open: &[bool]) {
        let inverse = matrix.place(pivot, pivot);
        self.tasks.push(Task::Invert(inverse));
        let rows: Vec<usize> = matrix.columns[pivot].iter().copied().filter(|&r| open[r]).collect();
        let columns: Vec<usize> =
            matrix.rows[pivot].iter().map(|(column, _)| *column).filter(|&c| open[c]).collect();
        for row in rows {
            let multiple = matrix.place(row, pivot);
            self.tasks.push(Task::Scale(multiple, inverse));
            self.forward.push([row as u32, multiple, pivot as u32]);
            for &column in &columns {
                let right = matrix.place(pivot, column);
                let target = matrix.place(row, column);
                self.tasks.push(Task::Update(target, multiple, right));
            }
        }
    }

    fn plan_backward(&mut self, order: &[usize], matrix: &Pattern) {
        let mut position = vec![0; order.len()];
        for (at, &pivot) in order.iter().enumerate() {
            position[pivot] = at;
        }
        for (at, &pivot) in order.iter().enumerate().rev() {
            let start = self.terms.len();
            let later = matrix.rows[pivot].iter().filter(|(column, _)| position[*column] > at);
            self.terms.extend(later.map(|(column, place)| [*place, *column as u32]));
            let inverse = self.diagonal[pivot];
            self.backward.push((pivot as u32, start..self.terms.len(), inverse));
        }
    }

    /// Takes the matrix apart in place. An entry that is not there yet is 0.
    pub(crate) fn decompose(&self, script: &mut Script, matrix: &mut [Operand]) {
        for task in &self.tasks {
            match *task {
                Task::Invert(pivot) => {
                    let value = matrix[pivot as usize];
                    matrix[pivot as usize] = script.apply(Operation::Reciprocal, &[value]);
                }
                Task::Scale(entry, pivot) => {
                    let both = [matrix[entry as usize], matrix[pivot as usize]];
                    matrix[entry as usize] = script.apply(Operation::Multiply, &both);
                }
                Task::Update(target, left, right) => {
                    let [target, left, right] = [target, left, right].map(|at| at as usize);
                    let three = [matrix[left], matrix[right], matrix[target]];
                    matrix[target] = script.apply(Operation::SubtractProduct, &three);
                }
            }
        }
    }

    /// Solves for one right-hand side in place.
    pub(crate) fn solve(&self, script: &mut Script, matrix: &[Operand], x: &mut [Operand]) {
        for &[row, entry, pivot] in &self.forward {
            let three = [matrix[entry as usize], x[pivot as usize], x[row as usize]];
            x[row as usize] = script.apply(Operation::SubtractProduct, &three);
        }
        for (row, range, inverse) in &self.backward {
            let mut sum = x[*row as usize];
            for &[entry, column] in &self.terms[range.clone()] {
                let three = [matrix[entry as usize], x[column as usize], sum];
                sum = script.apply(Operation::SubtractProduct, &three);
            }
            x[*row as usize] = script.apply(Operation::Multiply, &[sum, matrix[*inverse as usize]]);
        }
    }
}

/// Which entries there are, while more fill in.
struct Pattern {
    /// Columns and places of each row's entries, in order of columns.
    rows: Vec<Vec<(usize, u32)>>,
    /// Rows of each column's entries.
    columns: Vec<Vec<usize>>,
    count: u32,
}

impl Pattern {
    fn new(size: usize) -> Self {
        Self { rows: vec![Vec::new(); size], columns: vec![Vec::new(); size], count: 0 }
    }

    /// The place of an entry, which is made if it is not there.
    fn place(&mut self, row: usize, column: usize) -> u32 {
        match self.rows[row].binary_search_by_key(&column, |(column, _)| *column) {
            Ok(at) => self.rows[row][at].1,
            Err(at) => {
                self.rows[row].insert(at, (column, self.count));
                self.columns[column].push(row);
                self.count += 1;
                self.count - 1
            }
        }
    }

    /// The open pivot that makes the fewest updates; the first among equals.
    fn cheapest(&self, open: &[bool]) -> usize {
        let cost = |pivot: usize| {
            let below = self.columns[pivot].iter().filter(|row| open[**row]).count() - 1;
            let beside = self.rows[pivot].iter().filter(|(column, _)| open[*column]).count() - 1;
            below * beside
        };
        let pivots = (0..open.len()).filter(|pivot| open[*pivot]);
        pivots.min_by_key(|pivot| cost(*pivot)).expect("as many pivots as rows")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::Code;
    use crate::lanes::LANES;

    #[test]
    fn a_sparse_system_is_solved_whatever_the_order() {
        // an arrow, whose first pivot would fill everything, and a few more entries
        let size = 9_usize;
        let mut pattern: Vec<(u32, u32)> = (0..size as u32).map(|i| (i, i)).collect();
        for i in 1..size as u32 {
            pattern.extend([(0, i), (i, 0)]);
        }
        pattern.extend([(3, 7), (8, 2), (5, 6)]);
        let factor = Factor::new(size, &pattern);
        assert!(factor.entries <= pattern.len() + 4, "{} entries fill in", factor.entries);
        let value = |row: u32, column: u32| {
            if row == column {
                5.0 + f64::from(row)
            } else {
                0.3 * f64::from(row) - 0.2 * f64::from(column)
            }
        };
        let mut matrix = vec![Operand::ZERO; factor.entries];
        let want: Vec<f64> = (0..size).map(|i| 1.0 - 0.4 * i as f64).collect();
        let mut right = vec![0.0; size];
        for (&(row, column), &place) in pattern.iter().zip(&factor.places) {
            matrix[place as usize] = Operand::number(value(row, column));
            right[row as usize] += value(row, column) * want[column as usize];
        }
        let mut x: Vec<Operand> = right.into_iter().map(Operand::number).collect();
        let mut script = Script::default();
        factor.decompose(&mut script, &mut matrix);
        factor.solve(&mut script, &matrix, &mut x);
        for (row, &value) in x.iter().enumerate() {
            script.keep(value, row as u32);
        }
        let code = Code::new(script, size as u32, None);
        let mut registers = code.registers(false);
        code.run(&mut registers, false);
        for (got, want) in registers.iter().zip(want) {
            assert!((got.0[LANES - 1] - want).abs() < 1e-13, "{} {want}", got.0[0]);
        }
    }
}
