//! Figures: a closed list, each a Vega-Lite specification made from typed data.
//!
//! Specifications follow the Vega-Lite 6 schema and hold their data, so the same one serves the page and a notebook.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::data::DataTable;
use crate::format;
use crate::palette::{Colours, Palette};

mod bar;
mod curve;
mod escalation;
mod funnel;
mod histogram;
mod lines;
mod range;
mod reference;
mod spider;
mod step;
mod strip;
mod swimmer;
mod tree;
mod waterfall;

pub use bar::{Bar, BarGroup, BarMode, BarSeries, HIGH_END, LOW_END};
pub use curve::{Curve, CurvePoint, Line};
pub use escalation::{DoseOutcome, EscalationHistory, EscalationPatient};
pub use funnel::{Funnel, FunnelArm, FunnelStage};
pub use histogram::{Bin, Histogram, HistogramGroup, histogram_group};
pub use range::{Range, RangeRow};
pub use reference::{Reference, reference};
pub(crate) use reference::{Side, level_lines, quiet_side, upright_lines};
pub use spider::{Spider, SpiderLine};
pub use step::{AtRisk, Step, StepArm, StepPoint};
pub use strip::{Strip, StripRow, strip_row};
pub use swimmer::{Lane, Segment, Swimmer, SwimmerEvent};
pub use tree::{Tree, TreeNode};
pub use waterfall::{Waterfall, WaterfallBar};

/// The schema that every specification names.
pub const SCHEMA: &str = "https://vega.github.io/schema/vega-lite/v6.json";

/// Letters of an axis title on one line.
const TITLE: usize = 44;

/// A figure with everything that a reader needs beside the drawing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// What links and files call it: letters, digits and hyphens.
    pub id: String,
    /// The title.
    pub title: String,
    /// What the figure shows, in plain words.
    pub caption: String,
    /// What a reader who cannot see the figure should know.
    pub alternative: String,
    /// How many patients and replicates, and what the shares are of.
    pub denominators: String,
    /// What is drawn.
    pub drawing: Drawing,
}

/// The kinds of figure. The list is closed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Drawing {
    /// Lines over time, with bands.
    Curve(Curve),
    /// Kaplan-Meier or cumulative incidence.
    Step(Step),
    /// Stacked or grouped bars.
    Bar(Bar),
    /// Estimates with intervals, observed values beside them.
    Range(Range),
    /// Best change of every subject.
    Waterfall(Waterfall),
    /// Change of every subject over time.
    Spider(Spider),
    /// Treatment and events of every subject.
    Swimmer(Swimmer),
    /// How often each value occurs.
    Histogram(Histogram),
    /// Quantiles of a distribution, one strip per row.
    Strip(Strip),
    /// Subjects left at each stage.
    Funnel(Funnel),
    /// Patients in order by dose level.
    EscalationHistory(EscalationHistory),
    /// What follows from what.
    Tree(Tree),
}

/// How an axis is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// Equal steps.
    #[default]
    Linear,
    /// Equal factors; values of zero or below are left out.
    Log,
    /// Equal steps; values are shares of 1, labels are percent.
    Percent,
}

/// An axis.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// What is measured, with its unit.
    pub title: String,
    /// How it is divided.
    pub scale: Scale,
    /// Where it starts; from the data if not given.
    pub from: Option<f64>,
    /// Where it ends; from the data if not given.
    pub to: Option<f64>,
    /// Where its labels stand; chosen by the drawing if empty.
    pub ticks: Vec<f64>,
}

impl Axis {
    /// An axis with equal steps.
    pub fn linear(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// An axis with equal factors.
    pub fn log(title: impl Into<String>) -> Self {
        Self { title: title.into(), scale: Scale::Log, ..Self::default() }
    }

    /// An axis of shares of 1, labelled in percent.
    pub fn percent(title: impl Into<String>) -> Self {
        Self { title: title.into(), scale: Scale::Percent, ..Self::default() }
    }

    /// The same axis from one value to another.
    #[must_use]
    pub fn between(mut self, from: f64, to: f64) -> Self {
        self.from = Some(from);
        self.to = Some(to);
        self
    }

    /// The same axis with labels at these values.
    #[must_use]
    pub fn at(mut self, ticks: &[f64]) -> Self {
        self.ticks = ticks.to_vec();
        self
    }

    /// A number for a specification: six significant digits; nothing where it cannot be drawn.
    pub(crate) fn draw(&self, value: impl Into<Option<f64>>) -> Value {
        match value.into() {
            Some(value) if self.scale == Scale::Log && value <= 0.0 => Value::Null,
            Some(value) => drawn(value),
            None => Value::Null,
        }
    }

    /// How tooltips and labels show a value of this axis.
    pub(crate) fn show(&self, value: f64) -> String {
        match self.scale {
            Scale::Percent if value.is_finite() => {
                format!("{}%", format::shortest(100.0 * value, 3))
            }
            _ => format::shortest(value, 3),
        }
    }

    /// The channel of a field on this axis.
    pub(crate) fn channel(&self, field: &str) -> Value {
        json!({
            "field": field, "type": "quantitative", "title": self.heading(),
            "scale": self.scale_of(), "axis": self.axis_of(),
        })
    }

    /// The title, in lines where it is long.
    fn heading(&self) -> Value {
        match self.title_lines().as_slice() {
            [] | [_] => self.title.clone().into(),
            several => json!(several),
        }
    }

    /// The title in lines that fit a narrow screen.
    fn title_lines(&self) -> Vec<String> {
        lines::of(&self.title, TITLE)
    }

    fn scale_of(&self) -> Value {
        let mut scale = Map::new();
        if self.scale == Scale::Log {
            scale.insert("type".into(), "log".into());
        } else {
            scale.insert(
                "zero".into(),
                (self.scale == Scale::Percent && self.from.is_none()).into(),
            );
        }
        let is_drawable =
            |value: &f64| value.is_finite() && (self.scale != Scale::Log || *value > 0.0);
        if let Some(from) = self.from.filter(is_drawable) {
            scale.insert("domainMin".into(), drawn(from));
        }
        if let Some(to) = self.to.filter(is_drawable) {
            scale.insert("domainMax".into(), drawn(to));
        }
        scale.insert("nice".into(), (self.from.is_none() && self.to.is_none()).into());
        Value::Object(scale)
    }

    fn axis_of(&self) -> Value {
        let mut axis = Map::new();
        match self.scale {
            Scale::Linear => {}
            Scale::Percent => {
                axis.insert("format".into(), "~%".into());
            }
            Scale::Log => {
                let label = "datum.value >= 0.001 && datum.value < 100000 ? format(datum.value, '~g') \
                             : replace(format(datum.value, '~e'), '+', '')";
                axis.insert("labelExpr".into(), label.into());
            }
        }
        let ticks = if self.ticks.is_empty() { self.decades() } else { self.ticks.clone() };
        if ticks.is_empty() {
            axis.insert("tickCount".into(), json!({ "expr": "width < 200 ? 3 : 6" }));
        } else {
            let ticks: Vec<Value> = ticks.into_iter().map(drawn).collect();
            axis.insert("values".into(), ticks.into());
        }
        axis.insert("labelOverlap".into(), "greedy".into());
        axis.insert("labelSeparation".into(), 6.into());
        axis.insert("labelFlush".into(), false.into());
        Value::Object(axis)
    }

    /// True when what lies outside must be cut off.
    pub(crate) fn is_bounded(&self) -> bool {
        self.from.is_some() || self.to.is_some()
    }

    /// Powers of ten on a log axis whose two ends are given.
    pub(crate) fn decades(&self) -> Vec<f64> {
        let (Scale::Log, Some(from), Some(to)) = (self.scale, self.from, self.to) else {
            return Vec::new();
        };
        let powers: Vec<f64> = (-30..=30)
            .filter_map(|power| format!("1e{power}").parse().ok())
            .filter(|tick| (from..=to).contains(tick))
            .collect();
        let stride = powers.len().div_ceil(8).max(1);
        if powers.len() < 2 { Vec::new() } else { powers.into_iter().step_by(stride).collect() }
    }
}

impl Drawing {
    /// What this kind is called in files.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Curve(_) => "curve",
            Self::Step(_) => "step",
            Self::Bar(_) => "bar",
            Self::Range(_) => "range",
            Self::Waterfall(_) => "waterfall",
            Self::Spider(_) => "spider",
            Self::Swimmer(_) => "swimmer",
            Self::Histogram(_) => "histogram",
            Self::Strip(_) => "strip",
            Self::Funnel(_) => "funnel",
            Self::EscalationHistory(_) => "escalation-history",
            Self::Tree(_) => "tree",
        }
    }

    /// Pixels that words under the axes, which a legend does not stand over, may take on their left.
    fn beside(&self) -> usize {
        match self {
            Self::Step(step) => step.names_width(),
            _ => 0,
        }
    }

    /// Every kind, in the order of the list.
    pub const KINDS: [&'static str; 12] = [
        "curve",
        "step",
        "bar",
        "range",
        "waterfall",
        "spider",
        "swimmer",
        "histogram",
        "strip",
        "funnel",
        "escalation-history",
        "tree",
    ];
}

impl Figure {
    /// The Vega-Lite specification, data included.
    pub fn specification(&self, palette: &Palette) -> Value {
        let drawn = match &self.drawing {
            Drawing::Curve(curve) => curve.specification(palette),
            Drawing::Step(step) => step.specification(palette),
            Drawing::Bar(bar) => bar.specification(palette),
            Drawing::Range(range) => range.specification(palette),
            Drawing::Waterfall(waterfall) => waterfall.specification(palette),
            Drawing::Spider(spider) => spider.specification(palette),
            Drawing::Swimmer(swimmer) => swimmer.specification(palette),
            Drawing::Histogram(histogram) => histogram.specification(palette),
            Drawing::Strip(strip) => strip.specification(palette),
            Drawing::Funnel(funnel) => funnel.specification(palette),
            Drawing::EscalationHistory(history) => history.specification(),
            Drawing::Tree(tree) => tree.specification(),
        };
        let mut whole = Map::new();
        whole.insert("$schema".into(), SCHEMA.into());
        whole.insert("description".into(), self.alternative.clone().into());
        whole.insert("width".into(), "container".into());
        whole.insert("autosize".into(), json!({ "type": "fit-x", "contains": "padding" }));
        if let Value::Object(parts) = drawn {
            whole.extend(parts);
        }
        let longest = whole.values().map(longest_name).max().unwrap_or(0);
        whole.insert("config".into(), config(longest, self.drawing.beside()));
        Value::Object(whole)
    }

    /// The data behind the drawing.
    pub fn data(&self) -> Vec<DataTable> {
        match &self.drawing {
            Drawing::Curve(curve) => curve.data(),
            Drawing::Step(step) => step.data(),
            Drawing::Bar(bar) => bar.data(),
            Drawing::Range(range) => range.data(),
            Drawing::Waterfall(waterfall) => waterfall.data(),
            Drawing::Spider(spider) => spider.data(),
            Drawing::Swimmer(swimmer) => swimmer.data(),
            Drawing::Histogram(histogram) => histogram.data(),
            Drawing::Strip(strip) => strip.data(),
            Drawing::Funnel(funnel) => funnel.data(),
            Drawing::EscalationHistory(history) => history.data(),
            Drawing::Tree(tree) => tree.data(),
        }
    }
}

/// The length of the longest name on a scale, which is what a legend has to fit.
fn longest_name(part: &Value) -> usize {
    let own = part.get("domain").and_then(Value::as_array).into_iter().flatten();
    let own = own.filter_map(Value::as_str).map(|name| name.chars().count()).max().unwrap_or(0);
    let inner = match part {
        Value::Array(parts) => parts.iter().map(longest_name).max(),
        Value::Object(parts) => {
            let places = ["x", "y", "yOffset"];
            let parts = parts.iter().filter(|(key, _)| !places.contains(&key.as_str()));
            parts.map(|(_, part)| longest_name(part)).max()
        }
        _ => None,
    };
    own.max(inner.unwrap_or(0))
}

/// The width that a figure has on its page. The term that is nothing has it worked out anew when
/// the page, and with it the figure, becomes wider or narrower.
const ROOM: &str = "(containerSize()[0] + 0 * width)";

/// The look that all figures share; a legend begins at the left edge of the axes, so many pixels
/// from the left edge of the figure, and takes as many columns as its names leave room for.
fn config(longest: usize, beside: usize) -> Value {
    let text = "#333333";
    let column = 40 + 7 * longest;
    let narrow = |limit: u32, then: &str, otherwise: &str| json!({ "expr": format!("{ROOM} < {limit} ? {then} : {otherwise}") });
    json!({
        "font": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif",
        "aria": false,
        "background": "#ffffff",
        "view": { "stroke": null },
        "axis": {
            "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal",
            "labelColor": text, "titleColor": text, "gridColor": "#e6e6e6",
            "domainColor": "#888888", "tickColor": "#888888", "titlePadding": 8,
            "labelLimit": narrow(640, "150", "260")
        },
        "axisX": { "grid": false, "titleLimit": { "expr": format!("{ROOM} - 16") },
                   "titleAnchor": narrow(480, "'end'", "'middle'") },
        "legend": {
            "orient": "top", "direction": "horizontal", "title": null, "labelFontSize": 12,
            "labelColor": text, "labelLimit": { "expr": format!("{ROOM} - {}", beside + 40) }, "symbolSize": 90, "symbolStrokeWidth": 2,
            "columns": { "expr": format!("max(1, floor(({ROOM} - {beside}) / {column}))") }, "columnPadding": 16,
            "layout": { "top": { "direction": "vertical", "anchor": "start", "margin": 4, "frame": "bounds" } }
        },
        "line": { "strokeWidth": 2 },
        "text": { "fontSize": 12, "color": text }
    })
}

/// Six significant digits; nothing for what is not a number.
pub(crate) fn drawn(value: f64) -> Value {
    if !value.is_finite() {
        return Value::Null;
    }
    let rounded = format::round(value, 6);
    if rounded.fract() == 0.0 && rounded.abs() < 1e15 {
        return Value::from(rounded as i64);
    }
    Value::from(rounded)
}

/// Names without repeats, in order of first appearance.
pub(crate) fn distinct<'a>(names: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for name in names {
        if !found.contains(name) {
            found.push(name.clone());
        }
    }
    found
}

/// A layer that says so in each of the rows for which there is nothing to draw.
pub(crate) fn not_estimable(rows: &[(&str, &str)]) -> Option<Value> {
    let words = format::NOT_ESTIMABLE;
    let rows: Vec<Value> = rows
        .iter()
        .map(|(label, group)| json!({ "label": label, "group": group, "words": words }))
        .collect();
    (!rows.is_empty()).then(|| {
        json!({
            "data": { "values": rows },
            "mark": { "type": "text", "align": "left", "color": "#666666", "fontStyle": "italic", "fontSize": 11 },
            "encoding": { "x": { "value": 6 }, "text": { "field": "words" } }
        })
    })
}

/// The channels of lines with a legend of dashed strokes, and of what is filled with the `colour` of its row.
///
/// Filled marks take no scale: a second legend would come with it.
pub(crate) fn line_colours(
    field: &str,
    names: &[String],
    palette: &Palette,
) -> (Value, Value, Value) {
    let scale = palette.scale(names, Colours::Arms);
    let legend = json!({ "symbolType": "stroke", "symbolSize": 420, "symbolStrokeWidth": 2.4 });
    let stroke = json!({ "field": field, "type": "nominal", "sort": null, "scale": scale, "legend": legend });
    let dash = json!({
        "field": field, "type": "nominal", "sort": null, "scale": palette.dashes(names), "legend": legend
    });
    (stroke, dash, json!({ "field": "colour", "type": "nominal", "scale": null }))
}

/// A tooltip entry.
pub(crate) fn tip(field: &str, title: &str) -> Value {
    json!({ "field": field, "title": title })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_axis_leaves_out_what_it_cannot_show() {
        let axis = Axis::log("cells");
        assert_eq!(axis.draw(0.0), Value::Null);
        assert_eq!(axis.draw(f64::NAN), Value::Null);
        assert_eq!(axis.draw(1e9), json!(1_000_000_000_i64));
        assert_eq!(Axis::linear("change").draw(0.0), json!(0));
    }

    #[test]
    fn what_depends_on_the_width_of_the_page_follows_it() {
        let text = config(12, 84).to_string();
        assert_eq!(text.matches("containerSize").count(), 5);
        assert_eq!(text.matches("containerSize").count(), text.matches(ROOM).count());
    }

    #[test]
    fn decades_are_thinned_to_at_most_eight() {
        let axis = Axis::log("cells").between(1.0, 1e12);
        assert_eq!(axis.decades(), [1.0, 1e2, 1e4, 1e6, 1e8, 1e10, 1e12]);
        assert!(Axis::log("cells").between(2.0, 50.0).decades().is_empty());
    }

    #[test]
    fn an_axis_shows_shares_as_percent() {
        assert_eq!(Axis::percent("ORR").show(0.1667), "16.7%");
        assert_eq!(Axis::linear("days").show(28.0), "28");
    }

    #[test]
    fn numbers_in_a_specification_are_short() {
        assert_eq!(drawn(0.1 + 0.2).to_string(), "0.3");
        assert_eq!(drawn(28.0).to_string(), "28");
        assert_eq!(drawn(f64::NEG_INFINITY), Value::Null);
    }
}
