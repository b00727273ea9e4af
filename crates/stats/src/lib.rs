//! Random streams, special functions, distributions, intervals and survival curves.
//!
//! ```
//! use cytotrial_stats::{Purpose, interval, stream};
//!
//! // Patient 7 of replicate 0: the same draw whoever else is in the trial.
//! let draws = stream(2026, 0, 7, Purpose::Parameters);
//! let (weight, height) = (draws.normal(0), draws.normal(1));
//! assert_ne!(weight.to_bits(), height.to_bits());
//!
//! // No event in five patients still allows a true rate of 45 per cent.
//! let upper = interval::upper_bound_one_sided(0, 5, 0.95);
//! assert!((upper - 0.4507).abs() < 5e-5);
//! ```

pub mod competing;
pub mod cox;
pub mod distribution;
pub mod gray;
pub mod interval;
pub mod landmark;
pub mod log_rank;
pub mod math;
mod matrix;
pub mod pooled;
pub mod posterior;
pub mod quadrature;
pub mod restricted_mean;
pub mod special;
pub mod stream;
pub mod summary;
pub mod survival;

pub use competing::{Cause, CumulativeIncidence};
pub use distribution::{Distribution, DistributionError};
pub use stream::{Purpose, Sequence, Stream, stream};
pub use survival::{Band, KaplanMeier, Observation};
