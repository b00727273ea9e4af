//! A run from beginning to end: trials in every arm and, when asked for, the claims of the record.

use super::Watch;
use super::blocks::Stopped;
use super::claims::{self, Prepared};
use super::simulate::{self, SimulateRequest, Simulation};
use crate::claims::findings::Findings;
use crate::conduct::world::World;
use crate::problem::Problem;
use crate::run_folder::Kind;

/// What to run.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The trials.
    pub simulation: SimulateRequest,
    /// The claims to try by their identifiers, all of them when the list is empty; `None` tries none.
    pub claims: Option<Vec<String>>,
}

/// Read, checked and compiled; nothing is simulated.
pub struct Whole {
    /// The trials.
    pub world: World,
    claims: Option<Prepared>,
}

/// What came of it.
pub struct Done {
    /// The trials.
    pub simulation: Simulation,
    /// The claims, when they were tried.
    pub findings: Option<Findings>,
}

impl Whole {
    /// Reads the folder and builds everything.
    ///
    /// # Errors
    /// Every problem of the folder and the options.
    pub fn prepare(request: &Request) -> Result<Self, Vec<Problem>> {
        let world = simulate::prepare(&request.simulation)?;
        let claims = match &request.claims {
            Some(wanted) => Some(claims::prepare(&request.simulation, wanted)?),
            None => None,
        };
        Ok(Self { world, claims })
    }

    /// What kind of run it is.
    pub fn kind(&self) -> Kind {
        if self.claims.is_some() { Kind::Claims } else { Kind::Simulation }
    }

    /// Identifiers of the claims that are tried, in the order of the file.
    pub fn claims(&self) -> Vec<String> {
        let chosen = self.claims.iter().flat_map(Prepared::chosen);
        chosen.map(|claim| claim.id.clone()).collect()
    }

    /// Runs everything. The result does not depend on the number of threads of the pool that this is
    /// called from.
    ///
    /// # Errors
    /// A run that was stopped, or blocks that cannot be kept.
    pub fn run(self, watch: &dyn Watch) -> Result<Done, Stopped> {
        let simulation = simulate::run(self.world, watch)?;
        let findings = self.claims.map(|claims| claims.run(watch)).transpose()?;
        Ok(Done { simulation, findings })
    }
}
