//! a document, and the ways to print it.
//!
//! ```
//! use cytotrial_report::{Badge, Block, Document, badge, html, key_value, paragraph, plain, section};
//!
//! let document = Document {
//!     title: "A small report".into(),
//!     blocks: vec![
//!         section("Answer"),
//!         paragraph([plain("The dose is 5e8 cells "), badge(Badge::Assumed), plain(".")]),
//!         Block::KeyValues(vec![key_value("patients", "18")]),
//!     ],
//!     ..Document::default()
//! };
//! assert!(html::render(&document).contains("badge-assumed"));
//! ```
pub mod check;
pub mod data;
mod document;
pub mod figure;
pub mod format;
pub mod html;
pub mod json;
pub mod markdown;
mod output;
pub mod palette;
mod report;
pub mod terminal;

pub use document::{
    Align, Badge, Block, Cell, Column, Document, KeyValue, Mark, NoteKind, Span, Table, Text,
    badge, cell, code, key_value, link, list, marks, note, numbers, paragraph, plain, section,
    steps, strong, subsection, words,
};
pub use figure::{Axis, Drawing, Figure, Reference, Scale, reference};
pub use output::{Format, print};
pub use palette::{Colours, Palette};
pub use report::{Audience, ReadError, Report, SCHEMA as REPORT_SCHEMA, Section};
