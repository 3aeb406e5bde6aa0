//! Output excerpts on pages that are read as text: the lines, and notices about those not shown.
//!
//! Invariant: the notices are worded the same on every such page. Refuses to know: markup.

use crate::transcript::excerpt::{Excerpt, Line};
use crate::transcript::page::Output;
use crate::transcript::words;
use std::io;

/// Markup of output excerpts on a page that is read as text.
pub(super) trait Lined {
    /// Writes lines of output.
    fn lines(&mut self, lines: &[Line]) -> io::Result<()>;
    /// Writes a notice in the place of omitted lines.
    fn between(&mut self, words: &str) -> io::Result<()>;
    /// Writes a remark about the record.
    fn aside(&mut self, words: &str) -> io::Result<()>;
    /// Writes a notice that an output was removed from the record.
    fn dropped(&mut self, words: &str) -> io::Result<()>;
    /// Writes the introduction to the last screen of a full-screen program.
    fn full_screen(&mut self, kept: &str, file: &str) -> io::Result<()>;
    /// Formats the name of a file.
    fn named(file: &str) -> String;
    /// Formats a link to a file, or its name where links are impossible.
    fn link(file: &str) -> String;
}

/// Writes an output excerpt with its notices.
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
