//! Static review: problems of a document that a careful reader would point out before anybody runs it.
//!
//! Invariant: pure. The caller answers what bash accepts and what exists on the machine. The span of a finding is exact to the
//! byte. Refuses to know: terminals, files, formats.

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

pub use codes::{CODES, Code, find_code};
pub use document_review::Review;
pub use finding::Finding;
pub use probes::Probes;
pub use severity::Severity;
