//! Controlled terms: lab tests and signs, treatments, event names, dispositions.
//!
//! Each list is one macro-made table, so that codes, names and units cannot drift apart.

macro_rules! terms {
    ($(#[$doc:meta])* $name:ident { $($variant:ident => ($code:literal, $title:literal, $extra:literal)),* $(,)? } $extra_name:ident: $extra_doc:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[repr(u8)]
        pub enum $name { $(#[doc = $title] $variant),* }

        impl $name {
            /// Every term, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The short code used in files (at most 8 characters where CDISC asks for it).
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// The name in words.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }

            #[doc = $extra_doc]
            pub fn $extra_name(self) -> &'static str {
                match self { $(Self::$variant => $extra),* }
            }

            /// The term of that code.
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|term| term.code() == code)
            }
        }
    };
}

terms! {
    /// What can be measured. Coded analytes have the unit `code`; their codes are listed in
    /// [`Analyte::codes`].
    Analyte {
        SerumMProtein => ("SPEP", "serum M-protein", "g/L"),
        UrineMProtein => ("UPEP", "urine M-protein", "mg/24h"),
        SerumImmunofixation => ("SIFE", "serum immunofixation", "code"),
        UrineImmunofixation => ("UIFE", "urine immunofixation", "code"),
        KappaFreeLightChain => ("KAPPA", "kappa free light chain", "mg/L"),
        LambdaFreeLightChain => ("LAMBDA", "lambda free light chain", "mg/L"),
        MarrowPlasmaCells => ("BMPC", "marrow plasma cells", "%"),
        MarrowClonality => ("BMCLONAL", "marrow clonality", "code"),
        MinimalResidualDisease => ("MRD", "residual clonal cells per nucleated cell", "1"),
        MrdSensitivity => ("MRDSENS", "sensitivity reached by the residual disease assay", "1"),
        PlasmacytomaSize => ("SPD", "plasmacytomas, sum of products of diameters", "mm2"),
        NewLesion => ("NEWLESN", "new bone lesion or plasmacytoma", "code"),
        InfusedCells => ("CARCELL", "infused cells in blood", "cells/uL"),
        InfusedCellsSecond => ("CARCELL2", "second co-infused product in blood", "cells/uL"),
        TransgeneCopies => ("TRANSGEN", "transgene copies in blood", "copies/ug"),
        Interleukin6 => ("IL6", "interleukin 6", "pg/mL"),
        Interleukin15 => ("IL15", "interleukin 15", "pg/mL"),
        Interleukin1 => ("IL1", "interleukin 1 beta", "pg/mL"),
        Interleukin10 => ("IL10", "interleukin 10", "pg/mL"),
        InterferonGamma => ("IFNG", "interferon gamma", "pg/mL"),
        TumourNecrosisFactor => ("TNFA", "tumour necrosis factor alpha", "pg/mL"),
        GmCsf => ("GMCSF", "granulocyte-macrophage colony-stimulating factor", "pg/mL"),
        CReactiveProtein => ("CRP", "C-reactive protein", "mg/L"),
        Ferritin => ("FERRITIN", "ferritin", "ug/L"),
        SolubleBcma => ("SBCMA", "soluble BCMA", "ng/mL"),
        SolubleMica => ("SMICA", "soluble MICA", "pg/mL"),
        Temperature => ("TEMP", "body temperature", "degC"),
        SystolicPressure => ("SYSBP", "systolic blood pressure", "mmHg"),
        OxygenSaturation => ("SPO2", "oxygen saturation", "%"),
        OxygenDevice => ("O2DEVICE", "oxygen device", "code"),
        OxygenFlow => ("O2FLOW", "oxygen flow", "L/min"),
        Vasopressors => ("PRESSORS", "vasopressors in use, vasopressin not counted", "count"),
        Vasopressin => ("VASOPRES", "vasopressin in use", "code"),
        IceScore => ("ICE", "immune effector cell encephalopathy score", "score"),
        Consciousness => ("CONSCIOU", "level of consciousness", "code"),
        Seizure => ("SEIZURE", "seizure", "code"),
        DeepMotorWeakness => ("MOTOR", "deep focal motor weakness", "code"),
        CerebralOedema => ("OEDEMA", "raised intracranial pressure or cerebral oedema", "code"),
        Neutrophils => ("NEUT", "neutrophils", "10^9/L"),
        Lymphocytes => ("LYM", "lymphocytes", "10^9/L"),
        WhiteCells => ("WBC", "white blood cells", "10^9/L"),
        Platelets => ("PLAT", "platelets", "10^9/L"),
        Haemoglobin => ("HGB", "haemoglobin", "g/L"),
        AlanineAminotransferase => ("ALT", "alanine aminotransferase", "U/L"),
        AspartateAminotransferase => ("AST", "aspartate aminotransferase", "U/L"),
        Bilirubin => ("BILI", "bilirubin", "umol/L"),
        Creatinine => ("CREAT", "creatinine", "umol/L"),
        Calcium => ("CALCIUM", "calcium, corrected", "mmol/L"),
        Albumin => ("ALB", "albumin", "g/L"),
        LactateDehydrogenase => ("LDH", "lactate dehydrogenase", "U/L"),
        PolyclonalIgg => ("IGG", "uninvolved immunoglobulin G", "g/L"),
        RashArea => ("RASH", "skin rash, share of body surface", "%"),
        StoolVolume => ("STOOL", "stool volume", "mL/day"),
        PersistentNausea => ("NAUSEA", "persistent nausea, vomiting or anorexia", "code"),
        CirculatingPlasmaCells => ("CPC", "circulating plasma cells", "cells/uL"),
        LesionDiameter => ("LDIAM", "longest diameter of the largest lesion", "mm"),
        PetAvidLesions => ("PETAVID", "lesions that take up more tracer than blood", "code"),
        BullousSkin => ("BULLAE", "erythroderma with blisters or peeling of over 5% of the skin", "code"),
        SevereGut => ("GUTSEV", "severe abdominal pain, ileus or grossly bloody stool", "code"),
        StimulatedTime => ("APTT", "activated partial thromboplastin time", "s"),
        Fibrinogen => ("FIBRINO", "fibrinogen", "g/L"),
        NormalizedRatio => ("INR", "prothrombin time, international normalized ratio", "1"),
        HelperCells => ("CD4", "CD4 lymphocytes", "10^9/L"),
        Sodium => ("SODIUM", "sodium", "mmol/L"),
        Potassium => ("K", "potassium", "mmol/L"),
        Hyperviscosity => ("HYPERVIS", "hyperviscosity caused by the M-protein", "code"),
        StoolEpisodes => ("STOOLEP", "stools per day", "count"),
        MrdCells => ("MRDCELLS", "nucleated cells analysed for residual disease", "count"),
        MrdMethod => ("MRDMETH", "method of the residual disease assay", "code"),
    } unit: "The unit of the value in every table."
}

terms! {
    /// What can be given. Cell products are in cells, drugs in mg.
    Treatment {
        CellProduct => ("CELLS", "cell product", "cells"),
        CellProductSecond => ("CELLS2", "second co-infused cell product", "cells"),
        Fludarabine => ("FLU", "fludarabine", "mg"),
        Cyclophosphamide => ("CYC", "cyclophosphamide", "mg"),
        Bridging => ("BRIDGING", "bridging therapy", "course"),
        Tocilizumab => ("TOCI", "tocilizumab", "mg"),
        Dexamethasone => ("DEX", "dexamethasone", "mg"),
        Antipyretic => ("ANTIPYR", "antipyretic", "mg"),
        AntiCd38 => ("ACD38", "anti-CD38 antibody", "mg"),
        NewTherapy => ("NEWTHER", "new anti-myeloma therapy", "course"),
    } unit: "The unit of amounts."
}

terms! {
    /// Adverse events that an investigator reports. The extra text is the CTCAE or consensus source.
    EventTerm {
        Infection => ("INFECT", "infection", "CTCAE"),
        InfusionReaction => ("INFUSRXN", "infusion related reaction", "CTCAE"),
        FebrileNeutropenia => ("FEBNEUT", "febrile neutropenia", "CTCAE"),
        CytokineReleaseSyndrome => ("CRS", "cytokine release syndrome", "ASTCT"),
        Neurotoxicity => ("ICANS", "immune effector cell-associated neurotoxicity syndrome", "ASTCT"),
        GraftVersusHost => ("GVHD", "acute graft-versus-host disease", "MAGIC"),
        OffTumourDamage => ("OFFTUM", "damage of normal tissue that carries the target", "CTCAE"),
        Cytopenia => ("CYTOPEN", "cytopenia", "CTCAE"),
        OtherNonHaematological => ("OTHERNH", "other non-haematological event", "CTCAE"),
    } criteria: "The criteria by which it is graded."
}

terms! {
    /// What became of a subject. The extra text says in which denominator the subject first fails.
    Disposition {
        ScreenFailure => ("SCRNFAIL", "screen failure", "screened"),
        DiedBeforeInfusion => ("DIEDPRE", "died before infusion", "enrolled"),
        ProgressedBeforeInfusion => ("PDPRE", "too ill for infusion after progression", "enrolled"),
        ProductFailure => ("MFGFAIL", "no product could be released", "enrolled"),
        WithdrewBeforeInfusion => ("WDPRE", "withdrew before infusion", "enrolled"),
        Infused => ("INFUSED", "infused", "infused"),
        Observed => ("OBSERVED", "observed without a product", "enrolled"),
        NotEvaluable => ("FAILED", "simulation failed; counted as not evaluable", "infused"),
    } lost_from: "The last denominator that counts the subject."
}

terms! {
    /// Sex.
    Sex { Female => ("F", "female", ""), Male => ("M", "male", "") } note: "Nothing further."
}

terms! {
    /// Isotype of the M-protein.
    Isotype {
        IgG => ("IgG", "immunoglobulin G", ""),
        IgA => ("IgA", "immunoglobulin A", ""),
        IgD => ("IgD", "immunoglobulin D", ""),
        IgM => ("IgM", "immunoglobulin M", ""),
        LightChainOnly => ("LC", "light chain only", ""),
        NonSecretory => ("nonsecretory", "non-secretory", ""),
    } note: "Nothing further."
}

terms! {
    /// The involved light chain.
    LightChain { Kappa => ("kappa", "kappa", ""), Lambda => ("lambda", "lambda", "") } note: "Nothing further."
}

terms! {
    /// Cause of death as reported.
    DeathCause {
        Myeloma => ("MYELOMA", "myeloma", ""),
        Infection => ("INFECT", "infection", ""),
        CytokineReleaseSyndrome => ("CRS", "cytokine release syndrome", ""),
        Neurotoxicity => ("ICANS", "ICANS", ""),
        GraftVersusHost => ("GVHD", "graft-versus-host disease", ""),
        Other => ("OTHER", "other, not myeloma", ""),
    } note: "Nothing further."
}

impl Analyte {
    /// The table a value belongs to when a study is written to files: `lb`, `vs`, `pc`, `tr`.
    pub fn domain(self) -> &'static str {
        use Analyte as A;
        match self {
            A::Temperature
            | A::SystolicPressure
            | A::OxygenSaturation
            | A::OxygenDevice
            | A::OxygenFlow
            | A::Vasopressors
            | A::Vasopressin
            | A::IceScore
            | A::Consciousness
            | A::Seizure
            | A::DeepMotorWeakness
            | A::CerebralOedema
            | A::RashArea
            | A::StoolVolume
            | A::StoolEpisodes
            | A::PersistentNausea
            | A::BullousSkin
            | A::SevereGut => "vs",
            A::InfusedCells | A::InfusedCellsSecond | A::TransgeneCopies => "pc",
            A::PlasmacytomaSize | A::NewLesion | A::LesionDiameter | A::PetAvidLesions => "tr",
            _ => "lb",
        }
    }

    /// The words behind the codes of a coded analyte (`unit() == "code"`), from code 0 up.
    /// Empty for measured values.
    pub fn codes(self) -> &'static [&'static str] {
        use Analyte as A;
        match self {
            A::SerumImmunofixation | A::UrineImmunofixation | A::MarrowClonality => {
                &["NEGATIVE", "POSITIVE"]
            }
            A::NewLesion
            | A::Vasopressin
            | A::DeepMotorWeakness
            | A::PersistentNausea
            | A::PetAvidLesions
            | A::BullousSkin
            | A::SevereGut
            | A::Hyperviscosity => &["NO", "YES"],
            A::MrdMethod => &["OTHER", "FLOW", "SEQUENCING"],
            A::CerebralOedema => &["NO", "FOCAL", "DIFFUSE"],
            A::OxygenDevice => &[
                "NONE",
                "LOW FLOW NASAL",
                "BLOW-BY",
                "HIGH FLOW NASAL",
                "FACE MASK",
                "NON-REBREATHER",
                "VENTURI",
                "POSITIVE PRESSURE",
            ],
            A::Consciousness => &["AWAKE", "SPONTANEOUS", "VOICE", "TOUCH", "UNAROUSABLE"],
            A::Seizure => &["NONE", "BRIEF RESOLVING", "PROLONGED OR REPEATED"],
            _ => &[],
        }
    }
}
