//! a study in, responses, grades, DLTs, kinetics and survival out.
