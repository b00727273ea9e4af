//! model to trajectories, many patients at once.
