//! Treating a patient: lymphodepletion, infusions, bridging, rescue, a new therapy.

use records::{Disposition, Treatment};
use solve::Stop;
use stats::stream::Purpose;

use super::{Course, Due};
use crate::conduct::handles::Output;

/// Doses of one day of lymphodepletion that give the model's effect of 0.5 (the recipe of the
/// reference trajectories), mg/m2.
const REFERENCE_FLUDARABINE: f64 = 30.0;
const REFERENCE_CYCLOPHOSPHAMIDE: f64 = 300.0;
/// Effect of one reference day.
const REFERENCE_EFFECT: f64 = 0.5;
/// Tocilizumab in the model's relative units for 8 mg/kg.
const REFERENCE_TOCILIZUMAB: f64 = 16.0;

impl Course<'_> {
    /// One day of lymphodepletion. Both drugs count half: assumed.
    pub(super) fn deplete(&mut self, index: usize, stop: &mut Stop<'_>) {
        let day = self.world.experiment.protocol.depletion[index];
        let surface = self.world.population.value(&self.plan.covariates, "body_surface_area");
        let effect = 0.5
            * REFERENCE_EFFECT
            * (day.fludarabine / REFERENCE_FLUDARABINE
                + day.cyclophosphamide / REFERENCE_CYCLOPHOSPHAMIDE);
        stop.set(self.world.handles.depletion, effect);
        let now = stop.time();
        for (treatment, dose) in [
            (Treatment::Fludarabine, day.fludarabine),
            (Treatment::Cyclophosphamide, day.cyclophosphamide),
        ] {
            if dose > 0.0 {
                self.give(treatment, now, dose * surface, dose * surface);
            }
        }
    }

    /// One infusion, unless severe toxicity of an earlier one or a new therapy forbids it.
    pub(super) fn infuse(&mut self, index: usize, stop: &mut Stop<'_>) {
        let now = stop.time();
        let infusion = self.plan.infusions[index];
        let is_too_toxic = self.state.worst_crs >= 3 || self.state.severe_neurotoxicity;
        if is_too_toxic || self.study.subjects.new_therapy_day[0].is_some() {
            return;
        }
        let arm = &self.world.experiment.arms[self.plan.arm];
        let product = &arm.products[infusion.product];
        let is_nk = product.cell == "NK";
        let cells = infusion.assigned.min(infusion.deliverable);
        stop.set(self.world.ports[&product.port], cells / 1e9);
        let treatment = if product.port == "dose_cart2" {
            Treatment::CellProductSecond
        } else {
            Treatment::CellProduct
        };
        self.give(treatment, now, cells, infusion.assigned);
        self.state.given_cells += cells;
        if !self.state.infused {
            self.state.infused = true;
            self.truth.burden_at_infusion = self.read(stop, Output::Tumour);
            self.study.subjects.disposition[0] = Disposition::Infused;
            self.study.subjects.infused_calendar[0] = Some(self.plan.screened + self.plan.wait);
            self.background_at_infusion(now, is_nk);
        }
        self.study.subjects.last_known_alive_day[0] = now;
    }

    /// The antibody that belongs to a product.
    pub(super) fn give_companion(&mut self, product: usize, stop: &mut Stop<'_>) {
        let arm = &self.world.experiment.arms[self.plan.arm];
        if let Some(companion) = &arm.products[product].anti_cd38 {
            let dose = companion.per_kilogram * self.study.subjects.weight[0];
            stop.set(self.world.handles.anti_cd38, dose);
            self.give(Treatment::AntiCd38, stop.time(), dose, dose);
        }
    }

    /// The end of bridging: the tumour is what the drawn ratio says, growth included.
    pub(super) fn bridge(&mut self, stop: &mut Stop<'_>) {
        if let Some(ratio) = self.plan.bridging {
            let now = self.read(stop, Output::Tumour);
            if now > 0.0 {
                stop.set(self.world.handles.bridging, ratio * self.truth.burden_at_start / now);
                self.give(Treatment::Bridging, stop.time(), 1.0, 1.0);
            }
        }
    }

    /// Tocilizumab and dexamethasone by the grade that the signs give now.
    pub(super) fn rescue(&mut self, stop: &mut Stop<'_>) {
        let now = stop.time();
        let signs = self.signs_now(stop);
        let rules = &self.world.experiment.protocol.rules;
        let treated = self.state.tocilizumab_doses > 0 || self.state.last_dexamethasone.is_finite();
        let crs = evaluate::crs_grade_now(&evaluate::Signs {
            temperature: Some(signs.temperature),
            fever_treated: treated && self.state.worst_crs > 0,
            hypotension: signs.systolic < rules.crs.hypotension_below || signs.vasopressors > 0,
            vasopressors: signs.vasopressors,
            vasopressin: false,
            oxygen_device: signs.device,
            oxygen_flow: (signs.device > 0).then_some(signs.flow),
        });
        let icans = evaluate::icans_grade_now(&evaluate::NeuroSigns {
            ice_score: Some(signs.ice),
            consciousness: signs.consciousness,
            ..evaluate::NeuroSigns::default()
        });
        if crs >= 4 && self.state.worst_crs < 4 {
            let fate = super::draws(self.world, &self.plan, Purpose::Survival).uniform(20);
            if fate < self.background.crs_death {
                self.schedule(now + 1.0, Due::CrsDeath);
            }
        }
        self.state.worst_crs = self.state.worst_crs.max(crs);
        self.state.severe_neurotoxicity |= icans >= 3;
        self.state.fever_since = if crs == 0 { None } else { self.state.fever_since.or(Some(now)) };
        let rescue = self.world.experiment.protocol.rescue;
        let lasting = self
            .state
            .fever_since
            .is_some_and(|since| now - since >= rescue.tocilizumab_after_days - 1e-9);
        if (crs >= rescue.tocilizumab_grade || (crs >= 1 && lasting))
            && self.state.tocilizumab_doses < rescue.tocilizumab_doses
            && now - self.state.last_tocilizumab >= 1.0 - 1e-9
        {
            self.tocilizumab(stop, rescue.tocilizumab);
        }
        if (crs >= rescue.dexamethasone_crs_grade || icans >= rescue.dexamethasone_icans_grade)
            && now - self.state.last_dexamethasone >= 1.0 - 1e-9
        {
            self.state.last_dexamethasone = now;
            stop.set(self.world.handles.dexamethasone, rescue.dexamethasone);
            self.give(Treatment::Dexamethasone, now, rescue.dexamethasone, rescue.dexamethasone);
        }
    }

    fn tocilizumab(&mut self, stop: &mut Stop<'_>, per_kilogram: f64) {
        let now = stop.time();
        let weight = self.study.subjects.weight[0];
        self.state.tocilizumab_doses += 1;
        self.state.last_tocilizumab = now;
        stop.set(self.world.handles.tocilizumab, REFERENCE_TOCILIZUMAB * per_kilogram / 8.0);
        self.give(Treatment::Tocilizumab, now, per_kilogram * weight, per_kilogram * weight);
    }

    /// A new anti-myeloma therapy begins; what it does to the tumour is the protocol's option.
    pub(super) fn start_new_therapy(&mut self, stop: &mut Stop<'_>) {
        let now = stop.time();
        self.study.subjects.new_therapy_day[0] = Some(now);
        self.give(Treatment::NewTherapy, now, 1.0, 1.0);
        let effect = self.world.experiment.protocol.conduct.salvage_effect;
        if effect > 0.0 {
            stop.set(self.world.handles.salvage, effect);
        }
    }
}
