//! The transcript as plain text for a terminal, a mail or a chat.
//!
//! Invariant: no control characters except newline and tab; every line from elsewhere follows a mark of ours.

use super::draw_bars;
use super::lined::{OutputStyle, write_output_with};
use crate::transcript::escape::{one_line, visible_lines};
use crate::transcript::excerpt::ScreenLine;
use crate::transcript::html::{TimelinePicture, Tone};
use crate::transcript::page::{ChangedLine, PageRow, ShownOutput, TranscriptPage};
use crate::transcript::phrase::Phrase;
use crate::transcript::series::CommandSeries;
use std::io;
use std::io::Write;

/// A plain-text page being written.
pub(crate) struct TextPage<'a, W>(pub(crate) &'a mut W);

fn render_plain(phrase: &Phrase) -> String {
    one_line(&phrase.to_plain_text())
}

impl<W: Write> TextPage<'_, W> {
    fn write_marked_lines<'b>(&mut self, mark: &str, lines: impl Iterator<Item = &'b str>) -> io::Result<()> {
        for line in lines {
            writeln!(self.0, "{}", format!("{mark}{line}").trim_end())?;
        }
        writeln!(self.0)
    }

    fn write_underlined(&mut self, title: &str, mark: &str) -> io::Result<()> {
        writeln!(self.0, "{title}\n{}\n", mark.repeat(title.chars().count().clamp(3, 100)))
    }
}

impl<W: Write> OutputStyle for TextPage<'_, W> {
    fn write_lines(&mut self, lines: &[ScreenLine]) -> io::Result<()> {
        let lines: Vec<String> = lines.iter().map(ScreenLine::to_text).collect();
        self.write_marked_lines("  | ", lines.iter().map(String::as_str))
    }

    fn write_gap(&mut self, words: &str) -> io::Result<()> {
        writeln!(self.0, "{words}\n")
    }

    fn write_remark(&mut self, words: &str) -> io::Result<()> {
        self.write_gap(words)
    }

    fn write_redaction(&mut self, words: &str) -> io::Result<()> {
        writeln!(self.0, "{words} [redacted]\n")
    }

    fn write_full_screen_notice(&mut self, kept: &str, file: &str) -> io::Result<()> {
        writeln!(self.0, "A full-screen program; {kept}, kept in {file}. Its last screen:\n")
    }

    fn format_file_name(file: &str) -> String {
        file.to_owned()
    }

    fn format_file_link(file: &str) -> String {
        file.to_owned()
    }
}

impl<W: Write> TranscriptPage for TextPage<'_, W> {
    fn write_page_start(&mut self, title: &Phrase, verdict: &(Tone, String)) -> io::Result<()> {
        self.write_underlined(&format!("{} ({})", render_plain(title), verdict.1), "=")
    }

    fn write_summary_table(&mut self, rows: &[(&str, Phrase)]) -> io::Result<()> {
        let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, value) in rows {
            writeln!(self.0, "{name:<width$}  {}", render_plain(value))?;
        }
        writeln!(self.0)
    }

    fn write_picture(&mut self, _: &TimelinePicture) -> io::Result<()> {
        Ok(())
    }

    fn write_heading(&mut self, title: &str) -> io::Result<()> {
        self.write_underlined(title, "=")
    }

    fn write_table(&mut self, _: &[&str], rows: &mut dyn Iterator<Item = Vec<Phrase>>) -> io::Result<()> {
        for row in rows {
            let cells: Vec<String> = row.iter().map(render_plain).filter(|cell| !cell.is_empty()).collect();
            writeln!(self.0, "  {}", cells.join("  "))?;
        }
        writeln!(self.0)
    }

    fn write_timeline_start(&mut self) -> io::Result<()> {
        self.write_underlined("Timeline (UTC)", "=")
    }

    fn write_timeline_day(&mut self, day: &str) -> io::Result<()> {
        writeln!(self.0, "{day}")
    }

    fn write_timeline_row(&mut self, row: &PageRow) -> io::Result<()> {
        let PageRow { time, elapsed, who, event, result, took, .. } = row;
        let (who, mut rest) = (one_line(who), render_plain(event));
        for more in [render_plain(result), took.clone()] {
            if !more.is_empty() {
                rest = format!("{rest}  ({more})");
            }
        }
        writeln!(self.0, "{time} {elapsed:>8}  {who:<10} {rest}")
    }

    fn write_timeline_end(&mut self) -> io::Result<()> {
        writeln!(self.0)
    }

    fn write_step_title(&mut self, _: Option<&str>, title: &Phrase) -> io::Result<()> {
        self.write_underlined(&render_plain(title), "-")
    }

    fn write_step_details(&mut self, about: &Phrase) -> io::Result<()> {
        self.write_paragraph(about)
    }

    fn write_prose(&mut self, lines: &[&str], ranges: &[(u32, u32)]) -> io::Result<()> {
        for &(first, last) in ranges {
            let at = |line: u32| usize::try_from(line).unwrap_or(usize::MAX);
            let shown = lines.get(at(first).saturating_sub(1)..at(last).min(lines.len())).unwrap_or_default();
            let shown = visible_lines(shown.join("\n").trim());
            if shown.iter().any(|line| !line.is_empty()) {
                self.write_marked_lines("  > ", shown.iter().map(String::as_str))?;
            }
        }
        Ok(())
    }

    fn write_command(&mut self, about: &Phrase, text: &str, _: Tone) -> io::Result<()> {
        writeln!(self.0, "{}:", render_plain(about))?;
        self.write_marked_lines("  $ ", visible_lines(text).iter().map(String::as_str))
    }

    fn write_changes(&mut self, label: &str, changes: &[ChangedLine]) -> io::Result<()> {
        writeln!(self.0, "{label}:")?;
        let lines: Vec<String> = changes.iter().map(|(sign, line)| format!("{sign}{line}")).collect();
        self.write_marked_lines("  ~ ", lines.iter().map(String::as_str))
    }

    fn write_command_result(&mut self, result: &Phrase) -> io::Result<()> {
        writeln!(self.0, "→ {}\n", render_plain(result))
    }

    fn write_output(&mut self, output: &ShownOutput<'_>) -> io::Result<()> {
        write_output_with(self, output)
    }

    fn write_expected_output(&mut self, expected: &str, output: &ShownOutput<'_>) -> io::Result<()> {
        writeln!(self.0, "The document expects:")?;
        self.write_marked_lines("  = ", visible_lines(expected).iter().map(String::as_str))?;
        writeln!(self.0, "What came back:")?;
        self.write_output(output)
    }

    fn write_command_end(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn write_series(&mut self, series: &CommandSeries) -> io::Result<()> {
        let drawn = draw_bars(series).map_or(String::new(), |bars| format!(": {bars}"));
        writeln!(self.0, "{}{drawn}", series.short_label())?;
        for row in series.table_rows() {
            match row {
                Some(time) => {
                    let (result, last_line_shown) = (one_line(&time.result), one_line(&time.last_line));
                    writeln!(self.0, "{}", format!("  {}  {result}  {last_line_shown}", time.shown_at).trim_end())?;
                }
                None => writeln!(self.0, "  …")?,
            }
        }
        writeln!(self.0)
    }

    fn write_paragraph(&mut self, words: &Phrase) -> io::Result<()> {
        writeln!(self.0, "{}\n", render_plain(words))
    }

    fn write_note(&mut self, label: &Phrase, text: &str) -> io::Result<()> {
        let text = text.trim();
        if text.is_empty() {
            writeln!(self.0, "{}\n", render_plain(label))
        } else if text.contains('\n') {
            writeln!(self.0, "{}:", render_plain(label))?;
            self.write_text_block("text", text)
        } else {
            writeln!(self.0, "{}: {}\n", render_plain(label), one_line(text))
        }
    }

    fn write_text_block(&mut self, _: &str, text: &str) -> io::Result<()> {
        self.write_marked_lines("  | ", visible_lines(text).iter().map(String::as_str))
    }

    fn write_list(&mut self, items: &mut dyn Iterator<Item = &Phrase>) -> io::Result<()> {
        for item in items {
            writeln!(self.0, "- {}", render_plain(item))?;
        }
        writeln!(self.0)
    }

    fn write_last_paragraph(&mut self, words: &Phrase) -> io::Result<()> {
        writeln!(self.0, "{}", render_plain(words))
    }

    fn write_page_end(&mut self) -> io::Result<()> {
        Ok(())
    }
}
