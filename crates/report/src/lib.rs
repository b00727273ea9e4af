//! a document, and the ways to print it.
