//! Which functions of a script are computed side by side.
//!
//! A function is one long chain of operations that wait for each other. A processor works on two chains at once
//! if both are within its reach, so two functions that do not need each other are placed together and
//! written operation by operation. The order changes no bit: a term's value depends on what it reads alone.

use std::collections::BTreeSet;

use crate::operation::Operation;
use crate::script::{Operand, Script};

/// How far behind a function its partner may stand, and how many terms may have to be computed before.
const REACH: usize = 600;
const MOST_MOVED: usize = 60;

/// Whether it is computed by a function of many operations.
pub(super) fn is_function(operation: Operation) -> bool {
    matches!(operation, Operation::Exp | Operation::Ln | Operation::Power)
}

/// The same terms in an order in which functions that may be computed together follow each other.
pub(super) fn side_by_side(script: &Script) -> Script {
    let count = script.terms.len();
    let mut pairing =
        Pairing { script, place: vec![None; count], order: Vec::with_capacity(count) };
    for at in 0..count {
        if pairing.place[at].is_some() {
            continue;
        }
        let partner =
            if is_function(script.terms[at].operation) { pairing.partner(at) } else { None };
        let (before, partner) = partner.unzip();
        for term in before.into_iter().flatten().chain([at]).chain(partner) {
            pairing.put(term);
        }
    }
    let Pairing { place, order, .. } = pairing;
    let mut terms = Vec::with_capacity(count);
    for at in order {
        let mut term = script.terms[at];
        for operand in &mut term.operands {
            if let Operand::Term(read) = operand {
                *read = place[*read as usize].unwrap_or(*read);
            }
        }
        terms.push(term);
    }
    Script::of(terms)
}

struct Pairing<'a> {
    script: &'a Script,
    /// Where each term stands in the new order, once it does.
    place: Vec<Option<u32>>,
    order: Vec<usize>,
}

impl Pairing<'_> {
    fn put(&mut self, at: usize) {
        self.place[at] = Some(self.order.len() as u32);
        self.order.push(at);
    }

    /// The next function of the same kind that can be computed with this one, and the terms that must be
    /// computed before.
    fn partner(&self, at: usize) -> Option<(BTreeSet<usize>, usize)> {
        let operation = self.script.terms[at].operation;
        let end = self.script.terms.len().min(at + REACH);
        let mut open = at + 1..end;
        open.find_map(|other| {
            if self.script.terms[other].operation != operation || self.place[other].is_some() {
                return None;
            }
            Some((self.needed(at, other)?, other))
        })
    }

    /// The open terms that one needs, unless a function or too many are among them.
    fn needed(&self, first: usize, of: usize) -> Option<BTreeSet<usize>> {
        let mut needed = BTreeSet::new();
        let mut left = vec![of];
        while let Some(at) = left.pop() {
            for operand in self.script.terms[at].operands() {
                let Operand::Term(read) = *operand else { continue };
                let read = read as usize;
                if self.place[read].is_some() || !needed.insert(read) {
                    continue;
                }
                let is_free = read != first && !is_function(self.script.terms[read].operation);
                if !is_free || needed.len() > MOST_MOVED {
                    return None;
                }
                left.push(read);
            }
        }
        Some(needed)
    }
}
