//! Which states the rate of each state reads, as lines of text and as a drawing.

use std::collections::BTreeSet;
use std::f64::consts::TAU;
use std::fmt::Write as _;

use ::model::{Expression, ExpressionId, Kind, Model, Role};
use serde::Serialize;

/// More states than this are drawn as a table of dots: arrows would hide each other.
const MOST_BOXES: usize = 16;

/// States, and what their rates read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagram {
    /// The model's name.
    pub model: String,
    /// Names of states in the order of the text.
    pub states: Vec<String>,
    /// Per state, which states its rate reads, by position; directly or through rules.
    pub reads: Vec<Vec<usize>>,
}

/// The diagram of a model.
pub(super) fn diagram(model: &Model) -> Diagram {
    let plain = ::model::plain(model);
    let reduced = plain.as_deref().unwrap_or(model);
    // A state of the reduced model is a symbol of the text, or the amount that stands for one.
    let shown = |index: usize| -> &str {
        let name = &reduced.symbols[index].name;
        name.strip_prefix("amount of ").unwrap_or(name)
    };
    let states: Vec<(usize, ExpressionId)> = reduced
        .symbols
        .iter()
        .enumerate()
        .filter_map(|(index, symbol)| match symbol.role {
            Role::State(rate) if symbol.kind != Kind::Reaction => Some((index, rate)),
            _ => None,
        })
        .collect();
    let position = |index: usize| states.iter().position(|(state, _)| *state == index);
    let reads = states.iter().map(|(_, rate)| {
        let read = symbols(reduced, *rate);
        read.into_iter().filter_map(position).collect()
    });
    Diagram {
        model: model.name.clone(),
        reads: reads.collect(),
        states: states.iter().map(|(index, _)| shown(*index).to_owned()).collect(),
    }
}

/// The symbols that a formula reads, through rules, which are read too.
fn symbols(model: &Model, root: ExpressionId) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut open = vec![root];
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        match &model.expressions[id.0 as usize] {
            Expression::Symbol(symbol) => {
                found.insert(symbol.0 as usize);
                if let Role::Assigned(rule) = model.symbols[symbol.0 as usize].role {
                    open.push(rule);
                }
            }
            Expression::RateOf(symbol) => {
                found.insert(symbol.0 as usize);
            }
            Expression::Unary(_, inner) => open.push(*inner),
            Expression::Binary(_, left, right) => open.extend([*left, *right]),
            Expression::Piecewise { cases, otherwise } => {
                open.extend(cases.iter().flat_map(|(value, condition)| [*value, *condition]));
                open.push(*otherwise);
            }
            Expression::Number(_) | Expression::Time => {}
        }
    }
    found
}

impl Diagram {
    /// One line per state: `T <- T, E`.
    pub fn text(&self) -> String {
        let widest = self.states.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        let mut text = String::new();
        for (name, reads) in self.states.iter().zip(&self.reads) {
            let names: Vec<&str> = reads.iter().map(|at| self.states[*at].as_str()).collect();
            let line = format!("{name:widest$} <- {}", names.join(", "));
            writeln!(text, "{}", line.trim_end()).expect("a String takes every write");
        }
        text
    }

    /// A drawing: boxes and arrows for few states, a table of dots for many.
    pub fn svg(&self) -> String {
        if self.states.len() <= MOST_BOXES { self.wheel() } else { self.dots() }
    }

    fn frame(&self, width: f64, height: f64, caption: &str, inner: &str) -> String {
        let name = escaped(&self.model);
        let told = escaped(caption);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {width:.0} {height:.0}\" \
             width=\"{width:.0}\" height=\"{height:.0}\" font-family=\"sans-serif\" font-size=\"13\">\n\
             <title>{name}</title>\n<desc>{told}</desc>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
             <text x=\"16\" y=\"26\" font-size=\"16\" font-weight=\"bold\">{name}</text>\n\
             <text x=\"16\" y=\"46\" fill=\"#444\">{told}</text>\n{inner}</svg>\n"
        )
    }

    /// Boxes on an ellipse, an arrow from each state to those whose rates read it.
    fn wheel(&self) -> String {
        let count = self.states.len();
        let (width, height, top) = (760.0, 620.0, 60.0);
        let center = [width / 2.0, top + (height - top) / 2.0];
        let radius = [width / 2.0 - 90.0, (height - top) / 2.0 - 40.0];
        let place = |at: usize| {
            let angle = TAU * at as f64 / count.max(1) as f64 - TAU / 4.0;
            let (sine, cosine) = angle.sin_cos();
            [center[0] + radius[0] * cosine, center[1] + radius[1] * sine]
        };
        let mut inner = String::from(
            "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" \
             markerHeight=\"8\" orient=\"auto\"><path d=\"M0,0 L8,4 L0,8 z\" fill=\"#555\"/></marker></defs>\n",
        );
        for (to, reads) in self.reads.iter().enumerate() {
            for from in reads.iter().filter(|from| **from != to) {
                let line = arrow(place(*from), place(to), center, self.half(*from), self.half(to));
                inner.push_str(&line);
            }
        }
        for (at, name) in self.states.iter().enumerate() {
            let ([x, y], half) = (place(at), self.half(at));
            let reads_itself = self.reads[at].contains(&at);
            let weight = if reads_itself { 2.5 } else { 1.0 };
            writeln!(
                inner,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"26\" rx=\"5\" fill=\"#eef3fa\" stroke=\"#345\" \
                 stroke-width=\"{weight}\"/><text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                x - half,
                y - 13.0,
                2.0 * half,
                y + 4.5,
                escaped(name)
            )
            .expect("a String takes every write");
        }
        let caption = "An arrow goes to the state whose rate of change reads the other; a thick frame reads itself.";
        self.frame(width, height, caption, &inner)
    }

    /// Half the width of a state's box.
    fn half(&self, at: usize) -> f64 {
        (4.2 * self.states[at].chars().count() as f64 + 8.0).max(18.0)
    }

    /// A row per state, a dot for each state that its rate reads.
    fn dots(&self) -> String {
        const CELL: f64 = 16.0;
        let longest = self.states.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        let margin = 8.0 * longest as f64 + 24.0;
        let (left, top) = (margin, 56.0 + margin);
        let side = CELL * self.states.len() as f64;
        let mut inner = String::new();
        let mut line = |words: String| {
            writeln!(inner, "{words}").expect("a String takes every write");
        };
        for (at, name) in self.states.iter().enumerate() {
            let middle = CELL * (at as f64 + 0.5);
            let (x, y, name) = (left + middle, top + middle, escaped(name));
            let [from, to] = [left, left + side];
            line(format!(
                "<path d=\"M{from:.1},{y:.1}H{to:.1}M{x:.1},{top:.1}V{:.1}\" stroke=\"#e4e4e4\"/>",
                top + side
            ));
            line(format!(
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{name}</text>\
                 <text transform=\"translate({:.1},{:.1}) rotate(-90)\">{name}</text>",
                left - 6.0,
                y + 4.5,
                x + 4.5,
                top - 6.0
            ));
        }
        for (row, reads) in self.reads.iter().enumerate() {
            for column in reads {
                let x = left + CELL * (*column as f64 + 0.5);
                let y = top + CELL * (row as f64 + 0.5);
                let fill = if *column == row { "#b0b0b0" } else { "#1f4e8c" };
                line(format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"{fill}\"/>"));
            }
        }
        let caption =
            "The rate of change of the state of a row reads the states with a dot; grey: itself.";
        let width = (left + side + 16.0).max(640.0);
        self.frame(width, top + side + 16.0, caption, &inner)
    }
}

/// An arrow between two boxes, bent towards the middle so that both directions can be told apart.
fn arrow(from: [f64; 2], to: [f64; 2], center: [f64; 2], half_from: f64, half_to: f64) -> String {
    let away = [to[0] - from[0], to[1] - from[1]];
    let bend = [
        0.5 * (from[0] + to[0]) + 0.15 * (center[0] - 0.5 * (from[0] + to[0])) - 0.08 * away[1],
        0.5 * (from[1] + to[1]) + 0.15 * (center[1] - 0.5 * (from[1] + to[1])) + 0.08 * away[0],
    ];
    let start = edge(from, bend, half_from);
    let end = edge(to, bend, half_to);
    format!(
        "<path d=\"M{:.1},{:.1} Q{:.1},{:.1} {:.1},{:.1}\" fill=\"none\" stroke=\"#555\" stroke-opacity=\"0.75\" \
         marker-end=\"url(#tip)\"/>\n",
        start[0], start[1], bend[0], bend[1], end[0], end[1]
    )
}

/// Where the line from a box's middle towards a point leaves the box.
fn edge(middle: [f64; 2], towards: [f64; 2], half: f64) -> [f64; 2] {
    let away = [towards[0] - middle[0], towards[1] - middle[1]];
    let share =
        |half: f64, away: f64| if away.abs() > 1e-9 { half / away.abs() } else { f64::INFINITY };
    let share = share(half + 2.0, away[0]).min(share(15.0, away[1])).min(1.0);
    [middle[0] + share * away[0], middle[1] + share * away[1]]
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
