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

pub use escape::{escape_attribute, escape_text};
pub use markdown::{Headings, Trust, markdown_part_to_html, markdown_to_html};
pub use picture::{Lane, Mark, TimelinePicture, render_picture};
pub use shell::{PageAnchor, write_page_end, write_page_start};
pub use tone::Tone;
