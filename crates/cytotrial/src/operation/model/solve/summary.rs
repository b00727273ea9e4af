//! Means, spreads and quantiles over patients, gathered chunk by chunk in fixed room.

use rayon::prelude::*;
use records::column::Table;

use super::Effort;
use super::bins::Bins;
use super::follow::{Chunk, Failed};
use super::setup::Prepared;

/// Up to so many values in all, every one is kept and quantiles are exact.
const KEPT: usize = 8 << 20;
/// More cells than this (times x columns) would need too much room.
pub const MOST_CELLS: usize = 50_000;

/// What is known of all patients so far.
pub struct Summary {
    probabilities: Vec<f64>,
    groups: Vec<Group>,
}

/// What is known of some cells, each of one column at one time. They take in values side by side, as each waits
/// for its mean from value to value.
struct Group {
    moments: Moments,
    values: Vec<Values>,
}

/// How many cells are in a group; the last one may have cells that nobody reads.
const ABREAST: usize = 8;

/// By cell.
struct Moments {
    count: [f64; ABREAST],
    mean: [f64; ABREAST],
    /// The sum of squared distances from the mean.
    squares: [f64; ABREAST],
    least: [f64; ABREAST],
    most: [f64; ABREAST],
}

/// Values for quantiles.
enum Values {
    All(Vec<f64>),
    Binned(Bins),
}

impl Moments {
    const NONE: Self = Self {
        count: [0.0; ABREAST],
        mean: [0.0; ABREAST],
        squares: [0.0; ABREAST],
        least: [f64::INFINITY; ABREAST],
        most: [f64::NEG_INFINITY; ABREAST],
    };

    /// Takes in the values that are finite; Welford, Technometrics 1962;4:419-420.
    fn add(&mut self, values: &[f64; ABREAST]) {
        for (cell, &value) in values.iter().enumerate() {
            let is_counted = value.is_finite();
            let count = self.count[cell] + if is_counted { 1.0 } else { 0.0 };
            let away = value - self.mean[cell];
            let mean = self.mean[cell] + away / count;
            let squares = self.squares[cell] + away * (value - mean);
            let (least, most) =
                if is_counted { (value, value) } else { (f64::INFINITY, f64::NEG_INFINITY) };
            self.count[cell] = count;
            self.mean[cell] = if is_counted { mean } else { self.mean[cell] };
            self.squares[cell] = if is_counted { squares } else { self.squares[cell] };
            self.least[cell] = if least < self.least[cell] { least } else { self.least[cell] };
            self.most[cell] = if most > self.most[cell] { most } else { self.most[cell] };
        }
    }
}

/// What is known of one column at one time.
struct Cell {
    count: f64,
    mean: f64,
    squares: f64,
    least: f64,
    most: f64,
    quantiles: Vec<Option<f64>>,
}

impl Group {
    /// Takes in the patients of rows that came to the end.
    fn add(&mut self, rows: &[f64], ended: &[Result<Effort, Failed>]) {
        let mut values = [f64::NAN; ABREAST];
        for (patient, _) in ended.iter().enumerate().filter(|(_, ended)| ended.is_ok()) {
            for (value, row) in values.iter_mut().zip(rows.chunks_exact(ended.len())) {
                *value = row[patient];
            }
            self.moments.add(&values);
            for (known, &value) in self.values.iter_mut().zip(&values) {
                if value.is_finite() {
                    known.add(value);
                }
            }
        }
    }

    fn cells(&mut self, probabilities: &[f64]) -> Vec<Cell> {
        let Moments { count, mean, squares, least, most } = &self.moments;
        let cell = |(cell, values): (usize, &mut Values)| Cell {
            count: count[cell],
            mean: mean[cell],
            squares: squares[cell],
            least: least[cell],
            most: most[cell],
            quantiles: values.quantiles(probabilities, (count[cell], least[cell], most[cell])),
        };
        self.values.iter_mut().enumerate().map(cell).collect()
    }
}

impl Values {
    fn add(&mut self, value: f64) {
        match self {
            Self::All(values) => values.push(value),
            Self::Binned(bins) => bins.add(value),
        }
    }

    /// Quantiles of so many values between those.
    fn quantiles(
        &mut self,
        probabilities: &[f64],
        (count, least, most): (f64, f64, f64),
    ) -> Vec<Option<f64>> {
        if let Self::All(values) = self {
            values.sort_by(f64::total_cmp);
        }
        let of = |p: &f64| match self {
            _ if count == 0.0 => None,
            Self::All(values) => stats::summary::quantile_of_sorted(values, *p),
            Self::Binned(bins) => Some(bins.quantile(*p, count as u64, least, most)),
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
        let values =
            || if keeps { Values::All(Vec::new()) } else { Values::Binned(Bins::default()) };
        let group = |first: usize| Group {
            moments: Moments::NONE,
            values: (first..cells).take(ABREAST).map(|_| values()).collect(),
        };
        let groups = (0..cells).step_by(ABREAST).map(group).collect();
        Some(Self { probabilities: probabilities.to_vec(), groups })
    }

    /// Takes in the patients of a chunk who came to the end, in their order.
    pub fn add(&mut self, chunk: &Chunk) {
        let rows = chunk.values.par_chunks(ABREAST * chunk.ended.len().max(1));
        self.groups
            .par_iter_mut()
            .zip(rows)
            .for_each(|(group, rows)| group.add(rows, &chunk.ended));
    }

    /// A row for each time and column: how many patients have a value, mean, standard deviation, least
    /// and largest value, and the quantiles.
    pub fn table(mut self, prepared: &Prepared) -> Table {
        let times = prepared.times.len();
        let rows: Vec<(usize, usize)> = (0..times)
            .flat_map(|time| (0..prepared.columns.len()).map(move |column| (time, column)))
            .collect();
        let place = |(time, column): (usize, usize)| column * times + time;
        let cells: Vec<Cell> = {
            let probabilities = &self.probabilities;
            self.groups.par_iter_mut().flat_map_iter(|group| group.cells(probabilities)).collect()
        };
        let of = |value: &dyn Fn(&Cell) -> Option<f64>| -> Vec<Option<f64>> {
            rows.iter().map(|row| value(&cells[place(*row)])).collect()
        };
        let some = |is_there: bool, value: f64| is_there.then_some(value);
        let deviation = |cell: &Cell| (cell.squares / (cell.count - 1.0)).sqrt();
        let count = rows.iter().map(|row| Some(cells[place(*row)].count as i64)).collect();
        let name = |&(_, column): &(usize, usize)| prepared.columns[column].name.clone();
        let mut table = Table::new("summary")
            .number(
                "time",
                "Model time",
                rows.iter().map(|row| Some(prepared.times[row.0])).collect(),
            )
            .text("symbol", "What is summarised", rows.iter().map(name).collect())
            .integer("n", "Patients with a value", count)
            .number("mean", "Mean", of(&|cell| some(cell.count > 0.0, cell.mean)))
            .number("sd", "Standard deviation", of(&|cell| some(cell.count > 1.0, deviation(cell))))
            .number("min", "Least value", of(&|cell| some(cell.count > 0.0, cell.least)))
            .number("max", "Largest value", of(&|cell| some(cell.count > 0.0, cell.most)));
        for (position, p) in self.probabilities.iter().enumerate() {
            let values = rows.iter().map(|row| cells[place(*row)].quantiles[position]).collect();
            table = table.number(&format!("q{p}"), &format!("Quantile {p}"), values);
        }
        table
    }
}
