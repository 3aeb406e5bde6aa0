//! Building blocks of self-contained HTML pages.
//!
//! Invariant: a page is one file. It has no script, and its content policy forbids any; it loads nothing; whatever a
//! document, a program or a person wrote is shown as text. The same input gives the same bytes. Refuses to know: runs, events.

mod axis;
mod escape;
mod markdown;
mod picture;
mod shell;
mod tone;

pub use escape::{attribute, text};
pub use markdown::{Headings, Trust, markdown, markdown_with};
pub use picture::{Lane, Mark, Picture, picture};
pub use shell::{Place, begin, end};
pub use tone::Tone;
