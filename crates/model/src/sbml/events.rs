//! Events: condition, delay, priority and what they set.

use roxmltree::Node;

use super::reader::{Named, Reader, child, elements};
use crate::ir::{Event, Expression, ExpressionId, Kind, Role, SymbolId};

impl<'a> Reader<'a> {
    /// `event`
    pub(super) fn event(&mut self, node: Node<'a, 'a>) {
        let span = self.source.span(node);
        if node.tag_name().name() != "event" {
            return;
        }
        let name = match node.attribute("id") {
            Some(id) => {
                self.name(id, self.source.attribute(node, "id"), Named::Event);
                id.to_owned()
            }
            None => format!("_E{}", self.model.events.len()),
        };
        let trigger = child(node, "trigger");
        if trigger.is_none() && self.level < 3 {
            let message = format!("the event `{name}` has no condition");
            return self.problem(span, message, "add `<trigger>`");
        }
        let condition = trigger.and_then(|trigger| self.formula(trigger));
        let condition = condition.unwrap_or_else(|| self.push(Expression::Number(0.0), span, 1));
        let delay = child(node, "delay").and_then(|delay| self.formula(delay));
        let priority = child(node, "priority").and_then(|priority| self.formula(priority));
        let assignments = self.assignments(node);
        let event = Event {
            name,
            trigger: condition,
            initially_true: trigger.is_none_or(|node| self.flag(node, "initialValue", true)),
            delay,
            priority,
            is_persistent: trigger.is_none_or(|node| self.flag(node, "persistent", true)),
            from_trigger: self.flag(node, "useValuesFromTriggerTime", true),
            assignments,
            sizes: Vec::new(),
            span,
        };
        self.model.events.push(event);
    }

    fn assignments(&mut self, node: Node<'a, 'a>) -> Vec<(SymbolId, ExpressionId)> {
        let mut assignments: Vec<(SymbolId, ExpressionId)> = Vec::new();
        let list = child(node, "listOfEventAssignments").into_iter().flat_map(elements);
        for assignment in list.filter(|node| node.tag_name().name() == "eventAssignment") {
            let target = self.symbol_of(assignment, "variable");
            let formula = self.formula(assignment);
            let (Some(target), Some(formula)) = (target, formula) else { continue };
            let span = self.source.attribute(assignment, "variable");
            let symbol = self.symbol(target);
            let name = symbol.name.clone();
            let why = match symbol.role {
                _ if symbol.kind == Kind::Reaction => Some("is a reaction"),
                Role::Assigned(_) => Some("follows an assignment rule"),
                _ if self.said[target.0 as usize].is_constant => Some("is constant"),
                _ if assignments.iter().any(|(earlier, _)| *earlier == target) => {
                    Some("is set by this event already")
                }
                _ => None,
            };
            if let Some(why) = why {
                let message = format!("an event cannot set `{name}`, which {why}");
                self.problem(span, message, "set something that nothing else decides");
                continue;
            }
            assignments.push((target, formula));
        }
        assignments
    }
}
