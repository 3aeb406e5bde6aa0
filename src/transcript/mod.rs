//! Transcripts: a run's events, document and outputs rendered for people and programs.
//!
//! Invariant: the same run folder renders to the same bytes, whatever the time and the machine; nothing that was printed or
//! typed can break the transcript's structure or reach a terminal as a control sequence. Memory is bounded by the longest
//! command, not by the run. Refuses to know: the journal's format, files, the plan.

mod cast;
mod changes;
mod drawing;
mod elapsed;
mod escape;
mod excerpt;
mod expected;
pub mod html;
mod inert;
mod json;
mod junit;
mod overview;
mod page;
mod pages;
mod phrase;
mod playable;
mod prose;
mod run_span;
mod screen;
mod series;
mod sources;
mod steps;
mod story;
mod timeline;
mod words;

pub use cast::{CastVersion, asciicast};
pub use changes::changes;
pub(crate) use escape::shorten;
pub use inert::{command, command_in_cell, inline, outcome, run_result, took};
pub use json::json;
pub use junit::junit;
pub use sources::Sources;
pub use story::{markdown, text};
pub(crate) use words::tone;

use crate::history::Event;
use std::borrow::Borrow;
use std::io;
use std::io::Write;

/// Output format of a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Markdown that also reads well unrendered.
    Markdown,
    /// One self-contained HTML file with a drawing of the run.
    Html,
    /// Plain text for a terminal or a mail.
    Text,
    /// One JSON document, versioned by its `schema` field.
    Json,
    /// Recording for players of terminal sessions.
    Asciicast(CastVersion),
    /// `JUnit` XML report for CI systems.
    Junit,
}

/// Writes the transcript of a run in `format`; see [`markdown`]. Fails when `to` cannot be written.
pub fn write<I>(format: Format, events: impl Fn() -> I, sources: &Sources<'_>, to: &mut impl Write) -> io::Result<()>
where
    I: Iterator<Item: Borrow<Event>>,
{
    match format {
        Format::Markdown => markdown(events, sources, to),
        Format::Html => story::html(events, sources, to),
        Format::Text => text(events, sources, to),
        Format::Json => json(events, sources, to),
        Format::Asciicast(version) => asciicast(version, events, sources, to),
        Format::Junit => junit(events, sources, to),
    }
}
