//! streams, special functions, distributions, intervals, survival.
