//! Trial records of registries: read, kept on one's own disk, searched, and served as clients know them.
//!
//! ```
//! use registry::{Record, persons};
//!
//! # use cytotrial_registry as registry;
//! let text = r#"{"protocolSection": {"identificationModule": {"nctId": "nct6379451"},
//!     "conditionsModule": {"conditions": ["Multiple Myeloma"]}}}"#;
//! let record = Record::read(text).unwrap();
//! assert_eq!(record.key.id, "NCT06379451");
//! assert_eq!(record.texts_of("Condition"), ["Multiple Myeloma"]);
//! assert_eq!(persons::without_contacts("call 555-010-0199"), "call [removed]");
//! ```

pub mod api;
pub mod areas;
pub mod audit;
pub mod bundled;
mod bytes;
mod compact;
pub mod diff;
pub mod enums;
pub mod expression;
pub mod extract;
pub mod fields;
mod headings;
pub mod import;
pub mod lines;
pub mod mesh;
pub mod persons;
pub mod rates;
pub mod record;
pub mod related;
pub mod search;
mod segment;
pub mod store;
mod text;
mod values;
mod walk;

pub use record::{Key, NoRecord, Record};
pub use store::{Address, Form, Origin, Store, StoreError, Stored};
