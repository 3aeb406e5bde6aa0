//! What a page can show. The story is told once; each page sets it in its own way.
//!
//! Invariant: a page is written from its beginning to its end and holds nothing but what is open. Refuses to know: events.

use super::excerpt::Excerpt;
use super::html::{Picture, Tone};
use super::phrase::Phrase;
use super::series::Series;
use std::io;

/// A row of the timeline.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) time: String,
    pub(super) elapsed: String,
    pub(super) who: String,
    pub(super) event: Phrase,
    pub(super) result: Phrase,
    pub(super) took: String,
    /// Whether a step begins here.
    pub(super) is_step: bool,
}

/// An output, and what is to be said about it.
#[derive(Debug)]
pub(super) struct Output<'a> {
    pub(super) shown: &'a Excerpt,
    /// Where the whole lies, seen from the transcript.
    pub(super) file: String,
    /// How much of it was kept.
    pub(super) kept: String,
    /// How much more came back; none when all was kept.
    pub(super) lost: Option<String>,
    /// Whether it was dropped from the record.
    pub(super) redacted: bool,
}

/// A line of a change, with its sign: ` `, `-` or `+`.
pub(super) type Change = (char, String);

/// See the module.
pub(super) trait Page {
    /// The page's beginning, and its title.
    fn begin(&mut self, title: &Phrase, verdict: &(Tone, String)) -> io::Result<()>;
    /// A table of names and values.
    fn facts(&mut self, rows: &[(&str, Phrase)]) -> io::Result<()>;
    /// The run as a drawing, where a page can draw.
    fn picture(&mut self, picture: &Picture) -> io::Result<()>;
    /// A part of the page.
    fn part(&mut self, title: &str) -> io::Result<()>;
    /// A table with named columns.
    fn table(&mut self, columns: &[&str], rows: &mut dyn Iterator<Item = Vec<Phrase>>) -> io::Result<()>;
    /// The timeline's beginning.
    fn timeline(&mut self) -> io::Result<()>;
    /// A new day in the timeline.
    fn day(&mut self, day: &str) -> io::Result<()>;
    /// A row of the timeline.
    fn row(&mut self, row: &Row) -> io::Result<()>;
    /// The timeline's end.
    fn end_timeline(&mut self) -> io::Result<()>;
    /// A step or choice, which has a name when others lead to it.
    fn step(&mut self, id: Option<&str>, title: &Phrase) -> io::Result<()>;
    /// A paragraph about a step.
    fn about(&mut self, about: &Phrase) -> io::Result<()>;
    /// The document's prose.
    fn prose(&mut self, lines: &[&str], ranges: &[(u32, u32)]) -> io::Result<()>;
    /// A command's text, with what is said about it; what came of it is known beforehand.
    fn command(&mut self, about: &Phrase, text: &str, tone: Tone) -> io::Result<()>;
    /// What differs from another text.
    fn changes(&mut self, label: &str, changes: &[Change]) -> io::Result<()>;
    /// What came of the command.
    fn result(&mut self, result: &Phrase) -> io::Result<()>;
    /// What the command printed.
    fn output(&mut self, output: &Output<'_>) -> io::Result<()>;
    /// What the command was expected to print, beside what it printed.
    fn expected(&mut self, expected: &str, output: &Output<'_>) -> io::Result<()>;
    /// The command is told.
    fn end_command(&mut self) -> io::Result<()>;
    /// A command that was run again and again.
    fn series(&mut self, series: &Series) -> io::Result<()>;
    /// A paragraph.
    fn paragraph(&mut self, words: &Phrase) -> io::Result<()>;
    /// Something a person wrote, with its label.
    fn note(&mut self, label: &Phrase, text: &str) -> io::Result<()>;
    /// Text that keeps its lines.
    fn block(&mut self, language: &str, text: &str) -> io::Result<()>;
    /// A list.
    fn list(&mut self, items: &mut dyn Iterator<Item = &Phrase>) -> io::Result<()>;
    /// The last paragraph.
    fn last(&mut self, words: &Phrase) -> io::Result<()>;
    /// The page's end.
    fn end(&mut self) -> io::Result<()>;
}
