//! The symbols of a cell-therapy model that conduct sets and observation reads, by name.

use model::{Model, SymbolId};

/// Ports (set by the protocol) and outputs (read by observation).
#[derive(Debug, Clone, PartialEq)]
pub struct Handles {
    /// Lymphodepletion effect of one day.
    pub depletion: SymbolId,
    /// Tocilizumab, 16 for 8 mg/kg.
    pub tocilizumab: SymbolId,
    /// Dexamethasone, mg.
    pub dexamethasone: SymbolId,
    /// Anti-CD38 antibody.
    pub anti_cd38: SymbolId,
    /// Factor on every tumour clone at the end of bridging.
    pub bridging: SymbolId,
    /// Extra loss of myeloma cells under a new therapy, 1/day.
    pub salvage: SymbolId,
    /// Outputs, in the order of [`OUTPUTS`].
    outputs: Vec<SymbolId>,
}

macro_rules! outputs {
    ($($variant:ident => $name:literal),* $(,)?) => {
        /// What observation reads from a model.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(usize)]
        pub enum Output { $(#[doc = concat!("`", $name, "` of the model.")] $variant),* }
        /// The names of the outputs.
        pub const OUTPUTS: &[&str] = &[$($name),*];
    };
}

outputs! {
    Tumour => "T_tot",
    BloodNk => "blood_nk_per_ul",
    BloodT => "blood_cart_per_ul",
    BloodTSecond => "blood_cart2_per_ul",
    MProtein => "Mp",
    FlcInvolved => "FLC_involved",
    FlcUninvolved => "FLC_uninvolved",
    SolubleBcma => "sB",
    SolubleMica => "sMICA",
    Il6 => "IL6",
    Il6Felt => "IL6sig",
    Il6Rise => "z",
    Il1 => "IL1",
    Il10 => "IL10",
    Il15 => "I15",
    Interferon => "IFNg",
    GmCsf => "GMCSF",
    Tnf => "TNFa",
    Crp => "CRP",
    Lymphocytes => "Lh",
    Neutrophils => "ANC",
    Platelets => "PLT",
    Haemoglobin => "HGB",
    NormalPlasmaCells => "PCn",
    PolyclonalIgg => "IgGn",
    Neutropenia => "neutropenia",
    Hypogamma => "hypogamma",
    OffTumourDamage => "OTD",
    HostDamage => "GVD",
    MyelomaHazard => "HzM",
    OtherHazard => "HzO",
    KillsByNk => "KillN",
    KillsByT => "KillC",
}

impl Handles {
    /// Finds every port and output.
    ///
    /// # Errors
    /// The names that the model lacks.
    pub fn find(model: &Model) -> Result<Self, Vec<String>> {
        let mut missing = Vec::new();
        let mut id = |name: &str| {
            model.symbol(name).unwrap_or_else(|| {
                missing.push(name.to_owned());
                SymbolId(0)
            })
        };
        let handles = Self {
            depletion: id("depletion"),
            tocilizumab: id("dose_tocilizumab"),
            dexamethasone: id("dose_dexamethasone"),
            anti_cd38: id("dose_anti_cd38"),
            bridging: id("bridging"),
            salvage: id("salvage"),
            outputs: OUTPUTS.iter().map(|name| id(name)).collect(),
        };
        if missing.is_empty() { Ok(handles) } else { Err(missing) }
    }

    /// The symbol of an output.
    pub fn output(&self, output: Output) -> SymbolId {
        self.outputs[output as usize]
    }
}
