//! The elements of a transcript page. The transcript is composed once; each page format renders the elements in its own way.
//!
//! Invariant: a page is written front to back and remembers only which elements are open. Refuses to know: events.

use super::excerpt::Excerpt;
use super::html::{TimelinePicture, Tone};
use super::phrase::Phrase;
use super::series::CommandSeries;
use std::io;

/// Adds a row to the timeline.
#[derive(Debug, Default)]
pub(super) struct PageRow {
    pub(super) time: String,
    pub(super) elapsed: String,
    pub(super) who: String,
    pub(super) event: Phrase,
    pub(super) result: Phrase,
    pub(super) took: String,
    /// True if a step begins with this row.
    pub(super) is_step: bool,
}

/// An excerpt of a command's output with the facts to state about it.
#[derive(Debug)]
pub(super) struct ShownOutput<'a> {
    pub(super) excerpt: &'a Excerpt,
    /// Path of the full output, relative to the transcript.
    pub(super) file_path: String,
    /// Formatted size of the recorded part.
    pub(super) kept_size: String,
    /// Formatted size of the part that was not recorded; none if everything was.
    pub(super) lost_size: Option<String>,
    /// True if the output was removed from the record on request.
    pub(super) is_redacted: bool,
    /// How the output differs from its record; none if it does not.
    pub(super) mismatch: Option<String>,
}

/// A line of a diff with its sign: ` `, `-` or `+`.
pub(super) type ChangedLine = (char, String);

/// A page format. Each method writes one element and fails when the underlying writer fails.
pub(super) trait TranscriptPage {
    /// Starts the page with the run's title and its verdict.
    fn write_page_start(&mut self, title: &Phrase, verdict: &(Tone, String)) -> io::Result<()>;
    /// Writes a table of names and values.
    fn write_summary_table(&mut self, rows: &[(&str, Phrase)]) -> io::Result<()>;
    /// Draws the run, on pages that can show drawings.
    fn write_picture(&mut self, picture: &TimelinePicture) -> io::Result<()>;
    /// Writes the heading of a main part and closes the one before.
    fn write_heading(&mut self, title: &str) -> io::Result<()>;
    /// Writes a table with named columns.
    fn write_table(&mut self, columns: &[&str], rows: &mut dyn Iterator<Item = Vec<Phrase>>) -> io::Result<()>;
    /// Starts the timeline with its heading and columns.
    fn write_timeline_start(&mut self) -> io::Result<()>;
    /// Marks a new day in the timeline.
    fn write_timeline_day(&mut self, day: &str) -> io::Result<()>;
    /// Adds a row to the timeline.
    fn write_timeline_row(&mut self, row: &PageRow) -> io::Result<()>;
    /// Ends the timeline table.
    fn write_timeline_end(&mut self) -> io::Result<()>;
    /// Starts the section of a step or choice. `id` is the anchor that links point to.
    fn write_step_title(&mut self, id: Option<&str>, title: &Phrase) -> io::Result<()>;
    /// Writes the line of details below a step's title.
    fn write_step_details(&mut self, about: &Phrase) -> io::Result<()>;
    /// Quotes line ranges of the document, numbered from 1 and inclusive.
    fn write_prose(&mut self, lines: &[&str], ranges: &[(u32, u32)]) -> io::Result<()>;
    /// Starts a command with its label and text. `tone` is that of its final outcome.
    fn write_command(&mut self, about: &Phrase, text: &str, tone: Tone) -> io::Result<()>;
    /// Writes a labelled diff.
    fn write_changes(&mut self, label: &str, changes: &[ChangedLine]) -> io::Result<()>;
    /// Writes the command's result in words.
    fn write_command_result(&mut self, result: &Phrase) -> io::Result<()>;
    /// Writes the excerpt of the command's output.
    fn write_output(&mut self, output: &ShownOutput<'_>) -> io::Result<()>;
    /// Writes the expected output next to the actual one.
    fn write_expected_output(&mut self, expected: &str, output: &ShownOutput<'_>) -> io::Result<()>;
    /// Ends the command that was started last.
    fn write_command_end(&mut self) -> io::Result<()>;
    /// Summarises a command that was run repeatedly.
    fn write_series(&mut self, series: &CommandSeries) -> io::Result<()>;
    /// Writes a paragraph of text.
    fn write_paragraph(&mut self, words: &Phrase) -> io::Result<()>;
    /// Writes a text that a person entered, with its label.
    fn write_note(&mut self, label: &Phrase, text: &str) -> io::Result<()>;
    /// Writes preformatted text; `language` is a hint for highlighting.
    fn write_text_block(&mut self, language: &str, text: &str) -> io::Result<()>;
    /// Writes a bulleted list.
    fn write_list(&mut self, items: &mut dyn Iterator<Item = &Phrase>) -> io::Result<()>;
    /// Writes the closing paragraph of the page.
    fn write_last_paragraph(&mut self, words: &Phrase) -> io::Result<()>;
    /// Closes all open elements and the page.
    fn write_page_end(&mut self) -> io::Result<()>;
}
