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

pub use cast::{CastVersion, write_asciicast};
pub use changes::changed_lines;
pub(crate) use escape::shorten_first_line;
pub use inert::{
    command_cell_code_span, command_code_span, describe_outcome, describe_run_result, escape_inline, format_duration,
};
pub use json::write_json;
pub use junit::write_junit;
pub use sources::Sources;
pub use story::{write_markdown, write_text};
pub(crate) use words::outcome_tone;

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

/// Writes the transcript of a run in `format`; see [`write_markdown`]. Fails when `to` cannot be written.
pub fn write_transcript<I>(
    format: Format,
    events: impl Fn() -> I,
    sources: &Sources<'_>,
    to: &mut impl Write,
) -> io::Result<()>
where
    I: Iterator<Item: Borrow<Event>>,
{
    match format {
        Format::Markdown => write_markdown(events, sources, to),
        Format::Html => story::write_html(events, sources, to),
        Format::Text => write_text(events, sources, to),
        Format::Json => write_json(events, sources, to),
        Format::Asciicast(version) => write_asciicast(version, events, sources, to),
        Format::Junit => write_junit(events, sources, to),
    }
}
