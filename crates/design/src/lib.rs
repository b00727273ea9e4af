//! dose-finding designs.
