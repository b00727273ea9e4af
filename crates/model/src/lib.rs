//! Model text to a checked model (IR).
//!
//! ```
//! let model = cytotrial_model::antimony::read("
//!     model *decay(dose)
//!         N' = -k*N
//!         at (dose > 0): N = N + dose, dose = 0
//!         k = 0.3; N = 0; dose = 0
//!     end
//! ").expect("this text has no problems");
//! assert_eq!(model.states().count(), 1);
//! assert_eq!(model.ports, [model.symbol("dose").expect("it is in the header")]);
//! ```

pub mod antimony;
pub mod evaluate;
mod identifier;
pub mod ir;
pub mod nearest;
mod order;
pub mod plain;
mod problem;
pub mod sbml;
pub mod units;

mod reciprocal;

pub use ir::*;
pub use order::without_value;
pub use plain::plain;
pub use problem::ReadProblem;
