//! HTML pages that stand alone: what every page of ours is made of, whatever it tells.
//!
//! Invariant: a page is one file. It has no script, and its own policy forbids any; it asks nothing of any network; whatever a
//! document, a program or a person wrote is text in it. The same input gives the same bytes. Refuses to know: runs, events.

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
