//! One patient's parameters: spread around the typical values, then what the covariates decide.
//!
//! Rates are solved such that the patient's baseline is a steady state at the drawn covariates.
//! What covariates give is not drawn a second time.

use std::collections::BTreeMap;

use stats::math::{exp, ln};
use stats::{Distribution, Purpose, stream};

use super::{ParameterTable, Spread, Typical};
use crate::population::quantile::Quantile;
use crate::population::{Patient, Population};

macro_rules! couplings {
    ($($name:ident),* $(,)?) => {
        /// The numbers of a population that turn covariates into parameters.
        pub(crate) const COUPLINGS: &[&str] = &[$(stringify!($name)),*];

        #[derive(Clone, Copy)]
        struct Couplings { $($name: f64),* }

        impl Couplings {
            fn of(values: &[f64]) -> Self {
                let mut values = values.iter().copied();
                Self { $($name: values.next().unwrap_or(f64::NAN)),* }
            }
        }
    };
}

couplings![
    access_plasmacytoma,
    kir_matched_credit,
    hla_full_mismatch,
    km_igg,
    km_iga,
    km_igm,
    km_igd,
    flc_kappa_rate,
    flc_lambda_rate,
    flc_rate_without_kidney,
    clearance_normal,
    clearance_typical,
    bcma_loss_after_bcma_therapy,
    fitness_scale,
    fitness_loss_per_line,
    culture_days,
    fitness_loss_per_culture_day,
];

macro_rules! places {
    ($($field:ident: $symbol:literal),* $(,)?) => {
        /// Where the parameters that follow from covariates stand.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) struct Places { $($field: usize),* }

        impl Places {
            /// `None` when the table is of a model without a tumour burden.
            ///
            /// # Errors
            /// The missing ones otherwise.
            pub(super) fn find(
                index: &BTreeMap<String, usize>,
            ) -> Result<Option<Self>, Vec<&'static str>> {
                if !index.contains_key(BURDEN) {
                    return Ok(None);
                }
                let symbols = [$($symbol),*];
                let missing: Vec<&str> =
                    symbols.into_iter().filter(|symbol| !index.contains_key(*symbol)).collect();
                if missing.is_empty() { Ok(Some(Self { $($field: index[$symbol]),* })) } else { Err(missing) }
            }
        }
    };
}

places! {
    burden: "T0", high: "fH", low: "fL", none: "fN",
    set_high: "piH", set_low: "piL", set_none: "piN",
    bcma_negative: "fB0", progenitors: "fP", progenitor_growth: "gP", growth: "g",
    differentiation: "kd", access: "acc", fitness: "phi", kir: "mKIR", hla: "mHLA",
    mica: "sM0", mica_per_cell: "sigM", lymphocytes: "L0", made: "pM", removed: "kM",
    saturable: "aM", half: "KM", bcma_normal: "sBn", bcma_shed: "kshed", bcma_removed: "ksB",
    chain_removed: "kF", chain_made: "pF", chain_normal: "F0", chain_uninvolved: "FU0",
    paresis: "supF", il6: "IL60", crp: "CRP0", neutrophils: "ANC0", platelets: "PLT0",
    haemoglobin: "HGB0", marrow: "marrow_other_cells",
}

/// The parameter that makes a model one of a tumour.
const BURDEN: &str = "T0";
/// Weight of a ligand-low cell's shedding, as in the model text.
const SHED_BY_LIGAND_LOW: f64 = 0.3;
/// Normal plasma cells make at most this share of a patient's soluble BCMA (assumed).
const NORMAL_BCMA_SHARE: f64 = 0.5;
/// Upper limit of the strength of HLA mismatch.
const HLA_CAP: f64 = 1.5;

impl ParameterTable {
    /// A patient's parameters, aligned with [`ParameterTable::parameters`].
    pub fn patient_parameters(
        &self,
        typical: &Typical,
        population: &Population,
        patient: &Patient,
        seed: u64,
        replicate: u32,
        number: u32,
    ) -> Vec<f64> {
        let draws = stream(seed, replicate, number, Purpose::Parameters);
        let mut values = typical.values.clone();
        for ((value, parameter), &address) in
            values.iter_mut().zip(&self.parameters).zip(&self.addresses)
        {
            if let Spread::Between(law) = &parameter.spread {
                *value = spread(*value, law, &parameter.unit, draws.uniform(address));
            }
        }
        if let Some(places) = self.places {
            let covariate = |name: &str| population.value(patient, name);
            let mut start = Start {
                values: &mut values,
                is_set: &typical.is_set,
                at: places,
                number: Couplings::of(&typical.couplings),
            };
            start.tumour(&covariate, population.category(patient, "plasmacytoma") != "none");
            start.protein(&covariate, population.category(patient, "isotype"));
            start.chains(&covariate);
            start.host(&covariate);
        }
        values
    }
}

/// A typical value with a patient's deviation: a ratio to the median of a log-normal law, a shift
/// of a normal one, a shift on the logit scale of a beta law about its mean. Shares stay below the
/// upper limit of their law.
fn spread(typical: f64, law: &Quantile, unit: &str, uniform: f64) -> f64 {
    let drawn = law.at(uniform);
    match law.law() {
        Distribution::LogNormal { median, hi, .. } => {
            let value = typical * (drawn / median);
            if unit == "1" && *hi <= 1.0 { value.min(*hi) } else { value }
        }
        Distribution::Normal { mean, .. } => typical + drawn - mean,
        _ if typical <= 0.0 || typical >= 1.0 => typical,
        law => {
            let logit = |share: f64| ln(share / (1.0 - share));
            let moved = logit(drawn.clamp(1e-12, 1.0 - 1e-12)) + logit(typical) - logit(law.mean());
            1.0 / (1.0 + exp(-moved))
        }
    }
}

/// A patient's parameters while they are being solved for.
struct Start<'a> {
    values: &'a mut [f64],
    is_set: &'a [bool],
    at: Places,
    number: Couplings,
}

impl Start<'_> {
    /// Gives a parameter its value, unless a product or the arm set it.
    fn put(&mut self, place: usize, value: f64) {
        if !self.is_set[place] {
            self.values[place] = value;
        }
    }

    fn get(&self, place: usize) -> f64 {
        self.values[place]
    }

    /// Burden, phenotype, access, and what the tumour sheds.
    fn tumour(&mut self, covariate: &impl Fn(&str) -> f64, has_plasmacytoma: bool) {
        let at = self.at;
        self.put(at.burden, covariate("burden"));
        self.put(at.progenitor_growth, self.get(at.growth) + self.get(at.differentiation));
        let bearing = covariate("nkg2dl_fraction");
        let share_high = covariate("nkg2dl_high_share");
        self.put(at.none, 1.0 - bearing);
        let bearing = 1.0 - self.get(at.none);
        self.put(at.high, bearing * share_high);
        self.put(at.low, bearing - self.get(at.high));
        self.put(at.set_high, self.get(at.high));
        self.put(at.set_low, self.get(at.low));
        self.put(at.set_none, self.get(at.none));
        self.put(at.access, if has_plasmacytoma { self.number.access_plasmacytoma } else { 1.0 });
        if covariate("prior_bcma_therapy") > 0.5 {
            // The cap of the share in reference_parameters.csv.
            let raised = self.get(at.bcma_negative) * self.number.bcma_loss_after_bcma_therapy;
            self.put(at.bcma_negative, raised.min(0.3));
        }
        let plasma_cells = self.get(at.burden) * (1.0 - self.get(at.progenitors));
        let bcma = covariate("soluble_bcma");
        self.put(at.bcma_normal, self.get(at.bcma_normal).min(NORMAL_BCMA_SHARE * bcma));
        let bearing_bcma = plasma_cells * (1.0 - self.get(at.bcma_negative));
        let from_tumour = (bcma - self.get(at.bcma_normal)).max(0.0);
        self.put(at.bcma_shed, from_tumour * self.get(at.bcma_removed) / bearing_bcma);
        let shedding = plasma_cells * (self.get(at.high) + SHED_BY_LIGAND_LOW * self.get(at.low));
        let (mica, shed) = (covariate("soluble_mica"), self.get(at.mica_per_cell) * shedding);
        if shed > mica {
            // The tumour alone would give more than was measured: each cell sheds less.
            self.put(at.mica_per_cell, mica / shedding);
        }
        self.put(at.mica, (mica - shed).max(0.0));
    }

    /// M-protein: elimination by isotype, production that keeps the measured level.
    fn protein(&mut self, covariate: &impl Fn(&str) -> f64, isotype: &str) {
        let at = self.at;
        let is_igg = matches!(isotype, "IgG" | "biclonal");
        let removed = match isotype {
            "IgA" => self.number.km_iga,
            "IgM" => self.number.km_igm,
            "IgD" => self.number.km_igd,
            _ => self.number.km_igg,
        };
        self.put(at.removed, removed);
        if !is_igg {
            self.put(at.saturable, 0.0);
        }
        let level = covariate("serum_m_protein");
        let extra = self.get(at.saturable) * level / (level + self.get(at.half));
        let lost = self.get(at.removed) * (1.0 + extra) * level;
        self.put(at.made, lost / self.get(at.burden));
    }

    /// Free light chains and immunoparesis.
    fn chains(&mut self, covariate: &impl Fn(&str) -> f64) {
        let (at, number) = (self.at, self.number);
        let chain =
            if covariate("kappa") > 0.5 { number.flc_kappa_rate } else { number.flc_lambda_rate };
        let without = number.flc_rate_without_kidney;
        let kidney = |clearance: f64| {
            without + (1.0 - without) * (clearance / number.clearance_normal).min(1.0)
        };
        let by_kidney =
            kidney(covariate("creatinine_clearance")) / kidney(number.clearance_typical);
        self.put(at.chain_removed, self.get(at.chain_removed) * chain * by_kidney);
        let (involved, uninvolved) = (covariate("involved_flc"), covariate("uninvolved_flc"));
        self.put(at.chain_normal, self.get(at.chain_normal).min(involved));
        let from_tumour = (involved - self.get(at.chain_normal)).max(0.0);
        let burden = self.get(at.burden);
        self.put(at.chain_made, from_tumour * self.get(at.chain_removed) / burden);
        self.put(at.chain_uninvolved, self.get(at.chain_uninvolved).max(uninvolved));
        let suppressed = (self.get(at.chain_uninvolved) / uninvolved - 1.0).max(0.0);
        self.put(at.paresis, suppressed / burden);
    }

    /// Blood, inflammation, T-cell fitness and the match with a donor.
    fn host(&mut self, covariate: &impl Fn(&str) -> f64) {
        let (at, number) = (self.at, self.number);
        let cells_per_microlitre = 1000.0;
        self.put(at.lymphocytes, cells_per_microlitre * covariate("lymphocytes"));
        self.put(at.il6, covariate("il6"));
        self.put(at.crp, covariate("crp"));
        self.put(at.neutrophils, covariate("neutrophils"));
        self.put(at.platelets, covariate("platelets"));
        self.put(at.haemoglobin, covariate("haemoglobin"));
        self.put(at.marrow, covariate("marrow_other_cells"));
        let lines = covariate("prior_lines") - 3.0;
        let culture = number.culture_days - 10.0;
        let loss =
            number.fitness_loss_per_line * lines + number.fitness_loss_per_culture_day * culture;
        let fitness = covariate("t_cell_fitness") / number.fitness_scale * exp(-loss);
        self.put(at.fitness, fitness);
        let mismatches = covariate("hla_mismatch_of_6");
        self.put(at.hla, (mismatches / number.hla_full_mismatch).min(HLA_CAP));
        let is_mismatched = covariate("kir_ligand_mismatch") > 0.5;
        self.put(at.kir, if is_mismatched { 1.0 } else { number.kir_matched_credit });
    }
}
