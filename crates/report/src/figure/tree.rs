//! What follows from what: a tree that grows to the right, one column per stage.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::tip;
use crate::data::DataTable;

/// A tree of decisions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    /// The name of each stage, from the left.
    pub stages: Vec<String>,
    /// What may be decided, in the order of the legend.
    pub decisions: Vec<String>,
    /// The nodes; a node stands after the one from which it follows.
    pub nodes: Vec<TreeNode>,
}

/// One node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreeNode {
    /// The position of the node from which it follows; none for a root.
    pub from: Option<usize>,
    /// What was seen on the way here, such as `1/3`.
    pub seen: String,
    /// What is decided, one of the decisions.
    pub decision: String,
    /// What the decision leads to, such as `level 2`; may be empty.
    pub next: String,
}

/// Marks and colours of the decisions, in their order.
const MARKS: [(&str, &str); 6] = [
    ("triangle-up", "#0072b2"),
    ("circle", "#777777"),
    ("triangle-down", "#e69f00"),
    ("square", "#d55e00"),
    ("diamond", "#009e73"),
    ("cross", "#cc79a7"),
];

impl Tree {
    /// The stage of each node and its height, counted in ends from the top; a node stands in the middle
    /// of what follows from it.
    fn places(&self) -> Vec<(usize, f64)> {
        let mut stages: Vec<usize> = Vec::with_capacity(self.nodes.len());
        let mut children = vec![Vec::new(); self.nodes.len()];
        let mut roots = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            if let Some(from) = node.from.filter(|from| *from < at) {
                stages.push(stages[from] + 1);
                children[from].push(at);
            } else {
                stages.push(0);
                roots.push(at);
            }
        }
        let mut order = Vec::with_capacity(self.nodes.len());
        let mut open: Vec<usize> = roots.into_iter().rev().collect();
        while let Some(at) = open.pop() {
            order.push(at);
            open.extend(children[at].iter().rev());
        }
        let mut heights = vec![0.0; self.nodes.len()];
        let mut ends = 0.0;
        for &at in &order {
            if children[at].is_empty() {
                heights[at] = ends;
                ends += 1.0;
            }
        }
        for &at in order.iter().rev() {
            if let (Some(first), Some(last)) = (children[at].first(), children[at].last()) {
                heights[at] = 0.5 * (heights[*first] + heights[*last]);
            }
        }
        stages.into_iter().zip(heights).collect()
    }

    pub(super) fn specification(&self) -> Value {
        let places = self.places();
        let rows: Vec<Value> = self
            .nodes
            .iter()
            .zip(&places)
            .map(|(node, &(stage, height))| {
                let from = node.from.and_then(|from| places.get(from));
                let label = [node.seen.as_str(), node.next.as_str()]
                    .into_iter()
                    .filter(|words| !words.is_empty())
                    .collect::<Vec<_>>()
                    .join(": ");
                json!({
                    "stage": stage, "height": height, "label": label, "decision": node.decision,
                    "fromStage": from.map(|place| place.0), "fromHeight": from.map(|place| place.1),
                    "name": self.stages.get(stage),
                })
            })
            .collect();
        let ends = places.iter().map(|place| place.1).fold(0.0, f64::max);
        let last = self.stages.len() as f64 - 1.0;
        let names = serde_json::to_string(&self.stages).unwrap_or_default();
        let x = json!({
            "field": "stage", "type": "quantitative", "title": null,
            "scale": { "domain": [-0.1, last + 0.75], "nice": false },
            "axis": { "values": (0..self.stages.len()).collect::<Vec<_>>(), "grid": false, "domain": false, "ticks": false,
                      "orient": "top", "labelAlign": "left", "labelExpr": format!("{names}[datum.value]") }
        });
        let y = json!({
            "field": "height", "type": "quantitative", "axis": null,
            "scale": { "domain": [ends + 0.6, -0.6], "nice": false, "zero": false }
        });
        let scale = |marks: Vec<&str>| json!({ "domain": self.decisions, "range": marks });
        let used = MARKS.iter().cycle().take(self.decisions.len());
        let shapes = scale(used.clone().map(|mark| mark.0).collect());
        let colours = scale(used.map(|mark| mark.1).collect());
        let tips =
            [tip("name", "stage"), tip("label", "seen and next"), tip("decision", "decision")];
        json!({
            "height": (24.0 * (ends + 1.0)).max(80.0),
            "data": { "values": rows },
            "encoding": { "x": x, "y": y },
            "layer": [
                { "transform": [{ "filter": "isValid(datum.fromStage)" }],
                  "mark": { "type": "rule", "color": "#bdbdbd", "strokeWidth": 1.2 },
                  "encoding": { "x2": { "field": "fromStage" }, "y2": { "field": "fromHeight" } } },
                { "mark": { "type": "point", "size": 90, "opacity": 1, "filled": true },
                  "encoding": {
                      "shape": { "field": "decision", "type": "nominal", "sort": null, "scale": shapes },
                      "color": { "field": "decision", "type": "nominal", "sort": null, "scale": colours },
                      "tooltip": tips
                  } },
                { "mark": { "type": "text", "align": "left", "dx": 7, "dy": -8, "fontSize": 11 },
                  "encoding": { "text": { "field": "label" } } }
            ]
        })
    }

    pub(super) fn data(&self) -> Vec<DataTable> {
        let mut table =
            DataTable::new("nodes", &["node", "follows from", "stage", "seen", "decision", "next"]);
        for (at, (node, (stage, _))) in self.nodes.iter().zip(self.places()).enumerate() {
            table.rows.push(vec![
                (at as f64 + 1.0).into(),
                node.from.map(|from| from as f64 + 1.0).into(),
                self.stages.get(stage).map_or("", String::as_str).into(),
                (&node.seen).into(),
                (&node.decision).into(),
                (&node.next).into(),
            ]);
        }
        vec![table]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_stands_in_the_middle_of_what_follows() {
        let node = |from, seen: &str| TreeNode {
            from,
            seen: seen.into(),
            decision: "stay".into(),
            next: String::new(),
        };
        let tree = Tree {
            stages: ["start", "first", "second"].map(str::to_owned).into(),
            decisions: vec!["stay".into()],
            nodes: vec![
                node(None, ""),
                node(Some(0), "0/3"),
                node(Some(0), "1/3"),
                node(Some(1), "0/3"),
                node(Some(1), "1/3"),
            ],
        };
        assert_eq!(tree.places(), [(0, 1.25), (1, 0.5), (1, 2.0), (2, 0.0), (2, 1.0)]);
        assert_eq!(tree.data()[0].rows.len(), 5);
    }
}
