//! the trial itself, and the list of operations.
