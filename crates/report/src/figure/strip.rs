//! Quantiles of a distribution, one strip per row, with the observed value beside.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Axis, Reference, distinct, lines, not_estimable, tip, upright_lines};
use crate::data::DataTable;
use crate::palette::{Colours, Palette};

/// Quantiles, one strip per row: 5th to 95th percentile thin, quartiles thick, the median a tick.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Strip {
    /// The axis of values.
    pub values: Axis,
    /// What the diamond is, such as `reported`; empty where nothing is observed.
    pub observed_name: String,
    /// The rows, from top to bottom.
    pub rows: Vec<StripRow>,
    /// Values to compare with.
    pub references: Vec<Reference>,
}

/// One distribution.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StripRow {
    /// The name of the row, such as an arm; known arms keep their colour.
    pub label: String,
    /// The 5th, 25th, 50th, 75th and 95th percentile; nothing where it is not estimable.
    pub quantiles: Option<[f64; 5]>,
    /// What was observed.
    pub observed: Option<f64>,
}

/// The quantiles of `values`, missing ones left out (Hyndman and Fan, type 7).
pub fn strip_row(label: impl Into<String>, values: &[f64], observed: Option<f64>) -> StripRow {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let quantiles =
        (!sorted.is_empty()).then(|| [0.05, 0.25, 0.5, 0.75, 0.95].map(|p| quantile(&sorted, p)));
    StripRow { label: label.into(), quantiles, observed }
}

fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    let part = place - place.floor();
    if part == 0.0 { sorted[below] } else { sorted[below] + part * (sorted[above] - sorted[below]) }
}

impl Strip {
    pub(super) fn specification(&self, palette: &Palette) -> Value {
        let labels = distinct(self.rows.iter().map(|row| &row.label));
        let colour = json!({
            "field": "label", "type": "nominal", "sort": null, "scale": palette.scale(&labels, Colours::Arms), "legend": null
        });
        let tips = [tip("label", "row"), tip("shown", &self.values.title)];
        let rows = self.drawn_rows();
        let mut layers = upright_lines(&self.references, &self.values);
        for (low, high, width) in [("p5", "p95", 2), ("p25", "p75", 12)] {
            layers.push(json!({
                "data": { "values": rows },
                "mark": { "type": "rule", "strokeWidth": width, "opacity": if width > 2 { 0.55 } else { 1.0 } },
                "encoding": { "x": self.values.channel(low), "x2": { "field": high }, "color": colour, "tooltip": tips }
            }));
        }
        layers.push(json!({
            "data": { "values": rows },
            "mark": { "type": "tick", "orient": "vertical", "size": 18, "thickness": 2.5, "color": "#111111" },
            "encoding": { "x": self.values.channel("p50"), "tooltip": tips }
        }));
        if self.rows.iter().any(|row| row.observed.is_some()) {
            layers.push(json!({
                "data": { "values": rows },
                "mark": { "type": "point", "filled": true, "opacity": 1, "size": 80, "color": "#111111" },
                "encoding": {
                    "x": self.values.channel("observed"), "tooltip": [tip("label", "row"), tip("observed", &self.observed_name)],
                    "shape": { "field": "kind", "type": "nominal",
                               "scale": { "domain": [self.observed_name], "range": ["diamond"] },
                               "legend": { "symbolFillColor": "#111111", "symbolStrokeColor": "#111111" } }
                }
            }));
        }
        let empty = self.rows.iter().filter(|row| row.quantiles.is_none());
        let empty: Vec<_> = empty.map(|row| (row.label.as_str(), "")).collect();
        layers.extend(not_estimable(&empty));
        let mut axis = lines::row_axis(&labels);
        axis["domain"] = false.into();
        json!({
            "height": (lines::row_height(&labels).max(34.0) * labels.len() as f64).max(60.0),
            "encoding": {
                "y": { "field": "label", "type": "nominal", "sort": null, "title": null, "scale": { "domain": labels },
                       "axis": axis }
            },
            "layer": layers
        })
    }

    fn drawn_rows(&self) -> Vec<Value> {
        let mut rows = Vec::new();
        for row in &self.rows {
            let mut drawn = json!({ "label": row.label, "shown": crate::format::NOT_ESTIMABLE });
            if let Some(quantiles) = row.quantiles {
                for (name, value) in ["p5", "p25", "p50", "p75", "p95"].into_iter().zip(quantiles) {
                    drawn[name] = self.values.draw(value);
                }
                let [low, _, median, _, high] = quantiles.map(|value| self.values.show(value));
                drawn["shown"] =
                    format!("median {median}, 5th to 95th percentile {low} to {high}").into();
            }
            if let Some(observed) = row.observed {
                drawn["observed"] = self.values.draw(observed);
                drawn["kind"] = self.observed_name.clone().into();
            }
            rows.push(drawn);
        }
        rows
    }

    pub(super) fn data(&self) -> Vec<DataTable> {
        let observed = if self.observed_name.is_empty() { "observed" } else { &self.observed_name };
        let columns =
            ["row", "5th percentile", "25th", "median", "75th", "95th percentile", observed];
        let mut table = DataTable::new(&self.values.title, &columns);
        for row in &self.rows {
            let mut line = vec![(&row.label).into()];
            line.extend((0..5).map(|at| row.quantiles.map(|quantiles| quantiles[at]).into()));
            line.push(row.observed.into());
            table.rows.push(line);
        }
        vec![table]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_follow_type_seven() {
        // R: quantile(1:10, c(.05, .25, .5, .75, .95)) is 1.45 3.25 5.50 7.75 9.55
        let values: Vec<f64> = (1..=10).rev().map(f64::from).collect();
        let row = strip_row("a", &values, None);
        let want = [1.45, 3.25, 5.5, 7.75, 9.55];
        for (got, want) in row.quantiles.unwrap().iter().zip(want) {
            assert!((got - want).abs() < 1e-12, "{got} {want}");
        }
    }

    #[test]
    fn no_values_give_no_quantiles() {
        assert_eq!(strip_row("a", &[f64::NAN], None).quantiles, None);
    }
}
