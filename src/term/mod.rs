//! The terminal as a place to write on: styles by meaning, widths, wrapping, Markdown, and text made harmless.
//!
//! Invariant: this is the only home of escape sequences, and no text of a document leaves it with one. Refuses to know:
//! runbooks, and where the text goes.

mod markdown;
mod screen;
mod style;
mod table;
mod text;
mod tracker;
mod wrap;

pub use markdown::markdown;
pub use screen::{CLEAR, erase_line, size};
pub use style::{Color, Glyphs, Style};
pub use text::{is_plain_code, sanitize, sanitize_code, width};
pub use tracker::OutputTracker;
pub use wrap::{Span, render, wrap, wrap_code, wrap_text};
