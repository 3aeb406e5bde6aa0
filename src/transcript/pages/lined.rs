//! An output on a page that is read as text: its lines, and what is said of those that are not shown.
//!
//! Invariant: what is said is the same on every such page. Refuses to know: how a page marks it.

use crate::transcript::excerpt::{Excerpt, Line};
use crate::transcript::page::Output;
use crate::transcript::words;
use std::io;

/// How such a page sets what is said of an output.
pub(super) trait Lined {
    /// Lines that came back.
    fn lines(&mut self, lines: &[Line]) -> io::Result<()>;
    /// Words that stand for lines between.
    fn between(&mut self, words: &str) -> io::Result<()>;
    /// Words about the record.
    fn aside(&mut self, words: &str) -> io::Result<()>;
    /// Words about what was dropped from the record.
    fn dropped(&mut self, words: &str) -> io::Result<()>;
    /// What goes before the last screen of a program that owned the whole terminal.
    fn full_screen(&mut self, kept: &str, file: &str) -> io::Result<()>;
    /// A file's name.
    fn named(file: &str) -> String;
    /// A way to a file.
    fn link(file: &str) -> String;
}

/// Sets an output.
pub(super) fn lined<P: Lined>(page: &mut P, output: &Output<'_>) -> io::Result<()> {
    let (file, kept) = (P::named(&output.file), &output.kept);
    match output.shown {
        Excerpt::Nothing => {}
        Excerpt::Whole(lines) => page.lines(lines)?,
        Excerpt::Parts { head, left_out, tail } => {
            page.lines(head)?;
            let (left_out, link) = (words::left_out(*left_out), P::link(&output.file));
            page.between(&format!("… {left_out}; all {kept} are in {link}"))?;
            if !tail.is_empty() {
                page.lines(tail)?;
            }
        }
        Excerpt::Short(lines) => {
            page.lines(lines)?;
            page.aside(&format!("{file} ends here, or sooner than it should: {kept} were recorded."))?;
        }
        Excerpt::FullScreen(lines) => {
            page.full_screen(kept, &P::link(&output.file))?;
            page.lines(lines)?;
        }
        Excerpt::Missing if output.redacted => {
            page.dropped(&format!("The output ({kept}) was dropped from the record."))?;
        }
        Excerpt::Missing => page.aside(&format!("The output ({kept}) cannot be read from {file}."))?,
    }
    output.lost.as_ref().map_or(Ok(()), |lost| page.aside(&format!("{lost} more came back and were not kept.")))
}
