//! Means, spreads and quantiles over patients, gathered chunk by chunk in fixed room.

use rayon::prelude::*;
use records::column::Table;

use super::bins::Bins;
use super::follow::Chunk;
use super::setup::Prepared;

/// Up to so many values in all, every one is kept and quantiles are exact.
const KEPT: usize = 8 << 20;
/// More cells than this (times x columns) would need too much room.
pub const MOST_CELLS: usize = 50_000;

/// What is known of all patients so far.
pub struct Summary {
    probabilities: Vec<f64>,
    cells: Vec<Cell>,
}

/// What is known of one column at one time.
struct Cell {
    count: u64,
    mean: f64,
    /// The sum of squared distances from the mean.
    squares: f64,
    least: f64,
    most: f64,
    values: Values,
}

/// Values for quantiles.
enum Values {
    All(Vec<f64>),
    Binned(Bins),
}

impl Cell {
    /// Takes in a finite value; Welford, Technometrics 1962;4:419-420.
    fn add(&mut self, value: f64) {
        self.count += 1;
        let away = value - self.mean;
        self.mean += away / self.count as f64;
        self.squares += away * (value - self.mean);
        self.least = self.least.min(value);
        self.most = self.most.max(value);
        match &mut self.values {
            Values::All(values) => values.push(value),
            Values::Binned(bins) => bins.add(value),
        }
    }

    fn quantiles(&mut self, probabilities: &[f64]) -> Vec<Option<f64>> {
        let (count, least, most) = (self.count, self.least, self.most);
        if let Values::All(values) = &mut self.values {
            values.sort_by(f64::total_cmp);
        }
        let of = |p: &f64| match &self.values {
            _ if count == 0 => None,
            Values::All(values) => stats::summary::quantile_of_sorted(values, *p),
            Values::Binned(bins) => Some(bins.quantile(*p, count, least, most)),
        };
        probabilities.iter().map(of).collect()
    }
}

impl Summary {
    /// Nothing is known yet of so many patients. `None` where there are more than [`MOST_CELLS`].
    pub fn new(prepared: &Prepared, patients: u64, probabilities: &[f64]) -> Option<Self> {
        let cells = prepared.cells();
        if cells > MOST_CELLS {
            return None;
        }
        let keeps = patients.saturating_mul(cells as u64) <= KEPT as u64;
        let cell = || Cell {
            count: 0,
            mean: 0.0,
            squares: 0.0,
            least: f64::INFINITY,
            most: f64::NEG_INFINITY,
            values: if keeps { Values::All(Vec::new()) } else { Values::Binned(Bins::default()) },
        };
        let cells = (0..cells).map(|_| cell()).collect();
        Some(Self { probabilities: probabilities.to_vec(), cells })
    }

    /// Takes in the patients of a chunk who came to the end, in their order.
    pub fn add(&mut self, chunk: &Chunk) {
        let patients = chunk.ended.len();
        self.cells.par_iter_mut().enumerate().for_each(|(cell, known)| {
            let row = &chunk.values[cell * patients..][..patients];
            for (value, ended) in row.iter().zip(&chunk.ended) {
                if ended.is_ok() && value.is_finite() {
                    known.add(*value);
                }
            }
        });
    }

    /// A row for each time and column: how many patients have a value, mean, standard deviation, least
    /// and largest value, and the quantiles.
    pub fn table(mut self, prepared: &Prepared) -> Table {
        let times = prepared.times.len();
        let rows: Vec<(usize, usize)> = (0..times)
            .flat_map(|time| (0..prepared.columns.len()).map(move |column| (time, column)))
            .collect();
        let place = |(time, column): (usize, usize)| column * times + time;
        let quantiles: Vec<Vec<Option<f64>>> = {
            let probabilities = &self.probabilities;
            self.cells.par_iter_mut().map(|cell| cell.quantiles(probabilities)).collect()
        };
        let of = |value: &dyn Fn(&Cell) -> Option<f64>| -> Vec<Option<f64>> {
            rows.iter().map(|row| value(&self.cells[place(*row)])).collect()
        };
        let some = |is_there: bool, value: f64| is_there.then_some(value);
        let deviation = |cell: &Cell| (cell.squares / (cell.count as f64 - 1.0)).sqrt();
        let count =
            rows.iter().map(|row| Some(self.cells[place(*row)].count.cast_signed())).collect();
        let name = |&(_, column): &(usize, usize)| prepared.columns[column].name.clone();
        let mut table = Table::new("summary")
            .number(
                "time",
                "Model time",
                rows.iter().map(|row| Some(prepared.times[row.0])).collect(),
            )
            .text("symbol", "What is summarised", rows.iter().map(name).collect())
            .integer("n", "Patients with a value", count)
            .number("mean", "Mean", of(&|cell| some(cell.count > 0, cell.mean)))
            .number("sd", "Standard deviation", of(&|cell| some(cell.count > 1, deviation(cell))))
            .number("min", "Least value", of(&|cell| some(cell.count > 0, cell.least)))
            .number("max", "Largest value", of(&|cell| some(cell.count > 0, cell.most)));
        for (position, p) in self.probabilities.iter().enumerate() {
            let values = rows.iter().map(|row| quantiles[place(*row)][position]).collect();
            table = table.number(&format!("q{p}"), &format!("Quantile {p}"), values);
        }
        table
    }
}
