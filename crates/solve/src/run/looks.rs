//! Looks within a step: the step stands, and the caller reads values.

use super::Runner;
use crate::lanes::Vectors;
use crate::look::{Glance, Table};
use crate::request::Next;
use crate::single_cell::SingleCell;
use crate::steer::{Glances, Steer};

impl<S: Steer> Runner<'_, S> {
    /// The look that is due within the step just tried on a lane. The step stands as long as
    /// nothing is set; else the patient goes on from the look.
    pub(super) fn look(&mut self, lane: usize) {
        let (program, end) = (self.program, self.block.end(lane));
        self.block.count(lane);
        let patient = &mut self.patients[lane];
        let time = patient.next.time();
        let is_quiet = time < end && self.settings.single_cell == SingleCell::Off;
        let quick = if is_quiet { self.glance(lane) } else { None };
        let patient = &mut self.patients[lane];
        if let Some(next) = quick.filter(|&next| next > time) {
            patient.statistics.stops += 1;
            patient.next = Next::Look(next);
        } else {
            patient.place(program, time, self.block.seen(lane).states());
            // One lane at a time is as quick without vectors.
            let has_table = self.vectors != Vectors::Plain;
            if has_table {
                self.read_table();
            }
            let Some(next) = self.attend(lane, has_table) else {
                self.fill(lane);
                self.block.keep(lane, self.patients[lane].time());
                return;
            };
            let patient = &mut self.patients[lane];
            if patient.fixed_changed || patient.state_changed {
                if !self.go_on(lane, Some(next)) {
                    self.fill(lane);
                }
                self.block.keep(lane, self.patients[lane].time());
                return;
            }
            patient.next = next;
        }
        let (stop, look) = self.patients[lane].ahead(program);
        self.block.look_again(lane, stop, look);
        if stop < end {
            self.block.retake(lane, stop);
        }
    }

    /// Lets the caller read what it needs at the look that is due, if it can say when the next is.
    fn glance(&mut self, lane: usize) -> Option<f64> {
        let needs_table = self.steer.glances()? == Glances::Table;
        if needs_table {
            self.read_table();
        }
        let table = self.looks.as_ref().filter(|_| needs_table).map(|table| (table, lane));
        let (program, patient, seen) = (self.program, &self.patients[lane], self.block.seen(lane));
        self.steer.look(patient.index, Glance { program, patient, seen, table })
    }

    /// Computes the assigned symbols at the looks that are due.
    fn read_table(&mut self) {
        let looks = self.looks.get_or_insert_with(|| Table::new(self.program, self.vectors));
        looks.read(self.program, self.vectors, &self.block, &self.patients);
    }
}
