//! Output excerpts on pages that are read as text: the lines, and notices about those not shown.
//!
//! Invariant: the notices are worded the same on every such page. Refuses to know: markup.

use crate::transcript::excerpt::{Excerpt, ScreenLine};
use crate::transcript::page::ShownOutput;
use crate::transcript::sources::format_mismatch;
use crate::transcript::words;
use std::io;

/// Markup of output excerpts on a page that is read as text.
pub(super) trait OutputStyle {
    /// Writes lines of output.
    fn write_lines(&mut self, lines: &[ScreenLine]) -> io::Result<()>;
    /// Writes a notice in the place of omitted lines.
    fn write_gap(&mut self, words: &str) -> io::Result<()>;
    /// Writes a remark about the record.
    fn write_remark(&mut self, words: &str) -> io::Result<()>;
    /// Writes a notice that an output was removed from the record.
    fn write_redaction(&mut self, words: &str) -> io::Result<()>;
    /// Writes the introduction to the last screen of a full-screen program.
    fn write_full_screen_notice(&mut self, kept: &str, file: &str) -> io::Result<()>;
    /// Formats the name of a file.
    fn format_file_name(file: &str) -> String;
    /// Formats a link to a file, or its name where links are impossible.
    fn format_file_link(file: &str) -> String;
}

/// Writes an output excerpt with its notices.
pub(super) fn write_output_with<P: OutputStyle>(page: &mut P, output: &ShownOutput<'_>) -> io::Result<()> {
    let (file, kept) = (P::format_file_name(&output.file_path), &output.kept_size);
    if let Some(mismatch) = &output.mismatch {
        page.write_remark(&format!("⚠ {}.", format_mismatch(mismatch)))?;
    }
    match output.excerpt {
        Excerpt::Empty => {}
        Excerpt::Complete(lines) => page.write_lines(lines)?,
        Excerpt::HeadAndTail { head, left_out, tail } => {
            page.write_lines(head)?;
            let (left_out, link) = (words::describe_left_out(*left_out), P::format_file_link(&output.file_path));
            page.write_gap(&format!("… {left_out}; all {kept} are in {link}"))?;
            if !tail.is_empty() {
                page.write_lines(tail)?;
            }
        }
        Excerpt::Truncated(lines) => {
            page.write_lines(lines)?;
            page.write_remark(&format!("{file} ends here, or sooner than it should: {kept} were recorded."))?;
        }
        Excerpt::FullScreen(lines) => {
            page.write_full_screen_notice(kept, &P::format_file_link(&output.file_path))?;
            page.write_lines(lines)?;
        }
        Excerpt::Unreadable if output.is_redacted => {
            page.write_redaction(&format!("The output ({kept}) was dropped from the record."))?;
        }
        Excerpt::Unreadable => page.write_remark(&format!("The output ({kept}) cannot be read from {file}."))?,
    }
    output
        .lost_size
        .as_ref()
        .map_or(Ok(()), |lost| page.write_remark(&format!("{lost} more came back and were not kept.")))
}
