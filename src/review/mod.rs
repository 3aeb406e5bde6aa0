//! What a careful reader would say of a document before anybody runs it.
//!
//! Invariant: pure; what bash says of a text and what is there on the machine is handed in. A finding's span is exact in
//! the document's bytes. Refuses to know: terminals, files, formats.

mod allow;
mod cells;
mod codes;
mod document_review;
mod finding;
mod flow;
mod probes;
mod prose;
mod severity;
mod shell;

pub use codes::{CODES, Code, code};
pub use document_review::Review;
pub use finding::Finding;
pub use probes::Given;
pub use severity::Severity;
