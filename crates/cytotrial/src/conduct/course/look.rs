//! Looking at a patient: what is measured at baseline and at each visit.

use evaluate::criteria::imwg;
use records::{Analyte, Study};
use solve::Stop;

use super::{Course, Due};
use crate::conduct::handles::Output;
use crate::conduct::visits::Kinds;
use crate::observe::marrow::{self, Disease, aspirate, blood_and_urine};
use crate::observe::{Observer, signs, slot};

/// What a course sees at one moment; read once, then written by the observer.
#[derive(Debug, Clone, Copy)]
struct Reading {
    disease: Disease,
    values: [(Analyte, f64); 15],
    chemistry: [(Analyte, f64); 7],
    cells: [f64; 3],
}

/// Of the values of a reading, those of a blood count and CRP, which stand first.
const COUNTS: usize = 6;
/// Infused cells, by product.
const CELLS: [Analyte; 2] = [Analyte::InfusedCells, Analyte::InfusedCellsSecond];

impl Course<'_> {
    /// Baseline: every kind of visit at once, before lymphodepletion.
    pub(super) fn baseline(&mut self, stop: &Stop<'_>) {
        if self.plan.no_product {
            self.never_infused(records::Disposition::ProductFailure, stop.time());
            return;
        }
        let kinds =
            Kinds { signs: true, safety: true, kinetics: true, response: true, marrow: true };
        self.write(stop, kinds, slot(-7.0), stop.time());
    }

    /// A visit of the calendar.
    pub(super) fn visit(&mut self, index: usize, stop: &mut Stop<'_>) {
        let planned = self.world.visits[index];
        let needs_infusion = !self.plan.infusions.is_empty();
        if needs_infusion && !self.state.infused && stop.time() > 0.0 {
            return;
        }
        self.write(stop, planned.kinds, planned.slot, stop.time());
        self.study.subjects.last_known_alive_day[0] = stop.time();
        if planned.kinds.signs {
            self.rescue(stop);
        }
        if planned.kinds.safety {
            let damage = self.read(stop, Output::OffTumourDamage);
            self.report_off_tumour(stop.time(), damage);
        }
        if planned.kinds.response {
            self.judge_progression(stop.time());
        }
    }

    /// Writes the rows of a visit.
    fn write(&mut self, stop: &Stop<'_>, kinds: Kinds, slot: u32, day: f64) {
        let world = self.world;
        let now = kinds.signs.then(|| self.signs_now(stop));
        // Most days are for signs alone.
        let samples = Kinds { signs: false, ..kinds } != Kinds::default();
        let reading = samples.then(|| self.reading(stop));
        if let Some(now) = now {
            let findings = &mut self.study.findings;
            let mut observer = Observer::new(&world.assays, findings, self.noise, (slot, day));
            observer.draw_ahead(&signs::NOISY);
            signs::write(&mut observer, &now);
        }
        if let Some(reading) = reading {
            self.write_samples(stop, kinds, (slot, day), &reading);
        }
    }

    /// Writes what laboratories and imaging say.
    fn write_samples(
        &mut self,
        stop: &Stop<'_>,
        kinds: Kinds,
        (slot, day): (u32, f64),
        reading: &Reading,
    ) {
        let (isotype, chain) = self.clone_type();
        let world = self.world;
        let arm = &world.experiment.arms[self.plan.arm];
        let findings = &mut self.study.findings;
        let mut observer = Observer::new(&world.assays, findings, self.noise, (slot, day));
        observer.draw_ahead(&sampled(kinds, reading, arm.products.len()));
        if kinds.safety {
            for &(analyte, truth) in &reading.chemistry {
                observer.measure(analyte, truth);
            }
            let damage = stop.value(world.handles.output(Output::HostDamage));
            host_damage(&mut observer, damage, &self.background.host);
        }
        if kinds.safety || kinds.kinetics {
            for &(analyte, truth) in &reading.values[..COUNTS] {
                observer.measure(analyte, truth);
            }
        }
        if kinds.kinetics {
            for &(analyte, truth) in &reading.values[COUNTS..] {
                observer.measure(analyte, truth);
            }
            for (product, analyte) in arm.products.iter().zip(CELLS) {
                let cells = match (product.cell.as_str(), product.port.as_str()) {
                    ("NK", _) => reading.cells[0],
                    (_, "dose_cart2") => reading.cells[2],
                    _ => reading.cells[1],
                };
                observer.measure(analyte, cells);
            }
        }
        if kinds.response {
            blood_and_urine(&mut observer, &reading.disease, isotype, chain);
        }
        if kinds.marrow {
            aspirate(&mut observer, &reading.disease, world.experiment.protocol.mrd_sensitivity);
        }
    }

    /// The truth that laboratories measure.
    fn reading(&self, stop: &Stop<'_>) -> Reading {
        let read = |output| self.read(stop, output);
        let person = &self.person;
        let tumour = read(Output::Tumour);
        let relative = tumour / self.truth.burden_at_start.max(1e-12);
        let involved = read(Output::FlcInvolved);
        // Light chains in urine follow the involved serum light chain.
        let urine = person.urine_m_protein * involved / person.involved_light_chain.max(1e-9);
        let disease = Disease {
            m_protein: read(Output::MProtein),
            light_chains: [involved, read(Output::FlcUninvolved)],
            urine,
            tumour,
            marrow_other: person.marrow_other_cells,
            normal_plasma_cells: read(Output::NormalPlasmaCells),
            plasmacytoma: self.plasmacytoma(relative),
        };
        let lymphocytes = read(Output::Lymphocytes) / 1000.0;
        let neutrophils = read(Output::Neutrophils);
        let damage = read(Output::OffTumourDamage);
        let host = read(Output::HostDamage);
        let [.., bilirubin, from] = self.background.host;
        Reading {
            disease,
            values: [
                (Analyte::Neutrophils, neutrophils),
                (Analyte::Lymphocytes, lymphocytes),
                // Monocytes, eosinophils and basophils are taken as a fifth of the rest: assumed.
                (Analyte::WhiteCells, 1.2 * (neutrophils + lymphocytes)),
                (Analyte::Platelets, read(Output::Platelets)),
                (Analyte::Haemoglobin, read(Output::Haemoglobin)),
                (Analyte::CReactiveProtein, read(Output::Crp)),
                (Analyte::Interleukin6, read(Output::Il6)),
                (Analyte::Interleukin15, read(Output::Il15)),
                (Analyte::Interleukin1, read(Output::Il1)),
                (Analyte::Interleukin10, read(Output::Il10)),
                (Analyte::InterferonGamma, read(Output::Interferon)),
                (Analyte::TumourNecrosisFactor, read(Output::Tnf)),
                (Analyte::GmCsf, read(Output::GmCsf)),
                (Analyte::SolubleBcma, read(Output::SolubleBcma)),
                (Analyte::SolubleMica, read(Output::SolubleMica)),
            ],
            chemistry: [
                // 25 U/L and 10 umol/L at rest, 300 U/L more at full damage of tissue that carries
                // the target: assumed.
                (Analyte::AlanineAminotransferase, 25.0 + 300.0 * damage),
                (Analyte::AspartateAminotransferase, 25.0 + 300.0 * damage),
                (Analyte::Bilirubin, 10.0 + bilirubin * gut_and_liver(host, from)),
                (Analyte::Creatinine, person.creatinine),
                (Analyte::Albumin, person.albumin),
                (
                    Analyte::LactateDehydrogenase,
                    person.lactate_dehydrogenase * relative.clamp(0.3, 3.0).sqrt(),
                ),
                (Analyte::PolyclonalIgg, read(Output::PolyclonalIgg)),
            ],
            cells: [read(Output::BloodNk), read(Output::BloodT), read(Output::BloodTSecond)],
        }
    }

    /// Size of plasmacytomas: two of 30 mm by 20 mm at baseline, growing as the burden to the two
    /// thirds (area against volume): assumed.
    fn plasmacytoma(&self, relative: f64) -> Option<f64> {
        self.person
            .has_plasmacytoma
            .then(|| 1200.0 * stats::math::pow(relative.max(0.0), 2.0 / 3.0))
    }

    /// The investigator judges progression by the protocol's criteria from the data so far; a
    /// confirmed progression brings a new therapy.
    fn judge_progression(&mut self, day: f64) {
        if self.state.new_therapy {
            return;
        }
        let analytes = &self.study.findings.analyte;
        let new = (self.rows_sorted..analytes.len())
            .filter(|&row| imwg::visit::MARKERS.contains(&analytes[row]));
        self.marker_rows.extend(new.map(|row| row as u32));
        self.rows_sorted = analytes.len();
        let rules = &self.world.experiment.protocol.rules;
        if progression(&self.study, &self.marker_rows, rules) {
            self.state.new_therapy = true;
            let after = super::draws(self.world, &self.plan, stats::stream::Purpose::Events);
            let delay = self
                .world
                .experiment
                .protocol
                .conduct
                .new_therapy_after
                .quantile(after.uniform(50));
            self.schedule(day + delay, Due::NewTherapy);
        }
    }
}

/// The analytes that a visit of these kinds measures with an error.
fn sampled(kinds: Kinds, reading: &Reading, products: usize) -> Vec<Analyte> {
    let mut analytes = Vec::with_capacity(40);
    if kinds.safety {
        analytes.extend(reading.chemistry.iter().map(|(analyte, _)| *analyte));
    }
    let blood = usize::from(kinds.safety || kinds.kinetics) * COUNTS;
    let blood = if kinds.kinetics { reading.values.len() } else { blood };
    analytes.extend(reading.values[..blood].iter().map(|(analyte, _)| *analyte));
    if kinds.kinetics {
        analytes.extend(&CELLS[..products.min(CELLS.len())]);
    }
    if kinds.response {
        analytes.extend(&marrow::NOISY_IN_BLOOD);
    }
    if kinds.marrow {
        analytes.extend(&marrow::NOISY_IN_MARROW);
    }
    analytes
}

/// Whether progression is confirmed by the protocol's criteria, from these rows of the findings.
fn progression(study: &Study, rows: &[u32], rules: &evaluate::Rules) -> bool {
    let index = evaluate::Index::part(study, 0, rows);
    imwg::progression(&index.subject(study, 0), &rules.imwg).is_some()
}

/// Share of full damage that gut and liver show: they begin later than skin.
fn gut_and_liver(damage: f64, from: f64) -> f64 {
    ((damage - from) / (1.0 - from)).max(0.0)
}

/// Skin and gut under attack by donor T cells: signs that MAGIC stages, written once noticed.
fn host_damage(observer: &mut Observer<'_>, damage: f64, host: &[f64; 5]) {
    let [noticed, rash, stool, _, from] = *host;
    if damage >= noticed {
        observer.write(Analyte::RashArea, (rash * damage).min(100.0).round());
        observer.write(Analyte::StoolVolume, (stool * gut_and_liver(damage, from)).round());
    }
}
